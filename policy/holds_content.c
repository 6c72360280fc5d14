/* Holds by what a complete inspection says a file is and does. An incomplete one holds by itself,
 * and would have these guess. */
#include "decide_int.h"

enum { VALUE_SHOWN = 48, VERSION_SHOWN = 24 }; /* bytes of foreign text in a reason */

static bool is_fact(const struct ch_fact *fact, enum ch_fact_code code)
{
    return ch_str_eq(fact->name, ch_str_of(ch_fact_row(code)->name));
}

static bool then_holds(const struct ch_value *v)
{
    return v->number != CH_THEN_ALLOW;
}

/* --- young projects --- */

/* True while the project is younger than `days`, as far as is known; *ret_until: when it will not
 * be. */
static bool is_young(const struct deciding *d, uint64_t days, int64_t *ret_until_us)
{
    int64_t since_us = ch_project_since(d->facts, &d->matched.age);
    *ret_until_us = CH_TIME_UNKNOWN;
    if (since_us == CH_TIME_UNKNOWN) {
        return true;
    }
    int64_t until_us = ch_time_add(since_us, (int64_t)days * DAY_US);
    *ret_until_us = until_us;
    return until_us > d->now_us;
}

/* --- name: much like a well-known one, and young --- */

/* Whoever means well says who made it, or where it is at home. */
static bool is_anonymous(const struct deciding *d)
{
    static const struct ch_str words[] = {{"author", 6}, {"maintainer", 10}, {"home", 4}};
    for (size_t i = 0; i < d->facts->inspected_count; i++) {
        for (size_t k = 0; k < CH_ARRAY_LEN(words); k++) {
            if (ch_str_eq(d->facts->inspected[i].name, words[k])) {
                return false;
            }
        }
    }
    return true;
}

/* The home and authors that a file names lift nothing here: whoever copies a project's name copies its
 * metadata (policy/names/README.md, "Homes"). Time does, or a person, or a rule; of files that name none, more
 * time. */

static void hold_name(struct deciding *d)
{
    const struct ch_likeness *like = &d->facts->likeness;
    const struct ch_value *days = &d->settings->names_days;
    int64_t until_us = CH_TIME_UNKNOWN;
    bool anonymous =
        is_anonymous(d) && d->settings->names_anonymous_days.number > days->number;
    if (anonymous) {
        days = &d->settings->names_anonymous_days;
    }
    if (like->kind == CH_LIKENESS_NONE || !then_holds(&d->settings->names) ||
        !is_young(d, days->number, &until_us)) {
        return;
    }
    REASON(b);
    ch_buf_printf(&b,
                  "its name is much like the well-known \"%s\" (%s), and the project is younger "
                  "than %llu days",
                  like->of != NULL ? like->of : "?", ch_likeness_name(like->kind),
                  (unsigned long long)days->number);
    if (anonymous) {
        ch_buf_puts(&b, CH_STR("; it says neither who made it nor where it is at home"));
    }
    if (ch_likeness_same_home(like, d->facts->inspected, d->facts->inspected_count)) {
        ch_buf_puts(&b, CH_STR("; it names that project's home, as anybody can"));
    }
    add_hold(d, (struct hold){CH_HOLD_NAME, "name", "", days->line, until_us}, &b);
}

/* --- auto-load (T17) --- */

/* It brings a top-level module that is another project's, or the standard library's: whoever imports that gets
 * this one. Age says nothing about it, for old projects are taken over too. */
static bool is_of_another(const struct ch_fact *fact)
{
    return ch_str_starts(fact->value, CH_STR("top-level "));
}

