-- What a pushed manifest refers to, there or not: by this it is found when somebody asks what refers to that. No bytes stay
-- for it, as they do for what a manifest names (pushed_part).
CREATE TABLE pushed_subject (
    repository TEXT NOT NULL,
    project    TEXT NOT NULL,
    subject    BLOB NOT NULL CHECK (length(subject) = 32),
    manifest   BLOB NOT NULL CHECK (length(manifest) = 32), -- refers to it, and is there
    PRIMARY KEY (repository, project, subject, manifest)
) STRICT, WITHOUT ROWID;
CREATE INDEX pushed_subject_of ON pushed_subject (repository, project, manifest);
