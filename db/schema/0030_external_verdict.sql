-- What external scanners say of images: of a manifest by its digest, in a repository, whichever name it has there. The
-- newest row about one counts.
CREATE TABLE external_verdict (
    id         INTEGER NOT NULL PRIMARY KEY,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL, -- the name by which it was said
    sha256     BLOB NOT NULL CHECK (length(sha256) = 32),
    state      INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3), -- passed, failed, quarantined
    details    TEXT NOT NULL, -- as the scanner gave them
    words      TEXT NOT NULL, -- what people read of them
    by_person  TEXT NOT NULL,
    at_us      INTEGER NOT NULL
) STRICT;
CREATE INDEX external_verdict_of ON external_verdict (repository, sha256, id);
CREATE TRIGGER external_verdict_kept_u BEFORE UPDATE ON external_verdict
BEGIN SELECT RAISE(ABORT, 'table external_verdict holds facts: rows are never changed'); END;
CREATE TRIGGER external_verdict_kept_d BEFORE DELETE ON external_verdict
BEGIN SELECT RAISE(ABORT, 'table external_verdict holds facts: rows are never deleted'); END;
CREATE TRIGGER external_verdict_newest AFTER INSERT ON external_verdict
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
