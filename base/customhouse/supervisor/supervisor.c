#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/limits.h"
#include "base/customhouse/commands/greeting.h"
#include "base/customhouse/site/policy_files.h"
#include "base/customhouse/site/tls_files.h"
#include "supervisor_int.h"

/* Who ends when, and how long they may take: clients first finish what they are getting, the keeper
 * then has no more questions to answer, and the others have nobody to work for. */
static const struct {
    uint32_t roles;
    uint32_t wait_ms;
} drain_stages[] = {
    {CH_FROM(CH_ROLE_GATEWAY) | CH_FROM(CH_ROLE_ADMIN) | CH_FROM(CH_ROLE_ADMISSION), 20000},
    {CH_FROM(CH_ROLE_KEEPER), 10000},
    {CH_FROM(CH_ROLE_FETCHER) | CH_FROM(CH_ROLE_EGRESS) | CH_FROM_SCANNER, 3000},
};

void supervisor_fail(struct supervisor *sup, int exit_status)
{
    if (sup->exit_status == 0) {
        sup->exit_status = exit_status;
    }
    sup->draining = true;
    for (size_t i = 0; i < sup->process_count; i++) {
        process_kill(&sup->process[i]);
    }
    ch_loop_stop(sup->loop);
}

/* --- draining --- */

static void drain_next(struct supervisor *sup)
{
    for (; sup->drain_stage < CH_ARRAY_LEN(drain_stages); sup->drain_stage++) {
        bool alive = false;
        for (size_t i = 0; i < sup->process_count; i++) {
            struct process *p = &sup->process[i];
            if ((drain_stages[sup->drain_stage].roles & CH_FROM(p->role)) == 0) {
                continue;
            }
            ch_loop_cancel_timer(sup->loop, &p->timer);
            if (p->state != PROCESS_DOWN) {
                alive = true;
                process_send(p, CH_MSG_DRAIN, (struct ch_str){NULL, 0}, NULL, 0);
            }
        }
        if (alive) {
            ch_loop_set_timer(sup->loop, &sup->drain_timer,
                              ch_now_boot_ms() + drain_stages[sup->drain_stage].wait_ms);
            return;
        }
    }
    ch_loop_stop(sup->loop);
}

static void drain_check(struct supervisor *sup)
{
    for (size_t i = 0; i < sup->process_count; i++) {
        const struct process *p = &sup->process[i];
        if (p->state != PROCESS_DOWN && sup->drain_stage < CH_ARRAY_LEN(drain_stages) &&
            (drain_stages[sup->drain_stage].roles & CH_FROM(p->role)) != 0) {
            return; /* this stage is not over */
        }
    }
    ch_loop_cancel_timer(sup->loop, &sup->drain_timer);
    sup->drain_stage++;
    drain_next(sup);
}

static void on_drain_timer(struct ch_timer *t)
{
    struct supervisor *sup = CH_CONTAINER_OF(t, struct supervisor, drain_timer);
    for (size_t i = 0; i < sup->process_count; i++) {
        struct process *p = &sup->process[i];
        if (p->state != PROCESS_DOWN &&
            (drain_stages[sup->drain_stage].roles & CH_FROM(p->role)) != 0) {
            char name[64];
            process_name(p, name, sizeof(name));
            log_line("drain-late", "of=%s", name);
            process_kill(p);
        }
    }
}

static void drain(struct supervisor *sup)
{
    if (sup->draining) { /* asked twice: somebody is in a hurry */
        log_line("killed", "reason=\"second signal\"");
        supervisor_fail(sup, sup->serving ? 0 : 1);
        return;
    }
    sup->draining = true;
    reload_cancel(sup);
    log_line("draining", "listeners=%zu", sup->listening_count);
    control_close(sup);
    for (size_t i = 0; i < sup->listening_count; i++) { /* or clients would wait in our backlog */
        listening_close(&sup->listening[i]);
    }
    sup->listening_count = 0;
    listening_close(&sup->admin);
    listening_close(&sup->admission);
    drain_next(sup);
}

/* --- what processes tell --- */

