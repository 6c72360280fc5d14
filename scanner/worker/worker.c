#include "scanner/worker/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/worker/job.h"

enum { TEXT_BYTES = 512 }; /* of struct ch_scanned.text */

struct task {
    struct ch_worker *worker;
    struct task *next; /* in the queue, or among those that run */
    char *payload;     /* the slices of job.scan borrow from it */
    struct ch_job job;
    pid_t pid;
    int text_fd;            /* read end of the job's last words */
    struct ch_watch exited; /* fd is the pidfd */
    struct ch_timer look;
    uint64_t end_ms; /* of its time */
    uint64_t looked_ms;
    uint64_t still_ms;          /* since its CPU time grew, as far as we looked */
    uint64_t cpu_ns;            /* at the last look */
    enum ch_scan_outcome ended; /* how we did; CH_SCAN_FAILED: we did not */
    uint64_t started_us;
    struct ch_sha256 ruleset; /* that the child has, whatever is loaded later */
};

/* Inspections take seconds. Documents (pages, metadata, the end of a file) take milliseconds, and a
 * client waits for each: they never stand behind inspections. */
enum lane_name { DOCUMENTS, INSPECTIONS, LANES };

struct lane {
    struct task *queue;
    struct task **queue_end;
    size_t queue_count;
    size_t running_count;
};

struct ch_worker {
    struct ch_worker_options options;
    struct lane lanes[LANES];
    struct task *running;
};

static struct lane *lane_of(const struct task *t)
{
    return &t->worker->lanes[t->job.scan.kind == CH_SCAN_ARTIFACT ? INSPECTIONS : DOCUMENTS];
}

static uint64_t now_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void free_task(struct task *t)
{
    close_fd(&t->job.input_fd);
    close_fd(&t->job.output_fd);
    close_fd(&t->job.text_fd);
    close_fd(&t->text_fd);
    close_fd(&t->exited.fd);
    free(t->payload);
    free(t);
}

static void report(struct task *t, struct ch_scanned *m)
{
    m->job = t->job.scan.id;
    t->worker->options.on_scanned(t->worker->options.owner, m);
}

/* --- the end of a job --- */

/* Some of what the job said, escaped: it may be anything a conquered process likes to print. */
static void read_text(struct task *t, struct ch_buf *ret)
{
    char raw[TEXT_BYTES];
    ssize_t n = read(t->text_fd, raw, sizeof(raw)); /* non-blocking */
    if (n > 0) {
        ch_buf_put_escaped(ret,
                           (struct ch_str){raw, (size_t)n}); /* stops at the buffer's maximum */
    }
}

static uint64_t us_of(struct timeval tv)
{
    return (uint64_t)tv.tv_sec * 1000000 + (uint64_t)tv.tv_usec;
}

static void fill_outcome(const struct task *t, int status, struct ch_scanned *m)
{
    if (WIFSIGNALED(status)) {
        /* SIGKILL is none that a job brings upon itself: its filter and its limits end it by others,
         * but for the hard limit of CPU time. */
        bool itself =
            WTERMSIG(status) != SIGKILL || m->cpu_us >= (uint64_t)t->job.scan.cpu_seconds * 1000000;
        m->outcome = itself                       ? CH_SCAN_KILLED
                     : t->ended != CH_SCAN_FAILED ? t->ended
                                                  : CH_SCAN_INTERRUPTED;
        m->signal = (uint32_t)WTERMSIG(status);
    } else {
        m->exit_status = (uint32_t)WEXITSTATUS(status);
        m->outcome = m->exit_status == 0 ? CH_SCAN_DONE : CH_SCAN_FAILED;
    }
}

static void forget_running(struct task *t)
{
    struct task **at = &t->worker->running;
    while (*at != t) {
        CH_ASSERT(*at != NULL);
        at = &(*at)->next;
    }
    *at = t->next;
    lane_of(t)->running_count--;
    ch_loop_unwatch(t->worker->options.loop, &t->exited);
    ch_loop_cancel_timer(t->worker->options.loop, &t->look);
}

static void start_queued(struct lane *lane);

