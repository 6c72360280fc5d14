/* group: who is in one, and what it gives. */
#include "commands_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ch_str absent_if_empty(struct ch_str s)
{
    return s.len > 0 ? s : (struct ch_str){NULL, 0};
}

static void count_group(void *ctx, const struct ch_people_row *row)
{
    struct people_shown *s = ctx;
    s->count += row->ended_at_us == CH_TIME_UNKNOWN && ch_str_eq(row->group, s->group) &&
                (row->kind == CH_PEOPLE_GRANT || row->kind == CH_PEOPLE_MEMBER);
}

static bool group_is_there(struct command *c, struct ch_str group)
{
    struct people_shown s = {.c = c, .group = group};
    people_each(c->k->people, count_group, &s);
    return s.count > 0;
}

static enum step group_add(struct command *c, struct ch_str group)
{
    struct people_changes ch = {.c = c};
    struct ch_str role = command_option(c, "role"), repository = command_option(c, "repository");
    struct ch_str environment = command_option(c, "environment"), user;
    if (role.ptr == NULL && (repository.ptr != NULL || environment.ptr != NULL)) {
        return command_end(c, 2, "--repository and --environment say where a --role holds");
    }
    if (repository.ptr != NULL && ch_config_repository(c->k->config, repository) == NULL) {
        return command_end(c, 2, "no repository %.*s in the configuration", CH_STR_ARG(repository));
    }
    if (role.ptr != NULL) {
        struct ch_people_row *row = people_change_add(&ch, CH_PEOPLE_GRANT);
        row->group = group;
        row->role = role;
        row->repository = absent_if_empty(repository);
        row->environment = absent_if_empty(environment);
    } else if (command_word_at(c, 2).ptr == NULL) {
        return command_end(c, 2, "expected group add GROUP USER... or --role ROLE");
    } else if (!group_is_there(c, group)) {
        return command_end(c, 1, "there is no group %.*s: give it a role first (--role ROLE)",
                           CH_STR_ARG(ch_str_sub(group, 0, 64)));
    }
    for (size_t i = 2; (user = command_word_at(c, i)).ptr != NULL; i++) {
        struct ch_people_row *row = people_change_add(&ch, CH_PEOPLE_MEMBER);
        row->group = group;
        row->person = user;
    }
    char text[96];
    snprintf(text, sizeof(text), "group %.*s has it", CH_STR_ARG(ch_str_sub(group, 0, 64)));
    return people_change_give(&ch, ch_str_of(text));
}

static enum step group_revoke(struct command *c, struct ch_str group)
{
    struct people_changes ch = {.c = c};
    struct ch_str role = command_option(c, "role"), user = command_word_at(c, 2);
    if (!group_is_there(c, group)) {
        return people_change_nothing(&ch, "group", group);
    }
    if (role.ptr == NULL && user.ptr == NULL) {
        if (command_option(c, "repository").ptr != NULL ||
            command_option(c, "environment").ptr != NULL) {
            return command_end(c, 2, "--repository and --environment say which --role");
        }
        people_change_find(&ch, (struct people_pattern){.kind = CH_PEOPLE_MEMBER, .group = group});
        people_change_find(&ch, (struct people_pattern){.kind = CH_PEOPLE_GRANT, .group = group});
        return people_change_take(&ch, CH_STR("revoked, with all that it gave"));
    }
    if (role.ptr != NULL &&
        !people_change_find(
            &ch, (struct people_pattern){.kind = CH_PEOPLE_GRANT,
                                         .group = group,
                                         .role = role.len > 0 ? role : CH_STR("?"),
                                         .exact = true,
                                         .repository = command_option(c, "repository"),
                                         .environment = command_option(c, "environment")})) {
        return people_change_nothing(&ch, "such role of group", group);
    }
    for (size_t i = 2; (user = command_word_at(c, i)).ptr != NULL; i++) {
        if (user.len == 0 ||
            !people_change_find(&ch, (struct people_pattern){.kind = CH_PEOPLE_MEMBER,
                                                             .group = group,
                                                             .person = user})) {
            return people_change_nothing(&ch, "member", user);
        }
    }
    return people_change_take(&ch, CH_STR("revoked"));
}

