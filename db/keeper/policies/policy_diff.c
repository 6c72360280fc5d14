#include "policy_diff.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/commands/json.h"
#include "policy_items.h"

#define LINES_MAX                                                                                  \
    4000 /* of what is between equal beginnings and ends: more is shown as replaced                \
          */

/* ------------------------------------------------------------------ meaning */

struct out {
    struct ch_buf *b;
    bool json;
    size_t count;
};

static void put_word(struct ch_buf *b, struct ch_str s)
{
    ch_buf_put_escaped(b, s);
}

static void begin(struct out *o, const char *change, const char *path)
{
    if (o->json) {
        ch_buf_puts(o->b, o->count > 0 ? CH_STR(",\n{") : CH_STR("\n{"));
        json_field(o->b, "change", ch_str_of(change));
        json_field(o->b, "key", ch_str_of(path));
    } else {
        ch_buf_printf(o->b, "%-8s ", change);
        put_word(o->b, ch_str_of(path));
    }
    o->count++;
}

static void put_value(struct out *o, const char *name, const struct policy_item *item)
{
    if (o->json) {
        ch_buf_printf(o->b, ",\"%s\":", name);
        policy_item_put_json(o->b, item->value);
        if (item->line > 0) {
            ch_buf_printf(o->b, ",\"%s_line\":%u", name, item->line);
        }
        return;
    }
    put_word(o->b, item->value);
    if (item->line > 0) {
        ch_buf_printf(o->b, " (line %u)", item->line);
    } else {
        ch_buf_puts(o->b, CH_STR(" (default)"));
    }
}

static void end(struct out *o)
{
    ch_buf_puts(o->b, o->json ? CH_STR("}") : CH_STR("\n"));
}

static int compare(const void *a, const void *b)
{
    return ch_str_cmp(*(const struct ch_str *)a, *(const struct ch_str *)b);
}

static struct ch_str *entries(struct ch_str value, size_t *ret_count)
{
    size_t n = 0, cap = 0;
    struct ch_str *list = NULL, entry;
    for (size_t at = 0; policy_item_entry(value, &at, &entry); n++) {
        if (n == cap) {
            cap = cap == 0 ? 16 : cap * 2;
            list = ch_realloc_array(list, cap, sizeof(*list));
        }
        list[n] = entry;
    }
    if (n > 0) {
        qsort(list, n, sizeof(*list), compare);
    }
    *ret_count = n;
    return list;
}

/* "+a -b": a list of thousands is not shown whole for one entry. */
static void put_entries(struct out *o, struct ch_str before, struct ch_str after)
{
    size_t n, m, i = 0, k = 0;
    struct ch_str *a = entries(before, &n), *b = entries(after, &m);
    while (i < n || k < m) {
        int order = i == n ? 1 : k == m ? -1 : ch_str_cmp(a[i], b[k]);
        if (order != 0) {
            ch_buf_puts(o->b, order < 0 ? CH_STR(" -") : CH_STR(" +"));
            put_word(o->b, order < 0 ? a[i] : b[k]);
        }
        i += order <= 0;
        k += order >= 0;
    }
    free(a);
    free(b);
}

static bool is_list(struct ch_str value)
{
    return ch_str_starts(value, CH_STR("["));
}

static void put_changed(struct out *o, const struct policy_item *a, const struct policy_item *b)
{
    begin(o, "changed", b->path);
    if (o->json) {
        put_value(o, "before", a);
        put_value(o, "after", b);
    } else if (is_list(a->value) && is_list(b->value)) {
        ch_buf_putc(o->b, ':');
        put_entries(o, a->value, b->value);
        if (b->line > 0) {
            ch_buf_printf(o->b, " (line %u)", b->line);
        }
    } else {
        ch_buf_puts(o->b, CH_STR(": "));
        put_value(o, "before", a);
        ch_buf_puts(o->b, CH_STR(" -> "));
        put_value(o, "after", b);
    }
    end(o);
}

static void put_one(struct out *o, const char *change, const char *name,
                    const struct policy_item *item)
{
    begin(o, change, item->path);
    ch_buf_puts(o->b, o->json ? CH_STR("") : CH_STR(": "));
    put_value(o, name, item);
    end(o);
}

static bool is_name(const struct policy_item *item)
{
    return item->rule > 0 && ch_str_ends(ch_str_of(item->path), CH_STR(".name"));
}

/* The first rule of `a` that stands in `b` in another order among those that both have. */
static const struct policy_item *first_moved(const struct policy_items *a,
                                             const struct policy_items *b)
{
    uint32_t last = 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct policy_item *other =
            is_name(&a->list[i]) ? policy_items_find(b, a->list[i].path) : NULL;
        if (other != NULL && other->rule < last) {
            return other;
        }
        last = other != NULL ? other->rule : last;
    }
    return NULL;
}

static void put_meaning(struct out *o, const struct policy_items *a, const struct policy_items *b)
{
    for (size_t i = 0; i < a->count; i++) {
        if (policy_items_find(b, a->list[i].path) == NULL) {
            put_one(o, "removed", "before", &a->list[i]);
        }
    }
    for (size_t i = 0; i < b->count; i++) {
        const struct policy_item *before = policy_items_find(a, b->list[i].path);
        if (before == NULL) {
            put_one(o, "added", "after", &b->list[i]);
        } else if (!ch_str_eq(before->value, b->list[i].value)) {
            put_changed(o, before, &b->list[i]);
        }
    }
    const struct policy_item *moved = first_moved(a, b);
    if (moved != NULL) {
        put_one(o, "moved", "after", moved);
    }
}

/* ------------------------------------------------------------------ text */

struct lines {
    struct ch_str *list;
    size_t count;
};

