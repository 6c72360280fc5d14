/* Users, groups and tokens by the commands; who may command what; and what of it is durable when. */
#include "people_house.h"

#include <stdio.h>
#include <stdlib.h>

#include "db/keeper/people/people.h"
#include "db/keeper/unsaved.h"

/* ------------------------------------------------------------------ who may what */

static void everything_is_local_until_somebody_approves(void **state)
{
    (void)state;
    runs(0, "deny nothing-1.0.tar.gz --reason=x", "denied");
    runs(2, "approve nothing --reason=x --expires=3d", "approve a file, a version");
    add_all();
    runs(1, "approve nothing --reason=x --expires=3d",
         "local:1000 may not do this: it needs exception.approve, which role approver gives. Since persons "
         "approve here, root and who started the server are operators only. Who may: alice");
    runs(1, "policy offer --reason=x", "it needs policy.write, which role approver gives");
    runs(0, "deny nothing-2.0.tar.gz --reason=x", "denied"); /* away from ALLOW anybody on duty may go */
    runs(0, "rescan", "inspected again by itself");
    runs(0, "user list", "alice");
    runs_as(2001, 2, "approve nothing --reason=x --expires=3d", "approve a file, a version");
    house_restart(h);
    runs(1, "approve nothing --reason=x --expires=3d", "local:1000 may not do this");
    runs_as(2001, 0, "group revoke approvers", "revoked"); /* it does not fall back to root */
    runs(1, "approve nothing --reason=x --expires=3d", "Who may: nobody there");
    runs(0, "status",
         "no user approves exceptions any more (name one in customhouse.yaml: approver)");
}

static void away_from_loopback_local_is_an_operator(void **state)
{
    (void)state;
    h->public = true;
    runs(1, "approve nothing --reason=x --expires=3d", "While a listener is not on loopback");
    runs(0, "user add alice --uid=2001", "user alice added");
    h->public = false;
    runs(2, "approve nothing --reason=x --expires=3d", "approve a file, a version");
}

static void each_has_the_rights_of_his_groups(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        const char *right;
        bool alice, oscar;
    } rows[] = {
        {"explain nothing", "queue.read", true, true},
        {"sbom nothing", "queue.read", true, true},
        {"queue", "queue.read", true, true},
        {"status", "metrics.read", false, true},
        {"fetched-by nothing", "audit.read", true, false},
        {"approve nothing --reason=x --expires=3d", "exception.approve", true, false},
        {"deny nothing-1.0.tar.gz --reason=x", "artifact.deny", true, true},
        {"rescan", "operate", false, true},
        {"rescan --all", "operate", false, true},
        {"audit search --kind=served", "audit.read", true, false},
        {"audit erase --entry=99999 --reason=x", "people.admin", false, true},
        {"audit accept --reason=x", "key.admin", false, true},
        {"keys list", "policy.read", true, true},
        {"keys rotate evidence --reason=x", "key.admin", false, true},
        {"own", "queue.read", true, true},
        {"own nothing --upstream=other --reason=x", "operate", false, true},
        {"user list", "people.admin", true, true},
        {"group list", "people.admin", true, true},
        {"token add --user=oscar --audience=pull", "people.admin", false, true},
        {"token revoke 99 --user=oscar", "people.admin", true, true},
        {"policy show", "policy.read", true, true},
        {"policy history", "policy.read", true, true},
        {"policy diff", "policy.read", true, true},
        {"policy test", "policy.read", true, true},
        {"policy offer --reason=x", "policy.write", true, false},
    };
    add_all();
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        const bool may[] = {rows[i].alice, rows[i].oscar, false};
        for (uint32_t who = 0; who < 3; who++) {
            h->uid = 2001 + who;
            h->stranger = true;
            uint32_t status = house_run(h, rows[i].line, &out);
            bool refused = status == 1 && says(" may not do this: it needs ");
            if (refused == may[who] || (refused && who < 2 && !says(rows[i].right))) {
                fail_msg("%s as %u: %u %.*s", rows[i].line, 2001 + who, status,
                         CH_STR_ARG(ch_buf_str(&out)));
            }
        }
    }
    runs_as(2003, 1, "queue",
            "user:bob may not do this: it needs queue.read, which role reviewer or approver or auditor or "
            "operator gives. Who can give it: root, oscar");
    /* neither of them makes an approver */
    runs_as(2003, 1, "approve pypi:pkg==1.0 --reason=x --expires=3d",
            "needs exception.approve, which role approver gives. Who can give it: alice");
}

