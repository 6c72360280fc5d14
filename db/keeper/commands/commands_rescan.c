/* rescan: inspects again what is named, all that is known, or (without words) what is due; shows
 * how far it is. */
#include "commands_int.h"

#include "db/keeper/audit/audit.h"
#include "db/keeper/intake/rescan.h"
#include "db/keeper/intake/faults.h"
#include "db/keeper/intake/sizes.h"

static enum step show_state(struct command *c)
{
    struct rescan_state s = rescan_state(c->k);
    struct ch_buf b;
    if (!c->args.json) {
        command_print(c, "inspected again by itself: %zu of %zu files, %zu withdrawn, %zu failed\n",
                      s.done, s.total, s.withdrawn, s.failed);
        command_print(c, "under way: %zu; asked for by hand and waiting: %zu%s\n", s.running,
                      s.by_hand, s.looking ? "; still looking for more" : "");
        return command_end(c, 0, "%s", "");
    }
    ch_buf_init(&b, 4096);
    ch_buf_putc(&b, '{');
    json_number(&b, "total", s.total);
    json_number(&b, "done", s.done);
    json_number(&b, "withdrawn", s.withdrawn);
    json_number(&b, "failed", s.failed);
    json_number(&b, "running", s.running);
    json_number(&b, "by_hand", s.by_hand);
    json_bool(&b, "looking", s.looking);
    ch_buf_puts(&b, CH_STR("}\n"));
    command_put(c, ch_buf_str(&b));
    ch_buf_done(&b);
    return command_end(c, 0, "%s", "");
}

/* What is named and was fetched once, or begun to be; false: the command waits or has ended. */
static bool add_named(struct command *c, enum step *ret_step)
{
    struct what what;
    struct ch_err err;
    size_t added = 0;
    if (command_what(c, &what, &err) != CH_OK) {
        *ret_step = command_end(c, command_status_of(&err), "%s", err.msg);
        return false;
    }
    struct page *p = command_page(c, &what, ret_step);
    if (p == NULL) {
        return false;
    }
    c->batch = rescan_batch_new(c->k, c->args.json);
    for (size_t i = 0; i < p->facts.file_count; i++) {
        bool known = !ch_sha256_is_zero(&p->files[i].artifact) || sizes_only_told(p, i) ||
                     faults_of(p, i) != NULL;
        if (known && command_names(p, i, &what)) {
            rescan_batch_add(c->batch, ch_str_of(p->repository), page_name(p),
                             p->facts.files[i].index.file_name);
            added++;
        }
    }
    if (added == 0) {
        *ret_step = command_end(c, 1, "%s: nothing of it was ever fetched", what.project);
    }
    return added > 0;
}

/* False: the command waits or has ended. */
static bool begin(struct command *c, enum step *ret_step)
{
    bool all = command_has(c, "all");
    if (all && command_word(c).len > 0) {
        *ret_step = command_end(c, 2, "--all is everything: name nothing besides");
        return false;
    }
    if (command_word(c).len > 0) {
        return add_named(c, ret_step);
    }
    c->batch = rescan_batch_new(c->k, c->args.json);
    rescan_batch_add_all(c->batch, !all);
    return true;
}

/* Who has what inspected again is an act: in the log before anything of it. */
static enum ch_code enter(struct command *c, struct ch_err *err)
{
    struct what what;
    struct ch_exception_row of = {.id = 0};
    bool named = command_word(c).len > 0;
    if (named) {
        enum ch_code read = command_what(c, &what, err);
        if (read != CH_OK) {
            return read;
        }
        of = command_scope(c, &what);
    }
    enum ch_code begun = audit_act(c->k, err), rc = begun;
    rc = rc == CH_OK ? audit_rescan(c->k, &of,
                                    named                   ? "named"
                                    : command_has(c, "all") ? "all"
                                                            : "due",
                                    rescan_batch_total(c->batch), ch_str_of(c->who.text), err)
                     : rc;
    return audit_act_end(c->k, begun, rc, err);
}

static void start(struct command *c, bool wait)
{
    size_t total = rescan_batch_total(c->batch);
    rescan_batch_start(c->batch);
    c->told = true;
    if (!c->args.json) {
        command_print(c, "inspecting %zu file%s again\n", total, total == 1 ? "" : "s");
    } else if (wait) {
        command_print(c, "[");
    } else {
        command_print(c, "{\"queued\":%zu}\n", total);
    }
}

static void print_new(struct command *c)
{
    struct ch_buf out;
    ch_buf_init(&out, 64u << 20);
    rescan_batch_read(c->batch, &out);
    command_put(c, ch_buf_str(&out));
    ch_buf_done(&out);
}

enum step command_rescan(struct command *c)
{
    enum step step;
    struct ch_err err;
    bool wait = command_has(c, "wait");
    if (command_word(c).len == 0 && !command_has(c, "all") && !wait) {
        return show_state(c);
    }
    if (c->batch == NULL && !begin(c, &step)) {
        return step;
    }
    if (rescan_batch_looking(c->batch)) {
        rescan_batch_wait(c->batch, command_waiter(c));
        return STEP_WAIT;
    }
    if (!c->told && enter(c, &err) != CH_OK) {
        return command_end(c, 1, "nothing is inspected again: %s", err.msg);
    }
    if (!c->told) {
        start(c, wait);
        if (!wait) {
            return command_end(c, 0, "%s", "");
        }
    }
    print_new(c);
    if (!rescan_batch_done(c->batch)) {
        rescan_batch_wait(c->batch, command_waiter(c));
        return STEP_WAIT;
    }
    size_t bad = rescan_batch_bad(c->batch);
    if (c->args.json) {
        command_print(c, "]\n");
    } else {
        command_print(c, "%zu inspected again, %zu withdrawn or not inspected\n",
                      rescan_batch_total(c->batch), bad);
    }
    return command_end(c, bad > 0 ? 1 : 0, "%s", "");
}
