/* Messages between the keeper and those who work for it: fetcher, egress and scanner parents. The
 * scan job itself is encoded beside its stream, in scanner/scan_stream.c. */
#include "message_int.h"

void ch_fetch_put(struct ch_buf *b, const struct ch_fetch *m)
{
    ch_put_u64(b, m->job);
    ch_msg_put_enum(b, m->kind);
    ch_msg_put_name(b, m->upstream, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->url, ch_limits.url_bytes);
    ch_msg_put_name(b, m->accept, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->if_none_match, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->if_modified_since, ch_limits.header_value_bytes);
    ch_put_u64(b, m->range_from_bytes);
    ch_put_u64(b, m->range_to_bytes);
    ch_msg_put_name(b, m->if_range, ch_limits.header_value_bytes);
    ch_put_u64(b, m->max_bytes);
    ch_put_u64(b, m->expected_bytes);
    ch_put_u32(b, m->timeout_ms);
    ch_put_u32(b, m->answer_ms);
    ch_put_u32(b, m->retry_ms);
    ch_msg_put_name(b, m->via, ch_limits.client_text_bytes);
}

enum ch_code ch_fetch_get(struct ch_str payload, struct ch_fetch *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_fetch m = {0};
    m.job = ch_get_u64(&r);
    m.kind = ch_msg_get_enum(&r, CH_FETCH_DOCUMENT, CH_FETCH_ARTIFACT);
    m.upstream = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.url = ch_msg_get_text(&r, ch_limits.url_bytes);
    m.accept = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.if_none_match = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.if_modified_since = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.range_from_bytes = ch_get_u64(&r);
    m.range_to_bytes = ch_get_u64(&r);
    m.if_range = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.max_bytes = ch_get_u64(&r);
    m.expected_bytes = ch_get_u64(&r);
    m.timeout_ms = ch_get_u32(&r);
    m.answer_ms = ch_get_u32(&r);
    m.retry_ms = ch_get_u32(&r);
    m.via = ch_msg_get_printable(&r, ch_limits.client_text_bytes);
    CH_MSG_DECODED("fetch message");
}

void ch_fetch_progress_put(struct ch_buf *b, const struct ch_fetch_progress *m)
{
    ch_put_u64(b, m->job);
    ch_put_u64(b, m->bytes);
    ch_put_u64(b, m->total_bytes);
}

enum ch_code ch_fetch_progress_get(struct ch_str payload, struct ch_fetch_progress *ret,
                                   struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_fetch_progress m = {0};
    m.job = ch_get_u64(&r);
    m.bytes = ch_get_u64(&r);
    m.total_bytes = ch_get_u64(&r);
    CH_MSG_DECODED("fetch-progress message");
}

/* An upstream's header may be longer than we keep: the fetcher leaves such an ETag out, since half
 * of one would never match; here it fails the message. */
void ch_fetched_put(struct ch_buf *b, const struct ch_fetched *m)
{
    ch_put_u64(b, m->job);
    ch_msg_put_enum(b, m->code);
    ch_put_u32(b, m->http_status);
    ch_put_u64(b, m->bytes);
    ch_msg_put_name(b, m->content_type, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->etag, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->last_modified, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->effective_url, ch_limits.url_bytes);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_put_u32(b, m->elapsed_ms);
    ch_put_u32(b, m->retry_after_s);
    ch_put_u64(b, m->told_bytes);
    ch_msg_put_bool(b, m->told_at_least);
    ch_msg_put_bool(b, m->told_empty);
}

enum ch_code ch_fetched_get(struct ch_str payload, struct ch_fetched *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_fetched m = {0};
    m.job = ch_get_u64(&r);
    m.code = ch_msg_get_enum(&r, CH_OK, CH_CODE_COUNT - 1);
    m.http_status = ch_get_u32(&r);
    m.bytes = ch_get_u64(&r);
    m.content_type = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.etag = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.last_modified = ch_msg_get_text(&r, ch_limits.header_value_bytes);
    m.effective_url = ch_msg_get_text(&r, ch_limits.url_bytes);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.elapsed_ms = ch_get_u32(&r);
    m.retry_after_s = ch_get_u32(&r);
    m.told_bytes = ch_get_u64(&r);
    m.told_at_least = ch_msg_get_bool(&r);
    m.told_empty = ch_msg_get_bool(&r);
    CH_MSG_DECODED("fetched message");
}

void ch_send_put(struct ch_buf *b, const struct ch_send *m)
{
    ch_put_u64(b, m->job);
    ch_msg_put_enum(b, m->kind);
    ch_msg_put_name(b, m->destination, ch_limits.project_name_bytes);
    ch_msg_put_name(b, m->path, ch_limits.url_bytes);
    ch_msg_put_name(b, m->id, ch_limits.header_value_bytes);
    ch_msg_put_printable(b, m->subject, ch_limits.refusal_text_bytes);
    ch_msg_put_name(b, m->content_type, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->body, ch_limits.egress_body_bytes);
    ch_msg_put_bool(b, m->answer);
    ch_put_u32(b, m->timeout_ms);
}

