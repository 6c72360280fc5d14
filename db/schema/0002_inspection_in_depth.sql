-- What an inspection cost, jail by jail; decisions that a repository in audit mode only noted; rows
-- that may go when there are too many (limits.h says how many are kept).

ALTER TABLE inspection ADD COLUMN strict_cpu_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inspection ADD COLUMN strict_memory_bytes INTEGER NOT NULL DEFAULT 0; -- at its peak
ALTER TABLE inspection ADD COLUMN second_cpu_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE inspection ADD COLUMN second_memory_bytes INTEGER NOT NULL DEFAULT 0;

-- 1: served as allowed; rule and reason are those that would have held it.
ALTER TABLE decision ADD COLUMN audited INTEGER NOT NULL DEFAULT 0 CHECK (audited IN (0, 1));
CREATE INDEX decision_audited ON decision (audited, id) WHERE audited = 1;

-- No decision is made from what was fetched when, so these need not be kept for ever.
DROP TRIGGER fetch_kept_d;
CREATE INDEX refusal_age ON refusal (at_us);
