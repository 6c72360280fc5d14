/* approve and deny (T8, T9): what people rule, with reason and end. */
#include "commands_int.h"

#include <stdio.h>
#include <stdlib.h>

/* What reviewed bytes may be let through; of a range only what does not depend on bytes. */
#define LIFTS_FILE  (ch_approval_liftable(true) & ~((uint64_t)1 << CH_HOLD_IDENTITY))
#define LIFTS_RANGE (ch_approval_liftable(false))

struct request {
    struct what what;
    struct ch_sha256 bytes; /* all that is denied is these bytes; zero: `what` says it */
    struct ch_str reason;
    int64_t expires_at_us;
};

/* Bytes are denied by their digest alone, known or not, wherever they come from. */
static enum ch_code read_what(struct command *c, bool deny, struct request *r, struct ch_err *err)
{
    struct ch_str name = command_option(c, "repository");
    bool digest;
    r->bytes = (struct ch_sha256){{0}};
    enum ch_code rc = command_digest(c, &digest, &r->bytes, err);
    if (rc != CH_OK || !deny || !digest) {
        r->bytes = (struct ch_sha256){{0}};
        return rc == CH_OK ? command_what(c, &r->what, err) : rc;
    }
    r->what = (struct what){.kind = WHAT_FILE};
    if (name.len > 0) {
        const struct ch_repository *repo = command_repository(c, name, NULL, err);
        snprintf(r->what.repository, sizeof(r->what.repository), "%s", repo != NULL ? repo->name : "");
        return repo != NULL ? CH_OK : CH_E_USAGE;
    }
    return CH_OK;
}

/* False: the command has ended. */
static bool read_request(struct command *c, bool deny, struct request *r)
{
    bool expiry_needed = !deny;
    struct ch_err err;
    struct ch_str expires = command_option(c, "expires");
    r->reason = ch_str_trim(command_option(c, "reason"));
    r->expires_at_us = CH_TIME_UNKNOWN;
    if (read_what(c, deny, r, &err) != CH_OK) {
        command_end(c, command_status_of(&err), "%s", err.msg);
        return false;
    }
    if (r->reason.len == 0 || r->reason.len > 500) {
        command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
        return false;
    }
    if ((expires.len == 0 && expiry_needed) ||
        (expires.len > 0 && !command_expiry(expires, keeper_now_us(c->k), &r->expires_at_us))) {
        command_end(c, 2, "--expires: expected a date to come (2026-12-31) or days (14d)%s",
                    expiry_needed ? ": an approval without end is not given" : "");
        return false;
    }
    return true;
}

static struct ch_str absent_if_empty(const char *text)
{
    return ch_str_of(text[0] != '\0' ? text : NULL);
}

static struct ch_ruling_row row_of(const struct command *c, const struct request *r, bool deny)
{
    const struct ch_repository *repo =
        ch_config_repository(c->k->config, ch_str_of(r->what.repository));
    return (struct ch_ruling_row){
        .deny = deny,
        .repository = absent_if_empty(r->what.repository),
        .ecosystem = ch_str_of(repo != NULL ? repo->ecosystem : NULL),
        .project = absent_if_empty(r->what.project),
        .version_spec = absent_if_empty(r->what.spec),
        .file_name = absent_if_empty(r->what.kind == WHAT_FILE ? r->what.file_name : ""),
        .sha256 = r->bytes,
        .policy = ch_policy_digest(c->k->policy),
        .reason = r->reason,
        .by = ch_str_of(c->who.text),
        .at_us = keeper_now_us(c->k),
        .expires_at_us = r->expires_at_us,
    };
}

/* What was ruled, with its number. */
static void json_ruling(struct ch_buf *b, const struct request *r, uint64_t id)
{
    if (r->what.repository[0] != '\0') {
        json_field(b, "repository", ch_str_of(r->what.repository));
    }
    if (!ch_sha256_is_zero(&r->bytes)) {
        json_digest(b, "sha256", &r->bytes);
    } else {
        json_field(b, "project", ch_str_of(r->what.project));
    }
    if (r->what.kind == WHAT_FILE && r->what.file_name[0] != '\0') {
        json_field(b, "file", ch_str_of(r->what.file_name));
    } else if (r->what.spec[0] != '\0') {
        json_field(b, "versions", ch_str_of(r->what.spec));
    }
    json_number(b, "ruling", id);
    json_time(b, "until", r->expires_at_us);
}

