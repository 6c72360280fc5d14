/* The end of an intake: one inspection of two jails' answers, the decision, and what its group of
 * writes becomes. */
#include "intake_int.h"

#include "db/keeper/rulings/approvals.h"
#include "faults.h"
#include "quota.h"
#include "rescan.h"
#include "shared.h"
#include "db/keeper/pages/sidecar.h"

#include <stdio.h>

#define OTHER_RULES_MAX 5

struct arrivals {
    const struct intake *in;
    ptrdiff_t file;
    bool others;
};

static void on_arrival(void *ctx, const struct ch_release_file *f)
{
    struct arrivals *a = ctx;
    if (!a->others && ch_str_eq(f->file_name, ch_str_of(a->in->file_name)) &&
        !ch_sha256_eq(&f->sha256, &a->in->sha256)) {
        a->others = a->file < 0 ||
                    !inspection_never_matched(a->in->k, a->in->p, (size_t)a->file, &f->sha256);
    }
}

/* Whether other bytes ever arrived under this name. Where the index states no sha256, the first
 * ones are what later ones are held to (T14); not knowing counts as yes. Those that never were what
 * the index stated, by another hash, were no file of this name, but a broken transfer. */
static bool arrived_otherwise(const struct intake *in)
{
    struct arrivals a = {.in = in, .file = page_find_file(in->p, ch_str_of(in->file_name))};
    struct ch_err err;
    return ch_store_releases_of_project(in->k->store, ch_str_of(in->p->upstream->name),
                                        page_name(in->p), on_arrival, &a, &err) != CH_OK ||
           a.others;
}

/* What the index said against what arrived, and the sidecar that resolvers were shown (T1). */
static void add_own_findings(struct intake *in, const struct page_fact_file *f, struct ch_agreed *a)
{
    char hex[CH_SHA256_HEX + 1], text[160];
    struct ch_buf alias;
    if (f != NULL && !ch_sha256_is_zero(&f->index.sha256) &&
        !ch_sha256_eq(&f->index.sha256, &in->sha256)) {
        ch_sha256_hex(&in->sha256, hex);
        ch_agreed_add(a, CH_F_HASH_MISMATCH, ch_str_of(hex));
    } else if (f != NULL && f->index.alias.kind != CH_HASH_NONE &&
               !ch_alias_eq(&f->index.alias, &in->alias)) {
        ch_buf_init(&alias, 2 * CH_ALIAS_MAX_BYTES + 16);
        ch_buf_printf(&alias, "%s ", ch_hash_kind_name(in->alias.kind));
        ch_alias_put_hex(&alias, &in->alias);
        ch_agreed_add(a, CH_F_HASH_MISMATCH, ch_buf_str(&alias));
        ch_buf_done(&alias);
    } else if (f != NULL && f->index.size_bytes != CH_SIZE_UNKNOWN &&
               f->index.size_bytes != in->size_bytes) {
        snprintf(text, sizeof(text), "%llu bytes stated, %llu received",
                 (unsigned long long)f->index.size_bytes, (unsigned long long)in->size_bytes);
        ch_agreed_add(a, CH_F_SIZE_MISMATCH, ch_str_of(text));
    }
    struct ch_sidecar_row shown;
    if (f != NULL && ch_sha256_is_zero(&f->index.sha256) && arrived_otherwise(in)) {
        ch_agreed_add(a, CH_F_BYTES_CHANGED, (struct ch_str){NULL, 0});
    }
    if (f != NULL && a->metadata.ptr != NULL && f->index.sidecar == CH_SIDECAR_HASHED &&
        !ch_sha256_eq(&f->index.sidecar_sha256, &a->row.metadata_sha256)) {
        ch_agreed_add(a, CH_F_SIDECAR_DIFFERS, CH_STR("not of the hash that the index states"));
        return;
    }
    if (f != NULL && a->metadata.ptr != NULL && sidecar_shown(in->k, in->p, f, &shown) &&
        !ch_sha256_eq(&shown.sha256, &a->row.metadata_sha256)) {
        ch_agreed_add(a, CH_F_SIDECAR_DIFFERS, (struct ch_str){NULL, 0});
    }
}

