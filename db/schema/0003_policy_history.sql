-- Which policy was in force since when, and its text: decisions name policies by digest.

-- The whole text, that of the files beside it included (policy.h: the bundle). Its digest is the key.
CREATE TABLE policy_text (
    digest BLOB NOT NULL PRIMARY KEY CHECK (length(digest) = 32),
    bundle BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE policy_taken (
    id        INTEGER NOT NULL PRIMARY KEY,
    digest    BLOB NOT NULL REFERENCES policy_text (digest),
    by_person TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER policy_text_kept_u BEFORE UPDATE ON policy_text
BEGIN SELECT RAISE(ABORT, 'table policy_text holds facts: rows are never changed'); END;
CREATE TRIGGER policy_text_kept_d BEFORE DELETE ON policy_text
BEGIN SELECT RAISE(ABORT, 'table policy_text holds facts: rows are never deleted'); END;
CREATE TRIGGER policy_taken_kept_u BEFORE UPDATE ON policy_taken
BEGIN SELECT RAISE(ABORT, 'table policy_taken holds facts: rows are never changed'); END;
CREATE TRIGGER policy_taken_kept_d BEFORE DELETE ON policy_taken
BEGIN SELECT RAISE(ABORT, 'table policy_taken holds facts: rows are never deleted'); END;
CREATE TRIGGER policy_taken_newest AFTER INSERT ON policy_taken
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
