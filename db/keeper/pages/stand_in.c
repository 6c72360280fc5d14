#include "stand_in.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/clients.h"

#define NO_VERSION       UINT32_MAX
#define REQUIREMENTS_MAX 64
#define STEPS_MAX        10000000 /* of comparing, for one listing: more is no honest page */

/* Of what can be had: one version, and another one. */
struct reach {
    uint32_t first, other; /* version groups, NO_VERSION */
};

enum { FINALS = 0, PRERELEASES_TOO, OFFERS };

struct cover { /* of a held class by an offer */
    bool known, hopeless;
    uint32_t *sole; /* versions that are the only ones for some client */
    size_t sole_count;
};

struct class
{
    struct clients clients;
    struct client_set pythons;      /* whom its Requires-Python takes */
    bool unread;                    /* it could not be read: some clients take it anyway */
    struct reach available[OFFERS]; /* versions of its available files */
    struct cover cover[OFFERS];
};

struct stand_ins {
    const struct page *page;
    bool built;
    struct client_points points;
    struct class *classes;
    size_t steps;
};

static struct ch_str requirement_of(const struct page *p, size_t class)
{
    return p->facts.files[p->index.class_file[class]].index.requires_python;
}

static bool is_prerelease(const struct page *p, size_t file)
{
    return p->eco->is_prerelease != NULL &&
           p->eco->is_prerelease(ch_str_of(p->files[file].release.version));
}

static void reach_version(struct reach *r, uint32_t version)
{
    if (r->first == NO_VERSION) {
        r->first = version;
    } else if (r->first != version && r->other == NO_VERSION) {
        r->other = version;
    }
}

static void reach_also(struct reach *r, const struct reach *more)
{
    if (more->first != NO_VERSION) {
        reach_version(r, more->first);
    }
    if (more->other != NO_VERSION) {
        reach_version(r, more->other);
    }
}

static void ask_requirement(struct stand_ins *s, struct class *c, struct ch_str requirement)
{
    for (size_t i = 0; i < s->points.count && !c->unread; i++) {
        char text[16];
        bool match = requirement.len == 0;
        struct ch_err err;
        s->page->eco->clients->point_text(&s->points, i, text);
        if (!match) {
            c->unread =
                s->page->eco->match_version(requirement, ch_str_of(text), &match, &err) != CH_OK;
        }
        c->pythons.bits[i / 64] |= (uint64_t)match << i % 64;
    }
}

/* Classes with the same words share the answer; of more different ones than we ask for nothing is
 * known. */
static void ask_requirements(struct stand_ins *s)
{
    size_t n = s->page->index.class_count, asked[REQUIREMENTS_MAX], asked_count = 0;
    for (size_t c = 0; c < n; c++) {
        struct ch_str requirement = requirement_of(s->page, c);
        size_t same = 0;
        while (same < asked_count &&
               !ch_str_eq(requirement_of(s->page, asked[same]), requirement)) {
            same++;
        }
        if (same < asked_count) {
            s->classes[c].pythons = s->classes[asked[same]].pythons;
            s->classes[c].unread = s->classes[asked[same]].unread;
        } else if (asked_count == REQUIREMENTS_MAX || s->classes[c].unread) {
            s->classes[c].unread = true;
        } else {
            ask_requirement(s, &s->classes[c], requirement);
            asked[asked_count++] = c;
        }
    }
}

static void collect_available(struct stand_ins *s)
{
    const struct page *p = s->page;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        /* What the upstream yanked is no offer: clients take it when it is pinned alone. */
        if (p->index.clients[i] == PAGE_CLASSES_MAX || !p->listing.rows[i].available ||
            p->facts.files[i].index.yanked) {
            continue;
        }
        struct class *c = &s->classes[p->index.clients[i]];
        reach_version(&c->available[PRERELEASES_TOO], p->index.version[i]);
        if (!is_prerelease(p, i)) {
            reach_version(&c->available[FINALS], p->index.version[i]);
        }
    }
}

static void build(struct stand_ins *s)
{
    const struct page *p = s->page;
    const struct reach none = {NO_VERSION, NO_VERSION};
    const struct ch_clients_ops *ops = p->eco->clients;
    s->built = true;
    s->classes = ch_calloc(p->index.class_count + 1, sizeof(*s->classes));
    ops->points_begin(&s->points);
    for (size_t i = 0; i < p->index.class_count; i++) {
        struct class *c = &s->classes[i];
        const struct page_release *of = &p->files[p->index.class_file[i]].release;
        struct ch_release r = {.file_type = of->file_type,
                               .profile = of->profile,
                               .python_tags = of->python_tags,
                               .abi_tags = of->abi_tags,
                               .platform_tags = of->platform_tags};
        snprintf(r.version, sizeof(r.version), "%s", of->version);
        ops->of(&r, &c->clients);
        ops->points_add(&s->points, &c->clients);
        c->unread = !ops->points_add_requirement(&s->points, requirement_of(p, i));
        c->available[FINALS] = c->available[PRERELEASES_TOO] = none;
    }
    if (!s->points.full) {
        ask_requirements(s);
    }
    collect_available(s);
}

