/* explain of bytes that nobody has fetched, and of names that no upstream has: who denied them. */
#include "commands_int.h"
#include "db/keeper/rulings/rulings.h"

struct denials {
    struct command *c;
    struct ch_buf *json; /* NULL: for people */
    size_t count;
};

static void tell_denial(void *ctx, const struct ch_ruling_row *row)
{
    struct denials *d = ctx;
    struct command *c = d->c;
    char since[40], until[40] = "";
    if (row->repository.len > 0 && !command_sees(c, ACTION_QUEUE_READ, row->repository)) {
        return;
    }
    command_time(row->at_us, since, sizeof(since));
    if (row->expires_at_us != CH_TIME_UNKNOWN) {
        command_time(row->expires_at_us, until, sizeof(until));
    }
    if (d->json != NULL) {
        ch_buf_puts(d->json, d->count > 0 ? CH_STR(",{") : CH_STR("{"));
        json_number(d->json, "ruling", row->id);
        if (row->repository.len > 0) {
            json_field(d->json, "repository", row->repository);
        }
        if (row->file_name.len > 0) {
            json_field(d->json, "file", row->file_name);
        } else if (row->version_spec.len > 0) {
            json_field(d->json, "versions", row->version_spec);
        }
        json_field(d->json, "reason", row->reason);
        json_field(d->json, "by", row->by);
        json_time(d->json, "since", row->at_us);
        json_time(d->json, "until", row->expires_at_us);
        ch_buf_putc(d->json, '}');
    } else {
        struct ch_str of = row->file_name.len > 0 ? row->file_name : row->version_spec;
        command_put_escaped(c, of);
        command_print(c, "%sdenied since %s%s%s by ", of.len > 0 ? " " : "", since,
                      until[0] != '\0' ? " until " : "", until);
        command_put_escaped(c, row->by);
        command_print(c, " (ruling %llu%s", (unsigned long long)row->id,
                      row->repository.len > 0 ? ", repository " : "");
        command_put_escaped(c, row->repository);
        command_print(c, "): ");
        command_put_escaped(c, row->reason);
        command_print(c, "\n");
    }
    d->count++;
}

enum step command_explain_unknown(struct command *c, const struct ch_sha256 *sha256,
                                  const char *never)
{
    struct denials d = {.c = c};
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    if (c->args.json) {
        d.json = &b;
        ch_buf_puts(&b, CH_STR("[{"));
        json_digest(&b, "sha256", sha256);
        json_bool(&b, "fetched", false);
        json_open(&b, "denials", '[');
    }
    rulings_of_bytes(c->k, sha256, tell_denial, &d);
    if (c->args.json) {
        ch_buf_puts(&b, CH_STR("]}]\n"));
        command_put(c, ch_buf_str(&b));
    } else if (d.count > 0) {
        command_print(c, "%s; it is refused wherever it comes from\n", never);
    }
    ch_buf_done(&b);
    return d.count > 0 ? command_end(c, 0, "%s", "")
                       : command_end(c, 1, "%s; nobody denied it", never);
}

static void count_client(void *ctx, const struct ch_served_row *row)
{
    size_t *count = ctx;
    (void)row;
    (*count)++;
}

size_t command_clients_of(struct command *c, const struct page *p, struct ch_str file_name,
                          const struct ch_sha256 *sha256)
{
    size_t count = 0;
    struct ch_err err;
    if (!ch_sha256_is_zero(sha256)) {
        CH_IGNORE(ch_store_served(c->k->store, sha256, page_name(p), file_name, count_client,
                                  &count, &err));
    }
    return count;
}

