/* What a command is about: NAME, NAME==VERSION, a range, a file, a URL of this server, sha256:HEX,
 * the ID of a refusal; and the repository it is in. */
#include "commands_int.h"
#include "db/keeper/pages/digest_search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "customhouse/ascii.h"

static void copy(char *to, size_t size, struct ch_str s)
{
    snprintf(to, size, "%.*s", (int)(s.len < size ? s.len : size - 1), s.len > 0 ? s.ptr : "");
}

/* Whether files of this upstream may come through the repository; NULL: whichever. */
static bool has_upstream(const struct ch_repository *r, const char *upstream)
{
    for (size_t u = 0; upstream != NULL && u < r->upstream_count; u++) {
        if (strcmp(r->upstreams[u], upstream) == 0) {
            return true;
        }
    }
    return upstream == NULL;
}

/* The repository the command is about: --repository, else the only one of the ecosystem (and of
 * those with the upstream), or of several the only one that is for who commands. What is approved
 * or denied in one of several is not left to their order. */
const struct ch_repository *command_repository(struct command *c, struct ch_str ecosystem,
                                               const char *upstream, struct ch_err *err)
{
    struct ch_str name = command_option(c, "repository");
    const struct ch_config *config = c->k->config;
    const struct ch_repository *found = NULL;
    const struct ch_repository *theirs = NULL;
    size_t count = 0, seen = 0;
    struct ch_buf names;
    const struct ch_repository *said = ch_config_repository(config, name);
    if (said != NULL && ecosystem.len > 0 && !ch_str_eq(ecosystem, ch_str_of(said->ecosystem))) {
        ch_fail(err, CH_E_USAGE, "repository %s is of %s, not of %.*s", said->name, said->ecosystem,
                CH_STR_ARG(ecosystem));
        return NULL;
    }
    ch_buf_init(&names, 512); /* so many fit into an error */
    for (size_t i = 0; i < config->repository_count; i++) {
        const struct ch_repository *r = &config->repositories[i];
        if (name.len > 0 ? ch_str_eq(name, ch_str_of(r->name))
                         : (ecosystem.len == 0 || ch_str_eq(ecosystem, ch_str_of(r->ecosystem))) &&
                               has_upstream(r, upstream)) {
            found = r;
            if (command_sees(c, c->action, ch_str_of(r->name))) {
                theirs = r;
                seen++;
            }
            ch_buf_printf(&names, "%s%s", count++ > 0 ? ", " : "", r->name);
        }
    }
    if (count == 0) {
        ch_fail(err, CH_E_USAGE, "no repository %.*s in the configuration",
                CH_STR_ARG(name.len > 0 ? name : ecosystem));
    } else if (count > 1 && seen != 1) {
        ch_fail(err, CH_E_USAGE, "several repositories have it: say which with --repository (%.*s)",
                CH_STR_ARG(ch_buf_str(&names)));
    }
    ch_buf_done(&names);
    return count == 1 ? found : count > 1 && seen == 1 ? theirs : NULL;
}

/* Behind a part that comes before repositories' names, "v2/" (ch_ecosystem.path_prefix). */
static struct ch_str without_prefix(struct ch_str path)
{
    for (size_t i = 0; ch_ecosystems[i] != NULL; i++) {
        struct ch_str prefix = ch_str_of(ch_ecosystems[i]->path_prefix);
        if (prefix.len > 0 && ch_str_starts(path, prefix) && path.len > prefix.len &&
            path.ptr[prefix.len] == '/') {
            return ch_str_sub(path, prefix.len + 1, path.len);
        }
    }
    return path;
}

/* The repository that a URL of this server names: the first part of its path. What is behind it is
 * in *ret_rest. */
static const struct ch_repository *repository_of_url(const struct command *c, struct ch_str url,
                                                     struct ch_str *ret_rest)
{
    size_t at;
    *ret_rest = (struct ch_str){NULL, 0};
    if (!ch_str_find(url, CH_STR("://"), &at)) {
        return NULL;
    }
    url = ch_str_sub(url, at + 3, url.len);
    if (!ch_str_find_char(url, '/', &at)) {
        return NULL;
    }
    url = without_prefix(ch_str_sub(url, at + 1, url.len));
    if (!ch_str_find_char(url, '/', &at)) {
        return NULL;
    }
    *ret_rest = ch_str_sub(url, at + 1, url.len);
    return command_option(c, "repository").len > 0 /* which says it */
               ? NULL
               : ch_config_repository(c->k->config, ch_str_sub(url, 0, at));
}

