/* Version specifiers. Spec: PEP 440, "Version specifiers", with the reading of `packaging` where
 * the text leaves a choice (a prefix is numbers only, and missing numbers are 0). */
#include "base/pypi/version.h"

#include "base/pypi/specifier_int.h"
#include "base/pypi/version_int.h"

static const struct {
    struct ch_str text;
    enum ch_pep440_op op;
} ops[] = {
    {{"===", 3}, CH_PEP440_ARBITRARY}, {{"~=", 2}, CH_PEP440_COMPATIBLE}, {{"==", 2}, CH_PEP440_EQ},
    {{"!=", 2}, CH_PEP440_NE},         {{"<=", 2}, CH_PEP440_LE},         {{">=", 2}, CH_PEP440_GE},
    {{"<", 1}, CH_PEP440_LT},          {{">", 1}, CH_PEP440_GT},
};

/* Text from outside, as it may stand in a message: escaped and clipped (T20). */
struct quoted {
    char text[256];
};

static const char *quote(struct ch_str s, struct quoted *ret)
{
    struct ch_buf b;
    ch_buf_init(&b, sizeof(ret->text) - 1);
    ch_buf_put_escaped(&b, s);
    size_t len = b.len;
    for (size_t i = 0; i < len; i++) {
        ret->text[i] = b.ptr[i];
    }
    ret->text[len] = '\0';
    ch_buf_done(&b);
    return ret->text;
}

enum ch_code ch_pep440_clause_parse(struct ch_str text, struct ch_pep440_clause *ret,
                                    struct ch_err *err)
{
    struct ch_pep440_clause c = {.op = CH_PEP440_ARBITRARY};
    struct quoted q;
    struct ch_str s = ch_pep440_trim(text);
    size_t i = 0;
    while (i < CH_ARRAY_LEN(ops) && !ch_str_starts(s, ops[i].text)) {
        i++;
    }
    if (i == CH_ARRAY_LEN(ops)) {
        return ch_fail(err, CH_E_FORMAT,
                       "\"%s\" starts with none of === ~= == != <= >= < > (as in \">=1.2,<2\")",
                       quote(s, &q));
    }
    c.op = ops[i].op;
    c.text = ch_pep440_trim(ch_str_sub(s, ops[i].text.len, s.len));
    if (c.op == CH_PEP440_ARBITRARY) {
        if (c.text.len == 0 || ch_str_find_char(c.text, ' ', NULL)) {
            return ch_fail(err, CH_E_FORMAT, "\"%s\" needs one word after ===", quote(s, &q));
        }
        *ret = c;
        return CH_OK;
    }
    struct ch_str version = c.text;
    if (ch_str_ends(version, CH_STR(".*"))) {
        c.prefix = true;
        version.len -= 2;
    }
    if (ch_pep440_trim(version).len != version.len || !ch_pep440_parse(version, &c.version)) {
        return ch_fail(err, CH_E_FORMAT, "\"%s\" has no PEP 440 version after its operator",
                       quote(s, &q));
    }
    bool equality = c.op == CH_PEP440_EQ || c.op == CH_PEP440_NE;
    bool bare = c.version.pre == CH_PEP440_FINAL && !c.version.post && !c.version.dev &&
                c.version.local.len == 0;
    if (c.prefix && (!equality || !bare)) {
        return ch_fail(err, CH_E_FORMAT,
                       "\"%s\": \".*\" goes only with == and !=, right after the numbers",
                       quote(s, &q));
    }
    if (c.version.local.len > 0 && !equality) {
        return ch_fail(err, CH_E_FORMAT,
                       "\"%s\": +local goes only with ==, != and ===", quote(s, &q));
    }
    if (c.op == CH_PEP440_COMPATIBLE && ch_pep440_release_count(&c.version) < 2) {
        return ch_fail(err, CH_E_FORMAT, "\"%s\": ~= needs two numbers, as in ~=1.0", quote(s, &q));
    }
    *ret = c;
    return CH_OK;
}

/* The first `count` numbers of both releases agree; a missing number is 0. */
static bool release_starts(const struct ch_pep440 *v, const struct ch_pep440 *prefix, size_t count)
{
    if (ch_pep440_number_cmp(v->epoch, prefix->epoch) != 0) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (ch_pep440_number_cmp(ch_pep440_release_at(v, i), ch_pep440_release_at(prefix, i)) !=
            0) {
            return false;
        }
    }
    return true;
}

/* A post-release of the final or pre-release `of`. */
static bool is_post_of(const struct ch_pep440 *v, const struct ch_pep440 *of)
{
    struct ch_pep440 base = *v;
    base.post = base.dev = false;
    base.post_number = base.dev_number = base.local = (struct ch_str){NULL, 0};
    return v->post && !of->post && !of->dev && ch_pep440_order(&base, of) == 0;
}

