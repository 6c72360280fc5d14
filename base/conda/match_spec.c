#include "base/conda/match_spec.h"

#include "base/conda/version_spec.h"

/* CEP 29 wants a known one behind "channel/": all else is the end of a channel's name or URL. */
static const struct ch_str subdirs[] = {
    {"noarch", 6},
    {"linux-32", 8},
    {"linux-64", 8},
    {"linux-aarch64", 13},
    {"linux-armv6l", 12},
    {"linux-armv7l", 12},
    {"linux-ppc64", 11},
    {"linux-ppc64le", 13},
    {"linux-riscv32", 13},
    {"linux-riscv64", 13},
    {"linux-s390x", 11},
    {"linux-loongarch64", 17},
    {"osx-64", 6},
    {"osx-arm64", 9},
    {"win-32", 6},
    {"win-64", 6},
    {"win-arm64", 9},
    {"freebsd-64", 10},
    {"emscripten-wasm32", 17},
    {"wasi-wasm32", 11},
    {"zos-z", 5},
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_alnum(c) || c == '_' || c == '-' || c == '.' || c == '*';
}

static bool is_build(char c)
{
    return is_alnum(c) || c == '_' || c == '.' || c == '+' || c == '*' || c == '!';
}

static bool is_printable(char c)
{
    return c > ' ' && c < '\x7f';
}

static size_t run(struct ch_str text, size_t from, size_t to, bool (*is)(char))
{
    while (from < to && is(text.ptr[from])) {
        from++;
    }
    return from;
}

static size_t skip_spaces(struct ch_str text, size_t at)
{
    while (at < text.len && text.ptr[at] == ' ') {
        at++;
    }
    return at;
}

/* --- what stands before the name --- */

static void split_subdir(struct ch_str channel, struct ch_match_spec *s)
{
    size_t slash = channel.len;
    while (slash > 0 && channel.ptr[slash - 1] != '/') {
        slash--;
    }
    struct ch_str last = ch_str_sub(channel, slash, channel.len);
    for (size_t i = 0; slash > 1 && i < CH_ARRAY_LEN(subdirs); i++) {
        if (ch_str_eq(last, subdirs[i])) {
            s->subdir = last;
            channel = ch_str_sub(channel, 0, slash - 1);
            break;
        }
    }
    while (channel.len > 1 && channel.ptr[channel.len - 1] == '/') {
        channel.len--;
    }
    s->channel = channel;
}

/* Up to the last "::" before `to`; *at is where the name begins. */
static enum ch_code read_channel(struct ch_str text, size_t *at, size_t to, struct ch_match_spec *s,
                                 struct ch_err *err)
{
    size_t start = *at;
    size_t colon = to;
    while (colon > start && text.ptr[colon - 1] != ':') {
        colon--;
    }
    if (colon == start) {
        return CH_OK;
    }
    if (colon - start < 2 || text.ptr[colon - 2] != ':') {
        return ch_fail(err, CH_E_FORMAT,
                       "column %zu: '::' was expected; between two colons nothing is taken", colon);
    }
    size_t end = colon - 2;
    if (end == start) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a channel was expected before '::'",
                       start + 1);
    }
    size_t good = run(text, start, end, is_printable);
    if (good < end) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a character that no channel has", good + 1);
    }
    split_subdir(ch_str_sub(text, start, end - start), s);
    *at = colon;
    return CH_OK;
}

/* --- name, version, build --- */

static enum ch_code read_build(struct ch_str text, size_t *at, size_t to, struct ch_match_spec *s,
                               struct ch_err *err)
{
    size_t end = run(text, *at, to, is_build);
    if (end == *at) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a build was expected%s", *at + 1,
                       *at < to && text.ptr[*at] == '^'
                           ? "; regular expressions are not taken, write '*'"
                           : "");
    }
    s->build = ch_str_sub(text, *at, end - *at);
    *at = end;
    return CH_OK;
}

