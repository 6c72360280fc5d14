/* witness STATE ADDRESS [--name NAME] [--log VKEY[@ORIGIN]]... [--logs FILE] [--host-name NAME]...
 * [--tls-certificate FILE --tls-key FILE]
 *
 * Started by `customhouse witness`, which has checked the words, with a socket that listens on
 * ADDRESS as descriptor 3. No part of an installation: it has no supervisor, and answers whoever
 * comes. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/confine.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "files.h"
#include "server.h"

#define LISTENER_FD 3
#define HOSTS_MAX   66

struct process {
    const char *state;
    const char *address;
    const char *name;
    struct witness_files_options files;
    struct witness_log logs[WITNESS_LOG_KEYS_MAX]; /* those of words, then those of the file */
    size_t word_count, log_count;
    struct ch_str hosts[HOSTS_MAX];
    size_t host_count;
    struct witness *witness;
    struct witness_server *server;
    struct ch_http_tls *tls;
    struct ch_loop *loop;
    struct ch_watch signals;
    struct witness_files *reading; /* NULL: no file was named */
    struct ch_watch read;
};

/* ------------------------------------------------------------------ words */

static void add_host(struct process *p, struct ch_str host)
{
    if (p->host_count < HOSTS_MAX) {
        p->hosts[p->host_count++] = host;
    }
}

static enum ch_code take_option(struct process *p, const char *name, const char *value,
                                struct ch_err *err)
{
    if (strcmp(name, "--name") == 0) {
        p->name = value;
    } else if (strcmp(name, "--tls-certificate") == 0) {
        p->files.certificate = value;
    } else if (strcmp(name, "--tls-key") == 0) {
        p->files.key = value;
    } else if (strcmp(name, "--logs") == 0) {
        p->files.logs = value;
    } else if (strcmp(name, "--host-name") == 0) {
        add_host(p, ch_str_of(value));
    } else if (strcmp(name, "--log") == 0 && p->word_count < WITNESS_LOG_KEYS_MAX) {
        enum ch_code rc = witness_log_get(ch_str_of(value), &p->logs[p->word_count++], err);
        return rc == CH_OK ? CH_OK : ch_wrap(err, "--log %s", value);
    } else {
        return ch_fail(err, CH_E_USAGE, "%s: not known, or too often", name);
    }
    return CH_OK;
}

static enum ch_code read_words(struct process *p, int argc, char **argv, struct ch_err *err)
{
    struct ch_str host = {NULL, 0};
    uint16_t port;
    enum ch_code rc = CH_OK;
    if (argc < 3 || argc % 2 == 0) {
        return ch_fail(err, CH_E_USAGE, "witness: it is started by customhouse witness");
    }
    p->state = argv[1];
    p->address = argv[2];
    add_host(p, CH_STR("localhost"));
    if (ch_place_split(ch_str_of(p->address), &host, &port)) {
        add_host(p, host);
    }
    for (int i = 3; rc == CH_OK && i + 1 < argc; i += 2) {
        rc = take_option(p, argv[i], argv[i + 1], err);
    }
    return rc;
}

/* ------------------------------------------------------------------ as whom */

/* Started as root on a folder of somebody else's: as that one, for good. */
static enum ch_code become_owner(const char *state, struct ch_err *err)
{
    struct stat st;
    if (geteuid() != 0 || stat(state, &st) != 0 || st.st_uid == 0) {
        return CH_OK;
    }
    if (setgroups(0, NULL) != 0 || setresgid(st.st_gid, st.st_gid, st.st_gid) != 0 ||
        setresuid(st.st_uid, st.st_uid, st.st_uid) != 0 || setresuid(0, 0, 0) == 0) {
        return ch_fail_errno(err, errno, "becoming the owner of %s", state);
    }
    return CH_OK;
}

static enum ch_code confine(const struct process *p, struct ch_err *err)
{
    struct ch_confine_options options = {
        .role = CH_ROLE_WITNESS, .stage = CH_CONFINE_PROCESS, .state_dir = p->state};
    enum ch_code rc = ch_confine(&options, err);
    return rc == CH_OK ? ch_confine_self_test(&options, err) : rc;
}

