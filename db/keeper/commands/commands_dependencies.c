/* What a release asks for: as its inspection tells, or, before that, a jail of the metadata that
 * were shown of it. Looked up one after the other, a slice of time after the other: each page may
 * be large, or not known yet. */
#include "commands_dependencies_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/pages/page_walk.h"
#include "db/keeper/pages/sidecar.h"

#define BUDGET_PAUSE_MS 200 /* lookups that the budget does not give now are made when it does */

/* At whose expense pages are fetched (budget.h). */
static const struct ch_client command_line = {.address = {"command line", 12}};

void dependencies_free(struct dependencies *d)
{
    if (d == NULL) {
        return;
    }
    ch_loop_cancel_timer(d->c->k->child.loop, &d->timer);
    for (size_t i = 0; i < d->count; i++) {
        free(d->list[i]->fact);
        free(d->list[i]);
    }
    for (size_t i = 0; i < d->file_count; i++) {
        free(d->files[i].file_name);
        free(d->files[i].list);
    }
    free(d->list);
    free(d->files);
    ch_map_free(d->by_fact);
    ch_map_free(d->by_key);
    free(d);
}

static void on_timer(struct ch_timer *timer)
{
    commands_go_on(CH_CONTAINER_OF(timer, struct dependencies, timer)->c); /* may free it */
}

/* Others are served meanwhile. */
static enum step pause_for(struct dependencies *d, uint64_t ms)
{
    struct ch_loop *loop = d->c->k->child.loop;
    d->timer.fn = on_timer;
    ch_loop_set_timer(loop, &d->timer, ch_loop_now_ms(loop) + ms);
    return STEP_WAIT;
}

/* ------------------------------------------------------------------ what is asked for */

static void add_file(struct dependencies *d, struct ch_str file_name)
{
    if (d->file_count == d->file_room) {
        d->file_room = 2 * d->file_room + 4;
        d->files = ch_realloc_array(d->files, d->file_room, sizeof(*d->files));
    }
    d->files[d->file_count++] = (struct asking){.file_name = ch_str_dup(file_name)};
}

static struct dependency *add(struct dependencies *d, struct ch_str value)
{
    struct dependency *x = ch_calloc(1, sizeof(*x));
    x->fact = ch_str_dup(value);
    CH_ASSERT(d->eco->read_dependency(ch_str_of(x->fact), ch_str_of(d->extras), &x->said));
    if (d->count == d->room) {
        d->room = 2 * d->room + 16;
        d->list = ch_realloc_array(d->list, d->room, sizeof(struct dependency *));
    }
    d->list[d->count++] = x;
    return x;
}

/* NULL: nothing that is looked up. */
static struct dependency *find_or_add(struct dependencies *d, struct ch_str value)
{
    struct ch_dependency said;
    struct dependency *x = ch_map_get(d->by_fact, value);
    if (x != NULL || !d->eco->read_dependency(value, ch_str_of(d->extras), &said) || !said.asked ||
        strcmp(said.project, d->project) == 0) { /* "pkg[x]" of pkg itself: more extras */
        return x;
    }
    struct ch_buf key;
    ch_buf_init(&key, 4096 + 2 * value.len);
    dependency_put_key(&said, &key);
    x = ch_map_get(d->by_key, ch_buf_str(&key));
    if (x == NULL && d->count < ch_limits.dependencies) {
        x = add(d, value);
        ch_map_set(d->by_key, ch_buf_str(&key), x);
    } else if (x == NULL) {
        d->more = true;
    }
    ch_buf_done(&key);
    if (x != NULL) {
        ch_map_set(d->by_fact, value, x);
    }
    return x;
}

/* One fact of the file that was added last. */
static void add_fact(struct dependencies *d, const struct ch_fact *fact)
{
    struct asking *f = &d->files[d->file_count - 1];
    struct dependency *x = ch_str_eq(fact->name, ch_str_of(d->eco->dependency_fact))
                               ? find_or_add(d, fact->value)
                               : NULL;
    if (x == NULL || x->last_file == d->file_count) {
        return;
    }
    x->last_file = d->file_count;
    if (f->count == f->room) {
        f->room = 2 * f->room + 8;
        f->list = ch_realloc_array(f->list, f->room, sizeof(struct dependency *));
    }
    f->list[f->count++] = x;
}

