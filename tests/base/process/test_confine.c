/* Real children, really confined: what must fail fails, what must work works. */
#include "confined.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- every row of the table --- */

static enum ch_role row_role;
static enum ch_confine_stage row_stage;

static void confine_and_self_test(void)
{
    struct ch_err err = {.msg = ""};
    struct ch_confine_options o = options_of(row_role, row_stage);
    if (row_stage == CH_CONFINE_PROCESS) {
        confine_as(row_role, row_stage);
    } else {
        confine_as(row_role, CH_CONFINE_PROCESS); /* jobs are forked by a confined parent */
    }
    enum ch_code rc = ch_confine_self_test(&o, &err);
    if (rc != CH_OK) {
        dprintf(STDERR_FILENO, "%s\n", err.msg);
    }
    CHECK(rc == CH_OK);
}

static void every_row_passes_its_own_self_test(void **state)
{
    (void)state;
    size_t rows = 0;
    for (const struct ch_confine_row *row; (row = ch_confine_row_at(rows)) != NULL; rows++) {
        row_role = row->role;
        row_stage = row->stage;
        passes(confine_and_self_test);
    }
    assert_int_equal(rows, 13); /* eleven processes, two of which have jobs */
}

static void self_test_without_confinement(void)
{
    struct ch_err err = {.msg = ""};
    struct ch_confine_options o = options_of(row_role, CH_CONFINE_PROCESS);
    CHECK(ch_confine_self_test(&o, &err) == CH_E_DENIED);
    CHECK(strstr(err.msg, "succeeds and must not") != NULL);
}

static void the_self_test_finds_what_is_not_confined(void **state)
{
    (void)state;
    for (size_t i = 0; ch_confine_row_at(i) != NULL; i++) {
        row_role = ch_confine_row_at(i)->role;
        passes(self_test_without_confinement);
    }
}

/* Each probe alone, in a process confined as somebody who may do that very thing. */
static void a_forbidden_thing_is_named(void)
{
    confine_as(CH_ROLE_FETCHER, CH_CONFINE_PROCESS);
    struct ch_err err = {.msg = ""};
    struct ch_confine_options o = options_of(CH_ROLE_SCANNER_STRICT, CH_CONFINE_PROCESS);
    CHECK(ch_confine_self_test(&o, &err) == CH_E_DENIED);
    CHECK(strcmp(err.msg, "self-test of scanner-strict: internet socket succeeds and must not") ==
          0);
}

static void the_self_test_names_what_succeeded(void **state)
{
    (void)state;
    passes(a_forbidden_thing_is_named);
}

static void no_group_of_a_row_names_a_call_twice(void **state)
{
    (void)state;
    for (size_t i = 0; ch_confine_row_at(i) != NULL; i++) {
        const struct ch_confine_row *row = ch_confine_row_at(i);
        bool seen[1024] = {false};
        for (size_t g = 0; row->groups[g] != NULL; g++) {
            for (size_t k = 0; k < row->groups[g]->count; k++) {
                int call = row->groups[g]->rules[k].call;
                if (call < 0) {
                    continue;
                }
                assert_in_range(call, 0, 1023);
                if (seen[call]) {
                    fail_msg("row %zu: call %d also in %s", i, call, row->groups[g]->name);
                }
                seen[call] = true;
            }
        }
    }
}

/* --- what works --- */

static int open_in_state(const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", state_dir, name);
    return open(path, flags | O_CLOEXEC, 0640);
}

static void common_ground(void)
{
    CHECK(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
               0) == MAP_FAILED);
    CHECK(errno == EACCES);
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && mprotect(p, 4096, PROT_READ | PROT_EXEC) != 0 && errno == EACCES);
    CHECK(prctl(PR_SET_NAME, "x", 0, 0, 0) == 0);
    CHECK(isatty(STDIN_FILENO) == 0);
    char *big = malloc(10 << 20);
    CHECK(big != NULL && (big = realloc(big, 30 << 20)) != NULL);
    free(big);
}

