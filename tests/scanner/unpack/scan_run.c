#include "scan_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "customhouse/limits.h"

static void decode(struct scan_run *r, size_t len)
{
    struct ch_scan_reader reader;
    struct ch_err err;
    ch_scan_reader_init(&reader, (struct ch_str){r->stream, len});
    size_t cap = 0;
    for (;;) {
        if (r->count == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            r->records = ch_realloc_array(r->records, cap, sizeof(r->records[0]));
        }
        enum ch_code rc = ch_scan_read(&reader, &r->records[r->count], &err);
        if (rc == CH_E_NOT_FOUND) {
            return;
        }
        if (rc != CH_OK) {
            fail_msg("the answer cannot be read: %s", err.msg);
        }
        r->count++;
    }
}

void scan_run(struct scan_run *r, scan_run_fn *inspect, const struct ch_scan_job *job,
              struct ch_str bytes)
{
    struct ch_err err;
    *r = (struct scan_run){0};
    int fd = memfd_create("answer", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)bytes.ptr, .len = bytes.len};
    assert_ch_ok(&err, inspect(job, &in, w, &err));
    struct ch_sha256 sha256 = ch_sha256_of(bytes.ptr, bytes.len);
    assert_ch_ok(&err, ch_scan_write_end(w, &sha256, bytes.len, &err));
    ch_scan_writer_free(w);
    off_t len = lseek(fd, 0, SEEK_END);
    assert_true(len > 0);
    r->stream = ch_alloc((size_t)len);
    assert_int_equal(pread(fd, r->stream, (size_t)len, 0), len);
    close(fd);
    decode(r, (size_t)len);
}

void scan_run_done(struct scan_run *r)
{
    free(r->records);
    free(r->stream);
    *r = (struct scan_run){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char *scan_run_findings(const struct scan_run *r)
{
    const char **names = ch_calloc(r->count + 1, sizeof(names[0]));
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FINDING) {
            names[n++] = ch_finding_row((uint32_t)r->records[i].u.finding.code)->name;
        }
    }
    qsort(names, n, sizeof(names[0]), by_name);
    struct ch_buf text;
    ch_buf_init(&text, 1 << 20);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(names[i - 1], names[i]) != 0) {
            ch_buf_printf(&text, "%s%s", text.len > 0 ? " " : "", names[i]);
        }
    }
    char *found = ch_str_dup(ch_buf_str(&text));
    ch_buf_done(&text);
    free(names);
    return found;
}

struct ch_str scan_run_fact(const struct scan_run *r, const char *name)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FACT &&
            ch_str_eq(r->records[i].u.fact.name, ch_str_of(name))) {
            return r->records[i].u.fact.value;
        }
    }
    return (struct ch_str){NULL, 0};
}

struct ch_str scan_run_metadata(const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_METADATA) {
            return r->records[i].u.metadata;
        }
    }
    return (struct ch_str){NULL, 0};
}

static const struct ch_member *next_member(const struct scan_run *r, size_t *at)
{
    while (*at < r->count) {
        const struct ch_scan_record *rec = &r->records[(*at)++];
        if (rec->type == CH_REC_MEMBER) {
            return &rec->u.member;
        }
    }
    return NULL;
}

bool scan_run_same_members(const struct scan_run *a, const struct scan_run *b)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const struct ch_member *x = next_member(a, &i);
        const struct ch_member *y = next_member(b, &k);
        if (x == NULL || y == NULL) {
            return x == y;
        }
        if (!ch_str_eq(x->path, y->path) || x->type != y->type || x->size_bytes != y->size_bytes ||
            !ch_str_eq(x->link, y->link) || !ch_sha256_eq(&x->sha256, &y->sha256)) {
            return false;
        }
    }
}

size_t scan_run_members(const struct scan_run *r)
{
    size_t at = 0;
    size_t n = 0;
    while (next_member(r, &at) != NULL) {
        n++;
    }
    return n;
}

void scan_run_print(const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct ch_finding *f = &r->records[i].u.finding;
        if (r->records[i].type == CH_REC_FINDING) {
            fprintf(stderr, "%s: %.*s: %.*s\n", ch_finding_row((uint32_t)f->code)->name,
                    CH_STR_ARG(f->member), CH_STR_ARG(f->evidence));
        }
    }
}
