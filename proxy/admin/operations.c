#include "operations.h"

#include <string.h>

#include "customhouse/limits.h"

#define PARAMETERS(list) .parameters = (list), .parameter_count = CH_ARRAY_LEN(list)
#define REPOSITORY(in)                                                                             \
    {"repository", (in), PARAMETER_TEXT, "repository", false, NULL,                                \
     "Of this repository; needed where several have it."}
#define WHAT(in)                                                                                   \
    {"what", (in), PARAMETER_TEXT, NULL, true, NULL,                                               \
     "pypi:NAME, NAME==VERSION, a file name, a URL of the service or of an upstream, or sha256:HEX."}
#define REASON(needed) {"reason", IN_BODY, PARAMETER_TEXT, "reason", (needed), NULL, "Why; it is recorded."}
#define EXPIRES(needed)                                                                            \
    {"expires", IN_BODY, PARAMETER_TEXT, "expires", (needed), NULL,                                \
     "A date (2030-01-31, its end in UTC) or a number of days (30d)."}

static const struct parameter queue_parameters[] = {
    {"audited", IN_QUERY, PARAMETER_FLAG, "audited", false, NULL,
     "Instead, what is served only because its repository audits."},
};
static const struct parameter explain_parameters[] = {WHAT(IN_QUERY), REPOSITORY(IN_QUERY)};
static const struct parameter deny_parameters[] = {WHAT(IN_BODY), REASON(true), EXPIRES(false),
                                                   REPOSITORY(IN_BODY)};
static const struct parameter rescan_parameters[] = {
    {"what", IN_BODY, PARAMETER_TEXT, NULL, false, NULL, "As elsewhere; without it, see all."},
    {"all", IN_BODY, PARAMETER_FLAG, "all", false, NULL, "Everything that was ever decided on."},
    REPOSITORY(IN_BODY),
};
static const struct parameter own_parameters[] = {
    {"name", IN_QUERY, PARAMETER_TEXT, NULL, false, NULL, "This project; without it all that changed."},
    REPOSITORY(IN_QUERY),
};
static const struct parameter key_parameters[] = {
    {"key", IN_PATH, PARAMETER_TEXT, NULL, true, NULL, "A key (PURPOSE-ID), or all of a purpose."},
};
static const struct parameter policy_show_parameters[] = {REPOSITORY(IN_QUERY)};
static const struct parameter policy_diff_parameters[] = {
    {"from", IN_QUERY, PARAMETER_TEXT, NULL, true, NULL, "A number of the history, or a digest."},
    {"to", IN_QUERY, PARAMETER_TEXT, NULL, false, NULL, "Likewise; without it the one in force."},
};
static const struct parameter policy_test_parameters[] = {
    {"policy", IN_BODY, PARAMETER_DOCUMENT, NULL, true, NULL, "The text of the other policy.yaml."},
    REPOSITORY(IN_BODY),
};

