#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "proxy/fetcher/fetch_int.h"

struct ch_fetch_site *ch_fetch_site_ref(struct ch_fetch_site *s)
{
    s->refs++;
    return s;
}

static void wipe(char *secret)
{
    if (secret != NULL) {
        explicit_bzero(secret, strlen(secret));
        free(secret);
    }
}

void ch_fetch_site_unref(struct ch_fetch_site *s)
{
    if (s == NULL || --s->refs > 0) {
        return;
    }
    ch_fetch_multi_free(s->multi);
    ch_fetch_tokens_free(s->tokens);
    X509_STORE_free(s->store);
    ch_url_done(&s->url);
    ch_url_done(&s->api_url);
    ch_url_done(&s->proxy_url);
    for (size_t i = 0; i < s->file_host_count; i++) {
        free(s->file_hosts[i]);
    }
    for (size_t i = 0; i < s->credentials.count; i++) {
        free(s->credentials.items[i].origin);
        wipe(s->credentials.items[i].user);
        wipe(s->credentials.items[i].password);
    }
    wipe(s->client_pem);
    free(s->file_hosts);
    free(s->credentials.items);
    free(s->name);
    free(s->proxy);
    free(s->listen);
    free(s->instance_id);
    free(s);
}

static char *dup_text(const char *text)
{
    return text == NULL ? NULL : ch_str_dup(ch_str_of(text));
}

static void copy_credentials(struct ch_fetch_site *s, const struct ch_credentials *from)
{
    size_t count = from == NULL ? 0 : from->count;
    s->credentials.items = ch_calloc(count, sizeof(struct ch_credential));
    s->credentials.count = count;
    for (size_t i = 0; i < count; i++) {
        s->credentials.items[i] = (struct ch_credential){
            .origin = dup_text(from->items[i].origin),
            .user = dup_text(from->items[i].user),
            .password = dup_text(from->items[i].password),
        };
    }
}

/* Addresses that are no IP literal (a name) cannot be compared: the instance header is then what
 * tells us apart. */
static void copy_listen(struct ch_fetch_site *s, const struct ch_fetch_settings *settings)
{
    size_t most = settings->config->listen_count + settings->listen_count;
    s->listen = ch_calloc(most, sizeof(struct ch_address));
    for (size_t i = 0; i < most; i++) {
        struct ch_str text =
            i < settings->listen_count
                ? settings->listen[i]
                : ch_str_of(settings->config->listen[i - settings->listen_count].address);
        if (ch_address_parse(text, &s->listen[s->listen_count])) {
            s->listen_count++;
        }
    }
}

/* NULL: no authority of the configuration, but the system's. */
static enum ch_code load_store(struct ch_fetch_site *s, const char *ca_file, struct ch_str files,
                               const struct ch_fetch_site *old, struct ch_err *err)
{
    enum ch_code rc;
    s->system_store = ca_file == NULL;
    if (ca_file == NULL) {
        rc = ch_trust_load(&s->store, err);
    } else {
        struct ch_str pem = ch_upstream_file_find(files, false, ch_str_of(ca_file));
        s->store = pem.len > 0 ? ch_trust_new(pem) : NULL;
        rc = s->store != NULL
                 ? CH_OK
                 : ch_fail(err, CH_E_USAGE, "%s: no certificate in it, PEM was expected", ca_file);
    }
    if (rc == CH_E_DENIED && old != NULL && old->store != NULL && old->system_store) {
        CH_ASSERT(X509_STORE_up_ref(old->store) == 1);
        s->store = old->store;
        return CH_OK;
    }
    return rc == CH_OK ? CH_OK : ch_wrap(err, "upstream %s: CA certificates", s->name);
}

static enum ch_code load_client(struct ch_fetch_site *s, const char *path, struct ch_str files,
                                struct ch_err *err)
{
    if (path == NULL) {
        return CH_OK;
    }
    struct ch_str pem = ch_upstream_file_find(files, true, ch_str_of(path));
    if (pem.len == 0) {
        return ch_fail(err, CH_E_USAGE, "upstream %s: client_certificate: %s: nothing in it",
                       s->name, path);
    }
    s->client_pem = ch_str_dup(pem);
    return CH_OK;
}

