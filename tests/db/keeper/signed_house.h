/* Images for tests of the keeper: a registry on which a house's jails read texts. */
#ifndef SIGNED_HOUSE_H
#define SIGNED_HOUSE_H

#include "house.h"

#define IMAGES_NAME "team/app"
#define IMAGES_CONFIG                                                                              \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg]}\n"                                          \
    "  - {name: lab, ecosystem: oci, upstreams: [reg], environment: preprod}\n"

struct images_image {     /* texts as the house's jails read them */
    const char *manifest; /* of an index, whose children are facts "child", without the next two */
    const char *config, *layer; /* NULL: an index */
    const char *ending;         /* of the manifest's name; NULL: an image's or index's own */
    char digest[80];            /* "sha256:HEX" of the manifest */
    char page[100];
    char layer_digest[80], config_digest[80];
};

/* The house asks "img". */
struct house *images_house(void);
/* The registry has it, by its digest and by this tag. */
void images_set(struct house *h, struct images_image *m, const char *tag);
void images_ask_tag(struct house *h, const char *tag);
void images_ask(struct house *h, const struct images_image *m);
/* Beside it: CH_PART_SIGNATURE, ... */
void images_ask_part(struct house *h, const struct images_image *m, enum ch_part part);
/* /blobs/DIGEST and /manifests/DIGEST of whatever bytes. */
void images_ask_blob(struct house *h, const char *digest);
void images_ask_manifest(struct house *h, const char *digest);

#endif
