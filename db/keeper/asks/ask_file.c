/* What gateways ask about a file, and what they are told: ALLOW comes from the decision alone, once
 * it is durable, signed and in the log. */
#include "ask_int.h"

#include "db/keeper/intake/intake.h"
#include "db/keeper/rulings/approvals.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/budget/budget.h"
#include "customhouse/limits.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/quota.h"
#include "db/keeper/pages/links.h"
#include "db/keeper/pages/page_unread.h"
#include "db/keeper/pages/pages_int.h"
#include "db/keeper/pages/sidecar.h"
#include "db/keeper/pushes/pushes.h"
#include "db/keeper/signing/images.h"
#include "db/keeper/signing/sboms.h"

#define ROOM_EXPECTED_S 5
#define ALLOW_FRESH_MS  600000 /* and the lease, and the epoch */
#define POINTER_FRESH_MS                                                                           \
    30000 /* what a tag stands for may change with any answer of its upstream */
#define LOG_EXPECTED_S     1
#define UNREAD_TEXT_MAX    2048
#define SIDECAR_EXPECTED_S 2
#define ELIGIBLE_FRESH_MS  5000 /* a sidecar before the verdict: no recorded ALLOW ends it */

static void refuse(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                   const struct ch_ask_file *ask, const struct ch_decision *d)
{
    struct ch_err err;
    serve_withdraw(k, p, file, d); /* its time may have ended it */
    if (judge_record(k, p, file, d, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    ask_file_refused(k, p, file, w, ask, d);
}

static struct ch_file_reply allowed(struct keeper *k, const struct ch_ask_file *ask,
                                    uint64_t fresh_ms, int64_t until_us)
{
    uint64_t now_ms = ch_loop_now_ms(k->child.loop);
    struct ch_file_reply reply = {
        .ask = ask->ask,
        .outcome = CH_FILE_ALLOW,
        .epoch = keeper_epoch(k),
        .not_after_boot_ms = now_ms + fresh_ms,
    };
    if (until_us != CH_TIME_UNKNOWN) {
        int64_t left_ms = (until_us - keeper_now_us(k)) / 1000;
        uint64_t end = now_ms + (uint64_t)(left_ms < 0 ? 0 : left_ms);
        reply.not_after_boot_ms = end < reply.not_after_boot_ms ? end : reply.not_after_boot_ms;
    }
    return reply;
}

/* What a pointer leads to may be another file as soon as its own page is looked up again. */
static uint64_t allow_fresh_ms(struct keeper *k, const struct page *p,
                               const struct ch_ask_file *ask)
{
    if (ask->any_page || ch_str_eq(page_name(p), ask->project)) {
        return ALLOW_FRESH_MS;
    }
    const struct page *asked = page_in_memory(k, ask->repository, ask->project);
    if (asked == NULL) {
        return 1000; /* forgotten a moment ago: it is asked for again soon */
    }
    int64_t ms = (asked->checked_at_us - keeper_now_us(k)) / 1000 +
                 (int64_t)k->config->index_refresh_s * 1000;
    return ms < 1000 ? 1000 : ms < POINTER_FRESH_MS ? (uint64_t)ms : POINTER_FRESH_MS;
}

/* What was meant, where its address did not say it. */
static void put_meant(const struct page *p, size_t file, const struct ch_ask_file *ask,
                      struct ch_file_reply *reply)
{
    struct ch_str name = p->facts.files[file].index.file_name;
    bool by_alias = ask->part == CH_PART_FILE && ask->filter.len > 0; /* aliases_meant */
    if (by_alias || !ch_str_eq(page_name(p), ask->project)) {
        reply->page = page_name(p);
    }
    if (!ch_str_eq(name, ask->file_name)) {
        reply->file_name = name;
    }
    if (ask->part == CH_PART_FILE && p->eco->media_type != NULL) {
        reply->media_type = ch_str_of(p->eco->media_type(name));
    }
}

static void reply_allow(struct keeper *k, const struct page *p, size_t file, const struct waiter *w,
                        const struct ch_ask_file *ask, const struct ch_sha256 *sha256,
                        uint64_t size, uint64_t fresh_ms, int64_t until_us)
{
    struct ch_file_reply reply = allowed(k, ask, fresh_ms, until_us);
    reply.sha256 = *sha256;
    reply.size_bytes = size;
    put_meant(p, file, ask, &reply);
    ask_file_reply(k, w, &reply);
}

static void reply_wait(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                       const struct ch_ask_file *ask, uint32_t expected_s, const char *what)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    if (w->for_listed) {
        ask_file_waits(k, w, ask->ask, expected_s, what);
        return;
    }
    struct ch_file_reply reply = {
        .ask = ask->ask,
        .outcome = CH_FILE_WAIT,
        .sha256 = f->sha256,
        .size_bytes = ask->part == CH_PART_FILE ? f->size_bytes : CH_SIZE_UNKNOWN,
        .retry_after_s = expected_s,
        .text = ch_str_of(what),
    };
    put_meant(p, file, ask, &reply);
    ask_file_reply(k, w, &reply);
}

/* Whether a client that waits is told so now; then it is answered, and w is gone. */
static bool out_of_patience(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                            const struct ch_ask_file *ask, uint32_t expected_s, const char *what)
{
    bool stated =
        ask->part == CH_PART_FILE && p->facts.files[file].index.size_bytes != CH_SIZE_UNKNOWN;
    /* a HEAD has its answer where the index states the size; of what is had whole it is a word on
     * all of it */
    bool waits = !ask->head || !stated || p->eco->whole_versions;
    if (waits && w->deadline_ms > ch_loop_now_ms(k->child.loop)) {
        return false;
    }
    reply_wait(k, p, file, w, ask, expected_s, what);
    ask_free_waiter(w);
    return true;
}

struct ch_file_reply ask_file_allowed(struct keeper *k, const struct ch_ask_file *ask)
{
    return allowed(k, ask, ALLOW_FRESH_MS, CH_TIME_UNKNOWN);
}

bool ask_file_out_of_patience(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                              const struct ch_ask_file *ask, uint32_t expected_s)
{
    return out_of_patience(k, p, file, w, ask, expected_s, "");
}

/* The client has asked for too much at once: it waits for its turn (w is taken over), with `part`.
 */
static void wait_for_budget(struct keeper *k, struct page *p, size_t file, size_t part,
                            struct waiter *w, const struct ch_ask_file *ask, enum budget_kind kind)
{
    struct ch_str upstream = ch_str_of(p->upstream->name);
    struct ch_str name = p->facts.files[part].index.file_name;
    uint64_t about = kind == BUDGET_FILE ? intake_about(p, name) : sidecar_about(p, name);
    uint32_t expected_s = budget_expected_s(k, kind, upstream, &ask->client);
    w->turn_ms = w->deadline_ms;
    if (!out_of_patience(k, p, file, w, ask, expected_s, ASK_QUEUES) &&
        !budget_wait(k, kind, upstream, &ask->client, about, w)) {
        ask_file_queue_full(k, w, ask->ask, expected_s);
        ask_free_waiter(w);
    }
}

/* Where a version is had whole: all that is missing of it is fetched side by side, as far as the
 * client has budget. The first of it is waited for; then all is looked at again. */
static size_t want_parts(struct keeper *k, struct page *p, size_t file,
                         const struct ch_ask_file *ask)
{
    if (!p->eco->whole_versions) {
        return file;
    }
    size_t first = judge_missing_part(k, p, file, 0);
    size_t part = first;
    while (part < p->facts.file_count &&
           (part = judge_missing_part(k, p, file, part + 1)) < p->facts.file_count) {
        struct charge charge = {0};
        if (!intake_is_new(k, p, part)) {
            continue;
        }
        if (!budget_take(k, BUDGET_FILE, ch_str_of(p->upstream->name), &ask->client, &charge)) {
            break;
        }
        CH_IGNORE(intake_want(k, p, part, false, &charge) == NULL);
        budget_give(k, &charge);
    }
    return first < p->facts.file_count ? first : file;
}

void ask_file_wait_for_intake(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                              const struct ch_ask_file *ask)
{
    struct charge charge = {0};
    size_t part = want_parts(k, p, file, ask);
    if (intake_is_new(k, p, part) &&
        !budget_take(k, BUDGET_FILE, ch_str_of(p->upstream->name), &ask->client, &charge)) {
        wait_for_budget(k, p, file, part, w, ask, BUDGET_FILE);
        return;
    }
    struct intake *in = intake_want(k, p, part, false, &charge);
    budget_give(k, &charge); /* where it was not taken over */
    in = in == NULL ? NULL : intake_pay(in, &ask->client);
    if (in == NULL) { /* failed lately: say why */
        char text[512];
        uint32_t retry_after_s;
        uint32_t status = intake_failure(k, p, part, text, sizeof(text), &retry_after_s);
        struct ch_decision d;
        if (status == 403 && faults_decision(k, p, part, &d)) { /* of bytes that were here once */
            ask_file_refused(k, p, part, w, ask, &d);
        } else {
            ask_file_failed(k, w, ask->ask, status, retry_after_s, text);
        }
        ask_free_waiter(w);
        return;
    }
    if (intake_hangs(in)) {
        ask_file_failed(k, w, ask->ask, 504, 0, INTAKE_HANGS);
        ask_free_waiter(w);
        return;
    }
    if (!out_of_patience(k, p, file, w, ask, intake_expected_s(in),
                         intake_queues(in) ? ASK_QUEUES : "")) {
        intake_wait(in, w);
    }
}

static enum ch_code sboms_or_approval(struct keeper *k, struct page *p, size_t file,
                                      enum ch_part part, struct ch_buf *body, struct ch_err *err)
{
    return sboms_are(part)            ? sboms_put(k, p, file, part, body, err)
           : sboms_are_attested(part) ? sboms_attested(k, p, file, part, body, err)
                                      : approvals_of_file(k, p, file, part, body, err);
}

/* What was signed, under the same decision as the file itself. */
static void reply_attestation(struct keeper *k, struct page *p, size_t file, const struct waiter *w,
                              const struct ch_ask_file *ask, int64_t until_us)
{
    struct ch_buf body;
    struct ch_err err;
    ch_buf_init(&body, ch_limits.attached_bytes);
    enum ch_code rc = sboms_or_approval(k, p, file, ask->part, &body, &err);
    if (rc == CH_OK) {
        struct ch_file_reply reply = allowed(k, ask, allow_fresh_ms(k, p, ask), until_us);
        reply.sha256 = p->files[file].artifact;
        reply.size_bytes = body.len;
        reply.body = ch_buf_str(&body);
        ask_file_reply(k, w, &reply);
    } else {
        ask_file_failed(k, w, ask->ask, keeper_store_status(rc, 500), 0, err.msg);
    }
    ch_buf_done(&body);
}

static void answer_allowed_file(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                                const struct ch_ask_file *ask, const struct ch_decision *d)
{
    struct page_file *f = &p->files[file];
    struct ch_err err;
    struct ch_artifact artifact;
    if (f->recorded_verdict != CH_VERDICT_ALLOW || k->uncommitted_allows > 0 ||
        !approvals_stand(k, p, file)) {
        /* A step towards ALLOW is durable before it is effective. */
        enum ch_code rc = judge_record(k, p, file, d, &err);
        rc = rc == CH_OK ? keeper_commit(k, &err) : rc;
        if (rc != CH_OK) {
            ask_file_failed(k, w, ask->ask, keeper_store_status(rc, 500), 0, err.msg);
            ask_free_waiter(w);
            return;
        }
    }
    if (!audit_has(k, f)) {
        /* still being inspected, for a client: the log has yet to have it under a checkpoint */
        quota_touch(k, &f->artifact); /* or it would go before it went out */
        if (!out_of_patience(k, p, file, w, ask, LOG_EXPECTED_S, "")) {
            audit_wait(k, w);
        }
        return;
    }
    bool stands = approvals_stand(k, p, file);
    if (stands && ask->part >= CH_PART_VSA) {
        reply_attestation(k, p, file, w, ask, d->until_us);
        ask_free_waiter(w);
        return;
    }
    if (!ch_blobs_has(k->blobs, &f->artifact)) { /* evicted: fetched again, and must match */
        ask_file_wait_for_intake(k, p, file, w, ask);
        return;
    }
    if (!stands) { /* the bytes went, and came back, between signing and here */
        ask_file_failed(k, w, ask->ask, 500, 0, "its approval is not signed yet");
        ask_free_waiter(w);
        return;
    }
    enum ch_code rc = ch_store_get_artifact(k->store, &f->artifact, &artifact, &err);
    rc = rc == CH_OK ? serve_bytes(k, p, file, &err) : rc;
    if (rc == CH_E_FULL && quota_frees_soon(k, CH_BLOB_SERVED, artifact.size_bytes)) {
        /* the quota is full of what is just being sent */
        if (!out_of_patience(k, p, file, w, ask, ROOM_EXPECTED_S, "")) {
            quota_wait(k, w);
        }
        return;
    }
    if (rc != CH_OK) {
        ask_file_failed(k, w, ask->ask, keeper_store_status(rc, 500), 0, err.msg);
    } else {
        reply_allow(k, p, file, w, ask, &f->artifact, artifact.size_bytes,
                    allow_fresh_ms(k, p, ask), d->until_us);
    }
    ask_free_waiter(w);
}

/* What was allowed is held until its bytes came again (T5), which may take long or fail. */
static void end_allow(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d)
{
    struct ch_err err;
    if (d->refetch && p->files[file].recorded_verdict == CH_VERDICT_ALLOW) {
        serve_withdraw(k, p, file, d);
        if (judge_record(k, p, file, d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
}

/* What stands in the way of looking at files of the page is told; then w is gone. */
static bool answer_no_page(struct keeper *k, struct page *p, struct waiter *w,
                           const struct ch_ask_file *ask)
{
    struct ch_file_reply none = {
        .ask = ask->ask, .outcome = CH_FILE_NOT_FOUND, .size_bytes = CH_SIZE_UNKNOWN};
    enum ch_name_owner owner = p == NULL ? CH_OWNER_UNKNOWN : page_owner(p);
    if (owner == CH_OWNER_GIVEN_AWAY && !ask->head && owner_wait(k, p, w, ask->patience_ms)) {
        return true;
    }
    if (owner == CH_OWNER_LEFT || owner == CH_OWNER_GIVEN_AWAY) {
        ask_file_failed(k, w, ask->ask, owner == CH_OWNER_LEFT ? 502 : 503, 0,
                        ch_name_owner_text(owner));
    } else if (p == NULL || p->load == PAGE_ABSENT || owner == CH_OWNER_RESERVED) {
        ask_file_reply(k, w, &none);
    } else if (p->load != PAGE_READY || !page_usable(k, p)) {
        ask_file_failed(k, w, ask->ask, p->fail_status != 0 ? p->fail_status : 502,
                        ask_fail_retry_s(k, p),
                        p->fail_text[0] != '\0' ? p->fail_text
                                                : "its upstream has not confirmed it for too long");
    } else {
        return false;
    }
    ask_free_waiter(w);
    return true;
}

/* The file that is asked for: of what the upstream lists now before what it did once. -1: none. */
static ptrdiff_t find_meant(const struct page *p, struct ch_str asked)
{
    ptrdiff_t at = page_find_file(p, asked);
    for (size_t i = 0; p->eco->is_meant != NULL && i < p->facts.file_count; i++) {
        bool listed = p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN;
        if ((at < 0 || listed) && p->eco->is_meant(asked, &p->facts.files[i].index)) {
            at = (ptrdiff_t)i;
        }
    }
    return at >= 0 && hosted_is_gone(p, (size_t)at) ? -1 : at; /* who pushed it took it away */
}

enum where { HERE, ELSEWHERE, NOWHERE };

/* On which page the file is decided, for every address alike. */
static enum where decided_on(struct keeper *k, struct page *p, size_t file,
                             const struct ch_ask_file *ask, struct page **ret)
{
    char name[sizeof(((struct ch_target *)NULL)->project)];
    *ret = p;
    if (p->eco->decided_on == NULL ||
        !p->eco->decided_on(page_name(p), p->facts.files[file].index.file_name, name,
                            sizeof(name))) {
        return HERE;
    }
    *ret = name[0] != '\0' ? page_get(k, ask->repository, ch_str_of(name)) : NULL;
    return *ret != NULL ? ELSEWHERE : NOWHERE; /* p may be forgotten for it */
}

/* Nothing is known of it that would do, and that says nothing of its upstream: it was beyond its
 * client's budget, or another client waits for it. */
static bool is_to_come(struct keeper *k, struct page *p)
{
    bool awaited = p->patience_ms != 0;
    if (p->load == PAGE_READY) {
        return !page_usable(k, p) && (awaited || page_is_cold(k, p));
    }
    return (p->load == PAGE_UNLOADED || p->load == PAGE_LOADING) &&
           (awaited || p->fail_text[0] == '\0');
}

/* The further page, as it is after it was looked up once. True: nothing can be said of it, and that
 * is answered, or it is awaited. */
static bool answer_no_other(struct keeper *k, struct page *p, struct waiter *w,
                            const struct ch_ask_file *ask)
{
    if (!ask_needs_page(k, p, w)) {
        return true;
    }
    if (p->load == PAGE_UNLOADED && p->failed_at_us == 0) {
        page_load(k, p); /* what is known of it will do */
    }
    if (is_to_come(k, p)) {
        ask_file_waits(k, w, ask->ask, 1, ASK_QUEUES);
        ask_free_waiter(w);
        return true;
    }
    return answer_no_page(k, p, w, ask);
}

static void answer_on_page(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                           const struct ch_ask_file *ask);

void ask_answer_file(struct keeper *k, struct page *p, struct waiter *w,
                     const struct ch_ask_file *ask)
{
    struct ch_file_reply none = {
        .ask = ask->ask, .outcome = CH_FILE_NOT_FOUND, .size_bytes = CH_SIZE_UNKNOWN};
    if (ask->any_page) {
        p = links_page_of(k, ask);
        if (p == NULL && images_answer_empty(k, w, ask)) {
            return;
        }
        if (p != NULL && answer_no_other(k, p, w, ask)) {
            return;
        }
    }
    if (ask->part == CH_PART_REFERRERS && hosted_is(k, ask->repository)) {
        bool here = p != NULL && p->load == PAGE_READY && page_usable(k, p);
        images_answer_referrers(k, p, here ? find_meant(p, ask->file_name) : -1, w, ask);
        return;
    }
    if (answer_no_page(k, p, w, ask)) {
        return;
    }
    ptrdiff_t at = find_meant(p, ask->file_name);
    const char *why = p->eco->never_why;
    enum where where = at < 0 ? NOWHERE : decided_on(k, p, (size_t)at, ask, &p);
    if (where == ELSEWHERE) {
        if (answer_no_other(k, p, w, ask)) {
            return;
        }
        at = find_meant(p, ask->file_name);
        where = at < 0 ? NOWHERE : HERE;
    }
    if (where == NOWHERE) {
        struct ch_buf unread;
        ch_buf_init(&unread, UNREAD_TEXT_MAX);
        none.text = at >= 0 && p == NULL && why != NULL ? ch_str_of(why) : none.text;
        if (p != NULL && at < 0 && page_unread_tell(&p->facts, ask->file_name, &unread)) {
            none.text = ch_buf_str(&unread);
        }
        ask_file_reply(k, w, &none);
        ch_buf_done(&unread);
        ask_free_waiter(w);
        return;
    }
    answer_on_page(k, p, (size_t)at, w, ask);
}

static void answer_on_page(struct keeper *k, struct page *p, size_t file, struct waiter *w,
                           const struct ch_ask_file *ask)
{
    struct ch_file_reply reply = {
        .ask = ask->ask, .outcome = CH_FILE_NOT_FOUND, .size_bytes = CH_SIZE_UNKNOWN};
    struct ch_decision d;
    if (ask->part >= CH_PART_SIGNATURE) {
        images_answer(k, p, file, w, ask);
        return;
    }
    if (!ask_judge(k, p, file, w, ask, &d)) {
        return;
    }
    bool again = d.verdict != CH_VERDICT_ALLOW && !d.eligible && faults_may_try(k, p, file);
    if (d.verdict != CH_VERDICT_ALLOW && !d.eligible && !again) {
        refuse(k, p, file, w, ask, &d);
        ask_free_waiter(w);
        return;
    }
    if (ask->part == CH_PART_METADATA && !again) { /* nothing is shown of what may not come */
        struct ch_sha256 sha256;
        uint64_t size;
        enum sidecar_state state = sidecar_get(k, p, file, &ask->client, &sha256, &size);
        if (d.verdict != CH_VERDICT_ALLOW && (state == SIDECAR_READY || state == SIDECAR_WAITING)) {
            listing_file_ahead(k, p, file, &ask->client); /* it wants that next */
        }
        switch (state) {
        case SIDECAR_READY:
            reply_allow(k, p, file, w, ask, &sha256, size,
                        d.verdict == CH_VERDICT_ALLOW ? allow_fresh_ms(k, p, ask)
                                                      : ELIGIBLE_FRESH_MS,
                        d.until_us);
            ask_free_waiter(w);
            return;
        case SIDECAR_WAITING:
            if (!out_of_patience(k, p, file, w, ask, SIDECAR_EXPECTED_S, "")) {
                sidecar_wait(k, p, file, w);
            }
            return;
        case SIDECAR_OVER_BUDGET:
            wait_for_budget(k, p, file, file, w, ask, BUDGET_METADATA);
            return;
        case SIDECAR_HANGS:
            ask_file_failed(k, w, ask->ask, 504, 0, INTAKE_HANGS);
            ask_free_waiter(w);
            return;
        case SIDECAR_FAILED:
            break;
        }
        if (d.verdict == CH_VERDICT_ALLOW && !sidecar_was_evicted(k, p, file)) {
            /* inspected, and it has no metadata to show */
            ask_file_reply(k, w, &reply);
            ask_free_waiter(w);
            return;
        }
        ask_file_wait_for_intake(k, p, file, w, ask);
        return;
    }
    if (d.verdict == CH_VERDICT_ALLOW) {
        answer_allowed_file(k, p, file, w, ask, &d);
    } else {
        end_allow(k, p, file, &d);
        ask_file_wait_for_intake(k, p, file, w, ask);
    }
}
