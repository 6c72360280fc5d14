/* Messages about tokens of some images: whole, and never some of what they name. */
#include "message_samples.h"

static struct ch_scopes scopes_of(uint32_t count)
{
    struct ch_scopes s = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        s.list[i] = (struct ch_scope){text_of(100 + i), i % (CH_SCOPE_ALL + 1)};
    }
    return s;
}

static void assert_same_scopes(const struct ch_scopes *a, const struct ch_scopes *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_same(a->list[i].name, b->list[i].name);
        assert_int_equal(a->list[i].actions, b->list[i].actions);
    }
}

static void a_request_travels(void **state)
{
    (void)state;
    for (uint32_t count = 0; count <= CH_SCOPES_MAX; count += CH_SCOPES_MAX) {
        struct ch_ask_scoped in = {7, digest_of(8), count > 0, scopes_of(count)}, out;
        ROUND_TRIP(ask_scoped, CH_MSG_ASK_SCOPED, in, out);
        assert_int_equal(out.ask, 7);
        assert_true(ch_sha256_eq(&out.digest, &in.digest));
        assert_int_equal(out.loopback, in.loopback);
        assert_same_scopes(&out.wanted, &in.wanted);
        DONE();
    }
}

static void an_answer_travels(void **state)
{
    (void)state;
    struct ch_scoped_reply in = {9,
                                 CH_TOKEN_GOOD,
                                 503,
                                 text_of(ch_limits.text_bytes),
                                 text_of(ch_limits.scoped_token_bytes),
                                 1795341600,
                                 300,
                                 scopes_of(CH_SCOPES_MAX)};
    struct ch_scoped_reply out;
    ROUND_TRIP(scoped_reply, CH_MSG_SCOPED, in, out);
    assert_int_equal(out.ask, 9);
    assert_int_equal(out.outcome, CH_TOKEN_GOOD);
    assert_int_equal(out.http_status, 503);
    assert_same(out.text, in.text);
    assert_same(out.token, in.token);
    assert_int_equal(out.begins_at_s, 1795341600);
    assert_int_equal(out.seconds, 300);
    assert_same_scopes(&out.may, &in.may);
    DONE();
}

static void a_key_travels(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 1024; len += 1024) {
        struct ch_token_key in = {text_of(len)}, out;
        ROUND_TRIP(token_key, CH_MSG_TOKEN_KEY, in, out);
        assert_same(out.pem, in.pem);
        DONE();
    }
}

static void more_than_can_be_is_no_message(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_err err;
    struct ch_ask_scoped out;
    ch_buf_init(&b, 1 << 16);
    ch_put_u64(&b, 1);
    struct ch_sha256 zero = digest_of(0);
    ch_put_bytes(&b, zero.byte, sizeof(zero.byte));
    ch_put_u8(&b, 0);
    size_t start = b.len;
    ch_put_u32(&b, CH_SCOPES_MAX + 1);
    for (uint32_t i = 0; i <= CH_SCOPES_MAX; i++) {
        ch_put_str(&b, CH_STR("a/b"));
        ch_put_u8(&b, CH_SCOPE_PULL);
    }
    assert_ch_code(CH_E_FORMAT, ch_ask_scoped_get(ch_buf_str(&b), &out, &err));
    b.len = start;
    ch_put_u32(&b, 1);
    ch_put_str(&b, CH_STR("a/b"));
    ch_put_u8(&b, CH_SCOPE_ALL + 1); /* an action that nobody knows */
    assert_ch_code(CH_E_FORMAT, ch_ask_scoped_get(ch_buf_str(&b), &out, &err));
    b.ptr[b.len - 1] = CH_SCOPE_ALL;
    assert_ch_ok(&err, ch_ask_scoped_get(ch_buf_str(&b), &out, &err));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_travels),
        cmocka_unit_test(an_answer_travels),
        cmocka_unit_test(a_key_travels),
        cmocka_unit_test(more_than_can_be_is_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
