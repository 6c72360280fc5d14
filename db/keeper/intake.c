/* One file on its way in, as a durable state machine:
 *
 *   WANTED -> FETCHING -> FETCHED -> SCANNING -> SCANNED -> DECIDED (row gone)
 *      ^----------'---- FAILED (tried again after a while, when somebody asks)
 *
 * The row in the store says where to go on after a crash: WANTED and FETCHING fetch anew, FETCHED and
 * SCANNING scan the blob again. Waiting asks go on when it is decided and that is durable, when it
 * failed, or when their patience ends. */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define RUNNING_MAX       16
#define RETRY_AFTER_US    (15 * 1000000LL)
#define ATTEMPTS_LOST_MAX 3 /* times a lost scanner is forgiven before the file is held */
#define BYTES_PER_S       (20u << 20) /* for "try again in about N s" only */
#define FETCH_TIMEOUT_MS  3600000

struct intake {
    struct keeper *k;
    struct page *p;
    char *file_name;
    char *url; /* where the bytes came from, after redirects */
    uint64_t id; /* of its row; 0: it has none (any more) */
    bool durable; /* the row is */
    uint64_t spool;
    enum ch_intake_state state;
    bool ahead;
    bool running; /* counts against RUNNING_MAX */
    uint32_t attempts;
    struct waiter *waiters;
    struct ch_timer patience;
    uint64_t started_ms;
    uint64_t expected_bytes;
    int blob_fd;
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    int scans_left;
    struct ch_scanned answer[2];
    struct ch_buf text[2];
    struct ch_buf stream[2];
    int64_t not_before_us;
    uint32_t fail_status;
    char error[400];
    struct intake *next_committed;
};

static void key_of(struct ch_buf *b, const struct page *p, struct ch_str file_name)
{
    ch_buf_init(b, 1024);
    ch_buf_puts(b, ch_str_of(p->upstream->name));
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, page_name(p));
    ch_buf_putc(b, '\0');
    ch_buf_puts(b, file_name);
}

/* Adds the row that it has not, or has lost with its group. */
static enum ch_code ensure_row(struct intake *in, struct ch_err *err)
{
    struct keeper *k = in->k;
    enum ch_code rc = keeper_write(k, err);
    if (rc != CH_OK || in->id != 0) {
        return rc;
    }
    struct ch_intake_row row = {.repository = ch_str_of(in->p->repository),
                                .upstream = ch_str_of(in->p->upstream->name),
                                .project = page_name(in->p),
                                .file_name = ch_str_of(in->file_name),
                                .state = CH_INTAKE_WANTED,
                                .ahead = in->ahead,
                                .created_at_us = keeper_now_us(k)};
    rc = ch_store_add_intake(k->store, &row, &in->id, err);
    in->durable = false;
    k->uncommitted_intakes += rc == CH_OK;
    return rc;
}

