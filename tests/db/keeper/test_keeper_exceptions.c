/* Exceptions in a whole keeper: asked for, approved, in force, ended; and what a crash or a full disk make
 * of each step. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "exceptions.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __real_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count,
                                     struct ch_err *err);
enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count,
                                     struct ch_err *err);

static bool fail_commits;
static int fail_log_at; /* 0: never; n: the n-th entry of an exception's group from now */
static struct ch_err err;
static char hex[CH_SHA256_HEX + 1];

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *e)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, e);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(e, CH_E_FULL, "no space left");
}

enum ch_code __wrap_ch_store_add_log(struct ch_store *s, const struct ch_log_row *row, struct ch_str entry,
                                     const struct ch_log_clear *clear, size_t clear_count, struct ch_err *e)
{
    bool counts = ch_str_eq(row->kind, CH_STR("exception")) || ch_str_eq(row->kind, CH_STR("ruling"));
    if (counts && fail_log_at > 0 && --fail_log_at == 0) {
        return ch_fail(e, CH_E_IO, "the entry could not be stored");
    }
    return __real_ch_store_add_log(s, row, entry, clear, clear_count, e);
}

static void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

#define COMMAND(h, status, ...) assert_int_equal(status, house_command(h, __VA_ARGS__))

static bool says(const struct ch_buf *out, const char *text)
{
    return text[0] == '\0' || ch_str_find(ch_buf_str(out), ch_str_of(text), NULL);
}

#define assert_says(out, text)                                                                     \
    do {                                                                                           \
        if (!says(out, text)) {                                                                    \
            fail_msg("\"%s\" is not in \"%.*s\"", text, CH_STR_ARG(ch_buf_str(out)));              \
        }                                                                                          \
    } while (0)

static uint32_t exceptions_command(struct house *h, const char *verb, const char *word, const char *reason,
                                   struct ch_buf *out)
{
    h->second_word = word;
    uint32_t status = house_command(h, false, "exceptions", verb, reason, NULL, out);
    h->second_word = NULL;
    return status;
}

static bool is_had(struct house *h)
{
    house_ask_file(h, "pkg", WHEEL);
    return h->file.outcome == CH_FILE_ALLOW;
}

static enum exception_state state_of(struct house *h, uint64_t id)
{
    struct exception x;
    assert_ch_ok(&err, exception_read(h->k, id, &x, &err));
    enum exception_state s = exception_state_of(h->k, &x);
    exception_done(&x);
    return s;
}

/* "requested approved in force" */
static void assert_steps(struct house *h, uint64_t id, const char *expected)
{
    struct exception x;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    assert_ch_ok(&err, exception_read(h->k, id, &x, &err));
    for (size_t i = 0; i < x.step_count; i++) {
        ch_buf_printf(&b, "%s%s", i > 0 ? ", " : "", exception_event_name(x.steps[i].event));
    }
    assert_str_eq(ch_buf_str(&b), expected);
    exception_done(&x);
    ch_buf_done(&b);
}

struct counting {
    const char *kind;
    uint64_t count;
};

static enum ch_code count_one(void *ctx, const struct ch_logged *l, struct ch_err *e)
{
    struct counting *c = ctx;
    (void)e;
    c->count += ch_str_eq(l->row.kind, ch_str_of(c->kind));
    return CH_OK;
}

static uint64_t count_log(struct house *h, const char *kind)
{
    struct counting c = {.kind = kind};
    assert_ch_ok(&err, ch_store_logged(h->k->store, 0, UINT64_MAX, count_one, &c, NULL, &err));
    return c.count;
}

static void page_due(struct house *h)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
}

