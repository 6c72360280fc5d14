/* Extended headers: pax (x for one member, g for all that follow) and GNU's long names (L, K). */
#include "customhouse/limits.h"
#include "scanner/unpack/tar_int.h"

static const struct ch_str none = {NULL, 0};

bool tar_extended_pending(const struct ch_tar *t)
{
    return t->extended.pax || t->extended.gnu_name || t->extended.gnu_link;
}

void tar_extended_clear(struct ch_tar *t)
{
    struct tar_extended *e = &t->extended;
    e->pax = e->gnu_name = e->gnu_link = false;
    e->has_path = e->has_link = e->has_size = false;
    e->capability = e->overlay = false;
    ch_buf_clear(&e->path);
    ch_buf_clear(&e->link);
}

/* The content of the header, without its padding, in t->record. */
static bool read_record(struct ch_tar *t, const struct tar_header *h)
{
    size_t got = 0;
    if (h->size > ch_limits.tar_extended_bytes) {
        return tar_lose(t, CH_F_LIMIT, h->name, "extended header of %llu bytes, at most %llu",
                        (unsigned long long)h->size,
                        (unsigned long long)ch_limits.tar_extended_bytes);
    }
    size_t blocks = (size_t)(h->size + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
    ch_buf_clear(&t->record);
    char *room = ch_buf_reserve(&t->record, blocks + 1); /* never NULL, even for none */
    CH_ASSERT(room != NULL);
    const uint8_t *ptr = tar_take(t, (uint8_t *)room, blocks, &got);
    if (t->lost) {
        return false;
    }
    if (got < blocks) {
        return tar_lose(t, CH_F_TAR_UNREADABLE, none, "ends within an extended header");
    }
    for (size_t i = (size_t)h->size; i < blocks; i++) {
        if (ptr[i] != 0) {
            tar_report(t, CH_F_TAR_PADDING, none, "after an extended header");
            break;
        }
    }
    if (ptr != (const uint8_t *)room) {
        ch_buf_put(&t->record, ptr, blocks);
    }
    t->record.len = (size_t)h->size;
    return true;
}

/* --- GNU --- */

/* The name and one NUL, nothing else: readers that go by the size and those that go by the NUL. */
static bool read_gnu(struct ch_tar *t, const struct tar_header *h, bool *seen, bool *has,
                     struct ch_buf *ret)
{
    if (!t->profile->gnu_names) {
        return tar_lose(t, CH_F_TAR_TYPE, none, "type %c", h->type);
    }
    if (t->extended.pax || *seen) {
        return tar_lose(t, CH_F_TAR_EXTENDED, none, "type %c after another", h->type);
    }
    if (!read_record(t, h)) {
        return false;
    }
    struct ch_str text = ch_buf_str(&t->record);
    size_t end = 0;
    if (!ch_str_find_char(text, '\0', &end) || end + 1 != text.len || end == 0) {
        return tar_lose(t, CH_F_TAR_LONG_NAME, none,
                        "type %c of %zu bytes is no name that ends in its only NUL", h->type,
                        text.len);
    }
    ch_buf_puts(ret, ch_str_sub(text, 0, end));
    *seen = *has = true;
    return true;
}

/* --- pax --- */

enum key_use {
    KEY_PLAIN,    /* changes nothing that is looked at here */
    KEY_NUMBER,   /* ... and is a decimal number, perhaps a fraction */
    KEY_CHARSET,
    KEY_PATH,
    KEY_LINK,
    KEY_SIZE,
    KEY_SPARSE,
    KEY_REFUSED,
};

/* POSIX.1-2017 pax, "pax Extended Header Keyword/Value", and vendors' keys that change a member. */
static const struct {
    const char *key;
    enum key_use use;
} keys[] = {
    {"atime", KEY_NUMBER},   {"charset", KEY_PLAIN},      {"comment", KEY_PLAIN},
    {"ctime", KEY_NUMBER},   {"gid", KEY_NUMBER},         {"gname", KEY_PLAIN},
    {"hdrcharset", KEY_CHARSET}, {"linkpath", KEY_LINK},  {"mtime", KEY_NUMBER},
    {"path", KEY_PATH},      {"size", KEY_SIZE},          {"uid", KEY_NUMBER},
    {"uname", KEY_PLAIN},    {"SCHILY.realsize", KEY_SPARSE}, {"SCHILY.filetype", KEY_REFUSED},
};

static enum key_use use_of(struct ch_str key)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(keys); i++) {
        if (ch_str_eq(key, ch_str_of(keys[i].key))) {
            return keys[i].use;
        }
    }
    if (ch_str_starts(key, CH_STR("GNU.sparse."))) {
        return KEY_SPARSE;
    }
    /* "VENDOR.keyword", the vendor in capital letters; all in small letters is POSIX's own. */
    bool vendor = key.len > 0 && key.ptr[0] >= 'A' && key.ptr[0] <= 'Z';
    return vendor && ch_str_find_char(key, '.', NULL) ? KEY_PLAIN : KEY_REFUSED;
}

