/* The stream a jail answers with: what is written is read back; nothing else is accepted (T2). */
#include "tests/ch_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "customhouse/scan.h"

static const struct ch_sha256 some_sha256 = {{1, 2, 3}};

struct stream {
    int fd;
    struct ch_scan_writer *w;
    struct ch_buf bytes;
};

static void open_stream(struct stream *s, uint64_t max_bytes)
{
    s->fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(s->fd >= 0);
    s->w = ch_scan_writer_new(s->fd, max_bytes);
    ch_buf_init(&s->bytes, 1 << 24);
}

static void close_stream(struct stream *s)
{
    ch_scan_writer_free(s->w);
    ch_buf_done(&s->bytes);
    close(s->fd);
}

static struct ch_str end_stream(struct stream *s)
{
    struct ch_err err;
    assert_ch_ok(&err, ch_scan_write_end(s->w, &some_sha256, 7, &err));
    off_t size = lseek(s->fd, 0, SEEK_END);
    char *at = ch_buf_reserve(&s->bytes, (size_t)size);
    assert_int_equal(pread(s->fd, at, (size_t)size, 0), size);
    s->bytes.len = (size_t)size;
    return ch_buf_str(&s->bytes);
}

static void write_all_types(struct ch_scan_writer *w)
{
    ch_scan_write_index_head(w, &(struct ch_index_head){.project = CH_STR("Flask"),
                                                        .status = CH_STATUS_QUARANTINED,
                                                        .status_reason = CH_STR("why"),
                                                        .serial = 5,
                                                        .states_times = true});
    ch_scan_write_index_file(w, &(struct ch_index_file){
                                    .file_name = CH_STR("flask-3.0-py3-none-any.whl"),
                                    .url = CH_STR("https://files.example.org/flask"),
                                    .sha256 = some_sha256,
                                    .size_bytes = CH_SIZE_UNKNOWN,
                                    .uploaded_at_us = CH_TIME_UNKNOWN,
                                    .requires_python = CH_STR(">=3.8"),
                                    .yanked = true,
                                    .yanked_reason = CH_STR("broken"),
                                    .sidecar = CH_SIDECAR_HASHED,
                                    .sidecar_sha256 = some_sha256,
                                });
    ch_scan_write_member(w, &(struct ch_member){.path = CH_STR("a/b.py"),
                                                .type = CH_MEMBER_FILE,
                                                .size_bytes = 12,
                                                .sha256 = some_sha256});
    ch_scan_write_finding(w, CH_F_ZIP_PATH, CH_STR("../x"), CH_STR("a\n\x1b[31m\\b"));
    ch_scan_write_fact(w, CH_STR("requires-python"), CH_STR(">=3.8"));
    ch_scan_write_metadata(w, CH_STR("Name: x\n"));
    ch_scan_write_index_entry(
        w, &(struct ch_index_entry){CH_STR("a"), CH_STR("1.0"), CH_STR("{\"b\":1}")});
}

static void reads_back_what_was_written(void **state)
{
    (void)state;
    struct stream s;
    struct ch_err err;
    open_stream(&s, 1 << 20);
    write_all_types(s.w);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, end_stream(&s));

    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_INDEX_HEAD);
    assert_str_eq(rec.u.head.project, "Flask");
    assert_int_equal(rec.u.head.status, CH_STATUS_QUARANTINED);
    assert_int_equal(rec.u.head.serial, 5);
    assert_true(rec.u.head.states_times);
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_INDEX_FILE);
    assert_str_eq(rec.u.file.file_name, "flask-3.0-py3-none-any.whl");
    assert_str_eq(rec.u.file.url, "https://files.example.org/flask");
    assert_true(rec.u.file.size_bytes == CH_SIZE_UNKNOWN);
    assert_true(rec.u.file.uploaded_at_us == CH_TIME_UNKNOWN);
    assert_str_eq(rec.u.file.yanked_reason, "broken");
    assert_true(ch_sha256_eq(&rec.u.file.sidecar_sha256, &some_sha256));
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_MEMBER);
    assert_str_eq(rec.u.member.path, "a/b.py");
    assert_null(rec.u.member.link.ptr);
    assert_int_equal(rec.u.member.size_bytes, 12);
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.u.finding.code, CH_F_ZIP_PATH);
    assert_str_eq(rec.u.finding.evidence, "a\\x0a\\x1b[31m\\\\b");
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_str_eq(rec.u.fact.value, ">=3.8");
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_str_eq(rec.u.metadata, "Name: x\n");
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_INDEX_ENTRY);
    assert_str_eq(rec.u.entry.name, "a");
    assert_str_eq(rec.u.entry.part, "1.0");
    assert_str_eq(rec.u.entry.record, "{\"b\":1}");
    assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
    assert_int_equal(rec.type, CH_REC_END);
    assert_int_equal(rec.u.end.record_count, 7);
    assert_int_equal(rec.u.end.finding_count, 1);
    assert_int_equal(rec.u.end.size_bytes, 7);
    assert_ch_code(CH_E_NOT_FOUND, ch_scan_read(&r, &rec, &err));
    close_stream(&s);
}

