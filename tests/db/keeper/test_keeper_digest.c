/* A digest that only stored pages list is looked for beside the keeper's loop, whatever there is of
 * them: leases, asks and denials go on meanwhile. */
#include "house.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum ch_code __real_ch_store_projects(struct ch_store *s, struct ch_str repository,
                                      ch_store_name_fn *each, void *ctx, struct ch_err *err);
enum ch_code __wrap_ch_store_projects(struct ch_store *s, struct ch_str repository,
                                      ch_store_name_fn *each, void *ctx, struct ch_err *err);

static bool fail_names;

enum ch_code __wrap_ch_store_projects(struct ch_store *s, struct ch_str repository,
                                      ch_store_name_fn *each, void *ctx, struct ch_err *err)
{
    return fail_names ? ch_fail(err, CH_E_IO, "it cannot be read")
                      : __real_ch_store_projects(s, repository, each, ctx, err);
}

#define PAGES      4999
#define PAGE_BYTES 13000 /* 64 MiB in all */
#define TURN_US    50000

/* As of names that were asked for once, all before "pkg"; they do not pack. */
static void fill(struct house *h, size_t pages)
{
    struct ch_err err;
    char *content = malloc(PAGE_BYTES);
    struct ch_snapshot_info info = {
        .first_loaded_at_us = 1, .fetched_at_us = 1, .checked_at_us = 1};
    assert_ch_ok(&err, keeper_write(h->k, &err));
    for (size_t i = 0; i < pages; i++) {
        char name[32];
        snprintf(name, sizeof(name), "filler-%05zu", i);
        arc4random_buf(content, PAGE_BYTES);
        assert_ch_ok(&err, ch_store_pin_owner(h->k->store, CH_STR("pypi"), ch_str_of(name),
                                              CH_STR("up"), 1, NULL, &err));
        assert_ch_ok(&err, ch_store_put_snapshot(h->k->store, CH_STR("up"), ch_str_of(name), &info,
                                                 (struct ch_str){content, PAGE_BYTES}, &err));
    }
    assert_ch_ok(&err, keeper_commit(h->k, &err));
    free(content);
}

static bool says(const struct ch_buf *out, const char *what)
{
    return ch_str_find(ch_buf_str(out), ch_str_of(what), NULL);
}

static void a_digest_is_looked_for_beside_all_else(void **state)
{
    (void)state;
    struct ch_buf out;
    char word[CH_SHA256_HEX + 8] = "sha256:", hex[CH_SHA256_HEX + 1];
    ch_buf_init(&out, 1u << 20);
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    fill(h, PAGES);
    house_restart(h);
    h->longest_turn_us = 0;
    house_hex("bytes", hex);
    memcpy(word + 7, hex, sizeof(hex));
    if (house_command(h, false, "explain", word, NULL, NULL, &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    assert_true(says(&out, "pkg-1.0-py3-none-any.whl"));
    print_message("found among %u pages of %u bytes: longest turn %llu us\n", PAGES, PAGE_BYTES,
                  (unsigned long long)h->longest_turn_us);
    assert_true(h->longest_turn_us < TURN_US);
    h->longest_turn_us = 0;
    ch_buf_clear(&out);
    memset(word + 7, 'a', CH_SHA256_HEX);
    assert_int_equal(house_command(h, false, "explain", word, NULL, NULL, &out), 1);
    assert_true(says(&out, "none of the 5000 pages of indexes that are known here lists it"));
    print_message("not found: longest turn %llu us\n", (unsigned long long)h->longest_turn_us);
    assert_true(h->longest_turn_us < TURN_US);
    /* whatever the command, and what it is about is found before anything is done */
    memcpy(word + 7, hex, sizeof(hex));
    house_restart(h);
    h->longest_turn_us = 0;
    assert_int_equal(house_command(h, false, "deny", word, "unwanted", NULL, &out), 0);
    assert_true(h->longest_turn_us < TURN_US);
    house_ask_file(h, "pkg", "pkg-1.0-py3-none-any.whl");
    assert_int_equal(h->file.outcome, CH_FILE_REFUSED);
    assert_int_equal(h->file.refusal.verdict, CH_VERDICT_DENY);
    ch_buf_done(&out);
    house_free(h);
}

/* Then it is not said that none lists it. */
static void names_that_cannot_be_read_are_not_looked_through(void **state)
{
    (void)state;
    struct ch_buf out;
    char word[CH_SHA256_HEX + 8] = "sha256:";
    ch_buf_init(&out, 1u << 20);
    struct house *h = house_new();
    house_wheel(h, "bytes", 30);
    house_ask_page(h, "pkg");
    house_restart(h);
    house_hex("bytes", word + 7);
    fail_names = true;
    assert_int_equal(house_command(h, false, "explain", word, NULL, NULL, &out), 1);
    fail_names = false;
    assert_true(says(&out, "which pages of indexes are known here cannot be read"));
    assert_int_equal(house_command(h, false, "explain", word, NULL, NULL, &out), 0);
    ch_buf_done(&out);
    house_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_digest_is_looked_for_beside_all_else),
        cmocka_unit_test(names_that_cannot_be_read_are_not_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
