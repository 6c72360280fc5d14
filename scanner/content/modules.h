/* What a package may take over by its names alone (threats.md T17). */
#ifndef CH_CONTENT_MODULES_H
#define CH_CONTENT_MODULES_H

#include "customhouse/bytes.h"

bool module_is_standard(struct ch_str module); /* a top-level module of this name is the standard library's */
bool module_is_standard_nocase(
    struct ch_str module); /* ... where file systems do not keep case apart */
/* Whether it is another, well-known project's. `project` is normalised. */
bool module_is_of_another(struct ch_str module, struct ch_str project);
#endif
