/* Destinations of egress in the configuration. */
#include "tests/ch_test.h"

#include <stdio.h>

#include "base/config/schema.h"
#include "customhouse/config.h"
#include "customhouse/limits.h"

#define GOOD                                                                                       \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://index.example.org/simple/'}\n"      \
    "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"

static void test_every_key(void **state)
{
    (void)state;
    struct ch_config *c = NULL;
    struct ch_err err;
    const char *text =
        GOOD "notifications: {ending_hours: 24, give_up_hours: 5}\n"
             "webhooks:\n"
             "  - {name: a, url: 'https://hooks.example.org/x', secret_file: /etc/a}\n"
             "  - name: b\n"
             "    url: http://127.0.0.1:8000/\n"
             "    secret_file: /etc/b\n"
             "    events: [alarms, log]\n"
             "  - name: c\n"
             "    url: https://hooks.example.org/y\n"
             "    secret_file: /etc/b\n"
             "    ca_file: /etc/ca.pem\n"
             "    proxy: http://proxy.example.org:3128\n"
             "    format: cloudevents\n"
             "  - {name: d, url: 'https://h.example.org/', secret_file: /etc/b, format: acr}\n"
             "mail:\n"
             "  - name: a\n"
             "    address: mail.example.org:587\n"
             "    from: house@example.org\n"
             "    to: [a@example.org, b.c+d@sub.example.org]\n"
             "    user: house\n"
             "    secret_file: /etc/m\n"
             "  - {name: l, address: 'localhost:25', from: a@b, to: [c@d], tls: none}\n"
             "syslog:\n"
             "  - {name: s, address: '[::1]:6514', server_name: log.example.org}\n"
             "witness_quorum: 1\n"
             "witnesses:\n"
             "  - {name: w, url: 'https://w.example.org/x/', vkey: w+1+A, ca_file: /etc/ca.pem}\n"
             "  - {name: v, url: 'http://127.0.0.1:9', vkey: v+1+A}\n";
    assert_ch_ok(&err, ch_config_parse(ch_str_of(text), "customhouse.yaml", &c, &err));
    assert_int_equal(c->notice_ending_hours, 24);
    assert_int_equal(c->notice_give_up_hours, 5);
    assert_int_equal(c->webhook_count, 4);
    const struct ch_destination *a = &c->webhooks[0];
    assert_string_equal(a->url, "https://hooks.example.org/x");
    assert_string_equal(a->secret_file, "/etc/a");
    for (unsigned e = 0; e < CH_NOTICE_EVENT_COUNT; e++) {
        /* when it names none: all but images, which are many; or these, where it has no others */
        assert_int_equal(ch_destination_wants(a, e), e != CH_NOTICE_IMAGES);
        assert_int_equal(ch_destination_wants(&c->webhooks[3], e), e == CH_NOTICE_IMAGES);
    }
    const struct ch_destination *b = ch_config_destination(c, CH_DESTINATION_WEBHOOK, CH_STR("b"));
    assert_ptr_equal(b, &c->webhooks[1]);
    assert_true(ch_destination_wants(b, CH_NOTICE_ALARMS) &&
                ch_destination_wants(b, CH_NOTICE_LOG));
    assert_false(ch_destination_wants(b, CH_NOTICE_REQUESTS));
    assert_string_equal(c->webhooks[2].proxy, "http://proxy.example.org:3128");
    assert_string_equal(c->webhooks[2].ca_file, "/etc/ca.pem");
    assert_int_equal(a->format, CH_WEBHOOK_OWN);
    assert_int_equal(c->webhooks[2].format, CH_WEBHOOK_CLOUDEVENTS);
    assert_int_equal(c->webhooks[3].format, CH_WEBHOOK_ACR);
    const struct ch_destination *m = ch_config_destination(c, CH_DESTINATION_MAIL, CH_STR("a"));
    assert_ptr_equal(m, &c->mail[0]);
    assert_int_equal(m->mail_tls, CH_MAIL_STARTTLS);
    assert_int_equal(m->to_count, 2);
    assert_string_equal(m->to[1], "b.c+d@sub.example.org");
    assert_string_equal(m->user, "house");
    assert_int_equal(c->mail[1].mail_tls, CH_MAIL_PLAIN);
    assert_string_equal(c->syslog[0].address, "[::1]:6514");
    assert_string_equal(c->syslog[0].server_name, "log.example.org");
    assert_null(ch_config_destination(c, CH_DESTINATION_SYSLOG, CH_STR("a")));
    const struct ch_destination *w = ch_config_destination(c, CH_DESTINATION_WITNESS, CH_STR("w"));
    assert_ptr_equal(w, &c->witnesses[0]);
    assert_string_equal(w->url, "https://w.example.org/x");
    assert_string_equal(w->vkey, "w+1+A");
    assert_int_equal(ch_config_witness_quorum(c), 1);
    ch_config_free(c);
}

