#include <string.h>

#include "customhouse/big_endian.h"
#include "customhouse/limits.h"
#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"
#include "scanner/inventory/sqlite_file.h"

enum {
    TAG_NAME = 1000,
    TAG_VERSION = 1001,
    TAG_RELEASE = 1002,
    TAG_EPOCH = 1003,
    TAG_LICENCE = 1014,
    TAG_ARCHITECTURE = 1022,
    TAG_SOURCE = 1044,
};
enum { TYPE_INT32 = 4, TYPE_STRING = 6 };
enum { INTRO_BYTES = 8, ENTRY_BYTES = 16 };

struct header {
    int64_t row;
    const uint8_t *entries;
    size_t entry_count;
    struct ch_str data;
};

struct reading {
    ch_package_fn *fn;
    void *arg;
    struct ch_buf version;
};

static enum ch_code wrong(const struct header *h, struct ch_err *err, const char *what)
{
    return ch_fail(err, CH_E_FORMAT, "row %lld: %s", (long long)h->row, what);
}

/* Where the data of a tag begins; *ret is absent when the header has none. */
static enum ch_code find(const struct header *h, uint32_t tag, uint32_t type, struct ch_str *ret,
                         struct ch_err *err)
{
    *ret = (struct ch_str){NULL, 0};
    for (size_t i = 0; i < h->entry_count; i++) {
        const uint8_t *entry = h->entries + i * ENTRY_BYTES;
        if (ch_be32(entry) != tag) {
            continue;
        }
        if (ret->ptr != NULL) {
            return wrong(h, err, "a tag is there twice");
        }
        if (ch_be32(entry + 4) != type || ch_be32(entry + 12) != 1 ||
            ch_be32(entry + 8) >= h->data.len) {
            return wrong(h, err, "a tag of another type, or whose data lies elsewhere");
        }
        *ret = ch_str_sub(h->data, ch_be32(entry + 8), h->data.len);
    }
    return CH_OK;
}

static enum ch_code get_text(const struct header *h, uint32_t tag, struct ch_str *ret,
                             struct ch_err *err)
{
    size_t end;
    enum ch_code rc = find(h, tag, TYPE_STRING, ret, err);
    if (rc == CH_OK && ret->ptr != NULL) {
        if (!ch_str_find_char(*ret, '\0', &end)) {
            return wrong(h, err, "a text that does not end");
        }
        *ret = ch_str_sub(*ret, 0, end);
    }
    return rc;
}

static enum ch_code put_version(struct reading *r, const struct header *h, struct ch_err *err)
{
    struct ch_str epoch;
    struct ch_str version;
    struct ch_str release;
    ch_buf_clear(&r->version);
    enum ch_code rc = find(h, TAG_EPOCH, TYPE_INT32, &epoch, err);
    rc = rc == CH_OK ? get_text(h, TAG_VERSION, &version, err) : rc;
    rc = rc == CH_OK ? get_text(h, TAG_RELEASE, &release, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if ((epoch.ptr != NULL && epoch.len < 4) || !ch_is_word(version) || !ch_is_word(release)) {
        return wrong(h, err, "a package without version and release");
    }
    if (epoch.ptr != NULL) {
        ch_buf_printf(&r->version, "%u:", ch_be32((const uint8_t *)epoch.ptr));
    }
    ch_buf_puts(&r->version, version);
    ch_buf_putc(&r->version, '-');
    ch_buf_puts(&r->version, release);
    return ch_buf_ok(&r->version, err);
}

static enum ch_code read_header(struct reading *r, const struct header *h, struct ch_err *err)
{
    struct ch_package p = {.kind = CH_PACKAGE_RPM, .line = (size_t)h->row};
    enum ch_code rc = get_text(h, TAG_NAME, &p.name, err);
    rc = rc == CH_OK ? put_version(r, h, err) : rc;
    rc = rc == CH_OK ? get_text(h, TAG_ARCHITECTURE, &p.architecture, err) : rc;
    rc = rc == CH_OK ? get_text(h, TAG_SOURCE, &p.source, err) : rc;
    rc = rc == CH_OK ? get_text(h, TAG_LICENCE, &p.licence, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    if (!ch_is_word(p.name)) {
        return wrong(h, err, "a package without name");
    }
    p.version = ch_buf_str(&r->version);
    r->fn(r->arg, &p);
    return CH_OK;
}

/* Columns hnum, which is the row's id, and blob. */
static enum ch_code on_row(void *arg, int64_t rowid, struct ch_str record, struct ch_err *err)
{
    struct ch_sqlite_value blob;
    struct header h = {.row = rowid};
    enum ch_code rc = ch_sqlite_column(record, 1, &blob, err);
    if (rc != CH_OK) {
        return rc;
    }
    const uint8_t *p = (const uint8_t *)blob.bytes.ptr;
    if (blob.type != CH_SQLITE_BLOB || blob.bytes.len < INTRO_BYTES) {
        return wrong(&h, err, "expected a header");
    }
    const uint64_t entries = (uint64_t)ch_be32(p) * ENTRY_BYTES;
    if (entries + ch_be32(p + 4) != blob.bytes.len - INTRO_BYTES) {
        return wrong(&h, err, "a header of another size than it says");
    }
    h.entries = p + INTRO_BYTES;
    h.entry_count = ch_be32(p);
    h.data = ch_str_sub(blob.bytes, INTRO_BYTES + (size_t)entries, blob.bytes.len);
    return read_header(arg, &h, err);
}

enum ch_code ch_inventory_rpm_sqlite(struct ch_str file, ch_package_fn *fn, void *arg,
                                     struct ch_err *err)
{
    struct reading r = {.fn = fn, .arg = arg};
    ch_buf_init(&r.version, ch_limits.text_bytes);
    enum ch_code rc = ch_sqlite_rows(file, CH_STR("Packages"), on_row, &r, err);
    ch_buf_done(&r.version);
    return rc;
}
