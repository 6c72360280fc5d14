#include "http_int.h"

/*  SIZE --CR--> SIZE_LF --LF--> DATA ... --left = 0--> DATA_CR --> DATA_LF --> SIZE
 *     size 0 --> TRAILER_START --CR--> END_LF --> END
 *                              --other--> TRAILER_NAME --:--> TRAILER --CR--> TRAILER_LF -->
 * TRAILER_START */
enum {
    C_SIZE,
    C_SIZE_LF,
    C_DATA,
    C_DATA_CR,
    C_DATA_LF,
    C_TRAILER_START,
    C_TRAILER_NAME,
    C_TRAILER,
    C_TRAILER_LF,
    C_END_LF,
    C_ENDED
};

#define SIZE_DIGITS_MAX 8

static enum http_chunk bad(const char **ret_rule, const char *rule)
{
    *ret_rule = rule;
    return HTTP_CHUNK_BAD;
}

static int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* chunk-size = 1*8HEX CRLF. Extensions are refused: nobody sends them but smugglers. */
static enum http_chunk step_size(struct http_chunks *k, char c, const char **ret_rule)
{
    int v = hex_value(c);
    if (v >= 0) {
        if (k->digits == SIZE_DIGITS_MAX) {
            return bad(ret_rule, "chunk size: more than 8 hex digits");
        }
        k->digits++;
        k->left = k->left * 16 + (uint64_t)v;
        return HTTP_CHUNK_MORE;
    }
    if (c == '\r' && k->digits > 0) {
        k->state = C_SIZE_LF;
        return HTTP_CHUNK_MORE;
    }
    return bad(ret_rule, c == ';' ? "chunk size: extensions are refused"
                                  : "chunk size: expected 1 to 8 hex digits and CRLF");
}

static enum http_chunk step_trailer(struct http_chunks *k, const struct ch_limits *limits, char c,
                                    const char **ret_rule)
{
    if (++k->trailer_bytes > limits->http_trailer_bytes) {
        return bad(ret_rule, "trailers: too long");
    }
    if (k->state == C_TRAILER_START && c == '\r') {
        k->state = C_END_LF;
        return HTTP_CHUNK_MORE;
    }
    if (k->state == C_TRAILER_START && !http_is_token_char(c)) {
        return bad(ret_rule, "trailers: a line does not begin with a name");
    }
    if (k->state != C_TRAILER && c != ':') { /* RFC 9112 5.1: no space before it */
        k->state = C_TRAILER_NAME;
        return http_is_token_char(c) ? HTTP_CHUNK_MORE
                                     : bad(ret_rule, "trailers: expected a colon after the name");
    }
    if (c == '\r') {
        k->state = C_TRAILER_LF;
        return HTTP_CHUNK_MORE;
    }
    if (!http_is_value_char(c)) {
        return bad(ret_rule, "trailers: a control character");
    }
    k->state = C_TRAILER;
    return HTTP_CHUNK_MORE;
}

static enum http_chunk step(struct http_chunks *k, const struct ch_limits *limits, char c,
                            const char **ret_rule)
{
    switch (k->state) {
    case C_SIZE:
        return step_size(k, c, ret_rule);
    case C_DATA_CR:
        if (c != '\r') {
            return bad(ret_rule, "chunk data: not followed by CRLF");
        }
        k->state = C_DATA_LF;
        return HTTP_CHUNK_MORE;
    case C_TRAILER_START:
    case C_TRAILER_NAME:
    case C_TRAILER:
        return step_trailer(k, limits, c, ret_rule);
    default: /* the states that await LF */
        if (c != '\n') {
            return bad(ret_rule, "chunk: CR not followed by LF");
        }
        break;
    }
    switch (k->state) {
    case C_SIZE_LF:
        k->state = k->left == 0 ? C_TRAILER_START : C_DATA;
        return HTTP_CHUNK_MORE;
    case C_DATA_LF:
        k->state = C_SIZE;
        k->digits = 0;
        return HTTP_CHUNK_MORE;
    case C_TRAILER_LF:
        k->state = C_TRAILER_START;
        return HTTP_CHUNK_MORE;
    default:
        CH_ASSERT(k->state == C_END_LF);
        k->state = C_ENDED;
        return HTTP_CHUNK_END;
    }
}

enum http_chunk http_chunk_next(struct http_chunks *k, const struct ch_limits *limits,
                                struct ch_str *in, struct ch_str *ret_piece, const char **ret_rule)
{
    while (in->len > 0) {
        if (k->state == C_DATA) {
            size_t n = in->len < k->left ? in->len : (size_t)k->left;
            *ret_piece = ch_str_sub(*in, 0, n);
            *in = ch_str_sub(*in, n, in->len);
            k->left -= n;
            if (k->left == 0) {
                k->state = C_DATA_CR;
            }
            return HTTP_CHUNK_PIECE;
        }
        char c = in->ptr[0];
        *in = ch_str_sub(*in, 1, in->len);
        enum http_chunk r = step(k, limits, c, ret_rule);
        if (r != HTTP_CHUNK_MORE) {
            return r;
        }
    }
    return HTTP_CHUNK_MORE;
}
