/* /oauth2/token: what clients of registries present themselves with there, their API token or none,
 * is exchanged for a token of the images that they ask for (db/signing/scoped.h). Which of them
 * they may have the keeper says, and signs it; each request that comes with it is looked at again.
 *
 *   GET  ?service=&scope=...[&offline_token=true]   Authorization: Basic, or none
 *   POST grant_type=password | refresh_token        as a form
 *
 * A refresh token is the API token that was presented: it stands for the same person, ends when
 * that is revoked, and nobody has one more secret to lose.
 *
 * Spec: distribution, "Token Authentication Specification" and "OAuth2 Token Authentication"; RFC
 * 6749 section 5.2 (errors). */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/timefmt.h"
#include "proxy/front/credentials.h"
#include "db/signing/scoped.h"
#include "token_request.h"

struct token_wait { /* one request waits for the keeper, or for its own body */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
    struct ch_buf body;
    struct gw_token_request what;
    struct ch_buf names; /* of `what`, where they are another registry's */
    struct front_guess guess;
    struct ch_sha256 digest; /* zero: without an API token */
};

static void end(struct token_wait *w)
{
    if (w->body.ptr != NULL) {
        explicit_bzero(w->body.ptr, w->body.len);
    }
    ch_buf_done(&w->body);
    ch_buf_done(&w->names);
    gw_token_request_done(&w->what);
    free(w);
}

static void on_gone(void *arg)
{
    struct token_wait *w = arg;
    if (w->ask.id != 0 && !ch_sha256_is_zero(&w->digest)) {
        gw_sign_in_failed(w->gw, w->request, CH_SIGN_IN_UNANSWERED, &w->digest);
    }
    gw_ask_end(w->gw, &w->ask);
    end(w);
}

bool gw_registry_is_token(const struct gw *gw, const struct ch_http_view *v)
{
    return v->segment_count == 2 && !v->trailing_slash &&
           ch_str_eq(v->segments[0], CH_STR("oauth2")) &&
           ch_str_eq(v->segments[1], CH_STR("token")) && gw_registry_has_tokens(gw);
}

/* ------------------------------------------------------------------ answers */

/* As registries say it, and as RFC 6749 has it. Of a 401 the realm is nobody's address: it is here.
 */
static void refuse(struct token_wait *w, int status, const char *error, struct ch_str text)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("no-store")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
        {CH_STR("WWW-Authenticate"), CH_STR("Basic realm=\"customhouse\"")},
    };
    struct ch_buf body;
    ch_buf_init(&body, 16 * ch_limits.text_bytes);
    ch_buf_printf(&body, "{\"error\":\"%s\",\"error_description\":", error);
    ch_buf_put_json(&body, text);
    ch_buf_putc(&body, ',');
    gw_put_errors(&body, status == 401 ? "UNAUTHORIZED" : "DENIED", text);
    ch_buf_puts(&body, CH_STR("}\n"));
    ch_http_respond(w->request, &(struct ch_http_response){
                                    .status = status,
                                    .reason = ch_str_sub(text, 0, GW_REASON_MAX),
                                    .content_type = CH_STR("application/json"),
                                    .headers = headers,
                                    .header_count = status == 401 ? 3 : 2,
                                    .body = ch_buf_str(&body),
                                    .body_copy = true,
                                });
    ch_buf_done(&body);
    end(w);
}

static void refuse_wrong(struct token_wait *w, enum ch_sign_in_fault fault)
{
    gw_sign_in_failed(w->gw, w->request, fault, ch_sha256_is_zero(&w->digest) ? NULL : &w->digest);
    refuse(w, 401, "invalid_grant",
           CH_STR("The password that was sent is no token that is valid here (unknown, expired, "
                  "revoked, or not for images): customhouse token add"));
}

/* The API token itself, to who presented it. */
static struct ch_str presented(struct token_wait *w)
{
    const struct ch_http_view *v = ch_http_view(w->request);
    return v->method == CH_HTTP_POST
               ? (w->what.grant == GW_GRANT_REFRESH ? w->what.refresh_token : w->what.password)
               : front_credentials_clear(v->authorization, &w->gw->clear);
}

static void put_scopes(struct ch_buf *b, const struct ch_scopes *may)
{
    ch_buf_putc(b, '"');
    for (uint32_t i = 0; i < may->count; i++) {
        ch_buf_printf(b, "%srepository:%.*s:", i > 0 ? " " : "", CH_STR_ARG(may->list[i].name));
        ch_scope_put_actions(b, may->list[i].actions, ",", "");
    }
    ch_buf_putc(b, '"');
}

