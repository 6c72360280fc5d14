/* Messages between gateways and the keeper about what is pushed. */
#include "customhouse/message_push.h"

#include "message_int.h"

void ch_ask_push_put(struct ch_buf *b, const struct ch_ask_push *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->op);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->project, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->reference, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->upload, CH_UPLOAD_ID_LEN);
    ch_msg_put_name(b, m->from, ch_limits.text_bytes);
    ch_msg_put_name(b, m->media_type, ch_limits.client_text_bytes);
    ch_put_u64(b, m->offset);
    ch_msg_put_sha256(b, &m->token);
    ch_msg_put_name(b, m->scoped, ch_limits.scoped_token_bytes);
    ch_msg_put_client(b, &m->client);
    ch_msg_put_name(b, m->body, ch_limits.oci_manifest_bytes);
}

enum ch_code ch_ask_push_get(struct ch_str payload, struct ch_ask_push *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_push m = {0};
    m.ask = ch_get_u64(&r);
    m.op = ch_msg_get_enum(&r, CH_PUSH_BEGIN, CH_PUSH_OP_COUNT - 1);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.project = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.reference = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.upload = ch_msg_get_text(&r, CH_UPLOAD_ID_LEN);
    m.from = ch_msg_get_text(&r, ch_limits.text_bytes);
    m.media_type = ch_msg_get_text(&r, ch_limits.client_text_bytes);
    m.offset = ch_get_u64(&r);
    m.token = ch_msg_get_sha256(&r);
    m.scoped = ch_msg_get_printable(&r, ch_limits.scoped_token_bytes);
    m.client = ch_msg_get_client(&r);
    m.body = ch_msg_get_text(&r, ch_limits.oci_manifest_bytes);
    CH_MSG_DECODED("ask-push message");
}

void ch_push_reply_put(struct ch_buf *b, const struct ch_push_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_put_u32(b, m->http_status);
    ch_msg_put_printable(b, m->code, ch_limits.client_text_bytes);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_msg_put_name(b, m->upload, CH_UPLOAD_ID_LEN);
    ch_put_u64(b, m->offset);
    ch_put_u64(b, m->granted_bytes);
    ch_put_u64(b, m->max_bytes);
    ch_msg_put_sha256(b, &m->sha256);
    ch_put_u64(b, m->size_bytes);
    ch_msg_put_name(b, m->media_type, ch_limits.client_text_bytes);
    ch_msg_put_name(b, m->subject, ch_limits.project_name_bytes);
}

enum ch_code ch_push_reply_get(struct ch_str payload, struct ch_push_reply *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_push_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.http_status = ch_get_u32(&r);
    m.code = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.upload = ch_msg_get_text(&r, CH_UPLOAD_ID_LEN);
    m.offset = ch_get_u64(&r);
    m.granted_bytes = ch_get_u64(&r);
    m.max_bytes = ch_get_u64(&r);
    m.sha256 = ch_msg_get_sha256(&r);
    m.size_bytes = ch_get_u64(&r);
    m.media_type = ch_msg_get_text(&r, ch_limits.client_text_bytes);
    m.subject = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    CH_MSG_DECODED("push message");
}
