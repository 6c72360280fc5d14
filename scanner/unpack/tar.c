#include "scanner/unpack/tar.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/unpack/tar_int.h"

enum { WINDOW_BYTES = 1 << 17 }; /* read and hashed at once; fits the second-level cache */

/* Devices, "./" and NUL in attributes have no place in a source package. */
const struct ch_tar_profile ch_tar_profile_sdist = {
    .name = "sdist", .links = true, .one_folder = true, .gnu_names = true};
const struct ch_tar_profile ch_tar_profile_conda = {
    .name = "conda", .links = true, .gnu_names = true, .stale_text = true};
const struct ch_tar_profile ch_tar_profile_bare = {
    .name = "tar", .links = true, .gnu_names = true, .dot_names = true};
const struct ch_tar_profile ch_tar_profile_layer = {.name = "layer",
                                                    .links = true,
                                                    .gnu_names = true,
                                                    .devices = true,
                                                    .xattr_nul = true,
                                                    .layer = true};

static const struct ch_str whole_archive = {NULL, 0};

static CH_PRINTF(4, 0) void report(struct ch_tar *t, enum ch_finding_code code,
                                   struct ch_str member, const char *fmt, va_list va)
{
    char text[2 * CH_EVIDENCE_MAX];
    int n = vsnprintf(text, sizeof(text), fmt, va);
    CH_ASSERT(n >= 0);
    /* A name too long for an answer is told by its beginning. */
    ch_scan_write_finding(t->out, code, ch_str_sub(member, 0, ch_limits.member_path_bytes),
                          ch_str_of(text));
}

void tar_report(struct ch_tar *t, enum ch_finding_code code, struct ch_str member, const char *fmt,
                ...)
{
    va_list va;
    va_start(va, fmt);
    report(t, code, member, fmt, va);
    va_end(va);
}

bool tar_lose(struct ch_tar *t, enum ch_finding_code code, struct ch_str member, const char *fmt,
              ...)
{
    va_list va;
    va_start(va, fmt);
    report(t, code, member, fmt, va);
    va_end(va);
    t->lost = true;
    return false;
}

/* --- bytes --- */

static const uint8_t *take(struct ch_tar *t, uint8_t *room, size_t len, size_t *ret_len)
{
    if (t->whole.ptr != NULL) {
        struct ch_str piece = ch_str_sub(t->whole, (size_t)t->at, len);
        t->at += piece.len;
        *ret_len = piece.len;
        return piece.len > 0 ? (const uint8_t *)piece.ptr : room;
    }
    size_t have = 0;
    size_t got = 1;
    while (have < len && got > 0) {
        enum ch_finding_code code = CH_F_NONE;
        struct ch_err err;
        if (ch_stream_read(t->stream, room + have, len - have, &got, &code, &err) != CH_OK) {
            CH_IGNORE(tar_lose(t, code, whole_archive, "%s", err.msg));
            return NULL;
        }
        have += got;
    }
    t->at += have;
    *ret_len = have;
    return room;
}

const uint8_t *tar_take(struct ch_tar *t, uint8_t *room, size_t len, size_t *ret_len)
{
    const uint8_t *ptr = take(t, room, len, ret_len);
    if (t->all != NULL && ptr != NULL) {
        ch_hash_add(t->all, ptr, *ret_len);
    }
    return ptr;
}

static bool all_zero(const uint8_t *ptr, size_t len)
{
    return len == 0 || (ptr[0] == 0 && memcmp(ptr, ptr + 1, len - 1) == 0);
}

/* --- content --- */

/* Content up to `keep` bytes goes into t->room as a whole. */
static void make_room(struct ch_tar *t, size_t keep)
{
    if (t->room_cap < keep + WINDOW_BYTES) {
        free(t->room); /* nothing in it is worth copying */
        t->room_cap = keep + WINDOW_BYTES;
        t->room = ch_alloc(t->room_cap);
    }
}

