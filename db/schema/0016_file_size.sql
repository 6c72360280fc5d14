-- How large a file is of which the index did not say it, as a fetch found out that was broken off because it is larger
-- than what is fetched here.
CREATE TABLE file_size (
    id         INTEGER NOT NULL PRIMARY KEY,
    upstream   TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    stated     BLOB NOT NULL CHECK (length(stated) = 32), -- the sha256 of the index; zero: it stated none
    size_bytes INTEGER NOT NULL CHECK (size_bytes > 0),
    at_least   INTEGER NOT NULL CHECK (at_least IN (0, 1)), -- so much had come, the answer did not say how much it is
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX file_size_project ON file_size (upstream, project, id);
CREATE TRIGGER file_size_kept_u BEFORE UPDATE ON file_size
BEGIN SELECT RAISE(ABORT, 'table file_size holds facts: rows are never changed'); END;
CREATE TRIGGER file_size_kept_d BEFORE DELETE ON file_size
BEGIN SELECT RAISE(ABORT, 'table file_size holds facts: rows are never deleted'); END;
CREATE TRIGGER file_size_newest AFTER INSERT ON file_size
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
