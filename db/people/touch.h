/* Who may change what is known of people. Pure.
 *
 * Who approves exceptions is not the operators' to say (T22, T26; trust.md 6.2: who administers
 * never approves): with a second uid, a token or a place in a group one of them would be an
 * approver himself. So of a person who approves, or who would by the change, only approvers change
 * anything: groups, uids, tokens, the person. Their own right has to reach as far as the one they
 * give or take. All else is people.admin's. */
#ifndef PEOPLE_TOUCH_H
#define PEOPLE_TOUCH_H

#include "people.h"

struct people_change {
    const struct ch_people_row *rows; /* to be added */
    size_t row_count;
    const uint64_t *ends; /* ids of rows that stand, to be ended */
    size_t end_count;
};

struct people_touch {
    bool approver;                 /* some of it is about an approver, now or by it */
    bool others;                   /* some of it is not */
    char who[PEOPLE_NAME_MAX + 1]; /* the first of those approvers */
};
/* What the change is about. */
struct people_touch people_touched(const struct people *p, const struct people_change *change);
/* Whether this principal may, as far as it is about approvers: true where it is not. */
bool people_may_touch(const struct people *p, const struct principal *who,
                      const struct people_change *change);

#endif
