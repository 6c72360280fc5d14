/* Jobs of egress: numbers, callbacks, and what happens when the other side dies. Unlike a fetch,
 * none is taken up again by itself: whoever sends knows what may go out twice. */
#include "egress.h"

#include <stdlib.h>

#include "customhouse/limits.h"

struct job {
    struct job *next;
    uint64_t id;
    egress_sent_fn *sent;
    void *ctx;
};

struct egress {
    struct keeper *k;
    struct job *list;
    struct job *lost; /* to be told at the end of the turn */
    uint64_t next_id;
    struct ch_timer lost_timer;
};

static void on_lost(struct ch_timer *t)
{
    struct egress *e = CH_CONTAINER_OF(t, struct egress, lost_timer);
    while (e->lost != NULL) {
        struct job *j = e->lost;
        const struct ch_sent answer = {
            .job = j->id,
            .code = CH_E_CLOSED,
            .text = CH_STR("the process that sends ended, or is not there yet")};
        e->lost = j->next;
        j->sent(j->ctx, &answer);
        free(j);
    }
}

void egress_init(struct keeper *k)
{
    k->sending = ch_calloc(1, sizeof(*k->sending));
    k->sending->k = k;
    k->sending->next_id = 1;
    k->sending->lost_timer.fn = on_lost;
}

void egress_done(struct keeper *k)
{
    if (k->sending == NULL) {
        return;
    }
    struct job *lists[] = {k->sending->list, k->sending->lost};
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        while (lists[i] != NULL) {
            struct job *next = lists[i]->next;
            free(lists[i]);
            lists[i] = next;
        }
    }
    ch_loop_cancel_timer(k->child.loop, &k->sending->lost_timer);
    free(k->sending);
    k->sending = NULL;
}

static struct job *take(struct job **list, uint64_t id)
{
    for (struct job **at = list; *at != NULL; at = &(*at)->next) {
        struct job *j = *at;
        if (j->id == id) {
            *at = j->next;
            return j;
        }
    }
    return NULL;
}

static void lose(struct egress *e, struct job *j)
{
    j->next = e->lost;
    e->lost = j;
    ch_loop_set_timer(e->k->child.loop, &e->lost_timer, ch_loop_now_ms(e->k->child.loop));
}

uint64_t egress_send(struct keeper *k, struct ch_send *send, egress_sent_fn *sent, void *ctx)
{
    struct egress *e = k->sending;
    struct job *j = ch_calloc(1, sizeof(*j));
    struct ch_buf b;
    *j = (struct job){.id = e->next_id++, .sent = sent, .ctx = ctx};
    send->job = j->id;
    send->timeout_ms =
        send->timeout_ms != 0 ? send->timeout_ms : (uint32_t)ch_limits.egress_send_ms;
    ch_buf_init(&b, ch_message_row(CH_MSG_SEND)->max_bytes);
    ch_send_put(&b, send);
    if (k->egress != NULL && ch_buf_ok(&b, NULL) == CH_OK &&
        ch_channel_send(k->egress, CH_MSG_SEND, ch_buf_str(&b), NULL, 0)) {
        j->next = e->list;
        e->list = j;
    } else {
        lose(e, j);
    }
    ch_buf_done(&b);
    return send->job;
}

void egress_forget(struct keeper *k, uint64_t job)
{
    struct job *j = take(&k->sending->list, job);
    j = j != NULL ? j : take(&k->sending->lost, job);
    free(j);
}

void egress_on_frame(struct keeper *k, struct ch_frame *frame)
{
    struct ch_sent answer;
    struct ch_err err;
    if (frame->type != CH_MSG_SENT) {
        return;
    }
    if (ch_sent_get(frame->payload, &answer, &err) != CH_OK) {
        keeper_log("protocol", "error=\"%s\"", err.msg);
        return;
    }
    struct job *j = take(&k->sending->list, answer.job);
    if (j != NULL) { /* else nobody waits for it */
        j->sent(j->ctx, &answer);
        free(j);
    }
}

void egress_peer_gone(struct keeper *k)
{
    while (k->sending->list != NULL) {
        struct job *j = k->sending->list;
        k->sending->list = j->next;
        lose(k->sending, j);
    }
}

uint64_t egress_pause_ms(uint32_t failures)
{
    uint64_t ms = ch_limits.egress_retry_ms;
    for (uint32_t i = 1; i < failures && ms < ch_limits.egress_retry_max_ms; i++) {
        ms *= 2;
    }
    return ms < ch_limits.egress_retry_max_ms ? ms : ch_limits.egress_retry_max_ms;
}

bool egress_is_there(const struct keeper *k)
{
    return k->egress != NULL;
}
