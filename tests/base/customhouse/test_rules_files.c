/* Which files of a folder are the site's rules, and what is refused. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/customhouse/site/rules_files.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"

static char folder[] = "/tmp/ch-rules-XXXXXX";

static const char *at(const char *name)
{
    static char path[2][512];
    static unsigned turn;
    turn ^= 1;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
    return path[turn];
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(at(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

/* "NAME=TEXT " of each file given, or what is said against it. */
static void check(char *const *folders, size_t count, enum ch_code code, const char *expected)
{
    char *names[4];
    struct ch_config config = {.rules_count = count};
    struct ch_err err = {.code = CH_OK};
    struct ch_buf b;
    int fd = -1;
    for (size_t i = 0; i < count; i++) {
        names[i] = folders[i];
    }
    config.rules = names;
    ch_buf_init(&b, 65536);
    assert_int_equal(rules_files_read(&config, &fd, &err), code);
    if (code != CH_OK) {
        assert_int_equal(fd, -1);
        if (strstr(err.msg, expected) == NULL) {
            fail_msg("\"%s\" does not say \"%s\"", err.msg, expected);
        }
        ch_buf_done(&b);
        return;
    }
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(write(fd, "x", 1), -1); /* sealed */
    void *map = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    struct ch_rd r = ch_rd_of(map, (size_t)st.st_size);
    while (ch_rd_left(&r) > 0) {
        struct ch_rule_text t = ch_rule_text_get(&r);
        assert_false(r.failed);
        assert_true(ch_str_starts(t.name, ch_str_of(folder)));
        ch_buf_puts(&b, ch_str_sub(t.name, strlen(folder) + 1, SIZE_MAX));
        ch_buf_putc(&b, '=');
        ch_buf_puts(&b, t.text);
        ch_buf_putc(&b, ' ');
    }
    ch_buf_putc(&b, '\0');
    assert_string_equal(b.ptr, expected);
    ch_buf_done(&b);
    if (st.st_size > 0) {
        munmap(map, (size_t)st.st_size);
    }
    close(fd);
}

static void check_one(enum ch_code code, const char *expected)
{
    char *folders[1] = {folder};
    check(folders, 1, code, expected);
}

static int set_up(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[600];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void by_name_and_ending(void **state)
{
    (void)state;
    check_one(CH_E_USAGE, "has no file of rules (*.yar, *.yara)");
    put("a.txt", "no");
    check_one(CH_E_USAGE, folder); /* it says which */
    put("b.yar", "2");
    put("a.yara", "1");
    put("c.yar", "");
    put("B.yar", "0");
    put(".hidden.yar", "no");
    put("a.txt", "no");
    put("yar", "no");
    put("a.yar~", "no");
    check_one(CH_OK, "B.yar=0 a.yara=1 b.yar=2 c.yar= ");
}

static void folders_in_the_order_given(void **state)
{
    (void)state;
    char one[512];
    char two[512];
    snprintf(one, sizeof(one), "%s/one", folder);
    snprintf(two, sizeof(two), "%s/two", folder);
    assert_int_equal(mkdir(one, 0700), 0);
    assert_int_equal(mkdir(two, 0700), 0);
    put("one/z.yar", "1");
    put("two/a.yar", "2");
    char *folders[2] = {two, one};
    check(folders, 2, CH_OK, "two/a.yar=2 one/z.yar=1 ");
    struct ch_limits saved = ch_limits;
    ch_limits.rules_files = 1; /* of all folders together */
    check(folders, 2, CH_E_USAGE, "with it there are more than 1 files");
    ch_limits = saved;
}

static void without_folders(void **state)
{
    (void)state;
    struct ch_config config = {.rules_count = 0};
    struct ch_err err;
    int fd = 0;
    assert_ch_ok(&err, rules_files_read(&config, &fd, &err));
    assert_int_equal(fd, -1);
    char missing[512];
    snprintf(missing, sizeof(missing), "%s/missing", folder);
    char *folders[1] = {missing};
    check(folders, 1, CH_E_NOT_FOUND, "missing");
}

static void links_stay_in_the_folder(void **state)
{
    (void)state;
    char outside[] = "/tmp/ch-outside-XXXXXX";
    int fd = mkstemp(outside);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(mkdir(at("..data"), 0700), 0);
    put("..data/a.yar", "1");
    assert_int_equal(symlink("..data/a.yar", at("a.yar")), 0); /* as in mounted configuration */
    check_one(CH_OK, "a.yar=1 ");
    assert_int_equal(symlink(outside, at("b.yar")), 0);
    check_one(CH_E_USAGE, "b.yar: is a link that leads out of its folder");
    assert_int_equal(unlink(at("b.yar")), 0);
    assert_int_equal(symlink("../../etc/passwd", at("b.yar")), 0);
    check_one(CH_E_USAGE, "b.yar: is a link that leads out of its folder");
    unlink(outside);
}

static void only_regular_files(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("a.yar"), 0700), 0);
    check_one(CH_E_USAGE, "a.yar: is not a regular file");
    assert_int_equal(rmdir(at("a.yar")), 0);
    assert_int_equal(mkfifo(at("a.yar"), 0600), 0); /* nobody writes: must not wait */
    check_one(CH_E_USAGE, "a.yar: is not a regular file");
}

static void not_more_than_the_limits(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    put("a.yar", "12345678");
    put("b.yar", "12345678");
    ch_limits.rules_files = 2;
    ch_limits.rules_file_bytes = 8;
    check_one(CH_OK, "a.yar=12345678 b.yar=12345678 ");
    ch_limits.rules_file_bytes = 7;
    check_one(CH_E_USAGE, "a.yar: larger than 7 bytes");
    ch_limits.rules_file_bytes = 8;
    ch_limits.rules_files = 1;
    check_one(CH_E_USAGE, "more than 1 files");
    ch_limits = saved;
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(by_name_and_ending), TEST(folders_in_the_order_given),
        TEST(without_folders),    TEST(links_stay_in_the_folder),
        TEST(only_regular_files), TEST(not_more_than_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
