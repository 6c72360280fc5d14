/* A process as small as can be, for the tests of spawning and of the supervisor: it takes the part
 * of any of our executables (its name says which) and does what its project would not need: gateway
 * answers every connection with "gateway INSTANCE" and closes it keeper   passes on what a control
 * connection says: "uid UID: COMMAND ARG...", the exit status is the number of words; "status"
 * shows the supervisor's status text The policy's text steers faults: "#exit-at-start",
 * "#no-ready", "#second-late" (scanner-second is ready after 2 s), "#doors-linger" (gateways and
 * admin end 3 s after they are asked to), "#ROLE-loses" (its channel to the keeper has ended when
 * it has just met it). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "customhouse/child.h"

struct test_child {
    struct ch_child child;
    struct ch_watch listener;
    struct ch_buf status;
    struct ch_channel *command;
    uint32_t command_uid;
    uint32_t peers; /* mask of roles met */
};

static enum ch_role role_of(const char *name)
{
    for (enum ch_role role = CH_ROLE_KEEPER; role < CH_ROLE_COMMAND; role++) {
        if (strcmp(name, ch_role_name(role)) == 0) {
            return role;
        }
    }
    return CH_ROLE_NONE;
}

static void on_client(struct ch_watch *w, uint32_t events)
{
    (void)events;
    struct test_child *t = CH_CONTAINER_OF(w, struct test_child, listener);
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        dprintf(fd, "gateway %u peers %x", t->child.setup.instance, t->peers);
        close(fd);
    }
}

/* "#ROLE-refuses", "#ROLE-dies", "#ROLE-dies-late" for the role that we are, its first instance. */
static bool is_told(const struct test_child *t, struct ch_str policy, const char *what)
{
    char word[64];
    snprintf(word, sizeof(word), "#%s-%s\n", ch_role_name(t->child.setup.role), what);
    return t->child.setup.instance == 0 && ch_str_find(policy, ch_str_of(word), NULL);
}

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct test_child *t = owner;
    (void)instance;
    bool again = (t->peers & CH_FROM(role)) != 0;
    t->peers |= CH_FROM(role);
    close(fd);
    if (role == CH_ROLE_KEEPER && again) {
        dprintf(STDERR_FILENO, "%s/%u: met the keeper again\n", ch_role_name(t->child.setup.role),
                t->child.setup.instance);
    } else if (role == CH_ROLE_KEEPER && is_told(t, t->child.setup.policy_text, "loses")) {
        ch_child_lost_keeper(&t->child);
    }
}

static void on_status(void *owner, struct ch_str text)
{
    struct test_child *t = owner;
    ch_buf_clear(&t->status);
    ch_buf_puts(&t->status, text);
}

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct test_child *t = owner;
    if (is_told(t, texts->policy_text, "dies")) {
        _exit(3);
    }
    if (is_told(t, texts->policy_text, "refuses")) {
        return ch_fail(err, CH_E_USAGE, "as the test wishes");
    }
    return CH_OK;
}

static void on_commit(void *owner, const struct ch_setup *texts)
{
    struct test_child *t = owner;
    dprintf(STDERR_FILENO, "%s/%u: took %zu bytes\n", ch_role_name(t->child.setup.role),
            t->child.setup.instance, texts->policy_text.len);
    if (is_told(t, texts->policy_text, "dies-late")) {
        _exit(3);
    }
}

static void on_abort(void *owner, struct ch_str why)
{
    struct test_child *t = owner;
    dprintf(STDERR_FILENO, "%s/%u: dropped it: %.*s\n", ch_role_name(t->child.setup.role),
            t->child.setup.instance, CH_STR_ARG(why));
}

static void on_drain(void *owner)
{
    struct test_child *t = owner;
    bool door = t->child.setup.role == CH_ROLE_GATEWAY || t->child.setup.role == CH_ROLE_ADMIN;
    bool lingers = door && ch_str_find(t->child.setup.policy_text, CH_STR("#doors-linger"), NULL);
    if (lingers) {
        sleep(3);
    }
    ch_loop_stop(t->child.loop);
}

