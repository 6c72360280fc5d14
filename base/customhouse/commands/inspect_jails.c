/* Both scanners, with this command as their keeper. A window of files is under way at a time; each
 * is two jobs, one per jail, and is shown in its turn. */
#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "base/customhouse/site/site.h"
#include "base/customhouse/supervisor/worker.h"

enum { JAILS = 2, WINDOW_PER_CORE = 4, WINDOW_MAX = 64 };

static const enum ch_role roles[JAILS] = {CH_ROLE_SCANNER_STRICT, CH_ROLE_SCANNER_SECOND};

struct slot { /* one file under way */
    bool used;
    uint64_t number;
    struct inspect_file file;
    int fd;
    int answer_fd[JAILS];
    size_t missing; /* answers */
    struct ch_scanned answer[JAILS];
    struct ch_buf text[JAILS]; /* of the answers */
};

struct jails {
    struct ch_loop *loop;
    struct worker worker[JAILS];
    struct ch_channel *channel[JAILS];
    struct slot slot[WINDOW_MAX];
    size_t window;
    uint64_t submitted, shown;
    struct ch_sha256 ruleset;
    uint64_t rule_count;
    struct ch_err broken; /* code other than CH_OK: a scanner is gone */
};

/* ------------------------------------------------------------------ answers */

