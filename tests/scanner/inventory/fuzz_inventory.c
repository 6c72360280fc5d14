/* Target: ch_inventory_*: the first byte says which. What is told has a name and a version, and
 * lies in the text. */
#include <stdint.h>
#include <string.h>

#include "scanner/inventory/inventory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_package(void *arg, const struct ch_package *p)
{
    (void)arg;
    CH_ASSERT(p->name.len > 0 && p->version.len > 0 &&
              (p->line > 0 || p->kind == CH_PACKAGE_RPM || p->kind == CH_PACKAGE_GO));
    for (size_t i = 0; i < p->name.len; i++) { /* a sanitizer sees where it lies */
        CH_ASSERT(p->name.ptr[i] > ' ');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_err err = {.msg = ""};
    if (size == 0) {
        return 0;
    }
    struct ch_str text = {(const char *)data + 1, size - 1};
    if (data[0] == 'o') {
        struct ch_str id, version;
        CH_IGNORE(!ch_inventory_os_release(text, &id, &version));
        return 0;
    }
    if (strchr("sgmn", data[0]) != NULL && data[0] != '\0') {
        CH_IGNORE(data[0] == 's'   ? ch_inventory_rpm_sqlite(text, on_package, NULL, &err)
                  : data[0] == 'g' ? ch_inventory_go(text, on_package, NULL, &err)
                  : data[0] == 'm' ? ch_inventory_maven(text, on_package, NULL, &err)
                                   : ch_inventory_npm(text, on_package, NULL, &err));
        return 0;
    }
    enum ch_code rc = data[0] == 'd'   ? ch_inventory_dpkg(text, on_package, NULL, &err)
                      : data[0] == 'a' ? ch_inventory_apk(text, on_package, NULL, &err)
                                       : ch_inventory_rpm_manifest(text, on_package, NULL, &err);
    CH_ASSERT(rc == CH_OK || ch_str_starts(ch_str_of(err.msg), CH_STR("line ")));
    return 0;
}
