-- +goose Up

-- Whom it came about for: one entry counts once within a time. Of members removed: the group, and who they were.
ALTER TABLE guard_counted ADD COLUMN entry TEXT NOT NULL DEFAULT '';

UPDATE guard_counted SET entry = CAST(writer AS TEXT) || '-' || CAST(seq AS TEXT);

DROP INDEX guard_counted_time;
CREATE INDEX guard_counted_time ON guard_counted (type, effect, time, entry, count);
