-- +goose Up

-- Which copy of the bridge sends: one row.
CREATE TABLE webhook_sender (
    one    BIGINT NOT NULL PRIMARY KEY, -- 1
    holder TEXT   NOT NULL,             -- '': nobody
    beat   BIGINT NOT NULL              -- counts the holder's signs of life
);
