/* Uploads: a spool file each, which gateways append to, one request at a time, and which becomes a
 * blob when its client says what it is. They live in memory: after a restart of the keeper they are
 * unknown, after one of a gateway they go on from the bytes that are here.
 *
 *   BEGIN -> idle <-> writing        FINISH -> publishing -> a blob, linked under its name | gone
 *              |________ CANCEL, too long idle -> gone
 */
#include "pushes_int.h"

#include "aliases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/intake/quota.h"
#include "db/keeper/intake/sizes.h"

#define LOOK_MS 5000
_Static_assert(CH_UPLOAD_ID_LEN == KEEPER_ID_LEN, "of keeper_random_id");

struct upload {
    struct pushes *all;
    char id[CH_UPLOAD_ID_LEN + 1];
    uint64_t spool;
    char *repository;
    char *project;
    char principal[PRINCIPAL_MAX];
    uint64_t part; /* of the quota of undecided bytes */
    uint64_t used_ms;
    bool writing; /* by the gateway that has its descriptor, while that lives */
    uint32_t writer;
    uint64_t writer_serial, writer_ask; /* its WRITE */
    bool publishing;
    struct ch_sha256 expected; /* while it is published, */
    struct ch_alias alias;     /* or this, where that is what its client says; else NONE */
    uint64_t size_bytes;       /* then, of the bytes that were published */
    int blob_fd;               /* and those, while they are hashed; -1: they are not */
    struct push finish;        /* for whom: its slices are gone, but */
    char *scoped;              /* the token of some images that came with it; NULL: none did */
    struct ch_sha256
        begun_by; /* digest of such a one, by which it was begun, or written last; zero */
};

static void free_upload(struct upload *u)
{
    free(u->repository);
    free(u->project);
    free(u->scoped);
    if (u->blob_fd >= 0) {
        close(u->blob_fd);
    }
    free(u);
}

static void end(struct upload *u)
{
    struct keeper *k = u->all->k;
    ch_map_remove(u->all->uploads, ch_str_of(u->id));
    ch_blobs_discard(k->blobs, u->spool);
    quota_give(k, &u->part, 0);
    free_upload(u);
}

void uploads_done(struct pushes *all)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(all->uploads, &cursor, NULL, &value)) {
        free_upload(value);
    }
}

static bool is_written(const struct upload *u)
{
    const struct keeper *k = u->all->k;
    const struct ch_channel *ch =
        u->writer < CH_ARRAY_LEN(k->gateways) ? k->gateways[u->writer] : NULL;
    return u->writing && ch != NULL && ch_channel_serial(ch) == u->writer_serial;
}

void uploads_on_idle(struct ch_timer *t)
{
    struct pushes *all = CH_CONTAINER_OF(t, struct pushes, idle);
    struct keeper *k = all->k;
    uint64_t now = ch_loop_now_ms(k->child.loop);
    uint64_t most = (uint64_t)k->config->upload_idle_minutes * 60000;
    size_t cursor = 0, left = 0;
    void *value;
    while (ch_map_next(all->uploads, &cursor, NULL, &value)) {
        struct upload *u = value;
        if (!u->publishing && !is_written(u) && now - u->used_ms > most) {
            end(u);
        } else {
            left++;
        }
    }
    if (left > 0) {
        ch_loop_set_timer(k->child.loop, t, now + LOOK_MS);
    }
}

/* ------------------------------------------------------------------ answers */

static void reply_offset(const struct push *p, const struct upload *u, uint32_t status)
{
    struct ch_push_reply reply = {.http_status = status, .upload = ch_str_of(u->id)};
    struct ch_err err;
    if (ch_blobs_spooled(p->k->blobs, u->spool, &reply.offset, &err) != CH_OK) {
        push_refuse(p, 500, "UNAVAILABLE", "%s", err.msg);
        return;
    }
    if (status == 416) {
        reply.code = CH_STR("BLOB_UPLOAD_INVALID");
        reply.text = CH_STR("the upload goes on where it ends: see Range");
    }
    push_reply(p, &reply, -1);
}

