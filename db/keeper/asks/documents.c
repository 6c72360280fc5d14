#include "documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper/rulings/approvals.h"
#include "db/keeper/audit/audit_key.h"
#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "db/keeper/commands/json.h"
#include "db/keeper/audit/keyring.h"
#include "db/keeper/people/tokens.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/signing/images.h"
#include "db/keeper/signing/sboms.h"

#define LIST_AGE_US      (60 * 1000000LL) /* a list of withdrawals is signed anew after it */
#define ATTESTATIONS_MAX 100

/* One signed list, good while nothing was signed or withdrawn. */
struct list {
    struct list *next;
    char *environment;
    struct ch_buf text;
    int64_t made_at_us;
    uint64_t changed;
};

struct answer {
    struct keeper *k;
    struct ch_document_reply reply;
    struct ch_buf body;
    struct ch_buf strings; /* of the refusal */
    bool later;            /* an approval is not in the audit log yet */
};

static void fail(struct answer *a, uint32_t status, const char *text)
{
    a->reply.http_status = status;
    a->reply.text = ch_str_of(text);
}

/* ------------------------------------------------------------------ keys */

struct wanted_key {
    struct answer *a;
    struct ch_str name;
    enum ch_document form;
    bool found;
};

static void put_time(struct ch_buf *b, const char *name, int64_t at_us)
{
    struct ch_buf text;
    ch_buf_init(&text, 64);
    ch_time_put(&text, at_us, false);
    json_field(b, name, ch_buf_str(&text));
    ch_buf_done(&text);
}

static void put_path(struct ch_buf *b, const char *field, const char *name)
{
    char path[KEYRING_NAME_BYTES + 32];
    snprintf(path, sizeof(path), "/-/keys/%s.%s", name, field);
    json_field(b, field, ch_str_of(path));
}

static void list_key(void *ctx, const struct ch_key_row *row)
{
    struct answer *a = ctx;
    struct ch_buf *b = &a->body;
    char name[KEYRING_NAME_BYTES];
    keyring_name(row->purpose, &row->id, name);
    ch_buf_puts(b, b->ptr[b->len - 1] == '[' ? CH_STR("\n{") : CH_STR(",\n{"));
    json_field(b, "purpose", row->purpose);
    json_digest(b, "id", &row->id);
    json_field(b, "kind", ch_str_of(ch_key_kind_name((enum ch_key_kind)row->kind)));
    put_time(b, "notBefore", row->at_us);
    if (row->ended_at_us != CH_TIME_UNKNOWN) {
        put_time(b, "notAfter", row->ended_at_us);
    }
    put_path(b, "pem", name);
    if (ch_str_eq(row->purpose, CH_STR(CH_PURPOSE_LOG))) {
        put_path(b, "vkey", name);
        if (row->ended_at_us != CH_TIME_UNKNOWN) {
            put_path(b, "checkpoint", name);
        }
    }
    ch_buf_putc(b, '}');
}

static void answer_keys(struct answer *a)
{
    struct ch_err err;
    ch_buf_puts(&a->body, CH_STR("{\"keys\":["));
    if (ch_store_keys(a->k->store, list_key, a, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        fail(a, 500, "the keys could not be read");
    }
    ch_buf_puts(&a->body, CH_STR("]}\n"));
}

/* What only a key of the audit log has. */
static bool put_log_key(struct wanted_key *p, const struct ch_key_row *row)
{
    struct ch_note_key key;
    struct ch_err err;
    if (!ch_str_eq(row->purpose, CH_STR(CH_PURPOSE_LOG))) {
        return false;
    }
    enum ch_code rc;
    if (p->form == CH_DOCUMENT_HANDOVER) {
        rc = audit_key_handover(p->a->k, &row->id, &p->a->body, &err);
    } else if ((rc = audit_key_of(p->a->k, row, &key, &err)) == CH_OK) {
        ch_note_key_put(&p->a->body, &key);
        ch_buf_putc(&p->a->body, '\n');
    }
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("key", "error=\"%s\"", err.msg);
    }
    return rc == CH_OK;
}

