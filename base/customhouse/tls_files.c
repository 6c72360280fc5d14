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
                              struct ch_buf *ret_certificate, struct ch_buf *ret_key,
                              struct ch_err *err)
{
    struct ch_err why;
    bool in_key = false;
    enum ch_code rc = read_named(r, "tls_certificate", certificate, ret_certificate, err);
    rc = rc == CH_OK ? read_named(r, "tls_key", key, ret_key, err) : rc;
    if (rc == CH_OK && ch_http_tls_check(ch_buf_str(ret_certificate), ch_buf_str(ret_key), &in_key,
                                         &why) != CH_OK) {
        rc = fail_file(r, in_key ? "tls_key" : "tls_certificate", in_key ? key : certificate, err,
                       why.msg);
    }
    return rc;
}

static void done_secret(struct ch_buf *b)
{
    if (b->ptr != NULL) {
        explicit_bzero(b->ptr, b->len);
    }
    ch_buf_done(b);
}

/* All that speak TLS show one certificate: another one would be nowhere. */
static enum ch_code read_listen(struct reading *r, struct site *s, const struct ch_listen *l,
                                struct ch_err *err)
{
    struct ch_buf certificate = {0};
    struct ch_buf key = {0};
    if (l->tls_certificate == NULL) {
        return CH_OK;
    }
    if (s->tls_certificate.ptr == NULL) {
        return read_pair(r, l->tls_certificate, l->tls_key, &s->tls_certificate, &s->tls_key, err);
    }
    enum ch_code rc = read_pair(r, l->tls_certificate, l->tls_key, &certificate, &key, err);
    if (rc == CH_OK && !ch_str_eq(ch_buf_str(&certificate), ch_buf_str(&s->tls_certificate))) {
        rc = fail_file(r, "tls_certificate", l->tls_certificate, err,
                       "is another certificate than that of an address before; expected the same "
                       "for all of listen");
    }
    ch_buf_done(&certificate);
    done_secret(&key);
    return rc;
}

/* --- what upstreams are met with --- */

size_t tls_files_certificates(struct ch_str pem)
{
    size_t count = 0;
    BIO *bio = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    X509 *x;
    while (bio != NULL && (x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        X509_free(x);
        count++;
    }
    ERR_clear_error();
    BIO_free(bio);
    return count;
}

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
    return !good        ? fail_line(pem, begin, "what begins here cannot be read: a certificate in "
                                                "PEM was expected",
                                    err)
           : count == 0 ? ch_fail(err, CH_E_FORMAT, "no certificate in it, PEM was expected")
                        : CH_OK;
}

static enum ch_code count_file(const char *path, size_t *count, struct ch_err *err)
{
    struct ch_buf pem = {0};
    enum ch_code rc = site_read_file_up_to(path, ch_limits.fetch_certificate_bytes, &pem, err);
    if (rc == CH_OK) {
        *count += tls_files_certificates(ch_buf_str(&pem));
    }
    ch_buf_done(&pem);
    return rc;
}

static enum ch_code count_folder(const char *path, size_t *count, struct ch_err *err)
{
    DIR *dir = opendir(path);
    enum ch_code rc = CH_OK;
    const struct dirent *e;
    if (dir == NULL) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    while (rc == CH_OK && (e = readdir(dir)) != NULL) {
        struct stat st;
        char *file = site_path(path, e->d_name);
        if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
            rc = count_file(file, count, err);
        }
        free(file);
    }
    closedir(dir);
    return rc;
}

static enum ch_code check_ca_file(const struct reading *r, const char *path, struct ch_err *err)
{
    struct ch_buf pem = {0};
    struct ch_err why;
    enum ch_code rc = site_read_file_up_to(path, ch_limits.fetch_certificate_bytes, &pem, &why);
    if (rc != CH_OK) {
        rc = fail_key(r, "ca_file", err, why.msg);
    } else if (tls_files_check_certificates(ch_buf_str(&pem), &why) != CH_OK) {
        rc = fail_file(r, "ca_file", path, err, why.msg);
    }
    ch_buf_done(&pem);
    return rc;
}

/* As the fetcher will: a file, or a folder of files, which may have others in it. */
static enum ch_code check_ca(const struct reading *r, const char *path, struct ch_err *err)
{
    struct stat st;
    struct ch_err why;
    size_t count = 0;
    if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
        return check_ca_file(r, path, err);
    }
    if (count_folder(path, &count, &why) != CH_OK) {
        return fail_key(r, "ca_file", err, why.msg);
    }
    return count > 0 ? CH_OK
                     : fail_file(r, "ca_file", path, err, "no certificate in it, PEM was expected");
}

static enum ch_code read_upstream(struct reading *r, struct site *s, const struct ch_upstream *u,
                                  struct ch_err *err)
{
    static const char key[] = "client_certificate";
    struct ch_buf pem = {0};
    struct ch_err why;
    bool in_key = false;
    enum ch_code rc = u->ca_file != NULL ? check_ca(r, u->ca_file, err) : CH_OK;
    if (s->ca_file == NULL) {
        s->ca_file = u->ca_file;
    }
    if (rc != CH_OK || u->client_certificate == NULL) {
        return rc;
    }
    rc = read_named(r, key, u->client_certificate, &pem, err);
    /* one file with both */
    if (rc == CH_OK &&
        ch_http_tls_check(ch_buf_str(&pem), ch_buf_str(&pem), &in_key, &why) != CH_OK) {
        rc = fail_file(r, key, u->client_certificate, err, why.msg);
    }
    if (rc == CH_OK && s->client_key.ptr == NULL) {
        s->client_key = pem;
        return CH_OK;
    }
    done_secret(&pem);
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
    const struct ch_yaml_node *root = ch_yaml_root(r.yaml);
    const struct ch_yaml_node *list = ch_yaml_find(root, "listen");
    r.at = list != NULL ? list->child : NULL;
    for (; rc == CH_OK && r.at != NULL; r.at = r.at->next) {
        CH_ASSERT(r.at->index < c->listen_count);
        rc = read_listen(&r, s, &c->listen[r.at->index], err);
    }
    if (rc == CH_OK && c->admin_tls_certificate != NULL) {
        r.at = ch_yaml_find(root, "admin");
        rc = read_pair(&r, c->admin_tls_certificate, c->admin_tls_key, &s->admin_tls_certificate,
                       &s->admin_tls_key, err);
    }
    list = ch_yaml_find(root, "upstreams");
    r.at = list != NULL ? list->child : NULL;
    for (; rc == CH_OK && r.at != NULL; r.at = r.at->next) {
        CH_ASSERT(r.at->index < c->upstream_count);
        rc = read_upstream(&r, s, &c->upstreams[r.at->index], err);
    }
    ch_yaml_free(r.yaml);
    return rc;
}
