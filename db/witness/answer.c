/* The rule of a witness, in the order of tlog-witness: who, from where, and only growth. */
#include "witness_int.h"

#include "customhouse/base64.h"
#include "db/log/cosign.h"
#include "record.h"

#define TEXT_TYPE  "text/plain; charset=utf-8"
#define SAID_BYTES 4096

static void answer(struct witness_answer *a, enum witness_event event, int status,
                   const char *words)
{
    a->event = event;
    a->status = status;
    a->content_type = TEXT_TYPE;
    ch_buf_clear(&a->body);
    ch_buf_printf(&a->body, "%s\n", words);
}

/* "The tree size of the latest cosigned checkpoint in decimal, followed by a newline." */
static void answer_size(struct witness_answer *a, enum witness_event event, uint64_t size)
{
    a->event = event;
    a->status = 409;
    a->content_type = CH_SUBMISSION_SIZE_TYPE;
    ch_buf_printf(&a->body, "%llu\n", (unsigned long long)size);
}

/* Whoever has a checkpoint of the log, which is public, can have it refused as often as he likes:
 * one line a second says it. */
static bool is_said_already(struct witnessed *log, enum witness_event event, uint64_t time_s)
{
    bool already = log->said_s[event] == time_s;
    log->said_s[event] = time_s;
    return already;
}

/* Names are printable by themselves only as far as we know them: all else goes through the encoder.
 */
static void say(struct witness_answer *a, const char *event, const struct ch_submission *s,
                const struct witnessed *log)
{
    ch_buf_printf(&a->said, "event=%s origin=", event);
    ch_buf_put_escaped(&a->said, s->checkpoint.origin);
    ch_buf_printf(&a->said, " size=%llu", (unsigned long long)s->checkpoint.size);
    ch_buf_puts(&a->said, CH_STR(" root="));
    ch_buf_put_base64(&a->said, s->checkpoint.root.byte, CH_SHA256_BYTES);
    if (log->size > 0) {
        ch_buf_printf(&a->said,
                      " cosigned_size=%llu cosigned_root=", (unsigned long long)log->size);
        ch_buf_put_base64(&a->said, log->root.byte, CH_SHA256_BYTES);
    }
}

/* ------------------------------------------------------------------ whose it is */

/* One of the log's keys has signed it; *ret_line is its signature. */
static bool is_signed(const struct witness *w, const struct ch_submission *s, struct ch_buf *ret)
{
    for (size_t i = 0; i < w->key_count; i++) {
        struct ch_str line;
        if (ch_str_eq(ch_str_of(w->keys[i].origin), s->checkpoint.origin) &&
            ch_note_signature(s->note, &w->keys[i].key, &line, NULL) == CH_OK) {
            ch_buf_puts(ret, line);
        }
    }
    return ret->len > 0;
}

/* ------------------------------------------------------------------ only growth */

static bool has_grown(const struct witness *w, const struct ch_submission *s,
                      const struct witnessed *log)
{
    /* "The proof MUST be empty if the old size is zero." */
    return log->size == 0 ? s->proof.count == 0
                          : ch_tree_has_grown(w->hash, log->size, &log->root, s->checkpoint.size,
                                              &s->checkpoint.root, &s->proof);
}

