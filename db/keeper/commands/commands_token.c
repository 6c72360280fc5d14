/* token: what programs come with in the place of a person. Shown once, never listed. */
#include "commands_people.h"

#include "db/people/touch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_DAYS   "90d" /* without --expires */
#define TOKEN_MAX_US (366 * 86400 * 1000000LL)

static struct ch_str absent_if_empty(struct ch_str s)
{
    return s.len > 0 ? s : (struct ch_str){NULL, 0};
}

/* Who commands as a person: the name; else absent. */
static struct ch_str own_name(const struct command *c)
{
    return ch_str_of(c->who.kind == PRINCIPAL_USER ? c->who.text + sizeof("user:") - 1 : NULL);
}

/* Whose tokens the command may be about: absent: anybody's. False: it has ended. Everybody has a
 * say over his own; `approvers` see and end those of others, too. */
static bool whose(struct command *c, bool approvers, struct ch_str *ret)
{
    const struct place site = {{NULL, 0}, {NULL, 0}};
    struct ch_str user = command_option(c, "user"), own = own_name(c);
    *ret = absent_if_empty(user);
    if (people_may(c->k->people, &c->who, ACTION_PEOPLE_ADMIN, &site) ||
        (approvers && people_may_somewhere(c->k->people, &c->who, ACTION_EXCEPTION_APPROVE))) {
        return true;
    }
    if (own.ptr == NULL || (user.len > 0 && !ch_str_eq(user, own))) {
        return command_may(c, ACTION_PEOPLE_ADMIN, (struct ch_str){NULL, 0});
    }
    *ret = own;
    return true;
}

static void find_uid(void *ctx, const struct ch_people_row *row)
{
    struct ch_people_row *of = ctx;
    if (row->kind == CH_PEOPLE_UID && row->ended_at_us == CH_TIME_UNKNOWN && of->uid == 0 &&
        ch_str_eq(row->person, of->person)) {
        of->uid = row->uid;
    }
}

/* What to do so that this person can make tokens: be known by an account of this host. */
static void put_first_step(struct command *c, const struct ch_people_row *person,
                           struct ch_buf *ret)
{
    struct ch_people_row of = {.person = person->person};
    bool local = c->who.kind == PRINCIPAL_LOCAL && c->uid != 0;
    people_each(c->k->people, find_uid, &of);
    if (of.uid != 0) {
        ch_buf_printf(ret, "On this host that is uid %u: customhouse token add, as that user",
                      of.uid);
    } else if (local) {
        ch_buf_printf(ret, "If that is you: customhouse user add %.*s --uid %u, then this again",
                      CH_STR_ARG(of.person), c->uid);
    } else {
        ch_buf_printf(ret,
                      "First say which account of this host that is: customhouse user add %.*s "
                      "--uid ACCOUNT. Then, as that user: customhouse token add",
                      CH_STR_ARG(of.person));
    }
}

/* A token acts as whose it is. So for administration, and of who approves, only they make it
 * themselves (T22): else whoever makes tokens decides in their name. */
static bool is_theirs_to_make(struct command *c, struct people_changes *ch)
{
    const struct ch_people_row *row = &ch->rows[0];
    const struct ch_people_row *person = people_find(c->k->people, row->person);
    const struct people_change change = {.rows = ch->rows, .row_count = ch->count};
    if (ch_str_eq(row->person, own_name(c)) || person == NULL || person->service) {
        return true;
    }
    bool admin = audience_of_name(row->audience) == AUDIENCE_ADMIN;
    if (!admin && !people_touched(c->k->people, &change).approver) {
        return true;
    }
    struct ch_buf how;
    ch_buf_init(&how, 1024);
    put_first_step(c, person, &how);
    c->denied = true;
    command_end(c, 1, "%s may not do this: %s, only %.*s makes. %.*s", c->who.text,
                admin ? "a person's token for administration"
                      : "a token of who approves exceptions",
                CH_STR_ARG(row->person), CH_STR_ARG(ch_buf_str(&how)));
    ch_buf_done(&how);
    return false;
}

