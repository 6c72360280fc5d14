/* Keys: their files, what they sign, and what is refused. */
#include "tests/ch_test.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/signing/key_files.h"

/* RFC 8032's kind of key, its seed 32 bytes of 1; and what it signs as a checkpoint. */
static const char ed25519_private[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB\n"
    "-----END PRIVATE KEY-----\n";
static const char ed25519_raw[] =
    "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c";
static const char note[] = "gw.example/audit\n3\nLP73YnWX4AtWSXV3Stco7yEHBnWfym1kE4xt/By/LNo=\n";
static const char note_signature[] =
    "b40fff903931d1358b6053fef189e2404c3e8de9f21aeee414a3cebe6ae33ce0"
    "9920ec82371d3266b1642be05383247d323aed6c3dd572e92a8d2fdf2d073d0f";

/* Made by `openssl dgst -sha256 -sign`; the id by `openssl pkey -pubin -outform DER | sha256sum`.
 */
static const char p256_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV7HldVuC/pX7mpNU21nHt6eg0e5B\n"
    "l0iKm4qfdhdfG4Ezoa1lgQUHjtbaXUMnIRUa2IzTXwH7BTXhyhclqWfTHw==\n"
    "-----END PUBLIC KEY-----\n";
static const char p256_id[] = "9affcc51027e1039e3abc746c372ffb4ac77ad58a7fc688a208c3e741ecc9e11";
static const char p256_signature[] =
    "30440220244a7e7ae64052d214c0ef6b8d1eb9e5b3ad8eef0140d8d06a439e9a00c4d1f4"
    "02201cfb8c7c3fbc52c5259ae1a92f41e792248384365efc9e2202c99d793844a92b";
static const char p384_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEpzAhgpDJ3XKc7o4HjanWCDMiZL7r6pwE\n"
    "E9MyPvtYjkflZ8DlMDYWKeKAubWGGXqLNNRgxX7wh8ipIXfFOqsrl9js7U+hFI91\n"
    "TAJS2x0lyCKZxHoKl2fjZECVdRuUt+O+\n"
    "-----END PUBLIC KEY-----\n";

static const struct ch_purpose approve = {"approve-prod-file", CH_KEY_ECDSA_P256};
static const struct ch_purpose audit = {"log", CH_KEY_ED25519};

static char folder[64];
static int folder_fd;
static struct ch_err err;

static int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "keys-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_ch_ok(&err, ch_keys_open_folder(folder, &folder_fd, &err));
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int teardown(void **state)
{
    (void)state;
    close(folder_fd);
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}

static void write_text(const char *name, const char *text, mode_t mode)
{
    int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_EXCL, mode);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static struct ch_public_key *parse(const char *pem)
{
    struct ch_public_key *k = NULL;
    assert_ch_ok(&err, ch_public_key_parse(ch_str_of(pem), &k, &err));
    return k;
}

static struct ch_str unhex(const char *hex, uint8_t *room)
{
    size_t len = strlen(hex) / 2;
    assert_true(ch_hex_decode(ch_str_of(hex), room, len));
    return (struct ch_str){(const char *)room, len};
}

static struct ch_signer *only;

static void keep(void *ctx, struct ch_signer *signer)
{
    size_t *count = ctx;
    ch_signer_free(only);
    only = signer;
    (*count)++;
}

static void test_others_signatures(void **state)
{
    (void)state;
    uint8_t room[80];
    char hex[CH_SHA256_HEX + 1];
    struct ch_public_key *k = parse(p256_public);
    struct ch_sha256 id = ch_public_key_id(k);
    struct ch_str sig = unhex(p256_signature, room);
    struct ch_str text = CH_STR("hello world");
    struct ch_sha256 digest = ch_sha256_of(text.ptr, text.len);
    ch_sha256_hex(&id, hex);
    assert_string_equal(hex, p256_id);
    assert_ch_ok(&err, ch_public_key_verify(k, text, sig, &err));
    assert_ch_ok(&err, ch_public_key_verify_sha256(k, &digest, sig, &err));
    assert_ch_code(CH_E_MISMATCH, ch_public_key_verify(k, CH_STR("hello worle"), sig, &err));
    for (size_t i = 0; i < sig.len * 8; i++) { /* no bit of it is free */
        room[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_ch_code(CH_E_MISMATCH, ch_public_key_verify(k, text, sig, &err));
        room[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t len = 0; len < sig.len; len++) {
        assert_ch_code(CH_E_MISMATCH, ch_public_key_verify(k, text, ch_str_sub(sig, 0, len), &err));
    }
    digest.byte[0] ^= 1;
    assert_ch_code(CH_E_MISMATCH, ch_public_key_verify_sha256(k, &digest, sig, &err));
    ch_public_key_free(k);
}

static void test_pem_as_it_came(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_public_key *k = parse(p256_public);
    ch_buf_init(&b, CH_PUBLIC_PEM_BYTES);
    ch_public_key_put_pem(k, &b);
    assert_str_eq(ch_buf_str(&b), p256_public);
    ch_buf_done(&b);
    ch_public_key_free(k);
}

static void test_other_keys_are_refused(void **state)
{
    (void)state;
    struct ch_public_key *k = NULL;
    char two[2048];
    snprintf(two, sizeof(two), "%s%s", p256_public, p256_public);
    const char *const texts[] = {
        p384_public, ed25519_private,
        two,         "",
        "hello",     "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"};
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        assert_ch_code(CH_E_FORMAT, ch_public_key_parse(ch_str_of(texts[i]), &k, &err));
        assert_null(k);
    }
}

static void test_ed25519_vector(void **state)
{
    (void)state;
    uint8_t raw[CH_ED25519_BYTES], expected[CH_ED25519_BYTES], sig[64];
    size_t count = 0;
    struct ch_buf b;
    write_text("log-0000000000000000.pem", ed25519_private, 0600);
    only = NULL;
    assert_ch_ok(&err, ch_key_files(folder_fd, &audit, keep, &count, &err));
    assert_int_equal(count, 1);
    ch_public_key_raw(ch_signer_public(only), raw);
    unhex(ed25519_raw, expected);
    assert_memory_equal(raw, expected, sizeof(raw));
    ch_buf_init(&b, 64);
    assert_ch_ok(&err, ch_signer_sign(only, ch_str_of(note), &b, &err));
    assert_int_equal(b.len, 64);
    unhex(note_signature, sig);
    assert_memory_equal(b.ptr, sig, sizeof(sig));
    assert_ch_ok(
        &err, ch_public_key_verify(ch_signer_public(only), ch_str_of(note), ch_buf_str(&b), &err));
    struct ch_sha256 digest = ch_sha256_of(note, sizeof(note) - 1);
    assert_ch_code(CH_E_UNSUPPORTED, ch_signer_sign_sha256(only, &digest, &b, &err));
    assert_ch_code(CH_E_UNSUPPORTED, ch_public_key_verify_sha256(ch_signer_public(only), &digest,
                                                                 ch_buf_str(&b), &err));
    ch_buf_done(&b);
    /* named after another id: not taken for it */
    struct ch_sha256 zero = {{0}};
    struct ch_signer *s = NULL;
    assert_ch_code(CH_E_FORMAT, ch_key_file_open(folder_fd, &audit, &zero, &s, &err));
    ch_signer_free(only);
}

static void test_made_opened_and_removed(void **state)
{
    (void)state;
    const struct ch_purpose *const purposes[] = {&approve, &audit};
    for (size_t i = 0; i < CH_ARRAY_LEN(purposes); i++) {
        struct ch_sha256 id;
        struct ch_signer *s;
        struct ch_buf sig;
        struct stat st;
        char path[256], hex[CH_KEY_ID_HEX + 1];
        assert_ch_ok(&err, ch_key_file_make(folder_fd, purposes[i], &id, &err));
        ch_key_id_hex(&id, hex);
        snprintf(path, sizeof(path), "%s/%s-%s.pem", folder, purposes[i]->name, hex);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_ch_ok(&err, ch_key_file_open(folder_fd, purposes[i], &id, &s, &err));
        ch_buf_init(&sig, CH_SIGNATURE_BYTES);
        assert_ch_ok(&err, ch_signer_sign(s, CH_STR("text"), &sig, &err));
        assert_ch_ok(&err, ch_public_key_verify(ch_signer_public(s), CH_STR("text"),
                                                ch_buf_str(&sig), &err));
        if (i == 0) { /* the digest is enough */
            struct ch_sha256 digest = ch_sha256_of("text", 4);
            ch_buf_clear(&sig);
            assert_ch_ok(&err, ch_signer_sign_sha256(s, &digest, &sig, &err));
            assert_ch_ok(&err, ch_public_key_verify(ch_signer_public(s), CH_STR("text"),
                                                    ch_buf_str(&sig), &err));
        }
        ch_buf_done(&sig);
        ch_signer_free(s);
        assert_ch_ok(&err, ch_key_file_remove(folder_fd, purposes[i], &id, &err));
        assert_ch_code(CH_E_NOT_FOUND, ch_key_file_open(folder_fd, purposes[i], &id, &s, &err));
        assert_ch_ok(&err, ch_key_file_remove(folder_fd, purposes[i], &id, &err));
    }
}

static void test_readable_by_others_is_refused(void **state)
{
    (void)state;
    struct ch_sha256 id;
    struct ch_signer *s = NULL;
    char name[128], hex[CH_KEY_ID_HEX + 1];
    size_t count = 0;
    int fd;
    assert_ch_ok(&err, ch_key_file_make(folder_fd, &approve, &id, &err));
    ch_key_id_hex(&id, hex);
    snprintf(name, sizeof(name), "%s-%s.pem", approve.name, hex);
    assert_int_equal(fchmodat(folder_fd, name, 0640, 0), 0);
    assert_ch_code(CH_E_DENIED, ch_key_file_open(folder_fd, &approve, &id, &s, &err));
    only = NULL;
    assert_ch_code(CH_E_DENIED, ch_key_files(folder_fd, &approve, keep, &count, &err));
    assert_int_equal(count, 0);
    assert_int_equal(chmod(folder, 0710), 0);
    assert_ch_code(CH_E_DENIED, ch_keys_open_folder(folder, &fd, &err));
}

static void test_kinds_are_not_mixed(void **state)
{
    (void)state;
    size_t count = 0;
    write_text("approve-prod-file-0000000000000000.pem", ed25519_private, 0600);
    only = NULL;
    assert_ch_code(CH_E_FORMAT, ch_key_files(folder_fd, &approve, keep, &count, &err));
    assert_int_equal(count, 0);
}

/* What an interrupted write left goes; a key of a purpose with a longer name is not of the shorter.
 */
static void test_only_whole_files_of_the_purpose(void **state)
{
    (void)state;
    static const struct ch_purpose other = {"approve-prod", CH_KEY_ECDSA_P256};
    struct ch_sha256 id;
    size_t count = 0;
    assert_ch_ok(&err, ch_key_file_make(folder_fd, &approve, &id, &err));
    write_text("approve-prod-file-00000000000000aa.pem.new", "-----BEGIN", 0600);
    only = NULL;
    assert_ch_ok(&err, ch_key_files(folder_fd, &other, keep, &count, &err));
    assert_int_equal(count, 0);
    assert_ch_ok(&err, ch_key_files(folder_fd, &approve, keep, &count, &err));
    assert_int_equal(count, 1);
    assert_int_equal(faccessat(folder_fd, "approve-prod-file-00000000000000aa.pem.new", F_OK, 0),
                     -1);
    ch_signer_free(only);
}

static void test_what_a_site_needs(void **state)
{
    (void)state;
    char prod[] = "prod", preprod[] = "preprod";
    char pypi[] = "pypi", oci[] = "oci";
    struct ch_repository repositories[] = {{.environment = prod, .ecosystem = pypi},
                                           {.environment = preprod, .ecosystem = pypi},
                                           {.environment = prod, .ecosystem = oci}};
    struct ch_config config = {.repositories = repositories, .repository_count = 3};
    struct ch_purpose got[CH_PURPOSES_MAX];
    static const char *const names[] = {"approve-prod-file",  "approve-preprod-file",
                                        "approve-prod-image", "token",
                                        "evidence",           "log"};
    assert_int_equal(ch_purposes(&config, got), CH_ARRAY_LEN(names));
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        assert_string_equal(got[i].name, names[i]);
        assert_int_equal(got[i].kind, i == 5 ? CH_KEY_ED25519 : CH_KEY_ECDSA_P256);
    }
    for (int round = 0; round < 2; round++) { /* again makes none anew */
        size_t count = 0;
        assert_ch_ok(&err, ch_key_files_complete(folder_fd, &config, &err));
        only = NULL;
        for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
            assert_ch_ok(&err, ch_key_files(folder_fd, &got[i], keep, &count, &err));
        }
        assert_int_equal(count, CH_ARRAY_LEN(names));
        ch_signer_free(only);
        only = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_signatures),
        cmocka_unit_test(test_pem_as_it_came),
        cmocka_unit_test(test_other_keys_are_refused),
        cmocka_unit_test_setup_teardown(test_ed25519_vector, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_opened_and_removed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_readable_by_others_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_kinds_are_not_mixed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_only_whole_files_of_the_purpose, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_a_site_needs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
