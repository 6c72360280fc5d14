/* A large page comes from the store on a thread: what goes on meanwhile, and who waits for it. The thread is kept busy
 * until the test lets it go, so that what comes between comes between. */
#include "house.h"

#include <semaphore.h>
#include <stdio.h>

#include "db/keeper/rulings/rulings.h"

#include "customhouse/limits.h"

#define CHANNEL "https://up.example.org/chan/noarch/repodata.json.zst"
#define GOOD    "a-1.0-0.tar.bz2"

static const char CONFIG[] = "listen: [{address: '127.0.0.1:8080'}]\n"
                             "anonymous_pull: true\n"
                             "upstreams:\n"
                             "  - {name: up, ecosystem: conda, url: 'https://up.example.org/chan', trust_times: true}\n"
                             "repositories:\n"
                             "  - {name: chan, ecosystem: conda, upstreams: [up]}\n";

static struct page *noarch(struct house *h)
{
    return page_get(h->k, CH_STR("chan"), CH_STR("noarch"));
}

static sem_t door;

static void stand_in_the_way(void *ctx)
{
    (void)ctx;
    while (sem_wait(&door) != 0) {
    }
}

static void say(void *ctx)
{
    sem_post(ctx);
}

static void gone(void *ctx, const struct published *unused)
{
    (void)ctx;
    (void)unused;
}

/* A channel is known and one of its files served; then the keeper starts anew, and its thread is busy. */
static struct house *open_house(void)
{
    struct house *h = house_new_with("version: 1\ncool_down_days: 7\n", CONFIG);
    char hex[2][CH_SHA256_HEX + 1], text[400];
    snprintf(text, sizeof(text), GOOD " %s 4 30 of:a=1.0\nb-1.0-0.conda %s 10 30\n", house_hex("fine", hex[0]),
             house_hex("b", hex[1]));
    house_site(h, CHANNEL, 200, "application/zstd", text);
    house_site(h, FILE_URL(GOOD), 200, "application/zip", "fine");
    h->asked = "chan";
    house_ask_page(h, "noarch");
    house_ask_file(h, "noarch", GOOD);
    assert_true(house_serves(h, "fine"));
    house_restart(h);
    ch_limits.merge_bytes = 0;
    assert_int_equal(sem_init(&door, 0, 0), 0);
    offload_run(h->k, stand_in_the_way, gone, NULL);
    return h;
}

static void let_go(void)
{
    assert_int_equal(sem_post(&door), 0);
}

static void close_house(struct house *h)
{
    ch_limits.merge_bytes = 4194304;
    house_free(h);
    sem_destroy(&door);
}

/* It was asked for, and is being read. */
static void begin(struct house *h)
{
    house_send_page_ask(h, "noarch", 0);
    while (noarch(h)->read == NULL) {
        house_turn(h, 0);
    }
}

static void leases_do_not_wait_for_it(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    atomic_store(&h->epoch.lease_until_boot_ms, 0);
    ch_loop_set_timer(h->loop, &h->k->lease_timer, ch_now_boot_ms());
    while (atomic_load(&h->epoch.lease_until_boot_ms) == 0) {
        house_turn(h, 0);
    }
    assert_int_equal(noarch(h)->load, PAGE_UNLOADED);
    assert_false(h->page_here);
    let_go();
    house_until(h, &h->page_here);
    assert_int_equal(h->page.file_count, 2);
    assert_true(noarch(h)->read == NULL);
    close_house(h);
}

static void all_who_ask_are_answered_once_it_is_there(void **state)
{
    (void)state;
    struct house *h = open_house();
    size_t fetches = h->fetches;
    begin(h);
    uint64_t first = h->asks;
    house_send_page_ask(h, "noarch", 0);
    house_send_file_ask(h, "noarch", GOOD, CH_PART_FILE, 20000, false);
    let_go();
    until_told(h, first + 2);
    until_told(h, first + 1);
    assert_int_equal(house_told(h, first), 200);
    assert_int_equal(house_told(h, first + 1), 200);
    if (house_told(h, first + 2) != CH_FILE_ALLOW) {
        fail_msg("%.*s: %.*s", CH_STR_ARG(h->file.refusal.rule), CH_STR_ARG(h->file.refusal.reason));
    }
    assert_int_equal(h->fetches, fetches); /* it is fresh */
    close_house(h);
}

/* Its client would not wait any longer. */
static void who_has_waited_is_told_to_come_again(void **state)
{
    (void)state;
    struct house *h = open_house();
    uint64_t most = ch_limits.page_answer_ms;
    ch_limits.page_answer_ms = 1;
    begin(h);
    uint64_t first = h->asks;
    until_told(h, first);
    assert_int_equal(house_told(h, first), 503);
    ch_limits.page_answer_ms = most;
    let_go();
    house_ask_page(h, "noarch");
    assert_int_equal(h->page.file_count, 2);
    close_house(h);
}

