#include "image.h"
#include "image_platform.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "customhouse/store_pushed.h"
#include "customhouse/timefmt.h"
#include "db/keeper/intake/judge_together.h"
#include "db/keeper/pushes/aliases.h"

const char *image_state_name(enum image_state state)
{
    static const char *const names[] = {
        [IMAGE_HELD] = "held",           [IMAGE_DENIED] = "denied",   [IMAGE_UNKNOWN] = "unknown",
        [IMAGE_UNDECIDED] = "undecided", [IMAGE_ALLOWED] = "allowed",
    };
    return names[state];
}

/* --- what stands in the way --- */

CH_PRINTF(3, 4)
static void set_state(struct image *im, enum image_state state, const char *fmt, ...)
{
    char text[sizeof(im->reason)];
    struct ch_buf b;
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    im->state = state;
    ch_buf_init(&b, 8192);
    ch_buf_put_printable(&b, ch_str_of(text)); /* T20; what inspection found is escaped already */
    snprintf(im->reason, sizeof(im->reason), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
}

/* A denial is told before a hold, and either before what may still change by itself. */
static bool is_worse(enum image_state a, enum image_state b)
{
    static const int rank[] = {
        [IMAGE_DENIED] = 4,    [IMAGE_HELD] = 3,    [IMAGE_UNKNOWN] = 2,
        [IMAGE_UNDECIDED] = 1, [IMAGE_ALLOWED] = 0,
    };
    return rank[a] > rank[b];
}

/* Why nothing of the page can be answered, as a client would be told; false: it can. */
static bool is_no_page(struct keeper *k, struct page *p, const char *name, struct image *im)
{
    enum ch_name_owner owner = p != NULL ? page_owner(p) : CH_OWNER_UNKNOWN;
    if (p == NULL || p->load == PAGE_ABSENT) {
        set_state(im, IMAGE_UNKNOWN, "%s: its upstream has no such image", name);
    } else if (owner == CH_OWNER_RESERVED || owner == CH_OWNER_LEFT ||
               owner == CH_OWNER_GIVEN_AWAY) {
        set_state(im, IMAGE_HELD, "%s: %s", name, ch_name_owner_text(owner));
    } else if (p->load != PAGE_READY) {
        set_state(im, IMAGE_UNKNOWN, "%s: %s", name,
                  p->fail_text[0] != '\0' ? p->fail_text : "nobody has asked for it here");
    } else if (!page_usable(k, p)) {
        set_state(im, IMAGE_UNKNOWN, "%s: its upstream has not confirmed it for too long", name);
    } else {
        return false;
    }
    return true;
}

/* --- one manifest --- */

/* The worst of its files stands for all; they are one thing anyway (ch_ecosystem.whole_versions).
 */
static void judge_page(struct keeper *k, struct page *p, struct image *im)
{
    struct image worst = {.state = IMAGE_UNKNOWN};
    struct judged_together together;
    struct ch_decision d;
    size_t seen = 0;
    judge_together(p, &together);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (!image_has_file(p, i)) {
            continue;
        }
        judge(k, p, i, &d);
        enum image_state state = d.eligible                      ? IMAGE_UNDECIDED
                                 : d.verdict == CH_VERDICT_ALLOW ? IMAGE_ALLOWED
                                 : d.verdict == CH_VERDICT_DENY  ? IMAGE_DENIED
                                                                 : IMAGE_HELD;
        if (seen++ == 0 || is_worse(state, worst.state)) {
            worst.state = state;
            set_state(&worst, state, "%s is %s (%s): %s", p->project,
                      state == IMAGE_UNDECIDED ? "not inspected yet" : image_state_name(state),
                      d.rule, d.reason);
        }
    }
    judge_apart(p);
    if (seen == 0) {
        set_state(&worst, IMAGE_UNKNOWN, "%s: nothing is known of it", p->project);
    }
    if (im->manifest_count == 1 || is_worse(worst.state, im->state)) {
        im->state = worst.state;
        memcpy(im->reason, worst.reason, sizeof(im->reason));
    }
}

/* --- what an index leads to --- */

static bool add_manifest(struct image *im, struct ch_str page)
{
    for (size_t i = 0; i < im->manifest_count; i++) {
        if (ch_str_eq(ch_str_of(im->manifests[i].page), page)) {
            return true;
        }
    }
    if (im->manifest_count == IMAGE_MANIFESTS_MAX || page.len >= IMAGE_PAGE_MAX) {
        return false;
    }
    snprintf(im->manifests[im->manifest_count++].page, IMAGE_PAGE_MAX, "%.*s", CH_STR_ARG(page));
    return true;
}

static void add_refusal(struct image *im, enum image_state state, const char *page, const char *why)
{
    if (im->state == IMAGE_ALLOWED || is_worse(state, im->state)) {
        set_state(im, state, "%s: %s", page, why);
    }
}

