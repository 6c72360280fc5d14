/* Whether a setup.py does nothing but declare what setup() is told.
 *
 * A declaration is made of: imports of setuptools, distutils and a few modules of the standard library;
 * assignments to plain names; `with open(...) as name:`; `if __name__ == "__main__":`; and calls of
 * setup(). What stands in them is literals, names that were assigned before, operators,
 * comprehensions, and calls of functions and methods that read a file, join a path, search a text or
 * make a value (below). Nothing of it takes a function as a value, so nothing else can be called:
 * whatever is not in these lists is "beyond", whatever it means.
 *
 * The lists are of names, since nothing but the names is needed: no name in them can be bound anew, and
 * an import of a module that the tree itself has is beyond. */
#include "customhouse/limits.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

#include <stdlib.h>

/* Called by their bare name. */
static const char *const functions[] = {
    "setup", "find_packages", "find_namespace_packages", "Extension", "open", "Path", "str", "int",
    "len", "list", "dict", "tuple", "set", "join", "dirname", "abspath", "realpath", "basename",
};
/* Called on a value that the file made itself: text, lists, paths, open files, matches of a search. */
static const char *const methods[] = {
    "read", "readlines", "readline", "read_text", "read_bytes", "strip", "rstrip", "lstrip", "split",
    "rsplit", "splitlines", "join", "format", "replace", "startswith", "endswith", "lower", "upper",
    "decode", "encode", "resolve", "absolute", "joinpath", "with_name", "group", "groups", "items",
    "keys", "values", "get", "append", "extend", "copy", "close", "partition", "rpartition", "index",
    "find", "title",
};
/* Of modules: called, or a value. */
static const char *const chains[] = {
    "setuptools.setup", "setuptools.find_packages", "setuptools.find_namespace_packages",
    "setuptools.Extension", "distutils.core.setup", "os.path.join", "os.path.dirname",
    "os.path.abspath", "os.path.realpath", "os.path.basename", "os.path.normpath", "os.path.exists",
    "os.path.isfile", "path.join", "path.dirname", "path.abspath", "path.realpath", "io.open",
    "codecs.open", "pathlib.Path", "re.search", "re.match", "re.findall", "re.compile",
};
static const char *const chain_values[] = {
    "sys.version_info", "sys.platform", "sys.version", "sys.version_info.major",
    "sys.version_info.minor", "os.name", "os.linesep", "os.sep", "re.M", "re.MULTILINE", "re.S",
    "re.DOTALL", "re.VERBOSE", "re.X", "re.I",
};
static const char *const modules[] = {"setuptools", "os",        "sys",           "io",      "re",
                                      "codecs",     "pathlib",   "os.path",       "distutils",
                                      "path",       "distutils.core"};
static const struct {
    const char *module;
    const char *names[6];
} from[] = {
    {"setuptools", {"setup", "find_packages", "find_namespace_packages", "Extension"}},
    {"distutils.core", {"setup", "Extension"}},
    {"setuptools.extension", {"Extension"}},
    {"distutils.extension", {"Extension"}},
    {"os", {"path"}},
    {"os.path", {"join", "dirname", "abspath", "realpath", "basename"}},
    {"io", {"open"}},
    {"codecs", {"open"}},
    {"pathlib", {"Path"}},
    {"__future__", {"absolute_import", "division", "print_function", "unicode_literals",
                    "with_statement", "annotations"}},
};
static const char *const constants[] = {"True", "False", "None", "and", "or",       "not",     "in",
                                        "is",   "if",    "else", "__file__", "__name__", "__doc__"};
/* Arguments of setup() that are data to setuptools. Others may name code that it runs. */
static const char *const arguments[] = {
    "name", "version", "description", "long_description", "long_description_content_type", "author",
    "author_email", "maintainer", "maintainer_email", "url", "download_url", "project_urls",
    "license", "license_file", "license_files", "license_expression", "classifiers", "keywords",
    "platforms", "packages", "package_dir", "package_data", "include_package_data",
    "exclude_package_data", "py_modules", "scripts", "entry_points", "install_requires",
    "extras_require", "python_requires", "zip_safe", "setup_requires", "tests_require", "test_suite",
    "data_files", "ext_modules", "ext_package", "namespace_packages", "provides", "requires",
    "obsoletes", "dependency_links", "eager_resources", "include_dirs", "headers", "libraries",
    "provides_extras", "bugtrack_url",
};

