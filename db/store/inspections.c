/* Inspections with their findings and facts. */
#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/scan.h"
#include "db/store/store_int.h"

_Static_assert(CH_INSPECTION_COMPLETE == 1 && CH_INSPECTION_FAILED == 2, "as in the schema");

/* ------------------------------------------------------------------ the digest of all of it */

static void put_key(struct ch_buf *b, const struct ch_inspection_key *key)
{
    ch_put_sha256(b, &key->sha256);
    ch_put_str(b, key->profile);
    ch_put_u32(b, key->inspector_version);
    ch_put_sha256(b, &key->ruleset);
    ch_put_str(b, key->context);
}

static void put_row(struct ch_buf *b, const struct ch_inspection_row *row)
{
    ch_put_u8(b, (uint8_t)row->outcome);
    ch_put_str(b, row->error);
    ch_put_i64(b, row->at_us);
    ch_put_u64(b, row->cpu_us);
    ch_put_u64(b, row->wall_us);
    ch_put_u64(b, row->member_count);
    ch_put_sha256(b, &row->members_digest);
    ch_put_sha256(b, &row->metadata_sha256);
    ch_put_u64(b, row->metadata_bytes);
    ch_put_u64(b, row->strict.cpu_us);
    ch_put_u64(b, row->strict.memory_bytes);
    ch_put_u64(b, row->second.cpu_us);
    ch_put_u64(b, row->second.memory_bytes);
}

/* Logs have it through the evidence of attestations: this must not become another one. */
static enum ch_code record_of(const struct ch_inspection_key *key,
                              const struct ch_inspection_row *row, struct ch_sha256 *ret,
                              struct ch_err *err)
{
    struct ch_buf b;
    ch_buf_init(&b, 2 * (size_t)ch_limits.scan_output_bytes);
    ch_put_str(&b, CH_STR("customhouse inspection 1"));
    put_key(&b, key);
    put_row(&b, row);
    ch_put_u64(&b, row->finding_count);
    for (size_t i = 0; i < row->finding_count; i++) {
        ch_put_u32(&b, (uint32_t)row->findings[i].code);
        ch_put_str(&b, row->findings[i].member);
        ch_put_str(&b, row->findings[i].evidence);
    }
    ch_put_u64(&b, row->fact_count);
    for (size_t i = 0; i < row->fact_count; i++) {
        ch_put_str(&b, row->facts[i].name);
        ch_put_str(&b, row->facts[i].value);
    }
    enum ch_code rc = ch_buf_ok(&b, err);
    if (rc == CH_OK) {
        *ret = ch_sha256_of(b.ptr, b.len);
    }
    ch_buf_done(&b);
    return rc;
}

/* ------------------------------------------------------------------ writing */

static enum ch_code add_row(struct ch_store *s, const struct ch_inspection_key *key,
                            const struct ch_inspection_row *row, int64_t *ret_id,
                            struct ch_err *err)
{
    struct ch_sha256 record;
    enum ch_code rc = record_of(key, row, &record, err);
    if (rc != CH_OK) {
        return rc;
    }
    return ch_sql_number(
        s, CH_SQL_ADD_INSPECTION,
        CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile),
                ch_arg_int(key->inspector_version), ch_arg_sha(&key->ruleset),
                ch_arg_text(key->context), ch_arg_int((int64_t)row->outcome),
                ch_arg_text(row->error), ch_arg_int(row->at_us), ch_arg_u64(row->cpu_us),
                ch_arg_u64(row->wall_us), ch_arg_u64(row->member_count),
                ch_arg_sha_opt(&row->members_digest), ch_arg_sha_opt(&row->metadata_sha256),
                ch_arg_u64(row->metadata_bytes), ch_arg_u64(row->strict.cpu_us),
                ch_arg_u64(row->strict.memory_bytes), ch_arg_u64(row->second.cpu_us),
                ch_arg_u64(row->second.memory_bytes), ch_arg_sha(&record)),
        ret_id, err);
}

static enum ch_code add_all(struct ch_store *s, const struct ch_inspection_key *key,
                            const struct ch_inspection_row *row, struct ch_err *err)
{
    int64_t id = 0;
    enum ch_code rc = add_row(s, key, row, &id, err);
    if (rc == CH_OK) {
        ch_facts_added(s, CH_FACTS_INSPECTIONS);
    }
    for (size_t i = 0; rc == CH_OK && i < row->finding_count; i++) {
        const struct ch_finding *f = &row->findings[i];
        rc = ch_sql_run(s, CH_SQL_ADD_FINDING,
                        CH_ARGS(ch_arg_int(id), ch_arg_u64(i), ch_arg_int((int64_t)f->code),
                                ch_arg_blob(f->member), ch_arg_text(f->evidence)),
                        NULL, err);
    }
    for (size_t i = 0; rc == CH_OK && i < row->fact_count; i++) {
        const struct ch_fact *f = &row->facts[i];
        rc = ch_sql_run(
            s, CH_SQL_ADD_FACT,
            CH_ARGS(ch_arg_int(id), ch_arg_u64(i), ch_arg_text(f->name), ch_arg_text(f->value)),
            NULL, err);
    }
    return rc;
}

