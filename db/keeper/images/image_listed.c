#include "image_listed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/platform.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/pushes/aliases.h"
#include "db/keeper/pushes/pushes.h"
#include "db/keeper/signing/images.h"

/* ------------------------------------------------------------------ what it lists */

/* "sha256:HEX linux/amd64", "sha256:HEX" */
static struct image_child child_of(struct ch_str fact)
{
    struct image_child c = {.counts = false};
    size_t at;
    bool said = ch_str_find_char(fact, ' ', &at);
    c.digest = said ? ch_str_sub(fact, 0, at) : fact;
    c.platform = said ? ch_str_sub(fact, at + 1, fact.len) : c.platform;
    return c;
}

static bool is_of_windows(struct ch_str platform)
{
    return ch_str_starts(platform, CH_STR("windows/")) ||
           ch_str_starts(platform, CH_STR("windows("));
}

static size_t fit_of(const struct image_child *c, struct ch_str wanted, bool features)
{
    return features || !ch_platform_has_features(c->platform)
               ? ch_platform_fits(c->platform, wanted)
               : CH_PLATFORM_NONE;
}

static void choose_of(struct image_children *c, struct ch_str wanted, bool first, bool features)
{
    size_t best = CH_PLATFORM_NONE;
    bool all = ch_str_eq(wanted, CH_STR(CH_PLATFORM_ALL)), one = false;
    for (size_t i = 0; i < c->count; i++) {
        size_t fits = fit_of(&c->list[i], wanted, features);
        best = fits < best ? fits : best;
    }
    for (size_t i = 0; i < c->count && best != CH_PLATFORM_NONE; i++) {
        struct image_child *child = &c->list[i];
        bool taken = all || !first || !one || is_of_windows(child->platform);
        if (taken && fit_of(child, wanted, features) == best) {
            one = true;
            c->counting += !child->counts;
            child->counts = true;
        }
    }
}

/* Nodes differ in whether they take what asks for features of the system: what either takes. */
static void choose_for(struct image_children *c, struct ch_str wanted, bool first)
{
    choose_of(c, wanted, first, true);
    choose_of(c, wanted, first, false);
}

void image_children_choose(struct image_children *c, const char *const *wanted, size_t count,
                           bool first)
{
    c->counting = 0;
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].counts = false;
    }
    for (size_t i = 0; i < count; i++) {
        choose_for(c, ch_str_of(wanted[i]), first);
    }
}

bool image_children_of(struct keeper *k, struct page *p, size_t file, struct image_children *ret)
{
    *ret = (struct image_children){.count = 0};
    const struct ch_inspection_result *in =
        images_role(p, file) == CH_WHOLE_LIST ? inspection_of(k, p, file) : NULL;
    if (in == NULL || in->row.outcome != CH_INSPECTION_COMPLETE) {
        return false;
    }
    size_t most = 1;
    for (size_t i = 0; i < in->row.fact_count; i++) {
        most += in->row.facts[i].value.len + CH_SHA256_HEX;
    }
    ch_buf_init(&ret->named, most);
    CH_ASSERT(ch_buf_reserve(&ret->named, most) != NULL); /* slices of it do not move */
    ret->list = ch_calloc(in->row.fact_count + 1, sizeof(*ret->list));
    for (size_t i = 0; i < in->row.fact_count; i++) {
        if (ch_str_eq(in->row.facts[i].name, ch_str_of(p->eco->listed_fact))) {
            ret->list[ret->count++] =
                child_of(aliases_fact(k, in->row.facts[i].value, &ret->named));
        }
    }
    image_children_choose(ret, (const char *const *)p->config->platforms, p->config->platform_count,
                          false);
    return true;
}

void image_children_done(struct image_children *c)
{
    free(c->list);
    ch_buf_done(&c->named);
    *c = (struct image_children){.count = 0};
}

/* ------------------------------------------------------------------ one of them */

static bool name_of(const struct page *p, const struct image_child *c, char *ret, size_t ret_size)
{
    return p->eco->listed_page(page_name(p), c->digest, ret, ret_size);
}

struct page *image_child_page(struct keeper *k, const struct page *p, const struct image_child *c)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    return name_of(p, c, name, sizeof(name))
               ? page_get(k, ch_str_of(p->repository), ch_str_of(name))
               : NULL;
}

