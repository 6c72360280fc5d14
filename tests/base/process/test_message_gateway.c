/* Messages between gateways and the keeper. */
#include "message_samples.h"

static void asking_for_a_page_travels(void **state)
{
    (void)state;
    {
        struct ch_ask_page in = {11, text_of(ch_limits.project_name_bytes),
                                 text_of(ch_limits.project_name_bytes), 12, CH_PAGE_SHARDS, client_of()};
        struct ch_ask_page out;
        ROUND_TRIP(ask_page, CH_MSG_ASK_PAGE, in, out);
        assert_int_equal(out.ask, 11);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_int_equal(out.have_generation, 12);
        assert_int_equal(out.form, CH_PAGE_SHARDS);
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        assert_same(out.client.via, in.client.via);
        DONE();
    }
    {
        struct ch_page_reply in = {.ask = 21,
                                   .outcome = CH_PAGE_NOT_FOUND,
                                   .generation = 22,
                                   .fresh_until_boot_ms = UINT64_MAX,
                                   .http_status = 504,
                                   .retry_after_s = 17,
                                   .text = text_of(ch_limits.text_bytes)};
        struct ch_page_reply out;
        ROUND_TRIP(page_reply, CH_MSG_PAGE, in, out);
        assert_int_equal(out.ask, 21);
        assert_int_equal(out.outcome, CH_PAGE_NOT_FOUND);
        assert_int_equal(out.generation, 22);
        assert_true(out.fresh_until_boot_ms == UINT64_MAX);
        assert_int_equal(out.http_status, 504);
        assert_int_equal(out.retry_after_s, 17);
        assert_same(out.text, in.text);
        DONE();
    }
}

static void test_places_of_shards(void **state)
{
    (void)state;
    struct ch_buf table;
    struct ch_shard_place found;
    ch_buf_init(&table, 1 << 16);
    for (uint8_t i = 0; i < 5; i++) {
        struct ch_shard_place place = {{{(uint8_t)(2 * i + 1), i}}, UINT64_C(1) << (32 + i), UINT32_MAX - i};
        ch_shard_place_put(&table, &place);
    }
    assert_int_equal(table.len, 5 * CH_SHARD_PLACE_BYTES);
    for (uint8_t i = 0; i < 5; i++) {
        struct ch_sha256 there = {{(uint8_t)(2 * i + 1), i}}, before = {{(uint8_t)(2 * i)}}, other = {{(uint8_t)(2 * i + 1), i, 1}};
        assert_true(ch_shard_place_find(ch_buf_str(&table), &there, &found));
        assert_true(ch_sha256_eq(&found.sha256, &there));
        assert_true(found.at == UINT64_C(1) << (32 + i));
        assert_int_equal(found.len, UINT32_MAX - i);
        assert_false(ch_shard_place_find(ch_buf_str(&table), &before, &found));
        assert_false(ch_shard_place_find(ch_buf_str(&table), &other, &found));
    }
    struct ch_sha256 last = {{9, 4}}; /* of which a byte is missing */
    assert_false(ch_shard_place_find((struct ch_str){table.ptr, table.len - 1}, &last, &found));
    assert_false(ch_shard_place_find((struct ch_str){NULL, 0}, &last, &found));
    ch_buf_done(&table);
}

static void test_documents_of_a_page(void **state)
{
    (void)state;
    struct ch_page_reply in = {.ask = 1, .outcome = CH_PAGE_NEW, .generation = 2, .document_count = 2}, out;
    in.documents[0] = (struct ch_page_document){0, {{7}}};
    in.documents[1] = (struct ch_page_document){255, {{8}}};
    ROUND_TRIP(page_reply, CH_MSG_PAGE, in, out);
    assert_int_equal(out.document_count, 2);
    assert_int_equal(out.documents[0].format, 0);
    assert_int_equal(out.documents[1].format, 255);
    assert_memory_equal(out.documents, in.documents, sizeof(in.documents));
    DONE();
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1u << 16);
    in.outcome = CH_PAGE_UNCHANGED; /* what is not new has none */
    ch_page_reply_put(&b, &in);
    assert_int_equal(ch_page_reply_get(ch_buf_str(&b), &out, &err), CH_E_FORMAT);
    ch_buf_done(&b);
}

