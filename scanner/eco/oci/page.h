/* The page of an image: one manifest or index, as the list of what a client gets by it.
 *
 * Page names: "NAME:TAG" and "NAME@sha256:HEX". Of a tag the document alone is listed, since a tag
 * points to a digest and nothing is decided about it; so it is of an index, whose children are
 * pages of their own. Of a manifest's digest it is the document, then its configuration and its
 * layers, each digest once, without those from elsewhere. A fact "subject" has the digest of what
 * it refers to; of an index's digest a fact "child" each "DIGEST SIZE MEDIA-TYPE" of what it lists,
 * in its order: who takes an index that is pushed has to see that these are there. Spec: OCI distribution 1.1, "Pulling manifests" and "Pulling blobs". */
#ifndef CH_SCANNER_OCI_PAGE_H
#define CH_SCANNER_OCI_PAGE_H

#include "customhouse/inspector.h"

/* parse_index of profiles "page-oci-manifest", "page-docker-manifest", "page-oci-index" and
 * "page-docker-list": what the registry's Content-Type says. The job's project is the page, its
 * address ends in "/v2/NAME/manifests/REFERENCE". Files are of project NAME, their version is the
 * document's digest. CH_E_FORMAT: what ch_oci_manifest_read cannot read, a digest that is not
 * sha256, one digest for two kinds or sizes; CH_E_MISMATCH: bytes of another digest than the
 * page's; CH_E_USAGE: the job's page and address are none, or not of the same; CH_E_UNSUPPORTED:
 * another profile. */
enum ch_code ch_oci_page_parse(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err) CH_MUST_CHECK;

#endif
