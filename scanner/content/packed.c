/* Native code that a few lines of Python make of a member: changed by a key that is repeated, or as
 * a plain zlib stream. Both give themselves away by their first bytes, so that it costs nothing to
 * look at members that are neither. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "scanner/content/content_int.h"
#include "scanner/content/native.h"

enum { KEY_MAX = 8, LOOKED_AT = 1 << 18 };

/* Bytes 8 to 15 of an ELF file are zero: there a key of up to eight bytes stands as it is. */
static bool key_of_elf(struct ch_str b, size_t len, uint8_t key[static KEY_MAX])
{
    static const char magic[] = "\x7f"
                                "ELF";
    uint8_t any = 0;
    bool fits = true;
    for (size_t i = 0; i < 16; i++) {
        size_t shown = 8 + (i + len * KEY_MAX - 8) % len;
        uint8_t k = (uint8_t)b.ptr[shown];
        key[i % len] = k;
        any |= k;
        fits = fits && (i >= 4 || ((uint8_t)b.ptr[i] ^ k) == (uint8_t)magic[i]) &&
               (i < 8 || (uint8_t)b.ptr[i] == k);
    }
    return fits && any != 0;
}

/* "MZ" and one byte as the key; the rest of the headers says whether it is one. */
static bool key_of_pe(struct ch_str b, uint8_t *ret)
{
    *ret = (uint8_t)b.ptr[0] ^ 'M';
    return *ret != 0 && ((uint8_t)b.ptr[1] ^ *ret) == 'Z';
}

static bool is_native(const char *head, size_t len)
{
    struct ch_str bytes = {head, len};
    return native_detect(bytes) != NATIVE_NONE && native_is_sound(bytes, (uint64_t)1 << 40);
}

static bool is_keyed(struct ch_str b, const uint8_t *key, size_t len, char *to)
{
    size_t n = b.len < LOOKED_AT ? b.len : LOOKED_AT;
    for (size_t i = 0; i < n; i++) {
        to[i] = (char)((uint8_t)b.ptr[i] ^ key[i % len]);
    }
    return is_native(to, n);
}

static void try_keys(struct ch_content *c, const struct seen *s)
{
    uint8_t key[KEY_MAX];
    bool found = false;
    char *to = NULL;
    for (size_t len = 1; !found && len <= KEY_MAX; len++) {
        if (key_of_elf(s->bytes, len, key)) {
            to = to == NULL ? ch_alloc(LOOKED_AT) : to;
            found = is_keyed(s->bytes, key, len, to);
        }
    }
    if (!found && key_of_pe(s->bytes, key)) {
        to = to == NULL ? ch_alloc(LOOKED_AT) : to;
        found = is_keyed(s->bytes, key, 1, to);
    }
    if (found) {
        content_report(c, CH_F_NATIVE_DISGUISED, s, "%s, changed by a key that is repeated",
                       native_format_name(native_detect((struct ch_str){to, 64})));
    }
    free(to);
}

/* Spec: RFC 1950, section 2.2: deflate, and a check of both bytes. */
static void try_zlib(struct ch_content *c, const struct seen *s)
{
    unsigned head = (unsigned)(uint8_t)s->bytes.ptr[0] << 8 | (uint8_t)s->bytes.ptr[1];
    if ((head >> 8 & 15) != Z_DEFLATED || head >> 12 > 7 || head % 31 != 0) {
        return;
    }
    z_stream z = {.next_in = (Bytef *)(uintptr_t)s->bytes.ptr,
                  .avail_in = (uInt)(s->bytes.len < UINT32_MAX ? s->bytes.len : UINT32_MAX)};
    if (inflateInit(&z) != Z_OK) {
        return;
    }
    char *to = ch_alloc(LOOKED_AT);
    z.next_out = (Bytef *)to;
    z.avail_out = LOOKED_AT;
    (void)inflate(&z, Z_SYNC_FLUSH); /* what came out before a fault is looked at, too */
    size_t n = LOOKED_AT - z.avail_out;
    inflateEnd(&z);
    if (is_native(to, n)) {
        content_report(c, CH_F_NATIVE_DISGUISED, s, "%s in a zlib stream",
                       native_format_name(native_detect((struct ch_str){to, n})));
    }
    free(to);
}

void content_packed(struct ch_content *c, const struct seen *s)
{
    if (s->bytes.len >= 64) {
        try_keys(c, s);
        try_zlib(c, s);
    }
}
