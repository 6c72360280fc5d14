/* What the files of exceptions share: exceptions.c keeps them, exceptions_check.c holds
 * them against the log, exceptions_ask.c asks, exceptions_rule.c approves and ends. An act is
 * audit_act, what it stores, and exceptions_act_end.
 */
#ifndef KEEPER_EXCEPTIONS_INT_H
#define KEEPER_EXCEPTIONS_INT_H

#include "exceptions.h"

/* The end of an act: what it has changed is read anew, so that what was borrowed is gone. */
enum ch_code exceptions_act_end(struct keeper *k, enum ch_code begun, enum ch_code rc,
                                struct ch_err *err) CH_MUST_CHECK;
/* Stores and logs one step. `rulings`: the numbers of those that it put in force, with commas. */
enum ch_code exceptions_add_step(struct keeper *k, const struct ch_exception_row *of,
                                 const struct exception_step *step, struct ch_str reason,
                                 struct ch_str rulings, struct ch_str address,
                                 struct ch_err *err) CH_MUST_CHECK;
/* A row and its first step; sets row->id. */
enum ch_code exceptions_add_request(struct keeper *k, struct ch_exception_row *row,
                                    const struct exception_shown *shown,
                                    struct ch_err *err) CH_MUST_CHECK;
struct exception_step exceptions_first_step(const struct ch_exception_row *row,
                                            const struct exception_shown *shown);
/* "user:ann, user:bob": who approved in these steps, each once. */
void exceptions_put_approvers(struct ch_buf *b, const struct exception_step *steps, size_t count);
/* Whether a former approval still is one: of what is there now, by somebody who may approve to this
 * day. */
bool exceptions_counts(struct keeper *k, const struct ch_exception_row *of,
                       const struct exception_step *s, const struct exception_shown *now);
/* Sets x->altered: whether all that the rows say of it is what the log says, step by step.
 * exceptions_check.c */
enum ch_code exception_check(struct keeper *k, struct exception *x,
                             struct ch_err *err) CH_MUST_CHECK;
void exceptions_forget_askers(struct keeper *k); /* everybody starts anew */

#endif
