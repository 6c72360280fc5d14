#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/blobs.h"

/* Not at once, or who waits for it would have it fetched over and over where an index is read each
 * second. */
#define PAUSE_US (3 * 1000000LL)
/* An index that is not read again (of an image's digest there is no other answer): then, too. */
#define AGAIN_US (600 * 1000000LL)

/* ------------------------------------------------------------------ what is known */

static size_t place_of(const struct page *p, size_t file)
{
    size_t low = 0, high = p->fault_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->faults[middle].file < file) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const struct fault *faults_of(const struct page *p, size_t file)
{
    size_t at = place_of(p, file);
    return at < p->fault_count && p->faults[at].file == file ? &p->faults[at] : NULL;
}

static void drop(struct page *p, size_t file)
{
    size_t at = place_of(p, file);
    if (at < p->fault_count && p->faults[at].file == file) {
        p->fault_count--;
        memmove(&p->faults[at], &p->faults[at + 1], (p->fault_count - at) * sizeof(p->faults[0]));
    }
}

static void keep(struct page *p, const struct fault *f)
{
    drop(p, f->file);
    size_t at = place_of(p, f->file);
    p->faults = ch_realloc_array(p->faults, p->fault_count + 1, sizeof(p->faults[0]));
    memmove(&p->faults[at + 1], &p->faults[at], (p->fault_count - at) * sizeof(p->faults[0]));
    p->faults[at] = *f;
    p->fault_count++;
}

void faults_done(struct page *p)
{
    free(p->faults);
    p->faults = NULL;
    p->fault_count = 0;
}

/* Such a one holds also bytes that are here. */
static bool is_of_bytes(enum ch_fetch_fault kind)
{
    return kind == CH_FAULT_SIZE || kind == CH_FAULT_HASH;
}

/* Whether the store need not be told: it has that already; or it was told of this file a while ago,
 * of something that holds as much, and an upstream that answers otherwise each time must not fill
 * it. Read back it is what the last row says, which has the file fetched again just the same. */
static bool is_stored(const struct fault *known, const struct ch_fetch_fault_row *row)
{
    if (known == NULL || row->fault == CH_FAULT_NONE) {
        return false;
    }
    int64_t ago_us = row->at_us - known->stored_at_us;
    bool same = known->kind == row->fault && known->told_bytes == row->told_bytes &&
                known->at_least == row->at_least && ch_str_eq(ch_str_of(known->text), row->text);
    bool enough = is_of_bytes(known->stored_kind) || !is_of_bytes(row->fault);
    return (same && known->stored_kind == row->fault) ||
           (enough && ago_us >= 0 && ago_us < AGAIN_US);
}

/* Of a file of which the index says something else since, nothing was found out. */
static void on_row(void *ctx, const struct ch_fetch_fault_row *row)
{
    struct page *p = ctx;
    ptrdiff_t at = page_find_file(p, row->file_name);
    if (at < 0) {
        return;
    }
    const struct ch_index_file *f = &p->facts.files[at].index;
    const struct fault *before = faults_of(p, (size_t)at);
    bool stored = is_stored(before, row);
    int64_t stored_at_us = stored ? before->stored_at_us : row->at_us;
    enum ch_fetch_fault stored_kind = stored ? before->stored_kind : row->fault;
    drop(p, (size_t)at);
    if (row->fault == CH_FAULT_NONE || !ch_sha256_eq(&f->sha256, &row->stated_sha256) ||
        f->size_bytes != row->stated_bytes || !ch_str_eq(f->url, row->url)) {
        return;
    }
    struct fault known = {.file = (uint32_t)at,
                          .kind = row->fault,
                          .told_bytes = row->told_bytes,
                          .at_least = row->at_least,
                          .at_us = row->at_us,
                          .stored_at_us = stored_at_us,
                          .stored_kind = stored_kind};
    snprintf(known.text, sizeof(known.text), "%.*s", CH_STR_ARG(row->text));
    keep(p, &known);
}

