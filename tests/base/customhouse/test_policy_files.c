/* Replacing a policy and the files beside it: whole or not at all, owner and mode kept, and back
 * again. */
#include "tests/ch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/customhouse/site/policy_files.h"
#include "base/customhouse/site/site.h"
#include "customhouse/limits.h"

static const char BUNDLE[] = "version: 1\nnew\0ours.txt\0one\n\0theirs.txt\0two\n";
#define BUNDLE_STR ((struct ch_str){BUNDLE, sizeof(BUNDLE) - 1})

static char folder[64];
static struct ch_err err;

static char *at(const char *name)
{
    static char path[4][128];
    static size_t next;
    char *p = path[next++ % 4];
    snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
    return p;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
    FILE *f = fopen(at(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(at(name), mode), 0);
}

static void assert_file(const char *name, const char *text, mode_t mode)
{
    char got[256] = "";
    struct stat st;
    FILE *f = fopen(at(name), "r");
    assert_non_null(f);
    size_t n = fread(got, 1, sizeof(got) - 1, f);
    fclose(f);
    got[n] = '\0';
    assert_string_equal(got, text);
    assert_int_equal(stat(at(name), &st), 0);
    assert_int_equal(st.st_mode & 07777, mode);
}

static void assert_gone(const char *name)
{
    struct stat st;
    assert_int_not_equal(lstat(at(name), &st), 0);
}

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/ch-policy-files-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_file("policy.yaml", "old\n", 0640);
    write_file("ours.txt", "former\n", 0604);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "policy.yaml",     "ours.txt",     "theirs.txt",     "alone.txt",       "elsewhere",
        "policy.yaml.new", "ours.txt.new", "theirs.txt.new", "policy.yaml.set", "alone.txt.new",
        "policy.yaml.set.new"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        unlink(at(names[i]));
        rmdir(at(names[i]));
    }
    return rmdir(folder); /* nothing else is left behind */
}

static void all_files_change_and_keep_their_modes(void **state)
{
    (void)state;
    struct policy_files *files = NULL;
    write_file("policy.yaml.new", "of somebody who died here", 0600);
    assert_ch_ok(&err, policy_files_replace(folder, BUNDLE_STR, &files, &err));
    assert_file("policy.yaml", "version: 1\nnew", 0640);
    assert_file("ours.txt", "one\n", 0604);
    assert_file("theirs.txt", "two\n", 0640); /* as policy.yaml */
    assert_gone("policy.yaml.new");
    policy_files_free(files);
}

static void all_can_be_put_back(void **state)
{
    (void)state;
    struct policy_files *files = NULL;
    assert_ch_ok(&err, policy_files_replace(folder, BUNDLE_STR, &files, &err));
    assert_ch_ok(&err, policy_files_restore(files, &err));
    assert_file("policy.yaml", "old\n", 0640);
    assert_file("ours.txt", "former\n", 0604);
    assert_gone("theirs.txt");
    policy_files_free(files);
}

/* A symbolic link belongs to whatever manages its target. */
static void what_is_no_regular_file_is_left_alone(void **state)
{
    (void)state;
    struct policy_files *files = NULL;
    assert_int_equal(rename(at("policy.yaml"), at("elsewhere")), 0);
    assert_int_equal(symlink(at("elsewhere"), at("policy.yaml")), 0);
    assert_ch_code(CH_E_USAGE, policy_files_replace(folder, BUNDLE_STR, &files, &err));
    assert_non_null(strstr(err.msg, "no regular file"));
    assert_file("elsewhere", "old\n", 0640);
    assert_file("ours.txt", "former\n", 0604);
    assert_gone("theirs.txt");
}

/* The last of several cannot be written: the others are not moved. */
static void a_failure_leaves_all_as_it_was(void **state)
{
    (void)state;
    struct policy_files *files = NULL;
    assert_int_equal(mkdir(at("policy.yaml.new"), 0700), 0);
    assert_int_not_equal(policy_files_replace(folder, BUNDLE_STR, &files, &err), CH_OK);
    assert_null(files);
    assert_file("policy.yaml", "old\n", 0640);
    assert_file("ours.txt", "former\n", 0604);
    assert_gone("theirs.txt");
    assert_gone("ours.txt.new");
}

static void two_never_replace_at_once(void **state)
{
    (void)state;
    int first = -1, second = -1;
    assert_ch_ok(&err, policy_files_lock(folder, &first, &err));
    assert_ch_code(CH_E_EXISTS, policy_files_lock(folder, &second, &err));
    close(first);
    assert_ch_ok(&err, policy_files_lock(folder, &second, &err));
    close(second);
}

/* --- a machine that stops anywhere --- */

static int steps_left = -1; /* until this process is killed; negative: it is not */

static void step(void)
{
    if (steps_left >= 0 && steps_left-- == 0) {
        raise(SIGKILL);
    }
}