/* What a jail wrote, mapped; absent when it wrote nothing. */
static enum ch_code map_answer(int fd, struct ch_str *ret, struct ch_err *err)
{
    struct stat st;
    *ret = (struct ch_str){NULL, 0};
    enum ch_code rc = worker_seal(fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (fstat(fd, &st) != 0) {
        return ch_fail_errno(err, errno, "answer of a jail");
    }
    if (st.st_size == 0) {
        return CH_OK;
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        return ch_fail_errno(err, errno, "mmap");
    }
    *ret = (struct ch_str){p, (size_t)st.st_size};
    return CH_OK;
}

static void unmap(struct ch_str s)
{
    if (s.ptr != NULL) {
        munmap((void *)(uintptr_t)s.ptr, s.len);
    }
}

static void show_slot(struct slot *s, jails_show_fn *show, void *ctx)
{
    struct ch_str stream[JAILS] = {{NULL, 0}, {NULL, 0}};
    struct inspect_file *f = &s->file;
    for (size_t i = 0; i < JAILS && f->err.code == CH_OK; i++) {
        f->unfinished = f->unfinished || s->answer[i].outcome != CH_SCAN_DONE;
        if (s->answer[i].outcome == CH_SCAN_DONE &&
            map_answer(s->answer_fd[i], &stream[i], &f->err) != CH_OK) {
            CH_IGNORE(ch_wrap(&f->err, "%s", f->path) == CH_OK);
        }
    }
    bool read = f->err.code == CH_OK;
    if (read) {
        struct ch_agree_input in = {.strict = &s->answer[0],
                                    .second = &s->answer[1],
                                    .strict_stream = stream[0],
                                    .second_stream = stream[1],
                                    .sha256 = f->sha256,
                                    .size_bytes = f->size_bytes};
        ch_agree(&in, &f->agreed);
    }
    show(ctx, f);
    if (read) {
        ch_agreed_done(&f->agreed);
    }
    for (size_t i = 0; i < JAILS; i++) {
        unmap(stream[i]);
    }
}

static void release(struct slot *s)
{
    if (s->fd >= 0) {
        close(s->fd);
    }
    for (size_t i = 0; i < JAILS; i++) {
        if (s->answer_fd[i] >= 0) {
            close(s->answer_fd[i]);
        }
        ch_buf_done(&s->text[i]);
    }
    *s = (struct slot){.fd = -1, .answer_fd = {-1, -1}};
}

static void on_scanned(struct jails *j, size_t jail, const struct ch_scanned *m)
{
    struct slot *s = &j->slot[m->job % j->window];
    if (!s->used || s->number != m->job || s->missing == 0) {
        CH_IGNORE(!ch_fail(&j->broken, CH_E_FORMAT, "%s: answers a job it was not given",
                           ch_role_name(roles[jail])));
        return;
    }
    s->answer[jail] = *m;
    ch_buf_init(&s->text[jail], ch_limits.text_bytes);
    ch_buf_puts(&s->text[jail], m->text);
    s->answer[jail].text = ch_buf_str(&s->text[jail]);
    s->missing--;
}

/* ------------------------------------------------------------------ channels */

static size_t jail_of(const struct ch_channel *ch)
{
    return ch_channel_peer(ch) == roles[0] ? 0 : 1;
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct jails *j = owner;
    struct ch_scanned scanned;
    struct ch_rules_loaded rules;
    struct ch_err err;
    if (frame->type == CH_MSG_SCANNED && ch_scanned_get(frame->payload, &scanned, &err) == CH_OK) {
        on_scanned(j, jail_of(ch), &scanned);
    } else if (frame->type == CH_MSG_RULES &&
               ch_rules_loaded_get(frame->payload, &rules, &err) == CH_OK) {
        j->ruleset = rules.ruleset;
        j->rule_count = rules.rule_count;
    } else {
        CH_IGNORE(!ch_fail(&j->broken, CH_E_FORMAT, "%s: unexpected message %u",
                           ch_role_name(ch_channel_peer(ch)), frame->type));
    }
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct jails *j = owner;
    size_t jail = jail_of(ch);
    CH_IGNORE(
        !ch_fail(&j->broken, CH_E_CLOSED, "%s ended: %s", ch_role_name(roles[jail]), why->msg));
    j->channel[jail] = NULL;
    ch_channel_free(ch);
}

static enum ch_code open_channel(struct jails *j, size_t jail, struct ch_err *err)
{
    struct ch_channel_options options = {.loop = j->loop,
                                         .fd = j->worker[jail].keeper,
                                         .peer = roles[jail],
                                         .self = CH_ROLE_KEEPER,
                                         .owner = j,
                                         .on_frame = on_frame,
                                         .on_closed = on_closed};
    j->worker[jail].keeper = -1; /* the channel's from now on */
    return ch_channel_open(&options, &j->channel[jail], err);
}

enum ch_code jails_start(const struct jails_options *options, struct jails **ret,
                         struct ch_err *err)
{
    struct jails *j = ch_calloc(1, sizeof(*j));
    struct site_ids ids = site_ids(options->config);
    const uint32_t uid[JAILS] = {ids.scanner_strict, ids.scanner_second};
    struct ch_setup setup = {
        .state_dir = CH_STR("/"), /* a scanner sees no file */
        .config_name = CH_STR(SITE_CONFIG),
        .config_text = options->config_text,
        .policy_name = CH_STR(SITE_POLICY),
    };
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t window = cores > 0 ? (size_t)cores * WINDOW_PER_CORE : WINDOW_PER_CORE;
    j->window = window < WINDOW_MAX ? window : WINDOW_MAX;
    for (size_t i = 0; i < JAILS; i++) {
        j->worker[i] = WORKER_NONE;
    }
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        j->slot[i] = (struct slot){.fd = -1, .answer_fd = {-1, -1}};
    }
    *ret = j;
    enum ch_code rc = ch_loop_new(&j->loop, err);
    for (size_t i = 0; rc == CH_OK && i < JAILS; i++) {
        rc = worker_start(&j->worker[i], roles[i], uid[i], &setup,
                          roles[i] == CH_ROLE_SCANNER_SECOND ? options->rules_fd : -1, err);
        rc = rc == CH_OK ? open_channel(j, i, err) : rc;
    }
    return rc;
}

void jails_free(struct jails *j)
{
    if (j == NULL) {
        return;
    }
    for (size_t i = 0; i < JAILS; i++) {
        ch_channel_free(j->channel[i]);
        worker_stop(&j->worker[i]);
    }
    for (size_t i = 0; i < WINDOW_MAX; i++) {
        release(&j->slot[i]);
    }
    ch_loop_free(j->loop);
    free(j);
}

