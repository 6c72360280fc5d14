/* The end of an approval (T11): nothing that people or the loop do takes it away. */
#include "house.h"

#include <stdio.h>

#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"

static char hex[CH_SHA256_HEX + 1];

static void set_wheel(struct house *h, const char *bytes, unsigned days)
{
    char text[512];
    snprintf(text, sizeof(text), WHEEL " %s %zu %u\n", house_hex(bytes, hex), strlen(bytes), days);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", bytes);
}

/* Its young file is allowed, for 4 s. */
static struct house *with_short_approval(struct ch_ruling_row *row)
{
    struct house *h = house_new();
    struct ch_err err;
    set_wheel(h, "young", 1);
    house_ask_page(h, "pkg");
    *row = (struct ch_ruling_row){.repository = CH_STR("pypi"),
                                  .ecosystem = CH_STR("pypi"),
                                  .project = CH_STR("pkg"),
                                  .version_spec = CH_STR("==1.0"),
                                  .lifts = 1u << CH_HOLD_AGE,
                                  .policy = ch_policy_digest(h->k->policy),
                                  .reason = CH_STR("short"),
                                  .by = CH_STR("uid:1"),
                                  .at_us = ch_now_unix_us(),
                                  .expires_at_us = ch_now_unix_us() + 4000000};
    assert_ch_ok(&err, rulings_add(h->k, row, &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    return h;
}

static void until_not_served(struct house *h)
{
    for (uint64_t end = ch_now_boot_ms() + 15000;
         house_serves(h, "young") && ch_now_boot_ms() < end;) {
        house_turn(h, 50);
    }
    assert_false(house_serves(h, "young")); /* nobody had to ask */
}

static void t11_an_approval_ends_at_its_time(void **state)
{
    (void)state;
    struct ch_ruling_row row;
    struct house *h = with_short_approval(&row);
    assert_in_range(h->file.not_after_boot_ms, ch_now_boot_ms(), ch_now_boot_ms() + 4100);
    uint64_t epoch = h->epoch.epoch;
    until_not_served(h);
    assert_true(h->epoch.epoch > epoch);
    house_free(h);
}

/* Another ruling that comes between the end of one and its timer takes that end away from nobody.
 */
static void t11_an_end_is_not_lost_to_another_ruling(void **state)
{
    (void)state;
    struct ch_ruling_row row;
    struct ch_err err;
    struct house *h = with_short_approval(&row);
    while (ch_now_unix_us() <= row.expires_at_us) { /* the loop does not turn: its timer waits */
    }
    row.project = CH_STR("other");
    row.expires_at_us = ch_now_unix_us() + 3600000000;
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    until_not_served(h);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t11_an_approval_ends_at_its_time),
        cmocka_unit_test(t11_an_end_is_not_lost_to_another_ruling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
