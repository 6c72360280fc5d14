/* What people are told: what goes to egress, and what a failure, a restart and a death of egress
 * make of it. */
#include "egress_house.h"
#include "exceptions_house.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/log/append.h"
#include "log_seen.h"
#include "db/keeper/egress/notices.h"

#define HOOK                                                                                       \
    "webhooks:\n  - {name: hook, url: 'https://hooks.example.org/', secret_file: /etc/hook}\n"
#define MAIL                                                                                       \
    "mail:\n  - {name: people, address: 'm.example.org:25', from: a@b.org, to: [c@d.org]}\n"

enum ch_code __real_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);
enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *err);

static atomic_bool fail_log;
static struct ch_err err;

enum ch_code __wrap_ch_log_append(struct ch_log *log, struct ch_str bundle, struct ch_err *e)
{
    return atomic_load(&fail_log) ? ch_fail(e, CH_E_FULL, "no space left")
                                  : __real_ch_log_append(log, bundle, e);
}

static uint64_t waiting(struct house *h, enum ch_destination_kind kind, const char *name)
{
    struct ch_notice_backlog backlog = {0};
    assert_ch_ok(&err, ch_store_notice_backlog(h->k->store, kind, ch_str_of(name), &backlog, &err));
    return backlog.count;
}

static void add_notice(struct house *h, enum ch_destination_kind kind, const char *name,
                       const char *body, int64_t at_us)
{
    const struct ch_notice_row row = {.kind = kind,
                                      .destination = ch_str_of(name),
                                      .message = CH_STR("msg_1"),
                                      .event = CH_STR("log.trouble"),
                                      .body = ch_str_of(body),
                                      .at_us = at_us,
                                      .due_at_us = at_us};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_add_notice(h->k->store, &row, &err));
    notices_added(h->k);
}

static void a_request_is_told_and_tried_until_it_is_taken(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    connect_away(&a, h);
    set_wheel(h, "young", 1);
    house_ask_file(h, "pkg", WHEEL);
    asks(h, "user:ann");
    house_settle(h);
    assert_int_equal(a.count, 1);
    assert_int_equal(a.sent[0].kind, CH_DESTINATION_WEBHOOK);
    assert_int_equal(
        strncmp(a.sent[0].body, "{\"type\":\"exception.requested\",\"timestamp\":\"", 43), 0);
    assert_non_null(
        strstr(a.sent[0].body, "\"exception\":1,\"repository\":\"pypi\",\"environment\":\"prod\""));
    assert_null(strstr(a.sent[0].body, "ann")); /* T26 */
    assert_null(strstr(a.sent[0].body, "needed"));
    answer(&a, 0, CH_OK, 500);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 1);
    assert_int_equal(a.count, 2); /* after its pause */
    assert_string_equal(a.sent[1].id, a.sent[0].id);
    disconnect_away(&a); /* with it in hand */
    house_restart(h);
    connect_away(&a, h);
    assert_int_equal(a.count, 3);
    assert_string_equal(a.sent[2].id, a.sent[0].id);
    assert_string_equal(a.sent[2].body, a.sent[0].body);
    answer(&a, 2, CH_OK, 204);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 0);
    assert_int_equal(a.count, 3);
    away_done(&a);
    house_free(h);
}

/* The next one, which is taken, begins so and has that in it. */
static void is_told(struct away *a, size_t *next, const char *type, const char *in_it)
{
    char begin[128];
    assert_true(a->count > *next);
    snprintf(begin, sizeof(begin), "{\"type\":\"%s\",", type);
    const char *body = a->sent[*next].body;
    if (strncmp(body, begin, strlen(begin)) != 0 || strstr(body, in_it) == NULL) {
        fail_msg("%s, expected %s with %s", body, type, in_it);
    }
    assert_null(strstr(body, "user:")); /* T26 */
    answer(a, (*next)++, CH_OK, 204);
}

