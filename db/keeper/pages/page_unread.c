#include "page_unread.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

void page_unread_add(struct page_facts *p, struct ch_str file_name)
{
    p->left_out++;
    if (p->unread_count == PAGE_UNREAD_KEPT || file_name.len > ch_limits.file_name_bytes) {
        return;
    }
    p->unread = ch_realloc_array(p->unread, p->unread_count + 1, sizeof(*p->unread));
    p->unread[p->unread_count++] = (struct page_unread){.file_name = file_name, .at = p->left_out};
}

void page_unread_because(struct page_facts *p, struct ch_str field)
{
    struct page_unread *last = p->unread_count > 0 ? &p->unread[p->unread_count - 1] : NULL;
    if (last != NULL && last->at == p->left_out && field.len <= ch_limits.file_name_bytes) {
        last->field = field;
    }
}

struct page_unread *page_unread_copy(const struct page_facts *page)
{
    struct page_unread *copy = ch_calloc(page->unread_count + 1, sizeof(*copy));
    if (page->unread_count > 0) {
        memcpy(copy, page->unread, page->unread_count * sizeof(*copy));
    }
    return copy;
}

void page_unread_put(const struct page_facts *p, struct ch_buf *out)
{
    ch_put_u32(out, (uint32_t)p->left_out);
    ch_put_u8(out, (uint8_t)p->unread_count);
    for (size_t i = 0; i < p->unread_count; i++) {
        ch_put_str(out, p->unread[i].file_name);
        ch_put_str(out, p->unread[i].field);
    }
}

void page_unread_get(struct ch_rd *r, struct page_facts *p)
{
    p->left_out = ch_get_u32(r);
    size_t count = ch_get_u8(r);
    if (p->left_out == 0 || count > PAGE_UNREAD_KEPT || count > p->left_out) {
        ch_rd_fail(r);
        return;
    }
    p->unread = ch_calloc(count + 1, sizeof(*p->unread));
    for (; p->unread_count < count && !r->failed; p->unread_count++) {
        struct page_unread *u = &p->unread[p->unread_count];
        u->file_name = ch_get_str(r, ch_limits.file_name_bytes);
        u->field = ch_get_str(r, ch_limits.file_name_bytes);
    }
}

bool page_unread_tell(const struct page_facts *p, struct ch_str file_name, struct ch_buf *out)
{
    for (size_t i = 0; i < p->unread_count; i++) {
        const struct page_unread *u = &p->unread[i];
        if (!ch_str_eq(u->file_name, file_name)) {
            continue;
        }
        ch_buf_puts(out, CH_STR("The index has an entry of this name that could not be read"));
        if (u->field.len > 0) {
            ch_buf_puts(out, CH_STR(": its "));
            ch_buf_put_escaped(out, u->field);
        }
        return true;
    }
    return false;
}
