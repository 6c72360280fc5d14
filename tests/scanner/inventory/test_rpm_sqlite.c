/* rpm's database, written by SQLite itself, and damaged. */
#include "tests/ch_test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/inventory/inventory.h"
#include "scanner/inventory/sqlite_file.h"

/* ------------------------------------------------------------------ headers */

struct tag {
    uint32_t tag;
    uint32_t type;
    uint32_t count;
    const char *data;
    size_t len;
};
#define TEXT(number, text)                                                                         \
    {                                                                                              \
        (number), 6, 1, (text), sizeof(text)                                                       \
    }
#define EPOCH(text)                                                                                \
    {                                                                                              \
        1003, 4, 1, (text), 4                                                                      \
    }

static void put_be32(struct ch_buf *b, uint32_t v)
{
    const uint8_t bytes[] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    ch_buf_put(b, bytes, sizeof(bytes));
}

/* A header of these tags, and `more` bytes of data that no tag is about. */
static void put_header(struct ch_buf *b, const struct tag *tags, size_t count, size_t more)
{
    size_t data = more;
    for (size_t i = 0; i < count; i++) {
        data += tags[i].len;
    }
    put_be32(b, (uint32_t)count);
    put_be32(b, (uint32_t)data);
    for (size_t i = 0, at = 0; i < count; at += tags[i].len, i++) {
        put_be32(b, tags[i].tag);
        put_be32(b, tags[i].type);
        put_be32(b, (uint32_t)at);
        put_be32(b, tags[i].count);
    }
    for (size_t i = 0; i < count; i++) {
        ch_buf_put(b, tags[i].data, tags[i].len);
    }
    for (size_t i = 0; i < more; i++) {
        ch_buf_putc(b, (char)('a' + i % 26));
    }
}

/* ------------------------------------------------------------------ databases */

static sqlite3 *begin(const char *setup)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, setup, NULL, NULL, NULL), SQLITE_OK);
    return db;
}

static void add_row(sqlite3 *db, struct ch_str blob)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(db, "INSERT INTO Packages (blob) VALUES (?)", -1, &s, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_bind_blob(s, 1, blob.ptr, (int)blob.len, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
}

/* The file, by itself on the heap so that a sanitizer sees its ends. free() */
static struct ch_str end(sqlite3 *db)
{
    sqlite3_int64 size;
    unsigned char *bytes = sqlite3_serialize(db, "main", &size, 0);
    assert_non_null(bytes);
    char *copy = ch_alloc((size_t)size);
    memcpy(copy, bytes, (size_t)size);
    sqlite3_free(bytes);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return (struct ch_str){copy, (size_t)size};
}

#define SCHEMA                                                                                     \
    "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL);"        \
    "CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL);"                            \
    "CREATE INDEX 'Name_key_idx' ON 'Name' (key ASC);"

static void on_package(void *arg, const struct ch_package *p)
{
    ch_buf_printf(arg, "%zu:%.*s %.*s;", p->line, CH_STR_ARG(p->name), CH_STR_ARG(p->version));
}

/* ------------------------------------------------------------------ tests */

static void many_and_long_rows_are_read(void **state)
{
    static const char *const page_sizes[] = {"512", "4096", "65536"};
    (void)state;
    for (size_t s = 0; s < sizeof(page_sizes) / sizeof(page_sizes[0]); s++) {
        char setup[1024];
        struct ch_buf header;
        struct ch_buf want;
        struct ch_buf got;
        struct ch_err err;
        snprintf(setup, sizeof(setup), "PRAGMA page_size = %s;" SCHEMA, page_sizes[s]);
        sqlite3 *db = begin(setup);
        ch_buf_init(&header, 1 << 20);
        ch_buf_init(&want, 1 << 20);
        ch_buf_init(&got, 1 << 20);
        for (unsigned i = 1; i <= 2000; i++) {
            char name[32];
            const size_t len = (size_t)snprintf(name, sizeof(name), "p%u", i) + 1;
            const struct tag tags[] = {{1000, 6, 1, name, len},
                                       TEXT(1001, "1.5"),
                                       TEXT(1002, "3.azl3"),
                                       EPOCH("\0\0\0\2")};
            ch_buf_clear(&header);
            /* up to two lengths around each bound of what stays on the page */
            put_header(&header, tags, i % 2 == 0 ? 4 : 3, i < 1900 ? i : 70 * i);
            add_row(db, ch_buf_str(&header));
            ch_buf_printf(&want, "%u:%s %s1.5-3.azl3;", i, name, i % 2 == 0 ? "2:" : "");
        }
        struct ch_str file = end(db);
        assert_ch_ok(&err, ch_inventory_rpm_sqlite(file, on_package, &got, &err));
        assert_true(ch_str_eq(ch_buf_str(&got), ch_buf_str(&want)));
        free((void *)(uintptr_t)file.ptr);
        ch_buf_done(&header);
        ch_buf_done(&want);
        ch_buf_done(&got);
    }
}

static const struct row {
    const char *label;
    struct tag tags[6];
    size_t count;
    const char *packages;
    const char *error;
} rows[] = {
    {"whole",
     {TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "2"), TEXT(1022, "x86_64"), TEXT(1044, "a.src"),
      TEXT(1014, "MIT")},
     6,
     "1:a 1-2;",
     NULL},
    {"no-name", {TEXT(1001, "1"), TEXT(1002, "2")}, 2, "", "row 1: a package without name"},
    {"no-version", {TEXT(1000, "a"), TEXT(1002, "2")}, 2, "", "without version and release"},
    {"no-release", {TEXT(1000, "a"), TEXT(1001, "2")}, 2, "", "without version and release"},
    {"name-blank",
     {TEXT(1000, "a b"), TEXT(1001, "1"), TEXT(1002, "2")},
     3,
     "",
     "a package without name"},
    {"name-twice",
     {TEXT(1000, "a"), TEXT(1000, "b"), TEXT(1001, "1"), TEXT(1002, "2")},
     4,
     "",
     "a tag is there twice"},
    {"name-type",
     {{1000, 7, 1, "a", 2}, TEXT(1001, "1"), TEXT(1002, "2")},
     3,
     "",
     "a tag of another type"},
    {"name-count",
     {{1000, 6, 2, "a", 2}, TEXT(1001, "1"), TEXT(1002, "2")},
     3,
     "",
     "a tag of another type"},
    {"no-end",
     {TEXT(1001, "1"), TEXT(1002, "2"), {1000, 6, 1, "abc", 3}},
     3,
     "",
     "a text that does not end"},
    {"epoch-short",
     {TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "2"), {1003, 4, 1, "\0\0", 2}},
     4,
     "",
     "without version and release"},
    {"outside",
     {TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "2"), {1044, 6, 1, "", 0}},
     4,
     "",
     "whose data lies elsewhere"},
    {"empty", {{0, 0, 0, "", 0}}, 0, "", "without version and release"},
};

