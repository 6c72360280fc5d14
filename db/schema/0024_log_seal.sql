-- What the keeper says by the audit log's key of entries that are not in the log's files yet: a row of log_entry or
-- log_pending that somebody else wrote is under no seal, and is not signed. One row: the newest seal.
CREATE TABLE log_seal (
    id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 0),
    base       INTEGER NOT NULL, -- the chain runs from this entry on, from...
    base_chain BLOB NOT NULL CHECK (length(base_chain) = 32),
    size       INTEGER NOT NULL, -- ...to the one before this one: all that there were
    chain      BLOB NOT NULL CHECK (length(chain) = 32),
    written    INTEGER NOT NULL, -- so many were under a checkpoint of the log then
    signature  BLOB NOT NULL CHECK (length(signature) = 64)
) STRICT;
