/* Manifests that are here already: who pushes is told so, or takes them away, and so does who
 * denies them. */
#include "pushes_int.h"

#include "aliases.h"

#include "db/keeper/audit/audit_pushed.h"

/* The manifest that `reference` is; else that was answered. `strings` has room for it. */
static bool find(const struct push *p, struct ch_str *ret_tag, struct ch_pushed_row *ret,
                 struct ch_buf *strings)
{
    struct ch_sha256 sha256;
    struct ch_alias alias;
    struct ch_err err;
    *ret_tag = (struct ch_str){NULL, 0};
    if (aliases_read(p->ask.reference, &alias)) {
        enum ch_code found = aliases_find(p->k, &alias, &sha256, &err);
        if (found != CH_OK) {
            push_refuse(p, 404, "MANIFEST_UNKNOWN", "%s", ALIASES_UNKNOWN);
            return false;
        }
    } else if (p->eco->push->is_other_digest(p->ask.reference)) {
        push_refuse(p, 404, "MANIFEST_UNKNOWN", PUSH_OTHER_DIGEST);
        return false;
    } else if (!p->eco->push->reference_is(p->ask.reference, ret_tag, &sha256)) {
        push_refuse(p, 400, "MANIFEST_INVALID", "expected a tag, or a digest sha256:HEX");
        return false;
    }
    enum ch_code rc = ch_store_pushed(p->k->store, p->ask.repository, p->ask.project, *ret_tag,
                                      &sha256, ret, strings, &err);
    if (rc == CH_E_NOT_FOUND) {
        push_refuse(p, 404, "MANIFEST_UNKNOWN", "no such manifest is here");
    } else if (rc != CH_OK) {
        push_refuse_store(p, rc, &err);
    }
    return rc == CH_OK;
}

void manifests_look(struct push *p)
{
    struct ch_pushed_row row;
    struct ch_str tag;
    struct ch_buf strings;
    ch_buf_init(&strings, 4096);
    if (find(p, &tag, &row, &strings)) {
        struct ch_push_reply reply = {.http_status = 200,
                                      .sha256 = row.sha256,
                                      .size_bytes = row.size_bytes,
                                      .media_type = row.media_type};
        push_reply(p, &reply, -1);
    }
    ch_buf_done(&strings);
}

/* In the open group, with its entry of the log; with a manifest go all tags of it. */
static enum ch_code add_gone(struct keeper *k, struct ch_pushed_row *row, const uint64_t *denied_by,
                             struct ch_err *err)
{
    row->kind = row->tag.len > 0 ? CH_PUSHED_TAG_GONE : CH_PUSHED_GONE;
    row->at_us = keeper_now_us(k);
    enum ch_code rc = ch_store_add_pushed(k->store, row, err);
    rc = rc == CH_OK && row->tag.len == 0
             ? ch_store_pushed_names_none(k->store, row->repository, row->project, &row->sha256,
                                          row->at_us, err)
             : rc;
    return rc == CH_OK ? audit_pushed(k, row, denied_by, err) : rc;
}

static enum ch_code add_denied(struct keeper *k, const struct ch_repository *r,
                               const struct pushed_denied *d, struct ch_str by, struct ch_err *err)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(r->ecosystem));
    struct ch_pushed_row row;
    struct ch_str project, tag;
    struct ch_sha256 sha256;
    struct ch_buf strings;
    if (!r->hosted || eco->push == NULL || !eco->push->page_is(d->page, &project, &tag, &sha256) ||
        ch_sha256_is_zero(&sha256)) {
        return ch_fail(err, CH_E_USAGE, "it was not pushed here");
    }
    ch_buf_init(&strings, 4096);
    enum ch_code rc = ch_store_pushed(k->store, ch_str_of(r->name), project,
                                      (struct ch_str){NULL, 0}, &sha256, &row, &strings, err);
    if (rc == CH_OK) {
        row.tag = (struct ch_str){NULL, 0};
        row.by = by;
        rc = add_gone(k, &row, &d->decision, err);
    } else if (rc == CH_E_NOT_FOUND) { /* somebody else had the same done */
        rc = CH_OK;
    }
    ch_buf_done(&strings);
    return rc;
}

enum ch_code pushes_take_away(struct keeper *k, const struct ch_repository *r,
                              const struct pushed_denied *list, size_t count, struct ch_str by,
                              struct ch_err *err)
{
    enum ch_code begun = audit_act(k, err), rc = begun;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = add_denied(k, r, &list[i], by, err);
    }
    rc = audit_act_end(k, begun, rc, err);
    if (rc == CH_OK) {
        pushes_changed(k);
    }
    return rc;
}

/* The page that was had by it answers no more once this is durable; what is served of it goes then.
 */
void manifests_delete(struct push *p)
{
    struct keeper *k = p->k;
    struct ch_pushed_row row;
    struct ch_str tag;
    struct ch_buf strings;
    struct ch_err err;
    char page[sizeof(((struct ch_target *)NULL)->project)];
    ch_buf_init(&strings, 4096);
    if (find(p, &tag, &row, &strings)) {
        row.tag = tag;
        row.by = ch_str_of(p->who.text);
        enum ch_code begun = audit_act(k, &err), rc = begun;
        rc = rc == CH_OK ? add_gone(k, &row, NULL, &err) : rc;
        rc = audit_act_end(k, begun, rc, &err);
        if (rc == CH_OK) {
            struct ch_push_reply reply = {.http_status = 202, .sha256 = row.sha256};
            pushes_changed(k);
            if (p->eco->push->page_of(p->ask.project, tag, &row.sha256, page, sizeof(page))) {
                pushes_look_at(k, p->ask.repository, page);
            }
            push_reply(p, &reply, -1);
        } else {
            push_refuse_store(p, rc, &err);
        }
    }
    ch_buf_done(&strings);
}