#define ANY(list, s) is_any((list), CH_ARRAY_LEN(list), (s))

static bool is_any(const char *const *list, size_t count, struct ch_str s)
{
    for (size_t i = 0; i < count && list[i] != NULL; i++) {
        if (ch_str_eq(s, ch_str_of(list[i]))) {
            return true;
        }
    }
    return false;
}

enum group { GROUP_PLAIN = 0, GROUP_SETUP, GROUP_OPEN, GROUP_CALL };

struct judge {
    struct sdist *s;
    const struct sdist_tokens *t;
    size_t at;
    struct ch_map *bound;
    struct ch_buf *why;
    bool beyond;
    enum group open[CH_TOKEN_BRACKETS];
    size_t depth;
    size_t argument; /* of the open() that is being read: how many commas so far */
};

static const struct ch_token *peek(const struct judge *j, size_t ahead)
{
    return sdist_token_at(j->t, j->at + ahead);
}

static struct ch_str text_at(const struct judge *j, size_t ahead)
{
    return sdist_token_text(j->t, j->at + ahead);
}

static bool is_op(const struct judge *j, size_t ahead, const char *op)
{
    return sdist_token_is(j->t, j->at + ahead, CH_TOKEN_OP, op);
}

static bool is_word(const struct judge *j, size_t ahead, const char *word)
{
    return sdist_token_is(j->t, j->at + ahead, CH_TOKEN_NAME, word);
}

/* Says once what is no declaration; always false. */
static bool beyond(struct judge *j, const char *what, struct ch_str name)
{
    if (!j->beyond) {
        ch_buf_printf(j->why, "line %u: %s", peek(j, 0)->line, what);
        if (name.len > 0) {
            ch_buf_putc(j->why, ' ');
            ch_buf_put_escaped(j->why, ch_str_sub(name, 0, ch_limits.word_bytes));
        }
    }
    j->beyond = true;
    return false;
}

static bool bind(struct judge *j, struct ch_str name)
{
    static const char *const fixed[] = {"__builtins__", "__import__", "__loader__", "__spec__",
                                        "__path__", "__package__"};
    if (ANY(functions, name) || ANY(modules, name) || ANY(constants, name) || ANY(fixed, name)) {
        return beyond(j, "gives another meaning to", name);
    }
    CH_IGNORE(ch_map_set(j->bound, name, j));
    return true;
}

/* --- imports --- */

static void take_dotted(struct judge *j, struct ch_buf *ret)
{
    while (peek(j, 0)->type == CH_TOKEN_NAME || is_op(j, 0, ".")) {
        ch_buf_puts(ret, text_at(j, 0));
        j->at++;
    }
}

static bool known_module(struct judge *j, struct ch_str dotted)
{
    if (sdist_has_module(j->s, dotted)) {
        return beyond(j, "imports from the tree:", dotted);
    }
    return true;
}

static bool import_statement(struct judge *j)
{
    struct ch_buf b;
    bool ok = true;
    ch_buf_init(&b, ch_limits.text_bytes);
    do {
        j->at++;
        ch_buf_clear(&b);
        while (peek(j, 0)->type == CH_TOKEN_NAME || is_op(j, 0, ".")) {
            if (is_word(j, 0, "as")) {
                break;
            }
            ch_buf_puts(&b, text_at(j, 0));
            j->at++;
        }
        struct ch_str dotted = ch_buf_str(&b);
        ok = known_module(j, dotted) &&
             (ANY(modules, dotted) || beyond(j, "imports", dotted)) &&
             (!is_word(j, 0, "as") || beyond(j, "renames", dotted));
    } while (ok && is_op(j, 0, ","));
    ch_buf_done(&b);
    return ok;
}

static bool from_names(struct judge *j, const char *const *names, size_t count)
{
    bool parens = is_op(j, 0, "(");
    j->at += parens ? 1 : 0;
    for (;;) {
        struct ch_str name = text_at(j, 0);
        if (peek(j, 0)->type != CH_TOKEN_NAME || !is_any(names, count, name)) {
            return beyond(j, "imports", name);
        }
        j->at++;
        if (is_op(j, 0, ",")) {
            j->at++;
            if (parens && is_op(j, 0, ")")) {
                break;
            }
            continue;
        }
        break;
    }
    if (parens && is_op(j, 0, ")")) {
        j->at++;
    }
    return true; /* "as" and the like: the statement does not end here */
}

