/* What a condition can be about at all. A value that no file ever has makes a rule that does
 * nothing, without a word: whoever wrote it thinks that it does something.
 *
 * Decided: values of facts by their forms (fact.h), scripts and groups of entry points by the lists that
 * scanners tell of, names of projects by what ecosystems take for a name, patterns of licences by the
 * SPDX lists. Not decided: other parts of a value that are the file's own text ("pth **"). */
#include "policy_int.h"

#include <string.h>

#include "base/spdx/spdx.h"

/* --- facts --- */

static bool can_have_form(struct ch_str pattern, struct ch_str form)
{
    if (ch_str_ends(form, CH_STR("**"))) {
        return ch_glob_can_begin(pattern, ch_str_sub(form, 0, form.len - 2));
    }
    return ch_glob_match_raw(pattern, form);
}

/* "script ls", "entry-point pytest11": only some scripts and groups are told. */
static bool own_part_possible(enum ch_fact_code code, struct ch_str value)
{
    static const struct {
        struct ch_str before;
        bool (*is)(struct ch_str own);
    } rows[] = {{{"script ", 7}, ch_command_is_known}, {{"entry-point ", 12}, ch_group_loads_by_itself}};
    for (size_t i = 0; code == CH_FACT_AUTO_LOAD && i < CH_ARRAY_LEN(rows); i++) {
        if (ch_str_starts(value, rows[i].before)) {
            return rows[i].is(ch_str_sub(value, rows[i].before.len, value.len));
        }
    }
    return true;
}

bool ch_fact_possible(enum ch_fact_code code, struct ch_str pattern)
{
    if (!ch_str_find_char(pattern, '*', NULL)) {
        return ch_fact_has_form(code, pattern) && own_part_possible(code, pattern);
    }
    for (const char *const *form = ch_fact_forms(code); *form != NULL; form++) {
        if (can_have_form(pattern, ch_str_of(*form))) {
            return true;
        }
    }
    return false;
}

enum { FORMS_MAX = 64, FORMS_TOLD = 10 };

void ch_fact_put_expected(struct ch_buf *b, uint32_t facts, struct ch_str text)
{
    const char *names[FORMS_MAX + 1] = {NULL};
    size_t n = 0;
    ch_buf_puts(b, CH_STR("is no value of"));
    for (unsigned code = 0, told = 0; code < CH_FACT_COUNT; code++) {
        if ((facts & 1u << code) == 0) {
            continue;
        }
        ch_buf_printf(b, "%s %s", told++ > 0 ? "," : "",
                      ch_fact_row((enum ch_fact_code)code)->name);
        const char *const *form = ch_fact_forms((enum ch_fact_code)code);
        while (*form != NULL && n < FORMS_MAX) {
            names[n++] = *form++;
        }
    }
    const char *near = ch_yaml_nearest(text, names);
    if ((facts & 1u << CH_FACT_AUTO_LOAD) != 0 && !own_part_possible(CH_FACT_AUTO_LOAD, text)) {
        ch_buf_puts(b, CH_STR("; inspection tells of no such script or group of entry points"));
        return;
    }
    if (near != NULL) {
        ch_buf_printf(b, "; \"%s\" is near", near);
        return;
    }
    for (size_t i = 0; i < n && i < FORMS_TOLD; i++) {
        ch_buf_printf(b, "%s %s", i == 0 ? "; expected one of" : ",", names[i]);
    }
    ch_buf_puts(b, ch_str_of(n > FORMS_TOLD ? ", ..." : ""));
}

/* --- projects --- */

static bool names(const struct ch_yaml_node *ecosystems, const char *name)
{
    bool found = ecosystems == NULL || ch_str_eq(ecosystems->text, ch_str_of(name));
    const struct ch_yaml_node *n = ecosystems != NULL ? ecosystems->child : NULL;
    for (; n != NULL && !found; n = n->next) {
        found = ch_str_eq(n->text, ch_str_of(name));
    }
    return found;
}

/* Stars are replaced by a letter: no ecosystem has names that may not have one in some place, but
 * may have none there. */
bool ch_project_possible(struct ch_str text, const struct ch_yaml_node *ecosystems)
{
    struct ch_buf name;
    char normal[sizeof(((struct ch_target *)NULL)->project)];
    ch_buf_init(&name, text.len + 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '*') {
            ch_buf_putc(&name, text.ptr[i]);
        } else if (i == 0 || text.ptr[i - 1] != '*') {
            ch_buf_putc(&name, 'x');
        }
    }
    bool possible = false;
    for (size_t i = 0; ch_ecosystems[i] != NULL && !possible; i++) {
        possible = names(ecosystems, ch_ecosystems[i]->name) &&
                   ch_ecosystems[i]->normalise(ch_buf_str(&name), normal, sizeof(normal));
    }
    ch_buf_done(&name);
    return possible;
}

/* --- licences --- */

static bool match_joined(struct ch_str pattern, const char *a, const char *between, const char *b)
{
    struct ch_buf text;
    ch_buf_init(&text, strlen(a) + strlen(between) + strlen(b));
    ch_buf_puts(&text, ch_str_of(a));
    ch_buf_puts(&text, ch_str_of(between));
    ch_buf_puts(&text, ch_str_of(b));
    bool match = ch_glob_match_raw(pattern, ch_buf_str(&text));
    ch_buf_done(&text);
    return match;
}

bool ch_licence_possible(struct ch_str pattern)
{
    bool possible = ch_glob_can_begin(pattern, CH_STR("LicenseRef-"));
    const char *id;
    for (size_t i = 0; !possible && (id = ch_spdx_licence_at(i)) != NULL; i++) {
        possible = ch_glob_match_raw(pattern, ch_str_of(id)) || match_joined(pattern, id, "+", "");
    }
    for (size_t i = 0; !possible && (id = ch_spdx_licence_at(i)) != NULL; i++) {
        const char *exception;
        for (size_t k = 0; !possible && (exception = ch_spdx_exception_at(k)) != NULL; k++) {
            possible = match_joined(pattern, id, " WITH ", exception) ||
                       match_joined(pattern, id, "+ WITH ", exception);
        }
    }
    return possible;
}
