/* explain, queue, status, fetched-by: what is known, for people and (--json) for programs. */
#include "commands_int.h"

#include <stdio.h>

#define EXPLAIN_FILES_MAX 60
#define QUEUE_MAX         500

/* ------------------------------------------------------------------ a JSON writer for lists */

static void json_field(struct ch_buf *b, const char *name, struct ch_str value)
{
    ch_buf_printf(b, "%s\"%s\":", b->len > 0 && b->ptr[b->len - 1] != '{' ? "," : "", name);
    ch_buf_put_json(b, value);
}

static void json_time(struct ch_buf *b, const char *name, int64_t at_us)
{
    char text[40];
    if (at_us != CH_TIME_UNKNOWN) {
        command_time(at_us, text, sizeof(text));
        json_field(b, name, ch_str_of(text));
    }
}

/* Text from outside, for a terminal. */
static void put(struct command *c, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_put_escaped(&b, ch_str_sub(text, 0, 1024));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ explain */

static void json_findings(struct ch_buf *b, const struct ch_inspection_result *in)
{
    ch_buf_puts(b, CH_STR(",\"findings\":["));
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

static const char *word_for(const struct ch_decision *d)
{
    return d->eligible ? "eligible" : ch_verdict_name(d->verdict);
}

/* One line, complete in itself. */
static const char *what_would_change(const struct page *p, size_t file, const struct ch_decision *d)
{
    if (d->verdict == CH_VERDICT_ALLOW) {
        return d->until_us != CH_TIME_UNKNOWN
                   ? "time alone; a deny, a finding of a later inspector, or the policy"
                   : "a deny, a finding of a later inspector, or the policy";
    }
    if (d->eligible) {
        return "inspection, which starts when somebody asks for it";
    }
    if (d->verdict == CH_VERDICT_DENY) {
        return d->ruling_id != 0      ? (d->until_us != CH_TIME_UNKNOWN ? "the end of this deny"
                                                                        : "nothing by itself: a person denied it")
               : d->policy_line > 0   ? "the policy"
               : p->files[file].attack ? "only an inspector that reports the finding no longer; no approval can"
                                       : "the policy";
    }
    if (d->hold == CH_HOLD_FILE_TYPE || d->hold == CH_HOLD_FAILED) {
        return "an inspector that can read it whole";
    }
    return d->until_us != CH_TIME_UNKNOWN
               ? "time alone, or: customhouse approve FILE --reason TEXT --expires DATE"
               : "customhouse approve FILE --reason TEXT --expires DATE";
}

static bool is_served(struct command *c, const struct page *p, size_t file)
{
    return !ch_sha256_is_zero(&p->files[file].artifact) &&
           ch_blobs_is_served(c->k->blobs, &p->files[file].artifact);
}

static void explain_json(struct command *c, struct page *p, size_t file, const struct ch_decision *d,
                         bool first)
{
    const struct page_fact_file *f = &p->facts.files[file];
    struct ch_buf b;
    char hex[CH_SHA256_HEX + 1];
    ch_buf_init(&b, 16u << 20);
    ch_buf_puts(&b, first ? CH_STR("{") : CH_STR(",\n{"));
    json_field(&b, "repository", ch_str_of(p->repository));
    json_field(&b, "project", page_name(p));
    json_field(&b, "version", ch_str_of(p->files[file].release.version));
    json_field(&b, "file", f->index.file_name);
    json_field(&b, "verdict", ch_str_of(word_for(d)));
    json_field(&b, "rule", ch_str_of(d->rule));
    json_field(&b, "reason", ch_str_of(d->reason));
    if (d->policy_line > 0) {
        json_field(&b, "policy", ch_str_of(ch_policy_file_name(c->k->policy)));
        ch_buf_printf(&b, ",\"policy_line\":%u", d->policy_line);
    }
    json_time(&b, "first_seen", f->first_seen_at_us);
    json_time(&b, "uploaded", f->index.uploaded_at_us);
    json_time(&b, "since", p->files[file].recorded_at_us);
    json_time(&b, "until", d->until_us);
    json_time(&b, "removed_upstream", f->removed_at_us);
    json_field(&b, "what_would_change_it", ch_str_of(what_would_change(p, file, d)));
    ch_buf_printf(&b, ",\"served\":%s", is_served(c, p, file) ? "true" : "false");
    if (d->ruling_id != 0) {
        ch_buf_printf(&b, ",\"ruling\":%llu", (unsigned long long)d->ruling_id);
    }
    ch_buf_printf(&b, ",\"baseline\":%s", f->baseline ? "true" : "false");
    if (!ch_sha256_is_zero(&p->files[file].artifact)) {
        ch_sha256_hex(&p->files[file].artifact, hex);
        json_field(&b, "sha256", ch_str_of(hex));
    }
    json_findings(&b, judge_inspection(c->k, p, file));
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void explain_text(struct command *c, struct page *p, size_t file, const struct ch_decision *d)
{
    const struct page_fact_file *f = &p->facts.files[file];
    const struct ch_inspection_result *in = judge_inspection(c->k, p, file);
    char time[40];
    put(c, f->index.file_name);
    command_print(c, "\n  %s", word_for(d));
    if (d->verdict == CH_VERDICT_ALLOW) {
        command_print(c, ": %s\n", d->reason[0] != '\0' ? d->reason : "the policy allows it");
    } else {
        command_print(c, " (%s): %s\n", d->rule, d->reason);
    }
    if (d->policy_line > 0) {
        command_print(c, "  policy: %s:%u\n", ch_policy_file_name(c->k->policy), d->policy_line);
    }
    command_time(f->first_seen_at_us, time, sizeof(time));
    command_print(c, "  first seen: %s%s\n", time,
                  f->baseline ? ", on the first load of its page (baseline)" : "");
    command_time(f->index.uploaded_at_us, time, sizeof(time));
    command_print(c, "  uploaded, as the upstream states: %s%s\n", time,
                  p->upstream->trust_times ? "" : " (not trusted)");
    if (d->until_us != CH_TIME_UNKNOWN) {
        command_time(d->until_us, time, sizeof(time));
        command_print(c, "  changes by itself: %s\n", time);
    }
    if (p->files[file].recorded_at_us != CH_TIME_UNKNOWN) {
        command_time(p->files[file].recorded_at_us, time, sizeof(time));
        command_print(c, "  so decided since: %s\n", time);
    }
    if (d->ruling_id != 0) {
        command_print(c, "  by ruling %llu\n", (unsigned long long)d->ruling_id);
    }
    command_print(c, "  what would change it: %s\n", what_would_change(p, file, d));
    command_print(c, "  served: %s\n", is_served(c, p, file) ? "yes, its bytes can be had" : "no");
    if (in == NULL) {
        command_print(c, "  not inspected yet\n");
        return;
    }
    command_time(in->row.at_us, time, sizeof(time));
    command_print(c, "  inspected: %s, %llu members, inspector %d\n", time,
                  (unsigned long long)in->row.member_count, CH_INSPECTOR_VERSION);
    for (size_t i = 0; i < in->row.finding_count; i++) {
        const struct ch_finding_row *row = ch_finding_row(in->row.findings[i].code);
        command_print(c, "    %s (%s): %s ", row->name, ch_finding_class_name(row->cls), row->text);
        put(c, in->row.findings[i].member);
        command_print(c, " ");
        command_put(c, in->row.findings[i].evidence);
        command_print(c, "\n");
    }
}

enum step command_explain(struct command *c)
{
    struct what what;
    struct ch_err err;
    enum step step;
    size_t shown = 0, named = 0, count[3] = {0}, eligible = 0;
    if (command_what(c, &what, &err) != CH_OK) {
        return command_end(c, err.code == CH_E_NOT_FOUND ? 1 : 2, "%s", err.msg);
    }
    struct page *p = command_page(c, &what, &step);
    if (p == NULL) {
        return step;
    }
    size_t max = what.kind == WHAT_PROJECT && !c->args.json ? EXPLAIN_FILES_MAX : SIZE_MAX;
    if (c->args.json) {
        command_print(c, "[");
    }
    for (size_t i = p->facts.file_count; i-- > 0;) { /* newest last on most pages: show them first */
        if (!command_names(p, i, &what)) {
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
                explain_text(c, p, i, &d);
            }
            shown++;
        }
    }
    if (c->args.json) {
        command_print(c, "]\n");
    } else {
        if (shown < named) {
            command_print(c, "(%zu more files)\n", named - shown);
        }
        command_print(c, "%s in %s, owned by upstream %s: %zu allowed, %zu eligible, %zu held, %zu denied\n",
                      p->project, p->repository, p->upstream->name, count[CH_VERDICT_ALLOW], eligible,
                      count[CH_VERDICT_HOLD], count[CH_VERDICT_DENY]);
    }
    return named > 0 ? command_end(c, 0, "%s", "")
                     : command_end(c, 1, "%s: the upstream lists nothing like that", what.project);
}

/* ------------------------------------------------------------------ queue */

struct listing {
    struct command *c;
    size_t count;
};

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
        json_field(&b, "at", ch_str_of(time));
        ch_buf_putc(&b, '}');
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        command_print(c, "%-5s %s  ", ch_verdict_name(row->verdict), time);
        put(c, row->file_name);
        command_print(c, "  ");
        put(c, row->reason);
        command_print(c, "\n");
    }
    l->count++;
}

