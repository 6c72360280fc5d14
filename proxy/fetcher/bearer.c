/* A registry that wants a token says so with 401 and where it is to be had:
 *
 *   GET resource        -> 401, WWW-Authenticate: Bearer realm, service, scope
 *   GET realm?service&scope, with the credentials of that origin, if any -> a token
 *   GET resource, Authorization: Bearer, again
 *
 * The token goes to the origin that asked for it and nowhere else; it is kept in memory, for its
 * life, and is in no message. Where a token led to, the next URL beside it is asked with it at
 * once: all manifests and blobs of one name lie under one path, and so does a token's scope. */
#include "proxy/fetcher/bearer.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/instance.h"
#include "customhouse/limits.h"
#include "proxy/fetcher/challenge.h"
#include "proxy/fetcher/fetch_int.h"
#include "proxy/fetcher/transfer.h"

/* ------------------------------------------------------------------ what is kept */

struct held {
    char *space; /* the URLs that begin so are asked with it */
    char *key;   /* realm, service and scope */
    char *token;
    uint64_t until_ms;
};

struct ch_fetch_tokens {
    struct held *items; /* the oldest first */
    size_t count;
    size_t max;
};

struct ch_fetch_tokens *ch_fetch_tokens_new(void)
{
    struct ch_fetch_tokens *t = ch_calloc(1, sizeof(*t));
    t->max = ch_limits.fetch_tokens;
    t->items = ch_calloc(t->max, sizeof(*t->items));
    return t;
}

static void forget(struct ch_fetch_tokens *t, size_t at)
{
    struct held *h = &t->items[at];
    explicit_bzero(h->token, strlen(h->token));
    free(h->token);
    free(h->space);
    free(h->key);
    t->count--;
    memmove(h, h + 1, (t->count - at) * sizeof(*h));
}

void ch_fetch_tokens_free(struct ch_fetch_tokens *t)
{
    if (t != NULL) {
        while (t->count > 0) {
            forget(t, t->count - 1);
        }
        free(t->items);
        free(t);
    }
}

static void forget_old(struct ch_fetch_tokens *t)
{
    uint64_t now = ch_now_boot_ms();
    for (size_t i = t->count; i > 0; i--) {
        if (t->items[i - 1].until_ms <= now) {
            forget(t, i - 1);
        }
    }
}

static void keep(struct ch_fetch_tokens *t, char *space, char *key, struct ch_str token,
                 uint64_t until_ms)
{
    if (t->count == t->max) {
        forget(t, 0);
    }
    t->items[t->count++] =
        (struct held){.space = space, .key = key, .token = ch_str_dup(token), .until_ms = until_ms};
}

/* "https://host/v2/NAME/" of ".../v2/NAME/blobs/DIGEST": without the query and the last two
 * segments. The origin at least, so that it never matches another host. */
static char *space_of(const struct ch_url *url)
{
    struct ch_str text = ch_str_of(url->text);
    size_t end = text.len;
    size_t least = 0;
    CH_IGNORE(ch_str_find_char(text, '?', &end));
    CH_ASSERT(ch_str_find(text, CH_STR("://"), &least));
    size_t path = text.len;
    CH_IGNORE(ch_str_find_char(ch_str_sub(text, least + 3, text.len), '/', &path));
    least += 3 + path;
    for (unsigned segments = 0; end > least + 1 && segments < 2; segments++) {
        end--;
        while (end > least + 1 && text.ptr[end - 1] != '/') {
            end--;
        }
    }
    return ch_str_dup(ch_str_sub(text, 0, end > least ? end : least + 1));
}

static size_t find_space(struct ch_fetch_tokens *t, const struct ch_url *url)
{
    char *space = space_of(url);
    size_t at = 0;
    while (at < t->count && strcmp(t->items[at].space, space) != 0) {
        at++;
    }
    free(space);
    return at;
}