static void find_key(void *ctx, const struct ch_key_row *row)
{
    struct wanted_key *p = ctx;
    char name[KEYRING_NAME_BYTES];
    keyring_name(row->purpose, &row->id, name);
    bool current = row->ended_at_us == CH_TIME_UNKNOWN && ch_str_eq(p->name, row->purpose);
    if (current || ch_str_eq(p->name, ch_str_of(name))) {
        ch_buf_clear(&p->a->body);
        if (p->form == CH_DOCUMENT_KEY) {
            ch_buf_puts(&p->a->body, row->public_pem);
            p->found = true;
        } else {
            p->found = put_log_key(p, row);
        }
    }
}

static void answer_key(struct answer *a, struct ch_str name, enum ch_document form)
{
    struct wanted_key p = {.a = a, .name = name, .form = form};
    struct ch_err err;
    if (ch_store_keys(a->k->store, find_key, &p, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        fail(a, 500, "the keys could not be read");
    } else if (!p.found) {
        fail(a, 404,
             form == CH_DOCUMENT_KEY    ? "No key has this name"
             : form == CH_DOCUMENT_VKEY ? "No key of the audit log has this name"
                                        : "No key of this name has handed the audit log over");
    }
}

/* ------------------------------------------------------------------ withdrawals */

static struct list *list_of(struct keeper *k, const char *environment)
{
    for (struct list *l = k->withdrawals; l != NULL; l = l->next) {
        if (strcmp(l->environment, environment) == 0) {
            return l;
        }
    }
    struct list *l = ch_calloc(1, sizeof(*l));
    l->environment = ch_str_dup(ch_str_of(environment));
    ch_buf_init(&l->text, (size_t)ch_limits.withdrawals_bytes);
    l->next = k->withdrawals;
    k->withdrawals = l;
    return l;
}

static void answer_withdrawals(struct answer *a, struct ch_str name)
{
    struct keeper *k = a->k;
    struct ch_err err;
    char environment[CH_PURPOSE_BYTES / 2], purpose[CH_PURPOSE_BYTES];
    bool known = ch_str_copy(name, environment, sizeof(environment));
    if (known) { /* also of one that no repository is of any more: its approvals are withdrawn */
        ch_purpose_approve_file(environment, purpose);
        known = keyring_has(k, purpose);
    }
    if (!known) {
        fail(a, 404, "No repository is, or was, of this environment");
        return;
    }
    struct list *l = list_of(k, environment);
    int64_t now = keeper_now_us(k);
    bool good = l->text.len > 0 && l->changed == k->approvals_changed && now >= l->made_at_us &&
                now - l->made_at_us < LIST_AGE_US;
    if (!good) {
        ch_buf_clear(&l->text);
        l->changed = k->approvals_changed;
        l->made_at_us = now;
        if (approvals_withdrawals(k, environment, &l->text, &err) != CH_OK) {
            keeper_log("withdrawals", "environment=%s error=\"%s\"", environment, err.msg);
            ch_buf_clear(&l->text);
            fail(a, 500, "the list could not be signed");
            return;
        }
    }
    ch_buf_puts(&a->body, ch_buf_str(&l->text));
}

void documents_free(struct keeper *k)
{
    while (k->withdrawals != NULL) {
        struct list *next = k->withdrawals->next;
        ch_buf_done(&k->withdrawals->text);
        free(k->withdrawals->environment);
        free(k->withdrawals);
        k->withdrawals = next;
    }
}

/* ------------------------------------------------------------------ attestations by digest */

static const char not_logged[] = "the audit log has yet to have the approval: try again";

/* Whether the file of an approval is ALLOW now, with exactly these bytes, and the log has it: an
 * approval is what the file itself is, and waits for what that waits for (T4). On a no the refusal
 * says why; without one, nothing is known of the file any more. */
static bool may_go_out(struct answer *a, const struct ch_attestation_row *row)
{
    struct keeper *k = a->k;
    struct page *p = page_get(k, row->repository, row->project);
    ptrdiff_t at = p != NULL && page_load(k, p) ? page_find_file(p, row->file_name) : -1;
    struct ch_decision d;
    struct ch_err err;
    if (at < 0 || page_owner(p) == CH_OWNER_LEFT || !page_usable(k, p) ||
        !ch_sha256_eq(&p->files[at].artifact, &row->sha256)) {
        return false;
    }
    judge(k, p, (size_t)at, &d);
    if (d.verdict != CH_VERDICT_ALLOW) {
        if (a->reply.refusal.id.len == 0) {
            refusal_of(k, p, (size_t)at, &d, &a->strings, &a->reply.refusal);
        }
        return false;
    }
    if (k->uncommitted_allows > 0 &&
        keeper_commit(k, &err) != CH_OK) { /* durable, then effective */
        return false;
    }
    const struct page_file *f = &p->files[at];
    struct image_signed image;
    bool whole = images_role(p, (size_t)at) != CH_WHOLE_PART;
    bool stands = (whole ? images_signed(k, p, (size_t)at, &image, &err) == CH_OK
                         : approvals_stand(k, p, (size_t)at)) &&
                  ch_str_eq(row->environment, ch_str_of(p->config->environment));
    bool logged = f->recorded_verdict == CH_VERDICT_ALLOW && audit_has(k, f);
    a->later = a->later || (stands && !logged);
    return stands && logged;
}

static void list_one(struct answer *a, const struct ch_attestation_row *row)
{
    static const char *const endings[] = {"vsa.json", "vsa.sigstore.json",
                                          "approval.sigstore.json"};
    static const char *const sboms[] = {"cdx.json", "spdx.json", "cdx.sigstore.json",
                                        "spdx.sigstore.json"};
    struct ch_buf *b = &a->body;
    ch_buf_puts(b, b->ptr[b->len - 1] == '[' ? CH_STR("\n{") : CH_STR(",\n{"));
    json_number(b, "number", row->id);
    json_field(b, "result", row->passed ? CH_STR("PASSED") : CH_STR("FAILED"));
    json_field(b, "environment", row->environment);
    json_field(b, "repository", row->repository);
    json_field(b, "file", row->file_name);
    put_time(b, "at", row->at_us);
    json_open(b, "files", '[');
    for (size_t i = 0; i < (approvals_of_bytes(row) ? 3u : 2u); i++) {
        ch_buf_printf(b, "%s\"%llu.%s\"", i > 0 ? "," : "", (unsigned long long)row->id,
                      endings[i]);
    }
    for (size_t i = 0; sboms_are_of(a->k, row) && i < CH_ARRAY_LEN(sboms); i++) {
        ch_buf_printf(b, ",\"%llu.%s\"", (unsigned long long)row->id, sboms[i]);
    }
    ch_buf_puts(b, CH_STR("]}"));
}

/* Where they belong; copied before files are judged, which asks the store too. */
struct copies {
    struct ch_attestation_row rows[ATTESTATIONS_MAX]; /* without what is signed */
    size_t count;
    struct ch_buf texts;
    enum ch_part part; /* of a single one: put into `body`, if there is one */
    struct ch_buf *body;
    bool put;
};

static struct ch_str copy_text(struct copies *c, struct ch_str s)
{
    size_t at = c->texts.len;
    ch_buf_puts(&c->texts, s);
    return (struct ch_str){c->texts.ptr + at, c->texts.len - at};
}

static void copy_row(void *ctx, const struct ch_attestation_row *row)
{
    struct copies *c = ctx;
    if (c->count < ATTESTATIONS_MAX) {
        c->rows[c->count++] = (struct ch_attestation_row){
            .id = row->id,
            .repository = copy_text(c, row->repository),
            .project = copy_text(c, row->project),
            .file_name = copy_text(c, row->file_name),
            .environment = copy_text(c, row->environment),
            .sha256 = row->sha256,
            .passed = row->passed,
            .purpose = copy_text(c, row->purpose),
            .at_us = row->at_us,
        };
    }
    c->put = c->body != NULL && approvals_put(row, c->part, c->body);
}

static struct copies *copies_new(void)
{
    struct copies *c = ch_calloc(1, sizeof(*c));
    ch_buf_init(&c->texts, ATTESTATIONS_MAX * 2048);
    CH_ASSERT(ch_buf_reserve(&c->texts, ATTESTATIONS_MAX * 2048) !=
              NULL); /* slices must not move */
    return c;
}

static void copies_free(struct copies *c)
{
    ch_buf_done(&c->texts);
    free(c);
}

/* Whether the caller may pull from where it belongs. */
static bool may_see(const struct ch_ask_document *ask, struct ch_str repository)
{
    for (uint32_t i = 0; i < ask->pull.count; i++) {
        if (ch_str_eq(ask->pull.name[i], repository)) {
            return true;
        }
    }
    return false;
}

static void answer_attestations(struct answer *a, const struct ch_ask_document *ask)
{
    const struct ch_sha256 *sha256 = &ask->sha256;
    size_t seen = 0;
    struct copies *c = copies_new();
    struct ch_err err;
    enum ch_code rc =
        ch_store_attestations_of(a->k->store, sha256, ATTESTATIONS_MAX, copy_row, c, &err);
    ch_buf_puts(&a->body, CH_STR("{"));
    json_digest(&a->body, "sha256", sha256);
    json_open(&a->body, "attestations", '[');
    for (size_t i = 0; rc == CH_OK && i < c->count; i++) {
        if (!may_see(ask, c->rows[i].repository)) {
            continue;
        }
        seen++;
        if (!c->rows[i].passed || may_go_out(a, &c->rows[i])) {
            list_one(a, &c->rows[i]);
        }
    }
    ch_buf_puts(&a->body, CH_STR("]}\n"));
    if (rc != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
        fail(a, 500, "the attestations could not be read");
    } else if (a->later) {
        fail(a, 503, not_logged);
    } else if (seen == 0) {
        fail(a, 404, "Nothing is attested of these bytes");
    }
    copies_free(c);
}

/* What its file is made of: of an approval that stands alone. */
static void answer_sbom(struct answer *a, const struct ch_attestation_row *row, enum ch_part part)
{
    struct page *p = page_get(a->k, row->repository, row->project);
    ptrdiff_t at = p != NULL && page_load(a->k, p) ? page_find_file(p, row->file_name) : -1;
    struct ch_err err;
    if (!row->passed || at < 0) {
        fail(a, 404, "The attestation has no such form");
        return;
    }
    enum ch_code rc = sboms_are(part) ? sboms_put(a->k, p, (size_t)at, part, &a->body, &err)
                                      : sboms_attested(a->k, p, (size_t)at, part, &a->body, &err);
    if (rc != CH_OK) {
        keeper_log("sbom", "file=%s error=\"%s\"", p->project, err.msg);
        fail(a, rc == CH_E_NOT_FOUND ? 404 : 500, "There is no bill of materials of it");
    }
}

static void answer_attestation(struct answer *a, const struct ch_ask_document *ask)
{
    struct copies *c = copies_new();
    struct ch_err err;
    c->part = ask->part;
    c->body = sboms_are(ask->part) || sboms_are_attested(ask->part) ? NULL : &a->body;
    enum ch_code rc =
        ch_store_get_attestation(a->k->store, ask->number, &ask->sha256, copy_row, c, &err);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("store", "error=\"%s\"", err.msg);
        fail(a, 500, "the attestation could not be read");
    } else if (rc == CH_E_NOT_FOUND || !may_see(ask, c->rows[0].repository)) {
        fail(a, 404, "These bytes have no attestation of this number");
    } else if (c->rows[0].passed && !may_go_out(a, &c->rows[0])) {
        if (a->later) {
            fail(a, 503, not_logged);
        } else {
            fail(a, a->reply.refusal.id.len > 0 ? 403 : 404, "The approval does not stand");
        }
    } else if (sboms_are(ask->part) || sboms_are_attested(ask->part)) {
        answer_sbom(a, &c->rows[0], ask->part);
    } else if (!c->put) {
        fail(a, 404, "The attestation has no such form");
    }
    copies_free(c);
}

