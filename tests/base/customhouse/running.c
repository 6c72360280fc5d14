#include "running.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/loop.h"

const char *children;

/* words[0] is the command; --state is added. */
static pid_t run(const struct fixture *f, const char *const *words, int out, int err)
{
    pid_t pid = fork();
    if (pid == 0) {
        char program[256];
        const char *argv[24] = {program, words[0], "--state", f->folder};
        snprintf(program, sizeof(program), "%s/customhouse", children);
        for (size_t i = 1; words[0] != NULL && words[i] != NULL; i++) {
            argv[3 + i] = words[i];
        }
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(out, STDOUT_FILENO);
        dup2(err, STDERR_FILENO);
        execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    return pid;
}

int wait_exit(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run_command(const struct fixture *f, const char *const *words, char *text, size_t size)
{
    int p[2];
    assert_int_equal(pipe2(p, O_CLOEXEC), 0);
    pid_t pid = run(f, words, p[1], p[1]);
    close(p[1]);
    size_t len = 0;
    ssize_t n;
    while ((n = read(p[0], text + len, size - 1 - len)) > 0) {
        len += (size_t)n;
    }
    text[len] = '\0';
    close(p[0]);
    return wait_exit(pid);
}

int run_command_into(const struct fixture *f, const char *const *words, const char *file)
{
    int out = open(file, O_WRONLY | O_CLOEXEC);
    int err = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(out >= 0 && err >= 0);
    pid_t pid = run(f, words, out, err);
    close(out);
    close(err);
    return wait_exit(pid);
}

void start(struct fixture *f, const char *const *words)
{
    int out[2];
    int err[2];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(err, O_CLOEXEC), 0);
    f->pid = run(f, words, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    f->out = out[0];
    f->err = err[0];
    f->len = 0;
}
void expect_log(struct fixture *f, const char *event, const char *with)
{
    uint64_t deadline = ch_now_boot_ms() + WAIT_MS;
    for (;;) {
        char *line_end;
        while ((line_end = memchr(f->text, '\n', f->len)) != NULL) {
            *line_end = '\0';
            bool hit = strstr(f->text, event) != NULL && strstr(f->text, with) != NULL;
            snprintf(f->line, sizeof(f->line), "%.*s", (int)sizeof(f->line) - 1, f->text);
            size_t used = (size_t)(line_end - f->text) + 1;
            memmove(f->text, f->text + used, f->len - used);
            f->len -= used;
            if (hit) {
                return;
            }
        }
        struct pollfd p = {.fd = f->err, .events = POLLIN};
        uint64_t now = ch_now_boot_ms();
        ssize_t n = 0;
        if (now >= deadline || poll(&p, 1, (int)(deadline - now)) != 1 ||
            (n = read(f->err, f->text + f->len, TEXT_SIZE - f->len)) <= 0) {
            fail_msg("the log did not say \"%s ... %s\"", event, with);
        }
        f->len += (size_t)n;
    }
}

void expect_greeting(struct fixture *f)
{
    char text[4096];
    size_t len = 0;
    while (len < sizeof(text) - 1 && (len == 0 || memmem(text, len, "policy:", 7) == NULL)) {
        struct pollfd p = {.fd = f->out, .events = POLLIN};
        assert_int_equal(poll(&p, 1, WAIT_MS), 1);
        ssize_t n = read(f->out, text + len, sizeof(text) - 1 - len);
        if (n <= 0) {
            fail_msg("it ended without a word");
        }
        len += (size_t)n;
    }
    text[len] = '\0';
    static const char line[] = "pip install --index-url http://127.0.0.1:";
    char *at = strstr(text, line);
    assert_non_null(at);
    f->port = (uint16_t)strtoul(at + sizeof(line) - 1, NULL, 10);
    assert_non_null(strstr(at, "/pypi/simple/ PACKAGE\n"));
    assert_non_null(strstr(text, f->folder));
}

void serve(struct fixture *f)
{
    START(f, SERVE);
    expect_greeting(f);
}

void stop(struct fixture *f, int expected)
{
    kill(f->pid, SIGTERM);
    int status = wait_exit(f->pid);
    f->pid = -1;
    if (status != expected) { /* what it said last tells why */
        ssize_t n = read(f->err, f->text + f->len, TEXT_SIZE - f->len);
        print_error("%.*s\n", (int)(f->len + (n > 0 ? (size_t)n : 0)), f->text);
    }
    assert_int_equal(status, expected);
}

int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    const char *base = getenv("TMPDIR");
    snprintf(f->top, sizeof(f->top), "%s/ch-serve-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(f->top));
    snprintf(f->folder, sizeof(f->folder), "%s/a/state", f->top); /* its way is closed to others */
    f->pid = -1;
    f->out = f->err = -1;
    *state = f;
    return 0;
}

int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->pid > 0) {
        kill(f->pid, SIGKILL);
        wait_exit(f->pid);
    }
    if (f->out >= 0) {
        close(f->out);
        close(f->err);
    }
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", f->top, (char *)NULL);
        _exit(127);
    }
    int status = wait_exit(pid);
    free(f);
    return status;
}

unsigned mode_of(const struct fixture *f, const char *name)
{
    char path[256];
    struct stat st;
    snprintf(path, sizeof(path), "%s/%s", f->folder, name);
    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}
