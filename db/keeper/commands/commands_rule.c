/* deny (T9): what people rule, with reason and end. What they let pass is commands_approve.c's. */
#include "commands_int.h"

#include <stdio.h>

#include "db/keeper/rulings/rulings.h"

struct request {
    struct what what;
    struct ch_sha256 bytes; /* all that is denied is these bytes; zero: `what` says it */
    struct ch_str reason;
    int64_t expires_at_us;
};

/* Bytes are denied by their digest alone, known or not, wherever they come from. */
static enum ch_code read_what(struct command *c, struct request *r, struct ch_err *err)
{
    struct ch_str name = command_option(c, "repository");
    bool digest;
    r->bytes = (struct ch_sha256){{0}};
    enum ch_code rc = command_digest(c, &digest, &r->bytes, err);
    if (rc != CH_OK || !digest) {
        r->bytes = (struct ch_sha256){{0}};
        return rc == CH_OK ? command_what(c, &r->what, err) : rc;
    }
    r->what = (struct what){.kind = WHAT_FILE};
    if (name.len > 0) {
        const struct ch_repository *repo = command_repository(c, (struct ch_str){NULL, 0}, NULL, err);
        snprintf(r->what.repository, sizeof(r->what.repository), "%s",
                 repo != NULL ? repo->name : "");
        return repo != NULL ? CH_OK : CH_E_USAGE;
    }
    return CH_OK;
}

/* False: the command has ended. */
static bool read_request(struct command *c, struct request *r)
{
    struct ch_err err;
    struct ch_str expires = command_option(c, "expires");
    r->reason = ch_str_trim(command_option(c, "reason"));
    r->expires_at_us = CH_TIME_UNKNOWN;
    if (read_what(c, r, &err) != CH_OK) {
        command_end(c, command_status_of(&err), "%s", err.msg);
        return false;
    }
    if (r->reason.len == 0 || r->reason.len > 500) {
        command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
        return false;
    }
    if (expires.len > 0 && !command_expiry(expires, keeper_now_us(c->k), &r->expires_at_us)) {
        command_end(c, 2, "--expires: " COMMAND_EXPIRY);
        return false;
    }
    return true;
}

static struct ch_str absent_if_empty(const char *text)
{
    return ch_str_of(text[0] != '\0' ? text : NULL);
}

static struct ch_ruling_row row_of(const struct command *c, const struct request *r)
{
    const struct ch_repository *repo =
        ch_config_repository(c->k->config, ch_str_of(r->what.repository));
    return (struct ch_ruling_row){
        .deny = true,
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
    if (!read_request(c, &r)) {
        return STEP_DONE;
    }
    struct ch_ruling_row row = row_of(c, &r);
    if (rulings_add(c->k, &row, &err) != CH_OK) {
        return command_end(c, 1, COMMAND_NOT_STORED, err.msg);
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
