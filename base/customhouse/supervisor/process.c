/* One process of the supervisor's: starting it, telling it what it needs, noticing its end. */
#include "supervisor_int.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* To load rules and confine itself; on a busy machine. */
#define START_WAIT_MS 60000
/* Between closing its channel and ending. */
#define END_WAIT_MS    2000
#define HEALTHY_MS     1000
#define PAUSE_FIRST_MS 100
#define PAUSE_MAX_MS   5000

/* Whose links name an address of clients, or who must not fetch from one. */
#define KNOW_ADDRESSES                                                                             \
    (CH_FROM(CH_ROLE_GATEWAY) | CH_FROM(CH_ROLE_KEEPER) | CH_FROM(CH_ROLE_FETCHER))

static void on_end(struct ch_watch *w, uint32_t events);
static void on_timer(struct ch_timer *t);

void process_name(const struct process *p, char *ret, size_t size)
{
    snprintf(ret, size, "%s/%u", ch_role_name(p->role), p->instance);
}

struct process *process_find(struct supervisor *sup, enum ch_role role, uint32_t instance)
{
    for (size_t i = 0; i < sup->process_count; i++) {
        if (sup->process[i].role == role && sup->process[i].instance == instance) {
            return &sup->process[i];
        }
    }
    return NULL;
}

void process_send(struct process *p, uint16_t type, struct ch_str payload, const int *fds,
                  size_t fd_count)
{
    if (p->channel != NULL) {
        /* a channel that fails tells on_closed */
        CH_IGNORE(ch_channel_send(p->channel, type, payload, fds, fd_count));
    }
}

void process_kill(struct process *p)
{
    if (p->state != PROCESS_DOWN) {
        kill(p->spawned.pid, SIGKILL); /* not yet waited for, so the number is still its own */
    }
}

/* A scanner sees no file, the fetcher none of ours: neither is told where they lie. */
static struct ch_str state_dir_of(const struct process *p)
{
    return p->sup->show_state ? CH_STR(CH_SPAWN_STATE) : ch_str_of(p->sup->folder);
}

/* -1: none. */
static int rules_of(const struct process *p, const struct site *site)
{
    return p->role == CH_ROLE_SCANNER_SECOND && site->has_rules ? site->rules_fd : -1;
}

static void put_setup(const struct process *p, const struct site *site, struct ch_buf *b)
{
    const struct supervisor *sup = p->sup;
    struct ch_setup m = {
        .role = p->role,
        .instance = p->instance,
        .instances = p->instances,
        .uid = p->uid,
        .gid = p->uid,
        .served_gid = sup->ids.served_gid,
        .state_dir = state_dir_of(p),
        .instance_id = ch_str_of(sup->instance_id),
        .config_name = ch_str_of(site->config_name),
        .config_text = ch_buf_str(&site->config_text),
        .policy_name = ch_str_of(site->policy_name),
        .policy_text = ch_buf_str(&site->policy_text),
        .rules = rules_of(p, site) >= 0,
    };
    if (p->role == CH_ROLE_FETCHER) {
        m.credentials_text = ch_buf_str(&site->credentials_text);
        m.upstream_files = ch_buf_str(&site->upstream_files);
    }
    if (p->role == CH_ROLE_EGRESS) {
        m.egress_files = ch_buf_str(&site->egress_files);
    }
    if ((CH_FROM(p->role) & KNOW_ADDRESSES) != 0) {
        m.listener_count = (uint32_t)listening_told(sup, m.listener);
    }
    for (size_t i = 0; p->role == CH_ROLE_GATEWAY && i < sup->listening_count; i++) {
        m.listener[i].certificate_pem = ch_buf_str(&site->shown[i].certificate);
        m.listener[i].key_pem = ch_buf_str(&site->shown[i].key);
    }
    if (p->role == CH_ROLE_ADMIN) {
        m.listener_count = 1;
        m.listener[0] = (struct ch_setup_listener){
            .address = ch_str_of(sup->admin.address),
            .tls = sup->admin.tls,
            .certificate_pem = ch_buf_str(&site->admin_pair.certificate),
            .key_pem = ch_buf_str(&site->admin_pair.key),
        };
    }
    if (p->role == CH_ROLE_ADMISSION) {
        m.listener_count = 1;
        m.listener[0] = (struct ch_setup_listener){
            .address = ch_str_of(sup->admission.address),
            .tls = true,
            .certificate_pem = ch_buf_str(&site->admission_pair.certificate),
            .key_pem = ch_buf_str(&site->admission_pair.key),
            .client_ca_pem = ch_buf_str(&site->admission_client_ca),
            .client_name = ch_str_of(site->config->admission_client_name),
        };
    }
    ch_setup_put(b, &m);
}

