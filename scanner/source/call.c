/* What a call gives back. */
#include <string.h>

#include "scanner/source/link.h"

static inline __attribute__((always_inline)) bool named(const struct call *c, const char *name)
{
    return str_is(c->name, name);
}

static struct value constant_import(struct file *f, const struct call *c)
{
    struct value v = c->args[0];
    if (v.kind != VALUE_TEXT) {
        return value_module_of(c->name, &v);
    }
    uint64_t marks = v.marks & (MARK_BUILT | MARK_DECODED);
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
    if (name->kind != VALUE_TEXT) {
        return (struct value){.marks = (of->marks | name->marks) & ~(uint64_t)MARK_BUILT};
    }
    struct value v = value_attribute(f, *of, name->text);
    uint64_t hidden = (of->marks | name->marks) & (MARK_BUILT | MARK_DECODED);
    v.marks = (v.marks & ~(uint64_t)MARK_BUILT) | (v.kind == VALUE_NAME ? hidden : 0U);
    if (c->count > 2) {
        v = value_or(f, v, c->args[2]);
    }
    return v;
}

static struct value path_join(struct file *f, const struct call *c)
{
    struct value v = c->args[0];
    for (uint32_t i = 1; i < c->count; i++) {
        v = value_append(f, v, c->args[i]);
    }
    v.marks &= ~(uint64_t)(MARK_BUILT);
    if (v.kind == VALUE_TEXT || v.kind == VALUE_PARTIAL) {
        v.marks |= text_marks(f, v.text, c->line);
    }
    return v;
}

/* As open() is given it; absent: for reading. */
static struct ch_str mode_of(const struct call *c)
{
    for (uint32_t i = 1; i < c->count; i++) {
        bool mode = (i == 1 && c->keywords[i].len == 0) ||
                    ch_str_eq(c->keywords[i], CH_STR("mode"));
        if (mode && c->args[i].kind == VALUE_TEXT) {
            return c->args[i].text;
        }
    }
    return (struct ch_str){NULL, 0};
}

static bool writes_by(struct ch_str mode)
{
    static const char letters[] = "wax+";
    size_t at;
    for (size_t i = 0; i + 1 < sizeof(letters); i++) {
        if (ch_str_find_char(mode, letters[i], &at)) {
            return true;
        }
    }
    return false;
}

/* The last part of a path; `whole`: nothing unknown is in it before the text. */
static struct ch_str path_name(const struct value *path, bool *ret_whole)
{
    struct ch_str s = path->kind == VALUE_TEXT || path->kind == VALUE_PARTIAL
                          ? path->text
                          : (struct ch_str){NULL, 0};
    size_t at = s.len;
    while (at > 0 && s.ptr[at - 1] != '/' && s.ptr[at - 1] != '\\' && s.ptr[at - 1] != HOLE) {
        at--;
    }
    *ret_whole = at == 0 || s.ptr[at - 1] != HOLE;
    return ch_str_sub(s, at, s.len);
}

static bool is_source_path(const struct value *path)
{
    bool whole;
    struct ch_str name = path_name(path, &whole);
    return ch_str_ends(name, CH_STR(".py")) || ch_str_ends(name, CH_STR(".pyw"));
}

/* Whether a path ends like a file that is no source of Python: what stands in it is not looked at as
 * code. */
static bool is_data_path(const struct value *path)
{
    bool whole;
    struct ch_str name = path_name(path, &whole);
    size_t dot;
    bool suffix = ch_str_find_char(name, '.', &dot);
    return !is_source_path(path) && name.len > 1 && (suffix || whole) &&
           !ch_str_ends(name, CH_STR(".")) && name.ptr[0] != '<';
}

uint64_t path_marks(const struct value *path)
{
    return MARK_FILE | (is_source_path(path) ? MARK_SOURCE : is_data_path(path) ? MARK_DATA : 0U);
}

/* The path of a file that is read stays known by its origin. */
static void keep_path(struct file *f, const struct value *path, struct value *file)
{
    if (path->kind != VALUE_TEXT && path->kind != VALUE_PARTIAL) {
        return;
    }
    file->origin = value_hash(path->text);
    struct value *known = table_add(f, &f->paths, file->origin);
    if (known != NULL) {
        *known = *path;
        known->also = NULL;
    }
}

