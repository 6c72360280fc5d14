#include "scanner/eco/oci/image_config.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/eco/oci/manifest_int.h"

struct reading {
    struct ch_oci_image_config *c;
    size_t cap;
};

static const struct ch_str whole = {NULL, 0};

/* Docker's own members, too: its daemon writes and reads them. */
static const char *const root_keys[] = {
    "architecture", "os",      "os.version", "os.features",      "variant", "config",  "rootfs",
    "history",      "created", "author",     "container_config", "parent",  "comment", NULL};
static const char *const config_keys[] = {
    "User",        "ExposedPorts", "Env",        "Entrypoint", "Cmd",        "Volumes",
    "WorkingDir",  "Labels",       "StopSignal", "Memory",     "MemorySwap", "CpuShares",
    "Healthcheck", "ArgsEscaped",  "OnBuild",    "Shell",      NULL};
static const char *const healthcheck_keys[] = {
    "Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries", NULL};
static const char *const rootfs_keys[] = {"type", "diff_ids", NULL};
static const char *const history_keys[] = {"created", "author",      "created_by",
                                           "comment", "empty_layer", NULL};

static enum ch_code get_text(const struct ch_json *at, const char *key, bool needed,
                             struct ch_str *ret, struct ch_err *err)
{
    struct ch_json v;
    enum ch_code rc = ch_json_get(at, key, JSON_STRING, needed, &v, err);
    if (rc == CH_OK && v.value != NULL) {
        *ret = ch_json_str(v);
    }
    return rc;
}

static enum ch_code check_count(struct ch_json list, size_t count, struct ch_err *err)
{
    return count <= ch_limits.oci_config_items ? CH_OK
                                               : ch_json_fail(list, err, "more items than allowed");
}

static void keep_text(struct reading *r, const char *where, struct ch_str name, struct ch_str text)
{
    struct ch_oci_image_config *c = r->c;
    if (c->text_count == r->cap) {
        r->cap = r->cap > 0 ? 2 * r->cap : 32;
        c->texts = ch_realloc_array(c->texts, r->cap, sizeof(*c->texts));
    }
    c->texts[c->text_count++] = (struct ch_oci_text){where, name, text};
}

/* ------------------------------------------------------------------ how it runs */

static enum ch_code keep_list(struct reading *r, struct ch_json config, const char *key,
                              const char *where, struct ch_err *err)
{
    struct ch_json list;
    struct ch_json item;
    enum ch_code rc = ch_json_member(config, key, JSON_ARRAY, &list, err);
    size_t count = rc == CH_OK && list.value != NULL ? json_array_size(list.value) : 0;
    rc = rc == CH_OK ? check_count(list, count, err) : rc;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_json_item(list, i, JSON_STRING, &item, err);
        if (rc == CH_OK) {
            keep_text(r, where, (struct ch_str){NULL, 0}, ch_json_str(item));
        }
    }
    return rc;
}

static enum ch_code keep_labels(struct reading *r, struct ch_json config, const char *where,
                                struct ch_err *err)
{
    struct ch_json labels;
    struct ch_json label;
    void *walk = NULL;
    enum ch_code rc = ch_json_member(config, "Labels", JSON_OBJECT, &labels, err);
    if (rc != CH_OK || labels.value == NULL) {
        return rc;
    }
    rc = check_count(labels, json_object_size(labels.value), err);
    while (rc == CH_OK && ch_json_next(&labels, &walk, &label)) {
        if (json_is_string(label.value)) {
            keep_text(r, where, ch_str_of(label.key), ch_json_str(label));
        } else {
            rc = ch_json_fail(label, err, "expected a string");
        }
    }
    return rc;
}

/* "USER[:GROUP]"; what Go's Atoi takes for 0 is root, too: any number of zeros, with a sign or not.
 */
static bool is_root(struct ch_str user)
{
    struct ch_str name;
    if (!ch_str_split(&user, ':', &name) || name.len == 0 || ch_str_eq(name, CH_STR("root"))) {
        return true;
    }
    size_t first = (name.ptr[0] == '+' || name.ptr[0] == '-') && name.len > 1;
    for (size_t i = first; i < name.len; i++) {
        if (name.ptr[i] != '0') {
            return false;
        }
    }
    return true;
}

