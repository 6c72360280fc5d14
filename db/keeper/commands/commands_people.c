/* What the commands user, group and token have in common. */
#include "commands_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/people/people_proposals.h"

struct ch_people_row *people_change_add(struct people_changes *ch, enum ch_people_kind kind)
{
    CH_ASSERT(ch->count < PEOPLE_CHANGES_MAX);
    struct ch_people_row *row = &ch->rows[ch->count++];
    *row = (struct ch_people_row){.kind = kind,
                                  .by = ch_str_of(ch->c->who.text),
                                  .at_us = keeper_now_us(ch->c->k),
                                  .ended_at_us = CH_TIME_UNKNOWN};
    return row;
}

enum step people_change_refused(struct command *c, const struct ch_err *err)
{
    return command_end(c, err->code == CH_E_USAGE ? 2 : 1, "%s", err->msg);
}

/* What was done, for people; programs get the numbers. */
static enum step done(struct command *c, const struct ch_people_row *rows, const uint64_t *ids,
                      size_t count, struct ch_str text)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    if (c->args.json) {
        ch_buf_puts(&b, CH_STR("{\"ids\":["));
        for (size_t i = 0; i < count; i++) {
            ch_buf_printf(&b, "%s%llu", i > 0 ? "," : "",
                          (unsigned long long)(rows != NULL ? rows[i].id : ids[i]));
        }
        ch_buf_puts(&b, CH_STR("]}"));
    } else {
        ch_buf_puts(&b, text);
    }
    ch_buf_putc(&b, '\n');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
    return command_end(c, 0, "%s", "");
}

/* ------------------------------------------------------------------ may he */

static const struct place site = {{NULL, 0}, {NULL, 0}};

bool people_may_manage(struct command *c)
{
    return people_may_somewhere(c->k->people, &c->who, ACTION_EXCEPTION_APPROVE) ||
           command_may(c, ACTION_PEOPLE_ADMIN, site.repository);
}

static void refuse_touch(struct command *c, const struct people_touch *touch)
{
    struct ch_buf names;
    c->denied = true;
    ch_buf_init(&names, 1024);
    if (command_put_holders(c, ACTION_EXCEPTION_APPROVE, site, &names) == 0) {
        ch_buf_puts(&names,
                    CH_STR("nobody there; the first one is named in customhouse.yaml (approver)"));
    }
    keeper_log("control", "denied principal=%s action=people command=\"%.*s\"", c->who.text,
               CH_STR_ARG(c->args.name));
    command_end(c, 1,
                "%s may not do this: %s approves exceptions, or would by it, and of approvers only "
                "approvers change groups, uids and tokens. Who may: %.*s",
                c->who.text, touch->who, CH_STR_ARG(ch_buf_str(&names)));
    ch_buf_done(&names);
}

#define PERSONS_SHOWN 5  /* of a change that many are touched by: the answer is one line */
#define UIDS_SHOWN    60 /* bytes */

struct belongings {
    struct ch_str person;
    struct ch_buf *uids;
    size_t uid_count, tokens;
};

static void count_belonging(void *ctx, const struct ch_people_row *row)
{
    struct belongings *b = ctx;
    if (row->ended_at_us != CH_TIME_UNKNOWN || !ch_str_eq(row->person, b->person)) {
        return;
    }
    if (row->kind == CH_PEOPLE_UID) {
        ch_buf_printf(b->uids, "%s%u", b->uid_count++ > 0 ? ", " : "", row->uid);
    }
    b->tokens += row->kind == CH_PEOPLE_TOKEN;
}

/* The persons that a change makes approvers, or changes as such: each once. */
struct persons {
    const struct people_change *change;
    struct ch_str *names; /* borrowed from rows */
    size_t count;
};

static void note_person(struct persons *p, struct ch_str name)
{
    for (size_t i = 0; i < p->count; i++) {
        if (ch_str_eq(p->names[i], name)) {
            return;
        }
    }
    p->names = ch_realloc_array(p->names, p->count + 1, sizeof(*p->names));
    p->names[p->count++] = name;
}

