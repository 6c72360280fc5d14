/* Who may approve what whose request: persons, each once, and never their own (T22). */
#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"

static struct ch_err err;

static void t22_it_takes_two_others(void **state)
{
    (void)state;
    struct house *h = house_new();
    bool in_force;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "to have its bytes", "1h", &out);
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "that was all", &out));
    assert_false(is_had(h));
    add_people(h);
    uint64_t id = asks(h, "user:ann");
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:ann", 2, &in_force)); /* their own request */
    assert_ch_code(CH_E_USAGE, approves(h, id, "service:ci", 2, &in_force));
    assert_ch_code(CH_E_USAGE, approves(h, id, "local:1000", 2, &in_force));
    assert_ch_ok(&err, approves(h, id, "user:bob", 2, &in_force));
    assert_false(in_force);
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:bob", 2, &in_force)); /* one person as two */
    assert_false(is_had(h));
    house_restart(h);
    assert_false(is_had(h));
    assert_ch_ok(&err,
                 exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("me too"), &err));
    assert_ch_ok(&err,
                 exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("again"), &err));
    assert_ch_code(CH_E_USAGE, approves(h, id, "user:cid", 2, &in_force)); /* asked for it, too */
    assert_ch_ok(&err, approves(h, id, "user:dan", 2, &in_force));
    assert_true(in_force);
    assert_true(is_had(h));
    assert_steps(h, id, "requested, approved, joined, approved, in force");
    COMMAND(h, 0, false, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "asked for by user:ann, approved by user:bob, user:dan, until ");
    assert_ch_code(CH_E_CONFLICT, approves(h, id, "user:eve", 2, &in_force));
    ch_buf_done(&out);
    house_free(h);
}

