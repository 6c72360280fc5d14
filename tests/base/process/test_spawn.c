/* A real executable, started as the supervisor starts it. argv[1] is the folder of the test
 * children. */
#include "tests/ch_test.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process/confine_int.h"
#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"

#define TEST_UID 61291u

static const char config[] = "listen:\n"
                             "  - address: \"127.0.0.1:8080\"\n"
                             "upstreams:\n"
                             "  - name: up\n"
                             "    ecosystem: pypi\n"
                             "    url: \"https://index.example.org/simple\"\n"
                             "repositories:\n"
                             "  - name: pypi\n"
                             "    ecosystem: pypi\n"
                             "    upstreams: [up]\n";

static const char *children;
static char top[128];       /* closed to everybody else */
static char state_dir[160]; /* below it */

struct fixture {
    struct ch_spawned child;
    struct ch_spawn_options options;
    int listener;
    struct sockaddr_in address;
    char confinement[300];
};

static void make_state(void)
{
    const char *base = getenv("TMPDIR");
    snprintf(top, sizeof(top), "%s/ch-spawn-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(top));
    snprintf(state_dir, sizeof(state_dir), "%s/state", top);
    assert_int_equal(mkdir(state_dir, 0755), 0);
    static const char *const names[] = {"db",  "blobs", "served", "keys",
                                        "log", "run",   "audit",  "audit/public"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char path[200];
        snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
        assert_int_equal(mkdir(path, 0755), 0);
        if (geteuid() == 0) {
            assert_int_equal(chown(path, TEST_UID, TEST_UID), 0);
        }
    }
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    make_state();
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    f->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(f->address);
    assert_int_equal(bind(f->listener, (struct sockaddr *)&f->address, len), 0);
    assert_int_equal(listen(f->listener, 5), 0);
    assert_int_equal(getsockname(f->listener, (struct sockaddr *)&f->address, &len), 0);
    f->child.pid = -1;
    f->options = (struct ch_spawn_options){.folder = children};
    if (geteuid() == 0) {
        f->options.uid = TEST_UID;
        f->options.gid = TEST_UID;
        f->options.served_gid = TEST_UID + 1;
        f->options.state_dir = state_dir; /* mkdtemp closed the way to it */
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->child.pid > 0) {
        kill(f->child.pid, SIGKILL);
        waitpid(f->child.pid, NULL, 0);
        close(f->child.channel);
        close(f->child.pidfd);
    }
    close(f->listener);
    free(f);
    static const char *const names[] = {"db",  "blobs",        "served", "keys", "log",
                                        "run", "audit/public", "audit",  "."};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char path[200];
        snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
        rmdir(i + 1 == CH_ARRAY_LEN(names) ? state_dir : path);
    }
    return rmdir(top);
}

static int memory_of(size_t bytes)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
    return fd;
}

