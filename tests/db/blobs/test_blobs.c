/* The blob store: what is published, served, withdrawn, and what is refused (T3). */
#include "tests/ch_test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/blobs.h"

static char state_dir[64];
static struct ch_blobs *blobs;
static struct ch_err err;

/* The descriptor's file is opened for writing once it was hashed, before it is published. */
static const char *writer_comes_to;

enum ch_code __real_ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                                    struct ch_err *e);
enum ch_code __wrap_ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                                    struct ch_err *e);

enum ch_code __wrap_ch_sha256_of_fd(int fd, struct ch_sha256 *ret, uint64_t *ret_size_bytes,
                                    struct ch_err *e)
{
    enum ch_code rc = __real_ch_sha256_of_fd(fd, ret, ret_size_bytes, e);
    if (writer_comes_to != NULL) {
        assert_int_equal(fchmod(fd, 0600), 0); /* as for one who was let in before the mode fell */
        assert_true(open(writer_comes_to, O_WRONLY | O_NONBLOCK | O_CLOEXEC) < 0);
        assert_int_equal(errno, EWOULDBLOCK); /* it waits for the lease */
    }
    return rc;
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
    snprintf(state_dir, sizeof(state_dir), "blobs-test-XXXXXX");
    assert_non_null(mkdtemp(state_dir));
    assert_ch_ok(&err, ch_blobs_open(state_dir, &blobs, &err));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ch_blobs_close(blobs);
    blobs = NULL;
    nftw(state_dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* Path of a digest below the state folder: "served", digest -> .../served/sha256/ab/cd... */
static const char *path_of(const char *tree, const struct ch_sha256 *d)
{
    static char path[256];
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(d, hex);
    snprintf(path, sizeof(path), "%s/%s/sha256/%.2s/%s", state_dir, tree, hex, hex + 2);
    return path;
}

static const char *below(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", state_dir, name);
    return path;
}

static int spool(uint64_t job, const char *text)
{
    int fd = -1;
    assert_ch_ok(&err, ch_blobs_spool(blobs, job, &fd, &err));
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static struct ch_sha256 publish(uint64_t job, const char *text)
{
    struct ch_sha256 d;
    uint64_t size = 0;
    close(spool(job, text));
    assert_ch_ok(&err, ch_blobs_publish(blobs, job, &d, &size, &err));
    assert_int_equal(size, strlen(text));
    return d;
}

static struct stat stat_of(const char *path)
{
    struct stat st;
    assert_int_equal(lstat(path, &st), 0);
    return st;
}

static void test_publish(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(7, "wheel");
    struct ch_sha256 expected = ch_sha256_of("wheel", 5);
    char text[16];
    int fd = -1;
    uint64_t size = 0;
    assert_true(ch_sha256_eq(&d, &expected));
    assert_true(ch_blobs_has(blobs, &d));
    assert_false(ch_blobs_is_served(blobs, &d));
    assert_int_equal(stat_of(path_of("blobs", &d)).st_mode, S_IFREG | 0440);
    assert_int_equal(stat_of(path_of("blobs", &d)).st_nlink, 1);
    assert_int_not_equal(access(below("blobs/spool/7"), F_OK), 0);
    assert_ch_ok(&err, ch_blobs_open_read(blobs, &d, &fd, &size, &err));
    assert_int_equal(size, 5);
    assert_int_equal(read(fd, text, sizeof(text)), 5);
    assert_int_not_equal(write(fd, "x", 1), 1);
    close(fd);
}

static void test_publish_again_keeps_the_inode(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(1, "wheel");
    ino_t ino = stat_of(path_of("blobs", &d)).st_ino;
    publish(2, "wheel");
    assert_int_equal(stat_of(path_of("blobs", &d)).st_ino, ino);
    assert_int_not_equal(access(below("blobs/spool/2"), F_OK), 0);
}

static void test_T3_writer_left_is_busy(void **state)
{
    (void)state;
    struct ch_sha256 d;
    uint64_t size = 0;
    int fd = spool(3, "half");
    assert_ch_code(CH_E_BUSY, ch_blobs_publish(blobs, 3, &d, &size, &err));
    assert_non_null(strstr(err.msg, "blobs/spool/3"));
    int other = dup(fd); /* as sent to the fetcher */
    close(fd);
    assert_ch_code(CH_E_BUSY, ch_blobs_publish(blobs, 3, &d, &size, &err));
    assert_int_equal(write(other, "half", 4), 4);
    close(other);
    assert_ch_ok(&err, ch_blobs_publish(blobs, 3, &d, &size, &err));
    struct ch_sha256 expected = ch_sha256_of("halfhalf", 8);
    assert_true(ch_sha256_eq(&d, &expected));
}

static void test_T3_writer_who_comes_while_hashing_is_busy(void **state)
{
    (void)state;
    struct ch_sha256 d = ch_sha256_of("wheel", 5);
    struct ch_sha256 ret;
    uint64_t size = 0;
    close(spool(3, "wheel"));
    writer_comes_to = below("blobs/spool/3");
    enum ch_code rc = ch_blobs_publish(blobs, 3, &ret, &size, &err);
    writer_comes_to = NULL;
    assert_int_equal(rc, CH_E_BUSY);
    assert_non_null(strstr(err.msg, "somebody opened the file for writing"));
    assert_false(ch_blobs_has(blobs, &d));
    assert_ch_ok(&err, ch_blobs_publish(blobs, 3, &ret, &size, &err)); /* nobody is left */
    assert_true(ch_sha256_eq(&ret, &d));
}

static void test_T3_writable_mapping_is_busy(void **state)
{
    (void)state;
    struct ch_sha256 d;
    uint64_t size = 0;
    int fd = spool(4, "mapped");
    char *map = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(map, MAP_FAILED);
    close(fd);
    assert_ch_code(CH_E_BUSY, ch_blobs_publish(blobs, 4, &d, &size, &err));
    assert_int_equal(munmap(map, 6), 0);
    assert_ch_ok(&err, ch_blobs_publish(blobs, 4, &d, &size, &err));
}

/* An upload goes on, and ends as what its client says it is, or as nothing at all. */
static void test_publish_as(void **state)
{
    (void)state;
    struct ch_sha256 whole = ch_sha256_of("one two", 7), other = ch_sha256_of("one", 3);
    uint64_t size = 0;
    int fd = -1;
    assert_ch_ok(&err, ch_blobs_spool(blobs, 11, &fd, &err));
    assert_int_equal(write(fd, "one", 3), 3);
    close(fd);
    assert_ch_ok(&err, ch_blobs_spooled(blobs, 11, &size, &err));
    assert_int_equal(size, 3);
    assert_ch_ok(&err, ch_blobs_spool_again(blobs, 11, &fd, &size, &err));
    assert_int_equal(size, 3);
    assert_int_equal(write(fd, " two", 4), 4);
    assert_ch_code(CH_E_BUSY, ch_blobs_publish_as(blobs, 11, &whole, &size, &err)); /* T3 */
    close(fd);
    assert_ch_code(CH_E_MISMATCH, ch_blobs_publish_as(blobs, 11, &other, &size, &err));
    assert_non_null(strstr(err.msg, "sha256:"));
    assert_false(ch_blobs_has(blobs, &whole));
    assert_false(ch_blobs_has(blobs, &other));
    assert_ch_ok(&err, ch_blobs_publish_as(blobs, 11, &whole, &size, &err));
    assert_int_equal(size, 7);
    assert_true(ch_blobs_has(blobs, &whole));
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_spool_again(blobs, 11, &fd, &size, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_spooled(blobs, 11, &size, &err));
    /* a run that died between linking and removing left a name of the published bytes */
    char hex[CH_SHA256_HEX + 1], from[256];
    ch_sha256_hex(&whole, hex);
    snprintf(from, sizeof(from), "%s/blobs/sha256/%.2s/%s", state_dir, hex, hex + 2);
    assert_int_equal(link(from, below("blobs/spool/12")), 0);
    chmod(from, 0600);
    assert_ch_code(CH_E_FORMAT, ch_blobs_spool_again(blobs, 12, &fd, &size, &err));
}

static void test_publish_nothing(void **state)
{
    (void)state;
    struct ch_sha256 d;
    uint64_t size = 0;
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_publish(blobs, 5, &d, &size, &err));
    assert_int_equal(symlink("/dev/null", below("blobs/spool/5")), 0);
    assert_int_not_equal(ch_blobs_publish(blobs, 5, &d, &size, &err), CH_OK);
    /* Another name of the inode: not a spool file of ours. */
    close(spool(6, "x"));
    char other[256];
    snprintf(other, sizeof(other), "%s", below("blobs/spool/other"));
    assert_int_equal(link(below("blobs/spool/6"), other), 0);
    assert_ch_code(CH_E_FORMAT, ch_blobs_publish(blobs, 6, &d, &size, &err));
}

/* A run died between linking the blob and removing its spool name: the next fetch of that job must
 * not write through to the published bytes. */
static void test_spool_never_reuses_an_inode(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(8, "published");
    char blob[256];
    snprintf(blob, sizeof(blob), "%s", path_of("blobs", &d));
    assert_int_equal(link(blob, below("blobs/spool/8")), 0);
    close(spool(8, "other"));
    struct ch_sha256 now;
    uint64_t size = 0;
    int fd = open(blob, O_RDONLY);
    assert_ch_ok(&err, ch_sha256_of_fd(fd, &now, &size, &err));
    close(fd);
    assert_true(ch_sha256_eq(&d, &now));
}

static void test_put(void **state)
{
    (void)state;
    struct ch_sha256 d;
    struct ch_sha256 again;
    assert_ch_ok(&err, ch_blobs_put(blobs, CH_STR("Name: numpy\n"), &d, &err));
    assert_int_equal(stat_of(path_of("blobs", &d)).st_mode, S_IFREG | 0440);
    assert_int_equal(stat_of(path_of("blobs", &d)).st_size, 12);
    assert_ch_ok(&err, ch_blobs_put(blobs, CH_STR("Name: numpy\n"), &again, &err));
    assert_true(ch_sha256_eq(&d, &again));
    assert_ch_ok(&err, ch_blobs_put(blobs, (struct ch_str){NULL, 0}, &d, &err));
    assert_int_equal(stat_of(path_of("blobs", &d)).st_size, 0);
    assert_int_equal(rmdir(below("blobs/spool")), 0); /* empty: nothing is left behind */
}

static void test_serve_and_withdraw(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(1, "wheel");
    struct ch_sha256 unknown = ch_sha256_of("?", 1);
    int served_fd = open(below("served"), O_RDONLY | O_DIRECTORY);
    int fd = -1;
    uint64_t size = 0;
    assert_ch_code(CH_E_NOT_FOUND, ch_served_open(served_fd, &d, &fd, &size, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_serve(blobs, &unknown, &err));
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_true(ch_blobs_is_served(blobs, &d));
    assert_int_equal(stat_of(path_of("served", &d)).st_ino, stat_of(path_of("blobs", &d)).st_ino);
    assert_ch_ok(&err, ch_served_open(served_fd, &d, &fd, &size, &err));
    assert_int_equal(size, 5);
    close(fd);
    assert_ch_ok(&err, ch_blobs_withdraw(blobs, &d, &err));
    assert_ch_ok(&err, ch_blobs_withdraw(blobs, &d, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_served_open(served_fd, &d, &fd, &size, &err));
    assert_true(ch_blobs_has(blobs, &d));
    close(served_fd);
}

static void test_served_open_refuses_what_is_no_file(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(1, "wheel");
    int served_fd = open(below("served"), O_RDONLY | O_DIRECTORY);
    int fd = -1;
    uint64_t size = 0;
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_ch_ok(&err, ch_blobs_withdraw(blobs, &d, &err));
    assert_int_equal(symlink("/etc/passwd", path_of("served", &d)), 0);
    assert_int_not_equal(ch_served_open(served_fd, &d, &fd, &size, &err), CH_OK);
    assert_int_equal(unlink(path_of("served", &d)), 0);
    assert_int_equal(mkfifo(path_of("served", &d), 0600), 0);
    assert_ch_code(CH_E_FORMAT, ch_served_open(served_fd, &d, &fd, &size, &err));
    close(served_fd);
}

/* A link of other bytes under the served name was never decided on. */
static void test_serve_replaces_a_foreign_inode(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(1, "wheel");
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_int_equal(unlink(path_of("blobs", &d)), 0);
    publish(2, "wheel");
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_int_equal(stat_of(path_of("served", &d)).st_ino, stat_of(path_of("blobs", &d)).st_ino);
}

static void withdraw_it(void *ctx, const struct ch_sha256 *d)
{
    *(size_t *)ctx += 1;
    assert_ch_ok(&err, ch_blobs_withdraw(blobs, d, &err));
}

static void count_it(void *ctx, const struct ch_sha256 *d)
{
    *(size_t *)ctx += 1;
    assert_true(ch_blobs_has(blobs, d));
}

static void test_each_served(void **state)
{
    (void)state;
    size_t seen = 0;
    for (uint64_t i = 0; i < 20; i++) {
        char text[16];
        snprintf(text, sizeof(text), "blob %llu", (unsigned long long)i);
        struct ch_sha256 d = publish(i, text);
        if (i % 2 == 0) {
            assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
        }
    }
    assert_ch_ok(&err, ch_blobs_each_served(blobs, withdraw_it, &seen, &err));
    assert_int_equal(seen, 10);
    seen = 0;
    assert_ch_ok(&err, ch_blobs_each_served(blobs, withdraw_it, &seen, &err));
    assert_int_equal(seen, 0);
    assert_ch_ok(&err, ch_blobs_each(blobs, count_it, &seen, &err));
    assert_int_equal(seen, 20); /* served or not */
}

static void test_evict(void **state)
{
    (void)state;
    struct ch_sha256 d = publish(1, "wheel");
    int fd = -1;
    uint64_t size = 0;
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    assert_ch_ok(&err, ch_blobs_evict(blobs, &d, &err));
    assert_ch_ok(&err, ch_blobs_evict(blobs, &d, &err));
    assert_false(ch_blobs_has(blobs, &d));
    assert_false(ch_blobs_is_served(blobs, &d));
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_open_read(blobs, &d, &fd, &size, &err));
    assert_non_null(strstr(err.msg, "blobs/sha256/"));
}

static void test_clear_spool_and_discard(void **state)
{
    (void)state;
    close(spool(1, "a"));
    close(spool(2, "b"));
    close(spool(3, "c"));
    ch_blobs_discard(blobs, 3);
    ch_blobs_discard(blobs, 99);
    assert_int_not_equal(access(below("blobs/spool/3"), F_OK), 0);
    assert_ch_ok(&err, ch_blobs_clear_spool(blobs, &err));
    assert_int_equal(rmdir(below("blobs/spool")), 0);
}

static void test_modes(void **state)
{
    (void)state;
    struct ch_sha256 d;
    mode_t mask = umask(077);
    ch_blobs_close(blobs);
    blobs = NULL;
    assert_int_equal(chmod(below("served/sha256"), 02750), 0);
    assert_int_equal(chmod(below("blobs/sha256"), 02700), 0);
    assert_ch_ok(&err, ch_blobs_open(state_dir, &blobs, &err));
    d = publish(1, "wheel");
    assert_ch_ok(&err, ch_blobs_serve(blobs, &d, &err));
    umask(mask);
    char folder[256];
    snprintf(folder, sizeof(folder), "%s", path_of("served", &d));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(stat_of(folder).st_mode, S_IFDIR | 02750);
    /* Shut by a run that died before setting the mode: repaired at the next start. */
    assert_int_equal(chmod(folder, 02700), 0);
    ch_blobs_close(blobs);
    blobs = NULL;
    assert_ch_ok(&err, ch_blobs_open(state_dir, &blobs, &err));
    assert_int_equal(stat_of(folder).st_mode, S_IFDIR | 02750);
    snprintf(folder, sizeof(folder), "%s", path_of("blobs", &d));
    *strrchr(folder, '/') = '\0';
    assert_int_equal(stat_of(folder).st_mode, S_IFDIR | 02700);
    assert_int_equal(stat_of(below("blobs")).st_mode & 0777, 0700);
}

static void test_open_refuses(void **state)
{
    (void)state;
    struct ch_blobs *b = NULL;
    assert_int_equal(chmod(below("blobs"), 0750), 0);
    assert_ch_code(CH_E_DENIED, ch_blobs_open(state_dir, &b, &err));
    assert_non_null(strstr(err.msg, "0750"));
    assert_ch_code(CH_E_NOT_FOUND, ch_blobs_open(below("missing"), &b, &err));
    assert_null(b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_publish),
        T(test_publish_again_keeps_the_inode),
        T(test_T3_writer_left_is_busy),
        T(test_T3_writer_who_comes_while_hashing_is_busy),
        T(test_T3_writable_mapping_is_busy),
        T(test_publish_as),
        T(test_publish_nothing),
        T(test_spool_never_reuses_an_inode),
        T(test_put),
        T(test_serve_and_withdraw),
        T(test_served_open_refuses_what_is_no_file),
        T(test_serve_replaces_a_foreign_inode),
        T(test_each_served),
        T(test_evict),
        T(test_clear_spool_and_discard),
        T(test_modes),
        T(test_open_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
