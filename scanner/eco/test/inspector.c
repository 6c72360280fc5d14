/* The jail's side of the ecosystem that only trees with tests have; proxy/eco/test is the other.
 *
 * Index (profile "list"): lines "FILE SHA256 BYTES TIME [RECORD]", fields apart by one blank, TIME as
 * RFC 3339 has it; files lie beside the page. With a RECORD (ch_index_record_ok) the file is of the
 * project that its name says, else of the page's. Artifact (profile "bag"): a TAR archive with a member
 * "about" that says "NAME VERSION" and nothing else. */
#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second.h"
#include "scanner/unpack/tar.h"

/* --- the index --- */

/* NAME-VERSION.bag, the version without a hyphen. */
static bool read_name(struct ch_str name, struct ch_index_file *ret)
{
    const struct ch_str ending = CH_STR(".bag");
    if (!ch_str_ends(name, ending)) {
        return false;
    }
    struct ch_str stem = ch_str_sub(name, 0, name.len - ending.len);
    size_t at = stem.len;
    while (at > 0 && stem.ptr[at - 1] != '-') {
        at--;
    }
    ret->project = at > 0 ? ch_str_sub(stem, 0, at - 1) : (struct ch_str){NULL, 0};
    ret->version = ch_str_sub(stem, at, stem.len);
    return ret->project.len > 0 && ret->version.len > 0;
}

static enum ch_code read_line(const struct ch_scan_job *job, struct ch_str line, struct ch_buf *url,
                              struct ch_index_file *ret, struct ch_err *err)
{
    struct ch_str name, hash, bytes, time;
    *ret = (struct ch_index_file){.size_bytes = CH_SIZE_UNKNOWN, .uploaded_at_us = CH_TIME_UNKNOWN};
    if (!ch_str_split(&line, ' ', &name) || !ch_str_split(&line, ' ', &hash) ||
        !ch_str_split(&line, ' ', &bytes) || !ch_index_file_name_ok(name) ||
        !ch_sha256_from_hex(hash, &ret->sha256) || !ch_str_u64(bytes, &ret->size_bytes) ||
        !ch_str_split(&line, ' ', &time) || !ch_time_parse(time, &ret->uploaded_at_us)) {
        return ch_fail(err, CH_E_FORMAT, "expected FILE SHA256 BYTES TIME");
    }
    if (line.ptr != NULL) {
        if (!ch_index_record_ok(line) || !read_name(name, ret)) {
            return ch_fail(err, CH_E_FORMAT, "expected NAME-VERSION.bag and a record");
        }
        ret->record = line;
    }
    ch_buf_clear(url);
    ch_buf_puts(url, job->base_url);
    ch_buf_puts(url, name);
    ret->file_name = name;
    ret->url = ch_buf_str(url);
    return ch_index_url_ok(ret->url) ? ch_buf_ok(url, err)
                                     : ch_fail(err, CH_E_FORMAT, "the file has no address");
}

/* One pass to check, then one to write: half a page is no answer (T5). */
static enum ch_code each_line(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str rest = {(const char *)in->ptr, in->len};
    struct ch_str line;
    struct ch_buf url;
    enum ch_code rc = CH_OK;
    if (in->len == 0) {
        return CH_OK;
    }
    if (rest.ptr[--rest.len] != '\n') {
        return ch_fail(err, CH_E_FORMAT, "page: the last line has no end");
    }
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    for (unsigned number = 1; rc == CH_OK && ch_str_split(&rest, '\n', &line); number++) {
        struct ch_index_file file;
        rc = number > ch_limits.page_files ? ch_fail(err, CH_E_LIMIT, "too many files")
                                           : read_line(job, line, &url, &file, err);
        if (rc != CH_OK) {
            rc = ch_wrap(err, "page: line %u", number);
        } else if (out != NULL) {
            ch_scan_write_index_file(out, &file);
        }
    }
    ch_buf_done(&url);
    return rc;
}

static enum ch_code parse_index(const struct ch_scan_job *job, const struct ch_input *in,
                                struct ch_scan_writer *out, struct ch_err *err)
{
    if (!ch_str_eq(job->profile, CH_STR("list"))) {
        return ch_fail(err, CH_E_UNSUPPORTED, "test: no parser for pages of profile \"%.*s\"",
                       CH_STR_ARG(job->profile));
    }
    if (!ch_str_ends(job->base_url, CH_STR("/")) || in->len > ch_limits.page_bytes) {
        return ch_fail(err, CH_E_FORMAT, "page: too large, or its address is no folder");
    }
    enum ch_code rc = each_line(job, in, NULL, err);
    if (rc == CH_OK) {
        struct ch_index_head head = {.project = job->project, .states_times = in->len > 0};
        ch_scan_write_index_head(out, &head);
        rc = each_line(job, in, out, err);
    }
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
}

/* --- the artifact --- */

struct about {
    const struct ch_scan_job *job;
    struct ch_scan_writer *out;
    bool found;
};

static void seen(void *arg, const struct ch_tar_member *m)
{
    struct about *a = arg;
    if (!ch_str_eq(m->path, CH_STR("about"))) {
        return;
    }
    a->found = true;
    struct ch_buf expected;
    ch_buf_init(&expected, (size_t)ch_limits.text_bytes);
    ch_buf_printf(&expected, "%.*s %.*s\n", CH_STR_ARG(a->job->project),
                  CH_STR_ARG(a->job->version));
    if (m->type != CH_MEMBER_FILE || !ch_str_eq(m->bytes, ch_buf_str(&expected))) {
        /* of all rows the one whose text says what is wrong; a real ecosystem has rows of its own
         */
        ch_scan_write_finding(a->out, CH_F_SDIST_NAME_DIFFERS, m->path, m->bytes);
    }
    ch_buf_done(&expected);
}

static struct ch_archive_kind bag_kind(const struct ch_input *in)
{
    struct ch_str bytes = {(const char *)in->ptr, in->len};
    return (struct ch_archive_kind){.format = CH_ARCHIVE_TAR, .packing = ch_stream_detect(bytes)};
}

static enum ch_code require_bag(const struct ch_scan_job *job, struct ch_err *err)
{
    return ch_str_eq(job->profile, CH_STR("bag"))
               ? CH_OK
               : ch_fail(err, CH_E_UNSUPPORTED, "test: no inspector for files of profile \"%.*s\"",
                         CH_STR_ARG(job->profile));
}

static enum ch_code inspect(const struct ch_scan_job *job, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    struct about about = {.job = job, .out = out};
    bool complete = false; /* what is incomplete has a finding */
    enum ch_code rc = require_bag(job, err);
    if (rc == CH_OK) {
        rc = ch_tar_walk(in, bag_kind(in).packing, &ch_tar_profile_bare, out, seen, &about,
                         &complete, err);
    }
    if (rc == CH_OK && complete && !about.found) {
        ch_scan_write_finding(out, CH_F_INSPECTION_FAILED, CH_STR("about"), CH_STR("is missing"));
    }
    return rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
}

static enum ch_code second_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                                   struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_archive_kind kind = bag_kind(in);
    enum ch_code rc = require_bag(job, err);
    return rc == CH_OK ? ch_second_list(&kind, in, out, err) : rc;
}

extern const struct ch_inspector ch_inspector_test; /* the row in the table asks for it by name */
const struct ch_inspector ch_inspector_test = {
    .ecosystem = "test",
    .parse_index = parse_index,
    .inspect = inspect,
    .second_opinion = second_opinion,
};
