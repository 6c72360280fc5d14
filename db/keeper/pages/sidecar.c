/* The one thing served before a verdict: the parsed and checked metadata of an eligible file, so
 * that resolvers can work (T1). Sources, in order: what inspection took out of the file itself; the
 * upstream's sidecar (hash checked when the index gives one), read in the jail, name and version
 * equal to the file's, no direct reference in it; the file's end, fetched by Range, where archives
 * keep their directory and mostly their metadata; else the file has to be inspected. A sidecar that
 * the index does not announce comes after the end, since it mostly is not there. What was shown is
 * compared with the file itself once that is here. */
#include "sidecar_int.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/budget/hanging.h"

#define UNUSABLE_MS    600000 /* it is not tried again for so long */
#define HANGS_MS       15000  /* the same, when there was no answer at all */
#define ABSENT_TO_STOP 3      /* an upstream that does not announce sidecars is asked this often */

struct upstream_sidecars { /* per upstream: does it have them without saying so? */
    uint32_t absent_in_a_row;
};

/* Other bytes under the same name, or other metadata stated for them, are another file. */
static void key_of(struct ch_buf *b, const struct page *p, const struct ch_index_file *f)
{
    ch_buf_init(b, 4096);
    ch_buf_puts(b, ch_str_of(p->upstream->name));
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, f->file_name);
    ch_buf_putc(b, '\0');
    ch_put_sha256(b, &f->sha256);
    ch_put_sha256(b, &f->sidecar_sha256);
}

static struct sidecar *find(const struct keeper *k, const struct page *p,
                            const struct ch_index_file *f)
{
    struct ch_buf key;
    key_of(&key, p, f);
    struct sidecar *s = ch_map_get(k->sidecars, ch_buf_str(&key));
    ch_buf_done(&key);
    return s;
}

/* Its file, -1 when the page has none of that name any more, or another one. */
ptrdiff_t sidecar_file(const struct sidecar *s)
{
    ptrdiff_t at = page_find_file(s->p, ch_str_of(s->file_name));
    return at >= 0 && find(s->k, s->p, &s->p->facts.files[at].index) == s ? at : -1;
}

static void free_sidecar(struct sidecar *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    waiters_done(&s->waiters);
    budget_give(s->k, &s->charge);
    ch_buf_done(&s->key);
    free(s->file_name);
    free(s);
}

static struct upstream_sidecars *of_upstream(struct keeper *k, const struct page *p)
{
    struct ch_str name = ch_str_of(p->upstream->name);
    struct upstream_sidecars *u = ch_map_get(k->sidecar_upstreams, name);
    if (u == NULL) {
        u = ch_calloc(1, sizeof(*u));
        ch_map_set(k->sidecar_upstreams, name, u);
    }
    return u;
}

/* Ends the fetch; `usable`: it is stored. An unusable one stays known, so that it is not tried
 * again for a while (the file's own inspection then answers). */
void sidecar_end(struct sidecar *s, bool usable)
{
    struct keeper *k = s->k;
    struct page *p = s->p;
    struct waiters waiters = waiters_take(&s->waiters); /* it may be gone before they have looked */
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
    s->state = UNUSABLE;
    s->ended_ms = ch_loop_now_ms(k->child.loop);
    budget_give(k, &s->charge);
    if (usable) {
        ch_map_remove(k->sidecars, ch_buf_str(&s->key));
        free_sidecar(s);
    }
    waiters_wake(&waiters);
    p->busy--;
    owner_left(k, p);
}

bool sidecar_only_notes(struct ch_str stream)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, &err)) == CH_OK) {
        const struct ch_finding_row *row =
            rec.type == CH_REC_FINDING ? ch_finding_row(rec.u.finding.code) : NULL;
        if (rec.type == CH_REC_FINDING && (row == NULL || row->cls != CH_CLASS_NOTE)) {
            return false;
        }
    }
    return rc == CH_E_NOT_FOUND;
}

enum ch_code sidecar_store(struct keeper *k, struct ch_str bytes, struct ch_sha256 *ret_sha256,
                           struct ch_err *err)
{
    enum ch_blob_place place;
    enum ch_code rc = ch_blobs_put(k->blobs, bytes, ret_sha256, err);
    if (rc != CH_OK || (ch_store_get_blob(k->store, ret_sha256, &place, err) == CH_OK &&
                        place != CH_BLOB_EVICTED)) {
        return rc;
    }
    rc = keeper_write(k, err);
    return rc == CH_OK ? ch_store_put_blob(k->store, ret_sha256, bytes.len, CH_BLOB_UNDECIDED,
                                           keeper_now_us(k), err)
                       : rc;
}

