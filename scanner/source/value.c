#include "scanner/source/source_int.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

enum {
    PARTIAL_BYTES = 300,
    FOLD_MAX_BYTES = 1 << 20, /* a constant; what is longer is only marked */
};

static uint64_t mixed(uint64_t h, uint64_t word)
{
    h = (h ^ word) * 0x9e3779b97f4a7c15U;
    return h ^ h >> 32;
}

/* Eight bytes at once; nothing here depends on its being hard to meet. */
uint64_t value_hash(struct ch_str s)
{
    uint64_t h = mixed(0xcbf29ce484222325U, s.len);
    size_t i = 0;
    uint64_t word = 0;
    for (; s.len - i >= sizeof(word); i += sizeof(word)) {
        memcpy(&word, s.ptr + i, sizeof(word));
        h = mixed(h, word);
    }
    word = 0;
    for (size_t k = 0; i + k < s.len; k++) {
        word |= (uint64_t)(uint8_t)s.ptr[i + k] << 8 * k;
    }
    h = mixed(h, word);
    return mixed(h, 0) | 1;
}

struct value value_number(struct ch_str s)
{
    struct value v = {.kind = VALUE_INT};
    uint32_t base = 10;
    size_t i = 0;
    if (s.len > 2 && s.ptr[0] == '0') {
        char k = (char)(s.ptr[1] | 0x20);
        base = k == 'x' ? 16 : k == 'o' ? 8 : k == 'b' ? 2 : 10;
        i = base != 10 ? 2 : 0;
    }
    for (; i < s.len; i++) {
        char c = (char)(s.ptr[i] | 0x20);
        if (s.ptr[i] == '_') {
            continue;
        }
        uint32_t d = s.ptr[i] <= '9' ? (uint32_t)(s.ptr[i] - '0') : (uint32_t)(c - 'a' + 10);
        if (d >= base || v.number > INT64_MAX / 16 - 16) {
            return (struct value){0}; /* a fraction, or too large to be a character */
        }
        v.number = v.number * base + d;
    }
    return v;
}

/* Room for a text of n bytes, in *ret its value; NULL: too long, *ret has only the marks. */
static char *text_new(struct file *f, size_t n, uint64_t marks, struct value *ret)
{
    *ret = (struct value){.marks = marks | MARK_COMPUTED};
    char *p = n <= FOLD_MAX_BYTES ? value_alloc(f, n + 1) : NULL;
    if (p != NULL) {
        *ret = (struct value){.kind = VALUE_TEXT, .marks = marks, .text = {p, n}};
    }
    return p;
}

struct value value_text(struct file *f, struct ch_str s, uint64_t marks)
{
    struct value v;
    char *p = text_new(f, s.len, marks, &v);
    if (p != NULL && s.len > 0) {
        memcpy(p, s.ptr, s.len);
    }
    return v;
}

struct value value_name(struct file *f, struct ch_str base, struct ch_str attr)
{
    struct value v;
    if (base.len + attr.len > NAME_BYTES) {
        return (struct value){0};
    }
    char *p = text_new(f, base.len + attr.len + 1, 0, &v);
    if (p == NULL) {
        return v;
    }
    size_t n = 0;
    if (base.len > 0) {
        memcpy(p, base.ptr, base.len);
        n = base.len;
        if (attr.len > 0 && attr.ptr[0] != '(') {
            p[n++] = '.';
        }
    }
    if (attr.len > 0) {
        memcpy(p + n, attr.ptr, attr.len);
        n += attr.len;
    }
    v.kind = VALUE_NAME;
    v.text.len = n;
    return v;
}

static bool is_text(const struct value *v)
{
    return v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL;
}

/* What is known of a text that is put together: short ones only, since longer ones are no paths. */
static struct value partial(struct file *f, struct value r, const struct value *a,
                            struct ch_str between, const struct value *b)
{
    static const char hole[] = {HOLE};
    const struct ch_str unknown = {hole, 1};
    struct ch_str left = is_text(a) ? a->text : unknown;
    struct ch_str right = is_text(b) ? b->text : unknown;
    size_t n = left.len + between.len + right.len;
    char *p = (is_text(a) || is_text(b)) && n <= PARTIAL_BYTES ? value_alloc(f, n + 1) : NULL;
    if (p != NULL) {
        memcpy(p, left.ptr, left.len);
        memcpy(p + left.len, between.ptr, between.len);
        memcpy(p + left.len + between.len, right.ptr, right.len);
        r.kind = a->kind == VALUE_TEXT && b->kind == VALUE_TEXT ? VALUE_TEXT : VALUE_PARTIAL;
        r.text = (struct ch_str){p, n};
    }
    return r;
}