static void show_intake(void *ctx, const struct ch_intake_row *row, const char *progress)
{
    struct listing *l = ctx;
    struct command *c = l->c;
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
        put(c, row->file_name);
        command_print(c, "%s", row->ahead ? "  (asked ahead) " : " ");
        put(c, row->error);
        command_print(c, "\n");
    }
    l->count++;
}

enum step command_queue(struct command *c)
{
    struct listing l = {.c = c};
    struct ch_err err;
    if (c->args.json) {
        command_print(c, "[");
    }
    intakes_each(c->k, show_intake, &l);
    enum ch_code rc = ch_store_decisions_by_verdict(c->k->store, CH_VERDICT_HOLD, QUEUE_MAX,
                                                    show_decision, &l, &err);
    if (rc == CH_OK) {
        rc = ch_store_decisions_by_verdict(c->k->store, CH_VERDICT_DENY, QUEUE_MAX, show_decision, &l,
                                           &err);
    }
    if (c->args.json) {
        command_print(c, "]\n");
    } else if (l.count == 0) {
        command_print(c, "nothing is held or waiting\n");
    }
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* ------------------------------------------------------------------ fetched-by */

static void show_served(void *ctx, const struct ch_served_row *row)
{
    struct listing *l = ctx;
    struct command *c = l->c;
    char first[40], last[40], hex[CH_SHA256_HEX + 1];
    command_time(row->first_at_us, first, sizeof(first));
    command_time(row->last_at_us, last, sizeof(last));
    ch_sha256_hex(&row->sha256, hex);
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 64u << 10);
        ch_buf_puts(&b, l->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "file", row->file_name);
        json_field(&b, "sha256", ch_str_of(hex));
        json_field(&b, "address", row->address);
        json_field(&b, "user_agent", row->user_agent);
        json_field(&b, "first", ch_str_of(first));
        json_field(&b, "last", ch_str_of(last));
        ch_buf_printf(&b, ",\"times\":%llu}", (unsigned long long)row->times);
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        put(c, row->address);
        command_print(c, "  %s .. %s  %llu times  ", first, last, (unsigned long long)row->times);
        put(c, row->file_name);
        command_print(c, "  ");
        put(c, ch_str_sub(row->user_agent, 0, 60));
        command_print(c, "\n");
    }
    l->count++;
}