/* A role of a group is everybody's who is in it. */
static void note_granted(void *ctx, const struct ch_people_row *row)
{
    struct persons *p = ctx;
    bool stands = row->ended_at_us == CH_TIME_UNKNOWN && row->kind == CH_PEOPLE_MEMBER;
    for (size_t i = 0; stands && i < p->change->row_count; i++) {
        const struct ch_people_row *r = &p->change->rows[i];
        if (r->kind == CH_PEOPLE_GRANT && ch_str_eq(r->group, row->group)) {
            note_person(p, row->person);
        }
    }
}

static void put_belongings(const struct people *people, struct ch_str person, struct ch_buf *out)
{
    struct ch_buf uids;
    ch_buf_init(&uids, 64u << 10);
    struct belongings b = {.person = person, .uids = &uids};
    people_each(people, count_belonging, &b);
    ch_buf_printf(
        out, "%.*s has uids %.*s and %zu token%s", CH_STR_ARG(person),
        CH_STR_ARG(b.uid_count > 0 ? ch_str_sub(ch_buf_str(&uids), 0, UIDS_SHOWN) : CH_STR("none")),
        b.tokens, b.tokens == 1 ? "" : "s");
    ch_buf_done(&uids);
}

/* Each person with what else they come with: who says yes says yes to that. */
static void tell_first(struct command *c, const struct people_touch *touch,
                       const struct people_change *change)
{
    struct persons p = {.change = change};
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    for (size_t i = 0; i < change->row_count; i++) {
        if (change->rows[i].kind != CH_PEOPLE_GRANT) {
            note_person(&p, change->rows[i].person);
        }
    }
    people_each(c->k->people, note_granted, &p);
    for (size_t i = 0; i < p.count && i < PERSONS_SHOWN; i++) {
        ch_buf_puts(&b, i > 0 ? CH_STR("; ") : CH_STR(""));
        put_belongings(c->k->people, p.names[i], &b);
    }
    if (p.count > PERSONS_SHOWN) {
        ch_buf_printf(&b, "; and %zu more (customhouse group list)", p.count - PERSONS_SHOWN);
    }
    if (p.count > 1) {
        command_end(c, 1,
                    "not done yet: these %zu approve exceptions, or would by it, and that takes "
                    "two approvers: another one has to run the same command within %d hours. %.*s",
                    p.count, PEOPLE_PROPOSAL_HOURS, CH_STR_ARG(ch_buf_str(&b)));
    } else {
        command_end(c, 1,
                    "not done yet: %s approves exceptions, or would by it, and that takes two "
                    "approvers: another one has to run the same command within %d hours. %.*s",
                    touch->who, PEOPLE_PROPOSAL_HOURS, CH_STR_ARG(ch_buf_str(&b)));
    }
    ch_buf_done(&b);
    free(p.names);
}

/* Said by two: they are both who did it. */
static void said_by_both(struct people_changes *ch, const char *other)
{
    snprintf(ch->by, sizeof(ch->by), "%s, %s", other, ch->c->who.text);
    for (size_t i = 0; i < ch->count; i++) {
        ch->rows[i].by = ch_str_of(ch->by);
    }
}

bool people_change_allowed(struct people_changes *ch)
{
    struct command *c = ch->c;
    struct keeper *k = c->k;
    const struct people_change change = {ch->rows, ch->count, ch->ids, ch->id_count};
    struct people_touch touch = people_touched(k->people, &change);
    struct people_agreed agreed;
    struct ch_err err;
    if (ch->own) {
        return true;
    }
    if (touch.approver && !people_may_touch(k->people, &c->who, &change)) {
        refuse_touch(c, &touch);
        return false;
    }
    if (touch.others && !command_may(c, ACTION_PEOPLE_ADMIN, site.repository)) {
        return false;
    }
    if (!touch.approver || people_needed(k, &change) < 2) {
        return true;
    }
    enum ch_code rc = people_agree(k, &change, &c->who, &agreed, &err);
    if (rc == CH_OK) {
        ch->agreed = agreed.id;
        said_by_both(ch, agreed.other);
    } else if (rc == CH_E_NOT_FOUND) {
        tell_first(c, &touch, &change);
    } else {
        command_end(c, 1, "not noted, and nothing was changed: %s", err.msg);
    }
    return rc == CH_OK;
}