/* Hashes `size` bytes. *ret is all of them, or their beginning. False: lost. */
static bool read_content(struct ch_tar *t, struct ch_str path, uint64_t size, struct ch_str *ret)
{
    uint64_t keep = size <= ch_limits.member_whole_bytes ? size : CH_TAR_HEAD_BYTES;
    const uint8_t *first = NULL;
    uint64_t done = 0;
    if (t->whole.ptr == NULL) {
        make_room(t, (size_t)keep);
    } else {
        keep = size;
    }
    while (done < size) {
        size_t want = size - done < WINDOW_BYTES ? (size_t)(size - done) : WINDOW_BYTES;
        size_t got = 0;
        uint8_t *room = t->whole.ptr != NULL ? NULL : t->room + (done < keep ? done : keep);
        const uint8_t *piece = tar_take(t, room, want, &got);
        if (t->lost) {
            return false;
        }
        if (got < want) {
            return tar_lose(t, CH_F_TAR_UNREADABLE, path,
                            "ends after %llu of %llu bytes of content",
                            (unsigned long long)(done + got), (unsigned long long)size);
        }
        first = done == 0 ? piece : first;
        if (t->hash != NULL) {
            ch_hash_add(t->hash, piece, got);
        }
        done += got;
    }
    *ret = (struct ch_str){(const char *)first, (size_t)keep};
    return true;
}

/* POSIX says nothing about the rest of the last block; every writer fills it with zeros, and what
 * lies there otherwise no reader shows. */
static bool skip_padding(struct ch_tar *t, struct ch_str path, uint64_t size)
{
    size_t pad = (size_t)(-size & (TAR_BLOCK_BYTES - 1));
    size_t got = 0;
    const uint8_t *ptr = tar_take(t, t->block, pad, &got);
    if (t->lost) {
        return false;
    }
    if (got < pad) {
        return tar_lose(t, CH_F_TAR_UNREADABLE, path, "ends within the padding of its content");
    }
    if (!all_zero(ptr, got)) {
        tar_report(t, CH_F_TAR_PADDING, path, "after %llu bytes of content",
                   (unsigned long long)size);
    }
    return true;
}

/* --- members --- */

static bool type_of(struct ch_tar *t, char type, struct ch_str path, enum ch_member_type *ret)
{
    switch (type) {
    case '0':
    case '\0':
        *ret = CH_MEMBER_FILE;
        return true;
    case '1':
        *ret = CH_MEMBER_OTHER;
        break;
    case '2':
        *ret = CH_MEMBER_SYMLINK;
        break;
    case '5':
        *ret = CH_MEMBER_DIR;
        return true;
    case '3':
    case '4':
    case '6':
        *ret = CH_MEMBER_OTHER;
        if (!t->profile->devices) {
            tar_report(t, CH_F_TAR_DEVICE, path, "type %c", type);
        }
        return true;
    case 'S':
        return tar_lose(t, CH_F_TAR_SPARSE, path, "type S");
    default:
        return tar_lose(t, CH_F_TAR_TYPE, path, "type 0x%02x", (unsigned char)type);
    }
    if (!t->profile->links) {
        tar_report(t, CH_F_TAR_LINK, path, "a link");
    }
    return true;
}

/* A pax size counts only where it says what the header says, or what that cannot say. Readers that
 * use one for the content and the other to find the next header see other members (CVE-2025-62518).
 */
static bool size_of(struct ch_tar *t, const struct tar_header *h, struct ch_str path, uint64_t *ret)
{
    const uint64_t octal_max = (1ull << TAR_OCTAL_MAX_SIZE_BITS) - 1;
    uint64_t size = h->size;
    if (t->extended.has_size) {
        size = t->extended.size;
        if (size != h->size && (size <= octal_max || h->size != octal_max)) {
            return tar_lose(t, CH_F_TAR_SIZE, path, "%llu bytes in its header, %llu in its pax one",
                            (unsigned long long)h->size, (unsigned long long)size);
        }
    }
    if (size > ch_limits.archive_unpacked_bytes) {
        return tar_lose(t, CH_F_LIMIT, path, "%llu bytes", (unsigned long long)size);
    }
    *ret = size;
    return true;
}

static struct ch_str path_of(struct ch_tar *t, const struct tar_header *h)
{
    if (t->extended.has_path) {
        return ch_buf_str(&t->extended.path);
    }
    ch_buf_clear(&t->path);
    if (h->prefix.len > 0) {
        ch_buf_puts(&t->path, h->prefix);
        ch_buf_putc(&t->path, '/');
    }
    ch_buf_puts(&t->path, h->name);
    return ch_buf_str(&t->path);
}

