/* Indexes of images: signed while all that they list is (T19). What one lists its inspection has
 * told, each as a fact. */
#include "images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/images/image_listed.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/pushes/aliases.h"
#include "db/keeper/rulings/approvals_int.h"

#define NAMED_BYTES 128 /* "sha256:HEX" */

/* "sha256:HEX" of "sha256:HEX linux/amd64", and of what is named by an alias what it stands for
 * (T15); written to `b` then. */
static struct ch_str version_of(struct keeper *k, const struct ch_fact *fact, struct ch_buf *b)
{
    size_t at;
    struct ch_str digest =
        ch_str_find_char(fact->value, ' ', &at) ? ch_str_sub(fact->value, 0, at) : fact->value;
    ch_buf_clear(b);
    return aliases_fact(k, digest, b);
}

/* ------------------------------------------------------------------ complete */

struct looking {
    struct keeper *k;
    char *why;  /* IMAGES_WHY_BYTES */
    bool later; /* something that is listed waits for the log */
};

static bool complete(struct looking *l, struct page *p, size_t file, unsigned depth);

/* The file of the page that stands for all of this version; -1: none does. */
static ptrdiff_t find_whole(const struct page *p, struct ch_str version)
{
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (images_role(p, i) != CH_WHOLE_PART &&
            p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN &&
            ch_str_eq(ch_str_of(p->files[i].release.version), version)) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

/* An image is signed now if it is due: who asks for the index has not asked for that. */
static bool is_good(struct looking *l, struct page *p, size_t file, unsigned depth)
{
    const char *version = p->files[file].release.version;
    struct ch_decision d;
    struct image_signed found;
    struct ch_err err;
    judge(l->k, p, file, &d);
    if (d.verdict != CH_VERDICT_ALLOW) {
        snprintf(l->why, IMAGES_WHY_BYTES, "it lists %.20s..., which is not approved here: %s",
                 version, d.rule);
        return false;
    }
    if (images_role(p, file) == CH_WHOLE_LIST) {
        return complete(l, p, file, depth + 1);
    }
    enum ch_code rc = images_signed(l->k, p, file, &found, &err);
    l->later = l->later || found.waits_for_log;
    if (rc != CH_OK && !found.waits_for_log) {
        snprintf(l->why, IMAGES_WHY_BYTES, "it lists %.20s..., which is not signed: %.120s",
                 version, err.msg);
    }
    return rc == CH_OK || found.waits_for_log;
}

static bool member_is_good(struct looking *l, struct page *p, struct ch_str version, unsigned depth)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    struct page *of = p->eco->listed_page(page_name(p), version, name, sizeof(name))
                          ? page_get(l->k, ch_str_of(p->repository), ch_str_of(name))
                          : NULL;
    ptrdiff_t at = of != NULL && page_load(l->k, of) && page_owner(of) != CH_OWNER_LEFT
                       ? find_whole(of, version)
                       : -1;
    if (at < 0) {
        snprintf(l->why, IMAGES_WHY_BYTES, "it lists %.*s..., which nobody has asked for here",
                 CH_STR_ARG(ch_str_sub(version, 0, 20)));
        return false;
    }
    of->pinned++;
    bool good = is_good(l, of, (size_t)at, depth);
    of->pinned--;
    return good;
}

static bool complete(struct looking *l, struct page *p, size_t file, unsigned depth)
{
    const struct ch_inspection_result *in = inspection_of(l->k, p, file);
    const struct ch_str name = ch_str_of(p->eco->listed_fact);
    size_t listed = 0;
    struct ch_buf named;
    ch_buf_init(&named, NAMED_BYTES);
    bool good =
        in != NULL && in->row.outcome == CH_INSPECTION_COMPLETE && depth < IMAGE_LISTED_DEPTH_MAX;
    for (size_t i = 0; good && i < in->row.fact_count; i++) {
        if (ch_str_eq(in->row.facts[i].name, name)) {
            listed++;
            good = member_is_good(l, p, version_of(l->k, &in->row.facts[i], &named), depth);
        }
    }
    ch_buf_done(&named);
    if (listed == 0) {
        snprintf(l->why, IMAGES_WHY_BYTES, "what it lists is not known");
    }
    return good && listed > 0;
}

bool images_list_complete(struct keeper *k, struct page *p, size_t file, char why[IMAGES_WHY_BYTES],
                          bool *ret_later)
{
    struct looking l = {.k = k, .why = why};
    why[0] = '\0';
    p->pinned++; /* others are looked at meanwhile */
    bool good = complete(&l, p, file, 0);
    p->pinned--;
    *ret_later = good && l.later;
    return good;
}

/* ------------------------------------------------------------------ complete no more */