bool sidecar_was_evicted(struct keeper *k, struct page *p, size_t file)
{
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    return in != NULL && !ch_sha256_is_zero(&in->row.metadata_sha256) &&
           !ch_blobs_has(k->blobs, &in->row.metadata_sha256);
}

/* Wherever they come from, metadata of another hash than the index states are not shown: kept, they
 * would be asked for again, and again. */
static bool is_as_stated(const struct sidecar *s, const struct ch_sha256 *sha256)
{
    ptrdiff_t at = sidecar_file(s);
    const struct ch_index_file *f = at >= 0 ? &s->p->facts.files[at].index : NULL;
    if (f == NULL || f->sidecar != CH_SIDECAR_HASHED || ch_sha256_eq(&f->sidecar_sha256, sha256)) {
        return true;
    }
    keeper_log("sidecar", "file=%s unusable=\"not of the hash the index states\"", s->file_name);
    return false;
}

void sidecar_keep(struct sidecar *s, struct ch_str bytes)
{
    struct keeper *k = s->k;
    struct ch_sha256 sha256 = ch_sha256_of(bytes.ptr, bytes.len);
    struct ch_err err = {0};
    if (!is_as_stated(s, &sha256)) {
        sidecar_end(s, false);
        return;
    }
    enum ch_code rc = sidecar_store(k, bytes, &sha256, &err);
    if (rc == CH_OK) {
        rc = keeper_write(k, &err);
    }
    if (rc == CH_OK) {
        struct ch_sidecar_row row = {.upstream = ch_str_of(s->p->upstream->name),
                                     .project = page_name(s->p),
                                     .file_name = ch_str_of(s->file_name),
                                     .stated_sha256 = s->stated,
                                     .sha256 = sha256,
                                     .size_bytes = bytes.len,
                                     .at_us = keeper_now_us(k)};
        rc = ch_store_put_sidecar(k->store, &row, &err);
    }
    if (rc ==
        CH_OK) { /* what is shown must be known, or a differing file would go unnoticed (T1) */
        rc = keeper_commit(k, &err);
    }
    if (rc != CH_OK) {
        keeper_log("sidecar", "file=%s error=\"%s\"", s->file_name, err.msg);
    }
    sidecar_end(s, rc == CH_OK);
}

static void on_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct sidecar *s = ctx;
    struct ch_buf bytes;
    struct ch_err err;
    if (answer->outcome != CH_SCAN_DONE || !sidecar_only_notes(stream)) {
        keeper_log("sidecar", "file=%s unusable=\"%.*s\"", s->file_name, CH_STR_ARG(answer->text));
        sidecar_end(s, false);
        return;
    }
    ch_buf_init(&bytes, ch_limits.metadata_bytes + 1);
    if (jobs_read_all(s->fd, &bytes, &err) == CH_OK) {
        sidecar_keep(s, ch_buf_str(&bytes));
    } else {
        sidecar_end(s, false);
    }
    ch_buf_done(&bytes);
}

/* ------------------------------------------------------------------ the upstream's sidecar */

/* Nobody has said a word: asking the same host for something else would take as long again. */
bool sidecar_hangs(struct sidecar *s, const struct ch_fetched *answer)
{
    s->hangs = answer->code == CH_E_TIMEOUT && answer->http_status == 0;
    return s->hangs;
}

static void on_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct sidecar *s = ctx;
    struct keeper *k = s->k;
    struct page *p = s->p;
    struct ch_err err;
    struct ch_sha256 sha256;
    uint64_t size;
    struct upstream_sidecars *u = of_upstream(k, p);
    bool there = answer->code == CH_OK && answer->http_status == 200;
    if (sidecar_hangs(s, answer)) {
        sidecar_end(s, false);
        return;
    }
    if (!s->announced && answer->code == CH_OK) {
        u->absent_in_a_row = there ? 0 : u->absent_in_a_row + 1;
    }
    ptrdiff_t at = sidecar_file(s);
    if (answer->code == CH_OK && !there && s->tail_rounds == 0 &&
        sidecar_fetch_tail(s, UINT64_MAX)) {
        return;
    }
    if (!there || at < 0 || jobs_seal(s->fd, &err) != CH_OK ||
        ch_sha256_of_fd(s->fd, &sha256, &size, &err) != CH_OK) {
        sidecar_end(s, false);
        return;
    }
    if (!is_as_stated(s, &sha256)) {
        sidecar_end(s, false);
        return;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_METADATA,
        .ecosystem = ch_str_of(p->eco->name),
        .profile = CH_STR("metadata"),
        .project = page_name(p),
        .version = ch_str_of(p->files[at].release.version),
        .file_name = ch_str_of(s->file_name),
        .size_bytes = size,
    };
    jobs_scan(k, 0, &job, s->fd, on_scanned, s);
}

