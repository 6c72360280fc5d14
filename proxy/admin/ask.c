/* One request from its body to the keeper's answer. */
#include "admin_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "parameters.h"

#define INPUT_PART (128u << 10)
#define SWEEP_MS   1000
#define BODIES_MAX 32 /* of full length, of all requests that are being received */

static void unlink_pending(struct pending *p)
{
    for (struct pending **at = &p->admin->pending; *at != NULL; at = &(*at)->next) {
        if (*at == p) {
            *at = p->next;
            return;
        }
    }
}

/* What was received is no longer needed. */
static void drop_body(struct pending *p)
{
    p->admin->body_bytes -= p->body.len;
    ch_buf_done(&p->body);
    p->body = (struct ch_buf){0};
}

static void free_pending(struct pending *p)
{
    unlink_pending(p);
    drop_body(p);
    ch_buf_done(&p->answer);
    free(p);
}

static bool send(struct admin *a, uint16_t type, const struct ch_buf *payload)
{
    struct ch_err err;
    return a->front.keeper != NULL && ch_buf_ok(payload, &err) == CH_OK &&
           ch_channel_send(a->front.keeper, type, ch_buf_str(payload), NULL, 0);
}

/* Nobody waits any more: the keeper need not answer. */
static void tell_gone(const struct pending *p)
{
    struct ch_buf b;
    ch_buf_init(&b, 64);
    ch_put_u64(&b, p->ask);
    CH_IGNORE(!send(p->admin, CH_MSG_ADMIN_GONE, &b));
    ch_buf_done(&b);
}

/* Whoever leaves before the answer has tried a token all the same: the keeper will see whether it
 * was one. */
static void note_unanswered(const struct pending *p)
{
    admin_sign_in_failed(p->admin, p->request, CH_SIGN_IN_UNANSWERED, &p->token);
}

static void on_gone(void *arg)
{
    struct pending *p = arg;
    if (p->ask != 0) {
        note_unanswered(p);
        tell_gone(p);
    }
    free_pending(p);
}

static void fail(struct pending *p, int status, struct ch_str detail)
{
    struct ch_http_request *r = p->request;
    free_pending(p);
    respond_problem(r, status, detail);
}

static bool send_input(struct admin *a, uint64_t ask, struct ch_str input)
{
    bool sent = true;
    while (sent && input.len > 0) {
        struct ch_str part = ch_str_sub(input, 0, INPUT_PART);
        struct ch_buf b;
        ch_buf_init(&b, INPUT_PART + 64);
        ch_put_u64(&b, ask);
        ch_buf_puts(&b, part);
        sent = send(a, CH_MSG_ADMIN_INPUT, &b);
        ch_buf_done(&b);
        input = ch_str_sub(input, part.len, input.len);
    }
    return sent;
}

/* A keeper that is busy reads later, and past its bound the queue closes the channel: for
 * everybody, and none of their tokens was looked at yet. So asks fill half of it at most; what is
 * told beside them (ADMIN_GONE) is shorter than each of them. */
static bool has_room(const struct admin *a, size_t bytes, size_t frames)
{
    size_t room = a->front.keeper != NULL ? ch_channel_room(a->front.keeper, frames) : 0;
    return room >= ch_limits.channel_queue_bytes / 2 + bytes;
}

static bool send_command(struct pending *p, const struct admin_request *q)
{
    struct ch_buf command, b;
    size_t parts = q->input.len / INPUT_PART + 1;
    ch_buf_init(&command, ch_message_row(CH_MSG_COMMAND)->max_bytes);
    ch_buf_init(&b, ch_message_row(CH_MSG_ADMIN_COMMAND)->max_bytes);
    ch_command_put(&command, &q->command);
    struct ch_admin_command m = {.ask = p->ask, .token = p->token, .command = ch_buf_str(&command)};
    ch_admin_command_put(&b, &m);
    bool sent = !command.failed &&
                has_room(p->admin, q->input.len + parts * sizeof(p->ask) + b.len, parts + 1) &&
                send_input(p->admin, p->ask, ch_buf_str(&q->input)) &&
                send(p->admin, CH_MSG_ADMIN_COMMAND, &b);
    ch_buf_done(&command);
    ch_buf_done(&b);
    return sent;
}

