#include "image.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/config/place.h"
#include "customhouse/ascii.h"

#define SEGMENTS_MAX 64
#define EXPECTED                                                                                   \
    "expected NAME:TAG, NAME@sha256:HEX, the same behind the host of this server or of a "         \
    "registry that it mirrors, the address of a manifest, or sha256:HEX"

/* The same words whether it is there or not. */
#define UNSEEN(where)                                                                              \
    ((where)->sees != NULL ? ", or none that you may see (queue.read in that repository)" : "")

static const struct ch_ecosystem *eco_of(const struct ch_repository *repo)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    return eco != NULL && eco->page_project != NULL ? eco : NULL;
}

static bool is_seen(const struct image_where *where, const struct ch_repository *r)
{
    return where->sees == NULL || where->sees(where->ctx, r);
}

/* --- whose host it is --- */

static struct ch_str authority_of(struct ch_str url)
{
    size_t at;
    url = ch_str_find(url, CH_STR("://"), &at) ? ch_str_sub(url, at + 3, url.len) : url;
    return ch_str_find_char(url, '/', &at) ? ch_str_sub(url, 0, at) : url;
}

/* HOST:PORT, with a port of ours. */
static bool is_at(struct ch_str authority, struct ch_str host, const struct ch_setup *setup)
{
    struct ch_str ours = {NULL, 0};
    uint16_t port = 0, open = 0;
    if (!ch_place_split(authority, &ours, &port) || !ch_str_eq_nocase(ours, host)) {
        return false;
    }
    for (size_t i = 0; i < setup->listener_count; i++) {
        if (ch_place_split(setup->listener[i].address, &ours, &open) && open == port) {
            return true;
        }
    }
    return false;
}

/* By names that the configuration or an open address gives: what another server says under another
 * one is not ours to vouch for. */
static bool is_ours(const struct keeper *k, struct ch_str authority)
{
    const struct ch_setup *setup = &k->child.setup;
    const struct ch_config *c = k->config;
    bool ours = c->public_url != NULL &&
                ch_str_eq_nocase(authority, authority_of(ch_str_of(c->public_url)));
    for (size_t i = 0; i < c->host_name_count; i++) {
        struct ch_str name = ch_str_of(c->host_names[i]);
        ours = ours || ch_str_eq_nocase(authority, name) || is_at(authority, name, setup);
    }
    for (size_t i = 0; i < setup->listener_count; i++) {
        struct ch_str address = setup->listener[i].address;
        ours = ours || ch_str_eq_nocase(authority, address) ||
               (ch_config_address_is_loopback(address) &&
                is_at(authority, CH_STR("localhost"), setup));
    }
    return ours;
}

/* The first that mirrors the registry, as for clients that say so with ?ns=. */
static const struct ch_repository *mirror_of(const struct keeper *k, struct ch_str authority,
                                             const struct image_where *where)
{
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        bool may_be = eco_of(r) != NULL && is_seen(where, r);
        for (size_t u = 0; may_be && u < r->upstream_count; u++) {
            const struct ch_upstream *up =
                ch_config_upstream(k->config, ch_str_of(r->upstreams[u]));
            if (up != NULL && !up->hosted &&
                ch_str_eq_nocase(authority_of(ch_str_of(up->url)), authority)) {
                return r;
            }
        }
    }
    return NULL;
}

/* As containers/image and containerd tell it from the first part of a name. */
static bool is_host_for_clients(struct ch_str first)
{
    return ch_str_find_char(first, ':', NULL) || ch_str_find_char(first, '.', NULL) ||
           ch_str_eq(first, CH_STR("localhost"));
}

/* Here also one that we know. */
static bool is_host(const struct keeper *k, struct ch_str first, const struct image_where *where)
{
    return is_host_for_clients(first) || is_ours(k, first) || mirror_of(k, first, where) != NULL;
}

/* --- which repository --- */

static bool may_be_in(const struct ch_repository *r, const struct image_where *where)
{
    return eco_of(r) != NULL && is_seen(where, r) &&
           (where->repository.len == 0 || ch_str_eq(where->repository, ch_str_of(r->name))) &&
           (where->environment.len == 0 ||
            ch_str_eq(where->environment, ch_str_of(r->environment)));
}

static const struct ch_repository *only_one(const struct keeper *k, const struct image_where *where,
                                            struct ch_err *err)
{
    const struct ch_repository *found = NULL;
    size_t count = 0;
    struct ch_buf names;
    ch_buf_init(&names, 512);
    for (size_t i = 0; i < k->config->repository_count; i++) {
        const struct ch_repository *r = &k->config->repositories[i];
        if (may_be_in(r, where)) {
            found = r;
            ch_buf_printf(&names, "%s%s", count++ > 0 ? ", " : "", r->name);
        }
    }
    if (count == 0) {
        ch_fail(err, CH_E_USAGE, "no repository of images %s%.*s%s%.*s in the configuration%s",
                where->repository.len > 0 ? "called " : "", CH_STR_ARG(where->repository),
                where->environment.len > 0 ? "for environment " : "",
                CH_STR_ARG(where->environment), UNSEEN(where));
    } else if (count > 1) {
        ch_fail(err, CH_E_USAGE,
                "several repositories have images: say which with --repository "
                "(%.*s)",
                CH_STR_ARG(ch_buf_str(&names)));
    }
    ch_buf_done(&names);
    return count == 1 ? found : NULL;
}