static bool is_number(struct ch_str s)
{
    bool digit = false;
    bool point = false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9') {
            digit = true;
        } else if (s.ptr[i] == '.' && !point && digit) {
            point = true;
        } else if (s.ptr[i] != '-' || i > 0) {
            return false;
        }
    }
    return digit;
}

static bool may_have_nul(const struct ch_tar *t, struct ch_str key)
{
    return t->profile->xattr_nul && (ch_str_starts(key, CH_STR("SCHILY.xattr.")) ||
                                     ch_str_starts(key, CH_STR("LIBARCHIVE.xattr.")));
}

/* Extended attributes that change what an entry of a layer is. */
static void see_attribute(struct tar_extended *e, struct ch_str key)
{
    static const struct ch_str prefixes[] = {{"SCHILY.xattr.", 13}, {"LIBARCHIVE.xattr.", 17}};
    for (size_t i = 0; i < CH_ARRAY_LEN(prefixes); i++) {
        if (ch_str_starts(key, prefixes[i])) {
            struct ch_str name = ch_str_sub(key, prefixes[i].len, key.len);
            e->capability = e->capability || ch_str_eq(name, CH_STR("security.capability"));
            e->overlay = e->overlay || ch_str_starts(name, CH_STR("trusted.overlay.")) ||
                         ch_str_starts(name, CH_STR("user.overlay."));
        }
    }
}

/* A path as a pax header may state it; NUL was looked for. */
static bool take_text(struct ch_tar *t, struct ch_str key, struct ch_str value, bool *has,
                      struct ch_buf *ret)
{
    if (value.len == 0 || !ch_str_is_utf8(value)) {
        return tar_lose(t, CH_F_TAR_PAX, none, "%.*s is empty or no UTF-8", CH_STR_ARG(key));
    }
    ch_buf_puts(ret, value);
    *has = true;
    return true;
}

static bool use_record(struct ch_tar *t, struct ch_str key, struct ch_str value, bool global)
{
    struct tar_extended *e = &t->extended;
    enum key_use use = use_of(key);
    if (global && use != KEY_PLAIN && use != KEY_NUMBER) {
        return tar_lose(t, CH_F_TAR_PAX_GLOBAL, none, "%.*s", CH_STR_ARG(key));
    }
    switch (use) {
    case KEY_PLAIN:
        if (!global) {
            see_attribute(e, key);
        }
        return true;
    case KEY_NUMBER:
        return is_number(value) || tar_lose(t, CH_F_TAR_PAX, none, "%.*s=%.*s", CH_STR_ARG(key),
                                            CH_STR_ARG(value));
    case KEY_CHARSET: /* the one value that changes nothing */
        return ch_str_eq(value, CH_STR("ISO-IR 10646 2000 UTF-8")) ||
               tar_lose(t, CH_F_TAR_PAX, none, "hdrcharset=%.*s", CH_STR_ARG(value));
    case KEY_PATH:
        return take_text(t, key, value, &e->has_path, &e->path);
    case KEY_LINK:
        return take_text(t, key, value, &e->has_link, &e->link);
    case KEY_SIZE:
        e->has_size = true;
        return (ch_str_u64(value, &e->size) && e->size <= INT64_MAX) ||
               tar_lose(t, CH_F_TAR_PAX, none, "size=%.*s", CH_STR_ARG(value));
    case KEY_SPARSE:
        return tar_lose(t, CH_F_TAR_SPARSE, none, "%.*s", CH_STR_ARG(key));
    case KEY_REFUSED:
        break;
    }
    return tar_lose(t, CH_F_TAR_PAX, none, "unknown keyword \"%.*s\"", CH_STR_ARG(key));
}

