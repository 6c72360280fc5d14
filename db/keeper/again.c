/* Judging again what was told to anybody, when what decides it has changed. */
#include "keeper_int.h"

void again_page(struct keeper *k, struct page *p)
{
    if (p->load != PAGE_READY) {
        return;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct page_file *f = &p->files[i];
        bool told = f->recorded_verdict >= 0 && !ch_sha256_is_zero(&f->artifact);
        if (!told && !serve_is_shown(p, i)) {
            continue; /* nobody was told anything about it */
        }
        struct ch_decision d;
        struct ch_err err;
        judge(k, p, i, &d);
        serve_withdraw(k, p, i, &d);
        if (told && judge_record(k, p, i, &d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
}

struct names {
    struct keeper *k;
    struct ch_buf buf; /* pairs of strings: repository, project */
};

static void collect(void *ctx, const struct ch_decision_row *row)
{
    struct names *n = ctx;
    ch_put_str(&n->buf, row->repository);
    ch_put_str(&n->buf, row->project);
}

void again_all(struct keeper *k)
{
    keeper_raise_epoch(k);
    struct names n = {.k = k};
    struct ch_err err;
    ch_buf_init(&n.buf, 256u << 20);
    if (ch_store_decisions_by_verdict(k->store, CH_VERDICT_ALLOW, SIZE_MAX >> 1, collect, &n,
                                      &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    struct ch_rd r = ch_rd_of(n.buf.ptr, n.buf.len);
    struct page *last = NULL;
    while (ch_rd_left(&r) > 0) {
        struct ch_str repository = ch_get_str(&r, 256);
        struct ch_str project = ch_get_str(&r, 256);
        struct page *p = page_get(k, repository, project);
        if (p != NULL && p != last && page_load(k, p)) {
            again_page(k, p);
        }
        last = p;
    }
    ch_buf_done(&n.buf);
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) { /* those that only showed metadata */
        struct page *p = value;
        if (p->shown != NULL && ch_map_count(p->shown) > 0) {
            again_page(k, p);
        }
    }
}
