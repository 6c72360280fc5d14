/* Who commands, and whether he may. */
#include "commands_int.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/timefmt.h"
#include "db/log/entry.h"
#include "db/keeper/people/people.h"

#define TURN_AWAY_MS 100 /* who is nobody need not be waited for */
#define NAMES_MAX    5   /* of those who could help, in a refusal */
#define SAID_MAX     5   /* refusals of strangers that are lines of the log, in SAID_MS */
#define SAID_MS      1000

/* ------------------------------------------------------------------ who */

/* Nobody that has signed in: of whoever it is there is the number alone. */
static void note_stranger(struct keeper *k, uint32_t uid)
{
    char text[24];
    struct ch_err err;
    snprintf(text, sizeof(text), "local:%u", uid);
    struct ch_sign_in_row row = {.principal = ch_str_of(text),
                                 .via = CH_STR("socket"),
                                 .path = CH_STR("control.sock"),
                                 .why = CH_STR("unknown"),
                                 .times = 1};
    if (audit_sign_ins_failed(k, row, &err) != CH_OK) {
        keeper_log("store", "sign-ins=uncounted error=\"%s\"", err.msg);
    }
}

void command_tell_refused(struct keeper *k)
{
    if (ch_now_boot_ms() < k->refused.since_ms + SAID_MS) {
        return;
    }
    if (k->refused.left_out > 0) {
        keeper_log("control", "refused-more=%u", k->refused.left_out);
    }
    k->refused.said = 0;
    k->refused.left_out = 0;
}

/* Everybody on this host can cause these lines, as many as he likes. */
static void say_refused(struct keeper *k, const struct ch_control *control)
{
    command_tell_refused(k);
    if (k->refused.said == SAID_MAX) {
        k->refused.left_out++;
        return;
    }
    if (k->refused.said == 0) {
        k->refused.since_ms = ch_now_boot_ms();
    }
    k->refused.said++;
    keeper_log("control", "refused uid=%u pid=%u", control->uid, control->pid);
}

bool command_peer(struct keeper *k, const struct ch_control *control, int fd, struct principal *ret)
{
    char text[200];
    struct ch_buf b;
    struct ch_err err;
    *ret = people_of_uid(k->people, control->uid);
    if (ret->kind != PRINCIPAL_NONE && (ret->kind != PRINCIPAL_LOCAL || control->own)) {
        return true;
    }
    say_refused(k, control);
    note_stranger(k, control->uid);
    snprintf(text, sizeof(text),
             "not permitted: uid %u is no user here; who is root or started the server can change "
             "that (customhouse user add NAME --uid %u)",
             control->uid, control->uid);
    struct ch_command_done done = {1, ch_str_of(text)};
    ch_buf_init(&b, 8192);
    ch_command_done_put(&b, &done);
    CH_IGNORE(ch_frame_write(fd, CH_MSG_COMMAND_DONE, ch_buf_str(&b), NULL, 0,
                             ch_now_boot_ms() + TURN_AWAY_MS, &err) != CH_OK);
    ch_buf_done(&b);
    return false;
}

