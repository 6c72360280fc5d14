/* A file of a type that nothing is known of: one member to both readers, judged by its bytes. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "scanner/eco/oci/blob.h"
#include "scanner/rules/rules.h"
#include "scanner/unpack/second.h"
#include "tests/scanner/eco/oci/opinions.h"
#include "zip_build.h"

#define EVIL                                                                                       \
    "#!/usr/bin/env python3\nimport base64\nexec(base64.b64decode('cHJpbnQoMSk=').decode())\n"

static const struct ch_scan_job job = {.profile = {"oci-blob", 8}};

static void both_say(const char *label, struct ch_str bytes, const char *first, const char *second)
{
    char member[64];
    char expected[256];
    struct ch_sha256 sha256 = ch_sha256_of(bytes.len > 0 ? bytes.ptr : "", bytes.len);
    snprintf(member, sizeof(member), "file blob %zu %02x\n", bytes.len, sha256.byte[0]);
    snprintf(expected, sizeof(expected), "%s%s", member, first);
    opinion_is(label, ch_oci_blob_inspect, &job, bytes, expected);
    snprintf(expected, sizeof(expected), "%s%s", second, member);
    opinion_is(label, ch_oci_blob_second, &job, bytes, expected);
}

static void the_one_member_is_the_whole(void **state)
{
    (void)state;
    static char large[200000]; /* more than is read at once */
    both_say("empty", (struct ch_str){NULL, 0}, "", "");
    both_say("bytes", CH_STR("\1\2 anything"), "", "");
    both_say("large", (struct ch_str){large, sizeof(large)}, "", "");
}

static void what_it_is_is_seen_in_its_bytes(void **state)
{
    (void)state;
    struct zb z;
    both_say("script", CH_STR(EVIL), "! hidden-code\ncapability=dynamic-code\n", "");
    zb_init(&z);
    zb_add(&z, &(struct zb_member){.name = CH_STR("a/run"), .content = CH_STR(EVIL)});
    zb_end(&z, NULL);
    struct ch_buf text;
    ch_buf_init(&text, 1 << 16);
    opinion_text("archive", ch_oci_blob_inspect, &job, ch_buf_str(&z.bytes), true, &text);
    if (!ch_str_find(ch_buf_str(&text), CH_STR("! hidden-code blob!a/run"), NULL)) {
        fail_msg("archive: %.*s", CH_STR_ARG(ch_buf_str(&text)));
    }
    ch_buf_done(&text);
    zb_done(&z);
}

static void rules_are_matched_on_it_and_in_it(void **state)
{
    (void)state;
    static const char source[] = "rule seen { meta: class = \"irregular\" severity = \"high\""
                                 " strings: $a = \"what is looked for\" condition: $a }";
    const struct ch_rule_text rule = {CH_STR("site.yar"), ch_str_of(source)};
    struct ch_err err;
    struct zb z;
    assert_int_equal(ch_rules_load(&rule, 1, &err), CH_OK);
    both_say("by itself", CH_STR("\1 what is looked for"), "", "! rule-malicious\n");
    zb_init(&z);
    zb_add(&z, &(struct zb_member){
                   .name = CH_STR("a"), .content = CH_STR("what is looked for"), .deflate = true});
    zb_end(&z, NULL);
    struct ch_buf text;
    ch_buf_init(&text, 1 << 16);
    opinion_text("inside", ch_oci_blob_second, &job, ch_buf_str(&z.bytes), true, &text);
    if (!ch_str_find(ch_buf_str(&text), CH_STR("blob!a"), NULL)) {
        fail_msg("inside: %.*s", CH_STR_ARG(ch_buf_str(&text)));
    }
    ch_buf_done(&text);
    zb_done(&z);
    ch_rules_unload();
}

static void no_other_profile(void **state)
{
    (void)state;
    const struct ch_scan_job other = {.profile = CH_STR("oci-layer")};
    const struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)"x", .len = 1};
    struct ch_err err;
    assert_int_equal(ch_oci_blob_inspect(&other, &in, NULL, &err), CH_E_UNSUPPORTED);
    assert_int_equal(ch_oci_blob_second(&other, &in, NULL, &err), CH_E_UNSUPPORTED);
}

int main(void)
{
    struct ch_err err;
    CH_ASSERT(ch_second_prepare(&err) == CH_OK);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_one_member_is_the_whole),
        cmocka_unit_test(what_it_is_is_seen_in_its_bytes),
        cmocka_unit_test(rules_are_matched_on_it_and_in_it),
        cmocka_unit_test(no_other_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
