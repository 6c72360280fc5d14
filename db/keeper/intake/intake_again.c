/* Intakes that begin in the middle: bytes that are inspected again, what an earlier run left, and
 * what was interrupted. */
#include "intake_int.h"

#include <stdio.h>
#include <stdlib.h>

#define FORGET_FAILED_US (300 * 1000000LL) /* shown in the queue for so long */

void intake_take_up(struct intake *in)
{
    bool here = in->again && ch_blobs_has(in->k->blobs, &in->sha256);
    intake_not_again(in);
    intake_move(in, here ? CH_INTAKE_FETCHED : CH_INTAKE_WANTED);
}

void intake_not_again(struct intake *in)
{
    in->again = false;
    ch_loop_cancel_timer(in->k->child.loop, &in->again_at);
}

int64_t intake_pause_us(const struct intake *in)
{
    uint32_t begun = in->begun < INTAKE_BEGUN_MAX ? in->begun : INTAKE_BEGUN_MAX - 1;
    return INTAKE_RETRY_US << 2 * (begun - 1);
}

void intake_again_later(struct intake *in)
{
    int64_t left_us = in->not_before_us - keeper_now_us(in->k);
    in->again = true;
    ch_loop_set_timer(in->k->child.loop, &in->again_at,
                      ch_loop_now_ms(in->k->child.loop) +
                          (left_us > 0 ? (uint64_t)left_us / 1000 + 1 : 0));
}

void intake_on_again(struct ch_timer *t)
{
    struct intake *in = CH_CONTAINER_OF(t, struct intake, again_at);
    struct keeper *k = in->k;
    in->rescan = true; /* nobody waits for it */
    intake_take_up(in);
    intakes_run(k);
}

bool intake_rescan(struct keeper *k, struct page *p, size_t file)
{
    struct ch_str name = p->facts.files[file].index.file_name;
    struct intake *in = intake_find(k, p, name);
    struct ch_err err;
    if (page_withheld(p)) {
        return false; /* T12 */
    }
    if (in != NULL && in->state != CH_INTAKE_FAILED) {
        return true; /* under way: its end is told as well */
    }
    if (in == NULL) {
        in = intake_new(k, p, name, false);
        in->rescan = true;
        if (intake_ensure_row(in, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
            intake_detach(in);
            intake_free(in);
            return false;
        }
    }
    in->rescan = true;
    intake_not_again(in);
    if (ch_blobs_has(k->blobs, &p->files[file].artifact) &&
        !inspection_of_broken_transfer(p, file)) {
        in->sha256 = p->files[file].artifact;
        intake_move(in, CH_INTAKE_FETCHED); /* the bytes are here, and known */
    } else {
        intake_move(in, CH_INTAKE_WANTED); /* evicted: fetched again, and must be the same; or they
                                              are not its own */
    }
    intakes_run(k);
    in = intake_find(k, p, name);
    return in != NULL && in->state != CH_INTAKE_FAILED;
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
    ch_put_str(&r->rows, row->upstream);
    ch_put_str(&r->rows, row->file_name);
    ch_put_u8(&r->rows, (uint8_t)row->state);
    ch_put_sha256(&r->rows, &row->sha256);
    ch_put_u8(&r->rows, row->ahead);
    ch_put_u32(&r->rows, row->attempts);
    ch_put_i64(&r->rows, row->not_before_us);
    ch_put_str(&r->rows, row->error);
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
        struct ch_str upstream = ch_get_str(&rd, 1024), file_name = ch_get_str(&rd, 1024);
        enum ch_intake_state state = ch_get_u8(&rd);
        struct ch_sha256 sha256 = ch_get_sha256(&rd);
        bool ahead = ch_get_u8(&rd) != 0;
        uint32_t begun = ch_get_u32(&rd);
        int64_t not_before_us = ch_get_i64(&rd);
        struct ch_str error = ch_get_str(&rd, 1024);
        bool again = state == CH_INTAKE_FAILED && begun > 0 && not_before_us != CH_TIME_UNKNOWN &&
                     ch_blobs_has(k->blobs, &sha256);
        struct page *p = page_get(k, repository, project);
        if (p == NULL || !page_load(k, p) || page_find_file(p, file_name) < 0 ||
            !ch_str_eq(upstream,
                       ch_str_of(p->upstream->name)) || /* T12: it has another owner now */
            (state == CH_INTAKE_FAILED && !again) ||
            intake_find(k, p, file_name) != NULL) {
            rc = keeper_write(k, err);
            rc = rc == CH_OK ? ch_store_end_intake(k->store, id, err) : rc;
            continue; /* asked for anew when somebody wants it */
        }
        struct intake *in = intake_new(k, p, file_name, ahead);
        in->id = id;
        in->durable = true;
        in->begun = begun;
        if (again) {
            in->state = CH_INTAKE_FAILED;
            in->sha256 = sha256;
            int64_t latest_us = keeper_now_us(k) + intake_pause_us(in);
            in->not_before_us =
                not_before_us < latest_us ? not_before_us : latest_us; /* T7: it was set back */
            in->fail_status = 503;
            snprintf(in->error, sizeof(in->error), "%.*s", CH_STR_ARG(error));
            intake_again_later(in);
        } else if (state >= CH_INTAKE_FETCHED && ch_blobs_has(k->blobs, &sha256)) {
            in->state = CH_INTAKE_FETCHED;
            in->sha256 = sha256;
            in->worn = begun >= INTAKE_BEGUN_MAX;
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
        intake_free(value);
    }
    ch_map_free(k->intakes);
    k->intakes = NULL;
}

void intakes_configured(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (in->state == CH_INTAKE_FAILED && in->rest_ms == 0 && !in->again) {
            in->not_before_us = keeper_now_us(k);
        }
    }
}

