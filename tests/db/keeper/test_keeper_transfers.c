/* A transfer that was not what the index states, by whatever hash, is tried again (T7, T14, T15). */
#include "house.h"

#include <openssl/evp.h>
#include <stdio.h>

#define WHEEL  "pkg-1.0-py3-none-any.whl"

static struct page *page_of(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    page_load(h->k, p);
    return p;
}

/* Makes the next ask look upstream again. */
static void expire(struct house *h)
{
    struct page *p = page_of(h);
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
}

static struct site *set_bytes(struct house *h, const char *bytes)
{
    return house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

/* A page of one wheel without a sha256; `hashes` is the rest of its line. */
static struct site *set_wheel(struct house *h, const char *bytes, unsigned days, const char *hashes)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " - - %u %s\n", days, hashes);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    return set_bytes(h, bytes);
}

static const char *sha512_of(const char *bytes, char ret[160])
{
    unsigned char md[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int n = snprintf(ret, 160, "sha512:");
    assert_int_equal(EVP_Digest(bytes, strlen(bytes), md, &len, EVP_sha512(), NULL), 1);
    for (unsigned i = 0; i < len; i++) {
        n += snprintf(ret + n, 160 - (size_t)n, "%02x", md[i]);
    }
    return ret;
}

static void expect(struct house *h, const char *rule) /* NULL: allowed */
{
    house_ask_file(h, "pkg", WHEEL);
    if (rule == NULL) {
        if (h->file.outcome != CH_FILE_ALLOW) {
            fail_msg("%d: %.*s by %.*s", (int)h->file.outcome, CH_STR_ARG(h->file.refusal.reason),
                     CH_STR_ARG(h->file.refusal.rule));
        }
        return;
    }
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_str_eq(h->file.refusal.rule, rule);
}

/* --- broken transfers --- */

/* One of them does not deny an honest file for good: it is tried again when the index was
 * confirmed, once. */
static void t14_a_broken_transfer_is_tried_again(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        struct house *h = house_new();
        struct ch_buf out;
        char sha512[160];
        ch_buf_init(&out, 1u << 20);
        struct site *s = set_wheel(h, "byt", 30, sha512_of("bytes", sha512));
        expect(h, "finding hash-mismatch");
        assert_true(ch_str_find(h->file.refusal.reason,
                                CH_STR("; fetched again once the index states the same again"),
                                NULL));
        expect(h, "finding hash-mismatch");
        assert_int_equal(s->asked, 1);
        assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
        assert_true(
            ch_str_find(ch_buf_str(&out), CH_STR("what would change it: fetching it again"), NULL));
        if (way == 0) { /* broken in the same way once more */
            expire(h);
            expect(h, "finding hash-mismatch");
            expect(h, "finding hash-mismatch");
            assert_int_equal(s->asked, 2);
        }
        set_bytes(h, "bytes");
        if (way < 2) {
            expire(h);
        } else {
            house_restart(h);
        }
        expect(h, NULL);
        assert_true(house_serves(h, "bytes"));
        house_restart(h); /* the newest bytes are the right ones */
        expect(h, NULL);
        ch_buf_done(&out);
        house_free(h);
    }
}

/* T7: bytes that were inspected before any hash was stated are no broken transfer, and others than
 * those do not take their place. */
static void t7_a_hash_stated_since_frees_no_other_bytes(void **state)
{
    (void)state;
    struct house *h = house_new();
    char sha512[160];
    set_wheel(h, "bytes", 30, "");
    expect(h, NULL);
    set_wheel(h, "others", 30, sha512_of("others", sha512));
    expire(h);
    for (int round = 0; round < 3; round++) {
        house_ask_file(h, "pkg", WHEEL);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_false(house_serves(h, "others"));
        expire(h);
    }
    assert_str_eq(h->file.refusal.rule, "finding bytes-changed");
    house_free(h);
}

/* T15: hashes of different files are no broken transfer: fetching again would mend nothing. */
static void t15_hashes_that_contradict_are_not_tried_again(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[512], hex[CH_SHA256_HEX + 1], sha512[160];
    ch_buf_init(&out, 1u << 20);
    snprintf(text, sizeof(text), WHEEL " %s - 30 %s\n", house_hex("bytes", hex),
             sha512_of("others", sha512));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    struct site *s = set_bytes(h, "bytes");
    for (int round = 0; round < 3; round++) {
        expect(h, "finding hash-mismatch");
        assert_false(ch_str_find(h->file.refusal.reason, CH_STR("fetched again"), NULL));
        expire(h);
    }
    assert_int_equal(s->asked, 1);
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(
        ch_str_find(ch_buf_str(&out), CH_STR("which states hashes of different files"), NULL));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t14_a_broken_transfer_is_tried_again),
        cmocka_unit_test(t7_a_hash_stated_since_frees_no_other_bytes),
        cmocka_unit_test(t15_hashes_that_contradict_are_not_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
