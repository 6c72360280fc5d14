/* Addresses that a setup.py makes pip fetch from (threats.md T1), told by its tokens: whether it
 * only declares or not. */
#include "customhouse/limits.h"
#include "scanner/python/metadata.h"
#include "scanner/eco/pypi/sdist/sdist_int.h"

/* "NAME @ SCHEME://...", and not an address of mail. */
static bool names_an_address(struct ch_str value)
{
    size_t at;
    struct ch_str rest = value;
    if (!ch_str_find_char(value, '@', &at)) {
        return false;
    }
    rest = ch_str_sub(value, at + 1, value.len);
    struct ch_str scheme = ch_str_trim(rest);
    return ch_requirement_classify(value) == CH_REQUIREMENT_DIRECT &&
           ch_pypi_name_valid(ch_str_trim(ch_str_sub(value, 0, at))) &&
           ch_str_find(ch_str_sub(scheme, 0, ch_limits.word_bytes), CH_STR("://"), &at);
}

/* The arguments of setup() that list requirements. */
static bool is_list(struct ch_str name)
{
    static const char *const lists[] = {"install_requires", "setup_requires", "tests_require",
                                        "extras_require", "dependency_links"};
    bool found = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(lists) && !found; i++) {
        found = ch_str_eq(name, ch_str_of(lists[i]));
    }
    return found;
}

static bool is_bracket(const struct sdist_tokens *t, size_t at, const char *three)
{
    struct ch_str text = sdist_token_text(t, at);
    return sdist_token_at(t, at)->type == CH_TOKEN_OP && text.len == 1 &&
           ch_str_find_char(ch_str_of(three), text.ptr[0], NULL);
}

void sdist_setup_references(struct sdist *s, struct ch_str member, struct ch_str source)
{
    struct sdist_tokens t;
    struct ch_buf b;
    sdist_tokens_init(&t, source);
    ch_buf_init(&b, source.len + 1);
    size_t within = 0; /* brackets open since an argument that lists requirements; 0: outside */
    bool links = false;
    for (size_t at = 0; sdist_token_at(&t, at)->type != CH_TOKEN_END; at++) {
        const struct ch_token *tok = sdist_token_at(&t, at);
        if (within == 0 && tok->type == CH_TOKEN_NAME &&
            sdist_token_is(&t, at + 1, CH_TOKEN_OP, "=") && is_list(sdist_token_text(&t, at)) &&
            sdist_token_at(&t, at + 2)->type == CH_TOKEN_OP) {
            links = sdist_token_is(&t, at, CH_TOKEN_NAME, "dependency_links");
            within = 1;
            at += 2; /* its bracket */
        } else if (within > 0 && is_bracket(&t, at, "[({")) {
            within++;
        } else if (within > 0 && is_bracket(&t, at, "])}")) {
            within--;
        } else if (tok->type == CH_TOKEN_STRING && !sdist_token_is(&t, at + 1, CH_TOKEN_OP, ":")) {
            ch_buf_clear(&b);
            ch_token_value(t.source.text, tok, &b);
            struct ch_str value = ch_buf_str(&b);
            if (within > 0 && links && value.len > 0) {
                ch_scan_write_finding(s->out, CH_F_DIRECT_REFERENCE, member, value);
            } else if (within > 0 || names_an_address(value)) {
                sdist_check_requirement(s, member, value, false);
            }
        }
    }
    ch_buf_done(&b);
    sdist_tokens_done(&t);
}
