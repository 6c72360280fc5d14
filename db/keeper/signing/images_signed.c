/* Whether an image is signed now: the one answer for registries' clients, the gate and admission.
 */
#include "images.h"

#include <stdio.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/pages/page.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/signing/purpose.h"

/* Cut off where there is no room: a reason is for people. */
static void say(struct image_signed *ret, struct ch_str why)
{
    snprintf(ret->why, sizeof(ret->why), "%.*s",
             CH_STR_ARG(ch_str_sub(why, 0, sizeof(ret->why) - 1)));
}

static void say_decision(struct image_signed *ret, const struct ch_decision *d)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(d->rule) + sizeof(d->reason) + 2);
    ch_buf_puts(&b, ch_str_of(d->rule));
    ch_buf_puts(&b, CH_STR(": "));
    ch_buf_puts(&b, ch_str_of(d->reason));
    say(ret, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* What is approved no more is so durably, and its bytes are taken back (T4). */
static void step_away(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                      struct image_signed *ret)
{
    struct ch_err err;
    say_decision(ret, d);
    if (p->files[file].recorded_verdict != CH_VERDICT_ALLOW) {
        return;
    }
    serve_withdraw(k, p, file, d);
    if (judge_record(k, p, file, d, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

/* Of an index that has ceased to be complete the approval ends. */
static void end_list(struct keeper *k, struct page *p, size_t file)
{
    struct ch_attestation_row place = approvals_place(p, file);
    struct ch_err err;
    if (!approvals_are_there(k, p, file)) {
        return;
    }
    if (approvals_end(k, &place, &err) != CH_OK) {
        keeper_log("store", "withdrawal=unrecorded error=\"%s\"", err.msg);
    }
    p->files[file].approved = (struct ch_sha256){{0}};
    p->files[file].approval_known = false;
    k->approvals_changed++;
}

/* A step towards ALLOW is durable before it is effective. */
static enum ch_code sign_if_due(struct keeper *k, struct page *p, size_t file,
                                const struct ch_decision *d, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (p->files[file].recorded_verdict != CH_VERDICT_ALLOW || !approvals_stand(k, p, file)) {
        rc = judge_record(k, p, file, d, err);
    }
    if (rc == CH_OK && !approvals_are_there(k, p, file)) {
        rc = images_sign(k, p, file, d, err);
    }
    return rc == CH_OK && k->uncommitted_allows > 0 ? keeper_commit(k, err) : rc;
}

static void on_approval(void *ctx, const struct ch_attestation_row *row)
{
    struct image_signed *ret = ctx;
    ret->attestation = row->id;
    ret->key = row->key;
    ret->at_us = row->at_us;
}

enum ch_code images_signed(struct keeper *k, struct page *p, size_t file, struct image_signed *ret,
                           struct ch_err *err)
{
    struct ch_decision d;
    enum ch_whole role = images_role(p, file);
    *ret = (struct image_signed){.attestation = 0};
    snprintf(ret->repository, sizeof(ret->repository), "%s", p->repository);
    snprintf(ret->page, sizeof(ret->page), "%s", p->project);
    if (role == CH_WHOLE_PART) {
        say(ret, CH_STR("it is no image"));
        return ch_fail(err, CH_E_NOT_FOUND, "%s", ret->why);
    }
    judge(k, p, file, &d);
    if (d.verdict != CH_VERDICT_ALLOW) {
        step_away(k, p, file, &d, ret);
        return ch_fail(err, CH_E_NOT_FOUND, "%s", ret->why);
    }
    bool later = false;
    if (role == CH_WHOLE_LIST && !images_list_complete(k, p, file, ret->why, &later)) {
        end_list(k, p, file);
        return ch_fail(err, CH_E_NOT_FOUND, "%s", ret->why);
    }
    enum ch_code rc = later ? CH_OK : sign_if_due(k, p, file, &d, err);
    if (rc == CH_OK && (later || !audit_has(k, &p->files[file]))) {
        ret->waits_for_log = true;
        say(ret, CH_STR("the audit log has yet to have its approval"));
        rc = ch_fail(err, CH_E_BUSY, "%s", ret->why);
    }
    struct ch_attestation_row place = approvals_place(p, file);
    return rc == CH_OK ? ch_store_get_approval(k->store, &place, on_approval, ret, err) : rc;
}

/* The whole image on its page in this repository, as far as it is known; -1: it is not. */
static ptrdiff_t find(struct keeper *k, const struct ch_repository *repository, struct ch_str name,
                      const struct ch_sha256 *image, struct page **ret)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repository->ecosystem));
    char page[sizeof(((struct ch_target *)NULL)->project)], digest[CH_SHA256_HEX + 8],
        hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(image, hex);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    if (eco == NULL || eco->listed_page == NULL ||
        !eco->listed_page(name, ch_str_of(digest), page, sizeof(page))) {
        return -1;
    }
    struct page *p = page_get(k, ch_str_of(repository->name), ch_str_of(page));
    if (p == NULL || !page_load(k, p) || page_owner(p) == CH_OWNER_LEFT) {
        return -1;
    }
    *ret = p;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (images_role(p, i) != CH_WHOLE_PART && ch_sha256_eq(&p->files[i].artifact, image)) {
            return (ptrdiff_t)i;
        }
    }
    return -1;
}

enum ch_code images_signed_in(struct keeper *k, struct ch_str environment, struct ch_str name,
                              const struct ch_sha256 *image, struct image_signed *ret,
                              struct ch_err *err)
{
    *ret = (struct image_signed){.attestation = 0};
    say(ret, CH_STR("it is not known here"));
    enum ch_code rc = ch_fail(err, CH_E_NOT_FOUND, "%s", ret->why);
    for (size_t i = 0; rc == CH_E_NOT_FOUND && i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        struct page *p = NULL;
        ptrdiff_t at =
            ch_str_eq(ch_str_of(r->environment), environment) ? find(k, r, name, image, &p) : -1;
        if (at >= 0) {
            rc = images_signed(k, p, (size_t)at, ret, err);
        }
    }
    return rc;
}
