#include "tests/ch_test.h"

#include "customhouse/base64.h"

/* RFC 4648 section 10 */
static const char *const rows[][2] = {{"", ""},
                                      {"f", "Zg=="},
                                      {"fo", "Zm8="},
                                      {"foo", "Zm9v"},
                                      {"foob", "Zm9vYg=="},
                                      {"fooba", "Zm9vYmE="},
                                      {"foobar", "Zm9vYmFy"}};

static void test_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf text, bytes;
        ch_buf_init(&text, 64);
        ch_buf_init(&bytes, 64);
        ch_buf_put_base64(&text, rows[i][0], strlen(rows[i][0]));
        assert_str_eq(ch_buf_str(&text), rows[i][1]);
        assert_int_equal(text.len, CH_BASE64_LEN(strlen(rows[i][0])));
        assert_true(ch_base64_strict(ch_str_of(rows[i][1]), &bytes));
        assert_str_eq(ch_buf_str(&bytes), rows[i][0]);
        ch_buf_clear(&bytes);
        assert_true(ch_base64_any(ch_str_of(rows[i][1]), &bytes));
        assert_str_eq(ch_buf_str(&bytes), rows[i][0]);
        ch_buf_done(&text);
        ch_buf_done(&bytes);
    }
}

static void test_every_byte(void **state)
{
    (void)state;
    uint8_t all[256];
    struct ch_buf text, bytes;
    for (size_t i = 0; i < sizeof(all); i++) {
        all[i] = (uint8_t)i;
    }
    ch_buf_init(&text, 512);
    ch_buf_init(&bytes, 512);
    ch_buf_put_base64(&text, all, sizeof(all));
    assert_true(ch_base64_strict(ch_buf_str(&text), &bytes));
    assert_int_equal(bytes.len, sizeof(all));
    assert_memory_equal(bytes.ptr, all, sizeof(all));
    ch_buf_done(&text);
    ch_buf_done(&bytes);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",    "Zg",   "Zg=",      "Zg===", "Zh==", "Zm9=",     "Zm9v\n",
        "Zm 9", "Zm-v", "Zg==Zg==", "====",  "Z===", "Zm9vZg=a", "=m9v"};
    struct ch_buf bytes;
    ch_buf_init(&bytes, 64);
    ch_buf_putc(&bytes, 'x');
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (ch_base64_strict(ch_str_of(bad[i]), &bytes)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_str_eq(ch_buf_str(&bytes), "x");
    }
    ch_buf_done(&bytes);
}

/* What DSSE adds: URL-safe letters, no padding. */
static void test_any(void **state)
{
    (void)state;
    static const char *const same[] = {"+/+/", "-_-_", "+_-/"};
    static const char *const bad[] = {"Z",     "=",        "==",   "====", "Zg=",
                                      "Zg===", "Zh==",     "Zm9=", "Zm 9", "Zm9v\n",
                                      "Z.9v",  "Zg==Zg==", "=Zg=", "Zh",   "Zm8=Zg"};
    struct ch_buf bytes;
    ch_buf_init(&bytes, 64);
    for (size_t i = 0; i < CH_ARRAY_LEN(same); i++) {
        ch_buf_clear(&bytes);
        assert_true(ch_base64_any(ch_str_of(same[i]), &bytes));
        assert_int_equal(bytes.len, 3);
        assert_memory_equal(bytes.ptr, "\xfb\xff\xbf", 3);
    }
    ch_buf_clear(&bytes);
    assert_true(ch_base64_any(CH_STR("Zm8"), &bytes));
    assert_str_eq(ch_buf_str(&bytes), "fo");
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (ch_base64_any(ch_str_of(bad[i]), &bytes)) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
        assert_str_eq(ch_buf_str(&bytes), "fo");
    }
    ch_buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
