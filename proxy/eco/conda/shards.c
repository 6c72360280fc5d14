/* Shards: repodata of one project each, in MessagePack. Spec: CEP 16. Of each record what
 * repodata.json has, byte for byte, but md5 and sha256, which are bytes here. */
#include "proxy/eco/conda/conda_int.h"

#include "customhouse/json_text.h"
#include "customhouse/limits.h"
#include "proxy/eco/conda/msgpack.h"

#include <stdlib.h>

/* --- a record, as ch_index_record_ok has it, from JSON --- */

enum shown { AS_IT_IS = 0, HELD, BY_NAME_ALONE };

struct conversion {
    struct ch_str s;
    size_t at;
    struct ch_buf *out;
    enum shown shown;
    struct ch_str reason; /* of what is held */
    size_t depth;
    bool explained;
};

/* For the records of a project that is larger than clients read: a solver says so to who asks for
 * one of them. */
static const struct ch_str left_out = {
    "this-package-has-more-builds-than-fit-into-a-shard-see-repodata.json", 68};

static bool is_next(const struct conversion *c, char wanted)
{
    return c->at < c->s.len && c->s.ptr[c->at] == wanted;
}

static bool take(struct conversion *c, char wanted)
{
    bool is = is_next(c, wanted);
    c->at += is;
    return is;
}

/* As it is spelled, between its quotes. */
static bool take_spelled(struct conversion *c, struct ch_str *ret, bool *ret_plain)
{
    *ret_plain = true;
    if (!take(c, '"')) {
        return false;
    }
    size_t from = c->at;
    for (;;) {
        c->at += ch_json_plain(ch_str_sub(c->s, c->at, c->s.len));
        if (c->at >= c->s.len || c->s.ptr[c->at] == '"') {
            break;
        }
        *ret_plain = *ret_plain && c->s.ptr[c->at] != '\\';
        c->at += c->s.ptr[c->at] == '\\' ? 2 : 1;
    }
    if (c->at > c->s.len) {
        return false;
    }
    *ret = ch_str_sub(c->s, from, c->at - from);
    return take(c, '"');
}

static void put_spelled(struct ch_buf *out, struct ch_str spelled, bool plain)
{
    if (plain) {
        ch_msgpack_str(out, spelled);
    } else {
        size_t head = ch_msgpack_str_begin(out);
        ch_conda_put_text(out, spelled);
        ch_msgpack_end(out, head, ch_msgpack_here(out, head));
    }
}

static bool convert_string(struct conversion *c)
{
    struct ch_str spelled;
    bool plain;
    if (!take_spelled(c, &spelled, &plain)) {
        return false;
    }
    put_spelled(c->out, spelled, plain);
    return true;
}

static bool convert_number(struct conversion *c)
{
    bool minus = take(c, '-');
    size_t from = c->at;
    uint64_t n;
    while (c->at < c->s.len && c->s.ptr[c->at] >= '0' && c->s.ptr[c->at] <= '9') {
        c->at++;
    }
    if (!ch_str_u64(ch_str_sub(c->s, from, c->at - from), &n) || n > INT64_MAX) {
        return false;
    }
    ch_msgpack_int(c->out, minus ? -(int64_t)n : (int64_t)n);
    return true;
}

static bool convert_word(struct conversion *c)
{
    struct ch_str rest = ch_str_sub(c->s, c->at, c->s.len);
    if (ch_str_starts(rest, CH_STR("true"))) {
        ch_msgpack_bool(c->out, true);
        c->at += 4;
    } else if (ch_str_starts(rest, CH_STR("false"))) {
        ch_msgpack_bool(c->out, false);
        c->at += 5;
    } else if (ch_str_starts(rest, CH_STR("null"))) {
        ch_msgpack_nil(c->out);
        c->at += 4;
    } else {
        return false;
    }
    return true;
}

static bool convert_value(struct conversion *c);

/* One more entry: a name that nobody provides. */
static void put_explanation(struct conversion *c)
{
    size_t head = ch_msgpack_str_begin(c->out);
    ch_conda_put_reason_name(c->out, c->shown == HELD ? c->reason : left_out);
    ch_msgpack_end(c->out, head, ch_msgpack_here(c->out, head));
    c->explained = true;
}

static bool convert_list(struct conversion *c, bool explains, bool strings)
{
    size_t head = ch_msgpack_array_begin(c->out);
    uint64_t n = 0;
    if (!take(c, '[')) {
        return false;
    }
    if (!take(c, ']')) {
        do {
            if ((strings && !is_next(c, '"')) || !convert_value(c)) {
                return false;
            }
            n++;
        } while (take(c, ','));
        if (!take(c, ']')) {
            return false;
        }
    }
    if (explains) {
        put_explanation(c);
        n++;
    }
    ch_msgpack_end(c->out, head, n);
    return true;
}

