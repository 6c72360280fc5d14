/* Base64. Spec: RFC 4648, sections 4 and 5. */
#ifndef CUSTOMHOUSE_BASE64_H
#define CUSTOMHOUSE_BASE64_H

#include "customhouse/bytes.h"

/* Appends the standard form, padded, in one line. */
void ch_base64_put(struct ch_buf *b, struct ch_str bytes);
/* Appends what `text` says. Standard and URL-safe letters are taken, padded or not: DSSE asks
 * verifiers for both. False: anything else, bits beyond the last byte and blanks among it. */
bool ch_base64_decode(struct ch_str text, struct ch_buf *out);

#endif
