/* The list of tags that a registry has of a name, as a page: a file for each tag, of which nothing
 * is known but where its manifest lies. Spec: OCI distribution 1.1, "Content Discovery". */
#ifndef CH_SCANNER_OCI_TAGS_H
#define CH_SCANNER_OCI_TAGS_H

#include "customhouse/inspector.h"

/* parse_index of profile "page-oci-tags": {"name":NAME,"tags":[TAG...]}. The job's project is NAME,
 * its address ends in "/v2/NAME/tags/list". Each file is called like its tag, which is its version,
 * too. Tags null or empty: there are none. CH_E_FORMAT: another name, what is no tag, a tag twice;
 * CH_E_USAGE: the job's page or address is none. */
enum ch_code ch_oci_tags_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
