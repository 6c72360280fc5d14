/* A jail's answer about a page, merged with what is known of it. A channel's is several hundred MB,
 * which takes seconds: that is done on a thread, which has nothing but what it was given, and
 * decides nothing. Whether what it made counts is asked when it is back: where what is known has
 * changed meanwhile it does not, and the upstream is asked again when somebody asks for the page
 * again. */
#include "refresh_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "customhouse/limits.h"

/* RFC 9110 5.6.7's preferred form; others are no date. */
static bool http_date(struct ch_str text, int64_t *ret_s)
{
    char copy[64];
    struct tm tm = {0};
    if (text.len == 0 || text.len >= sizeof(copy)) {
        return false;
    }
    snprintf(copy, sizeof(copy), "%.*s", CH_STR_ARG(text));
    const char *end = strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    if (end == NULL || *end != '\0') {
        return false;
    }
    *ret_s = timegm(&tm);
    return true;
}

static bool dated_before_known(const struct refresh *r)
{
    int64_t known, now;
    return http_date(r->p->info.last_modified, &known) &&
           http_date(ch_str_of(r->last_modified), &now) && now < known;
}

/* Per file of the page that is known, the bytes that came of it while the index stated no sha256.
 * free(). */
static struct ch_sha256 *received_of(const struct page *p)
{
    struct ch_sha256 *list = ch_calloc(p->facts.file_count + 1, sizeof(*list));
    for (size_t i = 0; p->files != NULL && i < p->facts.file_count; i++) {
        if (ch_sha256_is_zero(&p->facts.files[i].index.sha256)) {
            list[i] = p->files[i].artifact;
        }
    }
    return list;
}

/* --- on a thread, perhaps --- */

static void note_change(void *ctx, enum ch_sighting kind, struct ch_str file_name,
                        const struct ch_sha256 *stated, int64_t last_absent_at_us)
{
    struct ch_buf *b = ctx;
    ch_put_u8(b, (uint8_t)kind);
    ch_put_str(b, file_name);
    ch_put_sha256(b, stated);
    ch_put_i64(b, last_absent_at_us);
}

/* By what a page is found that files are asked for without (links.c), from its first answer on. A
 * pointer's are had elsewhere. */
static void note_first(struct refresh *r)
{
    const struct ch_ecosystem *eco = r->p->eco;
    char other[sizeof(((struct ch_target *)NULL)->project)];
    for (size_t i = 0; i < r->merged.file_count; i++) {
        const struct ch_index_file *f = &r->merged.files[i].index;
        if (!eco->decided_on(page_name(r->p), f->file_name, other, sizeof(other))) {
            note_change(&r->changes, CH_SIGHTING_APPEARED, f->file_name, &f->sha256,
                        CH_TIME_UNKNOWN);
        }
    }
}

/* Several hundred MB, which what comes next has need of. */
static void let_go_of_stream(struct refresh *r)
{
    if (r->stream_is_ours && r->stream.len > 0) {
        munmap((void *)(uintptr_t)r->stream.ptr, r->stream.len);
    }
    r->stream = (struct ch_str){NULL, 0};
}

static void merge(void *ctx)
{
    struct refresh *r = ctx;
    r->merge_code =
        page_facts_merge(r->has_known ? &r->known : NULL, r->known_checked_at_us, r->received,
                         r->dated_before, r->stream, r->now_us, note_change, &r->changes,
                         r->stream_is_ours ? r->k->blobs : NULL, &r->merged, &r->merge_err);
    let_go_of_stream(r);
    if (r->merge_code == CH_OK && !r->has_known && r->p->eco->linked_by != NULL) {
        note_first(r);
    }
    if (r->merge_code == CH_OK) {
        r->merge_code = ch_buf_ok(&r->changes, &r->merge_err);
    }
    if (r->merge_code == CH_OK) {
        page_build(r->p->eco, r->p->project, &r->merged, &r->built);
    }
    if (r->merge_code == CH_OK && r->stream_is_ours) {
        r->merge_code =
            ch_snapshot_pack(ch_buf_str(&r->merged.content.buf), &r->packed, &r->merge_err);
    }
}

/* --- */

