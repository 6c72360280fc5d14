/* Pushing to hosted repositories: what its requests have in common. push.c reads them and answers
 * errors, uploads.c streams bytes, manifests_put.c has the rest. The gateway moves bytes and parses
 * none. */
#ifndef CH_GATEWAY_PUSH_H
#define CH_GATEWAY_PUSH_H

#include "gateway_int.h"

/* What a path behind the repository's name means: NAME/blobs/uploads/[ID], NAME/blobs/DIGEST,
 * NAME/manifests/REFERENCE. */
enum gw_push_what {
    GW_PUSH_NOTHING = 0,
    GW_PUSH_UPLOADS,
    GW_PUSH_UPLOAD,
    GW_PUSH_BLOB,
    GW_PUSH_MANIFEST
};
struct gw_push_target {
    enum gw_push_what what;
    struct ch_buf name;
    struct ch_str last; /* ID, DIGEST or REFERENCE: a segment of the path */
};

struct gw_push;
typedef void gw_push_reply_fn(struct gw_push *p, const struct ch_push_reply *m,
                              struct ch_frame *frame);
typedef void gw_pull_fn(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                        size_t at);

/* One request: it waits for the keeper, or for its body. */
struct gw_push {
    struct gw *gw;
    struct gw_ask ask;
    struct ch_http_request *request;
    const struct gw_repository *repo;
    struct gw_caller *caller;
    char *name;      /* of the image */
    char *reference; /* digest or tag; "": none */
    char *from;      /* mount */
    char upload[CH_UPLOAD_ID_LEN + 1];
    bool created;  /* by this request: nobody else knows of it */
    bool finishes; /* ends with FINISH */
    enum ch_push_op op;
    int fd; /* while it writes */
    uint64_t writing; /* the WRITE by which the keeper may hold it for the writer; 0: none */
    uint64_t offset, granted_bytes;
    bool last;          /* no more of its body comes */
    struct ch_buf body; /* bytes that wait for more room, or a manifest */
    size_t on_its_way; /* bytes of a manifest that is with the keeper */
    char *media_type;
    gw_push_reply_fn *on_reply;
    gw_pull_fn *pull; /* where it is none of these after all */
    struct gw_repository *pull_repo;
    size_t at;
};

bool gw_push_is_hosted(const struct gw *gw, const struct gw_repository *repo);
/* POST, PUT, PATCH and DELETE. */
bool gw_push_writes(const struct ch_http_view *v);
/* Whether the request is one of these, and then it is answered, now or later. False: it is for
 * pulling. `pull` goes on with one that asked what only who pushed can see, and is none of those.
 */
bool gw_push_request(struct gw *gw, struct ch_http_request *r, struct gw_repository *repo,
                     size_t at, gw_pull_fn *pull);

/* --- push.c, for the other two --- */
struct gw_push *gw_push_new(struct gw *gw, struct ch_http_request *r,
                            const struct gw_repository *repo, const struct gw_push_target *t);
void gw_push_free(struct gw_push *p);
/* Asks the keeper; `on_reply` gets the answer, decoded, unless it is an error: that is answered,
 * and p is gone. */
void gw_push_ask(struct gw_push *p, enum ch_push_op op, struct ch_str body,
                 gw_push_reply_fn *on_reply);
/* {"errors":[...]}; 416 with where the upload goes on. p is gone. */
void gw_push_fail(struct gw_push *p, int status, const char *code, struct ch_str text,
                  const struct ch_push_reply *m);
/* An answer without body, and p is gone. */
void gw_push_done(struct gw_push *p, int status, const struct ch_http_header *headers,
                  size_t count);
/* "/v2/REPO/NAME/" and what follows; `b` is of the caller. */
void gw_push_location(const struct gw_push *p, const char *kind, const char *last,
                      struct ch_buf *b);
/* What its client is told that it is: by the algorithm that it used, which the keeper has compared. */
void gw_push_put_digest(const struct gw_push *p, const struct ch_sha256 *sha256, struct ch_buf *b);
/* What the keeper is told without waiting for its answer. */
void gw_push_tell(struct gw_push *p, enum ch_push_op op);

/* --- uploads.c --- */
void gw_uploads_request(struct gw_push *p, enum gw_push_what what);
/* --- manifests_put.c --- */
void gw_manifests_request(struct gw_push *p);

#endif
