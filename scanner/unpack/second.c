#include "scanner/unpack/second.h"

#include <locale.h>
#include <stdlib.h>
#include <time.h>

#include <archive.h>
#include <archive_entry.h>

#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "scanner/rules/rules.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/second_int.h"

static locale_t utf8_locale;

/* What a format's faults are called. */
struct faults {
    enum ch_finding_code unreadable;
    enum ch_finding_code size;
    enum ch_finding_code bomb;
};
static const struct faults zip_faults = {CH_F_ZIP_UNREADABLE, CH_F_ZIP_SIZE, CH_F_ZIP_BOMB};
static const struct faults tar_faults = {CH_F_TAR_UNREADABLE, CH_F_TAR_SIZE, CH_F_STREAM_BOMB};

struct opinion {
    const struct faults *faults;
    struct archive *reader;
    struct ch_scan_writer *out;
    struct ch_hash *hash;
    struct ch_rules_scan *rules;
    struct inside inside;
    struct ch_str listed_ending; /* of members that are listed by themselves: not once more as archives inside */
    uint64_t input_bytes;
    uint64_t members_max;
    uint64_t members;
    uint64_t unpacked_bytes;
};

/* False when the list ends here; the finding says why. */
static bool stop(struct opinion *o, enum ch_finding_code code, struct ch_str member,
                 struct ch_str evidence)
{
    ch_scan_write_finding(o->out, code, member, evidence);
    return false;
}

/* Hashes the content and counts it; the checksum needs no second look, the hash says more. */
static bool read_content(struct opinion *o, struct ch_member *m, struct inside_member *inside)
{
    const void *block;
    size_t len;
    la_int64_t at;
    uint64_t size = 0;
    int rc;
    while ((rc = archive_read_data_block(o->reader, &block, &len, &at)) == ARCHIVE_OK) {
        if (at < 0 || (uint64_t)at != size) {
            return stop(o, o->faults->unreadable, m->path, CH_STR("content with holes"));
        }
        size += len;
        o->unpacked_bytes += len;
        if (o->unpacked_bytes > ch_limits.archive_unpacked_bytes) {
            return stop(o, CH_F_LIMIT, m->path, CH_STR("unpacked size of all members"));
        }
        if (o->unpacked_bytes > ch_limits.archive_ratio_from_bytes &&
            o->unpacked_bytes > ch_limits.archive_ratio * o->input_bytes) {
            return stop(o, o->faults->bomb, m->path, CH_STR("unpacked size of all members"));
        }
        ch_hash_add(o->hash, block, len);
        ch_rules_scan_add(o->rules, (struct ch_str){block, len});
        inside_add(inside, (struct ch_str){block, len});
    }
    if (rc != ARCHIVE_EOF) {
        return stop(o, o->faults->unreadable, m->path, ch_str_of(archive_error_string(o->reader)));
    }
    m->size_bytes = size;
    return true;
}

static enum ch_member_type type_of(struct archive_entry *e)
{
    if (archive_entry_hardlink(e) != NULL) {
        return CH_MEMBER_OTHER;
    }
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
        return CH_MEMBER_FILE;
    case AE_IFDIR:
        return CH_MEMBER_DIR;
    case AE_IFLNK:
        return CH_MEMBER_SYMLINK;
    default:
        return CH_MEMBER_OTHER;
    }
}

/* Lists one member. False ends the list. */
static bool list_member(struct opinion *o, struct archive_entry *e)
{
    struct ch_member m = {.path = ch_str_of(archive_entry_pathname(e)), .type = type_of(e)};
    if (m.path.len == 0) {
        const char *why = archive_error_string(o->reader);
        return stop(o, o->faults->unreadable, m.path, ch_str_of(why != NULL ? why : "no name"));
    }
    if (++o->members > o->members_max || m.path.len > ch_limits.member_path_bytes) {
        return stop(o, CH_F_LIMIT, m.path, CH_STR("number of members, or length of a name"));
    }
    bool sized = archive_entry_size_is_set(e);
    uint64_t stated = (uint64_t)archive_entry_size(e);
    if (m.type == CH_MEMBER_SYMLINK) {
        m.link = ch_str_of(archive_entry_symlink(e));
        m.size_bytes = m.link.len;
    } else if (archive_entry_hardlink(e) != NULL) {
        m.link = ch_str_of(archive_entry_hardlink(e));
    } else if (m.type == CH_MEMBER_DIR) {
        if (archive_entry_size(e) < 0) {
            return stop(o, o->faults->unreadable, m.path, CH_STR("folder of negative size"));
        }
        m.size_bytes = stated;
    } else {
        ch_hash_reset(o->hash);
        ch_rules_scan_member(o->rules, m.path);
        struct inside_member inside;
        inside_begin(&inside);
        if (o->listed_ending.len > 0 && ch_str_ends(m.path, o->listed_ending)) {
            inside.format = INSIDE_NONE;
        }
        if (!read_content(o, &m, &inside)) {
            inside_drop(&inside);
            return false;
        }
        struct ch_sha256 sha256 = ch_hash_end(o->hash);
        ch_rules_scan_member_end(o->rules);
        inside_end(&o->inside, &inside, m.path);
        if (m.type == CH_MEMBER_FILE) {
            m.sha256 = sha256;
        }
        if (sized && stated != m.size_bytes) {
            ch_scan_write_finding(o->out, o->faults->size, m.path, CH_STR("second reader"));
        }
    }
    if (m.link.len > ch_limits.member_path_bytes) {
        return stop(o, CH_F_LIMIT, m.path, CH_STR("length of a link's target"));
    }
    ch_scan_write_member(o->out, &m);
    return true;
}

