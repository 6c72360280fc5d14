/* SPDX licence expressions. Spec: SPDX 2.3 annex D, PEP 639; identifiers of the SPDX licence list.
 *
 * In the jail a stated licence becomes a canonical expression (a fact); in the policy that
 * expression is judged against lists. What is not an exact identifier is never turned into one. */
#ifndef CH_BASE_SPDX_H
#define CH_BASE_SPDX_H

#include "customhouse/bytes.h"

/* The canonical form of an expression: identifiers in the list's spelling, AND OR WITH in capitals,
 * one blank between words, no needless parentheses. CH_E_FORMAT: what is wrong and where. */
enum ch_code ch_spdx_canonical(struct ch_str expression, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;
/* The identifier for the value of an old License field or a "License :: ..." classifier, when it is
 * exactly one; NULL otherwise. */
const char *ch_spdx_of_classifier(struct ch_str classifier);
const char *ch_spdx_of_text(struct ch_str licence);
/* Identifiers of the list; NULL past the end. */
const char *ch_spdx_licence_at(size_t i);
const char *ch_spdx_exception_at(size_t i);

/* What a classifier or an old License field that is not exact may mean: patterns of identifiers
 * with a blank between, "GPL-3.0*"; NULL when it is not known. For comparing statements, never to
 * make one. */
const char *ch_spdx_family_of_classifier(struct ch_str classifier);
const char *ch_spdx_family_of_text(struct ch_str licence);
/* Whether an identifier is one of such a list. */
bool ch_spdx_family_has(const char *family, struct ch_str id);

/* What the text of a licence file is, against the expression that is stated. UNKNOWN: it begins
 * like none that is known, or with the name of one that only its author knows. *ret_family, of
 * DIFFERS: patterns as above. */
enum ch_spdx_file { CH_SPDX_FILE_UNKNOWN, CH_SPDX_FILE_FITS, CH_SPDX_FILE_DIFFERS };
enum ch_spdx_file ch_spdx_compare_file(struct ch_str text, struct ch_str expression,
                                       const char **ret_family);

/* Whether an expression can be satisfied using only licences for which `permitted` is true: OR is a
 * choice, AND asks for both, "X WITH E" is asked as such first, then as X. Asked with canonical
 * identifiers, "+" included ("GPL-2.0+"). CH_E_FORMAT as above. */
typedef bool ch_spdx_permitted_fn(void *arg, struct ch_str licence, struct ch_str exception);
enum ch_code ch_spdx_satisfied(struct ch_str expression, ch_spdx_permitted_fn *permitted, void *arg,
                               bool *ret, struct ch_err *err) CH_MUST_CHECK;

#endif