/* Away from ALLOW: nobody gets it meanwhile, and it is taken away once it is known what it was. */
static void what_is_denied_meanwhile_is_taken_away(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_ruling_row deny = {.deny = true, .project = CH_STR("a"), .policy = ch_policy_digest(h->k->policy),
                                 .reason = CH_STR("no"), .by = CH_STR("uid:0"), .at_us = keeper_now_us(h->k),
                                 .expires_at_us = CH_TIME_UNKNOWN};
    struct ch_err err;
    uint64_t epoch = h->epoch.epoch;
    assert_ch_ok(&err, rulings_add(h->k, &deny, &err)); /* nothing else has asked for the page */
    assert_true(h->epoch.epoch > epoch);
    assert_true(noarch(h)->read != NULL);
    assert_true(again_is_running(h->k));
    let_go();
    house_settle(h);
    assert_false(house_serves(h, "fine"));
    assert_false(again_is_running(h->k));
    house_ask_file(h, "noarch", GOOD);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    close_house(h);
}

/* A start that ends before it was judged again goes on with it. */
static void what_is_denied_meanwhile_is_taken_away_after_a_crash(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_ruling_row deny = {.deny = true, .project = CH_STR("a"), .policy = ch_policy_digest(h->k->policy),
                                 .reason = CH_STR("no"), .by = CH_STR("uid:0"), .at_us = keeper_now_us(h->k),
                                 .expires_at_us = CH_TIME_UNKNOWN};
    struct ch_err err;
    assert_ch_ok(&err, rulings_add(h->k, &deny, &err));
    let_go();
    house_restart(h);
    assert_true(again_is_running(h->k));
    house_settle(h);
    assert_false(house_serves(h, "fine"));
    close_house(h);
}

/* Who cannot wait has it read at once; what the thread reads is of no use then. */
static void who_cannot_wait_has_it_at_once(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    atomic_store(&h->epoch.lease_until_boot_ms, 0);
    assert_true(page_load(h->k, noarch(h)));
    assert_true(atomic_load(&h->epoch.lease_until_boot_ms) > ch_now_boot_ms());
    assert_int_equal(noarch(h)->facts.file_count, 2);
    const struct page_file *files = noarch(h)->files;
    let_go();
    house_until(h, &h->page_here);
    assert_ptr_equal(noarch(h)->files, files);
    assert_int_equal(h->page.file_count, 2);
    close_house(h);
}

/* It was read before the store had something else. */
static void what_the_store_has_not_any_more_does_not_count(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_snapshot_info info;
    struct ch_buf content, strings;
    struct ch_err err;
    ch_buf_init(&content, 1u << 20);
    ch_buf_init(&strings, 4096);
    begin(h);
    sem_t read; /* it is back then, and not taken yet */
    assert_int_equal(sem_init(&read, 0, 0), 0);
    offload_run(h->k, say, gone, &read);
    let_go();
    assert_int_equal(sem_wait(&read), 0);
    assert_ch_ok(&err, ch_store_get_snapshot(h->k->store, CH_STR("up"), CH_STR("noarch"), &info, &content, &strings,
                                             &err));
    info.fetched_at_us++;
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_put_snapshot(h->k->store, CH_STR("up"), CH_STR("noarch"), &info, ch_buf_str(&content),
                                             &err));
    house_until(h, &h->page_here);
    assert_int_equal(noarch(h)->info.fetched_at_us, info.fetched_at_us);
    sem_destroy(&read);
    ch_buf_done(&content);
    ch_buf_done(&strings);
    close_house(h);
}

static struct house *of_command;
static bool was_coming;

static void on_command_waits(struct ch_timer *t)
{
    const struct page *p = noarch(of_command);
    (void)t;
    was_coming = p->read != NULL && p->load == PAGE_UNLOADED;
    let_go();
}

/* Neither does the keeper wait for one that a command looks up by a digest that came. */
static void a_command_that_names_a_digest_waits_for_it(void **state)
{
    (void)state;
    struct house *h = open_house();
    char word[CH_SHA256_HEX + 8] = "sha256:";
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    house_hex("fine", word + 7);
    struct ch_timer timer = {.fn = on_command_waits};
    of_command = h;
    ch_loop_set_timer(h->loop, &timer, ch_now_boot_ms() + 200);
    assert_int_equal(house_command(h, false, "explain", word, NULL, NULL, &out), 0);
    assert_true(was_coming);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR(GOOD), NULL));
    ch_buf_done(&out);
    close_house(h);
}

static void a_keeper_ends_while_one_is_read(void **state)
{
    (void)state;
    struct house *h = open_house();
    begin(h);
    let_go();
    house_restart(h);
    house_ask_page(h, "noarch");
    assert_int_equal(h->page.file_count, 2);
    close_house(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leases_do_not_wait_for_it),
        cmocka_unit_test(all_who_ask_are_answered_once_it_is_there),
        cmocka_unit_test(who_has_waited_is_told_to_come_again),
        cmocka_unit_test(what_is_denied_meanwhile_is_taken_away),
        cmocka_unit_test(what_is_denied_meanwhile_is_taken_away_after_a_crash),
        cmocka_unit_test(who_cannot_wait_has_it_at_once),
        cmocka_unit_test(what_the_store_has_not_any_more_does_not_count),
        cmocka_unit_test(a_command_that_names_a_digest_waits_for_it),
        cmocka_unit_test(a_keeper_ends_while_one_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
