#include "registry.h"

#include <stdio.h>

static const struct ch_http_header no_store = {{"Cache-Control", 13}, {"no-store", 8}};
static const struct ch_http_header nosniff = {{"X-Content-Type-Options", 22}, {"nosniff", 7}};

void gw_respond_body(struct ch_http_request *r, int status, struct ch_str content_type,
                     struct ch_str body)
{
    const struct ch_http_header headers[] = {no_store, nosniff};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .content_type = content_type,
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_copy = true,
                       });
}

/* Exactly this: uv compares for equality before it shows the text, and docker reads no other type than JSON itself. */
static struct ch_str problem_type(const struct ch_http_view *v)
{
    return gw_path_prefix(v) != NULL ? CH_STR("application/json")
                                     : CH_STR("application/problem+json");
}

/* One line as reason phrase and as body, in the form that clients of the address read. */
static void respond_line(struct ch_http_request *r, int status, struct ch_str line,
                         const struct ch_http_header *headers, size_t header_count)
{
    struct ch_buf body;
    ch_buf_init(&body, 16 * ch_limits.text_bytes);
    bool listed = gw_registry_put_error(r, status, line, &body);
    if (!listed) {
        ch_buf_puts(&body, line);
        ch_buf_putc(&body, '\n');
    }
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .reason = ch_str_sub(line, 0, GW_REASON_MAX),
                           .content_type = listed ? CH_STR("application/json")
                                                  : CH_STR("text/plain; charset=utf-8"),
                           .headers = headers,
                           .header_count = header_count,
                           .body = ch_buf_str(&body),
                           .body_copy = true,
                       });
    ch_buf_done(&body);
}

void gw_respond_text(struct ch_http_request *r, int status, struct ch_str text)
{
    const struct ch_http_header headers[] = {no_store, nosniff, {CH_STR("Allow"), CH_STR("GET, HEAD")}};
    struct ch_buf line;
    ch_buf_init(&line, 8 * ch_limits.text_bytes);
    ch_buf_put_printable(&line, ch_str_sub(text, 0, (size_t)ch_limits.text_bytes));
    respond_line(r, status, ch_buf_str(&line), headers, status == 405 ? 3 : 2);
    ch_buf_done(&line);
}

void gw_respond_later(struct ch_http_request *r, int status, struct ch_str text, uint64_t seconds)
{
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seconds);
    const struct ch_http_header headers[] = {
        no_store,
        {CH_STR("Retry-After"), ch_str_of(number)}, /* pip and uv try some times by themselves */
    };
    respond_line(r, status, text, headers, CH_ARRAY_LEN(headers));
}

/* RFC 9110 5.6.4: a quoted-string, of text that is printable by now; no escape is cut in two. */
static void put_quoted(struct ch_buf *b, struct ch_str text)
{
    while (ch_str_ends(text, CH_STR("\\"))) {
        text.len--;
    }
    ch_buf_putc(b, '"');
    for (size_t i = 0; i < text.len; i++) {
        ch_buf_putc(b, text.ptr[i] == '"' ? '\'' : text.ptr[i]);
    }
    ch_buf_putc(b, '"');
}

/* Measured with pip 23.0.1, 23.2.1 and 26.3: of an index's answer from 400 on pip shows nothing, and
 * says "from versions: none"; of one below that is no page it warns, with the whole Content-Type. It
 * lists nothing and is stored by nobody, as an error is. 202 (RFC 9110 15.3.3) is noncommittal. A 503
 * that names seconds stays one: pip waits them, and asks again. */
static bool respond_no_page_to_pip(struct ch_http_request *r, int status, struct ch_str text,
                                   uint64_t seconds)
{
    struct ch_str pip = CH_STR("pip/");
    struct ch_str agent = ch_str_sub(ch_http_view(r)->user_agent, 0, pip.len);
    if (!ch_str_eq_nocase(agent, pip) || (status == 503 && seconds > 0)) {
        return false;
    }
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)seconds);
    const struct ch_http_header headers[] = {
        no_store, nosniff, {CH_STR("Retry-After"), ch_str_of(number)}};
    struct ch_buf line, type;
    ch_buf_init(&line, 4 * GW_REASON_MAX);
    ch_buf_init(&type, 2 * GW_REASON_MAX);
    ch_buf_put_printable(&line, ch_str_sub(text, 0, GW_REASON_MAX));
    struct ch_str reason = ch_str_sub(ch_buf_str(&line), 0, GW_REASON_MAX);
    ch_buf_puts(&type, CH_STR("text/plain; reason="));
    put_quoted(&type, reason);
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 202,
                           .means = status,
                           .reason = reason,
                           .content_type = ch_buf_str(&type),
                           .headers = headers,
                           .header_count = seconds > 0 ? 3 : 2,
                           .body = reason,
                           .body_copy = true,
                       });
    ch_buf_done(&line);
    ch_buf_done(&type);
    return true;
}

void gw_respond_no_page(struct ch_http_request *r, int status, struct ch_str text, uint64_t seconds)
{
    if (respond_no_page_to_pip(r, status, text, seconds)) {
        return;
    }
    if (seconds > 0) {
        gw_respond_later(r, status, text, seconds);
    } else {
        gw_respond_text(r, status, text);
    }
}

