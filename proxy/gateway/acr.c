#include "acr.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "registry.h"

#define ASK_WAIT_MS 30000

struct acr_wait { /* one request waits for the keeper, or for its own body */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
    struct gw_caller *caller;
    struct ch_buf project;
    char *repository;
    struct ch_sha256 sha256;
    struct ch_buf body;
};

bool gw_is_acr(const struct ch_http_view *v)
{
    return v->segment_count > 0 && ch_str_eq(v->segments[0], CH_STR("acr"));
}

static void respond(struct ch_http_request *r, int status, struct ch_str text, struct ch_str body)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("no-store")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .reason = ch_str_sub(text, 0, GW_REASON_MAX),
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_copy = true,
                       });
}

static void respond_error(struct ch_http_request *r, int status, const char *code,
                          struct ch_str text)
{
    struct ch_buf body;
    ch_buf_init(&body, 16 * ch_limits.text_bytes);
    ch_buf_putc(&body, '{');
    gw_put_errors(&body, code, text);
    ch_buf_puts(&body, CH_STR("}\n"));
    respond(r, status, text, ch_buf_str(&body));
    ch_buf_done(&body);
}

/* ------------------------------------------------------------------ one request */

static void end(struct acr_wait *w)
{
    gw_caller_unref(w->caller);
    free(w->repository);
    ch_buf_done(&w->project);
    ch_buf_done(&w->body);
    free(w);
}

static void on_gone(void *arg)
{
    struct acr_wait *w = arg;
    gw_ask_end(w->gw, &w->ask);
    end(w);
}

/* To a client of this interface: what it said does not make it pullable by itself. */
static enum ch_external state_of(const struct ch_external_reply *m)
{
    return m->verdict == CH_EXTERNAL_FAILED || m->decision == CH_VERDICT_DENY ? CH_EXTERNAL_FAILED
           : m->decision == CH_VERDICT_ALLOW                                  ? CH_EXTERNAL_PASSED
                                             : CH_EXTERNAL_QUARANTINED;
}

static const char *verdict_name(enum ch_verdict v)
{
    return v == CH_VERDICT_ALLOW ? "allow" : v == CH_VERDICT_DENY ? "deny" : "hold";
}

static void put(struct ch_buf *b, const char *before, struct ch_str value)
{
    ch_buf_puts(b, ch_str_of(before));
    ch_buf_put_json(b, value);
}

static void put_document(const struct acr_wait *w, const struct ch_external_reply *m,
                         struct ch_buf *b)
{
    struct ch_buf name, digest;
    ch_buf_init(&name, 2 * ch_limits.project_name_bytes + 1);
    ch_buf_init(&digest, 128);
    ch_buf_printf(&name, "%s/%.*s", w->repository, CH_STR_ARG(ch_buf_str(&w->project)));
    ch_buf_puts(&digest, CH_STR("sha256:"));
    ch_buf_put_hex(&digest, w->sha256.byte, sizeof(w->sha256.byte));
    put(b, "{\"imageName\":", ch_buf_str(&name));
    put(b, ",\"manifest\":{\"digest\":", ch_buf_str(&digest));
    if (m->size_bytes != CH_SIZE_UNKNOWN) {
        ch_buf_printf(b, ",\"imageSize\":%llu", (unsigned long long)m->size_bytes);
    }
    put(b, ",\"mediaType\":", m->media_type);
    put(b, ",\"changeableAttributes\":{\"quarantineState\":",
        ch_str_of(ch_external_name(state_of(m))));
    put(b, ",\"quarantineDetails\":", m->details);
    ch_buf_puts(b, CH_STR("}}"));
    if (m->verdict != CH_EXTERNAL_NONE) {
        put(b, ",\"external\":{\"state\":", ch_str_of(ch_external_name(m->verdict)));
        put(b, ",\"by\":", m->by);
        ch_buf_puts(b, CH_STR(",\"at\":\""));
        ch_time_put(b, m->at_us, true);
        ch_buf_puts(b, CH_STR("\"}"));
    }
    put(b, ",\"decision\":{\"verdict\":", ch_str_of(verdict_name(m->decision)));
    put(b, ",\"rule\":", m->rule);
    put(b, ",\"reason\":", m->reason);
    ch_buf_puts(b, CH_STR("}}\n"));
    ch_buf_done(&name);
    ch_buf_done(&digest);
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct acr_wait *w = CH_CONTAINER_OF(ask, struct acr_wait, ask);
    struct ch_external_reply m;
    struct ch_err err = {0};
    struct ch_buf b;
    ch_buf_init(&b, 8 * ch_limits.external_body_bytes);
    if (ch_external_reply_get(frame->payload, &m, &err) != CH_OK) {
        respond_error(w->request, 500, "UNAVAILABLE", ch_str_of(err.msg));
    } else if (m.http_status == 401) {
        gw_respond_unauthorized(gw, w->request, true);
    } else if (m.http_status != 200) {
        char code[64];
        CH_IGNORE(!ch_str_copy(ch_str_sub(m.code, 0, sizeof(code) - 1), code, sizeof(code)));
        bool error = m.http_status >= 400 && m.http_status <= 599;
        respond_error(w->request, error ? (int)m.http_status : 500, code, m.text);
    } else {
        put_document(w, &m, &b);
        respond(w->request, 200, (struct ch_str){NULL, 0}, ch_buf_str(&b));
    }
    ch_buf_done(&b);
    end(w);
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    struct acr_wait *w = CH_CONTAINER_OF(ask, struct acr_wait, ask);
    respond_error(w->request, 503, "UNAVAILABLE", CH_STR("Nobody answered in time, try again"));
    end(w);
}

