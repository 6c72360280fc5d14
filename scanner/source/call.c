/* What a call gives back. */
#include <string.h>

#include "scanner/source/source_int.h"

static inline __attribute__((always_inline)) bool named(const struct call *c, const char *name)
{
    return str_is(c->name, name);
}

static struct value constant_import(struct file *f, const struct call *c)
{
    struct value v = c->args[0];
    if (v.kind != VALUE_TEXT) {
        return (struct value){.marks = v.marks | MARK_COMPUTED};
    }
    uint32_t marks = v.marks & (MARK_BUILT | MARK_DECODED);
    /* __import__("a.b") gives a; import_module gives a.b */
    size_t dot;
    if (named(c, "__import__") && ch_str_find_char(v.text, '.', &dot)) {
        v.text.len = dot;
    }
    v = value_name(f, (struct ch_str){NULL, 0}, v.text);
    v.marks |= marks;
    return v;
}

/* getattr(os, "sys" + "tem") */
static struct value constant_getattr(struct file *f, const struct call *c)
{
    const struct value *of = &c->args[0];
    const struct value *name = &c->args[1];
    if (of->kind != VALUE_NAME || name->kind != VALUE_TEXT) {
        return (struct value){.marks = (of->marks | name->marks) & ~(uint32_t)MARK_BUILT};
    }
    struct value v = value_name(f, of->text, name->text);
    v.marks |= (of->marks | name->marks) & (MARK_BUILT | MARK_DECODED);
    return v;
}

static struct value path_join(struct file *f, const struct call *c)
{
    struct value v = c->args[0];
    for (uint32_t i = 1; i < c->count; i++) {
        bool both = v.kind == VALUE_TEXT && c->args[i].kind == VALUE_TEXT;
        if (both && !ch_str_ends(v.text, CH_STR("/"))) {
            v = value_add(f, v, (struct value){.kind = VALUE_TEXT, .text = CH_STR("/")});
        }
        v = value_add(f, v, c->args[i]);
    }
    v.marks &= ~(uint32_t)(MARK_BUILT);
    if (v.kind == VALUE_TEXT) {
        v.marks |= text_marks(f, v.text, c->line);
    }
    return v;
}

static bool opens_for_writing(const struct call *c)
{
    for (uint32_t i = 1; i < c->count; i++) {
        bool mode = (i == 1 && c->keywords[i].len == 0) ||
                    ch_str_eq(c->keywords[i], CH_STR("mode"));
        if (mode && c->args[i].kind == VALUE_TEXT) {
            size_t at;
            return ch_str_find_char(c->args[i].text, 'w', &at) ||
                   ch_str_find_char(c->args[i].text, 'a', &at) ||
                   ch_str_find_char(c->args[i].text, 'x', &at) ||
                   ch_str_find_char(c->args[i].text, '+', &at);
        }
    }
    return false;
}

/* A file that is open: it keeps the marks of its path, and whose path it has. */
static struct value opened(const struct call *c)
{
    const struct value *path = &c->args[0];
    uint32_t kept = MARK_SECRET | MARK_AUTOSTART | MARK_START | MARK_SELF | MARK_PYTHON;
    struct value v = {.marks = (path->marks & kept) | MARK_COMPUTED};
    v.origin = path->kind == VALUE_TEXT ? value_hash(path->text) : path->origin;
    v.marks |= opens_for_writing(c) ? MARK_WRITES : 0U;
    return v;
}

static struct value decoded(struct file *f, const struct call *c)
{
    static const char *const base64[] = {"b64decode", "decodebytes", "a2b_base64"};
    if (contains(c->name, base64, CH_ARRAY_LEN(base64)) != NULL) {
        return value_base64(f, c->args[0]);
    }
    if (ch_str_ends(c->name, CH_STR("hex")) || ch_str_ends(c->name, CH_STR("hexlify"))) {
        return value_hex(f, c->args[0]);
    }
    return (struct value){.marks = c->args[0].marks | MARK_DECODED | MARK_COMPUTED};
}

