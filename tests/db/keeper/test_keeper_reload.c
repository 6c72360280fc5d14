/* A reload's two steps in the keeper, and what is durable after them. */
#include "house.h"

#include "db/keeper/policies/policies.h"

enum ch_code __real_ch_store_commit(struct ch_store *s, struct ch_err *err);
enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err);

#define WHEEL  "pkg-1.0-py3-none-any.whl"
#define FIRST  "version: 1\ncool_down_days: 7\n"
#define SECOND "version: 1\ncool_down_days: 60\n"
#define CONFIG                                                                                     \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "upstreams:\n  - {name: up, ecosystem: pypi, trust_times: true, "                              \
    "url: 'https://up.example.org/simple'}\n"                                                      \
    "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"

static bool fail_commits;
static struct ch_buf out;

enum ch_code __wrap_ch_store_commit(struct ch_store *s, struct ch_err *err)
{
    if (!fail_commits) {
        return __real_ch_store_commit(s, err);
    }
    ch_store_rollback(s); /* as the real one does */
    return ch_fail(err, CH_E_FULL, "no space left");
}

/* A wheel that is 30 days old, and had. */
static struct house *open_house(void)
{
    struct house *h = house_new_with(FIRST, CONFIG);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL " - - 30\n");
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_settle(h);
    ch_buf_init(&out, 1u << 20);
    return h;
}

static void close_house(struct house *h)
{
    ch_buf_done(&out);
    house_free(h);
}

static bool history_says(struct house *h, const char *text)
{
    assert_int_equal(house_command(h, false, "policy history", NULL, NULL, NULL, &out), 0);
    return ch_str_find(ch_buf_str(&out), ch_str_of(text), NULL);
}

/* What another process could not work with is nowhere to be seen. */
static void what_is_prepared_is_not_in_force(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_child *child = &h->k->child;
    struct ch_err err;
    struct ch_setup texts = {.policy_name = CH_STR("policy.yaml"),
                             .policy_text = CH_STR(SECOND),
                             .config_name = CH_STR("customhouse.yaml"),
                             .config_text = CH_STR(CONFIG "index_refresh_seconds: 7\n")};
    uint64_t epoch = keeper_epoch(h->k);
    assert_ch_ok(&err, child->on_prepare(h->k, &texts, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    child->on_abort(h->k, CH_STR("gateway/0: cannot"));
    house_settle(h);
    assert_int_equal(keeper_epoch(h->k), epoch);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_int_not_equal(h->k->config->index_refresh_s, 7);
    assert_string_equal(h->k->policies->refused, "gateway/0: cannot");
    assert_false(history_says(h, "   2  "));
    assert_ch_ok(&err, house_reload_texts(h, &texts, &err)); /* the same, and all can */
    assert_int_equal(h->k->config->index_refresh_s, 7);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_true(history_says(h, "   2  "));
    close_house(h);
}

static void what_was_not_recorded_is_recorded_later(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    fail_commits = true;
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    assert_false(ch_store_in_group(h->k->store));
    fail_commits = false;
    house_ask_file(h, "pkg", WHEEL); /* what it takes away is away all the same */
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    policies_tick(h->k);
    house_settle(h);
    assert_true(history_says(h, "   2  "));
    policies_tick(h->k);
    house_settle(h);
    assert_false(history_says(h, "   3  "));
    close_house(h);
}

/* Who is told that it is in force finds it in the history, with who and why, whatever ends then. */
static void what_is_in_force_is_durable(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_err err;
    struct ch_policy *p;
    assert_ch_ok(&err, ch_policy_parse(CH_STR(SECOND), "second", &p, &err));
    struct ch_sha256 digest = ch_policy_digest(p);
    ch_policy_free(p);
    policies_offer(h->k, &digest, CH_STR("user:anna"), CH_STR("ticket 5"));
    assert_ch_ok(&err, house_reload(h, SECOND, &err));
    h->policy = SECOND;
    house_restart(h); /* without a turn of its loop in between */
    assert_true(history_says(h, "user:anna"));
    assert_true(history_says(h, "ticket 5"));
    assert_false(history_says(h, "   3  "));
    close_house(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_prepared_is_not_in_force),
        cmocka_unit_test(what_was_not_recorded_is_recorded_later),
        cmocka_unit_test(what_is_in_force_is_durable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
