/* Runs the loaded rules over members in memory, as one artifact. */
#ifndef CH_TEST_RULES_RUN_H
#define CH_TEST_RULES_RUN_H

#include "scan_run.h"

struct rules_member {
    struct ch_str path;
    struct ch_str bytes;
};
extern struct ch_str rules_platform; /* of the artifact; absent at first */
/* scan_run_done() what it gives. */
void rules_run(struct scan_run *r, const struct rules_member *members, size_t count);
/* The first finding of this code whose evidence begins with `rule`; NULL: none. An empty `rule` takes
 * any. */
const struct ch_finding *rules_found(const struct scan_run *r, enum ch_finding_code code,
                                     const char *rule);
size_t rules_findings(const struct scan_run *r);

#endif
