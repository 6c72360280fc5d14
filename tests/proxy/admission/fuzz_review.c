/* Targets: review_read, provider_read, and what is answered. What was read names its images; an
 * answer is an object, whatever is in it. */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "proxy/admission/review.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_object(const struct ch_buf *b)
{
    json_t *again = json_loadb(b->ptr, b->len, JSON_REJECT_DUPLICATES, NULL);
    CH_ASSERT(json_is_object(again));
    json_decref(again);
}

static void try_review(struct ch_str body)
{
    struct review *r = ch_calloc(1, sizeof(*r));
    struct ch_err err = {.msg = ""};
    struct ch_buf b, patch;
    bool read = review_read(body, r, &err) == CH_OK;
    CH_ASSERT(read || err.msg[0] != '\0');
    CH_ASSERT(!read || (r->uid[0] != '\0' && r->name_space[0] != '\0' && r->kind != NULL));
    ch_buf_init(&b, 16u << 20);
    ch_buf_init(&patch, 4u << 20);
    for (size_t i = 0; read && i < r->image_count; i++) {
        CH_ASSERT(r->image[i].text.len > 0 && r->image[i].where[0] == '/');
        review_put_operation(&patch, &r->image[i], r->image[i].text);
    }
    if (patch.len > 0) {
        ch_buf_putc(&patch, ']');
    }
    review_put_answer(&b, r, read, ch_str_of(err.msg), ch_buf_str(&patch));
    CH_ASSERT(!b.failed && !patch.failed);
    is_object(&b);
    ch_buf_done(&b);
    ch_buf_done(&patch);
    review_done(r);
    free(r);
}

static void try_provider(struct ch_str body)
{
    struct provider_request *r = ch_calloc(1, sizeof(*r));
    struct ch_err err = {.msg = ""};
    struct ch_buf b;
    bool read = provider_read(body, r, &err) == CH_OK;
    ch_buf_init(&b, 16u << 20);
    provider_put_begin(&b);
    for (size_t i = 0; read && i < r->key_count; i++) {
        provider_put_item(&b, r->key[i], r->key[i], ch_str_of(i % 2 == 0 ? "" : "no"), i == 0);
    }
    provider_put_end(&b, ch_str_of(err.msg));
    CH_ASSERT(!b.failed);
    is_object(&b);
    ch_buf_done(&b);
    provider_done(r);
    free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str body = {(const char *)data, size};
    try_review(body);
    try_provider(body);
    return 0;
}