/* Names and links as an installer takes them, which knows one spelling of each. */
static bool check_names(struct ch_tar *t, const struct tar_header *h, const struct ch_tar_member *m)
{
    bool link = h->type == '1' || h->type == '2';
    tar_name_check(t, m->path, m->type);
    if (link && m->link.len == 0) {
        tar_report(t, CH_F_TAR_LINK, m->path, "no target");
    } else if (m->type == CH_MEMBER_SYMLINK) {
        tar_symlink_check(t, m->path, m->link);
    }
    struct ch_str hard = h->type == '1' ? m->link : whole_archive;
    if (!ch_names_add(t->names, tar_name_of(t, m->path), m->type == CH_MEMBER_DIR,
                      (size_t)t->members) ||
        !tar_paths_add(t->paths, m->path, m->type == CH_MEMBER_FILE, hard)) {
        return tar_lose(t, CH_F_LIMIT, whole_archive, "names of more than %llu bytes altogether",
                        (unsigned long long)ch_limits.archive_names_bytes);
    }
    return true;
}

static bool check_member(struct ch_tar *t, const struct tar_header *h, struct ch_tar_member *m)
{
    uint64_t most = t->profile->layer ? ch_limits.layer_members : ch_limits.archive_members;
    if (++t->members > most) {
        return tar_lose(t, CH_F_LIMIT, whole_archive, "more than %llu members",
                        (unsigned long long)most);
    }
    m->number = t->members;
    if (m->path.len == 0) {
        return tar_lose(t, CH_F_TAR_PATH, m->path, "empty name");
    }
    if (!type_of(t, h->type, m->path, &m->type) || !size_of(t, h, m->path, &m->size_bytes)) {
        return false;
    }
    bool link = h->type == '1' || h->type == '2';
    if (m->type != CH_MEMBER_FILE && m->size_bytes > 0) {
        return tar_lose(t, CH_F_TAR_CONTENT, m->path, "type %c with %llu bytes", h->type,
                        (unsigned long long)m->size_bytes);
    }
    if (link) {
        m->link = t->extended.has_link ? ch_buf_str(&t->extended.link) : h->link;
    }
    if (m->path.len > ch_limits.member_path_bytes || m->link.len > ch_limits.member_path_bytes) {
        return tar_lose(t, CH_F_LIMIT, m->path, "name or link of more than %llu bytes",
                        (unsigned long long)ch_limits.member_path_bytes);
    }
    if (!link && (t->extended.has_link || h->link.len > 0)) {
        tar_report(t, CH_F_TAR_HEADER, m->path, "type 0x%02x with a link's target",
                   (unsigned char)h->type);
    }
    tar_header_check(t, t->block, h, m->path);
    if (!t->profile->layer) {
        m->name = m->path;
        return check_names(t, h, m);
    }
    ch_buf_clear(&t->name);
    tar_layer_clean(m->path, &t->name);
    m->name = ch_buf_str(&t->name);
    m->capability = t->extended.capability;
    return t->layer == NULL || tar_layer_add(t, h, m);
}

static bool read_member(struct ch_tar *t, const struct tar_header *h)
{
    struct ch_tar_member m = {.path = path_of(t, h), .mode = h->mode};
    if (!check_member(t, h, &m)) {
        return false;
    }
    if (m.type == CH_MEMBER_FILE) {
        if (t->hash != NULL) {
            ch_hash_reset(t->hash);
        }
        if (!read_content(t, m.path, m.size_bytes, &m.bytes) ||
            !skip_padding(t, m.path, m.size_bytes)) {
            return false;
        }
        if (t->hash != NULL) {
            m.sha256 = ch_hash_end(t->hash);
        }
        if (!t->profile->layer) {
            tar_paths_content(t->paths, m.mode, &m.sha256);
        }
    } else if (m.type == CH_MEMBER_SYMLINK) {
        m.size_bytes = m.link.len;
    }
    ch_scan_write_member(t->out, &(struct ch_member){.path = m.path,
                                                     .type = m.type,
                                                     .size_bytes = m.size_bytes,
                                                     .link = m.link,
                                                     .sha256 = m.sha256});
    if (t->seen != NULL) {
        t->seen(t->arg, &m);
    }
    tar_extended_clear(t);
    return true;
}

