/* References in upstream pages. Spec: RFC 3986 section 5; only http and https come out. */
#ifndef CH_SCANNER_PYPI_URL_H
#define CH_SCANNER_PYPI_URL_H

#include "customhouse/bytes.h"

/* Appends `reference` (without its fragment) resolved against the absolute URL `base` to `ret`:
 * http or https in lower case, dot segments removed, blanks and bytes outside ASCII
 * percent-encoded. CH_E_FORMAT: another scheme, no host, user information (T13), a control byte or
 * a backslash, a base that is no http URL. */
enum ch_code ch_url_resolve(struct ch_str base, struct ch_str reference, struct ch_buf *ret,
                            struct ch_err *err) CH_MUST_CHECK;
/* What follows the first '#'; absent when there is none. */
struct ch_str ch_url_fragment(struct ch_str reference);
/* The last segment of the path of an absolute URL, still encoded; empty when the path ends in '/'.
 */
struct ch_str ch_url_last_segment(struct ch_str url);
/* Appends `s` with %XX decoded; false when a '%' is not followed by two hex digits. */
bool ch_url_decode(struct ch_str s, struct ch_buf *ret);

#endif
