/* The log against the database, in both directions. */
#include "auditor.h"

#include <string.h>

/* ------------------------------------------------------------------ one entry */

/* A tile is read at once: entries come in their order. */
static bool published_hash(struct audit_verify *v, uint64_t i, struct ch_sha256 *ret)
{
    uint64_t tile = i / CH_TILE_HASHES, first = tile * CH_TILE_HASHES;
    if (v->published_tile != tile) {
        uint64_t count = v->size - first < CH_TILE_HASHES ? v->size - first : CH_TILE_HASHES;
        v->published_tile = UINT64_MAX;
        if (ch_log_pread(v->reader->files.public.hashes_fd[0], v->published,
                         (size_t)count * sizeof(*ret), first * sizeof(*ret), "hashes",
                         NULL) != CH_OK) {
            return false;
        }
        v->published_tile = tile;
    }
    *ret = v->published[i - first];
    return true;
}

/* Three have the hash of an entry: its bytes, the published hashes, the database. Who is alone was
 * altered. */
static void check_leaf(struct audit_verify *v, uint64_t i, const struct ch_sha256 *row,
                       const char *kind)
{
    struct ch_sha256 published = {{0}};
    unsigned long long n = i;
    bool there = published_hash(v, i, &published);
    bool as_published = there && ch_sha256_eq(&v->leaves[i], &published);
    bool as_row = row == NULL || ch_sha256_eq(&v->leaves[i], row);
    if (as_published && as_row) {
        return;
    }
    if (as_published) {
        audit_problem(v, "database: log_entry %llu has another hash than the log", n);
    } else if (row != NULL && as_row) {
        audit_problem(v, "hashes of level 0: hash %llu is not the one of its entry", n);
    } else if (row != NULL && ch_sha256_eq(&published, row)) {
        audit_problem(v, "entry %llu (%s): its bytes are not those that were logged", n, kind);
    } else {
        audit_problem(v, "entry %llu (%s): its bytes and its hash differ", n, kind);
    }
}

static const struct ch_log_clear *clear_of(const struct ch_logged *l, const char *field)
{
    for (size_t i = 0; i < l->clear_count; i++) {
        if (ch_str_eq(l->clear[i].field, ch_str_of(field))) {
            return &l->clear[i];
        }
    }
    return NULL;
}

/* Every commitment has its text, or it was erased; and it is of that text. */
static void check_commitments(struct audit_verify *v, const struct ch_logged *l,
                              const struct ch_log_entry_fields *f)
{
    for (size_t i = 0; i < f->count; i++) {
        char key[CH_ENTRY_KEY_MAX];
        struct ch_sha256 stated;
        if (f->field[i].value.ptr[0] != '{') {
            continue;
        }
        snprintf(key, sizeof(key), "%.*s", CH_STR_ARG(f->field[i].key));
        const struct ch_log_clear *clear = clear_of(l, key);
        if (!ch_log_entry_get_commitment(f, key, &stated)) {
            continue;
        }
        if (clear == NULL) {
            v->erased++;
            continue;
        }
        struct ch_sha256 actual = ch_log_entry_commit_with(v->hash, clear->salt, clear->text);
        if (!ch_sha256_eq(&stated, &actual)) {
            audit_problem(v, "database: log_clear %llu %s is not the text that was logged",
                          (unsigned long long)l->row.index, key);
        }
    }
}

/* ------------------------------------------------------------------ one row */

static bool text_is_same(const struct ch_logged *l, const struct ch_log_entry_fields *f,
                         const struct ch_logged_field *field)
{
    struct ch_str value = ch_log_entry_get(f, field->name);
    if (value.len > 0 && value.ptr[0] == '{') { /* erased: nobody can tell */
        const struct ch_log_clear *clear = clear_of(l, field->name);
        return clear == NULL || ch_str_eq(clear->text, field->text);
    }
    if (value.len == field->text.len + 2 && field->text.len > 0 &&
        memcmp(value.ptr + 1, field->text.ptr, field->text.len) == 0 &&
        !ch_str_find_char(field->text, '\\', NULL)) {
        return true; /* without escapes */
    }
    struct ch_buf text;
    ch_buf_init(&text, value.len + 1);
    bool there = ch_log_entry_get_str(f, field->name, &text);
    bool same = there ? ch_str_eq(ch_buf_str(&text), field->text)
                      : value.ptr == NULL && field->text.len == 0;
    ch_buf_done(&text);
    return same;
}

static bool field_is_same(const struct ch_logged *l, const struct ch_log_entry_fields *f,
                          const struct ch_logged_field *field)
{
    int64_t number = 0;
    bool flag = false;
    struct ch_sha256 sha256;
    switch (field->type) {
    case CH_LOGGED_TEXT:
        return text_is_same(l, f, field);
    case CH_LOGGED_SHA256:
    case CH_LOGGED_DIGEST:
        return ch_log_entry_get_sha(f, field->name, &sha256)
                   ? ch_sha256_eq(&sha256, &field->sha256)
                   : ch_log_entry_get(f, field->name).ptr == NULL &&
                         ch_sha256_is_zero(&field->sha256);
    case CH_LOGGED_NUMBER:
        return ch_log_entry_get_int(f, field->name, &number) && number == field->number;
    case CH_LOGGED_FLAG:
        return ch_log_entry_get_bool(f, field->name, &flag) && flag == (field->number != 0);
    case CH_LOGGED_TIME:
        return ch_log_entry_get_int(f, field->name, &number)
                   ? number == field->number
                   : ch_log_entry_get(f, field->name).ptr == NULL &&
                         field->number == CH_TIME_UNKNOWN;
    }
    return false;
}

