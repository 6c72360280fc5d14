/* Functions of a file: what they do and give back, who calls them, and so what runs at import. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"
#include "scanner/source/link.h"

uint32_t function_new(struct file *f, uint64_t name)
{
    if (f->function_next < f->function_count) { /* on a second reading */
        struct function *fn = &f->functions[f->function_next];
        if (fn->name == name || fn->bare == name) {
            return f->function_next++;
        }
        f->function_next = f->function_count; /* what decides is not quite the same: all new */
    }
    if (f->function_count >= ch_limits.source_names) {
        f->beyond = true;
        return f->function_count - 1;
    }
    if (f->function_count == f->function_cap) {
        f->function_cap = f->function_cap == 0 ? 64 : 2 * f->function_cap;
        f->functions = ch_realloc_array(f->functions, f->function_cap, sizeof(*f->functions));
    }
    f->functions[f->function_count] = (struct function){.name = name, .bare = name};
    f->function_next = f->function_count + 1;
    return f->function_count++;
}

static void edge_add(struct file *f, struct edge e)
{
    if (f->edge_count > 0 && memcmp(&f->edges[f->edge_count - 1], &e, sizeof(e)) == 0) {
        return;
    }
    if (f->edge_count >= 4 * ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    if (f->edge_count == f->edge_cap) {
        f->edge_cap = f->edge_cap == 0 ? 64 : 2 * f->edge_cap;
        f->edges = ch_realloc_array(f->edges, f->edge_cap, sizeof(*f->edges));
    }
    f->edges[f->edge_count++] = e;
}

void edge_new(struct file *f, uint32_t from, uint64_t to)
{
    edge_add(f, (struct edge){.from = from, .index = UINT32_MAX, .to = to});
}

void edge_to(struct file *f, uint32_t from, uint32_t index)
{
    if (index < f->function_count) {
        edge_add(f, (struct edge){.from = from, .index = index});
    }
}

void foreign_call(struct file *f, struct ch_str name)
{
    if (f->place != CH_PLACE_START || name.len == 0 || name.ptr[0] == '.') {
        return;
    }
    if (f->foreign_count >= ch_limits.source_names) {
        f->beyond = true;
        return;
    }
    if (f->foreign_count == f->foreign_cap) {
        f->foreign_cap = f->foreign_cap == 0 ? 64 : 2 * f->foreign_cap;
        f->foreign = ch_realloc_array(f->foreign, f->foreign_cap, sizeof(*f->foreign));
    }
    f->foreign[f->foreign_count++] = (struct foreign_call){function_now(f), name};
}

/* --- parameters --- */

struct value parameter_new(struct file *f, uint32_t function, uint64_t name)
{
    struct value v = {.marks = MARK_COMPUTED};
    struct function *fn = &f->functions[function];
    for (uint32_t i = 0; i < fn->parameter_count; i++) { /* on a second reading */
        if (f->parameters[fn->first_parameter + i].name == name) {
            v.number = fn->first_parameter + i + 1;
            v.marks |= mark_of_param(i);
            return v;
        }
    }
    bool last = fn->first_parameter + fn->parameter_count == f->parameter_count;
    if (f->parameter_count >= ch_limits.source_names || (fn->parameter_count > 0 && !last)) {
        v.marks |= MARK_PARAM;
        return v;
    }
    if (f->parameter_count == f->parameter_cap) {
        f->parameter_cap = f->parameter_cap == 0 ? 64 : 2 * f->parameter_cap;
        f->parameters = ch_realloc_array(f->parameters, f->parameter_cap, sizeof(*f->parameters));
    }
    if (fn->parameter_count == 0) {
        fn->first_parameter = f->parameter_count;
    }
    v.marks |= mark_of_param(fn->parameter_count++);
    f->parameters[f->parameter_count++] = (struct parameter){name, function};
    v.number = f->parameter_count;
    return v;
}

void function_returns(struct file *f, uint32_t function, struct value v)
{
    struct function *fn = &f->functions[function];
    fn->returns |= v.marks;
    link_returns(f, function, &v);
    fn = &f->functions[function];
    if (is_reference(&v)) {
        fn->result = value_or(f, fn->result, v);
    }
}

/* --- what runs at import: functions that the module calls, and what these call --- */

struct named {
    uint64_t name;
    uint32_t function;
    bool seen; /* and all that follow with its name */
};

struct reach {
    struct file *f;
    struct named *by_name;
    uint32_t *first;   /* of a function its first edge */
    bool *seen;
    uint32_t *queue;
    uint32_t queued;
};

static int by_name(const void *a, const void *b)
{
    uint64_t x = ((const struct named *)a)->name;
    uint64_t y = ((const struct named *)b)->name;
    return x < y ? -1 : x > y ? 1 : 0;
}

static int by_origin(const void *a, const void *b)
{
    uint32_t x = ((const struct edge *)a)->from;
    uint32_t y = ((const struct edge *)b)->from;
    return x < y ? -1 : x > y ? 1 : 0;
}

static void reached(struct reach *r, uint32_t function, bool direct)
{
    struct function *module = &r->f->functions[0];
    const struct function *fn = &r->f->functions[function];
    if (direct && (fn->does & DOES_NETWORK_OF) != 0 && (module->does & DOES_NETWORK) == 0) {
        module->does |= DOES_NETWORK;
        module->line[0] = fn->given_line;
        module->what[0] = fn->given_what;
    }
    if (!r->seen[function]) {
        r->seen[function] = true;
        r->queue[r->queued++] = function;
    }
}

/* Among by_name the first of this name, or of one after it. */
static uint32_t first_named(const struct reach *r, uint64_t name)
{
    uint32_t low = 0;
    uint32_t high = r->f->function_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (r->by_name[middle].name < name) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void reached_by_name(struct reach *r, uint64_t name, bool direct)
{
    uint32_t low = first_named(r, name);
    if (low == r->f->function_count || (r->by_name[low].seen && !direct)) {
        return;
    }
    r->by_name[low].seen = true;
    for (; low < r->f->function_count && r->by_name[low].name == name; low++) {
        reached(r, r->by_name[low].function, direct);
    }
}

static void take_over(struct function *module, const struct function *from)
{
    for (uint32_t bit = 0; bit < DOES_COUNT; bit++) {
        if ((from->does & 1U << bit) != 0 && (module->does & 1U << bit) == 0) {
            module->does |= 1U << bit;
            module->line[bit] = from->line[bit];
            module->what[bit] = from->what[bit];
        }
    }
    module->does |= from->does & DOES_LOAD_LISTED;
}

/* What other files that run as Python starts call of this one. */
static void reached_at_start(struct reach *r)
{
    struct file *f = r->f;
    for (uint32_t i = 1; i < f->function_count; i++) {
        uint64_t name = f->functions[i].bare;
        if (name != 0) {
            source_has(f->source, name);
            if (source_calls(f->source, name)) {
                reached(r, i, true);
            }
        }
    }
}

/* Which function calls which, for the links with other files. */
static void link_functions(const struct reach *r)
{
    struct file *f = r->f;
    struct link_call *calls = NULL;
    size_t count = 0;
    size_t cap = 0;
    for (uint32_t i = 0; i < f->edge_count; i++) {
        const struct edge *e = &f->edges[i];
        uint32_t at = e->index != UINT32_MAX ? 0 : first_named(r, e->to);
        uint32_t to = e->index;
        while (e->index != UINT32_MAX || (at < f->function_count && r->by_name[at].name == e->to)) {
            to = e->index != UINT32_MAX ? e->index : r->by_name[at++].function;
            if (count == cap) {
                cap = cap == 0 ? 64 : 2 * cap;
                calls = ch_realloc_array(calls, cap, sizeof(*calls));
            }
            if (count >= 8 * ch_limits.source_names) {
                f->beyond = true;
                break;
            }
            calls[count++] = (struct link_call){e->from, to};
            if (e->index != UINT32_MAX) {
                break;
            }
        }
    }
    links_end(f, calls, count);
    free(calls);
}

static void follow_calls(struct file *f)
{
    uint32_t count = f->function_count;
    for (uint32_t i = 0; f->has_finders && i < count; i++) {
        if (is_of_finder(&f->functions[i])) {
            edge_to(f, FUNCTION_FINDERS, i);
        }
    }
    struct reach r = {.f = f,
                      .by_name = ch_calloc(count, sizeof(*r.by_name)),
                      .first = ch_calloc(count + 1, sizeof(*r.first)),
                      .seen = ch_calloc(count, sizeof(*r.seen)),
                      .queue = ch_calloc(count, sizeof(*r.queue))};
    for (uint32_t i = 0; i < count; i++) {
        r.by_name[i] = (struct named){f->functions[i].name, i, false};
    }
    qsort(r.by_name, count, sizeof(*r.by_name), by_name);
    if (f->edge_count > 0) {
        qsort(f->edges, f->edge_count, sizeof(*f->edges), by_origin);
    }
    for (uint32_t i = 0; i < f->edge_count; i++) {
        r.first[f->edges[i].from + 1] = i + 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        r.first[i + 1] = r.first[i + 1] > r.first[i] ? r.first[i + 1] : r.first[i];
    }
    reached(&r, 0, false);
    if (f->place == CH_PLACE_START && f->outer == NULL) {
        reached_at_start(&r);
    }
    for (uint32_t at = 0; at < r.queued; at++) {
        uint32_t function = r.queue[at];
        if (function != 0) {
            take_over(&f->functions[0], &f->functions[function]);
        }
        bool direct = function == 0 || f->functions[function].is_implied;
        for (uint32_t e = r.first[function]; e < r.first[function + 1]; e++) {
            if (f->edges[e].index != UINT32_MAX) {
                reached(&r, f->edges[e].index, direct);
            } else {
                reached_by_name(&r, f->edges[e].to, direct);
            }
        }
    }
    for (uint32_t i = 0; i < f->foreign_count; i++) {
        if (r.seen[f->foreign[i].from]) {
            names_call(f, f->foreign[i].name);
        }
    }
    if (f->link != 0 && f->outer == NULL) {
        link_functions(&r);
    }
    free(r.by_name);
    free(r.first);
    free(r.seen);
    free(r.queue);
}

void judge_does(struct file *f, uint32_t what, uint32_t line, struct ch_str show)
{
    static const struct {
        enum ch_code_place place;
        enum ch_finding_code code[DOES_COUNT];
    } rows[] = {
        {CH_PLACE_INSTALL,
         {CH_F_SOURCE_INSTALL_NETWORK, CH_F_SOURCE_INSTALL_PROCESS, CH_F_SOURCE_HOST_THEFT,
          CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_TOOL_SETTINGS, CH_F_SOURCE_START_FILE,
          CH_F_SOURCE_PERSISTENCE, CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_LOGIN_KEY}},
        {CH_PLACE_INSTALL_IMPORT,
         {CH_F_SOURCE_INSTALL_NETWORK, CH_F_SOURCE_INSTALL_PROCESS, CH_F_SOURCE_HOST_THEFT,
          CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_TOOL_SETTINGS, CH_F_SOURCE_START_FILE,
          CH_F_SOURCE_PERSISTENCE, CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_LOGIN_KEY}},
        {CH_PLACE_IMPORT,
         {CH_F_SOURCE_IMPORT_NETWORK, CH_F_SOURCE_IMPORT_PROCESS, CH_F_SOURCE_HOST_THEFT,
          CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_TOOL_SETTINGS, CH_F_SOURCE_PERSISTENCE,
          CH_F_SOURCE_PERSISTENCE, CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_LOGIN_KEY}},
        {CH_PLACE_START,
         {CH_F_SOURCE_START_CODE, CH_F_SOURCE_START_CODE, CH_F_SOURCE_HOST_THEFT,
          CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_TOOL_SETTINGS, CH_F_SOURCE_PERSISTENCE,
          CH_F_SOURCE_PERSISTENCE, CH_F_SOURCE_DATA_CODE, CH_F_SOURCE_LOGIN_KEY}},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        for (uint32_t bit = 0; rows[i].place == f->place && bit < DOES_COUNT; bit++) {
            if ((what & 1U << bit) != 0) {
                report(f, rows[i].code[bit], line, show);
            }
        }
    }
}

void judge_import(struct file *f)
{
    if (f->place == CH_PLACE_START && f->outer == NULL) {
        called_at_start(f);
    }
    follow_calls(f);
    const struct function *module = &f->functions[0];
    if (f->outer != NULL) { /* it is told where the text is executed */
        return;
    }
    if ((module->does & DOES_LOAD_LISTED) != 0 && f->place != CH_PLACE_TEST &&
        f->place != CH_PLACE_NONE) {
        struct value own = {.kind = VALUE_TEXT, .text = CH_STR("")};
        names_other(f, &own, CH_NAMED_FOLDER);
    }
    for (uint32_t bit = 0; bit < DOES_COUNT; bit++) {
        if ((module->does & 1U << bit) != 0) {
            judge_does(f, 1U << bit, module->line[bit], module->what[bit]);
        }
    }
}
