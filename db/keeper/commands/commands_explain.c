/* explain: what is known of a file and why it is served or not, for people and (--json) for
 * programs. */
#include "commands_int.h"
#include "commands_dependencies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/intake/judge_together.h"

#define EXPLAIN_FILES_MAX 60
#define FACTS_SHOWN       30 /* values of one name */
#define CHANGES_SHOWN     50

/* ------------------------------------------------------------------ findings */

void command_json_findings(struct ch_buf *b, const struct ch_inspection_result *in)
{
    json_open(b, "findings", '[');
    for (size_t i = 0; in != NULL && i < in->row.finding_count; i++) {
        const struct ch_finding *f = &in->row.findings[i];
        const struct ch_finding_row *row = ch_finding_row(f->code);
        ch_buf_puts(b, i > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(b, "code", ch_str_of(row->name));
        json_field(b, "class", ch_str_of(ch_finding_class_name(row->cls)));
        json_field(b, "member", f->member);
        json_field(b, "evidence", f->evidence);
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

void command_show_findings(struct command *c, const struct ch_inspection_result *in)
{
    for (size_t i = 0; i < in->row.finding_count; i++) {
        const struct ch_finding *f = &in->row.findings[i];
        const struct ch_finding_row *row = ch_finding_row(f->code);
        command_print(c, "    %s (%s): %s ", row->name, ch_finding_class_name(row->cls), row->text);
        if (f->evidence.len == 0 || !ch_str_starts(f->member, f->evidence)) { /* not twice */
            command_put_escaped(c, f->member);
            command_print(c, " ");
        }
        command_put(c, f->evidence); /* the jail has escaped it */
        command_print(c, "\n");
    }
}

/* ------------------------------------------------------------------ facts */

/* Those that a policy may speak of; the rest is for our own parsers. */
static void json_facts(struct ch_buf *b, const struct ch_inspection_result *in)
{
    json_open(b, "facts", '[');
    bool first = true;
    for (size_t i = 0; i < in->row.fact_count; i++) {
        const struct ch_fact *f = &in->row.facts[i];
        if (ch_fact_by_name(f->name) == NULL) {
            continue;
        }
        ch_buf_puts(b, first ? CH_STR("{") : CH_STR(",{"));
        json_field(b, "name", f->name);
        json_field(b, "value", f->value);
        ch_buf_putc(b, '}');
        first = false;
    }
    ch_buf_putc(b, ']');
}

/* "capability: network, process": one line per name. */
static void show_facts(struct command *c, const struct ch_inspection_result *in)
{
    for (int code = 0; code < CH_FACT_COUNT; code++) {
        struct ch_str name = ch_str_of(ch_fact_row((enum ch_fact_code)code)->name);
        size_t shown = 0;
        for (size_t i = 0; i < in->row.fact_count; i++) {
            const struct ch_fact *f = &in->row.facts[i];
            if (!ch_str_eq(f->name, name)) {
                continue;
            }
            if (shown == FACTS_SHOWN) {
                command_print(c, ", ...");
                break;
            }
            command_print(c, shown++ == 0 ? "    %s: " : ", ", name.ptr);
            command_put_escaped(c, f->value);
        }
        command_print(c, "%s", shown > 0 ? "\n" : "");
    }
}

/* ------------------------------------------------------------------ the inspection */

static void json_cost(struct ch_buf *b, const char *jail, const struct ch_jail_cost *cost)
{
    json_open(b, jail, '{');
    json_number(b, "cpu_us", cost->cpu_us);
    json_number(b, "memory_bytes", cost->memory_bytes);
    ch_buf_putc(b, '}');
}

static void json_inspection(struct command *c, struct ch_buf *b, const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    const struct ch_inspection_result *in = f->inspection;
    json_open(b, "inspection", '{');
    json_bool(b, "complete", in->row.outcome == CH_INSPECTION_COMPLETE);
    if (in->row.error.len > 0) {
        json_field(b, "error", in->row.error);
    }
    json_time(b, "at", in->row.at_us);
    json_number(b, "inspector", in->inspector_version);
    json_field(b, "profile", ch_str_of(f->release.profile));
    json_digest(b, "ruleset", &in->ruleset);
    json_bool(b, "in_force", !f->inspection_old);
    if (f->inspection_old) {
        json_time(b, "grace_until", keys_grace_ends(c->k, in->row.at_us));
    }
    json_number(b, "members", in->row.member_count);
    json_number(b, "wall_us", in->row.wall_us);
    json_number(b, "cpu_us", in->row.cpu_us);
    json_cost(b, "strict", &in->row.strict);
    json_cost(b, "second", &in->row.second);
    json_facts(b, in);
    ch_buf_putc(b, '}');
}

static void show_cost(struct command *c, const char *jail, const struct ch_jail_cost *cost)
{
    command_print(c, ", %s %.3f s CPU %llu KiB", jail, (double)cost->cpu_us / 1e6,
                  (unsigned long long)(cost->memory_bytes >> 10));
}

static void show_inspection(struct command *c, const struct page *p, size_t file)
{
    const struct page_file *f = &p->files[file];
    const struct ch_inspection_result *in = f->inspection;
    char time[40], hex[CH_SHA256_HEX + 1];
    command_time(in->row.at_us, time, sizeof(time));
    ch_sha256_hex(&in->ruleset, hex);
    command_print(c, "  inspected: %s, %llu members, inspector %u, profile %s, rules %.16s\n", time,
                  (unsigned long long)in->row.member_count, in->inspector_version,
                  f->release.profile, ch_sha256_is_zero(&in->ruleset) ? "none" : hex);
    if (f->inspection_old) {
        command_time(keys_grace_ends(c->k, in->row.at_us), time, sizeof(time));
        command_print(c,
                      "    not by the inspector and rules in force: counts for what is allowed "
                      "until %s\n",
                      time);
    }
    command_print(c, "    in %.3f s", (double)in->row.wall_us / 1e6);
    show_cost(c, "strict", &in->row.strict);
    show_cost(c, "second", &in->row.second);
    command_print(c, "\n");
    show_facts(c, in);
    command_show_findings(c, in);
}

/* ------------------------------------------------------------------ what differs from before */

static void json_change(struct ch_buf *b, const struct ch_change *change)
{
    json_field(b, "kind", ch_str_of(ch_change_kind_name(change->kind)));
    if (change->kind == CH_CHANGE_SIZE || change->kind == CH_CHANGE_SILENCE) {
        json_number(b, "before", change->before);
        json_number(b, "after", change->after);
    } else {
        json_field(b, "name", change->fact.name);
        json_field(b, "value", change->fact.value);
    }
}

/* What it is named like; what it can do that the release approved before it could not. */
static void json_comparison(struct ch_buf *b, const struct ch_facts *facts)
{
    struct ch_change changes[CHANGES_SHOWN];
    size_t total = ch_changes_of(facts, changes, CH_ARRAY_LEN(changes));
    if (facts->likeness.kind != CH_LIKENESS_NONE) {
        json_open(b, "likeness", '{');
        json_field(b, "kind", ch_str_of(ch_likeness_name(facts->likeness.kind)));
        json_field(b, "of", ch_str_of(facts->likeness.of));
        json_bool(
            b, "same_home",
            ch_likeness_same_home(&facts->likeness, facts->inspected, facts->inspected_count));
        ch_buf_putc(b, '}');
    }
    if (facts->previous_version.len == 0) {
        return;
    }
    json_field(b, "previous_version", facts->previous_version);
    if (facts->inspection != CH_INSPECTION_COMPLETE) {
        return; /* nothing to compare yet, which is not "nothing new" */
    }
    json_number(b, "change_count", total);
    json_open(b, "changes", '[');
    for (size_t i = 0; i < total && i < CH_ARRAY_LEN(changes); i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",{") : CH_STR("{"));
        json_change(b, &changes[i]);
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

static void show_change(struct command *c, const struct ch_change *change)
{
    unsigned long long before = change->before, after = change->after;
    switch (change->kind) {
    case CH_CHANGE_SIZE:
        command_print(c, "    size: %llu bytes, before %llu\n", after, before);
        break;
    case CH_CHANGE_SILENCE:
        command_print(c, "    first release after %llu days\n", after);
        break;
    case CH_CHANGE_NONE:
    case CH_CHANGE_CAPABILITY:
    case CH_CHANGE_MAINTAINER:
    default:
        command_print(c, "    new %s: ", ch_change_kind_name(change->kind));
        if (!ch_str_eq(change->fact.name, ch_str_of(ch_change_kind_name(change->kind)))) {
            command_put_escaped(c, change->fact.name);
            command_print(c, " ");
        }
        command_put_escaped(c, change->fact.value);
        command_print(c, "\n");
        break;
    }
}

static void show_comparison(struct command *c, const struct ch_facts *facts)
{
    struct ch_change changes[CHANGES_SHOWN];
    size_t total = ch_changes_of(facts, changes, CH_ARRAY_LEN(changes));
    if (facts->likeness.kind != CH_LIKENESS_NONE) {
        command_print(c, "  named like %s (%s)\n", facts->likeness.of,
                      ch_likeness_name(facts->likeness.kind));
    }
    if (facts->previous_version.len == 0) {
        return;
    }
    command_print(c, "  against ");
    command_put_escaped(c, facts->previous_version);
    bool compared = facts->inspection == CH_INSPECTION_COMPLETE;
    command_print(c, ", approved before it: %s\n",
                  !compared    ? "not compared, its inspection has not finished"
                  : total == 0 ? "nothing new"
                               : "");
    for (size_t i = 0; i < total && i < CH_ARRAY_LEN(changes); i++) {
        show_change(c, &changes[i]);
    }
    if (total > CH_ARRAY_LEN(changes)) {
        command_print(c, "    (%zu more)\n", total - CH_ARRAY_LEN(changes));
    }
}

/* ------------------------------------------------------------------ who has it */

static size_t clients_of(struct command *c, const struct page *p, size_t file)
{
    return command_clients_of(c, p, p->facts.files[file].index.file_name, &p->files[file].artifact);
}

/* ------------------------------------------------------------------ one file */

static const char *word_for(const struct ch_decision *d)
{
    return d->eligible ? "eligible" : ch_verdict_name(d->verdict);
}

static void json_progress(struct command *c, struct ch_buf *b, const struct page *p, size_t file)
{
    struct intake_progress progress;
    if (!intake_progress(c->k, p, file, &progress)) {
        return;
    }
    json_open(b, progress.failed ? "failed" : "under_way", '{');
    if (progress.failed) {
        json_field(b, "reason", ch_str_of(progress.text));
        json_time(b, "again", progress.again_at_us);
    } else {
        json_field(b, "state", ch_str_of(progress.state));
    }
    json_time(b, "since", progress.since_us);
    if (progress.expected_s > 0) {
        json_number(b, "expected_seconds", progress.expected_s);
    }
    ch_buf_putc(b, '}');
}

static void json_decision(struct command *c, struct ch_buf *b, const struct page *p, size_t file,
                          const struct ch_decision *d)
{
    const struct page_file *f = &p->files[file];
    json_field(b, "verdict", ch_str_of(word_for(d)));
    json_field(b, "rule", ch_str_of(d->rule));
    json_field(b, "reason", ch_str_of(d->reason));
    json_bool(b, "audited", d->audited);
    if (d->policy_line > 0) {
        json_field(b, "policy", ch_str_of(ch_policy_file_name(c->k->policy)));
        json_number(b, "policy_line", d->policy_line);
    }
    json_time(b, "since", f->recorded_at_us);
    if (f->recorded_at_us != CH_TIME_UNKNOWN) {
        json_digest(b, "since_under_policy", &f->recorded_policy);
    }
    json_time(b, "until", d->until_us);
    struct ch_buf change;
    ch_buf_init(&change, 1024);
    refusal_put_change(c->k, p, file, d, &change);
    json_field(b, "what_would_change_it", ch_buf_str(&change));
    ch_buf_done(&change);
    if (d->ruling_id != 0) {
        json_number(b, "ruling", d->ruling_id);
    }
}

void command_json_file(struct command *c, struct page *p, size_t file, const struct ch_decision *d,
                       struct ch_buf *b)
{
    const struct page_fact_file *f = &p->facts.files[file];
    json_field(b, "repository", ch_str_of(p->repository));
    json_field(b, "project", page_project(p, file));
    json_field(b, "version", ch_str_of(p->files[file].release.version));
    json_field(b, "file", f->index.file_name);
    json_decision(c, b, p, file, d);
    json_progress(c, b, p, file);
    json_field(b, "upstream", ch_str_of(p->upstream->name));
    json_time(b, "first_seen", f->first_seen_at_us);
    json_time(b, "uploaded", f->index.uploaded_at_us);
    json_time(b, "removed_upstream", f->removed_at_us);
    if (p->files[file].confirmed_known) {
        json_time(b, "bytes_confirmed", p->files[file].confirmed_at_us);
    }
    json_time(b, "fetch_failed",
              faults_of(p, file) != NULL ? faults_of(p, file)->at_us : CH_TIME_UNKNOWN);
    json_bool(b, "served", command_why_not_served(c, p, file, d) == NULL);
    json_number(b, "clients", clients_of(c, p, file));
    json_bool(b, "baseline", f->baseline);
    const struct ch_sha256 *bytes = &p->files[file].artifact; /* what came, else what is to come */
    bytes = ch_sha256_is_zero(bytes) ? command_bytes_now(p, file) : bytes;
    if (!ch_sha256_is_zero(bytes)) {
        json_digest(b, "sha256", bytes);
    }
    inspection_of(c->k, p, file);
    if (p->files[file].has_inspection) {
        json_inspection(c, b, p, file);
    }
    command_json_dependencies(c, b, f->index.file_name);
    struct ch_facts facts;
    command_json_exceptions_of(c, b, p, file);
    command_explain_pushed(c, p, file, b);
    command_explain_listed(c, p, file, b);
    judge_facts(c->k, p, file, &facts);
    json_comparison(b, &facts);
    command_json_findings(b, p->files[file].inspection);
}

static void explain_json(struct command *c, struct page *p, size_t file,
                         const struct ch_decision *d, bool first)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 20);
    ch_buf_puts(&b, first ? CH_STR("{") : CH_STR(",\n{"));
    command_json_file(c, p, file, d, &b);
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void show_progress(struct command *c, const struct intake_progress *progress)
{
    char time[40];
    command_time(progress->since_us, time, sizeof(time));
    if (progress->failed) {
        command_print(c, "  last tried: %s, in vain: %s", time, progress->text);
        command_time(progress->again_at_us, time, sizeof(time));
        command_print(
            c, progress->again_at_us != CH_TIME_UNKNOWN ? "; it is tried again at %s\n" : "\n",
            time);
        return;
    }
    command_print(c, "  on its way: it %s, since %s", progress->text, time);
    if (progress->expected_s > 0) {
        command_print(c, ", for about %u s more", progress->expected_s);
    }
    command_print(c, "\n");
}

static void show_decision(struct command *c, const struct page *p, size_t file,
                          const struct ch_decision *d)
{
    const struct page_file *f = &p->files[file];
    char time[40], hex[CH_SHA256_HEX + 1];
    struct intake_progress progress;
    bool tried = intake_progress(c->k, p, file, &progress);
    command_print(c, "\n  %s", word_for(d));
    if (d->audited) {
        command_print(c, " in audit; it would be held (%s): %s\n", d->rule, d->reason);
    } else if (d->verdict == CH_VERDICT_ALLOW) {
        command_print(c, ": %s\n", d->reason[0] != '\0' ? d->reason : "the policy allows it");
    } else {
        command_print(c, " (%s): %s\n", d->rule, d->reason);
    }
    if (d->policy_line > 0) {
        command_print(c, "  policy: %s:%u\n", ch_policy_file_name(c->k->policy), d->policy_line);
    }
    if (d->until_us != CH_TIME_UNKNOWN) {
        command_time(d->until_us, time, sizeof(time));
        command_print(c, "  changes by itself: %s\n", time);
    }
    if (f->recorded_at_us != CH_TIME_UNKNOWN) {
        command_time(f->recorded_at_us, time, sizeof(time));
        ch_sha256_hex(&f->recorded_policy, hex);
        command_print(c, "  so decided since: %s, under policy %.16s\n", time, hex);
    } else { /* nothing is recorded of what nobody asked for: it is decided anew each time */
        command_time(p->facts.files[file].first_seen_at_us, time, sizeof(time));
        command_print(c, "  known since: %s%s\n", time,
                      tried ? "" : ", nobody has asked for it yet");
    }
    if (tried && !(progress.failed && faults_of(p, file) != NULL)) { /* which says it below */
        show_progress(c, &progress);
    }
    if (d->ruling_id != 0) {
        command_print(c, "  by ruling %llu\n", (unsigned long long)d->ruling_id);
    }
    command_explain_exceptions(c, p, file);
    command_explain_pushed(c, p, file, NULL);
    struct ch_buf change;
    ch_buf_init(&change, 1024);
    refusal_put_change(c->k, p, file, d, &change);
    command_print(c, "  what would change it: ");
    command_put(c, ch_buf_str(&change));
    command_print(c, "\n");
    ch_buf_done(&change);
}

void command_show_file(struct command *c, struct page *p, size_t file, const struct ch_decision *d)
{
    const struct page_fact_file *f = &p->facts.files[file];
    char time[40];
    command_put_escaped(c, f->index.file_name);
    show_decision(c, p, file, d);
    command_explain_listed(c, p, file, NULL);
    command_time(f->first_seen_at_us, time, sizeof(time));
    command_print(c, "  first seen: %s%s\n", time,
                  f->baseline ? ", on the first load of its page (baseline)" : "");
    command_show_stated_time(c, p, file);
    if (p->files[file].confirmed_known && p->files[file].confirmed_at_us != CH_TIME_UNKNOWN) {
        command_time(p->files[file].confirmed_at_us, time, sizeof(time));
        command_print(c, "  fetched last: %s (the upstream states no sha256)\n", time);
    }
    const struct fault *fault = faults_of(p, file);
    if (fault != NULL) {
        command_time(fault->at_us, time, sizeof(time));
        command_print(c, "  fetched in vain: %s%s%s\n", time, fault->text[0] != '\0' ? ", " : "",
                      fault->text);
    }
    const char *why_not = command_why_not_served(c, p, file, d);
    command_print(c, "  served: %s%s\n",
                  why_not == NULL      ? "yes, its bytes can be had"
                  : why_not[0] == '\0' ? "no"
                                       : "not now: ",
                  why_not != NULL ? why_not : "");
    size_t clients = clients_of(c, p, file);
    if (clients > 0) {
        command_print(c, "  fetched by: %zu client%s (customhouse fetched-by lists them)\n",
                      clients, clients == 1 ? "" : "s");
    }
    inspection_of(c->k, p, file);
    if (p->files[file].has_inspection) {
        show_inspection(c, p, file);
    } else {
        command_print(c, "  not inspected yet\n");
    }
    struct ch_facts facts;
    judge_facts(c->k, p, file, &facts);
    show_comparison(c, &facts);
}

/* ------------------------------------------------------------------ explain */

/* What is known is answered from while the upstream fails, for a while. */
static void show_last_failure(struct command *c, const struct page *p)
{
    char time[40];
    if (p->failed_at_us != 0) {
        command_time(p->failed_at_us, time, sizeof(time));
        command_print(c, "the upstream's page could not be had at %s: ", time);
        command_put_printable(c, ch_str_of(p->fail_text));
        command_print(c, "\n");
    }
}

static int compare_newest(const void *a, const void *b, void *versions)
{
    const size_t *x = a, *y = b;
    const uint32_t *version = versions;
    if (version[*x] != version[*y]) {
        return version[*x] > version[*y] ? -1 : 1;
    }
    return (*x > *y) - (*x < *y);
}

/* A page's files by version, newest first: what people ask about, however the upstream sorts its
 * page. The caller frees. */
static size_t *newest_first(const struct page *p)
{
    size_t count = p->facts.file_count;
    size_t *files = ch_calloc(count + 1, sizeof(*files));
    for (size_t i = 0; i < count; i++) {
        files[i] = i;
    }
    qsort_r(files, count, sizeof(*files), compare_newest, p->index.version);
    return files;
}

enum step command_explain(struct command *c)
{
    struct what what;
    struct ch_sha256 sha256;
    bool digest;
    struct ch_err err;
    enum step step;
    size_t shown = 0, named = 0, count[3] = {0}, eligible = 0;
    if (command_digest(c, &digest, &sha256, &err) != CH_OK) {
        return command_end(c, 2, "%s", err.msg);
    }
    enum ch_code rc = command_what(c, &what, &err);
    if (digest && rc == CH_E_NOT_FOUND && !command_was_fetched(c, &sha256)) {
        return command_explain_unknown(c, &sha256, err.msg);
    }
    if (rc != CH_OK) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    struct page *p = command_any_page(c, &what, &step);
    if (p == NULL || p->load == PAGE_ABSENT) {
        return p == NULL ? step : command_explain_absent(c, p);
    }
    bool release = what.kind == WHAT_VERSION || what.kind == WHAT_FILE;
    if (command_explain_replaced(c, p, &what, &step) ||
        (release && !command_find_dependencies(c, p, &what, false, &step))) {
        return step;
    }
    size_t max = what.kind == WHAT_PROJECT && !c->args.json ? EXPLAIN_FILES_MAX : SIZE_MAX;
    if (c->args.json) {
        command_print(c, "[");
    }
    size_t *files = newest_first(p);
    struct judged_together together;
    judge_together(p, &together);
    for (size_t at = 0; at < p->facts.file_count; at++) {
        size_t i = files[at];
        if (!command_concerns(p, i, &what)) {
            continue;
        }
        struct ch_decision d;
        judge(c->k, p, i, &d);
        named++;
        count[d.verdict] += !d.eligible;
        eligible += d.eligible;
        if (shown < max) {
            if (c->args.json) {
                explain_json(c, p, i, &d, shown == 0);
            } else {
                command_show_file(c, p, i, &d);
            }
            shown++;
        }
    }
    judge_apart(p);
    free(files);
    if (c->args.json) {
        command_print(c, "]\n");
    } else {
        if (shown < named) {
            command_print(c, "(%zu more files)\n", named - shown);
        }
        command_print(
            c, "%s in %s, owned by upstream %s: %zu allowed, %zu eligible, %zu held, %zu denied\n",
            p->project, p->repository, p->upstream->name, count[CH_VERDICT_ALLOW], eligible,
            count[CH_VERDICT_HOLD], count[CH_VERDICT_DENY]);
        if (p->facts.left_out > 0) {
            command_print(
                c,
                "left out of its page: %zu, which cannot be read or name nothing that can be "
                "fetched\n",
                p->facts.left_out);
        }
        command_tell_dependencies(c);
        show_last_failure(c, p);
    }
    return named > 0 ? command_end(c, 0, "%s", "") : command_end_unlisted(c, p, &what);
}
