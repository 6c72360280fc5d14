/* What a hostile or mistaken peer sends is refused. */
#include "message_samples.h"

static void values_out_of_range_are_refused(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    static const uint8_t roles[] = {0, CH_ROLE_COUNT, 255};
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        ch_buf_clear(&b);
        ch_put_u8(&b, roles[i]);
        ch_put_u32(&b, 0);
        struct ch_peer peer;
        assert_ch_code(CH_E_FORMAT, ch_peer_get(ch_buf_str(&b), &peer, &err));
    }
    ch_buf_clear(&b);
    ch_put_u8(&b, CH_CODE_COUNT);
    ch_put_u32(&b, 0);
    struct ch_reloaded reloaded;
    assert_ch_code(CH_E_FORMAT, ch_reloaded_get(ch_buf_str(&b), &reloaded, &err));

    /* verdict 3 and a bool of 2, each in an otherwise right message */
    struct ch_refusal_reply reply = {.ask = 1};
    ch_buf_clear(&b);
    ch_refusal_reply_put(&b, &reply);
    b.ptr[8] = 2; /* found */
    assert_ch_code(CH_E_FORMAT, ch_refusal_reply_get(ch_buf_str(&b), &reply, &err));
    b.ptr[8] = 1;
    b.ptr[13] = 3; /* verdict, after the empty id */
    assert_ch_code(CH_E_FORMAT, ch_refusal_reply_get(ch_buf_str(&b), &reply, &err));
    b.ptr[13] = CH_VERDICT_DENY;
    assert_ch_ok(&err, ch_refusal_reply_get(ch_buf_str(&b), &reply, &err));
    assert_int_equal(reply.refusal.verdict, CH_VERDICT_DENY);

    ch_buf_clear(&b);
    ch_put_u32(&b, 256); /* no process returns it */
    ch_put_u32(&b, 0);
    struct ch_command_done done;
    assert_ch_code(CH_E_FORMAT, ch_command_done_get(ch_buf_str(&b), &done, &err));
    ch_buf_done(&b);
}

static void texts_over_their_bound_are_refused(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    ch_put_u64(&b, 1);
    ch_put_str(&b, text_of(ch_limits.project_name_bytes + 1)); /* repository */
    ch_put_str(&b, CH_STR("x"));
    ch_put_u64(&b, 0);
    ch_put_str(&b, CH_STR(""));
    ch_put_str(&b, CH_STR(""));
    struct ch_ask_page ask;
    assert_ch_code(CH_E_FORMAT, ch_ask_page_get(ch_buf_str(&b), &ask, &err));

    /* the encoder does not even write a name that is too long ... */
    ch_buf_clear(&b);
    struct ch_ask_page in = {.repository = text_of(ch_limits.project_name_bytes + 1)};
    ch_ask_page_put(&b, &in);
    assert_ch_code(CH_E_LIMIT, ch_buf_ok(&b, &err));

    /* ... but clips a text for people and keeps it printable */
    ch_buf_clear(&b);
    struct ch_page_reply reply = {.text = text_of(ch_limits.text_bytes + 10)};
    ch_page_reply_put(&b, &reply);
    struct ch_page_reply out;
    assert_ch_ok(&err, ch_page_reply_get(ch_buf_str(&b), &out, &err));
    assert_int_equal(out.text.len, ch_limits.text_bytes);
    ch_buf_clear(&b);
    reply.text = CH_STR("a\033[31mb\xff");
    ch_page_reply_put(&b, &reply);
    assert_ch_ok(&err, ch_page_reply_get(ch_buf_str(&b), &out, &err));
    assert_str_eq(out.text, "a?[31mb?");
    ch_buf_done(&b);
}

static void escape_sequences_of_a_peer_are_refused(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    struct ch_reloaded in = {CH_OK, CH_STR("fine")}, out;
    ch_reloaded_put(&b, &in);
    b.ptr[b.len - 1] = '\033';
    assert_ch_code(CH_E_FORMAT, ch_reloaded_get(ch_buf_str(&b), &out, &err));
    ch_buf_done(&b);
}

static void counts_over_their_bound_are_refused(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    ch_put_str(&b, CH_STR("queue"));
    ch_put_u8(&b, 0);
    ch_put_u32(&b, CH_COMMAND_MAX_ARGS + 1);
    for (size_t i = 0; i < 2 * (CH_COMMAND_MAX_ARGS + 1); i++) {
        ch_put_u32(&b, 0);
    }
    struct ch_command command;
    assert_ch_code(CH_E_FORMAT, ch_command_get(ch_buf_str(&b), &command, &err));
    ch_buf_clear(&b);
    struct ch_setup setup = {.role = CH_ROLE_KEEPER};
    ch_setup_put(&b, &setup);
    b.ptr[b.len - 4] = CH_SETUP_MAX_LISTENERS + 1;
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS + 1; i++) {
        ch_put_u32(&b, 0);
        ch_put_u8(&b, 0);
        ch_put_u32(&b, 0);
        ch_put_u32(&b, 0);
    }
    assert_ch_code(CH_E_FORMAT, ch_setup_get(ch_buf_str(&b), &setup, &err));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(texts_over_their_bound_are_refused),
        cmocka_unit_test(escape_sequences_of_a_peer_are_refused),
        cmocka_unit_test(counts_over_their_bound_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
