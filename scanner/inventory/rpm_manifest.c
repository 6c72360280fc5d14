#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"

enum {
    NAME,
    VERSION_RELEASE,
    INSTALLED,
    BUILT,
    VENDOR,
    EPOCH,
    SIZE,
    ARCHITECTURE,
    EPOCH_AGAIN,
    SOURCE
};
enum { FIELDS = SOURCE + 1 };

static bool is_none(struct ch_str s)
{
    return ch_str_eq(s, CH_STR("(none)"));
}

enum ch_code ch_inventory_rpm_manifest(struct ch_str text, ch_package_fn *fn, void *arg,
                                       struct ch_err *err)
{
    struct ch_lines lines = {.rest = text};
    while (ch_lines_next(&lines)) {
        struct ch_str rest = lines.line;
        struct ch_str field[FIELDS];
        size_t n = 0;
        while (n < FIELDS && ch_str_split(&rest, '\t', &field[n])) {
            n++;
        }
        if (n < FIELDS || rest.ptr != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected %d fields, separated by tabs",
                           lines.number, FIELDS);
        }
        struct ch_package p = {.kind = CH_PACKAGE_RPM,
                               .name = field[NAME],
                               .version = field[VERSION_RELEASE],
                               .line = lines.number};
        if (!ch_is_word(p.name) || !ch_is_word(p.version) || is_none(p.name) ||
            is_none(p.version)) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: a package without name or version",
                           lines.number);
        }
        p.architecture = is_none(field[ARCHITECTURE]) ? p.architecture : field[ARCHITECTURE];
        p.source = is_none(field[SOURCE]) ? p.source : field[SOURCE];
        fn(arg, &p);
    }
    return CH_OK;
}
