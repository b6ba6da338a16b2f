-- +goose Up
ALTER TABLE book ADD COLUMN lent BOOLEAN NOT NULL DEFAULT FALSE;
UPDATE book SET printed = printed + 1;
