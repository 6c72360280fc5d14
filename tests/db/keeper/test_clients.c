/* Which files the same clients can take. */
#include "tests/ch_test.h"

#include "clients.h"

struct row {
    const char *held[3], *other[3]; /* python, abi, platform */
    bool overlap;
};

static struct clients of(const char *const t[3])
{
    struct ch_release r = {.python_tags = ch_str_of(t[0]), .abi_tags = ch_str_of(t[1]),
                           .platform_tags = ch_str_of(t[2])};
    struct clients c;
    clients_of(&r, &c);
    return c;
}

static void rows(void **state)
{
    static const struct row all[] = {
        /* the version of manylinux or macOS rises: the same clients */
        {{"cp312", "cp312", "manylinux_2_17_x86_64.manylinux2014_x86_64"},
         {"cp312", "cp312", "manylinux_2_28_x86_64"}, true},
        {{"cp312", "cp312", "macosx_11_0_arm64"}, {"cp312", "cp312", "macosx_14_0_arm64"}, true},
        {{"cp312", "cp312", "macosx_10_9_universal2"}, {"cp312", "cp312", "macosx_11_0_arm64"}, true},
        {{"cp312", "cp312", "win_amd64"}, {"cp312", "cp312", "win_amd64"}, true},
        /* another machine, system, libc or interpreter */
        {{"cp312", "cp312", "manylinux_2_17_x86_64"}, {"cp312", "cp312", "manylinux_2_17_aarch64"}, false},
        {{"cp312", "cp312", "manylinux_2_17_x86_64"}, {"cp312", "cp312", "musllinux_1_1_x86_64"}, false},
        {{"cp312", "cp312", "win_amd64"}, {"cp312", "cp312", "win32"}, false},
        {{"cp312", "cp312", "win_amd64"}, {"cp312", "cp312", "manylinux_2_17_x86_64"}, false},
        {{"cp313", "cp313", "win_amd64"}, {"cp312", "cp312", "win_amd64"}, false},
        {{"pp310", "pypy310_pp73", "win_amd64"}, {"cp310", "cp310", "win_amd64"}, false},
        /* the stable ABI reaches upwards, within its major version */
        {{"cp313", "cp313", "win_amd64"}, {"cp39", "abi3", "win_amd64"}, true},
        {{"cp38", "cp38", "win_amd64"}, {"cp39", "abi3", "win_amd64"}, false},
        /* pure ones */
        {{"cp313", "cp313", "win_amd64"}, {"py3", "none", "any"}, true},
        {{"py3", "none", "any"}, {"cp313", "cp313", "win_amd64"}, true},
        {{"cp313", "cp313", "win_amd64"}, {"py2", "none", "any"}, false},
        {{"py2.py3", "none", "any"}, {"py3", "none", "any"}, true},
        /* without tags: whoever builds it */
        {{NULL, NULL, NULL}, {"cp313", "cp313", "win_amd64"}, true},
        {{"cp313", "cp313", "win_amd64"}, {NULL, NULL, NULL}, true},
        /* what cannot be read stands in for nothing */
        {{"cp313", "cp313", "win_amd64"}, {"xx", "none", "any"}, false},
        {{"cp313", "cp313", "win_amd64"}, {"cp99999", "none", "any"}, false},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct clients held = of(all[i].held), other = of(all[i].other);
        if (clients_overlap(&held, &other) != all[i].overlap) {
            fail_msg("row %zu: expected %d", i, all[i].overlap);
        }
    }
}

/* More tags than are kept are not overlooked in the wrong direction: none is read past its end. */
static void many_tags(void **state)
{
    (void)state;
    const char *t[3] = {"cp30.cp31.cp32.cp33.cp34.cp35.cp36.cp37.cp38.cp39", "none",
                        "linux_a.linux_b.linux_c.linux_d.linux_e.linux_f.linux_g.linux_h.linux_i."
                        "linux_j.linux_k.linux_l.linux_m.linux_n"};
    struct clients c = of(t);
    assert_int_equal(c.python_count, CLIENTS_PYTHONS);
    assert_int_equal(c.platform_count, CLIENTS_PLATFORMS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(many_tags)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
