/* Fetches and scans under way: job numbers, callbacks, and what happens when the other side dies.
 */
#include "intake_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"

#define LOST_MAX                                                                                   \
    3 /* so often a job may lose its worker, or its jail to the host, before it fails */

struct job {
    struct job *next;
    uint64_t id;
    bool is_scan;
    bool answered; /* fetch: `payload` is its answer */
    int which; /* scan: 0 strict, 1 second */
    bool sent;
    unsigned lost; /* times its worker ended, or its jail was ended from outside */
    int fd;        /* fetch: target; scan: input (our duplicate) */
    int answer_fd; /* scan: memfd */
    uint64_t answer_max_bytes;
    struct ch_buf payload;
    fetch_done_fn *fetched;
    fetch_progress_fn *progress; /* NULL: nobody looks */
    scan_done_fn *scanned;
    void *ctx;
};

struct jobs {
    struct job *list;
    struct job *failed; /* to be told at the end of the turn */
    uint64_t next_id;
    struct ch_timer failed_timer;
    bool answer_kept; /* the mapping of the answer that is being told is the callee's */
    struct keeper *keeper;
};

static void free_job(struct job *j)
{
    if (j->fd >= 0) {
        close(j->fd);
    }
    if (j->answer_fd >= 0) {
        close(j->answer_fd);
    }
    ch_buf_done(&j->payload);
    free(j);
}

static void tell_failed(struct job *j, const char *text)
{
    struct ch_fetched known;
    struct ch_err err;
    if (j->answered && ch_fetched_get(ch_buf_str(&j->payload), &known, &err) == CH_OK) {
        known.job = j->id;
        j->fetched(j->ctx, &known);
    } else if (j->is_scan) {
        struct ch_scanned answer = {
            .job = j->id, .outcome = CH_SCAN_INTERRUPTED, .text = ch_str_of(text)};
        j->scanned(j->ctx, &answer, (struct ch_str){NULL, 0});
    } else {
        struct ch_fetched answer = {.job = j->id, .code = CH_E_CLOSED, .text = ch_str_of(text)};
        j->fetched(j->ctx, &answer);
    }
}

static void on_failed_timer(struct ch_timer *t)
{
    struct jobs *jobs = CH_CONTAINER_OF(t, struct jobs, failed_timer);
    while (jobs->failed != NULL) {
        struct job *j = jobs->failed;
        jobs->failed = j->next;
        tell_failed(j, "the process that worked on it ended");
        free_job(j);
    }
}

void jobs_init(struct keeper *k)
{
    k->jobs = ch_calloc(1, sizeof(*k->jobs));
    k->jobs->keeper = k;
    k->jobs->next_id = 1;
    k->jobs->failed_timer.fn = on_failed_timer;
}

void jobs_done(struct keeper *k)
{
    if (k->jobs == NULL) {
        return;
    }
    ch_loop_cancel_timer(k->child.loop, &k->jobs->failed_timer);
    struct job *lists[] = {k->jobs->list, k->jobs->failed};
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        while (lists[i] != NULL) {
            struct job *next = lists[i]->next;
            free_job(lists[i]);
            lists[i] = next;
        }
    }
    free(k->jobs);
    k->jobs = NULL;
}

static struct job *add_job(struct keeper *k, int fd)
{
    struct job *j = ch_calloc(1, sizeof(*j));
    j->id = k->jobs->next_id++;
    j->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    j->answer_fd = -1;
    ch_buf_init(&j->payload, 64u << 10);
    j->next = k->jobs->list;
    k->jobs->list = j;
    return j;
}

static void fail_later(struct keeper *k, struct job *j)
{
    for (struct job **at = &k->jobs->list; *at != NULL; at = &(*at)->next) {
        if (*at == j) {
            *at = j->next;
            break;
        }
    }
    j->next = k->jobs->failed;
    k->jobs->failed = j;
    ch_loop_set_timer(k->child.loop, &k->jobs->failed_timer, ch_loop_now_ms(k->child.loop));
}

