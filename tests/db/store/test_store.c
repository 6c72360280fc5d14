/* Values, names, pages, artifacts, inspections: what was put is found, and how it says no. */
#include "tests/db/store/temp_store.h"

#include "customhouse/scan.h"
#include "db/store/store_int.h"

static struct ch_sha256 digest(const char *text)
{
    return ch_sha256_of(text, strlen(text));
}

static void add_artifact(const char *text)
{
    struct ch_artifact a = {digest(text), strlen(text), 1000};
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
}

static void test_values(void **state)
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 100);
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_value(store, CH_STR("secret"), &b, &err));
    assert_ch_ok(&err, ch_store_set_value(store, CH_STR("secret"), CH_STR("a\0b"), &err));
    assert_ch_ok(&err, ch_store_get_value(store, CH_STR("secret"), &b, &err));
    assert_true(ch_str_eq(ch_buf_str(&b), CH_STR("a\0b")));
    assert_ch_ok(&err, ch_store_set_value(store, CH_STR("secret"), CH_STR(""), &err));
    assert_ch_ok(&err, ch_store_get_value(store, CH_STR("secret"), &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

static void gather_names(void *ctx, struct ch_str name)
{
    ch_buf_puts(ctx, name);
    ch_buf_putc(ctx, ' ');
}

static void test_owner_is_pinned_once(void **state) /* T12 */
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 100);
    struct ch_str repo = CH_STR("pypi");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_owner(store, repo, CH_STR("numpy"), &b, &err));
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up1"), 5, NULL, &err));
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up1"), 9, NULL, &err));
    assert_ch_code(CH_E_CONFLICT,
                   ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up2"), 9, NULL, &err));
    assert_non_null(strstr(err.msg, "up1"));
    assert_ch_ok(&err, ch_store_owner(store, repo, CH_STR("numpy"), &b, &err));
    assert_str_eq(ch_buf_str(&b), "up1");
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("flask"), CH_STR("up2"), 9, NULL, &err));
    assert_ch_ok(&err, ch_store_pin_owner(store, CH_STR("x"), CH_STR("a"), CH_STR("up2"), 9, NULL, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_projects(store, repo, gather_names, &b, &err));
    assert_str_eq(ch_buf_str(&b), "flask numpy ");
    ch_buf_done(&b);
}

static void gather_owners(void *ctx, struct ch_str project, struct ch_str upstream, int64_t at_us)
{
    ch_buf_printf(ctx, "%.*s=%.*s@%lld ", CH_STR_ARG(project), CH_STR_ARG(upstream), (long long)at_us);
}

static void gather_changes(void *ctx, const struct ch_owner_change *c)
{
    ch_buf_printf(ctx, "%d:%.*s<%.*s %.*s %.*s@%lld ", (int)c->kind, CH_STR_ARG(c->upstream),
                  CH_STR_ARG(c->former), CH_STR_ARG(c->reason), CH_STR_ARG(c->by),
                  (long long)c->at_us);
}

