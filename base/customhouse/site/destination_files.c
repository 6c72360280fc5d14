#include "destination_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/config/yaml.h"
#include "customhouse/base64.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"
#include "db/log/cosign.h"
#include "site.h"
#include "tls_files.h"

#define KEY_BYTES_MIN 24 /* Standard Webhooks, "Signature scheme" */
#define KEY_BYTES_MAX 64

struct reading {
    struct ch_yaml *yaml;          /* for where a key stands */
    const struct ch_yaml_node *at; /* the destination */
    enum ch_destination_kind kind;
    const struct ch_destination *d;
};

static enum ch_code fail_key(const struct reading *r, const char *key, struct ch_err *err,
                             const char *why)
{
    return ch_yaml_fail(r->yaml, ch_yaml_find(r->at, key), err, "%s", why);
}

static enum ch_code read_named(const struct reading *r, const char *key, const char *path,
                               struct ch_buf *ret, struct ch_err *err)
{
    struct ch_err why;
    if (site_read_file(path, ret, &why) != CH_OK) {
        return fail_key(r, key, err, why.msg);
    }
    return CH_OK;
}

/* A secret that others may read is none: better no service than that. */
static enum ch_code check_mode(const struct reading *r, const char *key, const char *path,
                               struct ch_err *err)
{
    struct stat st;
    struct ch_err why;
    if (stat(path, &st) != 0) {
        ch_fail_errno(&why, errno, "%s", path);
        return fail_key(r, key, err, why.msg);
    }
    if (!S_ISREG(st.st_mode)) {
        ch_fail(&why, CH_E_USAGE, "%s: expected a file", path);
        return fail_key(r, key, err, why.msg);
    }
    if ((st.st_mode & 077) != 0) {
        ch_fail(&why, CH_E_USAGE, "%s: others may read it (mode %04o), expected 0600: chmod 600",
                path, (unsigned)(st.st_mode & 07777));
        return fail_key(r, key, err, why.msg);
    }
    return CH_OK;
}

static bool is_webhook_key(struct ch_str secret)
{
    static const struct ch_str prefix = {"whsec_", 6};
    struct ch_buf key;
    ch_buf_init(&key, KEY_BYTES_MAX + 3);
    bool good = ch_str_starts(secret, prefix) &&
                ch_base64_strict(ch_str_sub(secret, prefix.len, secret.len), &key) &&
                key.len >= KEY_BYTES_MIN && key.len <= KEY_BYTES_MAX;
    ch_buf_done(&key);
    return good;
}

static bool is_one_line(struct ch_str secret)
{
    for (size_t i = 0; i < secret.len; i++) {
        if ((unsigned char)secret.ptr[i] < ' ' || secret.ptr[i] == 0x7f) {
            return false;
        }
    }
    return secret.len > 0;
}