static void put_auto_load(struct deciding *d, const struct ch_fact *fact, bool compared,
                          int64_t until_us)
{
    const struct ch_value *days = &d->settings->auto_load_days;
    REASON(b);
    ch_buf_puts(&b, CH_STR("runs without being imported ("));
    ch_reason_quote(&b, ch_str_sub(fact->value, 0, VALUE_SHOWN));
    if (is_of_another(fact)) {
        ch_buf_puts(&b, CH_STR("): the name of another project's module, which this one is not known for"));
    } else if (compared) {
        ch_buf_puts(&b, CH_STR("), which the approved "));
        ch_buf_put_escaped(&b, ch_str_sub(d->facts->previous_version, 0, VERSION_SHOWN));
        ch_buf_puts(&b, CH_STR(" did not"));
    } else {
        ch_buf_printf(&b, "), and the project is neither known for it nor older than %llu days",
                      (unsigned long long)days->number);
    }
    uint32_t line = compared ? d->settings->auto_load.line : days->line;
    add_hold(d, (struct hold){CH_HOLD_AUTO_LOAD, "auto-load", "", line, until_us}, &b);
}

/* T17: "it holds when it is new against the project's last approved version, or when the project is
 * neither in the shipped list of known auto-loaders nor old enough"; another's top-level module of any age. */
static void hold_auto_load(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    int64_t until_us = CH_TIME_UNKNOWN;
    if (!then_holds(&d->settings->auto_load)) {
        return;
    }
    bool compared = f->previous_version.len > 0;
    for (size_t i = 0; i < d->matched.change_count; i++) {
        const struct ch_fact *fact = &d->matched.changes[i].fact;
        if (is_fact(fact, CH_FACT_AUTO_LOAD) &&
            !ch_auto_loader_known(d->matched.project, fact->value)) {
            put_auto_load(d, fact, compared, CH_TIME_UNKNOWN);
            return;
        }
    }
    if (compared) {
        return;
    }
    bool young = is_young(d, d->settings->auto_load_days.number, &until_us);
    for (size_t i = 0; i < f->inspected_count; i++) {
        const struct ch_fact *fact = &f->inspected[i];
        if (is_fact(fact, CH_FACT_AUTO_LOAD) && (young || is_of_another(fact)) &&
            !ch_auto_loader_known(d->matched.project, fact->value)) {
            put_auto_load(d, fact, compared, is_of_another(fact) ? CH_TIME_UNKNOWN : until_us);
            return;
        }
    }
}

/* --- change: it can do more than the one before, and something else about it is unusual too --- */

/* Worth a hold together with a new maintainer or a long silence: most capabilities come and go with
 * honest work, and reading the environment says little. */
static bool is_telling(const struct ch_change *c)
{
    if (c->kind != CH_CHANGE_CAPABILITY || is_fact(&c->fact, CH_FACT_LIBRARY)) {
        return false;
    }
    bool general = is_fact(&c->fact, CH_FACT_CAPABILITY);
    return !general || !ch_str_eq(c->fact.value, CH_STR("environment"));
}

static const struct ch_change *first_telling(const struct deciding *d, bool any)
{
    for (size_t i = 0; i < d->matched.change_count; i++) {
        const struct ch_change *c = &d->matched.changes[i];
        if (any ? c->kind == CH_CHANGE_CAPABILITY : is_telling(c)) {
            return c;
        }
    }
    return NULL;
}

static const struct ch_change *first_unusual(const struct deciding *d)
{
    for (size_t i = 0; i < d->matched.change_count; i++) {
        const struct ch_change *c = &d->matched.changes[i];
        if (c->kind == CH_CHANGE_MAINTAINER || c->kind == CH_CHANGE_SILENCE) {
            return c;
        }
    }
    return NULL;
}

static void put_unusual(struct ch_buf *b, const struct ch_change *c)
{
    if (c->kind == CH_CHANGE_SILENCE) {
        ch_buf_printf(b, "; and it is the first release in %llu days",
                      (unsigned long long)c->after);
        return;
    }
    ch_buf_puts(b, CH_STR("; and its "));
    ch_buf_put_escaped(b, ch_str_sub(c->fact.name, 0, VERSION_SHOWN));
    ch_buf_puts(b, CH_STR(" is new: "));
    ch_reason_quote(b, ch_str_sub(c->fact.value, 0, VALUE_SHOWN));
}

