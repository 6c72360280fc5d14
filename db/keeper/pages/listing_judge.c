/* What the files of a page are judged for its listing: a slice per turn of the keeper, since a
 * channel has several hundred thousand, and decisions on files, leases and commands go on meanwhile
 * (T11).
 *
 * Nothing is encoded before all rows are good at once, so a listing never has files that were
 * judged by one policy beside files that were judged by another. What changes between two slices
 * makes rows old: those of one project, or all. They are judged again, and no others, also long
 * after the listing was made. */
#include "shards.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

#define SLICE_MS    20
#define CLOCK_EVERY 16   /* judged files between two looks at the time */
#define KNOWN_TEXTS 4096 /* a power of two */

/* --- texts: a row has the place of its own --- */

static size_t hash_of(struct ch_str s)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < s.len; i++) {
        h = (h ^ (unsigned char)s.ptr[i]) * 16777619u;
    }
    return h & (KNOWN_TEXTS - 1);
}

struct ch_str listing_text(const struct page *p, uint32_t at)
{
    return ch_str_of(p->listing.texts.ptr + at);
}

static uint32_t put_text(struct listing_cache *l, const char *text)
{
    struct ch_str s = ch_str_of(text);
    uint32_t *known = &l->known_texts[hash_of(s)];
    if (!ch_str_eq(ch_str_of(l->texts.ptr + *known), s)) {
        size_t at = l->texts.len;
        ch_buf_put(&l->texts, s.ptr, s.len + 1);
        *known = l->texts.failed ? 0 : (uint32_t)at;
    }
    return *known;
}

/* At 0 is the empty one. */
static void clear_texts(struct listing_cache *l)
{
    ch_buf_clear(&l->texts);
    ch_buf_putc(&l->texts, '\0');
    memset(l->known_texts, 0, KNOWN_TEXTS * sizeof(*l->known_texts));
}

/* --- what has changed --- */

static void begin(struct page *p)
{
    struct listing_cache *l = &p->listing;
    uint64_t room = (uint64_t)(p->facts.file_count + 2) *
                    (CH_REASON_MAX + sizeof(((struct ch_decision *)NULL)->rule));
    l->rows = ch_calloc(p->facts.file_count + 1, sizeof(*l->rows));
    l->project_from = ch_calloc(p->index.project_count + 1, sizeof(*l->project_from));
    l->known_texts = ch_calloc(KNOWN_TEXTS, sizeof(*l->known_texts));
    ch_buf_init(&l->texts, room < UINT32_MAX ? (size_t)room : UINT32_MAX);
    clear_texts(l);
    l->clock++;
}

static bool tick(struct page *p)
{
    p->listing.clock++;
    return p->listing.rows != NULL;
}

void listing_touch(struct page *p)
{
    if (tick(p)) {
        p->listing.changed = true;
        p->listing.all_from = p->listing.clock;
        clear_texts(&p->listing);
        shards_touch_all(p);
    }
}

void listing_want_rare(struct page *p)
{
    if (!p->listing.rare) {
        p->listing.rare = true;
        p->listing.clock++; /* what is encoded, or is being made, is not all of it */
        p->listing.changed = true;
    }
}

void listing_touch_held(struct page *p)
{
    if (tick(p)) {
        p->listing.held_from = p->listing.clock;
    }
}

void listing_touch_file(struct page *p, size_t file)
{
    if (tick(p)) {
        p->listing.changed = true; /* also where its rows stay the same: its bytes may be others */
        p->listing.project_from[p->index.project[file]] = p->listing.clock;
        shards_touch(p, file);
    }
}

void listing_done(struct page *p)
{
    struct listing_cache *l = &p->listing;
    struct listing_job *job = l->job;
    uint64_t clock = l->clock;
    bool rare = l->rare;
    shards_forget_facts(p);
    ch_buf_done(&l->bytes);
    ch_buf_done(&l->texts);
    listing_documents_done(&l->documents);
    free(l->known_texts);
    free(l->project_from);
    free(l->rows);
    /* what a job makes of what was here is not taken for what comes after it */
    *l = (struct listing_cache){.job = job, .clock = clock + 1, .rare = rare};
}

/* --- rows --- */

bool listing_hides(const struct page *p, size_t file)
{
    return ch_ecosystem_is_source(p->eco, p->files[file].release.file_type) &&
           p->index.built[p->index.version[file]];
}

static bool is_good(const struct page *p, size_t file, int64_t now_us)
{
    const struct listing_cache *l = &p->listing;
    const struct listing_row *row = &l->rows[file];
    return row->judged > 0 && row->judged >= l->all_from &&
           row->judged >= l->project_from[p->index.project[file]] &&
           (row->available || row->judged >= l->held_from) &&
           (row->until_us == CH_TIME_UNKNOWN || now_us < row->until_us);
}