static void test_none(void **state)
{
    (void)state;
    struct ch_config *c = NULL;
    struct ch_err err;
    assert_ch_ok(&err, ch_config_parse(CH_STR(GOOD), "customhouse.yaml", &c, &err));
    for (unsigned kind = 0; kind < CH_DESTINATION_KIND_COUNT; kind++) {
        size_t count = 1;
        ch_config_destinations(c, kind, &count);
        assert_int_equal(count, 0);
    }
    assert_int_equal(c->notice_ending_hours, 72);
    assert_int_equal(c->notice_give_up_hours, 72);
    assert_int_equal(ch_config_witness_quorum(c), 0);
    ch_config_free(c);
}

static void test_more_than_half_of_the_witnesses(void **state)
{
    (void)state;
    static const size_t expected[] = {0, 1, 2, 2, 3, 3};
    for (size_t n = 0; n < CH_ARRAY_LEN(expected); n++) {
        const struct ch_config c = {.witness_count = n};
        assert_int_equal(ch_config_witness_quorum(&c), expected[n]);
    }
}

#define HOOK "webhooks:\n  - {name: a, url: 'https://h.example.org/', secret_file: /etc/a"
#define MAIL "mail:\n  - {name: a, address: 'm.example.org:25', from: a@b.org, to: [c@d.org]"

static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        {"webhooks:\n  - {name: a, url: 'http://h.example.org/', secret_file: /etc/a}\n",
         "customhouse.yaml:7:20: webhooks[0].url: \"http://h.example.org/\" is not https, and not "
         "on loopback"},
        {"webhooks:\n  - {name: a, url: 'http://localhost/', secret_file: /etc/a, "
         "proxy: 'http://p.example.org'}\n",
         "webhooks[0].url: \"http://localhost/\" is not https, which a proxy is for alone"},
        {"webhooks:\n  - {name: a, url: 'https://h.example.org/'}\n",
         "customhouse.yaml:7:5: webhooks[0]: the key \"secret_file\" is missing"},
        {"webhooks:\n  - {name: a, secret_file: /etc/a}\n",
         "customhouse.yaml:7:5: webhooks[0]: expected one of the keys \"url\" and \"url_file\""},
        {HOOK ", url_file: /etc/u}\n",
         "customhouse.yaml:7:5: webhooks[0]: expected one of the keys \"url\" and \"url_file\""},
        {"webhooks:\n  - {name: a, url: 'https://u:p@h.example.org/', secret_file: /etc/a}\n",
         "holds a user name"},
        {HOOK ", events: [alarm]}\n",
         "\"alarm\" is not one of requests, decisions, endings, alarms, images, log"},
        {HOOK ", format: azure}\n", "\"azure\" is not one of customhouse, cloudevents, acr"},
        {HOOK ", format: acr, events: [images, log]}\n",
         "webhooks[0].events[1]: \"log\" is not told in the format acr, which has images alone"},
        {HOOK ", events: []}\n", "is empty"},
        {HOOK ", secret: x}\n", "unknown key; expected one of name, url, url_file, secret_file"},
        {HOOK "}\n  - {name: a, url: 'https://i.example.org/', secret_file: /etc/b}\n",
         "webhooks[1].name: \"a\" is the name of another entry already"},
        {"mail:\n  - {name: a, address: 'm.example.org:25', from: a, to: [c@d.org]}\n",
         "mail[0].from: \"a\" is not NAME@DOMAIN"},
        {"mail:\n  - {name: a, address: 'm.example.org:25', from: a@b.org, to: ['c@d.org, "
         "e@f.org']}\n",
         "is not NAME@DOMAIN"},
        {"mail:\n  - {name: a, address: 'm.example.org:25', from: \"a@b.org\\nBcc: x@y.org\", to: "
         "[c@d.org]}\n",
         "is not NAME@DOMAIN"},
        {"mail:\n  - {name: a, address: 'm.example.org:25', from: a@b.org, to: []}\n", "is empty"},
        {"mail:\n  - {name: a, address: 'm.example.org:0', from: a@b.org, to: [c@d.org]}\n",
         "has no port"},
        {MAIL ", tls: none}\n", "mail[0].tls: \"none\" is for loopback alone"},
        {MAIL ", user: me}\n", "user and secret_file go together"},
        {MAIL ", secret_file: /etc/m}\n", "user and secret_file go together"},
        {"syslog:\n  - {name: a, address: s.example.org}\n", "is not HOST:PORT"},
        {"syslog:\n  - {name: a, address: 's.example.org:6514', server_name: 'a b'}\n",
         "is not a host name"},
        {"witnesses: [{name: w, url: 'http://w.example.org', vkey: w}]\n",
         "witnesses[0].url: \"http://w.example.org\" is not https, and not on loopback"},
        {"witnesses: [{name: w, url: 'https://w.example.org'}]\n",
         "witnesses[0]: the key \"vkey\" is missing"},
        {"witness_quorum: 2\nwitnesses: [{name: w, url: 'https://w.example.org', vkey: w}]\n",
         "witness_quorum: \"2\" is more than the 1 there are in witnesses"},
        {"witness_quorum: 1\n", "is more than the 0 there are"},
        {"witness_quorum: two\n", "witness_quorum: \"two\" is not a number from 0 to 64 witnesses"},
        {"witness_quorum: []\n", "witness_quorum: "},
        {"witness_quorum: -1\n", "witness_quorum: \"-1\" is not a number"},
        {"notifications: {give_up_hours: 0}\n", "notifications.give_up_hours"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_config *c = NULL;
        struct ch_err err;
        char text[1024];
        snprintf(text, sizeof(text), "%s%s", GOOD, rows[i].text);
        assert_ch_code(CH_E_USAGE, ch_config_parse(ch_str_of(text), "customhouse.yaml", &c, &err));
        if (strstr(err.msg, rows[i].message) == NULL) {
            fail_msg("\"%s\" where \"%s\" was expected", err.msg, rows[i].message);
        }
    }
}

