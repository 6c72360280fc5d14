/* What somebody asked to be inspected again: results come to who asked, for as long as they look.
 */
#include "rescan_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/commands/json.h"

#define OUT_MAX (64u << 20)

struct rescan_batch {
    struct keeper *k;
    struct rescan_queue items; /* before it starts */
    size_t left, bad, told;
    bool json;
    bool looking;   /* through all decisions: more items come */
    bool abandoned; /* nobody looks any more: freed with its last file */
    struct ch_buf out;
    struct waiter *waiter;
};

struct rescan_batch *rescan_batch_new(struct keeper *k, bool json)
{
    struct rescan_batch *b = ch_calloc(1, sizeof(*b));
    b->k = k;
    b->json = json;
    ch_buf_init(&b->out, OUT_MAX);
    return b;
}

static void free_batch(struct rescan_batch *b)
{
    rescan_queue_done(&b->items);
    ask_free_waiter(b->waiter);
    ch_buf_done(&b->out);
    free(b);
}

static void free_if_over(struct rescan_batch *b)
{
    if (b->abandoned && b->left == 0 && !b->looking) {
        free_batch(b);
    }
}

void rescan_batch_free(struct rescan_batch *b)
{
    if (b != NULL) {
        b->abandoned = true;
        free_if_over(b);
    }
}

void rescan_batch_end(struct rescan_batch *b, size_t items)
{
    b->left -= items;
    b->looking = false;
    free_if_over(b);
}

void rescan_batch_add(struct rescan_batch *b, struct ch_str repository, struct ch_str project,
                      struct ch_str file_name)
{
    struct rescan_item *i = rescan_item_new(repository, project, file_name);
    i->batch = b;
    rescan_queue_add(&b->items, i);
}

void rescan_batch_add_all(struct rescan_batch *b, bool only_due)
{
    b->looking = true;
    rescan_gather(b->k, b, !only_due);
}

static void wake(struct rescan_batch *b)
{
    struct waiter *w = b->waiter;
    b->waiter = NULL;
    if (w != NULL) {
        ask_go_on(b->k, NULL, w); /* may free the batch */
    }
}

void rescan_batch_gathered(struct rescan_batch *b, struct rescan_queue *found)
{
    rescan_queue_done(&b->items);
    b->items = *found;
    *found = (struct rescan_queue){0};
    b->looking = false;
    if (b->abandoned) {
        free_batch(b);
    } else {
        wake(b);
    }
}

bool rescan_batch_looking(const struct rescan_batch *b)
{
    return b->looking;
}

void rescan_batch_start(struct rescan_batch *b)
{
    b->left = b->items.count;
    for (size_t i = 0; i < b->items.count; i++) {
        rescan_add_by_hand(b->k, b->items.list[i]);
    }
    b->items.next = b->items.count; /* they are the queue's now */
    rescan_kick(b->k);
}

size_t rescan_batch_total(const struct rescan_batch *b)
{
    return b->items.count;
}

size_t rescan_batch_bad(const struct rescan_batch *b)
{
    return b->bad;
}

/* ------------------------------------------------------------------ what is told */

struct clients {
    struct rescan_batch *b;
    size_t count;
};

static void tell_client(void *ctx, const struct ch_served_row *row)
{
    struct clients *c = ctx;
    struct ch_buf *out = &c->b->out;
    char last[40];
    command_time(row->last_at_us, last, sizeof(last));
    if (c->b->json) {
        ch_buf_puts(out, c->count > 0 ? CH_STR(",{") : CH_STR("{"));
        json_field(out, "address", row->address);
        json_field(out, "user_agent", row->user_agent);
        json_field(out, "last", ch_str_of(last));
        json_number(out, "times", row->times);
        ch_buf_putc(out, '}');
    } else {
        ch_buf_puts(out, CH_STR("    fetched by "));
        ch_buf_put_escaped(out, ch_str_sub(row->address, 0, 100));
        ch_buf_printf(out, "  last %s  %llu times  ", last, (unsigned long long)row->times);
        ch_buf_put_escaped(out, ch_str_sub(row->user_agent, 0, 60));
        ch_buf_putc(out, '\n');
    }
    c->count++;
}

