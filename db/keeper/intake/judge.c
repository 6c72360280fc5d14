/* From stored facts to a decision on one file, and its record. The decision itself is made by
 * ch_decide (policy/) alone: nothing is added to it here, and nothing taken away. */
#include "db/keeper/clock.h"
#include "db/keeper/rulings/approvals.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/rulings/rulings.h"
#include "db/keeper/images/image.h"
#include "faults.h"
#include "db/keeper/images/image_listed.h"
#include "db/keeper/pushes/external.h"
#include "db/keeper/signing/images.h"
#include "judge_together.h"
#include "sizes.h"

#include <stdio.h>
#include <string.h>

/* T10: a file of the same version that is denied as an attack holds all others. */
static bool sibling_denied(const struct page *p, size_t file, struct ch_str *ret_name)
{
    uint32_t version = p->index.version[file];
    if (p->index.past_attack[version] > 0) {
        *ret_name = p->facts.files[p->index.past_attack[version] - 1].index.file_name;
        return true;
    }
    if (p->index.attacks[version] <= (p->files[file].held_against ? 1 : 0)) {
        return false;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (i != file && p->files[i].held_against && p->index.version[i] == version) {
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
    uint64_t stated = p->facts.files[file].index.size_bytes;
    return stated != CH_SIZE_UNKNOWN ? stated : sizes_received(k, p, file);
}

static void size_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct page_file *f = &p->files[file];
    ret->size_bytes = size_of(k, p, file);
    ret->max_bytes = sizes_max(k->config, &ret->max_bytes_key);
    if (ret->size_bytes == CH_SIZE_UNKNOWN && f->told_bytes > ret->max_bytes) {
        ret->size_bytes = f->told_bytes; /* nobody has verified it: it holds, and does no more */
        ret->size_at_least = f->told_at_least;
    }
}

static void fault_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct fault *f = faults_in_force(k, p, file);
    if (f != NULL) {
        ret->fault = f->kind;
        ret->fault_text = ch_str_of(f->text);
        ret->told_bytes = f->told_bytes;
        ret->told_at_least = f->at_least;
    } else if (sizes_differ(k, p, file)) {
        ret->fault = CH_FAULT_SIZE;
        ret->told_bytes = p->files[file].artifact_bytes;
    }
}

/* T5: only asked for where the index states no sha256. */
static int64_t bytes_confirmed(struct keeper *k, struct page *p, size_t file)
{
    struct page_file *f = &p->files[file];
    struct ch_release_file row = {.upstream = ch_str_of(p->upstream->name),
                                  .project = page_name(p),
                                  .file_name = p->facts.files[file].index.file_name,
                                  .sha256 = f->artifact};
    struct ch_err err;
    if (ch_sha256_is_zero(&f->artifact)) {
        return CH_TIME_UNKNOWN;
    }
    if (!f->confirmed_known) {
        enum ch_code rc = ch_store_bytes_confirmed(k->store, &row, &err);
        f->confirmed_at_us = rc == CH_OK ? row.at_us : CH_TIME_UNKNOWN;
        f->confirmed_known = rc == CH_OK || rc == CH_E_NOT_FOUND;
    }
    return f->confirmed_at_us;
}

static void inspection_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct ch_inspection_result *inspection = inspection_of(k, p, file);
    if (inspection == NULL) {
        return; /* nothing to compare either */
    }
    ret->inspection = inspection->row.outcome;
    const struct ch_index_file *stated = &p->facts.files[file].index;
    ret->metadata_contradicted =
        stated->sidecar == CH_SIDECAR_HASHED &&
        !ch_sha256_is_zero(&inspection->row.metadata_sha256) &&
        !ch_sha256_eq(&stated->sidecar_sha256, &inspection->row.metadata_sha256);
    if (p->files[file].inspection_old) {
        ret->inspection_ends_at_us = keys_grace_ends(k, inspection->row.at_us);
    }
    ret->inspection_error = inspection->row.error;
    ret->findings = inspection->row.findings;
    ret->finding_count = inspection->row.finding_count;
    ret->inspected = inspection->row.facts;
    ret->inspected_count = inspection->row.fact_count;
    ptrdiff_t at = releases_previous(p, file);
    if (at >= 0) {
        const struct page_file *before = &p->files[at];
        ret->previous_version = ch_str_of(before->release.version);
        ret->previous = before->inspection->row.facts;
        ret->previous_count = before->inspection->row.fact_count;
        ret->previous_size_bytes = size_of(k, p, (size_t)at);
        ret->previous_uploaded_at_us = p->facts.files[at].index.uploaded_at_us;
    }
}

