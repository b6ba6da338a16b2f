-- +goose Up

-- Of which intents a later look at the directory is owed, and by which writer.
CREATE TABLE journal_owed (
    writer    BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    by_writer BIGINT NOT NULL,
    PRIMARY KEY (writer, seq)
);
