#include "proxy/fetcher/url.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "customhouse/limits.h"

static void cleanup_url(CURLU **u)
{
    curl_url_cleanup(*u);
}

static enum ch_code refuse(struct ch_str text, enum ch_code code, const char *why,
                           struct ch_err *err)
{
    char shown[200];
    struct ch_buf b;
    ch_buf_init(&b, sizeof(shown) * 4);
    ch_buf_put_escaped(&b, ch_str_sub(text, 0, sizeof(shown) / 4));
    ch_fail(err, code, "URL %.*s%s: %s", CH_STR_ARG(ch_buf_str(&b)),
            text.len > sizeof(shown) / 4 ? "..." : "", why);
    ch_buf_done(&b);
    return code;
}

/* The part as a string of our own; NULL when there is none. */
static char *take_part(CURLU *u, CURLUPart part, unsigned flags)
{
    char *value = NULL;
    if (curl_url_get(u, part, &value, flags) != CURLUE_OK) {
        return NULL;
    }
    char *copy = ch_str_dup(ch_str_of(value));
    curl_free(value);
    return copy;
}

static void lower(char *s)
{
    for (; s != NULL && *s != '\0'; s++) {
        if (*s >= 'A' && *s <= 'Z') {
            *s = (char)(*s - 'A' + 'a');
        }
    }
}

static enum ch_code check_characters(struct ch_str text, struct ch_err *err)
{
    if (text.len == 0 || text.len > ch_limits.url_bytes) {
        return refuse(text, CH_E_LIMIT, text.len == 0 ? "is empty" : "is too long", err);
    }
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] <= 0x20 || text.ptr[i] == 0x7f) {
            return refuse(text, CH_E_FORMAT, "holds a space or control character", err);
        }
    }
    return CH_OK;
}

static enum ch_code fill(CURLU *u, struct ch_str text, struct ch_url *url, struct ch_err *err)
{
    char *scheme = take_part(u, CURLUPART_SCHEME, 0);
    bool https = ch_str_eq(ch_str_of(scheme), CH_STR("https"));
    bool http = ch_str_eq(ch_str_of(scheme), CH_STR("http"));
    free(scheme);
    if (!https && !http) {
        return refuse(text, CH_E_DENIED, "only http and https are fetched", err);
    }
    CH_ASSERT(curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK);
    char *port = take_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
    uint64_t number = 0;
    bool port_ok = ch_str_u64(ch_str_of(port), &number) && number > 0 && number <= UINT16_MAX;
    free(port);
    if (!port_ok) {
        return refuse(text, CH_E_FORMAT, "its port is not 1 to 65535", err);
    }
    url->https = https;
    url->port = (uint16_t)number;
    url->port_is_default = url->port == (https ? 443 : 80);
    url->host = take_part(u, CURLUPART_HOST, 0);
    url->text = take_part(u, CURLUPART_URL, 0);
    lower(url->host);
    if (url->host == NULL || url->text == NULL) {
        return refuse(text, CH_E_FORMAT, "has no host", err);
    }
    return check_characters(ch_str_of(url->text), err); /* a host is decoded by now, and a path encoded */
}

enum ch_code ch_url_parse(struct ch_str text, const struct ch_url *base, struct ch_url *ret,
                          struct ch_err *err)
{
    enum ch_code rc = check_characters(text, err);
    if (rc != CH_OK) {
        return rc;
    }
    CURLU *u CH_CLEANUP(cleanup_url) = curl_url();
    CH_ASSERT(u != NULL);
    if (base != NULL) {
        CH_ASSERT(curl_url_set(u, CURLUPART_URL, base->text, 0) == CURLUE_OK);
    }
    char *copy = ch_str_dup(text);
    /* Raw bytes above ASCII are percent-encoded; a host with such bytes is on no allow-list. */
    CURLUcode cu = curl_url_set(u, CURLUPART_URL, copy, CURLU_DISALLOW_USER | CURLU_URLENCODE);
    free(copy);
    if (cu == CURLUE_USER_NOT_ALLOWED) {
        return refuse(text, CH_E_DENIED, "user name or password in a URL is refused", err);
    }
    if (cu == CURLUE_UNSUPPORTED_SCHEME) {
        return refuse(text, CH_E_DENIED, "only http and https are fetched", err);
    }
    if (cu != CURLUE_OK) {
        return refuse(text, CH_E_FORMAT, curl_url_strerror(cu), err);
    }
    struct ch_url url = {0};
    rc = fill(u, text, &url, err);
    if (rc != CH_OK) {
        ch_url_done(&url);
        return rc;
    }
    *ret = url;
    return CH_OK;
}

void ch_url_done(struct ch_url *url)
{
    free(url->text);
    free(url->host);
    *url = (struct ch_url){0};
}

/* `host` is the URL's, or the end of it. */
static bool same_host_and_port(const struct ch_url *url, struct ch_str host, struct ch_str text,
                               bool default_port_ok)
{
    if (!ch_str_eq_nocase(ch_str_sub(text, 0, host.len), host)) {
        return false;
    }
    struct ch_str rest = ch_str_sub(text, host.len, text.len);
    if (rest.len == 0) {
        return default_port_ok && url->port_is_default;
    }
    uint64_t port;
    return rest.ptr[0] == ':' && ch_str_u64(ch_str_sub(rest, 1, rest.len), &port) &&
           port == url->port;
}

bool ch_url_has_origin(const struct ch_url *url, struct ch_str origin)
{
    struct ch_str scheme = url->https ? CH_STR("https://") : CH_STR("http://");
    return ch_str_starts(origin, scheme) &&
           same_host_and_port(url, ch_str_of(url->host), ch_str_sub(origin, scheme.len, origin.len),
                              true);
}

bool ch_url_has_host(const struct ch_url *url, struct ch_str entry)
{
    return entry.len > 0 && same_host_and_port(url, ch_str_of(url->host), entry, true);
}

/* A * that a redirect spells is no name, and neither is what stands for nothing. */
static bool is_label(struct ch_str label)
{
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != '_') {
            return false;
        }
    }
    return label.len > 0;
}

bool ch_url_matches_host(const struct ch_url *url, struct ch_str entry)
{
    const struct ch_str star = CH_STR("*.");
    struct ch_str rest = ch_str_of(url->host);
    struct ch_str label = {NULL, 0};
    return url->https && ch_str_starts(entry, star) && ch_str_split(&rest, '.', &label) &&
           rest.len > 0 && is_label(label) &&
           same_host_and_port(url, rest, ch_str_sub(entry, star.len, entry.len), true);
}
