/* setup.cfg, as Python's configparser reads it for setuptools: RawConfigParser with its defaults,
 * and option names as they stand.
 *
 * Spec: docs.python.org, "Supported INI File Structure". What readers could split into lines
 * otherwise (control characters, blanks beyond ASCII before an option) is an error here. */
#ifndef CH_SCANNER_PYPI_SETUP_CFG_H
#define CH_SCANNER_PYPI_SETUP_CFG_H

#include "customhouse/bytes.h"

/* One option with its whole value: lines trimmed, joined by '\n'. Borrowed for the call. */
typedef void setup_cfg_fn(void *arg, struct ch_str section, struct ch_str option,
                          struct ch_str value, size_t line);

/* Calls `each` for every option in order. CH_E_FORMAT names the line: a section or an option of one
 * section given twice, an option before the first section, a line that is neither; then `each` may
 * have been called for what stands before it. */
enum ch_code setup_cfg_parse(struct ch_str text, setup_cfg_fn *each, void *arg,
                             struct ch_err *err) CH_MUST_CHECK;

/* Whether two option names are the same to setuptools: dashes are underscores, case does not count.
 */
bool setup_cfg_same_option(struct ch_str a, struct ch_str b);

#endif
