/* The decision. Holds are collected, then what lifts them, and only when none is left, and nothing
 * denies, the verdict becomes ALLOW: in one line, at the end of ch_decide. Everything that is not
 * known, and every value out of its range, is a hold.
 *
 * Spec: threats.md T5, T6, T7, T8, T9, T10, T12, T15, T17. */
#include "customhouse/policy.h"

#include <stdlib.h>

#include "decide_int.h"

static bool deny(struct deciding *d, const char *rule, const char *name, uint32_t line,
                 struct ch_buf *reason)
{
    d->out->verdict = CH_VERDICT_DENY;
    d->out->hold = CH_HOLD_NO_RULE;
    d->out->holds = 0;
    d->out->policy_line = line;
    set_text(d, rule, name, reason);
    return true;
}

/* --- people --- */

/* Whether a denial stands when another one has ended. */
static bool outlasts(const struct ch_ruling *r, const struct ch_ruling *other)
{
    return other->expires_at_us != CH_TIME_UNKNOWN &&
           (r->expires_at_us == CH_TIME_UNKNOWN || r->expires_at_us > other->expires_at_us);
}

/* Of several denials the one is told that ends last: what it says of its end is true of all. */
static bool denied_by_person(struct deciding *d)
{
    const struct ch_ruling *last = NULL;
    for (size_t i = 0; i < d->facts->ruling_count; i++) {
        const struct ch_ruling *r = &d->facts->rulings[i];
        if (r->deny && in_force(d, r) && (last == NULL || outlasts(r, last))) {
            last = r;
        }
    }
    if (last == NULL) {
        return false;
    }
    REASON(b);
    REASON(by);
    ch_buf_put_escaped(&b, last->reason.len > 0 ? last->reason : CH_STR("no reason given"));
    ch_buf_put_escaped(&by, ch_str_sub(last->by, 0, CH_RULE_NAME_MAX));
    ch_buf_put(&by, "", 1);
    d->out->ruling_id = last->id;
    d->out->until_us = last->expires_at_us;
    return deny(d, "person", by.ptr, 0, &b);
}

static void note_approval(struct deciding *d, const struct ch_ruling *r)
{
    if (d->approval == NULL) {
        d->approval = r;
    }
    if (d->approval_ends_us == CH_TIME_UNKNOWN || r->expires_at_us < d->approval_ends_us) {
        d->approval_ends_us = r->expires_at_us;
    }
}

static void collect_approvals(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->ruling_count; i++) {
        const struct ch_ruling *r = &d->facts->rulings[i];
        if (!r->deny && in_force(d, r)) {
            d->lifted_by_people |= r->lifts & ch_approval_liftable(true) & ~bit(CH_HOLD_FINDING);
            note_approval(d, r);
        }
    }
}

/* --- evidence (T9): stands outside the rules, nothing lifts it --- */

/* Whether the bytes are those of a broken transfer, which is tried again: not so where they have
 * the sha256 that is stated and only another hash of the index, "KIND HEX" in the evidence,
 * contradicts it. */
static bool comes_again(const struct ch_facts *f, const struct ch_finding *finding)
{
    return finding->code == CH_F_HASH_MISMATCH &&
           !(f->hash_stated && ch_str_find(finding->evidence, CH_STR(" "), NULL));
}

/* The finding that denies, NULL: none does. That they are not the file's bytes goes before what was
 * found in them: of a transfer that broke off, that it cannot be read. */
static const struct ch_finding *attack_in(const struct ch_facts *f)
{
    const struct ch_finding *first = NULL;
    for (size_t i = 0; i < f->finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row((uint32_t)f->findings[i].code);
        if (row == NULL || row->cls != CH_CLASS_ATTACK) {
            continue;
        }
        if (f->findings[i].code == CH_F_HASH_MISMATCH) {
            return &f->findings[i];
        }
        first = first == NULL ? &f->findings[i] : first;
    }
    return first;
}

/* Of bytes with another hash than the index states nothing is known any more once they are gone, or
 * belong to nobody: that they came is. And an index may contradict the metadata of inspected bytes
 * later (T1), which no inspection of them has seen. */
