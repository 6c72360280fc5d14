/* policy proposals, agree, withdraw: what persons who may change the policy agree to. */
#include "commands_int.h"

#include <stdio.h>

#include "customhouse/limits.h"
#include "db/keeper/policies/policy_diff.h"
#include "db/keeper/policies/policy_proposals.h"

/* One that was looked for, or the one that is shown. Not to be copied: `row` borrows from it. */
struct found {
    uint64_t id;
    bool there;
    struct ch_policy_proposal_row row;
    char by[PRINCIPAL_MAX];
    char reason[512];
};

static void find_one(void *ctx, const struct ch_policy_proposal_row *row)
{
    struct found *f = ctx;
    if (row->id == f->id) {
        f->there = true;
        f->row = *row;
        snprintf(f->by, sizeof(f->by), "%.*s", CH_STR_ARG(row->by));
        f->row.by = ch_str_of(f->by);
        snprintf(f->reason, sizeof(f->reason), "%.*s", CH_STR_ARG(row->reason));
        f->row.reason = ch_str_of(f->reason);
    }
}

/* The proposal that the command's word names; false: the command has ended. */
static bool read_one(struct command *c, struct found *ret)
{
    struct ch_err err;
    *ret = (struct found){.there = false};
    if (!ch_str_u64(command_word(c), &ret->id) || ret->id == 0) {
        command_end(c, 2, "expected the number of a proposal (customhouse policy proposals)");
        return false;
    }
    enum ch_code rc = policy_proposals_each(c->k, find_one, ret, &err);
    if (rc != CH_OK) {
        command_end(c, 1, "%s", err.msg);
    } else if (!ret->there) {
        command_end(c, 1, "proposal %llu is none that is open (customhouse policy proposals)",
                    (unsigned long long)ret->id);
    }
    return rc == CH_OK && ret->there;
}

/* ------------------------------------------------------------------ list, show */

struct listed {
    struct command *c;
    size_t count;
    struct ch_buf b;
};

static void json_row(struct ch_buf *b, const struct ch_policy_proposal_row *row)
{
    json_number(b, "proposal", row->id);
    json_digest(b, "sha256", &row->policy);
    json_digest(b, "base", &row->base);
    json_field(b, "by", row->by);
    json_field(b, "reason", row->reason);
    json_time(b, "at", row->at_us);
}

