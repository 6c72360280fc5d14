/* What a page's files are, by their names and records, and what else follows from its facts alone. */
#include "pages_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ch_str page_project(const struct page *p, size_t file)
{
    struct ch_str own = p->facts.files[file].index.project;
    return own.len > 0 ? own : page_name(p);
}

static void release_of(const struct page *p, size_t file, struct ch_release *ret)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    p->eco->split(page_project(p, file), f->file_name, ret);
    /* Names of its ecosystem say none; and what nothing inspects is a part of its whole, too. */
    bool told = ret->profile != NULL || p->eco->whole_versions;
    if (f->project.len > 0 && ret->version[0] == '\0' && told &&
        f->version.len < sizeof(ret->version)) {
        snprintf(ret->version, sizeof(ret->version), "%.*s", CH_STR_ARG(f->version));
    }
    if (f->project.len > 0) { /* what its record states is the same, or it says nothing */
        ret->profile = ch_str_eq(f->version, ch_str_of(ret->version)) ? ret->profile : NULL;
    }
}

void page_split(const struct page *p, struct ch_str file_name, struct ch_release *ret)
{
    char project[sizeof(((struct ch_target *)NULL)->project)];
    ptrdiff_t at = page_find_file(p, file_name);
    if (at >= 0) {
        release_of(p, (size_t)at, ret);
        return;
    }
    bool own = p->eco->is_page != NULL && p->eco->project_of(file_name, project, sizeof(project));
    p->eco->split(own ? ch_str_of(project) : page_name(p), file_name, ret);
}

/* --- texts --- */

struct page_texts {
    struct page_texts *next;
    size_t used, room;
    char text[];
};

/* `expected`: so many more may come. */
static const char *keep(struct page_texts **texts, const char *text, size_t expected)
{
    enum { ABOUT = 16, MOST = 65536 };
    size_t len = strlen(text) + 1;
    struct page_texts *t = *texts;
    if (t == NULL || t->room - t->used < len) {
        size_t room = expected < MOST / ABOUT ? expected * ABOUT : MOST;
        room = room < len ? len : room;
        t = ch_alloc(sizeof(*t) + room);
        *t = (struct page_texts){.next = *texts, .room = room};
        *texts = t;
    }
    char *at = t->text + t->used;
    memcpy(at, text, len);
    t->used += len;
    return at;
}

void page_texts_done(struct page_texts *t)
{
    while (t != NULL) {
        struct page_texts *next = t->next;
        free(t);
        t = next;
    }
}

void page_set_rule(struct page_file *f, struct ch_str rule)
{
    free(f->recorded_rule);
    f->recorded_rule = rule.len > 0 ? ch_str_dup(ch_str_sub(rule, 0, 63)) : NULL;
}

void page_build(const struct ch_ecosystem *eco, char *project, const struct page_facts *facts,
                struct page_built *ret)
{
    struct page p = {.eco = eco, .project = project, .facts = *facts}; /* what these look at */
    p.files = ch_calloc(facts->file_count, sizeof(*p.files));
    const char *before = keep(&p.texts, "", facts->file_count);
    for (size_t i = 0; i < facts->file_count; i++) {
        struct ch_release r;
        release_of(&p, i, &r);
        if (strcmp(before, r.version) != 0) { /* files of a version are listed together */
            before = keep(&p.texts, r.version, facts->file_count - i);
        }
        p.files[i].release = (struct page_release){before,        r.file_type,  r.profile,
                                                   r.python_tags, r.abi_tags, r.platform_tags};
        p.files[i].recorded_verdict = -1;
        p.files[i].recorded_at_us = CH_TIME_UNKNOWN;
        p.files[i].allowed_at_us = CH_TIME_UNKNOWN;
    }
    page_index_build(&p);
    *ret = (struct page_built){p.files, p.texts, p.index};
}

void page_built_done(struct page_built *b)
{
    struct page p = {.index = b->index};
    page_index_done(&p);
    free(b->files);
    page_texts_done(b->texts);
    *b = (struct page_built){0};
}