/* ------------------------------------------------------------------ its life */

static void say(void *owner, struct ch_str line)
{
    (void)owner;
    fprintf(stderr, "witness %.*s\n", CH_STR_ARG(line));
}

static void on_drained(void *owner)
{
    struct process *p = owner;
    ch_loop_stop(p->loop);
}

/* ------------------------------------------------------------------ its files, also again */

/* NULL: it speaks no TLS. */
static enum ch_code make_tls(const struct process *p, const struct witness_texts *t,
                             struct ch_http_tls **ret, struct ch_err *err)
{
    return p->files.certificate == NULL
               ? CH_OK
               : ch_http_tls_new(ch_buf_str(&t->certificate), ch_buf_str(&t->key), ret, err);
}

static enum ch_code list_logs(const struct process *p, const struct witness_texts *t,
                              struct witness_log *list, size_t *ret_count, struct ch_err *err)
{
    size_t count = p->word_count;
    memmove(list, p->logs, count * sizeof(*list));
    enum ch_code rc = witness_logs_get(ch_buf_str(&t->logs), list, &count, err);
    if (rc == CH_OK) {
        *ret_count = count;
    }
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s", p->files.logs);
}

/* All of it, or nothing. */
static enum ch_code renew(struct process *p, const struct witness_texts *t, struct ch_err *err)
{
    static struct witness_log list[WITNESS_LOG_KEYS_MAX];
    struct ch_http_tls *tls = NULL;
    size_t count = 0;
    enum ch_code rc = make_tls(p, t, &tls, err);
    rc = rc == CH_OK ? list_logs(p, t, list, &count, err) : rc;
    rc = rc == CH_OK ? witness_set_logs(p->witness, list, count, err) : rc;
    if (rc != CH_OK) {
        ch_http_tls_free(tls);
        return rc;
    }
    if (tls != NULL) {
        ch_http_tls_take(p->tls, tls);
    }
    p->log_count = count;
    return CH_OK;
}

static void say_renewed(const struct process *p, enum ch_code rc, const struct ch_err *err)
{
    if (rc == CH_OK) {
        fprintf(stderr, "witness event=reloaded logs=%zu\n", p->log_count);
        return;
    }
    struct ch_buf shown;
    ch_buf_init(&shown, 8 * sizeof(err->msg));
    ch_buf_put_escaped(&shown, ch_str_of(err->msg));
    fprintf(stderr, "witness event=not-reloaded error=\"%.*s\"\n", CH_STR_ARG(ch_buf_str(&shown)));
    ch_buf_done(&shown);
}

static void on_read(struct ch_watch *w, uint32_t events)
{
    struct process *p = CH_CONTAINER_OF(w, struct process, read);
    struct witness_texts t;
    struct ch_err err;
    enum ch_code rc;
    (void)events;
    if (!witness_files_take(p->reading, &t, &rc, &err)) {
        return;
    }
    if (rc == CH_E_CLOSED) {
        ch_loop_unwatch(p->loop, w);
    }
    if (rc == CH_OK) {
        rc = renew(p, &t, &err);
        witness_texts_done(&t);
    }
    say_renewed(p, rc, &err);
}

static void reload(struct process *p)
{
    struct ch_err err;
    if (p->reading == NULL || p->read.events == 0) {
        say_renewed(
            p,
            p->reading == NULL
                ? ch_fail(&err, CH_E_USAGE, "started without files (--logs, --tls-certificate)")
                : ch_fail(&err, CH_E_CLOSED, "the process that reads files again has ended"),
            &err);
    } else {
        witness_files_ask(p->reading);
    }
}

/* ------------------------------------------------------------------ signals */