enum ch_code ch_store_add_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                     const struct ch_inspection_row *row, struct ch_err *err)
{
    enum ch_code rc = ch_step_begin(s, err);
    return rc == CH_OK ? ch_step_end(s, add_all(s, key, row, err), err) : rc;
}

/* ------------------------------------------------------------------ reading
 * Strings are gathered in order, and pointed at once the buffer no longer moves. */

static struct ch_str gather(struct ch_buf *strings, struct ch_str s)
{
    ch_buf_puts(strings, s);
    return (struct ch_str){NULL, s.len};
}

static struct ch_str point(struct ch_str *rest, struct ch_str length_only)
{
    struct ch_str part = ch_str_sub(*rest, 0, length_only.len);
    *rest = ch_str_sub(*rest, length_only.len, rest->len - length_only.len);
    return part.len > 0 ? part : (struct ch_str){NULL, 0};
}

static enum ch_code read_findings(struct ch_store *s, int64_t id, struct ch_inspection_result *ret,
                                  struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_FINDINGS, CH_ARGS(ch_arg_int(id)), &c, err);
    size_t n = 0;
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ret->findings = ch_realloc_array(ret->findings, n + 1, sizeof(*ret->findings));
        ret->findings[n++] = (struct ch_finding){
            .code = (enum ch_finding_code)ch_col_int(&c, 0),
            .member = gather(&ret->strings, ch_col_str(&c, 1)),
            .evidence = gather(&ret->strings, ch_col_str(&c, 2)),
        };
    }
    ch_cursor_close(&c);
    ret->row.findings = ret->findings;
    ret->row.finding_count = n;
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static enum ch_code read_facts(struct ch_store *s, int64_t id, struct ch_inspection_result *ret,
                               struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_FACTS, CH_ARGS(ch_arg_int(id)), &c, err);
    size_t n = 0;
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        ret->facts = ch_realloc_array(ret->facts, n + 1, sizeof(*ret->facts));
        ret->facts[n++] = (struct ch_fact){
            .name = gather(&ret->strings, ch_col_str(&c, 0)),
            .value = gather(&ret->strings, ch_col_str(&c, 1)),
        };
    }
    ch_cursor_close(&c);
    ret->row.facts = ret->facts;
    ret->row.fact_count = n;
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static enum ch_code read_row(struct ch_cursor *c, struct ch_inspection_result *ret,
                             struct ch_err *err)
{
    int64_t id = ch_col_int(c, 0);
    ret->row = (struct ch_inspection_row){
        .outcome = (enum ch_inspection)ch_col_int(c, 1),
        .error = gather(&ret->strings, ch_col_str(c, 2)),
        .at_us = ch_col_int(c, 3),
        .cpu_us = ch_col_u64(c, 4),
        .wall_us = ch_col_u64(c, 5),
        .member_count = ch_col_u64(c, 6),
        .members_digest = ch_col_sha(c, 7),
        .metadata_sha256 = ch_col_sha(c, 8),
        .metadata_bytes = ch_col_u64(c, 9),
        .strict = {ch_col_u64(c, 10), ch_col_u64(c, 11)},
        .second = {ch_col_u64(c, 12), ch_col_u64(c, 13)},
    };
    ret->inspector_version = (uint32_t)ch_col_int(c, 14);
    ret->ruleset = ch_col_sha(c, 15);
    enum ch_code rc = read_findings(c->store, id, ret, err);
    if (rc == CH_OK) {
        rc = read_facts(c->store, id, ret, err);
    }
    return rc == CH_OK ? ch_buf_ok(&ret->strings, err) : rc;
}

static void point_all(struct ch_inspection_result *r)
{
    struct ch_str rest = ch_buf_str(&r->strings);
    r->row.error = point(&rest, r->row.error);
    for (size_t i = 0; i < r->row.finding_count; i++) {
        r->findings[i].member = point(&rest, r->findings[i].member);
        r->findings[i].evidence = point(&rest, r->findings[i].evidence);
    }
    for (size_t i = 0; i < r->row.fact_count; i++) {
        r->facts[i].name = point(&rest, r->facts[i].name);
        r->facts[i].value = point(&rest, r->facts[i].value);
    }
}

static struct ch_inspection_key key_of(const struct ch_cursor *c)
{
    return (struct ch_inspection_key){.inspector_version = (uint32_t)ch_col_int(c, 14),
                                      .ruleset = ch_col_sha(c, 15),
                                      .profile = ch_col_str(c, 16),
                                      .context = ch_col_str(c, 17),
                                      .sha256 = ch_col_sha(c, 18)};
}

