#include "keyring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "audit_key.h"
#include "db/keeper/people/scoped.h"

struct key {
    struct ch_purpose purpose;
    struct ch_signer *signer; /* NULL: none that can be used */
    struct ch_signer *former; /* of the audit log, until it has handed over; NULL: none */
};

struct keyring {
    int folder_fd;
    struct key *list;
    size_t count;
};

void keyring_name(struct ch_str purpose, const struct ch_sha256 *id, char ret[KEYRING_NAME_BYTES])
{
    char hex[CH_KEY_ID_HEX + 1];
    ch_key_id_hex(id, hex);
    snprintf(ret, KEYRING_NAME_BYTES, "%.*s-%s", (int)purpose.len, purpose.ptr, hex);
}

/* ------------------------------------------------------------------ what is there */

struct active { /* the key of a purpose that has not ended, and the last that has */
    struct ch_str purpose;
    struct ch_sha256 id;
    bool found;
    struct ch_sha256 former;
};

static void on_key(void *ctx, const struct ch_key_row *row)
{
    struct active *a = ctx;
    if (!ch_str_eq(row->purpose, a->purpose)) {
        return;
    }
    if (row->ended_at_us == CH_TIME_UNKNOWN) {
        a->id = row->id; /* oldest first: the newest stays */
        a->found = true;
    } else {
        a->former = row->id;
    }
}

static enum ch_code find_active(struct keeper *k, const struct ch_purpose *purpose,
                                struct active *ret, struct ch_err *err)
{
    *ret = (struct active){.purpose = ch_str_of(purpose->name)};
    return ch_store_keys(k->store, on_key, ret, err);
}

/* Ends `former`, where there is one. With its entry in the audit log; what there is before the log
 * begins is entered then. */
static enum ch_code store_key(struct keeper *k, const struct ch_key_row *row,
                              const struct active *former, struct ch_str by, struct ch_str reason,
                              struct ch_err *err)
{
    const struct ch_sha256 *of = former->found ? &former->id : NULL;
    enum ch_code rc = CH_OK;
    if (k->audit != NULL) {
        rc = keeper_write(k, err);
        rc = rc == CH_OK ? audit_step(k, err) : rc;
        if (rc != CH_OK) {
            return rc;
        }
    }
    rc = of != NULL ? ch_store_replace_key(k->store, row, of, by, reason, err)
                    : ch_store_add_key(k->store, row, err);
    if (k->audit != NULL) {
        rc = rc == CH_OK ? audit_key_enter(k, row, of, by, reason, err) : rc;
        rc = audit_step_end(k, rc, err);
    }
    return rc;
}

static enum ch_code add_row(struct keeper *k, const struct ch_purpose *purpose,
                            const struct ch_signer *signer, const struct active *former,
                            struct ch_str by, struct ch_str reason, struct ch_err *err)
{
    const struct ch_public_key *public_key = ch_signer_public(signer);
    struct ch_buf pem;
    ch_buf_init(&pem, CH_PUBLIC_PEM_BYTES);
    ch_public_key_put_pem(public_key, &pem);
    struct ch_key_row row = {
        .id = ch_public_key_id(public_key),
        .purpose = ch_str_of(purpose->name),
        .kind = (uint32_t)purpose->kind,
        .public_pem = ch_buf_str(&pem),
        .at_us = keeper_now_us(k),
    };
    enum ch_code rc = store_key(k, &row, former, by, reason, err);
    ch_buf_done(&pem);
    return rc;
}

/* Files of one purpose: the one that is wanted, or (of none) any, and which are others. */
struct files {
    struct ch_signer *taken, *former;
    const struct ch_sha256 *wanted, *wanted_former; /* NULL: none */
    struct ch_sha256 *others;
    size_t other_count;
};

static void on_file(void *ctx, struct ch_signer *signer)
{
    struct files *f = ctx;
    struct ch_sha256 id = ch_public_key_id(ch_signer_public(signer));
    if (f->taken == NULL && (f->wanted == NULL || ch_sha256_eq(&id, f->wanted))) {
        f->taken = signer;
        return;
    }
    if (f->former == NULL && f->wanted_former != NULL && ch_sha256_eq(&id, f->wanted_former)) {
        f->former = signer;
        return;
    }
    f->others = ch_realloc_array(f->others, f->other_count + 1, sizeof(*f->others));
    f->others[f->other_count++] = id;
    ch_signer_free(signer);
}

/* What a rotation left that was interrupted: the file of a key that never signed, or signs no more.
 */
static void remove_others(struct keyring *ring, const struct ch_purpose *purpose, struct files *f)
{
    struct ch_err err;
    for (size_t i = 0; i < f->other_count; i++) {
        if (ch_key_file_remove(ring->folder_fd, purpose, &f->others[i], &err) != CH_OK) {
            keeper_log("key", "purpose=%s error=\"%s\"", purpose->name, err.msg);
        }
    }
    free(f->others);
}

