/* Calls: by the name of what is called, where its arguments came from, and when it runs. */
#include <string.h>

#include "scanner/source/link.h"

static inline __attribute__((always_inline)) bool named(const struct call *c, const char *name)
{
    return str_is(c->name, name);
}

/* What was called with what, in short. */
struct ch_str call_shown(struct file *f, const struct call *c)
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

void does(struct file *f, uint32_t what, uint32_t line, struct ch_str name, bool given)
{
    struct function *fn = &f->functions[function_now(f)];
    if (given) {
        fn->does |= DOES_NETWORK_OF;
        fn->given_line = line;
        fn->given_what = name;
    } else if (function_now(f) != 0 || f->outer != NULL) {
        add_does(fn, what, line, name);
    }
    if (at_import(f)) {
        add_does(&f->functions[0], what, line, name);
    }
}

void function_does(struct file *f, const struct function *text, uint32_t line)
{
    for (uint32_t bit = 0; bit < DOES_COUNT; bit++) {
        if ((text->does & 1U << bit) != 0) {
            struct value what = value_text(f, text->what[bit], 0);
            does(f, 1U << bit, line, what.kind == VALUE_TEXT ? what.text : CH_STR(""), false);
        }
    }
    if ((text->does & DOES_LOAD_LISTED) != 0) {
        loads_listed(f);
    }
}

static void add_origin(struct file *f, uint64_t origins[static NAMES_SEEN], uint32_t *count,
                       uint64_t origin)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (origins[i] == origin) {
            return;
        }
    }
    if (origin != 0 && *count < NAMES_SEEN) {
        origins[(*count)++] = origin;
    } else {
        f->beyond = f->beyond || origin != 0;
    }
}

static void add_fetched(struct file *f, uint64_t origin)
{
    add_origin(f, f->fetched, &f->fetched_count, origin);
}

static void add_unpacked(struct file *f, uint64_t origin)
{
    add_origin(f, f->unpacked, &f->unpacked_count, origin);
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
    bool plain = named(c, "exec") || named(c, "eval");
    bool of_path = c->path > 0;
    uint64_t marks = plain ? c->args[0].marks : c->marks;
    capability(f, CAP_DYNAMIC);
    if ((marks & (MARK_DECODED | MARK_CHAR | MARK_ENCODED)) != 0 &&
        (plain || (marks & MARK_PARAM) == 0)) { /* a function that reads what it is given */
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, call_shown(f, c));
    }
    /* eval of a file is how some read settings that a user wrote. */
    bool settings = named(c, "eval") && !at_import(f);
    if ((marks & MARK_DATA) != 0 && !of_path && !settings) {
        does(f, DOES_RUN_DATA, c->line, call_shown(f, c), false);
    }
    if (!of_path && (c->args[0].marks & MARK_FILE) != 0 && !settings) {
        runs_file(f, &c->args[0], c->line, call_shown(f, c));
    }
    if (!of_path && !named(c, "types.CodeType") && !named(c, "types.FunctionType")) {
        for (uint32_t i = 0; i < (plain ? 1 : c->count); i++) {
            executes_text(f, &c->args[i], c->line);
        }
    }
    if ((marks & MARK_REMOTE) != 0) {
        report(f, CH_F_SOURCE_REMOTE_CODE, c->line, call_shown(f, c));
    }
    if ((marks & MARK_PARAM) != 0) {
        f->functions[function_now(f)].runs_argument |= marks & MARK_PARAM;
    }
    for (uint32_t i = 0; i < (plain ? 1 : c->count); i++) {
        link_used(f, &c->args[i], LINK_EXECUTED, c->line);
    }
    if (c->args[0].kind == VALUE_NAME) {
        runs_result_of(f, c->args[0].text, c->line);
        runs_result_of_path(f, &c->args[0], c->line);
    }
}

