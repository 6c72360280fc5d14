/* Offline: whether a local file was approved for an environment. Needs the file's digest, the
 * environment's public key and what lies beside the file; no server and no store. */
#ifndef CUSTOMHOUSE_CHECK_H
#define CUSTOMHOUSE_CHECK_H

#include "db/signing/public_key.h"

struct ch_check {
    struct ch_sha256 sha256;         /* of the file */
    const struct ch_public_key *key; /* of the environment's approvals */
    struct ch_str environment;
    struct ch_str
        attestation; /* a DSSE envelope or a Sigstore bundle, of a statement or of the bytes */
    struct ch_str withdrawals; /* the signed list; absent: not looked at */
    /* Of the list; NULL: `key`. After a rotation the list is the newer key's, an approval of before
     * the older one's. */
    const struct ch_public_key *withdrawals_key;
    int64_t now_us; /* what the list must not be older than */
};

enum ch_check_form {
    CH_CHECK_STATEMENT = 1, /* signed are digest, environment and time */
    CH_CHECK_BYTES,         /* signed are the bytes: the environment is the key's */
};

struct ch_checked { /* on CH_OK */
    enum ch_check_form form;
    char file_name[512]; /* STATEMENT: as approved */
    char resource_uri[1536];
    char verified_at[64];
    char policy_uri[1024];
    bool audit_only; /* the policy would have held it: its repository only audits */
    bool list_checked;
    char list_issued_at[64];
};

/* Fills *ret and returns CH_OK only when everything holds. Otherwise: CH_E_MISMATCH, another file,
 * key, or changed bytes; CH_E_DENIED, it speaks of another environment, was not approved, or was
 * withdrawn; CH_E_TIMEOUT, the list is no longer valid; CH_E_FORMAT, CH_E_LIMIT, not what it should
 * be; CH_E_UNSUPPORTED, an Ed25519 key. What is not understood is never an approval. */
enum ch_code ch_check_approval(const struct ch_check *check, struct ch_checked *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
