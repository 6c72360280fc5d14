/* gate --discard: a pushed image that is denied goes from its repository, tags and manifest at
 * once. What is only held may pass tomorrow, and what is mirrored is somebody else's to take away:
 * both stay, refused. */
#include "commands_gate.h"

#include <stdio.h>

#include "db/keeper/intake/judge_together.h"
#include "db/keeper/pushes/pushes.h"

enum ch_code gate_may_discard(struct command *c, const struct ch_repository *r, struct ch_err *err)
{
    return r->hosted ? command_check(c, ACTION_DELETE, ch_str_of(r->name), err) : CH_OK;
}

/* The log's entry of the decision that denies a file of the page. False: none is denied, or not in
 * the log. */
static bool denied_by(struct command *c, struct page *p, uint64_t *ret_entry)
{
    bool found = false;
    struct judged_together together;
    struct ch_decision d;
    struct ch_log_row row;
    struct ch_err err;
    judge_together(p, &together);
    for (size_t i = 0; !found && i < p->facts.file_count; i++) {
        if (!image_has_file(p, i)) {
            continue;
        }
        judge(c->k, p, i, &d);
        found = d.verdict == CH_VERDICT_DENY &&
                ch_store_decision_entry(c->k->store, ch_str_of(p->repository), page_name(p),
                                        p->facts.files[i].index.file_name, &row, &err) == CH_OK;
    }
    judge_apart(p);
    *ret_entry = found ? row.index : 0;
    return found;
}

static void discard(struct command *c, struct gated *g)
{
    const struct image *im = &g->image;
    struct page *named = image_page(c->k, im, 0);
    uint64_t entry = 0;
    struct ch_err err;
    /* What an index leads to first: its own entry follows from the decision on that. */
    for (size_t m = im->manifest_count; named != NULL && m-- > 0 && g->kept[0] == '\0';) {
        struct page *p = m > 0 ? image_page(c->k, im, m) : named;
        uint64_t its = 0;
        bool denied = p != NULL && denied_by(c, p, &its);
        entry = denied ? its : entry;
        if (entry == 0 || (!denied && m > 0)) {
            continue;
        }
        enum ch_code rc = pushes_take_away(c->k, p, ch_str_of(c->who.text), &entry, &err);
        if (rc == CH_OK || rc == CH_E_NOT_FOUND) { /* somebody else had the same done */
            g->discarded[m] = true;
        } else {
            snprintf(g->kept, sizeof(g->kept), "%.160s: %.80s", im->manifests[m].page, err.msg);
        }
    }
    if (g->kept[0] == '\0' && !g->discarded[0]) {
        snprintf(g->kept, sizeof(g->kept),
                 "the decision that denies it is not in the audit log yet");
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
