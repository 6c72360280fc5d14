/* Which paths a rule is for. A glob with a slash takes the whole path, one without its last part; `*`
 * is any text, `?` any byte, and case does not count: the file systems of many users do not see it. */
#include "rules_int.h"

#include <stdlib.h>

#define NAMED   "*.py,*.pyw,*.pth"
#define PYTHON  NAMED "," SCRIPTS
#define SCRIPTS "*.data/scripts/*" /* what the kernel runs, by its first bytes: no suffix says what it is */
#define SHELL  "*.sh,*.bash,*.zsh,*.ksh,*.fish,*.command,*.bat,*.cmd,*.ps1,*.psm1,*.vbs,*.vbe,*.hta,*.wsf"
#define SCRIPT "*.js,*.mjs,*.cjs,*.ts,*.ipynb,*.rb,*.pl,*.php,*.lua"

static const struct {
    struct ch_str name;
    struct ch_str list;
} groups[] = {
    {{"@python", 7}, {PYTHON, sizeof(PYTHON) - 1}},
    {{"@shell", 6}, {SHELL, sizeof(SHELL) - 1}},
    {{"@script", 7}, {SCRIPT, sizeof(SCRIPT) - 1}},
    {{"@code", 5}, {PYTHON "," SHELL "," SCRIPT, sizeof(PYTHON "," SHELL "," SCRIPT) - 1}},
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Linear but for the last star: each earlier one is settled by the first place that fits. */
static bool glob_takes(struct ch_str glob, struct ch_str s)
{
    size_t g = 0;
    size_t i = 0;
    size_t star = SIZE_MAX;
    size_t again = 0;
    while (i < s.len) {
        if (g < glob.len && glob.ptr[g] == '*') {
            star = g++;
            again = i;
        } else if (g < glob.len && (glob.ptr[g] == '?' || lower(glob.ptr[g]) == lower(s.ptr[i]))) {
            g++;
            i++;
        } else if (star != SIZE_MAX) {
            g = star + 1;
            i = ++again;
        } else {
            return false;
        }
    }
    while (g < glob.len && glob.ptr[g] == '*') {
        g++;
    }
    return g == glob.len;
}

/* Of what lies in an archive inside, "a.zip!setup.py", too. */
static struct ch_str last_part(struct ch_str path)
{
    size_t from = path.len;
    while (from > 0 && path.ptr[from - 1] != '/' && path.ptr[from - 1] != '!') {
        from--;
    }
    return ch_str_sub(path, from, path.len - from);
}

static bool has(const struct globs *g, struct ch_str item)
{
    for (size_t i = 0; i < g->count; i++) {
        if (ch_str_eq(g->items[i], item)) {
            return true;
        }
    }
    return false;
}

/* No member's path has such parts: what could never match looks like a rule. */
static bool can_match(struct ch_str item)
{
    size_t at;
    struct ch_str part;
    struct ch_str rest = item;
    bool can = !ch_str_find_char(item, '\\', &at);
    while (can && ch_str_split(&rest, '/', &part)) {
        can = part.len > 0 && !ch_str_eq(part, CH_STR(".")) && !ch_str_eq(part, CH_STR(".."));
    }
    return can;
}

static bool add_one(struct globs *g, struct ch_str item)
{
    item = ch_str_trim(item);
    if (item.len == 0) {
        return false;
    }
    if (item.ptr[0] == '@') {
        for (size_t i = 0; i < CH_ARRAY_LEN(groups); i++) {
            if (ch_str_eq(groups[i].name, item)) {
                return globs_add(g, groups[i].list, NULL);
            }
        }
        return false;
    }
    if (!can_match(item)) {
        return false;
    }
    if (!has(g, item)) {
        g->items = ch_realloc_array(g->items, g->count + 1, sizeof(*g->items));
        g->items[g->count++] = item;
    }
    return true;
}

bool globs_add(struct globs *g, struct ch_str list, struct ch_str *ret_wrong)
{
    struct ch_str item;
    bool some = false;
    while (ch_str_split(&list, ',', &item)) {
        if (!add_one(g, item)) {
            if (ret_wrong != NULL) {
                *ret_wrong = ch_str_trim(item);
            }
            return false;
        }
        some = true;
    }
    return some;
}

bool globs_take(const struct globs *g, struct ch_str path)
{
    if (g->all) {
        return true;
    }
    struct ch_str name = last_part(path);
    for (size_t i = 0; i < g->count; i++) {
        bool whole = ch_str_find_char(g->items[i], '/', NULL);
        if (glob_takes(g->items[i], whole ? path : name)) {
            return true;
        }
    }
    return false;
}

void globs_done(struct globs *g)
{
    free(g->items);
    *g = (struct globs){.items = NULL};
}

static bool takes(struct globs *g, struct ch_str list, struct ch_str path)
{
    if (g->count == 0) {
        CH_ASSERT(globs_add(g, list, NULL));
    }
    return globs_take(g, path);
}

bool globs_is_code(struct ch_str path)
{
    static struct globs code; /* filled once, by the parent */
    return takes(&code, CH_STR("@code"), path);
}

bool globs_is_script(struct ch_str path)
{
    static struct globs scripts, named;
    return takes(&scripts, CH_STR(SCRIPTS), path) &&
           !takes(&named, CH_STR(NAMED "," SHELL "," SCRIPT), path);
}
