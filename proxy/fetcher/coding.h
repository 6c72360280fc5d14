/* A document's Content-Encoding, taken off piece by piece: gzip (RFC 1952) and zstd (RFC 8878), of
 * one member or frame or several in a row. Pure but for memory.
 *
 * libcurl decodes, too, but takes what came for all there is when the stream stops before its end:
 * a page that is cut so would be one that lists less. */
#ifndef CH_FETCHER_CODING_H
#define CH_FETCHER_CODING_H

#include "customhouse/bytes.h"
#include "customhouse/err.h"

enum ch_coding_kind { CH_CODING_OTHER, CH_CODING_GZIP, CH_CODING_ZSTD };

#define CH_CODINGS_ACCEPTED "gzip, zstd" /* of Accept-Encoding */

enum { CH_CODING_PIECE_BYTES = 65536 };

struct ch_coding;

/* By the name that an answer says (RFC 9110 8.4.1). */
enum ch_coding_kind ch_coding_of(struct ch_str name);
struct ch_coding *ch_coding_new(enum ch_coding_kind kind); /* not of OTHER */
void ch_coding_free(struct ch_coding *c);                  /* accepts NULL */
/* Decodes from the start of *in, which becomes what is left, at most CH_CODING_PIECE_BYTES. They
 * stay until the next call; as many as that: there may be more, although nothing is left of *in.
 * CH_E_FORMAT: the stream is damaged, or something that is no part of it follows. */
enum ch_code ch_coding_next(struct ch_coding *c, struct ch_str *in, struct ch_str *ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* After the last byte. CH_E_CLOSED: the stream has not come to its end. */
enum ch_code ch_coding_end(const struct ch_coding *c, struct ch_err *err) CH_MUST_CHECK;

#endif
