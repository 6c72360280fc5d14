/* A reload's two steps, with processes that do as the test says. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/customhouse/site/policy_files.h"
#include "base/customhouse/site/tls_files.h"
#include "base/customhouse/supervisor/supervisor_int.h"
#include "tests/ch_test.h"

enum { KEEPER, SECOND, GATEWAY, PROCESSES };

/* --- what reload.c calls --- */

struct told {
    enum ch_role role;
    uint16_t type;
    bool taken;
    char why[256];
    uintptr_t site; /* of RELOAD: which one */
};

static struct told told[64];
static size_t told_count;
static char said[4096];
static uintptr_t next_site;     /* what the folder holds: its number stands in a pointer */
static const char *site_broken; /* or why it cannot be read */
static const char *expired;     /* or what clients would refuse of it */
static const char *too_large;
static uint32_t gateways;  /* that its configuration wants */
static bool stop_with_end; /* the loop, with the first RELOAD_END */
static size_t sites_alive;

void log_line(const char *event, const char *fmt, ...)
{
    char text[1024];
    va_list va;
    va_start(va, fmt);
    vsnprintf(text, sizeof(text), fmt, va);
    va_end(va);
    size_t len = strlen(said);
    snprintf(said + len, sizeof(said) - len, "%s %s\n", event, text);
}

enum ch_code policy_files_finish(const char *folder, struct ch_err *err)
{
    (void)folder;
    (void)err;
    return CH_OK;
}

enum ch_code tls_files_check_times(const struct site *s, const struct site *in_force,
                                   int64_t now_us, struct ch_err *err)
{
    assert_true(s != in_force && in_force->config != NULL && now_us > 0);
    return expired == NULL ? CH_OK : ch_fail(err, CH_E_USAGE, "%s", expired);
}

enum ch_code site_load(const char *folder, struct site *ret, struct ch_err *err)
{
    (void)folder;
    if (site_broken != NULL) {
        return ch_fail(err, CH_E_USAGE, "%s", site_broken);
    }
    *ret =
        (struct site){.config = ch_calloc(1, sizeof(struct ch_config)), .rules_fd = (int)next_site};
    ret->config->gateways = gateways;
    sites_alive++;
    return CH_OK;
}

void site_done(struct site *s)
{
    if (s->config != NULL) {
        free(s->config);
        sites_alive--;
    }
    free(s->shown); /* of listeners without TLS: nothing in it */
    *s = (struct site){.config = NULL};
}

static struct told *tell(const struct process *p, uint16_t type)
{
    assert_true(told_count < CH_ARRAY_LEN(told));
    struct told *t = &told[told_count++];
    *t = (struct told){.role = p->role, .type = type};
    return t;
}

enum ch_code process_try(struct process *p, const struct site *site, struct ch_err *err)
{
    if (too_large != NULL) {
        return ch_fail(err, CH_E_LIMIT, "%s", too_large);
    }
    tell(p, CH_MSG_RELOAD)->site = (uintptr_t)site->rules_fd;
    return CH_OK;
}

void process_send(struct process *p, uint16_t type, struct ch_str payload, const int *fds,
                  size_t fd_count)
{
    struct ch_reload_end end;
    struct ch_err err;
    (void)fds;
    assert_int_equal(fd_count, 0);
    assert_int_equal(type, CH_MSG_RELOAD_END);
    assert_ch_ok(&err, ch_reload_end_get(payload, &end, &err));
    struct told *t = tell(p, type);
    t->taken = end.taken;
    snprintf(t->why, sizeof(t->why), "%.*s", CH_STR_ARG(end.why));
    if (stop_with_end) {
        ch_loop_stop(p->sup->loop);
    }
}

struct process *process_find(struct supervisor *sup, enum ch_role role, uint32_t instance)
{
    (void)instance;
    for (size_t i = 0; i < sup->process_count; i++) {
        if (sup->process[i].role == role) {
            return &sup->process[i];
        }
    }
    return NULL;
}

void process_name(const struct process *p, char *ret, size_t size)
{
    snprintf(ret, size, "%s/%u", ch_role_name(p->role), p->instance);
}

