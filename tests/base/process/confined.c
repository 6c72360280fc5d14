#include "confined.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char state_dir[128];

static void make_dir(const char *name, mode_t mode)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", state_dir, name);
    assert_true(mkdir(path, mode) == 0 || errno == EEXIST);
    assert_int_equal(chmod(path, mode), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, TEST_UID, TEST_UID), 0);
    }
}

int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(state_dir, sizeof(state_dir), "%s/ch-confine-XXXXXX", base != NULL ? base : "/tmp");
    assert_non_null(mkdtemp(state_dir));
    assert_int_equal(chmod(state_dir, 0711), 0);
    static const char *const folders[] = {"db",     "blobs",        "blobs/spool",   "blobs/sha256",
                                          "served", "keys",         "log",           "run",
                                          "audit",  "audit/public", "audit/entries", "checkpoints"};
    for (size_t i = 0; i < CH_ARRAY_LEN(folders); i++) {
        make_dir(folders[i], 0755); /* it is not the mode that keeps anybody out */
    }
    char path[256];
    static const char *const files[] = {"served/wheel", "credentials.yaml", "name"};
    for (size_t i = 0; i < CH_ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", state_dir, files[i]);
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        assert_int_equal(write(fd, "bytes", 5), 5);
        close(fd);
    }
    return 0;
}

int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"served/wheel",
                                        "credentials.yaml",
                                        "db/new",
                                        "blobs/spool/new",
                                        "blobs/sha256/x",
                                        "served/x",
                                        "blobs/spool",
                                        "blobs/sha256",
                                        "audit/public",
                                        "audit/entries",
                                        "audit",
                                        "name",
                                        "checkpoints",
                                        "db",
                                        "blobs",
                                        "served",
                                        "keys",
                                        "log",
                                        "run"};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        char path[256];
        snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
        remove(path);
    }
    return rmdir(state_dir);
}

struct ch_confine_options options_of(enum ch_role role, enum ch_confine_stage stage)
{
    struct ch_confine_options o = {.role = role, .stage = stage, .state_dir = state_dir};
    if (geteuid() == 0) {
        o.uid = TEST_UID;
        o.gid = TEST_UID;
        o.served_gid = TEST_UID + 1;
    }
    return o;
}

void confine_as(enum ch_role role, enum ch_confine_stage stage)
{
    struct ch_err err = {.msg = ""};
    struct ch_confine_options o = options_of(role, stage);
    if (ch_confine(&o, &err) != CH_OK) {
        dprintf(STDERR_FILENO, "confine: %s\n", err.msg);
        _exit(2);
    }
}

int in_child(void (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

void passes(void (*fn)(void))
{
    int status = in_child(fn);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail_msg("child ended with status %d, signal %d", WEXITSTATUS(status),
                 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
}
