/* A pushed manifest: read in the jail as a fetched one is; what it names, and what an index lists,
 * must have come under its name before (T24), but for a subject, which may come later or never.
 * Then it is a fact with an entry of the log, durable before it is told, and its page is looked at,
 * as if an upstream had it now. */
#include "pushes_int.h"

#include "aliases.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/asks/ask_int.h"
#include "db/keeper/audit/audit_pushed.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/intake/quota.h"

#define PAGE_NAME sizeof(((struct ch_target *)NULL)->project)

struct reading {
    struct reading *next;
    struct push p; /* its ask is of `payload` */
    struct ch_buf payload;
    struct ch_str tag; /* absent: by digest */
    struct ch_sha256 sha256;
    struct ch_alias alias; /* by which its client names it; NONE: it does not */
    char page[PAGE_NAME];  /* of the digest */
};

static void end(struct reading *r)
{
    struct pushes *all = r->p.k->pushes;
    for (struct reading **at = &all->list; *at != NULL; at = &(*at)->next) {
        if (*at == r) {
            *at = r->next;
            all->reading--;
            break;
        }
    }
    ch_buf_done(&r->payload);
    free(r);
}

void manifests_done(struct pushes *all)
{
    while (all->list != NULL) {
        end(all->list);
    }
}

/* ------------------------------------------------------------------ what it names */

typedef enum ch_code named_fn(struct reading *r, const struct ch_index_file *f, struct ch_err *err);

/* What is named but the manifest itself. */
static enum ch_code each_named(struct reading *r, struct ch_str stream, named_fn *each,
                               struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        if (rec.type == CH_REC_INDEX_FILE && !ch_sha256_eq(&rec.u.file.sha256, &r->sha256)) {
            rc = each(r, &rec.u.file, err);
        }
        if (rc != CH_OK) {
            return rc;
        }
    }
    return rc == CH_E_NOT_FOUND ? CH_OK : rc; /* after its proper end */
}

/* "{}" stands where an artifact has no configuration, and has nothing to tell: it is there,
 * uploaded or not, as what is signed of images has it, too (images_answer_empty). CH_E_NOT_FOUND:
 * it is not that. */
static enum ch_code keep_empty(struct reading *r, const struct ch_index_file *f, uint64_t *ret_size,
                               struct ch_err *err)
{
    struct keeper *k = r->p.k;
    const struct ch_str empty = CH_STR("{}");
    struct ch_sha256 sha256 = ch_sha256_of(empty.ptr, empty.len);
    if (!ch_sha256_eq(&sha256, &f->sha256)) {
        return CH_E_NOT_FOUND;
    }
    enum ch_code rc = ch_blobs_put(k->blobs, empty, &sha256, err);
    rc = rc == CH_OK ? keeper_write(k, err) : rc;
    *ret_size = empty.len;
    return rc == CH_OK ? pushes_keep(k, &r->p, &sha256, empty.len, err) : rc;
}

/* CH_E_DENIED: it was not uploaded here. CH_E_FORMAT: it was, and is of another size. */
static enum ch_code check_named(struct reading *r, const struct ch_index_file *f,
                                struct ch_err *err)
{
    char hex[CH_SHA256_HEX + 1];
    uint64_t size = 0;
    ch_sha256_hex(&f->sha256, hex);
    enum ch_code rc = pushes_find(r->p.k, &r->p, &f->sha256, &size, err);
    rc = rc == CH_E_NOT_FOUND ? keep_empty(r, f, &size, err) : rc;
    if (rc == CH_E_NOT_FOUND) {
        return ch_fail(err, CH_E_DENIED, "sha256:%s was not pushed under this name before", hex);
    }
    if (rc == CH_OK && size != f->size_bytes) {
        rc = ch_fail(err, CH_E_FORMAT, "it says that sha256:%s has %llu bytes, which has %llu", hex,
                     (unsigned long long)f->size_bytes, (unsigned long long)size);
    }
    return rc;
}

/* "sha256:HEX", the size in bytes, the media type: what an index says of one that it lists. */
struct child {
    struct ch_str digest, media_type;
    struct ch_sha256 sha256;
    uint64_t size_bytes;
};

