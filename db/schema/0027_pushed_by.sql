-- Whose share of the quota of undecided bytes they take: who pushed them first under this name. '': nobody's, from before.
ALTER TABLE pushed_blob ADD COLUMN by_person TEXT NOT NULL DEFAULT '';
CREATE INDEX pushed_blob_by ON pushed_blob (by_person, sha256, size_bytes);
