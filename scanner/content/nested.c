/* Archives inside archives, opened by the same strict readers and judged member by member.
 *
 * What a reader says about an archive inside is judged again here: packages carry archives that
 * were never meant to be installed, and forged ones among their tests. Only what Python or an
 * installer would open by itself (wheels, eggs, zips: zipimport, virtualenv's seeds) must be as
 * strict as the package around it; but what cannot be read to its end has not been looked at,
 * whatever it is. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/content/content_int.h"
#include "scanner/content/installed.h"
#include "scanner/content/path.h"
#include "scanner/unpack/tar.h"
#include "scanner/unpack/zip.h"

/* What a zip reader of some library takes: jars, saved arrays, documents. */
const struct ch_zip_profile content_any_zip = {
    .name = "nested", .deflate = true, .descriptor = true, .stored_descriptor = true};

struct inside {
    struct ch_content *c;
    const struct seen *outer;
    enum ch_code_place place;
    bool wheel; /* whose tests are tests: carried.c */
    /* what the reader said */
    size_t attacks;
    size_t others;
    bool unreadable;
    bool limit;
    char first[64]; /* the name of its first finding, attacks before others */
};

static void on_finding(void *arg, enum ch_finding_code code, struct ch_str member CH_UNUSED,
                       struct ch_str evidence CH_UNUSED)
{
    struct inside *in = arg;
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    bool attack = row->cls == CH_CLASS_ATTACK;
    if (row->cls == CH_CLASS_NOTE) {
        return;
    }
    if ((attack && in->attacks == 0) || in->attacks + in->others == 0) {
        size_t n = strlen(row->name);
        n = n < sizeof(in->first) - 1 ? n : sizeof(in->first) - 1;
        memcpy(in->first, row->name, n);
        in->first[n] = '\0';
    }
    in->attacks += attack;
    in->others += !attack;
    in->limit = in->limit || code == CH_F_LIMIT || code == CH_F_ZIP_BOMB;
}

/* Whether Python imports from it or an installer installs it. */
static bool is_importable(struct ch_str name)
{
    return path_has_extension(name, "zip") || path_has_extension(name, "whl") ||
           path_has_extension(name, "egg") || path_has_extension(name, "pyz") ||
           path_has_extension(name, "pyzw") || path_has_extension(name, "py");
}

/* The budget of everything inside, so that archives in archives cannot multiply. */
static bool spend(struct ch_content *c, const struct seen *s, uint64_t bytes)
{
    if (__builtin_add_overflow(c->nested_bytes, bytes, &c->nested_bytes)) {
        c->nested_bytes = UINT64_MAX;
    }
    if (c->nested_bytes <= ch_limits.nested_bytes) {
        return true;
    }
    if (!c->said_nested) {
        c->said_nested = true;
        ch_scan_write_finding(c->options.out, CH_F_LIMIT, s->path,
                              CH_STR("archives inside unpack to more than is read"));
    }
    return false;
}

/* Source in it is data, unless somebody takes it out: where code names the archive (reach.h), and
 * where the archive has the name of something else. */
static enum ch_code_place place_of(const struct seen *s)
{
    enum name_kind kind = name_kind_of(s->name);
    bool disguised = s->place == CH_PLACE_NONE && (kind == NAME_TEXT || kind == NAME_MEDIA);
    return disguised ? CH_PLACE_IMPORT : s->place;
}

static enum ch_code_place place_inside(const struct inside *in, struct ch_str name)
{
    bool tests = path_is_test(name) && !in->c->reached && !in->wheel;
    /* Folders named tests are no tests of the package where code unpacks the archive that has them.
     */
    if (in->place == CH_PLACE_TEST || tests) {
        return CH_PLACE_TEST;
    }
    /* zipimport: whoever puts the archive on sys.path imports what is in it */
    bool imported = in->place == CH_PLACE_NONE && is_importable(in->outer->name) &&
                    path_has_extension(name, "py");
    return imported ? CH_PLACE_IMPORT : in->place;
}

static void look_inside(struct inside *in, struct ch_str name, struct ch_str bytes,
                        uint64_t size_bytes)
{
    struct ch_content *c = in->c;
    struct ch_buf path;
    if (!spend(c, in->outer, size_bytes)) {
        return;
    }
    ch_buf_init(&path, 2 * ch_limits.member_path_bytes);
    ch_buf_puts(&path, in->outer->path);
    ch_buf_putc(&path, '!');
    ch_buf_puts(&path, ch_str_sub(name, 0, ch_limits.member_path_bytes / 2));
    enum ch_code_place place = place_inside(in, name);
    bool lifted = c->lifted;
    struct carried around = c->inner;
    struct ch_buf key;
    content_carried_key(&key, in->outer->path, name);
    if (in->wheel) {
        content_see_carried(c, name, bytes);
        place = content_place_carried(c, ch_buf_str(&key), name, place);
        c->inner = (struct carried){ch_buf_str(&key), ch_installed_site(ch_installed_of_wheel(name)), place};
    }
    c->lifted = lifted || (c->again && path_is_test(name) && place != CH_PLACE_TEST);
    content_look(c, ch_str_sub(ch_buf_str(&path), 0, ch_limits.member_path_bytes), name, bytes,
                 size_bytes, place);
    c->lifted = lifted;
    c->inner = around;
    ch_buf_done(&key);
    ch_buf_done(&path);
}