static void answer_evidence(struct answer *a, const struct ch_sha256 *sha256)
{
    struct ch_err err;
    enum ch_code rc = ch_store_get_evidence(a->k->store, sha256, &a->body, &err);
    if (rc != CH_OK) {
        fail(a, rc == CH_E_NOT_FOUND ? 404 : 500, "No evidence of this digest is known");
    }
}

/* ------------------------------------------------------------------ entries of the log */

/* A tile of entries, under the newest checkpoint. The token is looked at again: that a gateway asks
 * proves nothing (T21). */
static void answer_entries(struct answer *a, const struct ch_ask_document *ask)
{
    struct keeper *k = a->k;
    struct ch_tile tile = {CH_TILE_ENTRIES, ask->number, ask->width};
    struct principal who;
    struct ch_err err;
    int64_t until_us;
    if (!tokens_find(k, &ask->token, AUDIENCE_PULL, &who, &until_us)) {
        fail(a, 401, "The token is not valid");
        return;
    }
    if (!tokens_may_read(k, &who, ACTION_AUDIT_READ)) {
        fail(a, 404, "There are no entries for you");
        return;
    }
    enum ch_code rc = audit_read_entries(k, &tile, &a->body, &err);
    if (rc == CH_E_NOT_FOUND) {
        fail(a, 404, "The audit log has no such tile yet");
    } else if (rc != CH_OK) {
        keeper_log("audit", "error=\"%s\"", err.msg);
        fail(a, 500, "The audit log cannot be read");
    }
}

