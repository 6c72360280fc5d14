-- What may be the last copy there is, is found by what can have made it one, and not by a look at each file: its hash
-- is gone from the upstream's page, or other bytes came under its name.
CREATE INDEX sighting_removed ON sighting (kind, upstream, project, file_name) WHERE kind = 2;
CREATE TABLE replaced_file (
    id INTEGER NOT NULL PRIMARY KEY REFERENCES release_file (id) -- there is a newer row of its name
) STRICT;
INSERT INTO replaced_file (id)
    SELECT f.id FROM release_file f WHERE EXISTS (SELECT 1 FROM release_file n WHERE n.upstream = f.upstream
        AND n.project = f.project AND n.file_name = f.file_name AND n.id > f.id);
CREATE TRIGGER release_file_replaces AFTER INSERT ON release_file
BEGIN INSERT INTO replaced_file (id) SELECT f.id FROM release_file f WHERE f.upstream = NEW.upstream
    AND f.project = NEW.project AND f.file_name = NEW.file_name AND f.id < NEW.id ORDER BY f.id DESC LIMIT 1; END;
