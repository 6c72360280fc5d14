#include "customhouse/instance.h"

#include "customhouse/digest.h"

void ch_instance_id(struct ch_str state_dir, char ret[CH_INSTANCE_HEX + 1])
{
    struct ch_hash *h = ch_hash_new();
    const struct ch_str label = CH_STR("customhouse-instance:");
    ch_hash_add(h, label.ptr, label.len);
    ch_hash_add(h, state_dir.ptr, state_dir.len);
    struct ch_sha256 digest = ch_hash_end(h);
    ch_hash_free(h);
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&digest, hex);
    for (size_t i = 0; i < CH_INSTANCE_HEX; i++) {
        ret[i] = hex[i];
    }
    ret[CH_INSTANCE_HEX] = '\0';
}