enum ch_code command_digest(const struct command *c, bool *ret_is, struct ch_sha256 *ret,
                            struct ch_err *err)
{
    struct ch_str word = command_word(c);
    bool is = ch_str_starts(word, CH_STR("sha256:"));
    if (is && !ch_sha256_from_any_hex(ch_str_sub(word, 7, word.len), ret)) {
        return ch_fail(err, CH_E_USAGE, "sha256: expected 64 hex digits after it");
    }
    if (is && ch_sha256_is_zero(ret)) { /* which stands for a digest that nobody stated */
        return ch_fail(err, CH_E_USAGE, "sha256: nothing has a digest of zeros alone");
    }
    *ret_is = is;
    return CH_OK;
}

/* Which of several pages says most of it: where the bytes came; else where they are decided; the
 * least, one that points there: a tag. */
static int rank(const struct page *p, size_t file, const struct what *came)
{
    if (ch_str_eq(page_name(p), ch_str_of(came->project)) &&
        ch_str_eq(p->facts.files[file].index.file_name, ch_str_of(came->file_name))) {
        return 3;
    }
    return page_is_pointer(p, file) ? 1 : 2;
}

/* The index states it, so that lock files have it, or its bytes came so: of the pages at hand,
 * those of repositories that the command may see. *ret_names: the repositories, where several list
 * it. */
static const struct page *page_that_lists(const struct command *c, const struct ch_sha256 *sha256,
                                          const struct what *came, size_t *ret_file,
                                          struct ch_buf *ret_names)
{
    struct ch_str only = command_option(c, "repository");
    const struct page *found = NULL;
    struct ch_map *names = ch_map_new();
    size_t cursor = 0, count = 0;
    int best = 0;
    void *value;
    while (ch_map_next(c->k->pages, &cursor, NULL, &value)) {
        const struct page *p = value;
        if (p->load != PAGE_READY || (only.len > 0 && !ch_str_eq(only, ch_str_of(p->repository))) ||
            !command_sees(c, c->action, ch_str_of(p->repository))) {
            continue;
        }
        for (size_t i = 0; i < p->facts.file_count; i++) {
            if (p->facts.files[i].removed_at_us != CH_TIME_UNKNOWN ||
                !ch_sha256_eq(command_bytes_now(p, i), sha256)) {
                continue;
            }
            if (ch_map_get(names, ch_str_of(p->repository)) == NULL) {
                ch_map_set(names, ch_str_of(p->repository), p->repository);
                ch_buf_printf(ret_names, "%s%s", count++ > 0 ? ", " : "", p->repository);
            }
            if (rank(p, i, came) > best) {
                best = rank(p, i, came);
                *ret_file = i;
                found = p;
            }
        }
    }
    if (count < 2) {
        ch_buf_clear(ret_names);
    }
    ch_map_free(names);
    return found;
}

static enum ch_code fail_unlisted(const struct digest_looked *looked, struct ch_err *err)
{
    static const char never[] = "no file with this sha256 was ever fetched, and";
    if (looked->failed) {
        return ch_fail(err, CH_E_NOT_FOUND,
                       "%s which pages of indexes are known here cannot be read: name it by its "
                       "file name, or as NAME==VERSION",
                       never);
    }
    if (looked->through == looked->known) {
        return ch_fail(
            err, CH_E_NOT_FOUND,
            "%s none of the %zu pages of indexes that are known here lists it: ask for its "
            "project's page first (customhouse explain NAME)",
            never, looked->known);
    }
    return ch_fail(
        err, CH_E_NOT_FOUND,
        "%s none of the %zu pages that were looked through lists it, of %zu that are known "
        "here: name it by its file name, or as NAME==VERSION",
        never, looked->through, looked->known);
}

/* Which of several repositories is meant is nobody's guess, whether or not the bytes came in one.
 */
