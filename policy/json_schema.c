/* JSON Schema of policy.yaml, for editors: made of the table that the parser reads.
 *
 * Spec: JSON Schema 2020-12, core and validation. What a schema cannot say (rules that shadow each
 * other, patterns that match nothing, lists that are spoken of) stays the parser's. */
#include "policy_int.h"

#include <stdlib.h>

#define LIST_NAME "\\\\$[A-Za-z0-9._-]+"
#define WORD      "[A-Za-z0-9._-]+"
#define PLACE     "^[a-z0-9][a-z0-9._-]*$" /* a repository or environment */
#define PRINTABLE "^[ -~]+$"

struct writer {
    struct ch_buf *b;
    size_t depth;
    bool first; /* nothing stands in the object so far */
};

static void new_line(struct writer *w)
{
    ch_buf_putc(w->b, '\n');
    for (size_t i = 0; i < w->depth; i++) {
        ch_buf_puts(w->b, CH_STR("  "));
    }
}

static void put_key(struct writer *w, const char *key)
{
    ch_buf_puts(w->b, ch_str_of(w->first ? "" : ","));
    new_line(w);
    ch_buf_put_json(w->b, ch_str_of(key));
    ch_buf_puts(w->b, CH_STR(": "));
    w->first = false;
}

static void open_map(struct writer *w)
{
    ch_buf_putc(w->b, '{');
    w->depth++;
    w->first = true;
}

static void close_map(struct writer *w)
{
    w->depth--;
    new_line(w);
    ch_buf_putc(w->b, '}');
    w->first = false;
}

static void put_raw(struct writer *w, const char *key, const char *json)
{
    put_key(w, key);
    ch_buf_puts(w->b, ch_str_of(json));
}

static void put_string(struct writer *w, const char *key, const char *text)
{
    put_key(w, key);
    ch_buf_put_json(w->b, ch_str_of(text));
}

static void put_number(struct writer *w, const char *key, uint64_t n)
{
    put_key(w, key);
    ch_buf_printf(w->b, "%llu", (unsigned long long)n);
}

static void put_enum(struct writer *w, const char *const *choices)
{
    put_key(w, "enum");
    for (size_t i = 0; choices[i] != NULL; i++) {
        ch_buf_puts(w->b, ch_str_of(i == 0 ? "[" : ", "));
        ch_buf_put_json(w->b, ch_str_of(choices[i]));
    }
    ch_buf_putc(w->b, ']');
}

static void put_doc(struct writer *w, const struct ch_key *key)
{
    struct ch_str rest = ch_str_of(key->doc);
    struct ch_str line = {NULL, 0};
    struct ch_buf text;
    ch_buf_init(&text, (size_t)CH_REASON_ROOM * 2);
    while (ch_str_split(&rest, '\n', &line)) {
        ch_buf_puts(&text, ch_str_of(text.len > 0 ? " " : ""));
        ch_buf_puts(&text, line);
    }
    ch_buf_putc(&text, '\0');
    put_string(w, "description", text.ptr);
    ch_buf_done(&text);
}

/* --- one entry of a list --- */

static const char *entry_pattern(enum ch_key_type type)
{
    if (type == CH_KEY_PROJECTS) {
        return "\"^(" LIST_NAME "|[A-Za-z0-9._*-]+)$\"";
    }
    if (type == CH_KEY_NAMES) {
        return "\"^" WORD "$\"";
    }
    return "\"" PRINTABLE "\""; /* licences, and patterns of values of any fact */
}

static void put_ecosystems_or_types(struct writer *w, enum ch_key_type type)
{
    const char **names = ch_names_of_ecosystems(type, false);
    put_enum(w, names);
    free((void *)names);
}

static void put_entry(struct writer *w, const struct ch_key *key)
{
    open_map(w);
    put_raw(w, "type", "\"string\"");
    if (key->type == CH_KEY_CHOICES) {
        put_enum(w, key->choices);
    } else if (key->type == CH_KEY_FILE_TYPES || key->type == CH_KEY_ECOSYSTEMS) {
        put_ecosystems_or_types(w, key->type);
    } else if (ch_schema_has_values(key)) {
        put_key(w, "anyOf");
        ch_schema_put_values(w->b, key);
    } else {
        put_raw(w, "pattern", entry_pattern(key->type));
    }
    close_map(w);
}

/* One value stands for a list of one. */
static void put_list(struct writer *w, const struct ch_key *key, bool single)
{
    if (single) {
        put_key(w, "anyOf");
        ch_buf_putc(w->b, '[');
        put_entry(w, key);
        ch_buf_puts(w->b, CH_STR(", "));
        open_map(w);
    }
    put_raw(w, "type", "\"array\"");
    put_number(w, "minItems", key->min);
    put_key(w, "items");
    put_entry(w, key);
    if (single) {
        close_map(w);
        ch_buf_putc(w->b, ']');
    }
}

/* --- one value --- */

static void put_whole_number(struct writer *w, const struct ch_key *key)
{
    put_raw(w, "type", "\"integer\"");
    put_number(w, "minimum", key->min);
    put_number(w, "maximum", key->max);
}

