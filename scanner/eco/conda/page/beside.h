/* The documents that a conda channel may have beside its subdirs' repodata, into INDEX_ENTRY
 * records; as they are, or packed with zstd or bzip2.
 *
 * Only what is known is read, and written in one spelling (T16): an entry, or a key of one, that is
 * of another type is left out; a FACT "skipped" says how many entries were. All else that is wrong
 * is an error that says at which byte: a key twice in an object that is read, nesting, a value of
 * more than limits record_bytes, a document that is cut short, another version of the form. */
#ifndef CH_SCANNER_CONDA_BESIDE_H
#define CH_SCANNER_CONDA_BESIDE_H

#include "customhouse/inspector.h"

/* SUBDIR/run_exports.json. `job->project` is the subdir. An entry per file, NAME-VERSION-BUILD with
 * the ending of its group; its record is {"run_exports":{...}} with the five lists of CEP 12 that
 * are there. CH_E_MISMATCH: of another subdir. Spec: CEP 12. */
enum ch_code ch_run_exports_parse(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err);

/* channeldata.json. An entry per package, its record has what describes it; and for each of its
 * versions that has any one with the version as its part, whose record has its lists as above.
 * Spec: conda-index's channeldata, version 1. */
enum ch_code ch_channeldata_parse(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err);

#endif
