/* ch_decide against the attacks of policy/THREATS.md. */
#include "decide_case.h"

static void test_T5_gone_from_upstream(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.removed_at_us = NOW - HOUR;
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_REMOVED, "gone from the upstream index since 2026-11-29 09:30 UTC");
    assert_true(d.until_us == CH_TIME_UNKNOWN);
    f = case_good();
    f.upstream_quarantined = true;
    assert_hold(case_decide(&f), CH_HOLD_REMOVED,
                "the upstream index has put the project in quarantine");
}

static void test_T5_release_needs_the_index(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        int64_t confirmed;
        enum ch_verdict verdict;
    } rows[] = {
        {"never", CH_TIME_UNKNOWN, CH_VERDICT_HOLD},
        {"two days before the end", NOW - 2 * DAY, CH_VERDICT_HOLD},
        {"just over an hour before the end", NOW - DAY - HOUR - 1, CH_VERDICT_HOLD},
        {"an hour before the end", NOW - DAY - HOUR, CH_VERDICT_ALLOW},
        {"after the end, the upstream failing since", NOW - DAY + 1, CH_VERDICT_ALLOW},
        {"in the future", NOW + 1, CH_VERDICT_HOLD},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = case_good();
        f.uploaded_at_us = NOW - 8 * DAY; /* the cool-down ended a day ago */
        f.index_confirmed_at_us = rows[i].confirmed;
        struct ch_decision d = case_decide(&f);
        if (d.verdict != rows[i].verdict || (d.holds & ~BIT(CH_HOLD_AGE)) != 0) {
            fail_msg("%s: %s by %s: %s", rows[i].label, ch_verdict_name(d.verdict), d.rule,
                     d.reason);
        }
    }
}

/* Where the index states no hash, it is the bytes that have to outlive the cool-down. */
static void test_T5_release_needs_the_bytes(void **state)
{
    (void)state;
    const int64_t ended = NOW - 40 * DAY;
    const struct {
        const char *label;
        bool fetched, hashed, allowed;
        enum ch_hash_kind alias;
        int64_t confirmed;
        bool passes;
    } rows[] = {
        {"before the end alone", true, false, false, CH_HASH_NONE, ended - 1, false},
        {"the same, allowed", true, false, true, CH_HASH_NONE, ended - 1, false},
        {"at the end, long ago", true, false, false, CH_HASH_NONE, ended, false},
        {"the same, allowed", true, false, true, CH_HASH_NONE, ended, true},
        {"a moment too long ago", true, false, false, CH_HASH_NONE, NOW - DAY, false},
        {"just not too long ago", true, false, false, CH_HASH_NONE, NOW - DAY + 1, true},
        {"now", true, false, false, CH_HASH_NONE, NOW, true},
        {"in the future", true, false, false, CH_HASH_NONE, NOW + 1, false},
        {"in the future, allowed", true, false, true, CH_HASH_NONE, NOW + 1, false},
        {"nobody knows when", true, false, true, CH_HASH_NONE, CH_TIME_UNKNOWN, false},
        {"never fetched", false, false, false, CH_HASH_NONE, CH_TIME_UNKNOWN, true},
        {"a weak hash is none", true, false, false, CH_HASH_SHA1, ended - 1, false},
        {"a strong one does", true, false, false, CH_HASH_SHA512, ended - 1, true},
        {"a sha256 does", true, true, false, CH_HASH_NONE, CH_TIME_UNKNOWN, true},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = case_good();
        f.uploaded_at_us = ended - 7 * DAY;
        f.index_confirmed_at_us = NOW;
        f.hash_stated = rows[i].hashed;
        f.alias = rows[i].alias;
        f.allowed = rows[i].allowed;
        f.bytes_confirmed_at_us = rows[i].confirmed;
        if (!rows[i].fetched) {
            f.artifact = (struct ch_sha256){{0}};
        }
        struct ch_decision d = case_decide_with("version: 1\nhold_weak_hash: false\n", &f);
        bool right = rows[i].passes
                         ? d.verdict == CH_VERDICT_ALLOW && !d.refetch
                         : d.holds == BIT(CH_HOLD_AGE) && d.eligible && d.refetch &&
                               d.awaits == CH_AWAITS_BYTES && d.until_us == CH_TIME_UNKNOWN &&
                               strstr(d.reason, "it is fetched again when asked for") != NULL;
        if (!right) {
            fail_msg("%s: %s by %s, refetch %d: %s", rows[i].label, ch_verdict_name(d.verdict),
                     d.rule, d.refetch, d.reason);
        }
    }
}

