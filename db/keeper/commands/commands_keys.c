/* keys: the keys by purpose, and a new one in the place of another. */
#include "commands_int.h"

#include <stdio.h>

#include "customhouse/timefmt.h"
#include "db/keeper/audit/keyring.h"

struct keys_shown {
    struct command *c;
    struct ch_str name; /* absent: all of them, without their text */
    size_t count;
};

static void put_time(char ret[40], int64_t at_us)
{
    struct ch_buf b;
    ch_buf_init(&b, 64);
    ch_time_put(&b, at_us, false);
    snprintf(ret, 40, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
}

static void show_json(struct keys_shown *s, const struct ch_key_row *row, const char *from,
                      const char *until)
{
    struct ch_buf b;
    ch_buf_init(&b, 64u << 10);
    ch_buf_puts(&b, s->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
    json_field(&b, "purpose", row->purpose);
    json_digest(&b, "id", &row->id);
    json_field(&b, "kind", ch_str_of(ch_key_kind_name((enum ch_key_kind)row->kind)));
    json_field(&b, "not_before", ch_str_of(from));
    if (until[0] != '\0') {
        json_field(&b, "not_after", ch_str_of(until));
        json_field(&b, "ended_by", row->ended_by);
        json_field(&b, "reason", row->ended_reason);
    }
    struct ch_signer *signer;
    struct ch_err err;
    char purpose[CH_PURPOSE_BYTES];
    snprintf(purpose, sizeof(purpose), "%.*s", CH_STR_ARG(row->purpose));
    json_bool(&b, "signs",
              until[0] == '\0' && keyring_signer(s->c->k, purpose, &signer, &err) == CH_OK);
    json_field(&b, "pem", row->public_pem);
    ch_buf_putc(&b, '}');
    command_put(s->c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void show_text(struct keys_shown *s, const struct ch_key_row *row, const char *from,
                      const char *until)
{
    struct command *c = s->c;
    char name[KEYRING_NAME_BYTES], purpose[CH_PURPOSE_BYTES];
    struct ch_signer *signer;
    struct ch_err err;
    keyring_name(row->purpose, &row->id, name);
    snprintf(purpose, sizeof(purpose), "%.*s", CH_STR_ARG(row->purpose));
    bool missing = until[0] == '\0' && keyring_signer(c->k, purpose, &signer, &err) != CH_OK;
    command_print(c, "%-45s %-10s %s .. %-20s%s\n", name,
                  ch_key_kind_name((enum ch_key_kind)row->kind), from,
                  until[0] != '\0' ? until : "", missing ? "  CANNOT SIGN: see the log" : "");
    if (s->name.len > 0 && until[0] != '\0') {
        command_print(c, "ended by %.*s: ", CH_STR_ARG(row->ended_by));
        command_put_escaped(c, row->ended_reason);
        command_print(c, "\n");
    }
    if (s->name.len > 0) {
        command_put(c, row->public_pem);
    }
}

static void show_key(void *ctx, const struct ch_key_row *row)
{
    struct keys_shown *s = ctx;
    char name[KEYRING_NAME_BYTES], from[40], until[40] = "";
    keyring_name(row->purpose, &row->id, name);
    if (s->name.len > 0 && !ch_str_eq(s->name, row->purpose) &&
        !ch_str_eq(s->name, ch_str_of(name))) {
        return;
    }
    put_time(from, row->at_us);
    if (row->ended_at_us != CH_TIME_UNKNOWN) {
        put_time(until, row->ended_at_us);
    }
    if (s->c->args.json) {
        show_json(s, row, from, until);
    } else {
        show_text(s, row, from, until);
    }
    s->count++;
}

static enum step show(struct command *c, struct ch_str name)
{
    struct keys_shown s = {.c = c, .name = name};
    struct ch_err err;
    command_print(c, "%s", c->args.json ? "[" : "");
    enum ch_code rc = ch_store_keys(c->k->store, show_key, &s, &err);
    command_print(c, "%s", c->args.json ? "]\n" : "");
    if (rc != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    return s.count > 0 ? command_end(c, 0, "%s", "")
                       : command_end(c, 1, "no key has this name: see customhouse keys list");
}

static enum step rotate(struct command *c, struct ch_str purpose)
{
    struct ch_str reason = command_option(c, "reason");
    struct ch_sha256 id;
    struct ch_err err;
    if (!command_may(c, ACTION_KEY_ADMIN, (struct ch_str){NULL, 0})) {
        return STEP_DONE;
    }
    if (reason.len == 0) {
        return command_end(c, 2, "keys rotate: expected --reason");
    }
    struct ch_signer *former = NULL;
    bool log = ch_str_eq(purpose, CH_STR(CH_PURPOSE_LOG));
    bool lost = log && keyring_signer(c->k, CH_PURPOSE_LOG, &former, &err) != CH_OK;
    enum ch_code rc = keyring_rotate(c->k, purpose, ch_str_of(c->who.text), reason, &id, &err);
    if (rc != CH_OK) {
        return command_end(c, rc == CH_E_NOT_FOUND ? 2 : 1, "%s", err.msg);
    }
    if (c->args.json) {
        struct ch_buf b;
        ch_buf_init(&b, 1024);
        ch_buf_putc(&b, '{');
        json_field(&b, "purpose", purpose);
        json_digest(&b, "id", &id);
        ch_buf_puts(&b, CH_STR("}\n"));
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
        return command_end(c, 0, "%s", "");
    }
    char name[KEYRING_NAME_BYTES];
    keyring_name(purpose, &id, name);
    command_print(
        c,
        "%s signs from now on. What the former key signed stands, and its public half is\n"
        "published on; its private half %s.\n",
        name,
        lost  ? "is lost: nobody has signed that this one follows it,\n"
                "and audit verify says so to all who know only the former one"
        : log ? "is destroyed once both have signed that"
              : "was destroyed");
    return command_end(c, 0, "%s", "");
}

enum step command_keys(struct command *c)
{
    struct ch_str what = command_word_at(c, 0), name = command_word_at(c, 1);
    if (ch_str_eq(what, CH_STR("list")) && name.len == 0) {
        return show(c, name);
    }
    if (ch_str_eq(what, CH_STR("show")) && name.len > 0) {
        return show(c, name);
    }
    if (ch_str_eq(what, CH_STR("rotate")) && name.len > 0) {
        return rotate(c, name);
    }
    return command_end(c, 2, "expected keys list, keys show NAME or keys rotate PURPOSE");
}
