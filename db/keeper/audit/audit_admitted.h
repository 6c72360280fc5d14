/* The audit log's entry of what a cluster was told may run (part of audit.h). */
#ifndef KEEPER_AUDIT_ADMITTED_H
#define KEEPER_AUDIT_ADMITTED_H

#include "audit.h"
#include "customhouse/store_admitted.h"

/* What was just stored: an image was admitted in a place for the first time. */
enum ch_code audit_admitted(struct keeper *k, const struct ch_admitted_row *row,
                            struct ch_err *err) CH_MUST_CHECK;

#endif