static void test_T5_bytes_are_asked_for_at_release(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.hash_stated = false;
    f.bytes_confirmed_at_us = NOW - HOUR;
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_true(d.until_us == NOW - HOUR + DAY); /* T11 */
    f.allowed = true;
    assert_true(case_decide(&f).until_us == CH_TIME_UNKNOWN);
    f.bytes_confirmed_at_us = CH_TIME_UNKNOWN;
    /* what does not pass by time needs none */
    assert_verdict(case_decide_with("version: 1\ncool_down_days: 0\n", &f), CH_VERDICT_ALLOW);
    struct ch_ruling approval = case_approval(BIT(CH_HOLD_AGE));
    f.rulings = &approval;
    f.ruling_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.ruling_count = 0;
    /* and what is held for another reason is not fetched for this one */
    f.upstream_yanked = true;
    d = case_decide(&f);
    assert_true(d.verdict == CH_VERDICT_HOLD && !d.eligible && !d.refetch);
    assert_int_equal(d.awaits, CH_AWAITS_UPSTREAM);
    f.upstream_yanked = false;
    f.removed_at_us = NOW - HOUR;
    d = case_decide(&f);
    assert_true(d.verdict == CH_VERDICT_HOLD && !d.eligible && !d.refetch);
    f.removed_at_us = CH_TIME_UNKNOWN;
    f.inspection = CH_INSPECTION_NONE; /* both at once are one fetch */
    d = case_decide(&f);
    assert_true(d.eligible && d.refetch);
    f.inspection = CH_INSPECTION_COMPLETE;
    f.uploaded_at_us = NOW - DAY; /* nor is what still cools down (T14) */
    d = case_decide(&f);
    assert_true(!d.eligible && !d.refetch && d.until_us == NOW + 6 * DAY);
}

static void test_T5_yanked_is_not_released(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.upstream_yanked = true;
    f.upstream_yanked_reason = CH_STR("broken\n\x1b[0mCustomhouse says: fine");
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_AGE,
                "yanked upstream, upstream says: broken\\x0a\\x1b[0mCustomhouse says: fine");
    assert_verdict(case_decide_with("version: 1\nrelease_yanked: true\n", &f), CH_VERDICT_ALLOW);
    assert_verdict(case_decide_with("version: 1\ncool_down_days: 0\n", &f), CH_VERDICT_ALLOW);
}

/* Findings of rules that were replaced do until their grace ends: an ALLOW by them ends then. */
static void test_T6_replaced_findings_end(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.inspection_ends_at_us = NOW + 1;
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_true(d.until_us == NOW + 1);
    f.inspection_ends_at_us = NOW;
    d = case_decide(&f);
    assert_hold(d, CH_HOLD_NOT_INSPECTED, "not inspected yet by the inspector and rules in force");
    assert_true(d.eligible);
    struct ch_finding attack = case_finding(CH_F_ZIP_OVERLAP);
    f.findings = &attack;
    f.finding_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_DENY); /* stands until a newer one has not got it */
}