struct ch_sha256 jails_ruleset(const struct jails *j)
{
    return j->ruleset;
}

uint64_t jails_rule_count(const struct jails *j)
{
    return j->rule_count;
}

/* ------------------------------------------------------------------ files */

static enum ch_code open_file(struct slot *s, struct ch_err *err)
{
    struct inspect_file *f = &s->file;
    struct stat st;
    s->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (s->fd < 0 || fstat(s->fd, &st) != 0) {
        return ch_fail_errno(err, errno, "%s", f->path);
    }
    if (!S_ISREG(st.st_mode)) {
        return ch_fail(err, CH_E_USAGE, "%s: expected a regular file", f->path);
    }
    enum ch_code rc = ch_sha256_of_fd(s->fd, &f->sha256, &f->size_bytes, err);
    return rc == CH_OK ? CH_OK : ch_wrap(err, "%s", f->path);
}

static enum ch_code send_job(struct jails *j, struct slot *s, size_t jail, struct ch_err *err)
{
    const struct inspect_file *f = &s->file;
    const char *slash = strrchr(f->path, '/');
    struct ch_scan_job job = {
        .id = s->number,
        .kind = CH_SCAN_ARTIFACT,
        .ecosystem = ch_str_of(f->ecosystem),
        .profile = ch_str_of(f->profile),
        .project = ch_str_of(f->project),
        .version = ch_str_of(f->version),
        .file_name = ch_str_of(slash != NULL ? slash + 1 : f->path),
        .size_bytes = f->size_bytes,
        .output_max_bytes = ch_limits.scan_output_bytes,
        .cpu_seconds = (uint32_t)ch_limits.scan_cpu_seconds,
        .wall_ms = (uint32_t)ch_limits.scan_wall_ms,
        .memory_max_bytes = ch_limits.scan_memory_bytes,
    };
    enum ch_code rc = worker_memory("answer", &s->answer_fd[jail], err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_buf b;
    int fds[2] = {s->fd, s->answer_fd[jail]};
    ch_buf_init(&b, ch_message_row(CH_MSG_SCAN)->max_bytes);
    ch_scan_job_put(&b, &job);
    rc = ch_buf_ok(&b, err);
    if (rc == CH_OK && (j->channel[jail] == NULL ||
                        !ch_channel_send(j->channel[jail], CH_MSG_SCAN, ch_buf_str(&b), fds, 2))) {
        rc = ch_fail(err, CH_E_CLOSED, "%s is gone", ch_role_name(roles[jail]));
    }
    ch_buf_done(&b);
    return rc;
}

static void submit(struct jails *j, struct slot *s)
{
    struct inspect_file *f = &s->file;
    if (f->err.code == CH_OK && open_file(s, &f->err) != CH_OK) {
        return;
    }
    for (size_t i = 0; i < JAILS && f->err.code == CH_OK; i++) {
        if (send_job(j, s, i, &f->err) == CH_OK) {
            s->missing++;
        }
    }
}

static bool fill(struct jails *j, jails_next_fn *next, void *ctx)
{
    while (j->submitted - j->shown < j->window) {
        struct slot *s = &j->slot[j->submitted % j->window];
        if (!next(ctx, &s->file)) {
            return false;
        }
        s->used = true;
        s->number = j->submitted++;
        submit(j, s);
    }
    return true;
}

enum ch_code jails_run(struct jails *j, jails_next_fn *next, jails_show_fn *show, void *ctx,
                       struct ch_err *err)
{
    bool more = true;
    for (;;) {
        more = more && fill(j, next, ctx);
        struct slot *s = &j->slot[j->shown % j->window];
        if (j->shown == j->submitted) {
            return CH_OK;
        }
        while (s->missing > 0) {
            if (j->broken.code != CH_OK) {
                *err = j->broken;
                return err->code;
            }
            enum ch_code rc = ch_loop_turn(j->loop, -1, err);
            if (rc != CH_OK) {
                return rc;
            }
        }
        show_slot(s, show, ctx);
        release(s);
        j->shown++;
    }
}
