/* Pushing: which requests it has, who may send them, and how clients are told what went wrong.
 *
 * Spec: OCI distribution 1.1, "Push", "Error Codes"; threats.md T21, T24. */
#include "push.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifact.h"
#include "registry.h"
#include "scoped.h"

/* Hashing a file of many GB takes its time, and clients wait for it. */
#define ASK_WAIT_MS    30000
#define FINISH_WAIT_MS 900000
/* Of manifests that wait for the keeper: half of what its channel takes, as all are said again to a new
 * keeper at once. */
#define MANIFEST_BYTES (8u << 20)

/* ------------------------------------------------------------------ requests */

bool gw_push_writes(const struct ch_http_view *v)
{
    return v->method == CH_HTTP_POST || v->method == CH_HTTP_PUT || v->method == CH_HTTP_PATCH ||
           v->method == CH_HTTP_DELETE;
}

static bool is_upload_id(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((s.ptr[i] < '0' || s.ptr[i] > '9') && (s.ptr[i] < 'a' || s.ptr[i] > 'f')) {
            return false;
        }
    }
    return s.len == CH_UPLOAD_ID_LEN;
}

static void read_target(const struct ch_http_view *v, size_t at, struct gw_push_target *ret)
{
    const struct ch_str *s = v->segments + at;
    size_t n = v->segment_count - at, name = 0;
    const struct ch_str blobs = CH_STR("blobs"), uploads = CH_STR("uploads");
    *ret = (struct gw_push_target){.what = GW_PUSH_NOTHING};
    ch_buf_init(&ret->name, ch_limits.project_name_bytes);
    if (n >= 3 && ch_str_eq(s[n - 2], blobs) && ch_str_eq(s[n - 1], uploads)) {
        ret->what = GW_PUSH_UPLOADS;
        name = n - 2;
    } else if (v->trailing_slash) {
        return;
    } else if (n >= 4 && ch_str_eq(s[n - 3], blobs) && ch_str_eq(s[n - 2], uploads)) {
        ret->what = GW_PUSH_UPLOAD;
        name = n - 3;
    } else if (n >= 3 && ch_str_eq(s[n - 2], blobs)) {
        ret->what = GW_PUSH_BLOB;
        name = n - 2;
    } else if (n >= 3 && ch_str_eq(s[n - 2], CH_STR("manifests"))) {
        ret->what = GW_PUSH_MANIFEST;
        name = n - 2;
    }
    ret->last = name > 0 ? s[n - 1] : ret->last;
    for (size_t i = 0; i < name; i++) {
        ch_buf_puts(&ret->name, i > 0 ? CH_STR("/") : CH_STR(""));
        ch_buf_puts(&ret->name, s[i]);
    }
}

/* Which methods each has. */
static bool has_method(const struct gw_push_target *t, enum ch_http_method m)
{
    bool looks = m == CH_HTTP_HEAD;
    switch (t->what) {
    case GW_PUSH_UPLOADS:
        return m == CH_HTTP_POST;
    case GW_PUSH_UPLOAD:
        return m == CH_HTTP_PATCH || m == CH_HTTP_PUT || m == CH_HTTP_DELETE || m == CH_HTTP_GET;
    case GW_PUSH_MANIFEST:
        return m == CH_HTTP_PUT || m == CH_HTTP_DELETE || looks;
    case GW_PUSH_BLOB:
        return m == CH_HTTP_DELETE || looks;
    case GW_PUSH_NOTHING:
        break;
    }
    return false;
}

static void respond_error(struct ch_http_request *r, int status, const char *code,
                          struct ch_str text, const struct ch_http_header *more, size_t more_count)
{
    struct ch_http_header headers[6] = {{CH_STR("Cache-Control"), CH_STR("no-store")},
                                        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")}};
    struct ch_buf body;
    size_t count = 2;
    for (size_t i = 0; i < more_count && count < CH_ARRAY_LEN(headers); i++) {
        headers[count++] = more[i];
    }
    ch_buf_init(&body, 16 * ch_limits.text_bytes);
    ch_buf_putc(&body, '{');
    gw_put_errors(&body, code, text);
    ch_buf_puts(&body, CH_STR("}\n"));
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .reason = ch_str_sub(text, 0, GW_REASON_MAX),
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = count,
                           .body = ch_buf_str(&body),
                           .body_copy = true,
                       });
    ch_buf_done(&body);
}

