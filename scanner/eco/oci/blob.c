#include "scanner/eco/oci/blob.h"

#include "customhouse/limits.h"
#include "scanner/content/content.h"
#include "scanner/unpack/second.h"

#define NAME "blob"

static enum ch_code require(const struct ch_scan_job *job, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("oci-blob"))
               ? CH_OK
               : ch_fail(err, CH_E_UNSUPPORTED, "oci: no inspector for files of profile \"%.*s\"",
                         CH_STR_ARG(job->profile));
}

/* Nothing is known about when it runs, so nothing is judged mildly. */
static enum ch_code_place place_of(void *arg, struct ch_str path)
{
    (void)arg;
    (void)path;
    return CH_PLACE_PROGRAM;
}

static bool read_other(void *arg, struct ch_str path, struct ch_buf *ret)
{
    (void)arg;
    (void)path;
    (void)ret;
    return false; /* there is none */
}

enum ch_code ch_oci_blob_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str bytes = {in->ptr != NULL ? (const char *)in->ptr : "", in->len};
    struct ch_scan_job alone = *job;
    enum ch_code rc = require(job, err);
    if (rc != CH_OK) {
        return rc;
    }
    alone.project = alone.version = (struct ch_str){NULL, 0};
    ch_scan_write_member(out, &(struct ch_member){.path = CH_STR(NAME),
                                                  .type = CH_MEMBER_FILE,
                                                  .size_bytes = bytes.len,
                                                  .sha256 = ch_sha256_of(bytes.ptr, bytes.len)});
    struct ch_content *content =
        ch_content_new(&(struct ch_content_options){.job = &alone,
                                                    .out = out,
                                                    .kind = CH_CONTENT_BARE,
                                                    .noun = "blob",
                                                    .platform_known = "its name",
                                                    .place = place_of,
                                                    .read = read_other});
    ch_content_see(content, &(struct ch_content_member){
                                .path = CH_STR(NAME),
                                .type = CH_MEMBER_FILE,
                                .bytes = ch_str_sub(bytes, 0, (size_t)ch_limits.member_whole_bytes),
                                .size_bytes = bytes.len,
                            });
    ch_content_end(content);
    ch_content_free(content);
    return ch_scan_writer_ok(out, err);
}

enum ch_code ch_oci_blob_second(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    enum ch_code rc = require(job, err);
    return rc == CH_OK ? ch_second_one(CH_STR(NAME), in, out, err) : rc;
}
