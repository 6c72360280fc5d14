/* The log's journal, STATE/audit/entries/journal: a file of fixed size, written before anything
 * else. One record is one batch with the checkpoint that covers it; once it is on disk, with one
 * fdatasync, the batch is durable, and may be published before its bytes are durable in their
 * places.
 *
 * Records lie one after the other. A restart, which needs that everything before it is durable in
 * its place, begins again at 0 under the next generation: what is left of the former one is no
 * record any more, and zeros are written over it, so that nothing lies there that nobody looks at.
 * The first record of a generation says where the log stood and has no entries. */
#ifndef LOG_JOURNAL_H
#define LOG_JOURNAL_H

#include "customhouse/digest.h"

struct ch_journal {
    int fd;
    uint64_t generation; /* of the record written or read last */
    uint64_t at;         /* where the next one goes, or is */
    uint64_t used; /* at a restart: up to here there may be something of former generations */
};

struct ch_journal_record {
    uint64_t size;       /* entries before this batch */
    uint64_t data_bytes; /* of them, in `data` */
    struct ch_str bundle;
    struct ch_str note; /* the checkpoint after it */
};

/* Writes zeros over the whole file, so that its blocks are there, also on a full disk (T4). */
enum ch_code ch_journal_make(int fd, struct ch_err *err) CH_MUST_CHECK;
/* What fits behind the first record. */
size_t ch_journal_bundle_max(void);
bool ch_journal_has_room(const struct ch_journal *j, size_t bundle_bytes);
void ch_journal_restart(struct ch_journal *j);
/* Durable when it returns. */
enum ch_code ch_journal_put(struct ch_journal *j, const struct ch_journal_record *r,
                            struct ch_err *err) CH_MUST_CHECK;
/* The record at j->at, whose slices borrow from `memory`, and moves on to the next. CH_E_NOT_FOUND:
 * there is none, or it was not written to its end. The first one says which generation counts. */
enum ch_code ch_journal_next(struct ch_journal *j, struct ch_buf *memory,
                             struct ch_journal_record *ret, struct ch_err *err) CH_MUST_CHECK;
/* Whether zeros follow its last record: those of before they did say so. */
bool ch_journal_is_zeroed(const struct ch_journal *j);

#endif
