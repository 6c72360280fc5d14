/* Replacing a policy and the files beside it: whole or not at all, owner and mode kept, and back
 * again. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/customhouse/policy_files.h"

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
    static const char *const names[] = {"policy.yaml", "ours.txt", "theirs.txt", "elsewhere",
                                        "policy.yaml.new"};
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

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_files_change_and_keep_their_modes),
        T(all_can_be_put_back),
        T(what_is_no_regular_file_is_left_alone),
        T(a_failure_leaves_all_as_it_was),
        T(two_never_replace_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
