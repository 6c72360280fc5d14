/* Calls: by the name of what is called, where its arguments came from, and when it runs. */
#include <string.h>

#include "scanner/source/source_int.h"

static inline __attribute__((always_inline)) bool named(const struct call *c, const char *name)
{
    return str_is(c->name, name);
}

/* What was called with what, in short. */
static struct ch_str shown(struct file *f, const struct call *c)
{
    const struct value *a = &c->args[0];
    struct ch_buf b;
    ch_buf_init(&b, 512);
    ch_buf_puts(&b, c->name.ptr != NULL ? ch_str_sub(c->name, 0, 80) : CH_STR("a function"));
    ch_buf_putc(&b, '(');
    if (c->count > 0 && a->kind == VALUE_TEXT) {
        ch_buf_puts(&b, ch_str_sub(a->text, 0, 100));
    } else {
        ch_buf_puts(&b, CH_STR("..."));
    }
    ch_buf_putc(&b, ')');
    struct value v = value_text(f, ch_buf_str(&b), 0);
    ch_buf_done(&b);
    return v.kind == VALUE_TEXT ? v.text : c->name;
}

static void add_does(struct function *fn, uint32_t what, uint32_t line, struct ch_str name)
{
    for (uint32_t bit = 0; bit < DOES_COUNT; bit++) {
        if ((what & 1U << bit) != 0 && (fn->does & 1U << bit) == 0) {
            fn->does |= 1U << bit;
            fn->line[bit] = line;
            fn->what[bit] = name;
        }
    }
}

/* `given`: with something that the function got as an argument. */
static void does(struct file *f, uint32_t what, uint32_t line, struct ch_str name, bool given)
{
    struct function *fn = &f->functions[function_now(f)];
    if (given) {
        fn->does |= DOES_NETWORK_OF;
        fn->given_line = line;
        fn->given_what = name;
    } else if (function_now(f) != 0) {
        add_does(fn, what, line, name);
    }
    if (at_import(f)) {
        add_does(&f->functions[0], what, line, name);
    }
}

static void add_fetched(struct file *f, uint64_t origin)
{
    if (origin != 0 && f->fetched_count < NAMES_SEEN) {
        f->fetched[f->fetched_count++] = origin;
    }
}

static void add_unpacked(struct file *f, uint64_t origin)
{
    if (origin != 0 && f->unpacked_count < NAMES_SEEN) {
        f->unpacked[f->unpacked_count++] = origin;
    }
}

/* Whether a path, or one of a list, is among those of files that were written. */
static bool is_among(const uint64_t *written, uint32_t count, const struct value *v)
{
    uint64_t text = v->kind == VALUE_TEXT ? value_hash(v->text) : 0;
    for (uint32_t i = 0; i < count; i++) {
        if (written[i] == v->origin || written[i] == text) {
            return true;
        }
    }
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && i < ARGUMENTS; i++) {
        if (v->items[i].kind != VALUE_LIST && is_among(written, count, &v->items[i])) {
            return true;
        }
    }
    return false;
}

/* exec, eval and their like. */
static void runs_code(struct file *f, const struct call *c)
{
    uint32_t marks = named(c, "exec") || named(c, "eval") ? c->args[0].marks : c->marks;
    capability(f, CAP_DYNAMIC);
    if ((marks & (MARK_DECODED | MARK_CHAR)) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, shown(f, c));
    }
    if ((marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, c->line, shown(f, c));
    }
    if ((marks & MARK_PARAM) != 0) {
        f->functions[function_now(f)].runs_argument = true;
    }
    if (c->args[0].kind == VALUE_NAME) {
        runs_result_of(f, c->args[0].text, c->line);
    }
}

static bool is_dynamic(const struct value *v)
{
    struct ch_str name = v->kind == VALUE_NAME ? v->text : (struct ch_str){NULL, 0};
    if (ch_str_starts(name, CH_STR("builtins."))) {
        name = ch_str_sub(name, CH_STR("builtins.").len, name.len);
    }
    return ch_str_eq(name, CH_STR("exec")) || ch_str_eq(name, CH_STR("eval"));
}

/* exec or eval is given to somebody else, together with what it shall run: map(exec, [text]). */
static void runs_by_another(struct file *f, const struct call *c)
{
    bool dynamic = false;
    for (uint32_t i = 0; i < c->count; i++) {
        dynamic = dynamic || is_dynamic(&c->args[i]);
    }
    if (!dynamic) {
        return;
    }
    if ((c->marks & (MARK_DECODED | MARK_CHAR)) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, CH_STR("exec or eval as an argument"));
    } else if ((c->marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, c->line, CH_STR("exec or eval as an argument"));
    } else if (named(c, "staticmethod")) {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, CH_STR("exec or eval as a method"));
    }
}

