/* Words that say a page of one project (ch_ecosystem.page_project): NAME:TAG, NAME@DIGEST, and
 * their addresses on this server. What they are about is the version that the page lists. */
#include "commands_int.h"

#include <stdio.h>

#include "db/keeper/pages/links.h"

#define SEGMENTS_MAX 64

const struct ch_ecosystem *command_image_ecosystem(struct ch_str word)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        const struct ch_ecosystem *e = ch_ecosystems[i];
        if (e->page_project != NULL && ch_ecosystem_is_page(e, word) &&
            !ch_str_eq(e->page_project(word), word)) {
            return e;
        }
    }
    return NULL;
}

/* The page that this one points to by what it lists now. False: it has never been loaded, or lists
 * nothing any more. */
static bool pointed_to(struct command *c, const struct ch_repository *repo, struct ch_str page,
                       char *ret, size_t ret_size)
{
    struct page *p = page_get(c->k, ch_str_of(repo->name), page);
    if (p == NULL || !page_load(c->k, p)) {
        return false;
    }
    for (size_t i = 0; i < p->facts.file_count; i++) {
        if (p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN &&
            p->eco->decided_on(page, p->facts.files[i].index.file_name, ret, ret_size) &&
            ret[0] != '\0') {
            return true;
        }
    }
    return false;
}

enum ch_code command_what_image(struct command *c, const struct ch_repository *repo,
                                struct ch_str page, struct what *ret, struct ch_err *err)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    struct ch_str project = eco->page_project(page);
    bool by_digest = ch_str_find_char(page, '@', NULL);
    if (by_digest) {
        snprintf(ret->page, sizeof(ret->page), "%.*s", CH_STR_ARG(page));
    } else if (!pointed_to(c, repo, page, ret->page, sizeof(ret->page))) {
        return ch_fail(err, CH_E_NOT_FOUND, "%.*s: nobody has asked for this tag in repository %s",
                       CH_STR_ARG(page), repo->name);
    }
    struct ch_str digest = ch_str_of(ret->page + project.len + 1);
    snprintf(ret->project, sizeof(ret->project), "%.*s", CH_STR_ARG(project));
    snprintf(ret->version, sizeof(ret->version), "%.*s", CH_STR_ARG(digest));
    snprintf(ret->spec, sizeof(ret->spec), "==%.*s", CH_STR_ARG(digest));
    ret->kind = WHAT_VERSION;
    return CH_OK;
}

/* What is asked for on no named page: on the one that answers for it. */
static enum ch_code what_linked(struct command *c, const struct ch_repository *repo,
                                const struct ch_target *target, struct what *ret,
                                struct ch_err *err)
{
    struct ch_ask_file ask = {.repository = ch_str_of(repo->name),
                              .project = ch_str_of(target->project),
                              .file_name = ch_str_of(target->file_name),
                              .any_page = true};
    struct page *p = links_page_of(c->k, &ask);
    for (size_t i = 0; p != NULL && i < p->facts.file_count; i++) {
        const struct ch_index_file *f = &p->facts.files[i].index;
        if (p->eco->is_meant(ask.file_name, f)) {
            snprintf(ret->project, sizeof(ret->project), "%s", p->project);
            snprintf(ret->file_name, sizeof(ret->file_name), "%.*s", CH_STR_ARG(f->file_name));
            ret->kind = WHAT_FILE;
            return CH_OK;
        }
    }
    return ch_fail(err, CH_E_NOT_FOUND, "%s: no manifest of %s that somebody asked for has it",
                   target->file_name, target->project);
}

enum ch_code command_what_address(struct command *c, const struct ch_repository *repo,
                                  struct ch_str path, struct what *ret, struct ch_err *err)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    struct ch_str segments[SEGMENTS_MAX];
    struct ch_target target = {.kind = CH_TARGET_NONE};
    size_t count = 0, at;
    path = ch_str_find_char(path, '?', &at) ? ch_str_sub(path, 0, at) : path;
    while (count < SEGMENTS_MAX && ch_str_split(&path, '/', &segments[count])) {
        count++;
    }
    if (count < SEGMENTS_MAX) {
        eco->classify(ch_str_of(repo->name), segments, count, false, &target);
    }
    if (target.kind == CH_TARGET_ANY_PAGE) {
        return what_linked(c, repo, &target, ret, err);
    }
    if (target.kind != CH_TARGET_FILE) {
        return ch_fail(err, CH_E_USAGE, "expected the address of a manifest or blob");
    }
    return command_what_image(c, repo, ch_str_of(target.project), ret, err);
}
