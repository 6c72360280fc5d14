/* The log against itself: entries, hashes, checkpoint. compare.c has the database. */
#include "auditor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "db/log/bundle.h"

void audit_problem(struct audit_verify *v, const char *fmt, ...)
{
    char text[1024];
    struct ch_buf shown;
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    ch_buf_init(&shown, 8 * sizeof(text));
    ch_buf_put_escaped(&shown, ch_str_of(text));
    fprintf(v->out, "ALTERED %.*s\n", CH_STR_ARG(ch_buf_str(&shown)));
    ch_buf_done(&shown);
    v->problems++;
}

/* ------------------------------------------------------------------ whose log it is */

static enum ch_code find_key(struct audit_verify *v, struct ch_str vkey, struct ch_err *err)
{
    struct ch_str genesis;
    struct ch_log_entry_fields f;
    struct ch_buf text;
    struct ch_err why;
    if (vkey.ptr != NULL) {
        return ch_note_key_get(vkey, &v->key, err);
    }
    ch_buf_init(&text, 4 * CH_NOTE_NAME_MAX);
    enum ch_code rc = audit_reader_get(v->reader, 0, &genesis, &why);
    rc = rc == CH_OK ? ch_log_entry_read(genesis, &f, &why) : rc;
    if (rc == CH_OK && !ch_log_entry_get_str(&f, "vkey", &text)) {
        rc = ch_fail(&why, CH_E_FORMAT, "it names none");
    }
    rc = rc == CH_OK ? ch_note_key_get(ch_buf_str(&text), &v->key, &why) : rc;
    ch_buf_done(&text);
    if (rc != CH_OK) {
        v->key = (struct ch_note_key){.name = ""};
        audit_problem(v,
                      "entry 0: whose signature the checkpoint should have is not known without "
                      "--key: %s",
                      why.msg);
    }
    return CH_OK;
}

/* ------------------------------------------------------------------ the tree */

static void on_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    struct audit_verify *v = ctx;
    (void)index;
    if (height > 0 && height % CH_TILE_HEIGHT == 0) {
        ch_buf_put(&v->upper[height / CH_TILE_HEIGHT], node->byte, sizeof(node->byte));
    }
}

/* A bundle that cannot be read has lost its entries: the tree goes on with their hashes as they are
 * stored, so that only this bundle is named. */
static void unreadable(struct audit_verify *v, uint64_t first, uint64_t count,
                       const struct ch_err *why)
{
    audit_problem(v, "entries %llu to %llu: %s", (unsigned long long)first,
                  (unsigned long long)(first + count - 1), why->msg);
    for (uint64_t i = first; i < first + count; i++) {
        if (ch_log_pread(v->reader->files.public.hashes_fd[0], &v->leaves[i], sizeof(v->leaves[i]),
                         i * sizeof(v->leaves[i]), "hashes", NULL) != CH_OK) {
            v->leaves[i] = (struct ch_sha256){{0}};
        }
    }
}

static void hash_tile(struct audit_verify *v, uint64_t tile)
{
    struct ch_err err;
    struct ch_str entry;
    struct ch_sha256 room[CH_TILE_HASHES];
    uint64_t first = tile * CH_TILE_HASHES, left = v->size - first;
    uint64_t count = left < CH_TILE_HASHES ? left : CH_TILE_HASHES;
    if (audit_reader_get(v->reader, first, &entry, &err) != CH_OK) {
        unreadable(v, first, count, &err);
    } else {
        for (uint64_t i = first; i < first + count; i++) {
            CH_ASSERT(audit_reader_get(v->reader, i, &entry, NULL) == CH_OK); /* its bundle was */
            v->leaves[i] = ch_tree_leaf(v->hash, entry);
        }
    }
    if (count == CH_TILE_HASHES) {
        memcpy(room, &v->leaves[first], sizeof(room));
        v->tiles[tile] = ch_tree_fold(v->hash, room, CH_TILE_HEIGHT);
    }
}