static void tell_status(struct supervisor *sup)
{
    struct process *keeper = process_find(sup, CH_ROLE_KEEPER, 0);
    if (keeper == NULL || keeper->state != PROCESS_READY) {
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_STATUS)->max_bytes);
    for (size_t i = 0; i < sup->process_count; i++) {
        const struct process *p = &sup->process[i];
        static const char *const states[] = {"down", "starting", ""};
        char name[64];
        process_name(p, name, sizeof(name));
        ch_buf_printf(&b, "%s pid %d restarts %u %s\n", name,
                      p->state == PROCESS_DOWN ? 0 : (int)p->spawned.pid, p->restarts,
                      p->state == PROCESS_READY ? p->confinement : states[p->state]);
    }
    log_pipes_put_status(sup->log_pipes, &b);
    process_send(keeper, CH_MSG_STATUS, ch_buf_str(&b), NULL, 0);
    ch_buf_done(&b);
}

static void on_log_changed(void *sup)
{
    tell_status(sup);
}

void supervisor_process_changed(struct supervisor *sup)
{
    size_t ready = 0;
    for (size_t i = 0; i < sup->process_count; i++) {
        ready += sup->process[i].state == PROCESS_READY ? 1 : 0;
    }
    if (!sup->serving && !sup->draining && ready == sup->process_count) {
        sup->serving = true;
        process_open_gateways(sup);
        log_line("serving", "processes=%zu", ready);
        greet(sup);
        reload_serving(sup);
    }
    tell_status(sup);
}

void supervisor_process_ended(struct process *p)
{
    struct supervisor *sup = p->sup;
    if (sup->draining) {
        drain_check(sup);
    } else if (!sup->serving) {
        char name[64];
        process_name(p, name, sizeof(name));
        log_line("no-service", "reason=\"%s could not start\"", name);
        supervisor_fail(sup, 2);
    } else if (p->state == PROCESS_DOWN) {
        if (p->timer.heap_index_plus_1 == 0) { /* it could not even be started */
            ch_loop_set_timer(sup->loop, &p->timer, ch_now_boot_ms() + 1000);
        }
        supervisor_process_changed(sup);
    }
}

/* --- signals --- */

static void on_signal(struct ch_watch *w, uint32_t events)
{
    struct supervisor *sup = CH_CONTAINER_OF(w, struct supervisor, signals);
    struct signalfd_siginfo info;
    (void)events;
    while (read(w->fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGHUP) {
            reload_begin(sup);
        } else {
            drain(sup);
        }
    }
}

static enum ch_code open_signals(struct supervisor *sup, struct ch_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sup->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (sup->signal_fd < 0) {
        return ch_fail_errno(err, errno, "signalfd");
    }
    sup->signals = (struct ch_watch){.fd = sup->signal_fd, .fn = on_signal};
    return ch_loop_watch(sup->loop, &sup->signals, EPOLLIN, err);
}

/* --- what they share --- */

/* A second descriptor of the same memory that cannot be mapped for writing. */
static enum ch_code shared_memory(const char *name, size_t bytes, int *ret_fd, int *ret_read_fd,
                                  struct ch_err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char path[64];
    if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 || fchmod(fd, 0600) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        return ch_fail_errno(err, errno, "shared memory");
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    *ret_fd = fd;
    *ret_read_fd = open(path, O_RDONLY | O_CLOEXEC);
    return *ret_read_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "shared memory");
}

