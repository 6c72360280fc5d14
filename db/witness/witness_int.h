/* Inside a witness: its folder (state.c), and what it answers (answer.c). */
#ifndef WITNESS_INT_H
#define WITNESS_INT_H

#include "witness.h"

#include "db/signing/signer.h"

/* A log, by its origin. */
struct witnessed {
    char origin[CH_NOTE_NAME_MAX + 1];
    uint64_t size; /* cosigned last; 0: nothing yet */
    struct ch_sha256 root;
    uint64_t said_s[WITNESS_CANNOT_RECORD + 1]; /* when each event was said last */
};

struct witness {
    int folder_fd;
    int lock_fd;
    int checkpoints_fd;
    struct ch_signer *key;
    struct ch_note_signer signer;
    struct ch_hash *hash;
    struct witness_log *keys;
    size_t key_count;
    struct witnessed *logs;
    size_t log_count;
};

/* NULL: no such log. */
struct witnessed *witness_find(struct witness *w, struct ch_str origin);

#endif