static enum ch_code check_one_lists(const struct digest_looked *looked, const struct ch_buf *names,
                                    struct ch_err *err)
{
    if (names->len > 0) {
        return ch_fail(err, CH_E_USAGE,
                       "several repositories list it: say which with --repository (%.*s)",
                       CH_STR_ARG(ch_buf_str(names)));
    }
    if (looked->repositories > 1 && (looked->failed || looked->through < looked->known)) {
        return ch_fail(err, CH_E_USAGE,
                       "other repositories may list it, not all that is known here could be looked "
                       "through: say which with --repository");
    }
    return CH_OK;
}

static enum ch_code what_by_digest(struct command *c, const struct ch_sha256 *sha256,
                                   struct what *ret, struct ch_err *err)
{
    size_t file = 0;
    struct ch_buf names;
    struct digest_looked looked = {.known = 0};
    const struct ch_repository *r = NULL;
    ch_buf_init(&names, 512); /* so many fit into an error */
    enum ch_code rc = command_what_came(c, sha256, ret, err);
    if (c->digest_search != NULL) { /* what only stored pages list is in memory by now */
        looked = digest_search_looked(c->digest_search);
    }
    const struct page *p = rc == CH_OK ? page_that_lists(c, sha256, ret, &file, &names) : NULL;
    if (p != NULL) { /* rather than where they came, and others stand by now */
        struct ch_str name = p->facts.files[file].index.file_name;
        if (!page_is_pointer(p, file) ||
            !p->eco->decided_on(page_name(p), name, ret->project, sizeof(ret->project)) ||
            ret->project[0] == '\0') {
            copy(ret->project, sizeof(ret->project), page_name(p));
        }
        copy(ret->file_name, sizeof(ret->file_name), name);
        copy(ret->upstream, sizeof(ret->upstream), ch_str_of(p->upstream->name));
    } else if (rc == CH_OK && ret->file_name[0] == '\0') {
        rc = fail_unlisted(&looked, err);
    }
    rc = rc == CH_OK ? check_one_lists(&looked, &names, err) : rc;
    ch_buf_done(&names);
    if (rc == CH_OK) {
        r = command_repository(c, (struct ch_str){NULL, 0}, ret->upstream, err);
        rc = r == NULL ? CH_E_USAGE : CH_OK;
        copy(ret->repository, sizeof(ret->repository), ch_str_of(r != NULL ? r->name : NULL));
    }
    return rc;
}

/* On pages of many projects: the page that lists it, else its project, as its name says. */
static bool what_by_listed_file(struct command *c, const struct ch_ecosystem *eco,
                                struct ch_str word, struct what *ret)
{
    struct ch_err err;
    ret->kind = WHAT_FILE;
    copy(ret->file_name, sizeof(ret->file_name), word);
    if (!eco->project_of(word, ret->project, sizeof(ret->project))) {
        return false;
    }
    ret->unlisted = true;
    const struct page *p = command_find_page(c->k, ret, &err);
    if (p != NULL) {
        copy(ret->project, sizeof(ret->project), page_name(p));
        ret->unlisted = false;
    }
    return true;
}

/* A file name: its project is the part before one of the hyphens. A page that knows the file wins,
 * then what the ecosystem reads in the name: "my-pkg-1.0.tar.gz" is of my-pkg. */
static bool what_by_file(struct command *c, const struct ch_repository *repo, struct ch_str word,
                         struct what *ret)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    char first[256] = "";
    if (eco != NULL && eco->is_page != NULL) {
        return what_by_listed_file(c, eco, word, ret);
    }
    if (eco != NULL && !eco->project_of(word, first, sizeof(first))) {
        first[0] = '\0';
    }
    for (size_t i = 1; eco != NULL && i < word.len; i++) {
        char name[256];
        if (word.ptr[i] != '-' || !eco->normalise(ch_str_sub(word, 0, i), name, sizeof(name))) {
            continue;
        }
        if (first[0] == '\0') {
            snprintf(first, sizeof(first), "%s", name);
        }
        struct page *p = page_get(c->k, ch_str_of(repo->name), ch_str_of(name));
        if (p != NULL && page_load(c->k, p) && page_find_file(p, word) >= 0) {
            snprintf(first, sizeof(first), "%s", name);
            break;
        }
    }
    snprintf(ret->project, sizeof(ret->project), "%s", first);
    copy(ret->file_name, sizeof(ret->file_name), word);
    ret->kind = WHAT_FILE;
    return first[0] != '\0';
}

