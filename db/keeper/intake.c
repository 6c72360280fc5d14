/* One file on its way in, as a durable state machine:
 *
 *   WANTED -> FETCHING -> FETCHED -> SCANNING -> SCANNED -> DECIDED (row gone)
 *      ^----------'---- FAILED (tried again after a while, when somebody asks)
 *
 * The row in the store says where to go on after a crash: WANTED and FETCHING fetch anew, FETCHED and
 * SCANNING scan the blob again. Waiting asks go on when it is decided and that is durable, when it
 * failed, or when their patience ends. */
#include "intake_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define RUNNING_MAX       16
#define RETRY_AFTER_US    (15 * 1000000LL)
#define BYTES_PER_S       (20u << 20) /* for "try again in about N s" only */
#define FETCH_TIMEOUT_MS  3600000

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
enum ch_code intake_ensure_row(struct intake *in, struct ch_err *err)
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
                                .ahead = in->ahead || in->rescan,
                                .created_at_us = keeper_now_us(k)};
    rc = ch_store_add_intake(k->store, &row, &in->id, err);
    in->durable = false;
    k->uncommitted_intakes += rc == CH_OK;
    return rc;
}

void intake_move(struct intake *in, enum ch_intake_state state)
{
    struct ch_err err;
    in->state = state;
    if (intake_ensure_row(in, &err) != CH_OK ||
        ch_store_move_intake(in->k->store, in->id, state, &in->sha256, ch_str_of(in->error),
                             in->not_before_us, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

void intake_stop_running(struct intake *in)
{
    if (in->running) {
        in->running = false;
        in->k->intakes_running--;
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

void intake_free(struct intake *in)
{
    ch_loop_cancel_timer(in->k->child.loop, &in->patience);
    count_ahead(in, false);
    intake_stop_running(in);
    while (in->waiters != NULL) {
        struct waiter *w = in->waiters;
        in->waiters = w->next;
        ask_free_waiter(w);
    }
    in->p->busy--;
    owner_left(in->k, in->p);
    free(in->file_name);
    free(in->url);
    free(in);
}

void intake_detach(struct intake *in)
{
    struct ch_buf key;
    key_of(&key, in->p, ch_str_of(in->file_name));
    ch_map_remove(in->k->intakes, ch_buf_str(&key));
    ch_buf_done(&key);
}

/* All waiting asks look again. The intake may be gone afterwards. */
void intake_wake(struct intake *in)
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

void intake_fail(struct intake *in, uint32_t status, struct ch_str text)
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
    intake_stop_running(in);
    count_ahead(in, false);
    intake_move(in, CH_INTAKE_FAILED);
    rescan_ended(in->k, in->p, ch_str_of(in->file_name), ch_str_of(in->error));
    in->rescan = false;
    quota_changed(in->k);
    intake_wake(in);
    owner_left(in->k, in->p);
    intakes_run(in->k);
}

/* ------------------------------------------------------------------ scanning */

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
    intake_conclude(in);
}

static void on_strict(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    on_scanned(ctx, 0, answer, stream);
}

static void on_second(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    on_scanned(ctx, 1, answer, stream);
}

static void start_scan(struct intake *in);

static void on_alias(void *ctx, const struct published *result)
{
    struct intake *in = ctx;
    if (result->code != CH_OK) {
        intake_fail(in, 500, ch_str_of(result->err.msg));
        return;
    }
    in->alias = result->alias;
    if (!in->k->draining) { /* else it goes on from here after the restart */
        start_scan(in);
    }
}

bool intake_lacks_alias(const struct intake *in, enum ch_hash_kind *ret_stated)
{
    ptrdiff_t at = page_find_file(in->p, ch_str_of(in->file_name));
    *ret_stated = at < 0 ? CH_HASH_NONE : in->p->facts.files[at].index.alias.kind;
    return *ret_stated != CH_HASH_NONE && *ret_stated != in->alias.kind;
}

static void start_scan(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    struct ch_release release;
    p->eco->split(page_name(p), ch_str_of(in->file_name), &release);
    if (in->blob_fd < 0) {
        in->alias = (struct ch_alias){.kind = CH_HASH_NONE}; /* an earlier attempt had others */
        if (ch_blobs_open_read(k->blobs, &in->sha256, &in->blob_fd, &in->size_bytes, &err) != CH_OK) {
            intake_fail(in, 500, ch_str_of(err.msg));
            return;
        }
    }
    if (release.profile == NULL) {
        intake_fail(in, 502, CH_STR("no inspector for this type of file"));
        return;
    }
    enum ch_hash_kind stated;
    if (intake_lacks_alias(in, &stated)) {
        offload_alias(k, in->blob_fd, stated, on_alias, in);
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
    intake_move(in, CH_INTAKE_SCANNING);
    jobs_scan(k, 0, &job, in->blob_fd, on_strict, in);
    jobs_scan(k, 1, &job, in->blob_fd, on_second, in);
}

/* ------------------------------------------------------------------ fetching */

/* The bytes are in the blob store: from here on they have a name of our own. `whole`: they have
 * just come from the upstream, all of them (T5). */
static void fetched(struct intake *in, struct ch_str url, bool whole)
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
    if (rc == CH_OK && whole) {
        release.at_us = in->asked_at_us; /* the upstream had them then, at least */
        rc = ch_store_confirm_bytes(k->store, &release, &err);
        page_wrote(in->p);
    }
    enum ch_blob_place place;
    if (rc == CH_OK && (ch_store_get_blob(k->store, &in->sha256, &place, &err) != CH_OK ||
                        place == CH_BLOB_EVICTED)) {
        rc = ch_store_put_blob(k->store, &in->sha256, in->size_bytes, CH_BLOB_UNDECIDED, now, &err);
    }
    if (rc != CH_OK) {
        intake_fail(in, 500, ch_str_of(err.msg));
        return;
    }
    intake_move(in, CH_INTAKE_FETCHED);
    if (!k->draining) { /* else it goes on from here after the restart */
        start_scan(in);
    }
}

static void on_published(void *ctx, const struct published *result)
{
    struct intake *in = ctx;
    if (result->code != CH_OK) {
        ch_blobs_discard(in->k->blobs, in->spool);
        intake_fail(in, result->code == CH_E_FULL ? 507 : 500, ch_str_of(result->err.msg));
        return;
    }
    in->sha256 = result->sha256;
    in->size_bytes = result->size_bytes;
    fetched(in, ch_str_of(in->url), true);
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
        intake_fail(in, answer->code == CH_E_TIMEOUT ? 504 : 502,
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
    struct ch_decision d;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    if (at < 0) {
        intake_fail(in, 502, CH_STR("the upstream does not list it any more"));
        return;
    }
    const struct ch_index_file *f = &p->facts.files[at].index;
    struct ch_sha256 known = ch_sha256_is_zero(&f->sha256) ? p->files[at].artifact : f->sha256;
    in->expected_bytes = f->size_bytes;
    judge(k, p, (size_t)at, &d);
    if (!d.refetch && !ch_sha256_is_zero(&known) && ch_blobs_has(k->blobs, &known)) {
        struct ch_artifact artifact; /* the same bytes came in under another name */
        if (ch_store_get_artifact(k->store, &known, &artifact, &err) == CH_OK) {
            in->sha256 = known;
            in->size_bytes = artifact.size_bytes;
            fetched(in, f->url, false);
            return;
        }
    }
    uint64_t room = f->size_bytes == CH_SIZE_UNKNOWN ? 0 : f->size_bytes;
    int fd = -1;
    enum ch_code rc = quota_make_room(k, CH_BLOB_UNDECIDED, room, &err);
    if (rc == CH_E_FULL && quota_frees_soon(k, CH_BLOB_UNDECIDED, room)) {
        intake_stop_running(in);
        in->no_room = true;
        quota_wait(k, NULL);
        return;
    }
    if (rc == CH_OK) {
        rc = ch_blobs_spool(k->blobs, in->spool, &fd, &err);
    }
    if (rc != CH_OK) {
        intake_fail(in, 507, ch_str_of(err.msg));
        return;
    }
    in->asked_at_us = keeper_now_us(k);
    intake_move(in, CH_INTAKE_FETCHING);
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
    in->started_ms = ch_loop_now_ms(in->k->child.loop);
    if (in->p->given_away) { /* T12: before it has begun, it ends */
        intake_fail(in, 503, ch_str_of(ch_name_owner_text(CH_OWNER_GIVEN_AWAY)));
    } else if (in->state == CH_INTAKE_FETCHED) {
        start_scan(in);
    } else {
        start_fetch(in);
    }
}

/* In this order: somebody waits, asked ahead, inspected again. */
enum turn { AWAITED, AHEAD, RESCANNED, TURNS };

static enum turn turn_of(const struct intake *in)
{
    return in->rescan ? RESCANNED : in->ahead ? AHEAD : AWAITED;
}

static struct intake *next_to_run(struct keeper *k, enum turn turn)
{
    size_t cursor = 0;
    void *value;
    struct intake *best = NULL;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (!in->running && !in->no_room && turn_of(in) == turn &&
            (in->state == CH_INTAKE_WANTED || in->state == CH_INTAKE_FETCHED) &&
            (best == NULL || in->id < best->id)) {
            best = in;
        }
    }
    return best;
}

void intakes_room_again(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        in->no_room = false;
    }
    intakes_run(k);
}

void intakes_run(struct keeper *k)
{
    if (k->draining) {
        return;
    }
    while (k->intakes_running < RUNNING_MAX) {
        struct intake *in = NULL;
        for (int turn = AWAITED; in == NULL && turn < TURNS; turn++) {
            in = next_to_run(k, (enum turn)turn);
        }
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

struct intake *intake_new(struct keeper *k, struct page *p, struct ch_str file_name, bool ahead)
{
    struct intake *in = ch_calloc(1, sizeof(*in));
    in->k = k;
    in->p = p;
    p->busy++; /* the page stays as long as this points to it */
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

struct intake *intake_find(struct keeper *k, struct page *p, struct ch_str file_name)
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
    struct intake *in = intake_find(k, p, name);
    struct ch_err err;
    if (page_withheld(p)) {
        return NULL; /* T12 */
    }
    if (in != NULL && in->state == CH_INTAKE_FAILED) {
        if (keeper_now_us(k) < in->not_before_us) {
            return NULL;
        }
        intake_move(in, CH_INTAKE_WANTED);
    } else if (in == NULL) {
        in = intake_new(k, p, name, ahead);
        if (intake_ensure_row(in, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
            intake_detach(in);
            intake_free(in);
            return NULL;
        }
    }
    if (!ahead) {
        count_ahead(in, false);
        in->rescan = false; /* somebody waits now */
    }
    intakes_run(k);
    /* It may have failed on the spot. */
    in = intake_find(k, p, name);
    return in != NULL && in->state != CH_INTAKE_FAILED ? in : NULL;
}

uint32_t intake_failure(struct keeper *k, struct page *p, size_t file, char *text, size_t size)
{
    struct intake *in = intake_find(k, p, p->facts.files[file].index.file_name);
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
