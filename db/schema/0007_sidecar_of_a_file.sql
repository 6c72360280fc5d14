-- T1: what was shown before a file's verdict was shown of that file, which its name alone does not tell: the
-- upstream may put other bytes under it. So the hash that the index states is part of the key.

CREATE TABLE sidecar_of_file (
    upstream      TEXT NOT NULL,
    project       TEXT NOT NULL,
    file_name     TEXT NOT NULL,
    stated_sha256 BLOB NOT NULL CHECK (length(stated_sha256) = 32), -- zeros: the index stated none, or older than this
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes    INTEGER NOT NULL,
    at_us         INTEGER NOT NULL,
    PRIMARY KEY (upstream, project, file_name, stated_sha256)
) STRICT, WITHOUT ROWID;
INSERT INTO sidecar_of_file SELECT upstream, project, file_name, zeroblob(32), sha256, size_bytes, at_us FROM sidecar;
DROP TABLE sidecar;
ALTER TABLE sidecar_of_file RENAME TO sidecar;
CREATE TRIGGER sidecar_newest AFTER INSERT ON sidecar
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