/* Before any approver is named: asked for and approved in one step, and each says so. */
static void approve_is_an_exception(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    COMMAND(h, 0, false, "approve", "pypi:pkg==1.0", "needed", NULL, &out); /* 30 days, as the policy says */
    assert_says(&out, "(exception 1, ruling 1), now: allow");
    assert_true(is_had(h));
    assert_steps(h, 1, "requested, approved, in force");
    assert_int_equal(count_log(h, "exception"), 3);
    assert_int_equal(count_log(h, "ruling"), 1);
    COMMAND(h, 0, false, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "exception 1 (in force), asked for by local:1000, approved by local:1000, until ");
    assert_says(&out, ": needed\n");
    COMMAND(h, 0, true, "explain", WHEEL, NULL, NULL, &out);
    assert_says(&out, "\"exceptions\":[{\"exception\":1,\"state\":\"in force\"");
    assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
    assert_says(&out, "overrides: cool-down\n");
    assert_says(&out, "approved by local:1000, alone: no approver is named, until ");
    COMMAND(h, 0, true, "exceptions", "list", NULL, NULL, &out);
    assert_says(&out, "[{\"exception\":1,\"state\":\"in force\",\"repository\":\"pypi\",\"environment\":\"prod\","
                      "\"project\":\"pkg\",\"versions\":\"==1.0\",\"overrides\":\"cool-down\"");
    house_restart(h);
    assert_true(is_had(h));
    assert_int_equal(state_of(h, 1), EXCEPTION_STATE_EFFECTIVE);
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", "needed", "366d", &out); /* beyond max_days */
    COMMAND(h, 2, false, "approve", "pypi:pkg==1.0", NULL, NULL, &out);
    char wide[340]; /* cut at 255 bytes it would reach 2.0, too */
    snprintf(wide, sizeof(wide), "pypi:pkg>=1.0,!=9.%0260d,<1.1", 1);
    COMMAND(h, 2, false, "approve", wide, "needed", NULL, &out);
    assert_says(&out, "at most 255");
    COMMAND(h, 1, false, "approve", "7", NULL, NULL, &out);
    assert_says(&out, "there is no exception 7");
    COMMAND(h, 1, false, "approve", "1", NULL, NULL, &out);
    assert_says(&out, "exception 1: it is in force");
    ch_buf_done(&out);
    house_free(h);
}

/* T9: it lifts what held the file when it was approved, and nothing that comes up later. */
static void t9_it_lifts_what_it_was_approved_for(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char text[512];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    snprintf(text, sizeof(text), "status quarantined\n" WHEEL " %s 5 1\n", house_hex("young", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    page_due(h);
    house_ask_page(h, "pkg");
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "removed-upstream");
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ two persons (T22) */

/* What a person's command comes to, once everything is inspected. */
static enum ch_code approves(struct house *h, uint64_t id, const char *who, size_t needed, bool *ret_in_force)
{
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    ptrdiff_t at = page_find_file(p, CH_STR(WHEEL));
    struct ch_sha256 bytes = p->files[at].artifact;
    struct ch_ruling_row ruling = {.repository = CH_STR("pypi"), .ecosystem = CH_STR("pypi"),
                                   .project = CH_STR("pkg"), .file_name = CH_STR(WHEEL), .sha256 = bytes,
                                   .lifts = 1ull << CH_HOLD_AGE, .reason = CH_STR("needed"),
                                   .policy = ch_policy_digest(h->k->policy), .at_us = keeper_now_us(h->k)};
    struct approval a = {.exception = id, .who = ch_str_of(who), .needed = needed, .rulings = &ruling,
                         .ruling_count = 1,
                         .shown = {.bytes = bytes, .policy = ruling.policy},
                         .expires_at_us = keeper_now_us(h->k) + 86400 * 1000000LL};
    enum ch_code rc = exceptions_approve(h->k, &a, &err);
    *ret_in_force = rc == CH_OK && a.in_force;
    return rc;
}

static uint64_t asks(struct house *h, const char *who)
{
    struct exception_shown nothing = {.policy = ch_policy_digest(h->k->policy)};
    struct ch_exception_row row = {.repository = CH_STR("pypi"), .environment = CH_STR("prod"),
                                   .ecosystem = CH_STR("pypi"), .project = CH_STR("pkg"),
                                   .file_name = CH_STR(WHEEL), .overrides = CH_STR("cool-down"),
                                   .reason = CH_STR("needed"), .requester = ch_str_of(who),
                                   .at_us = keeper_now_us(h->k),
                                   .expires_at_us = keeper_now_us(h->k) + 30 * 86400 * 1000000LL};
    assert_ch_ok(&err, exceptions_ask(h->k, &row, &nothing, &err));
    return row.id;
}

static void add_people(struct house *h);

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
    assert_ch_ok(&err, exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("me too"), &err));
    assert_ch_ok(&err, exceptions_join(h->k, id, CH_STR("user:cid"), CH_STR(""), CH_STR("again"), &err));
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

/* As whoever has the uid; 1000: the server's own user. */
static void runs_as(struct house *h, uint32_t uid, uint32_t status, const char *line, const char *text,
                    struct ch_buf *out)
{
    h->uid = uid;
    h->stranger = uid != 1000;
    uint32_t actual = house_run(h, line, out);
    if (actual != status || !says(out, text)) {
        fail_msg("%u: %s: %u \"%.*s\", expected %u \"%s\"", uid, line, actual, CH_STR_ARG(ch_buf_str(out)),
                 status, text);
    }
    h->uid = 0;
    h->stranger = false;
}

/* ann asks (uid 2001), bob, cid and dan approve (2002 to 2004; cid by a second uid, 2013, too), ops
 * operates (2005). */
static void add_people(struct house *h)
{
    static const char *const lines[] = {
        "user add ann --uid=2001", "user add bob --uid=2002", "user add cid --uid=2003",
        "user add cid --uid=2013", "user add dan --uid=2004", "user add ops --uid=2005",
        "group add asking ann --role=requester", "group add deciding bob --role=approver",
        "group add deciding cid", "group add deciding dan", "group add operating ops --role=operator",
    };
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        runs_as(h, 1000, 0, lines[i], "", &out);
    }
    ch_buf_done(&out);
}

