/* What differs between two decisions: for those who try a policy before they set it. */
#include "customhouse/policy.h"

#include <string.h>

static const char *const names[] = {
    [CH_DECISION_SAME] = "same",
    [CH_DECISION_RESTATED] = "restated",
    [CH_DECISION_LOOSER] = "looser",
    [CH_DECISION_STRICTER] = "stricter",
};

const char *ch_decision_change_name(enum ch_decision_change change)
{
    return (unsigned)change < CH_ARRAY_LEN(names) ? names[change] : names[CH_DECISION_STRICTER];
}

/* How much gets through. An eligible file is listed, so that resolvers take it. */
static int openness(const struct ch_decision *d)
{
    switch (d->verdict) {
    case CH_VERDICT_ALLOW:
        return 3;
    case CH_VERDICT_HOLD:
        return d->eligible ? 2 : 1;
    case CH_VERDICT_DENY:
        break;
    }
    return 0;
}

enum ch_decision_change ch_decision_compare(const struct ch_decision *before,
                                            const struct ch_decision *after)
{
    int from = openness(before);
    int to = openness(after);
    if (from != to) {
        return to > from ? CH_DECISION_LOOSER : CH_DECISION_STRICTER;
    }
    bool same = strcmp(before->rule, after->rule) == 0 &&
                strcmp(before->reason, after->reason) == 0 && before->holds == after->holds &&
                before->audited == after->audited && before->until_us == after->until_us;
    return same ? CH_DECISION_SAME : CH_DECISION_RESTATED;
}

/* What is eligible is held by its inspection alone: "hold" would read as if its rule held it. */
static void put_one(struct ch_buf *b, const struct ch_decision *d)
{
    ch_buf_printf(b, "%s%s (", d->eligible ? "eligible" : ch_verdict_name(d->verdict),
                  d->audited ? " in audit" : "");
    ch_buf_put_escaped(b, ch_str_of(d->rule));
    if (d->policy_line > 0) {
        ch_buf_printf(b, ", line %u", d->policy_line);
    }
    ch_buf_putc(b, ')');
}

void ch_decision_put_change(struct ch_buf *b, const struct ch_decision *before,
                            const struct ch_decision *after)
{
    put_one(b, before);
    ch_buf_puts(b, CH_STR(" -> "));
    put_one(b, after);
}
