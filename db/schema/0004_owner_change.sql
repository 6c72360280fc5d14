-- T12: what people decided about who owns a name. The pin of the first answer (owner) stays as it is;
-- the newest row of kind 1 says who owns it instead.

CREATE TABLE owner_change (
    id         INTEGER NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2)), -- given, older answer accepted
    upstream   TEXT NOT NULL, -- the owner from then on
    former     TEXT NOT NULL, -- given: whose it was, empty: nobody's
    reason     TEXT NOT NULL,
    by_person  TEXT NOT NULL,
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX owner_change_name ON owner_change (repository, project, id);

CREATE TRIGGER owner_change_kept_u BEFORE UPDATE ON owner_change
BEGIN SELECT RAISE(ABORT, 'table owner_change holds facts: rows are never changed'); END;
CREATE TRIGGER owner_change_kept_d BEFORE DELETE ON owner_change
BEGIN SELECT RAISE(ABORT, 'table owner_change holds facts: rows are never deleted'); END;
CREATE TRIGGER owner_change_newest AFTER INSERT ON owner_change
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
