/* The log on disk, read.
 *
 *   STATE/audit/public/checkpoint   the newest signed checkpoint
 *   STATE/audit/public/hashes/L     the hashes of level L, one after the other: tiles of tlog-tiles
 *   STATE/audit/entries/data        all entries, each after its length, as in a bundle
 *   STATE/audit/entries/bundles     where in `data` bundle N begins: 8 bytes each, little endian
 *   STATE/audit/entries/journal   batches that may not be durable in their places yet (journal.h)
 *
 * Entries, bundles and hashes only grow. Gateways may open `public` alone. What lies beyond the
 * size that the checkpoint states is being written, or was when a run died. */
#ifndef LOG_FILES_H
#define LOG_FILES_H

#include "db/log/public.h"

#define CH_LOG_FOLDER   "audit"
#define CH_LOG_DATA_MAX (1ull << 56)
#define CH_LOG_PUBLIC   "public"
#define CH_LOG_HASHES   "public/hashes"
#define CH_LOG_ENTRIES  "entries"
#define CH_LOG_JOURNAL  CH_LOG_ENTRIES "/journal"

struct ch_log_files {
    char *folder; /* for messages */
    int folder_fd;
    int public_fd;
    struct ch_log_public public;
    int data_fd;
    int bundles_fd;
};
#define CH_LOG_DATA    CH_LOG_ENTRIES "/data"
#define CH_LOG_BUNDLES CH_LOG_ENTRIES "/bundles"

/* `folder` is STATE/audit. CH_E_NOT_FOUND: there is no log. Close also after a failure. */
enum ch_code ch_log_files_open(const char *folder, bool write, struct ch_log_files *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* Read, what there is of it: a file that cannot be opened is an empty one, and is named in
 * *ret_missing, a line each. */
enum ch_code ch_log_files_open_rest(const char *folder, struct ch_log_files *ret,
                                    struct ch_buf *ret_missing, struct ch_err *err) CH_MUST_CHECK;
void ch_log_files_none(struct ch_log_files *ret); /* nothing open */
void ch_log_files_close(struct ch_log_files *f);

/* The bytes of a tile, or of an entry bundle; CH_E_FORMAT when the files do not have them. */
enum ch_code ch_log_read_tile(const struct ch_log_files *f, const struct ch_tile *tile,
                              struct ch_buf *ret, struct ch_err *err) CH_MUST_CHECK;
/* One entry, appended. */
enum ch_code ch_log_read_entry(const struct ch_log_files *f, uint64_t index, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
