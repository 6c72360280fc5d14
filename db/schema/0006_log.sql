-- The audit log beside its files (STATE/audit): where each entry is, what is not in the files yet, and
-- what people can have erased.

-- One row per entry; id is its place in the log. `source` is the row that it is about, in the table that its
-- kind stands for (decision: decision, ruling: ruling, policy: policy_taken).
CREATE TABLE log_entry (
    id         INTEGER NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    source     INTEGER,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    leaf       BLOB NOT NULL CHECK (length(leaf) = 32),
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX log_entry_source ON log_entry (kind, source);
CREATE INDEX log_entry_project ON log_entry (project, id);

-- Entries that may not be in the files yet: written with the row above, dropped once they are.
CREATE TABLE log_pending (
    id    INTEGER NOT NULL PRIMARY KEY,
    entry BLOB NOT NULL
) STRICT;

-- T26: what the commitments of an entry are about. Rows may be erased: what they stood for then is a
-- commitment that nobody can open.
CREATE TABLE log_clear (
    entry INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt  BLOB NOT NULL CHECK (length(salt) = 16),
    text  TEXT NOT NULL,
    PRIMARY KEY (entry, field)
) STRICT, WITHOUT ROWID;

-- Refusals of a minute, counted until the minute is over and an entry says them.
CREATE TABLE log_refusal (
    minute     INTEGER NOT NULL,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    address    TEXT NOT NULL,
    rule       TEXT NOT NULL,
    times      INTEGER NOT NULL,
    PRIMARY KEY (minute, repository, project, file_name, address, rule)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER log_entry_kept_u BEFORE UPDATE ON log_entry
BEGIN SELECT RAISE(ABORT, 'table log_entry holds facts: rows are never changed'); END;
CREATE TRIGGER log_entry_kept_d BEFORE DELETE ON log_entry
BEGIN SELECT RAISE(ABORT, 'table log_entry holds facts: rows are never deleted'); END;
CREATE TRIGGER log_entry_newest AFTER INSERT ON log_entry
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
