#include "pack_int.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/map.h"

enum { PIECE = 1 << 20 }; /* written at once */

struct row {
    uint64_t at;
    uint32_t len;
    uint32_t project; /* as they came; at the end: by name */
};

struct project {
    char *name;
    uint32_t id;
    uint32_t first_row;
};

struct ch_pack_writer {
    int fd;
    uint64_t at; /* of the next byte, also of those that wait in `piece` */
    struct ch_buf piece;
    struct ch_map *ids; /* project -> its number, plus one */
    struct project *projects;
    size_t project_count, project_cap;
    struct row *rows;
    size_t row_count, row_cap;
    enum ch_code failed;
};

struct ch_pack_writer *ch_pack_writer_new(int fd)
{
    struct ch_pack_writer *w = ch_calloc(1, sizeof(*w));
    w->fd = fd;
    w->ids = ch_map_new();
    ch_buf_init(&w->piece, PIECE + 2 * ch_limits.record_bytes + 4 * ch_limits.url_bytes);
    ch_put_bytes(&w->piece, PACK_MAGIC, PACK_MAGIC_BYTES);
    w->at = PACK_MAGIC_BYTES;
    return w;
}

void ch_pack_writer_free(struct ch_pack_writer *w)
{
    for (size_t i = 0; w != NULL && i < w->project_count; i++) {
        free(w->projects[i].name);
    }
    if (w != NULL) {
        free(w->projects);
        free(w->rows);
        ch_map_free(w->ids);
        ch_buf_done(&w->piece);
        free(w);
    }
}

static enum ch_code flush(struct ch_pack_writer *w, struct ch_err *err)
{
    struct ch_str left = ch_buf_str(&w->piece);
    while (left.len > 0) {
        ssize_t n = write(w->fd, left.ptr, left.len);
        if (n < 0 && errno != EINTR) {
            return ch_fail_errno(err, errno, "pack");
        }
        left = ch_str_sub(left, n > 0 ? (size_t)n : 0, left.len);
    }
    ch_buf_clear(&w->piece);
    return CH_OK;
}

/* What was put into the piece since `from` is part of the file. */
static enum ch_code wrote(struct ch_pack_writer *w, size_t from, struct ch_err *err)
{
    enum ch_code rc = ch_buf_ok(&w->piece, err);
    w->at += w->piece.len - from;
    return rc == CH_OK && w->piece.len >= PIECE ? flush(w, err) : rc;
}

static uint32_t project_id(struct ch_pack_writer *w, struct ch_str name)
{
    uintptr_t known = (uintptr_t)ch_map_get(w->ids, name);
    if (known == 0) {
        if (w->project_count == w->project_cap) {
            w->project_cap = w->project_cap == 0 ? 1024 : w->project_cap * 2;
            w->projects = ch_realloc_array(w->projects, w->project_cap, sizeof(*w->projects));
        }
        w->projects[w->project_count] =
            (struct project){.name = ch_str_dup(name), .id = (uint32_t)w->project_count};
        known = ++w->project_count;
        ch_map_set(w->ids, name, (void *)known);
    }
    return (uint32_t)(known - 1);
}

static enum ch_code add(struct ch_pack_writer *w, const struct ch_pack_entry *e, struct ch_err *err)
{
    if (e->file.project.len == 0) {
        return ch_fail(err, CH_E_USAGE, "pack: a record without a project");
    }
    if (w->row_count >= ch_limits.pack_records) {
        return ch_fail(err, CH_E_LIMIT, "pack: more than %llu records",
                       (unsigned long long)ch_limits.pack_records);
    }
    if (w->row_count == w->row_cap) {
        w->row_cap = w->row_cap == 0 ? 4096 : w->row_cap * 2;
        w->rows = ch_realloc_array(w->rows, w->row_cap, sizeof(*w->rows));
    }
    size_t from = w->piece.len;
    uint64_t at = w->at;
    ch_index_file_put(&w->piece, &e->file);
    ch_put_u8(&w->piece, e->baseline);
    ch_put_i64(&w->piece, e->first_seen_at_us);
    ch_put_i64(&w->piece, e->last_absent_at_us);
    ch_put_i64(&w->piece, e->removed_at_us);
    w->rows[w->row_count++] = (struct row){.at = at,
                                           .len = (uint32_t)(w->piece.len - from),
                                           .project = project_id(w, e->file.project)};
    return wrote(w, from, err);
}

enum ch_code ch_pack_add(struct ch_pack_writer *w, const struct ch_pack_entry *e,
                         struct ch_err *err)
{
    if (w->failed == CH_OK) {
        w->failed = add(w, e, err);
        return w->failed;
    }
    return ch_fail(err, w->failed, "pack: an earlier record could not be written");
}

/* --- the tables --- */

