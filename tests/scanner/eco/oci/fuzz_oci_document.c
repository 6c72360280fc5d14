/* Target: both opinions of documents. Where neither has a finding that holds, their members are the
 * same. */
#include <stdint.h>

#include "scanner/eco/oci/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    size_t findings;
};

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member CH_UNUSED,
                       struct ch_str evidence CH_UNUSED)
{
    struct heard *h = arg;
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    CH_ASSERT(row != NULL);
    h->findings++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"oci-manifest", "oci-index", "oci-empty", "oci-config",
                                           "oci-statement"};
    struct ch_input in = {.fd = -1, .ptr = size == 0 ? NULL : data, .len = size};
    struct ch_err err;
    for (size_t i = 0; i < CH_ARRAY_LEN(profiles); i++) {
        struct ch_scan_job job = {.profile = ch_str_of(profiles[i])};
        struct heard first = {0};
        struct heard second = {0};
        struct ch_scan_writer *w = ch_scan_writer_listen(on_finding, &first);
        CH_ASSERT(ch_oci_document_inspect(&job, &in, w, &err) == CH_OK);
        ch_scan_writer_free(w);
        w = ch_scan_writer_listen(on_finding, &second);
        CH_ASSERT(ch_oci_document_second(&job, &in, w, &err) == CH_OK);
        ch_scan_writer_free(w);
        /* what the strict one reads without a word, the other can read */
        CH_ASSERT(first.findings > 0 || second.findings == 0);
    }
    return 0;
}