bool command_explain_replaced(struct command *c, const struct page *p, const struct what *what,
                              enum step *ret_step)
{
    ptrdiff_t at = what->kind == WHAT_FILE ? page_find_file(p, ch_str_of(what->file_name)) : -1;
    if (at < 0 || !command_is_other(p, (size_t)at, &what->sha256)) {
        return false;
    }
    const struct ch_sha256 *now = command_bytes_now(p, (size_t)at);
    struct denials d = {.c = c};
    struct ch_buf b;
    size_t clients = command_clients_of(c, p, ch_str_of(what->file_name), &what->sha256);
    char hex[2][CH_SHA256_HEX + 1];
    ch_sha256_hex(&what->sha256, hex[0]);
    ch_sha256_hex(now, hex[1]);
    ch_buf_init(&b, 1u << 20);
    if (c->args.json) {
        d.json = &b;
        ch_buf_puts(&b, CH_STR("[{"));
        json_digest(&b, "sha256", &what->sha256);
        json_field(&b, "file", ch_str_of(what->file_name));
        json_field(&b, "repository", ch_str_of(p->repository));
        json_digest(&b, "replaced_by", now);
        json_bool(&b, "served", false);
        json_number(&b, "clients", clients);
        json_open(&b, "denials", '[');
    } else {
        command_print(c,
                      "sha256:%s came as %s of %s in %s, which stands for other bytes by now, "
                      "sha256:%s: these are not served\n  fetched by: %zu client%s%s\n",
                      hex[0], what->file_name, p->project, p->repository, hex[1], clients,
                      clients == 1 ? "" : "s",
                      clients > 0 ? " (customhouse fetched-by sha256:DIGEST says who)" : "");
    }
    rulings_of_bytes(c->k, &what->sha256, tell_denial, &d);
    if (c->args.json) {
        ch_buf_puts(&b, CH_STR("]}]\n"));
        command_put(c, ch_buf_str(&b));
    } else if (d.count == 0) {
        command_print(c, "  nobody denied them\n");
    }
    ch_buf_done(&b);
    *ret_step = command_end(c, 0, "%s", "");
    return true;
}

enum step command_explain_absent(struct command *c, const struct page *p)
{
    struct denials d = {.c = c};
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    if (c->args.json) {
        d.json = &b;
        ch_buf_puts(&b, CH_STR("[{"));
        json_field(&b, "repository", ch_str_of(p->repository));
        json_field(&b, "project", page_name(p));
        json_bool(&b, "known", false);
        json_open(&b, "denials", '[');
    }
    rulings_of_name(c->k, p, tell_denial, &d);
    if (d.count > 0 && c->args.json) {
        ch_buf_puts(&b, CH_STR("]}]\n"));
        command_put(c, ch_buf_str(&b));
    } else if (d.count > 0) {
        command_print(c, "%s: no upstream of repository %s has this project so far\n", p->project,
                      p->repository);
    }
    ch_buf_done(&b);
    return d.count > 0 ? command_end(c, 0, "%s", "") : command_end_absent(c, p);
}

bool command_was_fetched(struct command *c, const struct ch_sha256 *sha256)
{
    struct ch_artifact a;
    struct ch_err err;
    return ch_store_get_artifact(c->k->store, sha256, &a, &err) != CH_E_NOT_FOUND;
}

const char *command_why_not_served(struct command *c, const struct page *p, size_t file,
                                   const struct ch_decision *d)
{
    const char *trouble = keeper_store_trouble(c->k);
    struct ch_err err;
    if (d->verdict != CH_VERDICT_ALLOW || ch_sha256_is_zero(&p->files[file].artifact) ||
        !ch_blobs_is_served(c->k->blobs, &p->files[file].artifact)) {
        return "";
    }
    if (!c->k->healthy || ch_store_whole(c->k->store, &err) !=
                              CH_OK) { /* no lease is given: gateways serve nothing */
        return trouble != NULL ? trouble : "the database cannot be written";
    }
    return page_usable(c->k, p) ? NULL : "its upstream has not confirmed it for too long";
}

void command_show_stated_time(struct command *c, const struct page *p, size_t file)
{
    const struct page_fact_file *f = &p->facts.files[file];
    int64_t stated_us = f->index.uploaded_at_us;
    char time[40];
    command_time(stated_us, time, sizeof(time));
    command_print(c, "  uploaded, as the upstream states: %s", time);
    if (!p->upstream->trust_times) {
        command_print(c, " (not trusted)");
    } else if (stated_us != CH_TIME_UNKNOWN &&
               ch_since_stated(stated_us, f->last_absent_at_us) != stated_us) {
        command_time(f->last_absent_at_us, time, sizeof(time));
        command_print(c, ", but its index did not list it on %s: that counts", time);
    }
    command_print(c, "\n");
}
