-- +goose Up
CREATE TABLE kind AS SELECT 'sqlite' AS name;
