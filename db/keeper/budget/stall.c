/* Fetches of files that do not move: a file host that takes the connection and sends nothing, or a
 * few bytes now and then. Such a fetch goes on for as long as the fetcher has hope, without the
 * turn that it had, so that other files do not wait for it. Who waits for it is told so when a
 * client by itself would have given up on such a host. When bytes come after all, it is like any
 * other. */
#include "db/keeper/intake/intake_int.h"

#include "customhouse/limits.h"

static void next_window(struct intake *in, uint64_t ms)
{
    in->window_bytes = in->come_bytes;
    in->window_ms = ms;
    ch_loop_set_timer(in->k->child.loop, &in->stall, ch_loop_now_ms(in->k->child.loop) + ms);
}

static bool moves(const struct intake *in)
{
    return (in->come_bytes - in->window_bytes) * 1000 >=
           ch_limits.fetch_low_speed_bytes * in->window_ms;
}

static void stop_hanging(struct intake *in)
{
    if (in->hangs) {
        in->hangs = in->told = false;
        in->upstream->hanging--;
    }
}

/* Now, or when its time has come. */
static void tell(struct intake *in)
{
    uint64_t at_ms = in->fetch_ms + ch_limits.fetch_tell_ms;
    if (ch_loop_now_ms(in->k->child.loop) < at_ms) {
        ch_loop_set_timer(in->k->child.loop, &in->stall, at_ms);
        return;
    }
    in->told = true;
    waiters_wake(&in->waiters); /* they find that it hangs */
}

void stall_on_timer(struct ch_timer *t)
{
    struct intake *in = CH_CONTAINER_OF(t, struct intake, stall);
    struct keeper *k = in->k;
    if (in->hangs) {
        tell(in);
        return;
    }
    if (moves(in)) {
        next_window(in, ch_limits.fetch_low_speed_s * 1000);
        return;
    }
    if (in->upstream->hanging >= k->config->fetch_parallel) { /* there are enough of them */
        jobs_cancel_fetch(k, in->fetch);
        ch_blobs_discard(k->blobs, in->spool);
        intake_fail(in, 504, CH_STR("the upstream does not send it, try again later"));
        return;
    }
    keeper_log("intake", "file=%s hangs=1 bytes=%llu", in->file_name,
               (unsigned long long)in->come_bytes);
    in->hangs = true;
    in->window_bytes = in->come_bytes; /* on_progress looks from here on */
    in->upstream->hanging++;
    turn_leave(in);
    coming_halt(in); /* others need not wait for what does not come */
    tell(in);
    intakes_run(k);
}

static void on_progress(void *ctx, uint64_t bytes, uint64_t total_bytes)
{
    struct intake *in = ctx;
    struct keeper *k = in->k;
    if (bytes < in->come_bytes) { /* it began anew */
        in->window_bytes = 0;
    }
    in->come_bytes = bytes;
    in->answered_bytes = total_bytes;
    if (in->hangs && in->come_bytes - in->window_bytes >= ch_limits.fetch_low_speed_bytes) {
        keeper_log("intake", "file=%s hangs=0", in->file_name);
        stop_hanging(in);
        turn_take(in);
        next_window(in, ch_limits.fetch_low_speed_s * 1000);
    }
    if (!in->hangs && !coming_more(in, bytes, total_bytes)) {
        intakes_run(k);
    }
}

void stall_watch(struct intake *in, uint64_t fetch)
{
    in->fetch = fetch;
    in->come_bytes = 0;
    in->answered_bytes = CH_SIZE_UNKNOWN;
    jobs_on_progress(in->k, fetch, on_progress);
    next_window(in, ch_limits.fetch_answer_ms);
}

void stall_end(struct intake *in)
{
    ch_loop_cancel_timer(in->k->child.loop, &in->stall);
    stop_hanging(in);
    in->fetch = 0;
}
