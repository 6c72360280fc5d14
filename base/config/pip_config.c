/* Reads what pip says about its configuration. Spec: pip's documentation, "Configuration",
 * precedence: [global], then the command's own section, then the environment; the files among each
 * other were merged by pip itself. */
#include "base/config/pip_config.h"

#include <stdlib.h>
#include <string.h>

#include "base/config/place.h"
#include "customhouse/limits.h"
#include "customhouse/secret.h"

/* Values end in the line feeds of files and of print(). */
static struct ch_str trim(struct ch_str s)
{
    while (s.len > 0 && (unsigned char)s.ptr[s.len - 1] <= ' ') {
        s.len--;
    }
    while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ') {
        s = ch_str_sub(s, 1, s.len);
    }
    return s;
}

/* --- notes --- */

static void add_note(struct ch_pip_config *c, const char *what, struct ch_str value)
{
    struct ch_buf b;
    ch_buf_init(&b, (size_t)ch_limits.text_bytes);
    ch_buf_puts(&b, ch_str_of(what));
    ch_buf_put_escaped(&b, value);
    c->notes = ch_realloc_array(c->notes, c->note_count + 1, sizeof(*c->notes));
    c->notes[c->note_count++] = ch_str_dup(ch_buf_str(&b));
    ch_buf_done(&b);
}

/* Several values in one, separated by white space, each named without its credentials. */
static void note_each(struct ch_pip_config *c, const char *what, struct ch_str values)
{
    size_t i = 0;
    while (i < values.len) {
        size_t n = 0;
        while (i + n < values.len && (unsigned char)values.ptr[i + n] > ' ') {
            n++;
        }
        if (n > 0) {
            struct ch_buf b;
            ch_buf_init(&b, values.len);
            ch_buf_put_without_userinfo(&b, ch_str_sub(values, i, n));
            add_note(c, what, ch_buf_str(&b));
            ch_buf_done(&b);
        }
        i += n + 1;
    }
}

/* --- the listing: SECTION.KEY='VALUE', the value as Python's repr() --- */

static bool hex_value(char c, unsigned *ret)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    if (at == NULL) {
        return false;
    }
    *ret = (unsigned)(at - digits);
    return true;
}

/* Takes one escape off *rest, which starts after the backslash. */
static bool take_escape(struct ch_str *rest, struct ch_buf *b)
{
    static const char from[] = "ntr\\'\"";
    static const char to[] = "\n\t\r\\'\"";
    unsigned high = 0;
    unsigned low = 0;
    const char *at = rest->len == 0 || rest->ptr[0] == '\0' ? NULL : strchr(from, rest->ptr[0]);
    if (at != NULL) {
        ch_buf_putc(b, to[at - from]);
        *rest = ch_str_sub(*rest, 1, rest->len);
        return true;
    }
    if (rest->len >= 3 && rest->ptr[0] == 'x' && hex_value(rest->ptr[1], &high) &&
        hex_value(rest->ptr[2], &low)) {
        ch_buf_putc(b, (char)(high * 16 + low));
        *rest = ch_str_sub(*rest, 3, rest->len);
        return true;
    }
    return false;
}

static bool put_unquoted(struct ch_buf *b, struct ch_str text)
{
    if (text.len < 2 || (text.ptr[0] != '\'' && text.ptr[0] != '"') ||
        text.ptr[text.len - 1] != text.ptr[0]) {
        return false;
    }
    struct ch_str rest = ch_str_sub(text, 1, text.len - 2);
    while (rest.len > 0) {
        char c = rest.ptr[0];
        rest = ch_str_sub(rest, 1, rest.len);
        if (c != '\\') {
            ch_buf_putc(b, c);
        } else if (!take_escape(&rest, b)) {
            return false;
        }
    }
    return !b->failed;
}

/* Appends the value of KEY in one section; false when it is not given or empty (pip skips those).
 */
static enum ch_code read_section(struct ch_str listing, struct ch_str section, const char *key,
                                 struct ch_buf *ret, struct ch_err *err)
{
    struct ch_str line = {NULL, 0};
    while (ch_str_split(&listing, '\n', &line)) {
        size_t at = 0;
        if (!ch_str_starts(line, section) || !ch_str_find_char(line, '=', &at) ||
            !ch_str_eq(ch_str_sub(line, section.len, at - section.len), ch_str_of(key))) {
            continue;
        }
        struct ch_buf value;
        ch_buf_init(&value, line.len);
        bool good = put_unquoted(&value, trim(ch_str_sub(line, at + 1, line.len)));
        if (good && value.len > 0) {
            ch_buf_clear(ret);
            ch_buf_puts(ret, ch_buf_str(&value));
        }
        ch_buf_done(&value);
        if (!good) {
            return ch_fail(err, CH_E_FORMAT, "pip config list: the value of %s is not understood",
                           key);
        }
    }
    return CH_OK;
}

