/* fetcher: fetches for the keeper, and is the only process that talks to the world outside.
 *
 * It reads certificates and the resolver's modules while it may, confines itself, and then carries
 * out FETCH messages: bytes go into the descriptor that comes with each. It knows no store.
 *
 * A second instance, with a uid, confinement and destinations of its own, is egress. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "customhouse/child.h"
#include "customhouse/log.h"
#include "proxy/egress/egress_process.h"
#include "proxy/fetcher/fetch.h"

struct fetcher {
    struct ch_child child;
    struct ch_fetch_engine *engine;
    struct ch_channel *keeper; /* NULL while there is none */
};

/* ------------------------------------------------------------------ keeper */

static void send_keeper(struct fetcher *f, uint16_t type, struct ch_buf *payload)
{
    /* A channel that fails says so to on_keeper_closed. */
    CH_IGNORE(ch_channel_send(f->keeper, type, ch_buf_str(payload), NULL, 0));
    ch_buf_done(payload);
}

static void on_progress(void *owner, const struct ch_fetch_progress *progress)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_FETCH_PROGRESS)->max_bytes);
    ch_fetch_progress_put(&b, progress);
    send_keeper(owner, CH_MSG_FETCH_PROGRESS, &b);
}

static void on_done(void *owner, const struct ch_fetched *fetched)
{
    struct ch_buf b;
    ch_buf_init(&b, ch_message_row(CH_MSG_FETCHED)->max_bytes);
    ch_fetched_put(&b, fetched);
    send_keeper(owner, CH_MSG_FETCHED, &b);
}

/* Nobody waits for the jobs of a keeper that is gone; a new one asks again. */
static void drop_keeper(struct fetcher *f)
{
    ch_fetch_engine_cancel_all(f->engine);
    ch_channel_free(f->keeper);
    f->keeper = NULL;
}

static void on_keeper_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct fetcher *f = owner;
    (void)ch;
    if (why->code != CH_E_CLOSED) {
        ch_log("fetcher", "fetcher: keeper: %s", why->msg);
    }
    drop_keeper(f);
    ch_child_lost_keeper(&f->child);
}

static enum ch_code handle(struct fetcher *f, struct ch_frame *frame, struct ch_err *err)
{
    enum ch_code rc;
    if (frame->type == CH_MSG_FETCH) {
        struct ch_fetch job;
        rc = ch_fetch_get(frame->payload, &job, err);
        if (rc != CH_OK) {
            return rc;
        }
        int fd = ch_frame_take_fd(frame, 0);
        if (fd < 0) {
            return ch_fail(err, CH_E_FORMAT, "FETCH without a descriptor");
        }
        ch_fetch_engine_start(f->engine, &job, fd);
        return CH_OK;
    }
    if (frame->type == CH_MSG_FETCH_CANCEL) {
        struct ch_rd r = ch_rd_of(frame->payload.ptr, frame->payload.len);
        uint64_t job = ch_get_u64(&r);
        rc = ch_rd_end(&r, "FETCH_CANCEL", err);
        if (rc == CH_OK) {
            ch_fetch_engine_cancel(f->engine, job);
        }
        return rc;
    }
    return ch_fail(err, CH_E_FORMAT, "unexpected %s", ch_message_row(frame->type)->name);
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct fetcher *f = owner;
    struct ch_err err;
    if (handle(f, frame, &err) != CH_OK) {
        on_keeper_closed(f, ch, &err);
    }
}

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct fetcher *f = owner;
    struct ch_err err;
    if (role != CH_ROLE_KEEPER) {
        close(fd);
        return;
    }
    drop_keeper(f);
    const struct ch_channel_options options = {
        .loop = f->child.loop,
        .fd = fd,
        .peer = role,
        .self = CH_ROLE_FETCHER,
        .peer_instance = instance,
        .owner = f,
        .on_frame = on_frame,
        .on_closed = on_keeper_closed,
    };
    if (ch_channel_open(&options, &f->keeper, &err) != CH_OK) {
        ch_log("fetcher", "fetcher: keeper: %s", err.msg);
        f->keeper = NULL;
        ch_child_lost_keeper(&f->child);
    }
}

