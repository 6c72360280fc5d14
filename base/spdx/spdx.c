#include "base/spdx/spdx.h"

#include <stdlib.h>

#include "base/spdx/spdx_int.h"
#include "customhouse/limits.h"

/* The tree leans to the left as often as a chain has operators, so it is walked with a stack of our
 * own: recursion goes only as deep as parentheses do. */

static void put_licence(const struct ch_spdx_node *n, struct ch_buf *out)
{
    size_t prefix = sizeof("LicenseRef-") - 1;
    if (ch_str_eq_nocase(ch_str_sub(n->licence, 0, prefix), CH_STR("LicenseRef-"))) {
        ch_buf_puts(out, CH_STR("LicenseRef-"));
        ch_buf_puts(out, ch_str_sub(n->licence, prefix, n->licence.len));
    } else {
        ch_buf_puts(out, n->licence);
    }
    if (n->later) {
        ch_buf_putc(out, '+');
    }
}

struct step {
    uint32_t node;
    const char *text; /* instead of a node */
};

enum ch_code ch_spdx_canonical(struct ch_str expression, struct ch_buf *ret, struct ch_err *err)
{
    struct ch_spdx_tree tree;
    enum ch_code rc = ch_spdx_parse(expression, &tree, err);
    if (rc != CH_OK) {
        return rc;
    }
    /* a node pushes at most seven steps in its place */
    struct step *stack = ch_realloc_array(NULL, 7 * (size_t)tree.count + 1, sizeof(*stack));
    size_t top = 0;
    stack[top++] = (struct step){.node = tree.root};
    while (top > 0) {
        struct step s = stack[--top];
        const struct ch_spdx_node *n = &tree.nodes[s.node];
        if (s.text != NULL) {
            ch_buf_puts(ret, ch_str_of(s.text));
        } else if (n->kind == CH_SPDX_LICENCE) {
            put_licence(n, ret);
            if (n->exception.len > 0) {
                ch_buf_puts(ret, CH_STR(" WITH "));
                ch_buf_puts(ret, n->exception);
            }
        } else {
            const uint32_t side[2] = {n->right, n->left};
            for (size_t i = 0; i < 2; i++) {
                bool wrap = n->kind == CH_SPDX_AND && tree.nodes[side[i]].kind == CH_SPDX_OR;
                if (wrap) {
                    stack[top++] = (struct step){.text = ")"};
                }
                stack[top++] = (struct step){.node = side[i]};
                if (wrap) {
                    stack[top++] = (struct step){.text = "("};
                }
                if (i == 0) {
                    stack[top++] = (struct step){.text = n->kind == CH_SPDX_AND ? " AND " : " OR "};
                }
            }
        }
    }
    free(stack);
    ch_spdx_tree_done(&tree);
    return ch_buf_ok(ret, err);
}

static bool permits(const struct ch_spdx_node *n, ch_spdx_permitted_fn *permitted, void *arg)
{
    struct ch_buf name;
    ch_buf_init(&name, ch_limits.licence_bytes + 1);
    put_licence(n, &name);
    bool ok = n->exception.len > 0 && permitted(arg, ch_buf_str(&name), n->exception);
    ok = ok || permitted(arg, ch_buf_str(&name), (struct ch_str){NULL, 0});
    ch_buf_done(&name);
    return ok;
}

enum ch_code ch_spdx_satisfied(struct ch_str expression, ch_spdx_permitted_fn *permitted, void *arg,
                               bool *ret, struct ch_err *err)
{
    struct ch_spdx_tree tree;
    enum ch_code rc = ch_spdx_parse(expression, &tree, err);
    if (rc != CH_OK) {
        return rc;
    }
    /* children stand before their parents */
    bool *met = ch_realloc_array(NULL, tree.count, sizeof(*met));
    for (uint32_t i = 0; i < tree.count; i++) {
        const struct ch_spdx_node *n = &tree.nodes[i];
        switch (n->kind) {
        case CH_SPDX_AND:
            met[i] = met[n->left] && met[n->right];
            break;
        case CH_SPDX_OR:
            met[i] = met[n->left] || met[n->right];
            break;
        case CH_SPDX_LICENCE:
            met[i] = permits(n, permitted, arg);
            break;
        }
    }
    *ret = met[tree.root];
    free(met);
    ch_spdx_tree_done(&tree);
    return CH_OK;
}
