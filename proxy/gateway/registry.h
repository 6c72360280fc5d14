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
/* Whether there is a hosted repository: then clients are told at the first request how to sign in, or they would push
 * without. */
bool gw_registry_is_pushed_to(const struct gw *gw);
/* 401 with where tokens are had: /oauth2/token, which gives back the one that is presented, and to who has none one that
 * is none. Spec: distribution's token authentication. */
void gw_registry_challenge(struct gw *gw, struct ch_http_request *r);
bool gw_registry_is_token(const struct gw *gw, const struct ch_http_view *v);
void gw_registry_token(struct gw *gw, struct ch_http_request *r);
/* "Yes, this is one." */
void gw_registry_version(struct ch_http_request *r);
/* Appends an error as clients of registries read it. False: this is none of their addresses. */
bool gw_registry_put_error(const struct ch_http_request *r, int status, struct ch_str text,
                           struct ch_buf *body);

#endif