bool gw_push_is_hosted(const struct gw *gw, const struct gw_repository *repo)
{
    const struct ch_repository *c = ch_config_repository(gw->config, ch_str_of(repo->name));
    return c != NULL && c->hosted;
}

/* Who may not is told so before any byte of the body is read. False: that was answered. */
static bool may_push(struct gw *gw, struct ch_http_request *r)
{
    const struct gw_caller *c = gw_caller_of(gw, r);
    if (!c->known) {
        gw_respond_unauthorized(gw, r, false);
        return false;
    }
    if (!c->push) {
        struct ch_buf text;
        ch_buf_init(&text, ch_limits.text_bytes);
        ch_buf_printf(&text,
                      "%s presented a token that is not for pushing: one of the audience push is "
                      "needed (customhouse token add)",
                      c->principal);
        respond_error(r, 403, "DENIED", ch_buf_str(&text), NULL, 0);
        ch_buf_done(&text);
    }
    return c->push;
}

static unsigned scope_of(const struct gw_push_target *t, enum ch_http_method m)
{
    bool takes = m == CH_HTTP_DELETE && (t->what == GW_PUSH_MANIFEST || t->what == GW_PUSH_BLOB);
    return takes ? CH_SCOPE_DELETE : CH_SCOPE_PUSH;
}

static void start(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo, size_t at,
                  gw_pull_fn *pull, const struct gw_push_target *t)
{
    struct gw_push *p = gw_push_new(gw, r, repo, t);
    p->pull = pull;
    p->pull_repo = repo;
    p->at = at;
    if (t->what == GW_PUSH_UPLOADS || t->what == GW_PUSH_UPLOAD) {
        gw_uploads_request(p, t->what);
    } else {
        gw_manifests_request(p);
    }
}

bool gw_push_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                     size_t at, gw_pull_fn *pull)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct gw_push_target t;
    bool writes = gw_push_writes(v), answered = true;
    if (!writes && !gw_push_is_hosted(gw, repo)) {
        return false;
    }
    read_target(v, at, &t);
    bool looks = v->method == CH_HTTP_HEAD && gw_caller_of(gw, r)->push &&
                 gw_scoped_allows(gw, r, repo, ch_buf_str(&t.name), CH_SCOPE_PUSH);
    bool upload = t.what == GW_PUSH_UPLOADS || t.what == GW_PUSH_UPLOAD;
    if (!writes && !looks && !upload) {
        answered = false;
    } else if (!gw_push_is_hosted(gw, repo)) { /* T24 */
        respond_error(r, 405, "UNSUPPORTED",
                      CH_STR("Nothing is pushed here: what it has comes from its upstream"), NULL,
                      0);
    } else if (t.what == GW_PUSH_NOTHING && !writes) {
        answered = false;
    } else if (t.what == GW_PUSH_NOTHING) {
        respond_error(r, 404, "NAME_UNKNOWN", CH_STR("Nothing is pushed to this address"), NULL, 0);
    } else if (!has_method(&t, v->method)) {
        respond_error(r, 405, "UNSUPPORTED", CH_STR("This address has no such method"), NULL, 0);
    } else if (t.name.failed) {
        respond_error(r, 400, "NAME_INVALID", CH_STR("The name is too long"), NULL, 0);
    } else if (t.what == GW_PUSH_UPLOAD && !is_upload_id(t.last)) {
        respond_error(r, 404, "BLOB_UPLOAD_UNKNOWN", CH_STR("There is no such upload"), NULL, 0);
    } else if (!may_push(gw, r)) {
        /* that was answered */
    } else if (!gw_scoped_allows(gw, r, repo, ch_buf_str(&t.name), scope_of(&t, v->method))) {
        gw_scoped_respond_insufficient(gw, r);
    } else {
        start(gw, r, repo, at, pull, &t);
    }
    ch_buf_done(&t.name);
    return answered;
}

/* ------------------------------------------------------------------ one of them */

static void close_fd(struct gw_push *p)
{
    if (p->fd >= 0) {
        close(p->fd);
        p->fd = -1;
    }
}

void gw_push_free(struct gw_push *p)
{
    p->gw->manifest_bytes -= p->on_its_way;
    close_fd(p);
    gw_caller_unref(p->caller);
    ch_buf_done(&p->body);
    free(p->name);
    free(p->reference);
    free(p->from);
    free(p->media_type);
    free(p);
}

