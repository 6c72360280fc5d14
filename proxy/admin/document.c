/* The description of the interface: OpenAPI 3.1.0, from the table of operations. */
#include "answers.h"
#include "customhouse/limits.h"

#define PROBLEM "{\"$ref\":\"#/components/responses/problem\"}"

static void put_string(struct ch_buf *b, const char *name, const char *value)
{
    ch_buf_printf(b, "\"%s\":", name);
    ch_buf_put_json(b, ch_str_of(value));
}

static void put_values(struct ch_buf *b, const char *const *values)
{
    ch_buf_puts(b, CH_STR(",\"enum\":["));
    for (size_t i = 0; values[i] != NULL; i++) {
        ch_buf_puts(b, i > 0 ? CH_STR(",") : CH_STR(""));
        ch_buf_put_json(b, ch_str_of(values[i]));
    }
    ch_buf_putc(b, ']');
}

/* What parameters.c takes, in the words of JSON Schema. A length there is of characters: of bytes
 * there may be up to four times as many, which is said where it matters. */
static void put_schema(struct ch_buf *b, const struct parameter *p)
{
    static const char text[] = "{\"type\":\"string\",\"minLength\":1,\"maxLength\":500,"
                               "\"pattern\":\"^[^\\\\u0000-\\\\u001f\\\\u007f]+$\"";
    switch (p->type) {
    case PARAMETER_TEXT:
        ch_buf_puts(b, CH_STR(text));
        if (p->values != NULL) {
            put_values(b, p->values);
        }
        ch_buf_putc(b, '}');
        break;
    case PARAMETER_TEXTS:
        ch_buf_printf(b, "{\"type\":\"array\",\"minItems\":1,\"maxItems\":%d,\"items\":%s}}",
                      PARAMETER_TEXTS_MAX, text);
        break;
    case PARAMETER_JSON:
    case PARAMETER_FLAG:
        ch_buf_puts(b, CH_STR("{\"type\":\"boolean\"}"));
        break;
    case PARAMETER_NUMBER:
        ch_buf_puts(b, CH_STR("{\"type\":\"integer\",\"minimum\":1,\"maximum\":9007199254740991}"));
        break;
    case PARAMETER_DOCUMENT:
        ch_buf_puts(b, CH_STR("{\"type\":\"string\",\"minLength\":1,\"maxLength\":65536}"));
        break;
    case PARAMETER_COMMAND:
        ch_buf_printf(b,
                      "{\"type\":\"string\",\"maxLength\":%d,"
                      "\"pattern\":\"^[a-z]+([ -][a-z]+)*$\"}",
                      PARAMETER_COMMAND_MAX);
        break;
    case PARAMETER_OPTIONS:
        ch_buf_printf(b,
                      "{\"type\":\"object\",\"propertyNames\":{\"maxLength\":%d,"
                      "\"pattern\":\"^[a-z-]+$\"},\"additionalProperties\":%s}}",
                      PARAMETER_COMMAND_MAX, text);
        break;
    case PARAMETER_INPUT:
        ch_buf_puts(b, CH_STR("{\"type\":\"string\",\"contentEncoding\":\"base64\","
                              "\"pattern\":\"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|"
                              "[A-Za-z0-9+/]{3}=)?$\"}"));
        break;
    }
}

static void put_parameters(struct ch_buf *b, const struct operation *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->parameter_count; i++) {
        const struct parameter *p = &o->parameters[i];
        if (p->place == IN_BODY) {
            continue;
        }
        ch_buf_puts(b, n++ > 0 ? CH_STR(",{") : CH_STR(",\"parameters\":[{"));
        put_string(b, "name", p->name);
        ch_buf_printf(b, ",\"in\":\"%s\",\"required\":%s,", p->place == IN_PATH ? "path" : "query",
                      p->required ? "true" : "false");
        put_string(b, "description", p->doc);
        ch_buf_puts(b, CH_STR(",\"schema\":"));
        put_schema(b, p);
        ch_buf_putc(b, '}');
    }
    ch_buf_puts(b, n > 0 ? CH_STR("]") : CH_STR(""));
}

static void put_body(struct ch_buf *b, const struct operation *o)
{
    size_t n = 0, required = 0;
    struct ch_buf names;
    ch_buf_init(&names, 4096);
    for (size_t i = 0; i < o->parameter_count; i++) {
        const struct parameter *p = &o->parameters[i];
        if (p->place != IN_BODY) {
            continue;
        }
        ch_buf_puts(
            b, n++ > 0
                   ? CH_STR(",")
                   : CH_STR(",\"requestBody\":{\"required\":true,\"content\":{\"application/json\":"
                            "{\"schema\":{\"type\":\"object\",\"additionalProperties\":false,"
                            "\"properties\":{"));
        ch_buf_put_json(b, ch_str_of(p->name));
        ch_buf_puts(b, CH_STR(":{\"allOf\":["));
        put_schema(b, p);
        ch_buf_puts(b, CH_STR("],"));
        put_string(b, "description", p->doc);
        ch_buf_putc(b, '}');
        if (p->required) {
            ch_buf_puts(&names, required++ > 0 ? CH_STR(",") : CH_STR(""));
            ch_buf_put_json(&names, ch_str_of(p->name));
        }
    }
    if (n > 0) {
        ch_buf_printf(b, "}%s%.*s%s}}}}", required > 0 ? ",\"required\":[" : "",
                      CH_STR_ARG(ch_buf_str(&names)), required > 0 ? "]" : "");
    }
    ch_buf_done(&names);
}

