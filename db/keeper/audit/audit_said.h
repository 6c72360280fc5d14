/* What the audit log itself says of rulings and exceptions. Rows of the database are what people
 * read; which of them let something pass, and which denial has ended, is believed of the log alone
 * (T4): of its files, of what waits for them under a seal of the log's key, and of what this
 * process has entered since.
 *
 * Away from ALLOW everything counts: what waits under no seal may deny, and may end an approval.
 * Towards ALLOW it does not. */
#ifndef KEEPER_AUDIT_SAID_H
#define KEEPER_AUDIT_SAID_H

#include "customhouse/digest.h"

struct said;
struct said *said_new(void);
void said_free(struct said *s);
/* An entry at its place; what is about neither rulings nor exceptions is passed over. */
void said_add(struct said *s, uint64_t index, struct ch_str entry, bool sealed);
/* The entries from here on are not there after all. */
void said_undo(struct said *s, uint64_t from);
/* Forgets the words of approvals that have ended. */
void said_shorten(struct said *s);

struct said_ruling {
    uint64_t id;
    uint64_t index;            /* place of its entry */
    struct ch_str entry;       /* borrowed until something is added or undone */
    struct ch_str environment; /* of the exception that it came into force with; absent: of none */
};
/* The approval of this number, if it came into force and nothing says that it has ended. */
bool said_approval(struct said *s, uint64_t id, struct said_ruling *ret);
/* Each denial that nothing but its time can have ended; of this number, or of all with 0, in order
 * of their numbers. Returns how many there are with those that have ended. */
typedef void said_ruling_fn(void *ctx, const struct said_ruling *denial);
size_t said_denials(struct said *s, uint64_t id, said_ruling_fn *each, void *ctx);

#endif
