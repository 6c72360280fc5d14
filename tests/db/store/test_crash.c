/* kill -9 at random points: what was acknowledged is there, and a group is there whole or not at
 * all. */
#include "tests/ch_test.h"

#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/store.h"

enum { KILLS = 40, GROUP = 5, RUN_MAX_US = 30000, START_MAX_MS = 30000 };

static char folder[64];
static struct ch_err err;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

/* Groups of GROUP decisions and one intake row, from group number `first` on; each committed
 * group's number goes into the pipe. Runs until it is killed. */
CH_NORETURN static void child(int ack_fd, uint32_t first)
{
    struct ch_store *s = NULL;
    char page[4000] = {0};
    if (ch_store_open(folder, &s, &err) != CH_OK) {
        dprintf(STDERR_FILENO, "child: %s\n", err.msg);
        _exit(1);
    }
    for (uint32_t group = first;; group++) {
        char project[32];
        struct ch_snapshot_info info = {.checked_at_us = group};
        struct ch_intake_row in = {.upstream = CH_STR("u"), .state = CH_INTAKE_WANTED};
        uint64_t id = 0;
        snprintf(project, sizeof(project), "g%u", group);
        in.project = ch_str_of(project);
        bool ok = ch_store_begin(s, &err) == CH_OK;
        for (int i = 0; ok && i < GROUP; i++) {
            char file[16];
            snprintf(file, sizeof(file), "f%d", i);
            struct ch_decision_row d = {.repository = CH_STR("r"),
                                        .upstream = CH_STR("u"),
                                        .project = ch_str_of(project),
                                        .file_name = ch_str_of(file),
                                        .at_us = group};
            ok = ch_store_add_decision(s, &d, &err) == CH_OK;
        }
        ok = ok && ch_store_add_intake(s, &in, &id, &err) == CH_OK &&
             ch_store_put_snapshot(s, CH_STR("u"), CH_STR("p"), &info,
                                   (struct ch_str){page, sizeof(page)}, &err) == CH_OK &&
             ch_store_commit(s, &err) == CH_OK;
        if (!ok || write(ack_fd, &group, sizeof(group)) != sizeof(group)) {
            dprintf(STDERR_FILENO, "child: group %u: %s\n", group, err.msg);
            _exit(1);
        }
    }
}

static void count_decision(void *ctx, const struct ch_decision_row *d)
{
    (void)d;
    *(size_t *)ctx += 1;
}

static void count_intake(void *ctx, const struct ch_intake_row *row)
{
    (void)row;
    *(size_t *)ctx += 1;
}

/* All groups up to `acknowledged` are whole; at most one more is, and what is not whole is absent.
 * Says the first number that is free. */
static uint32_t verify(uint32_t acknowledged)
{
    struct ch_store *s = NULL;
    size_t rows = 0;
    size_t intakes = 0;
    int64_t newest = 0;
    uint32_t group = 1;
    assert_ch_ok(&err, ch_store_open(folder, &s, &err));
    for (;; group++) {
        char project[32];
        snprintf(project, sizeof(project), "g%u", group);
        rows = 0;
        assert_ch_ok(&err, ch_store_decisions_of(s, CH_STR("r"), ch_str_of(project), count_decision,
                                                 &rows, &err));
        if (rows == 0) {
            break;
        }
        assert_int_equal(rows, GROUP);
    }
    assert_true(group - 1 >= acknowledged);
    assert_true(group - 1 <= acknowledged + 1);
    assert_ch_ok(&err, ch_store_intakes(s, count_intake, &intakes, &err));
    assert_int_equal(intakes, group - 1);
    assert_ch_ok(&err, ch_store_newest_time(s, &newest, &err));
    assert_int_equal(newest, group - 1);
    ch_store_close(s);
    return group;
}

static void test_kill_9(void **state)
{
    (void)state;
    unsigned seed = 3;
    uint32_t next = 1;
    uint32_t total = 0;
    for (int i = 0; i < KILLS; i++) {
        int ack[2];
        uint32_t acknowledged = next - 1;
        uint32_t group = 0;
        assert_int_equal(pipe(ack), 0);
        fflush(NULL);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(ack[0]);
            child(ack[1], next);
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
        while (read(ack[0], &group, sizeof(group)) == sizeof(group)) {
            assert_int_equal(group, acknowledged + 1);
            acknowledged = group;
        }
        close(ack[0]);
        next = verify(acknowledged);
        total = acknowledged;
    }
    print_message("%u groups acknowledged over %d kills\n", total, KILLS);
    assert_true(total >= KILLS / 2);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "store-crash-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kill_9, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
