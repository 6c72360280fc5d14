/* Which image of an index is taken, beside what containerd takes.
 *
 * Source of the orders: github.com/containerd/platforms v1.0.0-rc.2 (and rc.1, rc.5, and v0.2.1 for
 * all without a minor variant): platforms.Only of platforms.Parse of what is wanted; of the list
 * below those that Match, by sort.SliceStable and Less. */
#include "tests/ch_test.h"

#include "customhouse/platform.h"

#define IMAGES_MAX 64

static const char listed[] =
    "linux/386 linux/arm/v5 linux/arm/v6 linux/arm/v7 linux/arm/v8 linux/arm "
    "linux/armhf linux/armel linux/arm/7 linux/arm64 linux/arm64/v8 linux/arm64/8 "
    "linux/aarch64 linux/arm64/v8.1 linux/arm64/v8.2 linux/arm64/v8.5 "
    "linux/arm64/v8.6 linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v9.1 "
    "linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/amd64/v1 linux/x86_64 "
    "Linux/AMD64 linux/i386 linux/arm/v4 linux/ppc64le linux/s390x windows/amd64 "
    "darwin/arm64 unknown/unknown";

static const struct {
    const char *wanted, *order;
} rows[] = {
    {"linux/amd64", "linux/amd64 linux/amd64/v1 linux/x86_64 Linux/AMD64 linux/386 linux/i386"},
    {"linux/amd64/v2",
     "linux/amd64/v2 linux/amd64 linux/amd64/v1 linux/x86_64 Linux/AMD64 linux/386 "
     "linux/i386"},
    {"linux/amd64/v3", "linux/amd64/v3 linux/amd64/v2 linux/amd64 linux/amd64/v1 linux/x86_64 "
                       "Linux/AMD64 linux/386 linux/i386"},
    {"linux/x86_64", "linux/amd64 linux/amd64/v1 linux/x86_64 Linux/AMD64 linux/386 linux/i386"},
    {"linux/386", "linux/386 linux/i386"},
    {"linux/arm", "linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 linux/armel "
                  "linux/arm/v5"},
    {"linux/arm/v7", "linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 linux/armel "
                     "linux/arm/v5"},
    {"linux/arm/v6", "linux/arm/v6 linux/armel linux/arm/v5"},
    {"linux/arm/v5", "linux/arm/v5"},
    {"linux/armhf", "linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 linux/armel "
                    "linux/arm/v5"},
    {"linux/armel", "linux/arm/v6 linux/armel linux/arm/v5"},
    {"linux/arm/v8", "linux/arm/v8 linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 "
                     "linux/armel linux/arm/v5"},
    {"linux/arm64", "linux/arm64 linux/arm64/v8 linux/arm64/8 linux/aarch64 linux/arm/v8 "
                    "linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 linux/armel "
                    "linux/arm/v5"},
    {"linux/arm64/v8", "linux/arm64 linux/arm64/v8 linux/arm64/8 linux/aarch64 linux/arm/v8 "
                       "linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 linux/armel "
                       "linux/arm/v5"},
    {"linux/arm64/v8.1", "linux/arm64/v8.1 linux/arm64 linux/arm64/v8 linux/arm64/8 linux/aarch64 "
                         "linux/arm/v8 linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 "
                         "linux/armel linux/arm/v5"},
    {"linux/arm64/v9", "linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v8.5 linux/arm64/v8.2 "
                       "linux/arm64/v8.1 linux/arm64 linux/arm64/v8 linux/arm64/8 linux/aarch64 "
                       "linux/arm/v8 linux/arm/v7 linux/arm linux/armhf linux/arm/7 linux/arm/v6 "
                       "linux/armel linux/arm/v5"},
    {"linux/arm64/v9.1",
     "linux/arm64/v9.1 linux/arm64/v9 linux/arm64/v9.0 linux/arm64/v8.6 "
     "linux/arm64/v8.5 linux/arm64/v8.2 linux/arm64/v8.1 linux/arm64 linux/arm64/v8 "
     "linux/arm64/8 linux/aarch64 linux/arm/v8 linux/arm/v7 linux/arm linux/armhf "
     "linux/arm/7 linux/arm/v6 linux/armel linux/arm/v5"},
    {"linux/ppc64le", "linux/ppc64le"},
    {"linux/s390x", "linux/s390x"},
    {"windows/amd64", "windows/amd64"},
    {"darwin/arm64", "darwin/arm64"},
};

