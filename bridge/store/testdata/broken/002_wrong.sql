-- +goose Up
INSERT INTO book (title) VALUES ('second');
INSERT INTO shelf_that_is_not_there (title) VALUES ('third');
