/* The values that a policy may speak of, for its JSON Schema: names of findings, facts and changes, from the tables that
 * scanners write by and the parser reads by. What a file's own text may be, and patterns, stay open. */
#include "policy_int.h"

#include <stdio.h>
#include <string.h>

#define NAME_OF_LIST "^\\$[A-Za-z0-9._-]+$"
#define WITH_STARS "[*]"

struct values {
    struct ch_buf *b;
    size_t count; /* of the alternative at hand */
};

static void put_value(struct values *v, const char *before, const char *value)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_REASON_ROOM);
    ch_buf_printf(&text, "%s%s", before, value);
    ch_buf_puts(v->b, ch_str_of(v->count++ > 0 ? ", " : "{\"enum\": ["));
    ch_buf_put_json(v->b, ch_buf_str(&text));
    ch_buf_done(&text);
}

static void end_values(struct values *v)
{
    ch_buf_puts(v->b, ch_str_of(v->count > 0 ? "]}" : ""));
}

static void put_pattern(struct values *v, const char *pattern)
{
    ch_buf_puts(v->b, CH_STR(", {\"pattern\": "));
    ch_buf_put_json(v->b, ch_str_of(pattern));
    ch_buf_putc(v->b, '}');
}

static bool is_open(const char *form)
{
    return ch_str_ends(ch_str_of(form), CH_STR("**"));
}

/* "pth **": whatever begins with "pth ". */
static void put_beginning(struct values *v, const char *before, const char *form)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_REASON_ROOM);
    ch_buf_printf(&text, "^%s", before);
    for (const char *c = form; *c != '\0' && *c != '*'; c++) {
        ch_buf_puts(&text, ch_str_of(*c == '.' ? "[.]" : ""));
        if (*c != '.') {
            ch_buf_putc(&text, *c);
        }
    }
    ch_buf_putc(&text, '\0');
    put_pattern(v, text.ptr);
    ch_buf_done(&text);
}

static void put_words(struct values *v, enum ch_fact_code code, const char *before)
{
    for (const char *const *form = ch_fact_forms(code); *form != NULL; form++) {
        if (!is_open(*form)) {
            put_value(v, before, *form);
        }
    }
}

static void put_beginnings(struct values *v, enum ch_fact_code code, const char *before)
{
    for (const char *const *form = ch_fact_forms(code); *form != NULL; form++) {
        if (is_open(*form)) {
            put_beginning(v, before, *form);
        }
    }
}

static void put_findings(struct values *v)
{
    const struct ch_finding_row *row;
    for (size_t i = 0; (row = ch_finding_at(i)) != NULL; i++) {
        put_value(v, "", row->name);
    }
    for (unsigned s = CH_SEVERITY_INFO; s <= CH_SEVERITY_HIGH; s++) {
        put_value(v, "", ch_severity_name((enum ch_severity)s));
    }
    for (unsigned c = CH_CLASS_NOTE; c <= CH_CLASS_ATTACK; c++) {
        struct ch_buf cls;
        const char *name = ch_finding_class_name((enum ch_finding_class)c);
        put_value(v, "", name);
        ch_buf_init(&cls, CH_REASON_ROOM);
        ch_buf_printf(&cls, "%s/", name);
        ch_buf_putc(&cls, '\0');
        for (unsigned s = CH_SEVERITY_INFO; s <= CH_SEVERITY_HIGH; s++) {
            put_value(v, cls.ptr, ch_severity_name((enum ch_severity)s));
        }
        ch_buf_done(&cls);
    }
    end_values(v);
}

/* "capability", "native", "capability/network", "install-code/build-hook x" */
static void put_changes(struct values *v)
{
    char before[64];
    for (size_t i = 0; ch_policy_change_names[i] != NULL; i++) {
        put_value(v, "", ch_policy_change_names[i]);
    }
    for (unsigned code = 0; code < CH_FACT_COUNT; code++) {
        const struct ch_fact_row *row = ch_fact_row((enum ch_fact_code)code);
        if (row->capability) {
            if (strcmp(row->name, ch_change_kind_name(CH_CHANGE_CAPABILITY)) != 0) {
                put_value(v, "", row->name);
            }
            snprintf(before, sizeof(before), "%s/", row->name);
            put_words(v, (enum ch_fact_code)code, before);
        }
    }
    end_values(v);
    for (unsigned code = 0; code < CH_FACT_COUNT; code++) {
        const struct ch_fact_row *row = ch_fact_row((enum ch_fact_code)code);
        if (row->capability) {
            snprintf(before, sizeof(before), "%s/", row->name);
            put_beginnings(v, (enum ch_fact_code)code, before);
            snprintf(before, sizeof(before), "^%s/.*[*]", row->name);
            put_pattern(v, before);
        }
    }
}

static void put_facts(struct values *v, enum ch_fact_code code)
{
    put_words(v, code, "");
    end_values(v);
    put_beginnings(v, code, "");
    put_pattern(v, NAME_OF_LIST);
    put_pattern(v, WITH_STARS);
}

bool ch_schema_has_values(const struct ch_key *key)
{
    if (key->type != CH_KEY_PATTERNS) {
        return key->type == CH_KEY_FINDINGS || key->type == CH_KEY_CHANGES;
    }
    return key->fact > 0 && /* not any text at all */
           strcmp(ch_fact_forms((enum ch_fact_code)(key->fact - 1))[0], "**") != 0;
}

void ch_schema_put_values(struct ch_buf *b, const struct ch_key *key)
{
    struct values v = {.b = b};
    ch_buf_putc(b, '[');
    if (key->type == CH_KEY_FINDINGS) {
        put_findings(&v);
    } else if (key->type == CH_KEY_CHANGES) {
        put_changes(&v);
    } else {
        put_facts(&v, (enum ch_fact_code)(key->fact - 1));
    }
    ch_buf_putc(b, ']');
}