struct value file_of_arguments(struct file *f, const struct call *c)
{
    struct value file = {.marks = MARK_FILE | MARK_COMPUTED | (c->marks & MARK_PARAM)};
    const struct value *path = NULL;
    for (uint32_t i = 0; i < c->count; i++) {
        const struct value *a = &c->args[i];
        bool text = a->kind == VALUE_TEXT || a->kind == VALUE_PARTIAL;
        bool other = str_is(c->keywords[i], "encoding") || str_is(c->keywords[i], "mode");
        if (text && !other && (path == NULL || !is_source_path(path))) {
            path = a; /* ("pkg", "version.py", "utf-8") */
        }
    }
    if (path != NULL) {
        size_t dot;
        bool named_file = ch_str_find_char(path->text, '.', &dot); /* else a part of its name */
        file.marks = (named_file ? path_marks(path) : MARK_FILE) | MARK_COMPUTED;
        keep_path(f, path, &file);
    }
    return file;
}

/* A file that is open: it keeps the marks of its path, and whose path it has. */
static struct value opened(struct file *f, const struct call *c, uint32_t at)
{
    const struct value *path = &c->args[at - 1];
    uint64_t kept = MARK_SECRET | MARK_AUTOSTART | MARK_START | MARK_SELF | MARK_PARAM |
                    MARK_TOKEN | MARK_VARIABLE | MARK_SETTINGS | MARK_LOGIN | MARK_SITE |
                    MARK_OTHER;
    struct value v = {.marks = (path->marks & kept) | MARK_COMPUTED};
    struct ch_str mode = at == 1 ? mode_of(c) : (struct ch_str){NULL, 0};
    size_t plus;
    v.origin = path->kind == VALUE_TEXT ? value_hash(path->text) : path->origin;
    if (writes_by(mode)) {
        v.marks |= (path->marks & MARK_PYTHON) | MARK_WRITES;
    }
    if (!writes_by(mode) || ch_str_find_char(mode, '+', &plus)) {
        v.marks |= path_marks(path);
        keep_path(f, path, &v);
        link_path(f, path, &v);
    }
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

static bool is_any(struct ch_str name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (name.len > 0 && name.ptr[0] == list[i][0] && str_is(name, list[i])) {
            return true;
        }
    }
    return false;
}

/* Functions about files whose path is one of their arguments; its index, + 1; 0: none. */
static uint32_t path_argument(const struct call *c)
{
    static const char *const first[] = {"open", "io.open", "os.fdopen", "codecs.open",
                                        "runpy.run_path", "tokenize.open", "execfile", "io.FileIO",
                                        "io.open_code", "os.open", "linecache.getlines",
                                        "linecache.getline", "fileinput.input",
                                        "fileinput.FileInput", "gzip.open", "bz2.open",
                                        "lzma.open", "zipfile.ZipFile", "tarfile.open",
                                        "py_compile.compile"};
    static const char *const second[] = {"importlib.util.spec_from_file_location",
                                         "importlib.machinery.SourceFileLoader",
                                         "importlib.machinery.SourcelessFileLoader",
                                         "imp.load_source",
                                         "imp.load_compiled",
                                         "pkgutil.get_data",
                                         "importlib.resources.read_text",
                                         "importlib.resources.read_binary",
                                         "importlib.resources.open_text",
                                         "importlib.resources.open_binary",
                                         "importlib.resources.path",
                                         "pkg_resources.resource_string",
                                         "pkg_resources.resource_stream",
                                         "pkg_resources.resource_filename"};
    static const char *const keywords[] = {"path",     "location", "pathname",      "file",
                                           "filename", "resource", "resource_name", "path_name"};
    bool by_loader = ch_str_ends(c->name, CH_STR("loader__.get_data")) ||
                     ch_str_ends(c->name, CH_STR(".loader.get_data"));
    uint32_t at = by_loader || is_any(c->name, first, CH_ARRAY_LEN(first)) ? 1
                  : is_any(c->name, second, CH_ARRAY_LEN(second))          ? 2
                                                                           : 0;
    for (uint32_t i = 0; at > 0 && i < c->count; i++) {
        if (c->keywords[i].len > 0 && is_any(c->keywords[i], keywords, CH_ARRAY_LEN(keywords))) {
            return i + 1;
        }
    }
    return at <= c->count ? at : 0;
}