/* Only who began it, and under the same name: else there is none. */
static struct upload *find(const struct push *p)
{
    struct upload *u = ch_map_get(p->k->pushes->uploads, p->ask.upload);
    if (u == NULL || !ch_str_eq(ch_str_of(u->repository), p->ask.repository) ||
        !ch_str_eq(ch_str_of(u->project), p->ask.project) ||
        strcmp(u->principal, p->who.text) != 0) {
        push_refuse(p, 404, "BLOB_UPLOAD_UNKNOWN", "there is no such upload, or not any more");
        return NULL;
    }
    u->used_ms = ch_loop_now_ms(p->k->child.loop);
    return u;
}

/* A request may take longer than such a token is good for: whoever began while it was does not lose
 * what was sent. */
bool uploads_goes_on(const struct push *p)
{
    const struct upload *u = ch_map_get(p->k->pushes->uploads, p->ask.upload);
    bool goes_on = p->ask.op == CH_PUSH_MORE || p->ask.op == CH_PUSH_WROTE ||
                   p->ask.op == CH_PUSH_FINISH || p->ask.op == CH_PUSH_CANCEL;
    if (!goes_on || u == NULL || p->ask.scoped.len == 0) {
        return false;
    }
    struct ch_sha256 digest = ch_sha256_of(p->ask.scoped.ptr, p->ask.scoped.len);
    return ch_sha256_eq(&digest, &u->begun_by);
}

static void note_begun(struct upload *u, const struct push *p)
{
    u->begun_by = p->ask.scoped.len > 0 ? ch_sha256_of(p->ask.scoped.ptr, p->ask.scoped.len)
                                        : (struct ch_sha256){{0}};
}

/* ------------------------------------------------------------------ begin */

static size_t uploads_of(const struct pushes *all, const char *principal)
{
    size_t cursor = 0, n = 0;
    void *value;
    while (ch_map_next(all->uploads, &cursor, NULL, &value)) {
        n += strcmp(((const struct upload *)value)->principal, principal) == 0;
    }
    return n;
}

void uploads_begin(struct push *p)
{
    struct keeper *k = p->k;
    struct pushes *all = k->pushes;
    struct ch_err err;
    int fd = -1;
    if (ch_map_count(all->uploads) >= ch_limits.uploads ||
        uploads_of(all, p->who.text) >= ch_limits.uploads_of_one) {
        push_refuse(p, 429, "TOOMANYREQUESTS", "too many uploads are under way, try again later");
        return;
    }
    uint64_t spool = ++k->next_spool;
    enum ch_code rc = ch_blobs_spool(k->blobs, spool, &fd, &err);
    if (rc != CH_OK) {
        push_refuse_store(p, rc, &err);
        return;
    }
    close(fd);
    struct upload *u = ch_calloc(1, sizeof(*u));
    u->all = all;
    u->blob_fd = -1;
    u->spool = spool;
    keeper_random_id(u->id);
    u->repository = ch_str_dup(p->ask.repository);
    u->project = ch_str_dup(p->ask.project);
    snprintf(u->principal, sizeof(u->principal), "%s", p->who.text);
    note_begun(u, p);
    u->used_ms = ch_loop_now_ms(k->child.loop);
    ch_map_set(all->uploads, ch_str_of(u->id), u);
    if (all->idle.heap_index_plus_1 == 0) {
        ch_loop_set_timer(k->child.loop, &all->idle, u->used_ms + LOOK_MS);
    }
    reply_offset(p, u, 202);
}

/* ------------------------------------------------------------------ bytes */