enum ch_code ch_send_get(struct ch_str payload, struct ch_send *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_send m = {0};
    m.job = ch_get_u64(&r);
    m.kind = ch_msg_get_enum(&r, 0, CH_DESTINATION_KIND_COUNT - 1);
    m.destination = ch_msg_get_text(&r, ch_limits.project_name_bytes);
    m.path = ch_msg_get_printable(&r, ch_limits.url_bytes);
    m.id = ch_msg_get_printable(&r, ch_limits.header_value_bytes);
    m.subject = ch_msg_get_printable(&r, ch_limits.refusal_text_bytes);
    m.content_type = ch_msg_get_printable(&r, ch_limits.header_value_bytes);
    m.body = ch_msg_get_text(&r, ch_limits.egress_body_bytes);
    m.answer = ch_msg_get_bool(&r);
    m.timeout_ms = ch_get_u32(&r);
    CH_MSG_DECODED("send message");
}

void ch_sent_put(struct ch_buf *b, const struct ch_sent *m)
{
    ch_put_u64(b, m->job);
    ch_msg_put_enum(b, m->code);
    ch_put_u32(b, m->status);
    ch_msg_put_printable(b, m->content_type, ch_limits.header_value_bytes);
    ch_msg_put_name(b, m->body, ch_limits.egress_answer_bytes);
    ch_msg_put_printable(b, m->text, ch_limits.text_bytes);
    ch_put_u32(b, m->elapsed_ms);
}

enum ch_code ch_sent_get(struct ch_str payload, struct ch_sent *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_sent m = {0};
    m.job = ch_get_u64(&r);
    m.code = ch_msg_get_enum(&r, CH_OK, CH_CODE_COUNT - 1);
    m.status = ch_get_u32(&r);
    m.content_type = ch_msg_get_printable(&r, ch_limits.header_value_bytes);
    m.body = ch_msg_get_text(&r, ch_limits.egress_answer_bytes);
    m.text = ch_msg_get_printable(&r, ch_limits.text_bytes);
    m.elapsed_ms = ch_get_u32(&r);
    CH_MSG_DECODED("sent message");
}

void ch_scanned_put(struct ch_buf *b, const struct ch_scanned *m)
{
    ch_put_u64(b, m->job);
    ch_msg_put_enum(b, m->outcome);
    ch_put_u32(b, m->exit_status);
    ch_put_u32(b, m->signal);
    ch_put_u64(b, m->cpu_us);
    ch_put_u64(b, m->wall_us);
    ch_put_u64(b, m->max_rss_bytes);
    ch_msg_put_sha256(b, &m->ruleset);
    ch_msg_put_printable(b, m->text, ch_limits.refusal_text_bytes);
}

void ch_scanned_put_why(struct ch_buf *b, const struct ch_scanned *m)
{
    struct ch_str text = m->text.len > 0 ? ch_str_sub(m->text, 0, 120) : CH_STR("no reason given");
    switch (m->outcome) {
    case CH_SCAN_KILLED:
        ch_buf_printf(b, "was killed by signal %u", m->signal);
        return;
    case CH_SCAN_TIMEOUT:
        ch_buf_puts(b, CH_STR("stood still, and was ended"));
        return;
    case CH_SCAN_STARVED:
        ch_buf_printf(b, "got %llu s of CPU time in %llu s, so busy is the host, and was ended",
                      (unsigned long long)(m->cpu_us / 1000000),
                      (unsigned long long)(m->wall_us / 1000000));
        return;
    case CH_SCAN_INTERRUPTED:
        if (m->signal != 0) {
            ch_buf_printf(b, "was killed from outside (signal %u)", m->signal);
        } else {
            ch_buf_printf(b, "was interrupted: %.*s", CH_STR_ARG(text));
        }
        return;
    case CH_SCAN_FAILED:
    case CH_SCAN_DONE:
    default:
        ch_buf_printf(b, "failed: %.*s", CH_STR_ARG(text));
    }
}

bool ch_scanned_is_interrupted(const struct ch_scanned *m)
{
    return m->outcome == CH_SCAN_INTERRUPTED || m->outcome == CH_SCAN_STARVED;
}

enum ch_code ch_scanned_get(struct ch_str payload, struct ch_scanned *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_scanned m = {0};
    m.job = ch_get_u64(&r);
    m.outcome = ch_msg_get_enum(&r, CH_SCAN_FAILED, CH_SCAN_STARVED);
    m.exit_status = ch_get_u32(&r);
    m.signal = ch_get_u32(&r);
    m.cpu_us = ch_get_u64(&r);
    m.wall_us = ch_get_u64(&r);
    m.max_rss_bytes = ch_get_u64(&r);
    m.ruleset = ch_msg_get_sha256(&r);
    m.text = ch_msg_get_printable(&r, ch_limits.refusal_text_bytes);
    CH_MSG_DECODED("scanned message");
}

void ch_rules_loaded_put(struct ch_buf *b, const struct ch_rules_loaded *m)
{
    ch_msg_put_sha256(b, &m->ruleset);
    ch_put_u64(b, m->rule_count);
}

enum ch_code ch_rules_loaded_get(struct ch_str payload, struct ch_rules_loaded *ret,
                                 struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_rules_loaded m = {0};
    m.ruleset = ch_msg_get_sha256(&r);
    m.rule_count = ch_get_u64(&r);
    CH_MSG_DECODED("rules message");
}