static enum ch_code open_shared(struct supervisor *sup, struct ch_err *err)
{
    enum ch_code rc = shared_memory("epoch", sizeof(struct ch_epoch_page), &sup->epoch_fd,
                                    &sup->epoch_read_fd, err);
    if (rc == CH_OK) {
        rc = shared_memory("metrics", (size_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES,
                           &sup->metrics_fd, &sup->metrics_read_fd, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    char *path = site_path(sup->folder, "log/access.log");
    /* O_NONBLOCK: or this would wait for the reader of a pipe of that name */
    int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
    struct stat st;
    sup->access_log_fd = open(path, flags, 0640);
    if (sup->access_log_fd < 0 && errno != ENXIO) {
        rc = ch_fail_errno(err, errno, "%s", path);
    } else if (sup->access_log_fd < 0 || fstat(sup->access_log_fd, &st) != 0 ||
               !S_ISREG(st.st_mode)) { /* a reader that stops reading would stop the gateways */
        rc = ch_fail(err, CH_E_USAGE, "%s: expected a regular file", path);
    }
    free(path);
    return rc;
}

/* Two supervisors over one folder would be two keepers over one database. */
static enum ch_code take_lock(const char *folder, int *ret_fd, struct ch_err *err)
{
    char *path = site_path(folder, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    enum ch_code rc = CH_OK;
    if (fd < 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        char pid[16] = "";
        ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
        rc = ch_fail(err, CH_E_USAGE, "%s: in use by another `customhouse serve`%s%.*s", folder,
                     n > 0 ? ", pid " : "", n > 0 ? (int)strcspn(pid, "\n") : 0, pid);
    } else if (ftruncate(fd, 0) != 0 || dprintf(fd, "%d\n", (int)getpid()) < 0) {
        rc = ch_fail_errno(err, errno, "%s", path);
    }
    if (rc != CH_OK && fd >= 0) {
        close(fd);
    } else {
        *ret_fd = fd;
    }
    free(path);
    return rc;
}

/* --- the whole --- */

static bool may_speak_plain(const char *address, bool insecure)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    return insecure ||
           (ch_place_split(ch_str_of(address), &host, &port) && ch_place_is_loopback(host));
}

/* The configuration was checked already; --listen of an installation that is there was not. */
static enum ch_code check_listener(const struct supervisor *sup, const char *address, bool tls,
                                   bool insecure, struct ch_err *err)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (!ch_place_split(ch_str_of(address), &host, &port)) {
        return ch_fail(err, CH_E_USAGE,
                       "--listen %.200s: expected HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080",
                       address);
    }
    for (size_t i = 0; port != 0 && i < sup->listening_count; i++) {
        if (strcmp(sup->listening[i].asked, address) == 0) {
            return ch_fail(err, CH_E_USAGE, "--listen %s: given twice", address);
        }
    }
    return tls || may_speak_plain(address, insecure)
               ? CH_OK
               : ch_fail(err, CH_E_USAGE,
                         "%s: other than loopback needs TLS in the configuration "
                         "(tls_certificate), or --insecure-http",
                         address);
}

static enum ch_code open_listeners(struct supervisor *sup, const struct supervisor_options *o,
                                   struct ch_err *err)
{
    const struct ch_config *c = sup->site.config;
    size_t count = o->listen_count > 0 ? o->listen_count : c->listen_count;
    bool insecure = o->insecure_http || c->insecure_http;
    if (count > CH_SETUP_MAX_LISTENERS) {
        return ch_fail(err, CH_E_USAGE, "%zu addresses to listen on, at most %d are possible",
                       count, CH_SETUP_MAX_LISTENERS);
    }
    for (size_t i = 0; i < count; i++) {
        const char *address = o->listen_count > 0 ? o->listens[i] : c->listen[i].address;
        struct listening like = {.asked = (char *)(uintptr_t)address};
        for (size_t k = 0; k < i; k++) {
            like.nth += strcmp(sup->listening[k].asked, address) == 0;
        }
        size_t place = listening_place(&like, c);
        bool tls = place < c->listen_count && c->listen[place].tls_certificate != NULL;
        enum ch_code rc = check_listener(sup, address, tls, insecure, err);
        rc = rc == CH_OK ? listening_open(address, tls, &sup->listening[i], err) : rc;
        if (rc != CH_OK) {
            return rc;
        }
        sup->listening[i].nth = like.nth;
        sup->listening_count++;
    }
    listening_show(sup, &sup->site, NULL);
    return CH_OK;
}

/* Of clients, on any address. */
static bool is_port_of_ours(const struct supervisor *sup, uint16_t port)
{
    struct ch_str host = {NULL, 0};
    uint16_t other = 0;
    bool found = false;
    for (size_t i = 0; i < sup->listening_count; i++) {
        CH_ASSERT(ch_place_split(ch_str_of(sup->listening[i].address), &host, &other));
        found = found || other == port;
    }
    return found;
}

/* On loopback, the first port above the first that clients use which none of them uses: taken by
 * somebody else, it is done without, for nobody asked for it; whoever starts the server reads so.
 */
static void open_admin_somewhere(struct supervisor *sup)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    char address[32];
    struct ch_err err;
    CH_ASSERT(ch_place_split(ch_str_of(sup->listening[0].address), &host, &port));
    while (port != 0 && is_port_of_ours(sup, port)) {
        port++; /* after the last one 0: whichever is free */
    }
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    if (listening_open(address, sup->site.config->admin_tls_certificate != NULL, &sup->admin,
                       &err) != CH_OK) {
        log_line("no-admin", "error=\"%s\"", err.msg);
        sup->admin_missing = ch_str_dup(ch_str_of(err.msg));
    }
}

static enum ch_code open_admin(struct supervisor *sup, const struct supervisor_options *o,
                               struct ch_err *err)
{
    const struct ch_config *c = sup->site.config;
    const char *address = o->admin_listen != NULL ? o->admin_listen : c->admin_address;
    bool tls = c->admin_tls_certificate != NULL;
    if (o->admin_listen != NULL ? strcmp(o->admin_listen, "none") == 0 : !c->admin_enabled) {
        return CH_OK;
    }
    if (address == NULL) {
        open_admin_somewhere(sup);
        return CH_OK;
    }
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (!ch_place_split(ch_str_of(address), &host, &port)) { /* the configuration's was checked */
        return ch_fail(err, CH_E_USAGE,
                       "--admin-listen %.200s: expected HOST:PORT, as in 127.0.0.1:8081, or none",
                       address);
    }
    if (!tls && !may_speak_plain(address, false)) {
        return ch_fail(err, CH_E_USAGE,
                       "%s: the administrative interface needs TLS on other than loopback: give "
                       "tls_certificate and tls_key in admin: of the configuration",
                       address);
    }
    enum ch_code rc = listening_open(address, tls, &sup->admin, err);
    return rc == CH_OK ? rc : ch_wrap(err, "the administrative interface (admin: address:)");
}

static enum ch_code open_admission(struct supervisor *sup, struct ch_err *err)
{
    const char *address = sup->site.config->admission_address;
    enum ch_code rc = address != NULL ? listening_open(address, true, &sup->admission, err) : CH_OK;
    return rc == CH_OK ? rc : ch_wrap(err, "where clusters ask (admission: address:)");
}

static uint32_t cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < 1 ? 1 : (uint32_t)n;
}