enum step command_deny(struct command *c)
{
    struct request r;
    struct ch_err err;
    if (!read_request(c, true, &r)) {
        return STEP_DONE;
    }
    struct ch_ruling_row row = row_of(c, &r, true);
    if (rulings_add(c->k, &row, &err) != CH_OK) {
        return command_end(c, 1, "in force until a restart, but not stored: %s", err.msg);
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 8192);
        ch_buf_putc(&b, '{');
        json_ruling(&b, &r, row.id);
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return command_end(c, 0, "%s", "");
    }
    if (!ch_sha256_is_zero(&r.bytes)) {
        char hex[CH_SHA256_HEX + 1];
        ch_sha256_hex(&r.bytes, hex);
        command_print(c, "denied: sha256:%s, in %s%s (ruling %llu)\n", hex,
                      r.what.repository[0] != '\0' ? "repository " : "all repositories",
                      r.what.repository, (unsigned long long)row.id);
        return command_end(c, 0, "%s", "");
    }
    command_print(c, "denied: %s%s%s (ruling %llu)\n", r.what.project,
                  r.what.kind == WHAT_FILE ? ", file " : r.what.spec,
                  r.what.kind == WHAT_FILE ? r.what.file_name : "", (unsigned long long)row.id);
    return command_end(c, 0, "%s", "");
}

/* ------------------------------------------------------------------ approve */

/* Digest over the findings that the approver was shown. */
static struct ch_sha256 evidence_of(const struct ch_inspection_result *in, const struct ch_sha256 *artifact)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    for (size_t i = 0; i < in->row.finding_count; i++) {
        struct ch_sha256 print = ch_finding_fingerprint(artifact, &in->row.findings[i]);
        ch_put_sha256(&b, &print);
    }
    struct ch_sha256 d = ch_sha256_of(b.ptr, b.len);
    ch_buf_done(&b);
    return d;
}

/* One file's part of the answer: with findings, also where nothing is approved. */
static void tell_inspected(struct command *c, struct page *p, size_t file)
{
    const struct ch_inspection_result *in = inspection_of(c->k, p, file);
    struct ch_str name = p->facts.files[file].index.file_name;
    if (!c->args.json) {
        command_put_escaped(c, name);
        command_print(c, ": inspected, %zu findings\n", in->row.finding_count);
        command_show_findings(c, in);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 16u << 20);
    ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
    json_field(&b, "file", name);
    json_digest(&b, "sha256", &p->files[file].artifact);
    command_json_findings(&b, in);
    command_put(c, ch_buf_str(&b)); /* tell_approved or tell_nothing ends it */
    ch_buf_done(&b);
}

static void tell_nothing(struct command *c)
{
    if (c->args.json) {
        command_print(c, ",\"approved\":false}");
    }
}

