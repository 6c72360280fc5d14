/* admission: what clusters ask, on the one address that it was given. */
#include "admission.h"
#include "customhouse/limits.h"
#include "proxy/front/descriptors.h"
#include "proxy/front/process.h"

static enum ch_code make(void *owner, struct ch_child *child, struct ch_err *err)
{
    struct admission **a = owner;
    const struct ch_setup *setup = &child->setup;
    if (setup->listener_count != 1 || setup->listener[0].client_ca_pem.len == 0) {
        return ch_fail(err, CH_E_USAGE,
                       "expected one address, and whose client certificates it takes");
    }
    uint32_t room = front_room_for_connections(0);
    ch_limits.http_connections =
        ch_limits.admission_connections < room ? ch_limits.admission_connections : room;
    ch_limits.http_connections_per_address = ch_limits.http_connections;
    struct front_site site = front_site_of(child);
    return admission_new(&site, a, err);
}

static struct ch_http_server *server(void *owner)
{
    return admission_server(*(struct admission **)owner);
}

static void configure(void *owner, const struct ch_config *config)
{
    admission_configure(*(struct admission **)owner, config);
}

static void set_keeper(void *owner, int fd)
{
    admission_set_keeper(*(struct admission **)owner, fd);
}

static void drain(void *owner)
{
    admission_drain(*(struct admission **)owner);
}

static void done(void *owner)
{
    admission_free(*(struct admission **)owner);
}

int main(void)
{
    static const struct front_service service = {
        .role = CH_ROLE_ADMISSION,
        .listen_key = "admission",
        .demands_clients = true,
        .make = make,
        .server = server,
        .configure = configure,
        .set_keeper = set_keeper,
        .drain = drain,
        .free = done,
    };
    struct admission *a = NULL;
    return front_run(&service, &a);
}
