/* Base64 as RFC 4648 section 4: padded, and read strictly (no blanks, no line breaks, no bits
 * beyond the last byte), so that one sequence of bytes has one text. */
#ifndef CUSTOMHOUSE_CORE_BASE64_H
#define CUSTOMHOUSE_CORE_BASE64_H

#include "customhouse/bytes.h"

/* How many characters len bytes take. */
#define CH_BASE64_LEN(len) (((len) + 2) / 3 * 4)

void ch_buf_put_base64(struct ch_buf *b, const void *ptr, size_t len);
/* Appends the bytes; false, with nothing appended, when the text is not the one of these bytes. */
bool ch_base64_strict(struct ch_str text, struct ch_buf *ret);
/* The same, also with the URL-safe letters of section 5, also without padding: DSSE asks verifiers
 * for both. */
bool ch_base64_any(struct ch_str text, struct ch_buf *ret);

#endif
