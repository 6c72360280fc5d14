#include "db/signing/purpose.h"

#include <stdio.h>
#include <string.h>

#include "customhouse/ecosystem.h"

void ch_purpose_approve_file(const char *environment, char ret[CH_PURPOSE_BYTES])
{
    snprintf(ret, CH_PURPOSE_BYTES, "approve-%s-file", environment);
}

void ch_purpose_approve_image(const char *environment, char ret[CH_PURPOSE_BYTES])
{
    snprintf(ret, CH_PURPOSE_BYTES, "approve-%s-image", environment);
}

/* What is had whole is signed whole: by a key that signs nothing else (T23). */
static bool has_images(const struct ch_repository *r)
{
    const struct ch_ecosystem *eco =
        r->ecosystem != NULL ? ch_ecosystem_find(ch_str_of(r->ecosystem)) : NULL;
    return eco != NULL && eco->whole_versions;
}

static size_t add(struct ch_purpose *list, size_t count, const char *name, enum ch_key_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return count;
        }
    }
    CH_ASSERT(count < CH_PURPOSES_MAX); /* environments are a short list of words */
    list[count].kind = kind;
    snprintf(list[count].name, sizeof(list[count].name), "%s", name);
    return count + 1;
}

size_t ch_purposes(const struct ch_config *config, struct ch_purpose ret[CH_PURPOSES_MAX])
{
    char name[CH_PURPOSE_BYTES];
    size_t count = 0;
    bool images = false;
    for (size_t i = 0; i < config->repository_count; i++) {
        ch_purpose_approve_file(config->repositories[i].environment, name);
        count = add(ret, count, name, CH_KEY_ECDSA_P256);
        if (has_images(&config->repositories[i])) {
            ch_purpose_approve_image(config->repositories[i].environment, name);
            count = add(ret, count, name, CH_KEY_ECDSA_P256);
            images = true;
        }
    }
    if (images) { /* their clients ask for tokens */
        count = add(ret, count, CH_PURPOSE_TOKEN, CH_KEY_ECDSA_P256);
    }
    count = add(ret, count, CH_PURPOSE_EVIDENCE, CH_KEY_ECDSA_P256);
    return add(ret, count, CH_PURPOSE_LOG, CH_KEY_ED25519);
}