/* --- the end --- */

/* POSIX: "At the end of the archive file there shall be two 512-byte blocks filled with binary
 * zeros". Writers fill up their last record with more of them. The first one was read. */
static void read_end(struct ch_tar *t)
{
    size_t got = 0;
    const uint8_t *ptr = tar_take(t, t->block, TAR_BLOCK_BYTES, &got);
    if (t->lost) {
        return;
    }
    if (got < TAR_BLOCK_BYTES || !all_zero(ptr, got)) {
        CH_IGNORE(tar_lose(t, CH_F_TAR_END, whole_archive, "one block of zeros, then %s",
                           got < TAR_BLOCK_BYTES ? "no other" : "something else"));
        return;
    }
    make_room(t, 0);
    do {
        ptr = tar_take(t, t->room, WINDOW_BYTES, &got);
        if (!t->lost && !all_zero(ptr, got)) {
            CH_IGNORE(tar_lose(t, CH_F_TAR_TRAILING, whole_archive, "within %zu bytes at byte %llu",
                               got, (unsigned long long)(t->at - got)));
        }
    } while (!t->lost && got > 0);
    if (!t->lost && t->at % TAR_BLOCK_BYTES != 0) {
        tar_report(t, CH_F_TAR_TRAILING, whole_archive, "%llu bytes are no number of whole blocks",
                   (unsigned long long)t->at);
    }
    if (!t->lost && tar_extended_pending(t)) {
        tar_report(t, CH_F_TAR_EXTENDED, whole_archive, "an extended header without its member");
    }
}

/* One header and what belongs to it. False at the end, or lost. */
static bool step(struct ch_tar *t)
{
    struct tar_header h;
    struct ch_err err;
    size_t got = 0;
    const uint8_t *ptr = tar_take(t, t->block, TAR_BLOCK_BYTES, &got);
    if (t->lost) {
        return false;
    }
    if (got == 0) {
        return tar_lose(t, t->at == 0 ? CH_F_TAR_UNREADABLE : CH_F_TAR_END, whole_archive,
                        t->at == 0 ? "is empty" : "no blocks of zeros");
    }
    if (got < TAR_BLOCK_BYTES) {
        return tar_lose(t, CH_F_TAR_UNREADABLE, whole_archive, "ends within a header");
    }
    if (all_zero(ptr, got)) {
        read_end(t);
        return false;
    }
    if (ptr != t->block) {
        memcpy(t->block, ptr, got); /* slices of the header outlive the content */
    }
    if (!tar_header_read(t, t->block, &h)) {
        return false;
    }
    bool extended = h.type == 'x' || h.type == 'g' || h.type == 'L' || h.type == 'K';
    return (extended ? tar_extended_read(t, &h) : read_member(t, &h)) &&
           ch_scan_writer_ok(t->out, &err) == CH_OK;
}

/* --- the whole --- */

static uint32_t little(const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    while (bytes-- > 0) {
        v = v << 8 | p[bytes];
    }
    return v;
}

/* Some installers ask first whether a file is a ZIP archive, whatever it is called: an end record
 * in the last 64 KiB, with a directory right before it or none. */
static void check_polyglot(struct ch_tar *t)
{
    enum { END_BYTES = 22, COMMENT_MAX = 65535, SIZE_AT = 12 };
    const uint8_t *p = t->in->ptr;
    size_t len = t->in->len;
    if (len < END_BYTES) {
        return;
    }
    size_t last = len - END_BYTES;
    size_t first = last > COMMENT_MAX ? last - COMMENT_MAX : 0;
    for (size_t at = first; at <= last; at++) {
        if (p[at] != 'P' || memcmp(p + at, "PK\5\6", 4) != 0) {
            continue;
        }
        uint32_t size = little(p + at + SIZE_AT, 4);
        bool directory = size <= at && size >= 4 && memcmp(p + at - size, "PK\1\2", 4) == 0;
        if (size == 0 || size == UINT32_MAX || directory) {
            tar_report(t, CH_F_TAR_POLYGLOT, whole_archive, "ZIP end record at byte %zu", at);
            return;
        }
    }
}