/* Who approved first need not call the second one; and a renewal names both. */
static void what_waits_for_one_more_and_what_is_renewed(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    struct ch_buf out, room;
    size_t next = 0;
    bool in_force;
    ch_buf_init(&out, 1u << 20);
    add_people(h);
    connect_away(&a, h);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=x", "asked for, as exception 1", &out);
    is_told(&a, &next, "exception.requested", "\"exception\":1,");
    assert_ch_ok(&err, approves(h, 1, "user:cid", 2, &in_force));
    assert_false(in_force);
    house_settle(h);
    is_told(&a, &next, "exception.waiting", "\"approvals_needed\":2,\"approvals_missing\":1,");
    assert_non_null(strstr(a.sent[next - 1].body, "is approved by 1 of 2, and waits for 1 more"));
    assert_ch_ok(&err, approves(h, 1, "user:dan", 2, &in_force));
    assert_true(in_force);
    house_settle(h);
    is_told(&a, &next, "exception.approved", "\"exception\":1,");
    runs_as(h, 2001, 0, "exceptions renew 1 --reason=longer", "asked for, as exception 2", &out);
    is_told(&a, &next, "exception.requested", "\"renews\":1,");
    assert_non_null(strstr(a.sent[next - 1].body, "It renews exception 1."));
    runs_as(h, 2003, 0, "exceptions approve 2", "now: allow", &out);
    is_told(&a, &next, "exception.approved", "\"exception\":2,");
    is_told(&a, &next, "exception.renewed", "\"exception\":1,");
    assert_non_null(strstr(a.sent[next - 1].body, "another one has taken its place"));
    ch_buf_init(&room, 4096);
    ch_put_str(&room, CH_STR("version: 1\ncool_down_days: 3\n"));
    h->input = ch_buf_str(&room);
    runs_as(h, 2002, 0, "policy propose --reason=whisper", "as proposal 1", &out);
    h->input = (struct ch_str){NULL, 0};
    is_told(&a, &next, "policy.proposed", "\"proposal\":1,");
    assert_null(strstr(a.sent[next - 1].body, "whisper")); /* T26 */
    ch_buf_done(&room);
    assert_int_equal(a.count, next);
    away_done(&a);
    ch_buf_done(&out);
    house_free(h);
}

/* Its end says nothing of the destination: no failure is counted, and no pause is made. */
static void egress_ends_with_one_in_hand(void **state)
{
    (void)state;
    uint64_t before = ch_limits.egress_retry_ms;
    ch_limits.egress_retry_ms = ch_limits.egress_retry_max_ms = 600000;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    struct ch_buf out;
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "{}", keeper_now_us(h->k));
    connect_away(&a, h);
    assert_int_equal(a.count, 1);
    disconnect_away(&a);
    house_settle(h);
    connect_away(&a, h);
    assert_int_equal(a.count, 2);
    ch_buf_init(&out, 65536);
    notices_put_state(h->k, &out, false);
    assert_str_eq(ch_str_sub(ch_buf_str(&out), 0, 36), "webhooks/hook: 1 notifications wait,");
    assert_false(ch_str_find(ch_buf_str(&out), CH_STR("failed"), NULL));
    answer(&a, 1, CH_E_TIMEOUT, 0);
    assert_int_equal(a.count, 2); /* this does say something */
    ch_buf_clear(&out);
    notices_put_state(h->k, &out, true);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("\"error\":\"no way\"}"), NULL));
    ch_limits.egress_retry_ms = before;
    ch_limits.egress_retry_max_ms = 20;
    ch_buf_done(&out);
    away_done(&a);
    house_free(h);
}

/* One that its destination never takes keeps no other one waiting. */
static void one_that_is_never_taken_holds_up_none(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "bad", keeper_now_us(h->k) - 2000000);
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "good", keeper_now_us(h->k) - 1000000);
    connect_away(&a, h);
    bool taken = false;
    for (size_t i = 0; i < 6 && !taken; i++) {
        assert_true(a.count > i);
        taken = strcmp(a.sent[i].body, "good") == 0;
        answer(&a, i, CH_OK, taken ? 200 : 400);
    }
    assert_true(taken);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 1);
    away_done(&a);
    house_free(h);
}