/* Of the standing row. */
static enum ch_code read_whole(struct ch_cursor *c, struct ch_inspection_result *ret,
                               bool *ret_as_recorded, struct ch_err *err)
{
    struct ch_inspection_result r = {0};
    struct ch_inspection_key key = key_of(c);
    struct ch_sha256 stored = ch_col_sha(c, 19), record = {{0}};
    ch_buf_init(&r.strings, (size_t)ch_limits.scan_output_bytes);
    enum ch_code rc = read_row(c, &r, err);
    if (rc == CH_OK) {
        point_all(&r);
        rc = record_of(&key, &r.row, &record, err);
    }
    if (rc != CH_OK) {
        ch_store_inspection_done(&r);
        return rc;
    }
    bool older = ch_sha256_is_zero(&stored) && key.inspector_version < CH_INSPECTOR_RECORDS;
    r.row.record = older ? stored : record;
    *ret_as_recorded = older || ch_sha256_eq(&stored, &record);
    *ret = r;
    return CH_OK;
}

/* Of the cursor's first row; closes it. T4: what was taken away of it was not found to be none. */
static enum ch_code read_first(struct ch_cursor *c, enum ch_code rc,
                               struct ch_inspection_result *ret, struct ch_err *err)
{
    struct ch_inspection_result r = {0};
    bool as_recorded = false;
    if (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        rc = read_whole(c, &r, &as_recorded, err);
    } else if (rc == CH_E_NOT_FOUND) {
        rc = ch_fail(err, rc, "these bytes were not inspected in this context");
    }
    if (rc == CH_OK && !as_recorded) {
        rc = ch_fail(err, CH_E_FORMAT,
                     "inspection %lld: it, its findings or its facts are not what was recorded",
                     (long long)ch_col_int(c, 0));
        ch_store_inspection_done(&r);
    }
    ch_cursor_close(c);
    if (rc == CH_OK) {
        *ret = r;
    }
    return rc;
}

enum ch_code ch_store_get_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                     struct ch_inspection_result *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_GET_INSPECTION,
                                     CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile),
                                             ch_arg_int(key->inspector_version),
                                             ch_arg_sha(&key->ruleset), ch_arg_text(key->context)),
                                     &c, err);
    return read_first(&c, rc, ret, err);
}

enum ch_code ch_store_newest_inspection(struct ch_store *s, const struct ch_inspection_key *key,
                                        struct ch_inspection_result *ret, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_NEWEST_INSPECTION,
        CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile), ch_arg_text(key->context)), &c,
        err);
    return read_first(&c, rc, ret, err);
}

enum ch_code ch_store_inspections_of(struct ch_store *s, const struct ch_sha256 *sha256,
                                     ch_store_inspection_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = sha256 != NULL ? ch_cursor_open(s, CH_SQL_INSPECTIONS_OF,
                                                      CH_ARGS(ch_arg_sha(sha256)), &c, err)
                                     : ch_cursor_open(s, CH_SQL_INSPECTIONS, NULL, 0, &c, err);
    bool more = true;
    while (rc == CH_OK && more && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_inspection_result r;
        bool as_recorded = false;
        rc = read_whole(&c, &r, &as_recorded, err);
        if (rc == CH_OK) {
            struct ch_inspection_key key = key_of(&c);
            more = each(ctx, ch_col_u64(&c, 0), &key, &r.row, as_recorded);
            ch_store_inspection_done(&r);
        }
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static enum ch_code each_context(struct ch_cursor *c, enum ch_code rc, ch_store_name_fn *each,
                                 void *ctx, struct ch_err *err)
{
    while (rc == CH_OK && (rc = ch_cursor_next(c, err)) == CH_OK) {
        each(ctx, ch_col_str(c, 0));
    }
    ch_cursor_close(c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_inspection_contexts(struct ch_store *s, const struct ch_inspection_key *key,
                                          ch_store_name_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(
        s, CH_SQL_INSPECTION_CONTEXTS,
        CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile), ch_arg_text(key->context)), &c,
        err);
    return each_context(&c, rc, each, ctx, err);
}

enum ch_code ch_store_contexts_with_findings(struct ch_store *s,
                                             const struct ch_inspection_key *key,
                                             struct ch_str codes, ch_store_name_fn *each, void *ctx,
                                             struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_CONTEXTS_WITH_FINDINGS,
                       CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile),
                               ch_arg_int(key->inspector_version), ch_arg_sha(&key->ruleset),
                               ch_arg_text(codes)),
                       &c, err);
    return each_context(&c, rc, each, ctx, err);
}

enum ch_code ch_store_contexts_complete(struct ch_store *s, const struct ch_inspection_key *key,
                                        struct ch_str ending, struct ch_str codes,
                                        ch_store_name_fn *each, void *ctx, struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_CONTEXTS_COMPLETE,
                       CH_ARGS(ch_arg_sha(&key->sha256), ch_arg_text(key->profile),
                               ch_arg_int(key->inspector_version), ch_arg_sha(&key->ruleset),
                               ch_arg_text(ending), ch_arg_text(codes)),
                       &c, err);
    return each_context(&c, rc, each, ctx, err);
}

void ch_store_inspection_done(struct ch_inspection_result *r)
{
    ch_buf_done(&r->strings);
    ch_buf_done(&r->added);
    free(r->findings);
    free(r->facts);
    *r = (struct ch_inspection_result){0};
}
