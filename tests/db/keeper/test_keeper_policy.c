/* The policy as people see it: what is in force, what another one would change, what was in force.
 */
#include "said.h"

#include <stdio.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/rulings/rulings.h"

#define OLD   "pkg-1.0-py3-none-any.whl"
#define NEW   "pkg-2.0-py3-none-any.whl"
#define SDIST "pkg-2.0.tar.gz"
#define PRE   "pkg-3.0rc1-py3-none-any.whl"

#define FIRST "version: 1\ncool_down_days: 7\n"
#define SECOND                                                                                     \
    "version: 1\ncool_down_days: 30\nrules:\n"                                                     \
    "  - {name: no-other, project: other, then: deny, reason: not here}\n"

static char hex[CH_SHA256_HEX + 1];

static struct ch_buf out, input;

/* Both versions of pkg are served; other is known and served. */
static struct house *open_house(void)
{
    struct house *h = house_new_with(FIRST, NULL);
    char text[512];
    snprintf(text, sizeof(text), OLD " %s 3 60\n" NEW " - - 20\n" SDIST " - - 20\n" PRE " - - 15\n",
             house_hex("old", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old");
    house_site(h, FILE_URL(NEW), 200, "application/zip", "new");
    house_site(h, PAGE_URL("other"), 200, PAGE_TYPE, "other-1.0-py3-none-any.whl - - 60\n");
    house_site(h, FILE_URL("other-1.0-py3-none-any.whl"), 200, "application/zip", "other");
    house_ask_file(h, "pkg", OLD);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_ask_file(h, "other", "other-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    ch_buf_init(&out, 4u << 20);
    ch_buf_init(&input, 1u << 20);
    return h;
}

static void close_house(struct house *h)
{
    ch_buf_done(&out);
    ch_buf_done(&input);
    house_free(h);
}

static void begin_input(struct house *h, const char *policy)
{
    ch_buf_clear(&input);
    ch_put_str(&input, ch_str_of(policy));
    h->input = ch_buf_str(&input);
}

static void add_want(struct house *h, struct ch_policy_want want)
{
    want.ecosystem = CH_STR("pypi");
    want.file = CH_STR("lock");
    ch_policy_want_put(&input, &want);
    h->input = ch_buf_str(&input);
}

#define COMMAND(h, status, name, word)                                                             \
    do {                                                                                           \
        uint32_t got_ = house_command(h, false, name, word, NULL, NULL, &out);                     \
        if (got_ != (status)) {                                                                    \
            fail_msg("%u: %.*s", got_, CH_STR_ARG(ch_buf_str(&out)));                              \
        }                                                                                          \
    } while (0)

static void shows_what_is_in_force(void **state)
{
    (void)state;
    struct house *h = open_house();
    COMMAND(h, 0, "policy show", NULL);
    assert_says(&out, "number 1, by start");
    assert_says(&out, "# repository pypi (pypi, prod): mode quarantine");
    assert_says(&out, "cool_down_days: 7 ");
    assert_says(&out, "# line 2");
    assert_says(&out, "# default");
    assert_int_equal(house_command(h, true, "policy show", NULL, NULL, NULL, &out), 0);
    assert_says(&out, "{\"key\":\"cool_down_days\",\"value\":7,\"default\":false,\"line\":2}");
    assert_says(&out, "\"mode\":\"quarantine\"");
    close_house(h);
}

static void history_has_each_policy_once(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    assert_ch_ok(&err, house_reload(h, FIRST, &err)); /* the same */
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    assert_int_not_equal(house_reload(h, "nonsense: 1\n", &err), CH_OK);
    house_settle(h);
    COMMAND(h, 0, "policy history", NULL);
    assert_says(&out, "   2  ");
    assert_says(&out, "bytes  reload\n");
    assert_false(says(&out, "   3  "));
    h->policy = SECOND;
    house_restart(h); /* no other one: no row */
    COMMAND(h, 0, "policy history", NULL);
    assert_false(says(&out, "   3  "));
    h->policy = FIRST; /* edited while nothing ran */
    house_restart(h);
    COMMAND(h, 0, "policy history", NULL);
    assert_says(&out, "   3  ");
    assert_int_equal(house_command(h, true, "policy history", NULL, NULL, NULL, &out), 0);
    assert_says(&out, "\"number\":3");
    close_house(h);
}

/* A policy whose record is lost with its group of writes is written down later. */
static void diff_says_what_differs(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    COMMAND(h, 1, "policy diff", NULL); /* there is no other */
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    house_settle(h);
    COMMAND(h, 0, "policy diff", NULL);
    assert_says(&out, "changed  cool_down_days: 7 (line 2) -> 30 (line 2)");
    assert_says(&out, "added    rules.no-other.then: deny");
    assert_false(says(&out, "removed")); /* not even that there were no rules */
    assert_says(&out, "-cool_down_days: 7\n");
    assert_says(&out, "+cool_down_days: 30\n");
    h->second_word = "1";
    COMMAND(h, 0, "policy diff", "2");
    assert_says(&out, "removed  rules.no-other.then: deny");
    h->second_word = NULL;
    struct ch_sha256 d = ch_policy_digest(h->k->policy);
    ch_sha256_hex(&d, hex);
    hex[12] = '\0';
    COMMAND(h, 0, "policy diff", hex); /* with itself */
    assert_says(&out, "they mean the same");
    COMMAND(h, 2, "policy diff", "9");
    COMMAND(h, 2, "policy diff", "0123456789ab");
    COMMAND(h, 2, "policy diff", "abc");
    assert_int_equal(house_command(h, true, "policy diff", NULL, NULL, NULL, &out), 0);
    assert_says(&out, "\"before\":7");
    close_house(h);
}

static void a_trial_changes_nothing(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin_input(h, SECOND);
    uint64_t epoch = keeper_epoch(h->k);
    COMMAND(h, 1, "policy test", NULL);
    assert_says(&out, "stricter  pypi  " NEW "  allow");
    assert_says(&out, "-> hold (cool-down, line 2)");
    assert_says(&out, "-> deny (rule no-other, line 4): not here");
    assert_says(&out, "looked at 3 files with a decision, of 2 projects: 2 stricter, 0 looser");
    assert_says(&out, "would be held (cool-down): 1");
    assert_says(&out, "would be denied: 1");
    assert_int_equal(house_command(h, true, "policy test", NULL, NULL, NULL, &out), 1);
    assert_says(&out, "\"stricter\":2");
    assert_says(&out, "\"file\":\"" NEW "\",\"now\":{\"verdict\":\"allow\"");
    assert_says(&out, "\"version\":\"1.0\",\"file\":\"other-1.0-py3-none-any.whl\"");
    assert_says(&out, "\"rule\":\"rule no-other\",\"reason\":\"not here\",\"policy_line\":4,"
                      "\"policy_column\":5}");
    assert_says(&out, "\"policy_line\":2,\"policy_column\":1}");
    assert_int_equal(keeper_epoch(h->k), epoch);
    house_ask_file(h, "pkg", NEW);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    begin_input(h, FIRST);
    COMMAND(h, 0, "policy test", NULL);
    begin_input(h, "version: 1\ncool_down_days: no\n");
    COMMAND(h, 2, "policy test", NULL);
    assert_says(&out, ":2:");
    begin_input(h, "version: 1\nrules: [{name: x, repository: nowhere, then: deny}]\n");
    COMMAND(h, 2, "policy test", NULL);
    begin_input(h, "");
    COMMAND(h, 2, "policy test", NULL);
    close_house(h);
}

static void lines_of_a_lock_file(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_sha256 d = ch_sha256_of("old", 3), wrong = ch_sha256_of("wrong", 5);
    begin_input(h, SECOND);
    add_want(h,
             (struct ch_policy_want){.name = CH_STR("pkg"), .version = CH_STR("2.0"), .line = 1});
    add_want(h, (struct ch_policy_want){.name = CH_STR("pkg"), .line = 2});
    add_want(h, (struct ch_policy_want){.name = CH_STR("pkg"),
                                        .version = CH_STR("1.0"),
                                        .line = 3,
                                        .hash_count = 1,
                                        .sha256 = {(const char *)d.byte, CH_SHA256_BYTES}});
    add_want(h, (struct ch_policy_want){.name = CH_STR("pkg"),
                                        .version = CH_STR("1.0"),
                                        .line = 4,
                                        .hash_count = 1,
                                        .sha256 = {(const char *)wrong.byte, CH_SHA256_BYTES}});
    add_want(h, (struct ch_policy_want){.name = CH_STR("other"), .line = 5});
    add_want(h, (struct ch_policy_want){.name = CH_STR("nowhere"), .line = 6});
    add_want(h,
             (struct ch_policy_want){.name = CH_STR("pkg"), .specifier = CH_STR(">=9"), .line = 7});
    add_want(h,
             (struct ch_policy_want){.name = CH_STR("pkg"), .source = CH_STR("git+x"), .line = 8});
    struct ch_sha256 zeros = {{0}}; /* 2.0 was not fetched: nothing is known that could have this */
    add_want(h, (struct ch_policy_want){.name = CH_STR("pkg"),
                                        .version = CH_STR("2.0"),
                                        .line = 9,
                                        .hash_count = 1,
                                        .sha256 = {(const char *)zeros.byte, CH_SHA256_BYTES}});
    /* another kind of hash than is compared */
    add_want(h, (struct ch_policy_want){
                    .name = CH_STR("pkg"), .version = CH_STR("1.0"), .line = 10, .hash_count = 2});
    COMMAND(h, 1, "policy test", NULL);
    assert_says(&out, "lock:1  pkg==2.0  held (cool-down, line 2)");
    assert_says(&out, "what could be had is 1.0");
    /* the pre-release is newer, and no resolver takes it by itself */
    assert_says(&out, "lock:2  pkg  older (cool-down, line 2)");
    assert_says(&out, "a resolver would get 1.0 instead of 2.0");
    assert_false(says(&out, "lock:3"));
    assert_says(&out, "lock:4  pkg==1.0  hashes: none of the 1 files known of this version");
    assert_says(&out, "lock:5  other  denied (rule no-other, line 4): not here");
    assert_says(&out, "lock:6  nowhere  missing: no upstream of repository pypi");
    assert_says(&out, "lock:7  pkg>=9  missing");
    assert_says(&out, "lock:8  pkg  not-asked");
    assert_false(says(&out, "lock:9  pkg==2.0  held"));
    assert_says(&out, "lock:10  pkg==1.0  unknown: none of its 2 hashes is a sha256");
    assert_says(&out, "looked at 10 lines: 1 passes, 1 not-asked, 1 older, 1 held, 1 denied, ");
    assert_says(&out, "2 missing");
    assert_int_equal(house_command(h, true, "policy test", NULL, NULL, NULL, &out), 1);
    assert_says(&out, "\"state\":\"older\"");
    assert_says(&out, "\"version_then\":\"1.0\"");
    begin_input(h, ""); /* under the policy in force */
    add_want(h,
             (struct ch_policy_want){.name = CH_STR("pkg"), .version = CH_STR("2.0"), .line = 1});
    COMMAND(h, 0, "policy test", NULL);
    assert_says(&out, "looked at 1 lines: 1 passes\n");
    close_house(h);
}

/* A name that is new here is asked for as a client's would be, and told when it cannot be. */
static void names_that_are_new_are_looked_up(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_site(h, PAGE_URL("fresh"), 200, PAGE_TYPE, "fresh-1.0-py3-none-any.whl - - 1\n");
    house_site(h, PAGE_URL("broken"), 500, "text/plain", "");
    begin_input(h, "");
    add_want(h,
             (struct ch_policy_want){.name = CH_STR("fresh"), .version = CH_STR("1.0"), .line = 1});
    add_want(h, (struct ch_policy_want){.name = CH_STR("broken"), .line = 2});
    COMMAND(h, 1, "policy test", NULL);
    assert_says(&out, "lock:1  fresh==1.0  held (cool-down, line 2)");
    assert_says(&out, "no other version could be had");
    assert_says(&out, "lock:2  broken  unknown: it could not be looked up");
    close_house(h);
}

static void an_offer_names_who_and_why(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    begin_input(h, SECOND);
    assert_int_equal(
        house_command(h, false, "policy offer", NULL, "stricter, ticket 7", NULL, &out), 0);
    assert_says(&out, "2 stricter");
    assert_true(house_serves(h, "new")); /* an offer alone changes nothing */
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    house_settle(h);
    assert_false(house_serves(h, "new"));
    assert_true(house_serves(h, "old"));
    struct ch_sha256 d = ch_policy_digest(h->k->policy);
    ch_sha256_hex(&d, hex);
    h->input = (struct ch_str){NULL, 0};
    COMMAND(h, 0, "policy await", hex);
    assert_says(&out, "number 2 of the history");
    COMMAND(h, 0, "policy history", NULL);
    assert_says(&out, "local:1000  stricter, ticket 7");
    /* the next one is nobody's word */
    assert_ch_ok(&err, house_reload(h, FIRST, &err));
    house_settle(h);
    COMMAND(h, 0, "policy history", NULL);
    assert_says(&out, "bytes  reload\n");
    house_ask_file(h, "pkg", NEW);
    COMMAND(h, 0, "explain", NEW);
    d = ch_policy_digest(h->k->policy);
    ch_sha256_hex(&d, hex);
    hex[16] = '\0';
    assert_says(&out, hex); /* every decision names its policy */
    begin_input(h, "version: 2\n");
    COMMAND(h, 2, "policy offer", NULL);
    close_house(h);
}

/* --- many projects --- */

enum { MANY = 20 };

static uint64_t former_parts[2];
static char many_names[MANY][16], many_files[MANY][48];

/* All of them served, and each project a turn of its own. */
static struct house *open_many(void)
{
    struct house *h = house_new_with(FIRST, NULL);
    former_parts[0] = ch_limits.judge_part;
    former_parts[1] = ch_limits.rescan_part;
    ch_limits.judge_part = 1;
    ch_limits.rescan_part = 1;
    for (int i = 0; i < MANY; i++) {
        char url[1024], page[1024];
        snprintf(many_names[i], sizeof(many_names[i]), "many%02d", i);
        snprintf(many_files[i], sizeof(many_files[i]), "many%02d-1.0-py3-none-any.whl", i);
        snprintf(url, sizeof(url), "https://up.example.org/simple/%s/", many_names[i]);
        snprintf(page, sizeof(page), "%s - - 20\n", many_files[i]);
        house_site(h, url, 200, PAGE_TYPE, page);
        snprintf(url, sizeof(url), "https://up.example.org/files/%s", many_files[i]);
        house_site(h, url, 200, "application/zip", many_names[i]);
        house_ask_file(h, many_names[i], many_files[i]);
        assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    }
    house_settle(h);
    ch_buf_init(&out, 4u << 20);
    ch_buf_init(&input, 1u << 20);
    return h;
}

static void close_many(struct house *h)
{
    ch_limits.judge_part = former_parts[0];
    ch_limits.rescan_part = former_parts[1];
    close_house(h);
}

static size_t served_of_many(struct house *h)
{
    size_t n = 0;
    for (int i = 0; i < MANY; i++) {
        n += house_serves(h, many_names[i]);
    }
    return n;
}

static void gateways_are_answered_while_a_policy_is_tried(void **state)
{
    (void)state;
    struct house *h = open_many();
    begin_input(h, SECOND);
    house_send_file_ask(h, many_names[0], many_files[0], CH_PART_FILE, 1000, false);
    COMMAND(h, 1, "policy test", NULL);
    assert_true(h->file_here);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(h->file_turn + MANY / 2 < h->command_turn);
    assert_says(&out, "looked at 20 files with a decision, of 20 projects: 20 stricter");
    close_many(h);
}

/* Nothing more is held by it, but what has to happen until it passes is something else. */
static void what_is_held_for_another_reason_is_not_stricter(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    house_settle(h);
    begin_input(h, SECOND "  - {name: slow, project: pkg, then: hold, reason: ask first}\n");
    COMMAND(h, 1, "policy test", NULL); /* the one that passed */
    assert_says(&out, "stricter  pypi  " OLD "  allow");
    assert_says(&out, "restated  pypi  " NEW "  hold (cool-down, line 2) -> hold (rule slow, line 5): ask first");
    assert_says(&out, "2 projects: 1 stricter, 0 looser, 1 otherwise explained, 1 the same");
    assert_says(&out, "would be held (rule): 1");
    begin_input(h, "version: 1\ncool_down_days: 40\nrules:\n"
                   "  - {name: no-other, project: other, then: deny, reason: not here}\n");
    COMMAND(h, 0, "policy test", NULL);
    assert_says(&out, "restated  pypi  " NEW "  hold (cool-down, line 2) -> hold (cool-down, line 2)");
    assert_says(&out, "0 stricter, 0 looser, 1 otherwise explained, 2 the same");
    begin_input(h, SECOND);
    COMMAND(h, 0, "policy test", NULL);
    assert_says(&out, "0 stricter, 0 looser, 0 otherwise explained, 3 the same");
    close_house(h);
}

/* What another policy withdraws is refused at once, whatever else has to be judged again. */
static void another_policy_acts_before_all_is_judged_again(void **state)
{
    (void)state;
    struct house *h = open_many();
    struct ch_err err;
    uint64_t epoch = keeper_epoch(h->k);
    assert_int_equal(served_of_many(h), MANY);
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    assert_true(keeper_epoch(h->k) > epoch); /* what gateways remember has ended */
    assert_true(again_is_running(h->k));
    assert_true(served_of_many(h) >= MANY - 1);
    for (int i = 0; i < MANY; i += 7) {
        house_ask_file(h, many_names[i], many_files[i]);
        assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
        assert_str_eq(h->file.refusal.rule, "cool-down");
    }
    house_settle(h);
    assert_false(again_is_running(h->k));
    assert_int_equal(served_of_many(h), 0);
    close_many(h);
}

static void judging_again_goes_on_after_a_crash(void **state)
{
    (void)state;
    struct house *h = open_many();
    struct ch_err err;
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    assert_true(again_is_running(h->k));
    h->policy = SECOND;
    house_restart(h);
    assert_true(again_is_running(h->k));
    house_settle(h);
    assert_int_equal(served_of_many(h), 0); /* nobody asked for any of them */
    house_restart(h);
    assert_false(again_is_running(h->k));
    h->policy = FIRST; /* edited while nothing ran */
    house_restart(h);
    assert_true(again_is_running(h->k));
    close_many(h);
}

/* What a denial of bytes or the end of a ruling began, under the same policy. */
static void judging_again_for_a_denial_goes_on_after_a_crash(void **state)
{
    (void)state;
    struct house *h = open_many();
    struct ch_err err;
    const char *name = many_names[MANY - 1];
    struct ch_ruling_row deny = {.deny = true,
                                 .sha256 = ch_sha256_of(name, strlen(name)),
                                 .reason = CH_STR("malware"),
                                 .by = CH_STR("uid:0"),
                                 .at_us = ch_now_unix_us(),
                                 .expires_at_us = CH_TIME_UNKNOWN};
    assert_false(again_is_running(h->k));
    assert_ch_ok(&err, rulings_add(h->k, &deny, &err));
    assert_true(again_is_running(h->k));
    house_restart(h);
    assert_true(again_is_running(h->k));
    house_settle(h); /* nobody asks for it */
    struct page *p = page_get(h->k, CH_STR("pypi"), ch_str_of(name));
    assert_true(page_load(h->k, p));
    assert_int_equal(p->files[0].recorded_verdict, CH_VERDICT_DENY);
    house_restart(h);
    assert_false(again_is_running(h->k));
    close_many(h);
}

/* What a running keeper acts on at once, a start does that finds it: another configuration, a ruling that
 * ended meanwhile. (An approval has its exception, which ends first; a denial is alone.) */
static void a_start_judges_by_what_changed_meanwhile(void **state)
{
    (void)state;
    struct house *h = open_many();
    struct ch_err err;
    char config[4096];
    struct ch_ruling_row row = {.deny = true,
                                .project = CH_STR("not-of-these"),
                                .policy = ch_policy_digest(h->k->policy),
                                .reason = CH_STR("for now"),
                                .by = CH_STR("uid:0"),
                                .at_us = ch_now_unix_us(),
                                .expires_at_us = ch_now_unix_us() + 200000};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    house_settle(h);
    house_stop(h);
    usleep(250000);
    house_start(h, h->policy, h->config);
    assert_true(again_is_running(h->k));
    house_settle(h);
    house_restart(h);
    assert_false(again_is_running(h->k));
    snprintf(config, sizeof(config), "%.*s\n# another\n", CH_STR_ARG(h->k->child.setup.config_text));
    h->config = config;
    house_restart(h);
    assert_true(again_is_running(h->k));
    house_settle(h);
    house_restart(h);
    assert_false(again_is_running(h->k));
    close_many(h);
}

struct interruption {
    struct ch_timer timer;
    struct house *h;
    int left;
};

/* Somebody denies a project while the policy is tried. */
static void on_interruption(struct ch_timer *t)
{
    struct interruption *i = CH_CONTAINER_OF(t, struct interruption, timer);
    struct ch_err err;
    struct ch_ruling_row deny = {.deny = true,
                                 .project = ch_str_of(many_names[i->left]),
                                 .reason = CH_STR("bad"),
                                 .by = CH_STR("ann"),
                                 .at_us = keeper_now_us(i->h->k),
                                 .expires_at_us = CH_TIME_UNKNOWN};
    CH_ASSERT(rulings_add(i->h->k, &deny, &err) == CH_OK);
    assert_false(house_serves(i->h, many_names[i->left])); /* at once */
    if (--i->left > 0) {
        ch_loop_set_timer(i->h->loop, t, ch_loop_now_ms(i->h->loop) + 1);
    }
}

static void a_trial_is_of_one_state(void **state)
{
    (void)state;
    struct house *h = open_many();
    struct interruption i = {.h = h, .left = 3, .timer.fn = on_interruption};
    begin_input(h, SECOND);
    ch_loop_set_timer(h->loop, &i.timer, ch_loop_now_ms(h->loop) + 1);
    COMMAND(h, 1, "policy test", NULL);
    assert_int_equal(i.left, 0);
    assert_says(&out, "looked at 20 files with a decision, of 20 projects: 17 stricter, 0 looser, "
                      "0 otherwise explained, 3 the same");
    assert_false(says(&out, "many03-1.0-py3-none-any.whl  allow"));
    close_many(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_what_is_in_force),
        cmocka_unit_test(history_has_each_policy_once),
        cmocka_unit_test(diff_says_what_differs),
        cmocka_unit_test(a_trial_changes_nothing),
        cmocka_unit_test(what_is_held_for_another_reason_is_not_stricter),
        cmocka_unit_test(lines_of_a_lock_file),
        cmocka_unit_test(names_that_are_new_are_looked_up),
        cmocka_unit_test(an_offer_names_who_and_why),
        cmocka_unit_test(gateways_are_answered_while_a_policy_is_tried),
        cmocka_unit_test(another_policy_acts_before_all_is_judged_again),
        cmocka_unit_test(judging_again_goes_on_after_a_crash),
        cmocka_unit_test(judging_again_for_a_denial_goes_on_after_a_crash),
        cmocka_unit_test(a_start_judges_by_what_changed_meanwhile),
        cmocka_unit_test(a_trial_is_of_one_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
