#include "commands_int.h"
#include "commands_dependencies.h"
#include "commands_gate.h"
#include "commands_runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db/keeper/audit/audit.h"
#include "customhouse/limits.h"
#include "customhouse/secret.h"
#include "db/keeper/people/people.h"
#include "db/keeper/rulings/rulings.h"
#include "db/keeper/pages/digest_search.h"
#include "db/keeper/policies/policy_trial.h"
#include "db/keeper/intake/rescan.h"

#define OUTPUT_PART (256u << 10)

/* What a command needs (trust.md 6.2), and where. */
enum scope {
    SCOPE_SITE,  /* for the site as a whole */
    SCOPE_WHAT,  /* where command_what says that it is */
    SCOPE_LISTS, /* the same; without a name, and of bytes by their digest, the site */
    SCOPE_PARTS, /* somewhere: it is about what is of there, and the command leaves the rest out */
    SCOPE_OWN,   /* the command itself asks: it depends on what it is about */
};

static const struct {
    const char *name;
    enum step (*run)(struct command *c);
    enum action action;
    enum scope scope;
    enum command_acts acts;
} rows[] = {
    {"explain", command_explain, ACTION_QUEUE_READ, SCOPE_PARTS, ACTS_NOT},
    {"gate", command_gate, ACTION_QUEUE_READ, SCOPE_PARTS,
     ACTS_BY_DISCARD}, /* then: image.delete */
    {"runtime list", command_runtime_list, ACTION_OPERATE, SCOPE_PARTS, ACTS_NOT},
    {"sbom", command_sbom, ACTION_QUEUE_READ, SCOPE_PARTS, ACTS_NOT},
    {"queue", command_queue, ACTION_QUEUE_READ, SCOPE_PARTS, ACTS_NOT},
    {"status", command_status, ACTION_METRICS_READ, SCOPE_SITE, ACTS_NOT},
    {"fetched-by", command_fetched_by, ACTION_AUDIT_READ, SCOPE_PARTS, ACTS_NOT},
    {"approve", command_approve, ACTION_EXCEPTION_APPROVE, SCOPE_WHAT, ACTS},
    {"deny", command_deny, ACTION_DENY, SCOPE_LISTS, ACTS},
    {"rescan", command_rescan, ACTION_OPERATE, SCOPE_LISTS, ACTS_BY_RESCAN},
    {"audit search", command_audit_search, ACTION_AUDIT_READ, SCOPE_SITE, ACTS_NOT},
    {"audit erase", command_audit_erase, ACTION_PEOPLE_ADMIN, SCOPE_SITE, ACTS},
    {"audit accept", command_audit_accept, ACTION_KEY_ADMIN, SCOPE_SITE, ACTS},
    {"audit settle", command_audit_settle, ACTION_KEY_ADMIN, SCOPE_SITE, ACTS},
    {"keys", command_keys, ACTION_POLICY_READ, SCOPE_SITE, ACTS_BY_VERB}, /* rotate: key.admin */
    {"own", command_own, ACTION_QUEUE_READ, SCOPE_PARTS, ACTS_BY_REASON}, /* to another: operate */
    {"user", command_user, ACTION_PEOPLE_ADMIN, SCOPE_OWN,
     ACTS_BY_VERB}, /* of approvers: exception.approve */
    {"group", command_group, ACTION_PEOPLE_ADMIN, SCOPE_OWN, ACTS_BY_VERB}, /* the same */
    {"token", command_token, ACTION_PEOPLE_ADMIN, SCOPE_OWN, ACTS_BY_VERB},
    {"exceptions", command_exceptions, ACTION_QUEUE_READ, SCOPE_OWN,
     ACTS_BY_VERB}, /* request, approve: their own */
    /* one text decides on all repositories: who may read it for one reads it */
    {"policy show", command_policy_show, ACTION_POLICY_READ, SCOPE_PARTS, ACTS_NOT},
    {"policy history", command_policy_history, ACTION_POLICY_READ, SCOPE_PARTS, ACTS_NOT},
    {"policy diff", command_policy_diff, ACTION_POLICY_READ, SCOPE_PARTS, ACTS_NOT},
    {"policy test", command_policy_test, ACTION_POLICY_READ, SCOPE_PARTS, ACTS_NOT},
    {"policy propose", command_policy_test, ACTION_POLICY_WRITE, SCOPE_SITE, ACTS},
    {"policy offer", command_policy_test, ACTION_POLICY_WRITE, SCOPE_OWN,
     ACTS}, /* or what was proposed */
    {"policy proposals", command_policy_proposals, ACTION_POLICY_READ, SCOPE_PARTS, ACTS_NOT},
    {"policy agree", command_policy_agree, ACTION_POLICY_WRITE, SCOPE_SITE, ACTS},
    {"policy withdraw", command_policy_withdraw, ACTION_POLICY_WRITE, SCOPE_SITE, ACTS},
    {"policy await", command_policy_await, ACTION_POLICY_READ, SCOPE_SITE, ACTS_NOT},
};