static struct house *house_of_people(void)
{
    struct house *h = house_new();
    add_people(h);
    return h;
}

static void one_asks_and_another_approves(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    runs_as(h, 2005, 1, "exceptions request " WHEEL " --reason=needed", "it needs exception.request", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1", &out);
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=still", "asked for already, as exception 1", &out);
    runs_as(h, 2001, 1, "approve 1", "it needs exception.approve", &out);
    runs_as(h, 1000, 1, "approve 1", "local:1000 may not do this", &out); /* operator only from now on */
    runs_as(h, 2005, 1, "approve 1", "user:ops may not do this", &out);
    runs_as(h, 2001, 0, "exceptions list", "exception 1 (requested), asked for by user:ann", &out);
    runs_as(h, 2001, 0, "exceptions show 1", "exception 1", &out);
    assert_false(is_had(h));
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out); /* a cool-down: one is enough */
    assert_true(is_had(h));
    assert_steps(h, 1, "requested, approved, in force");
    runs_as(h, 1000, 0, "explain " WHEEL, "asked for by user:ann, approved by user:bob, until", &out);
    runs_as(h, 2001, 1, "exceptions revoke 1 --reason=x", "it needs exception.approve", &out);
    runs_as(h, 2001, 0, "exceptions renew 1 --reason=longer", "asked for, as exception 2", &out);
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
static void t22_nobody_approves_what_they_asked_for(void **state)
{
    (void)state;
    struct house *h = house_of_people();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=needed --expires=14d",
            "asked for, as exception 1, and not approved: you asked for it yourself, another person has to "
            "approve it (customhouse approve 1)", &out);
    runs_as(h, 2002, 1, "approve 1", "exception 1: you asked for it yourself", &out);
    runs_as(h, 2002, 1, "approve " WHEEL " --reason=again", "you asked for it yourself", &out);
    assert_false(is_had(h));
    runs_as(h, 2003, 0, "exceptions request " WHEEL " --reason=me", "asked for already", &out);
    runs_as(h, 2013, 1, "approve 1", "you asked for it yourself", &out); /* the same person's other uid */
    assert_false(is_had(h));
    runs_as(h, 2004, 0, "approve " WHEEL, "now: allow", &out);
    assert_true(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

static void take_token(const struct ch_buf *out, char ret[EXCEPTION_TOKEN]);

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
    runs_as(h, 2001, 0, "exceptions request " WHEEL " --reason=needed", "asked for, as exception 1", &out);
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
    runs_as(h, 2005, 0, "group revoke deciding bob --reason=left", "", &out);
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
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: always, max_days: 10, "
                                       "default_days: 5}\n", &err));
    runs_as(h, 2001, 2, "exceptions request " WHEEL " --reason=needed --expires=11d", "at most 10 days", &out);
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

/* ------------------------------------------------------------------ what was seen (T8) */

static void take_token(const struct ch_buf *out, char ret[EXCEPTION_TOKEN])
{
    size_t at = 0;
    assert_true(ch_str_find(ch_buf_str(out), CH_STR("--evidence "), &at));
    snprintf(ret, EXCEPTION_TOKEN, "%.*s", EXCEPTION_TOKEN - 1, out->ptr + at + 11);
}