static enum step token_add(struct command *c)
{
    struct people_changes ch = {.c = c};
    struct ch_str user, expires = command_option(c, "expires");
    struct ch_err err;
    char token[TOKEN_LEN + 1], until[40];
    if (!whose(c, false, &user)) {
        return STEP_DONE;
    }
    user = user.ptr != NULL ? user : own_name(c);
    if (user.ptr == NULL && c->who.kind == PRINCIPAL_LOCAL && c->uid != 0) {
        return command_end(
            c, 2,
            "--user: whose token? You, uid %u, are no user yet. To be one: customhouse "
            "user add NAME, customhouse group add operators NAME --role operator, "
            "customhouse user add NAME --uid %u; then this again",
            c->uid, c->uid);
    }
    if (user.ptr == NULL) {
        return command_end(
            c, 2,
            "--user: whose token? A person's for administration that person makes "
            "(customhouse user add NAME --uid ACCOUNT, then customhouse token add as "
            "that user); a program's account is made by customhouse user add NAME "
            "--service");
    }
    struct ch_people_row *row = people_change_add(&ch, CH_PEOPLE_TOKEN);
    row->person = user;
    row->audience = command_option(c, "audience");
    row->label = ch_str_trim(command_option(c, "label"));
    if (!command_expiry(expires.ptr != NULL ? expires : CH_STR(TOKEN_DAYS), row->at_us,
                        &row->expires_at_us) ||
        row->expires_at_us > row->at_us + TOKEN_MAX_US) {
        return command_end(c, 2,
                           "--expires: expected a date to come (2026-12-31) or days (14d), at "
                           "most 366 days ahead");
    }
    if (!is_theirs_to_make(c, &ch)) {
        return STEP_DONE;
    }
    token_make(token);
    CH_ASSERT(token_digest(ch_str_of(token), &row->sha256));
    if (people_give(c->k, ch.rows, ch.count, &err) != CH_OK) {
        explicit_bzero(token, sizeof(token));
        return people_change_refused(c, &err);
    }
    command_time(row->expires_at_us, until, sizeof(until));
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 4096);
        ch_buf_putc(&b, '{');
        json_number(&b, "id", row->id);
        json_field(&b, "token", ch_str_of(token));
        json_field(&b, "user", user);
        json_field(&b, "audience", row->audience);
        json_time(&b, "expires", row->expires_at_us);
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        explicit_bzero(b.ptr, b.len);
        ch_buf_done(&b);
    } else {
        command_print(c, "%s\n", token);
    }
    explicit_bzero(token, sizeof(token));
    enum step step = command_end(
        c, 0, "token %llu of %.*s, for %.*s%s alone, until %s: it is not shown again",
        (unsigned long long)row->id, CH_STR_ARG(user), CH_STR_ARG(row->audience),
        audience_of_name(row->audience) == AUDIENCE_PUSH ? " and for pulling images" : "", until);
    explicit_bzero(c->out.ptr, c->out.cap); /* what was sent is still in there */
    return step;
}

#define EXPIRED_SHOWN_US (30 * 86400 * INT64_C(1000000))

struct token_list {
    struct command *c;
    struct ch_str user; /* absent: all */
};

/* It has ended by time, not so long ago that nobody asks what became of it. */
static bool is_expired(const struct keeper *k, const struct ch_people_row *row)
{
    return row->ended_at_us != CH_TIME_UNKNOWN &&
           ch_str_eq(row->ended_by, CH_STR(PEOPLE_BY_TIME)) &&
           row->ended_at_us > keeper_now_us(k) - EXPIRED_SHOWN_US;
}

static void list_token(void *ctx, const struct ch_people_row *row)
{
    struct token_list *l = ctx;
    struct command *c = l->c;
    bool expired = is_expired(c->k, row);
    char until[40];
    struct ch_buf b;
    if ((row->ended_at_us != CH_TIME_UNKNOWN && !expired) || row->kind != CH_PEOPLE_TOKEN ||
        !people_fits(l->user, row->person) || (row->altered != NULL && c->args.json)) {
        return;
    }
    ch_buf_init(&b, 8192);
    command_time(row->expires_at_us, until, sizeof(until));
    if (c->args.json) {
        ch_buf_puts(&b, c->answers > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_number(&b, "id", row->id);
        json_field(&b, "user", row->person);
        json_field(&b, "audience", row->audience);
        json_field(&b, "label", row->label);
        json_bool(&b, "expired", expired);
        json_time(&b, "expires", row->expires_at_us);
        json_field(&b, "by", row->by);
        json_time(&b, "since", row->at_us);
        ch_buf_putc(&b, '}');
    } else {
        ch_buf_printf(&b, "%5llu  %-20.*s %-7.*s %s %s  ", (unsigned long long)row->id,
                      CH_STR_ARG(row->person), CH_STR_ARG(row->audience),
                      expired ? "EXPIRED" : "until", until);
        ch_buf_put_escaped(&b, row->label);
        people_put_altered(&b, row);
        ch_buf_putc(&b, '\n');
    }
    c->answers++;
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static enum step token_list(struct command *c)
{
    people_end_expired(c->k);
    struct token_list l = {.c = c};
    if (!whose(c, command_option(c, "user").len > 0, &l.user)) { /* without --user: his own */
        return STEP_DONE;
    }
    command_print(c, "%s", c->args.json ? "[" : "");
    people_each(c->k->people, list_token, &l);
    command_print(c, "%s", c->args.json ? "]\n" : c->answers == 0 ? "there are no tokens\n" : "");
    return command_end(c, 0, "%s", "");
}

static enum step token_revoke(struct command *c)
{
    struct people_changes ch = {.c = c};
    struct ch_str user, word;
    if (!whose(c, true, &user)) {
        return STEP_DONE;
    }
    ch.own = user.len > 0 && ch_str_eq(user, own_name(c)); /* no other's are found then */
    for (size_t i = 1; (word = command_word_at(c, i)).ptr != NULL; i++) {
        uint64_t id = 0;
        if (!ch_str_u64(word, &id) || id == 0 ||
            !people_change_find(
                &ch, (struct people_pattern){.kind = CH_PEOPLE_TOKEN, .person = user, .id = id})) {
            return people_change_nothing(&ch, "token", word); /* the same for another's */
        }
    }
    return people_change_take(&ch, CH_STR("revoked"));
}

enum step command_token(struct command *c)
{
    struct ch_str what = command_word_at(c, 0), id = command_word_at(c, 1);
    if (ch_str_eq(what, CH_STR("list")) && id.ptr == NULL) {
        return token_list(c);
    }
    if (ch_str_eq(what, CH_STR("add")) && id.ptr == NULL) {
        return token_add(c);
    }
    if (ch_str_eq(what, CH_STR("revoke")) && id.len > 0) {
        return token_revoke(c);
    }
    return command_end(c, 2,
                       "expected token add --user USER --audience AUDIENCE, token list or token "
                       "revoke ID...");
}