static bool from_statement(struct judge *j)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    j->at++;
    while (!is_word(j, 0, "import") && (peek(j, 0)->type == CH_TOKEN_NAME || is_op(j, 0, "."))) {
        ch_buf_puts(&b, text_at(j, 0));
        j->at++;
    }
    struct ch_str dotted = ch_buf_str(&b);
    bool ok = known_module(j, dotted);
    bool known = false;
    for (size_t i = 0; ok && !known && i < CH_ARRAY_LEN(from); i++) {
        if (ch_str_eq(dotted, ch_str_of(from[i].module)) && is_word(j, 0, "import")) {
            known = true;
            j->at++;
            ok = from_names(j, from[i].names, CH_ARRAY_LEN(from[i].names));
        }
    }
    ok = ok && (known || beyond(j, "imports", dotted));
    ch_buf_done(&b);
    return ok;
}

/* --- expressions --- */

/* f(*x), f(**x): arguments that are not seen. */
static bool unpacks(struct judge *j)
{
    if (!is_op(j, 1, "*") && !is_op(j, 1, "**")) {
        return false;
    }
    j->at++;
    CH_IGNORE(beyond(j, "uses", text_at(j, 0)));
    return true;
}

static bool push(struct judge *j, enum group g)
{
    if (unpacks(j)) {
        return false;
    }
    if (j->depth == CH_ARRAY_LEN(j->open)) {
        return beyond(j, "nests too deeply", CH_STR(""));
    }
    j->open[j->depth++] = g;
    j->argument = 0;
    j->at++;
    return true;
}

static enum group inside(const struct judge *j)
{
    return j->depth > 0 ? j->open[j->depth - 1] : GROUP_PLAIN;
}

static bool is_read_mode(const struct judge *j, size_t ahead)
{
    static const char *const modes[] = {"r", "rb", "rt", "rU", "U"};
    struct ch_buf b;
    bool ok = false;
    if (peek(j, ahead)->type == CH_TOKEN_STRING) {
        ch_buf_init(&b, ch_limits.text_bytes);
        ch_token_value(j->t->source.text, peek(j, ahead), &b);
        ok = !b.failed && ANY(modes, ch_buf_str(&b));
        ch_buf_done(&b);
    }
    return ok;
}

/* A call of what `name` is, when its parenthesis follows. */
static bool call(struct judge *j, struct ch_str name)
{
    enum group g = ch_str_eq(name, CH_STR("setup")) || ch_str_ends(name, CH_STR(".setup"))
                       ? GROUP_SETUP
                   : ch_str_eq(name, CH_STR("open")) || ch_str_ends(name, CH_STR(".open"))
                       ? GROUP_OPEN
                       : GROUP_CALL;
    return is_op(j, 0, "(") ? push(j, g) : beyond(j, "uses as a value:", name);
}

/* os.path.join(...), sys.version_info */
static bool chain(struct judge *j)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.text_bytes);
    take_dotted(j, &b);
    struct ch_str dotted = ch_buf_str(&b);
    bool ok;
    if (ANY(chains, dotted)) {
        ok = call(j, dotted);
    } else {
        ok = ANY(chain_values, dotted) && !is_op(j, 0, "(") ? true : beyond(j, "uses", dotted);
    }
    ch_buf_done(&b);
    return ok;
}

static bool attribute(struct judge *j)
{
    struct ch_str name = text_at(j, 1);
    if (peek(j, 1)->type != CH_TOKEN_NAME || ch_str_starts(name, CH_STR("__"))) {
        return beyond(j, "uses", name);
    }
    j->at += 2;
    if (!is_op(j, 0, "(")) {
        return true;
    }
    return ANY(methods, name) ? push(j, GROUP_CALL) : beyond(j, "calls", name);
}

