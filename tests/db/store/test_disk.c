/* A disk that is really full, and a process that may use nothing but the store's folder. */
#include "tests/db/store/temp_store.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/limits.h"

static void close_store(void)
{
    ch_store_close(store);
    store = NULL;
}

static enum ch_code decide_in(struct ch_store *s, const char *file, enum ch_verdict verdict)
{
    struct ch_decision_row d = {.repository = CH_STR("pypi"),
                                .upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = ch_str_of(file),
                                .verdict = verdict,
                                .rule = CH_STR("r"),
                                .at_us = 1};
    return ch_store_add_decision(s, &d, &err);
}

static void count_decision(void *ctx, const struct ch_decision_row *d)
{
    (void)d;
    *(size_t *)ctx += 1;
}

static size_t decisions(struct ch_store *s)
{
    size_t n = 0;
    assert_ch_ok(&err,
                 ch_store_decisions_of(s, CH_STR("pypi"), CH_STR("p"), count_decision, &n, &err));
    return n;
}

/* Runs `body` in a child with a file system of its own of 2 MiB mounted on `folder`. Its exit
 * status: 0 right, 77 no mounting permitted here, else the number of the check that failed. */
static int on_small_disk(int (*body)(void), const char *size)
{
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int flags = geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER;
        if (unshare(flags) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
            mount("tmpfs", folder, "tmpfs", 0, size) != 0) {
            _exit(77);
        }
        _exit(body());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

#define CHECK(n, cond)                                                                             \
    if (!(cond)) {                                                                                 \
        fprintf(stderr, "check %d: %s: %s\n", n, #cond, err.msg);                                  \
        return n;                                                                                  \
    }

static int fill_until_full(struct ch_store *s, enum ch_verdict verdict, size_t *ret_done)
{
    enum ch_code rc = CH_OK;
    size_t n = 0;
    while (n < 1000000 && rc == CH_OK) {
        char name[32];
        snprintf(name, sizeof(name), "f%zu-%d", n, (int)verdict);
        rc = decide_in(s, name, verdict);
        n += rc == CH_OK ? 1 : 0;
    }
    *ret_done = n;
    return rc;
}

static int disk_full(void)
{
    struct ch_store *s = NULL;
    size_t done = 0;
    ch_limits.store_reserve_bytes = 0; /* the real end of the disk, not our own caution */
    CHECK(1, ch_store_open(folder, &s, &err) == CH_OK);
    CHECK(2, fill_until_full(s, CH_VERDICT_HOLD, &done) == CH_E_FULL);
    CHECK(3, strstr(err.msg, "customhouse.db") != NULL && done > 10);
    CHECK(4, decisions(s) == done);
    ch_store_close(s);
    s = NULL;
    CHECK(5, ch_store_open(folder, &s, &err) == CH_OK);
    CHECK(6, decisions(s) == done);
    ch_store_close(s);
    return 0;
}

static void run_on_small_disk(int (*body)(void), const char *size)
{
    close_store();
    int status = on_small_disk(body, size);
    if (status == 77) {
        print_message("no mounting permitted: skipped\n");
        skip();
    }
    assert_int_equal(status, 0);
}

static void test_disk_full(void **state)
{
    (void)state;
    run_on_small_disk(disk_full, "size=2m");
}

/* T4: ALLOW stops before the disk is full, and then hundreds of withdrawals still find space,
 * although something else has taken the last byte meanwhile. */
static int withdrawals(void)
{
    struct ch_store *s = NULL;
    size_t done = 0;
    ch_limits.store_reserve_bytes = 2 << 20;
    CHECK(1, ch_store_open(folder, &s, &err) == CH_OK);
    struct ch_people_row alice = {.kind = CH_PEOPLE_PERSON, .person = CH_STR("alice")};
    struct ch_people_row token = {.kind = CH_PEOPLE_TOKEN, .person = CH_STR("alice"),
                                  .audience = CH_STR("pull"), .sha256 = {{1}}};
    uint64_t person_id = 0, token_id = 0;
    CHECK(8, ch_store_add_people(s, &alice, &person_id, &err) == CH_OK);
    CHECK(9, ch_store_add_people(s, &token, &token_id, &err) == CH_OK);
    CHECK(2, fill_until_full(s, CH_VERDICT_ALLOW, &done) == CH_E_FULL);
    CHECK(3, strstr(err.msg, "kept for withdrawals") != NULL && done > 10);
    char path[128];
    char zeros[4096] = {0};
    snprintf(path, sizeof(path), "%s/hog", folder);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    while (write(fd, zeros, sizeof(zeros)) > 0) {
    }
    CHECK(4, errno == ENOSPC);
    close(fd);
    for (size_t i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof(name), "f%zu-%d", i, (int)CH_VERDICT_ALLOW);
        CHECK(5, decide_in(s, name, CH_VERDICT_DENY) == CH_OK);
    }
    CHECK(6, decide_in(s, "new", CH_VERDICT_ALLOW) == CH_E_FULL);
    CHECK(7, decisions(s) == done);
    /* nobody gets a right any more; what somebody has can be taken */
    token.sha256.byte[1] = 1;
    CHECK(10, ch_store_add_people(s, &token, &token_id, &err) == CH_E_FULL);
    CHECK(11, ch_store_end_people(s, token_id, CH_STR("x"), CH_STR(""), 1, &err) == CH_OK);
    CHECK(12, ch_store_end_people(s, person_id, CH_STR("x"), CH_STR(""), 1, &err) == CH_OK);
    ch_store_close(s);
    return 0;
}

static void test_T4_withdrawals_have_space(void **state)
{
    (void)state;
    run_on_small_disk(withdrawals, "size=6m");
}

/* --- confinement --- */

static int confine_to_folder(void)
{
    struct landlock_ruleset_attr all = {.handled_access_fs =
                                            (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1};
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    struct landlock_path_beneath_attr below = {.allowed_access = all.handled_access_fs,
                                               .parent_fd = open(folder, O_PATH | O_CLOEXEC)};
    if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0) != 0) {
        return 77;
    }
    return syscall(SYS_landlock_restrict_self, rules, 0) == 0 ? 0 : 77;
}

static int work_confined(void)
{
    struct ch_store *s = NULL;
    struct ch_snapshot_info info = {0};
    CHECK(1, ch_store_open(folder, &s, &err) == CH_OK);
    if (confine_to_folder() != 0) {
        return 77;
    }
    CHECK(2, open("/etc/passwd", O_RDONLY) < 0);
    char *page = ch_alloc(4 << 20);
    memset(page, 'x', 4 << 20);
    for (size_t i = 0; i < 4 << 20; i += 7) {
        page[i] = (char)(i * 2654435761u >> 11); /* does not pack: spills the cache */
    }
    CHECK(3, ch_store_begin(s, &err) == CH_OK);
    for (int i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof(name), "p%d", i);
        CHECK(4, ch_store_put_snapshot(s, CH_STR("u"), ch_str_of(name), &info,
                                       (struct ch_str){page, 4 << 20}, &err) == CH_OK);
        CHECK(5, decide_in(s, name, CH_VERDICT_HOLD) == CH_OK);
    }
    CHECK(6, ch_store_commit(s, &err) == CH_OK);
    CHECK(7, decisions(s) == 8);
    free(page);
    ch_store_close(s);
    return 0;
}

static void test_works_confined_to_its_folder(void **state)
{
    (void)state;
    close_store();
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(work_confined());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("no Landlock here: skipped\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_disk_full),
        T(test_T4_withdrawals_have_space),
        T(test_works_confined_to_its_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
