/* Messages between gateways and the keeper. */
#include "message_int.h"

#include <string.h>

void ch_ask_page_put(struct ch_buf *b, const struct ch_ask_page *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->project, ch_limits.project_name_bytes);
    ch_put_u64(b, m->have_generation);
    ch_msg_put_enum(b, m->form);
    ch_msg_put_client(b, &m->client);
}

enum ch_code ch_ask_page_get(struct ch_str payload, struct ch_ask_page *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_page m = {0};
    m.ask = ch_get_u64(&r);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.project = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.have_generation = ch_get_u64(&r);
    m.form = ch_msg_get_enum(&r, CH_PAGE_WHOLE, CH_PAGE_BESIDE);
    m.client = ch_msg_get_client(&r);
    CH_MSG_DECODED("ask-page message");
}

void ch_page_reply_put(struct ch_buf *b, const struct ch_page_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->outcome);
    ch_put_u64(b, m->generation);
    ch_put_u64(b, m->fresh_until_boot_ms);
    ch_put_u32(b, m->http_status);
    ch_put_u32(b, m->retry_after_s);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    CH_ASSERT(m->document_count <= CH_PAGE_DOCUMENTS_MAX);
    ch_put_u8(b, (uint8_t)m->document_count);
    for (size_t i = 0; i < m->document_count; i++) {
        ch_put_u8(b, m->documents[i].format);
        ch_put_sha256(b, &m->documents[i].sha256);
    }
}

enum ch_code ch_page_reply_get(struct ch_str payload, struct ch_page_reply *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_page_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_PAGE_FAILED, CH_PAGE_NOT_FOUND);
    m.generation = ch_get_u64(&r);
    m.fresh_until_boot_ms = ch_get_u64(&r);
    m.http_status = ch_get_u32(&r);
    m.retry_after_s = ch_get_u32(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.document_count = ch_get_u8(&r);
    if (m.document_count > (m.outcome == CH_PAGE_NEW ? CH_PAGE_DOCUMENTS_MAX : 0)) {
        ch_rd_fail(&r);
        m.document_count = 0;
    }
    for (size_t i = 0; i < m.document_count; i++) {
        m.documents[i].format = ch_get_u8(&r);
        m.documents[i].sha256 = ch_get_sha256(&r);
    }
    CH_MSG_DECODED("page message");
}

void ch_shard_place_put(struct ch_buf *b, const struct ch_shard_place *place)
{
    ch_put_sha256(b, &place->sha256);
    ch_put_u64(b, place->at);
    ch_put_u32(b, place->len);
}

bool ch_shard_place_find(struct ch_str table, const struct ch_sha256 *sha256,
                         struct ch_shard_place *ret)
{
    size_t from = 0, to = table.len / CH_SHARD_PLACE_BYTES;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        struct ch_rd r = ch_rd_of(table.ptr + middle * CH_SHARD_PLACE_BYTES, CH_SHARD_PLACE_BYTES);
        struct ch_shard_place place = {.sha256 = ch_get_sha256(&r)};
        place.at = ch_get_u64(&r);
        place.len = ch_get_u32(&r);
        int order = memcmp(place.sha256.byte, sha256->byte, CH_SHA256_BYTES);
        if (order == 0) {
            *ret = place;
            return true;
        }
        from = order < 0 ? middle + 1 : from;
        to = order < 0 ? to : middle;
    }
    return false;
}

void ch_ask_file_put(struct ch_buf *b, const struct ch_ask_file *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->project, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->file_name, ch_limits.file_name_bytes);
    ch_msg_put_bool(b, m->any_page);
    ch_msg_put_enum(b, m->part);
    ch_msg_put_bool(b, m->head);
    ch_put_u32(b, m->patience_ms);
    ch_msg_put_name(b, m->filter, ch_limits.client_text_bytes);
    ch_msg_put_client(b, &m->client);
}

enum ch_code ch_ask_file_get(struct ch_str payload, struct ch_ask_file *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_file m = {0};
    m.ask = ch_get_u64(&r);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.project = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.file_name = ch_msg_get_text(&r, ch_limits.file_name_bytes);
    m.any_page = ch_msg_get_bool(&r);
    m.part = ch_msg_get_enum(&r, CH_PART_FILE, CH_PART_SIGNED);
    m.head = ch_msg_get_bool(&r);
    m.patience_ms = ch_get_u32(&r);
    m.filter = ch_msg_get_text(&r, ch_limits.client_text_bytes);
    m.client = ch_msg_get_client(&r);
    CH_MSG_DECODED("ask-file message");
}