/* Texts of the configuration, or of that of the container which it was made in. */
static enum ch_code keep_texts(struct reading *r, struct ch_json config, bool container,
                               struct ch_err *err)
{
    static const struct {
        const char *key;
        const char *where[2];
    } lists[] = {{"Env", {"config.Env", "container_config.Env"}},
                 {"Entrypoint", {"config.Entrypoint", "container_config.Entrypoint"}},
                 {"Cmd", {"config.Cmd", "container_config.Cmd"}},
                 {"OnBuild", {"config.OnBuild", "container_config.OnBuild"}}};
    static const char *const of_health[] = {"config.Healthcheck", "container_config.Healthcheck"};
    static const char *const of_labels[] = {"config.Labels", "container_config.Labels"};
    struct ch_json health;
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < sizeof(lists) / sizeof(lists[0]); i++) {
        rc = keep_list(r, config, lists[i].key, lists[i].where[container], err);
    }
    rc = rc == CH_OK ? ch_json_member(config, "Healthcheck", JSON_OBJECT, &health, err) : rc;
    if (rc == CH_OK && health.value != NULL) {
        rc = ch_oci_check_keys(&health, healthcheck_keys, err);
        rc = rc == CH_OK ? keep_list(r, health, "Test", of_health[container], err) : rc;
    }
    return rc == CH_OK ? keep_labels(r, config, of_labels[container], err) : rc;
}

static enum ch_code read_config(struct reading *r, struct ch_json root, struct ch_err *err)
{
    struct ch_json config;
    enum ch_code rc = ch_json_member(root, "config", JSON_OBJECT, &config, err);
    if (rc != CH_OK || config.value == NULL) {
        return rc;
    }
    rc = ch_oci_check_keys(&config, config_keys, err);
    rc = rc == CH_OK ? get_text(&config, "User", false, &r->c->user, err) : rc;
    return rc == CH_OK ? keep_texts(r, config, false, err) : rc;
}

/* Docker's older builders leave it there, arguments of the build included. */
static enum ch_code read_container_config(struct reading *r, struct ch_json root,
                                          struct ch_err *err)
{
    struct ch_json config;
    enum ch_code rc = ch_json_member(root, "container_config", JSON_OBJECT, &config, err);
    return rc == CH_OK && config.value != NULL ? keep_texts(r, config, true, err) : rc;
}

/* ------------------------------------------------------------------ what it is made of */

static enum ch_code read_rootfs(struct reading *r, struct ch_json root, size_t layers,
                                struct ch_err *err)
{
    struct ch_json rootfs;
    struct ch_json type;
    struct ch_json list;
    struct ch_json item;
    struct ch_err why;
    struct ch_oci_image_config *c = r->c;
    enum ch_code rc = ch_json_need(root, "rootfs", JSON_OBJECT, &rootfs, err);
    rc = rc == CH_OK ? ch_oci_check_keys(&rootfs, rootfs_keys, err) : rc;
    rc = rc == CH_OK ? ch_json_need(rootfs, "type", JSON_STRING, &type, err) : rc;
    if (rc == CH_OK && !ch_str_eq(ch_json_str(type), CH_STR("layers"))) {
        rc = ch_json_fail(type, err, "expected \"layers\"");
    }
    rc = rc == CH_OK ? ch_json_need(rootfs, "diff_ids", JSON_ARRAY, &list, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    size_t count = json_array_size(list.value);
    if (layers != CH_OCI_LAYERS_UNKNOWN && count != layers) {
        return ch_fail(err, CH_E_MISMATCH, "rootfs.diff_ids: %zu layers, the manifest has %zu",
                       count, layers);
    }
    c->diff_ids = ch_calloc(count + 1, sizeof(*c->diff_ids));
    for (; rc == CH_OK && c->diff_id_count < count; c->diff_id_count++) {
        rc = ch_json_item(list, c->diff_id_count, JSON_STRING, &item, err);
        if (rc == CH_OK &&
            ch_oci_digest_parse(ch_json_str(item), &c->diff_ids[c->diff_id_count], &why) != CH_OK) {
            rc = ch_json_fail(item, err, "expected sha256 or sha512 and its digits in lower case");
        }
    }
    return rc;
}

static enum ch_code read_step(struct reading *r, struct ch_json step, size_t *layers,
                              struct ch_err *err)
{
    struct ch_json empty;
    struct ch_str text = {NULL, 0};
    enum ch_code rc = ch_oci_check_keys(&step, history_keys, err);
    rc = rc == CH_OK ? ch_json_member(step, "empty_layer", CH_JSON_ANY, &empty, err) : rc;
    if (rc == CH_OK && empty.value != NULL && !json_is_boolean(empty.value)) {
        rc = ch_json_fail(empty, err, "expected true or false");
    }
    rc = rc == CH_OK ? get_text(&step, "created_by", false, &text, err) : rc;
    if (rc == CH_OK) {
        *layers += !json_is_true(empty.value);
        if (text.len > 0) {
            keep_text(r, "history", (struct ch_str){NULL, 0}, text);
        }
        text = (struct ch_str){NULL, 0};
        rc = get_text(&step, "comment", false, &text, err);
    }
    if (rc == CH_OK && text.len > 0) {
        keep_text(r, "history", (struct ch_str){NULL, 0}, text);
    }
    return rc;
}

static enum ch_code read_history(struct reading *r, struct ch_json root, size_t *ret_layers,
                                 bool *ret_there, struct ch_err *err)
{
    struct ch_json list;
    struct ch_json step;
    enum ch_code rc = ch_json_member(root, "history", JSON_ARRAY, &list, err);
    size_t count = rc == CH_OK && list.value != NULL ? json_array_size(list.value) : 0;
    rc = rc == CH_OK ? check_count(list, count, err) : rc;
    *ret_there = count > 0;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        rc = ch_json_item(list, i, JSON_OBJECT, &step, err);
        rc = rc == CH_OK ? read_step(r, step, ret_layers, err) : rc;
    }
    return rc;
}

