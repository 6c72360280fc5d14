#include "customhouse/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"

enum {
    FLUSH_BYTES = 1 << 16,       /* written to the descriptor in pieces of about this */
    RECORD_HEADER_BYTES = 1 + 4, /* type, payload length */
};

/* --- the job --- */

void ch_scan_job_put(struct ch_buf *b, const struct ch_scan_job *job)
{
    ch_put_u64(b, job->id);
    ch_put_u8(b, (uint8_t)job->kind);
    ch_put_str(b, job->ecosystem);
    ch_put_str(b, job->profile);
    ch_put_str(b, job->project);
    ch_put_str(b, job->version);
    ch_put_str(b, job->file_name);
    ch_put_str(b, job->base_url);
    ch_put_u64(b, job->size_bytes);
    ch_put_u64(b, job->tail_offset_bytes);
    ch_put_u64(b, job->output_max_bytes);
    ch_put_u32(b, job->cpu_seconds);
    ch_put_u32(b, job->wall_ms);
    ch_put_u64(b, job->memory_max_bytes);
}

static struct ch_str get_text(struct ch_rd *r, size_t max_len)
{
    struct ch_str s = ch_get_str(r, max_len);
    return s.len == 0 ? (struct ch_str){NULL, 0} : s;
}

enum ch_code ch_scan_job_get(struct ch_str payload, struct ch_scan_job *ret, struct ch_err *err)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_scan_job job = {0};
    job.id = ch_get_u64(&r);
    job.kind = (enum ch_scan_kind)ch_get_u8(&r);
    job.ecosystem = get_text(&r, ch_limits.word_bytes);
    job.profile = get_text(&r, ch_limits.word_bytes);
    job.project = get_text(&r, ch_limits.project_name_bytes);
    job.version = get_text(&r, ch_limits.version_bytes);
    job.file_name = get_text(&r, ch_limits.file_name_bytes);
    job.base_url = get_text(&r, ch_limits.url_bytes);
    job.size_bytes = ch_get_u64(&r);
    job.tail_offset_bytes = ch_get_u64(&r);
    job.output_max_bytes = ch_get_u64(&r);
    job.cpu_seconds = ch_get_u32(&r);
    job.wall_ms = ch_get_u32(&r);
    job.memory_max_bytes = ch_get_u64(&r);
    if (job.kind == CH_SCAN_NONE || job.kind > CH_SCAN_TAIL) {
        ch_rd_fail(&r);
    }
    enum ch_code rc = ch_rd_end(&r, "scan job", err);
    if (rc == CH_OK) {
        *ret = job;
    }
    return rc;
}

/* --- writing --- */

struct ch_scan_writer {
    int fd;
    uint64_t max_bytes;
    uint64_t written_bytes; /* to the descriptor */
    struct ch_buf out;      /* whole records, not yet written */
    struct ch_buf record;   /* payload being made */
    uint64_t records;
    uint64_t findings;
    uint64_t attacks; /* findings of class attack, kept apart: notes must not crowd them out */
    bool said_limit;
    ch_scan_finding_fn *seen; /* set: nothing is written */
    void *seen_arg;
    struct ch_err err; /* the first failure; code CH_OK until then */
};

struct ch_scan_writer *ch_scan_writer_new(int fd, uint64_t max_bytes)
{
    struct ch_scan_writer *w = ch_calloc(1, sizeof(*w));
    w->fd = fd;
    w->max_bytes = max_bytes;
    ch_buf_init(&w->out, SIZE_MAX / 2);
    ch_buf_init(&w->record, max_bytes < UINT32_MAX ? (size_t)max_bytes : UINT32_MAX);
    return w;
}

struct ch_scan_writer *ch_scan_writer_listen(ch_scan_finding_fn *seen, void *arg)
{
    struct ch_scan_writer *w = ch_scan_writer_new(-1, UINT32_MAX);
    w->seen = seen;
    w->seen_arg = arg;
    return w;
}