/* --- the tests --- */

static int set_up(void **state)
{
    struct supervisor *sup = ch_calloc(1, sizeof(*sup));
    struct ch_err err;
    static const enum ch_role roles[PROCESSES] = {
        [KEEPER] = CH_ROLE_KEEPER, [SECOND] = CH_ROLE_SCANNER_SECOND, [GATEWAY] = CH_ROLE_GATEWAY};
    site_broken = too_large = expired = NULL;
    sites_alive = told_count = gateways = 0;
    said[0] = '\0';
    assert_ch_ok(&err, ch_loop_new(&sup->loop, &err));
    sup->serving = true;
    sup->process_count = PROCESSES;
    for (size_t i = 0; i < PROCESSES; i++) {
        sup->process[i] = (struct process){.sup = sup, .role = roles[i], .state = PROCESS_READY};
    }
    next_site = 1;
    assert_ch_ok(&err, site_load("", &sup->site, &err));
    next_site = 2;
    *state = sup;
    return 0;
}

static int tear_down(void **state)
{
    struct supervisor *sup = *state;
    reload_cancel(sup);
    site_done(&sup->site);
    sites_alive -= sup->started != NULL ? 1 : 0;
    free(sup->started);
    assert_int_equal(sites_alive, 0);
    ch_loop_free(sup->loop);
    free(sup);
    return 0;
}

static void answer(struct supervisor *sup, size_t i, const char *why)
{
    struct ch_reloaded m = {why == NULL ? CH_OK : CH_E_USAGE, ch_str_of(why)};
    reload_answered(&sup->process[i], &m);
}

/* As process.c does when one has ended, and when it is there again. */
static void end(struct supervisor *sup, size_t i)
{
    struct process *p = &sup->process[i];
    reload_process_ended(p);
    p->state = PROCESS_DOWN;
    p->tried = 0;
    p->owes = p->can_reload = false;
}

static void start_again(struct supervisor *sup, size_t i)
{
    sup->process[i].state = PROCESS_READY;
    reload_process_ready(&sup->process[i]);
}

static void assert_asked(size_t from, size_t count, uintptr_t site)
{
    for (size_t i = from; i < from + count; i++) {
        assert_int_equal(told[i].type, CH_MSG_RELOAD);
        assert_int_equal(told[i].site, site);
    }
}

/* The last `count` words were ends of this kind. */
static void assert_ended(size_t count, bool taken, const char *why)
{
    assert_true(told_count >= count);
    for (size_t i = told_count - count; i < told_count; i++) {
        assert_int_equal(told[i].type, CH_MSG_RELOAD_END);
        assert_int_equal(told[i].taken, taken);
        assert_string_equal(told[i].why, why);
    }
}

static void assert_in_force(const struct supervisor *sup, int site)
{
    assert_int_equal(sup->site.rules_fd, site);
}

static void what_all_can_work_with_is_in_force(void **state)
{
    struct supervisor *sup = *state;
    reload_begin(sup);
    assert_int_equal(told_count, PROCESSES);
    assert_asked(0, PROCESSES, 2);
    answer(sup, GATEWAY, NULL);
    answer(sup, SECOND, NULL);
    assert_in_force(sup, 1); /* one is missing: what starts now gets the former one */
    assert_int_equal(told_count, PROCESSES);
    answer(sup, KEEPER, NULL);
    assert_in_force(sup, 2);
    assert_int_equal(told_count, 2 * PROCESSES);
    assert_ended(PROCESSES, true, "");
    assert_int_equal(told[PROCESSES].role, CH_ROLE_KEEPER);
    assert_non_null(strstr(said, "reloaded generation=1 processes=3"));
    assert_false(sup->reload.under_way);
}

/* With each reload, as long as it is so; not of what is again as it was at the start. */
static void what_waits_for_the_next_start_is_said(void **state)
{
    struct supervisor *sup = *state;
    const struct {
        uint32_t gateways;
        bool said;
    } rows[] = {{0, false}, {3, true}, {3, true}, {0, false}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        told_count = 0;
        said[0] = '\0';
        gateways = rows[i].gateways;
        reload_begin(sup);
        for (size_t k = 0; k < PROCESSES; k++) {
            answer(sup, k, NULL);
        }
        const char *found =
            strstr(said, "key=processes.gateways note=\"changes with the next start\"");
        assert_int_equal(found != NULL, rows[i].said);
    }
}

