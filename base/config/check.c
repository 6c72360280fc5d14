#include "base/config/config_int.h"

#include "base/config/place.h"
#include "base/config/schema.h"
#include "customhouse/message.h"

static const struct ch_yaml_node *key_of(const struct ch_yaml *yaml, const char *list, size_t index,
                                         const char *key)
{
    return ch_yaml_find(ch_yaml_item(ch_yaml_find(ch_yaml_root(yaml), list), index), key);
}

static enum ch_code check_listen(const struct ch_config *c, size_t i, const struct ch_yaml *yaml,
                                 struct ch_err *err)
{
    const struct ch_listen *l = &c->listen[i];
    const struct ch_yaml_node *at = key_of(yaml, "listen", i, "address");
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    CH_ASSERT(ch_place_split(ch_str_of(l->address), &host, &port)); /* read_text has seen to it */
    for (size_t k = 0; k < i; k++) {
        if (port != 0 && ch_str_eq(ch_str_of(c->listen[k].address), ch_str_of(l->address))) {
            return ch_yaml_fail_value(yaml, at, err, "is given twice");
        }
    }
    if ((l->tls_certificate == NULL) != (l->tls_key == NULL)) {
        return ch_yaml_fail(yaml, at, err,
                            "tls_certificate and tls_key go together; only one of them is given");
    }
    if (l->tls_certificate == NULL && !c->insecure_http && !ch_place_is_loopback(host)) {
        return ch_yaml_fail_value(yaml, at, err,
                                  "is not loopback: give tls_certificate and tls_key, or set "
                                  "insecure_http: true");
    }
    return CH_OK;
}

/* Administration over an open network in the clear is not to be had. */
static enum ch_code check_admin(const struct ch_config *c, const struct ch_yaml *yaml,
                                struct ch_err *err)
{
    const struct ch_yaml_node *admin = ch_yaml_find(ch_yaml_root(yaml), "admin");
    const struct ch_yaml_node *at = admin != NULL ? ch_yaml_find(admin, "address") : NULL;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if ((c->admin_tls_certificate == NULL) != (c->admin_tls_key == NULL)) {
        return ch_yaml_fail(yaml, at != NULL ? at : admin, err,
                            "tls_certificate and tls_key go together; only one of them is given");
    }
    if (c->admin_address == NULL) {
        return CH_OK;
    }
    CH_ASSERT(ch_place_split(ch_str_of(c->admin_address), &host, &port));
    for (size_t i = 0; port != 0 && i < c->listen_count; i++) {
        if (ch_str_eq(ch_str_of(c->listen[i].address), ch_str_of(c->admin_address))) {
            return ch_yaml_fail_value(yaml, at, err,
                                      "is an address of listen, where clients connect");
        }
    }
    if (c->admin_tls_certificate == NULL && !ch_place_is_loopback(host)) {
        return ch_yaml_fail_value(yaml, at, err,
                                  "is not loopback: give tls_certificate and tls_key");
    }
    return CH_OK;
}

/* It answers nobody but whom client_ca and client_name say, so there is no half of it (T25). */
static enum ch_code check_admission(const struct ch_config *c, const struct ch_yaml *yaml,
                                    struct ch_err *err)
{
    const struct ch_yaml_node *section = ch_yaml_find(ch_yaml_root(yaml), "admission");
    const struct ch_yaml_node *at = section != NULL ? ch_yaml_find(section, "address") : NULL;
    const struct {
        const char *key, *value;
    } needed[] = {{"tls_certificate", c->admission_tls_certificate},
                  {"tls_key", c->admission_tls_key},
                  {"client_ca", c->admission_client_ca},
                  {"client_name", c->admission_client_name}};
    for (size_t i = 0; i < CH_ARRAY_LEN(needed); i++) {
        if ((c->admission_address == NULL) != (needed[i].value == NULL)) {
            return ch_yaml_fail(yaml, at != NULL ? at : section, err,
                                "address, tls_certificate, tls_key, client_ca and client_name go "
                                "together; %s is %s",
                                needed[i].key, needed[i].value == NULL ? "missing" : "given alone");
        }
    }
    for (size_t i = 0; c->admission_address != NULL && i < c->listen_count; i++) {
        if (ch_str_eq(ch_str_of(c->listen[i].address), ch_str_of(c->admission_address))) {
            return ch_yaml_fail_value(yaml, at, err,
                                      "is an address of listen, where clients connect");
        }
    }
    for (size_t i = 0; i < c->admission_namespace_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (ch_str_eq(ch_str_of(c->admission_namespaces[i].name),
                          ch_str_of(c->admission_namespaces[j].name))) {
                return ch_yaml_fail(yaml, ch_yaml_find(section, "namespaces"), err,
                                    "%s is listed twice", c->admission_namespaces[i].name);
            }
        }
    }
    return CH_OK;
}