bool path_is_data(const struct value *path)
{
    return is_data_path(path);
}

/* Functions that give what lies in a folder, or what fits a pattern. */
static bool lists_files(struct file *f, const struct call *c, struct value *ret)
{
    static const char *const patterns[] = {"glob.glob", "glob.iglob", ".glob", ".rglob"};
    static const char *const folders[] = {"os.listdir",          "os.scandir",
                                          "os.walk",             "pkgutil.iter_modules",
                                          "pkgutil.walk_packages", "importlib.resources.contents",
                                          ".iterdir"};
    bool fits = is_any(c->name, patterns, CH_ARRAY_LEN(patterns)) && c->count > 0;
    bool folder = is_any(c->name, folders, CH_ARRAY_LEN(folders));
    bool method = c->name.len > 0 && c->name.ptr[0] == '.';
    struct value *one = fits || folder ? value_alloc(f, sizeof(*one)) : NULL;
    if (one == NULL) {
        return false;
    }
    if (fits) { /* any of the pattern */
        struct value below = {.kind = VALUE_TEXT, .text = CH_STR("**")};
        struct value of = named(c, ".rglob") ? value_append(f, c->self, below) : c->self;
        *one = method ? value_append(f, of, c->args[0]) : c->args[0];
        one->kind = one->kind == VALUE_TEXT ? VALUE_PARTIAL : one->kind;
        one->marks |= MARK_LISTED | MARK_COMPUTED;
        *ret = (struct value){.kind = VALUE_LIST, .marks = one->marks, .items = one, .item_count = 1};
        return true;
    }
    const struct value *of = method ? &c->self : &c->args[0];
    bool many = of->kind == VALUE_LIST && of->item_count > 0;
    *ret = (struct value){.marks = MARK_LISTED | MARK_COMPUTED | (of->marks & MARK_PARAM)};
    keep_path(f, many ? &of->items[0] : of, ret);
    return true;
}

/* Of paths. False: not one of them. */
static bool of_path(struct file *f, const struct call *c, struct value *ret)
{
    static const char *const paths[] = {"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath",
                                        "os.path.join", "importlib.resources.files().joinpath"};
    static const char *const home[] = {"pathlib.Path.home", "pathlib.PosixPath.home"};
    uint32_t at = c->path;
    if (is_any(c->name, home, CH_ARRAY_LEN(home))) {
        *ret = (struct value){.kind = VALUE_TEXT, .text = CH_STR("~")};
    } else if (c->count > 0 && ch_str_ends(c->name, CH_STR("files().joinpath"))) {
        struct value root = {.marks = MARK_COMPUTED};
        for (uint32_t i = 0; i < c->count; i++) {
            root = value_append(f, root, c->args[i]);
        }
        *ret = root;
    } else if (c->count > 1 && is_any(c->name, paths, CH_ARRAY_LEN(paths))) {
        *ret = path_join(f, c);
    } else if (named(c, "os.path.dirname") && (c->marks & (MARK_SELF | MARK_BESIDE)) != 0) {
        *ret = (struct value){.marks = MARK_BESIDE | MARK_COMPUTED};
    } else if (at > 0 && !named(c, "runpy.run_path")) {
        *ret = opened(f, c, at);
    } else if (lists_files(f, c, ret)) {
        return true;
    } else {
        return false;
    }
    return true;
}