struct commands {
    struct command *list;
};

/* ------------------------------------------------------------------ life */

static void free_command(struct command *c)
{
    struct keeper *k = c->k;
    for (struct command **at = &k->commands->list; *at != NULL; at = &(*at)->next) {
        if (*at == c) {
            *at = c->next;
            break;
        }
    }
    ch_channel_free(c->ch);
    rescan_batch_free(c->batch);
    policy_trial_free(c->trial);
    dependencies_free(c->dependencies);
    gate_free(c->gate);
    runtime_free(c->runtime);
    digest_search_free(c->digest_search);
    approved_free(c->approved);
    ch_buf_done(&c->payload);
    ch_buf_done(&c->input);
    ch_buf_done(&c->out);
    free(c);
}

static void flush(struct command *c)
{
    if (c->out.len > 0 && c->by_token) {
        admin_put_output(c, ch_buf_str(&c->out));
    } else if (c->out.len > 0 && c->ch != NULL) {
        CH_IGNORE(!ch_channel_send(c->ch, CH_MSG_COMMAND_OUTPUT, ch_buf_str(&c->out), NULL, 0));
    }
    ch_buf_clear(&c->out);
}

static bool sees_any(const struct command *c)
{
    for (size_t i = 0; i < c->k->config->repository_count; i++) {
        if (command_sees(c, c->action, ch_str_of(c->k->config->repositories[i].name))) {
            return true;
        }
    }
    return command_sees(c, c->action, (struct ch_str){NULL, 0});
}

/* False: the command has ended. */
static bool may_run(struct command *c, enum scope scope)
{
    struct ch_str site = {NULL, 0}, word = command_word(c);
    if (scope == SCOPE_OWN) {
        return true;
    }
    if (scope == SCOPE_SITE ||
        (scope == SCOPE_LISTS && (word.len == 0 || ch_str_starts(word, CH_STR("sha256:"))))) {
        return command_may(c, c->action, site);
    }
    if (scope == SCOPE_PARTS) {
        return sees_any(c) || command_may(c, c->action, site);
    }
    /* where, command_what asks; who may nowhere is told at once, and nothing about anything */
    return people_may_somewhere(c->k->people, &c->who, c->action) ||
           command_may(c, c->action, site);
}

static enum step run_row(struct command *c)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_eq(ch_str_of(rows[i].name), c->args.name)) {
            c->action = rows[i].action;
            c->acts = rows[i].acts;
            return !command_identify(c) || !may_run(c, rows[i].scope) ? STEP_DONE
                   : c->approved != NULL                              ? command_approved(c)
                   : command_digest_is_looked_for(c)                  ? STEP_WAIT
                                                                      : rows[i].run(c);
        }
    }
    return command_end(c, 2, "no such command");
}

/* One of the control socket then lives until that is closed. */
static void run(struct command *c)
{
    enum step step = run_row(c);
    flush(c);
    c->waiting = step == STEP_WAIT;
    if (c->by_token && !c->waiting) {
        free_command(c);
    }
}

void commands_go_on(struct command *c)
{
    c->waiting = false;
    if (c->gone) {
        free_command(c);
    } else {
        run(c);
    }
}

struct command *command_new(struct keeper *k, const struct principal *who)
{
    struct command *c = ch_calloc(1, sizeof(*c));
    if (k->commands == NULL) {
        k->commands = ch_calloc(1, sizeof(*k->commands));
    }
    c->k = k;
    c->who = *who;
    c->next = k->commands->list;
    k->commands->list = c;
    ch_buf_init(&c->payload, 64u << 10);
    ch_buf_init(&c->input, (size_t)ch_limits.command_input_bytes);
    ch_buf_init(&c->out, 1u << 20);
    return c;
}

