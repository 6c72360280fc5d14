/* Work is done in slices between which all else goes on, on the loop: nothing has to be copied for
 * a thread, and what changes one project waits for no other page's documents. */
#include "shards.h"

#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "customhouse/limits.h"

#define SLICE_MS    20
#define CLOCK_EVERY 8 /* projects between two looks at the time */
#define MANY_KEPT_S 3600
#define ZSTD_LEVEL  3 /* a window of 2 MiB at most: clients take 8 */

/* --- the page's files by project --- */

static void group(struct page *p, struct page_shards *s)
{
    size_t projects = p->index.project_count, files = p->facts.file_count;
    s->first = ch_calloc(projects + 2, sizeof(*s->first));
    s->files = ch_calloc(files + 1, sizeof(*s->files));
    s->entry = ch_calloc(projects + 1, sizeof(*s->entry));
    s->dirty = ch_calloc(projects + 1, sizeof(*s->dirty));
    for (size_t i = 0; i < files; i++) {
        s->first[p->index.project[i] + 2]++;
    }
    for (size_t i = 2; i < projects + 2; i++) {
        s->first[i] += s->first[i - 1];
    }
    for (size_t i = 0; i < files;
         i++) { /* first[n + 1]: where the next file of n goes, at last where n ends */
        s->files[s->first[p->index.project[i] + 1]++] = (uint32_t)i;
    }
}

static void mark(struct page_shards *s, size_t project)
{
    s->dirty_count += !s->dirty[project];
    s->dirty[project] = true;
}

void shards_touch(struct page *p, size_t file)
{
    if (p->shards != NULL && p->shards->first != NULL) {
        mark(p->shards, p->index.project[file]);
    }
}

void shards_touch_all(struct page *p)
{
    for (size_t i = 0; p->shards != NULL && p->shards->first != NULL && i < p->index.project_count;
         i++) {
        mark(p->shards, i);
    }
}

static void close_told(struct page_shards *s)
{
    if (s->index_fd >= 0) {
        close(s->index_fd);
        close(s->table_fd);
    }
    s->index_fd = s->table_fd = -1;
    s->valid = s->none = false;
}

void shards_forget_facts(struct page *p)
{
    struct page_shards *s = p->shards;
    if (s == NULL) {
        return;
    }
    close_told(s);
    free(s->first);
    free(s->files);
    free(s->entry);
    free(s->dirty);
    s->first = s->files = s->entry = NULL;
    s->dirty = NULL;
    s->dirty_count = s->next = 0;
}

static void free_work(struct page_shards *s)
{
    ch_buf_done(&s->rendered);
    ch_buf_done(&s->packed);
    ch_buf_done(&s->reasons);
    ch_buf_done(&s->input);
    ZSTD_freeCCtx(s->with);
    s->with = NULL;
}

static void begin_work(struct page_shards *s)
{
    if (s->with == NULL) {
        s->with = ZSTD_createCCtx();
        CH_ASSERT(s->with != NULL);
        CH_ASSERT(
            !ZSTD_isError(ZSTD_CCtx_setParameter(s->with, ZSTD_c_compressionLevel, ZSTD_LEVEL)));
        ch_buf_init(&s->rendered, (size_t)ch_limits.shard_bytes);
        ch_buf_init(&s->packed, UINT32_MAX);
        ch_buf_init(&s->reasons, (size_t)ch_limits.channel_answer_bytes);
        ch_buf_init(&s->input, (size_t)ch_limits.channel_answer_bytes);
    }
}

bool shards_awaited(const struct page *p)
{
    return p->shards != NULL && p->shards->waiting != NULL;
}

void shards_free(struct page *p)
{
    struct page_shards *s = p->shards;
    if (s == NULL) {
        return;
    }
    ch_loop_cancel_timer(p->keeper->child.loop, &s->timer);
    while (s->waiting != NULL) {
        struct waiter *w = s->waiting;
        s->waiting = w->next;
        ask_free_waiter(w);
    }
    shards_forget_facts(p);
    free_work(s);
    shard_pack_done(&s->pack);
    free(s->upstream);
    free(s);
    p->shards = NULL;
}

