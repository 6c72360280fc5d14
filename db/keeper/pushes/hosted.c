/* What was pushed, as the upstream that the rest of the keeper knows: documents of its pages from
 * the store. */
#include "pushes_int.h"

#include <errno.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "db/keeper/intake/intake.h"
#include "db/keeper/pages/pages_int.h"

static bool write_all(int fd, struct ch_str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes = ch_str_sub(bytes, (size_t)n, bytes.len);
    }
    return true;
}

/* The tags that the name has. CH_E_NOT_FOUND: nothing was pushed under it. */
static enum ch_code get_tags(struct keeper *k, const struct page *p, struct ch_str project,
                             struct ch_buf *ret, struct ch_err *err)
{
    struct ch_buf tags;
    ch_buf_init(&tags, ch_limits.page_bytes);
    enum ch_code rc = ch_store_pushed_tags(k->store, ch_str_of(p->repository), project, &tags, err);
    if (rc == CH_OK) {
        p->eco->push->put_tags(ret, project, ch_buf_str(&tags));
        rc = ch_buf_ok(ret, err);
    }
    ch_buf_done(&tags);
    return rc;
}

static enum ch_code get_manifest(struct keeper *k, const struct page *p, struct ch_str project,
                                 struct ch_str tag, const struct ch_sha256 *sha256,
                                 struct ch_pushed_row *row, struct ch_buf *strings,
                                 struct ch_buf *ret, struct ch_err *err)
{
    int fd = -1;
    uint64_t size = 0;
    enum ch_code rc = ch_store_pushed(k->store, ch_str_of(p->repository), project, tag, sha256, row,
                                      strings, err);
    if (rc != CH_OK) {
        return rc;
    }
    if (ch_blobs_open_read(k->blobs, &row->sha256, &fd, &size, err) != CH_OK) {
        return ch_fail(err, CH_E_IO, "what was pushed is not in the blob store any more");
    }
    rc = jobs_read_all(fd, ret, err);
    close(fd);
    return rc;
}

uint64_t hosted_fetch(struct keeper *k, struct page *p, const struct ch_fetch *fetch, int fd,
                      fetch_done_fn *done, void *ctx)
{
    struct ch_fetched answer = {.code = CH_OK, .http_status = 200, .effective_url = fetch->url};
    struct ch_pushed_row row = {.size_bytes = 0};
    struct ch_sha256 sha256;
    struct ch_str project, tag;
    struct ch_buf body, strings, etag;
    struct ch_err err = {.msg = "this is no page of it"};
    ch_buf_init(&body, ch_limits.page_bytes);
    ch_buf_init(&strings, 4096);
    ch_buf_init(&etag, 128);
    enum ch_code rc = CH_E_NOT_FOUND;
    p->hosted_looking = k->pushes->changes; /* what is pushed after this is seen by the next look */
    if (!p->eco->push->page_is(page_name(p), &project, &tag, &sha256)) {
        rc = CH_E_NOT_FOUND;
    } else if (tag.len == 0 && ch_sha256_is_zero(&sha256)) {
        answer.content_type = ch_str_of(p->eco->push->tags_type);
        rc = get_tags(k, p, project, &body, &err);
    } else {
        rc = get_manifest(k, p, project, tag, &sha256, &row, &strings, &body, &err);
        answer.content_type = row.media_type;
    }
    if (rc == CH_OK) {
        struct ch_sha256 is = ch_sha256_of(body.ptr != NULL ? body.ptr : "", body.len);
        ch_buf_puts(&etag, CH_STR("\"sha256:"));
        ch_buf_put_hex(&etag, is.byte, sizeof(is.byte));
        ch_buf_putc(&etag, '"');
        answer.etag = ch_buf_str(&etag);
        answer.bytes = body.len;
        if (fetch->if_none_match.len > 0 && ch_str_eq(fetch->if_none_match, answer.etag)) {
            answer.http_status = 304;
        } else if (!write_all(fd, ch_buf_str(&body))) {
            rc = ch_fail(&err, CH_E_IO, "a copy of what was pushed could not be written");
        }
    }
    if (rc == CH_E_NOT_FOUND) {
        answer.http_status = 404;
    } else if (rc != CH_OK) {
        answer.code = rc;
        answer.text = ch_str_of(err.msg);
    }
    uint64_t job = jobs_answer(k, &answer, done, ctx);
    ch_buf_done(&body);
    ch_buf_done(&strings);
    ch_buf_done(&etag);
    return job;
}

bool hosted_is_fresh(const struct keeper *k, const struct page *p)
{
    return p->hosted_seen == k->pushes->changes;
}

bool hosted_looks_again(struct keeper *k, struct page *p)
{
    if (!p->config->hosted || k->draining) {
        return false;
    }
    if (p->hosted_looking == k->pushes->changes) {
        p->hosted_seen = p->hosted_looking;
        return false;
    }
    p->upstream_at = 0;
    page_refresh(k, p);
    return true;
}

void hosted_forget(struct page *p)
{
    p->hosted_seen = 0;
}

bool hosted_has(struct keeper *k, const struct page *p, const struct ch_sha256 *sha256)
{
    struct ch_str project, tag;
    struct ch_sha256 of;
    uint64_t size;
    struct ch_err err;
    return p->eco->push != NULL && p->eco->push->page_is(page_name(p), &project, &tag, &of) &&
           ch_store_pushed_link(k->store, ch_str_of(p->repository), project, sha256, &size, &err) ==
               CH_OK;
}

bool hosted_is_gone(const struct page *p, size_t file)
{
    return p->config->hosted && p->facts.files[file].removed_at_us != CH_TIME_UNKNOWN;
}

bool hosted_is(const struct keeper *k, struct ch_str repository)
{
    const struct ch_repository *config = ch_config_repository(k->config, repository);
    return config != NULL && config->hosted;
}

bool hosted_is_there(struct keeper *k, struct ch_str repository, struct ch_str page,
                     const struct ch_sha256 *sha256)
{
    const struct ch_repository *config = ch_config_repository(k->config, repository);
    const struct ch_ecosystem *eco =
        config != NULL ? ch_ecosystem_find(ch_str_of(config->ecosystem)) : NULL;
    struct ch_pushed_row row;
    struct ch_str project, tag;
    struct ch_sha256 of;
    struct ch_buf strings;
    struct ch_err err;
    if (config == NULL || !config->hosted || eco == NULL || eco->push == NULL) {
        return config != NULL;
    }
    if (!eco->push->page_is(page, &project, &tag, &of)) {
        return false;
    }
    ch_buf_init(&strings, 4096);
    bool there = ch_store_pushed(k->store, repository, project, (struct ch_str){NULL, 0}, sha256,
                                 &row, &strings, &err) == CH_OK;
    ch_buf_done(&strings);
    return there;
}

/* As want_parts does it for who asks, at nobody's expense: nothing is fetched. */
void hosted_page_came(struct keeper *k, struct page *p)
{
    struct ch_str project, tag;
    struct ch_sha256 sha256;
    if (!p->config->hosted || p->load != PAGE_READY || k->draining ||
        !p->eco->push->page_is(page_name(p), &project, &tag, &sha256) ||
        ch_sha256_is_zero(&sha256) || p->facts.file_count == 0 || hosted_is_gone(p, 0)) {
        return;
    }
    p->pinned++;
    size_t part = judge_missing_part(k, p, 0, 0);
    while (part < p->facts.file_count) {
        if (intake_is_new(k, p, part)) {
            CH_IGNORE(intake_want(k, p, part, false, NULL) == NULL);
        }
        part = judge_missing_part(k, p, 0, part + 1);
    }
    p->pinned--;
}
