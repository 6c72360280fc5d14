#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "customhouse/secret.h"
#include "customhouse/spawn.h"

#define COMMANDS_PATH  "/api/v1/commands"
#define TOKEN_VARIABLE "CUSTOMHOUSE_TOKEN"
#define TOKEN_BYTES    (sizeof(CH_SECRET_PREFIX) - 1 + CH_SECRET_DIGITS)

bool server_is_meant(const struct args *args)
{
    return args_has(args, "--server");
}

enum ch_code server_options_unused(const struct args *args, struct ch_err *err)
{
    static const char *const names[] = {"--token-file", "--ca", "--insecure-http"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (args_has(args, names[i])) {
            return ch_fail(err, CH_E_USAGE, "%s: goes with --server", names[i]);
        }
    }
    return CH_OK;
}

/* ------------------------------------------------------------------ where, and as whom */

static enum ch_code read_url(const struct args *args, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_str url = ch_str_of(args_value(args, "--server"));
    const char *fault = ch_place_url_fault(url);
    if (fault != NULL) {
        return ch_fail(err, CH_E_USAGE, "--server: expected https://HOST:PORT, this %s", fault);
    }
    if (ch_str_starts(url, CH_STR("http://")) && !args_has(args, "--insecure-http")) {
        struct ch_str rest = ch_str_sub(url, 7, url.len), place, host = {NULL, 0};
        uint16_t port;
        ch_str_split(&rest, '/', &place);
        if (!ch_place_split(place, &host, &port)) {
            host = place; /* without a port */
        }
        if (!ch_place_is_loopback(host)) {
            return ch_fail(err, CH_E_USAGE,
                           "--server: plain HTTP on other than loopback shows the token to the "
                           "network: use https:// (or say --insecure-http)");
        }
    }
    while (url.len > 0 && url.ptr[url.len - 1] == '/') {
        url.len--;
    }
    ch_buf_puts(ret, url);
    ch_buf_puts(ret, CH_STR(COMMANDS_PATH));
    ch_buf_putc(ret, '\0');
    return ch_buf_ok(ret, err);
}

/* Who else may read it has it: such a file is not used, so that it is noticed. */
static enum ch_code read_token_file(const char *path, struct ch_buf *ret, struct ch_err *err)
{
    struct stat st;
    char text[256];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t n = -1;
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    enum ch_code rc = CH_OK;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        rc = ch_fail(err, CH_E_USAGE, "%s: is no regular file", path);
    } else if ((st.st_mode & 077) != 0) {
        rc = ch_fail(err, CH_E_USAGE,
                     "%s: others may read or write it (mode %04o): chmod 600, and have the token "
                     "revoked if anybody did",
                     path, (unsigned)st.st_mode & 07777u);
    } else if ((n = read(fd, text, sizeof(text))) < 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    } else {
        struct ch_str line = {text, (size_t)n};
        while (line.len > 0 && (line.ptr[line.len - 1] == '\n' || line.ptr[line.len - 1] == '\r')) {
            line.len--;
        }
        ch_buf_puts(ret, line);
    }
    explicit_bzero(text, sizeof(text));
    close(fd);
    return rc;
}

static enum ch_code read_token(const struct args *args, struct ch_buf *ret, struct ch_err *err)
{
    const char *path = args_value(args, "--token-file"), *text = getenv(TOKEN_VARIABLE);
    size_t at, end;
    enum ch_code rc = CH_OK;
    if (path != NULL) {
        rc = read_token_file(path, ret, err);
    } else if (text != NULL) {
        ch_buf_puts(ret, ch_str_of(text));
    } else {
        return ch_fail(err, CH_E_USAGE,
                       "--server: expected a token, by --token-file or " TOKEN_VARIABLE
                       " (customhouse token add --audience admin)");
    }
    if (rc == CH_OK && (ret->len != TOKEN_BYTES || !ch_secret_find(ch_buf_str(ret), &at, &end) ||
                        at != 0 || end != ret->len)) {
        rc = ch_fail(err, CH_E_USAGE, "%s: has no token (" CH_SECRET_PREFIX "...)",
                     path != NULL ? path : TOKEN_VARIABLE);
    }
    return rc;
}

/* ------------------------------------------------------------------ what is asked */

