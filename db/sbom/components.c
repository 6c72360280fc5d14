#include "sbom_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/spdx/spdx.h"
#include "customhouse/limits.h"

/* ------------------------------------------------------------------ order */

static int compare_identity(const struct ch_sbom_component *a, const struct ch_sbom_component *b)
{
    int c = strcmp(a->type, b->type);
    c = c != 0 ? c : ch_str_cmp(a->name, b->name);
    c = c != 0 ? c : ch_str_cmp(a->version, b->version);
    return c != 0 ? c : ch_str_cmp(a->architecture, b->architecture);
}

static int compare(const void *left, const void *right)
{
    const struct ch_sbom_component *a = left, *b = right;
    int c = compare_identity(a, b);
    c = c != 0 ? c : (a->layer > b->layer) - (a->layer < b->layer);
    c = c != 0 ? c : ch_str_cmp(a->source, b->source);
    c = c != 0 ? c : ch_str_cmp(a->source_version, b->source_version);
    c = c != 0 ? c : ch_str_cmp(a->licence, b->licence);
    c = c != 0 ? c : ch_str_cmp(a->requirement, b->requirement);
    return c != 0 ? c : (int)a->optional - (int)b->optional;
}

void sbom_sort(struct ch_sbom *s)
{
    if (s->component_count > 1) {
        qsort(s->components, s->component_count, sizeof(*s->components), compare);
    }
}

size_t sbom_same_until(const struct ch_sbom *s, size_t first)
{
    size_t end = first + 1;
    while (end < s->component_count &&
           compare_identity(&s->components[first], &s->components[end]) == 0) {
        end++;
    }
    return end;
}

/* ------------------------------------------------------------------ facts of layers */

/* What layer_package_text wrote as %XX. "-": absent. */
static bool read_word(struct ch_str word, struct ch_buf *texts, struct ch_str *ret)
{
    size_t at = texts->len;
    *ret = (struct ch_str){NULL, 0};
    if (ch_str_eq(word, CH_STR("-"))) {
        return true;
    }
    for (size_t i = 0; i < word.len; i++) {
        uint8_t byte = (uint8_t)word.ptr[i];
        if (byte == '%') {
            if (!ch_hex_decode(ch_str_sub(word, i + 1, 2), &byte, 1)) {
                return false;
            }
            i += 2;
        }
        ch_buf_putc(texts, (char)byte);
    }
    *ret = (struct ch_str){texts->ptr + at, texts->len - at};
    return word.len > 0 && !texts->failed;
}

bool ch_sbom_read_package(struct ch_str value, struct ch_buf *texts, struct ch_sbom_component *ret)
{
    struct ch_sbom_component c = {.type = NULL};
    struct ch_str *fields[] = {&c.name, &c.version, &c.architecture, &c.source, &c.source_version};
    struct ch_str word;
    if (!ch_str_split(&value, ' ', &word)) {
        return false;
    }
    c.type = sbom_url_type(word);
    for (size_t i = 0; i < CH_ARRAY_LEN(fields); i++) {
        if (!ch_str_split(&value, ' ', &word) || !read_word(word, texts, fields[i])) {
            return false;
        }
    }
    if (ch_str_split(&value, ' ', &word) &&
        (value.ptr != NULL || !read_word(word, texts, &c.licence))) {
        return false;
    }
    if (c.type == NULL || c.name.len == 0) {
        return false;
    }
    *ret = c;
    return true;
}

/* ------------------------------------------------------------------ licences */

bool sbom_is_expression(struct ch_str licence)
{
    struct ch_buf canonical;
    struct ch_err err;
    if (licence.len == 0 || ch_str_find(licence, CH_STR("DocumentRef-"), NULL)) {
        return false; /* of another document, which is not here */
    }
    ch_buf_init(&canonical, ch_limits.licence_bytes);
    bool good = ch_spdx_canonical(licence, &canonical, &err) == CH_OK &&
                ch_str_eq(ch_buf_str(&canonical), licence);
    ch_buf_done(&canonical);
    return good;
}

struct ch_str sbom_licence_of(const struct ch_sbom *s, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        if (s->components[i].licence.len > 0) {
            return s->components[i].licence;
        }
    }
    return (struct ch_str){NULL, 0};
}

bool sbom_listed_licence(struct ch_str stated, struct ch_buf *ret)
{
    struct ch_err err;
    const char *id = ch_spdx_of_text(stated);
    ch_buf_clear(ret);
    if (id != NULL) {
        ch_buf_puts(ret, ch_str_of(id));
        return true;
    }
    return ch_spdx_canonical(stated, ret, &err) == CH_OK &&
           !ch_str_find(ch_buf_str(ret), CH_STR("Ref-"), NULL);
}
