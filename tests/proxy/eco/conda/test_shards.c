/* Shards (CEP 16), read back by a reader of our own that takes each form that the writer may use,
 * and no other. */
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "proxy/eco/conda/msgpack.h"
#include "tests/ch_test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CH_STR_INIT(literal)                                                                       \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static uint64_t number(struct ch_rd *r, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        n = n << 8 | ch_get_u8(r);
    }
    return n;
}

static void put_text(struct ch_rd *r, size_t len, struct ch_buf *out)
{
    const uint8_t *at = ch_get_bytes(r, len);
    assert_non_null(at);
    ch_buf_put_json(out, (struct ch_str){(const char *)at, len});
}

/* As JSON; bytes as <hex>. */
static void put_value(struct ch_rd *r, struct ch_buf *out)
{
    uint8_t type = ch_get_u8(r);
    assert_false(r->failed);
    uint64_t n;
    if (type <= 0x7f || type >= 0xe0) {
        ch_buf_printf(out, "%d", (int8_t)type);
    } else if (type >= 0xa0 && type <= 0xbf) {
        put_text(r, type & 31, out);
    } else if (type == 0xc0) {
        ch_buf_puts(out, CH_STR("null"));
    } else if (type == 0xc2 || type == 0xc3) {
        ch_buf_puts(out, ch_str_of(type == 0xc3 ? "true" : "false"));
    } else if (type == 0xc4) {
        n = number(r, 1);
        const uint8_t *at = ch_get_bytes(r, (size_t)n);
        assert_non_null(at);
        ch_buf_putc(out, '<');
        ch_buf_put_hex(out, at, (size_t)n);
        ch_buf_putc(out, '>');
    } else if (type >= 0xcc && type <= 0xcf) {
        ch_buf_printf(out, "%" PRIu64, number(r, (size_t)1 << (type - 0xcc)));
    } else if (type == 0xd3) {
        ch_buf_printf(out, "%" PRId64, (int64_t)number(r, 8));
    } else if (type >= 0xd9 && type <= 0xdb) {
        n = number(r, (size_t)1 << (type - 0xd9));
        put_text(r, (size_t)n, out);
    } else {
        assert_true(type == 0xdd || type == 0xdf);
        n = number(r, 4);
        ch_buf_putc(out, type == 0xdd ? '[' : '{');
        for (uint64_t i = 0; i < n; i++) {
            ch_buf_puts(out, ch_str_of(i > 0 ? "," : ""));
            if (type == 0xdf) {
                put_value(r, out);
                ch_buf_putc(out, ':');
            }
            put_value(r, out);
        }
        ch_buf_putc(out, type == 0xdd ? ']' : '}');
    }
}

static struct ch_buf as_json(struct ch_str packed)
{
    struct ch_rd r = ch_rd_of(packed.ptr, packed.len);
    struct ch_buf out;
    struct ch_err err;
    ch_buf_init(&out, 1u << 24);
    put_value(&r, &out);
    assert_ch_ok(&err, ch_rd_end(&r, "msgpack", &err));
    ch_buf_putc(&out, '\0');
    return out;
}

static enum ch_code render(struct ch_page_file *files, size_t count, struct ch_buf *out)
{
    struct ch_page page = {.project = CH_STR("noarch"), .files = files, .file_count = count};
    struct ch_err err;
    ch_buf_init(out, (size_t)ch_limits.shard_bytes);
    return ch_ecosystem_find(CH_STR("conda"))->shards->render(&page, out, &err);
}

static void renders(struct ch_page_file *files, size_t count, const char *expected)
{
    struct ch_buf out;
    assert_int_equal(render(files, count, &out), CH_OK);
    struct ch_buf json = as_json(ch_buf_str(&out));
    assert_string_equal(json.ptr, expected);
    ch_buf_done(&json);
    ch_buf_done(&out);
}

#define MD5    "00112233445566778899aabbccddeeff"
#define SHA256 MD5 MD5
#define HELD_FILE(name, ending, record_text, ...)                                                  \
    {                                                                                              \
        .file_name = CH_STR_INIT(name "-1.0-0" ending), .project = CH_STR_INIT(name),              \
        .record = CH_STR_INIT(record_text), .listing = CH_LIST_HELD, __VA_ARGS__                   \
    }
