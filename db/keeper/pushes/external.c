/* What external scanners say of images: who may, what is recorded, and what comes of it. */
#include "external.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "customhouse/store_external.h"
#include "db/keeper/asks/ask_int.h"
#include "db/keeper/audit/audit_pushed.h"
#include "db/keeper/images/image_listed.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/people/people.h"
#include "db/keeper/people/tokens.h"
#include "db/keeper/pushes/pushes.h"
#include "db/keeper/signing/images.h"
#include "db/keeper/unsaved.h"
#include "db/people/people.h"

#define STRINGS_MAX (4 * ch_limits.external_body_bytes + 4 * ch_limits.project_name_bytes)

/* ------------------------------------------------------------------ what counts */

/* One that counts and could not be stored. */
struct kept {
    struct ch_external_row row;
    struct ch_buf strings;
};

struct seeking {
    struct ch_str repository;
    const struct ch_sha256 *sha256;
    const struct ch_external_row *found; /* the newest */
};

static bool is_about(const struct ch_external_row *row, struct ch_str repository,
                     const struct ch_sha256 *sha256)
{
    return ch_sha256_eq(&row->sha256, sha256) && ch_str_eq(row->repository, repository);
}

static void seek(void *ctx, const void *step)
{
    struct seeking *s = ctx;
    const struct kept *kept = step;
    if (is_about(&kept->row, s->repository, s->sha256)) {
        s->found = &kept->row;
    }
}

static enum ch_code store_row(struct keeper *k, struct ch_external_row *row, struct ch_err *err)
{
    enum ch_code begun = audit_act(k, err);
    enum ch_code rc = begun;
    rc = rc == CH_OK ? ch_store_add_external(k->store, row, err) : rc;
    rc = rc == CH_OK ? audit_external(k, row, err) : rc;
    return audit_act_end(k, begun, rc, err);
}

static enum ch_code store_kept(struct keeper *k, const void *step, struct ch_err *err)
{
    struct ch_external_row row = ((const struct kept *)step)->row;
    return store_row(k, &row, err);
}

static void free_kept(void *step)
{
    struct kept *kept = step;
    ch_buf_done(&kept->strings);
    free(kept);
}

static const struct unsaved_kind externals = {
    "verdict of an external scanner", "verdicts of external scanners", store_kept, free_kept};

/* Slices of `strings`, or of who said it just now. */
static enum ch_code get(struct keeper *k, struct ch_str repository, const struct ch_sha256 *sha256,
                        struct ch_external_row *ret, struct ch_buf *strings, struct ch_err *err)
{
    struct seeking s = {.repository = repository, .sha256 = sha256};
    if (k->external_now != NULL && is_about(k->external_now, repository, sha256)) {
        s.found = k->external_now;
    } else {
        unsaved_each(k, &externals, seek, &s);
    }
    if (s.found != NULL) {
        *ret = *s.found;
        return CH_OK;
    }
    return ch_store_external(k->store, repository, sha256, ret, strings, err);
}

enum ch_external external_of(struct keeper *k, struct page *p, size_t file, struct ch_str *ret_text)
{
    struct page_file *f = &p->files[file];
    struct ch_external_row row = {.verdict = CH_EXTERNAL_NONE};
    struct ch_buf strings;
    struct ch_err err;
    *ret_text = (struct ch_str){NULL, 0};
    if (images_role(p, file) == CH_WHOLE_PART) {
        return CH_EXTERNAL_NONE;
    }
    if (f->external_known && f->external != CH_EXTERNAL_FAILED) {
        return (enum ch_external)f->external;
    }
    ch_buf_init(&strings, STRINGS_MAX);
    enum ch_code rc =
        get(k, ch_str_of(p->repository), &p->facts.files[file].index.sha256, &row, &strings, &err);
    bool read = rc == CH_OK || rc == CH_E_NOT_FOUND;
    f->external_known = read;
    f->external = (uint8_t)(read ? row.verdict : CH_EXTERNAL_FAILED);
    if (rc == CH_OK) {
        snprintf(k->external_text, sizeof(k->external_text), "%.*s", CH_STR_ARG(row.words));
    } else {
        snprintf(k->external_text, sizeof(k->external_text), "its verdict could not be read");
    }
    *ret_text = f->external == CH_EXTERNAL_FAILED ? ch_str_of(k->external_text) : *ret_text;
    ch_buf_done(&strings);
    return (enum ch_external)f->external;
}

/* ------------------------------------------------------------------ what comes of another one */

/* Pages in memory read it anew. */
static void forget(struct keeper *k, const struct ch_external_row *row)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        bool here = p->files != NULL && ch_str_eq(ch_str_of(p->repository), row->repository);
        for (size_t i = 0; here && i < p->facts.file_count; i++) {
            if (ch_sha256_eq(&p->facts.files[i].index.sha256, &row->sha256)) {
                p->files[i].external_known = false;
            }
        }
    }
}

struct names {
    char **list;
    size_t count;
};

