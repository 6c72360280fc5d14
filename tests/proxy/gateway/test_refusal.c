#include "proxy/gateway/refusal.h"
#include "customhouse/index.h"
#include "tests/ch_test.h"

#include <stdio.h>

#define ORIGIN "https://gw.example.org"

static struct ch_refusal cool_down(void)
{
    return (struct ch_refusal){
        .id = CH_STR("8f3a"),
        .verdict = CH_VERDICT_HOLD,
        .subject = CH_STR("numpy 2.4.0"),
        .rule = CH_STR("cool-down"),
        .reason = CH_STR("released 2 days ago, the policy asks for 7"),
        .policy_at = CH_STR("policy.yaml:12"),
        .since_us = CH_TIME_UNKNOWN,
        .until_us = 1795946400000000, /* 2026-11-29 10:00 UTC */
    };
}

static void check(const struct ch_refusal *r, const char *origin, const char *reason, const char *body)
{
    struct gw_refusal_text text;
    gw_refusal_build(r, (struct ch_str){NULL, 0}, ch_str_of(origin), &text);
    assert_string_equal(text.reason, reason);
    assert_str_eq(ch_buf_str(&text.body), body);
    gw_refusal_done(&text);
}

/* Every channel that some client shows, byte for byte. */
static void test_held(void **state)
{
    (void)state;
    struct ch_refusal r = cool_down();
#define SENTENCE                                                                                   \
    "numpy 2.4.0: released 2 days ago, the policy asks for 7, until 2026-11-29 10:00 UTC "         \
    "(policy.yaml:12). Exceptions: https://gw.example.org/-/x/8f3a"
    check(&r, ORIGIN,
          "numpy 2.4.0 held by cool-down: released 2 days ago, the policy asks for 7, until "
          "2026-11-29 10:00 UTC. Exceptions: https://gw.example.org/-/x/8f3a",
          "{\"type\":\"https://gw.example.org/-/policies/cool-down\","
          "\"title\":\"Held by policy (cool-down)\",\"status\":403,\"instance\":\"/-/x/8f3a\","
          "\"detail\":\"" SENTENCE "\",\"reason\":\"Held by policy (cool-down)\","
          "\"message\":\"" SENTENCE "\",\"error\":\"" SENTENCE "\","
          "\"errors\":[{\"code\":\"DENIED\",\"message\":\"" SENTENCE "\"}]}");
#undef SENTENCE
}

static void test_denied(void **state)
{
    (void)state;
    struct ch_refusal r = {
        .id = CH_STR("Zz_-9"),
        .verdict = CH_VERDICT_DENY,
        .subject = CH_STR("evil 1.0"),
        .rule = CH_STR("finding zip-header-differs"),
        .reason = CH_STR("evil-1.0-py3-none-any.whl has a local header that differs"),
        .since_us = CH_TIME_UNKNOWN,
        .until_us = CH_TIME_UNKNOWN,
    };
#define SENTENCE                                                                                   \
    "evil 1.0: evil-1.0-py3-none-any.whl has a local header that differs. Details: /-/x/Zz_-9"
    /* No address is known that others can reach: the link is a path. */
    check(&r, "",
          "evil 1.0 denied by finding zip-header-differs: evil-1.0-py3-none-any.whl has a local "
          "header that differs. Details: /-/x/Zz_-9",
          "{\"type\":\"/-/policies/finding-zip-header-differs\","
          "\"title\":\"Denied by policy (finding zip-header-differs)\",\"status\":403,"
          "\"instance\":\"/-/x/Zz_-9\",\"detail\":\"" SENTENCE "\","
          "\"reason\":\"Denied by policy (finding zip-header-differs)\","
          "\"message\":\"" SENTENCE "\",\"error\":\"" SENTENCE "\","
          "\"errors\":[{\"code\":\"DENIED\",\"message\":\"" SENTENCE "\"}]}");
#undef SENTENCE
}

static void test_without_id(void **state)
{
    (void)state;
    struct ch_refusal r = cool_down();
    r.id = (struct ch_str){NULL, 0};
    r.rule = CH_STR("inspection");
    r.reason = CH_STR("it is being inspected, try again in about 20 s");
    r.policy_at = (struct ch_str){NULL, 0};
    r.until_us = CH_TIME_UNKNOWN;
    struct gw_refusal_text text;
    gw_refusal_build(&r, (struct ch_str){NULL, 0}, CH_STR(ORIGIN), &text);
    assert_string_equal(text.reason, "numpy 2.4.0 held by inspection: it is being inspected, try "
                                     "again in about 20 s");
    assert_false(ch_str_find(ch_buf_str(&text.body), CH_STR("instance"), NULL));
    assert_false(ch_str_find(ch_buf_str(&text.body), CH_STR("/-/x/"), NULL));
    gw_refusal_done(&text);
}