void audit_hash_below(struct audit_verify *v, uint64_t end)
{
    for (; v->hashed * CH_TILE_HASHES < end; v->hashed++) {
        hash_tile(v, v->hashed);
    }
}

/* Of how many entries somebody has signed a tree, which has to be this one then. */
static bool is_signed_between(const struct audit_verify *v, uint64_t from, uint64_t to)
{
    bool found = v->witnessed.there && v->witnessed.size > from && v->witnessed.size < to;
    for (size_t i = 0; i < v->keys.handover_count; i++) {
        found = found || (v->keys.handovers[i].size > from && v->keys.handovers[i].size < to);
    }
    return found;
}

static void grow_tree(struct audit_verify *v)
{
    struct ch_tree *t = &v->tree;
    while (t->size < v->size) {
        uint64_t end = t->size + CH_TILE_HASHES;
        if (t->size % CH_TILE_HASHES == 0 && end <= v->size &&
            !is_signed_between(v, t->size, end)) {
            ch_tree_add_node(t, v->hash, CH_TILE_HEIGHT, &v->tiles[t->size / CH_TILE_HASHES],
                             on_node, v);
        } else {
            ch_tree_add(t, v->hash, &v->leaves[t->size], on_node, v);
        }
        audit_handovers_root(v);
        audit_witnessed_root(v);
    }
}

/* ------------------------------------------------------------------ against what is published */

/* Leaves are compared by compare.c, which has a third opinion on them. */
static void check_upper_levels(struct audit_verify *v)
{
    struct ch_sha256 stored;
    for (unsigned level = 1; level < CH_TILE_LEVELS; level++) {
        const struct ch_buf *b = &v->upper[level];
        for (size_t at = 0; at < b->len; at += sizeof(stored)) {
            if (ch_log_pread(v->reader->files.public.hashes_fd[level], &stored, sizeof(stored), at,
                             "hashes", NULL) != CH_OK) {
                audit_problem(v, "hashes of level %u: hash %zu is missing", level,
                              at / sizeof(stored));
                break;
            }
            struct ch_rd r = ch_rd_of(b->ptr + at, sizeof(stored));
            struct ch_sha256 should = ch_get_sha256(&r);
            if (!ch_sha256_eq(&stored, &should)) {
                audit_problem(v, "hashes of level %u: hash %zu is not the one of what is below it",
                              level, at / sizeof(stored));
            }
        }
    }
}

/* Last: a root that differs only because an entry does is not another thing. */
static enum ch_code check_checkpoint(struct audit_verify *v, struct ch_err *err)
{
    struct ch_buf note;
    struct ch_checkpoint c;
    struct ch_err why;
    const struct ch_note_key first = v->key;
    ch_buf_init(&note, CH_NOTE_MAX);
    enum ch_code rc = ch_log_read_note(v->reader->files.public_fd, &note, &why);
    audit_keys_guess(v);
    if (rc == CH_OK) {
        audit_keys_follow(v, ch_buf_str(&note), v->size);
        rc = ch_checkpoint_open(ch_buf_str(&note), &v->key, &c, &why);
    }
    enum ch_code sealed = audit_sealed_check(v, &first, err);
    if (rc != CH_OK) {
        audit_problem(v, "the checkpoint: %s", why.msg);
    } else {
        struct ch_sha256 root = ch_tree_root(&v->tree, v->hash);
        if (c.size == v->size && !ch_sha256_eq(&root, &c.root)) {
            audit_problem(v,
                          "the checkpoint of size %llu signs another tree than that of the entries",
                          (unsigned long long)c.size);
        }
        if (c.size < v->written) { /* dropped from the database only once they were under one */
            audit_problem(v, "the checkpoint is of %llu entries, but the log had %llu",
                          (unsigned long long)c.size, (unsigned long long)v->written);
        }
    }
    if (rc == CH_OK) {
        audit_witnessed_check(v, &first);
    }
    ch_buf_done(&note);
    return sealed;
}

