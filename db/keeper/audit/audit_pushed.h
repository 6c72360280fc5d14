/* The audit log's entry of a push (part of audit.h). */
#ifndef KEEPER_AUDIT_PUSHED_H
#define KEEPER_AUDIT_PUSHED_H

#include "audit.h"
#include "customhouse/store_external.h"
#include "customhouse/store_pushed.h"

/* What was just stored: a manifest was pushed, or it or a tag was taken away; `denied_by`: for the
 * decision that the log has as this entry. NULL: because somebody wanted it. */
enum ch_code audit_pushed(struct keeper *k, const struct ch_pushed_row *row,
                          const uint64_t *denied_by, struct ch_err *err) CH_MUST_CHECK;
/* What an external scanner said of an image, as it was just stored. */
enum ch_code audit_external(struct keeper *k, const struct ch_external_row *row,
                            struct ch_err *err) CH_MUST_CHECK;
/* Bytes that no manifest names are no longer had under this name, because `by` wanted it. */
enum ch_code audit_blob_deleted(struct keeper *k, struct ch_str repository, struct ch_str project,
                                const struct ch_sha256 *sha256, struct ch_str by,
                                struct ch_err *err) CH_MUST_CHECK;

#endif
