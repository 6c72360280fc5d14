/* The decision. Holds are collected, then what lifts them, and only when none is left, and nothing
 * denies, the verdict becomes ALLOW: in one line, at the end of ch_decide. Everything that is not
 * known, and every value out of its range, is a hold.
 *
 * Spec: threats.md T5, T7, T8, T9, T10, T15. */
#include "customhouse/policy.h"

#include <stdio.h>

#include "policy_int.h"

struct deciding {
    const struct ch_policy *policy;
    const struct ch_facts *facts;
    int64_t now_us;
    struct ch_age age;
    /* from people and allow rules */
    uint64_t lifted_by_people; /* masks of kinds, findings apart */
    uint64_t lifted_by_rules;
    bool approval_counted; /* without an approval there would be a hold */
    bool rules_end;        /* an allow rule that lifts "rule", or a hold, ended the walk */
    bool listed;
    const struct ch_rule *allowed_by; /* first allow rule that matched */
    const struct ch_ruling *approval; /* first one in force */
    int64_t approval_ends_us;         /* when the earliest approval in force ends */
    /* the outcome so far */
    struct ch_decision *out;
    bool time_alone; /* every hold but the missing inspection ends by time */
    int64_t until_us;
};

static uint64_t bit(enum ch_hold_kind kind)
{
    return (uint64_t)1 << kind;
}

/* --- what an outcome is made of --- */

static void set_text(struct deciding *d, const char *rule, const char *name, struct ch_buf *reason)
{
    char text[sizeof(d->out->rule) * 2];
    (void)snprintf(text, sizeof(text), "%s%s%.64s", rule, name[0] != '\0' ? " " : "", name);
    ch_reason_set(d->out->rule, sizeof(d->out->rule), ch_str_of(text));
    ch_reason_set(d->out->reason, sizeof(d->out->reason), ch_buf_str(reason));
}

/* One hold: kind, rule and its line, when time alone ends it. The first one is the one shown. */
struct hold {
    enum ch_hold_kind kind;
    const char *rule;
    const char *name;
    uint32_t line;
    int64_t until_us;
};

static void add_hold(struct deciding *d, struct hold hold, struct ch_buf *reason)
{
    if (((d->lifted_by_people | d->lifted_by_rules) & bit(hold.kind)) != 0) {
        d->approval_counted = d->approval_counted || (d->lifted_by_rules & bit(hold.kind)) == 0;
        return;
    }
    if (d->out->holds == 0) {
        d->out->hold = hold.kind;
        d->out->policy_line = hold.line;
        set_text(d, hold.rule, hold.name, reason);
    }
    d->out->holds |= bit(hold.kind);
    if (hold.kind == CH_HOLD_NOT_INSPECTED) {
        return;
    }
    if (hold.until_us == CH_TIME_UNKNOWN) {
        d->time_alone = false;
    } else if (hold.until_us > d->until_us) {
        d->until_us = hold.until_us;
    }
}

#define REASON(b)                                                                                  \
    CH_CLEANUP(ch_buf_done) struct ch_buf b;                                                       \
    ch_buf_init(&(b), CH_REASON_ROOM)

static void hold_plain(struct deciding *d, enum ch_hold_kind kind, uint32_t line, const char *text)
{
    REASON(b);
    ch_buf_puts(&b, ch_str_of(text));
    add_hold(d, (struct hold){kind, ch_hold_kind_name(kind), "", line, CH_TIME_UNKNOWN}, &b);
}

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

static bool in_force(const struct deciding *d, const struct ch_ruling *r)
{
    /* T8: an approval has an end; without one it is none */
    if (r->expires_at_us == CH_TIME_UNKNOWN) {
        return r->deny;
    }
    return d->now_us < r->expires_at_us;
}

static bool denied_by_person(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->ruling_count; i++) {
        const struct ch_ruling *r = &d->facts->rulings[i];
        if (!r->deny || !in_force(d, r)) {
            continue;
        }
        REASON(b);
        REASON(by);
        ch_buf_put_escaped(&b, r->reason.len > 0 ? r->reason : CH_STR("no reason given"));
        ch_buf_put_escaped(&by, ch_str_sub(r->by, 0, CH_RULE_NAME_MAX));
        ch_buf_put(&by, "", 1);
        d->out->ruling_id = r->id;
        d->out->until_us = r->expires_at_us;
        return deny(d, "person", by.ptr, 0, &b);
    }
    return false;
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