/* The value that `pip install` would use; *ret stays empty when there is none. */
static enum ch_code read_option(struct ch_str listing, const char *key, struct ch_buf *ret,
                                struct ch_err *err)
{
    static const struct ch_str sections[] = {{"global.", 7}, {"install.", 8}, {":env:.", 6}};
    enum ch_code rc = CH_OK;
    ch_buf_clear(ret);
    for (size_t i = 0; i < CH_ARRAY_LEN(sections) && rc == CH_OK; i++) {
        rc = read_section(listing, sections[i], key, ret, err);
    }
    return rc;
}

/* --- URLs --- */

static char *percent_decoded(struct ch_str s)
{
    struct ch_buf b;
    ch_buf_init(&b, s.len);
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = 0;
        if (s.ptr[i] == '%' && ch_hex_decode(ch_str_sub(s, i + 1, 2), &byte, 1) && byte != 0) {
            ch_buf_putc(&b, (char)byte);
            i += 2;
        } else {
            ch_buf_putc(&b, s.ptr[i]);
        }
    }
    char *text = ch_str_dup(b.len > 0 ? ch_buf_str(&b) : CH_STR(""));
    if (b.ptr != NULL) {
        explicit_bzero(b.ptr, b.len);
    }
    ch_buf_done(&b);
    return text;
}

/* Splits the credentials off and checks what is left; `what` for the message, which never shows the
 * URL itself. */
static enum ch_code take_url(const char *what, struct ch_str url, char **ret_url, char **ret_user,
                             char **ret_password, struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, url.len);
    ch_buf_put_without_userinfo(&b, url);
    struct ch_str bare = ch_buf_str(&b);
    while (ch_str_ends(bare, CH_STR("/"))) {
        bare.len--;
    }
    const char *fault = ch_place_url_fault(bare);
    if (fault != NULL) {
        ch_buf_done(&b);
        return ch_fail(err, CH_E_USAGE, "pip's %s %s", what, fault);
    }
    *ret_url = ch_str_dup(bare);
    ch_buf_done(&b);
    size_t from = 0;
    size_t len = 0;
    if (ch_url_find_userinfo(url, &from, &len)) {
        struct ch_str rest = ch_str_sub(url, from, len);
        struct ch_str user = {NULL, 0};
        (void)ch_str_split(&rest, ':', &user);
        *ret_user = percent_decoded(user);
        *ret_password = percent_decoded(rest.ptr != NULL ? rest : CH_STR(""));
    }
    return CH_OK;
}

