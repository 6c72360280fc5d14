/* What the administrative interface offers, one row each: the same table finds the operation of a
 * request, reads its parameters, makes the keeper's command of them, and describes it all
 * (OpenAPI 3.1). Pure.
 *
 * An operation is a command of the keeper's, with JSON for its answer: whether it may be given is
 * decided there, for each anew (T21). */
#ifndef PROXY_ADMIN_OPERATIONS_H
#define PROXY_ADMIN_OPERATIONS_H

#include "customhouse/http.h"

enum parameter_place { IN_PATH = 0, IN_QUERY, IN_BODY };
enum parameter_type {
    PARAMETER_TEXT = 0, /* 1 to PARAMETER_TEXT_MAX characters, no control characters */
    PARAMETER_TEXTS,    /* of these, 1 to PARAMETER_TEXTS_MAX; only in a body */
    PARAMETER_FLAG,     /* true or false */
    PARAMETER_NUMBER,   /* 1 to 2^53 - 1 */
    PARAMETER_DOCUMENT, /* any text of 1 to PARAMETER_DOCUMENT_MAX characters; only in a body */
    /* of an operation that is a whole command, only in a body: */
    PARAMETER_COMMAND, /* its name: words of a-z, with '-' or one blank between them */
    PARAMETER_OPTIONS, /* an object: names of its options, and a text of each; "true" for a flag */
    PARAMETER_JSON,    /* true: its output is to be JSON */
    PARAMETER_INPUT,   /* base64 of what it is about */
};

struct parameter {
    const char *name;
    enum parameter_place place;
    enum parameter_type type;
    const char *option; /* of the command, without dashes; NULL: a plain word, in this order */
    bool required;
    const char *const *values; /* all there may be, NULL at their end; NULL: any */
    const char *doc;
};

enum operation_answer {
    ANSWER_OBJECT = 0,
    ANSWER_LIST,    /* of objects */
    ANSWER_NONE,    /* 204 */
    ANSWER_COMMAND, /* what a command says: its output, its words for people, its exit status */
};

struct operation {
    const char *id; /* "listQueue" */
    enum ch_http_method method;
    const char *path;    /* "/api/v1/users/{name}" */
    const char *command; /* "policy show", "user"; NULL: a parameter has it */
    const char *word;    /* its first plain word; NULL: none */
    const struct parameter *parameters;
    size_t parameter_count;
    enum operation_answer answer;
    int refused_status; /* for the command's exit status 1: 404 or 409; 0: that is an answer, too */
    const char *summary;
};

#define PARAMETER_TEXTS_MAX    32
#define PARAMETER_DOCUMENT_MAX 65536
#define PARAMETER_COMMAND_MAX  32 /* bytes of the name of a command or an option */
#define PARAMETER_TEXT_MAX     500 /* characters, as much as the shortest of what they end in takes */

const struct operation *operation_at(size_t i); /* NULL: there are no more */
/* The operation of a method and a path; NULL: none. *ret_allowed, a list for Allow, then says what
 * the path knows; "": there is no such path. */
const struct operation *operation_find(const struct ch_http_view *v, struct ch_buf *ret_allowed);
/* The segment of the path that stands for {name}; absent: it has none. */
struct ch_str operation_path_value(const struct operation *o, const struct ch_http_view *v,
                                   const char *name);
const char *operation_method_name(enum ch_http_method method); /* "GET" */

/* The document that describes them, as JSON. */
void operations_document(struct ch_buf *b);

#endif
