/* Inspection of conda packages: .conda (a stored ZIP archive of metadata.json and two TAR archives
 * under zstd) and the older .tar.bz2.
 *
 * Spec: the conda package format 2 (".conda"), CEP 34 (info/ of a package). Rules: scanning.md 2.1,
 * threats.md T17. */
#ifndef CH_SCANNER_CONDA_PACKAGE_H
#define CH_SCANNER_CONDA_PACKAGE_H

#include "customhouse/inspector.h"

/* Profiles "conda" and "conda-tar" (.tar.bz2):
 *   MEMBER   of .conda the three outer ones, then those of each TAR archive, all in archive order
 *   FACT     subdir, noarch, build, build-number, timestamp, python-site-packages-path, depends...,
 * constrains..., license (as they stand
 * in info/index.json), licence (fact.h), entry-point ("GROUP NAME = OBJECT"), and those of content/
 *   FINDING  zip-..., tar-..., stream-..., conda-..., and those of content/, source/ and of the
 * Python packages inside, as of their wheels (wheel-metadata, direct-reference, entry-points) The
 * expected project and version are the job's; where it names none, the file name's. What
 * info/paths.json says vouches for content: it lists exactly the files there are, with their size
 * and digest. Each member is judged by where it is installed (scanner/content/installed.h). Memory:
 * besides what readers need, conda_kept_bytes. Fails only when the answer cannot be written;
 * CH_E_UNSUPPORTED: another profile. */
enum ch_code ch_conda_package_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                      struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;
/* The same list by libarchive. */
enum ch_code ch_conda_package_second(const struct ch_scan_job *job, const struct ch_input *in,
                                     struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
