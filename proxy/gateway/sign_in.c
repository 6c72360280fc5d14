/* Who a request comes from. The keeper says what a token stands for; its answers are kept, and hold
 * like an ALLOW: while the epoch page shows the epoch they were given under, the keeper's lease
 * lies ahead, and their own not_after has not come (T11). So a revoked token ends at once, on open
 * connections too.
 *
 *     no credentials --------------------------------> anonymous
 *     credentials that are none ----------------------> 401
 *     a token --known, and holds----------------------> its principal
 *             --refused lately------------------------> 401
 *             --else, one question to the keeper for all that wait for it
 *
 * Credentials that are wrong never count as none. What a principal may is asked where it matters:
 * gw_may_pull and its like. */
#include "gateway_int.h"

#include <stdlib.h>

#include "proxy/front/credentials.h"
#include "registry.h"
#include "scoped.h"
#include "seen.h"

struct sign_wait { /* one request waits for the keeper */
    struct sign_wait *next;
    struct gw_token *token;
    struct ch_http_request *request;
    gw_signed_in_fn *go_on;
};

struct gw_token {
    struct ch_lru_node node; /* the key is the digest; pinned while anybody waits */
    struct gw *gw;
    struct gw_ask ask;
    struct sign_wait *waiting;
    /* what the question costs whoever asks it, unless the token is good */
    struct front_guess guess;
    uint32_t asked;       /* times, for those that wait */
    uint64_t deadline_ms; /* of all these times */
    struct ch_sha256 digest;
    struct gw_scoped *scoped; /* it is one of some images; NULL: it is not */
    struct gw_caller *caller; /* NULL: not known to be anybody */
    uint64_t epoch;
    uint64_t not_after_ms;
    uint64_t refused_until_ms;
};

/* --- callers --- */

struct gw_caller *gw_caller_ref(struct gw_caller *c)
{
    c->refs++;
    return c;
}

void gw_caller_unref(struct gw_caller *c)
{
    if (c == NULL || --c->refs > 0) {
        return;
    }
    for (uint32_t i = 0; i < c->pull_count; i++) {
        free(c->pull[i]);
    }
    gw_scoped_unref(c->scoped);
    free(c->pull);
    free(c->principal);
    free(c);
}

static struct gw_caller *new_caller(const struct ch_token_reply *m, const struct gw_token *t)
{
    const struct ch_sha256 *digest = &t->digest;
    struct gw_caller *c = ch_calloc(1, sizeof(*c));
    c->refs = 1;
    c->principal = ch_str_dup(m->principal);
    c->known = t->scoped == NULL || t->scoped->is.token != 0;
    c->scoped = t->scoped != NULL ? gw_scoped_ref(t->scoped) : NULL;
    c->token = *digest;
    c->audit_read = m->audit_read;
    c->metrics_read = m->metrics_read;
    c->push = m->push;
    c->scans = m->scans;
    c->pull_count = m->pull.count;
    c->pull = ch_calloc(m->pull.count, sizeof(*c->pull));
    for (uint32_t i = 0; i < m->pull.count; i++) {
        c->pull[i] = ch_str_dup(m->pull.name[i]);
    }
    return c;
}

/* --- the table --- */

static void drop_token(void *owner, struct ch_lru_node *node)
{
    struct gw_token *t = CH_CONTAINER_OF(node, struct gw_token, node);
    gw_ask_end(owner, &t->ask);
    gw_caller_unref(t->caller);
    gw_scoped_unref(t->scoped);
    free(t);
}

