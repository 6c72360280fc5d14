/* admin: the administrative interface. It starts as every process does, confines itself, and
 * listens on the one address it was given. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "admin.h"
#include "customhouse/child.h"

struct process {
    struct ch_child child;
    struct admin *admin;
    struct ch_http_tls *tls;    /* NULL: plain HTTP */
    struct ch_config *reloaded; /* the configuration in force after a reload, else NULL */
};

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct process *p = owner;
    (void)instance;
    if (role == CH_ROLE_KEEPER) {
        admin_set_keeper(p->admin, fd);
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
    if (rc == CH_OK && p->tls != NULL) {
        rc = ch_http_tls_reload(p->tls, texts->tls_certificate_pem, texts->tls_key_pem, err);
        if (rc != CH_OK) {
            ch_config_free(config);
        }
    }
    if (rc == CH_OK) {
        admin_configure(p->admin, config);
        ch_config_free(p->reloaded);
        p->reloaded = config;
    }
    return rc;
}

static void on_drain(void *owner)
{
    struct process *p = owner;
    admin_drain(p->admin);
    if (p->child.listener_fds[0] >= 0) { /* or the kernel takes connections that nobody answers */
        close(p->child.listener_fds[0]);
        p->child.listener_fds[0] = -1;
    }
}

static void on_drained(void *owner)
{
    struct process *p = owner;
    ch_loop_stop(p->child.loop);
}

static enum ch_code make(struct process *p, struct ch_err *err)
{
    const struct ch_setup *setup = &p->child.setup;
    if (setup->listener_count != 1) {
        return ch_fail(err, CH_E_USAGE, "%u addresses, expected one", setup->listener_count);
    }
    struct admin_options options = {
        .loop = p->child.loop,
        .config = p->child.config,
        .address = setup->listener[0].address,
        .access_log_fd = p->child.access_log_fd,
        .on_drained = on_drained,
        .owner = p,
    };
    enum ch_code rc = admin_new(&options, &p->admin, err);
    if (rc == CH_OK && setup->listener[0].tls) {
        rc = ch_http_tls_new(setup->tls_certificate_pem, setup->tls_key_pem, &p->tls, err);
    }
    return rc;
}

static enum ch_code run(struct process *p, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(CH_ROLE_ADMIN, &p->child, err);
    if (rc != CH_OK) {
        return rc;
    }
    p->child.owner = p;
    p->child.on_peer = on_peer;
    p->child.on_reload = on_reload;
    p->child.on_drain = on_drain;
    if ((rc = make(p, err)) != CH_OK || (rc = ch_child_confine(&p->child, err)) != CH_OK ||
        (rc = ch_http_server_listen(admin_server(p->admin), p->child.listener_fds[0], p->tls, 0,
                                    err)) != CH_OK) {
        return rc;
    }
    return ch_child_run(&p->child, err);
}

int main(void)
{
    struct process p = {0};
    struct ch_err err = {0};
    enum ch_code rc = run(&p, &err);
    if (rc != CH_OK) {
        fprintf(stderr, "admin: %s\n", err.msg);
    }
    admin_free(p.admin);
    ch_http_tls_free(p.tls);
    ch_config_free(p.reloaded);
    ch_child_done(&p.child);
    return rc == CH_OK ? 0 : 1;
}
