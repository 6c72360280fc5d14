#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/confine.h"
#include "customhouse/limits.h"
#include "record.h"

/* ------------------------------------------------------------------ reading */

enum ch_code witness_texts_read(const struct witness_files_options *options,
                                struct witness_texts *ret, struct ch_err *err)
{
    struct witness_texts t;
    const struct {
        const char *path;
        struct ch_buf *text;
    } files[] = {
        {options->certificate, &t.certificate}, {options->key, &t.key}, {options->logs, &t.logs}};
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        ch_buf_init(files[i].text, ch_limits.setup_text_bytes);
        if (rc == CH_OK && files[i].path != NULL) {
            rc = record_read_named(AT_FDCWD, files[i].path, files[i].text, err);
        }
    }
    if (rc != CH_OK) {
        witness_texts_done(&t);
        return rc;
    }
    *ret = t;
    return CH_OK;
}

void witness_texts_done(struct witness_texts *t)
{
    if (t->key.ptr != NULL) {
        explicit_bzero(t->key.ptr, t->key.len);
    }
    ch_buf_done(&t->certificate);
    ch_buf_done(&t->key);
    ch_buf_done(&t->logs);
}

enum ch_code witness_logs_get(struct ch_str text, struct witness_log *list, size_t *count,
                              struct ch_err *err)
{
    struct ch_str line;
    for (size_t number = 1; ch_str_split(&text, '\n', &line); number++) {
        line.len -= ch_str_ends(line, CH_STR("\r"));
        line = ch_str_trim(line);
        if (line.len == 0 || line.ptr[0] == '#') {
            continue;
        }
        enum ch_code rc =
            *count < WITNESS_LOG_KEYS_MAX
                ? witness_log_get(line, &list[*count], err)
                : ch_fail(err, CH_E_LIMIT, "more than %d keys of logs", WITNESS_LOG_KEYS_MAX);
        if (rc != CH_OK) {
            return ch_wrap(err, "line %zu", number);
        }
        ++*count;
    }
    return CH_OK;
}

/* ------------------------------------------------------------------ an answer: its length, then
 * what it is */

#define LENGTH_BYTES 4

static size_t answer_max(void)
{
    return LENGTH_BYTES + 1 + 3 * (LENGTH_BYTES + (size_t)ch_limits.setup_text_bytes) +
           sizeof(((struct ch_err *)NULL)->msg);
}

static void put_answer(struct ch_buf *out, const struct witness_files_options *options)
{
    struct witness_texts t = {.certificate = {.ptr = NULL}};
    struct ch_err err;
    struct ch_buf what;
    ch_buf_init(&what, answer_max());
    enum ch_code rc = witness_texts_read(options, &t, &err);
    ch_put_u8(&what, (uint8_t)rc);
    if (rc == CH_OK) {
        ch_put_str(&what, ch_buf_str(&t.certificate));
        ch_put_str(&what, ch_buf_str(&t.key));
        ch_put_str(&what, ch_buf_str(&t.logs));
    } else {
        ch_put_str(&what, ch_str_of(err.msg));
    }
    ch_put_str(out, ch_buf_str(&what));
    witness_texts_done(&t);
    explicit_bzero(what.ptr, what.len);
    ch_buf_done(&what);
}

static void keep(struct ch_buf *to, struct ch_str text)
{
    ch_buf_init(to, ch_limits.setup_text_bytes);
    ch_buf_puts(to, text);
}

static enum ch_code get_answer(struct ch_str payload, struct witness_texts *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    enum ch_code rc = (enum ch_code)ch_get_u8(&r);
    struct ch_str first = ch_get_str(&r, ch_limits.setup_text_bytes), key = {NULL, 0},
                  logs = {NULL, 0};
    if (rc == CH_OK) {
        key = ch_get_str(&r, ch_limits.setup_text_bytes);
        logs = ch_get_str(&r, ch_limits.setup_text_bytes);
    }
    if (ch_rd_end(&r, "witness-files", err) != CH_OK) {
        return CH_E_FORMAT;
    }
    if (rc != CH_OK) {
        return ch_fail(err, rc, "%.*s", CH_STR_ARG(first));
    }
    keep(&ret->certificate, first);
    keep(&ret->key, key);
    keep(&ret->logs, logs);
    return CH_OK;
}

/* ------------------------------------------------------------------ the process */

static bool write_all(int fd, struct ch_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n <= 0 && !(n < 0 && errno == EINTR)) {
            return false;
        }
        bytes = n > 0 ? ch_str_sub(bytes, (size_t)n, bytes.len) : bytes;
    }
    return true;
}