static bool looks_like_file(const struct ch_repository *repo, struct ch_str word)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    for (size_t i = 0; eco != NULL && eco->file_endings[i] != NULL; i++) {
        if (ch_str_ends(word, ch_str_of(eco->file_endings[i]))) {
            return true;
        }
    }
    return false;
}

/* Any that a file name can have: old ones are not all of PEP 440. */
static bool is_version(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || strchr("=<>~;,[]()/\"'", s.ptr[i]) != NULL) {
            return false;
        }
    }
    return s.len > 0;
}

/* NAME[EXTRA,...] is the same project and files as NAME; what else is needed then, extras say. What
 * is not of that form stays, and is refused. */
static struct ch_str without_extras(struct ch_str spec, struct ch_str *ret_extras)
{
    size_t end;
    if (!ch_str_starts(spec, CH_STR("[")) || !ch_str_find_char(spec, ']', &end)) {
        return spec;
    }
    for (size_t i = 1; i < end; i++) {
        char c = spec.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     strchr("-_., ", c) != NULL;
        if (!plain) {
            return spec;
        }
    }
    *ret_extras = ch_str_sub(spec, 1, end - 1);
    return ch_str_trim(ch_str_sub(spec, end + 1, spec.len));
}

/* A version, or "1.26.*", without an operator. */
static bool is_bare(struct ch_str spec)
{
    struct ch_str version = spec;
    if (ch_str_ends(version, CH_STR(".*"))) {
        version.len -= 2;
    }
    return is_version(version) && version.ptr[0] >= '0' && version.ptr[0] <= '9' &&
           !ch_str_find_char(version, '*', NULL) && !ch_str_find_char(version, '|', NULL);
}

static enum ch_code what_by_name(const struct ch_repository *repo, struct ch_str word,
                                 struct what *ret, struct ch_err *err)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    size_t at = 0;
    while (at < word.len && strchr("=<>!~ [;,", word.ptr[at]) == NULL) {
        at++;
    }
    struct ch_str spec = ch_str_trim(ch_str_sub(word, at, word.len));
    struct ch_str extras = {NULL, 0};
    spec = without_extras(spec, &extras);
    if (eco == NULL ||
        !eco->normalise(ch_str_sub(word, 0, at), ret->project, sizeof(ret->project))) {
        return ch_fail(err, CH_E_USAGE,
                       "expected pypi:NAME, NAME==VERSION, NAME with a version range, a file name, "
                       "a URL of this server, sha256:HEX or the ID of a refusal");
    }
    if (spec.len >= sizeof(ret->spec)) { /* cut, it would name others */
        return ch_fail(err, CH_E_USAGE, "a version range of %zu bytes, at most %zu", spec.len,
                       sizeof(ret->spec) - 1);
    }
    if (extras.len >= sizeof(ret->extras)) {
        return ch_fail(err, CH_E_USAGE, "extras of %zu bytes, at most %zu", extras.len,
                       sizeof(ret->extras) - 1);
    }
    char bare[sizeof(ret->spec) + 2];
    if (eco->match_spec != NULL &&
        is_bare(spec)) { /* as conda writes it: "numpy 1.26", "numpy 1.26.*" */
        bool star = ch_str_find_char(spec, '*', NULL);
        int n = snprintf(bare, sizeof(bare), "%s%.*s", star ? "=" : "==", CH_STR_ARG(spec));
        spec = (struct ch_str){bare, (size_t)n < sizeof(bare) ? (size_t)n : 0};
    }
    copy(ret->extras, sizeof(ret->extras), extras);
    copy(ret->spec, sizeof(ret->spec), spec);
    ret->kind = spec.len == 0 ? WHAT_PROJECT : WHAT_RANGE;
    if (ch_str_starts(spec, CH_STR("==")) && !ch_str_find_char(spec, '*', NULL) &&
        !ch_str_find_char(spec, ',', NULL)) {
        ret->kind = WHAT_VERSION;
        struct ch_str version =
            ch_str_sub(spec, ch_str_starts(spec, CH_STR("===")) ? 3 : 2, spec.len);
        version = ch_str_trim(version);
        if (version.len >= sizeof(ret->version)) {
            return ch_fail(err, CH_E_USAGE, "a version of more than %zu bytes",
                           sizeof(ret->version) - 1);
        }
        if (!is_version(version)) { /* it would be no version's, and a deny of it deny nothing */
            return ch_fail(err, CH_E_USAGE, "expected one version after ==, and nothing else");
        }
        copy(ret->version, sizeof(ret->version), version);
        bool match;
        struct ch_err why;
        if (eco->match_version(spec, version, &match, &why) != CH_OK) {
            /* not of PEP 440: as a range it could not be read, and a deny of it deny every version
             */
            snprintf(ret->spec, sizeof(ret->spec), "===%s", ret->version);
        }
    } else if (spec.len > 0) {
        bool match;
        enum ch_code rc = eco->match_version(spec, CH_STR("1"), &match, err);
        return rc == CH_OK && ch_ecosystem_has_no_version(eco, spec)
                   ? ch_fail(err, CH_E_USAGE, "%s%s: no version can ever be in this range",
                             ret->project, ret->spec)
                   : rc;
    }
    return CH_OK;
}

