#include "scanner/worker/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"

/* The descriptors of a job's child; standard input, output and error are the input and the pipe. */
enum { INPUT_FD = 3, OUTPUT_FD = 4, FIRST_OTHER_FD = 5, OPEN_FILES = 16 };

static uint64_t clamp(uint64_t asked, uint64_t limit)
{
    return asked == 0 || asked > limit ? limit : asked;
}

void ch_job_clamp(struct ch_scan_job *scan)
{
    scan->output_max_bytes =
        clamp(scan->output_max_bytes, scan->kind == CH_SCAN_INDEX ? ch_limits.channel_answer_bytes
                                                                  : ch_limits.scan_output_bytes);
    scan->memory_max_bytes = clamp(scan->memory_max_bytes, ch_limits.scan_memory_bytes);
    scan->cpu_seconds = (uint32_t)clamp(scan->cpu_seconds, ch_limits.scan_cpu_seconds);
    scan->wall_ms = (uint32_t)clamp(scan->wall_ms, ch_limits.scan_wall_ms);
}

/* --- the work --- */

static enum ch_code map_input(int fd, uint64_t size_bytes, struct ch_input *ret, struct ch_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return ch_fail_errno(err, errno, "scan input");
    }
    if (st.st_size < 0 || (uint64_t)st.st_size != size_bytes) {
        return ch_fail(err, CH_E_MISMATCH, "scan input: %lld bytes, the job says %llu",
                       (long long)st.st_size, (unsigned long long)size_bytes);
    }
    *ret = (struct ch_input){.fd = fd, .len = (size_t)size_bytes};
    if (size_bytes > 0) {
        void *p = mmap(NULL, ret->len, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) {
            return ch_fail_errno(err, errno, "scan input: map %zu bytes", ret->len);
        }
        ret->ptr = p;
    }
    return CH_OK;
}

typedef enum ch_code scan_fn(const struct ch_scan_job *, const struct ch_input *,
                             struct ch_scan_writer *, struct ch_err *);

static scan_fn *strict_for(const struct ch_inspector *inspector, enum ch_scan_kind kind)
{
    switch (kind) {
    case CH_SCAN_INDEX:
        return inspector->parse_index;
    case CH_SCAN_DETAILS:
        return inspector->parse_details;
    case CH_SCAN_ARTIFACT:
        return inspector->inspect;
    case CH_SCAN_METADATA:
        return inspector->inspect_metadata;
    case CH_SCAN_TAIL:
        return inspector->inspect_tail;
    case CH_SCAN_NONE:
        return NULL;
    }
    return NULL;
}

static enum ch_code find_scan(enum ch_role role, const struct ch_scan_job *scan, scan_fn **ret,
                              struct ch_err *err)
{
    const struct ch_inspector *inspector = ch_inspector_find(scan->ecosystem);
    if (inspector == NULL) {
        *ret = NULL;
    } else if (role == CH_ROLE_SCANNER_SECOND) {
        *ret = scan->kind == CH_SCAN_ARTIFACT ? inspector->second_opinion : NULL;
    } else {
        *ret = strict_for(inspector, scan->kind);
    }
    if (*ret == NULL) {
        return ch_fail(err, CH_E_UNSUPPORTED, "%s: no reader for ecosystem \"%.*s\", kind %d",
                       ch_role_name(role), CH_STR_ARG(scan->ecosystem), (int)scan->kind);
    }
    return CH_OK;
}

enum ch_code ch_job_run(enum ch_role role, const struct ch_scan_job *scan, int input_fd,
                        int output_fd, struct ch_err *err)
{
    struct ch_input in;
    scan_fn *run;
    enum ch_code rc = find_scan(role, scan, &run, err);
    if (rc == CH_OK) {
        rc = map_input(input_fd, scan->size_bytes, &in, err);
    }
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_scan_writer *out = ch_scan_writer_new(output_fd, scan->output_max_bytes);
    rc = run(scan, &in, out, err);
    if (rc == CH_OK) {
        struct ch_sha256 digest = ch_sha256_of(in.ptr, in.len);
        rc = ch_scan_write_end(out, &digest, in.len, err);
    }
    ch_scan_writer_free(out);
    if (in.len > 0) {
        munmap((void *)(uintptr_t)in.ptr, in.len);
    }
    return rc;
}

