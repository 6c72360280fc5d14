#include "commands_runtime.h"

#include <stdio.h>
#include <stdlib.h>

#include "customhouse/store_admitted.h"
#include "db/keeper/images/image.h"

#define SLICE_ROWS 32 /* of one turn */

struct runtime {
    struct command *c;
    struct ch_timer timer;
    uint64_t after; /* all up to this row are told, or left out */
    size_t told, withdrawn;
};

void runtime_free(struct runtime *r)
{
    if (r != NULL) {
        ch_loop_cancel_timer(r->c->k->child.loop, &r->timer);
        free(r);
    }
}

static void on_timer(struct ch_timer *t)
{
    commands_go_on(CH_CONTAINER_OF(t, struct runtime, timer)->c);
}

/* ------------------------------------------------------------------ what is known of one */

/* What is known, and nothing is asked of an upstream for it; what is read on a thread is waited
 * for. */
static bool on_page(void *ctx, struct page *p)
{
    struct command *c = ctx;
    if (page_load(c->k, p) || p->read == NULL) {
        return true;
    }
    struct waiter *w = command_waiter(c);
    if (!page_ready(c->k, p, w)) {
        return false;
    }
    ask_free_waiter(w);
    return true;
}

/* False: the command waits. */
static bool look(struct command *c, const struct ch_admitted_row *row, struct image *ret)
{
    struct keeper *k = c->k;
    struct image_name name = {.repository = ch_config_repository(k->config, row->repository)};
    struct image_wanted wanted = {.platform = ch_str_of(k->config->admission_platform)};
    *ret = (struct image){.state = IMAGE_UNKNOWN};
    if (name.repository == NULL || !ch_str_copy(row->project, name.page, sizeof(name.page))) {
        snprintf(ret->reason, sizeof(ret->reason), "its repository is not in the configuration");
        return true;
    }
    if (!image_look(k, &name, &wanted, on_page, c, ret)) {
        return false;
    }
    if (!ch_str_eq(row->environment, ch_str_of(name.repository->environment))) {
        ret->state = IMAGE_HELD;
        snprintf(ret->reason, sizeof(ret->reason), "its repository %s is for %s now",
                 name.repository->name, name.repository->environment);
    }
    return true;
}

/* Not what is merely not known now: its approval has not ended by that. */
static bool is_withdrawn(const struct image *im)
{
    return im->state == IMAGE_HELD || im->state == IMAGE_DENIED;
}

/* ------------------------------------------------------------------ telling */

static void put_digest(struct ch_buf *b, const struct ch_sha256 *sha256, bool *first)
{
    ch_buf_puts(b, *first ? CH_STR("\"sha256:") : CH_STR(",\"sha256:"));
    ch_buf_put_hex(b, sha256->byte, sizeof(sha256->byte));
    ch_buf_putc(b, '"');
    *first = false;
}

/* By which a node may name what it runs: manifests, and where it takes an image apart its
 * configuration. */
static void json_digests(struct command *c, struct ch_buf *b, const struct ch_admitted_row *row,
                         const struct image *im)
{
    bool first = true;
    json_open(b, "digests", '[');
    put_digest(b, &row->sha256, &first);
    if (!ch_sha256_is_zero(&row->runs) && !ch_sha256_eq(&row->runs, &row->sha256)) {
        put_digest(b, &row->runs, &first);
    }
    for (size_t m = 0; m < im->manifest_count; m++) {
        const struct page *p = image_page(c->k, im, m);
        for (size_t i = 0; p != NULL && i < p->facts.file_count; i++) {
            const struct ch_sha256 *is = &p->facts.files[i].index.sha256;
            const char *type = p->files[i].release.file_type;
            if (image_has_file(p, i) && !ch_sha256_eq(is, &row->sha256) &&
                !ch_sha256_eq(is, &row->runs) &&
                (ch_str_eq(ch_str_of(type), CH_STR("config")) ||
                 ch_str_eq(ch_str_of(type), CH_STR("manifest")))) {
                put_digest(b, is, &first);
            }
        }
    }
    ch_buf_putc(b, ']');
}

static void tell_json(struct command *c, const struct ch_admitted_row *row, const struct image *im)
{
    struct ch_buf b;
    ch_buf_init(&b, 1u << 20);
    ch_buf_puts(&b, c->runtime->told > 0 ? CH_STR(",\n{") : CH_STR("{"));
    json_number(&b, "id", row->id);
    json_field(&b, "repository", row->repository);
    json_field(&b, "environment", row->environment);
    json_field(&b, "namespace", row->name_space);
    json_field(&b, "image", row->project);
    json_digests(c, &b, row, im);
    json_time(&b, "first", row->at_us);
    json_time(&b, "last", row->last_at_us);
    json_field(&b, "state", ch_str_of(image_state_name(im->state)));
    json_field(&b, "reason", ch_str_of(im->state == IMAGE_ALLOWED ? "" : im->reason));
    json_bool(&b, "withdrawn", is_withdrawn(im));
    ch_buf_putc(&b, '}');
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
}

