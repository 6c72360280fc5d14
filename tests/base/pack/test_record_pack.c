#include "customhouse/record_pack.h"
#include "tests/ch_test.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"

static int new_file(void)
{
    int fd = memfd_create("pack", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static struct ch_pack_entry entry(const char *project, const char *file)
{
    return (struct ch_pack_entry){
        .file = {.file_name = ch_str_of(file),
                 .url = CH_STR("http://127.0.0.1:1/chan/noarch/x"),
                 .size_bytes = 7,
                 .uploaded_at_us = 1769882400000000,
                 .project = ch_str_of(project),
                 .version = CH_STR("1.0"),
                 .build = CH_STR("0"),
                 .record = CH_STR("{\"depends\":[],\"name\":\"x\"}")},
        .baseline = true,
        .first_seen_at_us = 5,
        .last_absent_at_us = CH_TIME_UNKNOWN,
        .removed_at_us = CH_TIME_UNKNOWN,
    };
}

static const struct {
    const char *project, *file;
} files[] = {
    {"b", "b-1.0-1.conda"},     {"a", "a-2.0-0.conda"}, {"b", "b-1.0-0.conda"},
    {"a-b", "a-b-1.0-0.conda"}, {"a", "a-1.0-0.conda"},
};

/* The same pack each time. */
static int make_pack(void)
{
    struct ch_err err;
    int fd = new_file();
    struct ch_pack_writer *w = ch_pack_writer_new(fd);
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        struct ch_pack_entry e = entry(files[i].project, files[i].file);
        assert_ch_ok(&err, ch_pack_add(w, &e, &err));
    }
    assert_ch_ok(&err, ch_pack_finish(w, &err));
    ch_pack_writer_free(w);
    return fd;
}

static void test_what_was_written_is_read(void **state)
{
    (void)state;
    static const char *const order[] = {"a-1.0-0.conda", "a-2.0-0.conda", "a-b-1.0-0.conda",
                                        "b-1.0-0.conda", "b-1.0-1.conda"};
    struct ch_err err;
    struct ch_pack p;
    struct ch_pack_entry e;
    size_t from, to, row;
    int fd = make_pack();
    assert_ch_ok(&err, ch_pack_open(fd, &p, &err));
    close(fd);
    assert_int_equal(p.row_count, CH_ARRAY_LEN(order));
    assert_int_equal(p.project_count, 3);
    for (size_t i = 0; i < p.row_count; i++) {
        assert_ch_ok(&err, ch_pack_row(&p, i, &e, &err));
        assert_true(ch_str_eq(e.file.file_name, ch_str_of(order[i])));
        assert_true(e.baseline && e.first_seen_at_us == 5 && e.file.size_bytes == 7);
        assert_true(e.last_absent_at_us == CH_TIME_UNKNOWN && e.removed_at_us == CH_TIME_UNKNOWN);
        assert_str_eq(e.file.record, "{\"depends\":[],\"name\":\"x\"}");
        assert_ch_ok(&err, ch_pack_find(&p, e.file.project, e.file.file_name, &row, &err));
        assert_int_equal(row, i);
    }
    assert_true(ch_pack_find_project(&p, CH_STR("b"), &from, &to));
    assert_true(from == 3 && to == 5);
    assert_true(ch_pack_find_project(&p, CH_STR("a-b"), &from, &to));
    assert_true(from == 2 && to == 3);
    for (size_t i = 0; i < 4; i++) {
        static const char *const none[] = {"", "0", "a-a", "c"};
        assert_false(ch_pack_find_project(&p, ch_str_of(none[i]), &from, &to));
    }
    assert_int_equal(ch_pack_find(&p, CH_STR("a"), CH_STR("b-1.0-0.conda"), &row, &err),
                     CH_E_NOT_FOUND);
    assert_int_equal(ch_pack_find(&p, CH_STR("c"), CH_STR("b-1.0-0.conda"), &row, &err),
                     CH_E_NOT_FOUND);
    ch_pack_close(&p);
}

static void test_empty(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_pack p;
    int fd = new_file();
    struct ch_pack_writer *w = ch_pack_writer_new(fd);
    assert_ch_ok(&err, ch_pack_finish(w, &err));
    ch_pack_writer_free(w);
    assert_ch_ok(&err, ch_pack_open(fd, &p, &err));
    assert_true(p.row_count == 0 && p.project_count == 0);
    ch_pack_close(&p);
    close(fd);
}

static void test_what_is_not_written(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_pack_entry e = entry("a", "a-1.0-0.conda");
    int fd = new_file();
    struct ch_pack_writer *w = ch_pack_writer_new(fd);
    assert_ch_ok(&err, ch_pack_add(w, &e, &err));
    assert_ch_ok(&err, ch_pack_add(w, &e, &err));
    assert_int_equal(ch_pack_finish(w, &err), CH_E_EXISTS);
    ch_pack_writer_free(w);
    w = ch_pack_writer_new(fd);
    e.file.project = (struct ch_str){NULL, 0};
    assert_int_equal(ch_pack_add(w, &e, &err), CH_E_USAGE);
    e = entry("a", "a-1.0-0.conda");
    assert_int_equal(ch_pack_add(w, &e, &err), CH_E_USAGE); /* half a pack is none */
    assert_int_equal(ch_pack_finish(w, &err), CH_E_USAGE);
    ch_pack_writer_free(w);
    close(fd);
}

static void test_limit(void **state)
{
    (void)state;
    struct ch_err err;
    uint64_t was = ch_limits.pack_records;
    int fd = new_file();
    struct ch_pack_writer *w = ch_pack_writer_new(fd);
    struct ch_pack_entry e = entry("a", "a-1.0-0.conda");
    ch_limits.pack_records = 1;
    assert_ch_ok(&err, ch_pack_add(w, &e, &err));
    e = entry("a", "a-1.0-1.conda");
    assert_int_equal(ch_pack_add(w, &e, &err), CH_E_LIMIT);
    ch_limits.pack_records = was;
    ch_pack_writer_free(w);
    close(fd);
}

/* All that a reader may be asked of what may be anything. */
static void ask_all(int fd)
{
    struct ch_err err;
    struct ch_pack p;
    if (ch_pack_open(fd, &p, &err) != CH_OK) {
        return;
    }
    for (size_t i = 0; i < p.row_count; i++) {
        struct ch_pack_entry e;
        CH_IGNORE(ch_pack_row(&p, i, &e, &err));
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        size_t row;
        CH_IGNORE(
            ch_pack_find(&p, ch_str_of(files[i].project), ch_str_of(files[i].file), &row, &err));
    }
    ch_pack_close(&p);
}

static void test_damaged(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_pack p;
    int fd = make_pack();
    off_t len = lseek(fd, 0, SEEK_END);
    for (off_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t was, now;
            assert_int_equal(pread(fd, &was, 1, i), 1);
            now = was ^ (uint8_t)(1u << bit);
            assert_int_equal(pwrite(fd, &now, 1, i), 1);
            ask_all(fd);
            assert_int_equal(pwrite(fd, &was, 1, i), 1);
        }
    }
    for (off_t i = len - 1; i >= 0; i--) { /* cut short */
        assert_int_equal(ftruncate(fd, i), 0);
        assert_int_equal(ch_pack_open(fd, &p, &err), CH_E_FORMAT);
    }
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_written_is_read),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_what_is_not_written),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