void gw_sign_in_init(struct gw *gw)
{
    gw->anonymous = ch_calloc(1, sizeof(*gw->anonymous));
    gw->anonymous->refs = 1;
    gw->anonymous->principal = ch_str_dup(CH_STR("anonymous"));
    gw->hash = ch_hash_new();
    gw->seen = gw_seen_new();
    ch_buf_init(&gw->clear, ch_limits.http_line_bytes);
    CH_ASSERT(ch_buf_reserve(&gw->clear, ch_limits.http_line_bytes) != NULL); /* it never moves */
    ch_lru_init(&gw->tokens, ch_limits.gateway_tokens, drop_token, gw);
    front_guesses_init(&gw->guesses, gw->loop);
    front_failures_init(&gw->failures, gw->loop, &gw->keeper);
}

void gw_sign_in_done(struct gw *gw)
{
    ch_lru_done(&gw->tokens);
    ch_public_key_free(gw->token_key);
    front_guesses_done(&gw->guesses);
    front_failures_done(&gw->failures);
    gw_caller_unref(gw->anonymous);
    ch_hash_free(gw->hash);
    gw_seen_free(gw->seen);
    ch_buf_done(&gw->clear);
}

static struct gw_token *find_token(struct gw *gw, const struct ch_sha256 *digest)
{
    struct ch_lru_node *node =
        ch_lru_find(&gw->tokens, (struct ch_str){(const char *)digest->byte, sizeof(digest->byte)});
    return node == NULL ? NULL : CH_CONTAINER_OF(node, struct gw_token, node);
}

static struct gw_token *add_token(struct gw *gw, const struct ch_sha256 *digest)
{
    struct gw_token *t = ch_calloc(1, sizeof(*t));
    t->gw = gw;
    t->digest = *digest;
    ch_lru_add(&gw->tokens, &t->node,
               (struct ch_str){(const char *)t->digest.byte, sizeof(t->digest.byte)}, 1);
    return t;
}

/* The clock is read now, not once per turn: a turn that took long must not stretch a lease. */
static bool holds(const struct gw *gw, const struct gw_token *t)
{
    uint64_t now_ms = ch_now_boot_ms();
    return t->caller != NULL && atomic_load(&gw->epoch->epoch) == t->epoch &&
           gw_lease_valid(gw, now_ms) && now_ms < t->not_after_ms;
}

bool gw_token_is_good(struct gw *gw, const struct ch_sha256 *digest)
{
    const struct gw_token *t = find_token(gw, digest);
    return t != NULL && holds(gw, t);
}

void gw_sign_in_failed(struct gw *gw, const struct ch_http_request *r, enum ch_sign_in_fault fault,
                       const struct ch_sha256 *digest)
{
    const struct ch_http_view *v = ch_http_view(r);
    front_failures_add(&gw->failures, fault, digest, v->peer, v->path);
}

void gw_sign_in_elsewhere(struct gw *gw, struct ch_http_request *r)
{
    gw_sign_in_failed(gw, r, CH_SIGN_IN_REFUSED, &gw_caller_of(gw, r)->token);
    gw_respond_unauthorized(gw, r, true);
}

/* --- waiting --- */

static void unlink_wait(struct sign_wait *w)
{
    struct gw_token *t = w->token;
    struct sign_wait **at = &t->waiting;
    while (*at != w) {
        at = &(*at)->next;
    }
    *at = w->next;
    t->node.pins--;
}

/* Whoever leaves before the answer has tried a token all the same: the keeper will see whether it
 * was one. */
static void on_gone(void *arg)
{
    struct sign_wait *w = arg;
    gw_sign_in_failed(w->token->gw, w->request, CH_SIGN_IN_UNANSWERED, &w->token->digest);
    unlink_wait(w);
    free(arg);
}

/* Answers all that wait: each goes on as the caller, or reads why not. */
static void answer_waiting(struct gw_token *t, struct gw_caller *caller,
                           void (*refuse)(struct gw_token *t, struct ch_http_request *r))
{
    struct gw *gw = t->gw;
    t->node.pins++; /* stays while answers are made, whatever they push out */
    if (caller != NULL) {
        gw_caller_ref(caller);
    }
    while (t->waiting != NULL) {
        struct sign_wait *w = t->waiting;
        struct ch_http_request *r = w->request;
        gw_signed_in_fn *go_on = w->go_on;
        unlink_wait(w);
        free(w);
        if (caller != NULL) {
            ch_http_set_caller(r, gw_caller_ref(caller));
            go_on(gw, r);
        } else {
            refuse(t, r);
        }
    }
    gw_caller_unref(caller);
    t->node.pins--;
}

