/* Inside: witnesses.c has the checkpoint that they are asked to cosign and what is published of it,
 * witnesses_ask.c one witness: what it is sent, and what its answer means. */
#ifndef KEEPER_WITNESSES_INT_H
#define KEEPER_WITNESSES_INT_H

#include "witnesses.h"

#include "db/log/submission.h"

/* Why a witness has not cosigned: the word that people are told. */
enum cosigner_fault {
    COSIGNER_GOOD = 0,
    COSIGNER_UNREACHABLE,   /* no answer, or one of a server in trouble */
    COSIGNER_UNKNOWN,       /* it does not know this log, or not its key */
    COSIGNER_BAD_ANSWER,    /* no cosignature by its key */
    COSIGNER_CONTRADICTION, /* it has cosigned what this log is not */
};
const char *cosigner_fault_name(enum cosigner_fault fault); /* "unreachable" */

struct cosigner {
    struct cosigner *next;
    struct keeper *k;
    char *name;
    struct ch_note_key key;
    /* what it cosigned last, as far as is known here */
    uint64_t size; /* 0: nothing */
    uint64_t time_s;
    struct ch_buf line;  /* its cosignature... */
    struct ch_buf text;  /* ...of this; empty: not known */
    uint64_t round_done; /* that it cosigned */
    /* what is in hand */
    uint64_t job; /* 0: nothing */
    uint64_t old_size;
    uint64_t new_size;
    uint64_t round;
    struct ch_buf note;
    bool told_size; /* it was asked again, from the size that it named */
    /* what went wrong */
    uint32_t failures; /* in a row */
    enum cosigner_fault fault;
    int64_t failed_at_us;
    char error[256];
    bool told; /* people were told */
    uint64_t pause_until_ms;
};

struct witnesses {
    struct keeper *k;
    struct cosigner *list;
    size_t quorum;
    struct ch_timer timer;
    /* what is to be cosigned */
    uint64_t round; /* 0: nothing yet */
    uint64_t round_at_ms;
    uint64_t size;
    struct ch_buf note; /* signed by the log */
    struct ch_buf text;
};

/* Asks it for what is to be cosigned, unless it has, is being asked, or pauses. */
void cosigner_ask(struct cosigner *c);
/* witnesses.c: it has cosigned, or failed. */
void witnesses_cosigned(struct cosigner *c);
void witnesses_failed(struct cosigner *c, enum cosigner_fault fault);

#endif
