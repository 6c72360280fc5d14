#include "scanner/source/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/link.h"
#include "scanner/source/others.h"
#include "scanner/source/token_int.h"

enum {
    CODES = 64,            /* numbers of this folder's findings, from CH_F_SOURCE_REFUSED on */
    OF_FILE = 3,           /* findings of one code in a file; more say nothing new */
    OF_ARTIFACT = 20,      /* in an artifact */
    NOTES_OF_ARTIFACT = 5, /* notes must not use up what findings there may be */
};

/* exec of what a function gave that another file has. */
struct pending {
    uint64_t callee;
    struct ch_buf path;
    uint32_t line;
    bool said;
};

struct ch_source {
    struct ch_scan_writer *out;
    struct pending pending[NAMES_SEEN];
    uint32_t pending_count;
    uint64_t decoders[4 * NAMES_SEEN]; /* names of functions that give what they decode */
    uint32_t decoder_count;
    uint32_t reported[CODES];
    bool has[CAP_COUNT];
    bool has_install[CAP_COUNT];
    struct others others;
    struct links *links;
};

struct links *source_links(struct ch_source *s)
{
    return s->links;
}

struct others *source_others(struct ch_source *s)
{
    return &s->others;
}

struct ch_source *ch_source_new(struct ch_scan_writer *out)
{
    struct ch_source *s = ch_calloc(1, sizeof(*s));
    s->out = out;
    others_init(&s->others);
    s->links = links_new();
    return s;
}

void ch_source_free(struct ch_source *s)
{
    for (uint32_t i = 0; s != NULL && i < s->pending_count; i++) {
        ch_buf_done(&s->pending[i].path);
    }
    if (s != NULL) {
        others_done(&s->others);
        links_free(s->links);
    }
    free(s);
}

/* "?.codec.load().decode()": load. "?.blob.DATA": DATA. */
void runs_result_of(struct file *f, struct ch_str callee, uint32_t line)
{
    struct ch_source *s = f->source;
    size_t end;
    if (!ch_str_find(callee, CH_STR("()"), &end)) {
        end = ch_str_starts(callee, CH_STR("?.")) ? callee.len : 0;
    }
    if (end == 0 || s->pending_count == NAMES_SEEN ||
        f->place == CH_PLACE_TEST || f->place == CH_PLACE_NONE) {
        return;
    }
    size_t start = end;
    while (start > 0 && callee.ptr[start - 1] != '.') {
        start--;
    }
    for (uint32_t i = 0; i < s->pending_count; i++) {
        if (s->pending[i].line == line && ch_str_eq(ch_buf_str(&s->pending[i].path), f->path)) {
            return;
        }
    }
    struct pending *p = &s->pending[s->pending_count++];
    p->callee = value_hash(ch_str_sub(callee, start, end - start));
    p->line = line;
    p->said = false;
    ch_buf_init(&p->path, ch_limits.member_path_bytes);
    ch_buf_puts(&p->path, f->path);
}

static void keep_decoders(struct file *f)
{
    struct ch_source *s = f->source;
    const uint64_t hidden = MARK_DECODED | MARK_CHAR | MARK_REMOTE;
    for (uint32_t i = 0; i < f->function_count; i++) {
        const struct function *fn = &f->functions[i];
        if (fn->bare != 0 && (fn->returns & hidden) != 0 &&
            s->decoder_count < CH_ARRAY_LEN(s->decoders)) {
            s->decoders[s->decoder_count++] = fn->bare;
        }
    }
    for (uint32_t i = 0; i < f->binding_count; i++) { /* the module's */
        const struct binding *b = &f->bindings[i];
        if (b->scope == 0 && (b->value.marks & hidden) != 0 &&
            s->decoder_count < CH_ARRAY_LEN(s->decoders)) {
            s->decoders[s->decoder_count++] = b->name;
        }
    }
}

