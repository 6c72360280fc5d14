/* Asks the host's pip, which is what a user starts who types "pip" here: PATH says which one, and
 * what PATH and PIP_CONFIG_FILE say may begin at the current folder. A child with bounded output
 * and time; python3 in the root folder, for which "-m pip" and an import would take a module of the
 * current one: what its environment says of files in that is made absolute. */
#include "base/config/pip_config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"

#define ERRORS_BYTES 16384 /* of what it writes beside its answer */

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Where pip reads its configuration, as files that it opens from where it stands. */
static const char *const places[] = {"PIP_CONFIG_FILE=", "XDG_CONFIG_HOME="};

/* "NAME=there" as "NAME=/here/there". NULL: it is no such setting, or stands as it is. */
static char *from_here(struct ch_str setting, const char *here)
{
    struct ch_buf b;
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        struct ch_str name = ch_str_of(places[i]);
        if (here == NULL || !ch_str_starts(setting, name) || setting.len == name.len ||
            setting.ptr[name.len] == '/') {
            continue;
        }
        ch_buf_init(&b, SIZE_MAX / 2);
        ch_buf_printf(&b, "%s%s/", places[i], here);
        ch_buf_puts(&b, ch_str_sub(setting, name.len, setting.len));
        char *absolute = ch_str_dup(ch_buf_str(&b));
        ch_buf_done(&b);
        return absolute;
    }
    return NULL;
}

struct environment {
    char **list;
    char *own[CH_ARRAY_LEN(places)]; /* of its strings, those that are freed */
    size_t own_count;
};

/* pip's own environment, except that no setting may silence the answer, or break its lines. `here`:
 * the folder that it starts in is another than this one; else NULL. */
static struct environment make_environment(const char *here)
{
    static char quiet[] = "PIP_QUIET=0";
    static char verbose[] = "PIP_VERBOSE=0";
    static char color[] = "PIP_NO_COLOR=1";
    static char columns[] = "COLUMNS=10000";
    size_t n = 0;
    while (environ[n] != NULL) {
        n++;
    }
    struct environment made = {.list = ch_calloc(n + 5, sizeof(*made.list))};
    char **env = made.list;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        struct ch_str e = ch_str_of(environ[i]);
        if (!ch_str_starts(e, CH_STR("PIP_QUIET=")) && !ch_str_starts(e, CH_STR("PIP_VERBOSE=")) &&
            !ch_str_starts(e, CH_STR("PIP_NO_COLOR=")) && !ch_str_starts(e, CH_STR("COLUMNS="))) {
            char *absolute = made.own_count < CH_ARRAY_LEN(places) ? from_here(e, here) : NULL;
            env[k++] = absolute != NULL ? absolute : environ[i];
            if (absolute != NULL) {
                made.own[made.own_count++] = absolute;
            }
        }
    }
    env[k++] = quiet;
    env[k++] = verbose;
    env[k++] = color;
    env[k++] = columns;
    return made;
}

static void free_environment(struct environment *e)
{
    while (e->own_count > 0) {
        free(e->own[--e->own_count]);
    }
    free(e->list);
}

static char pip[] = "pip"; /* the three that are asked (configured) */
static char pip3[] = "pip3";
static char python[] = "python3";

static int spawn(char *const *argv, int out, int errors, pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t signals;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    (void)posix_spawn_file_actions_adddup2(&actions, out, 1);
    (void)posix_spawn_file_actions_adddup2(&actions, errors, 2);
    char *here = NULL;
    if (argv[0] == python) {
        here = getcwd(NULL, 0); /* NULL: there is no such folder any more, and no file in it */
        (void)posix_spawn_file_actions_addchdir_np(&actions, "/");
    }
    (void)sigemptyset(&signals);
    (void)posix_spawnattr_setsigmask(&attributes, &signals);
    (void)sigaddset(&signals, SIGPIPE);
    (void)posix_spawnattr_setsigdefault(&attributes, &signals);
    (void)posix_spawnattr_setpgroup(&attributes, 0);
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_SETPGROUP);
    struct environment env = make_environment(here);
    int errnum = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, env.list);
    free_environment(&env);
    free(here);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    return errnum;
}