static void tell_approved(struct command *c, const struct request *r, uint64_t id,
                          const struct ch_decision *d)
{
    char until[40];
    command_time(r->expires_at_us, until, sizeof(until));
    if (!c->args.json) {
        command_print(c, "    approved until %s (ruling %llu), now: %s%s%s\n", until,
                      (unsigned long long)id, ch_verdict_name(d->verdict),
                      d->verdict == CH_VERDICT_ALLOW ? "" : ", ",
                      d->verdict == CH_VERDICT_ALLOW ? "" : d->reason);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_puts(&b, CH_STR(",\"approved\":true"));
    json_number(&b, "ruling", id);
    json_time(&b, "until", r->expires_at_us);
    json_field(&b, "verdict", ch_str_of(ch_verdict_name(d->verdict)));
    json_field(&b, "rule", ch_str_of(d->rule));
    json_field(&b, "reason", ch_str_of(d->reason));
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void open_list(struct command *c)
{
    command_print(c, "%s", c->args.json ? "[" : "");
}

static void close_list(struct command *c)
{
    command_print(c, "%s", c->args.json ? "]\n" : "");
}

static enum ch_code approve_file(struct command *c, const struct request *r, struct page *p,
                                 size_t file, struct ch_err *err)
{
    const struct ch_inspection_result *in = inspection_of(c->k, p, file);
    struct page_file *f = &p->files[file];
    struct ch_str name = p->facts.files[file].index.file_name;
    tell_inspected(c, p, file);
    struct ch_sha256 *prints = ch_calloc(in->row.finding_count, sizeof(*prints));
    for (size_t i = 0; i < in->row.finding_count; i++) {
        prints[i] = ch_finding_fingerprint(&f->artifact, &in->row.findings[i]);
    }
    struct ch_ruling_row row = row_of(c, r, false);
    row.version_spec = (struct ch_str){NULL, 0};
    row.file_name = name;
    row.sha256 = f->artifact;
    row.evidence = evidence_of(in, &f->artifact);
    row.lifts = LIFTS_FILE;
    row.fingerprints = prints;
    row.fingerprint_count = in->row.finding_count;
    enum ch_code rc = rulings_add(c->k, &row, err);
    free(prints);
    if (rc == CH_OK) {
        struct ch_decision d;
        judge(c->k, p, file, &d);
        tell_approved(c, r, row.id, &d);
    } else {
        tell_nothing(c);
    }
    return rc;
}

/* One digest over all that is named: what the approver saw is what is approved (T8). `ret_findings`
 * counts those that an approval would lift. */
static void digest_of_all(struct command *c, const struct what *what, struct page *p, char ret_hex[17],
                          size_t *ret_findings)
{
    struct ch_buf b;
    char hex[CH_SHA256_HEX + 1];
    ch_buf_init(&b, 16u << 20);
    *ret_findings = 0;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(c->k, p, i) : NULL;
        if (in == NULL) {
            continue;
        }
        struct ch_sha256 evidence = evidence_of(in, &p->files[i].artifact);
        ch_put_sha256(&b, &p->files[i].artifact);
        ch_put_sha256(&b, &evidence);
        for (size_t n = 0; n < in->row.finding_count; n++) {
            const struct ch_finding_row *row = ch_finding_row(in->row.findings[n].code);
            *ret_findings += row != NULL && row->cls == CH_CLASS_IRREGULAR;
        }
    }
    struct ch_sha256 d = ch_sha256_of(b.ptr, b.len);
    ch_buf_done(&b);
    ch_sha256_hex(&d, hex);
    snprintf(ret_hex, 17, "%.16s", hex);
}

/* Nobody approves findings unseen: the first run shows them and says how to go on. False: it ended. */
static bool evidence_seen(struct command *c, const struct what *what, struct page *p)
{
    char hex[17];
    size_t findings;
    struct ch_str given = command_option(c, "evidence");
    digest_of_all(c, what, p, hex, &findings);
    if (findings == 0 && given.len == 0) {
        return true;
    }
    if (given.len > 0 && ch_str_eq(given, ch_str_of(hex))) {
        return true;
    }
    open_list(c);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (command_names(p, i, what) && inspection_of(c->k, p, i) != NULL) {
            tell_inspected(c, p, i);
            tell_nothing(c);
        }
    }
    close_list(c);
    command_end(c, 1, "%s: having read these findings, run it again with --evidence %s",
                given.len > 0 ? "conflict, these are not the findings of that digest"
                              : "nothing was approved",
                hex);
    return false;
}

/* T8: everything that is named is fetched and inspected first. */
static bool all_inspected(struct command *c, const struct what *what, struct page *p,
                          size_t *ret_named, size_t *ret_skipped, enum step *ret_step)
{
    size_t missing = 0, first = 0;
    *ret_named = *ret_skipped = 0;
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (!command_names(p, i, what)) {
            continue;
        }
        (*ret_named)++;
        if (p->files[i].release.profile == NULL) {
            (*ret_skipped)++;
        } else if (inspection_of(c->k, p, i) == NULL) {
            struct intake *in = intake_want(c->k, p, i, false, NULL);
            if (in == NULL) {
                char text[512];
                intake_failure(c->k, p, i, text, sizeof(text));
                *ret_step = command_end(c, 1, "%.*s: %s",
                                        CH_STR_ARG(p->facts.files[i].index.file_name), text);
                return false;
            }
            first = missing++ == 0 ? i : first;
        }
    }
    if (missing == 0) {
        return true;
    }
    if (!c->told && !c->args.json) {
        command_print(c, "fetching and inspecting %zu file%s\n", missing, missing == 1 ? "" : "s");
        c->told = true;
    }
    struct intake *in = intake_want(c->k, p, first, false, NULL);
    if (in == NULL) {
        *ret_step = command_end(c, 1, "it could not be fetched");
        return false;
    }
    intake_wait(in, command_waiter(c));
    *ret_step = STEP_WAIT;
    return false;
}

