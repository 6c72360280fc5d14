/* Shared by writing and reading entries. */
#ifndef LOG_ENTRY_INT_H
#define LOG_ENTRY_INT_H

#include "customhouse/bytes.h"

/* The one way of writing a string; the text is UTF-8. */
void ch_json_put(struct ch_buf *out, struct ch_str s);

#endif
