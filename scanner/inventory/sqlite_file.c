#include "scanner/inventory/sqlite_file.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/big_endian.h"
#include "customhouse/limits.h"

enum { HEADER_BYTES = 100, LEAF = 0x0d, INTERIOR = 0x05, DEPTH_MAX = 20 };

struct database {
    const uint8_t *ptr;
    size_t page_bytes;
    size_t usable_bytes; /* of a page */
    uint32_t page_count;
    uint8_t *used; /* a bit for each page that was visited */
    struct ch_buf record;
    ch_sqlite_row_fn *fn;
    void *arg;
};

/* A number of one to nine bytes, big endian, seven bits each but the ninth; false: it does not end
 * before `end`. */
static bool get_varint(const uint8_t **p, const uint8_t *end, uint64_t *ret)
{
    uint64_t v = 0;
    for (int i = 0; i < 9 && *p < end; i++) {
        uint8_t byte = *(*p)++;
        if (i == 8) {
            *ret = v << 8 | byte;
            return true;
        }
        v = v << 7 | (byte & 0x7f);
        if (byte < 0x80) {
            *ret = v;
            return true;
        }
    }
    return false;
}

/* ------------------------------------------------------------------ pages */

/* Pages count from 1. Each may be used once: else a file of some kilobytes has rows without end. */
static enum ch_code take_page(struct database *d, uint32_t number, const uint8_t **ret,
                              struct ch_err *err)
{
    if (number == 0 || number > d->page_count) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: there is no page %u", number);
    }
    uint8_t bit = (uint8_t)(1u << ((number - 1) % 8));
    uint8_t *byte = &d->used[(number - 1) / 8];
    if ((*byte & bit) != 0) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: page %u is used twice", number);
    }
    *byte |= bit;
    *ret = d->ptr + (size_t)(number - 1) * d->page_bytes;
    return CH_OK;
}

/* How much of a record of `len` bytes lies on the leaf itself (1.6). */
static size_t local_bytes(const struct database *d, uint64_t len)
{
    const size_t usable = d->usable_bytes;
    const size_t max = usable - 35;
    if (len <= max) {
        return (size_t)len;
    }
    const size_t min = (usable - 12) * 32 / 255 - 23;
    const size_t some = min + (size_t)((len - min) % (usable - 4));
    return some <= max ? some : min;
}

static enum ch_code read_overflow(struct database *d, uint32_t number, uint64_t left,
                                  struct ch_err *err)
{
    while (left > 0) {
        const uint8_t *page;
        enum ch_code rc = take_page(d, number, &page, err);
        if (rc != CH_OK) {
            return rc;
        }
        size_t n = left < d->usable_bytes - 4 ? (size_t)left : d->usable_bytes - 4;
        ch_buf_put(&d->record, page + 4, n);
        left -= n;
        number = ch_be32(page);
    }
    return number == 0 ? CH_OK
                       : ch_fail(err, CH_E_FORMAT, "SQLite: pages go on behind the end of a row");
}

static enum ch_code read_cell(struct database *d, const uint8_t *p, const uint8_t *end,
                              struct ch_err *err)
{
    uint64_t len;
    uint64_t rowid;
    if (!get_varint(&p, end, &len) || !get_varint(&p, end, &rowid)) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: a row begins at the end of its page");
    }
    if (len > ch_limits.sqlite_row_bytes) {
        return ch_fail(err, CH_E_LIMIT, "SQLite: a row of %llu bytes", (unsigned long long)len);
    }
    size_t local = local_bytes(d, len);
    if ((size_t)(end - p) < local + (local < len ? 4 : 0)) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: a row that leaves its page");
    }
    ch_buf_clear(&d->record);
    ch_buf_put(&d->record, p, local);
    enum ch_code rc = local < len ? read_overflow(d, ch_be32(p + local), len - local, err) : CH_OK;
    return rc == CH_OK ? d->fn(d->arg, (int64_t)rowid, ch_buf_str(&d->record), err) : rc;
}

static enum ch_code walk(struct database *d, uint32_t number, unsigned depth, struct ch_err *err);

/* Of an interior page: a page of rows, and the largest of their ids, which is the last one's. */
static enum ch_code walk_child(struct database *d, const uint8_t *p, const uint8_t *end,
                               unsigned depth, struct ch_err *err)
{
    if (end - p < 4) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: a page's number at the end of a page");
    }
    return walk(d, ch_be32(p), depth + 1, err);
}

static enum ch_code walk(struct database *d, uint32_t number, unsigned depth, struct ch_err *err)
{
    const uint8_t *page;
    enum ch_code rc = depth < DEPTH_MAX ? take_page(d, number, &page, err)
                                        : ch_fail(err, CH_E_LIMIT, "SQLite: too deep a tree");
    if (rc != CH_OK) {
        return rc;
    }
    const uint8_t *head = page + (number == 1 ? HEADER_BYTES : 0);
    const uint8_t *end = page + d->usable_bytes;
    const bool leaf = head[0] == LEAF;
    if (!leaf && head[0] != INTERIOR) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: page %u is no part of a table", number);
    }
    const uint8_t *cells = head + (leaf ? 8 : 12);
    const size_t count = ch_be16(head + 3);
    if ((size_t)(end - cells) < 2 * count) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: page %u has more rows than it has room", number);
    }
    const size_t first = (size_t)(cells - page) + 2 * count;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        const size_t at = ch_be16(cells + 2 * i);
        if (at < first || at >= d->usable_bytes) {
            return ch_fail(err, CH_E_FORMAT, "SQLite: page %u has a row outside of it", number);
        }
        rc = leaf ? read_cell(d, page + at, end, err) : walk_child(d, page + at, end, depth, err);
    }
    return rc == CH_OK && !leaf ? walk(d, ch_be32(head + 8), depth + 1, err) : rc;
}

