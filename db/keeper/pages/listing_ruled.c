/* Which rows of listings a ruling can be about: these are judged again, and no others. Wider than
 * its scope (rulings.c), where that is simpler: whole projects. */
#include "db/keeper/keeper_int.h"

static void touch_bytes(struct page *p, const struct ch_sha256 *sha256)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (ch_sha256_eq(&p->facts.files[i].index.sha256, sha256) ||
            ch_sha256_eq(&p->files[i].artifact, sha256)) {
            listing_touch_file(p, i);
        }
    }
}

static void touch(struct page *p, const struct ch_ruling_row *row)
{
    if ((row->repository.len > 0 && !ch_str_eq(row->repository, ch_str_of(p->repository))) ||
        (row->ecosystem.len > 0 && !ch_str_eq(row->ecosystem, ch_str_of(p->eco->name)))) {
        return;
    }
    if (row->file_name.len == 0 && row->project.len == 0) {
        touch_bytes(p, &row->sha256);
        return;
    }
    ptrdiff_t at = row->file_name.len > 0 ? page_find_file(p, row->file_name)
                                          : page_find_project(p, row->project);
    if (at >= 0) {
        listing_touch_file(p, (size_t)at);
    }
}

/* Others are judged anew as a whole: they go by rules of before these. */
static bool is_at(const struct keeper *k, const struct page *p)
{
    return p->load == PAGE_READY && p->listing.rows != NULL && p->listing.rules == k->rules;
}

void listing_touch_ruled(struct keeper *k, const struct ch_ruling_row *row)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        if (is_at(k, value)) {
            touch(value, row);
        }
    }
}

void listing_ruled(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        p->listing.rules += is_at(k, p);
    }
    k->rules++;
}
