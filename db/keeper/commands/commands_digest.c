/* What a command names by a digest that was never fetched: which of the pages that are only stored
 * list it is found out before the command runs. */
#include "commands_int.h"

#include <stdlib.h>

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

static void on_release(void *ctx, const struct ch_release_file *f)
{
    bool *any = ctx;
    (void)f;
    *any = true;
}

static bool came(struct command *c, const struct ch_sha256 *sha256)
{
    bool any = false;
    struct ch_err err;
    return ch_store_releases_of(c->k->store, sha256, on_release, &any, &err) != CH_OK || any;
}

static void on_end(void *ctx)
{
    commands_go_on(ctx); /* may free it */
}

bool command_digest_is_looked_for(struct command *c)
{
    struct ch_sha256 sha256;
    struct ch_str only = command_option(c, "repository");
    if (c->digest_search != NULL) {
        return !digest_search_ended(c->digest_search);
    }
    if (!names_digest(c, &sha256) || came(c, &sha256)) {
        return false;
    }
    struct ch_str *names = ch_calloc(c->k->config->repository_count + 1, sizeof(*names));
    size_t count = 0;
    for (size_t i = 0; i < c->k->config->repository_count; i++) {
        struct ch_str name = ch_str_of(c->k->config->repositories[i].name);
        if ((only.len == 0 || ch_str_eq(only, name)) && command_sees(c, c->action, name)) {
            names[count++] = name;
        }
    }
    if (count > 0) {
        c->digest_search = digest_search_new(c->k, &sha256, names, count, on_end, c);
    }
    free(names);
    return count > 0;
}
