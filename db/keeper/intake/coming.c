/* Room for files on their way (T14): what is fetched takes its part of the quota of undecided bytes
 * before it has come, so that many files at once come to no more than few. A stated size is taken
 * whole, and no byte beyond it is fetched. Where none is stated, a first part is taken, and more as
 * more comes or as soon as the answer says how much it is (so between two words of the fetcher it
 * may have more); for want of room it is broken off, and begun anew when there is some. Of what is
 * on its way one client has half, or one file. */
#include "intake_int.h"

#include "customhouse/limits.h"
#include "quota.h"
#include "sizes.h"

uint64_t coming_max_bytes(const struct intake *in)
{
    const char *key;
    uint64_t max = sizes_max(in->k->config, &key);
    return in->expected_bytes < max ? in->expected_bytes : max;
}

static uint64_t first_part(const struct intake *in)
{
    uint64_t part = ch_limits.coming_unstated_bytes,
             quarter = in->k->config->undecided_max_bytes / 4;
    part = part < quarter ? part : quarter;
    return in->needs_bytes > part ? in->needs_bytes : part;
}

static void give(struct intake *in, uint64_t bytes)
{
    uint64_t before = in->part;
    quota_give(in->k, &in->part, bytes);
    if (in->part_of != NULL) {
        in->part_of->coming_bytes -= before - in->part;
        in->part_of = in->part > 0 ? in->part_of : NULL;
    }
}

/* What has come goes: it is begun anew when something else has left, or has failed. */
static void break_off(struct intake *in, enum ch_code why, const struct ch_err *err, uint64_t bytes)
{
    struct keeper *k = in->k;
    in->needs_bytes = bytes;
    if (in->fetch != 0) {
        jobs_cancel_fetch(k, in->fetch);
        ch_blobs_discard(k->blobs, in->spool);
    }
    if (why != CH_OK) {
        intake_fail(in, 507, ch_str_of(err->msg));
        return;
    }
    bool fetching = in->state == CH_INTAKE_FETCHING;
    intake_stop_running(in);
    if (fetching) {
        intake_move(in, CH_INTAKE_WANTED);
    }
    in->no_room = true;
    quota_wait(k, NULL);
}

static bool take(struct intake *in, uint64_t bytes)
{
    struct keeper *k = in->k;
    struct ch_err err = {0};
    uint64_t before = in->part;
    struct account *of = in->part_of != NULL ? in->part_of : in->turn.client;
    uint64_t others = of == NULL ? 0 : of->coming_bytes - (in->part_of != NULL ? in->part : 0);
    if (bytes <= in->part) {
        return true;
    }
    if (others > 0 && others + bytes > k->config->undecided_max_bytes / 2) {
        break_off(in, CH_OK, &err, bytes);
        return false;
    }
    enum ch_code rc = quota_take(k, &in->part, bytes, &err);
    if (rc != CH_OK) {
        bool soon = rc == CH_E_FULL && quota_frees_soon(k, CH_BLOB_UNDECIDED, bytes - before);
        break_off(in, soon ? CH_OK : rc, &err, bytes);
        return false;
    }
    if (of != NULL) { /* all of it, where it was nobody's so far: give() takes all of it away */
        of->coming_bytes += in->part - (in->part_of != NULL ? before : 0);
    }
    in->part_of = of;
    return true;
}

bool coming_begin(struct intake *in)
{
    return take(in, in->expected_bytes != CH_SIZE_UNKNOWN ? in->expected_bytes : first_part(in));
}

bool coming_more(struct intake *in, uint64_t bytes, uint64_t total_bytes)
{
    uint64_t wanted = first_part(in), max = coming_max_bytes(in);
    if (in->expected_bytes != CH_SIZE_UNKNOWN) {
        wanted = in->expected_bytes;
    } else if (total_bytes != CH_SIZE_UNKNOWN) {
        wanted = total_bytes < max ? total_bytes : max;
    } else if (bytes > wanted) {
        wanted = bytes <= in->part ? in->part : 2 * bytes < max ? 2 * bytes : max;
    }
    return take(in, wanted);
}

void coming_halt(struct intake *in)
{
    give(in, in->come_bytes < in->part ? in->come_bytes : in->part);
}

void coming_end(struct intake *in)
{
    give(in, 0);
}
