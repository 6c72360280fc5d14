#include "process.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct process {
    const struct front_service *service;
    void *owner;
    struct ch_child child;
    struct ch_http_tls *tls;    /* NULL: no listener speaks it */
    struct ch_config *reloaded; /* the configuration in force after a reload, else NULL */
};

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct process *p = owner;
    (void)instance;
    if (role == CH_ROLE_KEEPER) {
        p->service->set_keeper(p->owner, fd);
    } else {
        close(fd);
    }
}

static enum ch_code on_reload(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct process *p = owner;
    struct ch_config *config;
    char *name = ch_str_dup(texts->config_name);
    enum ch_code rc = ch_config_parse(texts->config_text, name, &config, err);
    free(name);
    if (rc != CH_OK) {
        return rc;
    }
    if (p->tls != NULL) {
        rc = ch_http_tls_reload(p->tls, texts->tls_certificate_pem, texts->tls_key_pem, err);
        if (rc != CH_OK) {
            ch_config_free(config);
            return rc;
        }
    }
    p->service->configure(p->owner, config);
    ch_config_free(p->reloaded);
    p->reloaded = config;
    return CH_OK;
}

static void on_drain(void *owner)
{
    struct process *p = owner;
    p->service->drain(p->owner);
    /* While a copy is open, the kernel takes connections that nobody would answer. */
    for (size_t i = 0; i < CH_ARRAY_LEN(p->child.listener_fds); i++) {
        if (p->child.listener_fds[i] >= 0) {
            close(p->child.listener_fds[i]);
            p->child.listener_fds[i] = -1;
        }
    }
}

void front_drained(struct ch_child *child)
{
    ch_loop_stop(child->loop);
}

static enum ch_code make_tls(struct process *p, struct ch_err *err)
{
    const struct ch_setup *setup = &p->child.setup;
    if (setup->tls_certificate_pem.len == 0) {
        return CH_OK;
    }
    return ch_http_tls_new(setup->tls_certificate_pem, setup->tls_key_pem, &p->tls, err);
}

static enum ch_code listen_all(struct process *p, struct ch_err *err)
{
    const struct ch_setup *setup = &p->child.setup;
    struct ch_http_server *server = p->service->server(p->owner);
    for (uint32_t i = 0; i < setup->listener_count; i++) {
        bool tls = setup->listener[i].tls;
        unsigned mark = ch_config_address_is_loopback(setup->listener[i].address)
                            ? p->service->loopback_mark
                            : 0;
        if (tls && p->tls == NULL) {
            return ch_fail(err, CH_E_USAGE, "%.*s: speaks TLS, but there is no certificate",
                           CH_STR_ARG(setup->listener[i].address));
        }
        enum ch_code rc =
            ch_http_server_listen(server, p->child.listener_fds[i], tls ? p->tls : NULL, mark, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

static enum ch_code run(struct process *p, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(p->service->role, &p->child, err);
    if (rc != CH_OK) {
        return rc;
    }
    p->child.owner = p;
    p->child.on_peer = on_peer;
    p->child.on_reload = on_reload;
    p->child.on_drain = on_drain;
    if ((rc = p->service->make(p->owner, &p->child, err)) != CH_OK ||
        (rc = make_tls(p, err)) != CH_OK || (rc = ch_child_confine(&p->child, err)) != CH_OK ||
        (rc = listen_all(p, err)) != CH_OK) {
        return rc;
    }
    return ch_child_run(&p->child, err);
}

int front_run(const struct front_service *service, void *owner)
{
    struct process p = {.service = service, .owner = owner};
    struct ch_err err = {0};
    enum ch_code rc = run(&p, &err);
    if (rc != CH_OK) {
        fprintf(stderr, "%s: %s\n", ch_role_name(service->role), err.msg);
    }
    service->free(owner);
    ch_http_tls_free(p.tls);
    ch_config_free(p.reloaded);
    ch_child_done(&p.child);
    return rc == CH_OK ? 0 : 1;
}
