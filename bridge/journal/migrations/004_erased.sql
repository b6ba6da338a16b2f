-- +goose Up

-- Which record says that what another says is erased, in whole or in part.
CREATE TABLE journal_erased (
    writer    BIGINT NOT NULL,
    seq       BIGINT NOT NULL,
    by_writer BIGINT NOT NULL,
    by_seq    BIGINT NOT NULL,
    PRIMARY KEY (writer, seq, by_writer, by_seq)
);

CREATE INDEX journal_erased_by ON journal_erased (by_writer, by_seq);
