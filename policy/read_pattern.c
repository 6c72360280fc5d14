/* Entries of the conditions `finding` and `changed`. */
#include <stdlib.h>

#include "policy_int.h"

static bool class_from_name(struct ch_str name, enum ch_finding_class *ret)
{
    static const enum ch_finding_class classes[] = {CH_CLASS_NOTE, CH_CLASS_IRREGULAR,
                                                    CH_CLASS_ATTACK};
    for (size_t i = 0; i < CH_ARRAY_LEN(classes); i++) {
        if (ch_str_eq(name, ch_str_of(ch_finding_class_name(classes[i])))) {
            *ret = classes[i];
            return true;
        }
    }
    return false;
}

/* "zip-comment", "note", "high", "irregular/medium" */
static bool parse_finding(struct ch_str s, struct ch_finding_pattern *ret)
{
    struct ch_finding_pattern p = {.code = CH_F_NONE};
    const struct ch_finding_row *row = ch_finding_by_name(s);
    if (row != NULL) {
        p.code = (uint32_t)row->code;
        *ret = p;
        return true;
    }
    struct ch_str rest = s;
    struct ch_str first = {NULL, 0};
    (void)ch_str_split(&rest, '/', &first);
    if (rest.ptr == NULL && ch_severity_from_name(first, &p.severity)) {
        p.any_class = true;
        *ret = p;
        return true;
    }
    if (!class_from_name(first, &p.cls) ||
        (rest.ptr != NULL && !ch_severity_from_name(rest, &p.severity))) {
        return false;
    }
    *ret = p;
    return true;
}

static enum ch_code fail_finding(const struct ch_reading *r, const struct ch_yaml_node *node)
{
    const char **names = ch_calloc(1, sizeof(*names));
    size_t n = 0;
    for (const struct ch_finding_row *row = NULL; (row = ch_finding_at(n)) != NULL; n++) {
        names = ch_realloc_array((void *)names, n + 2, sizeof(*names));
        names[n] = row->name;
        names[n + 1] = NULL;
    }
    const char *near = ch_yaml_nearest(node->text, names);
    ch_yaml_fail_value(r->yaml, node, r->err,
                       "is not a finding%s%s%s; expected the name of a finding, a class (attack, "
                       "irregular, note), a severity (info, low, medium, high) or CLASS/SEVERITY",
                       near != NULL ? " (\"" : "", near != NULL ? near : "",
                       near != NULL ? "\" is near)" : "");
    free((void *)names);
    return CH_E_USAGE;
}

enum ch_code ch_finding_read(const struct ch_reading *r, const struct ch_yaml_node *node,
                             struct ch_finding_pattern *ret)
{
    bool good = node->kind == CH_YAML_SCALAR && parse_finding(node->text, ret);
    return good ? CH_OK : fail_finding(r, node);
}

/* "capability" is any new capability, whatever fact says so; "capability/network" is one of the
 * fact of that name. */
enum ch_code ch_change_read(const struct ch_reading *r, const struct ch_yaml_node *node,
                            const char *text, struct ch_change_pattern *ret)
{
    struct ch_str rest = ch_str_of(text);
    struct ch_str word = {NULL, 0};
    struct ch_change_pattern p = {.kind = CH_CHANGE_CAPABILITY};
    if (node->kind == CH_YAML_SCALAR) {
        (void)ch_str_split(&rest, '/', &word);
    }
    for (unsigned kind = CH_CHANGE_CAPABILITY; rest.ptr == NULL && kind <= CH_CHANGE_SILENCE;
         kind++) {
        if (ch_str_eq(word, ch_str_of(ch_change_kind_name((enum ch_change_kind)kind)))) {
            p.kind = (enum ch_change_kind)kind;
            *ret = p;
            return CH_OK;
        }
    }
    const struct ch_fact_row *row = ch_fact_by_name(word);
    if (row == NULL || !row->capability || (rest.ptr != NULL && rest.len == 0)) {
        return ch_yaml_fail_value(
            r->yaml, node, r->err,
            "is not a change; expected capability, size, maintainer, silence, or a fact "
            "(install-code, install-capability, auto-load, native, library), or FACT/VALUE as in "
            "capability/network");
    }
    if (rest.ptr != NULL && !ch_fact_possible(ch_fact_code_of(row), rest)) {
        struct ch_buf b;
        ch_buf_init(&b, CH_REASON_ROOM);
        ch_fact_put_expected(&b, 1u << ch_fact_code_of(row), rest);
        ch_yaml_fail_value(r->yaml, node, r->err, "%.*s", CH_STR_ARG(ch_buf_str(&b)));
        ch_buf_done(&b);
        return CH_E_USAGE;
    }
    p.fact = row->name;
    p.value = rest.ptr;
    *ret = p;
    return CH_OK;
}