static void refusal_put(struct ch_buf *b, const struct ch_refusal *m)
{
    ch_msg_put_name(b, m->id, ch_limits.client_text_bytes);
    ch_msg_put_enum(b, m->verdict);
    ch_msg_put_printable(b, m->subject, ch_limits.refusal_text_bytes);
    ch_msg_put_printable(b, m->rule, ch_limits.refusal_text_bytes);
    ch_msg_put_printable(b, m->reason, ch_limits.refusal_text_bytes);
    ch_msg_put_printable(b, m->policy_at, ch_limits.refusal_text_bytes);
    ch_msg_put_printable(b, m->change, ch_limits.refusal_text_bytes);
    ch_put_i64(b, m->since_us);
    ch_put_i64(b, m->until_us);
}

static void refusal_get(struct ch_rd *r, struct ch_refusal *ret)
{
    ret->id = ch_msg_get_printable(r, ch_limits.client_text_bytes);
    ret->verdict = ch_msg_get_enum(r, CH_VERDICT_HOLD, CH_VERDICT_DENY);
    ret->subject = ch_msg_get_printable(r, ch_limits.refusal_text_bytes);
    ret->rule = ch_msg_get_printable(r, ch_limits.refusal_text_bytes);
    ret->reason = ch_msg_get_printable(r, ch_limits.refusal_text_bytes);
    ret->policy_at = ch_msg_get_printable(r, ch_limits.refusal_text_bytes);
    ret->change = ch_msg_get_printable(r, ch_limits.refusal_text_bytes);
    ret->since_us = ch_get_i64(r);
    ret->until_us = ch_get_i64(r);
}

void ch_file_reply_put(struct ch_buf *b, const struct ch_file_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->outcome);
    ch_msg_put_sha256(b, &m->sha256);
    ch_put_u64(b, m->size_bytes);
    ch_put_u64(b, m->epoch);
    ch_put_u64(b, m->not_after_boot_ms);
    ch_put_u32(b, m->retry_after_s);
    ch_put_u32(b, m->http_status);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_put_str(b, m->body);
    ch_msg_put_bool(b, m->body_apart);
    refusal_put(b, &m->refusal);
    ch_msg_put_name(b, m->page, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->file_name, ch_limits.file_name_bytes);
    ch_msg_put_printable(b, m->media_type, ch_limits.client_text_bytes);
}

enum ch_code ch_file_reply_get(struct ch_str payload, struct ch_file_reply *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_file_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_FILE_REFUSED, CH_FILE_FAILED);
    m.sha256 = ch_msg_get_sha256(&r);
    m.size_bytes = ch_get_u64(&r);
    m.epoch = ch_get_u64(&r);
    m.not_after_boot_ms = ch_get_u64(&r);
    m.retry_after_s = ch_get_u32(&r);
    m.http_status = ch_get_u32(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.body = ch_msg_get_text(&r, CH_ATTESTATION_MAX);
    m.body_apart = ch_msg_get_bool(&r);
    refusal_get(&r, &m.refusal);
    m.page = ch_msg_get_printable(&r, ch_limits.project_name_bytes);
    m.file_name = ch_msg_get_text(&r, ch_limits.file_name_bytes);
    m.media_type = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    CH_MSG_DECODED("file message");
}

void ch_ask_refusal_put(struct ch_buf *b, const struct ch_ask_refusal *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->id, ch_limits.client_text_bytes);
}

enum ch_code ch_ask_refusal_get(struct ch_str payload, struct ch_ask_refusal *ret,
                                struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_refusal m = {0};
    m.ask = ch_get_u64(&r);
    m.id = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    CH_MSG_DECODED("ask-refusal message");
}

void ch_refusal_reply_put(struct ch_buf *b, const struct ch_refusal_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_bool(b, m->found);
    refusal_put(b, &m->refusal);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_printable(b, m->advice, ch_limits.text_bytes);
    ch_msg_put_printable(b, m->exception, ch_limits.text_bytes);
    ch_msg_put_bool(b, m->may_ask);
}

