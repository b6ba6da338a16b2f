-- +goose Up

ALTER TABLE journal_writers ADD COLUMN written BIGINT NOT NULL DEFAULT 0; -- octets, at the last beat
ALTER TABLE journal_writers ADD COLUMN cut     BIGINT NOT NULL DEFAULT 0; -- of them

-- An anchor says what was cut off the beginnings of the chains. The newest says all of it; of_seq is its number.
CREATE UNIQUE INDEX journal_records_anchor ON journal_records (of_seq) WHERE kind = 'anchor';
