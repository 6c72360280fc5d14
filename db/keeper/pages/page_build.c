/* What a page's files are, by their names and records, and what else follows from its facts alone. */
#include "pages_int.h"

#include <stdio.h>
#include <stdlib.h>

struct ch_str page_project(const struct page *p, size_t file)
{
    struct ch_str own = p->facts.files[file].index.project;
    return own.len > 0 ? own : page_name(p);
}

static void release_of(const struct page *p, size_t file, struct ch_release *ret)
{
    const struct ch_index_file *f = &p->facts.files[file].index;
    p->eco->split(page_project(p, file), f->file_name, ret);
    if (f->project.len > 0 && ret->version[0] == '\0' && ret->profile != NULL &&
        f->version.len < sizeof(ret->version)) { /* names of its ecosystem say no version */
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

void page_build(const struct ch_ecosystem *eco, char *project, const struct page_facts *facts,
                struct page_built *ret)
{
    struct page p = {.eco = eco, .project = project, .facts = *facts}; /* what these look at */
    p.files = ch_calloc(facts->file_count, sizeof(*p.files));
    for (size_t i = 0; i < facts->file_count; i++) {
        release_of(&p, i, &p.files[i].release);
        p.files[i].recorded_verdict = -1;
        p.files[i].recorded_at_us = CH_TIME_UNKNOWN;
        p.files[i].allowed_at_us = CH_TIME_UNKNOWN;
    }
    page_index_build(&p);
    *ret = (struct page_built){p.files, p.index};
}

void page_built_done(struct page_built *b)
{
    struct page p = {.index = b->index};
    page_index_done(&p);
    free(b->files);
    *b = (struct page_built){0};
}