static bool is_log(const struct ch_purpose *purpose)
{
    return strcmp(purpose->name, CH_PURPOSE_LOG) == 0;
}

/* The key that the store names; without one, that of a file that init wrote, or a new one. */
static enum ch_code open_key(struct keeper *k, struct key *key, struct ch_err *err)
{
    struct keyring *ring = k->keyring;
    struct active active;
    struct ch_sha256 id;
    enum ch_code rc = find_active(k, &key->purpose, &active, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct files files = {.wanted = active.found ? &active.id : NULL,
                          .wanted_former = is_log(&key->purpose) ? &active.former : NULL};
    rc = ch_key_files(ring->folder_fd, &key->purpose, on_file, &files, err);
    if (rc == CH_OK) {
        remove_others(ring, &key->purpose, &files);
    } else {
        free(files.others);
    }
    if (rc == CH_OK && files.taken == NULL && active.found) {
        rc = ch_key_file_open(ring->folder_fd, &key->purpose, &active.id, &files.taken, err);
    } else if (rc == CH_OK && files.taken == NULL) {
        rc = ch_key_file_make(ring->folder_fd, &key->purpose, &id, err);
        rc = rc == CH_OK ? ch_key_file_open(ring->folder_fd, &key->purpose, &id, &files.taken, err)
                         : rc;
    }
    if (rc == CH_OK && !active.found) {
        rc = add_row(k, &key->purpose, files.taken, &active, CH_STR(""), CH_STR(""), err);
    }
    if (rc != CH_OK) {
        ch_signer_free(files.taken);
        ch_signer_free(files.former);
        return rc;
    }
    key->signer = files.taken;
    key->former = files.former;
    return CH_OK;
}

static struct key *find_key(const struct keyring *ring, struct ch_str purpose)
{
    for (size_t i = 0; i < ring->count; i++) {
        if (ch_str_eq(ch_str_of(ring->list[i].purpose.name), purpose)) {
            return &ring->list[i];
        }
    }
    return NULL;
}

static void add_key(struct keeper *k, const struct ch_purpose *purpose)
{
    struct keyring *ring = k->keyring;
    struct ch_err err;
    ring->list = ch_realloc_array(ring->list, ring->count + 1, sizeof(*ring->list));
    struct key *key = &ring->list[ring->count++];
    *key = (struct key){.purpose = *purpose};
    if (open_key(k, key, &err) != CH_OK) {
        keeper_log("key", "purpose=%s error=\"%s\"", key->purpose.name, err.msg);
    }
}

struct known {
    struct ch_purpose *list;
    size_t count;
};

static void on_known(void *ctx, const struct ch_key_row *row)
{
    struct known *n = ctx;
    struct ch_purpose p = {.kind = (enum ch_key_kind)row->kind};
    if (row->ended_at_us == CH_TIME_UNKNOWN && n->count < CH_PURPOSES_MAX &&
        ch_str_copy(row->purpose, p.name, sizeof(p.name))) {
        n->list[n->count++] = p;
    }
}

/* Also those that the configuration wants no more: what they had signed is withdrawn, and the list
 * of that is theirs to sign. None is made for them. */
static void complete_known(struct keeper *k)
{
    struct ch_purpose purposes[CH_PURPOSES_MAX];
    struct known n = {purposes, 0};
    struct ch_err err;
    if (ch_store_keys(k->store, on_known, &n, &err) != CH_OK) {
        keeper_log("key", "error=\"%s\"", err.msg);
    }
    for (size_t i = 0; i < n.count; i++) {
        if (find_key(k->keyring, ch_str_of(purposes[i].name)) == NULL) {
            add_key(k, &purposes[i]);
        }
    }
}

void keyring_complete(struct keeper *k)
{
    struct ch_purpose purposes[CH_PURPOSES_MAX];
    size_t count = ch_purposes(k->config, purposes);
    complete_known(k);
    for (size_t i = 0; i < count; i++) {
        if (find_key(k->keyring, ch_str_of(purposes[i].name)) == NULL) {
            add_key(k, &purposes[i]);
        }
    }
    scoped_tell(k, NULL); /* where a repository of images has come, gateways wait for its key */
}

enum ch_code keyring_open(struct keeper *k, struct ch_err *err)
{
    char folder[512];
    k->keyring = ch_calloc(1, sizeof(*k->keyring));
    k->keyring->folder_fd = -1;
    snprintf(folder, sizeof(folder), "%.*s/keys", CH_STR_ARG(k->child.setup.state_dir));
    enum ch_code rc = ch_keys_open_folder(folder, &k->keyring->folder_fd, err);
    if (rc == CH_OK) {
        add_key(k, &(struct ch_purpose){.name = CH_PURPOSE_LOG, .kind = CH_KEY_ED25519});
    }
    return rc;
}

void keyring_free(struct keeper *k)
{
    if (k->keyring == NULL) {
        return;
    }
    for (size_t i = 0; i < k->keyring->count; i++) {
        ch_signer_free(k->keyring->list[i].signer);
        ch_signer_free(k->keyring->list[i].former);
    }
    if (k->keyring->folder_fd >= 0) {
        close(k->keyring->folder_fd);
    }
    free(k->keyring->list);
    free(k->keyring);
    k->keyring = NULL;
}

enum ch_code keyring_signer(struct keeper *k, const char *purpose, struct ch_signer **ret,
                            struct ch_err *err)
{
    const struct key *key = find_key(k->keyring, ch_str_of(purpose));
    if (key == NULL || key->signer == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "the key %s is not there: see customhouse keys list",
                       purpose);
    }
    *ret = key->signer;
    return CH_OK;
}