void ch_scan_writer_free(struct ch_scan_writer *w)
{
    if (w != NULL) {
        ch_buf_done(&w->out);
        ch_buf_done(&w->record);
        free(w);
    }
}

static void flush_out(struct ch_scan_writer *w)
{
    size_t at = 0;
    while (at < w->out.len) {
        ssize_t n = write(w->fd, w->out.ptr + at, w->out.len - at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            CH_IGNORE(ch_fail_errno(&w->err, n < 0 ? errno : EIO, "scan output: write"));
            return;
        }
        at += (size_t)n;
    }
    w->written_bytes += w->out.len;
    ch_buf_clear(&w->out);
}

/* Fails the writer unless the text fits what the reader accepts; says which. */
static bool fits(struct ch_scan_writer *w, const char *what, struct ch_str s, uint64_t max)
{
    if (w->err.code == CH_OK && s.len > max && w->seen == NULL) {
        CH_IGNORE(ch_fail(&w->err, CH_E_LIMIT, "scan output: %s of %zu bytes, at most %llu", what,
                          s.len, (unsigned long long)max));
    }
    return w->err.code == CH_OK;
}

/* Appends what is in w->record as a record of this type. */
static void commit(struct ch_scan_writer *w, enum ch_scan_record_type type)
{
    if (w->seen != NULL) {
        ch_buf_clear(&w->record);
        return;
    }
    if (w->err.code == CH_OK &&
        (w->record.failed ||
         w->written_bytes + w->out.len + RECORD_HEADER_BYTES + w->record.len > w->max_bytes)) {
        CH_IGNORE(ch_fail(&w->err, CH_E_LIMIT, "scan output: more than %llu bytes",
                          (unsigned long long)w->max_bytes));
    }
    if (w->err.code == CH_OK) {
        ch_put_u8(&w->out, (uint8_t)type);
        ch_put_u32(&w->out, (uint32_t)w->record.len);
        ch_buf_puts(&w->out, ch_buf_str(&w->record));
        w->records++;
        if (w->out.len >= FLUSH_BYTES) {
            flush_out(w);
        }
    }
    ch_buf_clear(&w->record);
}

void ch_scan_write_member(struct ch_scan_writer *w, const struct ch_member *m)
{
    if (!fits(w, "member path", m->path, ch_limits.member_path_bytes) ||
        !fits(w, "link target", m->link, ch_limits.member_path_bytes)) {
        return;
    }
    ch_put_str(&w->record, m->path);
    ch_put_u8(&w->record, (uint8_t)m->type);
    ch_put_u64(&w->record, m->size_bytes);
    ch_put_str(&w->record, m->link);
    ch_put_sha256(&w->record, &m->sha256);
    commit(w, CH_REC_MEMBER);
}

/* Escapes as much of the evidence as fits CH_EVIDENCE_MAX; a cut is shown. */
static void put_evidence(struct ch_buf *b, struct ch_str raw)
{
    struct ch_buf text;
    ch_buf_init(&text, CH_EVIDENCE_MAX + 4); /* one escape past the end at most */
    size_t fit = 0;                          /* bytes of text that leave room for the mark */
    size_t i = 0;
    while (i < raw.len && text.len <= CH_EVIDENCE_MAX - 4) {
        fit = text.len <= CH_EVIDENCE_MAX - 3 ? text.len : fit;
        ch_buf_put_escaped(&text, ch_str_sub(raw, i, 1));
        i++;
    }
    struct ch_str s = ch_buf_str(&text);
    if (i < raw.len || s.len > CH_EVIDENCE_MAX) {
        s.len = s.len <= CH_EVIDENCE_MAX - 3 ? s.len : fit;
        ch_put_u32(b, (uint32_t)s.len + 3);
        ch_buf_puts(b, s);
        ch_buf_puts(b, CH_STR("..."));
    } else {
        ch_put_str(b, s);
    }
    ch_buf_done(&text);
}