static bool has_code(struct ch_refusal r, struct ch_str user_agent, const char *code)
{
    struct gw_refusal_text text;
    char wanted[100];
    snprintf(wanted, sizeof(wanted), "\"errors\":[{\"code\":\"%s\",", code);
    gw_refusal_build(&r, user_agent, CH_STR(ORIGIN), &text);
    bool found = ch_str_find(ch_buf_str(&text.body), ch_str_of(wanted), NULL);
    gw_refusal_done(&text);
    return found;
}

/* After UNAVAILABLE clients come again: of what is being inspected, not of what they may not have. */
static void test_code(void **state)
{
    (void)state;
    struct ch_refusal r = cool_down();
    assert_true(has_code(r, CH_STR("skopeo/1.9"), "DENIED"));
    assert_true(has_code(r, CH_STR("docker/20.10"), "UNAVAILABLE"));
    r.id = (struct ch_str){NULL, 0};
    assert_true(has_code(r, CH_STR("skopeo/1.9"), "UNAVAILABLE"));
    r.verdict = CH_VERDICT_DENY; /* a right that is missing */
    assert_true(has_code(r, CH_STR("skopeo/1.9"), "DENIED"));
    assert_true(has_code(r, CH_STR("docker/20.10"), "UNAVAILABLE"));
}

/* A reason that names the end by itself: it is not said twice. */
static void test_until_once(void **state)
{
    (void)state;
    struct ch_refusal r = cool_down();
    r.reason = CH_STR("released 2 days ago (until 2026-11-29 10:00 UTC)");
    struct gw_refusal_text text;
    gw_refusal_build(&r, (struct ch_str){NULL, 0}, CH_STR(ORIGIN), &text);
    assert_string_equal(text.reason,
                        "numpy 2.4.0 held by cool-down: released 2 days ago (until 2026-11-29 10:00 "
                        "UTC). Exceptions: https://gw.example.org/-/x/8f3a");
    gw_refusal_done(&text);
}

/* One line, printable, at most 200 bytes, the link whole: whatever the fields hold (T20). */
static void test_bounds(void **state)
{
    (void)state;
    char big[600];
    memset(big, 'x', sizeof(big));
    static const size_t lens[] = {0, 1, 50, 66, 100, 160, 199, 200, 201, 512, 600};
    for (size_t i = 0; i < CH_ARRAY_LEN(lens); i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(lens); k++) {
            struct ch_refusal r = cool_down();
            r.subject = (struct ch_str){big, lens[i]};
            r.reason = (struct ch_str){big, lens[k]};
            r.rule = (struct ch_str){big, lens[(i + k) % CH_ARRAY_LEN(lens)]};
            struct gw_refusal_text text;
            gw_refusal_build(&r, (struct ch_str){NULL, 0}, CH_STR(ORIGIN), &text);
            assert_true(strlen(text.reason) <= GW_REASON_MAX);
            assert_true(ch_str_ends(ch_str_of(text.reason), CH_STR(ORIGIN "/-/x/8f3a")));
            gw_refusal_done(&text);
            gw_refusal_build(&r, (struct ch_str){NULL, 0}, (struct ch_str){big, lens[k]}, &text); /* a very long public_url */
            assert_true(strlen(text.reason) <= GW_REASON_MAX);
            assert_true(ch_str_ends(ch_str_of(text.reason), CH_STR("/-/x/8f3a")));
            gw_refusal_done(&text);
        }
    }
}

static void test_hostile_text(void **state)
{
    (void)state;
    struct ch_refusal r = cool_down();
    r.subject = CH_STR("a\r\nSet-Cookie: x\x1b[2J\"\xff");
    struct gw_refusal_text text;
    gw_refusal_build(&r, (struct ch_str){NULL, 0}, CH_STR(ORIGIN), &text);
    for (const char *p = text.reason; *p != '\0'; p++) {
        assert_true(*p >= 0x20 && *p <= 0x7e);
    }
    for (size_t i = 0; i < text.body.len; i++) {
        assert_true(text.body.ptr[i] >= 0x20 && text.body.ptr[i] <= 0x7e);
    }
    assert_true(ch_str_find(ch_buf_str(&text.body), CH_STR("Set-Cookie: x?[2J\\\"?"), NULL));
    gw_refusal_done(&text);
}

