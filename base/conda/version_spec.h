/* The version part of match specs: ">=1,<2|3.*". Pure, allocates nothing.
 *
 * Spec: CEP 29, "Version matching". Clauses are joined by ',' (and), which binds closer than '|'
 * (or), and by parentheses. Stricter than the CEP where readers disagree, each refused with a
 * message that says what to write: regular expressions; '*' with ==, <, <=, > and ~=; ~= with one
 * number. Other than its text, and as conda and rattler do, "!=1.2" leaves out 1.2 alone; "!=1.2.*"
 * leaves out all of 1.2. */
#ifndef CH_BASE_CONDA_VERSION_SPEC_H
#define CH_BASE_CONDA_VERSION_SPEC_H

#include <stdbool.h>

#include "customhouse/bytes.h"

/* Reads from column *at (0 is the first) of `text` as far as the expression goes, and leaves *at
 * there: what follows is the caller's. With `version`, which must be a version, says whether it
 * matches; with an absent one *ret_match means nothing. CH_E_FORMAT: the message has the column,
 * counted from the start of `text`, and what was expected. CH_E_MISMATCH: `version` is none. */
enum ch_code ch_version_spec_read(struct ch_str text, size_t *at, struct ch_str version,
                                  bool *ret_match, struct ch_err *err) CH_MUST_CHECK;
/* "py3*_0": whether `text` is like that, '*' standing for any number of characters, in any case. */
bool ch_conda_glob(struct ch_str pattern, struct ch_str text);

#endif
