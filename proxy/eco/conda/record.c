/* A record of repodata.json against what its file says of itself in info/index.json.
 *
 * Solvers believe the record, and installers too where both say how a package is installed; policy
 * and inspection go by the file. Channels patch records, and may (repodata wins): other versions of
 * what a package needs, one need less. What decides what else is installed, or how, or what policy
 * goes by, is no patch that passes unseen. Name, version and build stand in the file's name: record
 * and file are each compared with that. */
#include "proxy/eco/conda/conda_int.h"

#include "base/conda/match_spec.h"
#include "customhouse/ascii.h"
#include "customhouse/limits.h"

struct comparison {
    struct ch_str record;
    const struct ch_fact *facts;
    size_t count;
    ch_differs_fn *fn;
    void *arg;
};

/* Of a value so much as a caller takes for all of it, where the whole text is shorter. */
static void put_said(struct ch_buf *b, struct ch_str value, const char *where)
{
    enum { SHOWN = 180 };
    if (value.ptr == NULL) {
        ch_buf_printf(b, "nothing in the %s", where);
        return;
    }
    ch_buf_putc(b, '"');
    ch_buf_put_escaped(b, ch_str_sub(value, 0, SHOWN));
    ch_buf_printf(b, "\" in the %s", where);
}

static void differs(struct comparison *c, enum ch_finding_code code, const char *key,
                    struct ch_str stated, struct ch_str found)
{
    struct ch_buf b;
    ch_buf_init(&b, 8 * CH_EVIDENCE_MAX); /* both escaped */
    ch_buf_printf(&b, "%s: ", key);
    put_said(&b, stated, "index");
    ch_buf_puts(&b, CH_STR(", "));
    put_said(&b, found, "file");
    c->fn(c->arg, code, ch_str_sub(ch_buf_str(&b), 0, CH_EVIDENCE_MAX));
    ch_buf_done(&b);
}

/* --- values --- */

void ch_conda_put_text(struct ch_buf *b, struct ch_str spelled)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    for (size_t i = 0; i < spelled.len; i++) {
        char c = spelled.ptr[i];
        if (c == '\\' && i + 1 < spelled.len) {
            size_t at;
            c = spelled.ptr[++i];
            if (c == 'u' && i + 4 < spelled.len) {
                c = (char)(ch_hex_digit(spelled.ptr[i + 3]) * 16 + ch_hex_digit(spelled.ptr[i + 4]));
                i += 4;
            } else if (ch_str_find_char(ch_str_of(from), c, &at)) {
                c = to[at];
            }
        }
        ch_buf_putc(b, c);
    }
}

/* Absent: the record has no such text. The text is in `room`. */
static struct ch_str stated(const struct comparison *c, const char *key, struct ch_buf *room)
{
    struct ch_str value;
    ch_buf_clear(room);
    if (!ch_index_record_value(c->record, ch_str_of(key), &value) || value.len < 2 ||
        value.ptr[0] != '"') {
        return (struct ch_str){NULL, 0};
    }
    ch_conda_put_text(room, ch_str_sub(value, 1, value.len - 2));
    return room->len > 0 ? ch_buf_str(room) : (struct ch_str){NULL, 0};
}

/* Absent: inspection found none. */
static struct ch_str found(const struct comparison *c, const char *name)
{
    for (size_t i = 0; i < c->count; i++) {
        if (ch_str_eq(c->facts[i].name, ch_str_of(name))) {
            return c->facts[i].value;
        }
    }
    return (struct ch_str){NULL, 0};
}

/* --- what is one text, or one number --- */

/* What installers take from either of the two. */
static void compare_texts(struct comparison *c, struct ch_str page, struct ch_buf *room)
{
    static const char *const same[] = {"noarch", "python_site_packages_path"};
    static const char *const facts[] = {"noarch", "python-site-packages-path"};
    for (size_t i = 0; i < CH_ARRAY_LEN(same); i++) {
        struct ch_str s = stated(c, same[i], room), f = found(c, facts[i]);
        if (!ch_str_eq(s, f)) {
            differs(c, CH_F_RECORD_DIFFERS, same[i], s, f);
        }
    }
    struct ch_str subdir = found(c, "subdir"); /* older packages have none */
    if (subdir.ptr != NULL && !ch_str_eq(subdir, page)) {
        differs(c, CH_F_RECORD_DIFFERS, "subdir", page, subdir);
    }
    /* policy goes by the file's: one that the channel has corrected it has not seen */
    struct ch_str license = stated(c, "license", room), own = found(c, "license");
    if (license.ptr != NULL && own.ptr != NULL &&
        !ch_str_eq_nocase(ch_str_trim(license), ch_str_trim(own))) {
        differs(c, CH_F_RECORD_DIFFERS, "license", license, own);
    }
}

static bool number_of(struct ch_str s, uint64_t *ret)
{
    return s.ptr != NULL && ch_str_u64(s, ret);
}

/* Milliseconds; older ones are seconds, which end in the year 9999. */
static uint64_t milliseconds(uint64_t stated)
{
    const uint64_t last_s = 253402300799;
    return stated <= last_s ? stated * 1000 : stated;
}

