#include "tests/proxy/fetcher/identities.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/ch_test.h"

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static void extend(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    X509_add_ext(x, e, -1);
    X509_EXTENSION_free(e);
}

/* issuer NULL: an anchor of its own. */
static struct identity make(const char *name, const struct identity *issuer, const char *alt_name)
{
    struct identity i = {EVP_EC_gen("P-256"), X509_new()};
    const struct identity *by = issuer != NULL ? issuer : &i;
    X509_NAME *subject = X509_get_subject_name(i.certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_version(i.certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(i.certificate), (long)arc4random_uniform(1u << 30));
    X509_gmtime_adj(X509_getm_notBefore(i.certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(i.certificate), 3600);
    X509_set_pubkey(i.certificate, i.key);
    X509_set_issuer_name(i.certificate, X509_get_subject_name(by->certificate));
    extend(i.certificate, by->certificate, NID_basic_constraints,
           issuer == NULL ? "critical,CA:TRUE" : "CA:FALSE");
    if (alt_name != NULL) {
        extend(i.certificate, by->certificate, NID_subject_alt_name, alt_name);
    }
    assert_true(X509_sign(i.certificate, by->key, EVP_sha256()) > 0);
    return i;
}

static void drop(struct identity *i)
{
    EVP_PKEY_free(i->key);
    X509_free(i->certificate);
}

static void write_pem(const char *folder, const struct identity *i, bool with_key, const char *name,
                      char ret_path[64])
{
    snprintf(ret_path, 64, "%s/%s", folder, name);
    FILE *f = fopen(ret_path, "w");
    assert_non_null(f);
    assert_true(PEM_write_X509(f, i->certificate));
    if (with_key) {
        assert_true(PEM_write_PrivateKey(f, i->key, NULL, NULL, 0, NULL, NULL));
    }
    assert_int_equal(fclose(f), 0);
}

void identities_make(struct identities *i)
{
    snprintf(i->folder, sizeof(i->folder), "identities-XXXXXX");
    assert_non_null(mkdtemp(i->folder));
    assert_int_equal(chmod(i->folder, 0711), 0); /* a confined process has another uid */
    struct identity ca = make("test anchor", NULL, NULL);
    struct identity other_ca = make("other anchor", NULL, NULL);
    struct identity server = make("server", &ca, "IP:127.0.0.1");
    struct identity client = make("reader", &ca, NULL);
    write_pem(i->folder, &ca, false, "ca.pem", i->ca_path);
    write_pem(i->folder, &other_ca, false, "other.pem", i->other_ca_path);
    write_pem(i->folder, &server, true, "server.pem", i->server_path);
    write_pem(i->folder, &client, true, "client.pem", i->client_path);
    drop(&ca);
    drop(&other_ca);
    drop(&server);
    drop(&client);
}

void identities_remove(struct identities *i)
{
    const char *const paths[] = {i->ca_path, i->other_ca_path, i->server_path, i->client_path};
    for (size_t n = 0; n < CH_ARRAY_LEN(paths); n++) {
        unlink(paths[n]);
    }
    rmdir(i->folder);
}
