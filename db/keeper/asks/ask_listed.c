/* Who asks for an index waits for an image in it, of a platform that its repository serves (T19):
 * one after the other until one is allowed. What is for other platforms is left alone: whoever
 * wants that asks for it by its digest. */
#include "ask_int.h"

#include <stdio.h>

#include "db/keeper/budget/budget.h"
#include "db/keeper/images/image_listed.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/signing/images.h"

/* So many pages are looked up for one ask, at most: more than clients ever have patience for. */
#define LOOKED_UP_MAX 64

struct driving {
    struct keeper *k;
    struct waiter *w;
    const struct ch_ask_file *ask;
    uint32_t status,
        retry_after_s; /* of the first that could not be looked up or fetched; 0: all could */
    char text[sizeof(((struct page *)NULL)->fail_text)];
    bool to_come; /* one goes on by itself */
};

static bool drive(struct driving *d, struct page *p, size_t file, unsigned depth);

static void note_failure(struct driving *d, const struct page *of)
{
    if (d->status == 0 && of->load != PAGE_ABSENT) {
        d->status = of->fail_status != 0 ? of->fail_status : 502;
        d->retry_after_s = ask_fail_retry_s(d->k, of);
        snprintf(d->text, sizeof(d->text), "%s", of->fail_text);
    }
}

/* What of it did not come a moment ago is not waited for: another image will do as well. */
static bool did_not_come(struct driving *d, struct page *of, size_t file)
{
    uint32_t retry_after_s;
    size_t part = judge_missing_part(d->k, of, file, 0);
    part = part < of->facts.file_count ? part : file;
    if (!intake_failed(d->k, of, part)) {
        return false;
    }
    if (d->status == 0) {
        d->status = intake_failure(d->k, of, part, d->text, sizeof(d->text), &retry_after_s);
        d->retry_after_s = retry_after_s;
    }
    return true;
}

/* False: it is as known as it gets; else the waiter waits for it. */
static bool look_up(struct driving *d, struct page *of)
{
    if (of->load == PAGE_READY && page_usable(d->k, of)) {
        return false;
    }
    if (d->w->listed_looked_up < LOOKED_UP_MAX) {
        d->w->listed_looked_up++;
        if (!ask_needs_another(d->k, of, d->w)) {
            return true;
        }
    }
    return false;
}

static bool drive_one(struct driving *d, struct page *of, const struct image_child *c,
                      unsigned depth)
{
    struct ch_decision decision;
    CH_IGNORE(!page_load(d->k, of));
    if (of->load != PAGE_ABSENT && look_up(d, of)) {
        return true;
    }
    ptrdiff_t at = of->load == PAGE_READY && page_usable(d->k, of) ? image_child_file(of, c) : -1;
    if (at < 0) {
        d->to_come = d->to_come || of->refreshing;
        note_failure(d, of);
        return false;
    }
    judge(d->k, of, (size_t)at, &decision);
    if (!decision.eligible) {
        return false;
    }
    if (image_listed_waits(d->k, of, (size_t)at)) {
        return depth + 1 < IMAGE_LISTED_DEPTH_MAX && drive(d, of, (size_t)at, depth + 1);
    }
    if (did_not_come(d, of, (size_t)at)) {
        return false;
    }
    d->w->for_listed = true;
    ask_file_wait_for_intake(d->k, of, (size_t)at, d->w, d->ask);
    return true;
}

static bool drive(struct driving *d, struct page *p, size_t file, unsigned depth)
{
    struct image_children all;
    char why[IMAGE_CHILD_WHY];
    bool waits = false;
    image_children_of(d->k, p, file, &all);
    for (size_t i = 0; i < all.count && !waits; i++) {
        bool missing = all.list[i].counts &&
                       image_child_recorded(d->k, p, &all.list[i], why) == IMAGE_CHILD_MISSING;
        struct page *of = missing ? image_child_page(d->k, p, &all.list[i]) : NULL;
        if (of != NULL) {
            of->pinned++;
            waits = drive_one(d, of, &all.list[i], depth);
            of->pinned--;
        }
    }
    image_children_done(&all);
    return waits;
}

/* ------------------------------------------------------------------ ahead */

