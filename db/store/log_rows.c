/* Rows without a number, or that are replaced, beside the entries that say all of them. */
#include "db/store/store_int.h"

enum ch_code ch_store_owners_entered(struct ch_store *s, ch_store_owner_entered_fn *each, void *ctx,
                                     struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_OWNERS_ENTERED, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_owner_entered row = {.repository = ch_col_str(&c, 0),
                                       .project = ch_col_str(&c, 1),
                                       .upstream = ch_col_str(&c, 2),
                                       .at_us = ch_col_int(&c, 3),
                                       .leaf = ch_col_sha(&c, 4)};
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

bool ch_store_value_is_entered(struct ch_str name)
{
    return !ch_str_starts(name, CH_STR("audit-handover-")) &&
           !ch_str_eq(name, CH_STR("audit-cosigned")) && !ch_str_eq(name, CH_STR("clock")) &&
           !ch_str_eq(name, CH_STR("last-copies-going")); /* work in hand: each has its entry */
}

enum ch_code ch_store_values_entered(struct ch_store *s, ch_store_value_entered_fn *each, void *ctx,
                                     struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_VALUES_ENTERED, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_value_entered row = {.name = ch_col_str(&c, 0),
                                       .value = ch_col_str(&c, 1),
                                       .at_us = ch_col_int(&c, 2),
                                       .leaf = ch_col_sha(&c, 3)};
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_values_gone(struct ch_store *s, ch_store_value_gone_fn *each, void *ctx,
                                  struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_VALUES_GONE, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0));
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_odd_confirmations(struct ch_store *s, ch_store_confirmation_fn *each,
                                        void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_ODD_CONFIRMATIONS, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_confirmation row = {.snapshot = ch_col_u64(&c, 0),
                                      .upstream = ch_col_str(&c, 1),
                                      .project = ch_col_str(&c, 2),
                                      .checked_at_us = ch_col_int(&c, 3)};
        rc = each(ctx, &row, err);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