/* Whatever changes the disk: it stops before it, or right behind it. */
#define STOPS(type, name, args, names)                                                             \
    type __real_##name args;                                                                       \
    type __wrap_##name args;                                                                       \
    type __wrap_##name args                                                                        \
    {                                                                                              \
        step();                                                                                    \
        type rc = __real_##name names;                                                             \
        step();                                                                                    \
        return rc;                                                                                 \
    }
STOPS(int, rename, (const char *from, const char *to), (from, to))
STOPS(int, unlink, (const char *path), (path))
STOPS(ssize_t, write, (int fd, const void *bytes, size_t n), (fd, bytes, n))

static int syncs_left = -1; /* until one fails; negative: none does */

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    step();
    if (syncs_left >= 0 && syncs_left-- == 0) {
        errno = EIO;
        return -1;
    }
    int rc = __real_fsync(fd);
    step();
    return rc;
}

/* It has a list that the new one has not. */
static const char OLD_POLICY[] = "version: 1\nlists: {projects: {o: {file: ours.txt}, a: {file: "
                                 "alone.txt}}}\n";
static const char NEW_BUNDLE[] = "version: 1\nlists: {projects: {o: {file: ours.txt}, t: {file: "
                                 "theirs.txt}}}\n\0ours.txt\0one\n\0theirs.txt\0two\n";
#define NEW_STR ((struct ch_str){NEW_BUNDLE, sizeof(NEW_BUNDLE) - 1})

enum seen { SEEN_OLD, SEEN_NEW };

/* What a start or a reload would take for the policy. */
static enum seen look(const char *label, int at_step)
{
    struct ch_buf b = {0}, old;
    assert_ch_ok(&err, policy_files_read(folder, &b, &err));
    ch_buf_init(&old, 4096);
    ch_buf_puts(&old, ch_str_of(OLD_POLICY));
    assert_ch_ok(&err, ch_policy_bundle_add(&old, CH_STR("ours.txt"), CH_STR("former\n"), &err));
    assert_ch_ok(&err, ch_policy_bundle_add(&old, CH_STR("alone.txt"), CH_STR("alone\n"), &err));
    bool is_new = ch_str_eq(ch_buf_str(&b), NEW_STR);
    if (!is_new && !ch_str_eq(ch_buf_str(&b), ch_buf_str(&old))) {
        fail_msg("%s, step %d: files of both: %.*s", label, at_step, CH_STR_ARG(ch_buf_str(&b)));
    }
    ch_buf_done(&b);
    ch_buf_done(&old);
    return is_new ? SEEN_NEW : SEEN_OLD;
}

static bool is_whole_bundle_there(void)
{
    struct stat st;
    return lstat(at("policy.yaml.set"), &st) == 0;
}

/* Runs `fn` in a process that is killed at that step; false: it came to its end before. */
static bool killed_at(int at_step, void (*fn)(void))
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        steps_left = at_step;
        fn();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static void replace_all(void)
{
    struct policy_files *files = NULL;
    struct ch_err own;
    CH_ASSERT(policy_files_replace(folder, NEW_STR, &files, &own) == CH_OK);
}

static void replace_and_restore(void)
{
    struct policy_files *files = NULL;
    struct ch_err own;
    CH_ASSERT(policy_files_replace(folder, NEW_STR, &files, &own) == CH_OK);
    CH_ASSERT(policy_files_restore(files, &own) == CH_OK);
}

static void finish_all(void)
{
    struct ch_err own;
    CH_ASSERT(policy_files_finish(folder, &own) == CH_OK);
}

static void begin_anew(void)
{
    static const char *const names[] = {"theirs.txt", "policy.yaml.set"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        unlink(at(names[i]));
    }
    write_file("policy.yaml", OLD_POLICY, 0640);
    write_file("ours.txt", "former\n", 0604);
    write_file("alone.txt", "alone\n", 0640);
}

static void whoever_is_killed_leaves_one_policy_whole(void **state)
{
    (void)state;
    enum seen last = SEEN_OLD;
    int steps = 0, finished = 0;
    for (bool killed = true; killed; steps++) {
        begin_anew();
        killed = killed_at(steps, replace_all);
        enum seen seen = look("killed", steps);
        assert_true(seen >= last); /* once it has switched it has switched */
        last = seen;
        for (int again = 0; is_whole_bundle_there();
             again++) { /* whoever finishes is killed, too */
            bool dead = killed_at(again, finish_all);
            assert_int_equal(look("finishing", again), seen);
            assert_true(dead || !is_whole_bundle_there());
            finished++;
        }
        assert_int_equal(look("finished", steps), seen);
        if (seen == SEEN_NEW) {
            assert_file("ours.txt", "one\n", 0604);
            assert_file("theirs.txt", "two\n", 0640);
        }
    }
    print_message("%d steps of replacing, %d of finishing\n", steps, finished);
    assert_int_equal(last, SEEN_NEW);
    assert_true(steps > 20 && finished > 20);
}

