/* Which approvals were in force is in each entry of a listing, and `audit verify` comes to the
 * same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#include "auditor_house.h"
#include "db/keeper/audit/audit_int.h"

static void sql(const char *text)
{
    char path[256];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
}

/* The upstream says something new, which is listed. */
static void list_page(unsigned further_files)
{
    char text[1024], hex[CH_SHA256_HEX + 1];
    int n = snprintf(text, sizeof(text), WHEEL " %s 5 1\n", house_hex("clean", hex));
    for (unsigned i = 0; i < further_files; i++) {
        n += snprintf(text + n, sizeof(text) - (size_t)n, "pkg-2.%u-py3-none-any.whl - - 40\n", i);
    }
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, text);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "clean");
    struct page *p = page_get(h->k, CH_STR("pypi"), CH_STR("pkg"));
    if (page_load(h->k, p)) {
        p->checked_at_us -= (int64_t)h->k->config->index_refresh_s * 1000000 + 1000000;
    }
    house_ask_page(h, "pkg");
    until_written();
}

/* The newest listing's digest is that of these lines. */
static void assert_listed_with(const char *lines)
{
    struct ch_buf entry;
    struct ch_log_entry_fields f;
    struct ch_sha256 stated, expected = ch_sha256_of(lines, strlen(lines));
    struct audit_state s;
    int64_t version = 0;
    ch_buf_init(&entry, CH_ENTRY_MAX);
    audit_state(h->k, &s);
    uint64_t at = s.next;
    do {
        assert_true(at > 0);
        ch_buf_clear(&entry);
        assert_ch_ok(&err, audit_read_entry(h->k, --at, &entry, &err));
        assert_ch_ok(&err, ch_log_entry_read(ch_buf_str(&entry), &f, &err));
    } while (!ch_str_eq(ch_log_entry_get(&f, "kind"), CH_STR("\"listing\"")));
    assert_true(ch_log_entry_get_sha(&f, "exceptions", &stated));
    assert_true(ch_sha256_eq(&stated, &expected));
    assert_true(ch_log_entry_get_int(&f, "v", &version));
    assert_int_equal(version, 2);
    ch_buf_done(&entry);
}

static void listings_say_which_exceptions_were_in_force(void **state)
{
    (void)state;
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h = house_new();
    list_page(0);
    assert_listed_with("");
    assert_int_equal(0,
                     house_run(h, "deny pypi:other==1.0 --reason=x", &out)); /* 1: no exception */
    assert_int_equal(0, house_run(h, "approve pypi:pkg==1.0 --reason=x", &out));
    assert_int_equal(0, house_run(h, "approve pypi:other>=2 --reason=x", &out));
    list_page(1);
    assert_listed_with("2\n3\n");
    assert_int_equal(0, house_run(h, "exceptions revoke 1 --reason=x", &out));
    list_page(2);
    assert_listed_with("3\n");
    house_stop(h);
    if (!verify()) {
        fail_msg("%s", said);
    }
    /* one that ended before its time is made to have been there for longer, or never */
    static const char *const cases[] = {
        "CREATE TABLE kept AS SELECT * FROM log_entry; DROP TRIGGER log_entry_kept_u;"
        "UPDATE log_entry SET source = 99 WHERE kind = 'ruling-end'",
        "UPDATE log_entry SET source = (SELECT source FROM kept WHERE kept.id = log_entry.id);"
        "DROP TRIGGER IF EXISTS ruling_kept_u; UPDATE ruling SET deny = 1 WHERE id = 2"};
    for (size_t i = 0; i < CH_ARRAY_LEN(cases); i++) {
        sql(cases[i]);
        assert_false(verify());
        assert_said("(listing): the exceptions that were in force then are not those");
    }
    sql("UPDATE ruling SET deny = 0 WHERE id = 2; DROP TABLE kept");
    house_start(h, NULL, NULL);
    teardown(NULL);
    ch_buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listings_say_which_exceptions_were_in_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
