#include "review.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "customhouse/base64.h"
#include "customhouse/limits.h"

#define PATH_MAX_PARTS 5

/* Where each kind has what its pods are made of. */
static const struct kind {
    const char *group, *version, *kind;
    const char *path[PATH_MAX_PARTS + 1];
} kinds[] = {
    {"", "v1", "Pod", {"spec", NULL}},
    {"", "v1", "PodTemplate", {"template", "spec", NULL}},
    {"", "v1", "ReplicationController", {"spec", "template", "spec", NULL}},
    {"apps", "v1", "Deployment", {"spec", "template", "spec", NULL}},
    {"apps", "v1", "ReplicaSet", {"spec", "template", "spec", NULL}},
    {"apps", "v1", "StatefulSet", {"spec", "template", "spec", NULL}},
    {"apps", "v1", "DaemonSet", {"spec", "template", "spec", NULL}},
    {"batch", "v1", "Job", {"spec", "template", "spec", NULL}},
    {"batch", "v1", "CronJob", {"spec", "jobTemplate", "spec", "template", "spec", NULL}},
};

/* ------------------------------------------------------------------ JSON */

static enum ch_code load(struct ch_str body, json_t **ret, struct ch_err *err)
{
    json_error_t why;
    struct ch_buf shown;
    *ret = json_loadb(body.ptr != NULL ? body.ptr : "", body.len, JSON_REJECT_DUPLICATES, &why);
    if (*ret != NULL && json_is_object(*ret)) {
        return CH_OK;
    }
    ch_buf_init(&shown, 4096);
    ch_buf_put_escaped(&shown, ch_str_of(*ret != NULL ? "it is no object" : why.text));
    enum ch_code rc = ch_fail(err, CH_E_FORMAT, "the review is no JSON: line %d: %.*s",
                              *ret != NULL ? 1 : why.line, CH_STR_ARG(ch_buf_str(&shown)));
    ch_buf_done(&shown);
    return rc;
}

static struct ch_str str_of(const json_t *v)
{
    return json_is_string(v) ? (struct ch_str){json_string_value(v), json_string_length(v)}
                             : (struct ch_str){NULL, 0};
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
    return ch_str_eq(str_of(json_object_get(object, name)), ch_str_of(wanted));
}

/* Printable ASCII, of at most so many bytes. */
static bool is_plain(struct ch_str s, size_t max)
{
    bool good = s.len > 0 && s.len <= max;
    for (size_t i = 0; good && i < s.len; i++) {
        good = s.ptr[i] > 0x20 && s.ptr[i] <= 0x7e;
    }
    return good;
}

/* ------------------------------------------------------------------ images */

struct images {
    struct review_image *list;
    size_t count;
    char at[REVIEW_WHERE_MAX]; /* of the pod's specification */
};

static enum ch_code add(struct images *im, const char *what, size_t i, const char *rest,
                        const json_t *image, struct ch_err *err)
{
    struct ch_str text = str_of(image);
    char where[REVIEW_WHERE_MAX];
    int n = snprintf(where, sizeof(where), "%s/%s/%zu/%s", im->at, what, i, rest);
    CH_ASSERT(n > 0 && (size_t)n < sizeof(where)); /* of names that are ours */
    if (!is_plain(text, REVIEW_IMAGE_MAX)) {
        return ch_fail(err, CH_E_FORMAT,
                       "%s: expected an image's name, of 1 to 1024 printable characters", where);
    }
    if (im->count == REVIEW_IMAGES_MAX) {
        return ch_fail(err, CH_E_LIMIT, "more than %d images in one object", REVIEW_IMAGES_MAX);
    }
    im->list[im->count].text = text;
    memcpy(im->list[im->count++].where, where, sizeof(where));
    return CH_OK;
}

/* A list that is not there, or null, is empty; one of another type is a mistake. */
static enum ch_code list_of(const json_t *spec, const char *name, const struct images *im,
                            const json_t **ret, struct ch_err *err)
{
    *ret = json_object_get(spec, name);
    if (*ret == NULL || json_is_null(*ret)) {
        *ret = NULL;
        return CH_OK;
    }
    return json_is_array(*ret) ? CH_OK
                               : ch_fail(err, CH_E_FORMAT, "%s/%s: expected a list", im->at, name);
}

