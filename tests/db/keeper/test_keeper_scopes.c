/* Who has a right for one repository: sees and does what is of that one, and is told clearly beyond it. And who
 * may put a policy in force, which is of all. */
#include "exceptions_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/audit/audit.h"
#include "db/keeper/people/people.h"
#include "db/keeper/policies/policies.h"
#include "db/keeper/policies/policy_proposals.h"

static struct ch_err err;

static const char CONFIG[] =
    "listen:\n  - {address: '127.0.0.1:8080'}\n"
    "upstreams:\n"
    "  - {name: up, ecosystem: pypi, url: 'https://up.example.org/simple', trust_times: true}\n"
    "repositories:\n"
    "  - {name: pypi, ecosystem: pypi, upstreams: [up]}\n"
    "  - {name: lab, ecosystem: pypi, environment: preprod, upstreams: [up]}\n"
    "  - {name: more, ecosystem: pypi, upstreams: [up]}\n";

/* Its decision on WHEEL is recorded, as if somebody had asked for it. */
static void decide(struct house *h, const char *repository)
{
    struct page *p = page_get(h->k, ch_str_of(repository), CH_STR("pkg"));
    struct ch_decision d;
    assert_ch_ok(&err, keeper_write(h->k, &err));
    judge(h->k, p, 0, &d);
    assert_ch_ok(&err, judge_record(h->k, p, 0, &d, &err));
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

/* rita (uid 2001) reviews and lena (2002) approves in lab; oscar (2003) operates, zoe (2004) approves everywhere.
 * pkg is known in pypi and lab, held in both. */
static struct house *open_house(struct ch_buf *out)
{
    static const char *const lines[] = {
        "user add rita --uid=2001", "user add lena --uid=2002", "user add oscar --uid=2003",
        "user add zoe --uid=2004", "group add reviewing rita --role=reviewer --repository=lab",
        "group add ops oscar --role=operator", "explain pkg --repository=pypi", "explain pkg --repository=lab",
    };
    struct house *h = house_new_with(NULL, CONFIG);
    ch_buf_init(out, 1u << 20);
    set_wheel(h, "young", 1);
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        runs_as(h, 1000, 0, lines[i], "", out);
    }
    decide(h, "pypi");
    decide(h, "lab");
    runs_as(h, 1000, 0, "group add here lena --role=approver --repository=lab", "", out);
    /* zoe's right reaches further than any that there is: she is configured */
    struct ch_people_row rows[] = {
        {.kind = CH_PEOPLE_GRANT, .group = CH_STR("all"), .role = CH_STR("approver")},
        {.kind = CH_PEOPLE_MEMBER, .group = CH_STR("all"), .person = CH_STR("zoe")}};
    rows[0].by = rows[1].by = CH_STR("configuration");
    rows[0].at_us = rows[1].at_us = keeper_now_us(h->k);
    assert_ch_ok(&err, people_give(h->k, rows, 2, &err));
    return h;
}

static void close_house(struct house *h, struct ch_buf *out)
{
    ch_buf_done(out);
    house_free(h);
}

#define assert_silent_on(out, text) assert_false(says(out, text))

static void the_queue_is_of_what_one_may_see(void **state)
{
    (void)state;
    struct ch_buf out;
    struct house *h = open_house(&out);
    runs_as(h, 1000, 0, "queue --json", "\"repository\":\"pypi\"", &out);
    assert_says(&out, "\"repository\":\"lab\"");
    for (uint32_t uid = 2001; uid <= 2002; uid++) {
        runs_as(h, uid, 0, "queue --json", "\"repository\":\"lab\"", &out);
        assert_silent_on(&out, "pypi");
        runs_as(h, uid, 0, "queue", WHEEL " (lab)  ", &out);
        assert_silent_on(&out, "pypi");
        runs_as(h, uid, 0, "queue --audited", "nothing is served", &out);
    }
    runs_as(h, 2004, 0, "queue --json", "\"repository\":\"pypi\"", &out);
    runs_as(h, 2004, 0, "queue", WHEEL " (lab)  ", &out); /* the same file of two repositories */
    assert_says(&out, WHEEL " (pypi)  ");
    close_house(h, &out);
}

