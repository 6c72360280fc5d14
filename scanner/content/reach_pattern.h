/* Names of files and modules in texts, and paths of which only a part is known. */
#ifndef CH_CONTENT_REACH_PATTERN_H
#define CH_CONTENT_REACH_PATTERN_H

#include "customhouse/bytes.h"

/* Whether the end of the path is as the pattern says, as far as that goes. What says nothing but an
 * ending is only of what lies beside the source, and "**" of all below that. */
bool reach_fits(struct ch_str pattern, struct ch_str path, struct ch_str own);
/* A name that files of many folders have: alone it says nothing. */
bool reach_is_generic(struct ch_str base);
/* Letters, digits and dots, as names of modules are made of. */
bool reach_is_dotted(struct ch_str text);
/* "a/tests/b" of what an import of a.tests.b may load, into `ret`; false: nothing that is imported.
 */
bool reach_module_key(struct ch_str site, struct ch_buf *ret);

/* Whether a path with "*" says anything of which file it is; else it may be any at all. */
bool reach_says(struct ch_str path);
/* Whether a name, or two behind each other ("sys", "path"), lets a folder's name alone be enough to reach what is in
 * it. */
bool reach_changes_path(struct ch_str before, struct ch_str name);

#endif
