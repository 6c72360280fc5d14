/* The log against the database, in both directions. */
#include "auditor.h"

#include <string.h>

#include "db/log/bundle.h"
#include "db/log/entry_row.h"

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
                       struct ch_str kind)
{
    struct ch_sha256 published = {{0}};
    unsigned long long n = i;
    audit_hash_below(v, i + 1);
    bool there = published_hash(v, i, &published);
    bool cut = !there && i >= v->lengths.hashes[0] / CH_SHA256_BYTES; /* named as one */
    bool as_published = there && ch_sha256_eq(&v->leaves[i], &published);
    bool as_row = row == NULL || ch_sha256_eq(&v->leaves[i], row);
    if (as_row && (as_published || cut)) {
        return;
    }
    if (as_published) {
        audit_problem(v, "database: log_entry %llu has another hash than the log", n);
    } else if (row != NULL && as_row) {
        audit_problem(v, "hashes of level 0: hash %llu is not the one of its entry", n);
    } else if (row != NULL && ch_sha256_eq(&published, row)) {
        audit_problem(v, "entry %llu (%.*s): its bytes are not those that were logged", n,
                      CH_STR_ARG(kind));
    } else {
        audit_problem(v, "entry %llu (%.*s): its bytes and its hash differ", n, CH_STR_ARG(kind));
    }
}

/* ------------------------------------------------------------------ one row */

