/* Facts that come in great numbers: what the upstream's page says, which files it showed when, what
 * bytes came, what inspection found. Of rows that are only added one entry of each group has a
 * digest, so that a page of thirty thousand files is one entry; of a page, which is replaced, each
 * version has one. */
#include "audit_int.h"

/* ------------------------------------------------------------------ rows that are only added */

struct added {
    struct ch_hash *hash; /* of the rows' digests, one after the other */
    int64_t last;
    uint64_t rows;
};

static void add_row(void *ctx, int64_t id, const struct ch_sha256 *row)
{
    struct added *a = ctx;
    ch_hash_add(a->hash, row->byte, sizeof(row->byte));
    a->last = id;
    a->rows++;
}

/* `from` on, but none where a step was undone. */
static enum ch_code put_table(struct keeper *k, struct audit_entry *a, enum ch_fact_table of,
                              uint64_t from, uint64_t *rows, struct ch_err *err)
{
    struct added added = {.hash = ch_hash_new()};
    ch_hash_reset(added.hash);
    enum ch_code rc = ch_store_facts(k->store, of, (int64_t)from, add_row, &added, err);
    struct ch_sha256 list = ch_hash_end(added.hash);
    ch_hash_free(added.hash);
    if (rc == CH_OK && added.rows > 0) {
        ch_log_entry_open(&a->e, ch_facts_table(of));
        ch_log_entry_int(&a->e, "from", (int64_t)from);
        ch_log_entry_sha(&a->e, "list", &list);
        ch_log_entry_int(&a->e, "to", added.last);
        ch_log_entry_close(&a->e);
        *rows += added.rows;
    }
    return rc;
}

static enum ch_code enter(struct keeper *k, const uint64_t from[CH_FACTS], struct ch_err *err)
{
    struct audit_entry a;
    uint64_t rows = 0;
    enum ch_code rc = CH_OK;
    audit_entry_begin(k, &a, "facts");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_open(&a.e, "rows");
    for (size_t i = 0; rc == CH_OK && i < CH_FACTS; i++) {
        rc = from[i] > 0 ? put_table(k, &a, (enum ch_fact_table)i, from[i], &rows, err) : CH_OK;
    }
    ch_log_entry_close(&a.e);
    audit_entry_end(&a);
    if (rc != CH_OK || rows == 0) {
        ch_buf_done(&a.text);
        return rc;
    }
    return audit_add(k, &a, err);
}

enum ch_code audit_facts(struct keeper *k, struct ch_err *err)
{
    uint64_t from[CH_FACTS], any = 0;
    for (size_t i = 0; i < CH_FACTS; i++) {
        from[i] = ch_store_facts_added(k->store, (enum ch_fact_table)i);
        any |= from[i];
    }
    return any != 0 ? enter(k, from, err) : CH_OK;
}

/* ------------------------------------------------------------------ pages */

static enum ch_code one_snapshot(void *ctx, const struct ch_snapshot_stored *row,
                                 struct ch_err *err)
{
    struct keeper *k = ctx;
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "snapshot", (struct ch_str){NULL, 0}, row->project,
                            (struct ch_str){NULL, 0});
    a.row.source = row->id;
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_int(&a.e, "bytes", (int64_t)row->content_bytes);
    ch_log_entry_sha(&a.e, "content", &row->content);
    ch_log_entry_int(&a.e, "fetched_us", row->fetched_at_us);
    ch_log_entry_int(&a.e, "first_loaded_us", row->first_loaded_at_us);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", row->project);
    ch_log_entry_sha(&a.e, "snapshot", &row->body);
    ch_log_entry_str(&a.e, "upstream", row->upstream);
    audit_entry_end(&a);
    ch_log_entry_sha(&a.e, "validators", &row->validators);
    return audit_add(k, &a, err);
}

enum ch_code audit_snapshot(struct keeper *k, struct ch_str upstream, struct ch_str project,
                            struct ch_err *err)
{
    return ch_store_snapshots_stored(k->store, upstream, project, one_snapshot, k, err);
}

/* ------------------------------------------------------------------ what is older */

enum ch_code audit_older_facts(struct keeper *k, uint64_t bound, struct ch_err *err)
{
    const struct ch_str every = {NULL, 0};
    uint64_t from[CH_FACTS];
    for (size_t i = 0; i < CH_FACTS; i++) {
        from[i] = ch_facts_since((enum ch_fact_table)i) > bound ? 1 : 0;
    }
    enum ch_code rc = enter(k, from, err);
    return rc == CH_OK && ch_store_logged_since("snapshot") > bound
               ? ch_store_snapshots_stored(k->store, every, every, one_snapshot, k, err)
               : rc;
}