/* ------------------------------------------------------------------ all */

static enum ch_code check_all(struct audit_verify *v, const char *state, struct ch_str vkey,
                              struct ch_err *err)
{
    audit_files_bound(v);
    enum ch_code rc = v->size == 0 ? audit_files_size_of_store(v, state, err) : CH_OK;
    rc = rc == CH_OK ? find_key(v, vkey, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    v->leaves = ch_calloc((size_t)v->size, sizeof(*v->leaves));
    v->tiles = ch_calloc((size_t)v->size / CH_TILE_HASHES + 1, sizeof(*v->tiles));
    rc = audit_parts_run(v, state, err);
    if (rc == CH_OK) {
        grow_tree(v);
        check_upper_levels(v);
        rc = audit_compare_rows(v, err);
    }
    rc = rc == CH_OK ? check_checkpoint(v, err) : rc;
    if (rc == CH_OK) {
        audit_files_check(v);
        audit_journal_check(v);
        audit_strangers_check(v);
        rc = audit_private_keys_check(v, state, err);
    }
    return rc;
}

static void say(const struct audit_verify *v)
{
    fprintf(v->out, "%llu entries, %llu rows of the database; signed by %s",
            (unsigned long long)v->size, (unsigned long long)v->compared,
            v->key.name[0] != '\0' ? v->key.name : "nobody that is known");
    if (v->erased.texts > 0) {
        fprintf(v->out, "; %llu texts were erased", (unsigned long long)v->erased.texts);
    }
    if (v->dropped > 0) {
        fprintf(v->out, "; %llu rows are older than what is kept of their table",
                (unsigned long long)v->dropped);
    }
    audit_witnessed_say(v);
    if (v->waiting.len > 0) {
        fprintf(v->out, "; %llu entries wait to be written",
                (unsigned long long)(v->waiting.len / CH_SHA256_BYTES));
    }
    if (v->problems > 0) {
        fprintf(v->out, ": NOT as logged, %llu times\n", (unsigned long long)v->problems);
    } else {
        fprintf(v->out, ": as logged\n");
    }
}

enum ch_code audit_verify(const char *state, const struct audit_whom *whom, FILE *out,
                          bool *ret_good, struct ch_err *err)
{
    struct audit_reader reader;
    struct audit_verify v = {
        .reader = &reader,
        .out = out,
        .hash = ch_hash_new(),
        .published_tile = UINT64_MAX,
        .witnessed = {.whom = whom->witnesses, .whom_count = whom->witness_count}};
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ch_buf_init(&v.upper[level], SIZE_MAX / 2);
    }
    ch_buf_init(&v.waiting, SIZE_MAX / 2);
    ch_buf_init(&v.erased.names, 8 * AUDIT_NAMES_BYTES);
    /* What was cosigned, then the log: it has all of that. Then the database: what that gets
     * meanwhile is entries that wait. */
    audit_witnessed_read(&v, state);
    enum ch_code rc = audit_files_open(&v, state, err);
    v.size = reader.size;
    rc = rc == CH_OK ? check_all(&v, state, whom->vkey, err) : rc;
    if (rc == CH_OK) {
        say(&v);
        *ret_good = v.problems == 0;
    }
    ch_store_close(v.store);
    audit_reader_close(&reader);
    free(v.leaves);
    free(v.tiles);
    audit_keys_done(&v.keys);
    audit_facts_done(&v.facts);
    audit_listings_done(&v.listings);
    ch_buf_done(&v.witnessed.note);
    for (unsigned level = 0; level < CH_TILE_LEVELS; level++) {
        ch_buf_done(&v.upper[level]);
    }
    ch_buf_done(&v.waiting);
    ch_buf_done(&v.erased.names);
    ch_hash_free(v.hash);
    return rc;
}
