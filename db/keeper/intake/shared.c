#include "shared.h"

#include <stdlib.h>

/* ",2,3,": of this class, or (`ours`) what the keeper finds by what a page says of its file. */
static void put_codes(enum ch_finding_class cls, bool ours, struct ch_buf *ret)
{
    const struct ch_finding_row *row;
    ch_buf_init(ret, 16u << 10);
    ch_buf_putc(ret, ',');
    for (size_t i = 0; (row = ch_finding_at(i)) != NULL; i++) {
        bool by_page = row->code >= CH_F_HASH_MISMATCH && row->code < CH_F_WHEEL_NAME;
        if (ours ? by_page : row->cls == cls && !by_page) {
            ch_buf_printf(ret, "%d,", (int)row->code);
        }
    }
}

static void keep_context(void *ctx, struct ch_str context)
{
    ch_put_str(ctx, context);
}

/* ------------------------------------------------------------------ an attack */

enum ch_code shared_attack(struct keeper *k, const struct ch_inspection_key *of,
                           struct ch_inspection_result *found, bool *old, struct ch_err *err)
{
    struct ch_buf codes, contexts;
    struct ch_inspection_key key = *of;
    put_codes(CH_CLASS_ATTACK, false, &codes);
    ch_buf_init(&contexts, 1u << 20);
    enum ch_code rc = ch_store_contexts_with_findings(k->store, &key, ch_buf_str(&codes),
                                                      keep_context, &contexts, err);
    rc = rc == CH_OK ? ch_buf_ok(&contexts, err) : rc;
    struct ch_rd r = ch_rd_of(contexts.ptr, contexts.len);
    while (rc == CH_OK && *old && ch_rd_left(&r) > 0) {
        struct ch_inspection_result other;
        key.context = ch_get_str(&r, 4096);
        rc = ch_store_get_inspection(k->store, &key, &other, err);
        if (rc == CH_OK && inspection_is_held_against(&other)) {
            ch_store_inspection_done(found);
            *found = other;
            *old = false;
        } else if (rc == CH_OK) {
            ch_store_inspection_done(&other);
        }
    }
    ch_buf_done(&contexts);
    ch_buf_done(&codes);
    return rc;
}

static void reach_page(struct keeper *k, struct page *p, const struct ch_sha256 *bytes)
{
    bool any = false;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (p->files[i].inspection_old && ch_sha256_eq(&p->files[i].artifact, bytes)) {
            inspection_forget(p, i);
            inspection_of(k, p, i);
            any = true;
        }
    }
    if (any) {
        again_page(k, p);
    }
}

void shared_attack_reaches(struct keeper *k, const struct page *from, size_t file)
{
    const struct ch_sha256 bytes = from->files[file].artifact;
    size_t cursor = 0;
    void *value;
    if (!from->eco->whole_versions || !from->files[file].held_against) {
        return;
    }
    keeper_raise_epoch(k); /* effective first, also for pages that are not in memory */
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        if (p != from && p->eco == from->eco && p->load == PAGE_READY) {
            reach_page(k, p, &bytes);
        }
    }
}

/* ------------------------------------------------------------------ all that was found */

static bool is_shared(const struct ch_ecosystem *eco, const char *profile)
{
    for (size_t i = 0; eco->shared_profiles != NULL && eco->shared_profiles[i] != NULL; i++) {
        if (ch_str_eq(ch_str_of(profile), ch_str_of(eco->shared_profiles[i]))) {
            return true;
        }
    }
    return false;
}

/* Somebody waits; it is asked ahead; it is known, and inspected again. */
static int urgency(const struct intake *in)
{
    return in->rescan ? 0 : in->ahead ? 1 : 2;
}