static bool denied_by_evidence(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row((uint32_t)d->facts->findings[i].code);
        if (row != NULL && row->cls == CH_CLASS_ATTACK) {
            REASON(b);
            ch_buf_puts(&b, ch_str_of(row->text));
            return deny(d, "finding", row->name, 0, &b);
        }
    }
    return false;
}

/* --- the site's rules, in order --- */

static void put_rule_reason(struct ch_buf *b, const struct ch_rule *r, const char *otherwise)
{
    ch_buf_puts(b, ch_str_of(r->reason != NULL ? r->reason : otherwise));
}

/* When the rule stops matching by time alone. */
static int64_t rule_ends(const struct deciding *d, const struct ch_rule *r)
{
    bool timed = r->has_younger && (d->age.source == CH_AGE_STATED || d->age.source == CH_AGE_SEEN);
    return timed ? ch_time_add(d->age.since_us, r->younger_than_us) : CH_TIME_UNKNOWN;
}

static void apply_allow(struct deciding *d, const struct ch_rule *r)
{
    d->listed = true;
    if (d->allowed_by == NULL) {
        d->allowed_by = r;
    }
    d->lifted_by_rules |=
        r->lifts & ch_rule_liftable() & ~(bit(CH_HOLD_FINDING) | bit(CH_HOLD_RULE));
    d->rules_end = d->rules_end || (r->lifts & bit(CH_HOLD_RULE)) != 0;
}

/* True when a rule denies. A rule that asks for something unknown does not allow, and holds rather
 * than denies. */
static bool apply_rules(struct deciding *d)
{
    for (size_t i = 0; i < d->policy->rule_count; i++) {
        const struct ch_rule *r = &d->policy->rules[i];
        enum ch_tristate match = ch_rule_match(r, d->facts, &d->age, d->now_us);
        if (r->action == CH_RULE_ALLOW) {
            if (match == CH_YES) {
                apply_allow(d, r);
            }
            continue;
        }
        if (match == CH_NO || d->rules_end) {
            continue;
        }
        REASON(b);
        if (r->action == CH_RULE_DENY && match == CH_YES) {
            put_rule_reason(&b, r, "the policy denies it");
            return deny(d, "rule", r->name, r->line, &b);
        }
        put_rule_reason(&b, r,
                        match == CH_MAYBE ? "the policy cannot tell whether this rule is about it"
                                          : "the policy holds it");
        add_hold(d, (struct hold){CH_HOLD_RULE, "rule", r->name, r->line, rule_ends(d, r)}, &b);
        /* the first one wins; allow rules further down may still list it. An approval that lifts
         * this hold does not lift a denial behind it. */
        d->rules_end = (d->lifted_by_people & bit(CH_HOLD_RULE)) == 0;
    }
    return false;
}

/* --- holds --- */

static void hold_by_upstream(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    if (f->removed_at_us != CH_TIME_UNKNOWN) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("gone from the upstream index since "));
        ch_reason_minute(&b, f->removed_at_us);
        add_hold(d, (struct hold){CH_HOLD_REMOVED, "removed-upstream", "", 0, CH_TIME_UNKNOWN}, &b);
    }
    if (f->upstream_quarantined) {
        hold_plain(d, CH_HOLD_REMOVED, 0, "the upstream index has put the project in quarantine");
    }
    if (f->sibling_denied) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("another file of this version is denied: "));
        ch_buf_put_escaped(&b, ch_str_sub(f->sibling, 0, CH_REASON_MAX / 2));
        add_hold(d, (struct hold){CH_HOLD_SIBLING, "sibling", "", 0, CH_TIME_UNKNOWN}, &b);
    }
}

static void hold_by_kind(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    if (d->policy->mode != CH_MODE_OPEN && !d->listed) {
        hold_plain(d, CH_HOLD_NOT_LISTED, d->policy->mode_line,
                   "no rule of the policy lists it, and only listed projects pass");
    }
    if (!f->has_inspector) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("no inspector for this type of file ("));
        ch_buf_put_escaped(&b, ch_str_sub(f->file_type, 0, CH_RULE_NAME_MAX));
        ch_buf_putc(&b, ')');
        add_hold(d, (struct hold){CH_HOLD_FILE_TYPE, "file-type", "", 0, CH_TIME_UNKNOWN}, &b);
    }
    if (d->policy->require_hash && !f->hash_stated) {
        hold_plain(d, CH_HOLD_IDENTITY, d->policy->require_hash_line,
                   "the upstream index states no sha256 for it, and the policy asks for one");
    }
}

