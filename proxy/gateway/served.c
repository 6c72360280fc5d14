/* What went out, told to the keeper until it has said that it is stored: a keeper that dies before
 * it has read it, or cannot write, is told again, or the one that comes after it. What is told
 * twice is counted twice there, and is no second first serving. Kept is what SERVED_BYTES hold,
 * which is what a lease lets go out at 20,000 a second; a gateway that dies takes with it what its
 * keeper had not read. */
#include "gateway_int.h"

#include <stdlib.h>
#include <string.h>

#define SERVED_BYTES (32u << 20)

struct row {
    char *payload; /* encoded; begins with its number, which is this keeper's */
    size_t len;
};

struct gw_served {
    struct row *rows; /* a ring */
    size_t cap, first, count;
    size_t bytes;
    size_t sent;   /* so many of them this keeper was told */
    uint64_t kept; /* so many, of all that it was told, it has stored: the first row is the next */
    bool full;     /* something was lost since there was room last */
};

static struct row *row_at(struct gw_served *s, size_t i)
{
    return &s->rows[(s->first + i) % s->cap];
}

static void grow(struct gw_served *s)
{
    size_t cap = s->cap == 0 ? 64 : s->cap * 2;
    struct row *rows = ch_calloc(cap, sizeof(*rows));
    for (size_t i = 0; i < s->count; i++) {
        rows[i] = *row_at(s, i);
    }
    free(s->rows);
    s->rows = rows;
    s->cap = cap;
    s->first = 0;
}

static void put_number(struct row *row, uint64_t number)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(number));
    ch_put_u64(&b, number);
    memcpy(row->payload, b.ptr, sizeof(number));
    ch_buf_done(&b);
}

/* A keeper that is busy reads later: what is told to it must not close the channel of those who
 * wait for an answer. */
static bool has_room(const struct gw *gw, size_t bytes)
{
    return ch_channel_room(gw->keeper, 1) >= ch_limits.channel_queue_bytes / 2 + bytes;
}

static void go_on(struct gw *gw)
{
    struct gw_served *s = gw->served;
    while (gw->keeper != NULL && s->sent < s->count) {
        struct row *row = row_at(s, s->sent);
        put_number(row, s->kept + s->sent + 1);
        if (!has_room(gw, row->len) ||
            !ch_channel_send(gw->keeper, CH_MSG_SERVED, (struct ch_str){row->payload, row->len},
                             NULL, 0)) {
            return; /* its next word, or the next keeper */
        }
        s->sent++;
    }
}

static void drop_first(struct gw_served *s)
{
    struct row *row = row_at(s, 0);
    s->bytes -= row->len;
    free(row->payload);
    s->first = (s->first + 1) % s->cap;
    s->count--;
    s->sent--;
    s->kept++;
}

void gw_served_add(struct gw *gw, const struct ch_served *served)
{
    struct gw_served *s = gw->served;
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_SERVED)->max_bytes);
    ch_served_put(&b, served);
    CH_ASSERT(!b.failed);
    if (s->bytes + b.len > SERVED_BYTES) {
        struct ch_err err;
        if (!s->full) {
            CH_IGNORE(
                ch_fail(
                    &err, CH_E_LIMIT,
                    "the keeper has stored nothing for too long: who gets what is not logged") ==
                CH_E_LIMIT);
            gw_complain("served", served->file_name, &err);
        }
        s->full = true;
        ch_buf_done(&b);
        return;
    }
    if (s->count == s->cap) {
        grow(s);
    }
    s->bytes += b.len;
    *row_at(s, s->count++) = (struct row){ch_str_dup(ch_buf_str(&b)), b.len};
    ch_buf_done(&b);
    go_on(gw);
}

void gw_served_kept(struct gw *gw, struct ch_str payload)
{
    struct gw_served *s = gw->served;
    struct ch_served_kept m;
    struct ch_err err;
    if (ch_served_kept_get(payload, &m, &err) != CH_OK || m.kept < s->kept ||
        m.kept > s->kept + s->sent) {
        return;
    }
    while (s->kept < m.kept) {
        drop_first(s);
        s->full = false;
    }
    if (m.again) {
        s->sent = 0;
    }
    go_on(gw);
}

void gw_served_new_keeper(struct gw *gw)
{
    gw->served->kept = 0;
    gw->served->sent = 0;
    go_on(gw);
}

void gw_served_init(struct gw *gw)
{
    gw->served = ch_calloc(1, sizeof(*gw->served));
}

void gw_served_done(struct gw *gw)
{
    struct gw_served *s = gw->served;
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        free(row_at(s, i)->payload);
    }
    free(s != NULL ? s->rows : NULL);
    free(s);
    gw->served = NULL;
}