/* "http://proxy.example.org:3128", with or without the scheme; SOCKS is left to libcurl. */
static enum ch_code parse_proxy(struct ch_fetch_site *s, struct ch_err *err)
{
    struct ch_str text = ch_str_of(s->proxy);
    size_t at;
    if (text.ptr == NULL || ch_str_starts(text, CH_STR("socks"))) {
        return CH_OK;
    }
    struct ch_buf b;
    ch_buf_init(&b, text.len + 16);
    if (!ch_str_find(text, CH_STR("://"), &at)) {
        ch_buf_puts(&b, CH_STR("http://"));
    }
    ch_buf_puts(&b, text);
    enum ch_code rc = ch_url_parse(ch_buf_str(&b), NULL, &s->proxy_url, err);
    ch_buf_done(&b);
    return rc == CH_OK ? CH_OK : ch_wrap(err, "proxy");
}

static enum ch_code parse_urls(struct ch_fetch_site *s, const struct ch_upstream *u,
                               struct ch_err *err)
{
    enum ch_code rc = ch_url_parse(ch_str_of(u->url), NULL, &s->url, err);
    if (rc == CH_OK && u->api_url != NULL) {
        rc = ch_url_parse(ch_str_of(u->api_url), NULL, &s->api_url, err);
    }
    rc = rc == CH_OK ? parse_proxy(s, err) : rc;
    return rc == CH_OK ? CH_OK : ch_wrap(err, "upstream %s", s->name);
}

static enum ch_code fill(struct ch_fetch_site *s, const struct ch_upstream *u,
                         const struct ch_fetch_settings *settings, const struct ch_fetch_site *old,
                         struct ch_err *err)
{
    s->name = dup_text(u->name);
    s->proxy = dup_text(u->proxy);
    s->instance_id =
        ch_str_dup(settings->instance_id.ptr != NULL ? settings->instance_id : CH_STR(""));
    s->file_hosts = ch_calloc(u->file_host_count, sizeof(char *));
    for (size_t i = 0; i < u->file_host_count; i++) {
        s->file_hosts[s->file_host_count++] = dup_text(u->file_hosts[i]);
    }
    copy_credentials(s, settings->credentials);
    copy_listen(s, settings);
    enum ch_code rc = parse_urls(s, u, err);
    if (rc != CH_OK) {
        return rc;
    }
    /* An http upstream without a CA file may well live on a system without certificates. */
    bool wanted = u->ca_file != NULL || s->url.https || s->api_url.https || s->proxy_url.https;
    rc = wanted ? load_store(s, u->ca_file, settings->files, old, err) : CH_OK;
    return rc == CH_OK ? load_client(s, u->client_certificate, settings->files, err) : rc;
}

enum ch_code ch_fetch_site_new(struct ch_loop *loop, const struct ch_upstream *upstream,
                               const struct ch_fetch_settings *settings,
                               const struct ch_fetch_site *old, struct ch_fetch_site **ret,
                               struct ch_err *err)
{
    struct ch_fetch_site *s = ch_calloc(1, sizeof(*s));
    s->refs = 1;
    enum ch_code rc = fill(s, upstream, settings, old, err);
    if (rc != CH_OK) {
        ch_fetch_site_unref(s);
        return rc;
    }
    s->multi = ch_fetch_multi_new(loop);
    s->tokens = ch_fetch_tokens_new();
    *ret = s;
    return CH_OK;
}

/* The host of url or api_url, on the port given there; without a port there, on the scheme's own
 * (so that http may redirect to https of the same host). */
static bool is_host_of(const struct ch_url *own, const struct ch_url *url)
{
    return own->text != NULL && ch_str_eq(ch_str_of(own->host), ch_str_of(url->host)) &&
           (own->port == url->port || (own->port_is_default && url->port_is_default));
}

bool ch_fetch_site_is_own(const struct ch_fetch_site *s, const struct ch_url *url)
{
    return is_host_of(&s->url, url) || is_host_of(&s->api_url, url);
}

