/* Holds that need no look into the file, those of findings and of a missing inspection; and what a
 * hold is. Everything that is not known, and every value out of its range, is a hold. */
#include <stdio.h>

#include "decide_int.h"

void set_text(struct deciding *d, const char *rule, const char *name, struct ch_buf *reason)
{
    char text[sizeof(d->out->rule) * 2];
    (void)snprintf(text, sizeof(text), "%s%s%.64s", rule, name[0] != '\0' ? " " : "", name);
    ch_reason_set(d->out->rule, sizeof(d->out->rule), ch_str_of(text));
    ch_reason_set(d->out->reason, sizeof(d->out->reason), ch_buf_str(reason));
}

void add_hold(struct deciding *d, struct hold hold, struct ch_buf *reason)
{
    if (((d->lifted_by_people | d->lifted_by_rules) & bit(hold.kind)) != 0) {
        d->approval_counted = d->approval_counted || (d->lifted_by_rules & bit(hold.kind)) == 0;
        return;
    }
    /* what is missing comes by itself: whatever else holds it is told instead */
    bool only_missing =
        d->out->holds == bit(CH_HOLD_NOT_INSPECTED) && hold.kind != CH_HOLD_NOT_INSPECTED;
    if (d->out->holds == 0 || only_missing) {
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

void hold_plain(struct deciding *d, enum ch_hold_kind kind, uint32_t line, const char *text)
{
    REASON(b);
    ch_buf_puts(&b, ch_str_of(text));
    add_hold(d, (struct hold){kind, ch_hold_kind_name(kind), "", line, CH_TIME_UNKNOWN}, &b);
}

/* --- whose the name is (T12) --- */

void hold_by_owner(struct deciding *d)
{
    static const char *const rules[] = {
        [CH_OWNER_RESERVED] = "reserved",
        [CH_OWNER_LEFT] = "upstream-left",
        [CH_OWNER_GIVEN_AWAY] = "given-away",
    };
    enum ch_name_owner owner = d->facts->name_owner;
    if (owner == CH_OWNER_UPSTREAM) {
        return;
    }
    bool named = (size_t)owner < CH_ARRAY_LEN(rules) && rules[owner] != NULL;
    REASON(b);
    ch_buf_puts(&b, ch_str_of(ch_name_owner_text(owner)));
    add_hold(d,
             (struct hold){CH_HOLD_OWNER, named ? rules[owner] : ch_hold_kind_name(CH_HOLD_OWNER),
                           "", 0, CH_TIME_UNKNOWN},
             &b);
}

/* --- upstream's word, and siblings (T5, T10) --- */

void hold_by_upstream(struct deciding *d)
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
        ch_buf_puts(&b, ch_str_eq(f->sibling, f->file_name)
                            ? CH_STR("other bytes that came for this file were denied: ")
                            : CH_STR("another file of this version is denied: "));
        ch_buf_put_escaped(&b, ch_str_sub(f->sibling, 0, CH_REASON_MAX / 2));
        add_hold(d, (struct hold){CH_HOLD_SIBLING, "sibling", "", 0, CH_TIME_UNKNOWN}, &b);
    }
}

/* --- what kind of file it is --- */

/* Any other value than those of the two modes that let pass is allow-list. */
static bool in_open_mode(const struct deciding *d)
{
    return d->settings->mode.number == CH_MODE_QUARANTINE ||
           d->settings->mode.number == CH_MODE_AUDIT;
}

/* T10: by default an sdist is only there for versions that have nothing else. */
static void hold_sdist(struct deciding *d)
{
    const struct ch_value *v = &d->settings->sdists;
    const struct ch_ecosystem *eco = ch_ecosystem_find(d->facts->ecosystem);
    if (eco == NULL || eco->source_type == NULL || v->number == CH_SDISTS_ALWAYS ||
        !ch_str_eq(d->facts->file_type, ch_str_of(eco->source_type))) {
        return;
    }
    if (v->number != CH_SDISTS_WHEN_NO_WHEEL) {
        hold_plain(d, CH_HOLD_BUILD, v->line,
                   "a source distribution, and the policy lets none pass");
    } else if (d->facts->version_has_wheel) {
        hold_plain(d, CH_HOLD_BUILD, v->line,
                   "a source distribution of a version that has a wheel; the policy lets only the "
                   "wheel pass");
    }
}

