/* What texts of each type look like, and which names a repository keeps for itself. */
#include <stdlib.h>
#include <string.h>

#include "base/config/config_int.h"
#include "base/config/place.h"
#include "customhouse/limits.h"
#include "customhouse/platform.h"

static bool is_name(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (i == 0 || (c != '.' && c != '_' && c != '-'))) {
            return false;
        }
    }
    return s.len > 0;
}

static bool is_pattern(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-' || c == '*')) {
            return false;
        }
    }
    return s.len > 0;
}

/* Lower case, runs of - _ . as one -, runs of * as one. */
static char *fold_name(struct ch_str s)
{
    char *out = ch_calloc(s.len + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        c = c == '_' || c == '.' ? '-' : c;
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if ((c != '-' && c != '*') || n == 0 || out[n - 1] != c) {
            out[n++] = c;
        }
    }
    return out;
}

/* Names begin and end with a letter or a digit: a pattern that asks for something else keeps
 * nothing. */
static bool can_match_a_name(struct ch_str s)
{
    char *folded = fold_name(s);
    size_t len = strlen(folded);
    bool can = len > 0 && folded[0] != '-' && folded[len - 1] != '-';
    free(folded);
    return can;
}

static bool match_wide(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = name;
    while (*name != '\0') {
        if (*pattern == '*') {
            star = ++pattern;
            resume = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (star != NULL) { /* the last star takes one more */
            pattern = star;
            name = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*') {
        pattern++;
    }
    return *pattern == '\0';
}

static bool reserves(const struct ch_repository *r, const char *folded)
{
    bool reserved = false;
    for (size_t i = 0; i < r->reserved_count && !reserved; i++) {
        char *pattern = fold_name(ch_str_of(r->reserved[i]));
        reserved = match_wide(pattern, folded);
        free(pattern);
    }
    return reserved;
}

static bool share_upstream(const struct ch_repository *a, const struct ch_repository *b)
{
    for (size_t i = 0; i < a->upstream_count; i++) {
        for (size_t k = 0; k < b->upstream_count; k++) {
            if (strcmp(a->upstreams[i], b->upstreams[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool ch_config_reserves(const struct ch_repository *r, struct ch_str name)
{
    char *folded = fold_name(name);
    bool reserved = reserves(r, folded);
    for (size_t i = 0; r->site != NULL && i < r->site->repository_count && !reserved; i++) {
        const struct ch_repository *other = &r->site->repositories[i];
        reserved = share_upstream(r, other) && reserves(other, folded);
    }
    free(folded);
    return reserved;
}

static bool is_host_entry(struct ch_str s)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    return ch_place_is_host(s) || (ch_place_split(s, &host, &port) && port != 0);
}

/* What goes into a header and into SMTP as it is (RFC 5321, 4.1.2, without quoted forms). */
static bool is_mailbox(struct ch_str s)
{
    size_t at = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || strchr("<>()[],;:\\\"", s.ptr[i]) != NULL) {
            return false;
        }
    }
    return s.len <= 254 && ch_str_find_char(s, '@', &at) && at > 0 &&
           ch_place_is_host(ch_str_sub(s, at + 1, s.len));
}

enum ch_code ch_config_check_text(const struct ch_yaml *yaml, const struct ch_yaml_node *node,
                                  enum ch_schema_type type, struct ch_str s, struct ch_err *err)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    const char *fault = NULL;
    if (type == CH_SCHEMA_URL) {
        fault = ch_place_url_fault(s);
    } else if ((type == CH_SCHEMA_NAME || type == CH_SCHEMA_NAMES) && !is_name(s)) {
        fault = "is not a name: a-z, 0-9 first, then also . _ -";
    } else if ((type == CH_SCHEMA_NAME || type == CH_SCHEMA_NAMES) &&
               s.len > ch_limits.config_name_bytes) {
        return ch_yaml_fail_value(yaml, node, err,
                                  "is a name of %zu bytes: at most %llu are possible", s.len,
                                  (unsigned long long)ch_limits.config_name_bytes);
    } else if ((type == CH_SCHEMA_PATH || type == CH_SCHEMA_PATHS) && s.ptr[0] != '/') {
        fault = "is not an absolute path";
    } else if (type == CH_SCHEMA_ADDRESS && !ch_place_split(s, &host, &port)) {
        fault = "is not HOST:PORT, as in 127.0.0.1:8080 or [::1]:8080";
    } else if (type == CH_SCHEMA_HOSTS && !is_host_entry(s)) {
        fault = "is not a host or HOST:PORT";
    } else if (type == CH_SCHEMA_WILDCARDS && !is_host_entry(s) && !ch_place_is_wildcard(s)) {
        fault = "is not a host or HOST:PORT; a * is one whole label before at least two more, as "
                "in *.data.example.org";
    } else if (type == CH_SCHEMA_HOST && !ch_place_is_host(s)) {
        fault = "is not a host name or an IP address";
    } else if ((type == CH_SCHEMA_MAILBOX || type == CH_SCHEMA_MAILBOXES) && !is_mailbox(s)) {
        fault = "is not NAME@DOMAIN";
    } else if (type == CH_SCHEMA_PLATFORM && !ch_platform_is_good(s)) {
        fault = "is not OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT in lower case, as in "
                "linux/amd64, or all";
    } else if (type == CH_SCHEMA_PATTERNS && !is_pattern(s)) {
        fault = "is not a project name or a pattern with *";
    } else if (type == CH_SCHEMA_PATTERNS && !can_match_a_name(s)) {
        fault = "matches no name: names begin and end with a letter or a digit";
    } else if (ch_str_find_char(s, '\n', NULL)) {
        fault = "is more than one line";
    }
    return fault == NULL ? CH_OK : ch_yaml_fail_value(yaml, node, err, "%s", fault);
}