/* Reads to the end or the first error; CH_OK means a proper END was reached. */
static enum ch_code read_through(struct ch_str stream)
{
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    enum ch_code rc;
    ch_scan_reader_init(&r, stream);
    do {
        rc = ch_scan_read(&r, &rec, &err);
    } while (rc == CH_OK);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

static void every_truncation_is_no_answer(void **state)
{
    (void)state;
    struct stream s;
    open_stream(&s, 1 << 20);
    write_all_types(s.w);
    struct ch_str whole = end_stream(&s);
    assert_int_equal(read_through(whole), CH_OK);
    for (size_t len = 0; len < whole.len; len++) {
        if (read_through(ch_str_sub(whole, 0, len)) == CH_OK) {
            fail_msg("the first %zu of %zu bytes were taken for an answer", len, whole.len);
        }
    }
    ch_buf_putc(&s.bytes, 'x');
    assert_int_equal(read_through(ch_buf_str(&s.bytes)), CH_E_FORMAT);
    close_stream(&s);
}

/* One record by hand, then an END that counts it; the lie is in the record alone. */
static enum ch_code read_forged(uint8_t type, const struct ch_buf *payload, uint64_t end_records,
                                uint64_t end_findings)
{
    struct ch_buf b;
    ch_buf_init(&b, 1 << 20);
    ch_put_u8(&b, type);
    ch_put_str(&b, ch_buf_str(payload));
    ch_put_u8(&b, CH_REC_END);
    ch_put_u32(&b, 8 + 8 + 32 + 8);
    ch_put_u64(&b, end_records);
    ch_put_u64(&b, end_findings);
    ch_put_sha256(&b, &some_sha256);
    ch_put_u64(&b, 7);
    enum ch_code rc = read_through(ch_buf_str(&b));
    ch_buf_done(&b);
    return rc;
}

static void forged_findings_are_refused(void **state)
{
    (void)state;
    char long_text[CH_EVIDENCE_MAX + 1];
    memset(long_text, 'a', sizeof(long_text));
    const struct {
        const char *label;
        uint32_t code;
        struct ch_str evidence;
        uint64_t end_records, end_findings;
        enum ch_code expect;
    } rows[] = {
        {"honest", CH_F_ZIP_PATH, CH_STR("x"), 1, 1, CH_OK},
        {"longest", CH_F_ZIP_PATH, {long_text, CH_EVIDENCE_MAX}, 1, 1, CH_OK},
        {"unknown code", 9999, CH_STR("x"), 1, 1, CH_E_FORMAT},
        {"code 0", 0, CH_STR("x"), 1, 1, CH_E_FORMAT},
        {"evidence too long", CH_F_ZIP_PATH, {long_text, sizeof(long_text)}, 1, 1, CH_E_FORMAT},
        {"evidence with escape", CH_F_ZIP_PATH, CH_STR("\x1b[2J"), 1, 1, CH_E_FORMAT},
        {"END hides the finding", CH_F_ZIP_PATH, CH_STR("x"), 1, 0, CH_E_FORMAT},
        {"END counts too many", CH_F_ZIP_PATH, CH_STR("x"), 2, 1, CH_E_FORMAT},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf p;
        ch_buf_init(&p, 4096);
        ch_put_u32(&p, rows[i].code);
        ch_put_str(&p, CH_STR("m"));
        ch_put_str(&p, rows[i].evidence);
        enum ch_code rc =
            read_forged(CH_REC_FINDING, &p, rows[i].end_records, rows[i].end_findings);
        if (rc != rows[i].expect) {
            fail_msg("%s: %s", rows[i].label, ch_code_name(rc));
        }
        ch_buf_done(&p);
    }
}

static void forged_files_are_refused(void **state)
{
    (void)state;
    const struct ch_str name = CH_STR("a-1.tar.gz");
    const struct ch_str url = CH_STR("https://example.org/a");
    const struct {
        const char *label;
        struct ch_index_file file;
        enum ch_code expect;
    } rows[] = {
#define WITH(label, code, ...) {label, {.file_name = name, .url = url, __VA_ARGS__}, code}
#define NAMED(label, ...)                                                                          \
    {                                                                                              \
        label, {.url = url, .file_name = __VA_ARGS__}, CH_E_FORMAT                                 \
    }
#define AT(label, ...)                                                                             \
    {                                                                                              \
        label, {.file_name = name, .url = __VA_ARGS__}, CH_E_FORMAT                                \
    }
        WITH("honest", CH_OK, .size_bytes = 3, .uploaded_at_us = 5),
        NAMED("no name", CH_STR("")),
        NAMED("name leaves the folder", CH_STR("../a")),
        NAMED("name is ..", CH_STR("..")),
        NAMED("name with NUL", CH_STR("a\0b")),
        NAMED("name not UTF-8", CH_STR("a\xff")),
        AT("file URL", CH_STR("file:///etc/passwd")),
        AT("relative URL", CH_STR("a.tar.gz")),
        AT("URL with CR", CH_STR("https://example.org/\r\nx")),
        WITH("time before 1970", CH_E_FORMAT, .uploaded_at_us = -1),
        WITH("time after 9999", CH_E_FORMAT, .uploaded_at_us = INT64_MAX),
        WITH("size beyond int64", CH_E_FORMAT, .size_bytes = UINT64_MAX - 1),
        WITH("reason without yank", CH_E_FORMAT, .yanked_reason = CH_STR("x")),
        WITH("sidecar 3", CH_E_FORMAT, .sidecar = (enum ch_sidecar)3),
        WITH("hashed sidecar without hash", CH_E_FORMAT, .sidecar = CH_SIDECAR_HASHED),
        WITH("hash without sidecar", CH_E_FORMAT, .sidecar_sha256 = {{1}}),
#undef WITH
#undef NAMED
#undef AT
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf p;
        ch_buf_init(&p, 4096);
        ch_index_file_put(&p, &rows[i].file);
        enum ch_code rc = read_forged(CH_REC_INDEX_FILE, &p, 1, 0);
        if (rc != rows[i].expect) {
            fail_msg("%s: %s", rows[i].label, ch_code_name(rc));
        }
        ch_buf_done(&p);
    }
}

static void forged_entries_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *label;
        struct ch_index_entry entry;
        enum ch_code expect;
    } rows[] = {
        {"honest", {CH_STR("a"), CH_STR(""), CH_STR("{}")}, CH_OK},
        {"no name", {CH_STR(""), CH_STR(""), CH_STR("{}")}, CH_E_FORMAT},
        {"a path", {CH_STR("a/b"), CH_STR(""), CH_STR("{}")}, CH_E_FORMAT},
        {"a part that is no text", {CH_STR("a"), CH_STR("\xff"), CH_STR("{}")}, CH_E_FORMAT},
        {"no record", {CH_STR("a"), CH_STR(""), CH_STR("")}, CH_E_FORMAT},
        {"T16: another spelling", {CH_STR("a"), CH_STR(""), CH_STR("{ }")}, CH_E_FORMAT},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf p;
        ch_buf_init(&p, 4096);
        ch_index_entry_put(&p, &rows[i].entry);
        enum ch_code rc = read_forged(CH_REC_INDEX_ENTRY, &p, 1, 0);
        if (rc != rows[i].expect) {
            fail_msg("%s: %s", rows[i].label, ch_code_name(rc));
        }
        ch_buf_done(&p);
    }
}