enum step people_change_give(struct people_changes *ch, struct ch_str text)
{
    struct ch_err err;
    if (people_check_all(ch->c->k, ch->rows, ch->count, &err) != CH_OK) {
        return people_change_refused(ch->c, &err);
    }
    if (!people_change_allowed(ch)) {
        return STEP_DONE;
    }
    return people_give_agreed(ch->c->k, ch->rows, ch->count, ch->agreed, ch_str_of(ch->c->who.text),
                              &err) == CH_OK
               ? done(ch->c, ch->rows, NULL, ch->count, text)
               : people_change_refused(ch->c, &err);
}

/* ------------------------------------------------------------------ ending */

bool people_fits(struct ch_str given, struct ch_str actual)
{
    return given.len == 0 || ch_str_eq(given, actual);
}

static void gather_one(void *ctx, const struct ch_people_row *row)
{
    struct people_pattern *p = ctx;
    if (row->ended_at_us != CH_TIME_UNKNOWN || row->kind != p->kind ||
        !people_fits(p->person, row->person) || !people_fits(p->group, row->group) ||
        !people_fits(p->role, row->role) ||
        (p->exact && (!ch_str_eq(p->repository, row->repository) ||
                      !ch_str_eq(p->environment, row->environment))) ||
        (p->uid != 0 && p->uid != row->uid) || (p->id != 0 && p->id != row->id)) {
        return;
    }
    struct people_changes *ch = p->ch;
    p->found = true;
    for (size_t i = 0; i < ch->id_count; i++) {
        if (ch->ids[i] == row->id) {
            return; /* named twice */
        }
    }
    ch->ids = ch_realloc_array(ch->ids, ch->id_count + 1, sizeof(*ch->ids));
    ch->ids[ch->id_count++] = row->id;
}

bool people_change_find(struct people_changes *ch, struct people_pattern p)
{
    p.ch = ch;
    people_each(ch->c->k->people, gather_one, &p);
    return p.found;
}

enum step people_change_take(struct people_changes *ch, struct ch_str text)
{
    struct command *c = ch->c;
    struct ch_err err;
    struct ch_str why = ch_str_trim(command_option(c, "reason"));
    enum step step = STEP_DONE;
    if (!people_change_allowed(ch)) {
        step = STEP_DONE;
    } else if (why.len > 500) {
        step = command_end(c, 2, "--reason: expected at most 500 bytes");
    } else if (people_take(c->k, ch->ids, ch->id_count, ch_str_of(c->who.text), why, &err) ==
               CH_OK) {
        step = done(c, NULL, ch->ids, ch->id_count, text);
    } else {
        step = command_end(c, 1,
                           "ended until a restart, but not stored; it is tried again by itself: %s",
                           err.msg);
    }
    free(ch->ids);
    return step;
}

enum step people_change_nothing(struct people_changes *ch, const char *what, struct ch_str name)
{
    free(ch->ids);
    return command_end(ch->c, 1, "there is no %s %.*s", what, CH_STR_ARG(ch_str_sub(name, 0, 64)));
}

/* ------------------------------------------------------------------ lists */

void people_shown_put(struct people_shown *s, struct ch_str text, bool number)
{
    bool json = s->c->args.json;
    ch_buf_puts(s->out, ch_str_of(s->count++ == 0 ? "" : json ? "," : ", "));
    if (json && !number) {
        ch_buf_put_json(s->out, text);
    } else {
        ch_buf_puts(s->out, text);
    }
}

void people_put_altered(struct ch_buf *b, const struct ch_people_row *row)
{
    if (row->altered != NULL) {
        ch_buf_printf(b, " (NOT taken: %s)", row->altered);
    }
}
