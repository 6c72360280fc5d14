/* Jobs in processes of their own: whatever a child does, the parent says it, and nothing that
 * failed looks like an answer (T2). The readers here are the test's own: each misbehaves in its
 * way. */
#include "tests/ch_test.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/worker/job.h"
#include "scanner/worker/worker.h"

/* --- readers that misbehave, chosen by the profile --- */

#ifdef CH_SANITIZED
#define CRASH_KILLS false /* the sanitizer reports and exits instead */
#else
#define CRASH_KILLS true
#endif

static void spin(void)
{
    for (volatile uint64_t i = 0;; i++) {
    }
}

static void share_first_cpu(void)
{
    cpu_set_t all, first;
    CPU_ZERO(&first);
    CH_ASSERT(sched_getaffinity(0, sizeof(all), &all) == 0);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&first) == 0; i++) {
        if (CPU_ISSET(i, &all)) {
            CPU_SET(i, &first);
        }
    }
    CH_ASSERT(sched_setaffinity(0, sizeof(first), &first) == 0);
}

static enum ch_code misbehave(const struct ch_scan_job *job, const struct ch_input *in,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_str how = job->profile;
    if (ch_str_eq(how, CH_STR("honest"))) {
        ch_scan_write_fact(out, CH_STR("first"),
                           ch_str_sub((struct ch_str){(const char *)in->ptr, in->len}, 0, 5));
    } else if (ch_str_eq(how, CH_STR("fails"))) {
        return ch_fail(err, CH_E_FORMAT, "bad\x1b[31m\nbytes");
    } else if (ch_str_eq(how, CH_STR("crashes"))) {
        signal(SIGSEGV, SIG_DFL); /* cmocka has handlers of its own */
        raise(SIGSEGV);
    } else if (ch_str_eq(how, CH_STR("aborts"))) {
        signal(SIGABRT, SIG_DFL);
        CH_ASSERT(in == NULL);
    } else if (ch_str_eq(how, CH_STR("hangs"))) {
        pause();
    } else if (ch_str_eq(how, CH_STR("crawls"))) {
        for (;;) {
            usleep(1000); /* from outside, it works little by little */
        }
    } else if (ch_str_eq(how, CH_STR("is crowded out"))) {
        share_first_cpu();
        CH_ASSERT(setpriority(PRIO_PROCESS, 0, 19) == 0);
        spin();
    } else if (ch_str_eq(how, CH_STR("spins"))) {
        spin();
    } else if (ch_str_eq(how, CH_STR("spins on"))) {
        signal(SIGXCPU, SIG_IGN);
        spin();
    } else if (ch_str_eq(how, CH_STR("is killed"))) {
        kill(getpid(), SIGKILL); /* as the host does; a job may not: seccomp */
    } else if (ch_str_eq(how, CH_STR("eats memory"))) {
        signal(SIGABRT, SIG_DFL);
        for (;;) {
            memset(ch_alloc(1 << 20), 1, 1 << 20);
        }
    } else if (ch_str_eq(how, CH_STR("looks at its CPU time"))) {
        struct rlimit cpu;
        CH_ASSERT(getrlimit(RLIMIT_CPU, &cpu) == 0);
        return cpu.rlim_cur == job->cpu_seconds && cpu.rlim_max >= 2 * cpu.rlim_cur
                   ? CH_OK
                   : ch_fail(err, CH_E_SYSTEM, "SIGXCPU after %llu s, SIGKILL after %llu",
                             (unsigned long long)cpu.rlim_cur, (unsigned long long)cpu.rlim_max);
    } else if (ch_str_eq(how, CH_STR("forks"))) {
        return fork() < 0 ? ch_fail(err, CH_E_DENIED, "no fork") : CH_OK;
    } else if (ch_str_eq(how, CH_STR("looks around"))) {
        for (int fd = 5; fd < 1024; fd++) {
            if (lseek(fd, 0, SEEK_CUR) >= 0 || write(fd, "x", 1) > 0) {
                return ch_fail(err, CH_E_SYSTEM, "descriptor %d is open", fd);
            }
        }
        return write(3, "x", 1) < 0 ? CH_OK : ch_fail(err, CH_E_SYSTEM, "the input is writable");
    } else if (ch_str_eq(how, CH_STR("writes too much"))) {
        for (int i = 0; i < 1 << 20; i++) {
            ch_scan_write_fact(out, CH_STR("name"), CH_STR(""));
        }
    } else if (ch_str_eq(how, CH_STR("writes past the writer"))) {
        char page[4096] = {0};
        while (write(4, page, sizeof(page)) > 0) {
        }
    } else if (ch_str_eq(how, CH_STR("lies"))) {
        CH_IGNORE(write(4, "\x08\0\0\0\0", 5) < 0);
        _exit(0);
    } else if (ch_str_eq(how, CH_STR("says nothing"))) {
        _exit(0);
    } else if (ch_str_eq(how, CH_STR("chatters"))) {
        for (int i = 0; i < 100; i++) {
            CH_IGNORE(write(STDERR_FILENO, "\x07spam spam spam\n", 16) < 0);
        }
        _exit(3);
    }
    return CH_OK;
}