static void headers_are_read_strictly(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        sqlite3 *db = begin(SCHEMA);
        struct ch_buf b;
        struct ch_err err = {.msg = ""};
        ch_buf_init(&b, 65536);
        put_header(&b, row->tags, row->count, 0);
        add_row(db, ch_buf_str(&b));
        ch_buf_clear(&b);
        struct ch_str file = end(db);
        enum ch_code rc = ch_inventory_rpm_sqlite(file, on_package, &b, &err);
        ch_buf_putc(&b, '\0');
        if (strcmp(b.ptr, row->packages) != 0 || (rc == CH_OK) != (row->error == NULL) ||
            (row->error != NULL && strstr(err.msg, row->error) == NULL)) {
            fail_msg("%s: \"%s\": %s", row->label, b.ptr, err.msg);
        }
        free((void *)(uintptr_t)file.ptr);
        ch_buf_done(&b);
    }
}

static void a_header_has_the_size_that_it_says(void **state)
{
    static const char *const blobs[] = {"", "\0\0\0\0\0\0\0", "\0\0\0\0\0\0\0\1",
                                        "\xff\xff\xff\xff\xff\xff\xff\xff"};
    static const size_t lengths[] = {0, 7, 8, 8};
    (void)state;
    for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
        sqlite3 *db = begin(SCHEMA);
        struct ch_err err;
        add_row(db, (struct ch_str){blobs[i], lengths[i]});
        struct ch_str file = end(db);
        assert_ch_code(CH_E_FORMAT, ch_inventory_rpm_sqlite(file, on_package, NULL, &err));
        free((void *)(uintptr_t)file.ptr);
    }
}

static void what_is_no_such_database_is_named(void **state)
{
    struct ch_err err;
    sqlite3 *db = begin("CREATE TABLE x (a); CREATE VIEW Packages AS SELECT a FROM x;");
    struct ch_str file = end(db);
    (void)state;
    assert_ch_code(CH_E_NOT_FOUND, ch_inventory_rpm_sqlite(file, on_package, NULL, &err));
    assert_ch_code(CH_E_FORMAT, ch_inventory_rpm_sqlite(ch_str_sub(file, 0, file.len - 1),
                                                        on_package, NULL, &err));
    assert_ch_code(CH_E_FORMAT,
                   ch_inventory_rpm_sqlite(ch_str_sub(file, 0, 99), on_package, NULL, &err));
    assert_ch_code(CH_E_FORMAT, ch_inventory_rpm_sqlite(CH_STR(""), on_package, NULL, &err));
    free((void *)(uintptr_t)file.ptr);
    db = begin("PRAGMA encoding = 'UTF-16le';" SCHEMA);
    file = end(db);
    assert_ch_code(CH_E_FORMAT, ch_inventory_rpm_sqlite(file, on_package, NULL, &err));
    assert_non_null(strstr(err.msg, "text in UTF-8"));
    free((void *)(uintptr_t)file.ptr);
}

