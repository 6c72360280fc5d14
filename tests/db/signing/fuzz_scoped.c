/* Targets: ch_scoped_read, of anything as a token by a key that signed none of it; ch_scoped_parse,
 * which reads claims alone. */
#include <stdint.h>

#include "db/signing/scoped.h"

static const char key_pem[] = "-----BEGIN PUBLIC KEY-----\n"
                              "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEV7HldVuC/pX7mpNU21nHt6eg0e5B\n"
                              "l0iKm4qfdhdfG4Ezoa1lgQUHjtbaXUMnIRUa2IzTXwH7BTXhyhclqWfTHw==\n"
                              "-----END PUBLIC KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ch_public_key *key;
    struct ch_str text = {(const char *)data, size};
    struct ch_scoped got = {.token = 0};
    struct ch_err err;
    if (key == NULL) {
        CH_ASSERT(ch_public_key_parse(CH_STR(key_pem), &key, &err) == CH_OK);
    }
    struct ch_scoped_check check = {
        .key = key, .issuer = CH_STR("https://gw.example.org"), .now_s = 1795341600};
    CH_ASSERT(ch_scoped_read(text, &check, &got, &err) != CH_OK && got.memory == NULL);
    if (ch_scoped_parse(text, &got, &err) == CH_OK) {
        CH_ASSERT(got.issuer.len > 0 && got.service.len > 0 && got.id.len == CH_SCOPED_ID_LEN);
        CH_ASSERT(got.may.count <= CH_SCOPES_MAX);
        for (uint32_t i = 0; i < got.may.count; i++) {
            CH_ASSERT(got.may.list[i].name.len > 0 && got.may.list[i].actions != 0 &&
                      got.may.list[i].actions <= CH_SCOPE_ALL);
        }
        ch_scoped_done(&got);
    }
    return 0;
}
