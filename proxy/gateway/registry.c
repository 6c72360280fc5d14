/* What registries of images have beside files: where their addresses begin, what says that this is
 * one, and how clients are told what went wrong.
 *
 * Spec: OCI distribution 1.1, "Determining Support", "Error Codes"; threats.md T24. */
#include "registry.h"

const char *gw_path_prefix(const struct ch_http_view *v)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL && v->segment_count > 0; i++) {
        const char *prefix = ch_ecosystems[i]->path_prefix;
        if (prefix != NULL && ch_str_eq(v->segments[0], ch_str_of(prefix))) {
            return prefix;
        }
    }
    return NULL;
}

/* Clients that know one registry by another's name say whose it is (containerd:
 * ?ns=mcr.microsoft.com). */
static enum ch_code read_namespace(const struct ch_http_request *r, struct ch_buf *out,
                                   struct ch_err *err)
{
    bool given = false;
    if (ch_http_view(r)->query.len == 0) {
        return CH_OK;
    }
    return ch_http_query(r, CH_STR("ns"), out, &given, err);
}

/* HOST or HOST:PORT of an upstream's URL. */
static struct ch_str host_of(struct ch_str url)
{
    const struct ch_str scheme = CH_STR("://");
    size_t at;
    url = ch_str_find(url, scheme, &at) ? ch_str_sub(url, at + scheme.len, url.len) : url;
    return ch_str_find_char(url, '/', &at) ? ch_str_sub(url, 0, at) : url;
}

static bool mirrors(const struct ch_config *config, const struct ch_repository *repo,
                    struct ch_str host)
{
    for (size_t i = 0; i < repo->upstream_count; i++) {
        const struct ch_upstream *u = ch_config_upstream(config, ch_str_of(repo->upstreams[i]));
        if (u != NULL && !u->hosted && ch_str_eq_nocase(host_of(ch_str_of(u->url)), host)) {
            return true;
        }
    }
    return false;
}

/* The first of the configuration: which one it is does not depend on what was there before. */
static struct gw_repository *mirror_of(const struct gw *gw, const char *prefix, struct ch_str host)
{
    for (size_t i = 0; i < gw->config->repository_count; i++) {
        const struct ch_repository *c = &gw->config->repositories[i];
        struct gw_repository *r = gw_find_repository(gw, ch_str_of(c->name));
        if (r != NULL && r->eco->path_prefix == prefix && mirrors(gw->config, c, host)) {
            return r;
        }
    }
    return NULL;
}

enum ch_code gw_registry_of_namespace(const struct gw *gw, const struct ch_http_request *r,
                                      struct gw_repository **ret, struct ch_err *err)
{
    struct ch_buf host;
    ch_buf_init(&host, ch_limits.text_bytes);
    enum ch_code rc = read_namespace(r, &host, err);
    *ret = NULL;
    for (size_t i = 0; rc == CH_OK && host.len > 0 && ch_ecosystems[i] != NULL; i++) {
        const char *prefix = ch_ecosystems[i]->path_prefix;
        if (prefix != NULL && *ret == NULL) {
            *ret = mirror_of(gw, prefix, ch_buf_str(&host));
        }
    }
    if (rc == CH_OK && host.len > 0 && *ret == NULL) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "No repository here mirrors that registry");
    }
    ch_buf_done(&host);
    return rc;
}

enum ch_code gw_registry_find(const struct gw *gw, const struct ch_http_request *r,
                              struct gw_repository *named, struct gw_repository **ret,
                              size_t *ret_at, struct ch_err *err)
{
    struct ch_buf host;
    ch_buf_init(&host, ch_limits.text_bytes);
    enum ch_code rc = read_namespace(r, &host, err);
    *ret = named;
    *ret_at = 2; /* behind the repository's name */
    if (rc == CH_OK && host.len > 0) {
        *ret = mirror_of(gw, gw_path_prefix(ch_http_view(r)), ch_buf_str(&host));
        *ret_at =
            1; /* the registry's own names begin at once, however a repository here is called */
        if (*ret == NULL) {
            rc = ch_fail(err, CH_E_NOT_FOUND, "No repository here mirrors the registry %.*s",
                         CH_STR_ARG(ch_str_sub(ch_buf_str(&host), 0, 100)));
        }
    }
    ch_buf_done(&host);
    return rc;
}

bool gw_registry_is_any(const struct gw *gw, const struct ch_http_view *v)
{
    const char *prefix = gw_path_prefix(v);
    for (struct gw_repository *r = gw->repositories; prefix != NULL && r != NULL; r = r->next) {
        if (r->active && r->eco->path_prefix == prefix) {
            return true;
        }
    }
    return false;
}

void gw_registry_version(struct ch_http_request *r)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Docker-Distribution-API-Version"), CH_STR("registry/2.0")},
        {CH_STR("Cache-Control"), CH_STR("no-store")},
    };
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = CH_STR("application/json"),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = CH_STR("{}"),
                       });
}

static bool has_segment(const struct ch_http_view *v, struct ch_str name)
{
    for (size_t i = 0; i < v->segment_count; i++) {
        if (ch_str_eq(v->segments[i], name)) {
            return true;
        }
    }
    return false;
}

static const char *code_of(const struct ch_http_view *v, int status)
{
    switch (status) {
    case 401:
        return "UNAUTHORIZED";
    case 403:
        return "DENIED";
    case 404:
        return has_segment(v, CH_STR("blobs"))       ? "BLOB_UNKNOWN"
               : has_segment(v, CH_STR("manifests")) ? "MANIFEST_UNKNOWN"
                                                     : "NAME_UNKNOWN";
    case 405:
        return "UNSUPPORTED";
    default:
        return status < 500 ? "NAME_INVALID" : "UNAVAILABLE";
    }
}

bool gw_registry_put_error(const struct ch_http_request *r, int status, struct ch_str text,
                           struct ch_buf *body)
{
    const struct ch_http_view *v = ch_http_view(r);
    if (gw_path_prefix(v) == NULL) {
        return false;
    }
    ch_buf_putc(body, '{');
    gw_put_errors(body, code_of(v, status), text);
    ch_buf_puts(body, CH_STR("}\n"));
    return true;
}