/* Whether it is listed as before. Both are of the same texts: `changed` is set where these are new.
 */
static bool is_same(const struct page *p, const struct listing_row *x, const struct listing_row *y)
{
    return x->judged > 0 && x->verdict == y->verdict && x->listed_upstream == y->listed_upstream &&
           x->available == y->available && x->eligible == y->eligible &&
           ch_str_eq(listing_text(p, x->rule), listing_text(p, y->rule)) &&
           ch_str_eq(listing_text(p, x->reason), listing_text(p, y->reason));
}

static void judge_row(struct keeper *k, struct page *p, size_t file, int64_t now_us)
{
    struct listing_row row = {
        .judged = p->listing.clock, /* what judging itself finds out makes it old */
        .until_us = CH_TIME_UNKNOWN,
        .listed_upstream = p->facts.files[file].removed_at_us == CH_TIME_UNKNOWN};
    if (row.listed_upstream) {
        struct ch_decision d;
        judge(k, p, file, &d);
        /* What is not listed stands in for nothing, and nobody will ask for it next. */
        bool hidden = listing_hides(p, file);
        row.verdict = (uint8_t)d.verdict;
        row.eligible = d.eligible && !hidden;
        row.available = (d.verdict == CH_VERDICT_ALLOW || d.eligible) && !hidden;
        row.until_us = d.until_us > now_us ? d.until_us : CH_TIME_UNKNOWN;
        row.rule = put_text(&p->listing, d.rule);
        row.reason = row.available ? 0 : put_text(&p->listing, d.reason);
    }
    if (!is_same(p, &p->listing.rows[file], &row)) {
        p->listing.changed = true;
        shards_touch(p, file);
    }
    p->listing.rows[file] = row;
}

bool listing_judge(struct keeper *k, struct page *p)
{
    struct listing_cache *l = &p->listing;
    uint64_t until_ms = ch_now_boot_ms() + SLICE_MS, judged = 0;
    int64_t now = keeper_now_us(k);
    if (l->rows == NULL) {
        begin(p);
    }
    if (l->rules != k->rules || now < l->made_at_us) {
        listing_touch(p);
        l->rules = k->rules;
        l->made_at_us = now;
    }
    if (l->next == 0) {
        l->pass = l->clock;
    }
    for (;;) {
        for (; l->next < p->facts.file_count; l->next++) {
            if (is_good(p, l->next, now)) {
                continue;
            }
            if (judged >= ch_limits.judge_files ||
                (judged > 0 && judged % CLOCK_EVERY == 0 && ch_now_boot_ms() >= until_ms)) {
                return false;
            }
            judge_row(k, p, l->next, now);
            judged++;
        }
        l->next = 0;
        if (l->texts.failed) { /* full of what no row says any more */
            listing_touch(p);
        }
        if (l->pass == l->clock) {
            return true;
        }
        l->pass = l->clock;
    }
}

/* --- who waits --- */

enum listing_state listing_ready(struct keeper *k, struct page *p, struct waiter *waiter,
                                 struct ch_err *err)
{
    enum listing_state state = LISTING_LATER;
    if (p->listed == NULL || listing_is_good(k, p) ||
        listing_answers_as_it_is(p)) { /* else its next slice is due anyway */
        state = listing_work(k, p, err);
    }
    if (state == LISTING_LATER) {
        waiter->next = p->listed;
        p->listed = waiter;
        if (p->listing.job == NULL) { /* else that tells it */
            ch_loop_set_timer(k->child.loop, &p->judging, ch_loop_now_ms(k->child.loop));
        }
    }
    return state;
}

void listing_on_turn(struct ch_timer *t)
{
    struct page *p = CH_CONTAINER_OF(t, struct page, judging);
    struct keeper *k = p->keeper;
    struct ch_err err;
    if (p->load == PAGE_READY && listing_work(k, p, &err) == LISTING_LATER) {
        if (p->listing.job == NULL) { /* which goes on by itself */
            ch_loop_set_timer(k->child.loop, t, ch_loop_now_ms(k->child.loop));
        }
        return;
    }
    struct waiter *list = p->listed; /* each looks itself at what has become of it */
    p->listed = NULL;
    listing_tell(k, p, list);
}

void listing_tell(struct keeper *k, struct page *p, struct waiter *list)
{
    p->pinned++;
    while (list != NULL) {
        struct waiter *next = list->next;
        list->next = NULL;
        ask_go_on(k, p, list);
        list = next;
    }
    p->pinned--;
}
