/* What a cluster asks before it runs an image (T25). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/keeper/audit/audit.h"
#include "image.h"

#define PINNED_BYTES (2 * CH_IMAGE_TEXT_MAX)
#define REASON_BYTES 4096
/* So long one review may be judged: it is one turn, and whoever may make pods can ask for any
 * number. */
#define REVIEW_MS 1000

/* Only what is known: who wants it known asks otherwise. As for a client it is looked up again when
 * it is not fresh any more, for an image is used long after anybody pulled it, and what its
 * upstream took back has to be seen (T5); but nobody waits for that. */
bool images_on_page(void *ctx, struct page *p)
{
    if (page_load(ctx, p)) {
        page_refresh_behind(ctx, p);
    }
    return true;
}

/* Whether all that allows it is durable and under a checkpoint of the log. It is not made so here:
 * a question has no effect. */
static bool stands(struct keeper *k, const struct image *im)
{
    bool good = im->state == IMAGE_ALLOWED;
    for (size_t m = 0; good && m < im->manifest_count; m++) {
        const struct page *p = image_page(k, im, m);
        good = p != NULL && !p->wrote; /* what other pages have in the open group is no matter */
        for (size_t i = 0; good && i < p->facts.file_count; i++) {
            good = !image_has_file(p, i) ||
                   (p->files[i].recorded_verdict == CH_VERDICT_ALLOW && audit_has(k, &p->files[i]));
        }
    }
    return good;
}

/* The image that is run: of an index the only one in it for the platform; where there are several,
 * the index itself, for a node to choose. */
static struct ch_str digest_that_runs(const struct image *im)
{
    const char *at = strchr(im->page, '@');
    if (im->manifest_count == 2 && im->manifests[0].index && !im->manifests[1].index) {
        at = strchr(im->manifests[1].page, '@');
    }
    return at != NULL ? ch_str_of(at + 1) : (struct ch_str){NULL, 0};
}

/* NAME[:TAG] becomes NAME@DIGEST; what names a digest stays as it is. */
static void put_pinned(struct ch_buf *b, struct ch_str text, const struct image *im)
{
    struct ch_str digest = digest_that_runs(im);
    size_t slash = 0, colon;
    if (ch_str_find_char(text, '@', NULL)) {
        ch_buf_puts(b, text);
        return;
    }
    for (size_t i = 0; i < text.len; i++) {
        slash = text.ptr[i] == '/' ? i : slash;
    }
    bool tagged = ch_str_find_char(ch_str_sub(text, slash, text.len), ':', &colon);
    if (digest.len > 0) {
        ch_buf_puts(b, tagged ? ch_str_sub(text, 0, slash + colon) : text);
        ch_buf_putc(b, '@');
        ch_buf_puts(b, digest);
    }
}

/* What whoever reads the refusal can do. */
static void put_advice(struct ch_buf *b, const struct image *im, struct ch_str text)
{
    const char *page = im->manifest_count > 0 ? im->manifests[im->told].page : im->page;
    const char *at = im->page[0] != '\0' ? strchr(page, '@') : NULL;
    if (im->repository == NULL) {
        return;
    }
    if (im->no_platform) { /* no exception changes that */
        ch_buf_puts(
            b, CH_STR(". What would change it: `platforms` of the repository in customhouse.yaml"));
        return;
    }
    if (im->state == IMAGE_UNKNOWN || im->state == IMAGE_UNDECIDED || im->state == IMAGE_ALLOWED) {
        ch_buf_puts(b, CH_STR(". To have it inspected: customhouse gate --wait 600 "));
        ch_buf_put_escaped(b, text);
    } else if (at != NULL) {
        ch_buf_printf(
            b, ". %s: customhouse %s %s:%.*s==%s%s",
            im->state == IMAGE_DENIED ? "All that is known of it" : "To ask for an exception",
            im->state == IMAGE_DENIED ? "explain" : "exceptions request", im->repository->ecosystem,
            (int)(at - page), page, at + 1, im->state == IMAGE_DENIED ? "" : " --reason TEXT");
    }
}

struct admitted {
    struct ch_buf pinned, reason;
    struct image_admission what;
    bool allowed;
};

/* Where it is admitted, if it is. */
static void note(struct image_admission *a, const struct image *im)
{
    struct ch_str runs = digest_that_runs(im), named = image_digest(im);
    a->repository = im->repository;
    memcpy(a->page, im->page, sizeof(a->page));
    CH_IGNORE(!ch_sha256_from_hex(ch_str_sub(named, sizeof("sha256:") - 1, named.len), &a->sha256));
    if (im->manifest_count <= 2) { /* else a node takes one of several */
        CH_IGNORE(!ch_sha256_from_hex(ch_str_sub(runs, sizeof("sha256:") - 1, runs.len), &a->runs));
    }
}

static void set_reason(struct image *im, enum image_state state, const char *text)
{
    im->state = state;
    snprintf(im->reason, sizeof(im->reason), "%s", text);
}