/* ------------------------------------------------------------------ supervisor */

static enum ch_code prepare_engine(struct fetcher *f, const struct ch_setup *texts,
                                   const struct ch_config *config, struct ch_err *err)
{
    struct ch_credentials *credentials = NULL;
    if (texts->credentials_text.len > 0) {
        enum ch_code rc =
            ch_credentials_parse(texts->credentials_text, "credentials.yaml", &credentials, err);
        if (rc != CH_OK) {
            return rc;
        }
    }
    /* Neither changes with a reload. */
    const struct ch_setup *start = &f->child.setup;
    struct ch_str listen[CH_SETUP_MAX_LISTENERS];
    for (uint32_t i = 0; i < start->listener_count; i++) {
        listen[i] = start->listener[i].address;
    }
    char *name = ch_str_dup(texts->config_name);
    const struct ch_fetch_settings settings = {
        .config = config,
        .config_name = name,
        .config_text = texts->config_text,
        .credentials = credentials,
        .files = texts->upstream_files,
        .instance_id = start->instance_id,
        .listen = listen,
        .listen_count = start->listener_count,
    };
    enum ch_code rc = ch_fetch_engine_prepare(f->engine, &settings, err);
    ch_credentials_free(credentials);
    free(name);
    return rc;
}

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct ch_config *config = NULL;
    char *name = ch_str_dup(texts->config_name);
    enum ch_code rc = ch_config_parse(texts->config_text, name, &config, err);
    free(name);
    if (rc == CH_OK) {
        rc = prepare_engine(owner, texts, config, err);
        ch_config_free(config);
    }
    return rc;
}

static void on_commit(void *owner, const struct ch_setup *texts)
{
    struct fetcher *f = owner;
    (void)texts;
    ch_fetch_engine_commit(f->engine);
}

static void on_abort(void *owner, struct ch_str why)
{
    struct fetcher *f = owner;
    (void)why;
    ch_fetch_engine_abort(f->engine);
}

/* What is half fetched is taken up again by the keeper's next life. */
static void on_drain(void *owner)
{
    struct fetcher *f = owner;
    drop_keeper(f);
    ch_loop_stop(f->child.loop);
}

static enum ch_code prepare(struct fetcher *f, struct ch_err *err)
{
    struct ch_child *c = &f->child;
    c->owner = f;
    c->on_peer = on_peer;
    c->on_prepare = on_prepare;
    c->on_commit = on_commit;
    c->on_abort = on_abort;
    c->on_drain = on_drain;
    const struct ch_fetch_events events = {f, on_progress, on_done};
    enum ch_code rc = ch_fetch_engine_new(c->loop, &events, &f->engine, err);
    if (rc != CH_OK) {
        return rc;
    }
    ch_fetch_load_resolver();
    rc = prepare_engine(f, &c->setup, c->config, err);
    if (rc == CH_OK) {
        ch_fetch_engine_commit(f->engine);
    }
    return rc;
}

/* Says itself what fails. */
static enum ch_code run(struct fetcher *f, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(CH_ROLE_FETCHER, &f->child, err);
    if (rc != CH_OK) {
        ch_log("fetcher", "fetcher: %s", err->msg);
        return rc;
    }
    rc = prepare(f, err);
    if (rc == CH_OK) {
        rc = ch_child_confine(&f->child, err);
    }
    if (rc == CH_OK) {
        rc = ch_child_run(&f->child, err);
    }
    if (rc != CH_OK) { /* before the channel closes: who sees that may end this process at once */
        ch_log("fetcher", "fetcher: %s", err->msg);
    }
    if (f->engine != NULL) {
        drop_keeper(f);
        ch_fetch_engine_free(f->engine);
    }
    ch_child_done(&f->child);
    return rc;
}

/* The supervisor starts this program twice, each time under the name of what it is. */
int main(int argc, char **argv)
{
    if (argc > 0 && strcmp(argv[0], ch_role_name(CH_ROLE_EGRESS)) == 0) {
        return egress_process();
    }
    struct fetcher f = {0};
    struct ch_err err;
    return run(&f, &err) == CH_OK ? 0 : 1;
}