static void work_as_keeper(void)
{
    confine_as(CH_ROLE_KEEPER, CH_CONFINE_PROCESS);
    common_ground();
    char from[256];
    char to[256];
    int fd = open_in_state("blobs/spool/new", O_CREAT | O_RDWR | O_EXCL);
    CHECK(fd >= 0 && write(fd, "bytes", 5) == 5 && fsync(fd) == 0 && fdatasync(fd) == 0);
    CHECK(ftruncate(fd, 4096) == 0 && fallocate(fd, 0, 0, 8192) == 0 && fchmod(fd, 0440) == 0);
    struct statfs fs;
    CHECK(fstatfs(fd, &fs) == 0);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    CHECK(fcntl(fd, F_SETLK, &lock) == 0);
    close(fd);
    fd = open_in_state("blobs/spool/new", O_RDONLY);
    CHECK(fd >= 0 && fcntl(fd, F_SETLEASE, F_RDLCK) == 0); /* T3: no writer is left */
    CHECK(fcntl(fd, F_SETLEASE, F_UNLCK) == 0);
    close(fd);
    snprintf(from, sizeof(from), "%s/blobs/spool/new", state_dir);
    snprintf(to, sizeof(to), "%s/blobs/sha256/x", state_dir);
    CHECK(rename(from, to) == 0);
    snprintf(from, sizeof(from), "%s/served/x", state_dir);
    CHECK(link(to, from) == 0);
    int dir = open_in_state("blobs/sha256", O_RDONLY | O_DIRECTORY);
    CHECK(dir >= 0 && fsync(dir) == 0);
    CHECK(unlink(from) == 0 && unlink(to) == 0);
    int mem = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    CHECK(mem >= 0 && fcntl(mem, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) == 0);
    fd = open_in_state("db/new", O_CREAT | O_RDWR);
    CHECK(fd >= 0);
    void *map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(map != MAP_FAILED);
    /* out of its folders nothing moves */
    snprintf(from, sizeof(from), "%s/db/new", state_dir);
    snprintf(to, sizeof(to), "%s/run/new", state_dir);
    CHECK(rename(from, to) != 0 && link(from, to) != 0);
    CHECK(unlink(from) == 0);
    CHECK(access("/proc/self/mem", R_OK) != 0 || open("/proc/self/mem", O_RDWR | O_CLOEXEC) < 0);
}

static void the_keeper_can_work(void **state)
{
    (void)state;
    passes(work_as_keeper);
}

static int listener;
static struct sockaddr_in outside; /* of somebody who listens */

/* A listener is no way out: shut down, it is a socket that could connect, and Fast Open connects
 * whoever sends. */
static void connect_by_sending(void)
{
    struct sockaddr *to = (struct sockaddr *)&outside;
    char text[] = "x";
    struct iovec byte = {text, 1};
    struct msghdr msg = {
        .msg_name = to, .msg_namelen = sizeof(outside), .msg_iov = &byte, .msg_iovlen = 1};
    confine_as(row_role, CH_CONFINE_PROCESS);
    CHECK(shutdown(listener, SHUT_RD) == 0);
    CHECK(sendto(listener, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, to, sizeof(outside)) < 0);
    CHECK(errno == EACCES);
    CHECK(sendmsg(listener, &msg, MSG_FASTOPEN | MSG_NOSIGNAL) < 0 && errno == EACCES);
}

static int listening_socket(struct sockaddr_in *ret_address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    socklen_t len = sizeof(*ret_address);
    *ret_address = (struct sockaddr_in){.sin_family = AF_INET,
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fd, (struct sockaddr *)ret_address, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)ret_address, &len), 0);
    return fd;
}

static void a_listener_is_no_way_out(void **state)
{
    (void)state;
    static const enum ch_role listens[] = {CH_ROLE_GATEWAY, CH_ROLE_ADMIN, CH_ROLE_ADMISSION, CH_ROLE_WITNESS};
    struct sockaddr_in own;
    int other = listening_socket(&outside);
    for (size_t i = 0; i < CH_ARRAY_LEN(listens); i++) {
        row_role = listens[i];
        listener = listening_socket(&own);
        passes(connect_by_sending);
        close(listener);
    }
    assert_int_equal(fcntl(other, F_SETFL, O_NONBLOCK), 0);
    assert_true(accept4(other, NULL, NULL, SOCK_CLOEXEC) < 0); /* nobody came */
    close(other);
}

