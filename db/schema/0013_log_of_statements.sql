-- The audit log's entries about what was signed, and what is left to compare of a row once the text beside its
-- entry was erased.

-- Digest of what was found, which the statement names; NULL: nothing was inspected, or from before this knows it.
ALTER TABLE attestation ADD COLUMN evidence BLOB CHECK (length(evidence) = 32);

-- Which texts were erased, by which entry of kind "erased". Where a row of another table says the same, that row
-- stays: `hmac` is of its text under `salt`, so that it cannot be another one unnoticed.
CREATE TABLE log_erased (
    entry INTEGER NOT NULL,
    field TEXT NOT NULL,
    act   INTEGER NOT NULL,
    salt  BLOB CHECK (length(salt) = 16),
    hmac  BLOB CHECK (length(hmac) = 32),
    PRIMARY KEY (entry, field),
    CHECK ((salt IS NULL) = (hmac IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX log_erased_act ON log_erased (act, entry, field);
-- a key ends when another takes its place
CREATE INDEX signing_key_end_at ON signing_key_end (at_us);

CREATE TRIGGER log_erased_kept_u BEFORE UPDATE ON log_erased
BEGIN SELECT RAISE(ABORT, 'table log_erased holds facts: rows are never changed'); END;
CREATE TRIGGER log_erased_kept_d BEFORE DELETE ON log_erased
BEGIN SELECT RAISE(ABORT, 'table log_erased holds facts: rows are never deleted'); END;
