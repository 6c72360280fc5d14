/* The page of what a command is about. */
#include "commands_int.h"

#include <stdio.h>
#include <string.h>

#include "db/keeper/pages/page_unread.h"
#include "db/keeper/policies/want.h"
#include "db/keeper/rulings/rulings.h"

struct search {
    const struct what *what;
    size_t count;
    struct ch_buf names; /* of pages: one may be forgotten while the next is loaded */
    struct ch_buf last;
};

/* Where there is a page for each version, one of another version is not meant, and neither is one
 * whose file is decided elsewhere: what a tag stands for now. */
static bool has_version(const struct page *p, const struct what *what)
{
    bool any = p->eco->page_project == NULL;
    for (size_t i = 0; i < p->facts.file_count && !any; i++) {
        any = !page_is_pointer(p, i) && (what->kind != WHAT_VERSION || command_names(p, i, what));
    }
    return any;
}

static void on_page(void *ctx, struct page *p)
{
    struct search *s = ctx;
    const char *only = s->what->page;
    bool named = only[0] == '\0' || strcmp(only, p->project) == 0;
    if (named && has_version(p, s->what) &&
        (s->what->kind != WHAT_FILE || page_find_file(p, ch_str_of(s->what->file_name)) >= 0)) {
        ch_buf_printf(&s->names, "%s%s", s->count++ > 0 ? ", " : "", p->project);
        ch_buf_clear(&s->last);
        ch_buf_puts(&s->last, page_name(p));
    }
}

bool command_is_searched(struct keeper *k, const struct what *what)
{
    const struct ch_repository *repo = ch_config_repository(k->config, ch_str_of(what->repository));
    const struct ch_ecosystem *eco =
        repo != NULL ? ch_ecosystem_find(ch_str_of(repo->ecosystem)) : NULL;
    return eco != NULL && eco->is_page != NULL &&
           (what->kind != WHAT_FILE || what->unlisted); /* "scikit-learn" could be a page's name */
}

static struct page *search(struct keeper *k, const struct what *what, struct ch_err *err)
{
    struct search s = {.what = what};
    ch_buf_init(&s.names, 512);
    ch_buf_init(&s.last, 512);
    pages_with(k, ch_str_of(what->repository), ch_str_of(what->project), on_page, &s);
    struct page *p =
        s.count == 1 ? page_get(k, ch_str_of(what->repository), ch_buf_str(&s.last)) : NULL;
    if (s.count == 0) {
        ch_fail(err, CH_E_NOT_FOUND,
                "%s: no page that somebody asked for in repository %s lists it",
                what->kind == WHAT_FILE ? what->file_name : what->project, what->repository);
    } else if (s.count > 1 && command_image_ecosystem(ch_buf_str(&s.last)) != NULL) {
        ch_fail(err, CH_E_USAGE, "%s: several are known: say which (%.*s)", what->project,
                CH_STR_ARG(ch_buf_str(&s.names)));
    } else if (s.count > 1) {
        ch_fail(err, CH_E_USAGE,
                "%s: several pages list it: name a file, or say which page, as in %.*s/%s (%.*s)",
                what->project, CH_STR_ARG(ch_buf_str(&s.last)), what->project,
                CH_STR_ARG(ch_buf_str(&s.names)));
    }
    ch_buf_done(&s.names);
    ch_buf_done(&s.last);
    return p;
}

struct page *command_find_page(struct keeper *k, const struct what *what, struct ch_err *err)
{
    if (command_is_searched(k, what)) {
        return search(k, what, err);
    }
    struct page *p = page_get(k, ch_str_of(what->repository), ch_str_of(what->project));
    if (p == NULL) {
        ch_fail(err, CH_E_USAGE, "%s is not a project name", what->project);
    }
    return p;
}

enum step command_end_absent(struct command *c, const struct page *p)
{
    char text[600];
    CH_IGNORE(want_no_page(c->k, p, text, sizeof(text)));
    return command_end(c, 1, "%s: %s", p->project, text);
}

const struct ch_sha256 *command_bytes_now(const struct page *p, size_t file)
{
    const struct ch_sha256 *stated = &p->facts.files[file].index.sha256;
    return ch_sha256_is_zero(stated) ? &p->files[file].artifact : stated;
}