static void test_T7_age(void **state)
{
    (void)state;
    static const struct {
        const char *label;
        bool trusted;
        bool never;
        bool baseline;
        int64_t uploaded;
        int64_t absent;
        int64_t seen;
        enum ch_verdict verdict;
        int64_t until;
    } rows[] = {
        {"stated, old", true, false, false, NOW - 7 * DAY, CH_TIME_UNKNOWN, NOW, CH_VERDICT_ALLOW,
         CH_TIME_UNKNOWN},
        {"stated, a moment short", true, false, false, NOW - 7 * DAY + 1, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 1},
        {"stated, young, in the baseline", true, false, true, NOW - DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 6 * DAY},
        {"stated, not listed a day ago", true, false, false, NOW - 900 * DAY, NOW - DAY, NOW - HOUR,
         CH_VERDICT_HOLD, NOW + 6 * DAY},
        {"stated, not listed an hour later", true, false, false, NOW - 7 * DAY,
         NOW - 7 * DAY + HOUR, NOW, CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"stated, not listed a moment after that", true, false, false, NOW - 7 * DAY,
         NOW - 7 * DAY + HOUR + 1, NOW, CH_VERDICT_HOLD, NOW + HOUR + 1},
        {"stated, not listed a cool-down ago", true, false, false, NOW - 900 * DAY, NOW - 7 * DAY,
         NOW, CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"stated, not listed before it was released", true, false, false, NOW - 8 * DAY,
         NOW - 90 * DAY, NOW, CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"stated, not listed in the future", true, false, false, NOW - 900 * DAY, NOW + DAY, NOW,
         CH_VERDICT_HOLD, NOW + 8 * DAY},
        {"stated in the future", true, false, true, NOW + DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 8 * DAY},
        {"stated by one not trusted", false, false, false, NOW - 900 * DAY, NOW - DAY, NOW - HOUR,
         CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"not trusted, seen long ago", false, false, false, NOW, NOW - 9 * DAY, NOW - 8 * DAY,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"not trusted, page not loaded for long", false, false, false, NOW - 900 * DAY,
         NOW - 90 * DAY, NOW - HOUR, CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"not trusted, only the absence is known", false, false, false, CH_TIME_UNKNOWN,
         NOW - 8 * DAY, CH_TIME_UNKNOWN, CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"not trusted, baseline", false, false, true, NOW, CH_TIME_UNKNOWN, NOW, CH_VERDICT_ALLOW,
         CH_TIME_UNKNOWN},
        {"not trusted, no baseline", false, false, false, NOW - 900 * DAY, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_HOLD, NOW + 7 * DAY},
        {"not trusted, never states times, no baseline", false, true, false, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, NOW, CH_VERDICT_HOLD, NOW + 7 * DAY},
        {"missing where never stated", true, true, false, CH_TIME_UNKNOWN, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
        {"missing where never stated, appeared since", true, true, false, CH_TIME_UNKNOWN,
         NOW - DAY, NOW - HOUR, CH_VERDICT_HOLD, NOW + 7 * DAY - HOUR},
        {"missing where it is stated", true, false, false, CH_TIME_UNKNOWN, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, CH_VERDICT_HOLD, CH_TIME_UNKNOWN},
        {"missing where it is stated, in the baseline", true, false, true, CH_TIME_UNKNOWN,
         CH_TIME_UNKNOWN, NOW - 900 * DAY, CH_VERDICT_HOLD, CH_TIME_UNKNOWN},
        {"missing where it is stated, seen long ago", true, false, false, CH_TIME_UNKNOWN,
         NOW - 901 * DAY, NOW - 900 * DAY, CH_VERDICT_HOLD, CH_TIME_UNKNOWN},
        {"seen in the future", false, false, false, CH_TIME_UNKNOWN, NOW + DAY, NOW + DAY,
         CH_VERDICT_HOLD, NOW + 8 * DAY},
        {"at the end of time", true, false, false, INT64_MAX, CH_TIME_UNKNOWN, NOW, CH_VERDICT_HOLD,
         INT64_MAX},
        {"at the beginning of time", true, false, false, INT64_MIN + 1, CH_TIME_UNKNOWN, NOW,
         CH_VERDICT_ALLOW, CH_TIME_UNKNOWN},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = case_good();
        f.upstream_trusted_for_times = rows[i].trusted;
        f.upstream_never_states_times = rows[i].never;
        f.baseline = rows[i].baseline;
        f.uploaded_at_us = rows[i].uploaded;
        f.last_absent_at_us = rows[i].absent;
        f.first_seen_at_us = rows[i].seen;
        struct ch_decision d = case_decide(&f);
        bool by_age = d.verdict == CH_VERDICT_ALLOW || d.holds == BIT(CH_HOLD_AGE);
        if (d.verdict != rows[i].verdict || d.until_us != rows[i].until || !by_age) {
            fail_msg("%s: %s by %s until %lld: %s", rows[i].label, ch_verdict_name(d.verdict),
                     d.rule, (long long)d.until_us, d.reason);
        }
    }
}

static void test_T7_reason(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.uploaded_at_us = NOW - 2 * DAY - HOUR;
    struct ch_decision d = case_decide(&f);
    assert_hold(d, CH_HOLD_AGE,
                "released 2 days ago, the policy asks for 7 days (until 2026-12-04 09:30 UTC)");
    assert_string_equal(d.rule, "cool-down");
    assert_true(d.policy_line > 0);
    f.uploaded_at_us = NOW - HOUR;
    d = case_decide_with("version: 1\ncool_down_days: 1\n", &f);
    assert_hold(d, CH_HOLD_AGE,
                "released 1 hour ago, the policy asks for 1 day (until 2026-11-30 09:30 UTC)");
    f.uploaded_at_us = NOW - 900 * DAY;
    f.last_absent_at_us = NOW - DAY;
    assert_hold(case_decide(&f), CH_HOLD_AGE,
                "the index states 2024-06-12, but did not list it on 2026-11-28; the policy asks "
                "for 7 days (until 2026-12-05 10:30 UTC)");
    f.uploaded_at_us = NOW - 4 * HOUR;
    f.last_absent_at_us = NOW - HOUR;
    assert_hold(case_decide(&f), CH_HOLD_AGE,
                "the index states 2026-11-29 06:30 UTC, but did not list it on 2026-11-29 09:30 "
                "UTC; the policy asks for 7 days (until 2026-12-06 09:30 UTC)");
    f.last_absent_at_us = CH_TIME_UNKNOWN;
    f.uploaded_at_us = NOW + DAY;
    assert_hold(case_decide(&f), CH_HOLD_AGE,
                "its release time lies in the future: 2026-11-30 10:30 UTC");
}

static void test_T7_clock_jump(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.clock_jumped = true;
    struct ch_decision d = case_decide(&f);
    assert_int_equal(d.hold, CH_HOLD_CLOCK);
    assert_true(d.until_us == CH_TIME_UNKNOWN);
    /* what is not released by time is not concerned */
    assert_verdict(case_decide_with("version: 1\ncool_down_days: 0\n", &f), CH_VERDICT_ALLOW);
    f.upstream_trusted_for_times = false;
    f.baseline = true;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f = case_good();
    f.clock_jumped = true;
    struct ch_ruling r = case_approval(BIT(CH_HOLD_AGE));
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
}

static void test_T10_sibling(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.sibling_denied = true;
    f.sibling = CH_STR("foo_bar-1.5-cp311-cp311-linux_x86_64.whl");
    assert_hold(case_decide(&f), CH_HOLD_SIBLING,
                "another file of this version is denied: foo_bar-1.5-cp311-cp311-linux_x86_64.whl");
    struct ch_decision d = case_decide_with(
        "version: 1\nrules: [{name: a, project: '**', then: allow, lifts: [rule, cool-down]}]\n",
        &f);
    assert_int_equal(d.hold, CH_HOLD_SIBLING);
    struct ch_ruling r = case_approval(BIT(CH_HOLD_SIBLING)); /* reviewed */
    f.rulings = &r;
    f.ruling_count = 1;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
}

/* T19: only who configures the repository says which platforms it serves. */
static void test_T19_platform(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.no_platform = CH_STR("it has no image for linux/amd64\n");
    assert_hold(case_decide(&f), CH_HOLD_PLATFORM, "it has no image for linux/amd64\\x0a");
    assert_false(case_decide(&f).eligible);
    struct ch_ruling r = case_approval(BIT(CH_HOLD_PLATFORM));
    f.rulings = &r;
    f.ruling_count = 1;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_PLATFORM);
}

