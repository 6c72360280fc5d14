/* Target: ch_oci_manifest_read. What was read names its parts; what was not says why. No bytes are
 * more than one thing, whatever they leave unsaid (T18). */
#include <stdint.h>

#include "scanner/eco/oci/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member,
                       struct ch_str evidence)
{
    size_t *findings = arg;
    (void)member;
    (void)evidence;
    CH_ASSERT(ch_finding_row(code) != NULL);
    ++*findings;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {"application/vnd.oci.image.manifest.v1+json",
                                        "application/vnd.oci.image.index.v1+json",
                                        "application/vnd.docker.distribution.manifest.v2+json"};
    size_t things = 0;
    for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
        struct ch_oci_manifest m;
        struct ch_buf b;
        struct ch_err err;
        size_t findings = 0;
        ch_buf_init(&b, CH_OCI_DIGEST_MAX);
        struct ch_scan_writer *w = ch_scan_writer_listen(on_finding, &findings);
        bool read = ch_oci_manifest_read((struct ch_str){(const char *)data, size},
                                         ch_str_of(types[t]), w, &m);
        CH_ASSERT(read || (findings > 0 && m.count == 0));
        things += read ? 1 : 0;
        for (size_t i = 0; i < m.count; i++) {
            struct ch_oci_digest again;
            ch_buf_clear(&b);
            ch_oci_digest_put(&b, &m.list[i].digest);
            CH_ASSERT(ch_oci_digest_parse(ch_buf_str(&b), &again, &err) == CH_OK &&
                      ch_oci_digest_eq(&again, &m.list[i].digest) && m.list[i].media_type.len > 0);
        }
        ch_oci_manifest_done(&m);
        ch_scan_writer_free(w);
        ch_buf_done(&b);
    }
    CH_ASSERT(things <= 1);
    return 0;
}