/* The one line of a file that only its owner reads; *ret is a slice of `file`. */
static enum ch_code read_line(const struct reading *r, const char *key, const char *path,
                              struct ch_buf *file, struct ch_str *ret, struct ch_err *err)
{
    enum ch_code rc = check_mode(r, key, path, err);
    rc = rc == CH_OK ? read_named(r, key, path, file, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str line = ch_buf_str(file);
    while (ch_str_ends(line, CH_STR("\n")) || ch_str_ends(line, CH_STR("\r"))) {
        line.len--;
    }
    *ret = line;
    return CH_OK;
}

/* Never in the error: it is a secret. */
static enum ch_code read_url(const struct reading *r, struct ch_buf *file, struct ch_str *ret,
                             struct ch_err *err)
{
    struct ch_str url;
    struct ch_err why;
    enum ch_code rc = read_line(r, "url_file", r->d->url_file, file, &url, err);
    if (rc != CH_OK) {
        return rc;
    }
    const char *fault = !is_one_line(url) || url.len > ch_limits.url_bytes
                            ? "is not one line with a URL"
                            : ch_webhook_url_fault(url, r->d->proxy != NULL, true);
    if (fault != NULL) {
        ch_fail(&why, CH_E_USAGE, "%s:1: what it holds %s", r->d->url_file, fault);
        return fail_key(r, "url_file", err, why.msg);
    }
    *ret = url;
    return CH_OK;
}

static enum ch_code read_secret(const struct reading *r, struct ch_buf *file, struct ch_str *ret,
                                struct ch_err *err)
{
    struct ch_str secret;
    enum ch_code rc = read_line(r, "secret_file", r->d->secret_file, file, &secret, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (!is_one_line(secret) || secret.len > ch_limits.egress_secret_bytes) {
        return fail_key(r, "secret_file", err, "its file is not one line with the secret");
    }
    if (r->kind == CH_DESTINATION_WEBHOOK && !is_webhook_key(secret)) {
        return fail_key(r, "secret_file", err,
                        "its file does not hold whsec_ and base64 of 24 to 64 bytes");
    }
    *ret = secret;
    return CH_OK;
}

static enum ch_code read_ca(const struct reading *r, struct ch_buf *file, struct ch_str *ret,
                            struct ch_err *err)
{
    struct ch_err why;
    if (tls_files_read_authorities(r->d->ca_file, file, &why) != CH_OK) {
        return fail_key(r, "ca_file", err, why.msg);
    }
    *ret = ch_buf_str(file);
    return CH_OK;
}

/* Two that were one would count for two. */
static enum ch_code check_vkey(const struct reading *r, const struct ch_destination *all,
                               struct ch_err *err)
{
    struct ch_note_key key;
    struct ch_err why;
    if (ch_cosigner_get(ch_str_of(r->d->vkey), &key, &why) != CH_OK) {
        return fail_key(r, "vkey", err, why.msg);
    }
    for (const struct ch_destination *other = all; other < r->d; other++) {
        struct ch_note_key former;
        if (ch_cosigner_get(ch_str_of(other->vkey), &former, NULL) == CH_OK &&
            memcmp(former.public_key, key.public_key, sizeof(key.public_key)) == 0) {
            return fail_key(r, "vkey", err, "is the key of another witness already");
        }
    }
    return CH_OK;
}

/* Whatever makes the most of it: authorities do. */
static enum ch_code fail_size(const struct reading *r, struct ch_err *err)
{
    struct ch_err why;
    const char *path = r->d->ca_file != NULL ? r->d->ca_file : r->d->name;
    ch_fail(&why, CH_E_LIMIT,
            "%s: more than %llu bytes, with the files of the destinations before it", path,
            (unsigned long long)ch_limits.fetch_certificate_bytes);
    return fail_key(r, r->d->ca_file != NULL ? "ca_file" : "name", err, why.msg);
}

static enum ch_code read_one(const struct reading *r, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_destination_files files = {.kind = r->kind, .name = ch_str_of(r->d->name)};
    struct ch_buf secret = {0};
    struct ch_buf url = {0};
    struct ch_buf ca = {0};
    enum ch_code rc = r->d->url_file != NULL ? read_url(r, &url, &files.url, err) : CH_OK;
    if (rc == CH_OK && r->d->secret_file != NULL) {
        rc = read_secret(r, &secret, &files.secret, err);
    }
    if (rc == CH_OK && r->d->ca_file != NULL) {
        rc = read_ca(r, &ca, &files.ca_pem, err);
    }
    if (rc == CH_OK) {
        ch_destination_files_put(ret, &files);
        rc = ret->failed ? fail_size(r, err) : CH_OK;
    }
    site_secret_done(&secret);
    site_secret_done(&url);
    ch_buf_done(&ca);
    return rc;
}

enum ch_code destination_files_read(const struct ch_config *config, struct ch_str config_text,
                                    const char *config_name, struct ch_buf *ret, struct ch_err *err)
{
    struct reading r = {.yaml = NULL};
    enum ch_code rc = ch_yaml_parse(config_text, config_name, &r.yaml, err);
    ch_buf_init(ret, (size_t)ch_limits.fetch_certificate_bytes);
    for (unsigned kind = 0; rc == CH_OK && kind < CH_DESTINATION_KIND_COUNT; kind++) {
        size_t count = 0;
        const struct ch_destination *list = ch_config_destinations(config, kind, &count);
        const struct ch_yaml_node *node =
            ch_yaml_find(ch_yaml_root(r.yaml), ch_destination_kind_name(kind));
        r.kind = kind;
        for (size_t i = 0; rc == CH_OK && i < count; i++) {
            r.at = ch_yaml_item(node, i);
            r.d = &list[i];
            rc = kind == CH_DESTINATION_WITNESS ? check_vkey(&r, list, err) : CH_OK;
            rc = rc == CH_OK ? read_one(&r, ret, err) : rc;
        }
    }
    ch_yaml_free(r.yaml);
    if (rc != CH_OK) {
        ch_buf_done(ret);
    }
    return rc;
}
