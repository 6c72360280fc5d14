#include "http_int.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <time.h>

#include "customhouse/index.h"
#include "customhouse/timefmt.h"

static enum ch_code fail_ssl(struct ch_err *err, const char *what)
{
    char text[160];
    ERR_error_string_n(ERR_get_error(), text, sizeof(text));
    ERR_clear_error();
    return ch_fail(err, CH_E_USAGE, "TLS: %s: %s", what, text);
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *in, unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen = NULL;
    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len) !=
        OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_ALERT_FATAL; /* RFC 7301 3.2: no_application_protocol */
    }
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static enum ch_code use_chain(SSL_CTX *ctx, struct ch_str pem, struct ch_err *err)
{
    if (pem.len == 0) { /* OpenSSL makes no BIO of nothing */
        return ch_fail(err, CH_E_USAGE,
                       "TLS: certificate chain: is empty, expected PEM, the leaf first");
    }
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    CH_ASSERT(bio != NULL);
    enum ch_code rc = CH_OK;
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (cert == NULL || SSL_CTX_use_certificate(ctx, cert) != 1) {
        rc = fail_ssl(err, "certificate chain: expected PEM, the leaf first");
    }
    X509_free(cert);
    while (rc == CH_OK && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
            X509_free(cert);
            rc = fail_ssl(err, "certificate chain");
        }
    }
    if (rc == CH_OK && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
        rc = fail_ssl(err, "certificate chain: a later certificate is not PEM");
    }
    ERR_clear_error();
    BIO_free(bio);
    return rc;
}

static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1; /* never ask a terminal */
}

static enum ch_code use_key(SSL_CTX *ctx, struct ch_str pem, struct ch_err *err)
{
    if (pem.len == 0) {
        return ch_fail(err, CH_E_USAGE,
                       "TLS: private key: is empty, expected PEM without passphrase");
    }
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    CH_ASSERT(bio != NULL);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    enum ch_code rc = CH_OK;
    if (key == NULL) {
        rc = fail_ssl(err, "private key: expected PEM without passphrase");
    } else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        rc = fail_ssl(err, "private key does not belong to the certificate");
    }
    EVP_PKEY_free(key);
    BIO_free(bio);
    return rc;
}

static enum ch_code make_context(struct ch_str chain_pem, struct ch_str key_pem, SSL_CTX **ret,
                                 bool *ret_in_key, struct ch_err *err)
{
    *ret_in_key = false;
    if (chain_pem.len > INT32_MAX || key_pem.len > INT32_MAX) {
        return ch_fail(err, CH_E_USAGE, "TLS: certificate or key too large");
    }
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CH_ASSERT(ctx != NULL);
    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets only: several processes */
    SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
    enum ch_code rc = CH_OK;
    /* AES-128 first: as safe for transport, and a quarter faster for client and server (RFC 8446 9.1
     * makes it the one that everybody has). */
    if (SSL_CTX_set_ciphersuites(ctx, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                      "TLS_CHACHA20_POLY1305_SHA256") != 1) {
        rc = fail_ssl(err, "TLS 1.3 cipher suites");
    }
    /* TLS 1.2: forward secrecy and AEAD only (RFC 9325 4.2). */
    if (rc == CH_OK && SSL_CTX_set_cipher_list(ctx, "ECDHE+AES128+AESGCM:ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
        rc = fail_ssl(err, "cipher list");
    }
    if (rc == CH_OK) {
        rc = use_chain(ctx, chain_pem, err);
    }
    if (rc == CH_OK) {
        rc = use_key(ctx, key_pem, err);
        *ret_in_key = rc != CH_OK;
    }
    if (rc != CH_OK) {
        SSL_CTX_free(ctx);
        return rc;
    }
    *ret = ctx;
    return CH_OK;
}

enum ch_code ch_http_tls_check(struct ch_str chain_pem, struct ch_str key_pem, bool *ret_in_key,
                               struct ch_err *err)
{
    SSL_CTX *ctx;
    enum ch_code rc = make_context(chain_pem, key_pem, &ctx, ret_in_key, err);
    if (rc == CH_OK) {
        SSL_CTX_free(ctx);
    }
    return rc;
}

static int64_t unix_us(const ASN1_TIME *time)
{
    struct tm tm = {0};
    return ASN1_TIME_to_tm(time, &tm) == 1 ? (int64_t)timegm(&tm) * 1000000 : CH_TIME_UNKNOWN;
}

enum ch_code ch_http_tls_check_time(struct ch_str chain_pem, int64_t now_us, struct ch_err *err)
{
    BIO *bio = BIO_new_mem_buf(chain_pem.ptr, (int)chain_pem.len);
    CH_ASSERT(bio != NULL);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    enum ch_code rc = CH_OK;
    struct ch_buf when;
    ch_buf_init(&when, 64);
    if (cert == NULL) {
        rc = fail_ssl(err, "certificate chain: expected PEM, the leaf first");
    } else if (unix_us(X509_get0_notAfter(cert)) < now_us) {
        ch_time_put(&when, unix_us(X509_get0_notAfter(cert)), false);
        rc = ch_fail(err, CH_E_DENIED, "expired on %.*s", CH_STR_ARG(ch_buf_str(&when)));
    } else if (unix_us(X509_get0_notBefore(cert)) > now_us) {
        ch_time_put(&when, unix_us(X509_get0_notBefore(cert)), false);
        rc = ch_fail(err, CH_E_DENIED, "is not valid before %.*s",
                     CH_STR_ARG(ch_buf_str(&when)));
    }
    ch_buf_done(&when);
    X509_free(cert);
    BIO_free(bio);
    return rc;
}

enum ch_code ch_http_tls_new(struct ch_str chain_pem, struct ch_str key_pem,
                             struct ch_http_tls **ret_tls, struct ch_err *err)
{
    SSL_CTX *ctx;
    bool in_key;
    enum ch_code rc = make_context(chain_pem, key_pem, &ctx, &in_key, err);
    if (rc == CH_OK) {
        *ret_tls = ch_calloc(1, sizeof(**ret_tls));
        (*ret_tls)->ctx = ctx;
    }
    return rc;
}

/* ------------------------------------------------------------------ client certificates */

static void free_name(void *parent, void *name, CRYPTO_EX_DATA *ad, int index, long argl,
                      void *argp)
{
    (void)parent;
    (void)ad;
    (void)index;
    (void)argl;
    (void)argp;
    free(name);
}

/* Where a context has the name that its clients have to have; it outlives us while connections have
 * it. */
static int name_index(void)
{
    static int index = -1;
    if (index < 0) {
        index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_name);
        CH_ASSERT(index >= 0);
    }
    return index;
}