static void what_one_refuses_is_in_force_in_none(void **state)
{
    struct supervisor *sup = *state;
    for (size_t i = 0; i < PROCESSES; i++) {
        char why[128];
        told_count = 0;
        said[0] = '\0';
        reload_begin(sup);
        for (size_t k = 0; k < PROCESSES; k++) {
            if (k != i) {
                answer(sup, k, NULL);
            }
        }
        answer(sup, i, "x.yar:3: no");
        process_name(&sup->process[i], why, sizeof(why) - 20);
        strcat(why, ": x.yar:3: no");
        assert_int_equal(told_count, 2 * PROCESSES);
        assert_ended(PROCESSES, false, why);
        assert_in_force(sup, 1);
        assert_non_null(strstr(said, why));
        assert_non_null(strstr(said, "stays in force"));
        assert_null(strstr(said, "reloaded"));
    }
    reload_begin(sup); /* and one that all can work with is taken after it */
    for (size_t k = 0; k < PROCESSES; k++) {
        answer(sup, k, NULL);
    }
    assert_in_force(sup, 2);
}

static void an_answer_after_the_end_counts_for_nothing(void **state)
{
    struct supervisor *sup = *state;
    reload_begin(sup);
    answer(sup, KEEPER, "no");
    assert_int_equal(told_count, 2 * PROCESSES);
    answer(sup, SECOND, NULL);
    answer(sup, GATEWAY, "me neither");
    assert_int_equal(told_count, 2 * PROCESSES);
    assert_in_force(sup, 1);
    assert_null(strstr(said, "me neither"));
}

static void what_ends_meanwhile_ends_it(void **state)
{
    struct supervisor *sup = *state;
    reload_begin(sup);
    answer(sup, KEEPER, NULL);
    answer(sup, GATEWAY, NULL);
    end(sup, GATEWAY); /* one that had said yes */
    assert_in_force(sup, 1);
    assert_false(sup->reload.under_way);
    assert_non_null(strstr(said, "gateway/0: ended before all processes"));
    start_again(sup, GATEWAY);
    answer(sup, SECOND, NULL); /* of the try that was given up */
    assert_in_force(sup, 1);
    assert_int_equal(told_count, 2 * PROCESSES);
}

/* Of one that hangs nobody knows what it would say. Service goes on as before. */
static void what_hangs_ends_it_in_time(void **state)
{
    struct supervisor *sup = *state;
    struct ch_err err;
    reload_begin(sup);
    answer(sup, KEEPER, NULL);
    answer(sup, GATEWAY, NULL);
    uint64_t begun = ch_now_boot_ms();
    stop_with_end = true;
    assert_ch_ok(&err, ch_loop_run(sup->loop, &err));
    stop_with_end = false;
    assert_true(ch_now_boot_ms() - begun >= RELOAD_WAIT_MS - 1);
    assert_in_force(sup, 1);
    assert_ended(PROCESSES, false,
                 "scanner-second/0: did not say whether it can work with it within 0 s");
    size_t before = told_count;
    reload_begin(sup); /* not asked twice before it has answered once: its channel would fill */
    assert_int_equal(told_count, before + PROCESSES - 1);
    answer(sup, KEEPER, NULL);
    answer(sup, GATEWAY, NULL);
    answer(sup, SECOND, "to the former one");
    assert_int_equal(told_count, before + PROCESSES);
    assert_int_equal(told[told_count - 1].role, CH_ROLE_SCANNER_SECOND);
    assert_in_force(sup, 1);
    answer(sup, SECOND, NULL);
    assert_in_force(sup, 2);
}

