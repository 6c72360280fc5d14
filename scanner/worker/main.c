/* The scanner: a warm parent that forks one jailed child per job. Two of these run, one for each
 * opinion (threats.md T2); the name it is started by says which.
 *
 * It opens nothing and connects to nothing: bytes and answer come as descriptors from the keeper.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/child.h"
#include "customhouse/confine.h"
#include "customhouse/inspector.h"
#include "customhouse/limits.h"
#include "customhouse/log.h"
#include "scanner/rules/rules.h"
#include "scanner/unpack/second.h"
#include "scanner/worker/worker.h"

struct scanner {
    struct ch_child child;
    struct ch_worker *worker;
    struct ch_channel *keeper;  /* NULL while there is none */
    uint64_t prepared_parallel; /* of a reload that is tried */
};

static enum ch_role role_of(const char *program)
{
    const char *slash = strrchr(program, '/');
    struct ch_str name = ch_str_of(slash == NULL ? program : slash + 1);
    static const enum ch_role roles[] = {CH_ROLE_SCANNER_STRICT, CH_ROLE_SCANNER_SECOND};
    for (size_t i = 0; i < CH_ARRAY_LEN(roles); i++) {
        if (ch_str_eq(name, ch_str_of(ch_role_name(roles[i])))) {
            return roles[i];
        }
    }
    return CH_ROLE_NONE;
}

/* What the libraries load when they are first used, from files that no jail can open. */
static enum ch_code warm_up(enum ch_role role, int rules_fd, struct ch_err *err)
{
    (void)ch_sha256_of("", 0);
    for (size_t i = 0; ch_inspector_at(i) != NULL; i++) {
        if (ch_inspector_at(i)->warm_up != NULL) {
            ch_inspector_at(i)->warm_up();
        }
    }
    if (role != CH_ROLE_SCANNER_SECOND) {
        return CH_OK;
    }
    enum ch_code rc = ch_second_prepare(err);
    return rc == CH_OK ? ch_rules_load_fd(rules_fd, err) : rc;
}

static enum ch_code confine_job(enum ch_role role, struct ch_err *err)
{
    struct ch_confine_options options = {.role = role, .stage = CH_CONFINE_JOB};
    return ch_confine(&options, err);
}

static const char *name_of(const struct scanner *s)
{
    return ch_role_name(s->child.setup.role);
}

static struct ch_worker *new_worker(struct scanner *s);

/* --- the keeper --- */

