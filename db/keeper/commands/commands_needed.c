/* How many persons have to approve an exception, and why: said where one asks, approves and looks.
 */
#include "commands_int.h"

#include <stdio.h>

static bool is_critical(struct keeper *k, struct page *p, const struct what *what)
{
    bool critical = false;
    for (size_t i = 0; p != NULL && i < p->facts.file_count && !critical; i++) {
        const struct ch_inspection_result *in =
            command_names(p, i, what) ? inspection_of(k, p, i) : NULL;
        struct ch_decision d;
        critical =
            in != NULL && ch_exception_is_critical(command_liftable() & command_holds(k, p, i, &d),
                                                   in->row.findings, in->row.finding_count);
    }
    return critical;
}

/* As the policy asks; *ret_why: for two, why. */
static size_t policy_asks(struct keeper *k, const struct what *what, bool critical,
                          const char **ret_why)
{
    const struct ch_repository *repo = ch_config_repository(k->config, ch_str_of(what->repository));
    struct ch_exception_terms terms = ch_policy_exception_terms(
        k->policy, ch_str_of(what->repository), ch_str_of(repo != NULL ? repo->environment : NULL));
    bool always = terms.two_approvers == CH_TWO_APPROVERS_ALWAYS;
    bool two = always || (terms.two_approvers == CH_TWO_APPROVERS_CRITICAL && critical);
    *ret_why = !two     ? NULL
               : always ? "the policy asks for two (exceptions: two_approvers)"
                        : "the policy asks for two where what it lets pass is grave (exceptions: "
                          "two_approvers)";
    return two ? 2 : 1;
}

struct command_needed command_needed(struct keeper *k, const struct exception *x, bool critical,
                                     const struct what *what, const struct exception_shown *now)
{
    struct command_needed n;
    n.persons = policy_asks(k, what, critical, &n.why);
    if (x != NULL && n.why == NULL && !exception_is_somebodys(x->steps, x->step_count)) {
        n.why = "no user here is known to have asked for it, so one alone could ask and approve";
        n.persons = exception_persons_needed(x->steps, x->step_count, n.persons);
    } else if (x != NULL && n.why == NULL && exception_is_prolonged(x->steps, x->step_count)) {
        n.why = "it is to last longer than was asked for, so who says that asks, too";
        n.persons = exception_persons_needed(x->steps, x->step_count, n.persons);
    }
    size_t have = x != NULL ? exceptions_have(k, x, now) : 0;
    n.missing = have < n.persons ? n.persons - have
                                 : 1; /* who has said it says it again: it is not in force */
    return n;
}

/* The page of what an exception names; NULL: nothing is known of it, or it is a range. */
static struct page *page_of(struct keeper *k, const struct exception *x, struct what *ret_what)
{
    struct ch_err err;
    command_what_of(&x->row, ret_what);
    struct page *p = ret_what->kind != WHAT_RANGE ? command_find_page(k, ret_what, &err) : NULL;
    return p != NULL && page_load(k, p) ? p : NULL;
}

struct exception_shown command_shown_of(struct keeper *k, const struct exception *x)
{
    struct what what;
    struct page *p = page_of(k, x, &what);
    return command_shown(k, p, &what);
}

struct command_needed command_needed_now(struct keeper *k, const struct exception *x)
{
    struct what what;
    struct page *p = page_of(k, x, &what);
    struct exception_shown now = command_shown(k, p, &what);
    return command_needed(k, x, is_critical(k, p, &what), &what, &now);
}

void command_put_needed(struct ch_buf *b, const struct command_needed *n)
{
    ch_buf_printf(b, "%zu%s person%s to approve it", n->missing,
                  n->missing < n->persons ? " more" : "", n->missing == 1 ? " has" : "s have");
    if (n->why != NULL) {
        ch_buf_printf(b, ": %s", n->why);
    }
}
