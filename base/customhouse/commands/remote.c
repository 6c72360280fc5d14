/* Commands that a running server's keeper answers. */
#include "commands.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "remote.h"
#include "server.h"
#include "base/customhouse/site/site.h"

#define INPUT_PART (128u << 10)

enum ch_code remote_connect(const char *folder, int *ret_fd, struct ch_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char *path = site_path(folder, SITE_CONTROL);
    size_t len = strlen(path);
    enum ch_code rc = CH_OK;
    if (len >= sizeof(address.sun_path)) {
        rc = ch_fail(err, CH_E_USAGE, "%s: its path is %zu bytes long, at most %zu are possible",
                     path, len, sizeof(address.sun_path) - 1);
    } else {
        memcpy(address.sun_path, path, len + 1);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            rc = ch_fail_errno(err, errno, "socket");
        } else if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
            bool nobody = errno == ENOENT || errno == ECONNREFUSED;
            rc = ch_fail_errno(err, errno, "%s%s", path,
                               nobody ? ": no `customhouse serve` runs there" : "");
            rc = err->code = nobody ? CH_E_CLOSED : rc;
            close(fd);
        } else {
            *ret_fd = fd;
        }
    }
    free(path);
    return rc;
}

enum ch_code remote_server(int fd, int *ret_pidfd, struct ch_err *err)
{
    struct ucred peer = {.pid = 0}; /* unix(7): of who called listen */
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0) {
        return ch_fail_errno(err, errno, "control socket");
    }
    if (peer.pid <= 0) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "the server runs in another PID namespace: run this command in it");
    }
    int pidfd = (int)syscall(SYS_pidfd_open, peer.pid, 0);
    if (pidfd < 0) {
        return ch_fail_errno(err, errno, "process %d", (int)peer.pid);
    }
    *ret_pidfd = pidfd;
    return CH_OK;
}

enum ch_code remote_send(int fd, const struct ch_command *command, struct ch_str input,
                         struct ch_err *err)
{
    struct ch_buf b;
    enum ch_code rc = CH_OK;
    uint64_t deadline_ms = ch_now_boot_ms() + REMOTE_WAIT_MS;
    while (rc == CH_OK && input.len > 0) {
        struct ch_str part = ch_str_sub(input, 0, INPUT_PART);
        rc = ch_frame_write(fd, CH_MSG_COMMAND_INPUT, part, NULL, 0, deadline_ms, err);
        input = ch_str_sub(input, part.len, input.len);
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_COMMAND)->max_bytes);
    ch_command_put(&b, command);
    rc = rc == CH_OK ? ch_buf_ok(&b, err) : rc;
    if (rc == CH_OK) {
        rc = ch_frame_write(fd, CH_MSG_COMMAND, ch_buf_str(&b), NULL, 0, deadline_ms, err);
    }
    ch_buf_done(&b);
    /* who is refused is told so, and the telling may be quicker than our words */
    return rc == CH_E_CLOSED ? CH_OK : rc;
}

static enum ch_code read_command(const struct command_row *row, const struct args *args,
                                 struct ch_command *ret, struct ch_err *err)
{
    *ret = (struct ch_command){.name = ch_str_of(row->name)};
    for (size_t i = 0; i < args->count; i++) {
        const struct option *o = args->item[i].option;
        const char *value = args->item[i].value;
        if (o != NULL && option_is_common(o)) {
            continue;
        }
        if (o != NULL && strcmp(o->name, "--json") == 0) {
            ret->json = true;
            continue;
        }
        if (value != NULL && strlen(value) > ch_limits.text_bytes) {
            return ch_fail(err, CH_E_USAGE, "customhouse %s: a value of %zu bytes, at most %zu",
                           row->name, strlen(value), (size_t)ch_limits.text_bytes);
        }
        if (ret->arg_count == CH_COMMAND_MAX_ARGS) {
            return ch_fail(err, CH_E_USAGE, "customhouse %s: too many words", row->name);
        }
        /* the keeper knows options without their dashes */
        ret->key[ret->arg_count] = o != NULL ? ch_str_of(o->name + 2) : (struct ch_str){NULL, 0};
        ret->value[ret->arg_count++] = ch_str_of(value);
    }
    return CH_OK;
}

/* The server knows uids alone: accounts of this host are looked up here, where it is the same host.
 * `number` has the text then. */
static enum ch_code name_uid(struct ch_command *c, char number[16], struct ch_err *err)
{
    for (uint32_t i = 0; i < c->arg_count; i++) {
        uint64_t uid;
        if (!ch_str_eq(c->key[i], CH_STR("uid")) || ch_str_u64(c->value[i], &uid)) {
            continue;
        }
        char *name = ch_str_dup(c->value[i]);
        const struct passwd *account = getpwnam(name);
        if (account == NULL) {
            ch_fail(err, CH_E_USAGE,
                    "customhouse %.*s: --uid %s: expected a number, or an account of this host",
                    CH_STR_ARG(c->name), name);
            free(name);
            return err->code;
        }
        free(name);
        snprintf(number, 16, "%u", (unsigned)account->pw_uid);
        c->value[i] = ch_str_of(number);
        break; /* it is given once */
    }
    return CH_OK;
}