static void list_members(struct opinion *o)
{
    struct archive_entry *e;
    struct ch_err err;
    int rc;
    while ((rc = archive_read_next_header(o->reader, &e)) == ARCHIVE_OK || rc == ARCHIVE_WARN) {
        if (!list_member(o, e) || ch_scan_writer_ok(o->out, &err) != CH_OK) {
            return;
        }
    }
    if (rc != ARCHIVE_EOF) {
        stop(o, o->faults->unreadable, (struct ch_str){NULL, 0},
             ch_str_of(archive_error_string(o->reader)));
    }
}

/* Only the seekable ZIP reader, without filters: nothing else may guess what the bytes are. */
static bool accept_zip(struct archive *a)
{
    return archive_read_support_format_zip_seekable(a) == ARCHIVE_OK &&
           archive_read_set_options(a, "zip:ignorecrc32") == ARCHIVE_OK;
}

/* Only the TAR reader, under the one filter that the first bytes ask for. */
static bool accept_tar(struct archive *a, enum ch_stream_format packing)
{
    int rc = ARCHIVE_FATAL;
    switch (packing) {
    case CH_STREAM_NONE:
        rc = ARCHIVE_OK;
        break;
    case CH_STREAM_GZIP:
        rc = archive_read_support_filter_gzip(a);
        break;
    case CH_STREAM_BZIP2:
        rc = archive_read_support_filter_bzip2(a);
        break;
    case CH_STREAM_XZ:
        rc = archive_read_support_filter_xz(a);
        break;
    case CH_STREAM_ZSTD:
        rc = archive_read_support_filter_zstd(a);
        break;
    case CH_STREAM_LZMA: /* kind.c never says so */
        break;
    }
    return rc == ARCHIVE_OK && archive_read_support_format_tar(a) == ARCHIVE_OK;
}

/* --- TAR archives in a ZIP archive: the inner reader is fed from the outer one, piece by piece --- */

static la_ssize_t feed(struct archive *inner CH_UNUSED, void *arg, const void **ret_block)
{
    struct archive *outer = arg;
    size_t len = 0;
    la_int64_t at;
    int rc = archive_read_data_block(outer, ret_block, &len, &at);
    return rc == ARCHIVE_OK ? (la_ssize_t)len : rc == ARCHIVE_EOF ? 0 : ARCHIVE_FATAL;
}

static void list_inner(struct opinion *o, struct archive *outer, enum ch_stream_format packing)
{
    o->reader = archive_read_new();
    CH_ASSERT(o->reader != NULL);
    if (!accept_tar(o->reader, packing) ||
        archive_read_open(o->reader, outer, NULL, feed, NULL) != ARCHIVE_OK) {
        stop(o, o->faults->unreadable, (struct ch_str){NULL, 0},
             ch_str_of(archive_error_string(o->reader)));
    } else {
        list_members(o);
    }
    archive_read_free(o->reader);
    o->reader = NULL;
}

/* The outer members were listed: once more, for what is in them. */
static void list_inside(struct opinion *o, const struct ch_archive_kind *kind, const struct ch_input *in)
{
    struct archive *outer = archive_read_new();
    struct archive_entry *e;
    CH_ASSERT(outer != NULL);
    o->faults = &tar_faults;
    o->listed_ending = (struct ch_str){NULL, 0};
    if (accept_zip(outer) && archive_read_open_memory(outer, in->ptr, in->len) == ARCHIVE_OK) {
        while (archive_read_next_header(outer, &e) == ARCHIVE_OK) {
            struct ch_str name = ch_str_of(archive_entry_pathname(e));
            if (ch_str_ends(name, kind->tar_ending)) {
                list_inner(o, outer, kind->packing);
            }
        }
    }
    archive_read_free(outer);
}