void intakes_forget_failed(struct keeper *k, const struct page *p)
{
    size_t cursor = 0;
    void *value;
    int64_t now = keeper_now_us(k);
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        struct ch_err err;
        bool due =
            p != NULL ? in->p == p : !in->again && now - in->not_before_us >= FORGET_FAILED_US;
        if (in->state != CH_INTAKE_FAILED || in->waiters.list != NULL || !due) {
            continue;
        }
        if (in->id != 0 && (keeper_write(k, &err) != CH_OK ||
                            ch_store_end_intake(k->store, in->id, &err) != CH_OK)) {
            keeper_log("store", "error=\"%s\"", err.msg);
            continue;
        }
        intake_detach(in);
        intake_free(in);
    }
}

/* ------------------------------------------------------------------ what people are told of it */

bool intake_failed(struct keeper *k, struct page *p, size_t file)
{
    const struct intake *in = intake_find(k, p, p->facts.files[file].index.file_name);
    return in != NULL && (in->state == CH_INTAKE_FAILED ? keeper_now_us(k) < in->not_before_us
                                                        : intake_hangs(in));
}

uint32_t intake_failure(struct keeper *k, struct page *p, size_t file, char *text, size_t size,
                        uint32_t *ret_retry_after_s)
{
    struct intake *in = intake_find(k, p, p->facts.files[file].index.file_name);
    bool told = in != NULL && (in->rest_ms > 0 || in->again);
    int64_t left_us = !told ? 0 : in->not_before_us - keeper_now_us(k);
    *ret_retry_after_s = left_us <= 0 ? 0 : (uint32_t)((left_us + 999999) / 1000000);
    if (in != NULL && in->state != CH_INTAKE_FAILED && intake_hangs(in)) {
        snprintf(text, size, INTAKE_HANGS);
        return 504;
    }
    const char *trouble = in == NULL ? keeper_store_trouble(k) : NULL; /* there is no row for it */
    snprintf(text, size, "%s",
             trouble != NULL                      ? trouble
             : in != NULL && in->error[0] != '\0' ? in->error
                                                  : "it could not be fetched");
    return trouble != NULL ? 507 : in != NULL && in->fail_status != 0 ? in->fail_status : 502;
}
