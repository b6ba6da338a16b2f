-- +goose Up

-- How many resources a type has at the least, where they could not be counted to the end, ever.
ALTER TABLE guard_total ADD COLUMN partly BIGINT NOT NULL DEFAULT 0;
-- When it was last tried in vain; 0: never since they were counted.
ALTER TABLE guard_total ADD COLUMN tried BIGINT NOT NULL DEFAULT 0;