/* A command line as one text, of a text or a list of them. Whether it fetches something. */
static bool command_of(struct file *f, const struct value *v, uint32_t line)
{
    if (v->kind == VALUE_TEXT) {
        return check_command(f, v->text, line);
    }
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && i < 64; i++) {
        if (v->items[i].kind == VALUE_TEXT) {
            ch_buf_puts(&b, ch_str_sub(v->items[i].text, 0, 1000));
        }
        ch_buf_putc(&b, ' ');
    }
    bool fetches = check_command(f, ch_buf_str(&b), line);
    ch_buf_done(&b);
    return fetches;
}

/* A program or script out of the package's own folder, as it is imported. Version control asked about
 * that folder is not one. */
static bool is_brought_along(const struct file *f, const struct value *v)
{
    static const char *const tools[] = {"git", "hg", "svn"};
    const struct value *first = v->kind == VALUE_LIST && v->item_count > 0 ? &v->items[0] : v;
    struct ch_str word = first->kind == VALUE_TEXT ? ch_str_sub(first->text, 0, 4)
                                                   : (struct ch_str){NULL, 0};
    return f->place == CH_PLACE_IMPORT && at_import(f) &&
           (v->marks & (MARK_SELF | MARK_BESIDE)) != 0 &&
           contains(word, tools, CH_ARRAY_LEN(tools)) == NULL;
}

static void starts_process(struct file *f, const struct call *c)
{
    capability(f, CAP_PROCESS);
    f->seen |= SEEN_PROCESS;
    does(f, DOES_PROCESS, c->line, shown(f, c), false);
    for (uint32_t i = 0; i < c->count; i++) {
        const struct value *v = &c->args[i];
        bool is_stream = ch_str_eq(c->keywords[i], CH_STR("stdin")) ||
                         ch_str_eq(c->keywords[i], CH_STR("stdout"));
        if (is_stream && (v->marks & MARK_SOCKET) != 0) {
            report(f, CH_F_SOURCE_REVERSE_SHELL, c->line, shown(f, c));
        }
        if (c->keywords[i].len > 0 && !ch_str_eq(c->keywords[i], CH_STR("args"))) {
            continue;
        }
        names_other(f, v, true);
        if (is_among(f->fetched, f->fetched_count, v)) {
            report(f, CH_F_SOURCE_DOWNLOAD_RUN, c->line, shown(f, c));
        }
        if (is_among(f->unpacked, f->unpacked_count, v)) {
            report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, shown(f, c));
        }
        if (is_brought_along(f, v)) {
            report(f, CH_F_SOURCE_OWN_PROGRAM, c->line, shown(f, c));
        }
        if (i == 0 && (v->marks & MARK_REMOTE) != 0) {
            report(f, CH_F_SOURCE_REMOTE_CODE, c->line, shown(f, c));
        }
        if (i == 0 && (v->marks & MARK_DECODED) != 0) {
            report(f, CH_F_SOURCE_HIDDEN_COMMAND, c->line, shown(f, c));
        }
        if (command_of(f, v, c->line)) {
            does(f, DOES_NETWORK, c->line, shown(f, c), false);
        }
    }
}

/* What the cloud gave this machine alone goes to somebody as data; in a header it is what it is for. */
static bool sends_keys(const struct call *c)
{
    static const char *const data[] = {"data", "json", "files", "body", "params", "content"};
    if (c->count > 0 && (c->args[0].marks & MARK_CLOUD) != 0) {
        return false;
    }
    for (uint32_t i = 1; i < c->count; i++) {
        bool is_data = c->keywords[i].len == 0 ||
                       contains(c->keywords[i], data, CH_ARRAY_LEN(data)) != NULL;
        if (is_data && (c->args[i].marks & MARK_KEYS) != 0) {
            return true;
        }
    }
    return false;
}

