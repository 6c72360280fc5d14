/* What is told of what a release asks for, and the commands that would let it pass: for a person to
 * run, each an exception of its own (T8). */
#include "commands_dependencies_int.h"

#include <stdio.h>
#include <string.h>

/* The word that a shell hands on unchanged; false: there is none that would be safe to copy. */
static bool put_word(struct ch_buf *b, struct ch_str word)
{
    bool plain = true;
    for (size_t i = 0; i < word.len; i++) {
        char ch = word.ptr[i];
        bool bare = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                    (ch >= '0' && ch <= '9') || (ch != '\0' && strchr(":=.+_-", ch) != NULL);
        if (ch <= ' ' || ch > '~' || ch == '\'') {
            return false;
        }
        plain = plain && bare;
    }
    ch_buf_puts(b, plain ? CH_STR("") : CH_STR("'"));
    ch_buf_puts(b, word);
    ch_buf_puts(b, plain ? CH_STR("") : CH_STR("'"));
    return true;
}

/* What a person could run, each with a reason and an end of its own; false: nothing would help. */
static bool put_command(const struct dependencies *d, const struct dependency *x, struct ch_buf *b)
{
    const struct ch_config *config = d->c->k->config;
    const struct ch_repository *repo = ch_config_repository(config, ch_str_of(d->repository));
    char word[512];
    size_t same = 0;
    if (x->state != WANT_HELD || !x->liftable || repo == NULL) {
        return false;
    }
    for (size_t i = 0; i < config->repository_count; i++) {
        same += strcmp(config->repositories[i].ecosystem, repo->ecosystem) == 0;
    }
    snprintf(word, sizeof(word), "%s:%s==%s", repo->ecosystem, x->said.project, x->version);
    ch_buf_puts(b, CH_STR("customhouse approve "));
    if (!put_word(b, ch_str_of(word))) {
        return false;
    }
    if (same > 1) {
        ch_buf_puts(b, CH_STR(" --repository "));
        ch_buf_puts(b, ch_str_of(d->repository));
    }
    ch_buf_puts(b, CH_STR(" --reason TEXT"));
    return true;
}

static const char *policy_name(const struct keeper *k)
{
    const char *path = ch_policy_file_name(k->policy), *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void tell_refused(struct command *c, const struct dependency *x)
{
    const struct ch_decision *d = &x->decision;
    char time[40];
    command_print(c, "no version that fits can be had now; ");
    command_put_escaped(c, ch_str_of(x->version));
    command_print(c, x->state == WANT_HELD ? " is held" : " is denied");
    command_time(d->until_us, time, sizeof(time));
    if (d->until_us != CH_TIME_UNKNOWN && strstr(d->reason, time) == NULL) {
        command_print(c, " until %s", time);
    }
    command_print(c, " (%s", d->rule);
    if (d->policy_line > 0) {
        command_print(c, ", %s:%u", policy_name(c->k), d->policy_line);
    }
    command_print(c, "): %s\n", d->reason);
}

static void tell(struct dependencies *d, const struct dependency *x)
{
    struct command *c = d->c;
    struct ch_buf b;
    command_print(c, "needs %s", x->said.project);
    if (x->said.extras.len > 0) {
        command_print(c, "[");
        command_put_escaped(c, x->said.extras);
        command_print(c, "]");
    }
    command_put_escaped(c, x->said.versions);
    if (x->said.on.len > 0) {
        command_print(c, " if ");
        command_put_escaped(c, x->said.on);
    }
    command_print(c, ": ");
    if (x->state != WANT_HELD && x->state != WANT_DENIED) {
        command_put_printable(c, ch_str_of(x->text));
        command_print(c, "\n");
        return;
    }
    tell_refused(c, x);
    ch_buf_init(&b, 2048);
    if (put_command(d, x, &b)) {
        command_print(c, "    to let it pass as well: ");
        command_put(c, ch_buf_str(&b));
        command_print(c, "\n");
    } else if (x->state == WANT_HELD && !x->liftable) {
        command_print(c, "    no approval lets it pass\n");
    }
    ch_buf_done(&b);
}

void command_tell_dependencies(struct command *c)
{
    struct dependencies *d = c->dependencies;
    size_t told = 0;
    if (d == NULL || c->args.json) {
        return;
    }
    for (size_t i = 0; i < d->count; i++) {
        if (d->list[i]->state != WANT_PASSES) {
            tell(d, d->list[i]);
            told++;
        }
    }
    if (d->count > told) {
        command_print(c, "of %s%zu other requirement%s a version can be had\n",
                      d->count - told > 1 ? "each of " : "", d->count - told,
                      d->count - told > 1 ? "s" : "");
    }
    if (d->more) {
        command_print(c, "it has more requirements than the %zu that are looked up\n", d->count);
    }
}

static void json_dependency(const struct dependencies *d, struct ch_buf *b,
                            const struct dependency *x)
{
    struct ch_buf line;
    json_field(b, "project", ch_str_of(x->said.project));
    json_field(b, "versions", x->said.versions);
    if (x->said.extras.len > 0) {
        json_field(b, "extras", x->said.extras);
    }
    if (x->said.on.len > 0) {
        json_field(b, "if", x->said.on);
    }
    json_field(b, "state", ch_str_of(want_state_name(x->state)));
    if (x->version[0] != '\0') {
        json_field(b, "version", ch_str_of(x->version));
    }
    if (x->text[0] != '\0') {
        json_field(b, "text", ch_str_of(x->text));
    }
    if (x->state != WANT_HELD && x->state != WANT_DENIED) {
        return;
    }
    json_field(b, "rule", ch_str_of(x->decision.rule));
    json_field(b, "reason", ch_str_of(x->decision.reason));
    if (x->decision.policy_line > 0) {
        json_field(b, "policy", ch_str_of(policy_name(d->c->k)));
        json_number(b, "policy_line", x->decision.policy_line);
    }
    json_time(b, "until", x->decision.until_us);
    ch_buf_init(&line, 2048);
    if (put_command(d, x, &line)) {
        json_field(b, "command", ch_buf_str(&line));
    }
    ch_buf_done(&line);
}

void command_json_dependencies(struct command *c, struct ch_buf *b, struct ch_str file_name)
{
    const struct dependencies *d = c->dependencies;
    for (size_t i = 0; d != NULL && i < d->file_count; i++) {
        const struct asking *f = &d->files[i];
        if (!ch_str_eq(ch_str_of(f->file_name), file_name)) {
            continue;
        }
        json_open(b, "dependencies", '[');
        for (size_t x = 0; x < f->count; x++) {
            ch_buf_puts(b, x == 0 ? CH_STR("{") : CH_STR(",{"));
            json_dependency(d, b, f->list[x]);
            ch_buf_putc(b, '}');
        }
        ch_buf_putc(b, ']');
        if (d->more) {
            json_bool(b, "more_dependencies", true);
        }
        return;
    }
}