static void list_one(void *ctx, const struct ch_policy_proposal_row *row)
{
    struct listed *l = ctx;
    char time[40], hex[CH_SHA256_HEX + 1];
    if (l->c->args.json) {
        ch_buf_puts(&l->b, l->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_row(&l->b, row);
        ch_buf_putc(&l->b, '}');
    } else {
        command_time(row->at_us, time, sizeof(time));
        ch_sha256_hex(&row->policy, hex);
        ch_buf_printf(&l->b, "%4llu  %.16s  %s  ", (unsigned long long)row->id, hex, time);
        ch_buf_put_escaped(&l->b, row->by);
        ch_buf_puts(&l->b, row->reason.len > 0 ? CH_STR("  ") : CH_STR(""));
        ch_buf_put_escaped(&l->b, row->reason);
        ch_buf_putc(&l->b, '\n');
    }
    l->count++;
}

static enum step list(struct command *c)
{
    struct listed l = {.c = c};
    struct ch_err err;
    ch_buf_init(&l.b, 1u << 20);
    ch_buf_puts(&l.b, c->args.json ? CH_STR("[") : CH_STR(""));
    enum ch_code rc = policy_proposals_each(c->k, list_one, &l, &err);
    ch_buf_puts(&l.b, c->args.json   ? CH_STR("]\n")
                      : l.count == 0 ? CH_STR("nothing is proposed\n")
                                     : CH_STR(""));
    rc = rc == CH_OK ? ch_buf_ok(&l.b, &err) : rc;
    if (rc == CH_OK) {
        command_put(c, ch_buf_str(&l.b));
    }
    ch_buf_done(&l.b);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* What is proposed, byte for byte; CH_E_CONFLICT: that is not what was. */
static enum ch_code read_text(struct command *c, const struct found *f, struct ch_buf *ret,
                              struct ch_err *err)
{
    struct ch_policy *policy = NULL;
    ch_buf_init(ret, (size_t)ch_limits.setup_text_bytes);
    enum ch_code rc = ch_store_policy_text(c->k->store, &f->row.policy, ret, err);
    rc = rc == CH_OK
             ? ch_policy_parse(ch_buf_str(ret), ch_policy_file_name(c->k->policy), &policy, err)
             : rc;
    if (rc == CH_OK) {
        struct ch_sha256 digest = ch_policy_digest(policy);
        rc = ch_sha256_eq(&digest, &f->row.policy)
                 ? CH_OK
                 : ch_fail(err, CH_E_CONFLICT,
                           "the text of proposal %llu was altered in the database",
                           (unsigned long long)f->id);
    }
    ch_policy_free(policy);
    return rc;
}

static enum ch_code put_diff(struct command *c, const struct found *f, struct ch_str text,
                             struct ch_buf *out, struct ch_err *err)
{
    struct ch_buf now;
    ch_buf_init(&now, (size_t)ch_limits.setup_text_bytes);
    enum ch_code rc = ch_store_policy_text(c->k->store, &f->row.base, &now, err);
    if (rc == CH_OK) {
        policy_diff_put(out, ch_buf_str(&now), text, c->args.json);
        rc = ch_buf_ok(out, err);
    }
    ch_buf_done(&now);
    return rc;
}

static void put_consent(struct command *c, const struct found *f, struct ch_buf *b)
{
    const struct principal nobody = {.kind = PRINCIPAL_NONE};
    struct policy_consent n = policy_consent(c->k, &f->row.policy, &nobody);
    if (c->args.json) {
        json_field(b, "agreed", ch_str_of(n.by));
        json_number(b, "persons", n.persons);
        json_number(b, "persons_needed", n.needed);
        return;
    }
    ch_buf_printf(b, "agreed to by %s; %s\n", n.by,
                  n.persons >= n.needed
                      ? "root or who operates may set exactly this (customhouse policy set)"
                      : "one more person has to agree to it (customhouse policy agree)");
}

static enum step show(struct command *c)
{
    struct found f;
    struct ch_buf text, out;
    struct ch_err err;
    char hex[CH_SHA256_HEX + 1];
    if (!read_one(c, &f)) {
        return STEP_DONE;
    }
    ch_buf_init(&out, (size_t)ch_limits.setup_text_bytes * 8 + 4096);
    enum ch_code rc = read_text(c, &f, &text, &err);
    ch_sha256_hex(&f.row.policy, hex);
    if (c->args.json) {
        ch_buf_putc(&out, '{');
        json_row(&out, &f.row);
        put_consent(c, &f, &out);
        ch_buf_puts(&out, CH_STR(",\"diff\":"));
    } else {
        ch_buf_printf(&out, "proposal %llu, sha256 %s\n", (unsigned long long)f.id, hex);
        put_consent(c, &f, &out);
    }
    rc = rc == CH_OK ? put_diff(c, &f, ch_buf_str(&text), &out, &err) : rc;
    ch_buf_puts(&out, c->args.json ? CH_STR("}\n") : CH_STR(""));
    rc = rc == CH_OK ? ch_buf_ok(&out, &err) : rc;
    if (rc == CH_OK) {
        command_put(c, ch_buf_str(&out));
    }
    ch_buf_done(&text);
    ch_buf_done(&out);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

enum step command_policy_proposals(struct command *c)
{
    return command_word(c).len > 0 ? show(c) : list(c);
}

/* ------------------------------------------------------------------ agree, withdraw */

enum step command_tell_proposed(struct command *c, uint64_t id, const struct ch_sha256 *digest)
{
    struct policy_consent n = policy_consent(c->k, digest, &c->who);
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(digest, hex);
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_puts(&b, CH_STR(",\"proposed\":true"));
        json_number(&b, "proposal", id);
        json_digest(&b, "sha256", digest);
        json_number(&b, "persons", n.persons);
        json_number(&b, "persons_needed", n.needed);
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else if (n.persons >= n.needed) {
        command_print(c,
                      "proposed: sha256 %.16s, as proposal %llu; root or who operates may set "
                      "exactly this within "
                      "%d days (customhouse policy set)\n",
                      hex, (unsigned long long)id, POLICY_PROPOSAL_DAYS);
    } else {
        command_print(c,
                      "proposed: sha256 %.16s, as proposal %llu; one more person has to agree to "
                      "it within %d days "
                      "(customhouse policy agree %llu)\n",
                      hex, (unsigned long long)id, POLICY_PROPOSAL_DAYS, (unsigned long long)id);
    }
    return command_end(c, 0, "%s", "");
}

/* To the bytes that somebody else has proposed, having been shown what they change. */
enum step command_policy_agree(struct command *c)
{
    struct found f;
    struct ch_buf text, out;
    struct ch_err err;
    uint64_t id = 0;
    if (!read_one(c, &f)) {
        return STEP_DONE;
    }
    if (c->who.kind != PRINCIPAL_USER) {
        return command_end(
            c, 1, "%s is no user: only a user agrees to a policy; policy set puts it in force",
            c->who.text);
    }
    if (ch_str_eq(f.row.by, ch_str_of(c->who.text))) {
        return command_end(c, 1,
                           "you have proposed it yourself: another person has to agree to it");
    }
    ch_buf_init(&out, (size_t)ch_limits.setup_text_bytes * 8 + 4096);
    enum ch_code rc = read_text(c, &f, &text, &err);
    ch_buf_puts(&out, c->args.json ? CH_STR("{\"diff\":") : CH_STR(""));
    rc = rc == CH_OK ? put_diff(c, &f, ch_buf_str(&text), &out, &err) : rc;
    rc = rc == CH_OK
             ? policy_propose(c->k, &f.row.policy, ch_buf_str(&text), ch_str_of(c->who.text),
                              command_option(c, "reason"), &id, &err)
             : rc;
    if (rc == CH_OK) {
        command_put(c, ch_str_trim(ch_buf_str(&out)));
        command_print(c, c->args.json ? "" : "\n");
    }
    ch_buf_done(&text);
    ch_buf_done(&out);
    return rc == CH_OK ? command_tell_proposed(c, id, &f.row.policy)
                       : command_end(c, 1, "not agreed to: %s", err.msg);
}

enum step command_policy_withdraw(struct command *c)
{
    struct found f;
    struct ch_err err;
    if (!read_one(c, &f)) {
        return STEP_DONE;
    }
    if (!ch_str_eq(f.row.by, ch_str_of(c->who.text))) {
        return command_end(c, 1, "proposal %llu is %.*s's own word: nobody else takes it back",
                           (unsigned long long)f.id, CH_STR_ARG(f.row.by));
    }
    if (policy_proposal_withdraw(c->k, f.id, ch_str_of(c->who.text), &err) != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    if (c->args.json) {
        command_print(c, "{\"proposal\":%llu,\"withdrawn\":true}\n", (unsigned long long)f.id);
    } else {
        command_print(c, "proposal %llu is withdrawn\n", (unsigned long long)f.id);
    }
    return command_end(c, 0, "%s", "");
}
