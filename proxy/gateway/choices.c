/* What a client takes of a page: read from its headers once, and remembered by their text, since few
 * programs ask and each says the same every time. */
#include "gateway_int.h"

static const struct gw_choice *find_choice(const struct gw *gw, const struct ch_ecosystem *eco,
                                           struct ch_str accept, struct ch_str encoding)
{
    for (size_t i = 0; i < GW_CHOICES; i++) {
        const struct gw_choice *c = &gw->choices[i];
        if (c->eco == eco && c->accept_len == accept.len && c->len == accept.len + encoding.len &&
            ch_str_eq((struct ch_str){c->text, c->accept_len}, accept) &&
            ch_str_eq((struct ch_str){c->text + c->accept_len, encoding.len}, encoding)) {
            return c;
        }
    }
    return NULL;
}

static void keep_choice(struct gw *gw, const struct ch_ecosystem *eco, struct ch_str accept,
                        struct ch_str encoding, size_t format, enum gw_encoding best)
{
    if (accept.len + encoding.len > GW_CHOICE_BYTES) {
        return;
    }
    struct gw_choice *c = &gw->choices[gw->next_choice++ % GW_CHOICES];
    c->eco = eco;
    c->accept_len = accept.len;
    c->len = accept.len + encoding.len;
    c->format = format;
    c->encoding = best;
    for (size_t i = 0; i < accept.len; i++) {
        c->text[i] = accept.ptr[i];
    }
    for (size_t i = 0; i < encoding.len; i++) {
        c->text[accept.len + i] = encoding.ptr[i];
    }
}

bool gw_choose(struct gw *gw, struct ch_http_request *r, const struct ch_ecosystem *eco,
               size_t *ret_format, enum gw_encoding *ret_encoding)
{
    struct ch_str accept = ch_http_header(r, CH_STR("accept"));
    struct ch_str encoding = ch_http_header(r, CH_STR("accept-encoding"));
    const struct gw_choice *known = find_choice(gw, eco, accept, encoding);
    if (known != NULL) {
        *ret_format = known->format;
        *ret_encoding = known->encoding;
        return true;
    }
    const char *accepts[GW_FORMATS_MAX];
    size_t count = eco->format_count < GW_FORMATS_MAX ? eco->format_count : GW_FORMATS_MAX;
    for (size_t i = 0; i < count; i++) {
        accepts[i] = eco->formats[i].accepts;
    }
    if (!gw_accept_best(accept, accepts, count, ret_format)) {
        return false;
    }
    *ret_encoding = gw_accept_encoding(encoding);
    keep_choice(gw, eco, accept, encoding, *ret_format, *ret_encoding);
    return true;
}