#define FILE_OF(name, ending, record_text)                                                         \
    {                                                                                              \
        .file_name = CH_STR_INIT(name "-1.0-0" ending), .project = CH_STR_INIT(name),              \
        .record = CH_STR_INIT(record_text)                                                         \
    }
#define SHARD(packages, conda)                                                                     \
    "{\"packages\":{" packages "},\"packages.conda\":{" conda "},\"removed\":[]}"

static void test_records(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        FILE_OF("a", ".conda",
                "{\"depends\":[\"b >=1\",\"c\"],\"md5\":\"" MD5
                "\",\"name\":\"a\",\"sha256\":\"" SHA256
                "\",\"size\":70000,\"timestamp\":1700000000000}"),
        FILE_OF("a", ".tar.bz2", "{\"md5\":\"no hash\",\"sha256\":null}"),
    };
    renders(files, 2,
            SHARD("\"a-1.0-0.tar.bz2\":{\"md5\":\"no hash\",\"sha256\":null}",
                  "\"a-1.0-0.conda\":{\"depends\":[\"b >=1\",\"c\"],\"md5\":<" MD5
                  ">,\"name\":\"a\",\"sha256\":<" SHA256
                  ">,\"size\":70000,\"timestamp\":1700000000000}"));
}

/* Each form of each value; hashes that are no record's own stay what they are. */
static void test_values(void **state)
{
    (void)state;
#define VALUES(line)                                                                               \
    "{\"a\":[0,1,127,128,255,256,65535,65536,4294967295,4294967296,9007199254740991,-1,-32,-33,-"  \
    "9007199254740991],\"b\":[true,false,null,[],{}],"                                             \
    "\"c\":\"0123456789012345678901234567890\",\"d\":\"01234567890123456789012345678901\",\"e\":"  \
    "\"\\\"\\\\" line "\\u0001\xc3\xa9\",\"f\":{\"sha256\":\"" SHA256 "\"}}"
    struct ch_page_file file = FILE_OF("a", ".conda", VALUES("\\n"));
    assert_true(ch_index_record_ok(file.record));
    renders(&file, 1, SHARD("", "\"a-1.0-0.conda\":" VALUES("\\u000a")));
}

static void test_long_strings(void **state)
{
    (void)state;
    static const size_t lengths[] = {31, 32, 255, 256, 60000};
    for (size_t i = 0; i < CH_ARRAY_LEN(lengths); i++) {
        struct ch_buf record, expected;
        ch_buf_init(&record, 1 << 20);
        ch_buf_init(&expected, 1 << 20);
        ch_buf_puts(&record, CH_STR("{\"a\":\""));
        for (size_t n = 0; n < lengths[i]; n++) {
            ch_buf_putc(&record, (char)('a' + n % 26));
        }
        ch_buf_puts(&record, CH_STR("\"}"));
        ch_buf_puts(&expected, CH_STR("{\"packages\":{},\"packages.conda\":{\"a-1.0-0.conda\":"));
        ch_buf_puts(&expected, ch_buf_str(&record));
        ch_buf_puts(&expected, CH_STR("},\"removed\":[]}"));
        ch_buf_putc(&expected, '\0');
        struct ch_page_file file = FILE_OF("a", ".conda", "");
        file.record = ch_buf_str(&record);
        renders(&file, 1, expected.ptr);
        ch_buf_done(&record);
        ch_buf_done(&expected);
    }
}

/* As in repodata.json: test_render.c. */
static void test_held(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        HELD_FILE("a", ".conda", "{\"depends\":[]}",
                  .yanked_reason = CH_STR_INIT("held by policy: \"x\", 7 days")),
        HELD_FILE("a", ".tar.bz2", "{\"depends\":[\"c >=1\"],\"x\":{\"depends\":[]}}",
                  .yanked_reason = {NULL, 0}),
    };
    renders(files, 2,
            SHARD("\"a-1.0-0.tar.bz2\":{\"depends\":[\"c >=1\",\"__held\"],\"x\":{\"depends\":[]}}",
                  "\"a-1.0-0.conda\":{\"depends\":[\"__held-by-policy-x-7-days\"]}"));
}

