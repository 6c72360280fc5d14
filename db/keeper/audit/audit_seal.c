#include "audit_seal.h"

#include <stdio.h>
#include <string.h>

#include "audit_int.h"
#include "db/log/seal.h"
#include "keyring.h"

/* ------------------------------------------------------------------ what the store has */

struct walk {
    struct ch_hash *hash;
    struct ch_sha256 chain;
    uint64_t at;           /* of the next row */
    uint64_t pending_from; /* from here on each row... */
    struct ch_buf pending; /* ...has the hash of an entry that waits */
    bool whole;
};

static bool on_pending(void *ctx, uint64_t index, struct ch_str entry)
{
    struct walk *w = ctx;
    struct ch_sha256 leaf = ch_tree_leaf(w->hash, entry);
    w->whole = w->whole && index == w->pending_from + w->pending.len / CH_SHA256_BYTES;
    ch_put_sha256(&w->pending, &leaf);
    return w->whole;
}

static bool on_row(void *ctx, const struct ch_log_row *row)
{
    struct walk *w = ctx;
    size_t at = row->index < w->pending_from
                    ? SIZE_MAX
                    : (size_t)(row->index - w->pending_from) * CH_SHA256_BYTES;
    w->whole =
        w->whole && row->index == w->at &&
        (at == SIZE_MAX || (at < w->pending.len &&
                            memcmp(w->pending.ptr + at, row->leaf.byte, CH_SHA256_BYTES) == 0));
    w->chain = ch_log_seal_next(w->hash, &w->chain, &row->leaf);
    w->at++;
    return w->whole;
}

/* The chain over all rows from `from` on; whole: none is missing, and what waits is what it was. */
static enum ch_code walk(struct keeper *k, const struct audit_mark *from, uint64_t next,
                         struct ch_sha256 *ret_chain, bool *ret_whole, struct ch_err *err)
{
    struct walk w = {.hash = ch_hash_new(), .chain = from->chain, .at = from->at, .whole = true};
    uint64_t ignored;
    ch_buf_init(&w.pending, SIZE_MAX / 2);
    enum ch_code rc = ch_store_log_ends(k->store, &ignored, &w.pending_from, err);
    rc = rc == CH_OK ? ch_store_log_pending(k->store, w.pending_from, on_pending, &w, err) : rc;
    rc = rc == CH_OK ? ch_store_log_list(k->store, from->at, on_row, &w, err) : rc;
    *ret_chain = w.chain;
    *ret_whole =
        w.whole && w.at == next && w.pending_from + w.pending.len / CH_SHA256_BYTES == next;
    ch_buf_done(&w.pending);
    ch_hash_free(w.hash);
    return rc;
}

/* ------------------------------------------------------------------ at the start */

/* The private half says whose the public one is: rows of the store are what is in question. */
static bool is_by(struct keeper *k, const struct ch_log_seal *seal, const char *name,
                  const struct ch_signer *signer)
{
    struct ch_note_key key;
    (void)k;
    if (signer == NULL) {
        return false;
    }
    snprintf(key.name, sizeof(key.name), "%s", name);
    ch_public_key_raw(ch_signer_public(signer), key.public_key);
    return ch_log_seal_is_by(seal, &key);
}

static enum ch_code find(struct keeper *k, const struct audit_key *key, struct audit_seal *s,
                         bool *ret_good, struct ch_err *err)
{
    const char *name = audit_key_signer(key)->key.name;
    struct ch_signer *signer = NULL;
    struct ch_err missing;
    enum ch_code rc = ch_store_log_seal(k->store, &s->newest, err);
    if (rc == CH_E_NOT_FOUND) {
        s->newest = (struct ch_log_seal){.size = 0};
        *ret_good = false;
        return CH_OK;
    }
    if (rc == CH_OK && keyring_signer(k, CH_PURPOSE_LOG, &signer, &missing) != CH_OK) {
        signer = NULL;
    }
    *ret_good = rc == CH_OK && (is_by(k, &s->newest, name, signer) ||
                                is_by(k, &s->newest, name, keyring_former(k)));
    s->other_key = rc == CH_OK && !is_by(k, &s->newest, name, signer);
    return rc;
}