static void write_finding(struct ch_scan_writer *w, enum ch_finding_code code, struct ch_str member,
                          struct ch_str evidence_raw)
{
    ch_put_u32(&w->record, (uint32_t)code);
    ch_put_str(&w->record, ch_str_sub(member, 0, ch_limits.member_path_bytes));
    put_evidence(&w->record, evidence_raw);
    commit(w, CH_REC_FINDING);
    w->findings++;
}

void ch_scan_write_finding(struct ch_scan_writer *w, enum ch_finding_code code,
                           struct ch_str member, struct ch_str evidence_raw)
{
    if (w->seen != NULL) {
        w->seen(w->seen_arg, code, member, evidence_raw);
        return;
    }
    const struct ch_finding_row *row = ch_finding_row((uint32_t)code);
    CH_ASSERT(row != NULL);
    bool attack = row->cls == CH_CLASS_ATTACK;
    uint64_t kept = attack ? w->attacks : w->findings - w->attacks;
    if (kept < ch_limits.findings) {
        w->attacks += attack;
        write_finding(w, code, member, evidence_raw);
    } else if (!w->said_limit) {
        w->said_limit = true;
        write_finding(w, CH_F_LIMIT, (struct ch_str){NULL, 0},
                      CH_STR("more findings than are kept"));
    }
}

void ch_scan_write_fact(struct ch_scan_writer *w, struct ch_str name, struct ch_str value)
{
    if (!fits(w, "fact name", name, ch_limits.word_bytes) ||
        !fits(w, "fact value", value, ch_limits.text_bytes)) {
        return;
    }
    const struct ch_fact_row *row = ch_fact_by_name(name);
    CH_ASSERT(row == NULL || ch_fact_has_form(ch_fact_code_of(row), value));
    ch_put_str(&w->record, name);
    ch_put_str(&w->record, value);
    commit(w, CH_REC_FACT);
}

void ch_scan_write_metadata(struct ch_scan_writer *w, struct ch_str bytes)
{
    if (fits(w, "core metadata", bytes, ch_limits.metadata_bytes)) {
        ch_put_str(&w->record, bytes);
        commit(w, CH_REC_METADATA);
    }
}

void ch_scan_write_index_head(struct ch_scan_writer *w, const struct ch_index_head *h)
{
    if (fits(w, "project name", h->project, ch_limits.project_name_bytes) &&
        fits(w, "status reason", h->status_reason, ch_limits.text_bytes)) {
        ch_index_head_put(&w->record, h);
        commit(w, CH_REC_INDEX_HEAD);
    }
}

void ch_scan_write_index_file(struct ch_scan_writer *w, const struct ch_index_file *f)
{
    if (fits(w, "file name", f->file_name, ch_limits.file_name_bytes) &&
        fits(w, "URL", f->url, ch_limits.url_bytes) &&
        fits(w, "requires-python", f->requires_python, ch_limits.text_bytes) &&
        fits(w, "yanked reason", f->yanked_reason, ch_limits.text_bytes) &&
        fits(w, "project name", f->project, ch_limits.project_name_bytes) &&
        fits(w, "version", f->version, ch_limits.version_bytes) &&
        fits(w, "build", f->build, ch_limits.version_bytes) &&
        fits(w, "record", f->record, ch_limits.record_bytes)) {
        ch_index_file_put(&w->record, f);
        commit(w, CH_REC_INDEX_FILE);
    }
}

void ch_scan_write_index_entry(struct ch_scan_writer *w, const struct ch_index_entry *e)
{
    if (fits(w, "entry's name", e->name, ch_limits.file_name_bytes) &&
        fits(w, "entry's part", e->part, ch_limits.version_bytes) &&
        fits(w, "record", e->record, ch_limits.record_bytes)) {
        ch_index_entry_put(&w->record, e);
        commit(w, CH_REC_INDEX_ENTRY);
    }
}

