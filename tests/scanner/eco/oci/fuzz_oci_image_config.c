/* Target: ch_oci_image_config_read. The first byte says how many layers the manifest has. */
#include <stdint.h>

#include "scanner/eco/oci/image_config.h"

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
    struct ch_oci_image_config c;
    size_t findings = 0;
    if (size == 0) {
        return 0;
    }
    const size_t layers = data[0] - (size_t)(data[0] >= '0' ? '0' : 0);
    struct ch_scan_writer *w = ch_scan_writer_listen(on_finding, &findings);
    if (ch_oci_image_config_read((struct ch_str){(const char *)data + 1, size - 1}, layers, w,
                                 &c)) {
        CH_ASSERT(c.diff_id_count == layers && (findings > 0 || !c.runs_as_root));
        for (size_t i = 0; i < c.text_count; i++) {
            CH_ASSERT(c.texts[i].where != NULL && c.texts[i].text.ptr != NULL);
        }
    } else {
        CH_ASSERT(findings > 0);
    }
    ch_oci_image_config_done(&c);
    ch_scan_writer_free(w);
    return 0;
}