/* The former policy's bundle speaks of no list that only the new one has, and of all of its own. */
static void putting_back_is_one_step_too(void **state)
{
    (void)state;
    int steps = 0;
    for (bool killed = true; killed; steps++) {
        begin_anew();
        killed = killed_at(steps, replace_and_restore);
        enum seen seen = look("killed", steps);
        assert_ch_ok(&err, policy_files_finish(folder, &err));
        assert_int_equal(look("finished", steps), seen);
        if (!killed) {
            assert_int_equal(seen, SEEN_OLD);
            assert_gone("theirs.txt");
        }
    }
    assert_true(steps > 40);
}

/* A list that was there, and that the former policy does not name. */
static void what_nobody_read_is_put_back_too(void **state)
{
    (void)state;
    struct policy_files *files = NULL;
    begin_anew();
    write_file("theirs.txt", "kept\n", 0600);
    assert_ch_ok(&err, policy_files_replace(folder, NEW_STR, &files, &err));
    assert_file("theirs.txt", "two\n", 0600);
    assert_ch_ok(&err, policy_files_restore(files, &err));
    assert_int_equal(look("put back", 0), SEEN_OLD);
    assert_file("theirs.txt", "kept\n", 0600);
    policy_files_free(files);
}

/* A disk that fails: what is told to have failed is not taken up, unless that is told too. */
static void a_failed_sync_is_told_as_it_is(void **state)
{
    (void)state;
    enum ch_code rc = CH_E_IO;
    int told = 0, failed = 0;
    for (int at_sync = 0; rc != CH_OK; at_sync++) {
        struct policy_files *files = NULL;
        begin_anew();
        syncs_left = at_sync;
        rc = policy_files_replace(folder, NEW_STR, &files, &err);
        syncs_left = -1;
        bool finishes = rc != CH_OK && strstr(err.msg, "finishes it") != NULL;
        told += finishes;
        failed += rc != CH_OK;
        bool taken = look("failed sync", at_sync) == SEEN_NEW;
        assert_int_equal(taken, rc == CH_OK || finishes);
        assert_ch_ok(&err, policy_files_finish(folder, &err));
        policy_files_free(files);
    }
    assert_true(told > 0 && failed > told);
}

/* A reload between two renames reads what the whole says. */
static void what_is_under_way_is_read_as_the_new_one(void **state)
{
    (void)state;
    int lock = -1;
    begin_anew();
    while (look("under way", steps_left) == SEEN_OLD || !is_whole_bundle_there()) {
        static int at_step = 0;
        begin_anew();
        assert_true(killed_at(at_step++, replace_all));
    }
    assert_ch_ok(&err, policy_files_lock(folder, &lock, &err));
    assert_ch_ok(&err, policy_files_finish(folder, &err)); /* not while somebody is at it */
    assert_true(is_whole_bundle_there());
    assert_int_equal(look("locked", 0), SEEN_NEW);
    close(lock);
    assert_ch_ok(&err, policy_files_finish(folder, &err));
    assert_false(is_whole_bundle_there());
    assert_int_equal(look("free", 0), SEEN_NEW);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static void a_file_that_is_too_long_says_where(void **state)
{
    (void)state;
    const size_t max = (size_t)ch_limits.setup_text_bytes;
    char *text = malloc(max + 1);
    struct ch_buf ret;
    memset(text, '#', max + 1);
    text[9] = text[max - 3] = '\n';
    for (size_t over = 0; over < 2; over++) {
        FILE *f = fopen(at("long.yaml"), "w");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, max + over, f), max + over);
        assert_int_equal(fclose(f), 0);
        if (over == 0) {
            assert_ch_ok(&err, site_read_file(at("long.yaml"), &ret, &err));
            ch_buf_done(&ret);
        } else {
            assert_ch_code(CH_E_LIMIT, site_read_file(at("long.yaml"), &ret, &err));
            assert_non_null(strstr(err.msg, "/long.yaml:3:3: the file goes on here, expected at most "
                                            "2097152 bytes"));
        }
    }
    assert_int_equal(unlink(at("long.yaml")), 0);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_file_that_is_too_long_says_where),
        T(all_files_change_and_keep_their_modes),
        T(all_can_be_put_back),
        T(what_is_no_regular_file_is_left_alone),
        T(a_failure_leaves_all_as_it_was),
        T(two_never_replace_at_once),
        T(whoever_is_killed_leaves_one_policy_whole),
        T(putting_back_is_one_step_too),
        T(what_nobody_read_is_put_back_too),
        T(a_failed_sync_is_told_as_it_is),
        T(what_is_under_way_is_read_as_the_new_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
