/* What the audit log itself says of rulings, exceptions and people. Rows of the database are what
 * people read; which of them let something pass, which denial has ended, what was asked and
 * approved, and what people may, is believed of the log alone (T4): of its files, of what waits for
 * them under a seal of the log's key, and of what this process has entered since.
 *
 * Away from ALLOW everything counts: what waits under no seal may deny, and may end an approval.
 * Towards ALLOW it does not. */
#ifndef KEEPER_AUDIT_SAID_H
#define KEEPER_AUDIT_SAID_H

#include "customhouse/digest.h"

struct said;
struct said *said_new(void);
void said_free(struct said *s);
/* An entry at its place; what is about nothing of this is passed over. */
void said_add(struct said *s, uint64_t index, struct ch_str entry, bool sealed);
/* The entries from here on are not there after all. */
void said_undo(struct said *s, uint64_t from);
/* Forgets the words of approvals that have ended, and the steps of exceptions that are closed. */
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

/* An entry as it was written, for audit_says.h. */
struct said_entry {
    uint64_t index;
    struct ch_str entry; /* borrowed until something is added or undone; absent: forgotten */
    bool sealed;
};
/* The steps of the exception that has this number now, in their order: at most `max` of them in
 * `ret`. Returns how many there are. */
size_t said_steps(struct said *s, uint64_t exception, struct said_entry *ret, size_t max);
/* Whether a step has closed it. Of one that is closed the other steps may be forgotten. */
bool said_exception_is_closed(struct said *s, uint64_t exception);

/* What was given, or proposed by one of two, under this number last. *ret_ended_us: when an entry
 * ended it; CH_TIME_UNKNOWN: none did. */
enum said_given { SAID_OF_PEOPLE, SAID_OF_PROPOSAL, SAID_OF_POLICY_PROPOSAL };
bool said_given(struct said *s, enum said_given of, uint64_t id, struct said_entry *ret,
                int64_t *ret_ended_us);
/* All rows about people that were ever given, each number once, with its first entry. `each` asks
 * nothing that adds or undoes. */
typedef void said_people_fn(void *ctx, uint64_t id, struct ch_str entry);
void said_people(struct said *s, said_people_fn *each, void *ctx);
/* Whether somebody has said that what the database has under this number is lost or altered
 * (`audit settle`): it has ended then, for good, and is not looked for any more. */
bool said_settled(struct said *s, uint64_t id, int64_t *ret_at_us);
/* Whether, behind this entry, texts were erased by an act that does not say which. */
bool said_erased_unlisted(struct said *s, uint64_t index);
/* The entry by which this act erased texts. */
bool said_erased(struct said *s, uint64_t act, struct said_entry *ret);

#endif
