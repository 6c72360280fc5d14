/* Which native code a wheel's platform tag stands for. Spec: PyPA specifications, platform
 * compatibility tags. */
#include "scanner/content/native.h"

#include <string.h>

/* What the words of a platform tag stand for. */
static const struct {
    const char *word;
    const char *format; /* NULL: any */
    const char *machine;
} platforms[] = {
    {"x86_64", NULL, "x86-64"},
    {"amd64", NULL, "x86-64"},
    {"i686", NULL, "i386"},
    {"i386", NULL, "i386"},
    {"win32", "pe", "i386"},
    {"aarch64", NULL, "aarch64"},
    {"arm64", NULL, "aarch64"},
    {"armv7l", NULL, "arm"},
    {"armv6l", NULL, "arm"},
    {"ppc64", NULL, "ppc64"},
    {"s390x", NULL, "s390"},
    {"riscv64", NULL, "riscv"},
    {"loongarch64", NULL, "loongarch"},
    {"universal2", NULL, "x86-64"},
    {"universal2", NULL, "aarch64"},
    {"intel", NULL, "x86-64"},
    {"intel", NULL, "i386"},
    {"fat", NULL, "i386"},
    {"fat", NULL, "x86-64"},
    {"wasm32", NULL, "wasm"},
};

static bool has_word(struct ch_str s, const char *word)
{
    size_t at;
    return ch_str_find(s, ch_str_of(word), &at);
}

enum native_fit native_fit(const struct native *n, size_t machine, struct ch_str platform)
{
    bool linux_tag = has_word(platform, "linux");
    bool mac_tag = has_word(platform, "macosx") || has_word(platform, "ios_");
    bool win_tag = has_word(platform, "win32") || has_word(platform, "win_");
    bool format = (linux_tag && n->format == NATIVE_ELF) ||
                  (mac_tag && n->format == NATIVE_MACHO) || (win_tag && n->format == NATIVE_PE) ||
                  (!linux_tag && !mac_tag && !win_tag);
    if (!format) {
        return NATIVE_FITS_NOT;
    }
    bool known = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(platforms); i++) {
        if (has_word(platform, platforms[i].word)) {
            known = true;
            if (strcmp(n->machine[machine], platforms[i].machine) == 0) {
                return NATIVE_FITS;
            }
        }
    }
    return known ? NATIVE_FITS_NOT : NATIVE_FITS_UNKNOWN;
}