static void what_is_named_is_looked_for_where_one_may(void **state)
{
    (void)state;
    struct ch_buf out;
    struct house *h = open_house(&out);
    runs_as(h, 2004, 2, "explain pkg", "several repositories have it: say which with --repository", &out);
    runs_as(h, 2001, 0, "explain pkg", "pkg in lab, owned by upstream up", &out);
    runs_as(h, 2001, 0, "explain " WHEEL, "hold (cool-down)", &out);
    runs_as(h, 2001, 1, "explain pkg --repository=pypi",
            "user:rita may not do this: it needs queue.read in repository pypi (prod), which role", &out);
    runs_as(h, 2001, 1, "sbom " WHEEL " --repository=pypi",
            "user:rita may not do this: it needs queue.read in repository pypi (prod), which role", &out);
    runs_as(h, 2001, 1, "exceptions request pkg==1.0 --reason=x --repository=more",
            "it needs exception.request in repository more (prod)", &out);
    runs_as(h, 2001, 0, "exceptions request pkg==1.0 --reason=x", "exception 1", &out);
    runs_as(h, 2002, 0, "exceptions list", "pkg==1.0 in lab", &out);
    runs_as(h, 2002, 0, "approve 1", "now: allow", &out);
    runs_as(h, 2001, 1, "explain sha256:" /* of bytes, too */
            "0000000000000000000000000000000000000000000000000000000000000001",
            "no file with this sha256 was ever fetched", &out);
    char hex[CH_SHA256_HEX + 1], line[120];
    snprintf(line, sizeof(line), "explain sha256:%s", house_hex("young", hex));
    runs_as(h, 2001, 0, line, "pkg in lab, owned by upstream up", &out);
    close_house(h, &out);
}

/* T26: also by their digest, bytes say only who fetched them where one may know it. */
static void who_fetched_is_told_of_where_one_may_know(void **state)
{
    (void)state;
    struct ch_buf out;
    struct house *h = open_house(&out);
    char hex[CH_SHA256_HEX + 1], line[120];
    house_tell_served(h, "pkg", WHEEL, "young", "192.0.2.7"); /* from pypi */
    house_settle(h);
    snprintf(line, sizeof(line), "fetched-by sha256:%s", house_hex("young", hex));
    runs_as(h, 2004, 0, line, "192.0.2.7", &out);
    runs_as(h, 2004, 0, "fetched-by pkg --repository=pypi", WHEEL " (pypi)", &out);
    runs_as(h, 2004, 0, "fetched-by pkg --repository=lab", "nobody fetched it", &out);
    runs_as(h, 2004, 0, "fetched-by pkg==1.0 --repository=lab", "nobody fetched it", &out);
    snprintf(line, sizeof(line), "fetched-by sha256:%s --repository=lab", hex);
    runs_as(h, 2004, 0, line, "nobody fetched it", &out);
    snprintf(line, sizeof(line), "fetched-by sha256:%s --repository=nowhere", hex);
    runs_as(h, 2004, 2, line, "no repository nowhere in the configuration", &out);
    snprintf(line, sizeof(line), "fetched-by sha256:%s", hex);
    runs_as(h, 2002, 0, line, "nobody fetched it", &out);
    runs_as(h, 2002, 0, "fetched-by pkg", "nobody fetched it", &out);
    runs_as(h, 2002, 1, "fetched-by pkg --repository=pypi", "it needs audit.read in repository pypi (prod)", &out);
    runs_as(h, 2001, 1, line, "it needs audit.read", &out);
    close_house(h, &out);
}

static void owners_are_of_what_one_may_see(void **state)
{
    (void)state;
    struct ch_buf out;
    struct house *h = open_house(&out);
    runs_as(h, 1000, 0, "own", "pkg in pypi: owned by upstream up", &out);
    runs_as(h, 2001, 0, "own", "pkg in lab: owned by upstream up", &out);
    assert_silent_on(&out, "pypi");
    runs_as(h, 2001, 0, "own pkg", "pkg in lab: owned by upstream up", &out);
    runs_as(h, 2001, 1, "own --repository=pypi", "it needs queue.read in repository pypi (prod)", &out);
    runs_as(h, 2001, 1, "own pkg --upstream=up --reason=x", "it needs operate in repository lab (preprod)", &out);
    close_house(h, &out);
}

static void set_policy(struct house *h, const char *text, struct ch_buf *room)
{
    ch_buf_clear(room);
    ch_put_str(room, ch_str_of(text));
    h->input = ch_buf_str(room);
}

