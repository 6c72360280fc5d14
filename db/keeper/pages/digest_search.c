#include "digest_search.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "page.h"
#include "pages_int.h"

/* Of what is only stored, so much is looked through for one question, and so much at a time. */
#define LOOK_BYTES ((uint64_t)1 << 30) /* unpacked */
#define LOOK_PAGES 50000
#define PART_MS    100
#define FOUND_MAX  16
/* Until a large page is there that lists it. */
#define COMING_MS 20

struct digest_search {
    struct keeper *k;
    struct ch_store *beside; /* the keeper's: to open another one beside it */
    struct ch_sha256 sha256;
    digest_search_fn *on_end;
    void *ctx;
    bool under_way, gone; /* on the thread; freed meanwhile */
    struct digest_search *next_gone;
    struct ch_timer timer;
    struct ch_map *here; /* "REPOSITORY\0PAGE" of those in memory: they are looked through there */
    size_t here_count;
    /* the thread's while it is under way */
    bool ended; /* all is looked through */
    struct ch_buf repositories, names;
    size_t repository_at, name_at;
    struct digest_looked looked;
    size_t read;
    uint64_t bytes;
    struct ch_buf found; /* repository, page */
    size_t found_count;
    struct ch_err err;
};

static void key_of(struct ch_buf *b, struct ch_str repository, struct ch_str name)
{
    ch_buf_init(b, 4096);
    ch_buf_puts(b, repository);
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, name);
}

static void gather_here(struct digest_search *s)
{
    size_t cursor = 0;
    void *value;
    s->here = ch_map_new();
    while (ch_map_next(s->k->pages, &cursor, NULL, &value)) {
        const struct page *p = value;
        if (p->load == PAGE_READY) {
            struct ch_buf key;
            key_of(&key, ch_str_of(p->repository), page_name(p));
            ch_map_set(s->here, ch_buf_str(&key), s);
            ch_buf_done(&key);
        }
    }
}

/* ------------------------------------------------------------------ the thread */

/* Whether a stored page may list it. *ret_through: that is known. */
static bool stored_has(struct digest_search *s, struct ch_store *store, struct ch_str repository,
                       struct ch_str name, bool *ret_through)
{
    struct ch_buf owner, strings;
    struct ch_file_buf content;
    struct ch_snapshot_info info;
    uint64_t bytes = 0;
    ch_buf_init(&owner, 256);
    ch_buf_init(&strings, 64u << 10);
    page_content_init(NULL, 1, &content);
    enum ch_code rc = ch_store_owner(store, repository, name, &owner, &s->err);
    if (rc == CH_OK) {
        rc = ch_store_find_snapshot(store, ch_buf_str(&owner), name, &info, &bytes, &strings,
                                    &s->err);
    }
    bool none = rc == CH_E_NOT_FOUND;
    if (rc == CH_OK && (bytes > LOOK_BYTES - s->bytes || bytes > ch_limits.channel_answer_bytes)) {
        rc = CH_E_LIMIT;
    }
    if (rc == CH_OK) {
        struct ch_blobs *files = bytes > ch_limits.merge_bytes ? s->k->blobs : NULL;
        page_content_init(files, bytes > 0 ? (size_t)bytes : 1, &content);
        rc = ch_store_get_snapshot(store, ch_buf_str(&owner), name, &info, &content.buf, &strings,
                                   &s->err);
        s->bytes += bytes;
    }
    *ret_through = none || rc == CH_OK;
    bool has = rc == CH_OK &&
               memmem(content.buf.ptr, content.buf.len, s->sha256.byte, CH_SHA256_BYTES) != NULL;
    page_content_done(&content);
    ch_buf_done(&strings);
    ch_buf_done(&owner);
    return has;
}

static void on_name(void *ctx, struct ch_str name)
{
    ch_put_str(ctx, name);
}

static void look_at(struct digest_search *s, struct ch_store *store, struct ch_str repository,
                    struct ch_str name)
{
    struct ch_buf key;
    bool through = true;
    key_of(&key, repository, name);
    s->looked.known++;
    if (ch_map_get(s->here, ch_buf_str(&key)) == NULL) {
        through = false;
        if (s->read < LOOK_PAGES && s->found_count < FOUND_MAX) {
            s->read++;
            if (stored_has(s, store, repository, name, &through)) {
                ch_put_str(&s->found, repository);
                ch_put_str(&s->found, name);
                s->found_count++;
            }
        }
    }
    s->looked.through += through;
    ch_buf_done(&key);
}

/* False: there is no further repository, or its names cannot be read. */
static bool next_repository(struct digest_search *s, struct ch_store *store)
{
    struct ch_rd r =
        ch_rd_of(s->repositories.ptr + s->repository_at, s->repositories.len - s->repository_at);
    if (ch_rd_left(&r) == 0) {
        return false;
    }
    struct ch_str repository = ch_get_str(&r, ch_limits.text_bytes);
    ch_buf_clear(&s->names);
    s->name_at = 0;
    s->looked.failed = ch_store_projects(store, repository, on_name, &s->names, &s->err) != CH_OK ||
                       ch_buf_ok(&s->names, &s->err) != CH_OK;
    return !s->looked.failed;
}

