/* Values of forms and of queries, as the URL standard serialises them. Pure. */
#ifndef CH_GATEWAY_FORM_H
#define CH_GATEWAY_FORM_H

#include "customhouse/bytes.h"

/* Appends what `s` stands for ('+' is a blank). False: it is not encoded: nothing is repaired. */
bool gw_form_decode(struct ch_str s, struct ch_buf *out);

#endif