enum ch_code faults_load(struct keeper *k, struct page *p, struct ch_err *err)
{
    faults_done(p);
    return ch_store_fetch_faults(k->store, ch_str_of(p->upstream->name), page_name(p), on_row, p,
                                 err);
}

/* Bytes that are here need no fetch, but for those that came last and are not what the index
 * states. */
const struct fault *faults_in_force(struct keeper *k, const struct page *p, size_t file)
{
    const struct fault *f = faults_of(p, file);
    const struct ch_sha256 *artifact = &p->files[file].artifact;
    if (f == NULL || f->kind == CH_FAULT_SIZE || f->kind == CH_FAULT_HASH ||
        ch_sha256_is_zero(artifact)) {
        return f != NULL && p->eco->whole_versions && faults_due(k, p, file) ? NULL : f;
    }
    return p->eco->whole_versions || ch_blobs_has(k->blobs, artifact) ? NULL : f;
}

/* ------------------------------------------------------------------ what fetches find out */

/* After a 5xx clients try again, and pip does not say why: what is here is told as a refusal. */
enum ch_fetch_fault faults_kind(const struct ch_fetched *answer, uint64_t stated_bytes)
{
    uint32_t status = answer->http_status;
    if (answer->code == CH_E_DENIED) {
        return CH_FAULT_DENIED;
    }
    if (answer->code == CH_E_LIMIT || answer->code == CH_E_MISMATCH) {
        return answer->told_bytes == 0 && !answer->told_empty ? CH_FAULT_ANSWER
               : stated_bytes != CH_SIZE_UNKNOWN              ? CH_FAULT_SIZE
                                                              : CH_FAULT_NONE; /* sizes.h */
    }
    if (answer->code != CH_OK || status >= 500 || status == 408 || status == 425 || status == 429) {
        return CH_FAULT_NONE;
    }
    if (status < 400) {
        return CH_FAULT_ANSWER; /* a success without its bytes, a redirect to nowhere */
    }
    return status == 404 || status == 410 ? CH_FAULT_MISSING : CH_FAULT_REFUSED;
}

/* Each page of this upstream and name, in each repository. */
static void tell_pages(struct keeper *k, const struct page *of,
                       const struct ch_fetch_fault_row *row)
{
    size_t cursor = 0;
    void *value;
    bool changed = false;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        ptrdiff_t at = p->load == PAGE_READY && p->upstream == of->upstream &&
                               ch_str_eq(page_name(p), row->project)
                           ? page_find_file(p, row->file_name)
                           : -1;
        if (at < 0) {
            continue;
        }
        const struct fault *known = faults_of(p, (size_t)at);
        changed = changed || row->fault != (known != NULL ? known->kind : CH_FAULT_NONE);
        on_row(p, row);
        listing_touch_file(p, (size_t)at);
        page_wrote(p);
    }
    if (changed) { /* listings that gateways remember show it as it was before */
        keeper_raise_epoch(k);
    }
}

