#include "base/lockfile/lockfile_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"

/* pip's requirements file format: lines joined at a backslash, comments, options, PEP 508. */

/* One line as pip sees it: joined, without comment. `at` gives where each byte stands in the file.
 */
struct logical {
    char *text;
    uint32_t *at;
    size_t len;
};

struct reader {
    struct ch_lock_build *b;
    struct ch_str file;
    size_t next; /* where the next line begins */
    struct logical line;
    size_t seen; /* up to where lines were counted: number and begin of that line */
    uint32_t seen_line;
    size_t seen_begin;
    struct ch_err *err;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* --- lines --- */

/* A '#' at the begin or after a blank starts a comment; elsewhere it belongs to an address. */
static size_t comment_at(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '#' && (i == 0 || is_blank(s.ptr[i - 1]))) {
            return i;
        }
    }
    return s.len;
}

static bool is_comment(struct ch_str line)
{
    size_t i = 0;
    while (i < line.len && is_blank(line.ptr[i])) {
        i++;
    }
    return i < line.len && line.ptr[i] == '#';
}

static struct ch_str take_physical(struct reader *r)
{
    struct ch_str line = ch_str_sub(r->file, r->next, r->file.len);
    size_t end;
    if (ch_str_find_char(line, '\n', &end)) {
        line = ch_str_sub(line, 0, end);
    }
    r->next += line.len + 1;
    if (line.len > 0 && line.ptr[line.len - 1] == '\r') {
        line.len--;
    }
    return line;
}

/* As pip does it: first what a backslash continues is joined, where a line that is all comment
 * ends; then the comment goes. So "a # b \" hides the line below it. */
static bool next_line(struct reader *r)
{
    if (r->next >= r->file.len) {
        return false;
    }
    r->line.len = 0;
    bool more = true;
    while (more && r->next < r->file.len) {
        struct ch_str line = take_physical(r);
        bool comment = is_comment(line);
        more = !comment && line.len > 0 && line.ptr[line.len - 1] == '\\';
        while (more && line.len > 0 && line.ptr[line.len - 1] == '\\') {
            line.len--;
        }
        for (size_t i = 0; i < line.len && !comment; i++) {
            r->line.text[r->line.len] = line.ptr[i];
            r->line.at[r->line.len++] = (uint32_t)((size_t)(line.ptr - r->file.ptr) + i);
        }
    }
    r->line.len = comment_at((struct ch_str){r->line.text, r->line.len});
    return true;
}

/* Line and column of a byte of the file: goes on from the last one that was asked for. */
static void locate(struct reader *r, size_t at, uint32_t *line, uint32_t *column)
{
    if (at < r->seen) {
        r->seen = 0;
        r->seen_line = 0;
        r->seen_begin = 0;
    }
    for (; r->seen < at && r->seen < r->file.len; r->seen++) {
        if (r->file.ptr[r->seen] == '\n') {
            r->seen_line++;
            r->seen_begin = r->seen + 1;
        }
    }
    *line = r->seen_line + 1;
    *column = (uint32_t)(r->seen - r->seen_begin) + 1;
}

/* Where in the file a slice of the joined line begins; the line's end for one that is nowhere. */
static size_t file_at(const struct reader *r, struct ch_str part)
{
    uintptr_t begin = (uintptr_t)r->line.text;
    uintptr_t here = (uintptr_t)part.ptr;
    if (r->line.len == 0) {
        return r->next;
    }
    if (here >= begin && here < begin + r->line.len) {
        return r->line.at[here - begin];
    }
    return (size_t)r->line.at[r->line.len - 1] + 1;
}

static enum ch_code wrong(struct reader *r, struct ch_str part, const char *expected)
{
    uint32_t line;
    uint32_t column;
    locate(r, file_at(r, part), &line, &column);
    return ch_lock_wrong(r->b, line, column, expected, part, r->err);
}

/* --- words --- */

static struct ch_str trim(struct ch_str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s = ch_str_sub(s, 1, s.len);
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1])) {
        s.len--;
    }
    return s;
}

static struct ch_str take_word(struct ch_str *rest)
{
    size_t n = 0;
    *rest = trim(*rest);
    while (n < rest->len && !is_blank(rest->ptr[n])) {
        n++;
    }
    struct ch_str word = ch_str_sub(*rest, 0, n);
    *rest = trim(ch_str_sub(*rest, n, rest->len));
    return word;
}

