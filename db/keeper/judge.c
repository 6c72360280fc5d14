/* From stored facts to a decision on one file, and what follows from it: recording, serving,
 * withdrawing. The decision itself is made by ch_decide (policy/) alone. */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "customhouse/limits.h"

void judge_context(const struct page *p, struct ch_str file_name, struct ch_buf *ret)
{
    ch_buf_init(ret, 2048);
    ch_buf_printf(ret, "%s/%s/%s/", p->eco->name, p->upstream->name, p->project);
    ch_buf_puts(ret, file_name);
}

void judge_forget_inspection(struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    if (f->has_inspection) {
        ch_store_inspection_done(&f->inspection);
    }
    if (f->attack) {
        p->attacks--;
        p->index.attacks[p->index.version[file]]--;
    }
    listing_touch(p);
    releases_touch(p);
    f->has_inspection = false;
    f->inspection_loaded = false;
    f->inspection_old = false;
    f->attack = false;
}

/* Reads what is stored, of the key in force or else the newest of another one. */
static enum ch_code read_inspection(struct keeper *k, const struct page *p, size_t file,
                                    const struct ch_sha256 *sha256,
                                    struct ch_inspection_result *ret, bool *ret_old,
                                    struct ch_err *err)
{
    const struct page_file *f = &p->files[file];
    struct ch_buf context;
    judge_context(p, p->facts.files[file].index.file_name, &context);
    struct ch_inspection_key key = {
        .sha256 = *sha256,
        .profile = ch_str_of(f->release.profile),
        .inspector_version = CH_INSPECTOR_VERSION,
        .ruleset = k->ruleset,
        .context = ch_buf_str(&context),
    };
    enum ch_code rc = ch_store_get_inspection(k->store, &key, ret, err);
    if (rc == CH_E_NOT_FOUND) {
        rc = ch_store_newest_inspection(k->store, &key, ret, err);
        *ret_old = rc == CH_OK;
    }
    ch_buf_done(&context);
    return rc;
}

static bool is_attack(const struct ch_inspection_result *inspection)
{
    for (size_t i = 0; i < inspection->row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(inspection->row.findings[i].code);
        if (row == NULL || row->cls == CH_CLASS_ATTACK) {
            return true;
        }
    }
    return false;
}

/* What was found in replaced bytes is of the version: replacing them does not free their siblings. */
void judge_past(struct keeper *k, struct page *p)
{
    struct page_index *x = &p->index;
    for (size_t i = 0; i <= x->version_count; i++) {
        x->past_attack[i] = 0;
    }
    for (size_t i = 0; i < x->past_count; i++) {
        size_t file = x->past[i].file;
        struct ch_inspection_result found;
        struct ch_err err;
        bool old;
        if (p->files[file].release.profile == NULL ||
            ch_sha256_eq(&x->past[i].sha256, &p->files[file].artifact)) {
            continue;
        }
        enum ch_code rc = read_inspection(k, p, file, &x->past[i].sha256, &found, &old, &err);
        if (rc == CH_OK) {
            if (is_attack(&found)) {
                x->past_attack[x->version[file]] = file + 1;
            }
            ch_store_inspection_done(&found);
        } else if (rc != CH_E_NOT_FOUND) { /* not known to be none */
            keeper_log("store", "error=\"%s\"", err.msg);
            x->past_attack[x->version[file]] = file + 1;
        }
    }
}

static void load_inspection(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    struct ch_err err;
    if (f->inspection_loaded || ch_sha256_is_zero(&f->artifact) || f->release.profile == NULL) {
        return;
    }
    enum ch_code rc = read_inspection(k, p, file, &f->artifact, &f->inspection, &f->inspection_old, &err);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("store", "error=\"%s\"", err.msg);
        return; /* not loaded: tried again, and "not inspected" meanwhile */
    }
    f->inspection_loaded = true;
    f->has_inspection = rc == CH_OK;
    f->attack = f->has_inspection && is_attack(&f->inspection);
    if (f->attack) {
        p->attacks++;
        p->index.attacks[p->index.version[file]]++;
    }
    if (f->has_inspection) {
        listing_touch(p);
        releases_touch(p);
    }
}

const struct ch_inspection_result *judge_inspection(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    load_inspection(k, p, file);
    if (!f->has_inspection) {
        return NULL;
    }
    bool counts = !f->inspection_old || f->attack ||
                  (f->recorded_verdict == CH_VERDICT_ALLOW &&
                   keeper_now_us(k) < keys_grace_ends(k, f->inspection.row.at_us));
    return counts ? &f->inspection : NULL;
}

