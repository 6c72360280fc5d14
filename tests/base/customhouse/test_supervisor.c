/* `customhouse` itself, run with the small test children in place of its other processes. argv[1]
 * is the folder where they lie together. */
#include "tests/ch_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/attr.h"
#include "customhouse/loop.h"

#define URL       "http://127.0.0.1:9/simple" /* nobody is there: nothing is learned */
#define WAIT_MS   20000
#define TEXT_SIZE 65536

static const char *children;

struct fixture {
    char top[128];
    char folder[192];
    pid_t pid;
    int out; /* pipes of its stdout and stderr */
    int err;
    char text[TEXT_SIZE]; /* what came from stderr and was not yet matched */
    size_t len;
    char line[512]; /* the one matched last */
    uint16_t port;
};

/* --- running it --- */

/* words[0] is the command; --state is added. */
static pid_t run(const struct fixture *f, const char *const *words, int out, int err)
{
    pid_t pid = fork();
    if (pid == 0) {
        char program[256];
        const char *argv[24] = {program, words[0], "--state", f->folder};
        snprintf(program, sizeof(program), "%s/customhouse", children);
        for (size_t i = 1; words[0] != NULL && words[i] != NULL; i++) {
            argv[3 + i] = words[i];
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

static int wait_exit(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Everything a short command says on both its streams. */
static int run_command(const struct fixture *f, const char *const *words, char *text, size_t size)
{
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = run(f, words, p[1], p[1]);
    close(p[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(p[0], text + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    text[len] = '\0';
    close(p[0]);
    return wait_exit(pid);
}
#define COMMAND(f, text, ...)                                                                      \
    run_command((f), (const char *const[]){__VA_ARGS__, NULL}, (text), sizeof(text))

static void start(struct fixture *f, const char *const *words)
{
    int out[2];
    int err[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    f->pid = run(f, words, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    f->out = out[0];
    f->err = err[0];
    f->len = 0;
}
#define START(f, ...) start((f), (const char *const[]){__VA_ARGS__, NULL})

/* Reads the log until a line holds both words; lines before it are forgotten. */
static void expect_log(struct fixture *f, const char *event, const char *with)
{
    uint64_t deadline = ch_now_boot_ms() + WAIT_MS;
    for (;;) {
        char *line_end;
        while ((line_end = memchr(f->text, '\n', f->len)) != NULL) {
            *line_end = '\0';
            bool hit = strstr(f->text, event) != NULL && strstr(f->text, with) != NULL;
            snprintf(f->line, sizeof(f->line), "%.*s", (int)sizeof(f->line) - 1, f->text);
            size_t used = (size_t)(line_end - f->text) + 1;
            memmove(f->text, f->text + used, f->len - used);
            f->len -= used;
            if (hit) {
                return;
            }
        }
        struct pollfd p = {.fd = f->err, .events = POLLIN};
        uint64_t now = ch_now_boot_ms();
        ssize_t n = 0;
        if (now >= deadline || poll(&p, 1, (int)(deadline - now)) != 1 ||
            (n = read(f->err, f->text + f->len, TEXT_SIZE - f->len)) <= 0) {
            fail_msg("the log did not say \"%s ... %s\"", event, with);
        }
        f->len += (size_t)n;
    }
}

static void expect_greeting(struct fixture *f)
{
    char text[4096];
    size_t len = 0;
    while (len < sizeof(text) - 1 && (len == 0 || memmem(text, len, "policy:", 7) == NULL)) {
        struct pollfd p = {.fd = f->out, .events = POLLIN};
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        ssize_t n = read(f->out, text + len, sizeof(text) - 1 - len);
        if (n <= 0) {
            fail_msg("it ended without a word");
        }
        len += (size_t)n;
    }
    text[len] = '\0';
    static const char line[] = "pip install --index-url http://127.0.0.1:";
    char *at = strstr(text, line);
    assert_non_null(at);
    f->port = (uint16_t)strtoul(at + sizeof(line) - 1, NULL, 10);
    assert_non_null(strstr(at, "/pypi/simple/ PACKAGE\n"));
    assert_non_null(strstr(text, f->folder));
}

#define SERVE "serve", "--listen", "127.0.0.1:0", "--pypi-upstream", URL

static void serve(struct fixture *f)
{
    START(f, SERVE);
    expect_greeting(f);
}

static void stop(struct fixture *f, int expected)
{
    kill(f->pid, SIGTERM);
    int status = wait_exit(f->pid);
    f->pid = -1;
    assert_int_equal(status, expected);
}

/* --- the folder --- */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *base = getenv("TMPDIR");
    snprintf(f->top, sizeof(f->top), "%s/ch-serve-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->folder, sizeof(f->folder), "%s/a/state", f->top); /* its way is closed to others */
    f->pid = -1;
    f->out = f->err = -1;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->pid > 0) {
        kill(f->pid, SIGKILL);
        wait_exit(f->pid);
    }
    if (f->out >= 0) {
        close(f->out);
        close(f->err);
    }
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", f->top, (char *)NULL);
        _exit(127);
    }
    int status = wait_exit(pid);
    free(f);
    return status;
}

static unsigned mode_of(const struct fixture *f, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void append(const struct fixture *f, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void ask_gateway(const struct fixture *f, char *text, size_t size)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons(f->port)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
    ssize_t n = recv(fd, text, size - 1, MSG_WAITALL);
    assert_true(n >= 0);
    text[n] = '\0';
    close(fd);
}

/* The mask of roles a gateway met: the keeper alone, soon. */
static void expect_keeper_met(const struct fixture *f)
{
    char text[256];
    uint64_t deadline = ch_now_boot_ms() + WAIT_MS;
    do {
        ask_gateway(f, text, sizeof(text));
    } while (strstr(text, "peers 4") == NULL && ch_now_boot_ms() < deadline);
    assert_non_null(strstr(text, "peers 4"));
}

/* --- the tests --- */

static void an_empty_folder_becomes_an_installation(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    serve(f);
    assert_int_equal(mode_of(f, "customhouse.yaml"), 0640);
    assert_int_equal(mode_of(f, "policy.yaml"), 0640);
    assert_int_equal(mode_of(f, "credentials.yaml"), 0600);
    assert_int_equal(mode_of(f, "run"), 0711);
    assert_int_equal(mode_of(f, "run/control.sock"), 0666);
    assert_int_equal(mode_of(f, "blobs"), geteuid() == 0 ? 02700 : 0700);
    assert_int_equal(mode_of(f, "db"), 0700);
    assert_int_equal(mode_of(f, "served"), geteuid() == 0 ? 02750 : 0700);
    assert_int_equal(mode_of(f, "."), 0711);
    ask_gateway(f, text, sizeof(text));
    assert_memory_equal(text, "gateway ", 8);
    assert_int_equal(COMMAND(f, text, "check"), 0);
    assert_non_null(strstr(text, "customhouse.yaml: ok\n"));
    stop(f, 0);
    char path[256];
    snprintf(path, sizeof(path), "%s/run/control.sock", f->folder);
    assert_int_equal(access(path, F_OK), -1);
}

static void everybody_meets_the_keeper(void **state)
{
    struct fixture *f = *state;
    serve(f);
    expect_keeper_met(f);
    stop(f, 0);
}

static void commands_reach_the_keeper(void **state)
{
    struct fixture *f = *state;
    char text[8192];
    char expected[64];
    serve(f);
    assert_int_equal(COMMAND(f, text, "explain", "pypi:numpy", "--repository=r", "--json"), 2);
    snprintf(expected, sizeof(expected), "uid %u: json explain =pypi:numpy repository=r\n",
             (unsigned)geteuid());
    assert_memory_equal(text, expected, strlen(expected));
    assert_string_equal(text + strlen(expected), "that was all\n");
    assert_int_equal(COMMAND(f, text, "approve", "x==1", "--reason", "a b", "--expires", "30d"), 3);
    assert_non_null(strstr(text, "approve =x==1 reason=a b expires=30d\n"));
    assert_int_equal(COMMAND(f, text, "status"), 0);
    static const char *const names[] = {"keeper/0 pid ", "fetcher/0 pid ", "scanner-strict/0 pid ",
                                        "scanner-second/0 pid ", "gateway/0 pid "};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        assert_non_null(strstr(text, names[i]));
    }
    stop(f, 0);
    assert_int_equal(COMMAND(f, text, "status"), 1);
    assert_non_null(strstr(text, "no `customhouse serve` runs there"));
}

static pid_t pid_in_status(const struct fixture *f, const char *name, unsigned *ret_restarts)
{
    char text[8192];
    assert_int_equal(COMMAND(f, text, "status"), 0);
    char *at = strstr(text, name);
    assert_non_null(at);
    at = strstr(at, " pid ") + 5;
    pid_t pid = (pid_t)strtol(at, &at, 10);
    at = strstr(at, "restarts ") + 9;
    *ret_restarts = (unsigned)strtoul(at, NULL, 10);
    return pid;
}

static void what_dies_starts_again(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"gateway/0", "fetcher/0", "scanner-strict/0",
                                        "scanner-second/0", "keeper/0"};
    serve(f);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        unsigned restarts = 9;
        pid_t before = pid_in_status(f, names[i], &restarts);
        assert_int_equal(restarts, 0);
        assert_int_equal(kill(before, SIGKILL), 0);
        expect_log(f, "event=ended", names[i]);
        expect_log(f, "event=ready", names[i]);
        pid_t after = pid_in_status(f, names[i], &restarts);
        assert_int_equal(restarts, 1);
        assert_true(after > 0 && after != before);
        expect_keeper_met(f); /* again */
    }
    stop(f, 0);
}

static void what_dies_often_waits_longer(void **state)
{
    struct fixture *f = *state;
    unsigned restarts = 0;
    serve(f);
    pid_t pid = pid_in_status(f, "fetcher/0", &restarts);
    uint64_t pause[4];
    for (size_t i = 0; i < CH_ARRAY_LEN(pause); i++) {
        /* killed as soon as it is started, so that it never lives long enough to count as healthy; timed
           from before the kill, so that a slow machine only makes it longer */
        uint64_t killed = ch_now_boot_ms();
        kill(pid, SIGKILL);
        expect_log(f, "event=ended", "fetcher/0");
        expect_log(f, "event=started", "fetcher/0");
        pause[i] = ch_now_boot_ms() - killed;
        const char *started = strstr(f->line, " pid=");
        assert_non_null(started);
        pid = (pid_t)strtol(started + strlen(" pid="), NULL, 10);
        assert_true(pid > 0);
    }
    expect_log(f, "event=ready", "fetcher/0");
    assert_int_equal(pid_in_status(f, "fetcher/0", &restarts), pid);
    assert_int_equal(restarts, CH_ARRAY_LEN(pause));
    /* 0, then 100, 200, 400 ms: never less than asked for */
    assert_true(pause[1] >= 100);
    assert_true(pause[2] >= 200);
    assert_true(pause[3] >= 400);
    stop(f, 0);
}

static void reload_takes_what_is_right_only(void **state)
{
    struct fixture *f = *state;
    serve(f);
    append(f, "policy.yaml", "# a comment\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reload ", "generation=1");
    expect_log(f, "event=reloaded", "of=");
    append(f, "policy.yaml", "no_such_key: 1\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reload-failed", "no_such_key");
    char text[4096];
    assert_int_equal(COMMAND(f, text, "check"), 2);
    assert_non_null(strstr(text, "policy.yaml:"));
    ask_gateway(f, text, sizeof(text)); /* and all goes on */
    assert_memory_equal(text, "gateway ", 8);
    stop(f, 0);
}

static void a_child_may_refuse_a_reload(void **state)
{
    struct fixture *f = *state;
    serve(f);
    append(f, "policy.yaml", "#reload-refused\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reload-refused", "as the test wishes");
    stop(f, 0);
}

static void a_child_that_cannot_start_is_no_service(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 0);
    append(f, "policy.yaml", "#exit-at-start\n");
    START(f, "serve", "--listen", "127.0.0.1:0");
    expect_log(f, "fetcher: as the test wishes", "");
    expect_log(f, "event=no-service", "fetcher/0 could not start");
    assert_int_equal(wait_exit(f->pid), 2);
    f->pid = -1;
}

/* A jail is ready only after its self-test: until each has said so, no gateway has a keeper. */
static void nothing_is_served_before_all_are_ready(void **state)
{
    struct fixture *f = *state;
    char text[256];
    serve(f);
    stop(f, 0);
    append(f, "policy.yaml", "\n#second-late\n");
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%u", f->port); /* free again */
    START(f, "serve", "--listen", address);
    for (unsigned seen = 0; seen < 4; seen++) { /* all but the late one */
        expect_log(f, "event=ready", "of=");
    }
    ask_gateway(f, text, sizeof(text));
    assert_non_null(strstr(text, "peers 0"));
    expect_log(f, "event=serving", "");
    expect_greeting(f);
    expect_keeper_met(f);
    stop(f, 0);
}

static void one_folder_has_one_server(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    serve(f);
    assert_int_equal(COMMAND(f, text, "serve", "--listen", "127.0.0.1:0"), 2);
    assert_non_null(strstr(text, "in use by another"));
    stop(f, 0);
    START(f, "serve", "--listen", "127.0.0.1:0"); /* the lock went with its holder */
    expect_greeting(f);
    kill(f->pid, SIGKILL);
    wait_exit(f->pid);
    START(f, "serve", "--listen", "127.0.0.1:0");
    expect_greeting(f);
    stop(f, 0);
}

static void its_children_die_with_it(void **state)
{
    struct fixture *f = *state;
    unsigned restarts;
    serve(f);
    pid_t pid = pid_in_status(f, "keeper/0", &restarts);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* so that we are told of their end */
    kill(f->pid, SIGKILL);
    wait_exit(f->pid);
    f->pid = -1;
    int status = 0;
    bool seen = false;
    while (waitpid(-1, &status, 0) > 0 || errno == EINTR) {
        seen = true;
    }
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    assert_true(seen);
    assert_int_equal(kill(pid, 0), -1);
}

struct usage {
    const char *label;
    const char *words[8];
    const char *expected;
};

static const struct usage usage_rows[] = {
    {"no upstream given twice",
     {"serve", "--pypi-upstream", "x", "--pypi-upstream", "y"},
     "given twice"},
    {"unknown option", {"queue", "--yaml"}, "unknown option --yaml"},
    {"a word too many", {"queue", "now"}, "does not know what to do with now"},
    {"a word missing", {"explain"}, "expected WHAT"},
    {"a value missing", {"explain", "x", "--repository"}, "needs a value: --repository"},
    {"a reason missing", {"deny", "x"}, "needs --reason"},
    {"a value for a flag", {"queue", "--json=yes"}, "takes no value: --json"},
    {"escape sequences", {"queue", "--\033[31m"}, "unknown option --\\x1b[31m"},
    {"no such address", {"serve", "--pypi-upstream", URL, "--listen", "nonsense"}, "nonsense"},
    {"not loopback", {"serve", "--pypi-upstream", URL, "--listen", "0.0.0.0:0"}, "--insecure-http"},
    {"no such URL", {"serve", "--pypi-upstream", "gopher://x"}, "url"},
};

static void wrong_usage_is_named(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < CH_ARRAY_LEN(usage_rows); i++) {
        char text[4096];
        int status = run_command(f, usage_rows[i].words, text, sizeof(text));
        if (status != 2 || strstr(text, usage_rows[i].expected) == NULL) {
            fail_msg("%s: status %d: %s", usage_rows[i].label, status, text);
        }
        assert_int_equal(access(f->folder, F_OK), -1); /* and nothing was made */
    }
}

static void a_used_address_is_named(void **state)
{
    struct fixture *f = *state;
    char address[64];
    char text[4096];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(a);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(address, sizeof(address), "127.0.0.1:%u", ntohs(a.sin_port));
    assert_int_equal(COMMAND(f, text, "serve", "--pypi-upstream", URL, "--listen", address), 2);
    assert_non_null(strstr(text, address));
    close(fd);
}

static void a_long_path_is_named(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    size_t len = strlen(f->folder);
    memset(f->folder + len, 'x', 120);
    f->folder[len + 120] = '\0';
    assert_int_equal(COMMAND(f, text, SERVE), 2);
    assert_non_null(strstr(text, "bytes long"));
}

static void what_is_no_installation_is_left_alone(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char path[256];
    snprintf(path, sizeof(path), "%s/a", f->top);
    assert_int_equal(mkdir(path, 0755), 0);
    assert_int_equal(mkdir(f->folder, 0755), 0);
    snprintf(path, sizeof(path), "%s/thesis.tex", f->folder);
    close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    assert_int_equal(COMMAND(f, text, SERVE), 2);
    assert_non_null(strstr(text, "holds \"thesis.tex\""));
    assert_int_equal(mode_of(f, "."), 0755);
}

static void open_credentials_are_refused(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char path[256];
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 0);
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL), 1);
    assert_non_null(strstr(text, "is an installation already"));
    snprintf(path, sizeof(path), "%s/credentials.yaml", f->folder);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(COMMAND(f, text, "check"), 2);
    assert_non_null(strstr(text, "mode 0644"));
}