static void check_row(struct audit_verify *v, const struct ch_logged *l,
                      const struct ch_log_entry_fields *f)
{
    int64_t id = 0;
    unsigned long long n = l->row.index;
    if (l->table == NULL) {
        return;
    }
    if (!ch_log_entry_get_int(f, "id", &id) || (uint64_t)id != l->row.source) {
        audit_problem(v, "database: log_entry %llu names another row of %s than the log", n,
                      l->table);
        return;
    }
    if (l->source_dropped) {
        v->dropped++;
        return;
    }
    if (!l->source_there) {
        audit_problem(v, "database: %s %lld is gone, which entry %llu is about", l->table,
                      (long long)id, n);
        return;
    }
    for (size_t i = 0; i < l->field_count; i++) {
        if (!field_is_same(l, f, &l->fields[i])) {
            struct ch_str logged = ch_log_entry_get(f, l->fields[i].name);
            audit_problem(
                v, "database: %s %lld: %s is not what was logged (entry %llu: %.*s)", l->table,
                (long long)id, l->fields[i].name, n,
                CH_STR_ARG(logged.ptr != NULL ? ch_str_sub(logged, 0, 200) : CH_STR("nothing")));
        }
    }
    v->compared++;
}

static void check_facts(struct audit_verify *v, const struct ch_logged *l,
                        const struct ch_log_entry_fields *f)
{
    struct ch_buf kind;
    int64_t at = 0;
    ch_buf_init(&kind, 256);
    bool same = ch_log_entry_get_str(f, "kind", &kind) &&
                ch_str_eq(ch_buf_str(&kind), l->row.kind) &&
                ch_log_entry_get_int(f, "at_us", &at) && at == l->row.at_us;
    ch_buf_done(&kind);
    if (!same) {
        audit_problem(v, "database: log_entry %llu has another kind or time than the log",
                      (unsigned long long)l->row.index);
    }
    if (l->row.index == 0) {
        v->began_us = at;
    }
}

/* ------------------------------------------------------------------ from the log to the database
 */

/* Entries that no row of log_entry is for. */
static void check_without_row(struct audit_verify *v, uint64_t end)
{
    for (; v->next_row < end && v->next_row < v->size; v->next_row++) {
        check_leaf(v, v->next_row, NULL, "of no row");
        audit_problem(v, "database: log_entry %llu is gone", (unsigned long long)v->next_row);
    }
}

/* What an entry waits to say, or says, beside its row. */
static void take(struct audit_verify *v, const struct ch_logged *l,
                 const struct ch_log_entry_fields *f)
{
    int64_t texts = 0;
    if (ch_str_eq(l->row.kind, CH_STR("key"))) {
        audit_keys_take(v, l, f);
    } else if (ch_str_eq(l->row.kind, CH_STR("erased"))) {
        v->erasing = v->erasing || f == NULL;
        if (f != NULL && ch_log_entry_get_int(f, "texts", &texts) && texts > 0) {
            v->erased_by_acts += (uint64_t)texts;
        }
    }
}

static enum ch_code on_logged(void *ctx, const struct ch_logged *l, struct ch_err *err)
{
    struct audit_verify *v = ctx;
    struct ch_log_entry_fields f;
    struct ch_str entry;
    struct ch_err why;
    char kind[32];
    check_without_row(v, l->row.index);
    if (l->row.index >= v->size) {
        v->waiting++;
        take(v, l, NULL);
        return CH_OK;
    }
    (void)err;
    v->next_row = l->row.index + 1;
    snprintf(kind, sizeof(kind), "%.*s", CH_STR_ARG(l->row.kind));
    uint64_t before = v->problems;
    check_leaf(v, l->row.index, &l->row.leaf, kind);
    if (v->problems > before || audit_reader_get(v->reader, l->row.index, &entry, &why) != CH_OK) {
        take(v, l, NULL); /* named already: what else it says is not another thing */
        return CH_OK;     /* what it says is not what was logged */
    }
    if (ch_log_entry_read(entry, &f, &why) != CH_OK) {
        audit_problem(v, "entry %llu (%s): %s", (unsigned long long)l->row.index, kind, why.msg);
        return CH_OK;
    }
    check_facts(v, l, &f);
    check_commitments(v, l, &f);
    check_row(v, l, &f);
    take(v, l, &f);
    return CH_OK;
}

/* ------------------------------------------------------------------ from the database to the log
 */

static void on_unlogged(void *ctx, struct ch_str table, uint64_t id, int64_t at_us, bool first)
{
    struct audit_verify *v = ctx;
    if (!first || at_us >= v->began_us) { /* before it there was no log */
        audit_problem(v, "database: %.*s %llu was never logged", CH_STR_ARG(table),
                      (unsigned long long)id);
    }
}

/* Texts go by an act that is an entry itself (T26). */
static void check_erased(struct audit_verify *v)
{
    if (v->erased > v->erased_by_acts && !v->erasing) {
        audit_problem(
            v, "database: %llu texts of log_clear are gone, entries say that %llu were erased",
            (unsigned long long)v->erased, (unsigned long long)v->erased_by_acts);
    }
}

enum ch_code audit_compare(struct audit_verify *v, struct ch_err *err)
{
    uint64_t next = 0;
    enum ch_code rc = ch_store_log_ends(v->store, &next, &v->written, err);
    rc = rc == CH_OK ? ch_store_logged(v->store, on_logged, v, err) : rc;
    if (rc == CH_OK) {
        check_without_row(v, v->size);
        check_erased(v);
        rc = ch_store_unlogged(v->store, on_unlogged, v, err);
        rc = rc == CH_OK ? audit_keys_compare(v, err) : rc;
    }
    return rc;
}
