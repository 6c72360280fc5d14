/* Python versions: parse, normalise, compare, match against specifiers. Pure, allocates nothing.
 *
 * Spec: PEP 440, appendix B (the regular expression, ASCII only) and "Version specifiers". Numbers
 * have no upper bound there, so they stay slices of digits. */
#ifndef CH_BASE_PYPI_VERSION_H
#define CH_BASE_PYPI_VERSION_H

#include <stdbool.h>

#include "customhouse/bytes.h"

enum ch_pep440_pre { CH_PEP440_ALPHA = 0, CH_PEP440_BETA, CH_PEP440_RC, CH_PEP440_FINAL };

/* Slices of the parsed text. A number has no leading zeros; an empty one is 0. */
struct ch_pep440 {
    struct ch_str epoch;
    struct ch_str release; /* "1.02.3", as written */
    enum ch_pep440_pre pre;
    struct ch_str pre_number;
    bool post;
    struct ch_str post_number;
    bool dev;
    struct ch_str dev_number;
    struct ch_str local; /* "ubuntu-1", as written; absent: none */
};

/* False when `text` (white space at its ends is ignored) is no version. */
bool ch_pep440_parse(struct ch_str text, struct ch_pep440 *ret);
/* Appends the normal form: "V1.0-RC_1" gives "1.0rc1". */
void ch_pep440_put(struct ch_buf *b, const struct ch_pep440 *version);
int ch_pep440_order(const struct ch_pep440 *a, const struct ch_pep440 *b); /* <0 0 >0 */
/* As above, over texts. What is no version sorts below all versions, among themselves by bytes. */
int ch_pep440_cmp(struct ch_str a, struct ch_str b);
/* Dev and pre-releases, which resolvers take only when asked to. */
bool ch_pep440_is_prerelease(const struct ch_pep440 *version);

/* Matches a comma-separated list of clauses; all have to match, an empty list always does.
 * Pre-releases are versions like others here. CH_E_FORMAT: `spec` is malformed (the message names
 * the clause and what is expected). CH_E_MISMATCH: `version` is no PEP 440 version, so that only
 * "===" can be answered: the caller has to take it as unknown. */
enum ch_code ch_pep440_match(struct ch_str spec, struct ch_str version, bool *ret_match,
                             struct ch_err *err) CH_MUST_CHECK;
/* As ch_pep440_match, read as people mean what they deny: by order and number alone, without what
 * PEP 440 leaves out of a range for resolvers' sake. ">1.0" takes 1.0.post1 and 1.0+local,
 * "<2" 2.0rc1, "!=1.0" 1.0+local, "===1.0" what "==1.0" takes. Whatever ch_pep440_match takes, this
 * does. */
enum ch_code ch_pep440_match_widely(struct ch_str spec, struct ch_str version, bool *ret_match,
                                    struct ch_err *err) CH_MUST_CHECK;
/* Versions such that whatever answers any version gives to these specifiers, one of them gives the
 * same: what none of them matches, no version does. Some are told twice. False when that cannot be
 * said, since one has a "===" or is malformed. The text lives for the call. */
typedef void ch_pep440_sample_fn(void *arg, struct ch_str version);
bool ch_pep440_samples(const struct ch_str *specs, size_t count, ch_pep440_sample_fn *fn, void *arg);
enum ch_code ch_pep440_check_spec(struct ch_str spec, struct ch_err *err) CH_MUST_CHECK;

#endif
