#include "greeting.h"

#include <stdio.h>

#include "base/config/place.h"
#include "supervisor_int.h"

/* A wildcard is nothing one can connect to; the machine's own name is not ours to guess. */
static struct ch_str shown_host(struct ch_str host)
{
    if (ch_str_eq(host, CH_STR("0.0.0.0"))) {
        return CH_STR("127.0.0.1");
    }
    return ch_str_eq(host, CH_STR("::")) ? CH_STR("::1") : host;
}

static void put_base(const struct supervisor *sup, struct ch_buf *b, bool *ret_trusted)
{
    const struct ch_config *c = sup->site.config;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    const struct listening *l = &sup->listening[0];
    if (c->public_url != NULL) {
        ch_buf_puts(b, ch_str_of(c->public_url));
        return;
    }
    CH_ASSERT(ch_place_split(ch_str_of(l->address), &host, &port));
    host = shown_host(host);
    bool v6 = ch_str_find_char(host, ':', NULL);
    ch_buf_printf(b, v6 ? "%s://[%.*s]:%u" : "%s://%.*s:%u", l->tls ? "https" : "http",
                  CH_STR_ARG(host), port);
    *ret_trusted = l->tls || ch_place_is_loopback(host);
}

void greet(const struct supervisor *sup)
{
    const struct ch_config *c = sup->site.config;
    struct ch_buf base;
    bool trusted = true; /* by pip, without being told so */
    ch_buf_init(&base, 1024);
    put_base(sup, &base, &trusted);
    for (size_t i = 0; i < c->repository_count; i++) {
        const struct ch_repository *r = &c->repositories[i];
        if (ch_str_eq(ch_str_of(r->ecosystem), CH_STR("pypi"))) {
            struct ch_str host = {NULL, 0};
            uint16_t port = 0;
            printf("pip install --index-url %.*s/%s/simple/", CH_STR_ARG(ch_buf_str(&base)),
                   r->name);
            if (!trusted && ch_place_split(ch_str_of(sup->listening[0].address), &host, &port)) {
                printf(" --trusted-host %.*s", CH_STR_ARG(host));
            }
            printf(" PACKAGE\n");
        } else {
            printf("%.*s/%s/ (%s)\n", CH_STR_ARG(ch_buf_str(&base)), r->name, r->ecosystem);
        }
    }
    printf("configuration: %s\npolicy: %s\n", sup->site.config_name, sup->site.policy_name);
    fflush(stdout);
    ch_buf_done(&base);
}
