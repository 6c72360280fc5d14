/* Between notices*.c: one thing to tell. */
#ifndef KEEPER_NOTICES_INT_H
#define KEEPER_NOTICES_INT_H

#include "notices.h"

/* Of an image, for receivers that know nothing else. */
struct notice_image {
    const char *action;                     /* "quarantine", "push" */
    struct ch_str repository, project, tag; /* tag absent: by its digest */
    struct ch_sha256 sha256;
    uint64_t size_bytes;
    struct ch_str media_type;
};

/* `data` gets the fields of the JSON, `text` a sentence and its lines. */
struct notice {
    struct keeper *k;
    enum ch_notice_event event;
    const char *type; /* "exception.requested" */
    int64_t at_us;
    struct ch_buf data;
    struct ch_buf text;
    const struct notice_image *image; /* NULL: it is of none */
};
void notice_begin(struct notice *n, struct keeper *k, enum ch_notice_event event, const char *type,
                  int64_t at_us);
void notice_put_entry(struct notice *n, uint64_t entry);
/* Stores it for each destination that wants it, in the open group; `n` is done. */
enum ch_code notice_end(struct notice *n, struct ch_err *err) CH_MUST_CHECK;

/* --- notices_body.c --- */

/* As the format has it, `message` being its number; nothing where the format has nothing for it. */
void notice_put_body(const struct notice *n, enum ch_webhook_format format, struct ch_str message,
                     struct ch_buf *body);
/* The media type of such a body. */
struct ch_str notice_body_type(struct ch_str body);

#endif
