/* What clusters were told may run: once in each place, and in how many a digest was. */
#include "temp_store.h"

#include "customhouse/store_admitted.h"

#define REPO CH_STR("apps")

static struct ch_sha256 sha(const char *text)
{
    return ch_sha256_of(text, ch_str_of(text).len);
}

static struct ch_admitted_row row_of(const char *named, const char *runs, const char *name_space)
{
    return (struct ch_admitted_row){.repository = REPO,
                                    .project = CH_STR("team/app@sha256:00"),
                                    .sha256 = sha(named),
                                    .runs = sha(runs),
                                    .environment = CH_STR("prod"),
                                    .name_space = ch_str_of(name_space),
                                    .at_us = 1000,
                                    .last_at_us = 1000};
}

static uint64_t places_of(const char *bytes)
{
    struct ch_sha256 d = sha(bytes);
    uint64_t count = 0;
    assert_ch_ok(&err, ch_store_count_admitted(store, REPO, &d, &count, &err));
    return count;
}

static void test_once_in_each_place(void **state)
{
    (void)state;
    struct ch_admitted_row row = row_of("image", "image", "web"), again = row;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_find_admitted(store, &row, &err));
    assert_ch_ok(&err, ch_store_add_admitted(store, &row, &err));
    assert_int_not_equal(row.id, 0);
    assert_ch_ok(&err, ch_store_find_admitted(store, &again, &err));
    assert_int_equal(again.id, row.id);
    again = row;
    assert_ch_code(CH_E_EXISTS, ch_store_add_admitted(store, &again, &err)); /* the index has it */
    assert_ch_ok(&err, ch_store_admitted_again(store, row.id, 5000, &err));
    assert_ch_ok(&err,
                 ch_store_admitted_again(store, row.id, 3000, &err)); /* it never moves back */
    assert_ch_ok(&err, ch_store_find_admitted(store, &again, &err));
    assert_int_equal(again.last_at_us, 5000);
    struct ch_admitted_row other = row_of("image", "image", "shop");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_find_admitted(store, &other, &err));
}

static void test_places_of_a_digest(void **state)
{
    (void)state;
    struct ch_admitted_row rows[] = {row_of("image", "image", "web"), row_of("image", "image", "b"),
                                     row_of("index", "image", "web"),
                                     row_of("other", "other", "web")};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        assert_ch_ok(&err, ch_store_add_admitted(store, &rows[i], &err));
    }
    assert_int_equal(places_of("image"), 3);
    assert_int_equal(places_of("index"), 1);
    assert_int_equal(places_of("none"), 0);
}

static void on_row(void *ctx, const struct ch_admitted_row *row)
{
    uint64_t *last = ctx;
    assert_true(row->id > *last);
    *last = row->id;
}

static void test_they_are_listed_piece_by_piece(void **state)
{
    (void)state;
    uint64_t last = 0, before;
    for (size_t i = 0; i < 5; i++) {
        char name_space[8];
        snprintf(name_space, sizeof(name_space), "ns%zu", i);
        struct ch_admitted_row row = row_of("image", "image", name_space);
        assert_ch_ok(&err, ch_store_add_admitted(store, &row, &err));
    }
    size_t pieces = 0;
    do {
        before = last;
        assert_ch_ok(&err, ch_store_admitted(store, last, 2, on_row, &last, &err));
        pieces++;
    } while (last != before);
    assert_int_equal(pieces, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_once_in_each_place),
        T(test_places_of_a_digest),
        T(test_they_are_listed_piece_by_piece),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
