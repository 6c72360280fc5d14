/* A request to the administrative interface: "GET /api/v1/... HTTP/1.1" and its body after the
 * first line feed (admin_request_read). What is taken is what the keeper's decoder takes, and its
 * texts are within what the description says; what is refused is explained in one line. */
#include <stdint.h>

#include "customhouse/limits.h"
#include "proxy/admin/parameters.h"
#include "proxy/http/http_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct ch_str s)
{
    CH_ASSERT(ch_str_is_utf8(s));
    for (size_t i = 0; i < s.len; i++) {
        CH_ASSERT((unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f);
    }
}

static void check_taken(const struct admin_request *q)
{
    const struct ch_command *c = &q->command;
    struct ch_command again;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_COMMAND)->max_bytes);
    ch_command_put(&b, c);
    CH_ASSERT(!b.failed && ch_command_get(ch_buf_str(&b), &again, &err) == CH_OK);
    CH_ASSERT(ch_str_eq(again.name, c->name) && again.arg_count == c->arg_count);
    CH_ASSERT(c->name.len > 0);
    check_text(c->name);
    for (size_t i = 0; i < c->arg_count; i++) {
        CH_ASSERT(c->value[i].len > 0 && c->value[i].len <= 4 * PARAMETER_TEXT_MAX);
        CH_ASSERT(ch_str_eq(again.value[i], c->value[i]) && ch_str_eq(again.key[i], c->key[i]));
        check_text(c->value[i]);
        check_text(c->key[i]);
    }
    ch_buf_done(&b);
}

static void read_request(struct http_conn *c, struct ch_str body)
{
    struct admin_request q;
    struct ch_err err;
    struct ch_buf allowed;
    ch_buf_init(&allowed, 256);
    const struct operation *o = operation_find(&c->parser.view, &allowed);
    ch_buf_done(&allowed);
    if (o == NULL) {
        return;
    }
    if (admin_request_read(o, &c->request, body, &q, &err) == CH_OK) {
        check_taken(&q);
    } else {
        CH_ASSERT(err.code == CH_E_USAGE && err.msg[0] != '\0');
        check_text(ch_str_of(err.msg));
    }
    admin_request_done(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    size_t end = size;
    CH_IGNORE(ch_str_find_char(rest, '\n', &end));
    struct ch_str body = ch_str_sub(rest, end + 1, rest.len);
    struct http_conn c = {.request = {&c}};
    struct ch_buf head;
    size_t head_len;
    ch_buf_init(&head, size + 64);
    ch_buf_puts(&head, ch_str_sub(rest, 0, end));
    ch_buf_puts(&head, CH_STR("\r\nHost: customs.example\r\n\r\n"));
    http_parser_init(&c.parser, &ch_limits, false);
    http_parser_reset(&c.parser);
    if (http_scan(&c.parser, head.ptr, head.len, &head_len) == HTTP_SCAN_HEAD &&
        http_parse(&c.parser, head.ptr)) {
        read_request(&c, body);
    }
    http_parser_done(&c.parser);
    ch_buf_done(&head);
    return 0;
}