/* Of what is not of the stated size nothing was kept, so there is nothing in it to approve. */
static void hold_by_told_size(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    const struct ch_finding_row *row = ch_finding_row(CH_F_SIZE_MISMATCH);
    REASON(b);
    ch_buf_printf(&b,
                  "%s: %llu bytes stated, %llu%s received; fetched again once the index states the "
                  "same again",
                  row->text, (unsigned long long)f->size_bytes, (unsigned long long)f->told_bytes,
                  f->told_at_least ? " or more" : "");
    add_hold(d, (struct hold){CH_HOLD_SIZE, "finding", row->name, 0, CH_TIME_UNKNOWN}, &b);
}

/* Nobody has its bytes to give, so there is nothing to approve. That it is listed and not there is
 * a fact of the file; the others are of who was asked. Another hash denies: decide.c. */
static void hold_by_fault(struct deciding *d)
{
    static const struct {
        const char *rule, *text;
    } rows[CH_FAULT_COUNT] = {
        [CH_FAULT_REFUSED] = {"upstream-refuses", "its upstream does not give it"},
        [CH_FAULT_DENIED] = {"fetch-denied",
                             "it may not be fetched from where its upstream has it"},
        [CH_FAULT_ANSWER] = {"upstream-answer", "what its upstream answers cannot be taken for it"},
    };
    const struct ch_facts *f = d->facts;
    if (f->fault == CH_FAULT_NONE || f->fault == CH_FAULT_HASH) {
        return;
    }
    if (f->fault == CH_FAULT_SIZE) {
        hold_by_told_size(d);
        return;
    }
    const struct ch_finding_row *missing = ch_finding_row(CH_F_FILE_MISSING);
    bool is_missing = f->fault == CH_FAULT_MISSING;
    bool named = (size_t)f->fault < CH_FAULT_COUNT && rows[f->fault].rule != NULL;
    size_t row = named ? f->fault : CH_FAULT_ANSWER;
    REASON(b);
    ch_buf_puts(&b, ch_str_of(is_missing ? missing->text : rows[row].text));
    if (f->fault_text.len > 0) {
        ch_buf_puts(&b, CH_STR(": "));
        ch_buf_put_escaped(&b, ch_str_sub(f->fault_text, 0, CH_REASON_MAX));
    }
    add_hold(d,
             (struct hold){CH_HOLD_FETCH, is_missing ? "finding" : rows[row].rule,
                           is_missing ? missing->name : "", 0, CH_TIME_UNKNOWN},
             &b);
}

/* It would be listed, chosen and never come: the fetcher stops at that size. */
static void hold_by_size(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    if (f->size_bytes == CH_SIZE_UNKNOWN || f->size_bytes <= f->max_bytes) {
        return;
    }
    REASON(b);
    ch_buf_printf(&b,
                  "it has %llu bytes%s, and the largest file that is fetched here has %llu (%s)",
                  (unsigned long long)f->size_bytes, f->size_at_least ? " or more" : "",
                  (unsigned long long)f->max_bytes, f->max_bytes_key);
    add_hold(d,
             (struct hold){CH_HOLD_SIZE, ch_hold_kind_name(CH_HOLD_SIZE), "", 0, CH_TIME_UNKNOWN},
             &b);
}

void hold_by_kind(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    if (!in_open_mode(d) && !d->listed) {
        hold_plain(d, CH_HOLD_NOT_LISTED, d->settings->mode.line,
                   "no rule of the policy lists it, and only listed projects pass");
    }
    hold_by_size(d);
    hold_by_fault(d);
    if (!f->has_inspector) {
        REASON(b);
        ch_buf_puts(&b, CH_STR("no inspector for this type of file ("));
        ch_buf_put_escaped(&b, ch_str_sub(f->file_type, 0, CH_RULE_NAME_MAX));
        ch_buf_putc(&b, ')');
        add_hold(d, (struct hold){CH_HOLD_FILE_TYPE, "file-type", "", 0, CH_TIME_UNKNOWN}, &b);
    }
    if (d->settings->require_hash.number != 0 && !f->hash_stated) {
        hold_plain(d, CH_HOLD_IDENTITY, d->settings->require_hash.line,
                   "the upstream index states no sha256 for it, and the policy asks for one");
    } else if (d->settings->hold_weak_hash.number != 0 && !f->hash_stated &&
               ch_hash_kind_weak(f->alias)) {
        hold_plain(d, CH_HOLD_IDENTITY, d->settings->hold_weak_hash.line,
                   f->alias == CH_HASH_MD5 ? "the upstream states only an md5 hash"
                                           : "the upstream states only a sha1 hash");
    }
    hold_sdist(d);
}