static const struct operation operations[] = {
    {.id = "getStatus",
     .method = CH_HTTP_GET,
     .path = "/api/v1/status",
     .command = "status",
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "The processes, the store and what is going on."},
    {.id = "listQueue",
     .method = CH_HTTP_GET,
     .path = "/api/v1/queue",
     .command = "queue",
     PARAMETERS(queue_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "What is being fetched and inspected, and what is held."},
    {.id = "explain",
     .method = CH_HTTP_GET,
     .path = "/api/v1/explain",
     .command = "explain",
     PARAMETERS(explain_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "What is served and what is not, which rule says so, and until when."},
    {.id = "listFetchedBy",
     .method = CH_HTTP_GET,
     .path = "/api/v1/fetched-by",
     .command = "fetched-by",
     PARAMETERS(explain_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "The clients who got something."},
    {.id = "deny",
     .method = CH_HTTP_POST,
     .path = "/api/v1/denials",
     .command = "deny",
     PARAMETERS(deny_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Refuse something, whatever the policy says."},
    {.id = "rescan",
     .method = CH_HTTP_POST,
     .path = "/api/v1/rescans",
     .command = "rescan",
     PARAMETERS(rescan_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "Inspect again what is known already."},
    {.id = "listOwners",
     .method = CH_HTTP_GET,
     .path = "/api/v1/owners",
     .command = "own",
     PARAMETERS(own_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "Which upstream owns which name, and since when."},
    {.id = "listKeys",
     .method = CH_HTTP_GET,
     .path = "/api/v1/keys",
     .command = "keys",
     .word = "list",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "The signing keys there ever were, and since when they sign."},
    {.id = "showKey",
     .method = CH_HTTP_GET,
     .path = "/api/v1/keys/{key}",
     .command = "keys",
     .word = "show",
     PARAMETERS(key_parameters),
     .answer = ANSWER_LIST,
     .refused_status = 404,
     .summary = "One key, or all of a purpose, with their public halves in PEM."},
    {.id = "showPolicy",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy",
     .command = "policy show",
     PARAMETERS(policy_show_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 409,
     .summary = "The policy in force, defaults and lines included, and since when."},
    {.id = "listPolicyHistory",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/history",
     .command = "policy history",
     .answer = ANSWER_LIST,
     .refused_status = 409,
     .summary = "What was in force since when, by whom and why."},
    {.id = "diffPolicies",
     .method = CH_HTTP_GET,
     .path = "/api/v1/policy/diff",
     .command = "policy diff",
     PARAMETERS(policy_diff_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 404,
     .summary = "What differs between two policies, in meaning and as text."},
    {.id = "testPolicy",
     .method = CH_HTTP_POST,
     .path = "/api/v1/policy/test",
     .command = "policy test",
     PARAMETERS(policy_test_parameters),
     .answer = ANSWER_OBJECT,
     .refused_status = 0,
     .summary = "What would change among all known files under another policy. Nothing is changed."},
};

const struct operation *operation_at(size_t i)
{
    return i < CH_ARRAY_LEN(operations) ? &operations[i] : NULL;
}

const char *operation_method_name(enum ch_http_method method)
{
    return method == CH_HTTP_POST ? "POST" : method == CH_HTTP_DELETE ? "DELETE" : "GET";
}

/* --- paths --- */

/* The next part of a template: {NULL, 0} behind the last. */
static struct ch_str next_part(const char **at)
{
    if (**at != '/') {
        return (struct ch_str){NULL, 0};
    }
    const char *from = *at + 1;
    size_t n = strcspn(from, "/");
    *at = from + n;
    return (struct ch_str){from, n};
}

static bool is_variable(struct ch_str part)
{
    return part.len > 2 && part.ptr[0] == '{';
}

static bool path_fits(const struct operation *o, const struct ch_http_view *v)
{
    const char *at = o->path;
    for (size_t i = 0; i < v->segment_count; i++) {
        struct ch_str part = next_part(&at);
        if (part.ptr == NULL || (!is_variable(part) && !ch_str_eq(part, v->segments[i]))) {
            return false;
        }
    }
    return *at == '\0' && !v->trailing_slash;
}

/* HEAD is GET whose body stays away. */
static bool method_fits(const struct operation *o, const struct ch_http_view *v)
{
    return o->method == v->method || (o->method == CH_HTTP_GET && v->method == CH_HTTP_HEAD);
}

const struct operation *operation_find(const struct ch_http_view *v, struct ch_buf *ret_allowed)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(operations); i++) {
        const struct operation *o = &operations[i];
        if (!path_fits(o, v)) {
            continue;
        }
        if (method_fits(o, v)) {
            return o;
        }
        ch_buf_printf(ret_allowed, "%s%s%s", ret_allowed->len > 0 ? ", " : "",
                      operation_method_name(o->method), o->method == CH_HTTP_GET ? ", HEAD" : "");
    }
    return NULL;
}

struct ch_str operation_path_value(const struct operation *o, const struct ch_http_view *v, const char *name)
{
    const char *at = o->path;
    for (size_t i = 0; i < v->segment_count; i++) {
        struct ch_str part = next_part(&at);
        if (is_variable(part) && ch_str_eq(ch_str_sub(part, 1, part.len - 2), ch_str_of(name))) {
            return v->segments[i];
        }
    }
    return (struct ch_str){NULL, 0};
}
