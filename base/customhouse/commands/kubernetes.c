#include "kubernetes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config/place.h"
#include "server.h"

#define ACCOUNT     "/var/run/secrets/kubernetes.io/serviceaccount/"
#define TOKEN_BYTES 16384
#define ANSWER_MAX  (256u << 20)

static enum ch_code read_token(const char *path, struct ch_buf *ret, struct ch_err *err)
{
    char text[TOKEN_BYTES];
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        ch_fail_errno(err, errno, "%s", path);
        return err->code = CH_E_USAGE;
    }
    size_t n = fread(text, 1, sizeof(text), f);
    fclose(f);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) {
        n--;
    }
    bool good = n > 0 && n < sizeof(text);
    for (size_t i = 0; good && i < n; i++) {
        good = text[i] > ' ' && text[i] < 0x7f;
    }
    if (good) {
        ch_buf_put(ret, text, n);
    }
    explicit_bzero(text, sizeof(text));
    return good ? ch_buf_ok(ret, err)
                : ch_fail(err, CH_E_USAGE, "%s: expected a token on one line", path);
}

/* What a pod has of its service account. */
static enum ch_code place_inside(struct kubernetes *k, struct ch_err *err)
{
    const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
    if (host == NULL || port == NULL) {
        return ch_fail(err, CH_E_USAGE,
                       "runtime sweep: in no pod: expected --kubernetes https://HOST:PORT, "
                       "--kubernetes-ca and --kubernetes-token");
    }
    bool six = strchr(host, ':') != NULL;
    snprintf(k->url, sizeof(k->url), "https://%s%s%s:%s", six ? "[" : "", host, six ? "]" : "",
             port);
    snprintf(k->certificates, sizeof(k->certificates), ACCOUNT "ca.crt");
    return read_token(ACCOUNT "token", &k->token, err);
}

static enum ch_code place_named(const struct args *args, struct kubernetes *k, struct ch_err *err)
{
    const char *url = args_value(args, "--kubernetes"), *ca = args_value(args, "--kubernetes-ca"),
               *token = args_value(args, "--kubernetes-token");
    if (url == NULL || ca == NULL || token == NULL) {
        return ch_fail(err, CH_E_USAGE,
                       "--kubernetes, --kubernetes-ca and --kubernetes-token go together");
    }
    struct ch_str s = ch_str_of(url);
    const char *fault = ch_place_url_fault(s);
    if (fault != NULL || !ch_str_starts(s, CH_STR("https://")) || s.len >= sizeof(k->url)) {
        return ch_fail(err, CH_E_USAGE, "--kubernetes: expected https://HOST:PORT%s%s",
                       fault != NULL ? ", this " : "", fault != NULL ? fault : "");
    }
    while (s.len > 0 && s.ptr[s.len - 1] == '/') {
        s.len--;
    }
    snprintf(k->url, sizeof(k->url), "%.*s", CH_STR_ARG(s));
    if (!ch_str_copy(ch_str_of(ca), k->certificates, sizeof(k->certificates))) {
        return ch_fail(err, CH_E_USAGE, "--kubernetes-ca: a path that is too long");
    }
    return read_token(token, &k->token, err);
}

enum ch_code kubernetes_open(const struct args *args, struct kubernetes *ret, struct ch_err *err)
{
    *ret = (struct kubernetes){.url = ""};
    ch_buf_init(&ret->token, TOKEN_BYTES);
    CH_ASSERT(ch_buf_reserve(&ret->token, TOKEN_BYTES) != NULL); /* no copy stays behind */
    bool named = args_has(args, "--kubernetes") || args_has(args, "--kubernetes-ca") ||
                 args_has(args, "--kubernetes-token");
    return named ? place_named(args, ret, err) : place_inside(ret, err);
}

void kubernetes_close(struct kubernetes *k)
{
    if (k->token.ptr != NULL) {
        explicit_bzero(k->token.ptr, k->token.len);
    }
    ch_buf_done(&k->token);
}

bool kubernetes_is_name(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool inner = i > 0 && i + 1 < n && (c == '-' || c == '.');
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || inner)) {
            return false;
        }
    }
    return n > 0 && n <= 253;
}

static enum ch_code ask(const struct kubernetes *k, const char *method, const char *path,
                        struct ch_str body, int *ret_status, struct ch_buf *answer,
                        struct ch_err *err)
{
    struct ch_buf request;
    char url[8192];
    bool answered = false;
    int n = snprintf(url, sizeof(url), "%s%s", k->url, path);
    if (n < 0 || (size_t)n >= sizeof(url)) {
        return ch_fail(err, CH_E_LIMIT,
                       "the API server wants a longer address than there is room for");
    }
    ch_buf_init(&request, TOKEN_BYTES + 4096);
    CH_ASSERT(ch_buf_reserve(&request, TOKEN_BYTES + 4096) != NULL);
    ch_buf_puts(&request, ch_buf_str(&k->token));
    ch_buf_putc(&request, '\n');
    ch_buf_puts(&request, body);
    enum ch_code rc = ch_buf_ok(&request, err);
    rc = rc == CH_OK ? server_reach(url, k->certificates, method, ch_buf_str(&request), answer,
                                    &answered, err)
                     : rc;
    *ret_status = 0;
    if (rc == CH_OK && answered) {
        struct ch_str line, status, rest = ch_buf_str(answer);
        uint64_t number = 0;
        ch_str_split(&rest, '\n', &line);
        ch_str_split(&line, ' ', &status);
        *ret_status = ch_str_u64(status, &number) && number < 1000 ? (int)number : 0;
    }
    explicit_bzero(request.ptr, request.len);
    ch_buf_done(&request);
    return rc;
}

enum ch_code kubernetes_get(const struct kubernetes *k, const char *path, int *ret_status,
                            json_t **ret, struct ch_err *err)
{
    struct ch_buf answer;
    ch_buf_init(&answer, ANSWER_MAX);
    *ret = NULL;
    enum ch_code rc = ask(k, "GET", path, (struct ch_str){NULL, 0}, ret_status, &answer, err);
    if (rc == CH_OK) {
        struct ch_str line, rest = ch_buf_str(&answer);
        ch_str_split(&rest, '\n', &line);
        *ret = json_loadb(rest.ptr != NULL ? rest.ptr : "", rest.len, JSON_REJECT_DUPLICATES, NULL);
    }
    ch_buf_done(&answer);
    return rc;
}

enum ch_code kubernetes_delete_pod(const struct kubernetes *k, const char *name_space,
                                   const char *pod, const char *uid, int *ret_status,
                                   struct ch_err *err)
{
    struct ch_buf body, answer;
    char path[1024];
    ch_buf_init(&body, 4096);
    ch_buf_init(&answer, ANSWER_MAX);
    snprintf(path, sizeof(path), "/api/v1/namespaces/%s/pods/%s", name_space, pod);
    ch_buf_puts(&body, CH_STR("{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\","
                              "\"preconditions\":{\"uid\":"));
    ch_buf_put_json(&body, ch_str_of(uid));
    ch_buf_puts(&body, CH_STR("}}"));
    enum ch_code rc = ch_buf_ok(&body, err);
    rc = rc == CH_OK ? ask(k, "DELETE", path, ch_buf_str(&body), ret_status, &answer, err) : rc;
    ch_buf_done(&body);
    ch_buf_done(&answer);
    return rc;
}
