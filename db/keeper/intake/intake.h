/* One file on its way in (intake.c): how it is begun, waited for, and told of. */
#ifndef KEEPER_INTAKE_H
#define KEEPER_INTAKE_H

#include "db/keeper/keeper_int.h"

/* Starts or joins the intake of a file. NULL: it failed lately and is not tried again yet.
 * `charge`, where not NULL, is taken over unless its client pays already. */
struct intake *intake_want(struct keeper *k, struct page *p, size_t file, bool ahead,
                           struct charge *charge);
uint64_t intake_about(const struct page *p, struct ch_str file_name); /* for budget_wait */
/* Whether intake_want would begin something. */
bool intake_is_new(struct keeper *k, struct page *p, size_t file);
/* A client waits for it: it is at its expense when at nobody's, and where it waits for its turn at
 * this client's, too, as far as that has budget (T14): so nobody waits behind all that another
 * wants. NULL: it was its turn at once, and it failed. */
struct intake *intake_pay(struct intake *in, const struct ch_client *client);
/* The same for bytes that are known: inspects them again, after what anybody waits for. False: its
 * intake failed at once. */
bool intake_rescan(struct keeper *k, struct page *p, size_t file);
/* `waiter` (taken over) goes on when the intake ends, or at its deadline. */
void intake_wait(struct intake *in, struct waiter *waiter);
bool intake_hangs(const struct intake *in); /* the upstream does not send it, for long */
#define INTAKE_HANGS "the upstream does not send it, try again in a minute"
bool intake_queues(const struct intake *in); /* it is not its turn yet */
uint32_t intake_expected_s(const struct intake *in);
struct intake_progress {
    const char *state, *text; /* a word for programs, a sentence for people */
    int64_t since_us;
    uint32_t expected_s; /* until it is decided; 0: nobody can say */
    bool failed;         /* since then it is not on its way, for the reason in `text` */
    int64_t again_at_us; /* failed: it is taken up by itself then; CH_TIME_UNKNOWN: when somebody
                            asks */
};
/* False: it is not on its way in, and its last time did not fail. */
bool intake_progress(struct keeper *k, const struct page *p, size_t file,
                     struct intake_progress *ret);
/* Whether it did not come a moment ago, and is not tried again yet, or hangs. */
bool intake_failed(struct keeper *k, struct page *p, size_t file);
/* Why so, or why intake_want gave NULL: an HTTP status, a sentence, and in how many seconds its
 * upstream wants to be asked again; 0: it did not say. */
uint32_t intake_failure(struct keeper *k, struct page *p, size_t file, char *text, size_t size,
                        uint32_t *ret_retry_after_s);
enum ch_code intake_resume_all(struct keeper *k, struct ch_err *err) CH_MUST_CHECK;
void intake_committed(struct keeper *k); /* after a successful commit: effects of decisions */
void intake_commit_failed(struct keeper *k);
/* The rows of intakes that began in the lost group are gone; their numbers may be given again. */
void intakes_roll_back(struct keeper *k);
void intakes_durable(struct keeper *k); /* the group is committed: their rows are */
void intakes_run(struct keeper *k);     /* starts what may run now */
void intakes_free(struct keeper *k);
typedef void intake_fn(void *ctx, const struct ch_intake_row *row, const char *progress);
uint64_t intakes_oldest_ms(struct keeper *k);
/* Failed intakes that nobody waits for: all of this page, or (NULL) those that the queue has shown
 * long enough. */
void intakes_forget_failed(struct keeper *k, const struct page *p);
/* Another configuration: what failed may have failed for the former one, and is tried again when
 * asked for. */
void intakes_configured(struct keeper *k);
void intakes_each(struct keeper *k, intake_fn *each, void *ctx);
/* Intakes that wait for room may try again. */
void intakes_room_again(struct keeper *k);
/* Whether an intake under way works on these bytes. */
bool intake_holds(struct keeper *k, const struct ch_sha256 *sha256);

#endif
