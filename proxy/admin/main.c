/* admin: the administrative interface, on the one address it was given. */
#include "admin.h"
#include "customhouse/limits.h"
#include "proxy/front/descriptors.h"
#include "proxy/front/process.h"

static enum ch_code make(void *owner, struct ch_child *child, struct ch_err *err)
{
    struct admin **a = owner;
    const struct ch_setup *setup = &child->setup;
    if (setup->listener_count != 1) {
        return ch_fail(err, CH_E_USAGE, "%u addresses, expected one", setup->listener_count);
    }
    uint32_t room = front_room_for_connections(0);
    ch_limits.http_connections =
        ch_limits.admin_connections < room ? ch_limits.admin_connections : room;
    ch_limits.http_connections_per_address = ch_limits.admin_connections_per_address;
    struct front_site site = front_site_of(child);
    return admin_new(&site, a, err);
}

static struct ch_http_server *server(void *owner)
{
    return admin_server(*(struct admin **)owner);
}

static void configure(void *owner, const struct ch_config *config)
{
    admin_configure(*(struct admin **)owner, config);
}

static void set_keeper(void *owner, int fd)
{
    admin_set_keeper(*(struct admin **)owner, fd);
}

static void drain(void *owner)
{
    admin_drain(*(struct admin **)owner);
}

static void done(void *owner)
{
    admin_free(*(struct admin **)owner);
}

int main(void)
{
    static const struct front_service service = {
        .role = CH_ROLE_ADMIN,
        .listen_key = "admin",
        .make = make,
        .server = server,
        .configure = configure,
        .set_keeper = set_keeper,
        .drain = drain,
        .free = done,
    };
    struct admin *a = NULL;
    return front_run(&service, &a);
}
