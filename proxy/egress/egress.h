/* What goes out that is no fetch: jobs of the keeper, each for one destination of the
 * configuration.
 *
 * A destination has a thread of its own, and its jobs go out one after the other: what one of them
 * waits for, no other does. Only where the configuration says is spoken to, and only with the
 * secret that came for that destination. Each job ends in exactly one on_sent. */
#ifndef CH_EGRESS_EGRESS_H
#define CH_EGRESS_EGRESS_H

#include "customhouse/config.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"

struct ch_egress;

/* Called from the loop, never from ch_egress_send. The slices end with the call. */
struct ch_egress_events {
    void *owner;
    void (*on_sent)(void *owner, const struct ch_sent *sent);
};

enum ch_code ch_egress_new(struct ch_loop *loop, const struct ch_egress_events *events,
                           struct ch_egress **ret, struct ch_err *err) CH_MUST_CHECK;
/* Ends what is in hand, without on_sent: within a second, unless a name is being looked up, which
 * the resolver's own times end. Accepts NULL. */
void ch_egress_free(struct ch_egress *e);

/* Borrowed for the call only. */
struct ch_egress_settings {
    const struct ch_config *config;
    const char *config_name; /* for messages, with the text; NULL: neither */
    struct ch_str config_text;
    struct ch_str files; /* that it names: struct ch_destination_files after each other */
};

/* Makes the destinations of a configuration in the place of those prepared before; none of them is
 * in force. The first time before confinement: the system's authorities are read then, once. The
 * error says the line of the destination. */
enum ch_code ch_egress_prepare(struct ch_egress *e, const struct ch_egress_settings *settings,
                               struct ch_err *err) CH_MUST_CHECK;
/* Takes over what was prepared. A destination that is another one now ends the job that it has in
 * hand; what waits for it is answered with CH_E_CLOSED. */
void ch_egress_commit(struct ch_egress *e);
void ch_egress_abort(struct ch_egress *e); /* drops it; also where there is none */
/* Both steps at once. On failure the former destinations stay in force. */
enum ch_code ch_egress_configure(struct ch_egress *e, const struct ch_egress_settings *settings,
                                 struct ch_err *err) CH_MUST_CHECK;

/* Copies the job. */
void ch_egress_send(struct ch_egress *e, const struct ch_send *job);
/* Nobody is left to hear of them: no on_sent. What is in hand ends as it may. */
void ch_egress_forget(struct ch_egress *e);

#endif
