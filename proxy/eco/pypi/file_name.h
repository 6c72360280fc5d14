/* File names of Python packages. Pure, allocates nothing.
 *
 * Spec: PEP 427 (wheels), PEP 625 (sdists); older names as installers still read them. */
#ifndef PROXY_ECO_PYPI_FILE_NAME_H
#define PROXY_ECO_PYPI_FILE_NAME_H

#include <stdbool.h>

#include "customhouse/bytes.h"

enum ch_pypi_type { CH_PYPI_OTHER = 0, CH_PYPI_WHEEL, CH_PYPI_SDIST, CH_PYPI_EGG };
const char *ch_pypi_type_name(enum ch_pypi_type type); /* "wheel", as in ch_facts.file_type */

/* How the names end that ch_pypi_file_split knows; NULL-terminated. */
extern const char *const ch_pypi_file_endings[];

/* What a file name says; slices of it. */
struct ch_pypi_file {
    enum ch_pypi_type type; /* set even when the rest is not known */
    struct ch_str project;  /* as written, not normalised; absent when it could not be split */
    struct ch_str version;  /* as written; absent likewise */
    struct ch_str build;    /* wheel: build tag, absent: none */
    struct ch_str python;   /* wheel, egg: "py3", "cp311.cp312" */
    struct ch_str abi;      /* wheel */
    struct ch_str platform; /* wheel, egg with code, installers */
};

/* Splits the name of a file of `project` (any form of it; absent: not known, then the text before
 * the last '-' that a version follows). True when project and version are known; false when the
 * name belongs to another project, is of an unknown form or holds anything but printable ASCII. The
 * version may be one that PEP 440 does not know. */
bool ch_pypi_file_split(struct ch_str file_name, struct ch_str project, struct ch_pypi_file *ret);

#endif
