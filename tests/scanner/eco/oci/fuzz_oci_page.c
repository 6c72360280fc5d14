/* Target: ch_oci_page_parse. What it takes, the keeper's strict reader takes, and each file's name
 * says its digest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/oci/file_name.h"
#include "scanner/eco/oci/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stream(int fd)
{
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    struct ch_sha256 digest;
    enum ch_oci_file_kind kind;
    size_t len = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(len);
    CH_ASSERT(pread(fd, stream, len, 0) == (ssize_t)len);
    ch_scan_reader_init(&r, (struct ch_str){stream, len});
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        CH_ASSERT(rec.type != CH_REC_INDEX_FILE ||
                  (ch_oci_file_name_parse(rec.u.file.file_name, &digest, &kind) &&
                   ch_sha256_eq(&digest, &rec.u.file.sha256)));
    }
    CH_ASSERT(r.ended && r.count[CH_REC_INDEX_FILE] > 0);
    free(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const profiles[] = {"page-oci-manifest", "page-docker-manifest",
                                           "page-oci-index", "page-docker-list"};
    struct ch_input in = {.fd = -1, .ptr = size == 0 ? NULL : data, .len = size};
    char page[128];
    char url[256];
    struct ch_sha256 digest = ch_sha256_of(data, size);
    struct ch_buf b;
    ch_buf_init(&b, sizeof(page));
    ch_buf_puts(&b, CH_STR("a/b@sha256:"));
    ch_buf_put_hex(&b, digest.byte, CH_SHA256_BYTES);
    snprintf(page, sizeof(page), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    snprintf(url, sizeof(url), "https://example.org/v2/a/b/manifests/%s", page + 4);
    ch_buf_done(&b);
    for (size_t i = 0; i < CH_ARRAY_LEN(profiles); i++) {
        struct ch_scan_job job = {.profile = ch_str_of(profiles[i]),
                                  .project = ch_str_of(page),
                                  .base_url = ch_str_of(url)};
        struct ch_err err = {.msg = ""};
        int fd = memfd_create("stream", MFD_CLOEXEC);
        CH_ASSERT(fd >= 0);
        struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 24);
        if (ch_oci_page_parse(&job, &in, w, &err) == CH_OK) {
            CH_ASSERT(ch_scan_write_end(w, &(struct ch_sha256){{1}}, size, &err) == CH_OK);
            check_stream(fd);
        } else {
            CH_ASSERT(err.msg[0] != '\0');
        }
        ch_scan_writer_free(w);
        close(fd);
    }
    return 0;
}