/* T10: a file of the same version that is denied as an attack holds all others. */
static bool sibling_denied(const struct page *p, size_t file, struct ch_str *ret_name)
{
    uint32_t version = p->index.version[file];
    if (p->index.past_attack[version] > 0) {
        *ret_name = p->facts.files[p->index.past_attack[version] - 1].index.file_name;
        return true;
    }
    if (p->index.attacks[version] <= (p->files[file].attack ? 1 : 0)) {
        return false;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (i != file && p->files[i].attack && p->index.version[i] == version) {
            *ret_name = p->facts.files[i].index.file_name;
            return true;
        }
    }
    return false;
}

/* T7: on an upstream that is not trusted for times, a page first loaded long after the upstream was
 * added is no baseline. */
static bool baseline_counts(const struct keeper *k, const struct page *p,
                            const struct page_fact_file *f)
{
    if (!f->baseline || p->upstream->trust_times) {
        return f->baseline;
    }
    int64_t cool_down_us = (int64_t)ch_policy_cool_down_days(k->policy) * 86400 * 1000000;
    return p->info.first_loaded_at_us - p->upstream->added_at_us <= cool_down_us;
}

/* Where the index states no size, the bytes that came have one. */
static uint64_t size_of(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    uint64_t stated = p->facts.files[file].index.size_bytes;
    struct ch_artifact a;
    struct ch_err err;
    if (stated != CH_SIZE_UNKNOWN || !f->has_inspection) {
        return stated;
    }
    if (f->artifact_bytes == 0 &&
        ch_store_get_artifact(k->store, &f->artifact, &a, &err) == CH_OK) {
        f->artifact_bytes = a.size_bytes;
    }
    return f->artifact_bytes > 0 ? f->artifact_bytes : CH_SIZE_UNKNOWN;
}

static void inspection_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct ch_inspection_result *inspection = judge_inspection(k, p, file);
    if (inspection == NULL) {
        return; /* nothing to compare either */
    }
    ret->inspection = inspection->row.outcome;
    ret->inspection_error = inspection->row.error;
    ret->findings = inspection->row.findings;
    ret->finding_count = inspection->row.finding_count;
    ret->inspected = inspection->row.facts;
    ret->inspected_count = inspection->row.fact_count;
    ptrdiff_t at = releases_previous(p, file);
    if (at >= 0) {
        const struct page_file *before = &p->files[at];
        ret->previous_version = ch_str_of(before->release.version);
        ret->previous = before->inspection.row.facts;
        ret->previous_count = before->inspection.row.fact_count;
        ret->previous_size_bytes = size_of(k, p, (size_t)at);
        ret->previous_uploaded_at_us = p->facts.files[at].index.uploaded_at_us;
    }
}

static struct ch_likeness likeness_of(struct page *p)
{
    if (!p->likeness_known) {
        p->likeness = ch_likeness_of(page_name(p));
        p->likeness_known = true;
    }
    return p->likeness;
}

void judge_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct page_fact_file *f = &p->facts.files[file];
    const struct page_file *run = &p->files[file];
    ch_facts_init(ret); /* nothing known */
    inspection_facts(k, p, file, ret);
    ret->ecosystem = ch_str_of(p->eco->name);
    ret->repository = ch_str_of(p->repository);
    ret->environment = ch_str_of(p->config->environment);
    ret->project = page_name(p);
    ret->version = ch_str_of(run->release.version);
    ret->file_name = f->index.file_name;
    ret->artifact = run->artifact;
    ret->file_type = ch_str_of(run->release.file_type);
    ret->has_inspector = run->release.profile != NULL;
    ret->size_bytes = size_of(k, p, file);
    ret->hash_stated = !ch_sha256_is_zero(&f->index.sha256);
    ret->upstream_trusted_for_times = p->upstream->trust_times;
    ret->upstream_never_states_times = p->upstream->states_times == CH_TIMES_NEVER;
    ret->uploaded_at_us = f->index.uploaded_at_us;
    ret->last_absent_at_us = f->last_absent_at_us;
    ret->first_seen_at_us = f->first_seen_at_us;
    ret->baseline = baseline_counts(k, p, f);
    ret->clock_jumped = k->clock_jumped;
    ret->upstream_yanked = f->index.yanked;
    ret->upstream_yanked_reason = f->index.yanked_reason;
    ret->removed_at_us = f->removed_at_us;
    ret->upstream_quarantined = p->facts.head.status == CH_STATUS_QUARANTINED;
    ret->index_confirmed_at_us = p->checked_at_us;
    ret->project_since_us = p->since_us;
    ret->likeness = likeness_of(p);
    ret->version_has_wheel = p->index.wheels[p->index.version[file]];
    ret->sibling_denied = sibling_denied(p, file, &ret->sibling);
    ret->ruling_count = rulings_for(k, p, file, &ret->rulings);
}

