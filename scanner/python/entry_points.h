/* entry_points.txt, of wheels and of the *.egg-info folders of sdists.
 *
 * Spec: packaging.python.org, "Entry points specification". What readers could split into lines or
 * entries otherwise is a finding: only what all read alike is told. */
#ifndef CH_SCANNER_PYTHON_ENTRY_POINTS_H
#define CH_SCANNER_PYTHON_ENTRY_POINTS_H

#include "scanner/content/content.h"

/* One entry as all read it. Borrowed for the call. */
typedef void entry_points_fn(void *arg, struct ch_str group, struct ch_str name,
                             struct ch_str object);

/* Calls `each` for every entry in order. FINDING entry-points of `member` for what is malformed. */
void entry_points_read(struct ch_scan_writer *out, struct ch_str member, struct ch_str text,
                       entry_points_fn *each, void *arg);
/* One that was read: FACT entry-point "GROUP NAME = OBJECT", and what content makes of it. */
void entry_points_tell(struct ch_scan_writer *out, struct ch_content *content, struct ch_str member,
                       struct ch_str group, struct ch_str name, struct ch_str object);

#endif
