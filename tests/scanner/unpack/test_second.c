/* Both opinions in a jail: after the second one's preparation they open nothing and do nothing but
 * compute, whatever the archive is packed with, and list the same members. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "confine.h"
#include "pack.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"
#include "tar_build.h"
#include "zip_build.h"

#define CAFE "pkg/caf\xc3\xa9.py"
enum { PAX_NAME = 1 };
static const char *const names[] = {"pkg/", CAFE, "pkg/\xe4\xb8\xad\xe6\x96\x87.txt",
                                    "pkg/\xf0\x9f\x98\x80", "pkg/plain.py"};

static void build_zip(struct ch_buf *ret)
{
    struct zb b;
    zb_init(&b);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        zb_add(&b, &(struct zb_member){.name = ch_str_of(names[i]),
                                       .content = i == 0 ? (struct ch_str){NULL, 0}
                                                         : CH_STR("x = 1\nx = 1\n"),
                                       .deflate = i > 1});
    }
    zb_end(&b, NULL);
    ch_buf_puts(ret, ch_buf_str(&b.bytes));
    zb_done(&b);
}

static void build_tar(struct ch_buf *ret, enum ch_stream_format packing)
{
    struct tb b;
    tb_init(&b);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (i == PAX_NAME) {
            tb_add(&b, &(struct tb_member){
                           .name = CH_STR("x"), .type = 'x', .pax = CH_STR("path=" CAFE)});
        }
        tb_add(&b, &(struct tb_member){
                       .name = i == PAX_NAME ? CH_STR("pkg/cafe") : ch_str_of(names[i]),
                       .type = i == 0 ? '5' : '0',
                       .content = i == 0 ? (struct ch_str){NULL, 0} : CH_STR("x = 1\nx = 1\n")});
    }
    tb_end(&b);
    pack(ret, packing, ch_buf_str(&b.bytes));
    tb_done(&b);
}

typedef enum ch_code scan_fn(const struct ch_scan_job *, const struct ch_input *,
                             struct ch_scan_writer *, struct ch_err *);

static int jailed(scan_fn *fn, const struct ch_scan_job *job, const struct ch_buf *b, int fd)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b->ptr, .len = b->len};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    test_confine();
    if (fn(job, &in, w, &err) != CH_OK || ch_scan_write_end(w, &sha256, in.len, &err) != CH_OK) {
        return 1;
    }
    ch_scan_writer_free(w);
    return 0;
}

static void expect_names(int fd)
{
    struct ch_err err;
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    off_t len = lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc((size_t)len);
    assert_int_equal(pread(fd, stream, (size_t)len, 0), len);
    ch_scan_reader_init(&r, (struct ch_str){stream, (size_t)len});
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
        assert_int_equal(rec.type, CH_REC_MEMBER);
        assert_str_eq(rec.u.member.path, names[i]);
    }
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_END);
    free(stream);
}

static void in_jail(scan_fn *fn, const char *profile, const struct ch_buf *b)
{
    int status;
    struct ch_err err;
    struct ch_scan_job job = {.profile = ch_str_of(profile)};
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_ch_ok(&err, ch_second_prepare(&err));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(jailed(fn, &job, b, fd));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    expect_names(fd);
    close(fd);
}

static void test_zip(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    build_zip(&b);
    in_jail(ch_second_opinion, "wheel", &b);
    in_jail(ch_second_opinion, "zip", &b);
    in_jail(ch_second_opinion, "sdist", &b);
    in_jail(ch_archive_inspect, "zip", &b);
    ch_buf_done(&b);
}

static void test_tar(void **state)
{
    (void)state;
    static const enum ch_stream_format packings[] = {CH_STREAM_NONE, CH_STREAM_GZIP,
                                                     CH_STREAM_BZIP2, CH_STREAM_XZ, CH_STREAM_ZSTD};
    for (size_t i = 0; i < CH_ARRAY_LEN(packings); i++) {
        struct ch_buf b;
        ch_buf_init(&b, 1 << 20);
        build_tar(&b, packings[i]);
        in_jail(ch_second_opinion, "tar", &b);
        in_jail(ch_second_opinion, "sdist", &b);
        in_jail(ch_archive_inspect, "tar", &b);
        ch_buf_done(&b);
    }
}

/* Bare archives belong to no ecosystem, and nothing but their two profiles is read that way. */
static void test_bare(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    build_zip(&b);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b.ptr, .len = b.len};
    struct ch_scan_job job = {.profile = CH_STR("wheel")};
    const struct ch_inspector *bare = ch_inspector_find(CH_STR("archive"));
    assert_non_null(bare);
    assert_ptr_equal(bare->inspect, ch_archive_inspect);
    assert_int_equal(bare->inspect(&job, &in, NULL, &err), CH_E_UNSUPPORTED);
    assert_null(bare->parse_index);
    for (size_t i = 0; ch_inspector_at(i) != NULL; i++) {
        assert_ptr_not_equal(ch_inspector_at(i), bare);
    }
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_zip),
        cmocka_unit_test(test_tar),
        cmocka_unit_test(test_bare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