/* Of what is on its way. */
static uint64_t coming_of(const struct pushes *all, const char *principal, const uint64_t *but)
{
    size_t cursor = 0;
    uint64_t bytes = 0;
    void *value;
    while (ch_map_next(all->uploads, &cursor, NULL, &value)) {
        const struct upload *u = value;
        bytes += &u->part != but && strcmp(u->principal, principal) == 0 ? u->part : 0;
    }
    return bytes;
}

bool uploads_share(const struct push *p, const uint64_t *but, uint64_t bytes)
{
    const struct ch_config *c = p->k->config;
    uint64_t max = c->undecided_max_bytes, here = 0, percent = c->pushed_percent;
    uint64_t share = max / 100 * percent + max % 100 * percent / 100;
    uint64_t coming = coming_of(p->k->pushes, p->who.text, but);
    struct ch_err err;
    enum ch_code rc = ch_store_pushed_undecided(p->k->store, ch_str_of(p->who.text), &here, &err);
    if (rc != CH_OK) {
        push_refuse_store(p, rc, &err);
        return false;
    }
    if (percent < 100 && (bytes > share || here + coming > share - bytes)) {
        push_refuse(
            p, 403, "DENIED",
            "%s has pushed %llu bytes that are not approved, and %llu are on their way: with "
            "these it would be more than one may have, %llu bytes (store.pushed_percent of "
            "the configuration). What is inspected goes on by itself; take away what is held "
            "or denied",
            p->who.text, (unsigned long long)here, (unsigned long long)coming,
            (unsigned long long)share);
        return false;
    }
    return true;
}

/* Room for so many bytes of it in all, as far as one file may have: little at first, and the more
 * the more has come, so that who sends nothing takes no room. False: that was answered. */
static bool grant(const struct push *p, struct upload *u, uint64_t from, struct ch_push_reply *ret)
{
    const char *key;
    struct ch_err err;
    uint64_t max = sizes_max(p->k->config, &key);
    if (from >= max) {
        push_refuse(p, 413, "SIZE_INVALID",
                    "no file here may be larger than %llu bytes (store.%s of the configuration)",
                    (unsigned long long)max, key);
        return false;
    }
    uint64_t more = from < ch_limits.upload_first_bytes   ? ch_limits.upload_first_bytes
                    : from > ch_limits.upload_grant_bytes ? ch_limits.upload_grant_bytes
                                                          : from;
    uint64_t granted = max - from < more ? max : from + more;
    if (!uploads_share(p, &u->part, granted)) {
        return false;
    }
    enum ch_code rc = quota_take(p->k, &u->part, granted, &err);
    if (rc != CH_OK) {
        push_refuse(p, 507, "UNAVAILABLE", "there is no room for what is pushed: %s", err.msg);
        return false;
    }
    ret->granted_bytes = granted;
    ret->max_bytes = max;
    return true;
}

static void write_to(struct push *p, struct upload *u)
{
    struct ch_err err;
    struct ch_push_reply reply = {.http_status = 202, .upload = ch_str_of(u->id)};
    int fd = -1;
    if (is_written(u) || u->publishing) {
        push_refuse(p, 409, "BLOB_UPLOAD_INVALID", "another request is sending this upload");
        return;
    }
    enum ch_code rc = ch_blobs_spool_again(p->k->blobs, u->spool, &fd, &reply.offset, &err);
    if (rc != CH_OK) {
        push_refuse_store(p, rc, &err);
        return;
    }
    if (p->ask.offset != UINT64_MAX && p->ask.offset != reply.offset) {
        reply_offset(p, u, 416);
    } else if (grant(p, u, reply.offset, &reply)) {
        u->writing = true;
        u->writer = p->gateway;
        u->writer_serial = p->gateway_serial;
        u->writer_ask = p->ask.ask;
        note_begun(u, p);
        push_reply(p, &reply, fd);
    }
    close(fd);
}

static bool is_writer(const struct push *p, const struct upload *u)
{
    return u->writing && u->writer == p->gateway && u->writer_serial == p->gateway_serial;
}

