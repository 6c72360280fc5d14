/* What no row of the table names ends the process, in each row. */
#include "confined.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static enum ch_role row_role;
static enum ch_confine_stage row_stage;

static void forbidden_mount(void)
{
    mount("none", "/mnt", "tmpfs", 0, NULL);
}
static void forbidden_bpf(void)
{
    syscall(SYS_bpf, 0, NULL, 0);
}
static void forbidden_userfaultfd(void)
{
    syscall(SYS_userfaultfd, 0);
}
static void forbidden_io_uring(void)
{
    syscall(SYS_io_uring_setup, 1, NULL);
}
static void forbidden_setuid(void)
{
    CH_IGNORE(setuid(0) != 0);
}
static void forbidden_x32(void)
{
#ifdef __x86_64__
    syscall(0x40000000 + SYS_getpid); /* the same call by its x32 number */
#else
    syscall(SYS_bpf, 0, NULL, 0);
#endif
}
static void forbidden_in_jobs_socket(void)
{
    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}
static void forbidden_in_jobs_exec(void)
{
    char *const argv[] = {NULL};
    execve("/bin/true", argv, argv);
}
static void forbidden_in_jobs_ptrace(void)
{
    syscall(SYS_ptrace, 0, 0, 0, 0);
}
static void forbidden_in_jobs_fork(void)
{
    syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}
static void forbidden_in_jobs_kill(void)
{
    kill(1, 0);
}
static void forbidden_in_jobs_memfd(void)
{
    memfd_create("x", MFD_CLOEXEC);
}

static void (*forbidden)(void);

static void do_forbidden(void)
{
    confine_as(row_role, row_stage);
    forbidden();
}

static void dies_of_sigsys(void (*fn)(void))
{
    forbidden = fn;
    int status = in_child(do_forbidden);
    if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
        fail_msg("row %d/%d: lived on, status %x", row_role, row_stage, (unsigned)status);
    }
}

static void what_no_row_names_kills(void **state)
{
    (void)state;
    static void (*const always[])(void) = {forbidden_mount,       forbidden_bpf,
                                           forbidden_userfaultfd, forbidden_io_uring,
                                           forbidden_setuid,      forbidden_x32};
    static void (*const jobs[])(void) = {forbidden_in_jobs_socket, forbidden_in_jobs_exec,
                                         forbidden_in_jobs_ptrace, forbidden_in_jobs_fork,
                                         forbidden_in_jobs_kill,   forbidden_in_jobs_memfd};
    for (size_t i = 0; ch_confine_row_at(i) != NULL; i++) {
        row_role = ch_confine_row_at(i)->role;
        row_stage = ch_confine_row_at(i)->stage;
        for (size_t k = 0; k < CH_ARRAY_LEN(always); k++) {
            dies_of_sigsys(always[k]);
        }
        for (size_t k = 0; row_stage == CH_CONFINE_JOB && k < CH_ARRAY_LEN(jobs); k++) {
            dies_of_sigsys(jobs[k]);
        }
    }
}

int main(void)
{
    if (!CH_CONFINEMENT_APPLIED) {
        printf("a build with sanitizers is not confined: nothing to test\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_no_row_names_kills),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