static int by_name(const void *a, const void *b)
{
    const struct project *x = a, *y = b;
    return ch_str_cmp(ch_str_of(x->name), ch_str_of(y->name));
}

static struct ch_str file_name_at(const uint8_t *map, const struct row *row)
{
    struct ch_rd r = ch_rd_of(map + row->at, row->len);
    return ch_get_str(&r, ch_limits.file_name_bytes); /* the first field of an entry */
}

static int by_project_and_name(const void *a, const void *b, void *map)
{
    const struct row *x = a, *y = b;
    return x->project != y->project ? (x->project < y->project ? -1 : 1)
                                    : ch_str_cmp(file_name_at(map, x), file_name_at(map, y));
}

/* Names stand in the file; they are read from there. */
static enum ch_code sort_rows(struct ch_pack_writer *w, struct ch_err *err)
{
    if (w->row_count == 0) {
        return CH_OK;
    }
    uint32_t *rank = ch_calloc(w->project_count + 1, sizeof(*rank));
    qsort(w->projects, w->project_count, sizeof(*w->projects), by_name);
    for (size_t i = 0; i < w->project_count; i++) {
        rank[w->projects[i].id] = (uint32_t)i;
    }
    for (size_t i = 0; i < w->row_count; i++) {
        w->rows[i].project = rank[w->rows[i].project];
    }
    free(rank);
    void *map = mmap(NULL, w->at, PROT_READ, MAP_SHARED, w->fd, 0);
    if (map == MAP_FAILED) {
        return ch_fail_errno(err, errno, "pack: map %llu bytes", (unsigned long long)w->at);
    }
    qsort_r(w->rows, w->row_count, sizeof(*w->rows), by_project_and_name, map);
    enum ch_code rc = CH_OK;
    for (size_t i = 1; i < w->row_count && rc == CH_OK; i++) {
        if (by_project_and_name(&w->rows[i - 1], &w->rows[i], map) == 0) {
            rc = ch_fail(err, CH_E_EXISTS, "pack: \"%.*s\" is there twice",
                         CH_STR_ARG(file_name_at(map, &w->rows[i])));
        }
    }
    munmap(map, w->at);
    return rc;
}

static enum ch_code put_projects(struct ch_pack_writer *w, uint64_t *ret_at, struct ch_err *err)
{
    uint64_t names_at = w->at;
    enum ch_code rc = CH_OK;
    for (size_t i = 0; i < w->project_count && rc == CH_OK; i++) {
        size_t from = w->piece.len;
        ch_buf_puts(&w->piece, ch_str_of(w->projects[i].name));
        rc = wrote(w, from, err);
    }
    for (size_t i = w->row_count; i > 0; i--) {
        w->projects[w->rows[i - 1].project].first_row = (uint32_t)(i - 1);
    }
    *ret_at = w->at;
    for (size_t i = 0; i < w->project_count && rc == CH_OK; i++) {
        size_t from = w->piece.len, len = ch_str_of(w->projects[i].name).len;
        ch_put_u64(&w->piece, names_at);
        ch_put_u32(&w->piece, (uint32_t)len);
        ch_put_u32(&w->piece, w->projects[i].first_row);
        names_at += len;
        rc = wrote(w, from, err);
    }
    return rc;
}

static enum ch_code put_rows(struct ch_pack_writer *w, uint64_t *ret_at, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    *ret_at = w->at;
    for (size_t i = 0; i < w->row_count && rc == CH_OK; i++) {
        size_t from = w->piece.len;
        ch_put_u64(&w->piece, w->rows[i].at);
        ch_put_u32(&w->piece, w->rows[i].len);
        rc = wrote(w, from, err);
    }
    return rc;
}

enum ch_code ch_pack_finish(struct ch_pack_writer *w, struct ch_err *err)
{
    uint64_t projects_at = 0, rows_at = 0;
    if (w->failed != CH_OK) {
        return ch_fail(err, w->failed, "pack: a record could not be written");
    }
    enum ch_code rc = flush(w, err);
    rc = rc == CH_OK ? sort_rows(w, err) : rc;
    rc = rc == CH_OK ? put_projects(w, &projects_at, err) : rc;
    rc = rc == CH_OK ? put_rows(w, &rows_at, err) : rc;
    if (rc == CH_OK) {
        ch_put_u64(&w->piece, projects_at);
        ch_put_u64(&w->piece, w->project_count);
        ch_put_u64(&w->piece, rows_at);
        ch_put_u64(&w->piece, w->row_count);
        ch_put_bytes(&w->piece, PACK_MAGIC, PACK_MAGIC_BYTES);
        rc = flush(w, err);
    }
    w->failed = rc == CH_OK ? CH_E_USAGE : rc; /* it is finished */
    return rc;
}
