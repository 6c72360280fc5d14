/* Which approvals were in force when a page was listed, as its entry says, beside what the database
 * and the log have of them. Entries of before said nothing of it. */
#include "auditor.h"

#include <stdlib.h>

void audit_listings_done(struct audit_listings *l)
{
    free(l->list);
    *l = (struct audit_listings){.count = 0};
}

static void add(void *ctx, const struct ch_approval_logged *a)
{
    struct audit_listings *l = ctx;
    if (l->count == l->cap) {
        l->cap = l->cap == 0 ? 64 : l->cap * 2;
        l->list = ch_realloc_array(l->list, l->cap, sizeof(*l->list));
    }
    l->list[l->count++] = *a;
}

static enum ch_code look(struct audit_listings *l, uint64_t entry, int64_t at_us,
                         struct ch_err *err)
{
    if (ch_in_force_holds(&l->last, entry, at_us)) {
        return CH_OK;
    }
    ch_in_force_begin(&l->last, entry, at_us);
    for (size_t i = 0; i < l->count; i++) {
        ch_in_force_add(&l->last, &l->list[i]);
    }
    return ch_in_force_end(&l->last, err);
}

enum ch_code audit_check_listing(struct audit_verify *v, const struct ch_logged *l,
                                 const struct ch_log_entry_fields *f, struct ch_err *err)
{
    struct audit_listings *known = &v->listings;
    struct ch_sha256 stated;
    int64_t at_us = 0;
    if (!ch_str_eq(l->row.kind, CH_STR("listing")) ||
        !ch_log_entry_get_sha(f, "exceptions", &stated) ||
        !ch_log_entry_get_int(f, "at_us", &at_us)) {
        return CH_OK;
    }
    enum ch_code rc = known->read ? CH_OK : ch_store_approvals_logged(v->store, add, known, err);
    known->read = rc == CH_OK;
    rc = rc == CH_OK ? look(known, l->row.index, at_us, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (!ch_sha256_eq(&known->last.digest, &stated)) {
        audit_problem(v,
                      "entry %llu (listing): the exceptions that were in force then are not those "
                      "that the database has of that time",
                      (unsigned long long)l->row.index);
    }
    return CH_OK;
}
