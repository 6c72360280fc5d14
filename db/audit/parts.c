/* All entries, by as many threads as there are processors. Each thread has some of them, with a
 * reader, a store and an output of its own; nothing is shared but the leaves, of which each writes
 * its own. */
#include "auditor.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/log/bundle.h"

#define PARTS_MAX  8
#define SAME_TRIES 8

uint64_t audit_part_entries = AUDIT_PART_ENTRIES;

struct part {
    struct audit_verify v;
    struct audit_reader reader;
    pthread_t thread;
    bool started;
    enum ch_code rc;
    struct ch_err err;
    char *said;
    size_t said_bytes;
};
struct parts {
    struct audit_verify *whole;
    const char *state;
    struct part part[PARTS_MAX];
    size_t count;
};

/* ------------------------------------------------------------------ what each has */

static size_t parts_for(uint64_t entries)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t count = processors < 1 ? 1 : processors > PARTS_MAX ? PARTS_MAX : (size_t)processors;
    while (count > 1 && entries / count < audit_part_entries) {
        count--;
    }
    return count;
}

static enum ch_code open_store(const char *state, struct ch_store **ret, uint64_t *ret_next,
                               uint64_t *ret_written, struct ch_err *err)
{
    char folder[4096];
    snprintf(folder, sizeof(folder), "%s/db", state);
    enum ch_code rc = ch_store_open_read(folder, ret, err);
    return rc == CH_OK ? ch_store_log_ends(*ret, ret_next, ret_written, err) : rc;
}

static void close_stores(struct parts *p)
{
    for (size_t i = 0; i < p->count; i++) {
        ch_store_close(p->part[i].v.store);
        p->part[i].v.store = NULL;
    }
}

/* Every store shows the database as it was when it was opened; all are to show the same. Whatever
 * is entered meanwhile makes another next entry. */
static enum ch_code open_stores(struct parts *p, struct ch_err *err)
{
    for (size_t tries = 0; tries < SAME_TRIES; tries++) {
        enum ch_code rc = CH_OK;
        uint64_t next = 0, first = 0, written = 0;
        bool same = true;
        for (size_t i = 0; rc == CH_OK && i < p->count; i++) {
            rc = open_store(p->state, &p->part[i].v.store, &next, &written, err);
            first = i == 0 ? next : first;
            p->whole->written = i == 0 ? written : p->whole->written;
            same = same && next == first;
        }
        if (rc != CH_OK || same) {
            return rc;
        }
        close_stores(p);
    }
    p->count = 1; /* a busy site: one is the same as itself */
    uint64_t next;
    return open_store(p->state, &p->part[0].v.store, &next, &p->whole->written, err);
}

/* Beginning with whole tiles. */
static void share_out(struct parts *p)
{
    const struct audit_verify *whole = p->whole;
    uint64_t tiles = (whole->size + CH_TILE_HASHES - 1) / CH_TILE_HASHES;
    for (size_t i = 0; i < p->count; i++) {
        struct part *part = &p->part[i];
        struct ch_store *store = part->v.store;
        part->v = (struct audit_verify){
            .reader = &part->reader,
            .store = store,
            .hash = ch_hash_new(),
            .leaves = whole->leaves,
            .tiles = whole->tiles,
            .hashed = tiles * i / p->count,
            .published_tile = UINT64_MAX,
            .size = whole->size,
            .lengths = whole->lengths,
            .written = whole->written,
            .from = tiles * i / p->count * CH_TILE_HASHES,
            .to = i + 1 == p->count ? UINT64_MAX : tiles * (i + 1) / p->count * CH_TILE_HASHES,
        };
        part->v.out = open_memstream(&part->said, &part->said_bytes);
        CH_ASSERT(part->v.out != NULL);
        ch_buf_init(&part->v.waiting, SIZE_MAX / 2);
        ch_buf_init(&part->v.erased.names, AUDIT_NAMES_BYTES);
    }
}

static enum ch_code open_readers(struct parts *p, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < p->count; i++) {
        struct ch_buf missing; /* the whole has named it */
        ch_buf_init(&missing, 4096);
        rc = audit_reader_open_rest(p->state, &p->part[i].reader, &missing, err);
        ch_buf_done(&missing);
        p->part[i].reader.size = p->whole->size; /* it may have grown since */
    }
    return rc;
}

