/* What a refusal's page says, and the request for an exception that is made on it. A request grants
 * nothing (T21), costs one row at most, and is bounded: by address, and by how many are open (T14).
 */
#include "ask_int.h"

#include <stdio.h>

#include "db/keeper/audit/audit.h"
#include "base/config/place.h"
#include "db/keeper/commands/commands_int.h"
#include "customhouse/limits.h"

/* The file that a refusal is about, if it is known still. */
struct refused {
    struct ch_refusal_row row;
    struct ch_buf strings;
    struct page *page;
    size_t file;
    struct what what;
};

static bool find_refused(struct keeper *k, struct ch_str id, struct refused *ret)
{
    struct ch_err err;
    *ret = (struct refused){.page = NULL};
    ch_buf_init(&ret->strings, 16384);
    CH_ASSERT(ch_buf_reserve(&ret->strings, 8192) != NULL);
    if (ch_store_get_refusal(k->store, id, &ret->row, &ret->strings, &err) != CH_OK) {
        return false;
    }
    struct page *p = page_get(k, ret->row.repository, ret->row.project);
    ptrdiff_t at = p != NULL && page_load(k, p) ? page_find_file(p, ret->row.file_name) : -1;
    if (at < 0) {
        return false;
    }
    ret->page = p;
    ret->file = (size_t)at;
    ret->what.kind = WHAT_FILE;
    snprintf(ret->what.repository, sizeof(ret->what.repository), "%s", p->repository);
    snprintf(ret->what.project, sizeof(ret->what.project), "%s", p->project);
    snprintf(ret->what.file_name, sizeof(ret->what.file_name), "%.*s",
             CH_STR_ARG(ret->row.file_name));
    return true;
}

/* The newest one that is open and covers the file. */
static const struct exception *open_about(struct keeper *k, const struct refused *r)
{
    for (size_t i = exceptions_count(k); i-- > 0;) {
        const struct exception *x = exceptions_at(k, i);
        enum exception_state s = exception_state_of(k, x);
        if (x->altered == NULL && (s == EXCEPTION_STATE_OPEN || s == EXCEPTION_STATE_EFFECTIVE) &&
            exception_covers(x, r->page, r->file)) {
            return x;
        }
    }
    return NULL;
}

/* Nothing that an exception could lift: why not, as an HTTP status and a sentence. */
static uint32_t cannot_ask(struct keeper *k, const struct refused *r, struct ch_buf *overrides,
                           struct ch_buf *why)
{
    struct ch_decision d;
    command_put_overrides(k, r->page, &r->what, overrides, &d);
    if (d.verdict == CH_VERDICT_DENY) {
        ch_buf_printf(why, "It is denied (%s), and no exception can lift that", d.rule);
        return 403;
    }
    judge(k, r->page, r->file, &d);
    if (page_withheld(r->page)) {
        ch_buf_puts(
            why,
            CH_STR("Its name is kept back by the configuration, and no exception can lift that"));
        return 403;
    }
    if (refusal_stays(r->page, &d)) {
        ch_buf_puts(why, CH_STR("No exception can lift what holds it. What would change it: "));
        refusal_put_change(k, r->page, r->file, &d, why);
        return 409;
    }
    if (overrides->len == 0 || (d.verdict == CH_VERDICT_ALLOW && !d.audited)) {
        ch_buf_puts(why, d.verdict == CH_VERDICT_ALLOW
                             ? CH_STR("It is not refused any more: ask for the file again")
                             : CH_STR("What holds it is nothing that an exception could lift"));
        return 409;
    }
    return 0;
}

/* ------------------------------------------------------------------ the page */

