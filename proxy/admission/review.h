/* AdmissionReview of Kubernetes: which images an object would run, and the answer. Pure; allocates.
 *
 * The object is text of whoever may create one: nothing of it is believed but what is looked for,
 * and what is not understood is an error, which is a denial.
 *
 * Spec: admission.k8s.io/v1 (AdmissionReview), core/v1, apps/v1, batch/v1; RFC 6902 (JSON Patch).
 */
#ifndef PROXY_ADMISSION_REVIEW_H
#define PROXY_ADMISSION_REVIEW_H

#include "customhouse/bytes.h"

#define REVIEW_IMAGES_MAX    128
#define REVIEW_WHERE_MAX     160
#define REVIEW_UID_MAX       128
#define REVIEW_NAMESPACE_MAX 253
#define REVIEW_IMAGE_MAX     1024

/* Texts are copies: an object of many megabytes is gone when it was read. */
struct review_image {
    struct ch_str text;           /* as the object names it */
    char where[REVIEW_WHERE_MAX]; /* JSON Pointer (RFC 6901) from the object's root */
};

struct review {
    char
        uid[REVIEW_UID_MAX + 1]; /* "": it could not be read, so no answer would be taken for one */
    char name_space[REVIEW_NAMESPACE_MAX + 1];
    const char *kind; /* one of ours; NULL: another */
    bool dry_run;     /* nothing comes of it, whatever is answered */
    /* Those that come with this request: on an update not those that the old object names, too.
     * What runs already is not stopped by whoever changes a label or takes a finalizer off. */
    struct review_image image[REVIEW_IMAGES_MAX];
    size_t image_count;
    struct ch_buf texts;
};

/* CH_E_FORMAT, CH_E_UNSUPPORTED, CH_E_LIMIT: the text says what was expected; `uid` is there when
 * it could be read. *ret has to be done in any case. */
enum ch_code review_read(struct ch_str body, struct review *ret, struct ch_err *err) CH_MUST_CHECK;
void review_done(struct review *r); /* accepts zeroed memory */

/* The answer, appended; HTTP 200. `message` is shown to whoever created the object; `patch` is a
 * list of operations, "" none. */
void review_put_answer(struct ch_buf *b, const struct review *r, bool allowed,
                       struct ch_str message, struct ch_str patch);
/* One operation of such a list: the image becomes `pinned`. */
void review_put_operation(struct ch_buf *patch, const struct review_image *image,
                          struct ch_str pinned);

/* ProviderRequest of Gatekeeper's external data (externaldata.gatekeeper.sh/v1beta1): its keys are
 * images. */
struct provider_request {
    struct ch_str key[REVIEW_IMAGES_MAX];
    size_t key_count;
    struct ch_buf texts;
};
enum ch_code provider_read(struct ch_str body, struct provider_request *ret,
                           struct ch_err *err) CH_MUST_CHECK;
void provider_done(struct provider_request *r); /* accepts zeroed memory */
/* The answer: begin, an item for each key, end; or one that says what is wrong with all of it. */
void provider_put_begin(struct ch_buf *b);
void provider_put_item(struct ch_buf *b, struct ch_str key, struct ch_str value,
                       struct ch_str error, bool first);
void provider_put_end(struct ch_buf *b, struct ch_str error);

#endif