bool command_identify(struct command *c)
{
    struct principal now;
    if (c->by_token) {
        if (!admin_principal(c, &now) || strcmp(now.text, c->who.text) != 0) {
            c->denied = true;
            command_end(c, 1, "the token has ended meanwhile");
            return false;
        }
        return true;
    }
    now = people_of_uid(c->k->people, c->uid);
    if (strcmp(now.text, c->who.text) != 0) {
        command_end(c, 1, "uid %u is somebody else by now: try again", c->uid);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ may he */

static void put_roles(struct ch_buf *b, enum action action)
{
    size_t n = 0;
    for (enum role r = ROLE_READER; r < ROLE_COUNT; r++) {
        if ((role_actions(r) & (uint32_t)1 << action) != 0) {
            ch_buf_printf(b, "%s%s", n++ > 0 ? " or " : "", role_name(r));
        }
    }
}

struct holders {
    const struct people *people;
    struct ch_buf *out;
    enum action action;
    struct place at;
    size_t count;
};

static void put_holder(void *ctx, const struct ch_people_row *row)
{
    struct holders *h = ctx;
    if (row->kind != CH_PEOPLE_PERSON || row->service || row->ended_at_us != CH_TIME_UNKNOWN) {
        return;
    }
    struct principal who = people_named(h->people, row->person);
    if (people_may(h->people, &who, h->action, &h->at) && h->count++ < NAMES_MAX) {
        ch_buf_printf(h->out, "%s%.*s", h->count > 1 ? ", " : "", CH_STR_ARG(row->person));
    }
}

size_t command_put_holders(const struct command *c, enum action action, struct place at,
                           struct ch_buf *out)
{
    struct holders h = {.people = c->k->people, .out = out, .action = action, .at = at};
    people_each(c->k->people, put_holder, &h);
    ch_buf_puts(out, h.count > NAMES_MAX ? CH_STR(", ...") : CH_STR(""));
    return h.count;
}

/* What would help. A local peer is an operator, and grants nothing to himself. */
static void put_help(const struct command *c, enum action action, struct place at, struct ch_buf *b)
{
    const struct place site = {{NULL, 0}, {NULL, 0}};
    if (c->who.kind != PRINCIPAL_LOCAL && action == ACTION_EXCEPTION_APPROVE &&
        people_approvers_ever(c->k->people) > 0) { /* whom operators, and root, do not make */
        ch_buf_puts(b, CH_STR(". Who can give it: "));
        if (command_put_holders(c, action, site, b) == 0) {
            ch_buf_puts(b, CH_STR("nobody there"));
        }
        return;
    }
    if (c->who.kind != PRINCIPAL_LOCAL) {
        ch_buf_puts(b, CH_STR(". Who can give it: root"));
        struct ch_buf names;
        ch_buf_init(&names, 1024);
        if (command_put_holders(c, ACTION_PEOPLE_ADMIN, site, &names) > 0) {
            ch_buf_puts(b, CH_STR(", "));
            ch_buf_puts(b, ch_buf_str(&names));
        }
        ch_buf_done(&names);
        return;
    }
    bool named = people_approvers_ever(c->k->people) > 0;
    ch_buf_puts(b, named
                       ? CH_STR(". Since persons approve here, root and who started the server are "
                                "operators only. Who may: ")
                       : CH_STR(". While a listener is not on loopback, root and who started the "
                                "server are operators only: name the first approver in "
                                "customhouse.yaml (approver)"));
    if (named && command_put_holders(c, action, at, b) == 0) {
        ch_buf_puts(b, CH_STR("nobody there"));
    }
}

static struct place place_of(const struct command *c, struct ch_str repository)
{
    const struct ch_repository *r =
        repository.len > 0 ? ch_config_repository(c->k->config, repository) : NULL;
    return (struct place){repository, ch_str_of(r != NULL ? r->environment : NULL)};
}

bool command_sees(const struct command *c, enum action action, struct ch_str repository)
{
    struct place at = place_of(c, repository);
    return people_may(c->k->people, &c->who, action, &at);
}

enum ch_code command_check(struct command *c, enum action action, struct ch_str repository,
                           struct ch_err *err)
{
    struct place at = place_of(c, repository);
    if (people_may(c->k->people, &c->who, action, &at)) {
        return CH_OK;
    }
    struct ch_buf b;
    c->denied = true;
    snprintf(c->missing, sizeof(c->missing), "it needs %s%s%.*s", action_name(action),
             repository.len > 0 ? " in repository " : "",
             CH_STR_ARG(ch_str_sub(repository, 0, 64)));
    ch_buf_init(&b, 4096);
    ch_buf_printf(&b, "%s may not do this: it needs %s", c->who.text, action_name(action));
    if (repository.len > 0) {
        ch_buf_printf(&b, " in repository %.*s (%.*s)", CH_STR_ARG(repository),
                      CH_STR_ARG(at.environment));
    } else if (people_may_somewhere(c->k->people, &c->who, action)) {
        ch_buf_puts(&b, CH_STR(" for the site as a whole"));
    }
    ch_buf_puts(&b, CH_STR(", which role "));
    put_roles(&b, action);
    ch_buf_puts(&b, CH_STR(" gives"));
    put_help(c, action, at, &b);
    keeper_log("control", "denied principal=%s action=%s command=\"%.*s\"", c->who.text,
               action_name(action), CH_STR_ARG(c->args.name));
    enum ch_code rc = ch_fail(err, CH_E_DENIED, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

bool command_may(struct command *c, enum action action, struct ch_str repository)
{
    struct ch_err err;
    if (command_check(c, action, repository, &err) == CH_OK) {
        return true;
    }
    command_end(c, 1, "%s", err.msg);
    return false;
}

uint32_t command_status_of(const struct ch_err *err)
{
    return err->code == CH_E_NOT_FOUND || err->code == CH_E_DENIED ? 1 : 2;
}

/* ------------------------------------------------------------------ until when */

bool command_expiry(struct ch_str text, int64_t now_us, int64_t *ret_us)
{
    uint64_t n;
    bool days = ch_str_ends(text, CH_STR("d")), hours = ch_str_ends(text, CH_STR("h"));
    if ((days || hours) && ch_str_u64(ch_str_sub(text, 0, text.len - 1), &n) && n > 0 &&
        n <= 3650) {
        *ret_us = now_us + (int64_t)n * (days ? 86400 : 3600) * 1000000;
        return true;
    }
    char full[40];
    if (text.len > 30) {
        return false;
    }
    snprintf(full, sizeof(full), "%.*s%s", CH_STR_ARG(text), text.len == 10 ? "T23:59:59Z" : "");
    return ch_time_parse(ch_str_of(full), ret_us) && *ret_us > now_us &&
           *ret_us <= CH_ENTRY_INT_MAX; /* what the audit log can say: to the year 2255 */
}
