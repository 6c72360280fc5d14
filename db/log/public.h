/* The published part of the log on disk, STATE/audit/public, read: what gateways and tools may see.
 *
 *   checkpoint   the newest signed checkpoint
 *   cosigned     the newest that witnesses have cosigned, too; an older one
 *   hashes/L     the hashes of level L, one after the other: tiles of tlog-tiles
 *
 * What lies beyond the size that the checkpoint states is being written, or was when a run died. */
#ifndef LOG_PUBLIC_H
#define LOG_PUBLIC_H

#include "customhouse/tlog.h"
#include "db/log/note.h"
#include "db/log/tree.h"

#define CH_LOG_NOTE     "checkpoint"
#define CH_LOG_COSIGNED "cosigned"

struct ch_log_public {
    int folder_fd; /* stays the caller's */
    int hashes_fd[CH_TILE_LEVELS];
};

/* Opens the hashes, for writing too if `write`. Close also after a failure. */
enum ch_code ch_log_public_open(int folder_fd, bool write, struct ch_log_public *ret,
                                struct ch_err *err) CH_MUST_CHECK;
void ch_log_public_close(struct ch_log_public *p);

/* The signed note as it is on disk, appended. */
enum ch_code ch_log_read_note(int folder_fd, struct ch_buf *ret, struct ch_err *err) CH_MUST_CHECK;
/* The newest one that a quorum of witnesses has cosigned. CH_E_NOT_FOUND: there is none yet. */
enum ch_code ch_log_read_cosigned(int folder_fd, struct ch_buf *ret,
                                  struct ch_err *err) CH_MUST_CHECK;
/* The newest one, with its cosignatures where it has them already. */
enum ch_code ch_log_read_newest(int folder_fd, struct ch_buf *ret,
                                struct ch_err *err) CH_MUST_CHECK;
/* The bytes of a tile of hashes, appended; CH_E_FORMAT when the files do not have them. */
enum ch_code ch_log_read_hashes(const struct ch_log_public *p, const struct ch_tile *tile,
                                struct ch_buf *ret, struct ch_err *err) CH_MUST_CHECK;
/* Nodes for proofs; both stay the caller's. */
struct ch_log_reader {
    const struct ch_log_public *files;
    struct ch_hash *hash;
};
struct ch_nodes ch_log_nodes(struct ch_log_reader *r);

/* Exactly len bytes at `at`; CH_E_FORMAT when the file ends before. */
enum ch_code ch_log_pread(int fd, void *ret, size_t len, uint64_t at, const char *what,
                          struct ch_err *err) CH_MUST_CHECK;

#endif
