/* An intake's inspection: counted in the store first, then begun in both jails. */
#include "intake_int.h"
#include "shared.h"

#include "customhouse/limits.h"
#include "customhouse/store_intake.h"

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

static void on_alias(void *ctx, const struct published *result)
{
    struct intake *in = ctx;
    if (result->code != CH_OK) {
        intake_fail(in, 500, ch_str_of(result->err.msg));
        return;
    }
    in->alias = result->alias;
    if (!in->k->draining) { /* else it goes on from here after the restart */
        intake_scan(in);
    }
}

bool intake_lacks_alias(const struct intake *in, enum ch_hash_kind *ret_stated)
{
    ptrdiff_t at = page_find_file(in->p, ch_str_of(in->file_name));
    *ret_stated = at < 0 ? CH_HASH_NONE : in->p->facts.files[at].index.alias.kind;
    return *ret_stated != CH_HASH_NONE && *ret_stated != in->alias.kind;
}

/* How often it was begun is durable before it is: what ends the whole service, or the machine,
 * each time would be begun for ever. */
static void count_attempt(struct intake *in)
{
    struct ch_err err;
    for (int i = 0; i < 2; i++) {
        in->answer[i] =
            (struct ch_scanned){.outcome = CH_SCAN_FAILED}; /* none yet of this attempt */
    }
    enum ch_code rc = intake_store_move(in, CH_INTAKE_SCANNING, &err);
    if (rc != CH_OK) {
        intake_fail(in, keeper_store_status(rc, 500), ch_str_of(err.msg));
        return;
    }
    in->begun++;
    intake_after_commit(in);
}

void intake_scan(struct intake *in)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    struct ch_release release;
    page_split(p, ch_str_of(in->file_name), &release);
    if (in->blob_fd < 0) {
        in->alias = (struct ch_alias){.kind = CH_HASH_NONE}; /* an earlier attempt had others */
        if (ch_blobs_open_read(k->blobs, &in->sha256, &in->blob_fd, &in->size_bytes, &err) !=
            CH_OK) {
            intake_fail(in, 500, ch_str_of(err.msg));
            return;
        }
    }
    if (release.profile == NULL) {
        intake_fail(in, 502, CH_STR("no inspector for this type of file"));
        return;
    }
    if (in->worn) {
        in->worn = false; /* who has it inspected again has that begun */
        for (int i = 0; i < 2; i++) {
            in->answer[i] = (struct ch_scanned){.outcome = CH_SCAN_INTERRUPTED,
                                                .text = CH_STR("the service ended while it ran")};
        }
        intake_conclude(in);
        return;
    }
    enum ch_hash_kind stated;
    if (intake_lacks_alias(in, &stated)) {
        offload_alias(k, in->blob_fd, stated, on_alias, in);
        return;
    }
    struct ch_agreed taken;
    switch (shared_take(in, &taken)) {
    case SHARED_TAKEN:
        intake_conclude_with(in, &taken);
        return;
    case SHARED_LATER:
        return;
    case SHARED_NONE:
        count_attempt(in);
        return;
    }
}

void intake_scan_counted(struct intake *in)
{
    struct page *p = in->p;
    struct ch_release release;
    if (in->k->draining) {
        return; /* it goes on from here after the restart */
    }
    page_split(p, ch_str_of(in->file_name), &release);
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    struct ch_scan_job job = {
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = ch_str_of(p->eco->name),
        .profile = ch_str_of(release.profile),
        .project = at >= 0 ? page_project(p, (size_t)at) : page_name(p),
        .version = ch_str_of(release.version),
        .file_name = ch_str_of(in->file_name),
        .size_bytes = in->size_bytes,
    };
    in->scans_left = 2;
    jobs_scan(in->k, 0, &job, in->blob_fd, on_strict, in);
    jobs_scan(in->k, 1, &job, in->blob_fd, on_second, in);
}

/* A jail, or the scanner, ended during this attempt: that is what attempts are counted for. */
static bool was_interrupted(const struct intake *in)
{
    return ch_scanned_is_interrupted(&in->answer[0]) || ch_scanned_is_interrupted(&in->answer[1]) ||
           jobs_lost_any(in->k, in);
}

void intake_uncount(struct intake *in)
{
    struct ch_err err;
    if (in->begun == 0 || in->id == 0 || was_interrupted(in)) {
        return;
    }
    enum ch_code rc = keeper_write(in->k, &err);
    rc = rc == CH_OK ? ch_store_uncount_intake(in->k->store, in->id, &err) : rc;
    if (rc != CH_OK) { /* it is counted, as after a crash */
        keeper_log("store", "error=\"%s\"", err.msg);
        return;
    }
    in->begun--;
}

/* Else as many restarts as INTAKE_BEGUN_MAX during one long inspection would hold the file. */
void intakes_drained(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    struct ch_err err;
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (in->state != CH_INTAKE_SCANNING || in->begun == 0 || in->id == 0 ||
            was_interrupted(in)) {
            continue;
        }
        rc = keeper_write(k, &err);
        rc = rc == CH_OK ? ch_store_uncount_intake(k->store, in->id, &err) : rc;
        if (rc == CH_OK) {
            in->begun--;
            in->state = CH_INTAKE_FETCHED;
        }
    }
    rc = rc == CH_OK ? keeper_commit(k, &err) : rc;
    if (rc != CH_OK) { /* they are counted, as after a crash */
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}