static void test_what_is_not_shown(void **state)
{
    (void)state;
    struct ch_page_file files[] = {
        FILE_OF("__held", ".conda", "{\"depends\":[]}"), /* nobody provides these */
        FILE_OF("a", ".whl", "{}"),
        FILE_OF("a", ".conda", ""),
        HELD_FILE("a", ".conda", "{\"name\":\"a\"}",
                  .yanked_reason = {NULL, 0}), /* nowhere to say it */
        HELD_FILE("a", ".conda", "{\"depends\":[1]}", .yanked_reason = {NULL, 0}),
        HELD_FILE("a", ".conda", "{\"depends\":\"c\"}", .yanked_reason = {NULL, 0}),
    };
    struct ch_buf out;
    assert_int_equal(render(files, CH_ARRAY_LEN(files), &out), CH_E_NOT_FOUND);
    ch_buf_done(&out);
    struct ch_page_file good[] = {files[3], FILE_OF("a", ".tar.bz2", "{}")};
    renders(good, 2, SHARD("\"a-1.0-0.tar.bz2\":{}", ""));
}

/* Not what ch_index_record_ok lets pass; whatever it is, nothing of it is shown, and nothing beside
 * it is read. */
static void test_no_records(void **state)
{
    (void)state;
    static const char *const rows[] = {"[]",
                                       "{",
                                       "{\"a\"",
                                       "{\"a\":",
                                       "{\"a\":1",
                                       "{\"a\":\"",
                                       "{\"a\":\"\\",
                                       "{\"a\":[",
                                       "{\"a\":[1",
                                       "{\"a\":tru",
                                       "{\"a\":1.5}",
                                       "{\"a\":-}",
                                       "{\"a\":99999999999999999999}",
                                       "{} ",
                                       "{\"a\":1,}",
                                       "{,}"};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_page_file file = FILE_OF("a", ".conda", "");
        struct ch_buf out;
        char *exact =
            ch_str_dup(ch_str_of(rows[i])); /* so that a sanitizer sees what is read beside it */
        file.record = ch_str_of(exact);
        assert_int_equal(render(&file, 1, &out), CH_E_NOT_FOUND);
        ch_buf_done(&out);
        free(exact);
    }
}

#define NEWEST 12
#define MUCH                                                                                       \
    "many packages that it must not be installed with, more than is in any record of another "     \
    "kind, and so long that what names it alone is far shorter than this"

/* What does not fit is there by name, and says why; the newest versions are whole. */
static void test_more_than_clients_read(void **state)
{
    (void)state;
    const uint64_t limit = ch_limits.shard_bytes;
    struct ch_page_file files[NEWEST + 1];
    char names[NEWEST][32];
    struct ch_str record =
        CH_STR("{\"build\":\"0\",\"constrains\":[\"" MUCH
               "\"],\"depends\":[\"b\"],\"license\":\"MIT\",\"name\":\"a\",\"size\":1}");
    for (size_t i = 0; i < NEWEST; i++) { /* 1.0 to 1.11, of which 1.9 is not the last */
        snprintf(names[i], sizeof(names[i]), "a-1.%zu-0.conda", i);
        files[i] = (struct ch_page_file){
            .file_name = ch_str_of(names[i]), .project = CH_STR("a"), .record = record};
    }
    files[NEWEST] = (struct ch_page_file)HELD_FILE("a", ".tar.bz2", "{\"depends\":[]}",
                                                   .yanked_reason = {NULL, 0});
    struct ch_buf out;
    assert_int_equal(render(files, NEWEST + 1, &out), CH_OK);
    const size_t all = out.len;
    ch_buf_done(&out);
    ch_limits.shard_bytes = all - 1;
    assert_int_equal(render(files, NEWEST + 1, &out), CH_OK);
    assert_in_range(out.len, all / 2, all - 1);
    ch_buf_done(&out);
    ch_limits.shard_bytes = all - 100;
    assert_int_equal(render(files, NEWEST + 1, &out), CH_OK);
    assert_in_range(out.len, all / 2, all - 100);
    struct ch_buf json = as_json(ch_buf_str(&out));
    assert_non_null(strstr(json.ptr, "\"a-1.11-0.conda\":{\"build\":\"0\",\"constrains\""));
    assert_non_null(strstr(json.ptr, "\"a-1.10-0.conda\":{\"build\":\"0\",\"constrains\""));
    assert_non_null(strstr(
        json.ptr, "\"a-1.0-0.conda\":{\"build\":\"0\",\"depends\":[\"__this-package-has-more-"
                  "builds-than-fit-into-a-shard-see-repodata.json\"],\"name\":\"a\",\"size\":1}"));
    assert_non_null(strstr(json.ptr, "\"a-1.0-0.tar.bz2\":{\"depends\":[\"__held\"]}"));
    size_t whole = 0, listed = 0;
    for (const char *at = json.ptr; (at = strstr(at, "constrains")) != NULL; at++) {
        whole++;
    }
    for (const char *at = json.ptr; (at = strstr(at, "-0.conda")) != NULL; at++) {
        listed++;
    }
    assert_in_range(whole, 2, NEWEST - 1);
    assert_int_equal(listed, NEWEST);
    ch_buf_done(&json);
    ch_buf_done(&out);
    ch_limits.shard_bytes = 600; /* not even their names */
    assert_int_equal(render(files, NEWEST + 1, &out), CH_E_LIMIT);
    ch_buf_done(&out);
    ch_limits.shard_bytes = limit;
}

