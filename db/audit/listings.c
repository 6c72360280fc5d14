/* Which approvals were in force when a page was listed, as its entry says, beside what the database
 * and the log have of them. Entries of before said nothing of it. */
#include "auditor.h"

#include <stdlib.h>
#include <string.h>

#include "db/log/entry_row.h"

void audit_listings_done(struct audit_listings *l)
{
    free(l->list);
    ch_buf_done(&l->lines);
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

/* Most listings have the same ones as the listing before. */
static void digest(struct audit_listings *l, uint64_t entry, int64_t at_us)
{
    struct ch_buf lines;
    ch_buf_init(&lines, 64u << 20);
    for (size_t i = 0; i < l->count; i++) {
        if (ch_entry_in_force(&l->list[i], entry, at_us)) {
            ch_entry_put_in_force(&l->list[i], &lines);
        }
    }
    if (!l->has_digest || !ch_str_eq(ch_buf_str(&lines), ch_buf_str(&l->lines))) {
        l->digest = ch_sha256_of(lines.len > 0 ? lines.ptr : "", lines.len);
        l->has_digest = true;
    }
    ch_buf_done(&l->lines);
    l->lines = lines;
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
    if (!known->read) {
        enum ch_code rc = ch_store_approvals_logged(v->store, add, known, err);
        if (rc != CH_OK) {
            return rc;
        }
        known->read = true;
    }
    digest(known, l->row.index, at_us);
    if (!ch_sha256_eq(&known->digest, &stated)) {
        audit_problem(v,
                      "entry %llu (listing): the exceptions that were in force then are not those "
                      "that the database has of that time",
                      (unsigned long long)l->row.index);
    }
    return CH_OK;
}