static void list_archive(const struct ch_archive_kind *kind, const struct ch_input *in,
                         struct ch_scan_writer *out)
{
    bool tar = kind->format == CH_ARCHIVE_TAR;
    struct opinion o = {.faults = tar ? &tar_faults : &zip_faults,
                        .reader = archive_read_new(),
                        .out = out,
                        .hash = ch_hash_new(),
                        .rules = ch_rules_scan_new(out, kind->platform),
                        .listed_ending = kind->tar_ending,
                        .members_max =
                            kind->layer ? ch_limits.layer_members : ch_limits.archive_members,
                        .input_bytes = in->len};
    CH_ASSERT(o.reader != NULL);
    inside_init(&o.inside, o.rules, out);
    o.inside.members_max = o.members_max;
    if (!(tar ? accept_tar(o.reader, kind->packing) : accept_zip(o.reader)) ||
        archive_read_open_memory(o.reader, in->ptr, in->len) != ARCHIVE_OK) {
        stop(&o, o.faults->unreadable, (struct ch_str){NULL, 0},
             ch_str_of(archive_error_string(o.reader)));
    } else {
        list_members(&o);
    }
    archive_read_free(o.reader);
    o.reader = NULL;
    if (kind->format == CH_ARCHIVE_ZIP_OF_TARS) {
        list_inside(&o, kind, in);
    }
    ch_rules_scan_free(o.rules);
    ch_hash_free(o.hash);
}

static void list_one(struct ch_str path, const struct ch_input *in, struct ch_scan_writer *out)
{
    enum { BLOCK = 65536 };
    struct ch_str rest = {in->ptr != NULL ? (const char *)in->ptr : "", in->len};
    struct ch_member m = {.path = path, .type = CH_MEMBER_FILE, .size_bytes = in->len};
    struct ch_rules_scan *rules = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    struct ch_hash *hash = ch_hash_new();
    struct inside inside;
    struct inside_member member;
    inside_init(&inside, rules, out);
    inside_begin(&member);
    ch_rules_scan_member(rules, path);
    while (rest.len > 0) {
        struct ch_str block = ch_str_sub(rest, 0, BLOCK);
        ch_hash_add(hash, block.ptr, block.len);
        ch_rules_scan_add(rules, block);
        inside_add(&member, block);
        rest = ch_str_sub(rest, block.len, rest.len);
    }
    m.sha256 = ch_hash_end(hash);
    ch_rules_scan_member_end(rules);
    inside_end(&inside, &member, path);
    ch_scan_write_member(out, &m);
    ch_rules_scan_free(rules);
    ch_hash_free(hash);
}

/* A member named U+00E9, stored, empty: what ch_second_prepare tries the tables with. */
static bool names_come_out(void)
{
    static const char archive[] =
        "PK\3\4\n\0\0\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\xc3\xa9"
        "PK\1\2\n\3\n\0\0\10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
        "\0"
        "\xc3\xa9"
        "PK\5\6\0\0\0\0\1\0\1\0\60\0\0\0\40\0\0\0\0";
    struct archive *a = archive_read_new();
    struct archive_entry *e;
    bool ok = a != NULL && archive_read_support_format_zip_seekable(a) == ARCHIVE_OK &&
              archive_read_open_memory(a, archive, sizeof(archive)) == ARCHIVE_OK &&
              archive_read_next_header(a, &e) == ARCHIVE_OK &&
              ch_str_eq(ch_str_of(archive_entry_pathname(e)), CH_STR("\xc3\xa9"));
    archive_read_free(a);
    return ok;
}

enum ch_code ch_second_prepare(struct ch_err *err)
{
    if (utf8_locale == (locale_t)0) {
        utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        if (utf8_locale == (locale_t)0) {
            return ch_fail(err, CH_E_SYSTEM, "second opinion: the host has no locale C.UTF-8");
        }
    }
    /* libarchive turns each member's date into local time; without TZ that asks the file system
     * every time. The dates are not used. */
    if (setenv("TZ", "UTC0", 1) != 0) {
        return ch_fail(err, CH_E_SYSTEM, "second opinion: the time zone cannot be set");
    }
    tzset();
    ch_hash_free(ch_hash_new()); /* libcrypto reads its configuration at first use */
    locale_t before = uselocale(utf8_locale);
    bool ok = names_come_out();
    uselocale(before);
    if (!ok) {
        return ch_fail(err, CH_E_SYSTEM,
                       "second opinion: libarchive does not give out UTF-8 names as stored");
    }
    return CH_OK;
}

enum ch_code ch_second_list(const struct ch_archive_kind *kind, const struct ch_input *in,
                            struct ch_scan_writer *out, struct ch_err *err)
{
    if (utf8_locale == (locale_t)0 && ch_second_prepare(err) != CH_OK) {
        return err == NULL ? CH_E_SYSTEM : err->code;
    }
    locale_t before = uselocale(utf8_locale);
    list_archive(kind, in, out);
    uselocale(before);
    return ch_scan_writer_ok(out, err);
}

enum ch_code ch_second_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                               struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_archive_kind kind = ch_archive_kind_of(job, in);
    return ch_second_list(&kind, in, out, err);
}

enum ch_code ch_second_one(struct ch_str path, const struct ch_input *in, struct ch_scan_writer *out,
                           struct ch_err *err)
{
    if (utf8_locale == (locale_t)0 && ch_second_prepare(err) != CH_OK) {
        return err == NULL ? CH_E_SYSTEM : err->code;
    }
    locale_t before = uselocale(utf8_locale);
    list_one(path, in, out);
    uselocale(before);
    return ch_scan_writer_ok(out, err);
}
