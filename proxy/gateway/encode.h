/* Content codings for pages: made once per page, kept, sent many times. Artifacts are never encoded. */
#ifndef CH_GATEWAY_ENCODE_H
#define CH_GATEWAY_ENCODE_H

#include "negotiate.h"

/* Encodes `in`; the same bytes give the same bytes, so that an ETag stands for both. The caller frees
 * *ret_ptr. CH_E_LIMIT: would not get smaller. */
enum ch_code gw_encode(enum gw_encoding encoding, struct ch_str in, char **ret_ptr, size_t *ret_len,
                       struct ch_err *err) CH_MUST_CHECK;

/* The document itself under zstd, as a file of that type is: one frame that states its content's size, with a window of
 * at most 8 MiB, which every client's reader takes. The same bytes give the same bytes. The caller frees *ret_ptr. */
enum ch_code gw_zstd_document(struct ch_str in, char **ret_ptr, size_t *ret_len,
                              struct ch_err *err) CH_MUST_CHECK;

#endif