/* The request ends. What came of an upload stays for its client, unless nobody else knows of it:
 * that goes with its request. A WRITE that is not answered yet may still make this the writer, so
 * it is said in any case that it writes no more. */
static void forget_upload(struct gw_push *p)
{
    close_fd(p);
    if (p->writing != 0) {
        gw_push_tell(p, CH_PUSH_WROTE);
    }
    if (p->created && p->upload[0] != '\0') {
        gw_push_tell(p, CH_PUSH_CANCEL);
    }
}

/* The client has left. */
static void on_gone(void *arg)
{
    struct gw_push *p = arg;
    gw_ask_end(p->gw, &p->ask);
    forget_upload(p);
    gw_push_free(p);
}

struct gw_push *gw_push_new(struct gw *gw, struct ch_http_request *r,
                            const struct gw_repository *repo, const struct gw_push_target *t)
{
    struct gw_push *p = ch_calloc(1, sizeof(*p));
    p->gw = gw;
    p->request = r;
    p->repo = repo;
    p->caller = gw_caller_ref(gw_caller_of(gw, r));
    p->name = ch_str_dup(ch_buf_str(&t->name));
    p->reference =
        ch_str_dup(t->what == GW_PUSH_BLOB || t->what == GW_PUSH_MANIFEST ? t->last : CH_STR(""));
    p->from = ch_str_dup(CH_STR(""));
    p->media_type = ch_str_dup(CH_STR(""));
    p->fd = -1;
    if (t->what == GW_PUSH_UPLOAD) {
        snprintf(p->upload, sizeof(p->upload), "%.*s", CH_STR_ARG(t->last));
    }
    ch_buf_init(&p->body, (size_t)ch_limits.oci_manifest_bytes);
    ch_http_later(r, on_gone, p);
    return p;
}

/* ------------------------------------------------------------------ the keeper */

static void put_ask(const struct gw_push *p, struct gw_ask *ask, enum ch_push_op op,
                    struct ch_str body)
{
    struct ch_ask_push m = {
        .ask = ask->id,
        .op = op,
        .repository = ch_str_of(p->repo->name),
        .project = ch_str_of(p->name),
        .reference = ch_str_of(p->reference),
        .upload = ch_str_of(p->upload),
        .from = ch_str_of(p->from),
        .media_type = ch_str_of(p->media_type),
        .offset = op == CH_PUSH_WROTE ? p->writing : p->offset,
        .token = p->caller->token,
        .scoped = ch_str_of(p->caller->scoped != NULL ? p->caller->scoped->text : NULL),
        .client = {.principal = ch_str_of(p->caller->principal)},
        .body = body,
    };
    ch_ask_push_put(&ask->payload, &m);
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct gw_push *p = CH_CONTAINER_OF(ask, struct gw_push, ask);
    struct ch_push_reply m;
    struct ch_err err;
    bool looks = p->op == CH_PUSH_LOOK_BLOB || p->op == CH_PUSH_LOOK_MANIFEST;
    if (p->op == CH_PUSH_WROTE) {
        p->writing = 0;
    }
    if (ch_push_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_push_fail(p, 500, "UNAVAILABLE", ch_str_of(err.msg), NULL);
    } else if (looks && m.http_status != 200) { /* then as anybody who pulls */
        gw_pull_fn *pull = p->pull;
        struct ch_http_request *r = p->request;
        struct gw_repository *repo = p->pull_repo;
        size_t at = p->at;
        ch_http_later(r, NULL, NULL);
        gw_push_free(p);
        pull(gw, r, repo, at);
    } else if (m.http_status >= 400) {
        char code[64];
        snprintf(code, sizeof(code), "%.*s", CH_STR_ARG(ch_str_sub(m.code, 0, 40)));
        p->writing = p->op == CH_PUSH_WRITE ? 0 : p->writing; /* somebody else may be the writer */
        gw_push_fail(p, m.http_status > 599 ? 500 : (int)m.http_status, code, m.text, &m);
    } else {
        p->on_reply(p, &m, frame);
    }
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    gw_push_fail(CH_CONTAINER_OF(ask, struct gw_push, ask), 503, "UNAVAILABLE",
                 CH_STR("Nobody answered in time, try again"), NULL);
}