static void add_name(void *ctx, const struct ch_release_file *f)
{
    struct names *n = ctx;
    for (size_t i = 0; i < n->count; i++) {
        if (ch_str_eq(ch_str_of(n->list[i]), f->project)) {
            return;
        }
    }
    n->list = ch_realloc_array(n->list, n->count + 1, sizeof(*n->list));
    n->list[n->count++] = ch_str_dup(f->project);
}

/* What was told of it in this repository, by whichever name; gateways ask again in any case. */
static void judge_again(struct keeper *k, const struct ch_external_row *row)
{
    struct names n = {.count = 0};
    struct ch_err err;
    forget(k, row);
    keeper_raise_epoch(k);
    if (ch_store_releases_of(k->store, &row->sha256, add_name, &n, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    for (size_t i = 0; i < n.count; i++) {
        struct page *p = page_get(k, row->repository, ch_str_of(n.list[i]));
        if (p != NULL && page_load(k, p)) {
            p->pinned++;
            again_page(k, p);
            p->pinned--;
        }
        free(n.list[i]);
    }
    free(n.list);
}

static void keep(struct keeper *k, const struct ch_external_row *row)
{
    struct kept *kept = ch_calloc(1, sizeof(*kept));
    struct ch_str *const to[] = {&kept->row.repository, &kept->row.project, &kept->row.details,
                                 &kept->row.words, &kept->row.by};
    kept->row = *row;
    ch_buf_init(&kept->strings, STRINGS_MAX);
    CH_ASSERT(ch_buf_reserve(&kept->strings, STRINGS_MAX) != NULL); /* slices of it do not move */
    for (size_t i = 0; i < CH_ARRAY_LEN(to); i++) {
        size_t at = kept->strings.len;
        ch_buf_puts(&kept->strings, *to[i]);
        *to[i] = ch_str_sub(ch_buf_str(&kept->strings), at, kept->strings.len);
    }
    unsaved_keep(k, &externals, kept);
}

/* T4: away from ALLOW it counts first, whether or not it can be stored; towards it once it is
 * durable and in the log. */
static enum ch_code set(struct keeper *k, struct ch_external_row *row, struct ch_err *err)
{
    bool away = row->verdict != CH_EXTERNAL_PASSED;
    struct seeking s = {.repository = row->repository, .sha256 = &row->sha256};
    unsaved_each(k, &externals, seek, &s);
    if (!away && s.found != NULL) {
        return ch_fail(err, CH_E_BUSY, "what was said of it before is not stored yet");
    }
    if (away) {
        k->external_now = row;
        judge_again(k, row);
    }
    enum ch_code rc = store_row(k, row, err);
    k->external_now = NULL;
    if (rc != CH_OK && away) {
        keep(k, row);
    }
    if (rc == CH_OK && !away) {
        judge_again(k, row);
    }
    forget(k, row);
    return away ? CH_OK : rc;
}

/* ------------------------------------------------------------------ asks */

struct asking {
    struct keeper *k;
    uint32_t gateway;
    uint64_t gateway_serial;
    struct ch_ask_external ask;
    const struct ch_repository *repository;
    const struct ch_ecosystem *eco;
    struct principal who;
    struct page *p; /* NULL: it was pushed just now, and is not looked at yet */
    ptrdiff_t file;
};

static void reply(const struct asking *a, struct ch_external_reply *m)
{
    struct waiter w = {.gateway = a->gateway, .gateway_serial = a->gateway_serial};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_EXTERNAL)->max_bytes);
    m->ask = a->ask.ask;
    ch_external_reply_put(&b, m);
    ask_send(a->k, &w, CH_MSG_EXTERNAL, &b, -1);
}

static void refuse(const struct asking *a, uint32_t status, const char *code, const char *text)
{
    struct ch_external_reply m = {.http_status = status,
                                  .code = ch_str_of(code),
                                  .text = ch_str_of(text),
                                  .at_us = CH_TIME_UNKNOWN};
    reply(a, &m);
}

/* T21: whatever the gateway knows of the token. Before it is said whether anything is there. */
static bool may(struct asking *a)
{
    bool sets = a->ask.verdict != CH_EXTERNAL_NONE;
    int64_t until_us;
    char text[300];
    a->repository = ch_config_repository(a->k->config, a->ask.repository);
    struct place at = {a->ask.repository,
                       ch_str_of(a->repository != NULL ? a->repository->environment : NULL)};
    enum action action = sets ? ACTION_VERDICT_WRITE : ACTION_PULL_QUARANTINED;
    if (!tokens_find(a->k, &a->ask.token, AUDIENCE_SCANNER, &a->who, &until_us)) {
        refuse(a, 401, "UNAUTHORIZED",
               "this needs a token of the audience scanner (customhouse token add)");
        return false;
    }
    if (!people_may(a->k->people, &a->who, action, &at)) {
        snprintf(text, sizeof(text),
                 "%s may not do this here: it needs %s, which the role %s gives", a->who.text,
                 action_name(action), sets ? "scanner" : "scanner or scanner-reader");
        refuse(a, 403, "DENIED", text);
        return false;
    }
    return true;
}

