/* What is signed of images, as registries have it. */
#include "db/store/store_int.h"

enum ch_code ch_store_add_image_signature(struct ch_store *s,
                                          const struct ch_image_signature_row *row,
                                          uint64_t *ret_id, struct ch_err *err)
{
    struct ch_sha256 manifest = ch_sha256_of(row->manifest.ptr, row->manifest.len);
    struct ch_sha256 layer = ch_sha256_of(row->layer.ptr, row->layer.len);
    struct ch_sha256 config = {{0}};
    int64_t id = 0;
    if (row->config.ptr != NULL) {
        config = ch_sha256_of(row->config.ptr, row->config.len);
    }
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_IMAGE_SIGNATURE,
        CH_ARGS(ch_arg_u64(row->attestation), ch_arg_text(row->form), ch_arg_sha(&row->key),
                ch_arg_blob(row->manifest), ch_arg_sha(&manifest), ch_arg_blob(row->layer),
                ch_arg_sha(&layer), ch_arg_blob_opt(row->config), ch_arg_sha_opt(&config)),
        &id, err);
    if (rc == CH_OK) {
        *ret_id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_image_signatures(struct ch_store *s, uint64_t attestation,
                                       ch_store_image_signature_fn *each, void *ctx,
                                       struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_IMAGE_SIGNATURES, CH_ARGS(ch_arg_u64(attestation)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, &(struct ch_image_signature_row){
                      .id = ch_col_u64(&c, 0),
                      .attestation = ch_col_u64(&c, 1),
                      .form = ch_col_str(&c, 2),
                      .key = ch_col_sha(&c, 3),
                      .manifest = ch_col_str(&c, 4),
                      .layer = ch_col_str(&c, 5),
                      .config = ch_col_str(&c, 6),
                      .at_us = ch_col_int(&c, 7),
                      .manifest_sha256 = ch_col_sha(&c, 8),
                      .layer_sha256 = ch_col_sha(&c, 9),
                      .config_sha256 = ch_col_sha(&c, 10),
                  });
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_images_signed_by(struct ch_store *s, const struct ch_sha256 *digest,
                                       struct ch_str repository, ch_store_image_fn *each, void *ctx,
                                       struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_IMAGES_SIGNED_BY,
                                     CH_ARGS(ch_arg_sha(digest), ch_arg_text(repository)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 sha256 = ch_col_sha(&c, 1);
        each(ctx, ch_col_str(&c, 0), &sha256);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
