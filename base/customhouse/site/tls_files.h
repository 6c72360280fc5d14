/* Certificates, keys and authorities that the configuration names: read and tried here, before a
 * new configuration is in force, so that no process has to refuse it afterwards. */
#ifndef CUSTOMHOUSE_TLS_FILES_H
#define CUSTOMHOUSE_TLS_FILES_H

#include "site.h"

/* From s->config, s->config_text and s->config_name; fills pairs, admin_pair and upstream_files of
 * s, which site_done() frees, also after a failure. CH_E_USAGE: "FILE:LINE:COLUMN:
 * listen[0].tls_key: " and what is wrong with the file named there. */
enum ch_code tls_files_read(struct site *s, struct ch_err *err) CH_MUST_CHECK;
/* Whether what clients would be shown is valid now, but for what `in_force` (NULL: nothing) shows
 * already: who comes with an expired certificate keeps the former one, and a reload for another
 * reason does not fail for one that has expired meanwhile. CH_E_USAGE, as above. */
enum ch_code tls_files_check_times(const struct site *s, const struct site *in_force,
                                   int64_t now_us, struct ch_err *err) CH_MUST_CHECK;
/* Whether each certificate of a PEM text can be read, and there is one. The error says the line of
 * what cannot ("line 3: ..."), but no file. */
enum ch_code tls_files_check_certificates(struct ch_str pem, struct ch_err *err) CH_MUST_CHECK;
/* The certificates of authorities in a file of PEM, as PEM, and nothing that stands beside them:
 * keys are no business of who is to trust them. ch_buf_done frees *ret, which a failure leaves as
 * it was. The error names the file: it cannot be read, has more than limits.h's
 * fetch_certificate_bytes, or is refused as above. */
enum ch_code tls_files_read_authorities(const char *path, struct ch_buf *ret,
                                        struct ch_err *err) CH_MUST_CHECK;

#endif
