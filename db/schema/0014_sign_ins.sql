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