static void t8_what_changed_is_a_conflict(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char token[EXCEPTION_TOKEN], other[EXCEPTION_TOKEN];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "irregular", 1);
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out); /* nobody approves findings unseen */
    assert_says(&out, "having read these findings");
    take_token(&out, token);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 8\n", &err));
    h->evidence = token;
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: the policy is another than when it was shown");
    take_token(&out, other);
    set_wheel(h, "irregular, and other bytes", 1);
    page_due(h);
    house_ask_page(h, "pkg");
    h->evidence = other;
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: the files are others than were shown");
    take_token(&out, token);
    h->evidence = "0123456789abcdef";
    COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
    assert_says(&out, "conflict: that is not what --evidence was shown as");
    assert_false(is_had(h));
    h->evidence = token;
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    /* what was asked for under another policy is shown again before it is approved */
    h->evidence = NULL;
    set_wheel(h, "young", 1);
    page_due(h);
    house_ask_page(h, "pkg");
    uint64_t id = asks(h, "anonymous");
    char number[24];
    snprintf(number, sizeof(number), "%llu", (unsigned long long)id);
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 9\n", &err));
    COMMAND(h, 1, false, "approve", number, NULL, NULL, &out);
    assert_says(&out, "conflict: the policy is another");
    assert_false(is_had(h));
    take_token(&out, token);
    h->evidence = token;
    COMMAND(h, 0, false, "approve", number, NULL, NULL, &out);
    assert_true(is_had(h));
    h->evidence = NULL;
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ what a refusal's page asks */

static void a_page_asks_and_grants_nothing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    char id[17];
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    house_ask_exception(h, "aaaaaaaaaaaaaaaa", "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 404);
    house_ask_refusal(h, id);
    assert_true(h->refusal.may_ask);
    house_ask_exception(h, id, "", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "two\nlines", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why", "366d", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why", "yesterday", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 400);
    house_ask_exception(h, id, "why not", "14d", "192.0.2.1");
    assert_int_equal(h->exception.http_status, 201);
    assert_int_equal(h->exception.exception, 1);
    assert_false(is_had(h)); /* T21: it grants nothing */
    house_ask_refusal(h, id);
    assert_false(h->refusal.may_ask);
    assert_true(ch_str_starts(h->refusal.exception, CH_STR("exception 1 is requested, until ")));
    assert_false(ch_str_find(h->refusal.exception, CH_STR("192.0.2.1"), NULL));
    for (int i = 0; i < 4; i++) { /* the same again is the same */
        house_ask_exception(h, id, "me too", NULL, "192.0.2.2");
        assert_int_equal(h->exception.http_status, 200);
        assert_int_equal(h->exception.exception, 1);
    }
    assert_int_equal(exceptions_count(h->k), 1);
    assert_steps(h, 1, "requested");
    assert_int_equal(0, exceptions_command(h, "show", "1", NULL, &out));
    assert_says(&out, "asked for by anonymous, approved by nobody yet");
    assert_says(&out, "asked from: 192.0.2.1");
    COMMAND(h, 0, false, "approve", "1", NULL, NULL, &out);
    assert_true(is_had(h));
    house_ask_exception(h, id, "why", NULL, "192.0.2.3");
    assert_int_equal(h->exception.http_status, 409);
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "not any more", &out));
    COMMAND(h, 0, false, "deny", "pypi:pkg", "malware", NULL, &out);
    house_ask_exception(h, id, "why", NULL, "192.0.2.4");
    assert_int_equal(h->exception.http_status, 403);
    house_ask_refusal(h, id);
    assert_false(h->refusal.may_ask);
    h->second_word = WHEEL;
    COMMAND(h, 1, false, "exceptions", "request", "why", NULL, &out);
    h->second_word = NULL;
    assert_says(&out, "no exception can lift that");
    ch_buf_done(&out);
    house_free(h);
}