enum ch_code audit_seal_load(struct keeper *k, const struct audit_key *key, uint64_t next,
                             uint64_t logged, uint64_t *written, struct audit_seal *ret,
                             struct ch_err *err)
{
    struct audit_seal *s = ret;
    struct ch_sha256 chain;
    bool good = false, whole = false;
    *s = (struct audit_seal){.unproven_from = 0};
    enum ch_code rc = find(k, key, s, &good, err);
    uint64_t known = good && s->newest.written > logged ? s->newest.written : logged;
    *written = *written < known ? *written : known;
    if (rc == CH_OK && good && next > logged) {
        const struct audit_mark from = {s->newest.base, s->newest.base_chain};
        rc = walk(k, &from, next, &chain, &whole, err);
        good = whole && s->newest.size == next && ch_sha256_eq(&chain, &s->newest.chain);
    }
    if (rc == CH_OK && !good && next > logged) {
        s->unproven_from = known;
        s->unproven_to = next;
    }
    s->kept = s->newest;
    s->base = s->half = (struct audit_mark){.at = *written};
    rc = rc == CH_OK ? walk(k, &s->base, next, &s->chain, &whole, err) : rc;
    s->group = s->step = s->chain;
    return rc;
}

bool audit_seal_is_broken(const struct audit_seal *s)
{
    return s->unproven_from < s->unproven_to;
}

void audit_seal_say(const struct audit_seal *s, char *ret, size_t size)
{
    snprintf(
        ret, size,
        "entries %llu to %llu wait in the database, and the log's key has not sealed them: who "
        "entered them is not known, so they are not signed. customhouse audit verify names them. "
        "Restore the newest backup of the state folder; or, where they are right (after an "
        "upgrade, or when the key was lost), customhouse audit accept --reason TEXT",
        (unsigned long long)s->unproven_from, (unsigned long long)s->unproven_to - 1);
}

enum ch_code audit_seal_begin(struct keeper *k, struct audit_seal *s, uint64_t next,
                              struct ch_err *err)
{
    uint64_t ignored, from = 0;
    bool whole = false;
    enum ch_code rc = ch_store_log_ends(k->store, &ignored, &from, err);
    const struct audit_mark base = {.at = from};
    rc = rc == CH_OK ? walk(k, &base, next, &s->chain, &whole, err) : rc;
    if (rc != CH_OK || !whole) {
        return rc != CH_OK ? rc
                           : ch_fail(err, CH_E_FORMAT,
                                     "entries that wait are missing, or are not what their hashes "
                                     "say: see customhouse audit verify");
    }
    s->base = s->half = base;
    s->group = s->step = s->chain;
    s->unproven_from = s->unproven_to = 0;
    return CH_OK;
}

/* ------------------------------------------------------------------ with each group */

void audit_seal_add(struct audit_seal *s, struct ch_hash *h, const struct ch_sha256 *leaf)
{
    s->chain = ch_log_seal_next(h, &s->chain, leaf);
}

void audit_seal_step(struct audit_seal *s)
{
    s->step = s->chain;
}

void audit_seal_undo_step(struct audit_seal *s)
{
    s->chain = s->step;
}

bool audit_seal_is_behind(const struct audit_seal *s, uint64_t written)
{
    return !audit_seal_is_broken(s) && written > s->newest.written;
}

void audit_seal_put(struct keeper *k, struct audit_seal *s, const struct ch_note_signer *signer,
                    uint64_t next, uint64_t written)
{
    struct ch_err err;
    struct ch_log_seal seal = {.base = s->base.at,
                               .base_chain = s->base.chain,
                               .size = next,
                               .chain = s->chain,
                               .written = written};
    if (audit_seal_is_broken(s) ||
        (next == s->newest.size && !s->other_key && !audit_seal_is_behind(s, written))) {
        return;
    }
    enum ch_code rc = ch_log_seal_sign(signer, &seal, &err);
    rc = rc == CH_OK ? ch_store_set_log_seal(k->store, &seal, &err) : rc;
    if (rc == CH_OK) {
        s->newest = seal;
        s->other_key = false;
    } else {
        keeper_log("audit", "sealed=0 error=\"%s\"", err.msg);
    }
}

void audit_seal_committed(struct audit_seal *s, uint64_t next, uint64_t dropped)
{
    s->kept = s->newest;
    s->group = s->chain;
    if (dropped >= s->half.at) {
        s->base = s->half;
        s->half = (struct audit_mark){next, s->chain};
    }
}

void audit_seal_rolled_back(struct audit_seal *s)
{
    s->newest = s->kept;
    s->chain = s->group;
}