static void one_asks_and_another_approves(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    runs_as(h, 2005, 1, "exceptions request " WHEEL " --reason=needed",
            "it needs exception.request", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1",
            &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=still",
            "asked for already, as exception 1", &out);
    runs_as(h, 2001, 1, "approve 1", "it needs exception.approve", &out);
    runs_as(h, 1000, 1, "approve 1", "local:1000 may not do this",
            &out); /* operator only from now on */
    runs_as(h, 2005, 1, "approve 1", "user:ops may not do this", &out);
    runs_as(h, 2001, 0, "exceptions list", "exception 1 (requested), asked for by user:ann", &out);
    runs_as(h, 2001, 0, "exceptions show 1", "exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out); /* a cool-down: one is enough */
    assert_true(is_had(h));
    assert_steps(h, 1, "requested, approved, in force");
    runs_as(h, 1000, 0, "explain " WHEEL, "asked for by user:ann, approved by user:bob, until",
            &out);
    runs_as(h, 2001, 1, "exceptions revoke 1 --reason=x", "it needs exception.approve", &out);
    runs_as(h, 2001, 0, "exceptions renew 1 --reason=longer", "asked for, as exception 2", &out);
    /* another end is no silent one */
    runs_as(h, 2001, 1, "exceptions renew 1 --reason=longer --expires=3d",
            "exception 2 is asked for already, until 20", &out);
    runs_as(h, 2003, 1, "exceptions request " WHEEL " --reason=longer --expires=3d",
            "or who approves it gives another end (customhouse approve 2 --expires WHEN)", &out);
    runs_as(h, 2001, 0, "exceptions renew 1 --reason=longer",
            "asked for already, as exception 2, until 20", &out);
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_EFFECTIVE);
    runs_as(h, 2003, 0, "exceptions approve 2", "now: allow", &out);
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_RENEWED);
    assert_true(is_had(h));
    runs_as(h, 2003, 0, "exceptions revoke 2 --reason=x", "exception 2 is revoked", &out);
    assert_false(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* A person's `approve` of what nobody asked for is a request. */
/* Who gives it a longer end than was asked for asks for that, too: it takes another person. */
static void t22_longer_than_was_asked_for_takes_two(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed --expires=2d", "exception 1", &out);
    runs_as(h, 2002, 0, "approve 1 --expires=20d", "1 more person has to approve exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 1000, 0, "exceptions show 1", "it is to last longer than was asked for", &out);
    runs_as(h, 2003, 0, "approve 1 --expires=20d", "approved until ", &out);
    assert_true(is_had(h));
    runs_as(h, 2002, 0, "exceptions revoke 1 --reason=over", "revoked", &out);
    for (int shorter = 0; shorter < 2; shorter++) { /* as long as was asked for, or shorter: one is enough */
        char line[64];
        runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed --expires=2d", "exception", &out);
        snprintf(line, sizeof(line), "approve %d --expires=%s", 2 + shorter, shorter ? "1d" : "2d");
        runs_as(h, 2002, 0, line, "approved until ", &out);
        assert_true(is_had(h));
        snprintf(line, sizeof(line), "exceptions revoke %d --reason=over", 2 + shorter);
        runs_as(h, 2002, 0, line, "revoked", &out);
    }
    ch_buf_done(&out);
    house_free(h);
}

static void t22_nobody_approves_what_they_asked_for(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=needed --expires=14d",
            "asked for, as exception 1, and not approved: you asked for it yourself, another "
            "person has to "
            "approve it (customhouse approve 1)",
            &out);
    runs_as(h, 2002, 1, "approve 1", "exception 1: you asked for it yourself", &out);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=again", "you asked for it yourself", &out);
    assert_false(is_had(h));
    runs_as(h, 2003, 0, "exceptions request " WHEEL " --reason=me", "asked for already", &out);
    runs_as(h, 2013, 1, "approve 1", "you asked for it yourself",
            &out); /* the same person's other uid */
    assert_false(is_had(h));
    runs_as(h, 2004, 0, "approve " WHEEL, "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* A finding of severity high: two persons, neither of whom asked. */
static void t22_what_is_critical_takes_two(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    char token[EXCEPTION_TOKEN], line[300];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "irregular", 30);
    assert_false(is_had(h));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1",
            &out);
    runs_as(h, 2003, 1, "approve 1", "having read these findings", &out);
    take_token(&out, token);
    snprintf(line, sizeof(line), "approve 1 --evidence=%s", token);
    runs_as(h, 2003, 0, line, "approved by you; 1 more person has to approve exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2013, 1, line, "you have approved it already", &out); /* one person as two */
    house_restart(h);
    runs_as(h, 2003, 1, line, "you have approved it already", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, line, "now: allow", &out);
    assert_true(is_had(h));
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:cid, user:bob, until", &out);
    ch_buf_done(&out);
    house_free(h);
}

#define OTHER_WHEEL "pkg-1.0-py2-none-any.whl"

/* One grave file among several is enough, wherever it stands. */
static void t22_one_critical_file_makes_its_version_critical(void **state)
{
    (void)state;
    for (int grave = 0; grave < 2; grave++) {
        struct house *h = house_of_people();
        struct ch_buf out;
        char hex[2][CH_SHA256_HEX + 1], page[512], token[EXCEPTION_TOKEN], line[300];
        const char *bytes[] = {grave == 0 ? "irregular" : "clean", grave == 1 ? "irregular" : "clean"};
        ch_buf_init(&out, 1u << 20);
        snprintf(page, sizeof(page), OTHER_WHEEL " %s %zu 1\n" WHEEL " %s %zu 1\n",
                 house_hex(bytes[0], hex[0]), strlen(bytes[0]), house_hex(bytes[1], hex[1]),
                 strlen(bytes[1]));
        house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
        house_site(h, FILE_URL(OTHER_WHEEL), 200, "application/zip", bytes[0]);
        house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes[1]);
        runs_as(h, 2001, 0, "exceptions request pypi:pkg==1.0 --reason=needed", "as exception 1", &out);
        runs_as(h, 2003, 1, "approve 1", "having read these findings", &out);
        take_token(&out, token);
        snprintf(line, sizeof(line), "approve 1 --evidence=%s", token);
        runs_as(h, 2003, 0, line, "1 more person has to approve exception 1", &out);
        assert_int_equal(state_of(h, 1), EXCEPTION_STATE_OPEN);
        runs_as(h, 2002, 0, line, "now: allow", &out);
        ch_buf_done(&out);
        house_free(h);
    }
}

/* What its upstream took away is grave without any finding. */
static void t22_what_was_removed_upstream_takes_two(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    char hex[CH_SHA256_HEX + 1], page[512];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "clean", 30);
    assert_true(is_had(h));
    snprintf(page, sizeof(page), "status quarantined\n" WHEEL " %s 5 30\n", house_hex("clean", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    page_get(h->k, CH_STR("pypi"), CH_STR("pkg"))->checked_at_us -=
        (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "pkg");
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "as exception 1", &out);
    runs_as(h, 2003, 0, "approve 1", "1 more person has to approve exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* Who asked is noted of persons, or they are told that it was not: they may not approve it. */
static void t22_a_person_who_asks_is_known(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    char id[17];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    house_ask_exception(h, id, "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 201);
    h->principal = "user:ann";
    uint64_t keep = ch_limits.exception_askers;
    ch_limits.exception_askers = 1;
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 429);
    ch_limits.exception_askers = keep;
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 200);
    assert_steps(h, 1, "requested, joined");
    h->principal = "user:bob"; /* approvers may ask, too: then they do not approve it */
    house_ask_exception(h, id, "me too", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 200);
    h->principal = NULL;
    runs_as(h, 2002, 1, "approve 1", "you asked for it yourself", &out);
    ch_buf_done(&out);
    house_free(h);
}

static void ask_page(struct house *h, const char *as, const char *from, uint32_t status)
{
    char id[17];
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    h->principal = as;
    house_ask_exception(h, id, "needed", NULL, from);
    h->principal = NULL;
    assert_int_equal(h->exception.http_status, status);
    house_ask_refusal(h, id);
}

/* One who asks without a name and approves by it is still one. */
static void t22_what_nobody_known_asked_for_takes_two(void **state)
{
    (void)state;
    static const char why[] = "no user here is known to have asked for it";
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: never}\n", &err));
    assert_false(is_had(h));
    ask_page(h, NULL, "192.0.2.1", 201);
    assert_true(ch_str_find(h->refusal.exception, CH_STR("; 2 persons have to approve it: "), NULL));
    assert_true(ch_str_find(h->refusal.exception, ch_str_of(why), NULL));
    runs_as(h, 1000, 0, "exceptions show 1", "; 2 persons have to approve it: no user here", &out);
    runs_as(h, 2002, 0, "approve 1", "approved by you; 1 more person has to approve exception 1", &out);
    assert_says(&out, why);
    assert_false(is_had(h));
    ask_page(h, NULL, "192.0.2.1", 200);
    assert_true(ch_str_find(h->refusal.exception, CH_STR("; 1 more person has to approve it: "), NULL));
    runs_as(h, 2002, 1, "approve 1", "you have approved it already", &out);
    runs_as(h, 1000, 0, "exceptions list --json", "\"approvals_needed\":2,\"approvals_missing\":1,", &out);
    runs_as(h, 2003, 0, "approve 1", "now: allow", &out);
    assert_true(is_had(h));
    runs_as(h, 2003, 0, "exceptions revoke 1 --reason=x", "revoked", &out);
    bool in_force; /* however many whoever calls thinks it takes */
    assert_ch_ok(&err, approves(h, asks(h, "service:ci"), "user:bob", 1, &in_force));
    assert_false(in_force);
    assert_false(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* A person asks for it as well: then it is as if they had asked first. */
static void t22_a_name_makes_one_enough(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    ask_page(h, NULL, "192.0.2.1", 201);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    ask_page(h, "user:ann", "192.0.2.1", 200);
    assert_true(ch_str_find(h->refusal.exception, CH_STR("; 1 person has to approve it"), NULL));
    house_restart(h);
    assert_false(is_had(h)); /* to ask puts nothing in force */
    runs_as(h, 2001, 1, "approve 1", "it needs exception.approve", &out);
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out); /* said again, and enough now */
    assert_true(is_had(h));
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:bob, until", &out);
    ch_buf_done(&out);
    house_free(h);
}

/* Who may not pull without a name asks for nothing without one. */
static void who_asks_signs_in_where_pulling_does(void **state)
{
    (void)state;
    static const char config[] =
        "listen:\n  - {address: '127.0.0.1:8080'}\n%s"
        "upstreams:\n  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
        "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]%s}\n";
    static const struct {
        const char *site, *repository, *from;
        uint32_t status;
    } rows[] = {
        {"anonymous_pull: false\n", "", "127.0.0.1", 401},
        {"", ", anonymous_pull: false", "127.0.0.1", 401},
        {"", "", "192.0.2.1", 401},
        {"", "", "127.0.0.1", 201},
        {"anonymous_pull: false\n", ", anonymous_pull: true", "192.0.2.1", 201},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        char text[1024];
        snprintf(text, sizeof(text), config, rows[i].site, rows[i].repository);
        struct house *h = house_new_with(NULL, text);
        add_people(h);
        set_wheel(h, "young", 1);
        assert_false(is_had(h));
        ask_page(h, NULL, rows[i].from, rows[i].status);
        ask_page(h, "user:ann", rows[i].from, rows[i].status == 401 ? 201 : 200);
        house_free(h);
    }
}

/* What was said of other bytes is nobody's word on those that are there. */
static void approvers_are_of_the_present_bytes(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    char token[EXCEPTION_TOKEN], line[EXCEPTION_TOKEN + 32];
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: always}\n", &err));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "2 persons have to approve it: the policy", &out);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:bob, until", &out);
    runs_as(h, 2003, 0, "group revoke deciding bob", "", &out); /* nor of who may not say it any more */
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by nobody yet, until", &out);
    runs_as(h, 2003, 0, "approve 1", "1 more person", &out);
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:cid, until", &out);
    set_wheel(h, "other bytes", 1);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "pkg");
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by nobody yet, until", &out);
    assert_says(&out, "; 2 persons have to approve it");
    runs_as(h, 1000, 0, "exceptions list --json", "\"approvers\":\"\"", &out);
    runs_as(h, 2004, 1, "approve 1", "conflict: the files are others than were shown", &out);
    take_token(&out, token);
    snprintf(line, sizeof(line), "approve 1 --evidence=%s", token);
    runs_as(h, 2004, 0, line, "1 more person has to approve", &out);
    runs_as(h, 1000, 0, "explain " WHEEL, "approved by user:dan, until", &out);
    /* in force: of the bytes that were approved */
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    runs_as(h, 2001, 0, "exceptions request pypi:pkg==1.0 --reason=needed", "exception 2", &out);
    runs_as(h, 2003, 0, "approve 2", "now: allow", &out);
    runs_as(h, 1000, 0, "explain " WHEEL, "exception 2 (in force), asked for by user:ann, approved by user:cid", &out);
    set_wheel(h, "and others still", 1);
    p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    house_ask_page(h, "pkg");
    runs_as(h, 1000, 0, "explain " WHEEL,
            "exception 2 (in force), asked for by user:ann, approved by nobody as it is now: what was approved "
            "are other bytes", &out);
    runs_as(h, 1000, 0, "explain --json " WHEEL, "\"approvers\":\"\",\"of_present_bytes\":false", &out);
    ch_buf_done(&out);
    house_free(h);
}