/* T14: an address is slowed down, and what is open is bounded. */
static void t14_requests_are_bounded(void **state)
{
    (void)state;
    struct house *h = house_new();
    char id[17];
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    assert_false(is_had(h));
    snprintf(id, sizeof(id), "%.*s", CH_STR_ARG(h->file.refusal.id));
    for (uint64_t i = 0; i < ch_limits.exception_asks_burst; i++) {
        house_ask_exception(h, "aaaaaaaaaaaaaaaa", "guessing", NULL, "192.0.2.1");
        assert_int_equal(h->exception.http_status, 404);
    }
    house_ask_exception(h, id, "why", NULL, "192.0.2.1");
    assert_int_equal(h->exception.http_status, 429);
    uint64_t keep = ch_limits.exceptions_of_one;
    ch_limits.exceptions_of_one = 0;
    house_ask_exception(h, id, "why", NULL, "192.0.2.2");
    assert_int_equal(h->exception.http_status, 429);
    ch_limits.exceptions_of_one = 1;
    house_ask_exception(h, id, "why", NULL, "192.0.2.2");
    assert_int_equal(h->exception.http_status, 201);
    h->second_word = "pypi:pkg>=2"; /* another principal's */
    COMMAND(h, 0, false, "exceptions", "request", "why", NULL, &out);
    h->second_word = "pypi:pkg>=3";
    COMMAND(h, 1, false, "exceptions", "request", "why", NULL, &out);
    assert_says(&out, "too many exceptions");
    h->second_word = NULL;
    ch_limits.exceptions_of_one = keep;
    uint64_t askers = ch_limits.exception_askers;
    ch_limits.exception_askers = 1;
    assert_ch_code(CH_E_LIMIT,
                   exceptions_join(h->k, 1, CH_STR("user:ann"), CH_STR(""), CH_STR("too"), &err));
    ch_limits.exception_askers = askers;
    ch_buf_done(&out);
    house_free(h);
}

/* ------------------------------------------------------------------ ends */

static void t4_revoking_acts_at_once(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    uint64_t epoch = h->epoch.epoch;
    assert_int_equal(2, exceptions_command(h, "revoke", "1", NULL, &out)); /* why? */
    assert_int_equal(0, exceptions_command(h, "revoke", "1", "found out", &out));
    assert_false(house_serves(h, "young"));
    assert_true(h->epoch.epoch > epoch);
    assert_false(is_had(h));
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "again", &out));
    assert_says(&out, "exception 1 is revoked");
    house_restart(h);
    assert_false(is_had(h));
    /* one that cannot be stored acts all the same, until this keeper ends */
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out);
    assert_true(is_had(h));
    house_settle(h);
    fail_commits = true;
    assert_int_equal(1, exceptions_command(h, "revoke", "2", "found out", &out));
    fail_commits = false;
    assert_says(&out, "in force until a restart, but not stored");
    assert_false(house_serves(h, "young"));
    assert_false(is_had(h));
    COMMAND(h, 0, false, "deny", "pypi:else", "loads the rulings anew", NULL, &out);
    assert_false(is_had(h));
    ch_buf_done(&out);
    house_free(h);
}

static void rejecting_and_renewing(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    set_wheel(h, "young", 1);
    house_ask_page(h, "pkg");
    asks(h, "user:ann");
    assert_int_equal(1, exceptions_command(h, "revoke", "1", "why", &out)); /* it is not in force */
    assert_int_equal(1, exceptions_command(h, "renew", "1", "why", &out));
    assert_int_equal(0, exceptions_command(h, "reject", "1", "no need", &out));
    COMMAND(h, 1, false, "approve", "1", NULL, NULL, &out);
    assert_says(&out, "exception 1 is rejected");
    COMMAND(h, 0, false, "approve", WHEEL, "needed", "2d", &out);
    assert_true(is_had(h));
    assert_int_equal(0, exceptions_command(h, "renew", "2", "still needed", &out));
    assert_says(&out, "(exception 3, ruling 2), now: allow");
    assert_int_equal(state_of(h, 2), EXCEPTION_STATE_RENEWED);
    assert_int_equal(state_of(h, 3), EXCEPTION_STATE_EFFECTIVE);
    assert_true(house_serves(h, "young")); /* it was never taken away */
    assert_true(is_had(h));
    house_restart(h);
    assert_true(is_had(h));
    assert_int_equal(0, exceptions_command(h, "revoke", "3", "enough", &out)); /* nothing of 2 is left */
    assert_false(is_had(h));
    h->flag = "all";
    COMMAND(h, 0, true, "exceptions", "list", NULL, NULL, &out);
    h->flag = NULL;
    assert_says(&out, "\"exception\":1,\"state\":\"rejected\"");
    assert_says(&out, "\"exception\":2,\"state\":\"renewed\"");
    assert_says(&out, "\"exception\":3,\"state\":\"revoked\"");
    assert_says(&out, "\"renews\":2");
    ch_buf_done(&out);
    house_free(h);
}