static bool has_name(X509 *certificate, const char *wanted)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return false; /* none, or readers may differ in which of several counts */
    }
    unsigned char *text = NULL;
    int len = ASN1_STRING_to_UTF8(&text,
                                  X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool same = len >= 0 && ch_str_eq((struct ch_str){(const char *)text, (size_t)len},
                                      ch_str_of(wanted));
    OPENSSL_free(text);
    return same;
}

static int check_client(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    const char *wanted = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), name_index());
    if (good == 1 && X509_STORE_CTX_get_error_depth(store) == 0 &&
        (wanted == NULL || !has_name(X509_STORE_CTX_get_current_cert(store), wanted))) {
        X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
        return 0;
    }
    return good;
}

static size_t add_authorities(SSL_CTX *ctx, struct ch_str pem)
{
    BIO *bio = pem.len > 0 && pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.ptr, (int)pem.len) : NULL;
    X509_STORE *store = SSL_CTX_get_cert_store(ctx);
    X509 *authority;
    size_t count = 0;
    while (bio != NULL && (authority = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        count += X509_STORE_add_cert(store, authority) == 1 &&
                 SSL_CTX_add_client_CA(ctx, authority) == 1;
        X509_free(authority);
    }
    ERR_clear_error();
    BIO_free(bio);
    return count;
}

enum ch_code ch_http_tls_demand(struct ch_http_tls *tls, struct ch_str authorities_pem,
                                struct ch_str name, struct ch_err *err)
{
    if (name.len == 0 || add_authorities(tls->ctx, authorities_pem) == 0) {
        return ch_fail(err, CH_E_USAGE,
                       "TLS: clients: expected authorities in PEM, and the name that is theirs");
    }
    char *kept = ch_str_dup(name);
    CH_ASSERT(SSL_CTX_set_ex_data(tls->ctx, name_index(), kept) == 1);
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, check_client);
    SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
    CH_ASSERT(SSL_CTX_set_num_tickets(tls->ctx, 0) == 1);
    return CH_OK;
}

void ch_http_tls_take(struct ch_http_tls *tls, struct ch_http_tls *from)
{
    SSL_CTX_free(tls->ctx); /* connections hold their own reference */
    tls->ctx = from->ctx;
    free(from);
}

void ch_http_tls_free(struct ch_http_tls *tls)
{
    if (tls != NULL) {
        SSL_CTX_free(tls->ctx);
        free(tls);
    }
}
