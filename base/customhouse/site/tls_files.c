/* The operator's own files, tried by the same code as in the process that uses them. */
#include "tls_files.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/config/yaml.h"
#include "customhouse/http.h"
#include "customhouse/limits.h"
#include "customhouse/message.h"

struct reading {
    struct ch_yaml *yaml;          /* for where a key stands */
    const struct ch_yaml_node *at; /* the map that has the key */
};

static enum ch_code fail_key(const struct reading *r, const char *key, struct ch_err *err,
                             const char *why)
{
    return ch_yaml_fail(r->yaml, ch_yaml_find(r->at, key), err, "%s", why);
}

static enum ch_code fail_file(const struct reading *r, const char *key, const char *path,
                              struct ch_err *err, const char *why)
{
    return ch_yaml_fail(r->yaml, ch_yaml_find(r->at, key), err, "%s: %s", path, why);
}

static enum ch_code read_named(const struct reading *r, const char *key, const char *path,
                               struct ch_buf *ret, struct ch_err *err)
{
    struct ch_err why;
    if (site_read_file(path, ret, &why) != CH_OK) {
        return fail_key(r, key, err, why.msg); /* it names the file */
    }
    return CH_OK;
}

/* --- what we show to clients --- */

static enum ch_code read_pair(const struct reading *r, const char *certificate, const char *key,
                              struct site_pair *ret, struct ch_err *err)
{
    struct ch_err why;
    bool in_key = false;
    enum ch_code rc = read_named(r, "tls_certificate", certificate, &ret->certificate, err);
    rc = rc == CH_OK ? read_named(r, "tls_key", key, &ret->key, err) : rc;
    if (rc == CH_OK && ch_http_tls_check(ch_buf_str(&ret->certificate), ch_buf_str(&ret->key),
                                         &in_key, &why) != CH_OK) {
        rc = fail_file(r, in_key ? "tls_key" : "tls_certificate", in_key ? key : certificate, err,
                       why.msg);
    }
    return rc;
}

/* --- what upstreams are met with --- */

/* Where a PEM begins at or after `from`; the end of the text: nowhere. */
static size_t find_begin(struct ch_str pem, size_t from)
{
    size_t at = 0;
    struct ch_str rest = ch_str_sub(pem, from, pem.len);
    return ch_str_find(rest, CH_STR("-----BEGIN "), &at) ? from + at : pem.len;
}

static enum ch_code fail_line(struct ch_str pem, size_t at, const char *why, struct ch_err *err)
{
    size_t line = 1;
    for (size_t i = 0; i < at; i++) {
        line += pem.ptr[i] == '\n';
    }
    return ch_fail(err, CH_E_FORMAT, "line %zu: %s", line, why);
}

/* One PEM, of any kind: keys and parameters stand beside certificates in some files. */
static bool is_readable(const char *name, const unsigned char *data, long len, size_t *count)
{
    const unsigned char *p = data;
    bool trusted = strcmp(name, PEM_STRING_X509_TRUSTED) == 0;
    if (!trusted && strcmp(name, PEM_STRING_X509) != 0 && strcmp(name, PEM_STRING_X509_OLD) != 0) {
        return true;
    }
    X509 *x = trusted ? d2i_X509_AUX(NULL, &p, len) : d2i_X509(NULL, &p, len);
    bool whole = x != NULL && p == data + len;
    X509_free(x);
    *count += whole;
    return whole;
}

enum ch_code tls_files_check_certificates(struct ch_str pem, struct ch_err *err)
{
    size_t count = 0, begin = pem.len;
    BIO *bio = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    bool good = true;
    while (bio != NULL && good) {
        char *name = NULL, *header = NULL;
        unsigned char *data = NULL;
        long len = 0;
        begin = find_begin(pem, pem.len - (size_t)BIO_pending(bio));
        if (begin == pem.len) {
            break;
        }
        good = PEM_read_bio(bio, &name, &header, &data, &len) == 1 &&
               is_readable(name, data, len, &count);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_free(data);
    }
    ERR_clear_error();
    BIO_free(bio);
    return !good        ? fail_line(pem, begin,
                                    "what begins here cannot be read: a certificate in "
                                           "PEM was expected",
                                    err)
           : count == 0 ? ch_fail(err, CH_E_FORMAT, "no certificate in it, PEM was expected")
                        : CH_OK;
}

/* Appends the certificates alone: keys and whatever else stands beside them are nothing that the
 * fetcher needs. */
static size_t put_certificates(struct ch_str pem, struct ch_buf *ret)
{
    size_t count = 0;
    BIO *in = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    BIO *out = BIO_new(BIO_s_mem());
    X509 *x;
    CH_ASSERT(out != NULL);
    while (in != NULL && (x = PEM_read_bio_X509_AUX(in, NULL, NULL, NULL)) != NULL) {
        CH_ASSERT(PEM_write_bio_X509_AUX(out, x) == 1);
        X509_free(x);
        count++;
    }
    char *text = NULL;
    long len = BIO_get_mem_data(out, &text);
    ch_buf_put(ret, text, (size_t)len);
    ERR_clear_error();
    BIO_free(in);
    BIO_free(out);
    return count;
}

