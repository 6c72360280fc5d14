/* The keys that sign now, one per purpose, and what is published of all that ever did. */
#ifndef KEEPER_KEYRING_H
#define KEEPER_KEYRING_H

#include "db/signing/key_files.h"
#include "db/keeper/keeper_int.h"

/* Opens the audit log's key, and makes it where it is missing; the others come when the log is
 * there that says so (keyring_complete). A key whose file cannot be used is logged and signs
 * nothing: no new ALLOW for it, until it is put back or rotated. */
enum ch_code keyring_open(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
/* Those of all purposes that are not open yet, and those that were ones once: at the start, and after a reload. What is missing is
 * made, also in a state that was initialised before there were keys. What fails is logged, as
 * above. */
void keyring_complete(struct keeper *k);
void keyring_free(struct keeper *k);

/* Borrowed until the next rotation. CH_E_NOT_FOUND: it has no usable key now. */
enum ch_code keyring_signer(struct keeper *k, const char *purpose, struct ch_signer **ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* Whether there is, or was, such a purpose; not whether its key can be used. */
bool keyring_has(const struct keeper *k, const char *purpose);
/* "PURPOSE-ID": how a key is named in bundles and under /-/keys/. */
#define KEYRING_NAME_BYTES (CH_PURPOSE_BYTES + CH_KEY_ID_HEX + 2)
void keyring_name(struct ch_str purpose, const struct ch_sha256 *id, char ret[KEYRING_NAME_BYTES]);

/* A new key signs from now on, durably; the former one is published on, with the end of its
 * validity, and its private half is destroyed: the audit log's, once that has handed over (one that
 * is lost does not). CH_E_NOT_FOUND: no such purpose; CH_E_BUSY: the log cannot be handed over now.
 */
enum ch_code keyring_rotate(struct keeper *k, struct ch_str purpose, struct ch_str by,
                            struct ch_str reason, struct ch_sha256 *ret_id,
                            struct ch_err *err) CH_MUST_CHECK;

/* The audit log's former key, while it hands over: borrowed; NULL: there is none. */
struct ch_signer *keyring_former(struct keeper *k);
/* It has: its private half goes. */
void keyring_drop_former(struct keeper *k);

#endif
