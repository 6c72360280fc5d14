/* Whether the clients of one file can all take another. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <string.h>

#include "customhouse/clients.h"
#include "customhouse/ecosystem.h"

static const struct ch_clients_ops *ops(void)
{
    return ch_ecosystem_find(CH_STR("pypi"))->clients;
}

struct row {
    const char *held[3], *other[3]; /* python, abi, platform */
    bool covered;
};

static struct clients of(const char *const t[3])
{
    struct ch_release r = {.python_tags = ch_str_of(t[0]), .abi_tags = ch_str_of(t[1]),
                           .platform_tags = ch_str_of(t[2])};
    struct clients c;
    ops()->of(&r, &c);
    return c;
}

/* With one version of Python for each that the tags name, and its neighbours. */
static bool covered(const struct clients *held, const struct clients *other)
{
    struct client_points points;
    struct client_kind kind;
    bool all = !held->more;
    size_t n = 0;
    ops()->points_begin(&points);
    ops()->points_add(&points, held);
    ops()->points_add(&points, other);
    for (; ops()->kind(held, n, &kind); n++) {
        struct client_set wanted, taken = {0};
        ops()->points_of_kind(&kind, &points, &wanted);
        ops()->taking(other, &kind, &points, &taken);
        for (size_t i = 0; i < CH_ARRAY_LEN(wanted.bits); i++) {
            all &= (wanted.bits[i] & ~taken.bits[i]) == 0;
        }
    }
    return all && n > 0;
}

