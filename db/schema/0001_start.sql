-- The store's first schema (SQLite). Every file of this folder is one migration; a released one is
-- never edited: the next change is the next number. db/store/migrate.cmake embeds them and appends
-- `PRAGMA user_version = NUMBER`, so that a migration and its number are one transaction.
--
-- Times are unix microseconds. Digests are 32 bytes, NULL where one is not known. Text comes from
-- upstreams: it is never interpreted here.
PRAGMA application_id = 1128813396; -- "CHST": no other program's database is taken for ours

-- Newest time that any row carries (T7), kept by the triggers below.
CREATE TABLE newest (
    one   INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    at_us INTEGER NOT NULL
) STRICT;
INSERT INTO newest VALUES (1, 0);

CREATE TABLE value (
    name  TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- --- names and pages ---

-- T12: one owning upstream per name.
CREATE TABLE owner (
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    upstream   TEXT NOT NULL,
    at_us      INTEGER NOT NULL,
    PRIMARY KEY (repository, project)
) STRICT, WITHOUT ROWID;

-- What was last known of a page. The content stands apart: confirming a page (a 304 every few
-- minutes) must not rewrite a megabyte.
CREATE TABLE snapshot (
    id                 INTEGER NOT NULL PRIMARY KEY,
    upstream           TEXT NOT NULL,
    project            TEXT NOT NULL,
    first_loaded_at_us INTEGER NOT NULL,
    fetched_at_us      INTEGER NOT NULL,
    checked_at_us      INTEGER NOT NULL,
    etag               TEXT NOT NULL,
    last_modified      TEXT NOT NULL,
    body_sha256        BLOB CHECK (length(body_sha256) = 32),
    UNIQUE (upstream, project)
) STRICT;
CREATE TABLE snapshot_content (
    snapshot      INTEGER NOT NULL PRIMARY KEY REFERENCES snapshot (id) ON DELETE CASCADE,
    content_bytes INTEGER NOT NULL, -- before compression
    content       BLOB NOT NULL     -- one zstd frame with checksum
) STRICT;

CREATE TABLE sighting (
    id                INTEGER NOT NULL PRIMARY KEY,
    upstream          TEXT NOT NULL,
    project           TEXT NOT NULL,
    file_name         TEXT NOT NULL,
    stated_sha256     BLOB CHECK (length(stated_sha256) = 32),
    kind              INTEGER NOT NULL CHECK (kind IN (1, 2, 3)), -- appeared, removed, returned
    at_us             INTEGER NOT NULL,
    last_absent_at_us INTEGER
) STRICT;
CREATE INDEX sighting_file ON sighting (upstream, project, file_name, id);

-- --- artifacts ---

CREATE TABLE artifact (
    sha256        BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    size_bytes    INTEGER NOT NULL,
    fetched_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- T15: other names of the same bytes. A weak one may have several: that is why it never decides.
CREATE TABLE alias (
    algorithm TEXT NOT NULL,
    hex       TEXT NOT NULL,
    sha256    BLOB NOT NULL REFERENCES artifact (sha256),
    PRIMARY KEY (algorithm, hex, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_sha256 ON alias (sha256);

CREATE TABLE release_file (
    id        INTEGER NOT NULL PRIMARY KEY,
    upstream  TEXT NOT NULL,
    project   TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256    BLOB NOT NULL REFERENCES artifact (sha256),
    url       TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;
CREATE INDEX release_file_name ON release_file (upstream, project, file_name, id);
CREATE INDEX release_file_sha256 ON release_file (sha256, id);

CREATE TABLE fetch (
    id          INTEGER NOT NULL PRIMARY KEY,
    upstream    TEXT NOT NULL,
    url         TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    code        TEXT NOT NULL, -- CH_OK, CH_E_TIMEOUT, ...
    bytes       INTEGER NOT NULL,
    elapsed_ms  INTEGER NOT NULL,
    at_us       INTEGER NOT NULL
) STRICT;

-- --- inspections ---

CREATE TABLE inspection (
    id                INTEGER NOT NULL PRIMARY KEY,
    sha256            BLOB NOT NULL CHECK (length(sha256) = 32),
    profile           TEXT NOT NULL,
    inspector_version INTEGER NOT NULL,
    ruleset           BLOB NOT NULL CHECK (length(ruleset) = 32), -- zeros: none
    context           TEXT NOT NULL,
    outcome           INTEGER NOT NULL CHECK (outcome IN (1, 2)), -- complete, failed
    error             TEXT NOT NULL,
    at_us             INTEGER NOT NULL,
    cpu_us            INTEGER NOT NULL,
    wall_us           INTEGER NOT NULL,
    member_count      INTEGER NOT NULL,
    members_digest    BLOB CHECK (length(members_digest) = 32),
    metadata_sha256   BLOB CHECK (length(metadata_sha256) = 32),
    metadata_bytes    INTEGER NOT NULL
) STRICT;
CREATE INDEX inspection_key
    ON inspection (sha256, profile, inspector_version, ruleset, context, id);

CREATE TABLE finding (
    inspection INTEGER NOT NULL REFERENCES inspection (id),
    number     INTEGER NOT NULL, -- order of the report
    code       INTEGER NOT NULL, -- wire number of include/customhouse/finding.h
    member     BLOB NOT NULL,    -- raw path, empty: the whole artifact
    evidence   TEXT NOT NULL,
    PRIMARY KEY (inspection, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE inspection_fact (
    inspection INTEGER NOT NULL REFERENCES inspection (id),
    number     INTEGER NOT NULL,
    name       TEXT NOT NULL,
    value      TEXT NOT NULL,
    PRIMARY KEY (inspection, number)
) STRICT, WITHOUT ROWID;

-- T1: a cache, replaced when the upstream's sidecar changes before its file was fetched.
CREATE TABLE sidecar (
    upstream   TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL,
    at_us      INTEGER NOT NULL,
    PRIMARY KEY (upstream, project, file_name)
) STRICT, WITHOUT ROWID;

-- --- people and verdicts ---

CREATE TABLE ruling (
    id            INTEGER NOT NULL PRIMARY KEY,
    deny          INTEGER NOT NULL CHECK (deny IN (0, 1)),
    repository    TEXT,
    ecosystem     TEXT,
    project       TEXT,
    version_spec  TEXT,
    file_name     TEXT,
    sha256        BLOB CHECK (length(sha256) = 32),
    evidence      BLOB CHECK (length(evidence) = 32),
    policy        BLOB CHECK (length(policy) = 32),
    lifts         INTEGER NOT NULL,
    reason        TEXT NOT NULL,
    by_person     TEXT NOT NULL,
    at_us         INTEGER NOT NULL,
    expires_at_us INTEGER
) STRICT;

CREATE TABLE ruling_fingerprint (
    ruling      INTEGER NOT NULL REFERENCES ruling (id),
    number      INTEGER NOT NULL,
    fingerprint BLOB NOT NULL CHECK (length(fingerprint) = 32),
    PRIMARY KEY (ruling, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE ruling_end (
    ruling    INTEGER NOT NULL PRIMARY KEY REFERENCES ruling (id),
    by_person TEXT NOT NULL,
    why       TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;

CREATE TABLE decision (
    id         INTEGER NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    upstream   TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    sha256     BLOB CHECK (length(sha256) = 32),
    verdict    INTEGER NOT NULL CHECK (verdict IN (0, 1, 2)), -- hold, allow, deny
    rule       TEXT NOT NULL,
    reason     TEXT NOT NULL,
    policy     BLOB CHECK (length(policy) = 32),
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_file ON decision (repository, project, upstream, file_name, id);
CREATE INDEX decision_verdict ON decision (verdict, id);

-- --- work and caches ---

-- AUTOINCREMENT: an id names a spool file and must never come back.
CREATE TABLE intake (
    id            INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    repository    TEXT NOT NULL,
    upstream      TEXT NOT NULL,
    project       TEXT NOT NULL,
    file_name     TEXT NOT NULL,
    state         INTEGER NOT NULL CHECK (state BETWEEN 1 AND 7),
    sha256        BLOB CHECK (length(sha256) = 32),
    attempts      INTEGER NOT NULL,
    ahead         INTEGER NOT NULL CHECK (ahead IN (0, 1)),
    created_at_us INTEGER NOT NULL,
    not_before_us INTEGER,
    error         TEXT NOT NULL,
    UNIQUE (upstream, project, file_name),
    -- fetched, scanning, scanned, decided: the bytes have a name
    CHECK (state NOT IN (3, 4, 5, 6) OR sha256 IS NOT NULL)
) STRICT;

CREATE TABLE served (
    id          INTEGER NOT NULL PRIMARY KEY,
    repository  TEXT NOT NULL,
    project     TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    sha256      BLOB NOT NULL CHECK (length(sha256) = 32),
    address     TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    first_at_us INTEGER NOT NULL,
    last_at_us  INTEGER NOT NULL,
    times       INTEGER NOT NULL,
    UNIQUE (sha256, repository, project, file_name, address, user_agent)
) STRICT;
CREATE INDEX served_project ON served (project, file_name);

CREATE TABLE refusal (
    id         TEXT NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    at_us      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    sha256     BLOB NOT NULL PRIMARY KEY CHECK (length(sha256) = 32),
    size_bytes INTEGER NOT NULL,
    place      INTEGER NOT NULL CHECK (place IN (1, 2, 3)), -- undecided, served, evicted
    used_at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_place ON blob (place, used_at_us, size_bytes);

-- --- facts are inserted and never changed ---

CREATE TRIGGER owner_kept_u BEFORE UPDATE ON owner
BEGIN SELECT RAISE(ABORT, 'table owner holds facts: rows are never changed'); END;
CREATE TRIGGER owner_kept_d BEFORE DELETE ON owner
BEGIN SELECT RAISE(ABORT, 'table owner holds facts: rows are never deleted'); END;
CREATE TRIGGER sighting_kept_u BEFORE UPDATE ON sighting
BEGIN SELECT RAISE(ABORT, 'table sighting holds facts: rows are never changed'); END;
CREATE TRIGGER sighting_kept_d BEFORE DELETE ON sighting
BEGIN SELECT RAISE(ABORT, 'table sighting holds facts: rows are never deleted'); END;
CREATE TRIGGER artifact_kept_u BEFORE UPDATE ON artifact
BEGIN SELECT RAISE(ABORT, 'table artifact holds facts: rows are never changed'); END;
CREATE TRIGGER artifact_kept_d BEFORE DELETE ON artifact
BEGIN SELECT RAISE(ABORT, 'table artifact holds facts: rows are never deleted'); END;
CREATE TRIGGER alias_kept_u BEFORE UPDATE ON alias
BEGIN SELECT RAISE(ABORT, 'table alias holds facts: rows are never changed'); END;
CREATE TRIGGER alias_kept_d BEFORE DELETE ON alias
BEGIN SELECT RAISE(ABORT, 'table alias holds facts: rows are never deleted'); END;
CREATE TRIGGER release_file_kept_u BEFORE UPDATE ON release_file
BEGIN SELECT RAISE(ABORT, 'table release_file holds facts: rows are never changed'); END;
CREATE TRIGGER release_file_kept_d BEFORE DELETE ON release_file
BEGIN SELECT RAISE(ABORT, 'table release_file holds facts: rows are never deleted'); END;
CREATE TRIGGER fetch_kept_u BEFORE UPDATE ON fetch
BEGIN SELECT RAISE(ABORT, 'table fetch holds facts: rows are never changed'); END;
CREATE TRIGGER fetch_kept_d BEFORE DELETE ON fetch
BEGIN SELECT RAISE(ABORT, 'table fetch holds facts: rows are never deleted'); END;
CREATE TRIGGER inspection_kept_u BEFORE UPDATE ON inspection
BEGIN SELECT RAISE(ABORT, 'table inspection holds facts: rows are never changed'); END;
CREATE TRIGGER inspection_kept_d BEFORE DELETE ON inspection
BEGIN SELECT RAISE(ABORT, 'table inspection holds facts: rows are never deleted'); END;
CREATE TRIGGER finding_kept_u BEFORE UPDATE ON finding
BEGIN SELECT RAISE(ABORT, 'table finding holds facts: rows are never changed'); END;
CREATE TRIGGER finding_kept_d BEFORE DELETE ON finding
BEGIN SELECT RAISE(ABORT, 'table finding holds facts: rows are never deleted'); END;
CREATE TRIGGER inspection_fact_kept_u BEFORE UPDATE ON inspection_fact
BEGIN SELECT RAISE(ABORT, 'table inspection_fact holds facts: rows are never changed'); END;
CREATE TRIGGER inspection_fact_kept_d BEFORE DELETE ON inspection_fact
BEGIN SELECT RAISE(ABORT, 'table inspection_fact holds facts: rows are never deleted'); END;
CREATE TRIGGER ruling_kept_u BEFORE UPDATE ON ruling
BEGIN SELECT RAISE(ABORT, 'table ruling holds facts: rows are never changed'); END;
CREATE TRIGGER ruling_kept_d BEFORE DELETE ON ruling
BEGIN SELECT RAISE(ABORT, 'table ruling holds facts: rows are never deleted'); END;
CREATE TRIGGER ruling_fingerprint_kept_u BEFORE UPDATE ON ruling_fingerprint
BEGIN SELECT RAISE(ABORT, 'table ruling_fingerprint holds facts: rows are never changed'); END;
CREATE TRIGGER ruling_fingerprint_kept_d BEFORE DELETE ON ruling_fingerprint
BEGIN SELECT RAISE(ABORT, 'table ruling_fingerprint holds facts: rows are never deleted'); END;
CREATE TRIGGER ruling_end_kept_u BEFORE UPDATE ON ruling_end
BEGIN SELECT RAISE(ABORT, 'table ruling_end holds facts: rows are never changed'); END;
CREATE TRIGGER ruling_end_kept_d BEFORE DELETE ON ruling_end
BEGIN SELECT RAISE(ABORT, 'table ruling_end holds facts: rows are never deleted'); END;
CREATE TRIGGER decision_kept_u BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'table decision holds facts: rows are never changed'); END;
CREATE TRIGGER decision_kept_d BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'table decision holds facts: rows are never deleted'); END;

-- --- the newest time (T7) ---

CREATE TRIGGER owner_newest AFTER INSERT ON owner
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER sighting_newest AFTER INSERT ON sighting
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER artifact_newest AFTER INSERT ON artifact
BEGIN UPDATE newest SET at_us = NEW.fetched_at_us WHERE at_us < NEW.fetched_at_us; END;
CREATE TRIGGER release_file_newest AFTER INSERT ON release_file
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER fetch_newest AFTER INSERT ON fetch
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER inspection_newest AFTER INSERT ON inspection
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER ruling_newest AFTER INSERT ON ruling
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER ruling_end_newest AFTER INSERT ON ruling_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER decision_newest AFTER INSERT ON decision
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER sidecar_newest AFTER INSERT ON sidecar
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER snapshot_newest_i AFTER INSERT ON snapshot
BEGIN UPDATE newest SET at_us = NEW.checked_at_us WHERE at_us < NEW.checked_at_us; END;
CREATE TRIGGER snapshot_newest_u AFTER UPDATE ON snapshot
BEGIN UPDATE newest SET at_us = NEW.checked_at_us WHERE at_us < NEW.checked_at_us; END;
