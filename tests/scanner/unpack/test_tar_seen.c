/* What the strict TAR reader hands over, member by member. */
#include "tests/ch_test.h"
#include "scan_run.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/tar.h"
#include "tar_build.h"

static const struct ch_scan_job sdist_job = {.profile = {"sdist", 5}};

struct seen {
    struct ch_buf text;
};

static void see(void *arg, const struct ch_tar_member *m)
{
    struct seen *s = arg;
    ch_buf_printf(&s->text, "%.*s %d %llu %.*s|", CH_STR_ARG(m->path), (int)m->type,
                  (unsigned long long)m->size_bytes,
                  CH_STR_ARG(m->link.len > 0 ? m->link : ch_str_sub(m->bytes, 0, 4)));
}

static enum ch_code watch(const struct ch_scan_job *job, const struct ch_input *in,
                          struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false;
    struct seen s;
    ch_buf_init(&s.text, 4096);
    enum ch_code rc = ch_tar_walk(in, ch_archive_kind_of(job, in).packing, &ch_tar_profile_sdist,
                                  out, see, &s, &complete, err);
    assert_true(complete);
    assert_str_eq(ch_buf_str(&s.text), "pkg-1/ 2 0 |pkg-1/a 1 5 abcd|pkg-1/b 4 0 pkg-1/a|"
                                       "pkg-1/c 3 1 a|");
    ch_buf_done(&s.text);
    return rc;
}

static void test_seen(void **state)
{
    (void)state;
    struct tb b;
    struct scan_run r;
    tb_init(&b);
    tb_add(&b, &(struct tb_member){.name = CH_STR("pkg-1/"), .type = '5'});
    tb_file(&b, "pkg-1/a", "abcde");
    tb_add(&b,
           &(struct tb_member){.name = CH_STR("pkg-1/b"), .type = '1', .link = CH_STR("pkg-1/a")});
    tb_add(&b, &(struct tb_member){.name = CH_STR("pkg-1/c"), .type = '2', .link = CH_STR("a")});
    tb_end(&b);
    scan_run(&r, watch, &sdist_job, ch_buf_str(&b.bytes));
    scan_run_done(&r);
    tb_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
