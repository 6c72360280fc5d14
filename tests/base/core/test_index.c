/* Pages as the keeper sends them to the gateway. */
#include "tests/ch_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/index.h"
#include "customhouse/limits.h"

static void fill(struct ch_page *page, struct ch_str *versions, struct ch_page_file *files)
{
    versions[0] = CH_STR("1.0");
    versions[1] = CH_STR("2.0");
    files[0] = (struct ch_page_file){.file_name = CH_STR("a-1.0.tar.gz"),
                                     .sha256 = {{1}},
                                     .size_bytes = 77,
                                     .uploaded_at_us = 1234567,
                                     .requires_python = CH_STR(">=3.8")};
    files[1] = (struct ch_page_file){.file_name = CH_STR("a-2.0-py3-none-any.whl"),
                                     .size_bytes = CH_SIZE_UNKNOWN,
                                     .uploaded_at_us = CH_TIME_UNKNOWN,
                                     .listing = CH_LIST_YANKED,
                                     .yanked_reason = CH_STR("held"),
                                     .sidecar = CH_SIDECAR_HASHED,
                                     .sidecar_sha256 = {{2}}};
    *page = (struct ch_page){.project = CH_STR("a"),
                             .generation = 42,
                             .status = CH_STATUS_ARCHIVED,
                             .status_reason = CH_STR("old"),
                             .versions = versions,
                             .version_count = 2,
                             .files = files,
                             .file_count = 2};
}

static void pages_travel(void **state)
{
    (void)state;
    struct ch_str versions[2];
    struct ch_page_file files[2];
    struct ch_page page;
    struct ch_page got;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    fill(&page, versions, files);
    ch_page_put(&b, &page);
    assert_ch_ok(&err, ch_page_get(ch_buf_str(&b), &got, &err));
    assert_str_eq(got.project, "a");
    assert_int_equal(got.generation, 42);
    assert_int_equal(got.status, CH_STATUS_ARCHIVED);
    assert_int_equal(got.version_count, 2);
    assert_str_eq(got.versions[1], "2.0");
    assert_int_equal(got.file_count, 2);
    assert_str_eq(got.files[0].file_name, "a-1.0.tar.gz");
    assert_int_equal(got.files[0].size_bytes, 77);
    assert_int_equal(got.files[1].listing, CH_LIST_YANKED);
    assert_str_eq(got.files[1].yanked_reason, "held");
    assert_int_equal(got.files[1].sidecar_sha256.byte[0], 2);
    ch_page_done(&got);
    for (size_t len = 0; len < b.len; len++) {
        assert_ch_code(CH_E_FORMAT, ch_page_get(ch_str_sub(ch_buf_str(&b), 0, len), &got, &err));
    }
    ch_buf_putc(&b, 0);
    assert_ch_code(CH_E_FORMAT, ch_page_get(ch_buf_str(&b), &got, &err));
    ch_buf_done(&b);
}

/* Every kind of alias, its value as libcrypto makes it of the same bytes; older records have none. */
static void files_travel_with_their_alias(void **state)
{
    (void)state;
    struct ch_err err;
    int fd = memfd_create("bytes", MFD_CLOEXEC);
    assert_true(fd >= 0 && write(fd, "abc", 3) == 3);
    for (int kind = CH_HASH_NONE; kind < CH_HASH_COUNT; kind++) {
        struct ch_index_file f = {.file_name = CH_STR("a-1.zip"),
                                  .url = CH_STR("https://example.org/a-1.zip"),
                                  .yanked = true};
        struct ch_index_file got;
        struct ch_buf b;
        ch_buf_init(&b, 1 << 12);
        if (kind != CH_HASH_NONE) {
            assert_ch_ok(&err, ch_alias_of_fd(fd, (enum ch_hash_kind)kind, &f.alias, &err));
            assert_int_equal(ch_hash_kind_of(ch_str_of(ch_hash_kind_name(f.alias.kind))), kind);
        }
        ch_index_file_put(&b, &f);
        struct ch_rd r = ch_rd_of(b.ptr, b.len);
        ch_index_file_get(&r, &got);
        assert_ch_ok(&err, ch_rd_end(&r, "file", &err));
        assert_true(got.yanked && ch_alias_eq(&got.alias, &f.alias));
        for (size_t len = 0; len < b.len; len++) {
            r = ch_rd_of(b.ptr, len);
            ch_index_file_get(&r, &got);
            assert_ch_code(CH_E_FORMAT, ch_rd_end(&r, "file", &err));
        }
        ch_buf_done(&b);
    }
    close(fd);
    struct ch_alias a, abc;
    assert_true(ch_alias_from_hex(CH_HASH_MD5, CH_STR("900150983cd24fb0d6963f7d28e17f72"), &abc));
    assert_false(ch_alias_from_hex(CH_HASH_MD5, CH_STR("900150983cd24fb0d6963f7d28e17f7"), &a));
    assert_false(ch_alias_from_hex(CH_HASH_NONE, CH_STR(""), &a));
    assert_int_equal(ch_hash_kind_of(CH_STR("sha256")), CH_HASH_NONE);
}

