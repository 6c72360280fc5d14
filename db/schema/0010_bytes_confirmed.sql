-- T5: when bytes last came whole for a file. An index that states no hash does not say whether the upstream
-- still has them, so that only fetching them again does; release_file has the first time alone.

CREATE TABLE bytes_confirmed (
    upstream  TEXT NOT NULL,
    project   TEXT NOT NULL,
    file_name TEXT NOT NULL,
    sha256    BLOB NOT NULL CHECK (length(sha256) = 32),
    at_us     INTEGER NOT NULL,
    PRIMARY KEY (upstream, project, file_name, sha256)
) STRICT, WITHOUT ROWID;
INSERT INTO bytes_confirmed SELECT upstream, project, file_name, sha256, max(at_us) FROM release_file
    GROUP BY upstream, project, file_name, sha256;
CREATE TRIGGER bytes_confirmed_newest_i AFTER INSERT ON bytes_confirmed
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
CREATE TRIGGER bytes_confirmed_newest_u AFTER UPDATE ON bytes_confirmed
BEGIN UPDATE newest SET at_us = NEW.at_us WHERE at_us < NEW.at_us; END;
