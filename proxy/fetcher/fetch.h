/* The fetch engine: jobs of the keeper, carried out with libcurl on the process's loop.
 *
 * A job names an upstream of the configuration and a URL; its bytes go into the descriptor that
 * came with it. Only hosts of the configuration are spoken to, on every hop of a redirect (T13).
 * Each job ends in exactly one on_done, after its descriptor is closed: whoever hears it knows that
 * no writer is left here (T3). */
#ifndef CH_FETCHER_FETCH_H
#define CH_FETCHER_FETCH_H

#include "customhouse/config.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"

struct ch_fetch_engine;

/* The C library loads the modules that nsswitch.conf names at the first look-up, and the jail maps
 * no code any more: before confinement. */
void ch_fetch_load_resolver(void);

/* Called from the loop, never from ch_fetch_engine_start. The slices end with the call. Allowed
 * inside on_done: start, cancel. Inside on_progress: nothing of the engine. */
struct ch_fetch_events {
    void *owner;
    void (*on_progress)(void *owner, const struct ch_fetch_progress *progress);
    void (*on_done)(void *owner, const struct ch_fetched *fetched);
};

/* Borrowed for the call only. */
struct ch_fetch_settings {
    const struct ch_config *config;           /* upstreams and listen */
    const char *config_name;                  /* for messages, with the text; NULL: neither */
    struct ch_str config_text;
    const struct ch_credentials *credentials; /* NULL: none */
    struct ch_str files; /* that config names: struct ch_upstream_file (message.h) */
    struct ch_str instance_id; /* ours (instance.h), sent with each request */
    const struct ch_str *listen;  /* addresses in use besides those of config */
    size_t listen_count;
};

enum ch_code ch_fetch_engine_new(struct ch_loop *loop, const struct ch_fetch_events *events,
                                 struct ch_fetch_engine **ret, struct ch_err *err) CH_MUST_CHECK;
/* Ends all jobs without on_done. */
void ch_fetch_engine_free(struct ch_fetch_engine *e);

/* Makes all that the settings need, in the place of what was prepared before; nothing of it is in
 * force. On a reload the system's certificates are kept as they were when they may no longer be
 * opened. */
enum ch_code ch_fetch_engine_prepare(struct ch_fetch_engine *e,
                                     const struct ch_fetch_settings *settings,
                                     struct ch_err *err) CH_MUST_CHECK;
/* Takes over what was prepared; jobs that run end under the old settings. */
void ch_fetch_engine_commit(struct ch_fetch_engine *e);
void ch_fetch_engine_abort(struct ch_fetch_engine *e); /* drops it; also where there is none */
/* Both steps at once, before confinement. On failure the old settings stay in force. */
enum ch_code ch_fetch_engine_configure(struct ch_fetch_engine *e,
                                       const struct ch_fetch_settings *settings,
                                       struct ch_err *err) CH_MUST_CHECK;

/* Takes `fd`. Bytes go to their place in the resource: byte range_from_bytes of it to that offset
 * of the file; when the server answers 200 to a range, the file is cut to nothing and written from
 * its start. max_bytes bounds what one fetch writes. fetched.bytes is what this fetch wrote, from
 * offset range_from_bytes when http_status is 206, else from 0.
 * CH_OK with any status: that was the answer (its body is kept only for 200 and 206). */
void ch_fetch_engine_start(struct ch_fetch_engine *e, const struct ch_fetch *job, int fd);
/* on_done with CH_E_CLOSED follows; unknown jobs are ignored. */
void ch_fetch_engine_cancel(struct ch_fetch_engine *e, uint64_t job);
/* Nobody is left to hear of them: no on_done. */
void ch_fetch_engine_cancel_all(struct ch_fetch_engine *e);
size_t ch_fetch_engine_jobs(const struct ch_fetch_engine *e);

#endif