static enum ch_code read_version(struct ch_str text, size_t *at, struct ch_str *ret,
                                 struct ch_err *err)
{
    size_t start = *at;
    bool match = false;
    enum ch_code rc = ch_version_spec_read(text, at, (struct ch_str){NULL, 0}, &match, err);
    if (rc == CH_OK) {
        *ret = ch_str_sub(text, start, *at - start);
    }
    return rc;
}

/* All of `text`, in which there is no bracket. */
static enum ch_code read_positions(struct ch_str text, struct ch_match_spec *s, struct ch_err *err)
{
    size_t at = skip_spaces(text, 0);
    enum ch_code rc = read_channel(text, &at, text.len, s, err);
    if (rc != CH_OK) {
        return rc;
    }
    size_t end = run(text, at, text.len, is_name);
    s->name = ch_str_sub(text, at, end - at);
    if (end == at) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: a package's name was expected", at + 1);
    }
    at = skip_spaces(text, end);
    bool spaced = at > end;
    if (at == text.len) {
        return CH_OK;
    }
    size_t from = at;
    rc = read_version(text, &at, &s->version, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (at < text.len && text.ptr[at] == '=') {
        if (spaced) {
            return ch_fail(err, CH_E_FORMAT,
                           "column %zu: a space was expected, since one stands behind the name",
                           at + 1);
        }
        if (text.ptr[from] == '=' && text.ptr[from + 1] != '=') {
            s->version =
                ch_str_sub(s->version, 1, s->version.len); /* name=1.2=build: exactly 1.2 */
        }
        at++;
        rc = read_build(text, &at, text.len, s, err);
    } else if (skip_spaces(text, at) > at && skip_spaces(text, at) < text.len) {
        if (!spaced && text.ptr[from] == '=' && text.ptr[from + 1] != '=') {
            /* readers disagree whether that is 1.2 or 1.2.* */
            return ch_fail(
                err, CH_E_FORMAT,
                "column %zu: '=' was expected, as in name=1.2=build (or name =1.2 build)", at + 1);
        }
        at = skip_spaces(text, at);
        rc = read_build(text, &at, text.len, s, err);
    }
    if (rc == CH_OK && skip_spaces(text, at) < text.len) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: the end, '[', ',' or '|' was expected",
                       skip_spaces(text, at) + 1);
    }
    return rc;
}

/* --- brackets --- */

enum form { FORM_TEXT = 0, FORM_VERSION, FORM_NUMBER, FORM_BUILD, FORM_HEX };

static const struct {
    struct ch_str key;
    size_t field; /* its place in struct ch_match_spec */
    enum form form;
    size_t hex; /* how many digits */
} keys[] = {
    {{"version", 7}, offsetof(struct ch_match_spec, version), FORM_VERSION, 0},
    {{"build", 5}, offsetof(struct ch_match_spec, build), FORM_BUILD, 0},
    {{"build_number", 12}, offsetof(struct ch_match_spec, build_number), FORM_NUMBER, 0},
    {{"channel", 7}, offsetof(struct ch_match_spec, channel), FORM_TEXT, 0},
    {{"subdir", 6}, offsetof(struct ch_match_spec, subdir), FORM_TEXT, 0},
    {{"fn", 2}, offsetof(struct ch_match_spec, file_name), FORM_TEXT, 0},
    {{"url", 3}, offsetof(struct ch_match_spec, url), FORM_TEXT, 0},
    {{"md5", 3}, offsetof(struct ch_match_spec, md5), FORM_HEX, 32},
    {{"sha256", 6}, offsetof(struct ch_match_spec, sha256), FORM_HEX, 64},
};

struct order {
    struct ch_str text;
    int low; /* the order of number and bound lies between these */
    int high;
};

/* "!=" is apart: it leaves out the middle. */
static const struct order orders[] = {
    {{"==", 2}, 0, 0}, {{">=", 2}, 0, 1},  {{"<=", 2}, -1, 0},
    {{">", 1}, 1, 1},  {{"<", 1}, -1, -1}, {{"=", 1}, 0, 0},
};