static enum ch_code setup_of(const struct process *p, uint16_t type, const struct site *site,
                             struct ch_buf *b, struct ch_err *err)
{
    ch_buf_init(b, ch_message_row(type)->max_bytes);
    put_setup(p, site, b);
    /* each text was bounded when it was read; together they may still be too much */
    enum ch_code rc = ch_buf_ok(b, err);
    return rc == CH_OK
               ? rc
               : ch_wrap(err, "configuration, policy and the files that they name together");
}

static void send_setup(struct process *p)
{
    const struct supervisor *sup = p->sup;
    struct ch_buf b;
    int fds[CH_FRAME_MAX_FDS];
    size_t fd_count = 0;
    fds[fd_count++] = p->role == CH_ROLE_KEEPER ? sup->epoch_fd : sup->epoch_read_fd;
    fds[fd_count++] = p->role == CH_ROLE_GATEWAY ? sup->metrics_fd : sup->metrics_read_fd;
    fds[fd_count++] = sup->access_log_fd;
    for (size_t i = 0; p->role == CH_ROLE_GATEWAY && i < sup->listening_count; i++) {
        fds[fd_count++] = sup->listening[i].fd;
    }
    if (p->role == CH_ROLE_ADMIN) {
        fds[fd_count++] = sup->admin.fd;
    }
    if (p->role == CH_ROLE_ADMISSION) {
        fds[fd_count++] = sup->admission.fd;
    }
    if (rules_of(p, &sup->site) >= 0) {
        fds[fd_count++] = rules_of(p, &sup->site);
    }
    struct ch_err err;
    if (setup_of(p, CH_MSG_SETUP, &sup->site, &b, &err) == CH_OK) {
        process_send(p, CH_MSG_SETUP, ch_buf_str(&b), fds, fd_count);
    } else {
        log_line("setup-too-large", "error=\"%s\"", err.msg);
        process_kill(p);
    }
    site_secret_done(&b); /* passwords and keys may be in it */
}

enum ch_code process_try(struct process *p, const struct site *site, struct ch_err *err)
{
    struct ch_buf b;
    int rules_fd = rules_of(p, site);
    enum ch_code rc = setup_of(p, CH_MSG_RELOAD, site, &b, err);
    if (rc == CH_OK) {
        process_send(p, CH_MSG_RELOAD, ch_buf_str(&b), &rules_fd, rules_fd >= 0 ? 1 : 0);
    }
    site_secret_done(&b);
    return rc;
}

static bool answers_clients(const struct process *p)
{
    return p->role == CH_ROLE_GATEWAY || p->role == CH_ROLE_ADMIN || p->role == CH_ROLE_ADMISSION;
}

/* The keeper talks to everybody, nobody else to anybody. A gateway without a keeper serves nothing:
 * at the start it meets the keeper only when every process is ready, which a jail says only after
 * its self-test. */
static void connect_pair(struct process *keeper, struct process *other)
{
    int pair[2];
    if (keeper == NULL || keeper->state != PROCESS_READY || other->state != PROCESS_READY ||
        (answers_clients(other) && !other->sup->serving)) {
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        log_line("peer", "error=\"%s\"", strerrordesc_np(errno));
        process_kill(other); /* it starts again, and then they meet */
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 64);
    struct ch_peer m = {other->role, other->instance};
    ch_peer_put(&b, &m);
    process_send(keeper, CH_MSG_PEER, ch_buf_str(&b), &pair[0], 1);
    ch_buf_clear(&b);
    m = (struct ch_peer){keeper->role, keeper->instance};
    ch_peer_put(&b, &m);
    process_send(other, CH_MSG_PEER, ch_buf_str(&b), &pair[1], 1);
    ch_buf_done(&b);
    close(pair[0]);
    close(pair[1]);
}