static void agree(const struct intake *in, struct ch_agreed *ret)
{
    struct ch_agree_input input = {
        .strict = &in->answer[0],
        .second = &in->answer[1],
        .strict_stream = ch_buf_str(&in->stream[0]),
        .second_stream = ch_buf_str(&in->stream[1]),
        .sha256 = in->sha256,
        .size_bytes = in->size_bytes,
    };
    ch_agree(&input, ret);
}

static enum ch_code store_inspection(struct intake *in, const struct page_fact_file *f,
                                     const char *profile, struct ch_agreed *a, struct ch_err *err)
{
    struct keeper *k = in->k;
    enum ch_code rc = CH_OK;
    if (a->metadata.ptr != NULL) {
        a->row.metadata_bytes = a->metadata.len;
        rc = sidecar_store(k, a->metadata, &a->row.metadata_sha256, err);
    }
    struct ch_buf context;
    inspection_context(in->p, ch_str_of(in->file_name), &context);
    struct ch_inspection_key key = {.sha256 = in->sha256,
                                    .profile = ch_str_of(profile),
                                    .inspector_version = CH_INSPECTOR_VERSION,
                                    .ruleset = k->ruleset,
                                    .context = ch_buf_str(&context)};
    if (rc == CH_OK) {
        add_own_findings(in, f, a);
        a->row.at_us = keeper_now_us(k);
        rc = keeper_write(k, err);
    }
    if (rc == CH_OK) {
        rc = ch_store_add_inspection(k->store, &key, &a->row, err);
    }
    ch_buf_done(&context);
    return rc;
}

/* What others were compared with was not known before: they are looked at again. */
static void compare_others(struct keeper *k, struct page *p, size_t file)
{
    if (p->eco->compare_parts == NULL || shared_has(p->eco, p->files[file].release.profile)) {
        return; /* with a layer nothing is compared but itself */
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        inspection_forget(p, i);
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        inspection_of(k, p, i);
    }
}

/* What was found out about the bytes reaches every page of this upstream and project: each
 * repository judges under its own policy, and an attack holds the siblings in all of them (T10). */
static enum ch_code tell_page(struct intake *in, struct page *p, struct ch_err *err)
{
    struct keeper *k = in->k;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    if (at < 0) {
        return CH_OK;
    }
    size_t attacks = p->attacks;
    int8_t recorded = p->files[at].recorded_verdict;
    struct ch_decision d;
    struct ch_sha256 before = p->files[at].artifact;
    bool other = !ch_sha256_eq(&before, &in->sha256);
    inspection_forget(p, (size_t)at);
    p->files[at].confirmed_known = false;
    if (other && !ch_sha256_is_zero(&before) &&
        (p->files[at].served || p->files[at].recorded_verdict == CH_VERDICT_ALLOW)) {
        serve_take_bytes(k, &before); /* T4: the file has other bytes now */
        p->files[at].served = false;
    }
    if (other) {
        p->files[at].allowed_at_us = CH_TIME_UNKNOWN; /* other bytes */
        p->files[at].artifact_bytes = 0;
    }
    p->files[at].artifact = in->sha256;
    if (other) {
        page_index_arrived(p, (size_t)at, &in->sha256);
    }
    if (other || p->index.past_attack[p->index.version[at]] > 0) {
        inspection_of(k, p, (size_t)at);
        inspection_look_past(k, p); /* what came before is past now, or is no longer */
    }
    compare_others(k, p, (size_t)at);
    listing_touch_file(p, (size_t)at);
    page_wrote(p);
    judge(k, p, (size_t)at, &d);
    if (d.verdict != CH_VERDICT_ALLOW && p->files[at].recorded_verdict != (int8_t)d.verdict) {
        keeper_raise_epoch(k); /* listings that gateways remember show it as it was before */
    }
    serve_withdraw(k, p, (size_t)at, &d); /* its metadata, shown while it was eligible */
    enum ch_code rc = judge_record(k, p, (size_t)at, &d, err);
    if (rc == CH_OK && d.verdict != CH_VERDICT_ALLOW &&
        !d.eligible) { /* eligible: a part is still to come */
        approvals_say_failed(k, p, (size_t)at, &d);
    }
    keeper_log("decided", "repository=%s file=%s verdict=%s rule=\"%s\" reason=\"%s\"",
               p->repository, in->file_name, ch_verdict_name(d.verdict), d.rule, d.reason);
    /* of a whole: its others are what they are now by this one; as long as some are missing, they
     * are all held for that */
    bool others = p->eco->whole_versions && p->files[at].recorded_verdict != recorded &&
                  (recorded == CH_VERDICT_ALLOW || !d.eligible);
    if (p->attacks != attacks || others) {
        again_page(k, p);
    }
    return rc;
}