/* All or nothing: the first file that no approval can let through, file_count when there is none. */
static size_t first_beyond(struct command *c, const struct what *what, struct page *p)
{
    size_t i = 0;
    for (; i < p->facts.file_count; i++) {
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(c->k, p, i) : NULL;
        if (in != NULL && (in->row.outcome != CH_INSPECTION_COMPLETE || p->files[i].attack)) {
            break;
        }
    }
    return i;
}

static enum step approve_range(struct command *c, const struct request *r)
{
    struct ch_err err;
    struct ch_ruling_row row = row_of(c, r, false);
    row.lifts = LIFTS_RANGE;
    if (rulings_add(c->k, &row, &err) != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 8192);
        ch_buf_puts(&b, CH_STR("[{"));
        json_ruling(&b, r, row.id);
        json_bool(&b, "approved", true);
        ch_buf_puts(&b, CH_STR("}]\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return command_end(c, 0, "%s", "");
    }
    command_print(c, "approved: %s%s: cool-down and listing are lifted; each file still needs its own "
                     "clean inspection (ruling %llu)\n",
                  r->what.project, r->what.spec, (unsigned long long)row.id);
    return command_end(c, 0, "%s", "");
}

/* T12: no approval gives what the configuration keeps back; true: the command has ended. */
static bool is_withheld(struct command *c, const struct what *what)
{
    struct page *p = page_get(c->k, ch_str_of(what->repository), ch_str_of(what->project));
    if (p != NULL) {
        page_load(c->k, p);
    }
    bool withheld = p != NULL && page_withheld(p);
    if (withheld) {
        command_end(c, 1, "%s: nothing was approved; what would change it: %s", what->project,
                    command_withheld_advice(p));
    }
    return withheld;
}

enum step command_approve(struct command *c)
{
    struct request r;
    struct ch_err err;
    enum step step;
    size_t named, skipped;
    if (!read_request(c, false, &r)) {
        return STEP_DONE;
    }
    if (is_withheld(c, &r.what)) {
        return STEP_DONE;
    }
    if (r.what.kind == WHAT_RANGE) {
        return approve_range(c, &r);
    }
    if (r.what.kind == WHAT_PROJECT) {
        return command_end(c, 2, "approve a file, a version (%s==VERSION) or a range (%s>=VERSION)",
                           r.what.project, r.what.project);
    }
    struct page *p = command_page(c, &r.what, &step);
    if (p == NULL || !all_inspected(c, &r.what, p, &named, &skipped, &step)) {
        return step;
    }
    if (named == 0) {
        return command_end(c, 1, "%s %s: the upstream lists no such file", r.what.project,
                           r.what.kind == WHAT_FILE ? r.what.file_name : r.what.version);
    }
    if (skipped == named) {
        return command_end(c, 1, "%s: no file of a type that can be inspected yet", r.what.project);
    }
    size_t beyond = first_beyond(c, &r.what, p);
    if (beyond < p->facts.file_count) {
        struct ch_str name = p->facts.files[beyond].index.file_name;
        open_list(c);
        tell_inspected(c, p, beyond);
        tell_nothing(c);
        close_list(c);
        return command_end(c, 1, "%.*s: %s; no approval can lift that, and nothing was approved",
                           CH_STR_ARG(name),
                           p->files[beyond].attack ? "has a finding of class attack"
                                                   : "could not be inspected whole");
    }
    if (!evidence_seen(c, &r.what, p)) {
        return STEP_DONE;
    }
    enum ch_code rc = CH_OK;
    open_list(c);
    for (size_t i = 0; rc == CH_OK && i < p->facts.file_count; i++) {
        if (!command_names(p, i, &r.what)) {
            continue;
        }
        if (p->files[i].release.profile != NULL) {
            rc = approve_file(c, &r, p, i, &err);
        } else if (!c->args.json) {
            command_print(c, "%.*s: left out, its type is not inspected yet\n",
                          CH_STR_ARG(p->facts.files[i].index.file_name));
        }
    }
    close_list(c);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}