/* Sends the job, if its worker is there; else it waits for the worker to come (back). */
static void send_job(struct keeper *k, struct job *j)
{
    struct ch_channel *ch = j->is_scan ? k->scanners[j->which] : k->fetcher;
    if (ch == NULL || j->sent) {
        return;
    }
    int fds[2] = {j->fd, j->answer_fd};
    j->sent = true;
    if (j->fd < 0 || ch_buf_ok(&j->payload, NULL) != CH_OK ||
        !ch_channel_send(ch, j->is_scan ? CH_MSG_SCAN : CH_MSG_FETCH, ch_buf_str(&j->payload), fds,
                         j->is_scan ? 2 : 1)) {
        fail_later(k, j);
    }
}

uint64_t jobs_fetch(struct keeper *k, struct ch_fetch *fetch, int fd, fetch_done_fn *done,
                    void *ctx)
{
    struct job *j = add_job(k, fd);
    uint64_t id = j->id;
    j->fetched = done;
    j->ctx = ctx;
    fetch->job = id;
    ch_fetch_put(&j->payload, fetch);
    send_job(k, j);
    return id;
}

uint64_t jobs_answer(struct keeper *k, const struct ch_fetched *answer, fetch_done_fn *done,
                     void *ctx)
{
    struct job *j = add_job(k, -1);
    uint64_t id = j->id;
    j->fetched = done;
    j->ctx = ctx;
    ch_fetched_put(&j->payload, answer);
    j->answered = ch_buf_ok(&j->payload, NULL) == CH_OK;
    fail_later(k, j);
    return id;
}

void jobs_cancel_fetch(struct keeper *k, uint64_t id)
{
    struct job **lists[] = {&k->jobs->list, &k->jobs->failed};
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        for (struct job **at = lists[i]; *at != NULL; at = &(*at)->next) {
            struct job *j = *at;
            if (j->id == id && !j->is_scan) {
                *at = j->next;
                if (j->sent && k->fetcher != NULL) {
                    struct ch_buf b;
                    ch_buf_init(&b, 64);
                    ch_put_u64(&b, id);
                    CH_IGNORE(
                        !ch_channel_send(k->fetcher, CH_MSG_FETCH_CANCEL, ch_buf_str(&b), NULL, 0));
                    ch_buf_done(&b);
                }
                free_job(j);
                return;
            }
        }
    }
}

void jobs_scan(struct keeper *k, int which, struct ch_scan_job *scan, int input_fd,
               scan_done_fn *done, void *ctx)
{
    struct job *j = add_job(k, input_fd);
    j->is_scan = true;
    j->which = which;
    j->scanned = done;
    j->ctx = ctx;
    scan->id = j->id;
    const struct ch_ecosystem *eco = ch_ecosystem_find(scan->ecosystem);
    bool of_many = scan->kind == CH_SCAN_INDEX && eco != NULL && eco->is_page != NULL;
    scan->output_max_bytes = of_many ? ch_limits.channel_answer_bytes : ch_limits.scan_output_bytes;
    j->answer_max_bytes = scan->output_max_bytes;
    scan->cpu_seconds = (uint32_t)ch_limits.scan_cpu_seconds;
    scan->wall_ms = (uint32_t)ch_limits.scan_wall_ms;
    scan->memory_max_bytes = ch_limits.scan_memory_bytes;
    ch_scan_job_put(&j->payload, scan);
    struct ch_err err;
    if (jobs_memfd("scan-answer", &j->answer_fd, &err) != CH_OK) {
        keeper_log("scan", "error=\"%s\"", err.msg);
        fail_later(k, j);
        return;
    }
    send_job(k, j);
}

static struct job *take_job(struct keeper *k, uint64_t id, bool is_scan)
{
    for (struct job **at = &k->jobs->list; *at != NULL; at = &(*at)->next) {
        struct job *j = *at;
        if (j->id == id && j->is_scan == is_scan && j->sent) {
            *at = j->next;
            return j;
        }
    }
    return NULL; /* cancelled meanwhile */
}

/* The worker ended, or its jail was ended from outside, which says nothing about the job: the next
 * one gets it, from its beginning. */
