-- +goose Up

-- When the last attempt was noted; 0: there was none. Where that is yet to come, the clock was set back since, and due says nothing.
ALTER TABLE webhook_outbox ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;

-- Of what waits already it is not known: it is sent at once.
UPDATE webhook_outbox SET due = 0;
