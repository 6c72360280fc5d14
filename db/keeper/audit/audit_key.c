#include "audit_key.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "keyring.h"

struct half {
    struct ch_signer *signer; /* the keyring's; NULL: it has none */
    struct ch_note_signer note;
};

struct audit_key {
    struct half now, former; /* former: while it hands over */
    struct ch_note_key former_key;
    struct ch_sha256 former_id;
};

static enum ch_code sign_note(void *ctx, struct ch_str message,
                              uint8_t ret[CH_NOTE_SIGNATURE_BYTES], struct ch_err *err)
{
    struct half *key = ctx;
    struct ch_buf out;
    if (key->signer == NULL) {
        return ch_fail(err, CH_E_SYSTEM, /* NOT_FOUND would be: there is no log */
                       "the audit log's key is not there: see customhouse keys list");
    }
    ch_buf_init(&out, CH_SIGNATURE_BYTES);
    enum ch_code rc = ch_signer_sign(key->signer, message, &out, err);
    if (rc == CH_OK && out.len != CH_NOTE_SIGNATURE_BYTES) {
        rc = ch_fail(err, CH_E_SYSTEM, "the audit log's key does not sign as Ed25519 does");
    }
    if (rc == CH_OK) {
        memcpy(ret, out.ptr, CH_NOTE_SIGNATURE_BYTES);
    }
    ch_buf_done(&out);
    return rc;
}

/* ------------------------------------------------------------------ its public half */

static bool is_log_key(const struct ch_key_row *row)
{
    return ch_str_eq(row->purpose, CH_STR(CH_PURPOSE_LOG));
}

static enum ch_code read_public(const struct ch_key_row *row, struct ch_note_key *ret,
                                struct ch_err *err)
{
    struct ch_public_key *key = NULL;
    enum ch_code rc = ch_public_key_parse(row->public_pem, &key, err);
    if (rc == CH_OK && ch_public_key_kind(key) != CH_KEY_ED25519) {
        rc = ch_fail(err, CH_E_UNSUPPORTED, "a key of the audit log is not Ed25519");
    }
    if (rc == CH_OK) {
        ch_public_key_raw(key, ret->public_key);
    }
    ch_public_key_free(key);
    return rc;
}

struct current { /* the newest that has not ended, the last that has, and how the first is called */
    struct ch_note_key key, former;
    struct ch_sha256 former_id;
    bool has_former;
    char first[CH_KEY_ID_HEX + 1];
    enum ch_code rc;
    struct ch_err *err;
};

static void on_key(void *ctx, const struct ch_key_row *row)
{
    struct current *c = ctx;
    if (!is_log_key(row)) {
        return;
    }
    if (c->first[0] == '\0') {
        ch_key_id_hex(&row->id, c->first);
    }
    if (row->ended_at_us == CH_TIME_UNKNOWN) {
        c->rc = read_public(row, &c->key, c->err);
    } else {
        c->has_former = read_public(row, &c->former, c->err) == CH_OK;
        c->former_id = row->id;
    }
}

static enum ch_code find_current(struct keeper *k, struct current *ret, struct ch_err *err)
{
    *ret = (struct current){.rc = CH_E_NOT_FOUND, .err = err};
    enum ch_code rc = ch_store_keys(k->store, on_key, ret, err);
    if (rc == CH_OK && ret->rc == CH_E_NOT_FOUND) {
        return ch_fail(err, CH_E_NOT_FOUND, "the store names no key of the audit log");
    }
    return rc == CH_OK ? ret->rc : rc;
}

/* A name of its own for ever: an origin says which log it is, not where it can be had. */
static enum ch_code read_name(struct keeper *k, const char *first, char ret[CH_NOTE_NAME_MAX + 1],
                              struct ch_err *err)
{
    static const struct ch_str value = {"audit-origin", 12};
    struct ch_buf name;
    ch_buf_init(&name, CH_NOTE_NAME_MAX);
    enum ch_code rc = ch_store_get_value(k->store, value, &name, err);
    if (rc == CH_E_NOT_FOUND) {
        ch_buf_clear(&name);
        ch_buf_printf(&name, "customhouse/audit/%s", first);
        rc = ch_store_set_value(k->store, value, ch_buf_str(&name), err);
    }
    if (rc == CH_OK && !ch_note_name_is_good(ch_buf_str(&name))) {
        rc = ch_fail(err, CH_E_FORMAT, "the audit log's name in the store is none");
    }
    if (rc == CH_OK) {
        memcpy(ret, name.ptr, name.len);
        ret[name.len] = '\0';
    }
    ch_buf_done(&name);
    return rc;
}

enum ch_code audit_key_of(struct keeper *k, const struct ch_key_row *row, struct ch_note_key *ret,
                          struct ch_err *err)
{
    snprintf(ret->name, sizeof(ret->name), "%.*s", CH_STR_ARG(audit_origin(k)));
    return read_public(row, ret, err);
}

/* ------------------------------------------------------------------ signing */

