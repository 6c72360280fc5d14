/* Target: ch_inventory_*: the first byte says which. What is told has a name and a version, and
 * lies in the text. */
#include <stdint.h>

#include "scanner/inventory/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_package(void *arg, const struct ch_package *p)
{
    const struct ch_str *text = arg;
    CH_ASSERT(p->name.len > 0 && p->version.len > 0 && p->line > 0);
    CH_ASSERT(p->name.ptr >= text->ptr && p->name.ptr + p->name.len <= text->ptr + text->len);
    CH_ASSERT(p->source.ptr == NULL || p->source.ptr >= text->ptr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_err err = {.msg = ""};
    if (size == 0) {
        return 0;
    }
    struct ch_str text = {(const char *)data + 1, size - 1};
    enum ch_code rc = data[0] == 'd'   ? ch_inventory_dpkg(text, on_package, &text, &err)
                      : data[0] == 'a' ? ch_inventory_apk(text, on_package, &text, &err)
                                       : ch_inventory_rpm_manifest(text, on_package, &text, &err);
    CH_ASSERT(rc == CH_OK || ch_str_starts(ch_str_of(err.msg), CH_STR("line ")));
    return 0;
}