static void work_as_gateway(void)
{
    confine_as(CH_ROLE_GATEWAY, CH_CONFINE_PROCESS);
    common_ground();
    int fd = open_in_state("served/wheel", O_RDONLY);
    CHECK(fd >= 0);
    struct stat st;
    CHECK(fstat(fd, &st) == 0 && st.st_size == 5);
    CHECK(mmap(NULL, 5, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
    CHECK(open_in_state("served/wheel", O_RDWR) < 0 && errno == EACCES);
    CHECK(open_in_state("served/wheel", O_RDONLY | O_TRUNC) < 0 && errno == EACCES);
    int ep = epoll_create1(EPOLL_CLOEXEC);
    CHECK(ep >= 0);
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(client >= 0 && sendfile(client, fd, NULL, 5) == 5);
    char c;
    CHECK(read(client, &c, 1) == 1);
    CHECK(bind(client, &(struct sockaddr){0}, sizeof(struct sockaddr)) != 0 && errno == EACCES);
    /* a descriptor of shared memory handed over for reading stays that */
    CHECK(open("/proc/self/fd/0", O_RDWR | O_CLOEXEC) < 0);
}

static void the_gateway_can_work(void **state)
{
    (void)state;
    struct sockaddr_in a;
    listener = listening_socket(&a);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
    assert_int_equal(write(client, "x", 1), 1);
    passes(work_as_gateway);
    char text[6] = {0};
    assert_int_equal(read(client, text, 5), 5);
    assert_string_equal(text, "bytes");
    close(client);
    close(listener);
}

static void work_as_witness(void)
{
    confine_as(CH_ROLE_WITNESS, CH_CONFINE_PROCESS);
    common_ground();
    int folder = open_in_state("checkpoints", O_RDONLY | O_DIRECTORY);
    CHECK(folder >= 0);
    int fd = openat(folder, "a.new", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 && close(fd) == 0);
    CHECK(renameat(folder, "a.new", folder, "a") == 0 && fsync(folder) == 0);
    CHECK(unlinkat(folder, "a", 0) == 0);
    CHECK(open_in_state("name", O_RDONLY) < 0 && errno == EACCES);
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    CHECK(client >= 0 && send(client, "x", 1, MSG_NOSIGNAL) == 1);
}

static void the_witness_can_work(void **state)
{
    (void)state;
    struct sockaddr_in a;
    listener = listening_socket(&a);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&a, sizeof(a)), 0);
    passes(work_as_witness);
    close(client);
    close(listener);
}

static void *thread(void *arg)
{
    *(int *)arg = 1;
    return NULL;
}

static int spool_fd;

static enum ch_role out_role; /* of the two that talk to the world outside */

static void work_outside(void)
{
    confine_as(out_role, CH_CONFINE_PROCESS);
    common_ground();
    int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 || errno == ENOENT);
    pthread_t t;
    int ran = 0;
    CHECK(pthread_create(&t, NULL, thread, &ran) == 0 && pthread_join(t, NULL) == 0 && ran == 1);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    CHECK(getaddrinfo("localhost", "80", &hints, &list) == 0 && list != NULL);
    freeaddrinfo(list);
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(s >= 0);
    CHECK(connect(s, (struct sockaddr *)&a, sizeof(a)) != 0 && errno == ECONNREFUSED);
    CHECK(listen(s, 1) != 0 && errno == EACCES);
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(pwrite(spool_fd, "bytes", 5, 3) == 5 && lseek(spool_fd, 0, SEEK_SET) == 0);
    CHECK(ftruncate(spool_fd, 4) == 0);
}

static void the_fetcher_can_work(void **state)
{
    (void)state;
    spool_fd = memfd_create("spool", MFD_CLOEXEC);
    out_role = CH_ROLE_FETCHER;
    passes(work_outside);
    struct stat st;
    assert_int_equal(fstat(spool_fd, &st), 0);
    assert_int_equal(st.st_size, 4);
    close(spool_fd);
}

static void the_egress_can_work(void **state)
{
    (void)state;
    spool_fd = memfd_create("spool", MFD_CLOEXEC);
    out_role = CH_ROLE_EGRESS;
    passes(work_outside);
    close(spool_fd);
}

static int input_fd;
static int output_fd;