bool source_said(const struct ch_source *s, struct ch_str path, uint32_t line)
{
    for (uint32_t i = 0; i < s->pending_count; i++) {
        const struct pending *p = &s->pending[i];
        if (p->said && p->line == line && ch_str_eq(ch_buf_str(&p->path), path)) {
            return true;
        }
    }
    return false;
}

static void judge_pending(struct ch_source *s)
{
    for (uint32_t i = 0; i < s->pending_count; i++) {
        struct pending *p = &s->pending[i];
        for (uint32_t k = 0; k < s->decoder_count; k++) {
            if (s->decoders[k] == p->callee) {
                char text[96];
                snprintf(text, sizeof(text), "line %u: executes what another module decodes or fetches",
                         p->line);
                p->said = true;
                ch_scan_write_finding(s->out, CH_F_SOURCE_HIDDEN_CODE, ch_buf_str(&p->path),
                                      ch_str_of(text));
                break;
            }
        }
    }
}

void capability(struct file *f, enum capability c)
{
    if (f->place == CH_PLACE_TEST || f->place == CH_PLACE_NONE) {
        return;
    }
    f->source->has[c] = true;
    if (f->place == CH_PLACE_INSTALL || f->place == CH_PLACE_INSTALL_IMPORT) {
        f->source->has_install[c] = true;
    }
}

void report(struct file *f, enum ch_finding_code code, uint32_t line, struct ch_str seen)
{
    if (f->outer != NULL) { /* a text within a text: where it stands in the file */
        if (code != CH_F_SOURCE_REFUSED && code != CH_F_SOURCE_ENCODING) {
            report(f->outer, code, f->outer_line, seen);
        }
        return;
    }
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    bool mild =
        (f->place == CH_PLACE_TEST || f->place == CH_PLACE_NONE) && row->cls != CH_CLASS_NOTE;
    if (mild) {
        code = CH_F_SOURCE_MILD;
    }
    uint32_t i = (uint32_t)code - (uint32_t)CH_F_SOURCE_REFUSED;
    bool note = mild || row->cls == CH_CLASS_NOTE;
    uint64_t place = (uint64_t)row->code << 32 | line;
    CH_ASSERT(i < CODES);
    for (uint32_t k = 0; line > 0 && k < f->told_count; k++) {
        if (f->told[k] == place) {
            return; /* once per finding, file and line */
        }
    }
    if (f->told_count < CH_ARRAY_LEN(f->told)) {
        f->told[f->told_count++] = place;
    }
    if (f->reported[i] >= OF_FILE || was_told(f, place) ||
        f->source->reported[i] >= (note ? NOTES_OF_ARTIFACT : OF_ARTIFACT)) {
        return;
    }
    f->reported[i]++;
    f->source->reported[i]++;
    struct ch_buf b;
    ch_buf_init(&b, 4096);
    if (line > 0) {
        ch_buf_printf(&b, "line %u: ", line);
    }
    if (mild) {
        ch_buf_printf(&b, "%s: ", row->name);
    }
    ch_buf_puts(&b, ch_str_sub(seen, 0, 1000));
    ch_scan_write_finding(f->source->out, code, f->path, ch_buf_str(&b));
    ch_buf_done(&b);
}

/* --- a file --- */

static bool line_room(struct file *f)
{
    if (f->token_count < f->token_cap) {
        return true;
    }
    if (f->token_count >= ch_limits.source_line_tokens) {
        f->beyond = true;
        return false;
    }
    f->token_cap = f->token_cap == 0 ? 1024 : 2 * f->token_cap;
    f->tokens = ch_realloc_array(f->tokens, f->token_cap, sizeof(*f->tokens));
    f->match = ch_realloc_array(f->match, f->token_cap, sizeof(*f->match));
    return true;
}

/* Where a keyword is in their table: its length and its ends tell most of them apart. */
static uint8_t word_slot(const char *w, size_t n)
{
    return (uint8_t)((uint8_t)w[0] * 5U + (uint8_t)w[1] * 3U + (uint8_t)w[n - 1] * 7U + n);
}

