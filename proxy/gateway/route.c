/* Which part of the gateway answers a path: /-/... is its own, the first part else names a
 * repository, and the repository's ecosystem knows what the rest means. */
#include "gateway_int.h"

#include <stdlib.h>

#include "acr.h"
#include "push.h"
#include "referrers.h"
#include "registry.h"
#include "scoped.h"

#include "customhouse/secret.h"

/* Our own fetcher says who it is, and others pass that on: a request of ours that comes back is a
 * loop (T13). */
static bool is_loop(const struct gw *gw, const struct ch_http_view *v)
{
    const struct ch_str name = CH_STR(CH_INSTANCE_HEADER);
    for (size_t i = 0; i < v->header_count; i++) {
        struct ch_str rest = v->headers[i].value;
        struct ch_str one;
        while (ch_str_eq_nocase(v->headers[i].name, name) && ch_str_split(&rest, ',', &one)) {
            one = ch_str_trim(one);
            if (one.len > 0 && ch_str_eq_nocase(one, ch_str_of(gw->instance_id))) {
                return true;
            }
        }
    }
    return false;
}

/* What the path means behind the repository's name, which ends before segment `at`. What is signed
 * about a file lies beside it, under the decision on it, where files are signed for themselves. */
static void classify(const struct ch_http_view *v, const struct gw_repository *repo, size_t at,
                     struct ch_target *ret)
{
    const struct ch_ecosystem *eco = repo->eco;
    struct ch_str name = ch_str_of(repo->name);
    size_t count = v->segment_count - at;
    struct ch_str file;
    enum ch_part part;
    if (count == 0 || v->trailing_slash || eco->whole_versions ||
        !gw_document_part(v->segments[v->segment_count - 1], &file, &part)) {
        eco->classify(name, v->segments + at, count, v->trailing_slash, ret);
        return;
    }
    struct ch_str *segments = ch_calloc(count, sizeof(*segments));
    for (size_t i = 0; i + 1 < count; i++) {
        segments[i] = v->segments[at + i];
    }
    segments[count - 1] = file;
    eco->classify(name, segments, count, false, ret);
    free(segments);
    if (ret->kind == CH_TARGET_FILE && ret->part == CH_PART_FILE) {
        ret->part = part;
    } else {
        ret->kind = CH_TARGET_NONE;
    }
}

/* By the name that is looked up, so that no two ways of reading an address differ. */
static bool is_in_scope(const struct gw *gw, const struct ch_http_request *r,
                        const struct gw_repository *repo, const struct ch_target *target)
{
    struct ch_str page = ch_str_of(target->project);
    if (target->kind == CH_TARGET_NONE || target->kind == CH_TARGET_MOVED) {
        return true; /* nothing is there */
    }
    return gw_scoped_allows(gw, r, repo,
                            repo->eco->page_project != NULL ? repo->eco->page_project(page) : page,
                            CH_SCOPE_PULL);
}

static void route_repository(struct gw *gw, struct ch_http_request *r, const struct ch_http_view *v,
                             struct gw_repository *repo, size_t at)
{
    struct ch_target target;
    classify(v, repo, at, &target);
    if (!is_in_scope(gw, r, repo, &target)) {
        gw_scoped_respond_insufficient(gw, r);
        return;
    }
    switch (target.kind) {
    case CH_TARGET_ROOT:
    case CH_TARGET_PROJECT:
        gw_pages_request(gw, r, repo, &target);
        return;
    case CH_TARGET_FILE:
    case CH_TARGET_ANY_PAGE:
        if (!gw_referrers_filtered(r, &target, gw_push_is_hosted(gw, repo))) {
            gw_files_request(gw, r, repo, &target);
        }
        return;
    case CH_TARGET_MOVED:
        gw_respond_redirect(r, 301, ch_str_of(target.location));
        return;
    case CH_TARGET_NONE:
        break;
    }
    gw_respond_text(
        r, 404,
        ch_str_of(target.why != NULL ? target.why : "Nothing of this repository has this address"));
}

/* Under /-/ most is for everybody: it says nothing of what a repository has, or is found by a
 * number that only who was refused knows. The rest needs rights, and before them a caller. */