/* `said` NULL: it is only looked at. */
static void ask_keeper(struct acr_wait *w, const struct gw_acr_body *said)
{
    gw_ask_prepare(w->gw, &w->ask, CH_MSG_ASK_EXTERNAL);
    w->ask.reply_type = CH_MSG_EXTERNAL;
    w->ask.on_reply = on_reply;
    w->ask.on_lost = on_lost;
    struct ch_ask_external m = {.ask = w->ask.id,
                                .repository = ch_str_of(w->repository),
                                .project = ch_buf_str(&w->project),
                                .sha256 = w->sha256,
                                .token = w->caller->token,
                                .client = gw_client_of(w->gw, w->request)};
    if (said != NULL) {
        m.verdict = said->verdict;
        m.details = ch_buf_str(&said->details);
        m.words = ch_buf_str(&said->words);
    }
    ch_ask_external_put(&w->ask.payload, &m);
    gw_ask_send(w->gw, &w->ask, ASK_WAIT_MS);
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct acr_wait *w = arg;
    struct gw_acr_body said;
    ch_buf_puts(&w->body, piece); /* the core refuses what is longer than it may be */
    if (!last) {
        return true;
    }
    gw_acr_body_init(&said);
    const char *wrong = gw_acr_body_read(ch_buf_str(&w->body), &said);
    if (wrong != NULL) {
        respond_error(r, 400, "BODY_INVALID", ch_str_of(wrong));
        end(w);
    } else {
        ask_keeper(w, &said);
    }
    gw_acr_body_done(&said);
    return true;
}

/* ------------------------------------------------------------------ which */

/* "acr", "v1", REPOSITORY, NAME..., "_manifests", DIGEST */
static bool is_address(const struct ch_http_view *v)
{
    return v->segment_count >= 6 && !v->trailing_slash && ch_str_eq(v->segments[1], CH_STR("v1")) &&
           ch_str_eq(v->segments[v->segment_count - 2], CH_STR("_manifests"));
}

static bool read_digest(struct ch_str text, struct ch_sha256 *ret)
{
    const struct ch_str prefix = CH_STR("sha256:");
    return ch_str_starts(text, prefix) &&
           ch_sha256_from_hex(ch_str_sub(text, prefix.len, text.len), ret);
}

static struct acr_wait *wait_for(struct gw *gw, struct ch_http_request *r,
                                 const struct ch_sha256 *sha256)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct acr_wait *w = ch_calloc(1, sizeof(*w));
    w->gw = gw;
    w->request = r;
    w->caller = gw_caller_ref(gw_caller_of(gw, r));
    w->repository = ch_str_dup(v->segments[2]);
    w->sha256 = *sha256;
    ch_buf_init(&w->project, ch_limits.project_name_bytes);
    ch_buf_init(&w->body, (size_t)ch_limits.external_body_bytes);
    for (size_t i = 3; i + 2 < v->segment_count; i++) {
        ch_buf_puts(&w->project, i > 3 ? CH_STR("/") : CH_STR(""));
        ch_buf_puts(&w->project, v->segments[i]);
    }
    ch_http_later(r, on_gone, w);
    return w;
}

static void start(struct gw *gw, struct ch_http_request *r, const struct ch_sha256 *sha256)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct acr_wait *w = wait_for(gw, r, sha256);
    struct ch_err err;
    if (w->project.failed || v->segments[2].len > ch_limits.project_name_bytes) {
        respond_error(r, 400, "NAME_INVALID", CH_STR("The name is too long"));
        end(w);
    } else if (v->method != CH_HTTP_PATCH) {
        ask_keeper(w, NULL);
    } else if (ch_http_receive(r, ch_limits.external_body_bytes, on_body, w, &err) != CH_OK) {
        respond_error(r, 413, "SIZE_INVALID", ch_str_of(err.msg));
        end(w);
    }
}

void gw_acr_request(struct gw *gw, struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    const struct gw_caller *c = gw_caller_of(gw, r);
    struct ch_sha256 sha256;
    if (!is_address(v)) {
        respond_error(r, 404, "NAME_UNKNOWN",
                      CH_STR("Expected /acr/v1/REPOSITORY/NAME/_manifests/DIGEST"));
    } else if (!c->known) {
        gw_respond_unauthorized(gw, r, false);
    } else if (!c->scans) {
        respond_error(r, 403, "DENIED",
                      CH_STR("This is for external scanners: a token of the audience scanner is "
                             "needed (customhouse token add)"));
    } else if (!read_digest(v->segments[v->segment_count - 1], &sha256)) {
        respond_error(r, 400, "DIGEST_INVALID", CH_STR("Expected a digest, sha256:HEX"));
    } else {
        start(gw, r, &sha256);
    }
}