static bool denied_by_evidence(struct deciding *d)
{
    const struct ch_finding *finding = attack_in(d->facts);
    bool other_hash = d->facts->fault == CH_FAULT_HASH;
    if (finding == NULL && !other_hash && !d->facts->metadata_contradicted) {
        return false;
    }
    const struct ch_finding_row *row =
        ch_finding_row(finding != NULL ? (uint32_t)finding->code
                       : other_hash    ? (uint32_t)CH_F_HASH_MISMATCH
                                       : (uint32_t)CH_F_SIDECAR_DIFFERS);
    REASON(b);
    ch_buf_puts(&b, ch_str_of(row->text));
    if (finding == NULL && !other_hash) {
        ch_buf_puts(&b, CH_STR(": the index states another hash of it by now"));
    } else if (finding != NULL ? comes_again(d->facts, finding) : other_hash) {
        ch_buf_puts(&b, CH_STR("; fetched again once the index states the same again"));
    }
    return deny(d, "finding", row->name, 0, &b);
}

/* --- the other parts of the same whole --- */

static void put_part(struct ch_buf *b, const struct ch_facts *f)
{
    ch_buf_puts(b, CH_STR("its "));
    ch_buf_put_escaped(b, ch_str_sub(f->part, 0, CH_REASON_MAX / 2));
    ch_buf_puts(b, f->part_denied ? CH_STR(" is denied: ") : CH_STR(" is held: "));
    ch_buf_put_escaped(b, ch_str_sub(f->part_reason, 0, CH_REASON_MAX));
}

static bool denied_by_part(struct deciding *d)
{
    if (d->facts->part.len == 0 || !d->facts->part_denied) {
        return false;
    }
    REASON(b);
    put_part(&b, d->facts);
    return deny(d, ch_hold_kind_name(CH_HOLD_PART), "", 0, &b);
}

static void hold_by_held_part(struct deciding *d)
{
    if (d->facts->part.len > 0) {
        REASON(b);
        put_part(&b, d->facts);
        add_hold(
            d, (struct hold){CH_HOLD_PART, ch_hold_kind_name(CH_HOLD_PART), "", 0, CH_TIME_UNKNOWN},
            &b);
    }
}

/* T19: who configures the repository says which platforms it serves, so no approval lifts this. */
static void hold_by_platform(struct deciding *d)
{
    if (d->facts->no_platform.len > 0) {
        REASON(b);
        ch_buf_put_escaped(&b, ch_str_sub(d->facts->no_platform, 0, CH_REASON_MAX));
        add_hold(d,
                 (struct hold){CH_HOLD_PLATFORM, ch_hold_kind_name(CH_HOLD_PLATFORM), "", 0,
                               CH_TIME_UNKNOWN},
                 &b);
    }
}

static void hold_by_missing_part(struct deciding *d)
{
    if (d->facts->part_missing) {
        hold_plain(d, CH_HOLD_NOT_INSPECTED, 0, "one of its parts is not inspected yet");
    }
}

/* --- the site's rules, in order --- */

/* When the rule stops matching by time alone. */
static int64_t rule_ends(const struct deciding *d, const struct ch_rule *r)
{
    const struct ch_age *age = &d->matched.age;
    bool dated = age->source == CH_AGE_STATED || age->source == CH_AGE_SEEN;
    if (r->younger_than_days.line == 0 || !dated) {
        return CH_TIME_UNKNOWN;
    }
    return ch_time_add(age->since_us, (int64_t)r->younger_than_days.number * DAY_US);
}

static void apply_allow(struct deciding *d, const struct ch_rule *r)
{
    d->listed = true;
    if (d->allowed_by == NULL) {
        d->allowed_by = r;
    }
    d->lifted_by_rules |=
        r->lifted & ch_rule_liftable() & ~(bit(CH_HOLD_FINDING) | bit(CH_HOLD_RULE));
    d->rules_end = d->rules_end || (r->lifted & bit(CH_HOLD_RULE)) != 0;
}

static bool audits(const struct deciding *d)
{
    return d->settings->mode.number == CH_MODE_AUDIT;
}