static enum ch_code check_upstream(const struct ch_config *c, size_t i, const struct ch_yaml *yaml,
                                   struct ch_err *err)
{
    struct ch_str name = ch_str_of(c->upstreams[i].name);
    if (ch_config_upstream(c, name) != &c->upstreams[i]) {
        return ch_yaml_fail_value(yaml, key_of(yaml, "upstreams", i, "name"), err,
                                  "is the name of another upstream already");
    }
    return CH_OK;
}

static enum ch_code check_repository_upstream(const struct ch_config *c,
                                              const struct ch_repository *r, size_t place,
                                              const struct ch_yaml_node *at,
                                              const struct ch_yaml *yaml, struct ch_err *err)
{
    const struct ch_upstream *u = ch_config_upstream(c, ch_str_of(r->upstreams[place]));
    if (u == NULL) {
        return ch_yaml_fail_value(yaml, at, err, "is the name of no entry of upstreams");
    }
    if (!ch_str_eq(ch_str_of(u->ecosystem), ch_str_of(r->ecosystem))) {
        return ch_yaml_fail_value(yaml, at, err,
                                  "is an upstream of ecosystem %s, but the repository is of %s",
                                  u->ecosystem, r->ecosystem);
    }
    return CH_OK;
}

static enum ch_code check_repository(const struct ch_config *c, size_t i,
                                     const struct ch_yaml *yaml, struct ch_err *err)
{
    const struct ch_repository *r = &c->repositories[i];
    const struct ch_yaml_node *at = key_of(yaml, "repositories", i, "name");
    struct ch_str name = ch_str_of(r->name);
    for (size_t k = 0; ch_schema_reserved[k] != NULL; k++) {
        if (ch_str_eq(name, ch_str_of(ch_schema_reserved[k]))) {
            return ch_yaml_fail_value(yaml, at, err,
                                      "is reserved: its paths mean something else; choose another");
        }
    }
    if (ch_config_repository(c, name) != r) {
        return ch_yaml_fail_value(yaml, at, err, "is the name of another repository already");
    }
    const struct ch_yaml_node *list = key_of(yaml, "repositories", i, "upstreams");
    enum ch_code rc = CH_OK;
    for (size_t k = 0; k < r->upstream_count && rc == CH_OK; k++) {
        rc = check_repository_upstream(c, r, k, ch_yaml_item(list, k), yaml, err);
    }
    return rc;
}

static enum ch_code check_approver(const struct ch_config *c, const struct ch_yaml *yaml,
                                   struct ch_err *err)
{
    const struct ch_yaml_node *at = ch_yaml_find(ch_yaml_root(yaml), "approver_uid");
    if (c->approver_uid != 0 && c->approver == NULL) {
        return ch_yaml_fail_value(yaml, at, err, "is nobody's: approver names none");
    }
    return c->approver_uid == CH_UID_OVERFLOW
               ? ch_yaml_fail_value(yaml, at, err,
                                    "is what the kernel shows for users that it cannot name")
               : CH_OK;
}

enum ch_code ch_config_check(const struct ch_config *config, const struct ch_yaml *yaml,
                             struct ch_err *err)
{
    enum ch_code rc = check_approver(config, yaml, err);
    if (rc == CH_OK && config->listen_count > CH_SETUP_MAX_LISTENERS) {
        rc = ch_yaml_fail(yaml, ch_yaml_find(ch_yaml_root(yaml), "listen"), err,
                          "has more than %d entries", CH_SETUP_MAX_LISTENERS);
    }
    for (size_t i = 0; i < config->listen_count && rc == CH_OK; i++) {
        rc = check_listen(config, i, yaml, err);
    }
    rc = rc == CH_OK ? check_admin(config, yaml, err) : rc;
    rc = rc == CH_OK ? check_admission(config, yaml, err) : rc;
    rc = rc == CH_OK ? ch_config_check_egress(config, yaml, err) : rc;
    for (size_t i = 0; i < config->upstream_count && rc == CH_OK; i++) {
        rc = check_upstream(config, i, yaml, err);
    }
    if (rc == CH_OK && config->repository_count > CH_REPOSITORIES_MAX) {
        rc = ch_yaml_fail(yaml, ch_yaml_find(ch_yaml_root(yaml), "repositories"), err,
                          "has more than %d entries", CH_REPOSITORIES_MAX);
    }
    for (size_t i = 0; i < config->repository_count && rc == CH_OK; i++) {
        rc = check_repository(config, i, yaml, err);
    }
    return rc;
}
