/* Every key of the schema, also one that is new there, with every value that it must not have: the
 * place is said, and nothing is taken. */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config/schema.h"
#include "customhouse/config.h"

#define DEPTH_MAX 4

/* What is written in the place of a value. */
static const struct odd {
    const char *text;
    bool is_text; /* one line of it */
    bool is_name;
} odds[] = {
    {"-1", true, false},
    {"99999999999999999999999999", true, true},
    {"1.5", true, true},
    {"0x10", true, true},
    {"not a value", true, false},
    {"", false, false},
    {"~", true, false},
    {"''", false, false},
    {"[[a]]", false, false},
    {"[{a: b}]", false, false},
    {"{a: b}", false, false},
    {"&a b", false, false},
    {"*a", false, false},
    {"!!int 1", false, false},
    {"\"a\\nb\"", false, false},
    {"\"a\\0b\"", false, false},
    {"\"\\e[31m\"", false, false},
    {"a\001b", false, false},
    {"\xff\xfe", false, false},
    {"\xed\xa0\x80", false, false},
    {"[a, b", false, false},
    {"\"a", false, false},
};

static const struct ch_schema_row unknown = {.key = "unknown_key", .type = CH_SCHEMA_TEXT};

struct writing {
    struct ch_buf text;
    unsigned line;                              /* that is written next */
    const struct ch_schema_row *way[DEPTH_MAX]; /* from the outermost section to the key */
    size_t depth;
    const char *odd;  /* NULL: the key is given twice with a right value */
    unsigned at_line; /* where the odd value stands, 0: not yet */
};

static const char *right_value(const struct ch_schema_row *row, bool repository)
{
    switch (row->type) {
    case CH_SCHEMA_NAMES:
    case CH_SCHEMA_PATTERNS:
        return "[up]";
    case CH_SCHEMA_HOSTS:
    case CH_SCHEMA_WILDCARDS:
        return "[up.example.org]";
    case CH_SCHEMA_PLATFORM:
        return "linux/arm64";
    case CH_SCHEMA_PLATFORMS:
        return "[linux/arm64, windows/amd64]";
    case CH_SCHEMA_PATHS:
        return "[/nonexistent]";
    case CH_SCHEMA_MAILBOXES:
        return "[you@example.org]";
    case CH_SCHEMA_NAME:
    case CH_SCHEMA_TEXT:
        return repository ? "pypi" : "up";
    case CH_SCHEMA_PATH:
        return "/nonexistent";
    case CH_SCHEMA_URL:
        return "https://up.example.org/simple";
    case CH_SCHEMA_ADDRESS:
        return "127.0.0.1:8080";
    case CH_SCHEMA_HOST:
        return "up.example.org";
    case CH_SCHEMA_MAILBOX:
        return "me@example.org";
    case CH_SCHEMA_WORD:
    case CH_SCHEMA_CHOICE:
        return row->choices[0];
    case CH_SCHEMA_BOOL:
        return "true";
    case CH_SCHEMA_U32:
    case CH_SCHEMA_SIZE:
        return row->def;
    case CH_SCHEMA_TIME:
        return "2026-01-31T18:00:00Z";
    case CH_SCHEMA_SECTION:
        return "{}";
    case CH_SCHEMA_SECTIONS:
        return "[]";
    }
    return NULL;
}

static void write_section(struct writing *w, const struct ch_schema_section *section, size_t level,
                          unsigned indent, bool item, bool repository);

static void write_key(struct writing *w, const char *key, unsigned indent, bool dash,
                      const char *value)
{
    ch_buf_printf(&w->text, "%*s%s%s: %s\n", (int)(dash ? indent - 2 : indent), "",
                  dash ? "- " : "", key, value);
    w->line++;
}

/* One key; `meant`: it lies on the way to the odd one. */
static void write_row(struct writing *w, const struct ch_schema_row *row, size_t level,
                      unsigned indent, bool dash, bool meant, bool repository)
{
    bool nested = row->type == CH_SCHEMA_SECTION || row->type == CH_SCHEMA_SECTIONS;
    if (meant && level + 1 == w->depth) {
        if (w->odd == NULL) {
            write_key(w, row->key, indent, dash, right_value(row, repository));
            dash = false;
        }
        w->at_line = w->line;
        write_key(w, row->key, indent, dash,
                  w->odd != NULL ? w->odd : right_value(row, repository));
    } else if (nested) {
        write_key(w, row->key, indent, dash, "");
        bool list = row->type == CH_SCHEMA_SECTIONS;
        write_section(w, row->section, meant ? level + 1 : DEPTH_MAX, indent + (list ? 4 : 2), list,
                      strcmp(row->key, "repositories") == 0);
    } else {
        write_key(w, row->key, indent, dash, right_value(row, repository));
    }
}

