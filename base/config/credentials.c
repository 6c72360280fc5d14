/* credentials.yaml: a list of {origin, user, password}; the password may be "". No message shows a
 * value of it. */
#include "customhouse/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/config/place.h"
#include "base/config/yaml.h"

static const char *const root_keys[] = {"credentials", NULL};
static const char *const item_keys[] = {"origin", "user", "password", NULL};

static enum ch_code read_value(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                               const char *key, bool may_be_empty, struct ch_str *ret,
                               struct ch_err *err)
{
    const struct ch_yaml_node *node = ch_yaml_find(map, key);
    if (node == NULL) {
        return ch_yaml_fail(yaml, map, err, "the key \"%s\" is missing", key);
    }
    enum ch_code rc = CH_OK;
    if (may_be_empty && node->kind == CH_YAML_SCALAR && !node->plain && node->text.len == 0) {
        *ret = CH_STR(""); /* said so by quotes: a token alone, as user */
    } else {
        rc = ch_yaml_text(yaml, node, ret, err);
    }
    if (rc == CH_OK && ch_str_find_char(*ret, '\n', NULL)) {
        return ch_yaml_fail(yaml, node, err, "is more than one line");
    }
    return rc;
}

static bool is_origin(struct ch_str s)
{
    struct ch_buf b;
    ch_buf_init(&b, s.len + sizeof(":443"));
    bool good = ch_place_url_fault(s) == NULL;
    if (good) {
        ch_place_put_origin(&b, s);
        good = !b.failed && ch_str_eq(ch_buf_str(&b), s);
    }
    ch_buf_done(&b);
    return good;
}

static enum ch_code read_item(const struct ch_yaml *yaml, const struct ch_yaml_node *map,
                              struct ch_credentials *c, struct ch_err *err)
{
    struct ch_str origin = {NULL, 0};
    struct ch_str user = {NULL, 0};
    struct ch_str password = {NULL, 0};
    enum ch_code rc = ch_yaml_check_keys(yaml, map, item_keys, err);
    rc = rc == CH_OK ? read_value(yaml, map, "origin", false, &origin, err) : rc;
    rc = rc == CH_OK ? read_value(yaml, map, "user", false, &user, err) : rc;
    rc = rc == CH_OK ? read_value(yaml, map, "password", true, &password, err) : rc;
    if (rc != CH_OK) {
        return rc;
    }
    const struct ch_yaml_node *at = ch_yaml_find(map, "origin");
    if (!is_origin(origin)) {
        return ch_yaml_fail(yaml, at, err,
                            "is not scheme, host in lower case and port, as in "
                            "https://index.example.org:443");
    }
    if (ch_str_find_char(user, ':', NULL)) {
        return ch_yaml_fail(yaml, ch_yaml_find(map, "user"), err, "holds a colon"); /* RFC 7617 2 */
    }
    for (size_t i = 0; i < c->count; i++) {
        if (ch_str_eq(ch_str_of(c->items[i].origin), origin)) {
            return ch_yaml_fail(yaml, at, err, "is given twice");
        }
    }
    struct ch_credential *item = &c->items[c->count++];
    item->origin = ch_str_dup(origin);
    item->user = ch_str_dup(user);
    item->password = ch_str_dup(password);
    return CH_OK;
}

enum ch_code ch_credentials_parse(struct ch_str text, const char *file_name,
                                  struct ch_credentials **ret, struct ch_err *err)
{
    struct ch_yaml *yaml = NULL;
    enum ch_code rc = ch_yaml_parse(text, file_name, &yaml, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_credentials *c = ch_calloc(1, sizeof(*c));
    const struct ch_yaml_node *root = ch_yaml_root(yaml);
    rc = ch_yaml_check_keys(yaml, root, root_keys, err);
    const struct ch_yaml_node *list = ch_yaml_find(root, "credentials");
    if (rc == CH_OK && list == NULL) {
        rc = ch_yaml_fail(yaml, root, err, "the key \"credentials\" is missing");
    }
    rc = rc == CH_OK ? ch_yaml_check_kind(yaml, list, CH_YAML_LIST, err) : rc;
    if (rc == CH_OK) {
        c->items = ch_calloc(list->count + 1, sizeof(*c->items));
        for (const struct ch_yaml_node *n = list->child; n != NULL && rc == CH_OK; n = n->next) {
            rc = read_item(yaml, n, c, err);
        }
    }
    ch_yaml_free(yaml);
    if (rc != CH_OK) {
        ch_credentials_free(c);
        return rc;
    }
    *ret = c;
    return CH_OK;
}

void ch_credentials_free(struct ch_credentials *c)
{
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < c->count; i++) {
        free(c->items[i].origin);
        free(c->items[i].user);
        if (c->items[i].password != NULL) {
            explicit_bzero(c->items[i].password, ch_str_of(c->items[i].password).len);
        }
        free(c->items[i].password);
    }
    free(c->items);
    free(c);
}
