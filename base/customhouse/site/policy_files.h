/* Putting a policy, with the files beside it, in the place of the one of an installation, in one
 * step.
 *
 *   each file written beside its place and synced
 *     -> the whole as one text in policy.yaml.set, renamed into its place: from here on the policy
 *     -> each file renamed into its place, policy.yaml last
 *     -> policy.yaml.set removed
 *
 * Whoever reads takes policy.yaml.set for the policy while it is there, so nobody ever sees files
 * of both. What dies in between is finished by the next one: a start, a reload, another policy set.
 */
#ifndef BASE_CUSTOMHOUSE_POLICY_FILES_H
#define BASE_CUSTOMHOUSE_POLICY_FILES_H

#include "customhouse/bytes.h"

#define POLICY_FILES_SET "policy.yaml.set"

struct policy_files; /* what was there before */

/* Two of us never replace at the same time. The lock ends with the descriptor. CH_E_EXISTS:
 * somebody else is at it. */
enum ch_code policy_files_lock(const char *folder, int *ret_fd, struct ch_err *err) CH_MUST_CHECK;
/* Under the lock: puts a bundle (policy.h) in the place of policy and lists. Owner and mode stay
 * those of the former file; a new one gets those of policy.yaml. On failure all is as it was, or
 * the error says that the next one finishes it. */
enum ch_code policy_files_replace(const char *folder, struct ch_str bundle,
                                  struct policy_files **ret, struct ch_err *err) CH_MUST_CHECK;
/* Puts back what was there, as one step too: the former policy with all of its lists. */
enum ch_code policy_files_restore(struct policy_files *files, struct ch_err *err) CH_MUST_CHECK;
void policy_files_free(struct policy_files *files); /* accepts NULL */

/* Finishes what somebody began who is not there any more; nothing while somebody is at it. */
enum ch_code policy_files_finish(const char *folder, struct ch_err *err) CH_MUST_CHECK;
/* The policy of the installation with its lists, whole, whatever happens meanwhile. */
enum ch_code policy_files_read(const char *folder, struct ch_buf *ret,
                               struct ch_err *err) CH_MUST_CHECK;

#endif