/* "--name=value", "--name value" and, for one letter, "-nvalue". */
static bool option_is(struct ch_str word, const char *name, struct ch_str *rest,
                      struct ch_str *ret_value)
{
    struct ch_str option = ch_str_of(name);
    if (!ch_str_starts(word, option)) {
        return false;
    }
    struct ch_str tail = ch_str_sub(word, option.len, word.len);
    if (tail.len == 0) {
        *ret_value = take_word(rest);
    } else if (option.len == 2) {
        *ret_value = tail;
    } else if (tail.ptr[0] == '=') {
        *ret_value = ch_str_sub(tail, 1, tail.len);
    } else {
        return false;
    }
    return true;
}

/* --- what a requirement asks for --- */

static bool is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static bool is_version_byte(char c)
{
    return is_name_byte(c) || c == '*' || c == '+' || c == '!';
}

/* One clause of a specifier, "==1.0"; *ret_pin is the version when it pins exactly one. */
static bool read_clause(struct ch_str clause, struct ch_str *ret_pin)
{
    static const char *const operators[] = {"===", "==", "~=", "!=", "<=", ">=", "<", ">"};
    for (size_t i = 0; i < CH_ARRAY_LEN(operators); i++) {
        struct ch_str op = ch_str_of(operators[i]);
        if (!ch_str_starts(clause, op)) {
            continue;
        }
        struct ch_str version = trim(ch_str_sub(clause, op.len, clause.len));
        bool ok = version.len > 0;
        for (size_t k = 0; k < version.len; k++) {
            ok = ok && is_version_byte(version.ptr[k]);
        }
        size_t star;
        if (ok && i < 2 && !ch_str_find_char(version, '*', &star)) {
            *ret_pin = version;
        }
        return ok;
    }
    return false;
}

static enum ch_code read_specifier(struct reader *r, struct ch_str text, struct ch_locked *p)
{
    struct ch_str all = trim(text);
    struct ch_str pin = {NULL, 0};
    if (all.len == 0) {
        return CH_OK;
    }
    struct ch_str rest = all;
    if (rest.ptr[0] == '(' && rest.ptr[rest.len - 1] == ')') {
        rest = trim(ch_str_sub(rest, 1, rest.len - 2));
    }
    size_t clauses = 0;
    struct ch_str clause;
    while (ch_str_split(&rest, ',', &clause)) {
        clause = trim(clause);
        if (clause.len == 0 && rest.ptr == NULL && clauses > 0) {
            break; /* a comma at the end */
        }
        if (!read_clause(clause, &pin)) {
            return wrong(r, clause.len > 0 ? clause : all,
                         "a version specifier such as ==1.0 or >=1.0,<2");
        }
        clauses++;
    }
    p->specifier = ch_lock_keep(r->b, all);
    p->version = ch_lock_keep(r->b, pin);
    return CH_OK;
}

/* An address or a path instead of a name: "git+https://...", "./x.whl", "C:\x", "x.whl". */
static bool is_place(struct ch_str word)
{
    size_t at;
    return ch_str_find(word, CH_STR("://"), &at) || ch_str_find_char(word, '/', &at) ||
           ch_str_find_char(word, '\\', &at) || ch_str_starts(word, CH_STR(".")) ||
           ch_str_starts(word, CH_STR("file:")) || ch_str_ends(word, CH_STR(".whl")) ||
           ch_str_ends(word, CH_STR(".tar.gz")) || ch_str_ends(word, CH_STR(".zip"));
}

/* The name that an address states: "#egg=NAME". */
static void name_of_place(struct reader *r, struct ch_str place, struct ch_locked *p)
{
    size_t at;
    if (!ch_str_find(place, CH_STR("#egg="), &at) && !ch_str_find(place, CH_STR("&egg="), &at)) {
        return;
    }
    struct ch_str name = ch_str_sub(place, at + 5, place.len);
    size_t n = 0;
    while (n < name.len && is_name_byte(name.ptr[n])) {
        n++;
    }
    CH_IGNORE(ch_lock_name(r->b, ch_str_sub(name, 0, n), &p->name));
}

/* "; marker" at the end; of an address only after a blank, for addresses hold semicolons. */
static struct ch_str split_marker(struct ch_str *text, bool address)
{
    for (size_t i = 0; i < text->len; i++) {
        if (text->ptr[i] == ';' && (!address || (i > 0 && is_blank(text->ptr[i - 1])))) {
            struct ch_str marker = trim(ch_str_sub(*text, i + 1, text->len));
            *text = trim(ch_str_sub(*text, 0, i));
            return marker.ptr != NULL ? marker : CH_STR("");
        }
    }
    return (struct ch_str){NULL, 0};
}

