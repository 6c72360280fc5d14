/* One labelled row per rule of protocols.md 8.1: refused with this status, this rule named, nothing
 * handled, connection closed. And the near misses that must be accepted. */
#include "fixture.h"

#include <stdio.h>

#include "proxy/http/http_int.h"

#define GET   "GET / HTTP/1.1\r\n"
#define HOST  "Host: example.org\r\n"
#define CLOSE "Connection: close\r\n"
#define POST  "POST / HTTP/1.1\r\n" HOST

struct row {
    const char *label;
    struct ch_str request;
    int status;
    const char *rule;
};
#define ROW(label, request, status, rule) {label, {request, sizeof(request) - 1}, status, rule}

static const struct row refused[] = {
    ROW("bare LF after the request line", "GET / HTTP/1.1\nHost: example.org\r\n\r\n", 400, "LF"),
    ROW("bare LF after a header", GET "Host: example.org\n\r\n", 400, "LF without CR"),
    ROW("bare LF as the empty line", GET HOST "\n", 400, "LF without CR"),
    ROW("bare LF everywhere", "GET / HTTP/1.1\nHost: example.org\n\n", 400, "LF without CR"),
    ROW("LF before the request", "\n" GET HOST "\r\n", 400, "LF without CR"),
    ROW("empty line before the request", "\r\n" GET HOST "\r\n", 400, "empty"),
    ROW("CR inside a value", GET HOST "X: a\rb\r\n\r\n", 400, "control character"),
    ROW("two CR before LF", GET HOST "X: a\r\r\n\r\n", 400, "control character"),
    ROW("NUL in a value", GET HOST "X: a\0b\r\n\r\n", 400, "control character"),
    ROW("DEL in a value", GET HOST "X: a\x7f\r\n\r\n", 400, "control character"),
    ROW("NUL in a name", GET HOST "X\0: a\r\n\r\n", 400, "not a token"),
    ROW("TE and CL", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400,
        "together"),
    ROW("CL and TE", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
        "together"),
    ROW("two CL", POST "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "content-length"),
    ROW("two equal CL", POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400,
        "content-length"),
    ROW("CL list", POST "Content-Length: 1, 1\r\n\r\na", 400, "one decimal"),
    ROW("CL with a sign", POST "Content-Length: +1\r\n\r\na", 400, "one decimal"),
    ROW("CL negative", POST "Content-Length: -1\r\n\r\na", 400, "one decimal"),
    ROW("CL hex", POST "Content-Length: 0x1\r\n\r\na", 400, "one decimal"),
    ROW("CL empty", POST "Content-Length:\r\n\r\na", 400, "one decimal"),
    ROW("CL leading zero", POST "Content-Length: 01\r\n\r\na", 400, "one decimal"),
    ROW("CL overflow", POST "Content-Length: 18446744073709551617\r\n\r\na", 400, "one decimal"),
    ROW("CL over int64", POST "Content-Length: 9223372036854775808\r\n\r\na", 400, "one decimal"),
    ROW("CL with an inner space", POST "Content-Length: 1 1\r\n\r\na", 400, "one decimal"),
    ROW("TE identity", POST "Transfer-Encoding: identity\r\n\r\n", 501, "exactly one"),
    ROW("TE gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, "exactly one"),
    ROW("TE chunked, chunked", POST "Transfer-Encoding: chunked, chunked\r\n\r\n", 501,
        "exactly one"),
    ROW("TE twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
        "transfer-encoding"),
    ROW("TE xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 501, "exactly one"),
    ROW("TE with vertical tab", POST "Transfer-Encoding: \vchunked\r\n\r\n", 400, "control"),
    ROW("TE with a parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n", 501, "exactly one"),
    ROW("TE empty", POST "Transfer-Encoding:\r\n\r\n", 501, "exactly one"),
    ROW("TE in HTTP/1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400,
        "HTTP/1.0"),
    ROW("folded header", GET HOST "X: a\r\n b\r\n\r\n", 400, "folding"),
    ROW("folded first header", GET " X: a\r\n" HOST "\r\n", 400, "folding"),
    ROW("folded with a tab", GET HOST "X: a\r\n\tb\r\n\r\n", 400, "folding"),
    ROW("space before the colon", GET HOST "X : a\r\n\r\n", 400, "before the colon"),
    ROW("tab before the colon", GET HOST "X\t: a\r\n\r\n", 400, "before the colon"),
    ROW("space in the name", GET HOST "X Y: a\r\n\r\n", 400, "before the colon"),
    ROW("no colon", GET HOST "XY\r\n\r\n", 400, "no colon"),
    ROW("empty name", GET HOST ": a\r\n\r\n", 400, "not a token"),
    ROW("non-ASCII name", GET HOST "\xc3\xa4: a\r\n\r\n", 400, "not a token"),
    ROW("HTTP/0.9", "GET /\r\n\r\n", 400, "version is missing"),
    ROW("HTTP/0.9 by name", "GET / HTTP/0.9\r\n" HOST "\r\n", 400, "HTTP/0.9"),
    ROW("version in lower case", "GET / http/1.1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("version HTTP/1", "GET / HTTP/1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("version HTTP/1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("version with a comma", "GET / HTTP/1,1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("major version before the digits", "GET / HTTP//.1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("major version behind the digits", "GET / HTTP/:.1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("minor version before the digits", "GET / HTTP/1./\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("minor version behind the digits", "GET / HTTP/1.:\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("version HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505, "only"),
    ROW("version HTTP/2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "only"),
    ROW("two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400, "request line"),
    ROW("no target", "GET  HTTP/1.1\r\n" HOST "\r\n", 400, "request target: empty"),
    ROW("space at the end", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("space in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400, "no HTTP version"),
    ROW("tab for space", "GET\t/\tHTTP/1.1\r\n" HOST "\r\n", 400, "no space"),
    ROW("space first", " GET / HTTP/1.1\r\n" HOST "\r\n", 400, "method"),
    ROW("method no token", "G@T / HTTP/1.1\r\n" HOST "\r\n", 400, "token"),
    ROW("method too long", "GETGETGETGETGETGETGETGETGETGETGETG / HTTP/1.1\r\n" HOST "\r\n", 400,
        "1 to 32"),
    ROW("no request line but TLS", "\x16\x03\x01\x02\n\r\n", 400, "LF"),
    ROW("Host missing", GET "\r\n", 400, "Host: missing"),
    ROW("Host missing in 1.0", "GET / HTTP/1.0\r\n\r\n", 400, "Host: missing"),
    ROW("Host twice", GET HOST HOST "\r\n", 400, "host: sent more than once"),
    ROW("Host empty", GET "Host:\r\n\r\n", 400, "Host: empty"),
    ROW("Host with userinfo", GET "Host: a@example.org\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host with path", GET "Host: example.org/x\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host with a port behind a slash", GET "Host: example.org/80\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host list", GET "Host: example.org, other\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host port 0", GET "Host: example.org:0\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host port 65536", GET "Host: example.org:65536\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host port empty", GET "Host: example.org:\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host colon", GET "Host: :\r\n\r\n", 400, "Host: empty"),
    ROW("Host unclosed bracket", GET "Host: [::1\r\n\r\n", 400, "]"),
    ROW("Host with a brace", GET "Host: exam{ple.org\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host with a caret", GET "Host: exam^ple.org\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host with a bracket behind", GET "Host: [::1]x\r\n\r\n", 400, "NAME:PORT"),
    ROW("Host of brackets around a name", GET "Host: [a-b]\r\n\r\n", 400, "]"),
    ROW("Host of brackets around nothing", GET "Host: []\r\n\r\n", 400, "Host: empty"),
    ROW("Host not ours, with all that a name has", GET "Host: Re-bind_09.azAZ.example:1\r\n\r\n", 421, "not a name"),
    ROW("Host an IPv6 address not ours", GET "Host: [2001:db8::1]:8080\r\n\r\n", 421, "not a name"),
    ROW("Host not ours", GET "Host: rebind.example\r\n\r\n", 421, "not a name"),
    ROW("Host with a final dot", GET "Host: example.org.\r\n\r\n", 421, "not a name"),
    ROW("Host an address not ours", GET "Host: 127.0.0.1\r\n\r\n", 421, "not a name"),
    ROW("absolute form, other host", "GET http://other.example/ HTTP/1.1\r\n" HOST "\r\n", 400,
        "another host"),
    ROW("absolute form, userinfo", "GET http://x@example.org/ HTTP/1.1\r\n" HOST "\r\n", 400,
        "another host"),
    ROW("absolute form, https on plain", "GET https://example.org/ HTTP/1.1\r\n" HOST "\r\n", 400,
        "beginning with"),
    ROW("absolute form without path", "GET http://example.org HTTP/1.1\r\n" HOST "\r\n", 400,
        "without a path"),
    ROW("authority form", "CONNECT example.org:80 HTTP/1.1\r\n" HOST "\r\n", 400, "beginning with"),
    ROW("asterisk form", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400, "beginning with"),
    ROW("fragment", "GET /#x HTTP/1.1\r\n" HOST "\r\n", 400, "percent-encoded"),
    ROW("raw non-ASCII", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400, "percent-encoded"),
    ROW("raw quote", "GET /\" HTTP/1.1\r\n" HOST "\r\n", 400, "percent-encoded"),
    ROW("raw backslash", "GET /a\\b HTTP/1.1\r\n" HOST "\r\n", 400, "percent-encoded"),
    ROW("encoded slash", "GET /a%2Fb HTTP/1.1\r\n" HOST "\r\n", 400, "encoded slash"),
    ROW("encoded backslash", "GET /a%5cb HTTP/1.1\r\n" HOST "\r\n", 400, "encoded slash"),
    ROW("encoded NUL", "GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400, "encoded control"),
    ROW("encoded DEL", "GET /a%7fb HTTP/1.1\r\n" HOST "\r\n", 400, "encoded control"),
    ROW("encoded LF", "GET /a%0ab HTTP/1.1\r\n" HOST "\r\n", 400, "encoded control"),
    ROW("percent without digits", "GET /a%zz HTTP/1.1\r\n" HOST "\r\n", 400, "two hex"),
    ROW("percent at the end", "GET /a%2 HTTP/1.1\r\n" HOST "\r\n", 400, "two hex"),
    ROW("dot segment", "GET /a/./b HTTP/1.1\r\n" HOST "\r\n", 400, "segment"),
    ROW("dot-dot segment", "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400, "segment"),
    ROW("encoded dot-dot", "GET /a/%2e%2E/b HTTP/1.1\r\n" HOST "\r\n", 400, "segment"),
    ROW("half encoded dot-dot", "GET /.%2e HTTP/1.1\r\n" HOST "\r\n", 400, "segment"),
    ROW("empty segment", "GET /a//b HTTP/1.1\r\n" HOST "\r\n", 400, "empty segment"),
    ROW("empty first segment", "GET // HTTP/1.1\r\n" HOST "\r\n", 400, "empty segment"),
    ROW("query percent", "GET /?a=%g HTTP/1.1\r\n" HOST "\r\n", 400, "query"),
    ROW("query raw bracket", "GET /?a=<x> HTTP/1.1\r\n" HOST "\r\n", 400, "query"),
    ROW("unknown Expect", GET HOST "Expect: a-pony\r\n\r\n", 417, "100-continue"),
    ROW("Authorization twice", GET HOST "Authorization: Basic YQ==\r\nAuthorization: x\r\n\r\n",
        400, "authorization: sent more than once"),
    ROW("Range twice", GET HOST "Range: bytes=0-1\r\nRange: bytes=2-3\r\n\r\n", 400, "range"),
};

static const struct row accepted[] = {
    ROW("plain", GET HOST CLOSE "\r\n", 200, "GET|/?"),
    ROW("case of names", GET "hOST: EXAMPLE.org\r\ncONNECTION: Close\r\n\r\n", 200, "GET|/?"),
    ROW("port", GET "Host: example.org:8080\r\n" CLOSE "\r\n", 200, "GET|/?"),
    ROW("the last port", GET "Host: example.org:65535\r\n" CLOSE "\r\n", 200, "GET|/?"),
    ROW("no space after colon", GET "Host:example.org\r\n" CLOSE "\r\n", 200, "GET|/?"),
    ROW("spaces and tabs round a value", GET "Host: \t example.org \t\r\n" CLOSE "\r\n", 200,
        "GET|/?"),
    ROW("bytes over 0x7f in a value", GET HOST CLOSE "X: \xc3\xa4\r\n\r\n", 200, "GET|/?"),
    ROW("empty value", GET HOST CLOSE "X:\r\n\r\n", 200, "GET|/?"),
    ROW("HTTP/1.0 closes", "GET / HTTP/1.0\r\n" HOST "Connection: keep-alive\r\n\r\n", 200,
        "GET|/?"),
    ROW("absolute form, same host",
        "GET HTTP://Example.ORG/a?b HTTP/1.1\r\n" HOST CLOSE "\r\n", 200,
        "GET|a?b"),
    ROW("decoded once", "GET /a%252Fb/%41%2b+/ HTTP/1.1\r\n" HOST CLOSE "\r\n", 200,
        "GET|a%2Fb|A++|/?"),
    ROW("dots that are no dot segment",
        "GET /.../..a/a..?x=/../ HTTP/1.1\r\n" HOST CLOSE "\r\n", 200,
        "GET|...|..a|a..?x=/../"),
    ROW("close among others", GET HOST "Connection: TE, close\r\n\r\n", 200, "GET|/?"),
    ROW("names as long as known ones, and beginning like them",
        GET HOST CLOSE "Hoax: a\r\nRatio: b\r\nEnough: c\r\n\r\n", 200, "GET|/?"),
    ROW("percent and question mark in the query", "GET /?a=%41?/b HTTP/1.1\r\n" HOST CLOSE "\r\n",
        200, "GET|/?a=%41?/b"),
    ROW("Expect in HTTP/1.0", "GET / HTTP/1.0\r\n" HOST "Expect: a-pony\r\n\r\n", 200, "GET|/?"),
    ROW("a hidden file of one letter", "GET /.a HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "GET|.a?"),
    ROW("CL 0", POST "Content-Length: 0\r\n" CLOSE "\r\n", 200, "POST|/?"),
    ROW("other method", "PROPFIND /x HTTP/1.1\r\n" HOST CLOSE "\r\n", 200, "PROPFIND|x?"),
    ROW("Accept eight times", GET HOST CLOSE "Accept: a\r\nAccept: b\r\nAccept: c\r\nAccept: d\r\n"
        "Accept: e\r\nAccept: f\r\nAccept: g\r\nAccept: h\r\n\r\n", 200, "GET|/?"),
};

static void check(struct fixture *f, const struct row *row, struct ch_str answer,
                  bool expect_refusal)
{
    char start[32];
    snprintf(start, sizeof(start), "HTTP/1.1 %d ", row->status);
    size_t at;
    if (!ch_str_starts(answer, ch_str_of(start)) || !ch_str_find(answer, CH_STR("\r\n\r\n"), &at) ||
        !ch_str_find(ch_str_sub(answer, at, answer.len), ch_str_of(row->rule), NULL)) {
        fail_msg("%s: expected %d and \"%s\", got \"%.*s\"", row->label, row->status, row->rule,
                 CH_STR_ARG(answer));
    }
    if (!ch_str_find(answer, CH_STR("\r\nConnection: close\r\n"), NULL)) {
        fail_msg("%s: the answer does not say that the connection is closed", row->label);
    }
    if ((f->requests == 0) != expect_refusal || f->status != row->status || f->logged != 1 ||
        (f->rule[0] != '\0') != expect_refusal) {
        fail_msg("%s: handled %d times, logged %d times as %d \"%s\"", row->label, f->requests,
                 f->logged, f->status, f->rule);
    }
}

static void check_rows(const struct row *rows, size_t count, bool expect_refusal, bool bytewise)
{
    struct fixture *f = fixture_new();
    for (size_t i = 0; i < count; i++) {
        f->requests = 0;
        f->logged = 0;
        fixture_connect(f);
        for (size_t at = 0; bytewise && at < rows[i].request.len; at++) {
            fixture_send(f, ch_str_sub(rows[i].request, at, 1));
            turn(f, 1);
        }
        if (!bytewise) {
            fixture_send(f, rows[i].request);
        }
        fixture_until(f, is_closed, rows[i].label);
        check(f, &rows[i], ch_buf_str(&f->got), expect_refusal);
    }
    fixture_free(f);
}

static void test_refused(void **state)
{
    (void)state;
    check_rows(refused, CH_ARRAY_LEN(refused), true, false);
}

static void test_refused_bytewise(void **state)
{
    (void)state;
    check_rows(refused, CH_ARRAY_LEN(refused), true, true);
}

static void test_accepted(void **state)
{
    (void)state;
    check_rows(accepted, CH_ARRAY_LEN(accepted), false, false);
    check_rows(accepted, CH_ARRAY_LEN(accepted), false, true);
}

/* Caps: exactly the limit passes, one more is refused. */
static void check_cap(struct ch_buf *request, bool pass, int status, const char *rule)
{
    struct fixture *f = fixture_new();
    struct ch_str answer = fixture_exchange(f, ch_buf_str(request));
    if (pass) {
        assert_true(ch_str_starts(answer, CH_STR("HTTP/1.1 200 ")));
    } else {
        char start[32];
        snprintf(start, sizeof(start), "HTTP/1.1 %d ", status);
        assert_has(answer, start);
        assert_has(answer, rule);
        assert_int_equal(f->requests, 0);
    }
    fixture_free(f);
}

static void put_many(struct ch_buf *b, char c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ch_buf_putc(b, c);
    }
}

static void test_caps(void **state)
{
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        ch_buf_clear(&b); /* request line */
        ch_buf_puts(&b, CH_STR("GET /"));
        put_many(&b, 'a', ch_limits.http_line_bytes - 14 + over);
        ch_buf_puts(&b, CH_STR(" HTTP/1.1\r\n" HOST CLOSE "\r\n"));
        check_cap(&b, over == 0, 414, "request line: longer than 8192");
        ch_buf_clear(&b); /* header line */
        ch_buf_puts(&b, CH_STR(GET HOST CLOSE "X: "));
        put_many(&b, 'a', ch_limits.http_line_bytes - 3 + over);
        ch_buf_puts(&b, CH_STR("\r\n\r\n"));
        check_cap(&b, over == 0, 431, "header line 3: longer than 8192");
        ch_buf_clear(&b); /* count of lines */
        ch_buf_puts(&b, CH_STR(GET HOST CLOSE));
        for (size_t i = 0; i < ch_limits.http_head_lines - 2 + over; i++) {
            ch_buf_puts(&b, CH_STR("X: a\r\n"));
        }
        ch_buf_puts(&b, CH_STR("\r\n"));
        check_cap(&b, over == 0, 431, "more than 100 lines");
        ch_buf_clear(&b); /* all of the head */
        ch_buf_puts(&b, CH_STR(GET HOST CLOSE));
        while (b.len + 8192 < ch_limits.http_head_bytes) {
            ch_buf_puts(&b, CH_STR("X: "));
            put_many(&b, 'a', 8000);
            ch_buf_puts(&b, CH_STR("\r\n"));
        }
        ch_buf_puts(&b, CH_STR("X: "));
        put_many(&b, 'a', ch_limits.http_head_bytes - b.len - 4 + over);
        ch_buf_puts(&b, CH_STR("\r\n\r\n"));
        assert_int_equal(b.len, ch_limits.http_head_bytes + over);
        check_cap(&b, over == 0, 431, "more than 65536 bytes");
        ch_buf_clear(&b); /* path segments */
        ch_buf_puts(&b, CH_STR("GET "));
        for (size_t i = 0; i < ch_limits.http_path_segments + over; i++) {
            ch_buf_puts(&b, CH_STR("/a"));
        }
        ch_buf_puts(&b, CH_STR(" HTTP/1.1\r\n" HOST CLOSE "\r\n"));
        check_cap(&b, over == 0, 414, "more than 32 segments");
    }
    ch_buf_done(&b);
}

/* The connection's buffer ends where the head must end; who hands over more at once gets no more. */
static void test_a_head_that_comes_at_once(void **state)
{
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, 1 << 20);
    for (size_t over = 0; over < 2; over++) {
        struct http_parser p;
        size_t len = 0;
        ch_buf_clear(&b);
        ch_buf_puts(&b, CH_STR(GET HOST));
        while (b.len + 8192 < ch_limits.http_head_bytes) {
            ch_buf_puts(&b, CH_STR("X: "));
            put_many(&b, 'a', 8000);
            ch_buf_puts(&b, CH_STR("\r\n"));
        }
        ch_buf_puts(&b, CH_STR("X: "));
        put_many(&b, 'a', ch_limits.http_head_bytes - b.len - 4 + over);
        ch_buf_puts(&b, CH_STR("\r\n\r\n"));
        http_parser_init(&p, &ch_limits, false);
        http_parser_reset(&p);
        assert_int_equal(http_scan(&p, b.ptr, b.len, &len),
                         over == 0 ? HTTP_SCAN_HEAD : HTTP_SCAN_BAD);
        assert_int_equal(over == 0 ? len : (size_t)p.status, over == 0 ? b.len : 431);
        http_parser_done(&p);
    }
    ch_buf_done(&b);
}

/* Whether the head is taken, and whether the connection then stays. */
static bool parses(struct ch_str head, bool tls, bool *ret_keep_alive)
{
    struct http_parser p;
    size_t len;
    http_parser_init(&p, &ch_limits, tls);
    http_parser_reset(&p);
    assert_int_equal(http_scan(&p, head.ptr, head.len, &len), HTTP_SCAN_HEAD);
    bool parsed = http_parse(&p, head.ptr);
    *ret_keep_alive = p.keep_alive;
    http_parser_done(&p);
    return parsed;
}

static bool keeps_alive(struct ch_str head)
{
    bool keep_alive = false;
    assert_true(parses(head, false, &keep_alive));
    return keep_alive;
}

static void test_an_absolute_url_is_of_the_connection(void **state)
{
    (void)state;
    const struct ch_str plain = CH_STR("GET http://example.org/ HTTP/1.1\r\n" HOST "\r\n");
    const struct ch_str over_tls = CH_STR("GET https://example.org/ HTTP/1.1\r\n" HOST "\r\n");
    bool keep_alive;
    assert_true(parses(plain, false, &keep_alive));
    assert_false(parses(plain, true, &keep_alive));
    assert_true(parses(over_tls, true, &keep_alive));
    assert_false(parses(over_tls, false, &keep_alive));
}

static void test_only_connection_says_close(void **state)
{
    (void)state;
    assert_true(keeps_alive(CH_STR(GET HOST "\r\n")));
    assert_true(keeps_alive(CH_STR(GET HOST "Connection: TE\r\nX: close\r\n\r\n")));
    assert_false(keeps_alive(CH_STR(GET HOST "Connection: TE\r\nConnection: x , close\r\n\r\n")));
    assert_false(keeps_alive(CH_STR("GET / HTTP/1.0\r\n" HOST "\r\n")));
}

/* A line without end is refused when it is too long, not when the time is over. */
static void test_endless_line(void **state)
{
    struct ch_buf b;
    (void)state;
    ch_buf_init(&b, 1 << 20);
    ch_buf_puts(&b, CH_STR("GET /"));
    put_many(&b, 'a', 9000);
    check_cap(&b, false, 414, "longer than");
    ch_buf_clear(&b);
    ch_buf_puts(&b, CH_STR(GET HOST "X: "));
    put_many(&b, 'a', 9000);
    check_cap(&b, false, 431, "header line 2: longer than");
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_refused_bytewise),
        cmocka_unit_test(test_accepted), cmocka_unit_test(test_caps),
        cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_a_head_that_comes_at_once),
        cmocka_unit_test(test_only_connection_says_close),
        cmocka_unit_test(test_an_absolute_url_is_of_the_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
