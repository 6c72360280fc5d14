/* user: persons and service accounts, and the uids of persons. */
#include "commands_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_UIDS 10 /* from uid_base on: base/customhouse/site/site.h, struct site_ids */

static bool read_uid(struct command *c, uint32_t *ret)
{
    uint64_t uid = 0;
    struct ch_str text = command_option(c, "uid");
    if (text.ptr != NULL && (!ch_str_u64(text, &uid) || uid == 0 || uid >= UINT32_MAX)) {
        command_end(c, 2,
                    ch_str_eq(text, CH_STR("0"))
                        ? "--uid: root is nobody's: it stays the way in when all else fails"
                        : "--uid: expected a number from 1 to 4294967294");
        return false;
    }
    *ret = (uint32_t)uid;
    return true;
}

/* Who makes himself a person has that person's rights from then on, and no others. */
static bool uid_is_wise(struct command *c, uint32_t uid, struct ch_str name)
{
    const struct ch_config *config = c->k->config;
    struct principal then = people_named(c->k->people, name);
    const struct place site = {{NULL, 0}, {NULL, 0}};
    if (uid >= config->uid_base && uid - config->uid_base < OWN_UIDS) {
        command_end(c, 2, "--uid %u: that is one of the server's own processes (uid_base)", uid);
        return false;
    }
    if (uid == c->uid && c->who.kind == PRINCIPAL_LOCAL &&
        !people_may(c->k->people, &then, ACTION_PEOPLE_ADMIN, &site)) {
        bool there = people_find(c->k->people, name) != NULL;
        command_end(c, 1,
                    "uid %u is yours: as %.*s you could not undo this. First: %s%.*s%scustomhouse "
                    "group add operators %.*s --role operator (or do it as root)",
                    uid, CH_STR_ARG(name), there ? "" : "customhouse user add ",
                    CH_STR_ARG(ch_str_sub(name, 0, there ? 0 : name.len)), there ? "" : "; ",
                    CH_STR_ARG(name));
        return false;
    }
    return true;
}

static enum step user_add(struct command *c, struct ch_str name)
{
    struct people_changes ch = {.c = c};
    struct ch_str full_name = ch_str_trim(command_option(c, "name"));
    bool service = command_has(c, "service");
    const struct ch_people_row *there = people_find(c->k->people, name);
    uint32_t uid;
    char text[160];
    if (!read_uid(c, &uid) || (uid != 0 && !uid_is_wise(c, uid, name))) {
        return STEP_DONE;
    }
    if (there == NULL || uid == 0 || full_name.len > 0 || service) {
        struct ch_people_row *row = people_change_add(&ch, CH_PEOPLE_PERSON);
        row->person = name;
        row->service = service;
        row->full_name = full_name;
    }
    if (uid != 0) {
        struct ch_people_row *row = people_change_add(&ch, CH_PEOPLE_UID);
        row->person = name;
        row->uid = uid;
    }
    snprintf(text, sizeof(text), "%s %.*s %s%s", there == NULL && service ? "service" : "user",
             CH_STR_ARG(ch_str_sub(name, 0, 64)), there == NULL ? "added" : "has another uid",
             there == NULL ? "; groups say what it may (customhouse group add GROUP USER)" : "");
    return people_change_give(&ch, ch_str_of(text));
}

static enum step user_revoke(struct command *c, struct ch_str name)
{
    struct people_changes ch = {.c = c};
    uint32_t uid;
    if (!read_uid(c, &uid)) {
        return STEP_DONE;
    }
    if (people_find(c->k->people, name) == NULL) {
        return people_change_nothing(&ch, "user", name);
    }
    if (uid != 0) {
        return people_change_find(
                   &ch, (struct people_pattern){.kind = CH_PEOPLE_UID, .person = name, .uid = uid})
                   ? people_change_take(&ch, CH_STR("the uid is nobody's now"))
                   : people_change_nothing(&ch, "such uid of", name);
    }
    for (enum ch_people_kind kind = CH_PEOPLE_PERSON; kind <= CH_PEOPLE_TOKEN; kind++) {
        if (kind != CH_PEOPLE_GRANT) {
            people_change_find(&ch, (struct people_pattern){.kind = kind, .person = name});
        }
    }
    return people_change_take(&ch, CH_STR("revoked, with its uids, memberships and tokens"));
}

