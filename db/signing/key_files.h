/* Private keys as files: STATE/keys/PURPOSE-ID.pem, one key each, PKCS#8 in PEM, 0600, of nobody
 * but the keeper. A file appears whole or not at all. */
#ifndef CUSTOMHOUSE_KEY_FILES_H
#define CUSTOMHOUSE_KEY_FILES_H

#include "db/signing/purpose.h"
#include "db/signing/signer.h"

/* Opens the folder. CH_E_DENIED: others may look into it. The caller closes the descriptor. */
enum ch_code ch_keys_open_folder(const char *path, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;

/* Makes a new key and writes it, durably; says its id. */
enum ch_code ch_key_file_make(int folder_fd, const struct ch_purpose *purpose,
                              struct ch_sha256 *ret_id, struct ch_err *err) CH_MUST_CHECK;
/* CH_E_NOT_FOUND: no such file; CH_E_DENIED: others may read it, or it is a link; CH_E_FORMAT: no
 * key of this id and kind. */
enum ch_code ch_key_file_open(int folder_fd, const struct ch_purpose *purpose,
                              const struct ch_sha256 *id, struct ch_signer **ret,
                              struct ch_err *err) CH_MUST_CHECK;
/* A key that signs no more: its private half goes, durably. CH_OK also when it is not there. */
enum ch_code ch_key_file_remove(int folder_fd, const struct ch_purpose *purpose,
                                const struct ch_sha256 *id, struct ch_err *err) CH_MUST_CHECK;
/* Calls `each` for every key of this purpose that lies there. What an interrupted write left is
 * removed. CH_E_FORMAT, CH_E_DENIED: a file that is none, as in ch_key_file_open. */
typedef void ch_key_file_fn(void *ctx, struct ch_signer *signer); /* taken over */
enum ch_code ch_key_files(int folder_fd, const struct ch_purpose *purpose, ch_key_file_fn *each,
                          void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* Makes the keys of all purposes that have none: what init does. */
enum ch_code ch_key_files_complete(int folder_fd, const struct ch_config *config,
                                   struct ch_err *err) CH_MUST_CHECK;

#endif
