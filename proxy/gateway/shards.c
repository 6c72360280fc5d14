#include "shards.h"

#include <stdlib.h>

#include "mapped.h"

struct gw_shards {
    size_t refs;
    const char *media_type;
    struct ch_http_prepared *index;
    struct gw_mapped table, pack; /* not mapped: there is no shard */
};

void gw_shards_unref(struct gw_shards *s)
{
    if (s != NULL && --s->refs == 0) {
        ch_http_prepared_unref(s->index);
        gw_unmap(&s->table);
        gw_unmap(&s->pack);
        free(s);
    }
}

static void release(void *owner)
{
    gw_shards_unref(owner);
}

static void unmap(void *owner)
{
    gw_unmap(owner);
    free(owner);
}

static void put_etag(struct ch_buf *b, const struct ch_sha256 *sha256)
{
    ch_buf_init(b, ch_limits.text_bytes);
    ch_buf_putc(b, '"');
    ch_buf_put_hex(b, sha256->byte, sizeof(sha256->byte) / 2);
    ch_buf_puts(b, CH_STR("-i\""));
}

/* Clients ask each time whether the index is the same: what is taken away is so with their next
 * solve. */
static struct ch_http_prepared *prepare(const char *media_type, const struct ch_sha256 *sha256,
                                        struct gw_mapped *mapped)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("private, max-age=0, must-revalidate")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
    };
    struct ch_buf etag;
    put_etag(&etag, sha256);
    struct ch_http_prepared *p = ch_http_prepared_new(&(struct ch_http_response){
        .status = 200,
        .content_type = ch_str_of(media_type),
        .etag = ch_buf_str(&etag),
        .headers = headers,
        .header_count = CH_ARRAY_LEN(headers),
        .body = gw_mapped_bytes(mapped),
        .body_release = unmap,
        .body_owner = mapped,
    });
    ch_buf_done(&etag);
    return p;
}

struct gw_shards *gw_shards_new(const struct ch_ecosystem *eco, const struct ch_page_reply *m,
                                struct ch_frame *frame)
{
    const uint64_t most = ch_limits.gateway_page_bytes;
    struct gw_mapped *index = ch_calloc(1, sizeof(*index));
    struct gw_shards *s = ch_calloc(1, sizeof(*s));
    s->refs = 1;
    if (m->document_count != 1 || m->documents[0].format + 1u != eco->shards->index_document ||
        !gw_map(frame, 0, most, index)) {
        free(index);
        gw_shards_unref(s);
        return NULL;
    }
    s->media_type = eco->formats[eco->shards->shard_document - 1].media_type;
    s->index =
        prepare(eco->formats[m->documents[0].format].media_type, &m->documents[0].sha256, index);
    /* An empty table is none, and then no shard is found. */
    if (gw_map(frame, 1, most, &s->table) && !gw_map(frame, 2, most, &s->pack)) {
        gw_shards_unref(s);
        return NULL;
    }
    return s;
}

/* Its address says what it is: it is never another one. */
static void respond_shard(struct gw_shards *s, struct ch_http_request *r, struct ch_str body,
                          const struct ch_sha256 *sha256)
{
    const struct ch_http_header headers[] = {
        {CH_STR("Cache-Control"), CH_STR("private, max-age=604800, immutable")},
        {CH_STR("X-Content-Type-Options"), CH_STR("nosniff")},
    };
    struct ch_buf etag;
    put_etag(&etag, sha256);
    s->refs++;
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = ch_str_of(s->media_type),
                           .etag = ch_buf_str(&etag),
                           .headers = headers,
                           .header_count = CH_ARRAY_LEN(headers),
                           .body = body,
                           .body_release = release,
                           .body_owner = s,
                       });
    ch_buf_done(&etag);
}

void gw_shards_answer(struct gw_shards *s, struct ch_http_request *r, struct ch_str hex)
{
    struct ch_shard_place place;
    struct ch_sha256 sha256;
    struct ch_str pack = gw_mapped_bytes(&s->pack);
    if (hex.len == 0) {
        ch_http_respond_prepared(r, s->index);
    } else if (!ch_hex_decode(hex, sha256.byte, CH_SHA256_BYTES) ||
               !ch_shard_place_find(gw_mapped_bytes(&s->table), &sha256, &place)) {
        gw_respond_text(r, 404, CH_STR("No shard of this page has this digest, or not any more"));
    } else if (place.at > pack.len || place.len > pack.len - place.at) {
        gw_respond_text(r, 500, CH_STR("The keeper's shards could not be read"));
    } else {
        respond_shard(s, r, ch_str_sub(pack, (size_t)place.at, place.len), &sha256);
    }
}
