/* `customhouse` itself, run with the small test children in place of its other processes. argv[1]
 * is the folder where they lie together. */
#include "running.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/attr.h"
#include "customhouse/loop.h"

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

/* A port that nobody uses, and neither the next one. */
static uint16_t two_free_ports(void)
{
    for (uint16_t port = 20000; port < 30000; port = (uint16_t)(port + 2)) {
        int fd[2];
        bool free = true;
        for (uint16_t i = 0; i < 2; i++) {
            struct sockaddr_in a = {.sin_family = AF_INET,
                                    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                    .sin_port = htons((uint16_t)(port + i))};
            fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            free = bind(fd[i], (struct sockaddr *)&a, sizeof(a)) == 0 && free;
        }
        close(fd[0]);
        close(fd[1]);
        if (free) {
            return port;
        }
    }
    fail_msg("no two ports are free");
    return 0;
}

/* --- the tests --- */

/* Where it is not said where, the administrative interface is beside what clients use. */
static void the_administrative_interface_finds_a_place(void **state)
{
    struct fixture *f = *state;
    char first[32];
    char second[32];
    uint16_t port = two_free_ports();
    snprintf(first, sizeof(first), "127.0.0.1:%u", port);
    snprintf(second, sizeof(second), "127.0.0.1:%u", port + 1u);
    START(f, "serve", "--listen", first, "--listen", second, "--pypi-upstream", URL);
    expect_log(f, "event=ready", "admin/0");
    stop(f, 0);
}

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
    uint64_t pause[5];
    for (size_t i = 0; i < CH_ARRAY_LEN(pause); i++) {
        /* killed as soon as it is started, so that it never lives long enough to count as healthy;
           timed from before the kill, so that a slow machine only makes it longer */
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
    /* 0, then 100, 200, 400, 800 ms: never less than asked for */
    assert_true(pause[1] >= 100);
    assert_true(pause[2] >= 200);
    assert_true(pause[3] >= 400);
    assert_true(pause[4] >= 800);
    /* it would be 1600 now, but for a second of health: then it is none again */
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 200000000}, NULL);
    uint64_t killed = ch_now_boot_ms();
    kill(pid, SIGKILL);
    expect_log(f, "event=started", "fetcher/0");
    assert_true(ch_now_boot_ms() - killed < 1600);
    stop(f, 0);
}

/* What each process is about to be told by: its policy has so many bytes. */
static long policy_bytes(const struct fixture *f)
{
    struct stat st;
    char path[256];
    snprintf(path, sizeof(path), "%s/policy.yaml", f->folder);
    assert_int_equal(stat(path, &st), 0);
    return (long)st.st_size;
}

static void truncate_policy(const struct fixture *f, long bytes)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/policy.yaml", f->folder);
    assert_int_equal(truncate(path, bytes), 0);
}

static const char *const reloaded[] = {"keeper/0",         "fetcher/0",        "egress/0",
                                       "scanner-strict/0", "scanner-second/0", "gateway/0",
                                       "admin/0"};

/* Killed and started again, each works with this policy. */
static void expect_starts_with(struct fixture *f, long bytes)
{
    char words[64];
    snprintf(words, sizeof(words), "starts with %ld bytes", bytes);
    for (size_t i = 0; i < CH_ARRAY_LEN(reloaded); i++) {
        unsigned restarts;
        kill(pid_in_status(f, reloaded[i], &restarts), SIGKILL);
        expect_log(f, "event=ended", reloaded[i]);
        expect_log(f, words, reloaded[i]);
        expect_log(f, "event=ready", reloaded[i]);
    }
}