static bool may_cosign(struct witness_answer *a, const struct witness *w,
                       const struct ch_submission *s, struct witnessed *log, uint64_t time_s)
{
    if (s->old_size != log->size) {
        answer_size(a, WITNESS_OTHER_SIZE, log->size);
        return false;
    }
    if (s->checkpoint.size == log->size && !ch_sha256_eq(&s->checkpoint.root, &log->root)) {
        answer_size(a, WITNESS_OTHER_ROOT, log->size);
        if (is_said_already(log, a->event, time_s)) {
            return false;
        }
        say(a, "contradiction", s, log);
        /* Both halves of the proof that the log's key has signed two histories: this one, and the
         * record. */
        ch_buf_puts(&a->said, CH_STR(" note=\""));
        ch_buf_put_escaped(&a->said, ch_str_sub(s->note, 0, SAID_BYTES / 8));
        ch_buf_putc(&a->said, '"');
        return false;
    }
    if (!has_grown(w, s, log)) {
        answer(a, WITNESS_NO_GROWTH, 422,
               "the proof does not show that the log has only grown from what was cosigned");
        if (!is_said_already(log, a->event, time_s)) {
            say(a, "no-growth", s, log);
        }
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------ the cosignature */

/* `lines` are the log's; ours is added. */
static enum ch_code record(struct witness *w, const struct ch_submission *s, struct ch_str lines,
                           struct witnessed *log, struct ch_err *err)
{
    struct ch_buf note;
    ch_buf_init(&note, CH_NOTE_MAX);
    ch_buf_puts(&note, s->text);
    ch_buf_putc(&note, '\n');
    ch_buf_puts(&note, lines);
    enum ch_code rc = ch_buf_ok(&note, err);
    rc = rc == CH_OK ? record_write(w->checkpoints_fd, s->checkpoint.origin, ch_buf_str(&note), err)
                     : rc;
    ch_buf_done(&note);
    if (rc == CH_OK) {
        log->size = s->checkpoint.size;
        log->root = s->checkpoint.root;
    }
    return rc;
}

static void cosign(struct witness_answer *a, struct witness *w, const struct ch_submission *s,
                   struct ch_buf *lines, struct witnessed *log, uint64_t time_s)
{
    struct ch_err err;
    size_t logs = lines->len;
    bool again = s->checkpoint.size == log->size; /* the record says so already */
    enum ch_code rc = ch_cosign(s->text, &w->signer, time_s, lines, &err);
    if (rc == CH_OK && !again) {
        rc = record(w, s, ch_buf_str(lines), log, &err);
    }
    if (rc != CH_OK) {
        answer(a, WITNESS_CANNOT_RECORD, 500, "what is cosigned cannot be recorded now");
        ch_buf_puts(&a->said, CH_STR("event=not-recorded error=\""));
        ch_buf_put_escaped(&a->said, ch_str_of(err.msg));
        ch_buf_putc(&a->said, '"');
        return;
    }
    a->event = WITNESS_COSIGNED;
    a->status = 200;
    a->content_type = TEXT_TYPE;
    ch_buf_puts(&a->body, ch_str_sub(ch_buf_str(lines), logs, lines->len));
    if (!again) {
        say(a, "cosigned", s, &(struct witnessed){.size = 0});
    }
}

static void decide(struct witness_answer *a, struct witness *w, const struct ch_submission *s,
                   struct ch_buf *lines, uint64_t time_s)
{
    struct witnessed *log = witness_find(w, s->checkpoint.origin);
    if (log == NULL) {
        answer(a, WITNESS_REFUSED, 404, "no log of this origin is witnessed here");
    } else if (!is_signed(w, s, lines)) {
        answer(a, WITNESS_REFUSED, 403, "no key of this log that is known here has signed it");
    } else if (may_cosign(a, w, s, log, time_s)) {
        cosign(a, w, s, lines, log, time_s);
    }
}

void witness_add_checkpoint(struct witness *w, struct ch_str body, uint64_t time_s,
                            struct witness_answer *ret)
{
    struct ch_submission s;
    struct ch_err err;
    struct ch_buf lines;
    *ret = (struct witness_answer){.event = WITNESS_REFUSED};
    ch_buf_init(&ret->body, CH_NOTE_MAX);
    ch_buf_init(&ret->said, SAID_BYTES);
    ch_buf_init(&lines, CH_NOTE_MAX);
    if (ch_submission_get(body, &s, &err) == CH_OK) {
        decide(ret, w, &s, &lines, time_s);
    } else {
        answer(ret, WITNESS_REFUSED, 400, err.msg);
    }
    ch_buf_done(&lines);
}

void witness_answer_done(struct witness_answer *a)
{
    ch_buf_done(&a->body);
    ch_buf_done(&a->said);
}
