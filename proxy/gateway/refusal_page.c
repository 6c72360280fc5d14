/* What /-/x/ID shows: text and HTML for people, JSON for programs. */
#include <time.h>

#include "customhouse/index.h"
#include "refusal.h"

static void put_line(struct ch_buf *out, const char *label, struct ch_str value)
{
    if (value.len > 0) {
        ch_buf_printf(out, "%-11s", label);
        ch_buf_put_escaped(out, value);
        ch_buf_putc(out, '\n');
    }
}

/* No approval covers an attack; who can end a deny of a person is not told to whoever is refused. */
static struct ch_str without_end(const struct ch_refusal *r)
{
    return r->change.len > 0 ? r->change
           : r->verdict == CH_VERDICT_DENY
               ? CH_STR("it does not end by itself")
               : CH_STR("somebody decides otherwise; it does not end by itself");
}

void gw_refusal_page_text(const struct ch_refusal_reply *reply, struct ch_buf *out)
{
    const struct ch_refusal *r = &reply->refusal;
    ch_buf_put_escaped(out, r->subject);
    if (r->verdict == CH_VERDICT_ALLOW) {
        ch_buf_puts(out, CH_STR(" is not refused any more. Ask for it again.\n"));
        return;
    }
    ch_buf_printf(out, " is %s.\n\n", r->verdict == CH_VERDICT_DENY ? "denied" : "held");
    put_line(out, "Repository", reply->repository);
    put_line(out, "Rule", r->rule);
    put_line(out, "Policy", r->policy_at);
    put_line(out, "Why", r->reason);
    if (r->since_us != CH_TIME_UNKNOWN) {
        ch_buf_printf(out, "%-11s", "Since");
        gw_put_minute(out, r->since_us);
        ch_buf_putc(out, '\n');
    }
    ch_buf_printf(out, "%-11s", "Until");
    if (r->until_us != CH_TIME_UNKNOWN) {
        gw_put_minute(out, r->until_us);
        ch_buf_putc(out, '\n');
    } else {
        ch_buf_puts(out, without_end(r));
        ch_buf_putc(out, '\n');
    }
    put_line(out, "Exception", reply->exception);
    put_line(out, "Exceptions",
             reply->advice.len > 0 && r->change.len == 0 ? reply->advice
             : reply->may_ask      ? CH_STR("can be asked for on this page: send reason=WHY to it by POST")
             : r->verdict == CH_VERDICT_DENY || r->change.len > 0
                 ? (struct ch_str){NULL, 0}
                 : CH_STR("ask the people who run this gateway and name this page"));
}

static void put_member(struct ch_buf *out, const char *name, struct ch_str value)
{
    ch_buf_printf(out, ",\"%s\":", name);
    ch_buf_put_json(out, value);
}

static struct ch_str verdict_name(enum ch_verdict verdict)
{
    switch (verdict) {
    case CH_VERDICT_ALLOW:
        return CH_STR("allow");
    case CH_VERDICT_DENY:
        return CH_STR("deny");
    case CH_VERDICT_HOLD:
        break;
    }
    return CH_STR("hold");
}

static void put_time_member(struct ch_buf *out, const char *name, int64_t at_us)
{
    ch_buf_printf(out, ",\"%s\":", name);
    if (at_us == CH_TIME_UNKNOWN) {
        ch_buf_puts(out, CH_STR("null"));
        return;
    }
    time_t seconds = at_us / 1000000;
    struct tm tm;
    char text[40];
    size_t len = gmtime_r(&seconds, &tm) == NULL
                     ? 0
                     : strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    ch_buf_put_json(out, (struct ch_str){text, len});
}

void gw_refusal_page_json(const struct ch_refusal_reply *reply, struct ch_buf *out)
{
    const struct ch_refusal *r = &reply->refusal;
    ch_buf_printf(out, "{\"id\":");
    ch_buf_put_json(out, r->id);
    put_member(out, "verdict", verdict_name(r->verdict));
    put_member(out, "repository", reply->repository);
    put_member(out, "subject", r->subject);
    put_member(out, "rule", r->rule);
    put_member(out, "policy", r->policy_at);
    put_member(out, "reason", r->reason);
    put_time_member(out, "since", r->since_us);
    put_time_member(out, "until", r->until_us);
    put_member(out, "change", r->change);
    put_member(out, "exceptions", r->change.len > 0 ? (struct ch_str){NULL, 0} : reply->advice);
    put_member(out, "exception", reply->exception);
    ch_buf_printf(out, ",\"may_ask\":%s", reply->may_ask ? "true" : "false");
    ch_buf_puts(out, CH_STR("}\n"));
}

/* ------------------------------------------------------------------ HTML */

static void put_row(struct ch_buf *out, const char *label, struct ch_str value)
{
    if (value.len > 0) {
        ch_buf_printf(out, "<dt>%s</dt><dd>", label);
        ch_buf_put_html(out, value);
        ch_buf_puts(out, CH_STR("</dd>\n"));
    }
}

static void put_time_row(struct ch_buf *out, const char *label, int64_t at_us, struct ch_str otherwise)
{
    if (at_us == CH_TIME_UNKNOWN) {
        put_row(out, label, otherwise);
        return;
    }
    ch_buf_printf(out, "<dt>%s</dt><dd>", label);
    gw_put_minute(out, at_us);
    ch_buf_puts(out, CH_STR("</dd>\n"));
}

/* The form goes to where the page is: no address of ours is in it. */
static void put_form(struct ch_buf *out)
{
    ch_buf_puts(out, CH_STR("<h2>Ask for an exception</h2>\n"
                            "<p>Asking grants nothing: somebody else decides.</p>\n"
                            "<form method=\"post\">\n"
                            "<p><label>Why it is needed<br>\n"
                            "<input name=\"reason\" size=\"80\" maxlength=\"500\" required></label></p>\n"
                            "<p><label>Until when (2030-01-31 or 14d; empty: as the policy says)<br>\n"
                            "<input name=\"expires\" size=\"20\" maxlength=\"30\"></label></p>\n"
                            "<p><button>Ask</button></p>\n</form>\n"));
}

void gw_refusal_page_html(const struct ch_refusal_reply *reply, struct ch_buf *out)
{
    const struct ch_refusal *r = &reply->refusal;
    bool refused = r->verdict != CH_VERDICT_ALLOW;
    const char *state = r->verdict == CH_VERDICT_DENY ? "denied" : "held";
    ch_buf_puts(out, CH_STR("<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>"));
    ch_buf_put_html(out, r->subject);
    ch_buf_puts(out, CH_STR("</title></head>\n<body>\n<h1>"));
    ch_buf_put_html(out, r->subject);
    ch_buf_printf(out, " is %s</h1>\n<dl>\n", refused ? state : "not refused any more");
    put_row(out, "Repository", reply->repository);
    if (refused) {
        put_row(out, "Rule", r->rule);
        put_row(out, "Policy", r->policy_at);
        put_row(out, "Why", r->reason);
        put_time_row(out, "Since", r->since_us, CH_STR(""));
        put_time_row(out, "Until", r->until_us, without_end(r));
    }
    put_row(out, "Exception", reply->exception);
    if (r->change.len == 0) {
        put_row(out, "Exceptions", reply->advice);
    }
    ch_buf_puts(out, CH_STR("</dl>\n"));
    if (reply->may_ask) {
        put_form(out);
    }
    ch_buf_puts(out, CH_STR("</body>\n</html>\n"));
}
