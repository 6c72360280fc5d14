/* queue, status, fetched-by: what is known, for people and (--json) for programs. */
#include "commands_int.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/egress/notices.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/policies/policy_proposals.h"
#include "db/keeper/rulings/altered.h"
#include "db/keeper/rulings/rulings.h"
#include "db/keeper/unsaved.h"

#include <stdio.h>

#include "db/keeper/intake/quota.h"
#include "db/keeper/intake/rescan.h"
#include "db/keeper/audit/witnesses.h"

#define QUEUE_MAX 500 /* of a verdict */

/* ------------------------------------------------------------------ queue */

struct listing {
    struct command *c;
    struct ch_str repository; /* fetched-by: this one alone; absent: all */
    bool any;                 /* also what is not shown */
    size_t count;
};

/* Repositories may have the same file. */
static void put_file(struct command *c, struct ch_str file_name, struct ch_str repository)
{
    command_put_escaped(c, file_name);
    command_print(c, " (");
    command_put_escaped(c, repository);
    command_print(c, ")");
}

static void show_decision(void *ctx, const struct ch_decision_row *row)
{
    struct listing *l = ctx;
    struct command *c = l->c;
    char time[40];
    command_time(row->at_us, time, sizeof(time));
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 64u << 10);
        ch_buf_puts(&b, l->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "state", ch_str_of(ch_verdict_name(row->verdict)));
        json_field(&b, "repository", row->repository);
        json_field(&b, "project", row->project);
        json_field(&b, "file", row->file_name);
        json_field(&b, "rule", row->rule);
        json_field(&b, "reason", row->reason);
        json_bool(&b, "audited", row->audited);
        json_digest(&b, "under_policy", &row->policy);
        json_field(&b, "at", ch_str_of(time));
        ch_buf_putc(&b, '}');
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        command_print(c, "%-5s %s  ", ch_verdict_name(row->verdict), time);
        put_file(c, row->file_name, row->repository);
        command_print(c, "  ");
        command_put_printable(c, row->reason); /* escaped when it was decided */
        command_print(c, "\n");
    }
    l->count++;
}

static void show_intake(void *ctx, const struct ch_intake_row *row, const char *progress)
{
    struct listing *l = ctx;
    struct command *c = l->c;
    if (!command_sees(c, ACTION_QUEUE_READ, row->repository)) {
        return;
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 64u << 10);
        ch_buf_puts(&b, l->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "state", ch_str_of(progress));
        json_field(&b, "repository", row->repository);
        json_field(&b, "project", row->project);
        json_field(&b, "file", row->file_name);
        json_field(&b, "reason", row->error);
        ch_buf_putc(&b, '}');
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        command_print(c, "%-10s ", progress);
        put_file(c, row->file_name, row->repository);
        command_print(c, "%s", row->ahead ? "  (asked ahead) " : " ");
        command_put_printable(c, row->error);
        command_print(c, "\n");
    }
    l->count++;
}

static enum ch_code list_in(struct listing *l, struct ch_str repository, enum ch_verdict verdict,
                            struct ch_err *err)
{
    struct ch_store *store = l->c->k->store;
    return command_has(l->c, "audited")
               ? ch_store_decisions_audited(store, repository, QUEUE_MAX, show_decision, l, err)
               : ch_store_decisions_by_verdict(store, repository, verdict, QUEUE_MAX, show_decision,
                                               l, err);
}

/* Of the site as a whole; or as much of each repository that is for who commands. */
static enum ch_code list_seen(struct listing *l, enum ch_verdict verdict, struct ch_err *err)
{
    const struct ch_config *config = l->c->k->config;
    const struct ch_str site = {NULL, 0};
    enum ch_code rc = CH_OK;
    if (command_sees(l->c, ACTION_QUEUE_READ, site)) {
        return list_in(l, site, verdict, err);
    }
    for (size_t i = 0; rc == CH_OK && i < config->repository_count; i++) {
        struct ch_str repository = ch_str_of(config->repositories[i].name);
        if (command_sees(l->c, ACTION_QUEUE_READ, repository)) {
            rc = list_in(l, repository, verdict, err);
        }
    }
    return rc;
}

