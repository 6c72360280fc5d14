-- What clusters were told may run: an image, in an environment and a namespace, the first time; and when last. It is looked
-- up when its approval ends, so it stays.
CREATE TABLE admitted (
    id          INTEGER NOT NULL PRIMARY KEY,
    repository  TEXT NOT NULL,
    project     TEXT NOT NULL, -- its page, NAME@sha256:HEX
    sha256      BLOB NOT NULL CHECK (length(sha256) = 32), -- of what was named
    runs        BLOB NOT NULL CHECK (length(runs) = 32), -- of the image in it that a node takes; zeros: of each
    environment TEXT NOT NULL,
    name_space  TEXT NOT NULL,
    at_us       INTEGER NOT NULL,
    last_at_us  INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX admitted_place ON admitted (sha256, repository, project, environment, name_space, runs);
CREATE INDEX admitted_runs ON admitted (runs);
CREATE TRIGGER admitted_kept_u BEFORE UPDATE OF id, repository, project, sha256, runs, environment, name_space, at_us ON admitted
BEGIN SELECT RAISE(ABORT, 'table admitted holds facts: rows are never changed'); END;
CREATE TRIGGER admitted_kept_d BEFORE DELETE ON admitted
BEGIN SELECT RAISE(ABORT, 'table admitted holds facts: rows are never deleted'); END;
CREATE TRIGGER admitted_newest AFTER INSERT ON admitted
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
