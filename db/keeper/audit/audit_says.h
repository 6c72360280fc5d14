/* Whether an entry of the log says the same as a row of the database. What it has in the clear is
 * compared as it is; of what it has a commitment to (T26) the salt comes from the row beside it,
 * which cannot be another one that fits another text. A text that was erased is compared by the
 * second commitment, where the entry of the act that erased it has that one, too. */
#ifndef KEEPER_AUDIT_SAYS_H
#define KEEPER_AUDIT_SAYS_H

#include "audit_said.h"
#include "db/keeper/keeper_int.h"
#include "db/log/entry.h"

#define SAYS_TEXTS 8 /* commitments of an entry; none has more */

struct says_text {
    char field[CH_ENTRY_KEY_MAX];
    uint8_t salt[CH_ENTRY_SALT_BYTES];
    bool erased;
    uint64_t act;          /* by this entry */
    struct ch_sha256 hmac; /* of what the row says, under the salt; zero: nothing stayed */
};
struct says {
    struct keeper *k;
    struct ch_log_entry_fields f;
    struct says_text texts[SAYS_TEXTS];
    size_t text_count;
    enum ch_code failed; /* it could not be looked up what an act erased */
    uint64_t index;      /* of the entry */
    bool unlisted;       /* a text cannot be compared: an act erased it that does not say which */
};
/* An entry and what stands beside it. CH_E_FORMAT: it is none, or forgotten. */
enum ch_code says_begin(struct keeper *k, const struct said_entry *entry, struct says *ret,
                        struct ch_err *err) CH_MUST_CHECK;
/* Absent and empty are alike, and so are absent and the value that stands for unknown. */
bool says_text(const struct says *s, const char *key, struct ch_str should);
bool says_sha(const struct says *s, const char *key, const struct ch_sha256 *should);
bool says_number(const struct says *s, const char *key, int64_t should, int64_t absent);
bool says_flag(const struct says *s, const char *key, bool should);
/* By its commitment. */
bool says_committed(struct says *s, const char *key, struct ch_str should);
/* Between these, what an act has listed is read once: when all rows are looked at. */
void says_keep_acts(struct keeper *k);
void says_drop_acts(struct keeper *k);

#endif