static bool approved(const struct deciding *d, const struct ch_finding *finding)
{
    if (ch_sha256_is_zero(&d->facts->artifact)) {
        return false;
    }
    struct ch_sha256 own = ch_finding_fingerprint(&d->facts->artifact, finding);
    for (size_t i = 0; i < d->facts->ruling_count; i++) {
        const struct ch_ruling *r = &d->facts->rulings[i];
        if (r->deny || !in_force(d, r) || (r->lifts & bit(CH_HOLD_FINDING)) == 0) {
            continue;
        }
        for (size_t k = 0; k < r->fingerprint_count; k++) {
            if (ch_sha256_eq(&r->fingerprints[k], &own)) {
                return true;
            }
        }
    }
    return false;
}

/* An allow rule that lifts findings names each of them (parse_rule.c sees to that). */
static bool lifted_by_rule(const struct deciding *d, const struct ch_finding *finding)
{
    for (size_t i = 0; i < d->policy->rule_count; i++) {
        const struct ch_rule *r = &d->policy->rules[i];
        if (r->action != CH_RULE_ALLOW || (r->lifts & bit(CH_HOLD_FINDING)) == 0 ||
            ch_rule_match(r, d->facts, &d->age, d->now_us) != CH_YES) {
            continue;
        }
        for (size_t k = 0; k < r->finding_count; k++) {
            if (ch_finding_pattern_match(&r->findings[k], finding)) {
                return true;
            }
        }
    }
    return false;
}

static void hold_by_findings(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->finding_count; i++) {
        const struct ch_finding *f = &d->facts->findings[i];
        const struct ch_finding_row *row = ch_finding_row((uint32_t)f->code);
        if (row == NULL) {
            hold_plain(d, CH_HOLD_FINDING, 0,
                       "inspection reported a finding that is not known here");
            continue;
        }
        bool holds = row->cls == CH_CLASS_IRREGULAR && row->severity >= d->policy->hold_severity;
        if (!holds || lifted_by_rule(d, f)) {
            continue;
        }
        if (approved(d, f)) {
            d->approval_counted = true;
        } else {
            REASON(b);
            ch_buf_puts(&b, ch_str_of(row->text));
            add_hold(d,
                     (struct hold){CH_HOLD_FINDING, "finding", row->name,
                                   d->policy->hold_findings_line, CH_TIME_UNKNOWN},
                     &b);
        }
    }
}

static void hold_by_inspection(struct deciding *d)
{
    switch (d->facts->inspection) {
    case CH_INSPECTION_COMPLETE:
        return;
    case CH_INSPECTION_NONE:
        hold_plain(d, CH_HOLD_NOT_INSPECTED, 0, "not inspected yet");
        return;
    case CH_INSPECTION_FAILED:
        break;
    }
    REASON(b);
    ch_buf_puts(&b, CH_STR("inspection could not be completed"));
    if (d->facts->inspection_error.len > 0) {
        ch_buf_puts(&b, CH_STR(": "));
        ch_buf_put_escaped(&b, ch_str_sub(d->facts->inspection_error, 0, CH_REASON_MAX));
    }
    add_hold(d, (struct hold){CH_HOLD_FAILED, "inspection-failed", "", 0, CH_TIME_UNKNOWN}, &b);
}

/* --- age (T7) and release by time (T5) --- */

static void hold_age(struct deciding *d, int64_t until_us, struct ch_buf *reason)
{
    add_hold(d, (struct hold){CH_HOLD_AGE, "cool-down", "", d->policy->cool_down_line, until_us},
             reason);
}

static void hold_young(struct deciding *d, int64_t until_us)
{
    REASON(b);
    ch_buf_puts(&b, ch_str_of(d->age.source == CH_AGE_STATED ? "released " : "first seen "));
    ch_reason_days(&b, d->now_us - d->age.since_us);
    ch_buf_printf(&b, " ago, the policy asks for %llu day%s (until ",
                  (unsigned long long)d->policy->cool_down_days,
                  d->policy->cool_down_days == 1 ? "" : "s");
    ch_reason_minute(&b, until_us);
    ch_buf_putc(&b, ')');
    hold_age(d, until_us, &b);
}

static void hold_future(struct deciding *d, int64_t until_us)
{
    REASON(b);
    ch_buf_puts(&b, CH_STR("its release time lies in the future: "));
    ch_reason_minute(&b, d->age.since_us);
    hold_age(d, until_us, &b);
}

/* The cool-down is over; T5 asks that the file outlived it: the index has to be known to have
 * listed it when the time ended (or at most index_confirm_hours before), and not as yanked. Bound
 * to that moment and not to now, so that what was released stays released while the upstream is
 * down. */
