/* How clients of registries sign in: docker, podman, skopeo and crane decide by the answer to /v2/
 * whether they send what they were given, so where something is pushed that answer asks for it, and
 * tells where a token is had. The token there is the one that they have, or one that stands for
 * none: who may pull without still does.
 *
 * Spec: distribution, "Token Authentication"; the address comes from the configuration (T20). */
#include "registry.h"

#include <string.h>

#include "proxy/front/credentials.h"

#define TOKEN_SECONDS 300 /* until clients ask again */

bool gw_registry_is_pushed_to(const struct gw *gw)
{
    for (struct gw_repository *r = gw->repositories; r != NULL; r = r->next) {
        const struct ch_repository *c = ch_config_repository(gw->config, ch_str_of(r->name));
        if (r->active && r->eco->path_prefix != NULL && c != NULL && c->hosted) {
            return gw->origin[0] != '\0';
        }
    }
    return false;
}

void gw_registry_challenge(struct gw *gw, struct ch_http_request *r)
{
    struct ch_buf realm, body;
    struct ch_str text = CH_STR("Sign in, or ask for a token without");
    ch_buf_init(&realm, 2 * ch_limits.url_bytes);
    ch_buf_init(&body, 4 * ch_limits.text_bytes);
    ch_buf_printf(&realm, "Bearer realm=\"%s/oauth2/token\",service=\"customhouse\"", gw->origin);
    CH_IGNORE(!gw_registry_put_error(r, 401, text, &body));
    const struct ch_http_header headers[] = {
        {CH_STR("WWW-Authenticate"), ch_buf_str(&realm)},
        {CH_STR("Docker-Distribution-API-Version"), CH_STR("registry/2.0")},
        {CH_STR("Cache-Control"), CH_STR("no-store")},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 401,
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = ch_buf_str(&body),
                           .body_copy = true,
                       });
    ch_buf_done(&realm);
    ch_buf_done(&body);
}

bool gw_registry_is_token(const struct gw *gw, const struct ch_http_view *v)
{
    return gw_registry_is_pushed_to(gw) && v->segment_count == 2 && !v->trailing_slash &&
           ch_str_eq(v->segments[0], CH_STR("oauth2")) &&
           ch_str_eq(v->segments[1], CH_STR("token"));
}

void gw_registry_token(struct gw *gw, struct ch_http_request *r)
{
    struct ch_buf body;
    struct ch_str token = front_credentials_clear(ch_http_view(r)->authorization, &gw->clear);
    ch_buf_init(&body, 1024);
    CH_ASSERT(ch_buf_reserve(&body, 512) != NULL); /* it never moves */
    if (token.ptr == NULL) {
        token = CH_STR(FRONT_ANONYMOUS_TOKEN);
    }
    ch_buf_printf(&body, "{\"token\":\"%.*s\",\"access_token\":\"%.*s\",\"expires_in\":%d}\n",
                  CH_STR_ARG(token), CH_STR_ARG(token), TOKEN_SECONDS);
    gw_respond_body(r, 200, CH_STR("application/json"), ch_buf_str(&body));
    explicit_bzero(body.ptr, body.len);
    ch_buf_done(&body);
    if (gw->clear.ptr != NULL) {
        explicit_bzero(gw->clear.ptr, gw->clear.cap);
    }
    ch_buf_clear(&gw->clear);
}
