#include "refusal.h"

#include <time.h>

#include "customhouse/index.h"
#include "customhouse/limits.h"

void gw_put_minute(struct ch_buf *b, int64_t at_us)
{
    time_t seconds = at_us / 1000000;
    struct tm tm;
    if (gmtime_r(&seconds, &tm) == NULL) {
        ch_buf_puts(b, CH_STR("an unknown time"));
        return;
    }
    ch_buf_printf(b, "%04d-%02d-%02d %02d:%02d UTC", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                  tm.tm_hour, tm.tm_min);
}

/* Upstream text reaches a terminal here: printable ASCII only, clipped visibly (T20). */
static void put_clipped(struct ch_buf *b, struct ch_str s, size_t max)
{
    const struct ch_str dots = CH_STR("...");
    size_t len = s.len <= max ? s.len : max > dots.len ? max - dots.len : 0;
    for (size_t i = 0; i < len; i++) {
        ch_buf_putc(b, s.ptr[i] >= 0x20 && s.ptr[i] <= 0x7e ? s.ptr[i] : '?');
    }
    if (len < s.len && max > dots.len) {
        ch_buf_puts(b, dots);
    }
}

static const char *verb(const struct ch_refusal *r)
{
    return r->verdict == CH_VERDICT_DENY ? "denied" : "held";
}

/* A rule's name as one part of a path. */
static void put_slug(struct ch_buf *b, struct ch_str rule)
{
    for (size_t i = 0; i < rule.len; i++) {
        char c = rule.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_';
        ch_buf_putc(b, plain ? c : '-');
    }
}

static void put_link(struct ch_buf *b, const struct ch_refusal *r, struct ch_str origin)
{
    ch_buf_puts(b, origin);
    ch_buf_puts(b, CH_STR("/-/x/"));
    ch_buf_puts(b, r->id);
}

/* ". Exceptions: LINK": where time and people can change the answer; evidence of an attack, and what was not
 * inspected whole, nobody lifts (T8, T9), so there the link only explains. */
static void put_where(struct ch_buf *b, const struct ch_refusal *r, struct ch_str origin)
{
    if (r->id.len == 0) {
        return;
    }
    ch_buf_puts(b, r->verdict == CH_VERDICT_DENY || r->change.len > 0 ? CH_STR(". Details: ")
                                                                      : CH_STR(". Exceptions: "));
    put_link(b, r, origin);
}

static void put_why(struct ch_buf *b, const struct ch_refusal *r)
{
    put_clipped(b, r->reason, r->reason.len);
    /* Some reasons say it by themselves. */
    if (r->until_us != CH_TIME_UNKNOWN && !ch_str_find(r->reason, CH_STR("until "), NULL)) {
        ch_buf_puts(b, CH_STR(", until "));
        gw_put_minute(b, r->until_us);
    }
}

/* "numpy 2.4.0 held by cool-down: released 2 days ago, the policy asks for 7, until 2026-11-29 10:00
 * UTC. Exceptions: https://gw.example.org/-/x/8f3a", the middle clipped where it gets too long. */
static void build_reason(const struct ch_refusal *r, struct ch_str origin, char *ret)
{
    struct ch_buf head;
    struct ch_buf why;
    struct ch_buf where;
    ch_buf_init(&head, ch_limits.text_bytes);
    ch_buf_init(&why, ch_limits.text_bytes);
    ch_buf_init(&where, ch_limits.text_bytes);
    put_clipped(&head, r->subject, GW_REASON_MAX / 3);
    ch_buf_printf(&head, " %s by ", verb(r));
    put_clipped(&head, r->rule, GW_REASON_MAX / 5);
    ch_buf_puts(&head, CH_STR(": "));
    put_why(&why, r);
    put_where(&where, r, origin);
    if (head.len + where.len > GW_REASON_MAX) {
        /* A public_url longer than the line: the path is what still fits. */
        ch_buf_clear(&where);
        put_where(&where, r, (struct ch_str){NULL, 0});
    }
    if (head.len + where.len > GW_REASON_MAX) {
        ch_buf_clear(&where);
    }
    size_t left = GW_REASON_MAX - head.len - where.len;
    struct ch_buf line;
    ch_buf_init(&line, GW_REASON_MAX);
    ch_buf_puts(&line, ch_buf_str(&head));
    put_clipped(&line, ch_buf_str(&why), left);
    ch_buf_puts(&line, ch_buf_str(&where));
    for (size_t i = 0; i < line.len; i++) {
        ret[i] = line.ptr[i];
    }
    ret[line.len] = '\0';
    ch_buf_done(&head);
    ch_buf_done(&why);
    ch_buf_done(&where);
    ch_buf_done(&line);
}

static void put_member(struct ch_buf *body, const char *name, struct ch_str value)
{
    ch_buf_printf(body, ",\"%s\":", name);
    ch_buf_put_json(body, value);
}