/* Functions that give back a function, with something bound to it, or as it is. */
static bool carries(struct file *f, const struct call *c, struct value *ret)
{
    static const char *const binds[] = {"functools.partial", "functools.partialmethod",
                                        "types.MethodType"};
    static const char *const operators[] = {"operator.methodcaller", "operator.attrgetter",
                                            "operator.itemgetter"};
    static const char *const same[] = {"staticmethod", "classmethod", "property", "cast",
                                       "functools.cached_property", "functools.lru_cache",
                                       "functools.cache", "functools.wraps()",
                                       "functools.lru_cache()", "contextlib.contextmanager",
                                       "types.coroutine", "atexit.register", "memoryview"};
    bool is_bound = is_any(c->name, binds, CH_ARRAY_LEN(binds)) && is_reference(&c->args[0]);
    bool is_operator = is_any(c->name, operators, CH_ARRAY_LEN(operators));
    if (!is_bound && !is_operator) {
        if (is_any(c->name, same, CH_ARRAY_LEN(same)) && is_reference(&c->args[0])) {
            *ret = c->args[0];
            if (named(c, "property") && ret->kind == VALUE_FUNCTION) {
                f->functions[ret->number].is_property = true;
            }
            return true;
        }
        return false;
    }
    uint32_t first = is_bound ? 1 : 0;
    uint32_t count = c->count - first;
    struct value *items = value_alloc(f, (count + 1) * sizeof(*items));
    if (items == NULL) {
        return false;
    }
    memcpy(items, c->args + first, count * sizeof(*items));
    *ret = is_bound ? c->args[0] : value_name(f, c->name, CH_STR("()"));
    if (ret->item_count == 0 && count > 0) {
        ret->items = items;
        ret->item_count = count;
    }
    ret->marks |= c->marks;
    return true;
}

/* Functions whose result is more than a name and marks. False: not one of them. */
static bool special(struct file *f, const struct call *c, struct value *ret)
{
    static const char *const imports[] = {"__import__", "importlib.import_module",
                                          "importlib.__import__", "sys.modules.get", "inspect.getmodule"};
    static const char *const asks[] = {"getattr", "object.__getattribute__",
                                       "type.__getattribute__", "inspect.getattr_static"};
    static const char *const any[] = {"map", "filter", "zip", "enumerate"};
    static const char *const next[] = {"next", "max", "min"};
    if (c->count == 0) {
        return false;
    }
    if (is_any(c->name, imports, CH_ARRAY_LEN(imports))) {
        *ret = constant_import(f, c);
    } else if ((effects_of(c->name) & EFFECT_RESOLVE) != 0) {
        *ret = value_resolved(f, c->args[0]);
    } else if (c->count >= 2 && is_any(c->name, asks, CH_ARRAY_LEN(asks))) {
        *ret = constant_getattr(f, c);
    } else if (named(c, "setattr") && c->count == 3 && c->args[1].kind == VALUE_TEXT) {
        attribute_set(f, c->args[0], c->args[1].text, c->args[2]);
        *ret = (struct value){0};
    } else if (named(c, "chr") || named(c, "unichr")) {
        *ret = characters(f, c);
    } else if (named(c, "map") && c->count == 2 && c->args[0].kind == VALUE_NAME &&
               ch_str_eq(c->args[0].text, CH_STR("chr"))) {
        *ret = value_characters(f, c->args[1]);
    } else if (is_any(c->name, any, CH_ARRAY_LEN(any))) {
        *ret = (struct value){.marks = c->marks | MARK_COMPUTED};
        if (c->args[0].kind == VALUE_FUNCTION) {
            ret->marks |= f->functions[c->args[0].number].returns & ~(uint64_t)MARK_PARAM;
        }
    } else if (is_any(c->name, next, CH_ARRAY_LEN(next))) {
        *ret = value_element(f, c->args[0]);
    } else if ((named(c, "bytes") || named(c, "bytearray")) && c->args[0].kind == VALUE_LIST) {
        *ret = value_characters(f, c->args[0]);
    } else if (named(c, "reversed")) {
        *ret = value_slice(f, c->args[0], true);
    } else if (named(c, "codecs.decode")) {
        *ret = codecs_decode(f, c);
    } else if (named(c, "type") && (ch_str_ends(c->args[0].text, CH_STR("loader__")) ||
                                    ch_str_ends(c->args[0].text, CH_STR(".loader")))) {
        *ret = (struct value){.kind = VALUE_NAME,
                              .text = CH_STR("importlib.machinery.SourceFileLoader")};
    } else if (named(c, "vars")) {
        *ret = value_attribute(f, c->args[0], CH_STR("__dict__"));
    } else {
        return value_reduced(f, c, ret) || carries(f, c, ret);
    }
    return true;
}