static void test_owner_is_changed_by_people(void **state) /* T12 */
{
    (void)state;
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    struct ch_str repo = CH_STR("pypi");
    uint64_t id = 0;
    struct ch_owner_change change = {.repository = repo, .project = CH_STR("numpy"),
                                     .kind = CH_OWNER_GIVEN, .upstream = CH_STR("up2"),
                                     .former = CH_STR("up1"), .reason = CH_STR("why"),
                                     .by = CH_STR("uid:0"), .at_us = 7};
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up1"), 5, NULL, &err));
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("flask"), CH_STR("up1"), 6, NULL, &err));
    assert_ch_ok(&err, ch_store_add_owner_change(store, &change, &id, NULL, NULL, &err));
    change.kind = CH_OWNER_OLDER_ACCEPTED; /* is no change of owner */
    change.upstream = CH_STR("up3");
    change.former = CH_STR("");
    change.at_us = 8;
    assert_ch_ok(&err, ch_store_add_owner_change(store, &change, &id, NULL, NULL, &err));
    change.kind = CH_OWNER_GIVEN; /* of a name that nobody had */
    change.project = CH_STR("new");
    change.at_us = 9;
    assert_ch_ok(&err, ch_store_add_owner_change(store, &change, &id, NULL, NULL, &err));
    assert_ch_ok(&err, ch_store_owner(store, repo, CH_STR("numpy"), &b, &err));
    assert_str_eq(ch_buf_str(&b), "up2");
    assert_ch_code(CH_E_CONFLICT,
                   ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up1"), 9, NULL, &err));
    assert_ch_ok(&err, ch_store_pin_owner(store, repo, CH_STR("numpy"), CH_STR("up2"), 9, NULL, &err));
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_owners(store, repo, gather_owners, &b, &err));
    assert_str_eq(ch_buf_str(&b), "flask=up1@6 new=up3@9 numpy=up2@7 ");
    ch_buf_clear(&b);
    assert_ch_ok(&err, ch_store_owner_changes(store, repo, CH_STR("numpy"), gather_changes, &b, &err));
    assert_str_eq(ch_buf_str(&b), "1:up2<up1 why uid:0@7 2:up3< why uid:0@8 ");
    int64_t newest;
    assert_ch_ok(&err, ch_store_newest_time(store, &newest, &err));
    assert_int_equal(newest, 9);
    ch_buf_done(&b);
}

static void test_snapshot(void **state)
{
    (void)state;
    struct ch_buf content;
    struct ch_buf strings;
    struct ch_snapshot_info info = {.first_loaded_at_us = 10,
                                    .fetched_at_us = 20,
                                    .checked_at_us = 30,
                                    .etag = CH_STR("\"e1\""),
                                    .last_modified = CH_STR("Mon"),
                                    .body_sha256 = digest("b")};
    struct ch_snapshot_info got;
    struct ch_str up = CH_STR("up1");
    struct ch_str page = CH_STR("numpy");
    ch_buf_init(&content, 1 << 20);
    ch_buf_init(&strings, 1000);
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_get_snapshot(store, up, page, &got, &content, &strings, &err));
    assert_ch_code(CH_E_NOT_FOUND, ch_store_confirm_snapshot(store, up, page, 31, NULL, &err));
    assert_ch_ok(&err, ch_store_put_snapshot(store, up, page, &info, CH_STR("first"), &err));
    assert_ch_ok(&err, ch_store_confirm_snapshot(store, up, page, 31, NULL, &err));
    assert_ch_ok(&err, ch_store_get_snapshot(store, up, page, &got, &content, &strings, &err));
    assert_str_eq(ch_buf_str(&content), "first");
    assert_str_eq(got.etag, "\"e1\"");
    assert_str_eq(got.last_modified, "Mon");
    assert_int_equal(got.checked_at_us, 31);
    assert_true(ch_sha256_eq(&got.body_sha256, &info.body_sha256));
    /* The baseline stays when a later answer claims another first load. */
    info = (struct ch_snapshot_info){
        .first_loaded_at_us = 99, .fetched_at_us = 40, .checked_at_us = 41};
    assert_ch_ok(&err, ch_store_put_snapshot(store, up, page, &info, CH_STR(""), &err));
    assert_ch_ok(&err, ch_store_get_snapshot(store, up, page, &got, &content, &strings, &err));
    assert_int_equal(got.first_loaded_at_us, 10);
    assert_int_equal(got.fetched_at_us, 40);
    assert_int_equal(got.etag.len, 0);
    assert_true(ch_sha256_is_zero(&got.body_sha256));
    assert_int_equal(content.len, 0);
    ch_buf_done(&content);
    ch_buf_done(&strings);
}