static void what_starts_is_asked_when_it_is_ready(void **state)
{
    struct supervisor *sup = *state;
    end(sup, SECOND);
    reload_begin(sup);
    assert_int_equal(told_count, PROCESSES - 1);
    answer(sup, KEEPER, NULL);
    answer(sup, GATEWAY, NULL);
    assert_in_force(sup, 1);
    end(sup, SECOND); /* again: it was not asked, and so it is not the new site's fault */
    assert_true(sup->reload.under_way);
    start_again(sup, SECOND);
    assert_int_equal(told_count, PROCESSES);
    assert_in_force(sup, 1);
    answer(sup, SECOND, NULL);
    assert_in_force(sup, 2);
}

static void a_second_signal_tries_what_is_there_then(void **state)
{
    struct supervisor *sup = *state;
    reload_begin(sup);
    answer(sup, KEEPER, NULL);
    next_site = 3;
    reload_begin(sup);
    assert_int_equal(told_count, 2 * PROCESSES + 1); /* all told the end, one asked anew */
    assert_string_equal(told[PROCESSES].why, "");    /* it was not refused */
    assert_asked(told_count - 1, 1, 3);
    answer(sup, SECOND, NULL); /* about the first: each is asked about the second now */
    answer(sup, GATEWAY, "only the first is bad");
    assert_asked(told_count - 2, 2, 3);
    assert_in_force(sup, 1);
    for (size_t i = 0; i < PROCESSES; i++) {
        answer(sup, i, NULL);
    }
    assert_in_force(sup, 3);
}

static void what_cannot_be_read_is_told_to_who_waits(void **state)
{
    struct supervisor *sup = *state;
    site_broken = "policy.yaml:2:1: unknown key";
    reload_begin(sup);
    assert_int_equal(told_count, 1);
    assert_int_equal(told[0].role, CH_ROLE_KEEPER);
    assert_ended(1, false, site_broken);
    assert_non_null(strstr(said, "reload-failed error=\"policy.yaml:2:1: unknown key\""));
    /* nor is what clients would refuse taken, and nothing of it is left (tear_down) */
    site_broken = NULL;
    expired = "customhouse.yaml:9:3: expired";
    reload_begin(sup);
    assert_false(sup->reload.under_way);
    assert_non_null(strstr(said, expired));
    expired = NULL;
    /* while another is tried: that one is no longer what the files say */
    site_broken = NULL;
    reload_begin(sup);
    site_broken = "gone bad";
    reload_begin(sup);
    assert_false(sup->reload.under_way);
    for (size_t i = 0; i < PROCESSES; i++) {
        answer(sup, i, NULL);
    }
    assert_in_force(sup, 1);
}

static void what_does_not_fit_a_message_kills_nothing(void **state)
{
    struct supervisor *sup = *state;
    too_large = "more than 8 MiB";
    reload_begin(sup);
    assert_false(sup->reload.under_way);
    assert_in_force(sup, 1);
    assert_non_null(strstr(said, "more than 8 MiB"));
}

static void before_all_are_ready_it_waits(void **state)
{
    struct supervisor *sup = *state;
    sup->serving = false;
    reload_begin(sup);
    assert_int_equal(told_count, 0);
    sup->serving = true;
    reload_serving(sup);
    assert_asked(0, PROCESSES, 2);
    reload_cancel(sup); /* SIGTERM */
    sup->draining = true;
    for (size_t i = 0; i < PROCESSES; i++) {
        answer(sup, i, NULL);
    }
    assert_in_force(sup, 1);
    size_t before = told_count;
    reload_begin(sup);
    assert_int_equal(told_count, before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
        ROW(what_all_can_work_with_is_in_force),
        ROW(what_waits_for_the_next_start_is_said),
        ROW(what_one_refuses_is_in_force_in_none),
        ROW(an_answer_after_the_end_counts_for_nothing),
        ROW(what_ends_meanwhile_ends_it),
        ROW(what_hangs_ends_it_in_time),
        ROW(what_starts_is_asked_when_it_is_ready),
        ROW(a_second_signal_tries_what_is_there_then),
        ROW(what_cannot_be_read_is_told_to_who_waits),
        ROW(what_does_not_fit_a_message_kills_nothing),
        ROW(before_all_are_ready_it_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
