/* What gateways ask for clients that push: who may, and where; the rest is in uploads.c, blobs.c,
 * manifests.c and pushed.c. */
#include "pushes_int.h"

#include "aliases.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/asks/ask_int.h"
#include "db/keeper/clock.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/people/scoped.h"
#include "db/keeper/people/tokens.h"

#define STALE_FIRST_MS 60000 /* after the start: what was due while nobody ran */
#define STALE_LOOK_MS  3600000

/* Bytes that were uploaded, and that no manifest has named for so long, may be evicted. */
static void on_stale(struct ch_timer *t)
{
    struct pushes *all = CH_CONTAINER_OF(t, struct pushes, stale);
    struct keeper *k = all->k;
    uint64_t ended;
    struct ch_err err;
    int64_t before_us = keeper_now_us(k) - (int64_t)ch_limits.pushed_grace_s * 1000000;
    if (k->draining) {
        return;
    }
    if (!clock_jumped(k) && /* else nobody knows how old they are: another time */
        (keeper_write(k, &err) != CH_OK ||
         ch_store_unlink_pushed(k->store, before_us, &ended, &err) != CH_OK)) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    ch_loop_set_timer(k->child.loop, t, ch_loop_now_ms(k->child.loop) + STALE_LOOK_MS);
}

void pushes_init(struct keeper *k)
{
    k->pushes = ch_calloc(1, sizeof(*k->pushes));
    k->pushes->k = k;
    k->pushes->uploads = ch_map_new();
    k->pushes->changes = 1;
    k->pushes->idle.fn = uploads_on_idle;
    k->pushes->stale.fn = on_stale;
    ch_loop_set_timer(k->child.loop, &k->pushes->stale,
                      ch_loop_now_ms(k->child.loop) + STALE_FIRST_MS);
}

void pushes_done(struct keeper *k)
{
    if (k->pushes == NULL) {
        return;
    }
    ch_loop_cancel_timer(k->child.loop, &k->pushes->idle);
    ch_loop_cancel_timer(k->child.loop, &k->pushes->stale);
    uploads_done(k->pushes);
    manifests_done(k->pushes);
    ch_map_free(k->pushes->uploads);
    free(k->pushes);
    k->pushes = NULL;
}

void pushes_changed(struct keeper *k)
{
    k->pushes->changes++;
    keeper_raise_epoch(k); /* what gateways remember of tags may be over */
}

/* ------------------------------------------------------------------ answers */

void push_reply(const struct push *p, struct ch_push_reply *reply, int fd)
{
    struct waiter w = {.gateway = p->gateway, .gateway_serial = p->gateway_serial};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_PUSH)->max_bytes);
    reply->ask = p->ask.ask;
    ch_push_reply_put(&b, reply);
    ask_send(p->k, &w, CH_MSG_PUSH, &b, fd);
}

void push_refuse(const struct push *p, uint32_t status, const char *code, const char *fmt, ...)
{
    char text[600];
    struct ch_buf told;
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    ch_buf_init(&told, ch_limits.text_bytes);
    ask_put_error(p->k, ch_str_of(text), &told);
    struct ch_push_reply reply = {
        .http_status = status, .code = ch_str_of(code), .text = ch_buf_str(&told)};
    push_reply(p, &reply, -1);
    ch_buf_done(&told);
}

void push_refuse_store(const struct push *p, enum ch_code code, const struct ch_err *err)
{
    uint32_t otherwise = code == CH_E_NOT_FOUND ? 503 : 500; /* clients try that again */
    push_refuse(p, keeper_store_status(code, otherwise), "UNAVAILABLE", "%s", err->msg);
}

bool push_digest(const struct push *p, struct ch_sha256 *ret)
{
    struct ch_str tag;
    if (p->eco->push->reference_is(p->ask.reference, &tag, ret) && tag.len == 0) {
        return true;
    }
    struct ch_alias alias;
    struct ch_err err;
    bool asks = p->ask.op == CH_PUSH_LOOK_BLOB || p->ask.op == CH_PUSH_DELETE_BLOB;
    if (aliases_read(p->ask.reference, &alias)) {
        enum ch_code rc = aliases_find(p->k, &alias, ret, &err);
        if (rc == CH_E_NOT_FOUND) {
            push_refuse(p, 404, "BLOB_UNKNOWN", ALIASES_UNKNOWN);
        } else if (rc != CH_OK) {
            push_refuse_store(p, rc, &err);
        }
        return rc == CH_OK;
    }
    if (!p->eco->push->is_other_digest(p->ask.reference)) {
        push_refuse(p, 400, "DIGEST_INVALID", "expected a digest, sha256:HEX");
    } else if (asks) {
        push_refuse(p, 404, "BLOB_UNKNOWN", PUSH_OTHER_DIGEST);
    } else {
        push_refuse(p, 400, "DIGEST_INVALID", PUSH_OTHER_DIGEST);
    }
    return false;
}

