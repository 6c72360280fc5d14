#include "tests/ch_test.h"

#include <stdio.h>

#include "db/log/bundle.h"
#include "db/log/entry.h"

static struct ch_err err;

static void test_written(void **state)
{
    (void)state;
    struct ch_buf out;
    struct ch_log_entry e;
    struct ch_sha256 sha = {{0xab}}, zero = {{0}};
    ch_buf_init(&out, 4096);
    ch_log_entry_begin(&e, &out);
    ch_log_entry_int(&e, "at_us", 1764106800123456);
    ch_log_entry_bool(&e, "audited", false);
    ch_log_entry_str(&e, "empty", CH_STR(""));
    ch_log_entry_str(&e, "file", CH_STR("a\"b\\c\b\t\n\f\r\x1f\x7f\xc3\xa9/"));
    ch_log_entry_open(&e, "inner");
    ch_log_entry_int(&e, "b", -1);
    ch_log_entry_bool(&e, "c", true);
    ch_log_entry_close(&e);
    ch_log_entry_sha(&e, "sha256", &sha);
    ch_log_entry_sha(&e, "unknown", &zero);
    ch_log_entry_str(&e, "what", CH_STR("x\xff\xc3y"));
    ch_log_entry_commitment(&e, "who", &sha);
    ch_log_entry_end(&e);
    assert_str_eq(
        ch_buf_str(&out),
        "{\"at_us\":1764106800123456,\"audited\":false,"
        "\"file\":\"a\\\"b\\\\c\\b\\t\\n\\f\\r\\u001f\x7f\xc3\xa9/"
        "\",\"inner\":{\"b\":-1,\"c\":true},"
        "\"sha256\":\"ab00000000000000000000000000000000000000000000000000000000000000\","
        "\"what\":\"x\xef\xbf\xbd\xef\xbf\xbdy\","
        "\"who\":{\"hmac\":\"ab00000000000000000000000000000000000000000000000000000000000000\"}}");

    struct ch_log_entry_fields f;
    struct ch_buf text;
    int64_t n = 0;
    bool yes = true;
    struct ch_sha256 got;
    ch_buf_init(&text, 256);
    assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(&out), &f, &err));
    assert_int_equal(f.count, 7);
    assert_true(ch_log_entry_get_int(&f, "at_us", &n));
    assert_int_equal(n, 1764106800123456);
    assert_true(ch_log_entry_get_bool(&f, "audited", &yes));
    assert_false(yes);
    assert_true(ch_log_entry_get_str(&f, "file", &text));
    assert_str_eq(ch_buf_str(&text), "a\"b\\c\b\t\n\f\r\x1f\x7f\xc3\xa9/");
    assert_true(ch_log_entry_get_sha(&f, "sha256", &got) && ch_sha256_eq(&got, &sha));
    assert_true(ch_log_entry_get_commitment(&f, "who", &got) && ch_sha256_eq(&got, &sha));
    assert_false(ch_log_entry_get_commitment(&f, "sha256", &got));
    assert_false(ch_log_entry_get_int(&f, "file", &n));
    assert_false(ch_log_entry_get_str(&f, "at_us", &text));
    assert_false(ch_log_entry_get_bool(&f, "nothing", &yes));
    ch_buf_done(&text);
    ch_buf_done(&out);
}

/* Another way of saying the same is not an entry: whoever hashes it would get another leaf. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "}",
                                      "[]",
                                      "\"a\"",
                                      "1",
                                      "{}{}",
                                      "{} ",
                                      " {}",
                                      "{\"a\":1}\n",
                                      "{\"a\" :1}",
                                      "{\"a\": 1}",
                                      "{\"b\":1,\"a\":2}",
                                      "{\"a\":1,\"a\":2}",
                                      "{\"a\":1,}",
                                      "{,}",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":01}",
                                      "{\"a\":-0}",
                                      "{\"a\":-}",
                                      "{\"a\":+1}",
                                      "{\"a\":1.0}",
                                      "{\"a\":1e2}",
                                      "{\"a\":9007199254740992}",
                                      "{\"a\":null}",
                                      "{\"a\":True}",
                                      "{\"a\":tru}",
                                      "{\"a\":\"\\u0041\"}",
                                      "{\"a\":\"\\u000a\"}",
                                      "{\"a\":\"\\u000B\"}",
                                      "{\"a\":\"\\/\"}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\u007f\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\\\"}",
                                      "{\"a\":\"",
                                      "{\"a\":[1]}",
                                      "{\"a\":[\"b\",]}",
                                      "{\"a\":[\"b\"",
                                      "{\"\":1}",
                                      "{\"\xc3\xa9\":1}",
                                      "{\"a\\\\\":1}",
                                      "{\"a\":'b'}",
                                      "{\"0123456789abcdef0123456789abcdef\":1}"};
    static const char *const good[] = {"{}",
                                       "{\"a\":0}",
                                       "{\"a\":-9007199254740991}",
                                       "{\"a\":[]}",
                                       "{\"a\":[\"b\",\"c\"]}",
                                       "{\"a\":{\"b\":{\"c\":{\"d\":1}}}}",
                                       "{\"a\":\"\\u000b\x7f\"}",
                                       "{\"A\":1,\"a\":2}"};
    struct ch_log_entry_fields f;
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (ch_log_entry_read(ch_str_of(bad[i]), &f, &err) != CH_E_FORMAT) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_int_equal(f.count, 0);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(good); i++) {
        assert_ch_ok(&err, ch_log_entry_read(ch_str_of(good[i]), &f, &err));
    }
}

/* Strings are read some characters at a time: each byte counts at each place. */
static void test_each_byte(void **state)
{
    (void)state;
    struct ch_log_entry_fields f;
    for (size_t at = 0; at < 20; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char text[] = "{\"a\":\"01234567890123456789\"}";
            bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            text[6 + at] = (char)byte;
            struct ch_str entry = {text, sizeof(text) - 1};
            enum ch_code rc = ch_log_entry_read(entry, &f, &err);
            if (rc != (plain ? CH_OK : CH_E_FORMAT)) {
                fail_msg("byte %u at %zu: %s", byte, at, ch_code_name(rc));
            }
        }
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct ch_buf many;
    struct ch_log_entry_fields f;
    ch_buf_init(&many, 4096);
    for (int n = CH_ENTRY_FIELDS; n <= CH_ENTRY_FIELDS + 1; n++) {
        ch_buf_clear(&many);
        for (int i = 0; i < n; i++) {
            ch_buf_printf(&many, "%c\"k%02d\":1", i == 0 ? '{' : ',', i);
        }
        ch_buf_putc(&many, '}');
        assert_ch_code(n == CH_ENTRY_FIELDS ? CH_OK : CH_E_LIMIT,
                       ch_log_entry_read(ch_buf_str(&many), &f, &err));
    }
    ch_buf_done(&many);
    assert_ch_code(CH_E_LIMIT,
                   ch_log_entry_read(CH_STR("{\"a\":{\"b\":{\"c\":{\"d\":{}}}}}"), &f, &err));
}

