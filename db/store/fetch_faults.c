/* What the last fetch of a file has found out (0029_fetch_fault.sql). */
#include "db/store/store_int.h"

static const char *const names[] = {
    [CH_FAULT_NONE] = "none",     [CH_FAULT_MISSING] = "missing", [CH_FAULT_REFUSED] = "refused",
    [CH_FAULT_DENIED] = "denied", [CH_FAULT_ANSWER] = "answer",   [CH_FAULT_SIZE] = "size",
    [CH_FAULT_HASH] = "hash",
};
_Static_assert(CH_ARRAY_LEN(names) == CH_FAULT_COUNT, "each fault has a name");

/* One of a later version is one in any case. */
static enum ch_fetch_fault fault_of(struct ch_str name)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (ch_str_eq(name, ch_str_of(names[i]))) {
            return (enum ch_fetch_fault)i;
        }
    }
    return CH_FAULT_ANSWER;
}

static int64_t size_column(uint64_t bytes)
{
    return bytes > INT64_MAX ? -1 : (int64_t)bytes; /* CH_SIZE_UNKNOWN is -1 */
}

enum ch_code ch_store_add_fetch_fault(struct ch_store *s, const struct ch_fetch_fault_row *f,
                                      struct ch_err *err)
{
    enum ch_code rc = ch_sql_run(
        s, CH_SQL_ADD_FETCH_FAULT,
        CH_ARGS(ch_arg_text(f->upstream), ch_arg_text(f->project), ch_arg_text(f->file_name),
                ch_arg_text(ch_str_of(names[f->fault])),
                ch_arg_sha(&f->stated_sha256), ch_arg_int(size_column(f->stated_bytes)),
                ch_arg_text(f->url), ch_arg_u64(f->told_bytes), ch_arg_int(f->at_least),
                ch_arg_text(f->text), ch_arg_int(f->at_us)),
        NULL, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_FAULTS);
    }
    return rc;
}

enum ch_code ch_store_fetch_faults(struct ch_store *s, struct ch_str upstream,
                                   struct ch_str project, ch_store_fetch_fault_fn *each, void *ctx,
                                   struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_FETCH_FAULTS,
                                     CH_ARGS(ch_arg_text(upstream), ch_arg_text(project)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        int64_t stated = ch_col_int(&c, 3);
        struct ch_fetch_fault_row f = {
            .upstream = upstream,
            .project = project,
            .file_name = ch_col_str(&c, 0),
            .fault = fault_of(ch_col_str(&c, 1)),
            .stated_sha256 = ch_col_sha(&c, 2),
            .stated_bytes = stated < 0 ? CH_SIZE_UNKNOWN : (uint64_t)stated,
            .url = ch_col_str(&c, 4),
            .told_bytes = ch_col_u64(&c, 5),
            .at_least = ch_col_int(&c, 6) != 0,
            .text = ch_col_str(&c, 7),
            .at_us = ch_col_int(&c, 8),
        };
        each(ctx, &f);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
