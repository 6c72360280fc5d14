/* The system's certificates are read before confinement and kept in memory: parsing the bundle
 * once, not once per connection, and no file to open in the jail. Others come with the settings. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

static enum ch_code read_all(int fd, const char *path, struct ch_buf *b, struct ch_err *err)
{
    for (;;) {
        char piece[16384];
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return ch_fail_errno(err, errno, "%s", path);
        }
        if (n == 0) {
            return CH_OK;
        }
        ch_buf_put(b, piece, (size_t)n);
        if (ch_buf_ok(b, err) != CH_OK) {
            return ch_wrap(err, "%s", path);
        }
    }
}

static enum ch_code read_file(const char *path, char **ret, struct ch_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.fetch_certificate_bytes);
    enum ch_code rc = read_all(fd, path, &b, err);
    close(fd);
    if (rc == CH_OK) {
        *ret = ch_str_dup(b.len > 0 ? ch_buf_str(&b) : CH_STR(""));
    }
    ch_buf_done(&b);
    return rc;
}

static size_t add_pem(X509_STORE *store, struct ch_str pem)
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    CH_ASSERT(bio != NULL);
    size_t count = 0;
    for (;;) {
        X509 *x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
        if (x == NULL) {
            break; /* the end, or something that is no certificate: the caller counts */
        }
        CH_ASSERT(X509_STORE_add_cert(store, x) == 1); /* again is no error */
        X509_free(x);
        count++;
    }
    ERR_clear_error();
    BIO_free(bio);
    return count;
}

static enum ch_code add_file(X509_STORE *store, const char *path, size_t *count, struct ch_err *err)
{
    char *pem = NULL;
    enum ch_code rc = read_file(path, &pem, err);
    if (rc == CH_OK) {
        *count += add_pem(store, ch_str_of(pem));
        free(pem);
    }
    return rc;
}

static enum ch_code add_folder(X509_STORE *store, const char *path, size_t *count,
                               struct ch_err *err)
{
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    enum ch_code rc = CH_OK;
    const struct dirent *entry;
    while (rc == CH_OK && (entry = readdir(dir)) != NULL) {
        char name[PATH_MAX];
        struct stat st;
        int n = snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (n > 0 && (size_t)n < sizeof(name) && stat(name, &st) == 0 && S_ISREG(st.st_mode)) {
            rc = add_file(store, name, count, err);
        }
    }
    closedir(dir);
    return rc;
}

static enum ch_code add_path(X509_STORE *store, const char *path, size_t *count, struct ch_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    return S_ISDIR(st.st_mode) ? add_folder(store, path, count, err)
                               : add_file(store, path, count, err);
}

static enum ch_code add_system(X509_STORE *store, size_t *count, struct ch_err *err)
{
    const char *named = getenv(X509_get_default_cert_file_env());
    if (named != NULL && named[0] != '\0') {
        return add_path(store, named, count, err);
    }
    /* Debian's bundle; then what OpenSSL was built with. */
    const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt",
                                  X509_get_default_cert_file(), X509_get_default_cert_dir()};
    for (size_t i = 0; i < CH_ARRAY_LEN(places) && *count == 0; i++) {
        struct stat st;
        if (stat(places[i], &st) == 0) {
            enum ch_code rc = add_path(store, places[i], count, err);
            if (rc != CH_OK) {
                return rc;
            }
        }
    }
    return CH_OK;
}

static X509_STORE *new_store(void)
{
    X509_STORE *store = X509_STORE_new();
    CH_ASSERT(store != NULL);
    /* As libcurl sets for its own: an intermediate in the bundle is an anchor, too. */
    X509_STORE_set_flags(store, X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
    return store;
}

X509_STORE *ch_trust_new(struct ch_str pem)
{
    X509_STORE *store = new_store();
    if (add_pem(store, pem) == 0) {
        X509_STORE_free(store);
        return NULL;
    }
    return store;
}

enum ch_code ch_trust_load(X509_STORE **ret, struct ch_err *err)
{
    X509_STORE *store = new_store();
    size_t count = 0;
    enum ch_code rc = add_system(store, &count, err);
    if (rc == CH_OK && count == 0) {
        rc = ch_fail(err, CH_E_USAGE,
                     "this system has no CA certificates: install the package ca-certificates or "
                     "set ca_file");
    }
    if (rc != CH_OK) {
        X509_STORE_free(store);
        return rc;
    }
    *ret = store;
    return CH_OK;
}
