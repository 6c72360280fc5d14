/* Several repositories of one upstream: what it did is known of it, whichever of them saw it. */
#include "house.h"

#define OLD  "pkg-1.0-py3-none-any.whl"
#define NEW  "pkg-2.0-py3-none-any.whl"
#define GONE "pkg-0.9-py3-none-any.whl"

static const char *const repositories[] = {"pypi", "lab"};

static struct house *open_house(void)
{
    struct house *h = house_new_with(
        NULL,
        "listen:\n  - {address: '127.0.0.1:8080'}\n"
        "anonymous_pull: true\n"
        "upstreams:\n"
        "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true,\n"
        "     states_times: never}\n"
        "repositories:\n"
        "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
        "  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [up]}\n");
    house_site(h, FILE_URL(OLD), 200, "application/zip", "old bytes");
    house_site(h, FILE_URL(NEW), 200, "application/zip", "new bytes");
    house_site(h, FILE_URL(GONE), 200, "application/zip", "gone bytes");
    return h;
}

/* The repository looks upstream again, as if the time for it had come. */
static void look_again(struct house *h, const char *repository)
{
    struct page *p = page_get(h->k, ch_str_of(repository), CH_STR("pkg"));
    p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    h->asked = repository;
    house_ask_page(h, "pkg");
}

static void ask_in(struct house *h, const char *repository, const char *file)
{
    h->asked = repository;
    house_ask_file(h, "pkg", file);
}

/* What one repository saw appear and vanish is no baseline, and not forgotten, because another one
 * looks for the first time: neither there nor, after a restart, here. */
static void t7_a_second_repository_is_no_first_load(void **state)
{
    (void)state;
    struct house *h = open_house();
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" GONE " - - -\n");
    ask_in(h, "pypi", OLD);
    assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n" NEW " - - -\n");
    look_again(h, "pypi");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
            ask_in(h, repositories[i], NEW);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "cool-down");
            ask_in(h, repositories[i], GONE);
            assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
            assert_str_eq(h->file.refusal.rule, "removed-upstream");
            ask_in(h, repositories[i], OLD);
            assert_int_equal(h->file.outcome, CH_FILE_ALLOW);
        }
        house_restart(h);
    }
    house_free(h);
}

/* The name is the upstream's in both, also when the page has not changed in between. */
static void t12_each_repository_pins_the_owner(void **state)
{
    (void)state;
    struct house *h = open_house();
    struct ch_buf owner;
    struct ch_err err;
    ch_buf_init(&owner, 100);
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, OLD " - - -\n");
    for (size_t i = 0; i < CH_ARRAY_LEN(repositories); i++) {
        h->asked = repositories[i];
        house_ask_page(h, "pkg");
        assert_non_null(house_listed(h, OLD));
        ch_buf_clear(&owner);
        assert_ch_ok(&err, ch_store_owner(h->k->store, ch_str_of(repositories[i]), CH_STR("pkg"),
                                          &owner, &err));
        assert_str_eq(ch_buf_str(&owner), "up");
    }
    ch_buf_done(&owner);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(t7_a_second_repository_is_no_first_load),
        cmocka_unit_test(t12_each_repository_pins_the_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