/* Each fact of a jail's answer. False: it is none, and some of its facts may be missing. */
static bool each_fact(struct ch_str stream, struct dependencies *d)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    ch_scan_reader_init(&reader, stream);
    while ((rc = ch_scan_read(&reader, &rec, &err)) == CH_OK) {
        if (rec.type == CH_REC_FACT && d != NULL) {
            add_fact(d, &rec.u.fact);
        }
    }
    return rc == CH_E_NOT_FOUND;
}

static void on_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct dependencies *d = ctx;
    if (answer->outcome == CH_SCAN_DONE && each_fact(stream, NULL)) {
        CH_IGNORE(each_fact(stream, d));
    }
    commands_go_on(d->c); /* may free it */
}

/* Metadata were shown before the file was inspected, and a jail had read them: it does so again, so
 * that nobody keeps what nobody asks for. False: there are none here, or they were read already. */
static bool read_shown(struct dependencies *d, struct page *p, size_t file)
{
    struct keeper *k = d->c->k;
    struct ch_sidecar_row row;
    struct ch_err err;
    uint64_t size;
    int fd;
    if (!sidecar_shown(k, p, &p->facts.files[file], &row) || ch_sha256_eq(&row.sha256, &d->shown) ||
        ch_blobs_open_read(k->blobs, &row.sha256, &fd, &size, &err) != CH_OK) {
        return false;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_METADATA,
        .ecosystem = ch_str_of(p->eco->name),
        .profile = CH_STR("metadata"),
        .project = page_name(p),
        .version = ch_str_of(p->files[file].release.version),
        .file_name = p->facts.files[file].index.file_name,
        .size_bytes = size,
    };
    d->shown = row.sha256;
    add_file(d, job.file_name);
    jobs_scan(k, 0, &job, fd, on_scanned, d);
    close(fd); /* the job has its own */
    return true;
}

/* False: the command waits. */
static bool gather(struct dependencies *d, struct page *p, const struct what *what)
{
    while (d->gathered < p->facts.file_count && !d->more) {
        size_t i = d->gathered++;
        if (!command_names(p, i, what)) {
            continue;
        }
        const struct ch_inspection_result *in = inspection_of(d->c->k, p, i);
        if (in == NULL && read_shown(d, p, i)) {
            return false;
        }
        if (in != NULL) {
            add_file(d, p->facts.files[i].index.file_name);
        }
        for (size_t f = 0; in != NULL && f < in->row.fact_count; f++) {
            add_fact(d, &in->row.facts[f]);
        }
    }
    return true;
}

/* ------------------------------------------------------------------ what there is of it */

/* T9: what holds it, an approval of its bytes can lift; that it is not inspected yet, approving
 * ends. */
static bool is_liftable(const struct page *p, const struct ch_decision *d)
{
    uint64_t lifted = command_liftable() | (uint64_t)1 << CH_HOLD_NOT_INSPECTED;
    return d->verdict == CH_VERDICT_HOLD && (d->holds & ~lifted) == 0 && !page_withheld(p);
}

/* Of what is refused the newest that can be approved, else the newest that is held. */
static void refuse(struct keeper *k, struct page *p, struct dependency *x, const bool *liftable,
                   const bool *held, const bool *fits)
{
    ptrdiff_t told = want_newest(p, liftable);
    x->liftable = told >= 0;
    told = told >= 0 ? told : want_newest(p, held);
    x->state = told >= 0 ? WANT_HELD : WANT_DENIED;
    told = told >= 0 ? told : want_newest(p, fits);
    judge(k, p, (size_t)told, &x->decision);
    snprintf(x->version, sizeof(x->version), "%s", p->files[told].release.version);
}

static void passes(const struct page *p, size_t file, struct dependency *x)
{
    x->state = WANT_PASSES;
    snprintf(x->version, sizeof(x->version), "%s", p->files[file].release.version);
}

static bool is_prerelease(const struct page *p, size_t file)
{
    return p->eco->is_prerelease != NULL &&
           p->eco->is_prerelease(ch_str_of(p->files[file].release.version));
}

/* Pre-releases are taken where no final fits, whether or not that is held, or where one is named.
 */
