/* What a package may take over by its names alone (threats.md T17). */
#ifndef CH_CONTENT_MODULES_H
#define CH_CONTENT_MODULES_H

#include "customhouse/bytes.h"

bool module_is_standard(struct ch_str module); /* a top-level module of this name is the standard library's */
/* Whether it is another, well-known project's. `project` is normalised. */
bool module_is_of_another(struct ch_str module, struct ch_str project);
/* Whether a script of this name would be taken for a common command. */
bool command_is_known(struct ch_str name);
/* Whether tools load the entries of this group by themselves. */
bool group_is_loaded_by_itself(struct ch_str group);

#endif