static struct ch_likeness likeness_of(struct page *p, size_t file)
{
    struct page_project *project = &p->index.projects[p->index.project[file]];
    if (!project->likeness_known) {
        project->likeness = ch_likeness_of(page_project(p, file));
        project->likeness_known = true;
    }
    return project->likeness;
}

static void own_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    const struct page_fact_file *f = &p->facts.files[file];
    const struct page_file *run = &p->files[file];
    ch_facts_init(ret); /* nothing known */
    inspection_facts(k, p, file, ret);
    ret->ecosystem = ch_str_of(p->eco->name);
    ret->repository = ch_str_of(p->repository);
    ret->environment = ch_str_of(p->config->environment);
    ret->project = page_project(p, file);
    ret->name_owner = page_file_owner(p, file);
    ret->version = ch_str_of(run->release.version);
    ret->file_name = f->index.file_name;
    ret->page = p->eco->is_page != NULL ? page_name(p) : (struct ch_str){NULL, 0};
    ret->build = f->index.build;
    ret->record = f->index.record;
    ret->artifact = run->artifact;
    ret->file_type = ch_str_of(run->release.file_type);
    ret->has_inspector = run->release.profile != NULL;
    size_facts(k, p, file, ret);
    fault_facts(k, p, file, ret);
    ret->hash_stated = !ch_sha256_is_zero(&f->index.sha256);
    ret->alias = f->index.alias.kind;
    ret->upstream_trusted_for_times = p->upstream->trust_times;
    ret->upstream_never_states_times =
        p->upstream->states_times == CH_TIMES_NEVER && !p->states_times;
    ret->uploaded_at_us = f->index.uploaded_at_us;
    ret->last_absent_at_us = f->last_absent_at_us;
    ret->first_seen_at_us = f->first_seen_at_us;
    ret->baseline = baseline_counts(k, p, f);
    ret->clock_jumped = clock_jumped(k);
    ret->upstream_yanked = f->index.yanked;
    ret->upstream_yanked_reason = f->index.yanked_reason;
    ret->removed_at_us = f->removed_at_us;
    ret->upstream_quarantined = p->facts.head.status == CH_STATUS_QUARANTINED;
    ret->index_confirmed_at_us = p->checked_at_us;
    if (!ret->hash_stated) {
        ret->bytes_confirmed_at_us = bytes_confirmed(k, p, file);
    }
    ret->allowed = run->recorded_verdict == CH_VERDICT_ALLOW;
    ret->project_since_us = p->index.projects[p->index.project[file]].since_us;
    ret->likeness = likeness_of(p, file);
    /* a wheel that is gone from the index is one, too: policies are checked by that (contradict.c)
     */
    ret->version_has_wheel = ch_ecosystem_is_built(p->eco, run->release.file_type) ||
                             p->index.wheels[p->index.version[file]];
    ret->sibling_denied = sibling_denied(p, file, &ret->sibling);
    ret->is_image = images_role(p, file) == CH_WHOLE_ALL;
    ret->external = external_of(k, p, file, &ret->external_text);
    ret->ruling_count = rulings_for(k, p, file, &ret->rulings);
}

/* The file for itself, whatever it is a part of. */
static void judge_alone(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    struct ch_facts facts;
    own_facts(k, p, file, &facts);
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
}

static bool is_part_of(const struct page *p, size_t file, size_t i)
{
    return p->index.version[i] == p->index.version[file] &&
           p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN;
}

