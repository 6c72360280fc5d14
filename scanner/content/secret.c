#include "scanner/content/secret.h"

#include <string.h>

#include "customhouse/ascii.h"

/* --- characters --- */

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_word(char c)
{
    return ch_is_digit(c) || is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_in(char c, const char *set)
{
    switch (set[0]) {
    case 'A': /* capitals and digits */
        return ch_is_digit(c) || is_upper(c);
    case 'w':
        return is_word(c);
    case 'd':
        return ch_is_digit(c) || c == '-';
    case '-': /* base64 for URLs */
        return is_word(c) || c == '-' || c == '_';
    case '_':
        return is_word(c) || c == '_';
    default: /* base64 */
        return is_word(c) || c == '+' || c == '/';
    }
}

/* --- credentials by their form --- */

/* A prefix, and how many characters of a set follow. Each issuer documents its own. */
static const struct form {
    struct ch_str prefix;
    const char *set; /* is_in */
    unsigned least;
    unsigned most;
    const char *what;
} forms[] = {
#define FORM(prefix, set, least, most, what)                                                       \
    {                                                                                              \
        {prefix, sizeof(prefix) - 1}, set, least, most, what                                       \
    }
    FORM("AKIA", "A", 16, 16, "an access key of AWS"),
    FORM("AccountKey=", "+", 86, 86, "a storage key of Azure"),
    FORM("SG.", "-", 22, 22, "a key of SendGrid"),
    FORM("dckr_pat_", "-", 27, 27, "a token of Docker Hub"),
    FORM("ghp_", "w", 36, 36, "a token of GitHub"),
    FORM("gho_", "w", 36, 36, "a token of GitHub"),
    FORM("ghs_", "w", 36, 36, "a token of GitHub"),
    FORM("ghu_", "w", 36, 36, "a token of GitHub"),
    FORM("ghr_", "w", 36, 76, "a token of GitHub"),
    FORM("github_pat_", "_", 82, 82, "a token of GitHub"),
    FORM("glpat-", "-", 20, 20, "a token of GitLab"),
    FORM("hf_", "w", 34, 34, "a token of Hugging Face"),
    FORM("npm_", "w", 36, 36, "a token for npm packages"),
    FORM("pypi-AgE", "-", 60, 1000, "a token for Python packages"),
    FORM("sk_live_", "w", 24, 99, "a key of Stripe"),
    FORM("xoxb-", "d", 20, 40, "a token of Slack"),
    FORM("xoxp-", "d", 20, 60, "a token of Slack"),
#undef FORM
};
#define PEM_BEGIN "-----BEGIN "
#define PEM_KEY   "PRIVATE KEY-----"

/* Characters that a form begins with, so that most bytes are passed over at once. */
static bool may_begin(const char *p)
{
    switch (p[0]) {
    case 'A':
        return p[1] == 'K' || p[1] == 'c';
    case 'S':
        return p[1] == 'G';
    case 'd':
        return p[1] == 'c';
    case 'g':
        return p[1] == 'h' || p[1] == 'i' || p[1] == 'l';
    case 'h':
        return p[1] == 'f';
    case 'n':
    case 'p':
        return p[1] == 'p' || p[1] == 'y';
    case 's':
        return p[1] == 'k';
    case 'x':
        return p[1] == 'o';
    case '-':
        return p[1] == '-';
    default:
        return false;
    }
}

/* Words of examples, and what is one character again and again. */
static bool is_example(struct ch_str body)
{
    static const char *const words[] = {"EXAMPLE", "example", "xxxxxx", "XXXXXX", "123456789012"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (ch_str_find(body, ch_str_of(words[i]), NULL)) {
            return true;
        }
    }
    size_t same = 0;
    for (size_t i = 1; i < body.len; i++) {
        same += body.ptr[i] == body.ptr[0];
    }
    return same + 1 == body.len;
}

static bool has_form(struct ch_str text, size_t at, const struct form *f)
{
    struct ch_str rest = ch_str_sub(text, at, text.len);
    size_t n = 0;
    if (!ch_str_starts(rest, f->prefix) || (at > 0 && is_in(text.ptr[at - 1], "_"))) {
        return false;
    }
    rest = ch_str_sub(rest, f->prefix.len, rest.len);
    while (n < rest.len && n <= f->most && is_in(rest.ptr[n], f->set)) {
        n++;
    }
    return n >= f->least && n <= f->most && !is_example(ch_str_sub(rest, 0, n));
}

/* RFC 7468, 5.1 and 10: the line, and lines of base64 or of headers behind it. Programs that look
 * for keys have the line alone. */
static bool is_private_key(struct ch_str text, size_t at)
{
    enum { LABEL_MAX = 20, BASE64_MIN = 60, SEARCHED = 512 };
    struct ch_str rest = ch_str_sub(text, at, SEARCHED);
    size_t label = 0;
    if (!ch_str_starts(rest, CH_STR(PEM_BEGIN))) {
        return false;
    }
    rest = ch_str_sub(rest, sizeof(PEM_BEGIN) - 1, rest.len);
    if (!ch_str_find(rest, CH_STR(PEM_KEY), &label) || label > LABEL_MAX) {
        return false;
    }
    rest = ch_str_sub(rest, label + sizeof(PEM_KEY) - 1, rest.len);
    size_t run = 0;
    for (size_t i = 0; i < rest.len && run < BASE64_MIN; i++) {
        run = is_in(rest.ptr[i], "+") ? run + 1 : 0;
    }
    return run >= BASE64_MIN;
}

static const char *what_at(struct ch_str text, size_t at)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(forms); i++) {
        if (forms[i].prefix.ptr[0] == text.ptr[at] && has_form(text, at, &forms[i])) {
            return forms[i].what;
        }
    }
    return is_private_key(text, at) ? "a private key" : NULL;
}

