/* Reading the log back at the start: all of its entries, for a ruling that the database does not
 * have any more is found in no other way. On the way their bytes are compared with the published
 * hashes, and all of them with the checkpoint: a hash can be altered with its entry, and who
 * appends looks at the checkpoint's signature, but not at what is below the tree's edge. */
#include "audit_int.h"

#include <stdio.h>
#include <string.h>

#include "audit_said.h"
#include "db/log/files.h"

struct recall {
    struct said *into;
    struct ch_hash *hash;
    struct ch_buf entries, hashes; /* of one bundle */
    struct ch_tree tree;           /* of what was read */
};

static void no_node(void *ctx, unsigned height, uint64_t index, const struct ch_sha256 *node)
{
    (void)ctx;
    (void)height;
    (void)index;
    (void)node;
}

static enum ch_code one_bundle(struct recall *r, const struct ch_log_files *files, uint64_t number,
                               unsigned width, struct ch_err *err)
{
    struct ch_tile entries = {CH_TILE_ENTRIES, number, width}, hashes = {0, number, width};
    uint64_t first = number * CH_TILE_HASHES;
    ch_buf_clear(&r->entries);
    ch_buf_clear(&r->hashes);
    enum ch_code rc = ch_log_read_tile(files, &entries, &r->entries, err);
    rc = rc == CH_OK ? ch_log_read_tile(files, &hashes, &r->hashes, err) : rc;
    struct ch_str rest = ch_buf_str(&r->entries), entry;
    for (unsigned i = 0; rc == CH_OK && i < width && ch_bundle_next(&rest, &entry); i++) {
        struct ch_sha256 leaf = ch_tree_leaf(r->hash, entry);
        said_add(r->into, first + i, entry, true);
        ch_tree_add(&r->tree, r->hash, &leaf, no_node, NULL);
        if (memcmp(leaf.byte, r->hashes.ptr + (size_t)i * CH_SHA256_BYTES, CH_SHA256_BYTES) != 0) {
            rc = ch_fail(err, CH_E_FORMAT, "entry %llu is not what was published",
                         (unsigned long long)(first + i));
        }
    }
    return rc;
}

static enum ch_code from_files(struct keeper *k, struct recall *r,
                               const struct audit_logged *logged, struct ch_err *err)
{
    char folder[4096];
    struct ch_log_files files;
    snprintf(folder, sizeof(folder), "%.*s/" CH_LOG_FOLDER, CH_STR_ARG(k->child.setup.state_dir));
    enum ch_code rc = ch_log_files_open(folder, false, &files, err);
    for (uint64_t first = 0; rc == CH_OK && first < logged->size; first += CH_TILE_HASHES) {
        uint64_t left = logged->size - first;
        unsigned width = left < CH_TILE_HASHES ? (unsigned)left : CH_TILE_HASHES;
        rc = one_bundle(r, &files, first / CH_TILE_HASHES, width, err);
    }
    ch_log_files_close(&files);
    struct ch_sha256 root = ch_tree_root(&r->tree, r->hash);
    if (rc == CH_OK && (r->tree.size != logged->size || !ch_sha256_eq(&root, &logged->root))) {
        rc = ch_fail(err, CH_E_FORMAT, "its %llu entries are not those of its checkpoint",
                     (unsigned long long)logged->size);
    }
    return rc;
}

struct waiting {
    struct said *into;
    uint64_t next; /* of those that follow each other */
    uint64_t end;
    uint64_t decided;
    bool sealed;
};

static bool one_waiting(void *ctx, uint64_t index, struct ch_str entry)
{
    struct waiting *w = ctx;
    if (index < w->end) { /* the seal is about no others */
        said_add(w->into, index, entry, w->sealed);
        w->next += index == w->next ? 1 : 0;
        w->decided =
            ch_str_find(entry, CH_STR("\"kind\":\"decision\""), NULL) ? index + 1 : w->decided;
    }
    return index < w->end;
}

static enum ch_code recall_into(struct keeper *k, uint64_t next, struct audit_recalled *into,
                                struct ch_err *err)
{
    struct recall r = {.into = into->said, .hash = ch_hash_new()};
    const struct audit_logged logged = audit_read_logged(k);
    struct waiting w = {
        .into = into->said, .next = logged.size, .end = next, .sealed = audit_is_sealed(k)};
    struct ch_err other;
    ch_buf_init(&r.entries, CH_TILE_HASHES * (size_t)(CH_ENTRY_PREFIX + CH_ENTRY_MAX));
    ch_buf_init(&r.hashes, CH_TILE_HASHES * (size_t)CH_SHA256_BYTES);
    enum ch_code rc = logged.size > 0 ? from_files(k, &r, &logged, err) : CH_OK;
    enum ch_code waits = ch_store_log_pending(k->store, logged.size, one_waiting, &w, &other);
    into->decided = w.decided;
    if (rc == CH_OK && waits != CH_OK) {
        rc = ch_fail(err, waits, "%s", other.msg);
    }
    if (rc == CH_OK && w.next < next) {
        rc = ch_fail(err, CH_E_FORMAT,
                     "entries %llu to %llu are neither in its files nor do they wait for them",
                     (unsigned long long)w.next, (unsigned long long)next - 1);
    }
    ch_buf_done(&r.entries);
    ch_buf_done(&r.hashes);
    ch_hash_free(r.hash);
    return rc;
}

void audit_recall_to(struct keeper *k, uint64_t next, struct audit_recalled *ret)
{
    struct ch_err err;
    said_free(ret->said);
    *ret = (struct audit_recalled){.said = said_new()};
    if (recall_into(k, next, ret, &err) != CH_OK) {
        snprintf(ret->unread, sizeof(ret->unread),
                 "its entries cannot be read back, so what was approved and denied is not known: "
                 "%.200s. "
                 "customhouse audit verify names what was altered. Restore the newest backup of "
                 "the state "
                 "folder",
                 err.msg);
        keeper_log("audit", "recalled=0 error=\"%s\"", err.msg);
    }
    said_shorten(ret->said);
}