static void a_right_for_one_repository_is_for_that_alone(void **state)
{
    (void)state;
    assert_ch_ok(&err, house_reload(h, "version: 1\nexceptions: {two_approvers: never}\n", &err));
    runs(0, "user add alice --uid=2001", "added");
    runs(0, "user add zoe --uid=2003", "added");
    runs(2, "group add here alice --role=approver --repository=nosuch", "no repository nosuch");
    runs(2, "group add here alice --repository=pypi", "say where a --role holds");
    runs(0, "group add everywhere zoe --role=approver", "has it");
    runs_as(2003, 0, "group add here alice --role=approver --repository=pypi --environment=preprod", "has it");
    runs_as(2001, 1, "approve nothing --reason=x --expires=3d",
            "it needs exception.approve in repository pypi (prod)");
    runs_as(2001, 1, "queue", "it needs queue.read for the site as a whole");
    runs_as(2001, 1, "deny sha256:" /* bytes are denied wherever they come from */
                     "0000000000000000000000000000000000000000000000000000000000000001 --reason=x",
            "it needs artifact.deny for the site as a whole");
    runs_as(2001, 1, "group add here --role=approver --repository=pypi --environment=prod",
            "of approvers only approvers change groups"); /* none makes his own right larger */
    runs_as(2003, 0, "group add here --role=approver --repository=pypi --environment=prod", "has it");
    runs_as(2001, 2, "approve nothing --reason=x --expires=3d", "approve a file, a version");
}

static void strangers_are_not_heard(void **state)
{
    (void)state;
    runs_as(3000, 1, "queue", "not permitted: uid 3000 is no user here");
    runs(0, "user add carol --uid=3000", "added");
    runs_as(3000, 1, "queue", "user:carol may not do this");
    runs(0, "user revoke carol --uid=3000", "the uid is nobody's now");
    runs_as(3000, 1, "queue", "not permitted: uid 3000");
    runs(1, "user revoke carol --uid=3000", "there is no such uid of carol");
}

static void who_makes_himself_a_person_stays_able_to_undo_it(void **state)
{
    (void)state;
    runs(1, "user add me --uid=1000",
         "uid 1000 is yours: as me you could not undo this. First: customhouse user add me; customhouse "
         "group add operators me --role operator (or do it as root)");
    runs(0, "user list", "there are no users");
    runs(0, "user add me", "added");
    runs(1, "user add me --uid=1000", "First: customhouse group add operators me --role operator (or");
    runs(0, "group add operators me --role=operator", "has it");
    runs(0, "user add me --uid=1000", "user me has another uid");
    runs(0, "status", "keeper since");
    runs(1, "approve nothing --reason=x --expires=3d", "user:me may not do this");
    char line[64];
    for (unsigned i = 0; i < 9; i++) { /* all of struct site_ids */
        snprintf(line, sizeof(line), "user add gate --uid=%u", h->k->config->uid_base + i);
        runs(2, line, "one of the server's own processes");
    }
    runs(2, "user add toor --uid=0", "root is nobody's");
    runs(2, "user add toor --uid=x", "expected a number");
}

/* Each refusal on the way to one's first token says what comes next, until it is there. */
static void the_first_token_is_found_by_the_way(void **state)
{
    (void)state;
    runs(2, "token add --audience=admin",
         "You, uid 1000, are no user yet. To be one: customhouse user add NAME, customhouse group add operators "
         "NAME --role operator, customhouse user add NAME --uid 1000; then this again");
    runs(0, "user add me", "added");
    runs(1, "token add --user=me --audience=admin",
         "only me makes. If that is you: customhouse user add me --uid 1000, then this again");
    runs(0, "group add operators me --role=operator", "has it");
    runs(0, "user add me --uid=1000", "another uid");
    runs(0, "token add --audience=admin", "of me, for admin alone");
    runs(0, "user add ann --uid=2001", "added");
    runs(1, "token add --user=ann --audience=admin",
         "only ann makes. On this host that is uid 2001: customhouse token add, as that user");
    runs(0, "user add zoe", "added");
    runs(1, "token add --user=zoe --audience=admin",
         "First say which account of this host that is: customhouse user add zoe --uid ACCOUNT. Then");
}

