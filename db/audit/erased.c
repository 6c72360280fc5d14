/* Commitments and the texts that they are of: there, or erased by an act that is an entry itself
 * (T26). */
#include "auditor.h"

#include <string.h>

const struct ch_log_clear *audit_clear_of(const struct ch_logged *l, const char *field)
{
    for (size_t i = 0; i < l->clear_count; i++) {
        if (ch_str_eq(l->clear[i].field, ch_str_of(field))) {
            return &l->clear[i];
        }
    }
    return NULL;
}

const struct ch_log_erased *audit_erased_of(const struct ch_logged *l, const char *field)
{
    for (size_t i = 0; i < l->erased_count; i++) {
        if (ch_str_eq(l->erased[i].field, ch_str_of(field))) {
            return &l->erased[i];
        }
    }
    return NULL;
}

/* Acts of before rows were kept comparable say nothing of the text. */
bool audit_is_erased_text(struct audit_verify *v, const struct ch_log_erased *e, struct ch_str text)
{
    if (e == NULL || !e->has_hmac) {
        return e == NULL || e->act == 0 || text.len == 0;
    }
    struct ch_sha256 actual = ch_log_entry_commit_with(v->hash, e->salt, text);
    return ch_sha256_eq(&actual, &e->hmac);
}

/* ------------------------------------------------------------------ an entry's */

static void check_one(struct audit_verify *v, const struct ch_logged *l, const char *key,
                      const struct ch_sha256 *stated)
{
    const struct ch_log_clear *clear = audit_clear_of(l, key);
    unsigned long long n = l->row.index;
    if (clear != NULL) {
        struct ch_sha256 actual = ch_log_entry_commit_with(v->hash, clear->salt, clear->text);
        if (!ch_sha256_eq(stated, &actual)) {
            audit_problem(v, "database: log_clear %llu %s is not the text that was logged", n, key);
        }
        return;
    }
    v->erased.texts++;
    if (audit_erased_of(l, key) == NULL) {
        v->erased.unlisted++;
        ch_buf_printf(&v->erased.names, "%llu %s\n", n, key);
    }
}

void audit_check_commitments(struct audit_verify *v, const struct ch_logged *l,
                             const struct ch_log_entry_fields *f)
{
    size_t found = 0;
    for (size_t i = 0; i < f->count; i++) {
        char key[CH_ENTRY_KEY_MAX];
        struct ch_sha256 stated;
        if (f->field[i].value.ptr[0] != '{') {
            continue;
        }
        memcpy(key, f->field[i].key.ptr, f->field[i].key.len); /* shorter, as all that are read */
        key[f->field[i].key.len] = '\0';
        if (ch_log_entry_get_commitment(f, key, &stated)) {
            found += audit_clear_of(l, key) != NULL;
            check_one(v, l, key, &stated);
        }
    }
    if (found < l->clear_count || l->more_clear) {
        audit_problem(v, "database: log_clear %llu has a text that entry %llu has not",
                      (unsigned long long)l->row.index, (unsigned long long)l->row.index);
    }
}

/* ------------------------------------------------------------------ acts */

enum ch_code audit_erased_take(struct audit_verify *v, uint64_t act,
                               const struct ch_log_entry_fields *f, struct ch_err *err)
{
    struct ch_sha256 stated, actual;
    uint64_t listed = 0;
    int64_t texts = 0;
    if (!ch_log_entry_get_int(f, "texts", &texts) || texts < 0) {
        texts = 0;
    }
    if (!ch_log_entry_get_sha(f, "list", &stated)) {
        v->erased.by_number += (uint64_t)texts;
        return CH_OK;
    }
    enum ch_code rc = ch_store_erased_digest(v->store, act, &actual, &listed, err);
    v->erased.listed += listed;
    if (rc == CH_OK && (listed != (uint64_t)texts || !ch_sha256_eq(&stated, &actual))) {
        audit_problem(v, "database: log_erased of entry %llu is not what was logged",
                      (unsigned long long)act);
    }
    return rc;
}

void audit_erased_check(struct audit_verify *v)
{
    if (v->erased.rows != v->erased.listed) {
        audit_problem(v, "database: log_erased has %llu rows, entries say %llu",
                      (unsigned long long)v->erased.rows, (unsigned long long)v->erased.listed);
    }
    if (v->erased.unlisted > v->erased.by_number) {
        struct ch_str names = ch_buf_str(&v->erased.names), name;
        while (ch_str_split(&names, '\n', &name)) {
            audit_problem(v, "database: log_clear %.*s is gone, and no entry says it was erased",
                          CH_STR_ARG(name));
        }
        audit_problem(
            v, "database: %llu texts of log_clear are gone, entries say that %llu were erased",
            (unsigned long long)v->erased.texts,
            (unsigned long long)(v->erased.listed + v->erased.by_number));
    }
}
