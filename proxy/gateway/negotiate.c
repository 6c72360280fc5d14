#include "negotiate.h"

/* "0.5" as 500. Spec: RFC 9110 12.4.2: at most three decimals, at most 1. */
static bool parse_weight(struct ch_str text, unsigned *ret)
{
    if (text.len == 0 || text.len > 5 || (text.ptr[0] != '0' && text.ptr[0] != '1') ||
        (text.len > 1 && text.ptr[1] != '.')) {
        return false;
    }
    unsigned value = (unsigned)(text.ptr[0] - '0') * 1000;
    unsigned unit = 100;
    for (size_t i = 2; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        value += (unsigned)(text.ptr[i] - '0') * unit;
        unit /= 10;
    }
    *ret = value;
    return value <= 1000;
}

/* Takes the next element of a list apart: its name, and its weight (1000 when it states none). */
static bool next_element(struct ch_str *list, struct ch_str *ret_name, unsigned *ret_weight)
{
    struct ch_str element;
    while (ch_str_split(list, ',', &element)) {
        struct ch_str part;
        *ret_weight = 1000;
        ch_str_split(&element, ';', &part);
        *ret_name = ch_str_trim(part);
        bool good = ret_name->len > 0;
        while (ch_str_split(&element, ';', &part)) {
            part = ch_str_trim(part);
            if (part.len > 2 && (part.ptr[0] == 'q' || part.ptr[0] == 'Q') && part.ptr[1] == '=') {
                good = good && parse_weight(ch_str_sub(part, 2, part.len), ret_weight);
            }
        }
        if (good) {
            return true;
        }
    }
    return false;
}

/* 3 for the type itself, 2 for "type/" and a star, 1 for two stars, 0: does not match. */
static unsigned how_specific(struct ch_str range, struct ch_str type)
{
    if (ch_str_eq_nocase(range, type)) {
        return 3;
    }
    if (ch_str_eq(range, CH_STR("*/*"))) {
        return 1;
    }
    size_t slash;
    bool whole_type = ch_str_ends(range, CH_STR("/*")) && ch_str_find_char(type, '/', &slash) &&
                      ch_str_eq_nocase(ch_str_sub(range, 0, range.len - 2),
                                       ch_str_sub(type, 0, slash));
    return whole_type ? 2 : 0;
}

unsigned gw_accept_weight(struct ch_str accept, struct ch_str type)
{
    if (ch_str_trim(accept).len == 0) {
        return 1000;
    }
    unsigned best = 0;
    unsigned weight = 0;
    struct ch_str range;
    unsigned q;
    while (next_element(&accept, &range, &q)) {
        unsigned specific = how_specific(range, type);
        if (specific > best || (specific == best && specific > 0 && q > weight)) {
            best = specific;
            weight = q;
        }
    }
    return weight;
}

bool gw_accept_best(struct ch_str accept, const char *const *lists, size_t count, size_t *ret_index)
{
    unsigned best = 0;
    for (size_t i = 0; i < count; i++) {
        struct ch_str list = ch_str_of(lists[i]);
        struct ch_str type;
        while (ch_str_split(&list, ',', &type)) {
            unsigned weight = gw_accept_weight(accept, ch_str_trim(type));
            if (weight > best) {
                best = weight;
                *ret_index = i;
            }
        }
    }
    return best > 0;
}

const char *gw_encoding_name(enum gw_encoding encoding)
{
    static const char *const names[GW_ENCODING_COUNT] = {
        [GW_IDENTITY] = NULL, [GW_GZIP] = "gzip", [GW_ZSTD] = "zstd"};
    return encoding < GW_ENCODING_COUNT ? names[encoding] : NULL;
}

enum gw_encoding gw_accept_encoding(struct ch_str accept_encoding)
{
    unsigned weight[GW_ENCODING_COUNT] = {0};
    bool named[GW_ENCODING_COUNT] = {false};
    unsigned star = 0;
    struct ch_str name;
    unsigned q;
    while (next_element(&accept_encoding, &name, &q)) {
        if (ch_str_eq(name, CH_STR("*"))) {
            star = q;
        } else if (ch_str_eq_nocase(name, CH_STR("gzip")) ||
                   ch_str_eq_nocase(name, CH_STR("x-gzip"))) {
            weight[GW_GZIP] = q;
            named[GW_GZIP] = true;
        } else if (ch_str_eq_nocase(name, CH_STR("zstd"))) {
            weight[GW_ZSTD] = q;
            named[GW_ZSTD] = true;
        } else if (ch_str_eq_nocase(name, CH_STR("identity"))) {
            weight[GW_IDENTITY] = q;
            named[GW_IDENTITY] = true;
        }
    }
    enum gw_encoding best = GW_IDENTITY;
    unsigned best_weight = named[GW_IDENTITY] ? weight[GW_IDENTITY] : 0;
    static const enum gw_encoding order[] = {GW_ZSTD, GW_GZIP};
    for (size_t i = 0; i < CH_ARRAY_LEN(order); i++) {
        unsigned w = named[order[i]] ? weight[order[i]] : star;
        if (w > best_weight || (w > 0 && w == best_weight && best == GW_IDENTITY)) {
            best = order[i];
            best_weight = w;
        }
    }
    return best;
}