/* What is put together with the machine's name is not that name alone. */
static uint64_t with_host(uint64_t marks)
{
    return (marks & MARK_HOST) != 0 ? MARK_BUILT : 0U;
}

/* Of a sum: where the content, or the name, of a file is from, if it is one. */
static uint64_t origin_of(const struct value *a, const struct value *b)
{
    const uint64_t file = MARK_FILE | MARK_LISTED | MARK_OTHER;
    bool second = (b->marks & file) != 0 && (a->marks & file) == 0;
    return a->origin != 0 && !second ? a->origin : b->origin;
}

struct value value_append(struct file *f, struct value a, struct value b)
{
    struct value v = {.marks = (a.marks | b.marks | MARK_COMPUTED) & ~(uint64_t)MARK_SELF,
                      .origin = origin_of(&a, &b)};
    if (a.kind == VALUE_INT || b.kind == VALUE_INT) {
        return v;
    }
    implied_use(f, &a);
    implied_use(f, &b);
    bool slash = is_text(&a) && ch_str_ends(a.text, CH_STR("/"));
    return partial(f, v, &a, slash ? CH_STR("") : CH_STR("/"), &b);
}

struct value value_add(struct file *f, struct value a, struct value b)
{
    uint64_t marks = a.marks | b.marks;
    if (a.kind == VALUE_INT && b.kind == VALUE_INT) {
        int64_t sum;
        if (!__builtin_add_overflow(a.number, b.number, &sum)) {
            return (struct value){.kind = VALUE_INT, .marks = marks, .number = sum};
        }
    }
    struct value v = {.marks = (marks | MARK_COMPUTED | with_host(marks)) & ~(uint64_t)MARK_SELF,
                      .origin = origin_of(&a, &b)};
    if (a.kind != VALUE_TEXT || b.kind != VALUE_TEXT) {
        if (is_reference(&a) || is_reference(&b)) { /* lists */
            return value_or(f, value_or(f, v, a), b);
        }
        return partial(f, v, &a, CH_STR(""), &b);
    }
    if (a.text.len + b.text.len <= FOLD_MAX_BYTES && value_grow(f, a.text, b.text)) {
        return (struct value){.kind = VALUE_TEXT,
                              .marks = marks | MARK_BUILT,
                              .text = {a.text.ptr, a.text.len + b.text.len}};
    }
    char *p = text_new(f, a.text.len + b.text.len, marks | MARK_BUILT, &v);
    if (p != NULL) {
        memcpy(p, a.text.ptr, a.text.len);
        memcpy(p + a.text.len, b.text.ptr, b.text.len);
        f->last_text = p;
        f->last_text_len = v.text.len;
    }
    return v;
}

struct value value_slice(struct file *f, struct value v, bool reversed)
{
    struct value r = {.marks = v.marks | MARK_COMPUTED, .origin = v.origin};
    if (!reversed) {
        return r;
    }
    r.marks |= MARK_BUILT;
    if (v.kind != VALUE_TEXT) {
        return r;
    }
    char *p = text_new(f, v.text.len, v.marks | MARK_BUILT, &r);
    for (size_t i = 0; p != NULL && i < v.text.len; i++) {
        p[i] = v.text.ptr[v.text.len - 1 - i];
    }
    return r;
}

/* Of what is put together: which function of another file gave a part of it. */
static uint64_t other_of(const struct value *parts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if ((parts[i].marks & MARK_OTHER) != 0 && parts[i].origin != 0) {
            return parts[i].origin;
        }
    }
    return 0;
}

static struct value join(struct file *f, struct value glue, const struct value *list)
{
    size_t n = 0;
    uint64_t marks = glue.marks | list->marks | MARK_BUILT;
    struct value v = {.marks = marks | MARK_COMPUTED, .origin = other_of(list, 1)};
    v.origin = v.origin != 0 || list->kind != VALUE_LIST ? v.origin
                                                         : other_of(list->items, list->item_count);
    if (list->kind == VALUE_TEXT && glue.kind == VALUE_TEXT && glue.text.len == 0) {
        v = *list;
        v.marks = marks;
        return v;
    }
    if (list->kind != VALUE_LIST || list->item_count == 0 || glue.kind != VALUE_TEXT) {
        return v;
    }
    for (uint32_t i = 0; i < list->item_count; i++) {
        if (list->items[i].kind != VALUE_TEXT) {
            return v;
        }
        n += list->items[i].text.len + glue.text.len;
    }
    char *p = text_new(f, n, marks, &v);
    for (uint32_t i = 0; p != NULL && i < list->item_count; i++) {
        if (i > 0) {
            memcpy(p, glue.text.ptr, glue.text.len);
            p += glue.text.len;
        }
        memcpy(p, list->items[i].text.ptr, list->items[i].text.len);
        p += list->items[i].text.len;
    }
    v.text.len = n - (v.kind == VALUE_TEXT ? glue.text.len : n);
    return v;
}

