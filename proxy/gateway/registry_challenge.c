/* How clients of registries learn where tokens are had, and for what: docker, podman, skopeo,
 * crane, oras and containerd read it in a 401, most of them in that of /v2/.
 *
 * Spec: distribution, "Token Authentication Specification"; RFC 6750 section 3 (error); the address
 * comes from the configuration (T20). */
#include "registry.h"

#include <string.h>

static bool is_registry(const struct gw_repository *r)
{
    return r->active && r->eco->path_prefix != NULL;
}

bool gw_registry_has_tokens(const struct gw *gw)
{
    for (struct gw_repository *r = gw->repositories; r != NULL; r = r->next) {
        if (is_registry(r)) {
            return gw->origin[0] != '\0';
        }
    }
    return false;
}

bool gw_registry_wants_token(const struct gw *gw, const struct ch_http_request *r)
{
    for (struct gw_repository *repo = gw->repositories; repo != NULL; repo = repo->next) {
        const struct ch_repository *c = ch_config_repository(gw->config, ch_str_of(repo->name));
        if (is_registry(repo) && ((c != NULL && c->hosted) || !gw_may_pull(gw, r, repo))) {
            return gw->origin[0] != '\0';
        }
    }
    return false;
}

/* How many segments at its end are not the image's name; 0: it names no image. */
static size_t behind_name(const struct ch_http_view *v)
{
    size_t n = v->segment_count;
    const struct ch_str *s = v->segments;
    if (n > 3 && ch_str_eq(s[n - 1], CH_STR("uploads")) && ch_str_eq(s[n - 2], CH_STR("blobs"))) {
        return 2;
    }
    if (n > 4 && ch_str_eq(s[n - 2], CH_STR("uploads")) && ch_str_eq(s[n - 3], CH_STR("blobs"))) {
        return 3;
    }
    bool named =
        n > 3 &&
        (ch_str_eq(s[n - 2], CH_STR("manifests")) || ch_str_eq(s[n - 2], CH_STR("blobs")) ||
         ch_str_eq(s[n - 2], CH_STR("referrers")) || ch_str_eq(s[n - 2], CH_STR("tags")));
    return named ? 2 : 0;
}

/* What can stand in a quoted string, and in an address, as it is. */
static bool is_plain(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && (c == '\0' || strchr("._-:", c) == NULL)) {
            return false;
        }
    }
    return s.len > 0 && s.len <= 255;
}

static const char *actions_of(const struct ch_http_view *v, size_t behind)
{
    bool looks = v->method == CH_HTTP_GET || v->method == CH_HTTP_HEAD;
    bool upload = behind == 3 || ch_str_eq(v->segments[v->segment_count - 1], CH_STR("uploads"));
    return v->method == CH_HTTP_DELETE && !upload ? "delete"
           : looks && !upload                     ? "pull"
                                                  : "pull,push";
}

/* In the client's own words: nothing is told that it has not said. */
static void put_scope(const struct ch_http_view *v, struct ch_buf *out)
{
    size_t behind = behind_name(v);
    for (size_t i = 1; i + behind < v->segment_count; i++) {
        if (behind == 0 || !is_plain(v->segments[i])) {
            return;
        }
    }
    if (behind == 0) {
        return;
    }
    ch_buf_puts(out, CH_STR(",scope=\"repository:"));
    for (size_t i = 1; i + behind < v->segment_count; i++) {
        ch_buf_puts(out, i > 1 ? CH_STR("/") : CH_STR(""));
        ch_buf_puts(out, v->segments[i]);
    }
    ch_buf_printf(out, ":%s\"", actions_of(v, behind));
}

void gw_registry_put_challenge(const struct gw *gw, const struct ch_http_request *r,
                               const char *error, struct ch_buf *out)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct ch_buf ns;
    struct ch_err err;
    bool given = false;
    ch_buf_init(&ns, 255);
    bool read = v->query.len == 0 || ch_http_query(r, CH_STR("ns"), &ns, &given, &err) == CH_OK;
    ch_buf_printf(out, "Bearer realm=\"%s/oauth2/token", gw->origin);
    if (read && given && is_plain(ch_buf_str(&ns))) { /* names are that registry's, there, too */
        ch_buf_puts(out, CH_STR("?ns="));
        ch_buf_puts(out, ch_buf_str(&ns));
    }
    ch_buf_printf(out, "\",service=\"%s\"", CH_SCOPED_SERVICE);
    put_scope(v, out);
    if (error != NULL) {
        ch_buf_printf(out, ",error=\"%s\"", error);
    }
    ch_buf_done(&ns);
}

void gw_registry_challenge(struct gw *gw, struct ch_http_request *r, const char *error,
                           struct ch_str text)
{
    struct ch_buf challenge, body;
    ch_buf_init(&challenge, 4 * ch_limits.url_bytes);
    ch_buf_init(&body, 4 * ch_limits.text_bytes);
    gw_registry_put_challenge(gw, r, error, &challenge);
    CH_IGNORE(!gw_registry_put_error(r, 401, text, &body));
    const struct ch_http_header headers[] = {
        {CH_STR("WWW-Authenticate"), ch_buf_str(&challenge)},
        {CH_STR("Docker-Distribution-API-Version"), CH_STR("registry/2.0")},
        {CH_STR("Cache-Control"), CH_STR("no-store")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 401,
                           .reason = ch_str_sub(text, 0, GW_REASON_MAX),
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(&body),
                           .body_copy = true,
                       });
    ch_buf_done(&challenge);
    ch_buf_done(&body);
}
