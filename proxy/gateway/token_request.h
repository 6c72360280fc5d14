/* What a client of registries sends who asks for a token of some images: the query of a GET, or a
 * form. Strict where it says who it is and what it wants; words that nobody here asks about are
 * passed over. Pure.
 *
 * Spec: distribution, "Token Authentication Specification" (service, scope, offline_token), "Token
 * Scope Documentation" (the grammar of scope), "OAuth2 Token Authentication" (grant_type,
 * access_type). */
#ifndef CH_GATEWAY_TOKEN_REQUEST_H
#define CH_GATEWAY_TOKEN_REQUEST_H

#include "customhouse/message_scoped.h"

enum gw_grant { GW_GRANT_NONE = 0, GW_GRANT_PASSWORD, GW_GRANT_REFRESH, GW_GRANT_OTHER };

struct gw_token_request {
    struct ch_buf text; /* what slices point into, decoded */
    enum gw_grant grant;
    struct ch_str service; /* absent: not said */
    struct ch_str password, refresh_token;
    bool offline; /* wants a refresh token, too */
    struct ch_scopes
        wanted; /* names as they are said; each once. Other kinds of resources are left out */
};
void gw_token_request_init(struct gw_token_request *r);
void gw_token_request_done(struct gw_token_request *r); /* wipes what it had */

/* NULL: good; else what is wrong, for people. */
const char *gw_token_request_read(struct ch_str text, struct gw_token_request *ret);

/* "repository:NAME:ACTION,..." and more of them, with blanks between, added to the list. A scope of
 * another type, or of no action that is known here, adds nothing ("*": all of them); one that is no
 * scope at all is false, and so are more than CH_SCOPES_MAX images. `text` lives as long as the
 * list. */
bool gw_scopes_add(struct ch_scopes *list, struct ch_str text);

#endif