static enum ch_code wait_readable(int fd, int64_t deadline_ms, struct ch_err *err)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int64_t left = deadline_ms - now_ms();
        int n = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (n == 0) {
            return ch_fail(err, CH_E_TIMEOUT, "pip did not answer within %llu ms",
                           (unsigned long long)ch_limits.pip_run_ms);
        }
        if (n > 0) {
            return CH_OK;
        }
        if (errno != EINTR) {
            return ch_fail_errno(err, errno, "waiting for pip");
        }
    }
}

/* Reads to the end of the output; a limit or the deadline ends it with an error. */
static enum ch_code read_all(int fd, int64_t deadline_ms, struct ch_buf *out, struct ch_err *err)
{
    for (;;) {
        enum ch_code rc = wait_readable(fd, deadline_ms, err);
        if (rc != CH_OK) {
            return rc;
        }
        char part[4096];
        ssize_t got = read(fd, part, sizeof(part));
        if (got < 0 && errno != EINTR) {
            return ch_fail_errno(err, errno, "reading from pip");
        }
        if (got == 0) {
            return CH_OK;
        }
        if (got > 0) {
            ch_buf_put(out, part, (size_t)got);
        }
        if (out->failed) {
            return ch_fail(err, CH_E_LIMIT, "pip answered with more than %llu bytes",
                           (unsigned long long)ch_limits.pip_output_bytes);
        }
    }
}

/* A child may close its output and stay: its end has the same deadline. */
static enum ch_code wait_end(pid_t pid, int64_t deadline_ms, struct ch_err *err)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "pidfd_open");
    }
    enum ch_code rc = wait_readable(fd, deadline_ms, err);
    (void)close(fd);
    return rc;
}

/* For what it writes beside its answer: what does not fit cannot be written. */
static enum ch_code errors_file(int *ret_fd, struct ch_err *err)
{
    int fd = memfd_create("pip-errors", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, ERRORS_BYTES) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK) != 0) {
        enum ch_code rc = ch_fail_errno(err, errno, "memfd for pip's errors");
        if (fd >= 0) {
            (void)close(fd);
        }
        return rc;
    }
    *ret_fd = fd;
    return CH_OK;
}

static void read_errors(int fd, struct ch_buf *errors)
{
    char *at = ch_buf_reserve(errors, ERRORS_BYTES);
    ssize_t n = at != NULL ? pread(fd, at, ERRORS_BYTES, 0) : 0;
    errors->len += n > 0 ? strnlen(at, (size_t)n) : 0;
}

/* Runs argv (found by PATH). CH_E_NOT_FOUND: it is not there, or it ended with an error, and what
 * it wrote to stderr is appended to `errors`. */
static enum ch_code run(char *const *argv, struct ch_buf *out, struct ch_buf *errors,
                        struct ch_err *err)
{
    int fds[2];
    int errors_fd = -1;
    enum ch_code rc = errors_file(&errors_fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        rc = ch_fail_errno(err, errno, "pipe");
        (void)close(errors_fd);
        return rc;
    }
    pid_t pid = 0;
    int errnum = spawn(argv, fds[1], errors_fd, &pid);
    (void)close(fds[1]);
    if (errnum != 0) {
        (void)close(fds[0]);
        (void)close(errors_fd);
        return ch_fail(err, CH_E_NOT_FOUND, "%s cannot be started: %s", argv[0], strerror(errnum));
    }
    int64_t deadline_ms = now_ms() + (int64_t)ch_limits.pip_run_ms;
    rc = read_all(fds[0], deadline_ms, out, err);
    (void)close(fds[0]);
    rc = rc == CH_OK ? wait_end(pid, deadline_ms, err) : rc;
    if (rc != CH_OK) {
        (void)kill(-pid, SIGKILL); /* its own group: what it started goes with it */
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == CH_OK && (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "%s %s ended with an error", argv[0], argv[1]);
        read_errors(errors_fd, errors);
    }
    (void)close(errors_fd);
    return rc;
}