enum step command_fetched_by(struct command *c)
{
    struct what what;
    struct ch_err err;
    struct ch_sha256 sha256 = {{0}};
    struct listing l = {.c = c};
    struct ch_str word = command_word(c);
    bool digest = ch_str_starts(word, CH_STR("sha256:"));
    if (digest ? !ch_sha256_from_hex(ch_str_sub(word, 7, word.len), &sha256)
               : command_what(c, &what, &err) != CH_OK) {
        return command_end(c, 2, "%s", digest ? "sha256: expected 64 hex digits after it" : err.msg);
    }
    if (c->args.json) {
        command_print(c, "[");
    }
    enum ch_code rc;
    if (digest) {
        rc = ch_store_served(c->k->store, &sha256, (struct ch_str){NULL, 0},
                             (struct ch_str){NULL, 0}, show_served, &l, &err);
    } else if (what.kind == WHAT_FILE || what.kind == WHAT_PROJECT) {
        rc = ch_store_served(c->k->store, &sha256, ch_str_of(what.project),
                             ch_str_of(what.kind == WHAT_FILE ? what.file_name : NULL), show_served,
                             &l, &err);
    } else {
        struct page *p = page_get(c->k, ch_str_of(what.repository), ch_str_of(what.project));
        rc = CH_OK;
        for (size_t i = 0; p != NULL && page_load(c->k, p) && rc == CH_OK && i < p->facts.file_count;
             i++) {
            if (command_names(p, i, &what)) {
                rc = ch_store_served(c->k->store, &sha256, page_name(p),
                                     p->facts.files[i].index.file_name, show_served, &l, &err);
            }
        }
    }
    if (c->args.json) {
        command_print(c, "]\n");
    } else if (l.count == 0) {
        command_print(c, "nobody fetched it\n");
    }
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* ------------------------------------------------------------------ status */

enum step command_status(struct command *c)
{
    struct keeper *k = c->k;
    struct ch_err err;
    struct ch_buf b;
    char since[40], hex[CH_SHA256_HEX + 1];
    uint64_t bytes[2] = {0}, files[2] = {0};
    struct ch_sha256 policy = ch_policy_digest(k->policy);
    ch_sha256_hex(&policy, hex);
    command_time(k->started_at_us, since, sizeof(since));
    CH_IGNORE(ch_store_blob_bytes(k->store, CH_BLOB_SERVED, &bytes[0], &files[0], &err));
    CH_IGNORE(ch_store_blob_bytes(k->store, CH_BLOB_UNDECIDED, &bytes[1], &files[1], &err));
    if (c->args.json) {
        ch_buf_init(&b, 512u << 10);
        ch_buf_putc(&b, '{');
        json_field(&b, "keeper_since", ch_str_of(since));
        json_field(&b, "policy_sha256", ch_str_of(hex));
        ch_buf_printf(&b, ",\"healthy\":%s,\"clock_jumped\":%s", k->healthy ? "true" : "false",
                      k->clock_jumped ? "true" : "false");
        ch_buf_printf(&b, ",\"served\":{\"bytes\":%llu,\"files\":%llu}", (unsigned long long)bytes[0],
                      (unsigned long long)files[0]);
        ch_buf_printf(&b, ",\"undecided\":{\"bytes\":%llu,\"files\":%llu}",
                      (unsigned long long)bytes[1], (unsigned long long)files[1]);
        ch_buf_printf(&b, ",\"intakes\":%zu", ch_map_count(k->intakes));
        json_field(&b, "processes", ch_str_of(k->status_text));
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return command_end(c, k->healthy ? 0 : 1, "%s", "");
    }
    command_print(c, "keeper since %s, %s%s\n", since, k->healthy ? "healthy" : "NOT able to write",
                  k->clock_jumped ? ", the clock jumped: nothing is released by time" : "");
    command_print(c, "policy %s (sha256 %.16s...)\n", ch_policy_file_name(k->policy), hex);
    command_print(c, "served %llu files, %llu bytes; undecided %llu files, %llu bytes\n",
                  (unsigned long long)files[0], (unsigned long long)bytes[0],
                  (unsigned long long)files[1], (unsigned long long)bytes[1]);
    command_print(c, "on their way in: %zu files\n", ch_map_count(k->intakes));
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        command_print(c, "repository %s (%s, %s)\n", r->name, r->ecosystem, r->environment);
    }
    command_put(c, ch_str_of(k->status_text));
    return command_end(c, k->healthy ? 0 : 1, "%s", "");
}
