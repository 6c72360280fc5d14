#include "tests/ch_test.h"

#include <stdio.h>

#include "proxy/gateway/seen.h"

#define LINE "Bearer chp_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_known_again(void **state)
{
    (void)state;
    struct gw_seen *seen = gw_seen_new();
    struct ch_sha256 digest = ch_sha256_of("x", 1), got = {{0}};
    struct ch_sip128 line, other;
    assert_false(gw_seen_find(seen, CH_STR(LINE), &line, &got));
    assert_true(ch_sha256_is_zero(&got));
    gw_seen_add(seen, line, &digest);
    assert_true(gw_seen_find(seen, CH_STR(LINE), &line, &got));
    assert_true(ch_sha256_eq(&got, &digest));
    /* as it was written, to the byte: what is nearly the same is read anew */
    static const char *const near[] = {"", LINE " ", "bearer" LINE, "Bearer"};
    for (size_t i = 0; i < CH_ARRAY_LEN(near); i++) {
        assert_false(gw_seen_find(seen, ch_str_of(near[i]), &other, &got));
    }
    gw_seen_free(seen);
}

static void test_no_clear_text(void **state)
{
    (void)state;
    struct gw_seen *seen = gw_seen_new();
    struct ch_sha256 digest = ch_sha256_of("x", 1), got;
    struct ch_sip128 line;
    assert_false(gw_seen_find(seen, CH_STR(LINE), &line, &got));
    gw_seen_add(seen, line, &digest);
    assert_null(memmem(seen, sizeof(*seen), "chp_", 4));
    assert_null(memmem(seen, sizeof(*seen), "01234567", 8));
    gw_seen_free(seen);
}

/* More lines than there are places: each answer is of its own line, or there is none. */
static void test_places_run_out(void **state)
{
    (void)state;
    struct gw_seen *seen = gw_seen_new();
    struct ch_sip128 line;
    struct ch_sha256 got;
    char text[32];
    size_t found = 0;
    for (int i = 0; i < 4 * GW_SEEN_LINES; i++) {
        int n = snprintf(text, sizeof(text), "Bearer %d", i);
        struct ch_sha256 digest = ch_sha256_of(text, (size_t)n);
        assert_false(gw_seen_find(seen, ch_str_of(text), &line, &got));
        gw_seen_add(seen, line, &digest);
        assert_true(gw_seen_find(seen, ch_str_of(text), &line, &got));
    }
    for (int i = 0; i < 4 * GW_SEEN_LINES; i++) {
        int n = snprintf(text, sizeof(text), "Bearer %d", i);
        struct ch_sha256 digest = ch_sha256_of(text, (size_t)n);
        if (gw_seen_find(seen, ch_str_of(text), &line, &got)) {
            assert_true(ch_sha256_eq(&got, &digest));
            found++;
        }
    }
    assert_true(found > GW_SEEN_LINES / 2 && found <= GW_SEEN_LINES);
    gw_seen_free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_again),
        cmocka_unit_test(test_no_clear_text),
        cmocka_unit_test(test_places_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