static void hold_release(struct deciding *d, int64_t ended_us)
{
    const struct ch_facts *f = d->facts;
    bool by_time = ((d->lifted_by_people | d->lifted_by_rules) & bit(CH_HOLD_AGE)) == 0;
    if (f->clock_jumped && by_time) {
        hold_plain(
            d, CH_HOLD_CLOCK, 0,
            "the clock of this server jumped; nothing is released by time until it is set right");
    }
    int64_t hours = (int64_t)d->policy->index_confirm_hours * HOUR_US;
    if (f->index_confirmed_at_us == CH_TIME_UNKNOWN ||
        f->index_confirmed_at_us < ch_time_add(ended_us, -hours) ||
        f->index_confirmed_at_us > d->now_us) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("its cool-down is over, but the upstream index has not been seen to "
                               "list it since; it is asked again"));
        hold_age(d, CH_TIME_UNKNOWN, &b);
    }
    if (f->upstream_yanked && !d->policy->release_yanked) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("yanked upstream"));
        ch_reason_foreign(&b, "upstream says", f->upstream_yanked_reason);
        hold_age(d, CH_TIME_UNKNOWN, &b);
    }
}

static void hold_by_age(struct deciding *d)
{
    if (d->policy->cool_down_days == 0 || d->age.source == CH_AGE_OLD_ENOUGH) {
        return;
    }
    int64_t until_us = ch_time_add(d->age.since_us, (int64_t)d->policy->cool_down_days * DAY_US);
    if (d->age.source == CH_AGE_FUTURE) {
        hold_future(d, until_us);
    } else if (d->age.source != CH_AGE_STATED && d->age.source != CH_AGE_SEEN) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("the upstream has not said when it was released"));
        hold_age(d, CH_TIME_UNKNOWN, &b);
    } else if (until_us > d->now_us) {
        hold_young(d, until_us);
    } else {
        hold_release(d, until_us);
    }
}

/* --- the decision --- */

static bool facts_usable(const struct ch_policy *policy, const struct ch_facts *facts)
{
    return policy != NULL && facts != NULL && facts->ecosystem.len > 0 &&
           facts->repository.len > 0 && facts->project.len > 0 && facts->file_name.len > 0 &&
           (facts->findings != NULL || facts->finding_count == 0) &&
           (facts->rulings != NULL || facts->ruling_count == 0);
}

/* T11: an ALLOW ends at the next moment that could change it: the end of an approval, or an age
 * that a rule asks about. */
static void end_at(struct deciding *d, int64_t at_us)
{
    if (at_us > d->now_us && (d->out->until_us == CH_TIME_UNKNOWN || at_us < d->out->until_us)) {
        d->out->until_us = at_us;
    }
}

static void set_end(struct deciding *d)
{
    if (d->approval_counted) {
        end_at(d, d->approval_ends_us);
    }
    for (size_t i = 0; i < d->policy->rule_count; i++) {
        const struct ch_rule *r = &d->policy->rules[i];
        bool known = d->age.source == CH_AGE_STATED || d->age.source == CH_AGE_SEEN;
        if (known && r->has_older) {
            end_at(d, ch_time_add(d->age.since_us, r->older_than_us));
        }
        if (known && r->has_younger) {
            end_at(d, ch_time_add(d->age.since_us, r->younger_than_us));
        }
    }
}

static void set_allowed(struct deciding *d)
{
    REASON(b);
    REASON(name);
    set_end(d);
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
        set_text(d, "rule", d->allowed_by->name, &b);
    } else {
        d->out->policy_line = d->policy->mode_line;
        set_text(d, "mode open", "", &b);
    }
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
                         .time_alone = true,
                         .until_us = CH_TIME_UNKNOWN};
    if (!facts_usable(policy, facts)) {
        hold_plain(&d, CH_HOLD_NO_RULE, 0, "not enough is known about it to decide");
        return;
    }
    d.age = ch_age_of(facts, now_us);
    if (denied_by_person(&d) || denied_by_evidence(&d)) {
        return;
    }
    collect_approvals(&d);
    hold_by_upstream(&d);
    if (apply_rules(&d)) {
        return;
    }
    hold_by_kind(&d);
    hold_by_findings(&d);
    hold_by_age(&d);
    hold_by_inspection(&d);
    if (ret->holds != 0) {
        ret->eligible = ret->holds == bit(CH_HOLD_NOT_INSPECTED);
        ret->until_us = d.time_alone ? d.until_us : CH_TIME_UNKNOWN;
        return;
    }
    set_allowed(&d);
    ret->verdict = CH_VERDICT_ALLOW;
}
