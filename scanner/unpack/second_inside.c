/* Archives inside the artifact, opened by libarchive for the rules. No member of theirs is listed: the two opinions
 * are about the artifact's own; what the strict jail makes of archives inside is content/nested.c.
 *
 * Bounds are those of nested.c. What is not opened to its end is a finding: among tests one that only points it
 * out, since packages keep broken archives there on purpose. */
#include <archive.h>
#include <archive_entry.h>

#include "customhouse/limits.h"
#include "scanner/content/path.h"
#include "scanner/unpack/second_int.h"

void inside_init(struct inside *n, struct ch_rules_scan *rules, struct ch_scan_writer *out)
{
    *n = (struct inside){.rules = rules, .out = out, .members_max = ch_limits.archive_members};
}

/* --- a member whose beginning is looked at, and which is kept when it is an archive --- */

void inside_begin(struct inside_member *m)
{
    ch_buf_init(&m->bytes, (size_t)ch_limits.member_whole_bytes);
    m->format = INSIDE_UNKNOWN;
}

void inside_add(struct inside_member *m, struct ch_str bytes)
{
    if (m->format == INSIDE_UNKNOWN && m->bytes.len == 0 && bytes.len >= INSIDE_HEAD_BYTES) {
        m->format = inside_format(bytes); /* most are none: nothing is copied */
    }
    if (m->format == INSIDE_NONE) {
        ch_buf_done(&m->bytes);
        return;
    }
    ch_buf_puts(&m->bytes, bytes); /* beyond the maximum it fails, and stays so */
    if (m->format == INSIDE_UNKNOWN && m->bytes.len >= INSIDE_HEAD_BYTES) {
        m->format = inside_format(ch_buf_str(&m->bytes));
    }
    if (m->format == INSIDE_NONE) {
        ch_buf_done(&m->bytes);
    }
}

void inside_drop(struct inside_member *m)
{
    ch_buf_done(&m->bytes);
}

/* --- opening it --- */

enum inside_format inside_format(struct ch_str head)
{
    enum { TAR_MAGIC_AT = 257 };
    if (ch_str_starts(head, CH_STR("PK\3\4")) || ch_str_starts(head, CH_STR("PK\5\6"))) {
        return INSIDE_ZIP;
    }
    switch (ch_stream_detect(head)) {
    case CH_STREAM_GZIP:
        return INSIDE_GZIP;
    case CH_STREAM_BZIP2:
        return INSIDE_BZIP2;
    case CH_STREAM_XZ:
        return INSIDE_XZ;
    case CH_STREAM_LZMA:
        return INSIDE_LZMA;
    case CH_STREAM_ZSTD:
        return INSIDE_ZSTD;
    case CH_STREAM_NONE:
        break;
    }
    return ch_str_eq(ch_str_sub(head, TAR_MAGIC_AT, 5), CH_STR("ustar")) ? INSIDE_TAR : INSIDE_NONE;
}

/* Exactly the reader that the bytes ask for. */
static bool accept(struct archive *a, enum inside_format format)
{
    int rc = ARCHIVE_FATAL;
    switch (format) {
    case INSIDE_ZIP:
        return archive_read_support_format_zip_seekable(a) == ARCHIVE_OK;
    case INSIDE_TAR:
        return archive_read_support_format_tar(a) == ARCHIVE_OK;
    case INSIDE_GZIP:
        rc = archive_read_support_filter_gzip(a);
        break;
    case INSIDE_BZIP2:
        rc = archive_read_support_filter_bzip2(a);
        break;
    case INSIDE_XZ:
        rc = archive_read_support_filter_xz(a);
        break;
    case INSIDE_LZMA:
        rc = archive_read_support_filter_lzma(a);
        break;
    case INSIDE_ZSTD:
        rc = archive_read_support_filter_zstd(a);
        break;
    case INSIDE_UNKNOWN:
    case INSIDE_NONE:
        return false;
    }
    return rc == ARCHIVE_OK && archive_read_support_format_raw(a) == ARCHIVE_OK;
}

static void stop(struct inside *n, struct ch_str path, const char *why)
{
    ch_scan_write_finding(n->out, path_is_test(path) ? CH_F_RULE_INSIDE_TEST : CH_F_RULE_INSIDE,
                          path, ch_str_of(why));
}

/* Beyond the bound nothing more is opened, whatever it is: one finding says so, and it holds, unless all of it lies
 * among tests. */
static void tell_over(struct inside *n, struct ch_str path)
{
    if (!n->over) {
        stop(n, path, "archives inside have more members than are read");
    }
    n->over = n->over || !path_is_test(path);
}

/* False: the bounds are reached; said here. Those among tests leave room for others, whichever come
 * first. */
static bool spend(struct inside *n, struct ch_str path, uint64_t bytes)
{
    n->tests_bytes += path_is_test(path) ? bytes : 0;
    bool room = !path_is_test(path) || n->tests_bytes <= ch_limits.nested_bytes / 2;
    n->unpacked_bytes += room ? bytes : 0;
    if (room && n->unpacked_bytes <= ch_limits.nested_bytes) {
        return true;
    }
    stop(n, path, "archives inside unpack to more than is read");
    return false;
}