static struct value rotated(struct file *f, struct value v)
{
    struct value r = value_text(f, v.text, v.marks | MARK_DECODED);
    if (r.kind != VALUE_TEXT) {
        return r;
    }
    struct ch_buf b;
    ch_buf_init(&b, r.text.len + 1);
    for (size_t i = 0; i < r.text.len; i++) {
        char c = r.text.ptr[i];
        char base = c >= 'a' && c <= 'z' ? 'a' : c >= 'A' && c <= 'Z' ? 'A' : 0;
        ch_buf_putc(&b, (char)(base != 0 ? base + (c - base + 13) % 26 : c));
    }
    r = value_text(f, ch_buf_str(&b), r.marks);
    ch_buf_done(&b);
    return r;
}

static struct value codecs_decode(struct file *f, const struct call *c)
{
    static const char *const hidden[] = {"base64", "hex", "rot13", "rot_13", "zlib", "zip", "bz2",
                                         "uu"};
    struct value v = c->args[0];
    struct ch_str how = c->count > 1 && c->args[1].kind == VALUE_TEXT ? c->args[1].text
                                                                      : (struct ch_str){NULL, 0};
    const char *which = contains(how, hidden, CH_ARRAY_LEN(hidden));
    if (which == NULL || v.kind != VALUE_TEXT) {
        v.marks |= which != NULL ? MARK_DECODED : 0U;
        return v;
    }
    if (strncmp(which, "rot", 3) == 0) {
        return rotated(f, v);
    }
    return strcmp(which, "hex") == 0 ? value_hex(f, v) : value_base64(f, v);
}

static struct value characters(struct file *f, const struct call *c)
{
    if (named(c, "chr") && c->args[0].kind == VALUE_INT) {
        struct value one = c->args[0];
        return value_characters(f, (struct value){.kind = VALUE_LIST, .marks = one.marks,
                                                  .items = &one, .item_count = 1});
    }
    return (struct value){.marks = c->marks | MARK_CHAR | MARK_COMPUTED};
}

/* Functions whose result is more than a name and marks. False: not one of them. */
static bool special(struct file *f, const struct call *c, struct value *ret)
{
    if (c->count == 0) {
        return false;
    }
    if (named(c, "__import__") || named(c, "importlib.import_module") ||
        named(c, "importlib.__import__")) {
        *ret = constant_import(f, c);
    } else if (named(c, "getattr") && c->count >= 2) {
        *ret = constant_getattr(f, c);
    } else if (named(c, "os.path.join")) {
        *ret = path_join(f, c);
    } else if (named(c, "os.path.dirname") && (c->marks & (MARK_SELF | MARK_BESIDE)) != 0) {
        *ret = (struct value){.marks = MARK_BESIDE | MARK_COMPUTED};
    } else if (named(c, "open") || named(c, "io.open") || named(c, "os.fdopen")) {
        *ret = opened(c);
    } else if (named(c, "chr") || named(c, "unichr")) {
        *ret = characters(f, c);
    } else if (named(c, "map") && c->count == 2 && c->args[0].kind == VALUE_NAME &&
               ch_str_eq(c->args[0].text, CH_STR("chr"))) {
        *ret = value_characters(f, c->args[1]);
    } else if (named(c, "map") || named(c, "filter") || named(c, "zip")) {
        *ret = (struct value){.marks = c->marks | MARK_COMPUTED};
        if (c->args[0].kind == VALUE_FUNCTION) {
            ret->marks |= f->functions[c->args[0].number].returns & ~(uint32_t)MARK_PARAM;
        }
    } else if ((named(c, "bytes") || named(c, "bytearray")) && c->args[0].kind == VALUE_LIST) {
        *ret = value_characters(f, c->args[0]);
    } else if (named(c, "reversed")) {
        *ret = value_slice(f, c->args[0], true);
    } else if (named(c, "codecs.decode")) {
        *ret = codecs_decode(f, c);
    } else if (named(c, "vars") && c->args[0].kind == VALUE_NAME) {
        *ret = value_name(f, c->args[0].text, CH_STR("__dict__"));
    } else {
        return false;
    }
    return true;
}

/* Calls of os.environ: its copies are the environment, one variable is not. */
static bool environment(const struct call *c, struct value *ret)
{
    static const char *const whole[] = {".copy", ".items", ".values"};
    if (!ch_str_starts(c->name, CH_STR("os.environ."))) {
        return false;
    }
    bool all = contains(c->name, whole, CH_ARRAY_LEN(whole)) != NULL;
    *ret = (struct value){.marks = MARK_COMPUTED | (all ? MARK_ENVIRON : 0U)};
    return true;
}