static void hold_by_rule(struct deciding *d, const struct ch_rule *r, const char *otherwise)
{
    REASON(b);
    ch_buf_puts(&b, ch_str_of(r->reason.text != NULL ? r->reason.text : otherwise));
    add_hold(d, (struct hold){CH_HOLD_RULE, "rule", r->name.text, r->line, rule_ends(d, r)}, &b);
    /* the first one wins; allow rules further down may still list it. An approval that lifts
     * this hold does not lift a denial behind it. */
    d->rules_end = (d->lifted_by_people & bit(CH_HOLD_RULE)) == 0;
}

static bool deny_by_rule(struct deciding *d, const struct ch_rule *r)
{
    REASON(b);
    ch_buf_puts(&b, ch_str_of(r->reason.text != NULL ? r->reason.text : "the policy denies it"));
    return deny(d, "rule", r->name.text, r->line, &b);
}

/* True when a rule denies. A rule that asks for something unknown does not allow, and holds rather
 * than denies. Where only is audited, a site's own denial is a note like its holds: trying it out
 * is what the mode is for. */
static bool apply_rules(struct deciding *d)
{
    for (size_t i = 0; i < d->policy->rule_count; i++) {
        const struct ch_rule *r = &d->policy->rules[i];
        enum ch_rule_action action = ch_rule_action_of(r);
        enum ch_tristate match = ch_rule_match(r, &d->matched);
        if (action == CH_RULE_ALLOW) {
            if (match == CH_YES) {
                apply_allow(d, r);
            }
            continue;
        }
        if (match == CH_NO || d->rules_end) {
            continue;
        }
        if (match == CH_MAYBE) {
            hold_by_rule(d, r, "the policy cannot tell whether this rule is about it");
        } else if (action == CH_RULE_DENY && !audits(d)) {
            return deny_by_rule(d, r);
        } else {
            hold_by_rule(d, r,
                         action == CH_RULE_DENY ? "the policy denies it" : "the policy holds it");
        }
    }
    return false;
}

/* --- the decision --- */

static bool facts_usable(const struct ch_policy *policy, const struct ch_facts *facts)
{
    return policy != NULL && facts != NULL && facts->ecosystem.len > 0 &&
           facts->repository.len > 0 && facts->project.len > 0 && facts->file_name.len > 0 &&
           (facts->findings != NULL || facts->finding_count == 0) &&
           (facts->inspected != NULL || facts->inspected_count == 0) &&
           (facts->previous != NULL || facts->previous_count == 0) &&
           (facts->rulings != NULL || facts->ruling_count == 0);
}

/* T11: an ALLOW ends at the next moment that could change it: the end of an approval or of the time
 * that replaced findings do, an age that a rule asks about, or of a hold that is only noted. */
static void end_at(struct deciding *d, int64_t at_us)
{
    if (at_us > d->now_us && (d->out->until_us == CH_TIME_UNKNOWN || at_us < d->out->until_us)) {
        d->out->until_us = at_us;
    }
}

static void end_at_age(struct deciding *d, const struct ch_value *days)
{
    const struct ch_age *age = &d->matched.age;
    if (days->line > 0 && (age->source == CH_AGE_STATED || age->source == CH_AGE_SEEN)) {
        end_at(d, ch_time_add(age->since_us, (int64_t)days->number * DAY_US));
    }
}

static void set_end(struct deciding *d)
{
    if (d->approval_counted) {
        end_at(d, d->approval_ends_us);
    }
    end_at(d, d->facts->inspection_ends_at_us);
    end_at(d, d->facts->parts_end_at_us);
    end_at(d, d->bytes_end_us);
    for (size_t i = 0; i < d->policy->rule_count; i++) {
        end_at_age(d, &d->policy->rules[i].older_than_days);
        end_at_age(d, &d->policy->rules[i].younger_than_days);
    }
    if (d->until_us != CH_TIME_UNKNOWN) {
        end_at(d, d->until_us);
    }
}