static enum ch_code second(const struct ch_scan_job *job CH_UNUSED,
                           const struct ch_input *in CH_UNUSED, struct ch_scan_writer *out,
                           struct ch_err *err CH_UNUSED)
{
    ch_scan_write_fact(out, CH_STR("second"), CH_STR("opinion"));
    return CH_OK;
}

static const struct ch_inspector test_inspector = {
    .ecosystem = "test", .inspect = misbehave, .second_opinion = second};

const struct ch_inspector *ch_inspector_find(struct ch_str ecosystem)
{
    return ch_str_eq(ecosystem, CH_STR("test")) ? &test_inspector : NULL;
}

/* --- running one job through the parent --- */

struct result {
    struct ch_loop *loop;
    size_t expected;
    size_t done;
    struct ch_scanned last;
    char text[600];
    uint64_t order[16];
    size_t most_running;
    struct ch_worker *worker;
};

static void on_scanned(void *owner, const struct ch_scanned *m)
{
    struct result *r = owner;
    r->last = *m;
    snprintf(r->text, sizeof(r->text), "%.*s", CH_STR_ARG(m->text));
    r->order[r->done++ % CH_ARRAY_LEN(r->order)] = m->job;
    if (r->done == r->expected) {
        ch_loop_stop(r->loop);
    }
}

static const char input_bytes[] = "hello, world";

static int input_fd(void)
{
    char name[64];
    int fd = memfd_create("input", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, input_bytes, sizeof(input_bytes) - 1), sizeof(input_bytes) - 1);
    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    FILE *f = fopen(name, "re"); /* the keeper sends a read-only descriptor */
    assert_non_null(f);
    int ro = dup(fileno(f));
    fclose(f);
    close(fd);
    return ro;
}

static void submit(struct result *r, const struct ch_scan_job *scan, int *ret_output)
{
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    ch_scan_job_put(&b, scan);
    int output = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    *ret_output = dup(output);
    assert_ch_ok(&err, ch_worker_submit(r->worker, ch_buf_str(&b), input_fd(), output, &err));
    ch_buf_done(&b);
}

static void begin(struct result *r, enum ch_role role, size_t expected)
{
    struct ch_err err;
    *r = (struct result){.expected = expected};
    assert_ch_ok(&err, ch_loop_new(&r->loop, &err));
    struct ch_worker_options o = {
        .loop = r->loop, .role = role, .owner = r, .on_scanned = on_scanned};
    r->worker = ch_worker_new(&o);
}

static void end(struct result *r)
{
    ch_worker_free(r->worker);
    ch_loop_free(r->loop);
}

static struct ch_scan_job job_of(const char *profile)
{
    return (struct ch_scan_job){.id = 7,
                                .kind = CH_SCAN_ARTIFACT,
                                .ecosystem = CH_STR("test"),
                                .profile = ch_str_of(profile),
                                .size_bytes = sizeof(input_bytes) - 1,
                                .output_max_bytes = 100000,
                                .cpu_seconds = 1,
                                .wall_ms = 300000, /* a busy machine takes long for a second of CPU time */
                                .memory_max_bytes = 256 << 20};
}