/* Brackets of the logical line and their partners. */
struct nesting {
    uint32_t open[2 * CH_TOKEN_BRACKETS];
    uint32_t count;
};

static bool opens(const struct file *f, const struct ch_token *tok)
{
    char c = f->text.ptr[tok->at];
    return tok->type == CH_TOKEN_FSTRING_START ||
           (tok->type == CH_TOKEN_OP && (c == '(' || c == '[' || c == '{'));
}

static bool closes(const struct file *f, const struct ch_token *tok)
{
    if (tok->type == CH_TOKEN_FSTRING_END) {
        return true;
    }
    char c = tok->len > 0 ? f->text.ptr[tok->at] : 0;
    return tok->type == CH_TOKEN_OP && (c == ')' || c == ']' || c == '}');
}

uint16_t word_id(const char *word, size_t len)
{
    static const struct {
        char word[9];
        uint8_t id;
    } rows[] = {{"import", WORD_OTHER},
                {"from", WORD_PREFIX},
                {"def", WORD_OTHER},
                {"class", WORD_OTHER},
                {"async", WORD_PREFIX},
                {"as", WORD_OTHER},
                {"return", WORD_OTHER},
                {"yield", WORD_PREFIX},
                {"raise", WORD_OTHER},
                {"assert", WORD_OTHER},
                {"del", WORD_OTHER},
                {"lambda", WORD_OTHER},
                {"if", WORD_HEAD | WORD_BETWEEN},
                {"elif", WORD_HEAD},
                {"while", WORD_HEAD},
                {"for", WORD_HEAD},
                {"with", WORD_HEAD},
                {"except", WORD_HEAD},
                {"else", WORD_ALONE | WORD_BETWEEN},
                {"try", WORD_ALONE},
                {"finally", WORD_ALONE},
                {"global", WORD_SKIP},
                {"nonlocal", WORD_SKIP},
                {"pass", WORD_SKIP},
                {"break", WORD_SKIP},
                {"continue", WORD_SKIP},
                {"not", WORD_PREFIX | WORD_BETWEEN},
                {"await", WORD_PREFIX},
                {"and", WORD_BETWEEN},
                {"or", WORD_BETWEEN},
                {"in", WORD_BETWEEN},
                {"is", WORD_BETWEEN}};
    enum { SLOTS = 256 };
    static uint8_t slots[SLOTS]; /* + 1 */
    static bool made;
    for (size_t i = 0; !made && i < CH_ARRAY_LEN(rows); i++) {
        const char *w = rows[i].word;
        uint8_t at = word_slot(w, strlen(w));
        while (slots[at] != 0) {
            at++;
        }
        slots[at] = (uint8_t)(i + 1);
    }
    made = true;
    if (len < 2 || len > 8) {
        return 0;
    }
    for (uint8_t at = word_slot(word, len); slots[at] != 0; at++) {
        const char *w = rows[slots[at] - 1].word;
        if (w[len] == '\0' && memcmp(w, word, len) == 0) {
            return rows[slots[at] - 1].id;
        }
    }
    return 0;
}

static void take_token(struct file *f, struct nesting *n, const struct ch_token *tok)
{
    if (!line_room(f)) {
        return;
    }
    uint32_t i = f->token_count++;
    if (i > 0) {
        check_gap(f, &f->tokens[i - 1], tok);
    }
    f->tokens[i] = *tok;
    f->match[i] = i;
    if (tok->type == CH_TOKEN_NAME) {
        f->tokens[i].id = word_id(f->text.ptr + tok->at, tok->len);
        for (uint32_t k = 0; !f->ascii && k < tok->len; k++) {
            if ((uint8_t)f->text.ptr[tok->at + k] >= 0x80) {
                check_name(f, tok);
                break;
            }
        }
        return;
    }
    if (tok->type == CH_TOKEN_OP) {
        f->tokens[i].id = op_id(f->text.ptr + tok->at, tok->len);
    }
    if (opens(f, tok) && n->count < CH_ARRAY_LEN(n->open)) {
        n->open[n->count++] = i;
    } else if (closes(f, tok) && n->count > 0) {
        uint32_t open = n->open[--n->count];
        f->match[open] = i;
        f->match[i] = open;
    }
}

