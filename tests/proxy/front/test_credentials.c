#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "proxy/front/credentials.h"

#define HEX   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TOKEN "chp_" HEX

static enum front_credentials read_of(struct ch_str header, struct ch_sha256 *ret)
{
    struct ch_buf scratch;
    struct ch_hash *hash = ch_hash_new();
    ch_buf_init(&scratch, 8192);
    char *memory = ch_buf_reserve(&scratch, 8192);
    memset(memory, 0, 8192);
    enum front_credentials kind = front_credentials_read(header, &scratch, hash, ret);
    assert_ptr_equal(scratch.ptr, memory);
    assert_null(memmem(memory, 8192, "chp_", 4)); /* nothing of the clear text stays */
    ch_buf_done(&scratch);
    ch_hash_free(hash);
    return kind;
}

static enum front_credentials read_basic(const char *scheme, struct ch_str user_pass,
                                         struct ch_sha256 *ret)
{
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_puts(&b, ch_str_of(scheme));
    ch_buf_put_base64(&b, user_pass.ptr, user_pass.len);
    enum front_credentials kind = read_of(ch_buf_str(&b), ret);
    ch_buf_done(&b);
    return kind;
}

static void assert_token(enum front_credentials kind, const struct ch_sha256 *digest)
{
    struct ch_sha256 expected = ch_sha256_of(TOKEN, sizeof(TOKEN) - 1);
    assert_int_equal(kind, FRONT_CREDENTIALS_TOKEN);
    assert_true(ch_sha256_eq(digest, &expected));
}

static void test_none(void **state)
{
    (void)state;
    struct ch_sha256 d;
    assert_int_equal(read_of((struct ch_str){NULL, 0}, &d), FRONT_CREDENTIALS_NONE);
    /* an empty header is not the absence of one */
    assert_int_equal(read_of(CH_STR(""), &d), FRONT_CREDENTIALS_BAD);
}

/* The token is the password, whatever the user is called (RFC 7617: it has no colon). */
static void test_basic(void **state)
{
    (void)state;
    static const char *const users[] = {"__token__", "", "anna", "j\303\266rg", "a b"};
    static const char *const schemes[] = {"Basic ", "basic ", "BASIC    "};
    for (size_t i = 0; i < CH_ARRAY_LEN(users); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(schemes); k++) {
            char text[200];
            struct ch_sha256 d;
            snprintf(text, sizeof(text), "%s:" TOKEN, users[i]);
            assert_token(read_basic(schemes[k], ch_str_of(text), &d), &d);
        }
    }
}

static void test_basic_refused(void **state)
{
    (void)state;
    static const struct ch_str rows[] = {
        {"", 0},
        {TOKEN, sizeof(TOKEN) - 1},           /* no colon */
        {TOKEN ":", sizeof(TOKEN)},           /* as the user */
        {"a:b:" TOKEN, sizeof(TOKEN) + 3},    /* the password is all after the first colon */
        {"a:" TOKEN "\n", sizeof(TOKEN) + 2}, /* control characters */
        {"a\0:" TOKEN, sizeof(TOKEN) + 2},
        {"a\x7f:" TOKEN, sizeof(TOKEN) + 2},
        {"a:" TOKEN "0", sizeof(TOKEN) + 2}, /* not the length of a token */
        {"a: " TOKEN, sizeof(TOKEN) + 2},
        {"a:chq_" HEX, sizeof(TOKEN) + 1},
        {"a:secret", 8},
    };
    struct ch_sha256 d;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (read_basic("Basic ", rows[i], &d) != FRONT_CREDENTIALS_BAD) {
            fail_msg("row %zu was taken", i);
        }
    }
    /* Base64 in one form only: padded, nothing else between or behind */
    static const char *const forms[] = {
        "Basic",        "Basic ",     "Basic YTpi YTpi", "Basic YTpi,YTpi", "Basic YTp",
        "Basic YTpiYw", "Basic=YTpi", "Basic\tYTpi",     "Basic YTpi=",     "Basic !!!!",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(forms); i++) {
        assert_int_equal(read_of(ch_str_of(forms[i]), &d), FRONT_CREDENTIALS_BAD);
    }
}