/* ------------------------------------------------------------------ records */

/* The bytes that a serial type stands for (2.1); false: it stands for nothing. */
static bool size_of_type(uint64_t serial, uint64_t *ret)
{
    static const uint8_t sizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
    if (serial < sizeof(sizes)) {
        *ret = sizes[serial];
        return true;
    }
    *ret = (serial - 12) / 2;
    return serial >= 12;
}

static int64_t get_integer(const uint8_t *p, size_t len)
{
    uint64_t v = len > 0 && (p[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < len; i++) {
        v = v << 8 | p[i];
    }
    return (int64_t)v;
}

enum ch_code ch_sqlite_column(struct ch_str record, size_t column, struct ch_sqlite_value *ret,
                              struct ch_err *err)
{
    const uint8_t *p = (const uint8_t *)record.ptr;
    const uint8_t *start = p;
    uint64_t header;
    uint64_t serial = 0;
    uint64_t size = 0;
    if (record.len == 0 || !get_varint(&p, start + record.len, &header) || header > record.len) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: a row without a header");
    }
    uint64_t at = header;
    for (size_t i = 0; i <= column; i++) {
        at += size; /* at most record.len + 2^62: sizes are below, and checked each time */
        if (!get_varint(&p, start + header, &serial) || !size_of_type(serial, &size) ||
            at > record.len || size > record.len - at) {
            return ch_fail(err, CH_E_FORMAT, "SQLite: a row without column %zu", i);
        }
    }
    *ret = (struct ch_sqlite_value){.type = CH_SQLITE_NULL};
    if (serial >= 12) {
        ret->type = serial % 2 == 0 ? CH_SQLITE_BLOB : CH_SQLITE_TEXT;
        ret->bytes = ch_str_sub(record, (size_t)at, (size_t)size);
    } else if (serial == 7) {
        ret->type = CH_SQLITE_REAL;
    } else if (serial != 0) {
        ret->type = CH_SQLITE_INTEGER;
        ret->integer = serial >= 8 ? (int64_t)serial - 8 : get_integer(start + at, (size_t)size);
    }
    return CH_OK;
}

/* ------------------------------------------------------------------ the schema */

struct finding_root {
    struct ch_str table;
    uint32_t root; /* 0: not seen */
};

/* type, name, tbl_name, rootpage, sql (1.7) */
static enum ch_code on_schema(void *arg, int64_t rowid, struct ch_str record, struct ch_err *err)
{
    struct finding_root *f = arg;
    struct ch_sqlite_value type;
    struct ch_sqlite_value name;
    struct ch_sqlite_value root;
    (void)rowid;
    enum ch_code rc = ch_sqlite_column(record, 0, &type, err);
    rc = rc == CH_OK ? ch_sqlite_column(record, 1, &name, err) : rc;
    rc = rc == CH_OK ? ch_sqlite_column(record, 3, &root, err) : rc;
    if (rc != CH_OK || !ch_str_eq(type.bytes, CH_STR("table")) ||
        !ch_str_eq_nocase(name.bytes, f->table)) { /* names in SQL have no case */
        return rc;
    }
    if (f->root != 0 || root.type != CH_SQLITE_INTEGER || root.integer < 1 ||
        root.integer > UINT32_MAX) {
        return ch_fail(err, CH_E_FORMAT, "SQLite: table %.*s is there twice, or nowhere",
                       CH_STR_ARG(f->table));
    }
    f->root = (uint32_t)root.integer;
    return CH_OK;
}

static enum ch_code open_database(struct ch_str file, struct database *d, struct ch_err *err)
{
    static const char magic[16] = "SQLite format 3";
    const uint8_t *h = (const uint8_t *)file.ptr;
    if (file.len < HEADER_BYTES || memcmp(h, magic, sizeof(magic)) != 0) {
        return ch_fail(err, CH_E_FORMAT, "expected an SQLite database");
    }
    size_t page_bytes = ch_be16(h + 16) == 1 ? 65536 : ch_be16(h + 16);
    bool size_ok = page_bytes >= 512 && (page_bytes & (page_bytes - 1)) == 0;
    if (!size_ok || page_bytes - h[20] < 480 || file.len % page_bytes != 0 ||
        file.len / page_bytes > UINT32_MAX || ch_be32(h + 56) != 1) {
        return ch_fail(err, CH_E_FORMAT,
                       "SQLite: expected whole pages of a power of two, and text in UTF-8");
    }
    *d = (struct database){.ptr = h,
                           .page_bytes = page_bytes,
                           .usable_bytes = page_bytes - h[20],
                           .page_count = (uint32_t)(file.len / page_bytes)};
    d->used = ch_calloc(d->page_count / 8 + 1, 1);
    ch_buf_init(&d->record, ch_limits.sqlite_row_bytes);
    return CH_OK;
}

enum ch_code ch_sqlite_rows(struct ch_str file, struct ch_str table, ch_sqlite_row_fn *fn,
                            void *arg, struct ch_err *err)
{
    struct database d;
    struct finding_root f = {.table = table};
    enum ch_code rc = open_database(file, &d, err);
    if (rc != CH_OK) {
        return rc;
    }
    d.fn = on_schema;
    d.arg = &f;
    rc = walk(&d, 1, 0, err);
    if (rc == CH_OK && f.root == 0) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "SQLite: there is no table %.*s", CH_STR_ARG(table));
    }
    if (rc == CH_OK) {
        d.fn = fn;
        d.arg = arg;
        rc = walk(&d, f.root, 0, err);
    }
    free(d.used);
    ch_buf_done(&d.record);
    return rc;
}
