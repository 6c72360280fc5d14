/* Names that the configuration takes away from an upstream that has them (T12). */
#include "house.h"

#include <stdio.h>

#include "db/keeper/asks/ask_int.h"
#include "db/keeper/intake/intake.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"
#define PLAIN " - 10 30\n"

#define SITE                                                                                       \
    "listen:\n  - {address: '127.0.0.1:8080'}\n"                                                   \
    "upstreams:\n"                                                                                 \
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"   \
    "  - {name: other, ecosystem: pypi, url: 'https://other.example.org/simple', trust_times: "    \
    "true}\n"

/* What was mirrored before is taken away at once, and nothing more of it is asked for. */
static void taken_away_by(const char *repositories, enum ch_page_outcome page,
                          enum ch_file_outcome file)
{
    struct house *h = house_new();
    struct ch_err err;
    char text[256], hex[CH_SHA256_HEX + 1];
    snprintf(text, sizeof(text), WHEEL " %s 5 30\n" NEXT PLAIN, house_hex("bytes", hex));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "other");
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    assert_true(house_serves(h, "bytes"));
    size_t fetches = h->fetches;
    uint64_t epoch = h->epoch.epoch;
    h->config = repositories;
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    assert_false(house_serves(h, "bytes"));
    assert_true(h->epoch.epoch > epoch);
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    p->failed_at_us = 0;
    house_ask_page(h, "pkg");
    assert_int_equal(h->page_reply.outcome, page);
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, file);
    house_ask_file(h, "pkg", NEXT);
    assert_int_equal(h->file.outcome, file);
    p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    ptrdiff_t at = page_find_file(p, CH_STR(NEXT));
    assert_true(at >= 0);
    assert_null(intake_want(h->k, p, (size_t)at, true, NULL));
    assert_false(intake_rescan(h->k, p, (size_t)at));
    house_settle(h);
    assert_int_equal(h->fetches, fetches);
    h->config = NULL; /* as it was: it may be had again */
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    house_ask_file(h, "pkg", WHEEL);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_free(h);
}

/* Commands say that only the configuration changes it; the list of all projects has it no more. */
static void t12_a_reservation_explains_itself(void **state)
{
    (void)state;
    struct house *h = house_new();
    struct ch_err err;
    struct ch_buf out;
    struct ch_root_page root;
    uint64_t generation;
    ch_buf_init(&out, 1u << 20);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, WHEEL PLAIN);
    house_site(h, PAGE_URL("free"), 200, PAGE_TYPE, "free-1.0-py3-none-any.whl" PLAIN);
    house_ask_page(h, "pkg");
    house_ask_page(h, "free");
    h->config =
        SITE "repositories:\n"
             "  - {name: pypi, ecosystem: pypi, upstreams: [up, other], reserved: [pk*, corp]}\n";
    assert_ch_ok(&err, house_reload(h, "version: 1\n", &err));
    assert_int_equal(house_command(h, false, "explain", WHEEL, NULL, NULL, &out), 0);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("`reserved` of the repository"), NULL));
    assert_false(ch_str_find(ch_buf_str(&out), CH_STR("customhouse approve"), NULL));
    assert_int_equal(house_command(h, false, "explain", "corp", NULL, NULL, &out), 1);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR("`reserved` of the repository"), NULL));
    static const char *const words[] = {WHEEL, "pkg==1.0", "pkg>=1", "corp>=1"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        assert_int_equal(house_command(h, false, "approve", words[i], "why", "7d", &out), 1);
        assert_true(ch_str_find(ch_buf_str(&out), CH_STR("`reserved` of the repository"), NULL));
    }
    ch_buf_clear(&out);
    assert_ch_ok(&err, listing_root(h->k, ch_config_repository(h->k->config, CH_STR("pypi")), &out,
                                    &generation, &err));
    assert_ch_ok(&err, ch_root_page_get(ch_buf_str(&out), &root, &err));
    assert_int_equal(root.name_count, 1);
    assert_true(ch_str_eq(root.names[0], CH_STR("free")));
    ch_root_page_done(&root);
    ch_buf_done(&out);
    house_free(h);
}

static void t12_a_reservation_takes_away_what_was_mirrored(void **state)
{
    (void)state;
    taken_away_by(SITE
                  "repositories:\n"
                  "  - {name: pypi, ecosystem: pypi, upstreams: [up, other], reserved: [PK*]}\n",
                  CH_PAGE_NOT_FOUND, CH_FILE_NOT_FOUND);
}

static void t12_names_of_an_upstream_that_left_are_not_served(void **state)
{
    (void)state;
    taken_away_by(SITE "repositories:\n  - {name: pypi, ecosystem: pypi, upstreams: [other]}\n",
                  CH_PAGE_FAILED, CH_FILE_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t12_a_reservation_explains_itself),
        cmocka_unit_test(t12_a_reservation_takes_away_what_was_mirrored),
        cmocka_unit_test(t12_names_of_an_upstream_that_left_are_not_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
