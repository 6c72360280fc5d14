/* Fetches that the house holds back until the test lets them go, and what each ask was told. */
#include "house_int.h"

#include <stdlib.h>
#include <unistd.h>

bool house_keep_fetch(struct house *h, const struct ch_fetch *f, struct ch_frame *frame)
{
    if (h->hold == HOLD_NONE || (h->hold == HOLD_FILES &&
                                 !ch_str_starts(f->url, CH_STR("https://up.example.org/files/")))) {
        return false;
    }
    CH_ASSERT(h->held_count < HOUSE_HELD_MAX);
    struct held *held = &h->held[h->held_count++];
    ch_buf_init(&held->payload, 64u << 10);
    ch_buf_puts(&held->payload, frame->payload);
    held->fd = ch_frame_take_fd(frame, 0);
    return true;
}

static struct ch_fetch fetch_of(const struct held *held)
{
    struct ch_fetch f;
    struct ch_err err;
    CH_ASSERT(ch_fetch_get(ch_buf_str(&held->payload), &f, &err) == CH_OK);
    return f;
}

void house_cancel_held(struct house *h, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    uint64_t job = ch_get_u64(&r);
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0 && fetch_of(&h->held[i]).job == job) {
            close(h->held[i].fd);
            h->held[i].fd = -1;
            h->held[i].cancelled = true;
        }
    }
}

void house_drop_held(struct house *h)
{
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0) {
            close(h->held[i].fd);
        }
        ch_buf_done(&h->held[i].payload);
    }
}

int house_held(const struct house *h, const char *in_url)
{
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0 && ch_str_find(fetch_of(&h->held[i]).url, ch_str_of(in_url), NULL)) {
            return (int)i;
        }
    }
    return -1;
}

size_t house_holds(const struct house *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->held_count; i++) {
        n += h->held[i].fd >= 0;
    }
    return n;
}

void house_let_go(struct house *h, int held)
{
    struct ch_fetch f = fetch_of(&h->held[held]);
    CH_ASSERT(h->held[held].fd >= 0);
    int fd = h->held[held].fd;
    h->held[held].fd = -1;
    house_answer_fetch(h, &f, fd);
}

void house_progress(struct house *h, int held, uint64_t bytes)
{
    struct ch_fetch_progress p = {fetch_of(&h->held[held]).job, bytes, CH_SIZE_UNKNOWN};
    struct ch_buf b;
    ch_buf_init(&b, 1024);
    ch_fetch_progress_put(&b, &p);
    CH_ASSERT(ch_channel_send(h->fetcher, CH_MSG_FETCH_PROGRESS, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_tell(struct house *h, uint64_t ask, int what)
{
    if (ask < HOUSE_TOLD_MAX) {
        h->told[ask] = (uint16_t)(what + 1);
    }
}

int house_told(const struct house *h, uint64_t ask)
{
    return ask < HOUSE_TOLD_MAX ? (int)h->told[ask] - 1 : -1;
}