static void set_allowed(struct deciding *d)
{
    REASON(b);
    REASON(name);
    ch_buf_puts(&b, CH_STR("inspected, and nothing holds it"));
    if (d->approval_counted) {
        ch_buf_puts(&b, CH_STR("; approved by "));
        ch_buf_put_escaped(&b, ch_str_sub(d->approval->by, 0, CH_RULE_NAME_MAX));
        ch_buf_put_escaped(&name, ch_str_sub(d->approval->by, 0, CH_RULE_NAME_MAX));
        ch_buf_put(&name, "", 1);
        d->out->ruling_id = d->approval->id;
        set_text(d, "approved by", name.ptr, &b);
    } else if (d->allowed_by != NULL) {
        d->out->policy_line = d->allowed_by->line;
        set_text(d, "rule", d->allowed_by->name.text, &b);
    } else {
        d->out->policy_line = d->settings->mode.line;
        set_text(d, "mode", audits(d) ? "audit" : "quarantine", &b);
    }
}

/* Where only is audited, holds stay what they would have been and let pass; but never what is not
 * inspected whole. */
static bool only_notes(const struct deciding *d, uint64_t holds)
{
    return audits(d) && (holds & ch_audit_refuses()) == 0;
}

static void set_held(struct deciding *d)
{
    uint64_t ours = bit(CH_HOLD_NOT_INSPECTED) | (d->bytes_alone ? bit(CH_HOLD_AGE) : 0);
    uint64_t others = d->out->holds & ~ours;
    bool missing = (d->out->holds & ours) != 0;
    d->out->eligible = missing && (others == 0 || only_notes(d, others));
    d->out->refetch = d->out->eligible && d->bytes_alone;
    d->out->until_us = d->time_alone ? d->until_us : CH_TIME_UNKNOWN;
}

/* True: nothing is left that refuses it. */
static bool decide(struct deciding *d)
{
    if (denied_by_person(d) || denied_by_evidence(d)) {
        return false;
    }
    collect_approvals(d);
    hold_by_owner(d);
    hold_by_upstream(d);
    if (apply_rules(d) || denied_by_part(d)) {
        return false;
    }
    hold_by_kind(d);
    hold_by_findings(d);
    hold_by_content(d);
    hold_by_age(d);
    hold_by_platform(d);
    hold_by_external(d);
    hold_by_held_part(d); /* before that this one is not inspected yet: that would not help it */
    hold_by_inspection(d);
    hold_by_missing_part(d);
    if (d->out->holds != 0 && !only_notes(d, d->out->holds)) {
        set_held(d);
        return false;
    }
    set_end(d);
    d->out->audited = d->out->holds != 0;
    if (!d->out->audited) {
        set_allowed(d);
    }
    return true;
}

/* What rules are matched against, made once. */
static void prepare(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    d->settings = ch_settings_of(d->policy, f->repository, f->environment, &d->room);
    ch_buf_init(&d->project, f->project.len + 1);
    ch_name_fold(&d->project, f->project);
    size_t n = ch_changes_of(f, d->few_changes, CH_CHANGES_ROOM);
    const struct ch_change *changes = d->few_changes;
    if (n > CH_CHANGES_ROOM) {
        d->many_changes = ch_calloc(n, sizeof(*d->many_changes));
        n = ch_changes_of(f, d->many_changes, n);
        changes = d->many_changes;
    }
    d->matched = (struct ch_matched){.facts = f,
                                     .age = ch_age_of(f, d->now_us),
                                     .now_us = d->now_us,
                                     .project = ch_buf_str(&d->project),
                                     .changes = changes,
                                     .change_count = n};
}

void ch_decide(const struct ch_policy *policy, const struct ch_facts *facts, int64_t now_us,
               struct ch_decision *ret)
{
    *ret = (struct ch_decision){.verdict = CH_VERDICT_HOLD, .until_us = CH_TIME_UNKNOWN};
    struct deciding d = {.policy = policy,
                         .facts = facts,
                         .now_us = now_us,
                         .out = ret,
                         .approval_ends_us = CH_TIME_UNKNOWN,
                         .bytes_end_us = CH_TIME_UNKNOWN,
                         .time_alone = true,
                         .until_us = CH_TIME_UNKNOWN};
    if (!facts_usable(policy, facts)) {
        hold_plain(&d, CH_HOLD_NO_RULE, 0, "not enough is known about it to decide");
        return;
    }
    prepare(&d);
    bool passes = decide(&d);
    ch_buf_done(&d.project);
    free(d.many_changes);
    if (passes) {
        ret->verdict = CH_VERDICT_ALLOW;
    }
}