/* staticmethod(exec): nobody else needs it as a method. */
static void hides_dynamic(struct file *f, const struct call *c)
{
    const struct value *v = &c->args[0];
    if (named(c, "staticmethod") && c->count > 0 && v->kind == VALUE_NAME &&
        (effects_of(v->text) & EFFECT_DYNAMIC) != 0) {
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
    for (uint32_t i = 0; v->kind == VALUE_LIST && i < v->item_count && may_visit(f); i++) {
        if (v->items[i].kind == VALUE_TEXT) {
            ch_buf_puts(&b, ch_str_sub(v->items[i].text, 0, 1000));
        }
        ch_buf_putc(&b, ' ');
    }
    bool fetches = check_command(f, ch_buf_str(&b), line);
    f->beyond = f->beyond || b.failed;
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

/* A file comes to lie where something else reads it: who runs it, who logs in with it, who is told
 * by it. `copy`: a file as it is, or by a command, and not a text that is written. */
static void places_file(struct file *f, const struct call *c, uint64_t to, bool copy)
{
    if ((to & (MARK_AUTOSTART | MARK_SETTINGS | MARK_LOGIN)) != 0) {
        capability(f, CAP_PERSISTENCE);
    }
    bool site = (to & MARK_START) != 0 && (to & MARK_SITE) != 0;
    if (site || ((to & MARK_AUTOSTART) != 0 && copy)) {
        report(f, CH_F_SOURCE_PERSISTENCE, c->line, call_shown(f, c));
    } else if ((to & MARK_AUTOSTART) != 0) { /* what a user asks for: completion for a shell */
        does(f, DOES_AUTOSTART, c->line, call_shown(f, c), false);
    }
    if ((to & MARK_LOGIN) != 0 && copy) {
        report(f, CH_F_SOURCE_LOGIN_KEY, c->line, call_shown(f, c));
    } else if ((to & MARK_LOGIN) != 0) { /* an administrator's tool, which is told whose key */
        does(f, DOES_LOGIN, c->line, call_shown(f, c), false);
    }
    if ((to & MARK_SETTINGS) != 0) {
        does(f, DOES_SETTINGS, c->line, call_shown(f, c), false);
    }
    if ((to & MARK_START) != 0) {
        report(f, CH_F_SOURCE_START_FILE, c->line, call_shown(f, c));
        does(f, DOES_START_FILE, c->line, call_shown(f, c), false);
    }
}

/* echo x >> ~/.bashrc */
static void places_by_shell(struct file *f, const struct call *c, const struct value *v)
{
    static const char *const into[] = {">>", "> ", "tee ", "cp ", "mv ", "ln "};
    for (const struct value *one = v; one != NULL; one = one->also) {
        bool text = one->kind == VALUE_TEXT || one->kind == VALUE_PARTIAL;
        if (text && contains(one->text, into, CH_ARRAY_LEN(into)) != NULL) {
            places_file(f, c, one->marks & (MARK_AUTOSTART | MARK_SETTINGS | MARK_LOGIN), true);
        }
    }
}

/* ["curl", "-o", file, address]: a constant says what is started; the rest only where it goes to.
 */
static bool fetches_there(const struct value *v)
{
    static const char *const tools[] = {"curl", "wget", "aria2c"};
    const struct value *first = v->kind == VALUE_LIST && v->item_count > 0 ? &v->items[0] : v;
    bool is = v->kind == VALUE_LIST && first->kind == VALUE_TEXT && v->also == NULL;
    for (size_t i = 0; is && i < CH_ARRAY_LEN(tools); i++) {
        if (str_is(first->text, tools[i])) {
            return true;
        }
    }
    return false;
}

static void starts_process(struct file *f, const struct call *c)
{
    capability(f, CAP_PROCESS);
    f->seen |= SEEN_PROCESS;
    bool words = ch_str_starts(c->name, CH_STR("os.execl")) ||
                 ch_str_starts(c->name, CH_STR("os.spawnl")) ||
                 ch_str_ends(c->name, CH_STR(".execl"));
    f->beyond = f->beyond || (words && c->more);
    does(f, DOES_PROCESS, c->line, call_shown(f, c), false);
    if (c->count > 0 && c->args[0].kind == VALUE_UNKNOWN && c->args[0].number != 0) {
        struct value self = {.kind = VALUE_NAME, .text = c->name};
        parameter_called(f, &self, (uint32_t)c->args[0].number - 1, c);
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const struct value *v = &c->args[i];
        bool is_stream = ch_str_eq(c->keywords[i], CH_STR("stdin")) ||
                         ch_str_eq(c->keywords[i], CH_STR("stdout"));
        if (is_stream && (v->marks & MARK_SOCKET) != 0) {
            report(f, CH_F_SOURCE_REVERSE_SHELL, c->line, call_shown(f, c));
        }
        if (c->keywords[i].len > 0 && !ch_str_eq(c->keywords[i], CH_STR("args"))) {
            continue;
        }
        names_other(f, v, CH_NAMED_PROGRAM);
        runs_python(f, c, i);
        if (is_among(f->fetched, f->fetched_count, v)) {
            report(f, CH_F_SOURCE_DOWNLOAD_RUN, c->line, call_shown(f, c));
        }
        if (is_among(f->unpacked, f->unpacked_count, v)) {
            report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, call_shown(f, c));
        }
        places_by_shell(f, c, v);
        if (is_brought_along(f, v)) {
            report(f, CH_F_SOURCE_OWN_PROGRAM, c->line, call_shown(f, c));
        }
        if (i == 0 && v->kind != VALUE_LIST) {
            link_used(f, v, LINK_STARTED, c->line);
        }
        bool shows = ch_str_starts(c->name, CH_STR("webbrowser.")); /* an address: to log in */
        if (i == 0 && (v->marks & MARK_REMOTE) != 0 && !shows && !fetches_there(v)) {
            report(f, CH_F_SOURCE_REMOTE_CODE, c->line, call_shown(f, c));
        }
        if (i == 0 && (v->marks & MARK_DECODED) != 0) {
            report(f, CH_F_SOURCE_HIDDEN_COMMAND, c->line, call_shown(f, c));
        }
        bool fetches = false;
        for (const struct value *one = v; one != NULL; one = one->also) {
            decodes_and_executes(f, one, c->line);
            fetches = command_of(f, one, c->line) || fetches;
        }
        if (fetches) {
            does(f, DOES_NETWORK, c->line, call_shown(f, c), false);
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

/* A class, by its name: without a host it only makes an object. */
static bool makes_object(struct ch_str name)
{
    size_t at = name.len;
    while (at > 0 && name.ptr[at - 1] != '.') {
        at--;
    }
    return at < name.len && name.ptr[at] >= 'A' && name.ptr[at] <= 'Z';
}

/* What goes out: other than the address. */
static void sends(struct file *f, const struct call *c)
{
    bool method = c->name.ptr[0] == '.' || (c->self.marks & MARK_SOCKET) != 0;
    for (uint32_t i = 0; i < c->count; i++) {
        if (i > 0 || method) {
            f->functions[function_now(f)].sends_argument |= c->args[i].marks & MARK_PARAM;
        }
        link_used(f, &c->args[i], LINK_SENT, c->line);
    }
}

static void uses_network(struct file *f, const struct call *c, uint32_t effects)
{
    capability(f, CAP_NETWORK);
    f->seen |= SEEN_NETWORK | ((effects & EFFECT_SEND) != 0 ? SEEN_SEND : 0U);
    bool connects = (effects & EFFECT_CONNECT) != 0 && (c->count > 0 || !makes_object(c->name));
    f->seen |= connects ? SEEN_CONNECT : 0U;
    if (connects || (effects & (EFFECT_FETCH | EFFECT_SEND | EFFECT_SAVE)) != 0) {
        uint32_t where = ch_str_starts(c->name, CH_STR("requests.Session.")) ? 1 : 0; /* self */
        bool given = c->count > where && (c->args[where].marks & MARK_PARAM) != 0;
        does(f, DOES_NETWORK, c->line, call_shown(f, c), given);
    }
    if ((effects & (EFFECT_SEND | EFFECT_FETCH)) != 0) {
        sends(f, c);
    }
    if ((c->marks & MARK_SECRET) != 0 && (effects & (EFFECT_SEND | EFFECT_FETCH)) != 0) {
        report(f, CH_F_SOURCE_SECRET_THEFT, c->line, call_shown(f, c));
    }
    bool there = (c->self.marks & MARK_THERE) != 0 ||
                 (c->count > 0 && text_public_host(&c->args[0]));
    if ((effects & EFFECT_SEND) != 0 && ((c->marks & MARK_TOKEN) != 0 && there)) {
        report(f, CH_F_SOURCE_SECRET_THEFT, c->line, call_shown(f, c));
    }
    if ((effects & EFFECT_SEND) != 0 && sends_keys(c)) {
        report(f, CH_F_SOURCE_SECRET_THEFT, c->line, call_shown(f, c));
    }
    if ((c->marks & MARK_ENVIRON) != 0) {
        report(f, CH_F_SOURCE_ENVIRONMENT_THEFT, c->line, call_shown(f, c));
    }
    if ((c->marks & MARK_HOST) != 0) {
        does(f, DOES_HOST_SEND, c->line, call_shown(f, c), false);
    }
    if ((effects & EFFECT_SAVE) != 0 && c->count > 1) {
        const struct value *to = &c->args[1];
        add_fetched(f, to->kind == VALUE_TEXT ? value_hash(to->text) : to->origin);
    }
}

/* Which file becomes which: by a function or a method of a path. False: none does. */
static bool moves_file(const struct call *c, uint32_t effects, struct value *ret_from,
                       struct value *ret_to)
{
    bool method = c->name.ptr[0] == '.';
    bool of_text = named(c, ".replace") && c->count > 1; /* and not of a path */
    if ((effects & EFFECT_MOVE) == 0 || c->count < (method ? 1 : 2) || of_text) {
        return false;
    }
    bool link = named(c, ".symlink_to") || named(c, ".hardlink_to");
    *ret_from = method ? (link ? c->args[0] : c->self) : c->args[0];
    *ret_to = method ? (link ? c->self : c->args[0]) : c->args[1];
    return true;
}

/* Data becomes a module as the package is imported; a build may well make one of a template. */
static void makes_source(struct file *f, const struct call *c, uint32_t effects)
{
    struct value from = {0};
    struct value to = {0};
    uint64_t source = 0;
    bool builds = f->place == CH_PLACE_INSTALL || f->place == CH_PLACE_INSTALL_IMPORT;
    if ((effects & EFFECT_WRITE) != 0 && c->count > 0) {
        source = c->self.marks & (MARK_PYTHON | MARK_SOURCE);
        source |= c->self.kind == VALUE_TEXT || c->self.kind == VALUE_PARTIAL
                      ? path_marks(&c->self) & MARK_SOURCE
                      : 0U;
        from = c->args[0];
    } else if (moves_file(c, effects, &from, &to)) {
        bool open = named(c, "shutil.copyfileobj");
        source = open ? to.marks & MARK_PYTHON : path_marks(&to) & MARK_SOURCE;
        from.marks |= open ? 0U : path_marks(&from);
    }
    if (source != 0 && (from.marks & MARK_FILE) != 0 && (from.marks & MARK_DATA) != 0 &&
        at_import(f) && !builds) {
        runs_file(f, &c->args[0], c->line, call_shown(f, c));
        report(f, CH_F_SOURCE_DATA_CODE, c->line, call_shown(f, c));
    }
}

/* What is written to the file of keys is no key that somebody gave, but one of the code's own. */
static bool brings_key(const struct value *v)
{
    const uint64_t own = MARK_REMOTE | MARK_DECODED | MARK_FILE | MARK_VARIABLE | MARK_BESIDE;
    bool text = (v->kind == VALUE_TEXT || v->kind == VALUE_PARTIAL) && v->text.len > 1;
    return text || v->kind == VALUE_LIST || (v->marks & own) != 0;
}

/* Writing what was fetched; writing where something runs it by itself. */
static void writes_file(struct file *f, const struct call *c, uint32_t effects,
                        const struct value *ret)
{
    bool writes = (effects & EFFECT_WRITE) != 0;
    bool whole = named(c, ".write_bytes") || named(c, ".write_text");
    struct value from;
    struct value to;
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
    makes_source(f, c, effects);
    if (writes && (c->self.marks & MARK_LOGIN) != 0 && c->count > 0 && brings_key(&c->args[0])) {
        report(f, CH_F_SOURCE_LOGIN_KEY, c->line, call_shown(f, c));
    }
    if (moves_file(c, effects, &from, &to)) {
        places_file(f, c, to.marks, true);
        if (named(c, "shutil.copyfileobj") && (from.marks & MARK_REMOTE) != 0) {
            add_fetched(f, to.origin);
        }
    }
    if ((ret->marks & MARK_WRITES) != 0 && (c->path > 0 || named(c, ".open"))) {
        places_file(f, c, ret->marks, false);
    } else if (whole) {
        places_file(f, c, c->self.marks, false);
    }
}

/* The machine's own name, also without its domain, or what a variable says, is looked up by honest
 * code; a name that is made with it is not. */
static void looks_up(struct file *f, const struct call *c, uint32_t effects)
{
    const struct value *a = &c->args[0];
    if ((effects & EFFECT_LOOKUP) == 0 || c->count == 0) {
        return;
    }
    if (a->kind == VALUE_LIST && a->item_count > 0) { /* (host, port) */
        a = &a->items[0];
    }
    size_t dot;
    bool made = a->kind == VALUE_PARTIAL && ch_str_find_char(a->text, '.', &dot);
    /* RFC 6762: names below ".local" are asked of neighbours, never of a name server */
    bool near = a->kind == VALUE_PARTIAL && ch_str_ends(a->text, CH_STR(".local"));
    bool with = a->kind == VALUE_PARTIAL || (a->marks & MARK_BUILT) != 0;
    bool host = (a->marks & MARK_HOST) != 0 && a->kind != VALUE_NAME && with && !near;
    if (host || (made && (a->marks & MARK_VARIABLE) != 0) ||
        (a->marks & (MARK_SECRET | MARK_ENVIRON)) != 0) {
        report(f, CH_F_SOURCE_DNS_THEFT, c->line, call_shown(f, c));
    }
}

static void odd_ones(struct file *f, const struct call *c, uint32_t effects)
{
    if (named(c, "os.dup2") && c->count > 0 && (c->args[0].marks & MARK_SOCKET) != 0) {
        f->dup2_count++;
        f->secret_line = f->secret_line == 0 ? c->line : f->secret_line;
    }
    const struct value *removed = c->count > 0 ? &c->args[0] : &c->self;
    if ((effects & EFFECT_REMOVE) != 0 && (c->count > 0 || c->name.ptr[0] == '.') &&
        (removed->marks & MARK_SELF) != 0 && removed->kind != VALUE_TEXT) {
        report(f, CH_F_SOURCE_SELF_DELETE, c->line, call_shown(f, c));
    }
    looks_up(f, c, effects);
    if (named(c, "mmap.mmap") && (f->seen & SEEN_EXECUTABLE) != 0 && at_import(f)) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, c->line, CH_STR("memory for machine code, at import"));
    }
    f->seen |= (effects & EFFECT_KEYS) != 0 ? SEEN_KEYS : 0U;
    f->seen |= (effects & EFFECT_CLIPBOARD) != 0 ? SEEN_CLIPBOARD : 0U;
    if ((effects & EFFECT_REGISTRY) != 0 && (f->seen & SEEN_RUN_KEY) != 0) {
        capability(f, CAP_PERSISTENCE);
        report(f, CH_F_SOURCE_PERSISTENCE, c->line, call_shown(f, c));
    }
}

/* Modules and files of source that are loaded by name. */
static void loads_by_name(struct file *f, const struct call *c, uint32_t effects)
{
    for (uint32_t k = 0; (effects & (EFFECT_IMPORT | EFFECT_LOADER)) != 0 && k < c->count && k < 2;
         k++) {
        names_other(f, &c->args[k], CH_NAMED_MODULE);
    }
    bool named_so = (effects & (EFFECT_IMPORT | EFFECT_RESOLVE)) != 0 &&
                    (effects & EFFECT_LOADER) == 0 && !named(c, "runpy.run_module");
    if (named_so && c->count > 0 && c->args[0].kind != VALUE_TEXT) {
        bool hidden = (c->args[0].marks & (MARK_CHAR | MARK_DECODED)) != 0;
        report(f, hidden ? CH_F_SOURCE_HIDDEN_NAME : CH_F_SOURCE_COMPUTED_IMPORT, c->line, c->name);
    }
}

static bool is_proxy(struct ch_str name)
{
    static const char *const proxies[] = {"xmlrpc.client.ServerProxy().", "xmlrpc.client.Server().",
                                          "xmlrpclib.ServerProxy().", "xmlrpclib.Server()."};
    for (size_t i = 0; i < CH_ARRAY_LEN(proxies); i++) {
        if (ch_str_starts(name, ch_str_of(proxies[i]))) {
            return true;
        }
    }
    return false;
}

void check_call(struct file *f, const struct call *c, struct value *ret)
{
    if (c->name.len == 0) {
        return;
    }
    uint32_t effects = effects_of(c->name);
    uint32_t loud = EFFECT_PROCESS | EFFECT_DYNAMIC | EFFECT_DECODE | EFFECT_LOAD | EFFECT_NETWORK |
                    EFFECT_SOCKET | EFFECT_RESOLVE;
    if (effects == 0 && is_proxy(c->name)) { /* any name is a call of the server's */
        effects = EFFECT_NETWORK | EFFECT_CONNECT | EFFECT_SEND | EFFECT_FETCH;
    }
    effects = effects_of_load(c, effects);
    f->seen |= ch_str_starts(c->name, CH_STR("runpy.")) ? SEEN_RUNPY : 0U;
    loads_by_name(f, c, effects);
    if ((effects & loud) != 0 && (c->self.marks & (MARK_BUILT | MARK_DECODED)) != 0 &&
        c->name.ptr[0] != '.') {
        report(f, CH_F_SOURCE_HIDDEN_NAME, c->line, call_shown(f, c));
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
    imports_listed(f, c);
    if (named(c, "os.getenv") || ch_str_starts(c->name, CH_STR("os.environ"))) {
        capability(f, CAP_ENVIRONMENT);
    }
    hides_dynamic(f, c);
    loads_file(f, c);
    names_suffixes(f, c);
    writes_file(f, c, effects, ret);
    odd_ones(f, c, effects);
    check_doors(f, c, effects);
}