enum ch_code ch_refusal_reply_get(struct ch_str payload, struct ch_refusal_reply *ret,
                                  struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_refusal_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.found = ch_msg_get_bool(&r);
    refusal_get(&r, &m.refusal);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.advice = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.exception = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.may_ask = ch_msg_get_bool(&r);
    CH_MSG_DECODED("refusal message");
}

void ch_ask_exception_put(struct ch_buf *b, const struct ch_ask_exception *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->id, ch_limits.client_text_bytes);
    ch_msg_put_name(b, m->reason, ch_limits.exception_reason_bytes);
    ch_msg_put_name(b, m->expires, ch_limits.word_bytes);
    ch_msg_put_client(b, &m->client);
}

enum ch_code ch_ask_exception_get(struct ch_str payload, struct ch_ask_exception *ret,
                                  struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_exception m = {0};
    m.ask = ch_get_u64(&r);
    m.id = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    m.reason = ch_msg_get_text(&r, ch_limits.exception_reason_bytes);
    m.expires = ch_msg_get_printable(&r, ch_limits.word_bytes);
    m.client = ch_msg_get_client(&r);
    CH_MSG_DECODED("ask-exception message");
}

void ch_exception_reply_put(struct ch_buf *b, const struct ch_exception_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_put_u32(b, m->http_status);
    ch_put_u64(b, m->exception);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
}

enum ch_code ch_exception_reply_get(struct ch_str payload, struct ch_exception_reply *ret,
                                    struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_exception_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.http_status = ch_get_u32(&r);
    m.exception = ch_get_u64(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    CH_MSG_DECODED("exception message");
}

/* The text may fill the frame; the row of CH_MSG_METRICS bounds it. */
void ch_metrics_reply_put(struct ch_buf *b, const struct ch_metrics_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_put_str(b, m->text);
}

enum ch_code ch_metrics_reply_get(struct ch_str payload, struct ch_metrics_reply *ret,
                                  struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_metrics_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.text = ch_msg_get_text(&r, ch_message_row(CH_MSG_METRICS)->max_bytes);
    CH_MSG_DECODED("metrics message");
}

void ch_ask_document_put(struct ch_buf *b, const struct ch_ask_document *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->kind);
    ch_msg_put_printable(b, m->name, ch_limits.client_text_bytes);
    ch_msg_put_sha256(b, &m->sha256);
    ch_put_u64(b, m->number);
    ch_msg_put_enum(b, m->part);
    ch_put_u32(b, m->width);
    ch_msg_put_sha256(b, &m->token);
    ch_msg_put_repositories(b, &m->pull);
}

enum ch_code ch_ask_document_get(struct ch_str payload, struct ch_ask_document *ret,
                                 struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_document m = {0};
    m.ask = ch_get_u64(&r);
    m.kind = ch_msg_get_enum(&r, CH_DOCUMENT_KEYS, CH_DOCUMENT_POLICY);
    m.name = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    m.sha256 = ch_msg_get_sha256(&r);
    m.number = ch_get_u64(&r);
    m.part = ch_msg_get_enum(&r, CH_PART_FILE, CH_PART_SPDX_BUNDLE);
    m.width = ch_get_u32(&r);
    m.token = ch_msg_get_sha256(&r);
    ch_msg_get_repositories(&r, &m.pull);
    CH_MSG_DECODED("ask-document message");
}

void ch_document_reply_put(struct ch_buf *b, const struct ch_document_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_put_u32(b, m->http_status);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    refusal_put(b, &m->refusal);
}

