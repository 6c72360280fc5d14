/* What clients of registries ask for that is ours alone to write: cosign's tag, referrers, and what
 * these name by digest. Nothing of that kind is relayed from an upstream (T23). */
#include "images.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "db/keeper/asks/ask_int.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/pushes/pushes.h"
#include "db/keeper/rulings/approvals_int.h"
#include "db/sbom/sbom.h"
#include "db/signing/bundle.h"
#include "db/signing/image.h"
#include "db/signing/statement.h"

#define MANIFEST_TYPE  "application/vnd.oci.image.manifest.v1+json"
#define INDEX_TYPE     "application/vnd.oci.image.index.v1+json"
#define LOG_EXPECTED_S 1

/* ------------------------------------------------------------------ what is meant */

static bool read_digest(struct ch_str asked, struct ch_sha256 *ret)
{
    const struct ch_str algorithm = CH_STR("sha256:");
    return ch_str_starts(asked, algorithm) &&
           ch_sha256_from_hex(ch_str_sub(asked, algorithm.len, asked.len), ret);
}

static const struct ch_ecosystem *ecosystem_of(const struct keeper *k, struct ch_str repository)
{
    const struct ch_repository *r = ch_config_repository(k->config, repository);
    const struct ch_ecosystem *eco = r != NULL ? ch_ecosystem_find(ch_str_of(r->ecosystem)) : NULL;
    return eco != NULL && eco->whole != NULL ? eco : NULL;
}

static struct ch_str name_of(const struct ch_ecosystem *eco, const struct ch_ask_file *ask)
{
    return ask->any_page ? ask->project : eco->page_project(ask->project);
}

struct meant {
    struct keeper *k;
    const struct ch_ecosystem *eco;
    struct ch_str repository, name;
    char *page;
    struct ch_sha256 image;
};

static void on_image(void *ctx, struct ch_str page, const struct ch_sha256 *image)
{
    struct meant *m = ctx;
    if (m->page == NULL && ch_str_eq(m->eco->page_project(page), m->name)) {
        m->page = ch_str_dup(page);
        m->image = *image;
    }
}