/* What no exception lifts does not send people to ask for one. */
static void test_what_stays(void **state)
{
    (void)state;
    struct ch_refusal_reply reply = {
        .found = true, .refusal = cool_down(), .advice = CH_STR("security@example.org")};
    struct ch_refusal *r = &reply.refusal;
    r->until_us = CH_TIME_UNKNOWN;
    r->change = CH_STR("inspecting it again: customhouse rescan FILE");
    struct gw_refusal_text text;
    gw_refusal_build(r, (struct ch_str){NULL, 0}, CH_STR(ORIGIN), &text);
    assert_non_null(strstr(text.reason, ". Details: " ORIGIN "/-/x/8f3a"));
    assert_true(ch_str_find(ch_buf_str(&text.body),
                            CH_STR("What would change it: inspecting it again: customhouse rescan FILE"), NULL));
    assert_false(ch_str_find(ch_buf_str(&text.body), CH_STR("Exceptions"), NULL));
    gw_refusal_done(&text);
    struct ch_buf out;
    ch_buf_init(&out, 10000);
    gw_refusal_page_text(&reply, &out);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("Until      inspecting it again: customhouse rescan FILE\n"), NULL));
    assert_false(ch_str_find(ch_buf_str(&out), CH_STR("security@example.org"), NULL));
    ch_buf_clear(&out);
    gw_refusal_page_html(&reply, &out);
    assert_false(ch_str_find(ch_buf_str(&out), CH_STR("security@example.org"), NULL));
    ch_buf_done(&out);
}

static void test_page(void **state)
{
    (void)state;
    struct ch_refusal_reply reply = {
        .found = true,
        .refusal = cool_down(),
        .repository = CH_STR("pypi"),
        .advice = CH_STR("security@example.org"),
    };
    reply.refusal.since_us = 1795341600000000;
    struct ch_buf out;
    ch_buf_init(&out, 10000);
    gw_refusal_page_text(&reply, &out);
    assert_str_eq(ch_buf_str(&out), "numpy 2.4.0 is held.\n\n"
                                    "Repository pypi\n"
                                    "Rule       cool-down\n"
                                    "Policy     policy.yaml:12\n"
                                    "Why        released 2 days ago, the policy asks for 7\n"
                                    "Since      2026-11-22 10:00 UTC\n"
                                    "Until      2026-11-29 10:00 UTC\n"
                                    "Exceptions security@example.org\n");
    ch_buf_clear(&out);
    gw_refusal_page_json(&reply, &out);
    assert_str_eq(ch_buf_str(&out),
                  "{\"id\":\"8f3a\",\"verdict\":\"hold\",\"repository\":\"pypi\","
                  "\"subject\":\"numpy 2.4.0\",\"rule\":\"cool-down\",\"policy\":\"policy.yaml:12\","
                  "\"reason\":\"released 2 days ago, the policy asks for 7\","
                  "\"since\":\"2026-11-22T10:00:00Z\",\"until\":\"2026-11-29T10:00:00Z\","
                  "\"change\":\"\",\"exceptions\":\"security@example.org\",\"exception\":\"\","
                  "\"may_ask\":false}\n");
    ch_buf_clear(&out);
    reply.refusal.verdict = CH_VERDICT_DENY; /* says nobody who could lift it */
    reply.refusal.until_us = CH_TIME_UNKNOWN;
    reply.refusal.since_us = CH_TIME_UNKNOWN;
    reply.advice = CH_STR("");
    gw_refusal_page_text(&reply, &out);
    assert_str_eq(ch_buf_str(&out), "numpy 2.4.0 is denied.\n\n"
                                    "Repository pypi\n"
                                    "Rule       cool-down\n"
                                    "Policy     policy.yaml:12\n"
                                    "Why        released 2 days ago, the policy asks for 7\n"
                                    "Until      it does not end by itself\n");
    ch_buf_clear(&out);
    reply.refusal.verdict = CH_VERDICT_ALLOW;
    gw_refusal_page_text(&reply, &out);
    assert_str_eq(ch_buf_str(&out), "numpy 2.4.0 is not refused any more. Ask for it again.\n");
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held),       cmocka_unit_test(test_denied),
        cmocka_unit_test(test_without_id), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_page),
        cmocka_unit_test(test_what_stays),
        cmocka_unit_test(test_code),
        cmocka_unit_test(test_until_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
