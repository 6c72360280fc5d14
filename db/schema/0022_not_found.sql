-- What an upstream has refused to send, until it sends it: a page, since its first "not found" and before a second makes
-- the absence of all its files a fact, or a file. Work, no fact: what there is of it is a last copy meanwhile.
CREATE TABLE not_found (
    upstream  TEXT NOT NULL,
    project   TEXT NOT NULL,
    file_name TEXT NOT NULL, -- '': its page, and with it each of its files
    at_us     INTEGER NOT NULL,
    PRIMARY KEY (upstream, project, file_name)
) STRICT, WITHOUT ROWID;