/* The same bytes, as the same file, are in the jails, and no later than this one would be. */
static bool is_read_elsewhere(const struct intake *in)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(in->k->intakes, &cursor, NULL, &value)) {
        const struct intake *other = value;
        if (other != in && other->state == CH_INTAKE_SCANNING && other->p->eco == in->p->eco &&
            urgency(other) >= urgency(in) && ch_sha256_eq(&other->sha256, &in->sha256) &&
            ch_str_eq(ch_str_of(other->file_name), ch_str_of(in->file_name))) {
            return true;
        }
    }
    return false;
}

/* Of none that has found something by what its page says of the file. */
static enum ch_code find_complete(struct intake *in, struct ch_inspection_key *key,
                                  struct ch_inspection_result *ret, struct ch_err *err)
{
    struct ch_buf codes, contexts, ending;
    put_codes(CH_CLASS_NOTE, true, &codes);
    ch_buf_init(&contexts, 1u << 20);
    ch_buf_init(&ending, 1024);
    ch_buf_printf(&ending, "/%s", in->file_name);
    enum ch_code rc = ch_store_contexts_complete(in->k->store, key, ch_buf_str(&ending),
                                                 ch_buf_str(&codes), keep_context, &contexts, err);
    rc = rc == CH_OK ? ch_buf_ok(&contexts, err) : rc;
    struct ch_rd r = ch_rd_of(contexts.ptr, contexts.len);
    bool found = false;
    while (rc == CH_OK && !found && ch_rd_left(&r) > 0) {
        key->context = ch_get_str(&r, 4096);
        rc = ch_store_get_inspection(in->k->store, key, ret, err);
        found = rc == CH_OK && ret->row.outcome == CH_INSPECTION_COMPLETE;
        if (rc == CH_OK && !found) { /* since then another came of it */
            ch_store_inspection_done(ret);
        }
    }
    ch_buf_done(&codes);
    ch_buf_done(&contexts);
    ch_buf_done(&ending);
    return rc == CH_OK && !found ? CH_E_NOT_FOUND : rc;
}

/* It has none under the key in force: what has one is inspected again since somebody wants that. */
static bool lacks_own(struct intake *in, const struct ch_inspection_key *key)
{
    struct ch_inspection_result own;
    struct ch_err err;
    enum ch_code rc = ch_store_get_inspection(in->k->store, key, &own, &err);
    if (rc == CH_OK) {
        ch_store_inspection_done(&own);
    }
    return rc == CH_E_NOT_FOUND;
}

enum shared_result shared_take(struct intake *in, struct ch_agreed *ret)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    struct ch_release release;
    struct ch_inspection_result found;
    struct ch_err err;
    page_split(p, ch_str_of(in->file_name), &release);
    if (at < 0 || !is_shared(p->eco, release.profile) ||
        !ch_sha256_eq(&p->facts.files[at].index.sha256, &in->sha256)) {
        return SHARED_NONE;
    }
    struct ch_buf context;
    inspection_context(p, ch_str_of(in->file_name), &context);
    struct ch_inspection_key key = {.sha256 = in->sha256,
                                    .profile = ch_str_of(release.profile),
                                    .inspector_version = CH_INSPECTOR_VERSION,
                                    .ruleset = k->ruleset,
                                    .context = ch_buf_str(&context)};
    bool may = lacks_own(in, &key);
    enum ch_code rc = may ? find_complete(in, &key, &found, &err) : CH_E_NOT_FOUND;
    ch_buf_done(&context);
    if (rc == CH_OK) {
        ch_agreed_take(&found.row, ret);
        ch_store_inspection_done(&found);
        return SHARED_TAKEN;
    }
    if (rc != CH_E_NOT_FOUND) {
        keeper_log("store", "error=\"%s\"", err.msg); /* then it is read */
    }
    if (!may || !is_read_elsewhere(in)) {
        return SHARED_NONE;
    }
    intake_stop_running(in);
    in->awaits_shared = true;
    return SHARED_LATER;
}

void shared_ended(struct intake *ended)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(ended->k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (in->awaits_shared && ch_sha256_eq(&in->sha256, &ended->sha256)) {
            in->awaits_shared = false; /* and looks again when it is its turn */
        }
    }
}
