/* audit search: entries of the log for whoever has audit.read, a part of the log at a time, so that
 * nothing else waits for it. Whoever asks goes on where the answer says. On the host itself
 * `customhouse audit search` asks no keeper. */
#include "commands_int.h"

#include <stdio.h>

#include "customhouse/timefmt.h"
#include "db/audit/auditor.h"

#define ROWS_MAX  1000       /* looked at by one command */
#define BYTES_MAX (4u << 20) /* of what it says, or one entry more */

struct search {
    struct command *c;
    struct audit_query query;
    struct audit_reader reader;
    struct ch_logged logged;
    struct ch_buf texts; /* of logged.clear */
    uint64_t looked_at, next;
    size_t bytes, found;
    bool more;
    enum ch_code rc;
    struct ch_err *err;
};

static struct ch_str kept(struct ch_buf *texts, struct ch_str s)
{
    size_t at = texts->len;
    ch_buf_puts(texts, s);
    return texts->failed ? (struct ch_str){NULL, 0} : (struct ch_str){texts->ptr + at, s.len};
}

static void on_clear(void *ctx, const struct ch_log_clear *clear)
{
    struct search *s = ctx;
    if (s->logged.clear_count < CH_LOGGED_CLEAR) {
        s->logged.clear[s->logged.clear_count++] = (struct ch_log_clear){
            .field = kept(&s->texts, clear->field), .text = kept(&s->texts, clear->text)};
    }
}

static void put(struct search *s, struct ch_str entry)
{
    struct command *c = s->c;
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    if (c->args.json && s->found++ > 0) {
        ch_buf_putc(&b, ',');
    }
    if (s->query.bare && c->args.json) {
        ch_buf_put_json(&b, entry);
    } else if (s->query.bare) {
        ch_buf_puts(&b, entry);
    } else {
        audit_put_found(&b, &s->query, &s->logged, entry);
    }
    ch_buf_putc(&b, '\n');
    s->bytes += b.len;
    s->rc = ch_buf_ok(&b, s->err);
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static bool on_row(void *ctx, const struct ch_log_row *row)
{
    struct search *s = ctx;
    struct ch_str entry;
    if (row->index >= s->reader.size) { /* not in the log yet */
        return false;
    }
    s->next = row->index;
    if (s->looked_at == ROWS_MAX || s->bytes >= BYTES_MAX) {
        s->more = true;
        return false;
    }
    s->looked_at++;
    s->logged = (struct ch_logged){.row = *row};
    ch_buf_clear(&s->texts);
    s->rc = ch_store_log_clear(s->c->k->store, row->index, on_clear, s, s->err);
    s->rc = s->rc == CH_OK ? ch_buf_ok(&s->texts, s->err) : s->rc;
    s->rc = s->rc == CH_OK ? audit_reader_get(&s->reader, row->index, &entry, s->err) : s->rc;
    if (s->rc == CH_OK && audit_is_wanted(&s->query, &s->logged, entry)) {
        put(s, entry);
    }
    return s->rc == CH_OK;
}

/* False: the command has ended. */
static bool read_query(struct command *c, struct audit_query *q, uint64_t *ret_from)
{
    struct ch_str from = command_option(c, "from"), to = command_option(c, "to");
    struct ch_str after = command_option(c, "next");
    *q = (struct audit_query){
        .kind = command_option(c, "kind"),
        .what = command_option(c, "what"),
        .who = command_option(c, "who"),
        .from_us = INT64_MIN,
        .to_us = INT64_MAX,
        .clear = true,
        .bare = command_has(c, "verbatim"),
    };
    if ((from.ptr != NULL && !ch_time_parse_bound(from, false, &q->from_us)) ||
        (to.ptr != NULL && !ch_time_parse_bound(to, true, &q->to_us))) {
        command_end(c, 2,
                    "--from, --to: expected a date or time, as 2030-01-31 or "
                    "2030-01-31T12:00:00Z");
        return false;
    }
    if (after.ptr != NULL && (!ch_str_u64(after, ret_from) || *ret_from > INT64_MAX)) {
        command_end(c, 2, "--next: expected the number of an entry");
        return false;
    }
    return true;
}

static enum ch_code search(struct search *s, uint64_t from, struct ch_err *err)
{
    char state[4096];
    snprintf(state, sizeof(state), "%.*s", CH_STR_ARG(s->c->k->child.setup.state_dir));
    s->err = err;
    enum ch_code rc = audit_reader_open(state, &s->reader, err);
    rc = rc == CH_OK ? ch_store_log_list(s->c->k->store, from, on_row, s, err) : rc;
    rc = rc == CH_OK ? s->rc : rc;
    audit_reader_close(&s->reader);
    return rc;
}

enum step command_audit_search(struct command *c)
{
    struct search s = {.c = c};
    struct ch_err err;
    uint64_t from = 0;
    if (!read_query(c, &s.query, &from)) {
        return STEP_DONE;
    }
    ch_buf_init(&s.texts, 1u << 20);
    CH_ASSERT(ch_buf_reserve(&s.texts, 1u << 20) != NULL); /* slices do not move */
    if (c->args.json) {
        command_put(c, CH_STR("{\"entries\":["));
    }
    enum ch_code rc = search(&s, from, &err);
    ch_buf_done(&s.texts);
    if (rc != CH_OK) {
        return command_end(c, 1, "the log could not be read: %s", err.msg);
    }
    if (c->args.json && s.more) {
        command_print(c, "],\"next\":%llu}\n", (unsigned long long)s.next);
    } else if (c->args.json) {
        command_put(c, CH_STR("]}\n"));
    }
    return s.more ? command_end(c, 0, "next %llu", (unsigned long long)s.next)
                  : command_end(c, 0, "%s", "");
}
