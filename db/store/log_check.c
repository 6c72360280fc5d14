/* The audit log's entries beside what they are about, for whoever compares the two. */
#include "db/store/log_sources.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ what stands beside an entry */

struct beside { /* rows in the order of their entries, one ahead */
    struct ch_cursor c;
    enum ch_code rc; /* CH_OK: a row stands */
};

static void next_beside(struct beside *b, struct ch_err *err)
{
    b->rc = ch_cursor_next(&b->c, err);
}

static enum ch_code open_beside(struct ch_store *s, enum ch_sql sql, uint64_t from, uint64_t to,
                                struct beside *ret, struct ch_err *err)
{
    ret->rc = ch_cursor_open(s, sql, CH_ARGS(ch_arg_u64(from), ch_arg_u64(to)), &ret->c, err);
    if (ret->rc == CH_OK) {
        next_beside(ret, err);
    }
    return ret->rc == CH_E_NOT_FOUND ? CH_OK : ret->rc;
}

/* As much as there is room for: more than all that was ever logged of an entry is none of it. */
static struct ch_str keep(struct ch_buf *texts, struct ch_str s)
{
    size_t at = texts->len;
    struct ch_str kept = ch_str_sub(s, 0, texts->max - at);
    ch_buf_puts(texts, kept);
    return (struct ch_str){texts->ptr + at, kept.len};
}

static bool read_salt(struct ch_str bytes, uint8_t ret[CH_LOG_SALT_BYTES])
{
    if (bytes.ptr == NULL || bytes.len != CH_LOG_SALT_BYTES) {
        return false;
    }
    memcpy(ret, bytes.ptr, CH_LOG_SALT_BYTES);
    return true;
}

static void take_clears(struct beside *all, struct ch_logged *l, struct ch_buf *texts,
                        struct ch_err *err)
{
    while (all->rc == CH_OK && ch_col_u64(&all->c, 0) <= l->row.index) {
        struct ch_log_clear *one = &l->clear[l->clear_count];
        if (ch_col_u64(&all->c, 0) == l->row.index) {
            if (l->clear_count < CH_LOGGED_CLEAR && read_salt(ch_col_str(&all->c, 2), one->salt)) {
                one->field = keep(texts, ch_col_str(&all->c, 1));
                one->text = keep(texts, ch_col_str(&all->c, 3));
                l->clear_count++;
            } else {
                l->more_clear = true;
            }
        }
        next_beside(all, err);
    }
}

static void take_erased(struct beside *all, struct ch_logged *l, struct ch_buf *texts,
                        struct ch_err *err)
{
    while (all->rc == CH_OK && ch_col_u64(&all->c, 0) <= l->row.index) {
        struct ch_log_erased *one = &l->erased[l->erased_count];
        if (ch_col_u64(&all->c, 0) == l->row.index && l->erased_count < CH_LOGGED_CLEAR) {
            one->field = keep(texts, ch_col_str(&all->c, 1));
            one->act = ch_col_u64(&all->c, 2);
            one->has_hmac = read_salt(ch_col_str(&all->c, 3), one->salt);
            one->hmac = ch_col_sha(&all->c, 4);
            l->erased_count++;
        }
        next_beside(all, err);
    }
}

/* ------------------------------------------------------------------ entry after entry */

struct logged {
    struct ch_store *store;
    ch_store_logged_fn *each;
    void *ctx;
    struct ch_logged_seen *seen;
    struct ch_log_walk walk[CH_LOGGED_SOURCES];
    struct beside clears, erased;
    struct ch_buf texts;
    bool dropped_known;
    uint64_t dropped; /* of who got what, all before this one */
    struct ch_logged l;
};

enum ch_code ch_store_served_dropped(struct ch_store *s, uint64_t *ret, struct ch_err *err)
{
    int64_t before = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_SERVED_DROPPED, NULL, 0, &before, err);
    *ret = rc == CH_OK && before > 0 ? (uint64_t)before : 0;
    return rc;
}

/* Of who got what only so many rows are kept: the newest. */
static enum ch_code look_dropped(struct logged *g, struct ch_err *err)
{
    enum ch_code rc =
        g->dropped_known ? CH_OK : ch_store_served_dropped(g->store, &g->dropped, err);
    g->dropped_known = rc == CH_OK;
    g->l.source_dropped = rc == CH_OK && g->l.row.source < g->dropped;
    return rc;
}

static void count_seen(struct ch_logged_seen *seen, uint64_t id)
{
    seen->unordered = seen->unordered || (seen->rows > 0 && seen->last >= id);
    seen->first = seen->rows == 0 ? id : seen->first;
    seen->last = id;
    seen->rows++;
}

void ch_logged_seen_add(struct ch_logged_seen *into, const struct ch_logged_seen *seen)
{
    if (seen->rows == 0) {
        return;
    }
    into->unordered =
        into->unordered || seen->unordered || (into->rows > 0 && into->last >= seen->first);
    into->first = into->rows == 0 ? seen->first : into->first;
    into->last = seen->last;
    into->rows += seen->rows;
}

/* Whether a newer entry says what the row is now. */
static enum ch_code is_replaced(struct ch_store *s, const struct ch_log_row *row, bool *ret,
                                struct ch_err *err)
{
    int64_t newest = 0;
    enum ch_code rc =
        ch_sql_number(s, CH_SQL_NEWEST_LOG_OF,
                      CH_ARGS(ch_arg_text(row->kind), ch_arg_u64(row->source)), &newest, err);
    *ret = rc == CH_OK && newest > 0 && (uint64_t)newest > row->index;
    return rc;
}