/* T12: what came before its name was reserved, or its owner left the list, is not served any more. */
static void withhold(const struct page *p, struct ch_decision *d)
{
    enum page_withheld why = page_withheld(p);
    if (why == PAGE_NOT_WITHHELD || d->verdict == CH_VERDICT_DENY) {
        d->eligible = d->eligible && why == PAGE_NOT_WITHHELD;
        return;
    }
    d->verdict = CH_VERDICT_HOLD;
    d->eligible = false;
    d->audited = false;
    d->until_us = CH_TIME_UNKNOWN;
    d->policy_line = 0;
    d->ruling_id = 0;
    snprintf(d->rule, sizeof(d->rule), "%s", page_withheld_rule(why));
    snprintf(d->reason, sizeof(d->reason), "%s", page_withheld_text(why));
}

void judge(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    struct ch_facts facts;
    judge_facts(k, p, file, &facts);
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
    const struct page_file *f = &p->files[file];
    if (ret->verdict == CH_VERDICT_ALLOW &&
        f->inspection_old) { /* T6: not beyond its grace (T11) */
        int64_t end = keys_grace_ends(k, f->inspection.row.at_us);
        ret->until_us =
            ret->until_us == CH_TIME_UNKNOWN || end < ret->until_us ? end : ret->until_us;
    }
    withhold(p, ret);
}

/* First, these bytes were allowed: what was approved before them is what they are compared with. */
static void note_allowed(struct page *p, size_t file, int64_t at_us)
{
    struct page_file *f = &p->files[file];
    if (f->allowed_at_us == CH_TIME_UNKNOWN) {
        f->allowed_at_us = at_us;
        listing_touch(p); /* others are compared with it from now on */
    }
}

enum ch_code judge_record(struct keeper *k, struct page *p, size_t file,
                          const struct ch_decision *d, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    if (f->recorded_verdict == (int8_t)d->verdict && f->recorded_audited == d->audited &&
        strcmp(f->recorded_rule, d->rule) == 0) {
        return CH_OK;
    }
    struct ch_decision_row row = {
        .repository = ch_str_of(p->repository),
        .upstream = ch_str_of(p->upstream->name),
        .project = page_name(p),
        .file_name = p->facts.files[file].index.file_name,
        .sha256 = f->artifact,
        .verdict = d->verdict,
        .rule = ch_str_of(d->rule),
        .reason = ch_str_of(d->reason),
        .policy = ch_policy_digest(k->policy),
        .at_us = keeper_now_us(k),
        .audited = d->audited,
    };
    enum ch_code rc = keeper_write(k, err);
    if (rc == CH_OK) {
        rc = ch_store_add_decision(k->store, &row, err);
    }
    if (rc == CH_OK) {
        f->recorded_verdict = (int8_t)d->verdict;
        f->recorded_at_us = row.at_us;
        f->recorded_audited = d->audited;
        f->recorded_policy = row.policy;
        if (d->verdict == CH_VERDICT_ALLOW) {
            note_allowed(p, file, row.at_us);
        }
        releases_touch(p);
        snprintf(f->recorded_rule, sizeof(f->recorded_rule), "%s", d->rule);
        page_wrote(p);
        k->stats.decisions[d->verdict]++;
        k->uncommitted_allows += d->verdict == CH_VERDICT_ALLOW;
    }
    return rc;
}

