-- T4: the digest of all that an inspection has, with its findings and facts, which the store writes and looks for
-- whenever it reads them: findings that were taken away are not "nothing was found". NULL: of an inspector that is
-- older than this (CH_INSPECTOR_RECORDS).
ALTER TABLE inspection ADD COLUMN record BLOB CHECK (length(record) = 32);
