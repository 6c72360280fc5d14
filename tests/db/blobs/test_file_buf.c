/* Buffers in files without a name: what is in them, who can write them, and that nothing of them stays. */
#include "tests/ch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/blobs.h"
#include "customhouse/file_buf.h"

static char state_dir[64];
static struct ch_blobs *blobs;
static struct ch_err err;
static int fails_with; /* fallocate; 0: it does not */

int __real_fallocate(int fd, int mode, off_t from, off_t len);
int __wrap_fallocate(int fd, int mode, off_t from, off_t len);
int __wrap_fallocate(int fd, int mode, off_t from, off_t len)
{
    if (fails_with != 0) {
        errno = fails_with;
        return -1;
    }
    return __real_fallocate(fd, mode, from, len);
}

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
    fails_with = 0;
    snprintf(state_dir, sizeof(state_dir), "file-buf-test-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
    assert_ch_ok(&err, ch_blobs_open(state_dir, &blobs, &err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_blobs_close(blobs);
    nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* Of a spool that is not needed any more. */
static int files_in_spool(void)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/blobs/spool", state_dir);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return rmdir(path) == 0 ? 0 : 1;
}

static void what_is_written_is_read_through_the_other_descriptor(void **state)
{
    (void)state;
    struct ch_file_buf f;
    struct stat st;
    char text[16] = "";
    assert_ch_ok(&err, ch_file_buf_open(blobs, 100000, &f, &err));
    const char *at = f.buf.ptr;
    ch_buf_puts(&f.buf, CH_STR("a channel"));
    assert_ch_ok(&err, ch_file_buf_seal(&f, &err));
    assert_ptr_equal(f.buf.ptr, at);
    assert_str_eq(ch_buf_str(&f.buf), "a channel");
    assert_int_equal(f.write_fd, -1);
    assert_int_equal(pread(f.read_fd, text, sizeof(text), 0), 9);
    assert_string_equal(text, "a channel");
    assert_int_equal(fstat(f.read_fd, &st), 0);
    assert_int_equal(st.st_size, 9);
    assert_int_equal(st.st_nlink, 0);
    assert_int_equal(files_in_spool(), 0);
    ch_file_buf_done(&f);
    assert_int_equal(f.mapped, 0);
    ch_file_buf_done(&f);
}

/* Who is given the descriptor cannot change what others were given. */
static void nobody_writes_what_is_sealed(void **state)
{
    (void)state;
    struct ch_file_buf f;
    assert_ch_ok(&err, ch_file_buf_open(blobs, 4096, &f, &err));
    ch_buf_puts(&f.buf, CH_STR("x"));
    assert_ch_ok(&err, ch_file_buf_seal(&f, &err));
    assert_int_equal(fcntl(f.read_fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    assert_int_equal(pwrite(f.read_fd, "y", 1, 0), -1);
    assert_int_equal(ftruncate(f.read_fd, 0), -1);
    assert_ptr_equal(mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, f.read_fd, 0), MAP_FAILED);
    ch_buf_puts(&f.buf, CH_STR("y"));
    assert_true(f.buf.failed);
    ch_file_buf_done(&f);
}

static void more_than_its_room_is_not_taken(void **state)
{
    (void)state;
    struct ch_file_buf f;
    assert_ch_ok(&err, ch_file_buf_open(blobs, 4, &f, &err));
    ch_buf_puts(&f.buf, CH_STR("12345"));
    assert_ch_code(CH_E_LIMIT, ch_file_buf_seal(&f, &err));
    ch_file_buf_done(&f);
}

/* A full disk is told before anything is written: to a mapping it would end the process. */
static void room_that_is_not_there_is_told_at_once(void **state)
{
    (void)state;
    static const struct {
        int fails_with;
        enum ch_code code;
    } rows[] = {{ENOSPC, CH_E_FULL}, {EOPNOTSUPP, CH_E_UNSUPPORTED}, {ENOSYS, CH_E_UNSUPPORTED}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_file_buf f;
        fails_with = rows[i].fails_with;
        assert_ch_code(rows[i].code, ch_file_buf_open(blobs, 1 << 20, &f, &err));
        assert_int_equal(f.mapped, 0);
    }
    assert_int_equal(files_in_spool(), 0);
}

/* Two at once. */
static void each_has_a_file_of_its_own(void **state)
{
    (void)state;
    struct ch_file_buf a, b;
    assert_ch_ok(&err, ch_file_buf_open(blobs, 8, &a, &err));
    assert_ch_ok(&err, ch_file_buf_open(blobs, 8, &b, &err));
    ch_buf_puts(&a.buf, CH_STR("a"));
    ch_buf_puts(&b.buf, CH_STR("bb"));
    assert_ch_ok(&err, ch_file_buf_seal(&a, &err));
    assert_ch_ok(&err, ch_file_buf_seal(&b, &err));
    assert_str_eq(ch_buf_str(&a.buf), "a");
    assert_str_eq(ch_buf_str(&b.buf), "bb");
    ch_file_buf_done(&a);
    ch_file_buf_done(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_is_read_through_the_other_descriptor),
        TEST(nobody_writes_what_is_sealed),
        TEST(more_than_its_room_is_not_taken),
        TEST(room_that_is_not_there_is_told_at_once),
        TEST(each_has_a_file_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