void gw_respond_starting(struct ch_http_request *r)
{
    gw_respond_later(r, 503, CH_STR("The service is starting, try again in a few seconds"), 2);
}

/* Where each client keeps its credentials; first match decides. */
static const struct {
    const char *prefix;
    const char *where;
} clients[] = {
    {"pip/", "~/.netrc, pip.conf or the index URL"},
    {"uv/", "~/.netrc, UV_INDEX_<NAME>_PASSWORD or the index URL"},
    {"", "~/.netrc or the URL"},
};

static const char *where_of(struct ch_str user_agent)
{
    size_t i = 0;
    while (!ch_str_starts(user_agent, ch_str_of(clients[i].prefix))) {
        i++;
    }
    return clients[i].where;
}

/* Both schemes of RFC 9110 11.6.1, Basic first: the clients that we know take the first they know.
 * Nothing of what was sent is shown. */
void gw_respond_unauthorized(struct gw *gw, struct ch_http_request *r, bool wrong)
{
    const struct ch_http_view *v = ch_http_view(r);
    /* Clients of registries take the realm of Bearer for where tokens are had: there it is Basic alone. */
    bool basic_alone = gw_path_prefix(v) != NULL;
    if (basic_alone && gw_registry_has_tokens(gw)) {
        gw_registry_challenge(gw, r, wrong ? "invalid_token" : NULL,
                              wrong ? CH_STR("The token that was sent is not valid here (unknown, expired, "
                                             "revoked, or not for this)")
                                    : CH_STR("A token is needed: sign in, whatever the user name, with it "
                                             "as password"));
        return;
    }
    const struct ch_http_header headers[] = {
        no_store,
        nosniff,
        {CH_STR("WWW-Authenticate"), CH_STR("Basic realm=\"customhouse\"")},
        {CH_STR("WWW-Authenticate"),
         wrong ? CH_STR("Bearer realm=\"customhouse\", error=\"invalid_token\"")
               : CH_STR("Bearer realm=\"customhouse\"")},
    };
    struct ch_buf line, body;
    ch_buf_init(&line, 8 * ch_limits.text_bytes);
    ch_buf_init(&body, 16 * ch_limits.text_bytes);
    if (wrong) {
        ch_buf_printf(&line,
                      "The token that was sent is not valid here (unknown, expired, revoked, not for "
                      "pulling): look in %s",
                      where_of(v->user_agent));
    } else {
        ch_buf_printf(&line,
                      "A token is needed: as password of user __token__ for machine ");
        ch_buf_put_escaped(&line, ch_str_sub(v->host, 0, 60));
        ch_buf_printf(&line, " in %s", where_of(v->user_agent));
    }
    struct ch_str text = ch_buf_str(&line);
    gw_put_problem(&body, &(struct gw_problem){
                              .type = CH_STR("about:blank"),
                              .title = CH_STR("Sign in"),
                              .status = 401,
                              .sentence = text,
                              .code = "UNAUTHORIZED",
                          });
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 401,
                           .reason = ch_str_sub(text, 0, GW_REASON_MAX),
                           .content_type = problem_type(v),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers) - (basic_alone ? 1 : 0),
                           .body = ch_buf_str(&body),
                           .body_copy = true,
                       });
    ch_buf_done(&line);
    ch_buf_done(&body);
}

/* From the folder of `from` to `to`, both absolute paths as they are sent: behind a proxy that serves
 * this server under a path of its own (public_url), an absolute one would lead out of it.
 * Spec: RFC 9110 10.2.2, RFC 3986 4.2, 5.2. */
static void put_relative(struct ch_buf *out, struct ch_str from, struct ch_str to)
{
    size_t common = 0;
    for (size_t i = 0; i < from.len && i < to.len && from.ptr[i] == to.ptr[i]; i++) {
        common = from.ptr[i] == '/' ? i + 1 : common;
    }
    ch_buf_puts(out, CH_STR("./")); /* a first part with a colon is no scheme, an empty one a reference */
    for (size_t i = common; i < from.len; i++) {
        if (from.ptr[i] == '/') {
            ch_buf_puts(out, CH_STR("../"));
        }
    }
    ch_buf_puts(out, ch_str_sub(to, common, to.len));
}

void gw_respond_redirect(struct ch_http_request *r, int status, struct ch_str path)
{
    struct ch_buf location;
    ch_buf_init(&location, 5 * (size_t)ch_limits.http_line_bytes); /* "../" for each '/' asked for */
    put_relative(&location, ch_http_view(r)->path, path);
    /* A moved page stays moved; a hop of waiting must never be remembered. */
    const struct ch_http_header headers[] = {{CH_STR("Location"), ch_buf_str(&location)}, no_store};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = status,
                           .headers = headers,
                           .header_count = status == 301 ? 1 : 2,
                       });
    ch_buf_done(&location);
}

void gw_respond_refusal(struct gw *gw, struct ch_http_request *r, const struct ch_refusal *refusal)
{
    struct gw_refusal_text text;
    gw_refusal_build(refusal, ch_http_view(r)->user_agent, ch_str_of(gw->origin), &text);
    const struct ch_http_header headers[] = {no_store};
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 403,
                           .reason = ch_str_of(text.reason),
                           .content_type = problem_type(ch_http_view(r)),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(&text.body),
                           .body_copy = true,
                       });
    gw_refusal_done(&text);
}
