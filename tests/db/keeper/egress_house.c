#include "egress_house.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "customhouse/limits.h"

static struct ch_err err;

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct away *a = owner;
    struct ch_send m;
    (void)ch;
    assert_int_equal(frame->type, CH_MSG_SEND);
    assert_ch_ok(&err, ch_send_get(frame->payload, &m, &err));
    assert_true(a->count < SENT_MAX);
    a->sent[a->count++] =
        (struct sent){m.job, m.kind, ch_str_dup(m.id), ch_str_dup(m.subject), ch_str_dup(m.body)};
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    (void)owner;
    (void)ch;
    (void)why;
}

void connect_away(struct away *a, struct house *h)
{
    int fds[2];
    a->h = h;
    CH_ASSERT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    struct ch_channel_options options = {.loop = h->loop,
                                         .fd = fds[1],
                                         .peer = CH_ROLE_KEEPER,
                                         .self = CH_ROLE_EGRESS,
                                         .owner = a,
                                         .on_frame = on_frame,
                                         .on_closed = on_closed};
    assert_ch_ok(&err, ch_channel_open(&options, &a->ch, &err));
    h->k->child.on_peer(h->k, CH_ROLE_EGRESS, 0, fds[0]);
    house_settle(h);
}

void disconnect_away(struct away *a)
{
    ch_channel_free(a->ch);
    a->ch = NULL;
}

void away_done(struct away *a)
{
    disconnect_away(a);
    for (size_t i = 0; i < a->count; i++) {
        free(a->sent[i].id);
        free(a->sent[i].subject);
        free(a->sent[i].body);
    }
    a->count = 0;
}

void answer(struct away *a, size_t i, enum ch_code code, uint32_t status)
{
    const struct ch_sent m = {.job = a->sent[i].job,
                              .code = code,
                              .status = status,
                              .text = code == CH_OK ? CH_STR("") : CH_STR("no way")};
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    ch_sent_put(&b, &m);
    assert_true(ch_channel_send(a->ch, CH_MSG_SENT, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_settle(a->h);
}

int quick(void **state)
{
    (void)state;
    ch_limits.egress_retry_ms = 5;
    ch_limits.egress_retry_max_ms = 20;
    return 0;
}