/* "layer sha256:916487bb0b34" */
static void put_part_name(struct page *p, size_t file)
{
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&p->facts.files[file].index.sha256, hex);
    snprintf(p->part_name, sizeof(p->part_name), "%s sha256:%.12s",
             p->files[file].release.file_type, hex);
}

/* ------------------------------------------------------------------ together */

void judge_together(struct page *p, struct judged_together *t)
{
    *t = (struct judged_together){.outer = p->together};
    p->together = t;
    p->pinned++;
}

void judge_apart(struct page *p)
{
    p->together = p->together->outer;
    p->pinned--;
}

static void add_part(struct judged_part list[2], size_t *count, size_t file,
                     const struct ch_decision *d)
{
    if (*count < 2) {
        struct judged_part *part = &list[(*count)++];
        part->file = file;
        memcpy(part->rule, d->rule, sizeof(part->rule));
        memcpy(part->reason, d->reason, sizeof(part->reason));
    }
}

static void add_end(struct judged_together *t, size_t file, int64_t until_us)
{
    struct judged_end e = {file, until_us};
    for (size_t i = 0; i < t->end_count; i++) {
        if (e.until_us < t->end[i].until_us) {
            struct judged_end later = t->end[i];
            t->end[i] = e;
            e = later;
        }
    }
    if (t->end_count < 2) {
        t->end[t->end_count++] = e;
    }
}

/* Each file of the version for itself; `file`, too, where others are judged by *t. */
static void look_at_parts(struct keeper *k, struct page *p, size_t file, struct judged_together *t)
{
    struct ch_decision d;
    bool all = t == p->together;
    *t = (struct judged_together){
        .outer = t->outer, .known = true, .version = p->index.version[file]};
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (!is_part_of(p, file, i) || (i == file && !all)) {
            continue;
        }
        judge_alone(k, p, i, &d);
        if (d.verdict == CH_VERDICT_ALLOW) {
            if (d.until_us != CH_TIME_UNKNOWN) {
                add_end(t, i, d.until_us);
            }
        } else if (d.eligible) {
            if (t->missing_count < 2) {
                t->missing[t->missing_count++] = i;
            }
        } else if (d.verdict == CH_VERDICT_DENY) {
            add_part(t->denied, &t->denied_count, i, &d);
        } else {
            add_part(t->held, &t->held_count, i, &d);
        }
    }
    t->attacks = p->attacks;
}

/* The first that is not `file`; NULL: there is none. */
static const struct judged_part *other_part(const struct judged_part list[2], size_t count,
                                            size_t file)
{
    for (size_t i = 0; i < count; i++) {
        if (list[i].file != file) {
            return &list[i];
        }
    }
    return NULL;
}

/* Of the other files of the version: what may not pass, and what is missing. A denial is told
 * before a hold. The page keeps the reason for as long as these facts are looked at. */
static void part_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    struct judged_together own = {.known = false};
    struct judged_together *t = p->together != NULL ? p->together : &own;
    if (!t->known || t->version != p->index.version[file] || t->attacks != p->attacks) {
        look_at_parts(k, p, file, t);
    }
    const struct judged_part *denied = other_part(t->denied, t->denied_count, file);
    const struct judged_part *part =
        denied != NULL ? denied : other_part(t->held, t->held_count, file);
    for (size_t i = t->end_count; i-- > 0;) {
        ret->parts_end_at_us = t->end[i].file != file ? t->end[i].until_us : ret->parts_end_at_us;
    }
    for (size_t i = 0; i < t->missing_count; i++) {
        ret->part_missing = ret->part_missing || t->missing[i] != file;
    }
    if (part != NULL) {
        put_part_name(p, part->file);
        snprintf(p->part_reason, sizeof(p->part_reason), "%s: %s", part->rule, part->reason);
        ret->part = ch_str_of(p->part_name);
        ret->part_denied = denied != NULL;
        ret->part_reason = ch_str_of(p->part_reason);
    }
}