/* --- one shard --- */

/* What decides its bytes, in short. */
static struct ch_sip128 input_of(struct page_shards *s, const struct ch_page *part)
{
    ch_buf_clear(&s->input);
    for (size_t i = 0; i < part->file_count; i++) {
        const struct ch_page_file *f = &part->files[i];
        struct ch_sip128 record = ch_sip128_of(&s->pack.key, f->record);
        ch_put_str(&s->input, f->file_name);
        ch_put_str(&s->input, f->project);
        ch_put_u64(&s->input, record.a);
        ch_put_u64(&s->input, record.b);
        ch_put_u8(&s->input, (uint8_t)f->listing);
        ch_put_str(&s->input, f->yanked_reason);
    }
    return ch_sip128_of(&s->pack.key, ch_buf_str(&s->input));
}

/* One frame, which states its content's size. */
static enum ch_code pack(struct page_shards *s, struct ch_err *err)
{
    size_t room = ZSTD_compressBound(s->rendered.len);
    ch_buf_clear(&s->packed);
    char *at = ch_buf_reserve(&s->packed, room);
    if (at == NULL) {
        return ch_fail(err, CH_E_LIMIT, "a shard of %zu bytes", s->rendered.len);
    }
    size_t n = ZSTD_compress2(s->with, at, room, s->rendered.ptr, s->rendered.len);
    CH_ASSERT(!ZSTD_isError(n));
    s->packed.len = n;
    return CH_OK;
}

/* *ret: its place in the pack plus one; 0: nothing of it is shown. */
static enum ch_code make_of(struct page *p, struct page_shards *s, const struct ch_page *part,
                            uint32_t *ret, struct ch_err *err)
{
    *ret = 0;
    if (part->file_count == 0) {
        return CH_OK;
    }
    struct ch_sip128 of = input_of(s, part);
    enum ch_code rc = ch_buf_ok(&s->input, err);
    ptrdiff_t known = rc == CH_OK ? shard_pack_find(&s->pack, of) : -1;
    if (rc != CH_OK || known >= 0) {
        *ret = (uint32_t)(known + 1);
        return rc;
    }
    size_t at = 0;
    ch_buf_clear(&s->rendered);
    rc = p->eco->shards->render(part, &s->rendered, err);
    if (rc == CH_E_NOT_FOUND) {
        return CH_OK;
    }
    rc = rc == CH_OK ? pack(s, err) : rc;
    rc = rc == CH_OK
             ? shard_pack_add(&s->pack, p->keeper->blobs, of, ch_buf_str(&s->packed), &at, err)
             : rc;
    *ret = rc == CH_OK ? (uint32_t)at + 1 : 0;
    return rc;
}

static enum ch_code make(struct page *p, struct page_shards *s, size_t project, struct ch_err *err)
{
    struct ch_page part;
    listing_part(p, s->files + s->first[project], s->first[project + 1] - s->first[project], &part,
                 &s->reasons);
    enum ch_code rc = make_of(p, s, &part, &s->entry[project], err);
    ch_page_done(&part);
    return rc;
}

/* False: there are more. What could not be made is tried again. */
static bool make_slice(struct page *p, struct page_shards *s, enum ch_code *ret, struct ch_err *err)
{
    uint64_t until_ms = ch_now_boot_ms() + SLICE_MS, made = 0;
    *ret = CH_OK;
    while (s->dirty_count > 0) {
        s->next = s->next < p->index.project_count ? s->next : 0;
        if (s->dirty[s->next]) {
            if (made > 0 && made % CLOCK_EVERY == 0 && ch_now_boot_ms() >= until_ms) {
                return false;
            }
            *ret = make(p, s, s->next, err);
            if (*ret != CH_OK) {
                return true;
            }
            s->dirty[s->next] = false;
            s->dirty_count--;
            made++;
        }
        s->next++;
    }
    return true;
}

