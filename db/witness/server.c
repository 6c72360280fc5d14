#include "server.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/loop.h"

struct receiving {
    struct witness_server *server;
    struct ch_http_request *request;
    struct ch_buf body;
};

struct witness_server {
    struct witness *witness;
    struct ch_http_server *http;
    void (*say)(void *owner, struct ch_str line);
    void (*on_drained)(void *owner);
    void *owner;
};

static void free_receiving(struct receiving *p)
{
    ch_buf_done(&p->body);
    free(p);
}

static void on_gone(void *arg)
{
    free_receiving(arg);
}

static void respond(struct witness_server *s, struct ch_http_request *r, struct ch_str body)
{
    struct witness_answer a;
    witness_add_checkpoint(s->witness, body, (uint64_t)(ch_now_unix_us() / 1000000), &a);
    if (a.said.len > 0) {
        struct ch_str line = ch_buf_str(&a.said);
        s->say(s->owner, line);
    }
    ch_http_respond(r, &(struct ch_http_response){
                           .status = a.status,
                           .content_type = ch_str_of(a.content_type),
                           .body = ch_buf_str(&a.body),
                           .body_copy = true,
                       });
    witness_answer_done(&a);
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct receiving *p = arg;
    ch_buf_puts(&p->body, piece);
    if (last) {
        struct receiving whole = *p;
        free(p);
        respond(whole.server, r, ch_buf_str(&whole.body));
        ch_buf_done(&whole.body);
    }
    return true;
}

static void receive(struct witness_server *s, struct ch_http_request *r)
{
    struct receiving *p = ch_calloc(1, sizeof(*p));
    struct ch_err err;
    p->server = s;
    p->request = r;
    ch_buf_init(&p->body, CH_SUBMISSION_MAX);
    ch_http_later(r, on_gone, p);
    if (ch_http_receive(r, CH_SUBMISSION_MAX, on_body, p, &err) != CH_OK) {
        free_receiving(p);
        ch_http_respond_text(r, 413, ch_str_of(err.msg));
    }
}

static void on_request(struct ch_http_request *r, void *owner)
{
    static const struct ch_http_header allow[] = {{{"Allow", 5}, {"POST", 4}}};
    struct witness_server *s = owner;
    const struct ch_http_view *v = ch_http_view(r);
    if (!ch_str_eq(v->path, CH_STR(CH_SUBMISSION_PATH))) {
        ch_http_respond_text(r, 404, CH_STR("a witness answers POST " CH_SUBMISSION_PATH " alone"));
    } else if (v->method != CH_HTTP_POST) {
        ch_http_respond(r, &(struct ch_http_response){
                               .status = 405,
                               .content_type = CH_STR("text/plain; charset=utf-8"),
                               .headers = allow,
                               .header_count = CH_ARRAY_LEN(allow),
                               .body = CH_STR("expected POST\n"),
                           });
    } else if (!v->has_body) {
        ch_http_respond_text(r, 400, CH_STR("no body"));
    } else {
        receive(s, r);
    }
}

static void on_drained(void *owner)
{
    struct witness_server *s = owner;
    s->on_drained(s->owner);
}

enum ch_code witness_server_new(const struct witness_server_options *options,
                                struct witness_server **ret, struct ch_err *err)
{
    struct witness_server *s = ch_calloc(1, sizeof(*s));
    s->witness = options->witness;
    s->say = options->say;
    s->on_drained = options->on_drained;
    s->owner = options->owner;
    ch_limits.http_connections = ch_limits.witness_connections;
    ch_limits.http_connections_per_address = ch_limits.witness_connections_per_address;
    struct ch_http_options http = {
        .loop = options->loop,
        .on_request = on_request,
        .on_drained = on_drained,
        .owner = s,
        .hosts = options->hosts,
        .host_count = options->host_count,
    };
    enum ch_code rc = ch_http_server_new(&http, &s->http, err);
    if (rc != CH_OK) {
        free(s);
        return rc;
    }
    *ret = s;
    return CH_OK;
}

void witness_server_free(struct witness_server *s)
{
    if (s != NULL) {
        ch_http_server_free(s->http);
        free(s);
    }
}

struct ch_http_server *witness_server_http(struct witness_server *s)
{
    return s->http;
}
