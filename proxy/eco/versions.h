/* How versions of an ecosystem are matched, for code that must not know ecosystems by name. */
#ifndef PROXY_ECO_VERSIONS_H
#define PROXY_ECO_VERSIONS_H

#include "customhouse/bytes.h"

/* CH_E_UNSUPPORTED: no such ecosystem. CH_E_FORMAT: `spec` is malformed. CH_E_MISMATCH: `version` is
 * not one that the ecosystem can order. */
enum ch_code ch_eco_match_version(struct ch_str ecosystem, struct ch_str spec, struct ch_str version,
                                  bool *ret_match, struct ch_err *err) CH_MUST_CHECK;
/* Whether `spec` is well-formed in `ecosystem`, or in at least one ecosystem when that is absent. */
enum ch_code ch_eco_check_spec(struct ch_str ecosystem, struct ch_str spec,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