static bool is_public(const struct ch_http_view *v)
{
    struct ch_str what = v->segment_count > 1 ? v->segments[1] : (struct ch_str){NULL, 0};
    if (v->segment_count == 0 || !ch_str_eq(v->segments[0], CH_STR("-"))) {
        return false;
    }
    if (ch_str_eq(what, CH_STR("audit"))) {
        return v->segment_count < 4 || !ch_str_eq(v->segments[2], CH_STR("tile")) ||
               !ch_str_eq(v->segments[3], CH_STR("entries"));
    }
    return !ch_str_eq(what, CH_STR("metrics")) && !ch_str_eq(what, CH_STR("attestations")) &&
           !ch_str_eq(what, CH_STR("evidence")) && !ch_str_eq(what, CH_STR("policy"));
}

/* Whether anything here is for people without a token. Else even names of repositories are not
 * told. */
static bool knows_anonymous(const struct gw *gw, const struct ch_http_request *r)
{
    struct ch_repositories open;
    gw_pull_list(gw, r, &open);
    return open.count > 0 || gw_anonymous_may(gw, r);
}

bool gw_anonymous_sees(const struct gw *gw, const struct ch_http_request *r)
{
    return knows_anonymous(gw, r);
}

static void respond_nobodys(struct gw *gw, struct ch_http_request *r, struct ch_str why)
{
    if (!gw_caller_of(gw, r)->known && !knows_anonymous(gw, r)) {
        gw_respond_unauthorized(gw, r, false);
    } else {
        gw_respond_text(r, 404, why);
    }
}

/* Whose the address is, and where what is in it begins. NULL: nobody's. False: that was answered.
 */
static bool find_whose(struct gw *gw, struct ch_http_request *r, struct gw_repository **ret,
                       size_t *ret_at)
{
    const struct ch_http_view *v = ch_http_view(r);
    const char *prefix = gw_path_prefix(v);
    struct ch_err err;
    *ret_at = 1;
    *ret = NULL;
    if (prefix == NULL) {
        *ret = gw_find_repository(gw, v->segments[0]);
    } else {
        struct gw_repository *named =
            v->segment_count > 1 ? gw_find_repository(gw, v->segments[1]) : NULL;
        enum ch_code rc = gw_registry_find(gw, r, named, ret, ret_at, &err);
        if (rc == CH_E_NOT_FOUND) {
            respond_nobodys(gw, r, ch_str_of(err.msg));
            return false;
        }
        if (rc != CH_OK) {
            gw_respond_text(r, 400, ch_str_of(err.msg));
            return false;
        }
    }
    if (*ret != NULL && (*ret)->eco->path_prefix != prefix) {
        *ret = NULL; /* it has another address */
    }
    return true;
}

static void pull(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo, size_t at)
{
    if (!gw_may_pull(gw, r, repo)) {
        gw_respond_not_permitted(gw, r, repo->name);
        return;
    }
    route_repository(gw, r, ch_http_view(r), repo, at);
}