static void test_by_itself(void **state)
{
    (void)state;
    struct ch_hash *hash = ch_hash_new();
    struct ch_sha256 d;
    assert_true(front_credentials_token(CH_STR(TOKEN), hash, &d));
    assert_token(FRONT_CREDENTIALS_TOKEN, &d);
    assert_false(front_credentials_token(CH_STR(TOKEN "0"), hash, &d));
    assert_false(front_credentials_token(ch_str_sub(CH_STR(TOKEN), 1, 100), hash, &d));
    assert_false(front_credentials_token((struct ch_str){NULL, 0}, hash, &d));
    ch_hash_free(hash);
}

static void test_of_some_images(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        bool good;
    } rows[] = {
        {"Bearer eyJh.eyJi.c-_9", true}, {"bearer  eyJh.eyJi.c", true},
        {"Bearer eyJh.eyJi.", true},     {"Bearer eyJh.eyJi", false},
        {"Bearer eyJh.e.c.d", false},    {"Bearer eyJh.eyJi.c=", false},
        {"Bearer eyJh.ey+i.c", false},   {"Bearer aaaa.eyJi.c", false},
        {"Basic eyJh.eyJi.c", false},    {"Bearer " TOKEN, false},
        {"eyJh.eyJi.c", false},          {"Bearer eyJh.eyJi.c ", false},
    };
    struct ch_buf b;
    struct ch_sha256 d;
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if ((front_credentials_scoped(ch_str_of(rows[i].line)).ptr != NULL) != rows[i].good) {
            fail_msg("%s", rows[i].line);
        }
        if (rows[i].good) { /* elsewhere it is none at all */
            assert_int_equal(read_of(ch_str_of(rows[i].line), &d), FRONT_CREDENTIALS_BAD);
        }
    }
    assert_null(front_credentials_scoped((struct ch_str){NULL, 0}).ptr);
    ch_buf_init(&b, 2 * ch_limits.scoped_token_bytes);
    ch_buf_puts(&b, CH_STR("Bearer eyJ.."));
    while (b.len < ch_limits.scoped_token_bytes + 7) {
        ch_buf_putc(&b, 'a');
    }
    assert_non_null(front_credentials_scoped(ch_buf_str(&b)).ptr);
    ch_buf_putc(&b, 'a');
    assert_null(front_credentials_scoped(ch_buf_str(&b)).ptr);
    ch_buf_done(&b);
}

static void test_bearer(void **state)
{
    (void)state;
    struct ch_sha256 d;
    assert_token(read_of(CH_STR("Bearer " TOKEN), &d), &d);
    assert_int_equal(read_of(CH_STR("Bearer anonymous"), &d), FRONT_CREDENTIALS_BAD);
    assert_int_equal(read_of(CH_STR("Bearer anonymou"), &d), FRONT_CREDENTIALS_BAD);
    assert_int_equal(read_of(CH_STR("Basic anonymous"), &d), FRONT_CREDENTIALS_BAD);
    assert_token(read_of(CH_STR("bearer  " TOKEN), &d), &d);
    static const char *const bad[] = {
        "Bearer",
        "Bearer ",
        "Bearer " TOKEN " ",
        "Bearer " TOKEN "=",
        "Bearer a=b",
        "Bearer " TOKEN ",x",
        "Bearer \"" TOKEN "\"",
        "Bearer token=" TOKEN,
        TOKEN,
        "Token " TOKEN,
        "Digest " TOKEN,
        "Bearer =",
        "Bearer chp_",
        "Bearer " TOKEN ":",
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(bad); i++) {
        if (read_of(ch_str_of(bad[i]), &d) != FRONT_CREDENTIALS_BAD) {
            fail_msg("\"%s\" was taken", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none),          cmocka_unit_test(test_basic),
        cmocka_unit_test(test_basic_refused), cmocka_unit_test(test_bearer),
        cmocka_unit_test(test_by_itself),     cmocka_unit_test(test_of_some_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