static void nobody_holds_both(void **state)
{
    (void)state;
    add_all();
    runs(1, "group add ops alice",
         "alice would hold operator (group ops) and approver (group approvers): nobody holds both");
    runs(1, "group add approvers --role=operator", "alice would hold operator");
    runs(1, "group add both oscar alice --role=approver --repository=pypi", "oscar would hold");
    runs(0, "group list --json", "\"name\":\"ops\",\"grants\":[{\"role\":\"operator\"");
    assert_false(says("both")); /* all or nothing */
    house_restart(h);
    runs_as(2001, 1, "rescan", "user:alice may not do this");
}

static void a_uid_is_one_persons_for_good(void **state)
{
    (void)state;
    add_all();
    runs(0, "user revoke bob --uid=2003", "nobody's now");
    runs(1, "user add oscar --uid=2003", "uid 2003 was bob's: it is one person's for good");
    runs(0, "user revoke bob --reason=left", "revoked");
    house_restart(h);
    runs(1, "user add eve --uid=2003", "uid 2003 was bob's");
}

/* ------------------------------------------------------------------ the words */

static void words_that_are_wrong_change_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "user", "user add", "user add a b", "user list a", "user revoke", "user drop a",
        "user add Alice", "group", "group add", "group add g", "group add g --role=king",
        "group add g nobody --role=reader", "group list x", "group revoke", "token", "token add",
        "token add --audience=pull", "token add --user=nobody --audience=pull", "token list 5",
        "token revoke", "token add --user=bob --audience=all", "token add --user=bob",
        "token add --user=bob --audience=pull --expires=0d",
        "token add --user=bob --audience=pull --expires=367d",
        "token add --user=bob --audience=pull --expires=2001-01-01"};
    runs(0, "user add bob", "added");
    for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
        runs(2, lines[i], "");
    }
    runs(1, "group add g bob", "there is no group g: give it a role first");
    runs(1, "group revoke g", "there is no group g");
    runs(1, "user revoke nobody", "there is no user nobody");
    runs(1, "user add bob", "bob is there already");
    runs(1, "token revoke 1", "there is no token 1"); /* that is bob's number */
    runs(1, "token revoke 1x", "there is no token 1x");
    runs(0, "user list --json", "[{\"name\":\"bob\",\"kind\":\"user\",\"full_name\":\"\",\"uids\":[],"
                                "\"groups\":[],\"by\":\"local:1000\"");
    runs(0, "group list", "there are no groups");
    runs(0, "token list --json", "[]");
}

static void lists_say_what_stands(void **state)
{
    (void)state;
    add_all();
    runs(0, "user add ci --service", "service ci added");
    runs_as(2001, 0, "group add approvers --role=reviewer --environment=preprod", "has it");
    runs_as(2001, 0, "group add approvers bob", "has it");
    runs(0, "group add approvers ci", "has it"); /* T22: a service account approves nothing by it */
    runs(0, "group list", "approvers            roles: approver, reviewer (preprod)  members: alice, bob, ci");
    runs(0, "user list", "service ci                   since ");
    runs(0, "user list", "groups: approvers  uids: 2001  Alice");
    runs_as(2001, 0, "group revoke approvers bob", "revoked");
    runs(0, "group revoke approvers ci", "revoked");
    runs(1, "group revoke approvers --role=reviewer", "there is no such role of group approvers");
    runs_as(2001, 0, "group revoke approvers --role=reviewer --environment=preprod", "revoked");
    runs(0, "group list", "approvers            roles: approver  members: alice\n");
    runs_as(2001, 0, "group revoke approvers --role=approver", "revoked");
    runs(0, "group list", "approvers            roles: none  members: alice\n");
    runs(0, "user revoke alice --reason=gone", "revoked, with its uids");
    runs(0, "group list --json", "\"grants\":[{\"role\":\"operator\"");
    assert_false(says("approvers"));
    runs(0, "user list", "oscar");
    assert_false(says("alice"));
    runs(1, "user add alice", "a name is given once");
}

/* ------------------------------------------------------------------ tokens */

