/* From texts to a set of compiled rules. Whatever libyara only warns of is a mistake here: a slow rule
 * is paid for with every file, and a rule that can never match looks like protection. */
#include "rules_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

void rule_set_done(struct rule_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        globs_done(&set->meta[i].paths);
    }
    free(set->meta);
    globs_done(&set->paths);
    if (set->rules != NULL) {
        yr_rules_destroy(set->rules);
    }
    *set = (struct rule_set){.rules = NULL};
}

/* --- where --- */

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* "rule NAME" with nothing of a word around it. */
static bool begins_rule(struct ch_str text, size_t at, struct ch_str rule)
{
    size_t i = at + 4;
    if (!ch_str_eq(ch_str_sub(text, at, 4), CH_STR("rule")) ||
        (at > 0 && is_word(text.ptr[at - 1]))) {
        return false;
    }
    while (i < text.len && (text.ptr[i] == ' ' || text.ptr[i] == '\t' || text.ptr[i] == '\n' ||
                            text.ptr[i] == '\r')) {
        i++;
    }
    return i > at + 4 && ch_str_eq(ch_str_sub(text, i, rule.len), rule) &&
           (i + rule.len >= text.len || !is_word(text.ptr[i + rule.len]));
}

unsigned rules_line_of(struct ch_str text, struct ch_str rule)
{
    unsigned line = 1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            line++;
        } else if (text.ptr[i] == 'r' && begins_rule(text, i, rule)) {
            return line;
        }
    }
    return 0;
}

/* The message names the site's own files and rules: visible, whatever they are called. */
static enum ch_code fail_at(struct ch_err *err, struct ch_str file, unsigned line, const char *what,
                            struct ch_str detail)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(err->msg) - 1);
    ch_buf_put_escaped(&b, file);
    ch_buf_printf(&b, ":%u: %s", line, what);
    ch_buf_put_escaped(&b, detail);
    enum ch_code rc = ch_fail(err, CH_E_FORMAT, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

static const struct ch_rule_text *text_of(const struct ch_rule_text *texts, size_t count,
                                          const YR_RULE *rule)
{
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(texts[i].name, ch_str_of(rule->ns->name))) {
            return &texts[i];
        }
    }
    return NULL;
}

static enum ch_code fail_rule(struct ch_err *err, const struct ch_rule_text *texts, size_t count,
                              const YR_RULE *rule, const char *what)
{
    const struct ch_rule_text *t = text_of(texts, count, rule);
    struct ch_str name = ch_str_of(rule->identifier);
    CH_ASSERT(t != NULL); /* its name is the namespace */
    struct ch_buf b;
    ch_buf_init(&b, sizeof(err->msg) - 1);
    ch_buf_printf(&b, "rule %s: %s", rule->identifier, what);
    enum ch_code rc = fail_at(err, t->name, rules_line_of(t->text, name), "", ch_buf_str(&b));
    ch_buf_done(&b);
    return rc;
}

/* --- libyara's compiler --- */

struct compiling {
    const struct ch_rule_text *text;
    struct ch_err *err;
    bool failed;
};

/* libyara says 0 where the text ends too early. */
static unsigned last_line(struct ch_str text)
{
    unsigned n = 1;
    for (size_t i = 0; i + 1 < text.len; i++) {
        n += text.ptr[i] == '\n' ? 1 : 0;
    }
    return n;
}

static void on_message(int level, const char *file CH_UNUSED, int line,
                       const YR_RULE *rule CH_UNUSED, const char *message, void *user)
{
    struct compiling *c = user;
    if (!c->failed) { /* the first one counts: the others often follow from it */
        c->failed = true;
        fail_at(c->err, c->text->name, line <= 0 ? last_line(c->text->text) : (unsigned)line,
                level == YARA_ERROR_LEVEL_WARNING ? "warning: " : "", ch_str_of(message));
    }
}

/* A line that begins with `import`: modules parse what they are given by themselves. */
static bool find_import(struct ch_str text, unsigned *ret_line)
{
    struct ch_str line;
    unsigned n = 0;
    while (ch_str_split(&text, '\n', &line)) {
        n++;
        struct ch_str t = ch_str_trim(line);
        if (ch_str_starts(t, CH_STR("import")) && t.len > 6 && !is_word(t.ptr[6])) {
            *ret_line = n;
            return true;
        }
    }
    return false;
}

static enum ch_code add_text(YR_COMPILER *compiler, struct compiling *c)
{
    const struct ch_rule_text *t = c->text;
    unsigned line = 0;
    if (find_import(t->text, &line)) {
        return fail_at(c->err, t->name, line, "modules are not available", CH_STR(""));
    }
    if (ch_str_find_char(t->text, '\0', NULL)) {
        return fail_at(c->err, t->name, 0, "is not a text: it has a NUL byte", CH_STR(""));
    }
    char *name = ch_str_dup(t->name);
    char *text = ch_str_dup(t->text);
    int errors = yr_compiler_add_string(compiler, text, name);
    free(text);
    free(name);
    if (c->failed) {
        return c->err->code;
    }
    return errors == 0 ? CH_OK : fail_at(c->err, t->name, 0, "does not compile", CH_STR(""));
}

