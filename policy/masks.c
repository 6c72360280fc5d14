/* Who may lift what, and what is never let through unseen. Spec: threats.md T8, T9, T10. */
#include "policy_int.h"

#define BIT(kind) ((uint64_t)1 << (kind))

/* Of a range of versions, which reaches files that nobody has seen: "version ranges only for age,
 * licence and advisory holds" (T9). What projects a site lists at all, its policy says. */
enum { OF_RANGE = 1u << CH_HOLD_AGE | 1u << CH_HOLD_LICENCE };

/* T8: a file is inspected whole before anyone's word counts; missing or failed inspection, a type
 * that nothing inspects, a size that is not fetched, what its upstream does not give, a part that
 * may not pass (it is approved itself), an index for other platforms (its images are), what an external
 * scanner says (it says otherwise itself) and a clock that cannot be trusted are not a matter of approval.
 * An attack has never got here. */
uint64_t ch_approval_liftable(bool of_bytes)
{
    if (!of_bytes) {
        return OF_RANGE;
    }
    return OF_RANGE | BIT(CH_HOLD_NOT_LISTED) | BIT(CH_HOLD_FINDING) | BIT(CH_HOLD_REMOVED) | BIT(CH_HOLD_SIBLING) |
           BIT(CH_HOLD_RULE) | BIT(CH_HOLD_IDENTITY) | BIT(CH_HOLD_BUILD) | BIT(CH_HOLD_AUTO_LOAD) |
           BIT(CH_HOLD_CHANGE) | BIT(CH_HOLD_NAME);
}

/* T5 and T10 ask for a review of the very files, T8 for an inspection: not a standing rule's to
 * lift. Nor what starts by itself or can suddenly do more (T9: an exception for a .pth file of
 * today would cover the trojan of tomorrow); whose build may run code has to be named by such a
 * rule (parse_rule.c). */
uint64_t ch_rule_liftable(void)
{
    return BIT(CH_HOLD_AGE) | BIT(CH_HOLD_FINDING) | BIT(CH_HOLD_RULE) | BIT(CH_HOLD_IDENTITY) |
           BIT(CH_HOLD_BUILD) | BIT(CH_HOLD_NAME) | BIT(CH_HOLD_LICENCE);
}

uint64_t ch_audit_refuses(void)
{
    return BIT(CH_HOLD_NO_RULE) | BIT(CH_HOLD_NOT_INSPECTED) | BIT(CH_HOLD_FAILED) |
           BIT(CH_HOLD_FILE_TYPE) | BIT(CH_HOLD_SIBLING) | BIT(CH_HOLD_OWNER) | BIT(CH_HOLD_SIZE) |
           BIT(CH_HOLD_PART) | BIT(CH_HOLD_FETCH) | BIT(CH_HOLD_EXTERNAL);
}
