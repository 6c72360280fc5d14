/* Images for tests of the keeper: registries on which a house's jails read texts. */
#ifndef IMAGES_HOUSE_H
#define IMAGES_HOUSE_H

#include "house.h"

#define IMAGES_NAME          "team/app"
#define IMAGES_MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define IMAGES_CONFIG        IMAGES_CONFIG_OF("")
/* "img" serves these: ", platforms: all". */
#define IMAGES_CONFIG_OF(platforms)                                                                \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "  - {name: pub, ecosystem: oci, url: 'https://other.example.org', states_times: never,\n"     \
    "     file_hosts: [up.example.org]}\n"                                                         \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg]" platforms "}\n"                             \
    "  - {name: open, ecosystem: oci, upstreams: [pub]}\n"                                         \
    "  - {name: lab, ecosystem: oci, upstreams: [reg], environment: preprod}\n"

/* Of a manifest, a configuration and a layer, or of an index: texts as the house's jails read them.
 */
struct images_image {
    const char *manifest; /* of an index, whose children are facts "child", without the next two */
    const char *config, *layer; /* NULL: an index */
    const char *ending;         /* of the manifest's name; NULL: an image's or index's own */
    size_t layer_size;          /* as the manifest states it; 0: as it is */
    const char *layer_ending;   /* NULL: ".layer.tar.gz" */
    /* filled by images_set */
    char digest[80]; /* "sha256:HEX" of the manifest */
    char page[100];
    char layer_digest[80], config_digest[80];
    char file[3][128]; /* manifest, configuration, layer */
};

/* The house asks "img". */
struct house *images_house(void);
struct house *images_house_with(const char *config);
/* The registry has it, by its digest and by this tag. */
void images_set(struct house *h, struct images_image *m, const char *tag);
void images_set_at(struct house *h, struct images_image *m, const char *tag, const char *host);
void images_ask_tag(struct house *h, const char *tag);
void images_ask(struct house *h, const struct images_image *m);
/* Beside it: CH_PART_SIGNATURE, ... */
void images_ask_part(struct house *h, const struct images_image *m, enum ch_part part);
/* /blobs/DIGEST and /manifests/DIGEST of whatever bytes. */
void images_ask_blob(struct house *h, const char *digest);
void images_ask_manifest(struct house *h, const char *digest);
/* The last answer. */
void images_refused(const struct house *h, enum ch_verdict verdict, const char *rule);
/* The page is as old as one that is looked up again. */
void images_refresh(struct house *h, const char *page);

#endif
