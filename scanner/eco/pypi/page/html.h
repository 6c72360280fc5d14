/* A tokenizer for upstream index pages: only what <a>, <meta> and <base> need, over the mapped
 * bytes without copies. Spec: the WHATWG HTML tokenizer, except that what a browser would repair
 * (an end inside a tag, an attribute twice) is an error. */
#ifndef CH_SCANNER_PYPI_HTML_H
#define CH_SCANNER_PYPI_HTML_H

#include "customhouse/bytes.h"

enum ch_html_kind {
    CH_HTML_END = 0,
    CH_HTML_TEXT,    /* text: between tags, entities not decoded */
    CH_HTML_OPEN,    /* name, attributes */
    CH_HTML_CLOSE,   /* name */
    CH_HTML_COMMENT, /* text */
};

struct ch_html_token {
    enum ch_html_kind kind;
    struct ch_str text;
    struct ch_str name;       /* as written */
    struct ch_str attributes; /* raw, see ch_html_attribute */
    size_t at;                /* byte offset, for messages */
};

struct ch_html {
    struct ch_str bytes;
    size_t at;
    struct ch_str raw_until; /* inside script and the like: the element's name, else absent */
};

/* Checks the whole input for UTF-8 and NUL, skips a byte order mark and leading blanks, and asks
 * for a '<' then: a JSON document or plain text is CH_E_FORMAT. */
enum ch_code ch_html_init(struct ch_html *h, struct ch_str bytes, struct ch_err *err) CH_MUST_CHECK;
/* The contents of script, style, title and the like are skipped. */
enum ch_code ch_html_next(struct ch_html *h, struct ch_html_token *ret,
                          struct ch_err *err) CH_MUST_CHECK;

/* Walks a tag's attributes: *rest starts as token.attributes. False after the last. The value is
 * raw (absent when there is no '='). The tag was checked when it was read. */
bool ch_html_attribute(struct ch_str *rest, struct ch_str *ret_name, struct ch_str *ret_value);
/* Appends text or an attribute value with entities decoded: numeric, amp lt gt quot apos nbsp;
 * others stay as they are. CH_E_FORMAT for a number that is no character. */
enum ch_code ch_html_decode(struct ch_str raw, struct ch_buf *ret,
                            struct ch_err *err) CH_MUST_CHECK;

#endif