static void send_setup(struct fixture *f, enum ch_role role)
{
    struct ch_err err;
    struct ch_setup setup = {
        .role = role,
        .instance = 5,
        .instances = 6,
        .uid = f->options.uid,
        .gid = f->options.gid,
        .served_gid = f->options.served_gid,
        .state_dir = ch_str_of(f->options.state_dir != NULL ? CH_SPAWN_STATE : state_dir),
        .config_name = CH_STR("customhouse.yaml"),
        .config_text = CH_STR(config),
        .listener_count = 1, /* the socket has a gateway alone */
        .listener[0] = {CH_STR("127.0.0.1:8080"), false},
    };
    int fds[4] = {memory_of(sizeof(struct ch_epoch_page)),
                  memory_of((size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES),
                  open("/dev/null", O_WRONLY | O_CLOEXEC), f->listener};
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    ch_setup_put(&b, &setup);
    assert_ch_ok(&err,
                 ch_frame_write(f->child.channel, CH_MSG_SETUP, ch_buf_str(&b), fds,
                                role == CH_ROLE_GATEWAY ? 4 : 3, ch_now_boot_ms() + 5000, &err));
    ch_buf_done(&b);
    for (size_t i = 0; i < 3; i++) {
        close(fds[i]);
    }
}

static void expect_ready(struct fixture *f, enum ch_role role)
{
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    uint16_t type = 0;
    int fds[CH_FRAME_MAX_FDS];
    size_t n = 0;
    assert_ch_ok(&err, ch_frame_read(f->child.channel, role, &type, &b, fds, &n,
                                     ch_now_boot_ms() + 10000, &err));
    assert_int_equal(type, CH_MSG_READY);
    struct ch_ready ready;
    assert_ch_ok(&err, ch_ready_get(ch_buf_str(&b), &ready, &err));
    snprintf(f->confinement, sizeof(f->confinement), "%.*s", CH_STR_ARG(ready.confinement));
    ch_buf_done(&b);
}

static void start(struct fixture *f, enum ch_role role)
{
    struct ch_err err;
    f->options.role = role;
    f->options.network = role == CH_ROLE_FETCHER;
    assert_ch_ok(&err, ch_spawn(&f->options, &f->child, &err));
    send_setup(f, role);
    expect_ready(f, role);
}

/* Exit status once it has ended; -1 when it lives on after 10 s. */
static int wait_end(struct fixture *f)
{
    struct pollfd p = {.fd = f->child.pidfd, .events = POLLIN};
    int status = 0;
    if (poll(&p, 1, 10000) != 1 || waitpid(f->child.pid, &status, 0) != f->child.pid) {
        return -1;
    }
    close(f->child.channel);
    close(f->child.pidfd);
    f->child.pid = -1;
    return status;
}

static bool status_has(pid_t pid, const char *line)
{
    char path[64];
    char text[8192];
    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_true(n > 0);
    text[n] = '\0';
    return strstr(text, line) != NULL;
}

static bool same_namespace(pid_t pid, const char *name)
{
    char path[64];
    char mine[64] = "";
    char theirs[64] = "";
    snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
    assert_true(readlink(path, mine, sizeof(mine) - 1) > 0);
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
    if (readlink(path, theirs, sizeof(theirs) - 1) <= 0) {
        print_message("the namespaces of another process are not for us to look at here\n");
        skip();
    }
    return strcmp(mine, theirs) == 0;
}

static void talk_to_gateway(struct fixture *f)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&f->address, sizeof(f->address)), 0);
    char text[64] = "";
    assert_true(recv(fd, text, sizeof(text) - 1, MSG_WAITALL) > 0);
    close(fd);
    assert_string_equal(text, "gateway 5 peers 0");
}

static void drain(struct fixture *f)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_frame_write(f->child.channel, CH_MSG_DRAIN, (struct ch_str){NULL, 0},
                                      NULL, 0, ch_now_boot_ms() + 1000, &err));
    assert_int_equal(wait_end(f), 0);
}

static void a_gateway_serves_from_its_cell(void **state)
{
    struct fixture *f = *state;
    start(f, CH_ROLE_GATEWAY);
    talk_to_gateway(f); /* the listening socket is of the host's network, the process is not */
    if (CH_CONFINEMENT_APPLIED) {
        assert_true(status_has(f->child.pid, "NoNewPrivs:\t1"));
        assert_true(status_has(f->child.pid, "Seccomp:\t2"));
        assert_true(status_has(f->child.pid, "CapEff:\t0000000000000000"));
        assert_true(status_has(f->child.pid, "CapPrm:\t0000000000000000"));
        assert_non_null(strstr(f->confinement, f->child.namespaces));
        if (geteuid() == 0) {
            assert_true(status_has(f->child.pid, "Uid:\t61291\t61291\t61291\t61291"));
            assert_true(status_has(f->child.pid, "Gid:\t61291\t61291\t61291\t61291"));
            assert_true(status_has(f->child.pid, "Groups:\t61292 \n"));
        }
    }
    drain(f);
}

static void namespaces_are_as_reported(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"user", "net", "pid", "ipc", "uts"};
    start(f, CH_ROLE_KEEPER);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        bool reported = strstr(f->child.namespaces, names[i]) != NULL;
        assert_int_equal(same_namespace(f->child.pid, names[i]), !reported);
    }
    drain(f);
}

static void the_fetcher_keeps_the_network(void **state)
{
    struct fixture *f = *state;
    start(f, CH_ROLE_FETCHER);
    assert_null(strstr(f->child.namespaces, "net"));
    drain(f);
}

static void scanners_of_both_kinds_start(void **state)
{
    struct fixture *f = *state;
    start(f, CH_ROLE_SCANNER_STRICT);
    drain(f);
    start(f, CH_ROLE_SCANNER_SECOND);
    drain(f);
}

/* served/ leads to the whole state folder, so that the row lets the process open what must fail: the
 * self-test finds that in the very process, which ends and was never ready. */
