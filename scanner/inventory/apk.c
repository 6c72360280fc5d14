#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"

static struct ch_str *field_of(struct ch_package *p, char letter)
{
    switch (letter) {
    case 'P':
        return &p->name;
    case 'V':
        return &p->version;
    case 'A':
        return &p->architecture;
    case 'o':
        return &p->source;
    case 'L':
        return &p->licence;
    default:
        return NULL; /* what it needs and gives, its files (F, R, a, M, Z): nobody asks here */
    }
}

static enum ch_code end_entry(struct ch_package *p, ch_package_fn *fn, void *arg,
                              struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    if (p->line > 0 && (!ch_is_word(p->name) || !ch_is_word(p->version))) {
        rc = ch_fail(err, CH_E_FORMAT, "line %zu: a package without %s", p->line,
                     ch_is_word(p->name) ? "V: (version)" : "P: (name)");
    } else if (p->line > 0) {
        fn(arg, p);
    }
    *p = (struct ch_package){.kind = CH_PACKAGE_APK};
    return rc;
}

enum ch_code ch_inventory_apk(struct ch_str text, ch_package_fn *fn, void *arg, struct ch_err *err)
{
    struct ch_lines lines = {.rest = text};
    struct ch_package p = {.kind = CH_PACKAGE_APK};
    while (ch_lines_next(&lines)) {
        struct ch_str line = lines.line;
        if (line.len == 0) {
            enum ch_code rc = end_entry(&p, fn, arg, err);
            if (rc != CH_OK) {
                return rc;
            }
            continue;
        }
        if (line.len < 2 || line.ptr[1] != ':' || !ch_is_word(ch_str_sub(line, 0, 1))) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected a letter, ':' and a value",
                           lines.number);
        }
        if (p.line == 0) {
            p.line = lines.number;
        }
        struct ch_str *field = field_of(&p, line.ptr[0]);
        if (field != NULL && field->ptr != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: the package has %c: twice", lines.number,
                           line.ptr[0]);
        }
        if (field != NULL) {
            *field = ch_str_sub(line, 2, line.len);
        }
    }
    return end_entry(&p, fn, arg, err);
}
