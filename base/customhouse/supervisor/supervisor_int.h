/* The supervisor: starts all processes, connects them, starts again what ends, and ends them in
 * order.
 *
 * A process:  DOWN --spawn--> STARTING --READY--> READY --end--> DOWN (after a pause) ...
 * All:        starting (any end is final: no service) -> serving -> draining -> ended */
#ifndef BASE_CUSTOMHOUSE_SUPERVISOR_INT_H
#define BASE_CUSTOMHOUSE_SUPERVISOR_INT_H

#include "customhouse/channel.h"
#include "customhouse/message.h"
#include "customhouse/shared.h"
#include "customhouse/spawn.h"
#include "log.h"
#include "log_pipe.h"
#include "base/customhouse/site/site.h"

#define PROCESSES_MAX (8 + CH_METRICS_SLOTS)

struct supervisor;

enum process_state { PROCESS_DOWN = 0, PROCESS_STARTING, PROCESS_READY };

struct process {
    struct supervisor *sup;
    enum ch_role role;
    uint32_t instance;
    uint32_t instances;
    uint32_t uid;
    enum process_state state;
    struct ch_spawned spawned;  /* while not DOWN */
    struct ch_channel *channel; /* NULL when DOWN, or when it broke the protocol */
    struct ch_watch end;        /* its pidfd */
    struct ch_timer timer;      /* DOWN: start again; STARTING: too slow */
    uint32_t pause_ms;          /* before the next start */
    uint32_t restarts;
    uint32_t tried;  /* the number of the reload it was asked about last; 0: none */
    bool owes;       /* its answer is due, perhaps to one that was given up */
    bool can_reload; /* it could work with what `tried` is about */
    uint64_t ready_at_ms;
    char confinement[512];
};

struct listening {
    char *address; /* as asked for; with the port it got where 0 was asked for */
    char *asked;
    size_t nth; /* of those that were asked for in the same words, from 0 */
    int fd;
    bool tls;
};

/* Another site that is tried. */
struct reload {
    bool under_way;
    bool wanted;     /* before all were ready once */
    uint32_t number; /* of this one, or of the last */
    struct site site;
    struct ch_timer timer;
};

/* What a local user may still ask for at once (control.c). */
struct control_user {
    uint32_t uid;
    uint64_t full_at_ms; /* when all of control_burst is there again; 0: nobody */
    uint64_t said_at_ms; /* in the log, that it has to wait */
};

struct supervisor {
    struct ch_loop *loop;
    const char *folder;
    bool show_state;      /* the way to the folder is closed to other uids: CH_SPAWN_STATE */
    struct site site;     /* in force in all processes, and what any of them starts with */
    struct reload reload; /* reload.c */
    /* that of the start, for what only the next one changes; NULL: site.config still is it */
    struct ch_config *started;
    struct site_ids ids;
    char instance_id[33];
    struct process process[PROCESSES_MAX];
    size_t process_count;
    struct listening listening[CH_SETUP_MAX_LISTENERS];
    size_t listening_count;
    struct listening admin;     /* no address: there is no administrative interface */
    struct listening admission; /* no address: clusters do not ask here */
    char *admin_missing;        /* why, when nobody has said that there should be none */
    int epoch_fd;
    int epoch_read_fd;
    int metrics_fd;
    int metrics_read_fd;
    int access_log_fd;
    int signal_fd;
    struct log_pipes *log_pipes;
    struct ch_watch signals;
    struct ch_watch control;
    struct control_user *control_users; /* control_users of limits.h; NULL: none asked yet */
    bool serving;                       /* all were ready once */
    bool draining;
    size_t drain_stage;
    struct ch_timer drain_timer;
    int exit_status;
    void (*on_serving)(struct supervisor *sup);
};

/* supervisor.c */
void supervisor_process_changed(struct supervisor *sup); /* tells the keeper; notices "all ready" */
void supervisor_process_ended(struct process *p);
void supervisor_fail(struct supervisor *sup, int exit_status); /* kills all, ends the loop */

/* process.c */
void process_start(struct process *p);
void process_send(struct process *p, uint16_t type, struct ch_str payload, const int *fds,
                  size_t fd_count);
void process_open_gateways(struct supervisor *sup); /* all is ready: clients get answers */
/* Sends RELOAD with a site that is not in force. Nothing is sent when it is too large. */
enum ch_code process_try(struct process *p, const struct site *site,
                         struct ch_err *err) CH_MUST_CHECK;
void process_kill(struct process *p);
struct process *process_find(struct supervisor *sup, enum ch_role role, uint32_t instance);
void process_name(const struct process *p, char *ret, size_t size); /* "gateway/0" */

/* reload.c: a new site is in force in all processes, or in none. */
void reload_begin(struct supervisor *sup); /* reads all; a try that is under way is given up */
void reload_cancel(struct supervisor *sup);
void reload_serving(struct supervisor *sup); /* all were ready once */
void reload_process_ready(struct process *p);
void reload_process_ended(struct process *p);
void reload_answered(struct process *p, const struct ch_reloaded *m);

/* control.c */
enum ch_code control_open(struct supervisor *sup, struct ch_err *err) CH_MUST_CHECK;
void control_close(struct supervisor *sup);

/* listen.c */
enum ch_code listening_open(const char *address, bool tls, struct listening *ret,
                            struct ch_err *err) CH_MUST_CHECK;
void listening_close(struct listening *l); /* accepts one that is closed */
/* The open addresses, without what they show; returns how many. Slices borrow. */
size_t listening_told(const struct supervisor *sup,
                      struct ch_setup_listener ret[CH_SETUP_MAX_LISTENERS]);
/* Which address of listen it is open for; listen_count: of none. */
size_t listening_place(const struct listening *l, const struct ch_config *config);
/* Fills site->shown: what each listener that speaks TLS has to show. One that the site does not
 * name goes on with what `before` (NULL: none) has for it; addresses change with the next start
 * only. */
void listening_show(const struct supervisor *sup, struct site *site, const struct site *before);

#endif