static void go_on(struct gw *gw, struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    bool own = v->segment_count == 0 || ch_str_eq(v->segments[0], CH_STR("-"));
    if (gw_is_acr(v)) {
        ch_http_set_note(r, &gw->special_note);
        gw_acr_request(gw, r);
        return;
    }
    if (gw_caller_of(gw, r)->scans) { /* what is in quarantine goes out to nobody */
        gw_sign_in_elsewhere(gw, r);
        return;
    }
    if (gw_caller_of(gw, r)->push && gw_path_prefix(v) == NULL) {
        gw_sign_in_elsewhere(gw, r);
        return;
    }
    if (own && v->dropped > 0) {
        gw_respond_text(r, 404, CH_STR("A token stands before channels alone"));
        return;
    }
    if (v->segment_count == 0) {
        ch_http_set_note(r, &gw->special_note);
        gw_special_root(gw, r);
        return;
    }
    if (own) {
        ch_http_set_note(r, &gw->special_note);
        gw_special_request(gw, r, v);
        return;
    }
    if (v->segment_count == 1 && gw_registry_is_any(gw, v) && !gw_push_writes(v)) {
        if (v->authorization.ptr == NULL && gw_registry_wants_token(gw, r)) {
            gw_registry_challenge(gw, r, NULL,
                                  CH_STR("A token is needed: sign in, or ask for one without"));
        } else if (gw_caller_of(gw, r)->known || knows_anonymous(gw, r)) {
            gw_registry_version(r);
        } else {
            gw_respond_unauthorized(gw, r, false);
        }
        return;
    }
    struct gw_repository *repo;
    size_t at;
    if (!find_whose(gw, r, &repo, &at)) {
        return;
    }
    if (repo == NULL) {
        respond_nobodys(gw, r, CH_STR("No repository has this name"));
        return;
    }
    if (v->dropped > 0 && !repo->eco->token_in_path) {
        gw_respond_text(r, 404, CH_STR("Clients of this repository send a token as password"));
        return;
    }
    ch_http_set_note(r, &repo->page_note);
    if (gw_push_request(gw, r, repo, at, pull)) {
        return;
    }
    pull(gw, r, repo, at);
}

/* Conda's clients put a token in front of the path: /t/TOKEN/CHANNEL/... It is taken off before
 * anything is done with the path, and looked at where what follows is of a repository whose clients
 * do so: elsewhere there is nothing, whatever the token. Absent: there is none. */
static struct ch_str take_path_token(struct gw *gw, struct ch_http_request *r)
{
    const struct ch_http_view *v = ch_http_view(r);
    const struct ch_str mark = CH_STR("t");
    const struct ch_str none = {NULL, 0};
    if (v->segment_count < 2 || !ch_str_eq(v->segments[0], mark) ||
        gw_find_repository(gw, mark) != NULL) {
        return none;
    }
    struct ch_str token = v->segments[1];
    ch_http_drop_segments(r, 2);
    const struct gw_repository *repo =
        v->segment_count > 0 ? gw_find_repository(gw, v->segments[0]) : NULL;
    return repo != NULL && repo->eco->token_in_path ? token : none;
}

void gw_route(struct ch_http_request *r, void *owner)
{
    struct gw *gw = owner;
    const struct ch_http_view *v = ch_http_view(r);
    struct ch_str path_token = take_path_token(gw, r);
    ch_http_set_note(r, &gw->unknown_note);
    bool post = v->method == CH_HTTP_POST && gw_is_exception(v);
    bool token = gw_registry_is_token(gw, v);
    bool push = gw_push_writes(v) && gw_path_prefix(v) != NULL && v->segment_count > 1;
    if (v->method != CH_HTTP_GET && v->method != CH_HTTP_HEAD && !post && !push &&
        !(token && v->method == CH_HTTP_POST) && !(gw_is_acr(v) && v->method == CH_HTTP_PATCH)) {
        gw_respond_text(r, 405, CH_STR("Only GET and HEAD are answered here"));
        return;
    }
    if (is_loop(gw, v)) {
        gw_respond_text(r, 508, CH_STR("An upstream of this gateway is this gateway itself"));
        return;
    }
    /* who asks for an exception with a token asks as that person, who then cannot approve it (T22)
     */
    if (ch_secret_in_encoded(v->path) || ch_secret_in_encoded(v->query)) {
        /* what it names would be asked for, and recorded */
        gw_respond_text(
            r, 400,
            CH_STR("A token stands in this address, and addresses are written into logs: "
                   "have it revoked, and send another one as password"));
        return;
    }
    bool as_person = post && v->authorization.ptr != NULL;
    if (is_public(v) && !as_person) {
        go_on(gw, r);
        return;
    }
    bool own = v->segment_count == 0 || ch_str_eq(v->segments[0], CH_STR("-"));
    if (!own && !gw->met_keeper) { /* nothing can be answered yet, and nobody knows when */
        gw_respond_starting(r);
        return;
    }
    if (token && path_token.ptr == NULL) {
        ch_http_set_note(r, &gw->special_note);
        gw_registry_token(gw, r);
        return;
    }
    gw_sign_in(gw, r, path_token, go_on);
}