static void test_snapshot_bounds(void **state)
{
    (void)state;
    struct ch_snapshot_info info = {0};
    struct ch_buf content;
    struct ch_buf strings;
    ch_buf_init(&content, 4); /* smaller than the page */
    ch_buf_init(&strings, 100);
    assert_ch_ok(
        &err, ch_store_put_snapshot(store, CH_STR("u"), CH_STR("p"), &info, CH_STR("12345"), &err));
    assert_ch_code(CH_E_LIMIT, ch_store_get_snapshot(store, CH_STR("u"), CH_STR("p"), &info,
                                                     &content, &strings, &err));
    assert_int_equal(sqlite3_exec(store->db, "UPDATE snapshot_content SET content = x'00112233'",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    content.max = 1000;
    assert_ch_code(CH_E_FORMAT, ch_store_get_snapshot(store, CH_STR("u"), CH_STR("p"), &info,
                                                      &content, &strings, &err));
    assert_non_null(strstr(err.msg, "customhouse.db"));
    ch_buf_done(&content);
    ch_buf_done(&strings);
}

static void test_artifact(void **state)
{
    (void)state;
    struct ch_artifact a = {digest("wheel"), 5, 1000};
    struct ch_artifact got;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_artifact(store, &a.sha256, &got, &err));
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    a.fetched_at_us = 2000;
    assert_ch_ok(&err, ch_store_add_artifact(store, &a, &err));
    assert_ch_ok(&err, ch_store_get_artifact(store, &a.sha256, &got, &err));
    assert_int_equal(got.size_bytes, 5);
    assert_int_equal(got.fetched_at_us, 1000);
    a.size_bytes = 6;
    assert_ch_code(CH_E_MISMATCH, ch_store_add_artifact(store, &a, &err));
    a.sha256 = digest("other");
    a.size_bytes = UINT64_MAX;
    assert_ch_code(CH_E_LIMIT, ch_store_add_artifact(store, &a, &err));
    struct ch_sha256 known = digest("wheel");
    assert_ch_ok(&err, ch_store_add_alias(store, CH_STR("md5"), CH_STR("00"), &known, &err));
    assert_ch_ok(&err, ch_store_add_alias(store, CH_STR("md5"), CH_STR("00"), &known, &err));
    assert_ch_code(CH_E_USAGE,
                   ch_store_add_alias(store, CH_STR("md5"), CH_STR("00"), &a.sha256, &err));
    struct ch_sha256 found = {{0}};
    assert_ch_ok(&err, ch_store_find_alias(store, CH_STR("md5"), CH_STR("00"), &found, &err));
    assert_true(ch_sha256_eq(&found, &known));
    assert_ch_code(CH_E_NOT_FOUND,
                   ch_store_find_alias(store, CH_STR("sha512"), CH_STR("00"), &found, &err));
    struct ch_artifact twin = {digest("twin"), 5, 1001}; /* T15: of two with one such name it names none */
    assert_ch_ok(&err, ch_store_add_artifact(store, &twin, &err));
    assert_ch_ok(&err, ch_store_add_alias(store, CH_STR("md5"), CH_STR("00"), &twin.sha256, &err));
    assert_ch_code(CH_E_MISMATCH,
                   ch_store_find_alias(store, CH_STR("md5"), CH_STR("00"), &found, &err));
    assert_true(ch_sha256_eq(&found, &known)); /* nothing was written */
}

static void gather_release(void *ctx, const struct ch_release_file *f)
{
    ch_buf_printf(ctx, "%.*s/%.*s/%.*s %.*s %lld;", CH_STR_ARG(f->upstream), CH_STR_ARG(f->project),
                  CH_STR_ARG(f->file_name), CH_STR_ARG(f->url), (long long)f->at_us);
}

static void test_release_files(void **state)
{
    (void)state;
    struct ch_buf b;
    struct ch_sha256 got;
    struct ch_release_file f = {.upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = CH_STR("f.whl"),
                                .sha256 = digest("one"),
                                .url = CH_STR("https://example.org/f.whl"),
                                .at_us = 1};
    ch_buf_init(&b, 1000);
    assert_ch_code(CH_E_USAGE, ch_store_add_release_file(store, &f, &err)); /* no artifact yet */
    add_artifact("one");
    add_artifact("two");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_find_release_file(store, f.upstream, f.project,
                                                              f.file_name, &got, &err));
    assert_ch_ok(&err, ch_store_add_release_file(store, &f, &err));
    f.at_us = 2;
    assert_ch_ok(&err, ch_store_add_release_file(store, &f, &err)); /* the same bytes again */
    assert_ch_ok(&err, ch_store_releases_of(store, &f.sha256, gather_release, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/p/f.whl https://example.org/f.whl 1;");
    f.sha256 = digest("two");
    f.at_us = 3;
    assert_ch_ok(&err, ch_store_add_release_file(store, &f, &err));
    assert_ch_ok(&err,
                 ch_store_find_release_file(store, f.upstream, f.project, f.file_name, &got, &err));
    assert_true(ch_sha256_eq(&got, &f.sha256));
    ch_buf_clear(&b);
    assert_ch_ok(
        &err, ch_store_releases_of_project(store, f.upstream, f.project, gather_release, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/p/f.whl https://example.org/f.whl 1;"
                                  "u/p/f.whl https://example.org/f.whl 3;");
    ch_buf_done(&b);
}

static void test_inspection(void **state)
{
    (void)state;
    struct ch_finding findings[] = {
        {CH_F_ZIP_OVERLAP, CH_STR("a\xff/b"), CH_STR("at 5")},
        {CH_F_LIMIT, {NULL, 0}, CH_STR("too many")},
    };
    struct ch_fact facts[] = {{CH_STR("name"), CH_STR("numpy")}, {CH_STR("tag"), CH_STR("")}};
    struct ch_inspection_key key = {.sha256 = digest("wheel"),
                                    .profile = CH_STR("wheel"),
                                    .inspector_version = 1,
                                    .context = CH_STR("pypi/numpy/f.whl")};
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE,
                                    .at_us = 7,
                                    .cpu_us = 8,
                                    .wall_us = 9,
                                    .member_count = 3,
                                    .members_digest = digest("m"),
                                    .metadata_sha256 = digest("meta"),
                                    .metadata_bytes = 4,
                                    .strict = {5, 1 << 20},
                                    .second = {3, 2 << 20},
                                    .findings = findings,
                                    .finding_count = 2,
                                    .facts = facts,
                                    .fact_count = 2};
    struct ch_inspection_result got;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &key, &got, &err));
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_ok(&err, ch_store_get_inspection(store, &key, &got, &err));
    assert_int_equal(got.row.finding_count, 2);
    assert_int_equal(got.row.findings[0].code, CH_F_ZIP_OVERLAP);
    assert_str_eq(got.row.findings[0].member, "a\xff/b");
    assert_null(got.row.findings[1].member.ptr);
    assert_str_eq(got.row.findings[1].evidence, "too many");
    assert_int_equal(got.row.fact_count, 2);
    assert_str_eq(got.row.facts[0].value, "numpy");
    assert_str_eq(got.row.facts[1].name, "tag");
    assert_int_equal(got.row.metadata_bytes, 4);
    assert_int_equal(got.row.strict.cpu_us, 5);
    assert_int_equal(got.row.strict.memory_bytes, 1 << 20);
    assert_int_equal(got.row.second.cpu_us, 3);
    assert_int_equal(got.row.second.memory_bytes, 2 << 20);
    assert_int_equal(got.inspector_version, 1);
    assert_true(ch_sha256_eq(&got.row.members_digest, &row.members_digest));
    ch_store_inspection_done(&got);
    /* T6: any part of the key that differs finds nothing. */
    struct ch_inspection_key other = key;
    other.context = CH_STR("pypi/numpy/g.whl");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &other, &got, &err));
    other = key;
    other.inspector_version = 2;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &other, &got, &err));
    other = key;
    other.ruleset = digest("rules");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &other, &got, &err));
    other = key;
    other.profile = CH_STR("sdist");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_inspection(store, &other, &got, &err));
    /* The newest row counts. */
    struct ch_inspection_row failed = {
        .outcome = CH_INSPECTION_FAILED, .error = CH_STR("crashed"), .at_us = 10};
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &failed, &err));
    assert_ch_ok(&err, ch_store_get_inspection(store, &key, &got, &err));
    assert_int_equal(got.row.outcome, CH_INSPECTION_FAILED);
    assert_str_eq(got.row.error, "crashed");
    assert_int_equal(got.row.finding_count, 0);
    ch_store_inspection_done(&got);
    failed.outcome = CH_INSPECTION_NONE;
    assert_ch_code(CH_E_USAGE, ch_store_add_inspection(store, &key, &failed, &err));
}

