/* From stored facts to a decision on one file, and what follows from it: recording, serving,
 * withdrawing. The decision itself is made by ch_decide (policy/) alone. */
#include "keeper_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define RULINGS_PER_FILE 32

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
    f->has_inspection = false;
    f->inspection_loaded = false;
    f->attack = false;
}

const struct ch_inspection_result *judge_inspection(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    if (f->inspection_loaded) {
        return f->has_inspection ? &f->inspection : NULL;
    }
    if (ch_sha256_is_zero(&f->artifact) || f->release.profile == NULL) {
        return NULL;
    }
    struct ch_buf context;
    struct ch_err err;
    judge_context(p, p->facts.files[file].index.file_name, &context);
    struct ch_inspection_key key = {
        .sha256 = f->artifact,
        .profile = ch_str_of(f->release.profile),
        .inspector_version = CH_INSPECTOR_VERSION,
        .context = ch_buf_str(&context),
    };
    enum ch_code rc = ch_store_get_inspection(k->store, &key, &f->inspection, &err);
    ch_buf_done(&context);
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("store", "error=\"%s\"", err.msg);
        return NULL; /* not loaded: tried again, and "not inspected" meanwhile */
    }
    f->inspection_loaded = true;
    f->has_inspection = rc == CH_OK;
    for (size_t i = 0; f->has_inspection && i < f->inspection.row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(f->inspection.row.findings[i].code);
        f->attack = f->attack || row == NULL || row->cls == CH_CLASS_ATTACK;
    }
    if (f->attack) {
        p->attacks++;
        p->index.attacks[p->index.version[file]]++;
    }
    if (f->has_inspection) {
        listing_touch(p);
    }
    return f->has_inspection ? &f->inspection : NULL;
}

/* T10: a file of the same version that is denied as an attack holds all others. */
static bool sibling_denied(const struct page *p, size_t file, struct ch_str *ret_name)
{
    uint32_t version = p->index.version[file];
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

void judge(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    const struct page_fact_file *f = &p->facts.files[file];
    const struct page_file *run = &p->files[file];
    const struct ch_inspection_result *inspection = judge_inspection(k, p, file);
    struct ch_ruling rulings[RULINGS_PER_FILE];
    struct ch_facts facts;
    ch_facts_init(&facts); /* nothing known */
    facts.ecosystem = ch_str_of(p->eco->name);
    facts.repository = ch_str_of(p->repository);
    facts.project = page_name(p);
    facts.version = ch_str_of(run->release.version);
    facts.file_name = f->index.file_name;
    facts.artifact = run->artifact;
    facts.file_type = ch_str_of(run->release.file_type);
    facts.has_inspector = run->release.profile != NULL;
    facts.size_bytes = f->index.size_bytes;
    facts.hash_stated = !ch_sha256_is_zero(&f->index.sha256);
    facts.upstream_trusted_for_times = p->upstream->trust_times;
    facts.upstream_never_states_times = p->upstream->states_times == CH_TIMES_NEVER;
    facts.uploaded_at_us = f->index.uploaded_at_us;
    facts.last_absent_at_us = f->last_absent_at_us;
    facts.first_seen_at_us = f->first_seen_at_us;
    facts.baseline = baseline_counts(k, p, f);
    facts.clock_jumped = k->clock_jumped;
    facts.upstream_yanked = f->index.yanked;
    facts.upstream_yanked_reason = f->index.yanked_reason;
    facts.removed_at_us = f->removed_at_us;
    facts.upstream_quarantined = p->facts.head.status == CH_STATUS_QUARANTINED;
    facts.index_confirmed_at_us = p->checked_at_us;
    facts.inspection = inspection != NULL ? inspection->row.outcome : CH_INSPECTION_NONE;
    facts.rulings = rulings;
    if (inspection != NULL) {
        facts.inspection_error = inspection->row.error;
        facts.findings = inspection->row.findings;
        facts.finding_count = inspection->row.finding_count;
    }
    facts.sibling_denied = sibling_denied(p, file, &facts.sibling);
    facts.ruling_count = rulings_for(k, p, file, rulings, CH_ARRAY_LEN(rulings));
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
}

enum ch_code judge_record(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                          struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    if (f->recorded_verdict == (int8_t)d->verdict && strcmp(f->recorded_rule, d->rule) == 0) {
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
    };
    enum ch_code rc = keeper_write(k, err);
    if (rc == CH_OK) {
        rc = ch_store_add_decision(k->store, &row, err);
    }
    if (rc == CH_OK) {
        f->recorded_verdict = (int8_t)d->verdict;
        f->recorded_at_us = row.at_us;
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
    return p->shown != NULL &&
           ch_map_get(p->shown, p->facts.files[file].index.file_name) != NULL;
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
    struct ch_err err;
    keeper_raise_epoch(k); /* effective first, recorded after */
    take_away(k, sha256);
    if (keeper_write(k, &err) != CH_OK ||
        ch_store_get_artifact(k->store, sha256, &a, &err) != CH_OK ||
        ch_store_put_blob(k->store, sha256, a.size_bytes, CH_BLOB_UNDECIDED, keeper_now_us(k),
                          &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
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
        keeper_log("withdrawn", "project=%s rule=\"%s\" reason=\"%s\"", p->project, d->rule,
                   d->reason);
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