/* The bundle's files one after the other, each behind a line with its name. */
static struct lines lines_of(struct ch_str bundle)
{
    struct lines l = {0};
    size_t cap = 0;
    while (bundle.len > 0) {
        size_t at = 0;
        while (at < bundle.len && bundle.ptr[at] != '\n' && bundle.ptr[at] != '\0') {
            at++;
        }
        if (l.count == cap) {
            cap = cap == 0 ? 256 : cap * 2;
            l.list = ch_realloc_array(l.list, cap, sizeof(*l.list));
        }
        l.list[l.count++] = ch_str_sub(bundle, 0, at);
        bundle = ch_str_sub(bundle, at + 1, bundle.len);
    }
    return l;
}

static void put_text_line(struct ch_buf *b, char sign, struct ch_str line)
{
    ch_buf_putc(b, sign);
    ch_buf_put_escaped(b, line);
    ch_buf_putc(b, '\n');
}

/* Longest common subsequence of two middles, by the table of all their ends. */
static void put_middle(struct ch_buf *out, const struct ch_str *a, size_t n, const struct ch_str *b,
                       size_t m)
{
    if (n > LINES_MAX || m > LINES_MAX) {
        n = n > LINES_MAX ? LINES_MAX : n;
        m = m > LINES_MAX ? LINES_MAX : m;
        ch_buf_puts(out, CH_STR("(only the beginning of what differs)\n"));
    }
    uint16_t *length = ch_calloc((n + 1) * (m + 1), sizeof(*length));
    for (size_t i = n; i-- > 0;) {
        for (size_t k = m; k-- > 0;) {
            uint16_t down = length[(i + 1) * (m + 1) + k], right = length[i * (m + 1) + k + 1];
            length[i * (m + 1) + k] = ch_str_eq(a[i], b[k])
                                          ? (uint16_t)(length[(i + 1) * (m + 1) + k + 1] + 1)
                                      : down > right ? down
                                                     : right;
        }
    }
    size_t i = 0, k = 0;
    while (i < n || k < m) {
        if (i < n && k < m && ch_str_eq(a[i], b[k])) {
            put_text_line(out, ' ', a[i]);
            i++;
            k++;
        } else if (k == m ||
                   (i < n && length[(i + 1) * (m + 1) + k] >= length[i * (m + 1) + k + 1])) {
            put_text_line(out, '-', a[i++]);
        } else {
            put_text_line(out, '+', b[k++]);
        }
    }
    free(length);
}

static void put_text(struct ch_buf *out, struct ch_str before, struct ch_str after)
{
    struct lines a = lines_of(before), b = lines_of(after);
    size_t head = 0, tail = 0;
    while (head < a.count && head < b.count && ch_str_eq(a.list[head], b.list[head])) {
        head++;
    }
    while (tail < a.count - head && tail < b.count - head &&
           ch_str_eq(a.list[a.count - 1 - tail], b.list[b.count - 1 - tail])) {
        tail++;
    }
    size_t n = a.count - head - tail, m = b.count - head - tail;
    if (n > 0 || m > 0) {
        ch_buf_printf(out, "@@ line %zu, %zu lines -> line %zu, %zu lines @@\n", head + 1, n,
                      head + 1, m);
        put_middle(out, a.list + head, n, b.list + head, m);
    }
    free(a.list);
    free(b.list);
}

/* ------------------------------------------------------------------ both */

/* A text of an earlier release that is read no more has no meaning to compare: said, not hidden. */
static bool read_both(struct ch_str before, struct ch_str after, struct policy_items *ret,
                      struct ch_err *err)
{
    struct ch_policy *policy = NULL;
    struct ch_str text[] = {before, after};
    for (size_t i = 0; i < 2; i++) {
        enum ch_code rc = ch_policy_parse(
            text[i], i == 0 ? "the first policy" : "the second policy", &policy, err);
        rc = rc == CH_OK ? policy_items_of(policy, &ret[i], err) : rc;
        ch_policy_free(rc == CH_OK ? policy : NULL);
        if (rc != CH_OK) {
            policy_items_done(&ret[0]);
            return false;
        }
    }
    return true;
}

void policy_diff_put(struct ch_buf *out, struct ch_str before, struct ch_str after, bool json)
{
    struct policy_items items[2] = {{.count = 0}, {.count = 0}};
    struct out o = {.b = out, .json = json};
    struct ch_err err;
    struct ch_buf text;
    ch_buf_init(&text, (size_t)ch_limits.setup_text_bytes * 4);
    put_text(&text, before, after);
    if (ch_buf_ok(&text, &err) != CH_OK) {
        ch_buf_clear(&text);
        ch_buf_puts(&text, CH_STR("(too long to be shown)\n"));
    }
    bool read = read_both(before, after, items, &err);
    ch_buf_puts(out, json ? CH_STR("{\"changes\":[") : CH_STR(""));
    if (read) {
        put_meaning(&o, &items[0], &items[1]);
        policy_items_done(&items[0]);
        policy_items_done(&items[1]);
    }
    if (json) {
        ch_buf_putc(out, ']');
        if (!read) {
            json_field(out, "unreadable", ch_str_of(err.msg));
        }
        json_field(out, "text", ch_buf_str(&text));
        ch_buf_puts(out, CH_STR("}\n"));
    } else {
        if (!read) {
            ch_buf_printf(out, "no comparison of what they mean: %s\n", err.msg);
        } else if (o.count == 0) {
            ch_buf_puts(out, CH_STR("they mean the same\n"));
        }
        ch_buf_puts(out, CH_STR("\n"));
        ch_buf_puts(out, ch_buf_str(&text));
    }
    ch_buf_done(&text);
}