static void the_policy_is_tried_where_one_may(void **state)
{
    (void)state;
    struct ch_buf out, room;
    struct house *h = open_house(&out);
    ch_buf_init(&room, 4096);
    runs_as(h, 2001, 0, "policy show", "# repository lab (pypi, preprod)", &out);
    assert_silent_on(&out, "# repository pypi");
    runs_as(h, 2001, 0, "policy show --json", "\"name\":\"lab\"", &out);
    assert_silent_on(&out, "\"name\":\"pypi\"");
    runs_as(h, 2001, 0, "policy history", "", &out);
    set_policy(h, "version: 1\nrules: [{name: none, project: pkg, then: deny, reason: not here}]\n", &room);
    runs_as(h, 1000, 1, "policy test", "looked at 2 files with a decision", &out);
    runs_as(h, 2001, 1, "policy test", "stricter  lab  " WHEEL, &out);
    assert_says(&out, "looked at 1 files with a decision, of 1 projects");
    runs_as(h, 2001, 1, "policy test --repository=pypi", "it needs policy.read in repository pypi (prod)", &out);
    runs_as(h, 2002, 1, "policy offer --reason=x", "it needs policy.write for the site as a whole", &out);
    runs_as(h, 2002, 1, "policy propose --reason=x", "it needs policy.write for the site as a whole", &out);
    ch_buf_done(&room);
    close_house(h, &out);
}