static bool text_is_same(struct audit_verify *v, const struct ch_logged *l,
                         const struct ch_log_entry_fields *f, const struct ch_logged_field *field)
{
    struct ch_str value = ch_log_entry_get(f, field->name);
    if (value.len > 0 && value.ptr[0] == '{') {
        const struct ch_log_clear *clear = audit_clear_of(l, field->name);
        return clear != NULL
                   ? ch_str_eq(clear->text, field->text)
                   : audit_is_erased_text(v, audit_erased_of(l, field->name), field->text);
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

static bool field_is_same(struct audit_verify *v, const struct ch_logged *l,
                          const struct ch_log_entry_fields *f, const struct ch_logged_field *field)
{
    int64_t number = 0;
    bool flag = false;
    struct ch_sha256 sha256;
    switch (field->type) {
    case CH_LOGGED_TEXT:
        return text_is_same(v, l, f, field);
    case CH_LOGGED_SHA256:
    case CH_LOGGED_DIGEST:
        return ch_log_entry_get_sha(f, field->name, &sha256)
                   ? ch_sha256_eq(&sha256, &field->sha256)
                   : ch_log_entry_get(f, field->name).ptr == NULL &&
                         ch_sha256_is_zero(&field->sha256);
    case CH_LOGGED_NUMBER:
        return ch_log_entry_get_int(f, field->name, &number) && number == field->number;
    case CH_LOGGED_FLAG:
        return ch_log_entry_get_bool(f, field->name, &flag) && field->number == (flag ? 1 : 0);
    case CH_LOGGED_TIME:
        return ch_log_entry_get_int(f, field->name, &number)
                   ? number == field->number
                   : ch_log_entry_get(f, field->name).ptr == NULL &&
                         field->number == CH_TIME_UNKNOWN;
    }
    return false;
}

/* Entries of this version have not got what was added to their kind since. */
static bool is_newer(const struct ch_log_entry_fields *f, const struct ch_logged_field *field)
{
    int64_t version = 0;
    return field->since > 0 && (!ch_log_entry_get_int(f, "v", &version) || version < field->since);
}

static void check_row(struct audit_verify *v, const struct ch_logged *l,
                      const struct ch_log_entry_fields *f)
{
    unsigned long long n = l->row.index, id = l->row.source;
    if (l->table == NULL) {
        return;
    }
    if (l->source_dropped) {
        v->dropped++;
        return;
    }
    if (!l->source_there) {
        audit_problem(v, "database: %s %llu is gone, which entry %llu is about", l->table, id, n);
        return;
    }
    for (size_t i = 0; i < l->field_count; i++) {
        const struct ch_logged_field *field = &l->fields[i];
        if (!field->unknown && !is_newer(f, field) && !field_is_same(v, l, f, field)) {
            struct ch_str logged = ch_log_entry_get(f, field->name);
            audit_problem(
                v, "database: %s %llu: %s is not what was logged (entry %llu: %.*s)", l->table, id,
                field->column != NULL ? field->column : field->name, n,
                CH_STR_ARG(logged.ptr != NULL ? ch_str_sub(logged, 0, 200) : CH_STR("nothing")));
        }
    }
    v->compared++;
}

/* ------------------------------------------------------------------ the row of log_entry */

static bool is_text(struct audit_verify *v, const struct ch_logged *l,
                    const struct ch_log_entry_fields *f, const char *key, struct ch_str row)
{
    struct ch_logged_field field = {.name = key, .text = row};
    return text_is_same(v, l, f, &field);
}

/* What it repeats of the entry, to find it by. */
static void check_facts(struct audit_verify *v, const struct ch_logged *l,
                        const struct ch_log_entry_fields *f)
{
    const struct ch_log_row *row = &l->row;
    int64_t at = 0, id = 0;
    unsigned long long n = row->index;
    bool named = !ch_str_eq(row->kind, CH_STR("grant")); /* which has a repository it is for */
    const char *project = ch_str_eq(row->kind, CH_STR(CH_ENTRY_VALUE)) ? "name" : "project";
    if (!is_text(v, l, f, "kind", row->kind) || !ch_log_entry_get_int(f, "at_us", &at) ||
        at != row->at_us) {
        audit_problem(v, "database: log_entry %llu has another kind or time than the log", n);
    }
    if (ch_log_entry_get_int(f, "id", &id) ? (uint64_t)id != row->source : row->source != 0) {
        audit_problem(v, "database: log_entry %llu names another row of %s than the log", n,
                      l->table != NULL ? l->table : "no table");
    }
    if (named ? !is_text(v, l, f, "repository", row->repository) ||
                    !is_text(v, l, f, project, row->project) ||
                    !is_text(v, l, f, "file", row->file_name)
              : row->repository.len + row->project.len + row->file_name.len > 0) {
        audit_problem(v, "database: log_entry %llu has other names than the log", n);
    }
}

/* ------------------------------------------------------------------ from the log to the database
 */

/* Entries that no row of log_entry is for. */
static void check_without_row(struct audit_verify *v, uint64_t end)
{
    for (; v->next_row < end && v->next_row < v->size; v->next_row++) {
        check_leaf(v, v->next_row, NULL, CH_STR("of no row"));
        audit_problem(v, "database: log_entry %llu is gone", (unsigned long long)v->next_row);
    }
}

static struct audit_before *add_before(struct audit_verify *v, uint64_t entry, int64_t list)
{
    if (v->before_count == AUDIT_BEFORE_MAX) {
        return NULL; /* more than there ever were: its rows are named */
    }
    struct audit_before *b = &v->before[v->before_count++];
    *b = (struct audit_before){.entry = entry, .list = (uint64_t)list};
    return b;
}

static void take_before(struct audit_verify *v, uint64_t entry, const struct ch_log_entry_fields *f)
{
    struct ch_log_entry_fields tables;
    int64_t list = 0;
    if (ch_log_entry_read(ch_log_entry_get(f, "before"), &tables, NULL) != CH_OK) {
        return; /* from before there were any */
    }
    if (!ch_log_entry_get_int(f, "id", &list) || list < 1) {
        list = 1;
    }
    struct audit_before *b = add_before(v, entry, list);
    for (size_t i = 0; i < tables.count && (b = add_before(v, entry, list)) != NULL; i++) {
        int64_t rows = 0;
        snprintf(b->table, sizeof(b->table), "%.*s", CH_STR_ARG(tables.field[i].key));
        b->rows = ch_log_entry_get_int(&tables, b->table, &rows) && rows > 0 ? (uint64_t)rows : 0;
    }
    v->bound = v->bound > (uint64_t)list ? v->bound : (uint64_t)list;
}

/* What an entry says, or waits to say (`f` NULL), beside its row. */
static enum ch_code take(struct audit_verify *v, const struct ch_logged *l,
                         const struct ch_log_entry_fields *f, struct ch_err *err)
{
    if (ch_str_eq(l->row.kind, CH_STR("key"))) {
        audit_keys_take(v, l, f);
    } else if (f == NULL && ch_str_eq(l->row.kind, CH_STR("facts"))) {
        audit_facts_unread(v, l->row.index);
    } else if (ch_str_eq(l->row.kind, CH_STR("facts"))) {
        audit_facts_take(v, l->row.index, f);
    } else if (f != NULL && ch_str_eq(l->row.kind, CH_STR("witness"))) {
        audit_witnessed_take(v, l->row.index, f);
    } else if (f != NULL && ch_str_eq(l->row.kind, CH_STR("erased"))) {
        return audit_erased_take(v, l->row.index, f, err);
    } else if (f != NULL && (ch_str_eq(l->row.kind, CH_STR("genesis")) ||
                             ch_str_eq(l->row.kind, CH_STR("before")))) {
        take_before(v, l->row.index, f);
    } else if (f == NULL && ch_str_eq(l->row.kind, CH_STR("before"))) {
        v->bound = v->bound > l->row.source ? v->bound : l->row.source;
    }
    return CH_OK;
}

/* Of whatever act, or a row could name one that never comes. Only what was written since the log
 * was read is not looked at: that it is in the log, the checkpoint says. */
static void count_erased(struct audit_verify *v, const struct ch_logged *l)
{
    for (size_t i = 0; i < l->erased_count; i++) {
        uint64_t act = l->erased[i].act;
        v->erased.rows += act < v->size || act >= v->written;
    }
}

static enum ch_code on_logged(void *ctx, const struct ch_logged *l, struct ch_err *err)
{
    struct audit_verify *v = ctx;
    struct ch_log_entry_fields f;
    struct ch_str entry;
    struct ch_err why;
    const struct ch_str kind = ch_str_sub(l->row.kind, 0, 31);
    check_without_row(v, l->row.index);
    count_erased(v, l);
    v->newest_us = v->newest_us > l->row.at_us ? v->newest_us : l->row.at_us;
    if (l->row.index >= v->size) {
        ch_put_sha256(&v->waiting, &l->row.leaf);
        return take(v, l, NULL, err);
    }
    v->next_row = l->row.index + 1;
    v->began_us = l->row.index == 0 ? l->row.at_us : v->began_us;
    uint64_t before = v->problems;
    check_leaf(v, l->row.index, &l->row.leaf, kind);
    if (v->problems > before || audit_reader_get(v->reader, l->row.index, &entry, &why) != CH_OK) {
        return take(v, l, NULL, err); /* named already: what else it says is not another thing */
    }
    if (ch_log_entry_read(entry, &f, &why) != CH_OK) {
        audit_problem(v, "entry %llu (%.*s): %s", (unsigned long long)l->row.index,
                      CH_STR_ARG(kind), why.msg);
        return CH_OK;
    }
    check_facts(v, l, &f);
    audit_check_commitments(v, l, &f);
    check_row(v, l, &f);
    enum ch_code rc = audit_check_evidence(v, l, &f, err);
    rc = rc == CH_OK ? audit_check_listing(v, l, &f, err) : rc;
    return rc == CH_OK ? take(v, l, &f, err) : rc;
}

enum ch_code audit_compare_entries(struct audit_verify *v, struct ch_err *err)
{
    v->next_row = v->from;
    enum ch_code rc = ch_store_logged(v->store, v->from, v->to, on_logged, v, v->seen, err);
    if (rc == CH_OK) {
        check_without_row(v, v->to);
        audit_hash_below(v, v->to < v->size ? v->to : v->size);
    }
    return rc;
}

/* ------------------------------------------------------------------ from the database to the log
 */

/* Of each table the first entry counts that is of a list with it: from there on each row has an
 * entry, and a row that has none cannot become an older one by a later count. */
static struct audit_before *before_of(struct audit_verify *v, const char *table)
{
    uint64_t since = ch_store_logged_since(table);
    const struct audit_before *first = NULL;
    for (size_t i = 0; i < v->before_count; i++) {
        first = first == NULL && v->before[i].list >= since ? &v->before[i] : first;
        if (first != NULL && v->before[i].entry == first->entry &&
            strcmp(v->before[i].table, table) == 0) {
            return &v->before[i];
        }
    }
    return NULL;
}

static void on_unlogged(void *ctx, const char *table, int64_t id)
{
    struct audit_verify *v = ctx;
    struct audit_before *before = before_of(v, table);
    if (v->bound > 0 && ch_store_logged_since(table) > v->bound) {
        return; /* the keeper that is about them has not begun yet */
    }
    if (before == NULL || before->rows == 0) {
        audit_problem(v, "database: %s %lld was never logged", table, (long long)id);
    } else {
        before->found++;
    }
}

/* There may be as many as were counted when entries came to be about their table; fewer of one
 * whose oldest rows go. */
static enum ch_code check_before(struct audit_verify *v, struct ch_err *err)
{
    uint64_t dropped = 0;
    enum ch_code rc = ch_store_served_dropped(v->store, &dropped, err);
    for (size_t i = 0; rc == CH_OK && i < v->before_count; i++) {
        const struct audit_before *b = &v->before[i];
        if (b->table[0] == '\0' || before_of(v, b->table) != b) {
            continue;
        }
        bool gone = b->found < b->rows && dropped > 0 && strcmp(b->table, "served") == 0;
        if (b->found != b->rows && !gone) {
            audit_problem(v,
                          "database: no entry is about %llu rows of %s, but there were %llu such "
                          "rows when entries began",
                          (unsigned long long)b->found, b->table, (unsigned long long)b->rows);
        }
    }
    return rc;
}

static void on_other_owner(void *ctx, struct ch_str repository, struct ch_str project)
{
    audit_problem(ctx, "database: owner of %.*s in %.*s is not the upstream that entries say",
                  CH_STR_ARG(project), CH_STR_ARG(repository));
}

static void on_owner_gone(void *ctx, struct ch_str repository, struct ch_str project)
{
    audit_problem(ctx,
                  "database: owner of %.*s in %.*s is gone, though entries are about the name",
                  CH_STR_ARG(project), CH_STR_ARG(repository));
}

enum ch_code audit_compare_owners(struct audit_verify *v, struct ch_err *err)
{
    enum ch_code rc =
        v->from == 0 ? ch_store_other_owners(v->store, on_other_owner, v, err) : CH_OK;
    return rc == CH_OK && v->to == UINT64_MAX
               ? ch_store_owners_gone(v->store, on_owner_gone, v, err)
               : rc;
}

/* Rows are as logged, but by its triggers and indices the keeper would change, or not find, them.
 */
static void on_odd_object(void *ctx, const char *type, const char *name, const char *what)
{
    audit_problem(ctx, "database: %s %s %s", type, name, what);
}

static void on_damage(void *ctx, const char *line)
{
    audit_problem(ctx, "database: %s", line);
}

struct pending {
    struct audit_verify *v;
    uint64_t next; /* of those that wait */
    enum ch_code rc;
    struct ch_err *err;
};

/* What was erased is so before the log has the act; and rows that are there need their entry. */
static enum ch_code take_pending(struct audit_verify *v, uint64_t index, struct ch_str entry,
                                 struct ch_err *err)
{
    struct ch_log_entry_fields f;
    if (index < v->size || ch_log_entry_read(entry, &f, NULL) != CH_OK) {
        return CH_OK;
    }
    struct ch_str kind = ch_log_entry_get(&f, "kind");
    if (ch_str_eq(kind, CH_STR("\"facts\""))) {
        audit_facts_take(v, index, &f);
    }
    return ch_str_eq(kind, CH_STR("\"erased\"")) ? audit_erased_take(v, index, &f, err) : CH_OK;
}

/* What the keeper will write is what it has said that it will. */
static bool on_pending(void *ctx, uint64_t index, struct ch_str entry)
{
    struct pending *p = ctx;
    struct audit_verify *v = p->v;
    struct ch_sha256 leaf = ch_tree_leaf(v->hash, entry), should = {{0}}, published;
    if (index < v->size) {
        /* Where the entry's bytes were altered, or its hash, the other one says what was logged. */
        bool as_published = published_hash(v, index, &published) && ch_sha256_eq(&leaf, &published);
        should = as_published ? published : v->leaves[index];
    } else if ((index - v->size + 1) * CH_SHA256_BYTES <= v->waiting.len) {
        struct ch_rd r =
            ch_rd_of(v->waiting.ptr + (index - v->size) * CH_SHA256_BYTES, CH_SHA256_BYTES);
        should = ch_get_sha256(&r);
        p->next += index == p->next;
        v->waiting_bytes += CH_ENTRY_PREFIX + entry.len;
    }
    if (!ch_sha256_eq(&leaf, &should)) {
        audit_problem(v, "database: log_pending %llu is not the entry that was logged",
                      (unsigned long long)index);
        return true;
    }
    p->rc = take_pending(v, index, entry, p->err);
    return p->rc == CH_OK;
}

enum ch_code audit_compare_rows(struct audit_verify *v, struct ch_err *err)
{
    /* what the log has got since it was read does not wait */
    struct pending p = {v, v->written > v->size ? v->written : v->size, CH_OK, err};
    enum ch_code rc = ch_store_log_pending(v->store, 0, on_pending, &p, err);
    rc = rc == CH_OK ? p.rc : rc;
    if (rc == CH_OK) {
        audit_erased_check(v);
        rc = ch_store_unlogged(v->store, v->seen, on_unlogged, v, err);
    }
    rc = rc == CH_OK ? check_before(v, err) : rc;
    if (rc == CH_OK && p.next != v->size + v->waiting.len / CH_SHA256_BYTES) {
        audit_problem(v, "database: log_pending %llu is gone, which waits to be written",
                      (unsigned long long)p.next);
    }
    rc = rc == CH_OK ? audit_facts_check(v, err) : rc;
    rc = rc == CH_OK ? audit_check_rows(v, err) : rc;
    rc = rc == CH_OK ? audit_check_inspections(v, err) : rc;
    rc = rc == CH_OK ? audit_keys_compare(v, err) : rc;
    rc = rc == CH_OK ? ch_store_odd_objects(v->store, on_odd_object, v, err) : rc;
    return rc == CH_OK ? ch_store_damages(v->store, on_damage, v, err) : rc;
}