static void move(struct intake *in, enum ch_intake_state state)
{
    struct ch_err err;
    in->state = state;
    if (ensure_row(in, &err) != CH_OK ||
        ch_store_move_intake(in->k->store, in->id, state, &in->sha256, ch_str_of(in->error),
                             in->not_before_us, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void stop_running(struct intake *in)
{
    if (in->running) {
        in->running = false;
        in->k->intakes_running--;
        in->p->busy--;
    }
    if (in->blob_fd >= 0) {
        close(in->blob_fd);
        in->blob_fd = -1;
    }
    for (int i = 0; i < 2; i++) {
        ch_buf_done(&in->stream[i]);
        ch_buf_done(&in->text[i]);
    }
}

static void count_ahead(struct intake *in, bool ahead)
{
    if (in->ahead != ahead) {
        in->k->intakes_ahead += ahead ? 1 : (size_t)-1;
        in->ahead = ahead;
    }
}

static void free_intake(struct intake *in)
{
    ch_loop_cancel_timer(in->k->child.loop, &in->patience);
    count_ahead(in, false);
    stop_running(in);
    while (in->waiters != NULL) {
        struct waiter *w = in->waiters;
        in->waiters = w->next;
        ask_free_waiter(w);
    }
    free(in->file_name);
    free(in->url);
    free(in);
}

static void detach(struct intake *in)
{
    struct ch_buf key;
    key_of(&key, in->p, ch_str_of(in->file_name));
    ch_map_remove(in->k->intakes, ch_buf_str(&key));
    ch_buf_done(&key);
}

/* All waiting asks look again. The intake may be gone afterwards. */
static void wake(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct waiter *w = in->waiters;
    in->waiters = NULL;
    ch_loop_cancel_timer(k->child.loop, &in->patience);
    p->busy++;
    while (w != NULL) {
        struct waiter *next = w->next;
        w->next = NULL;
        ask_go_on(k, p, w);
        w = next;
    }
    p->busy--;
}

static void fail(struct intake *in, uint32_t status, struct ch_str text)
{
    struct ch_buf escaped;
    ch_buf_init(&escaped, sizeof(in->error) - 1);
    ch_buf_put_escaped(&escaped, text); /* clipped by the buffer's bound */
    snprintf(in->error, sizeof(in->error), "%.*s", CH_STR_ARG(ch_buf_str(&escaped)));
    ch_buf_done(&escaped);
    in->fail_status = status;
    in->attempts++;
    in->not_before_us = keeper_now_us(in->k) + RETRY_AFTER_US * in->attempts;
    keeper_log("intake", "file=%s error=\"%s\"", in->file_name, in->error);
    stop_running(in);
    count_ahead(in, false);
    move(in, CH_INTAKE_FAILED);
    wake(in);
    intakes_run(in->k);
}

/* ------------------------------------------------------------------ deciding */

/* What the index said against what arrived, and the sidecar that resolvers were shown (T1). */
static void add_own_findings(struct intake *in, const struct page_fact_file *f, struct agreed *a)
{
    char hex[CH_SHA256_HEX + 1], text[160];
    if (f != NULL && !ch_sha256_is_zero(&f->index.sha256) &&
        !ch_sha256_eq(&f->index.sha256, &in->sha256)) {
        ch_sha256_hex(&in->sha256, hex);
        agreed_add(a, CH_F_HASH_MISMATCH, ch_str_of(hex));
    } else if (f != NULL && f->index.size_bytes != CH_SIZE_UNKNOWN &&
               f->index.size_bytes != in->size_bytes) {
        snprintf(text, sizeof(text), "%llu bytes stated, %llu received",
                 (unsigned long long)f->index.size_bytes, (unsigned long long)in->size_bytes);
        agreed_add(a, CH_F_SIZE_MISMATCH, ch_str_of(text));
    }
    struct ch_sha256 shown;
    uint64_t size;
    struct ch_err err;
    if (a->metadata.ptr != NULL &&
        ch_store_get_sidecar(in->k->store, ch_str_of(in->p->upstream->name), page_name(in->p),
                             ch_str_of(in->file_name), &shown, &size, &err) == CH_OK &&
        !ch_sha256_eq(&shown, &a->row.metadata_sha256)) {
        agreed_add(a, CH_F_SIDECAR_DIFFERS, (struct ch_str){NULL, 0});
    }
}

static enum ch_code store_inspection(struct intake *in, const struct page_fact_file *f,
                                     const char *profile, struct ch_err *err)
{
    struct keeper *k = in->k;
    struct agree_input input = {
        .strict = &in->answer[0],
        .second = &in->answer[1],
        .strict_stream = ch_buf_str(&in->stream[0]),
        .second_stream = ch_buf_str(&in->stream[1]),
        .sha256 = in->sha256,
        .size_bytes = in->size_bytes,
    };
    struct agreed a;
    agree(&input, &a);
    enum ch_code rc = CH_OK;
    if (a.metadata.ptr != NULL) {
        a.row.metadata_bytes = a.metadata.len;
        rc = ch_blobs_put(k->blobs, a.metadata, &a.row.metadata_sha256, err);
    }
    struct ch_buf context;
    ch_buf_init(&context, 1024);
    ch_buf_printf(&context, "%s/%s/%s", in->p->eco->name, in->p->project, in->file_name);
    struct ch_inspection_key key = {.sha256 = in->sha256,
                                    .profile = ch_str_of(profile),
                                    .inspector_version = CH_INSPECTOR_VERSION,
                                    .context = ch_buf_str(&context)};
    if (rc == CH_OK) {
        add_own_findings(in, f, &a);
        a.row.at_us = keeper_now_us(k);
        rc = keeper_write(k, err);
    }
    if (rc == CH_OK) {
        rc = ch_store_add_inspection(k->store, &key, &a.row, err);
    }
    ch_buf_done(&context);
    agreed_done(&a);
    return rc;
}

static void conclude(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    struct ch_release release;
    p->eco->split(page_name(p), ch_str_of(in->file_name), &release);
    move(in, CH_INTAKE_SCANNED);
    enum ch_code rc = store_inspection(in, at >= 0 ? &p->facts.files[at] : NULL, release.profile, &err);
    if (rc == CH_OK && at >= 0) {
        struct page_file *f = &p->files[at];
        size_t attacks = p->attacks;
        struct ch_decision d;
        judge_forget_inspection(p, (size_t)at);
        f->artifact = in->sha256;
        listing_touch(p);
        page_wrote(p);
        judge(k, p, (size_t)at, &d);
        judge_withdraw(k, p, (size_t)at, &d); /* its metadata, shown while it was eligible */
        rc = judge_record(k, p, (size_t)at, &d, &err);
        keeper_log("decided", "repository=%s file=%s verdict=%s rule=\"%s\" reason=\"%s\"",
                   p->repository, in->file_name, ch_verdict_name(d.verdict), d.rule, d.reason);
        if (p->attacks != attacks) {
            judge_page_again(k, p); /* T10: its siblings */
        }
    }
    if (rc == CH_OK) {
        rc = ensure_row(in, &err);
    }
    if (rc == CH_OK) {
        rc = ch_store_end_intake(k->store, in->id, &err);
    }
    if (rc != CH_OK) {
        fail(in, 500, ch_str_of(err.msg));
        return;
    }
    in->state = CH_INTAKE_DECIDED;
    in->next_committed = k->after_commit;
    k->after_commit = in;
    ch_loop_set_timer(k->child.loop, &k->commit_timer, ch_loop_now_ms(k->child.loop));
}

void intake_committed(struct keeper *k)
{
    struct intake *in = k->after_commit;
    k->after_commit = NULL;
    while (in != NULL) {
        struct intake *next = in->next_committed;
        detach(in); /* first: who asks now must not join what has ended */
        stop_running(in);
        wake(in); /* asks judge again: ALLOW is linked and served, all else is refused */
        free_intake(in);
        in = next;
    }
    intakes_run(k);
}

static void each_uncommitted(struct keeper *k, bool lost)
{
    size_t cursor = 0;
    void *value;
    while (k->uncommitted_intakes > 0 && ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (!in->durable) {
            in->durable = !lost;
            in->id = lost ? 0 : in->id;
        }
    }
    k->uncommitted_intakes = 0;
}

void intakes_durable(struct keeper *k)
{
    each_uncommitted(k, false);
}

void intakes_roll_back(struct keeper *k)
{
    each_uncommitted(k, true);
}

void intake_commit_failed(struct keeper *k)
{
    struct intake *in = k->after_commit;
    k->after_commit = NULL;
    while (in != NULL) {
        struct intake *next = in->next_committed;
        fail(in, 500, CH_STR("the decision could not be stored"));
        in = next;
    }
}

/* ------------------------------------------------------------------ scanning */

static void start_scan(struct intake *in);

static void on_scanned(struct intake *in, int which, const struct ch_scanned *answer,
                       struct ch_str stream)
{
    in->answer[which] = *answer;
    ch_buf_init(&in->text[which], 1024);
    ch_buf_puts(&in->text[which], ch_str_sub(answer->text, 0, 512));
    in->answer[which].text = ch_buf_str(&in->text[which]);
    ch_buf_init(&in->stream[which], ch_limits.scan_output_bytes + 1);
    ch_buf_puts(&in->stream[which], stream);
    if (--in->scans_left > 0) {
        return;
    }
    bool lost = in->answer[0].exit_status == UINT32_MAX || in->answer[1].exit_status == UINT32_MAX;
    if (lost && ++in->attempts < ATTEMPTS_LOST_MAX) { /* not the file's fault: the scanner ended */
        for (int i = 0; i < 2; i++) {
            ch_buf_done(&in->stream[i]);
            ch_buf_done(&in->text[i]);
        }
        start_scan(in);
        return;
    }
    conclude(in);
}

static void on_strict(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    on_scanned(ctx, 0, answer, stream);
}

static void on_second(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    on_scanned(ctx, 1, answer, stream);
}

static void start_scan(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    struct ch_release release;
    p->eco->split(page_name(p), ch_str_of(in->file_name), &release);
    if (in->blob_fd < 0 &&
        ch_blobs_open_read(k->blobs, &in->sha256, &in->blob_fd, &in->size_bytes, &err) != CH_OK) {
        fail(in, 500, ch_str_of(err.msg));
        return;
    }
    if (release.profile == NULL) {
        fail(in, 502, CH_STR("no inspector for this type of file"));
        return;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = ch_str_of(p->eco->name),
        .profile = ch_str_of(release.profile),
        .project = page_name(p),
        .version = ch_str_of(release.version),
        .file_name = ch_str_of(in->file_name),
        .size_bytes = in->size_bytes,
    };
    in->scans_left = 2;
    move(in, CH_INTAKE_SCANNING);
    jobs_scan(k, 0, &job, in->blob_fd, on_strict, in);
    jobs_scan(k, 1, &job, in->blob_fd, on_second, in);
}

/* ------------------------------------------------------------------ fetching */

/* The bytes are in the blob store: from here on they have a name of our own. */
static void fetched(struct intake *in, struct ch_str url)
{
    struct keeper *k = in->k;
    struct ch_err err;
    int64_t now = keeper_now_us(k);
    struct ch_artifact artifact = {in->sha256, in->size_bytes, now};
    struct ch_release_file release = {ch_str_of(in->p->upstream->name), page_name(in->p),
                                      ch_str_of(in->file_name), in->sha256, url, now};
    enum ch_code rc = keeper_write(k, &err);
    if (rc == CH_OK) {
        rc = ch_store_add_artifact(k->store, &artifact, &err);
    }
    if (rc == CH_OK) {
        rc = ch_store_add_release_file(k->store, &release, &err);
    }
    enum ch_blob_place place;
    if (rc == CH_OK && (ch_store_get_blob(k->store, &in->sha256, &place, &err) != CH_OK ||
                        place == CH_BLOB_EVICTED)) {
        rc = ch_store_put_blob(k->store, &in->sha256, in->size_bytes, CH_BLOB_UNDECIDED, now, &err);
    }
    if (rc != CH_OK) {
        fail(in, 500, ch_str_of(err.msg));
        return;
    }
    move(in, CH_INTAKE_FETCHED);
    if (!k->draining) { /* else it goes on from here after the restart */
        start_scan(in);
    }
}

static void on_published(void *ctx, const struct published *result)
{
    struct intake *in = ctx;
    if (result->code != CH_OK) {
        ch_blobs_discard(in->k->blobs, in->spool);
        fail(in, result->code == CH_E_FULL ? 507 : 500, ch_str_of(result->err.msg));
        return;
    }
    in->sha256 = result->sha256;
    in->size_bytes = result->size_bytes;
    fetched(in, ch_str_of(in->url));
}

static void on_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct intake *in = ctx;
    struct keeper *k = in->k;
    struct ch_err err;
    char text[160];
    struct ch_fetch_row row = {ch_str_of(in->p->upstream->name), answer->effective_url,
                               answer->http_status, answer->code, answer->bytes,
                               answer->elapsed_ms, keeper_now_us(k)};
    if (keeper_write(k, &err) == CH_OK) {
        CH_IGNORE(ch_store_add_fetch(k->store, &row, &err));
    }
    if (answer->code != CH_OK || answer->http_status != 200) {
        ch_blobs_discard(k->blobs, in->spool);
        snprintf(text, sizeof(text), "the upstream answered %u", answer->http_status);
        fail(in, answer->code == CH_E_TIMEOUT ? 504 : 502,
             answer->code != CH_OK && answer->text.len > 0 ? answer->text : ch_str_of(text));
        return;
    }
    free(in->url);
    in->url = ch_str_dup(answer->effective_url);
    offload_publish(k, in->spool, on_published, in);
}

static void start_fetch(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    if (at < 0) {
        fail(in, 502, CH_STR("the upstream does not list it any more"));
        return;
    }
    const struct ch_index_file *f = &p->facts.files[at].index;
    struct ch_sha256 known = ch_sha256_is_zero(&f->sha256) ? p->files[at].artifact : f->sha256;
    in->expected_bytes = f->size_bytes;
    if (!ch_sha256_is_zero(&known) && ch_blobs_has(k->blobs, &known)) {
        struct ch_artifact artifact; /* the same bytes came in under another name */
        if (ch_store_get_artifact(k->store, &known, &artifact, &err) == CH_OK) {
            in->sha256 = known;
            in->size_bytes = artifact.size_bytes;
            fetched(in, f->url);
            return;
        }
    }
    uint64_t room = f->size_bytes == CH_SIZE_UNKNOWN ? 0 : f->size_bytes;
    int fd = -1;
    enum ch_code rc = quota_make_room(k, CH_BLOB_UNDECIDED, room, &err);
    if (rc == CH_OK) {
        rc = ch_blobs_spool(k->blobs, in->spool, &fd, &err);
    }
    if (rc != CH_OK) {
        fail(in, 507, ch_str_of(err.msg));
        return;
    }
    move(in, CH_INTAKE_FETCHING);
    struct ch_fetch fetch = {
        .kind = CH_FETCH_ARTIFACT,
        .upstream = ch_str_of(p->upstream->name),
        .url = f->url,
        .accept = CH_STR("*/*"),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = k->config->artifact_max_bytes,
        .expected_bytes = f->size_bytes,
        .timeout_ms = FETCH_TIMEOUT_MS,
    };
    jobs_fetch(k, &fetch, fd, on_fetched, in);
    close(fd);
}

/* ------------------------------------------------------------------ starting */

static void run(struct intake *in)
{
    in->running = true;
    in->k->intakes_running++;
    in->p->busy++;
    in->started_ms = ch_loop_now_ms(in->k->child.loop);
    if (in->state == CH_INTAKE_FETCHED) {
        start_scan(in);
    } else {
        start_fetch(in);
    }
}

static struct intake *next_to_run(struct keeper *k, bool ahead)
{
    size_t cursor = 0;
    void *value;
    struct intake *best = NULL;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (!in->running && in->ahead == ahead &&
            (in->state == CH_INTAKE_WANTED || in->state == CH_INTAKE_FETCHED) &&
            (best == NULL || in->id < best->id)) {
            best = in;
        }
    }
    return best;
}

void intakes_run(struct keeper *k)
{
    if (k->draining) {
        return;
    }
    while (k->intakes_running < RUNNING_MAX) {
        struct intake *in = next_to_run(k, false);
        in = in != NULL ? in : next_to_run(k, true);
        if (in == NULL) {
            return;
        }
        run(in);
    }
}

static void on_patience(struct ch_timer *t)
{
    struct intake *in = CH_CONTAINER_OF(t, struct intake, patience);
    struct keeper *k = in->k;
    struct page *p = in->p;
    uint64_t now = ch_loop_now_ms(k->child.loop), soonest = UINT64_MAX;
    struct waiter *due = NULL;
    for (struct waiter **at = &in->waiters; *at != NULL;) {
        struct waiter *w = *at;
        if (w->deadline_ms <= now) {
            *at = w->next;
            w->next = due;
            due = w;
        } else {
            soonest = w->deadline_ms < soonest ? w->deadline_ms : soonest;
            at = &w->next;
        }
    }
    if (soonest != UINT64_MAX) {
        ch_loop_set_timer(k->child.loop, t, soonest);
    }
    while (due != NULL) {
        struct waiter *next = due->next;
        due->next = NULL;
        ask_go_on(k, p, due);
        due = next;
    }
}

static struct intake *new_intake(struct keeper *k, struct page *p, struct ch_str file_name, bool ahead)
{
    struct intake *in = ch_calloc(1, sizeof(*in));
    in->k = k;
    in->p = p;
    in->file_name = ch_str_dup(file_name);
    in->blob_fd = -1;
    in->spool = ++k->next_spool;
    in->state = CH_INTAKE_WANTED;
    in->patience.fn = on_patience;
    in->expected_bytes = CH_SIZE_UNKNOWN;
    count_ahead(in, ahead);
    struct ch_buf key;
    key_of(&key, p, file_name);
    ch_map_set(k->intakes, ch_buf_str(&key), in);
    ch_buf_done(&key);
    return in;
}

static struct intake *find(struct keeper *k, struct page *p, struct ch_str file_name)
{
    struct ch_buf key;
    key_of(&key, p, file_name);
    struct intake *in = ch_map_get(k->intakes, ch_buf_str(&key));
    ch_buf_done(&key);
    return in;
}

struct intake *intake_want(struct keeper *k, struct page *p, size_t file, bool ahead)
{
    struct ch_str name = p->facts.files[file].index.file_name;
    struct intake *in = find(k, p, name);
    struct ch_err err;
    if (in != NULL && in->state == CH_INTAKE_FAILED) {
        if (keeper_now_us(k) < in->not_before_us) {
            return NULL;
        }
        move(in, CH_INTAKE_WANTED);
    } else if (in == NULL) {
        in = new_intake(k, p, name, ahead);
        if (ensure_row(in, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
            detach(in);
            free_intake(in);
            return NULL;
        }
    }
    if (!ahead) {
        count_ahead(in, false);
    }
    intakes_run(k);
    /* It may have failed on the spot. */
    in = find(k, p, name);
    return in != NULL && in->state != CH_INTAKE_FAILED ? in : NULL;
}

uint32_t intake_failure(struct keeper *k, struct page *p, size_t file, char *text, size_t size)
{
    struct intake *in = find(k, p, p->facts.files[file].index.file_name);
    snprintf(text, size, "%s", in != NULL && in->error[0] != '\0' ? in->error : "it could not be fetched");
    return in != NULL && in->fail_status != 0 ? in->fail_status : 502;
}

void intake_wait(struct keeper *k, struct intake *in, struct waiter *w)
{
    w->next = in->waiters;
    in->waiters = w;
    if (in->patience.heap_index_plus_1 == 0 || w->deadline_ms < in->patience.at_ms) {
        ch_loop_set_timer(k->child.loop, &in->patience, w->deadline_ms);
    }
}

uint32_t intake_expected_s(const struct intake *in)
{
    uint64_t bytes = in->expected_bytes == CH_SIZE_UNKNOWN ? BYTES_PER_S : in->expected_bytes;
    return (uint32_t)(2 + 2 * bytes / BYTES_PER_S);
}

/* ------------------------------------------------------------------ after a restart */

struct resume {
    struct keeper *k;
    struct ch_buf rows; /* encoded: the store is not asked while it calls us */
};

static void collect(void *ctx, const struct ch_intake_row *row)
{
    struct resume *r = ctx;
    ch_put_u64(&r->rows, row->id);
    ch_put_str(&r->rows, row->repository);
    ch_put_str(&r->rows, row->project);
    ch_put_str(&r->rows, row->file_name);
    ch_put_u8(&r->rows, (uint8_t)row->state);
    ch_put_sha256(&r->rows, &row->sha256);
    ch_put_u8(&r->rows, row->ahead);
}

enum ch_code intake_resume_all(struct keeper *k, struct ch_err *err)
{
    struct resume r = {.k = k};
    ch_buf_init(&r.rows, 256u << 20);
    enum ch_code rc = ch_store_intakes(k->store, collect, &r, err);
    struct ch_rd rd = ch_rd_of(r.rows.ptr, r.rows.len);
    while (rc == CH_OK && ch_rd_left(&rd) > 0) {
        uint64_t id = ch_get_u64(&rd);
        struct ch_str repository = ch_get_str(&rd, 1024), project = ch_get_str(&rd, 1024);
        struct ch_str file_name = ch_get_str(&rd, 1024);
        enum ch_intake_state state = ch_get_u8(&rd);
        struct ch_sha256 sha256 = ch_get_sha256(&rd);
        bool ahead = ch_get_u8(&rd) != 0;
        struct page *p = page_get(k, repository, project);
        if (p == NULL || !page_load(k, p) || page_find_file(p, file_name) < 0 ||
            state == CH_INTAKE_FAILED || find(k, p, file_name) != NULL) {
            rc = keeper_write(k, err);
            rc = rc == CH_OK ? ch_store_end_intake(k->store, id, err) : rc;
            continue; /* asked for anew when somebody wants it */
        }
        struct intake *in = new_intake(k, p, file_name, ahead);
        in->id = id;
        in->durable = true;
        if (state >= CH_INTAKE_FETCHED && ch_blobs_has(k->blobs, &sha256)) {
            in->state = CH_INTAKE_FETCHED;
            in->sha256 = sha256;
        }
    }
    ch_buf_done(&r.rows);
    return rc;
}

void intakes_free(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (k->intakes != NULL && ch_map_next(k->intakes, &cursor, NULL, &value)) {
        free_intake(value);
    }
    ch_map_free(k->intakes);
    k->intakes = NULL;
}

bool intake_holds(struct keeper *k, const struct ch_sha256 *sha256)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        const struct intake *in = value;
        if (in->state >= CH_INTAKE_FETCHED && in->state != CH_INTAKE_FAILED &&
            ch_sha256_eq(&in->sha256, sha256)) {
            return true;
        }
    }
    return false;
}

