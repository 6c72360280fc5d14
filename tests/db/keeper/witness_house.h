/* A house whose checkpoints go to real witnesses, which answer as they are told to. */
#ifndef WITNESS_HOUSE_H
#define WITNESS_HOUSE_H

#include "house.h"

#include "db/log/cosign.h"
#include "db/witness/witness.h"

#define WITNESSES 2
#define SENT_MAX  512

enum mode { WELL = 0, MUTE, DOWN, STATUS, LIES, FOREIGN };

/* The other end of the keeper's channel to egress, with the witnesses behind it. */
struct away {
    struct house *h;
    struct ch_channel *ch;
    struct ch_note_key log;
    struct {
        char folder[64];
        struct witness *w;
        struct ch_note_key key;
        char vkey[512];
        enum mode mode;
        uint32_t status;  /* of STATUS */
        const char *body; /* of STATUS, with the type of a size */
        size_t asked;
        uint64_t old_size; /* it was asked from */
        uint64_t mute_job;
    } to[WITNESSES];
    char *told[SENT_MAX]; /* what the webhook got */
    size_t told_count;
    uint64_t time_s;
};

extern struct ch_err err;
extern struct away a;
extern struct house *h;

void reply(uint64_t job, enum ch_code code, uint32_t status, const char *type, struct ch_str body);
void connect_away(void);
void disconnect_away(void);
/* Its configuration names the witnesses, who then know its key. */
void begin(const char *more);
void done(void);
/* One more entry. */
void grow(void);
struct ch_buf state_of_witnesses(void);
bool shows(const char *text);
bool is_told(const char *text, const char *more);

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        for (uint64_t end_ = ch_now_boot_ms() + 20000; !(condition);) {                            \
            if (ch_now_boot_ms() > end_) {                                                         \
                struct ch_buf s_ = state_of_witnesses();                                           \
                fail_msg("never: %s\n%.*s", #condition, CH_STR_ARG(ch_buf_str(&s_)));              \
            }                                                                                      \
            house_turn(h, 5);                                                                      \
        }                                                                                          \
    } while (0)

#endif