void gw_put_errors(struct ch_buf *body, const char *code, struct ch_str message)
{
    ch_buf_printf(body, "\"errors\":[{\"code\":\"%s\"", code);
    put_member(body, "message", message);
    ch_buf_puts(body, CH_STR("}]"));
}

void gw_put_problem(struct ch_buf *body, const struct gw_problem *p)
{
    ch_buf_puts(body, CH_STR("{\"type\":"));
    ch_buf_put_json(body, p->type);
    put_member(body, "title", p->title);
    ch_buf_printf(body, ",\"status\":%d", p->status);
    if (p->instance.len > 0) {
        put_member(body, "instance", p->instance);
    }
    put_member(body, "detail", p->sentence);
    if (p->reason.len > 0) {
        put_member(body, "reason", p->reason);
    }
    put_member(body, "message", p->sentence);
    put_member(body, "error", p->sentence);
    ch_buf_putc(body, ',');
    gw_put_errors(body, p->code, p->sentence);
    ch_buf_putc(body, '}');
}

static void build_body(const struct ch_refusal *r, const char *code, struct ch_str origin,
                       struct ch_buf *body)
{
    struct ch_buf detail;
    struct ch_buf title;
    struct ch_buf type;
    struct ch_buf link;
    ch_buf_init(&detail, 4 * ch_limits.text_bytes);
    ch_buf_init(&title, ch_limits.text_bytes);
    ch_buf_init(&type, ch_limits.text_bytes);
    ch_buf_init(&link, ch_limits.text_bytes);
    ch_buf_puts(&title, r->verdict == CH_VERDICT_DENY ? CH_STR("Denied by policy (")
                                                      : CH_STR("Held by policy ("));
    put_clipped(&title, r->rule, r->rule.len);
    ch_buf_putc(&title, ')');
    put_clipped(&detail, r->subject, r->subject.len);
    ch_buf_puts(&detail, CH_STR(": "));
    put_why(&detail, r);
    if (r->policy_at.len > 0) {
        ch_buf_printf(&detail, " (%.*s)", CH_STR_ARG(r->policy_at));
    }
    if (r->change.len > 0) {
        ch_buf_puts(&detail, CH_STR(". What would change it: "));
        put_clipped(&detail, r->change, r->change.len);
    }
    put_where(&detail, r, origin);

    ch_buf_init(body, 16 * ch_limits.text_bytes);
    ch_buf_puts(&type, origin);
    ch_buf_puts(&type, CH_STR("/-/policies/"));
    put_slug(&type, r->rule);
    if (r->id.len > 0) {
        put_link(&link, r, (struct ch_str){NULL, 0});
    }
    gw_put_problem(body, &(struct gw_problem){
                             .type = ch_buf_str(&type),
                             .title = ch_buf_str(&title),
                             .status = 403,
                             .instance = ch_buf_str(&link),
                             .sentence = ch_buf_str(&detail),
                             .reason = ch_buf_str(&title),
                             .code = code,
                         });
    CH_ASSERT(!body->failed && !detail.failed && !title.failed && !type.failed && !link.failed);
    ch_buf_done(&detail);
    ch_buf_done(&title);
    ch_buf_done(&type);
    ch_buf_done(&link);
}

/* Clients of registries print the message behind any code. With DENIED docker says that one should log in; without it
 * podman tries three times more. What is being inspected is worth that, what nobody gives is not. Spec: OCI distribution 1.1, "Error Codes". */
static const char *code_for(const struct ch_refusal *r, struct ch_str user_agent)
{
    bool later = r->id.len == 0 && r->verdict != CH_VERDICT_DENY;
    return later || ch_str_starts(user_agent, CH_STR("docker/")) ? "UNAVAILABLE" : "DENIED";
}

void gw_refusal_build(const struct ch_refusal *refusal, struct ch_str user_agent,
                      struct ch_str origin, struct gw_refusal_text *ret)
{
    struct ch_refusal r = *refusal;
    /* The fields of a message are bounded (message.c); what others hand in is cut here. */
    r.id = ch_str_sub(r.id, 0, ch_limits.project_name_bytes);
    r.subject = ch_str_sub(r.subject, 0, ch_limits.url_bytes / 8);
    r.rule = ch_str_sub(r.rule, 0, ch_limits.url_bytes / 8);
    r.reason = ch_str_sub(r.reason, 0, ch_limits.url_bytes / 8);
    r.policy_at = ch_str_sub(r.policy_at, 0, ch_limits.url_bytes / 8);
    r.change = ch_str_sub(r.change, 0, ch_limits.url_bytes / 8);
    origin = ch_str_sub(origin, 0, ch_limits.url_bytes / 4);
    build_reason(&r, origin, ret->reason);
    build_body(&r, code_for(&r, user_agent), origin, &ret->body);
}

void gw_refusal_done(struct gw_refusal_text *text)
{
    ch_buf_done(&text->body);
}
