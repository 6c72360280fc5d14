/* Messages between gateways and the keeper about what external scanners say. */
#include "message_samples.h"

static void asking_travels(void **state)
{
    (void)state;
    for (int v = CH_EXTERNAL_NONE; v < CH_EXTERNAL_COUNT; v++) {
        struct ch_ask_external in = {.ask = 5,
                                     .repository = text_of(ch_limits.project_name_bytes),
                                     .project = text_of(ch_limits.project_name_bytes),
                                     .sha256 = digest_of(6),
                                     .verdict = (enum ch_external)v,
                                     .details = text_of(ch_limits.external_body_bytes),
                                     .words = text_of(ch_limits.external_body_bytes),
                                     .token = digest_of(7),
                                     .client = client_of()};
        struct ch_ask_external out;
        ROUND_TRIP(ask_external, CH_MSG_ASK_EXTERNAL, in, out);
        assert_int_equal(out.ask, 5);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_true(ch_sha256_eq(&out.sha256, &in.sha256));
        assert_int_equal(out.verdict, v);
        assert_same(out.details, in.details);
        assert_same(out.words, in.words);
        assert_true(ch_sha256_eq(&out.token, &in.token));
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
}

static void an_answer_travels(void **state)
{
    (void)state;
    struct ch_external_reply in = {.ask = 5,
                                   .http_status = 200,
                                   .code = text_of(ch_limits.client_text_bytes),
                                   .text = text_of(ch_limits.text_bytes),
                                   .verdict = CH_EXTERNAL_FAILED,
                                   .details = text_of(ch_limits.external_body_bytes),
                                   .by = text_of(ch_limits.principal_bytes),
                                   .at_us = -1,
                                   .decision = CH_VERDICT_DENY,
                                   .rule = text_of(ch_limits.text_bytes),
                                   .reason = text_of(ch_limits.text_bytes),
                                   .size_bytes = CH_SIZE_UNKNOWN,
                                   .media_type = text_of(ch_limits.client_text_bytes)};
    struct ch_external_reply out;
    ROUND_TRIP(external_reply, CH_MSG_EXTERNAL, in, out);
    assert_int_equal(out.http_status, 200);
    assert_same(out.code, in.code);
    assert_same(out.text, in.text);
    assert_int_equal(out.verdict, CH_EXTERNAL_FAILED);
    assert_same(out.details, in.details);
    assert_same(out.by, in.by);
    assert_int_equal(out.at_us, -1);
    assert_int_equal(out.decision, CH_VERDICT_DENY);
    assert_same(out.rule, in.rule);
    assert_same(out.reason, in.reason);
    assert_true(out.size_bytes == CH_SIZE_UNKNOWN);
    assert_same(out.media_type, in.media_type);
    DONE();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(asking_travels),
                                       cmocka_unit_test(an_answer_travels)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
