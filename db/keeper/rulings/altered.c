#include "altered.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/people/people.h"
#include "exceptions.h"
#include "rulings.h"

struct altered altered_now(const struct keeper *k)
{
    return (struct altered){
        .approvals = k->rulings != NULL ? rulings_distrusted(k) : 0,
        .denials = k->rulings != NULL ? rulings_restored(k) : 0,
        .exceptions = exceptions_altered(k),
        .people = k->people_altered,
    };
}

size_t altered_count(const struct altered *a)
{
    return a->approvals + a->denials + a->exceptions + a->people;
}

void altered_tell(struct keeper *k)
{
    struct altered a = altered_now(k);
    if (altered_count(&a) > 0 && k->healthy) { /* at a start: keeper_begin */
        notices_altered(k, &a);
    }
}

enum ch_code altered_check_again(struct keeper *k, struct ch_err *err)
{
    struct ch_err other;
    audit_recall(k);
    enum ch_code rc = rulings_load(k, err);
    enum ch_code people = people_reload(k, rc == CH_OK ? err : &other);
    rc = rc == CH_OK ? people : rc;
    enum ch_code exceptions = exceptions_load(k, rc == CH_OK ? err : &other);
    rc = rc == CH_OK ? exceptions : rc;
    k->rules++;
    keeper_raise_epoch(k);
    return rc;
}