static void more(struct push *p, struct upload *u)
{
    struct ch_push_reply reply = {
        .http_status = 202, .upload = ch_str_of(u->id), .offset = p->ask.offset};
    if (!is_writer(p, u)) {
        push_refuse(p, 409, "BLOB_UPLOAD_INVALID", "another request is sending this upload");
    } else if (grant(p, u, p->ask.offset, &reply)) {
        push_reply(p, &reply, -1);
    }
}

void uploads_wrote(const struct push *p)
{
    struct upload *u = ch_map_get(p->k->pushes->uploads, p->ask.upload);
    uint64_t bytes;
    struct ch_err err;
    if (u == NULL || !is_writer(p, u) || u->writer_ask != p->ask.offset) {
        return;
    }
    u->writing = false;
    u->used_ms = ch_loop_now_ms(p->k->child.loop);
    if (ch_blobs_spooled(p->k->blobs, u->spool, &bytes, &err) == CH_OK) {
        quota_give(p->k, &u->part, bytes);
    }
}

/* ------------------------------------------------------------------ the end */

static enum ch_code keep(struct upload *u, struct push *p, uint64_t size_bytes, struct ch_err *err)
{
    struct keeper *k = u->all->k;
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? pushes_keep(k, p, &u->expected, size_bytes, err) : rc;
    rc = rc == CH_OK && u->alias.kind != CH_HASH_NONE ? aliases_add(k, &u->alias, &u->expected, err)
                                                      : rc;
    return rc == CH_OK ? keeper_commit(k, err) : rc; /* durable before it is told */
}

static void on_published(void *ctx, const struct published *result)
{
    struct upload *u = ctx;
    struct push p = u->finish;
    struct ch_err err = result->err;
    p.ask = (struct ch_ask_push){.ask = u->finish.ask.ask,
                                 .op = CH_PUSH_FINISH,
                                 .repository = ch_str_of(u->repository),
                                 .project = ch_str_of(u->project),
                                 .token = u->finish.ask.token,
                                 .scoped = ch_str_of(u->scoped)};
    enum ch_code rc = result->code;
    if (!push_allowed(&p)) { /* not any more */
        if (rc == CH_OK) {
            pushes_leave(p.k, &u->expected, result->size_bytes);
        }
    } else if (rc == CH_E_MISMATCH) {
        push_refuse(&p, 400, "DIGEST_INVALID", "this is not what was pushed: %s", err.msg);
    } else if (rc == CH_E_BUSY) {
        push_refuse(&p, 409, "BLOB_UPLOAD_INVALID", "another request was sending this upload");
    } else {
        rc = rc == CH_OK ? keep(u, &p, result->size_bytes, &err) : rc;
        if (rc == CH_OK) {
            blobs_reply_there(&p, &u->expected);
        } else {
            pushes_leave(p.k, &u->expected, result->size_bytes);
            push_refuse_store(&p, rc, &err);
        }
    }
    end(u); /* whatever came of it: its bytes have a name, or are gone */
}

/* They have a name by now, which is what they are. */
static void on_hashed(void *ctx, const struct published *result)
{
    struct upload *u = ctx;
    struct published told = {.code = result->code,
                             .sha256 = u->expected,
                             .size_bytes = u->size_bytes,
                             .err = result->err};
    if (told.code == CH_OK && !ch_alias_eq(&result->alias, &u->alias)) {
        struct ch_buf is;
        ch_buf_init(&is, 2 * CH_ALIAS_MAX_BYTES);
        ch_alias_put_hex(&is, &result->alias);
        told.code = ch_fail(&told.err, CH_E_MISMATCH, "what came is sha512:%.*s",
                            CH_STR_ARG(ch_buf_str(&is)));
        ch_buf_done(&is);
    }
    if (told.code != CH_OK) {
        pushes_leave(u->all->k, &u->expected, u->size_bytes);
    }
    on_published(u, &told);
}

