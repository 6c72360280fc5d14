/* For tests: runs a parser over bytes and tells its records as text, one line each. */
#ifndef CH_TESTS_SCAN_TEXT_H
#define CH_TESTS_SCAN_TEXT_H

#include "tests/ch_test.h"

#include <sys/mman.h>
#include <unistd.h>

#include "customhouse/inspector.h"
#include "customhouse/timefmt.h"

static inline void scan_text_sha256(struct ch_buf *b, const char *name, const struct ch_sha256 *d)
{
    if (!ch_sha256_is_zero(d)) { /* its first byte is enough to tell apart */
        ch_buf_printf(b, " %s=%02x", name, d->byte[0]);
    }
}

static inline void scan_text_file(struct ch_buf *b, const struct ch_index_file *f)
{
    ch_buf_printf(b, "file %.*s <%.*s>", CH_STR_ARG(f->file_name), CH_STR_ARG(f->url));
    scan_text_sha256(b, "sha256", &f->sha256);
    if (f->alias.kind != CH_HASH_NONE) {
        ch_buf_printf(b, " %s=%02x", ch_hash_kind_name(f->alias.kind), f->alias.byte[0]);
    }
    if (f->size_bytes != CH_SIZE_UNKNOWN) {
        ch_buf_printf(b, " size=%llu", (unsigned long long)f->size_bytes);
    }
    if (f->uploaded_at_us != CH_TIME_UNKNOWN) {
        ch_buf_puts(b, CH_STR(" at="));
        ch_time_put(b, f->uploaded_at_us, true);
    }
    if (f->requires_python.len > 0) {
        ch_buf_printf(b, " python=%.*s", CH_STR_ARG(f->requires_python));
    }
    if (f->yanked) {
        ch_buf_printf(b, " yanked=(%.*s)", CH_STR_ARG(f->yanked_reason));
    }
    if (f->sidecar != CH_SIDECAR_NONE) {
        ch_buf_puts(b, CH_STR(" sidecar"));
        scan_text_sha256(b, "sha256", &f->sidecar_sha256);
    }
    if (f->project.len > 0) {
        ch_buf_printf(b, " of (%.*s) (%.*s) (%.*s) %.*s", CH_STR_ARG(f->project),
                      CH_STR_ARG(f->version), CH_STR_ARG(f->build), CH_STR_ARG(f->record));
    }
    ch_buf_putc(b, '\n');
}

static inline void scan_text_record(struct ch_buf *b, const struct ch_scan_record *rec)
{
    static const char *const status[] = {"", " archived", " quarantined", " deprecated"};
    if (rec->type == CH_REC_INDEX_HEAD) {
        const struct ch_index_head *h = &rec->u.head;
        ch_buf_printf(b, "head (%.*s)%s", CH_STR_ARG(h->project), status[h->status]);
        if (h->status_reason.len > 0) {
            ch_buf_printf(b, " reason=%.*s", CH_STR_ARG(h->status_reason));
        }
        if (h->serial != 0) {
            ch_buf_printf(b, " serial=%llu", (unsigned long long)h->serial);
        }
        ch_buf_puts(b, h->states_times ? CH_STR(" times\n") : CH_STR("\n"));
    } else if (rec->type == CH_REC_INDEX_FILE) {
        scan_text_file(b, &rec->u.file);
    } else if (rec->type == CH_REC_INDEX_ENTRY) {
        const struct ch_index_entry *e = &rec->u.entry;
        ch_buf_printf(b, "entry %.*s (%.*s) %.*s\n", CH_STR_ARG(e->name), CH_STR_ARG(e->part),
                      CH_STR_ARG(e->record));
    } else if (rec->type == CH_REC_FACT) {
        ch_buf_printf(b, "%.*s=%.*s\n", CH_STR_ARG(rec->u.fact.name),
                      CH_STR_ARG(rec->u.fact.value));
    } else if (rec->type == CH_REC_FINDING) {
        ch_buf_printf(b, "! %s\n", ch_finding_row((uint32_t)rec->u.finding.code)->name);
    } else if (rec->type == CH_REC_METADATA) {
        ch_buf_printf(b, "metadata %zu\n", rec->u.metadata.len);
    }
}

/* The parser's own code; on CH_OK, what it wrote is read strictly and appended to `ret`. */
static inline enum ch_code
scan_text(enum ch_code (*parse)(const struct ch_scan_job *, const struct ch_input *,
                                struct ch_scan_writer *, struct ch_err *),
          const struct ch_scan_job *job, struct ch_str bytes, struct ch_buf *ret,
          struct ch_err *err)
{
    int fd = memfd_create("stream", MFD_CLOEXEC);
    assert_true(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, 1 << 24);
    struct ch_input in = {.fd = -1, .ptr = (const uint8_t *)bytes.ptr, .len = bytes.len};
    enum ch_code rc = parse(job, &in, w, err);
    if (rc == CH_OK) {
        assert_ch_ok(err, ch_scan_write_end(w, &(struct ch_sha256){{1}}, bytes.len, err));
        size_t size = (size_t)lseek(fd, 0, SEEK_END);
        void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
        assert_true(map != MAP_FAILED);
        struct ch_scan_reader r;
        struct ch_scan_record rec;
        ch_scan_reader_init(&r, (struct ch_str){map, size});
        enum ch_code read;
        while ((read = ch_scan_read(&r, &rec, err)) == CH_OK) {
            scan_text_record(ret, &rec);
        }
        if (read != CH_E_NOT_FOUND) {
            fail_msg("the reader refuses what the parser wrote: %s", err->msg);
        }
        munmap(map, size);
    }
    ch_scan_writer_free(w);
    close(fd);
    return rc;
}

#endif