/* "3", ">=3": false when it is neither. */
static bool number_matches(struct ch_str spec, uint64_t number, bool *ret)
{
    struct order o = {.low = 0, .high = 0};
    bool unequal = ch_str_starts(spec, CH_STR("!="));
    for (size_t i = 0; !unequal && i < CH_ARRAY_LEN(orders); i++) {
        if (ch_str_starts(spec, orders[i].text)) {
            o = orders[i];
            break;
        }
    }
    uint64_t bound = 0;
    if (!ch_str_u64(ch_str_sub(spec, unequal ? 2 : o.text.len, spec.len), &bound)) {
        return false;
    }
    int c = number < bound ? -1 : number > bound ? 1 : 0;
    *ret = unequal != (c >= o.low && c <= o.high);
    return true;
}

/* `value` is the bytes of `text` from `from` on. */
static enum ch_code check_value(struct ch_str text, size_t from, struct ch_str value, size_t row,
                                struct ch_err *err)
{
    size_t at = from;
    size_t to = from + value.len;
    bool match = false;
    struct ch_str version;
    uint8_t digest[32];
    switch (keys[row].form) {
    case FORM_VERSION: {
        enum ch_code rc = read_version(ch_str_sub(text, 0, to), &at, &version, err);
        if (rc != CH_OK) {
            return rc;
        }
        at = skip_spaces(ch_str_sub(text, 0, to), at);
        break;
    }
    case FORM_BUILD:
        at = run(text, from, to, is_build);
        break;
    case FORM_TEXT:
        at = run(text, from, to, is_printable);
        break;
    case FORM_NUMBER:
        at = number_matches(value, 0, &match) ? to : from;
        break;
    case FORM_HEX:
        at = value.len == keys[row].hex && ch_hex_decode(value, digest, keys[row].hex / 2) ? to
                                                                                           : from;
        break;
    }
    if (at == to && value.len > 0) {
        return CH_OK;
    }
    if (keys[row].form == FORM_HEX) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: %zu hexadecimal digits were expected",
                       from + 1, keys[row].hex);
    }
    return ch_fail(err, CH_E_FORMAT, "column %zu: a %.*s was expected", at + 1,
                   CH_STR_ARG(keys[row].key));
}

static bool is_key(char c)
{
    return is_alnum(c) || c == '_';
}

static bool is_bare(char c)
{
    return is_printable(c) && c != ',' && c != '=' && c != '[' && c != ']' && c != '"' &&
           c != '\'' && c != '\\';
}

/* Takes a value, with its quotes if it has some. */
static enum ch_code read_value(struct ch_str text, size_t *at, size_t *ret_from, struct ch_str *ret,
                               struct ch_err *err)
{
    char quote = *at < text.len ? text.ptr[*at] : '\0';
    if (quote != '"' && quote != '\'') {
        size_t end = run(text, *at, text.len, is_bare);
        *ret_from = *at;
        *ret = ch_str_sub(text, *at, end - *at);
        *at = end;
        return CH_OK;
    }
    size_t from = *at + 1;
    size_t end = from;
    while (end < text.len && text.ptr[end] != quote && text.ptr[end] != '\\') {
        end++;
    }
    if (end == text.len || text.ptr[end] == '\\') {
        return ch_fail(err, CH_E_FORMAT, "column %zu: %c was expected; escapes are not taken",
                       end + 1, quote);
    }
    *ret_from = from;
    *ret = ch_str_sub(text, from, end - from);
    *at = end + 1;
    return CH_OK;
}

