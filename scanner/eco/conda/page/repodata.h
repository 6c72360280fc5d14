/* A subdir of a conda channel, repodata.json, into INDEX records; as it is, or packed with zstd or
 * bzip2.
 *
 * Spec: CEP 15 and 36 and conda's repodata for the fields. Known groups alone are read: "info",
 * "packages" and "packages.conda"; all else (also "v3", "signatures", "removed") is passed over,
 * and so are keys of a record that are not among those that are known, with their types. What stays
 * is written in one spelling (T16). An address for packages elsewhere ("base_url") has to be
 * absolute and to stand before them.
 *
 * A record that cannot be named, fetched or spelled so is left out, each with a FACT "skipped": a
 * name that is not "NAME-VERSION-BUILD" with the ending of its group, as its fields say, another
 * subdir, a field of another type, a number that readers differ about, a record without a sha256
 * and an md5. All else that is wrong is an error that says at which byte: a key or a file twice,
 * also in both groups; nesting; a document that is cut short. */
#ifndef CH_SCANNER_CONDA_REPODATA_H
#define CH_SCANNER_CONDA_REPODATA_H

#include "customhouse/inspector.h"

/* `job->project` is the page, a subdir ("linux-64"); `job->base_url` the document's address.
 * INDEX_HEAD, then INDEX_FILE as they come. CH_E_MISMATCH: of another subdir. */
enum ch_code ch_repodata_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err);

#endif
