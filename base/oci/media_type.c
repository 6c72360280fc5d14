#include "base/oci/media_type.h"

static const struct {
    const char *media_type;
    enum ch_oci_type type;
} types[] = {
    {"application/vnd.oci.image.index.v1+json", CH_OCI_INDEX},
    {"application/vnd.docker.distribution.manifest.list.v2+json", CH_OCI_INDEX},
    {"application/vnd.oci.image.manifest.v1+json", CH_OCI_MANIFEST},
    {"application/vnd.docker.distribution.manifest.v2+json", CH_OCI_MANIFEST},
    {"application/vnd.docker.distribution.manifest.v1+json", CH_OCI_SCHEMA1},
    {"application/vnd.docker.distribution.manifest.v1+prettyjws", CH_OCI_SCHEMA1},
    {"application/vnd.oci.image.config.v1+json", CH_OCI_CONFIG},
    {"application/vnd.docker.container.image.v1+json", CH_OCI_CONFIG},
    {"application/vnd.oci.empty.v1+json", CH_OCI_EMPTY},
    {"application/vnd.oci.image.layer.v1.tar", CH_OCI_LAYER},
    {"application/vnd.docker.image.rootfs.diff.tar", CH_OCI_LAYER},
    {"application/vnd.oci.image.layer.v1.tar+gzip", CH_OCI_LAYER_GZIP},
    {"application/vnd.docker.image.rootfs.diff.tar.gzip", CH_OCI_LAYER_GZIP},
    {"application/vnd.oci.image.layer.v1.tar+zstd", CH_OCI_LAYER_ZSTD},
    {"application/vnd.docker.image.rootfs.diff.tar.zstd", CH_OCI_LAYER_ZSTD},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar", CH_OCI_LAYER_FOREIGN},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", CH_OCI_LAYER_FOREIGN},
    {"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", CH_OCI_LAYER_FOREIGN},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar", CH_OCI_LAYER_FOREIGN},
    {"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", CH_OCI_LAYER_FOREIGN},
    {"application/vnd.in-toto+json", CH_OCI_IN_TOTO},
};

enum ch_oci_type ch_oci_type_of(struct ch_str media_type)
{
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (ch_str_eq(media_type, ch_str_of(types[i].media_type))) {
            return types[i].type;
        }
    }
    return CH_OCI_OTHER;
}

bool ch_oci_type_is_layer(enum ch_oci_type type)
{
    return type == CH_OCI_LAYER || type == CH_OCI_LAYER_GZIP || type == CH_OCI_LAYER_ZSTD ||
           type == CH_OCI_LAYER_FOREIGN;
}

bool ch_oci_type_is_manifest(enum ch_oci_type type)
{
    return type == CH_OCI_INDEX || type == CH_OCI_MANIFEST || type == CH_OCI_SCHEMA1;
}

bool ch_oci_is_signature_type(struct ch_str media_type)
{
    static const char *const begins[] = {
        "application/vnd.dev.cosign.",         /* simplesigning, artifact.sig, artifact.sbom */
        "application/vnd.dev.sigstore.bundle", /* .v0.3+json, +json;version=0.2 */
        "application/vnd.dsse.envelope.",      /* attestations under cosign's tag */
        "application/vnd.cncf.notary.",        /* signature, v2.signature */
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(begins); i++) {
        if (ch_str_starts(media_type, ch_str_of(begins[i]))) {
            return true;
        }
    }
    return false;
}