enum ch_code ch_fetch_site_check(const struct ch_fetch_site *s, const struct ch_url *url,
                                 struct ch_err *err)
{
    if (s->url.https && !url->https) {
        return ch_fail(err, CH_E_DENIED,
                       "%s: http is refused since upstream %s is configured with https", url->host,
                       s->name);
    }
    if (ch_fetch_site_is_own(s, url)) {
        return CH_OK;
    }
    for (size_t i = 0; i < s->file_host_count; i++) {
        struct ch_str entry = ch_str_of(s->file_hosts[i]);
        if (ch_url_has_host(url, entry) || ch_url_matches_host(url, entry)) {
            return CH_OK;
        }
    }
    return ch_fail(err, CH_E_DENIED, "%s:%u: not among file_hosts of upstream %s", url->host,
                   url->port, s->name);
}

const struct ch_credential *ch_fetch_site_credential(const struct ch_fetch_site *s,
                                                     const struct ch_url *url)
{
    for (size_t i = 0; i < s->credentials.count; i++) {
        if (ch_url_has_origin(url, ch_str_of(s->credentials.items[i].origin))) {
            return &s->credentials.items[i];
        }
    }
    return NULL;
}

const struct ch_credential *ch_fetch_site_proxy_credential(const struct ch_fetch_site *s)
{
    return s->proxy_url.text == NULL ? NULL : ch_fetch_site_credential(s, &s->proxy_url);
}

/* Whether the kernel would send from the very address it sends to. No packet leaves: connecting a
 * datagram socket only chooses a route. */
static bool is_local(const struct sockaddr *peer)
{
    struct ch_address from = {0};
    socklen_t len = peer->sa_family == AF_INET6 ? sizeof(from.v6) : sizeof(from.v4);
    socklen_t from_len = sizeof(from);
    int fd = socket(peer->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool local =
        fd >= 0 && connect(fd, peer, len) == 0 && getsockname(fd, &from.any, &from_len) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (!local) {
        return false;
    }
    return peer->sa_family == AF_INET6
               ? memcmp(&from.v6.sin6_addr,
                        &((const struct sockaddr_in6 *)(const void *)peer)->sin6_addr, 16) == 0
               : memcmp(&from.v4.sin_addr,
                        &((const struct sockaddr_in *)(const void *)peer)->sin_addr, 4) == 0;
}

/* Not by a wildcard: behind it anybody's name server says where names lead. */
static bool is_named(const struct ch_fetch_site *s, const struct ch_url *url)
{
    bool named = ch_fetch_site_is_own(s, url);
    for (size_t i = 0; i < s->file_host_count && !named; i++) {
        named = ch_url_has_host(url, ch_str_of(s->file_hosts[i]));
    }
    return named;
}

enum ch_code ch_fetch_site_check_address(const struct ch_fetch_site *s, const struct ch_url *url,
                                         const struct sockaddr *peer, struct ch_err *err)
{
    const char *host = url != NULL ? url->host : NULL;
    const char *shown_host = host != NULL ? host : "the proxy";
    struct ch_buf b;
    ch_buf_init(&b, 128);
    ch_address_put(&b, peer);
    enum ch_code rc = CH_OK;
    enum ch_address_kind kind = ch_address_kind(peer);
    bool named = url == NULL || is_named(s, url); /* the proxy is configured */
    bool literal = host != NULL && ch_address_is_literal(ch_str_of(host));
    if (!ch_address_permitted(kind, named, literal)) {
        rc = ch_fail(err, CH_E_DENIED, "%s is at %.*s, which is refused: %s address", shown_host,
                     CH_STR_ARG(ch_buf_str(&b)), ch_address_kind_text(kind));
    }
    for (size_t i = 0; i < s->listen_count && rc == CH_OK; i++) {
        bool wildcard = ch_address_kind(&s->listen[i].any) == CH_ADDRESS_UNSPECIFIED;
        if (ch_address_reaches(peer, &s->listen[i], wildcard && is_local(peer))) {
            rc = ch_fail(err, CH_E_DENIED, "%s is at %.*s, where this gateway itself listens",
                         shown_host, CH_STR_ARG(ch_buf_str(&b)));
        }
    }
    ch_buf_done(&b);
    return rc;
}