static void show_words(struct ch_str words)
{
    fflush(stdout);
    fwrite(words.ptr != NULL ? words.ptr : "", 1, words.len, stderr);
    fputs(words.len > 0 && words.ptr[words.len - 1] != '\n' ? "\n" : "", stderr);
}

static void put_or_show(struct ch_buf *output, struct ch_str text)
{
    if (output != NULL) {
        ch_buf_puts(output, text);
    } else {
        fwrite(text.ptr, 1, text.len, stdout);
    }
}

static void put_or_show_words(struct ch_buf *words, struct ch_str text)
{
    if (words != NULL) {
        ch_buf_puts(words, text);
    } else {
        show_words(text);
    }
}

/* Everything in the output was escaped where it came in. Kept, it is appended to `output` and `words`;
 * NULL, both: it is shown as it comes. */
static enum ch_code read_answer(int fd, uint64_t wait_ms, struct ch_buf *output,
                                struct ch_buf *words, int *ret_status, struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_COMMAND_OUTPUT)->max_bytes);
    uint64_t deadline_ms = ch_now_boot_ms() + wait_ms;
    enum ch_code rc = CH_OK;
    for (bool done = false; rc == CH_OK && !done;) {
        uint16_t type = CH_MSG_NONE;
        int fds[CH_FRAME_MAX_FDS];
        size_t fd_count = 0;
        rc = ch_frame_read(fd, CH_ROLE_KEEPER, &type, &b, fds, &fd_count, deadline_ms, err);
        struct ch_command_done m;
        if (rc != CH_OK) {
            rc = ch_wrap(err, "no answer from the server");
        } else if (type == CH_MSG_COMMAND_OUTPUT) {
            put_or_show(output, ch_buf_str(&b));
        } else if (type == CH_MSG_COMMAND_DONE) {
            done = true;
            rc = ch_command_done_get(ch_buf_str(&b), &m, err);
            if (rc == CH_OK) {
                put_or_show_words(words, m.text);
                *ret_status = (int)m.exit_status;
            }
        } else {
            /* nothing else may be sent to a command, but for descriptors that are not there */
            rc = ch_fail(err, CH_E_FORMAT, "unexpected %s", ch_message_row(type)->name);
        }
        for (size_t i = 0; i < fd_count; i++) {
            close(fds[i]);
        }
    }
    ch_buf_done(&b);
    return rc;
}

enum ch_code remote_answer(int fd, uint64_t wait_ms, int *ret_status, struct ch_err *err)
{
    return read_answer(fd, wait_ms, NULL, NULL, ret_status, err);
}

static enum ch_code run_by_server(const struct args *args, const struct ch_command *command,
                                  struct ch_str input, int *ret_status, struct ch_err *err)
{
    struct ch_buf output, words;
    ch_buf_init(&output, SIZE_MAX / 2); /* bounded by the answer */
    ch_buf_init(&words, SIZE_MAX / 2);
    enum ch_code rc = server_ask(args, command, input, &output, &words, ret_status, err);
    fwrite(output.ptr != NULL ? output.ptr : "", 1, output.len, stdout);
    show_words(ch_buf_str(&words));
    ch_buf_done(&output);
    ch_buf_done(&words);
    return rc;
}

static enum ch_code run_here(const struct args *args, const struct ch_command *command,
                             struct ch_str input, uint64_t wait_ms, struct ch_buf *output,
                             struct ch_buf *words, int *ret_status, struct ch_err *err)
{
    char *folder = NULL;
    int fd = -1;
    enum ch_code rc = server_options_unused(args, err);
    rc = rc == CH_OK ? site_folder(args_value(args, "--state"), &folder, err) : rc;
    rc = rc == CH_OK ? remote_connect(folder, &fd, err) : rc;
    rc = rc == CH_OK ? remote_send(fd, command, input, err) : rc;
    rc = rc == CH_OK ? read_answer(fd, wait_ms, output, words, ret_status, err) : rc;
    if (fd >= 0) {
        close(fd);
    }
    free(folder);
    return rc;
}

enum ch_code remote_run(const struct args *args, const struct ch_command *command,
                        struct ch_str input, uint64_t wait_ms, int *ret_status, struct ch_err *err)
{
    return server_is_meant(args)
               ? run_by_server(args, command, input, ret_status, err)
               : run_here(args, command, input, wait_ms, NULL, NULL, ret_status, err);
}

enum ch_code remote_ask(const struct args *args, const struct ch_command *command, uint64_t wait_ms,
                        struct ch_buf *output, struct ch_buf *words, int *ret_status,
                        struct ch_err *err)
{
    const struct ch_str none = {NULL, 0};
    return server_is_meant(args)
               ? server_ask(args, command, none, output, words, ret_status, err)
               : run_here(args, command, none, wait_ms, output, words, ret_status, err);
}

int command_remote(const struct command_row *row, const struct args *args)
{
    struct ch_err err;
    struct ch_command command;
    int status = 1;
    char uid[16];
    enum ch_code rc = read_command(row, args, &command, &err);
    rc = rc == CH_OK && !server_is_meant(args) ? name_uid(&command, uid, &err) : rc;
    rc = rc == CH_OK
             ? remote_run(args, &command, (struct ch_str){NULL, 0}, REMOTE_WAIT_MS, &status, &err)
             : rc;
    if (rc != CH_OK) {
        return command_failed(&err);
    }
    return command_said(status);
}