ptrdiff_t image_child_file(const struct page *of, const struct image_child *c)
{
    for (size_t i = 0; i < of->facts.file_count; i++) {
        if (images_role(of, i) != CH_WHOLE_PART &&
            of->facts.files[i].removed_at_us == CH_TIME_UNKNOWN &&
            ch_str_eq(ch_str_of(of->files[i].release.version), c->digest)) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

struct recorded {
    const struct page *p;
    char *why;
    enum image_child_state state;
};

/* What waits for its inspection alone is not decided. */
static void on_decision(void *ctx, const struct ch_decision_row *row)
{
    struct recorded *r = ctx;
    const struct page *p = r->p;
    bool waits = ch_str_eq(row->rule, ch_str_of(ch_hold_kind_name(CH_HOLD_NOT_INSPECTED)));
    if (p->eco->whole(row->file_name) == CH_WHOLE_PART ||
        !ch_str_eq(row->upstream, ch_str_of(p->upstream->name))) {
        return;
    }
    r->state = row->verdict == CH_VERDICT_ALLOW  ? IMAGE_CHILD_ALLOWED
               : row->verdict == CH_VERDICT_DENY ? IMAGE_CHILD_DENIED
               : waits                           ? IMAGE_CHILD_MISSING
                                                 : IMAGE_CHILD_HELD;
    snprintf(r->why, IMAGE_CHILD_WHY, "%.*s: %.*s", CH_STR_ARG(row->rule), CH_STR_ARG(row->reason));
}

enum image_child_state image_child_recorded(struct keeper *k, const struct page *p,
                                            const struct image_child *c, char why[IMAGE_CHILD_WHY])
{
    char name[sizeof(((struct ch_target *)NULL)->project)], hex[CH_SHA256_HEX + 1];
    struct recorded r = {.p = p, .why = why};
    struct ch_sha256 sha256;
    struct ch_err err;
    struct ch_str digits = ch_str_sub(c->digest, sizeof("sha256:") - 1, c->digest.len);
    snprintf(why, IMAGE_CHILD_WHY, "it is not inspected yet");
    if (!name_of(p, c, name, sizeof(name)) || !ch_sha256_from_hex(digits, &sha256)) {
        snprintf(why, IMAGE_CHILD_WHY, "it has no name here");
        return IMAGE_CHILD_HELD;
    }
    const struct page *of = page_in_memory(k, ch_str_of(p->repository), ch_str_of(name));
    if (of != NULL && of->load == PAGE_ABSENT) {
        snprintf(why, IMAGE_CHILD_WHY, "the upstream that lists it does not have it");
        return IMAGE_CHILD_HELD;
    }
    if (!hosted_is_there(k, ch_str_of(p->repository), ch_str_of(name), &sha256)) {
        ch_sha256_hex(&sha256, hex);
        snprintf(why, IMAGE_CHILD_WHY, "it is not pushed here, or was taken away");
        return IMAGE_CHILD_HELD;
    }
    if (ch_store_decisions_of(k->store, ch_str_of(p->repository), ch_str_of(name), on_decision, &r,
                              &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        snprintf(why, IMAGE_CHILD_WHY, "what is decided of it could not be read");
        return IMAGE_CHILD_HELD;
    }
    return r.state;
}

/* ------------------------------------------------------------------ what it means for the index */

static void put_platforms(struct ch_buf *b, const struct image_children *c)
{
    size_t put = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct ch_str platform = c->list[i].platform;
        bool seen = ch_str_eq(platform, CH_STR("unknown/unknown")); /* what attestations are for */
        for (size_t before = 0; !seen && before < i; before++) {
            seen = ch_str_eq(c->list[before].platform, platform);
        }
        if (!seen) {
            ch_buf_puts(b, put++ > 0 ? CH_STR(", ") : CH_STR(""));
            ch_buf_put_escaped(b, platform);
        }
    }
    ch_buf_puts(b, put > 0 ? CH_STR("") : CH_STR("none"));
}

/* Into the page, as reasons of parts. */
static void say_none(struct page *p, const struct image_children *c)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 16);
    ch_buf_puts(&b, CH_STR("it has no image for "));
    for (size_t i = 0; i < p->config->platform_count; i++) {
        ch_buf_printf(&b, "%s%s", i > 0 ? " or " : "", p->config->platforms[i]);
    }
    ch_buf_puts(&b, CH_STR(", which is served here; those that it has: "));
    put_platforms(&b, c);
    snprintf(p->part_reason, sizeof(p->part_reason), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
}

static void say_part(struct page *p, const struct image_child *c, enum image_child_state state,
                     const char *why, struct ch_facts *ret)
{
    const size_t short_digest = sizeof("sha256:") - 1 + 12; /* as clients show it */
    struct ch_str digest = ch_str_sub(c->digest, 0, short_digest);
    snprintf(p->part_name, sizeof(p->part_name), "image %.*s%s%.*s", CH_STR_ARG(digest),
             c->platform.len > 0 ? " for " : "", CH_STR_ARG(c->platform));
    snprintf(p->part_reason, sizeof(p->part_reason), "%s", why);
    ret->part = ch_str_of(p->part_name);
    ret->part_denied = state == IMAGE_CHILD_DENIED;
    ret->part_reason = ch_str_of(p->part_reason);
}

void image_listed_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    struct image_children all;
    const struct image_child *told = NULL;
    enum image_child_state state = IMAGE_CHILD_MISSING;
    char why[IMAGE_CHILD_WHY], told_why[IMAGE_CHILD_WHY];
    bool allowed = false, missing = false;
    if (!image_children_of(k, p, file, &all)) {
        image_children_done(&all);
        return;
    }
    for (size_t i = 0; i < all.count && !allowed; i++) {
        if (!all.list[i].counts) {
            continue;
        }
        enum image_child_state is = image_child_recorded(k, p, &all.list[i], why);
        allowed = is == IMAGE_CHILD_ALLOWED;
        missing = missing || is == IMAGE_CHILD_MISSING;
        if (!allowed && is != IMAGE_CHILD_MISSING &&
            (told == NULL || (state == IMAGE_CHILD_DENIED && is == IMAGE_CHILD_HELD))) {
            told = &all.list[i]; /* a hold before a denial: it may still change */
            state = is;
            memcpy(told_why, why, sizeof(why));
        }
    }
    if (all.counting == 0) {
        say_none(p, &all);
        ret->no_platform = ch_str_of(p->part_reason);
    } else if (!allowed && missing) {
        ret->part_missing = true;
    } else if (!allowed && told != NULL) {
        say_part(p, told, state, told_why, ret);
    }
    image_children_done(&all);
}

