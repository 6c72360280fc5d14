#include "db/signing/key_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/pem.h>

#include "db/signing/signing_int.h"

#define FILE_BYTES_MAX 8192
#define NAME_BYTES     (CH_PURPOSE_BYTES + CH_KEY_ID_HEX + 16)
#define NEW_ENDING     ".new"

/* ------------------------------------------------------------------ signing with it */

static enum ch_code append(struct ch_buf *out, const unsigned char *sig, size_t len,
                           struct ch_err *err)
{
    ch_buf_put(out, sig, len);
    return ch_buf_ok(out, err);
}

static enum ch_code sign_digest(void *self, const struct ch_sha256 *digest, struct ch_buf *out,
                                struct ch_err *err)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(self, NULL);
    unsigned char sig[CH_SIGNATURE_BYTES];
    size_t len = sizeof(sig);
    CH_ASSERT(ctx != NULL);
    bool ok = EVP_PKEY_sign_init(ctx) == 1 &&
              EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
              EVP_PKEY_sign(ctx, sig, &len, digest->byte, CH_SHA256_BYTES) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok ? append(out, sig, len, err) : ch_openssl_fail(err, CH_E_SYSTEM, "signing");
}

static enum ch_code sign_message(void *self, struct ch_str message, struct ch_buf *out,
                                 struct ch_err *err)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    unsigned char sig[CH_SIGNATURE_BYTES];
    size_t len = sizeof(sig);
    CH_ASSERT(ctx != NULL);
    bool ok = EVP_DigestSignInit(ctx, NULL, NULL, NULL, self) == 1 &&
              EVP_DigestSign(ctx, sig, &len,
                             (const unsigned char *)(message.ptr != NULL ? message.ptr : ""),
                             message.len) == 1;
    EVP_MD_CTX_free(ctx);
    return ok ? append(out, sig, len, err) : ch_openssl_fail(err, CH_E_SYSTEM, "signing");
}

static void free_key(void *self)
{
    EVP_PKEY_free(self);
}

static const struct ch_signer_ops file_ops = {
    .name = "file", .sign_digest = sign_digest, .sign_message = sign_message, .free = free_key};

static enum ch_code signer_of(EVP_PKEY *pkey, struct ch_signer **ret, struct ch_err *err)
{
    struct ch_public_key *public_key;
    enum ch_code rc = ch_public_key_of(pkey, &public_key, err);
    if (rc != CH_OK) {
        EVP_PKEY_free(pkey);
        return rc;
    }
    *ret = ch_signer_new(&file_ops, pkey, public_key);
    return CH_OK;
}

/* ------------------------------------------------------------------ the folder */

enum ch_code ch_keys_open_folder(const char *path, int *ret_fd, struct ch_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "%s", path);
    }
    if (fstat(fd, &st) != 0 || (st.st_mode & 0077) != 0) {
        close(fd);
        return ch_fail(err, CH_E_DENIED, "%s: open to others, expected mode 0700", path);
    }
    *ret_fd = fd;
    return CH_OK;
}

static void name_of(const struct ch_purpose *purpose, const struct ch_sha256 *id,
                    char ret[NAME_BYTES])
{
    char hex[CH_KEY_ID_HEX + 1];
    ch_key_id_hex(id, hex);
    snprintf(ret, NAME_BYTES, "%s-%s.pem", purpose->name, hex);
}

static enum ch_code write_all(int fd, struct ch_str text, const char *name, struct ch_err *err)
{
    for (size_t at = 0; at < text.len;) {
        ssize_t n = write(fd, text.ptr + at, text.len - at);
        if (n <= 0) {
            return ch_fail_errno(err, errno, "keys/%s", name);
        }
        at += (size_t)n;
    }
    return fsync(fd) == 0 ? CH_OK : ch_fail_errno(err, errno, "keys/%s", name);
}

static enum ch_code write_file(int folder_fd, const char *name, struct ch_str text,
                               struct ch_err *err)
{
    char temporary[NAME_BYTES + 8];
    snprintf(temporary, sizeof(temporary), "%s" NEW_ENDING, name);
    int fd =
        openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "keys/%s", temporary);
    }
    enum ch_code rc = write_all(fd, text, temporary, err);
    if (close(fd) != 0 && rc == CH_OK) {
        rc = ch_fail_errno(err, errno, "keys/%s", temporary);
    }
    if (rc == CH_OK &&
        (renameat(folder_fd, temporary, folder_fd, name) != 0 || fsync(folder_fd) != 0)) {
        rc = ch_fail_errno(err, errno, "keys/%s", name);
    }
    if (rc != CH_OK) {
        unlinkat(folder_fd, temporary, 0);
    }
    return rc;
}

enum ch_code ch_key_file_make(int folder_fd, const struct ch_purpose *purpose,
                              struct ch_sha256 *ret_id, struct ch_err *err)
{
    struct ch_public_key *public_key;
    char name[NAME_BYTES];
    char *text = NULL;
    EVP_PKEY *pkey = purpose->kind == CH_KEY_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                     : EVP_EC_gen("P-256");
    if (pkey == NULL) {
        return ch_openssl_fail(err, CH_E_SYSTEM, "making a key");
    }
    enum ch_code rc = ch_public_key_of(pkey, &public_key, err);
    if (rc != CH_OK) {
        EVP_PKEY_free(pkey);
        return rc;
    }
    struct ch_sha256 id = ch_public_key_id(public_key);
    ch_public_key_free(public_key);
    BIO *bio = BIO_new(BIO_s_secmem()); /* wiped when it is freed */
    CH_ASSERT(bio != NULL &&
              PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1);
    EVP_PKEY_free(pkey);
    long len = BIO_get_mem_data(bio, &text);
    name_of(purpose, &id, name);
    rc = write_file(folder_fd, name, (struct ch_str){text, (size_t)len}, err);
    BIO_free(bio);
    if (rc == CH_OK) {
        *ret_id = id;
    }
    return rc;
}