/* ------------------------------------------------------------------ the whole */

static enum ch_code read_root(struct reading *r, struct ch_json root, size_t layers,
                              struct ch_scan_writer *out, struct ch_err *err)
{
    struct ch_oci_image_config *c = r->c;
    size_t told = 0;
    bool there = false;
    enum ch_code rc = ch_oci_check_keys(&root, root_keys, err);
    rc = rc == CH_OK ? get_text(&root, "os", true, &c->os, err) : rc;
    rc = rc == CH_OK ? get_text(&root, "architecture", true, &c->architecture, err) : rc;
    rc = rc == CH_OK ? get_text(&root, "variant", false, &c->variant, err) : rc;
    rc = rc == CH_OK ? get_text(&root, "os.version", false, &c->os_version, err) : rc;
    rc = rc == CH_OK ? read_config(r, root, err) : rc;
    rc = rc == CH_OK ? read_container_config(r, root, err) : rc;
    rc = rc == CH_OK ? read_rootfs(r, root, layers, err) : rc;
    rc = rc == CH_OK ? read_history(r, root, &told, &there, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    c->runs_as_root = is_root(c->user);
    if (c->runs_as_root) {
        ch_scan_write_finding(out, CH_F_OCI_ROOT, whole, c->user);
    }
    if (there && told != c->diff_id_count) {
        struct ch_err text;
        ch_fail(&text, CH_E_MISMATCH, "of %zu layers, it has %zu", told, c->diff_id_count);
        ch_scan_write_finding(out, CH_F_OCI_HISTORY, whole, ch_str_of(text.msg));
    }
    return CH_OK;
}

bool ch_oci_image_config_read(struct ch_str bytes, size_t layers, struct ch_scan_writer *out,
                              struct ch_oci_image_config *ret)
{
    struct reading r = {.c = ret};
    struct ch_err err;
    json_t *doc = NULL;
    *ret = (struct ch_oci_image_config){.document = NULL};
    enum ch_code rc = bytes.len <= ch_limits.oci_config_bytes
                          ? ch_json_load(bytes, &doc, &err)
                          : ch_fail(&err, CH_E_LIMIT, "%zu bytes, at most %llu are read", bytes.len,
                                    (unsigned long long)ch_limits.oci_config_bytes);
    ret->document = doc;
    struct ch_json root = {.value = doc};
    if (rc == CH_OK && !json_is_object(doc)) {
        rc = ch_json_fail(root, &err, "expected an object");
    }
    rc = rc == CH_OK ? read_root(&r, root, layers, out, &err) : rc;
    if (rc != CH_OK) {
        ch_scan_write_finding(out, CH_F_OCI_CONFIG, whole, ch_str_of(err.msg));
        ch_oci_image_config_done(ret);
    }
    return rc == CH_OK;
}

void ch_oci_image_config_done(struct ch_oci_image_config *c)
{
    free(c->diff_ids);
    free(c->texts);
    json_decref(c->document);
    *c = (struct ch_oci_image_config){.document = NULL};
}