static void tell_fetched_by(struct rescan_batch *b, const struct ch_sha256 *sha256)
{
    struct clients c = {.b = b};
    struct ch_err err;
    struct ch_str any = {NULL, 0};
    if (b->json) {
        ch_buf_puts(&b->out, CH_STR(",\"fetched_by\":["));
    }
    if (ch_store_served(b->k->store, sha256, any, any, tell_client, &c, &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (b->json) {
        ch_buf_putc(&b->out, ']');
    } else if (c.count == 0) {
        ch_buf_puts(&b->out, CH_STR("    nobody fetched it\n"));
    }
}

static void tell_json(struct rescan_batch *b, const struct rescan_item *i, struct page *p,
                      size_t file, const struct ch_decision *d, struct ch_str error, bool withdrawn)
{
    struct ch_buf *out = &b->out;
    ch_buf_puts(out, b->told > 0 ? CH_STR(",\n{") : CH_STR("{"));
    json_field(out, "repository", ch_str_of(i->repository));
    json_field(out, "project", ch_str_of(i->project));
    json_field(out, "file", ch_str_of(i->file_name));
    if (d != NULL) {
        json_field(out, "verdict", ch_str_of(ch_verdict_name(d->verdict)));
        json_field(out, "rule", ch_str_of(d->rule));
        json_field(out, "reason", ch_str_of(d->reason));
    }
    if (error.len > 0) {
        json_field(out, "error", error);
    }
    json_bool(out, "withdrawn", withdrawn);
    if (withdrawn) {
        tell_fetched_by(b, &p->files[file].artifact);
    }
    ch_buf_putc(out, '}');
}

static void tell_text(struct rescan_batch *b, const struct rescan_item *i, struct page *p,
                      size_t file, const struct ch_decision *d, struct ch_str error, bool withdrawn)
{
    struct ch_buf *out = &b->out;
    ch_buf_put_escaped(out, ch_str_of(i->file_name));
    ch_buf_printf(out, " (%s): ", i->repository);
    if (error.len > 0) {
        ch_buf_puts(out, CH_STR("not inspected: "));
        ch_buf_put_escaped(out, error);
        ch_buf_puts(out, CH_STR("; "));
    }
    ch_buf_printf(out, "%s%s", d == NULL ? "not known" : ch_verdict_name(d->verdict),
                  withdrawn ? ", withdrawn" : "");
    if (d != NULL && d->verdict != CH_VERDICT_ALLOW) {
        ch_buf_printf(out, " (%s): %s", d->rule, d->reason);
    }
    ch_buf_putc(out, '\n');
    if (withdrawn) {
        tell_fetched_by(b, &p->files[file].artifact);
    }
}

void rescan_batch_tell(struct rescan_batch *b, const struct rescan_item *i, struct page *p,
                       size_t file, const struct ch_decision *d, struct ch_str error)
{
    bool withdrawn = d != NULL && i->was_allowed && d->verdict != CH_VERDICT_ALLOW;
    b->left--;
    b->bad += withdrawn || error.len > 0;
    if (b->abandoned) {
        free_if_over(b);
        return;
    }
    if (b->json) {
        tell_json(b, i, p, file, d, error, withdrawn);
    } else {
        tell_text(b, i, p, file, d, error, withdrawn);
    }
    b->told++;
    wake(b);
}

void rescan_batch_read(struct rescan_batch *b, struct ch_buf *out)
{
    ch_buf_puts(out, ch_buf_str(&b->out));
    ch_buf_clear(&b->out);
}

bool rescan_batch_done(const struct rescan_batch *b)
{
    return b->left == 0;
}

void rescan_batch_wait(struct rescan_batch *b, struct waiter *waiter)
{
    CH_ASSERT(b->waiter == NULL);
    b->waiter = waiter;
}