static void uses_network(struct file *f, const struct call *c, uint32_t effects)
{
    capability(f, CAP_NETWORK);
    f->seen |= SEEN_NETWORK | ((effects & EFFECT_SEND) != 0 ? SEEN_SEND : 0U);
    bool connects = ch_str_ends(c->name, CH_STR(".connect")) ||
                    ch_str_ends(c->name, CH_STR("create_connection"));
    f->seen |= connects ? SEEN_CONNECT : 0U;
    if (connects || (effects & (EFFECT_FETCH | EFFECT_SEND | EFFECT_SAVE)) != 0) {
        bool given = c->count > 0 && (c->args[0].marks & MARK_PARAM) != 0;
        does(f, DOES_NETWORK, c->line, shown(f, c), given);
    }
    if ((c->marks & MARK_SECRET) != 0 && (effects & (EFFECT_SEND | EFFECT_FETCH)) != 0) {
        report(f, CH_F_SOURCE_SECRET_THEFT, c->line, shown(f, c));
    }
    if ((effects & EFFECT_SEND) != 0 && sends_keys(c)) {
        report(f, CH_F_SOURCE_SECRET_THEFT, c->line, shown(f, c));
    }
    if ((c->marks & MARK_ENVIRON) != 0) {
        report(f, CH_F_SOURCE_ENVIRONMENT_THEFT, c->line, shown(f, c));
    }
    if ((c->marks & MARK_HOST) != 0) {
        does(f, DOES_HOST_SEND, c->line, shown(f, c), false);
    }
    if ((effects & EFFECT_SAVE) != 0 && c->count > 1) {
        const struct value *to = &c->args[1];
        add_fetched(f, to->kind == VALUE_TEXT ? value_hash(to->text) : to->origin);
    }
}

static bool puts_where_it_starts(const struct call *c)
{
    static const char *const moves[] = {"shutil.copy", "shutil.copy2", "shutil.copyfile",
                                        "shutil.move", "os.rename",    "os.replace",
                                        "os.symlink"};
    for (size_t i = 0; i < CH_ARRAY_LEN(moves); i++) {
        if (named(c, moves[i])) {
            return c->count > 1 && (c->args[1].marks & MARK_AUTOSTART) != 0;
        }
    }
    return false;
}

/* Writing what was fetched; writing where something runs it by itself. */
static void writes_file(struct file *f, const struct call *c, const struct value *ret)
{
    bool writes = named(c, ".write") || named(c, ".write_bytes") || named(c, ".write_text");
    bool opens = named(c, "open") || named(c, "io.open");
    if (writes && (c->marks & MARK_REMOTE) != 0) {
        add_fetched(f, c->self.origin);
    }
    /* In a function it may be what somebody asked for: a model's code, a patch. */
    if (writes && (c->marks & MARK_DECODED) != 0 && at_import(f)) {
        add_unpacked(f, c->self.origin);
        if ((c->self.marks & MARK_PYTHON) != 0) {
            report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, CH_STR("decoded into a file of source"));
        }
    }
    if (puts_where_it_starts(c)) {
        capability(f, CAP_PERSISTENCE);
        report(f, CH_F_SOURCE_PERSISTENCE, c->line, shown(f, c));
    }
    if (named(c, "shutil.copyfileobj") && c->count > 1 &&
        (c->args[0].marks & MARK_REMOTE) != 0) {
        add_fetched(f, c->args[1].origin);
    }
    if (opens && (ret->marks & MARK_WRITES) != 0 && (ret->marks & MARK_START) != 0) {
        report(f, CH_F_SOURCE_START_FILE, c->line, shown(f, c));
    }
    uint32_t both = MARK_AUTOSTART | MARK_WRITES;
    if ((opens && (ret->marks & both) == both) ||
        (writes && !named(c, ".write") && (c->self.marks & MARK_AUTOSTART) != 0)) {
        capability(f, CAP_PERSISTENCE);
        report(f, CH_F_SOURCE_PERSISTENCE, c->line, shown(f, c));
    }
}

static void odd_ones(struct file *f, const struct call *c)
{
    if (named(c, "os.dup2") && c->count > 0 && (c->args[0].marks & MARK_SOCKET) != 0) {
        f->dup2_count++;
        f->secret_line = f->secret_line == 0 ? c->line : f->secret_line;
    }
    if ((named(c, "os.remove") || named(c, "os.unlink")) && c->count > 0 &&
        (c->args[0].marks & MARK_SELF) != 0 && c->args[0].kind != VALUE_TEXT) {
        report(f, CH_F_SOURCE_SELF_DELETE, c->line, shown(f, c));
    }
    if ((named(c, "socket.gethostbyname") || named(c, "socket.getaddrinfo")) && c->count > 0) {
        const struct value *a = &c->args[0];
        /* The machine's own name is looked up by honest code; a name made with it is not. */
        bool made = (a->marks & MARK_HOST) != 0 && a->kind != VALUE_NAME;
        if (made || (a->marks & (MARK_SECRET | MARK_ENVIRON)) != 0) {
            report(f, CH_F_SOURCE_DNS_THEFT, c->line, shown(f, c));
        }
    }
    if (named(c, "pynput.keyboard.Listener") || named(c, "keyboard.on_press") ||
        named(c, "keyboard.on_release") || named(c, "keyboard.hook")) {
        f->seen |= SEEN_KEYS;
    }
    if (named(c, "pyperclip.copy") || named(c, "win32clipboard.SetClipboardText") ||
        named(c, "clipboard.copy")) {
        f->seen |= SEEN_CLIPBOARD;
    }
    if ((named(c, "winreg.SetValueEx") || named(c, "_winreg.SetValueEx")) &&
        (f->seen & SEEN_RUN_KEY) != 0) {
        capability(f, CAP_PERSISTENCE);
        report(f, CH_F_SOURCE_PERSISTENCE, c->line, shown(f, c));
    }
}

