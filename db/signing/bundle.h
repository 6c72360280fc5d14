/* Sigstore bundles v0.3 of a plain key: no certificate, no entry of a public log. Pure.
 * Spec: sigstore/protobuf-specs, sigstore_bundle.proto; what verifiers ask beyond it: sigstore-go,
 * pkg/bundle (verificationMaterial.publicKey must be there, exactly one signature). */
#ifndef CUSTOMHOUSE_BUNDLE_H
#define CUSTOMHOUSE_BUNDLE_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

#define CH_BUNDLE_MEDIA_TYPE "application/vnd.dev.sigstore.bundle.v0.3+json"

/* `hint` names the key; nothing vouches for it. */
void ch_bundle_put_message(struct ch_buf *b, struct ch_str hint, const struct ch_sha256 *digest,
                           struct ch_str signature);
/* `envelope` is one of ch_dsse_put_envelope. */
void ch_bundle_put_dsse(struct ch_buf *b, struct ch_str hint, struct ch_str envelope);

#endif
