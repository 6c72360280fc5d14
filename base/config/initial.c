/* The commented configuration that init writes: every key of the schema with its explanation, those
 * left at their default as comments. */
#include "customhouse/config.h"

#include <stdio.h>

#include "base/config/schema.h"
#include "customhouse/timefmt.h"

/* What stands for the keys of one item; a key that is not here keeps its default. */
struct given {
    const char *key;
    struct ch_str value;        /* absent: left out */
    const struct ch_str *items; /* a list instead */
    size_t item_count;
    bool word; /* a bare word rather than a quoted text */
};

static const struct given *find_given(const struct given *given, size_t count, const char *key)
{
    for (size_t i = 0; i < count; i++) {
        bool has = given[i].value.ptr != NULL || given[i].item_count > 0;
        if (has && ch_str_eq(ch_str_of(given[i].key), ch_str_of(key))) {
            return &given[i];
        }
    }
    return NULL;
}

static void put_comment(struct ch_buf *b, const char *indent, const char *doc)
{
    struct ch_str rest = ch_str_of(doc);
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&rest, '\n', &line)) {
        ch_buf_printf(b, "%s# %.*s\n", indent, CH_STR_ARG(line));
    }
}

static void put_given(struct ch_buf *b, const struct given *g)
{
    if (g->item_count == 0) {
        if (g->word) {
            ch_buf_puts(b, g->value);
        } else {
            ch_buf_put_json(b, g->value);
        }
        return;
    }
    for (size_t i = 0; i < g->item_count; i++) {
        ch_buf_puts(b, ch_str_of(i == 0 ? "[" : ", "));
        ch_buf_put_json(b, g->items[i]);
    }
    ch_buf_putc(b, ']');
}

static void put_default(struct ch_buf *b, const struct ch_schema_row *row)
{
    bool list = row->type == CH_SCHEMA_NAMES || row->type == CH_SCHEMA_PATTERNS ||
                row->type == CH_SCHEMA_HOSTS || row->type == CH_SCHEMA_WILDCARDS ||
                row->type == CH_SCHEMA_PATHS;
    ch_buf_puts(b, ch_str_of(row->def != NULL ? row->def : list ? "[]" : ""));
}

/* The keys of one item of a list: the first one behind "- ". */
static void put_item(struct ch_buf *b, const struct ch_schema_section *section,
                     const struct given *given, size_t count)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        const struct given *g = find_given(given, count, row->key);
        put_comment(b, i == 0 ? "  " : "    ", row->doc);
        ch_buf_printf(b, "%s%s%s:", i == 0 ? "  - " : "    ", g == NULL ? "# " : "", row->key);
        if (g != NULL) {
            ch_buf_putc(b, ' ');
            put_given(b, g);
        } else if (row->def != NULL || row->type >= CH_SCHEMA_NAMES) {
            ch_buf_putc(b, ' ');
            put_default(b, row);
        }
        ch_buf_putc(b, '\n');
    }
}

/* A list that may be left out: an item as it could be, in comments. */
static void put_example(struct ch_buf *b, const struct ch_schema_row *row, const char *indent)
{
    char first[32], others[32];
    snprintf(first, sizeof(first), "%s#   ", indent);
    snprintf(others, sizeof(others), "%s#     ", indent);
    ch_buf_printf(b, "%s# %s:\n", indent, row->key);
    for (size_t i = 0; i < row->section->row_count; i++) {
        const struct ch_schema_row *inner = &row->section->rows[i];
        put_comment(b, i == 0 ? first : others, inner->doc);
        ch_buf_printf(b, "%s%s", i == 0 ? first : others, i == 0 ? "- " : "");
        if (inner->example != NULL) {
            ch_buf_printf(b, "%s: %s\n", inner->key, inner->example);
        } else {
            ch_buf_printf(b, "# %s: %s\n", inner->key, inner->def != NULL ? inner->def : "");
        }
    }
}

static void put_plain_section(struct ch_buf *b, const struct ch_schema_row *row)
{
    ch_buf_printf(b, "%s:\n", row->key);
    for (size_t i = 0; i < row->section->row_count; i++) {
        const struct ch_schema_row *inner = &row->section->rows[i];
        put_comment(b, "  ", inner->doc);
        if (inner->type == CH_SCHEMA_SECTIONS) {
            put_example(b, inner, "  ");
        } else if (inner->def != NULL) {
            ch_buf_printf(b, "  %s: %s\n", inner->key, inner->def);
        } else {
            ch_buf_printf(b, "  # %s:\n", inner->key);
        }
    }
}

#define CHANNEL_HOST "https://conda.anaconda.org/"

void ch_config_channel_url(struct ch_str named, struct ch_buf *ret)
{
    while (ch_str_ends(named, CH_STR("/"))) {
        named.len--;
    }
    if (named.len > 0 && !ch_str_find(named, CH_STR("://"), NULL)) {
        ch_buf_puts(ret, CH_STR(CHANNEL_HOST));
    }
    ch_buf_puts(ret, named);
}

/* ".../conda-forge" conda-forge */
static struct ch_str name_of(struct ch_str url)
{
    struct ch_str part, name = url;
    while (ch_str_split(&url, '/', &part)) {
        name = part;
    }
    return name;
}

static void put_name(struct ch_buf *b, struct ch_str name)
{
    bool plain = name.len > 0;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        plain = plain && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9' && i > 0) || (c == '-' && i > 0));
    }
    if (plain) {
        ch_buf_puts(b, name);
    } else {
        ch_buf_put_json(b, name);
    }
}

