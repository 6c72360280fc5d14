#include "policy_items.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

#define DEPTH_MAX 8

static struct ch_str between(struct ch_str s, size_t from, size_t to)
{
    return from < to ? ch_str_sub(s, from, to - from) : ch_str_sub(s, from, 0);
}

/* Up to the end, or to one of these characters outside quotes. */
static size_t span(struct ch_str s, size_t at, const char *ends)
{
    bool quoted = false;
    for (; at < s.len; at++) {
        char c = s.ptr[at];
        if (quoted && c == '\\') {
            at++;
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && strchr(ends, c) != NULL) {
            break;
        }
    }
    return at < s.len ? at : s.len;
}

/* "# default", "# line N", "# line N, from FILE" */
static uint32_t origin(struct ch_str comment)
{
    uint32_t n = 0;
    if (ch_str_starts(comment, CH_STR("# line "))) {
        for (size_t i = 7; i < comment.len && comment.ptr[i] >= '0' && comment.ptr[i] <= '9'; i++) {
            n = n * 10 + (uint32_t)(comment.ptr[i] - '0');
        }
    }
    return n;
}

struct flat {
    struct policy_items *items;
    struct ch_buf path;
    size_t ends[DEPTH_MAX]; /* of the path at each depth */
    uint32_t rule, rule_line;
};

static void add(struct flat *f, struct ch_str value, uint32_t line)
{
    struct policy_items *items = f->items;
    if ((items->count & (items->count - 1)) == 0) { /* at 0 and each power of two */
        items->list = ch_realloc_array(items->list, items->count == 0 ? 1 : items->count * 2,
                                       sizeof(*items->list));
    }
    items->list[items->count++] = (struct policy_item){.path = ch_str_dup(ch_buf_str(&f->path)),
                                                       .value = value,
                                                       .line = f->rule > 0 ? f->rule_line : line,
                                                       .rule = f->rule};
}

/* "  - name: X    # line 7" begins a rule; its other keys stand two deeper. */
static void begin_rule(struct flat *f, struct ch_str name, uint32_t line)
{
    f->rule++;
    f->rule_line = line;
    f->path.len = 0;
    ch_buf_puts(&f->path, CH_STR("rules."));
    ch_buf_puts(&f->path, name);
    f->ends[2] = f->path.len;
    ch_buf_puts(&f->path, CH_STR(".name"));
    add(f, name, line);
}

static void take_line(struct flat *f, struct ch_str line)
{
    size_t indent = 0;
    while (indent < line.len && line.ptr[indent] == ' ') {
        indent++;
    }
    size_t colon = span(line, indent, ":");
    if (colon == line.len) {
        return; /* empty */
    }
    struct ch_str key = between(line, indent, colon);
    size_t hash = span(line, colon, "#");
    struct ch_str value = ch_str_trim(between(line, colon + 1, hash));
    uint32_t number = origin(between(line, hash, line.len));
    if (ch_str_eq(key, CH_STR("- name"))) {
        begin_rule(f, value, number);
        return;
    }
    size_t depth = indent / 2;
    CH_ASSERT(depth + 1 < DEPTH_MAX);
    f->rule = depth == 0 ? 0 : f->rule;
    f->path.len = depth == 0 ? 0 : f->ends[depth];
    ch_buf_puts(&f->path, depth == 0 ? CH_STR("") : CH_STR("."));
    ch_buf_puts(&f->path, key);
    f->ends[depth + 1] = f->path.len;
    bool no_rules = depth == 0 && ch_str_eq(key, CH_STR("rules")); /* "[]": that there are none */
    if (value.len > 0 && !no_rules) {
        add(f, value, number);
    }
}

enum ch_code policy_items_of(const struct ch_policy *policy, struct policy_items *ret,
                             struct ch_err *err)
{
    struct flat f = {.items = ret};
    *ret = (struct policy_items){.count = 0};
    ch_buf_init(&ret->text, (size_t)ch_limits.setup_text_bytes * 4);
    ch_buf_init(&f.path, 64u << 10);
    ch_policy_describe(policy, &ret->text);
    enum ch_code rc = ch_buf_ok(&ret->text, err);
    struct ch_str rest = ch_buf_str(&ret->text);
    size_t at;
    while (rc == CH_OK && ch_str_find_char(rest, '\n', &at)) {
        take_line(&f, ch_str_sub(rest, 0, at));
        rest = ch_str_sub(rest, at + 1, rest.len);
    }
    rc = rc == CH_OK ? ch_buf_ok(&f.path, err) : rc;
    ch_buf_done(&f.path);
    if (rc != CH_OK) {
        policy_items_done(ret);
    }
    return rc;
}

void policy_items_done(struct policy_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        free(items->list[i].path);
    }
    free(items->list);
    ch_buf_done(&items->text);
    *items = (struct policy_items){.count = 0};
}

const struct policy_item *policy_items_find(const struct policy_items *items, const char *path)
{
    for (size_t i = 0; i < items->count; i++) {
        if (strcmp(items->list[i].path, path) == 0) {
            return &items->list[i];
        }
    }
    return NULL;
}

bool policy_item_entry(struct ch_str value, size_t *at, struct ch_str *ret)
{
    size_t start = *at == 0 ? 1 : *at; /* behind the bracket */
    if (value.len < 2 || start + 1 >= value.len) {
        return false;
    }
    size_t end = span(value, start, ",]}");
    *ret = ch_str_trim(between(value, start, end));
    *at = end + 1;
    return true;
}

static void put_scalar(struct ch_buf *b, struct ch_str value)
{
    uint64_t number;
    bool bare = ch_str_eq(value, CH_STR("true")) || ch_str_eq(value, CH_STR("false")) ||
                ch_str_starts(value, CH_STR("\"")) ||
                (ch_str_u64(value, &number) && (value.len == 1 || value.ptr[0] != '0'));
    if (bare) {
        ch_buf_puts(b, value);
    } else {
        ch_buf_put_json(b, value);
    }
}

void policy_item_put_json(struct ch_buf *b, struct ch_str value)
{
    bool map = ch_str_starts(value, CH_STR("{"));
    if (!map && !ch_str_starts(value, CH_STR("["))) {
        put_scalar(b, value);
        return;
    }
    struct ch_str entry;
    bool first = true;
    ch_buf_putc(b, map ? '{' : '[');
    for (size_t at = 0; policy_item_entry(value, &at, &entry); first = false) {
        size_t colon = span(entry, 0, ":");
        ch_buf_puts(b, first ? CH_STR("") : CH_STR(","));
        if (map) {
            put_scalar(b, ch_str_sub(entry, 0, colon));
            ch_buf_putc(b, ':');
            entry = ch_str_trim(ch_str_sub(entry, colon + 1, entry.len));
        }
        put_scalar(b, entry);
    }
    ch_buf_putc(b, map ? '}' : ']');
}