/* Calls of os.environ: its copies are the environment, one variable is not. */
static bool environment(const struct call *c, struct value *ret)
{
    static const char *const whole[] = {".copy", ".items", ".values"};
    if (named(c, "os.getenv")) {
        *ret = (struct value){.marks = MARK_COMPUTED | MARK_VARIABLE};
        return true;
    }
    if (!ch_str_starts(c->name, CH_STR("os.environ."))) {
        return false;
    }
    bool all = contains(c->name, whole, CH_ARRAY_LEN(whole)) != NULL;
    *ret = (struct value){.marks = MARK_COMPUTED | (all ? MARK_ENVIRON : MARK_VARIABLE)};
    return true;
}

/* What a distribution says of itself; settings, and tables, from files. */
static bool is_from_files(struct ch_str name)
{
    bool may = name.len > 0 && strchr("ipcs", name.ptr[0]) != NULL;
    return may &&
           (ch_str_starts(name, CH_STR("importlib.metadata.")) ||
            ch_str_starts(name, CH_STR("importlib_metadata.")) ||
            ch_str_starts(name, CH_STR("pkg_resources.get_distribution")) ||
            ch_str_starts(name, CH_STR("configparser.")) ||
            ch_str_starts(name, CH_STR("sqlite3.connect")));
}

static struct value by_effect(struct file *f, const struct call *c)
{
    uint32_t effects = effects_of(c->name);
    struct value v = {.marks = MARK_COMPUTED};
    if ((effects & EFFECT_DECODE) != 0 && c->count > 0) {
        return link_through(&c->args[0], decoded(f, c));
    }
    if ((effects & EFFECT_SAME) != 0) {
        struct value one = c->count > 0 ? c->args[0] : v;
        v.marks |= c->marks;
        v.origin = one.origin;
        bool same = one.kind == VALUE_TEXT || one.kind == VALUE_PARTIAL ||
                    (c->count == 1 && is_reference(&one)) || one.kind == VALUE_LIST;
        return same && (c->count == 1 || one.kind != VALUE_LIST) ? one : v;
    }
    if ((effects & EFFECT_LOAD) != 0) {
        bool embedded = (c->marks & MARK_DECODED) != 0 ||
                        (c->count > 0 && c->args[0].kind == VALUE_TEXT);
        v.marks |= c->marks | (embedded ? MARK_DECODED : 0U);
        return v;
    }
    struct value named_value = value_name(f, c->name, CH_STR("()"));
    if (loads_library(named_value.text)) {
        named_value.text = CH_STR("ctypes.CDLL()");
    }
    named_value.marks |= c->marks & (MARK_FILE | MARK_DATA | MARK_SOURCE | MARK_LISTED);
    named_value.marks |= c->marks & MARK_THERE;
    if ((effects & EFFECT_NETWORK) != 0 && c->count > 0 && text_public_host(&c->args[0])) {
        named_value.marks |= MARK_THERE;
    }
    named_value.marks |= is_from_files(c->name) ? MARK_FILE | MARK_DATA : 0U;
    named_value.marks |= (effects & EFFECT_FETCH) != 0 ? MARK_REMOTE : 0U;
    named_value.marks |= (effects & EFFECT_FETCH) != 0 && (c->marks & MARK_CLOUD) != 0 ? MARK_KEYS : 0U;
    named_value.marks |= (effects & EFFECT_HOST) != 0 ? MARK_HOST : 0U;
    named_value.marks |= (effects & EFFECT_SITE) != 0 ? MARK_SITE : 0U;
    named_value.marks |= (effects & EFFECT_SOCKET) != 0 ? MARK_SOCKET : 0U;
    bool sibling = ch_str_starts(c->name, CH_STR("?."));
    if (sibling) {
        named_value.origin = file_of_arguments(f, c).origin;
    }
    for (uint32_t i = 0; i < c->count && sibling; i++) {
        named_value.marks |= text_encoded(&c->args[i]) ? MARK_ENCODED : 0U;
    }
    return named_value;
}