static enum ch_code count_row(void *arg, int64_t rowid, struct ch_str record, struct ch_err *err)
{
    (void)rowid;
    (void)record;
    (void)err;
    ++*(size_t *)arg;
    return CH_OK;
}

/* A tree of pages that leads back into itself has an end. */
static void pages_are_used_once(void **state)
{
    sqlite3 *db = begin("PRAGMA page_size = 512;" SCHEMA);
    struct ch_buf b;
    struct ch_err err;
    size_t count = 0;
    (void)state;
    ch_buf_init(&b, 65536);
    static const struct tag tags[] = {TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "2")};
    put_header(&b, tags, 3, 2000);
    for (int i = 0; i < 200; i++) {
        add_row(db, ch_buf_str(&b));
    }
    struct ch_str file = end(db);
    char *bytes = (char *)(uintptr_t)file.ptr;
    assert_ch_ok(&err, ch_sqlite_rows(file, CH_STR("packages"), count_row, &count, &err));
    assert_int_equal(count, 200);
    size_t pages[2] = {0, 0}; /* an interior page that does not hold the schema, and a leaf */
    for (size_t at = 512; at < file.len; at += 512) {
        pages[0] = pages[0] == 0 && bytes[at] == 0x05 ? at : pages[0];
        pages[1] = bytes[at] == 0x0d && bytes[at + 4] > 0 ? at : pages[1];
    }
    assert_true(pages[0] != 0 && pages[1] != 0);
    char kept[4];
    memcpy(kept, bytes + pages[0] + 8, 4); /* the last child: the page itself */
    const uint32_t number = (uint32_t)(pages[0] / 512) + 1;
    const uint8_t self[4] = {0, 0, (uint8_t)(number >> 8), (uint8_t)number};
    memcpy(bytes + pages[0] + 8, self, 4);
    assert_ch_code(CH_E_FORMAT, ch_sqlite_rows(file, CH_STR("Packages"), count_row, &count, &err));
    assert_non_null(strstr(err.msg, "is used twice"));
    memcpy(bytes + pages[0] + 8, kept, 4);
    assert_ch_ok(&err, ch_sqlite_rows(file, CH_STR("Packages"), count_row, &count, &err));
    /* the only cell of a leaf goes on in the leaf */
    const size_t cell =
        pages[1] + (uint8_t)bytes[pages[1] + 8] * 256u + (uint8_t)bytes[pages[1] + 9];
    for (size_t at = cell; at + 4 <= pages[1] + 512; at++) {
        const uint32_t leaf = (uint32_t)(pages[1] / 512) + 1;
        const uint8_t back[4] = {0, 0, (uint8_t)(leaf >> 8), (uint8_t)leaf};
        memcpy(kept, bytes + at, 4);
        memcpy(bytes + at, back, 4);
        CH_IGNORE(ch_sqlite_rows(file, CH_STR("Packages"), count_row, &count, &err)); /* it ends */
        memcpy(bytes + at, kept, 4);
    }
    free(bytes);
    ch_buf_done(&b);
}

/* Whatever a byte becomes, the reader stays within the file and comes to an end. */
static void any_byte_may_be_wrong(void **state)
{
    sqlite3 *db = begin("PRAGMA page_size = 512;" SCHEMA);
    struct ch_buf b;
    struct ch_buf seen;
    struct ch_err err;
    (void)state;
    ch_buf_init(&b, 65536);
    ch_buf_init(&seen, 1 << 20);
    static const struct tag tags[] = {TEXT(1000, "a"), TEXT(1001, "1"), TEXT(1002, "2")};
    for (size_t i = 0; i < 6; i++) {
        ch_buf_clear(&b);
        put_header(&b, tags, 3, i * 200);
        add_row(db, ch_buf_str(&b));
    }
    struct ch_str file = end(db);
    char *bytes = (char *)(uintptr_t)file.ptr;
    size_t refused = 0;
    for (size_t at = 0; at < file.len; at++) {
        static const uint8_t flips[] = {0x01, 0x80, 0xff};
        for (size_t f = 0; f < sizeof(flips); f++) {
            ch_buf_clear(&seen);
            bytes[at] = (char)((uint8_t)bytes[at] ^ flips[f]);
            refused += ch_inventory_rpm_sqlite(file, on_package, &seen, &err) != CH_OK;
            bytes[at] = (char)((uint8_t)bytes[at] ^ flips[f]);
        }
    }
    assert_true(refused > 100);
    free(bytes);
    ch_buf_done(&b);
    ch_buf_done(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_and_long_rows_are_read),
        cmocka_unit_test(headers_are_read_strictly),
        cmocka_unit_test(a_header_has_the_size_that_it_says),
        cmocka_unit_test(what_is_no_such_database_is_named),
        cmocka_unit_test(pages_are_used_once),
        cmocka_unit_test(any_byte_may_be_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
