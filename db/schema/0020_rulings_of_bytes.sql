-- Eviction asks of each file whether a person denied its bytes for good.
CREATE INDEX ruling_sha256 ON ruling (sha256) WHERE sha256 IS NOT NULL;
