/* Names of Python projects. Pure, allocates nothing.
 *
 * Spec: PEP 508 (names, ASCII in either case), PEP 503 (normal form). */
#ifndef CH_BASE_PYPI_NAME_H
#define CH_BASE_PYPI_NAME_H

#include <stdbool.h>

#include "customhouse/bytes.h"

/* Letters, digits, '.', '_' and '-', first and last one a letter or digit, no longer than the limit
 * project_name_bytes. */
bool ch_pypi_name_valid(struct ch_str name);
/* Appends the normal form: lower case, runs of '.', '_' and '-' become one '-'. */
void ch_pypi_name_put_normal(struct ch_buf *b, struct ch_str name);
bool ch_pypi_name_is_normal(struct ch_str name); /* valid, and its own normal form */
/* Whether both are the same project; what is no name is the same as nothing. */
bool ch_pypi_name_eq(struct ch_str a, struct ch_str b);

#endif
