/* The answer of an upstream as libcurl hands it over: header lines, an empty one, the body
 * (ch_fetch_answer_*). The first byte says what was asked for. Whatever is answered: what is kept
 * is printable and fits, and what is written is no more than was asked for. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proxy/fetcher/fetch_int.h"

enum { ASKED_DOCUMENT = 1, ASKED_PART = 2, ASKED_RESUMES = 4, ASKED_SIZE = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* It would ask for the time and tell the owner; with --wrap in CMakeLists.txt. */
void __wrap_ch_fetch_job_progress(struct ch_fetch_job *job);
void __wrap_ch_fetch_job_progress(struct ch_fetch_job *job)
{
    CH_ASSERT(job->answer.keep_body);
}

static void check_text(const char *text, size_t room)
{
    size_t len = strnlen(text, room);
    CH_ASSERT(len < room);
    for (size_t i = 0; i < len; i++) {
        CH_ASSERT(text[i] >= 0x20 && text[i] <= 0x7e);
    }
}

static void check(const struct ch_fetch_job *job, bool stopped)
{
    const struct ch_fetch_answer *a = &job->answer;
    const struct ch_fetch_progress_state *have = &job->have;
    struct stat file;
    check_text(a->etag, sizeof(a->etag));
    check_text(a->last_modified, sizeof(a->last_modified));
    check_text(a->content_type, sizeof(a->content_type));
    check_text(a->location, sizeof(a->location));
    check_text(have->validator, sizeof(have->validator));
    CH_ASSERT(a->status == 0 || (a->status >= 100 && a->status <= 999));
    CH_ASSERT(!a->has_range || (a->range_from_bytes <= a->range_to_bytes &&
                                a->range_to_bytes < a->range_total_bytes));
    CH_ASSERT(!a->keep_body || a->status == 200 || a->status == 206);
    CH_ASSERT(!ch_fetch_is_redirect(a) || !a->keep_body);
    CH_ASSERT(!stopped || a->body_cut || (job->failed && job->fail.code != CH_OK));
    CH_ASSERT(fstat(job->fd, &file) == 0);
    if (a->keep_body) {
        CH_ASSERT(have->written_bytes <= job->spec.max_bytes);
        CH_ASSERT((uint64_t)file.st_size == have->base_bytes + have->written_bytes ||
                  (have->written_bytes == 0 && (uint64_t)file.st_size == have->base_bytes));
    }
}

static bool feed(struct ch_fetch_job *job, struct ch_str rest)
{
    while (rest.len > 0 && !job->answer.headers_done) {
        size_t end = rest.len - 1;
        CH_IGNORE(ch_str_find_char(rest, '\n', &end));
        if (!ch_fetch_answer_line(job, ch_str_sub(rest, 0, end + 1))) {
            return false;
        }
        rest = ch_str_sub(rest, end + 1, rest.len);
    }
    while (rest.len > 0) {
        struct ch_str piece = ch_str_sub(rest, 0, 16);
        if (!ch_fetch_answer_body(job, piece)) {
            return false;
        }
        rest = ch_str_sub(rest, piece.len, rest.len);
    }
    return true;
}

static void check_end(const struct ch_fetch_job *job)
{
    const struct ch_fetch_progress_state *have = &job->have;
    uint64_t end = have->base_bytes + have->written_bytes;
    CH_ASSERT(have->to_bytes == UINT64_MAX || end <= have->to_bytes + 1);
    CH_ASSERT(have->total_bytes == CH_SIZE_UNKNOWN || have->to_bytes != UINT64_MAX ||
              end == have->total_bytes);
    CH_ASSERT(job->spec.kind == CH_FETCH_DOCUMENT || job->spec.expected_bytes == CH_SIZE_UNKNOWN ||
              have->to_bytes != UINT64_MAX || end == job->spec.expected_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { FROM = 3, TO = 40, WRITTEN = 4, EXPECTED = 64, MAX = 200 };
    if (size == 0) {
        return 0;
    }
    bool part = (data[0] & ASKED_PART) != 0;
    bool resumes = (data[0] & ASKED_RESUMES) != 0;
    struct ch_fetch_job job = {
        .spec = {.kind = (data[0] & ASKED_DOCUMENT) != 0 ? CH_FETCH_DOCUMENT : CH_FETCH_ARTIFACT,
                 .max_bytes = MAX,
                 .expected_bytes = (data[0] & ASKED_SIZE) != 0 ? EXPECTED : CH_SIZE_UNKNOWN},
        .fd = memfd_create("answer", MFD_CLOEXEC),
        .resuming = resumes,
        .have = {.base_bytes = part ? FROM : 0,
                 .to_bytes = part ? TO : UINT64_MAX,
                 .written_bytes = resumes ? WRITTEN : 0,
                 .total_bytes = resumes ? EXPECTED : CH_SIZE_UNKNOWN,
                 .validator = "\"v\"",
                 .status = resumes ? 200 : 0},
        .answer = {
            .length_bytes = CH_SIZE_UNKNOWN, .range_total_bytes = CH_SIZE_UNKNOWN, .date_s = -1}};
    CH_ASSERT(job.fd >= 0 &&
              ftruncate(job.fd, (off_t)(job.have.base_bytes + job.have.written_bytes)) == 0);
    bool stopped = !feed(&job, (struct ch_str){(const char *)data + 1, size - 1});
    check(&job, stopped);
    struct ch_err err;
    if (!stopped && job.answer.keep_body && !job.answer.encoded &&
        ch_fetch_answer_complete(&job, &err) == CH_OK) {
        check_end(&job);
    }
    ch_coding_free(job.coding);
    close(job.fd);
    return 0;
}
