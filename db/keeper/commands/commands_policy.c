/* policy show, history, diff: what is in force, what was, and what differs. */
#include "commands_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/policies/policy_diff.h"
#include "db/keeper/policies/policy_items.h"

/* ------------------------------------------------------------------ show */

static void show_head(struct command *c)
{
    const struct ch_policy_row *row = &c->k->policies->newest;
    struct ch_sha256 digest = ch_policy_digest(c->k->policy);
    char hex[CH_SHA256_HEX + 1], time[40];
    ch_sha256_hex(&digest, hex);
    command_print(c, "# %s\n# sha256 %s\n", ch_policy_file_name(c->k->policy), hex);
    if (ch_sha256_eq(&row->digest, &digest)) {
        command_time(row->at_us, time, sizeof(time));
        command_print(c, "# in force since %s, number %llu, by ", time,
                      (unsigned long long)row->id);
        command_put_escaped(c, row->by);
        if (row->reason.len > 0) {
            command_print(c, ": ");
            command_put_escaped(c, row->reason);
        }
        command_print(c, "\n");
    }
}

/* What is in force where: the modes of all repositories of the configuration. */
static void show_repositories(struct command *c)
{
    const struct ch_config *config = c->k->config;
    for (size_t i = 0; i < config->repository_count; i++) {
        const struct ch_repository *r = &config->repositories[i];
        if (!command_sees(c, ACTION_POLICY_READ, ch_str_of(r->name))) {
            continue;
        }
        command_print(
            c, "# repository %s (%s, %s): mode %s\n", r->name, r->ecosystem, r->environment,
            ch_policy_mode_name(c->k->policy, ch_str_of(r->name), ch_str_of(r->environment)));
    }
}

static void json_row(struct ch_buf *b, const struct ch_policy_row *row)
{
    json_number(b, "number", row->id);
    json_digest(b, "sha256", &row->digest);
    json_time(b, "since", row->at_us);
    json_field(b, "by", row->by);
    json_field(b, "reason", row->reason);
    json_number(b, "bytes", row->size_bytes);
}

