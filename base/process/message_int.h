/* What the codecs of base/process/message_*.c share: fields with bounds.
 *
 * Texts for people are clipped by the encoder, so that a long error message never costs a channel;
 * everything that names something fails instead, since half a name names something else. */
#ifndef CH_MESSAGE_INT_H
#define CH_MESSAGE_INT_H

#include "customhouse/limits.h"
#include "customhouse/message.h"

/* Text for people: clipped to max bytes. */
void ch_msg_put_text(struct ch_buf *b, struct ch_str s, uint64_t max);
/* As ch_msg_put_text, and what is not printable ASCII becomes '?'. */
void ch_msg_put_printable(struct ch_buf *b, struct ch_str s, uint64_t max);
/* A name, URL, file: b fails when it is longer. */
void ch_msg_put_name(struct ch_buf *b, struct ch_str s, uint64_t max);
void ch_msg_put_bool(struct ch_buf *b, bool v);
void ch_msg_put_enum(struct ch_buf *b, unsigned v);
void ch_msg_put_sha256(struct ch_buf *b, const struct ch_sha256 *d);
void ch_msg_put_client(struct ch_buf *b, const struct ch_client *c);
void ch_msg_put_repositories(struct ch_buf *b, const struct ch_repositories *list);

/* {NULL, 0} for an empty one: absent and empty are encoded alike. */
struct ch_str ch_msg_get_text(struct ch_rd *r, uint64_t max);
/* Fails on anything but printable ASCII. */
struct ch_str ch_msg_get_printable(struct ch_rd *r, uint64_t max);
bool ch_msg_get_bool(struct ch_rd *r); /* 0 or 1, else fails */
/* First to last inclusive, else fails and gives 0. */
unsigned ch_msg_get_enum(struct ch_rd *r, unsigned first, unsigned last);
struct ch_sha256 ch_msg_get_sha256(struct ch_rd *r);
struct ch_client ch_msg_get_client(struct ch_rd *r);
void ch_msg_get_repositories(struct ch_rd *r, struct ch_repositories *ret);

/* Every decoder ends like this: *ret is written only when the whole message was right. */
#define CH_MSG_DECODED(what)                                                                       \
    enum ch_code rc = ch_rd_end(&r, what, err);                                                    \
    if (rc == CH_OK) {                                                                             \
        *ret = m;                                                                                  \
    }                                                                                              \
    return rc

#endif
