/* Inside the writing side: the state between batches, and what opening shares with appending. */
#ifndef LOG_APPEND_INT_H
#define LOG_APPEND_INT_H

#include "db/log/append.h"
#include "db/log/journal.h"

#define NOTE_NEW     CH_LOG_NOTE ".new"
#define NOTE_SPARE   CH_LOG_NOTE ".spare"
#define COSIGNED_NEW CH_LOG_COSIGNED ".new"
#define PUBLIC_MODE  0640

struct ch_log {
    struct ch_log_files files;
    const struct ch_note_signer *signer;
    struct ch_hash *hash;
    uint64_t size;        /* under the checkpoint */
    uint64_t data_bytes;  /* of the entries below size */
    uint64_t reserved_to; /* of `data`: allocated up to there */
    struct ch_journal journal;
    bool unsynced[CH_TILE_LEVELS]; /* hashes were written since the last seal */
    bool broken;                   /* an append has failed */
    /* the batch under way: the tree with it, and what goes to the files */
    struct ch_tree tree;
    struct ch_buf hashes[CH_TILE_LEVELS];
    struct ch_buf bundles;
};

struct ch_log *ch_log_new(const struct ch_note_signer *signer); /* nothing open */
enum ch_code ch_log_pwrite(int fd, struct ch_str bytes, uint64_t at, const char *what,
                           struct ch_err *err) CH_MUST_CHECK;
/* What a batch is made of, from its entries on: into log->tree, hashes, bundles. */
enum ch_code ch_log_gather(struct ch_log *log, struct ch_str bundle,
                           struct ch_err *err) CH_MUST_CHECK;
/* Writes what was gathered to its places. */
enum ch_code ch_log_place(struct ch_log *log, struct ch_str bundle,
                          struct ch_err *err) CH_MUST_CHECK;
/* The batch is in its places: the log has it. */
void ch_log_advance(struct ch_log *log, struct ch_str bundle);
/* The checkpoint of log->tree, signed. */
enum ch_code ch_log_sign(struct ch_log *log, struct ch_buf *note, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_log_publish(struct ch_log *log, struct ch_str note,
                            struct ch_err *err) CH_MUST_CHECK;
/* Syncs all places, and begins the journal anew. */
enum ch_code ch_log_seal(struct ch_log *log, struct ch_err *err) CH_MUST_CHECK;
void ch_log_reserve(struct ch_log *log);

#endif
