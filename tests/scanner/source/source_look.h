/* A look at one source, or two, as the inspectors take it, and what was told of it. */
#ifndef CH_TESTS_SOURCE_LOOK_H
#define CH_TESTS_SOURCE_LOOK_H

#include "customhouse/bytes.h"
#include "scanner/content/content.h"

extern const char *at_path;   /* NULL: "pkg/m.py" */
extern const char *at_called; /* what another file calls as Python starts, or NULL */

/* Findings as " NAME NAME ", then facts as "NAME=VALUE ". */
void look_at(const char *source, size_t len, const char *second, enum ch_code_place place,
             enum ch_code_place second_place, struct ch_buf *ret);
void look(const char *source, size_t len, enum ch_code_place place, struct ch_buf *ret);

#endif
