/* What the commands user, group and token have in common. */
#include "commands_people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

enum step people_change_give(struct people_changes *ch, struct ch_str text)
{
    struct ch_err err;
    return people_give(ch->c->k, ch->rows, ch->count, &err) == CH_OK
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
    enum step step;
    if (why.len > 500) {
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