static void test_not_too_many(void **state)
{
    (void)state;
    uint64_t before = ch_limits.egress_destinations;
    struct ch_config *c = NULL;
    struct ch_err err;
    ch_limits.egress_destinations = 2;
    assert_ch_ok(&err, ch_config_parse(CH_STR(GOOD HOOK "}\n" MAIL "}\n"), "c.yaml", &c, &err));
    ch_config_free(c);
    assert_ch_code(
        CH_E_USAGE,
        ch_config_parse(CH_STR(GOOD HOOK "}\n" MAIL "}\nsyslog: [{name: s, address: 'a:1'}]\n"),
                        "c.yaml", &c, &err));
    assert_string_equal(err.msg, "c.yaml:10:9: syslog: more than 2 destinations in webhooks, mail, syslog "
                                 "and witnesses");
    ch_limits.egress_destinations = before;
}

/* What init shows as an example is taken as it stands, once the comment signs before it are gone.
 */
static void test_the_example_is_one(void **state)
{
    (void)state;
    const struct ch_config_initial in = {
        .listen = CH_STR("[::1]:1"), .pypi_url = CH_STR("http://[::1]:2"), .states_times = "never"};
    struct ch_buf text, made;
    struct ch_str rest, line;
    struct ch_config *c = NULL;
    struct ch_err err;
    bool inside = false;
    ch_buf_init(&text, 1u << 20);
    ch_buf_init(&made, 1u << 20);
    ch_config_initial_text(&text, &in);
    rest = ch_buf_str(&text);
    while (ch_str_split(&rest, '\n', &line)) {
        bool begins = ch_str_eq(line, CH_STR("# webhooks:")) ||
                      ch_str_eq(line, CH_STR("# mail:")) || ch_str_eq(line, CH_STR("# syslog:")) ||
                      ch_str_eq(line, CH_STR("# witnesses:"));
        inside = begins || (inside && ch_str_starts(line, CH_STR("#   ")));
        ch_buf_puts(&made, inside ? ch_str_sub(line, 2, line.len) : line);
        ch_buf_putc(&made, '\n');
    }
    assert_ch_ok(&err, ch_config_parse(ch_buf_str(&made), "customhouse.yaml", &c, &err));
    assert_int_equal(c->webhook_count, 1);
    assert_string_equal(c->webhooks[0].url, "https://hooks.example.org/customhouse");
    assert_int_equal(c->webhooks[0].event_count, CH_NOTICE_EVENT_COUNT);
    assert_int_equal(c->mail_count, 1);
    assert_string_equal(c->mail[0].to[0], "approvers@example.org");
    assert_int_equal(c->syslog_count, 1);
    assert_string_equal(c->syslog[0].address, "syslog.example.org:6514");
    assert_int_equal(c->witness_count, 1);
    assert_string_equal(c->witnesses[0].url, "https://witness.example.org");
    ch_config_free(c);
    ch_buf_done(&text);
    ch_buf_done(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_more_than_half_of_the_witnesses),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_not_too_many),
        cmocka_unit_test(test_the_example_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
