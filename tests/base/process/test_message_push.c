/* Messages between gateways and the keeper about what is pushed. */
#include "message_samples.h"

#include <stdlib.h>

static void asking_to_push_travels(void **state)
{
    (void)state;
    for (int op = CH_PUSH_BEGIN; op < CH_PUSH_OP_COUNT; op++) {
        struct ch_ask_push in = {.ask = 31,
                                 .op = (enum ch_push_op)op,
                                 .repository = text_of(ch_limits.project_name_bytes),
                                 .project = text_of(ch_limits.project_name_bytes),
                                 .reference = text_of(ch_limits.project_name_bytes),
                                 .upload = text_of(CH_UPLOAD_ID_LEN),
                                 .from = text_of(ch_limits.text_bytes),
                                 .media_type = text_of(ch_limits.client_text_bytes),
                                 .offset = UINT64_MAX,
                                 .token = {{7}},
                                 .client = client_of(),
                                 .body = CH_STR("{\"schemaVersion\": 2}")};
        struct ch_ask_push out;
        ROUND_TRIP(ask_push, CH_MSG_ASK_PUSH, in, out);
        assert_int_equal(out.ask, 31);
        assert_int_equal(out.op, op);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_same(out.reference, in.reference);
        assert_same(out.upload, in.upload);
        assert_same(out.from, in.from);
        assert_same(out.media_type, in.media_type);
        assert_true(out.offset == UINT64_MAX);
        assert_true(ch_sha256_eq(&out.token, &in.token));
        assert_same(out.client.principal, in.client.principal);
        assert_same(out.body, in.body);
        DONE();
    }
}

/* The largest manifest that is taken fits into one message, with all beside it. */
static void the_largest_manifest_fits(void **state)
{
    (void)state;
    size_t size = (size_t)ch_limits.oci_manifest_bytes;
    char *bytes = ch_calloc(size + 1, 1);
    struct ch_ask_push in = {.repository = text_of(ch_limits.project_name_bytes),
                             .project = text_of(ch_limits.project_name_bytes),
                             .reference = text_of(ch_limits.project_name_bytes),
                             .upload = text_of(CH_UPLOAD_ID_LEN),
                             .from = text_of(ch_limits.text_bytes),
                             .media_type = text_of(ch_limits.client_text_bytes),
                             .client = client_of(),
                             .body = {bytes, size}};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_ASK_PUSH)->max_bytes);
    ch_ask_push_put(&b, &in);
    assert_false(b.failed);
    ch_buf_clear(&b);
    in.body.len++;
    ch_ask_push_put(&b, &in);
    assert_true(b.failed);
    ch_buf_done(&b);
    free(bytes);
}

static void what_came_of_it_travels(void **state)
{
    (void)state;
    struct ch_push_reply in = {.ask = 32,
                               .http_status = 416,
                               .code = text_of(ch_limits.client_text_bytes),
                               .text = text_of(ch_limits.text_bytes),
                               .upload = text_of(CH_UPLOAD_ID_LEN),
                               .offset = 1,
                               .granted_bytes = 2,
                               .max_bytes = UINT64_MAX,
                               .sha256 = {{9}},
                               .size_bytes = 3,
                               .media_type = text_of(ch_limits.client_text_bytes),
                               .subject = text_of(ch_limits.project_name_bytes)};
    struct ch_push_reply out;
    ROUND_TRIP(push_reply, CH_MSG_PUSH, in, out);
    assert_int_equal(out.ask, 32);
    assert_int_equal(out.http_status, 416);
    assert_same(out.code, in.code);
    assert_same(out.text, in.text);
    assert_same(out.upload, in.upload);
    assert_int_equal(out.offset, 1);
    assert_int_equal(out.granted_bytes, 2);
    assert_true(out.max_bytes == UINT64_MAX);
    assert_true(ch_sha256_eq(&out.sha256, &in.sha256));
    assert_int_equal(out.size_bytes, 3);
    assert_same(out.media_type, in.media_type);
    assert_same(out.subject, in.subject);
    DONE();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asking_to_push_travels),
        cmocka_unit_test(the_largest_manifest_fits),
        cmocka_unit_test(what_came_of_it_travels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
