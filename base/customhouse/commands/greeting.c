#include "greeting.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/ecosystem.h"
#include "customhouse/log.h"
#include "base/customhouse/supervisor/supervisor_int.h"

/* A wildcard is nothing one can connect to; the machine's own name is not ours to guess. */
static struct ch_str shown_host(struct ch_str host)
{
    if (ch_str_eq(host, CH_STR("0.0.0.0"))) {
        return CH_STR("127.0.0.1");
    }
    return ch_str_eq(host, CH_STR("::")) ? CH_STR("::1") : host;
}

static void put_origin(const struct supervisor *sup, struct ch_buf *b)
{
    struct ch_setup_listener open[CH_SETUP_MAX_LISTENERS];
    size_t count = listening_told(sup, open);
    char *origin = ch_config_origin(sup->site.config, open, count);
    const struct listening *l = &sup->listening[0];
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    ch_buf_puts(b, ch_str_of(origin));
    free(origin);
    if (b->len > 0) {
        return;
    }
    CH_ASSERT(ch_place_split(ch_str_of(l->address), &host, &port));
    host = shown_host(host);
    bool v6 = ch_str_find_char(host, ':', NULL);
    ch_buf_printf(b, v6 ? "%s://[%.*s]:%u" : "%s://%.*s:%u", l->tls ? "https" : "http",
                  CH_STR_ARG(host), port);
}

void greet(const struct supervisor *sup)
{
    const struct ch_config *c = sup->site.config;
    struct ch_buf origin;
    struct ch_buf text;
    ch_buf_init(&origin, 1024);
    ch_buf_init(&text, 65536);
    put_origin(sup, &origin);
    for (size_t i = 0; i < c->repository_count; i++) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(c->repositories[i].ecosystem));
        if (eco != NULL) {
            eco->usage_line(ch_buf_str(&origin), ch_str_of(c->repositories[i].name), &text);
            ch_buf_putc(&text, '\n');
        }
    }
    struct ch_str addresses[CH_SETUP_MAX_LISTENERS];
    for (size_t i = 0; i < sup->listening_count; i++) {
        addresses[i] = ch_str_of(sup->listening[i].address);
    }
    ch_config_anonymous_put(&text, c, addresses, sup->listening_count);
    if (sup->admin.address != NULL) {
        ch_buf_printf(&text, "administration: %s://%s/api/v1/\n", sup->admin.tls ? "https" : "http",
                      sup->admin.address);
    } else if (sup->admin_missing != NULL) {
        ch_buf_printf(&text,
                      "warning: there is no administrative interface: %s; admin: address: in the "
                      "configuration names another, enabled: false does without\n",
                      sup->admin_missing);
    }
    ch_buf_printf(&text, "configuration: %s\npolicy: %s\n", sup->site.config_name,
                  sup->site.policy_name);
    ch_log_put("supervisor", STDOUT_FILENO, ch_buf_str(&text));
    ch_buf_done(&origin);
    ch_buf_done(&text);
}
