/* What entries say of the log itself and of the service: what it begins with, its keys, what was
 * erased, what ails it, which policy and configuration are in force. */
#include "audit_int.h"

#include <string.h>

#include "db/signing/public_key.h"

static const struct ch_sha256 none = {{0}};

/* ------------------------------------------------------------------ what the log begins with */

_Static_assert(CH_LOGGED_TABLES <= CH_ENTRY_FIELDS, "who reads the entry reads all of them");
struct before {     /* rows of each table, sorted by its name */
    uint64_t bound; /* rows of tables up to this list need an entry already */
    const char *table[CH_LOGGED_TABLES];
    uint64_t rows[CH_LOGGED_TABLES];
    size_t count;
};

static void count_before(void *ctx, const char *table, int64_t id)
{
    struct before *b = ctx;
    size_t at = 0;
    (void)id;
    uint64_t since = ch_store_logged_since(table);
    if (since <= b->bound || since == AUDIT_TABLES_SNAPSHOT) {
        return; /* or what was slipped in since would be taken for older; or it gets an entry now */
    }
    while (at < b->count && strcmp(b->table[at], table) < 0) {
        at++;
    }
    if (at == b->count || strcmp(b->table[at], table) != 0) {
        CH_ASSERT(b->count < CH_LOGGED_TABLES);
        memmove(&b->table[at + 1], &b->table[at], (b->count - at) * sizeof(b->table[0]));
        memmove(&b->rows[at + 1], &b->rows[at], (b->count - at) * sizeof(b->rows[0]));
        b->table[at] = table;
        b->rows[at] = 0;
        b->count++;
    }
    b->rows[at]++;
}

/* The rows that no entry is about and that were there before entries were: as many as these there
 * may be, and no more. */
static enum ch_code put_before(struct keeper *k, struct audit_entry *a, uint64_t bound,
                               struct ch_err *err)
{
    struct before b = {.bound = bound};
    enum ch_code rc = ch_store_unlogged(k->store, NULL, count_before, &b, err);
    ch_log_entry_open(&a->e, "before");
    for (size_t i = 0; i < b.count; i++) {
        ch_log_entry_int(&a->e, b.table[i], (int64_t)b.rows[i]);
    }
    ch_log_entry_close(&a->e);
    a->row.source = AUDIT_TABLES;
    ch_log_entry_int(&a->e, "id", AUDIT_TABLES);
    return rc;
}

/* The newest list of tables that the log has been begun with, or come to; 0: it knows of none. */
static enum ch_code bound_to(struct keeper *k, uint64_t *ret, struct ch_err *err)
{
    bool said = false;
    enum ch_code rc = CH_OK;
    for (*ret = AUDIT_TABLES; *ret > 0; --*ret) {
        rc = ch_store_has_log(k->store, CH_STR("genesis"), *ret, &said, err);
        if (rc == CH_OK && !said) {
            rc = ch_store_has_log(k->store, CH_STR("before"), *ret, &said, err);
        }
        if (rc != CH_OK || said) {
            break;
        }
    }
    return rc;
}

enum ch_code audit_before(struct keeper *k, struct ch_err *err)
{
    struct audit_entry a;
    uint64_t bound = 0;
    enum ch_code rc = bound_to(k, &bound, err);
    if (rc != CH_OK || bound == AUDIT_TABLES) {
        return rc;
    }
    rc = audit_act(k, err);
    enum ch_code begun = rc;
    rc = rc == CH_OK ? audit_older_facts(k, bound, err) : rc;
    rc = rc == CH_OK ? audit_older_rows(k, bound, err) : rc;
    if (rc == CH_OK) {
        audit_entry_begin(k, &a, "before");
        ch_log_entry_int(&a.e, "at_us", a.row.at_us);
        rc = put_before(k, &a, bound, err);
        ch_log_entry_str(&a.e, "kind", a.row.kind);
        audit_entry_end(&a);
        enum ch_code added = audit_add(k, &a, err);
        rc = rc == CH_OK ? added : rc;
    }
    return audit_act_end(k, begun, rc, err);
}

enum ch_code audit_genesis(struct keeper *k, const struct ch_note_key *key, struct ch_err *err)
{
    struct audit_entry a;
    struct ch_buf vkey;
    ch_buf_init(&vkey, 2 * CH_NOTE_NAME_MAX);
    ch_note_key_put(&vkey, key);
    audit_entry_begin(k, &a, "genesis");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    enum ch_code rc = put_before(k, &a, 0, err);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "origin", ch_str_of(key->name));
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "vkey", ch_buf_str(&vkey));
    ch_buf_done(&vkey);
    enum ch_code added = audit_add(k, &a, err);
    return rc == CH_OK ? added : rc;
}

/* ------------------------------------------------------------------ keys, troubles, what is in
 * force */

enum ch_code audit_signing_key(struct keeper *k, const struct ch_key_row *row,
                               const struct ch_sha256 *former, struct ch_str by,
                               struct ch_str reason, struct ch_str vkey, struct ch_err *err)
{
    struct ch_sha256 pem = ch_sha256_of(row->public_pem.ptr, row->public_pem.len);
    struct audit_entry a;
    audit_entry_begin(k, &a, "key");
    a.row.at_us = row->at_us;
    ch_log_entry_int(&a.e, "at_us", row->at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_sha(&a.e, "former", former != NULL ? former : &none);
    ch_log_entry_sha(&a.e, "key", &row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "pem", &pem);
    ch_log_entry_str(&a.e, "purpose", row->purpose);
    audit_entry_commit(&a, "reason", reason);
    ch_log_entry_str(&a.e, "type", ch_str_of(ch_key_kind_name((enum ch_key_kind)row->kind)));
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "vkey", vkey);
    return audit_add(k, &a, err);
}