static const char plain_record[] = "{\"build\":\"h1_0\",\"build_number\":0,\"depends\":[\"a >=1\",\"b\"],"
                                   "\"name\":\"\xc3\xa4\",\"noarch\":null,\"size\":9007199254740991}";

/* On pages of many projects. What is cut anywhere, or has a record that readers could differ about, is refused. */
static void files_travel_with_their_project(void **state)
{
    (void)state;
    struct ch_err err;
    static const struct {
        const char *project, *version, *record;
        bool good;
    } rows[] = {
        {"numpy", "1.0", plain_record, true},
        {"numpy", "1.0", "", true},
        {"numpy", "", "", false},
        {"numpy", "1.0", "{\"a\": 1}", false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_index_file got, f = {.file_name = CH_STR("numpy-1.0-h1_0.conda"),
                                       .url = CH_STR("https://example.org/x"),
                                       .project = ch_str_of(rows[i].project),
                                       .version = ch_str_of(rows[i].version),
                                       .build = CH_STR("h1_0"),
                                       .record = ch_str_of(rows[i].record)};
        struct ch_buf b;
        ch_buf_init(&b, 1 << 12);
        assert_true(ch_alias_from_hex(CH_HASH_MD5, CH_STR("900150983cd24fb0d6963f7d28e17f72"), &f.alias));
        ch_index_file_put(&b, &f);
        for (size_t len = 0; len <= b.len; len++) {
            struct ch_rd r = ch_rd_of(b.ptr, len);
            ch_index_file_get(&r, &got);
            if ((ch_rd_end(&r, "file", &err) == CH_OK) != (rows[i].good && len == b.len)) {
                fail_msg("row %zu, %zu bytes", i, len);
            }
        }
        if (rows[i].good) {
            assert_str_eq(got.project, rows[i].project);
            assert_str_eq(got.version, rows[i].version);
            assert_str_eq(got.build, "h1_0");
            assert_true(ch_str_eq(got.record, f.record) && ch_alias_eq(&got.alias, &f.alias));
        }
        ch_buf_done(&b);
    }
}

/* T16: a record is passed on as it stands only where all readers have it alike. */
static void records_have_one_spelling(void **state)
{
    (void)state;
    const struct {
        const char *label;
        struct ch_str text;
        bool good;
    } rows[] = {
        {"all there is", {plain_record, sizeof(plain_record) - 1}, true},
        {"nothing in it", CH_STR("{}"), true},
        {"inner ones", CH_STR("{\"a\":{\"b\":[[],{}]},\"b\":[true,false,null,-1]}"), true},
        {"escapes", CH_STR("{\"a\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\"}"), true},
        {"no bytes", CH_STR(""), false},
        {"a list", CH_STR("[]"), false},
        {"a blank", CH_STR("{\"a\":1, \"b\":2}"), false},
        {"a blank behind", CH_STR("{\"a\":1} "), false},
        {"two", CH_STR("{\"a\":1}{}"), false},
        {"a key twice", CH_STR("{\"a\":1,\"a\":2}"), false},
        {"a key twice, inside", CH_STR("{\"a\":[{\"b\":1,\"b\":2}]}"), false},
        {"keys out of order", CH_STR("{\"b\":1,\"a\":2}"), false},
        {"a comma too many", CH_STR("{\"a\":1,}"), false},
        {"a comma too many, in a list", CH_STR("{\"a\":[1,]}"), false},
        {"a fraction", CH_STR("{\"a\":1.0}"), false},
        {"an exponent", CH_STR("{\"a\":1e3}"), false},
        {"a leading zero", CH_STR("{\"a\":01}"), false},
        {"less than nothing", CH_STR("{\"a\":-0}"), false},
        {"a plus", CH_STR("{\"a\":+1}"), false},
        {"beyond what readers have", CH_STR("{\"a\":9007199254740992}"), false},
        {"far beyond", CH_STR("{\"a\":100000000000000000000}"), false},
        {"an escape too many", CH_STR("{\"a\":\"\\/\"}"), false},
        {"a letter escaped", CH_STR("{\"a\":\"\\u0041\"}"), false},
        {"a line end by number", CH_STR("{\"a\":\"\\u000a\"}"), false},
        {"upper case", CH_STR("{\"a\":\"\\u001F\"}"), false},
        {"an escape cut short", CH_STR("{\"a\":\"\\u00"), false},
        {"a control character", CH_STR("{\"a\":\"\n\"}"), false},
        {"no UTF-8", CH_STR("{\"a\":\"\xc0\x80\"}"), false},
        {"cut short", CH_STR("{\"a\":tru"), false},
        {"other words", CH_STR("{\"a\":NaN}"), false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_index_record_ok(rows[i].text) != rows[i].good) {
            fail_msg("%s", rows[i].label);
        }
    }
    struct ch_buf deep;
    ch_buf_init(&deep, 1 << 12);
    for (uint64_t over = 0; over < 2; over++) { /* json_depth levels, the record's own among them */
        ch_buf_clear(&deep);
        ch_buf_puts(&deep, CH_STR("{\"a\":"));
        for (uint64_t i = 0; i < ch_limits.json_depth - 1 + over; i++) {
            ch_buf_putc(&deep, '[');
        }
        for (uint64_t i = 0; i < ch_limits.json_depth - 1 + over; i++) {
            ch_buf_putc(&deep, ']');
        }
        ch_buf_putc(&deep, '}');
        assert_int_equal(ch_index_record_ok(ch_buf_str(&deep)), over == 0);
    }
    ch_buf_done(&deep);
    const struct ch_limits saved = ch_limits;
    ch_limits.record_bytes = sizeof(plain_record) - 1;
    assert_true(ch_index_record_ok(ch_str_of(plain_record)));
    ch_limits.record_bytes--;
    assert_false(ch_index_record_ok(ch_str_of(plain_record)));
    ch_limits = saved;
}

static void lists_of_records_are_found(void **state)
{
    (void)state;
    struct ch_str inside;
    struct ch_str key = CH_STR("depends");
    assert_true(ch_index_record_list(ch_str_of(plain_record), key, &inside));
    assert_str_eq(inside, "\"a >=1\",\"b\"");
    assert_true(ch_index_record_list(CH_STR("{\"depends\":[]}"), key, &inside));
    assert_int_equal(inside.len, 0);
    assert_true(ch_index_record_list(CH_STR("{\"a\":{\"depends\":[\"x\"]},\"depends\":[\"],[\"]}"), key, &inside));
    assert_str_eq(inside, "\"],[\"");
    assert_false(ch_index_record_list(CH_STR("{\"a\":{\"depends\":[\"x\"]}}"), key, &inside));
    struct ch_str value = CH_STR("as it was"), record = CH_STR("{\"a\":{\"b\":1},\"b\":2,\"c\":\"x\"}");
    assert_true(ch_index_record_value(record, CH_STR("a"), &value) && ch_str_eq(value, CH_STR("{\"b\":1}")));
    assert_true(ch_index_record_value(record, CH_STR("b"), &value) && ch_str_eq(value, CH_STR("2")));
    assert_true(ch_index_record_value(record, CH_STR("c"), &value) && ch_str_eq(value, CH_STR("\"x\"")));
    assert_false(ch_index_record_value(record, CH_STR("d"), &value));
    assert_false(ch_index_record_value(CH_STR("{\"b\":2"), CH_STR("b"), &value));
    assert_true(ch_str_eq(value, CH_STR("\"x\"")));
    assert_false(ch_index_record_list(CH_STR("{\"depends\":[1]}"), key, &inside));
    assert_false(ch_index_record_list(CH_STR("{\"depends\":\"a\"}"), key, &inside));
    assert_false(ch_index_record_list(CH_STR("{\"depends\":[[\"a\"]]}"), key, &inside));
    assert_false(ch_index_record_list(CH_STR("{\"depends\":[\"a\"]"), key, &inside));
}

static void bad_pages_are_refused(void **state)
{
    (void)state;
    struct ch_str versions[2];
    struct ch_page_file files[2];
    for (int row = 0; row < 7; row++) {
        struct ch_page page;
        struct ch_page got = {0};
        struct ch_err err;
        struct ch_buf b;
        ch_buf_init(&b, 1 << 16);
        fill(&page, versions, files);
        switch (row) {
        case 0:
            break; /* as it should be */
        case 1:
            page.project = (struct ch_str){NULL, 0};
            break;
        case 2:
            page.status = (enum ch_project_status)4;
            break;
        case 3:
            files[0].yanked_reason = CH_STR("\x1b[2J");
            break;
        case 4:
            files[1].listing = (enum ch_listing)3;
            break;
        case 5:
            files[1].file_name = CH_STR("a/b");
            break;
        default:
            versions[0] = CH_STR("");
        }
        ch_page_put(&b, &page);
        enum ch_code rc = ch_page_get(ch_buf_str(&b), &got, &err);
        if (rc != (row == 0 ? CH_OK : CH_E_FORMAT)) {
            fail_msg("row %d: %s", row, ch_code_name(rc));
        }
        ch_page_done(&got);
        ch_buf_done(&b);
    }
}

static void a_count_beyond_the_bytes_allocates_nothing(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_root_page got;
    struct ch_buf b;
    ch_buf_init(&b, 64);
    ch_put_u64(&b, 1);
    ch_put_u32(&b, (uint32_t)ch_limits.root_names);
    ch_put_str(&b, CH_STR("a"));
    assert_ch_code(CH_E_FORMAT, ch_root_page_get(ch_buf_str(&b), &got, &err));
    ch_buf_done(&b);
}

static void project_lists_travel(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_str names[] = {CH_STR("a"), CH_STR("zope-interface")};
    struct ch_root_note notes[] = {{CH_STR("a"), 3, 1, CH_STR("x-1-0.conda, y"), -5}};
    struct ch_root_page page = {
        .generation = 3, .names = names, .name_count = 2, .notes = notes, .note_count = 1};
    struct ch_root_page got;
    struct ch_buf b;
    ch_buf_init(&b, 1024);
    ch_root_page_put(&b, &page);
    assert_ch_ok(&err, ch_root_page_get(ch_buf_str(&b), &got, &err));
    assert_int_equal(got.name_count, 2);
    assert_str_eq(got.names[1], "zope-interface");
    assert_int_equal(got.note_count, 1);
    assert_str_eq(got.notes[0].name, "a");
    assert_str_eq(got.notes[0].examples, "x-1-0.conda, y");
    assert_true(got.notes[0].held == 3 && got.notes[0].denied == 1 && got.notes[0].at_us == -5);
    ch_root_page_done(&got);
    for (size_t len = 0; len < b.len; len++) {
        assert_ch_code(CH_E_FORMAT,
                       ch_root_page_get(ch_str_sub(ch_buf_str(&b), 0, len), &got, &err));
    }
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_travel),
        cmocka_unit_test(files_travel_with_their_alias),
        cmocka_unit_test(files_travel_with_their_project),
        cmocka_unit_test(records_have_one_spelling),
        cmocka_unit_test(lists_of_records_are_found),
        cmocka_unit_test(bad_pages_are_refused),
        cmocka_unit_test(a_count_beyond_the_bytes_allocates_nothing),
        cmocka_unit_test(project_lists_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
