-- +goose Up

-- By what a record is found: ids, userNames, displayNames and DNs in the form in which they are compared.
CREATE TABLE journal_subjects (
    subject TEXT   NOT NULL,
    writer  BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (subject, writer, seq)
);
