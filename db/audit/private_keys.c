/* The private halves of the keys that sign: that each file is there, and signs as its public half
 * says. Nothing of them is shown. */
#include "auditor.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/signing/key_files.h"
#include "db/signing/public_key.h"

struct halves {
    struct signing {
        struct ch_purpose purpose;
        struct ch_sha256 id;
    } * list;
    size_t count;
};

static void take_active(void *ctx, const struct ch_key_row *row)
{
    struct halves *h = ctx;
    if (row->ended_at_us != CH_TIME_UNKNOWN) {
        return;
    }
    h->list = ch_realloc_array(h->list, h->count + 1, sizeof(*h->list));
    struct signing *s = &h->list[h->count++];
    *s = (struct signing){.id = row->id, .purpose = {.kind = (enum ch_key_kind)row->kind}};
    snprintf(s->purpose.name, sizeof(s->purpose.name), "%.*s", CH_STR_ARG(row->purpose));
}

/* An altered private half may still name its public one. */
static enum ch_code check_half(int folder_fd, const struct signing *s, struct ch_err *err)
{
    const struct ch_str message = CH_STR("customhouse audit verify");
    struct ch_signer *signer = NULL;
    struct ch_buf signature;
    ch_buf_init(&signature, CH_SIGNATURE_BYTES);
    enum ch_code rc = ch_key_file_open(folder_fd, &s->purpose, &s->id, &signer, err);
    rc = rc == CH_OK ? ch_signer_sign(signer, message, &signature, err) : rc;
    rc = rc == CH_OK
             ? ch_public_key_verify(ch_signer_public(signer), message, ch_buf_str(&signature), err)
             : rc;
    ch_signer_free(signer);
    ch_buf_done(&signature);
    return rc;
}

/* A rotation since the store was opened took the file away. */
static bool signs_still(const char *state, const struct ch_sha256 *id)
{
    char folder[4096];
    struct ch_store *store = NULL;
    struct halves now = {.list = NULL};
    bool found = false;
    snprintf(folder, sizeof(folder), "%s/db", state);
    if (ch_store_open_read(folder, &store, NULL) != CH_OK ||
        ch_store_keys(store, take_active, &now, NULL) != CH_OK) {
        found = true;
    }
    for (size_t i = 0; i < now.count; i++) {
        found = found || ch_sha256_eq(&now.list[i].id, id);
    }
    ch_store_close(store);
    free(now.list);
    return found;
}

enum ch_code audit_private_keys_check(struct audit_verify *v, const char *state, struct ch_err *err)
{
    char folder[4096];
    int fd = -1;
    struct ch_err why;
    struct halves h = {.list = NULL};
    snprintf(folder, sizeof(folder), "%s/keys", state);
    if (access(folder, F_OK) != 0 && errno == ENOENT) {
        return CH_OK; /* of a copy without them, which can be verified all the same */
    }
    if (ch_keys_open_folder(folder, &fd, &why) != CH_OK) {
        audit_problem(v, "keys: %s", why.msg);
        return CH_OK;
    }
    enum ch_code rc = ch_store_keys(v->store, take_active, &h, err);
    for (size_t i = 0; rc == CH_OK && i < h.count; i++) {
        char hex[CH_KEY_ID_HEX + 1];
        ch_key_id_hex(&h.list[i].id, hex);
        if (check_half(fd, &h.list[i], &why) != CH_OK && signs_still(state, &h.list[i].id)) {
            audit_problem(v, "keys/%s-%s.pem: expected the private half of signing_key %s: %s",
                          h.list[i].purpose.name, hex, hex, why.msg);
        }
    }
    free(h.list);
    close(fd);
    return rc;
}
