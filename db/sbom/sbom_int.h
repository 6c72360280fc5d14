#ifndef CUSTOMHOUSE_SBOM_INT_H
#define CUSTOMHOUSE_SBOM_INT_H

#include "sbom.h"

/* --- put.c: JSON --- */

/* Each puts a comma before itself unless it is the first of its object or list. */
void sbom_field(struct ch_buf *b, const char *name, struct ch_str value);
void sbom_open(struct ch_buf *b, const char *name,
               char bracket);                          /* `"name":[`; the caller closes */
void sbom_item(struct ch_buf *b, struct ch_str value); /* a text in a list */
void sbom_begin(struct ch_buf *b);                     /* "{" in a list */
void sbom_put_time(struct ch_buf *b, const char *name, int64_t at_us);
#define SBOM_UUID_BYTES 37
/* Of what the document says: another one for any other (RFC 9562, version 8). */
void sbom_uuid(struct ch_str document, char ret[SBOM_UUID_BYTES]);

/* --- components.c --- */

/* Sorted, so that those which are one and the same lie beside each other. */
void sbom_sort(struct ch_sbom *s);
/* The end of those that are the same as the first one. */
size_t sbom_same_until(const struct ch_sbom *s, size_t first);
/* A licence as SPDX has it; false: nobody stated one in that form. */
bool sbom_is_expression(struct ch_str licence);
/* What one of these components states, the first one that does; and whether it is exactly an
 * expression of identifiers of the list, which *ret is then. */
struct ch_str sbom_licence_of(const struct ch_sbom *s, size_t first, size_t end);
bool sbom_listed_licence(struct ch_str stated, struct ch_buf *ret);

/* --- package_url.c --- */

/* What package URLs call a kind of packages of layers; NULL: nothing. */
const char *sbom_url_type(struct ch_str kind);
void sbom_put_subject_url(struct ch_buf *b, const struct ch_sbom *s);
void sbom_put_component_url(struct ch_buf *b, const struct ch_sbom *s,
                            const struct ch_sbom_component *c);
#define SBOM_URL_BYTES (16u << 10)

#endif
