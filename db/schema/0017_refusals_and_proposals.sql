-- Commands that were refused, of a minute: counted until the minute is over and an entry says them.

CREATE TABLE log_command_refusal (
    minute    INTEGER NOT NULL,
    principal TEXT NOT NULL, -- who commanded
    via       TEXT NOT NULL, -- the control socket, or the administrative interface
    command   TEXT NOT NULL,
    what      TEXT NOT NULL, -- on what; empty, with why: many
    why       TEXT NOT NULL,
    times     INTEGER NOT NULL,
    PRIMARY KEY (minute, principal, via, command, what, why)
) STRICT, WITHOUT ROWID;

-- A person who may change the policy agrees to another one, to these bytes in the place of those that are in force: whoever has
-- the files may then set it. It gives nothing by itself.
CREATE TABLE policy_proposal (
    id        INTEGER NOT NULL PRIMARY KEY,
    policy    BLOB NOT NULL REFERENCES policy_text (digest),
    base      BLOB NOT NULL CHECK (length(base) = 32), -- what was in force then
    by_person TEXT NOT NULL,
    reason    TEXT NOT NULL,
    at_us     INTEGER NOT NULL
) STRICT;
CREATE TABLE policy_proposal_end (
    id        INTEGER NOT NULL PRIMARY KEY REFERENCES policy_proposal (id),
    how       TEXT NOT NULL CHECK (how IN ('set', 'withdrawn', 'said again', 'too old', 'overtaken')),
    by_person TEXT NOT NULL, -- empty: by itself
    at_us     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER policy_proposal_kept_u BEFORE UPDATE ON policy_proposal
BEGIN SELECT RAISE(ABORT, 'table policy_proposal holds facts: rows are never changed'); END;
CREATE TRIGGER policy_proposal_kept_d BEFORE DELETE ON policy_proposal
BEGIN SELECT RAISE(ABORT, 'table policy_proposal holds facts: rows are never deleted'); END;
CREATE TRIGGER policy_proposal_end_kept_u BEFORE UPDATE ON policy_proposal_end
BEGIN SELECT RAISE(ABORT, 'table policy_proposal_end holds facts: rows are never changed'); END;
CREATE TRIGGER policy_proposal_end_kept_d BEFORE DELETE ON policy_proposal_end
BEGIN SELECT RAISE(ABORT, 'table policy_proposal_end holds facts: rows are never deleted'); END;
CREATE TRIGGER policy_proposal_newest AFTER INSERT ON policy_proposal
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER policy_proposal_end_newest AFTER INSERT ON policy_proposal_end
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
