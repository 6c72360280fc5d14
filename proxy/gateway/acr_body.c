/* A PATCH of an external scanner:
 *   {"quarantineState": "Passed", "quarantineDetails": "{\"state\": ..., \"link\": ..., \"result\":
 * ...}"} The details are JSON in a string. Source: Azure/acr, docs/preview/quarantine,
 * quarantine-details/schema.json. */
#include "acr.h"

#include <jansson.h>

#include "customhouse/limits.h"
#include "customhouse/secret.h"

#define SEVERITIES_MAX  5
#define DESCRIPTION_MAX 1024

void gw_acr_body_init(struct gw_acr_body *b)
{
    b->verdict = CH_EXTERNAL_NONE;
    ch_buf_init(&b->details, (size_t)ch_limits.external_body_bytes);
    ch_buf_init(&b->words, (size_t)ch_limits.external_body_bytes);
}

void gw_acr_body_done(struct gw_acr_body *b)
{
    ch_buf_done(&b->details);
    ch_buf_done(&b->words);
}

static struct ch_str text_of(json_t *v)
{
    return (struct ch_str){json_string_value(v), json_string_length(v)};
}

static bool has_only(json_t *object, const char *const *keys)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (keys[i] != NULL && !ch_str_eq(ch_str_of(keys[i]), ch_str_of(name))) {
            i++;
        }
        if (keys[i] == NULL) {
            return false;
        }
    }
    return true;
}

static bool is_severity(struct ch_str s)
{
    static const char *const known[] = {"Critical", "High", "Medium", "Low", "None"};
    for (size_t i = 0; i < CH_ARRAY_LEN(known); i++) {
        if (ch_str_eq(s, ch_str_of(known[i]))) {
            return true;
        }
    }
    return false;
}

static const char *read_summary(json_t *summary, struct ch_buf *words)
{
    static const char *const keys[] = {"severity", "count", NULL};
    if (!json_is_array(summary) || json_array_size(summary) > SEVERITIES_MAX) {
        return "quarantineDetails.result.summary: expected a list of at most 5";
    }
    for (size_t i = 0; i < json_array_size(summary); i++) {
        json_t *one = json_array_get(summary, i);
        json_t *severity = json_object_get(one, "severity");
        json_t *count = json_object_get(one, "count");
        if (!json_is_object(one) || !has_only(one, keys) || !json_is_string(severity) ||
            !is_severity(text_of(severity))) {
            return "quarantineDetails.result.summary: expected a severity (Critical, High, Medium, "
                   "Low or None) and a count";
        }
        if (!json_is_integer(count) || json_integer_value(count) < 0) {
            return "quarantineDetails.result.summary: expected a count of 0 or more";
        }
        ch_buf_printf(words, "%s%lld %.*s", words->len > 0 ? ", " : "",
                      (long long)json_integer_value(count), CH_STR_ARG(text_of(severity)));
    }
    return NULL;
}

static void put_words(struct ch_buf *words, struct ch_str text)
{
    if (text.len > 0) {
        ch_buf_puts(words, words->len > 0 ? CH_STR("; ") : CH_STR(""));
        ch_buf_put_printable(words, text);
    }
}

static const char *read_result(json_t *result, struct ch_buf *words)
{
    static const char *const keys[] = {"version", "summary", "description", NULL};
    json_t *description = json_object_get(result, "description");
    if (!json_is_object(result) || !has_only(result, keys)) {
        return "quarantineDetails.result: expected an object of version, summary and description";
    }
    if (!json_is_string(json_object_get(result, "version"))) {
        return "quarantineDetails.result.version: expected a string";
    }
    const char *wrong = read_summary(json_object_get(result, "summary"), words);
    if (wrong != NULL || description == NULL) {
        return wrong;
    }
    if (!json_is_string(description) || json_string_length(description) > DESCRIPTION_MAX) {
        return "quarantineDetails.result.description: expected a string of at most 1024 bytes";
    }
    put_words(words, text_of(description));
    return NULL;
}

static const char *read_details(json_t *details, struct ch_buf *words)
{
    static const char *const keys[] = {"state", "link", "result", NULL};
    json_t *state = json_object_get(details, "state"), *link = json_object_get(details, "link");
    json_t *result = json_object_get(details, "result");
    if (!json_is_object(details) || !has_only(details, keys)) {
        return "quarantineDetails: expected a JSON object of state, link and result in it";
    }
    if (state != NULL && !json_is_string(state)) {
        return "quarantineDetails.state: expected a string";
    }
    if (link != NULL && !json_is_string(link)) {
        return "quarantineDetails.link: expected a string";
    }
    const char *wrong = result != NULL ? read_result(result, words) : NULL;
    put_words(words, text_of(state));
    put_words(words, text_of(link));
    return wrong;
}

static const char *read_body(json_t *root, struct gw_acr_body *ret)
{
    static const char *const keys[] = {"quarantineState", "quarantineDetails", NULL};
    json_t *state = json_object_get(root, "quarantineState");
    json_t *details = json_object_get(root, "quarantineDetails");
    json_error_t where;
    if (!json_is_object(root) || !has_only(root, keys)) {
        return "it is no JSON object of quarantineState and quarantineDetails";
    }
    ret->verdict = json_is_string(state) ? ch_external_of(text_of(state)) : CH_EXTERNAL_NONE;
    if (ret->verdict == CH_EXTERNAL_NONE) {
        return "quarantineState: expected Passed, Failed or Quarantined";
    }
    if (details == NULL) {
        return NULL;
    }
    if (!json_is_string(details)) {
        return "quarantineDetails: expected a string, with JSON in it";
    }
    struct ch_str text = text_of(details);
    if (text.len == 0) {
        return NULL;
    }
    json_t *inner = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &where);
    const char *wrong = inner == NULL ? "quarantineDetails: expected JSON in the string"
                                      : read_details(inner, &ret->words);
    json_decref(inner);
    ch_buf_puts(&ret->details, text);
    if (wrong == NULL && (ret->details.failed || ret->words.failed)) {
        wrong = "quarantineDetails: longer than allowed";
    }
    if (wrong == NULL && ch_secret_in(text)) {
        wrong =
            "quarantineDetails: a token stands in it, and it would be recorded: have it revoked";
    }
    return wrong;
}

const char *gw_acr_body_read(struct ch_str text, struct gw_acr_body *ret)
{
    json_error_t where;
    json_t *root =
        json_loadb(text.ptr != NULL ? text.ptr : "", text.len, JSON_REJECT_DUPLICATES, &where);
    const char *wrong = root == NULL ? "it is no JSON object of quarantineState and "
                                       "quarantineDetails, each once"
                                     : read_body(root, ret);
    json_decref(root);
    return wrong;
}
