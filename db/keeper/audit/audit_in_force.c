/* Which approvals are in force, for an entry that says so. There may be many, and a listing is made
 * at each refresh: looked up once until one of them begins or ends. */
#include "audit_int.h"

#include "db/log/in_force.h"

static void add(void *ctx, const struct ch_approval_logged *approval)
{
    ch_in_force_add(ctx, approval);
}

enum ch_code audit_in_force(struct keeper *k, int64_t at_us, const struct ch_sha256 **ret,
                            struct ch_err *err)
{
    struct ch_in_force *known = audit_known_in_force(k);
    struct audit_state s;
    audit_state(k, &s);
    *ret = &known->digest;
    if (ch_in_force_holds(known, s.next, at_us)) {
        return CH_OK;
    }
    ch_in_force_begin(known, s.next, at_us);
    enum ch_code rc = ch_store_approvals_logged(k->store, add, known, err);
    if (rc != CH_OK) {
        CH_IGNORE(ch_in_force_end(known, NULL));
        known->to = 0;
        return rc;
    }
    return ch_in_force_end(known, err);
}
