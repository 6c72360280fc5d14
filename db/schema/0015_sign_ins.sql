-- Failed sign-ins are counted by what was asked for, too, and by the address it came from.

CREATE TABLE log_sign_in_counted (
    minute    INTEGER NOT NULL,
    principal TEXT NOT NULL, -- whose token it was; empty: nobody's
    address   TEXT NOT NULL, -- empty: many
    via       TEXT NOT NULL, -- the process that it came to
    path      TEXT NOT NULL, -- empty: many
    why       TEXT NOT NULL,
    times     INTEGER NOT NULL,
    PRIMARY KEY (minute, principal, address, via, path, why)
) STRICT, WITHOUT ROWID;
INSERT INTO log_sign_in_counted (minute, principal, address, via, path, why, times)
    SELECT minute, principal, '', '', '', why, times FROM log_sign_in;
DROP TABLE log_sign_in;
ALTER TABLE log_sign_in_counted RENAME TO log_sign_in;

-- What one approver has said of who approves, and waits for a second to say: it gives nothing by itself. `what` is the
-- digest of the change and of all that it comes to; whoever says the same as things stand is the second.
CREATE TABLE people_proposal (
    id        INTEGER NOT NULL PRIMARY KEY,
    what      BLOB NOT NULL CHECK (length(what) = 32),
    change    TEXT NOT NULL, -- for people
    by_person TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;
CREATE TABLE people_proposal_end (
    id        INTEGER NOT NULL PRIMARY KEY REFERENCES people_proposal (id),
    how       TEXT NOT NULL CHECK (how IN ('done', 'said again', 'too old', 'too many')),
    by_person TEXT NOT NULL, -- empty: by itself
    at_us     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER people_proposal_kept_u BEFORE UPDATE ON people_proposal
BEGIN SELECT RAISE(ABORT, 'table people_proposal holds facts: rows are never changed'); END;
CREATE TRIGGER people_proposal_kept_d BEFORE DELETE ON people_proposal
BEGIN SELECT RAISE(ABORT, 'table people_proposal holds facts: rows are never deleted'); END;
CREATE TRIGGER people_proposal_end_kept_u BEFORE UPDATE ON people_proposal_end
BEGIN SELECT RAISE(ABORT, 'table people_proposal_end holds facts: rows are never changed'); END;
CREATE TRIGGER people_proposal_end_kept_d BEFORE DELETE ON people_proposal_end
BEGIN SELECT RAISE(ABORT, 'table people_proposal_end holds facts: rows are never deleted'); END;
CREATE TRIGGER people_proposal_newest AFTER INSERT ON people_proposal
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER people_proposal_end_newest AFTER INSERT ON people_proposal_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