/* Who may approve no longer, has not: also what was said while it was so. */
static void the_word_of_who_lost_the_right_counts_no_more(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: always}\n", &err));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 1", &out);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    runs_as(h, 2003, 0, "group revoke deciding bob --reason=left", "", &out);
    runs_as(h, 2003, 0, "approve 1", "1 more person", &out);
    assert_false(is_had(h));
    runs_as(h, 2004, 0, "approve 1", "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

/* Policy says whether, and for how long. */
static void the_policy_sets_the_terms(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    assert_ch_ok(&err, house_reload(h,
                                    "version: 1\nexceptions: {two_approvers: always, max_days: 10, "
                                    "default_days: 5}\n",
                                    &err));
    runs_as(h, 2001, 2, "exceptions request " WHEEL " --reason=needed --expires=11d",
            "at most 10 days", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 1", &out);
    runs_as(h, 2002, 0, "approve 1", "1 more person", &out);
    assert_false(is_had(h));
    runs_as(h, 2003, 0, "approve 1 --expires=2d", "now: allow", &out); /* the earlier end counts */
    assert_true(is_had(h));
    struct exception x;
    assert_ch_ok(&err, exception_read(h->k, 1, &x, &err));
    int64_t days = (exception_ends(x.steps, x.step_count) - keeper_now_us(h->k)) / 86400 / 1000000;
    exception_done(&x);
    assert_int_equal(days, 1);
    runs_as(h, 2002, 0, "exceptions revoke 1 --reason=x", "revoked", &out);
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: never}\n", &err));
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "exception 2", &out);
    runs_as(h, 2002, 0, "approve 2", "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t22_it_takes_two_others),
        cmocka_unit_test(one_asks_and_another_approves),
        cmocka_unit_test(t22_longer_than_was_asked_for_takes_two),
        cmocka_unit_test(t22_nobody_approves_what_they_asked_for),
        cmocka_unit_test(t22_what_is_critical_takes_two),
        cmocka_unit_test(t22_one_critical_file_makes_its_version_critical),
        cmocka_unit_test(t22_what_was_removed_upstream_takes_two),
        cmocka_unit_test(t22_a_person_who_asks_is_known),
        cmocka_unit_test(t22_what_nobody_known_asked_for_takes_two),
        cmocka_unit_test(t22_a_name_makes_one_enough),
        cmocka_unit_test(who_asks_signs_in_where_pulling_does),
        cmocka_unit_test(approvers_are_of_the_present_bytes),
        cmocka_unit_test(the_word_of_who_lost_the_right_counts_no_more),
        cmocka_unit_test(the_policy_sets_the_terms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
