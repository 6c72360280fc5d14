#include "audit_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/signing/key_files.h"

struct audit_key {
    struct ch_signer *signer;
    struct ch_note_signer note;
};

static enum ch_code sign_note(void *ctx, struct ch_str message,
                              uint8_t ret[CH_NOTE_SIGNATURE_BYTES], struct ch_err *err)
{
    struct audit_key *key = ctx;
    struct ch_buf out;
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

static void take_first(void *ctx, struct ch_signer *signer)
{
    struct ch_signer **one = ctx;
    if (*one == NULL) {
        *one = signer;
    } else {
        ch_signer_free(signer);
    }
}

static enum ch_code open_signer(struct keeper *k, struct ch_signer **ret, struct ch_err *err)
{
    static const struct ch_purpose purpose = {.name = CH_PURPOSE_LOG, .kind = CH_KEY_ED25519};
    char folder[4096];
    struct ch_sha256 id;
    int fd = -1;
    snprintf(folder, sizeof(folder), "%.*s/keys", CH_STR_ARG(k->child.setup.state_dir));
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        return ch_fail_errno(err, errno, "%s", folder);
    }
    enum ch_code rc = ch_keys_open_folder(folder, &fd, err);
    rc = rc == CH_OK ? ch_key_files(fd, &purpose, take_first, ret, err) : rc;
    if (rc == CH_OK && *ret == NULL) {
        rc = ch_key_file_make(fd, &purpose, &id, err);
        rc = rc == CH_OK ? ch_key_file_open(fd, &purpose, &id, ret, err) : rc;
    }
    if (fd >= 0) {
        close(fd);
    }
    return rc;
}

/* A name of its own for ever: an origin says which log it is, not where it can be had. */
static enum ch_code read_name(struct keeper *k, struct audit_key *key, struct ch_err *err)
{
    static const struct ch_str value = {"audit-origin", 12};
    struct ch_buf name;
    ch_buf_init(&name, CH_NOTE_NAME_MAX);
    enum ch_code rc = ch_store_get_value(k->store, value, &name, err);
    if (rc == CH_E_NOT_FOUND) {
        char hex[CH_KEY_ID_HEX + 1];
        struct ch_sha256 id = ch_public_key_id(ch_signer_public(key->signer));
        ch_key_id_hex(&id, hex);
        ch_buf_clear(&name);
        ch_buf_printf(&name, "customhouse/audit/%s", hex);
        rc = ch_store_set_value(k->store, value, ch_buf_str(&name), err);
    }
    if (rc == CH_OK && !ch_note_name_is_good(ch_buf_str(&name))) {
        rc = ch_fail(err, CH_E_FORMAT, "the audit log's name in the store is none");
    }
    if (rc == CH_OK) {
        memcpy(key->note.key.name, name.ptr, name.len);
        key->note.key.name[name.len] = '\0';
    }
    ch_buf_done(&name);
    return rc;
}

enum ch_code audit_key_open(struct keeper *k, struct audit_key **ret, struct ch_err *err)
{
    struct audit_key *key = ch_calloc(1, sizeof(*key));
    enum ch_code rc = open_signer(k, &key->signer, err);
    if (rc == CH_OK) {
        ch_public_key_raw(ch_signer_public(key->signer), key->note.key.public_key);
        key->note.sign = sign_note;
        key->note.ctx = key;
        rc = read_name(k, key, err);
    }
    if (rc != CH_OK) {
        audit_key_close(key);
        return rc;
    }
    *ret = key;
    return CH_OK;
}

void audit_key_close(struct audit_key *key)
{
    if (key != NULL) {
        ch_signer_free(key->signer);
        free(key);
    }
}

const struct ch_note_signer *audit_key_signer(const struct audit_key *key)
{
    return &key->note;
}