/* ------------------------------------------------------------------ policies */

/* What statements name by URI and digest. One text decides on all repositories: who may read it for
 * one reads it. */
static void answer_policy(struct answer *a, const struct ch_ask_document *ask)
{
    struct keeper *k = a->k;
    struct ch_sha256 now = ch_policy_digest(k->policy);
    struct principal who;
    struct ch_err err;
    int64_t until_us;
    if (!tokens_find(k, &ask->token, AUDIENCE_PULL, &who, &until_us)) {
        fail(a, 401, "The token is not valid");
        return;
    }
    if (!tokens_may_read_policy(k, &who)) {
        fail(a, 403, "It needs policy.read");
        return;
    }
    if (ch_sha256_eq(&ask->sha256, &now)) { /* perhaps not written down yet */
        ch_buf_puts(&a->body, ch_buf_str(&k->policies->bundle));
        return;
    }
    enum ch_code rc = ch_store_policy_text(k->store, &ask->sha256, &a->body, &err);
    if (rc != CH_OK) {
        fail(a, rc == CH_E_NOT_FOUND ? 404 : 500, "No policy of this digest was ever in force");
    }
}

/* ------------------------------------------------------------------ all of them */

static void answer(struct answer *a, const struct ch_ask_document *ask)
{
    switch (ask->kind) {
    case CH_DOCUMENT_KEYS:
        answer_keys(a);
        break;
    case CH_DOCUMENT_KEY:
    case CH_DOCUMENT_VKEY:
    case CH_DOCUMENT_HANDOVER:
        answer_key(a, ask->name, ask->kind);
        break;
    case CH_DOCUMENT_WITHDRAWALS:
        answer_withdrawals(a, ask->name);
        break;
    case CH_DOCUMENT_ATTESTATIONS:
        answer_attestations(a, ask);
        break;
    case CH_DOCUMENT_ATTESTATION:
        answer_attestation(a, ask);
        break;
    case CH_DOCUMENT_EVIDENCE:
        answer_evidence(a, &ask->sha256);
        break;
    case CH_DOCUMENT_ENTRIES:
        answer_entries(a, ask);
        break;
    case CH_DOCUMENT_POLICY:
        answer_policy(a, ask);
        break;
    }
}

void documents_answer(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_ask_document ask;
    struct ch_err err;
    struct ch_buf b;
    int fd = -1;
    if (ch_ask_document_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct answer a = {.k = k, .reply = {.ask = ask.ask, .http_status = 200}};
    ch_buf_init(&a.body, (size_t)ch_limits.withdrawals_bytes);
    ch_buf_init(&a.strings, 8192);
    answer(&a, &ask);
    if (a.reply.http_status == 200 &&
        (ch_buf_ok(&a.body, &err) != CH_OK || jobs_memfd_of(ch_buf_str(&a.body), &fd, &err) != CH_OK)) {
        fail(&a, 500, "the answer could not be made");
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_DOCUMENT)->max_bytes);
    ch_document_reply_put(&b, &a.reply);
    if (ch_buf_ok(&b, &err) == CH_OK) {
        CH_IGNORE(!ch_channel_send(ch, CH_MSG_DOCUMENT, ch_buf_str(&b), &fd, fd >= 0 ? 1 : 0));
    }
    if (fd >= 0) {
        close(fd);
    }
    ch_buf_done(&b);
    ch_buf_done(&a.body);
    ch_buf_done(&a.strings);
}
