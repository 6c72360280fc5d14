/* What the files of the PyPI ecosystem share. */
#ifndef CH_PYPI_INT_H
#define CH_PYPI_INT_H

#include "customhouse/ecosystem.h"

extern const struct ch_ecosystem ch_ecosystem_pypi;

/* Percent-encodes everything but RFC 3986 "unreserved" characters: '+' of local versions becomes %2B,
 * which every client decodes alike. */
void ch_pypi_put_path_part(struct ch_buf *b, struct ch_str part);

/* The version of the Simple repository API that the fields of this page ask for (PEP 629): "1.4" when
 * it states a project status, "1.1" when every size that PEP 700 demands is known, else "1.0". */
const char *ch_pypi_api_version(const struct ch_page *page, bool sizes);

/* "archived", or NULL when the page states none. A quarantined project MUST NOT offer files (PEP 792),
 * yet a refusal can be read only at a file: where files are listed, the status is left out. */
const char *ch_pypi_status_name(const struct ch_page *page);

/* "YYYY-MM-DDTHH:MM:SS.ffffffZ" (PEP 700); nothing and false for a year that has not four digits. */
bool ch_pypi_put_time(struct ch_buf *b, int64_t at_us);

/* Spec: PEP 691, 700, 714, 792. */
enum ch_code ch_pypi_render_json(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                                 struct ch_err *err);
enum ch_code ch_pypi_render_root_json(const struct ch_root_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err);
/* Spec: PEP 503, 592, 629, 658, 714, 792. */
enum ch_code ch_pypi_render_html(const struct ch_page *page, struct ch_str prefix, struct ch_buf *out,
                                 struct ch_err *err);
enum ch_code ch_pypi_render_root_html(const struct ch_root_page *page, struct ch_str prefix,
                                      struct ch_buf *out, struct ch_err *err);

/* See struct ch_ecosystem. */
size_t ch_pypi_wanted_next(const struct ch_page *page, const bool *eligible, struct ch_str user_agent,
                           size_t *ret_indices, size_t max);

/* clients.c */
extern const struct ch_clients_ops ch_pypi_clients;

#endif