#define ERASED_VERSION 2 /* says which texts */

enum ch_code audit_erased(struct keeper *k, uint64_t entry, struct ch_str by, struct ch_str reason,
                          struct ch_err *err)
{
    struct audit_entry a;
    struct ch_sha256 list;
    struct audit_state s;
    uint64_t texts = 0;
    audit_state(k, &s);
    enum ch_code rc = ch_store_erased_digest(k->store, s.next, &list, &texts, err);
    if (rc != CH_OK) {
        return rc;
    }
    audit_entry_begin(k, &a, "erased");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    audit_entry_commit(&a, "by", by);
    if (entry != CH_LOG_NO_ENTRY) {
        ch_log_entry_int(&a.e, "entry", (int64_t)entry);
    }
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "list", &list);
    audit_entry_commit(&a, "reason", reason);
    ch_log_entry_int(&a.e, "texts", (int64_t)texts);
    ch_log_entry_int(&a.e, "v", ERASED_VERSION);
    rc = audit_add(k, &a, err);
    CH_ASSERT(rc != CH_OK || a.row.index == s.next);
    return rc;
}

enum ch_code audit_rescan(struct keeper *k, const struct ch_exception_row *of, const char *scope,
                          uint64_t count, struct ch_str by, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_about(k, &a, "rescan", of->repository, of->project, of->file_name);
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    audit_entry_commit(&a, "by", by);
    ch_log_entry_str(&a.e, "file", of->file_name);
    ch_log_entry_int(&a.e, "files", (int64_t)count);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "project", of->project);
    ch_log_entry_str(&a.e, "repository", of->repository);
    ch_log_entry_str(&a.e, "scope", ch_str_of(scope));
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "versions", of->version_spec);
    return audit_add(k, &a, err);
}

/* What went wrong is in the operator's log; the text may name folders of the host. */
enum ch_code audit_trouble(struct keeper *k, bool over, struct ch_str what, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "log-trouble");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_bool(&a.e, "over", over);
    audit_entry_end(&a);
    audit_entry_commit(&a, "what", what);
    return audit_add(k, &a, err);
}

enum ch_code audit_witness(struct keeper *k, bool over, struct ch_str name, const char *fault,
                           struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "witness");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "fault", ch_str_of(fault));
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_str(&a.e, "name", name);
    ch_log_entry_bool(&a.e, "over", over);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_last_copy_lost(struct keeper *k, const struct ch_sha256 *sha256, uint64_t bytes,
                                  const char *place, uint64_t percent, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "last-copy-lost");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_int(&a.e, "bytes", (int64_t)bytes);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_int(&a.e, "percent", (int64_t)percent);
    ch_log_entry_str(&a.e, "place", ch_str_of(place));
    ch_log_entry_sha(&a.e, "sha256", sha256);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

enum ch_code audit_given_up(struct keeper *k, const char *kind, struct ch_str destination,
                            uint64_t times, const char *why, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin(k, &a, "notice-given-up");
    ch_log_entry_int(&a.e, "at_us", a.row.at_us);
    ch_log_entry_str(&a.e, "destination", destination);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_int(&a.e, "times", (int64_t)times);
    ch_log_entry_str(&a.e, "type", ch_str_of(kind));
    audit_entry_end(&a);
    ch_log_entry_str(&a.e, "why", ch_str_of(why));
    return audit_add(k, &a, err);
}

enum ch_code audit_policy(struct keeper *k, const struct ch_policy_row *row, struct ch_err *err)
{
    struct audit_entry a;
    audit_entry_begin_of(k, &a, "policy", row->id, row->at_us);
    audit_entry_commit(&a, "by", row->by);
    ch_log_entry_int(&a.e, "id", (int64_t)row->id);
    ch_log_entry_str(&a.e, "kind", a.row.kind);
    ch_log_entry_sha(&a.e, "policy", &row->digest);
    audit_entry_commit(&a, "reason", row->reason);
    audit_entry_end(&a);
    return audit_add(k, &a, err);
}

/* The store keeps which one the log has last: with the entry, in the same group. */
enum ch_code audit_configuration(struct keeper *k, struct ch_err *err)
{
    static const struct ch_str name = {"audit-configuration", 19};
    const struct ch_sha256 digest = k->config_digest;
    struct ch_str bytes = {(const char *)digest.byte, sizeof(digest.byte)};
    struct audit_entry a;
    struct ch_buf last;
    ch_buf_init(&last, CH_SHA256_BYTES);
    bool same = ch_store_get_value(k->store, name, &last, err) == CH_OK &&
                ch_str_eq(ch_buf_str(&last), bytes);
    ch_buf_done(&last);
    if (same) {
        return CH_OK;
    }
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = audit_put_value(k, name, bytes, err);
    if (rc == CH_OK) {
        audit_entry_begin(k, &a, "configuration");
        ch_log_entry_int(&a.e, "at_us", a.row.at_us);
        ch_log_entry_sha(&a.e, "configuration", &digest);
        ch_log_entry_str(&a.e, "kind", a.row.kind);
        audit_entry_end(&a);
        rc = audit_add(k, &a, err);
    }
    return audit_step_end(k, rc, err);
}