static void read_tokens(struct file *f)
{
    struct ch_tokenizer t;
    struct ch_token tok;
    struct nesting n = {.count = 0};
    ch_tokenizer_init(&t, f->text);
    do {
        ch_token_next(&t, &tok);
        if (tok.type == CH_TOKEN_INDENT || tok.type == CH_TOKEN_DEDENT) {
            f->indent += tok.type == CH_TOKEN_INDENT ? 1U : UINT32_MAX;
            if (tok.type == CH_TOKEN_INDENT) {
                block_enter(f);
            }
        } else if (tok.type == CH_TOKEN_NEWLINE || tok.type == CH_TOKEN_END) {
            statements(f);
            f->token_count = 0;
            n.count = 0;
        } else {
            take_token(f, &n, &tok);
        }
    } while (tok.type != CH_TOKEN_END);
    if (t.errors > 0 && f->reported[0] == 0) { /* once is enough */
        report(f, CH_F_SOURCE_REFUSED, t.error_line, CH_STR("not Python's syntax"));
    }
}

void file_done(struct file *f)
{
    value_release(f);
    free(f->tokens);
    free(f->match);
    free(f->bindings);
    free(f->functions);
    free(f->parameters);
    free(f->calls);
    free(f->classes);
    free(f->edges);
    free(f->foreign);
    free(f->link_items);
    table_done(&f->members);
    table_done(&f->later);
    table_done(&f->wanted);
    table_done(&f->paths);
    free(f);
}

/* Of tests alone some are not read: when they have given all notes that there is room for. */
static bool is_needed(const struct file *f)
{
    bool mild = f->place == CH_PLACE_TEST || f->place == CH_PLACE_NONE;
    uint32_t notes = (uint32_t)CH_F_SOURCE_MILD - (uint32_t)CH_F_SOURCE_REFUSED;
    return !mild || f->source->reported[notes] < NOTES_OF_ARTIFACT;
}

static void read_once(struct file *f)
{
    CH_IGNORE(function_new(f, 0));                      /* FUNCTION_MODULE */
    f->functions[function_new(f, 0)].is_implied = true; /* FUNCTION_FINDERS */
    read_tokens(f);
    while (f->scope_count > 0) {
        scope_pop(f);
    }
}

static void model(struct file *f)
{
    read_once(f);
    if (read_again(f)) {
        f->binding_count = 0;
        memset(f->buckets, 0, sizeof(f->buckets));
        f->function_next = 0;
        f->class_next = 0;
        f->star_count = 0;
        f->indent = 0;
        f->when = 0;
        f->link_count = 0;
        read_once(f);
    }
    judge_import(f);
    if (f->outer == NULL) { /* of another text only what it does counts */
        keep_decoders(f);
        check_end(f);
    }
    if (f->beyond) {
        ch_scan_write_finding(f->source->out, CH_F_LIMIT, f->path,
                              CH_STR("more names, nesting or constants than are looked at"));
    }
}

/* "exec(base64.b64decode(" with something that is not known in it. */
void decodes_and_executes(struct file *f, const struct value *v, uint32_t line)
{
    static const char *const runs[] = {"exec(", "eval("};
    static const char *const decodes[] = {"b64decode(", "b85decode(", "a85decode(", "b32decode(",
                                          "b16decode(", "decompress(", "unhexlify(", "fromhex(",
                                          "a2b_hex(", "a2b_base64(", "decodebytes(", "codecs.decode("};
    if (v->kind == VALUE_PARTIAL && contains(v->text, runs, CH_ARRAY_LEN(runs)) != NULL &&
        contains(v->text, decodes, CH_ARRAY_LEN(decodes)) != NULL) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, line, CH_STR("a text that decodes and executes another"));
    }
}

