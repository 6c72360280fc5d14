/* Prepared answers: the head is rendered once, a warm answer is then one writev of three pieces. */
#include "http_int.h"

#include <stdlib.h>

static struct ch_str dup_str(struct ch_str s)
{
    return s.ptr == NULL ? s : (struct ch_str){ch_str_dup(s), s.len};
}

static void free_str(struct ch_str s)
{
    free((char *)(uintptr_t)s.ptr);
}

struct ch_http_prepared *ch_http_prepared_new(const struct ch_http_response *r)
{
    struct ch_http_prepared *p = ch_calloc(1, sizeof(*p));
    CH_ASSERT(!r->close && !r->body_copy);
    p->refs = 1;
    p->response = *r;
    p->response.reason = dup_str(r->reason);
    p->response.content_type = dup_str(r->content_type);
    p->response.etag = dup_str(r->etag);
    struct ch_http_header *headers = ch_calloc(r->header_count, sizeof(*headers));
    for (size_t i = 0; i < r->header_count; i++) {
        headers[i] = (struct ch_http_header){dup_str(r->headers[i].name),
                                             dup_str(r->headers[i].value)};
    }
    p->response.headers = headers;
    if (r->blob != NULL) {
        ch_http_blob_ref(r->blob);
    }
    p->size = r->blob != NULL ? r->blob->size : r->body.len;
    struct ch_buf head;
    ch_buf_init(&head, ch_limits.http_answer_head_bytes);
    struct http_selection whole = {r->status, 0,
                                   r->status == 204 || r->status == 304 ? 0 : p->size};
    http_put_head(&head, r, whole, p->size, ch_limits.http_reason_bytes);
    p->whole = whole;
    p->fits = !head.failed; /* else the plain path answers, with its error */
    p->head = ch_buf_str(&head);
    return p;
}

struct ch_http_prepared *ch_http_prepared_ref(struct ch_http_prepared *p)
{
    p->refs++;
    return p;
}

void ch_http_prepared_unref(struct ch_http_prepared *p)
{
    if (p == NULL || --p->refs > 0) {
        return;
    }
    for (size_t i = 0; i < p->response.header_count; i++) {
        free_str(p->response.headers[i].name);
        free_str(p->response.headers[i].value);
    }
    free((struct ch_http_header *)(uintptr_t)p->response.headers);
    free_str(p->response.reason);
    free_str(p->response.content_type);
    free_str(p->response.etag);
    free_str(p->head);
    ch_http_blob_unref(p->response.blob);
    if (p->response.body_release != NULL) {
        p->response.body_release(p->response.body_owner);
    }
    free(p);
}

static void release_prepared(void *owner)
{
    ch_http_prepared_unref(owner);
}

void ch_http_respond_prepared(struct ch_http_request *request, struct ch_http_prepared *p)
{
    struct http_conn *c = request->conn;
    ch_http_prepared_ref(p);
    if (c->parser.conditions > 0 || !p->fits) {
        struct ch_http_response r = p->response;
        r.body_release = release_prepared;
        r.body_owner = p;
        ch_http_respond(request, &r);
        return;
    }
    http_out_begin(c);
    struct http_out *o = &c->out;
    c->close_after = c->close_after || c->server->draining;
    c->status = p->whole.status;
    o->prepared = p;
    http_out_add(o, p->head);
    http_out_add(o, http_put_tail(c, o->tail));
    for (size_t i = 0; i < o->piece_count; i++) {
        o->head_bytes += i == 0 && o->head_bytes > 0 ? 0 : o->piece[i].len;
    }
    http_out_body(c, &p->response, p->whole);
    http_conn_answered(c);
}
