/* Fills struct ch_config from its schema. */
#include "customhouse/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/config/config_int.h"
#include "base/config/place.h"
#include "base/config/schema.h"
#include "customhouse/index.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "customhouse/platform.h"
#include "customhouse/timefmt.h"

static enum ch_code read_section(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                 const struct ch_schema_section *section, void *base,
                                 struct ch_err *err);

static void *field(void *base, size_t offset)
{
    return (char *)base + offset;
}

/* --- texts --- */

static enum ch_code read_text(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              enum ch_schema_type type, char **ret, struct ch_err *err)
{
    struct ch_str s = {NULL, 0};
    enum ch_code rc = ch_yaml_text(yaml, node, &s, err);
    rc = rc == CH_OK ? ch_config_check_text(yaml, node, type, s, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    while (type == CH_SCHEMA_URL && ch_str_ends(s, CH_STR("/"))) {
        s.len--;
    }
    free(*ret);
    *ret = ch_str_dup(s);
    return CH_OK;
}

/* --- lists --- */

static enum ch_code check_count(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                const struct ch_schema_row *row, struct ch_err *err)
{
    enum ch_code rc = ch_yaml_check_kind(yaml, node, CH_YAML_LIST, err);
    if (rc == CH_OK && node->count < row->min) {
        return ch_yaml_fail(yaml, node, err, "is empty; at least %llu is expected",
                            (unsigned long long)row->min);
    }
    return rc;
}

static void free_texts(const struct ch_schema_row *row, void *base)
{
    char ***items = field(base, row->offset);
    size_t *count = field(base, row->count_offset);
    for (size_t k = 0; k < *count; k++) {
        free((*items)[k]);
    }
    free(*items);
    *items = NULL;
    *count = 0;
}

/* Entries are of `type`; what the default was goes. */
static enum ch_code read_list(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              const struct ch_schema_row *row, enum ch_schema_type type, void *base,
                              struct ch_err *err)
{
    enum ch_code rc = check_count(yaml, node, row, err);
    if (rc != CH_OK) {
        return rc;
    }
    char **items = ch_calloc(node->count + 1, sizeof(*items));
    size_t n = 0;
    for (const struct ch_yaml_node *c = node->child; c != NULL && rc == CH_OK; c = c->next) {
        rc = read_text(yaml, c, type, &items[n], err);
        for (size_t i = 0; i < n && rc == CH_OK; i++) {
            if (ch_str_eq(ch_str_of(items[i]), ch_str_of(items[n]))) {
                rc = ch_yaml_fail_value(yaml, c, err, "is given twice");
            }
        }
        n += items[n] != NULL ? 1 : 0;
    }
    free_texts(row, base);
    *(char ***)field(base, row->offset) = items;
    *(size_t *)field(base, row->count_offset) = n;
    return rc;
}

static enum ch_code read_texts(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                               const struct ch_schema_row *row, void *base, struct ch_err *err)
{
    return read_list(yaml, node, row, row->type, base, err);
}

/* One alone needs no brackets. */
static enum ch_code read_platforms(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                   const struct ch_schema_row *row, void *base, struct ch_err *err)
{
    if (node->kind == CH_YAML_SCALAR) {
        char *one = NULL;
        enum ch_code rc = read_text(yaml, node, CH_SCHEMA_PLATFORM, &one, err);
        if (rc == CH_OK) {
            free_texts(row, base);
            char **items = ch_calloc(1, sizeof(*items));
            items[0] = one;
            *(char ***)field(base, row->offset) = items;
            *(size_t *)field(base, row->count_offset) = 1;
        }
        return rc;
    }
    for (const struct ch_yaml_node *c = node->child; c != NULL; c = c->next) {
        if (c->kind == CH_YAML_SCALAR && ch_str_eq(c->text, CH_STR(CH_PLATFORM_ALL))) {
            return ch_yaml_fail_value(yaml, c, err, "stands alone: %s: all", row->key);
        }
    }
    return read_list(yaml, node, row, CH_SCHEMA_PLATFORM, base, err);
}

static enum ch_code read_sections(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                  const struct ch_schema_row *row, void *base, struct ch_err *err)
{
    enum ch_code rc = check_count(yaml, node, row, err);
    if (rc != CH_OK) {
        return rc;
    }
    char *items = ch_calloc(node->count + 1, row->section->struct_bytes);
    *(void **)field(base, row->offset) = items;
    *(size_t *)field(base, row->count_offset) = node->count;
    for (const struct ch_yaml_node *c = node->child; c != NULL && rc == CH_OK; c = c->next) {
        rc =
            read_section(yaml, c, row->section, items + c->index * row->section->struct_bytes, err);
    }
    return rc;
}

/* --- single values --- */

static enum ch_code read_time(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                              int64_t *ret, struct ch_err *err)
{
    if (node->kind != CH_YAML_SCALAR || !ch_time_parse(node->text, ret)) {
        return ch_yaml_fail_value(yaml, node, err, "is not a time as in 2026-01-31T18:00:00Z");
    }
    return CH_OK;
}

static enum ch_code read_choice(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                const struct ch_schema_row *row, void *at, struct ch_err *err)
{
    size_t i = 0;
    enum ch_code rc = ch_yaml_choice(yaml, node, row->choices, &i, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (row->type == CH_SCHEMA_CHOICE) {
        *(unsigned *)at = (unsigned)i;
        return CH_OK;
    }
    free(*(char **)at);
    *(char **)at = ch_str_dup(node->text);
    return CH_OK;
}

static enum ch_code read_u32(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                             const struct ch_schema_row *row, uint32_t *ret, struct ch_err *err)
{
    uint64_t v = 0;
    enum ch_code rc = ch_yaml_number(yaml, node, row->min, row->max, row->unit, &v, err);
    if (rc == CH_OK) {
        *ret = (uint32_t)v;
    }
    return rc;
}

static enum ch_code read_value(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                               const struct ch_schema_row *row, void *base, struct ch_err *err)
{
    void *at = field(base, row->offset);
    switch (row->type) {
    case CH_SCHEMA_TEXT:
    case CH_SCHEMA_NAME:
    case CH_SCHEMA_PATH:
    case CH_SCHEMA_URL:
    case CH_SCHEMA_ADDRESS:
    case CH_SCHEMA_HOST:
    case CH_SCHEMA_MAILBOX:
    case CH_SCHEMA_PLATFORM:
        return read_text(yaml, node, row->type, at, err);
    case CH_SCHEMA_WORD:
    case CH_SCHEMA_CHOICE:
        return read_choice(yaml, node, row, at, err);
    case CH_SCHEMA_BOOL:
        return ch_yaml_bool(yaml, node, at, err);
    case CH_SCHEMA_U32:
        return read_u32(yaml, node, row, at, err);
    case CH_SCHEMA_SIZE:
        return ch_yaml_size(yaml, node, row->min, row->max, at, err);
    case CH_SCHEMA_TIME:
        return read_time(yaml, node, at, err);
    case CH_SCHEMA_NAMES:
    case CH_SCHEMA_PATTERNS:
    case CH_SCHEMA_HOSTS:
    case CH_SCHEMA_WILDCARDS:
    case CH_SCHEMA_PATHS:
    case CH_SCHEMA_MAILBOXES:
        return read_texts(yaml, node, row, base, err);
    case CH_SCHEMA_PLATFORMS:
        return read_platforms(yaml, node, row, base, err);
    case CH_SCHEMA_SECTION:
        return read_section(yaml, node, row->section, base, err);
    case CH_SCHEMA_SECTIONS:
        return read_sections(yaml, node, row, base, err);
    }
    return ch_yaml_fail(yaml, node, err, "the schema has no such type");
}

/* --- sections --- */

static enum ch_code check_keys(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                               const struct ch_schema_section *section, struct ch_err *err)
{
    const char **keys = ch_calloc(section->row_count + 1, sizeof(*keys));
    for (size_t i = 0; i < section->row_count; i++) {
        keys[i] = section->rows[i].key;
    }
    enum ch_code rc = ch_yaml_check_keys(yaml, map, keys, err);
    free(keys);
    return rc;
}

/* The default goes the way of what is written, so it cannot mean anything else. */
static void set_default(const struct ch_yaml *yaml, const struct ch_schema_row *row, void *base)
{
    if (row->type == CH_SCHEMA_TIME) {
        *(int64_t *)field(base, row->offset) = CH_TIME_UNKNOWN;
    }
    if (row->type == CH_SCHEMA_SECTION) {
        for (size_t i = 0; i < row->section->row_count; i++) {
            set_default(yaml, &row->section->rows[i], base);
        }
    }
    if (row->def != NULL) {
        struct ch_yaml_node node = {.text = ch_str_of(row->def), .plain = true};
        CH_ASSERT(read_value(yaml, &node, row, base, NULL) == CH_OK);
    }
}

static enum ch_code read_section(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                                 const struct ch_schema_section *section, void *base,
                                 struct ch_err *err)
{
    enum ch_code rc = check_keys(yaml, map, section, err);
    for (size_t i = 0; i < section->row_count && rc == CH_OK; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        const struct ch_yaml_node *node = ch_yaml_find(map, row->key);
        set_default(yaml, row, base);
        if (node != NULL) {
            rc = read_value(yaml, node, row, base, err);
        } else if (row->required) {
            rc = ch_yaml_fail(yaml, map, err, "the key \"%s\" is missing", row->key);
        }
    }
    return rc;
}

static void free_section(const struct ch_schema_section *section, void *base)
{
    for (size_t i = 0; i < section->row_count; i++) {
        const struct ch_schema_row *row = &section->rows[i];
        void *at = field(base, row->offset);
        switch (row->type) {
        case CH_SCHEMA_TEXT:
        case CH_SCHEMA_NAME:
        case CH_SCHEMA_PATH:
        case CH_SCHEMA_URL:
        case CH_SCHEMA_ADDRESS:
        case CH_SCHEMA_HOST:
        case CH_SCHEMA_MAILBOX:
        case CH_SCHEMA_PLATFORM:
        case CH_SCHEMA_WORD:
            free(*(char **)at);
            break;
        case CH_SCHEMA_NAMES:
        case CH_SCHEMA_PATTERNS:
        case CH_SCHEMA_HOSTS:
        case CH_SCHEMA_WILDCARDS:
        case CH_SCHEMA_PATHS:
        case CH_SCHEMA_MAILBOXES:
        case CH_SCHEMA_PLATFORMS:
            free_texts(row, base);
            break;
        case CH_SCHEMA_SECTION:
            free_section(row->section, base);
            break;
        case CH_SCHEMA_SECTIONS:
            for (size_t k = 0; k < *(size_t *)field(base, row->count_offset); k++) {
                free_section(row->section, *(char **)at + k * row->section->struct_bytes);
            }
            free(*(void **)at);
            break;
        case CH_SCHEMA_CHOICE:
        case CH_SCHEMA_BOOL:
        case CH_SCHEMA_U32:
        case CH_SCHEMA_SIZE:
        case CH_SCHEMA_TIME:
            break;
        }
    }
}

/* --- hosted repositories --- */

static char *joined(const char *before, const char *name)
{
    struct ch_buf b;
    ch_buf_init(&b, 1024);
    ch_buf_puts(&b, ch_str_of(before));
    ch_buf_puts(&b, ch_str_of(name));
    CH_ASSERT(ch_buf_ok(&b, NULL) == CH_OK); /* names are short */
    char *text = ch_str_dup(ch_buf_str(&b));
    ch_buf_done(&b);
    return text;
}

/* Where what is pushed is said to come from. It is never down, so never stale; nobody states times.
 */
static void add_hosted_upstream(struct ch_config *c, struct ch_repository *r)
{
    struct ch_upstream *list = ch_calloc(c->upstream_count + 1, sizeof(*list));
    for (size_t i = 0; i < c->upstream_count; i++) {
        list[i] = c->upstreams[i];
    }
    list[c->upstream_count] = (struct ch_upstream){
        .name = joined(CH_HOSTED_PREFIX, r->name),
        .ecosystem = ch_str_dup(ch_str_of(r->ecosystem)),
        .url = joined(CH_HOSTED_URL, r->name),
        .states_times = CH_TIMES_NEVER,
        .stale_hours = 100 * 365 * 24,
        .added_at_us = CH_TIME_UNKNOWN,
        .hosted = true,
    };
    free(c->upstreams);
    c->upstreams = list;
    c->upstream_count++;
    r->upstreams = ch_calloc(1, sizeof(*r->upstreams));
    r->upstreams[0] = joined(CH_HOSTED_PREFIX, r->name);
    r->upstream_count = 1;
}

/* --- public --- */

enum ch_code ch_config_parse(struct ch_str text, const char *file_name,
                             struct ch_config **ret_config, struct ch_err *err)
{
    struct ch_yaml *yaml = NULL;
    enum ch_code rc = ch_yaml_parse(text, file_name, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_config *config = ch_calloc(1, sizeof(*config));
    rc = read_section(yaml, ch_yaml_root(yaml), &ch_schema, config, err);
    rc = rc == CH_OK ? ch_config_check(config, yaml, err) : rc;
    ch_yaml_free(yaml);
    if (rc != CH_OK) {
        ch_config_free(config);
        return rc;
    }
    for (size_t i = 0; i < config->repository_count; i++) {
        config->repositories[i].site = config;
        if (config->repositories[i].hosted) {
            add_hosted_upstream(config, &config->repositories[i]);
        }
    }
    *ret_config = config;
    return CH_OK;
}

void ch_config_free(struct ch_config *config)
{
    if (config != NULL) {
        free_section(&ch_schema, config);
        free(config);
    }
}

const struct ch_upstream *ch_config_upstream(const struct ch_config *c, struct ch_str name)
{
    for (size_t i = 0; i < c->upstream_count; i++) {
        if (ch_str_eq(ch_str_of(c->upstreams[i].name), name)) {
            return &c->upstreams[i];
        }
    }
    return NULL;
}

const struct ch_repository *ch_config_repository(const struct ch_config *c, struct ch_str name)
{
    for (size_t i = 0; i < c->repository_count; i++) {
        if (ch_str_eq(ch_str_of(c->repositories[i].name), name)) {
            return &c->repositories[i];
        }
    }
    return NULL;
}

static bool is_wildcard(struct ch_str host)
{
    return ch_str_eq(host, CH_STR("0.0.0.0")) || ch_str_eq(host, CH_STR("::")) || host.len == 0;
}

char *ch_config_origin(const struct ch_config *c, const struct ch_setup_listener *open,
                       size_t count)
{
    if (c->public_url != NULL) {
        struct ch_str url = ch_str_of(c->public_url);
        while (ch_str_ends(url, CH_STR("/"))) {
            url.len--;
        }
        return ch_str_dup(url);
    }
    for (size_t i = 0; i < count; i++) {
        struct ch_str host = {NULL, 0};
        uint16_t port = 0;
        if (ch_place_split(open[i].address, &host, &port) && !is_wildcard(host)) {
            struct ch_buf b;
            ch_buf_init(&b, ch_limits.url_bytes);
            ch_buf_puts(&b, open[i].tls ? CH_STR("https://") : CH_STR("http://"));
            ch_buf_puts(&b, open[i].address);
            char *origin = ch_str_dup(ch_buf_str(&b));
            ch_buf_done(&b);
            return origin;
        }
    }
    return ch_str_dup(CH_STR(""));
}