/* RFC 8785: beyond 2^53 - 1 readers do not agree on a number. */
static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        int64_t value;
        enum ch_code code;
    } rows[] = {
        {CH_ENTRY_INT_MAX, CH_OK},
        {-CH_ENTRY_INT_MAX, CH_OK},
        {CH_ENTRY_INT_MAX + 1, CH_E_FORMAT},
        {-CH_ENTRY_INT_MAX - 1, CH_E_FORMAT},
        {INT64_MAX, CH_E_FORMAT},
        {INT64_MIN, CH_E_FORMAT},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf out;
        struct ch_log_entry e;
        ch_buf_init(&out, 64);
        ch_log_entry_begin(&e, &out);
        ch_log_entry_int(&e, "from", rows[i].value);
        ch_log_entry_int(&e, "to", 1);
        ch_log_entry_end(&e);
        assert_ch_code(rows[i].code, ch_log_entry_ok(&e, &err));
        ch_buf_done(&out);
    }
    assert_string_equal(err.msg,
                        "audit log: \"from\" is beyond what an entry can say (9007199254740991)");
    struct ch_buf small;
    struct ch_log_entry e;
    ch_buf_init(&small, 8);
    ch_log_entry_begin(&e, &small);
    ch_log_entry_int(&e, "from", CH_ENTRY_INT_MAX);
    ch_log_entry_end(&e);
    assert_ch_code(CH_E_LIMIT, ch_log_entry_ok(&e, &err));
    ch_buf_done(&small);
}

/* RFC 4231 test case 2 has a key of four bytes, ours sixteen: the padding makes them the same key.
 */
static void test_commitment(void **state)
{
    (void)state;
    uint8_t salt[CH_ENTRY_SALT_BYTES] = "Jefe";
    struct ch_sha256 d = ch_log_entry_commit(salt, CH_STR("what do ya want for nothing?"));
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&d, hex);
    assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    salt[0] ^= 1;
    struct ch_sha256 other = ch_log_entry_commit(salt, CH_STR("what do ya want for nothing?"));
    assert_false(ch_sha256_eq(&d, &other));
}

static void test_bundles(void **state)
{
    (void)state;
    static const char bytes[] = "\x00\x07{\"n\":0}\x00\x07{\"n\":1}\x00\x00";
    struct ch_buf out;
    ch_buf_init(&out, 64);
    ch_bundle_put(&out, CH_STR("{\"n\":0}"));
    ch_bundle_put(&out, CH_STR("{\"n\":1}"));
    ch_bundle_put(&out, CH_STR(""));
    assert_int_equal(out.len, sizeof(bytes) - 1);
    assert_memory_equal(out.ptr, bytes, out.len);
    struct ch_str rest = ch_buf_str(&out), entry;
    assert_true(ch_bundle_next(&rest, &entry));
    assert_str_eq(entry, "{\"n\":0}");
    assert_true(ch_bundle_next(&rest, &entry) && ch_bundle_next(&rest, &entry));
    assert_int_equal(entry.len, 0);
    assert_int_equal(rest.len, 0);
    assert_false(ch_bundle_next(&rest, &entry));
    for (size_t cut = 1; cut < 9; cut++) { /* a torn end is no entry */
        rest = ch_str_sub(ch_buf_str(&out), 0, cut);
        assert_false(ch_bundle_next(&rest, &entry));
        assert_int_equal(rest.len, cut);
    }
    ch_buf_done(&out);
}

static void test_proof_text(void **state)
{
    (void)state;
    struct ch_tree_proof p = {.count = 1};
    struct ch_buf out;
    ch_buf_init(&out, 1024);
    ch_tlog_proof_put(&out, 12, &p, CH_STR("note\n"));
    assert_str_eq(ch_buf_str(&out), "c2sp.org/tlog-proof@v1\nindex 12\n"
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\nnote\n");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),   cmocka_unit_test(test_refused),
        cmocka_unit_test(test_each_byte), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_commitment),
        cmocka_unit_test(test_bundles),   cmocka_unit_test(test_proof_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
