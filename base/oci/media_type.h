/* What the media types of registries stand for.
 *
 * Spec: OCI image 1.1, "Media Types"; Docker's image manifest version 2, schema 2, whose types mean
 * the same. A type is compared as it is, without parameters: who writes "; charset" or capitals is
 * nobody's registry, and gets OTHER. */
#ifndef CH_BASE_OCI_MEDIA_TYPE_H
#define CH_BASE_OCI_MEDIA_TYPE_H

#include "customhouse/bytes.h"

enum ch_oci_type {
    CH_OCI_OTHER = 0, /* unknown: policy holds it */
    CH_OCI_INDEX,     /* of manifests, one for each platform */
    CH_OCI_MANIFEST,  /* of an image, or of anything */
    CH_OCI_SCHEMA1,   /* Docker's first manifest: signed text, no digests of what it unpacks to */
    CH_OCI_CONFIG,    /* an image's configuration */
    CH_OCI_EMPTY,     /* "{}", in place of a configuration or of layers */
    CH_OCI_LAYER,     /* an uncompressed TAR */
    CH_OCI_LAYER_GZIP,
    CH_OCI_LAYER_ZSTD,
    CH_OCI_LAYER_FOREIGN, /* to be fetched from elsewhere (`urls`), in whatever compression */
    CH_OCI_IN_TOTO,       /* statements of BuildKit */
};
enum ch_oci_type ch_oci_type_of(struct ch_str media_type);
/* Layers that are unpacked into an image's file system. */
bool ch_oci_type_is_layer(enum ch_oci_type type);
/* Index, manifest, schema 1: what stands under "manifests/". */
bool ch_oci_type_is_manifest(enum ch_oci_type type);
/* A signature or attestation of cosign, of Notation, or a Sigstore bundle: as artifactType, of a
 * configuration or of a layer. Those of images here are written by us alone (T23). */
bool ch_oci_is_signature_type(struct ch_str media_type);

#endif
