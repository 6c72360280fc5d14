-- What goes out to people and to other servers, until it is there.

-- What people are to be told, a row for each destination: written with what it is about, and gone when its
-- destination has taken it, or it was given up.
CREATE TABLE notice (
    id          INTEGER NOT NULL PRIMARY KEY,
    kind        INTEGER NOT NULL, -- of the destination: 0 webhook, 1 mail
    destination TEXT NOT NULL,    -- its name in the configuration
    message     TEXT NOT NULL,    -- the same for each try: who gets it twice knows
    event       TEXT NOT NULL,    -- "exception.requested"
    body        TEXT NOT NULL,    -- JSON for a webhook, lines of text for a mail
    at_us       INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,
    due_at_us   INTEGER NOT NULL  -- of the next try
) STRICT;
CREATE INDEX notice_due ON notice (kind, destination, due_at_us, id);
CREATE INDEX notice_at ON notice (at_us);

-- People were told that this exception is about to end, by this end.
CREATE TABLE notice_of_end (
    exception     INTEGER NOT NULL REFERENCES exception (id),
    expires_at_us INTEGER NOT NULL,
    PRIMARY KEY (exception, expires_at_us)
) STRICT, WITHOUT ROWID;

-- How far a destination has the audit log's entries.
CREATE TABLE forwarded (
    destination TEXT NOT NULL PRIMARY KEY,
    next        INTEGER NOT NULL, -- place of the first entry that it has not
    at_us       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
