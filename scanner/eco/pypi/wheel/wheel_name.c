/* Wheel file names and the tags they stand for. */
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "scanner/eco/pypi/wheel/wheel_int.h"

static bool only(struct ch_str s, const char *more)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!plain && !ch_str_find_char(ch_str_of(more), c, NULL)) {
            return false;
        }
    }
    return s.len > 0;
}

static bool only_digit_first(struct ch_str s)
{
    return s.len > 0 && s.ptr[0] >= '0' && s.ptr[0] <= '9' && only(s, "_.");
}

bool wheel_name_parse(struct ch_str file_name, struct wheel_name *ret, const char **ret_why)
{
    enum { PARTS_MAX = 6 };
    struct ch_str parts[PARTS_MAX];
    size_t n = 0;
    if (!ch_str_ends(file_name, CH_STR(".whl"))) {
        *ret_why = "does not end in .whl";
        return false;
    }
    struct ch_str rest = ch_str_sub(file_name, 0, file_name.len - 4);
    struct ch_str part;
    while (ch_str_split(&rest, '-', &part)) {
        if (n == PARTS_MAX) {
            *ret_why = "has more than six parts";
            return false;
        }
        parts[n++] = part;
    }
    if (n < PARTS_MAX - 1) {
        *ret_why = "has fewer than five parts";
        return false;
    }
    struct wheel_name w = {.name = parts[0],
                           .version = parts[1],
                           .build = n == PARTS_MAX ? parts[2] : (struct ch_str){NULL, 0},
                           .python = parts[n - 3],
                           .abi = parts[n - 2],
                           .platform = parts[n - 1]};
    *ret_why = !only(w.name, "_.")                                 ? "has a malformed project name"
               : !only(w.version, "_.+!")                          ? "has a malformed version"
               : w.build.ptr != NULL && !only_digit_first(w.build) ? "has a build tag without digit"
               : !only(w.python, "_.") || !only(w.abi, "_.") || !only(w.platform, "_.")
                   ? "has malformed tags"
                   : NULL;
    if (*ret_why != NULL) {
        return false;
    }
    *ret = w;
    return true;
}

void wheel_tags_init(struct wheel_tags *t)
{
    *t = (struct wheel_tags){0};
    ch_buf_init(&t->text, ch_limits.wheel_tags * ch_limits.file_name_bytes);
}

void wheel_tags_done(struct wheel_tags *t)
{
    free(t->tags);
    ch_buf_done(&t->text);
    *t = (struct wheel_tags){0};
}

/* Each tag is a line of t->text until wheel_tags_sort cuts it up: the buffer moves as it grows. */
static void add_one(struct wheel_tags *t, struct ch_str python, struct ch_str abi,
                    struct ch_str platform)
{
    if (t->count == ch_limits.wheel_tags) {
        t->over = true;
        return;
    }
    size_t at = t->text.len;
    ch_buf_puts(&t->text, python);
    ch_buf_putc(&t->text, '-');
    ch_buf_puts(&t->text, abi);
    ch_buf_putc(&t->text, '-');
    ch_buf_puts(&t->text, platform);
    ch_buf_putc(&t->text, '\n');
    t->over = t->over || t->text.failed;
    for (size_t i = at; i < t->text.len; i++) {
        char c = t->text.ptr[i];
        t->text.ptr[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    t->count++;
}

void wheel_tags_add(struct wheel_tags *t, struct ch_str python, struct ch_str abi,
                    struct ch_str platform)
{
    struct ch_str pythons = python;
    struct ch_str p;
    while (!t->over && ch_str_split(&pythons, '.', &p)) {
        struct ch_str abis = abi;
        struct ch_str a;
        while (!t->over && ch_str_split(&abis, '.', &a)) {
            struct ch_str platforms = platform;
            struct ch_str f;
            while (!t->over && ch_str_split(&platforms, '.', &f)) {
                add_one(t, p, a, f);
            }
        }
    }
}

bool wheel_tags_add_text(struct wheel_tags *t, struct ch_str text)
{
    struct ch_str python;
    struct ch_str abi;
    struct ch_str platform;
    if (!ch_str_split(&text, '-', &python) || !ch_str_split(&text, '-', &abi) ||
        !ch_str_split(&text, '-', &platform) || text.ptr != NULL || !only(python, "_.") ||
        !only(abi, "_.") || !only(platform, "_.")) {
        return false;
    }
    wheel_tags_add(t, python, abi, platform);
    return true;
}

static int by_text(const void *a, const void *b)
{
    return ch_str_cmp(*(const struct ch_str *)a, *(const struct ch_str *)b);
}

void wheel_tags_sort(struct wheel_tags *t)
{
    struct ch_str rest = ch_buf_str(&t->text);
    struct ch_str line;
    size_t n = 0;
    t->tags = ch_calloc(t->count + 1, sizeof(t->tags[0]));
    while (n < t->count && ch_str_split(&rest, '\n', &line)) {
        t->tags[n++] = line;
    }
    qsort(t->tags, n, sizeof(t->tags[0]), by_text);
    t->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || !ch_str_eq(t->tags[i], t->tags[t->count - 1])) {
            t->tags[t->count++] = t->tags[i];
        }
    }
}

bool wheel_tags_eq(const struct wheel_tags *a, const struct wheel_tags *b)
{
    if (a->count != b->count || a->over || b->over) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!ch_str_eq(a->tags[i], b->tags[i])) {
            return false;
        }
    }
    return true;
}

/* "x86_64" of "manylinux2014_x86_64" and "manylinux_2_17_x86_64" (PEP 513, 571, 599, 600); absent
 * for anything else. */
static struct ch_str manylinux_arch(struct ch_str platform)
{
    struct ch_str rest = platform;
    struct ch_str word;
    if (!ch_str_starts(platform, CH_STR("manylinux"))) {
        return (struct ch_str){NULL, 0};
    }
    CH_IGNORE(!ch_str_split(&rest, '_', &word));
    for (unsigned i = 0; word.len == sizeof("manylinux") - 1 && i < 2; i++) {
        struct ch_str number;
        CH_IGNORE(!ch_str_split(&rest, '_', &number));
    }
    return rest;
}

void wheel_tags_any(const struct wheel_tags *t, struct wheel_tags *ret)
{
    for (size_t i = 0; i < t->count; i++) {
        struct ch_str rest = t->tags[i];
        struct ch_str python;
        struct ch_str abi;
        CH_IGNORE(!ch_str_split(&rest, '-', &python) || !ch_str_split(&rest, '-', &abi));
        wheel_tags_add(ret, python, abi, CH_STR("any"));
    }
    wheel_tags_sort(ret);
}

void wheel_tags_plain(const struct wheel_tags *t, struct wheel_tags *ret)
{
    for (size_t i = 0; i < t->count; i++) {
        struct ch_str rest = t->tags[i];
        struct ch_str python;
        struct ch_str abi;
        char platform[UINT8_MAX];
        CH_IGNORE(!ch_str_split(&rest, '-', &python) || !ch_str_split(&rest, '-', &abi));
        struct ch_str arch = manylinux_arch(rest);
        if (arch.len > 0) {
            int n = snprintf(platform, sizeof(platform), "linux_%.*s", CH_STR_ARG(arch));
            CH_ASSERT(n > 0);
            rest = ch_str_of(platform);
        }
        wheel_tags_add(ret, python, abi, rest);
    }
    wheel_tags_sort(ret);
}