static void forged_members_and_types_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *label;
        uint8_t type, member_type;
        const char *path, *link;
        bool hashed;
        enum ch_code expect;
    } rows[] = {
        {"honest file", CH_REC_MEMBER, CH_MEMBER_FILE, "a", "", true, CH_OK},
        {"honest folder", CH_REC_MEMBER, CH_MEMBER_DIR, "a/", "", false, CH_OK},
        {"honest link", CH_REC_MEMBER, CH_MEMBER_SYMLINK, "a", "b", false, CH_OK},
        {"honest hard link", CH_REC_MEMBER, CH_MEMBER_OTHER, "a", "b", false, CH_OK},
        {"folder with target", CH_REC_MEMBER, CH_MEMBER_DIR, "a/", "b", false, CH_E_FORMAT},
        {"no path", CH_REC_MEMBER, CH_MEMBER_FILE, "", "", true, CH_E_FORMAT},
        {"file without hash", CH_REC_MEMBER, CH_MEMBER_FILE, "a", "", false, CH_E_FORMAT},
        {"folder with hash", CH_REC_MEMBER, CH_MEMBER_DIR, "a/", "", true, CH_E_FORMAT},
        {"file with target", CH_REC_MEMBER, CH_MEMBER_FILE, "a", "b", true, CH_E_FORMAT},
        {"type 0", CH_REC_MEMBER, 0, "a", "", false, CH_E_FORMAT},
        {"type 5", CH_REC_MEMBER, 5, "a", "", false, CH_E_FORMAT},
        {"record type 0", CH_REC_NONE, CH_MEMBER_FILE, "a", "", true, CH_E_FORMAT},
        {"record type 9", CH_REC_END + 1, CH_MEMBER_FILE, "a", "", true, CH_E_FORMAT},
        {"record type 255", 255, CH_MEMBER_FILE, "a", "", true, CH_E_FORMAT},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_buf p;
        ch_buf_init(&p, 4096);
        ch_put_str(&p, ch_str_of(rows[i].path));
        ch_put_u8(&p, rows[i].member_type);
        ch_put_u64(&p, 1);
        ch_put_str(&p, ch_str_of(rows[i].link));
        ch_put_sha256(&p, rows[i].hashed ? &some_sha256 : &(struct ch_sha256){{0}});
        enum ch_code rc = read_forged(rows[i].type, &p, 1, 0);
        if (rc != rows[i].expect) {
            fail_msg("%s: %s", rows[i].label, ch_code_name(rc));
        }
        ch_buf_done(&p);
    }
}

