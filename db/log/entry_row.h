/* Entries that say all of a row, which has no number or is replaced: who has the row writes the
 * entry again, and compares its leaf. Pure. */
#ifndef LOG_ENTRY_ROW_H
#define LOG_ENTRY_ROW_H

#include "entry.h"

#define CH_ENTRY_FIRST_OWNER "first-owner"
#define CH_ENTRY_VALUE       "value"

/* Between ch_log_entry_begin and _end. Whose a name was first (T12). */
struct ch_entry_owner {
    struct ch_str repository, project, upstream;
    int64_t at_us;
};
void ch_log_entry_put_owner(struct ch_log_entry *e, const struct ch_entry_owner *owner);
/* What the keeper keeps for itself under a name, by the digest of its bytes. */
void ch_log_entry_put_value(struct ch_log_entry *e, struct ch_str name, struct ch_str bytes,
                            int64_t at_us);

#endif