static bool read_child(const struct reading *r, struct ch_str text, struct child *ret)
{
    struct ch_str size, tag;
    return ch_str_split(&text, ' ', &ret->digest) && ch_str_split(&text, ' ', &size) &&
           ch_str_u64(size, &ret->size_bytes) &&
           r->p.eco->push->reference_is(ret->digest, &tag, &ret->sha256) && tag.len == 0 &&
           (ret->media_type = text).len > 0;
}

/* CH_E_DENIED, CH_E_FORMAT as of check_named: of what an index lists. Until all of it is there the
 * index promises what nobody can have, and only who pushes it can tell why. Spec: OCI
 * distribution 1.1, "Pushing Manifests", which leaves that to the registry; of a subject it does
 * not. */
static enum ch_code check_child(const struct reading *r, struct ch_str text, struct ch_err *err)
{
    const struct push *p = &r->p;
    struct child c;
    struct ch_pushed_row row;
    struct ch_buf strings;
    if (ch_str_starts(text, CH_STR("sha512:"))) {
        return ch_fail(err, CH_E_DENIED, "it lists %.*s...: " ALIASES_UNKNOWN,
                       CH_STR_ARG(ch_str_sub(text, 0, 20)));
    }
    if (!read_child(r, text, &c)) {
        return ch_fail(err, CH_E_FORMAT, "what it lists is named otherwise than by a digest");
    }
    ch_buf_init(&strings, 4096);
    enum ch_code rc = ch_store_pushed(p->k->store, p->ask.repository, p->ask.project,
                                      (struct ch_str){NULL, 0}, &c.sha256, &row, &strings, err);
    if (rc == CH_E_NOT_FOUND) {
        rc =
            ch_fail(err, CH_E_DENIED,
                    "it lists %.*s, and no manifest of this digest is pushed under this name: push "
                    "what an index lists before it, or all of it at once (skopeo copy --all)",
                    CH_STR_ARG(c.digest));
    } else if (rc == CH_OK && row.size_bytes != c.size_bytes) {
        rc = ch_fail(err, CH_E_FORMAT, "it says that %.*s has %llu bytes, which has %llu",
                     CH_STR_ARG(c.digest), (unsigned long long)c.size_bytes,
                     (unsigned long long)row.size_bytes);
    } else if (rc == CH_OK && !ch_str_eq(row.media_type, c.media_type)) {
        rc = ch_fail(err, CH_E_FORMAT, "it says that %.*s is of another media type than it is",
                     CH_STR_ARG(c.digest));
    }
    ch_buf_done(&strings);
    return rc;
}

static enum ch_code check_children(const struct reading *r, struct ch_str stream,
                                   struct ch_err *err)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, err)) == CH_OK) {
        if (rec.type == CH_REC_FACT &&
            ch_str_eq(rec.u.fact.name, ch_str_of(r->p.eco->listed_fact))) {
            struct ch_buf known; /* of one that is named by alias */
            ch_buf_init(&known, rec.u.fact.value.len + CH_SHA256_HEX);
            rc = check_child(r, aliases_fact(r->p.k, rec.u.fact.value, &known), err);
            ch_buf_done(&known);
        }
        if (rc != CH_OK) {
            return rc;
        }
    }
    return rc == CH_E_NOT_FOUND ? CH_OK : rc; /* after its proper end */
}

/* Of what it refers to; absent: nothing. */
static struct ch_str subject_of(struct ch_str stream)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    struct ch_err err;
    ch_scan_reader_init(&reader, stream);
    while (ch_scan_read(&reader, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_FACT && ch_str_eq(rec.u.fact.name, CH_STR("subject"))) {
            return rec.u.fact.value;
        }
    }
    return (struct ch_str){NULL, 0};
}

static enum ch_code add_named(struct reading *r, const struct ch_index_file *f, struct ch_err *err)
{
    return ch_store_pushed_names(r->p.k->store, r->p.ask.repository, r->p.ask.project, &r->sha256,
                                 &f->sha256, err);
}

/* ------------------------------------------------------------------ the push */