static bool find(struct asking *a)
{
    char name[sizeof(((struct ch_target *)NULL)->project)], digest[CH_SHA256_HEX + 16];
    char hex[CH_SHA256_HEX + 1];
    struct keeper *k = a->k;
    a->eco = a->repository == NULL ? NULL : ch_ecosystem_find(ch_str_of(a->repository->ecosystem));
    if (a->eco == NULL || a->eco->listed_page == NULL) {
        refuse(a, 404, "NAME_UNKNOWN", "no repository of images has this name");
        return false;
    }
    ch_sha256_hex(&a->ask.sha256, hex);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    struct image_child c = {.digest = ch_str_of(digest)};
    if (!a->eco->normalise(a->ask.project, name, sizeof(name)) ||
        !ch_str_eq(ch_str_of(name), a->ask.project)) {
        refuse(a, 400, "NAME_INVALID", "this is no name that an image can have here");
        return false;
    }
    bool there = a->eco->listed_page(a->ask.project, c.digest, name, sizeof(name)) &&
                 hosted_is_there(k, a->ask.repository, ch_str_of(name), &a->ask.sha256);
    struct page *p = there ? page_get(k, a->ask.repository, ch_str_of(name)) : NULL;
    a->file = p != NULL && page_load(k, p) ? image_child_file(p, &c) : -1;
    a->p = a->file >= 0 ? p : NULL;
    if (a->p == NULL && !(there && hosted_is(k, a->ask.repository))) {
        refuse(a, 404, "MANIFEST_UNKNOWN", "no manifest of this digest is known here by this name");
        return false;
    }
    return true;
}

static void tell(struct asking *a)
{
    struct ch_external_row row = {.verdict = CH_EXTERNAL_NONE, .at_us = CH_TIME_UNKNOWN};
    struct ch_decision d = {.verdict = CH_VERDICT_HOLD};
    struct ch_buf strings;
    struct ch_err err;
    ch_buf_init(&strings, STRINGS_MAX);
    enum ch_code rc = get(a->k, a->ask.repository, &a->ask.sha256, &row, &strings, &err);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        refuse(a, keeper_store_status(rc, 500), "UNAVAILABLE", err.msg);
        ch_buf_done(&strings);
        return;
    }
    if (a->p != NULL) {
        judge(a->k, a->p, (size_t)a->file, &d);
    }
    struct ch_external_reply m = {.http_status = 200,
                                  .verdict = row.verdict,
                                  .details = row.details,
                                  .by = row.by,
                                  .at_us = row.at_us,
                                  .decision = d.verdict,
                                  .rule = ch_str_of(d.rule),
                                  .reason = ch_str_of(d.reason),
                                  .size_bytes = CH_SIZE_UNKNOWN};
    if (a->p != NULL) {
        m.size_bytes = a->p->facts.files[a->file].index.size_bytes;
    }
    if (a->p != NULL && a->eco->media_type != NULL) {
        m.media_type = ch_str_of(a->eco->media_type(a->p->facts.files[a->file].index.file_name));
    }
    reply(a, &m);
    ch_buf_done(&strings);
}

/* Said once more it is no fact of its own. */
static bool is_known(struct asking *a)
{
    struct ch_external_row row;
    struct ch_buf strings;
    struct ch_err err;
    ch_buf_init(&strings, STRINGS_MAX);
    bool known = get(a->k, a->ask.repository, &a->ask.sha256, &row, &strings, &err) == CH_OK &&
                 row.verdict == a->ask.verdict && ch_str_eq(row.details, a->ask.details);
    ch_buf_done(&strings);
    return known;
}

void external_on_ask(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct asking a = {
        .k = k, .gateway = ch_channel_instance(ch), .gateway_serial = ch_channel_serial(ch)};
    struct ch_err err;
    if (ch_ask_external_get(payload, &a.ask, &err) != CH_OK || !may(&a) || !find(&a)) {
        return;
    }
    if (a.p != NULL) {
        a.p->pinned++;
    }
    enum ch_code rc = CH_OK;
    if (a.ask.verdict != CH_EXTERNAL_NONE && !is_known(&a)) {
        struct ch_external_row row = {.repository = a.ask.repository,
                                      .project = a.ask.project,
                                      .sha256 = a.ask.sha256,
                                      .verdict = a.ask.verdict,
                                      .details = a.ask.details,
                                      .words = a.ask.words,
                                      .by = ch_str_of(a.who.text),
                                      .at_us = keeper_now_us(k)};
        rc = set(k, &row, &err);
    }
    if (rc == CH_OK) {
        tell(&a);
    } else {
        refuse(&a, keeper_store_status(rc, 503), "UNAVAILABLE", err.msg);
    }
    if (a.p != NULL) {
        a.p->pinned--;
    }
}
