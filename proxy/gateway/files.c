/* Artifacts and their metadata. Every answer rests on an ALLOW that holds at this moment:
 *
 *   the epoch page shows the epoch it was given under, the keeper's lease lies ahead, and its own
 *   not_after has not come (T11). Anything else asks the keeper; no answer is a hop of waiting, and
 *   at the last hop a refusal.
 *
 * The check comes before HEAD, 304, 206 and 416, which the HTTP core makes of the allowed answer. */
#include "artifact.h"
#include "mapped.h"
#include "referrers.h"

#include <stdlib.h>
#include <unistd.h>

#include "customhouse/blobs.h"

#define SWEEP_MS 1000

struct gw_file {
    struct ch_lru_node node; /* the key is "REPO\0PROJECT\0FILE\0PART" */
    struct gw_note note;     /* for each request that is answered from here */
    unsigned refs;           /* the table, and requests in progress */
    char *key;
    struct ch_str repository;
    struct ch_str project;
    struct ch_str file_name;
    enum ch_part part;
    /* what was meant, where the address did not say it; "": as asked */
    char *page;
    char *name;
    char *media_type; /* "": bytes */
    const char *digest_header; /* NULL: none */
    bool allowed;
    struct ch_sha256 sha256;
    uint64_t epoch;
    uint64_t not_after_ms;
    struct ch_http_prepared *ready; /* with the open blob of sha256; NULL: none */
    struct ch_http_blob *blob;      /* that one */
};

struct file_wait { /* one request waits for the keeper */
    struct gw_ask ask;
    struct gw *gw;
    struct ch_http_request *request;
    struct gw_repository *repo;
    struct ch_target target;
    struct gw_patience patience;
    uint32_t hop;
    uint64_t keep_until_ms; /* its client's patience, which signing in has used, too */
    uint64_t deadline_ms;   /* of all asks */
    uint32_t asked;         /* times */
    bool head;
    struct ch_timer pause; /* before the next hop */
};

bool gw_lease_valid(const struct gw *gw, uint64_t now_boot_ms)
{
    return atomic_load(&gw->epoch->epoch) != 0 &&
           now_boot_ms < atomic_load(&gw->epoch->lease_until_boot_ms);
}

/* The clock is read now, not once per turn: a turn that took long must not stretch a lease. */
static bool holds(const struct gw *gw, const struct gw_file *f)
{
    uint64_t now_ms = ch_now_boot_ms();
    return f->allowed && f->ready != NULL && atomic_load(&gw->epoch->epoch) == f->epoch &&
           gw_lease_valid(gw, now_ms) && now_ms < f->not_after_ms;
}

/* --- the table --- */

static void put_key_part(char *key, size_t *n, struct ch_str part)
{
    CH_ASSERT(part.len < GW_KEY_MAX - *n);
    for (size_t i = 0; i < part.len; i++) {
        key[(*n)++] = part.ptr[i];
    }
    key[(*n)++] = '\0';
}

static struct ch_str make_key(char key[GW_KEY_MAX], const struct gw_repository *repo,
                              const struct ch_target *target)
{
    size_t n = 0;
    put_key_part(key, &n, ch_str_of(repo->name));
    put_key_part(key, &n, ch_str_of(target->project));
    put_key_part(key, &n, ch_str_of(target->file_name));
    const char part[] = {(char)('a' + (int)target->part), '\0'};
    put_key_part(key, &n, ch_str_of(part));
    return (struct ch_str){key, n};
}

static void close_file(struct gw_file *f)
{
    ch_http_prepared_unref(f->ready); /* who is being sent it has it open still */
    ch_http_blob_unref(f->blob);
    f->ready = NULL;
    f->blob = NULL;
}

void gw_file_unref(struct gw_file *f)
{
    if (--f->refs > 0) {
        return;
    }
    close_file(f);
    free(f->page);
    free(f->name);
    free(f->media_type);
    free(f->key);
    free(f);
}

static void drop_file(void *owner, struct ch_lru_node *node)
{
    (void)owner;
    gw_file_unref(CH_CONTAINER_OF(node, struct gw_file, node));
}

/* An eviction ends no ALLOW, but what it took away fills the disk, beyond its quota, for as long as
 * it is open here: asked for again, it is fetched again. */
static void on_sweep(struct ch_timer *t)
{
    struct gw *gw = CH_CONTAINER_OF(t, struct gw, files_timer);
    bool any_open = false;
    for (struct ch_lru_node *n = gw->files.newest; n != NULL; n = n->older) {
        struct gw_file *f = CH_CONTAINER_OF(n, struct gw_file, node);
        if (f->blob != NULL && ch_http_blob_is_nameless(f->blob)) {
            close_file(f);
        }
        any_open = any_open || f->blob != NULL;
    }
    if (any_open) {
        ch_loop_set_timer(gw->loop, t, ch_loop_now_ms(gw->loop) + SWEEP_MS);
    }
}