static enum ch_code tell_pages(struct intake *in, struct ch_err *err)
{
    size_t cursor = 0;
    void *value;
    enum ch_code rc = CH_OK;
    while (rc == CH_OK && ch_map_next(in->k->pages, &cursor, NULL, &value)) {
        struct page *p = value;
        if (p->load == PAGE_READY && p->upstream == in->p->upstream &&
            ch_str_eq(page_name(p), page_name(in->p))) {
            rc = tell_page(in, p, err);
        }
    }
    ptrdiff_t at = page_find_file(in->p, ch_str_of(in->file_name));
    if (rc == CH_OK && at >= 0) {
        shared_attack_reaches(in->k, in->p, (size_t)at);
    }
    return rc;
}

/* T6: whether the answer is one for the rules in force. Those of the strict jail match none. An
 * answer that did not come in whole is none in any case. */
static bool rules_in_force(const struct intake *in)
{
    const struct ch_scanned *second = &in->answer[1];
    return second->outcome != CH_SCAN_DONE || ch_sha256_eq(&second->ruleset, &in->k->ruleset);
}

/* Ended by no fault of the bytes: no inspection at all. It is tried again, by itself and so often;
 * what has another one that counts is tried by whoever had it inspected again (rescan.c). Else,
 * false: it is held. Hostile bytes gain nothing by it: what they do to a jail is their fault
 * (agree.c). */
static bool try_again(struct intake *in, const struct ch_agreed *a)
{
    struct page *p = in->p;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    const struct ch_inspection_result *counts =
        at >= 0 && ch_sha256_eq(&p->files[at].artifact, &in->sha256)
            ? inspection_of(in->k, p, (size_t)at)
            : NULL;
    bool known = counts != NULL && !inspection_was_interrupted(counts);
    if (!a->interrupted || (!known && in->begun >= INTAKE_BEGUN_MAX)) {
        return false;
    }
    in->again = !known;
    intake_fail(in, 503, a->row.error);
    return true;
}

/* The rules or the page are others than when it began. */
static void inspect_anew(struct intake *in)
{
    struct keeper *k = in->k;
    intake_uncount(in);
    intake_stop_running(in);
    intake_move(in, CH_INTAKE_FETCHED);
    intakes_run(k);
}

void intake_conclude(struct intake *in)
{
    if (!rules_in_force(in)) {
        if (++in->other_rules < OTHER_RULES_MAX) {
            inspect_anew(in); /* the jail's next answer will be of them */
        } else {
            intake_uncount(in);
            intake_fail(in, 500, CH_STR("the jail matches other rules than it says"));
        }
        return;
    }
    enum ch_hash_kind stated;
    if (intake_lacks_alias(in, &stated)) {
        inspect_anew(in); /* stated meanwhile: nothing has verified it */
        return;
    }
    struct ch_agreed a;
    agree(in, &a);
    if (try_again(in, &a)) {
        ch_agreed_done(&a);
        return;
    }
    intake_conclude_with(in, &a);
}

/* What was known of fetching it is so no longer, or it is that these are not its bytes: not where
 * the index states hashes of different files, which no fetch would mend. */
static void note_fault(struct intake *in, size_t file, const struct ch_agreed *a)
{
    const struct ch_sha256 *stated = &in->p->facts.files[file].index.sha256;
    bool other = false;
    for (size_t i = 0; i < a->row.finding_count; i++) {
        other = other || a->row.findings[i].code == CH_F_HASH_MISMATCH;
    }
    if (other && !ch_sha256_eq(stated, &in->sha256)) {
        faults_found(in->k, in->p, ch_str_of(in->file_name), CH_FAULT_HASH, NULL, CH_STR(""));
    } else {
        faults_ended(in->k, in->p, file);
    }
}