/* One key=value; *at stands on the key. */
static enum ch_code read_pair(struct ch_str text, size_t *at, struct ch_match_spec *s,
                              struct ch_err *err)
{
    size_t start = *at;
    size_t end = run(text, start, text.len, is_key);
    struct ch_str key = ch_str_sub(text, start, end - start);
    size_t row = 0;
    while (row < CH_ARRAY_LEN(keys) && !ch_str_eq(key, keys[row].key)) {
        row++;
    }
    if (row == CH_ARRAY_LEN(keys)) {
        return ch_fail(err, CH_E_FORMAT,
                       "column %zu: version, build, build_number, channel, subdir, fn, url, md5 or "
                       "sha256 was expected",
                       start + 1);
    }
    struct ch_str *field = (struct ch_str *)(void *)((char *)s + keys[row].field);
    if (field->ptr != NULL) {
        return ch_fail(err, CH_E_FORMAT, "column %zu: %.*s is said twice", start + 1,
                       CH_STR_ARG(key));
    }
    end = skip_spaces(text, end);
    if (end == text.len || text.ptr[end] != '=') {
        return ch_fail(err, CH_E_FORMAT, "column %zu: '=' was expected", end + 1);
    }
    *at = skip_spaces(text, end + 1);
    size_t from = 0;
    struct ch_str value = {NULL, 0};
    enum ch_code rc = read_value(text, at, &from, &value, err);
    if (rc == CH_OK) {
        rc = check_value(text, from, value, row, err);
    }
    if (rc == CH_OK) {
        *field = value;
        while (field == &s->channel && field->len > 1 && field->ptr[field->len - 1] == '/') {
            field->len--;
        }
    }
    return rc;
}

/* From the '[' on, up to the end. */
static enum ch_code read_brackets(struct ch_str text, size_t at, struct ch_match_spec *s,
                                  struct ch_err *err)
{
    do {
        at = skip_spaces(text, at + 1); /* behind '[' or ',' */
        enum ch_code rc = read_pair(text, &at, s, err);
        if (rc != CH_OK) {
            return rc;
        }
        at = skip_spaces(text, at);
    } while (at < text.len && text.ptr[at] == ',');
    if (at == text.len || text.ptr[at] != ']') {
        return ch_fail(
            err, CH_E_FORMAT,
            "column %zu: ',' or ']' was expected (values with other than letters, digits "
            "and '.' stand in quotes)",
            at + 1);
    }
    at = skip_spaces(text, at + 1);
    return at == text.len ? CH_OK
                          : ch_fail(err, CH_E_FORMAT, "column %zu: the end was expected", at + 1);
}

enum ch_code ch_match_spec_parse(struct ch_str text, struct ch_match_spec *ret, struct ch_err *err)
{
    struct ch_match_spec s = {.name = {NULL, 0}};
    size_t bracket = text.len;
    bool has = ch_str_find_char(text, '[', &bracket);
    enum ch_code rc = read_positions(ch_str_sub(text, 0, bracket), &s, err);
    if (rc == CH_OK && has) {
        rc = read_brackets(text, bracket, &s, err);
    }
    if (rc == CH_OK) {
        *ret = s;
    }
    return rc;
}

/* --- matching --- */

static bool agrees(struct ch_str spec, struct ch_str value)
{
    return spec.ptr == NULL || (value.ptr != NULL && ch_conda_glob(spec, value));
}

enum ch_code ch_match_spec_match(const struct ch_match_spec *spec,
                                 const struct ch_match_record *record, bool *ret_match,
                                 struct ch_err *err)
{
    bool match = agrees(spec->name, record->name) && agrees(spec->channel, record->channel) &&
                 agrees(spec->subdir, record->subdir) && agrees(spec->build, record->build) &&
                 agrees(spec->file_name, record->file_name) && agrees(spec->url, record->url) &&
                 agrees(spec->md5, record->md5) && agrees(spec->sha256, record->sha256);
    if (match && spec->build_number.ptr != NULL) {
        bool same = false;
        match = record->has_build_number &&
                number_matches(spec->build_number, record->build_number, &same) && same;
    }
    if (match && spec->version.ptr != NULL) {
        size_t at = 0;
        struct ch_str version = record->version.ptr != NULL ? record->version : CH_STR("");
        enum ch_code rc = ch_version_spec_read(spec->version, &at, version, &match, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    *ret_match = match;
    return CH_OK;
}
