/* Objects that are made of bytes, and with them what code the bytes name: pickle and its like. */
#include <string.h>

#include "scanner/source/link.h"

/* Whether torch.load is told to take nothing but tensors and plain values. */
static bool takes_weights_only(const struct call *c)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct value *v = &c->args[i];
        if (str_is(c->keywords[i], "weights_only")) {
            return v->kind == VALUE_NAME && v->also == NULL && str_is(v->text, "True");
        }
    }
    return false;
}

uint32_t effects_of_load(const struct call *c, uint32_t effects)
{
    bool torch = (effects & EFFECT_LOAD) != 0 && ch_str_starts(c->name, CH_STR("torch."));
    if (torch && takes_weights_only(c)) {
        return effects & ~(uint32_t)EFFECT_LOAD;
    }
    for (uint32_t i = 0; str_is(c->name, "numpy.load") && i < c->count; i++) {
        bool plain = c->args[i].kind == VALUE_NAME && str_is(c->args[i].text, "False");
        effects |= str_is(c->keywords[i], "allow_pickle") && !plain ? (uint32_t)EFFECT_LOAD : 0U;
    }
    return effects;
}

/* A pickle that names a function which runs commands or code: GLOBAL, or the two texts of
 * STACK_GLOBAL. Spec: pickletools of CPython. Or a text of YAML that calls one: tags of PyYAML. */
static bool is_armed_pickle(struct ch_str s)
{
    static const char *const words[] = {"cos\nsystem\n",
                                        "cposix\nsystem\n",
                                        "cnt\nsystem\n",
                                        "csubprocess\n",
                                        "cbuiltins\neval\n",
                                        "cbuiltins\nexec\n",
                                        "c__builtin__\neval\n",
                                        "c__builtin__\nexec\n",
                                        "\x8c\x05posix\x94\x8c\x06system",
                                        "\x8c\x02os\x94\x8c\x06system",
                                        "\x8c\x02nt\x94\x8c\x06system",
                                        "\x8c\x0asubprocess\x94",
                                        "\x8c\x08"
                                        "builtins\x94\x8c\x04"
                                        "eval",
                                        "\x8c\x08"
                                        "builtins\x94\x8c\x04"
                                        "exec",
                                        "!!python/object/apply:",
                                        "!!python/object/new:"};
    return contains(s, words, CH_ARRAY_LEN(words)) != NULL;
}

void loads_objects(struct file *f, const struct call *c)
{
    capability(f, CAP_DYNAMIC);
    const struct value *a = &c->args[0];
    link_used(f, a, LINK_LOADED, c->line);
    bool embedded =
        c->count > 0 && (a->kind == VALUE_TEXT || (a->marks & (MARK_BLOB | MARK_DATA)) != 0);
    if (c->count > 0 && (a->marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, c->line, call_shown(f, c));
    }
    if (embedded && a->kind == VALUE_TEXT && is_armed_pickle(a->text)) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, c->name);
    }
    if (embedded && at_import(f)) {
        report(f, CH_F_SOURCE_EMBEDDED_OBJECT, c->line, call_shown(f, c));
    }
}
