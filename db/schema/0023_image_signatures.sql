-- What is signed of an image beside its verification summary, as registries have signatures: a manifest, its layer and
-- its configuration. It stands and ends with the approval. Clients ask for each by its digest.
CREATE TABLE image_signature (
    id              INTEGER NOT NULL PRIMARY KEY,
    attestation     INTEGER NOT NULL REFERENCES attestation (id),
    form            TEXT NOT NULL CHECK (form <> ''),
    key             BLOB NOT NULL REFERENCES signing_key (id),
    manifest        BLOB NOT NULL,
    manifest_sha256 BLOB NOT NULL CHECK (length(manifest_sha256) = 32),
    layer           BLOB NOT NULL, -- a payload, or a bundle
    layer_sha256    BLOB NOT NULL CHECK (length(layer_sha256) = 32),
    config          BLOB, -- NULL: "{}"
    config_sha256   BLOB CHECK (length(config_sha256) = 32),
    CHECK ((config IS NULL) = (config_sha256 IS NULL))
) STRICT;
CREATE INDEX image_signature_attestation ON image_signature (attestation, id);
CREATE INDEX image_signature_manifest ON image_signature (manifest_sha256);
CREATE INDEX image_signature_layer ON image_signature (layer_sha256);
CREATE INDEX image_signature_config ON image_signature (config_sha256) WHERE config_sha256 IS NOT NULL;

CREATE TRIGGER image_signature_kept_u BEFORE UPDATE ON image_signature
BEGIN SELECT RAISE(ABORT, 'table image_signature holds facts: rows are never changed'); END;
CREATE TRIGGER image_signature_kept_d BEFORE DELETE ON image_signature
BEGIN SELECT RAISE(ABORT, 'table image_signature holds facts: rows are never deleted'); END;