static void json_items(struct ch_buf *b, const struct policy_items *items)
{
    json_open(b, "effective", '[');
    for (size_t i = 0; i < items->count; i++) {
        const struct policy_item *item = &items->list[i];
        ch_buf_puts(b, i > 0 ? CH_STR(",\n{") : CH_STR("\n{"));
        json_field(b, "key", ch_str_of(item->path));
        ch_buf_puts(b, CH_STR(",\"value\":"));
        policy_item_put_json(b, item->value);
        json_bool(b, "default", item->line == 0);
        if (item->line > 0) {
            json_number(b, "line", item->line);
        }
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

static void json_repositories(struct command *c, struct ch_buf *b)
{
    const struct ch_config *config = c->k->config;
    size_t n = 0;
    json_open(b, "repositories", '[');
    for (size_t i = 0; i < config->repository_count; i++) {
        const struct ch_repository *r = &config->repositories[i];
        if (!command_sees(c, ACTION_POLICY_READ, ch_str_of(r->name))) {
            continue;
        }
        ch_buf_puts(b, n++ > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(b, "name", ch_str_of(r->name));
        json_field(b, "ecosystem", ch_str_of(r->ecosystem));
        json_field(b, "environment", ch_str_of(r->environment));
        json_field(b, "mode",
                   ch_str_of(ch_policy_mode_name(c->k->policy, ch_str_of(r->name),
                                                 ch_str_of(r->environment))));
        ch_buf_putc(b, '}');
    }
    ch_buf_putc(b, ']');
}

static enum step show_json(struct command *c)
{
    struct policy_items items;
    struct ch_err err;
    struct ch_buf b;
    struct ch_sha256 digest = ch_policy_digest(c->k->policy);
    const struct ch_policy_row *row = &c->k->policies->newest;
    if (policy_items_of(c->k->policy, &items, &err) != CH_OK) {
        return command_end(c, 1, "%s", err.msg);
    }
    ch_buf_init(&b, (size_t)ch_limits.setup_text_bytes * 8);
    ch_buf_putc(&b, '{');
    json_field(&b, "file", ch_str_of(ch_policy_file_name(c->k->policy)));
    if (ch_sha256_eq(&row->digest, &digest)) {
        json_row(&b, row);
    } else {
        json_digest(&b, "sha256", &digest); /* in force, and not yet written down */
    }
    json_repositories(c, &b);
    json_items(&b, &items);
    ch_buf_puts(&b, CH_STR("}\n"));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
    policy_items_done(&items);
    return command_end(c, 0, "%s", "");
}

enum step command_policy_show(struct command *c)
{
    struct ch_buf b;
    struct ch_err err;
    if (c->args.json) {
        return show_json(c);
    }
    ch_buf_init(&b, (size_t)ch_limits.setup_text_bytes * 4);
    ch_policy_describe(c->k->policy, &b);
    enum ch_code rc = ch_buf_ok(&b, &err);
    if (rc == CH_OK) {
        show_head(c);
        show_repositories(c);
        command_put(c, ch_buf_str(&b));
    }
    ch_buf_done(&b);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* ------------------------------------------------------------------ history */

struct rows {
    struct command *c;
    size_t count;
};

static void show_row(void *ctx, const struct ch_policy_row *row)
{
    struct rows *rows = ctx;
    struct command *c = rows->c;
    struct ch_buf b;
    char time[40], hex[CH_SHA256_HEX + 1];
    if (c->args.json) {
        ch_buf_init(&b, 64u << 10);
        ch_buf_puts(&b, rows->count > 0 ? CH_STR(",\n{") : CH_STR("{"));
        json_row(&b, row);
        ch_buf_putc(&b, '}');
        command_put(c, ch_buf_str(&b));
        ch_buf_done(&b);
    } else {
        command_time(row->at_us, time, sizeof(time));
        ch_sha256_hex(&row->digest, hex);
        command_print(c, "%4llu  %.16s  %s  %8llu bytes  ", (unsigned long long)row->id, hex, time,
                      (unsigned long long)row->size_bytes);
        command_put_escaped(c, row->by);
        command_print(c, row->reason.len > 0 ? "  " : "");
        command_put_escaped(c, row->reason);
        command_print(c, "\n");
    }
    rows->count++;
}

enum step command_policy_history(struct command *c)
{
    struct rows rows = {.c = c};
    struct ch_err err;
    command_print(c, c->args.json ? "[" : "");
    enum ch_code rc = ch_store_policies(c->k->store, SIZE_MAX >> 1, show_row, &rows, &err);
    command_print(c, c->args.json ? "]\n" : "");
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}

/* ------------------------------------------------------------------ diff */

struct wanted { /* what a word names */
    struct ch_str word;
    uint64_t number; /* 0: by digest */
    size_t place;    /* without a word: this one, from the newest; SIZE_MAX */
    size_t seen;
    size_t digests; /* different ones that begin so */
    struct ch_sha256 digest;
};

static void look(void *ctx, const struct ch_policy_row *row)
{
    struct wanted *w = ctx;
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&row->digest, hex);
    bool match = w->place != SIZE_MAX ? w->place == w->seen
                 : w->number > 0      ? w->number == row->id
                                      : ch_str_starts(ch_str_of(hex), w->word);
    w->seen++;
    if (match && (w->digests == 0 || !ch_sha256_eq(&w->digest, &row->digest))) {
        w->digest = row->digest;
        w->digests++;
    }
}

/* A history number, or at least eight digits of a digest; without a word the one at `place`. */
static enum ch_code find_policy(struct command *c, struct ch_str word, size_t place,
                                struct ch_sha256 *ret, struct ch_err *err)
{
    struct wanted w = {.word = word, .place = word.len > 0 ? SIZE_MAX : place};
    if (word.len > 0 && word.len < 8 && (!ch_str_u64(word, &w.number) || w.number == 0)) {
        return ch_fail(err, CH_E_USAGE,
                       "expected a number of the history, or 8 digits or more of a digest");
    }
    enum ch_code rc = ch_store_policies(c->k->store, SIZE_MAX >> 1, look, &w, err);
    if (rc == CH_OK && w.digests != 1) {
        char shown[80];
        struct ch_buf b;
        ch_buf_init(&b, 256);
        ch_buf_put_escaped(&b, ch_str_sub(word, 0, 64));
        snprintf(shown, sizeof(shown), "%.*s", CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
        return w.digests > 1 ? ch_fail(err, CH_E_USAGE, "%s: several policies begin so", shown)
               : word.len > 0
                   ? ch_fail(err, CH_E_USAGE, "%s: not in `customhouse policy history`", shown)
                   : ch_fail(err, CH_E_NOT_FOUND, "there was no other policy before this one");
    }
    *ret = w.digest;
    return rc;
}

enum step command_policy_diff(struct command *c)
{
    struct ch_sha256 digest[2];
    struct ch_buf text[2], out;
    struct ch_err err;
    struct ch_str a = command_word_at(c, 0), b = command_word_at(c, 1);
    enum ch_code rc = find_policy(c, a, 1, &digest[0], &err);
    rc = rc == CH_OK ? find_policy(c, b, 0, &digest[1], &err) : rc;
    if (rc != CH_OK) {
        return command_end(c, rc == CH_E_USAGE ? 2 : 1, "%s", err.msg);
    }
    ch_buf_init(&out, (size_t)ch_limits.setup_text_bytes * 8);
    for (size_t i = 0; i < 2; i++) {
        ch_buf_init(&text[i], (size_t)ch_limits.setup_text_bytes);
        rc = rc == CH_OK ? ch_store_policy_text(c->k->store, &digest[i], &text[i], &err) : rc;
    }
    if (rc == CH_OK) {
        policy_diff_put(&out, ch_buf_str(&text[0]), ch_buf_str(&text[1]), c->args.json);
        rc = ch_buf_ok(&out, &err);
    }
    if (rc == CH_OK) {
        command_put(c, ch_buf_str(&out));
    }
    for (size_t i = 0; i < 2; i++) {
        ch_buf_done(&text[i]);
    }
    ch_buf_done(&out);
    return rc == CH_OK ? command_end(c, 0, "%s", "") : command_end(c, 1, "%s", err.msg);
}
