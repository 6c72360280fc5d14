#include "altered_house.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/audit/audit_int.h"
#include "db/keeper/audit/audit_admitted.h"
#include "db/keeper/audit/audit_pushed.h"
#include "db/keeper/people/people.h"
#include "db/keeper/rulings/rulings.h"

#define WHEEL "pkg-1.0-py3-none-any.whl"
#define NEXT  "pkg-1.1-py3-none-any.whl"
#define ODD   "pkg-1.2-py3-none-any.whl"
#define ODDER "irregular, and an attack fact:license=GPL; fact:name=pkg;"

struct ch_err err;
struct house *h;
char *said;
static struct ch_buf original;

static void until_written(void)
{
    struct audit_state s;
    do {
        house_turn(h, 20);
        audit_state(h->k, &s);
    } while (s.written < s.next);
}

static void run(const char *line)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    if (house_run(h, line, &out) != 0) {
        fail_msg("%s: %.*s", line, CH_STR_ARG(ch_buf_str(&out)));
    }
    ch_buf_done(&out);
}

static void with_word(const char *name, const char *second, const char *upstream)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->second_word = second;
    h->upstream = upstream;
    assert_int_equal(house_command(h, false, name, upstream != NULL ? "pkg" : "rotate",
                                   "it is time", NULL, &out),
                     0);
    h->second_word = h->upstream = NULL;
    ch_buf_done(&out);
}

static void on_key(void *ctx, const struct ch_key_row *row)
{
    *(struct ch_sha256 *)ctx = row->id;
}

static void on_attestation(void *ctx, const struct ch_attestation_row *row)
{
    *(int64_t *)ctx = row->at_us;
}

static int64_t attested_at_us(uint64_t id)
{
    struct ch_sha256 bytes = ch_sha256_of("bytes", 5);
    int64_t at_us = 0;
    assert_ch_ok(&err,
                 ch_store_get_attestation(h->k->store, id, &bytes, on_attestation, &at_us, &err));
    return at_us;
}