uint64_t ch_scan_writer_findings(const struct ch_scan_writer *w)
{
    return w->findings;
}

enum ch_code ch_scan_writer_ok(const struct ch_scan_writer *w, struct ch_err *err)
{
    if (w->err.code != CH_OK && err != NULL) {
        *err = w->err;
    }
    return w->err.code;
}

enum ch_code ch_scan_write_end(struct ch_scan_writer *w, const struct ch_sha256 *input,
                               uint64_t input_size_bytes, struct ch_err *err)
{
    ch_put_u64(&w->record, w->records);
    ch_put_u64(&w->record, w->findings);
    ch_put_sha256(&w->record, input);
    ch_put_u64(&w->record, input_size_bytes);
    commit(w, CH_REC_END);
    if (w->err.code == CH_OK) {
        flush_out(w);
    }
    return ch_scan_writer_ok(w, err);
}

/* --- reading --- */

void ch_scan_reader_init(struct ch_scan_reader *r, struct ch_str stream)
{
    *r = (struct ch_scan_reader){.rd = ch_rd_of(stream.ptr, stream.len)};
}

static void read_member(struct ch_rd *p, struct ch_member *ret)
{
    ret->path = ch_get_str(p, ch_limits.member_path_bytes);
    ret->type = (enum ch_member_type)ch_get_u8(p);
    ret->size_bytes = ch_get_u64(p);
    ret->link = get_text(p, ch_limits.member_path_bytes);
    ret->sha256 = ch_get_sha256(p);
    bool file = ret->type == CH_MEMBER_FILE;
    if (ret->path.len == 0 || ret->type < CH_MEMBER_FILE || ret->type > CH_MEMBER_OTHER ||
        ret->size_bytes > INT64_MAX || file == ch_sha256_is_zero(&ret->sha256) ||
        (ret->link.len > 0 && ret->type != CH_MEMBER_SYMLINK && ret->type != CH_MEMBER_OTHER)) {
        ch_rd_fail(p);
    }
}

static void read_finding(struct ch_rd *p, struct ch_finding *ret)
{
    uint32_t code = ch_get_u32(p);
    ret->member = get_text(p, ch_limits.member_path_bytes);
    ret->evidence = get_text(p, CH_EVIDENCE_MAX);
    if (ch_finding_row(code) == NULL) {
        ch_rd_fail(p);
        return;
    }
    ret->code = (enum ch_finding_code)code;
    for (size_t i = 0; i < ret->evidence.len; i++) {
        unsigned char c = (unsigned char)ret->evidence.ptr[i];
        if (c < 0x20 || c > 0x7e) {
            ch_rd_fail(p);
        }
    }
}

static void read_fact(struct ch_rd *p, struct ch_fact *ret)
{
    ret->name = ch_get_str(p, ch_limits.word_bytes);
    ret->value = ch_get_str(p, ch_limits.text_bytes);
    if (ret->name.len == 0) {
        ch_rd_fail(p);
    }
    for (size_t i = 0; i < ret->name.len; i++) {
        char c = ret->name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            ch_rd_fail(p);
        }
    }
}

static void read_end(struct ch_rd *p, const struct ch_scan_reader *r, struct ch_scan_end *ret)
{
    ret->record_count = ch_get_u64(p);
    ret->finding_count = ch_get_u64(p);
    ret->sha256 = ch_get_sha256(p);
    ret->size_bytes = ch_get_u64(p);
    if (ret->record_count != r->count[CH_REC_NONE] ||
        ret->finding_count != r->count[CH_REC_FINDING] || ch_sha256_is_zero(&ret->sha256)) {
        ch_rd_fail(p);
    }
}