void gw_files_init(struct gw *gw)
{
    ch_lru_init(&gw->files, ch_limits.gateway_files, drop_file, gw);
    gw->files_timer.fn = on_sweep;
}

void gw_files_done(struct gw *gw)
{
    ch_loop_cancel_timer(gw->loop, &gw->files_timer);
    ch_lru_done(&gw->files);
}

static struct gw_file *find_file(struct gw *gw, const struct gw_repository *repo,
                                 const struct ch_target *target)
{
    char text[GW_KEY_MAX];
    struct ch_lru_node *node = ch_lru_find(&gw->files, make_key(text, repo, target));
    return node == NULL ? NULL : CH_CONTAINER_OF(node, struct gw_file, node);
}

static struct gw_file *add_file(struct gw *gw, struct gw_repository *repo,
                                const struct ch_target *target)
{
    char text[GW_KEY_MAX];
    struct ch_str key = make_key(text, repo, target);
    struct gw_file *f = ch_calloc(1, sizeof(*f));
    f->refs = 1;
    f->key = ch_str_dup(key);
    f->repository = ch_str_of(repo->name);
    f->project = ch_str_of(f->key + f->repository.len + 1);
    f->file_name = ch_str_of(f->project.ptr + f->project.len + 1);
    f->part = target->part;
    f->digest_header = repo->eco->digest_header;
    f->note = (struct gw_note){GW_KIND_FILE, repo->row, f};
    ch_lru_add(&gw->files, &f->node, (struct ch_str){f->key, key.len}, 1);
    return f;
}

static void forget_file(struct gw *gw, const struct gw_repository *repo,
                        const struct ch_target *target)
{
    struct gw_file *f = find_file(gw, repo, target);
    if (f != NULL) {
        f->allowed = false;
        ch_lru_remove(&gw->files, &f->node);
        gw_file_unref(f);
    }
}

/* --- answers --- */

