-- Each time that bytes came whole is a fact of its own: a row that moves could be moved by others, and no entry of
-- the audit log could stand for it.
DROP TRIGGER bytes_confirmed_newest_i;
DROP TRIGGER bytes_confirmed_newest_u;
ALTER TABLE bytes_confirmed RENAME TO bytes_confirmed_once;
CREATE TABLE bytes_confirmed (
    id        INTEGER NOT NULL PRIMARY KEY,
    upstream  TEXT NOT NULL,
    project   TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    at_us     INTEGER NOT NULL
) STRICT;
INSERT INTO bytes_confirmed (upstream, project, file_name, sha256, at_us)
    SELECT upstream, project, file_name, sha256, at_us FROM bytes_confirmed_once ORDER BY at_us;
DROP TABLE bytes_confirmed_once;
CREATE INDEX bytes_confirmed_file ON bytes_confirmed (upstream, project, file_name, sha256, id);
CREATE TRIGGER bytes_confirmed_kept_u BEFORE UPDATE ON bytes_confirmed
BEGIN SELECT RAISE(ABORT, 'table bytes_confirmed holds facts: rows are never changed'); END;
CREATE TRIGGER bytes_confirmed_kept_d BEFORE DELETE ON bytes_confirmed
BEGIN SELECT RAISE(ABORT, 'table bytes_confirmed holds facts: rows are never deleted'); END;
CREATE TRIGGER bytes_confirmed_newest AFTER INSERT ON bytes_confirmed
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
