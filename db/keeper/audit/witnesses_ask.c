/* One witness. Spec: C2SP tlog-witness, add-checkpoint. */
#include "witnesses_int.h"

#include <stdarg.h>
#include <stdio.h>

#include "audit.h"
#include "db/log/cosign.h"
#include "db/keeper/egress/egress.h"

#define STATUS_OK            200
#define STATUS_FORBIDDEN     403
#define STATUS_NOT_FOUND     404
#define STATUS_CONFLICT      409
#define STATUS_UNPROCESSABLE 422

const char *cosigner_fault_name(enum cosigner_fault fault)
{
    static const char *const names[] = {
        [COSIGNER_GOOD] = "good",
        [COSIGNER_UNREACHABLE] = "unreachable",
        [COSIGNER_UNKNOWN] = "unknown log",
        [COSIGNER_BAD_ANSWER] = "bad answer",
        [COSIGNER_CONTRADICTION] = "contradiction",
    };
    return names[fault];
}

static void CH_PRINTF(3, 4)
    fail(struct cosigner *c, enum cosigner_fault fault, const char *fmt, ...)
{
    va_list va;
    va_start(va, fmt);
    vsnprintf(c->error, sizeof(c->error), fmt, va);
    va_end(va);
    witnesses_failed(c, fault);
}

/* ------------------------------------------------------------------ what it answers */

static void take_cosignature(struct cosigner *c, struct ch_str lines)
{
    struct ch_str text, line;
    struct ch_err err;
    uint64_t time_s = 0;
    enum ch_code rc = ch_note_text(ch_buf_str(&c->note), &text, &err);
    rc = rc == CH_OK ? ch_cosignature_find(text, lines, &c->key, &line, &time_s, &err) : rc;
    if (rc != CH_OK) {
        fail(c, COSIGNER_BAD_ANSWER, "its answer: %s", err.msg);
        return;
    }
    ch_buf_clear(&c->line);
    ch_buf_puts(&c->line, line);
    ch_buf_clear(&c->text);
    ch_buf_puts(&c->text, text);
    c->size = c->new_size;
    c->time_s = time_s;
    c->round_done = c->round;
    witnesses_cosigned(c);
}

static bool ask_from(struct cosigner *c, uint64_t old_size);

/* "The tree size of the latest cosigned checkpoint": what we know of it was lost, or older. */
static void take_size(struct cosigner *c, const struct ch_sent *answer)
{
    uint64_t size = 0;
    if (!ch_str_eq(answer->content_type, CH_STR(CH_SUBMISSION_SIZE_TYPE)) ||
        !ch_submission_size_get(answer->body, &size)) {
        fail(c, COSIGNER_BAD_ANSWER, "it answered 409, and no size");
    } else if (size > c->new_size) {
        fail(c, COSIGNER_CONTRADICTION,
             "it has cosigned %llu entries, where this log has %llu: an older state was restored, "
             "or there is another log of this name",
             (unsigned long long)size, (unsigned long long)c->new_size);
    } else if (size == c->old_size) {
        fail(c, COSIGNER_CONTRADICTION,
             "it has cosigned another tree of %llu entries than this log has",
             (unsigned long long)size);
    } else if (c->told_size) {
        fail(c, COSIGNER_BAD_ANSWER, "it names another size each time");
    } else {
        c->told_size = true;
        CH_IGNORE(!ask_from(c, size));
    }
}

static void take_status(struct cosigner *c, const struct ch_sent *answer)
{
    switch (answer->status) {
    case STATUS_OK:
        take_cosignature(c, answer->body);
        break;
    case STATUS_CONFLICT:
        take_size(c, answer);
        break;
    case STATUS_UNPROCESSABLE:
        fail(c, COSIGNER_CONTRADICTION,
             "it has cosigned another tree of %llu entries than this log had",
             (unsigned long long)c->old_size);
        break;
    case STATUS_FORBIDDEN:
        fail(c, COSIGNER_UNKNOWN, "it does not know the key that signs this log");
        break;
    case STATUS_NOT_FOUND:
        fail(c, COSIGNER_UNKNOWN, "it does not know this log");
        break;
    default:
        fail(c, COSIGNER_UNREACHABLE, "it answered with HTTP status %u", answer->status);
    }
}

static void on_sent(void *ctx, const struct ch_sent *answer)
{
    struct cosigner *c = ctx;
    c->job = 0;
    if (answer->code == CH_E_CLOSED && !egress_is_there(c->k)) {
        return; /* which says nothing of the witness: witnesses_go_on does */
    }
    if (answer->code != CH_OK) {
        fail(c, COSIGNER_UNREACHABLE, "%.*s", CH_STR_ARG(answer->text));
    } else {
        take_status(c, answer);
    }
}

/* ------------------------------------------------------------------ what it is asked */

static bool ask_from(struct cosigner *c, uint64_t old_size)
{
    struct ch_tree_proof proof = {.count = 0};
    struct ch_buf body;
    struct ch_err err;
    c->old_size = old_size;
    if (old_size > 0 && audit_prove_growth(c->k, old_size, c->new_size, &proof, &err) != CH_OK) {
        fail(c, COSIGNER_UNREACHABLE, "no proof for it: %s", err.msg);
        return false;
    }
    ch_buf_init(&body, CH_SUBMISSION_MAX);
    ch_submission_put(&body, old_size, &proof, ch_buf_str(&c->note));
    CH_ASSERT(!body.failed);
    struct ch_send job = {.kind = CH_DESTINATION_WITNESS,
                          .destination = ch_str_of(c->name),
                          .path = CH_STR(CH_SUBMISSION_PATH),
                          .content_type = CH_STR("text/plain; charset=utf-8"),
                          .body = ch_buf_str(&body),
                          .answer = true};
    c->job = egress_send(c->k, &job, on_sent, c);
    ch_buf_done(&body);
    return true;
}

void cosigner_ask(struct cosigner *c)
{
    struct witnesses *w = c->k->witnesses;
    if (c->job != 0 || w->round == 0 || c->round_done == w->round || c->k->draining ||
        !egress_is_there(c->k) || ch_loop_now_ms(c->k->child.loop) < c->pause_until_ms) {
        return;
    }
    c->round = w->round;
    c->new_size = w->size;
    c->told_size = false;
    ch_buf_clear(&c->note);
    ch_buf_puts(&c->note, ch_buf_str(&w->note));
    /* What it is known to have cosigned beyond this log's end it is not asked to forget: it says so
     * itself, to each size but its own. */
    CH_IGNORE(!ask_from(c, c->size <= w->size ? c->size : 0));
}
