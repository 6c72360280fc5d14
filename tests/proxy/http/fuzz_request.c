/* Request heads and chunked bodies: the outcome must not depend on how bytes arrive, and what is
 * accepted must keep its promises. Byte 0 of the input says where the first piece ends. */
#include "proxy/http/http_int.h"

#include <stdlib.h>
#include <string.h>

struct outcome {
    enum http_scan scan;
    size_t head_len;
    bool accepted;
    int status;
    uint64_t body_bytes;
    uint64_t body_sum;
    enum http_chunk body;
};

static bool has(struct ch_str s, char c)
{
    return ch_str_find_char(s, c, NULL);
}

static void check_view(const struct ch_http_view *v, const struct http_parser *p)
{
    CH_ASSERT(v->path.len > 0 && v->path.ptr[0] == '/');
    CH_ASSERT(v->host.len > 0 && v->minor_version <= 1);
    for (size_t i = 0; i < v->segment_count; i++) {
        struct ch_str s = v->segments[i];
        CH_ASSERT(s.len > 0 && !has(s, '/') && !has(s, '\\') && !has(s, '\0') && !has(s, '\n'));
        CH_ASSERT(!ch_str_eq(s, CH_STR(".")) && !ch_str_eq(s, CH_STR("..")));
    }
    size_t lengths = 0;
    size_t codings = 0;
    for (size_t i = 0; i < v->header_count; i++) {
        struct ch_str value = v->headers[i].value;
        CH_ASSERT(v->headers[i].name.len > 0 && !has(v->headers[i].name, ' '));
        CH_ASSERT(!has(value, '\r') && !has(value, '\n') && !has(value, '\0'));
        lengths += ch_str_eq_nocase(v->headers[i].name, CH_STR("content-length"));
        codings += ch_str_eq_nocase(v->headers[i].name, CH_STR("transfer-encoding"));
    }
    CH_ASSERT(lengths + codings <= 1);
    CH_ASSERT(p->chunked == (codings == 1) && v->has_content_length == (lengths == 1));
    (void)http_select(p, p->known[HTTP_H_IF_MATCH], p->known[HTTP_H_IF_NONE_MATCH],
                      CH_STR("\"e\""), 784111777, 1000, true);
}

static void feed_body(struct http_chunks *k, struct ch_str in, struct outcome *o)
{
    struct ch_str piece = {NULL, 0};
    const char *rule;
    while (o->body == HTTP_CHUNK_MORE || o->body == HTTP_CHUNK_PIECE) {
        o->body = http_chunk_next(k, &ch_limits, &in, &piece, &rule);
        if (o->body == HTTP_CHUNK_MORE) {
            return;
        }
        for (size_t i = 0; o->body == HTTP_CHUNK_PIECE && i < piece.len; i++) {
            o->body_bytes++;
            o->body_sum = o->body_sum * 31 + (unsigned char)piece.ptr[i];
        }
    }
}

static struct outcome run(const char *bytes, size_t len, size_t first)
{
    struct http_parser p;
    struct outcome o = {0};
    http_parser_init(&p, &ch_limits, false);
    http_parser_reset(&p);
    o.scan = http_scan(&p, bytes, first, &o.head_len);
    if (o.scan == HTTP_SCAN_MORE && first < len) {
        o.scan = http_scan(&p, bytes, len, &o.head_len);
    }
    if (o.scan == HTTP_SCAN_HEAD) {
        o.accepted = http_parse(&p, bytes);
        if (o.accepted) {
            check_view(&p.view, &p);
        }
    }
    CH_ASSERT(o.accepted || o.scan == HTTP_SCAN_MORE || (p.status >= 400 && p.rule[0] != '\0'));
    o.status = p.status;
    if (o.accepted && p.chunked) {
        struct http_chunks k = {0};
        size_t rest = len - o.head_len;
        size_t cut = first < rest ? first : rest;
        feed_body(&k, (struct ch_str){bytes + o.head_len, cut}, &o);
        feed_body(&k, (struct ch_str){bytes + o.head_len + cut, rest - cut}, &o);
    }
    http_parser_done(&p);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    size_t len = size - 1;
    char *bytes = malloc(len > 0 ? len : 1); /* exact, so that a sanitizer sees one byte too far */
    CH_ASSERT(bytes != NULL);
    memcpy(bytes, data + 1, len);
    size_t first = data[0] < len ? data[0] : len;
    struct outcome whole = run(bytes, len, len);
    struct outcome split = run(bytes, len, first);
    CH_ASSERT(whole.scan == split.scan && whole.accepted == split.accepted);
    CH_ASSERT(whole.status == split.status && whole.head_len == split.head_len);
    CH_ASSERT(whole.body == split.body && whole.body_bytes == split.body_bytes &&
              whole.body_sum == split.body_sum);
    free(bytes);
    return 0;
}