static void job(void)
{
    struct ch_confine_options o = options_of(CH_ROLE_SCANNER_SECOND, CH_CONFINE_JOB);
    CHECK(ch_confine(&o, NULL) == CH_OK);
    struct stat st;
    CHECK(fstat(input_fd, &st) == 0 && st.st_size == 5);
    void *p = mmap(NULL, 5, PROT_READ, MAP_PRIVATE, input_fd, 0);
    CHECK(p != MAP_FAILED && memcmp(p, "bytes", 5) == 0);
    CHECK(write(output_fd, p, 5) == 5);
    CHECK(write(input_fd, p, 5) < 0);
    CHECK(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
    FILE *f = fdopen(output_fd, "w"); /* stdio asks for the file's type and the terminal */
    CHECK(f != NULL && fprintf(f, "%s", "more") == 4 && fflush(f) == 0);
    _exit(7);
}

static void work_as_scanner(void)
{
    confine_as(CH_ROLE_SCANNER_SECOND, CH_CONFINE_PROCESS);
    common_ground();
    pid_t pid = fork();
    if (pid == 0) {
        job();
    }
    CHECK(pid > 0);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    CHECK(pidfd >= 0);
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
    pid = fork();
    if (pid == 0) {
        for (;;) {
            sleep(100);
        }
    }
    CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
    /* but no namespaces of its own, and no signal to those outside (Landlock 6) */
    CHECK(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0) < 0 && errno == EACCES);
    CHECK(ch_landlock_abi() < 6 || kill(getppid(), 0) != 0);
}

static void a_scanner_and_its_jobs_can_work(void **state)
{
    (void)state;
    char path[256];
    snprintf(path, sizeof(path), "%s/served/wheel", state_dir);
    input_fd = open(path, O_RDONLY | O_CLOEXEC);
    output_fd = memfd_create("answer", MFD_CLOEXEC);
    passes(work_as_scanner);
    char text[10] = {0};
    assert_int_equal(pread(output_fd, text, 9, 0), 9);
    assert_string_equal(text, "bytesmore");
    close(input_fd);
    close(output_fd);
}

static void give_root_up(void)
{
    confine_as(CH_ROLE_KEEPER, CH_CONFINE_PROCESS);
    CHECK(getuid() == TEST_UID && geteuid() == TEST_UID && getgid() == TEST_UID);
}

static void root_is_given_up(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    passes(give_root_up);
}

static void describe(void)
{
    confine_as(CH_ROLE_FETCHER, CH_CONFINE_PROCESS);
    struct ch_confine_options o = options_of(CH_ROLE_FETCHER, CH_CONFINE_PROCESS);
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    ch_confine_describe(&o, &b);
    ch_buf_putc(&b, '\0');
    CHECK(strstr(b.ptr, "landlock abi ") == b.ptr && strstr(b.ptr, ", seccomp, ") != NULL);
    CHECK(strstr(b.ptr, "namespaces none") != NULL);
}

static void confinement_can_be_described(void **state)
{
    (void)state;
    passes(describe);
}

static void who_has_no_row_is_not_let_on(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_confine_options o = {.role = CH_ROLE_SUPERVISOR};
    assert_ch_code(CH_E_DENIED, ch_confine(&o, &err));
    assert_ch_code(CH_E_DENIED, ch_confine_self_test(&o, &err));
}

int main(void)
{
    if (!CH_CONFINEMENT_APPLIED) {
        printf("a build with sanitizers is not confined: nothing to test\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_passes_its_own_self_test),
        cmocka_unit_test(the_self_test_finds_what_is_not_confined),
        cmocka_unit_test(the_self_test_names_what_succeeded),
        cmocka_unit_test(no_group_of_a_row_names_a_call_twice),
        cmocka_unit_test(the_keeper_can_work),
        cmocka_unit_test(a_listener_is_no_way_out),
        cmocka_unit_test(the_gateway_can_work),
        cmocka_unit_test(the_witness_can_work),
        cmocka_unit_test(the_fetcher_can_work),
        cmocka_unit_test(the_egress_can_work),
        cmocka_unit_test(a_scanner_and_its_jobs_can_work),
        cmocka_unit_test(root_is_given_up),
        cmocka_unit_test(confinement_can_be_described),
        cmocka_unit_test(who_has_no_row_is_not_let_on),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
