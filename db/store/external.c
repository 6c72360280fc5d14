/* What external scanners said of images. */
#include "customhouse/store_external.h"

#include "db/store/store_int.h"

enum ch_code ch_store_add_external(struct ch_store *s, struct ch_external_row *row,
                                   struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = ch_sql_number(
        s, CH_SQL_ADD_EXTERNAL,
        CH_ARGS(ch_arg_text(row->repository), ch_arg_text(row->project), ch_arg_sha(&row->sha256),
                ch_arg_int((int64_t)row->verdict), ch_arg_text(row->details),
                ch_arg_text(row->words), ch_arg_text(row->by), ch_arg_int(row->at_us)),
        &id, err);
    if (rc == CH_OK) {
        row->id = (uint64_t)id;
    }
    return rc;
}

enum ch_code ch_store_external(struct ch_store *s, struct ch_str repository,
                               const struct ch_sha256 *sha256, struct ch_external_row *ret,
                               struct ch_buf *strings, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_external_row row = {.verdict = CH_EXTERNAL_NONE};
    enum ch_code rc = ch_cursor_open(s, CH_SQL_EXTERNAL,
                                     CH_ARGS(ch_arg_text(repository), ch_arg_sha(sha256)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_str *const texts[] = {&row.repository, &row.project, &row.details, &row.words,
                                        &row.by};
        static const int columns[] = {1, 2, 5, 6, 7};
        size_t all = 1;
        for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
            *texts[i] = ch_col_str(&c, columns[i]);
            all += texts[i]->len;
        }
        row.id = ch_col_u64(&c, 0);
        row.sha256 = ch_col_sha(&c, 3);
        row.verdict = (enum ch_external)ch_col_int(&c, 4);
        row.at_us = ch_col_int(&c, 8);
        if (ch_buf_reserve(strings, all) != NULL) { /* what was kept before does not move */
            for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
                size_t at = strings->len;
                ch_buf_puts(strings, *texts[i]);
                *texts[i] = ch_str_sub(ch_buf_str(strings), at, strings->len);
            }
        }
        rc = ch_buf_ok(strings, err);
    }
    ch_cursor_close(&c);
    if (rc == CH_OK) {
        *ret = row;
    }
    return rc;
}