/* By which it is found when somebody asks what refers to that (referrers.c), there or not. */
static enum ch_code add_subject(struct reading *r, struct ch_str stream, struct ch_err *err)
{
    struct ch_str subject = subject_of(stream), tag;
    struct ch_sha256 sha256;
    struct ch_buf known;
    ch_buf_init(&known, CH_SHA256_HEX + 16);
    subject = aliases_fact(r->p.k, subject, &known); /* by one that nobody has it cannot be found */
    bool named =
        subject.len > 0 && r->p.eco->push->reference_is(subject, &tag, &sha256) && tag.len == 0;
    ch_buf_done(&known);
    if (!named) {
        return CH_OK;
    }
    return ch_store_pushed_refers(r->p.k->store, r->p.ask.repository, r->p.ask.project, &r->sha256,
                                  &sha256, err);
}

/* Whether it is there already, as the same: pushed once more it is no fact of its own, and leaves
 * no row and no entry of the log, which nobody could ever take away. */
static bool is_known(const struct reading *r)
{
    const struct push *p = &r->p;
    struct ch_pushed_row row;
    struct ch_buf strings;
    struct ch_err err;
    ch_buf_init(&strings, 4096);
    bool known = ch_store_pushed(p->k->store, p->ask.repository, p->ask.project, r->tag, &r->sha256,
                                 &row, &strings, &err) == CH_OK &&
                 ch_sha256_eq(&row.sha256, &r->sha256) &&
                 ch_str_eq(row.media_type, p->ask.media_type);
    ch_buf_done(&strings);
    return known;
}

/* All of it or nothing; who pushes has it durable before it is told. */
static enum ch_code store(struct reading *r, struct ch_str stream, bool known, struct ch_err *err)
{
    struct keeper *k = r->p.k;
    struct ch_pushed_row row = {.kind = CH_PUSHED,
                                .repository = r->p.ask.repository,
                                .project = r->p.ask.project,
                                .tag = r->tag,
                                .sha256 = r->sha256,
                                .media_type = r->p.ask.media_type,
                                .size_bytes = r->p.ask.body.len,
                                .by = ch_str_of(r->p.who.text),
                                .at_us = keeper_now_us(k)};
    struct ch_index_file itself = {.sha256 = r->sha256};
    struct ch_sha256 sha256;
    enum ch_code rc = ch_blobs_put(k->blobs, r->p.ask.body, &sha256, err);
    if (rc != CH_OK) {
        return rc;
    }
    CH_ASSERT(ch_sha256_eq(&sha256, &r->sha256));
    enum ch_code begun = audit_act(k, err);
    rc = begun;
    rc = rc == CH_OK ? pushes_keep(k, &r->p, &r->sha256, r->p.ask.body.len, err) : rc;
    rc = rc == CH_OK && r->alias.kind != CH_HASH_NONE ? aliases_add(k, &r->alias, &r->sha256, err)
                                                      : rc;
    rc = rc == CH_OK ? add_named(r, &itself, err) : rc;
    rc = rc == CH_OK ? each_named(r, stream, add_named, err) : rc;
    rc = rc == CH_OK ? add_subject(r, stream, err) : rc;
    if (rc == CH_OK && !known) {
        rc = ch_store_add_pushed(k->store, &row, err);
        rc = rc == CH_OK ? audit_pushed(k, &row, NULL, err) : rc;
        rc = rc == CH_OK ? notices_pushed(k, r->p.repository, &row, err) : rc;
    }
    return audit_act_end(k, begun, rc, err);
}

/* Its bytes take room as an upload's do. False: that was answered. */
static bool has_room(const struct reading *r)
{
    const struct push *p = &r->p;
    struct ch_err err;
    uint64_t size;
    if (pushes_find(p->k, p, &r->sha256, &size, &err) == CH_OK) { /* it has it already */
        return true;
    }
    if (!uploads_share(p, NULL, p->ask.body.len)) {
        return false;
    }
    if (quota_make_room(p->k, CH_BLOB_UNDECIDED, p->ask.body.len, &err) != CH_OK) {
        push_refuse(p, 507, "UNAVAILABLE", "there is no room for what is pushed: %s", err.msg);
        return false;
    }
    return true;
}

