/* What two jails say about the same bytes, made one inspection (threats.md T2). Pure: it decodes our own
 * bounded streams and nothing else. The keeper decides by it; `customhouse inspect` shows it. */
#ifndef CUSTOMHOUSE_AGREE_H
#define CUSTOMHOUSE_AGREE_H

#include "customhouse/message.h"
#include "customhouse/store.h"

/* Two sealed streams about the same artifact -> one inspection: findings of the strict jail, those of
 * a disagreement (T2), those that the keeper adds itself. Slices borrow from the streams and from
 * `strings`. Pure. */
struct ch_agreed {
    struct ch_inspection_row row;
    struct ch_str metadata; /* bytes of the core metadata, absent: none */
    struct ch_finding *findings;
    size_t finding_count, finding_cap;
    struct ch_fact *facts;
    size_t fact_count, fact_cap;
    bool interrupted; /* not complete for no fault of the bytes, and no attack was found: worth another try */
    struct ch_buf strings;
};
struct ch_agree_input {
    const struct ch_scanned *strict, *second; /* outcomes */
    struct ch_str strict_stream, second_stream;
    struct ch_sha256 sha256; /* of the artifact, as we hashed it */
    uint64_t size_bytes;
};
void ch_agree(const struct ch_agree_input *in, struct ch_agreed *ret);
/* A copy of what was agreed on these bytes before, which costs nothing now. */
void ch_agreed_take(const struct ch_inspection_row *row, struct ch_agreed *ret);
void ch_agreed_done(struct ch_agreed *a);
void ch_agreed_add(struct ch_agreed *a, enum ch_finding_code code, struct ch_str evidence);

#endif