static bool argument_name(struct judge *j, struct ch_str name)
{
    static const char *const of_open[] = {"encoding", "errors", "newline", "buffering"};
    bool ok = true;
    switch (inside(j)) {
    case GROUP_SETUP:
        ok = ANY(arguments, name);
        break;
    case GROUP_OPEN:
        ok = ANY(of_open, name) || (ch_str_eq(name, CH_STR("mode")) && is_read_mode(j, 2));
        break;
    case GROUP_CALL:
        break;
    case GROUP_PLAIN:
        ok = false;
        break;
    }
    if (!ok) {
        return beyond(j, "has the argument", name);
    }
    j->at += 2;
    return true;
}

static bool name(struct judge *j)
{
    struct ch_str word = text_at(j, 0);
    if (is_op(j, 1, "=") && j->depth > 0 && j->at > 0) {
        j->at--;
        bool first = is_op(j, 0, "(") || is_op(j, 0, ",");
        j->at++;
        return first ? argument_name(j, word) : beyond(j, "assigns", word);
    }
    if (ANY(modules, word) && is_op(j, 1, ".")) {
        return chain(j);
    }
    if (ANY(functions, word)) {
        j->at++;
        return call(j, word);
    }
    if (ch_str_eq(word, CH_STR("for")) && j->depth > 0) {
        while (!is_word(j, 0, "in") && peek(j, 0)->type != CH_TOKEN_END) {
            j->at++; /* its names were bound before */
        }
        return true;
    }
    if (!ANY(constants, word) && ch_map_get(j->bound, word) == NULL) {
        return beyond(j, "uses", word);
    }
    j->at++;
    bool keyword = ANY(constants, word) && word.ptr[0] != '_' && word.ptr[0] >= 'a';
    return keyword || !is_op(j, 0, "(") || beyond(j, "calls", word);
}

static bool operator_token(struct judge *j)
{
    static const char *const plain[] = {"+",  "-",  "*",  "/",  "//", "%", ".", ":", ",", "==",
                                        "!=", "<=", ">=", "<",  ">",  "|", "&", "!"};
    struct ch_str op = text_at(j, 0);
    if (is_op(j, 0, "(") || is_op(j, 0, "[") || is_op(j, 0, "{")) {
        return push(j, GROUP_PLAIN);
    }
    if (is_op(j, 0, ")") || is_op(j, 0, "]") || is_op(j, 0, "}")) {
        if (j->depth == 0) {
            return beyond(j, "does not parse at", op);
        }
        j->depth--;
        j->at++;
        return !is_op(j, 0, "(") || beyond(j, "calls a result", CH_STR(""));
    }
    if (is_op(j, 0, ".")) {
        return attribute(j);
    }
    if (is_op(j, 0, ",") && inside(j) == GROUP_OPEN) {
        /* what is not named: the second is the mode, the third an encoding or a size */
        j->argument++;
        bool named = peek(j, 1)->type == CH_TOKEN_NAME && is_op(j, 2, "=");
        bool last = is_op(j, 1, ")");
        if (!named && !last && j->argument == 1 && !is_read_mode(j, 1)) {
            return beyond(j, "opens to write, or in an unknown mode", CH_STR(""));
        }
        if (!named && !last && j->argument == 1 && !is_op(j, 2, ",") && !is_op(j, 2, ")")) {
            return beyond(j, "computes the mode of open", CH_STR(""));
        }
    }
    if (is_op(j, 0, ",") && unpacks(j)) {
        return false;
    }
    if (!ANY(plain, op)) {
        return beyond(j, "uses", op);
    }
    j->at++;
    return true;
}

/* Up to the end of the statement, or its colon. */
static bool expression(struct judge *j)
{
    for (;;) {
        const struct ch_token *tok = peek(j, 0);
        bool ok = true;
        if (j->depth == 0 && (is_op(j, 0, ":") || is_op(j, 0, ";") || is_word(j, 0, "as"))) {
            return true;
        }
        switch (tok->type) {
        case CH_TOKEN_END:
        case CH_TOKEN_NEWLINE:
            return j->depth == 0 || beyond(j, "does not parse", CH_STR(""));
        case CH_TOKEN_NAME:
            ok = name(j);
            break;
        case CH_TOKEN_OP:
            ok = operator_token(j);
            break;
        case CH_TOKEN_STRING:
        case CH_TOKEN_NUMBER:
        case CH_TOKEN_FSTRING_START:
        case CH_TOKEN_FSTRING_MIDDLE:
        case CH_TOKEN_FSTRING_END:
            j->at++;
            ok = !is_op(j, 0, "(") || tok->type == CH_TOKEN_FSTRING_START ||
                 tok->type == CH_TOKEN_FSTRING_MIDDLE || beyond(j, "calls a literal", CH_STR(""));
            break;
        default:
            ok = beyond(j, "does not parse", CH_STR(""));
        }
        if (!ok) {
            return false;
        }
    }
}