bool ch_bearer_put(struct ch_fetch_job *job)
{
    struct ch_fetch_tokens *t = job->site->tokens;
    job->bearer_sent = false;
    forget_old(t);
    size_t at = find_space(t, &job->url);
    if (at == t->count || !ch_fetch_site_is_own(job->site, &job->url)) {
        return false;
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.fetch_token_bytes + 16);
    ch_buf_puts(&b, CH_STR("Bearer "));
    ch_buf_puts(&b, ch_str_of(t->items[at].token));
    ch_transfer_header(&job->headers, "Authorization", ch_buf_str(&b));
    explicit_bzero(b.ptr, b.len);
    ch_buf_done(&b);
    job->bearer_sent = true;
    return true;
}

/* ------------------------------------------------------------------ asking */

/* One token that is asked for, on behalf of a job. */
struct ch_bearer_ask {
    struct ch_url url;
    char *key;
    struct ch_buf document;
    uint64_t header_bytes;
    bool too_long;
};

const struct ch_url *ch_bearer_url(const struct ch_fetch_job *job)
{
    return job->ask != NULL ? &job->ask->url : NULL;
}

void ch_bearer_drop(struct ch_fetch_job *job)
{
    struct ch_bearer_ask *ask = job->ask;
    if (ask == NULL) {
        return;
    }
    if (ask->document.ptr != NULL) {
        explicit_bzero(ask->document.ptr, ask->document.len);
    }
    ch_buf_done(&ask->document);
    ch_url_done(&ask->url);
    free(ask->key);
    free(ask);
    job->ask = NULL;
}

static size_t on_header(char *ptr, size_t size, size_t count, void *owner)
{
    struct ch_bearer_ask *ask = ((struct ch_fetch_job *)owner)->ask;
    (void)ptr;
    ask->header_bytes += size * count;
    ask->too_long = ask->too_long || ask->header_bytes > ch_limits.fetch_header_bytes;
    return ask->too_long ? 0 : size * count;
}

static size_t on_body(char *ptr, size_t size, size_t count, void *owner)
{
    struct ch_bearer_ask *ask = ((struct ch_fetch_job *)owner)->ask;
    ch_buf_put(&ask->document, ptr, size * count);
    ask->too_long = ask->too_long || ask->document.failed;
    return ask->too_long ? CURL_WRITEFUNC_ERROR : size * count;
}

/* "for example: REALM?service=...&scope=..." */
static void put_query(struct ch_buf *b, const char *name, struct ch_str value)
{
    if (value.len == 0) {
        return;
    }
    ch_buf_putc(b, ch_str_find_char(ch_buf_str(b), '?', NULL) ? '&' : '?');
    ch_buf_printf(b, "%s=", name);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            ch_buf_putc(b, c);
        } else {
            ch_buf_printf(b, "%%%02X", (unsigned)(unsigned char)c);
        }
    }
}

/* NAME of ".../v2/NAME/manifests/REFERENCE", blobs or tags: absent where there is none. */
static struct ch_str name_of(struct ch_str url)
{
    const struct ch_str none = {NULL, 0};
    const struct ch_str before = CH_STR("/v2/");
    struct ch_str segment[2] = {none, none}; /* the last one, and the one before */
    size_t at;
    url = ch_str_find_char(url, '?', &at) ? ch_str_sub(url, 0, at) : url;
    url = ch_str_find(url, CH_STR("://"), &at) ? ch_str_sub(url, at + 3, url.len) : none;
    url = ch_str_find(url, before, &at) ? ch_str_sub(url, at + before.len, url.len) : none;
    for (size_t i = 0; i < CH_ARRAY_LEN(segment); i++) {
        at = url.len;
        while (at > 0 && url.ptr[at - 1] != '/') {
            at--;
        }
        if (at == 0) {
            return none;
        }
        segment[i] = ch_str_sub(url, at, url.len);
        url = ch_str_sub(url, 0, at - 1);
    }
    bool known = ch_str_eq(segment[1], CH_STR("manifests")) ||
                 ch_str_eq(segment[1], CH_STR("blobs")) || ch_str_eq(segment[1], CH_STR("tags"));
    return known ? url : none;
}