static void on_command(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct test_child *t = owner;
    struct ch_command command;
    struct ch_err err;
    if (frame->type != CH_MSG_COMMAND || ch_command_get(frame->payload, &command, &err) != CH_OK) {
        t->command = NULL;
        ch_channel_free(ch);
        return;
    }
    struct ch_buf out;
    ch_buf_init(&out, 100000);
    if (ch_str_eq(command.name, CH_STR("status"))) {
        ch_buf_puts(&out, ch_buf_str(&t->status));
    } else {
        ch_buf_printf(&out, "uid %u:%s %.*s", t->command_uid, command.json ? " json" : "",
                      CH_STR_ARG(command.name));
        for (size_t i = 0; i < command.arg_count; i++) {
            ch_buf_printf(&out, " %.*s=%.*s", CH_STR_ARG(command.key[i]),
                          CH_STR_ARG(command.value[i]));
        }
        ch_buf_putc(&out, '\n');
    }
    CH_IGNORE(ch_channel_send(ch, CH_MSG_COMMAND_OUTPUT, ch_buf_str(&out), NULL, 0));
    ch_buf_clear(&out);
    struct ch_command_done done = {command.arg_count, CH_STR("that was all")};
    ch_command_done_put(&out, &done);
    CH_IGNORE(ch_channel_send(ch, CH_MSG_COMMAND_DONE, ch_buf_str(&out), NULL, 0));
    ch_buf_done(&out);
}

static void on_command_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct test_child *t = owner;
    (void)why;
    t->command = NULL;
    ch_channel_free(ch);
}

static void on_control(void *owner, const struct ch_control *control, int fd)
{
    struct test_child *t = owner;
    struct ch_err err;
    ch_channel_free(t->command);
    t->command = NULL;
    t->command_uid = control->uid;
    struct ch_channel_options options = {
        .loop = t->child.loop,
        .fd = fd,
        .peer = CH_ROLE_COMMAND,
        .self = CH_ROLE_KEEPER,
        .owner = t,
        .on_frame = on_command,
        .on_closed = on_command_closed,
    };
    CH_IGNORE(ch_channel_open(&options, &t->command, &err) != CH_OK);
}

static enum ch_code run(struct test_child *t, enum ch_role role, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(role, &t->child, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str policy = t->child.setup.policy_text;
    if (ch_str_find(policy, CH_STR("#exit-at-start"), NULL) && role == CH_ROLE_FETCHER) {
        return ch_fail(err, CH_E_DENIED, "as the test wishes");
    }
    if (ch_str_find(policy, CH_STR("#second-late"), NULL) && role == CH_ROLE_SCANNER_SECOND) {
        sleep(2);
    }
    dprintf(STDERR_FILENO, "%s/%u: starts with %zu bytes\n", ch_role_name(role),
            t->child.setup.instance, policy.len);
    t->child.owner = t;
    t->child.on_peer = on_peer;
    t->child.on_status = on_status;
    t->child.on_prepare = on_prepare;
    t->child.on_commit = on_commit;
    t->child.on_abort = on_abort;
    t->child.on_drain = on_drain;
    t->child.on_control = on_control;
    if (role == CH_ROLE_GATEWAY) {
        t->listener = (struct ch_watch){.fd = t->child.listener_fds[0], .fn = on_client};
        rc = ch_loop_watch(t->child.loop, &t->listener, EPOLLIN, err);
    }
    if (rc == CH_OK && !ch_str_find(policy, CH_STR("#no-ready"), NULL)) {
        rc = ch_child_confine(&t->child, err);
    }
    return rc != CH_OK ? rc : ch_child_run(&t->child, err);
}

int main(int argc, char **argv)
{
    struct test_child t = {.peers = 0};
    struct ch_err err = {.msg = ""};
    ch_buf_init(&t.status, 1 << 18);
    enum ch_code rc = argc == 1 ? run(&t, role_of(argv[0]), &err) : CH_E_USAGE;
    if (rc != CH_OK) {
        dprintf(STDERR_FILENO, "%s: %s\n", argv[0], err.msg);
    }
    ch_channel_free(t.command);
    ch_child_done(&t.child);
    ch_buf_done(&t.status);
    return rc == CH_OK ? 0 : 2;
}
