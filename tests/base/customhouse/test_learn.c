#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/customhouse/commands/learn.h"
#include "customhouse/attr.h"
#include "customhouse/scan.h"

struct file {
    const char *url;
    bool has_time;
};

/* A page as a jail would report it. */
static enum ch_code learn_page(struct learning *l, const struct file *files, size_t count,
                               bool whole)
{
    struct ch_err err;
    int fd = memfd_create("page", MFD_CLOEXEC);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 20);
    struct ch_index_head head = {.project = CH_STR("x")};
    ch_scan_write_index_head(w, &head);
    for (size_t i = 0; i < count; i++) {
        struct ch_index_file f = {.file_name = CH_STR("x-1-py3-none-any.whl"),
                                  .url = ch_str_of(files[i].url),
                                  .size_bytes = CH_SIZE_UNKNOWN,
                                  .uploaded_at_us = files[i].has_time ? 1 : CH_TIME_UNKNOWN};
        ch_scan_write_index_file(w, &f);
    }
    struct ch_sha256 input = {{1}};
    assert_ch_ok(&err, ch_scan_write_end(w, &input, 1, &err));
    ch_scan_writer_free(w);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    size_t len = (size_t)st.st_size - (whole ? 0 : 1);
    char *bytes = malloc(len);
    assert_int_equal(pread(fd, bytes, len, 0), len);
    close(fd);
    enum ch_code rc = learn_from_page(l, (struct ch_str){bytes, len}, &err);
    free(bytes);
    return rc;
}

static void t13_hosts_are_those_of_several_pages(void **state)
{
    (void)state;
    static const struct file one[] = {
        {"https://files.example.org/a/x-1-py3-none-any.whl", true},
        {"https://files.example.org/b/x-2-py3-none-any.whl", true},
        {"https://FILES.example.org/c", true},
        {"https://cdn.example.org:8443/x", true},
        {"https://index.example.org/own", true},
        {"https://only-here.example.org/x", true},
        {"http://plain.example.org/x", true},
        {"https://192.0.2.1/x", true},
        {"https://[2001:db8::1]/x", true},
    };
    struct learning l = {.own_host = CH_STR("index.example.org")};
    const char *hosts[LEARN_HOSTS_MAX];
    assert_int_equal(learn_page(&l, one, CH_ARRAY_LEN(one), true), CH_OK);
    assert_int_equal(learn_hosts(&l, hosts), 0); /* twice on one page is still one page */
    static const struct file two[] = {
        {"https://files.example.org/x", true},   {"https://cdn.example.org:8443/x", true},
        {"https://cdn.example.org/x", true},     {"http://plain.example.org/x", true},
        {"https://192.0.2.1/x", true},           {"https://[2001:db8::1]/x", true},
        {"https://index.example.org/own", true},
    };
    assert_int_equal(learn_page(&l, two, CH_ARRAY_LEN(two), true), CH_OK);
    assert_int_equal(learn_hosts(&l, hosts), 2);
    assert_string_equal(hosts[0], "files.example.org");
    assert_string_equal(hosts[1], "cdn.example.org:8443");
    learning_done(&l);
}

static void a_torn_answer_teaches_nothing(void **state)
{
    (void)state;
    static const struct file one[] = {{"https://files.example.org/x", true}};
    struct learning l = {.own_host = CH_STR("index.example.org")};
    const char *hosts[LEARN_HOSTS_MAX];
    assert_int_equal(learn_page(&l, one, 1, false), CH_E_FORMAT);
    assert_int_equal(learn_page(&l, one, 1, true), CH_OK);
    assert_int_equal(learn_hosts(&l, hosts), 0); /* only the whole page counts */
    learning_done(&l);
}

static void more_hosts_than_expected_do_no_harm(void **state)
{
    (void)state;
    struct learning l = {.own_host = CH_STR("index.example.org")};
    const char *hosts[LEARN_HOSTS_MAX];
    for (int i = 0; i < 3 * LEARN_HOSTS_MAX; i++) {
        char url[64];
        snprintf(url, sizeof(url), "https://h%d.example.org/x", i);
        struct file one[] = {{url, true}};
        assert_int_equal(learn_page(&l, one, 1, true), CH_OK);
        assert_int_equal(learn_page(&l, one, 1, true), CH_OK);
    }
    assert_int_equal(learn_hosts(&l, hosts), LEARN_HOSTS_MAX);
    learning_done(&l);
}

static void t7_times_are_never_only_where_there_was_every_chance(void **state)
{
    (void)state;
    static const struct {
        size_t files;
        size_t with_time;
        bool api;
        enum ch_times expected;
    } rows[] = {
        {0, 0, false, CH_TIMES_SOMETIMES}, {5, 5, false, CH_TIMES_ALWAYS},
        {5, 4, false, CH_TIMES_SOMETIMES}, {5, 0, false, CH_TIMES_NEVER},
        {5, 0, true, CH_TIMES_SOMETIMES},  {5, 5, true, CH_TIMES_ALWAYS},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct learning l = {.files = rows[i].files, .files_with_time = rows[i].with_time};
        assert_int_equal(learn_times(&l, rows[i].api), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t13_hosts_are_those_of_several_pages),
        cmocka_unit_test(a_torn_answer_teaches_nothing),
        cmocka_unit_test(more_hosts_than_expected_do_no_harm),
        cmocka_unit_test(t7_times_are_never_only_where_there_was_every_chance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