static void connect_peers(struct process *p)
{
    struct supervisor *sup = p->sup;
    struct process *keeper = process_find(sup, CH_ROLE_KEEPER, 0);
    for (size_t i = 0; i < sup->process_count; i++) {
        struct process *other = &sup->process[i];
        if (other != keeper && (p == keeper || p == other)) {
            connect_pair(keeper, other);
        }
    }
}

void process_open_gateways(struct supervisor *sup)
{
    struct process *keeper = process_find(sup, CH_ROLE_KEEPER, 0);
    for (size_t i = 0; i < sup->process_count; i++) {
        if (answers_clients(&sup->process[i])) {
            connect_pair(keeper, &sup->process[i]);
        }
    }
}

static void on_ready(struct process *p, struct ch_frame *frame)
{
    struct ch_ready ready;
    struct ch_err err;
    char name[64];
    process_name(p, name, sizeof(name));
    if (p->state != PROCESS_STARTING || ch_ready_get(frame->payload, &ready, &err) != CH_OK) {
        log_line("protocol", "of=%s error=\"unexpected READY\"", name);
        process_kill(p);
        return;
    }
    p->state = PROCESS_READY;
    p->ready_at_ms = ch_now_boot_ms();
    ch_loop_cancel_timer(p->sup->loop, &p->timer);
    snprintf(p->confinement, sizeof(p->confinement), "%.*s", CH_STR_ARG(ready.confinement));
    log_line("ready", "of=%s pid=%d confinement=\"%s\"", name, (int)p->spawned.pid, p->confinement);
    connect_peers(p);
    reload_process_ready(p);
    supervisor_process_changed(p->sup);
}

/* Both live, and their channel does not. Else they meet when the keeper is ready again. */
static void on_peer_lost(struct process *p)
{
    struct process *keeper = process_find(p->sup, CH_ROLE_KEEPER, 0);
    if (p != keeper && keeper != NULL && keeper->state == PROCESS_READY &&
        p->state == PROCESS_READY) {
        char name[64];
        process_name(p, name, sizeof(name));
        log_line("peer", "of=%s what=\"its channel to the keeper ended, it gets another\"", name);
        connect_pair(keeper, p);
    }
}

static void on_reloaded(struct process *p, struct ch_frame *frame)
{
    struct ch_reloaded m;
    struct ch_err err;
    if (p->owes && ch_reloaded_get(frame->payload, &m, &err) == CH_OK) {
        reload_answered(p, &m);
        return;
    }
    char name[64];
    process_name(p, name, sizeof(name));
    log_line("protocol", "of=%s error=\"unexpected RELOADED\"", name);
    process_kill(p);
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct process *p = owner;
    (void)ch;
    if (frame->type == CH_MSG_READY) {
        on_ready(p, frame);
    } else if (frame->type == CH_MSG_RELOADED) {
        on_reloaded(p, frame);
    } else if (frame->type == CH_MSG_PEER_LOST) {
        on_peer_lost(p);
    } else {
        char name[64];
        process_name(p, name, sizeof(name));
        log_line("protocol", "of=%s error=\"%s is not for the supervisor\"", name,
                 ch_message_row(frame->type)->name);
        process_kill(p);
    }
}

/* It ended, or broke the protocol: its pidfd says when it is gone. */
static void on_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct process *p = owner;
    p->channel = NULL;
    ch_channel_free(ch);
    if (why->code != CH_E_CLOSED) {
        char name[64];
        process_name(p, name, sizeof(name));
        log_line("protocol", "of=%s error=\"%s\"", name, why->msg);
    }
    if (!p->sup->draining) { /* by itself, or by us a little later */
        ch_loop_set_timer(p->sup->loop, &p->timer, ch_now_boot_ms() + END_WAIT_MS);
    }
}

static void release(struct process *p)
{
    ch_loop_unwatch(p->sup->loop, &p->end);
    ch_loop_cancel_timer(p->sup->loop, &p->timer);
    ch_channel_free(p->channel);
    p->channel = NULL;
    close(p->spawned.pidfd);
    p->state = PROCESS_DOWN;
    p->tried = 0;
    p->owes = false;
    p->can_reload = false;
}