/* The name of what is called, without the ways that lead to it. */
static struct ch_str plain_name(struct ch_str name)
{
    static const char *const before[] = {"builtins.", "__builtins__.", "globals().", "locals()."};
    for (size_t i = 0; i < CH_ARRAY_LEN(before); i++) {
        if (ch_str_starts(name, ch_str_of(before[i]))) {
            struct ch_str rest = ch_str_sub(name, strlen(before[i]), name.len);
            size_t dot;
            return i < 2 || ch_str_find_char(rest, '.', &dot) ? rest : name;
        }
    }
    return name;
}

/* By its whole name: os.__dict__.get("system"), builtins.__getattribute__("exec"), sys.modules.get("os"). */
static bool of_namespace(struct file *f, struct ch_str name, const struct call *c, struct value *ret)
{
    enum { ATTRIBUTE }; /* the others are of a dict */
    static const char *const ways[] = {
        [ATTRIBUTE] = ".__getattribute__", ".get", ".__getitem__", ".pop", ".setdefault"};
    struct value of = {.kind = VALUE_NAME, .text = name};
    for (size_t i = 0; c->count > 0 && c->args[0].kind == VALUE_TEXT && i < CH_ARRAY_LEN(ways); i++) {
        if (ch_str_ends(name, ch_str_of(ways[i]))) {
            of.text.len = name.len - strlen(ways[i]);
            *ret = i == ATTRIBUTE ? value_attribute(f, of, c->args[0].text) : value_item(f, of, c->args[0]);
            return i == ATTRIBUTE || ret->kind == VALUE_NAME || ret->also != NULL;
        }
    }
    return false;
}

/* path.open(mode) */
static struct ch_str method_mode(const struct call *c)
{
    bool mode = c->count > 0 && c->args[0].kind == VALUE_TEXT &&
                (c->keywords[0].len == 0 || str_is(c->keywords[0], "mode"));
    return mode ? c->args[0].text : (struct ch_str){NULL, 0};
}

struct value call_name(struct file *f, const struct value *callee, struct call *c)
{
    struct value v;
    size_t dot;
    c->name = plain_name(callee->text);
    c->path = path_argument(c);
    foreign_call(f, c->name);
    link_called(f, c);
    if (!ch_str_find_char(c->name, '.', &dot)) {
        for (struct file *o = f; o != NULL; o = function_now(f) == 0 ? o->outer : NULL) {
            edge_new(o, function_now(o), value_hash(c->name)); /* one further down, or around */
        }
    }
    if (c->name.len > 0 && c->name.ptr[0] == '.') {
        bool reads = named(c, ".read_text") || named(c, ".read_bytes") ||
                     (named(c, ".open") && !writes_by(method_mode(c)));
        if (!lists_files(f, c, &v)) {
            v = value_method(f, c->self, ch_str_sub(c->name, 1, c->name.len), c->args, c->count);
        }
        if (named(c, ".open") && writes_by(method_mode(c))) {
            v.marks |= MARK_WRITES | (c->self.marks & MARK_PYTHON);
            v.origin = c->self.kind == VALUE_TEXT ? value_hash(c->self.text) : c->self.origin;
        }
        if (reads && (c->self.marks & MARK_FILE) == 0) {
            v.marks |= path_marks(&c->self);
            keep_path(f, &c->self, &v);
        }
    } else if (!of_path(f, c, &v) && !special(f, c, &v) && !of_namespace(f, callee->text, c, &v) &&
               !environment(c, &v)) {
        v = by_effect(f, c);
        v.marks |= callee->marks & (MARK_REMOTE | MARK_SECRET | MARK_HOST | MARK_SOCKET |
                                    MARK_KEYS | MARK_DATA | MARK_FILE | MARK_SOURCE | MARK_LISTED);
        link_result(f, callee, c, &v);
        v.origin = v.origin != 0 ? v.origin : callee->origin;
    }
    /* The callee itself may have been put together from pieces. */
    c->self.marks |= callee->marks;
    check_call(f, c, &v);
    return v;
}
