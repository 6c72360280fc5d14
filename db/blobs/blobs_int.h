/* Inside db/blobs: the open folders, and how digests become paths below them. */
#ifndef CUSTOMHOUSE_BLOBS_INT_H
#define CUSTOMHOUSE_BLOBS_INT_H

#include <sys/types.h>

#include "customhouse/blobs.h"

struct ch_blobs {
    char *state_dir; /* for messages */
    int spool_fd;
    int sha256_fd; /* blobs/sha256 */
    int served_fd; /* served/sha256 */
    uint64_t put_count;
};

/* "ab/cdef..." and its folder "ab". */
#define CH_BLOB_FOLDER_LEN 2
#define CH_BLOB_FOLDERS    256
struct ch_blob_path {
    char path[CH_SHA256_HEX + 2];
    char folder[CH_BLOB_FOLDER_LEN + 1];
};
struct ch_blob_path ch_blob_path_of(const struct ch_sha256 *sha256);

/* fsync of a folder below dir_fd: what was linked or removed in it is durable. */
enum ch_code ch_blobs_sync_folder(int dir_fd, const char *folder, struct ch_err *err) CH_MUST_CHECK;
/* Links from_fd/from as the blob `p` below to_fd, making its folder; durable when it returns.
 * CH_E_EXISTS when that name is taken (which is made durable too). */
enum ch_code ch_blobs_link(int from_fd, const char *from, int to_fd, const struct ch_blob_path *p,
                           mode_t folder_mode, struct ch_err *err) CH_MUST_CHECK;
/* unlinkat that takes absence for success. */
enum ch_code ch_blobs_remove(int dir_fd, const char *path, struct ch_err *err) CH_MUST_CHECK;

#define CH_BLOB_DIR_PRIVATE 0700 /* below blobs/ */
#define CH_BLOB_DIR_SERVED  0750 /* below served/: the gateway's group walks it */
#define CH_BLOB_MODE        0440

#endif
