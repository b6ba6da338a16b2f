-- +goose Up
CREATE TABLE book (
  title TEXT NOT NULL PRIMARY KEY,
  printed BIGINT NOT NULL DEFAULT 0,
  cover BYTEA
);
INSERT INTO book (title) VALUES ('first');
