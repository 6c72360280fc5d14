/* Messages between gateways and the keeper about tokens of some images. */
#include "customhouse/message_scoped.h"

#include "message_int.h"

#define PEM_BYTES 1024

static void put_scopes(struct ch_buf *b, const struct ch_scopes *list)
{
    CH_ASSERT(list->count <= CH_SCOPES_MAX);
    ch_put_u32(b, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        ch_msg_put_name(b, list->list[i].name, ch_limits.text_bytes);
        ch_msg_put_enum(b, list->list[i].actions);
    }
}

static void get_scopes(struct ch_rd *r, struct ch_scopes *ret)
{
    uint32_t count = ch_get_u32(r);
    if (count > CH_SCOPES_MAX) {
        ch_rd_fail(r);
        count = 0;
    }
    ret->count = count;
    for (uint32_t i = 0; i < count; i++) {
        ret->list[i].name = ch_msg_get_text(r, ch_limits.text_bytes);
        ret->list[i].actions = ch_msg_get_enum(r, 0, CH_SCOPE_ALL);
    }
}

void ch_ask_scoped_put(struct ch_buf *b, const struct ch_ask_scoped *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_sha256(b, &m->digest);
    ch_msg_put_bool(b, m->loopback);
    put_scopes(b, &m->wanted);
}

enum ch_code ch_ask_scoped_get(struct ch_str payload, struct ch_ask_scoped *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_scoped m = {0};
    m.ask = ch_get_u64(&r);
    m.digest = ch_msg_get_sha256(&r);
    m.loopback = ch_msg_get_bool(&r);
    get_scopes(&r, &m.wanted);
    CH_MSG_DECODED("ask-scoped message");
}

void ch_scoped_reply_put(struct ch_buf *b, const struct ch_scoped_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->outcome);
    ch_put_u32(b, m->http_status);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_msg_put_name(b, m->token, ch_limits.scoped_token_bytes);
    ch_put_i64(b, m->begins_at_s);
    ch_put_u32(b, m->seconds);
    put_scopes(b, &m->may);
}

enum ch_code ch_scoped_reply_get(struct ch_str payload, struct ch_scoped_reply *ret,
                                 struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_scoped_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_TOKEN_REFUSED, CH_TOKEN_GOOD);
    m.http_status = ch_get_u32(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.token = ch_msg_get_printable(&r, ch_limits.scoped_token_bytes);
    m.begins_at_s = ch_get_i64(&r);
    m.seconds = ch_get_u32(&r);
    get_scopes(&r, &m.may);
    CH_MSG_DECODED("scoped message");
}

void ch_token_key_put(struct ch_buf *b, const struct ch_token_key *m)
{
    ch_msg_put_name(b, m->pem, PEM_BYTES);
}

enum ch_code ch_token_key_get(struct ch_str payload, struct ch_token_key *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_token_key m = {0};
    m.pem = ch_msg_get_text(&r, PEM_BYTES);
    CH_MSG_DECODED("token-key message");
}