static void put_of_group(void *ctx, const struct ch_people_row *row)
{
    struct people_shown *s = ctx;
    struct ch_buf *b = s->out;
    if (row->ended_at_us != CH_TIME_UNKNOWN || row->kind != s->kind ||
        !ch_str_eq(row->group, s->group)) {
        return;
    }
    if (row->altered != NULL && s->c->args.json) {
        return; /* it gives nothing */
    }
    if (row->kind == CH_PEOPLE_MEMBER) {
        people_shown_put(s, row->person, false);
        people_put_altered(b, row);
        return;
    }
    if (s->c->args.json) {
        ch_buf_puts(b, s->count++ > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(b, "role", row->role);
        if (row->repository.len > 0) {
            json_field(b, "repository", row->repository);
        }
        if (row->environment.len > 0) {
            json_field(b, "environment", row->environment);
        }
        json_field(b, "by", row->by);
        json_time(b, "since", row->at_us);
        ch_buf_putc(b, '}');
        return;
    }
    people_shown_put(s, row->role, false);
    if (row->repository.len > 0 || row->environment.len > 0) {
        ch_buf_printf(b, " (%.*s%s%.*s)", CH_STR_ARG(row->repository),
                      row->repository.len > 0 && row->environment.len > 0 ? " " : "",
                      CH_STR_ARG(row->environment));
    }
    people_put_altered(b, row);
}

struct groups {
    struct command *c;
    struct ch_str *shown;
    size_t count;
};

static void list_group(void *ctx, const struct ch_people_row *row)
{
    struct groups *g = ctx;
    struct command *c = g->c;
    struct ch_buf b;
    if (row->ended_at_us != CH_TIME_UNKNOWN ||
        (row->kind != CH_PEOPLE_GRANT && row->kind != CH_PEOPLE_MEMBER)) {
        return;
    }
    for (size_t i = 0; i < g->count; i++) {
        if (ch_str_eq(g->shown[i], row->group)) {
            return;
        }
    }
    g->shown = ch_realloc_array(g->shown, g->count + 1, sizeof(*g->shown));
    g->shown[g->count++] = row->group;
    ch_buf_init(&b, 1u << 20);
    struct people_shown s = {.c = c, .kind = CH_PEOPLE_GRANT, .group = row->group, .out = &b};
    if (c->args.json) {
        ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "name", row->group);
        json_open(&b, "grants", '[');
    } else {
        ch_buf_printf(&b, "%-20.*s roles: ", CH_STR_ARG(row->group));
    }
    people_each(c->k->people, put_of_group, &s);
    if (c->args.json) {
        ch_buf_putc(&b, ']');
        json_open(&b, "members", '[');
    } else {
        ch_buf_puts(&b, s.count == 0 ? CH_STR("none  members: ") : CH_STR("  members: "));
    }
    s.kind = CH_PEOPLE_MEMBER;
    s.count = 0;
    people_each(c->k->people, put_of_group, &s);
    ch_buf_puts(&b, c->args.json ? CH_STR("]}") : s.count == 0 ? CH_STR("none\n") : CH_STR("\n"));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static enum step group_list(struct command *c)
{
    struct groups g = {.c = c};
    command_print(c, "%s", c->args.json ? "[" : "");
    people_each(c->k->people, list_group, &g);
    command_print(c, "%s", c->args.json ? "]\n" : g.count == 0 ? "there are no groups\n" : "");
    free(g.shown);
    return command_end(c, 0, "%s", "");
}

enum step command_group(struct command *c)
{
    struct ch_str what = command_word_at(c, 0), group = command_word_at(c, 1);
    if (!people_may_manage(c)) {
        return STEP_DONE;
    }
    if (ch_str_eq(what, CH_STR("list")) && group.ptr == NULL) {
        return group_list(c);
    }
    if (ch_str_eq(what, CH_STR("add")) && group.len > 0) {
        return group_add(c, group);
    }
    if (ch_str_eq(what, CH_STR("revoke")) && group.len > 0) {
        return group_revoke(c, group);
    }
    return command_end(c, 2, "expected group add GROUP, group list or group revoke GROUP");
}
