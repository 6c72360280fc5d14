/* The list of tags that a name has, as clients read it:
 * {"name":"team/app","tags":["1.0","latest"]}, in the order of their bytes; without those of
 * signatures, under which the upstream's are not had.
 *
 * Spec: OCI distribution 1.1, "Listing Tags". */
#ifndef ECO_OCI_TAGS_H
#define ECO_OCI_TAGS_H

#include "customhouse/ecosystem.h"

/* ch_index_format.render_page, ch_ecosystem.render_part. */
enum ch_code oci_render_tags(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                             struct ch_err *err);
enum ch_code oci_render_tags_part(const struct ch_page *page, struct ch_str last, uint64_t most,
                                  struct ch_buf *out, struct ch_str *ret_next, struct ch_err *err);

#endif
