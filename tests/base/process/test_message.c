#include "tests/ch_test.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/message.h"

/* A text of exactly n letters, each call another letter: a swapped field shows. */
static char pool[4 << 20];
static struct ch_str text_of(size_t n)
{
    static size_t at;
    static char letter = 'a';
    assert_true(n <= sizeof(pool) / 2);
    if (at + n > sizeof(pool)) {
        at = 0;
    }
    memset(pool + at, letter, n);
    struct ch_str s = {pool + at, n};
    at += n;
    letter = letter == 'z' ? 'a' : (char)(letter + 1);
    return s;
}

static void assert_same(struct ch_str a, struct ch_str b)
{
    assert_int_equal(a.len, b.len);
    assert_true(ch_str_eq(a, b));
}

/* Encodes `in`, decodes it into `out`, and checks what holds for every message: it fits its row,
 * and neither a shortened nor a lengthened payload is taken. */
#define ROUND_TRIP(name, type, in, out)                                                            \
    struct ch_buf b_;                                                                              \
    struct ch_err err_;                                                                            \
    ch_buf_init(&b_, ch_message_row(type)->max_bytes);                                             \
    ch_##name##_put(&b_, &(in));                                                                   \
    assert_ch_ok(&err_, ch_buf_ok(&b_, &err_));                                                    \
    assert_ch_ok(&err_, ch_##name##_get(ch_buf_str(&b_), &(out), &err_));                          \
    do {                                                                                           \
        struct ch_##name other_ = {0};                                                             \
        size_t step_ = b_.len > 70000 ? 4099 : 1;                                                  \
        for (size_t cut_ = 0; cut_ < b_.len; cut_ += step_) {                                      \
            assert_ch_code(CH_E_FORMAT,                                                            \
                           ch_##name##_get((struct ch_str){b_.ptr, cut_}, &other_, &err_));        \
        }                                                                                          \
        struct ch_buf more_;                                                                       \
        ch_buf_init(&more_, b_.len + 1);                                                           \
        ch_buf_puts(&more_, ch_buf_str(&b_));                                                      \
        ch_buf_putc(&more_, 0);                                                                    \
        assert_ch_code(CH_E_FORMAT, ch_##name##_get(ch_buf_str(&more_), &other_, &err_));          \
        ch_buf_done(&more_);                                                                       \
    } while (0)
#define DONE() ch_buf_done(&b_)

static struct ch_client client_of(void)
{
    struct ch_client c = {text_of(ch_limits.client_text_bytes),
                          text_of(ch_limits.client_text_bytes), text_of(ch_limits.principal_bytes)};
    return c;
}

static struct ch_repositories repositories_of(uint32_t count)
{
    struct ch_repositories list = {.count = count};
    for (uint32_t i = 0; i < count; i++) {
        list.name[i] = text_of(ch_limits.project_name_bytes);
    }
    return list;
}

static void assert_same_repositories(const struct ch_repositories *a,
                                     const struct ch_repositories *b)
{
    assert_int_equal(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert_same(a->name[i], b->name[i]);
    }
}

static struct ch_sha256 digest_of(uint8_t byte)
{
    struct ch_sha256 d;
    memset(d.byte, byte, sizeof(d.byte));
    return d;
}

static void setup_travels_whole(void **state)
{
    (void)state;
    struct ch_setup in = {
        .role = CH_ROLE_GATEWAY,
        .instance = 3,
        .instances = 4,
        .uid = 5,
        .gid = 6,
        .served_gid = 7,
        .state_dir = text_of(4000),
        .config_name = text_of(100),
        .config_text = text_of(ch_limits.setup_text_bytes),
        .policy_name = text_of(101),
        .policy_text = text_of(ch_limits.setup_text_bytes),
        .credentials_text = text_of(1000),
        .tls_certificate_pem = text_of(1001),
        .tls_key_pem = text_of(1002),
        .client_key_pem = text_of(1003),
        .instance_id = text_of(32),
        .ca_file = text_of(1004),
        .egress_files = text_of(1005),
        .rules = true,
        .listener_count = CH_SETUP_MAX_LISTENERS,
    };
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        in.listener[i] = (struct ch_setup_listener){text_of(20 + i), i % 2 == 1};
    }
    struct ch_setup out;
    ROUND_TRIP(setup, CH_MSG_SETUP, in, out);
    assert_int_equal(out.role, CH_ROLE_GATEWAY);
    assert_int_equal(out.instance, 3);
    assert_int_equal(out.instances, 4);
    assert_int_equal(out.uid, 5);
    assert_int_equal(out.gid, 6);
    assert_int_equal(out.served_gid, 7);
    assert_same(out.state_dir, in.state_dir);
    assert_same(out.config_name, in.config_name);
    assert_same(out.config_text, in.config_text);
    assert_same(out.policy_name, in.policy_name);
    assert_same(out.policy_text, in.policy_text);
    assert_same(out.credentials_text, in.credentials_text);
    assert_same(out.tls_certificate_pem, in.tls_certificate_pem);
    assert_same(out.tls_key_pem, in.tls_key_pem);
    assert_same(out.client_key_pem, in.client_key_pem);
    assert_same(out.instance_id, in.instance_id);
    assert_same(out.ca_file, in.ca_file);
    assert_same(out.egress_files, in.egress_files);
    assert_true(out.rules);
    assert_int_equal(out.listener_count, CH_SETUP_MAX_LISTENERS);
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        assert_same(out.listener[i].address, in.listener[i].address);
        assert_int_equal(out.listener[i].tls, in.listener[i].tls);
    }
    DONE();
}

static void small_supervisor_messages_travel(void **state)
{
    (void)state;
    {
        struct ch_ready in = {77, text_of(ch_limits.text_bytes)}, out;
        ROUND_TRIP(ready, CH_MSG_READY, in, out);
        assert_int_equal(out.pid, 77);
        assert_same(out.confinement, in.confinement);
        DONE();
    }
    {
        struct ch_peer in = {CH_ROLE_SCANNER_SECOND, 9}, out;
        ROUND_TRIP(peer, CH_MSG_PEER, in, out);
        assert_int_equal(out.role, CH_ROLE_SCANNER_SECOND);
        assert_int_equal(out.instance, 9);
        DONE();
    }
    {
        struct ch_reloaded in = {CH_E_USAGE, text_of(ch_limits.text_bytes)}, out;
        ROUND_TRIP(reloaded, CH_MSG_RELOADED, in, out);
        assert_int_equal(out.code, CH_E_USAGE);
        assert_same(out.text, in.text);
        DONE();
    }
    {
        struct ch_control in = {1000, 4711, true, false}, out;
        ROUND_TRIP(control, CH_MSG_CONTROL, in, out);
        assert_int_equal(out.uid, 1000);
        assert_int_equal(out.pid, 4711);
        assert_true(out.own);
        assert_false(out.loopback);
        DONE();
    }
    {
        struct ch_command_done in = {2, text_of(ch_limits.text_bytes)}, out;
        ROUND_TRIP(command_done, CH_MSG_COMMAND_DONE, in, out);
        assert_int_equal(out.exit_status, 2);
        assert_same(out.text, in.text);
        DONE();
    }
}

static void a_command_travels_with_its_words(void **state)
{
    (void)state;
    struct ch_command in = {.name = CH_STR("approve"), .json = true};
    in.arg_count = CH_COMMAND_MAX_ARGS;
    for (size_t i = 0; i < CH_COMMAND_MAX_ARGS; i++) {
        in.key[i] = i % 2 == 0 ? (struct ch_str){NULL, 0} : text_of(i);
        in.value[i] = text_of(900);
    }
    struct ch_command out;
    ROUND_TRIP(command, CH_MSG_COMMAND, in, out);
    assert_str_eq(out.name, "approve");
    assert_true(out.json);
    assert_int_equal(out.arg_count, CH_COMMAND_MAX_ARGS);
    for (size_t i = 0; i < CH_COMMAND_MAX_ARGS; i++) {
        assert_same(out.key[i], in.key[i]);
        assert_int_equal(out.key[i].ptr == NULL, i % 2 == 0);
        assert_same(out.value[i], in.value[i]);
    }
    DONE();
}

static void asking_for_a_page_travels(void **state)
{
    (void)state;
    {
        struct ch_ask_page in = {11, text_of(ch_limits.project_name_bytes),
                                 text_of(ch_limits.project_name_bytes), 12, client_of()};
        struct ch_ask_page out;
        ROUND_TRIP(ask_page, CH_MSG_ASK_PAGE, in, out);
        assert_int_equal(out.ask, 11);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_int_equal(out.have_generation, 12);
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
    {
        struct ch_page_reply in = {
            21, CH_PAGE_NOT_FOUND, 22, UINT64_MAX, 504, 17, text_of(ch_limits.text_bytes)};
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

static struct ch_refusal refusal_of(void)
{
    uint64_t n = ch_limits.refusal_text_bytes;
    struct ch_refusal r = {text_of(ch_limits.client_text_bytes),
                           CH_VERDICT_DENY,
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
                                 CH_PART_METADATA,
                                 true,
                                 32,
                                 client_of()};
        struct ch_ask_file out;
        ROUND_TRIP(ask_file, CH_MSG_ASK_FILE, in, out);
        assert_int_equal(out.ask, 31);
        assert_same(out.repository, in.repository);
        assert_same(out.project, in.project);
        assert_same(out.file_name, in.file_name);
        assert_int_equal(out.part, CH_PART_METADATA);
        assert_true(out.head);
        assert_int_equal(out.patience_ms, 32);
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
                                   refusal_of()};
        struct ch_file_reply out;
        ROUND_TRIP(file_reply, CH_MSG_FILE, in, out);
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
            54,         CH_DOCUMENT_ENTRIES, text_of(ch_limits.client_text_bytes), digest_of(8),
            UINT64_MAX, CH_PART_APPROVAL,    56, digest_of(57), repositories_of(CH_REPOSITORIES_MAX)};
        struct ch_ask_document out;
        ROUND_TRIP(ask_document, CH_MSG_ASK_DOCUMENT, in, out);
        assert_int_equal(out.ask, 54);
        assert_int_equal(out.kind, CH_DOCUMENT_ENTRIES);
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
        struct ch_served in = {text_of(ch_limits.project_name_bytes),
                               text_of(ch_limits.project_name_bytes),
                               text_of(ch_limits.file_name_bytes),
                               digest_of(7),
                               61,
                               -62,
                               client_of()};
        struct ch_served out;
        ROUND_TRIP(served, CH_MSG_SERVED, in, out);
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
}

static void a_token_travels(void **state)
{
    (void)state;
    {
        struct ch_ask_token in = {81, digest_of(82), client_of()};
        struct ch_ask_token out;
        ROUND_TRIP(ask_token, CH_MSG_ASK_TOKEN, in, out);
        assert_int_equal(out.ask, 81);
        assert_true(ch_sha256_eq(&out.digest, &in.digest));
        assert_same(out.client.address, in.client.address);
        assert_same(out.client.user_agent, in.client.user_agent);
        assert_same(out.client.principal, in.client.principal);
        DONE();
    }
    for (int both = 0; both < 4; both++) {
        struct ch_token_reply in = {83,
                                    CH_TOKEN_GOOD,
                                    text_of(ch_limits.principal_bytes),
                                    84,
                                    UINT64_MAX,
                                    (both & 1) != 0,
                                    (both & 2) != 0,
                                    repositories_of(CH_REPOSITORIES_MAX)};
        struct ch_token_reply out;
        ROUND_TRIP(token_reply, CH_MSG_TOKEN, in, out);
        assert_int_equal(out.ask, 83);
        assert_int_equal(out.outcome, CH_TOKEN_GOOD);
        assert_same(out.principal, in.principal);
        assert_int_equal(out.epoch, 84);
        assert_true(out.not_after_boot_ms == UINT64_MAX);
        assert_int_equal(out.audit_read, in.audit_read);
        assert_int_equal(out.metrics_read, in.metrics_read);
        assert_same_repositories(&out.pull, &in.pull);
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

static void fetching_travels(void **state)
{
    (void)state;
    uint64_t h = ch_limits.header_value_bytes;
    {
        struct ch_fetch in = {71,
                              CH_FETCH_ARTIFACT,
                              text_of(ch_limits.project_name_bytes),
                              text_of(ch_limits.url_bytes),
                              text_of(h),
                              text_of(h),
                              text_of(h),
                              72,
                              UINT64_MAX,
                              text_of(h),
                              73,
                              74,
                              75,
                              76};
        struct ch_fetch out;
        ROUND_TRIP(fetch, CH_MSG_FETCH, in, out);
        assert_int_equal(out.job, 71);
        assert_int_equal(out.kind, CH_FETCH_ARTIFACT);
        assert_same(out.upstream, in.upstream);
        assert_same(out.url, in.url);
        assert_same(out.accept, in.accept);
        assert_same(out.if_none_match, in.if_none_match);
        assert_same(out.if_modified_since, in.if_modified_since);
        assert_int_equal(out.range_from_bytes, 72);
        assert_true(out.range_to_bytes == UINT64_MAX);
        assert_same(out.if_range, in.if_range);
        assert_int_equal(out.max_bytes, 73);
        assert_int_equal(out.expected_bytes, 74);
        assert_int_equal(out.timeout_ms, 75);
        assert_int_equal(out.answer_ms, 76);
        DONE();
    }
    {
        struct ch_fetch_progress in = {81, 82, 83}, out;
        ROUND_TRIP(fetch_progress, CH_MSG_FETCH_PROGRESS, in, out);
        assert_int_equal(out.job, 81);
        assert_int_equal(out.bytes, 82);
        assert_int_equal(out.total_bytes, 83);
        DONE();
    }
    {
        struct ch_fetched in = {91,
                                CH_E_UPSTREAM,
                                92,
                                93,
                                text_of(h),
                                text_of(h),
                                text_of(h),
                                text_of(ch_limits.url_bytes),
                                text_of(ch_limits.text_bytes),
                                94};
        struct ch_fetched out;
        ROUND_TRIP(fetched, CH_MSG_FETCHED, in, out);
        assert_int_equal(out.job, 91);
        assert_int_equal(out.code, CH_E_UPSTREAM);
        assert_int_equal(out.http_status, 92);
        assert_int_equal(out.bytes, 93);
        assert_same(out.content_type, in.content_type);
        assert_same(out.etag, in.etag);
        assert_same(out.last_modified, in.last_modified);
        assert_same(out.effective_url, in.effective_url);
        assert_same(out.text, in.text);
        assert_int_equal(out.elapsed_ms, 94);
        DONE();
    }
    {
        struct ch_scanned in = {101,
                                CH_SCAN_TIMEOUT,
                                102,
                                103,
                                104,
                                105,
                                106,
                                ch_sha256_of("r", 1),
                                text_of(ch_limits.refusal_text_bytes)};
        struct ch_scanned out;
        ROUND_TRIP(scanned, CH_MSG_SCANNED, in, out);
        assert_int_equal(out.job, 101);
        assert_int_equal(out.outcome, CH_SCAN_TIMEOUT);
        assert_int_equal(out.exit_status, 102);
        assert_int_equal(out.signal, 103);
        assert_int_equal(out.cpu_us, 104);
        assert_int_equal(out.wall_us, 105);
        assert_int_equal(out.max_rss_bytes, 106);
        assert_true(ch_sha256_eq(&out.ruleset, &in.ruleset));
        assert_same(out.text, in.text);
        DONE();
    }
    {
        struct ch_rules_loaded in = {ch_sha256_of("s", 1), 107}, out;
        ROUND_TRIP(rules_loaded, CH_MSG_RULES, in, out);
        assert_true(ch_sha256_eq(&out.ruleset, &in.ruleset));
        assert_int_equal(out.rule_count, 107);
        DONE();
    }
}

/* --- what a hostile or mistaken peer sends --- */

static void sending_travels(void **state)
{
    (void)state;
    uint64_t h = ch_limits.header_value_bytes;
    {
        struct ch_send in = {.job = 81,
                             .kind = CH_DESTINATION_SYSLOG,
                             .destination = text_of(ch_limits.project_name_bytes),
                             .path = text_of(ch_limits.url_bytes),
                             .id = text_of(h),
                             .subject = text_of(ch_limits.refusal_text_bytes),
                             .content_type = text_of(h),
                             .body = text_of(ch_limits.egress_body_bytes),
                             .answer = true,
                             .timeout_ms = 82};
        struct ch_send out;
        ROUND_TRIP(send, CH_MSG_SEND, in, out);
        assert_int_equal(out.job, 81);
        assert_int_equal(out.kind, CH_DESTINATION_SYSLOG);
        assert_same(out.destination, in.destination);
        assert_same(out.path, in.path);
        assert_same(out.id, in.id);
        assert_same(out.subject, in.subject);
        assert_same(out.content_type, in.content_type);
        assert_same(out.body, in.body);
        assert_true(out.answer);
        assert_int_equal(out.timeout_ms, 82);
        DONE();
    }
    {
        struct ch_sent in = {.job = 83,
                             .code = CH_E_UPSTREAM,
                             .status = 503,
                             .content_type = text_of(h),
                             .body = text_of(ch_limits.egress_answer_bytes),
                             .text = text_of(ch_limits.text_bytes),
                             .elapsed_ms = 84};
        struct ch_sent out;
        ROUND_TRIP(sent, CH_MSG_SENT, in, out);
        assert_int_equal(out.job, 83);
        assert_int_equal(out.code, CH_E_UPSTREAM);
        assert_int_equal(out.status, 503);
        assert_same(out.content_type, in.content_type);
        assert_same(out.body, in.body);
        assert_same(out.text, in.text);
        assert_int_equal(out.elapsed_ms, 84);
        DONE();
    }
}

static void what_destinations_are_given_travels(void **state)
{
    (void)state;
    struct ch_destination_files in[] = {{CH_DESTINATION_WEBHOOK,
                                         text_of(ch_limits.project_name_bytes),
                                         text_of(ch_limits.egress_secret_bytes), text_of(1000)},
                                        {CH_DESTINATION_SYSLOG, text_of(3), {NULL, 0}, {NULL, 0}}};
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    ch_destination_files_put(&b, &in[0]);
    ch_destination_files_put(&b, &in[1]);
    struct ch_rd r = ch_rd_of(b.ptr, b.len);
    struct ch_err err;
    for (size_t i = 0; i < CH_ARRAY_LEN(in); i++) {
        struct ch_destination_files out = ch_destination_files_get(&r);
        assert_int_equal(out.kind, in[i].kind);
        assert_same(out.name, in[i].name);
        assert_same(out.secret, in[i].secret);
        assert_same(out.ca_pem, in[i].ca_pem);
    }
    assert_ch_ok(&err, ch_rd_end(&r, "files", &err));
    ch_buf_done(&b);
}

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
    }
    assert_ch_code(CH_E_FORMAT, ch_setup_get(ch_buf_str(&b), &setup, &err));
    ch_buf_done(&b);
}

static void the_table_says_who_sends_what(void **state)
{
    (void)state;
    assert_null(ch_message_row(0));
    assert_null(ch_message_row(65535));
    assert_string_equal(ch_message_row(CH_MSG_FETCH)->name, "CH_MSG_FETCH");
    /* T21: nothing a gateway may send is an administrative verb */
    static const uint16_t of_gateway[] = {
        CH_MSG_READY,       CH_MSG_RELOADED,    CH_MSG_ASK_PAGE,     CH_MSG_ASK_FILE,
        CH_MSG_ASK_REFUSAL, CH_MSG_ASK_METRICS, CH_MSG_ASK_DOCUMENT, CH_MSG_ASK_TOKEN,
        CH_MSG_SERVED,
        CH_MSG_ASK_EXCEPTION}; /* which only asks: it grants nothing */
    size_t found = 0;
    for (uint32_t type = 0; type <= UINT16_MAX; type++) {
        const struct ch_message_row *row = ch_message_row((uint16_t)type);
        if (row == NULL || (row->from & CH_FROM(CH_ROLE_GATEWAY)) == 0) {
            continue;
        }
        bool known = false;
        for (size_t i = 0; i < CH_ARRAY_LEN(of_gateway); i++) {
            known = known || of_gateway[i] == type;
        }
        assert_true(known);
        found++;
    }
    assert_int_equal(found, CH_ARRAY_LEN(of_gateway));
    /* and commands come from those two alone */
    static const uint16_t commands[] = {CH_MSG_COMMAND, CH_MSG_COMMAND_INPUT, CH_MSG_ADMIN_COMMAND,
                                        CH_MSG_ADMIN_INPUT};
    for (size_t i = 0; i < CH_ARRAY_LEN(commands); i++) {
        uint32_t from = CH_FROM(i < 2 ? CH_ROLE_COMMAND : CH_ROLE_ADMIN);
        assert_int_equal(ch_message_row(commands[i])->from, from);
    }
    assert_string_equal(ch_role_name(CH_ROLE_SCANNER_STRICT), "scanner-strict");
    assert_string_equal(ch_role_name((enum ch_role)99), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setup_travels_whole),
        cmocka_unit_test(small_supervisor_messages_travel),
        cmocka_unit_test(a_command_travels_with_its_words),
        cmocka_unit_test(asking_for_a_page_travels),
        cmocka_unit_test(asking_for_a_file_travels),
        cmocka_unit_test(the_other_gateway_messages_travel),
        cmocka_unit_test(a_token_travels),
        cmocka_unit_test(fetching_travels),
        cmocka_unit_test(sending_travels),
        cmocka_unit_test(what_destinations_are_given_travels),
        cmocka_unit_test(values_out_of_range_are_refused),
        cmocka_unit_test(texts_over_their_bound_are_refused),
        cmocka_unit_test(escape_sequences_of_a_peer_are_refused),
        cmocka_unit_test(counts_over_their_bound_are_refused),
        cmocka_unit_test(the_table_says_who_sends_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
