#include "scoped.h"

#include <stdlib.h>

#include "registry.h"

struct gw_scoped *gw_scoped_read(const struct gw *gw, struct ch_str text, struct ch_err *err)
{
    struct ch_scoped is;
    struct ch_scoped_check check = {
        .key = gw->token_key, .issuer = ch_str_of(gw->origin), .now_s = ch_now_unix_us() / 1000000};
    enum ch_code rc = check.key == NULL || check.issuer.len == 0
                          ? ch_fail(err, CH_E_FORMAT, "no such token is known here")
                          : ch_scoped_read(text, &check, &is, err);
    if (rc != CH_OK) {
        return NULL;
    }
    struct gw_scoped *s = ch_calloc(1, sizeof(*s));
    *s = (struct gw_scoped){1, ch_str_dup(text), is};
    return s;
}

struct gw_scoped *gw_scoped_ref(struct gw_scoped *s)
{
    s->refs++;
    return s;
}

void gw_scoped_unref(struct gw_scoped *s)
{
    if (s != NULL && --s->refs == 0) {
        ch_scoped_done(&s->is);
        free(s->text);
        free(s);
    }
}

void gw_scoped_key(struct gw *gw, struct ch_str payload)
{
    struct ch_token_key m;
    struct ch_err err = {0};
    enum ch_code rc = ch_token_key_get(payload, &m, &err);
    ch_public_key_free(gw->token_key); /* whatever comes: what it verified is good no more */
    gw->token_key = NULL;
    if (rc == CH_OK && m.pem.len > 0) {
        rc = ch_public_key_parse(m.pem, &gw->token_key, &err);
    }
    if (rc != CH_OK) {
        gw_complain("keeper", CH_STR("key of tokens"), &err);
    }
}

bool gw_scoped_allows(const struct gw *gw, const struct ch_http_request *r,
                      const struct gw_repository *repo, struct ch_str name, unsigned action)
{
    const struct gw_caller *c = gw_caller_of(gw, r);
    struct ch_buf whole;
    if (c->scoped == NULL) {
        return true;
    }
    ch_buf_init(&whole, 2 * ch_limits.project_name_bytes + 1);
    ch_buf_printf(&whole, "%s/", repo->name);
    ch_buf_puts(&whole, name);
    bool allows = name.len > 0 && !whole.failed &&
                  ch_scopes_allow(&c->scoped->is.may, ch_buf_str(&whole), action);
    ch_buf_done(&whole);
    return allows;
}

void gw_scoped_respond_insufficient(struct gw *gw, struct ch_http_request *r)
{
    gw_registry_challenge(
        gw, r, "insufficient_scope",
        CH_STR("The token that was sent is not for this image, or not for this of it: "
               "ask for one that is, with your own token"));
}