static void reload_takes_what_is_right_only(void **state)
{
    struct fixture *f = *state;
    serve(f);
    append(f, "policy.yaml", "# a comment\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reload ", "generation=1");
    expect_log(f, "event=reloaded", "generation=1");
    append(f, "policy.yaml", "no_such_key: 1\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reload-failed", "no_such_key");
    assert_non_null(strstr(f->line, "policy.yaml:"));
    assert_non_null(strstr(f->line, "what was in force stays in force"));
    char text[4096];
    assert_int_equal(COMMAND(f, text, "check"), 2);
    assert_non_null(strstr(text, "policy.yaml:"));
    ask_gateway(f, text, sizeof(text)); /* and all goes on */
    assert_memory_equal(text, "gateway ", 8);
    stop(f, 0);
}

/* Whichever it is that refuses: none has taken it, and none of those that start later gets it. */
static void what_one_refuses_no_process_has(void **state)
{
    struct fixture *f = *state;
    char text[8192];
    START(f, SERVE, "--admin-listen", "127.0.0.1:0");
    expect_greeting(f);
    long before = policy_bytes(f);
    for (size_t i = 0; i < CH_ARRAY_LEN(reloaded); i++) {
        bool dies = i % 3 == 2;
        snprintf(text, sizeof(text), "#%.*s-%s\n", (int)strcspn(reloaded[i], "/"), reloaded[i],
                 dies ? "dies" : "refuses");
        append(f, "policy.yaml", text);
        kill(f->pid, SIGHUP);
        expect_log(f, "event=reload ", "generation=");
        if (dies) {
            snprintf(text, sizeof(text), "%s: ended before all", reloaded[i]);
            expect_log(f, "event=reload-failed", text);
            expect_log(f, "event=ready", reloaded[i]);
        } else {
            expect_log(f, "event=reload-refused", "as the test wishes");
            assert_non_null(strstr(f->line, reloaded[i]));
            snprintf(text, sizeof(text), "%s: as the test wishes", reloaded[i]);
            expect_log(f, "event=reload-failed", text);
        }
        if (i == 0 || i == 4) { /* what starts from now on gets the former one */
            expect_starts_with(f, before);
        }
        truncate_policy(f, before);
    }
    append(f, "policy.yaml", "# a comment\n");
    kill(f->pid, SIGHUP);
    expect_log(f, "event=reloaded", "generation=");
    expect_starts_with(f, before + 12);
    stop(f, 0);
}

/* Between the two steps nothing can go wrong any more: who ends there starts with the new one. */
static void what_dies_as_it_takes_it_starts_with_it(void **state)
{
    struct fixture *f = *state;
    char words[64];
    serve(f);
    append(f, "policy.yaml", "#fetcher-dies-late\n");
    snprintf(words, sizeof(words), "starts with %ld bytes", policy_bytes(f));
    kill(f->pid, SIGHUP);
    expect_log(f, "event=ended", "fetcher/0");
    expect_log(f, "fetcher/0: ", words);
    expect_log(f, "event=ready", "fetcher/0");
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

/* A channel can end while both of its processes live: they get another, and nothing has to start
 * again. */
static void who_lost_the_keeper_meets_it_again(void **state)
{
    struct fixture *f = *state;
    static const char *const roles[] = {"gateway", "fetcher",   "scanner-strict", "scanner-second",
                                        "admin",   "admission", "egress"};
    char word[64], text[8192];
    serve(f);
    assert_int_equal(COMMAND(f, text, "status"), 0);
    stop(f, 0);
    bool runs[CH_ARRAY_LEN(roles)];
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        snprintf(word, sizeof(word), "%s/0", roles[i]);
        runs[i] = strstr(text, word) != NULL;
        assert_true(runs[i] || i > 3);
    }
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%u", f->port); /* free again */
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        if (runs[i]) {
            snprintf(word, sizeof(word), "\n#%s-loses\n", roles[i]);
            append(f, "policy.yaml", word);
        }
    }
    START(f, "serve", "--listen", address);
    expect_greeting(f);
    size_t to_come = 0;
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        to_come += runs[i];
    }
    while (to_come-- > 0) {
        expect_log(f, "met the keeper again", "");
    }
    assert_int_equal(COMMAND(f, text, "status"), 0);
    assert_null(strstr(text, "restarts 1"));
    stop(f, 0);
}

