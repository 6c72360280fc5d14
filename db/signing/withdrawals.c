#include "db/signing/withdrawals.h"

#include "customhouse/timefmt.h"

static void put_time(struct ch_buf *b, const char *name, int64_t at_us)
{
    ch_buf_printf(b, ",\"%s\":\"", name);
    ch_time_put(b, at_us, false);
    ch_buf_putc(b, '"');
}

void ch_withdrawals_begin(struct ch_buf *b, struct ch_str environment, int64_t issued_at_us,
                          int64_t valid_until_us)
{
    ch_buf_puts(b, CH_STR("{\"version\":1,\"environment\":"));
    ch_buf_put_json(b, environment);
    put_time(b, "issuedAt", issued_at_us);
    put_time(b, "validUntil", valid_until_us);
    ch_buf_puts(b, CH_STR(",\"withdrawn\":["));
}

void ch_withdrawals_put(struct ch_buf *b, const struct ch_sha256 *sha256, struct ch_str file_name,
                        int64_t withdrawn_at_us)
{
    bool first = b->len == 0 || b->ptr[b->len - 1] == '[';
    ch_buf_puts(b, first ? CH_STR("{\"sha256\":\"") : CH_STR(",{\"sha256\":\""));
    ch_buf_put_hex(b, sha256->byte, CH_SHA256_BYTES);
    ch_buf_puts(b, CH_STR("\",\"file\":"));
    ch_buf_put_json(b, file_name);
    put_time(b, "withdrawnAt", withdrawn_at_us);
    ch_buf_putc(b, '}');
}

void ch_withdrawals_end(struct ch_buf *b)
{
    ch_buf_puts(b, CH_STR("]}"));
}
