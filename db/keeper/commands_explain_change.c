/* explain: what would change a decision. */
#include "commands_int.h"

#include <string.h>

#include "sizes.h"

/* Of a hold by age that no time ends. */
static const char *what_is_awaited(const struct ch_decision *d)
{
    switch (d->awaits) {
    case CH_AWAITS_STATED_TIME:
        return "the upstream stating when it was released, or: customhouse approve FILE --reason "
               "TEXT --expires DATE";
    case CH_AWAITS_INDEX:
        return "an answer of the upstream's index that lists it, which is asked for when somebody "
               "asks, or: customhouse approve FILE --reason TEXT --expires DATE";
    case CH_AWAITS_BYTES: /* and something else holds it */
    case CH_AWAITS_UPSTREAM:
    case CH_AWAITS_NOTHING:
    default:
        return NULL;
    }
}

const char *command_what_would_change(struct keeper *k, struct page *p, size_t file,
                                      const struct ch_decision *d, char *text, size_t size)
{
    struct intake_progress progress;
    bool known = intake_progress(k, p, file, &progress), under_way = known && !progress.failed;
    if (page_withheld(p) && d->verdict != CH_VERDICT_DENY) {
        return command_withheld_advice(p);
    }
    if (d->verdict == CH_VERDICT_ALLOW) {
        return d->until_us != CH_TIME_UNKNOWN
                   ? "time alone; a deny, a finding of a later inspector, or the policy"
                   : "a deny, a finding of a later inspector, or the policy";
    }
    if (d->refetch) {
        return under_way ? "fetching its bytes again, which is under way"
                         : "fetching its bytes again, which starts when somebody asks for it";
    }
    if (d->eligible) {
        return under_way ? "inspection, which is under way"
               : known ? "fetching and inspecting it again, which starts when somebody asks for it"
                       : "inspection, which starts when somebody asks for it";
    }
    if (d->verdict == CH_VERDICT_DENY) {
        return d->ruling_id != 0
                   ? (d->until_us != CH_TIME_UNKNOWN ? "the end of this deny"
                                                     : "nothing by itself: a person denied it")
               : d->policy_line > 0 ? "the policy"
               : inspection_of_broken_transfer(p, file)
                   ? "fetching it again, which starts when somebody asks for it after the "
                     "upstream's index was read again"
               : strcmp(d->rule, "finding hash-mismatch") == 0
                   ? "the upstream's index, which states hashes of different files"
               : p->files[file].attack
                   ? "only an inspector that reports the finding no longer; no approval can"
                   : "the policy";
    }
    if (d->hold == CH_HOLD_FILE_TYPE || d->hold == CH_HOLD_FAILED) {
        return "an inspector that can read it whole";
    }
    if ((d->holds >> CH_HOLD_SIZE & 1) != 0) {
        return sizes_advice(k, p, file, text, size);
    }
    if (what_is_awaited(d) != NULL) {
        return what_is_awaited(d);
    }
    return d->until_us != CH_TIME_UNKNOWN
               ? "time alone, or: customhouse approve FILE --reason TEXT --expires DATE"
               : "customhouse approve FILE --reason TEXT --expires DATE";
}
