/* Inspection of wheels.
 *
 * Spec: PyPA binary distribution format 1.0 (PEP 427, 491, 425, 600, 658), recording installed
 * packages (PEP 376, 627), entry points. The rules beyond the ZIP's own are those of
 * scanning.md 2.1 and threats.md T1 and T17. */
#ifndef CH_SCANNER_WHEEL_H
#define CH_SCANNER_WHEEL_H

#include "customhouse/inspector.h"

/* Inspects a whole wheel:
 *   MEMBER   all members, in archive order
 *   FACT     tag (one per tag the file name expands to), root-is-purelib, entry-point
 *            ("GROUP NAME = OBJECT"), and those of ch_metadata_report
 *   FINDING  zip-..., wheel-..., entry-points, pyc-unchecked, direct-reference
 *   METADATA the bytes of its METADATA
 * The expected project and version are the job's; where it names none, the file name's. Fails only
 * when the answer cannot be written. */
enum ch_code ch_wheel_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

/* Reads the last bytes of a wheel (job->tail_offset_bytes says where in the file they begin) and
 * says where METADATA lies, so that a sidecar can be made before the whole is there: FACT
 * tail-offset: the directory begins there, before the input; nothing else is said FACT
 * metadata-range "FROM-TO" of the file, both included, local header and data at most;
 *            metadata-offset (its FROM), metadata-compressed-size, metadata-method, metadata-size
 *   METADATA and what else ch_metadata_report writes, when all of it lies within the input
 * To get METADATA where it does not, ask again with all bytes from metadata-offset to the end.
 * Nothing that is found here allows anything: the whole wheel is inspected before it is served.
 * CH_E_FORMAT when the end is no wheel's; CH_E_UNSUPPORTED for ZIP64; CH_E_LIMIT for too long
 * METADATA. */
enum ch_code ch_wheel_tail(const struct ch_scan_job *job, const struct ch_input *in,
                           struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