static void tell(struct command *c, const struct ch_admitted_row *row, const struct image *im)
{
    char first[40], last[40];
    if (c->args.json) {
        tell_json(c, row, im);
    } else {
        command_time(row->at_us, first, sizeof(first));
        command_time(row->last_at_us, last, sizeof(last));
        command_print(c, "%-8s ", image_state_name(im->state));
        command_put_escaped(c, row->project);
        command_print(c, " in ");
        command_put_escaped(c, row->repository);
        command_print(c, " (");
        command_put_escaped(c, row->environment);
        command_print(c, "), namespace ");
        command_put_escaped(c, row->name_space);
        command_print(c, "\n  admitted %s, last %s\n", first, last);
        if (im->state != IMAGE_ALLOWED) {
            command_print(c, "  %s\n", im->reason);
        }
    }
    c->runtime->told++;
}

/* ------------------------------------------------------------------ all */

static bool is_asked_for(const struct command *c, const struct ch_admitted_row *row)
{
    struct ch_str repository = command_option(c, "repository"),
                  environment = command_option(c, "environment"),
                  name_space = command_option(c, "namespace");
    return command_sees(c, c->action, row->repository) &&
           (repository.len == 0 || ch_str_eq(repository, row->repository)) &&
           (environment.len == 0 || ch_str_eq(environment, row->environment)) &&
           (name_space.len == 0 || ch_str_eq(name_space, row->name_space));
}

struct slice {
    struct ch_admitted_row row[SLICE_ROWS];
    size_t count;
    struct ch_buf texts;
};

static struct ch_str kept(struct ch_buf *b, struct ch_str s)
{
    size_t at = b->len;
    ch_buf_puts(b, s);
    return (struct ch_str){b->ptr + at, s.len};
}

static void on_row(void *ctx, const struct ch_admitted_row *row)
{
    struct slice *s = ctx;
    struct ch_admitted_row *to = &s->row[s->count++];
    *to = *row;
    struct ch_str *texts[] = {&to->repository, &to->project, &to->environment, &to->name_space};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        *texts[i] = kept(&s->texts, *texts[i]);
    }
}

static enum step end(struct command *c)
{
    struct runtime *r = c->runtime;
    if (c->args.json) {
        command_put(c, CH_STR("]\n"));
    } else {
        command_print(c, "%zu admitted image%s %s not allowed any more\n", r->withdrawn,
                      r->withdrawn == 1 ? "" : "s", r->withdrawn == 1 ? "is" : "are");
    }
    return command_end(c, 0, "%s", "");
}

static enum step tell_slice(struct command *c, const struct slice *s)
{
    struct runtime *r = c->runtime;
    bool all = command_has(c, "all");
    struct image *im = ch_calloc(1, sizeof(*im));
    enum step step = STEP_DONE;
    for (size_t i = 0; step == STEP_DONE && i < s->count; i++) {
        if (is_asked_for(c, &s->row[i])) {
            if (!look(c, &s->row[i], im)) {
                step = STEP_WAIT; /* goes on with this row */
                continue;
            }
            r->withdrawn += is_withdrawn(im);
            if (all || is_withdrawn(im)) {
                tell(c, &s->row[i], im);
            }
        }
        r->after = s->row[i].id;
    }
    free(im);
    if (step == STEP_DONE) { /* others have their turn before the next ones */
        ch_loop_set_timer(c->k->child.loop, &r->timer, ch_loop_now_ms(c->k->child.loop));
    }
    return STEP_WAIT;
}

enum step command_runtime_list(struct command *c)
{
    struct slice s = {.count = 0};
    struct ch_err err;
    if (c->runtime == NULL) {
        c->runtime = ch_calloc(1, sizeof(*c->runtime));
        c->runtime->c = c;
        c->runtime->timer.fn = on_timer;
        if (c->args.json) {
            command_put(c, CH_STR("["));
        }
    }
    ch_buf_init(&s.texts, 1u << 20);
    CH_ASSERT(ch_buf_reserve(&s.texts, 1u << 19) != NULL); /* what was kept does not move */
    enum ch_code rc =
        ch_store_admitted(c->k->store, c->runtime->after, SLICE_ROWS, on_row, &s, &err);
    enum step step = rc != CH_OK || s.texts.failed ? command_end(c, 1, "%s", err.msg)
                     : s.count == 0                ? end(c)
                                                   : tell_slice(c, &s);
    ch_buf_done(&s.texts);
    return step;
}