/* Whether the keeper would take what lies in the output; says how many records came before END. */
static bool is_answer(int output, size_t *ret_records)
{
    size_t size = (size_t)lseek(output, 0, SEEK_END);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    void *map = size == 0 ? NULL : mmap(NULL, size, PROT_READ, MAP_PRIVATE, output, 0);
    ch_scan_reader_init(&r, (struct ch_str){map, size});
    do {
        rc = ch_scan_read(&r, &rec, &err);
        if (rc == CH_OK && rec.type == CH_REC_END) {
            struct ch_sha256 expect = ch_sha256_of(input_bytes, sizeof(input_bytes) - 1);
            assert_true(ch_sha256_eq(&expect, &rec.u.end.sha256));
            assert_int_equal(rec.u.end.size_bytes, sizeof(input_bytes) - 1);
        }
    } while (rc == CH_OK);
    *ret_records = (size_t)r.count[CH_REC_NONE];
    if (map != NULL) {
        munmap(map, size);
    }
    return rc == CH_E_NOT_FOUND;
}

static void run_job(enum ch_role role, struct ch_scan_job job, struct result *r, int *ret_output)
{
    struct ch_err err;
    begin(r, role, 1);
    submit(r, &job, ret_output);
    assert_ch_ok(&err, ch_loop_run(r->loop, &err));
    assert_int_equal(r->last.job, 7);
    assert_int_equal(ch_worker_running(r->worker), 0);
    end(r);
}

/* Looks at jails more often than in service, so that tests need not wait as long. */
static struct ch_limits look_often(uint64_t still_ms)
{
    struct ch_limits saved = ch_limits;
    ch_limits.scan_look_ms = 50;
    ch_limits.scan_still_ms = still_ms;
    return saved;
}

static void every_end_of_a_job_is_told(void **state)
{
    (void)state;
    struct ch_limits saved = look_often(120000);
    const struct {
        const char *profile;
        enum ch_scan_outcome outcome;
        int signal; /* 0: any */
        const char *text;
        bool answer;
        bool sanitizer_differs;
    } rows[] = {
        {"honest", CH_SCAN_DONE, 0, "", true, false},
        {"fails", CH_SCAN_FAILED, 0, "bad\\x1b[31m\\x0abytes", false, false},
        {"crashes", CH_SCAN_KILLED, SIGSEGV, "", false, true},
        {"aborts", CH_SCAN_KILLED, SIGABRT, "in == NULL", false, true},
        {"hangs", CH_SCAN_TIMEOUT, SIGKILL, "", false, false},
        {"crawls", CH_SCAN_STARVED, SIGKILL, "", false, false},
        {"spins", CH_SCAN_KILLED, SIGXCPU, "", false, false},
        {"spins on", CH_SCAN_KILLED, SIGKILL, "", false, false}, /* without a care for SIGXCPU */
        {"is killed", CH_SCAN_INTERRUPTED, SIGKILL, "", false, false},
        {"eats memory", CH_SCAN_KILLED, SIGABRT, "p != NULL", false, true},
        {"looks at its CPU time", CH_SCAN_DONE, 0, "", true, false},
        {"looks around", CH_SCAN_DONE, 0, "", true, false},
        {"writes too much", CH_SCAN_FAILED, 0, "more than 100000 bytes", false, false},
        {"writes past the writer", CH_SCAN_KILLED, SIGXFSZ, "", false, false},
        {"lies", CH_SCAN_DONE, 0, "", false, false},
        {"says nothing", CH_SCAN_DONE, 0, "", false, false},
        {"chatters", CH_SCAN_FAILED, 0, "\\x07spam spam", false, false},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct result r;
        struct ch_scan_job job = job_of(rows[i].profile);
        size_t records;
        int output;
        if (rows[i].sanitizer_differs && !CRASH_KILLS) {
            continue;
        }
        /* a busy machine lets any of them stand still for a while */
        ch_limits.scan_still_ms = rows[i].outcome == CH_SCAN_TIMEOUT ? 400 : saved.scan_still_ms;
        if (rows[i].outcome == CH_SCAN_STARVED) {
            job.wall_ms = 100;
        }
        if (strncmp(rows[i].profile, "spins", 5) != 0) {
            job.cpu_seconds = 60; /* none of the others is to end by it */
        }
        run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
        if (r.last.outcome != rows[i].outcome || strstr(r.text, rows[i].text) == NULL ||
            (rows[i].signal != 0 && (int)r.last.signal != rows[i].signal)) {
            fail_msg("%s: outcome %d, exit %u, signal %u, \"%s\"", rows[i].profile,
                     (int)r.last.outcome, r.last.exit_status, r.last.signal, r.text);
        }
        if (is_answer(output, &records) != rows[i].answer) {
            fail_msg("%s: %s", rows[i].profile,
                     rows[i].answer ? "no answer" : "taken for an answer");
        }
        assert_true(strlen(r.text) <= 512);
        assert_true(r.last.wall_us > 0 && r.last.max_rss_bytes > 0);
        close(output);
    }
    ch_limits = saved;
}