/* A text is read like the file that executes it, and what it does is done there: at import, or when the function
 * is called. */
void executes_text(struct file *f, const struct value *v, uint32_t line)
{
    enum { DEEP = 3, TEXTS_BYTES = 1 << 21 };
    uint32_t depth = 0;
    for (const struct file *o = f; o != NULL; o = o->outer) {
        depth++;
    }
    decodes_and_executes(f, v, line);
    if (v->kind != VALUE_TEXT) {
        return;
    }
    if (depth > DEEP || v->text.len > TEXTS_BYTES - f->executed_bytes) {
        f->beyond = true;
        return;
    }
    f->executed_bytes += (uint32_t)v->text.len;
    struct file *in = ch_calloc(1, sizeof(*in));
    in->source = f->source;
    in->path = f->path;
    in->place = f->place;
    in->text = v->text;
    in->ascii = ch_str_ascii(v->text) == v->text.len;
    in->outer = f;
    in->outer_line = line;
    model(in);
    f->seen |= in->seen;
    f->named_anew = f->named_anew || in->named_anew;
    f->secret_line = f->secret_line == 0 && (in->seen & SEEN_SECRETS) != 0 ? line : f->secret_line;
    f->executed_bytes += in->executed_bytes;
    function_does(f, &in->functions[0], line);
    if ((v->marks & MARK_BUILT) != 0 && (in->seen & (SEEN_PROCESS | SEEN_NETWORK)) != 0) {
        report(f, CH_F_SOURCE_HIDDEN_CODE, line, CH_STR("a text that is put together from pieces"));
    }
    file_done(in);
}

void ch_source_see(struct ch_source *s, struct ch_str path, enum ch_code_place place,
                   struct ch_str bytes)
{
    struct ch_source_text src;
    ch_source_text_init(&src, bytes);
    struct file *f = ch_calloc(1, sizeof(*f));
    f->source = s;
    f->path = path;
    f->place = place;
    f->text = src.text;
    f->ascii = src.ascii;
    if (src.problem == CH_TEXT_UNKNOWN) {
        report(f, CH_F_SOURCE_ENCODING, 1, src.encoding);
    } else if (src.problem == CH_TEXT_REFUSED) {
        report(f, CH_F_SOURCE_REFUSED, 1, CH_STR("bytes that are not of its encoding"));
    }
    links_begin(f);
    check_text(f, f->text);
    if (is_needed(f)) {
        model(f);
    }
    file_done(f);
    ch_source_text_done(&src);
}

void ch_source_end(struct ch_source *s)
{
    judge_pending(s);
    if (!links_judge(s->links, s)) {
        ch_scan_write_finding(s->out, CH_F_LIMIT, (struct ch_str){NULL, 0},
                              CH_STR("has more calls from one of its files to another than are "
                                     "followed"));
    }
    /* sorted, as facts are compared */
    static const struct {
        const char *name;
        enum capability capability;
    } rows[] = {
        {"credentials", CAP_CREDENTIALS}, {"dynamic-code", CAP_DYNAMIC},
        {"environment", CAP_ENVIRONMENT}, {"native-code", CAP_NATIVE},
        {"network", CAP_NETWORK},         {"persistence", CAP_PERSISTENCE},
        {"process", CAP_PROCESS},
    };
    _Static_assert(CH_ARRAY_LEN(rows) == CAP_COUNT, "a row for each capability");
    for (int install = 0; install < 2; install++) {
        const bool *has = install == 1 ? s->has_install : s->has;
        enum ch_fact_code code = install == 1 ? CH_FACT_INSTALL_CAPABILITY : CH_FACT_CAPABILITY;
        for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
            if (has[rows[i].capability]) {
                ch_scan_write_fact(s->out, ch_str_of(ch_fact_row(code)->name),
                                   ch_str_of(rows[i].name));
            }
        }
    }
}