static void respond(struct token_wait *w, const struct ch_scoped_reply *m)
{
    struct ch_buf body;
    size_t most = 2 * (size_t)ch_limits.scoped_token_bytes + 16 * (size_t)ch_limits.text_bytes;
    ch_buf_init(&body, most);
    CH_ASSERT(ch_buf_reserve(&body, most) != NULL); /* it never moves */
    ch_buf_printf(&body, "{\"token\":\"%.*s\",\"access_token\":\"%.*s\",\"token_type\":\"Bearer\",",
                  CH_STR_ARG(m->token), CH_STR_ARG(m->token));
    ch_buf_printf(&body, "\"expires_in\":%u,\"issued_at\":\"", m->seconds);
    ch_time_put(&body, m->begins_at_s * 1000000, false);
    ch_buf_puts(&body, CH_STR("\",\"scope\":"));
    put_scopes(&body, &m->may);
    if (w->what.offline && !ch_sha256_is_zero(&w->digest)) {
        ch_buf_printf(&body, ",\"refresh_token\":\"%.*s\"", CH_STR_ARG(presented(w)));
    }
    ch_buf_puts(&body, CH_STR("}\n"));
    CH_ASSERT(!body.failed);
    gw_respond_body(w->request, 200, CH_STR("application/json"), ch_buf_str(&body));
    explicit_bzero(body.ptr, body.len);
    ch_buf_done(&body);
    if (w->gw->clear.ptr != NULL) {
        explicit_bzero(w->gw->clear.ptr, w->gw->clear.cap);
    }
    ch_buf_clear(&w->gw->clear);
    end(w);
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct token_wait *w = CH_CONTAINER_OF(ask, struct token_wait, ask);
    struct ch_scoped_reply m;
    struct ch_err err = {0};
    if (ch_scoped_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_complain("keeper", CH_STR("scoped token"), &err);
        refuse(w, 503, "temporarily_unavailable", CH_STR("The keeper's answer could not be read"));
        return;
    }
    if (m.outcome != CH_TOKEN_GOOD) {
        refuse_wrong(w, CH_SIGN_IN_REFUSED);
        return;
    }
    front_guess_give_back(&gw->guesses, &w->guess);
    if (m.token.len == 0) {
        bool usage = m.http_status == 400;
        refuse(w, usage ? 400 : 503, usage ? "invalid_scope" : "temporarily_unavailable", m.text);
    } else {
        respond(w, &m);
    }
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    struct token_wait *w = CH_CONTAINER_OF(ask, struct token_wait, ask);
    front_guess_give_back(&gw->guesses, &w->guess);
    refuse(w, 503, "temporarily_unavailable", CH_STR("Nobody answered in time, try again"));
}

/* ------------------------------------------------------------------ requests */

/* Who comes with ?ns= says names of another registry's: they are those of the repository here that
 * mirrors it. False: that was answered. */
static bool read_names(struct token_wait *w)
{
    struct gw_repository *repo;
    struct ch_err err;
    enum ch_code rc = gw_registry_of_namespace(w->gw, w->request, &repo, &err);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        refuse(w, 400, "invalid_request", ch_str_of(err.msg));
        return false;
    }
    if (rc == CH_OK && repo == NULL) {
        return true;
    }
    if (rc != CH_OK) { /* nobody mirrors it: that is told by what the token is not for */
        w->what.wanted.count = 0;
        return true;
    }
    size_t most = CH_SCOPES_MAX * (2 * (size_t)ch_limits.text_bytes);
    ch_buf_init(&w->names, most);
    CH_ASSERT(ch_buf_reserve(&w->names, most) != NULL); /* it never moves */
    for (uint32_t i = 0; i < w->what.wanted.count; i++) {
        size_t from = w->names.len;
        ch_buf_printf(&w->names, "%s/%.*s", repo->name, CH_STR_ARG(w->what.wanted.list[i].name));
        w->what.wanted.list[i].name = ch_str_sub(ch_buf_str(&w->names), from, w->names.len - from);
    }
    return true;
}

static void ask_keeper(struct token_wait *w)
{
    struct gw *gw = w->gw;
    gw_ask_prepare(gw, &w->ask, CH_MSG_ASK_SCOPED);
    w->ask.reply_type = CH_MSG_SCOPED;
    w->ask.on_reply = on_reply;
    w->ask.on_lost = on_lost;
    ch_ask_scoped_put(&w->ask.payload,
                      &(struct ch_ask_scoped){
                          .ask = w->ask.id,
                          .digest = w->digest,
                          .loopback = ch_http_view(w->request)->mark == GW_MARK_LOOPBACK,
                          .wanted = w->what.wanted,
                      });
    if (w->ask.payload.failed) {
        gw_ask_end(gw, &w->ask);
        front_guess_give_back(&gw->guesses, &w->guess);
        refuse(w, 400, "invalid_scope", CH_STR("A name in its scope is too long"));
        return;
    }
    gw_ask_send(gw, &w->ask, ch_limits.gateway_file_wait_ms);
}