struct stand_ins *stand_ins_new(const struct page *p)
{
    struct stand_ins *s = ch_calloc(1, sizeof(*s));
    s->page = p;
    return s;
}

void stand_ins_free(struct stand_ins *s)
{
    for (size_t i = 0; s != NULL && s->built && i < s->page->index.class_count; i++) {
        free(s->classes[i].cover[FINALS].sole);
        free(s->classes[i].cover[PRERELEASES_TOO].sole);
    }
    if (s != NULL) {
        free(s->classes);
        free(s);
    }
}

static void only_by(struct cover *c, uint32_t version)
{
    for (size_t i = 0; i < c->sole_count; i++) {
        if (c->sole[i] == version) {
            return;
        }
    }
    c->sole = ch_realloc_array(c->sole, c->sole_count + 1, sizeof(*c->sole));
    c->sole[c->sole_count++] = version;
}

/* Adds, at each point, what clients of the kind can have. Who takes a wheel may take nothing else
 * (`--only-binary`), or have nothing to build with: a source distribution is no offer for it. */
static void reach_points(struct stand_ins *s, const struct class *held,
                         const struct client_kind *kind, int offer, struct reach *at)
{
    for (size_t o = 0; o < s->page->index.class_count && s->steps <= STEPS_MAX; o++) {
        const struct class *other = &s->classes[o];
        if (other->available[offer].first == NO_VERSION || other->unread ||
            (other->clients.all && !held->clients.all)) {
            continue;
        }
        struct client_set taken = {0};
        s->page->eco->clients->taking(&other->clients, kind, &s->points, &taken);
        s->steps += s->points.count + other->clients.python_count * other->clients.abi_count *
                                          other->clients.platform_count;
        for (size_t i = 0; i < s->points.count; i++) {
            if ((taken.bits[i / 64] & other->pythons.bits[i / 64]) >> i % 64 & 1) {
                reach_also(&at[i], &other->available[offer]);
            }
        }
    }
}

/* Whether there are any clients of the kind that take it. */
static bool cover_kind(struct stand_ins *s, const struct class *held,
                       const struct client_kind *kind, int offer, struct cover *ret)
{
    struct reach at[CLIENTS_POINTS];
    struct client_set wanted;
    bool any = false;
    for (size_t i = 0; i < s->points.count; i++) {
        at[i] = (struct reach){NO_VERSION, NO_VERSION};
    }
    reach_points(s, held, kind, offer, at);
    s->page->eco->clients->points_of_kind(kind, &s->points, &wanted);
    for (size_t i = 0; i < s->points.count; i++) {
        bool takes = wanted.bits[i / 64] >> i % 64 & 1 &&
                     (held->unread || (held->pythons.bits[i / 64] >> i % 64 & 1));
        any |= takes;
        if (takes && at[i].first == NO_VERSION) {
            ret->hopeless = true;
        } else if (takes && at[i].other == NO_VERSION) {
            only_by(ret, at[i].first);
        }
    }
    return any;
}

static void work_out(struct stand_ins *s, const struct class *held, int offer, struct cover *ret)
{
    struct client_kind kind;
    bool any = false; /* a client of ours that takes it: one for Python 2 alone is plain */
    ret->known = true;
    ret->hopeless = held->clients.more || s->points.full || s->steps > STEPS_MAX;
    for (size_t n = 0; !ret->hopeless && s->page->eco->clients->kind(&held->clients, n, &kind);
         n++) {
        any |= cover_kind(s, held, &kind, offer, ret);
        ret->hopeless |= s->steps > STEPS_MAX;
    }
    ret->hopeless |= !any;
}

bool stand_ins_cover(struct stand_ins *s, size_t file)
{
    const struct page *p = s->page;
    if (p->eco->clients == NULL || p->index.clients[file] == PAGE_CLASSES_MAX) {
        return false;
    }
    if (!s->built) {
        build(s);
    }
    struct class *held = &s->classes[p->index.clients[file]];
    int offer = is_prerelease(p, file) ? PRERELEASES_TOO : FINALS;
    struct cover *cover = &held->cover[offer];
    if (!cover->known) {
        work_out(s, held, offer, cover);
    }
    bool covered = !cover->hopeless;
    for (size_t i = 0; i < cover->sole_count; i++) {
        covered &= cover->sole[i] != p->index.version[file];
    }
    return covered;
}