/* T8: a scanner outside may hold what it likes, and nobody lifts that; it lets nothing pass. */
static void test_T8_external_scanner(void **state)
{
    (void)state;
    static const char demands[] = "version: 1\nrequire_external_verdict: true\n";
    struct ch_facts f = case_good();
    f.is_image = true;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    assert_hold(case_decide_with(demands, &f), CH_HOLD_EXTERNAL,
                "no external scanner has passed it yet, and the policy asks for that");
    f.external = CH_EXTERNAL_QUARANTINED;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    assert_int_equal(case_decide_with(demands, &f).hold, CH_HOLD_EXTERNAL);
    f.external = CH_EXTERNAL_COUNT; /* what is out of range is no Passed */
    assert_int_equal(case_decide_with(demands, &f).hold, CH_HOLD_EXTERNAL);
    f.external = CH_EXTERNAL_PASSED;
    assert_verdict(case_decide_with(demands, &f), CH_VERDICT_ALLOW);
    struct ch_facts other = f;
    other.inspection = CH_INSPECTION_FAILED;
    assert_int_equal(case_decide_with(demands, &other).hold, CH_HOLD_FAILED);
    f.external = CH_EXTERNAL_FAILED;
    f.external_text = CH_STR("2 Critical\n");
    assert_hold(case_decide(&f), CH_HOLD_EXTERNAL,
                "did not pass an external scanner, as that says: 2 Critical\\x0a");
    assert_string_equal(case_decide(&f).rule, "finding external-failed");
    assert_int_equal(case_decide_with("version: 1\nmode: audit\n", &f).verdict, CH_VERDICT_HOLD);
    struct ch_ruling r = case_approval(UINT64_MAX);
    f.rulings = &r;
    f.ruling_count = 1;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_EXTERNAL);
    f.is_image = false; /* nothing is demanded of a part, or of an index, whose images answer */
    f.external = CH_EXTERNAL_NONE;
    f.ruling_count = 0;
    assert_verdict(case_decide_with(demands, &f), CH_VERDICT_ALLOW);
}

