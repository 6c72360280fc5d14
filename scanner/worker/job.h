/* One job of a scanner, in a process of its own. */
#ifndef CH_SCANNER_JOB_H
#define CH_SCANNER_JOB_H

#include "customhouse/inspector.h"
#include "customhouse/role.h"

struct ch_job {
    enum ch_role role; /* CH_ROLE_SCANNER_STRICT or _SECOND: which of the two opinions */
    struct ch_scan_job scan;
    int input_fd;  /* the bytes, read-only */
    int output_fd; /* empty memfd for the answer */
    int text_fd;   /* write end of a pipe: what the job has to say when it fails */
    enum ch_code (*confine)(enum ch_role role, struct ch_err *err); /* to what a job may do */
};

/* Replaces what the job asks for, where it is 0 or beyond limits.h, by the limit. */
void ch_job_clamp(struct ch_scan_job *scan);

/* Maps the input, lets the role's inspector write its records, hashes the input and writes END. Any
 * failure means there is no answer. CH_E_UNSUPPORTED: nobody reads this ecosystem, kind or profile;
 * CH_E_MISMATCH: the input is not of the stated size. */
enum ch_code ch_job_run(enum ch_role role, const struct ch_scan_job *scan, int input_fd,
                        int output_fd, struct ch_err *err) CH_MUST_CHECK;

/* All of a freshly forked child: keeps only the job's descriptors, takes the limits on memory, CPU
 * time, output, files and processes, confines itself, runs the job. Exits 0 when END was written;
 * otherwise 1 after writing why to text_fd. */
CH_NORETURN void ch_job_child(const struct ch_job *job);

#endif