static void put_piece(struct ch_buf *b, const struct value *v)
{
    if (is_text(v)) {
        ch_buf_puts(b, v->text);
    } else {
        ch_buf_putc(b, HOLE);
    }
}

/* `b` is the text; where it has holes it is PARTIAL. */
static struct value pieces(struct file *f, const struct ch_buf *b, uint64_t marks)
{
    size_t at;
    struct ch_str s = ch_buf_str(b);
    bool holes = ch_str_find_char(s, HOLE, &at);
    struct value r = {.marks = marks | MARK_COMPUTED};
    if (!b->failed && (!holes || s.len <= PARTIAL_BYTES)) {
        r = value_text(f, s, marks | (holes ? (uint64_t)MARK_COMPUTED : 0U));
        r.kind = holes && r.kind == VALUE_TEXT ? VALUE_PARTIAL : r.kind;
    }
    return r;
}

static struct value replace(struct file *f, struct value v, struct ch_str from, struct ch_str to)
{
    struct ch_buf b;
    ch_buf_init(&b, FOLD_MAX_BYTES);
    struct ch_str rest = v.text;
    size_t at;
    while (from.len > 0 && ch_str_find(rest, from, &at)) {
        ch_buf_puts(&b, ch_str_sub(rest, 0, at));
        ch_buf_puts(&b, to);
        rest = ch_str_sub(rest, at + from.len, rest.len);
    }
    ch_buf_puts(&b, rest);
    struct value r = {.marks = v.marks | MARK_COMPUTED};
    if (!b.failed) {
        r = value_text(f, ch_buf_str(&b), v.marks | MARK_BUILT);
    }
    ch_buf_done(&b);
    return r;
}

/* "{}..." and "{0}...": enough for names that were taken apart. */
static struct value format(struct file *f, struct value v, const struct value *args, uint32_t count)
{
    struct ch_buf b;
    ch_buf_init(&b, FOLD_MAX_BYTES);
    uint64_t marks = v.marks;
    uint32_t next = 0;
    static const struct value unknown;
    for (size_t i = 0; i < v.text.len; i++) {
        char c = v.text.ptr[i];
        if (c != '{') {
            ch_buf_putc(&b, c);
            continue;
        }
        uint32_t which = next++;
        if (i + 1 < v.text.len && v.text.ptr[i + 1] >= '0' && v.text.ptr[i + 1] <= '9') {
            which = (uint32_t)(v.text.ptr[++i] - '0');
        }
        bool plain = i + 1 < v.text.len && v.text.ptr[i + 1] == '}' && which < count;
        put_piece(&b, plain ? &args[which] : &unknown);
        for (i++; i < v.text.len && v.text.ptr[i] != '}';) {
            i++;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        marks |= args[i].marks;
    }
    struct value r = pieces(f, &b, marks | (next > 0 ? MARK_BUILT : 0U));
    r.origin = r.origin != 0 ? r.origin : other_of(args, count);
    ch_buf_done(&b);
    return r;
}

struct value value_percent(struct file *f, struct value v, struct value args)
{
    const struct value *items = args.kind == VALUE_LIST ? args.items : &args;
    uint32_t count = args.kind == VALUE_LIST ? args.item_count : 1;
    struct ch_buf b;
    ch_buf_init(&b, FOLD_MAX_BYTES);
    uint32_t next = 0;
    static const struct value unknown;
    bool known = v.kind == VALUE_TEXT;
    for (size_t i = 0; known && i < v.text.len; i++) {
        char c = v.text.ptr[i];
        if (c != '%') {
            ch_buf_putc(&b, c);
            continue;
        }
        i++;
        known = i < v.text.len && v.text.ptr[i] == 's';
        if (known) {
            put_piece(&b, next < count ? &items[next] : &unknown);
            next++;
        }
    }
    struct value r = {.marks = v.marks | args.marks | MARK_COMPUTED | with_host(args.marks)};
    if (known) {
        r = pieces(f, &b, v.marks | args.marks | (next > 0 ? MARK_BUILT : 0U));
    }
    ch_buf_done(&b);
    return r;
}

struct value value_base64(struct file *f, struct value v)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint64_t marks = v.marks | MARK_DECODED;
    struct value r = {.marks = marks | MARK_COMPUTED};
    if (v.kind != VALUE_TEXT) {
        return r;
    }
    char *p = text_new(f, v.text.len, marks, &r);
    size_t n = 0;
    uint32_t bits = 0;
    uint32_t have = 0;
    for (size_t i = 0; p != NULL && i < v.text.len; i++) {
        char c = v.text.ptr[i] == '-' ? '+' : v.text.ptr[i] == '_' ? '/' : v.text.ptr[i];
        const char *at = c != 0 ? strchr(alphabet, c) : NULL;
        if (at == NULL) {
            continue; /* b64decode passes over what is not of its alphabet */
        }
        bits = bits << 6 | (uint32_t)(at - alphabet);
        have += 6;
        if (have >= 8) {
            have -= 8;
            p[n++] = (char)(bits >> have);
        }
    }
    r.text.len = p != NULL ? n : 0;
    return r;
}