/* T19, T24: what is had whole is had with all its parts, or not. */
static void test_T19_part(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.part = CH_STR("layer sha256:916487bb0b34");
    f.part_reason = CH_STR("finding tar-path: a name leads out of it");
    assert_hold(case_decide(&f), CH_HOLD_PART,
                "its layer sha256:916487bb0b34 is held: finding tar-path: a name leads out of it");
    struct ch_facts early = f; /* that part is known to be held, and the rest is still inspected */
    early.inspection = CH_INSPECTION_NONE;
    early.part_missing = true;
    assert_hold(case_decide(&early), CH_HOLD_PART,
                "its layer sha256:916487bb0b34 is held: finding tar-path: a name leads out of it");
    assert_false(case_decide(&early).eligible);
    struct ch_ruling r = case_approval(BIT(CH_HOLD_PART)); /* the part is what is approved */
    f.rulings = &r;
    f.ruling_count = 1;
    assert_int_equal(case_decide(&f).hold, CH_HOLD_PART);
    f.part_denied = true;
    struct ch_decision d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_string_equal(d.rule, "part");
    struct ch_facts g = case_good();
    g.part_missing = true;
    d = case_decide(&g);
    assert_hold(d, CH_HOLD_NOT_INSPECTED, "one of its parts is not inspected yet");
    assert_true(d.eligible);
    f = case_good(); /* refused by what has come, whatever has not */
    f.part = CH_STR("layer sha256:916487bb0b34");
    f.part_reason = CH_STR("finding tar-path: a name leads out of it");
    f.inspection = CH_INSPECTION_NONE;
    f.part_missing = true;
    d = case_decide(&f);
    assert_hold(d, CH_HOLD_PART,
                "its layer sha256:916487bb0b34 is held: finding tar-path: a name leads out of it");
    assert_false(d.eligible);
    g.inspection = CH_INSPECTION_NONE;
    assert_hold(case_decide(&g), CH_HOLD_NOT_INSPECTED, "not inspected yet");
    g.inspection = CH_INSPECTION_COMPLETE;
    g.part_missing = false;
    g.parts_end_at_us = NOW + 1000;
    d = case_decide(&g);
    assert_verdict(d, CH_VERDICT_ALLOW);
    assert_int_equal(d.until_us, NOW + 1000);
}

