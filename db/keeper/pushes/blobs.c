/* Bytes that are here already: who pushes is told so, mounts them, or takes them away. */
#include "pushes_int.h"

#include "aliases.h"

#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/audit/audit_pushed.h"
#include "db/keeper/pages/links.h"

void blobs_reply_there(const struct push *p, const struct ch_sha256 *sha256)
{
    struct ch_push_reply reply = {.http_status = 201, .sha256 = *sha256};
    push_reply(p, &reply, -1);
}

/* Who is told that they are there does not send them, and names them next: their age begins anew.
 * That need not be durable. */
static enum ch_code keep_on(struct push *p, const struct ch_sha256 *sha256, uint64_t size_bytes,
                            struct ch_err *err)
{
    enum ch_code rc = keeper_write(p->k, err);
    return rc == CH_OK ? pushes_keep(p->k, p, sha256, size_bytes, err) : rc;
}

void blobs_look(struct push *p)
{
    struct ch_push_reply reply = {.http_status = 200};
    struct ch_err err;
    if (!push_digest(p, &reply.sha256)) {
        return;
    }
    enum ch_code rc = pushes_find(p->k, p, &reply.sha256, &reply.size_bytes, &err);
    rc = rc == CH_OK ? keep_on(p, &reply.sha256, reply.size_bytes, &err) : rc;
    if (rc == CH_OK) {
        push_reply(p, &reply, -1);
    } else if (rc == CH_E_NOT_FOUND) {
        push_refuse(p, 404, "BLOB_UNKNOWN", "this was not pushed under this name");
    } else {
        push_refuse_store(p, rc, &err);
    }
}

/* What a manifest has goes with that. */
void blobs_take_away(struct push *p)
{
    struct keeper *k = p->k;
    struct ch_push_reply reply = {.http_status = 202};
    struct ch_err err;
    if (!push_digest(p, &reply.sha256)) {
        return;
    }
    enum ch_code begun = audit_act(k, &err), rc = begun;
    rc = rc == CH_OK ? ch_store_unlink_pushed_one(k->store, p->ask.repository, p->ask.project,
                                                  &reply.sha256, &err)
                     : rc;
    enum ch_code ended = rc == CH_OK
                             ? audit_blob_deleted(k, p->ask.repository, p->ask.project,
                                                  &reply.sha256, ch_str_of(p->who.text), &err)
                             : rc;
    ended = audit_act_end(k, begun, ended, &err); /* durable before it is told */
    if (ended == CH_OK) {
        push_reply(p, &reply, -1);
    } else if (rc == CH_E_NOT_FOUND) {
        push_refuse(p, 404, "BLOB_UNKNOWN", "this was not pushed under this name");
    } else if (rc == CH_E_BUSY) {
        push_refuse(p, 405, "UNSUPPORTED",
                    "a manifest under this name has it: take that away, then this");
    } else {
        push_refuse_store(p, ended, &err);
    }
}

bool blobs_is_here(struct push *p, const struct ch_sha256 *sha256)
{
    uint64_t size;
    struct ch_err err;
    return pushes_find(p->k, p, sha256, &size, &err) == CH_OK &&
           keep_on(p, sha256, size, &err) == CH_OK;
}

/* T24: from where the caller may pull, and of what is ALLOW there now. */
static bool may_mount(struct push *p, const struct ch_sha256 *sha256, uint64_t *ret_size)
{
    struct keeper *k = p->k;
    struct ch_str rest = p->ask.from, repository = {NULL, 0};
    struct ch_decision d = {0};
    struct ch_err err;
    struct ch_artifact artifact;
    if (!ch_str_split(&rest, '/', &repository) || rest.len == 0) {
        return false;
    }
    const struct ch_repository *from = ch_config_repository(k->config, repository);
    struct place at = {repository, ch_str_of(from != NULL ? from->environment : "")};
    if (from == NULL || strcmp(from->ecosystem, p->repository->ecosystem) != 0 ||
        !people_may(k->people, &p->who, ACTION_PULL, &at) || !push_may_pull(p, p->ask.from)) {
        return false;
    }
    char digest[sizeof("sha256:") + CH_SHA256_HEX] = "sha256:";
    ch_sha256_hex(sha256, digest + sizeof("sha256:") - 1);
    struct ch_ask_file ask = {.repository = repository,
                              .project = rest,
                              .file_name = ch_str_of(digest),
                              .any_page = true};
    struct page *page = links_page_of(k, &ask);
    for (size_t i = 0; page != NULL && i < page->facts.file_count; i++) {
        if (ch_sha256_eq(&page->files[i].artifact, sha256) &&
            page->facts.files[i].removed_at_us == CH_TIME_UNKNOWN && page_usable(k, page) &&
            !page_withheld(page)) {
            judge(k, page, i, &d);
            break;
        }
    }
    bool good = d.verdict == CH_VERDICT_ALLOW && ch_blobs_has(k->blobs, sha256) &&
                ch_store_get_artifact(k->store, sha256, &artifact, &err) == CH_OK;
    *ret_size = good ? artifact.size_bytes : 0;
    return good;
}

void uploads_mount(struct push *p)
{
    struct ch_sha256 sha256;
    struct ch_err err;
    uint64_t size = 0;
    struct ch_alias alias;
    if (aliases_read(p->ask.reference, &alias) &&
        aliases_find(p->k, &alias, &sha256, &err) == CH_E_NOT_FOUND) {
        uploads_begin(p); /* nobody has it by that name */
        return;
    }
    if (!push_digest(p, &sha256)) {
        return;
    }
    if (blobs_is_here(p, &sha256)) {
        blobs_reply_there(p, &sha256);
        return;
    }
    if (!may_mount(p, &sha256, &size)) {
        uploads_begin(p); /* it is uploaded then: whether others have it is nobody's business */
        return;
    }
    enum ch_code rc = keeper_write(p->k, &err);
    rc = rc == CH_OK ? pushes_keep(p->k, p, &sha256, size, &err) : rc;
    rc = rc == CH_OK ? keeper_commit(p->k, &err) : rc;
    if (rc == CH_OK) {
        blobs_reply_there(p, &sha256);
    } else {
        push_refuse_store(p, rc, &err);
    }
}
