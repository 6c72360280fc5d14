#include <stdio.h>

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

/* rpm's EPOCH, "(none)" where a package has none, and EPOCHNUM, which is 0 then. */
static bool read_epoch(struct ch_str epoch, struct ch_str again)
{
    uint64_t number = 0;
    if (is_none(epoch)) {
        return is_none(again) || ch_str_eq(again, CH_STR("0"));
    }
    return ch_str_u64(epoch, &number) && number <= UINT32_MAX && ch_str_eq(epoch, again);
}

enum ch_code ch_inventory_rpm_manifest(struct ch_str text, ch_package_fn *fn, void *arg,
                                       struct ch_err *err)
{
    struct ch_lines lines = {.rest = text};
    char version[512];
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
        if (!read_epoch(field[EPOCH], field[EPOCH_AGAIN])) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected one epoch, or \"(none)\" and 0",
                           lines.number);
        }
        if (!is_none(field[EPOCH])) {
            int len = snprintf(version, sizeof(version), "%.*s:%.*s", CH_STR_ARG(field[EPOCH]),
                               CH_STR_ARG(p.version));
            if (len < 0 || (size_t)len >= sizeof(version)) {
                return ch_fail(err, CH_E_LIMIT, "line %zu: a version of %zu bytes", lines.number,
                               p.version.len);
            }
            p.version = ch_str_of(version);
        }
        p.architecture = is_none(field[ARCHITECTURE]) ? p.architecture : field[ARCHITECTURE];
        p.source = is_none(field[SOURCE]) ? p.source : field[SOURCE];
        fn(arg, &p);
    }
    return CH_OK;
}