void intake_conclude_with(struct intake *in, struct ch_agreed *a)
{
    struct keeper *k = in->k;
    struct page *p = in->p;
    struct ch_err err;
    ptrdiff_t at = page_find_file(p, ch_str_of(in->file_name));
    struct ch_release release;
    page_split(p, ch_str_of(in->file_name), &release);
    intake_move(in, CH_INTAKE_SCANNED);
    enum ch_code rc =
        store_inspection(in, at >= 0 ? &p->facts.files[at] : NULL, release.profile, a, &err);
    if (rc == CH_OK && at >= 0) {
        note_fault(in, (size_t)at, a);
    }
    ch_agreed_done(a);
    rc = rc == CH_OK ? tell_pages(in, &err) : rc;
    if (rc == CH_OK) {
        rc = intake_ensure_row(in, &err);
    }
    if (rc == CH_OK) {
        rc = ch_store_end_intake(k->store, in->id, &err);
    }
    if (rc != CH_OK) {
        intake_fail(in, keeper_store_status(rc, 500), ch_str_of(err.msg));
        return;
    }
    in->state = CH_INTAKE_DECIDED;
    intake_after_commit(in);
}

void intake_after_commit(struct intake *in)
{
    struct keeper *k = in->k;
    in->next_committed = k->after_commit;
    k->after_commit = in;
    ch_loop_set_timer(k->child.loop, &k->commit_timer, ch_loop_now_ms(k->child.loop));
}

/* What is had whole and refused by this part is refused now, whatever is missing of it: who waits
 * for that goes on with who waits for this. */
static void gather_waiters(struct intake *in)
{
    struct page *p = in->p;
    ptrdiff_t at = p->eco->whole_versions && p->load == PAGE_READY
                       ? page_find_file(p, ch_str_of(in->file_name))
                       : -1;
    struct ch_decision d = {.eligible = true};
    if (at >= 0) {
        judge(in->k, p, (size_t)at, &d);
    }
    bool refused = d.verdict != CH_VERDICT_ALLOW && !d.eligible;
    for (size_t i = 0; refused && i < p->facts.file_count; i++) {
        struct intake *other = p->index.version[i] == p->index.version[at]
                                   ? intake_find(in->k, p, p->facts.files[i].index.file_name)
                                   : NULL;
        struct waiter *w = other != NULL ? waiters_take(&other->waiters).list : NULL;
        while (w != NULL) {
            struct waiter *next = w->next;
            waiters_add(&in->waiters, w);
            w = next;
        }
    }
}

static void decided(struct intake *in)
{
    struct keeper *k = in->k;
    shared_ended(in);
    gather_waiters(in);
    intake_detach(in); /* first: who asks now must not join what has ended */
    intake_stop_running(in);
    waiters_wake(
        &in->waiters); /* asks judge again: ALLOW is linked and served, all else is refused */
    sidecar_overtaken(k, in->p, ch_str_of(in->file_name));
    rescan_ended(k, in->p, ch_str_of(in->file_name), (struct ch_str){NULL, 0});
    intake_free(in);
    quota_changed(k);
}

void intake_committed(struct keeper *k)
{
    struct intake *in = k->after_commit;
    k->after_commit = NULL;
    while (in != NULL) {
        struct intake *next = in->next_committed;
        if (in->state == CH_INTAKE_SCANNING) {
            intake_scan_counted(in);
        } else {
            decided(in);
        }
        in = next;
    }
    intakes_run(k);
}

static void each_uncommitted(struct keeper *k, bool lost)
{
    size_t cursor = 0;
    void *value;
    while (k->uncommitted_intakes > 0 && ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        if (!in->durable) {
            in->durable = !lost;
            in->id = lost ? 0 : in->id;
        }
    }
    k->uncommitted_intakes = 0;
}

void intakes_durable(struct keeper *k)
{
    each_uncommitted(k, false);
}