static void rows(void **state)
{
    static const struct row all[] = {
        /* what the held one asks of glibc, musl or macOS is at least what the other does */
        {{"cp312", "cp312", "manylinux_2_28_x86_64"},
         {"cp312", "cp312", "manylinux_2_17_x86_64.manylinux2014_x86_64"}, true},
        {{"cp312", "cp312", "manylinux_2_17_x86_64.manylinux2014_x86_64"},
         {"cp312", "cp312", "manylinux_2_28_x86_64"}, false},
        {{"cp312", "cp312", "manylinux_2_17_x86_64"}, {"cp312", "cp312", "manylinux2014_x86_64"}, true},
        {{"cp312", "cp312", "manylinux2014_x86_64"}, {"cp312", "cp312", "manylinux_2_17_x86_64"}, true},
        {{"cp312", "cp312", "manylinux1_x86_64"}, {"cp312", "cp312", "manylinux2010_x86_64"}, false},
        {{"cp312", "cp312", "musllinux_1_2_x86_64"}, {"cp312", "cp312", "musllinux_1_1_x86_64"}, true},
        {{"cp312", "cp312", "musllinux_1_1_x86_64"}, {"cp312", "cp312", "musllinux_1_2_x86_64"}, false},
        {{"cp312", "cp312", "macosx_14_0_arm64"}, {"cp312", "cp312", "macosx_11_0_arm64"}, true},
        {{"cp312", "cp312", "macosx_11_0_arm64"}, {"cp312", "cp312", "macosx_14_0_arm64"}, false},
        {{"cp312", "cp312", "macosx_10_9_universal2"}, {"cp312", "cp312", "macosx_11_0_arm64"}, false},
        {{"cp312", "cp312", "macosx_11_0_arm64"}, {"cp312", "cp312", "macosx_10_9_universal2"}, true},
        {{"cp312", "cp312", "macosx_10_9_universal2"},
         {"cp312", "cp312", "macosx_11_0_arm64.macosx_10_9_x86_64"}, true},
        {{"cp312", "cp312", "android_24_arm64_v8a"}, {"cp312", "cp312", "android_21_arm64_v8a"}, true},
        {{"cp312", "cp312", "ios_13_0_arm64_iphoneos"}, {"cp312", "cp312", "ios_14_0_arm64_iphoneos"},
         false},
        /* plain linux is of any libc: built here */
        {{"cp312", "cp312", "musllinux_1_1_x86_64"}, {"cp312", "cp312", "linux_x86_64"}, true},
        {{"cp312", "cp312", "linux_x86_64"}, {"cp312", "cp312", "manylinux_2_5_x86_64"}, false},
        {{"cp312", "cp312", "win_amd64.win32"}, {"cp312", "cp312", "win_amd64"}, false},
        {{"cp312", "cp312", "win_amd64"}, {"cp312", "cp312", "win32.win_amd64"}, true},
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
        {{"cp39", "abi3", "win_amd64"}, {"cp39", "cp39", "win_amd64"}, false},
        {{"cp310", "abi3", "win_amd64"}, {"cp39", "abi3", "win_amd64"}, true},
        {{"cp37", "cp37m", "win_amd64"}, {"cp36", "abi3", "win_amd64"}, true},
        /* builds with and without the global lock take different files */
        {{"cp313", "cp313t", "win_amd64"}, {"cp313", "cp313", "win_amd64"}, false},
        {{"cp313", "cp313t", "win_amd64"}, {"cp39", "abi3", "win_amd64"}, false},
        {{"cp315", "cp315t", "win_amd64"}, {"cp315", "abi3.abi3t", "win_amd64"}, true},
        {{"cp313", "cp313t", "win_amd64"}, {"cp313", "none", "win_amd64"}, true},
        {{"cp313", "none", "win_amd64"}, {"cp313", "cp313", "win_amd64"}, false},
        /* pure ones */
        {{"cp313", "cp313", "win_amd64"}, {"py3", "none", "any"}, true},
        {{"py3", "none", "any"}, {"cp313", "cp313", "win_amd64"}, false},
        {{"cp313", "cp313", "win_amd64"}, {"py2", "none", "any"}, false},
        {{"py3", "none", "any"}, {"py2.py3", "none", "any"}, true},
        {{"py3", "none", "any"}, {"py37", "none", "any"}, false},
        {{"py38", "none", "any"}, {"py37", "none", "any"}, true},
        /* no client of ours has a Python before 3.6 */
        {{"py2.py3", "none", "any"}, {"py3", "none", "any"}, true},
        {{"py3", "none", "any"}, {"py36", "none", "any"}, true},
        /* without tags: whoever builds it */
        {{NULL, NULL, NULL}, {"cp313", "cp313", "win_amd64"}, false},
        {{NULL, NULL, NULL}, {"py2.py3", "none", "any"}, true},
        {{NULL, NULL, NULL}, {"py3", "none", "any"}, true},
        {{NULL, NULL, NULL}, {NULL, NULL, NULL}, true},
        {{"cp313", "cp313", "win_amd64"}, {NULL, NULL, NULL}, true},
        /* what cannot be read stands in for nothing, and nothing for it */
        {{"xx", "none", "any"}, {"py3", "none", "any"}, false},
        {{"cp313", "cp313", "win_amd64"}, {"xx", "none", "any"}, false},
        {{"cp313", "cp313", "win_amd64"}, {"cp99999", "none", "any"}, false},
    };
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(all); i++) {
        struct clients held = of(all[i].held), other = of(all[i].other);
        if (covered(&held, &other) != all[i].covered) {
            fail_msg("row %zu: expected %d", i, all[i].covered);
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
    assert_true(c.more);
}

/* What a requirement names, and its neighbours; of numbers no Python has, nothing is said. */
static void points(void **state)
{
    (void)state;
    struct client_points p;
    char text[16];
    bool before = false, at = false, after = false;
    ops()->points_begin(&p);
    assert_true(ops()->points_add_requirement(&p, CH_STR(">=3.8.4, <4, !=3.10.*")));
    for (size_t i = 0; i < p.count; i++) {
        ops()->point_text(&p, i, text);
        before |= strcmp(text, "3.8.3") == 0;
        at |= strcmp(text, "3.8.4") == 0;
        after |= strcmp(text, "3.11.0") == 0;
    }
    assert_true(before && at && after && !p.full);
    assert_true(ops()->points_add_requirement(&p, CH_STR("!=2.7.3, >=3.5.1")));
    for (size_t i = 0; i < p.count; i++) {
        assert_true(p.at[i] >= 3006000);
    }
    assert_false(ops()->points_add_requirement(&p, CH_STR(">=3.1000")));
    assert_false(ops()->points_add_requirement(&p, CH_STR("<3.8.99999999999999999999999")));
    for (unsigned i = 0; i < 900; i++) {
        snprintf(text, sizeof(text), ">3.7.%u", i);
        assert_true(ops()->points_add_requirement(&p, ch_str_of(text)));
    }
    assert_true(p.full);
    assert_int_equal(p.count, CLIENTS_POINTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows), cmocka_unit_test(many_tags),
                                       cmocka_unit_test(points)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