static void let_go_of_input(struct refresh *r)
{
    let_go_of_stream(r);
    if (r->known_is_ours) {
        page_facts_done(&r->known);
    }
    free(r->received);
    r->received = NULL;
    r->merging = r->has_known = r->stream_is_ours = r->known_is_ours = false;
}

void refresh_merge_done(struct refresh *r)
{
    let_go_of_input(r);
    page_built_done(&r->built);
    page_facts_done(&r->merged);
    ch_buf_done(&r->packed);
    ch_buf_done(&r->changes);
}

bool refresh_keep_known(struct refresh *r, struct page_facts *facts)
{
    if (!r->merging || !r->has_known || r->known_is_ours) {
        return false;
    }
    r->known_is_ours = true;
    r->overtaken = true;
    *facts = (struct page_facts){0};
    return true;
}

/* T7: bytes that came meanwhile, of a file that had no hash, are to be compared, too. */
static bool received_more(const struct refresh *r)
{
    if (!r->has_known || r->known_is_ours) {
        return false;
    }
    struct ch_sha256 *now = received_of(r->p);
    bool more = memcmp(now, r->received, r->known.file_count * sizeof(*now)) != 0;
    free(now);
    return more;
}

static enum ch_code tell_changes(struct refresh *r, struct ch_err *err)
{
    struct ch_rd rd = ch_rd_of(r->changes.ptr, r->changes.len);
    enum ch_code rc = keeper_write(r->k, err);
    while (rc == CH_OK && ch_rd_left(&rd) > 0) {
        enum ch_sighting kind = (enum ch_sighting)ch_get_u8(&rd);
        struct ch_str file_name = ch_get_str(&rd, ch_limits.file_name_bytes);
        struct ch_sha256 stated = ch_get_sha256(&rd);
        refresh_tell_change(r, kind, file_name, &stated, ch_get_i64(&rd));
    }
    return rc;
}

/* What follows once r->merged is there. */
static void go_on(struct refresh *r)
{
    struct page *p = r->p;
    if (r->merged.left_out > 0) {
        keeper_log("page", "repository=%s project=%s left-out=%zu", p->repository, p->project,
                   r->merged.left_out);
    }
    if (!page_wants_details(p, &r->merged)) {
        ch_map_remove(r->k->terse_upstreams, ch_str_of(p->upstream->name));
        refresh_finish(r);
        return;
    }
    ch_map_set(r->k->terse_upstreams, ch_str_of(p->upstream->name), p->keeper);
    r->wants_details = true;
    if (r->details == DETAILS_NONE) {
        refresh_fetch_details(r);
    }
    if (r->details != DETAILS_FETCHING) {
        refresh_use_details(r);
    }
}

static void on_merged(void *ctx, const struct published *unused)
{
    struct refresh *r = ctx;
    (void)unused;
    r->overtaken = r->overtaken || received_more(r);
    let_go_of_input(r);
    if (refresh_lost_what_is_known(r)) {
        return;
    }
    if (r->overtaken) { /* it was merged with less; the next answer says it again */
        refresh_ended(r);
        return;
    }
    if (r->merge_code == CH_OK && refresh_shrinks(r)) {
        refresh_keep_back(r);
        return;
    }
    if (r->merge_code == CH_OK) {
        r->merge_code = tell_changes(r, &r->merge_err);
    }
    if (r->merge_code != CH_OK) {
        refresh_failed(r, keeper_store_status(r->merge_err.code, 502), r->merge_err.msg);
        return;
    }
    go_on(r);
}

void refresh_merge(struct refresh *r, struct ch_str stream)
{
    struct page *p = r->p;
    r->now_us = keeper_now_us(r->k);
    r->overtaken = false; /* it is merged with what is known now */
    r->merging = true;
    r->has_known = p->load == PAGE_READY;
    r->known = p->facts;
    r->known_checked_at_us = p->checked_at_us;
    r->received = received_of(p);
    r->dated_before = dated_before_known(r);
    r->stream = stream;
    ch_buf_init(&r->changes, ch_limits.channel_answer_bytes);
    if (stream.len <= ch_limits.merge_bytes) {
        merge(r);
        on_merged(r, NULL);
    } else {
        jobs_keep_answer(r->k);
        r->stream_is_ours = true;
        offload_run(r->k, merge, on_merged, r);
    }
}