static void change(const char *sql)
{
    if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", sql, sqlite3_errmsg(store->db));
    }
}

static void test_inspection_records(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "DELETE FROM finding",
        "UPDATE finding SET code = code + 1",
        "UPDATE finding SET member = CAST('b' AS BLOB)",
        "INSERT INTO finding VALUES (1, 5, 1, CAST('' AS BLOB), '')",
        "DELETE FROM inspection_fact",
        "UPDATE inspection_fact SET value = 'MIT'",
        "UPDATE inspection SET outcome = 2",
        "UPDATE inspection SET record = zeroblob(32)",
        "UPDATE inspection SET record = NULL",
    };
    struct ch_finding finding = {CH_F_ZIP_OVERLAP, CH_STR("a"), CH_STR("at 5")};
    struct ch_fact fact = {CH_STR("license"), CH_STR("GPL")};
    struct ch_inspection_key key = {.sha256 = digest("wheel"),
                                    .profile = CH_STR("wheel"),
                                    .inspector_version = CH_INSPECTOR_RECORDS,
                                    .context = CH_STR("pypi/numpy/f.whl")};
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE,
                                    .at_us = 7,
                                    .findings = &finding,
                                    .finding_count = 1,
                                    .facts = &fact,
                                    .fact_count = 1};
    struct ch_inspection_result got;
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    change("DROP TRIGGER finding_kept_u; DROP TRIGGER finding_kept_d;"
           "DROP TRIGGER inspection_fact_kept_u; DROP TRIGGER inspection_fact_kept_d;"
           "DROP TRIGGER inspection_kept_u");
    for (size_t i = 0; i < CH_ARRAY_LEN(changes); i++) {
        change("SAVEPOINT one");
        change(changes[i]);
        if (ch_store_get_inspection(store, &key, &got, &err) != CH_E_FORMAT ||
            ch_store_newest_inspection(store, &key, &got, &err) != CH_E_FORMAT) {
            fail_msg("read: %s", changes[i]);
        }
        assert_non_null(strstr(err.msg, "inspection 1: "));
        change("ROLLBACK TO one; RELEASE one");
    }
    assert_ch_ok(&err, ch_store_get_inspection(store, &key, &got, &err));
    /* the digest that logs have does not change with the program */
    struct ch_sha256 record = got.row.record;
    ch_store_inspection_done(&got);
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&record, hex);
    assert_string_equal(hex, "efa5af2def9646e52d7b65dd7316777459e69344a5a7adcb80a03c08200b4cd3");
    /* Those of older inspectors have none. */
    change("UPDATE inspection SET record = NULL, inspector_version = inspector_version - 1");
    assert_ch_ok(&err, ch_store_newest_inspection(store, &key, &got, &err));
    assert_true(ch_sha256_is_zero(&got.row.record));
    ch_store_inspection_done(&got);
}

