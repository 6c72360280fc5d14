-- Who got what, and who was refused, by principal ("user:anna", "service:ci", "anonymous") beside the address.
-- Rows from before this know none: ''.

CREATE TABLE served_to (
    id          INTEGER NOT NULL PRIMARY KEY,
    repository  TEXT NOT NULL,
    project     TEXT NOT NULL,
    file_name   TEXT NOT NULL,
    sha256      BLOB NOT NULL CHECK (length(sha256) = 32),
    address     TEXT NOT NULL,
    user_agent  TEXT NOT NULL,
    principal   TEXT NOT NULL DEFAULT '',
    first_at_us INTEGER NOT NULL,
    last_at_us  INTEGER NOT NULL,
    times       INTEGER NOT NULL,
    UNIQUE (sha256, repository, project, file_name, address, user_agent, principal)
) STRICT;
INSERT INTO served_to SELECT id, repository, project, file_name, sha256, address, user_agent, '', first_at_us,
    last_at_us, times FROM served;
DROP TABLE served;
ALTER TABLE served_to RENAME TO served;
CREATE INDEX served_project ON served (project, file_name);

CREATE TABLE log_refusal_of (
    minute     INTEGER NOT NULL,
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    file_name  TEXT NOT NULL,
    address    TEXT NOT NULL,
    principal  TEXT NOT NULL,
    rule       TEXT NOT NULL,
    times      INTEGER NOT NULL,
    PRIMARY KEY (minute, repository, project, file_name, address, principal, rule)
) STRICT, WITHOUT ROWID;
INSERT INTO log_refusal_of SELECT minute, repository, project, file_name, address, '', rule, times FROM log_refusal;
DROP TABLE log_refusal;
ALTER TABLE log_refusal_of RENAME TO log_refusal;