static bool take_up_again(struct job *j)
{
    struct ch_err err;
    if (++j->lost >= LOST_MAX) {
        return false;
    }
    j->sent = false;
    if (!j->is_scan) {
        return ftruncate(j->fd, 0) == 0;
    }
    close(j->answer_fd);
    j->answer_fd = -1;
    return jobs_memfd("scan-answer", &j->answer_fd, &err) == CH_OK;
}

/* Once nobody can change it: a channel's is several hundred MB, which need not be there twice. */
static enum ch_code map_answer(const struct job *j, struct ch_str *ret, struct ch_err *err)
{
    struct stat st;
    enum ch_code rc = jobs_seal(j->answer_fd, err);
    if (rc == CH_OK && fstat(j->answer_fd, &st) < 0) {
        rc = ch_fail_errno(err, errno, "fstat");
    }
    if (rc == CH_OK && (uint64_t)st.st_size > j->answer_max_bytes) {
        rc = ch_fail(err, CH_E_LIMIT, "an answer of %lld bytes", (long long)st.st_size);
    }
    if (rc != CH_OK || st.st_size == 0) {
        return rc;
    }
    void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, j->answer_fd, 0);
    if (at == MAP_FAILED) {
        return ch_fail_errno(err, errno, "mmap");
    }
    *ret = (struct ch_str){at, (size_t)st.st_size};
    return CH_OK;
}

static void on_scanned(struct keeper *k, const struct ch_scanned *answer)
{
    struct job *j = take_job(k, answer->job, true);
    if (j == NULL) {
        return;
    }
    if (ch_scanned_is_interrupted(answer)) {
        k->stats.scan_failures++;
        keeper_log("jail", "job=%llu signal=%u cpu_ms=%llu wall_ms=%llu text=\"%.*s\"",
                   (unsigned long long)j->id, answer->signal,
                   (unsigned long long)(answer->cpu_us / 1000),
                   (unsigned long long)(answer->wall_us / 1000), CH_STR_ARG(answer->text));
        /* a host that has too much to do gets no more of it at once */
        if (answer->outcome != CH_SCAN_STARVED && take_up_again(j)) {
            j->next = k->jobs->list;
            k->jobs->list = j;
            send_job(k, j);
            return;
        }
    }
    k->stats.scans++;
    k->stats.scan_wall_us += answer->wall_us;
    k->stats.scan_cpu_us += answer->cpu_us;
    struct ch_scanned checked = *answer;
    struct ch_str stream = {NULL, 0};
    struct ch_err err;
    if (checked.outcome == CH_SCAN_DONE && map_answer(j, &stream, &err) != CH_OK) {
        checked.outcome = CH_SCAN_FAILED;
        checked.text = ch_str_of(err.msg);
    }
    k->stats.scan_failures +=
        checked.outcome != CH_SCAN_DONE && !ch_scanned_is_interrupted(&checked);
    k->jobs->answer_kept = false;
    j->scanned(j->ctx, &checked, stream);
    if (stream.len > 0 && !k->jobs->answer_kept) {
        munmap((void *)(uintptr_t)stream.ptr, stream.len);
    }
    free_job(j);
}

static void on_fetched(struct keeper *k, const struct ch_fetched *answer)
{
    struct job *j = take_job(k, answer->job, false);
    if (j == NULL) {
        return;
    }
    k->stats.fetches++;
    k->stats.fetch_ms += answer->elapsed_ms;
    k->stats.fetch_bytes += answer->bytes;
    k->stats.fetch_errors += answer->code != CH_OK;
    /* Our descriptor goes first: the callee proves that no writer is left (T3). */
    close(j->fd);
    j->fd = -1;
    j->fetched(j->ctx, answer);
    free_job(j);
}

void jobs_keep_answer(struct keeper *k)
{
    k->jobs->answer_kept = true;
}

void jobs_on_progress(struct keeper *k, uint64_t id, fetch_progress_fn *progress)
{
    for (struct job *j = k->jobs->list; j != NULL; j = j->next) {
        if (j->id == id && !j->is_scan) {
            j->progress = progress;
        }
    }
}

static void on_progress(struct keeper *k, const struct ch_fetch_progress *p)
{
    for (struct job *j = k->jobs->list; j != NULL; j = j->next) {
        if (j->id == p->job && !j->is_scan && j->progress != NULL) {
            j->progress(j->ctx, p->bytes, p->total_bytes);
            return;
        }
    }
}