struct listing {
    struct keeper *k;
    struct ch_str version;
    struct ch_str fact;
    bool lists;
};

static bool on_inspection(void *ctx, uint64_t id, const struct ch_inspection_key *key,
                          const struct ch_inspection_row *row, bool as_recorded)
{
    struct listing *l = ctx;
    struct ch_buf named;
    (void)id;
    (void)key;
    (void)as_recorded;
    ch_buf_init(&named, NAMED_BYTES);
    for (size_t i = 0; !l->lists && i < row->fact_count; i++) {
        l->lists = ch_str_eq(row->facts[i].name, l->fact) &&
                   ch_str_eq(version_of(l->k, &row->facts[i], &named), l->version);
    }
    ch_buf_done(&named);
    return !l->lists;
}

struct signed_list {
    struct signed_list *next;
    struct ch_sha256 sha256;
    char *upstream, *project, *file_name;
};

struct gathering {
    const struct page *p;
    struct signed_list *lists;
};

static void on_approval(void *ctx, const struct ch_attestation_row *row)
{
    struct gathering *g = ctx;
    const struct ch_ecosystem *eco = g->p->eco;
    if (eco->whole(row->file_name) == CH_WHOLE_LIST &&
        ch_str_eq(eco->page_project(row->project), page_names(g->p))) {
        struct signed_list *l = ch_calloc(1, sizeof(*l));
        l->sha256 = row->sha256;
        l->upstream = ch_str_dup(row->upstream);
        l->project = ch_str_dup(row->project);
        l->file_name = ch_str_dup(row->file_name);
        l->next = g->lists;
        g->lists = l;
    }
}

static void forget(struct keeper *k, const struct page *p, const struct signed_list *l)
{
    struct page *of = page_in_memory(k, ch_str_of(p->repository), ch_str_of(l->project));
    ptrdiff_t at =
        of != NULL && of->files != NULL ? page_find_file(of, ch_str_of(l->file_name)) : -1;
    if (at >= 0) {
        of->files[at].approved = (struct ch_sha256){{0}};
        of->files[at].approval_known = false;
    }
}

/* Those that list this version; and those that list these. No page is loaded: who calls may be on a
 * walk over them. */
static void withdraw(struct keeper *k, const struct page *p, const struct signed_list *all,
                     struct ch_str version, unsigned depth)
{
    struct ch_err err;
    for (const struct signed_list *l = all; l != NULL; l = l->next) {
        struct listing of = {k, version, ch_str_of(p->eco->listed_fact), false};
        char hex[CH_SHA256_HEX + 1], own[CH_SHA256_HEX + sizeof("sha256:")];
        enum ch_code rc = ch_store_inspections_of(k->store, &l->sha256, on_inspection, &of, &err);
        if (rc == CH_OK && !of.lists) {
            continue;
        } /* T4: what cannot be read stands no longer either */
        struct ch_attestation_row place = {.repository = ch_str_of(p->repository),
                                           .upstream = ch_str_of(l->upstream),
                                           .project = ch_str_of(l->project),
                                           .file_name = ch_str_of(l->file_name)};
        if (approvals_end(k, &place, &err) != CH_OK) {
            keeper_log("store", "withdrawal=unrecorded error=\"%s\"", err.msg);
        }
        forget(k, p, l);
        ch_sha256_hex(&l->sha256, hex);
        snprintf(own, sizeof(own), "sha256:%s", hex);
        if (depth + 1 < IMAGE_LISTED_DEPTH_MAX && !ch_str_eq(ch_str_of(own), version)) {
            withdraw(k, p, all, ch_str_of(own), depth + 1);
        }
    }
}

void images_withdraw_lists(struct keeper *k, const struct page *p, size_t file)
{
    struct gathering g = {.p = p};
    struct ch_buf to;
    struct ch_err err;
    if (images_role(p, file) == CH_WHOLE_PART) {
        return;
    }
    struct ch_str from = page_names(p);
    ch_buf_init(&to, from.len + 1);
    ch_buf_puts(&to, from);
    ch_buf_putc(&to, '\x7f'); /* behind all pages of the name */
    if (ch_store_approvals_between(k->store, ch_str_of(p->repository), from, ch_buf_str(&to),
                                   on_approval, &g, &err) != CH_OK) {
        keeper_log("store", "withdrawal=unrecorded error=\"%s\"", err.msg);
    }
    withdraw(k, p, g.lists, ch_str_of(p->files[file].release.version), 0);
    ch_buf_done(&to);
    while (g.lists != NULL) {
        struct signed_list *next = g.lists->next;
        free(g.lists->upstream);
        free(g.lists->project);
        free(g.lists->file_name);
        free(g.lists);
        g.lists = next;
    }
}