static void take(struct reading *r, struct ch_str stream)
{
    struct push *p = &r->p;
    struct keeper *k = p->k;
    struct ch_err err;
    enum ch_code rc = each_named(r, stream, check_named, &err);
    rc = rc == CH_OK && p->eco->listed_fact != NULL ? check_children(r, stream, &err) : rc;
    if (rc == CH_E_DENIED) {
        push_refuse(p, 404, "MANIFEST_BLOB_UNKNOWN", "%s", err.msg);
        return;
    }
    if (rc == CH_E_FORMAT) {
        push_refuse(p, 400, "MANIFEST_INVALID", "%s", err.msg);
        return;
    }
    if (rc == CH_OK && !has_room(r)) {
        return;
    }
    bool known = rc == CH_OK && is_known(r);
    rc = rc == CH_OK ? store(r, stream, known, &err) : rc;
    if (rc != CH_OK) {
        pushes_leave(k, &r->sha256, p->ask.body.len); /* its bytes may be there */
        push_refuse_store(p, rc, &err);
        return;
    }
    if (!known) {
        pushes_changed(k);
    }
    struct ch_push_reply reply = {
        .http_status = 201, .sha256 = r->sha256, .subject = subject_of(stream)};
    push_reply(p, &reply, -1);
    pushes_look_at(k, p->ask.repository, r->page); /* it is inspected now, whoever asks for it */
}

/* What it names by sha512 was pushed under its name before, as all else is: by the bytes. */
static void take_resolved(struct reading *r, struct ch_str stream)
{
    struct ch_buf by_sha256;
    struct ch_err err;
    ch_buf_init(&by_sha256, ch_limits.scan_output_bytes);
    enum ch_code rc = aliases_resolve(r->p.k, stream, &by_sha256, &err);
    if (rc == CH_OK) {
        take(r, by_sha256.len > 0 ? ch_buf_str(&by_sha256) : stream);
    } else if (rc == CH_E_NOT_FOUND) {
        push_refuse(&r->p, 404, "MANIFEST_BLOB_UNKNOWN", "%s", err.msg);
    } else if (rc == CH_E_FORMAT) {
        push_refuse(&r->p, 400, "MANIFEST_INVALID", "%s", err.msg);
    } else {
        push_refuse_store(&r->p, rc, &err);
    }
    ch_buf_done(&by_sha256);
}

static void on_read(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct reading *r = ctx;
    struct push *p = &r->p;
    if (!push_allowed(p)) { /* not any more: that was answered */
        end(r);
        return;
    }
    if (answer->outcome == CH_SCAN_DONE) {
        take_resolved(r, stream);
    } else if (ch_scanned_is_interrupted(answer)) {
        push_refuse(p, 503, "UNAVAILABLE", "its reading was interrupted, try again");
    } else {
        struct ch_buf why;
        ch_buf_init(&why, ch_limits.text_bytes);
        ch_buf_puts(&why, CH_STR("its reading "));
        ch_scanned_put_why(&why, answer);
        push_refuse(p, 400, "MANIFEST_INVALID", "%.*s", CH_STR_ARG(ch_buf_str(&why)));
        ch_buf_done(&why);
    }
    end(r);
}

static void read_in_jail(struct reading *r, const char *profile)
{
    struct keeper *k = r->p.k;
    struct ch_buf upstream, url;
    struct ch_err err;
    int fd = -1;
    ch_buf_init(&upstream, 1024);
    ch_buf_init(&url, ch_limits.url_bytes);
    ch_buf_printf(&upstream, CH_HOSTED_URL "%s", r->p.repository->name);
    enum ch_code rc = r->p.eco->page_url(ch_buf_str(&upstream), ch_str_of(r->page), 0, &url);
    rc = rc == CH_OK ? jobs_memfd_of(r->p.ask.body, &fd, &err)
                     : ch_fail(&err, CH_E_LIMIT, "the name is too long for an address");
    if (rc != CH_OK) {
        push_refuse_store(&r->p, rc, &err);
        end(r);
    } else {
        struct ch_scan_job job = {.kind = CH_SCAN_INDEX,
                                  .ecosystem = ch_str_of(r->p.eco->name),
                                  .profile = ch_str_of(profile),
                                  .project = ch_str_of(r->page),
                                  .base_url = ch_buf_str(&url),
                                  .size_bytes = r->p.ask.body.len};
        jobs_scan(k, 0, &job, fd, on_read, r);
        close(fd);
    }
    ch_buf_done(&upstream);
    ch_buf_done(&url);
}