/* False when it is no use: it was asked for, or the upstream has none. */
bool sidecar_fetch(struct sidecar *s)
{
    struct keeper *k = s->k;
    struct page *p = s->p;
    struct ch_buf url;
    struct ch_err err;
    ptrdiff_t at = sidecar_file(s);
    if (at < 0 || s->asked ||
        (!s->announced && of_upstream(k, p)->absent_in_a_row >= ABSENT_TO_STOP)) {
        return false;
    }
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
    ch_buf_init(&url, ch_limits.url_bytes);
    bool ok = p->eco->sidecar_url(p->facts.files[at].index.url, &url) == CH_OK &&
              jobs_memfd("metadata", &s->fd, &err) == CH_OK;
    if (ok) {
        struct ch_fetch fetch = {
            .kind = CH_FETCH_DOCUMENT,
            .upstream = ch_str_of(p->upstream->name),
            .url = ch_buf_str(&url),
            .accept = CH_STR("*/*"),
            .range_to_bytes = UINT64_MAX,
            .max_bytes = ch_limits.metadata_bytes,
            .expected_bytes = CH_SIZE_UNKNOWN,
            .timeout_ms = SIDECAR_TIMEOUT_MS,
            .answer_ms = (uint32_t)ch_limits.fetch_tell_ms,
            .retry_ms = PAGE_PATIENCE_MS,
        };
        s->asked = true;
        jobs_fetch(k, &fetch, s->fd, on_fetched, s);
    }
    ch_buf_done(&url);
    return ok;
}

/* NULL: there is no use in it. */
static struct sidecar *start(struct keeper *k, struct page *p, size_t file, struct charge *charge)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    if (p->eco->sidecar_url == NULL || upstream_rests_ms(k, p->upstream, f->url) > 0) {
        return NULL;
    }
    struct sidecar *s = ch_calloc(1, sizeof(*s));
    s->k = k;
    s->p = p;
    s->fd = -1;
    s->state = FETCHING;
    s->announced = f->sidecar != CH_SIDECAR_NONE;
    s->file_name = ch_str_dup(f->file_name);
    s->stated = f->sha256;
    s->charge = *charge;
    *charge = (struct charge){0};
    waiters_init(&s->waiters, k, p);
    key_of(&s->key, p, f);
    ch_map_set(k->sidecars, ch_buf_str(&s->key), s);
    if (!(s->announced ? sidecar_fetch(s)
                       : sidecar_fetch_tail(s, UINT64_MAX) || sidecar_fetch(s))) {
        ch_map_remove(k->sidecars, ch_buf_str(&s->key));
        free_sidecar(s);
        return NULL;
    }
    p->busy++;
    return s;
}

/* Links known metadata into served/. */
static enum sidecar_state serve(struct keeper *k, struct page *p, size_t file,
                                const struct ch_sha256 *sha256, uint64_t size,
                                struct ch_sha256 *ret_sha256, uint64_t *ret_size)
{
    struct ch_err err;
    if (!ch_blobs_has(k->blobs, sha256) || ch_blobs_serve(k->blobs, sha256, &err) != CH_OK) {
        return SIDECAR_FAILED;
    }
    serve_shown(p, file, sha256);
    *ret_sha256 = *sha256;
    *ret_size = size;
    return SIDECAR_READY;
}

/* Another try is due. */
static bool may_start(const struct sidecar *s, uint64_t now_ms)
{
    return s->state == UNUSABLE && now_ms - s->ended_ms >= (s->hangs ? HANGS_MS : UNUSABLE_MS);
}

static struct sidecar *find_current(struct keeper *k, const struct page *p, size_t file)
{
    struct sidecar *s = find(k, p, &p->facts.files[file].index);
    if (s != NULL && may_start(s, ch_loop_now_ms(k->child.loop))) {
        ch_map_remove(k->sidecars, ch_buf_str(&s->key));
        free_sidecar(s);
        s = NULL;
    }
    return s;
}

