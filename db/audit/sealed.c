/* Entries that are not in the log's files yet: that the log's key has sealed them (db/log/seal.h).
 * Whoever writes the database alone cannot. */
#include "auditor.h"

#include "db/log/seal.h"

#define LISTED_MAX 20

/* ------------------------------------------------------------------ by whom */

/* Of the keys that the log's entries name, or the one that it must be. */
static bool is_by_the_log(const struct audit_verify *v, const struct ch_note_key *first,
                          const struct ch_log_seal *seal)
{
    struct ch_note_key key;
    bool good = ch_log_seal_is_by(seal, first) || ch_log_seal_is_by(seal, &v->key);
    for (size_t i = 0; !good && i < v->keys.count; i++) {
        const char *vkey = v->keys.list[i].vkey;
        good = vkey[0] != '\0' && ch_note_key_get(ch_str_of(vkey), &key, NULL) == CH_OK &&
               ch_log_seal_is_by(seal, &key);
    }
    return good;
}

/* ------------------------------------------------------------------ of what */

struct rows {
    struct audit_verify *v;
    uint64_t at, end;
    struct ch_sha256 chain;
    size_t listed;
};

static bool on_sealed(void *ctx, const struct ch_log_row *row)
{
    struct rows *r = ctx;
    if (row->index != r->at || r->at >= r->end) {
        return false;
    }
    r->chain = ch_log_seal_next(r->v->hash, &r->chain, &row->leaf);
    r->at++;
    return true;
}

static bool on_unsealed(void *ctx, const struct ch_log_row *row)
{
    struct rows *r = ctx;
    if (r->listed++ == LISTED_MAX) {
        audit_problem(r->v, "database: and so do the entries after it");
        return false;
    }
    audit_problem(
        r->v,
        "database: entry %llu (%.*s %llu; %.*s %.*s %.*s) waits to be written, and the log's "
        "key has not sealed it",
        (unsigned long long)row->index, CH_STR_ARG(ch_str_sub(row->kind, 0, 31)),
        (unsigned long long)row->source, CH_STR_ARG(ch_str_sub(row->repository, 0, 100)),
        CH_STR_ARG(ch_str_sub(row->project, 0, 100)),
        CH_STR_ARG(ch_str_sub(row->file_name, 0, 200)));
    return true;
}

static enum ch_code name_unsealed(struct audit_verify *v, uint64_t from, struct ch_err *err)
{
    struct rows r = {.v = v};
    return ch_store_log_list(v->store, from > v->size ? from : v->size, on_unsealed, &r, err);
}

static enum ch_code check_chain(struct audit_verify *v, const struct ch_log_seal *seal,
                                uint64_t next, struct ch_err *err)
{
    struct rows r = {.v = v, .at = seal->base, .end = seal->size, .chain = seal->base_chain};
    enum ch_code rc = ch_store_log_list(v->store, seal->base, on_sealed, &r, err);
    if (rc == CH_OK && (r.at != seal->size || !ch_sha256_eq(&r.chain, &seal->chain))) {
        audit_problem(v,
                      "database: entries %llu to %llu are not those that the log's key has sealed",
                      (unsigned long long)seal->base, (unsigned long long)seal->size - 1);
        return name_unsealed(v, v->size, err);
    }
    return rc == CH_OK && next > seal->size ? name_unsealed(v, seal->size, err) : rc;
}

enum ch_code audit_sealed_check(struct audit_verify *v, const struct ch_note_key *first,
                                struct ch_err *err)
{
    struct ch_log_seal seal;
    uint64_t next = 0, ignored = 0;
    enum ch_code rc = ch_store_log_ends(v->store, &next, &ignored, err);
    rc = rc == CH_OK ? ch_store_log_seal(v->store, &seal, err) : rc;
    if (rc == CH_E_NOT_FOUND) { /* no keeper that seals has written this, or it is gone */
        return name_unsealed(v, v->size, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    if (!is_by_the_log(v, first, &seal)) {
        audit_problem(v, "database: log_seal is not by a key of this log");
        return name_unsealed(v, v->size, err);
    }
    v->written = v->written > seal.written ? v->written : seal.written;
    if (seal.size > next) {
        audit_problem(v, "database: log_entry has %llu rows, the log's key has sealed %llu",
                      (unsigned long long)next, (unsigned long long)seal.size);
        return CH_OK;
    }
    return next > v->size ? check_chain(v, &seal, next, err) : CH_OK;
}