static struct value by_effect(struct file *f, const struct call *c)
{
    uint32_t effects = effects_of(c->name);
    struct value v = {.marks = MARK_COMPUTED};
    if ((effects & EFFECT_DECODE) != 0 && c->count > 0) {
        return decoded(f, c);
    }
    if ((effects & EFFECT_SAME) != 0) {
        struct value one = c->count > 0 ? c->args[0] : v;
        v.marks |= c->marks;
        v.origin = one.origin;
        return one.kind == VALUE_TEXT || (c->count == 1 && one.kind == VALUE_LIST) ? one : v;
    }
    if ((effects & EFFECT_LOAD) != 0) {
        bool embedded = (c->marks & MARK_DECODED) != 0 ||
                        (c->count > 0 && c->args[0].kind == VALUE_TEXT);
        v.marks |= c->marks | (embedded ? MARK_DECODED : 0U);
        return v;
    }
    struct value named_value = value_name(f, c->name, CH_STR("()"));
    named_value.marks |= (effects & EFFECT_FETCH) != 0 ? MARK_REMOTE : 0U;
    named_value.marks |= (effects & EFFECT_FETCH) != 0 && (c->marks & MARK_CLOUD) != 0 ? MARK_KEYS : 0U;
    named_value.marks |= (effects & EFFECT_HOST) != 0 ? MARK_HOST : 0U;
    named_value.marks |= (effects & EFFECT_SOCKET) != 0 ? MARK_SOCKET : 0U;
    return named_value;
}

static struct value of_function(struct file *f, struct value callee, const struct call *c)
{
    struct function *fn = &f->functions[callee.number];
    if (fn->name != 0) {
        edge_new(f, function_now(f), fn->name);
    }
    uint32_t marks = fn->returns & ~(uint32_t)MARK_PARAM;
    marks |= (fn->returns & MARK_PARAM) != 0 ? c->marks : 0U;
    if (fn->runs_argument && (c->marks & (MARK_DECODED | MARK_REMOTE)) != 0) {
        report(f, (c->marks & MARK_REMOTE) != 0 ? CH_F_SOURCE_REMOTE_CODE : CH_F_SOURCE_HIDDEN_CODE,
               c->line, CH_STR("through a function that runs what it is given"));
    }
    return (struct value){.marks = (marks & ~(uint32_t)MARK_SELF) | MARK_COMPUTED};
}

struct value call(struct file *f, struct value callee, struct call *c)
{
    struct value v;
    if (callee.kind == VALUE_FUNCTION) {
        v = of_function(f, callee, c);
        check_call(f, c, &v);
        return v;
    }
    if (callee.kind != VALUE_NAME) {
        uint32_t kept = callee.marks & ~(uint32_t)(MARK_PARAM | MARK_SELF);
        v = (struct value){.marks = kept | MARK_COMPUTED};
        return v;
    }
    c->name = callee.text;
    if (ch_str_starts(c->name, CH_STR("builtins."))) {
        c->name = ch_str_sub(c->name, CH_STR("builtins.").len, c->name.len);
    } else if (ch_str_starts(c->name, CH_STR("__builtins__."))) {
        c->name = ch_str_sub(c->name, CH_STR("__builtins__.").len, c->name.len);
    }
    size_t dot;
    if (!ch_str_find_char(c->name, '.', &dot)) {
        edge_new(f, function_now(f), value_hash(c->name)); /* maybe a function further down */
    }
    if (c->name.len > 0 && c->name.ptr[0] == '.') {
        v = value_method(f, c->self, ch_str_sub(c->name, 1, c->name.len), c->args, c->count);
    } else if (!special(f, c, &v) && !environment(c, &v)) {
        v = by_effect(f, c);
        v.marks |= callee.marks &
                   (MARK_REMOTE | MARK_SECRET | MARK_HOST | MARK_SOCKET | MARK_KEYS);
        v.origin = v.origin != 0 ? v.origin : callee.origin;
    }
    /* The callee itself may have been put together from pieces. */
    c->self.marks |= callee.marks;
    check_call(f, c, &v);
    return v;
}