/* T13: with our credentials a token is asked for what this very job is for, whatever a registry
 * would have us ask for: none, or "repository:NAME:pull" of its name. */
static enum ch_code check_scope(const struct ch_fetch_job *job, const struct ch_challenge *c,
                                struct ch_err *err)
{
    const struct ch_str begin = CH_STR("repository:");
    const struct ch_str end = CH_STR(":pull");
    struct ch_str name = name_of(job->spec.url);
    if (c->scope.len == 0) {
        return CH_OK;
    }
    if (name.len == 0) {
        return ch_fail(err, CH_E_DENIED, "it asks for a scope, of a path without a name");
    }
    if (c->scope.len == begin.len + name.len + end.len && ch_str_starts(c->scope, begin) &&
        ch_str_eq(ch_str_sub(c->scope, begin.len, name.len), name) &&
        ch_str_eq(ch_str_sub(c->scope, begin.len + name.len, c->scope.len), end)) {
        return CH_OK;
    }
    return ch_fail(err, CH_E_DENIED, "the scope it asks for is not repository:%.*s:pull",
                   CH_STR_ARG(ch_str_sub(name, 0, 200)));
}

/* Realms are absolute; the hosts of upstream are all that may be one (T13). */
static enum ch_code set_url(struct ch_fetch_job *job, const struct ch_challenge *c,
                            struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.url_bytes);
    ch_buf_puts(&b, c->realm);
    put_query(&b, "service", c->service);
    put_query(&b, "scope", c->scope);
    enum ch_code rc = ch_buf_ok(&b, err);
    rc = rc == CH_OK ? ch_url_parse(ch_buf_str(&b), NULL, &job->ask->url, err) : rc;
    rc = rc == CH_OK ? ch_fetch_site_check(job->site, &job->ask->url, err) : rc;
    ch_buf_done(&b);
    return rc;
}

static void on_token_done(void *owner, CURLcode result);

static enum ch_code start(struct ch_fetch_job *job, struct ch_err *err)
{
    job->easy = curl_easy_init();
    CH_ASSERT(job->easy != NULL);
    ch_transfer_header(&job->headers, "Accept", CH_STR("application/json"));
    if (job->site->instance_id[0] != '\0') {
        ch_transfer_header(&job->headers, CH_INSTANCE_HEADER, ch_str_of(job->site->instance_id));
    }
    CURLcode rc = ch_fetch_request_set(job, &job->ask->url);
    CH_CURL_SET(job->easy, rc, CURLOPT_HEADERFUNCTION, on_header);
    CH_CURL_SET(job->easy, rc, CURLOPT_HEADERDATA, job);
    CH_CURL_SET(job->easy, rc, CURLOPT_WRITEFUNCTION, on_body);
    CH_CURL_SET(job->easy, rc, CURLOPT_WRITEDATA, job);
    enum ch_code code = CH_OK;
    if (rc != CURLE_OK) {
        code = ch_fail(err, CH_E_SYSTEM, "libcurl: %s", curl_easy_strerror(rc));
    } else {
        code = ch_fetch_multi_add(job->site->multi, job->easy, on_token_done, err);
    }
    if (code != CH_OK) {
        ch_fetch_request_drop(job);
    }
    return code;
}

static char *key_of(const struct ch_challenge *c)
{
    struct ch_buf b;
    ch_buf_init(&b, CH_FETCH_CHALLENGE_BYTES + 8);
    ch_buf_printf(&b, "%.*s\n%.*s\n%.*s", CH_STR_ARG(c->realm), CH_STR_ARG(c->service),
                  CH_STR_ARG(c->scope));
    char *key = ch_str_dup(ch_buf_str(&b));
    ch_buf_done(&b);
    return key;
}

/* A token of another path that was given for the very same; where it is there it counts for this
 * path, too. */
