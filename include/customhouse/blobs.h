/* The blob store on disk (T3): STATE/blobs/spool (being fetched), STATE/blobs/sha256/ab/cdef...
 * (verified, immutable, undecided or more), STATE/served/sha256/ab/cdef... (hard links of what is
 * ALLOW: the only tree that gateways may read).
 *
 * An inode is hashed and published only once no writer is left. Names by other algorithms are rows of the
 * store (ch_store_add_alias), not files: one blob, one decision (T15). */
#ifndef CUSTOMHOUSE_BLOBS_H
#define CUSTOMHOUSE_BLOBS_H

#include "customhouse/digest.h"
#include "customhouse/err.h"

struct ch_blobs;

/* Opens the folders below state_dir (creating what is missing; the served tree keeps its group
 * and setgid bit). CH_E_DENIED: `blobs` is open to others. */
enum ch_code ch_blobs_open(const char *state_dir, struct ch_blobs **ret_blobs, struct ch_err *err) CH_MUST_CHECK;
void ch_blobs_close(struct ch_blobs *b);
/* Removes what an interrupted run left in the spool. */
enum ch_code ch_blobs_clear_spool(struct ch_blobs *b, struct ch_err *err) CH_MUST_CHECK;

/* A new spool file, named by `job`; the descriptor is for reading and writing, the caller closes it. */
enum ch_code ch_blobs_spool(struct ch_blobs *b, uint64_t job, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
/* One that is there, again, for appending alone: an upload goes on. The caller closes it. */
enum ch_code ch_blobs_spool_again(struct ch_blobs *b, uint64_t job, int *ret_fd, uint64_t *ret_size_bytes,
                                  struct ch_err *err) CH_MUST_CHECK;
/* How much of it there is. */
enum ch_code ch_blobs_spooled(struct ch_blobs *b, uint64_t job, uint64_t *ret_size_bytes,
                              struct ch_err *err) CH_MUST_CHECK;
void ch_blobs_discard(struct ch_blobs *b, uint64_t job);

/* Hashes the spool file and moves it to sha256/. First proves that no writer is left (F_SETLEASE
 * F_RDLCK on a fresh read-only descriptor): CH_E_BUSY while one is; the caller closes its own
 * descriptor before. The blob is fsynced and mode 0440, its folder fsynced. Publishing bytes that are
 * there already keeps the old inode. CH_E_UNSUPPORTED: the file system has no leases. */
enum ch_code ch_blobs_publish(struct ch_blobs *b, uint64_t job, struct ch_sha256 *ret_sha256,
                              uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;
/* The same where it is known which bytes they have to be: of others nothing is published, and
 * CH_E_MISMATCH says what they are. */
enum ch_code ch_blobs_publish_as(struct ch_blobs *b, uint64_t job, const struct ch_sha256 *expected,
                                 uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;
/* Stores small bytes of our own (checked metadata) as a blob. */
enum ch_code ch_blobs_put(struct ch_blobs *b, struct ch_str bytes, struct ch_sha256 *ret_sha256,
                          struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_blobs_open_read(struct ch_blobs *b, const struct ch_sha256 *sha256, int *ret_fd,
                                uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;
bool ch_blobs_has(struct ch_blobs *b, const struct ch_sha256 *sha256);

/* ALLOW: hard link into served/ (idempotent, durable). Withdrawal: unlink (idempotent, immediate,
 * not waiting for the disk: start-up compares ch_blobs_each_served with the decisions). */
enum ch_code ch_blobs_serve(struct ch_blobs *b, const struct ch_sha256 *sha256, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_blobs_withdraw(struct ch_blobs *b, const struct ch_sha256 *sha256, struct ch_err *err) CH_MUST_CHECK;
bool ch_blobs_is_served(struct ch_blobs *b, const struct ch_sha256 *sha256);
/* Calls `each` for every blob linked in served/: start-up checks it against the decisions. */
typedef void ch_blobs_fn(void *ctx, const struct ch_sha256 *sha256);
enum ch_code ch_blobs_each_served(struct ch_blobs *b, ch_blobs_fn *each, void *ctx,
                                  struct ch_err *err) CH_MUST_CHECK;
/* The same for every blob that lies in sha256/, served or not: start-up takes in what a kill left
 * between publication and its row. */
enum ch_code ch_blobs_each(struct ch_blobs *b, ch_blobs_fn *each, void *ctx, struct ch_err *err) CH_MUST_CHECK;
/* Removes the bytes everywhere (eviction); facts stay in the store. */
enum ch_code ch_blobs_evict(struct ch_blobs *b, const struct ch_sha256 *sha256, struct ch_err *err) CH_MUST_CHECK;

/* The gateway's side: opens a served blob read-only below `served_dir_fd` (O_NOFOLLOW, regular file).
 * CH_E_NOT_FOUND when it was withdrawn. */
enum ch_code ch_served_open(int served_dir_fd, const struct ch_sha256 *sha256, int *ret_fd,
                            uint64_t *ret_size_bytes, struct ch_err *err) CH_MUST_CHECK;

#endif