void jobs_on_frame(struct keeper *k, struct ch_frame *frame)
{
    struct ch_err err;
    struct ch_fetch_progress progress;
    struct ch_scanned scanned;
    struct ch_fetched fetched;
    if (frame->type == CH_MSG_SCANNED) {
        if (ch_scanned_get(frame->payload, &scanned, &err) == CH_OK) {
            on_scanned(k, &scanned);
            return;
        }
    } else if (frame->type == CH_MSG_FETCHED) {
        if (ch_fetched_get(frame->payload, &fetched, &err) == CH_OK) {
            on_fetched(k, &fetched);
            return;
        }
    } else if (frame->type == CH_MSG_RULES) {
        struct ch_rules_loaded rules;
        if (ch_rules_loaded_get(frame->payload, &rules, &err) == CH_OK) {
            keys_announced(k, &rules);
            return;
        }
    } else if (frame->type == CH_MSG_FETCH_PROGRESS) {
        if (ch_fetch_progress_get(frame->payload, &progress, &err) == CH_OK) {
            on_progress(k, &progress);
            return;
        }
    } else {
        return;
    }
    keeper_log("protocol", "error=\"%s\"", err.msg);
}

bool jobs_lost_any(const struct keeper *k, const void *ctx)
{
    const struct job *lists[] = {k->jobs->list, k->jobs->failed};
    for (size_t i = 0; i < CH_ARRAY_LEN(lists); i++) {
        for (const struct job *j = lists[i]; j != NULL; j = j->next) {
            if (j->is_scan && j->ctx == ctx && j->lost > 0) {
                return true;
            }
        }
    }
    return false;
}

static bool works_for(const struct job *j, enum ch_role role)
{
    return j->is_scan ? role == (j->which == 0 ? CH_ROLE_SCANNER_STRICT : CH_ROLE_SCANNER_SECOND)
                      : role == CH_ROLE_FETCHER;
}

void jobs_peer_gone(struct keeper *k, enum ch_role role)
{
    struct job *next;
    for (struct job *j = k->jobs->list; j != NULL; j = next) {
        next = j->next;
        if (j->sent && works_for(j, role) && !take_up_again(j)) {
            fail_later(k, j);
        }
    }
}

void jobs_peer_came(struct keeper *k, enum ch_role role)
{
    struct job *next;
    for (struct job *j = k->jobs->list; j != NULL; j = next) {
        next = j->next;
        if (!j->sent && works_for(j, role)) {
            send_job(k, j);
        }
    }
}

enum ch_code jobs_memfd(const char *name, int *ret_fd, struct ch_err *err)
{
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "memfd_create");
    }
    *ret_fd = fd;
    return CH_OK;
}

enum ch_code jobs_seal(int fd, struct ch_err *err)
{
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        return ch_fail_errno(err, errno, "sealing: somebody may still write");
    }
    return CH_OK;
}

enum ch_code jobs_memfd_of(struct ch_str bytes, int *ret_fd, struct ch_err *err)
{
    int fd;
    enum ch_code rc = jobs_memfd("document", &fd, err);
    if (rc != CH_OK) {
        return rc;
    }
    for (size_t at = 0; at < bytes.len;) {
        ssize_t n = write(fd, bytes.ptr + at, bytes.len - at);
        if (n <= 0) {
            close(fd);
            return ch_fail(err, CH_E_IO, "writing a document");
        }
        at += (size_t)n;
    }
    rc = jobs_seal(fd, err);
    if (rc != CH_OK) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return CH_OK;
}

enum ch_code jobs_read_all(int fd, struct ch_buf *out, struct ch_err *err)
{
    for (;;) {
        char *at = ch_buf_reserve(out, 1);
        if (at == NULL) {
            return ch_buf_ok(out, err);
        }
        ssize_t n = pread(fd, at, out->cap - out->len, (off_t)out->len);
        if (n < 0 && errno != EINTR) {
            return ch_fail_errno(err, errno, "read");
        }
        if (n == 0) {
            return CH_OK;
        }
        out->len += n > 0 ? (size_t)n : 0;
    }
}