/* One that is not said is there in comments: without those two marks it is served. */
static void put_channel(struct ch_buf *b, const struct ch_config_initial *in, struct ch_str added,
                        bool upstream)
{
    bool said = in->channel_url.len > 0;
    struct ch_str url = said ? in->channel_url : CH_STR(CHANNEL_HOST "conda-forge");
    ch_buf_puts(b, said ? CH_STR("") : CH_STR("  # A conda channel beside it:\n"));
    ch_buf_puts(b, said ? CH_STR("  - {name: ") : CH_STR("  # - {name: "));
    put_name(b, name_of(url));
    ch_buf_puts(b, CH_STR(", ecosystem: conda, "));
    if (upstream) {
        ch_buf_puts(b, CH_STR("url: "));
        ch_buf_put_json(b, url);
        ch_buf_printf(b, ", added_at: %.*s}\n", CH_STR_ARG(added));
    } else {
        ch_buf_puts(b, CH_STR("upstreams: ["));
        put_name(b, name_of(url));
        ch_buf_puts(b, CH_STR("]}\n"));
    }
}

static void put_lists(struct ch_buf *b, const struct ch_schema_row *row,
                      const struct ch_config_initial *in)
{
    static const struct ch_str name = {"pypi", 4};
    struct ch_buf added;
    ch_buf_init(&added, sizeof("YYYY-MM-DDTHH:MM:SSZ"));
    ch_time_put(&added, in->now_us, false);
    const struct given listen[] = {{.key = "address", .value = in->listen}};
    const struct given upstream[] = {
        {.key = "name", .value = name, .word = true},
        {.key = "ecosystem", .value = name, .word = true},
        {.key = "url", .value = in->pypi_url},
        {.key = "api_url", .value = in->pypi_api_url},
        {.key = "file_hosts", .items = in->file_hosts, .item_count = in->file_host_count},
        {.key = "trust_times", .value = CH_STR("true"), .word = true},
        {.key = "states_times", .value = ch_str_of(in->states_times), .word = true},
        {.key = "proxy", .value = in->proxy},
        {.key = "ca_file", .value = in->ca_file},
        {.key = "client_certificate", .value = in->client_certificate},
        {.key = "added_at", .value = ch_buf_str(&added), .word = true},
    };
    const struct given repository[] = {
        {.key = "name", .value = name, .word = true},
        {.key = "ecosystem", .value = name, .word = true},
        {.key = "environment", .value = CH_STR("prod"), .word = true},
        {.key = "upstreams", .items = &name, .item_count = 1},
    };
    ch_buf_printf(b, "%s:\n", row->key);
    if (ch_str_eq(ch_str_of(row->key), CH_STR("listen"))) {
        put_item(b, row->section, listen, CH_ARRAY_LEN(listen));
    } else if (ch_str_eq(ch_str_of(row->key), CH_STR("upstreams"))) {
        put_item(b, row->section, upstream, CH_ARRAY_LEN(upstream));
        put_channel(b, in, ch_buf_str(&added), true);
        ch_buf_printf(b,
                      "  # Microsoft's registry of container images, the same way:\n"
                      "  # - {name: mcr, ecosystem: oci, url: 'https://mcr.microsoft.com', states_times: "
                      "never, file_hosts: ['*.data.mcr.microsoft.com'], added_at: %.*s}\n",
                      CH_STR_ARG(ch_buf_str(&added)));
    } else {
        put_item(b, row->section, repository, CH_ARRAY_LEN(repository));
        put_channel(b, in, ch_buf_str(&added), false);
        ch_buf_puts(b, CH_STR("  # - {name: mcr, ecosystem: oci, upstreams: [mcr]}\n"));
    }
    ch_buf_done(&added);
}

static void put_row(struct ch_buf *b, const struct ch_schema_row *row,
                    const struct ch_config_initial *in)
{
    const struct given site[] = {{.key = "approver", .value = in->approver},
                                 {.key = "approver_uid", .value = in->approver_uid, .word = true}};
    const struct given *g = find_given(site, CH_ARRAY_LEN(site), row->key);
    ch_buf_putc(b, '\n');
    put_comment(b, "", row->doc);
    if (g != NULL) {
        ch_buf_printf(b, "%s: ", row->key);
        put_given(b, g);
        ch_buf_putc(b, '\n');
    } else if (row->type == CH_SCHEMA_SECTIONS && !row->required) {
        put_example(b, row, "");
    } else if (row->type == CH_SCHEMA_SECTIONS) {
        put_lists(b, row, in);
    } else if (row->type == CH_SCHEMA_SECTION) {
        put_plain_section(b, row);
    } else if (row->def != NULL) {
        ch_buf_printf(b, "%s: %s\n", row->key, row->def);
    } else {
        ch_buf_printf(b, "# %s:", row->key);
        bool list = row->type == CH_SCHEMA_HOSTS || row->type == CH_SCHEMA_PATHS;
        ch_buf_puts(b, ch_str_of(list ? " []\n" : "\n"));
    }
}

void ch_config_initial_text(struct ch_buf *b, const struct ch_config_initial *initial)
{
    ch_buf_puts(b,
                CH_STR("# Customhouse: where to listen, what to mirror, how much to keep.\n"
                       "# Lines that start with \"# key:\" show keys that are not set, with their "
                       "default.\n"
                       "# Check with `customhouse check`, take over with SIGHUP to `customhouse "
                       "serve`.\n"));
    for (size_t i = 0; i < initial->note_count; i++) {
        ch_buf_puts(b, ch_str_of(i == 0 ? "#\n# " : "# "));
        ch_buf_put_escaped(b, initial->notes[i]);
        ch_buf_putc(b, '\n');
    }
    for (size_t i = 0; i < ch_schema.row_count; i++) {
        put_row(b, &ch_schema.rows[i], initial);
    }
}