static void t11_it_ends_by_itself(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_buf out, when;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&when, 64);
    set_wheel(h, "young", 1);
    ch_time_put(&when, keeper_now_us(h->k) + 4000000, false);
    ch_buf_putc(&when, '\0');
    COMMAND(h, 0, false, "approve", WHEEL, "for a moment", when.ptr, &out);
    assert_true(is_had(h));
    uint64_t end = ch_now_boot_ms() + 15000;
    while (house_serves(h, "young") && ch_now_boot_ms() < end) {
        house_turn(h, 50);
    }
    assert_false(house_serves(h, "young")); /* nobody had to ask */
    house_settle(h);
    assert_steps(h, 1, "requested, approved, in force, ended");
    assert_int_equal(exceptions_count(h->k), 0);
    assert_int_equal(count_log(h, "exception"), 4);
    assert_false(is_had(h));
    assert_str_eq(h->file.refusal.rule, "cool-down");
    ch_buf_done(&when);
    ch_buf_done(&out);
    house_free(h);
}

/* Ended while no keeper ran: the next one says so. */
static void what_ended_meanwhile_is_settled(void **state)
{
    (void)state;
    struct house *h = house_new();
    set_wheel(h, "young", 1);
    house_ask_page(h, "pkg");
    struct exception_shown nothing = {.policy = ch_policy_digest(h->k->policy)};
    struct ch_exception_row row = {.repository = CH_STR("pypi"), .project = CH_STR("pkg"),
                                   .file_name = CH_STR(WHEEL), .requester = CH_STR("user:ann"),
                                   .at_us = keeper_now_us(h->k) - 2000000,
                                   .expires_at_us = keeper_now_us(h->k) - 1000000};
    assert_ch_ok(&err, exceptions_ask(h->k, &row, &nothing, &err));
    assert_int_equal(state_of(h, row.id), EXCEPTION_STATE_ENDED);
    house_restart(h);
    exceptions_settle(h->k);
    assert_steps(h, row.id, "requested, ended");
    house_free(h);
}

/* ------------------------------------------------------------------ all of it or nothing (T4) */

static void t4_what_cannot_be_stored_or_logged_is_not_in_force(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    for (int at = 0; at <= 4; at++) { /* the commit, then each entry: requested, approved, ruling, in force */
        struct house *h = house_new();
        set_wheel(h, "young", 1);
        house_ask_page(h, "pkg");
        struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
        CH_ASSERT(intake_want(h->k, p, 0, false, NULL) != NULL);
        house_settle(h);
        fail_commits = at == 0;
        fail_log_at = at;
        COMMAND(h, 1, false, "approve", WHEEL, "needed", "14d", &out);
        fail_commits = false;
        assert_int_equal(fail_log_at, 0);
        assert_false(is_had(h));
        assert_false(house_serves(h, "young"));
        assert_int_equal(exceptions_count(h->k), 0);
        house_settle(h);
        assert_int_equal(count_log(h, "exception"), 0);
        assert_int_equal(count_log(h, "ruling"), 0);
        house_restart(h);
        assert_int_equal(exceptions_count(h->k), 0);
        assert_false(is_had(h));
        COMMAND(h, 0, false, "approve", WHEEL, "needed", "14d", &out); /* and it can be tried again */
        assert_true(is_had(h));
        house_free(h);
    }
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(approve_is_an_exception),
        cmocka_unit_test(t9_it_lifts_what_it_was_approved_for),
        cmocka_unit_test(t22_it_takes_two_others),
        cmocka_unit_test(one_asks_and_another_approves),
        cmocka_unit_test(t22_nobody_approves_what_they_asked_for),
        cmocka_unit_test(t22_what_is_critical_takes_two),
        cmocka_unit_test(t22_a_person_who_asks_is_known),
        cmocka_unit_test(the_word_of_who_lost_the_right_counts_no_more),
        cmocka_unit_test(the_policy_sets_the_terms),
        cmocka_unit_test(t8_what_changed_is_a_conflict),
        cmocka_unit_test(a_page_asks_and_grants_nothing),
        cmocka_unit_test(t14_requests_are_bounded),
        cmocka_unit_test(t4_revoking_acts_at_once),
        cmocka_unit_test(rejecting_and_renewing),
        cmocka_unit_test(t11_it_ends_by_itself),
        cmocka_unit_test(what_ended_meanwhile_is_settled),
        cmocka_unit_test(t4_what_cannot_be_stored_or_logged_is_not_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
