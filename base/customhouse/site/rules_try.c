/* `customhouse check` for rules: the very process that would match them compiles them, in its jail.
 */
#include <signal.h>

#include "customhouse/loop.h"
#include "rules_files.h"
#include "site.h"
#include "base/customhouse/supervisor/worker.h"

#define WAIT_MS 60000

/* RELOAD rather than SETUP: the answer to it has a text for people. */
static enum ch_code compile(struct worker *w, struct ch_setup *setup, int rules_fd,
                            struct ch_err *err)
{
    struct ch_buf b;
    struct ch_reloaded answer;
    setup->role = CH_ROLE_SCANNER_SECOND;
    setup->rules = true;
    ch_buf_init(&b, ch_message_row(CH_MSG_RELOAD)->max_bytes);
    ch_setup_put(&b, setup);
    enum ch_code rc = worker_command(w, CH_MSG_RELOAD, &b, &rules_fd, 1, CH_MSG_RELOADED,
                                     ch_now_boot_ms() + WAIT_MS, err);
    rc = rc == CH_OK ? ch_reloaded_get(ch_buf_str(&b), &answer, err) : rc;
    if (rc == CH_OK && answer.code != CH_OK) {
        rc = ch_fail(err, answer.code, "%.*s", CH_STR_ARG(answer.text));
    }
    ch_buf_done(&b);
    return rc;
}

enum ch_code rules_files_try(const struct ch_config *config, struct ch_str config_text,
                             int rules_fd, struct ch_err *err)
{
    struct worker w = WORKER_NONE;
    struct ch_setup setup = {.state_dir = CH_STR("/"),
                             .config_name = CH_STR(SITE_CONFIG),
                             .config_text = config_text,
                             .policy_name = CH_STR(SITE_POLICY)};
    signal(SIGPIPE, SIG_IGN);
    enum ch_code rc =
        worker_start(&w, CH_ROLE_SCANNER_SECOND, site_ids(config).scanner_second, &setup, -1, err);
    rc = rc == CH_OK ? compile(&w, &setup, rules_fd, err) : rc;
    worker_stop(&w);
    return rc;
}
