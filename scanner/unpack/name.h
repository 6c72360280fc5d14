/* Names of members, for every kind of archive: what every reader and file system takes for the same
 * place. */
#ifndef CH_SCANNER_NAME_H
#define CH_SCANNER_NAME_H

#include "customhouse/bytes.h"

/* What is wrong with a path as a member's name, NULL when nothing is: absolute, "..", empty or
 * relative components, control bytes, backslash, colon, components that some file systems clip,
 * invalid UTF-8, ends of lines, non-ASCII when `ascii_only`. One slash at the end is fine. Static
 * text. */
const char *ch_name_fault(struct ch_str name, bool ascii_only);

/* Whether valid UTF-8 has a character beyond ASCII that ends a line for some readers (U+0085,
 * U+2028, U+2029: Python's str.splitlines). */
bool ch_name_ends_line(struct ch_str text);

/* Of valid UTF-8: the first code point that file systems or readers may change, 0 when there is none. */
uint32_t ch_name_unstable(struct ch_str name);

/* The names of an archive, to be held against each other. */
struct ch_names;
struct ch_names *ch_names_new(size_t max_bytes); /* of folded names altogether */
void ch_names_free(struct ch_names *n);          /* accepts NULL */
/* `folder`: others may lie under it. `id` tells it apart afterwards. False: max_bytes are full, and
 * nothing was added. */
bool ch_names_add(struct ch_names *n, struct ch_str name, bool folder, size_t id);
/* Calls `found` for every two that are the same place after case, Unicode and separator folding, and
 * for what lies under something that is no folder. */
typedef void ch_names_fn(void *arg, size_t id, size_t other);
void ch_names_collisions(struct ch_names *n, ch_names_fn *found, void *arg);

#endif
