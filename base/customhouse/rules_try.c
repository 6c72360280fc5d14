/* `customhouse check` for rules: the very process that would match them compiles them, in its jail. */
#include "rules_files.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"
#include "site.h"

#define WAIT_MS 60000

/* SETUP without the rules, or RELOAD with them: the answer to that has a text for people. */
static enum ch_code tell(int channel, uint16_t type, struct ch_setup *setup, const int *fds,
                         size_t fd_count, struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(type)->max_bytes);
    ch_setup_put(&b, setup);
    enum ch_code rc = ch_buf_ok(&b, err);
    if (rc == CH_OK) {
        rc = ch_frame_write(channel, type, ch_buf_str(&b), fds, fd_count,
                            ch_now_boot_ms() + WAIT_MS, err);
    }
    ch_buf_done(&b);
    return rc;
}

static enum ch_code await(int channel, uint16_t wanted, struct ch_buf *payload, struct ch_err *err)
{
    uint16_t type = CH_MSG_NONE;
    int fds[CH_FRAME_MAX_FDS];
    size_t fd_count = 0;
    enum ch_code rc = ch_frame_read(channel, CH_ROLE_SCANNER_SECOND, &type, payload, fds, &fd_count,
                                    ch_now_boot_ms() + WAIT_MS, err);
    if (rc != CH_OK) {
        return ch_wrap(err, "%s", ch_role_name(CH_ROLE_SCANNER_SECOND));
    }
    for (size_t i = 0; i < fd_count; i++) {
        close(fds[i]);
    }
    return type == wanted ? CH_OK
                          : ch_fail(err, CH_E_FORMAT, "%s: unexpected message %u",
                                    ch_role_name(CH_ROLE_SCANNER_SECOND), type);
}

/* What every child is given and this one has no use for. */
static enum ch_code unused_memory(int fds[3], struct ch_err *err)
{
    static const off_t sizes[3] = {sizeof(struct ch_epoch_page),
                                   (off_t)CH_METRICS_SLOTS * CH_METRICS_SLOT_BYTES, 0};
    for (size_t i = 0; i < 3; i++) {
        fds[i] = memfd_create("unused", MFD_CLOEXEC);
        if (fds[i] < 0 || ftruncate(fds[i], sizes[i]) != 0) {
            return ch_fail_errno(err, errno, "memory");
        }
    }
    return CH_OK;
}

static enum ch_code ask(int channel, struct ch_setup *setup, int rules_fd, struct ch_err *err)
{
    struct ch_buf b;
    struct ch_reloaded answer;
    int fds[3] = {-1, -1, -1};
    ch_buf_init(&b, ch_message_row(CH_MSG_READY)->max_bytes);
    enum ch_code rc = unused_memory(fds, err);
    rc = rc == CH_OK ? tell(channel, CH_MSG_SETUP, setup, fds, 3, err) : rc;
    rc = rc == CH_OK ? await(channel, CH_MSG_READY, &b, err) : rc;
    setup->rules = true;
    rc = rc == CH_OK ? tell(channel, CH_MSG_RELOAD, setup, &rules_fd, 1, err) : rc;
    rc = rc == CH_OK ? await(channel, CH_MSG_RELOADED, &b, err) : rc;
    rc = rc == CH_OK ? ch_reloaded_get(ch_buf_str(&b), &answer, err) : rc;
    if (rc == CH_OK && answer.code != CH_OK) {
        rc = ch_fail(err, answer.code, "%.*s", CH_STR_ARG(answer.text));
    }
    for (size_t i = 0; i < 3; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    ch_buf_done(&b);
    return rc;
}

enum ch_code rules_files_try(const struct ch_config *config, struct ch_str config_text, int rules_fd,
                             struct ch_err *err)
{
    uint32_t uid = site_ids(config).scanner_second;
    struct ch_spawn_options options = {.role = CH_ROLE_SCANNER_SECOND, .uid = uid, .gid = uid};
    struct ch_spawned child;
    struct ch_setup setup = {.role = CH_ROLE_SCANNER_SECOND,
                             .instances = 1,
                             .uid = uid,
                             .gid = uid,
                             .state_dir = CH_STR("/"),
                             .config_name = CH_STR(SITE_CONFIG),
                             .config_text = config_text,
                             .policy_name = CH_STR(SITE_POLICY)};
    signal(SIGPIPE, SIG_IGN);
    enum ch_code rc = ch_spawn(&options, &child, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = ask(child.channel, &setup, rules_fd, err);
    kill(child.pid, SIGKILL);
    waitpid(child.pid, NULL, 0);
    close(child.pidfd);
    close(child.channel);
    return rc;
}