static void refuse_wrong(struct gw_token *t, struct ch_http_request *r)
{
    gw_sign_in_failed(t->gw, r, CH_SIGN_IN_REFUSED, &t->digest);
    gw_respond_unauthorized(t->gw, r, true);
}

/* It may be good: this is no failure of who sent it. */
static void refuse_unknowable(struct gw_token *t, struct ch_http_request *r)
{
    (void)t;
    gw_respond_later(r, 503, CH_STR("Your token could not be looked up in time, try again"), 2);
}

static void ask_for(struct gw_token *t, const struct ch_http_request *r);

static void on_reply(struct gw *gw, struct gw_ask *ask, struct ch_frame *frame)
{
    struct gw_token *t = CH_CONTAINER_OF(ask, struct gw_token, ask);
    struct ch_token_reply m;
    struct ch_err err = {0};
    gw_caller_unref(t->caller);
    t->caller = NULL;
    if (ch_token_reply_get(frame->payload, &m, &err) != CH_OK) {
        gw_complain("keeper", CH_STR("token"), &err);
        answer_waiting(t, NULL, refuse_unknowable);
        return;
    }
    if (m.outcome != CH_TOKEN_GOOD) {
        t->refused_until_ms = ch_now_boot_ms() + ch_limits.gateway_token_refused_ms;
        answer_waiting(t, NULL, refuse_wrong);
        return;
    }
    front_guess_give_back(&gw->guesses, &t->guess);
    t->caller = new_caller(&m, t);
    t->epoch = m.epoch;
    t->not_after_ms = m.not_after_boot_ms;
    if (holds(gw, t)) {
        answer_waiting(t, t->caller, NULL);
    } else if (t->waiting != NULL && t->asked < ch_limits.gateway_token_asks &&
               ch_loop_now_ms(gw->loop) < t->deadline_ms) {
        ask_for(t, t->waiting->request); /* it ended on its way here */
    } else {
        answer_waiting(t, NULL, refuse_unknowable);
    }
}

static void on_lost(struct gw *gw, struct gw_ask *ask)
{
    struct gw_token *t = CH_CONTAINER_OF(ask, struct gw_token, ask);
    front_guess_give_back(&gw->guesses, &t->guess);
    answer_waiting(t, NULL, refuse_unknowable);
}

static void ask_for(struct gw_token *t, const struct ch_http_request *r)
{
    struct gw *gw = t->gw;
    t->asked++;
    gw_ask_prepare(gw, &t->ask, CH_MSG_ASK_TOKEN);
    t->ask.reply_type = CH_MSG_TOKEN;
    t->ask.on_reply = on_reply;
    t->ask.on_lost = on_lost;
    struct ch_client client = gw_client_of(gw, r);
    client.principal = (struct ch_str){NULL, 0};
    ch_ask_token_put(&t->ask.payload,
                     &(struct ch_ask_token){
                         .ask = t->ask.id,
                         .digest = t->digest,
                         .client = client,
                         .scoped = ch_str_of(t->scoped != NULL ? t->scoped->text : NULL),
                     });
    gw_ask_send_until(gw, &t->ask, t->deadline_ms);
}

static void wait_for(struct gw_token *t, struct ch_http_request *r, gw_signed_in_fn *go_on)
{
    struct sign_wait *w = ch_alloc(sizeof(*w));
    *w = (struct sign_wait){t->waiting, t, r, go_on};
    t->waiting = w;
    t->node.pins++;
    ch_http_later(r, on_gone, w);
}