/* A name that is not an upstream's passes in no mode, and neither people nor rules lift that. */
static void test_T12_name_owner(void **state)
{
    (void)state;
    static const struct {
        enum ch_name_owner owner;
        const char *rule, *reason;
    } rows[] = {
        {CH_OWNER_UNKNOWN, "name-owner", "it is not known which upstream owns this name"},
        {CH_OWNER_RESERVED, "reserved", "the name is reserved in this repository"},
        {CH_OWNER_GIVEN_AWAY, "given-away",
         "the name was given to another upstream just now, try again in some seconds"},
        {CH_OWNER_LEFT, "upstream-left",
         "the upstream that owns this name is not one of the repository's any more"},
        {(enum ch_name_owner)9, "name-owner", "it is not known which upstream owns this name"},
    };
    for (size_t i = 0; i < CH_ARRAY_LEN(rows); i++) {
        struct ch_facts f = case_good();
        struct ch_ruling approval = case_approval(UINT64_MAX);
        f.name_owner = rows[i].owner;
        f.uploaded_at_us = NOW - DAY; /* in its cool-down, too: this is what is told first */
        f.rulings = &approval;
        f.ruling_count = 1;
        struct ch_decision d = case_decide(&f);
        assert_hold(d, CH_HOLD_OWNER, rows[i].reason);
        assert_string_equal(d.rule, rows[i].rule);
        f.inspection = CH_INSPECTION_NONE;
        d = case_decide_with("version: 1\nmode: audit\n", &f);
        assert_hold(d, CH_HOLD_OWNER, rows[i].reason);
        assert_false(d.eligible);
        approval.deny = true;
        assert_verdict(case_decide(&f), CH_VERDICT_DENY);
    }
}

static void test_T15_identity(void **state)
{
    (void)state;
    struct ch_facts f = case_good();
    f.hash_stated = false;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW); /* our own hash is the identity */
    f.alias = CH_HASH_SHA512;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.alias = CH_HASH_SHA1;
    assert_hold(case_decide(&f), CH_HOLD_IDENTITY, "the upstream states only a sha1 hash");
    f.alias = CH_HASH_MD5;
    assert_hold(case_decide(&f), CH_HOLD_IDENTITY, "the upstream states only an md5 hash");
    assert_verdict(case_decide_with("version: 1\nhold_weak_hash: false\n", &f), CH_VERDICT_ALLOW);
    f.hash_stated = true;
    assert_verdict(case_decide(&f), CH_VERDICT_ALLOW);
    f.hash_stated = false;
    f.alias = CH_HASH_NONE;
    struct ch_decision d = case_decide_with("version: 1\nrequire_hash: true\n", &f);
    assert_int_equal(d.hold, CH_HOLD_IDENTITY);
    assert_int_equal(d.policy_line, 2);
    assert_verdict(
        case_decide_with("version: 1\nrequire_hash: true\nrules:\n  - {name: a, repository: "
                         "pypi, then: allow, lifts: identity}\n",
                         &f),
        CH_VERDICT_ALLOW);
}

static void test_T20_reasons_are_cut(void **state)
{
    (void)state;
    char evil[5000];
    memset(evil, 0x1b, sizeof(evil));
    struct ch_facts f = case_good();
    f.sibling_denied = true;
    f.sibling = (struct ch_str){evil, sizeof(evil)};
    struct ch_decision d = case_decide(&f);
    assert_true(strlen(d.reason) == CH_REASON_MAX - 1);
    assert_string_equal(d.reason + CH_REASON_MAX - 4, "...");
    f = case_good();
    f.inspection = CH_INSPECTION_FAILED;
    f.inspection_error = (struct ch_str){evil, sizeof(evil)};
    case_decide(&f);
    struct ch_ruling r = {.deny = true,
                          .by = {evil, sizeof(evil)},
                          .reason = {evil, sizeof(evil)},
                          .expires_at_us = CH_TIME_UNKNOWN};
    f.rulings = &r;
    f.ruling_count = 1;
    d = case_decide(&f);
    assert_verdict(d, CH_VERDICT_DENY);
    assert_true(strlen(d.rule) < sizeof(d.rule));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_T5_gone_from_upstream),
        cmocka_unit_test(test_T5_release_needs_the_index),
        cmocka_unit_test(test_T5_release_needs_the_bytes),
        cmocka_unit_test(test_T5_bytes_are_asked_for_at_release),
        cmocka_unit_test(test_T5_yanked_is_not_released),
        cmocka_unit_test(test_T6_replaced_findings_end),
        cmocka_unit_test(test_T7_age),
        cmocka_unit_test(test_T7_reason),
        cmocka_unit_test(test_T7_clock_jump),
        cmocka_unit_test(test_T10_sibling),
        cmocka_unit_test(test_T19_platform),
        cmocka_unit_test(test_T8_external_scanner),
        cmocka_unit_test(test_T19_part),
        cmocka_unit_test(test_T12_name_owner),
        cmocka_unit_test(test_T15_identity),
        cmocka_unit_test(test_T20_reasons_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
