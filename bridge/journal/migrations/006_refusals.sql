-- +goose Up

-- Whether the chain is of refusals alone, which are cut first where the journal is too large.
ALTER TABLE journal_writers ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0;