/* A host that has too much to do: others have the CPU for nearly all of the time, for real. */
static void a_jail_that_is_crowded_out_does_not_stand_still(void **state)
{
    (void)state;
    struct ch_limits saved = look_often(120000);
    struct ch_scan_job job = job_of("is crowded out");
    struct result r;
    pid_t crowd[2];
    int output;
    job.wall_ms = 1500;
    for (size_t i = 0; i < CH_ARRAY_LEN(crowd); i++) {
        crowd[i] = fork();
        assert_true(crowd[i] >= 0);
        if (crowd[i] == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            share_first_cpu();
            spin();
        }
    }
    run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
    for (size_t i = 0; i < CH_ARRAY_LEN(crowd); i++) {
        kill(crowd[i], SIGKILL);
        assert_int_equal(waitpid(crowd[i], NULL, 0), crowd[i]);
    }
    assert_int_equal(r.last.outcome, CH_SCAN_STARVED);
    assert_true(r.last.wall_us >= 1500000);
    assert_true(r.last.cpu_us < 1000000);
    close(output);
    ch_limits = saved;
}

/* Long before the end of its time, so that it takes no other's place. */
static void a_jail_that_stands_still_is_ended_soon(void **state)
{
    (void)state;
    struct ch_limits saved = look_often(300);
    struct ch_scan_job job = job_of("hangs");
    struct result r;
    int output;
    run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
    assert_int_equal(r.last.outcome, CH_SCAN_TIMEOUT);
    assert_in_range(r.last.wall_us, 300000, (uint64_t)job.wall_ms * 1000 / 2);
    close(output);
    ch_limits = saved;
}

static void wrong_jobs_are_refused(void **state)
{
    (void)state;
    struct result r;
    int output;
    struct ch_scan_job job = job_of("honest");
    job.size_bytes = 3;
    run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
    assert_int_equal(r.last.outcome, CH_SCAN_FAILED);
    assert_non_null(strstr(r.text, "12 bytes, the job says 3"));
    close(output);

    job = job_of("honest");
    job.ecosystem = CH_STR("unknown");
    run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
    assert_non_null(strstr(r.text, "no reader for ecosystem \"unknown\""));
    close(output);

    job = job_of("honest");
    job.kind = CH_SCAN_DETAILS; /* this inspector has none */
    run_job(CH_ROLE_SCANNER_STRICT, job, &r, &output);
    assert_int_equal(r.last.outcome, CH_SCAN_FAILED);
    close(output);

    struct ch_err err;
    begin(&r, CH_ROLE_SCANNER_STRICT, 1);
    assert_ch_code(CH_E_FORMAT,
                   ch_worker_submit(r.worker, CH_STR("rubbish"), input_fd(), input_fd(), &err));
    assert_int_equal(r.done, 0);
    end(&r);
}

static void the_second_role_gives_only_the_second_opinion(void **state)
{
    (void)state;
    struct result r;
    int output;
    size_t records;
    run_job(CH_ROLE_SCANNER_SECOND, job_of("honest"), &r, &output);
    assert_int_equal(r.last.outcome, CH_SCAN_DONE);
    assert_true(is_answer(output, &records));
    assert_int_equal(records, 2);
    close(output);
    struct ch_scan_job job = job_of("honest");
    job.kind = CH_SCAN_METADATA;
    run_job(CH_ROLE_SCANNER_SECOND, job, &r, &output);
    assert_int_equal(r.last.outcome, CH_SCAN_FAILED);
    close(output);
}