/* The names of one repository after the other; `repository_at` is at the one they are of. */
static void look_on(void *ctx)
{
    struct digest_search *s = ctx;
    struct ch_store *store;
    uint64_t until_ms = ch_now_boot_ms() + PART_MS;
    if (ch_store_open_beside(s->beside, &store, &s->err) != CH_OK) {
        s->looked.failed = true;
        s->ended = true;
        return;
    }
    while (!s->ended && ch_now_boot_ms() < until_ms) {
        if (s->names.len == 0 && !next_repository(s, store)) {
            s->ended = true;
            break;
        }
        struct ch_rd repositories = ch_rd_of(s->repositories.ptr + s->repository_at,
                                             s->repositories.len - s->repository_at);
        struct ch_str repository = ch_get_str(&repositories, ch_limits.text_bytes);
        struct ch_rd names = ch_rd_of(s->names.ptr + s->name_at, s->names.len - s->name_at);
        if (ch_rd_left(&names) > 0) {
            look_at(s, store, repository, ch_get_str(&names, ch_limits.text_bytes));
            s->name_at = s->names.len - ch_rd_left(&names);
        } else {
            s->repository_at = s->repositories.len - ch_rd_left(&repositories);
            ch_buf_clear(&s->names);
        }
    }
    ch_store_close(store);
}

/* ------------------------------------------------------------------ the loop */

static void free_all(struct digest_search *s)
{
    ch_loop_cancel_timer(s->k->child.loop, &s->timer);
    s->k->digest_searches--;
    ch_map_free(s->here);
    ch_buf_done(&s->repositories);
    ch_buf_done(&s->names);
    ch_buf_done(&s->found);
    free(s);
}

/* What lists it is loaded: a small page at once, a large one by the thread. False: one is to come.
 */
static bool load_found(struct digest_search *s)
{
    struct ch_rd r = ch_rd_of(s->found.ptr, s->found.len);
    bool all = true;
    while (ch_rd_left(&r) > 0) {
        struct ch_str repository = ch_get_str(&r, ch_limits.text_bytes);
        struct page *p = page_get(s->k, repository, ch_get_str(&r, ch_limits.text_bytes));
        if (p != NULL && page_comes(s->k, p)) {
            all = false;
        } else if (p != NULL && !page_load(s->k, p)) {
            keeper_log("page",
                       "repository=%s project=%s what=\"lists the digest, and cannot be read\"",
                       p->repository, p->project);
        }
    }
    return all;
}

static void on_timer(struct ch_timer *t)
{
    struct digest_search *s = CH_CONTAINER_OF(t, struct digest_search, timer);
    if (load_found(s)) {
        s->on_end(s->ctx); /* may free it */
    } else {
        ch_loop_set_timer(s->k->child.loop, t, ch_loop_now_ms(s->k->child.loop) + COMING_MS);
    }
}

static void on_looked(void *ctx, const struct published *unused)
{
    struct digest_search *s = ctx;
    (void)unused;
    s->under_way = false;
    if (s->gone) {
        struct digest_search **at = &s->k->digest_searches_gone;
        while (*at != s) {
            at = &(*at)->next_gone;
        }
        *at = s->next_gone;
        free_all(s);
    } else if (!s->ended) {
        s->under_way = true;
        offload_run(s->k, look_on, on_looked, s);
    } else {
        ch_loop_set_timer(s->k->child.loop, &s->timer, ch_loop_now_ms(s->k->child.loop));
    }
}

struct digest_search *digest_search_new(struct keeper *k, const struct ch_sha256 *sha256,
                                        const struct ch_str *repositories, size_t count,
                                        digest_search_fn *on_end, void *ctx)
{
    struct digest_search *s = ch_calloc(1, sizeof(*s));
    struct ch_err err;
    s->k = k;
    s->beside = k->store;
    s->looked.repositories = count;
    s->sha256 = *sha256;
    s->on_end = on_end;
    s->ctx = ctx;
    s->timer.fn = on_timer;
    k->digest_searches++; /* so that no page is forgotten that is taken for one in memory */
    ch_buf_init(&s->repositories, 1u << 20);
    ch_buf_init(&s->names, ch_limits.page_bytes);
    ch_buf_init(&s->found, 64u << 10);
    for (size_t i = 0; i < count; i++) {
        ch_put_str(&s->repositories, repositories[i]);
    }
    gather_here(s);
    CH_IGNORE(keeper_commit(k, &err)); /* or the other connection would not see it */
    s->under_way = true;
    offload_run(k, look_on, on_looked, s);
    return s;
}

bool digest_search_ended(const struct digest_search *s)
{
    return !s->under_way && s->ended; /* while it is, that is the thread's */
}

struct digest_looked digest_search_looked(const struct digest_search *s)
{
    return s->looked;
}

void digest_search_free(struct digest_search *s)
{
    if (s == NULL) {
        return;
    }
    if (s->under_way) {
        s->gone = true; /* its thread still has it */
        s->next_gone = s->k->digest_searches_gone;
        s->k->digest_searches_gone = s;
        return;
    }
    free_all(s);
}

void digest_searches_free(struct keeper *k)
{
    while (k->digest_searches_gone != NULL) {
        struct digest_search *s = k->digest_searches_gone;
        k->digest_searches_gone = s->next_gone;
        free_all(s);
    }
}