static void an_index_head_comes_first_and_once(void **state)
{
    (void)state;
    struct stream s;
    open_stream(&s, 1 << 20);
    ch_scan_write_fact(s.w, CH_STR("a"), CH_STR("b"));
    ch_scan_write_index_head(s.w, &(struct ch_index_head){0});
    assert_int_equal(read_through(end_stream(&s)), CH_E_FORMAT);
    close_stream(&s);
}

static void findings_are_counted_and_attacks_not_crowded_out(void **state)
{
    (void)state;
    struct stream s;
    open_stream(&s, 1 << 20);
    for (uint64_t i = 0; i < ch_limits.findings + 10; i++) {
        ch_scan_write_finding(s.w, CH_F_ZIP_DESCRIPTOR, CH_STR("m"), CH_STR(""));
    }
    ch_scan_write_finding(s.w, CH_F_ZIP_PATH, CH_STR("../x"), CH_STR(""));
    assert_int_equal(ch_scan_writer_findings(s.w), ch_limits.findings + 2);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    bool limit = false;
    bool attack = false;
    ch_scan_reader_init(&r, end_stream(&s));
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        limit |= rec.type == CH_REC_FINDING && rec.u.finding.code == CH_F_LIMIT;
        attack |= rec.type == CH_REC_FINDING && rec.u.finding.code == CH_F_ZIP_PATH;
    }
    assert_true(r.ended);
    assert_true(limit);
    assert_true(attack);
    close_stream(&s);
}

static void evidence_is_cut_to_size(void **state)
{
    (void)state;
    char raw[1000];
    memset(raw, 0x80, sizeof(raw));
    for (size_t len = 55; len < 75; len++) {
        for (size_t ascii = 0; ascii < 4; ascii++) {
            struct stream s;
            open_stream(&s, 1 << 20);
            memset(raw, 0x80, sizeof(raw));
            memset(raw, 'a', ascii);
            ch_scan_write_finding(s.w, CH_F_ZIP_PATH, CH_STR("m"), (struct ch_str){raw, len});
            struct ch_scan_reader r;
            struct ch_scan_record rec;
            struct ch_err err;
            ch_scan_reader_init(&r, end_stream(&s));
            assert_ch_ok(&err, ch_scan_read(&r, &rec, &err));
            size_t whole = ascii + 4 * (len - ascii);
            assert_true(rec.u.finding.evidence.len <= CH_EVIDENCE_MAX);
            assert_int_equal(ch_str_ends(rec.u.finding.evidence, CH_STR("...")),
                             whole > CH_EVIDENCE_MAX);
            if (whole <= CH_EVIDENCE_MAX) {
                assert_int_equal(rec.u.finding.evidence.len, whole);
            }
            close_stream(&s);
        }
    }
}

