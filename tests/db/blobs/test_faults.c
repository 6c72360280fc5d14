/* The blob store under kill -9 and on a full disk: never a half blob under sha256/ or served/. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/blobs.h"

enum { KILLS = 60, RUN_MAX_US = 25000, START_MAX_MS = 30000, BLOB_MAX = 1 << 18 };

static char state_dir[64];
static struct ch_err err;
static size_t files_seen;
static size_t bad_files;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int setup(void **state)
{
    (void)state;
    snprintf(state_dir, sizeof(state_dir), "blobs-fault-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* A file below a sha256 folder: its name is the hash of its bytes, and nobody may write it. */
static int check_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    if (type != FTW_F) {
        return 0;
    }
    char hex[2 * CH_SHA256_HEX];
    char expected[CH_SHA256_HEX + 1];
    struct ch_sha256 sha = {{0}};
    uint64_t size = 0;
    int fd = open(path, O_RDONLY);
    files_seen++;
    snprintf(hex, sizeof(hex), "%.2s%s", path + ftw->base - 3, path + ftw->base);
    bool ok = fd >= 0 && ch_sha256_of_fd(fd, &sha, &size, &err) == CH_OK;
    ch_sha256_hex(&sha, expected);
    if (!ok || strcmp(hex, expected) != 0 || st->st_mode != (S_IFREG | 0440)) {
        fprintf(stderr, "%s: mode %o, hash %s\n", path, st->st_mode, expected);
        bad_files++;
    }
    close(fd);
    return 0;
}

static size_t check_tree(const char *tree)
{
    char path[128];
    files_seen = 0;
    snprintf(path, sizeof(path), "%s/%s/sha256", state_dir, tree);
    nftw(path, check_one, 16, FTW_PHYS);
    assert_int_equal(bad_files, 0);
    return files_seen;
}

static bool fetch(struct ch_blobs *b, uint64_t job, char *bytes, size_t len, struct ch_sha256 *ret)
{
    int fd = -1;
    uint64_t size = 0;
    if (ch_blobs_spool(b, job, &fd, &err) != CH_OK) {
        return false;
    }
    bool ok = true;
    for (size_t at = 0; ok && at < len;) { /* as bytes arrive */
        size_t n = len - at < 16384 ? len - at : 16384;
        ssize_t done = write(fd, bytes + at, n);
        if (done <= 0) {
            ok = ch_fail(&err, CH_E_FULL, "write") == CH_OK;
        }
        at += (size_t)done;
    }
    close(fd);
    return ok && ch_blobs_publish(b, job, ret, &size, &err) == CH_OK && size == len;
}

struct ack {
    struct ch_sha256 sha256;
    uint8_t served; /* 1 served, 0 published only, 2 withdrawn */
};

CH_NORETURN static void child(int ack_fd, unsigned run)
{
    struct ch_blobs *b = NULL;
    static char bytes[BLOB_MAX];
    unsigned seed = run;
    bool ok = ch_blobs_open(state_dir, &b, &err) == CH_OK;
    for (uint64_t job = 1; ok; job++) {
        struct ack ack = {{{0}}, (uint8_t)(job % 3)};
        size_t len = 64 + (size_t)rand_r(&seed) % (BLOB_MAX - 64);
        /* No two alike: what one step withdraws must not be what another serves. */
        snprintf(bytes, 64, "run %u job %llu", run, (unsigned long long)job);
        for (size_t i = 64; i < len; i += 64) {
            bytes[i] = (char)rand_r(&seed);
        }
        ok = job % 5 == 0 ? ch_blobs_put(b, (struct ch_str){bytes, 64 + len % 1000}, &ack.sha256,
                                         &err) == CH_OK
                          : fetch(b, job % 4, bytes, len, &ack.sha256);
        ok = ok && (ack.served == 0 || ch_blobs_serve(b, &ack.sha256, &err) == CH_OK);
        ok = ok && (ack.served != 2 || ch_blobs_withdraw(b, &ack.sha256, &err) == CH_OK);
        ok = ok && write(ack_fd, &ack, sizeof(ack)) == sizeof(ack);
    }
    dprintf(STDERR_FILENO, "child: %s\n", err.msg);
    _exit(1);
}