void judge_facts(struct keeper *k, struct page *p, size_t file, struct ch_facts *ret)
{
    struct ch_facts parts;
    ch_facts_init(&parts);
    if (p->eco->whole_versions) {
        part_facts(k, p, file, &parts); /* first: what people said is kept of one file at a time */
        if (parts.part.len == 0 && !parts.part_missing) {
            image_listed_facts(k, p, file, &parts);
        }
    }
    own_facts(k, p, file, ret);
    ret->part = parts.part;
    ret->part_denied = parts.part_denied;
    ret->part_reason = parts.part_reason;
    ret->part_missing = parts.part_missing;
    ret->no_platform = parts.no_platform;
    ret->parts_end_at_us = parts.parts_end_at_us;
}

size_t judge_missing_part(struct keeper *k, struct page *p, size_t file, size_t from)
{
    struct ch_decision d;
    size_t i = from;
    for (; i < p->facts.file_count; i++) {
        if (is_part_of(p, file, i)) {
            judge_alone(k, p, i, &d);
            if (d.eligible) {
                break;
            }
        }
    }
    return i;
}

void judge(struct keeper *k, struct page *p, size_t file, struct ch_decision *ret)
{
    struct ch_facts facts;
    judge_facts(k, p, file, &facts);
    ch_decide(k->policy, &facts, keeper_now_us(k), ret);
}

/* First, these bytes were allowed: what was approved before them is what they are compared with. */
static void note_allowed(struct page *p, size_t file, int64_t at_us)
{
    struct page_file *f = &p->files[file];
    if (f->allowed_at_us == CH_TIME_UNKNOWN) {
        f->allowed_at_us = at_us;
        listing_touch_file(p, file); /* others are compared with it from now on */
    }
}

/* A decision whose entry cannot be written is none: neither is in the store then (T4). */
static enum ch_code store_decision(struct keeper *k, const struct page *p,
                                   const struct ch_decision_row *row, uint64_t *ret_log_end,
                                   struct ch_err *err)
{
    enum ch_code rc = keeper_write(k, err);
    rc = rc == CH_OK ? audit_step(k, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    rc = ch_store_add_decision(k->store, row, err);
    rc = rc == CH_OK ? audit_decision(k, p, row, ret_log_end, err) : rc;
    return audit_step_end(k, rc, err);
}

enum ch_code judge_record(struct keeper *k, struct page *p, size_t file,
                          const struct ch_decision *d, struct ch_err *err)
{
    struct page_file *f = &p->files[file];
    bool allow = d->verdict == CH_VERDICT_ALLOW;
    bool was_allow = f->recorded_verdict == CH_VERDICT_ALLOW;
    bool changes = f->recorded_verdict != (int8_t)d->verdict;
    if (f->recorded_verdict == (int8_t)d->verdict && f->recorded_audited == d->audited &&
        ch_str_eq(ch_str_of(f->recorded_rule), ch_str_of(d->rule))) {
        return allow && !approvals_stand(k, p, file) ? approvals_sign(k, p, file, d, err) : CH_OK;
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
    enum ch_code rc = allow ? approvals_sign(k, p, file, d, err) : CH_OK;
    uint64_t log_end = 0;
    rc = rc == CH_OK ? store_decision(k, p, &row, &log_end, err) : rc;
    if (was_allow && !allow) {
        approvals_withdraw(k, p, row.file_name);
    }
    if (rc == CH_OK) {
        notices_decision(k, p, &row, f->attack, was_allow, log_end - 1);
        if (allow && !was_allow) {
            notices_passed(k, p, &row, log_end - 1);
        }
        if (was_allow && !allow) {
            image_withdrawn(k, p, file, &row, log_end - 1);
        }
        f->recorded_verdict = (int8_t)d->verdict;
        f->recorded_at_us = row.at_us;
        f->log_end = log_end;
        f->recorded_audited = d->audited;
        f->recorded_policy = row.policy;
        if (d->verdict == CH_VERDICT_ALLOW) {
            note_allowed(p, file, row.at_us);
        }
        releases_touch(p);
        page_set_rule(f, ch_str_of(d->rule));
        page_wrote(p);
        k->stats.decisions[d->verdict]++;
        k->uncommitted_allows += d->verdict == CH_VERDICT_ALLOW;
        if (changes) {
            image_listed_again(k, p, file);
        }
    }
    return rc;
}