/* ------------------------------------------------------------------ rights */

static enum action action_of(enum ch_push_op op)
{
    return op == CH_PUSH_DELETE || op == CH_PUSH_DELETE_BLOB ? ACTION_DELETE : ACTION_PUSH;
}

static unsigned scope_of(enum ch_push_op op)
{
    return action_of(op) == ACTION_DELETE ? CH_SCOPE_DELETE : CH_SCOPE_PUSH;
}

/* Whether a token of some images is good, and for this of `name`. */
static bool scoped_may(struct push *p, struct ch_str name, unsigned action, struct principal *ret)
{
    struct ch_scoped scoped;
    int64_t until_us;
    if (!scoped_find(p->k, p->ask.scoped, p->late, ret, &until_us, &scoped)) {
        return false;
    }
    bool may = ret->audience == AUDIENCE_PUSH && ch_scopes_allow(&scoped.may, name, action);
    ch_scoped_done(&scoped);
    return may;
}

bool push_may_pull(const struct push *p, struct ch_str name)
{
    struct push same = *p;
    struct principal who;
    return p->ask.scoped.len == 0 || scoped_may(&same, name, CH_SCOPE_PULL, &who);
}

/* Whose the token is that came with it, and that it is for this. */
static bool find_who(struct push *p)
{
    int64_t until_us;
    struct ch_buf name;
    if (p->ask.scoped.len == 0) {
        return tokens_find(p->k, &p->ask.token, AUDIENCE_PUSH, &p->who, &until_us);
    }
    ch_buf_init(&name, 2 * ch_limits.project_name_bytes + 1);
    ch_buf_puts(&name, p->ask.repository);
    ch_buf_putc(&name, '/');
    ch_buf_puts(&name, p->ask.project);
    bool good = !name.failed && scoped_may(p, ch_buf_str(&name), scope_of(p->ask.op), &p->who);
    ch_buf_done(&name);
    return good;
}

/* T21: the token is looked at again for each ask, whatever the gateway knows of it, and once more
 * before what took its time has an effect. */
static bool may(struct push *p)
{
    struct place at = {ch_str_of(p->repository->name), ch_str_of(p->repository->environment)};
    enum action action = action_of(p->ask.op);
    if (!find_who(p)) {
        push_refuse(p, 401, "UNAUTHORIZED",
                    "pushing needs a token of the audience push (customhouse token add)");
        return false;
    }
    if (!people_may(p->k->people, &p->who, action, &at)) {
        push_refuse(p, 403, "DENIED",
                    "%s may not do this in %s: it needs %s, which the role publisher gives",
                    p->who.text, p->repository->name, action_name(action));
        return false;
    }
    return true;
}

/* T24: what is mirrored has one source. */
static bool find_repository(struct push *p)
{
    p->repository = ch_config_repository(p->k->config, p->ask.repository);
    p->eco = p->repository == NULL ? NULL : ch_ecosystem_find(ch_str_of(p->repository->ecosystem));
    if (p->eco == NULL) {
        push_refuse(p, 404, "NAME_UNKNOWN", "no repository has this name");
        return false;
    }
    if (!p->repository->hosted || p->eco->push == NULL) {
        push_refuse(p, 405, "UNSUPPORTED",
                    "nothing is pushed to %s: what it has comes from its upstream",
                    p->repository->name);
        return false;
    }
    return true;
}

bool push_allowed(struct push *p)
{
    return find_repository(p) && may(p);
}

static bool check_name(struct push *p)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    if (p->eco->normalise(p->ask.project, name, sizeof(name)) &&
        ch_str_eq(ch_str_of(name), p->ask.project)) {
        return true;
    }
    push_refuse(p, 400, "NAME_INVALID", "this is no name that an image can have here");
    return false;
}