/* Whatever else a rule says to get at a module: loading one is asked here, and nowhere granted. */
static int refuse_modules(YR_SCAN_CONTEXT *context CH_UNUSED, int message, void *data CH_UNUSED,
                          void *user CH_UNUSED)
{
    return message == CALLBACK_MSG_IMPORT_MODULE ? CALLBACK_ERROR : CALLBACK_CONTINUE;
}

static enum ch_code compile_texts(const struct ch_rule_text *texts, size_t count, YR_RULES **ret,
                                  struct ch_err *err)
{
    YR_COMPILER *compiler;
    struct ch_err own = {.code = CH_OK}; /* the caller's may be NULL */
    struct compiling c = {.err = &own};
    if (yr_compiler_create(&compiler) != ERROR_SUCCESS) {
        return ch_fail(err, CH_E_SYSTEM, "rules: no compiler");
    }
    yr_compiler_set_callback(compiler, on_message, &c);
    yr_compiler_set_include_callback(compiler, NULL, NULL, NULL);
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && i < count; i++) {
        c.text = &texts[i];
        rc = add_text(compiler, &c);
    }
    if (rc == CH_OK && yr_compiler_get_rules(compiler, ret) != ERROR_SUCCESS) {
        rc = ch_fail(&own, CH_E_LIMIT, "rules: too many for one set");
    }
    yr_compiler_destroy(compiler);
    static const uint8_t nothing[1] = "";
    int scanned = rc != CH_OK
                      ? ERROR_SUCCESS
                      : yr_rules_scan_mem(*ret, nothing, 0, SCAN_FLAGS_NO_TRYCATCH, refuse_modules,
                                          NULL, (int)ch_limits.rules_scan_s);
    if (scanned != ERROR_SUCCESS) {
        yr_rules_destroy(*ret);
        rc = ch_fail(&own, CH_E_FORMAT, "rules: %s",
                     scanned == ERROR_CALLBACK_ERROR ? "modules are not available"
                                                     : "they come to no end even on an empty file");
    }
    return rc == CH_OK ? CH_OK : ch_fail(err, own.code, "%s", own.msg);
}

/* --- what rules state of themselves --- */

static const char *const class_words[] = {"note", "irregular", NULL};
static const char *const severity_words[] = {"info", "low", "medium", "high", NULL};

static bool is_one_of(const char *const *words, const char *word)
{
    for (; *words != NULL; words++) {
        if (strcmp(*words, word) == 0) {
            return true;
        }
    }
    return false;
}

struct stated {
    const char *id;
    const char *class;
    const char *severity;
    const char *message;
    const char *paths;
};

/* NULL, or what is wrong. */
static const char *read_meta(const YR_RULE *rule, struct stated *ret)
{
    const YR_META *meta;
    yr_rule_metas_foreach(rule, meta)
    {
        const struct {
            const char *name;
            const char **at;
        } known[] = {{"id", &ret->id},
                     {"class", &ret->class},
                     {"severity", &ret->severity},
                     {"message", &ret->message},
                     {"paths", &ret->paths}};
        for (size_t i = 0; i < CH_ARRAY_LEN(known); i++) {
            if (strcmp(known[i].name, meta->identifier) == 0) {
                if (meta->type != META_TYPE_STRING || meta->string[0] == '\0') {
                    return "id, class, severity, message and paths are texts in quotes";
                }
                *known[i].at = meta->string;
            }
        }
    }
    if (ret->class != NULL && !is_one_of(class_words, ret->class)) {
        return "class is note or irregular (a rule never denies)";
    }
    if (ret->severity != NULL && !is_one_of(severity_words, ret->severity)) {
        return "severity is info, low, medium or high";
    }
    return NULL;
}

static enum ch_finding_code code_of(const struct stated *s)
{
    if (s->class != NULL && strcmp(s->class, "note") == 0) {
        return CH_F_RULE_NOTE;
    }
    return s->severity != NULL && strcmp(s->severity, "high") == 0 ? CH_F_RULE_MALICIOUS
                                                                  : CH_F_RULE_SUSPICIOUS;
}

enum { FAULT_BYTES = 256 };

/* What is wrong with the rule, perhaps in `room`; NULL: nothing. */
static const char *take_meta(const YR_RULE *rule, bool shipped, struct rule_set *set,
                             struct rule_meta *ret, char room[FAULT_BYTES])
{
    struct stated s = {.id = NULL};
    const char *fault = read_meta(rule, &s);
    if (fault != NULL) {
        return fault;
    }
    if (shipped && (s.id == NULL || s.class == NULL || s.severity == NULL || s.message == NULL ||
                    s.paths == NULL)) {
        return "needs id, class, severity, message and paths in its metadata";
    }
    *ret = (struct rule_meta){.code = code_of(&s), .message = s.message != NULL ? s.message : ""};
    ret->paths.all = s.paths == NULL;
    set->paths.all = set->paths.all || s.paths == NULL;
    struct ch_str wrong = {NULL, 0};
    if (s.paths != NULL && (!globs_add(&ret->paths, ch_str_of(s.paths), &wrong) ||
                            !globs_add(&set->paths, ch_str_of(s.paths), &wrong))) {
        snprintf(room, FAULT_BYTES,
                 "paths is a list of globs, or of the groups @python, @shell, @script, @code; no "
                 "path in an archive fits \"%.*s\"",
                 CH_STR_ARG(ch_str_sub(wrong, 0, 60)));
        return room;
    }
    return NULL;
}