/* *ret_tag absent: by its digest, which *sha256 then has to be. */
static bool check_reference(const struct push *p, const struct ch_sha256 *sha256,
                            struct ch_str *ret_tag, struct ch_alias *ret_alias)
{
    struct ch_sha256 stated;
    struct ch_alias is;
    struct ch_err err;
    *ret_tag = (struct ch_str){NULL, 0};
    *ret_alias = (struct ch_alias){.kind = CH_HASH_NONE};
    if (aliases_read(p->ask.reference, ret_alias)) {
        enum ch_code rc = aliases_of(p->ask.body, &is, &err);
        if (rc != CH_OK) {
            push_refuse_store(p, rc, &err);
        } else if (!ch_alias_eq(&is, ret_alias)) {
            push_refuse(p, 400, "DIGEST_INVALID", "this is not what was pushed");
        }
        return rc == CH_OK && ch_alias_eq(&is, ret_alias);
    }
    if (p->eco->push->is_other_digest(p->ask.reference)) {
        push_refuse(p, 400, "DIGEST_INVALID", PUSH_OTHER_DIGEST);
        return false;
    }
    if (!p->eco->push->reference_is(p->ask.reference, ret_tag, &stated)) {
        push_refuse(p, 400, "MANIFEST_INVALID", "expected a tag, or a digest sha256:HEX");
        return false;
    }
    if (ret_tag->len == 0 && !ch_sha256_eq(&stated, sha256)) {
        push_refuse(p, 400, "DIGEST_INVALID", "this is not what was pushed");
        return false;
    }
    if (ret_tag->len > 0 && p->eco->push->is_ours(*ret_tag)) {
        push_refuse(p, 403, "DENIED",
                    "tags of signatures and attestations are written by this service alone");
        return false;
    }
    return true;
}

void manifests_put(struct push *p, struct ch_str payload)
{
    struct pushes *all = p->k->pushes;
    struct ch_sha256 sha256 =
        ch_sha256_of(p->ask.body.ptr != NULL ? p->ask.body.ptr : "", p->ask.body.len);
    struct ch_str tag;
    struct ch_alias alias;
    struct ch_err err;
    char page[PAGE_NAME];
    const char *profile = p->eco->push->document_profile(p->ask.media_type);
    if (profile == NULL) {
        push_refuse(p, 400, "MANIFEST_INVALID",
                    "its Content-Type is none of a manifest or index that can be pushed");
        return;
    }
    if (!check_reference(p, &sha256, &tag, &alias)) {
        return;
    }
    if (!p->eco->push->page_of(p->ask.project, tag, &sha256, page, sizeof(page)) ||
        !p->eco->push->page_of(p->ask.project, (struct ch_str){NULL, 0}, &sha256, page,
                               sizeof(page))) {
        push_refuse(p, 400, "NAME_INVALID", "the name is too long");
        return;
    }
    if (all->reading >= ch_limits.push_manifests) {
        push_refuse(p, 429, "TOOMANYREQUESTS", "many manifests are being read, try again");
        return;
    }
    struct reading *r = ch_calloc(1, sizeof(*r));
    r->p = *p;
    ch_buf_init(&r->payload, payload.len + 1);
    ch_buf_puts(&r->payload, payload);
    CH_ASSERT(ch_ask_push_get(ch_buf_str(&r->payload), &r->p.ask, &err) == CH_OK); /* it was */
    r->p.late = true; /* its token was good until here */
    r->sha256 = sha256;
    r->alias = alias;
    CH_ASSERT(alias.kind != CH_HASH_NONE ||
              p->eco->push->reference_is(r->p.ask.reference, &r->tag, &sha256));
    for (size_t i = 0; i < sizeof(page); i++) {
        r->page[i] = page[i];
    }
    r->next = all->list;
    all->list = r;
    all->reading++;
    read_in_jail(r, profile);
}