static struct ch_refusal refusal_of(void)
{
    uint64_t n = ch_limits.refusal_text_bytes;
    struct ch_refusal r = {text_of(ch_limits.client_text_bytes),
                           CH_VERDICT_DENY,
                           text_of(n),
                           text_of(n),
                           text_of(n),
                           text_of(n),
                           text_of(n),
                           INT64_MIN,
                           -5};
    return r;
}

static void assert_same_refusal(const struct ch_refusal *a, const struct ch_refusal *b)
{
    assert_same(a->id, b->id);
    assert_int_equal(a->verdict, b->verdict);
    assert_same(a->subject, b->subject);
    assert_same(a->rule, b->rule);
    assert_same(a->reason, b->reason);
    assert_same(a->policy_at, b->policy_at);
    assert_same(a->change, b->change);
    assert_true(a->since_us == b->since_us && a->until_us == b->until_us);
}

static void asking_for_a_file_travels(void **state)
{
    (void)state;
    {
        struct ch_ask_file in = {31,
                                 text_of(ch_limits.project_name_bytes),
                                 text_of(ch_limits.project_name_bytes),
                                 text_of(ch_limits.file_name_bytes),
                                 true,
                                 CH_PART_METADATA,
                                 true,
                                 32,
                                 text_of(ch_limits.client_text_bytes),
                                 client_of()};
        struct ch_ask_file out;
        ROUND_TRIP(ask_file, CH_MSG_ASK_FILE, in, out);
        assert_int_equal(out.ask, 31);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_same(out.file_name, in.file_name);
        assert_true(out.any_page);
        assert_int_equal(out.part, CH_PART_METADATA);
        assert_true(out.head);
        assert_int_equal(out.patience_ms, 32);
        assert_same(out.filter, in.filter);
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
    {
        struct ch_file_reply in = {41,
                                   CH_FILE_FAILED,
                                   digest_of(42),
                                   43,
                                   44,
                                   45,
                                   46,
                                   47,
                                   text_of(ch_limits.text_bytes),
                                   text_of(CH_ATTESTATION_MAX),
                                   true,
                                   refusal_of(),
                                   text_of(ch_limits.project_name_bytes),
                                   text_of(ch_limits.file_name_bytes),
                                   text_of(ch_limits.client_text_bytes)};
        struct ch_file_reply out;
        ROUND_TRIP(file_reply, CH_MSG_FILE, in, out);
        assert_same(out.page, in.page);
        assert_same(out.file_name, in.file_name);
        assert_same(out.media_type, in.media_type);
        assert_int_equal(out.ask, 41);
        assert_int_equal(out.outcome, CH_FILE_FAILED);
        assert_true(ch_sha256_eq(&out.sha256, &in.sha256));
        assert_int_equal(out.size_bytes, 43);
        assert_int_equal(out.epoch, 44);
        assert_int_equal(out.not_after_boot_ms, 45);
        assert_int_equal(out.retry_after_s, 46);
        assert_int_equal(out.http_status, 47);
        assert_same(out.text, in.text);
        assert_same(out.body, in.body);
        assert_true(out.body_apart);
        assert_same_refusal(&out.refusal, &in.refusal);
        DONE();
    }
}

static void the_other_gateway_messages_travel(void **state)
{
    (void)state;
    {
        struct ch_ask_refusal in = {51, text_of(ch_limits.client_text_bytes)}, out;
        ROUND_TRIP(ask_refusal, CH_MSG_ASK_REFUSAL, in, out);
        assert_int_equal(out.ask, 51);
        assert_same(out.id, in.id);
        DONE();
    }
    {
        struct ch_refusal_reply in = {52,
                                      true,
                                      refusal_of(),
                                      text_of(ch_limits.project_name_bytes),
                                      text_of(ch_limits.text_bytes),
                                      text_of(ch_limits.text_bytes),
                                      true};
        struct ch_refusal_reply out;
        ROUND_TRIP(refusal_reply, CH_MSG_REFUSAL, in, out);
        assert_int_equal(out.ask, 52);
        assert_true(out.found);
        assert_same_refusal(&out.refusal, &in.refusal);
        assert_same(out.repository, in.repository);
        assert_same(out.advice, in.advice);
        assert_same(out.exception, in.exception);
        assert_true(out.may_ask);
        DONE();
    }
    {
        struct ch_ask_exception in = {56, text_of(ch_limits.client_text_bytes),
                                      text_of(ch_limits.exception_reason_bytes),
                                      text_of(ch_limits.word_bytes), client_of()};
        struct ch_ask_exception out;
        ROUND_TRIP(ask_exception, CH_MSG_ASK_EXCEPTION, in, out);
        assert_int_equal(out.ask, 56);
        assert_same(out.id, in.id);
        assert_same(out.reason, in.reason);
        assert_same(out.expires, in.expires);
        assert_same(out.client.address, in.client.address);
        DONE();
    }
    {
        struct ch_exception_reply in = {57, 429, UINT64_MAX, text_of(ch_limits.text_bytes)}, out;
        ROUND_TRIP(exception_reply, CH_MSG_EXCEPTION, in, out);
        assert_int_equal(out.ask, 57);
        assert_int_equal(out.http_status, 429);
        assert_true(out.exception == UINT64_MAX);
        assert_same(out.text, in.text);
        DONE();
    }
    {
        struct ch_ask_document in = {
            54,           CH_DOCUMENT_POLICY, text_of(ch_limits.client_text_bytes),
            digest_of(8), UINT64_MAX,          CH_PART_APPROVAL,
            56,           digest_of(57),       repositories_of(CH_REPOSITORIES_MAX)};
        struct ch_ask_document out;
        ROUND_TRIP(ask_document, CH_MSG_ASK_DOCUMENT, in, out);
        assert_int_equal(out.ask, 54);
        assert_int_equal(out.kind, CH_DOCUMENT_POLICY);
        assert_same(out.name, in.name);
        assert_true(ch_sha256_eq(&out.sha256, &in.sha256));
        assert_true(out.number == UINT64_MAX);
        assert_int_equal(out.part, CH_PART_APPROVAL);
        assert_int_equal(out.width, 56);
        assert_true(ch_sha256_eq(&out.token, &in.token));
        assert_same_repositories(&out.pull, &in.pull);
        DONE();
    }
    {
        struct ch_document_reply in = {55, 403, text_of(ch_limits.text_bytes), refusal_of()};
        struct ch_document_reply out;
        ROUND_TRIP(document_reply, CH_MSG_DOCUMENT, in, out);
        assert_int_equal(out.ask, 55);
        assert_int_equal(out.http_status, 403);
        assert_same(out.text, in.text);
        assert_same_refusal(&out.refusal, &in.refusal);
        DONE();
    }
    {
        struct ch_metrics_reply in = {53, text_of(200000)}, out;
        ROUND_TRIP(metrics_reply, CH_MSG_METRICS, in, out);
        assert_int_equal(out.ask, 53);
        assert_same(out.text, in.text);
        DONE();
    }
    {
        struct ch_served in = {60,
                               63,
                               text_of(ch_limits.project_name_bytes),
                               text_of(ch_limits.project_name_bytes),
                               text_of(ch_limits.file_name_bytes),
                               digest_of(7),
                               61,
                               -62,
                               client_of()};
        struct ch_served out;
        ROUND_TRIP(served, CH_MSG_SERVED, in, out);
        assert_int_equal(out.number, 60);
        assert_int_equal(out.times, 63);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_same(out.file_name, in.file_name);
        assert_true(ch_sha256_eq(&out.sha256, &in.sha256));
        assert_int_equal(out.bytes, 61);
        assert_true(out.at_us == -62);
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
    {
        struct ch_served_kept in = {UINT64_MAX, true}, out;
        ROUND_TRIP(served_kept, CH_MSG_SERVED_KEPT, in, out);
        assert_true(out.kept == UINT64_MAX && out.again);
        DONE();
    }
}

static void failed_sign_ins_travel(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    const struct ch_sign_ins in[] = {
        {CH_SIGN_IN_UNANSWERED, digest_of(91), text_of(ch_limits.word_bytes),
         text_of(ch_limits.sign_in_path_bytes), UINT32_MAX},
        {.fault = CH_SIGN_IN_MALFORMED, .times = 92},
    };
    ch_buf_init(&b, ch_message_row(CH_MSG_SIGN_INS)->max_bytes);
    for (size_t i = 0; i < CH_ARRAY_LEN(in); i++) {
        ch_sign_ins_put(&b, &in[i]);
    }
    struct ch_rd r = ch_rd_of(b.ptr, b.len);
    for (size_t i = 0; i < CH_ARRAY_LEN(in); i++) {
        struct ch_sign_ins out = ch_sign_ins_get(&r);
        assert_int_equal(out.fault, in[i].fault);
        assert_true(ch_sha256_eq(&out.digest, &in[i].digest));
        assert_same(out.address, in[i].address);
        assert_same(out.path, in[i].path);
        assert_int_equal(out.times, in[i].times);
    }
    assert_ch_ok(&err, ch_rd_end(&r, "sign-ins", &err));
    b.ptr[0] = CH_SIGN_IN_UNANSWERED + 1;
    r = ch_rd_of(b.ptr, b.len);
    ch_sign_ins_get(&r);
    assert_true(r.failed);
    ch_buf_done(&b);
}

static void a_token_travels(void **state)
{
    (void)state;
    {
        struct ch_ask_token in = {81, digest_of(82), client_of(), CH_STR("eyJh.eyJi.c")};
        struct ch_ask_token out;
        ROUND_TRIP(ask_token, CH_MSG_ASK_TOKEN, in, out);
        assert_int_equal(out.ask, 81);
        assert_true(ch_sha256_eq(&out.digest, &in.digest));
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
    for (int both = 0; both < 16; both++) {
        struct ch_token_reply in = {83,
                                    CH_TOKEN_GOOD,
                                    text_of(ch_limits.principal_bytes),
                                    84,
                                    UINT64_MAX,
                                    (both & 1) != 0,
                                    (both & 2) != 0,
                                    (both & 4) != 0,
                                    (both & 8) != 0,
                                    repositories_of(both == 15 ? CH_REPOSITORIES_MAX : 1)};
        struct ch_token_reply out;
        ROUND_TRIP(token_reply, CH_MSG_TOKEN, in, out);
        assert_int_equal(out.ask, 83);
        assert_int_equal(out.outcome, CH_TOKEN_GOOD);
        assert_same(out.principal, in.principal);
        assert_int_equal(out.epoch, 84);
        assert_true(out.not_after_boot_ms == UINT64_MAX);
        assert_int_equal(out.audit_read, in.audit_read);
        assert_int_equal(out.metrics_read, in.metrics_read);
        assert_int_equal(out.push, in.push);
        assert_same_repositories(&out.pull, &in.pull);
        assert_int_equal(out.scans, in.scans);
        DONE();
    }
    { /* more repositories than can be are no message, and not some of them */
        struct ch_token_reply in = {.ask = 1, .outcome = CH_TOKEN_GOOD}, out = {0};
        struct ch_buf b;
        struct ch_err err;
        ch_buf_init(&b, ch_message_row(CH_MSG_TOKEN)->max_bytes);
        ch_token_reply_put(&b, &in);
        b.len -= 4; /* the number of repositories is the last of it */
        ch_put_u32(&b, CH_REPOSITORIES_MAX + 1);
        for (int i = 0; i <= CH_REPOSITORIES_MAX; i++) {
            ch_put_str(&b, CH_STR("pypi"));
        }
        assert_ch_code(CH_E_FORMAT, ch_token_reply_get(ch_buf_str(&b), &out, &err));
        assert_int_equal(out.outcome, CH_TOKEN_REFUSED);
        ch_buf_done(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents_of_a_page),
        cmocka_unit_test(test_places_of_shards),
        cmocka_unit_test(asking_for_a_page_travels),
        cmocka_unit_test(asking_for_a_file_travels),
        cmocka_unit_test(the_other_gateway_messages_travel),
        cmocka_unit_test(a_token_travels),
        cmocka_unit_test(failed_sign_ins_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