static bool same_name_before(const YR_RULES *rules, const YR_RULE *rule)
{
    const YR_RULE *r;
    yr_rules_foreach(rules, r)
    {
        if (r == rule) {
            return false;
        }
        if (strcmp(r->identifier, rule->identifier) == 0) {
            return true;
        }
    }
    return false;
}

static size_t put_bytes(const void *ptr, size_t size, size_t count, void *user)
{
    ch_buf_put(user, ptr, size * count);
    return count;
}

static size_t get_bytes(void *ptr, size_t size, size_t count, void *user)
{
    struct ch_rd *r = user;
    const uint8_t *bytes = ch_get_bytes(r, size * count);
    if (bytes == NULL) {
        return 0;
    }
    memcpy(ptr, bytes, size * count);
    return count;
}

/* As they come from the compiler, rules lie in a megabyte for each of their tables, all of which
 * each fork of a job would have to copy the page tables of. */
static enum ch_code pack(YR_RULES **rules, struct ch_err *err)
{
    struct ch_buf b;
    YR_RULES *packed = NULL;
    ch_buf_init(&b, (size_t)ch_limits.scan_memory_bytes);
    YR_STREAM out = {.user_data = &b, .write = put_bytes};
    int rc = yr_rules_save_stream(*rules, &out);
    if (rc == ERROR_SUCCESS && !b.failed) {
        struct ch_rd r = ch_rd_of(b.ptr, b.len);
        YR_STREAM in = {.user_data = &r, .read = get_bytes};
        rc = yr_rules_load_stream(&in, &packed);
    }
    ch_buf_done(&b);
    if (packed == NULL) {
        return ch_fail(err, CH_E_SYSTEM, "rules: libyara does not load what it made (error %d)", rc);
    }
    yr_rules_destroy(*rules);
    *rules = packed;
    return CH_OK;
}

/* A file without a rule matches nothing: what was meant by it is not in force. */
static enum ch_code check_some(const struct rule_set *set, const struct ch_rule_text *texts,
                               size_t count, struct ch_err *err)
{
    const YR_RULE *rule;
    for (size_t i = 0; i < count; i++) {
        bool some = false;
        yr_rules_foreach(set->rules, rule)
        {
            some = some || ch_str_eq(texts[i].name, ch_str_of(rule->ns->name));
        }
        if (!some) {
            return fail_at(err, texts[i].name, 1, "has no rule", CH_STR(""));
        }
    }
    return CH_OK;
}

enum ch_code rules_compile(const struct ch_rule_text *texts, size_t count, bool shipped,
                           struct rule_set *ret, struct ch_err *err)
{
    struct rule_set set = {.rules = NULL};
    const YR_RULE *rule;
    char room[FAULT_BYTES];
    if (count == 0) {
        *ret = set;
        return CH_OK;
    }
    enum ch_code rc = compile_texts(texts, count, &set.rules, err);
    if (rc != CH_OK) {
        return rc;
    }
    rc = pack(&set.rules, err);
    if (rc != CH_OK) {
        rule_set_done(&set);
        return rc;
    }
    set.meta = ch_calloc(set.rules->num_rules + 1, sizeof(*set.meta));
    yr_rules_foreach(set.rules, rule)
    {
        const char *fault = "there is another rule of this name";
        if (!same_name_before(set.rules, rule)) {
            fault = take_meta(rule, shipped, &set, &set.meta[set.count], room);
            set.count++; /* also with a fault: what it has is freed */
        }
        if (fault != NULL) {
            rc = fail_rule(err, texts, count, rule, fault);
            rule_set_done(&set);
            return rc;
        }
    }
    rc = check_some(&set, texts, count, err);
    if (rc != CH_OK) {
        rule_set_done(&set);
        return rc;
    }
    *ret = set;
    return CH_OK;
}

enum ch_code rules_check_names(const struct rule_set *a, const struct rule_set *b,
                               const struct ch_rule_text *texts, size_t count, struct ch_err *err)
{
    const YR_RULE *mine;
    const YR_RULE *other;
    if (a->rules == NULL || b->rules == NULL) {
        return CH_OK;
    }
    yr_rules_foreach(b->rules, mine)
    {
        yr_rules_foreach(a->rules, other)
        {
            if (strcmp(mine->identifier, other->identifier) == 0) {
                return fail_rule(err, texts, count, mine, "a shipped rule has this name");
            }
        }
    }
    return CH_OK;
}
