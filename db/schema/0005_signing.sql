-- Keys by purpose, and what was signed with them. Private halves are files; they are in no row.

CREATE TABLE signing_key (
    id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 32), -- SHA-256 of its SubjectPublicKeyInfo
    purpose    TEXT NOT NULL,
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2)), -- ECDSA P-256, Ed25519
    public_pem TEXT NOT NULL,
    at_us      INTEGER NOT NULL -- it signs from here on
) STRICT, WITHOUT ROWID;

CREATE TABLE signing_key_end (
    id        BLOB NOT NULL PRIMARY KEY REFERENCES signing_key (id),
    by_person TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at_us     INTEGER NOT NULL -- it signs no more; what it signed before stands
) STRICT, WITHOUT ROWID;

-- What inspection found, as statements name it: by the digest of this text.
CREATE TABLE evidence (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    text   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE attestation (
    id            INTEGER NOT NULL PRIMARY KEY,
    repository    TEXT NOT NULL,
    upstream      TEXT NOT NULL,
    project       TEXT NOT NULL,
    file_name     TEXT NOT NULL,
    sha256        BLOB NOT NULL CHECK (length(sha256) = 32),
    environment   TEXT NOT NULL,
    passed        INTEGER NOT NULL CHECK (passed IN (0, 1)),
    key           BLOB NOT NULL REFERENCES signing_key (id),
    statement     BLOB NOT NULL,
    statement_sig BLOB NOT NULL,
    file_sig      BLOB, -- over the file's bytes: an approval
    at_us         INTEGER NOT NULL,
    CHECK ((passed = 1) = (file_sig IS NOT NULL))
) STRICT;
CREATE INDEX attestation_file ON attestation (repository, project, upstream, file_name, id);
CREATE INDEX attestation_bytes ON attestation (sha256, id);

-- An approval that was withdrawn.
CREATE TABLE attestation_end (
    id    INTEGER NOT NULL PRIMARY KEY REFERENCES attestation (id),
    at_us INTEGER NOT NULL
) STRICT;

CREATE TRIGGER signing_key_kept_u BEFORE UPDATE ON signing_key
BEGIN SELECT RAISE(ABORT, 'table signing_key holds facts: rows are never changed'); END;
CREATE TRIGGER signing_key_kept_d BEFORE DELETE ON signing_key
BEGIN SELECT RAISE(ABORT, 'table signing_key holds facts: rows are never deleted'); END;
CREATE TRIGGER signing_key_end_kept_u BEFORE UPDATE ON signing_key_end
BEGIN SELECT RAISE(ABORT, 'table signing_key_end holds facts: rows are never changed'); END;
CREATE TRIGGER signing_key_end_kept_d BEFORE DELETE ON signing_key_end
BEGIN SELECT RAISE(ABORT, 'table signing_key_end holds facts: rows are never deleted'); END;
CREATE TRIGGER evidence_kept_u BEFORE UPDATE ON evidence
BEGIN SELECT RAISE(ABORT, 'table evidence holds facts: rows are never changed'); END;
CREATE TRIGGER evidence_kept_d BEFORE DELETE ON evidence
BEGIN SELECT RAISE(ABORT, 'table evidence holds facts: rows are never deleted'); END;
CREATE TRIGGER attestation_kept_u BEFORE UPDATE ON attestation
BEGIN SELECT RAISE(ABORT, 'table attestation holds facts: rows are never changed'); END;
CREATE TRIGGER attestation_kept_d BEFORE DELETE ON attestation
BEGIN SELECT RAISE(ABORT, 'table attestation holds facts: rows are never deleted'); END;
CREATE TRIGGER attestation_end_kept_u BEFORE UPDATE ON attestation_end
BEGIN SELECT RAISE(ABORT, 'table attestation_end holds facts: rows are never changed'); END;
CREATE TRIGGER attestation_end_kept_d BEFORE DELETE ON attestation_end
BEGIN SELECT RAISE(ABORT, 'table attestation_end holds facts: rows are never deleted'); END;
CREATE TRIGGER signing_key_newest AFTER INSERT ON signing_key
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER signing_key_end_newest AFTER INSERT ON signing_key_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER attestation_newest AFTER INSERT ON attestation
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER attestation_end_newest AFTER INSERT ON attestation_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