/* What a file was inspected as, each once; not what merely begins like its name. */
static void test_inspection_contexts(void **state)
{
    (void)state;
    static const char *const contexts[] = {"u/p/f.whl", "u/p/f.whl/md5=0", "u/p/f.whl/md5=0",
                                           "u/p/f.whl.asc", "u/p/g.whl"};
    struct ch_inspection_key key = {.sha256 = digest("b"), .profile = CH_STR("wheel")};
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE, .at_us = 7};
    struct ch_buf b;
    ch_buf_init(&b, 1000);
    for (size_t i = 0; i < CH_ARRAY_LEN(contexts); i++) {
        key.context = ch_str_of(contexts[i]);
        assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    }
    key.context = CH_STR("u/p/f.whl");
    assert_ch_ok(&err, ch_store_inspection_contexts(store, &key, gather_names, &b, &err));
    assert_str_eq(ch_buf_str(&b), "u/p/f.whl u/p/f.whl/md5=0 ");
    ch_buf_clear(&b);
    key.sha256 = digest("none");
    assert_ch_ok(&err, ch_store_inspection_contexts(store, &key, gather_names, &b, &err));
    assert_int_equal(b.len, 0);
    ch_buf_done(&b);
}

/* Whatever inspector and rules: the newest of these bytes, profile and context. */
static void test_newest_inspection(void **state)
{
    (void)state;
    struct ch_inspection_key key = {.sha256 = digest("a"),
                                    .profile = CH_STR("wheel"),
                                    .inspector_version = 1,
                                    .context = CH_STR("pypi/numpy/f.whl")};
    struct ch_inspection_key other = key;
    struct ch_inspection_row row = {.outcome = CH_INSPECTION_COMPLETE, .at_us = 7};
    struct ch_inspection_result got;
    other.ruleset = digest("rules");
    other.inspector_version = 9;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_newest_inspection(store, &other, &got, &err));
    assert_ch_ok(&err, ch_store_add_inspection(store, &key, &row, &err));
    assert_ch_ok(&err, ch_store_newest_inspection(store, &other, &got, &err));
    assert_int_equal(got.inspector_version, 1);
    ch_store_inspection_done(&got);
    assert_ch_ok(&err, ch_store_add_inspection(store, &other, &row, &err));
    assert_ch_ok(&err, ch_store_newest_inspection(store, &key, &got, &err));
    assert_int_equal(got.inspector_version, 9);
    assert_true(ch_sha256_eq(&got.ruleset, &other.ruleset));
    ch_store_inspection_done(&got);
    other.context = CH_STR("pypi/numpy/g.whl");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_newest_inspection(store, &other, &got, &err));
}

