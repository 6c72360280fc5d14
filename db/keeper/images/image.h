/* Images as people and clusters name them, and whether all of one may run in an environment. The
 * gate of a pipeline and the admission of a cluster ask the same, here.
 *
 * What is judged is a manifest by its digest, with all of its parts; of an index the document and,
 * for each platform that is wanted, the image in it that is taken for it (T19,
 * customhouse/platform.h), or each. A tag is the digest that it stands for now.
 * Nothing here makes an ALLOW: that is ch_decide's, file by file. */
#ifndef KEEPER_IMAGE_H
#define KEEPER_IMAGE_H

#include "db/keeper/keeper_int.h"
#include "customhouse/platform.h"

#define IMAGE_PAGE_MAX sizeof(((struct ch_target *)NULL)->project)

/* ------------------------------------------------------------------ image_name.c */

/* Where an image is looked for that does not say itself in which repository it is; absent: in
 * whichever has it. */
struct image_where {
    struct ch_str repository;
    struct ch_str environment;
    /* Whether who asks may see what is of this repository; of others nothing is said that is not said of
     * what is not there. NULL: all may be seen. */
    bool (*sees)(const void *ctx, const struct ch_repository *repository);
    const void *ctx;
    bool hosted; /* only by a host in front, as clients read it: without one they would take it for
                  * another registry's, and addresses and the like are no names to them */
};

struct image_name {
    const struct ch_repository *repository;
    char page[IMAGE_PAGE_MAX]; /* NAME:TAG, or NAME@sha256:HEX: then the tag beside it is no matter
                                */
};

/* Reads one of
 *   NAME[:TAG][@sha256:HEX]               of the only repository that it can be of
 *   HOST[:PORT]/REPOSITORY/NAME...        HOST being this server
 *   HOST[:PORT]/NAME...                   HOST being a registry that a repository mirrors
 *   http[s]://HOST/v2/REPOSITORY/NAME/manifests/TAG or DIGEST
 *   oci:NAME==sha256:HEX, sha256:HEX      as other commands name it
 * Without TAG and digest it is "latest", as for clients. CH_E_USAGE: it is no such name, or could
 * be of several repositories. CH_E_NOT_FOUND: nobody has asked for an image with this digest; or
 * (*ret_foreign) it is of a registry that no repository mirrors. */
enum ch_code image_name_read(struct keeper *k, struct ch_str text, const struct image_where *where,
                             struct image_name *ret, bool *ret_foreign,
                             struct ch_err *err) CH_MUST_CHECK;

/* ------------------------------------------------------------------ image_judge.c */

enum image_state {
    IMAGE_HELD = 0, /* by policy, or for want of an answer that could be given */
    IMAGE_DENIED,
    IMAGE_UNKNOWN,   /* nothing is known of it */
    IMAGE_UNDECIDED, /* its inspection has not ended, or has not begun */
    IMAGE_ALLOWED,   /* every file of it; not whether that is durable: see the log */
};
const char *image_state_name(enum image_state state); /* "held" */

#define IMAGE_MANIFESTS_MAX 64 /* of one index, where all of it is looked at */

struct image_manifest {
    char page[IMAGE_PAGE_MAX];
    bool index;
};

struct image {
    const struct ch_repository *repository;
    char asked[IMAGE_PAGE_MAX]; /* the page that was named */
    char page[IMAGE_PAGE_MAX];  /* NAME@sha256:HEX; "": not known */
    char platform[CH_PLATFORM_MAX]; /* of the index's images that are looked at, as people read it */
    size_t told;                    /* of which manifest the reason is, if it is of one */
    bool no_platform;               /* it is an index without an image for what its repository serves */
    bool of_repository;             /* those are what the repository serves */
    bool records;                   /* see struct image_wanted */
    enum image_state state;
    char reason[1024]; /* why not, in a sentence; printable ASCII */
    struct image_manifest manifests[IMAGE_MANIFESTS_MAX]; /* the one named, then what it leads to */
    size_t manifest_count;
};

/* How a page comes to be known: false when the caller waits for it, and looks anew then. */
typedef bool image_page_fn(void *ctx, struct page *p);

/* What is wanted of an index. */
struct image_wanted {
    struct ch_str platform; /* one, or "all"; absent: what its repository serves */
    bool records;           /* what is judged of images in it on the way is recorded */
};

/* Looks at all of it. False: `ready` waits for a page. What `name` says stays the caller's. */
bool image_look(struct keeper *k, const struct image_name *name, const struct image_wanted *wanted,
                image_page_fn *ready, void *ctx, struct image *ret) CH_MUST_CHECK;
/* The page of the i-th manifest of what was looked at; it may be forgotten for the next one. NULL:
 * it is not known any more. */
struct page *image_page(struct keeper *k, const struct image *im, size_t i);
/* Whether file `i` of the page is of the image now. */
static inline bool image_has_file(const struct page *p, size_t i)
{
    return p->facts.files[i].removed_at_us == CH_TIME_UNKNOWN;
}
/* "sha256:HEX" of its digest; absent: not known. */
struct ch_str image_digest(const struct image *im);


/* ------------------------------------------------------------------ image_admit.c */

/* What a cluster asks: answered at once, by what is known now; nothing is waited for, nothing
 * recorded but that it was admitted, and nothing fetched but manifests that are known, again. */
void images_on_frame(struct keeper *k, struct ch_frame *frame);
/* How its pages come to be known: not; `ctx` is the keeper. */
image_page_fn images_on_page;

/* ------------------------------------------------------------------ image_runtime.c */

/* What a cluster was told may run. */
struct image_admission {
    const struct ch_repository *repository;
    char page[IMAGE_PAGE_MAX];
    struct ch_sha256 sha256, runs; /* as in struct ch_admitted_row */
};

/* Durable, with its entry of the log, the first time in this namespace; from then on about each hour
 * that it still is. */
enum ch_code image_admitted(struct keeper *k, const struct image_admission *what,
                            const struct ch_ask_images *where, struct ch_err *err) CH_MUST_CHECK;
/* The file is ALLOW no more, by `row`, whose entry is this: where an image with it was admitted
 * people are told. */
void image_withdrawn(struct keeper *k, const struct page *p, size_t file,
                     const struct ch_decision_row *row, uint64_t entry);
void image_runtime_free(struct keeper *k);

/* ------------------------------------------------------------------ image_known.c */

/* Whether a cluster was answered just now that this image, named by its digest, is allowed there, and
 * nothing was taken away since; *ret as it was. */
bool image_known_get(struct keeper *k, struct ch_str text, const struct ch_ask_images *ask,
                     struct image_admission *ret);
/* `epoch`: before it was judged. */
void image_known_put(struct keeper *k, struct ch_str text, const struct ch_ask_images *ask,
                     uint64_t epoch, const struct image_admission *what);
void image_known_free(struct keeper *k);

#endif