void ask_refusal(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_err err;
    struct ch_ask_refusal ask;
    struct refused r;
    struct ch_buf b, text, overrides;
    if (ch_ask_refusal_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct ch_refusal_reply reply = {.ask = ask.ask,
                                     .advice = ch_str_of(k->config->exception_advice)};
    struct waiter w = {.gateway = ch_channel_instance(ch), .gateway_serial = ch_channel_serial(ch)};
    ch_buf_init(&text, 1024);
    ch_buf_init(&overrides, 1024);
    if (find_refused(k, ask.id, &r)) {
        struct ch_decision d;
        const struct exception *x = open_about(k, &r);
        struct ch_buf why;
        judge(k, r.page, r.file, &d);
        refusal_of(k, r.page, r.file, &d, &r.strings, &reply.refusal);
        reply.found = true;
        reply.repository = ch_str_of(r.page->repository);
        if (x != NULL) { /* who asked and who approves is not for everybody with the link (T26) */
            char until[40];
            command_time(exception_ends(x->steps, x->step_count), until, sizeof(until));
            ch_buf_printf(&text, "exception %llu is %s, until %s", (unsigned long long)x->row.id,
                          exception_state_name(exception_state_of(k, x)), until);
            if (exception_state_of(k, x) == EXCEPTION_STATE_OPEN) {
                struct command_needed n = command_needed_now(k, x);
                ch_buf_puts(&text, CH_STR("; "));
                command_put_needed(&text, &n);
            }
            reply.exception = ch_buf_str(&text);
        }
        ch_buf_init(&why, 1024);
        bool asked = x != NULL && exception_state_of(k, x) == EXCEPTION_STATE_OPEN;
        reply.may_ask = !asked && cannot_ask(k, &r, &overrides, &why) == 0;
        ch_buf_done(&why);
    }
    ch_buf_init(&b, 16u << 10);
    ch_refusal_reply_put(&b, &reply);
    ask_send(k, &w, CH_MSG_REFUSAL, &b, -1);
    ch_buf_done(&r.strings);
    ch_buf_done(&text);
    ch_buf_done(&overrides);
}

/* ------------------------------------------------------------------ the request */

static bool is_sentence(struct ch_str s)
{
    bool good = s.len > 0 && s.len <= ch_limits.exception_reason_bytes && ch_str_is_utf8(s);
    for (size_t i = 0; i < s.len && good; i++) {
        good = (unsigned char)s.ptr[i] >= 0x20 && s.ptr[i] != 0x7f;
    }
    return good;
}

/* As command_terms: the end that is wanted, within what the policy permits. */
static bool read_end(struct keeper *k, const struct page *p, struct ch_str text, int64_t *ret_us)
{
    struct ch_exception_terms terms = ch_policy_exception_terms(k->policy, ch_str_of(p->repository),
                                                                ch_str_of(p->config->environment));
    int64_t now = keeper_now_us(k), latest_us;
    *ret_us = command_usual_end(&terms, now, &latest_us);
    return (text.len == 0 || command_expiry(text, now, ret_us)) && *ret_us <= latest_us;
}

static const struct ch_str anonymous = {"anonymous", 9};

/* Who has signed in at the gateway; else anonymous. A conquered gateway may lie: that grants
 * nothing. False: it is somebody who may not ask. */
static bool requester_of(struct keeper *k, const struct ch_ask_exception *ask,
                         const struct refused *r, struct ch_str *ret)
{
    struct ch_str name = ask->client.principal;
    struct place at = {ch_str_of(r->what.repository), ch_str_of(r->page->config->environment)};
    size_t colon = 0;
    *ret = anonymous;
    if (!ch_str_find_char(name, ':', &colon)) {
        return true;
    }
    struct principal who = people_named(k->people, ch_str_sub(name, colon + 1, name.len));
    who.audience = AUDIENCE_PULL;
    *ret = name;
    return ch_str_eq(ch_str_of(who.text), name) &&
           people_may(k->people, &who, ACTION_EXCEPTION_REQUEST, &at);
}

/* Who may not pull without a name asks for nothing without one. The peer is on loopback where its
 * listener is. */
static bool must_sign_in(struct keeper *k, const struct ch_ask_exception *ask,
                         const struct refused *r, struct ch_str requester)
{
    bool loopback = ch_place_is_loopback(ask->client.address);
    return ch_str_eq(requester, anonymous) &&
           !ch_config_anonymous(k->config, r->page->config, loopback);
}

static uint32_t put_request(struct keeper *k, const struct ch_ask_exception *ask,
                            const struct refused *r, struct ch_str requester, int64_t end_us,
                            struct ch_str overrides, uint64_t *ret_id, struct ch_buf *why)
{
    struct ch_err err;
    const struct exception *x = open_about(k, r);
    bool open = x != NULL && exception_state_of(k, x) == EXCEPTION_STATE_OPEN;
    enum ch_code rc = CH_OK;
    if (open && ask->expires.len > 0 &&
        !exception_ends_at(x, end_us)) { /* not passed over in silence */
        char until[40];
        command_time(x->row.expires_at_us, until, sizeof(until));
        ch_buf_printf(
            why,
            "Exception %llu is asked for already, until %s: ask without an end to ask for it, too",
            (unsigned long long)x->row.id, until);
        return 409;
    }
    if (open) {
        *ret_id = x->row.id;
        rc = exceptions_join(k, *ret_id, requester, ask->client.address, ask->reason, &err);
        if (rc == CH_E_LIMIT && exception_person(requester).len == 0) {
            rc = CH_OK; /* it is asked for, and that is what they want; of a person it has to be
                           known (T22) */
        }
    } else {
        struct exception_shown shown = command_shown(k, r->page, &r->what);
        struct ch_exception_row row = {
            .repository = ch_str_of(r->what.repository),
            .environment = ch_str_of(r->page->config->environment),
            .ecosystem = ch_str_of(r->page->eco->name),
            .project = ch_str_of(r->what.project),
            .file_name = ch_str_of(r->what.file_name),
            .sha256 = *command_bytes_now(r->page, r->file),
            .overrides = overrides,
            .reason = ask->reason,
            .requester = requester,
            .address = ask->client.address,
            .refusal = ask->id,
            .at_us = keeper_now_us(k),
            .expires_at_us = end_us,
        };
        rc = exceptions_ask(k, &row, &shown, &err);
        *ret_id = row.id;
    }
    if (rc != CH_OK) {
        ask_put_error(k, ch_str_of(err.msg), why);
        return rc == CH_E_LIMIT ? 429 : 503;
    }
    return open ? 200 : 201;
}

static uint32_t answer(struct keeper *k, const struct ch_ask_exception *ask, uint64_t *ret_id,
                       struct ch_buf *why)
{
    struct refused r;
    struct ch_str requester;
    int64_t end_us;
    uint32_t status = 404;
    struct ch_buf overrides;
    ch_buf_init(&overrides, 1024);
    if (!exceptions_may_ask(k, ask->client.address)) {
        ch_buf_puts(why,
                    CH_STR("Too many requests for exceptions from here, try again in a minute"));
        status = 429;
        r.strings = (struct ch_buf){.ptr = NULL};
    } else if (!find_refused(k, ask->id, &r)) {
        ch_buf_puts(why, CH_STR("No refusal has this number, or it is too old"));
    } else if (!requester_of(k, ask, &r, &requester)) {
        ch_buf_puts(
            why,
            CH_STR("You may not ask for exceptions here: no group of yours has exception.request"));
        status = 403;
    } else if (must_sign_in(k, ask, &r, requester)) {
        ch_buf_puts(why, CH_STR("A token is needed to ask for exceptions here"));
        status = 401;
    } else if (!is_sentence(ask->reason)) {
        ch_buf_puts(why, CH_STR("A reason is needed: one line of at most 500 bytes"));
        status = 400;
    } else if (!read_end(k, r.page, ask->expires, &end_us)) {
        ch_buf_puts(
            why,
            CH_STR("The end has to be a date or days to come, no later than the policy permits"));
        status = 400;
    } else {
        status = cannot_ask(k, &r, &overrides, why);
        status = status == 0 ? put_request(k, ask, &r, requester, end_us, ch_buf_str(&overrides),
                                           ret_id, why)
                             : status;
    }
    ch_buf_done(&overrides);
    ch_buf_done(&r.strings);
    return status;
}

/* As a command would be; a gateway's word for who it was counts only where it is one that there is.
 */
static void enter_refusal(struct keeper *k, const struct ch_ask_exception *ask, uint32_t status,
                          struct ch_str why)
{
    struct ch_str name = ask->client.principal;
    struct ch_err err;
    size_t colon = 0;
    if ((status != 403 && status != 409) || !ch_str_find_char(name, ':', &colon)) {
        return; /* of who has no name the request alone says nothing */
    }
    struct principal who = people_named(k->people, ch_str_sub(name, colon + 1, name.len));
    struct ch_command_refusal_row row = {.principal = ch_str_of(who.text),
                                         .via = CH_STR("gateway"),
                                         .command = CH_STR("exceptions request"),
                                         .what = ask->id,
                                         .why = ch_str_sub(why, 0, 256)};
    if (ch_str_eq(row.principal, name) && audit_command_refused(k, row, &err) != CH_OK) {
        keeper_log("store", "refusal=uncounted error=\"%s\"", err.msg);
    }
}

void ask_exception(struct keeper *k, struct ch_channel *ch, struct ch_str payload)
{
    struct ch_err err;
    struct ch_ask_exception ask;
    struct ch_buf why, b;
    if (ch_ask_exception_get(payload, &ask, &err) != CH_OK) {
        return;
    }
    struct waiter w = {.gateway = ch_channel_instance(ch), .gateway_serial = ch_channel_serial(ch)};
    struct ch_exception_reply reply = {.ask = ask.ask};
    ch_buf_init(&why, 1024);
    ch_buf_init(&b, 8u << 10);
    reply.http_status = answer(k, &ask, &reply.exception, &why);
    reply.text = ch_buf_str(&why);
    enter_refusal(k, &ask, reply.http_status, reply.text);
    ch_exception_reply_put(&b, &reply);
    ask_send(k, &w, CH_MSG_EXCEPTION, &b, -1);
    ch_buf_done(&why);
}