struct value value_hex(struct file *f, struct value v)
{
    uint64_t marks = v.marks | MARK_DECODED;
    struct value r = {.marks = marks | MARK_COMPUTED};
    if (v.kind != VALUE_TEXT || v.text.len % 2 != 0) {
        return r;
    }
    char *p = text_new(f, v.text.len / 2, marks, &r);
    if (p != NULL && !ch_hex_decode(v.text, (uint8_t *)p, v.text.len / 2)) {
        r = (struct value){.marks = marks | MARK_COMPUTED};
    }
    return r;
}

struct value value_characters(struct file *f, struct value v)
{
    uint64_t marks = v.marks | MARK_BUILT | MARK_CHAR;
    struct value r = {.marks = marks | MARK_COMPUTED};
    if (v.kind != VALUE_LIST || v.item_count == 0) {
        return r;
    }
    char *p = text_new(f, v.item_count, marks, &r);
    for (uint32_t i = 0; p != NULL && i < v.item_count; i++) {
        if (v.items[i].kind != VALUE_INT || v.items[i].number < 0 || v.items[i].number > 255) {
            return (struct value){.marks = marks | MARK_COMPUTED};
        }
        p[i] = (char)v.items[i].number;
    }
    return r;
}

/* Paths that are made of this one's, whose own name may not be known:
 * __file__.replace("__init__.py", "a.txt"). */
static bool of_other_name(struct file *f, struct value v, struct ch_str method,
                          const struct value *args, uint32_t count, struct value *ret)
{
    struct value path = v;
    if (count == 0 || (args[0].kind != VALUE_TEXT && args[0].kind != VALUE_PARTIAL)) {
        return false;
    }
    if (str_is(method, "with_name")) {
        while (is_text(&path) && path.text.len > 0 && path.text.ptr[path.text.len - 1] != '/') {
            path.text.len--;
        }
        path.kind = path.text.len == 0 ? VALUE_UNKNOWN : path.kind;
        *ret = value_append(f, path, args[0]);
        return true;
    }
    if (str_is(method, "with_suffix")) {
        size_t at = path.text.len;
        while (is_text(&path) && at > 0 && path.text.ptr[at - 1] != '.' &&
               path.text.ptr[at - 1] != '/') {
            at--;
        }
        path.text.len =
            is_text(&path) && at > 0 && path.text.ptr[at - 1] == '.' ? at - 1 : path.text.len;
        *ret = value_add(f, path, args[0]);
        return true;
    }
    if (str_is(method, "replace") && count == 2 && v.kind != VALUE_TEXT &&
        (v.marks & (MARK_SELF | MARK_BESIDE)) != 0 && args[1].kind == VALUE_TEXT) {
        path = (struct value){.marks = v.marks};
        *ret = value_add(f, path, args[1]);
        return true;
    }
    return false;
}

/* Methods of a text whose arguments do not become a part of what they give. */
static bool takes_apart(struct ch_str name)
{
    static const char *const some[] = {"split",  "rsplit", "partition",    "rpartition",  "strip",
                                       "lstrip", "rstrip", "removeprefix", "removesuffix"};
    for (size_t i = 0; i < CH_ARRAY_LEN(some); i++) {
        if (str_is(name, some[i])) {
            return true;
        }
    }
    return false;
}