/* ------------------------------------------------------------------ what pip complains of */

/* One line of what it wrote: a warning is no reason, and of the file's own text, which Python
 * quotes at the end of some lines or on one of its own, nothing is shown, for it may be a password.
 */
static struct ch_str reason_in(struct ch_str line)
{
    size_t at = 0;
    line = ch_str_trim(line);
    if (ch_str_starts(line, CH_STR("'")) || ch_str_starts(line, CH_STR("\"")) ||
        ch_str_starts(line, CH_STR("WARNING:")) || ch_str_starts(line, CH_STR("DEPRECATION:"))) {
        return (struct ch_str){NULL, 0};
    }
    if (ch_str_find(line, CH_STR("]: '"), &at) || ch_str_find(line, CH_STR("]: \""), &at)) {
        line = ch_str_sub(line, 0, at + 1);
    }
    return line;
}

/* As one line for a message: of a Python that ended by itself, its last line. */
static void put_complaint(struct ch_str errors, struct ch_buf *out)
{
    struct ch_str line = {NULL, 0};
    bool last_alone = ch_str_starts(errors, CH_STR("Traceback "));
    while (ch_str_split(&errors, '\n', &line)) {
        struct ch_str reason = reason_in(line);
        if (reason.len == 0) {
            continue;
        }
        if (last_alone) {
            ch_buf_clear(out);
        } else if (out->len > 0) {
            ch_buf_putc(out, ' ');
        }
        struct ch_buf plain;
        ch_buf_init(&plain, ERRORS_BYTES);
        ch_buf_put_without_userinfo(&plain, reason);
        ch_buf_put_escaped(out, ch_buf_str(&plain));
        ch_buf_done(&plain);
    }
}

/* Of who ended with an error. CH_E_USAGE: it cannot read its own configuration, and would not for
 * its user. CH_E_NOT_FOUND, with `err` as it was: it says nothing, or that there is no pip. */
static enum ch_code complain(char *const *argv, struct ch_str errors, struct ch_err *err)
{
    enum { SHOWN = 300 };
    struct ch_buf text;
    enum ch_code rc = CH_E_NOT_FOUND;
    ch_buf_init(&text, 5 * ERRORS_BYTES);
    put_complaint(errors, &text);
    struct ch_str all = ch_buf_str(&text);
    if (all.len > 0 && !ch_str_find(all, CH_STR("No module named pip"), NULL)) {
        bool unread = ch_str_find(errors, CH_STR("Configuration file"), NULL);
        while (ch_str_ends(all, CH_STR("."))) {
            all.len--;
        }
        struct ch_str shown = ch_str_sub(all, 0, SHOWN);
        rc = ch_fail(err, unread ? CH_E_USAGE : CH_E_NOT_FOUND, "%s %s: %.*s%s%s", argv[0], argv[1],
                     CH_STR_ARG(shown), shown.len < all.len ? ".." : "",
                     unread ? "" : "; mend that, or give the index with --pypi-upstream URL");
    }
    ch_buf_done(&text);
    return rc;
}

static const char *from_environment(const char *name)
{
    return getenv(name);
}

/* Who is asked, in this order: the first two are what a user means by pip, the last what there is
 * where a python3 has the module alone. */
static char module[] = "-m";
static char config[] = "config";
static char list[] = "list";
static char *const configured[][6] = {
    {pip, config, list},
    {pip3, config, list},
    {python, module, pip, config, list},
};

/* Runs argv into `out`, which it empties first; on any error it is left empty. `ret_why`: why it is
 * CH_E_NOT_FOUND, where it says so itself; else as it was. NULL: nobody asks. CH_E_USAGE: complain.
 */
