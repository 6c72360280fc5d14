/* What no self-test can try, as the kernel tells it of each process of the table from outside: its
 * limits, that its memory cannot be read nor dumped, that it gains no rights, that its calls are
 * filtered. */
#include "confined.h"

#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* A child that a row of the table confines, and that waits until its parent has looked. */
struct confined {
    pid_t pid;
    int from; /* says a byte once it is confined */
    int to;   /* its end lets it go */
};

/* It has the row's uid before: a change of uid alone makes a process one that cannot be dumped. The
 * limit of core files may be none before, lest it is the host's that is seen. */
static void wait_confined(const struct ch_confine_row *row, int said, int wait)
{
    struct rlimit core = {RLIM_INFINITY, RLIM_INFINITY};
    char byte = 'x';
    if (geteuid() == 0) {
        CHECK(setrlimit(RLIMIT_CORE, &core) == 0);
        CHECK(setgroups(0, NULL) == 0 && setresgid(TEST_UID, TEST_UID, TEST_UID) == 0);
        CHECK(setresuid(TEST_UID, TEST_UID, TEST_UID) == 0);
    }
    CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
    struct ch_err err = {.msg = ""};
    struct ch_confine_options o = {.role = row->role,
                                   .stage = row->stage,
                                   .state_dir = state_dir,
                                   .uid = geteuid(),
                                   .gid = getegid()};
    if (ch_confine(&o, &err) != CH_OK) {
        dprintf(STDERR_FILENO, "confine: %s\n", err.msg);
        _exit(2);
    }
    CHECK(write(said, &byte, 1) == 1);
    CHECK(read(wait, &byte, 1) == 0);
}

static struct confined start(const struct ch_confine_row *row)
{
    int from[2];
    int to[2];
    assert_int_equal(pipe(from), 0);
    assert_int_equal(pipe(to), 0);
    struct confined c = {.from = from[0], .to = to[1]};
    c.pid = fork();
    if (c.pid == 0) {
        close(from[0]);
        close(to[1]);
        wait_confined(row, from[1], to[0]);
        _exit(0);
    }
    close(from[1]);
    close(to[0]);
    char byte;
    if (read(c.from, &byte, 1) != 1) {
        fail_msg("%s was not confined", ch_role_name(row->role));
    }
    return c;
}

static void end(struct confined *c)
{
    int status = -1;
    close(c->to);
    close(c->from);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_int_equal(status, 0);
}

static void each_row(void (*look)(const struct ch_confine_row *row, pid_t pid))
{
    const struct ch_confine_row *row;
    for (size_t i = 0; (row = ch_confine_row_at(i)) != NULL; i++) {
        struct confined c = start(row);
        look(row, c.pid);
        end(&c);
    }
}

static void read_of(pid_t pid, const char *name, char *ret, size_t size)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    ret[fread(ret, 1, size - 1, f)] = '\0';
    assert_int_equal(fclose(f), 0);
}

/* As proc(5) names them. */
static const char *name_of(int resource)
{
    static const struct {
        int resource;
        const char *name;
    } names[] = {
        {RLIMIT_CORE, "\nMax core file size "}, {RLIMIT_NPROC, "\nMax processes "},
        {RLIMIT_NOFILE, "\nMax open files "},   {RLIMIT_MEMLOCK, "\nMax locked memory "},
        {RLIMIT_FSIZE, "\nMax file size "},     {RLIMIT_MSGQUEUE, "\nMax msgqueue size "},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (names[i].resource == resource) {
            return names[i].name;
        }
    }
    fail_msg("this test knows no limit %d", resource);
    return NULL;
}

static void look_at_limits(const struct ch_confine_row *row, pid_t pid)
{
    char text[8192];
    bool no_core = false;
    read_of(pid, "limits", text, sizeof(text));
    assert_in_range(row->limit_count, 1, CH_ROW_MAX_LIMITS);
    for (size_t i = 0; i < row->limit_count; i++) {
        const struct ch_rlimit_row *want = &row->limits[i];
        const char *name = name_of(want->resource);
        const char *line = strstr(text, name);
        char soft[32];
        char hard[32];
        char value[32];
        snprintf(value, sizeof(value), "%lu", want->value);
        if (line == NULL || sscanf(line + strlen(name), "%31s %31s", soft, hard) != 2 ||
            strcmp(soft, value) != 0 || strcmp(hard, value) != 0) {
            fail_msg("%s: expected %s and %s in%s", ch_role_name(row->role), value, value,
                     line != NULL ? line : text);
        }
        no_core = no_core || (want->resource == RLIMIT_CORE && want->value == 0);
    }
    assert_true(no_core);
}

static void each_has_the_limits_of_its_row(void **state)
{
    (void)state;
    each_row(look_at_limits);
}

/* proc(5): what is below /proc/PID is root's when the process cannot be dumped, else its own. */
static void look_at_owner(const struct ch_confine_row *row, pid_t pid)
{
    char path[64];
    struct stat st;
    snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
    assert_int_equal(stat(path, &st), 0);
    if (st.st_uid != 0) {
        fail_msg("%s can be dumped and traced by uid %u", ch_role_name(row->role),
                 (unsigned)st.st_uid);
    }
}

static void none_can_be_dumped(void **state)
{
    (void)state;
    each_row(look_at_owner);
}

static void look_at_status(const struct ch_confine_row *row, pid_t pid)
{
    static const char *const lines[] = {"\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n",
                                        "\nCapPrm:\t0000000000000000\n",
                                        "\nCapEff:\t0000000000000000\n"};
    char text[8192];
    read_of(pid, "status", text, sizeof(text));
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        if (strstr(text, lines[i]) == NULL) {
            fail_msg("%s: not \"%s\" in\n%s", ch_role_name(row->role), lines[i] + 1, text);
        }
    }
}

static void none_gains_rights_nor_calls(void **state)
{
    (void)state;
    each_row(look_at_status);
}

int main(void)
{
    if (!CH_CONFINEMENT_APPLIED) {
        printf("a build with sanitizers is not confined: nothing to test\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_has_the_limits_of_its_row),
        cmocka_unit_test(none_can_be_dumped),
        cmocka_unit_test(none_gains_rights_nor_calls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
