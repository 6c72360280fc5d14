/* own: who owns a name (T12), and giving it to another upstream. */
#include "commands_int.h"

struct owners {
    struct command *c;
    struct ch_str repository;
    struct ch_str project; /* absent: of all names */
    size_t shown;
};

struct changes {
    struct command *c;
    struct ch_buf *json; /* NULL: for people */
    size_t count;
};

static void tell_change(void *ctx, const struct ch_owner_change *row)
{
    struct changes *l = ctx;
    struct command *c = l->c;
    bool given = row->kind == CH_OWNER_GIVEN;
    char time[40];
    command_time(row->at_us, time, sizeof(time));
    if (l->json != NULL) {
        ch_buf_puts(l->json, l->count++ > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(l->json, "kind", given ? CH_STR("given") : CH_STR("older-accepted"));
        json_field(l->json, "upstream", row->upstream);
        if (row->former.len > 0) {
            json_field(l->json, "former", row->former);
        }
        json_field(l->json, "by", row->by);
        json_field(l->json, "reason", row->reason);
        json_time(l->json, "at", row->at_us);
        ch_buf_putc(l->json, '}');
        return;
    }
    command_print(c, "  %s  %s", time, given ? "given to " : "an older answer is accepted from ");
    command_put_escaped(c, row->upstream);
    if (row->former.len > 0) {
        command_print(c, ", was ");
        command_put_escaped(c, row->former);
        command_print(c, "'s");
    }
    command_print(c, ", by ");
    command_put_escaped(c, row->by);
    command_print(c, ": ");
    command_put_escaped(c, row->reason);
    command_print(c, "\n");
}

static void tell_changes(struct owners *o, struct ch_str project, struct ch_buf *json)
{
    struct changes l = {.c = o->c, .json = json};
    struct ch_err err;
    if (ch_store_owner_changes(o->c->k->store, o->repository, project, tell_change, &l, &err) !=
        CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
}

static void tell_owner(void *ctx, struct ch_str project, struct ch_str upstream, int64_t at_us)
{
    struct owners *o = ctx;
    struct command *c = o->c;
    if (o->project.len > 0 && !ch_str_eq(o->project, project)) {
        return;
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 1u << 20);
        ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "repository", o->repository);
        json_field(&b, "project", project);
        json_field(&b, "upstream", upstream);
        json_time(&b, "since", at_us);
        json_open(&b, "changes", '[');
        tell_changes(o, project, &b);
        ch_buf_puts(&b, CH_STR("]}"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        char time[40];
        command_time(at_us, time, sizeof(time));
        command_put_escaped(c, project);
        command_print(c, " in ");
        command_put_escaped(c, o->repository);
        command_print(c, ": owned by upstream ");
        command_put_escaped(c, upstream);
        command_print(c, " since %s\n", time);
        tell_changes(o, project, NULL);
    }
    o->shown++;
}

/* The owners of one name, or of all in one repository or in all. */
static enum step show(struct command *c, const struct what *what)
{
    struct owners o = {.c = c, .project = ch_str_of(what != NULL ? what->project : NULL)};
    struct ch_str only =
        what != NULL ? ch_str_of(what->repository) : command_option(c, "repository");
    enum ch_code rc = CH_OK;
    struct ch_err err;
    if (only.len > 0 && !command_may(c, ACTION_QUEUE_READ, only)) {
        return STEP_DONE;
    }
    command_print(c, "%s", c->args.json ? "[" : "");
    for (size_t i = 0; rc == CH_OK && i < c->k->config->repository_count; i++) {
        o.repository = ch_str_of(c->k->config->repositories[i].name);
        if (ch_str_eq(only, o.repository) ||
            (only.len == 0 && command_sees(c, ACTION_QUEUE_READ, o.repository))) {
            rc = ch_store_owners(c->k->store, o.repository, tell_owner, &o, &err);
        }
    }
    command_print(c, "%s", c->args.json ? "]\n" : "");
    if (rc != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    return what != NULL && o.shown == 0
               ? command_end(c, 1, "%s: nobody owns it in repository %s yet", what->project,
                             what->repository)
               : command_end(c, 0, "%s", "");
}

static bool is_of(const struct ch_repository *r, struct ch_str upstream)
{
    for (size_t i = 0; i < r->upstream_count; i++) {
        if (ch_str_eq(upstream, ch_str_of(r->upstreams[i]))) {
            return true;
        }
    }
    return false;
}

static void names_of(const struct ch_repository *r, struct ch_buf *out)
{
    for (size_t i = 0; i < r->upstream_count; i++) {
        ch_buf_printf(out, "%s%s", i > 0 ? ", " : "", r->upstreams[i]);
    }
}

static enum step change(struct command *c, const struct what *what, struct ch_str upstream,
                        struct ch_str reason)
{
    struct page *p = page_get(c->k, ch_str_of(what->repository), ch_str_of(what->project));
    struct ch_err err;
    if (!command_may(c, ACTION_OPERATE, ch_str_of(what->repository))) {
        return STEP_DONE;
    }
    if (p == NULL) {
        return command_end(c, 2, "%s is not a project name", what->project);
    }
    if (upstream.len > 0 && !is_of(p->config, upstream)) {
        struct ch_buf names;
        ch_buf_init(&names, 512);
        names_of(p->config, &names);
        command_end(c, 2, "--upstream: repository %s has no upstream %.*s, it has %.*s",
                    what->repository, CH_STR_ARG(upstream), CH_STR_ARG(ch_buf_str(&names)));
        ch_buf_done(&names);
        return STEP_DONE;
    }
    struct ch_owner_change row = {.repository = ch_str_of(what->repository),
                                  .project = ch_str_of(what->project),
                                  .upstream = upstream,
                                  .reason = reason,
                                  .by = ch_str_of(c->who.text)};
    enum ch_code rc = upstream.len > 0 ? owner_give(c->k, p, &row, &err)
                                       : owner_accept_older(c->k, p, &row, &err);
    return rc == CH_OK ? show(c, what) : command_end(c, 1, "nothing was changed: %s", err.msg);
}

enum step command_own(struct command *c)
{
    struct what what;
    struct ch_err err;
    struct ch_str upstream = command_option(c, "upstream");
    struct ch_str reason = ch_str_trim(command_option(c, "reason"));
    bool older = command_has(c, "accept-older");
    if (command_has(c, "upstream") && (upstream.len == 0 || older)) {
        return command_end(c, 2, "expected --upstream UPSTREAM or --accept-older");
    }
    if (command_word(c).len == 0) {
        return older || upstream.len > 0 ? command_end(c, 2, "of which NAME?") : show(c, NULL);
    }
    if (command_what(c, &what, &err) != CH_OK) {
        return command_end(c, command_status_of(&err), "%s", err.msg);
    }
    if (what.kind != WHAT_PROJECT) {
        return command_end(c, 2, "expected the NAME of a project, which is owned as a whole");
    }
    if (!older && upstream.len == 0) {
        return show(c, &what);
    }
    if (reason.len == 0 || reason.len > 500) {
        return command_end(c, 2, "--reason: expected a sentence of 1 to 500 bytes");
    }
    return change(c, &what, upstream, reason);
}
