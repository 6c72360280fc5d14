/* gateway: answers clients. It starts as every process does, opens the tree of served files while it
 * still may, confines itself, and then listens. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/child.h"
#include "customhouse/limits.h"
#include "gateway.h"

struct process {
    struct ch_child child;
    struct gw *gw;
    struct ch_http_tls *tls; /* NULL: no listener speaks it */
    struct ch_config *reloaded; /* the configuration in force after a reload, else NULL */
    int served_fd;
    int audit_fd;
};

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct process *p = owner;
    (void)instance;
    if (role == CH_ROLE_KEEPER) {
        gw_set_keeper(p->gw, fd);
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
    gw_configure(p->gw, config);
    ch_config_free(p->reloaded);
    p->reloaded = config;
    return CH_OK;
}

static void on_drain(void *owner)
{
    struct process *p = owner;
    gw_drain(p->gw);
    /* While a copy is open, the kernel takes connections that nobody would answer. */
    for (size_t i = 0; i < CH_ARRAY_LEN(p->child.listener_fds); i++) {
        if (p->child.listener_fds[i] >= 0) {
            close(p->child.listener_fds[i]);
            p->child.listener_fds[i] = -1;
        }
    }
}

static void on_drained(void *owner)
{
    struct process *p = owner;
    ch_loop_stop(p->child.loop);
}

static enum ch_code open_folder(struct process *p, const char *name, int *ret_fd,
                                struct ch_err *err)
{
    struct ch_buf path;
    ch_buf_init(&path, ch_limits.text_bytes);
    ch_buf_puts(&path, p->child.setup.state_dir);
    ch_buf_printf(&path, "/%s%c", name, '\0');
    enum ch_code rc = ch_buf_ok(&path, err);
    if (rc == CH_OK) {
        *ret_fd = open(path.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
        rc = *ret_fd >= 0 ? CH_OK : ch_fail_errno(err, errno, "%s", path.ptr);
    }
    ch_buf_done(&path);
    return rc;
}

static enum ch_code make_gateway(struct process *p, struct ch_err *err)
{
    const struct ch_config *config = p->child.config;
    if (config->connections > 0) {
        ch_limits.http_connections = config->connections;
    }
    if (config->connections_per_address > 0) {
        ch_limits.http_connections_per_address = config->connections_per_address;
    }
    return gw_new(&(struct gw_options){
                      .loop = p->child.loop,
                      .config = config,
                      .epoch = p->child.epoch,
                      .metrics = p->child.metrics,
                      .instance = p->child.setup.instance,
                      .access_log_fd = p->child.access_log_fd,
                      .served_fd = p->served_fd,
                      .audit_fd = p->audit_fd,
                      .instance_id = p->child.setup.instance_id,
                      .on_drained = on_drained,
                      .owner = p,
                  },
                  &p->gw, err);
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
    for (uint32_t i = 0; i < setup->listener_count; i++) {
        bool tls = setup->listener[i].tls;
        unsigned mark =
            ch_config_address_is_loopback(setup->listener[i].address) ? GW_MARK_LOOPBACK : 0;
        if (tls && p->tls == NULL) {
            return ch_fail(err, CH_E_USAGE, "%.*s: speaks TLS, but there is no certificate",
                           CH_STR_ARG(setup->listener[i].address));
        }
        enum ch_code rc = ch_http_server_listen(gw_server(p->gw), p->child.listener_fds[i],
                                                tls ? p->tls : NULL, mark, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

static enum ch_code run(struct process *p, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(CH_ROLE_GATEWAY, &p->child, err);
    if (rc != CH_OK) {
        return rc;
    }
    p->child.owner = p;
    p->child.on_peer = on_peer;
    p->child.on_reload = on_reload;
    p->child.on_drain = on_drain;
    if ((rc = open_folder(p, "served", &p->served_fd, err)) != CH_OK ||
        (rc = open_folder(p, "audit/public", &p->audit_fd, err)) != CH_OK ||
        (rc = make_gateway(p, err)) != CH_OK ||
        (rc = make_tls(p, err)) != CH_OK || (rc = ch_child_confine(&p->child, err)) != CH_OK ||
        (rc = listen_all(p, err)) != CH_OK) {
        return rc;
    }
    return ch_child_run(&p->child, err);
}

int main(void)
{
    struct process p = {.served_fd = -1, .audit_fd = -1};
    struct ch_err err = {0};
    enum ch_code rc = run(&p, &err);
    if (rc != CH_OK) {
        fprintf(stderr, "gateway: %s\n", err.msg);
    }
    gw_free(p.gw);
    ch_http_tls_free(p.tls);
    ch_config_free(p.reloaded);
    ch_child_done(&p.child);
    if (p.served_fd >= 0) {
        close(p.served_fd);
    }
    if (p.audit_fd >= 0) {
        close(p.audit_fd);
    }
    return rc == CH_OK ? 0 : 1;
}