/* Who it is, by the header or the form. BAD: that was no token. */
static enum front_credentials read_who(struct token_wait *w)
{
    const struct ch_http_view *v = ch_http_view(w->request);
    struct gw *gw = w->gw;
    if (v->method != CH_HTTP_POST) {
        return front_credentials_read(v->authorization, &gw->clear, gw->hash, &w->digest);
    }
    return front_credentials_token(presented(w), gw->hash, &w->digest) ? FRONT_CREDENTIALS_TOKEN
                                                                       : FRONT_CREDENTIALS_BAD;
}

static void sign_in(struct token_wait *w)
{
    struct gw *gw = w->gw;
    switch (read_who(w)) {
    case FRONT_CREDENTIALS_NONE:
        if (!gw_anonymous_sees(gw, w->request)) {
            refuse(w, 401, "invalid_grant",
                   CH_STR("A token is needed here: as password, whatever the user name "
                          "(customhouse token add)"));
            return;
        }
        break;
    case FRONT_CREDENTIALS_BAD:
        refuse_wrong(w, CH_SIGN_IN_MALFORMED);
        return;
    case FRONT_CREDENTIALS_TOKEN:
        if (!gw_token_is_good(gw, &w->digest) &&
            !front_guess_take(&gw->guesses, &w->guess, ch_http_view(w->request)->peer)) {
            gw_sign_in_failed(gw, w->request, CH_SIGN_IN_NOT_TRIED, &w->digest);
            refuse(w, 429, "temporarily_unavailable",
                   CH_STR("Too many wrong tokens came from your address, wait a moment"));
            return;
        }
        break;
    }
    ask_keeper(w);
}

static void begin(struct token_wait *w, struct ch_str text)
{
    bool post = ch_http_view(w->request)->method == CH_HTTP_POST;
    const char *wrong = gw_token_request_read(text, &w->what);
    if (wrong != NULL) {
        refuse(w, 400, "invalid_request", ch_str_of(wrong));
    } else if (post && w->what.grant != GW_GRANT_PASSWORD && w->what.grant != GW_GRANT_REFRESH) {
        refuse(w, 400, "unsupported_grant_type",
               CH_STR("grant_type: expected password or refresh_token"));
    } else if (w->what.service.len > 0 && !ch_str_eq(w->what.service, CH_STR(CH_SCOPED_SERVICE))) {
        refuse(w, 400, "invalid_request", CH_STR("service: this one is " CH_SCOPED_SERVICE));
    } else if (read_names(w)) {
        sign_in(w);
    }
}

static bool on_body(struct ch_http_request *r, struct ch_str piece, bool last, void *arg)
{
    struct token_wait *w = arg;
    (void)r;
    ch_buf_puts(&w->body, piece); /* the core refuses what is longer than it may be */
    if (last) {
        begin(w, ch_buf_str(&w->body));
    }
    return true;
}

static bool is_form(struct ch_http_request *r)
{
    struct ch_str rest = ch_http_header(r, CH_STR("content-type")), type = {NULL, 0};
    ch_str_split(&rest, ';', &type);
    return ch_str_eq_nocase(ch_str_trim(type), CH_STR("application/x-www-form-urlencoded"));
}

void gw_registry_token(struct gw *gw, struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct token_wait *w = ch_calloc(1, sizeof(*w));
    struct ch_err err;
    w->gw = gw;
    w->request = r;
    ch_buf_init(&w->body, (size_t)ch_limits.token_request_bytes);
    ch_buf_init(&w->names, 0);
    gw_token_request_init(&w->what);
    ch_http_later(r, on_gone, w);
    if (v->method != CH_HTTP_POST) {
        begin(w, v->query);
    } else if (v->authorization.ptr != NULL) {
        refuse(w, 400, "invalid_request",
               CH_STR("A form says who it is by itself: no Authorization beside it"));
    } else if (!is_form(r)) {
        refuse(w, 415, "invalid_request",
               CH_STR("A form (application/x-www-form-urlencoded) is taken"));
    } else {
        CH_ASSERT(ch_buf_reserve(&w->body, (size_t)ch_limits.token_request_bytes) != NULL);
        if (ch_http_receive(r, ch_limits.token_request_bytes, on_body, w, &err) != CH_OK) {
            refuse(w, 413, "invalid_request", CH_STR("The request for a token is too long"));
        }
    }
}
