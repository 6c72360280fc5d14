#include "scanner/inventory/inventory.h"
#include "scanner/inventory/lines.h"
#include "scanner/json/json.h"

/* "MIT", or as it was written once: {"type": "MIT", "url": ...} */
static struct ch_str licence_of(const json_t *v)
{
    return json_is_object(v) ? ch_json_text(json_object_get(v, "type")) : ch_json_text(v);
}

enum ch_code ch_inventory_npm(struct ch_str text, ch_package_fn *fn, void *arg, struct ch_err *err)
{
    json_t *doc = NULL;
    struct ch_json root;
    enum ch_code rc = ch_json_load(text, &doc, err);
    if (rc != CH_OK) {
        return rc;
    }
    root = (struct ch_json){.value = doc};
    if (!json_is_object(doc)) {
        rc = ch_json_fail(root, err, "expected an object");
    } else {
        struct ch_package p = {.kind = CH_PACKAGE_NPM,
                               .name = ch_json_text(json_object_get(doc, "name")),
                               .version = ch_json_text(json_object_get(doc, "version")),
                               .licence = licence_of(json_object_get(doc, "license")),
                               .line = 1};
        if (ch_is_word(p.name) && ch_is_word(p.version)) {
            fn(arg, &p);
        } else if (json_object_get(doc, "name") == NULL || json_object_get(doc, "version") == NULL) {
            rc = ch_fail(err, CH_E_NOT_FOUND, "a document without name or version");
        } else {
            rc = ch_fail(err, CH_E_FORMAT, "expected words as name and version");
        }
    }
    json_decref(doc);
    return rc;
}
