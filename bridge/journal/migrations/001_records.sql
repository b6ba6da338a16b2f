-- +goose Up

-- A writer is one run of a bridge, or of a command that writes. Its records are a chain.
CREATE TABLE journal_writers (
    writer  BIGINT NOT NULL PRIMARY KEY,
    started BIGINT NOT NULL,
    beat    BIGINT NOT NULL,   -- when it last told that it lives
    ended   BIGINT NOT NULL,   -- when it stopped; 0: it has not, or died
    settled BIGINT NOT NULL,   -- of the intents before this record each has its receipt
    first   BIGINT NOT NULL,   -- the oldest record that is kept
    before  BYTEA  NOT NULL,   -- the hash of the one before it; of the first of all a random value
    head    BIGINT NOT NULL,   -- the newest record at the last beat
    hash    BYTEA  NOT NULL    -- its hash
);

CREATE TABLE journal_records (
    writer    BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    kind      TEXT   NOT NULL, -- intent, receipt, refusal
    time      BIGINT NOT NULL,
    of_writer BIGINT NOT NULL, -- of a receipt: the intent; of an intent: the record that it follows from; 0: none
    of_seq    BIGINT NOT NULL,
    request   TEXT   NOT NULL,
    caller    TEXT   NOT NULL,
    effects   TEXT   NOT NULL, -- of the plan: ,blocked,members removed,
    outcome   TEXT   NOT NULL, -- of a receipt, or refused
    payload   BYTEA,           -- NULL: forgotten
    digest    BYTEA  NOT NULL, -- of the payload
    hash      BYTEA  NOT NULL,
    PRIMARY KEY (writer, seq)
);

CREATE INDEX journal_records_time ON journal_records (time) WHERE kind <> 'receipt';
CREATE INDEX journal_records_request ON journal_records (request) WHERE kind <> 'receipt';
CREATE INDEX journal_records_receipt ON journal_records (of_writer, of_seq) WHERE kind = 'receipt';