static void test_fetch_sighting_sidecar(void **state)
{
    (void)state;
    struct ch_fetch_row f = {.upstream = CH_STR("u"),
                             .url = CH_STR("https://example.org/"),
                             .http_status = 200,
                             .code = CH_E_TIMEOUT,
                             .bytes = 5,
                             .at_us = 77};
    assert_ch_ok(&err, ch_store_add_fetch(store, &f, &err));
    struct ch_sha256 sha = digest("x");
    assert_ch_ok(&err, ch_store_add_sighting(store, CH_STR("u"), CH_STR("p"), CH_STR("f"), &sha,
                                             CH_SIGHTING_APPEARED, 78, CH_TIME_UNKNOWN, &err));
    assert_ch_ok(&err, ch_store_add_sighting(store, CH_STR("u"), CH_STR("p"), CH_STR("f"), NULL,
                                             CH_SIGHTING_REMOVED, 79, 70, &err));
    struct ch_sidecar_row row = {.upstream = CH_STR("u"),
                                 .project = CH_STR("p"),
                                 .file_name = CH_STR("f"),
                                 .sha256 = sha,
                                 .size_bytes = 5,
                                 .at_us = 80};
    struct ch_sidecar_row got = row;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_sidecar(store, &got, &err));
    assert_ch_ok(&err, ch_store_put_sidecar(store, &row, &err));
    row.sha256 = digest("y");
    row.size_bytes = 6;
    row.at_us = 81;
    assert_ch_ok(&err, ch_store_put_sidecar(store, &row, &err));
    assert_ch_ok(&err, ch_store_get_sidecar(store, &got, &err));
    assert_true(ch_sha256_eq(&got.sha256, &row.sha256));
    assert_int_equal(got.size_bytes, 6);
    assert_int_equal(got.at_us, 81);
    got.stated_sha256 = digest("other bytes of that name");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_get_sidecar(store, &got, &err));
}