static void jobs_wait_in_order(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct ch_err err;
    struct result r;
    int outputs[6];
    ch_limits.scan_parallel = 1;
    ch_limits.scan_queue = 4;
    begin(&r, CH_ROLE_SCANNER_STRICT, 6);
    for (size_t i = 0; i < CH_ARRAY_LEN(outputs); i++) {
        struct ch_scan_job job = job_of("honest");
        job.id = 100 + i;
        submit(&r, &job, &outputs[i]);
        assert_int_equal(ch_worker_running(r.worker), 1);
    }
    assert_int_equal(ch_worker_queued(r.worker), 4);
    assert_int_equal(r.done, 1); /* the sixth found no place */
    assert_int_equal(r.last.outcome, CH_SCAN_INTERRUPTED);
    assert_string_equal(r.text, "too many jobs are waiting");
    assert_ch_ok(&err, ch_loop_run(r.loop, &err));
    for (size_t i = 1; i < 6; i++) {
        assert_int_equal(r.order[i], 99 + i);
    }
    end(&r);
    for (size_t i = 0; i < CH_ARRAY_LEN(outputs); i++) {
        close(outputs[i]);
    }
    ch_limits = saved;
}

static void documents_do_not_stand_behind_inspections(void **state)
{
    (void)state;
    struct ch_limits saved = ch_limits;
    struct ch_err err;
    struct result r;
    int outputs[3];
    ch_limits.scan_parallel = 1;
    begin(&r, CH_ROLE_SCANNER_STRICT, 1);
    for (size_t i = 0; i < CH_ARRAY_LEN(outputs); i++) {
        bool document = i == 2;
        struct ch_scan_job job = job_of("hangs");
        job.id = 100 + i;
        job.kind = document ? CH_SCAN_METADATA : CH_SCAN_ARTIFACT;
        submit(&r, &job, &outputs[i]);
    }
    assert_int_equal(ch_worker_running(r.worker), 2); /* one inspection, and the document */
    assert_int_equal(ch_worker_queued(r.worker), 1);
    assert_ch_ok(&err, ch_loop_run(r.loop, &err));
    assert_int_equal(r.order[0], 102); /* it ends while the first inspection still runs */
    assert_int_equal(ch_worker_running(r.worker), 1);
    assert_int_equal(ch_worker_queued(r.worker), 1);
    end(&r);
    for (size_t i = 0; i < CH_ARRAY_LEN(outputs); i++) {
        close(outputs[i]);
    }
    ch_limits = saved;
}

static void freeing_kills_what_runs(void **state)
{
    (void)state;
    struct result r;
    int output;
    begin(&r, CH_ROLE_SCANNER_STRICT, 1);
    struct ch_scan_job job = job_of("hangs");
    submit(&r, &job, &output);
    end(&r); /* returns only when the child is gone: its wall clock is not waited for */
    assert_int_equal(r.done, 0);
    /* no writer is left, so the keeper could seal it */
    close(output);
}

static void limits_are_clamped(void **state)
{
    (void)state;
    struct ch_scan_job job = {.output_max_bytes = UINT64_MAX, .cpu_seconds = 5};
    ch_job_clamp(&job);
    assert_int_equal(job.output_max_bytes, ch_limits.scan_output_bytes);
    assert_int_equal(job.memory_max_bytes, ch_limits.scan_memory_bytes);
    assert_int_equal(job.cpu_seconds, 5);
    assert_int_equal(job.wall_ms, ch_limits.scan_wall_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_end_of_a_job_is_told),
        cmocka_unit_test(a_jail_that_is_crowded_out_does_not_stand_still),
        cmocka_unit_test(a_jail_that_stands_still_is_ended_soon),
        cmocka_unit_test(wrong_jobs_are_refused),
        cmocka_unit_test(the_second_role_gives_only_the_second_opinion),
        cmocka_unit_test(jobs_wait_in_order),
        cmocka_unit_test(documents_do_not_stand_behind_inspections),
        cmocka_unit_test(freeing_kills_what_runs),
        cmocka_unit_test(limits_are_clamped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
