-- What the last fetch of a file has found out that trying again at once would not change: its upstream does not have it, does
-- not give it, gives something else, or it may not be fetched from there; and ('none') that it came after that.
CREATE TABLE fetch_fault (
    id           INTEGER NOT NULL PRIMARY KEY,
    upstream     TEXT NOT NULL,
    project      TEXT NOT NULL,
    file_name    TEXT NOT NULL,
    fault        TEXT NOT NULL CHECK (fault IN ('none', 'missing', 'refused', 'denied', 'answer', 'size', 'hash')),
    stated       BLOB NOT NULL CHECK (length(stated) = 32), -- the sha256 of the index then; zero: it stated none
    stated_bytes INTEGER NOT NULL, -- -1: it stated no size
    url          TEXT NOT NULL,    -- where it said the file is
    told_bytes   INTEGER NOT NULL CHECK (told_bytes >= 0), -- 'size': what it has
    at_least     INTEGER NOT NULL CHECK (at_least IN (0, 1)), -- or more
    text         TEXT NOT NULL,    -- who answered what
    at_us        INTEGER NOT NULL
) STRICT;
CREATE INDEX fetch_fault_file ON fetch_fault (upstream, project, file_name, id);
CREATE TRIGGER fetch_fault_kept_u BEFORE UPDATE ON fetch_fault
BEGIN SELECT RAISE(ABORT, 'table fetch_fault holds facts: rows are never changed'); END;
CREATE TRIGGER fetch_fault_kept_d BEFORE DELETE ON fetch_fault
BEGIN SELECT RAISE(ABORT, 'table fetch_fault holds facts: rows are never deleted'); END;
CREATE TRIGGER fetch_fault_newest AFTER INSERT ON fetch_fault
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
