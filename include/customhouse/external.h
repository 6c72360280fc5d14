/* What external scanners say of images. */
#ifndef CUSTOMHOUSE_EXTERNAL_H
#define CUSTOMHOUSE_EXTERNAL_H

#include "customhouse/bytes.h"

/* What an external scanner said of an image last (T8). */
enum ch_external {
    CH_EXTERNAL_NONE = 0,    /* nothing */
    CH_EXTERNAL_PASSED,      /* satisfies a rule that demands it, and does no more */
    CH_EXTERNAL_FAILED,      /* holds, whatever the policy says */
    CH_EXTERNAL_QUARANTINED, /* it is not done with it: as if it had said nothing */
    CH_EXTERNAL_COUNT
};
const char *ch_external_name(enum ch_external e);    /* "Passed", as ACR spells it; NONE: "" */
enum ch_external ch_external_of(struct ch_str name); /* NONE: it is none */

#endif