enum ch_code judge_serve(struct keeper *k, struct page *p, size_t file, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    enum ch_blob_place place;
    struct ch_artifact a;
    quota_touch(k, &f->artifact); /* making room must not take this one */
    if (f->served && ch_blobs_is_served(k->blobs, &f->artifact)) {
        return CH_OK;
    }
    enum ch_code rc = ch_store_get_blob(k->store, &f->artifact, &place, err);
    if (rc == CH_E_NOT_FOUND || (rc == CH_OK && place != CH_BLOB_SERVED)) {
        rc = ch_store_get_artifact(k->store, &f->artifact, &a, err);
        rc = rc == CH_OK ? quota_make_room(k, CH_BLOB_SERVED, a.size_bytes, err) : rc;
        rc = rc == CH_OK ? keeper_write(k, err) : rc;
        rc = rc == CH_OK ? ch_store_put_blob(k->store, &f->artifact, a.size_bytes, CH_BLOB_SERVED,
                                             keeper_now_us(k), err)
                         : rc;
    }
    rc = rc == CH_OK ? ch_blobs_serve(k->blobs, &f->artifact, err) : rc;
    f->served = rc == CH_OK;
    return rc;
}

/* ------------------------------------------------------------------ withdrawing (T4) */

void judge_shown(struct page *p, size_t file, const struct ch_sha256 *sha256)
{
    if (p->shown == NULL) {
        p->shown = ch_map_new();
    }
    struct ch_sha256 *kept = ch_map_get(p->shown, p->facts.files[file].index.file_name);
    if (kept == NULL) {
        kept = ch_calloc(1, sizeof(*kept));
        ch_map_set(p->shown, p->facts.files[file].index.file_name, kept);
    }
    *kept = *sha256;
}

static bool is_shown(const struct page *p, size_t file)
{
    return p->shown != NULL && ch_map_get(p->shown, p->facts.files[file].index.file_name) != NULL;
}

/* What other files share (equal bytes are one blob) is linked again when somebody asks for it. */
static void take_away(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_err err;
    if (ch_blobs_withdraw(k->blobs, sha256, &err) != CH_OK) {
        keeper_log("withdraw", "error=\"%s\"", err.msg);
    }
}

static void take_metadata(struct keeper *k, struct page *p, size_t file)
{
    struct ch_sha256 *shown = ch_map_remove(p->shown, p->facts.files[file].index.file_name);
    take_away(k, shown);
    free(shown);
}

void judge_forget_shown(struct keeper *k, struct page *p)
{
    size_t cursor = 0;
    void *value;
    while (p->shown != NULL && ch_map_next(p->shown, &cursor, NULL, &value)) {
        if (k != NULL) {
            take_away(k, value);
        }
        free(value);
    }
    ch_map_free(p->shown);
    p->shown = NULL;
}