void images_meant(struct keeper *k, struct waiter *w)
{
    struct ch_ask_file ask;
    struct ch_sha256 digest;
    struct ch_err err;
    char text[CH_SHA256_HEX + sizeof("sha256:")] = "sha256:";
    if (ch_ask_file_get(ch_buf_str(&w->payload), &ask, &err) != CH_OK || ask.part != CH_PART_FILE ||
        !read_digest(ask.file_name, &digest)) {
        return;
    }
    struct meant m = {.eco = ecosystem_of(k, ask.repository)};
    if (m.eco == NULL) {
        return;
    }
    m.name = name_of(m.eco, &ask);
    if (ch_store_images_signed_by(k->store, &digest, ask.repository, on_image, &m, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (m.page == NULL) {
        return;
    }
    struct ch_buf of_image;
    ch_buf_init(&of_image, ch_message_row(CH_MSG_ASK_FILE)->max_bytes);
    ch_sha256_hex(&m.image, text + sizeof("sha256:") - 1);
    ask.project = ch_str_of(m.page);
    ask.file_name = ch_str_of(text);
    ask.any_page = false;
    ask.part = CH_PART_SIGNED;
    ch_ask_file_put(&of_image, &ask); /* borrows from the payload that it replaces */
    ch_buf_done(&w->payload);
    w->payload = of_image;
    w->object = digest;
    free(m.page);
}

/* ------------------------------------------------------------------ the documents */

static const struct {
    const char *form;
    const char *predicate_type;
} bundles[] = {
    {"approval", CH_IMAGE_APPROVAL_TYPE},
    {"summary", CH_VSA_TYPE},
    {"scan", CH_IMAGE_SCAN_TYPE},
    {"cyclonedx", CH_SBOM_CYCLONEDX_PREDICATE},
    {"spdx", CH_SBOM_SPDX_PREDICATE},
};

struct document {
    enum ch_part part;
    const struct ch_sha256 *digest; /* SIGNED */
    struct ch_buf body;
    const char *type; /* NULL: bytes */
    bool found;
};

static bool is_it(const struct document *doc, const struct ch_sha256 *digest)
{
    return !doc->found && ch_sha256_eq(digest, doc->digest);
}

static void put(struct document *doc, struct ch_str bytes, const char *type)
{
    ch_buf_puts(&doc->body, bytes);
    doc->type = type;
    doc->found = true;
}

static void on_signature(void *ctx, const struct ch_image_signature_row *row)
{
    struct document *doc = ctx;
    if (doc->part == CH_PART_SIGNED) {
        if (is_it(doc, &row->manifest_sha256)) {
            put(doc, row->manifest, MANIFEST_TYPE);
        } else if (is_it(doc, &row->layer_sha256)) {
            put(doc, row->layer, NULL);
        } else if (row->config.ptr != NULL && is_it(doc, &row->config_sha256)) {
            put(doc, row->config, NULL);
        }
        return;
    }
    bool signature = doc->part == CH_PART_SIGNATURE && ch_str_eq(row->form, CH_STR("cosign"));
    bool attestation =
        doc->part == CH_PART_ATTESTATION && ch_str_eq(row->form, CH_STR("attestation"));
    if (signature || attestation) {
        put(doc, row->manifest, MANIFEST_TYPE);
    }
    for (size_t i = 0; doc->part == CH_PART_REFERRERS && i < CH_ARRAY_LEN(bundles); i++) {
        if (ch_str_eq(row->form, ch_str_of(bundles[i].form))) {
            ch_image_put_referrer(&doc->body, row->manifest, ch_str_of(bundles[i].predicate_type),
                                  row->at_us);
        }
    }
}

static enum ch_code make(struct keeper *k, uint64_t attestation, struct document *doc,
                         struct ch_err *err)
{
    bool list = doc->part == CH_PART_REFERRERS;
    if (list) {
        ch_image_referrers_begin(&doc->body);
        doc->type = INDEX_TYPE;
        doc->found = true;
    }
    enum ch_code rc = ch_store_image_signatures(k->store, attestation, on_signature, doc, err);
    if (list) {
        ch_image_referrers_end(&doc->body);
    }
    rc = rc == CH_OK ? ch_buf_ok(&doc->body, err) : rc;
    return rc == CH_OK && !doc->found
               ? ch_fail(err, CH_E_NOT_FOUND, "no signature of this image has this digest")
               : rc;
}

/* ------------------------------------------------------------------ answers */

static void answer_none(struct keeper *k, const struct waiter *w, const struct ch_ask_file *ask,
                        const char *why)
{
    struct ch_buf text;
    ch_buf_init(&text, ch_limits.text_bytes);
    ch_buf_puts(&text, CH_STR("It is not signed: "));
    ch_buf_put_printable(&text, ch_str_of(why));
    ask_file_reply(k, w,
                   &(struct ch_file_reply){.ask = ask->ask,
                                           .outcome = CH_FILE_NOT_FOUND,
                                           .size_bytes = CH_SIZE_UNKNOWN,
                                           .text = ch_buf_str(&text)});
    ch_buf_done(&text);
}

static void answer_body(struct keeper *k, const struct waiter *w, const struct ch_ask_file *ask,
                        struct ch_str body, const char *type)
{
    struct ch_file_reply reply = ask_file_allowed(k, ask);
    reply.sha256 = ch_sha256_of(body.ptr, body.len);
    reply.size_bytes = body.len;
    reply.body = body;
    reply.media_type = type != NULL ? ch_str_of(type) : (struct ch_str){NULL, 0};
    ask_file_reply(k, w, &reply);
}

void images_answer(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                   const struct ch_ask_file *ask)
{
    struct image_signed found;
    struct document doc = {.part = ask->part, .digest = &w->object};
    struct ch_err err;
    ch_buf_init(&doc.body, ch_limits.attached_bytes);
    enum ch_code rc = images_signed(k, p, file, &found, &err);
    if (found.waits_for_log) {
        /* the log has yet to have it: that is when it is signed */
        ch_buf_done(&doc.body);
        if (!ask_file_out_of_patience(k, p, file, w, ask, LOG_EXPECTED_S)) {
            audit_wait(k, w);
        }
        return;
    }
    rc = rc == CH_OK ? make(k, found.attestation, &doc, &err) : rc;
    if (rc == CH_OK) {
        answer_body(k, w, ask, ch_buf_str(&doc.body), doc.type);
    } else if (rc == CH_E_NOT_FOUND) {
        answer_none(k, w, ask, err.msg);
    } else {
        ask_file_failed(k, w, ask->ask, keeper_store_status(rc, 500), 0, err.msg);
    }
    ch_buf_done(&doc.body);
    ask_free_waiter(w);
}

/* Ours, while the image is signed; *ret_later: the log is yet to have that. */
static enum ch_code put_ours(struct keeper *k, struct page *p, ptrdiff_t file, struct document *doc,
                             bool *ret_later, struct ch_err *err)
{
    struct image_signed found;
    *ret_later = false;
    if (p == NULL || file < 0) {
        return CH_OK;
    }
    enum ch_code rc = images_signed(k, p, (size_t)file, &found, err);
    *ret_later = found.waits_for_log;
    if (rc == CH_OK) {
        return ch_store_image_signatures(k->store, found.attestation, on_signature, doc, err);
    }
    return rc == CH_E_NOT_FOUND || found.waits_for_log ? CH_OK : rc;
}

void images_answer_referrers(struct keeper *k, struct page *p, ptrdiff_t file, struct waiter *w,
                             const struct ch_ask_file *ask)
{
    const struct ch_ecosystem *eco = ecosystem_of(k, ask->repository);
    struct referrers of = {.repository = ask->repository,
                           .project = eco != NULL ? name_of(eco, ask) : ask->project,
                           .subject_text = ask->file_name,
                           .filter = ask->filter};
    struct document doc = {.part = CH_PART_REFERRERS};
    bool later = false, more = false;
    struct ch_err err;
    bool ours = ask->filter.len == 0 || ch_str_eq(ask->filter, CH_STR(CH_BUNDLE_MEDIA_TYPE));
    ch_buf_init(&doc.body, ch_limits.attached_bytes);
    ch_image_referrers_begin(&doc.body);
    size_t none = doc.body.len;
    enum ch_code rc = read_digest(ask->file_name, &of.subject)
                          ? CH_OK
                          : ch_fail(&err, CH_E_NOT_FOUND, "it is no digest");
    rc = rc == CH_OK && ours ? put_ours(k, p, file, &doc, &later, &err) : rc;
    rc = rc == CH_OK ? referrers_put(k, &of, &doc.body, &more, &err) : rc;
    bool any = doc.body.len > none;
    ch_image_referrers_end(&doc.body);
    rc = rc == CH_OK ? ch_buf_ok(&doc.body, &err) : rc;
    if (rc == CH_OK && (later || more)) {
        ch_buf_done(&doc.body);
        if (w->deadline_ms > ch_loop_now_ms(k->child.loop)) {
            audit_wait(k, w); /* and then all is looked at again */
            return;
        }
        ask_file_waits(k, w, ask->ask, LOG_EXPECTED_S, "");
    } else if (rc == CH_OK && any) {
        answer_body(k, w, ask, ch_buf_str(&doc.body), INDEX_TYPE);
    } else if (rc == CH_OK || rc == CH_E_NOT_FOUND) {
        answer_none(k, w, ask, "nothing refers to it");
    } else {
        ask_file_failed(k, w, ask->ask, keeper_store_status(rc, 500), 0, err.msg);
    }
    ch_buf_done(&doc.body);
    ask_free_waiter(w);
}

/* Of what was taken away the approvals end a little later. */
static void on_any(void *ctx, const struct ch_attestation_row *row)
{
    struct meant *m = ctx;
    if (ch_str_eq(m->eco->page_project(row->project), m->name) &&
        hosted_is_there(m->k, m->repository, row->project, &row->sha256)) {
        m->image = row->sha256;
    }
}

bool images_answer_empty(struct keeper *k, struct waiter *w, const struct ch_ask_file *ask)
{
    const struct ch_str empty = CH_STR("{}");
    struct ch_sha256 of_empty = ch_sha256_of(empty.ptr, empty.len), digest;
    struct meant m = {.k = k,
                      .eco = ecosystem_of(k, ask->repository),
                      .repository = ask->repository,
                      .name = ask->project};
    struct ch_buf to;
    struct ch_err err;
    if (m.eco == NULL || !ask->any_page || ask->part != CH_PART_FILE ||
        !read_digest(ask->file_name, &digest) || !ch_sha256_eq(&digest, &of_empty)) {
        return false;
    }
    ch_buf_init(&to, ask->project.len + 1);
    ch_buf_puts(&to, ask->project);
    ch_buf_putc(&to, '\x7f');
    bool any = ch_store_approvals_between(k->store, ask->repository, ask->project, ch_buf_str(&to),
                                          on_any, &m, &err) == CH_OK &&
               !ch_sha256_is_zero(&m.image);
    ch_buf_done(&to);
    if (any) {
        answer_body(k, w, ask, empty, NULL);
        ask_free_waiter(w);
    }
    return any;
}