static enum ch_code ask(char *const *argv, struct ch_buf *out, struct ch_err *ret_why,
                        struct ch_err *err)
{
    struct ch_buf errors;
    ch_buf_init(&errors, ERRORS_BYTES);
    ch_buf_clear(out);
    enum ch_code rc = run(argv, out, &errors, err);
    if (rc != CH_OK) {
        ch_buf_clear(out);
    }
    if (rc == CH_E_NOT_FOUND && ret_why != NULL) {
        rc = complain(argv, ch_buf_str(&errors), ret_why);
    }
    if (errors.ptr != NULL) {
        explicit_bzero(errors.ptr, errors.cap);
    }
    ch_buf_done(&errors);
    return rc;
}

/* Of "-i, --index-url <url>  Base URL of the index (default URL). ..." the URL; absent: there is no
 * such line. */
static struct ch_str default_in_help(struct ch_str help)
{
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&help, '\n', &line)) {
        size_t at = 0;
        size_t end = 0;
        if (ch_str_find(line, CH_STR("-i, --index-url <url>"), &at) &&
            ch_str_find(line, CH_STR("(default http"), &at)) {
            struct ch_str url = ch_str_sub(line, at + strlen("(default "), line.len);
            return ch_str_find_char(url, ')', &end) ? ch_str_sub(url, 0, end)
                                                    : (struct ch_str){NULL, 0};
        }
    }
    return (struct ch_str){NULL, 0};
}

/* The index that pip has by itself: of the one that said how it is configured where that can be
 * had. Needed only when none is configured, so it is no error that nobody says it. */
static enum ch_code ask_built_in(char *who, struct ch_buf *url, struct ch_err *err)
{
    static char install[] = "install";
    static char help[] = "--help";
    static char command[] = "-c";
    static char question[] = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    char *const by_help[] = {who, install, help, NULL};
    char *const by_module[] = {python, command, question, NULL};
    struct ch_buf text;
    ch_buf_init(&text, (size_t)ch_limits.pip_output_bytes);
    enum ch_code rc = CH_OK;
    if (who != python && (rc = ask(by_help, &text, NULL, err)) == CH_OK) {
        ch_buf_puts(url, default_in_help(ch_buf_str(&text)));
    }
    ch_buf_done(&text);
    if ((rc == CH_OK || rc == CH_E_NOT_FOUND) && url->len == 0) {
        rc = ask(by_module, url, NULL, err);
    }
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_pip_discover(struct ch_pip_config *ret, struct ch_err *err)
{
    struct ch_buf listing;
    struct ch_buf url;
    ch_buf_init(&listing, (size_t)ch_limits.pip_output_bytes);
    ch_buf_init(&url, (size_t)ch_limits.pip_output_bytes);
    struct ch_err why = {.msg = ""}; /* of the first that says so */
    enum ch_code rc = CH_E_NOT_FOUND;
    size_t by = 0;
    for (;; by++) {
        struct ch_err own = {.msg = ""};
        rc = ask(configured[by], &listing, &own, err);
        why = rc == CH_E_USAGE || why.msg[0] == '\0' ? own : why;
        if (rc != CH_E_NOT_FOUND || by + 1 == CH_ARRAY_LEN(configured)) {
            break;
        }
    }
    if (rc == CH_OK) {
        rc = ask_built_in(configured[by][0], &url, err);
    } else if (rc == CH_E_USAGE || (rc == CH_E_NOT_FOUND && why.msg[0] != '\0')) {
        *err = why;
    } else if (rc == CH_E_NOT_FOUND) {
        rc = ch_fail(err, CH_E_NOT_FOUND,
                     "there is no pip here to ask for its index (apt install python3-pip); or give "
                     "one with --pypi-upstream URL");
    }
    rc = rc == CH_OK
             ? ch_pip_read(ch_buf_str(&listing), ch_buf_str(&url), from_environment, ret, err)
             : rc;
    if (listing.ptr != NULL) {
        explicit_bzero(listing.ptr, listing.cap);
    }
    ch_buf_done(&listing);
    ch_buf_done(&url);
    return rc;
}
