-- Exceptions: what people asked to let pass although it is held, and what became of each, step by step.
-- What lets a file pass is a ruling, as before; an exception is how one comes about, and how it ends.

CREATE TABLE exception (
    id            INTEGER NOT NULL PRIMARY KEY,
    repository    TEXT NOT NULL,
    environment   TEXT NOT NULL, -- the repository's, when it was asked for
    ecosystem     TEXT NOT NULL,
    project       TEXT NOT NULL,
    version_spec  TEXT,          -- "==VERSION" or a range; NULL: one file
    file_name     TEXT,          -- NULL: of a version or range
    sha256        BLOB CHECK (length(sha256) = 32), -- of the file, where it had been fetched
    overrides     TEXT NOT NULL, -- rules that held it then, as people read them
    reason        TEXT NOT NULL,
    requester     TEXT NOT NULL, -- "user:NAME", "service:NAME", "local:UID" or "anonymous"
    address       TEXT NOT NULL, -- it was asked from; empty: the control socket
    refusal       TEXT NOT NULL, -- ID of the refusal it was asked for on; empty: on none
    renews        INTEGER REFERENCES exception (id),
    at_us         INTEGER NOT NULL,
    expires_at_us INTEGER NOT NULL, -- the end that is wanted
    CHECK ((version_spec IS NULL) <> (file_name IS NULL))
) STRICT;
CREATE INDEX exception_renews ON exception (renews);

-- T8: what whoever took the step had before him: the files' bytes, what was found in them, the policy.
CREATE TABLE exception_step (
    id            INTEGER NOT NULL PRIMARY KEY,
    exception     INTEGER NOT NULL REFERENCES exception (id),
    -- requested, joined, approved, in force, rejected, revoked, renewed, ended
    kind          INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 8),
    by_person     TEXT NOT NULL,
    alone         INTEGER NOT NULL CHECK (alone IN (0, 1)), -- by local:UID, before any approver was named
    reason        TEXT NOT NULL,
    bytes         BLOB CHECK (length(bytes) = 32),
    evidence      BLOB CHECK (length(evidence) = 32),
    policy        BLOB CHECK (length(policy) = 32),
    at_us         INTEGER NOT NULL,
    expires_at_us INTEGER -- the end that is asked for, approved or in force
) STRICT;
CREATE INDEX exception_step_of ON exception_step (exception, id);

CREATE TABLE exception_ruling (
    exception INTEGER NOT NULL REFERENCES exception (id),
    ruling    INTEGER NOT NULL UNIQUE REFERENCES ruling (id),
    PRIMARY KEY (exception, ruling)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER exception_kept_u BEFORE UPDATE ON exception
BEGIN SELECT RAISE(ABORT, 'table exception holds facts: rows are never changed'); END;
CREATE TRIGGER exception_kept_d BEFORE DELETE ON exception
BEGIN SELECT RAISE(ABORT, 'table exception holds facts: rows are never deleted'); END;
CREATE TRIGGER exception_step_kept_u BEFORE UPDATE ON exception_step
BEGIN SELECT RAISE(ABORT, 'table exception_step holds facts: rows are never changed'); END;
CREATE TRIGGER exception_step_kept_d BEFORE DELETE ON exception_step
BEGIN SELECT RAISE(ABORT, 'table exception_step holds facts: rows are never deleted'); END;
CREATE TRIGGER exception_ruling_kept_u BEFORE UPDATE ON exception_ruling
BEGIN SELECT RAISE(ABORT, 'table exception_ruling holds facts: rows are never changed'); END;
CREATE TRIGGER exception_ruling_kept_d BEFORE DELETE ON exception_ruling
BEGIN SELECT RAISE(ABORT, 'table exception_ruling holds facts: rows are never deleted'); END;
CREATE TRIGGER exception_newest AFTER INSERT ON exception
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER exception_step_newest AFTER INSERT ON exception_step
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
