#include <string.h>

#include "customhouse/limits.h"
#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"

struct pom {
    struct ch_str group;
    struct ch_str artifact;
    struct ch_str version;
};

static struct ch_str *field_of(struct pom *pom, struct ch_str key)
{
    return ch_str_eq(key, CH_STR("groupId"))      ? &pom->group
           : ch_str_eq(key, CH_STR("artifactId")) ? &pom->artifact
           : ch_str_eq(key, CH_STR("version"))    ? &pom->version
                                                  : NULL;
}

static enum ch_code read_lines(struct ch_str text, struct pom *pom, struct ch_err *err)
{
    struct ch_lines lines = {.rest = text};
    while (ch_lines_next(&lines)) {
        struct ch_str value = lines.line;
        struct ch_str key;
        if (ch_str_ends(value, CH_STR("\r"))) {
            value = ch_str_sub(value, 0, value.len - 1);
        }
        if (memchr(value.ptr, '\r', value.len) != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: a carriage return within a line",
                           lines.number);
        }
        if (value.len == 0 || value.ptr[0] == '#' || value.ptr[0] == '!') {
            continue;
        }
        if (memchr(value.ptr, '\\', value.len) != NULL || !ch_str_split(&value, '=', &key) ||
            value.ptr == NULL || !ch_is_word(key) || memchr(key.ptr, ':', key.len) != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: expected \"key=value\" without escapes",
                           lines.number);
        }
        struct ch_str *field = field_of(pom, key);
        if (field != NULL && field->ptr != NULL) {
            return ch_fail(err, CH_E_FORMAT, "line %zu: %.*s is there twice", lines.number,
                           CH_STR_ARG(key));
        }
        if (field != NULL) {
            *field = ch_str_trim(value);
        }
    }
    return CH_OK;
}

enum ch_code ch_inventory_maven(struct ch_str text, ch_package_fn *fn, void *arg,
                                struct ch_err *err)
{
    struct pom pom = {.group = {NULL, 0}};
    enum ch_code rc = read_lines(text, &pom, err);
    if (rc == CH_OK &&
        (!ch_is_word(pom.group) || !ch_is_word(pom.artifact) || !ch_is_word(pom.version))) {
        rc = ch_fail(err, CH_E_FORMAT, "line 1: expected groupId, artifactId and version");
    }
    if (rc == CH_OK) {
        struct ch_buf name;
        ch_buf_init(&name, ch_limits.text_bytes);
        ch_buf_printf(&name, "%.*s:%.*s", CH_STR_ARG(pom.group), CH_STR_ARG(pom.artifact));
        rc = ch_buf_ok(&name, err);
        if (rc == CH_OK) {
            fn(arg, &(struct ch_package){.kind = CH_PACKAGE_MAVEN,
                                         .name = ch_buf_str(&name),
                                         .version = pom.version,
                                         .line = 1});
        }
        ch_buf_done(&name);
    }
    return rc;
}
