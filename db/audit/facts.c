/* Facts that come in great numbers: entries of kind "facts" have a digest of the rows that a group
 * has added, of each table. Between what they name there is no row, nor behind it. */
#include "auditor.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ from entries */

static struct audit_fact_range *add_range(struct audit_facts *facts, uint64_t entry)
{
    if (facts->count == facts->cap) {
        facts->cap = facts->cap == 0 ? 64 : facts->cap * 2;
        facts->list = ch_realloc_array(facts->list, facts->cap, sizeof(*facts->list));
    }
    struct audit_fact_range *r = &facts->list[facts->count++];
    *r = (struct audit_fact_range){.entry = entry};
    return r;
}

void audit_facts_unread(struct audit_verify *v, uint64_t entry)
{
    add_range(&v->facts, entry)->unread = true;
}

static void take_table(struct audit_verify *v, uint64_t entry, enum ch_fact_table of,
                       struct ch_str rows)
{
    struct ch_log_entry_fields f;
    struct ch_sha256 list;
    int64_t from = 0, to = 0;
    if (ch_log_entry_read(rows, &f, NULL) != CH_OK || !ch_log_entry_get_int(&f, "from", &from) ||
        !ch_log_entry_get_int(&f, "to", &to) || !ch_log_entry_get_sha(&f, "list", &list) ||
        from < 1 || to < from) {
        audit_problem(v, "entry %llu (facts): does not say which rows of %s it is about",
                      (unsigned long long)entry, ch_facts_table(of));
        return;
    }
    struct audit_fact_range *r = add_range(&v->facts, entry);
    r->of = of;
    r->from = from;
    r->to = to;
    r->list = list;
}

void audit_facts_take(struct audit_verify *v, uint64_t entry, const struct ch_log_entry_fields *f)
{
    struct ch_log_entry_fields tables;
    if (ch_log_entry_read(ch_log_entry_get(f, "rows"), &tables, NULL) != CH_OK) {
        tables.count = 0;
    }
    for (size_t i = 0; i < CH_FACTS; i++) {
        struct ch_str rows = ch_log_entry_get(&tables, ch_facts_table((enum ch_fact_table)i));
        if (rows.ptr != NULL) {
            take_table(v, entry, (enum ch_fact_table)i, rows);
        }
    }
    /* it waits, and was not known then */
    for (size_t i = v->facts.count; i-- > 0;) {
        struct audit_fact_range *r = &v->facts.list[i];
        r->read = r->read || (r->unread && r->entry == entry);
    }
}

void audit_facts_add(struct audit_facts *facts, struct audit_facts *more)
{
    size_t count = facts->count + more->count;
    facts->list = ch_realloc_array(facts->list, count > 0 ? count : 1, sizeof(*facts->list));
    if (more->count > 0) {
        memcpy(&facts->list[facts->count], more->list, more->count * sizeof(*more->list));
    }
    facts->count = facts->cap = count;
    audit_facts_done(more);
}

void audit_facts_done(struct audit_facts *facts)
{
    free(facts->list);
    *facts = (struct audit_facts){0};
}

/* ------------------------------------------------------------------ against rows */

struct walk {
    struct audit_verify *v;
    enum ch_fact_table of;
    const struct audit_fact_range *range; /* the one that rows come to next; NULL: no more */
    size_t next;
    bool excused; /* before it there may be rows of an entry that could not be read */
    int64_t end;  /* of the last one */
};

static void next_range(struct walk *w)
{
    const struct audit_facts *facts = &w->v->facts;
    w->excused = false;
    w->end = w->range != NULL ? w->range->to : w->end;
    w->range = NULL;
    ch_hash_reset(w->v->hash);
    while (w->range == NULL && w->next < facts->count) {
        const struct audit_fact_range *r = &facts->list[w->next++];
        w->excused = w->excused || (r->unread && !r->read);
        if (!r->unread && r->of == w->of && r->from <= w->end) {
            audit_problem(w->v, "entry %llu (facts): says rows of %s again",
                          (unsigned long long)r->entry, ch_facts_table(w->of));
        } else if (!r->unread && r->of == w->of) {
            w->range = r;
        }
    }
}

static void end_range(struct walk *w)
{
    const struct audit_fact_range *r = w->range;
    struct ch_sha256 list = ch_hash_end(w->v->hash);
    unsigned long long from = (unsigned long long)r->from, to = (unsigned long long)r->to,
                       entry = (unsigned long long)r->entry;
    if (!ch_sha256_eq(&list, &r->list) && from == to) {
        audit_problem(w->v, "database: %s %llu is not what was logged (entry %llu)",
                      ch_facts_table(w->of), from, entry);
    } else if (!ch_sha256_eq(&list, &r->list)) {
        audit_problem(w->v,
                      "database: %s %llu to %llu are not the rows that were logged (entry %llu)",
                      ch_facts_table(w->of), from, to, entry);
    }
    w->v->compared++;
    next_range(w);
}

static void on_fact(void *ctx, int64_t id, const struct ch_sha256 *row)
{
    struct walk *w = ctx;
    while (w->range != NULL && w->range->to < id) {
        end_range(w);
    }
    if (w->range != NULL && w->range->from <= id) {
        ch_hash_add(w->v->hash, row->byte, sizeof(row->byte));
    } else if (!w->excused) {
        audit_problem(w->v, "database: %s %lld was never logged", ch_facts_table(w->of),
                      (long long)id);
    }
}

static enum ch_code check_table(struct audit_verify *v, enum ch_fact_table of, struct ch_err *err)
{
    struct walk w = {.v = v, .of = of, .end = INT64_MIN};
    next_range(&w);
    enum ch_code rc = ch_store_facts(v->store, of, INT64_MIN, on_fact, &w, err);
    while (rc == CH_OK && w.range != NULL) {
        end_range(&w);
    }
    return rc;
}

enum ch_code audit_facts_check(struct audit_verify *v, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < CH_FACTS; i++) {
        enum ch_fact_table of = (enum ch_fact_table)i;
        rc = v->bound >= ch_facts_since(of) ? check_table(v, of, err) : CH_OK;
    }
    return rc;
}
