/* The list of approvals that were withdrawn in one environment: a signature cannot be called back,
 * so who verifies offline asks this list (T23). Pure.
 *
 * It is the payload of a DSSE envelope, signed by the environment's approval key:
 *   {"version":1,"environment":"prod","issuedAt":"...","validUntil":"...",
 *    "withdrawn":[{"sha256":"HEX","file":"NAME","withdrawnAt":"..."}]}
 * and holds what was approved once and is approved in no repository of that environment now. */
#ifndef CUSTOMHOUSE_WITHDRAWALS_H
#define CUSTOMHOUSE_WITHDRAWALS_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"

#define CH_WITHDRAWALS_TYPE "application/vnd.customhouse.withdrawals.v1+json"

/* In this order: begin, each, end. Times in unix microseconds. */
void ch_withdrawals_begin(struct ch_buf *b, struct ch_str environment, int64_t issued_at_us,
                          int64_t valid_until_us);
void ch_withdrawals_put(struct ch_buf *b, const struct ch_sha256 *sha256, struct ch_str file_name,
                        int64_t withdrawn_at_us);
void ch_withdrawals_end(struct ch_buf *b);

#endif