static bool is_below(const struct ch_pep440 *v, const struct ch_pep440 *bound)
{
    /* "<V MUST NOT allow a pre-release of the specified version unless it is one itself": the first
     * of them all is V.dev0 */
    struct ch_pep440 first = *bound;
    first.dev = first.dev || !ch_pep440_is_prerelease(bound);
    return ch_pep440_order(v, &first) < 0;
}

static bool matches_clause(const struct ch_pep440_clause *c, const struct ch_pep440 *version)
{
    struct ch_pep440 public = *version;
    public.local = (struct ch_str){NULL, 0};
    const struct ch_pep440 *compared = c->version.local.len > 0 ? version : &public;
    switch (c->op) {
    case CH_PEP440_EQ:
    case CH_PEP440_NE: {
        bool equal =
            c->prefix ? release_starts(version, &c->version, ch_pep440_release_count(&c->version))
                      : ch_pep440_order(compared, &c->version) == 0;
        return equal == (c->op == CH_PEP440_EQ);
    }
    case CH_PEP440_COMPATIBLE:
        return ch_pep440_order(&public, &c->version) >= 0 &&
               release_starts(&public, &c->version, ch_pep440_release_count(&c->version) - 1);
    case CH_PEP440_LE:
        return ch_pep440_order(&public, &c->version) <= 0;
    case CH_PEP440_GE:
        return ch_pep440_order(&public, &c->version) >= 0;
    case CH_PEP440_LT:
        return is_below(version, &c->version);
    case CH_PEP440_GT:
        /* ">V MUST NOT allow a post-release of the given version unless V itself is one" and "MUST
         * NOT match a local version of the specified version" */
        return ch_pep440_order(&public, &c->version) > 0 && !is_post_of(version, &c->version);
    case CH_PEP440_ARBITRARY:
        break;
    }
    return false;
}

static bool matches_widely(const struct ch_pep440_clause *c, const struct ch_pep440 *version)
{
    int order = ch_pep440_order(version, &c->version);
    return matches_clause(c, version) || (c->op == CH_PEP440_LT && order < 0) ||
           (c->op == CH_PEP440_GT && order > 0) ||
           (c->op == CH_PEP440_NE && !c->prefix && order != 0);
}

static bool matches_text(const struct ch_pep440_clause *c, struct ch_str text,
                         const struct ch_pep440 *version, bool widely)
{
    struct ch_pep440_clause equal = {.op = CH_PEP440_EQ};
    return ch_str_eq_nocase(c->text, ch_pep440_trim(text)) ||
           (widely && version != NULL && ch_pep440_parse(c->text, &equal.version) &&
            matches_clause(&equal, version));
}

static enum ch_code match_spec(struct ch_str spec, struct ch_str version, bool widely,
                               bool *ret_match, struct ch_err *err)
{
    struct ch_pep440 parsed;
    bool is_version = ch_pep440_parse(version, &parsed);
    bool match = true;
    bool unknown = false;
    struct ch_str rest = ch_pep440_trim(spec);
    struct ch_str part = {NULL, 0};
    if (rest.len == 0) {
        rest = (struct ch_str){NULL, 0};
    }
    while (ch_str_split(&rest, ',', &part)) {
        struct ch_pep440_clause c;
        enum ch_code rc = ch_pep440_clause_parse(part, &c, err);
        if (rc != CH_OK) {
            return rc;
        }
        if (c.op == CH_PEP440_ARBITRARY && !(widely && version.len == 0)) {
            match = matches_text(&c, version, is_version ? &parsed : NULL, widely) && match;
        } else if (is_version) {
            match = (widely ? matches_widely(&c, &parsed) : matches_clause(&c, &parsed)) && match;
        } else {
            unknown = true;
        }
    }
    if (unknown && match) {
        struct quoted q;
        return ch_fail(err, CH_E_MISMATCH, "\"%s\" is no PEP 440 version", quote(version, &q));
    }
    *ret_match = match;
    return CH_OK;
}

enum ch_code ch_pep440_match(struct ch_str spec, struct ch_str version, bool *ret_match,
                             struct ch_err *err)
{
    return match_spec(spec, version, false, ret_match, err);
}

enum ch_code ch_pep440_match_widely(struct ch_str spec, struct ch_str version, bool *ret_match,
                                    struct ch_err *err)
{
    return match_spec(spec, version, true, ret_match, err);
}

enum ch_code ch_pep440_check_spec(struct ch_str spec, struct ch_err *err)
{
    bool match = false;
    return ch_pep440_match(spec, CH_STR("0"), &match, err);
}
