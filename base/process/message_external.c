/* Messages between gateways and the keeper about what external scanners say. */
#include "customhouse/message_external.h"

#include "message_int.h"

void ch_ask_external_put(struct ch_buf *b, const struct ch_ask_external *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->project, ch_limits.project_name_bytes);
    ch_msg_put_sha256(b, &m->sha256);
    ch_msg_put_enum(b, m->verdict);
    ch_msg_put_name(b, m->details, ch_limits.external_body_bytes);
    ch_msg_put_printable(b, m->words, ch_limits.external_body_bytes);
    ch_msg_put_sha256(b, &m->token);
    ch_msg_put_client(b, &m->client);
}

enum ch_code ch_ask_external_get(struct ch_str payload, struct ch_ask_external *ret,
                                 struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_external m = {0};
    m.ask = ch_get_u64(&r);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.project = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.sha256 = ch_msg_get_sha256(&r);
    m.verdict = ch_msg_get_enum(&r, CH_EXTERNAL_NONE, CH_EXTERNAL_COUNT - 1);
    m.details = ch_msg_get_text(&r, ch_limits.external_body_bytes);
    m.words = ch_msg_get_printable(&r, ch_limits.external_body_bytes);
    m.token = ch_msg_get_sha256(&r);
    m.client = ch_msg_get_client(&r);
    CH_MSG_DECODED("ask-external message");
}

void ch_external_reply_put(struct ch_buf *b, const struct ch_external_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_put_u32(b, m->http_status);
    ch_msg_put_printable(b, m->code, ch_limits.client_text_bytes);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_msg_put_enum(b, m->verdict);
    ch_msg_put_name(b, m->details, ch_limits.external_body_bytes);
    ch_msg_put_name(b, m->by, ch_limits.principal_bytes);
    ch_put_i64(b, m->at_us);
    ch_msg_put_enum(b, m->decision);
    ch_msg_put_printable(b, m->rule, ch_limits.text_bytes);
    ch_msg_put_printable(b, m->reason, ch_limits.text_bytes);
    ch_put_u64(b, m->size_bytes);
    ch_msg_put_name(b, m->media_type, ch_limits.client_text_bytes);
}

enum ch_code ch_external_reply_get(struct ch_str payload, struct ch_external_reply *ret,
                                   struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_external_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.http_status = ch_get_u32(&r);
    m.code = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.verdict = ch_msg_get_enum(&r, CH_EXTERNAL_NONE, CH_EXTERNAL_COUNT - 1);
    m.details = ch_msg_get_text(&r, ch_limits.external_body_bytes);
    m.by = ch_msg_get_printable(&r, ch_limits.principal_bytes);
    m.at_us = ch_get_i64(&r);
    m.decision = ch_msg_get_enum(&r, CH_VERDICT_HOLD, CH_VERDICT_DENY);
    m.rule = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.reason = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.size_bytes = ch_get_u64(&r);
    m.media_type = ch_msg_get_text(&r, ch_limits.client_text_bytes);
    CH_MSG_DECODED("external message");
}
