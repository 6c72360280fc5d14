#include "scanner/content/reach_asked.h"

#include <stdlib.h>

#include "scanner/source/imports.h"

enum { KEPT = 8192 }; /* more, and they name something at once */

static bool is_own(const struct reach_asked *a, const struct asked *one)
{
    return (a->own & (one->by_method ? CH_ASKS_BY_METHOD : CH_ASKS_BY_IN)) != 0;
}

void reach_asked_done(struct reach_asked *a)
{
    for (size_t i = 0; i < a->count; i++) {
        free(a->list[i].own);
    }
    free(a->list);
    *a = (struct reach_asked){0};
}

bool reach_asked_keep(struct reach_asked *a, const struct asked *one)
{
    struct ch_str text = one->text;
    char last = text.len > 0 ? text.ptr[text.len - 1] : '.';
    if (!one->by_method && (last == '.' || last == '/')) {
        return true; /* what `in` asks of a class is a whole name */
    }
    if (is_own(a, one) || a->count == KEPT) {
        return false;
    }
    if (a->count == a->cap) {
        a->cap = a->cap == 0 ? 16 : 2 * a->cap;
        a->list = ch_realloc_array(a->list, a->cap, sizeof(a->list[0]));
    }
    struct asked copy = *one;
    struct ch_buf b;
    ch_buf_init(&b, one->folder.len + one->text.len + 1);
    ch_buf_puts(&b, one->folder);
    ch_buf_puts(&b, one->text);
    ch_buf_putc(&b, '\0');
    CH_ASSERT(!b.failed);
    copy.own = b.ptr;
    copy.folder.ptr = b.ptr;
    copy.text.ptr = b.ptr + one->folder.len;
    a->list[a->count++] = copy;
    return true;
}

bool reach_asked_own(struct reach_asked *a, struct ch_str bytes)
{
    const unsigned all = CH_ASKS_BY_METHOD | CH_ASKS_BY_IN;
    unsigned before = a->own;
    if (before != all) {
        a->own |= ch_imports_asks_own(bytes);
    }
    return a->own != before;
}

bool reach_asked_take(struct reach_asked *a, struct asked *ret)
{
    for (size_t i = 0; i < a->count; i++) {
        if (is_own(a, &a->list[i])) {
            *ret = a->list[i];
            a->list[i] = a->list[--a->count];
            return true;
        }
    }
    return false;
}
