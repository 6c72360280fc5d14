/* For tests: what one opinion says of an artifact, as text, a line for each record. */
#ifndef CH_TESTS_OCI_OPINIONS_H
#define CH_TESTS_OCI_OPINIONS_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/inspector.h"
#include "tests/ch_test.h"

/* "file PATH SIZE XX", XX being the first byte of its digest; "other PATH SIZE", "symlink PATH ->
 * TARGET", "dir PATH"; "! FINDING"; "FACT=VALUE". */
static inline void opinion_line(struct ch_buf *b, const struct ch_scan_record *rec, bool evidence)
{
    static const char *const types[] = {"?", "file", "dir", "symlink", "other"};
    if (rec->type == CH_REC_MEMBER) {
        const struct ch_member *m = &rec->u.member;
        ch_buf_printf(b, "%s %.*s", types[m->type], CH_STR_ARG(m->path));
        if (m->type == CH_MEMBER_FILE || (m->type == CH_MEMBER_OTHER && m->link.len == 0)) {
            ch_buf_printf(b, " %llu", (unsigned long long)m->size_bytes);
        }
        if (m->type == CH_MEMBER_FILE) {
            ch_buf_printf(b, " %02x", m->sha256.byte[0]);
        }
        if (m->link.len > 0) {
            ch_buf_printf(b, " -> %.*s", CH_STR_ARG(m->link));
        }
    } else if (rec->type == CH_REC_FINDING) {
        ch_buf_printf(b, "! %s", ch_finding_row((uint32_t)rec->u.finding.code)->name);
        if (evidence) {
            ch_buf_printf(b, " %.*s: %.*s", CH_STR_ARG(rec->u.finding.member),
                          CH_STR_ARG(rec->u.finding.evidence));
        }
    } else if (rec->type == CH_REC_FACT) {
        ch_buf_printf(b, "%.*s=%.*s", CH_STR_ARG(rec->u.fact.name), CH_STR_ARG(rec->u.fact.value));
    } else {
        return;
    }
    ch_buf_putc(b, '\n');
}

/* Appends what `read` says. */
static inline void opinion_text(const char *label, ch_inspect_fn *read,
                                const struct ch_scan_job *job, struct ch_str bytes, bool evidence,
                                struct ch_buf *ret)
{
    struct ch_err err = {.msg = ""};
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 28);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)bytes.ptr, .len = bytes.len};
    if (read(job, &in, w, &err) != CH_OK ||
        ch_scan_write_end(w, &(struct ch_sha256){{1}}, bytes.len, &err) != CH_OK) {
        fail_msg("%s: %s", label, err.msg);
    }
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(map != MAP_FAILED);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){map, size});
    enum ch_code rc;
    while ((rc = ch_scan_read(&r, &rec, &err)) == CH_OK) {
        opinion_line(ret, &rec, evidence);
    }
    if (rc != CH_E_NOT_FOUND) {
        fail_msg("%s: the reader refuses what was written: %s", label, err.msg);
    }
    munmap(map, size);
    ch_scan_writer_free(w);
    close(fd);
}

static inline void opinion_is(const char *label, ch_inspect_fn *read, const struct ch_scan_job *job,
                              struct ch_str bytes, const char *expected)
{
    struct ch_buf text;
    ch_buf_init(&text, 1 << 24);
    opinion_text(label, read, job, bytes, false, &text);
    ch_buf_putc(&text, '\0');
    if (strcmp(text.ptr, expected) != 0) {
        text.len--;
        ch_buf_putc(&text, '\n');
        opinion_text(label, read, job, bytes, true, &text);
        fail_msg("%s:\n%.*s\nexpected\n%s", label, CH_STR_ARG(ch_buf_str(&text)), expected);
    }
    ch_buf_done(&text);
}

/* The lines of members alone; valid until the next call. */
static inline const char *opinion_members(const char *records)
{
    static char text[1 << 16];
    struct ch_str rest = ch_str_of(records);
    struct ch_str line;
    size_t at = 0;
    text[0] = '\0';
    while (rest.len > 0 && ch_str_split(&rest, '\n', &line)) {
        size_t equals = 0;
        size_t blank = 0;
        bool fact = ch_str_find_char(line, '=', &equals) &&
                    (!ch_str_find_char(line, ' ', &blank) || equals < blank);
        if (line.len > 0 && line.ptr[0] != '!' && !fact) {
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%.*s\n", CH_STR_ARG(line));
        }
    }
    return text;
}

#endif
