/* Shared by version.c and specifier.c. */
#ifndef CH_BASE_PYPI_VERSION_INT_H
#define CH_BASE_PYPI_VERSION_INT_H

#include "base/pypi/version.h"

struct ch_str ch_pep440_number(struct ch_str digits);                    /* without leading zeros */
int ch_pep440_number_cmp(struct ch_str a, struct ch_str b);              /* of such numbers */
struct ch_str ch_pep440_release_at(const struct ch_pep440 *v, size_t i); /* 0 past the end */
size_t ch_pep440_release_count(const struct ch_pep440 *v);
struct ch_str ch_pep440_trim(struct ch_str s); /* ASCII white space, both ends */

#endif
