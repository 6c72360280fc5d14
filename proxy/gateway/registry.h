/* What registries of images have beside files (ch_ecosystem.path_prefix). */
#ifndef CH_GATEWAY_REGISTRY_H
#define CH_GATEWAY_REGISTRY_H

#include "gateway_int.h"

/* The part before repositories' names that the path begins with ("v2"); NULL: none. */
const char *gw_path_prefix(const struct ch_http_view *v);
/* Whose the rest of a path with a prefix is, from segment *ret_at on. `named` is the repository of
 * its second part, NULL: there is none, and *ret then is neither. A client may say instead which
 * registry it means (`ns`): then the path has that registry's own name and `named` is not looked
 * at, and it is the first repository of the configuration that mirrors it, and no other (T24). CH_E_NOT_FOUND: no repository
 * does; CH_E_USAGE: `ns` cannot be read. */
enum ch_code gw_registry_find(const struct gw *gw, const struct ch_http_request *r,
                              struct gw_repository *named, struct gw_repository **ret,
                              size_t *ret_at, struct ch_err *err) CH_MUST_CHECK;
/* Whether a repository is reached behind the prefix that the path begins with. */
bool gw_registry_is_any(const struct gw *gw, const struct ch_http_view *v);
/* The repository that mirrors what `ns` names, wherever the request goes to. CH_OK and NULL: it names
 * none; CH_E_NOT_FOUND, CH_E_USAGE: as above. */
enum ch_code gw_registry_of_namespace(const struct gw *gw, const struct ch_http_request *r,
                                      struct gw_repository **ret, struct ch_err *err) CH_MUST_CHECK;

/* --- registry_challenge.c: where tokens are had --- */
/* Whether there is a registry whose clients can be told. */
bool gw_registry_has_tokens(const struct gw *gw);
/* Whether something in one of them is not for who comes without: pushing, or pulling from one. Then clients are
 * told at the first request how to sign in, or they would never do so. */
bool gw_registry_wants_token(const struct gw *gw, const struct ch_http_request *r);
/* What WWW-Authenticate says: where, and for what. `error`: of RFC 6750; NULL: nothing was wrong. */
void gw_registry_put_challenge(const struct gw *gw, const struct ch_http_request *r,
                               const char *error, struct ch_buf *out);
/* 401 with it. */
void gw_registry_challenge(struct gw *gw, struct ch_http_request *r, const char *error,
                           struct ch_str text);
/* --- registry_token.c --- */
bool gw_registry_is_token(const struct gw *gw, const struct ch_http_view *v);
void gw_registry_token(struct gw *gw, struct ch_http_request *r);
/* "Yes, this is one." */
void gw_registry_version(struct ch_http_request *r);
/* Appends an error as clients of registries read it. False: this is none of their addresses. */
bool gw_registry_put_error(const struct ch_http_request *r, int status, struct ch_str text,
                           struct ch_buf *body);

#endif