/* --- signing in --- */

static enum front_credentials read_credentials(struct gw *gw, struct ch_str authorization,
                                               struct ch_sha256 *ret_digest)
{
    struct ch_sip128 line;
    if (authorization.ptr == NULL) {
        return FRONT_CREDENTIALS_NONE;
    }
    if (gw_seen_find(gw->seen, authorization, &line, ret_digest)) {
        return FRONT_CREDENTIALS_TOKEN;
    }
    enum front_credentials kind =
        front_credentials_read(authorization, &gw->clear, gw->hash, ret_digest);
    if (kind == FRONT_CREDENTIALS_TOKEN) {
        gw_seen_add(gw->seen, line, ret_digest);
    }
    return kind;
}

/* One of some images opens addresses of registries alone. Absent: it is none. */
static struct ch_str scoped_in(const struct ch_http_view *v)
{
    return gw_path_prefix(v) != NULL ? front_credentials_scoped(v->authorization)
                                     : (struct ch_str){NULL, 0};
}

/* Not among the lines that were seen: those are read alike at every address. */
static enum front_credentials read_scoped(struct gw *gw, struct ch_str scoped,
                                          struct ch_sha256 *ret_digest)
{
    ch_hash_reset(gw->hash);
    ch_hash_add(gw->hash, scoped.ptr, scoped.len);
    *ret_digest = ch_hash_end(gw->hash);
    return FRONT_CREDENTIALS_TOKEN;
}

/* What is not signed here is never kept, and the keeper is not asked. Who guesses pays; a token
 * that has ended, or whose key has, was right once. NULL: that was answered. */
static struct gw_scoped *verify(struct gw *gw, struct ch_http_request *r, struct ch_str text,
                                const struct ch_sha256 *digest, struct front_guess *guess)
{
    struct ch_err err = {0};
    struct gw_scoped *scoped = gw_scoped_read(gw, text, &err);
    if (scoped == NULL) {
        if (err.code != CH_E_MISMATCH) {
            front_guess_give_back(&gw->guesses, guess);
        }
        gw_sign_in_failed(gw, r, CH_SIGN_IN_REFUSED, digest);
        gw_respond_unauthorized(gw, r, true);
    }
    return scoped;
}

/* A token in the path, and no other beside it: which of two counts nobody could say. */
static enum front_credentials read_path_token(struct gw *gw, const struct ch_http_view *v,
                                              struct ch_str token, struct ch_sha256 *ret_digest)
{
    return v->authorization.ptr == NULL && front_credentials_token(token, gw->hash, ret_digest)
               ? FRONT_CREDENTIALS_TOKEN
               : FRONT_CREDENTIALS_BAD;
}