static void add_process(struct supervisor *sup, enum ch_role role, uint32_t instance,
                        uint32_t instances, uint32_t uid)
{
    CH_ASSERT(sup->process_count < PROCESSES_MAX);
    sup->process[sup->process_count++] = (struct process){
        .sup = sup, .role = role, .instance = instance, .instances = instances, .uid = uid};
}

static void add_processes(struct supervisor *sup)
{
    uint32_t gateways = sup->site.config->gateways != 0 ? sup->site.config->gateways : cores();
    gateways = gateways > CH_METRICS_SLOTS ? CH_METRICS_SLOTS : gateways;
    add_process(sup, CH_ROLE_KEEPER, 0, 1, sup->ids.keeper);
    add_process(sup, CH_ROLE_FETCHER, 0, 1, sup->ids.fetcher);
    add_process(sup, CH_ROLE_EGRESS, 0, 1, sup->ids.egress);
    add_process(sup, CH_ROLE_SCANNER_STRICT, 0, 1, sup->ids.scanner_strict);
    add_process(sup, CH_ROLE_SCANNER_SECOND, 0, 1, sup->ids.scanner_second);
    for (uint32_t i = 0; i < gateways; i++) {
        add_process(sup, CH_ROLE_GATEWAY, i, gateways, sup->ids.gateway);
    }
    if (sup->admin.address != NULL) {
        add_process(sup, CH_ROLE_ADMIN, 0, 1, sup->ids.admin);
    }
    if (sup->admission.address != NULL) {
        add_process(sup, CH_ROLE_ADMISSION, 0, 1, sup->ids.admission);
    }
}

static enum ch_code make_instance_id(struct supervisor *sup, struct ch_err *err)
{
    uint8_t random[16];
    if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random)) {
        return ch_fail_errno(err, errno, "getrandom");
    }
    struct ch_buf b;
    ch_buf_init(&b, sizeof(sup->instance_id));
    ch_buf_put_hex(&b, random, sizeof(random));
    memcpy(sup->instance_id, b.ptr, b.len);
    ch_buf_done(&b);
    return CH_OK;
}