static enum ch_code read_place(struct reader *r, struct ch_str text, struct ch_locked *p)
{
    struct ch_str marker = split_marker(&text, true);
    if (text.len == 0) {
        return wrong(r, text, "an address or a path");
    }
    p->source = ch_lock_keep(r->b, text);
    p->marker = ch_lock_keep(r->b, marker);
    name_of_place(r, text, p);
    return CH_OK;
}

/* Takes "[a,b]" off the begin of *rest; false when it does not end. */
static bool skip_extras(struct ch_str *rest)
{
    size_t close;
    if (rest->len == 0 || rest->ptr[0] != '[') {
        return true;
    }
    if (!ch_str_find_char(*rest, ']', &close)) {
        return false;
    }
    *rest = trim(ch_str_sub(*rest, close + 1, rest->len));
    return true;
}

/* name [extras] (specifier | @ address) ; marker, or an address alone */
static enum ch_code read_requirement(struct reader *r, struct ch_str text, struct ch_locked *p)
{
    size_t n = 0;
    struct ch_str words = text;
    struct ch_str first;
    while (n < text.len && is_name_byte(text.ptr[n])) {
        n++;
    }
    struct ch_str rest = trim(ch_str_sub(text, n, text.len));
    bool closed = skip_extras(&rest);
    bool direct = rest.len > 0 && rest.ptr[0] == '@';
    struct ch_str word = take_word(&words);
    CH_IGNORE(ch_str_split(&word, ';', &first));
    if (!direct && is_place(first)) {
        return read_place(r, text, p);
    }
    if (!ch_lock_name(r->b, ch_str_sub(text, 0, n), &p->name)) {
        return wrong(r, text, "a requirement (PEP 508), an address or an option");
    }
    if (!closed) {
        return wrong(r, rest, "\"]\" after the extras");
    }
    if (direct) {
        return read_place(r, trim(ch_str_sub(rest, 1, rest.len)), p);
    }
    struct ch_str marker = split_marker(&rest, false);
    if (marker.ptr != NULL && marker.len == 0) {
        return wrong(r, marker, "a marker after \";\"");
    }
    p->marker = ch_lock_keep(r->b, marker);
    return read_specifier(r, rest, p);
}

/* --- options --- */

/* Where the options of a requirement begin: at " --" or, for -C, " -C". */
static size_t options_at(struct ch_str line)
{
    for (size_t i = 1; i + 1 < line.len; i++) {
        if (line.ptr[i] == '-' && is_blank(line.ptr[i - 1]) &&
            (line.ptr[i + 1] == '-' || line.ptr[i + 1] == 'C')) {
            return i;
        }
    }
    return line.len;
}

/* "sha256:HEX", and the other two that pip takes. */
static bool is_hash(struct ch_str hash)
{
    static const struct {
        const char *name;
        size_t digits;
    } kinds[] = {{"sha256:", 64}, {"sha384:", 96}, {"sha512:", 128}};
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        struct ch_str prefix = ch_str_of(kinds[i].name);
        bool ok = ch_str_starts(hash, prefix) && hash.len == prefix.len + kinds[i].digits;
        for (size_t k = prefix.len; ok && k < hash.len; k++) {
            char c = hash.ptr[k];
            ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        }
        if (ok) {
            return true;
        }
    }
    return false;
}

static enum ch_code read_own_options(struct reader *r, struct ch_str options, struct ch_locked *p)
{
    static const char *const ignored[] = {
        "--config-settings", "--config-setting", "-C",
        "--global-option",   "--install-option", "--build-option"};
    struct ch_str value;
    while (options.len > 0) {
        struct ch_str word = take_word(&options);
        bool known = false;
        if (option_is(word, "--hash", &options, &value)) {
            if (!is_hash(value)) {
                return wrong(r, value.len > 0 ? value : word, "sha256:HEX, sha384 or sha512");
            }
            ch_lock_add_hash(r->b, p, value);
            continue;
        }
        for (size_t i = 0; i < CH_ARRAY_LEN(ignored) && !known; i++) {
            known = option_is(word, ignored[i], &options, &value);
        }
        if (!known) {
            return wrong(r, word, "--hash or another option of a requirement");
        }
    }
    return CH_OK;
}

/* A line that is all options: about indexes and builds, which is no matter here, or another file.
 */
