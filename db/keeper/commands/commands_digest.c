/* What a command names by a digest: the name that its bytes came under; and, of what was never
 * fetched or may be listed in several repositories, which of the pages that are only stored list
 * it. Pages that it takes long to read for that are read before the command runs. */
#include "commands_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/pages/digest_search.h"

/* Wherever among its words: some have a verb before it. */
static bool names_digest(const struct command *c, struct ch_sha256 *ret)
{
    const struct ch_str scheme = CH_STR("sha256:");
    struct ch_str word;
    for (size_t i = 0; (word = command_word_at(c, i)).len > 0; i++) {
        if (ch_str_starts(word, scheme)) {
            return ch_sha256_from_any_hex(ch_str_sub(word, scheme.len, word.len), ret) &&
                   !ch_sha256_is_zero(ret); /* else the command says what is wrong */
        }
    }
    return false;
}

/* ------------------------------------------------------------------ what came */

/* Under which names the bytes came. */
#define RELEASES_MAX 16
struct releases {
    struct what list[RELEASES_MAX]; /* of each: project, file name, upstream */
    size_t count;
};

static void on_release(void *ctx, const struct ch_release_file *f)
{
    struct releases *r = ctx;
    if (r->count < RELEASES_MAX) {
        struct what *w = &r->list[r->count++];
        snprintf(w->project, sizeof(w->project), "%.*s", CH_STR_ARG(f->project));
        snprintf(w->file_name, sizeof(w->file_name), "%.*s", CH_STR_ARG(f->file_name));
        snprintf(w->upstream, sizeof(w->upstream), "%.*s", CH_STR_ARG(f->upstream));
    }
}

static struct page *page_of(struct command *c, const struct what *w)
{
    struct ch_err err;
    const struct ch_repository *r =
        command_repository(c, (struct ch_str){NULL, 0}, w->upstream, &err);
    return r != NULL ? page_get(c->k, ch_str_of(r->name), ch_str_of(w->project)) : NULL;
}

static bool still_stands(struct command *c, const struct what *w, const struct ch_sha256 *sha256)
{
    struct page *p = page_of(c, w);
    ptrdiff_t at =
        p != NULL && page_load(c->k, p) ? page_find_file(p, ch_str_of(w->file_name)) : -1;
    return at >= 0 && !command_is_other(p, (size_t)at, sha256);
}

enum ch_code command_what_came(struct command *c, const struct ch_sha256 *sha256, struct what *ret,
                               struct ch_err *err)
{
    struct releases *r = ch_calloc(1, sizeof(*r));
    enum ch_code rc = ch_store_releases_of(c->k->store, sha256, on_release, r, err);
    size_t at = 0;
    while (at < r->count && !still_stands(c, &r->list[at], sha256)) {
        at++;
    }
    if (rc == CH_OK && r->count > 0) {
        *ret = r->list[at < r->count ? at : 0];
    }
    ret->kind = WHAT_FILE;
    ret->sha256 = *sha256;
    free(r);
    return rc;
}

/* Large pages of the names are waited for. So many times at most: those that have no room in memory
 * beside each other would be read for ever. False: nothing has come under any, or all that is
 * needed is here. */
static bool names_come(struct command *c, const struct ch_sha256 *sha256, bool *ret_came)
{
    struct releases *r = ch_calloc(1, sizeof(*r));
    struct ch_err err;
    bool waits = false, stands = false;
    enum ch_code rc = ch_store_releases_of(c->k->store, sha256, on_release, r, &err);
    *ret_came = rc != CH_OK || r->count > 0;
    for (size_t i = 0; i < r->count && !waits && !stands; i++) {
        struct page *p = page_of(c, &r->list[i]);
        waits = p != NULL && c->names_awaited < RELEASES_MAX && page_comes(c->k, p);
        if (waits) {
            c->names_awaited++;
            CH_ASSERT(!page_ready(c->k, p, command_waiter(c))); /* it comes */
        } else {
            stands = still_stands(c, &r->list[i], sha256);
        }
    }
    free(r);
    return waits;
}

/* ------------------------------------------------------------------ what never came */

static void on_end(void *ctx)
{
    commands_go_on(ctx); /* may free it */
}

/* Of which ecosystems the bytes came: a repository of another one lists no such file. */
struct origins {
    const struct ch_config *config;
    const char *ecosystems[RELEASES_MAX];
    size_t count;
};

static void on_origin(void *ctx, const struct ch_release_file *f)
{
    struct origins *o = ctx;
    const struct ch_upstream *u = ch_config_upstream(o->config, f->upstream);
    if (u != NULL && o->count < RELEASES_MAX) {
        o->ecosystems[o->count++] = u->ecosystem;
    }
}

static bool may_list(const struct origins *o, const struct ch_repository *r)
{
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->ecosystems[i], r->ecosystem) == 0) {
            return true;
        }
    }
    return o->count == 0;
}

/* The repositories that may list it, and that are meant; free(). */
static struct ch_str *to_look_in(struct command *c, const struct ch_sha256 *sha256,
                                 size_t *ret_count)
{
    const struct ch_config *config = c->k->config;
    struct ch_str only = command_option(c, "repository");
    struct ch_str *names = ch_calloc(config->repository_count + 1, sizeof(*names));
    struct origins origins = {.config = config};
    struct ch_err err;
    CH_IGNORE(ch_store_releases_of(c->k->store, sha256, on_origin, &origins, &err));
    *ret_count = 0;
    for (size_t i = 0; i < config->repository_count; i++) {
        struct ch_str name = ch_str_of(config->repositories[i].name);
        if ((only.len == 0 || ch_str_eq(only, name)) && command_sees(c, c->action, name) &&
            may_list(&origins, &config->repositories[i])) {
            names[(*ret_count)++] = name;
        }
    }
    return names;
}

bool command_digest_is_looked_for(struct command *c)
{
    struct ch_sha256 sha256;
    size_t count;
    if (c->digest_search != NULL) {
        return !digest_search_ended(c->digest_search);
    }
    if (!names_digest(c, &sha256)) {
        return false;
    }
    bool came;
    if (names_come(c, &sha256, &came)) {
        return true;
    }
    struct ch_str *names = to_look_in(c, &sha256, &count);
    bool looks = count > 1 || (count == 1 && !came); /* that came in one says nothing of others */
    if (looks) {
        c->digest_search = digest_search_new(c->k, &sha256, names, count, on_end, c);
    }
    free(names);
    return looks;
}