/* --- zip --- */

/* Whether a link's content is what it leads to, and nothing else. */
static bool is_target(struct ch_str content)
{
    enum { TARGET_MAX = 1024 };
    bool plain = content.len <= TARGET_MAX;
    for (size_t i = 0; plain && i < content.len; i++) {
        plain = (uint8_t)content.ptr[i] >= ' ' && content.ptr[i] != '\x7f';
    }
    return plain;
}

/* Python knows no links and devices in a ZIP: to it such a member is the file that it has as its
 * content. */
static void see_zip_member(void *arg, const struct ch_zip_member *m, struct ch_str content)
{
    bool link =
        m->type == CH_MEMBER_SYMLINK && !path_has_extension(m->name, "py") && is_target(content);
    if (m->type != CH_MEMBER_DIR && !link) {
        look_inside(arg, m->name, content, m->size_bytes);
    }
}

static bool is_encrypted(const struct ch_zip *z)
{
    enum { FLAG_ENCRYPTED = 1 };
    for (size_t i = 0; i < ch_zip_count(z); i++) {
        if ((ch_zip_at(z, i)->flags & FLAG_ENCRYPTED) != 0) {
            return true;
        }
    }
    return false;
}

static void judge(struct inside *in, bool complete)
{
    struct ch_content *c = in->c;
    const struct seen *s = in->outer;
    bool strict = is_importable(s->name);
    if (in->limit) {
        content_report(c, CH_F_NESTED_LIMIT, s, "%s", in->first);
    } else if (!complete || in->unreadable) {
        content_report(c, CH_F_NESTED_UNREADABLE, s, "%s", in->first);
    } else if (in->attacks > 0) {
        content_report(c, strict ? CH_F_NESTED_FORGED : CH_F_NESTED_ODD, s, "%s", in->first);
    } else if (in->others > 0) {
        content_report(c, CH_F_NESTED_ODD, s, "%s", in->first);
    }
}

static void open_zip(struct ch_content *c, const struct seen *s)
{
    struct inside in = {.c = c, .outer = s, .place = place_of(s)};
    struct ch_input input = {.fd = -1, .ptr = (const uint8_t *)s->bytes.ptr, .len = s->bytes.len};
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, &in);
    struct ch_zip *z;
    struct ch_err err;
    bool complete = false;
    if (ch_zip_open(&input, &content_any_zip, out, &z, &err) == CH_OK) {
        if (is_encrypted(z)) {
            content_report(c, CH_F_NESTED_ENCRYPTED, s, "%s", "zip");
            in.others = 0;
            in.attacks = 0;
        }
        in.wheel = c->depth == 1 && content_carries(c, s->path, z);
        ch_zip_verify(z, see_zip_member, &in);
        complete = ch_zip_complete(z);
        for (size_t i = 0; i < ch_zip_count(z); i++) {
            in.unreadable = in.unreadable || !ch_zip_at(z, i)->verified;
        }
        if (is_encrypted(z)) {
            complete = true;
            in = (struct inside){.c = c, .outer = s}; /* said above */
        }
        ch_zip_free(z);
    }
    judge(&in, complete);
    ch_scan_writer_free(out);
}

/* --- tar and compressed streams --- */

static void see_tar_member(void *arg, const struct ch_tar_member *m)
{
    if (m->type == CH_MEMBER_FILE) {
        look_inside(arg, m->path, m->bytes, m->size_bytes);
    }
}

static void open_tar(struct ch_content *c, const struct seen *s)
{
    struct inside in = {.c = c, .outer = s, .place = place_of(s)};
    struct ch_input input = {.fd = -1, .ptr = (const uint8_t *)s->bytes.ptr, .len = s->bytes.len};
    struct ch_scan_writer *out = ch_scan_writer_listen(on_finding, &in);
    struct ch_err err;
    bool complete = false;
    if (ch_tar_walk(&input, CH_STREAM_NONE, &ch_tar_profile_bare, out, see_tar_member, &in,
                    &complete, &err) != CH_OK) {
        complete = false;
    }
    judge(&in, complete);
    ch_scan_writer_free(out);
}