static void look_at_page(struct keeper *k, struct page *p, struct dependency *x)
{
    struct ch_policy_want want = {.specifier = x->said.versions, .version = x->said.version};
    size_t n = p->facts.file_count;
    bool *marks = ch_calloc(3 * n + 1, sizeof(bool));
    bool *fits = marks, *held = marks + n, *liftable = marks + 2 * n, any = false, finals = false;
    ptrdiff_t prerelease = -1;
    x->state = WANT_UNKNOWN;
    for (size_t i = 0; i < n && x->state != WANT_PASSES; i++) {
        struct ch_decision d;
        fits[i] = want_can_mean(p, i, &want);
        if (!fits[i]) {
            continue;
        }
        bool pre = is_prerelease(p, i) && !x->said.prereleases;
        any = true;
        finals = finals || !pre;
        judge(k, p, i, &d);
        held[i] = d.verdict == CH_VERDICT_HOLD;
        liftable[i] = is_liftable(p, &d);
        if (want_could_be_had(&d) && pre) {
            prerelease = (ptrdiff_t)i;
        } else if (want_could_be_had(&d)) {
            passes(p, i, x);
        }
    }
    if (!any) {
        x->state = WANT_MISSING;
        snprintf(x->text, sizeof(x->text), "the upstream lists no version that fits");
    } else if (x->state != WANT_PASSES && prerelease >= 0 && !finals) {
        passes(p, (size_t)prerelease, x);
    } else if (x->state != WANT_PASSES) {
        refuse(k, p, x, liftable, held, fits);
    }
    free(marks);
}

/* Who waits is told what for, once. */
static void tell_wait(struct dependencies *d)
{
    if (!d->told && !d->c->args.json) {
        command_print(d->c, "looking up %zu requirement%s\n", d->count, d->count == 1 ? "" : "s");
        d->told = true;
    }
}

/* False: the command waits. */
static bool look_up(struct dependencies *d, struct dependency *x, enum step *ret_step)
{
    struct command *c = d->c;
    struct page *p = page_get(c->k, ch_str_of(d->repository), ch_str_of(x->said.project));
    if (p == NULL) {
        x->state = WANT_UNKNOWN;
        snprintf(x->text, sizeof(x->text), "this is no project name");
        return true;
    }
    if (d->ask && ch_now_boot_ms() < d->until_ms) {
        if (page_is_cold(c->k, p) && !page_budget_take(c->k, p, &command_line)) {
            *ret_step = pause_for(d, BUDGET_PAUSE_MS);
            return false;
        }
        struct waiter *waiter = command_waiter(c);
        if (!page_ready(c->k, p, waiter)) {
            tell_wait(d);
            *ret_step = STEP_WAIT;
            return false;
        }
        ask_free_waiter(waiter);
    } else {
        page_load(c->k, p);
    }
    if (p->load == PAGE_READY) {
        look_at_page(c->k, p, x);
    } else {
        x->state = want_no_page(c->k, p, x->text, sizeof(x->text));
    }
    return true;
}

static struct dependencies *begin(struct command *c, const struct page *p, const struct what *what,
                                  bool ask)
{
    struct dependencies *d = ch_calloc(1, sizeof(*d));
    d->c = c;
    d->eco = p->eco;
    d->ask = ask;
    d->until_ms = ch_now_boot_ms() + ch_limits.dependencies_wait_ms;
    d->by_fact = ch_map_new();
    d->by_key = ch_map_new();
    snprintf(d->repository, sizeof(d->repository), "%s", p->repository);
    snprintf(d->project, sizeof(d->project), "%s", what->project);
    snprintf(d->extras, sizeof(d->extras), "%s", what->extras);
    return d;
}

static bool look_up_all(struct dependencies *d, enum step *ret_step)
{
    uint64_t slice_ends_ms = ch_now_boot_ms() + PAGE_WALK_SLICE_MS;
    while (d->at < d->count) {
        if (ch_now_boot_ms() >= slice_ends_ms) {
            *ret_step = pause_for(d, 0);
            return false;
        }
        if (!look_up(d, d->list[d->at], ret_step)) {
            return false;
        }
        d->at++;
    }
    return true;
}

bool command_find_dependencies(struct command *c, struct page *p, const struct what *what, bool ask,
                               enum step *ret_step)
{
    if (p->eco->dependency_fact == NULL) {
        return true;
    }
    if (c->dependencies == NULL) {
        c->dependencies = begin(c, p, what, ask);
    }
    if (!gather(c->dependencies, p, what)) {
        *ret_step = STEP_WAIT;
        return false;
    }
    p->pinned++; /* the caller goes on with it; others that are looked up may need room */
    bool done = look_up_all(c->dependencies, ret_step);
    p->pinned--;
    return done;
}
