/* The scanner's side of an ecosystem: what bytes mean. Runs only in the jail.
 *
 * Adding an ecosystem: one of these in scanner/eco/, a struct ch_ecosystem in proxy/eco/, a row in
 * each table, a corpus folder. */
#ifndef CUSTOMHOUSE_INSPECTOR_H
#define CUSTOMHOUSE_INSPECTOR_H

#include "customhouse/scan.h"

/* The input: mapped read-only. Its bytes come from outside; a fault while reading ends the jail. */
struct ch_input {
    int fd;
    const uint8_t *ptr; /* NULL when empty */
    size_t len;
};

struct ch_inspector {
    const char *ecosystem; /* "pypi"; equals the proxy side's name */
    /* Each writes records; an error means "no answer" and holds. All but END, which the worker
     * writes. NULL where the ecosystem has no such document. */
    enum ch_code (*parse_index)(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err);
    enum ch_code (*parse_root)(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err);
    enum ch_code (*parse_details)(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err);
    enum ch_code (*inspect)(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err);
    enum ch_code (*inspect_metadata)(const struct ch_scan_job *job, const struct ch_input *in,
                                     struct ch_scan_writer *out, struct ch_err *err);
    enum ch_code (*inspect_tail)(const struct ch_scan_job *job, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err);
};

/* NULL: unknown. "archive" is found too: profiles "zip" and "tar" of no ecosystem. */
const struct ch_inspector *ch_inspector_find(struct ch_str ecosystem);
const struct ch_inspector *ch_inspector_at(size_t i); /* ecosystems only; NULL past the end */

/* The second opinion: lists the members of an archive with libarchive, whatever the ecosystem. */
enum ch_code ch_second_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