/* T5: the newest time, of these bytes as this file alone. */
static void test_bytes_confirmed(void **state)
{
    (void)state;
    struct ch_release_file f = {.upstream = CH_STR("u"),
                                .project = CH_STR("p"),
                                .file_name = CH_STR("f"),
                                .sha256 = digest("x"),
                                .at_us = 50};
    struct ch_release_file got = f;
    assert_ch_code(CH_E_NOT_FOUND, ch_store_bytes_confirmed(store, &got, &err));
    assert_ch_ok(&err, ch_store_confirm_bytes(store, &f, &err));
    f.at_us = 60;
    assert_ch_ok(&err, ch_store_confirm_bytes(store, &f, &err));
    got.at_us = 0;
    assert_ch_ok(&err, ch_store_bytes_confirmed(store, &got, &err));
    assert_int_equal(got.at_us, 60);
    f.at_us = 55; /* a clock that was set right */
    assert_ch_ok(&err, ch_store_confirm_bytes(store, &f, &err));
    assert_ch_ok(&err, ch_store_bytes_confirmed(store, &got, &err));
    assert_int_equal(got.at_us, 55);
    got.upstream = CH_STR("v");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_bytes_confirmed(store, &got, &err));
    got = f;
    got.sha256 = digest("y");
    assert_ch_code(CH_E_NOT_FOUND, ch_store_bytes_confirmed(store, &got, &err));
}

struct sizes {
    size_t count;
    struct ch_file_size last;
};

static void on_size(void *ctx, const struct ch_file_size *f)
{
    struct sizes *s = ctx;
    s->count++;
    s->last = *f;
}

static void test_file_sizes(void **state)
{
    (void)state;
    struct ch_file_size f = {.upstream = CH_STR("u"),
                             .project = CH_STR("p"),
                             .file_name = CH_STR("f"),
                             .size_bytes = 1ull << 40,
                             .at_least = true,
                             .at_us = 50};
    struct sizes s = {0};
    assert_ch_ok(&err, ch_store_add_file_size(store, &f, &err));
    f.stated_sha256 = digest("x");
    f.size_bytes++;
    f.at_least = false;
    f.at_us = 49;
    assert_ch_ok(&err, ch_store_add_file_size(store, &f, &err));
    assert_ch_ok(&err, ch_store_file_sizes(store, f.upstream, f.project, on_size, &s, &err));
    assert_int_equal(s.count, 2);
    assert_true(ch_sha256_eq(&s.last.stated_sha256, &f.stated_sha256));
    assert_int_equal(s.last.size_bytes, (1ull << 40) + 1);
    assert_false(s.last.at_least);
    assert_int_equal(s.last.at_us, 49);
    assert_ch_ok(&err, ch_store_file_sizes(store, f.project, f.project, on_size, &s, &err));
    assert_int_equal(s.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_values),
        T(test_owner_is_pinned_once),
        T(test_owner_is_changed_by_people),
        T(test_snapshot),
        T(test_snapshot_bounds),
        T(test_artifact),
        T(test_release_files),
        T(test_inspection),
        T(test_newest_inspection),
        T(test_fetch_sighting_sidecar),
        T(test_bytes_confirmed),
        T(test_file_sizes),
        T(test_inspection_records),
        T(test_inspection_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