void pushes_on_ask(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_err err;
    struct push p = {
        .k = k, .gateway = ch_channel_instance(ch), .gateway_serial = ch_channel_serial(ch)};
    if (ch_ask_push_get(payload, &p.ask, &err) != CH_OK) {
        return;
    }
    if (p.ask.op == CH_PUSH_WROTE) {
        uploads_wrote(&p);
    }
    p.late = uploads_goes_on(&p);
    if (!push_allowed(&p) || !check_name(&p)) {
        return;
    }
    switch (p.ask.op) {
    case CH_PUSH_MOUNT:
        uploads_mount(&p);
        break;
    case CH_PUSH_MANIFEST:
        manifests_put(&p, payload);
        break;
    case CH_PUSH_LOOK_MANIFEST:
        manifests_look(&p);
        break;
    case CH_PUSH_DELETE:
        manifests_delete(&p);
        break;
    case CH_PUSH_BEGIN:
    case CH_PUSH_WRITE:
    case CH_PUSH_MORE:
    case CH_PUSH_WROTE:
    case CH_PUSH_STATUS:
    case CH_PUSH_FINISH:
    case CH_PUSH_CANCEL:
    case CH_PUSH_LOOK_BLOB:
    case CH_PUSH_DELETE_BLOB:
    case CH_PUSH_OP_COUNT:
        uploads_on_ask(&p);
        break;
    }
}

/* ------------------------------------------------------------------ what both need */

/* In the open group: the quota knows of them. */
static enum ch_code count_bytes(struct keeper *k, const struct ch_sha256 *sha256,
                                uint64_t size_bytes, struct ch_err *err)
{
    struct ch_artifact artifact = {*sha256, size_bytes, keeper_now_us(k)};
    enum ch_blob_place place;
    enum ch_code rc = ch_store_add_artifact(k->store, &artifact, err);
    if (rc == CH_OK &&
        (ch_store_get_blob(k->store, sha256, &place, err) != CH_OK || place == CH_BLOB_EVICTED)) {
        rc = ch_store_put_blob(k->store, sha256, size_bytes, CH_BLOB_UNDECIDED, keeper_now_us(k),
                               err);
    }
    return rc;
}

void pushes_leave(struct keeper *k, const struct ch_sha256 *sha256, uint64_t size_bytes)
{
    struct ch_err err;
    if (!ch_blobs_has(k->blobs, sha256)) {
        return;
    }
    enum ch_code rc = keeper_write(k, &err);
    rc = rc == CH_OK ? count_bytes(k, sha256, size_bytes, &err) : rc;
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

enum ch_code pushes_find(struct keeper *k, const struct push *p, const struct ch_sha256 *sha256,
                         uint64_t *ret_size_bytes, struct ch_err *err)
{
    enum ch_code rc = ch_store_pushed_link(k->store, p->ask.repository, p->ask.project, sha256,
                                           ret_size_bytes, err);
    return rc == CH_OK && !ch_blobs_has(k->blobs, sha256)
               ? ch_fail(err, CH_E_NOT_FOUND, "its bytes are not in the blob store any more")
               : rc;
}

enum ch_code pushes_keep(struct keeper *k, const struct push *p, const struct ch_sha256 *sha256,
                         uint64_t size_bytes, struct ch_err *err)
{
    int64_t now = keeper_now_us(k);
    if (!ch_blobs_has(k->blobs, sha256)) {
        return ch_fail(err, CH_E_NOT_FOUND,
                       "its bytes were evicted in this moment, push them again");
    }
    enum ch_code rc = count_bytes(k, sha256, size_bytes, err);
    return rc == CH_OK
               ? ch_store_link_pushed(k->store, ch_str_of(p->repository->name), p->ask.project,
                                      sha256, size_bytes, ch_str_of(p->who.text), now, err)
               : rc;
}

void pushes_look_at(struct keeper *k, struct ch_str repository, const char *page)
{
    struct page *p = page_get(k, repository, ch_str_of(page));
    if (p == NULL || k->draining) {
        return;
    }
    p->pinned++;
    CH_IGNORE(!page_load(k, p));
    if (!p->refreshing && p->load != PAGE_BROKEN) {
        p->load = p->load == PAGE_ABSENT ? PAGE_UNLOADED : p->load;
        p->upstream_at = 0;
        page_refresh(k, p);
    }
    p->pinned--;
}