/* What is required, and what lies on the way to the odd one. */
static void write_section(struct writing *w, const struct ch_schema_section *section, size_t level,
                          unsigned indent, bool item, bool repository)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        bool meant = level < w->depth && w->way[level] == row;
        /* asked for by check.c, of those that are not hosted */
        bool wanted = row->required || (repository && strcmp(row->key, "upstreams") == 0);
        if (meant || wanted) {
            write_row(w, row, level, indent, item, meant, repository);
            item = false;
        }
    }
    if (level + 1 == w->depth && w->way[level] == &unknown) {
        write_row(w, &unknown, level, indent, item, true, repository);
        item = false;
    }
    if (item) {
        ch_buf_printf(&w->text, "%*s- {}\n", (int)indent - 2, "");
        w->line++;
    }
}

static enum ch_code parse(struct writing *w, struct ch_err *err)
{
    struct ch_config *config = NULL;
    ch_buf_clear(&w->text);
    w->line = 1;
    w->at_line = 0;
    write_section(w, &ch_schema, 0, 0, false, false);
    enum ch_code rc = ch_config_parse(ch_buf_str(&w->text), "house.yaml", &config, err);
    ch_config_free(config);
    return rc;
}

/* "house.yaml:LINE:COLUMN: PATH: what was expected". What libyaml cannot read has no path, and its
 * end may be noticed later. */
static void refused(struct writing *w, const char *what)
{
    struct ch_err err = {.msg = ""};
    enum ch_code rc = parse(w, &err);
    const char *key = w->way[w->depth - 1]->key;
    char *rest = err.msg;
    unsigned long line = 0, column = 0;
    if (rc == CH_E_USAGE && strncmp(err.msg, "house.yaml:", 11) == 0) {
        line = strtoul(err.msg + 11, &rest, 10);
        column = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 0;
    }
    bool syntax = strstr(rest, key) == NULL;
    if (line < w->at_line || (!syntax && line != w->at_line) || column == 0 ||
        strncmp(rest, ": ", 2) != 0 || strlen(rest) < 10) {
        fail_msg("%s with %s: %d \"%s\" of line %u in:\n%.*s", key, what, rc, err.msg, w->at_line,
                 CH_STR_ARG(ch_buf_str(&w->text)));
    }
}

static void try_numbers(struct writing *w, const struct ch_schema_row *row)
{
    char text[32];
    w->odd = text;
    if (row->max < UINT64_MAX) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)row->max + 1);
        refused(w, text);
    }
    if (row->min > 0) {
        snprintf(text, sizeof(text), "%llu", (unsigned long long)row->min - 1);
        refused(w, text);
    }
    w->odd = NULL;
}

static void try_row(struct writing *w, const struct ch_schema_row *row)
{
    enum ch_schema_type type = row->type;
    bool list = (type >= CH_SCHEMA_NAMES && type <= CH_SCHEMA_MAILBOXES);
    for (size_t i = 0; i < CH_ARRAY_LEN(odds); i++) {
        bool right = (odds[i].is_text && type == CH_SCHEMA_TEXT) ||
                     (odds[i].is_name && type == CH_SCHEMA_NAME);
        w->odd = odds[i].text;
        if (!right) {
            refused(w, odds[i].text);
        }
    }
    w->odd = "[a]";
    if (!list) {
        refused(w, w->odd);
    }
    w->odd = "[]";
    if ((!list && type != CH_SCHEMA_SECTIONS) || row->min > 0) {
        refused(w, w->odd);
    }
    if (type == CH_SCHEMA_U32 || type == CH_SCHEMA_SIZE) {
        try_numbers(w, row);
    }
    w->odd = NULL;
    refused(w, "the same once more");
}

static void walk(struct writing *w, const struct ch_schema_section *section, size_t *count)
{
    assert_true(w->depth < DEPTH_MAX);
    w->way[w->depth++] = &unknown;
    w->odd = "up";
    refused(w, w->odd);
    w->depth--;
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        w->way[w->depth++] = row;
        (*count)++;
        try_row(w, row);
        if (row->section != NULL) {
            walk(w, row->section, count);
        }
        w->depth--;
    }
}

static void test_each_key_refuses_what_it_is_not(void **state)
{
    (void)state;
    struct writing w = {.depth = 0};
    struct ch_err err;
    size_t count = 0;
    ch_buf_init(&w.text, 65536);
    assert_ch_ok(&err, parse(&w, &err)); /* what is wrong is the odd value alone */
    walk(&w, &ch_schema, &count);
    assert_true(count > 80);
    ch_buf_done(&w.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_key_refuses_what_it_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