/* Of an installation that is there already, whose configuration would have named its line. */
static void each_wrong_address_is_named(void **state)
{
    struct fixture *f = *state;
    char text[4096];
    serve(f);
    stop(f, 0);
    static const struct {
        const char *option, *address, *why;
    } rows[] = {
        {"--listen", "nonsense", "--listen nonsense: expected HOST:PORT"},
        {"--listen", "", "--listen : expected HOST:PORT"},
        {"--listen", "::1:8080", "--listen ::1:8080: expected HOST:PORT"},
        {"--listen", "[::]:0", "[::]:0: other than loopback needs TLS"},
        {"--listen", "0.0.0.0:0", "0.0.0.0:0: other than loopback needs TLS"},
        {"--listen", "[::ffff:127.0.0.1]:0", "[::ffff:127.0.0.1]:0: other than loopback needs TLS"},
        {"--listen", "[::ffff:7f00:1]:0", "[::ffff:7f00:1]:0: other than loopback needs TLS"},
        {"--listen", "127.0.0.1.example.org:0", "other than loopback needs TLS"},
        {"--listen", "127.1:0", "--listen 127.1:0: expected HOST:PORT"},
        {"--listen", "2130706433:0", "--listen 2130706433:0: expected HOST:PORT"},
        {"--admin-listen", "nonsense", "--admin-listen nonsense: expected HOST:PORT"},
        {"--admin-listen", "[::]:0", "[::]:0: the administrative interface needs TLS"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        int status = COMMAND(f, text, "serve", rows[i].option, rows[i].address);
        if (status != 2 || strstr(text, rows[i].why) == NULL) {
            fail_msg("%s %s: status %d: %s", rows[i].option, rows[i].address, status, text);
        }
    }
    assert_int_equal(
        COMMAND(f, text, "serve", "--insecure-http", "--listen", "[::ffff:127.0.0.1]:0"), 2);
    assert_non_null(strstr(text, "an IPv4 address in the form of IPv6, expected 127.0.0.1:0"));
    char address[32];
    snprintf(address, sizeof(address), "127.0.0.1:%u", f->port);
    assert_int_equal(COMMAND(f, text, "serve", "--listen", address, "--listen", address), 2);
    assert_non_null(strstr(text, "given twice"));
}

static void what_ends_while_it_starts_does_not_serve(void **state)
{
    struct fixture *f = *state;
    serve(f);
    stop(f, 0);
    append(f, "policy.yaml", "\n#second-late\n#doors-linger\n");
    START(f, "serve", "--listen", "127.0.0.1:0");
    for (unsigned seen = 0; seen < 4; seen++) { /* all but the late one */
        expect_log(f, "event=ready", "of=");
    }
    kill(f->pid, SIGTERM);
    expect_log(f, "event=draining", "");
    expect_log(f, "event=ready", "of=scanner-second");
    expect_log(f, "event=ended", "status=0");
    int status = wait_exit(f->pid);
    f->pid = -1;
    assert_int_equal(status, 0);
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

int main(int argc, char **argv)
{
    children = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(an_empty_folder_becomes_an_installation),
        ROW(everybody_meets_the_keeper),
        ROW(commands_reach_the_keeper),
        ROW(the_administrative_interface_finds_a_place),
        ROW(what_dies_starts_again),
        ROW(what_dies_often_waits_longer),
        ROW(reload_takes_what_is_right_only),
        ROW(what_one_refuses_no_process_has),
        ROW(what_dies_as_it_takes_it_starts_with_it),
        ROW(a_child_that_cannot_start_is_no_service),
        ROW(one_folder_has_one_server),
        ROW(nothing_is_served_before_all_are_ready),
        ROW(who_lost_the_keeper_meets_it_again),
        ROW(each_wrong_address_is_named),
        ROW(what_ends_while_it_starts_does_not_serve),
        ROW(its_children_die_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