/* --- findings (T9) --- */

bool in_force(const struct deciding *d, const struct ch_ruling *r)
{
    /* T8: an approval has an end; without one it is none */
    if (r->expires_at_us == CH_TIME_UNKNOWN) {
        return r->deny;
    }
    return d->now_us < r->expires_at_us;
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
        if (ch_rule_action_of(r) != CH_RULE_ALLOW || (r->lifted & bit(CH_HOLD_FINDING)) == 0 ||
            ch_rule_match(r, &d->matched) != CH_YES) {
            continue;
        }
        for (size_t k = 0; k < r->findings.own.exact_count; k++) {
            if (ch_finding_pattern_match(&r->findings.findings[k], finding)) {
                return true;
            }
        }
    }
    return false;
}

/* The sentence of the finding; of a rule its own name and message, which its author wrote for
 * people: "matches a rule for what attacks do" alone helps nobody. Other evidence is the file's own
 * text. */
static void put_finding_reason(struct ch_buf *b, const struct ch_finding_row *row,
                               const struct ch_finding *f)
{
    ch_buf_puts(b, ch_str_of(row->text));
    bool by_rule = f->code == CH_F_RULE_MALICIOUS || f->code == CH_F_RULE_SUSPICIOUS;
    if (by_rule && f->evidence.len > 0) {
        ch_buf_puts(b, CH_STR(": "));
        ch_buf_put_escaped(b, ch_str_sub(f->evidence, 0, CH_REASON_MAX / 2));
    }
}

void hold_by_findings(struct deciding *d)
{
    for (size_t i = 0; i < d->facts->finding_count; i++) {
        const struct ch_finding *f = &d->facts->findings[i];
        const struct ch_finding_row *row = ch_finding_row((uint32_t)f->code);
        if (row == NULL) {
            hold_plain(d, CH_HOLD_FINDING, 0,
                       "inspection reported a finding that is not known here");
            continue;
        }
        bool holds = row->cls == CH_CLASS_IRREGULAR &&
                     (uint64_t)row->severity >= d->settings->hold_findings.number;
        if (!holds || lifted_by_rule(d, f)) {
            continue;
        }
        if (approved(d, f)) {
            d->approval_counted = true;
        } else {
            REASON(b);
            put_finding_reason(&b, row, f);
            add_hold(d,
                     (struct hold){CH_HOLD_FINDING, "finding", row->name,
                                   d->settings->hold_findings.line, CH_TIME_UNKNOWN},
                     &b);
        }
    }
}

/* --- external scanners (T8) --- */

static void hold_by_failed(struct deciding *d)
{
    const struct ch_finding_row *row = ch_finding_row(CH_F_EXTERNAL_FAILED);
    struct ch_str text = d->facts->external_text;
    REASON(b);
    ch_buf_puts(&b, ch_str_of(row->text));
    if (text.len > 0) {
        ch_buf_puts(&b, CH_STR(": "));
        ch_buf_put_escaped(&b, ch_str_sub(text, 0, CH_REASON_MAX));
    }
    add_hold(d, (struct hold){CH_HOLD_EXTERNAL, "finding", row->name, 0, CH_TIME_UNKNOWN}, &b);
}

/* A scanner that was stolen may hold what it likes, and let nothing pass. A value out of range is
 * no Passed. */
void hold_by_external(struct deciding *d)
{
    const struct ch_value *demanded = &d->settings->require_external_verdict;
    if (d->facts->external == CH_EXTERNAL_FAILED) {
        hold_by_failed(d);
    } else if (demanded->number != 0 && d->facts->is_image &&
               d->facts->external != CH_EXTERNAL_PASSED) {
        hold_plain(d, CH_HOLD_EXTERNAL, demanded->line,
                   "no external scanner has passed it yet, and the policy asks for that");
    }
}

void hold_by_inspection(struct deciding *d)
{
    int64_t ends = d->facts->inspection_ends_at_us;
    switch (d->facts->inspection) {
    case CH_INSPECTION_COMPLETE:
        if (ends != CH_TIME_UNKNOWN && ends <= d->now_us) { /* T6 */
            hold_plain(d, CH_HOLD_NOT_INSPECTED, 0,
                       "not inspected yet by the inspector and rules in force");
        }
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