static void admit(struct keeper *k, struct ch_str text, const struct ch_ask_images *ask,
                  struct admitted *ret)
{
    struct image_where where = {.hosted = true};
    struct image_name name;
    struct image im = {.state = IMAGE_UNKNOWN};
    struct ch_err err;
    bool foreign;
    uint64_t epoch = atomic_load(&k->child.epoch->epoch);
    ch_buf_init(&ret->pinned, PINNED_BYTES);
    ch_buf_init(&ret->reason, REASON_BYTES);
    if (image_known_get(k, text, ask, &ret->what)) {
        ch_buf_puts(&ret->pinned, text);
        ret->allowed = true;
        return;
    }
    if (image_name_read(k, text, &where, &name, &foreign, &err) != CH_OK) {
        set_reason(&im, IMAGE_UNKNOWN, err.msg);
    } else if (!image_look(k, &name, &(struct image_wanted){.platform = ask->platform},
                           images_on_page, k, &im)) {
        set_reason(&im, IMAGE_UNKNOWN, "it could not be looked up");
    } else if (!ch_str_eq(ask->environment, ch_str_of(name.repository->environment))) {
        snprintf(im.reason, sizeof(im.reason), "its repository %s is for %s, and this is %.*s",
                 name.repository->name, name.repository->environment, CH_STR_ARG(ask->environment));
        im.state = IMAGE_HELD;
        im.page[0] = '\0'; /* no exception changes that */
    }
    ret->allowed = stands(k, &im);
    if (ret->allowed) {
        put_pinned(&ret->pinned, text, &im);
        note(&ret->what, &im);
        if (ch_str_eq(ch_buf_str(&ret->pinned), text)) { /* what a tag stands for is looked up */
            image_known_put(k, text, ask, epoch, &ret->what);
        }
        return;
    }
    ch_buf_printf(&ret->reason, "%s: ", image_state_name(im.state));
    ch_buf_puts(&ret->reason, im.state == IMAGE_ALLOWED
                                  ? CH_STR("its approval is not recorded yet, or not in the log")
                                  : ch_str_of(im.reason));
    put_advice(&ret->reason, &im, text);
}

static void put_too_much(struct admitted *ret)
{
    ch_buf_init(&ret->pinned, 1);
    ch_buf_init(&ret->reason, REASON_BYTES);
    ch_buf_puts(&ret->reason,
                CH_STR("undecided: too many images are asked about at once, try again"));
}

/* What a review was answered that lets all of it run is remembered, durably before: it is looked up
 * when an approval ends. False: it could not be. */
static bool remember(struct keeper *k, const struct ch_ask_images *ask, struct ch_images *reply,
                     const struct admitted *list)
{
    struct ch_err err = {.msg = ""};
    bool all = ask->name_space.len > 0, good = true;
    for (size_t i = 0; i < reply->count; i++) { /* a tag is refused by who asks */
        all = all && reply->image[i].allowed && ch_str_eq(reply->image[i].pinned, ask->image[i]);
    }
    for (size_t i = 0; all && good && i < reply->count; i++) {
        if (list[i].what.repository != NULL) { /* else it stands there twice */
            good = image_admitted(k, &list[i].what, ask, &err) == CH_OK;
        }
    }
    if (!good) {
        keeper_log("store", "admission=unrecorded error=\"%s\"", err.msg);
    }
    return good;
}

static void refuse_all(struct ch_images *reply)
{
    for (size_t i = 0; i < reply->count; i++) {
        reply->image[i] = (struct ch_image_verdict){
            .reason = CH_STR("that it is admitted could not be recorded: try again")};
    }
}

void images_on_frame(struct keeper *k, struct ch_frame *frame)
{
    struct ch_ask_images ask;
    struct ch_images reply = {.ask = 0};
    struct ch_err err;
    struct ch_buf b;
    if (frame->type != CH_MSG_ASK_IMAGES ||
        ch_ask_images_get(frame->payload, &ask, &err) != CH_OK) {
        keeper_log("peer", "role=admission error=\"a message that is none\"");
        return;
    }
    struct admitted *list = ch_calloc(ask.count + 1, sizeof(*list));
    reply.ask = ask.ask;
    reply.count = ask.count;
    uint64_t until_ms = ch_now_boot_ms() + REVIEW_MS;
    for (size_t i = 0; i < ask.count; i++) {
        size_t same = 0;
        while (!ch_str_eq(ask.image[same], ask.image[i])) {
            same++;
        }
        if (same < i) { /* a pod may name one image in each of its containers */
            reply.image[i] = reply.image[same];
            continue;
        }
        if (ch_now_boot_ms() < until_ms) {
            admit(k, ask.image[i], &ask, &list[i]);
        } else {
            put_too_much(&list[i]);
        }
        reply.image[i] =
            (struct ch_image_verdict){.allowed = list[i].allowed && !list[i].pinned.failed,
                                      .pinned = ch_buf_str(&list[i].pinned),
                                      .reason = ch_buf_str(&list[i].reason)};
    }
    if (!remember(k, &ask, &reply, list)) {
        refuse_all(&reply);
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_IMAGES)->max_bytes);
    ch_images_put(&b, &reply);
    if (k->admission != NULL && ch_buf_ok(&b, &err) == CH_OK) {
        CH_IGNORE(!ch_channel_send(k->admission, CH_MSG_IMAGES, ch_buf_str(&b), NULL, 0));
    }
    ch_buf_done(&b);
    for (size_t i = 0; i < ask.count; i++) {
        ch_buf_done(&list[i].pinned);
        ch_buf_done(&list[i].reason);
    }
    free(list);
}
