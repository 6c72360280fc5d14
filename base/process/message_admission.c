/* Messages between admission and the keeper. */
#include "message_int.h"

#define REASON_BYTES    3072
#define NAMESPACE_BYTES 253 /* RFC 1123 */

void ch_ask_images_put(struct ch_buf *b, const struct ch_ask_images *m)
{
    CH_ASSERT(m->count <= CH_ASK_IMAGES_MAX);
    ch_put_u64(b, m->ask);
    ch_msg_put_name(b, m->environment, ch_limits.word_bytes);
    ch_msg_put_name(b, m->platform, 2 * ch_limits.word_bytes);
    ch_msg_put_name(b, m->name_space, NAMESPACE_BYTES);
    ch_put_u32(b, m->count);
    for (size_t i = 0; i < m->count; i++) {
        ch_msg_put_name(b, m->image[i], CH_IMAGE_TEXT_MAX);
    }
}

/* Fails for more than there is room for. */
static uint32_t get_count(struct ch_rd *r)
{
    uint32_t count = ch_get_u32(r);
    if (count > CH_ASK_IMAGES_MAX) {
        ch_rd_fail(r);
        count = 0;
    }
    return count;
}

enum ch_code ch_ask_images_get(struct ch_str payload, struct ch_ask_images *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_ask_images m = {0};
    m.ask = ch_get_u64(&r);
    m.environment = ch_msg_get_text(&r, ch_limits.word_bytes);
    m.platform = ch_msg_get_text(&r, 2 * ch_limits.word_bytes);
    m.name_space = ch_msg_get_text(&r, NAMESPACE_BYTES);
    m.count = get_count(&r);
    for (size_t i = 0; i < m.count; i++) {
        m.image[i] = ch_msg_get_text(&r, CH_IMAGE_TEXT_MAX);
    }
    CH_MSG_DECODED("ask-images message");
}

void ch_images_put(struct ch_buf *b, const struct ch_images *m)
{
    CH_ASSERT(m->count <= CH_ASK_IMAGES_MAX);
    ch_put_u64(b, m->ask);
    ch_put_u32(b, m->count);
    for (size_t i = 0; i < m->count; i++) {
        ch_msg_put_bool(b, m->image[i].allowed);
        ch_msg_put_name(b, m->image[i].pinned, 2 * CH_IMAGE_TEXT_MAX);
        ch_msg_put_printable(b, m->image[i].reason, REASON_BYTES);
    }
}

enum ch_code ch_images_get(struct ch_str payload, struct ch_images *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_images m = {0};
    m.ask = ch_get_u64(&r);
    m.count = get_count(&r);
    for (size_t i = 0; i < m.count; i++) {
        m.image[i].allowed = ch_msg_get_bool(&r);
        m.image[i].pinned = ch_msg_get_text(&r, 2 * CH_IMAGE_TEXT_MAX);
        m.image[i].reason = ch_msg_get_printable(&r, REASON_BYTES);
    }
    CH_MSG_DECODED("images message");
}