static enum ch_code add_containers(struct images *im, const json_t *spec, const char *name,
                                   struct ch_err *err)
{
    const json_t *list;
    enum ch_code rc = list_of(spec, name, im, &list, err);
    for (size_t i = 0; rc == CH_OK && i < json_array_size(list); i++) {
        rc = add(im, name, i, "image", json_object_get(json_array_get(list, i), "image"), err);
    }
    return rc;
}

/* Volumes that are images: `image: {reference: ...}`. */
static enum ch_code add_volumes(struct images *im, const json_t *spec, struct ch_err *err)
{
    const json_t *list;
    enum ch_code rc = list_of(spec, "volumes", im, &list, err);
    for (size_t i = 0; rc == CH_OK && i < json_array_size(list); i++) {
        const json_t *volume = json_array_get(list, i);
        const json_t *image = json_object_get(volume, "image");
        if (!json_is_object(volume) ||
            (image != NULL && !json_is_null(image) && !json_is_object(image))) {
            rc = ch_fail(err, CH_E_FORMAT, "%s/volumes/%zu: expected a volume", im->at, i);
        } else if (json_is_object(image)) {
            rc = add(im, "volumes", i, "image/reference", json_object_get(image, "reference"), err);
        }
    }
    return rc;
}

static enum ch_code read_object(const json_t *object, const struct kind *kind, struct images *im,
                                struct ch_err *err)
{
    const json_t *spec = object;
    size_t n = 0;
    im->count = 0;
    im->at[0] = '\0';
    for (size_t i = 0; kind->path[i] != NULL; i++) {
        spec = json_object_get(spec, kind->path[i]);
        n += (size_t)snprintf(im->at + n, sizeof(im->at) - n, "/%s", kind->path[i]);
    }
    if (!json_is_object(spec)) {
        return ch_fail(err, CH_E_FORMAT, "%s: expected what the pods of a %s are made of", im->at,
                       kind->kind);
    }
    enum ch_code rc = add_containers(im, spec, "initContainers", err);
    rc = rc == CH_OK ? add_containers(im, spec, "containers", err) : rc;
    rc = rc == CH_OK ? add_containers(im, spec, "ephemeralContainers", err) : rc;
    rc = rc == CH_OK ? add_volumes(im, spec, err) : rc;
    if (rc == CH_OK && im->count == 0) {
        rc = ch_fail(err, CH_E_FORMAT, "%s: expected a container at least", im->at);
    }
    return rc;
}

/* ------------------------------------------------------------------ the request */