/* The record's own md5 and sha256. */
static bool convert_hash(struct conversion *c, size_t bytes)
{
    struct ch_str spelled;
    uint8_t raw[CH_SHA256_BYTES];
    bool plain;
    if (!take_spelled(c, &spelled, &plain)) {
        return false;
    }
    if (ch_hex_decode(spelled, raw, bytes)) {
        ch_msgpack_bin(c->out, raw, bytes);
    } else {
        put_spelled(c->out, spelled, plain);
    }
    return true;
}

/* What names a build, and how it is fetched. */
static bool is_kept(struct ch_str key)
{
    static const char *const kept[] = {"build",  "build_number", "depends",  "md5",
                                       "name",   "noarch",       "sha256",   "size",
                                       "subdir", "version",      "timestamp"};
    for (size_t i = 0; i < CH_ARRAY_LEN(kept); i++) {
        if (ch_str_eq(key, ch_str_of(kept[i]))) {
            return true;
        }
    }
    return false;
}

static bool convert_own(struct conversion *c, struct ch_str key)
{
    if (ch_str_eq(key, CH_STR("sha256")) && is_next(c, '"')) {
        return convert_hash(c, CH_SHA256_BYTES);
    }
    if (ch_str_eq(key, CH_STR("md5")) && is_next(c, '"')) {
        return convert_hash(c, 16);
    }
    if (!ch_str_eq(key, CH_STR("depends")) || c->shown == AS_IT_IS) {
        return convert_value(c);
    }
    size_t before = c->out->len;
    bool good = convert_list(c, c->shown == HELD, true);
    if (good && c->shown == BY_NAME_ALONE && !c->out->failed) {
        c->out->len = before; /* its own are of no use without the rest */
        size_t head = ch_msgpack_array_begin(c->out);
        put_explanation(c);
        ch_msgpack_end(c->out, head, 1);
    }
    return good;
}

static bool convert_members(struct conversion *c)
{
    size_t head = ch_msgpack_map_begin(c->out);
    uint64_t n = 0;
    bool own = c->depth == 1;
    if (!take(c, '{')) {
        return false;
    }
    if (!take(c, '}')) {
        do {
            struct ch_str key;
            bool plain;
            size_t before = c->out->len;
            if (!take_spelled(c, &key, &plain) || !take(c, ':')) {
                return false;
            }
            put_spelled(c->out, key, plain);
            if (!(own ? convert_own(c, key) : convert_value(c))) {
                return false;
            }
            if (own && c->shown == BY_NAME_ALONE && !is_kept(key) && !c->out->failed) {
                c->out->len = before;
                continue;
            }
            n++;
        } while (take(c, ','));
        if (!take(c, '}')) {
            return false;
        }
    }
    ch_msgpack_end(c->out, head, n);
    return true;
}

static bool convert_value(struct conversion *c)
{
    bool good = false;
    if (c->at >= c->s.len || c->depth >= ch_limits.json_depth) {
        return false;
    }
    c->depth++;
    switch (c->s.ptr[c->at]) {
    case '{':
        good = convert_members(c);
        break;
    case '[':
        good = convert_list(c, false, false);
        break;
    case '"':
        good = convert_string(c);
        break;
    case 't':
    case 'f':
    case 'n':
        good = convert_word(c);
        break;
    default:
        good = convert_number(c);
    }
    c->depth--;
    return good;
}

/* False: it cannot be shown as it has to be, and nothing was appended. */
static bool put_record(const struct ch_page_file *f, bool by_name_alone, struct ch_buf *out)
{
    struct conversion c = {.s = f->record,
                           .out = out,
                           .shown = f->listing == CH_LIST_PLAIN ? AS_IT_IS : HELD,
                           .reason = f->yanked_reason};
    size_t before = out->len;
    if (by_name_alone && c.shown == AS_IT_IS) {
        c.shown = BY_NAME_ALONE;
    }
    ch_msgpack_str(out, f->file_name);
    bool good = is_next(&c, '{') && convert_value(&c) && c.at == c.s.len &&
                (c.shown == AS_IT_IS || c.explained);
    if (!good && !out->failed) {
        out->len = before;
    }
    return good;
}

/* --- of a project --- */

/* The records of one kind of file. `cut`: per file, whether it is there by name alone; NULL: none
 * is. */
static size_t put_group(const struct ch_page *page, const char *file_type, const bool *cut,
                        struct ch_buf *out)
{
    size_t n = 0, head = ch_msgpack_map_begin(out);
    for (size_t i = 0; i < page->file_count; i++) {
        const char *type;
        if (ch_conda_is_shown(&page->files[i], &type) && type == file_type) {
            n += put_record(&page->files[i], cut != NULL && cut[i], out);
        }
    }
    ch_msgpack_end(out, head, n);
    return n;
}

static enum ch_code put_shard(const struct ch_page *page, const bool *cut, struct ch_buf *out,
                              struct ch_err *err)
{
    const char *const *types = ch_ecosystem_conda.file_types;
    size_t n = 0, head = ch_msgpack_map_begin(out);
    ch_msgpack_str(out, CH_STR("packages"));
    n += put_group(page, types[1], cut, out);
    ch_msgpack_str(out, CH_STR("packages.conda"));
    n += put_group(page, types[0], cut, out);
    ch_msgpack_str(out, CH_STR("removed"));
    ch_msgpack_end(out, ch_msgpack_array_begin(out), 0);
    ch_msgpack_end(out, head, 3);
    enum ch_code rc = ch_buf_ok(out, err);
    return rc == CH_OK && n == 0 ? ch_fail(err, CH_E_NOT_FOUND, "nothing of it is shown") : rc;
}