static enum ch_code read_options(struct reader *r, struct ch_str line)
{
    static const char *const flags[] = {"--no-index", "--prefer-binary", "--require-hashes",
                                        "--pre"};
    static const char *const valued[] = {
        "--index-url", "-i",          "--extra-index-url", "--pypi-url",     "--find-links",
        "-f",          "--no-binary", "--only-binary",     "--trusted-host", "--use-feature"};
    struct ch_str rest = line;
    struct ch_str value;
    while (rest.len > 0) {
        struct ch_str word = take_word(&rest);
        bool known = false;
        for (size_t i = 0; i < CH_ARRAY_LEN(flags) && !known; i++) {
            known = ch_str_eq(word, ch_str_of(flags[i]));
        }
        if (known) {
            continue;
        }
        bool other =
            option_is(word, "--requirement", &rest, &value) || option_is(word, "-r", &rest, &value);
        bool constraint = !other && (option_is(word, "--constraint", &rest, &value) ||
                                     option_is(word, "-c", &rest, &value));
        for (size_t i = 0; i < CH_ARRAY_LEN(valued) && !known && !other && !constraint; i++) {
            known = option_is(word, valued[i], &rest, &value);
        }
        if (!known && !other && !constraint) {
            return wrong(r, word, "an option of pip's requirements files");
        }
        if (value.len == 0) {
            return wrong(r, value, "a value after the option");
        }
        if (other || constraint) {
            struct ch_locked_include include = {.path = value, .constraint = constraint};
            locate(r, file_at(r, word), &include.line, &include.column);
            ch_lock_include(r->b, include);
        }
    }
    return CH_OK;
}

static enum ch_code read_line(struct reader *r)
{
    struct ch_str line = trim((struct ch_str){r->line.text, r->line.len});
    struct ch_str rest = line;
    struct ch_str value = {NULL, 0};
    uint32_t number;
    uint32_t column;
    if (line.len == 0) {
        return CH_OK;
    }
    struct ch_str word = take_word(&rest);
    bool editable =
        option_is(word, "--editable", &rest, &value) || option_is(word, "-e", &rest, &value);
    if (!editable && line.ptr[0] == '-') {
        return read_options(r, line);
    }
    if (editable) {
        /* all that is left after the value was taken belongs to it: markers */
        line = value.len > 0 ? ch_str_sub(line, (size_t)(value.ptr - line.ptr), line.len) : value;
    }
    locate(r, file_at(r, line), &number, &column);
    struct ch_locked *p = ch_lock_add(r->b, number, column);
    size_t options = options_at(line);
    struct ch_str what = trim(ch_str_sub(line, 0, options));
    enum ch_code rc = editable ? read_place(r, what, p) : read_requirement(r, what, p);
    return rc != CH_OK ? rc : read_own_options(r, ch_str_sub(line, options, line.len), p);
}

/* pip ends lines wherever Unicode does. At a form feed or U+2028 within a comment it would see a
 * line that an editor does not show, so these are refused. */
static enum ch_code check_text(struct reader *r)
{
    static const char *const ends[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (size_t i = 0; i < r->file.len; i++) {
        struct ch_str rest = ch_str_sub(r->file, i, r->file.len);
        unsigned char c = (unsigned char)rest.ptr[0];
        bool bad = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f ||
                   (c == '\r' && rest.len > 1 && rest.ptr[1] != '\n');
        for (size_t k = 0; k < CH_ARRAY_LEN(ends) && c >= 0x80; k++) {
            bad = bad || ch_str_starts(rest, ch_str_of(ends[k]));
        }
        if (bad) {
            uint32_t line;
            uint32_t column;
            locate(r, i, &line, &column);
            return ch_lock_wrong(r->b, line, column, "text without control characters",
                                 ch_str_sub(rest, 0, c < 0x80 ? 1 : 3), r->err);
        }
    }
    return CH_OK;
}

enum ch_code ch_lock_requirements(struct ch_lock_build *b, struct ch_str text, struct ch_err *err)
{
    struct reader r = {.b = b, .file = text, .err = err};
    enum ch_code rc = CH_OK;
    if (ch_str_starts(text, CH_STR("\xff\xfe")) || ch_str_starts(text, CH_STR("\xfe\xff"))) {
        /* what PowerShell writes for `pip freeze > requirements.txt` */
        return ch_fail(err, CH_E_FORMAT, "%s:1:1: expected UTF-8, found UTF-16: save it as UTF-8",
                       b->name);
    }
    if (!ch_str_is_utf8(text)) {
        return ch_fail(err, CH_E_FORMAT, "%s:1:1: expected UTF-8 text", b->name);
    }
    rc = check_text(&r);
    r.next = ch_str_starts(text, CH_STR("\xef\xbb\xbf")) ? 3 : 0;
    r.line.text = ch_realloc_array(NULL, text.len + 1, 1);
    r.line.at = ch_realloc_array(NULL, text.len + 1, sizeof(*r.line.at));
    while (rc == CH_OK && next_line(&r)) {
        rc = read_line(&r);
    }
    free(r.line.text);
    free(r.line.at);
    return rc;
}