/* --- statements --- */

static bool with_statement(struct judge *j)
{
    j->at++;
    for (;;) {
        if (!expression(j)) {
            return false;
        }
        if (!is_word(j, 0, "as") || peek(j, 1)->type != CH_TOKEN_NAME) {
            return beyond(j, "does not parse", CH_STR(""));
        }
        if (!bind(j, text_at(j, 1))) {
            return false;
        }
        j->at += 2;
        if (!is_op(j, 0, ":")) {
            return beyond(j, "uses", text_at(j, 0));
        }
        j->at++;
        return true;
    }
}

static bool main_statement(struct judge *j)
{
    if (!is_word(j, 1, "__name__") || !is_op(j, 2, "==") || peek(j, 3)->type != CH_TOKEN_STRING ||
        !is_op(j, 4, ":")) {
        return beyond(j, "has a condition", CH_STR(""));
    }
    enum { CONDITION_TOKENS = 5 };
    j->at += CONDITION_TOKENS;
    return true;
}

/* One statement, or the head of a block. What follows has to be a new line, or a semicolon. */
static bool statement(struct judge *j)
{
    bool ok;
    bool head = false;
    if (is_word(j, 0, "import")) {
        ok = import_statement(j);
    } else if (is_word(j, 0, "from")) {
        ok = from_statement(j);
    } else if (is_word(j, 0, "with")) {
        ok = with_statement(j);
        head = true;
    } else if (is_word(j, 0, "if")) {
        ok = main_statement(j);
        head = true;
    } else if (peek(j, 0)->type == CH_TOKEN_NAME && (is_op(j, 1, "=") || is_op(j, 1, "+="))) {
        struct ch_str target = text_at(j, 0);
        j->at += 2;
        ok = expression(j) && bind(j, target);
    } else {
        ok = expression(j);
    }
    if (ok && !head && peek(j, 0)->type != CH_TOKEN_NEWLINE && peek(j, 0)->type != CH_TOKEN_END &&
        !is_op(j, 0, ";")) {
        return beyond(j, "uses", text_at(j, 0));
    }
    return ok;
}

/* Names of comprehensions, which use them before they bind them. */
static void bind_comprehensions(struct judge *j)
{
    for (j->at = 0; peek(j, 0)->type != CH_TOKEN_END && !j->beyond; j->at++) {
        if (!is_word(j, 0, "for")) {
            continue;
        }
        while (peek(j, 1)->type == CH_TOKEN_NAME || is_op(j, 1, ",") || is_op(j, 1, "(") ||
               is_op(j, 1, ")")) {
            j->at++;
            if (is_word(j, 0, "in") ||
                (peek(j, 0)->type == CH_TOKEN_NAME && !bind(j, text_at(j, 0)))) {
                break;
            }
        }
    }
    j->at = 0;
}

bool sdist_setup_is_declarations(struct sdist *s, struct ch_str source, struct ch_buf *ret_why)
{
    struct sdist_tokens t;
    struct judge *j = ch_calloc(1, sizeof(*j));
    sdist_tokens_init(&t, source);
    *j = (struct judge){.s = s, .t = &t, .bound = ch_map_new(), .why = ret_why};
    if (t.source.problem != CH_TEXT_FINE || t.errors > 0) {
        CH_IGNORE(beyond(j, "is no Python that can be read", CH_STR("")));
    }
    bind_comprehensions(j);
    while (!j->beyond && peek(j, 0)->type != CH_TOKEN_END) {
        uint8_t type = peek(j, 0)->type;
        if (type == CH_TOKEN_NEWLINE || type == CH_TOKEN_INDENT || type == CH_TOKEN_DEDENT ||
            is_op(j, 0, ";")) {
            j->at++;
        } else {
            CH_IGNORE(statement(j));
        }
    }
    bool declares = !j->beyond;
    ch_map_free(j->bound);
    free(j);
    sdist_tokens_done(&t);
    return declares;
}
