-- T1: what was shown of a file before its verdict is a fact: a row that can be replaced could be by others, and no
-- entry of the audit log could stand for it. The newest of a file counts.
DROP TRIGGER sidecar_newest;
ALTER TABLE sidecar RENAME TO sidecar_once;
CREATE TABLE sidecar (
    id            INTEGER NOT NULL PRIMARY KEY,
    upstream      TEXT NOT NULL,
    project       TEXT NOT NULL,
    file_name     TEXT NOT NULL,
    stated_sha256 BLOB NOT NULL CHECK (length(stated_sha256) = 32), -- zeros: the index stated none
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes    INTEGER NOT NULL,
    at_us         INTEGER NOT NULL
) STRICT;
INSERT INTO sidecar (upstream, project, file_name, stated_sha256, sha256, size_bytes, at_us)
    SELECT upstream, project, file_name, stated_sha256, sha256, size_bytes, at_us FROM sidecar_once ORDER BY at_us;
DROP TABLE sidecar_once;
CREATE INDEX sidecar_file ON sidecar (upstream, project, file_name, stated_sha256, id);
CREATE TRIGGER sidecar_kept_u BEFORE UPDATE ON sidecar
BEGIN SELECT RAISE(ABORT, 'table sidecar holds facts: rows are never changed'); END;
CREATE TRIGGER sidecar_kept_d BEFORE DELETE ON sidecar
BEGIN SELECT RAISE(ABORT, 'table sidecar holds facts: rows are never deleted'); END;
CREATE TRIGGER sidecar_newest AFTER INSERT ON sidecar
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
