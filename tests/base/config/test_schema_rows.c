/* The schema itself: each row has what the reader of its type needs, and its explanation. */
#include "tests/ch_test.h"

#include "base/config/schema.h"
#include "customhouse/config.h"

/* Every key of the schema is in the generated file, with its explanation. */
static void check_documented(const struct ch_schema_section *section, struct ch_str text)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        struct ch_str doc = ch_str_of(row->doc);
        struct ch_str line = {NULL, 0};
        assert_true(ch_str_split(&doc, '\n', &line));
        if (!ch_str_find(text, ch_str_of(row->key), NULL) || !ch_str_find(text, line, NULL)) {
            fail_msg("%s is not explained", row->key);
        }
        if (row->section != NULL) {
            check_documented(row->section, text);
        }
    }
}

static void test_every_key_is_documented(void **state)
{
    (void)state;
    struct ch_config_initial in = {
        .listen = CH_STR("[::1]:1"), .pypi_url = CH_STR("http://[::1]:2"), .states_times = "never"};
    struct ch_buf b;
    ch_buf_init(&b, (size_t)1 << 20);
    ch_config_initial_text(&b, &in);
    check_documented(&ch_schema, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* NULL: the row has what the reader of its type takes for granted. */
static const char *fault_of(const struct ch_schema_section *section,
                            const struct ch_schema_row *row)
{
    enum ch_schema_type type = row->type;
    bool number = type == CH_SCHEMA_U32 || type == CH_SCHEMA_SIZE;
    bool chosen = type == CH_SCHEMA_WORD || type == CH_SCHEMA_CHOICE;
    bool nested = type == CH_SCHEMA_SECTION || type == CH_SCHEMA_SECTIONS;
    bool list =
        (type >= CH_SCHEMA_NAMES && type <= CH_SCHEMA_PLATFORMS) || type == CH_SCHEMA_SECTIONS;
    size_t bytes = type == CH_SCHEMA_SECTION  ? 0
                   : type == CH_SCHEMA_CHOICE ? sizeof(unsigned)
                   : type == CH_SCHEMA_BOOL   ? sizeof(bool)
                   : type == CH_SCHEMA_U32    ? sizeof(uint32_t)
                                              : sizeof(uint64_t); /* or a pointer */
    if (number && (row->unit == NULL || row->max == 0 || row->min > row->max)) {
        return "unit, min and max";
    }
    if (type == CH_SCHEMA_U32 && row->max > UINT32_MAX) {
        return "max of 32 bits";
    }
    if (chosen != (row->choices != NULL) || (chosen && row->choices[0] == NULL)) {
        return "choices";
    }
    if (nested != (row->section != NULL) ||
        (type == CH_SCHEMA_SECTION && row->section->struct_bytes != section->struct_bytes)) {
        return "section";
    }
    if (list != (row->count_offset != 0) ||
        row->count_offset + sizeof(size_t) > section->struct_bytes) {
        return "count";
    }
    if (row->offset + bytes > section->struct_bytes) {
        return "offset";
    }
    return row->key == NULL || row->doc == NULL ? "key and doc" : NULL;
}

static void check_rows(const struct ch_schema_section *section)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        const char *fault = fault_of(section, row);
        if (fault != NULL) {
            fail_msg("%s lacks %s", row->key != NULL ? row->key : "a row", fault);
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(section->rows[k].key, row->key);
        }
        if (row->section != NULL) {
            check_rows(row->section);
        }
    }
}

static void test_each_row_has_what_its_type_needs(void **state)
{
    (void)state;
    check_rows(&ch_schema);
    static const struct ch_schema_row lacks[] = {
        {.key = "a", .doc = "a", .type = CH_SCHEMA_U32, .max = 1},
        {.key = "b", .doc = "b", .type = CH_SCHEMA_WORD},
        {.key = "c", .doc = "c", .type = CH_SCHEMA_SECTIONS, .count_offset = 8},
        {.key = "d", .doc = "d", .type = CH_SCHEMA_NAMES},
        {.key = "e", .doc = "e", .type = CH_SCHEMA_TEXT, .offset = 24},
        {.key = "f", .type = CH_SCHEMA_BOOL},
    };
    const struct ch_schema_section section = {lacks, CH_ARRAY_LEN(lacks), 24};
    for (size_t i = 0; i < CH_ARRAY_LEN(lacks); i++) {
        assert_non_null(fault_of(&section, &lacks[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_row_has_what_its_type_needs),
        cmocka_unit_test(test_every_key_is_documented),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
