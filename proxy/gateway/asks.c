#include "gateway_int.h"

#include <stdio.h>

#include "customhouse/secret.h"

#define SWEEP_MS 250

static struct gw_ask **bucket_of(struct gw *gw, uint64_t id)
{
    return &gw->asks.buckets[id % GW_ASK_BUCKETS];
}

struct ch_str gw_agent_of(struct ch_str user_agent)
{
    return ch_secret_in(user_agent)
               ? CH_STR(CH_SECRET_PREFIX "...")
               : ch_str_sub(user_agent, 0, (size_t)ch_limits.client_text_bytes);
}

/* The first ones of the list that another gateway sends, and nothing that is none: it goes out again
 * from here. */
static struct ch_str via_of(const struct ch_http_view *v)
{
    const struct ch_str name = CH_STR(CH_INSTANCE_HEADER);
    struct ch_str value = {NULL, 0};
    for (size_t i = 0; i < v->header_count && value.len == 0; i++) {
        value = ch_str_eq_nocase(v->headers[i].name, name) ? v->headers[i].value : value;
    }
    struct ch_str rest = value;
    struct ch_str one;
    uint8_t id[CH_INSTANCE_BYTES / 2];
    size_t end = 0;
    for (size_t hops = 0; hops < CH_INSTANCE_HOPS && ch_str_split(&rest, ',', &one); hops++) {
        one = ch_str_trim(one);
        if (!ch_hex_decode(one, id, sizeof(id))) {
            break;
        }
        end = (size_t)(one.ptr - value.ptr) + one.len;
    }
    end = end <= ch_limits.client_text_bytes ? end : 0; /* blanks without end */
    return ch_str_sub(value, 0, end);
}

struct ch_client gw_client_of(const struct gw *gw, const struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    return (struct ch_client){
        .address = v->peer,
        .user_agent = gw_agent_of(v->user_agent),
        .principal = ch_str_of(gw_caller_of(gw, r)->principal),
        .via = via_of(v),
    };
}

void gw_ask_prepare(struct gw *gw, struct gw_ask *ask, uint16_t type)
{
    CH_ASSERT(ask->id == 0);
    ask->id = ++gw->asks.last_id;
    ask->type = type;
    ch_buf_init(&ask->payload, ch_message_row(type)->max_bytes);
}

static void send_now(struct gw *gw, struct gw_ask *ask)
{
    /* When it does not go out, the channel's end is on its way: the next keeper is asked again. */
    if (gw->keeper != NULL) {
        CH_IGNORE(ch_channel_send(gw->keeper, ask->type, ch_buf_str(&ask->payload), NULL, 0));
    }
}

void gw_ask_send(struct gw *gw, struct gw_ask *ask, uint64_t wait_ms)
{
    gw_ask_send_until(gw, ask, ch_loop_now_ms(gw->loop) + wait_ms);
}

void gw_ask_send_until(struct gw *gw, struct gw_ask *ask, uint64_t deadline_ms)
{
    CH_ASSERT(ask->id != 0 && !ask->payload.failed);
    struct gw_ask **bucket = bucket_of(gw, ask->id);
    ask->next = *bucket;
    *bucket = ask;
    ask->deadline_ms = deadline_ms;
    if (gw->asks.count++ == 0) {
        ch_loop_set_timer(gw->loop, &gw->asks.timer, ch_loop_now_ms(gw->loop) + SWEEP_MS);
    }
    send_now(gw, ask);
}

void gw_ask_end(struct gw *gw, struct gw_ask *ask)
{
    if (ask->id == 0) {
        return;
    }
    for (struct gw_ask **at = bucket_of(gw, ask->id); *at != NULL; at = &(*at)->next) {
        if (*at == ask) {
            *at = ask->next;
            gw->asks.count--;
            break;
        }
    }
    ask->next = NULL;
    ask->id = 0;
    ch_buf_done(&ask->payload);
}

static struct gw_ask *find(struct gw *gw, uint64_t id)
{
    struct gw_ask *ask = *bucket_of(gw, id);
    while (ask != NULL && ask->id != id) {
        ask = ask->next;
    }
    return ask;
}

/* All answers begin with the number of the ask. */
void gw_asks_frame(struct gw *gw, struct ch_frame *frame)
{
    struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
    struct gw_ask *ask = find(gw, ch_get_u64(&r));
    if (ask == NULL || r.failed || ask->reply_type != frame->type) {
        return; /* late: the client has left */
    }
    gw_ask_end(gw, ask);
    ask->on_reply(gw, ask, frame);
}

static void lose(struct gw *gw, struct gw_ask *ask)
{
    gw_ask_end(gw, ask);
    ask->on_lost(gw, ask);
}

/* The first ask whose deadline is over; handlers may end others, so each look starts anew. */
static struct gw_ask *overdue(struct gw *gw, uint64_t now_ms)
{
    for (size_t i = 0; i < GW_ASK_BUCKETS; i++) {
        for (struct gw_ask *ask = gw->asks.buckets[i]; ask != NULL; ask = ask->next) {
            if (ask->deadline_ms <= now_ms) {
                return ask;
            }
        }
    }
    return NULL;
}

static void sweep(struct ch_timer *t)
{
    struct gw *gw = CH_CONTAINER_OF(t, struct gw, asks.timer);
    uint64_t now_ms = ch_loop_now_ms(gw->loop);
    struct gw_ask *ask;
    while ((ask = overdue(gw, now_ms)) != NULL) {
        lose(gw, ask);
    }
    if (gw->asks.count > 0) {
        ch_loop_set_timer(gw->loop, t, now_ms + SWEEP_MS);
    }
}

void gw_asks_init(struct gw *gw)
{
    gw->asks.timer.fn = sweep;
}

void gw_asks_resend(struct gw *gw)
{
    for (size_t i = 0; i < GW_ASK_BUCKETS; i++) {
        for (struct gw_ask *ask = gw->asks.buckets[i]; ask != NULL; ask = ask->next) {
            send_now(gw, ask);
        }
    }
}

void gw_asks_done(struct gw *gw)
{
    struct gw_ask *ask;
    while ((ask = overdue(gw, UINT64_MAX)) != NULL) {
        lose(gw, ask);
    }
    ch_loop_cancel_timer(gw->loop, &gw->asks.timer);
}
