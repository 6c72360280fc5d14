/* The control socket: whose connection it is, and handing it to the keeper, which knows who that
 * may be.
 *
 * The credentials are read here, outside all namespaces, where a uid is what the host says it is.
 * Our own processes command nothing (T22). */
#include "supervisor_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "base/config/place.h"

/* An answer to somebody we do not let through: they need not wait for it. */
#define REFUSE_WAIT_MS 100
#define SAY_AGAIN_MS   10000

static void refuse(int fd, const char *why)
{
    struct ch_buf b;
    struct ch_err err;
    ch_buf_init(&b, ch_message_row(CH_MSG_COMMAND_DONE)->max_bytes);
    struct ch_command_done m = {1, ch_str_of(why)};
    ch_command_done_put(&b, &m);
    CH_IGNORE(ch_frame_write(fd, CH_MSG_COMMAND_DONE, ch_buf_str(&b), NULL, 0,
                             ch_now_boot_ms() + REFUSE_WAIT_MS, &err) != CH_OK);
    ch_buf_done(&b);
}

static bool is_own_process(const struct supervisor *sup, uid_t uid)
{
    for (size_t i = 0; i < sup->process_count; i++) {
        if (sup->process[i].uid != 0 && sup->process[i].uid == uid) {
            return true;
        }
    }
    return false;
}

static bool all_on_loopback(const struct supervisor *sup)
{
    for (size_t i = 0; i < sup->listening_count; i++) {
        struct ch_str host = {NULL, 0};
        uint16_t port = 0;
        if (!ch_place_split(ch_str_of(sup->listening[i].address), &host, &port) ||
            !ch_place_is_loopback(host)) {
            return false;
        }
    }
    return true;
}

/* The one who asked longest ago gives way. */
static struct control_user *user_of(struct supervisor *sup, uint32_t uid)
{
    if (sup->control_users == NULL) {
        sup->control_users =
            ch_calloc((size_t)ch_limits.control_users, sizeof(*sup->control_users));
    }
    struct control_user *oldest = &sup->control_users[0];
    for (size_t i = 0; i < ch_limits.control_users; i++) {
        struct control_user *u = &sup->control_users[i];
        if (u->full_at_ms != 0 && u->uid == uid) {
            return u;
        }
        oldest = u->full_at_ms < oldest->full_at_ms ? u : oldest;
    }
    *oldest = (struct control_user){.uid = uid};
    return oldest;
}

/* Everybody on this host may connect, and each connection costs the keeper something: without a
 * bound any of them could fill its channel, which ends it. Root and who started this have none. */
static bool has_to_wait(struct supervisor *sup, const struct process *keeper, uint32_t uid)
{
    uint64_t now = ch_loop_now_ms(sup->loop);
    struct control_user *u = user_of(sup, uid);
    uint64_t full_at = u->full_at_ms > now ? u->full_at_ms : now;
    bool unread = ch_limits.channel_queue_bytes - ch_channel_room(keeper->channel, 0) >
                  ch_limits.control_unread_bytes;
    if (!unread &&
        full_at + ch_limits.control_ms <= now + ch_limits.control_burst * ch_limits.control_ms) {
        u->full_at_ms = full_at + ch_limits.control_ms;
        return false;
    }
    u->full_at_ms = full_at;
    if (u->said_at_ms == 0 || now - u->said_at_ms >= SAY_AGAIN_MS) {
        u->said_at_ms = now;
        log_line("control-waits", "uid=%u", (unsigned)uid);
    }
    return true;
}

static void pass_on(struct supervisor *sup, int fd, const struct ucred *peer)
{
    struct process *keeper = process_find(sup, CH_ROLE_KEEPER, 0);
    bool own = peer->uid == 0 || peer->uid == geteuid();
    if (is_own_process(sup, peer->uid)) {
        log_line("control-refused", "uid=%u pid=%d", (unsigned)peer->uid, (int)peer->pid);
        refuse(fd, "not permitted: the server's own processes command nothing");
        return;
    }
    if (keeper == NULL || keeper->state != PROCESS_READY || sup->draining) {
        refuse(fd, sup->draining ? "the server is ending" : "the keeper is starting: try again");
        return;
    }
    if (!own && has_to_wait(sup, keeper, peer->uid)) {
        refuse(fd, "too many commands at once: try again in a second");
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 64);
    struct ch_control m = {
        .uid = peer->uid, .pid = (uint32_t)peer->pid, .own = own, .loopback = all_on_loopback(sup)};
    ch_control_put(&b, &m);
    process_send(keeper, CH_MSG_CONTROL, ch_buf_str(&b), &fd, 1);
    ch_buf_done(&b);
}

static void on_connection(struct ch_watch *w, uint32_t events)
{
    struct supervisor *sup = CH_CONTAINER_OF(w, struct supervisor, control);
    (void)events;
    int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        return;
    }
    struct ucred peer;
    socklen_t len = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0) {
        pass_on(sup, fd, &peer);
    }
    close(fd);
}

static enum ch_code bind_control(int fd, const struct sockaddr_un *address, struct ch_err *err)
{
    unlink(address->sun_path);   /* a former one's: we hold the lock */
    mode_t before = umask(0111); /* everybody may ask; who may what is the keeper's to say */
    int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
    int errnum = errno;
    umask(before);
    if (rc != 0 || listen(fd, 64) != 0) {
        return ch_fail_errno(err, rc != 0 ? errnum : errno, "%s", address->sun_path);
    }
    return CH_OK;
}

enum ch_code control_open(struct supervisor *sup, struct ch_err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum ch_code fits = site_check_folder(sup->folder, err);
    if (fits != CH_OK) {
        return fits;
    }
    char *path = site_path(sup->folder, SITE_CONTROL);
    memcpy(address.sun_path, path, strlen(path) + 1);
    free(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "control socket");
    }
    enum ch_code rc = bind_control(fd, &address, err);
    sup->control = (struct ch_watch){.fd = fd, .fn = on_connection};
    if (rc == CH_OK) {
        rc = ch_loop_watch(sup->loop, &sup->control, EPOLLIN, err);
    }
    if (rc != CH_OK) {
        close(fd);
        sup->control.fd = -1;
    }
    return rc;
}

void control_close(struct supervisor *sup)
{
    if (sup->control.fd >= 0) {
        ch_loop_unwatch(sup->loop, &sup->control);
        close(sup->control.fd);
        sup->control.fd = -1;
        char *path = site_path(sup->folder, SITE_CONTROL);
        unlink(path);
        free(path);
    }
    free(sup->control_users);
    sup->control_users = NULL;
}