static void what_can_do_what_must_fail_does_not_start(void **state)
{
    struct fixture *f = *state;
    char served[200];
    if (!CH_CONFINEMENT_APPLIED) {
        print_message("a build with sanitizers is not confined: nothing to test\n");
        skip();
    }
    snprintf(served, sizeof(served), "%s/served", state_dir);
    assert_int_equal(rmdir(served), 0);
    assert_int_equal(symlink(".", served), 0);
    struct ch_err err;
    f->options.role = CH_ROLE_GATEWAY;
    assert_ch_ok(&err, ch_spawn(&f->options, &f->child, &err));
    send_setup(f, CH_ROLE_GATEWAY);
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    uint16_t type = 0;
    int fds[CH_FRAME_MAX_FDS];
    size_t n = 0;
    enum ch_code said = ch_frame_read(f->child.channel, CH_ROLE_GATEWAY, &type, &b, fds, &n,
                                      ch_now_boot_ms() + 10000, &err);
    ch_buf_done(&b);
    assert_int_equal(unlink(served), 0);
    assert_int_equal(mkdir(served, 0755), 0); /* as it was, to be taken away */
    assert_int_equal(said, CH_E_CLOSED);
    int status = wait_end(f);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void nothing_is_inherited_but_the_channel(void **state)
{
    struct fixture *f = *state;
    /* Without close-on-exec, as a careless library would: low, and where nobody looks. */
    int leak = memfd_create("leaked", 0);
    int high = fcntl(leak, F_DUPFD, 50);
    struct ch_err err;
    f->options.role = CH_ROLE_KEEPER;
    assert_ch_ok(&err, ch_spawn(&f->options, &f->child, &err));
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)f->child.pid);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    /* What the loader has open for a moment is its own; the four must be there and no leak. */
    int given = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char target[256] = "";
        if (readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1) > 0) {
            given += strtol(e->d_name, NULL, 10) <= 3;
            assert_null(strstr(target, "leaked"));
        }
    }
    closedir(dir);
    close(leak);
    close(high);
    assert_int_equal(given, 4);
    char env[256] = "";
    snprintf(path, sizeof(path), "/proc/%d/environ", (int)f->child.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, env, sizeof(env) - 1);
    close(fd);
    assert_true(n > 0);
    size_t at = 0;
    static const char *const expected[] = {CH_NAMESPACES_ENV "=", "LC_ALL=C", "TZ=UTC0"};
    for (size_t i = 0; i < CH_ARRAY_LEN(expected); i++) {
        assert_memory_equal(env + at, expected[i], strlen(expected[i]));
        at += strlen(env + at) + 1;
    }
    assert_int_equal(at, n);
}

static void it_dies_with_its_supervisor(void **state)
{
    struct fixture *f = *state;
    start(f, CH_ROLE_KEEPER);
    shutdown(f->child.channel, SHUT_RDWR); /* what the end of the supervisor does to it */
    int status = wait_end(f);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

static void a_missing_program_is_named(void **state)
{
    struct fixture *f = *state;
    struct ch_err err;
    f->options.role = CH_ROLE_KEEPER;
    f->options.folder = "/nonexistent";
    assert_ch_code(CH_E_NOT_FOUND, ch_spawn(&f->options, &f->child, &err));
    assert_non_null(strstr(err.msg, "/nonexistent/keeper"));
    assert_int_equal(f->child.pid, -1);
}

static void without_its_state_it_does_not_serve(void **state)
{
    struct fixture *f = *state;
    if (!CH_CONFINEMENT_APPLIED) {
        print_message("a build with sanitizers is not confined: nothing to test\n");
        skip();
    }
    struct ch_err err;
    char path[200];
    snprintf(path, sizeof(path), "%s/served", state_dir);
    assert_int_equal(rmdir(path), 0);
    f->options.role = CH_ROLE_GATEWAY;
    assert_ch_ok(&err, ch_spawn(&f->options, &f->child, &err));
    send_setup(f, CH_ROLE_GATEWAY);
    int status = wait_end(f);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
}

int main(int argc, char **argv)
{
    children = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(a_gateway_serves_from_its_cell),       ROW(namespaces_are_as_reported),
        ROW(the_fetcher_keeps_the_network),        ROW(scanners_of_both_kinds_start),
        ROW(nothing_is_inherited_but_the_channel), ROW(it_dies_with_its_supervisor),
        ROW(a_missing_program_is_named),           ROW(without_its_state_it_does_not_serve),
        ROW(what_can_do_what_must_fail_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
