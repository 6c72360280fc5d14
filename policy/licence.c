/* Licence expressions against lists. */
#include "base/spdx/spdx.h"

#include "customhouse/limits.h"
#include "policy_int.h"

/* "GPL-2.0-only WITH Classpath-exception-2.0", as lists have it */
static void put_with(struct ch_buf *b, struct ch_str licence, struct ch_str exception)
{
    ch_buf_puts(b, licence);
    ch_buf_puts(b, CH_STR(" WITH "));
    ch_buf_puts(b, exception);
}

/* The licences of GNU have two spellings each: "GPL-2.0" of old is "GPL-2.0-only", and with "+"
 * behind either it is "GPL-2.0-or-later". `old`: which of them. Absent: `licence` is none of these.
 * Borrowed from `b`. */
static struct ch_str spelling(struct ch_str licence, bool old, struct ch_buf *b)
{
    static const struct ch_str families[] = {{"GPL-", 4}, {"LGPL-", 5}, {"AGPL-", 5}, {"GFDL-", 5}};
    const struct ch_str only = CH_STR("-only");
    const struct ch_str later = CH_STR("-or-later");
    struct ch_str base = licence;
    bool gnu = false;
    for (size_t i = 0; i < CH_ARRAY_LEN(families); i++) {
        gnu = gnu || ch_str_starts(licence, families[i]);
    }
    if (!gnu) {
        return (struct ch_str){NULL, 0};
    }
    bool plus = ch_str_ends(base, CH_STR("+"));
    base.len -= plus ? 1 : 0;
    bool is_later = ch_str_ends(base, later);
    base.len -= is_later ? later.len : ch_str_ends(base, only) ? only.len : 0;
    is_later = is_later || plus;
    ch_buf_clear(b);
    ch_buf_puts(b, base);
    ch_buf_puts(b, !old ? (is_later ? later : only) : CH_STR(""));
    ch_buf_puts(b, old && is_later ? CH_STR("+") : CH_STR(""));
    return b->failed ? (struct ch_str){NULL, 0} : ch_buf_str(b);
}

static bool has_so(const struct ch_value *list, struct ch_str licence, struct ch_str exception)
{
    if (exception.len == 0) {
        return ch_value_has(list, licence);
    }
    struct ch_buf both;
    ch_buf_init(&both, ch_limits.policy_pattern_bytes);
    put_with(&both, licence, exception);
    bool found = !both.failed && ch_value_has(list, ch_buf_str(&both));
    ch_buf_done(&both);
    return found;
}

static bool has(const struct ch_value *list, struct ch_str licence, struct ch_str exception)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_limits.policy_pattern_bytes);
    bool found = has_so(list, licence, exception);
    for (unsigned old = 0; !found && old < 2; old++) {
        struct ch_str other = spelling(licence, old == 1, &b);
        found = other.len > 0 && has_so(list, other, exception);
    }
    ch_buf_done(&b);
    return found;
}

static enum ch_tristate satisfied(struct ch_str expression, ch_spdx_permitted_fn *fn, void *arg)
{
    bool yes = false;
    struct ch_err err;
    if (ch_spdx_satisfied(expression, fn, arg, &yes, &err) != CH_OK) {
        return CH_MAYBE;
    }
    return yes ? CH_YES : CH_NO;
}

/* --- one list --- */

struct one {
    const struct ch_value *list;
    bool without;
    bool refused; /* "X WITH E" was just found among those to do without */
};

/* "X WITH E" is asked as such first, then as X. */
static bool in_one(void *arg, struct ch_str licence, struct ch_str exception)
{
    struct one *o = arg;
    bool found = has(o->list, licence, exception);
    if (!o->without) {
        return found;
    }
    bool refused = o->refused && exception.len == 0;
    o->refused = exception.len > 0 && found;
    return exception.len == 0 && !found && !refused;
}

enum ch_tristate ch_licence_satisfied(struct ch_str expression, const struct ch_value *list,
                                      bool without)
{
    struct one o = {.list = list, .without = without};
    return satisfied(expression, in_one, &o);
}

/* --- permit and forbid --- */

struct two {
    const struct ch_value *permit;
    const struct ch_value *forbid;
    bool refused;
};

static bool in_two(void *arg, struct ch_str licence, struct ch_str exception)
{
    struct two *t = arg;
    if (exception.len > 0) {
        t->refused = has(t->forbid, licence, exception);
        return !t->refused && has(t->permit, licence, exception);
    }
    bool refused = t->refused;
    t->refused = false;
    return !refused && !has(t->forbid, licence, exception) &&
           (ch_value_is_empty(t->permit) || has(t->permit, licence, exception));
}

enum ch_tristate ch_licence_permitted(struct ch_str expression, const struct ch_value *permit,
                                      const struct ch_value *forbid)
{
    struct two t = {.permit = permit, .forbid = forbid};
    return satisfied(expression, in_two, &t);
}

const struct ch_finding *ch_licence_unreadable(const struct ch_facts *facts)
{
    for (size_t i = 0; i < facts->finding_count; i++) {
        if (facts->findings[i].code == CH_F_LICENCE_EXPRESSION ||
            facts->findings[i].code == CH_F_LICENCE_CONTRADICTS) {
            return &facts->findings[i];
        }
    }
    return NULL;
}
