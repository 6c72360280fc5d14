/* Entry bundles and the proof of one entry as a file. Pure.
 *
 * Spec: C2SP tlog-tiles (entry bundles: each entry after its length, 16 bits, big endian),
 * tlog-proof. */
#ifndef LOG_BUNDLE_H
#define LOG_BUNDLE_H

#include "db/log/tree.h"

#define CH_ENTRY_MAX    65535u
#define CH_ENTRY_PREFIX 2u

/* The entry is at most CH_ENTRY_MAX bytes. */
void ch_bundle_put(struct ch_buf *out, struct ch_str entry);
/* Takes the next entry out of *rest; false when none is whole there. At the end of a sound bundle
 * rest->len is 0. */
bool ch_bundle_next(struct ch_str *rest, struct ch_str *ret_entry);

/* The hashes of a proof, a line each, an empty line, and the note that it is of. */
void ch_proof_put_before(struct ch_buf *out, const struct ch_tree_proof *proof, struct ch_str note);
/* "c2sp.org/tlog-proof@v1": proof that entry `index` is in the tree of the signed checkpoint
 * `note`. */
void ch_tlog_proof_put(struct ch_buf *out, uint64_t index, const struct ch_tree_proof *proof,
                       struct ch_str note);

#endif
