/* Layers of images, profile "oci-layer": a TAR archive, packed by gzip, zstd or not at all, as the
 * bytes say.
 *
 * Findings of its structure are those of the TAR reader's profile for layers (unpack/tar_layer.c).
 * Of its content: Python packages as in wheels, secrets, programs with rights of others, lists of
 * packages. Nothing is unpacked to disk. Each layer by itself: what another one deletes is still
 * there for whoever has the layer, and what another one has is not known.
 *
 * Facts: "diff-id" (of the unpacked archive, "sha256:HEX", which the image's configuration has to
 * name), "package" ("KIND NAME VERSION ARCHITECTURE SOURCE SOURCE-VERSION", "-" for what is not
 * said, and behind it a licence, where one is stated, in whatever words; kinds: deb, apk, rpm, go, npm, maven, python, conda), "packages-left-out" (a number, where
 * there are more than layer_packages), "distribution" ("debian 12", or "debian"; as its file of
 * os-release says), and those of content. */
#ifndef CH_SCANNER_OCI_LAYER_H
#define CH_SCANNER_OCI_LAYER_H

#include "customhouse/inspector.h"

ch_inspect_fn ch_oci_layer_inspect;
ch_inspect_fn ch_oci_layer_second;

#endif
