/* Prints a YAML file as JSON, as the parser of the programs reads it: what the check of the schema
 * validates. */
#include <stdio.h>

#include "base/config/yaml.h"

static void put_scalar(struct ch_buf *b, const struct ch_yaml_node *node)
{
    uint64_t number = 0;
    bool boolean = ch_str_eq(node->text, CH_STR("true")) || ch_str_eq(node->text, CH_STR("false"));
    if (node->plain && (boolean || ch_str_u64(node->text, &number))) {
        ch_buf_puts(b, node->text);
    } else if (node->plain && node->text.len == 0) {
        ch_buf_puts(b, CH_STR("null"));
    } else {
        ch_buf_put_json(b, node->text);
    }
}

static void put_node(struct ch_buf *b, const struct ch_yaml_node *node)
{
    if (node->kind == CH_YAML_SCALAR) {
        put_scalar(b, node);
        return;
    }
    bool map = node->kind == CH_YAML_MAP;
    ch_buf_putc(b, map ? '{' : '[');
    for (const struct ch_yaml_node *n = node->child; n != NULL; n = n->next) {
        ch_buf_puts(b, ch_str_of(n == node->child ? "" : ", "));
        if (map) {
            ch_buf_put_json(b, n->key);
            ch_buf_puts(b, CH_STR(": "));
        }
        put_node(b, n);
    }
    ch_buf_putc(b, map ? '}' : ']');
}

int main(void)
{
    enum { ROOM = 1 << 20 };
    struct ch_buf text;
    struct ch_buf out;
    struct ch_yaml *yaml = NULL;
    struct ch_err err;
    ch_buf_init(&text, ROOM);
    ch_buf_init(&out, ROOM);
    for (int c = getchar(); c != EOF; c = getchar()) {
        ch_buf_putc(&text, (char)c);
    }
    if (ch_yaml_parse(ch_buf_str(&text), "stdin", &yaml, &err) != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    put_node(&out, ch_yaml_root(yaml));
    printf("%.*s\n", (int)out.len, out.ptr);
    ch_yaml_free(yaml);
    ch_buf_done(&text);
    ch_buf_done(&out);
    return 0;
}
