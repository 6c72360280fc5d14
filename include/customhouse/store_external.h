/* What external scanners said of images (part of store.h). Slices in rows are borrowed during the
 * call. */
#ifndef CUSTOMHOUSE_STORE_EXTERNAL_H
#define CUSTOMHOUSE_STORE_EXTERNAL_H

#include "customhouse/policy.h"
#include "customhouse/store.h"

struct ch_external_row {
    struct ch_str repository, project;
    struct ch_sha256 sha256;  /* of the manifest */
    enum ch_external verdict; /* never NONE */
    struct ch_str details;    /* as the scanner gave them: JSON, or absent */
    struct ch_str words;      /* what people read of them */
    struct ch_str by;
    int64_t at_us;
    uint64_t id; /* given by ch_store_add_external */
};
enum ch_code ch_store_add_external(struct ch_store *s, struct ch_external_row *row,
                                   struct ch_err *err) CH_MUST_CHECK;
/* The newest about this manifest in the repository. CH_E_NOT_FOUND: nothing was said. Strings are
 * appended to `strings`, and *ret borrows from it. */
enum ch_code ch_store_external(struct ch_store *s, struct ch_str repository,
                               const struct ch_sha256 *sha256, struct ch_external_row *ret,
                               struct ch_buf *strings, struct ch_err *err) CH_MUST_CHECK;

#endif