static void test_index(void **state)
{
    (void)state;
    struct ch_shard shards[] = {{CH_STR("a"), {{1, 2}}}, {CH_STR("b"), {{255}}}};
    struct ch_buf out;
    struct ch_err err;
    const struct ch_shards_ops *ops = ch_ecosystem_find(CH_STR("conda"))->shards;
    ch_buf_init(&out, 10000);
    assert_ch_ok(&err, ops->render_index(CH_STR("linux-64"), shards, 2, &out, &err));
    struct ch_buf json = as_json(ch_buf_str(&out));
#define REST "0000000000000000000000000000000000000000000000000000000000"
    assert_string_equal(json.ptr, "{\"info\":{\"base_url\":\"\",\"shards_base_url\":\"\","
                                  "\"subdir\":\"linux-64\"},\"removed\":[],\"repodata_version\":1,"
                                  "\"shards\":{\"a\":<0102" REST "00>,\"b\":<ff" REST
                                  "0000>},\"version\":1}");
    ch_buf_done(&json);
    ch_buf_done(&out);
    ch_buf_init(&out, 100);
    assert_int_equal(ops->render_index(CH_STR("linux-64"), shards, 2, &out, &err), CH_E_LIMIT);
    ch_buf_done(&out);
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool index, shard;
    } rows[] = {
        {"repodata_shards.msgpack.zst", true, false},
        {SHA256 ".msgpack.zst", false, true},
        {"repodata_shards.msgpack", false, false},
        {SHA256 ".msgpack", false, false},
        {SHA256, false, false},
        {SHA256 "0.msgpack.zst", false, false},
        {MD5 ".msgpack.zst", false, false},
        {"AA" MD5 "112233445566778899aabbccddeeff.msgpack.zst", false, false},
        {"g0112233445566778899aabbccddeeff" MD5 ".msgpack.zst", false, false},
    };
    const struct ch_ecosystem *e = ch_ecosystem_find(CH_STR("conda"));
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_str segments[] = {CH_STR("noarch"), ch_str_of(rows[i].name)};
        struct ch_target target;
        e->classify(CH_STR("chan"), segments, 2, false, &target);
        assert_int_equal(target.kind,
                         rows[i].index || rows[i].shard ? CH_TARGET_PROJECT : CH_TARGET_NONE);
        assert_int_equal(target.document, rows[i].index   ? e->shards->index_document
                                          : rows[i].shard ? e->shards->shard_document
                                                          : 0);
        assert_string_equal(target.file_name, rows[i].shard ? SHA256 : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_strings),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_what_is_not_shown),
        cmocka_unit_test(test_no_records),
        cmocka_unit_test(test_more_than_clients_read),
        cmocka_unit_test(test_index),
        cmocka_unit_test(test_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