static void hold_change(struct deciding *d)
{
    const struct ch_value *v = &d->settings->changes;
    bool any = v->number != CH_CHANGES_COMBINED;
    const struct ch_change *what = first_telling(d, any);
    const struct ch_change *also = first_unusual(d);
    if (v->number == CH_CHANGES_NONE || what == NULL || (!any && also == NULL)) {
        return;
    }
    REASON(b);
    ch_buf_puts(&b, CH_STR("new since the approved "));
    ch_buf_put_escaped(&b, ch_str_sub(d->facts->previous_version, 0, VERSION_SHOWN));
    ch_buf_puts(&b, CH_STR(": "));
    ch_buf_put_escaped(&b, what->fact.name);
    ch_buf_putc(&b, ' ');
    ch_reason_quote(&b, ch_str_sub(what->fact.value, 0, VALUE_SHOWN));
    if (also != NULL) {
        put_unusual(&b, also);
    }
    add_hold(d, (struct hold){CH_HOLD_CHANGE, "change", "", v->line, CH_TIME_UNKNOWN}, &b);
}

/* --- build-code (T10) --- */

static void hold_build_code(struct deciding *d)
{
    const struct ch_value *v = &d->settings->build_code;
    for (size_t i = 0; then_holds(v) && i < d->facts->inspected_count; i++) {
        const struct ch_fact *fact = &d->facts->inspected[i];
        if (!is_fact(fact, CH_FACT_INSTALL_CODE) ||
            ch_value_has(&d->settings->build_permit, fact->value)) {
            continue;
        }
        REASON(b);
        ch_buf_puts(&b,
                    CH_STR("installing it runs code of its own that the policy does not permit: "));
        ch_reason_quote(&b, fact->value);
        add_hold(d, (struct hold){CH_HOLD_BUILD, "build-code", "", v->line, CH_TIME_UNKNOWN}, &b);
        return;
    }
}

/* --- licence --- */

static void hold_licence(struct deciding *d, const struct ch_fact *licence)
{
    const struct ch_settings *s = d->settings;
    bool asked = !ch_value_is_empty(&s->licence_permit) || !ch_value_is_empty(&s->licence_forbid);
    const struct ch_finding *unreadable = ch_licence_unreadable(d->facts);
    uint32_t list_line =
        s->licence_permit.line > 0 ? s->licence_permit.line : s->licence_forbid.line;
    REASON(b);
    uint32_t line = 0;
    if (unreadable != NULL && asked) {
        line = list_line;
        ch_buf_puts(&b, unreadable->code == CH_F_LICENCE_CONTRADICTS
                            ? CH_STR("states licences that contradict each other (")
                            : CH_STR("states a licence that cannot be read ("));
        ch_reason_quote(&b, unreadable->evidence);
        ch_buf_puts(&b, CH_STR("), and the policy has a list of licences"));
    } else if (licence == NULL) {
        if (!then_holds(&s->licence_unknown)) {
            return;
        }
        line = s->licence_unknown.line;
        ch_buf_puts(&b,
                    CH_STR("states no licence that can be told for certain, and the policy asks "
                           "for one"));
    } else if (asked && ch_licence_permitted(licence->value, &s->licence_permit,
                                             &s->licence_forbid) != CH_YES) {
        line = list_line;
        ch_buf_puts(&b, CH_STR("its licence is "));
        ch_reason_quote(&b, licence->value);
        ch_buf_puts(&b, CH_STR(", which the policy does not permit"));
    } else {
        return;
    }
    add_hold(d, (struct hold){CH_HOLD_LICENCE, "licence", "", line, CH_TIME_UNKNOWN}, &b);
}

void hold_by_content(struct deciding *d)
{
    const struct ch_facts *f = d->facts;
    const struct ch_fact *licence = NULL;
    if (f->inspection != CH_INSPECTION_COMPLETE) {
        return;
    }
    for (size_t i = 0; i < f->inspected_count && licence == NULL; i++) {
        licence = is_fact(&f->inspected[i], CH_FACT_LICENCE) ? &f->inspected[i] : NULL;
    }
    hold_name(d);
    hold_auto_load(d);
    hold_change(d);
    hold_build_code(d);
    hold_licence(d, licence);
}