void gw_push_ask(struct gw_push *p, enum ch_push_op op, struct ch_str body, gw_push_reply_fn *then)
{
    p->op = op;
    p->on_reply = then;
    if (p->gw->manifest_bytes + body.len > MANIFEST_BYTES) {
        gw_push_fail(p, 503, "UNAVAILABLE", CH_STR("Many manifests are on their way, try again"), NULL);
        return;
    }
    p->on_its_way = body.len;
    p->gw->manifest_bytes += body.len;
    gw_ask_prepare(p->gw, &p->ask, CH_MSG_ASK_PUSH);
    p->ask.reply_type = CH_MSG_PUSH;
    p->ask.on_reply = on_reply;
    p->ask.on_lost = on_lost;
    put_ask(p, &p->ask, op, body);
    if (p->ask.payload.failed) { /* a reference, or an origin, that is longer than any can be */
        gw_ask_end(p->gw, &p->ask);
        gw_push_fail(p, 400, "NAME_INVALID", CH_STR("A name or digest in it is too long"), NULL);
        return;
    }
    p->writing = op == CH_PUSH_WRITE ? p->ask.id : p->writing;
    gw_ask_send(p->gw, &p->ask, op == CH_PUSH_FINISH ? FINISH_WAIT_MS : ASK_WAIT_MS);
}

struct told { /* lives until it is answered, whoever asked is gone */
    struct gw_ask ask;
};

static void on_told(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    (void)gw;
    (void)frame;
    free(CH_CONTAINER_OF(ask, struct told, ask));
}

static void on_not_told(struct gw *gw, struct gw_ask *ask)
{
    on_told(gw, ask, NULL);
}

void gw_push_tell(struct gw_push *p, enum ch_push_op op)
{
    struct told *t = ch_calloc(1, sizeof(*t));
    gw_ask_prepare(p->gw, &t->ask, CH_MSG_ASK_PUSH);
    t->ask.reply_type = CH_MSG_PUSH;
    t->ask.on_reply = on_told;
    t->ask.on_lost = on_not_told;
    put_ask(p, &t->ask, op, CH_STR(""));
    gw_ask_send(p->gw, &t->ask, ASK_WAIT_MS);
}

/* ------------------------------------------------------------------ answers */

void gw_push_location(const struct gw_push *p, const char *kind, const char *last, struct ch_buf *b)
{
    ch_buf_printf(b, "/%s/%s/%s/%s/%s", p->repo->eco->path_prefix, p->repo->name, p->name, kind,
                  last);
}

void gw_push_put_digest(const struct gw_push *p, const struct ch_sha256 *sha256, struct ch_buf *b)
{
    struct ch_str alias = gw_artifact_alias(ch_str_of(p->reference));
    if (alias.len > 0) {
        ch_buf_puts(b, alias);
    } else {
        ch_buf_puts(b, CH_STR("sha256:"));
        ch_buf_put_hex(b, sha256->byte, sizeof(sha256->byte));
    }
    ch_buf_putc(b, '\0'); /* it becomes part of an address, too */
    b->len--;
}

static void put_range(struct ch_buf *b, uint64_t bytes)
{
    ch_buf_printf(b, "0-%llu", (unsigned long long)(bytes > 0 ? bytes - 1 : 0));
}

void gw_push_fail(struct gw_push *p, int status, const char *code, struct ch_str text,
                  const struct ch_push_reply *m)
{
    struct ch_buf location, range;
    ch_buf_init(&location, ch_limits.url_bytes);
    ch_buf_init(&range, 64);
    if (status == 401) {
        gw_respond_unauthorized(p->gw, p->request, true);
    } else if (status == 416 && m != NULL) {
        gw_push_location(p, "blobs/uploads", p->upload, &location);
        put_range(&range, m->offset);
        const struct ch_http_header headers[] = {
            {CH_STR("Location"), ch_buf_str(&location)},
            {CH_STR("Range"), ch_buf_str(&range)},
            {CH_STR("Docker-Upload-UUID"), ch_str_of(p->upload)},
        };
        respond_error(p->request, status, code, text, headers, CH_ARRAY_LEN(headers));
    } else {
        respond_error(p->request, status, code, text, NULL, 0);
    }
    ch_buf_done(&location);
    ch_buf_done(&range);
    forget_upload(p);
    gw_push_free(p);
}

void gw_push_done(struct gw_push *p, int status, const struct ch_http_header *headers, size_t count)
{
    ch_http_respond(p->request, &(struct ch_http_response){
                                    .status = status,
                                    .headers = headers,
                                    .header_count = count,
                                    .unconditional = true,
                                });
    gw_push_free(p);
}