/* --- what is behind host and repository --- */

static bool put_page(const struct ch_ecosystem *eco, struct image_name *ret, struct ch_str name,
                     char between, struct ch_str reference)
{
    int n = snprintf(ret->page, sizeof(ret->page), "%.*s%c%.*s", CH_STR_ARG(name), between,
                     CH_STR_ARG(reference));
    return n > 0 && (size_t)n < sizeof(ret->page) &&
           ch_ecosystem_is_page(eco, ch_str_of(ret->page)) &&
           !ch_str_eq(eco->page_project(ch_str_of(ret->page)), ch_str_of(ret->page));
}

/* NAME[:TAG][@DIGEST], NAME==DIGEST. A tag is one only behind the last slash. */
static bool read_rest(struct ch_str rest, const struct ch_repository *repo, struct image_name *ret)
{
    const struct ch_ecosystem *eco = eco_of(repo);
    size_t at, colon = 0;
    ret->repository = repo;
    if (eco == NULL) {
        return false;
    }
    if (ch_str_find(rest, CH_STR("=="), &at)) {
        return put_page(eco, ret, ch_str_sub(rest, 0, at), '@', ch_str_sub(rest, at + 2, rest.len));
    }
    bool by_digest = ch_str_find_char(rest, '@', &at);
    struct ch_str digest =
        by_digest ? ch_str_sub(rest, at + 1, rest.len) : (struct ch_str){NULL, 0};
    struct ch_str name = by_digest ? ch_str_sub(rest, 0, at) : rest;
    bool tagged = ch_str_find_char(name, ':', &colon);
    struct ch_str tag = tagged ? ch_str_sub(name, colon + 1, name.len) : CH_STR("latest");
    name = tagged ? ch_str_sub(name, 0, colon) : name;
    return put_page(eco, ret, name, ':', tag) &&
           (!by_digest || put_page(eco, ret, name, '@', digest));
}

/* --- addresses --- */

static enum ch_code read_address(const struct keeper *k, struct ch_str url,
                                 const struct image_where *where, struct image_name *ret,
                                 bool *ret_foreign, struct ch_err *err)
{
    struct ch_str segments[SEGMENTS_MAX], path, authority = authority_of(url);
    struct ch_target target = {.kind = CH_TARGET_NONE};
    size_t count = 0, at;
    ch_str_find(url, CH_STR("://"), &at);
    path = ch_str_sub(url, at + 3 + authority.len, url.len);
    path = path.len > 0 ? ch_str_sub(path, 1, path.len) : path;
    path = ch_str_find_char(path, '?', &at) ? ch_str_sub(path, 0, at) : path;
    if (!is_ours(k, authority)) {
        *ret_foreign = true;
        return ch_fail(err, CH_E_NOT_FOUND, "%.*s is not this server",
                       CH_STR_ARG(ch_str_sub(authority, 0, 100)));
    }
    while (count < SEGMENTS_MAX && ch_str_split(&path, '/', &segments[count])) {
        count++;
    }
    ret->repository =
        count > 2 && count < SEGMENTS_MAX ? ch_config_repository(k->config, segments[1]) : NULL;
    if (ret->repository != NULL && !is_seen(where, ret->repository)) {
        ret->repository = NULL;
    }
    const struct ch_ecosystem *eco = ret->repository != NULL ? eco_of(ret->repository) : NULL;
    if (eco != NULL && ch_str_eq(segments[0], ch_str_of(eco->path_prefix))) {
        eco->classify(segments[1], segments + 2, count - 2, false, &target);
    }
    if (target.kind != CH_TARGET_FILE) {
        return ch_fail(err, CH_E_USAGE, "not the address of a manifest%s: " EXPECTED,
                       UNSEEN(where));
    }
    snprintf(ret->page, sizeof(ret->page), "%s", target.project);
    return CH_OK;
}

/* --- digests --- */

struct by_digest {
    struct keeper *k;
    const struct image_where *where;
    struct ch_str digest;
    struct image_name *ret;
    size_t count;
    struct ch_buf names;
};

static void on_release(void *ctx, const struct ch_release_file *f)
{
    struct by_digest *d = ctx;
    for (size_t i = 0; i < d->k->config->repository_count; i++) {
        const struct ch_repository *r = &d->k->config->repositories[i];
        struct image_name one;
        bool has = false;
        for (size_t u = 0; u < r->upstream_count; u++) {
            has = has || ch_str_eq(ch_str_of(r->upstreams[u]), f->upstream);
        }
        /* a part's page is another manifest's: that of its own digest is nobody's */
        if (has && may_be_in(r, d->where) &&
            put_page(eco_of(r), &one, eco_of(r)->page_project(f->project), '@', d->digest) &&
            ch_str_eq(ch_str_of(one.page), f->project)) {
            one.repository = r;
            *d->ret = one;
            ch_buf_printf(&d->names, "%s%s in %s", d->count++ > 0 ? ", " : "", one.page, r->name);
        }
    }
}