static bool send_one(int fd, const struct witness_files_options *options)
{
    struct ch_buf out;
    ch_buf_init(&out, answer_max());
    put_answer(&out, options);
    bool sent = ch_buf_ok(&out, NULL) == CH_OK && write_all(fd, ch_buf_str(&out));
    explicit_bzero(out.ptr, out.len);
    ch_buf_done(&out);
    return sent;
}

/* It has the socket, and what it says goes to the operator: not where the witness listens. */
static bool keep_only(int fd)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    return null >= 0 && dup2(null, STDIN_FILENO) >= 0 && dup2(null, STDOUT_FILENO) >= 0 &&
           dup2(fd, STDERR_FILENO + 1) >= 0 && close_range(STDERR_FILENO + 2, ~0u, 0) == 0;
}

static void serve(const struct witness_files_options *options, int fd)
{
    const struct ch_confine_options confine = {.role = CH_ROLE_WITNESS_FILES,
                                               .stage = CH_CONFINE_PROCESS};
    struct ch_err err;
    char ask;
    signal(SIGHUP, SIG_IGN); /* of the terminal, or of a group of processes */
    signal(SIGPIPE, SIG_IGN);
    if (!keep_only(fd)) {
        _exit(1);
    }
    fd = STDERR_FILENO + 1;
    if (ch_confine(&confine, &err) != CH_OK || ch_confine_self_test(&confine, &err) != CH_OK) {
        dprintf(STDERR_FILENO, "witness: %s\n", err.msg);
        _exit(1);
    }
    bool goes_on = write_all(fd, CH_STR("r"));
    while (goes_on) {
        ssize_t n = read(fd, &ask, 1);
        goes_on = n > 0 ? send_one(fd, options) : n < 0 && errno == EINTR;
    }
    _exit(0);
}

/* ------------------------------------------------------------------ from the witness's side */

struct witness_files {
    int fd;
    struct ch_buf got; /* of the answer under way */
};

enum ch_code witness_files_start(const struct witness_files_options *options,
                                 struct witness_files **ret, struct ch_err *err)
{
    int fds[2];
    char ready = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        return ch_fail_errno(err, errno, "socketpair");
    }
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        serve(options, fds[1]);
    }
    close(fds[1]);
    struct witness_files *f = ch_calloc(1, sizeof(*f));
    f->fd = fds[0];
    ch_buf_init(&f->got, answer_max());
    if (pid < 0) {
        witness_files_end(f);
        return ch_fail_errno(err, errno, "fork");
    }
    if (read(f->fd, &ready, 1) != 1 || fcntl(f->fd, F_SETFL, O_NONBLOCK) != 0) {
        witness_files_end(f);
        return ch_fail(err, CH_E_SYSTEM, "the process that reads files again could not begin");
    }
    *ret = f;
    return CH_OK;
}

void witness_files_end(struct witness_files *f)
{
    if (f == NULL) {
        return;
    }
    close(f->fd); /* which is its end */
    ch_buf_done(&f->got);
    free(f);
}

int witness_files_fd(const struct witness_files *f)
{
    return f->fd;
}

void witness_files_ask(struct witness_files *f)
{
    CH_IGNORE(send(f->fd, "?", 1, MSG_NOSIGNAL) < 0); /* has it ended, reading says so */
}

/* Of the answer under way, and no byte of the next one; 0: it is whole. */
static size_t wanted(const struct ch_buf *got)
{
    struct ch_rd r = ch_rd_of(got->ptr, got->len);
    return got->len < LENGTH_BYTES ? LENGTH_BYTES - got->len
                                   : LENGTH_BYTES + (size_t)ch_get_u32(&r) - got->len;
}

bool witness_files_take(struct witness_files *f, struct witness_texts *ret, enum ch_code *ret_rc,
                        struct ch_err *err)
{
    for (size_t more; (more = wanted(&f->got)) > 0;) {
        char *room = ch_buf_reserve(&f->got, more); /* NULL: longer than any */
        ssize_t n = room != NULL ? recv(f->fd, room, more, 0) : 0;
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return false;
        }
        if (n <= 0) {
            *ret_rc = ch_fail(err, CH_E_CLOSED, "the process that reads files again has ended");
            return true;
        }
        f->got.len += (size_t)n;
    }
    struct ch_str all = ch_buf_str(&f->got);
    *ret_rc = get_answer(ch_str_sub(all, LENGTH_BYTES, all.len), ret, err);
    explicit_bzero(f->got.ptr, f->got.len);
    ch_buf_clear(&f->got);
    return true;
}