static void enter(struct keeper *k, const struct page *p, const struct ch_fetch_fault_row *row)
{
    struct ch_err err;
    ptrdiff_t at = page_find_file(p, row->file_name);
    bool stored = at >= 0 && is_stored(faults_of(p, (size_t)at), row);
    tell_pages(k, p, row);
    if (stored) {
        return;
    }
    if (keeper_write(k, &err) != CH_OK || ch_store_add_fetch_fault(k->store, row, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void row_of(struct keeper *k, const struct page *p, size_t file,
                   struct ch_fetch_fault_row *ret)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    *ret = (struct ch_fetch_fault_row){
        .upstream = ch_str_of(p->upstream->name),
        .project = page_name(p),
        .file_name = f->file_name,
        .stated_sha256 = f->sha256,
        .stated_bytes = f->size_bytes,
        .url = f->url,
        .at_us = keeper_now_us(k),
    };
}

void faults_found(struct keeper *k, const struct page *p, struct ch_str file_name,
                  enum ch_fetch_fault kind, const struct ch_fetched *told, struct ch_str text)
{
    ptrdiff_t at = page_find_file(p, file_name);
    struct ch_fetch_fault_row row;
    struct ch_buf printable;
    if (at < 0) {
        return;
    }
    row_of(k, p, (size_t)at, &row);
    ch_buf_init(&printable, sizeof(((struct fault *)NULL)->text) - 1);
    ch_buf_put_printable(&printable, text); /* clipped by the buffer's bound */
    row.fault = kind;
    row.text = ch_buf_str(&printable);
    if (kind == CH_FAULT_SIZE && told != NULL) {
        row.told_bytes = told->told_bytes;
        row.at_least = told->told_at_least;
    }
    enter(k, p, &row);
    ch_buf_done(&printable);
}

void faults_ended(struct keeper *k, struct page *p, size_t file)
{
    struct ch_fetch_fault_row row;
    if (faults_of(p, file) != NULL) {
        row_of(k, p, file, &row);
        enter(k, p, &row);
    }
}

/* ------------------------------------------------------------------ trying again */

bool faults_due(const struct keeper *k, const struct page *p, size_t file)
{
    const struct fault *f = faults_of(p, file);
    int64_t ago_us = f == NULL ? 0 : keeper_now_us(k) - f->at_us;
    return f != NULL &&
           ((p->checked_at_us > f->at_us && ago_us >= PAUSE_US) || ago_us >= AGAIN_US ||
            (f->kind == CH_FAULT_DENIED && k->configured_at_us > f->at_us));
}

static void decide(struct keeper *k, struct page *p, size_t file, const struct fault *fault,
                   struct ch_decision *ret)
{
    struct ch_facts facts;
    judge_facts(k, p, file, &facts);
    facts.fault = fault != NULL ? fault->kind : CH_FAULT_NONE;
    facts.fault_text = fault != NULL ? ch_str_of(fault->text) : (struct ch_str){NULL, 0};
    facts.told_bytes = fault != NULL ? fault->told_bytes : 0;
    facts.told_at_least = fault != NULL && fault->at_least;
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
}

bool faults_may_try(struct keeper *k, struct page *p, size_t file)
{
    struct ch_decision d;
    if (!faults_due(k, p, file)) {
        return false;
    }
    decide(k, p, file, NULL, &d);
    return d.eligible || d.verdict == CH_VERDICT_ALLOW; /* of bytes that were inspected, and went */
}

bool faults_decision(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    const struct fault *f = faults_of(p, file);
    if (f != NULL) {
        decide(k, p, file, f, ret);
    }
    return f != NULL;
}

/* ------------------------------------------------------------------ what people are told */

void faults_put_change(const struct keeper *k, const struct page *p, size_t file,
                       struct ch_buf *out)
{
    const struct fault *f = faults_of(p, file);
    if (f->kind == CH_FAULT_DENIED) {
        ch_buf_puts(out, CH_STR("whoever runs this gateway: `file_hosts` of the upstream in "
                                "customhouse.yaml, where its files lie, then SIGHUP; or the "
                                "upstream, where its index says that they lie; else "));
    } else if (f->kind == CH_FAULT_REFUSED) {
        ch_buf_puts(out, CH_STR("the upstream giving it, to the credentials that customhouse.yaml "
                                "has for it; else "));
    } else if (f->kind == CH_FAULT_MISSING) {
        ch_buf_puts(out, p->upstream->hosted ? CH_STR("pushing it again; else ")
                                             : CH_STR("the upstream having it again; else "));
    }
    ch_buf_puts(out, faults_due(k, p, file)
                         ? CH_STR("fetching it again, which starts when somebody asks for it")
                         : CH_STR("fetching it again, which starts when somebody asks for it after "
                                  "the upstream's index was read again, or at once: customhouse "
                                  "rescan FILE"));
    ch_buf_puts(out, CH_STR("; no approval can"));
}
