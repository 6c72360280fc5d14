/* Messages of the supervisor and of work, and the table of all. */
#include "message_samples.h"

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
        .instance_id = text_of(32),
        .upstream_files = text_of(1004),
        .egress_files = text_of(1005),
        .rules = true,
        .listener_count = CH_SETUP_MAX_LISTENERS,
    };
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        in.listener[i] =
            (struct ch_setup_listener){text_of(20 + i),   i % 2 == 1,        text_of(1001 + i),
                                       text_of(2001 + i), text_of(3001 + i), text_of(40 + i)};
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
    assert_same(out.instance_id, in.instance_id);
    assert_same(out.upstream_files, in.upstream_files);
    assert_same(out.egress_files, in.egress_files);
    assert_true(out.rules);
    assert_int_equal(out.listener_count, CH_SETUP_MAX_LISTENERS);
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        assert_same(out.listener[i].address, in.listener[i].address);
        assert_int_equal(out.listener[i].tls, in.listener[i].tls);
        assert_same(out.listener[i].certificate_pem, in.listener[i].certificate_pem);
        assert_same(out.listener[i].key_pem, in.listener[i].key_pem);
        assert_same(out.listener[i].client_ca_pem, in.listener[i].client_ca_pem);
        assert_same(out.listener[i].client_name, in.listener[i].client_name);
    }
    DONE();
}

static void questions_about_images_travel(void **state)
{
    (void)state;
    {
        struct ch_ask_images in = {.ask = 7,
                                   .environment = text_of(ch_limits.word_bytes),
                                   .platform = text_of(2 * ch_limits.word_bytes),
                                   .name_space = text_of(253),
                                   .count = CH_ASK_IMAGES_MAX},
                             out;
        for (size_t i = 0; i < CH_ASK_IMAGES_MAX; i++) {
            in.image[i] = text_of(CH_IMAGE_TEXT_MAX - i);
        }
        ROUND_TRIP(ask_images, CH_MSG_ASK_IMAGES, in, out);
        assert_int_equal(out.ask, 7);
        assert_same(out.environment, in.environment);
        assert_same(out.platform, in.platform);
        assert_same(out.name_space, in.name_space);
        assert_int_equal(out.count, CH_ASK_IMAGES_MAX);
        for (size_t i = 0; i < CH_ASK_IMAGES_MAX; i++) {
            assert_same(out.image[i], in.image[i]);
        }
        DONE();
    }
    {
        struct ch_images in = {.ask = 8, .count = CH_ASK_IMAGES_MAX}, out;
        for (size_t i = 0; i < CH_ASK_IMAGES_MAX; i++) {
            in.image[i] = (struct ch_image_verdict){i % 2 == 1, text_of(2 * CH_IMAGE_TEXT_MAX - i),
                                                    text_of(3072 - i)};
        }
        ROUND_TRIP(images, CH_MSG_IMAGES, in, out);
        assert_int_equal(out.ask, 8);
        assert_int_equal(out.count, CH_ASK_IMAGES_MAX);
        for (size_t i = 0; i < CH_ASK_IMAGES_MAX; i++) {
            assert_int_equal(out.image[i].allowed, i % 2 == 1);
            assert_same(out.image[i].pinned, in.image[i].pinned);
            assert_same(out.image[i].reason, in.image[i].reason);
        }
        DONE();
    }
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
        struct ch_reload_end in = {true, text_of(ch_limits.text_bytes)}, out;
        ROUND_TRIP(reload_end, CH_MSG_RELOAD_END, in, out);
        assert_true(out.taken);
        assert_same(out.why, in.why);
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
                              76,
                              77,
                              text_of(ch_limits.client_text_bytes)};
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
        assert_int_equal(out.retry_ms, 77);
        assert_same(out.via, in.via);
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
                                94,
                                95,
                                96,
                                true,
                                true};
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
        assert_int_equal(out.retry_after_s, 95);
        assert_int_equal(out.told_bytes, 96);
        assert_true(out.told_at_least);
        assert_true(out.told_empty);
        DONE();
    }
    {
        struct ch_scanned in = {101,
                                CH_SCAN_INTERRUPTED,
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
        assert_int_equal(out.outcome, CH_SCAN_INTERRUPTED);
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
    struct ch_destination_files in[] = {
        {CH_DESTINATION_WEBHOOK, text_of(ch_limits.project_name_bytes),
         text_of(ch_limits.url_bytes), text_of(ch_limits.egress_secret_bytes), text_of(1000)},
        {.kind = CH_DESTINATION_SYSLOG, .name = text_of(3)}};
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
        assert_same(out.url, in[i].url);
        assert_same(out.secret, in[i].secret);
        assert_same(out.ca_pem, in[i].ca_pem);
    }
    assert_ch_ok(&err, ch_rd_end(&r, "files", &err));
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
        CH_MSG_READY,        CH_MSG_RELOADED,    CH_MSG_ASK_PAGE,      CH_MSG_ASK_FILE,
        CH_MSG_ASK_REFUSAL,  CH_MSG_ASK_METRICS, CH_MSG_ASK_DOCUMENT,  CH_MSG_ASK_TOKEN,
        CH_MSG_SERVED,       CH_MSG_SIGN_INS,    CH_MSG_ASK_EXCEPTION, /* which only asks: it grants
                                                                          nothing */
        CH_MSG_PEER_LOST,    /* its supervisor, who gives it a keeper, and nothing else */
        CH_MSG_ASK_SCOPED,   /* with the client's own token: for less than that is for */
        CH_MSG_ASK_EXTERNAL, /* what a scanner says lets nothing pass (T8); with its own token */
        CH_MSG_ASK_PUSH};    /* what is pushed is judged; with the pusher's own token */
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
        cmocka_unit_test(questions_about_images_travel),
        cmocka_unit_test(a_command_travels_with_its_words),
        cmocka_unit_test(fetching_travels),
        cmocka_unit_test(sending_travels),
        cmocka_unit_test(what_destinations_are_given_travels),
        cmocka_unit_test(the_table_says_who_sends_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
