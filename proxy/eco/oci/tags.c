#include "tags.h"

#include <stdlib.h>

#include "base/oci/reference.h"

static int compare(const void *a, const void *b)
{
    return ch_str_cmp(*(const struct ch_str *)a, *(const struct ch_str *)b);
}

/* Those behind `last`, sorted; free() it. */
static struct ch_str *gather(const struct ch_page *page, struct ch_str last, size_t *ret_count)
{
    struct ch_str *tags = ch_calloc(page->file_count + 1, sizeof(*tags));
    size_t n = 0;
    for (size_t i = 0; i < page->file_count; i++) {
        struct ch_str tag = page->files[i].file_name;
        if (!ch_oci_is_referrer_tag(tag) && (last.len == 0 || ch_str_cmp(tag, last) > 0)) {
            tags[n++] = tag;
        }
    }
    qsort(tags, n, sizeof(*tags), compare);
    *ret_count = n;
    return tags;
}

enum ch_code oci_render_tags_part(const struct ch_page *page, struct ch_str last, uint64_t most,
                                  struct ch_buf *out, struct ch_str *ret_next, struct ch_err *err)
{
    size_t count = 0;
    struct ch_str *tags = gather(page, last, &count);
    size_t shown = count > most ? (size_t)most : count;
    ch_buf_puts(out, CH_STR("{\"name\":"));
    ch_buf_put_json(out, page->project);
    ch_buf_puts(out, CH_STR(",\"tags\":["));
    for (size_t i = 0; i < shown; i++) {
        ch_buf_puts(out, i > 0 ? CH_STR(",") : CH_STR(""));
        ch_buf_put_json(out, tags[i]);
    }
    ch_buf_puts(out, CH_STR("]}\n"));
    *ret_next = shown > 0 && shown < count ? tags[shown - 1] : (struct ch_str){NULL, 0};
    free(tags);
    return ch_buf_ok(out, err);
}

enum ch_code oci_render_tags(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                             struct ch_err *err)
{
    struct ch_str next;
    (void)prefix;
    return oci_render_tags_part(page, (struct ch_str){NULL, 0}, UINT64_MAX, out, &next, err);
}