/* --- what is told of all --- */

static enum ch_code render_index(struct page *p, struct page_shards *s, struct ch_err *err)
{
    struct ch_shard *shards = ch_calloc(p->index.project_count + 1, sizeof(*shards));
    size_t n = 0;
    for (size_t i = 0; i < p->index.project_count; i++) {
        if (s->entry[i] > 0) {
            shards[n++] = (struct ch_shard){page_project(p, p->index.projects[i].file),
                                            s->pack.entries[s->entry[i] - 1].sha256};
        }
    }
    ch_buf_done(&s->rendered);
    ch_buf_init(&s->rendered, (size_t)ch_limits.gateway_page_bytes);
    enum ch_code rc = p->eco->shards->render_index(page_name(p), shards, n, &s->rendered, err);
    free(shards);
    return rc == CH_OK ? pack(s, err) : rc;
}

/* Those of the index before, and of this one, are current now. */
static void mark_current(struct page *p, struct page_shards *s, int64_t now_us)
{
    for (size_t i = 0; i < s->pack.count; i++) {
        if (s->pack.entries[i].current_at_us == INT64_MAX) {
            s->pack.entries[i].current_at_us = now_us;
        }
    }
    for (size_t i = 0; i < p->index.project_count; i++) {
        if (s->entry[i] > 0) {
            s->pack.entries[s->entry[i] - 1].current_at_us = INT64_MAX;
        }
    }
}

static enum ch_code tell(struct page_shards *s, struct ch_err *err)
{
    struct ch_buf table;
    struct ch_sha256 digest = ch_sha256_of(s->packed.ptr, s->packed.len);
    int index_fd = -1, table_fd = -1;
    ch_buf_init(&table, UINT32_MAX);
    shard_pack_put_table(&s->pack, &table);
    enum ch_code rc = ch_buf_ok(&table, err);
    rc = rc == CH_OK ? jobs_memfd_of(ch_buf_str(&s->packed), &index_fd, err) : rc;
    rc = rc == CH_OK ? jobs_memfd_of(ch_buf_str(&table), &table_fd, err) : rc;
    if (rc == CH_OK) {
        struct ch_sha256 of[2] = {digest,
                                  ch_sha256_of(table.ptr != NULL ? table.ptr : "", table.len)};
        close_told(s);
        s->index_fd = index_fd;
        s->table_fd = table_fd;
        s->index_sha256 = digest;
        s->generation = listing_generation_of((struct ch_str){(const char *)of, sizeof(of)});
        s->valid = true;
    } else if (index_fd >= 0) {
        close(index_fd);
    }
    ch_buf_done(&table);
    return rc;
}

static enum ch_code finish(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct page_shards *s = p->shards;
    int64_t now = keeper_now_us(k);
    /* Where too many change for a gateway to map them all: those who asked just now have theirs. */
    bool too_many = s->pack.bytes > ch_limits.gateway_page_bytes / 2;
    int64_t kept_us = (int64_t)(too_many ? MANY_KEPT_S : ch_limits.shards_kept_s) * 1000000;
    mark_current(p, s, now);
    if (shard_pack_tidy(&s->pack, k->blobs, now - kept_us, s->entry, p->index.project_count, err) !=
        CH_OK) {
        /* it stays as large as it is */
        keeper_log("page", "project=%s error=\"%s\"", p->project, err->msg);
    }
    enum ch_code rc = render_index(p, s, err);
    return rc == CH_OK ? tell(s, err) : rc;
}

/* --- */

static bool is_good(const struct keeper *k, const struct page *p)
{
    const struct page_shards *s = p->shards;
    int64_t now = keeper_now_us(k);
    return s->valid && s->clock == p->listing.clock && s->rules == k->rules &&
           now >= s->made_at_us && (s->changes_at_us == CH_TIME_UNKNOWN || now < s->changes_at_us);
}