static enum ch_code one_entry(struct logged *g, struct ch_err *err)
{
    struct ch_logged *l = &g->l;
    const struct ch_log_source *source = ch_log_source_of(l->row.kind);
    l->table = NULL;
    l->source_there = l->source_dropped = l->more_clear = false;
    l->field_count = l->clear_count = l->erased_count = 0;
    ch_buf_clear(&g->texts);
    take_clears(&g->clears, l, &g->texts, err);
    take_erased(&g->erased, l, &g->texts, err);
    bool replaced = false;
    enum ch_code rc =
        source != NULL && source->replaced ? is_replaced(g->store, &l->row, &replaced, err) : CH_OK;
    if (source == NULL || replaced) {
        return rc == CH_OK ? g->each(g->ctx, l, err) : rc;
    }
    size_t number = (size_t)(source - ch_log_sources);
    struct ch_log_walk *w = &g->walk[number];
    l->table = source->table;
    rc = rc == CH_OK ? ch_log_walk_to(g->store, source, w, l->row.source, err) : rc;
    if (rc == CH_OK) {
        l->source_there = true;
        rc = ch_log_walk_read(g->store, source, w, l, err);
        if (g->seen != NULL) {
            count_seen(&g->seen[number], w->id);
        }
    } else if (rc == CH_E_NOT_FOUND) {
        rc = source->trimmed ? look_dropped(g, err) : CH_OK;
    }
    return rc == CH_OK ? g->each(g->ctx, l, err) : rc;
}

enum ch_code ch_store_logged(struct ch_store *s, uint64_t from, uint64_t to,
                             ch_store_logged_fn *each, void *ctx, struct ch_logged_seen *seen,
                             struct ch_err *err)
{
    struct ch_cursor rows;
    struct logged *g = ch_calloc(1, sizeof(*g));
    *g = (struct logged){.store = s, .each = each, .ctx = ctx, .seen = seen};
    ch_buf_init(&g->texts, 1u << 20);
    CH_ASSERT(ch_buf_reserve(&g->texts, 1u << 20) != NULL); /* slices do not move */
    to = to > INT64_MAX ? INT64_MAX : to;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_LOG_ROWS, CH_ARGS(ch_arg_u64(from), ch_arg_u64(to)), &rows, err);
    enum ch_code clears = open_beside(s, CH_SQL_LOG_CLEARS, from, to, &g->clears, err);
    enum ch_code erased = open_beside(s, CH_SQL_LOG_ERASED, from, to, &g->erased, err);
    rc = rc == CH_OK ? clears : rc;
    rc = rc == CH_OK ? erased : rc;
    while (rc == CH_OK && (rc = ch_cursor_next(&rows, err)) == CH_OK) {
        ch_log_row_read(&rows, &g->l.row);
        rc = one_entry(g, err);
    }
    if (rc == CH_E_NOT_FOUND) { /* what came to an end by an error has not told all */
        rc = g->clears.rc != CH_OK && g->clears.rc != CH_E_NOT_FOUND   ? g->clears.rc
             : g->erased.rc != CH_OK && g->erased.rc != CH_E_NOT_FOUND ? g->erased.rc
                                                                       : CH_OK;
    }
    ch_cursor_close(&rows);
    ch_cursor_close(&g->clears.c);
    ch_cursor_close(&g->erased.c);
    for (size_t i = 0; i < CH_LOGGED_SOURCES; i++) {
        ch_log_walk_end(&g->walk[i]);
    }
    ch_buf_done(&g->texts);
    free(g);
    return rc;
}

/* ------------------------------------------------------------------ rows without an entry */

/* As many rows of other entries each as the table has: none is left over. */
static enum ch_code all_seen(struct ch_store *s, const struct ch_log_unlogged *u,
                             const struct ch_logged_seen *seen, bool *ret, struct ch_err *err)
{
    const struct ch_log_source *source = u->counted ? ch_log_source_of(ch_str_of(u->kind)) : NULL;
    int64_t rows = 0;
    *ret = false;
    if (source == NULL || seen == NULL || seen[source - ch_log_sources].unordered) {
        return CH_OK;
    }
    enum ch_code rc = ch_sql_number(s, u->count, NULL, 0, &rows, err);
    *ret = rc == CH_OK && (uint64_t)rows == seen[source - ch_log_sources].rows;
    return rc;
}

enum ch_code ch_store_unlogged(struct ch_store *s, const struct ch_logged_seen *seen,
                               ch_store_unlogged_fn *each, void *ctx, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < ch_log_unlogged_count; i++) {
        const struct ch_log_unlogged *u = &ch_log_unlogged[i];
        struct ch_cursor c;
        bool none = false;
        rc = all_seen(s, u, seen, &none, err);
        if (rc != CH_OK || none) {
            continue;
        }
        rc = ch_cursor_open(s, u->list, NULL, 0, &c, err);
        while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
            each(ctx, u->table, ch_col_int(&c, 0));
        }
        ch_cursor_close(&c);
        rc = rc == CH_E_NOT_FOUND ? CH_OK : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ whose a name was */

static enum ch_code each_owner(struct ch_store *s, enum ch_sql sql, ch_store_odd_owner_fn *each,
                               void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, sql, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0), ch_col_str(&c, 1));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_other_owners(struct ch_store *s, ch_store_odd_owner_fn *each, void *ctx,
                                   struct ch_err *err)
{
    return each_owner(s, CH_SQL_OTHER_OWNERS, each, ctx, err);
}

enum ch_code ch_store_owners_gone(struct ch_store *s, ch_store_odd_owner_fn *each, void *ctx,
                                  struct ch_err *err)
{
    return each_owner(s, CH_SQL_OWNERS_GONE, each, ctx, err);
}