static void on_scanned(void *owner, const struct ch_scanned *m)
{
    struct scanner *s = owner;
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_SCANNED)->max_bytes);
    ch_scanned_put(&b, m);
    if (s->keeper != NULL) {
        /* a channel that fails here tells on_closed */
        CH_IGNORE(ch_channel_send(s->keeper, CH_MSG_SCANNED, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
}

/* What we match from now on; a keeper that comes later is told by on_peer. */
static void tell_rules(struct scanner *s)
{
    if (s->keeper == NULL || s->child.setup.role != CH_ROLE_SCANNER_SECOND) {
        return;
    }
    struct ch_rules_loaded m = {ch_rules_digest(), ch_rules_count()};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_RULES)->max_bytes);
    ch_rules_loaded_put(&b, &m);
    /* a channel that fails here tells on_closed */
    CH_IGNORE(ch_channel_send(s->keeper, CH_MSG_RULES, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

/* The keeper that asked is gone: nobody waits for these answers, the next one asks again. */
static void drop_keeper(struct scanner *s)
{
    ch_channel_free(s->keeper);
    s->keeper = NULL;
    ch_worker_free(s->worker);
    s->worker = new_worker(s);
}

static void on_closed(void *owner, struct ch_channel *ch CH_UNUSED, const struct ch_err *why)
{
    struct scanner *s = owner;
    if (why->code != CH_E_CLOSED) { /* by us: the keeper may well live on */
        ch_log(name_of(s), "%s: keeper: %s", name_of(s), why->msg);
    }
    drop_keeper(s);
    ch_child_lost_keeper(&s->child);
}

static void on_frame(void *owner, struct ch_channel *ch CH_UNUSED, struct ch_frame *frame)
{
    struct scanner *s = owner;
    struct ch_err err = {.code = CH_OK};
    enum ch_code rc;
    if (frame->type == CH_MSG_SCAN) {
        int input = ch_frame_take_fd(frame, 0);
        int output = ch_frame_take_fd(frame, 1);
        rc = ch_worker_submit(s->worker, frame->payload, input, output, &err);
    } else {
        rc = ch_fail(&err, CH_E_FORMAT, "keeper: unexpected message %u", frame->type);
    }
    if (rc != CH_OK) {
        ch_log(name_of(s), "%s: %s", name_of(s), err.msg);
        drop_keeper(s);
        ch_child_lost_keeper(&s->child);
    }
}

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct scanner *s = owner;
    struct ch_err err = {.code = CH_OK};
    if (role != CH_ROLE_KEEPER) {
        close(fd);
        return;
    }
    drop_keeper(s);
    struct ch_channel_options options = {
        .loop = s->child.loop,
        .fd = fd,
        .peer = CH_ROLE_KEEPER,
        .self = s->child.setup.role,
        .peer_instance = instance,
        .owner = s,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    if (ch_channel_open(&options, &s->keeper, &err) != CH_OK) {
        s->keeper = NULL;
        ch_child_lost_keeper(&s->child);
        ch_log(name_of(s), "%s: %s", name_of(s), err.msg);
        return;
    }
    tell_rules(s);
}

static uint64_t parallel_of(const struct ch_config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return c->scan_parallel > 0 ? c->scan_parallel : cores > 0 ? (uint64_t)cores : 1;
}

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct scanner *s = owner;
    struct ch_config *config = NULL;
    char *name = ch_str_dup(texts->config_name);
    enum ch_code rc = ch_config_parse(texts->config_text, name, &config, err);
    free(name);
    if (rc == CH_OK) {
        s->prepared_parallel = parallel_of(config);
        ch_config_free(config);
    }
    return rc == CH_OK && s->child.setup.role == CH_ROLE_SCANNER_SECOND
               ? ch_rules_prepare_fd(s->child.rules_fd, err)
               : rc;
}

/* Jobs that run go on with the rules they have, and their answers say so. */
static void on_commit(void *owner, const struct ch_setup *texts CH_UNUSED)
{
    struct scanner *s = owner;
    ch_limits.scan_parallel = s->prepared_parallel;
    if (s->child.setup.role == CH_ROLE_SCANNER_SECOND) {
        ch_rules_commit();
        tell_rules(s);
    }
}

static void on_abort(void *owner CH_UNUSED, struct ch_str why CH_UNUSED)
{
    ch_rules_abort();
}

/* Scans can be taken up again and may last long, so draining does not wait for them. */
static void on_drain(void *owner)
{
    struct scanner *s = owner;
    ch_loop_stop(s->child.loop);
}

/* --- the process --- */

static struct ch_worker *new_worker(struct scanner *s)
{
    struct ch_worker_options options = {
        .loop = s->child.loop,
        .role = s->child.setup.role,
        .confine = confine_job,
        .ruleset = s->child.setup.role == CH_ROLE_SCANNER_SECOND ? ch_rules_digest : NULL,
        .owner = s,
        .on_scanned = on_scanned,
    };
    return ch_worker_new(&options);
}

/* Says itself what fails. */
static enum ch_code run(struct scanner *s, enum ch_role role, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(role, &s->child, err);
    if (rc != CH_OK) {
        ch_log(ch_role_name(role), "%s: %s", ch_role_name(role), err->msg);
        return rc;
    }
    ch_limits.scan_parallel = parallel_of(s->child.config);
    s->child.owner = s;
    s->child.on_peer = on_peer;
    s->child.on_prepare = on_prepare;
    s->child.on_commit = on_commit;
    s->child.on_abort = on_abort;
    s->child.on_drain = on_drain;
    s->worker = new_worker(s);
    rc = warm_up(role, s->child.rules_fd, err);
    malloc_trim(0); /* what making it took: each page costs every fork */
    if (rc == CH_OK) {
        rc = ch_child_confine(&s->child, err);
    }
    if (rc == CH_OK) {
        rc = ch_child_run(&s->child, err);
    }
    if (rc != CH_OK) { /* before the channel closes: who sees that may end this process at once */
        ch_log(ch_role_name(role), "%s: %s", ch_role_name(role), err->msg);
    }
    ch_worker_free(s->worker);
    ch_channel_free(s->keeper);
    ch_rules_unload();
    ch_child_done(&s->child);
    return rc;
}

int main(int argc, char **argv)
{
    struct scanner s = {.keeper = NULL};
    struct ch_err err;
    enum ch_role role = argc == 1 ? role_of(argv[0]) : CH_ROLE_NONE;
    if (role == CH_ROLE_NONE) {
        fprintf(stderr, "scanner: started by `customhouse serve` as scanner-strict or "
                        "scanner-second, without arguments\n");
        return 2;
    }
    return run(&s, role, &err) == CH_OK ? 0 : 1;
}
