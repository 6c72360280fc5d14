/* A page's snapshot as the store keeps it, and the stream of a new answer (page_facts_*). First
 * byte: how the answer is dated; the next two: the length of the snapshot. What is read is encoded
 * as it was, and an answer takes no file and no hash away (T5, T7). */
#include <stdint.h>

#include "db/keeper/pages/page_facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_change(void *ctx, enum ch_sighting kind, struct ch_str name,
                      const struct ch_sha256 *stated, int64_t last_absent_at_us)
{
    size_t *told = ctx;
    (void)stated;
    (void)last_absent_at_us;
    CH_ASSERT(name.len > 0 && kind <= CH_SIGHTING_RETURNED);
    (*told)++;
}

static bool decode(struct ch_str bytes, struct page_facts *ret)
{
    struct ch_buf content;
    struct ch_err err;
    ch_buf_init(&content, bytes.len + 1);
    ch_buf_puts(&content, bytes);
    bool ok = page_facts_decode(&content, ret, &err) == CH_OK;
    ch_buf_done(&content);
    return ok;
}

static void check_same(const struct page_facts *a, const struct page_facts *b)
{
    CH_ASSERT(ch_str_eq(ch_buf_str(&a->content.buf), ch_buf_str(&b->content.buf)));
}

/* With serial 0, which is what forgetting it leaves. */
static void check_encoding(const struct page_facts *page)
{
    struct page_facts once;
    struct page_facts twice;
    struct ch_err err;
    CH_ASSERT(page_facts_forget_serial(page, &once, &err) == CH_OK);
    CH_ASSERT(page_facts_forget_serial(&once, &twice, &err) == CH_OK);
    check_same(&once, &twice);
    if (page->head.serial == 0) {
        check_same(page, &once);
    }
    page_facts_done(&twice);
    page_facts_done(&once);
}

static const struct page_fact_file *find(const struct page_facts *page, struct ch_str name)
{
    for (size_t i = 0; i < page->file_count; i++) {
        if (ch_str_eq(page->files[i].index.file_name, name)) {
            return &page->files[i];
        }
    }
    return NULL;
}

/* What was replaced may be back, with what was known of that. */
static bool is_former(const struct page_facts *old, const struct page_fact_file *is)
{
    for (size_t i = 0; i < old->replaced_count; i++) {
        if (ch_str_eq(old->replaced[i].index.file_name, is->index.file_name) &&
            old->replaced[i].first_seen_at_us == is->first_seen_at_us) {
            return true;
        }
    }
    return false;
}

static void check_kept(const struct page_facts *old, const struct page_facts *now)
{
    for (size_t i = 0; i < old->file_count; i++) {
        const struct page_fact_file *was = &old->files[i];
        const struct page_fact_file *is = find(now, was->index.file_name);
        CH_ASSERT(is != NULL);
        CH_ASSERT(ch_sha256_is_zero(&was->index.sha256) || !ch_sha256_is_zero(&is->index.sha256) ||
                  is->first_seen_at_us != was->first_seen_at_us || is_former(old, is));
    }
}

static void answer(const struct page_facts *old, struct ch_str stream, bool dated_before)
{
    struct page_facts now = {0};
    struct ch_err err;
    size_t told = 0;
    if (page_facts_merge(old, 50, NULL, dated_before, stream, INT64_MAX - 1, on_change, &told, NULL, &now,
                         &err) != CH_OK) {
        CH_ASSERT(err.msg[0] != '\0');
        return;
    }
    if (old != NULL) {
        check_kept(old, &now);
    }
    check_encoding(&now);
    CH_IGNORE(page_facts_fill(&now, stream, &err) != CH_OK);
    check_encoding(&now);
    page_facts_done(&now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3) {
        return 0;
    }
    struct ch_str rest = {(const char *)data + 3, size - 3};
    struct ch_str snapshot = ch_str_sub(rest, 0, (size_t)data[1] << 8 | data[2]);
    struct ch_str stream = ch_str_sub(rest, snapshot.len, rest.len);
    struct page_facts old = {0};
    bool known = decode(snapshot, &old);
    if (known) {
        struct page_facts gone = {0};
        struct ch_err err;
        size_t told = 0;
        check_encoding(&old);
        CH_ASSERT(page_facts_vanish(&old, 100, on_change, &told, &gone, &err) == CH_OK);
        page_facts_done(&gone);
    }
    answer(known ? &old : NULL, stream, (data[0] & 1) != 0);
    page_facts_done(&old);
    return 0;
}
