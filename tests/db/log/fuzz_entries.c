/* Entry bundles and the entries in them, paths of tiles ('t' first). */
#include <stdlib.h>
#include <string.h>

#include "customhouse/tlog.h"
#include "db/log/bundle.h"
#include "db/log/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every value that is shown can be read as what it is. */
static void entry(struct ch_str bytes)
{
    struct ch_log_entry_fields f;
    struct ch_buf text;
    if (ch_log_entry_read(bytes, &f, NULL) != CH_OK) {
        CH_ASSERT(f.count == 0);
        return;
    }
    ch_buf_init(&text, bytes.len);
    for (size_t i = 0; i < f.count; i++) {
        char key[CH_ENTRY_KEY_MAX];
        struct ch_str value = f.field[i].value;
        int64_t n;
        bool yes;
        memcpy(key, f.field[i].key.ptr, f.field[i].key.len);
        key[f.field[i].key.len] = '\0';
        ch_buf_clear(&text);
        int kinds = (ch_log_entry_get_str(&f, key, &text) ? 1 : 0) +
                    (ch_log_entry_get_int(&f, key, &n) ? 1 : 0) +
                    (ch_log_entry_get_bool(&f, key, &yes) ? 1 : 0) +
                    (value.ptr[0] == '{' || value.ptr[0] == '[' ? 1 : 0);
        CH_ASSERT(kinds == 1);
    }
    ch_buf_done(&text);
}

static void tile(struct ch_str path)
{
    struct ch_tile t;
    if (ch_tile_path_get(path, &t, NULL) == CH_OK) {
        CH_ASSERT(t.width > 0 && t.width <= CH_TILE_HASHES && t.level <= CH_TILE_LEVELS);
        CH_ASSERT(!ch_tile_is_in(&t, 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size}, one;
    if (size > 0 && data[0] == 't') {
        tile(ch_str_sub(rest, 1, size));
        return 0;
    }
    struct ch_buf again;
    ch_buf_init(&again, size);
    while (ch_bundle_next(&rest, &one)) {
        entry(one);
        ch_bundle_put(&again, one);
    }
    CH_ASSERT(again.len + rest.len == size &&
              memcmp(again.ptr != NULL ? again.ptr : "", data, again.len) == 0);
    ch_buf_done(&again);
    return 0;
}
