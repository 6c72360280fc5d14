/* What went out, told to the keeper until it has said that it is stored: a keeper that dies before
 * it has read it, or cannot write, is told again, or the one that comes after it. What is told
 * twice is counted twice there, and is no second first serving. Kept is what SERVED_BYTES hold,
 * which is what a lease lets go out at 20,000 a second; a gateway that dies takes with it what its
 * keeper had not read.
 *
 * The keeper is told at once of a file and client that it is not storing already. What is once more
 * the same waits for its answer and REPEATS_MS, counted in one row: to tell and store each by
 * itself took a fifth of what a busy gateway can serve. */
#include "gateway_int.h"

#include <stdlib.h>
#include <string.h>

#define SERVED_BYTES (32u << 20)
#define REPEATS_MS   250

struct row {
    char *payload; /* encoded; its number is this keeper's */
    size_t len;
};

struct gw_served {
    struct row *rows; /* a ring */
    size_t cap, first, count;
    size_t bytes;
    size_t sent;   /* so many of them this keeper was told */
    uint64_t kept; /* so many, of all that it was told, it has stored: the first row is the next */
    bool no_room;  /* what waits is not only repeats */
    bool full;     /* something was lost since there was room last */
    struct gw *gw;
    struct ch_buf one;       /* what went out last, encoded */
    struct ch_timer repeats; /* these are told */
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

/* One of the counts that a message begins with. */
enum count { NUMBER, TIMES, BYTES };

static void put_count(struct row *row, enum count which, uint64_t value)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(value));
    ch_put_u64(&b, value);
    memcpy(row->payload + (size_t)which * sizeof(value), b.ptr, sizeof(value));
    ch_buf_done(&b);
}

static uint64_t get_count(struct ch_str payload, enum count which)
{
    struct ch_rd r = ch_rd_of(payload.ptr + (size_t)which * sizeof(uint64_t), sizeof(uint64_t));
    return ch_get_u64(&r);
}

#define LOOK_BACK 64u

/* The newest row, of the last ones from `from` on, of the same file to the same client; NULL: none.
 */
static struct row *same_row(struct gw_served *s, size_t from, size_t to, struct ch_str payload)
{
    for (size_t i = to; i > from && to - i < LOOK_BACK; i--) {
        struct row *row = row_at(s, i - 1);
        if (row->len == payload.len &&
            memcmp(row->payload + CH_SERVED_COUNTS, payload.ptr + CH_SERVED_COUNTS,
                   payload.len - CH_SERVED_COUNTS) == 0) {
            return row;
        }
    }
    return NULL;
}

/* One more of what waits to be told. */
static void count_in(struct row *row, struct ch_str payload)
{
    struct ch_str has = {row->payload, row->len};
    put_count(row, TIMES, get_count(has, TIMES) + get_count(payload, TIMES));
    put_count(row, BYTES, get_count(has, BYTES) + get_count(payload, BYTES));
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
    s->no_room = false;
    while (gw->keeper != NULL && s->sent < s->count) {
        struct row *row = row_at(s, s->sent);
        put_count(row, NUMBER, s->kept + s->sent + 1);
        if (!has_room(gw, row->len) ||
            !ch_channel_send(gw->keeper, CH_MSG_SERVED, (struct ch_str){row->payload, row->len},
                             NULL, 0)) {
            s->no_room = true;
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
    ch_buf_clear(&s->one);
    ch_served_put(&s->one, served);
    CH_ASSERT(!s->one.failed);
    const struct ch_str one = ch_buf_str(&s->one);
    struct row *waits = same_row(s, s->sent, s->count, one);
    if (waits != NULL) {
        count_in(waits, one);
        return;
    }
    bool told = same_row(s, 0, s->sent, one) != NULL;
    if (s->bytes + one.len > SERVED_BYTES) {
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
        return;
    }
    if (s->count == s->cap) {
        grow(s);
    }
    s->bytes += one.len;
    *row_at(s, s->count++) = (struct row){ch_str_dup(one), one.len};
    if (!told) { /* else when the keeper has stored that */
        go_on(gw);
    }
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
    if (s->sent == 0 && s->count > 0 && !m.again && !s->no_room) {
        ch_loop_set_timer(gw->loop, &s->repeats, ch_loop_now_ms(gw->loop) + REPEATS_MS);
    } else {
        go_on(gw);
    }
}

static void on_repeats(struct ch_timer *t)
{
    go_on(CH_CONTAINER_OF(t, struct gw_served, repeats)->gw);
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
    gw->served->gw = gw;
    ch_buf_init(&gw->served->one, ch_message_row(CH_MSG_SERVED)->max_bytes);
    gw->served->repeats.fn = on_repeats;
}

void gw_served_done(struct gw *gw)
{
    struct gw_served *s = gw->served;
    for (size_t i = 0; s != NULL && i < s->count; i++) {
        free(row_at(s, i)->payload);
    }
    if (s != NULL) {
        ch_loop_cancel_timer(gw->loop, &s->repeats);
        ch_buf_done(&s->one);
    }
    free(s != NULL ? s->rows : NULL);
    free(s);
    gw->served = NULL;
}