static void put_of_person(void *ctx, const struct ch_people_row *row)
{
    struct people_shown *s = ctx;
    char uid[16];
    if (row->ended_at_us != CH_TIME_UNKNOWN || row->kind != s->kind ||
        !ch_str_eq(row->person, s->person) || (row->altered != NULL && s->c->args.json)) {
        return;
    }
    snprintf(uid, sizeof(uid), "%u", row->uid);
    people_shown_put(s, row->kind == CH_PEOPLE_UID ? ch_str_of(uid) : row->group,
                     row->kind == CH_PEOPLE_UID);
    people_put_altered(s->out, row);
}

static size_t put_all(struct command *c, struct ch_buf *out, enum ch_people_kind kind,
                      struct ch_str person)
{
    struct people_shown s = {.c = c, .kind = kind, .person = person, .out = out};
    people_each(c->k->people, put_of_person, &s);
    return s.count;
}

static void list_user(void *ctx, const struct ch_people_row *row)
{
    struct command *c = ctx;
    struct ch_buf b;
    char since[40];
    if (row->ended_at_us != CH_TIME_UNKNOWN || row->kind != CH_PEOPLE_PERSON ||
        (row->altered != NULL && c->args.json)) {
        return;
    }
    ch_buf_init(&b, 1u << 20);
    command_time(row->at_us, since, sizeof(since));
    if (c->args.json) {
        ch_buf_puts(&b, c->answers++ > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_field(&b, "name", row->person);
        json_field(&b, "kind", row->service ? CH_STR("service") : CH_STR("user"));
        json_field(&b, "full_name", row->full_name);
        json_open(&b, "uids", '[');
        put_all(c, &b, CH_PEOPLE_UID, row->person);
        ch_buf_putc(&b, ']');
        json_open(&b, "groups", '[');
        put_all(c, &b, CH_PEOPLE_MEMBER, row->person);
        ch_buf_putc(&b, ']');
        json_field(&b, "by", row->by);
        json_time(&b, "since", row->at_us);
        ch_buf_putc(&b, '}');
    } else {
        ch_buf_printf(&b, "%-7s %-20.*s since %s  groups: ", row->service ? "service" : "user",
                      CH_STR_ARG(row->person), since);
        ch_buf_puts(&b, put_all(c, &b, CH_PEOPLE_MEMBER, row->person) == 0 ? CH_STR("none")
                                                                           : CH_STR(""));
        struct ch_buf uids;
        ch_buf_init(&uids, 64u << 10);
        if (put_all(c, &uids, CH_PEOPLE_UID, row->person) > 0) {
            ch_buf_puts(&b, CH_STR("  uids: "));
            ch_buf_puts(&b, ch_buf_str(&uids));
        }
        ch_buf_done(&uids);
        if (row->full_name.len > 0) {
            ch_buf_puts(&b, CH_STR("  "));
            ch_buf_put_escaped(&b, row->full_name);
        }
        people_put_altered(&b, row);
        ch_buf_putc(&b, '\n');
        c->answers++;
    }
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static enum step list(struct command *c, people_fn *each, const char *none)
{
    command_print(c, "%s", c->args.json ? "[" : "");
    people_each(c->k->people, each, c);
    command_print(c, "%s", c->args.json ? "]\n" : "");
    if (!c->args.json && c->answers == 0) {
        command_print(c, "%s\n", none);
    }
    return command_end(c, 0, "%s", "");
}

enum step command_user(struct command *c)
{
    struct ch_str what = command_word_at(c, 0), name = command_word_at(c, 1);
    bool more = command_word_at(c, 2).ptr != NULL;
    if (!people_may_manage(c)) {
        return STEP_DONE;
    }
    if (ch_str_eq(what, CH_STR("list")) && name.ptr == NULL) {
        return list(c, list_user, "there are no users: root and who started the server do all");
    }
    if (ch_str_eq(what, CH_STR("add")) && name.len > 0 && !more) {
        return user_add(c, name);
    }
    if (ch_str_eq(what, CH_STR("revoke")) && name.len > 0 && !more) {
        return user_revoke(c, name);
    }
    return command_end(c, 2, "expected user add NAME, user list or user revoke NAME");
}
