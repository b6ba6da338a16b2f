-- +goose Up

-- What writes did, or are about to do, of what is limited.
CREATE TABLE guard_counted (
    writer BIGINT NOT NULL, -- of the intent in the journal
    seq    BIGINT NOT NULL,
    effect TEXT   NOT NULL,
    type   TEXT   NOT NULL, -- of the resource
    time   BIGINT NOT NULL,
    count  BIGINT NOT NULL, -- of the receipt, once there is one
    hold   BIGINT NOT NULL, -- whose approval lets it pass; 0: it needs none
    PRIMARY KEY (writer, seq, effect)
);

CREATE INDEX guard_counted_time ON guard_counted (type, effect, time, count);

-- Of each type and effect the one with the highest id says what holds.
CREATE TABLE guard_hold (
    id      BIGINT NOT NULL PRIMARY KEY,
    type    TEXT   NOT NULL,
    effect  TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    opened  BIGINT NOT NULL,
    state   TEXT   NOT NULL, -- open, approved, refused
    held    BIGINT NOT NULL, -- how many writes were not let through
    last    BIGINT NOT NULL, -- when the last of them was not
    told    BIGINT NOT NULL, -- when the log last told of it
    decided BIGINT NOT NULL, -- 0: it is open
    by_whom TEXT   NOT NULL,
    rest    BIGINT NOT NULL, -- of an approval: how much may still pass; -1: any
    until   BIGINT NOT NULL  -- when the decision ends
);

CREATE INDEX guard_hold_effect ON guard_hold (type, effect, id);

-- Whom a hold keeps waiting.
CREATE TABLE guard_waiting (
    hold   BIGINT NOT NULL,
    entry  TEXT   NOT NULL, -- the resource's id; of members removed: the group, and who they are
    count  BIGINT NOT NULL,
    PRIMARY KEY (hold, entry)
);

-- How many resources a type has.
CREATE TABLE guard_total (
    type  TEXT   NOT NULL PRIMARY KEY,
    total BIGINT NOT NULL,
    time  BIGINT NOT NULL
);

-- Whoever judges by the tables above locks this one, on PostgreSQL, before it looks.
CREATE TABLE guard_turn (taken BIGINT);