static void several_addresses_are_written_at_init(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    char config[65536] = "";
    char path[256];
    assert_int_equal(COMMAND(f, text, "init", "--pypi-upstream", URL "///", "--listen",
                             "127.0.0.1:7", "--listen", "0.0.0.0:8", "--insecure-http"),
                     0);
    assert_int_equal(COMMAND(f, text, "check"), 0);
    snprintf(path, sizeof(path), "%s/customhouse.yaml", f->folder);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, config, sizeof(config) - 1) > 0);
    close(fd);
    assert_non_null(strstr(config, "- address: \"127.0.0.1:7\""));
    assert_non_null(strstr(config, "- address: \"0.0.0.0:8\""));
    assert_non_null(strstr(config, "\ninsecure_http: true\n"));
    assert_non_null(strstr(config, "\"" URL "\""));
}

static void help_and_version(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"serve",   "init",    "check", "status",     "queue",
                                        "explain", "approve", "deny",  "fetched-by", "version"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char text[8192];
        assert_int_equal(COMMAND(f, text, names[i], "--help"), 0);
        assert_non_null(strstr(text, names[i]));
        assert_non_null(strstr(text, "--state DIR"));
        assert_int_equal(COMMAND(f, text, "--help"), 0);
        assert_non_null(strstr(text, names[i]));
    }
    char text[256];
    assert_int_equal(COMMAND(f, text, "version"), 0);
    assert_memory_equal(text, "customhouse ", 12);
}

int main(int argc, char **argv)
{
    children = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(an_empty_folder_becomes_an_installation),
        ROW(everybody_meets_the_keeper),
        ROW(commands_reach_the_keeper),
        ROW(what_dies_starts_again),
        ROW(what_dies_often_waits_longer),
        ROW(reload_takes_what_is_right_only),
        ROW(a_child_may_refuse_a_reload),
        ROW(a_child_that_cannot_start_is_no_service),
        ROW(one_folder_has_one_server),
        ROW(nothing_is_served_before_all_are_ready),
        ROW(its_children_die_with_it),
        ROW(wrong_usage_is_named),
        ROW(a_used_address_is_named),
        ROW(a_long_path_is_named),
        ROW(what_is_no_installation_is_left_alone),
        ROW(open_credentials_are_refused),
        ROW(several_addresses_are_written_at_init),
        ROW(help_and_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