static enum ch_code take_index(struct ch_str listing, struct ch_str built_in,
                               struct ch_pip_config *c, struct ch_buf *value, struct ch_err *err)
{
    enum ch_code rc = read_option(listing, "index-url", value, err);
    if (rc != CH_OK) {
        return rc;
    }
    c->built_in = value->len == 0;
    struct ch_str url = c->built_in ? trim(built_in) : trim(ch_buf_str(value));
    if (url.len == 0) {
        return ch_fail(err, CH_E_NOT_FOUND,
                       "no index is configured for pip, and it does not say which its own is; give "
                       "one with --pypi-upstream URL");
    }
    rc = take_url("index-url", url, &c->index_url, &c->user, &c->password, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str base = ch_str_of(c->index_url);
    if (ch_str_ends(base, CH_STR("/simple"))) {
        struct ch_buf guess;
        ch_buf_init(&guess, base.len);
        ch_buf_puts(&guess, ch_str_sub(base, 0, base.len - (sizeof("simple") - 1)));
        ch_buf_puts(&guess, CH_STR("pypi"));
        c->api_url_guess = ch_str_dup(ch_buf_str(&guess));
        ch_buf_done(&guess);
    }
    add_note(c, c->built_in ? "index: pip's built-in one" : "index: as pip is configured",
             CH_STR(""));
    return CH_OK;
}

/* --- files --- */

static enum ch_code take_file(struct ch_str listing, const char *key, const char *const *also_env,
                              const char *(*env)(const char *), struct ch_pip_config *c, char **ret,
                              struct ch_buf *value, struct ch_err *err)
{
    enum ch_code rc = read_option(listing, key, value, err);
    struct ch_str path = trim(ch_buf_str(value));
    for (size_t i = 0; path.len == 0 && also_env[i] != NULL; i++) {
        path = trim(ch_str_of(env(also_env[i])));
    }
    if (rc != CH_OK || path.len == 0) {
        return rc;
    }
    if (path.ptr[0] != '/') {
        add_note(c, "left out, since it is not an absolute path: ", path);
        return CH_OK;
    }
    *ret = ch_str_dup(path);
    return CH_OK;
}

/* --- the proxy --- */

static struct ch_str env_of(const char *(*env)(const char *), const char *lower, const char *upper)
{
    struct ch_str s = trim(ch_str_of(env(lower)));
    return s.len > 0 ? s : trim(ch_str_of(env(upper)));
}

static struct ch_str env_proxy(const struct ch_pip_config *c, const char *(*env)(const char *))
{
    struct ch_buf origin;
    ch_buf_init(&origin, (size_t)ch_limits.url_bytes);
    ch_place_put_origin(&origin, ch_str_of(c->index_url));
    struct ch_str place = ch_buf_str(&origin);
    bool https = ch_str_starts(place, CH_STR("https://"));
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    place = ch_str_sub(place, https ? sizeof("https://") - 1 : sizeof("http://") - 1, place.len);
    bool exempt = ch_place_split(place, &host, &port) &&
                  ch_place_exempts(env_of(env, "no_proxy", "NO_PROXY"), host, port);
    ch_buf_done(&origin);
    if (exempt) {
        return (struct ch_str){NULL, 0};
    }
    struct ch_str proxy =
        https ? env_of(env, "https_proxy", "HTTPS_PROXY") : env_of(env, "http_proxy", "HTTP_PROXY");
    return proxy.len > 0 ? proxy : env_of(env, "all_proxy", "ALL_PROXY");
}

static enum ch_code take_proxy(struct ch_str listing, const char *(*env)(const char *),
                               struct ch_pip_config *c, struct ch_buf *value, struct ch_err *err)
{
    enum ch_code rc = read_option(listing, "proxy", value, err);
    if (rc != CH_OK) {
        return rc;
    }
    struct ch_str proxy = trim(ch_buf_str(value));
    proxy = proxy.len > 0 ? proxy : env_proxy(c, env);
    if (proxy.len == 0) {
        return CH_OK;
    }
    struct ch_buf url;
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    if (!ch_str_find(proxy, CH_STR("://"), NULL)) {
        ch_buf_puts(&url, CH_STR("http://")); /* pip takes HOST:PORT too */
    }
    ch_buf_puts(&url, proxy);
    rc = ch_buf_ok(&url, err);
    rc = rc == CH_OK ? take_url("proxy", ch_buf_str(&url), &c->proxy, &c->proxy_user,
                                &c->proxy_password, err)
                     : rc;
    ch_buf_done(&url);
    return rc;
}

/* --- what is not taken over --- */

/* pip's words for a switch that is off. */
static bool is_off(struct ch_str value)
{
    static const char *const words[] = {"", "0", "n", "no", "f", "false", "off"};
    for (size_t i = 0; i < CH_ARRAY_LEN(words); i++) {
        if (ch_str_eq_nocase(value, ch_str_of(words[i]))) {
            return true;
        }
    }
    return false;
}

static enum ch_code take_no_index(struct ch_str listing, struct ch_pip_config *c,
                                  struct ch_buf *value, struct ch_err *err)
{
    enum ch_code rc = read_option(listing, "no-index", value, err);
    c->no_index = rc == CH_OK && !is_off(trim(ch_buf_str(value)));
    if (c->no_index) {
        add_note(c, "no-index left out: the index was named with --pypi-upstream", CH_STR(""));
    }
    return rc;
}

static enum ch_code note_others(struct ch_str listing, struct ch_pip_config *c,
                                struct ch_buf *value, struct ch_err *err)
{
    static const struct {
        const char *key;
        const char *what;
    } rows[] = {
        {"extra-index-url", "extra index left out (add it as an upstream of its own): "},
        {"find-links", "find-links left out: "},
        {"trusted-host", "trusted-host left out, certificates stay checked: "},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        enum ch_code rc = read_option(listing, rows[i].key, value, err);
        if (rc != CH_OK) {
            return rc;
        }
        note_each(c, rows[i].what, ch_buf_str(value));
    }
    return CH_OK;
}

enum ch_code ch_pip_read(struct ch_str listing, struct ch_str built_in,
                         const char *(*env)(const char *name), struct ch_pip_config *ret,
                         struct ch_err *err)
{
    static const char *const ca_env[] = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", NULL};
    static const char *const no_env[] = {NULL};
    struct ch_pip_config c = {0};
    struct ch_buf value;
    ch_buf_init(&value, listing.len + 1);
    enum ch_code rc = take_index(listing, built_in, &c, &value, err);
    rc = rc == CH_OK ? take_file(listing, "cert", ca_env, env, &c, &c.ca_file, &value, err) : rc;
    rc = rc == CH_OK ? take_file(listing, "client-cert", no_env, env, &c, &c.client_certificate,
                                 &value, err)
                     : rc;
    rc = rc == CH_OK ? take_proxy(listing, env, &c, &value, err) : rc;
    rc = rc == CH_OK ? take_no_index(listing, &c, &value, err) : rc;
    rc = rc == CH_OK ? note_others(listing, &c, &value, err) : rc;
    if (value.ptr != NULL) {
        explicit_bzero(value.ptr, value.cap); /* held URLs with credentials */
    }
    ch_buf_done(&value);
    if (rc != CH_OK) {
        ch_pip_config_done(&c);
        return rc;
    }
    *ret = c;
    return CH_OK;
}

static void free_secret(char *text)
{
    if (text != NULL) {
        explicit_bzero(text, strlen(text));
        free(text);
    }
}

void ch_pip_config_done(struct ch_pip_config *config)
{
    for (size_t i = 0; i < config->note_count; i++) {
        free(config->notes[i]);
    }
    free(config->notes);
    free(config->index_url);
    free(config->user);
    free_secret(config->password);
    free(config->api_url_guess);
    free(config->ca_file);
    free(config->client_certificate);
    free(config->proxy);
    free(config->proxy_user);
    free_secret(config->proxy_password);
    *config = (struct ch_pip_config){0};
}