/* Who approves agrees to a policy, who has the files puts just that in force; neither does both. */
static void an_approver_agrees_and_root_sets(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\ncool_down_days: 3\n";
    static const char other[] = "version: 1\ncool_down_days: 0\n";
    struct ch_buf out, room;
    struct house *h = open_house(&out);
    ch_buf_init(&room, 4096);
    set_policy(h, policy, &room);
    runs_as(h, 1000, 1, "policy offer --reason=x",
            "it needs policy.write, which role approver gives. Since persons approve here, root and who started the "
            "server are operators only. Who may: zoe. What one of them has agreed to (customhouse policy propose) "
            "may be set by root", &out);
    runs_as(h, 2003, 1, "policy propose --reason=x", "it needs policy.write", &out);
    runs_as(h, 1000, 1, "policy propose --reason=x", "it needs policy.write", &out);
    runs_as(h, 2004, 0, "policy propose --reason=ticket", "proposed: sha256 ", &out);
    runs_as(h, 2002, 1, "policy offer", "it needs policy.write", &out); /* an approver of one repository */
    set_policy(h, other, &room);
    runs_as(h, 1000, 1, "policy offer --reason=x", "it needs policy.write", &out); /* another text */
    set_policy(h, policy, &room);
    runs_as(h, 1000, 0, "policy offer", "", &out);
    h->input = (struct ch_str){NULL, 0};
    assert_ch_ok(&err, house_reload(h, policy, &err));
    runs_as(h, 1000, 0, "policy history --json", "\"by\":\"user:zoe, local:1000\",\"reason\":\"ticket\"", &out);
    /* nobody goes back to it by the word of then */
    assert_ch_ok(&err, house_reload(h, other, &err));
    set_policy(h, policy, &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    /* who has lost the right has agreed to nothing */
    runs_as(h, 2004, 0, "policy propose", "proposed: ", &out);
    runs_as(h, 2004, 0, "group revoke all zoe", "", &out);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    ch_buf_done(&room);
    close_house(h, &out);
}

/* What zoe has agreed to stands as of then. */
static void say_it_earlier(struct house *h, const char *policy, int64_t us)
{
    struct ch_policy *parsed = NULL;
    struct ch_policy_proposal_row row = {.base = ch_policy_digest(h->k->policy),
                                         .by = CH_STR("user:zoe"),
                                         .at_us = keeper_now_us(h->k) - us};
    assert_ch_ok(&err, ch_policy_parse(ch_str_of(policy), "policy.yaml", &parsed, &err));
    row.policy = ch_policy_digest(parsed);
    ch_policy_free(parsed);
    h->k->policies->newest.at_us -= 2 * us; /* the one in force is older */
    assert_ch_ok(&err, keeper_write(h->k, &err));
    assert_ch_ok(&err,
                 ch_store_add_policy_proposal(h->k->store, &row, ch_str_of(policy), &row.id, &err));
    assert_ch_ok(&err, audit_policy_proposal(h->k, &row, &err)); /* or nobody has said it */
    assert_ch_ok(&err, keeper_commit(h->k, &err));
}

static void a_proposal_has_an_end(void **state)
{
    (void)state;
    static const char policy[] = "version: 1\ncool_down_days: 3\n";
    static const int64_t hour = 3600 * 1000000LL;
    struct ch_buf out, room;
    struct house *h = open_house(&out);
    ch_buf_init(&room, 4096);
    say_it_earlier(h, policy, (POLICY_PROPOSAL_DAYS * 24 + 1) * hour);
    set_policy(h, policy, &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    runs_as(h, 1000, 0, "policy proposals", "nothing is proposed", &out);
    say_it_earlier(h, policy, (POLICY_PROPOSAL_DAYS * 24 - 1) * hour);
    runs_as(h, 1000, 0, "policy offer", "", &out);
    ch_buf_done(&room);
    close_house(h, &out);
}

/* Said is said: it outlives the keeper, is seen by whoever may read the policy, and taken back by
 * who said it. */
static void what_is_proposed_is_kept_and_seen(void **state)
{
    (void)state;
    struct ch_buf out, room;
    struct house *h = open_house(&out);
    ch_buf_init(&room, 4096);
    set_policy(h, "version: 1\ncool_down_days: 3\n", &room);
    runs_as(h, 2004, 0, "policy propose --reason=ticket",
            "as proposal 1; root or who operates may set exactly this "
            "within 7 days",
            &out);
    house_restart(h);
    h->input = (struct ch_str){NULL, 0};
    runs_as(h, 1000, 0, "policy proposals", "user:zoe  ticket\n", &out);
    runs_as(h, 2001, 0, "policy proposals --json", "\"proposal\":1,\"sha256\":\"", &out);
    runs_as(h, 1000, 0, "policy proposals 1",
            "agreed to by user:zoe; root or who operates may set exactly this", &out);
    assert_says(&out, "cool_down_days");
    runs_as(h, 1000, 0, "policy proposals 1 --json",
            "\"persons\":1,\"persons_needed\":1,\"diff\":{", &out);
    assert_says(&out, "\"reason\":\"ticket\"");
    runs_as(h, 1000, 0, "status", "another policy is proposed: 1 (customhouse policy proposals)",
            &out);
    runs_as(h, 1000, 0, "status --json", "\"policy_proposals\":1,", &out);
    runs_as(h, 2002, 1, "policy withdraw 1", "it needs policy.write for the site as a whole", &out);
    runs_as(h, 1000, 1, "policy agree 1", "it needs policy.write", &out);
    runs_as(h, 2004, 1, "policy agree 1", "you have proposed it yourself", &out);
    runs_as(h, 2004, 2, "policy withdraw x", "expected the number of a proposal", &out);
    runs_as(h, 2004, 1, "policy withdraw 7", "proposal 7 is none that is open", &out);
    set_policy(h, "version: 1\ncool_down_days: 3\n", &room);
    runs_as(h, 1000, 0, "policy offer", "", &out);
    h->input = (struct ch_str){NULL, 0};
    runs_as(h, 2004, 0, "policy withdraw 1", "proposal 1 is withdrawn", &out);
    set_policy(h, "version: 1\ncool_down_days: 3\n", &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    /* who proposes another one has agreed to that alone */
    runs_as(h, 2004, 0, "policy propose", "as proposal 2", &out);
    set_policy(h, "version: 1\ncool_down_days: 2\n", &room);
    runs_as(h, 2004, 0, "policy propose", "as proposal 3", &out);
    set_policy(h, "version: 1\ncool_down_days: 3\n", &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    /* the base has changed: it was agreed to in the place of that one */
    h->input = (struct ch_str){NULL, 0};
    assert_ch_ok(&err, house_reload(h, "version: 1\ncool_down_days: 5\n", &err));
    runs_as(h, 1000, 0, "policy proposals", "nothing is proposed", &out);
    set_policy(h, "version: 1\ncool_down_days: 2\n", &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out);
    ch_buf_done(&room);
    close_house(h, &out);
}

/* Where each exception takes two persons a policy does, too, and nobody is two. */
static void t22_two_agree_to_a_policy(void **state)
{
    (void)state;
    static const char loose[] = "version: 1\ncool_down_days: 0\n";
    struct ch_buf out, room;
    struct house *h = open_house(&out);
    struct ch_people_row rows[] = {
        {.kind = CH_PEOPLE_PERSON, .person = CH_STR("yan")},
        {.kind = CH_PEOPLE_UID, .person = CH_STR("yan"), .uid = 2005},
        {.kind = CH_PEOPLE_MEMBER, .group = CH_STR("all"), .person = CH_STR("yan")}};
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        rows[i].by = CH_STR("configuration");
        rows[i].at_us = keeper_now_us(h->k);
    }
    ch_buf_init(&room, 4096);
    assert_ch_ok(&err, people_give(h->k, rows, 3, &err));
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: always}\n", &err));
    set_policy(h, loose, &room);
    runs_as(h, 2004, 1, "policy offer --reason=x", "1 of 2 persons have agreed to this policy",
            &out);
    runs_as(h, 2004, 0, "policy propose --reason=ticket",
            "one more person has to agree to it within 7 days", &out);
    runs_as(h, 2004, 1, "policy offer", "1 of 2 persons", &out); /* still one */
    runs_as(h, 1000, 1, "policy offer", "1 of 2 persons", &out);
    h->input = (struct ch_str){NULL, 0};
    runs_as(h, 2004, 1, "policy agree 1", "you have proposed it yourself", &out);
    runs_as(h, 2005, 0, "policy agree 1",
            "as proposal 2; root or who operates may set exactly this", &out);
    assert_says(&out, "cool_down_days"); /* what it changes was shown */
    runs_as(h, 1000, 0, "policy proposals 1", "agreed to by user:zoe, user:yan; root", &out);
    set_policy(h, "version: 1\ncool_down_days: 1\n", &room);
    runs_as(h, 1000, 1, "policy offer", "it needs policy.write", &out); /* other bytes */
    set_policy(h, loose, &room);
    runs_as(h, 1000, 0, "policy offer", "", &out);
    h->input = (struct ch_str){NULL, 0};
    assert_ch_ok(&err, house_reload(h, loose, &err));
    runs_as(h, 1000, 0, "policy history --json",
            "\"by\":\"user:zoe, user:yan, local:1000\",\"reason\":\"ticket\"", &out);
    runs_as(h, 1000, 0, "policy proposals", "nothing is proposed", &out);
    ch_buf_done(&room);
    close_house(h, &out);
}

/* The history is of record: whoever agreed stands in it, also where they are many. */
static void all_who_agreed_are_written_down(void **state)
{
    (void)state;
    enum { MANY = 9 };
    static const char policy[] = "version: 1\ncool_down_days: 3\n";
    struct ch_buf out, room;
    char name[MANY][PEOPLE_NAME_MAX + 1], said[sizeof(name) + 16];
    struct house *h = open_house(&out);
    ch_buf_init(&room, 4096);
    set_policy(h, policy, &room);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(name[i], sizeof(name[i]), "%064u", i + 1);
        name[i][0] = 'p';
        struct ch_people_row rows[] = {
            {.kind = CH_PEOPLE_PERSON, .person = ch_str_of(name[i])},
            {.kind = CH_PEOPLE_UID, .person = ch_str_of(name[i]), .uid = 3000 + i},
            {.kind = CH_PEOPLE_MEMBER, .group = CH_STR("all"), .person = ch_str_of(name[i])}};
        for (size_t k = 0; k < CH_ARRAY_LEN(rows); k++) {
            rows[k].by = CH_STR("configuration");
            rows[k].at_us = keeper_now_us(h->k);
        }
        assert_ch_ok(&err, people_give(h->k, rows, CH_ARRAY_LEN(rows), &err));
        runs_as(h, 3000 + i, 0, "policy propose --reason=x", "proposed: sha256 ", &out);
    }
    runs_as(h, 1000, 0, "policy offer", "", &out);
    h->input = (struct ch_str){NULL, 0};
    assert_ch_ok(&err, house_reload(h, policy, &err));
    runs_as(h, 1000, 0, "policy history --json", ", local:1000\",", &out);
    for (size_t i = 0; i < MANY; i++) {
        snprintf(said, sizeof(said), "user:%s, ", name[i]);
        assert_says(&out, said);
    }
    ch_buf_done(&room);
    close_house(h, &out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_is_of_what_one_may_see),
        cmocka_unit_test(what_is_named_is_looked_for_where_one_may),
        cmocka_unit_test(who_fetched_is_told_of_where_one_may_know),
        cmocka_unit_test(owners_are_of_what_one_may_see),
        cmocka_unit_test(the_policy_is_tried_where_one_may),
        cmocka_unit_test(an_approver_agrees_and_root_sets),
        cmocka_unit_test(a_proposal_has_an_end),
        cmocka_unit_test(what_is_proposed_is_kept_and_seen),
        cmocka_unit_test(t22_two_agree_to_a_policy),
        cmocka_unit_test(all_who_agreed_are_written_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