static const struct kind *kind_of(const json_t *request)
{
    const json_t *kind = json_object_get(request, "kind");
    for (size_t i = 0; i < CH_ARRAY_LEN(kinds); i++) {
        if (is_text(kind, "group", kinds[i].group) && is_text(kind, "version", kinds[i].version) &&
            is_text(kind, "kind", kinds[i].kind)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static enum ch_code fail_kind(const json_t *request, struct ch_err *err)
{
    const json_t *kind = json_object_get(request, "kind");
    struct ch_buf b;
    ch_buf_init(&b, 2048);
    ch_buf_put_escaped(&b, ch_str_sub(str_of(json_object_get(kind, "group")), 0, 100));
    ch_buf_putc(&b, '/');
    ch_buf_put_escaped(&b, ch_str_sub(str_of(json_object_get(kind, "version")), 0, 100));
    ch_buf_putc(&b, ' ');
    ch_buf_put_escaped(&b, ch_str_sub(str_of(json_object_get(kind, "kind")), 0, 100));
    enum ch_code rc =
        ch_fail(err, CH_E_UNSUPPORTED,
                "%.*s is no kind of object that this webhook knows: leave it out of its rules",
                CH_STR_ARG(ch_buf_str(&b)));
    ch_buf_done(&b);
    return rc;
}

static enum ch_code read_uid(const json_t *request, struct review *ret, struct ch_err *err)
{
    struct ch_str uid = str_of(json_object_get(request, "uid"));
    if (!is_plain(uid, REVIEW_UID_MAX)) {
        return ch_fail(err, CH_E_FORMAT, "request.uid: expected 1 to %d printable characters",
                       REVIEW_UID_MAX);
    }
    memcpy(ret->uid, uid.ptr, uid.len);
    return CH_OK;
}

/* What the old object names is no longer asked about. */
static void leave_out_old(const json_t *old, const struct kind *kind, struct review *ret)
{
    struct review_image list[REVIEW_IMAGES_MAX];
    struct images im = {.list = list};
    struct ch_err err;
    size_t kept = 0;
    if (!json_is_object(old) || read_object(old, kind, &im, &err) != CH_OK) {
        return;
    }
    for (size_t i = 0; i < ret->image_count; i++) {
        bool had = false;
        for (size_t o = 0; o < im.count; o++) {
            had = had || ch_str_eq(ret->image[i].text, list[o].text);
        }
        if (!had) {
            ret->image[kept++] = ret->image[i];
        }
    }
    ret->image_count = kept;
}

static enum ch_code read_request(const json_t *request, struct review *ret, struct ch_err *err)
{
    const struct kind *kind = kind_of(request);
    bool update = is_text(request, "operation", "UPDATE");
    struct ch_str name_space = str_of(json_object_get(request, "namespace"));
    if (!update && !is_text(request, "operation", "CREATE")) {
        return ch_fail(err, CH_E_UNSUPPORTED,
                       "request.operation: this webhook is for CREATE and UPDATE: leave others out "
                       "of its rules");
    }
    if (kind == NULL) {
        return fail_kind(request, err);
    }
    ret->kind = kind->kind;
    ret->dry_run = json_is_true(json_object_get(request, "dryRun"));
    if (!is_plain(name_space, REVIEW_NAMESPACE_MAX)) {
        return ch_fail(err, CH_E_FORMAT, "request.namespace: expected the name of one");
    }
    memcpy(ret->name_space, name_space.ptr, name_space.len);
    struct images im = {.list = ret->image};
    enum ch_code rc = read_object(json_object_get(request, "object"), kind, &im, err);
    if (rc == CH_OK) {
        ret->image_count = im.count;
        if (update) {
            leave_out_old(json_object_get(request, "oldObject"), kind, ret);
        }
    }
    return rc;
}

static enum ch_code read_review(const json_t *document, struct review *ret, struct ch_err *err)
{
    const json_t *request = json_object_get(document, "request");
    enum ch_code rc = read_uid(request, ret, err);
    if (rc == CH_OK && (!is_text(document, "apiVersion", "admission.k8s.io/v1") ||
                        !is_text(document, "kind", "AdmissionReview"))) {
        rc = ch_fail(err, CH_E_UNSUPPORTED, "expected an AdmissionReview of admission.k8s.io/v1");
    }
    return rc == CH_OK ? read_request(request, ret, err) : rc;
}

/* There is room for all that there may be, so that what was copied does not move. */
static struct ch_str copied(struct ch_buf *texts, struct ch_str s)
{
    size_t at = texts->len;
    ch_buf_puts(texts, s);
    return (struct ch_str){texts->ptr + at, s.len};
}

static void init_texts(struct ch_buf *texts)
{
    ch_buf_init(texts, (size_t)REVIEW_IMAGES_MAX * REVIEW_IMAGE_MAX);
    CH_ASSERT(ch_buf_reserve(texts, (size_t)REVIEW_IMAGES_MAX * REVIEW_IMAGE_MAX) != NULL);
}

enum ch_code review_read(struct ch_str body, struct review *ret, struct ch_err *err)
{
    json_t *document = NULL;
    *ret = (struct review){.uid = ""};
    enum ch_code rc = load(body, &document, err);
    rc = rc == CH_OK ? read_review(document, ret, err) : rc;
    if (rc == CH_OK) {
        init_texts(&ret->texts);
        for (size_t i = 0; i < ret->image_count; i++) {
            ret->image[i].text = copied(&ret->texts, ret->image[i].text);
        }
    } else {
        ret->image_count = 0;
    }
    json_decref(document);
    return rc;
}

void review_done(struct review *r)
{
    ch_buf_done(&r->texts);
    *r = (struct review){.uid = ""};
}

/* ------------------------------------------------------------------ the answer */

void review_put_answer(struct ch_buf *b, const struct review *r, bool allowed,
                       struct ch_str message, struct ch_str patch)
{
    ch_buf_puts(b, CH_STR("{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
                          "\"response\":{\"uid\":"));
    ch_buf_put_json(b, ch_str_of(r->uid));
    ch_buf_puts(b, allowed ? CH_STR(",\"allowed\":true") : CH_STR(",\"allowed\":false"));
    if (!allowed) {
        ch_buf_puts(b, CH_STR(",\"status\":{\"code\":403,\"reason\":\"Forbidden\",\"message\":"));
        ch_buf_put_json(b, message);
        ch_buf_putc(b, '}');
    } else if (patch.len > 0) {
        ch_buf_puts(b, CH_STR(",\"patchType\":\"JSONPatch\",\"patch\":\""));
        ch_buf_put_base64(b, patch.ptr, patch.len);
        ch_buf_putc(b, '"');
    }
    ch_buf_puts(b, CH_STR("}}\n"));
}

void review_put_operation(struct ch_buf *patch, const struct review_image *image,
                          struct ch_str pinned)
{
    ch_buf_puts(patch, patch->len == 0 ? CH_STR("[") : CH_STR(","));
    ch_buf_puts(patch, CH_STR("{\"op\":\"replace\",\"path\":"));
    ch_buf_put_json(patch, ch_str_of(image->where));
    ch_buf_puts(patch, CH_STR(",\"value\":"));
    ch_buf_put_json(patch, pinned);
    ch_buf_putc(patch, '}');
}

/* ------------------------------------------------------------------ external data */

static enum ch_code read_keys(const json_t *document, struct provider_request *ret,
                              struct ch_err *err)
{
    const json_t *keys = json_object_get(json_object_get(document, "request"), "keys");
    if (!is_text(document, "apiVersion", "externaldata.gatekeeper.sh/v1beta1") ||
        !is_text(document, "kind", "ProviderRequest") || !json_is_array(keys)) {
        return ch_fail(
            err, CH_E_FORMAT,
            "expected a ProviderRequest of externaldata.gatekeeper.sh/v1beta1 with keys");
    }
    if (json_array_size(keys) > REVIEW_IMAGES_MAX) {
        return ch_fail(err, CH_E_LIMIT, "more than %d keys", REVIEW_IMAGES_MAX);
    }
    init_texts(&ret->texts);
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct ch_str key = str_of(json_array_get(keys, i));
        if (!is_plain(key, REVIEW_IMAGE_MAX)) {
            ret->key_count = 0;
            return ch_fail(err, CH_E_FORMAT, "request.keys[%zu]: expected an image's name", i);
        }
        ret->key[ret->key_count++] = copied(&ret->texts, key);
    }
    return CH_OK;
}

enum ch_code provider_read(struct ch_str body, struct provider_request *ret, struct ch_err *err)
{
    json_t *document = NULL;
    *ret = (struct provider_request){.key_count = 0};
    enum ch_code rc = load(body, &document, err);
    rc = rc == CH_OK ? read_keys(document, ret, err) : rc;
    json_decref(document);
    return rc;
}

void provider_done(struct provider_request *r)
{
    ch_buf_done(&r->texts);
    *r = (struct provider_request){.key_count = 0};
}

void provider_put_begin(struct ch_buf *b)
{
    ch_buf_puts(
        b, CH_STR("{\"apiVersion\":\"externaldata.gatekeeper.sh/v1beta1\","
                  "\"kind\":\"ProviderResponse\",\"response\":{\"idempotent\":true,\"items\":["));
}

void provider_put_item(struct ch_buf *b, struct ch_str key, struct ch_str value,
                       struct ch_str error, bool first)
{
    ch_buf_puts(b, first ? CH_STR("{\"key\":") : CH_STR(",{\"key\":"));
    ch_buf_put_json(b, key);
    ch_buf_puts(b, error.len > 0 ? CH_STR(",\"error\":") : CH_STR(",\"value\":"));
    ch_buf_put_json(b, error.len > 0 ? error : value);
    ch_buf_putc(b, '}');
}

void provider_put_end(struct ch_buf *b, struct ch_str error)
{
    ch_buf_puts(b, CH_STR("],\"systemError\":"));
    ch_buf_put_json(b, error);
    ch_buf_puts(b, CH_STR("}}\n"));
}
