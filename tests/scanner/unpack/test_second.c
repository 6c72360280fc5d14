/* The second opinion in a jail: after its preparation it opens nothing and does nothing but
 * compute. */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "confine.h"
#include "scanner/unpack/second.h"
#include "zip_build.h"

static const char *const names[] = {"pkg/", "pkg/caf\xc3\xa9.py",
                                    "pkg/\xe4\xb8\xad\xe6\x96\x87.txt", "pkg/\xf0\x9f\x98\x80",
                                    "pkg/plain.py"};

static void build(struct zb *b)
{
    zb_init(b);
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        zb_add(b, &(struct zb_member){.name = ch_str_of(names[i]),
                                      .content = i == 0 ? (struct ch_str){NULL, 0}
                                                        : CH_STR("x = 1\nx = 1\n"),
                                      .deflate = i > 1});
    }
    zb_end(b, NULL);
}

static int jailed(const struct zb *b, int fd)
{
    static const struct ch_scan_job job;
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)b->bytes.ptr, .len = b->bytes.len};
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    test_confine();
    if (ch_second_opinion(&job, &in, w, &err) != CH_OK ||
        ch_scan_write_end(w, &sha256, in.len, &err) != CH_OK) {
        return 1;
    }
    ch_scan_writer_free(w);
    return 0;
}

static void test_jailed(void **state)
{
    (void)state;
    struct zb b;
    struct ch_err err;
    int status;
    build(&b);
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_ch_ok(&err, ch_second_prepare(&err));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(jailed(&b, fd));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    off_t len = lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc((size_t)len);
    assert_int_equal(pread(fd, stream, (size_t)len, 0), len);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){stream, (size_t)len});
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
        assert_int_equal(rec.type, CH_REC_MEMBER);
        assert_str_eq(rec.u.member.path, names[i]);
    }
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_END);
    free(stream);
    close(fd);
    zb_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jailed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
