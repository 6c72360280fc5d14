/* What `audit accept` takes over: entries that wait under no seal, and the approvals among them,
 * for who accepts signs them with the log's key. */
#include "audit_self.h"

#include "customhouse/timefmt.h"

#define ACCEPTED_VERSION 2 /* says which approvals */

struct taking {
    struct keeper *k;
    uint64_t to; /* below it */
    struct ch_buf *list;
    size_t count; /* approvals */
};

static bool is_approval(struct ch_str entry)
{
    struct ch_log_entry_fields f;
    bool deny = true;
    return ch_log_entry_read(entry, &f, NULL) == CH_OK &&
           ch_str_eq(ch_log_entry_get(&f, "kind"), CH_STR("\"ruling\"")) &&
           ch_log_entry_get_bool(&f, "deny", &deny) && !deny;
}

static void put_field(struct ch_buf *b, const struct ch_log_entry_fields *f, const char *key,
                      const char *before)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_ENTRY_MAX);
    if (ch_log_entry_get_str(f, key, &text)) {
        ch_buf_puts(b, ch_str_of(before));
        ch_buf_put_escaped(b, ch_buf_str(&text));
    }
    ch_buf_done(&text);
}

/* "approval in pypi of pkg ==1.0, until 2026-12-24T10:00:00Z (entry 12, ruling 3)" */
static void put_approval(struct taking *t, uint64_t index, const struct ch_log_entry_fields *f)
{
    struct ch_buf *b = t->list;
    int64_t until_us = 0, id = 0;
    ch_buf_puts(b, CH_STR("approval"));
    put_field(b, f, "repository", " in ");
    put_field(b, f, "project", " of ");
    put_field(b, f, "versions", " ");
    put_field(b, f, "file", ", file ");
    put_field(b, f, "sha256", ", sha256 ");
    if (ch_log_entry_get_int(f, "expires_us", &until_us)) {
        ch_buf_puts(b, CH_STR(", until "));
        ch_time_put(b, until_us, false);
    } else {
        ch_buf_puts(b, CH_STR(", without end"));
    }
    CH_IGNORE(!ch_log_entry_get_int(f, "id", &id));
    ch_buf_printf(b, " (entry %llu, ruling %llu)", (unsigned long long)index,
                  (unsigned long long)id);
}

struct words {
    const struct ch_log_entry_fields *f;
    struct ch_buf *list;
    const char *field, *before;
    bool found;
};

/* What the entry has committed to, and nothing else. */
static void put_words(void *ctx, const struct ch_log_clear *clear)
{
    struct words *w = ctx;
    struct ch_sha256 stated, actual = ch_log_entry_commit(clear->salt, clear->text);
    if (!w->found && ch_str_eq(clear->field, ch_str_of(w->field)) &&
        ch_log_entry_get_commitment(w->f, w->field, &stated) && ch_sha256_eq(&stated, &actual)) {
        ch_buf_puts(w->list, ch_str_of(w->before));
        ch_buf_put_escaped(w->list, clear->text);
        w->found = true;
    }
}

static enum ch_code put_clear(struct taking *t, uint64_t index, const struct ch_log_entry_fields *f,
                              const char *field, const char *before, struct ch_err *err)
{
    struct words w = {.f = f, .list = t->list, .field = field, .before = before};
    enum ch_code rc = ch_store_log_clear(t->k->store, index, put_words, &w, err);
    if (rc == CH_OK && !w.found) {
        ch_buf_puts(t->list, ch_str_of(before));
        ch_buf_puts(t->list, CH_STR("(not known)"));
    }
    return rc;
}

static bool on_waiting(void *ctx, uint64_t index, struct ch_str entry)
{
    struct taking *t = ctx;
    struct ch_log_entry_fields f;
    struct ch_err err;
    if (index >= t->to) {
        return false;
    }
    if (is_approval(entry) && ch_log_entry_read(entry, &f, &err) == CH_OK) {
        put_approval(t, index, &f);
        if (put_clear(t, index, &f, "by", ", by ", &err) != CH_OK ||
            put_clear(t, index, &f, "reason", ": ", &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
        ch_buf_putc(t->list, '\n');
        t->count++;
    }
    return true;
}

enum ch_code audit_accepted(struct keeper *k, uint64_t from, uint64_t to, struct ch_str by,
                            struct ch_str reason, struct ch_buf *ret_list, struct ch_err *err)
{
    struct taking t = {.k = k, .to = to + 1, .list = ret_list};
    struct audit_entry a;
    enum ch_code rc = ch_store_log_pending(k->store, from, on_waiting, &t, err);
    rc = rc == CH_OK ? ch_buf_ok(ret_list, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_sha256 list = ch_sha256_of(ret_list->len > 0 ? ret_list->ptr : "", ret_list->len);
    audit_entry_begin(k, &a, "accepted");
    ch_log_entry_int(&a.e, "approvals", (int64_t)t.count);
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_int(&a.e, "from", (int64_t)from);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "list", &list);
    audit_entry_commit(&a, "reason", reason);
    ch_log_entry_int(&a.e, "to", (int64_t)to);
    ch_log_entry_int(&a.e, "v", ACCEPTED_VERSION);
    return audit_add(k, &a, err);
}

enum ch_code audit_accept(struct keeper *k, struct ch_str by, struct ch_str reason,
                          uint64_t *ret_entries, struct ch_buf *ret_list, struct ch_err *err)
{
    struct audit *a = k->audit;
    const struct audit_seal before = a->seal;
    if (!audit_seal_is_broken(&before)) {
        return ch_fail(err, CH_E_NOT_FOUND, "every entry that waits is under a seal");
    }
    enum ch_code begun = audit_act(k, err), rc = begun;
    rc = rc == CH_OK ? audit_accepted(k, before.unproven_from, before.unproven_to - 1, by, reason,
                                      ret_list, err)
                     : rc;
    rc = rc == CH_OK ? audit_seal_begin(k, &a->seal, a->next, err) : rc;
    rc = audit_act_end(k, begun, rc, err);
    if (rc != CH_OK) {
        a->seal.unproven_from = before.unproven_from;
        a->seal.unproven_to = before.unproven_to;
        return rc;
    }
    *ret_entries = before.unproven_to - before.unproven_from;
    audit_hand_pending(a);
    return CH_OK;
}
