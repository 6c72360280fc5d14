/* gateway: answers clients. It opens the tree of served files while it still may, and then listens.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/log.h"
#include "gateway.h"
#include "proxy/front/descriptors.h"
#include "proxy/front/process.h"

struct process {
    struct gw *gw;
    int served_fd;
    int audit_fd;
    uint32_t room; /* connections that there are descriptors for */
};

static uint32_t connections_of(const struct process *p, const struct ch_config *config)
{
    uint64_t wanted = config->connections > 0 ? config->connections : ch_limits.http_connections;
    if (wanted <= p->room) {
        return (uint32_t)wanted;
    }
    ch_log("gateway",
           "gateway event=descriptors what=\"connections.max\" why=\"%llu wanted, the limit of "
           "descriptors (RLIMIT_NOFILE) leaves %u\"",
           (unsigned long long)wanted, p->room);
    return p->room;
}

static enum ch_code open_folder(const struct ch_child *child, const char *name, int *ret_fd,
                                struct ch_err *err)
{
    struct ch_buf path;
    ch_buf_init(&path, ch_limits.text_bytes);
    ch_buf_puts(&path, child->setup.state_dir);
    ch_buf_printf(&path, "/%s%c", name, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    if (rc == CH_OK) {
        *ret_fd = open(path.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
        rc = *ret_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "%s", path.ptr);
    }
    ch_buf_done(&path);
    return rc;
}

static void on_drained(void *child)
{
    front_drained(child);
}

static void on_keeper_lost(void *child)
{
    ch_child_lost_keeper(child);
}

static enum ch_code make(void *owner, struct ch_child *child, struct ch_err *err)
{
    struct process *p = owner;
    const struct ch_config *config = child->config;
    ch_limits.gateway_files = front_room_for_files(ch_limits.gateway_files);
    p->room = front_room_for_connections(ch_limits.gateway_files);
    ch_limits.http_connections = connections_of(p, config);
    if (config->connections_per_address > 0) {
        ch_limits.http_connections_per_address = config->connections_per_address;
    }
    enum ch_code rc = open_folder(child, "served", &p->served_fd, err);
    rc = rc == CH_OK ? open_folder(child, "audit/public", &p->audit_fd, err) : rc;
    return rc != CH_OK ? rc
                       : gw_new(
                             &(struct gw_options){
                                 .loop = child->loop,
                                 .config = config,
                                 .listeners = child->setup.listener,
                                 .listener_count = child->setup.listener_count,
                                 .epoch = child->epoch,
                                 .metrics = child->metrics,
                                 .instance = child->setup.instance,
                                 .access_log_fd = child->access_log_fd,
                                 .served_fd = p->served_fd,
                                 .audit_fd = p->audit_fd,
                                 .instance_id = child->setup.instance_id,
                                 .on_drained = on_drained,
                                 .on_keeper_lost = on_keeper_lost,
                                 .owner = child,
                             },
                             &p->gw, err);
}

static struct ch_http_server *server(void *owner)
{
    return gw_server(((struct process *)owner)->gw);
}

static void configure(void *owner, const struct ch_config *config)
{
    struct process *p = owner;
    gw_configure(p->gw, config);
    ch_http_server_set_connections(gw_server(p->gw), connections_of(p, config),
                                   config->connections_per_address);
}

static void set_keeper(void *owner, int fd)
{
    gw_set_keeper(((struct process *)owner)->gw, fd);
}

static void drain(void *owner)
{
    gw_drain(((struct process *)owner)->gw);
}

static void done(void *owner)
{
    struct process *p = owner;
    gw_free(p->gw);
    if (p->served_fd >= 0) {
        close(p->served_fd);
    }
    if (p->audit_fd >= 0) {
        close(p->audit_fd);
    }
}

int main(void)
{
    static const struct front_service service = {
        .role = CH_ROLE_GATEWAY,
        .listen_key = "listen",
        .make = make,
        .server = server,
        .configure = configure,
        .set_keeper = set_keeper,
        .drain = drain,
        .free = done,
        .loopback_mark = GW_MARK_LOOPBACK,
    };
    struct process p = {.served_fd = -1, .audit_fd = -1};
    return front_run(&service, &p);
}