/* A pickle that names a function which runs commands or code: GLOBAL, or the two texts of
 * STACK_GLOBAL. Spec: pickletools of CPython. */
static bool is_armed_pickle(struct ch_str s)
{
    static const char *const words[] = {
        "cos\nsystem\n",        "cposix\nsystem\n",     "cnt\nsystem\n",
        "csubprocess\n",        "cbuiltins\neval\n",    "cbuiltins\nexec\n",
        "c__builtin__\neval\n", "c__builtin__\nexec\n", "\x8c\x05posix\x94\x8c\x06system",
        "\x8c\x02os\x94\x8c\x06system", "\x8c\x02nt\x94\x8c\x06system",
        "\x8c\x0asubprocess\x94", "\x8c\x08" "builtins\x94\x8c\x04" "eval",
        "\x8c\x08" "builtins\x94\x8c\x04" "exec"};
    return contains(s, words, CH_ARRAY_LEN(words)) != NULL;
}

static void loads_objects(struct file *f, const struct call *c)
{
    capability(f, CAP_DYNAMIC);
    const struct value *a = &c->args[0];
    bool embedded = c->count > 0 && (a->kind == VALUE_TEXT || (a->marks & MARK_BLOB) != 0);
    if (embedded && a->kind == VALUE_TEXT && is_armed_pickle(a->text)) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, c->name);
    }
    if (embedded && at_import(f)) {
        report(f, CH_F_SOURCE_EMBEDDED_OBJECT, c->line, shown(f, c));
    }
}

/* Modules and files of source that are loaded by name. */
static void loads_by_name(struct file *f, const struct call *c)
{
    static const char *const loaders[] = {"__import__",
                                          "importlib.import_module",
                                          "importlib.__import__",
                                          "importlib.util.spec_from_file_location",
                                          "importlib.machinery.SourceFileLoader",
                                          "runpy.run_module",
                                          "runpy.run_path"};
    for (size_t i = 0; i < CH_ARRAY_LEN(loaders); i++) {
        if (named(c, loaders[i])) {
            for (uint32_t k = 0; k < c->count && k < 2; k++) {
                names_other(f, &c->args[k], false);
            }
            return;
        }
    }
}

void check_call(struct file *f, const struct call *c, struct value *ret)
{
    runs_by_another(f, c);
    if (c->name.len == 0) {
        return;
    }
    loads_by_name(f, c);
    uint32_t effects = effects_of(c->name);
    uint32_t loud = EFFECT_PROCESS | EFFECT_DYNAMIC | EFFECT_DECODE | EFFECT_LOAD | EFFECT_NETWORK |
                    EFFECT_SOCKET;
    if ((effects & loud) != 0 && (c->self.marks & (MARK_BUILT | MARK_DECODED)) != 0 &&
        c->name.ptr[0] != '.') {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, shown(f, c));
    }
    if ((effects & EFFECT_DYNAMIC) != 0 && c->count > 0) {
        runs_code(f, c);
    }
    if ((effects & EFFECT_PROCESS) != 0) {
        starts_process(f, c);
    }
    if ((effects & (EFFECT_NETWORK | EFFECT_FETCH)) != 0) {
        uses_network(f, c, effects);
    }
    if ((effects & EFFECT_LOAD) != 0) {
        loads_objects(f, c);
    }
    if ((effects & EFFECT_CALLBACK) != 0) {
        for (uint32_t i = 0; i < c->count; i++) {
            if (c->args[i].kind == VALUE_FUNCTION) {
                edge_new(f, function_now(f), f->functions[c->args[i].number].name);
            }
        }
    }
    if ((named(c, "__import__") || named(c, "importlib.import_module")) && c->count > 0 &&
        c->args[0].kind != VALUE_TEXT) {
        bool hidden = (c->args[0].marks & (MARK_CHAR | MARK_DECODED)) != 0;
        report(f, hidden ? CH_F_SOURCE_HIDDEN_NAME : CH_F_SOURCE_COMPUTED_IMPORT, c->line, c->name);
    }
    if (named(c, "os.getenv") || ch_str_starts(c->name, CH_STR("os.environ"))) {
        capability(f, CAP_ENVIRONMENT);
    }
    writes_file(f, c, ret);
    odd_ones(f, c);
}