void judge_take_bytes(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct ch_artifact a;
    enum ch_blob_place place;
    struct ch_err err;
    keeper_raise_epoch(k); /* effective first, recorded after */
    take_away(k, sha256);
    if (ch_store_get_blob(k->store, sha256, &place, &err) == CH_OK && place == CH_BLOB_EVICTED) {
        return; /* there are no bytes */
    }
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_get_artifact(k->store, sha256, &a, &err) != CH_OK ||
        ch_store_put_blob(k->store, sha256, a.size_bytes, CH_BLOB_UNDECIDED, keeper_now_us(k),
                          &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

struct fetched_by {
    uint64_t clients;
};

static void log_client(void *ctx, const struct ch_served_row *row)
{
    struct fetched_by *by = ctx;
    struct ch_buf text;
    if (by->clients++ >= ch_limits.fetched_by_log) {
        return;
    }
    ch_buf_init(&text, 1024);
    ch_buf_puts(&text, CH_STR("address="));
    ch_buf_put_escaped(&text, ch_str_sub(row->address, 0, 100));
    ch_buf_puts(&text, CH_STR(" user_agent=\""));
    ch_buf_put_escaped(&text, ch_str_sub(row->user_agent, 0, 100));
    ch_buf_puts(&text, CH_STR("\" file="));
    ch_buf_put_escaped(&text, ch_str_sub(row->file_name, 0, 200));
    keeper_log("fetched-by", "%.*s times=%llu", CH_STR_ARG(ch_buf_str(&text)),
               (unsigned long long)row->times);
    ch_buf_done(&text);
}

/* Who has bytes that may be had no longer: the log says it without being asked. */
static void log_fetched_by(struct keeper *k, const struct ch_sha256 *sha256)
{
    struct fetched_by by = {0};
    struct ch_err err;
    struct ch_str any = {NULL, 0};
    if (ch_store_served(k->store, sha256, any, any, log_client, &by, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    keeper_log("fetched-by", "clients=%llu%s", (unsigned long long)by.clients,
               by.clients > ch_limits.fetched_by_log ? " (customhouse fetched-by lists all)" : "");
}

void judge_withdraw(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d)
{
    struct page_file *f = &p->files[file];
    bool bytes = d->verdict != CH_VERDICT_ALLOW && !ch_sha256_is_zero(&f->artifact) &&
                 (f->recorded_verdict == CH_VERDICT_ALLOW || f->served);
    bool metadata = d->verdict != CH_VERDICT_ALLOW && !d->eligible && is_shown(p, file);
    if (!bytes && !metadata) {
        return;
    }
    keeper_raise_epoch(k); /* effective first, recorded after */
    if (metadata) {
        take_metadata(k, p, file);
    }
    if (bytes) {
        judge_take_bytes(k, &f->artifact);
        f->served = false;
        struct ch_buf name;
        ch_buf_init(&name, 2048);
        ch_buf_put_escaped(&name, p->facts.files[file].index.file_name);
        keeper_log("withdrawn", "project=%s file=%.*s rule=\"%s\" reason=\"%s\"", p->project,
                   CH_STR_ARG(ch_buf_str(&name)), d->rule, d->reason);
        ch_buf_done(&name);
        log_fetched_by(k, &f->artifact);
    }
}

void judge_page_again(struct keeper *k, struct page *p)
{
    if (p->load != PAGE_READY) {
        return;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        struct page_file *f = &p->files[i];
        bool told = f->recorded_verdict >= 0 && !ch_sha256_is_zero(&f->artifact);
        if (!told && !is_shown(p, i)) {
            continue; /* nobody was told anything about it */
        }
        struct ch_decision d;
        struct ch_err err;
        judge(k, p, i, &d);
        judge_withdraw(k, p, i, &d);
        if (told && judge_record(k, p, i, &d, &err) != CH_OK) {
            keeper_log("store", "error=\"%s\"", err.msg);
        }
    }
}

struct names {
    struct keeper *k;
    struct ch_buf buf; /* pairs of strings: repository, project */
};

static void collect(void *ctx, const struct ch_decision_row *row)
{
    struct names *n = ctx;
    ch_put_str(&n->buf, row->repository);
    ch_put_str(&n->buf, row->project);
}

void judge_all_again(struct keeper *k)
{
    keeper_raise_epoch(k);
    struct names n = {.k = k};
    struct ch_err err;
    ch_buf_init(&n.buf, 256u << 20);
    if (ch_store_decisions_by_verdict(k->store, CH_VERDICT_ALLOW, SIZE_MAX >> 1, collect, &n,
                                      &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    struct ch_rd r = ch_rd_of(n.buf.ptr, n.buf.len);
    struct page *last = NULL;
    while (ch_rd_left(&r) > 0) {
        struct ch_str repository = ch_get_str(&r, 256);
        struct ch_str project = ch_get_str(&r, 256);
        struct page *p = page_get(k, repository, project);
        if (p != NULL && p != last && page_load(k, p)) {
            judge_page_again(k, p);
        }
        last = p;
    }
    ch_buf_done(&n.buf);
    size_t cursor = 0;
    void *value;
    while (ch_map_next(k->pages, &cursor, NULL, &value)) { /* those that only showed metadata */
        struct page *p = value;
        if (p->shown != NULL && ch_map_count(p->shown) > 0) {
            judge_page_again(k, p);
        }
    }
}

void judge_subject(const struct page *p, size_t file, struct ch_buf *out)
{
    ch_buf_put_escaped(out, page_name(p));
    if (p->files[file].release.version[0] != '\0') {
        ch_buf_putc(out, ' ');
        ch_buf_put_escaped(out, ch_str_of(p->files[file].release.version));
    }
}

void judge_refusal_id(const struct keeper *k, const struct page *p, size_t file, char ret[17])
{
    struct ch_buf text;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    ch_buf_init(&text, 2048);
    ch_put_str(&text, ch_str_of(p->repository));
    ch_put_str(&text, page_name(p));
    ch_put_str(&text, p->facts.files[file].index.file_name);
    CH_ASSERT(HMAC(EVP_sha256(), k->refusal_secret.byte, CH_SHA256_BYTES,
                   (const unsigned char *)text.ptr, text.len, mac, &len) != NULL);
    /* 80 bits as 16 characters that need no escaping and no care about case. */
    static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
    for (size_t i = 0; i < 16; i++) {
        size_t bit = i * 5;
        unsigned v = (unsigned)(mac[bit / 8] << 8 | mac[bit / 8 + 1]);
        ret[i] = digits[v >> (11 - bit % 8) & 31];
    }
    ret[16] = '\0';
    ch_buf_done(&text);
}
