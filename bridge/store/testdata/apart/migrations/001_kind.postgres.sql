-- +goose Up
CREATE TABLE kind AS SELECT 'postgres'::text AS name;
