/* Runs an inspection over bytes in memory and keeps its answer, decoded by the strict reader. */
#ifndef CH_TEST_SCAN_RUN_H
#define CH_TEST_SCAN_RUN_H

#include "customhouse/inspector.h"

typedef enum ch_code scan_run_fn(const struct ch_scan_job *job, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err);

struct scan_run {
    char *stream; /* the records borrow from it */
    struct ch_scan_record *records;
    size_t count; /* END included */
};

/* Fails the test when the inspection or its stream fails. */
void scan_run(struct scan_run *r, scan_run_fn *inspect, const struct ch_scan_job *job,
              struct ch_str bytes);
void scan_run_done(struct scan_run *r);

/* The names of all findings, sorted, without repetition, with blanks between; free(). */
char *scan_run_findings(const struct scan_run *r);
/* The value of a fact, absent when there is none. */
struct ch_str scan_run_fact(const struct scan_run *r, const char *name);
struct ch_str scan_run_metadata(const struct scan_run *r);
/* Whether both answers list the same members: what the keeper compares. */
bool scan_run_same_members(const struct scan_run *a, const struct scan_run *b);
size_t scan_run_members(const struct scan_run *r);
void scan_run_print(const struct scan_run *r); /* findings with evidence, to stderr */

#endif