static void on_turn(struct ch_timer *t);

static struct page_shards *shards_of(struct page *p)
{
    struct page_shards *s = p->shards;
    if (s == NULL) {
        p->shards = s = ch_calloc(1, sizeof(*s));
        s->page = p;
        s->index_fd = s->table_fd = -1;
        s->timer.fn = on_turn;
        shard_pack_init(&s->pack);
    }
    if (s->upstream == NULL || !ch_str_eq(ch_str_of(s->upstream), ch_str_of(p->upstream->name))) {
        free(s->upstream); /* nothing that another owner of the name had is shown any more (T12) */
        s->upstream = ch_str_dup(ch_str_of(p->upstream->name));
        shards_forget_facts(p);
        shard_pack_done(&s->pack);
    }
    return s;
}

/* What is shown is in the log: once for what the upstream says and the policy. Of very many files a
 * thread says it, with the documents, which are wanted next. */
static void see_to_log(struct keeper *k, struct page *p)
{
    struct ch_err err;
    if (!listing_is_logged(k, p) && p->listing.job == NULL &&
        listing_work(k, p, &err) == LISTING_FAILED) {
        keeper_log("page", "project=%s error=\"%s\"", p->project, err.msg);
    }
}

static enum listing_state work(struct keeper *k, struct page *p, struct ch_err *err)
{
    struct page_shards *s = shards_of(p);
    enum ch_code rc;
    if (is_good(k, p)) {
        return LISTING_THERE;
    }
    if (!listing_judge(k, p)) {
        return LISTING_LATER;
    }
    if (s->first == NULL) {
        group(p, s);
        shards_touch_all(p);
    }
    uint64_t clock = p->listing.clock;
    begin_work(s);
    bool changes = s->dirty_count > 0 || !s->valid;
    if (!make_slice(p, s, &rc, err)) {
        s->valid = false;
        return LISTING_LATER;
    }
    rc = rc == CH_OK && changes ? finish(k, p, err) : rc;
    free_work(s);
    if (rc != CH_OK && rc != CH_E_LIMIT) {
        s->valid = false;
        return LISTING_FAILED;
    }
    if (rc == CH_E_LIMIT) {
        keeper_log("page", "project=%s shards=no error=\"%s\"", p->project, err->msg);
        close_told(s);
        s->valid = s->none = true;
        s->generation = 0;
    }
    s->clock = clock;
    s->rules = k->rules;
    s->made_at_us = keeper_now_us(k);
    s->changes_at_us = listing_changes_at(p);
    see_to_log(k, p);
    return LISTING_THERE;
}

static void on_turn(struct ch_timer *t)
{
    struct page_shards *s = CH_CONTAINER_OF(t, struct page_shards, timer);
    struct page *p = s->page;
    struct keeper *k = p->keeper;
    struct ch_err err;
    if (p->load == PAGE_READY && work(k, p, &err) == LISTING_LATER) {
        ch_loop_set_timer(k->child.loop, t, ch_loop_now_ms(k->child.loop));
        return;
    }
    struct waiter *list = s->waiting; /* each looks itself at what has become of it */
    s->waiting = NULL;
    listing_tell(k, p, list);
}

enum listing_state shards_ready(struct keeper *k, struct page *p, struct waiter *waiter,
                                struct ch_err *err)
{
    enum listing_state state = LISTING_LATER;
    if (!shards_awaited(p) || is_good(k, p)) { /* else its next slice is due anyway */
        state = work(k, p, err);
    }
    if (state == LISTING_LATER) {
        waiter->next = p->shards->waiting;
        p->shards->waiting = waiter;
        ch_loop_set_timer(k->child.loop, &p->shards->timer, ch_loop_now_ms(k->child.loop));
    }
    return state;
}