/* By a tag or a digest: its document was fetched as a file of its own page. */
static enum ch_code read_digest(struct keeper *k, struct ch_str digest,
                                const struct image_where *where, struct image_name *ret,
                                struct ch_err *err)
{
    struct by_digest d = {.k = k, .where = where, .digest = digest, .ret = ret};
    struct ch_sha256 sha256;
    if (!ch_sha256_from_hex(ch_str_sub(digest, 7, digest.len), &sha256)) {
        return ch_fail(err, CH_E_USAGE, "sha256: expected 64 hex digits in lower case after it");
    }
    ch_buf_init(&d.names, 512);
    enum ch_code rc = ch_store_releases_of(k->store, &sha256, on_release, &d, err);
    if (rc == CH_OK && d.count == 0) {
        rc = ch_fail(err, CH_E_NOT_FOUND, "nobody has asked for an image with this digest%s",
                     UNSEEN(where));
    } else if (rc == CH_OK && d.count > 1) {
        rc = ch_fail(err, CH_E_USAGE, "several are known by this digest: say which (%.*s)",
                     CH_STR_ARG(ch_buf_str(&d.names)));
    }
    ch_buf_done(&d.names);
    return rc;
}

/* --- all --- */

static struct ch_str without_ecosystem(struct ch_str text)
{
    size_t at;
    if (ch_str_find_char(text, ':', &at)) {
        const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_sub(text, 0, at));
        if (eco != NULL && eco->page_project != NULL) {
            return ch_str_sub(text, at + 1, text.len);
        }
    }
    return text;
}

static enum ch_code read_hosted(struct keeper *k, struct ch_str host, struct ch_str rest,
                                const struct image_where *where, struct image_name *ret,
                                bool *ret_foreign, struct ch_err *err)
{
    const struct ch_repository *repo = mirror_of(k, host, where);
    size_t at;
    if (is_ours(k, host)) { /* before a mirror: nobody mirrors himself */
        repo = ch_str_find_char(rest, '/', &at)
                   ? ch_config_repository(k->config, ch_str_sub(rest, 0, at))
                   : NULL;
        repo = repo != NULL && is_seen(where, repo) ? repo : NULL;
        rest = repo != NULL ? ch_str_sub(rest, at + 1, rest.len) : rest;
    }
    if (repo == NULL || eco_of(repo) == NULL) {
        *ret_foreign = true;
        return ch_fail(err, CH_E_NOT_FOUND, "no repository here is, or mirrors, what is at %.*s%s",
                       CH_STR_ARG(ch_str_sub(host, 0, 100)), UNSEEN(where));
    }
    return read_rest(rest, repo, ret) ? CH_OK
                                      : ch_fail(err, CH_E_USAGE, "no name of an image: " EXPECTED);
}

enum ch_code image_name_read(struct keeper *k, struct ch_str text, const struct image_where *where,
                             struct image_name *ret, bool *ret_foreign, struct ch_err *err)
{
    size_t at;
    *ret = (struct image_name){NULL, ""};
    *ret_foreign = false;
    if (text.len == 0 || text.len > 1024) {
        return ch_fail(err, CH_E_USAGE, "no name of an image: " EXPECTED);
    }
    if (where->hosted) {
        if (!ch_str_find_char(text, '/', &at) || !is_host_for_clients(ch_str_sub(text, 0, at))) {
            *ret_foreign = true;
            return ch_fail(err, CH_E_NOT_FOUND,
                           "it names no registry, so that clients ask their own default");
        }
        return read_hosted(k, ch_str_sub(text, 0, at), ch_str_sub(text, at + 1, text.len), where,
                           ret, ret_foreign, err);
    }
    if (ch_str_find(text, CH_STR("://"), NULL)) {
        return read_address(k, text, where, ret, ret_foreign, err);
    }
    text = without_ecosystem(text);
    if (ch_str_starts(text, CH_STR("sha256:"))) {
        return read_digest(k, text, where, ret, err);
    }
    if (ch_str_find_char(text, '/', &at) && is_host(k, ch_str_sub(text, 0, at), where)) {
        return read_hosted(k, ch_str_sub(text, 0, at), ch_str_sub(text, at + 1, text.len), where,
                           ret, ret_foreign, err);
    }
    const struct ch_repository *repo = only_one(k, where, err);
    if (repo == NULL) {
        return CH_E_USAGE;
    }
    return read_rest(text, repo, ret) ? CH_OK
                                      : ch_fail(err, CH_E_USAGE, "no name of an image: " EXPECTED);
}