/* While nobody answers, or only that it cannot be taken now, the first one stays the first. */
static void what_nobody_answers_keeps_its_order(void **state)
{
    (void)state;
    static const struct {
        enum ch_code code;
        uint32_t status;
    } rows[] = {{CH_E_UPSTREAM, 0}, {CH_E_TIMEOUT, 0}, {CH_OK, 429},
                {CH_OK, 502},       {CH_OK, 503},      {CH_OK, 504}};
    for (size_t r = 0; r < CH_ARRAY_LEN(rows); r++) {
        struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
        struct away a = {.count = 0};
        add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "first", keeper_now_us(h->k) - 2000000);
        add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "second", keeper_now_us(h->k) - 1000000);
        connect_away(&a, h);
        for (size_t i = 0; i < 5; i++) {
            assert_int_equal(a.count, i + 1);
            assert_string_equal(a.sent[i].body, i < 4 ? "first" : "second");
            answer(&a, i, i < 3 ? rows[r].code : CH_OK, i < 3 ? rows[r].status : 204);
        }
        assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 0);
        away_done(&a);
        house_free(h);
    }
}

/* The same of a mail server, whose replies are other numbers: 4xx is for now, 5xx for good. */
static void mail_that_is_to_come_later_keeps_its_order(void **state)
{
    (void)state;
    static const struct {
        uint32_t status;
        const char *next;
    } rows[] = {{421, "first"}, {250, "first"}, {554, "second"}}; /* 250: then it broke */
    struct house *h = house_new_with(NULL, EGRESS_HOUSE MAIL);
    struct away a = {.count = 0};
    add_notice(h, CH_DESTINATION_MAIL, "people", "first", keeper_now_us(h->k) - 2000000);
    add_notice(h, CH_DESTINATION_MAIL, "people", "second", keeper_now_us(h->k) - 1000000);
    connect_away(&a, h);
    assert_int_equal(a.count, 1); /* both together */
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        answer(&a, i, CH_E_UPSTREAM, rows[i].status);
        assert_int_equal(a.count, i + 2);
        assert_string_equal(a.sent[i + 1].body, rows[i].next);
    }
    away_done(&a);
    house_free(h);
}

static void a_mail_tells_what_has_gathered(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE MAIL);
    struct away a = {.count = 0};
    uint64_t before = ch_limits.notice_mail_items;
    ch_limits.notice_mail_items = 2;
    for (int i = 0; i < 3; i++) {
        char text[] = "one\n";
        text[0] = (char)('1' + i);
        add_notice(h, CH_DESTINATION_MAIL, "people", text, keeper_now_us(h->k) - 3000000 + i);
    }
    connect_away(&a, h);
    assert_int_equal(a.count, 1);
    assert_string_equal(a.sent[0].subject, "Customhouse: 2 notifications");
    assert_string_equal(a.sent[0].body, "1ne\n\n2ne\n");
    answer(&a, 0, CH_OK, 250);
    assert_int_equal(a.count, 2);
    assert_string_equal(a.sent[1].subject, "Customhouse: log.trouble");
    assert_string_equal(a.sent[1].body, "3ne\n");
    answer(&a, 1, CH_OK, 250);
    assert_int_equal(waiting(h, CH_DESTINATION_MAIL, "people"), 0);
    ch_limits.notice_mail_items = before;
    away_done(&a);
    house_free(h);
}

/* Of a mail that is refused for one of the things in it, the others are told all the same. */
static void a_mail_that_is_refused_is_told_in_parts(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE MAIL);
    struct away a = {.count = 0};
    const char *const bodies[] = {"bad\n", "one\n", "two\n"};
    for (int i = 0; i < 3; i++) {
        add_notice(h, CH_DESTINATION_MAIL, "people", bodies[i], keeper_now_us(h->k) - 3000000 + i);
    }
    connect_away(&a, h);
    for (size_t i = 0; i < 8 && waiting(h, CH_DESTINATION_MAIL, "people") > 1; i++) {
        assert_true(a.count > i);
        bool bad = strstr(a.sent[i].body, "bad") != NULL;
        answer(&a, i, bad ? CH_E_UPSTREAM : CH_OK, bad ? 554 : 250);
    }
    assert_int_equal(waiting(h, CH_DESTINATION_MAIL, "people"), 1);
    away_done(&a);
    house_free(h);
}

static void assert_given_up(struct house *h, int64_t times, const char *why)
{
    struct ch_buf entry;
    uint64_t index = 0;
    int64_t n = 0;
    ch_buf_init(&entry, 65536);
    log_until_written(h);
    struct ch_log_entry_fields f = log_newest(h, "notice-given-up", &entry, &index);
    assert_field(&f, "destination", "hook");
    assert_field(&f, "type", "webhooks");
    assert_field(&f, "why", why);
    assert_true(ch_log_entry_get_int(&f, "times", &n));
    assert_int_equal(n, times);
    ch_buf_done(&entry);
}