/* "%2B" and the like, as a version's "+" is written in links; into `room`. */
static struct ch_str decoded(struct ch_str s, char *room, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < size; i++) {
        int high = s.ptr[i] == '%' && i + 2 < s.len ? ch_hex_digit(s.ptr[i + 1]) : -1;
        int low = high >= 0 ? ch_hex_digit(s.ptr[i + 2]) : -1;
        room[n++] = low >= 0 ? (char)(high << 4 | low) : s.ptr[i];
        i += low >= 0 ? 2 : 0;
    }
    return (struct ch_str){room, n};
}

/* Of a URL only the last part matters, the name of a file; of a project's page
 * (REPOSITORY/simple/NAME/), the name. */
static struct ch_str last_part(struct ch_str url, bool *ret_page)
{
    size_t at;
    struct ch_str before = {NULL, 0};
    if (ch_str_find_char(url, '#', &at)) {
        url = ch_str_sub(url, 0, at);
    }
    if (ch_str_find_char(url, '?', &at)) {
        url = ch_str_sub(url, 0, at);
    }
    if (ch_str_ends(url, CH_STR("/"))) {
        url = ch_str_sub(url, 0, url.len - 1);
    }
    while (ch_str_find_char(url, '/', &at)) {
        before = ch_str_sub(url, 0, at);
        url = ch_str_sub(url, at + 1, url.len);
    }
    *ret_page = ch_str_eq(before, CH_STR("simple"));
    if (!*ret_page && ch_str_eq(url, CH_STR("simple"))) {
        return (struct ch_str){NULL, 0}; /* the list of projects is about none */
    }
    if (!*ret_page && ch_str_ends(url, CH_STR(".metadata"))) {
        url = ch_str_sub(url, 0, url.len - 9);
    }
    return url;
}

/* PAGE/WHAT, where pages list many projects: what is behind the page's name. Where a page is one
 * project's, names have slashes of their own. */
static struct ch_str without_page(const struct ch_repository *repo, struct ch_str word,
                                  struct what *ret)
{
    const struct ch_ecosystem *eco = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    size_t at;
    if (eco == NULL || eco->is_page == NULL || eco->page_project != NULL ||
        !ch_str_find_char(word, '/', &at) || !eco->is_page(ch_str_sub(word, 0, at)) ||
        at >= sizeof(ret->page)) {
        return word;
    }
    copy(ret->page, sizeof(ret->page), ch_str_sub(word, 0, at));
    return ch_str_sub(word, at + 1, word.len);
}

/* Likewise of a URL, ".../PAGE/FILE". */
static struct ch_str without_page_of_url(const struct ch_repository *repo, struct ch_str url,
                                         bool *ret_page, struct what *ret)
{
    struct ch_str word = last_part(url, ret_page);
    size_t end = word.ptr != NULL && word.ptr > url.ptr ? (size_t)(word.ptr - url.ptr) - 1 : 0;
    size_t from = end;
    while (from > 0 && url.ptr[from - 1] != '/') {
        from--;
    }
    CH_IGNORE(without_page(repo, ch_str_sub(url, from, url.len), ret).len == 0);
    return word;
}

