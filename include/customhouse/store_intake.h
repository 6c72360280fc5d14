/* What store.h has of files on their way in, continued. */
#ifndef CUSTOMHOUSE_STORE_INTAKE_H
#define CUSTOMHOUSE_STORE_INTAKE_H

#include "customhouse/store.h"

/* From SCANNING back to FETCHED, and the attempt that was counted is taken back. CH_E_NOT_FOUND: ended. */
enum ch_code ch_store_uncount_intake(struct ch_store *s, uint64_t id, struct ch_err *err) CH_MUST_CHECK;

#endif