/* ------------------------------------------------------------------ threads */

static void *thread_main(void *arg)
{
    struct part *part = arg;
    part->rc = audit_compare_entries(&part->v, &part->err);
    part->rc = part->rc == CH_OK ? audit_compare_owners(&part->v, &part->err) : part->rc;
    return NULL;
}

static enum ch_code run_all(struct parts *p, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < p->count; i++) {
        p->part[i].started =
            pthread_create(&p->part[i].thread, NULL, thread_main, &p->part[i]) == 0;
    }
    for (size_t i = 0; i < p->count; i++) {
        struct part *part = &p->part[i];
        if (part->started) {
            pthread_join(part->thread, NULL);
        } else { /* no thread was to be had */
            thread_main(part);
        }
        if (rc == CH_OK && part->rc != CH_OK) {
            rc = part->rc;
            *err = part->err;
        }
    }
    return rc;
}

/* ------------------------------------------------------------------ what they have found */

/* Also where another part, or this one, could not be read to its end. */
static void say_part(struct audit_verify *to, struct part *part)
{
    fflush(part->v.out);
    fwrite(part->said, 1, part->said_bytes, to->out);
}

static void add_part(struct audit_verify *to, struct part *part)
{
    struct audit_verify *v = &part->v;
    to->problems += v->problems;
    to->compared += v->compared;
    to->dropped += v->dropped;
    to->began_us = v->from == 0 ? v->began_us : to->began_us;
    to->erased.texts += v->erased.texts;
    to->erased.listed += v->erased.listed;
    to->erased.rows += v->erased.rows;
    to->erased.by_number += v->erased.by_number;
    to->erased.unlisted += v->erased.unlisted;
    ch_buf_puts(&to->erased.names, ch_buf_str(&v->erased.names));
    ch_buf_puts(&to->waiting, ch_buf_str(&v->waiting));
    for (size_t i = 0; i < CH_LOGGED_SOURCES; i++) {
        ch_logged_seen_add(&to->seen[i], &v->seen[i]);
    }
    for (size_t i = 0; i < v->before_count && to->before_count < AUDIT_BEFORE_MAX; i++) {
        to->before[to->before_count++] = v->before[i];
    }
    to->bound = to->bound > v->bound ? to->bound : v->bound;
    to->newest_us = to->newest_us > v->newest_us ? to->newest_us : v->newest_us;
    audit_facts_add(&to->facts, &v->facts);
    audit_witnessed_add(to, v);
    audit_keys_add(&to->keys, &v->keys);
}

static void done_part(struct part *part)
{
    if (part->v.out != NULL) {
        fclose(part->v.out);
    }
    free(part->said);
    ch_store_close(part->v.store);
    audit_reader_close(&part->reader);
    audit_keys_done(&part->v.keys);
    audit_facts_done(&part->v.facts);
    audit_listings_done(&part->v.listings);
    ch_buf_done(&part->v.waiting);
    ch_buf_done(&part->v.erased.names);
    ch_hash_free(part->v.hash);
}

enum ch_code audit_parts_run(struct audit_verify *v, const char *state, struct ch_err *err)
{
    struct parts *p = ch_calloc(1, sizeof(*p));
    p->whole = v;
    p->state = state;
    p->count = parts_for(v->size);
    size_t opened = p->count;
    for (size_t i = 0; i < opened; i++) {
        ch_log_files_none(&p->part[i].reader.files);
    }
    enum ch_code rc = open_stores(p, err);
    share_out(p);
    rc = rc == CH_OK ? open_readers(p, err) : rc;
    v->store = p->part[0].v.store; /* lent, before the threads begin */
    rc = rc == CH_OK ? audit_handovers_read(v, err) : rc;
    v->store = NULL;
    rc = rc == CH_OK ? run_all(p, err) : rc;
    for (size_t i = 0; i < p->count; i++) {
        say_part(v, &p->part[i]);
        if (rc == CH_OK) {
            add_part(v, &p->part[i]);
        }
        if (rc == CH_OK && i == 0) { /* the whole goes on with what this one has seen */
            v->store = p->part[i].v.store;
            p->part[i].v.store = NULL;
        }
        done_part(&p->part[i]);
    }
    free(p);
    return rc;
}
