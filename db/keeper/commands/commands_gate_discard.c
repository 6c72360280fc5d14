/* gate --discard: a pushed image that is denied goes from its repository, tags and manifest at
 * once. What is only held may pass tomorrow, and what is mirrored is somebody else's to take away:
 * both stay, refused. */
#include "commands_gate.h"

#include <stdio.h>
#include <string.h>

#include "db/keeper/intake/judge_together.h"
#include "db/keeper/pushes/pushes.h"

enum ch_code gate_may_discard(struct command *c, const struct ch_repository *r, struct ch_err *err)
{
    return r->hosted ? command_check(c, ACTION_DELETE, ch_str_of(r->name), err) : CH_OK;
}

/* The log's entry of the decision by which inspected bytes deny the manifest (T25: what nobody has
 * looked at is not thrown away on a word): of a file that is denied for itself, where there is one.
 * False: none does, or that it does is not stored yet; or it is an index, and denied for what it
 * leads to. */
static bool is_denied(struct keeper *k, struct page *p, bool index, uint64_t *ret_entry)
{
    struct judged_together together;
    struct ch_decision d;
    struct ch_log_row row;
    struct ch_err err;
    bool found = false, alone = false;
    judge_together(p, &together);
    for (size_t i = 0; !alone && i < p->facts.file_count; i++) {
        if (!image_has_file(p, i)) {
            continue;
        }
        judge(k, p, i, &d);
        bool itself = !ch_str_eq(ch_str_of(d.rule), ch_str_of(ch_hold_kind_name(CH_HOLD_PART)));
        if (d.verdict == CH_VERDICT_DENY && inspection_of(k, p, i) != NULL &&
            p->files[i].recorded_verdict == CH_VERDICT_DENY && (itself || !found) &&
            ch_store_decision_entry(k->store, ch_str_of(p->repository), page_name(p),
                                    p->facts.files[i].index.file_name, &row, &err) == CH_OK) {
            found = true;
            alone = itself;
            *ret_entry = row.index;
        }
    }
    judge_apart(p);
    return found && (alone || !index);
}

static void discard(struct command *c, struct gated *g)
{
    const struct image *im = &g->image;
    struct pushed_denied list[IMAGE_MANIFESTS_MAX];
    size_t count = 0;
    struct ch_err err;
    for (size_t m = 0; m < im->manifest_count; m++) {
        struct page *p = image_page(c->k, im, m);
        g->discarded[m] =
            p != NULL && is_denied(c->k, p, im->manifests[m].index, &list[count].decision);
        if (g->discarded[m]) {
            list[count++].page = ch_str_of(im->manifests[m].page);
        }
    }
    if (count == 0) {
        snprintf(g->kept, sizeof(g->kept),
                 "that its inspection denies it is not stored, or it was not inspected");
        return;
    }
    if (!g->discarded[0]) { /* an index goes with what it leads to, for the same decision */
        g->discarded[0] = true;
        list[count] = (struct pushed_denied){ch_str_of(im->manifests[0].page), list[0].decision};
        count++;
    }
    if (pushes_take_away(c->k, im->repository, list, count, ch_str_of(c->who.text), &err) !=
        CH_OK) {
        memset(g->discarded, 0, sizeof(g->discarded));
        snprintf(g->kept, sizeof(g->kept), "it could not be stored: %.200s", err.msg);
    }
}

void gate_discard(struct command *c, struct gated *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct image *im = &list[i].image;
        if (list[i].passed) {
            continue;
        }
        if (im->repository != NULL && im->repository->hosted && im->state == IMAGE_DENIED) {
            discard(c, &list[i]);
        } else {
            snprintf(list[i].kept, sizeof(list[i].kept),
                     im->repository != NULL && im->repository->hosted
                         ? "it is %s, and only what is denied is discarded"
                         : "it is %s, and only what was pushed here is discarded",
                     image_state_name(im->state));
        }
    }
}

void gate_discarded(struct command *c, const struct gated *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t m = 0; m < list[i].image.manifest_count; m++) {
            if (list[i].discarded[m]) {
                pushes_look_at(c->k, ch_str_of(list[i].image.repository->name),
                               list[i].image.manifests[m].page);
            }
        }
    }
}