static bool is_too_large(const struct keeper *k, const struct page *of, size_t file)
{
    uint64_t size = of->facts.files[file].index.size_bytes;
    return size != CH_SIZE_UNKNOWN && size >> 20 >= k->config->prefetch_max_bytes_mib;
}

static void ahead_of_files(struct keeper *k, struct page *of, size_t file,
                           const struct ch_client *client)
{
    size_t part = judge_missing_part(k, of, file, 0);
    while (part < of->facts.file_count) {
        struct charge charge = {0};
        if (intake_is_new(k, of, part) && !is_too_large(k, of, part)) {
            if (!budget_take(k, BUDGET_FILE, ch_str_of(of->upstream->name), client, &charge)) {
                return;
            }
            CH_IGNORE(intake_want(k, of, part, true, &charge) == NULL);
            budget_give(k, &charge); /* where it was not taken over */
        }
        part = judge_missing_part(k, of, file, part + 1);
    }
}

/* What failed a moment ago is not asked for again, nor what goes on by itself. */
static void ahead_of_page(struct keeper *k, struct page *of, const struct ch_client *client)
{
    if (of->load == PAGE_UNLOADED && of->fail_text[0] == '\0' && page_is_cold(k, of) &&
        page_budget_take(k, of, client)) {
        of->upstream_at = 0;
        page_refresh(k, of);
        CH_IGNORE(!page_dawdles(of));
    }
}

/* Those that count are looked up, fetched and inspected, as far as the client has any budget;
 * `others`: but the first that is not decided, for which somebody waits. */
static void listed_ahead(struct keeper *k, struct page *p, size_t file, bool others,
                         const struct ch_client *client)
{
    struct image_children all;
    char why[IMAGE_CHILD_WHY];
    image_children_of(k, p, file, &all);
    for (size_t i = 0; i < all.count && k->config->prefetch_parallel > 0; i++) {
        bool missing = all.list[i].counts &&
                       image_child_recorded(k, p, &all.list[i], why) == IMAGE_CHILD_MISSING;
        bool awaited = missing && others;
        others = others && !missing;
        struct page *of = missing && !awaited ? image_child_page(k, p, &all.list[i]) : NULL;
        if (of == NULL) {
            continue;
        }
        of->pinned++;
        CH_IGNORE(!page_load(k, of));
        ptrdiff_t at =
            of->load == PAGE_READY && page_usable(k, of) ? image_child_file(of, &all.list[i]) : -1;
        if (at >= 0) {
            ahead_of_files(k, of, (size_t)at, client);
        } else {
            ahead_of_page(k, of, client);
        }
        of->pinned--;
    }
    image_children_done(&all);
}

/* ------------------------------------------------------------------ both */

/* False: there is none to wait for now. */
static bool wait_for_listed(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                            const struct ch_ask_file *ask)
{
    struct driving d = {.k = k, .w = w, .ask = ask};
    p->pinned++;
    listed_ahead(k, p, file, true, &ask->client); /* first: who waits may be gone then */
    bool waits = drive(&d, p, file, 0);
    p->pinned--;
    if (waits) {
        return true;
    }
    if (d.to_come) {
        ask_file_waits(k, w, ask->ask, 1, ASK_QUEUES);
    } else if (d.status != 0) {
        ask_file_failed(k, w, ask->ask, d.status, d.retry_after_s, d.text);
    } else {
        return false;
    }
    ask_free_waiter(w);
    return true;
}

bool ask_judge(struct keeper *k, struct page *p, size_t file, struct waiter *w,
               const struct ch_ask_file *ask, struct ch_decision *ret)
{
    w->for_listed = false;
    image_listed_settle(k, p, file);
    judge(k, p, file, ret);
    if (ret->verdict == CH_VERDICT_ALLOW && ask->part == CH_PART_FILE) {
        listed_ahead(k, p, file, false, &ask->client); /* they are what makes it signed */
    } else if (ret->eligible && !ret->refetch && image_listed_waits(k, p, file)) {
        if (wait_for_listed(k, p, file, w, ask)) {
            return false;
        }
        ret->eligible = false; /* nothing that is begun here would change it */
    }
    return true;
}
