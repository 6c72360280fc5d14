/* How long one member may take: by its CPU time, whatever else the host does. */
#include "tests/ch_test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "run.h"
#include "scanner/rules/rules.h"

static enum ch_code load(const char *text, struct ch_err *err)
{
    struct ch_rule_text t = {CH_STR("/site/own.yar"), ch_str_of(text)};
    return ch_rules_load(&t, 1, err);
}

static int unload(void **state)
{
    (void)state;
    ch_rules_unload();
    return 0;
}

static void time_out_holds(void **state)
{
    (void)state;
    struct ch_err err;
    struct scan_run r;
    struct ch_limits saved = ch_limits;
    struct rules_member m[2] = {{CH_STR("slow.txt"), CH_STR("needle")},
                                {CH_STR("slow.py"), CH_STR("needle")}};
    ch_limits.rules_scan_s = 1;
    assert_ch_code(CH_E_FORMAT,
                   load("rule slow { condition: for all i in (1..2000000000) : (i > 0) }", &err));
    assert_non_null(strstr(err.msg, "no end"));
    assert_ch_ok(&err, load("rule slow { meta: paths = \"slow.txt\" strings: $a = \"needle\"\n"
                            " condition: $a and for all i in (1..2000000000) : (i > 0) }",
                            &err));
    rules_run(&r, m, 2);
    const struct ch_finding *f = rules_found(&r, CH_F_RULE_TIMEOUT, "");
    assert_non_null(f);
    assert_str_eq(f->member, "slow.txt");
    assert_int_equal(rules_findings(&r), 1);
    scan_run_done(&r);
    ch_limits = saved;
}

/* Runs it in a child that the host lets have a fifth of its time; its exit status. */
static int run_starved(int (*run)(void))
{
    pid_t pid = fork();
    int status;
    assert_true(pid >= 0);
    if (pid == 0) {
        _exit(run());
    }
    while (waitpid(pid, &status, WNOHANG) == 0) {
        kill(pid, SIGSTOP);
        usleep(80000);
        kill(pid, SIGCONT);
        usleep(20000);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Some tenths of a second of CPU time. */
static int match_slowly(void)
{
    struct scan_run r;
    struct rules_member m = {CH_STR("slow.txt"), CH_STR("needle")};
    rules_run(&r, &m, 1);
    bool whole = rules_findings(&r) == 1 && rules_found(&r, CH_F_RULE_TIMEOUT, "") == NULL;
    scan_run_done(&r);
    return whole ? 0 : 1;
}

static void a_busy_host_is_no_finding(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_limits saved = ch_limits;
    ch_limits.rules_scan_s = 1;
    assert_ch_ok(&err, load("rule slow { meta: paths = \"slow.txt\" strings: $a = \"needle\"\n"
                            " condition: $a and for all i in (1..4000000) : (i > 0) }",
                            &err));
    assert_int_equal(run_starved(match_slowly), 0);
    ch_limits = saved;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(time_out_holds, unload),
        cmocka_unit_test_teardown(a_busy_host_is_no_finding, unload),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
