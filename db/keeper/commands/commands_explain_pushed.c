/* explain: who pushed a manifest to a hosted repository, as what, and who took it away. */
#include "commands_int.h"

#include "customhouse/store_pushed.h"

struct shown {
    struct command *c;
    struct ch_buf *json; /* NULL: for people */
    size_t count;
};

static const char *const changes[] = {
    [CH_PUSHED] = "pushed", [CH_PUSHED_GONE] = "manifest-gone", [CH_PUSHED_TAG_GONE] = "tag-gone"};

static void show_json(struct shown *s, const struct ch_pushed_row *row)
{
    ch_buf_puts(s->json, s->count > 0 ? CH_STR(",{") : CH_STR("{"));
    json_field(s->json, "change", ch_str_of(changes[row->kind]));
    json_field(s->json, "by", row->by);
    json_time(s->json, "at", row->at_us);
    json_field(s->json, "tag", row->tag);
    ch_buf_putc(s->json, '}');
}

static void show(void *ctx, const struct ch_pushed_row *row)
{
    struct shown *s = ctx;
    char time[40];
    if (s->json != NULL) {
        show_json(s, row);
        s->count++;
        return;
    }
    command_time(row->at_us, time, sizeof(time));
    command_print(s->c, row->kind == CH_PUSHED ? "  pushed by " : "  taken away by ");
    command_put_escaped(s->c, row->by);
    command_print(s->c, " at %s", time);
    if (row->tag.len > 0) {
        command_print(s->c, row->kind == CH_PUSHED ? " as " : ": the tag ");
        command_put_escaped(s->c, row->tag);
    } else {
        command_print(s->c, row->kind == CH_PUSHED ? " by its digest" : ", with all tags of it");
    }
    command_print(s->c, "\n");
    s->count++;
}

void command_explain_pushed(struct command *c, const struct page *p, size_t file,
                            struct ch_buf *json)
{
    struct shown s = {.c = c, .json = json};
    struct ch_str project, tag;
    struct ch_sha256 sha256;
    struct ch_err err;
    if (!p->config->hosted) {
        return;
    }
    if (json != NULL) {
        json_open(json, "pushed", '[');
    }
    if (p->eco->push->page_is(page_name(p), &project, &tag, &sha256) &&
        ch_sha256_eq(&sha256, &p->facts.files[file].index.sha256) &&
        ch_store_pushes_of(c->k->store, ch_str_of(p->repository), project, &sha256, show, &s,
                           &err) != CH_OK) {
        keeper_log("store", "error=\"%s\"", err.msg);
    }
    if (json != NULL) {
        ch_buf_putc(json, ']');
    }
}
