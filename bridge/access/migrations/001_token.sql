-- +goose Up
CREATE TABLE access_token (
  id TEXT NOT NULL PRIMARY KEY,
  digest BYTEA NOT NULL UNIQUE, -- SHA-256 of the token, which is kept nowhere
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  account TEXT NOT NULL,        -- userName for /Me; '': none
  addresses TEXT NOT NULL,      -- with spaces between; '': all
  made BIGINT NOT NULL,
  made_by TEXT NOT NULL,
  expires BIGINT NOT NULL,      -- 0: never
  used BIGINT NOT NULL,         -- last; 0: never
  used_from TEXT NOT NULL,
  revoked BIGINT NOT NULL,      -- 0: not
  revoked_by TEXT NOT NULL
);
CREATE INDEX access_token_name ON access_token (name);