static enum ch_code open_all(struct supervisor *sup, const struct supervisor_options *o,
                             struct ch_err *err)
{
    struct rlimit files;
    struct ch_err expired;
    if (getrlimit(RLIMIT_NOFILE, &files) ==
        0) { /* each client is a descriptor; children inherit it */
        files.rlim_cur = files.rlim_max;
        CH_IGNORE(setrlimit(RLIMIT_NOFILE, &files) != 0);
    }
    enum ch_code rc = policy_files_finish(o->folder, err);
    rc = rc == CH_OK ? site_load(o->folder, &sup->site, err) : rc;
    if (rc == CH_OK && tls_files_check_times(&sup->site, NULL, ch_now_unix_us(), &expired) != CH_OK) {
        log_line("certificate", "error=\"%s\" note=\"clients refuse it\"", expired.msg);
    }
    rc = rc == CH_OK ? ch_loop_new(&sup->loop, err) : rc;
    rc = rc == CH_OK ? open_signals(sup, err) : rc;
    if (rc == CH_OK) {
        sup->ids = site_ids(sup->site.config);
        rc = log_pipes_open(sup->loop, sup->ids.log, on_log_changed, sup, &sup->log_pipes, err);
    }
    if (rc == CH_OK) {
        sup->show_state = geteuid() == 0 && !site_way_is_open(sup->folder);
        rc = site_prepare_folders(o->folder, &sup->ids, err);
    }
    rc = rc == CH_OK ? make_instance_id(sup, err) : rc;
    rc = rc == CH_OK ? open_listeners(sup, o, err) : rc;
    rc = rc == CH_OK ? open_admin(sup, o, err) : rc;
    rc = rc == CH_OK ? open_admission(sup, err) : rc;
    rc = rc == CH_OK ? open_shared(sup, err) : rc;
    return rc == CH_OK ? control_open(sup, err) : rc;
}

static void close_all(struct supervisor *sup)
{
    reload_cancel(sup);
    for (size_t i = 0; i < sup->process_count; i++) {
        struct process *p = &sup->process[i];
        if (p->state != PROCESS_DOWN) {
            process_kill(p);
            waitpid(p->spawned.pid, NULL, 0);
            close(p->spawned.pidfd);
            ch_channel_free(p->channel);
        }
    }
    if (sup->loop != NULL) {
        control_close(sup);
        log_pipes_leave_loop(sup->log_pipes);
    }
    for (size_t i = 0; i < sup->listening_count; i++) {
        listening_close(&sup->listening[i]);
    }
    listening_close(&sup->admin);
    listening_close(&sup->admission);
    free(sup->admin_missing);
    const int fds[] = {sup->epoch_fd,        sup->epoch_read_fd, sup->metrics_fd,
                       sup->metrics_read_fd, sup->access_log_fd, sup->signal_fd};
    for (size_t i = 0; i < CH_ARRAY_LEN(fds); i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    site_done(&sup->site);
    ch_config_free(sup->started);
    ch_loop_free(sup->loop);
}

int supervisor_run(const struct supervisor_options *options)
{
    struct ch_err err;
    int lock = -1;
    if (take_lock(options->folder, &lock, &err) != CH_OK) {
        log_line("no-service", "error=\"%s\"", err.msg);
        return 2;
    }
    struct supervisor *sup = ch_calloc(1, sizeof(*sup));
    *sup = (struct supervisor){.folder = options->folder,
                               .epoch_fd = -1,
                               .epoch_read_fd = -1,
                               .metrics_fd = -1,
                               .metrics_read_fd = -1,
                               .access_log_fd = -1,
                               .signal_fd = -1,
                               .admin = {.fd = -1},
                               .admission = {.fd = -1},
                               .control = {.fd = -1},
                               .drain_timer = {.fn = on_drain_timer}};
    enum ch_code rc = open_all(sup, options, &err);
    if (rc == CH_OK) {
        add_processes(sup);
        for (size_t i = 0; i < sup->process_count && !sup->draining; i++) {
            process_start(&sup->process[i]);
        }
        rc = ch_loop_run(sup->loop, &err);
    }
    int exit_status = sup->exit_status;
    if (rc != CH_OK) {
        log_line("no-service", "error=\"%s\"", err.msg);
        exit_status = sup->serving ? 1 : 2;
    }
    bool started = sup->process_count > 0;
    struct log_pipes *log_pipes = sup->log_pipes;
    close_all(sup);
    free(sup);
    close(lock);
    if (started) {
        log_line("ended", "status=%d", exit_status);
    }
    log_pipes_close(log_pipes);
    return exit_status;
}