enum ch_code ch_document_reply_get(struct ch_str payload, struct ch_document_reply *ret,
                                   struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_document_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.http_status = ch_get_u32(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    refusal_get(&r, &m.refusal);
    CH_MSG_DECODED("document message");
}

void ch_served_put(struct ch_buf *b, const struct ch_served *m)
{
    ch_put_u64(b, m->number);
    ch_put_u64(b, m->times > 0 ? m->times : 1);
    ch_put_u64(b, m->bytes);
    ch_put_i64(b, m->at_us);
    ch_msg_put_name(b, m->repository, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->project, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->file_name, ch_limits.file_name_bytes);
    ch_msg_put_sha256(b, &m->sha256);
    ch_msg_put_client(b, &m->client);
}

enum ch_code ch_served_get(struct ch_str payload, struct ch_served *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_served m = {0};
    m.number = ch_get_u64(&r);
    m.times = ch_get_u64(&r);
    m.bytes = ch_get_u64(&r);
    m.at_us = ch_get_i64(&r);
    m.repository = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.project = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.file_name = ch_msg_get_text(&r, ch_limits.file_name_bytes);
    m.sha256 = ch_msg_get_sha256(&r);
    m.client = ch_msg_get_client(&r);
    CH_MSG_DECODED("served message");
}

void ch_served_kept_put(struct ch_buf *b, const struct ch_served_kept *m)
{
    ch_put_u64(b, m->kept);
    ch_put_u8(b, m->again);
}

enum ch_code ch_served_kept_get(struct ch_str payload, struct ch_served_kept *ret,
                                struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_served_kept m = {0};
    m.kept = ch_get_u64(&r);
    m.again = ch_msg_get_bool(&r);
    CH_MSG_DECODED("message of what is kept");
}

void ch_sign_ins_put(struct ch_buf *b, const struct ch_sign_ins *m)
{
    ch_msg_put_enum(b, m->fault);
    ch_msg_put_sha256(b, &m->digest);
    ch_msg_put_printable(b, m->address, ch_limits.word_bytes);
    ch_msg_put_printable(b, m->path, ch_limits.sign_in_path_bytes);
    ch_put_u32(b, m->times);
}

struct ch_sign_ins ch_sign_ins_get(struct ch_rd *r)
{
    struct ch_sign_ins m = {.fault =
                                ch_msg_get_enum(r, CH_SIGN_IN_MALFORMED, CH_SIGN_IN_UNANSWERED)};
    m.digest = ch_msg_get_sha256(r);
    m.address = ch_msg_get_printable(r, ch_limits.word_bytes);
    m.path = ch_msg_get_printable(r, ch_limits.sign_in_path_bytes);
    m.times = ch_get_u32(r);
    return m;
}

void ch_ask_token_put(struct ch_buf *b, const struct ch_ask_token *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_sha256(b, &m->digest);
    ch_msg_put_client(b, &m->client);
    ch_msg_put_name(b, m->scoped, ch_limits.scoped_token_bytes);
}

enum ch_code ch_ask_token_get(struct ch_str payload, struct ch_ask_token *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_token m = {0};
    m.ask = ch_get_u64(&r);
    m.digest = ch_msg_get_sha256(&r);
    m.client = ch_msg_get_client(&r);
    m.scoped = ch_msg_get_printable(&r, ch_limits.scoped_token_bytes);
    CH_MSG_DECODED("ask-token message");
}

void ch_token_reply_put(struct ch_buf *b, const struct ch_token_reply *m)
{
    ch_put_u64(b, m->ask);
    ch_msg_put_enum(b, m->outcome);
    ch_msg_put_name(b, m->principal, ch_limits.principal_bytes);
    ch_put_u64(b, m->epoch);
    ch_put_u64(b, m->not_after_boot_ms);
    ch_msg_put_bool(b, m->audit_read);
    ch_msg_put_bool(b, m->metrics_read);
    ch_msg_put_bool(b, m->push);
    ch_msg_put_bool(b, m->scans);
    ch_msg_put_repositories(b, &m->pull);
}

enum ch_code ch_token_reply_get(struct ch_str payload, struct ch_token_reply *ret,
                                struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_token_reply m = {0};
    m.ask = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_TOKEN_REFUSED, CH_TOKEN_GOOD);
    m.principal = ch_msg_get_printable(&r, ch_limits.principal_bytes);
    m.epoch = ch_get_u64(&r);
    m.not_after_boot_ms = ch_get_u64(&r);
    m.audit_read = ch_msg_get_bool(&r);
    m.metrics_read = ch_msg_get_bool(&r);
    m.push = ch_msg_get_bool(&r);
    m.scans = ch_msg_get_bool(&r);
    ch_msg_get_repositories(&r, &m.pull);
    CH_MSG_DECODED("token message");
}