static void on_exited(struct ch_watch *watch, uint32_t events CH_UNUSED)
{
    struct task *t = CH_CONTAINER_OF(watch, struct task, exited);
    struct lane *lane = lane_of(t);
    struct rusage usage;
    int status;
    pid_t pid;
    do {
        pid = wait4(t->pid, &status, 0, &usage);
    } while (pid < 0 && errno == EINTR);
    CH_ASSERT(pid == t->pid);
    forget_running(t);

    struct ch_scanned m = {.wall_us = now_us() - t->started_us,
                           .cpu_us = us_of(usage.ru_utime) + us_of(usage.ru_stime),
                           .max_rss_bytes = (uint64_t)usage.ru_maxrss * 1024,
                           .ruleset = t->ruleset};
    struct ch_buf text;
    ch_buf_init(&text, TEXT_BYTES);
    fill_outcome(t, status, &m);
    read_text(t, &text);
    m.text = ch_buf_str(&text);
    report(t, &m);
    ch_buf_done(&text);
    free_task(t);
    start_queued(lane);
}

/* --- its time --- */

/* Two limits are the bytes' to reach: CPU time, and standing still. A jail that works waits for
 * nobody, so one that is runnable has some CPU time after a while, on however busy a host; without
 * any it sleeps. What has reached neither by the end of its time got too little of the CPU: the
 * host's fault. Hostile bytes that have conquered the jail can pretend that, and are inspected
 * again for it, so often (INTAKE_BEGUN_MAX). */

static uint64_t cpu_ns(const struct task *t)
{
    clockid_t clock;
    struct timespec ts;
    /* not yet waited for, so the pid is still its own */
    if (clock_getcpuclockid(t->pid, &clock) != 0 || clock_gettime(clock, &ts) != 0) {
        return t->cpu_ns + 1; /* not known: it is not said to stand still */
    }
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void set_look(struct task *t, uint64_t now)
{
    uint64_t next = now + ch_limits.scan_look_ms;
    t->looked_ms = now;
    ch_loop_set_timer(t->worker->options.loop, &t->look,
                      now < t->end_ms && t->end_ms < next ? t->end_ms : next);
}

static void end(struct task *t, enum ch_scan_outcome how)
{
    t->ended = how;
    kill(t->pid, SIGKILL);
}

static void on_look(struct ch_timer *timer)
{
    struct task *t = CH_CONTAINER_OF(timer, struct task, look);
    uint64_t now = ch_now_boot_ms();
    uint64_t since_ms = now - t->looked_ms;
    uint64_t used = cpu_ns(t);
    if (used != t->cpu_ns) {
        t->still_ms = 0;
    } else if (since_ms <= 2 * ch_limits.scan_look_ms) {
        t->still_ms += since_ms;
    } /* else we stood still ourselves: frozen, or the machine slept */
    t->cpu_ns = used;
    if (t->still_ms >= ch_limits.scan_still_ms) {
        end(t, CH_SCAN_TIMEOUT);
    } else if (now >= t->end_ms && t->still_ms == 0) {
        end(t, CH_SCAN_STARVED);
    } else {
        set_look(t, now); /* at the end of its time, too, until it is clear which it is */
    }
}

/* --- its beginning --- */

static enum ch_code open_pipe(struct task *t, struct ch_err *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return ch_fail_errno(err, errno, "pipe");
    }
    t->text_fd = ends[0];
    t->job.text_fd = ends[1];
    if (fcntl(t->text_fd, F_SETFL, O_NONBLOCK) < 0) {
        return ch_fail_errno(err, errno, "pipe");
    }
    return CH_OK;
}

