/* What an image or artifact names by a media type that nothing here reads: a file by itself, looked
 * at by what its bytes are. That nobody here knows what clients make of it is a finding of the
 * manifest (oci-type), which holds it.
 *
 * One member, "blob". Findings and facts are those of a file that somebody starts: native code,
 * archives and what is in them, scripts, notebooks; the second opinion matches the rules. */
#ifndef CH_SCANNER_OCI_BLOB_H
#define CH_SCANNER_OCI_BLOB_H

#include "customhouse/inspector.h"

/* CH_E_UNSUPPORTED: another profile than "oci-blob". */
ch_inspect_fn ch_oci_blob_inspect;
ch_inspect_fn ch_oci_blob_second;

#endif
