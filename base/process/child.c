#include "customhouse/child.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/confine.h"

/* The supervisor sends SETUP right after the start; it says so itself when it is slow. */
#define SETUP_WAIT_MS 30000

enum { FD_EPOCH = 0, FD_METRICS, FD_ACCESS_LOG, FD_FIRST_LISTENER };

/* The terminal's Ctrl-C and a service manager's SIGTERM reach the whole group: it is the supervisor
 * who then drains us, in the right order. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < CH_ARRAY_LEN(ignored); i++) {
        signal(ignored[i], SIG_IGN);
    }
}

static enum ch_code map_shared(int fd, size_t bytes, bool writable, void **ret, struct ch_err *err)
{
    void *p = mmap(NULL, bytes, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
    if (p == MAP_FAILED) {
        return ch_fail_errno(err, errno, "shared memory");
    }
    *ret = p;
    return CH_OK;
}

static bool listens(enum ch_role role)
{
    return role == CH_ROLE_GATEWAY || role == CH_ROLE_ADMIN || role == CH_ROLE_ADMISSION;
}

/* Others are told the addresses alone. */
static uint32_t sockets_of(const struct ch_setup *setup)
{
    return listens(setup->role) ? setup->listener_count : 0;
}

/* Takes what the role has a use for out of fds; the caller closes what is not -1 afterwards. */
static enum ch_code take_descriptors(struct ch_child *c, int *fds, struct ch_err *err)
{
    void *epoch = NULL;
    bool keeper = c->setup.role == CH_ROLE_KEEPER;
    bool gateway = c->setup.role == CH_ROLE_GATEWAY;
    size_t rules_at = FD_FIRST_LISTENER + sockets_of(&c->setup);
    enum ch_code rc = map_shared(fds[FD_EPOCH], sizeof(struct ch_epoch_page), keeper, &epoch, err);
    if (rc != CH_OK) {
        return rc;
    }
    c->epoch = epoch;
    if (c->setup.rules) {
        c->rules_fd = fds[rules_at];
        fds[rules_at] = -1;
    }
    rc = map_shared(fds[FD_METRICS], (size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES, gateway,
                    &c->metrics, err);
    if (rc != CH_OK || !listens(c->setup.role)) {
        return rc;
    }
    c->access_log_fd = fds[FD_ACCESS_LOG];
    fds[FD_ACCESS_LOG] = -1;
    for (size_t i = 0; i < sockets_of(&c->setup); i++) {
        c->listener_fds[i] = fds[FD_FIRST_LISTENER + i];
        fds[FD_FIRST_LISTENER + i] = -1;
    }
    return CH_OK;
}

static enum ch_code read_setup(enum ch_role role, struct ch_child *c, int *fds, size_t *ret_count,
                               struct ch_err *err)
{
    uint16_t type = CH_MSG_NONE;
    enum ch_code rc = ch_frame_read(CH_SUPERVISOR_FD, CH_ROLE_SUPERVISOR, &type, &c->setup_payload,
                                    fds, ret_count, ch_now_boot_ms() + SETUP_WAIT_MS, err);
    if (rc != CH_OK) {
        return ch_wrap(err, "setup from the supervisor (this program is started by `customhouse "
                            "serve`)");
    }
    if (type != CH_MSG_SETUP) {
        return ch_fail(err, CH_E_FORMAT, "supervisor: message %u where SETUP is due", type);
    }
    rc = ch_setup_get(ch_buf_str(&c->setup_payload), &c->setup, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (c->setup.role != role) {
        return ch_fail(err, CH_E_FORMAT, "supervisor: set-up of a %s, this is a %s",
                       ch_role_name(c->setup.role), ch_role_name(role));
    }
    uint32_t sockets = sockets_of(&c->setup);
    if (*ret_count != FD_FIRST_LISTENER + sockets + (c->setup.rules ? 1U : 0U)) {
        return ch_fail(err, CH_E_FORMAT, "supervisor: %zu descriptors for %u listeners", *ret_count,
                       sockets);
    }
    return CH_OK;
}

static void stop_with(struct ch_child *c, const struct ch_err *why)
{
    c->ended = *why;
    ch_loop_stop(c->loop);
}

static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct ch_child *c = owner;
    c->supervisor = NULL;
    stop_with(c, why);
    ch_channel_free(ch);
}

static void close_rules(struct ch_child *c)
{
    if (c->rules_fd >= 0) {
        close(c->rules_fd);
        c->rules_fd = -1;
    }
}

/* The payload is kept: what is put in force later is the very text that was tried. */
static enum ch_code prepare(struct ch_child *c, struct ch_frame *frame, struct ch_err *err)
{
    ch_buf_done(&c->reload_payload);
    ch_buf_init(&c->reload_payload, ch_message_row(CH_MSG_RELOAD)->max_bytes);
    ch_buf_puts(&c->reload_payload, frame->payload);
    enum ch_code rc = ch_setup_get(ch_buf_str(&c->reload_payload), &c->reload_texts, err);
    close_rules(c);
    if (rc == CH_OK && frame->fd_count != (c->reload_texts.rules ? 1U : 0U)) {
        rc = ch_fail(err, CH_E_FORMAT, "supervisor: %zu descriptors in RELOAD", frame->fd_count);
    }
    if (rc == CH_OK && c->reload_texts.rules) {
        c->rules_fd = ch_frame_take_fd(frame, 0);
    }
    if (rc == CH_OK && c->on_prepare != NULL) {
        rc = c->on_prepare(c->owner, &c->reload_texts, err);
    }
    close_rules(c);
    return rc;
}

static enum ch_code handle_reload(struct ch_child *c, struct ch_frame *frame, struct ch_err *err)
{
    if (c->prepared) {
        return ch_fail(err, CH_E_FORMAT, "supervisor: RELOAD before the end of another");
    }
    struct ch_err why = {.code = CH_OK};
    enum ch_code rc = prepare(c, frame, &why);
    c->prepared = rc == CH_OK;
    struct ch_reloaded reply = {rc, rc == CH_OK ? (struct ch_str){NULL, 0} : ch_str_of(why.msg)};
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_RELOADED)->max_bytes);
    ch_reloaded_put(&b, &reply);
    /* a channel that fails here tells on_closed */
    CH_IGNORE(ch_channel_send(c->supervisor, CH_MSG_RELOADED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    return CH_OK;
}

static enum ch_code handle_reload_end(struct ch_child *c, struct ch_frame *frame,
                                      struct ch_err *err)
{
    struct ch_reload_end end;
    enum ch_code rc = ch_reload_end_get(frame->payload, &end, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (end.taken && !c->prepared) { /* we would work on with something else than all others */
        return ch_fail(err, CH_E_FORMAT, "supervisor: the end of a RELOAD that was not prepared");
    }
    c->prepared = false;
    if (end.taken && c->on_commit != NULL) {
        c->on_commit(c->owner, &c->reload_texts);
    } else if (!end.taken && c->on_abort != NULL) {
        c->on_abort(c->owner, end.why);
    }
    if (c->reload_payload.ptr != NULL) { /* passwords and keys may be in it */
        explicit_bzero(c->reload_payload.ptr, c->reload_payload.len);
    }
    ch_buf_done(&c->reload_payload);
    c->reload_texts = (struct ch_setup){.role = CH_ROLE_NONE};
    return CH_OK;
}

/* A keeper that ended is back by then, as a rule, and the supervisor has us meet it unasked. */
#define LOST_WAIT_MS 1000

static void on_still_lost(struct ch_timer *t)
{
    struct ch_child *c = CH_CONTAINER_OF(t, struct ch_child, lost);
    if (c->supervisor != NULL && !c->draining) {
        /* a channel that fails here tells on_closed */
        CH_IGNORE(
            ch_channel_send(c->supervisor, CH_MSG_PEER_LOST, (struct ch_str){NULL, 0}, NULL, 0));
    }
}

void ch_child_lost_keeper(struct ch_child *child)
{
    child->lost.fn = on_still_lost;
    ch_loop_set_timer(child->loop, &child->lost, ch_loop_now_ms(child->loop) + LOST_WAIT_MS);
}

static enum ch_code handle_peer(struct ch_child *c, struct ch_frame *frame, struct ch_err *err)
{
    struct ch_peer peer;
    enum ch_code rc = ch_peer_get(frame->payload, &peer, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (frame->fd_count != 1) {
        return ch_fail(err, CH_E_FORMAT, "peer message without a descriptor");
    }
    if (peer.role == CH_ROLE_KEEPER) {
        ch_loop_cancel_timer(c->loop, &c->lost);
    }
    if (c->on_peer != NULL) {
        c->on_peer(c->owner, peer.role, peer.instance, ch_frame_take_fd(frame, 0));
    }
    return CH_OK;
}

static enum ch_code handle_control(struct ch_child *c, struct ch_frame *frame, struct ch_err *err)
{
    struct ch_control control;
    enum ch_code rc = ch_control_get(frame->payload, &control, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (frame->fd_count != 1) {
        return ch_fail(err, CH_E_FORMAT, "control message without a descriptor");
    }
    if (c->on_control != NULL) {
        c->on_control(c->owner, &control, ch_frame_take_fd(frame, 0));
    }
    return CH_OK;
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct ch_child *c = owner;
    struct ch_err err = {.code = CH_OK};
    enum ch_code rc = CH_OK;
    switch (frame->type) {
    case CH_MSG_PEER:
        rc = handle_peer(c, frame, &err);
        break;
    case CH_MSG_RELOAD:
        rc = handle_reload(c, frame, &err);
        break;
    case CH_MSG_RELOAD_END:
        rc = handle_reload_end(c, frame, &err);
        break;
    case CH_MSG_DRAIN:
        c->draining = true;
        if (c->on_drain != NULL) {
            c->on_drain(c->owner);
        } else {
            ch_loop_stop(c->loop);
        }
        break;
    case CH_MSG_CONTROL:
        rc = handle_control(c, frame, &err);
        break;
    case CH_MSG_STATUS:
        if (c->on_status != NULL) {
            c->on_status(c->owner, frame->payload);
        }
        break;
    default:
        rc = ch_fail(&err, CH_E_FORMAT, "supervisor: unexpected %s",
                     ch_message_row(frame->type)->name);
    }
    if (rc != CH_OK) {
        c->supervisor = NULL;
        stop_with(c, &err);
        ch_channel_free(ch);
    }
}

static enum ch_code open_supervisor(struct ch_child *c, struct ch_err *err)
{
    enum ch_code rc = ch_loop_new(&c->loop, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_channel_options options = {
        .loop = c->loop,
        .fd = CH_SUPERVISOR_FD,
        .peer = CH_ROLE_SUPERVISOR,
        .self = c->setup.role,
        .owner = c,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    return ch_channel_open(&options, &c->supervisor, err);
}

static enum ch_code parse_config(struct ch_child *c, struct ch_err *err)
{
    char *name = ch_str_dup(c->setup.config_name);
    enum ch_code rc = ch_config_parse(c->setup.config_text, name, &c->config, err);
    free(name);
    return rc;
}

enum ch_code ch_child_start(enum ch_role role, struct ch_child *child, struct ch_err *err)
{
    *child = (struct ch_child){.access_log_fd = -1, .rules_fd = -1};
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        child->listener_fds[i] = -1;
    }
    ch_buf_init(&child->setup_payload, ch_message_row(CH_MSG_SETUP)->max_bytes);
    ignore_signals();
    int fds[CH_FRAME_MAX_FDS];
    size_t fd_count = 0;
    enum ch_code rc = read_setup(role, child, fds, &fd_count, err);
    if (rc == CH_OK) {
        rc = take_descriptors(child, fds, err);
    }
    for (size_t i = 0; i < fd_count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    if (rc == CH_OK) {
        rc = parse_config(child, err);
    }
    if (rc == CH_OK) {
        rc = open_supervisor(child, err);
    }
    if (rc != CH_OK) {
        ch_child_done(child);
    }
    return rc;
}

static bool is_scanner(enum ch_role role)
{
    return (CH_FROM(role) & CH_FROM_SCANNER) != 0;
}

static enum ch_code confine_and_try(const struct ch_confine_options *options, struct ch_err *err)
{
    enum ch_code rc = ch_confine(options, err);
    if (rc == CH_OK) {
        rc = ch_confine_self_test(options, err);
    }
    if (rc == CH_OK && is_scanner(options->role)) {
        struct ch_confine_options job = *options;
        job.stage = CH_CONFINE_JOB;
        rc = ch_confine_self_test(&job, err);
    }
    return rc;
}

static struct ch_confine_options options_of(const struct ch_child *child, const char *state_dir)
{
    return (struct ch_confine_options){
        .role = child->setup.role,
        .stage = CH_CONFINE_PROCESS,
        .state_dir = state_dir,
        .uid = child->setup.uid,
        .gid = child->setup.gid,
        .served_gid = child->setup.served_gid,
    };
}

enum ch_code ch_child_confine(struct ch_child *child, struct ch_err *err)
{
    char *state_dir = ch_str_dup(child->setup.state_dir);
    struct ch_confine_options options = options_of(child, state_dir);
    enum ch_code rc = confine_and_try(&options, err);
    free(state_dir);
    return rc;
}

static enum ch_code say_ready(struct ch_child *child, struct ch_err *err)
{
    struct ch_confine_options options = options_of(child, NULL);
    enum ch_code rc = CH_OK;
    struct ch_buf line;
    struct ch_buf b;
    ch_buf_init(&line, (size_t)ch_message_row(CH_MSG_READY)->max_bytes / 2);
    ch_buf_init(&b, ch_message_row(CH_MSG_READY)->max_bytes);
    ch_confine_describe(&options, &line);
    struct ch_ready ready = {(uint32_t)getpid(), ch_buf_str(&line)};
    ch_ready_put(&b, &ready);
    if (!ch_channel_send(child->supervisor, CH_MSG_READY, ch_buf_str(&b), NULL, 0)) {
        rc = ch_fail(err, CH_E_CLOSED, "the supervisor is gone");
    }
    ch_buf_done(&line);
    ch_buf_done(&b);
    return rc;
}

enum ch_code ch_child_run(struct ch_child *child, struct ch_err *err)
{
    enum ch_code rc = say_ready(child, err);
    rc = rc == CH_OK ? ch_loop_run(child->loop, err) : rc;
    if (rc == CH_OK && child->ended.code != CH_OK && !child->draining) {
        return ch_fail(err, child->ended.code, "supervisor: %.400s", child->ended.msg);
    }
    return rc;
}

void ch_child_done(struct ch_child *child)
{
    ch_channel_free(child->supervisor);
    if (child->loop != NULL) {
        ch_loop_cancel_timer(child->loop, &child->lost);
    }
    ch_loop_free(child->loop);
    ch_config_free(child->config);
    if (child->epoch != NULL) {
        munmap(child->epoch, sizeof(struct ch_epoch_page));
    }
    if (child->metrics != NULL) {
        munmap(child->metrics, (size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES);
    }
    if (child->access_log_fd >= 0) {
        close(child->access_log_fd);
    }
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        if (child->listener_fds[i] >= 0) {
            close(child->listener_fds[i]);
        }
    }
    close_rules(child);
    ch_buf_done(&child->setup_payload);
    ch_buf_done(&child->reload_payload);
    *child = (struct ch_child){.access_log_fd = -1, .rules_fd = -1};
}