uint64_t intakes_oldest_ms(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    uint64_t now = ch_loop_now_ms(k->child.loop), oldest = 0;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        const struct intake *in = value;
        uint64_t age = in->running ? now - in->started_ms : 0;
        oldest = age > oldest ? age : oldest;
    }
    return oldest;
}

void intakes_each(struct keeper *k, intake_fn *each, void *ctx)
{
    static const char *const progress[] = {
        [CH_INTAKE_WANTED] = "waiting",    [CH_INTAKE_FETCHING] = "fetching",
        [CH_INTAKE_FETCHED] = "fetched",   [CH_INTAKE_SCANNING] = "inspecting",
        [CH_INTAKE_SCANNED] = "inspected", [CH_INTAKE_DECIDED] = "decided",
        [CH_INTAKE_FAILED] = "failed",
    };
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        struct ch_intake_row row = {.id = in->id,
                                    .repository = ch_str_of(in->p->repository),
                                    .upstream = ch_str_of(in->p->upstream->name),
                                    .project = page_name(in->p),
                                    .file_name = ch_str_of(in->file_name),
                                    .state = in->state,
                                    .sha256 = in->sha256,
                                    .attempts = in->attempts,
                                    .ahead = in->ahead,
                                    .error = ch_str_of(in->error)};
        each(ctx, &row, progress[in->state]);
    }
}