static enum ch_code put_file(const char *path, struct ch_buf *ret, size_t *count,
                             struct ch_err *err)
{
    struct ch_buf pem = {0};
    enum ch_code rc = site_read_file_up_to(path, ch_limits.fetch_certificate_bytes, &pem, err);
    if (rc == CH_OK) {
        *count += put_certificates(ch_buf_str(&pem), ret);
    }
    site_secret_done(&pem); /* keys may stand beside them */
    return rc;
}

static enum ch_code put_folder(const char *path, struct ch_buf *ret, size_t *count,
                               struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    DIR *dir = opendir(path);
    const struct dirent *e;
    if (dir == NULL) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    while (rc == CH_OK && (e = readdir(dir)) != NULL) {
        struct stat st;
        char *file = site_path(path, e->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            rc = put_file(file, ret, count, err);
        }
        free(file);
    }
    closedir(dir);
    return rc;
}

enum ch_code tls_files_read_authorities(const char *path, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_buf pem = {0};
    struct ch_buf certificates;
    enum ch_code rc = site_read_file_up_to(path, ch_limits.fetch_certificate_bytes, &pem, err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_buf_init(&certificates, ch_limits.fetch_certificate_bytes);
    rc = tls_files_check_certificates(ch_buf_str(&pem), err);
    if (rc == CH_OK) {
        put_certificates(ch_buf_str(&pem), &certificates);
        rc = ch_buf_ok(&certificates, err);
    }
    site_secret_done(&pem); /* keys may stand beside them */
    if (rc != CH_OK) {
        ch_buf_done(&certificates);
        return ch_wrap(err, "%s", path);
    }
    *ret = certificates;
    return CH_OK;
}

/* A file, or a folder of files, which may have others in it. */
static enum ch_code read_ca(const struct reading *r, const char *path, struct ch_buf *ret,
                            struct ch_err *err)
{
    struct stat st;
    struct ch_err why;
    size_t count = 0;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        return tls_files_read_authorities(path, ret, &why) == CH_OK
                   ? CH_OK
                   : fail_key(r, "ca_file", err, why.msg);
    }
    ch_buf_init(ret, ch_limits.fetch_certificate_bytes);
    if (put_folder(path, ret, &count, &why) != CH_OK) {
        return fail_key(r, "ca_file", err, why.msg);
    }
    return count > 0
               ? CH_OK
               : fail_file(r, "ca_file", path, err,
                           "is a folder, and no file in it has a certificate: PEM was expected");
}

static enum ch_code read_client_ca(const struct reading *r, const char *path, struct ch_buf *ret,
                                   struct ch_err *err)
{
    struct ch_err why;
    return tls_files_read_authorities(path, ret, &why) == CH_OK
               ? CH_OK
               : fail_key(r, "client_ca", err, why.msg);
}

/* One file with certificate and key. */
static enum ch_code read_client(const struct reading *r, const char *path, struct ch_buf *ret,
                                struct ch_err *err)
{
    static const char key[] = "client_certificate";
    struct ch_err why;
    bool in_key = false;
    enum ch_code rc = read_named(r, key, path, ret, err);
    if (rc == CH_OK &&
        ch_http_tls_check(ch_buf_str(ret), ch_buf_str(ret), &in_key, &why) != CH_OK) {
        rc = fail_file(r, key, path, err, why.msg);
    }
    return rc;
}

/* Each file is read once, whoever names it: all upstreams that do work with the same. */
static enum ch_code add(const struct reading *r, struct site *s, bool client, const char *path,
                        struct ch_err *err)
{
    const char *key = client ? "client_certificate" : "ca_file";
    struct ch_upstream_file f = {.client = client, .path = ch_str_of(path)};
    struct ch_buf pem = {0};
    if (path == NULL ||
        ch_upstream_file_find(ch_buf_str(&s->upstream_files), client, f.path).len > 0) {
        return CH_OK;
    }
    enum ch_code rc = client ? read_client(r, path, &pem, err) : read_ca(r, path, &pem, err);
    if (rc == CH_OK) {
        f.pem = ch_buf_str(&pem);
        ch_upstream_file_put(&s->upstream_files, &f);
        rc = !pem.failed && !s->upstream_files.failed
                 ? CH_OK
                 : fail_file(r, key, path, err,
                             "with those before, that is more than is taken: 4 MiB together");
    }
    site_secret_done(&pem);
    return rc;
}

