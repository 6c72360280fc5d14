/* An image's configuration: for what platform it is, which layers it is made of, as whom and how it
 * runs. Pure; allocates.
 *
 * Spec: OCI image 1.1, "Image Configuration"; Docker's image specification 1.2, which has the same
 * members. Clients unpack by the manifest and verify by rootfs.diff_ids: both have to be the same
 * list (a false one is for whoever unpacks the layers to say). */
#ifndef CH_SCANNER_OCI_IMAGE_CONFIG_H
#define CH_SCANNER_OCI_IMAGE_CONFIG_H

#include "base/oci/reference.h"
#include "customhouse/scan.h"

/* Texts are those of the document: borrowed from it. */
struct ch_oci_image_config {
    struct ch_str os;
    struct ch_str architecture;
    struct ch_str variant; /* absent: none; as all texts of this */
    struct ch_str os_version;
    struct ch_str user; /* "", "0", "root:root", "1000", "app" */
    bool runs_as_root;  /* what `user` comes to: no user, "0" or "root", with or without group */
    struct ch_oci_digest *diff_ids; /* of the layers, lowest first, unpacked */
    size_t diff_id_count;
    /* What may hold secrets, each as it is written: environment ("NAME=VALUE"), commands of the
     * history, labels, entry point, command and check of health; of the configuration, and of that
     * of the container which it was made in (`container_config`, Docker's alone), which clients do
     * not run by. */
    struct ch_oci_text {
        const char *where;  /* "config.Env", "history", "config.Labels", ... */
        struct ch_str name; /* of a label; else absent */
        struct ch_str text;
    } * texts;
    size_t text_count;
    void *document; /* holds the texts */
};

#define CH_OCI_LAYERS_UNKNOWN SIZE_MAX
/* Writes what is wrong with it as FINDING to `out`: oci-config, oci-root, oci-history. `layers` is
 * how many its manifest has; CH_OCI_LAYERS_UNKNOWN: it is read alone, and has as many as it says.
 * True: it was read, and *ret has to be done; false: a finding says why.
 */
bool ch_oci_image_config_read(struct ch_str bytes, size_t layers, struct ch_scan_writer *out,
                              struct ch_oci_image_config *ret) CH_MUST_CHECK;
void ch_oci_image_config_done(struct ch_oci_image_config *c); /* accepts zeroed memory */

#endif
