/* Core metadata: METADATA of a wheel, PKG-INFO of an sdist, the sidecar of an index.
 *
 * Spec: PyPA core metadata 2.4 (PEP 241, 314, 345, 566, 643, 685, 639), dependency specifiers
 * (PEP 508). What it says steers the installer (threats.md T1), so it is read strictly: a header
 * that two readers could understand differently is an error. */
#ifndef CH_SCANNER_PYTHON_METADATA_H
#define CH_SCANNER_PYTHON_METADATA_H

#include "base/pypi/name.h"
#include "base/pypi/requirement.h"
#include "customhouse/scan.h"

/* One "Name: value" line; the value is trimmed and, where it was folded over several lines, still
 * holds the line ends and blanks between them. */
struct ch_metadata_field {
    struct ch_str name;
    struct ch_str value;
    size_t line; /* from 1 */
};

struct ch_metadata { /* slices borrow from the bytes that were parsed */
    struct ch_str metadata_version;
    struct ch_str name;
    struct ch_str version;
    struct ch_str requires_python;    /* absent when not stated */
    struct ch_metadata_field *fields; /* all headers, in order, these included */
    size_t field_count;
    struct ch_str body; /* after the first empty line: the description, never interpreted */
};

/* CH_E_FORMAT names the line and field: no header, invalid UTF-8 or a control byte in the header
 * part, a field of single use twice, Metadata-Version, Name or Version missing or malformed.
 * CH_E_LIMIT: metadata_bytes, metadata_headers. On success free with ch_metadata_done. */
enum ch_code ch_metadata_parse(struct ch_str bytes, struct ch_metadata *ret,
                               struct ch_err *err) CH_MUST_CHECK;
void ch_metadata_done(struct ch_metadata *m); /* accepts zeroed memory */

/* Walks the fields of one name (case-insensitive): *at starts at 0. False after the last. */
bool ch_metadata_next(const struct ch_metadata *m, struct ch_str name, size_t *at,
                      struct ch_str *ret_value);

/* Parses `bytes` as the metadata of `member` and writes what the keeper wants to know:
 *   FACT name, version, metadata-version, requires-python, requires-dist..., provides-extra...,
 *        license-expression, license: as they stand
 *        licence: the SPDX expression (fact.h), from License-Expression, else from a License field
 * or the only licence classifier that mean exactly one identifier author..., maintainer...: the
 * e-mail address in lower case; the name where none is given home...: each web address of the
 * project once, as "host/owner/repository" in lower case FINDING wheel-metadata (unreadable,
 * malformed requirement), wheel-name-differs (project or version other than the job's),
 * direct-reference (T1), licence-expression, licence-contradicts METADATA the bytes, when they
 * could be parsed `member` is absent for a sidecar. Never fails: what cannot be read is a finding
 * that holds. */
void ch_metadata_report(const struct ch_scan_job *job, struct ch_str member, struct ch_str bytes,
                        struct ch_scan_writer *out);

/* How the files are read that License-File names, or that are named as licences usually are.
 * `path`: as it names them. False: there is none, or it is too large. */
struct ch_metadata_licences {
    bool (*read)(void *arg, struct ch_str path, struct ch_buf *ret, struct ch_str *ret_member);
    void *arg;
};
/* FINDING licence-contradicts, when the text of none is of the licence that the metadata `bytes`
 * state. */
void ch_metadata_compare_licences(struct ch_str bytes, struct ch_metadata_licences *files,
                                  struct ch_scan_writer *out);
/* Whether such a file may say what the whole is under: "LICENSE.txt", not "vendored/LICENSE". */
bool ch_metadata_is_licence_file(struct ch_str path);

/* Whether two versions are equal under PEP 440 ("1.0" = "1.0.0" = "v1"); versions outside PEP 440
 * are equal only bytewise. */
bool ch_pypi_same_version(struct ch_str a, struct ch_str b);

#endif