static bool read_payload(struct ch_rd *p, const struct ch_scan_reader *r,
                         struct ch_scan_record *ret)
{
    switch (ret->type) {
    case CH_REC_MEMBER:
        read_member(p, &ret->u.member);
        return true;
    case CH_REC_FINDING:
        read_finding(p, &ret->u.finding);
        return true;
    case CH_REC_FACT:
        read_fact(p, &ret->u.fact);
        return true;
    case CH_REC_METADATA:
        ret->u.metadata = ch_get_str(p, ch_limits.metadata_bytes);
        return true;
    case CH_REC_INDEX_HEAD:
        ch_index_head_get(p, &ret->u.head);
        return true;
    case CH_REC_INDEX_FILE:
        ch_index_file_get(p, &ret->u.file);
        return true;
    case CH_REC_INDEX_ENTRY:
        ch_index_entry_get(p, &ret->u.entry);
        return true;
    case CH_REC_END:
        read_end(p, r, &ret->u.end);
        return true;
    case CH_REC_NONE:
        return false;
    }
    return false;
}

/* How many records of a type one stream may hold. */
static uint64_t record_limit(enum ch_scan_record_type type)
{
    switch (type) {
    case CH_REC_MEMBER:
        return ch_limits.archive_members > ch_limits.layer_members ? ch_limits.archive_members
                                                                   : ch_limits.layer_members;
    case CH_REC_FINDING:
        return 2 * ch_limits.findings + 1; /* attacks, others, "there were more" */
    case CH_REC_FACT:
        return ch_limits.scan_facts;
    case CH_REC_INDEX_ENTRY:
    case CH_REC_INDEX_FILE:
        return ch_limits.channel_files; /* whoever reads it knows how many such a page may have */
    case CH_REC_METADATA:
    case CH_REC_INDEX_HEAD:
    case CH_REC_END:
        return 1;
    case CH_REC_NONE:
        return 0;
    }
    return 0;
}

enum ch_code ch_scan_read(struct ch_scan_reader *r, struct ch_scan_record *ret, struct ch_err *err)
{
    if (r->ended) {
        return ch_rd_left(&r->rd) == 0 ? CH_E_NOT_FOUND
                                       : ch_fail(err, CH_E_FORMAT, "scan stream: data after END");
    }
    unsigned long long number = r->count[CH_REC_NONE];
    struct ch_scan_record rec = {.type = (enum ch_scan_record_type)ch_get_u8(&r->rd)};
    uint32_t len = ch_get_u32(&r->rd);
    const uint8_t *payload = ch_get_bytes(&r->rd, len);
    if (payload == NULL) {
        return ch_fail(err, CH_E_FORMAT, "scan stream: record %llu: truncated, no END", number);
    }
    struct ch_rd p = ch_rd_of(payload, len);
    if (!read_payload(&p, r, &rec)) {
        return ch_fail(err, CH_E_FORMAT, "scan stream: record %llu: unknown type %u", number,
                       (unsigned)rec.type);
    }
    if (ch_rd_end(&p, "payload", NULL) != CH_OK) {
        return ch_fail(err, CH_E_FORMAT,
                       "scan stream: record %llu (type %u): length, value or count out of range",
                       number, (unsigned)rec.type);
    }
    if (rec.type == CH_REC_INDEX_HEAD && r->count[CH_REC_NONE] > 0) {
        return ch_fail(err, CH_E_FORMAT, "scan stream: record %llu: INDEX_HEAD is not the first",
                       number);
    }
    if (r->count[rec.type] >= record_limit(rec.type)) {
        return ch_fail(err, CH_E_LIMIT, "scan stream: record %llu: more than %llu of type %u",
                       number, (unsigned long long)record_limit(rec.type), (unsigned)rec.type);
    }
    r->ended = rec.type == CH_REC_END;
    if (r->ended && ch_rd_left(&r->rd) > 0) {
        return ch_fail(err, CH_E_FORMAT, "scan stream: %zu bytes after END", ch_rd_left(&r->rd));
    }
    r->count[rec.type]++;
    r->count[CH_REC_NONE]++;
    *ret = rec;
    return CH_OK;
}
