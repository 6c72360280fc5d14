/* One file on its way in, as a durable state machine:
 *
 *   WANTED -> FETCHING -> FETCHED -> SCANNING -> SCANNED -> DECIDED (row gone)
 *      ^----------'---- FAILED (tried again after a while, when somebody asks; by itself, and so
 * often, where an inspection was ended from outside)
 *
 * The row in the store says where to go on after a crash: WANTED and FETCHING fetch anew, FETCHED
 * and SCANNING scan the blob again. Waiting asks go on when it is decided and that is durable, when
 * it failed, or when their patience ends. SCANNING is intake_scan.c. */
#include "intake_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "faults.h"
#include "quota.h"
#include "rescan.h"
#include "shared.h"
#include "sizes.h"
#include "db/keeper/budget/hanging.h"
#include "db/keeper/pushes/pushes.h"

#define BYTES_PER_S                                                                                \
    (20u << 20) /* for "try again in about N s" alone, of what has not begun to come */
#define FETCH_TIMEOUT_MS 3600000

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
                                .attempts = in->begun,
                                .ahead = in->ahead || in->rescan,
                                .created_at_us = keeper_now_us(k)};
    rc = ch_store_add_intake(k->store, &row, &in->id, err);
    in->durable = false;
    k->uncommitted_intakes += rc == CH_OK;
    return rc;
}

enum ch_code intake_store_move(struct intake *in, enum ch_intake_state state, struct ch_err *err)
{
    in->state = state;
    in->moved_at_us = keeper_now_us(in->k);
    enum ch_code rc = intake_ensure_row(in, err);
    return rc != CH_OK ? rc
                       : ch_store_move_intake(in->k->store, in->id, state, &in->sha256,
                                              ch_str_of(in->error), in->not_before_us, err);
}

