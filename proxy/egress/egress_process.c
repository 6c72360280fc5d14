/* egress: start-up, confinement, and the keeper's messages. */
#include "proxy/egress/egress_process.h"

#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "customhouse/child.h"
#include "customhouse/log.h"
#include "proxy/egress/egress.h"
#include "proxy/fetcher/fetch.h"

struct process {
    struct ch_child child;
    struct ch_egress *egress;
    struct ch_channel *keeper; /* NULL while there is none */
};

/* ------------------------------------------------------------------ keeper */

static void on_sent(void *owner, const struct ch_sent *sent)
{
    struct process *p = owner;
    struct ch_buf b;
    if (p->keeper == NULL) {
        return;
    }
    ch_buf_init(&b, ch_message_row(CH_MSG_SENT)->max_bytes);
    ch_sent_put(&b, sent);
    /* A channel that fails says so to on_keeper_closed. */
    CH_IGNORE(ch_channel_send(p->keeper, CH_MSG_SENT, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

/* A new keeper knows what is due, and sends it anew. */
static void drop_keeper(struct process *p)
{
    ch_egress_forget(p->egress);
    ch_channel_free(p->keeper);
    p->keeper = NULL;
}

static void on_keeper_closed(void *owner, struct ch_channel *ch, const struct ch_err *why)
{
    struct process *p = owner;
    (void)ch;
    if (why->code != CH_E_CLOSED) {
        ch_log("egress", "egress: keeper: %s", why->msg);
    }
    drop_keeper(p);
    ch_child_lost_keeper(&p->child);
}

static void on_frame(void *owner, struct ch_channel *ch, struct ch_frame *frame)
{
    struct process *p = owner;
    struct ch_send job;
    struct ch_err err;
    enum ch_code rc = frame->type == CH_MSG_SEND ? ch_send_get(frame->payload, &job, &err)
                                                 : ch_fail(&err, CH_E_FORMAT, "unexpected %s",
                                                           ch_message_row(frame->type)->name);
    if (rc == CH_OK) {
        ch_egress_send(p->egress, &job);
    } else {
        on_keeper_closed(p, ch, &err);
    }
}

static void on_peer(void *owner, enum ch_role role, uint32_t instance, int fd)
{
    struct process *p = owner;
    struct ch_err err;
    if (role != CH_ROLE_KEEPER) {
        close(fd);
        return;
    }
    drop_keeper(p);
    const struct ch_channel_options options = {
        .loop = p->child.loop,
        .fd = fd,
        .peer = role,
        .self = CH_ROLE_EGRESS,
        .peer_instance = instance,
        .owner = p,
        .on_frame = on_frame,
        .on_closed = on_keeper_closed,
    };
    if (ch_channel_open(&options, &p->keeper, &err) != CH_OK) {
        ch_log("egress", "egress: keeper: %s", err.msg);
        p->keeper = NULL;
        ch_child_lost_keeper(&p->child);
    }
}

/* ------------------------------------------------------------------ supervisor */

static enum ch_code on_prepare(void *owner, const struct ch_setup *texts, struct ch_err *err)
{
    struct process *p = owner;
    struct ch_config *config = NULL;
    char *name = ch_str_dup(texts->config_name);
    enum ch_code rc = ch_config_parse(texts->config_text, name, &config, err);
    if (rc == CH_OK) {
        rc = ch_egress_prepare(p->egress,
                               &(struct ch_egress_settings){.config = config,
                                                            .config_name = name,
                                                            .config_text = texts->config_text,
                                                            .files = texts->egress_files},
                               err);
        ch_config_free(config);
    }
    free(name);
    return rc;
}

static void on_commit(void *owner, const struct ch_setup *texts)
{
    struct process *p = owner;
    (void)texts;
    ch_egress_commit(p->egress);
}

static void on_abort(void *owner, struct ch_str why)
{
    struct process *p = owner;
    (void)why;
    ch_egress_abort(p->egress);
}

/* What is half sent is sent again by the keeper's next life. */
static void on_drain(void *owner)
{
    struct process *p = owner;
    drop_keeper(p);
    ch_loop_stop(p->child.loop);
}

static enum ch_code prepare(struct process *p, struct ch_err *err)
{
    struct ch_child *c = &p->child;
    const struct ch_egress_events events = {p, on_sent};
    c->owner = p;
    c->on_peer = on_peer;
    c->on_prepare = on_prepare;
    c->on_commit = on_commit;
    c->on_abort = on_abort;
    c->on_drain = on_drain;
    enum ch_code rc = ch_egress_new(c->loop, &events, &p->egress, err);
    if (rc == CH_OK) {
        ch_fetch_load_resolver();
        char *name = ch_str_dup(c->setup.config_name);
        rc = ch_egress_configure(p->egress,
                                 &(struct ch_egress_settings){.config = c->config,
                                                              .config_name = name,
                                                              .config_text = c->setup.config_text,
                                                              .files = c->setup.egress_files},
                                 err);
        free(name);
    }
    return rc;
}

static enum ch_code run(struct process *p, struct ch_err *err)
{
    enum ch_code rc = ch_child_start(CH_ROLE_EGRESS, &p->child, err);
    if (rc != CH_OK) {
        ch_log("egress", "egress: %s", err->msg);
        return rc;
    }
    rc = prepare(p, err);
    rc = rc == CH_OK ? ch_child_confine(&p->child, err) : rc;
    rc = rc == CH_OK ? ch_child_run(&p->child, err) : rc;
    if (rc != CH_OK) { /* before the channel closes: who sees that may end this process at once */
        ch_log("egress", "egress: %s", err->msg);
    }
    ch_channel_free(p->keeper);
    p->keeper = NULL;
    ch_egress_free(p->egress);
    ch_child_done(&p->child);
    return rc;
}

int egress_process(void)
{
    struct process p = {.keeper = NULL};
    struct ch_err err;
    /* or whoever lists processes would see two fetchers */
    CH_IGNORE(prctl(PR_SET_NAME, ch_role_name(CH_ROLE_EGRESS), 0, 0, 0) != 0);
    return run(&p, &err) == CH_OK ? 0 : 1;
}