bool command_is_other(const struct page *p, size_t file, const struct ch_sha256 *sha256)
{
    const struct ch_sha256 *now = command_bytes_now(p, file);
    return !ch_sha256_is_zero(sha256) && !ch_sha256_is_zero(now) && !ch_sha256_eq(now, sha256);
}

/* T8: who names bytes means these, and not what stands under their name by now. */
static bool ended_for_others(struct command *c, const struct page *p, const struct what *what,
                             enum step *ret_step)
{
    char hex[CH_SHA256_HEX + 1];
    ptrdiff_t at = what->kind == WHAT_FILE ? page_find_file(p, ch_str_of(what->file_name)) : -1;
    if (at < 0 || !command_is_other(p, (size_t)at, &what->sha256)) {
        return false;
    }
    ch_sha256_hex(command_bytes_now(p, (size_t)at), hex);
    *ret_step = command_end(
        c, 1,
        "%s stands for other bytes by now, sha256:%s: name these, or the file, if they are meant",
        what->file_name, hex);
    return true;
}

struct page *command_page(struct command *c, const struct what *what, enum step *ret_step)
{
    struct page *p = command_any_page(c, what, ret_step);
    if (p != NULL && p->load == PAGE_ABSENT) {
        *ret_step = command_end_absent(c, p);
        return NULL;
    }
    return p == NULL || ended_for_others(c, p, what, ret_step) ? NULL : p;
}

struct page *command_any_page(struct command *c, const struct what *what, enum step *ret_step)
{
    struct ch_err err;
    struct page *p = command_find_page(c->k, what, &err);
    if (p == NULL) {
        *ret_step = command_end(c, command_status_of(&err), "%s", err.msg);
        return NULL;
    }
    struct waiter *w = command_waiter(c);
    if (!page_ready(c->k, p, w)) {
        *ret_step = STEP_WAIT;
        return NULL;
    }
    ask_free_waiter(w);
    if (p->load == PAGE_ABSENT && page_withheld(p)) {
        *ret_step = command_end(c, 1,
                                "%s: the name is reserved in repository %s and nothing is known "
                                "of it; what would change it: %s",
                                what->project, what->repository, refusal_withheld_advice(p));
        return NULL;
    }
    if (p->load != PAGE_READY && p->load != PAGE_ABSENT) {
        *ret_step = command_end(c, 1, "%s: %s", what->project, p->fail_text);
        return NULL;
    }
    return p;
}

bool command_concerns(const struct page *p, size_t file, const struct what *what)
{
    bool versions = what->kind == WHAT_VERSION || what->kind == WHAT_RANGE;
    return command_names(p, file, what) ||
           (versions && ch_str_eq(page_project(p, file), ch_str_of(what->project)) &&
            rulings_denial_takes(p, file, ch_str_of(what->spec)));
}

bool command_names(const struct page *p, size_t file, const struct what *what)
{
    struct ch_str version = ch_str_of(p->files[file].release.version);
    struct ch_err err;
    bool match = false;
    if (what->kind == WHAT_FILE) {
        return ch_str_eq(p->facts.files[file].index.file_name, ch_str_of(what->file_name)) &&
               !command_is_other(p, file, &what->sha256);
    }
    if (!ch_str_eq(page_project(p, file), ch_str_of(what->project))) {
        return false;
    }
    switch (what->kind) {
    case WHAT_PROJECT:
        return true;
    case WHAT_VERSION:
        return version.len > 0 && p->eco->compare_versions(version, ch_str_of(what->version)) == 0;
    case WHAT_RANGE:
        return version.len > 0 &&
               p->eco->match_version(ch_str_of(what->spec), version, &match, &err) == CH_OK &&
               match;
    case WHAT_FILE:
        break;
    }
    return false;
}

enum step command_end_unlisted(struct command *c, const struct page *p, const struct what *what)
{
    enum { MAX = 2048 };
    struct ch_buf unread;
    ch_buf_init(&unread, MAX);
    if (what->kind == WHAT_FILE &&
        page_unread_tell(&p->facts, ch_str_of(what->file_name), &unread)) {
        enum step step =
            command_end(c, 1, "%s: %.*s", what->file_name, CH_STR_ARG(ch_buf_str(&unread)));
        ch_buf_done(&unread);
        return step;
    }
    ch_buf_done(&unread);
    return command_end(c, 1, "%s: the upstream lists nothing like that", what->project);
}