static void ask(struct pending *p)
{
    struct admin_request q;
    struct ch_err err;
    enum ch_code rc = admin_request_read(p->operation, p->request, ch_buf_str(&p->body), &q, &err);
    drop_body(p);
    if (rc != CH_OK) {
        fail(p, 400, ch_str_of(err.msg));
    } else {
        p->ask = ++p->admin->last_ask;
        p->deadline_ms = ch_loop_now_ms(p->admin->front.loop) + (p->operation->answer == ANSWER_COMMAND
                                                               ? ch_limits.admin_command_wait_ms
                                                               : ch_limits.admin_wait_ms);
        if (!send_command(p, &q)) {
            p->ask = 0;
            fail(p, 503, CH_STR("the keeper is starting, or busy: try again"));
        }
    }
    admin_request_done(&q);
}

/* Whose token it is shows only when a body is whole: until then nobody may fill the memory with
 * them. The one that has begun first, which has had the most time, gives way; not `p` itself. */
static void keep_bodies_bounded(struct admin *a, const struct pending *p)
{
    while (a->body_bytes > BODIES_MAX * ch_limits.admin_body_bytes) {
        struct pending *first = NULL;
        for (struct pending *q = a->pending; q != NULL; q = q->next) { /* the newest first */
            first = q != p && q->body.len > 0 ? q : first;
        }
        if (first == NULL) {
            return;
        }
        fail(first, 503, CH_STR("others send too much at the same time: try again"));
    }
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct pending *p = arg;
    size_t before = p->body.len;
    (void)r;
    ch_buf_puts(&p->body, piece);
    p->admin->body_bytes += p->body.len - before;
    if (last) {
        ask(p);
    } else {
        keep_bodies_bounded(p->admin, p);
    }
    return true;
}

void pending_start(struct admin *a, struct ch_http_request *r, const struct operation *o,
                   const struct ch_sha256 *token)
{
    struct pending *p = ch_calloc(1, sizeof(*p));
    struct ch_err err;
    *p = (struct pending){
        .next = a->pending, .admin = a, .request = r, .operation = o, .token = *token};
    ch_buf_init(&p->body, (size_t)ch_limits.admin_body_bytes);
    ch_buf_init(&p->answer, (size_t)ch_limits.admin_answer_bytes);
    if (a->pending == NULL) {
        ch_loop_set_timer(a->front.loop, &a->sweep, ch_loop_now_ms(a->front.loop) + SWEEP_MS);
    }
    a->pending = p;
    ch_http_later(r, on_gone, p);
    if (!operation_has_body(o)) {
        ask(p);
    } else if (ch_http_receive(r, ch_limits.admin_body_bytes, on_body, p, &err) != CH_OK) {
        fail(p, 413, ch_str_of(err.msg));
    }
}

/* --- answers --- */

static struct pending *find(struct admin *a, uint64_t ask_number)
{
    for (struct pending *p = a->pending; p != NULL; p = p->next) {
        if (p->ask == ask_number && ask_number != 0) {
            return p;
        }
    }
    return NULL; /* its client has left */
}

static void answer(struct pending *p)
{
    struct ch_http_request *r = p->request;
    struct ch_buf body = p->answer;
    const struct operation *o = p->operation;
    p->answer = (struct ch_buf){0};
    free_pending(p);
    if (body.failed) {
        respond_problem(r, 500,
                        CH_STR("the answer is longer than admin_answer_bytes: ask for less"));
    } else if (o->answer == ANSWER_NONE) {
        respond_none(r);
    } else {
        if (body.len == 0) { /* the command had nothing to say */
            ch_buf_puts(&body, o->answer == ANSWER_LIST ? CH_STR("[]\n") : CH_STR("{}\n"));
        }
        respond_json(r, &body);
    }
    ch_buf_done(&body);
}