static enum ch_code start(struct process *p, struct ch_err *err)
{
    struct supervisor *sup = p->sup;
    bool sees_state = p->role == CH_ROLE_KEEPER || p->role == CH_ROLE_GATEWAY;
    struct ch_spawn_options options = {
        .role = p->role,
        .network = p->role == CH_ROLE_FETCHER || p->role == CH_ROLE_EGRESS,
        .uid = p->uid,
        .gid = p->uid,
        .served_gid = sees_state ? sup->ids.served_gid : 0,
        .state_dir = sup->show_state && sees_state ? sup->folder : NULL,
    };
    enum ch_code rc = ch_spawn(&options, &p->spawned, err);
    if (rc != CH_OK) {
        return rc;
    }
    p->state = PROCESS_STARTING;
    p->end = (struct ch_watch){.fd = p->spawned.pidfd, .fn = on_end};
    struct ch_channel_options channel = {
        .loop = sup->loop,
        .fd = p->spawned.channel,
        .peer = p->role,
        .self = CH_ROLE_SUPERVISOR,
        .peer_instance = p->instance,
        .owner = p,
        .on_frame = on_frame,
        .on_closed = on_closed,
    };
    rc = ch_channel_open(&channel, &p->channel, err);
    return rc != CH_OK ? rc : ch_loop_watch(sup->loop, &p->end, EPOLLIN, err);
}

void process_start(struct process *p)
{
    struct ch_err err;
    char name[64];
    process_name(p, name, sizeof(name));
    p->timer.fn = on_timer;
    if (start(p, &err) != CH_OK) {
        log_line("start-failed", "of=%s error=\"%s\"", name, err.msg);
        if (p->state != PROCESS_DOWN) {
            process_kill(p);
            waitpid(p->spawned.pid, NULL, 0);
            release(p);
        }
        supervisor_process_ended(p);
        return;
    }
    log_line("started", "of=%s pid=%d namespaces=\"%s\"", name, (int)p->spawned.pid,
             p->spawned.namespaces);
    ch_loop_set_timer(p->sup->loop, &p->timer, ch_now_boot_ms() + START_WAIT_MS);
    send_setup(p);
}

/* DOWN: the pause is over. Else it took too long, to become ready or to end. */
static void on_timer(struct ch_timer *t)
{
    struct process *p = CH_CONTAINER_OF(t, struct process, timer);
    if (p->state == PROCESS_DOWN) {
        if (!p->sup->draining) {
            p->restarts++;
            process_start(p);
        }
        return;
    }
    char name[64];
    process_name(p, name, sizeof(name));
    if (p->channel != NULL) {
        log_line("start-failed", "of=%s error=\"not ready within %d s\"", name,
                 START_WAIT_MS / 1000);
    } else {
        log_line("killed", "of=%s error=\"lives on without its channel\"", name);
    }
    process_kill(p);
}

static void on_end(struct ch_watch *w, uint32_t events)
{
    struct process *p = CH_CONTAINER_OF(w, struct process, end);
    int status = 0;
    char name[64];
    (void)events;
    if (waitpid(p->spawned.pid, &status, WNOHANG) != p->spawned.pid) {
        return;
    }
    process_name(p, name, sizeof(name));
    if (WIFSIGNALED(status)) {
        log_line("ended", "of=%s pid=%d signal=%d%s", name, (int)p->spawned.pid, WTERMSIG(status),
                 WTERMSIG(status) == SIGSYS ? " reason=\"forbidden system call\"" : "");
    } else {
        log_line("ended", "of=%s pid=%d status=%d", name, (int)p->spawned.pid, WEXITSTATUS(status));
    }
    bool healthy = p->state == PROCESS_READY && ch_now_boot_ms() - p->ready_at_ms >= HEALTHY_MS;
    reload_process_ended(p);
    release(p);
    uint32_t pause = healthy ? 0 : p->pause_ms;
    p->pause_ms = pause == 0 ? PAUSE_FIRST_MS : pause * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : pause * 2;
    if (!p->sup->draining && p->sup->serving) {
        ch_loop_set_timer(p->sup->loop, &p->timer, ch_now_boot_ms() + pause);
    }
    supervisor_process_ended(p);
}
