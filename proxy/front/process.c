#include "process.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/config/yaml.h"
#include "customhouse/log.h"

struct process {
    const struct front_service *service;
    void *owner;
    struct ch_child child;
    struct ch_http_tls
        *tls[CH_SETUP_MAX_LISTENERS]; /* of each listener; NULL: it does not speak it */
    struct ch_config *reloaded;       /* the configuration in force after a reload, else NULL */
    /* tried, not in force; else NULL */
    struct ch_config *prepared;
    struct ch_http_tls *prepared_tls[CH_SETUP_MAX_LISTENERS];
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

static void on_abort(void *owner, struct ch_str why)
{
    struct process *p = owner;
    (void)why;
    ch_config_free(p->prepared);
    p->prepared = NULL;
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        ch_http_tls_free(p->prepared_tls[i]);
        p->prepared_tls[i] = NULL;
    }
}

/* The addresses change with the next start only: until then one that speaks TLS needs a
 * certificate. */
static enum ch_code fail_plain(struct process *p, const struct ch_setup *texts,
                               struct ch_str address, const char *name, struct ch_err *err)
{
    const struct ch_config *c = p->prepared;
    size_t place = 0;
    while (place < c->listen_count && !ch_str_eq(ch_str_of(c->listen[place].address), address)) {
        place++;
    }
    ch_fail(err, CH_E_USAGE,
            "%.*s speaks TLS until the next start: expected tls_certificate and tls_key",
            CH_STR_ARG(address));
    return ch_yaml_fail_in(texts->config_text, name, p->service->listen_key, place, err, err->msg);
}

static enum ch_code new_tls(const struct process *p, const struct ch_setup_listener *l,
                            struct ch_http_tls **ret, struct ch_err *err)
{
    enum ch_code rc = ch_http_tls_new(l->certificate_pem, l->key_pem, ret, err);
    return rc == CH_OK && p->service->demands_clients
               ? ch_http_tls_demand(*ret, l->client_ca_pem, l->client_name, err)
               : rc;
}

/* Each listener gets its own, also where others show the same. */
static enum ch_code prepare_tls(struct process *p, const struct ch_setup *texts, const char *name,
                                struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (texts->listener_count != p->child.setup.listener_count) {
        return ch_fail(err, CH_E_FORMAT, "supervisor: RELOAD with %u listeners instead of %u",
                       texts->listener_count, p->child.setup.listener_count);
    }
    for (uint32_t i = 0; rc == CH_OK && i < texts->listener_count; i++) {
        const struct ch_setup_listener *l = &texts->listener[i];
        if (p->tls[i] != NULL) {
            rc = l->certificate_pem.len == 0 ? fail_plain(p, texts, l->address, name, err)
                                             : new_tls(p, l, &p->prepared_tls[i], err);
        }
    }
    return rc;
}

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct process *p = owner;
    char *name = ch_str_dup(texts->config_name);
    enum ch_code rc = ch_config_parse(texts->config_text, name, &p->prepared, err);
    rc = rc == CH_OK ? prepare_tls(p, texts, name, err) : rc;
    free(name);
    if (rc != CH_OK) {
        on_abort(p, (struct ch_str){NULL, 0});
    }
    return rc;
}

static void on_commit(void *owner, const struct ch_setup *texts)
{
    struct process *p = owner;
    (void)texts;
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        if (p->prepared_tls[i] != NULL) {
            ch_http_tls_take(p->tls[i], p->prepared_tls[i]);
            p->prepared_tls[i] = NULL;
        }
    }
    p->service->configure(p->owner, p->prepared);
    ch_config_free(p->reloaded);
    p->reloaded = p->prepared;
    p->prepared = NULL;
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
    enum ch_code rc = CH_OK;
    for (uint32_t i = 0; rc == CH_OK && i < setup->listener_count; i++) {
        const struct ch_setup_listener *l = &setup->listener[i];
        if (l->tls) {
            rc = new_tls(p, l, &p->tls[i], err);
        } else if (p->service->demands_clients) {
            rc = ch_fail(err, CH_E_USAGE, "%.*s: expected one that speaks TLS",
                         CH_STR_ARG(l->address));
        }
    }
    return rc;
}

static enum ch_code listen_all(struct process *p, struct ch_err *err)
{
    const struct ch_setup *setup = &p->child.setup;
    struct ch_http_server *server = p->service->server(p->owner);
    for (uint32_t i = 0; i < setup->listener_count; i++) {
        unsigned mark = ch_config_address_is_loopback(setup->listener[i].address)
                            ? p->service->loopback_mark
                            : 0;
        enum ch_code rc =
            ch_http_server_listen(server, p->child.listener_fds[i], p->tls[i], mark, err);
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
    p->child.on_prepare = on_prepare;
    p->child.on_commit = on_commit;
    p->child.on_abort = on_abort;
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
        ch_log(ch_role_name(service->role), "%s: %s", ch_role_name(service->role), err.msg);
    }
    service->free(owner);
    on_abort(&p, (struct ch_str){NULL, 0});
    for (size_t i = 0; i < CH_SETUP_MAX_LISTENERS; i++) {
        ch_http_tls_free(p.tls[i]);
    }
    ch_config_free(p.reloaded);
    ch_child_done(&p.child);
    return rc == CH_OK ? 0 : 1;
}