/* `text` holds the file afterwards; its length is returned, 0 with `err` filled. */
static size_t read_file(int folder_fd, const char *name, char text[FILE_BYTES_MAX],
                        struct ch_err *err)
{
    struct stat st;
    size_t len = 0;
    int fd = openat(folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        ch_fail_errno(err, errno, "keys/%s", name);
        return 0;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 0077) != 0) {
        ch_fail(err, CH_E_DENIED, "keys/%s: expected a file of mode 0600", name);
        close(fd);
        return 0;
    }
    for (ssize_t n; len < FILE_BYTES_MAX && (n = read(fd, text + len, FILE_BYTES_MAX - len)) > 0;) {
        len += (size_t)n;
    }
    close(fd);
    if (len == 0 || len == FILE_BYTES_MAX) {
        ch_fail(err, CH_E_FORMAT, "keys/%s: no private key", name);
        return 0;
    }
    return len;
}

/* A passphrase is asked of nobody: an encrypted key is none we can use. */
static int no_passphrase(char *buf, int size, int writing, void *ctx)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)ctx;
    return -1;
}

static enum ch_code open_named(int folder_fd, const char *name, enum ch_key_kind kind,
                               struct ch_signer **ret, struct ch_err *err)
{
    char text[FILE_BYTES_MAX];
    size_t len = read_file(folder_fd, name, text, err);
    if (len == 0) {
        return err->code;
    }
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    CH_ASSERT(bio != NULL);
    EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    OPENSSL_cleanse(text, len);
    struct ch_signer *signer;
    enum ch_code rc = pkey == NULL ? ch_openssl_fail(err, CH_E_FORMAT, "no private key")
                                   : signer_of(pkey, &signer, err);
    if (rc != CH_OK) {
        return ch_wrap(err, "keys/%s", name);
    }
    if (ch_public_key_kind(ch_signer_public(signer)) != kind) {
        ch_signer_free(signer);
        return ch_fail(err, CH_E_FORMAT, "keys/%s: expected a key of kind %s", name,
                       ch_key_kind_name(kind));
    }
    *ret = signer;
    return CH_OK;
}

enum ch_code ch_key_file_open(int folder_fd, const struct ch_purpose *purpose,
                              const struct ch_sha256 *id, struct ch_signer **ret,
                              struct ch_err *err)
{
    char name[NAME_BYTES];
    struct ch_signer *signer;
    name_of(purpose, id, name);
    enum ch_code rc = open_named(folder_fd, name, purpose->kind, &signer, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_sha256 found = ch_public_key_id(ch_signer_public(signer));
    if (!ch_sha256_eq(&found, id)) {
        ch_signer_free(signer);
        return ch_fail(err, CH_E_FORMAT, "keys/%s: it is another key", name);
    }
    *ret = signer;
    return CH_OK;
}

enum ch_code ch_key_file_remove(int folder_fd, const struct ch_purpose *purpose,
                                const struct ch_sha256 *id, struct ch_err *err)
{
    char name[NAME_BYTES];
    name_of(purpose, id, name);
    if ((unlinkat(folder_fd, name, 0) != 0 && errno != ENOENT) || fsync(folder_fd) != 0) {
        return ch_fail_errno(err, errno, "keys/%s", name);
    }
    return CH_OK;
}

/* "PURPOSE-" and 16 hex digits, then `ending`. */
static bool is_of(struct ch_str name, const struct ch_purpose *purpose, struct ch_str ending)
{
    uint8_t bytes[CH_KEY_ID_HEX / 2];
    struct ch_str of = ch_str_of(purpose->name);
    return name.len == of.len + 1 + CH_KEY_ID_HEX + ending.len && ch_str_starts(name, of) &&
           name.ptr[of.len] == '-' &&
           ch_hex_decode(ch_str_sub(name, of.len + 1, CH_KEY_ID_HEX), bytes, sizeof(bytes)) &&
           ch_str_ends(name, ending);
}

enum ch_code ch_key_files(int folder_fd, const struct ch_purpose *purpose, ch_key_file_fn *each,
                          void *ctx, struct ch_err *err)
{
    int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        enum ch_code rc = ch_fail_errno(err, errno, "keys");
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    enum ch_code rc = CH_OK;
    for (struct dirent *e; rc == CH_OK && (e = readdir(dir)) != NULL;) {
        struct ch_str name = ch_str_of(e->d_name);
        struct ch_signer *signer;
        if (is_of(name, purpose, CH_STR(".pem" NEW_ENDING))) {
            unlinkat(folder_fd, e->d_name, 0);
        } else if (is_of(name, purpose, CH_STR(".pem"))) {
            rc = open_named(folder_fd, e->d_name, purpose->kind, &signer, err);
            if (rc == CH_OK) {
                each(ctx, signer);
            }
        }
    }
    closedir(dir);
    return rc;
}

static void count_one(void *ctx, struct ch_signer *signer)
{
    size_t *count = ctx;
    ch_signer_free(signer);
    (*count)++;
}

enum ch_code ch_key_files_complete(int folder_fd, const struct ch_config *config,
                                   struct ch_err *err)
{
    struct ch_purpose purposes[CH_PURPOSES_MAX];
    size_t count = ch_purposes(config, purposes);
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        struct ch_sha256 id;
        size_t there = 0;
        rc = ch_key_files(folder_fd, &purposes[i], count_one, &there, err);
        if (rc == CH_OK && there == 0) {
            rc = ch_key_file_make(folder_fd, &purposes[i], &id, err);
        }
    }
    return rc;
}