static enum ch_code read_upstream(const struct reading *r, struct site *s,
                                  const struct ch_upstream *u, struct ch_err *err)
{
    enum ch_code rc = add(r, s, false, u->ca_file, err);
    return rc == CH_OK ? add(r, s, true, u->client_certificate, err) : rc;
}

/* ------------------------------------------------------------------ are they valid now */

static bool same(const struct site_pair *a, const struct site_pair *b)
{
    return b != NULL && ch_str_eq(ch_buf_str(&a->certificate), ch_buf_str(&b->certificate));
}

/* Whichever address shows it now: one that is in force has nothing to lose. */
static bool is_shown(const struct site *in_force, const struct site_pair *pair)
{
    bool shown = in_force != NULL &&
                 (same(pair, &in_force->admin_pair) || same(pair, &in_force->admission_pair));
    for (size_t i = 0; in_force != NULL && i < in_force->pair_count; i++) {
        shown = shown || same(pair, &in_force->pairs[i]);
    }
    return shown;
}

static enum ch_code check_time(const struct reading *r, const struct site *in_force,
                               const struct site_pair *pair, const char *path, int64_t now_us,
                               struct ch_err *err)
{
    struct ch_err why;
    return pair->certificate.len == 0 || is_shown(in_force, pair) ||
                   ch_http_tls_check_time(ch_buf_str(&pair->certificate), now_us, &why) == CH_OK
               ? CH_OK
               : fail_file(r, "tls_certificate", path, err, why.msg);
}

enum ch_code tls_files_check_times(const struct site *s, const struct site *in_force,
                                   int64_t now_us, struct ch_err *err)
{
    const struct ch_config *c = s->config;
    struct reading r = {.yaml = NULL};
    enum ch_code rc = ch_yaml_parse(ch_buf_str(&s->config_text), s->config_name, &r.yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    const struct ch_yaml_node *root = ch_yaml_root(r.yaml);
    const struct ch_yaml_node *list = ch_yaml_find(root, "listen");
    r.at = list != NULL ? list->child : NULL;
    for (; rc == CH_OK && r.at != NULL; r.at = r.at->next) {
        rc = check_time(&r, in_force, &s->pairs[r.at->index],
                        c->listen[r.at->index].tls_certificate, now_us, err);
    }
    if (rc == CH_OK) {
        r.at = ch_yaml_find(root, "admin");
        rc = check_time(&r, in_force, &s->admin_pair, c->admin_tls_certificate, now_us, err);
    }
    if (rc == CH_OK) {
        r.at = ch_yaml_find(root, "admission");
        rc =
            check_time(&r, in_force, &s->admission_pair, c->admission_tls_certificate, now_us, err);
    }
    ch_yaml_free(r.yaml);
    return rc;
}

enum ch_code tls_files_read(struct site *s, struct ch_err *err)
{
    const struct ch_config *c = s->config;
    struct reading r = {.yaml = NULL};
    enum ch_code rc = ch_yaml_parse(ch_buf_str(&s->config_text), s->config_name, &r.yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    s->pairs = ch_calloc(c->listen_count, sizeof(*s->pairs));
    s->pair_count = c->listen_count;
    const struct ch_yaml_node *root = ch_yaml_root(r.yaml);
    const struct ch_yaml_node *list = ch_yaml_find(root, "listen");
    r.at = list != NULL ? list->child : NULL;
    for (; rc == CH_OK && r.at != NULL; r.at = r.at->next) {
        CH_ASSERT(r.at->index < c->listen_count);
        const struct ch_listen *l = &c->listen[r.at->index];
        if (l->tls_certificate != NULL) {
            rc = read_pair(&r, l->tls_certificate, l->tls_key, &s->pairs[r.at->index], err);
        }
    }
    if (rc == CH_OK && c->admin_tls_certificate != NULL) {
        r.at = ch_yaml_find(root, "admin");
        rc = read_pair(&r, c->admin_tls_certificate, c->admin_tls_key, &s->admin_pair, err);
    }
    if (rc == CH_OK && c->admission_address != NULL) {
        r.at = ch_yaml_find(root, "admission");
        rc = read_pair(&r, c->admission_tls_certificate, c->admission_tls_key, &s->admission_pair,
                       err);
        rc = rc == CH_OK ? read_client_ca(&r, c->admission_client_ca, &s->admission_client_ca, err)
                         : rc;
    }
    ch_buf_init(&s->upstream_files, ch_limits.fetch_certificate_bytes);
    list = ch_yaml_find(root, "upstreams");
    r.at = list != NULL ? list->child : NULL;
    for (; rc == CH_OK && r.at != NULL; r.at = r.at->next) {
        CH_ASSERT(r.at->index < c->upstream_count);
        rc = read_upstream(&r, s, &c->upstreams[r.at->index], err);
    }
    ch_yaml_free(r.yaml);
    return rc;
}