static void report_collision(void *arg, size_t id, size_t other)
{
    struct ch_tar *t = arg;
    if (tar_paths_same(t->paths, id, other)) {
        tar_report(t, CH_F_TAR_REPEATED, tar_paths_at(t->paths, id), "as before");
        return;
    }
    tar_report(t, CH_F_TAR_DUPLICATE, tar_paths_at(t->paths, id), "the same place as \"%.*s\"",
               CH_STR_ARG(tar_paths_at(t->paths, other)));
}

static void done(struct ch_tar *t)
{
    ch_stream_free(t->stream);
    ch_buf_done(&t->path);
    ch_buf_done(&t->name);
    ch_buf_done(&t->record);
    ch_buf_done(&t->extended.path);
    ch_buf_done(&t->extended.link);
    ch_names_free(t->names);
    tar_paths_free(t->paths);
    tar_layer_free(t->layer);
    ch_hash_free(t->hash);
    ch_hash_free(t->all);
    free(t->room);
}

static enum ch_code walk(struct ch_tar *t, enum ch_stream_format format, struct ch_err *err)
{
    t->stream = ch_stream_new(format, (struct ch_str){(const char *)t->in->ptr, t->in->len});
    t->whole = ch_stream_whole(t->stream);
    ch_buf_init(&t->path, 2 * TAR_BLOCK_BYTES);
    ch_buf_init(&t->name, ch_limits.member_path_bytes);
    ch_buf_init(&t->record, ch_limits.tar_extended_bytes + 2 * TAR_BLOCK_BYTES);
    ch_buf_init(&t->extended.path, ch_limits.tar_extended_bytes);
    ch_buf_init(&t->extended.link, ch_limits.tar_extended_bytes);
    while (step(t)) {
    }
    return ch_scan_writer_ok(t->out, err);
}

enum ch_code ch_tar_walk(const struct ch_input *in, enum ch_stream_format format,
                         const struct ch_tar_profile *profile, struct ch_scan_writer *out,
                         ch_tar_seen_fn *seen, void *arg, bool *ret_complete, struct ch_err *err)
{
    struct ch_tar t = {.in = in, .profile = profile, .out = out, .seen = seen, .arg = arg};
    CH_ASSERT(!profile->layer);
    t.names = ch_names_new(ch_limits.archive_names_bytes);
    t.paths = tar_paths_new();
    t.hash = ch_hash_new();
    check_polyglot(&t);
    enum ch_code rc = walk(&t, format, err);
    ch_names_collisions(t.names, report_collision, &t);
    tar_paths_check_links(&t);
    rc = rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
    if (rc == CH_OK) {
        *ret_complete = !t.lost;
    }
    done(&t);
    return rc;
}

enum ch_code ch_tar_walk_layer(const struct ch_input *in, enum ch_stream_format format,
                               struct ch_scan_writer *out, ch_tar_seen_fn *seen, void *arg,
                               struct ch_sha256 *ret_unpacked, bool *ret_complete,
                               struct ch_err *err)
{
    struct ch_tar t = {
        .in = in, .profile = &ch_tar_profile_layer, .out = out, .seen = seen, .arg = arg};
    t.layer = tar_layer_new();
    t.hash = ch_hash_new();
    t.all = ch_hash_new();
    ch_hash_reset(t.all);
    enum ch_code rc = walk(&t, format, err);
    tar_layer_end(&t);
    rc = rc == CH_OK ? ch_scan_writer_ok(out, err) : rc;
    if (rc == CH_OK) {
        *ret_complete = !t.lost;
        *ret_unpacked = ch_hash_end(t.all);
    }
    done(&t);
    return rc;
}

static void on_finding(void *arg CH_UNUSED, enum ch_finding_code code CH_UNUSED,
                       struct ch_str member CH_UNUSED, struct ch_str evidence CH_UNUSED)
{
    /* told when it was walked first */
}

enum ch_code ch_tar_walk_layer_again(const struct ch_input *in, enum ch_stream_format format,
                                     ch_tar_seen_fn *seen, void *arg, struct ch_err *err)
{
    struct ch_tar t = {.in = in,
                       .profile = &ch_tar_profile_layer,
                       .out = ch_scan_writer_listen(on_finding, NULL),
                       .seen = seen,
                       .arg = arg};
    enum ch_code rc = walk(&t, format, err);
    ch_scan_writer_free(t.out);
    done(&t);
    return rc;
}