/* The first of those that fit best is taken; then of the others. */
static void orders(void **state)
{
    (void)state;
    for (size_t r = 0; r < CH_ARRAY_LEN(rows); r++) {
        struct ch_str image[IMAGES_MAX], rest = ch_str_of(listed);
        size_t count = 0;
        struct ch_buf order;
        ch_buf_init(&order, 4096);
        while (ch_str_split(&rest, ' ', &image[count])) {
            count++;
        }
        for (;;) {
            size_t best = CH_PLATFORM_NONE, at = 0;
            for (size_t i = 0; i < count; i++) {
                size_t fits = image[i].ptr != NULL
                                  ? ch_platform_fits(image[i], ch_str_of(rows[r].wanted))
                                  : CH_PLATFORM_NONE;
                if (fits < best) {
                    best = fits;
                    at = i;
                }
            }
            if (best == CH_PLATFORM_NONE) {
                break;
            }
            ch_buf_puts(&order, order.len > 0 ? CH_STR(" ") : CH_STR(""));
            ch_buf_puts(&order, image[at]);
            image[at] = (struct ch_str){NULL, 0};
        }
        if (!ch_str_eq(ch_buf_str(&order), ch_str_of(rows[r].order))) {
            fail_msg("%s: %.*s", rows[r].wanted, CH_STR_ARG(ch_buf_str(&order)));
        }
        ch_buf_done(&order);
    }
}

static void odd_ones(void **state)
{
    (void)state;
    static const struct {
        const char *platform, *wanted;
        bool fits;
    } odd[] = {
        {"", "linux/amd64", true}, /* of one of which nothing is said, after all others */
        {"/amd64", "linux/amd64", true},
        {"/arm64", "linux/amd64", false},
        {"linux/", "linux/amd64", false},
        {"linux", "linux/amd64", false},
        {"linux/amd64/", "linux/amd64", false},
        {"linux/amd64/v1/x", "linux/amd64", false},
        {"linux/amd64%2Fv1", "linux/amd64", false}, /* of an architecture with a slash in it */
        {"linux%281%29/amd64", "linux/amd64", false},
        {"linux/amd64", "all", true},
        {"unknown/unknown", "all", true},
        {"windows(10.0.17763.1+win32k)/amd64", "windows/amd64", true},
        {"linux(+x)/arm64/v8", "linux/arm64", true},
        {"linux(+x/arm64/v8", "linux/arm64", false},
        {"windows(10.0.17763.1)/amd64", "linux/amd64", false},
        {"linux/amd64/v99999999999999999999", "linux/amd64/v99999999999999999999", true},
        {"linux/amd64/v1", "linux/amd64/v99999999999999999999", false},
        {"linux/"
         "amd64amd64amd64amd64amd64amd64amd64amd64amd64amd64amd64amd64amd64",
         "linux/amd64", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(odd); i++) {
        size_t fits = ch_platform_fits(ch_str_of(odd[i].platform), ch_str_of(odd[i].wanted));
        if ((fits != CH_PLATFORM_NONE) != odd[i].fits) {
            fail_msg("\"%s\" where %s is wanted", odd[i].platform, odd[i].wanted);
        }
    }
    assert_true(ch_platform_fits(CH_STR(""), CH_STR("linux/amd64")) >
                ch_platform_fits(CH_STR("linux/386"), CH_STR("linux/amd64")));
}

static void what_can_be_wanted(void **state)
{
    (void)state;
    static const char *const good[] = {"linux/amd64", "linux/arm64/v8", "windows/amd64", "all"};
    static const char *const bad[] = {"",
                                      "linux",
                                      "linux/",
                                      "/amd64",
                                      "linux/amd64/",
                                      "linux/amd64/v1/x",
                                      "Linux/amd64",
                                      "linux/amd64 ",
                                      "linux/amd64\n"};
    for (size_t i = 0; i < CH_ARRAY_LEN(good); i++) {
        assert_true(ch_platform_is_good(ch_str_of(good[i])));
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        assert_false(ch_platform_is_good(ch_str_of(bad[i])));
    }
}

static void features(void **state)
{
    (void)state;
    assert_true(ch_platform_has_features(CH_STR("windows(10.0.17763.1+win32k)/amd64")));
    assert_true(ch_platform_has_features(CH_STR("linux(+x)/amd64")));
    assert_false(ch_platform_has_features(CH_STR("windows(10.0.17763.1)/amd64")));
    assert_false(ch_platform_has_features(CH_STR("linux/amd64")));
    assert_false(ch_platform_has_features(CH_STR("linux/a+b")));
    assert_false(ch_platform_has_features(CH_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders),
        cmocka_unit_test(odd_ones),
        cmocka_unit_test(what_can_be_wanted),
        cmocka_unit_test(features),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