/* The newest version first; of a version by the file's name, backwards: later builds have higher
 * numbers. */
static int newest_first(const void *a, const void *b, void *ctx)
{
    const struct ch_page_file *files = ctx;
    const struct ch_page_file *x = &files[*(const size_t *)a], *y = &files[*(const size_t *)b];
    struct ch_conda_file of_x, of_y;
    CH_IGNORE(ch_conda_file_split(x->file_name, &of_x));
    CH_IGNORE(ch_conda_file_split(y->file_name, &of_y));
    int order = ch_ecosystem_conda.compare_versions(of_y.version, of_x.version);
    return order != 0 ? order : ch_str_cmp(y->file_name, x->file_name);
}

static size_t size_of(const struct ch_page_file *f, bool by_name_alone, struct ch_buf *room)
{
    ch_buf_clear(room);
    return put_record(f, by_name_alone, room) ? room->len : 0;
}

/* Which files are there by name alone, so that all have room: none of a newer version than one that
 * is whole. free(). */
static bool *choose(const struct ch_page *page, size_t room)
{
    enum { AROUND = 64 }; /* what stands around the records */
    bool *cut = ch_calloc(page->file_count + 1, sizeof(*cut));
    size_t *order = ch_calloc(page->file_count + 1, sizeof(*order)), n = 0, taken = AROUND;
    struct ch_buf record;
    const char *type;
    ch_buf_init(&record, 2 * (size_t)ch_limits.record_bytes);
    for (size_t i = 0; i < page->file_count; i++) {
        if (ch_conda_is_shown(&page->files[i], &type)) {
            size_t whole = size_of(&page->files[i], false, &record);
            size_t least = size_of(&page->files[i], true, &record);
            cut[i] = least < whole;
            taken += cut[i] ? least : whole;
            order[n] = i;
            n += cut[i];
        }
    }
    qsort_r(order, n, sizeof(*order), newest_first, page->files);
    for (size_t i = 0; i < n; i++) {
        const struct ch_page_file *f = &page->files[order[i]];
        size_t more = size_of(f, false, &record) - size_of(f, true, &record);
        if (more > room - (taken < room ? taken : room)) {
            break;
        }
        taken += more;
        cut[order[i]] = false;
    }
    ch_buf_done(&record);
    free(order);
    return cut;
}

static enum ch_code render_shard(const struct ch_page *page, struct ch_buf *out, struct ch_err *err)
{
    size_t before = out->len;
    enum ch_code rc = put_shard(page, NULL, out, err);
    if (rc == CH_E_LIMIT) {
        bool *cut = choose(page, out->max - before);
        out->failed = false;
        out->len = before;
        rc = put_shard(page, cut, out, err);
        free(cut);
    }
    return rc;
}

/* "version" as the CEP has it, "repodata_version" and "removed" as conda-index writes it, and conda
 * reads: each client passes over the other's. created_at is optional, and would make other bytes of
 * the same records. */
static enum ch_code render_index(struct ch_str page, const struct ch_shard *shards, size_t count,
                                 struct ch_buf *out, struct ch_err *err)
{
    size_t all = ch_msgpack_map_begin(out);
    ch_msgpack_str(out, CH_STR("info"));
    size_t info = ch_msgpack_map_begin(out);
    ch_msgpack_str(out, CH_STR("base_url"));
    ch_msgpack_str(
        out,
        CH_STR("")); /* beside this document, both: with the token that stands in its address */
    ch_msgpack_str(out, CH_STR("shards_base_url"));
    ch_msgpack_str(out, CH_STR(""));
    ch_msgpack_str(out, CH_STR("subdir"));
    ch_msgpack_str(out, page);
    ch_msgpack_end(out, info, 3);
    ch_msgpack_str(out, CH_STR("removed"));
    ch_msgpack_end(out, ch_msgpack_array_begin(out), 0);
    ch_msgpack_str(out, CH_STR("repodata_version"));
    ch_msgpack_int(out, 1);
    ch_msgpack_str(out, CH_STR("shards"));
    size_t names = ch_msgpack_map_begin(out);
    for (size_t i = 0; i < count; i++) {
        ch_msgpack_str(out, shards[i].project);
        ch_msgpack_bin(out, shards[i].sha256.byte, CH_SHA256_BYTES);
    }
    ch_msgpack_end(out, names, count);
    ch_msgpack_str(out, CH_STR("version"));
    ch_msgpack_int(out, 1);
    ch_msgpack_end(out, all, 5);
    return ch_buf_ok(out, err);
}

const struct ch_shards_ops ch_conda_shards = {
    .index_document = CH_CONDA_SHARDS,
    .shard_document = CH_CONDA_SHARD,
    .render = render_shard,
    .render_index = render_index,
};