/* ------------------------------------------------------------------ rotation */

static enum ch_code record_rotation(struct keeper *k, const struct key *key,
                                    const struct active *former, const struct ch_signer *signer,
                                    struct ch_str by, struct ch_str reason, struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? add_row(k, &key->purpose, signer, former, by, reason, err) : rc;
    return rc == CH_OK ? keeper_commit(k, err) : rc;
}

/* A key of the audit log goes only when the log has handed over (audit_key.h): until then both
 * sign. */
static void replace(struct keeper *k, struct key *key, struct ch_signer *signer,
                    const struct active *former)
{
    struct ch_err ignored; /* the next start removes it */
    if (is_log(&key->purpose)) {
        key->former = key->signer;
    } else {
        ch_signer_free(key->signer);
        if (former->found) {
            CH_IGNORE(
                ch_key_file_remove(k->keyring->folder_fd, &key->purpose, &former->id, &ignored));
        }
    }
    key->signer = signer;
}

static enum ch_code rotate(struct keeper *k, struct key *key, struct ch_str by,
                           struct ch_str reason, struct ch_sha256 *ret_id, struct ch_err *err)
{
    struct keyring *ring = k->keyring;
    struct active former;
    struct ch_signer *signer = NULL;
    struct ch_sha256 id;
    struct ch_err ignored;
    enum ch_code rc = find_active(k, &key->purpose, &former, err);
    rc = rc == CH_OK ? ch_key_file_make(ring->folder_fd, &key->purpose, &id, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_key_file_open(ring->folder_fd, &key->purpose, &id, &signer, err);
    rc = rc == CH_OK ? record_rotation(k, key, &former, signer, by, reason, err) : rc;
    if (rc != CH_OK) {
        CH_IGNORE(ch_key_file_remove(ring->folder_fd, &key->purpose, &id, &ignored));
        ch_signer_free(signer);
        return rc;
    }
    replace(k, key, signer, &former);
    if (strcmp(key->purpose.name, CH_PURPOSE_TOKEN) == 0) {
        scoped_key_changed(k);
    }
    k->approvals_changed++; /* the list of withdrawals is by this key from now on */
    *ret_id = id;
    keeper_log("key", "purpose=%s rotated_by=%.*s", key->purpose.name, CH_STR_ARG(by));
    return CH_OK;
}

enum ch_code keyring_rotate(struct keeper *k, struct ch_str purpose, struct ch_str by,
                            struct ch_str reason, struct ch_sha256 *ret_id, struct ch_err *err)
{
    struct key *key = find_key(k->keyring, purpose);
    if (key == NULL) {
        return ch_fail(err, CH_E_NOT_FOUND, "no key has this purpose: see customhouse keys list");
    }
    if (!is_log(&key->purpose)) {
        return rotate(k, key, by, reason, ret_id, err);
    }
    /* A key that is lost hands nothing over: the log goes on, and audit verify says so for ever. */
    enum ch_code rc = audit_pause(k, key->signer == NULL, err);
    if (rc == CH_OK) {
        rc = rotate(k, key, by, reason, ret_id, err);
        audit_resume(k);
    }
    return rc;
}

bool keyring_has(const struct keeper *k, const char *purpose)
{
    return find_key(k->keyring, ch_str_of(purpose)) != NULL;
}

struct ch_signer *keyring_former(struct keeper *k)
{
    const struct key *key = find_key(k->keyring, CH_STR(CH_PURPOSE_LOG));
    return key != NULL ? key->former : NULL;
}

void keyring_drop_former(struct keeper *k)
{
    struct key *key = find_key(k->keyring, CH_STR(CH_PURPOSE_LOG));
    struct ch_err err;
    if (key == NULL || key->former == NULL) {
        return;
    }
    struct ch_sha256 id = ch_public_key_id(ch_signer_public(key->former));
    if (ch_key_file_remove(k->keyring->folder_fd, &key->purpose, &id, &err) != CH_OK) {
        keeper_log("key", "purpose=%s error=\"%s\"", key->purpose.name, err.msg);
    }
    ch_signer_free(key->former);
    key->former = NULL;
}
