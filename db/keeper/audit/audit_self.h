/* The keeper's audit log itself: for audit.c, and what of it stands in a file of its own. */
#ifndef KEEPER_AUDIT_SELF_H
#define KEEPER_AUDIT_SELF_H

#include "audit_int.h"
#include "audit_key.h"
#include "audit_said.h"
#include "audit_seal.h"
#include "db/keeper/asks/waiters.h"
#include "db/log/in_force.h"
#include "db/log/tree.h"

struct audit {
    struct keeper *k;
    struct ch_hash *hash;
    struct audit_key *key;
    struct audit_thread *thread; /* NULL: while the key is rotated, or it could not be started */
    struct ch_watch wake;
    uint64_t handed_over_at; /* entries: the log's key is another one once they are under both */
    struct ch_timer handover;
    uint64_t next;        /* place of the next entry */
    uint64_t group_from;  /* of the open group's first one; next: it has none */
    struct ch_buf group;  /* its entries, as a bundle */
    bool group_too_large; /* they are only in the store */
    struct {              /* what an undone step goes back to */
        uint64_t next;
        size_t group_bytes;
        bool group_too_large;
    } step;
    uint64_t handed_to;  /* below it the thread has all */
    uint64_t written;    /* under a checkpoint */
    uint64_t decided;    /* behind the newest entry of a decision; 0: none that may wait */
    uint64_t dropped_to; /* the store's copies below it are gone */
    bool in_trouble;     /* was said in the log of events */
    struct audit_seal seal;
    bool handed_over;       /* and the new key has sealed, before the former one goes */
    struct ch_timer reseal; /* the files have more than it says, and no group came */
    struct waiters waiting;
    struct ch_in_force in_force; /* until an entry begins or ends an approval, or is undone */
    struct audit_recalled recalled;
};

/* audit.c: what waits in the store goes to the thread, as far as it may. */
void audit_hand_pending(struct audit *a);

#endif