static bool take_over(struct ch_fetch_job *job, const char *key)
{
    struct ch_fetch_tokens *t = job->site->tokens;
    for (size_t i = 0; i < t->count; i++) {
        const struct held *h = &t->items[i];
        if (strcmp(h->key, key) == 0) {
            char *token = ch_str_dup(ch_str_of(h->token));
            keep(t, space_of(&job->url), ch_str_dup(ch_str_of(key)), ch_str_of(token), h->until_ms);
            explicit_bzero(token, strlen(token));
            free(token);
            return true;
        }
    }
    return false;
}

/* Those that the registry has just refused. */
static void forget_refused(struct ch_fetch_job *job, const char *key)
{
    struct ch_fetch_tokens *t = job->site->tokens;
    char *space = space_of(&job->url);
    for (size_t i = t->count; i > 0; i--) {
        const struct held *h = &t->items[i - 1];
        if (strcmp(h->space, space) == 0 || strcmp(h->key, key) == 0) {
            forget(t, i - 1);
        }
    }
    free(space);
}

bool ch_bearer_challenged(struct ch_fetch_job *job)
{
    struct ch_challenge c;
    struct ch_err err;
    if (job->answer.challenge[0] == '\0' || job->token_asked ||
        !ch_fetch_site_is_own(job->site, &job->url)) {
        return false;
    }
    enum ch_code rc = ch_challenge_parse(ch_str_of(job->answer.challenge), &c, &err);
    rc = rc == CH_OK ? check_scope(job, &c, &err) : rc;
    if (rc == CH_E_DENIED) {
        ch_fetch_job_no_token(job, 0, err.msg);
        return true;
    }
    if (rc != CH_OK) {
        return false; /* of another kind, for which there are credentials or none */
    }
    char *key = key_of(&c);
    if (job->bearer_sent) {
        forget_refused(job, key);
    }
    if (take_over(job, key)) {
        free(key);
        ch_fetch_job_send(job);
        return true;
    }
    job->token_asked = true;
    job->bearer_sent = false;
    job->ask = ch_calloc(1, sizeof(*job->ask));
    job->ask->key = key;
    ch_buf_init(&job->ask->document, ch_limits.fetch_token_document_bytes);
    if (set_url(job, &c, &err) != CH_OK) {
        ch_fetch_job_no_token(job, 0, err.msg);
    } else if (start(job, &err) != CH_OK) {
        ch_fetch_job_fail(job, &err);
    }
    return true;
}

/* ------------------------------------------------------------------ the answer */

static enum ch_code take_token(struct ch_fetch_job *job, struct ch_err *err)
{
    struct ch_token token;
    enum ch_code rc = ch_token_scan(ch_buf_str(&job->ask->document), &token, err);
    if (rc != CH_OK) {
        return rc;
    }
    keep(job->site->tokens, space_of(&job->url), job->ask->key, token.text,
         ch_now_boot_ms() + (uint64_t)token.life_seconds * 1000);
    job->ask->key = NULL;
    return CH_OK;
}

static void on_token_done(void *owner, CURLcode result)
{
    struct ch_fetch_job *job = owner;
    struct ch_err err;
    long status = 0;
    char text[CURL_ERROR_SIZE];
    snprintf(text, sizeof(text), "%s", job->curl_text);
    CH_IGNORE(curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status) != CURLE_OK);
    ch_fetch_request_drop(job);
    if (job->ask->too_long) {
        ch_fetch_job_no_token(job, 0, "its answer is too long");
    } else if (result == CURLE_COULDNT_CONNECT && job->address_fail.code != CH_OK) {
        ch_fetch_job_fail(job, &job->address_fail);
    } else if (result != CURLE_OK) {
        ch_fetch_job_curl_failed(job, result, text);
    } else if (status == 200 && take_token(job, &err) == CH_OK) {
        ch_bearer_drop(job);
        ch_fetch_job_send(job);
    } else if (status == 200) {
        ch_fetch_job_no_token(job, 0, err.msg);
    } else {
        ch_fail(&err, CH_E_UPSTREAM, "answered %ld", status);
        ch_fetch_job_no_token(job, (uint32_t)status, err.msg);
    }
}