static void compare_numbers(struct comparison *c)
{
    struct ch_str s = {NULL, 0}, f = found(c, "build-number");
    uint64_t in_record = 0, in_file = 0;
    CH_IGNORE(ch_index_record_value(c->record, CH_STR("build_number"), &s));
    CH_IGNORE(number_of(s, &in_record)); /* without one it is 0 */
    if (!number_of(f, &in_file) || in_record != in_file) {
        differs(c, CH_F_RECORD_DIFFERS, "build_number", s, f);
    }
    s = (struct ch_str){NULL, 0};
    f = found(c, "timestamp");
    CH_IGNORE(ch_index_record_value(c->record, CH_STR("timestamp"), &s));
    if (number_of(s, &in_record) && number_of(f, &in_file) &&
        milliseconds(in_record) != milliseconds(in_file)) {
        /* T7: older than it was built, it would pass a cool-down that it has not had */
        differs(c,
                milliseconds(in_record) < milliseconds(in_file) ? CH_F_RECORD_DIFFERS
                                                                : CH_F_RECORD_PATCHED,
                "timestamp", s, f);
    }
}

/* --- lists of match specs --- */

/* What a spec names: "channel::numpy >=1,<2" numpy. Names are lower case in both. Absent: in brackets it
 * has what clients read differently, some of them as another name. */
static struct ch_str name_of(struct ch_str spec)
{
    struct ch_match_spec read;
    struct ch_err err;
    size_t at, end = 0;
    spec = ch_str_trim(spec);
    if (ch_str_find_char(spec, '[', NULL)) {
        return ch_match_spec_parse(spec, &read, &err) == CH_OK ? read.name
                                                               : (struct ch_str){NULL, 0};
    }
    while (ch_str_find(spec, CH_STR("::"), &at)) {
        spec = ch_str_sub(spec, at + 2, spec.len);
    }
    while (end < spec.len && !ch_str_find_char(CH_STR(" =<>!~;,|("), spec.ptr[end], NULL)) {
        end++;
    }
    return ch_str_sub(spec, 0, end);
}

/* Two ways to have blanks are one spec. */
static bool same_spec(struct ch_str a, struct ch_str b)
{
    size_t i = 0, j = 0;
    a = ch_str_trim(a);
    b = ch_str_trim(b);
    while (i < a.len && j < b.len && a.ptr[i] == b.ptr[j]) {
        bool blank = a.ptr[i] == ' ';
        i++, j++;
        while (blank && i < a.len && a.ptr[i] == ' ') {
            i++;
        }
        while (blank && j < b.len && b.ptr[j] == ' ') {
            j++;
        }
    }
    return i == a.len && j == b.len;
}

struct specs { /* of the record's list */
    struct ch_str rest;
};

/* The next one, its text in `room`. */
static bool next_spec(struct specs *s, struct ch_buf *room)
{
    size_t i = 1;
    if (s->rest.len == 0) {
        return false;
    }
    while (i < s->rest.len && s->rest.ptr[i] != '"') {
        i += s->rest.ptr[i] == '\\' ? 2 : 1;
    }
    ch_buf_clear(room);
    ch_conda_put_text(room, ch_str_sub(s->rest, 1, i - 1));
    s->rest = ch_str_sub(s->rest, i + 2 < s->rest.len ? i + 2 : s->rest.len, s->rest.len);
    return true;
}

enum kinship { STRANGE = 0, SAME_NAME, SAME };

static enum kinship in_file(const struct comparison *c, const char *fact, struct ch_str spec,
                            struct ch_str *ret)
{
    enum kinship best = STRANGE;
    struct ch_str name = name_of(spec);
    for (size_t i = 0; i < c->count && best != SAME; i++) {
        struct ch_str value = c->facts[i].value;
        if (!ch_str_eq(c->facts[i].name, ch_str_of(fact))) {
            continue;
        }
        if (same_spec(value, spec)) {
            best = SAME;
        } else if (name.len > 0 && ch_str_eq_nocase(name_of(value), name)) {
            best = SAME_NAME;
            *ret = value;
        }
    }
    return best;
}

static bool in_record(struct ch_str list, struct ch_str name, struct ch_buf *room)
{
    struct specs s = {list};
    bool is = false;
    while (!is && next_spec(&s, room)) {
        is = ch_str_eq_nocase(name_of(ch_buf_str(room)), name);
    }
    return is;
}

/* A list that only rules out others never brings anything in. */
static void compare_list(struct comparison *c, const char *key, bool brings_in, struct ch_buf *room)
{
    struct ch_str list = {NULL, 0}, own = {NULL, 0};
    CH_IGNORE(ch_index_record_list(c->record, ch_str_of(key), &list));
    struct specs s = {list};
    while (next_spec(&s, room)) {
        struct ch_str spec = ch_buf_str(room);
        enum kinship k = in_file(c, key, spec, &own);
        if (k == STRANGE) { /* what the platform has ("__glibc") nobody installs */
            bool more = brings_in && !ch_conda_is_virtual(name_of(spec));
            differs(c, more ? CH_F_RECORD_DIFFERS : CH_F_RECORD_PATCHED, key, spec,
                    (struct ch_str){NULL, 0});
        } else if (k == SAME_NAME) {
            differs(c, CH_F_RECORD_PATCHED, key, spec, own);
        }
    }
    for (size_t i = 0; i < c->count; i++) {
        if (ch_str_eq(c->facts[i].name, ch_str_of(key)) &&
            !in_record(list, name_of(c->facts[i].value), room)) {
            differs(c, CH_F_RECORD_PATCHED, key, (struct ch_str){NULL, 0}, c->facts[i].value);
        }
    }
}

void ch_conda_compare_record(struct ch_str page, struct ch_str record, const struct ch_fact *facts,
                             size_t count, ch_differs_fn *fn, void *arg)
{
    struct comparison c = {.record = record, .facts = facts, .count = count, .fn = fn, .arg = arg};
    struct ch_buf room;
    ch_buf_init(&room, (size_t)ch_limits.record_bytes);
    compare_texts(&c, page, &room);
    compare_numbers(&c);
    compare_list(&c, "depends", true, &room);
    compare_list(&c, "constrains", false, &room);
    ch_buf_done(&room);
}
