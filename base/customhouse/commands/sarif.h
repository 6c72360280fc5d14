/* Findings as SARIF 2.1.0 (OASIS), for programs that collect them. */
#ifndef BASE_CUSTOMHOUSE_SARIF_H
#define BASE_CUSTOMHOUSE_SARIF_H

#include "customhouse/bytes.h"
#include "customhouse/finding.h"

/* A rule that is no finding's. */
struct sarif_rule {
    const char *id;
    const char *text;
};

struct sarif_result {
    struct ch_str rule;
    const char *level; /* "error", "warning", "note" */
    struct ch_str text;
    struct ch_str path;   /* where it was found: becomes a relative URI, escaped */
    struct ch_str member; /* within that; absent: nowhere in particular */
};

/* Of a finding that this program does not know (NULL): the worst. */
const char *sarif_level(const struct ch_finding_row *row);
bool sarif_above_note(const struct ch_finding_row *row);

/* The log up to its results: one run, with all findings as rules, and `more` (NULL: none). What
 * follows are results, and then "]...}]}". */
void sarif_put_begin(struct ch_buf *b, const struct sarif_rule *more);
void sarif_put_result(struct ch_buf *b, const struct sarif_result *r, bool first);

#endif