/* "%d %s=%s\n": the length of the whole record in decimal. Takes one from *rest. */
static bool take_record(struct ch_tar *t, struct ch_str *rest, struct ch_str *ret_key,
                        struct ch_str *ret_value)
{
    struct ch_str record = *rest;
    struct ch_str digits;
    struct ch_str value = record;
    uint64_t len = 0;
    size_t equals = 0;
    if (!ch_str_split(&value, ' ', &digits) || !ch_str_u64(digits, &len) || len > record.len ||
        len < digits.len + 4 || record.ptr[len - 1] != '\n') {
        return tar_lose(t, CH_F_TAR_PAX, none, "no record with a right length: \"%.*s\"",
                        CH_STR_ARG(ch_str_sub(record, 0, CH_EVIDENCE_MAX / 4)));
    }
    record = ch_str_sub(record, digits.len + 1, (size_t)len - digits.len - 2);
    *rest = ch_str_sub(*rest, (size_t)len, rest->len);
    if (!ch_str_find_char(record, '=', &equals) || equals == 0) {
        return tar_lose(t, CH_F_TAR_PAX, none, "a record without keyword");
    }
    *ret_key = ch_str_sub(record, 0, equals);
    *ret_value = ch_str_sub(record, equals + 1, record.len);
    if (ch_str_find_char(*ret_key, '\0', NULL) ||
        (ch_str_find_char(*ret_value, '\0', NULL) && !may_have_nul(t, *ret_key))) {
        return tar_lose(t, CH_F_TAR_PAX, none, "NUL in \"%.*s\"", CH_STR_ARG(*ret_key));
    }
    return true;
}

bool tar_pax_parse(struct ch_tar *t, struct ch_str records, bool global)
{
    struct ch_str rest = records;
    struct ch_str key;
    struct ch_str value;
    size_t count = 0;
    while (rest.len > 0) {
        if (!take_record(t, &rest, &key, &value)) {
            return false;
        }
        if (++count > ch_limits.tar_pax_records) {
            return tar_lose(t, CH_F_LIMIT, none, "more than %llu records in a pax header",
                            (unsigned long long)ch_limits.tar_pax_records);
        }
        /* Few records, so each is held against all before it; they parsed, so this cannot fail. */
        struct ch_str before = ch_str_sub(records, 0, (size_t)(key.ptr - records.ptr));
        struct ch_str other = none;
        struct ch_str ignored;
        for (size_t i = 1; i < count; i++) {
            CH_ASSERT(take_record(t, &before, &other, &ignored));
            if (ch_str_eq(other, key)) {
                return tar_lose(t, CH_F_TAR_PAX, none, "\"%.*s\" twice", CH_STR_ARG(key));
            }
        }
        if (!use_record(t, key, value, global)) {
            return false;
        }
    }
    return true;
}

bool tar_extended_read(struct ch_tar *t, const struct tar_header *h)
{
    struct tar_extended *e = &t->extended;
    if (h->type == 'L') {
        return read_gnu(t, h, &e->gnu_name, &e->has_path, &e->path);
    }
    if (h->type == 'K') {
        return read_gnu(t, h, &e->gnu_link, &e->has_link, &e->link);
    }
    /* Which of two counts, or whether a global one stands between, readers do not agree on. */
    if (tar_extended_pending(t)) {
        return tar_lose(t, CH_F_TAR_EXTENDED, none, "type %c after another", h->type);
    }
    if (!read_record(t, h)) {
        return false;
    }
    e->pax = h->type == 'x';
    return tar_pax_parse(t, ch_buf_str(&t->record), h->type == 'g');
}