/* False: over budget. */
static bool start_charged(struct keeper *k, struct page *p, size_t file,
                          const struct ch_client *client, struct sidecar **ret)
{
    struct charge charge;
    if (!budget_take(k, BUDGET_METADATA, ch_str_of(p->upstream->name), client, &charge)) {
        return false;
    }
    *ret = start(k, p, file, &charge);
    budget_give(k, &charge); /* where it was not taken over */
    budget_moved(k, sidecar_about(p, p->facts.files[file].index.file_name));
    return true;
}

uint64_t sidecar_about(const struct page *p, struct ch_str file_name)
{
    return budget_about(BUDGET_METADATA, ch_str_of(p->upstream->name), page_name(p), file_name);
}

enum sidecar_state sidecar_get(struct keeper *k, struct page *p, size_t file,
                               const struct ch_client *client, struct ch_sha256 *ret_sha256,
                               uint64_t *ret_size)
{
    const struct ch_inspection_result *in = inspection_of(k, p, file);
    if (in != NULL) {
        return ch_sha256_is_zero(&in->row.metadata_sha256)
                   ? SIDECAR_FAILED
                   : serve(k, p, file, &in->row.metadata_sha256, in->row.metadata_bytes, ret_sha256,
                           ret_size);
    }
    struct ch_sidecar_row row;
    if (sidecar_shown(k, p, &p->facts.files[file], &row) &&
        ch_blobs_has(k->blobs, &row.sha256)) { /* else it was evicted: fetched again */
        return serve(k, p, file, &row.sha256, row.size_bytes, ret_sha256, ret_size);
    }
    struct sidecar *s = find_current(k, p, file);
    if (s == NULL && !start_charged(k, p, file, client, &s)) {
        return SIDECAR_OVER_BUDGET;
    }
    if (s == NULL || s->state == UNUSABLE) {
        return s != NULL && s->hangs ? SIDECAR_HANGS : SIDECAR_FAILED;
    }
    return SIDECAR_WAITING;
}

void sidecar_wait(struct keeper *k, struct page *p, size_t file, struct waiter *waiter)
{
    struct sidecar *s = find(k, p, &p->facts.files[file].index);
    CH_ASSERT(s != NULL && s->state == FETCHING);
    waiters_add(&s->waiters, waiter);
}

void sidecar_overtaken(struct keeper *k, struct page *p, struct ch_str file_name)
{
    ptrdiff_t at = page_find_file(p, file_name);
    struct sidecar *s = at < 0 ? NULL : find(k, p, &p->facts.files[at].index);
    if (s != NULL) {
        waiters_wake(&s->waiters);
    }
    budget_moved(k, sidecar_about(p, file_name));
}

void sidecar_ask_ahead(struct keeper *k, struct page *p, size_t file,
                       const struct ch_client *client)
{
    const struct page_fact_file *f = &p->facts.files[file];
    struct ch_sidecar_row row;
    struct sidecar *s;
    if (find(k, p, &f->index) == NULL && inspection_of(k, p, file) == NULL &&
        !sidecar_shown(k, p, f, &row)) {
        CH_IGNORE(!start_charged(k, p, file, client, &s)); /* else the client asks by itself */
    }
}

void sidecars_forget(struct keeper *k, uint64_t now_ms)
{
    size_t cursor = 0;
    struct ch_str key;
    void *value;
    while (ch_map_next(k->sidecars, &cursor, &key, &value)) {
        struct sidecar *s = value;
        if (may_start(s, now_ms)) {
            ch_map_remove(k->sidecars, key);
            free_sidecar(s);
        }
    }
}

void sidecars_init(struct keeper *k)
{
    k->sidecars = ch_map_new();
    k->sidecar_upstreams = ch_map_new();
}

void sidecars_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->sidecars != NULL && ch_map_next(k->sidecars, &cursor, NULL, &value)) {
        free_sidecar(value);
    }
    cursor = 0;
    while (k->sidecar_upstreams != NULL &&
           ch_map_next(k->sidecar_upstreams, &cursor, NULL, &value)) {
        free(value);
    }
    ch_map_free(k->sidecars);
    ch_map_free(k->sidecar_upstreams);
    k->sidecars = NULL;
    k->sidecar_upstreams = NULL;
}