/* The digest of the token that was printed, and its number. */
static struct ch_sha256 made_as(uint32_t uid, const char *line, unsigned long long *ret_id)
{
    struct ch_sha256 digest;
    size_t at;
    runs_as(uid, 0, line, TOKEN_PREFIX);
    assert_true(ch_str_find(ch_buf_str(&out), CH_STR(TOKEN_PREFIX), &at) && at == 0);
    assert_true(token_digest(ch_str_sub(ch_buf_str(&out), 0, TOKEN_LEN), &digest));
    ch_buf_putc(&out, '\0');
    assert_int_equal(sscanf(out.ptr + TOKEN_LEN, "\ntoken %llu of", ret_id), 1);
    return digest;
}

static struct ch_sha256 made(const char *line, unsigned long long *ret_id)
{
    return made_as(1000, line, ret_id);
}

static bool counts(const struct ch_sha256 *digest)
{
    struct principal who;
    int64_t until;
    return people_of_token(h->k->people, digest, keeper_now_us(h->k), &who, &until, &err) == CH_OK;
}

static void a_token_is_shown_once_and_counts_until_it_is_revoked(void **state)
{
    (void)state;
    unsigned long long one, two;
    char line[64];
    add_all();
    struct ch_sha256 first = made("token add --user=bob --audience=pull --label=laptop", &one);
    struct ch_sha256 second = made("token add --user=bob --audience=push --expires=1d", &two);
    char hex[CH_SHA256_HEX + 1];
    ch_sha256_hex(&first, hex);
    assert_true(counts(&first) && counts(&second));
    runs(0, "token list --json", "\"user\":\"bob\",\"audience\":\"pull\",\"label\":\"laptop\"");
    assert_false(says(TOKEN_PREFIX));
    assert_false(says(hex));
    runs(0, "token list", "laptop");
    assert_false(says(TOKEN_PREFIX));
    assert_false(says(hex));
    house_restart(h);
    assert_true(counts(&first) && counts(&second));
    uint64_t epoch = h->epoch.epoch;
    snprintf(line, sizeof(line), "token revoke %llu %llu", one, one); /* twice is once */
    runs(0, line, "revoked");
    assert_true(h->epoch.epoch > epoch);
    assert_false(counts(&first));
    assert_true(counts(&second));
    runs(1, line, "there is no token");
    house_restart(h);
    assert_false(counts(&first));
    runs(0, "user revoke bob", "revoked");
    assert_false(counts(&second));
}

static void everybody_has_a_say_over_his_own_tokens_alone(void **state)
{
    (void)state;
    unsigned long long id;
    char line[64];
    add_all();
    struct ch_sha256 oscars = made_as(2002, "token add --user=oscar --audience=admin", &id);
    runs_as(2003, 0, "token add --audience=pull", "token ");
    runs_as(2003, 0, "token list", "bob");
    assert_false(says("oscar"));
    runs_as(2003, 1, "token list --user=oscar", "user:bob may not do this: it needs people.admin");
    runs_as(2003, 1, "token add --user=oscar --audience=pull", "user:bob may not do this");
    snprintf(line, sizeof(line), "token revoke %llu", id);
    runs_as(2003, 1, line, "there is no token");
    assert_true(counts(&oscars));
    runs_as(2002, 0, line, "revoked");
    assert_false(counts(&oscars));
}

/* ------------------------------------------------------------------ what is durable when */

static void what_could_not_be_stored_gives_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {"user add carol --uid=2004", "group add approvers bob",
                                        "group add ops --role=reader",
                                        "token add --user=bob --audience=pull"};
    static const uint32_t by[] = {1000, 2001, 1000, 1000};
    add_all();
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < CH_ARRAY_LEN(lines); i++) {
            fail_commits = round == 0;
            fail_log_after = round == 0 ? -1 : 0; /* what is not logged is not given */
            runs_as(by[i], 1, lines[i], "no space left");
            fail_commits = false;
            fail_log_after = -1;
            runs(0, "user list", "bob");
            assert_false(says("carol"));
            runs(0, "group list", "approvers            roles: approver  members: alice\n");
            assert_true(says("roles: operator  members: oscar"));
            runs(0, "token list", "there are no tokens");
        }
        house_restart(h);
    }
    fail_log_after = 1; /* the person is logged, the uid is not: then neither is there */
    runs(1, "user add carol --uid=2004", "no space left");
    fail_log_after = -1;
    runs(0, "user add carol --uid=2004", "user carol added");
}

