/* Fields that a page in JSON and an upstream's details document have in common. */
#ifndef CH_SCANNER_PYPI_PAGE_FIELDS_H
#define CH_SCANNER_PYPI_PAGE_FIELDS_H

#include "scanner/eco/pypi/page/page.h"
#include "scanner/json/json.h"

/* An object of hashes by name (PEP 691); adds to what `ret` and `ret_alias` hold. */
enum ch_code ch_json_read_hashes(struct ch_json at, struct ch_sha256 *ret,
                                 struct ch_alias *ret_alias, struct ch_err *err) CH_MUST_CHECK;
enum ch_code ch_json_read_terms(struct ch_json file, const char *time_key, struct ch_page_draft *d,
                                struct ch_index_file *f, struct ch_err *err) CH_MUST_CHECK;
/* A serial, written as a number or in a string; 0 for anything else: nothing is decided by it. */
uint64_t ch_json_serial(const json_t *value);
enum ch_code ch_json_read_meta(struct ch_json root, uint64_t *ret_serial,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
