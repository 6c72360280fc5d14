/* Bills of materials of one thing, a release file or an image, in CycloneDX and in SPDX. Pure: the
 * same input gives the same bytes, whatever order its components come in.
 *
 * All texts are slices from outside (names, versions, licences): what is no UTF-8 becomes U+FFFD,
 * and nothing of them is ever taken for anything but text.
 *
 * Spec: CycloneDX 1.6, bom-1.6.schema.json; SPDX 2.3, "Composition of an SPDX document", and its
 * JSON schema; package-url/purl-spec. */
#ifndef CUSTOMHOUSE_SBOM_H
#define CUSTOMHOUSE_SBOM_H

#include "customhouse/bytes.h"
#include "customhouse/digest.h"
#include "customhouse/index.h"

#define CH_SBOM_CYCLONEDX_TYPE "application/vnd.cyclonedx+json"
#define CH_SBOM_SPDX_TYPE      "application/spdx+json"
/* Types of predicates of in-toto statements whose predicate is the document. */
#define CH_SBOM_CYCLONEDX_PREDICATE "https://cyclonedx.org/bom"
#define CH_SBOM_SPDX_PREDICATE      "https://spdx.dev/Document"

struct ch_sbom_layer {
    struct ch_sha256 sha256; /* as the registry has it */
    uint64_t size_bytes;     /* CH_SIZE_UNKNOWN: not said */
};

/* Absent slices: it is not said. */
struct ch_sbom_component {
    const char *type; /* of package URLs: "pypi", "deb" */
    struct ch_str name;
    struct ch_str version;
    struct ch_str architecture;
    struct ch_str source, source_version; /* what it was built from */
    struct ch_str licence;                /* in whatever words it is stated */
    size_t layer;                         /* index of the layer that has it; of a file 0 */
    /* It is not there, but asked for: as that is written. Without a version. */
    struct ch_str requirement;
    bool optional; /* that is asked for under a condition */
    bool image;    /* an index has it: by the image's name, `version` is its digest */
};

struct ch_sbom {
    bool image;       /* or an index of images, which has no layers; else a release file */
    const char *type; /* of package URLs */
    struct ch_str name, version;
    struct ch_str file_name;      /* of a file */
    struct ch_str build, subdir;  /* of a file, where its version has several */
    struct ch_str form;           /* likewise, what its name ends in: "conda" */
    struct ch_str repository_url; /* of an image: "gw.example/mcr/team/app" */
    struct ch_sha256 sha256;
    struct ch_str licence;        /* an SPDX expression; anything else is not taken for one */
    struct ch_str stated_licence; /* in its own words */
    struct ch_str distribution;   /* of packages of the system: "debian", "12"; absent: unknown */
    struct ch_str distribution_version;
    struct ch_str origin;       /* URI that its own name begins with, "https://gw.example" */
    uint32_t inspector_version; /* who has looked */
    int64_t made_at_us;         /* and when */
    bool incomplete;            /* more is there than is listed */
    const struct ch_sbom_layer *layers;
    size_t layer_count;
    struct ch_sbom_component *components; /* in any order: they are sorted */
    size_t component_count;
};

/* Either fails its buffer where it is too small; what is written then is no document. */
void ch_cyclonedx_put(struct ch_buf *b, struct ch_sbom *s);
void ch_spdx_put(struct ch_buf *b, struct ch_sbom *s);

/* One fact "package" of a layer (scanner/eco/oci/layer/layer.h). `texts` has room for as many bytes
 * as `value` has: slices of *ret lie there. False: it is none, or of a kind that has no package
 * URLs. */
bool ch_sbom_read_package(struct ch_str value, struct ch_buf *texts, struct ch_sbom_component *ret);

#endif