static void put_list(struct ch_buf *b, const struct ch_command *c, bool options)
{
    size_t n = 0;
    for (uint32_t i = 0; i < c->arg_count; i++) {
        if ((c->key[i].len > 0) != options) {
            continue;
        }
        ch_buf_puts(b, n++ > 0   ? CH_STR(",")
                       : options ? CH_STR(",\"options\":{")
                                 : CH_STR(",\"words\":["));
        if (options) {
            ch_buf_put_json(b, c->key[i]);
            ch_buf_putc(b, ':');
        }
        ch_buf_put_json(b, options && c->value[i].ptr == NULL ? CH_STR("true") : c->value[i]);
    }
    if (n > 0) {
        ch_buf_putc(b, options ? '}' : ']');
    }
}

static void put_request(struct ch_buf *b, const struct ch_command *c, struct ch_str input)
{
    ch_buf_puts(b, CH_STR("{\"command\":"));
    ch_buf_put_json(b, c->name);
    put_list(b, c, false);
    put_list(b, c, true);
    ch_buf_printf(b, ",\"json\":%s", c->json ? "true" : "false");
    if (input.len > 0) {
        ch_buf_puts(b, CH_STR(",\"input\":\""));
        ch_buf_put_base64(b, input.ptr, input.len);
        ch_buf_putc(b, '"');
    }
    ch_buf_putc(b, '}');
}

/* ------------------------------------------------------------------ the program that asks */

static enum ch_code memory_file(struct ch_str text, int *ret_fd, struct ch_err *err)
{
    int fd = memfd_create("customhouse", MFD_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "memory file");
    }
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n <= 0) {
            enum ch_code rc = ch_fail_errno(err, errno, "memory file");
            close(fd);
            return rc;
        }
        text = ch_str_sub(text, (size_t)n, text.len);
    }
    CH_ASSERT(lseek(fd, 0, SEEK_SET) == 0);
    *ret_fd = fd;
    return CH_OK;
}

static enum ch_code run_reach(const char *url, const char *certificates, const char *method, int in,
                              int out, bool *ret_answered, struct ch_err *err)
{
    char *folder = NULL;
    char program[4096];
    int status = 0;
    enum ch_code rc = ch_spawn_folder(&folder, err);
    if (rc != CH_OK) {
        return rc;
    }
    snprintf(program, sizeof(program), "%s/reach", folder);
    free(folder);
    pid_t pid = fork();
    if (pid < 0) {
        return ch_fail_errno(err, errno, "fork");
    }
    if (pid == 0) {
        if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0) {
            unsetenv(TOKEN_VARIABLE);
            execl(program, "reach", url, certificates, method, (char *)NULL);
        }
        fprintf(stderr, "%s: %s\n", program, strerror(errno));
        _exit(1);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    *ret_answered = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return CH_OK;
}

/* ------------------------------------------------------------------ what is answered */

/* The keeper escaped what came from outside; this keeps a terminal from a server that did not:
 * control characters but line feed and tab become \xNN, also those of C1. */
static void put_shown(struct ch_buf *b, struct ch_str s)
{
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        unsigned char next = i + 1 < s.len ? (unsigned char)s.ptr[i + 1] : 0;
        bool c1 = c == 0xc2 && next >= 0x80 && next < 0xa0;
        if ((c >= 0x20 && c != 0x7f && !c1) || c == '\n' || c == '\t') {
            continue;
        }
        ch_buf_puts(b, ch_str_sub(s, from, i - from));
        ch_buf_printf(b, "\\x%02x", c1 ? next : c);
        i += c1;
        from = i + 1;
    }
    ch_buf_puts(b, ch_str_sub(s, from, s.len));
}

static void put_member(struct ch_buf *b, const json_t *root, const char *name)
{
    const json_t *v = json_object_get(root, name);
    if (json_is_string(v)) {
        put_shown(b, (struct ch_str){json_string_value(v), json_string_length(v)});
    }
}

