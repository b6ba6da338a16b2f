-- +goose Up

-- What is to be told, in the order in which it was recorded.
CREATE TABLE webhook_outbox (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    message  TEXT   NOT NULL, -- its id for the receiver
    resource TEXT   NOT NULL, -- what it is about: of one its messages go one after the other
    writer   BIGINT NOT NULL, -- the journal's record, of which the message is made when it is sent; 0: it stands in body
    seq      BIGINT NOT NULL,
    body     BYTEA,
    created  BIGINT NOT NULL,
    due      BIGINT NOT NULL, -- not before then
    attempts BIGINT NOT NULL,
    failure  TEXT   NOT NULL, -- of the last attempt
    given_up BIGINT NOT NULL  -- when; 0: it is to be sent
);

CREATE INDEX webhook_outbox_due ON webhook_outbox (due, id) WHERE given_up = 0;
CREATE INDEX webhook_outbox_resource ON webhook_outbox (resource, id) WHERE given_up = 0;
CREATE INDEX webhook_outbox_created ON webhook_outbox (given_up, created);