/* What an index lists, as the strict jail says it (document.c). */
struct listed {
    struct ch_str child; /* "sha256:HEX OS/ARCHITECTURE" */
    size_t fits;
};

struct listing {
    struct listed *list;
    size_t count;
};

static void add_listed(struct listing *l, struct ch_str child, struct ch_str wanted)
{
    struct ch_str digest, platform = child;
    ch_str_split(&platform, ' ', &digest); /* what is behind it, if anything */
    l->list = ch_realloc_array(l->list, l->count + 1, sizeof(*l->list));
    l->list[l->count++] = (struct listed){child, image_platform_fits(platform, wanted)};
}

static void add_child(struct image *im, const char *page, struct ch_str child)
{
    struct ch_str digest;
    char name[IMAGE_PAGE_MAX];
    const char *at = strchr(page, '@');
    ch_str_split(&child, ' ', &digest);
    int n = snprintf(name, sizeof(name), "%.*s@%.*s", (int)(at - page), page, CH_STR_ARG(digest));
    if (n < 0 || (size_t)n >= sizeof(name) || !add_manifest(im, ch_str_of(name))) {
        add_refusal(im, IMAGE_HELD, page, "it lists more images than are looked at");
    }
}

/* The one that fits best, and of several the first; of "all" each. False: none does. */
static bool add_children(struct image *im, const char *page, const struct listing *l)
{
    size_t best = IMAGE_PLATFORM_NONE;
    bool all = ch_str_eq(ch_str_of(im->platform), CH_STR(IMAGE_PLATFORM_ALL)), one = false;
    for (size_t i = 0; i < l->count; i++) {
        best = l->list[i].fits < best ? l->list[i].fits : best;
    }
    for (size_t i = 0; i < l->count && best != IMAGE_PLATFORM_NONE && (all || !one); i++) {
        if (l->list[i].fits == best) {
            add_child(im, page, l->list[i].child);
            one = true;
        }
    }
    return one;
}

/* T19: the image in it that is taken for the platform. It is judged as one by itself. */
static void follow_index(struct keeper *k, struct page *p, struct image *im)
{
    const struct ch_inspection_result *in = NULL;
    struct listing l = {NULL, 0};
    struct ch_buf known; /* children that are named by alias */
    for (size_t i = 0; in == NULL && i < p->facts.file_count; i++) {
        in = image_has_file(p, i) ? inspection_of(k, p, i) : NULL; /* it is the only one */
    }
    if (in == NULL) {
        return; /* it is not allowed then, and what it lists comes to be known */
    }
    size_t most = in->row.fact_count * (size_t)ch_limits.text_bytes + 1;
    ch_buf_init(&known, most);
    CH_ASSERT(ch_buf_reserve(&known, most) != NULL); /* it never moves */
    for (size_t f = 0; f < in->row.fact_count; f++) {
        if (ch_str_eq(in->row.facts[f].name, CH_STR("child"))) {
            add_listed(&l, aliases_fact(k, in->row.facts[f].value, &known),
                       ch_str_of(im->platform));
        }
    }
    if (l.count == 0) {
        add_refusal(
            im, IMAGE_HELD, p->project,
            "which images it lists is not known: inspected by an inspector of before, or empty");
    } else if (!add_children(im, p->project, &l)) {
        add_refusal(im, IMAGE_HELD, p->project, "it has no image for the platform");
    }
    ch_buf_done(&known);
    free(l.list);
}

static bool is_index(const struct page *p)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (image_has_file(p, i) && strcmp(p->files[i].release.file_type, "index") == 0) {
            return true;
        }
    }
    return false;
}

/* --- all of it --- */

/* What a tag stands for now. False: nothing. */
static bool resolve(struct page *p, struct image *im)
{
    char page[IMAGE_PAGE_MAX];
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (image_has_file(p, i) && p->eco->decided_on != NULL &&
            p->eco->decided_on(page_name(p), p->facts.files[i].index.file_name, page,
                               sizeof(page)) &&
            page[0] != '\0') {
            memcpy(im->page, page, sizeof(page));
            return true;
        }
    }
    return false;
}

/* What was pushed, and not taken away, is told by the store alone: its pages follow a moment later,
 * and a cluster is answered at once. *page is NAME:TAG, which becomes NAME@DIGEST, or that. False:
 * it is not there. */
