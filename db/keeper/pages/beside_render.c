/* What the upstream says beside its pages, rendered of pages whose rows were all good at one
 * moment, on the thread for pages: as their own documents (listing_documents.c). */
#include "beside.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/asks/ask_int.h"

struct beside_job {
    struct beside *b;
    struct beside_said *said;
    uint64_t serial;
    struct ch_sha256 of_pages;
    struct rendered_page { /* what its listing borrows from */
        struct page_facts facts;
        struct ch_buf reasons, name;
    } * pages;
    struct ch_page *listed;
    size_t count;
    /* the thread's */
    const struct ch_ecosystem *eco;
    const struct ch_beside *what;
    struct listing_documents documents;
    struct ch_err err;
};

/* --- on the thread --- */

static enum ch_code add(struct beside_job *j, size_t format, struct ch_str rendered)
{
    struct listing_documents *d = &j->documents;
    struct ch_buf packed = {0};
    struct ch_str bytes = rendered;
    enum ch_code rc = CH_OK;
    if (j->eco->formats[format].zstd) {
        rc = ch_snapshot_pack(rendered, &packed, &j->err);
        bytes = ch_buf_str(&packed);
    }
    rc = rc == CH_OK ? jobs_memfd_of(bytes, &d->fds[d->count], &j->err) : rc;
    if (rc == CH_OK) {
        d->of[d->count++] =
            (struct ch_page_document){(uint8_t)format, ch_sha256_of(bytes.ptr, bytes.len)};
    }
    ch_buf_done(&packed);
    return rc;
}

static void make(void *ctx)
{
    struct beside_job *j = ctx;
    struct ch_buf out;
    ch_buf_init(&out, (size_t)ch_limits.gateway_page_bytes);
    j->err.code =
        j->what->render(j->listed, j->count, j->said->entries, j->said->count, &out, &j->err);
    for (size_t f = 0; f < j->eco->format_count && j->err.code == CH_OK; f++) {
        if (j->eco->formats[f].beside == j->what) {
            j->err.code = add(j, f, ch_buf_str(&out));
        }
    }
    ch_buf_done(&out);
}

/* --- */

void beside_job_free(struct beside_job *j)
{
    if (j == NULL) {
        return;
    }
    listing_documents_done(&j->documents);
    for (size_t i = 0; i < j->count; i++) {
        ch_page_done(&j->listed[i]);
        page_facts_done(&j->pages[i].facts);
        ch_buf_done(&j->pages[i].reasons);
        ch_buf_done(&j->pages[i].name);
    }
    beside_said_unref(j->said);
    free(j->pages);
    free(j->listed);
    free(j);
}

static void on_made(void *ctx, const struct published *unused)
{
    struct beside_job *j = ctx;
    struct beside *b = j->b;
    struct ch_sha256 all = ch_sha256_of(j->documents.of, sizeof(j->documents.of));
    struct ch_rd r = ch_rd_of(all.byte, sizeof(all.byte));
    (void)unused;
    listing_documents_done(&b->documents);
    b->make_err = j->err;
    b->documents = j->documents;
    j->documents = (struct listing_documents){0};
    b->generation = ch_get_u64(&r) | 1;
    b->of_serial = j->serial;
    b->of_pages = j->of_pages;
    if (j->err.code != CH_OK) {
        keeper_log("beside", "repository=%s page=%s error=\"%s\"", b->repository, b->page,
                   j->err.msg);
        listing_documents_done(&b->documents);
    }
    struct waiter *list = b->making;
    b->making = NULL;
    b->telling = true;
    while (list != NULL) {
        struct waiter *next = list->next;
        list->next = NULL;
        ask_go_on(b->k, NULL, list);
        list = next;
    }
    b->telling = false;
    b->job = NULL;
    beside_job_free(j);
    /* who came for other pages' sake meanwhile */
    list = b->making;
    b->making = NULL;
    while (list != NULL) {
        struct waiter *next = list->next;
        list->next = NULL;
        ask_go_on(b->k, NULL, list);
        list = next;
    }
}

static struct ch_sha256 digest_of(struct page *const *pages, size_t count)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.root_bytes);
    for (size_t i = 0; i < count; i++) {
        ch_put_str(&b, page_name(pages[i]));
        ch_put_u64(&b, pages[i]->listing.generation);
    }
    struct ch_sha256 digest = ch_sha256_of(b.len > 0 ? b.ptr : "", b.len);
    ch_buf_done(&b);
    return digest;
}

static void start(struct beside *b, struct page *const *pages, size_t count,
                  const struct ch_sha256 *of_pages)
{
    struct beside_job *j = ch_calloc(1, sizeof(*j));
    j->b = b;
    j->said = b->said;
    j->said->users++;
    j->serial = b->serial;
    j->of_pages = *of_pages;
    j->eco = b->eco;
    j->what = b->what;
    j->pages = ch_calloc(count + 1, sizeof(*j->pages));
    j->listed = ch_calloc(count + 1, sizeof(*j->listed));
    for (; j->count < count; j->count++) {
        struct rendered_page *of = &j->pages[j->count];
        of->facts = page_facts_share(&pages[j->count]->facts);
        listing_page(pages[j->count], &j->listed[j->count], &of->reasons);
        ch_buf_init(&of->name, 1024);
        ch_buf_puts(&of->name, page_name(pages[j->count]));
        j->listed[j->count].project = ch_buf_str(&of->name);
    }
    b->job = j;
    offload_run(b->k, make, on_made, j);
}

bool beside_answers_as_it_is(const struct beside *b)
{
    return b->telling;
}

enum listing_state beside_make(struct beside *b, struct page *const *pages, size_t count,
                               struct waiter *w)
{
    struct ch_sha256 of_pages = digest_of(pages, count);
    bool good =
        b->generation != 0 && b->of_serial == b->serial && ch_sha256_eq(&b->of_pages, &of_pages);
    if (b->telling || good) { /* of what was said when it was made; the upstream may have taken that
                                 away meanwhile */
        return b->make_err.code == CH_OK ? LISTING_THERE : LISTING_FAILED;
    }
    CH_ASSERT(b->said != NULL);
    if (b->job == NULL) {
        start(b, pages, count, &of_pages);
    }
    w->next = b->making;
    b->making = w;
    return LISTING_LATER;
}