/* One member, which may be an archive again. False: no more of this archive can be read. */
static bool see_member(struct inside *n, struct archive *a, struct ch_str path)
{
    const void *block;
    size_t len;
    la_int64_t at;
    int rc;
    struct inside_member m;
    inside_begin(&m);
    ch_rules_scan_member(n->rules, path);
    while ((rc = archive_read_data_block(a, &block, &len, &at)) == ARCHIVE_OK) {
        if (!spend(n, path, len)) {
            inside_drop(&m);
            return false;
        }
        ch_rules_scan_add(n->rules, (struct ch_str){block, len});
        inside_add(&m, (struct ch_str){block, len});
    }
    ch_rules_scan_member_end(n->rules);
    if (rc != ARCHIVE_EOF) {
        const char *why = archive_error_string(a);
        stop(n, path, why != NULL ? why : "is broken");
        inside_drop(&m);
        return rc > ARCHIVE_FATAL; /* the next one may be readable */
    }
    inside_end(n, &m, path);
    return true;
}

/* "x.csv" of "a/x.csv.gz". */
static struct ch_str unpacked_name(struct ch_str path)
{
    size_t from = path.len;
    while (from > 0 && path.ptr[from - 1] != '/' && path.ptr[from - 1] != '!') {
        from--;
    }
    struct ch_str base = ch_str_sub(path, from, path.len);
    size_t dot = base.len;
    while (dot > 1 && base.ptr[dot - 1] != '.') {
        dot--;
    }
    return dot > 1 ? ch_str_sub(base, 0, dot - 1) : base;
}

/* libarchive gives out a link's target, up to a NUL, and of one that is packed perhaps not all. */
static void see_link(struct inside *n, struct archive_entry *e, struct ch_str outer,
                     struct ch_str path)
{
    enum { TARGET_MAX = 4096 };
    const char *target = archive_entry_symlink(e);
    struct ch_str text = target != NULL ? ch_str_of(target) : (struct ch_str){NULL, 0};
    if (text.len == 0 || text.len > TARGET_MAX || path_has_extension(path, "pyc")) {
        stop(n, outer, "a link that Python would read as a file cannot be read as one");
        return;
    }
    ch_rules_scan_member(n->rules, path);
    ch_rules_scan_add(n->rules, text);
    ch_rules_scan_member_end(n->rules);
}

/* Python knows nothing but files and folders in a ZIP, and goes by the slash behind the name: what
 * others take for a link is a file to it, which has the target's text; and so is what others take
 * for a folder or device. */
static void see_other(struct inside *n, struct archive_entry *e, struct ch_str outer,
                      struct ch_str path)
{
    if (archive_entry_filetype(e) == AE_IFLNK) {
        see_link(n, e, outer, path);
    } else if (archive_entry_filetype(e) != AE_IFDIR || archive_entry_size(e) != 0) {
        stop(n, outer, "a member with content is no file");
    }
}

static void list(struct inside *n, struct archive *a, enum inside_format format, struct ch_str path)
{
    struct archive_entry *e;
    struct ch_buf inner;
    bool more = true;
    int rc = ARCHIVE_OK;
    ch_buf_init(&inner, 2 * ch_limits.member_path_bytes);
    while (more && ((rc = archive_read_next_header(a, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN)) {
        bool stream = format != INSIDE_ZIP && format != INSIDE_TAR;
        struct ch_str name = stream ? unpacked_name(path) : ch_str_of(archive_entry_pathname(e));
        ch_buf_clear(&inner);
        ch_buf_puts(&inner, path);
        ch_buf_putc(&inner, '!');
        ch_buf_puts(&inner, ch_str_sub(name, 0, ch_limits.member_path_bytes / 2));
        if (name.len == 0) { /* rules go by names */
            stop(n, path, "a member has no name that can be read");
        }
        if (++n->members > n->members_max) {
            tell_over(n, path);
            more = false;
        } else if (archive_entry_filetype(e) == AE_IFREG && archive_entry_hardlink(e) == NULL) {
            more = see_member(n, a,
                              ch_str_sub(ch_buf_str(&inner), 0, ch_limits.member_path_bytes));
        } else if (format == INSIDE_ZIP) {
            see_other(n, e, path, ch_str_sub(ch_buf_str(&inner), 0, ch_limits.member_path_bytes));
        }
    }
    if (more && rc != ARCHIVE_EOF) {
        const char *why = archive_error_string(a);
        stop(n, path, why != NULL ? why : "is broken");
    }
    ch_buf_done(&inner);
}

void inside_end(struct inside *n, struct inside_member *m, struct ch_str path)
{
    if (m->format == INSIDE_UNKNOWN) {
        m->format = inside_format(ch_buf_str(&m->bytes));
        if (m->format == INSIDE_NONE) {
            ch_buf_done(&m->bytes);
        }
    }
    if (m->format == INSIDE_NONE) {
        return;
    }
    if (m->bytes.failed || n->depth >= ch_limits.nested_depth) {
        stop(n, path,
             m->bytes.failed ? "is larger than archives inside that are read" : "lies deeper than is read");
    } else {
        struct archive *a = archive_read_new();
        CH_ASSERT(a != NULL);
        n->depth++;
        if (accept(a, m->format) &&
            archive_read_open_memory(a, m->bytes.ptr, m->bytes.len) == ARCHIVE_OK) {
            list(n, a, m->format, path);
        } else {
            const char *why = archive_error_string(a);
            stop(n, path, why != NULL ? why : "cannot be opened");
        }
        n->depth--;
        archive_read_free(a);
    }
    inside_drop(m);
}
