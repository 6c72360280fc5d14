/* A house with a registry that has images. */
#ifndef IMAGES_HOUSE_H
#define IMAGES_HOUSE_H

#include "house.h"

#define IMAGES_CONFIG                                                                              \
    "listen: [{address: '127.0.0.1:8080'}]\n"                                                      \
    "upstreams:\n"                                                                                 \
    "  - {name: reg, ecosystem: oci, url: 'https://up.example.org', states_times: never}\n"        \
    "  - {name: pub, ecosystem: oci, url: 'https://other.example.org', states_times: never,\n"     \
    "     file_hosts: [up.example.org]}\n"                                                         \
    "repositories:\n"                                                                              \
    "  - {name: img, ecosystem: oci, upstreams: [reg]}\n"                                          \
    "  - {name: open, ecosystem: oci, upstreams: [pub]}\n"
#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define NAME          "team/app"

/* Of a manifest, a configuration and a layer: texts as the house's jails read them. */
struct image {
    const char *manifest, *config, *layer;
    size_t layer_size; /* as the manifest states it; 0: as it is */
    char digest[80]; /* "sha256:HEX" of the manifest */
    char page[100];
    char layer_digest[80];
    char config_digest[80];
    char file[3][128];
};

/* The registry has it, by its digest and by this tag. Fills the rest of *m. */
void set_image(struct house *h, struct image *m, const char *tag);
void set_image_at(struct house *h, struct image *m, const char *tag, const char *host);
struct house *new_house(void);
void ask_tag(struct house *h, const char *tag);
void ask_manifest(struct house *h, const struct image *m);
void ask_blob(struct house *h, const char *digest);
/* The last answer. */
void assert_refused(const struct house *h, enum ch_verdict verdict, const char *rule);
/* The page is as old as one that is looked up again. */
void image_refresh(struct house *h, const char *page);

#endif