enum step command_queue(struct command *c)
{
    struct listing l = {.c = c};
    struct ch_err err;
    bool audited = command_has(c, "audited");
    if (c->args.json) {
        command_print(c, "[");
    }
    if (!audited) {
        intakes_each(c->k, show_intake, &l);
    }
    enum ch_code rc = list_seen(&l, CH_VERDICT_HOLD, &err);
    if (rc == CH_OK && !audited) {
        rc = list_seen(&l, CH_VERDICT_DENY, &err);
    }
    if (c->args.json) {
        command_print(c, "]\n");
    } else if (l.count == 0) {
        command_print(c, audited ? "nothing is served that would be held\n"
                                 : "nothing is held or waiting\n");
    }
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* ------------------------------------------------------------------ fetched-by */

static void show_served(void *ctx, const struct ch_served_row *row)
{
    struct listing *l = ctx;
    struct command *c = l->c;
    char first[40], last[40], hex[CH_SHA256_HEX + 1];
    l->any = true;
    if (!command_sees(c, ACTION_AUDIT_READ,
                      row->repository)) { /* T26: who fetches where is for who reads there */
        return;
    }
    if (l->repository.len > 0 && !ch_str_eq(l->repository, row->repository)) {
        return;
    }
    command_time(row->first_at_us, first, sizeof(first));
    command_time(row->last_at_us, last, sizeof(last));
    ch_sha256_hex(&row->sha256, hex);
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 64u << 10);
        ch_buf_puts(&b, l->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "repository", row->repository);
        json_field(&b, "file", row->file_name);
        json_field(&b, "sha256", ch_str_of(hex));
        json_field(&b, "principal", row->principal);
        json_field(&b, "address", row->address);
        json_field(&b, "user_agent", row->user_agent);
        json_field(&b, "first", ch_str_of(first));
        json_field(&b, "last", ch_str_of(last));
        ch_buf_printf(&b, ",\"times\":%llu}", (unsigned long long)row->times);
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        if (row->principal.len > 0) {
            command_put_escaped(c, row->principal);
            command_print(c, " from ");
        }
        command_put_escaped(c, row->address);
        command_print(c, "  %s .. %s  %llu times  ", first, last, (unsigned long long)row->times);
        put_file(c, row->file_name, row->repository);
        command_print(c, "  ");
        command_put_escaped(c, ch_str_sub(row->user_agent, 0, 60));
        command_print(c, "\n");
    }
    l->count++;
}

struct concerned {
    struct listing *l;
    const struct what *what;
    const struct ch_sha256 *sha256;
    enum ch_code rc;
    struct ch_err err;
};

static void on_concerned(void *ctx, struct page *p)
{
    struct concerned *all = ctx;
    for (size_t i = 0; all->rc == CH_OK && i < p->facts.file_count; i++) {
        if (command_concerns(p, i, all->what)) {
            all->rc =
                ch_store_served(all->l->c->k->store, all->sha256, page_name(p),
                                p->facts.files[i].index.file_name, show_served, all->l, &all->err);
        }
    }
}

static void on_known(void *ctx, struct page *p)
{
    (void)p;
    *(bool *)ctx = true;
}

/* Whether any page was ever read that has what is asked about, where the one who asks may look. */
static bool is_known(struct command *c, const struct what *what, struct ch_str repository)
{
    bool known = false;
    for (size_t i = 0; !known && i < c->k->config->repository_count; i++) {
        struct ch_str name = ch_str_of(c->k->config->repositories[i].name);
        if ((repository.len == 0 || ch_str_eq(repository, name)) &&
            command_sees(c, ACTION_AUDIT_READ, name)) {
            pages_with(c->k, name, ch_str_of(what->project), on_known, &known);
        }
    }
    return known;
}