static enum ch_code read_what(struct command *c, struct what *ret, struct ch_err *err)
{
    struct ch_str word = command_word(c);
    struct ch_str ecosystem = {NULL, 0};
    char name[1024];
    size_t at;
    *ret = (struct what){.kind = WHAT_PROJECT};
    if (word.len == 0 || word.len > 1024) {
        return ch_fail(err, CH_E_USAGE,
                       "what? expected pypi:NAME, NAME==VERSION, a file name, a URL "
                       "of this server, sha256:HEX or the ID of a refusal");
    }
    bool digest;
    struct ch_sha256 sha256;
    if (command_digest(c, &digest, &sha256, err) != CH_OK) {
        return err->code;
    }
    bool url = ch_str_find(word, CH_STR("://"), NULL);
    if (!digest && !url && ch_str_find_char(word, ':', &at) &&
        ch_ecosystem_find(ch_str_sub(word, 0, at)) != NULL) {
        ecosystem = ch_str_sub(word, 0, at);
        word = ch_str_sub(word, at + 1, word.len);
    }
    struct ch_str rest = {NULL, 0};
    const struct ch_repository *repo = url ? repository_of_url(c, word, &rest) : NULL;
    if (url && ch_str_find(word, CH_STR("/-/x/"), &at)) {
        word = ch_str_sub(word, at + 5, word.len);
    }
    struct ch_refusal_row row;
    struct ch_buf strings;
    ch_buf_init(&strings, 8192);
    if (word.len == 16 && ch_store_get_refusal(c->k->store, word, &row, &strings, err) == CH_OK) {
        copy(ret->repository, sizeof(ret->repository), row.repository);
        copy(ret->project, sizeof(ret->project), row.project);
        copy(ret->file_name, sizeof(ret->file_name), row.file_name);
        ret->kind = WHAT_FILE;
        ch_buf_done(&strings);
        return CH_OK;
    }
    ch_buf_done(&strings);
    if (digest) {
        return what_by_digest(c, &sha256, ret, err);
    }
    const struct ch_ecosystem *image = url ? NULL : command_image_ecosystem(word);
    if (image != NULL && ecosystem.len == 0) {
        ecosystem = ch_str_of(image->name);
    }
    repo = repo != NULL ? repo : command_repository(c, ecosystem, NULL, err);
    if (repo == NULL) {
        return CH_E_USAGE;
    }
    copy(ret->repository, sizeof(ret->repository), ch_str_of(repo->name));
    if (image != NULL && ch_str_eq(ch_str_of(image->name), ch_str_of(repo->ecosystem))) {
        return command_what_image(c, repo, word, ret, err);
    }
    const struct ch_ecosystem *own = ch_ecosystem_find(ch_str_of(repo->ecosystem));
    if (url && own != NULL && own->page_project != NULL) {
        return command_what_address(c, repo, rest, ret, err);
    }
    bool page = false;
    word = url ? without_page_of_url(repo, word, &page, ret) : without_page(repo, word, ret);
    if (url) {
        word = decoded(word, name, sizeof(name));
    }
    if (!page && looks_like_file(repo, word)) {
        return what_by_file(c, repo, word, ret)
                   ? CH_OK
                   : ch_fail(err, CH_E_USAGE, "%.*s: no project name in this file name",
                             CH_STR_ARG(word));
    }
    return what_by_name(repo, word, ret, err);
}

/* A version on a page of many projects is that page's: another one that comes to list it is not
 * meant. */
static void settle_page(struct keeper *k, struct what *what)
{
    struct ch_err err;
    if (what->kind != WHAT_VERSION || !command_is_searched(k, what)) {
        return;
    }
    const struct page *p = what->page[0] == '\0' ? command_find_page(k, what, &err) : NULL;
    if (p != NULL) {
        copy(what->page, sizeof(what->page), page_name(p));
    }
    if (what->page[0] != '\0') {
        snprintf(what->scope, sizeof(what->scope), "%s/%s", what->page, what->project);
    }
}

enum ch_code command_what(struct command *c, struct what *ret, struct ch_err *err)
{
    enum ch_code rc = read_what(c, ret, err);
    if (rc == CH_OK) {
        settle_page(c->k, ret);
    }
    return rc == CH_OK ? command_check(c, c->action, ch_str_of(ret->repository), err) : rc;
}
