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

static bool is_fetched(const struct file *f, const struct value *v)
{
    uint64_t text = v->kind == VALUE_TEXT ? value_hash(v->text) : 0;
    for (uint32_t i = 0; i < f->fetched_count; i++) {
        if (f->fetched[i] == v->origin || f->fetched[i] == text) {
            return true;
        }
    }
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && i < ARGUMENTS; i++) {
        if (v->items[i].kind != VALUE_LIST && is_fetched(f, &v->items[i])) {
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
}

/* A command line as one text, of a text or a list of them. */
static void command_of(struct file *f, const struct value *v, uint32_t line)
{
    if (v->kind == VALUE_TEXT) {
        check_command(f, v->text, line);
        return;
    }
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && i < 64; i++) {
        if (v->items[i].kind == VALUE_TEXT) {
            ch_buf_puts(&b, ch_str_sub(v->items[i].text, 0, 1000));
        }
        ch_buf_putc(&b, ' ');
    }
    check_command(f, ch_buf_str(&b), line);
    ch_buf_done(&b);
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
        if (is_fetched(f, v)) {
            report(f, CH_F_SOURCE_DOWNLOAD_RUN, c->line, shown(f, c));
        }
        if (i == 0 && (v->marks & MARK_REMOTE) != 0) {
            report(f, CH_F_SOURCE_REMOTE_CODE, c->line, shown(f, c));
        }
        if (i == 0 && (v->marks & MARK_DECODED) != 0) {
            report(f, CH_F_SOURCE_HIDDEN_COMMAND, c->line, shown(f, c));
        }
        command_of(f, v, c->line);
    }
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

/* Writing what was fetched; writing where something runs it by itself. */
static void writes_file(struct file *f, const struct call *c, const struct value *ret)
{
    bool writes = named(c, ".write") || named(c, ".write_bytes") || named(c, ".write_text");
    bool opens = named(c, "open") || named(c, "io.open");
    if (writes && (c->marks & MARK_REMOTE) != 0) {
        add_fetched(f, c->self.origin);
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

static void loads_objects(struct file *f, const struct call *c)
{
    capability(f, CAP_DYNAMIC);
    const struct value *a = &c->args[0];
    bool embedded = c->count > 0 && (a->kind == VALUE_TEXT || (a->marks & MARK_BLOB) != 0);
    if (embedded && at_import(f)) {
        report(f, CH_F_SOURCE_EMBEDDED_OBJECT, c->line, shown(f, c));
    }
}

void check_call(struct file *f, const struct call *c, struct value *ret)
{
    if (c->name.len == 0) {
        return;
    }
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
        report(f, CH_F_SOURCE_COMPUTED_IMPORT, c->line, c->name);
    }
    if (named(c, "os.getenv") || ch_str_starts(c->name, CH_STR("os.environ"))) {
        capability(f, CAP_ENVIRONMENT);
    }
    writes_file(f, c, ret);
    odd_ones(f, c);
}