static void what_is_given_up_is_in_the_log(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK "notifications: {give_up_hours: 1}\n");
    uint64_t before = ch_limits.notice_rows;
    int64_t now = keeper_now_us(h->k);
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "old", now - 3601LL * 1000000);
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "older", now - 7200LL * 1000000);
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "young", now - 3500LL * 1000000);
    house_settle(h);
    notices_tick(h->k);
    house_settle(h);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 1);
    assert_given_up(h, 2, "its time is over");
    ch_limits.notice_rows = 1;
    notices_tick(h->k); /* one, and one is kept */
    house_settle(h);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 1);
    for (int i = 0; i < 3; i++) {
        add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "more", now + i);
    }
    house_settle(h);
    notices_tick(h->k);
    house_settle(h);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), 1);
    assert_given_up(h, 3, "too many wait");
    ch_limits.notice_rows = before;
    house_free(h);
}

/* One that has failed is due later than one that came since; it is the older one all the same. */
static void the_oldest_are_given_up(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    uint64_t rows = ch_limits.notice_rows, pause = ch_limits.egress_retry_ms;
    ch_limits.egress_retry_ms = ch_limits.egress_retry_max_ms = 600000;
    struct away a = {.count = 0};
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "old", keeper_now_us(h->k) - 2000000);
    connect_away(&a, h);
    assert_int_equal(a.count, 1);
    answer(&a, 0, CH_OK, 500);
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "new", keeper_now_us(h->k) - 1000000);
    ch_limits.notice_rows = 1;
    notices_tick(h->k);
    house_settle(h);
    assert_given_up(h, 1, "too many wait");
    disconnect_away(&a);
    house_restart(h); /* with no pause */
    connect_away(&a, h);
    assert_int_equal(a.count, 2);
    assert_string_equal(a.sent[1].body, "new");
    ch_limits.notice_rows = rows;
    ch_limits.egress_retry_ms = pause;
    ch_limits.egress_retry_max_ms = 20;
    away_done(&a);
    house_free(h);
}

/* Lost with its group: what did not happen is not told. */
static void what_did_not_happen_is_not_told(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    connect_away(&a, h);
    assert_ch_ok(&err, keeper_write(h->k, &err));
    add_notice(h, CH_DESTINATION_WEBHOOK, "hook", "{}", keeper_now_us(h->k));
    ch_store_rollback(h->k->store);
    house_settle(h);
    assert_int_equal(a.count, 0);
    away_done(&a);
    house_free(h);
}

static void an_end_is_told_once(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK "notifications: {ending_hours: 23}\n");
    bool in_force = false;
    struct away a = {.count = 0};
    set_wheel(h, "young", 1);
    house_ask_file(h, "pkg", WHEEL);
    uint64_t id = asks(h, "user:ann");
    page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    assert_ch_ok(&err, approves(h, id, "user:bob", 1, &in_force)); /* for a day */
    house_settle(h);
    uint64_t before = waiting(h, CH_DESTINATION_WEBHOOK, "hook");
    notices_tick(h->k);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), before); /* not within 23 hours */
    h->k->child.config->notice_ending_hours = 25;
    notices_tick(h->k);
    notices_tick(h->k);
    house_settle(h);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), before + (in_force ? 1 : 0));
    assert_true(in_force);
    house_restart(h);
    h->k->child.config->notice_ending_hours = 25;
    notices_tick(h->k);
    assert_int_equal(waiting(h, CH_DESTINATION_WEBHOOK, "hook"), before + 1);
    away_done(&a);
    house_free(h);
}

static void an_attack_is_an_alarm(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    connect_away(&a, h);
    set_wheel(h, "attack", 30);
    house_ask_file(h, "pkg", WHEEL);
    house_settle(h);
    assert_int_equal(a.count, 1);
    assert_non_null(strstr(a.sent[0].body, "{\"type\":\"alarm.attack\""));
    assert_non_null(strstr(a.sent[0].body, "\"verdict\":\"deny\",\"rule\":\"finding "));
    away_done(&a);
    house_free(h);
}

