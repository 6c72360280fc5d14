/* Tokens of some images, as gateways see them: verified with the public half of the keeper's key,
 * and asked about like any other token (sign_in.c). What one names is the least: the right of whom
 * it stands for is looked at as well, each time (gw_may_pull; of pushing, by the keeper). */
#ifndef CH_GATEWAY_SCOPED_H
#define CH_GATEWAY_SCOPED_H

#include "db/signing/scoped.h"
#include "gateway_int.h"

struct gw_scoped { /* one that was verified */
    unsigned refs;
    char *text;
    struct ch_scoped is;
};
/* NULL: it is none, or not any more; err says which, as ch_scoped_read has it. */
struct gw_scoped *gw_scoped_read(const struct gw *gw, struct ch_str text, struct ch_err *err);
struct gw_scoped *gw_scoped_ref(struct gw_scoped *s);
void gw_scoped_unref(struct gw_scoped *s); /* accepts NULL */

/* CH_MSG_TOKEN_KEY */
void gw_scoped_key(struct gw *gw, struct ch_str payload);

/* Whether the request's token is for this of the image, enum ch_scope_action; any but one of some
 * images is. `name` as in the repository; absent: no image's, which such a token never is for. */
bool gw_scoped_allows(const struct gw *gw, const struct ch_http_request *r,
                      const struct gw_repository *repo, struct ch_str name, unsigned action);
/* 401 with what is needed: for who may, by another token. */
void gw_scoped_respond_insufficient(struct gw *gw, struct ch_http_request *r);

#endif
