/* Conda's versions: parse, compare, ask for a prefix. Pure, allocates nothing.
 *
 * Spec: CEP 33 (version literals and their ordering), and conda's VersionOrder where the CEP is
 * silent. As conda does, and other than the CEP asks, numbers have no upper bound: channels have
 * dates to the second in their versions. They stay slices of digits. */
#ifndef CH_BASE_CONDA_VERSION_H
#define CH_BASE_CONDA_VERSION_H

#include <stdbool.h>

#include "customhouse/bytes.h"

/* Slices of the parsed text. */
struct ch_conda_version {
    struct ch_str epoch; /* without leading zeros; absent or empty: 0 */
    struct ch_str main;  /* "1.2.3a_", as written, never empty */
    struct ch_str local; /* absent: none, which equals +0 */
};

/* CH_E_FORMAT: `text` is no version; the message has the column (from 1) and what was expected.
 * White space is not taken away. */
enum ch_code ch_conda_version_parse(struct ch_str text, struct ch_conda_version *ret,
                                    struct ch_err *err) CH_MUST_CHECK;
/* As above, of the bytes of `text` from `from` up to `to`; columns count from the start of `text`.
 */
enum ch_code ch_conda_version_parse_at(struct ch_str text, size_t from, size_t to,
                                       struct ch_conda_version *ret,
                                       struct ch_err *err) CH_MUST_CHECK;
/* <0 0 >0. 1.1 equals 1.1.0; a string is below a number, "dev" below all strings, "post" above all
 * numbers; case does not count, '-' is '_'. */
int ch_conda_version_order(const struct ch_conda_version *a, const struct ch_conda_version *b);
/* As above, over texts. What is no version sorts below all versions, among themselves by bytes. */
int ch_conda_version_cmp(struct ch_str a, struct ch_str b);
/* Whether `v` is one of `prefix`.*, as CEP 29's "=PREFIX" asks: all parts of the prefix are equal
 * in both. 1.2 starts 1.2a1 and 1.2.3, not 1.20. A missing part is 0: 1.0 starts 1. A local version
 * in `prefix` asks for an equal main one. Conda itself also takes 1.0alpha for one of 1.0a.*;
 * rattler and this do not. */
bool ch_conda_version_starts(const struct ch_conda_version *v,
                             const struct ch_conda_version *prefix);
/* The version without its last part: 1.2 of 1.2.3. False when it has only one, or a local version.
 */
bool ch_conda_version_shorten(const struct ch_conda_version *v, struct ch_conda_version *ret);

#endif
