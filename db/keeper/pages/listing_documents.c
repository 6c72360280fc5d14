/* The documents of a page of very many files: made once, on a thread, of rows that were all good at
 * one moment, and given to all gateways as they are. So no gateway renders several hundred MB
 * between two requests, and none has other documents than another. All of a generation are told by
 * one message: what is not made of it is not served beside it.
 *
 * What changes while they are made is in the next ones: a listing may lag, the file route does not
 * (rule 2). Who asked before they were begun is answered by them, so that a page of which something
 * changes all the time is answered at all; who asked later waits for what is good then. */
#include "db/keeper/keeper_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"

struct listing_job {
    struct page *page;
    struct waiter *waiting; /* since before it was begun */
    uint64_t clock, rules;  /* what the rows were good at */
    int64_t made_at_us, changes_at_us;
    bool rare;    /* with these, too */
    bool telling; /* those who waited are told */
    /* the thread's */
    const struct ch_ecosystem *eco;
    struct ch_blobs *files;
    struct page_facts facts; /* what `listed` borrows from */
    struct ch_page listed;
    struct ch_buf reasons, prefix, project;
    bool verdicts_due;
    struct listing_row *rows;
    char *texts;
    struct ch_sha256 verdicts;
    struct listing_documents documents;
    struct page_held held;
    enum ch_code code;
    struct ch_err err;
};

/* What is made of a page alone; others are documents of something else. */
static size_t document_count(const struct ch_ecosystem *eco)
{
    size_t n = 0;
    for (size_t f = 0; f < eco->format_count; f++) {
        n += eco->formats[f].render_page != NULL;
    }
    return n;
}

bool listing_has_documents(const struct page *p)
{
    return p->eco->is_page != NULL && p->eco->explains_held &&
           p->facts.file_count >= ch_limits.documents_files &&
           document_count(p->eco) <= CH_PAGE_DOCUMENTS_MAX;
}

bool listing_answers_as_it_is(const struct page *p)
{
    return p->listing.valid && p->listing.job != NULL && p->listing.job->telling;
}

void listing_documents_done(struct listing_documents *d)
{
    for (size_t i = 0; i < d->count; i++) {
        close(d->fds[i]);
    }
    *d = (struct listing_documents){0};
}

/* --- on the thread --- */

/* What it lies in is sealed, where that is a file. */
static enum ch_code add_document(struct listing_job *j, size_t format, const struct ch_file_buf *in)
{
    struct listing_documents *d = &j->documents;
    struct ch_str bytes = ch_buf_str(&in->buf);
    int *fd = &d->fds[d->count];
    enum ch_code rc = CH_OK;
    if (in->mapped == 0) {
        rc = jobs_memfd_of(bytes, fd, &j->err);
    } else if ((*fd = fcntl(in->read_fd, F_DUPFD_CLOEXEC, 0)) < 0) {
        rc = ch_fail_errno(&j->err, errno, "a document");
    }
    if (rc == CH_OK) {
        d->of[d->count++] =
            (struct ch_page_document){(uint8_t)format, ch_sha256_of(bytes.ptr, bytes.len)};
    }
    return rc;
}

static enum ch_code add_packed(struct listing_job *j, size_t format, struct ch_str rendered)
{
    struct ch_buf packed;
    struct ch_file_buf in;
    enum ch_code rc = ch_snapshot_pack(rendered, &packed, &j->err);
    if (rc != CH_OK) {
        ch_buf_done(&packed);
        return rc;
    }
    page_content_init(j->files, packed.len + 1, &in);
    ch_buf_puts(&in.buf, ch_buf_str(&packed));
    ch_buf_done(&packed);
    rc = in.mapped > 0 ? ch_file_buf_seal(&in, &j->err) : ch_buf_ok(&in.buf, &j->err);
    rc = rc == CH_OK ? add_document(j, format, &in) : rc;
    page_content_done(&in);
    return rc;
}

/* About what its documents take at most: each record, and why it is held. */
static size_t room_for(const struct listing_job *j)
{
    enum { HEAD = 65536, OF_A_FILE = 256 };
    size_t room =
        HEAD + j->facts.content.buf.len + 2 * j->reasons.len + j->listed.file_count * OF_A_FILE;
    return room < ch_limits.gateway_page_bytes ? room : (size_t)ch_limits.gateway_page_bytes;
}

static enum ch_code render(struct listing_job *j, const struct ch_index_format *format,
                           struct ch_file_buf *ret)
{
    page_content_init(j->files, room_for(j), ret);
    enum ch_code rc = format->render_page(&j->listed, ch_buf_str(&j->prefix), &ret->buf, &j->err);
    if (rc == CH_E_LIMIT && ret->buf.max < ch_limits.gateway_page_bytes) { /* more than expected */
        page_content_done(ret);
        page_content_init(NULL, (size_t)ch_limits.gateway_page_bytes, ret);
        rc = format->render_page(&j->listed, ch_buf_str(&j->prefix), &ret->buf, &j->err);
    }
    return rc == CH_OK && ret->mapped > 0 ? ch_file_buf_seal(ret, &j->err) : rc;
}

static void digest_verdicts(struct listing_job *j)
{
    struct ch_buf all;
    ch_buf_init(&all, ch_limits.gateway_page_bytes);
    listing_put_verdicts(&j->facts, j->rows, j->texts, &all);
    j->code = ch_buf_ok(&all, &j->err);
    j->verdicts = ch_sha256_of(all.len > 0 ? all.ptr : "", all.len);
    ch_buf_done(&all);
}