/* T15: published as what they are, by our own sha256, and only then compared with what its client
 * calls them, from the inode that nobody writes to any more (T3). */
static void on_published_any(void *ctx, const struct published *result)
{
    struct upload *u = ctx;
    struct keeper *k = u->all->k;
    struct published told = *result;
    uint64_t size;
    u->expected = result->sha256;
    u->size_bytes = result->size_bytes;
    if (told.code == CH_OK) {
        told.code = ch_blobs_open_read(k->blobs, &u->expected, &u->blob_fd, &size, &told.err);
    }
    if (told.code == CH_OK) {
        offload_alias(k, u->blob_fd, u->alias.kind, on_hashed, u);
    } else {
        on_published(u, &told);
    }
}

static void finish(struct push *p, struct upload *u)
{
    struct ch_sha256 sha256 = {{0}};
    struct ch_alias alias = {.kind = CH_HASH_NONE};
    if (!aliases_read(p->ask.reference, &alias) && !push_digest(p, &sha256)) {
        return;
    }
    if (is_written(u) || u->publishing) {
        push_refuse(p, 409, "BLOB_UPLOAD_INVALID", "another request is sending this upload");
        return;
    }
    u->publishing = true;
    u->expected = sha256;
    u->alias = alias;
    u->finish = *p;
    u->finish.late = true; /* it was good until here */
    u->scoped = p->ask.scoped.len > 0 ? ch_str_dup(p->ask.scoped) : NULL;
    if (alias.kind != CH_HASH_NONE) {
        offload_publish(p->k, u->spool, on_published_any, u);
    } else {
        offload_publish_as(p->k, u->spool, &u->expected, on_published, u);
    }
}

/* Then it is answered: the client asks once more, since it never got the answer. */
static bool was_finished(struct push *p)
{
    struct ch_sha256 sha256;
    struct ch_alias alias;
    struct ch_str tag;
    struct ch_err err;
    bool known = aliases_read(p->ask.reference, &alias)
                     ? aliases_find(p->k, &alias, &sha256, &err) == CH_OK
                     : p->eco->push->reference_is(p->ask.reference, &tag, &sha256) && tag.len == 0;
    if (ch_map_get(p->k->pushes->uploads, p->ask.upload) != NULL || !known ||
        !blobs_is_here(p, &sha256)) {
        return false;
    }
    blobs_reply_there(p, &sha256);
    return true;
}

void uploads_on_ask(struct push *p)
{
    struct upload *u = NULL;
    if (p->ask.op == CH_PUSH_BEGIN) {
        uploads_begin(p);
        return;
    }
    if (p->ask.op == CH_PUSH_LOOK_BLOB) {
        blobs_look(p);
        return;
    }
    if (p->ask.op == CH_PUSH_DELETE_BLOB) {
        blobs_take_away(p);
        return;
    }
    if (p->ask.op == CH_PUSH_FINISH && was_finished(p)) {
        return;
    }
    u = find(p);
    if (u == NULL) {
        return;
    }
    if (p->ask.op == CH_PUSH_WRITE) {
        write_to(p, u);
    } else if (p->ask.op == CH_PUSH_MORE) {
        more(p, u);
    } else if (p->ask.op == CH_PUSH_WROTE) {
        reply_offset(p, u, 202);
    } else if (p->ask.op == CH_PUSH_FINISH) {
        finish(p, u);
    } else if (p->ask.op == CH_PUSH_STATUS) {
        reply_offset(p, u, 200);
    } else if (p->ask.op == CH_PUSH_CANCEL && !u->publishing) {
        struct ch_push_reply reply = {.http_status = 204};
        end(u); /* a gateway that writes to it still writes to no name */
        push_reply(p, &reply, -1);
    } else {
        push_refuse(p, 409, "BLOB_UPLOAD_INVALID", "its end is under way");
    }
}