enum step command_fetched_by(struct command *c)
{
    struct what what;
    struct ch_err err;
    struct ch_sha256 sha256 = {{0}};
    struct listing l = {.c = c, .repository = command_option(c, "repository")};
    bool digest;
    if (command_digest(c, &digest, &sha256, &err) != CH_OK ||
        (digest && l.repository.len > 0 &&
         command_repository(c, (struct ch_str){NULL, 0}, NULL, &err) == NULL) ||
        (!digest && command_what(c, &what, &err) != CH_OK)) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    if (c->args.json) {
        command_print(c, "[");
    }
    enum ch_code rc;
    if (digest) {
        rc = ch_store_served(c->k->store, &sha256, (struct ch_str){NULL, 0},
                             (struct ch_str){NULL, 0}, show_served, &l, &err);
    } else if (what.kind == WHAT_FILE ||
               (what.kind == WHAT_PROJECT && !command_is_searched(c->k, &what))) {
        rc = ch_store_served(c->k->store, &sha256, ch_str_of(what.project),
                             ch_str_of(what.kind == WHAT_FILE ? what.file_name : NULL), show_served,
                             &l, &err);
    } else {
        struct concerned all = {.l = &l, .what = &what, .sha256 = &sha256, .rc = CH_OK};
        pages_with(c->k, ch_str_of(what.repository), ch_str_of(what.project), on_concerned, &all);
        rc = all.rc;
        if (rc != CH_OK) {
            err = all.err;
        }
    }
    if (c->args.json) {
        command_print(c, "]\n");
    }
    if (rc != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    if (l.count > 0) {
        return command_end(c, 0, "%s", "");
    }
    if (digest && !l.any && !command_was_fetched(c, &sha256)) {
        return command_end(c, 1, "no file with this sha256 was ever fetched here");
    }
    if (!digest && !is_known(c, &what, l.repository)) {
        return command_end(
            c, 1,
            "%s: unknown here: no page of it was ever read, and nobody fetched anything of it",
            what.project);
    }
    if (!c->args.json) {
        command_print(c, "nobody fetched it\n");
    }
    return command_end(c, 0, "%s", "");
}

/* ------------------------------------------------------------------ status */

/* What failed is on its way no more, until somebody asks for it again. */
struct coming {
    size_t files;
    size_t failed;
};

static void count_coming(void *ctx, const struct ch_intake_row *row, const char *progress)
{
    struct coming *n = ctx;
    (void)progress;
    if (row->state == CH_INTAKE_FAILED) {
        n->failed++;
    } else {
        n->files++;
    }
}

/* The supervisor's lines, "NAME pid N restarts N CONFINEMENT" each (supervisor.c). */
static void put_processes(struct ch_buf *b, struct ch_str lines)
{
    struct ch_str line, name, word, pid, restarts;
    bool first = true;
    json_open(b, "processes", '[');
    while (ch_str_split(&lines, '\n', &line)) {
        uint64_t id = 0, count = 0;
        if (!ch_str_split(&line, ' ', &name) || !ch_str_split(&line, ' ', &word) ||
            !ch_str_split(&line, ' ', &pid) || !ch_str_u64(pid, &id) ||
            !ch_str_split(&line, ' ', &word) || !ch_str_split(&line, ' ', &restarts) ||
            !ch_str_u64(restarts, &count)) {
            continue; /* the last one ends with a line feed, too */
        }
        ch_buf_puts(b, ch_str_of(first ? "{" : ",{"));
        first = false;
        json_field(b, "name", name);
        json_number(b, "pid", id);
        json_number(b, "restarts", count);
        json_field(b, "confinement", line);
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

static void show_altered(struct command *c, const struct altered *a)
{
    static const char names_them[] = "customhouse audit verify names them";
    if (a->approvals > 0) {
        command_print(
            c,
            "%zu approvals of the database are NOT taken, for the audit log does not have "
            "them so: %s\n",
            a->approvals, names_them);
    }
    if (a->denials > 0) {
        command_print(c,
                      "%zu denials are in force by the audit log alone, for the database does NOT "
                      "have them so: %s\n",
                      a->denials, names_them);
    }
    if (a->exceptions > 0) {
        command_print(
            c,
            "%zu exceptions can NOT be approved, for the audit log does not have them so: "
            "%s (customhouse exceptions list)\n",
            a->exceptions, names_them);
    }
    if (a->people > 0) {
        command_print(
            c,
            "%zu rows about users, groups and tokens give NOTHING or are gone, for the audit "
            "log does not have them so, and nothing new is given: %s\n",
            a->people, names_them);
    }
}

static void json_altered(struct ch_buf *b, const struct altered *a)
{
    json_open(b, "altered", '{');
    json_number(b, "approvals", a->approvals);
    json_number(b, "denials", a->denials);
    json_number(b, "exceptions", a->exceptions);
    json_number(b, "people", a->people);
    ch_buf_putc(b, '}');
}

enum step command_status(struct command *c)
{
    struct keeper *k = c->k;
    struct ch_err err;
    struct ch_buf b;
    char since[40], hex[CH_SHA256_HEX + 1];
    uint64_t bytes[2] = {0}, files[2] = {0};
    struct ch_sha256 policy = ch_policy_digest(k->policy);
    struct rescan_state rescan = rescan_state(k);
    struct audit_state audit;
    audit_state(k, &audit);
    const char *trouble = keeper_store_trouble(k);
    bool healthy = k->healthy && trouble == NULL;
    size_t unsaved = unsaved_count(k);
    struct altered altered = altered_now(k);
    bool whole =
        healthy && audit.trouble[0] == '\0' && unsaved == 0 && altered_count(&altered) == 0;
    struct coming coming = {0};
    intakes_each(k, count_coming, &coming);
    ch_sha256_hex(&policy, hex);
    command_time(k->started_at_us, since, sizeof(since));
    CH_IGNORE(ch_store_blob_bytes(k->store, CH_BLOB_SERVED, &bytes[0], &files[0], &err));
    CH_IGNORE(ch_store_blob_bytes(k->store, CH_BLOB_UNDECIDED, &bytes[1], &files[1], &err));
    uint64_t last_bytes[2] = {0}, last_files[2] = {0}, lost = 0;
    CH_IGNORE(quota_lost(k, &lost, &err));
    CH_IGNORE(ch_store_last_copies(k->store, CH_BLOB_SERVED, &last_bytes[0], &last_files[0], &err));
    CH_IGNORE(
        ch_store_last_copies(k->store, CH_BLOB_UNDECIDED, &last_bytes[1], &last_files[1], &err));
    if (c->args.json) {
        ch_buf_init(&b, 512u << 10);
        ch_buf_putc(&b, '{');
        json_field(&b, "keeper_since", ch_str_of(since));
        json_field(&b, "policy_sha256", ch_str_of(hex));
        ch_buf_printf(&b, ",\"healthy\":%s,\"clock_jumped\":%s", healthy ? "true" : "false",
                      k->clock_jumped ? "true" : "false");
        for (int i = 0; i < 2; i++) {
            json_open(&b, i == 0 ? "served" : "undecided", '{');
            json_number(&b, "bytes", bytes[i]);
            json_number(&b, "files", files[i]);
            json_number(&b, "last_copies", last_files[i]);
            json_number(&b, "last_copies_bytes", last_bytes[i]);
            ch_buf_putc(&b, '}');
        }
        json_number(&b, "last_copies_percent", k->config->last_copies_percent);
        json_number(&b, "last_copies_lost", lost);
        json_number(&b, "intakes", coming.files);
        json_number(&b, "failed_intakes", coming.failed);
        json_number(&b, "inspector", CH_INSPECTOR_VERSION);
        json_digest(&b, "ruleset", &k->ruleset);
        json_number(&b, "rules", k->rule_count);
        json_open(&b, "rescan", '{');
        json_number(&b, "total", rescan.total);
        json_number(&b, "done", rescan.done);
        json_number(&b, "withdrawn", rescan.withdrawn);
        json_number(&b, "failed", rescan.failed);
        ch_buf_putc(&b, '}');
        json_open(&b, "audit_log", '{');
        json_number(&b, "entries", audit.next);
        json_number(&b, "written", audit.written);
        if (audit.trouble[0] != '\0') {
            json_field(&b, "trouble", ch_str_of(audit.trouble));
        }
        ch_buf_putc(&b, '}');
        json_number(&b, "unsaved", unsaved);
        json_altered(&b, &altered);
        json_number(&b, "policy_proposals", policy_proposals_count(k));
        json_bool(&b, "people_approve", people_has_approver(k->people));
        json_open(&b, "repositories", '[');
        for (size_t i = 0; i < k->config->repository_count; i++) {
            const struct ch_repository *r = &k->config->repositories[i];
            ch_buf_puts(&b, ch_str_of(i > 0 ? ",{" : "{"));
            json_field(&b, "name", ch_str_of(r->name));
            json_field(&b, "ecosystem", ch_str_of(r->ecosystem));
            json_field(&b, "environment", ch_str_of(r->environment));
            ch_buf_putc(&b, '}');
        }
        ch_buf_putc(&b, ']');
        put_processes(&b, ch_str_of(k->status_text));
        json_open(&b, "destinations", '[');
        notices_put_state(k, &b, true);
        forward_put_state(k, &b, true);
        witnesses_put_state(k, &b, true);
        ch_buf_putc(&b, ']');
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return command_end(c, whole ? 0 : 1, "%s", "");
    }
    command_print(c, "keeper since %s, %s%s%s%s\n", since,
                  !healthy      ? "NOT able to write"
                  : unsaved > 0 ? "NOT all stored"
                                : "healthy",
                  trouble != NULL ? ": " : "", trouble != NULL ? trouble : "",
                  k->clock_jumped
                      ? ", the clock jumped: nothing is released by time until it is right "
                        "again, or the service was stopped and started"
                      : "");
    if (unsaved > 0) {
        ch_buf_init(&b, 1024);
        unsaved_put(k, &b);
        command_print(c,
                      "in force, but in memory alone, so a restart would lose it; tried again by "
                      "itself: %.*s\n",
                      CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
    }
    if (audit.trouble[0] != '\0') {
        command_print(c, "the audit log CANNOT be written, so nothing new is allowed: %s\n",
                      audit.trouble);
    }
    show_altered(c, &altered);
    command_print(c, "policy %s (sha256 %.16s...)\n", ch_policy_file_name(k->policy), hex);
    size_t proposals = policy_proposals_count(k);
    if (proposals > 0) {
        command_print(c, "another policy is proposed: %zu (customhouse policy proposals)\n",
                      proposals);
    }
    command_print(c, "served %llu files, %llu bytes; undecided %llu files, %llu bytes\n",
                  (unsigned long long)files[0], (unsigned long long)bytes[0],
                  (unsigned long long)files[1], (unsigned long long)bytes[1]);
    if (last_files[0] + last_files[1] > 0) {
        command_print(c,
                      "last copies, for their upstreams have them no more, which stay up to %u %% "
                      "of a quota (store.last_copies_percent): served %llu files, %llu bytes; "
                      "undecided %llu files, %llu bytes\n",
                      (unsigned)k->config->last_copies_percent, (unsigned long long)last_files[0],
                      (unsigned long long)last_bytes[0], (unsigned long long)last_files[1],
                      (unsigned long long)last_bytes[1]);
    }
    if (lost > 0) {
        command_print(
            c,
            "%llu last cop%s lost for good, for such files took more than that (customhouse "
            "audit search --kind last-copy-lost)\n",
            (unsigned long long)lost, lost == 1 ? "y was" : "ies were");
    }
    command_print(c, "on their way in: %zu file%s; %zu failed (customhouse queue says why)\n",
                  coming.files, coming.files == 1 ? "" : "s", coming.failed);
    ch_sha256_hex(&k->ruleset, hex);
    command_print(
        c,
        "inspector %d, %llu rules (sha256 %.16s...); inspected again: %zu of %zu files, %zu "
        "withdrawn, %zu failed\n",
        CH_INSPECTOR_VERSION, (unsigned long long)k->rule_count, hex, rescan.done, rescan.total,
        rescan.withdrawn, rescan.failed);
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        command_print(c, "repository %s (%s, %s)\n", r->name, r->ecosystem, r->environment);
    }
    command_print(
        c, "%s\n",
        people_has_approver(k->people) ? "exceptions are approved by users (customhouse group list)"
        : people_approvers_ever(k->people) > 0
            ? "no user approves exceptions any more (name one in customhouse.yaml: approver)"
            : "no user approves exceptions yet (customhouse group add GROUP USER --role approver)");
    ch_buf_init(&b, 256u << 10);
    notices_put_state(k, &b, false);
    forward_put_state(k, &b, false);
    witnesses_put_state(k, &b, false);
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
    command_put(c, ch_str_of(k->status_text));
    return command_end(c, whole ? 0 : 1, "%s", "");
}