static void on_signal(struct ch_watch *w, uint32_t events)
{
    struct process *p = CH_CONTAINER_OF(w, struct process, signals);
    struct signalfd_siginfo info;
    (void)events;
    if (read(w->fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (info.ssi_signo == SIGHUP) {
        reload(p);
        return;
    }
    ch_loop_unwatch(p->loop, w);
    ch_http_server_drain(witness_server_http(p->server));
    close(LISTENER_FD); /* while it is open, the kernel takes connections that nobody answers */
}

static enum ch_code watch_signals(struct process *p, struct ch_err *err)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    p->signals.fn = on_signal;
    p->signals.fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    if (p->signals.fd < 0) {
        return ch_fail_errno(err, errno, "signalfd");
    }
    return ch_loop_watch(p->loop, &p->signals, EPOLLIN, err);
}

/* As whoever started it: root's files are read before it becomes another. */
static enum ch_code read_files(struct process *p, struct ch_err *err)
{
    struct witness_texts t;
    enum ch_code rc = witness_texts_read(&p->files, &t, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = make_tls(p, &t, &p->tls, err);
    rc = rc == CH_OK ? list_logs(p, &t, p->logs, &p->log_count, err) : rc;
    witness_texts_done(&t);
    bool any = p->files.certificate != NULL || p->files.logs != NULL;
    return rc == CH_OK && any ? witness_files_start(&p->files, &p->reading, err) : rc;
}

static enum ch_code watch_files(struct process *p, struct ch_err *err)
{
    if (p->reading == NULL) {
        return CH_OK;
    }
    p->read.fn = on_read;
    p->read.fd = witness_files_fd(p->reading);
    return ch_loop_watch(p->loop, &p->read, EPOLLIN, err);
}

/* What logs and verifiers are configured with, on standard output: the one thing they need of it.
 */
static void greet(const struct process *p)
{
    struct ch_buf vkey;
    ch_buf_init(&vkey, 2 * CH_NOTE_NAME_MAX);
    witness_put_vkey(p->witness, &vkey);
    printf("%.*s\n", CH_STR_ARG(ch_buf_str(&vkey)));
    fflush(stdout);
    ch_buf_done(&vkey);
    fprintf(stderr, "witness event=serving address=%s://%s logs=%zu\n",
            p->tls != NULL ? "https" : "http", p->address, p->log_count);
}

static enum ch_code run(struct process *p, int argc, char **argv, struct ch_err *err)
{
    enum ch_code rc = read_words(p, argc, argv, err);
    rc = rc == CH_OK ? read_files(p, err) : rc;
    rc = rc == CH_OK ? become_owner(p->state, err) : rc;
    rc =
        rc == CH_OK ? witness_open(p->state, p->name, p->logs, p->log_count, &p->witness, err) : rc;
    rc = rc == CH_OK ? ch_loop_new(&p->loop, err) : rc;
    rc = rc == CH_OK ? watch_signals(p, err) : rc;
    rc = rc == CH_OK ? watch_files(p, err) : rc;
    rc = rc == CH_OK ? confine(p, err) : rc;
    if (rc == CH_OK) {
        struct witness_server_options options = {
            .loop = p->loop,
            .witness = p->witness,
            .hosts = p->hosts,
            .host_count = p->host_count,
            .say = say,
            .on_drained = on_drained,
            .owner = p,
        };
        rc = witness_server_new(&options, &p->server, err);
    }
    rc = rc == CH_OK
             ? ch_http_server_listen(witness_server_http(p->server), LISTENER_FD, p->tls, 0, err)
             : rc;
    if (rc == CH_OK) {
        greet(p);
        rc = ch_loop_run(p->loop, err);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static struct process p;
    struct ch_err err = {0};
    umask(077);
    enum ch_code rc = run(&p, argc, argv, &err);
    if (rc != CH_OK) {
        struct ch_buf shown;
        ch_buf_init(&shown, 8 * sizeof(err.msg));
        ch_buf_put_escaped(&shown, ch_str_of(err.msg));
        fprintf(stderr, "witness: %.*s\n", CH_STR_ARG(ch_buf_str(&shown)));
        ch_buf_done(&shown);
    }
    witness_server_free(p.server);
    witness_files_end(p.reading);
    ch_http_tls_free(p.tls);
    witness_close(p.witness);
    ch_loop_free(p.loop);
    bool usage = rc == CH_E_USAGE || rc == CH_E_FORMAT || rc == CH_E_UNSUPPORTED;
    return rc == CH_OK ? 0 : usage ? 2 : 1;
}
