/* Target: ch_toml_parse. What it accepts hangs together, and no key stands twice in a table. */
#include <stdint.h>

#include "base/toml/toml.h"
#include "customhouse/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ch_toml_node *n, bool keyed, unsigned depth, size_t *bytes)
{
    CH_ASSERT(depth <= ch_limits.toml_depth && n->line > 0 && n->column > 0);
    CH_ASSERT(ch_str_is_utf8(n->key) && ch_str_is_utf8(n->text) && (keyed || n->key.len == 0));
    CH_ASSERT(n->kind >= CH_TOML_STRING && n->kind <= CH_TOML_TABLE);
    CH_ASSERT(n->child == NULL || n->kind == CH_TOML_ARRAY || n->kind == CH_TOML_TABLE);
    *bytes += n->key.len + n->text.len;
    size_t count = 0;
    for (const struct ch_toml_node *c = n->child; c != NULL; c = c->next) {
        enum { COMPARED = 16 };
        count++;
        const struct ch_toml_node *other = c->next;
        for (size_t i = 0; n->kind == CH_TOML_TABLE && other != NULL && i < COMPARED; i++) {
            CH_ASSERT(!ch_str_eq(c->key, other->key));
            other = other->next;
        }
        check(c, n->kind == CH_TOML_TABLE, depth + 1, bytes);
    }
    CH_ASSERT(count == n->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str text = {(const char *)data, size};
    struct ch_toml *toml = NULL;
    struct ch_err err;
    enum ch_code rc = ch_toml_parse(text, "f", &toml, &err);
    CH_ASSERT(rc == CH_OK || rc == CH_E_FORMAT || rc == CH_E_LIMIT);
    CH_ASSERT((rc == CH_OK) == (toml != NULL));
    if (rc == CH_OK) {
        size_t bytes = 0;
        check(ch_toml_root(toml), true, 0, &bytes);
        CH_ASSERT(bytes <= size);
    }
    ch_toml_free(toml);
    return 0;
}
