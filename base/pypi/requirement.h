/* What a Python project asks to be installed with it: dependency specifiers. Pure, allocates
 * nothing.
 *
 * Spec: PEP 508 (grammar, markers), PEP 685 (names of extras), PEP 345, 735 and 751 (more variables
 * of markers). */
#ifndef CH_BASE_PYPI_REQUIREMENT_H
#define CH_BASE_PYPI_REQUIREMENT_H

#include <stdbool.h>

#include "customhouse/bytes.h"

enum ch_requirement {
    CH_REQUIREMENT_MALFORMED = 0, /* not PEP 508: readers will differ, so it holds */
    CH_REQUIREMENT_PLAIN,         /* name, extras, version specifiers, marker */
    CH_REQUIREMENT_DIRECT,        /* `name @ URL`, or a bare URL, VCS address or path */
};

struct ch_requirement_parts { /* slices of the text */
    struct ch_str name;       /* as written */
    struct ch_str extras;     /* "a, b", as written; absent: none */
    struct ch_str specifier;  /* ">=1,<2", as ch_pep440_match takes it; absent: any version */
    struct ch_str marker;     /* as written; absent: always */
};

/* Reads one value of Requires-Dist (and of build-system.requires and the like). *ret is written
 * when it is PLAIN. */
enum ch_requirement ch_requirement_read(struct ch_str text, struct ch_requirement_parts *ret);
enum ch_requirement ch_requirement_classify(struct ch_str text);
bool ch_requirement_has_direct_reference(struct ch_str text);

/* In this order "and" is the least, "or" the greatest. */
enum ch_marker {
    CH_MARKER_NEVER = 0,
    CH_MARKER_DEPENDS, /* on the machine or its Python, or nobody can say */
    CH_MARKER_ALWAYS,
};
/* Whether a marker holds where this extra is asked for (absent: none), on whatever machine. What is
 * not understood depends; an absent marker always holds. */
enum ch_marker ch_requirement_marker(struct ch_str marker, struct ch_str extra);

#endif
