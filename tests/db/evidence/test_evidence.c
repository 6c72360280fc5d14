/* The text that logs have digests of: it cannot become another one. */
#include "tests/ch_test.h"

#include "evidence.h"

#define PRINT "ce3519472f1657311fad6eb48141d0d3959fd7cdbbf9c568f423f85065c0c4d0"
#define OTHER "95d827ed8ca1549b16cb4f5865b051725c1246e2241dddb407072a8a91aadfe3"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static struct ch_sha256 filled(uint8_t byte)
{
    struct ch_sha256 d;
    memset(d.byte, byte, sizeof(d.byte));
    return d;
}

static void expect(const struct ch_inspection_row *row, const char *text)
{
    struct ch_inspection_key key = {.sha256 = filled(0x11),
                                    .profile = CH_STR("wheel"),
                                    .inspector_version = 7,
                                    .ruleset = filled(0x22),
                                    .context = CH_STR("pypi/up/pkg/file")};
    struct ch_buf b;
    ch_buf_init(&b, CH_EVIDENCE_BYTES);
    ch_evidence_put(&b, &key, row);
    assert_str_eq(ch_buf_str(&b), text);
    ch_buf_done(&b);
}

#define BEGIN(version)                                                                             \
    "{\"version\":" version                                                                        \
    ",\"artifact\":\"1111111111111111111111111111111111111111111111111111111111111"                \
    "111\",\"profile\":\"wheel\",\"inspector\":7,\"ruleset\":\"22222222222222222222222222222222"   \
    "22222222222222222222222222222222\",\"inspectedAt\":\"2026-11-26T07:00:00Z\","
#define AT_US 1795676400999999

static void test_text(void **state)
{
    (void)state;
    struct ch_finding findings[] = {
        {.code = CH_F_ZIP_CRC, .member = CH_STR("a.py"), .evidence = CH_STR("odd")},
        {.code = (enum ch_finding_code)60000},
    };
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE,
                                    .at_us = AT_US,
                                    .member_count = 12,
                                    .members_digest = filled(0x33)};
    expect(&row,
           BEGIN("1") "\"complete\":true,\"members\":12,\"membersDigest\":\"333333333333333333333"
                      "3333333333333333333333333333333333333333333\",\"findings\":[]}");
    row = (struct ch_inspection_row){.outcome = CH_INSPECTION_FAILED,
                                     .at_us = AT_US,
                                     .findings = findings,
                                     .finding_count = CH_ARRAY_LEN(findings)};
    expect(&row, BEGIN("1") "\"complete\":false,\"members\":0,\"membersDigest\":\"" ZEROS
                            "\",\"findings\":["
                            "{\"finding\":\"zip-crc-differs\",\"fingerprint\":\"" PRINT "\"},"
                            "{\"finding\":\"unknown\",\"fingerprint\":\"" OTHER "\"}]}");
    row.record = filled(0x33);
    row.finding_count = 0;
    expect(&row, BEGIN("2") "\"complete\":false,\"members\":0,\"membersDigest\":\"" ZEROS
                            "\",\"findings\":[],\"record\":\"33333333333333333333333333333333"
                            "33333333333333333333333333333333\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
