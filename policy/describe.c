/* The effective policy as a policy text that says where everything comes from. */
#include <string.h>

#include "policy_int.h"

enum { COMMENT_COLUMN = 40 };

static bool is_plain(const char *text)
{
    static const char *const words[] = {"true", "false", "null", "~"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (strcmp(text, words[i]) == 0) {
            return false;
        }
    }
    for (const char *c = text; *c != '\0'; c++) {
        bool alnum =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        bool inside = c > text && strchr("._/-", *c) != NULL;
        if (!alnum && !inside && !(c == text && *c == '$')) {
            return false;
        }
    }
    return text[0] != '\0';
}

static void put_text(struct ch_buf *b, const char *text)
{
    if (is_plain(text)) {
        ch_buf_puts(b, ch_str_of(text));
    } else {
        ch_buf_put_json(b, ch_str_of(text));
    }
}

static void put_entries(struct ch_buf *b, const struct ch_list *list, bool first)
{
    for (size_t i = 0; i < list->exact_count + list->glob_count; i++) {
        bool exact = i < list->exact_count;
        ch_buf_puts(b, ch_str_of(first ? "" : ", "));
        put_text(b, exact ? list->exact[i] : list->globs[i - list->exact_count]);
        first = false;
    }
}

static void put_list(struct ch_buf *b, const struct ch_value *v)
{
    ch_buf_putc(b, '[');
    put_entries(b, &v->own, true);
    for (size_t i = 0; i < v->list_count; i++) {
        bool first = i == 0 && v->own.exact_count + v->own.glob_count == 0;
        ch_buf_printf(b, "%s$%s", first ? "" : ", ", v->lists[i]->name);
    }
    ch_buf_putc(b, ']');
}

static void put_numbers(struct ch_buf *b, const struct ch_value *v)
{
    ch_buf_putc(b, '{');
    for (size_t i = 0; i < v->own.exact_count; i++) {
        ch_buf_printf(b, "%s%s: %llu", i > 0 ? ", " : "", v->own.exact[i],
                      (unsigned long long)v->numbers[i]);
    }
    ch_buf_putc(b, '}');
}

static void put_value(struct ch_buf *b, const struct ch_key *key, const struct ch_value *v)
{
    if (ch_key_is_list(key->type)) {
        put_list(b, v);
    } else if (key->type == CH_KEY_NUMBERS) {
        put_numbers(b, v);
    } else if (key->type == CH_KEY_CHOICE) {
        ch_buf_puts(b, ch_str_of(key->choices[v->number]));
    } else if (key->type == CH_KEY_BOOL) {
        ch_buf_puts(b, ch_str_of(v->number != 0 ? "true" : "false"));
    } else if (v->text != NULL) {
        put_text(b, v->text);
    } else {
        ch_buf_printf(b, "%llu", (unsigned long long)v->number);
    }
}

/* Behind what the line has so far. */
static void put_origin(struct ch_buf *b, size_t start, uint32_t line, const char *file)
{
    do {
        ch_buf_putc(b, ' ');
    } while (b->len - start < COMMENT_COLUMN && !b->failed);
    if (line == 0) {
        ch_buf_puts(b, CH_STR("# default\n"));
    } else if (file != NULL) {
        ch_buf_printf(b, "# line %u, from %s\n", line, file);
    } else {
        ch_buf_printf(b, "# line %u\n", line);
    }
}

static void put_line(struct ch_buf *b, const char *indent, const struct ch_key *key,
                     const struct ch_value *v)
{
    size_t start = b->len;
    ch_buf_printf(b, "%s%s: ", indent, key->key);
    put_value(b, key, v);
    put_origin(b, start, v->line, NULL);
}

static const char *deeper_than(const char *indent)
{
    static const char spaces[] = "            ";
    size_t depth = strlen(indent) + 2;
    CH_ASSERT(depth < sizeof(spaces));
    return spaces + sizeof(spaces) - 1 - depth;
}

/* Keys whose values are written, or all. A section without any is left out. */
static size_t put_keys(struct ch_buf *b, const char *indent, const struct ch_key *keys,
                       const void *base, bool all)
{
    size_t n = 0;
    for (const struct ch_key *k = keys; k->key != NULL; k++) {
        if (k->type == CH_KEY_SECTION) {
            struct ch_buf inner;
            ch_buf_init(&inner, b->max);
            if (put_keys(&inner, deeper_than(indent), k->section, base, all) > 0) {
                ch_buf_printf(b, "%s%s:\n", indent, k->key);
                ch_buf_puts(b, ch_buf_str(&inner));
                n++;
            }
            ch_buf_done(&inner);
        } else if (!ch_key_is_structural(k->type) && (all || ch_value_in(k, base)->line > 0)) {
            put_line(b, indent, k, ch_value_in(k, base));
            n++;
        }
    }
    return n;
}

static void put_lists(struct ch_buf *b, const struct ch_policy *policy)
{
    const struct ch_key *kind = NULL;
    for (size_t i = 0; i < policy->list_count; i++) { /* in the order of their kinds */
        const struct ch_named_list *list = &policy->lists[i];
        if (i == 0) {
            ch_buf_puts(b, CH_STR("\nlists:\n"));
        }
        if (list->kind != kind) {
            ch_buf_printf(b, "  %s:\n", list->kind->key);
        }
        kind = list->kind;
        size_t start = b->len;
        ch_buf_printf(b, "    %s: [", list->name);
        put_entries(b, &list->list, true);
        ch_buf_putc(b, ']');
        put_origin(b, start, list->line, list->file);
    }
}

static void put_overrides(struct ch_buf *b, const char *key, const struct ch_override *overrides,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ch_buf inner;
        ch_buf_init(&inner, b->max);
        if (i == 0) {
            ch_buf_printf(b, "\n%s:\n", key);
        }
        bool some = put_keys(&inner, "    ", ch_policy_keys, &overrides[i].settings, false) > 0;
        ch_buf_printf(b, "  %s:%s\n", overrides[i].name, some ? "" : " {}");
        ch_buf_puts(b, ch_buf_str(&inner));
        ch_buf_done(&inner);
    }
}

static void put_rule(struct ch_buf *b, const struct ch_rule *rule)
{
    size_t start = b->len;
    const struct ch_key *name = &ch_policy_rule_keys[0];
    ch_buf_puts(b, CH_STR("  - name: "));
    put_text(b, rule->name.text);
    put_origin(b, start, rule->line, NULL);
    for (const struct ch_key *k = name + 1; k->key != NULL; k++) {
        const struct ch_value *v = ch_value_in(k, rule);
        if (v->line > 0) {
            ch_buf_printf(b, "    %s: ", k->key);
            put_value(b, k, v);
            ch_buf_putc(b, '\n');
        }
    }
}

void ch_policy_describe(const struct ch_policy *policy, struct ch_buf *out)
{
    ch_buf_puts(out, CH_STR("version: 1\n"));
    (void)put_keys(out, "", ch_policy_keys, &policy->settings, true);
    put_lists(out, policy);
    put_overrides(out, "environments", policy->environments, policy->environment_count);
    put_overrides(out, "repositories", policy->repositories, policy->repository_count);
    ch_buf_puts(out, ch_str_of(policy->rule_count > 0 ? "\nrules:\n" : "\nrules: []\n"));
    for (size_t i = 0; i < policy->rule_count; i++) {
        put_rule(out, &policy->rules[i]);
    }
}