static enum ch_code start_child(struct task *t, struct ch_err *err)
{
    struct ch_loop *loop = t->worker->options.loop;
    t->started_us = now_us();
    if (t->worker->options.ruleset != NULL) {
        t->ruleset = t->worker->options.ruleset();
    }
    t->pid = fork();
    if (t->pid < 0) {
        return ch_fail_errno(err, errno, "fork");
    }
    if (t->pid == 0) {
        ch_job_child(&t->job);
    }
    close_fd(&t->job.text_fd);
    close_fd(&t->job.input_fd);
    close_fd(&t->job.output_fd); /* the keeper can seal it as soon as the child is gone */
    enum ch_code rc = CH_OK;
    t->exited.fd = (int)syscall(SYS_pidfd_open, t->pid, 0);
    if (t->exited.fd < 0) {
        rc = ch_fail_errno(err, errno, "pidfd");
    } else {
        rc = ch_loop_watch(loop, &t->exited, EPOLLIN, err);
    }
    if (rc != CH_OK) { /* a child that cannot be watched must not run */
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
        return rc;
    }
    uint64_t now = ch_now_boot_ms();
    t->end_ms = now + t->job.scan.wall_ms;
    set_look(t, now);
    return CH_OK;
}

static void start(struct task *t)
{
    struct ch_err err;
    enum ch_code rc = open_pipe(t, &err);
    if (rc == CH_OK) {
        rc = start_child(t, &err);
    }
    if (rc != CH_OK) {
        struct ch_scanned m = {.outcome = CH_SCAN_INTERRUPTED, .text = ch_str_of(err.msg)};
        report(t, &m);
        free_task(t);
        return;
    }
    t->next = t->worker->running;
    t->worker->running = t;
    lane_of(t)->running_count++;
}

static void start_queued(struct lane *lane)
{
    while (lane->queue != NULL && lane->running_count < ch_limits.scan_parallel) {
        struct task *t = lane->queue;
        lane->queue = t->next;
        lane->queue_count--;
        if (lane->queue == NULL) {
            lane->queue_end = &lane->queue;
        }
        start(t);
    }
}

/* --- interface --- */

struct ch_worker *ch_worker_new(const struct ch_worker_options *options)
{
    struct ch_worker *w = ch_calloc(1, sizeof(*w));
    w->options = *options;
    for (size_t i = 0; i < LANES; i++) {
        w->lanes[i].queue_end = &w->lanes[i].queue;
    }
    return w;
}

void ch_worker_free(struct ch_worker *w)
{
    if (w == NULL) {
        return;
    }
    for (size_t i = 0; i < LANES; i++) {
        while (w->lanes[i].queue != NULL) {
            struct task *t = w->lanes[i].queue;
            w->lanes[i].queue = t->next;
            free_task(t);
        }
    }
    while (w->running != NULL) {
        struct task *t = w->running;
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
        forget_running(t);
        free_task(t);
    }
    free(w);
}

enum ch_code ch_worker_submit(struct ch_worker *w, struct ch_str payload, int input_fd,
                              int output_fd, struct ch_err *err)
{
    struct task *t = ch_calloc(1, sizeof(*t));
    *t = (struct task){
        .worker = w,
        .payload = ch_str_dup(payload),
        .job = {.role = w->options.role,
                .input_fd = input_fd,
                .output_fd = output_fd,
                .text_fd = -1,
                .confine = w->options.confine},
        .text_fd = -1,
        .exited = {.fd = -1, .fn = on_exited},
        .look = {.fn = on_look},
    };
    enum ch_code rc = ch_scan_job_get((struct ch_str){t->payload, payload.len}, &t->job.scan, err);
    if (rc != CH_OK) {
        free_task(t);
        return rc;
    }
    ch_job_clamp(&t->job.scan);
    struct lane *lane = lane_of(t);
    if (lane->queue_count >= ch_limits.scan_queue || input_fd < 0 || output_fd < 0) {
        struct ch_scanned m = {.outcome = CH_SCAN_INTERRUPTED,
                               .text = input_fd < 0 || output_fd < 0
                                           ? CH_STR("job without its two descriptors")
                                           : CH_STR("too many jobs are waiting")};
        report(t, &m);
        free_task(t);
        return CH_OK;
    }
    *lane->queue_end = t;
    lane->queue_end = &t->next;
    lane->queue_count++;
    start_queued(lane);
    return CH_OK;
}

size_t ch_worker_running(const struct ch_worker *w)
{
    return w->lanes[DOCUMENTS].running_count + w->lanes[INSPECTIONS].running_count;
}

size_t ch_worker_queued(const struct ch_worker *w)
{
    return w->lanes[DOCUMENTS].queue_count + w->lanes[INSPECTIONS].queue_count;
}
