-- Hosted repositories: what people pushed, and took away. A manifest, or a tag of one, is there when the newest row about
-- it says so; what a tag stands for goes with its manifest.
CREATE TABLE pushed (
    id         INTEGER NOT NULL PRIMARY KEY,
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3), -- pushed, manifest taken away, tag taken away
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    tag        TEXT NOT NULL, -- '': by its digest alone
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32), -- of the manifest
    media_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    by_person  TEXT NOT NULL,
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX pushed_manifest ON pushed (repository, project, sha256, id);
CREATE INDEX pushed_tag ON pushed (repository, project, tag, id);
CREATE TRIGGER pushed_kept_u BEFORE UPDATE ON pushed
BEGIN SELECT RAISE(ABORT, 'table pushed holds facts: rows are never changed'); END;
CREATE TRIGGER pushed_kept_d BEFORE DELETE ON pushed
BEGIN SELECT RAISE(ABORT, 'table pushed holds facts: rows are never deleted'); END;
CREATE TRIGGER pushed_newest AFTER INSERT ON pushed
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;

-- Bytes that were pushed under a name, or mounted there: what a manifest pushed there may name (T24). They are nowhere
-- else, so they stay while a manifest there names them, or may still come to.
CREATE TABLE pushed_blob (
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL,
    at_us      INTEGER NOT NULL,
    PRIMARY KEY (repository, project, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_blob_bytes ON pushed_blob (sha256);
CREATE INDEX pushed_blob_age ON pushed_blob (at_us);
CREATE TABLE pushed_part (
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    manifest   BLOB NOT NULL CHECK (length(manifest) = 32), -- names it, and is there
    PRIMARY KEY (repository, project, sha256, manifest)
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_part_of ON pushed_part (repository, project, manifest);