static void too_much_output_is_an_error_at_the_end(void **state)
{
    (void)state;
    struct stream s;
    struct ch_err err;
    open_stream(&s, 200000);
    for (int i = 0; i < 100000; i++) {
        ch_scan_write_fact(s.w, CH_STR("name"), CH_STR(""));
    }
    assert_ch_code(CH_E_LIMIT, ch_scan_write_end(s.w, &some_sha256, 7, &err));
    assert_true(lseek(s.fd, 0, SEEK_END) <= 200000);
    close_stream(&s);
    open_stream(&s, 1 << 20);
    char path[2000];
    memset(path, 'a', sizeof(path));
    ch_scan_write_fact(s.w, CH_STR("first"), CH_STR("is fine"));
    ch_scan_write_fact(s.w, (struct ch_str){path, sizeof(path)}, CH_STR("x"));
    ch_scan_write_fact(s.w, CH_STR("last"), CH_STR("is fine, too"));
    assert_ch_code(CH_E_LIMIT, ch_scan_writer_ok(s.w, &err));
    assert_ch_code(CH_E_LIMIT, ch_scan_write_end(s.w, &some_sha256, 7, &err));
    assert_non_null(strstr(err.msg, "fact name of 2000 bytes"));
    close_stream(&s);
}

static void jobs_travel(void **state)
{
    (void)state;
    struct ch_err err;
    struct ch_buf b;
    ch_buf_init(&b, 1 << 16);
    const struct ch_scan_job job = {.id = 9,
                                    .kind = CH_SCAN_TAIL,
                                    .ecosystem = CH_STR("pypi"),
                                    .profile = CH_STR("wheel"),
                                    .project = CH_STR("flask"),
                                    .file_name = CH_STR("flask-1-py3-none-any.whl"),
                                    .base_url = CH_STR("https://example.org/"),
                                    .size_bytes = 10,
                                    .tail_offset_bytes = 11,
                                    .output_max_bytes = 12,
                                    .cpu_seconds = 13,
                                    .wall_ms = 14,
                                    .memory_max_bytes = 15};
    ch_scan_job_put(&b, &job);
    struct ch_scan_job got;
    assert_ch_ok(&err, ch_scan_job_get(ch_buf_str(&b), &got, &err));
    assert_int_equal(got.id, 9);
    assert_int_equal(got.kind, CH_SCAN_TAIL);
    assert_str_eq(got.profile, "wheel");
    assert_null(got.version.ptr);
    assert_int_equal(got.tail_offset_bytes, 11);
    assert_int_equal(got.memory_max_bytes, 15);
    for (size_t len = 0; len < b.len; len++) {
        assert_ch_code(CH_E_FORMAT,
                       ch_scan_job_get(ch_str_sub(ch_buf_str(&b), 0, len), &got, &err));
    }
    b.ptr[8] = 0;
    assert_ch_code(CH_E_FORMAT, ch_scan_job_get(ch_buf_str(&b), &got, &err));
    b.ptr[8] = CH_SCAN_TAIL + 1;
    assert_ch_code(CH_E_FORMAT, ch_scan_job_get(ch_buf_str(&b), &got, &err));
    ch_buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(every_truncation_is_no_answer),
        cmocka_unit_test(forged_findings_are_refused),
        cmocka_unit_test(forged_files_are_refused),
        cmocka_unit_test(forged_entries_are_refused),
        cmocka_unit_test(forged_members_and_types_are_refused),
        cmocka_unit_test(an_index_head_comes_first_and_once),
        cmocka_unit_test(findings_are_counted_and_attacks_not_crowded_out),
        cmocka_unit_test(evidence_is_cut_to_size),
        cmocka_unit_test(too_much_output_is_an_error_at_the_end),
        cmocka_unit_test(jobs_travel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