static void what_is_taken_counts_no_more_even_if_it_cannot_be_stored(void **state)
{
    (void)state;
    unsigned long long id;
    char line[64];
    add_all();
    struct ch_sha256 token = made("token add --user=bob --audience=pull", &id);
    snprintf(line, sizeof(line), "token revoke %llu", id);
    uint64_t epoch = h->epoch.epoch;
    fail_commits = true;
    runs(1, line, "ended until a restart, but not stored");
    assert_false(counts(&token));
    assert_true(h->epoch.epoch > epoch);
    runs_as(2001, 1, "group revoke approvers alice", "ended until a restart");
    fail_commits = false;
    runs_as(2001, 1, "queue", "user:alice may not do this");
    /* another change, for which all is read anew, does not bring it back */
    runs(0, "group add watchers bob --role=reviewer", "has it");
    assert_false(counts(&token));
    runs_as(2001, 1, "queue", "user:alice may not do this");
    unsaved_store(h->k);
    assert_int_equal(unsaved_count(h->k), 0);
    house_restart(h);
    assert_false(counts(&token));
    runs_as(2001, 1, "queue", "user:alice may not do this");
    runs_as(2003, 0, "queue", "");
}

/* ------------------------------------------------------------------ configured */

static void configure_approver(struct ch_buf *config)
{
    ch_buf_init(config, 1u << 20);
    ch_buf_puts(config, h->k->child.setup.config_text);
    ch_buf_puts(config, CH_STR("approver: alice\napprover_uid: 2001\n"));
    ch_buf_putc(config, '\0');
    house_stop(h);
    h->config = config->ptr;
    house_start(h, h->policy, h->config);
}

static void a_configured_approver_is_made_once(void **state)
{
    (void)state;
    struct ch_buf config;
    configure_approver(&config);
    runs(1, "approve nothing --reason=x --expires=3d", "Who may: alice");
    runs_as(2001, 2, "approve nothing --reason=x --expires=3d", "approve a file, a version");
    runs(0, "group list", "approvers            roles: approver  members: alice");
    runs(0, "user list --json", "\"by\":\"configuration\"");
    runs_as(2001, 0, "group revoke approvers alice", "revoked");
    house_restart(h); /* people have decided: it is not done again; nor does anybody local approve */
    runs(0, "group list", "approvers            roles: approver  members: none");
    runs(1, "approve nothing --reason=x --expires=3d", "local:1000 may not do this");
    ch_buf_done(&config);
}

/* Who operates before anybody approves fills the group in advance. */
static void t22_nobody_else_approves_by_the_configuration(void **state)
{
    (void)state;
    struct ch_buf config;
    runs(0, "user add mallory --uid=2009", "added");
    runs(0, "group add approvers mallory --role=reader", "has it");
    configure_approver(&config);
    runs(0, "group list", "approvers            roles: reader  members: mallory\n");
    runs_as(2009, 1, "approve nothing --reason=x --expires=3d", "user:mallory may not do this");
    runs(1, "approve nothing --reason=x --expires=3d", "local:1000 may not do this");
    runs(0, "group revoke approvers", "revoked");
    house_restart(h);
    runs(0, "group list", "approvers            roles: approver  members: alice\n");
    ch_buf_done(&config);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(everything_is_local_until_somebody_approves),
        T(away_from_loopback_local_is_an_operator),
        T(each_has_the_rights_of_his_groups),
        T(a_right_for_one_repository_is_for_that_alone),
        T(strangers_are_not_heard),
        T(who_makes_himself_a_person_stays_able_to_undo_it),
        T(the_first_token_is_found_by_the_way),
        T(nobody_holds_both),
        T(a_uid_is_one_persons_for_good),
        T(words_that_are_wrong_change_nothing),
        T(lists_say_what_stands),
        T(a_token_is_shown_once_and_counts_until_it_is_revoked),
        T(everybody_has_a_say_over_his_own_tokens_alone),
        T(what_could_not_be_stored_gives_nothing),
        T(what_is_taken_counts_no_more_even_if_it_cannot_be_stored),
        T(a_configured_approver_is_made_once),
        T(t22_nobody_else_approves_by_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