void intakes_roll_back(struct keeper *k)
{
    each_uncommitted(k, true);
}

void intake_commit_failed(struct keeper *k)
{
    const char *trouble = keeper_store_trouble(k);
    uint32_t status = keeper_store_status(k->write_failed, 500);
    char text[200];
    struct intake *in = k->after_commit;
    k->after_commit = NULL;
    while (in != NULL) {
        struct intake *next = in->next_committed;
        bool begins = in->state == CH_INTAKE_SCANNING;
        in->begun -= begins ? 1 : 0; /* it was not */
        snprintf(text, sizeof(text), "%s could not be stored%s%s",
                 begins ? "that its inspection begins" : "the decision",
                 trouble != NULL ? ": " : "", trouble != NULL ? trouble : "");
        intake_fail(in, status, ch_str_of(text));
        in = next;
    }
}

/* ------------------------------------------------------------------ looking on */

bool intake_holds(struct keeper *k, const struct ch_sha256 *sha256)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        const struct intake *in = value;
        if (in->state >= CH_INTAKE_FETCHED && in->state != CH_INTAKE_FAILED &&
            ch_sha256_eq(&in->sha256, sha256)) {
            return true;
        }
    }
    return false;
}

uint64_t intakes_oldest_ms(struct keeper *k)
{
    size_t cursor = 0;
    void *value;
    uint64_t now = ch_loop_now_ms(k->child.loop), oldest = 0;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        const struct intake *in = value;
        uint64_t age = in->running ? now - in->started_ms : 0;
        oldest = age > oldest ? age : oldest;
    }
    return oldest;
}

static const char *const progress[] = {
    [CH_INTAKE_WANTED] = "waiting",    [CH_INTAKE_FETCHING] = "fetching",
    [CH_INTAKE_FETCHED] = "fetched",   [CH_INTAKE_SCANNING] = "inspecting",
    [CH_INTAKE_SCANNED] = "inspected", [CH_INTAKE_DECIDED] = "decided",
    [CH_INTAKE_FAILED] = "failed",
};

bool intake_progress(struct keeper *k, const struct page *p, size_t file,
                     struct intake_progress *ret)
{
    static const char *const text[] = {
        [CH_INTAKE_WANTED] = "waits for its turn to be fetched",
        [CH_INTAKE_FETCHING] = "is being fetched",
        [CH_INTAKE_FETCHED] = "is being inspected",
        [CH_INTAKE_SCANNING] = "is being inspected",
        [CH_INTAKE_SCANNED] = "is inspected, and what is decided is being stored",
        [CH_INTAKE_DECIDED] = "is inspected, and what is decided is being stored",
    };
    const struct intake *in = intake_find(k, p, p->facts.files[file].index.file_name);
    if (in == NULL) {
        return false;
    }
    if (in->state == CH_INTAKE_FAILED) {
        *ret = (struct intake_progress){.state = progress[in->state],
                                        .text = in->error,
                                        .since_us = in->moved_at_us,
                                        .failed = true,
                                        .again_at_us =
                                            in->again ? in->not_before_us : CH_TIME_UNKNOWN};
        return true;
    }
    *ret = (struct intake_progress){
        .state = in->hangs ? "hangs" : progress[in->state],
        .text = in->hangs ? "is asked for, and the upstream does not send it" : text[in->state],
        .since_us = in->moved_at_us,
        .expected_s = in->hangs ? 0 : intake_expected_s(in)};
    return true;
}

void intakes_each(struct keeper *k, intake_fn *each, void *ctx)
{
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->intakes, &cursor, NULL, &value)) {
        struct intake *in = value;
        struct ch_intake_row row = {.id = in->id,
                                    .repository = ch_str_of(in->p->repository),
                                    .upstream = ch_str_of(in->p->upstream->name),
                                    .project = page_name(in->p),
                                    .file_name = ch_str_of(in->file_name),
                                    .state = in->state,
                                    .sha256 = in->sha256,
                                    .attempts = in->attempts,
                                    .ahead = in->ahead,
                                    .error = ch_str_of(in->error)};
        each(ctx, &row, in->hangs ? "hangs" : progress[in->state]);
    }
}