static void make(void *ctx)
{
    struct listing_job *j = ctx;
    const struct ch_index_format *last = NULL;
    struct ch_file_buf body = {.mapped = 0};
    if (j->verdicts_due) {
        digest_verdicts(j);
    }
    for (size_t f = 0; f < j->eco->format_count && j->code == CH_OK; f++) {
        const struct ch_index_format *format = &j->eco->formats[f];
        if (format->render_page == NULL || (format->rare && !j->rare)) {
            continue;
        }
        if (last == NULL || last->render_page != format->render_page) {
            page_content_done(&body);
            j->code = render(j, format, &body);
            last = format;
        }
        if (j->code == CH_OK) {
            j->code =
                format->zstd ? add_packed(j, f, ch_buf_str(&body.buf)) : add_document(j, f, &body);
        }
    }
    page_content_done(&body);
    held_count(&j->listed, &j->held);
}

/* --- */

static void free_job(struct listing_job *j)
{
    listing_documents_done(&j->documents);
    ch_page_done(&j->listed);
    page_facts_done(&j->facts);
    ch_buf_done(&j->reasons);
    ch_buf_done(&j->prefix);
    ch_buf_done(&j->project);
    free(j->rows);
    free(j->texts);
    free(j);
}

/* They are what is listed, as of when they were begun. */
static void install(struct keeper *k, struct page *p, struct listing_job *j)
{
    struct listing_cache *l = &p->listing;
    struct ch_sha256 all = ch_sha256_of(j->documents.of, sizeof(j->documents.of));
    struct ch_rd r = ch_rd_of(all.byte, sizeof(all.byte));
    if (j->verdicts_due && k->rules == j->rules) { /* else they would be told of another policy */
        listing_log(k, p, &j->verdicts);
    }
    listing_documents_done(&l->documents);
    ch_buf_done(&l->bytes);
    l->documents = j->documents;
    j->documents = (struct listing_documents){0};
    l->generation = ch_get_u64(&r) | 1;
    l->asked_count = 0;
    l->made_at_us = j->made_at_us;
    p->held = j->held;
    p->held.generation = l->generation;
    p->held.at_us = j->made_at_us;
    l->changes_at_us = j->changes_at_us;
    l->encoded = j->clock;
    l->valid = true;
}

static void on_made(void *ctx, const struct published *unused)
{
    struct listing_job *j = ctx;
    struct page *p = j->page;
    struct keeper *k = p->keeper;
    (void)unused;
    bool of_these = p->load == PAGE_READY && p->listing.rows != NULL &&
                    p->facts.users == j->facts.users; /* it has no other facts since */
    if (j->code != CH_OK) {
        keeper_log("page", "project=%s error=\"%s\"", p->project, j->err.msg);
        p->listing.changed = true; /* what there is was not made of the rows as they are */
    }
    if (of_these && j->code == CH_OK) {
        install(k, p, j);
    }
    struct waiter *waiting = j->waiting;
    j->waiting = NULL;
    if (j->code == CH_OK) {
        j->telling = of_these;
        listing_tell(k, p, waiting);
    } else {
        while (waiting != NULL) { /* as a page that could not be encoded */
            struct waiter *next = waiting->next;
            waiting->next = NULL;
            ask_page_failed(k, waiting, ch_str_of(j->err.msg));
            waiting = next;
        }
    }
    p->listing.job = NULL;
    free_job(j);
    if (p->listed != NULL) { /* since it was begun: good for them, too, or made once more */
        ch_loop_set_timer(k->child.loop, &p->judging, ch_loop_now_ms(k->child.loop));
    }
}

void listing_make_documents(struct keeper *k, struct page *p)
{
    struct listing_job *j = ch_calloc(1, sizeof(*j));
    struct listing_cache *l = &p->listing;
    j->page = p;
    j->waiting = p->listed;
    p->listed = NULL;
    j->clock = l->clock;
    j->rules = k->rules;
    j->rare = l->rare;
    j->made_at_us = keeper_now_us(k);
    j->changes_at_us = listing_changes_at(p);
    j->eco = p->eco;
    j->files = k->blobs;
    j->facts = page_facts_share(&p->facts);
    listing_page(p, &j->listed, &j->reasons);
    ch_buf_init(&j->prefix, 1024);
    ch_buf_printf(&j->prefix, "/%s", p->repository);
    ch_buf_init(&j->project, 1024);
    ch_buf_puts(&j->project, page_name(p));
    j->listed.project = ch_buf_str(&j->project);
    j->verdicts_due = !listing_is_logged(k, p);
    if (j->verdicts_due) {
        size_t rows = p->facts.file_count * sizeof(*j->rows);
        j->rows = ch_alloc(rows + 1);
        memcpy(j->rows, l->rows, rows);
        j->texts = ch_alloc(l->texts.len + 1);
        memcpy(j->texts, l->texts.ptr, l->texts.len);
    }
    l->job = j;
    offload_run(k, make, on_made, j);
}

void listing_job_free(struct listing_job *j)
{
    while (j != NULL && j->waiting != NULL) {
        struct waiter *w = j->waiting;
        j->waiting = w->next;
        ask_free_waiter(w);
    }
    if (j != NULL) {
        free_job(j);
    }
}
