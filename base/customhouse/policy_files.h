/* Putting a policy, with the files beside it, in the place of the one of an installation. */
#ifndef BASE_CUSTOMHOUSE_POLICY_FILES_H
#define BASE_CUSTOMHOUSE_POLICY_FILES_H

#include "customhouse/bytes.h"

struct policy_files; /* what was there before */

/* Two of us never replace at the same time. The lock ends with the descriptor. CH_E_EXISTS:
 * somebody else is at it. */
enum ch_code policy_files_lock(const char *folder, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
/* Writes each file of the bundle (policy.h) beside its place, and when all are there moves each
 * into it, the policy itself last. Owner and mode stay those of the former file; a new one gets
 * those of policy.yaml. On failure all is as it was. */
enum ch_code policy_files_replace(const char *folder, struct ch_str bundle,
                                  struct policy_files **ret, struct ch_err *err) CH_MUST_CHECK;
/* Puts back what was there. */
enum ch_code policy_files_restore(struct policy_files *files, struct ch_err *err) CH_MUST_CHECK;
void policy_files_free(struct policy_files *files); /* accepts NULL */

#endif