/* A packed member as it is unpacked: what libraries read on over is read here, too. */
struct unpacking {
    enum ch_stream_format format;
    struct ch_str rest; /* not unpacked yet */
    struct ch_buf content;
    enum ch_finding_code code; /* of the first thing that a strict reader would refuse */
    bool over;                 /* nothing more can be read */
};

static void skip_frames(struct unpacking *u)
{
    struct ch_str rest = u->format == CH_STREAM_ZSTD ? ch_stream_skip_frames(u->rest) : u->rest;
    if (rest.len < u->rest.len && u->code == CH_F_NONE) {
        u->code = CH_F_STREAM_SKIPPABLE;
    }
    u->rest = rest;
}

/* One stream, and what follows it is left in `rest`. What a strict reader says about the bytes
 * behind it is kept; all else ends the unpacking. */
static void unpack_stream(struct unpacking *u)
{
    enum { PIECE = 1 << 17 };
    struct ch_stream *stream = ch_stream_new(u->format, u->rest);
    struct ch_err err;
    enum ch_finding_code code = CH_F_NONE;
    enum ch_code rc = CH_OK;
    size_t n = 1;
    ch_stream_lenient(stream);
    while (rc == CH_OK && n > 0) {
        char *to = ch_buf_reserve(&u->content, PIECE);
        if (to == NULL) {
            code = CH_F_LIMIT;
            break;
        }
        rc = ch_stream_read(stream, to, PIECE, &n, &code, &err);
        u->content.len += n;
    }
    u->rest = ch_str_sub(u->rest, ch_stream_used(stream), u->rest.len);
    ch_stream_free(stream);
    u->over = code != CH_F_NONE && code != CH_F_STREAM_MEMBERS && code != CH_F_STREAM_SKIPPABLE;
    if (u->code == CH_F_NONE || (u->over && code != CH_F_STREAM_TRAILING)) {
        u->code = code;
    }
}

static void judge_stream(struct ch_content *c, const struct seen *s, const struct unpacking *u)
{
    const struct ch_finding_row *row = ch_finding_row((uint32_t)u->code);
    switch ((int)u->code) {
    case CH_F_NONE:
        return;
    case CH_F_LIMIT:
    case CH_F_STREAM_BOMB:
        content_report(c, CH_F_NESTED_LIMIT, s, "%s", row->name);
        return;
    case CH_F_STREAM_MEMBERS:
    case CH_F_STREAM_SKIPPABLE:
    case CH_F_STREAM_TRAILING:
    case CH_F_STREAM_CHECKSUM:
        content_report(c, CH_F_NESTED_ODD, s, "%s", row->name);
        return;
    default:
        content_report(c, CH_F_NESTED_UNREADABLE, s, "%s", row->name);
    }
}

/* "x.csv" of "x.csv.gz". */
static struct ch_str without_extension(struct ch_str name)
{
    struct ch_str base = path_base(name);
    struct ch_str extension = path_extension(base);
    return extension.len == 0 ? base : ch_str_sub(base, 0, base.len - extension.len - 1);
}

/* The content of all streams together, as the libraries of Python give it out, and what lies behind
 * them. */
static void open_stream(struct ch_content *c, const struct seen *s, enum ch_stream_format format)
{
    struct inside in = {.c = c, .outer = s, .place = place_of(s)};
    struct unpacking u = {.format = format, .rest = s->bytes};
    struct ch_str name = without_extension(s->name);
    ch_buf_init(&u.content, (size_t)ch_limits.member_whole_bytes);
    skip_frames(&u);
    while (!u.over && u.rest.len > 0) {
        unpack_stream(&u);
        skip_frames(&u);
    }
    judge_stream(c, s, &u);
    look_inside(&in, name, ch_buf_str(&u.content), u.content.len);
    if (u.rest.len > 0) {
        look_inside(&in, name, u.rest, u.rest.len);
    }
    ch_buf_done(&u.content);
}

void content_archive(struct ch_content *c, const struct seen *s)
{
    if (c->depth >= ch_limits.nested_depth || s->bytes.len < s->size_bytes) {
        content_report(c, CH_F_NESTED_LIMIT, s, "%s",
                       s->bytes.len < s->size_bytes ? "is larger than archives inside that are read"
                                                    : "lies deeper than is read");
        return;
    }
    c->depth++;
    if (s->type == TYPE_ZIP) {
        open_zip(c, s);
    } else if (s->type == TYPE_TAR) {
        open_tar(c, s);
    } else if (ch_stream_detect(s->bytes) != CH_STREAM_NONE) {
        open_stream(c, s, ch_stream_detect(s->bytes));
    } else {
        content_report(c, CH_F_NESTED_UNREADABLE, s, "%s", content_type_name(s->type));
    }
    c->depth--;
}