/* Whatever its exit status: the command was run, and that is what it has said. */
static void answer_command(struct pending *p, int exit_status, struct ch_str words)
{
    struct ch_http_request *r = p->request;
    struct ch_buf said = p->answer, body;
    p->answer = (struct ch_buf){0};
    free_pending(p);
    ch_buf_init(&body, 2 * (size_t)ch_limits.admin_answer_bytes);
    ch_buf_printf(&body, "{\"exit_status\":%d,\"output\":", exit_status);
    ch_buf_put_json(&body, ch_buf_str(&said));
    ch_buf_puts(&body, CH_STR(",\"message\":"));
    ch_buf_put_json(&body, words);
    ch_buf_puts(&body, CH_STR("}\n"));
    if (said.failed || body.failed) {
        respond_problem(r, 500,
                        CH_STR("the answer is longer than admin_answer_bytes: ask for less"));
    } else {
        respond_json(r, &body);
    }
    ch_buf_done(&said);
    ch_buf_done(&body);
}

static void on_done(struct admin *a, struct ch_str payload)
{
    struct ch_admin_done m;
    struct ch_err err;
    if (ch_admin_done_get(payload, &m, &err) != CH_OK) {
        return; /* whoever asked runs into the end of patience */
    }
    struct pending *p = find(a, m.ask);
    if (p == NULL) {
        return;
    }
    if (m.outcome != CH_ADMIN_UNKNOWN) {
        admin_token_good(a, &p->token);
    }
    bool ran =
        m.outcome == CH_ADMIN_DONE || m.outcome == CH_ADMIN_USAGE || m.outcome == CH_ADMIN_REFUSED;
    if (ran && p->operation->answer == ANSWER_COMMAND) {
        answer_command(p,
                       m.outcome == CH_ADMIN_DONE    ? 0
                       : m.outcome == CH_ADMIN_USAGE ? 2
                                                     : 1,
                       m.text);
        return;
    }
    switch (m.outcome) {
    case CH_ADMIN_DONE:
        answer(p);
        break;
    case CH_ADMIN_UNKNOWN:
        admin_token_wrong(a, &p->token, ch_http_view(p->request)->peer);
        admin_sign_in_failed(a, p->request, CH_SIGN_IN_REFUSED, &p->token);
        fail(p, 401, CH_STR("the token is unknown, has ended, or is not for administration"));
        break;
    case CH_ADMIN_DENIED:
        fail(p, 403, m.text);
        break;
    case CH_ADMIN_USAGE:
        fail(p, 400, m.text);
        break;
    case CH_ADMIN_REFUSED:
        if (p->operation->refused_status == 0) {
            answer(p);
        } else {
            fail(p, p->operation->refused_status, m.text);
        }
        break;
    }
}

void pending_frame(struct admin *a, struct ch_frame *frame)
{
    struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
    if (frame->type == CH_MSG_ADMIN_DONE) {
        on_done(a, frame->payload);
    } else if (frame->type == CH_MSG_ADMIN_OUTPUT) {
        struct pending *p = find(a, ch_get_u64(&r));
        if (p != NULL && !r.failed) {
            ch_buf_puts(&p->answer, ch_str_sub(frame->payload, r.at, frame->payload.len));
        }
    }
}

static void on_sweep(struct ch_timer *t)
{
    struct admin *a = CH_CONTAINER_OF(t, struct admin, sweep);
    uint64_t now_ms = ch_loop_now_ms(a->front.loop);
    for (struct pending *p = a->pending, *next; p != NULL; p = next) {
        next = p->next;
        if (p->ask != 0 && p->deadline_ms <= now_ms) {
            note_unanswered(p);
            tell_gone(p);
            fail(p, 504, CH_STR("the keeper goes on with it, but there is no answer yet"));
        }
    }
    if (a->pending != NULL) {
        ch_loop_set_timer(a->front.loop, t, now_ms + SWEEP_MS);
    }
}

void pending_init(struct admin *a)
{
    a->sweep.fn = on_sweep;
}

void pending_lost(struct admin *a)
{
    for (struct pending *p = a->pending, *next; p != NULL; p = next) {
        next = p->next;
        if (p->ask != 0) { /* what became of a command is not known: it may have been done */
            p->ask = 0;
            note_unanswered(p);
            fail(p, 503,
                 CH_STR("the keeper ended meanwhile; the command may have been carried out: look"));
        }
    }
}