/* What the start after a crash does: nothing acknowledged is lost, the spool is empty again. */
static size_t verify(int ack_fd)
{
    struct ch_blobs *b = NULL;
    struct ack ack;
    char path[128];
    size_t n = 0;
    check_tree("served");
    check_tree("blobs");
    assert_ch_ok(&err, ch_blobs_open(state_dir, &b, &err));
    assert_ch_ok(&err, ch_blobs_clear_spool(b, &err));
    for (; read(ack_fd, &ack, sizeof(ack)) == sizeof(ack); n++) {
        assert_true(ch_blobs_has(b, &ack.sha256));
        if (ack.served == 1) {
            assert_true(ch_blobs_is_served(b, &ack.sha256));
        } else if (ack.served == 2) {
            assert_false(ch_blobs_is_served(b, &ack.sha256));
        }
    }
    ch_blobs_close(b);
    snprintf(path, sizeof(path), "%s/blobs/spool", state_dir);
    assert_int_equal(rmdir(path), 0); /* empty; made anew by the next run */
    return n;
}

static void test_kill_9(void **state)
{
    (void)state;
    unsigned seed = 5;
    size_t acknowledged = 0;
    for (int i = 0; i < KILLS; i++) {
        int ack[2];
        assert_int_equal(pipe(ack), 0);
        fflush(NULL);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ack[0]);
            child(ack[1], (unsigned)i);
        }
        close(ack[1]);
        if (i % 2 == 1) { /* every other run gets past its start, however slow the disk is */
            struct pollfd first = {.fd = ack[0], .events = POLLIN};
            assert_int_equal(poll(&first, 1, START_MAX_MS), 1);
        }
        usleep((useconds_t)(rand_r(&seed) % RUN_MAX_US));
        kill(pid, SIGKILL);
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        acknowledged += verify(ack[0]);
        close(ack[0]);
    }
    print_message("%zu blobs acknowledged over %d kills, %zu on disk\n", acknowledged, KILLS,
                  check_tree("blobs"));
    assert_true(acknowledged >= KILLS / 2);
}

/* --- a full disk --- */

#define CHECK(n, cond)                                                                             \
    if (!(cond)) {                                                                                 \
        fprintf(stderr, "check %d: %s: %s\n", n, #cond, err.msg);                                  \
        return n;                                                                                  \
    }

static int fill_disk(void)
{
    struct ch_blobs *b = NULL;
    struct ch_sha256 sha;
    char path[128];
    static char bytes[100000];
    enum ch_code rc = CH_OK;
    CHECK(1, ch_blobs_open(state_dir, &b, &err) == CH_OK);
    for (int i = 0; i < 100 && rc == CH_OK; i++) {
        bytes[0] = (char)i;
        rc = ch_blobs_put(b, (struct ch_str){bytes, sizeof(bytes)}, &sha, &err);
    }
    CHECK(2, rc == CH_E_FULL);
    CHECK(3, strstr(err.msg, state_dir) != NULL);
    CHECK(4, check_tree("blobs") > 3);
    snprintf(path, sizeof(path), "%s/blobs/spool", state_dir);
    CHECK(5, rmdir(path) == 0); /* the half file is gone */
    CHECK(6, mkdir(path, 0700) == 0);
    ch_blobs_close(b);
    b = NULL;
    CHECK(7, ch_blobs_open(state_dir, &b, &err) == CH_OK);
    CHECK(8, !fetch(b, 1, bytes, sizeof(bytes), &sha));
    ch_blobs_discard(b, 1);
    CHECK(9, rmdir(path) == 0);
    ch_blobs_close(b);
    return 0;
}

static void test_disk_full(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
        if (unshare(flags) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("tmpfs", state_dir, "tmpfs", 0, "size=1m") != 0) {
            _exit(77);
        }
        _exit(fill_disk());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("no mounting permitted: skipped\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kill_9, setup, teardown),
        cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
