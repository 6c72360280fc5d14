/* What the files that report core metadata share. */
#ifndef CH_SCANNER_PYTHON_METADATA_INT_H
#define CH_SCANNER_PYTHON_METADATA_INT_H

#include "scanner/python/metadata.h"

/* The evidence is `what` and `value`, clipped. */
void ch_metadata_finding(struct ch_scan_writer *out, enum ch_finding_code code,
                         struct ch_str member, const char *what, struct ch_str value);
/* An empty value is no fact; one longer than text_bytes is a finding (limit). */
void ch_metadata_fact(struct ch_scan_writer *out, struct ch_str member, const char *name,
                      struct ch_str value);

/* Under what licence, by whom and from where: FACT licence, author..., maintainer..., home...;
 * FINDING licence-expression, licence-contradicts. */
void ch_metadata_report_origin(const struct ch_metadata *m, struct ch_str member,
                               struct ch_scan_writer *out);
/* FINDING licence-contradicts: "FIELD STATED OTHER_FIELD OTHER", clipped. */
void ch_metadata_contradicts(struct ch_scan_writer *writer, struct ch_str member, const char *field,
                             struct ch_str stated, const char *other_field, struct ch_str other);
/* The licence as fact.h has it, into `ret`; the field that states it ("License: "), NULL: none does
 * exactly, or some contradict each other. */
const char *ch_metadata_licence(const struct ch_metadata *m, struct ch_buf *ret);

#endif