static bool has_body(const struct operation *o)
{
    for (size_t i = 0; i < o->parameter_count; i++) {
        if (o->parameters[i].place == IN_BODY) {
            return true;
        }
    }
    return false;
}

static void put_answer(struct ch_buf *b, const struct operation *o)
{
    if (o->answer == ANSWER_COMMAND) {
        ch_buf_puts(b,
                    CH_STR("{\"type\":\"object\",\"required\":[\"exit_status\",\"output\","
                           "\"message\"],\"additionalProperties\":false,\"properties\":{"
                           "\"exit_status\":{\"enum\":[0,1,2],\"description\":\"0 done, 1 refused "
                           "or falls short, 2 usage.\"},\"output\":{\"type\":\"string\"},"
                           "\"message\":{\"type\":\"string\",\"description\":\"What the command "
                           "line writes to standard error.\"}}}"));
        return;
    }
    ch_buf_puts(b,
                o->answer == ANSWER_LIST ? CH_STR("{\"type\":\"array\",\"items\":") : CH_STR(""));
    answers_put_schema(b, o);
    ch_buf_puts(b, o->answer == ANSWER_LIST ? CH_STR("}") : CH_STR(""));
}

static void put_responses(struct ch_buf *b, const struct operation *o)
{
    static const char *const always[] = {"401", "403", "421", "429", "500", "503", "504"};
    ch_buf_puts(b, CH_STR(",\"responses\":{"));
    if (o->answer == ANSWER_NONE) {
        ch_buf_puts(b, CH_STR("\"204\":{\"description\":\"Done.\"}"));
    } else {
        ch_buf_puts(b, CH_STR("\"200\":{\"description\":\"The answer.\",\"content\":{"
                              "\"application/json\":{\"schema\":"));
        put_answer(b, o);
        ch_buf_puts(b, CH_STR("}}}"));
    }
    ch_buf_puts(b, CH_STR(",\"400\":" PROBLEM));
    for (size_t i = 0; i < CH_ARRAY_LEN(always); i++) {
        ch_buf_printf(b, ",\"%s\":" PROBLEM, always[i]);
    }
    if (o->refused_status != 0) {
        ch_buf_printf(b, ",\"%d\":" PROBLEM, o->refused_status);
    }
    if (has_body(o)) {
        ch_buf_puts(b, CH_STR(",\"413\":" PROBLEM ",\"415\":" PROBLEM));
    }
    ch_buf_putc(b, '}');
}

static void put_operation(struct ch_buf *b, const struct operation *o)
{
    ch_buf_puts(b, o->method == CH_HTTP_GET    ? CH_STR("\"get\":{")
                   : o->method == CH_HTTP_POST ? CH_STR("\"post\":{")
                                               : CH_STR("\"delete\":{"));
    put_string(b, "operationId", o->id);
    ch_buf_putc(b, ',');
    put_string(b, "summary", o->summary);
    put_parameters(b, o);
    put_body(b, o);
    put_responses(b, o);
    ch_buf_putc(b, '}');
}

static bool is_first_of_path(size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (ch_str_eq(ch_str_of(operation_at(i)->path), ch_str_of(operation_at(at)->path))) {
            return false;
        }
    }
    return true;
}

void operations_document(struct ch_buf *b)
{
    ch_buf_puts(
        b,
        CH_STR("{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Customhouse\",\"version\":\"1\","
               "\"summary\":"
               "\"Administration of a package quarantine\",\"description\":\"Every operation is a "
               "command of the keeper's, given by the person or service account whose token is "
               "presented: as Bearer, or as password of Basic with any user name. The token's "
               "audience is admin.\"},\"servers\":[{\"url\":\"/\"}],\"security\":[{\"bearer\":[]},"
               "{\"basic\":[]}],\"paths\":{"));
    size_t paths = 0;
    for (size_t i = 0; operation_at(i) != NULL; i++) {
        if (!is_first_of_path(i)) {
            continue;
        }
        ch_buf_puts(b, paths++ > 0 ? CH_STR(",") : CH_STR(""));
        ch_buf_put_json(b, ch_str_of(operation_at(i)->path));
        ch_buf_puts(b, CH_STR(":{"));
        size_t n = 0;
        for (size_t k = i; operation_at(k) != NULL; k++) {
            if (ch_str_eq(ch_str_of(operation_at(k)->path), ch_str_of(operation_at(i)->path))) {
                ch_buf_puts(b, n++ > 0 ? CH_STR(",") : CH_STR(""));
                put_operation(b, operation_at(k));
            }
        }
        ch_buf_putc(b, '}');
    }
    ch_buf_puts(
        b,
        CH_STR(
            "},\"components\":{\"securitySchemes\":{\"bearer\":{\"type\":\"http\",\"scheme\":"
            "\"bearer\"},"
            "\"basic\":{\"type\":\"http\",\"scheme\":\"basic\"}},\"schemas\":{\"problem\":{"
            "\"type\":"
            "\"object\",\"required\":[\"title\",\"status\",\"detail\"],\"properties\":{\"title\":{"
            "\"type\":\"string\"},\"status\":{\"type\":\"integer\"},\"detail\":{\"type\":"
            "\"string\"}}}},"
            "\"responses\":{\"problem\":{\"description\":\"Why not (RFC 9457).\",\"content\":{"
            "\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/problem\"}},"
            "\"text/plain\":{\"schema\":{\"type\":\"string\",\"description\":\"Of what is no "
            "proper HTTP "
            "request.\"}}}}}}}\n"));
}