static enum ch_code open_blob(struct gw *gw, struct gw_file *f, struct ch_err *err)
{
    int fd;
    uint64_t size;
    enum ch_code rc = ch_served_open(gw->served_fd, &f->sha256, &fd, &size, err);
    if (rc == CH_OK) {
        rc = ch_http_blob_new(fd, &f->blob, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    struct gw_artifact a;
    gw_artifact_describe(f->digest_header, &f->sha256, ch_str_of(f->media_type), f->file_name, &a);
    f->ready = ch_http_prepared_new(&(struct ch_http_response){
        .status = 200,
        .content_type = a.type,
        .etag = ch_str_of(a.etag),
        .ranges = true,
        .headers = a.headers,
        .header_count = a.header_count,
        .blob = f->blob,
    });
    if (gw->files_timer.heap_index_plus_1 == 0) {
        ch_loop_set_timer(gw->loop, &gw->files_timer, ch_loop_now_ms(gw->loop) + SWEEP_MS);
    }
    return CH_OK;
}

static void serve(struct ch_http_request *r, struct gw_file *f)
{
    f->refs++;
    ch_http_set_note(r, &f->note);
    ch_http_respond_prepared(r, f->ready);
}

/* HEAD while inspection runs: what the index says, so that uv asks for the file and waits there (of what is had whole
 * or not at all HEAD waits itself: crane takes a 200 for the decision, and tells its digest). Where
 * the index does not state the size, HEAD waits as GET does. It answers no condition: a 304 or 412 would be a word on the file before the decision (T11). */
static void answer_head_early(const struct file_wait *w, struct ch_http_request *r,
                              const struct ch_file_reply *m)
{
    struct gw_artifact a;
    gw_artifact_describe(w->repo->eco->digest_header, &m->sha256, m->media_type,
                         ch_str_of(w->target.file_name), &a);
    ch_http_respond(r, &(struct ch_http_response){
                           .status = 200,
                           .content_type = a.type,
                           .etag = ch_str_of(a.etag),
                           .ranges = true,
                           .unconditional = true,
                           .headers = a.headers,
                           .header_count = a.header_count,
                           /* Only its length is sent. */
                           .body = {"", (size_t)m->size_bytes},
                       });
}

/* What is told of a file of which the keeper did not say more. Of a tag the address says no file: its page is what people
 * know it by. */
static struct ch_str subject_of(const struct file_wait *w)
{
    bool by_page = w->repo->eco->is_meant != NULL && w->target.kind == CH_TARGET_FILE;
    return ch_str_of(by_page ? w->target.project : w->target.file_name);
}

static void refuse_inspecting(struct file_wait *w, struct ch_http_request *r,
                              const struct ch_file_reply *m)
{
    struct ch_buf b;
    struct ch_str what = m->text.len > 0 ? m->text : CH_STR("it is being inspected");
    ch_buf_init(&b, GW_REASON_MAX);
    ch_buf_printf(&b, "%.*s, try again in about %u s", CH_STR_ARG(ch_str_sub(what, 0, 100)),
                  m->retry_after_s > 0 ? m->retry_after_s : w->patience.hold_ms / 1000);
    gw_respond_refusal(w->gw, r, &(struct ch_refusal){
                                     .subject = subject_of(w),
                                     .rule = CH_STR("inspection"),
                                     .reason = ch_buf_str(&b),
                                     .since_us = CH_TIME_UNKNOWN,
                                     .until_us = CH_TIME_UNKNOWN,
                                 });
    ch_buf_done(&b);
}

static void refuse_unavailable(struct file_wait *w, struct ch_http_request *r)
{
    gw_respond_refusal(
        w->gw, r,
        &(struct ch_refusal){
            .subject = subject_of(w),
            .rule = CH_STR("the gateway"),
            .reason = CH_STR("the decision on it is not available now, try again in a few seconds"),
            .since_us = CH_TIME_UNKNOWN,
            .until_us = CH_TIME_UNKNOWN,
        });
}

/* False: this was the last hop. */
static bool send_to_next_hop(const struct file_wait *w, struct ch_http_request *r)
{
    struct ch_buf location;
    ch_buf_init(&location, ch_limits.http_line_bytes + 32);
    bool there_is = gw_wait_next(&w->patience, w->hop, ch_http_view(r)->path, &location);
    if (there_is) {
        gw_respond_redirect(r, 307, ch_buf_str(&location));
    }
    ch_buf_done(&location);
    return there_is;
}

/* There is no word on the file now, which is none against it: who can wait comes again. Ends w. */
static void answer_unavailable(struct file_wait *w)
{
    if (!send_to_next_hop(w, w->request)) {
        refuse_unavailable(w, w->request);
    }
    free(w);
}

static void on_pause_over(struct ch_timer *t)
{
    answer_unavailable(CH_CONTAINER_OF(t, struct file_wait, pause));
}

/* Each ALLOW ended on its way here. Until the lease is renewed the next one would, too, and hops
 * are few: one is worth the time until then, as far as the client has it. */
static void pause_then_next_hop(struct file_wait *w)
{
    if (w->hop >= w->patience.hops) {
        answer_unavailable(w);
        return;
    }
    uint64_t renewed_ms = ch_loop_now_ms(w->gw->loop) + CH_LEASE_RENEW_MS;
    w->pause.fn = on_pause_over;
    ch_loop_set_timer(w->gw->loop, &w->pause,
                      renewed_ms < w->deadline_ms ? renewed_ms : w->deadline_ms);
}

static void answer_wait(struct file_wait *w, struct ch_http_request *r, const struct ch_file_reply *m)
{
    bool stated = w->head && m->size_bytes != CH_SIZE_UNKNOWN && !w->repo->eco->whole_versions;
    if (stated && m->size_bytes <= ch_limits.artifact_bytes) {
        answer_head_early(w, r, m);
        return;
    }
    if (stated || !send_to_next_hop(w, r)) {
        refuse_inspecting(w, r, m);
    }
}

/* --- asking --- */

static void ask_for(struct file_wait *w);

/* The ALLOW ended on its way here: another question, then the client has to come again. */
static void ask_again(struct file_wait *w)
{
    if (w->asked < ch_limits.gateway_file_asks &&
        ch_loop_now_ms(w->gw->loop) < w->deadline_ms) {
        ask_for(w);
    } else {
        pause_then_next_hop(w);
    }
}

static void answer_allow(struct file_wait *w, struct ch_http_request *r, const struct ch_file_reply *m)
{
    struct gw *gw = w->gw;
    struct gw_file *f = find_file(gw, w->repo, &w->target);
    if (f != NULL && (!ch_sha256_eq(&f->sha256, &m->sha256) ||
                      !ch_str_eq(ch_str_of(f->media_type), m->media_type))) {
        forget_file(gw, w->repo, &w->target); /* other bytes under the same name, or of another type */
        f = NULL;
    }
    if (f == NULL) {
        f = add_file(gw, w->repo, &w->target);
        f->sha256 = m->sha256;
        f->media_type = ch_str_dup(m->media_type);
    }
    /* Of this answer: the same address is meant of another page after it (a layer that images share). */
    free(f->page);
    free(f->name);
    f->page = ch_str_dup(m->page);
    f->name = ch_str_dup(m->file_name);
    f->allowed = true;
    f->epoch = m->epoch;
    f->not_after_ms = m->not_after_boot_ms;
    struct ch_err err = {0};
    if (f->ready == NULL && open_blob(gw, f, &err) != CH_OK) {
        f->allowed = false; /* withdrawn meanwhile, or the disk fails */
        gw_complain("blob", f->file_name, &err);
    }
    if (holds(gw, f)) {
        serve(r, f);
        free(w);
        return;
    }
    ask_again(w);
}

static bool target_is_attestation(const struct ch_target *target)
{
    return target->part >= CH_PART_VSA;
}

/* Not kept: each request asks anew. But an ALLOW that ended on its way here is none (T11). */
static void answer_attestation(struct file_wait *w, struct ch_http_request *r,
                               const struct ch_file_reply *m)
{
    struct gw *gw = w->gw;
    uint64_t now_ms = ch_now_boot_ms();
    if (atomic_load(&gw->epoch->epoch) == m->epoch && gw_lease_valid(gw, now_ms) &&
        now_ms < m->not_after_boot_ms) {
        if (w->repo->eco->whole_versions) {
            gw_respond_signed(r, w->repo->eco->digest_header, m);
        } else {
            gw_respond_document(r, gw_document_type(w->target.part), m->body);
        }
        free(w);
    } else {
        ask_again(w);
    }
}

static void answer_failed(struct file_wait *w, struct ch_http_request *r, const struct ch_file_reply *m)
{
    if (m->http_status == 403) { /* it is in vain to try again */
        gw_respond_refusal(w->gw, r, &(struct ch_refusal){
                                         .subject = subject_of(w),
                                         .rule = CH_STR("fetching"),
                                         .reason = m->text,
                                         .since_us = CH_TIME_UNKNOWN,
                                         .until_us = CH_TIME_UNKNOWN,
                                     });
        return;
    }
    bool told = m->http_status == 503 || m->http_status == 504 || m->http_status == 507 ||
                m->http_status == 508;
    int status =
        told ? (int)m->http_status : 502; /* after which pip tries again, and says not why */
    struct ch_str text = m->text.len > 0 ? m->text : CH_STR("The upstream did not give this file");
    if (m->retry_after_s > 0) {
        gw_respond_later(r, status, text, m->retry_after_s);
    } else {
        gw_respond_text(r, status, text);
    }
}

static void answer(struct file_wait *w, const struct ch_file_reply *m)
{
    struct ch_http_request *r = w->request;
    if (m->outcome == CH_FILE_ALLOW && (target_is_attestation(&w->target) || m->body.len > 0)) {
        answer_attestation(w, r, m);
        return;
    }
    if (m->outcome == CH_FILE_ALLOW) {
        answer_allow(w, r, m);
        return;
    }
    forget_file(w->gw, w->repo, &w->target);
    switch (m->outcome) {
    case CH_FILE_WAIT:
        answer_wait(w, r, m);
        break;
    case CH_FILE_NOT_FOUND:
        if (!gw_referrers_none(r, &w->target)) {
            gw_respond_text(r, 404, m->text.len > 0 ? m->text
                                                    : CH_STR("The index lists no file of this name"));
        }
        break;
    case CH_FILE_FAILED:
        answer_failed(w, r, m);
        break;
    case CH_FILE_REFUSED:
    case CH_FILE_ALLOW:
        gw_respond_refusal(w->gw, r, &m->refusal);
        break;
    }
    free(w);
}

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct file_wait *w = CH_CONTAINER_OF(ask, struct file_wait, ask);
    struct gw_mapped mapped = {NULL, 0};
    struct ch_file_reply m;
    struct ch_err err = {0};
    enum ch_code rc = ch_file_reply_get(frame->payload, &m, &err);
    if (rc == CH_OK && m.body_apart && !gw_map(frame, 0, ch_limits.attached_bytes, &mapped)) {
        rc = ch_fail(&err, CH_E_FORMAT, "a body of its own was expected");
    }
    if (rc != CH_OK) {
        gw_complain("keeper", CH_STR("file"), &err);
        forget_file(gw, w->repo, &w->target);
        refuse_unavailable(w, w->request);
        free(w);
        return;
    }
    m.body = m.body_apart ? gw_mapped_bytes(&mapped) : m.body;
    answer(w, &m);
    gw_unmap(&mapped);
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    (void)gw;
    answer_unavailable(CH_CONTAINER_OF(ask, struct file_wait, ask));
}

static void on_gone(void *arg)
{
    struct file_wait *w = arg;
    gw_ask_end(w->gw, &w->ask);
    ch_loop_cancel_timer(w->gw->loop, &w->pause);
    free(w);
}

static void ask_for(struct file_wait *w)
{
    struct gw *gw = w->gw;
    w->asked++;
    gw_ask_prepare(gw, &w->ask, CH_MSG_ASK_FILE);
    w->ask.reply_type = CH_MSG_FILE;
    w->ask.on_reply = on_reply;
    w->ask.on_lost = on_lost;
    uint64_t now_ms = ch_loop_now_ms(gw->loop);
    uint64_t left_ms = now_ms < w->keep_until_ms ? w->keep_until_ms - now_ms : 0;
    struct ch_buf filter;
    ch_buf_init(&filter, ch_limits.client_text_bytes);
    gw_referrers_filter(w->request, &w->target, &filter);
    ch_ask_file_put(&w->ask.payload, &(struct ch_ask_file){
                                         .ask = w->ask.id,
                                         .repository = ch_str_of(w->repo->name),
                                         .project = ch_str_of(w->target.project),
                                         .file_name = ch_str_of(w->target.file_name),
                                         .any_page = w->target.kind == CH_TARGET_ANY_PAGE,
                                         .part = w->target.part,
                                         .head = w->head && !w->repo->eco->whole_versions,
                                         .patience_ms = (uint32_t)left_ms,
                                         .filter = ch_buf_str(&filter),
                                         .client = gw_client_of(gw, w->request),
                                     });
    ch_buf_done(&filter);
    gw_ask_send_until(gw, &w->ask, w->deadline_ms);
}

/* Ours to write; what is no number is none. */
static enum ch_code read_hop(const struct ch_http_request *r, uint32_t *ret, struct ch_err *err)
{
    struct ch_buf value;
    bool given = false;
    ch_buf_init(&value, ch_limits.text_bytes);
    enum ch_code rc = ch_http_query(r, CH_STR("wait"), &value, &given, err);
    *ret = rc == CH_OK && given ? gw_wait_hop(ch_buf_str(&value)) : 0;
    ch_buf_done(&value);
    return rc;
}

void gw_files_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                      const struct ch_target *target)
{
    struct ch_err err;
    uint32_t hop;
    if (read_hop(r, &hop, &err) != CH_OK) {
        gw_respond_text(r, 400, ch_str_of(err.msg));
        return;
    }
    struct gw_file *f = find_file(gw, repo, target);
    if (f != NULL && holds(gw, f)) {
        serve(r, f);
        return;
    }
    ch_http_set_note(r, &repo->file_note);
    const struct ch_http_view *v = ch_http_view(r);
    struct file_wait *w = ch_calloc(1, sizeof(*w));
    w->gw = gw;
    w->request = r;
    w->repo = repo;
    w->target = *target;
    w->patience = repo->eco->hold_ms > 0 ? (struct gw_patience){repo->eco->hold_ms, 0}
                                         : gw_patience_of(v->user_agent);
    w->keep_until_ms = ch_http_asked_ms(r) + w->patience.hold_ms;
    w->deadline_ms = w->keep_until_ms + ch_limits.gateway_file_wait_ms;
    w->hop = hop;
    w->head = v->method == CH_HTTP_HEAD;
    ch_http_later(r, on_gone, w);
    ask_for(w);
}

/* Who read the metadata alone, as resolvers do of what they pass over, has not got the file. */
void gw_file_tell_served(struct gw *gw, const struct gw_file *file, const struct ch_http_access *a)
{
    if (file->part != CH_PART_FILE) {
        return;
    }
    const struct gw_caller *caller = a->caller;
    gw_served_add(gw,
                  &(struct ch_served){
                      .repository = file->repository,
                      .project = file->page[0] != '\0' ? ch_str_of(file->page) : file->project,
                      .file_name = file->name[0] != '\0' ? ch_str_of(file->name) : file->file_name,
                      .sha256 = file->sha256,
                      .bytes = a->body_bytes,
                      .at_us = ch_now_unix_us(),
                      .client =
                          {
                              .address = a->peer,
                              .user_agent = gw_agent_of(a->user_agent),
                              .principal = ch_str_of(caller != NULL ? caller->principal
                                                                    : gw->anonymous->principal),
                          },
                  });
}