struct command *command_find(struct keeper *k, bool (*is)(const struct command *c, uint64_t with),
                             uint64_t with)
{
    struct command *c = k->commands != NULL ? k->commands->list : NULL;
    while (c != NULL && !is(c, with)) {
        c = c->next;
    }
    return c;
}

void command_input(struct command *c, struct ch_str piece)
{
    ch_buf_puts(&c->input, piece);
}

void command_gone(struct command *c)
{
    c->gone = true;
    if (!c->waiting) {
        free_command(c);
    }
}

/* What is wrong with the command itself; it has ended then. */
static bool read_command(struct command *c, struct ch_str payload)
{
    struct ch_err err;
    ch_buf_puts(&c->payload, payload);
    if (ch_command_get(ch_buf_str(&c->payload), &c->args, &err) != CH_OK) {
        command_end(c, 2, "%s", err.msg);
        return false;
    }
    if (ch_buf_ok(&c->input, &err) != CH_OK) {
        command_end(c, 2, "what it is about: %s", err.msg);
        return false;
    }
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (ch_secret_in_encoded(c->args.value[i])) {
            command_end(c, 2,
                        "a token stands in the command, and commands are recorded: revoke it");
            return false;
        }
    }
    return true;
}

void command_begin(struct command *c, struct ch_str payload)
{
    if (read_command(c, payload)) {
        run(c);
    } else if (c->by_token) {
        free_command(c);
    }
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct command *c = owner;
    (void)ch;
    if (c->payload.len > 0) {
        return; /* one command per connection */
    }
    if (frame->type == CH_MSG_COMMAND_INPUT) {
        command_input(c, frame->payload);
    } else if (frame->type == CH_MSG_COMMAND) {
        command_begin(c, frame->payload);
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct command *c = owner;
    (void)why;
    c->ch = NULL;
    ch_channel_free(ch);
    command_gone(c);
}

void commands_accept(struct keeper *k, const struct ch_control *control, int fd)
{
    struct ch_err err;
    people_set_listeners(k, control->loopback);
    struct principal who;
    if (!command_peer(k, control, fd, &who)) {
        close(fd);
        return;
    }
    struct command *c = command_new(k, &who);
    c->uid = control->uid;
    struct ch_channel_options options = {.loop = k->child.loop,
                                         .fd = fd,
                                         .peer = CH_ROLE_COMMAND,
                                         .self = CH_ROLE_KEEPER,
                                         .owner = c,
                                         .on_frame = on_frame,
                                         .on_closed = on_closed,
                                         .max_queued_bytes = 64u << 20};
    if (ch_channel_open(&options, &c->ch, &err) != CH_OK) {
        keeper_log("control", "error=\"%s\"", err.msg);
        free_command(c);
    }
}

void commands_free(struct keeper *k)
{
    while (k->commands != NULL && k->commands->list != NULL) {
        free_command(k->commands->list);
    }
    free(k->commands);
    k->commands = NULL;
}

/* ------------------------------------------------------------------ output */

void command_put(struct command *c, struct ch_str text)
{
    while (text.len > 0) { /* a frame holds 1 MiB */
        struct ch_str part = ch_str_sub(text, 0, OUTPUT_PART);
        if (c->out.len + part.len > OUTPUT_PART * 2) {
            flush(c);
        }
        ch_buf_puts(&c->out, part);
        text = ch_str_sub(text, part.len, text.len);
    }
}

void command_print(struct command *c, const char *fmt, ...)
{
    char text[2048];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    command_put(c, ch_str_of(text));
}

void command_put_escaped(struct command *c, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_put_escaped(&b, ch_str_sub(text, 0, 1024));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

void command_put_printable(struct command *c, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_buf_put_printable(&b, ch_str_sub(text, 0, 1024));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* ------------------------------------------------------------------ refusals */

#define REFUSAL_BYTES 256 /* of what it was about, and of why */

static bool acts(const struct command *c)
{
    struct ch_str verb = command_word_at(c, 0);
    return c->acts == ACTS ||
           (c->acts == ACTS_BY_VERB && !ch_str_eq(verb, CH_STR("list")) &&
            !ch_str_eq(verb, CH_STR("show"))) ||
           (c->acts == ACTS_BY_REASON && command_has(c, "reason")) ||
           (c->acts == ACTS_BY_DISCARD && command_has(c, "discard")) ||
           (c->acts == ACTS_BY_RESCAN &&
            (verb.len > 0 || command_has(c, "all") || command_has(c, "wait")));
}

/* Who was refused what: before the answer, and never a reason to refuse anything else. */
static void enter_refusal(struct command *c, struct ch_str why)
{
    struct ch_buf name, what;
    struct ch_err err;
    ch_buf_init(&name, 256);
    ch_buf_init(&what, c->payload.max + CH_COMMAND_MAX_ARGS);
    ch_buf_puts(&name, c->args.name);
    size_t place = c->acts == ACTS_BY_VERB ? 1 : 0;
    if (place > 0) {
        ch_buf_putc(&name, ' ');
        ch_buf_put_printable(&name, ch_str_sub(command_word_at(c, 0), 0, 32));
    }
    for (size_t i = place; command_word_at(c, i).len > 0; i++) {
        ch_buf_puts(&what, i > place ? CH_STR(" ") : CH_STR(""));
        ch_buf_put_without_userinfo(&what, command_word_at(c, i));
    }
    struct ch_command_refusal_row row = {.principal = ch_str_of(c->who.text),
                                         .via = c->by_token ? CH_STR("admin") : CH_STR("socket"),
                                         .command = ch_buf_str(&name),
                                         .what = ch_str_sub(ch_buf_str(&what), 0, REFUSAL_BYTES),
                                         .why = ch_str_sub(why, 0, REFUSAL_BYTES)};
    if (audit_command_refused(c->k, row, &err) != CH_OK) {
        keeper_log("store", "refusal=uncounted error=\"%s\"", err.msg);
    }
    ch_buf_done(&name);
    ch_buf_done(&what);
}

/* To one of the control socket. */
static void send_done(struct command *c, uint32_t exit_status, const char *text)
{
    struct ch_command_done done = {exit_status, ch_str_of(text)};
    struct ch_buf b;
    ch_buf_init(&b, 8192);
    ch_command_done_put(&b, &done);
    if (c->ch != NULL) {
        CH_IGNORE(!ch_channel_send(c->ch, CH_MSG_COMMAND_DONE, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}

enum step command_end(struct command *c, uint32_t exit_status, const char *fmt, ...)
{
    char text[1024];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    flush(c);
    if (exit_status == 1 && text[0] != '\0' && (c->denied || acts(c))) {
        enter_refusal(c, ch_str_of(c->missing[0] != '\0' ? c->missing : text));
    }
    if (c->by_token) {
        admin_put_done(c, exit_status, ch_str_of(text));
        return STEP_DONE;
    }
    send_done(c, exit_status, text);
    return STEP_DONE;
}

void commands_drain(struct keeper *k)
{
    for (struct command *c = k->commands != NULL ? k->commands->list : NULL; c != NULL;
         c = c->next) {
        if (!c->by_token && (c->waiting || c->payload.len == 0)) { /* no refusal, so no entry */
            send_done(
                c, 1,
                "the server is ending, and this is not done: run it again once it has started");
        }
    }
}

/* ------------------------------------------------------------------ arguments */

struct ch_str command_option(const struct command *c, const char *name)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (ch_str_eq(c->args.key[i], ch_str_of(name))) {
            return c->args.value[i];
        }
    }
    return (struct ch_str){NULL, 0};
}

bool command_has(const struct command *c, const char *option)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (ch_str_eq(c->args.key[i], ch_str_of(option))) {
            return true;
        }
    }
    return false;
}

struct ch_str command_word_at(const struct command *c, size_t place)
{
    for (uint32_t i = 0; i < c->args.arg_count; i++) {
        if (c->args.key[i].len == 0 && place-- == 0) {
            return c->args.value[i];
        }
    }
    return (struct ch_str){NULL, 0};
}

struct ch_str command_word(const struct command *c)
{
    return command_word_at(c, c->subject);
}

struct waiter *command_waiter(struct command *c)
{
    struct waiter *w = ch_calloc(1, sizeof(*w));
    w->command = c;
    w->deadline_ms = UINT64_MAX;
    ch_buf_init(&w->payload, 16);
    return w;
}