static bool find_pushed(struct keeper *k, const struct ch_repository *repo,
                        char page[IMAGE_PAGE_MAX])
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    struct ch_pushed_row row;
    struct ch_sha256 sha256;
    struct ch_str project, tag;
    struct ch_buf strings;
    struct ch_err err;
    char hex[CH_SHA256_HEX + 1];
    ch_buf_init(&strings, 4096);
    bool found = eco->push->page_is(ch_str_of(page), &project, &tag, &sha256) &&
                 ch_store_pushed(k->store, ch_str_of(repo->name), project, tag, &sha256, &row,
                                 &strings, &err) == CH_OK;
    if (found && tag.len > 0) {
        char name[IMAGE_PAGE_MAX];
        ch_sha256_hex(&row.sha256, hex);
        int n = snprintf(name, sizeof(name), "%.*s@sha256:%s", CH_STR_ARG(project), hex);
        found = n > 0 && (size_t)n < sizeof(name);
        memcpy(page, name, found ? sizeof(name) : 0);
    }
    ch_buf_done(&strings);
    return found;
}

/* Whoever asks again learns that it was here, and where what was found of it stands. */
static void set_not_pushed(struct keeper *k, const struct ch_repository *repo, const char *page,
                           struct image *im)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    struct ch_str project, tag;
    struct ch_sha256 sha256;
    struct ch_err err;
    int64_t at_us;
    struct ch_buf time;
    char hex[CH_SHA256_HEX + 1];
    if (!eco->push->page_is(ch_str_of(page), &project, &tag, &sha256) ||
        ch_store_pushed_gone(k->store, ch_str_of(repo->name), project, tag, &sha256, &at_us,
                             &sha256, &err) != CH_OK) {
        set_state(im, IMAGE_UNKNOWN, "%s: nothing is pushed by that name now", page);
        return;
    }
    ch_sha256_hex(&sha256, hex);
    ch_buf_init(&time, 64);
    ch_time_put(&time, at_us, false);
    set_state(im, IMAGE_UNKNOWN,
              "%s: nothing is pushed by that name now: it was taken away at %.*s. What was found "
              "of it: customhouse explain "
              "%s:%.*s==sha256:%s",
              page, CH_STR_ARG(ch_buf_str(&time)), eco->name, CH_STR_ARG(project), hex);
    ch_buf_done(&time);
}

static bool look_at(struct keeper *k, struct image *im, size_t i, image_page_fn *ready, void *ctx)
{
    struct image_manifest *m = &im->manifests[i];
    struct page *p = page_get(k, ch_str_of(im->repository->name), ch_str_of(m->page));
    struct image none = {.state = IMAGE_UNKNOWN};
    bool gone = im->repository->hosted && !find_pushed(k, im->repository, m->page);
    if (p != NULL && !gone && !ready(ctx, p)) {
        return false;
    }
    if (gone) {
        set_not_pushed(k, im->repository, m->page, &none);
    }
    if (gone || is_no_page(k, p, m->page, &none)) {
        if (i == 0 || is_worse(none.state, im->state)) {
            im->state = none.state;
            memcpy(im->reason, none.reason, sizeof(im->reason));
        }
        return true;
    }
    p->pinned++; /* what is judged of it asks the store, and the page may need room */
    judge_page(k, p, im);
    m->index = is_index(p);
    if (m->index) {
        follow_index(k, p, im);
    }
    p->pinned--;
    return true;
}

bool image_look(struct keeper *k, const struct image_name *name, struct ch_str platform,
                image_page_fn *ready, void *ctx, struct image *ret)
{
    *ret = (struct image){.repository = name->repository, .state = IMAGE_UNKNOWN};
    memcpy(ret->asked, name->page, sizeof(ret->asked));
    snprintf(ret->platform, sizeof(ret->platform), "%.*s", CH_STR_ARG(platform));
    memcpy(ret->page, name->page, sizeof(ret->page));
    if (ret->repository->hosted) {
        if (!find_pushed(k, ret->repository, ret->page)) {
            ret->page[0] = '\0';
            set_not_pushed(k, ret->repository, name->page, ret);
            return true;
        }
    } else if (strchr(name->page, '@') == NULL) {
        struct page *tag = page_get(k, ch_str_of(ret->repository->name), ch_str_of(name->page));
        ret->page[0] = '\0';
        if (tag != NULL && !ready(ctx, tag)) {
            return false;
        }
        if (is_no_page(k, tag, name->page, ret)) {
            return true;
        }
        if (!resolve(tag, ret)) {
            set_state(ret, IMAGE_UNKNOWN, "%s: the tag stands for nothing now", name->page);
            return true;
        }
    }
    add_manifest(ret, ch_str_of(ret->page));
    for (size_t i = 0; i < ret->manifest_count; i++) {
        if (!look_at(k, ret, i, ready, ctx)) {
            return false;
        }
    }
    return true;
}

struct page *image_page(struct keeper *k, const struct image *im, size_t i)
{
    struct page *p = page_get(k, ch_str_of(im->repository->name), ch_str_of(im->manifests[i].page));
    return p != NULL && page_load(k, p) ? p : NULL;
}

struct ch_str image_digest(const struct image *im)
{
    const char *at = strchr(im->page, '@');
    return at != NULL ? ch_str_of(at + 1) : (struct ch_str){NULL, 0};
}
