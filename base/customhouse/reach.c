/* reach URL CERTIFICATES [METHOD]: one request (POST) to the administrative interface of another
 * machine, for `customhouse --server`, or to the API server of a cluster, for `runtime sweep`. A program of its own, so that the supervisor, which is the same program
 * as the command line, has no client of HTTP in it.
 *
 * Descriptor 0 has the token, a line feed, and the request's body; both stay out of the arguments,
 * which everybody can read. Descriptor 1 gets "STATUS CONTENT-TYPE", a line feed, and the answer's
 * body. Exit status 1: there was no answer, and why is on descriptor 2. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/bytes.h"
#include "customhouse/limits.h"

#define CONNECT_MS 30000

static enum ch_code read_all(struct ch_buf *b, struct ch_err *err)
{
    for (;;) {
        char piece[16384];
        ssize_t n = read(STDIN_FILENO, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            explicit_bzero(piece, sizeof(piece));
            return n == 0 ? ch_buf_ok(b, err) : ch_fail_errno(err, errno, "what to ask");
        }
        ch_buf_put(b, piece, (size_t)n);
    }
}

static size_t on_body(char *piece, size_t one, size_t len, void *arg)
{
    struct ch_buf *answer = arg;
    ch_buf_put(answer, piece, one * len);
    return answer->failed ? 0 : one * len;
}

static bool is_plain(struct ch_str url)
{
    return ch_str_starts(url, CH_STR("http://"));
}

static void set_up(CURL *e, const char *url, const char *certificates, const char *method,
                   struct curl_slist *headers, struct ch_str body, struct ch_buf *answer, char *why)
{
    curl_easy_setopt(e, CURLOPT_URL, url);
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    /* longer than the server waits, which then says so */
    curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)ch_limits.admin_command_wait_ms + CONNECT_MS);
    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, headers);
    if (strcmp(method, "GET") != 0) {
        curl_easy_setopt(e, CURLOPT_POST, 1L);
        curl_easy_setopt(e, CURLOPT_POSTFIELDS, body.ptr);
        curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, method);
    }
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (certificates[0] != '\0') { /* these, and no others */
        curl_easy_setopt(e, CURLOPT_CAINFO, certificates);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    }
    if (is_plain(ch_str_of(url))) { /* no proxy reads the token */
        curl_easy_setopt(e, CURLOPT_PROXY, "");
    }
}

static struct curl_slist *make_headers(struct ch_str token)
{
    struct ch_buf line;
    ch_buf_init(&line, ch_limits.http_line_bytes);
    ch_buf_printf(&line, "Authorization: Bearer %.*s%c", CH_STR_ARG(token), '\0');
    struct curl_slist *list = curl_slist_append(NULL, line.failed ? "Authorization:" : line.ptr);
    list = list != NULL ? curl_slist_append(list, "Content-Type: application/json") : NULL;
    list = list != NULL ? curl_slist_append(list, "Expect:") : NULL; /* it is sent at once */
    CH_ASSERT(list != NULL);
    explicit_bzero(line.ptr, line.len);
    ch_buf_done(&line);
    return list;
}

static enum ch_code ask(char **argv, const char *method, struct ch_str token, struct ch_str body,
                        struct ch_buf *answer, struct ch_err *err)
{
    const char *url = argv[1], *certificates = argv[2];
    char why[CURL_ERROR_SIZE] = "";
    CURL *e = curl_easy_init();
    struct curl_slist *headers = make_headers(token);
    long status = 0;
    const char *type = NULL;
    CH_ASSERT(e != NULL);
    set_up(e, url, certificates, method, headers, body, answer, why);
    CURLcode code = curl_easy_perform(e);
    enum ch_code rc = CH_OK;
    if (code != CURLE_OK) {
        rc = ch_fail(err, CH_E_CLOSED, "%s: %s", url,
                     answer->failed   ? "the answer is too long"
                     : why[0] != '\0' ? why
                                      : curl_easy_strerror(code));
    } else {
        curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(e, CURLINFO_CONTENT_TYPE, &type);
        printf("%ld %s\n", status, type != NULL ? type : "");
        fwrite(answer->ptr != NULL ? answer->ptr : "", 1, answer->len, stdout);
        rc = fflush(stdout) == 0 ? CH_OK : ch_fail_errno(err, errno, "the answer");
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(e);
    return rc;
}

int main(int argc, char **argv)
{
    struct ch_buf in, answer;
    struct ch_err err;
    size_t end;
    ch_buf_init(&in, (size_t)ch_limits.admin_body_bytes + 1024);
    ch_buf_init(&answer, 2 * (size_t)ch_limits.admin_answer_bytes);
    enum ch_code rc = argc == 3 || argc == 4
                          ? read_all(&in, &err)
                          : ch_fail(&err, CH_E_USAGE, "reach: it is started by customhouse");
    if (rc == CH_OK && !ch_str_find_char(ch_buf_str(&in), '\n', &end)) {
        rc = ch_fail(&err, CH_E_USAGE, "reach: no token");
    }
    if (rc == CH_OK) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        rc = ask(argv, argc == 4 ? argv[3] : "POST", ch_str_sub(ch_buf_str(&in), 0, end),
                 ch_str_sub(ch_buf_str(&in), end + 1, in.len), &answer, &err);
        curl_global_cleanup();
    }
    if (rc != CH_OK) {
        struct ch_buf shown;
        ch_buf_init(&shown, 8 * sizeof(err.msg));
        ch_buf_put_escaped(&shown, ch_str_of(err.msg));
        fprintf(stderr, "%.*s\n", CH_STR_ARG(ch_buf_str(&shown)));
        ch_buf_done(&shown);
    }
    if (in.ptr != NULL) {
        explicit_bzero(in.ptr, in.len);
    }
    ch_buf_done(&in);
    ch_buf_done(&answer);
    return rc == CH_OK ? 0 : 1;
}