static void set_half(struct half *half, const struct ch_note_key *key, struct ch_signer *signer)
{
    half->signer = signer;
    half->note = (struct ch_note_signer){.key = *key, .sign = sign_note, .ctx = half};
}

static void set_former(struct keeper *k, struct audit_key *key, const struct current *c)
{
    struct ch_signer *signer = keyring_former(k);
    if (!c->has_former) {
        return;
    }
    key->former_key = c->former;
    key->former_id = c->former_id;
    memcpy(key->former_key.name, key->now.note.key.name, sizeof(key->former_key.name));
    key->now.note.former = &key->former_key;
    if (signer != NULL) {
        set_half(&key->former, &key->former_key, signer);
        key->now.note.also = &key->former.note;
    }
}

enum ch_code audit_key_open(struct keeper *k, struct audit_key **ret, struct ch_err *err)
{
    struct audit_key *key = ch_calloc(1, sizeof(*key));
    struct current current;
    struct ch_signer *signer = NULL;
    struct ch_err missing;
    enum ch_code rc = find_current(k, &current, err);
    rc = rc == CH_OK ? read_name(k, current.first, current.key.name, err) : rc;
    if (rc != CH_OK) {
        audit_key_close(key);
        return rc;
    }
    if (keyring_signer(k, CH_PURPOSE_LOG, &signer, &missing) != CH_OK) {
        signer = NULL;
    }
    set_half(&key->now, &current.key, signer);
    set_former(k, key, &current);
    *ret = key;
    return CH_OK;
}

void audit_key_close(struct audit_key *key)
{
    free(key);
}

const struct ch_note_signer *audit_key_signer(const struct audit_key *key)
{
    return &key->now.note;
}

/* ------------------------------------------------------------------ handing over */

bool audit_key_hands_over(const struct audit_key *key)
{
    return key->now.note.also != NULL;
}

static void name_handover(const struct ch_sha256 *id, struct ch_buf *ret)
{
    ch_buf_puts(ret, CH_STR("audit-handover-"));
    ch_buf_put_hex(ret, id->byte, sizeof(id->byte));
}

enum ch_code audit_key_keep_handover(struct keeper *k, const struct audit_key *key,
                                     struct ch_str note, uint64_t entries, struct ch_err *err)
{
    struct ch_checkpoint c;
    struct ch_buf name;
    enum ch_code rc = ch_checkpoint_open(note, &key->now.note.key, &c, err);
    rc = rc == CH_OK ? ch_checkpoint_open(note, &key->former_key, &c, err) : rc;
    if (rc != CH_OK || c.size < entries) {
        return ch_fail(err, CH_E_NOT_FOUND, "not the checkpoint by which the key hands over");
    }
    ch_buf_init(&name, 128);
    name_handover(&key->former_id, &name);
    rc = keeper_write(k, err);
    rc = rc == CH_OK ? ch_store_set_value(k->store, ch_buf_str(&name), note, err) : rc;
    rc = rc == CH_OK ? keeper_commit(k, err) : rc;
    ch_buf_done(&name);
    return rc;
}

enum ch_code audit_key_handover(struct keeper *k, const struct ch_sha256 *id, struct ch_buf *ret,
                                struct ch_err *err)
{
    struct ch_buf name, note;
    ch_buf_init(&name, 128);
    ch_buf_init(&note, CH_NOTE_MAX);
    name_handover(id, &name);
    enum ch_code rc = ch_store_get_value(k->store, ch_buf_str(&name), &note, err);
    if (rc == CH_OK) {
        ch_buf_puts(ret, ch_buf_str(&note));
    }
    ch_buf_done(&name);
    ch_buf_done(&note);
    return rc;
}

/* ------------------------------------------------------------------ entries */

enum ch_code audit_key_enter(struct keeper *k, const struct ch_key_row *row,
                             const struct ch_sha256 *former, struct ch_str by, struct ch_str reason,
                             struct ch_err *err)
{
    struct ch_note_key key;
    struct ch_buf vkey;
    ch_buf_init(&vkey, 2 * CH_NOTE_NAME_MAX);
    enum ch_code rc = is_log_key(row) ? audit_key_of(k, row, &key, err) : CH_OK;
    if (rc == CH_OK && is_log_key(row)) {
        ch_note_key_put(&vkey, &key);
    }
    rc = rc == CH_OK ? audit_signing_key(k, row, former, by, reason, ch_buf_str(&vkey), err) : rc;
    ch_buf_done(&vkey);
    return rc;
}

struct entering {
    struct keeper *k;
    enum ch_code rc;
    struct ch_err *err;
};

static void enter_one(void *ctx, const struct ch_key_row *row)
{
    struct entering *e = ctx;
    struct ch_str none = {NULL, 0};
    if (e->rc == CH_OK) {
        e->rc = audit_key_enter(e->k, row, NULL, none, none, e->err);
    }
}

enum ch_code audit_key_enter_all(struct keeper *k, struct ch_err *err)
{
    struct entering e = {.k = k, .rc = CH_OK, .err = err};
    enum ch_code rc = ch_store_keys(k->store, enter_one, &e, err);
    return rc == CH_OK ? e.rc : rc;
}
