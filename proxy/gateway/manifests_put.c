/* Manifests that are pushed, and what only who pushes can see: that a manifest or blob is there
 * (never its bytes). */
#include "push.h"

#include <stdlib.h>

static void on_put(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    struct ch_buf digest, location;
    (void)frame;
    ch_buf_init(&digest, 256);
    ch_buf_init(&location, ch_limits.url_bytes);
    gw_push_put_digest(p, &m->sha256, &digest);
    gw_push_location(p, "manifests", digest.ptr, &location);
    const struct ch_http_header headers[] = {
        {CH_STR("Location"), ch_buf_str(&location)},
        {CH_STR("Docker-Content-Digest"), ch_buf_str(&digest)},
        {CH_STR("OCI-Subject"), m->subject}, /* it is listed by itself: no tag is needed for that */
    };
    gw_push_done(p, 201, headers, CH_ARRAY_LEN(headers) - (m->subject.len == 0 ? 1 : 0));
    ch_buf_done(&digest);
    ch_buf_done(&location);
}

static void on_deleted(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    (void)m;
    (void)frame;
    gw_push_done(p, 202, NULL, 0);
}

static void no_bytes(void *owner)
{
    (void)owner;
}

/* HEAD: the length is said, and no byte is there to be sent. */
static void on_look(struct gw_push *p, const struct ch_push_reply *m, struct ch_frame *frame)
{
    struct ch_buf digest;
    (void)frame;
    ch_buf_init(&digest, 256);
    gw_push_put_digest(p, &m->sha256, &digest);
    const struct ch_http_header headers[] = {
        {CH_STR("Docker-Content-Digest"), ch_buf_str(&digest)},
        {CH_STR("Cache-Control"), CH_STR("no-store")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
    };
    ch_http_respond(p->request,
                    &(struct ch_http_response){
                        .status = 200,
                        .content_type = m->media_type.len > 0 ? m->media_type
                                                              : CH_STR("application/octet-stream"),
                        .headers = headers,
                        .header_count = CH_ARRAY_LEN(headers),
                        .unconditional = true,
                        .body = {NULL, (size_t)m->size_bytes},
                        .body_release = no_bytes,
                    });
    ch_buf_done(&digest);
    gw_push_free(p);
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct gw_push *p = arg;
    (void)r;
    ch_buf_puts(&p->body, piece); /* the core refuses what is longer than it may be */
    if (last) {
        gw_push_ask(p, CH_PUSH_MANIFEST, ch_buf_str(&p->body), on_put);
    }
    return true;
}

static void put(struct gw_push *p)
{
    struct ch_str rest = ch_http_header(p->request, CH_STR("content-type")), type = {NULL, 0};
    struct ch_err err;
    ch_str_split(&rest, ';', &type);
    type = ch_str_sub(ch_str_trim(type), 0, (size_t)ch_limits.client_text_bytes);
    free(p->media_type);
    p->media_type = ch_str_dup(type);
    if (ch_http_receive(p->request, ch_limits.oci_manifest_bytes, on_body, p, &err) != CH_OK) {
        gw_push_fail(p, 413, "SIZE_INVALID", ch_str_of(err.msg), NULL);
    }
}

void gw_manifests_request(struct gw_push *p)
{
    const struct ch_http_view *v = ch_http_view(p->request);
    bool blob = ch_str_starts(v->segments[v->segment_count - 2], CH_STR("blobs"));
    if (v->method == CH_HTTP_PUT) {
        put(p);
    } else if (v->method == CH_HTTP_DELETE) {
        gw_push_ask(p, blob ? CH_PUSH_DELETE_BLOB : CH_PUSH_DELETE, CH_STR(""), on_deleted);
    } else {
        gw_push_ask(p, blob ? CH_PUSH_LOOK_BLOB : CH_PUSH_LOOK_MANIFEST, CH_STR(""), on_look);
    }
}
