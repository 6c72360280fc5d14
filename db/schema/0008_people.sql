-- Persons and service accounts, and what they may do. A row of people_fact is a fact with who and when; its
-- details stand in the table of its kind, under the same id. What is given ends with a row of people_end.

CREATE TABLE people_fact (
    id        INTEGER NOT NULL PRIMARY KEY,
    kind      INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 5), -- person, uid, member, grant, token
    by_person TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;

CREATE TABLE people_end (
    id        INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    by_person TEXT NOT NULL,
    why       TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;

-- A name is given once: what "user:alice" did stays hers.
CREATE TABLE person (
    id        INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    name      TEXT NOT NULL UNIQUE,
    service   INTEGER NOT NULL CHECK (service IN (0, 1)),
    full_name TEXT NOT NULL
) STRICT;

-- Whom a peer of the control socket is.
CREATE TABLE person_uid (
    id     INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    person TEXT NOT NULL REFERENCES person (name),
    uid    INTEGER NOT NULL CHECK (uid BETWEEN 1 AND 4294967294)
) STRICT;

-- A group is its members and its grants.
CREATE TABLE group_member (
    id         INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    group_name TEXT NOT NULL,
    person     TEXT NOT NULL REFERENCES person (name)
) STRICT;

CREATE TABLE group_grant (
    id          INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    group_name  TEXT NOT NULL,
    role        TEXT NOT NULL,
    repository  TEXT, -- NULL: all
    environment TEXT  -- NULL: both
) STRICT;

-- Of a token the SHA-256 alone: it was shown once.
CREATE TABLE token (
    id            INTEGER NOT NULL PRIMARY KEY REFERENCES people_fact (id),
    person        TEXT NOT NULL REFERENCES person (name),
    audience      TEXT NOT NULL CHECK (audience IN ('pull', 'push', 'scanner', 'admin')),
    label         TEXT NOT NULL,
    sha256        BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32),
    expires_at_us INTEGER NOT NULL
) STRICT;

-- Sign-ins of a minute that failed, counted until the minute is over and an entry of the log says them.
-- `principal` is whose token it was, empty where nobody's: what was presented is not kept.
CREATE TABLE log_sign_in (
    minute    INTEGER NOT NULL,
    principal TEXT NOT NULL,
    why       TEXT NOT NULL,
    times     INTEGER NOT NULL,
    PRIMARY KEY (minute, principal, why)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER people_fact_kept_u BEFORE UPDATE ON people_fact
BEGIN SELECT RAISE(ABORT, 'table people_fact holds facts: rows are never changed'); END;
CREATE TRIGGER people_fact_kept_d BEFORE DELETE ON people_fact
BEGIN SELECT RAISE(ABORT, 'table people_fact holds facts: rows are never deleted'); END;
CREATE TRIGGER people_end_kept_u BEFORE UPDATE ON people_end
BEGIN SELECT RAISE(ABORT, 'table people_end holds facts: rows are never changed'); END;
CREATE TRIGGER people_end_kept_d BEFORE DELETE ON people_end
BEGIN SELECT RAISE(ABORT, 'table people_end holds facts: rows are never deleted'); END;
CREATE TRIGGER person_kept_u BEFORE UPDATE ON person
BEGIN SELECT RAISE(ABORT, 'table person holds facts: rows are never changed'); END;
CREATE TRIGGER person_kept_d BEFORE DELETE ON person
BEGIN SELECT RAISE(ABORT, 'table person holds facts: rows are never deleted'); END;
CREATE TRIGGER person_uid_kept_u BEFORE UPDATE ON person_uid
BEGIN SELECT RAISE(ABORT, 'table person_uid holds facts: rows are never changed'); END;
CREATE TRIGGER person_uid_kept_d BEFORE DELETE ON person_uid
BEGIN SELECT RAISE(ABORT, 'table person_uid holds facts: rows are never deleted'); END;
CREATE TRIGGER group_member_kept_u BEFORE UPDATE ON group_member
BEGIN SELECT RAISE(ABORT, 'table group_member holds facts: rows are never changed'); END;
CREATE TRIGGER group_member_kept_d BEFORE DELETE ON group_member
BEGIN SELECT RAISE(ABORT, 'table group_member holds facts: rows are never deleted'); END;
CREATE TRIGGER group_grant_kept_u BEFORE UPDATE ON group_grant
BEGIN SELECT RAISE(ABORT, 'table group_grant holds facts: rows are never changed'); END;
CREATE TRIGGER group_grant_kept_d BEFORE DELETE ON group_grant
BEGIN SELECT RAISE(ABORT, 'table group_grant holds facts: rows are never deleted'); END;
CREATE TRIGGER token_kept_u BEFORE UPDATE ON token
BEGIN SELECT RAISE(ABORT, 'table token holds facts: rows are never changed'); END;
CREATE TRIGGER token_kept_d BEFORE DELETE ON token
BEGIN SELECT RAISE(ABORT, 'table token holds facts: rows are never deleted'); END;
CREATE TRIGGER people_fact_newest AFTER INSERT ON people_fact
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER people_end_newest AFTER INSERT ON people_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