/* 200 of a command that was run; else a problem (RFC 9457), of whatever answered. */
static enum ch_code take_answer(struct ch_str answer, const char *url, struct ch_buf *output,
                                struct ch_buf *words, int *ret_status, struct ch_err *err)
{
    struct ch_str line, rest = answer, status;
    ch_str_split(&rest, '\n', &line);
    ch_str_split(&line, ' ', &status);
    json_t *root = ch_str_find(line, CH_STR("json"), NULL)
                       ? json_loadb(rest.ptr != NULL ? rest.ptr : "", rest.len,
                                    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL)
                       : NULL;
    const json_t *exit_status = json_object_get(root, "exit_status");
    enum ch_code rc = CH_OK;
    *ret_status = 1;
    if (ch_str_eq(status, CH_STR("200")) && json_is_integer(exit_status)) {
        *ret_status = json_integer_value(exit_status) == 0   ? 0
                      : json_integer_value(exit_status) == 2 ? 2
                                                             : 1;
        put_member(output, root, "output");
        put_member(words, root, "message");
    } else if (json_is_string(json_object_get(root, "detail"))) {
        *ret_status = ch_str_eq(status, CH_STR("400")) ? 2 : 1;
        put_member(words, root, "detail");
    } else {
        rc = ch_fail(err, CH_E_UPSTREAM,
                     "%s: answered %.*s, and not as an administrative interface does", url,
                     CH_STR_ARG(ch_str_sub(status, 0, 3)));
    }
    json_decref(root);
    return rc;
}

static enum ch_code read_answer(int fd, const char *url, struct ch_buf *ret, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || st.st_size <= 0) {
        return ch_fail(err, CH_E_UPSTREAM, "%s: no answer", url);
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED) {
        return ch_fail_errno(err, errno, "the answer");
    }
    ch_buf_puts(ret, (struct ch_str){map, (size_t)st.st_size});
    munmap(map, (size_t)st.st_size);
    return ch_buf_ok(ret, err);
}

/* ------------------------------------------------------------------ all */

enum ch_code server_reach(const char *url, const char *certificates, const char *method,
                          struct ch_str request, struct ch_buf *answer, bool *ret_answered,
                          struct ch_err *err)
{
    int in = -1, out = -1;
    *ret_answered = false;
    enum ch_code rc = memory_file(request, &in, err);
    rc = rc == CH_OK ? memory_file((struct ch_str){NULL, 0}, &out, err) : rc;
    rc = rc == CH_OK ? run_reach(url, certificates != NULL ? certificates : "", method, in, out,
                                 ret_answered, err)
                     : rc;
    if (rc == CH_OK && *ret_answered) {
        rc = read_answer(out, url, answer, err);
    }
    if (in >= 0) {
        close(in);
    }
    if (out >= 0) {
        close(out);
    }
    return rc;
}

static enum ch_code exchange(const struct args *args, const char *url, struct ch_str request,
                             struct ch_buf *output, struct ch_buf *words, int *ret_status,
                             struct ch_err *err)
{
    struct ch_buf answer;
    bool answered = false;
    ch_buf_init(&answer, SIZE_MAX / 2); /* bounded by who reaches it */
    enum ch_code rc =
        server_reach(url, args_value(args, "--ca"), "POST", request, &answer, &answered, err);
    if (rc == CH_OK && answered) {
        rc = take_answer(ch_buf_str(&answer), url, output, words, ret_status, err);
    } else if (rc == CH_OK) {
        *ret_status = 1; /* it has said why */
    }
    ch_buf_done(&answer);
    return rc;
}

enum ch_code server_ask(const struct args *args, const struct ch_command *command,
                        struct ch_str input, struct ch_buf *output, struct ch_buf *words,
                        int *ret_status, struct ch_err *err)
{
    struct ch_buf url, request;
    ch_buf_init(&url, 4096);
    ch_buf_init(&request, (size_t)ch_limits.admin_body_bytes + 128);
    CH_ASSERT(ch_buf_reserve(&request, 4096) != NULL);
    enum ch_code rc = args_value(args, "--state") == NULL
                          ? read_url(args, &url, err)
                          : ch_fail(err, CH_E_USAGE, "--server and --state: one of both");
    rc = rc == CH_OK ? read_token(args, &request, err) : rc;
    if (rc == CH_OK) {
        ch_buf_putc(&request, '\n');
        put_request(&request, command, input);
        rc = ch_buf_ok(&request, err);
        rc = rc == CH_OK
                 ? exchange(args, url.ptr, ch_buf_str(&request), output, words, ret_status, err)
                 : ch_wrap(err, "what is asked is longer than the interface takes");
    }
    if (request.ptr != NULL) {
        explicit_bzero(request.ptr, request.len < TOKEN_BYTES ? request.len : TOKEN_BYTES);
    }
    ch_buf_done(&request);
    ch_buf_done(&url);
    return rc;
}