static void files(void)
{
    char hex[3][CH_SHA256_HEX + 1], page[1024];
    snprintf(page, sizeof(page), WHEEL " %s %zu 30\n" NEXT " %s %zu 1\n" ODD " %s %zu 30\n",
             house_hex("bytes", hex[0]), strlen("bytes"), house_hex("other", hex[1]),
             strlen("other"), house_hex(ODDER, hex[2]), strlen(ODDER));
    house_site(h, PAGE_URL("pkg"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL(WHEEL), 200, "application/zip", "bytes");
    house_site(h, FILE_URL(NEXT), 200, "application/zip", "other");
    house_site(h, FILE_URL(ODD), 200, "application/zip", ODDER);
    house_ask_page(h, "pkg");
    house_ask_file(h, "pkg", WHEEL);
    house_ask_file(h, "pkg", NEXT);
    house_ask_file(h, "pkg", ODD);
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.77");
}

/* A name whose owner nobody changed. */
static void kept(void)
{
    char hex[CH_SHA256_HEX + 1], page[1024];
    snprintf(page, sizeof(page), "kept-1.0-py3-none-any.whl %s %zu 1\n", house_hex("kept", hex),
             strlen("kept"));
    house_site(h, PAGE_URL("kept"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL("kept-1.0-py3-none-any.whl"), 200, "application/zip", "kept");
    house_ask_page(h, "kept");
    house_ask_file(h, "kept", "kept-1.0-py3-none-any.whl");
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err, ch_store_add_sighting(h->k->store, CH_STR("up"), CH_STR("kept"),
                                             CH_STR("kept-1.1-py3-none-any.whl"), NULL,
                                             CH_SIGHTING_APPEARED, keeper_now_us(h->k),
                                             CH_TIME_UNKNOWN, &err));
    struct ch_file_size size = {.upstream = CH_STR("up"),
                                .project = CH_STR("kept"),
                                .file_name = CH_STR("kept-1.1-py3-none-any.whl"),
                                .size_bytes = 1ull << 40,
                                .at_us = keeper_now_us(h->k)};
    assert_ch_ok(&err, ch_store_add_file_size(h->k->store, &size, &err));
    struct ch_fetch_fault_row fault = {.upstream = CH_STR("up"),
                                       .project = CH_STR("kept"),
                                       .file_name = CH_STR("kept-1.1-py3-none-any.whl"),
                                       .fault = CH_FAULT_MISSING,
                                       .stated_bytes = 8,
                                       .url = CH_STR("https://up.example.org/kept"),
                                       .text = CH_STR("it answered 404"),
                                       .at_us = keeper_now_us(h->k)};
    assert_ch_ok(&err, ch_store_add_fetch_fault(h->k->store, &fault, &err));
    struct ch_sidecar_row sidecar = {.upstream = CH_STR("up"),
                                     .project = CH_STR("kept"),
                                     .file_name = CH_STR("kept-1.1-py3-none-any.whl"),
                                     .stated_sha256 = ch_sha256_of("kept", 4),
                                     .sha256 = ch_sha256_of("metadata", 8),
                                     .size_bytes = 8,
                                     .at_us = keeper_now_us(h->k)};
    assert_ch_ok(&err, ch_store_put_sidecar(h->k->store, &sidecar, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* As approvals of images have it. */
static void signatures_of_an_image(void)
{
    struct ch_sha256 key = {{0}};
    uint64_t end = 0;
    assert_ch_ok(&err, ch_store_keys(h->k->store, on_key, &key, &err));
    struct ch_image_signature_row row = {.attestation = 1,
                                         .form = CH_STR("cosign"),
                                         .key = key,
                                         .manifest = CH_STR("a manifest"),
                                         .layer = CH_STR("a payload"),
                                         .config = CH_STR("a configuration"),
                                         .at_us = attested_at_us(1)};
    for (int i = 0; i < 2; i++) {
        assert_ch_ok(&err, keeper_write(h->k, &err));
        assert_ch_ok(&err, audit_step(h->k, &err));
        assert_ch_ok(&err, ch_store_add_image_signature(h->k->store, &row, &row.id, &err));
        assert_ch_ok(&err,
                     audit_step_end(h->k, audit_image_signature(h->k, &row, &end, &err), &err));
        assert_ch_ok(&err, keeper_commit(h->k, &err));
        row.form = CH_STR("scan");
        row.config = (struct ch_str){NULL, 0};
    }
}

/* A name of which nobody has seen the page: who has a lock file asks for the file alone. */
static void unlisted(void)
{
    char hex[CH_SHA256_HEX + 1], page[1024];
    snprintf(page, sizeof(page), "quiet-1.0-py3-none-any.whl %s %zu 30\n", house_hex("quiet", hex),
             strlen("quiet"));
    house_site(h, PAGE_URL("quiet"), 200, PAGE_TYPE, page);
    house_site(h, FILE_URL("quiet-1.0-py3-none-any.whl"), 200, "application/zip", "quiet");
    house_ask_file(h, "quiet", "quiet-1.0-py3-none-any.whl");
}

static void rulings(void)
{
    struct ch_sha256 print = ch_sha256_of("finding", 7);
    struct ch_ruling_row row = {.project = CH_STR("pkg"),
                                .reason = CH_STR("known"),
                                .by = CH_STR("uid:1"),
                                .fingerprints = &print,
                                .fingerprint_count = 1,
                                .at_us = keeper_now_us(h->k),
                                .expires_at_us = keeper_now_us(h->k) + 3600000000};
    assert_ch_ok(&err, rulings_add(h->k, &row, &err));
    run("approve pypi:pkg==1.1 --reason=needed --expires=7d");
    run("approve pypi:pkg>=2 --reason=needed --expires=7d");
    run("exceptions revoke 2 --reason=enough");
    with_word("own", NULL, "other");
    run("deny pypi:pkg==1.0 --reason=stolen");
}

/* What somebody pushed to a hosted repository, and took away. */
static void pushes(void)
{
    enum ch_code begun = audit_act(h->k, &err), rc = begun;
    for (int kind = CH_PUSHED; kind <= CH_PUSHED_TAG_GONE; kind++) {
        struct ch_pushed_row row = {.kind = (enum ch_pushed_kind)kind,
                                    .repository = CH_STR("apps"),
                                    .project = CH_STR("team/app"),
                                    .tag = kind == CH_PUSHED_GONE ? CH_STR("") : CH_STR("1.0"),
                                    .sha256 = ch_sha256_of("manifest", 8),
                                    .media_type = CH_STR("application/json"),
                                    .size_bytes = 8,
                                    .by = CH_STR("service:bot"),
                                    .at_us = keeper_now_us(h->k)};
        rc = rc == CH_OK ? ch_store_add_pushed(h->k->store, &row, &err) : rc;
        rc = rc == CH_OK ? audit_pushed(h->k, &row, NULL, &err) : rc;
    }
    struct ch_external_row verdict = {.repository = CH_STR("apps"),
                                      .project = CH_STR("team/app"),
                                      .sha256 = ch_sha256_of("manifest", 8),
                                      .verdict = CH_EXTERNAL_FAILED,
                                      .details = CH_STR("{}"),
                                      .words = CH_STR("2 Critical"),
                                      .by = CH_STR("service:scan"),
                                      .at_us = keeper_now_us(h->k)};
    rc = rc == CH_OK ? ch_store_add_external(h->k->store, &verdict, &err) : rc;
    rc = rc == CH_OK ? audit_external(h->k, &verdict, &err) : rc;
    assert_ch_ok(&err, audit_act_end(h->k, begun, rc, &err));
}

/* What a cluster was told may run. */
static void admissions(void)
{
    enum ch_code begun = audit_act(h->k, &err), rc = begun;
    struct ch_admitted_row row = {.repository = CH_STR("apps"),
                                  .project = CH_STR("team/app@sha256:00"),
                                  .sha256 = ch_sha256_of("index", 5),
                                  .runs = ch_sha256_of("manifest", 8),
                                  .environment = CH_STR("prod"),
                                  .name_space = CH_STR("web"),
                                  .at_us = keeper_now_us(h->k),
                                  .last_at_us = keeper_now_us(h->k)};
    rc = rc == CH_OK ? ch_store_add_admitted(h->k->store, &row, &err) : rc;
    rc = rc == CH_OK ? audit_admitted(h->k, &row, &err) : rc;
    assert_ch_ok(&err, audit_act_end(h->k, begun, rc, &err));
}

static void people(void)
{
    run("user add alice --name=Alice --uid=1001");
    run("user add bot --service");
    run("group add readers alice --role=reader");
    run("token add --user=bot --audience=pull --expires=30d --name=ci");
    run("user revoke alice --reason=left");
}

static void says(uint32_t uid, uint32_t status)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->uid = uid;
    h->stranger = true;
    if (house_run(h, "group add approvers carl", &out) != status) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    h->uid = 1000;
    h->stranger = false;
    ch_buf_done(&out);
}

static void proposes(uint32_t uid, const char *policy)
{
    struct ch_buf out, input;
    ch_buf_init(&out, 1u << 20);
    ch_buf_init(&input, 4096);
    ch_put_str(&input, ch_str_of(policy));
    h->input = ch_buf_str(&input);
    h->uid = uid;
    h->stranger = true;
    if (house_run(h, "policy propose --reason=slower", &out) != 0) {
        fail_msg("%.*s", CH_STR_ARG(ch_buf_str(&out)));
    }
    h->input = (struct ch_str){NULL, 0};
    h->uid = 1000;
    h->stranger = false;
    ch_buf_done(&out);
    ch_buf_done(&input);
}

/* Two have to say it, and the first says it twice. */
static void proposals(void)
{
    run("user add abe --uid=2001");
    run("user add bea --uid=2002");
    run("user add carl --uid=2003");
    run("group add approvers abe bea --role=approver");
    says(2001, 1);
    says(2001, 1);
    says(2002, 0);
    proposes(2001, "version: 1\ncool_down_days: 3\n");
    proposes(2001, "version: 1\ncool_down_days: 4\n"); /* the first one ends */
}

static void erase(void)
{
    struct ch_buf out;
    ch_buf_init(&out, 1u << 20);
    h->option[0] = "who";
    h->option[1] = "192.0.2.77";
    assert_int_equal(0, house_command(h, false, "audit erase", NULL, "asked", NULL, &out));
    h->option[0] = h->option[1] = NULL;
    ch_buf_done(&out);
}

/* From here on only the files are looked at. */
static void keep_original(void)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    ch_buf_init(&original, (size_t)st.st_size);
    char *room = ch_buf_reserve(&original, (size_t)st.st_size);
    assert_non_null(room);
    assert_int_equal(pread(fd, room, (size_t)st.st_size, 0), st.st_size);
    original.len = (size_t)st.st_size;
    close(fd);
}

sqlite3 *open_db(void)
{
    char path[128];
    sqlite3 *db = NULL;
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    /* it is thrown away at once */
    assert_int_equal(SQLITE_OK,
                     sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA journal_mode = DELETE",
                                  NULL, NULL, NULL));
    return db;
}

static void must(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
}

/* Guards: what they keep is compared itself. */
static void drop_guards(void)
{
    sqlite3 *db = open_db();
    sqlite3_stmt *stmt;
    char drops[16384] = "";
    assert_int_equal(SQLITE_OK,
                     sqlite3_prepare_v2(db,
                                        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
                                        " AND name GLOB '*_kept_*'",
                                        -1, &stmt, NULL));
    while (sqlite3_step(stmt) == SQLITE_ROW) {
        size_t at = strlen(drops);
        snprintf(drops + at, sizeof(drops) - at, "DROP TRIGGER %s;", sqlite3_column_text(stmt, 0));
    }
    sqlite3_finalize(stmt);
    assert_in_range(strlen(drops), 1, sizeof(drops) - 2);
    must(db, drops);
    sqlite3_close(db);
}

bool verify(void)
{
    bool good = false;
    size_t size = 0;
    free(said);
    FILE *out = open_memstream(&said, &size);
    enum ch_code rc =
        audit_verify(h->folder, &(struct audit_whom){.witness_count = 0}, out, &good, &err);
    if (rc == CH_E_FORMAT) { /* not even a row as the schema has them: SQLite names the table */
        fprintf(out, "database: %s ", err.msg);
    }
    fclose(out);
    assert_true(rc == CH_OK || rc == CH_E_FORMAT);
    return rc == CH_OK && good;
}

int setup(void **state)
{
    (void)state;
    h = house_new();
    h->uid = 1000;
    files();
    signatures_of_an_image();
    kept();
    unlisted();
    rulings();
    with_word("keys", "evidence", NULL);
    people();
    pushes();
    admissions();
    house_tell_served(h, "pkg", WHEEL, "bytes", "192.0.2.78");
    until_written();
    erase();
    proposals();
    until_written();
    house_stop(h);
    drop_guards();
    keep_original();
    if (!verify()) {
        fail_msg("%s", said);
    }
    return 0;
}

int teardown(void **state)
{
    (void)state;
    house_start(h, NULL, NULL);
    house_free(h);
    ch_buf_done(&original);
    free(said);
    return 0;
}

/* ------------------------------------------------------------------ altering */

void restore(void)
{
    char path[160];
    snprintf(path, sizeof(path), "%s/db/customhouse.db", h->folder);
    int fd = open(path, O_WRONLY | O_TRUNC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, original.ptr, original.len), (ssize_t)original.len);
    close(fd);
}

bool alter(const char *text)
{
    sqlite3 *db = open_db();
    must(db, "PRAGMA ignore_check_constraints = ON");
    must(db, text);
    bool changed = sqlite3_changes(db) > 0;
    sqlite3_close(db);
    return changed;
}