bool secret_find(struct ch_str text, size_t from, const char **ret_what, size_t *ret_at)
{
    for (size_t i = from; i + 1 < text.len; i++) {
        const char *what = may_begin(text.ptr + i) ? what_at(text, i) : NULL;
        if (what != NULL) {
            *ret_what = what;
            *ret_at = i;
            return true;
        }
    }
    return false;
}

/* --- settings by their name --- */

static bool ends_nocase(struct ch_str name, struct ch_str ending)
{
    return name.len >= ending.len &&
           ch_str_eq_nocase(ch_str_sub(name, name.len - ending.len, ending.len), ending);
}

/* The end of the name: PASSWORD_FILE is where one lies, TOKEN_URL where one is had. */
static bool is_secret_name(struct ch_str name)
{
    static const char *const endings[] = {"PASSWORD",   "PASSWD",     "PASSPHRASE", "SECRET",
                                          "TOKEN",      "API_KEY",    "APIKEY",     "PRIVATE_KEY",
                                          "SECRET_KEY", "ACCESS_KEY", "CREDENTIALS"};
    for (size_t i = 0; i < CH_ARRAY_LEN(endings); i++) {
        if (ends_nocase(name, ch_str_of(endings[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_value(struct ch_str value)
{
    enum { LEAST = 4 };
    size_t from = value.len > 0 && (value.ptr[0] == '"' || value.ptr[0] == '\'') ? 1 : 0;
    size_t n = 0;
    value = ch_str_sub(value, from, value.len);
    while (n < value.len && value.ptr[n] != ' ' && value.ptr[n] != '"' && value.ptr[n] != '\'') {
        n++;
    }
    value = ch_str_sub(value, 0, n);
    return value.len >= LEAST && strchr("$/<{%(`", value.ptr[0]) == NULL &&
           !ch_str_eq_nocase(value, CH_STR("true")) && !ch_str_eq_nocase(value, CH_STR("false")) &&
           !ch_str_eq_nocase(value, CH_STR("none")) && !ch_str_eq_nocase(value, CH_STR("null"));
}

bool secret_named(struct ch_str text, struct ch_str *ret_name)
{
    for (size_t i = 0; i < text.len; i++) {
        size_t from = i;
        if (text.ptr[i] != '=') {
            continue;
        }
        while (from > 0 && is_in(text.ptr[from - 1], "-")) {
            from--;
        }
        struct ch_str name = ch_str_sub(text, from, i - from);
        if (is_secret_name(name) && is_value(ch_str_sub(text, i + 1, text.len))) {
            *ret_name = name;
            return true;
        }
    }
    return false;
}
