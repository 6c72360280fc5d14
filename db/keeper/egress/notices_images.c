/* What people and scanners are told of images that are pushed: that one waits, and that it may be
 * pulled. */
#include "notices_int.h"

#include "db/keeper/commands/json.h"
#include "db/keeper/pages/pages_int.h"

static enum ch_code tell(struct keeper *k, const char *type, const struct notice_image *im,
                         const char *environment, int64_t at_us, const uint64_t *entry,
                         struct ch_err *err)
{
    struct notice n;
    notice_begin(&n, k, CH_NOTICE_IMAGES, type, at_us);
    n.image = im;
    ch_buf_put_escaped(&n.text, im->project);
    if (im->tag.len > 0) {
        ch_buf_putc(&n.text, ':');
        ch_buf_put_escaped(&n.text, im->tag);
    }
    ch_buf_puts(&n.text, CH_STR(" in "));
    ch_buf_put_escaped(&n.text, im->repository);
    ch_buf_printf(&n.text, " (%s) %s.\n", environment,
                  entry == NULL ? "was pushed, and waits in quarantine" : "may be pulled now");
    json_field(&n.data, "repository", im->repository);
    json_field(&n.data, "environment", ch_str_of(environment));
    json_field(&n.data, "project", im->project);
    json_field(&n.data, "tag", im->tag);
    json_digest(&n.data, "sha256", &im->sha256);
    json_field(&n.data, "media_type", im->media_type);
    json_number(&n.data, "bytes", im->size_bytes);
    if (entry != NULL) {
        notice_put_entry(&n, *entry);
    }
    return notice_end(&n, err);
}

enum ch_code notices_pushed(struct keeper *k, const struct ch_repository *r,
                            const struct ch_pushed_row *row, struct ch_err *err)
{
    const struct notice_image im = {.action = "quarantine",
                                    .repository = row->repository,
                                    .project = row->project,
                                    .tag = row->tag,
                                    .sha256 = row->sha256,
                                    .size_bytes = row->size_bytes,
                                    .media_type = row->media_type};
    return tell(k, "image.quarantined", &im, r->environment, row->at_us, NULL, err);
}

void notices_passed(struct keeper *k, const struct page *p, const struct ch_decision_row *row,
                    uint64_t entry)
{
    struct ch_str project, tag;
    struct ch_sha256 of;
    struct ch_pushed_row pushed;
    struct ch_buf strings;
    struct ch_err err;
    if (!p->config->hosted || p->eco->whole(row->file_name) == CH_WHOLE_PART ||
        !p->eco->push->page_is(page_name(p), &project, &tag, &of)) {
        return;
    }
    ch_buf_init(&strings, 4096);
    enum ch_code rc =
        ch_store_pushed(k->store, ch_str_of(p->repository), project, (struct ch_str){NULL, 0},
                        &row->sha256, &pushed, &strings, &err);
    if (rc == CH_OK) {
        const struct notice_image im = {.action = "push",
                                        .repository = pushed.repository,
                                        .project = pushed.project,
                                        .tag = pushed.tag,
                                        .sha256 = pushed.sha256,
                                        .size_bytes = pushed.size_bytes,
                                        .media_type = pushed.media_type};
        rc = tell(k, "image.passed", &im, p->config->environment, row->at_us, &entry, &err);
    }
    if (rc != CH_OK && rc != CH_E_NOT_FOUND) {
        keeper_log("notice", "error=\"%s\"", err.msg);
    }
    ch_buf_done(&strings);
}