/* What was given out and is found out later is another alarm; that a person denies it is none. */
static void what_is_withdrawn_for_a_finding_is_an_alarm(void **state)
{
    (void)state;
    static const struct {
        const char *bytes, *verdict;
    } rows[] = {{"bytes attack-under:two;", "\"verdict\":\"deny\",\"rule\":\"finding "},
                {"bytes irregular-under:two;", "\"verdict\":\"hold\",\"rule\":\"finding "}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
        struct away a = {.count = 0};
        size_t next = 0;
        connect_away(&a, h);
        house_rules(h, "one");
        set_wheel(h, rows[i].bytes, 30);
        assert_true(is_had(h));
        house_settle(h);
        assert_int_equal(a.count, 0); /* that it is allowed alarms nobody */
        house_rules(h, "two");
        house_settle(h);
        is_told(&a, &next, "alarm.withdrawn", "\"file\":\"" WHEEL "\",");
        const char *body = a.sent[0].body;
        assert_non_null(strstr(body, rows[i].verdict));
        assert_non_null(strstr(body, "\"was_allowed\":true"));
        assert_non_null(strstr(body, "was allowed, and is withdrawn by what inspection found: "));
        assert_non_null(strstr(body, "customhouse fetched-by says who has it."));
        assert_int_equal(a.count, 1);
        away_done(&a);
        house_free(h);
    }
}

/* Of a person's word nobody is alarmed, whatever was given out. */
static void what_a_person_denies_is_no_alarm(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    connect_away(&a, h);
    set_wheel(h, "clean", 30);
    assert_true(is_had(h));
    COMMAND(h, 0, false, "deny", WHEEL, "unwanted", NULL, &out);
    assert_false(is_had(h));
    house_settle(h);
    assert_int_equal(a.count, 0);
    away_done(&a);
    ch_buf_done(&out);
    house_free(h);
}

static void wait_for_notices(struct house *h, const struct away *a, size_t count)
{
    uint64_t until = ch_now_boot_ms() + 20000;
    while (a->count < count) {
        house_turn(h, 20);
        assert_true(ch_now_boot_ms() < until);
    }
}

/* That the log's checkpoint cannot be written is told once, and that it can again. */
static void a_log_in_trouble_is_told(void **state)
{
    (void)state;
    struct house *h = house_new_with(NULL, EGRESS_HOUSE HOOK);
    struct away a = {.count = 0};
    struct ch_buf out;
    size_t next = 0;
    ch_buf_init(&out, 1u << 20);
    log_until_written(h);
    connect_away(&a, h);
    atomic_store(&fail_log, true);
    COMMAND(h, 0, false, "deny", "pypi:other==1.0", "unwanted", NULL, &out);
    wait_for_notices(h, &a, 1);
    is_told(&a, &next, "log.trouble", "\"over\":false");
    COMMAND(h, 0, false, "deny", "pypi:other==2.0", "unwanted", NULL, &out);
    house_settle(h);
    assert_int_equal(a.count, 1);
    atomic_store(&fail_log, false);
    wait_for_notices(h, &a, 2);
    is_told(&a, &next, "log.recovered", "\"over\":true");
    log_until_written(h);
    assert_int_equal(a.count, 2);
    away_done(&a);
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_told_and_tried_until_it_is_taken),
        cmocka_unit_test(what_waits_for_one_more_and_what_is_renewed),
        cmocka_unit_test(egress_ends_with_one_in_hand),
        cmocka_unit_test(one_that_is_never_taken_holds_up_none),
        cmocka_unit_test(what_nobody_answers_keeps_its_order),
        cmocka_unit_test(mail_that_is_to_come_later_keeps_its_order),
        cmocka_unit_test(a_mail_tells_what_has_gathered),
        cmocka_unit_test(a_mail_that_is_refused_is_told_in_parts),
        cmocka_unit_test(what_is_given_up_is_in_the_log),
        cmocka_unit_test(the_oldest_are_given_up),
        cmocka_unit_test(what_did_not_happen_is_not_told),
        cmocka_unit_test(an_end_is_told_once),
        cmocka_unit_test(an_attack_is_an_alarm),
        cmocka_unit_test(what_is_withdrawn_for_a_finding_is_an_alarm),
        cmocka_unit_test(what_a_person_denies_is_no_alarm),
        cmocka_unit_test(a_log_in_trouble_is_told),
    };
    return cmocka_run_group_tests(tests, quick, NULL);
}
