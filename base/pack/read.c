#include "pack_int.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "customhouse/limits.h"

static struct ch_rd at(const struct ch_pack *p, size_t from, size_t len)
{
    return ch_rd_of(p->map + from, len);
}

/* Tables lie one behind the other, between the entries and the footer. */
static bool read_footer(struct ch_pack *p)
{
    struct ch_rd r = at(p, p->len - PACK_FOOTER_BYTES, PACK_FOOTER_BYTES);
    uint64_t projects_at = ch_get_u64(&r), projects = ch_get_u64(&r);
    uint64_t rows_at = ch_get_u64(&r), rows = ch_get_u64(&r);
    uint64_t end = p->len - PACK_FOOTER_BYTES;
    if (memcmp(p->map, PACK_MAGIC, PACK_MAGIC_BYTES) != 0 ||
        memcmp(p->map + p->len - PACK_MAGIC_BYTES, PACK_MAGIC, PACK_MAGIC_BYTES) != 0 ||
        rows > ch_limits.pack_records || projects > rows || projects_at < PACK_MAGIC_BYTES ||
        projects_at > end || rows_at > end || rows_at < projects_at ||
        rows_at - projects_at != projects * PACK_PROJECT_BYTES ||
        end - rows_at != rows * PACK_ROW_BYTES) {
        return false;
    }
    p->projects_at = (size_t)projects_at;
    p->rows_at = (size_t)rows_at;
    p->project_count = (size_t)projects;
    p->row_count = (size_t)rows;
    return true;
}

struct ch_str ch_pack_project(const struct ch_pack *p, size_t i, size_t *ret_from, size_t *ret_to)
{
    struct ch_rd r = at(p, p->projects_at + i * PACK_PROJECT_BYTES, PACK_PROJECT_BYTES);
    uint64_t name_at = ch_get_u64(&r);
    uint32_t len = ch_get_u32(&r);
    *ret_from = ch_get_u32(&r);
    *ret_to = p->row_count;
    if (i + 1 < p->project_count) {
        r = at(p, p->projects_at + (i + 2) * PACK_PROJECT_BYTES - 4, 4);
        *ret_to = ch_get_u32(&r);
    }
    return name_at < p->projects_at && len <= p->projects_at - name_at
               ? (struct ch_str){(const char *)p->map + name_at, len}
               : (struct ch_str){NULL, 0};
}

/* Names ascend, and rows with them: then each search ends, and ranges are in bounds. */
static bool projects_are_good(const struct ch_pack *p)
{
    struct ch_str before = {NULL, 0};
    size_t row = 0;
    for (size_t i = 0; i < p->project_count; i++) {
        size_t from, to;
        struct ch_str name = ch_pack_project(p, i, &from, &to);
        if (name.len == 0 || (i > 0 && ch_str_cmp(before, name) >= 0) || from != row ||
            to <= from || to > p->row_count) {
            return false;
        }
        before = name;
        row = to;
    }
    return row == p->row_count;
}

enum ch_code ch_pack_open(int fd, struct ch_pack *ret, struct ch_err *err)
{
    struct stat st;
    struct ch_pack p = {0};
    *ret = p;
    if (fstat(fd, &st) != 0) {
        return ch_fail_errno(err, errno, "pack");
    }
    if (st.st_size < PACK_MAGIC_BYTES + PACK_FOOTER_BYTES) {
        return ch_fail(err, CH_E_FORMAT, "pack: %lld bytes are none", (long long)st.st_size);
    }
    void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        return ch_fail_errno(err, errno, "pack: map %lld bytes", (long long)st.st_size);
    }
    p.map = map;
    p.len = (size_t)st.st_size;
    if (!read_footer(&p) || !projects_are_good(&p)) {
        munmap(map, p.len);
        return ch_fail(err, CH_E_FORMAT, "pack: its tables are damaged");
    }
    *ret = p;
    return CH_OK;
}

void ch_pack_close(struct ch_pack *p)
{
    if (p->map != NULL) {
        munmap((void *)(uintptr_t)p->map, p->len);
    }
    *p = (struct ch_pack){0};
}

/* False: it lies outside of the entries. */
static bool row_bytes(const struct ch_pack *p, size_t i, struct ch_rd *ret)
{
    struct ch_rd r = at(p, p->rows_at + i * PACK_ROW_BYTES, PACK_ROW_BYTES);
    uint64_t from = ch_get_u64(&r);
    uint32_t len = ch_get_u32(&r);
    if (from < PACK_MAGIC_BYTES || from > p->projects_at || len > p->projects_at - from) {
        return false;
    }
    *ret = at(p, (size_t)from, len);
    return true;
}

enum ch_code ch_pack_row(const struct ch_pack *p, size_t i, struct ch_pack_entry *ret,
                         struct ch_err *err)
{
    struct ch_rd r;
    struct ch_pack_entry e = {0};
    CH_ASSERT(i < p->row_count);
    *ret = e;
    if (!row_bytes(p, i, &r)) {
        return ch_fail(err, CH_E_FORMAT, "pack: row %zu lies outside", i);
    }
    ch_index_file_get(&r, &e.file);
    uint8_t baseline = ch_get_u8(&r);
    e.baseline = baseline == 1;
    e.first_seen_at_us = ch_get_i64(&r);
    e.last_absent_at_us = ch_get_i64(&r);
    e.removed_at_us = ch_get_i64(&r);
    if (baseline > 1 || e.file.project.len == 0) {
        ch_rd_fail(&r);
    }
    enum ch_code rc = ch_rd_end(&r, "pack: a row", err);
    if (rc == CH_OK) {
        *ret = e;
    }
    return rc;
}

bool ch_pack_find_project(const struct ch_pack *p, struct ch_str name, size_t *ret_from,
                          size_t *ret_to)
{
    size_t low = 0, high = p->project_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = ch_str_cmp(ch_pack_project(p, middle, ret_from, ret_to), name);
        if (order == 0) {
            return true;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return false;
}

enum ch_code ch_pack_find(const struct ch_pack *p, struct ch_str project, struct ch_str file_name,
                          size_t *ret_row, struct ch_err *err)
{
    size_t low, high;
    if (!ch_pack_find_project(p, project, &low, &high)) {
        return ch_fail(err, CH_E_NOT_FOUND, "no such project");
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        struct ch_rd r;
        if (!row_bytes(p, middle, &r)) {
            return ch_fail(err, CH_E_FORMAT, "pack: row %zu lies outside", middle);
        }
        struct ch_str name = ch_get_str(&r, ch_limits.file_name_bytes);
        int order = ch_str_cmp(name, file_name);
        if (order == 0 && name.len > 0) {
            *ret_row = middle;
            return CH_OK;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return ch_fail(err, CH_E_NOT_FOUND, "no such file");
}