/* --- the child around it --- */

static enum ch_code place(int from, int to, struct ch_err *err)
{
    return dup3(from, to, 0) < 0 ? ch_fail_errno(err, errno, "descriptor %d", to) : CH_OK;
}

/* Input, output and pipe to their places; everything else that the parent had open is closed. */
static enum ch_code keep_descriptors(const struct ch_job *job, struct ch_err *err)
{
    /* out of the way of the places first, as any of them may stand on another's */
    int input = fcntl(job->input_fd, F_DUPFD, FIRST_OTHER_FD);
    int output = fcntl(job->output_fd, F_DUPFD, FIRST_OTHER_FD);
    int text = fcntl(job->text_fd, F_DUPFD, FIRST_OTHER_FD);
    if (input < 0 || output < 0 || text < 0) {
        return ch_fail_errno(err, errno, "descriptors of the job");
    }
    const struct {
        int from, to;
    } places[] = {{text, STDERR_FILENO},
                  {text, STDOUT_FILENO},
                  {input, STDIN_FILENO},
                  {input, INPUT_FD},
                  {output, OUTPUT_FD}};
    for (size_t i = 0; i < CH_ARRAY_LEN(places); i++) {
        enum ch_code rc = place(places[i].from, places[i].to, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    if (close_range(FIRST_OTHER_FD, ~0U, 0) < 0) {
        return ch_fail_errno(err, errno, "closing other descriptors");
    }
    return CH_OK;
}

static enum ch_code take_limits(const struct ch_scan_job *scan, struct ch_err *err)
{
    size_t memory;
    if (!ch_add((size_t)scan->memory_max_bytes, (size_t)scan->size_bytes, &memory)) {
        return ch_fail(err, CH_E_LIMIT, "scan input: too large to map");
    }
    const struct {
        __rlimit_resource_t what;
        rlim_t value;
    } rows[] = {
#ifndef CH_SANITIZED /* AddressSanitizer reserves terabytes of address space */
        {RLIMIT_AS, memory},
#endif
        {RLIMIT_CPU, scan->cpu_seconds},
        {RLIMIT_FSIZE, scan->output_max_bytes},
        {RLIMIT_NOFILE, OPEN_FILES},
        {RLIMIT_NPROC, 0},
        {RLIMIT_CORE, 0},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct rlimit limit = {rows[i].value, rows[i].value};
        if (rows[i].what == RLIMIT_CPU) {
            /* SIGXCPU ends it before: SIGKILL alone would look like the host's, unless the job has
             * had its time by then (fill_outcome in worker.c). The kernel counts ticks against
             * these limits, which on a busy host are more than what was used: SIGXCPU of 1 s was
             * measured at 0.9 s, so 1 s more would not do for longer ones. */
            limit.rlim_max = 2 * limit.rlim_max + 1;
        }
        if (setrlimit(rows[i].what, &limit) < 0) {
            return ch_fail_errno(err, errno, "resource limit %d", (int)rows[i].what);
        }
    }
    return CH_OK;
}

CH_NORETURN void ch_job_child(const struct ch_job *job)
{
    struct ch_err err = {.code = CH_OK};
    prctl(PR_SET_PDEATHSIG,
          SIGKILL); /* the parent's death ends the job; nobody waits for it then */
    if (job->scan.kind == CH_SCAN_ARTIFACT) {
        /* Answers that are known, and documents that somebody waits for, come before inspections,
         * and clients on the same machine before all. Lowering one's own priority is permitted. */
        CH_IGNORE(setpriority(PRIO_PROCESS, 0, (int)ch_limits.scan_nice) != 0);
    }
    enum ch_code rc = keep_descriptors(job, &err);
    if (rc == CH_OK) {
        rc = take_limits(&job->scan, &err);
    }
    if (rc == CH_OK && job->confine != NULL) {
        rc = job->confine(job->role, &err);
    }
    if (rc == CH_OK) {
        rc = ch_job_run(job->role, &job->scan, INPUT_FD, OUTPUT_FD, &err);
    }
    if (rc != CH_OK) {
        /* best effort: without it the parent still sees the exit status */
        CH_IGNORE(write(STDERR_FILENO, err.msg, strlen(err.msg)) < 0);
    }
    _exit(rc == CH_OK ? 0 : 1);
}