struct value value_method(struct file *f, struct value v, struct ch_str name,
                          const struct value *args, uint32_t count)
{
    static const char *const codecs[] = {"base64", "hex", "rot13", "rot_13", "zlib", "zip", "bz2"};
    static const char *const same[] = {
        "decode",     "encode",     "strip",   "rstrip",   "lstrip",   "lower", "upper",
        "expandtabs", "expanduser", "resolve", "absolute", "as_posix", "copy"};
    struct value r = {.marks = v.marks | MARK_COMPUTED, .origin = v.origin};
    bool path = ch_str_eq(name, CH_STR("resolve")) || ch_str_eq(name, CH_STR("absolute")) ||
                ch_str_eq(name, CH_STR("as_posix"));
    r.marks &= path ? UINT64_MAX : ~(uint64_t)MARK_SELF; /* another path, made of this one */
    if (ch_str_eq(name, CH_STR("join")) && count == 1) {
        return join(f, v, &args[0]);
    }
    if (ch_str_eq(name, CH_STR("replace")) && count == 2 && v.kind == VALUE_TEXT &&
        args[0].kind == VALUE_TEXT && args[1].kind == VALUE_TEXT) {
        return replace(f, v, args[0].text, args[1].text);
    }
    if (of_other_name(f, v, name, args, count, &r)) {
        return r;
    }
    if (ch_str_eq(name, CH_STR("format")) && v.kind == VALUE_TEXT) {
        return format(f, v, args, count);
    }
    if (ch_str_eq(name, CH_STR("decode")) && count > 0 && args[0].kind == VALUE_TEXT &&
        contains(args[0].text, codecs, CH_ARRAY_LEN(codecs)) != NULL) {
        v = ch_str_eq(args[0].text, CH_STR("hex")) ? value_hex(f, v) : value_base64(f, v);
        return v;
    }
    bool holds = v.kind == VALUE_TEXT || v.kind == VALUE_PARTIAL || v.kind == VALUE_LIST;
    for (size_t i = 0; i < CH_ARRAY_LEN(same); i++) {
        if (holds && ch_str_eq(name, ch_str_of(same[i]))) {
            return v;
        }
    }
    if (ch_str_eq(name, CH_STR("joinpath"))) {
        for (uint32_t i = 0; i < count; i++) {
            v = value_append(f, v, args[i]);
        }
        v.marks |= v.kind >= VALUE_TEXT && v.kind <= VALUE_PARTIAL ? text_marks(f, v.text, 0) : 0U;
        return v;
    }
    if (v.kind == VALUE_LIST &&
        (ch_str_eq(name, CH_STR("values")) || ch_str_eq(name, CH_STR("items")))) {
        struct value *pair = value_alloc(f, 2 * sizeof(*pair)); /* any key, any value */
        if (pair != NULL) {
            pair[0] = pair[1] = value_element(f, v);
            bool items = ch_str_eq(name, CH_STR("items"));
            struct value two = {
                .kind = VALUE_LIST, .marks = v.marks, .items = pair, .item_count = 2};
            struct value *one = items ? value_alloc(f, sizeof(*one)) : NULL;
            if (one != NULL) {
                *one = two;
                two = (struct value){
                    .kind = VALUE_LIST, .marks = v.marks, .items = one, .item_count = 1};
            }
            return two;
        }
    }
    if (count > 0 && v.kind != VALUE_TEXT &&
        (ch_str_eq(name, CH_STR("get")) || ch_str_eq(name, CH_STR("pop")) ||
         ch_str_eq(name, CH_STR("setdefault")) || ch_str_eq(name, CH_STR("__getitem__")))) {
        struct value item = value_item(f, v, args[0]);
        item.marks |= r.marks;
        return item;
    }
    for (uint32_t i = 0; i < count; i++) {
        r.marks |=
            args[i].marks & (MARK_SECRET | MARK_ENVIRON | MARK_HOST | MARK_REMOTE | MARK_OTHER);
    }
    r.marks |= count > 0 && !takes_apart(name) ? with_host(r.marks) : 0U;
    r.origin = r.origin != 0 && (v.marks & MARK_OTHER) != 0 ? r.origin : other_of(args, count);
    r.origin = r.origin != 0 ? r.origin : v.origin;
    return r;
}
