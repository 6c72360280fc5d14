/* Confinement, asked for by purpose. One table (base/process/confine_table.c) says per role what it
 * may do and what must fail; ch_confine applies it, ch_confine_self_test tries it. */
#ifndef CUSTOMHOUSE_CONFINE_H
#define CUSTOMHOUSE_CONFINE_H

#include "customhouse/bytes.h"
#include "customhouse/role.h"

enum ch_confine_stage {
    CH_CONFINE_PROCESS, /* the process as a whole, after its start-up */
    CH_CONFINE_JOB,     /* a scanner's child: one job, one input descriptor, one output descriptor */
};

struct ch_confine_options {
    enum ch_role role;
    enum ch_confine_stage stage;
    const char *state_dir; /* NUL-terminated; NULL for roles that see no file */
    uint32_t uid, gid, served_gid; /* 0: stay */
};

/* No new privileges, not dumpable, uid, Landlock, rlimits, seccomp. Landlock and seccomp are required:
 * CH_E_SYSTEM says which is missing. Irreversible. */
enum ch_code ch_confine(const struct ch_confine_options *options, struct ch_err *err) CH_MUST_CHECK;

/* Tries, in this process, everything the table says must fail for the role and stage (in a forked
 * child where the attempt would kill). CH_E_DENIED names the first that succeeded. */
enum ch_code ch_confine_self_test(const struct ch_confine_options *options,
                                  struct ch_err *err) CH_MUST_CHECK;

/* One line for `status`: "landlock abi 7, seccomp, namespaces user net pid, uid 61201". */
void ch_confine_describe(const struct ch_confine_options *options, struct ch_buf *out);

#endif