bool image_listed_waits(struct keeper *k, struct page *p, size_t file)
{
    struct image_children all;
    bool waits = image_children_of(k, p, file, &all);
    image_children_done(&all);
    return waits;
}

/* ------------------------------------------------------------------ judged again */

static void settle(struct keeper *k, struct page *p, size_t file, unsigned depth);

/* As for a client who asks for it: what is recorded of it is what it is now. */
static bool settle_one(struct keeper *k, struct page *of, size_t file, unsigned depth)
{
    struct ch_decision d;
    struct ch_err err;
    if (images_role(of, file) == CH_WHOLE_LIST && depth + 1 < IMAGE_LISTED_DEPTH_MAX) {
        settle(k, of, file, depth + 1);
    }
    judge(k, of, file, &d);
    serve_withdraw(k, of, file, &d);
    if (judge_record(k, of, file, &d, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    return d.verdict == CH_VERDICT_ALLOW;
}

static bool any_allowed(struct keeper *k, const struct page *p, const struct image_children *all)
{
    char why[IMAGE_CHILD_WHY];
    for (size_t i = 0; i < all->count; i++) {
        if (all->list[i].counts &&
            image_child_recorded(k, p, &all->list[i], why) == IMAGE_CHILD_ALLOWED) {
            return true;
        }
    }
    return false;
}

static void settle(struct keeper *k, struct page *p, size_t file, unsigned depth)
{
    struct image_children all;
    bool allowed = !image_children_of(k, p, file, &all) || any_allowed(k, p, &all);
    p->pinned++; /* others are looked at meanwhile */
    for (size_t i = 0; i < all.count && !allowed; i++) {
        struct page *of = all.list[i].counts ? image_child_page(k, p, &all.list[i]) : NULL;
        ptrdiff_t at =
            of != NULL && page_load(k, of) && page_owner(of) != CH_OWNER_LEFT && page_usable(k, of)
                ? image_child_file(of, &all.list[i])
                : -1;
        if (at >= 0) {
            of->pinned++;
            allowed = settle_one(k, of, (size_t)at, depth);
            page_refresh_behind(k, of);
            of->pinned--;
        }
    }
    p->pinned--;
    image_children_done(&all);
}

void image_listed_settle(struct keeper *k, struct page *p, size_t file)
{
    if (images_role(p, file) == CH_WHOLE_LIST) {
        settle(k, p, file, 0);
    }
}

static bool lists(struct keeper *k, struct page *p, struct ch_str version)
{
    struct image_children all;
    bool found = false;
    for (size_t f = 0; !found && f < p->facts.file_count; f++) {
        image_children_of(k, p, f, &all);
        for (size_t i = 0; i < all.count; i++) {
            found = found || (all.list[i].counts && ch_str_eq(all.list[i].digest, version));
        }
        image_children_done(&all);
    }
    return found;
}

void image_listed_again(struct keeper *k, const struct page *p, size_t file)
{
    size_t cursor = 0;
    void *value;
    struct ch_str version = ch_str_of(p->files[file].release.version);
    if (images_role(p, file) == CH_WHOLE_PART) {
        return;
    }
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *of = value;
        if (of != p && of->load == PAGE_READY && of->config == p->config && of->together == NULL &&
            of->facts.file_count == 1 && ch_str_eq(page_names(of), page_names(p)) &&
            lists(k, of, version)) {
            again_page(k, of);
        }
    }
}
