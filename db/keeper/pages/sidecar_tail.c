/* Metadata out of the end of a file, where archives keep their directory and mostly their metadata:
 * fetched by Range, and read in the jail; further from its end where that says so. */
#include "sidecar_int.h"

#include <unistd.h>

#include "customhouse/limits.h"

#define TAIL_BYTES     (128u << 10) /* first try */
#define TAIL_MAX_BYTES (4u << 20)
#define TAIL_ROUNDS    3

/* The metadata's bytes, and from where in the file more is needed (UINT64_MAX: nowhere). */
static void read_tail(struct ch_str stream, struct ch_str *ret_metadata, uint64_t *ret_from)
{
    struct ch_scan_reader reader;
    struct ch_scan_record rec;
    struct ch_err err;
    *ret_metadata = (struct ch_str){NULL, 0};
    *ret_from = UINT64_MAX;
    ch_scan_reader_init(&reader, stream);
    while (ch_scan_read(&reader, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_METADATA && ret_metadata->ptr == NULL) {
            *ret_metadata = rec.u.metadata;
        } else if (rec.type == CH_REC_FACT &&
                   (ch_str_eq(rec.u.fact.name, CH_STR("tail-offset")) ||
                    ch_str_eq(rec.u.fact.name, CH_STR("metadata-offset")))) {
            CH_IGNORE(!ch_str_u64(rec.u.fact.value, ret_from));
        }
    }
}

static void on_tail_scanned(void *ctx, const struct ch_scanned *answer, struct ch_str stream)
{
    struct sidecar *s = ctx;
    struct ch_str metadata;
    uint64_t from;
    if (answer->outcome != CH_SCAN_DONE || !sidecar_only_notes(stream)) {
        keeper_log("sidecar", "file=%s tail=\"%.*s\"", s->file_name, CH_STR_ARG(answer->text));
        sidecar_end(s, false);
        return;
    }
    read_tail(stream, &metadata, &from);
    if (metadata.ptr != NULL) {
        sidecar_keep(s, metadata);
    } else if (from >= s->tail_from || !sidecar_fetch_tail(s, from)) {
        sidecar_end(s, false);
    }
}

/* The fetcher writes where the bytes lie in the file: what came is copied to the start of a
 * document of its own, after proof that nobody writes any more. */
static enum ch_code cut(struct sidecar *s, uint64_t bytes, struct ch_err *err)
{
    struct ch_buf b;
    int fd = -1;
    ch_buf_init(&b, TAIL_MAX_BYTES + 1);
    enum ch_code rc = jobs_seal(s->fd, err);
    rc = rc == CH_OK ? jobs_memfd("tail", &fd, err) : rc;
    while (rc == CH_OK && b.len < bytes) {
        char *at = ch_buf_reserve(&b, (size_t)(bytes - b.len));
        ssize_t n = at == NULL
                        ? -1
                        : pread(s->fd, at, (size_t)(bytes - b.len), (off_t)(s->tail_from + b.len));
        if (n <= 0) {
            rc = ch_fail(err, CH_E_IO, "the end of the file is shorter than it was said to be");
            break;
        }
        b.len += (size_t)n;
    }
    for (size_t at = 0; rc == CH_OK && at < b.len;) {
        ssize_t n = write(fd, b.ptr + at, b.len - at);
        if (n <= 0) {
            rc = ch_fail(err, CH_E_IO, "writing the end of the file");
            break;
        }
        at += (size_t)n;
    }
    rc = rc == CH_OK ? jobs_seal(fd, err) : rc;
    ch_buf_done(&b);
    if (rc != CH_OK && fd >= 0) {
        close(fd);
    } else if (rc == CH_OK) {
        close(s->fd);
        s->fd = fd;
    }
    return rc;
}

static void on_tail_fetched(void *ctx, const struct ch_fetched *answer)
{
    struct sidecar *s = ctx;
    struct ch_err err;
    if (sidecar_hangs(s, answer)) {
        sidecar_end(s, false);
        return;
    }
    ptrdiff_t at = sidecar_file(s);
    uint64_t size = at < 0 ? 0 : s->p->facts.files[at].index.size_bytes;
    if (answer->code != CH_OK || answer->http_status != 206 || at < 0 || size == CH_SIZE_UNKNOWN ||
        size < s->tail_from || answer->bytes != size - s->tail_from ||
        cut(s, answer->bytes, &err) != CH_OK) {
        if (!sidecar_fetch(s)) {
            sidecar_end(s, false); /* no ranges there: the whole file answers */
        }
        return;
    }
    struct ch_scan_job job = {
        .kind = CH_SCAN_TAIL,
        .ecosystem = ch_str_of(s->p->eco->name),
        .profile = ch_str_of(s->p->files[at].release.profile),
        .project = page_name(s->p),
        .version = ch_str_of(s->p->files[at].release.version),
        .file_name = ch_str_of(s->file_name),
        .size_bytes = answer->bytes,
        .tail_offset_bytes = s->tail_from,
    };
    jobs_scan(s->k, 0, &job, s->fd, on_tail_scanned, s);
}

bool sidecar_fetch_tail(struct sidecar *s, uint64_t from)
{
    struct page *p = s->p;
    struct ch_err err;
    ptrdiff_t at = sidecar_file(s);
    if (at < 0 || p->files[at].release.profile == NULL || s->tail_rounds == TAIL_ROUNDS) {
        return false;
    }
    const struct ch_index_file *f = &p->facts.files[at].index;
    if (f->size_bytes == CH_SIZE_UNKNOWN) {
        return false;
    }
    if (from == UINT64_MAX) {
        from = f->size_bytes > TAIL_BYTES ? f->size_bytes - TAIL_BYTES : 0;
    }
    if (from >= f->size_bytes || f->size_bytes - from > TAIL_MAX_BYTES) {
        return false;
    }
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
    if (jobs_memfd("tail", &s->fd, &err) != CH_OK) {
        return false;
    }
    s->tail_from = from;
    s->tail_rounds++;
    struct ch_fetch fetch = {
        .kind = CH_FETCH_DOCUMENT,
        .upstream = ch_str_of(p->upstream->name),
        .url = f->url,
        .accept = CH_STR("*/*"),
        .range_from_bytes = from,
        .range_to_bytes = f->size_bytes - 1,
        .max_bytes = f->size_bytes - from,
        .expected_bytes = CH_SIZE_UNKNOWN,
        .timeout_ms = SIDECAR_TIMEOUT_MS,
        .answer_ms = (uint32_t)ch_limits.fetch_tell_ms,
        .retry_ms = PAGE_PATIENCE_MS,
    };
    jobs_fetch(s->k, &fetch, s->fd, on_tail_fetched, s);
    return true;
}