void gw_sign_in(struct gw *gw, struct ch_http_request *r, struct ch_str path_token,
                gw_signed_in_fn *go_on)
{
    const struct ch_http_view *v = ch_http_view(r);
    struct ch_str scoped_text = path_token.ptr == NULL ? scoped_in(v) : (struct ch_str){NULL, 0};
    struct ch_sha256 digest;
    switch (path_token.ptr != NULL    ? read_path_token(gw, v, path_token, &digest)
            : scoped_text.ptr != NULL ? read_scoped(gw, scoped_text, &digest)
                                      : read_credentials(gw, v->authorization, &digest)) {
    case FRONT_CREDENTIALS_NONE:
        ch_http_set_caller(r, gw_caller_ref(gw->anonymous));
        go_on(gw, r);
        return;
    case FRONT_CREDENTIALS_BAD:
        gw_sign_in_failed(gw, r, CH_SIGN_IN_MALFORMED, NULL);
        gw_respond_unauthorized(gw, r, true);
        return;
    case FRONT_CREDENTIALS_TOKEN:
        break;
    }
    struct gw_token *t = find_token(gw, &digest);
    if (t != NULL && holds(gw, t)) {
        ch_http_set_caller(r, gw_caller_ref(t->caller));
        go_on(gw, r);
        return;
    }
    if (t != NULL && t->caller == NULL && ch_now_boot_ms() < t->refused_until_ms) {
        refuse_wrong(t, r);
        return;
    }
    if (t != NULL && t->ask.id != 0) {
        wait_for(t, r, go_on);
        return;
    }
    struct front_guess guess = {0};
    bool was_good =
        t != NULL && t->caller != NULL; /* a farm of them behind one address is no guessing */
    if (!was_good && !front_guess_take(&gw->guesses, &guess, v->peer)) {
        gw_sign_in_failed(gw, r, CH_SIGN_IN_NOT_TRIED, &digest);
        gw_respond_later(r, 429,
                         CH_STR("Too many wrong tokens came from your address, wait a moment"),
                         1 + ch_limits.gateway_guess_ms / 1000);
        return;
    }
    if (scoped_text.ptr != NULL && t == NULL) {
        struct gw_scoped *scoped = verify(gw, r, scoped_text, &digest, &guess);
        if (scoped == NULL) {
            return;
        }
        t = add_token(gw, &digest);
        t->scoped = scoped;
    }
    t = t != NULL ? t : add_token(gw, &digest);
    t->guess = guess;
    t->asked = 0;
    t->deadline_ms = ch_loop_now_ms(gw->loop) + ch_limits.gateway_file_wait_ms;
    wait_for(t, r, go_on);
    ask_for(t, r);
}

/* --- rights --- */

struct gw_caller *gw_caller_of(const struct gw *gw, const struct ch_http_request *r)
{
    struct gw_caller *c = ch_http_caller(r);
    return c != NULL ? c : gw->anonymous;
}

static bool by_loopback(const struct ch_http_request *r)
{
    return ch_http_view(r)->mark == GW_MARK_LOOPBACK;
}

bool gw_may_pull(const struct gw *gw, const struct ch_http_request *r,
                 const struct gw_repository *repo)
{
    const struct gw_caller *c = gw_caller_of(gw, r);
    if (repo->anonymous[by_loopback(r)]) {
        return true;
    }
    for (uint32_t i = 0; i < c->pull_count; i++) {
        if (ch_str_eq(ch_str_of(c->pull[i]), ch_str_of(repo->name))) {
            return true;
        }
    }
    return false;
}

void gw_pull_list(const struct gw *gw, const struct ch_http_request *r, struct ch_repositories *ret)
{
    *ret = (struct ch_repositories){0};
    for (const struct gw_repository *repo = gw->repositories; repo != NULL; repo = repo->next) {
        if (repo->active && ret->count < CH_REPOSITORIES_MAX && gw_may_pull(gw, r, repo)) {
            ret->name[ret->count++] = ch_str_of(repo->name);
        }
    }
}

bool gw_anonymous_may(const struct gw *gw, const struct ch_http_request *r)
{
    return ch_config_anonymous(gw->config, NULL, by_loopback(r));
}

void gw_respond_not_permitted(struct gw *gw, struct ch_http_request *r, const char *what)
{
    const struct gw_caller *c = gw_caller_of(gw, r);
    if (!c->known) {
        gw_respond_unauthorized(gw, r, false);
        return;
    }
    struct ch_buf reason;
    ch_buf_init(&reason, ch_limits.text_bytes);
    ch_buf_printf(&reason, "%s may not do this; ask the people who run this gateway", c->principal);
    gw_respond_refusal(gw, r,
                       &(struct ch_refusal){
                           .verdict = CH_VERDICT_DENY,
                           .subject = ch_str_of(what),
                           .rule = CH_STR("rights"),
                           .reason = ch_buf_str(&reason),
                           .since_us = CH_TIME_UNKNOWN,
                           .until_us = CH_TIME_UNKNOWN,
                       });
    ch_buf_done(&reason);
}
