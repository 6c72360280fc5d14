/* Target: ch_check_approval. Up to the first NUL it is the attestation, behind it the list. Those
 * of the corpus are signed by this key, whose private half is gone. */
#include <stdint.h>
#include <string.h>

#include "db/signing/check.h"

static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV7HldVuC/pX7mpNU21nHt6eg0e5B\n"
                              "l0iKm4qfdhdfG4Ezoa1lgQUHjtbaXUMnIRUa2IzTXwH7BTXhyhclqWfTHw==\n"
                              "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_public_key *key;
    struct ch_str text = {(const char *)data, size};
    struct ch_checked got = {0};
    struct ch_err err;
    size_t at = size;
    if (key == NULL) {
        CH_ASSERT(ch_public_key_parse(CH_STR(key_pem), &key, &err) == CH_OK);
    }
    bool list = ch_str_find_char(text, '\0', &at);
    struct ch_check check = {
        .sha256 = ch_sha256_of("the file", 8),
        .key = key,
        .environment = CH_STR("prod"),
        .attestation = ch_str_sub(text, 0, at),
        .withdrawals = list ? ch_str_sub(text, at + 1, size) : (struct ch_str){NULL, 0},
        .now_us = 1795341600000000,
    };
    if (ch_check_approval(&check, &got, &err) == CH_OK) {
        CH_ASSERT(got.form == CH_CHECK_BYTES || got.form == CH_CHECK_STATEMENT);
        CH_ASSERT(got.list_checked == list);
        CH_ASSERT(memchr(got.file_name, '\0', sizeof(got.file_name)) != NULL);
    } else {
        CH_ASSERT(got.form == 0 && err.msg[0] != '\0');
    }
    return 0;
}
