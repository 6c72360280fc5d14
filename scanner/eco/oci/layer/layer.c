#include "scanner/eco/oci/layer/layer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/oci/reference.h"
#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/eco/oci/layer/layer_int.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"

/* --- telling --- */

static const enum ch_finding_code codes[LAYER_TOLD_KINDS] = {
    [LAYER_TOLD_SECRET] = CH_F_OCI_SECRET,
    [LAYER_TOLD_SECRET_TEST] = CH_F_OCI_SECRET_TEST,
    [LAYER_TOLD_SETUID] = CH_F_OCI_SETUID,
    [LAYER_TOLD_SETUID_UNOWNED] = CH_F_OCI_SETUID_UNOWNED,
    [LAYER_TOLD_WRITABLE] = CH_F_OCI_WRITABLE,
    [LAYER_TOLD_UNOWNED] = CH_F_OCI_UNOWNED,
    [LAYER_TOLD_INVENTORY] = CH_F_OCI_INVENTORY,
    [LAYER_TOLD_UNREAD] = CH_F_OCI_INVENTORY_UNREAD,
    [LAYER_TOLD_RECORD] = CH_F_OCI_RECORD,
    [LAYER_TOLD_PYTHON_LINK] = CH_F_OCI_PYTHON_LINK,
};

void layer_tell(struct layer *l, enum layer_told kind, struct ch_str member, const char *fmt, ...)
{
    char text[2 * CH_EVIDENCE_MAX];
    va_list va;
    if (l->told[kind]++ >= ch_limits.content_repeats) {
        return;
    }
    va_start(va, fmt);
    CH_ASSERT(vsnprintf(text, sizeof(text), fmt, va) >= 0);
    va_end(va);
    ch_scan_write_finding(l->out, codes[kind], member, ch_str_of(text));
}

void layer_tell_more(struct layer *l)
{
    char text[64];
    for (size_t i = 0; i < LAYER_TOLD_KINDS; i++) {
        if (l->told[i] > ch_limits.content_repeats) {
            snprintf(text, sizeof(text), "and %llu more",
                     (unsigned long long)(l->told[i] - ch_limits.content_repeats));
            ch_scan_write_finding(l->out, codes[i], (struct ch_str){NULL, 0}, ch_str_of(text));
        }
    }
}

bool layer_may_keep(struct layer *l, struct ch_str path, size_t bytes)
{
    if (bytes <= ch_limits.layer_kept_bytes - l->kept_bytes) {
        l->kept_bytes += bytes;
        return true;
    }
    if (!l->over) {
        ch_scan_write_finding(l->out, CH_F_LIMIT, path,
                              CH_STR("more Python, and lists of packages, than are kept"));
    }
    l->over = true;
    return false;
}

bool layer_is_aside(struct ch_str path)
{
    return ch_str_starts(path, CH_STR("usr/share/doc/")) ||
           ch_str_starts(path, CH_STR("usr/share/man/")) || path_is_test(path) ||
           ch_str_find(path_base(path), CH_STR("_test."), NULL);
}

/* --- the walk --- */

static void see(void *arg, const struct ch_tar_member *m)
{
    struct layer *l = arg;
    if (m->name.len == 0) {
        return;
    }
    if (m->type == CH_MEMBER_DIR) {
        layer_see_folder(l, m);
        return;
    }
    layer_see_python(l, m);
    if (m->type == CH_MEMBER_FILE) {
        layer_see_owners(l, m);
        layer_see_packages(l, m);
        layer_see_carried(l, m);
        layer_see_file(l, m);
    } else if (m->type == CH_MEMBER_OTHER && m->link.len > 0) {
        layer_see_rights(l, m);
    }
}

static enum ch_stream_format packing_of(const struct ch_input *in)
{
    enum ch_stream_format f = ch_stream_detect((struct ch_str){(const char *)in->ptr, in->len});
    return f == CH_STREAM_GZIP || f == CH_STREAM_ZSTD ? f : CH_STREAM_NONE;
}

/* Clients unpack by the first bytes (docker and podman all four forms, containerd gzip and zstd),
 * or not at all where the media type says that there is nothing to unpack: bytes that are a stream
 * and an archive are one layer to one of them and another to the next. */
static void check_packing(const struct layer *l)
{
    struct ch_str bytes = {(const char *)l->in->ptr, l->in->len};
    enum ch_stream_format f = ch_stream_detect(bytes);
    if (f != CH_STREAM_NONE && f != CH_STREAM_LZMA && ch_tar_may_begin(bytes)) {
        struct ch_buf text;
        ch_buf_init(&text, CH_EVIDENCE_MAX);
        ch_buf_printf(&text, "begins as %s and as a TAR archive", ch_stream_name(f));
        ch_scan_write_finding(l->out, CH_F_OCI_AMBIGUOUS, (struct ch_str){NULL, 0},
                              ch_buf_str(&text));
        ch_buf_done(&text);
    }
}

static void tell_diff_id(struct layer *l, const struct ch_sha256 *unpacked)
{
    struct ch_buf b;
    ch_buf_init(&b, CH_OCI_DIGEST_MAX);
    ch_oci_digest_put(&b, &(struct ch_oci_digest){.sha256 = *unpacked});
    ch_scan_write_fact(l->out, CH_STR("diff-id"), ch_buf_str(&b));
    ch_buf_done(&b);
}

static enum ch_code require(const struct ch_scan_job *job, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("oci-layer"))
               ? CH_OK
               : ch_fail(err, CH_E_UNSUPPORTED, "oci: no inspector for files of profile \"%.*s\"",
                         CH_STR_ARG(job->profile));
}

enum ch_code ch_oci_layer_inspect(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err)
{
    struct layer l = {.job = job, .content_job = *job, .in = in, .out = out};
    struct ch_sha256 unpacked;
    bool complete = false;
    enum ch_code rc = require(job, err);
    if (rc != CH_OK) {
        return rc;
    }
    l.content_job.project = l.content_job.version = (struct ch_str){NULL, 0};
    l.owned = ch_map_new();
    l.site_of = ch_map_new();
    l.by_path = ch_map_new();
    l.aliases = ch_map_new();
    l.records = ch_map_new();
    check_packing(&l);
    rc = ch_tar_walk_layer(in, packing_of(in), out, see, &l, &unpacked, &complete, err);
    if (rc == CH_OK && complete) { /* of half a layer there is less to say: its findings hold it */
        tell_diff_id(&l, &unpacked);
        layer_judge_python(&l, packing_of(in));
        layer_judge_programs(&l);
    }
    layer_tell_left_out(&l);
    layer_tell_more(&l);
    layer_python_done(&l);
    layer_owners_done(&l);
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
}

enum ch_code ch_oci_layer_second(const struct ch_scan_job *job, const struct ch_input *in,
                                 struct ch_scan_writer *out, struct ch_err *err)
{
    enum ch_code rc = require(job, err);
    struct ch_archive_kind kind = {
        .format = CH_ARCHIVE_TAR, .packing = packing_of(in), .layer = true};
    return rc == CH_OK ? ch_second_list(&kind, in, out, err) : rc;
}
