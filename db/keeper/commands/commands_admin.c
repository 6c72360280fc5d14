/* Commands that come by the administrative interface: of whoever has a token for it. The interface
 * proves nothing: each command brings its token's digest, and is checked here (T21). */
#include "commands_int.h"

#include "customhouse/limits.h"
#include "db/keeper/people/tokens.h"

static bool has_ask(const struct command *c, uint64_t ask)
{
    return c->by_token && c->ask == ask && !c->gone;
}

static bool is_by_token(const struct command *c, uint64_t with)
{
    (void)with;
    return c->by_token && !c->gone;
}

bool admin_principal(const struct command *c, struct principal *ret)
{
    int64_t until_us;
    return tokens_find(c->k, &c->token, AUDIENCE_ADMIN, ret, &until_us);
}

/* ------------------------------------------------------------------ answers */

/* The ends of as many commands as there can be. */
static size_t done_bytes(void)
{
    return ch_limits.admin_connections * (ch_message_row(CH_MSG_ADMIN_DONE)->max_bytes + 64);
}

/* What the interface has not read yet is bounded; past its bound the queue would close the channel,
 * which is everybody's. */
void admin_put_output(struct command *c, struct ch_str text)
{
    struct ch_buf b;
    if (c->k->admin == NULL || c->gone) {
        return;
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_ADMIN_OUTPUT)->max_bytes);
    ch_put_u64(&b, c->ask);
    ch_buf_puts(&b, text);
    c->cut = c->cut || ch_channel_room(c->k->admin, 1) < done_bytes() + b.len;
    if (!c->cut) {
        CH_IGNORE(!ch_channel_send(c->k->admin, CH_MSG_ADMIN_OUTPUT, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}

static void put_done(struct keeper *k, uint64_t ask, enum ch_admin_outcome outcome,
                     struct ch_str text)
{
    struct ch_admin_done done = {ask, outcome, text};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_ADMIN_DONE)->max_bytes);
    ch_admin_done_put(&b, &done);
    if (k->admin != NULL) {
        CH_IGNORE(!ch_channel_send(k->admin, CH_MSG_ADMIN_DONE, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}

void admin_put_done(const struct command *c, uint32_t exit_status, struct ch_str text)
{
    enum ch_admin_outcome outcome = c->cut             ? CH_ADMIN_USAGE
                                    : exit_status == 0 ? CH_ADMIN_DONE
                                    : exit_status == 2 ? CH_ADMIN_USAGE
                                    : c->denied        ? CH_ADMIN_DENIED
                                                       : CH_ADMIN_REFUSED;
    if (!c->gone) {
        put_done(c->k, c->ask, outcome,
                 c->cut
                     ? CH_STR("what it says is more than could be passed on: ask for less, or for "
                              "less at once")
                     : text);
    }
}

/* ------------------------------------------------------------------ asks */

/* Of nobody, until its token says of whom. */
static struct command *new_command(struct keeper *k, uint64_t ask)
{
    const struct principal nobody = {.kind = PRINCIPAL_NONE};
    struct command *c = command_new(k, &nobody);
    c->by_token = true;
    c->ask = ask;
    return c;
}

static void on_command(struct keeper *k, struct ch_str payload)
{
    struct ch_admin_command m;
    struct ch_err err;
    if (ch_admin_command_get(payload, &m, &err) != CH_OK) {
        keeper_log("peer", "role=admin error=\"%s\"", err.msg);
        return;
    }
    struct command *c = command_find(k, has_ask, m.ask); /* its input was here before it */
    if (c != NULL && c->payload.len > 0) {
        return; /* one command per ask */
    }
    c = c != NULL ? c : new_command(k, m.ask);
    c->token = m.token;
    if (!admin_principal(c, &c->who)) {
        c->who = (struct principal){.kind = PRINCIPAL_NONE};
        put_done(k, m.ask, CH_ADMIN_UNKNOWN, (struct ch_str){NULL, 0});
        command_gone(c);
        return;
    }
    command_begin(c, m.command);
}

static void on_input(struct keeper *k, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    uint64_t ask = ch_get_u64(&r);
    struct command *c = command_find(k, has_ask, ask);
    if (r.failed || (c != NULL && c->payload.len > 0)) {
        return;
    }
    c = c != NULL ? c : new_command(k, ask);
    command_input(c, ch_str_sub(payload, r.at, payload.len));
}

void admin_on_frame(struct keeper *k, struct ch_frame *frame)
{
    struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
    struct command *c;
    switch (frame->type) {
    case CH_MSG_ADMIN_COMMAND:
        on_command(k, frame->payload);
        break;
    case CH_MSG_ADMIN_INPUT:
        on_input(k, frame->payload);
        break;
    case CH_MSG_SIGN_INS:
        tokens_failed(k, CH_ROLE_ADMIN, frame->payload);
        break;
    case CH_MSG_ADMIN_GONE:
        c = command_find(k, has_ask, ch_get_u64(&r));
        if (c != NULL) {
            command_gone(c);
        }
        break;
    default:
        break;
    }
}

void admin_gone(struct keeper *k)
{
    struct command *c;
    while ((c = command_find(k, is_by_token, 0)) != NULL) {
        command_gone(c);
    }
}