void intake_move(struct intake *in, enum ch_intake_state state)
{
    struct ch_err err;
    if (intake_store_move(in, state, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

void intake_stop_running(struct intake *in)
{
    in->running = false;
    turn_leave(in);
    coming_end(in);
    stall_end(in);
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
    count_ahead(in, false);
    intake_not_again(in);
    intake_stop_running(in);
    waiters_done(&in->waiters);
    turn_paid(in);
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

void intake_fail(struct intake *in, uint32_t status, struct ch_str text)
{
    struct ch_buf escaped;
    ch_buf_init(&escaped, sizeof(in->error) - 1);
    ch_buf_put_printable(&escaped, text); /* clipped by the buffer's bound */
    snprintf(in->error, sizeof(in->error), "%.*s", CH_STR_ARG(ch_buf_str(&escaped)));
    ch_buf_done(&escaped);
    in->fail_status = status;
    in->attempts++;
    int64_t pause_us = in->found_out ? 0
                       : in->again   ? intake_pause_us(in)
                                     : INTAKE_RETRY_US * in->attempts;
    int64_t rest_us = (int64_t)in->rest_ms * 1000;
    in->not_before_us = keeper_now_us(in->k) + (rest_us > pause_us ? rest_us : pause_us);
    keeper_log("intake", "file=%s error=\"%s\"", in->file_name, in->error);
    intake_stop_running(in);
    shared_ended(in);
    count_ahead(in, false);
    intake_move(in, CH_INTAKE_FAILED);
    if (in->again) {
        intake_again_later(in);
    }
    rescan_ended(in->k, in->p, ch_str_of(in->file_name), ch_str_of(in->error));
    in->rescan = false;
    turn_paid(in);
    quota_changed(in->k);
    struct keeper *k = in->k;
    struct page *p = in->p;
    p->busy++; /* the intake may be gone when all have looked */
    waiters_wake(&in->waiters);
    p->busy--;
    owner_left(k, p);
    intakes_run(k);
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
    struct ch_release_file release = {ch_str_of(in->p->upstream->name),
                                      page_name(in->p),
                                      ch_str_of(in->file_name),
                                      in->sha256,
                                      url,
                                      now};
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
        intake_fail(in, keeper_store_status(rc, 500), ch_str_of(err.msg));
        return;
    }
    coming_end(in); /* from here on the store counts them */
    intake_move(in, CH_INTAKE_FETCHED);
    if (!k->draining) { /* else it goes on from here after the restart */
        intake_scan(in);
    }
}

static void on_published(void *ctx, const struct published *result)
{
    struct intake *in = ctx;
    if (result->code != CH_OK) {
        ch_blobs_discard(in->k->blobs, in->spool);
        intake_fail(in, keeper_store_status(result->code, 500), ch_str_of(result->err.msg));
        return;
    }
    in->sha256 = result->sha256;
    in->size_bytes = result->size_bytes;
    fetched(in, ch_str_of(in->url), true);
}

/* What is here of it cannot be had again, and may be the last copy (quota.c). T14, T26: of what
 * never came there is no row. */
static void not_found(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_str name = ch_str_of(in->file_name);
    ptrdiff_t at = page_find_file(p, name);
    struct ch_err err;
    if (at < 0 || ch_sha256_is_zero(&p->files[at].artifact)) {
        return;
    }
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_not_found(k->store, ch_str_of(p->upstream->name), page_name(p), name,
                           keeper_now_us(k), &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

/* Either what was found out holds it from now on, and whoever waits is told that, or it may pass.
 */
static void fetch_failed(struct intake *in, const struct ch_fetched *answer)
{
    struct keeper *k = in->k;
    char status[40];
    enum ch_fetch_fault fault =
        in->rest_ms > 0 ? CH_FAULT_NONE : faults_kind(answer, in->expected_bytes);
    snprintf(status, sizeof(status), "%s answered %u",
             fault != CH_FAULT_NONE ? "it" : "the upstream", answer->http_status);
    struct ch_str text =
        answer->code != CH_OK && answer->text.len > 0 ? answer->text : ch_str_of(status);
    bool too_large = answer->code == CH_E_LIMIT && answer->told_bytes > 0 && fault == CH_FAULT_NONE;
    if (too_large) {
        sizes_told(k, in->p, ch_str_of(in->file_name), answer);
    }
    in->found_out = fault != CH_FAULT_NONE;
    if (in->found_out) {
        faults_found(k, in->p, ch_str_of(in->file_name), fault, answer, text);
    }
    if (in->found_out || too_large) {
        not_found(in);
    }
    intake_fail(in,
                in->found_out || too_large     ? 403
                : answer->code == CH_E_TIMEOUT ? 504
                : answer->code == CH_E_FULL    ? 507
                                               : upstream_later_status(in->rest_ms),
                text);
}

static void on_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct intake *in = ctx;
    struct keeper *k = in->k;
    struct ch_err err;
    stall_end(in);
    turn_take(in); /* it may have lost it */
    in->rest_ms = upstream_rest_ms(answer);
    struct ch_fetch_row row = {ch_str_of(in->p->upstream->name),
                               answer->effective_url,
                               answer->http_status,
                               answer->code,
                               answer->bytes,
                               answer->elapsed_ms,
                               keeper_now_us(k)};
    if (keeper_write(k, &err) == CH_OK) {
        CH_IGNORE(ch_store_add_fetch(k->store, &row, &err));
    }
    if (answer->code != CH_OK || answer->http_status != 200) {
        ch_blobs_discard(k->blobs, in->spool);
        fetch_failed(in, answer);
        return;
    }
    free(in->url);
    in->url = ch_str_dup(answer->effective_url);
    offload_publish(k, in->spool, on_published, in);
}

struct origin {
    struct ch_str upstream;
    bool found;
};

static void on_origin(void *ctx, const struct ch_release_file *f)
{
    struct origin *o = ctx;
    o->found = o->found || ch_str_eq(f->upstream, o->upstream);
}

/* Whether bytes that are here may stand for what would be fetched. Of an image whoever knows a
 * digest could read them through an upstream that never had them (T24): there they have come from
 * it. */
static bool may_stand_in(const struct intake *in, const struct ch_sha256 *sha256)
{
    struct origin o = {.upstream = ch_str_of(in->p->upstream->name)};
    struct ch_err err;
    return !in->p->eco->whole_versions ||
           (ch_store_releases_of(in->k->store, sha256, on_origin, &o, &err) == CH_OK && o.found);
}

/* What was pushed is here, or nowhere. It is as whole as it came: its digest was checked then. */
static void take_pushed(struct intake *in, const struct ch_index_file *f)
{
    struct keeper *k = in->k;
    struct ch_artifact artifact;
    struct ch_err err;
    if (!hosted_has(k, in->p, &f->sha256) || !ch_blobs_has(k->blobs, &f->sha256) ||
        ch_store_get_artifact(k->store, &f->sha256, &artifact, &err) != CH_OK) {
        const struct ch_str lost = CH_STR("what was pushed of it is not here any more");
        in->found_out = true;
        faults_found(k, in->p, ch_str_of(in->file_name), CH_FAULT_MISSING, NULL, lost);
        intake_fail(in, 403, lost);
        return;
    }
    in->sha256 = f->sha256;
    in->size_bytes = artifact.size_bytes;
    in->asked_at_us = keeper_now_us(k);
    fetched(in, f->url, true);
}

static void start_fetch(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    struct ch_decision d;
    char text[CH_REASON_MAX];
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    if (at < 0) {
        intake_fail(in, 502, CH_STR("the upstream does not list it any more"));
        return;
    }
    const struct ch_index_file *f = &p->facts.files[at].index;
    struct ch_sha256 known = ch_sha256_is_zero(&f->sha256) ? p->files[at].artifact : f->sha256;
    in->expected_bytes = f->size_bytes;
    in->found_out = false;
    if (p->upstream->hosted) {
        take_pushed(in, f);
        return;
    }
    judge(k, p, (size_t)at, &d);
    if (!d.refetch && !ch_sha256_is_zero(&known) && !inspection_of_broken_transfer(p, (size_t)at) &&
        ch_blobs_has(k->blobs, &known) && may_stand_in(in, &known)) {
        struct ch_artifact artifact; /* the same bytes came in under another name */
        if (ch_store_get_artifact(k->store, &known, &artifact, &err) == CH_OK) {
            in->sha256 = known;
            in->size_bytes = artifact.size_bytes;
            fetched(in, f->url, false);
            return;
        }
    }
    const struct fault *fault = faults_of(p, (size_t)at);
    if (fault != NULL && !in->rescan && !faults_due(k, p, (size_t)at)) {
        in->found_out = true;
        CH_IGNORE(faults_decision(k, p, (size_t)at, &d));
        intake_fail(in, 403, ch_str_of(d.reason));
        return;
    }
    bool too_large = (d.holds >> CH_HOLD_SIZE & 1) != 0 && !sizes_differ(k, p, (size_t)at) &&
                     (fault == NULL || fault->kind != CH_FAULT_SIZE);
    if (too_large && !(in->rescan && sizes_only_told(p, (size_t)at))) {
        sizes_refusal(k, p, (size_t)at, text, sizeof(text)); /* d.reason may be another hold's */
        intake_fail(in, 403, ch_str_of(text));
        return;
    }
    in->rest_ms = upstream_rests_ms(k, p->upstream, f->url);
    if (in->rest_ms > 0) {
        intake_fail(in, upstream_later_status(in->rest_ms),
                    CH_STR("the upstream wants to be asked again later"));
        return;
    }
    int fd = -1;
    if (!coming_begin(in)) {
        return;
    }
    enum ch_code rc = ch_blobs_spool(k->blobs, in->spool, &fd, &err);
    if (rc != CH_OK) {
        intake_fail(in, 507, ch_str_of(err.msg));
        return;
    }
    in->asked_at_us = keeper_now_us(k);
    in->fetch_ms = ch_loop_now_ms(k->child.loop);
    intake_move(in, CH_INTAKE_FETCHING);
    struct ch_fetch fetch = {
        .kind = CH_FETCH_ARTIFACT,
        .upstream = ch_str_of(p->upstream->name),
        .url = f->url,
        .accept = ch_str_of(p->eco->file_accept != NULL ? p->eco->file_accept : "*/*"),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = coming_max_bytes(in),
        .expected_bytes = f->size_bytes,
        .timeout_ms = FETCH_TIMEOUT_MS,
    };
    stall_watch(in, jobs_fetch(k, &fetch, fd, on_fetched, in));
    close(fd);
}

/* ------------------------------------------------------------------ starting */

void intake_run(struct intake *in)
{
    in->running = true;
    turn_take(in);
    in->started_ms = ch_loop_now_ms(in->k->child.loop);
    if (page_withheld(in->p)) { /* T12: before it has begun, it ends */
        intake_fail(in, 503, ch_str_of(ch_name_owner_text(page_owner(in->p))));
    } else if (in->state == CH_INTAKE_FETCHED) {
        intake_scan(in);
    } else {
        start_fetch(in);
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
    waiters_init(&in->waiters, k, p);
    in->upstream = budget_upstream(k, ch_str_of(p->upstream->name));
    in->stall.fn = stall_on_timer;
    in->again_at.fn = intake_on_again;
    in->expected_bytes = in->answered_bytes = CH_SIZE_UNKNOWN;
    in->moved_at_us = keeper_now_us(k);
    count_ahead(in, ahead);
    struct ch_buf key;
    key_of(&key, p, file_name);
    ch_map_set(k->intakes, ch_buf_str(&key), in);
    ch_buf_done(&key);
    return in;
}

struct intake *intake_find(struct keeper *k, const struct page *p, struct ch_str file_name)
{
    struct ch_buf key;
    key_of(&key, p, file_name);
    struct intake *in = ch_map_get(k->intakes, ch_buf_str(&key));
    ch_buf_done(&key);
    return in;
}

uint64_t intake_about(const struct page *p, struct ch_str file_name)
{
    return budget_about(BUDGET_FILE, ch_str_of(p->upstream->name), page_name(p), file_name);
}

bool intake_is_new(struct keeper *k, struct page *p, size_t file)
{
    const struct intake *in = intake_find(k, p, p->facts.files[file].index.file_name);
    return in == NULL || (in->state == CH_INTAKE_FAILED && keeper_now_us(k) >= in->not_before_us);
}

struct intake *intake_want(struct keeper *k, struct page *p, size_t file, bool ahead,
                           struct charge *charge)
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
        intake_take_up(in);
    } else if (in == NULL) {
        in = intake_new(k, p, name, ahead);
        if (intake_ensure_row(in, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
            keeper_watch_store(k); /* for intake_failure */
            intake_detach(in);
            intake_free(in);
            return NULL;
        }
    }
    if (!ahead) {
        count_ahead(in, false);
        in->rescan = false; /* somebody waits now */
    }
    if (charge != NULL) {
        turn_pay(in, charge);
    }
    budget_moved(k, intake_about(p, name));
    intakes_run(k);
    /* It may have failed on the spot. */
    in = intake_find(k, p, name);
    return in != NULL && in->state != CH_INTAKE_FAILED ? in : NULL;
}

void intake_wait(struct intake *in, struct waiter *w)
{
    waiters_add(&in->waiters, w);
}

struct intake *intake_pay(struct intake *in, const struct ch_client *client)
{
    struct keeper *k = in->k;
    struct ch_str upstream = ch_str_of(in->p->upstream->name);
    struct charge charge = {0};
    if (in->payer_count == 0) {
        budget_join(k, BUDGET_FILE, upstream, client, &charge);
    } else if (intake_queues(in) && !turn_is_paid_by(in, budget_client(k, upstream, client)) &&
               !budget_share(k, BUDGET_FILE, upstream, client, &charge)) {
        return in; /* others pay for it */
    }
    if (charge.client == NULL) {
        return in;
    }
    struct ch_buf key;
    key_of(&key, in->p, ch_str_of(in->file_name));
    turn_pay(in, &charge);
    intakes_run(k);
    in = ch_map_get(k->intakes, ch_buf_str(&key)); /* it may have failed on the spot, and be gone */
    ch_buf_done(&key);
    return in != NULL && in->state != CH_INTAKE_FAILED ? in : NULL;
}

bool intake_hangs(const struct intake *in)
{
    return in->told;
}

bool intake_queues(const struct intake *in)
{
    return in->state == CH_INTAKE_WANTED && !in->running;
}

/* As far as is known: as it is, or as it is stated. What comes without either is taken to be half
 * here. */
static uint64_t likely_bytes(const struct intake *in)
{
    if (in->state != CH_INTAKE_FETCHING && in->size_bytes > 0) {
        return in->size_bytes;
    }
    uint64_t bytes = in->expected_bytes != CH_SIZE_UNKNOWN   ? in->expected_bytes
                     : in->answered_bytes != CH_SIZE_UNKNOWN ? in->answered_bytes
                     : in->come_bytes > 0                    ? 2 * in->come_bytes
                                                             : BYTES_PER_S;
    uint64_t max = coming_max_bytes(in);
    return bytes < max ? bytes : max;
}

/* As fast as what has come of it; before there is any, and for its inspection, as most come. */
uint32_t intake_expected_s(const struct intake *in)
{
    if (intake_queues(in)) {
        return turn_expected_s(in);
    }
    uint64_t bytes = likely_bytes(in);
    uint64_t inspected_s = 1 + bytes / BYTES_PER_S, fetched_s = 1 + bytes / BYTES_PER_S;
    if (in->state != CH_INTAKE_FETCHING) {
        fetched_s = 0;
    } else if (in->come_bytes > 0) {
        uint64_t ms = ch_loop_now_ms(in->k->child.loop) - in->fetch_ms;
        uint64_t left = bytes > in->come_bytes ? bytes - in->come_bytes : 0;
        fetched_s = 1 + ms * (left / 1024) / (in->come_bytes / 1024 + 1) / 1000;
    }
    uint64_t s = inspected_s + fetched_s;
    return (uint32_t)(s > BUDGET_EXPECTED_MAX_S ? BUDGET_EXPECTED_MAX_S : s);
}