static void put_line(struct writer *w, const struct ch_key *key)
{
    put_raw(w, "type", "\"string\"");
    if (key->type == CH_KEY_RULE_NAME) {
        put_raw(w, "pattern", "\"^" WORD "$\"");
    } else {
        put_raw(w, "pattern", "\"" PRINTABLE "\"");
    }
    if (key->max > 0) {
        put_number(w, "maxLength", key->max);
    }
}

static void put_properties(struct writer *w, const struct ch_key *keys, bool structural);

static void put_named_lists(struct writer *w, const struct ch_key *kinds)
{
    put_raw(w, "type", "\"object\"");
    put_raw(w, "additionalProperties", "false");
    put_key(w, "properties");
    open_map(w);
    for (const struct ch_key *k = kinds; k->key != NULL; k++) {
        put_key(w, k->key);
        open_map(w);
        put_doc(w, k);
        put_raw(w, "type", "\"object\"");
        put_raw(w, "propertyNames", "{\"pattern\": \"^" WORD "$\"}");
        put_key(w, "additionalProperties");
        open_map(w);
        put_key(w, "anyOf");
        ch_buf_putc(w->b, '[');
        open_map(w);
        put_list(w, k, false);
        close_map(w);
        ch_buf_puts(w->b, CH_STR(", {\"type\": \"object\", \"required\": [\"file\"], "
                                 "\"additionalProperties\": false, \"properties\": {\"file\": "
                                 "{\"type\": \"string\", \"pattern\": "
                                 "\"^[A-Za-z0-9][A-Za-z0-9._-]*$\"}}}]"));
        close_map(w);
        close_map(w);
    }
    close_map(w);
}

static void put_rules(struct writer *w)
{
    put_raw(w, "type", "\"array\"");
    put_key(w, "items");
    open_map(w);
    put_raw(w, "type", "\"object\"");
    put_raw(w, "required", "[\"name\", \"then\"]");
    put_number(w, "minProperties", 3);
    put_properties(w, ch_policy_rule_keys, false);
    close_map(w);
}

static void put_type(struct writer *w, const struct ch_key *key)
{
    switch (key->type) {
    case CH_KEY_NUMBER:
    case CH_KEY_FORMAT:
        put_whole_number(w, key);
        return;
    case CH_KEY_SIZE:
        put_raw(w, "anyOf",
                "[{\"type\": \"integer\", \"minimum\": 0}, {\"type\": \"string\", "
                "\"pattern\": \"^[0-9]+[ \\t]*(KiB|MiB|GiB|TiB)?$\"}]");
        return;
    case CH_KEY_BOOL:
        put_raw(w, "type", "\"boolean\"");
        return;
    case CH_KEY_CHOICE:
        put_enum(w, key->choices);
        return;
    case CH_KEY_TEXT:
    case CH_KEY_RULE_NAME:
    case CH_KEY_VERSION:
        put_line(w, key);
        return;
    case CH_KEY_NUMBERS:
        put_raw(w, "type", "\"object\"");
        put_key(w, "propertyNames");
        open_map(w);
        put_ecosystems_or_types(w, CH_KEY_ECOSYSTEMS);
        close_map(w);
        put_key(w, "additionalProperties");
        open_map(w);
        put_whole_number(w, key);
        close_map(w);
        return;
    case CH_KEY_SECTION:
        put_raw(w, "type", "\"object\"");
        put_properties(w, key->section, false);
        return;
    case CH_KEY_LISTS:
        put_named_lists(w, key->section);
        return;
    case CH_KEY_OVERRIDES:
        put_raw(w, "type", "\"object\"");
        put_raw(w, "propertyNames", "{\"pattern\": \"" PLACE "\"}");
        put_raw(w, "additionalProperties", "{\"$ref\": \"#/$defs/settings\"}");
        return;
    case CH_KEY_RULES:
        put_rules(w);
        return;
    case CH_KEY_PROJECTS:
    case CH_KEY_LICENCES:
    case CH_KEY_PATTERNS:
    case CH_KEY_SPECS:
    case CH_KEY_NAMES:
    case CH_KEY_ECOSYSTEMS:
    case CH_KEY_FILE_TYPES:
    case CH_KEY_CHOICES:
    case CH_KEY_FINDINGS:
    case CH_KEY_CHANGES:
        break;
    }
    put_list(w, key, true);
}

static void put_properties(struct writer *w, const struct ch_key *keys, bool structural)
{
    put_raw(w, "additionalProperties", "false");
    put_key(w, "properties");
    open_map(w);
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (ch_key_is_structural(k->type) && !structural) {
            continue;
        }
        put_key(w, k->key);
        open_map(w);
        put_doc(w, k);
        put_type(w, k);
        close_map(w);
    }
    close_map(w);
}

void ch_policy_json_schema(struct ch_buf *out)
{
    struct writer w = {.b = out};
    open_map(&w);
    put_raw(&w, "$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
    put_raw(&w, "title", "\"policy.yaml of Customhouse\"");
    put_raw(&w, "type", "\"object\"");
    put_raw(&w, "required", "[\"version\"]");
    put_properties(&w, ch_policy_keys, true);
    put_key(&w, "$defs");
    open_map(&w);
    put_key(&w, "settings");
    open_map(&w);
    put_raw(&w, "type", "\"object\"");
    put_properties(&w, ch_policy_keys, false);
    close_map(&w);
    close_map(&w);
    close_map(&w);
    ch_buf_putc(out, '\n');
}
