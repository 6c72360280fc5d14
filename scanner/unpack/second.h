/* The second opinion: libarchive's listing of an archive. For the kinds of kind.h it is ch_second_opinion of
 * inspector.h; inspectors of other kinds say themselves what they are about to list. */
#ifndef CH_SCANNER_SECOND_H
#define CH_SCANNER_SECOND_H

#include "customhouse/inspector.h"

struct ch_archive_kind;

/* To be called in the scanner's parent before it is confined: loads the locale and conversion
 * tables by which libarchive gives names out as the UTF-8 they are stored in (it opens files for
 * that, which a jail cannot), proves it with an archive in memory, sets the process's time zone to
 * UTC and loads libcrypto's digests. Children inherit all that and then need no system call but for
 * memory. CH_E_SYSTEM when the host lacks the C.UTF-8 locale. May be called more than once. */
enum ch_code ch_second_prepare(struct ch_err *err) CH_MUST_CHECK;

/* Lists the members of an archive of this kind (kind.h) with libarchive and matches rules on their contents:
 * MEMBER records and findings. What libarchive cannot read to its end is a finding. CH_E_LIMIT: the answer is
 * full. */
enum ch_code ch_second_list(const struct ch_archive_kind *kind, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

/* Of a file that is no archive but may be anything: it is the one member, of this path, and rules are matched on it and on
 * what is in it, where it is an archive after all. */
enum ch_code ch_second_one(struct ch_str path, const struct ch_input *in, struct ch_scan_writer *out,
                           struct ch_err *err) CH_MUST_CHECK;

#endif
