#include "db/store/statements.h"

#define DECISION_COLUMNS                                                                           \
    "SELECT repository, upstream, project, file_name, sha256, verdict, rule, reason, policy,"      \
    " at_us, audited FROM decision d"
/* Of the name of an owner's row: what a person decided last (T12); NULL: nobody did. */
#define NEWEST_GIVEN(column)                                                                       \
    "SELECT c." column " FROM owner_change c WHERE c.repository = o.repository"                    \
    " AND c.project = o.project AND c.kind = 1 ORDER BY c.id DESC LIMIT 1"
/* The newest decision of its file. */
#define IS_NEWEST                                                                                  \
    " NOT EXISTS (SELECT 1 FROM decision n WHERE n.repository = d.repository"                      \
    " AND n.project = d.project AND n.upstream = d.upstream AND n.file_name = d.file_name"         \
    " AND n.id > d.id)"

#define NOTICE_COLUMNS                                                                             \
    "SELECT id, kind, destination, message, event, body, at_us, tries, due_at_us FROM notice"

#define ATTESTATION_COLUMNS                                                                        \
    "SELECT id, repository, upstream, project, file_name, sha256, environment, passed, key,"      \
    " statement, statement_sig, file_sig, at_us, (SELECT s.purpose FROM signing_key s WHERE s.id"  \
    " = a.key) FROM attestation a"
/* Who added a fact about people, when, and which kind the log calls it by. */
#define FACT_COLUMNS                                                                               \
    "f.by_person, f.at_us, CASE f.kind WHEN 1 THEN 'person' WHEN 2 THEN 'uid' WHEN 3 THEN"         \
    " 'member' WHEN 4 THEN 'grant' WHEN 5 THEN 'token' END"
/* An approval that was not withdrawn. */
#define STANDS " passed = 1 AND NOT EXISTS (SELECT 1 FROM attestation_end e WHERE e.id = a.id)"

/* Of a blob: once approved, and to be had from no upstream that it came from, as far as that is
 * known: the newest fetch of its file brought other bytes, or its hash (of a file without, the
 * file) was removed last, or the upstream's last word on its page or on itself was that it is not
 * there (0022). A person who denies the bytes for good wants no copy. */
#define IS_LAST_COPY                                                                               \
    " (EXISTS (SELECT 1 FROM attestation a WHERE a.sha256 = b.sha256 AND a.passed = 1)"            \
    " AND NOT EXISTS (SELECT 1 FROM release_file f WHERE f.sha256 = b.sha256"                      \
    " AND NOT EXISTS (SELECT 1 FROM release_file n WHERE n.upstream = f.upstream"                  \
    " AND n.project = f.project AND n.file_name = f.file_name AND n.id > f.id)"                    \
    " AND coalesce((SELECT s.kind FROM sighting s WHERE s.upstream = f.upstream"                   \
    " AND s.project = f.project AND s.file_name = f.file_name AND (s.stated_sha256 = f.sha256"     \
    " OR (s.stated_sha256 IS NULL AND s.at_us >= f.at_us)) ORDER BY s.id DESC LIMIT 1), 0) <> 2"   \
    " AND NOT EXISTS (SELECT 1 FROM not_found t WHERE t.upstream = f.upstream"                     \
    " AND t.project = f.project AND t.file_name IN ('', f.file_name)))"                            \
    " AND NOT EXISTS (SELECT 1 FROM ruling u WHERE u.deny = 1 AND u.sha256 = b.sha256"             \
    " AND u.expires_at_us IS NULL"                                                                 \
    " AND NOT EXISTS (SELECT 1 FROM ruling_end e WHERE e.ruling = u.id)))"

/* Of a blob: which few have to be asked for that, found by what can have made them so (0021, 0022).
 * "+": no index on the place, which each has. */
#define MAY_BE_LAST_COPY                                                                           \
    " b.sha256 IN (SELECT f.sha256 FROM sighting r"                                                \
    " JOIN release_file f ON f.upstream = r.upstream"                                              \
    " AND f.project = r.project AND f.file_name = r.file_name WHERE r.kind = 2 UNION ALL"          \
    " SELECT (SELECT f.sha256 FROM release_file f WHERE f.id = p.id) FROM replaced_file p"         \
    " WHERE p.id > 0 UNION ALL SELECT f.sha256 FROM not_found t"                                   \
    " JOIN release_file f ON f.upstream = t.upstream AND f.project = t.project"                    \
    " AND (t.file_name = '' OR f.file_name = t.file_name) WHERE t.upstream > '')"                  \
    " AND +b.place = $1"

/* Of its file; an inspection's own goes on with "/" and the alias that was stated, where one was. */
#define CONTEXT_OF_DECISION "$4 || '/' || d.upstream || '/' || d.project || '/' || d.file_name"

/* Dialect: the text is what PostgreSQL takes too, except for the rows up to CH_SQL_QUICK_CHECK that
 * speak to SQLite itself. */
const struct ch_sql_row ch_sql_rows[CH_SQL_COUNT] = {
    [CH_SQL_BEGIN] = {"begin", "BEGIN IMMEDIATE", ""},
    [CH_SQL_BEGIN_READ] = {"begin to read", "BEGIN DEFERRED", ""},
    [CH_SQL_SCRUB] = {"empty the journal", "PRAGMA wal_checkpoint(TRUNCATE)", ""},
    [CH_SQL_COMMIT] = {"commit", "COMMIT", ""},
    [CH_SQL_ROLLBACK] = {"rollback", "ROLLBACK", ""},
    [CH_SQL_STEP_BEGIN] = {"begin step", "SAVEPOINT step", ""},
    [CH_SQL_STEP_KEEP] = {"keep step", "RELEASE SAVEPOINT step", ""},
    [CH_SQL_STEP_UNDO] = {"undo step", "ROLLBACK TO SAVEPOINT step", ""},
    [CH_SQL_SCHEMA_NUMBER] = {"read schema number", "PRAGMA user_version", ""},
    [CH_SQL_APPLICATION] = {"read application id", "PRAGMA application_id", ""},
    [CH_SQL_TABLE_COUNT] = {"count tables", "SELECT count(*) FROM sqlite_schema", ""},
    [CH_SQL_PAGE_COUNT] = {"count pages", "PRAGMA page_count", ""},
    [CH_SQL_PAGE_SIZE] = {"read page size", "PRAGMA page_size", ""},
    [CH_SQL_QUICK_CHECK] = {"check", "PRAGMA quick_check(1)", ""},

    [CH_SQL_GET_VALUE] = {"get value", "SELECT value FROM value WHERE name = $1", "t"},
    [CH_SQL_SET_VALUE] = {"set value",
                          "INSERT INTO value (name, value) VALUES ($1, $2)"
                          " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                          "tb"},
    [CH_SQL_NEWEST_TIME] = {"newest time", "SELECT at_us FROM newest WHERE one = 1", ""},

    [CH_SQL_GET_OWNER] = {"get owner",
                          "SELECT coalesce((" NEWEST_GIVEN("upstream") "), o.upstream) FROM owner o"
                          " WHERE o.repository = $1 AND o.project = $2",
                          "tt"},
    [CH_SQL_ADD_OWNER] = {"pin owner",
                          "INSERT INTO owner (repository, project, upstream, at_us)"
                          " VALUES ($1, $2, $3, $4) ON CONFLICT (repository, project) DO NOTHING",
                          "ttti", true},
    [CH_SQL_OWNERS] = {"list owners",
                       "SELECT o.project, coalesce((" NEWEST_GIVEN("upstream") "), o.upstream),"
                       " coalesce((" NEWEST_GIVEN("at_us") "), o.at_us) FROM owner o"
                       " WHERE o.repository = $1 ORDER BY o.project",
                       "t"},
    [CH_SQL_ADD_OWNER_CHANGE] = {"add owner change",
                                 "INSERT INTO owner_change (repository, project, kind, upstream,"
                                 " former, reason, by_person, at_us)"
                                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
                                 "ttitttti", true},
    [CH_SQL_OWNER_CHANGES] = {"list owner changes",
                              "SELECT kind, upstream, former, reason, by_person, at_us"
                              " FROM owner_change WHERE repository = $1 AND project = $2"
                              " ORDER BY id",
                              "tt"},
    [CH_SQL_PROJECTS] = {"list projects",
                         "SELECT project FROM owner WHERE repository = $1 ORDER BY project", "t"},
    /* $2, $3 and $4, $5: from, and before */
    [CH_SQL_PAGES_WITH_FILE] =
        {"list pages with file",
         "SELECT o.project FROM owner o WHERE o.repository = $1 AND o.project >= $2"
         " AND o.project < $3 AND EXISTS (SELECT 1 FROM sighting s"
         " WHERE s.upstream = coalesce((" NEWEST_GIVEN("upstream") "), o.upstream)"
         " AND s.project = o.project AND s.file_name >= $4 AND s.file_name < $5)"
         " ORDER BY o.project",
         "ttttt"},
    [CH_SQL_GET_SNAPSHOT] =
        {"get snapshot",
         "SELECT s.first_loaded_at_us, s.fetched_at_us, s.checked_at_us, s.etag,"
         " s.last_modified, s.body_sha256, c.content_bytes, c.content"
         " FROM snapshot s JOIN snapshot_content c ON c.snapshot = s.id"
         " WHERE s.upstream = $1 AND s.project = $2",
         "tt"},
    [CH_SQL_FIND_SNAPSHOT] =
        {"find snapshot",
         "SELECT s.first_loaded_at_us, s.fetched_at_us, s.checked_at_us, s.etag,"
         " s.last_modified, s.body_sha256, c.content_bytes"
         " FROM snapshot s JOIN snapshot_content c ON c.snapshot = s.id"
         " WHERE s.upstream = $1 AND s.project = $2",
         "tt"},
    /* The first load is the page's baseline (T7): a later answer never moves it. */
    [CH_SQL_PUT_SNAPSHOT] =
        {"put snapshot",
         "INSERT INTO snapshot (upstream, project, first_loaded_at_us, fetched_at_us,"
         " checked_at_us, etag, last_modified, body_sha256)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (upstream, project) DO UPDATE SET"
         " fetched_at_us = excluded.fetched_at_us, checked_at_us = excluded.checked_at_us,"
         " etag = excluded.etag, last_modified = excluded.last_modified,"
         " body_sha256 = excluded.body_sha256 RETURNING id",
         "ttiiittz", true},
    [CH_SQL_PUT_SNAPSHOT_CONTENT] =
        {"put snapshot content",
         "INSERT INTO snapshot_content (snapshot, content_bytes, content) VALUES ($1, $2, $3)"
         " ON CONFLICT (snapshot) DO UPDATE SET content_bytes = excluded.content_bytes,"
         " content = excluded.content",
         "iib"},
    [CH_SQL_CONFIRM_SNAPSHOT] = {"confirm snapshot",
                                 "UPDATE snapshot SET checked_at_us = $1"
                                 " WHERE upstream = $2 AND project = $3 RETURNING id",
                                 "itt"},
    [CH_SQL_ADD_SIGHTING] = {"add sighting",
                             "INSERT INTO sighting (upstream, project, file_name, stated_sha256,"
                             " kind, at_us, last_absent_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                             "tttziiw"},

    [CH_SQL_ADD_ARTIFACT] = {"add artifact",
                             "INSERT INTO artifact (sha256, size_bytes, fetched_at_us)"
                             " VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
                             "dii", true},
    [CH_SQL_GET_ARTIFACT] = {"get artifact",
                             "SELECT size_bytes, fetched_at_us FROM artifact WHERE sha256 = $1",
                             "d"},
    [CH_SQL_ADD_ALIAS] = {"add alias",
                          "INSERT INTO alias (algorithm, hex, sha256) VALUES ($1, $2, $3)"
                          " ON CONFLICT (algorithm, hex, sha256) DO NOTHING",
                          "ttd", true},
    [CH_SQL_FIND_ALIAS] = {"find alias",
                           "SELECT sha256 FROM alias WHERE algorithm = $1 AND hex = $2 LIMIT 2",
                           "tt"},
    [CH_SQL_ADD_RELEASE] = {"add release file",
                            "INSERT INTO release_file (upstream, project, file_name, sha256, url,"
                            " at_us) VALUES ($1, $2, $3, $4, $5, $6)",
                            "tttdti", true},
    [CH_SQL_FIND_RELEASE] = {"find release file",
                             "SELECT sha256 FROM release_file WHERE upstream = $1 AND project = $2"
                             " AND file_name = $3 ORDER BY id DESC LIMIT 1",
                             "ttt"},
    [CH_SQL_RELEASES_OF] = {"list releases of bytes",
                            "SELECT upstream, project, file_name, sha256, url, at_us"
                            " FROM release_file WHERE sha256 = $1 ORDER BY id",
                            "d"},
    [CH_SQL_RELEASES_OF_PROJECT] = {"list releases of project",
                                    "SELECT upstream, project, file_name, sha256, url, at_us"
                                    " FROM release_file WHERE upstream = $1 AND project = $2"
                                    " ORDER BY file_name, id",
                                    "tt"},
    [CH_SQL_CONFIRM_BYTES] = {"confirm bytes",
                              "INSERT INTO bytes_confirmed (upstream, project, file_name, sha256,"
                              " at_us) VALUES ($1, $2, $3, $4, $5)",
                              "tttdi", true},
    [CH_SQL_BYTES_CONFIRMED] = {"get when bytes were confirmed",
                                "SELECT at_us FROM bytes_confirmed WHERE upstream = $1"
                                " AND project = $2 AND file_name = $3 AND sha256 = $4"
                                " ORDER BY id DESC LIMIT 1",
                                "tttd"},
    [CH_SQL_ADD_FETCH] = {"add fetch",
                          "INSERT INTO fetch (upstream, url, http_status, code, bytes, elapsed_ms,"
                          " at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                          "ttitiii", true},
    [CH_SQL_ADD_FILE_SIZE] = {"add file size",
                              "INSERT INTO file_size (upstream, project, file_name, stated,"
                              " size_bytes, at_least, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                              "tttdiii"},
    [CH_SQL_FILE_SIZES] = {"list file sizes",
                           "SELECT file_name, stated, size_bytes, at_least, at_us FROM file_size"
                           " WHERE upstream = $1 AND project = $2 ORDER BY id",
                           "tt"},
    [CH_SQL_ADD_FETCH_FAULT] = {"add fetch fault",
                                "INSERT INTO fetch_fault (upstream, project, file_name, fault,"
                                " stated, stated_bytes, url, told_bytes, at_least, text, at_us)"
                                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                                "ttttditiiti"},
    /* of each file the last one */
    [CH_SQL_FETCH_FAULTS] = {"list fetch faults",
                             "SELECT file_name, fault, stated, stated_bytes, url, told_bytes,"
                             " at_least, text, at_us FROM fetch_fault WHERE id IN (SELECT max(id)"
                             " FROM fetch_fault WHERE upstream = $1 AND project = $2"
                             " GROUP BY file_name)",
                             "tt"},

#include "db/store/statements_inspection.inc"
    [CH_SQL_PUT_SIDECAR] = {"put sidecar",
                            "INSERT INTO sidecar (upstream, project, file_name, stated_sha256,"
                            " sha256, size_bytes, at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                            "tttddii", true},
    [CH_SQL_GET_SIDECAR] = {"get sidecar",
                            "SELECT sha256, size_bytes, at_us FROM sidecar WHERE upstream = $1"
                            " AND project = $2 AND file_name = $3 AND stated_sha256 = $4"
                            " ORDER BY id DESC LIMIT 1",
                            "tttd"},

#include "db/store/statements_rulings.inc"
    [CH_SQL_ADD_DECISION] = {"add decision",
                             "INSERT INTO decision (repository, upstream, project, file_name,"
                             " sha256, verdict, rule, reason, policy, at_us, audited)"
                             " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                             "ttttzittzii"},
    [CH_SQL_DECISIONS_OF] =
        {"list decisions of project",
         DECISION_COLUMNS
         " WHERE repository = $1 AND project = $2 AND id ="
         " (SELECT max(n.id) FROM decision n WHERE n.repository = d.repository"
         " AND n.project = d.project AND n.upstream = d.upstream AND n.file_name = d.file_name)"
         " ORDER BY upstream, file_name",
         "tt"},
    [CH_SQL_DECISIONS_BY_VERDICT] = {"list decisions by verdict",
                                     DECISION_COLUMNS
                                     " WHERE verdict = $1 AND ($2 = '' OR repository = $2)"
                                     " AND" IS_NEWEST " ORDER BY id DESC LIMIT $3",
                                     "iti"},
    [CH_SQL_DECISIONS_AUDITED] = {"list audited decisions",
                                  DECISION_COLUMNS
                                  " WHERE audited = 1 AND ($1 = '' OR repository = $1)"
                                  " AND" IS_NEWEST " ORDER BY id DESC LIMIT $2",
                                  "ti"},
    [CH_SQL_ALLOWS] = {"list allows",
                       "SELECT file_name, sha256, at_us FROM decision"
                       " WHERE repository = $1 AND project = $2 AND upstream = $3"
                       " AND verdict = 1 AND sha256 IS NOT NULL ORDER BY file_name, id",
                       "ttt"},
    [CH_SQL_NEWEST_DECISION] = {"newest decision", "SELECT coalesce(max(id), 0) FROM decision", ""},
    /* $1, $2: a part of them */
    [CH_SQL_DECIDED_PAGES] = {"list projects with decisions",
                              "SELECT d.repository, d.project FROM decision d"
                              " WHERE d.id > $1 AND d.id <= $2 AND ($3 < 0 OR d.verdict = $3)"
                              " AND" IS_NEWEST,
                              "iii"},
    /* $1, $2: a part of them; $4: inspections of this ecosystem's context; $5, $6: of this
     * inspector and these rules; $7: 1 is all that was decided on bytes, 0 what is allowed without
     * such one. */
    [CH_SQL_RESCANS] =
        {"list what to inspect again",
         "SELECT d.upstream, d.project, d.file_name, d.sha256, d.at_us,"
         " (SELECT coalesce(sum(s.times), 0) FROM served s WHERE s.sha256 = d.sha256)"
         " FROM decision d WHERE d.id > $1 AND d.id <= $2 AND d.repository = $3"
         " AND d.sha256 IS NOT NULL AND" IS_NEWEST
         " AND ((d.verdict = 1 AND NOT EXISTS (SELECT 1 FROM inspection i WHERE i.sha256 = d.sha256"
         " AND (i.context = " CONTEXT_OF_DECISION " OR substr(i.context, 1, length("
         CONTEXT_OF_DECISION ") + 1) = " CONTEXT_OF_DECISION " || '/')"
         " AND i.inspector_version = $5 AND i.ruleset = $6)) OR $7 = 1)",
         "iittidi"},

    /* Somebody who waits makes an ahead job an awaited one, never the reverse. */
    [CH_SQL_PUT_POLICY_TEXT] = {"put policy text",
                                "INSERT INTO policy_text (digest, bundle) VALUES ($1, $2)"
                                " ON CONFLICT (digest) DO NOTHING",
                                "db"},
    [CH_SQL_ADD_POLICY] = {"add policy",
                           "INSERT INTO policy_taken (digest, by_person, reason, at_us)"
                           " VALUES ($1, $2, $3, $4)",
                           "dtti"},
    [CH_SQL_POLICIES] = {"list policies",
                         "SELECT p.id, p.digest, p.by_person, p.reason, p.at_us, length(t.bundle)"
                         " FROM policy_taken p JOIN policy_text t ON t.digest = p.digest"
                         " ORDER BY p.id DESC LIMIT $1",
                         "i"},
    [CH_SQL_GET_POLICY_TEXT] = {"get policy text",
                                "SELECT bundle FROM policy_text WHERE digest = $1", "d"},

    [CH_SQL_ADD_KEY] = {"add key",
                        "INSERT INTO signing_key (id, purpose, kind, public_pem, at_us)"
                        " VALUES ($1, $2, $3, $4, $5)",
                        "dtiti"},
    [CH_SQL_END_KEY] = {"end key",
                        "INSERT INTO signing_key_end (id, by_person, reason, at_us)"
                        " VALUES ($1, $2, $3, $4)",
                        "dtti"},
    [CH_SQL_KEYS] = {"list keys",
                     "SELECT k.id, k.purpose, k.kind, k.public_pem, k.at_us, e.at_us, e.by_person,"
                     " e.reason FROM signing_key k LEFT JOIN signing_key_end e ON e.id = k.id"
                     " ORDER BY k.purpose, k.at_us, k.id",
                     ""},
    [CH_SQL_PUT_EVIDENCE] = {"put evidence",
                             "INSERT INTO evidence (digest, text) VALUES ($1, $2)"
                             " ON CONFLICT (digest) DO NOTHING",
                             "db", true},
    [CH_SQL_GET_EVIDENCE] = {"get evidence", "SELECT text FROM evidence WHERE digest = $1", "d"},
    [CH_SQL_ADD_ATTESTATION] =
        {"add attestation",
         "INSERT INTO attestation (repository, upstream, project, file_name, sha256, environment,"
         " passed, key, statement, statement_sig, file_sig, at_us, evidence)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
         "ttttdtidbbziz", true},
    [CH_SQL_GET_APPROVAL] = {"get approval",
                             ATTESTATION_COLUMNS
                             " WHERE repository = $1 AND project = $2 AND upstream = $3"
                             " AND file_name = $4 AND sha256 = $5 AND environment = $6 AND" STANDS
                             " ORDER BY id DESC LIMIT 1",
                             "ttttdt"},
    [CH_SQL_GET_ATTESTATION] = {"get attestation",
                                ATTESTATION_COLUMNS " WHERE id = $1 AND sha256 = $2", "id"},
    [CH_SQL_ATTESTATIONS_OF] = {"list attestations",
                                ATTESTATION_COLUMNS " WHERE sha256 = $1 AND (passed = 0 OR (" STANDS
                                                    ")) ORDER BY id DESC LIMIT $2",
                                "di"},
    [CH_SQL_END_APPROVALS] =
        {"end approvals",
         "INSERT INTO attestation_end (id, at_us) SELECT a.id, $1 FROM attestation a"
         " WHERE repository = $2 AND project = $3 AND upstream = $4 AND file_name = $5 AND" STANDS
         " RETURNING id",
         "itttt"},
    [CH_SQL_END_APPROVALS_ELSEWHERE] =
        {"end approvals of another environment",
         "INSERT INTO attestation_end (id, at_us) SELECT a.id, $1 FROM attestation a"
         " WHERE repository = $2 AND environment <> $3 AND" STANDS " RETURNING id",
         "itt"},
    [CH_SQL_ATTESTED_REPOSITORIES] =
        {"list repositories of approvals", /* from name to name, not through all rows */
         "WITH RECURSIVE r (name) AS (SELECT min(repository) FROM attestation UNION ALL"
         " SELECT (SELECT min(repository) FROM attestation WHERE repository > r.name) FROM r"
         " WHERE r.name IS NOT NULL) SELECT name FROM r WHERE name IS NOT NULL",
         ""},
    [CH_SQL_ENDED_APPROVAL] = {"get withdrawn approval", ATTESTATION_COLUMNS " WHERE id = $1", "i"},
    /* Of bytes that stand approved nowhere in that environment. */
    [CH_SQL_WITHDRAWALS] =
        {"list withdrawals",
         "SELECT w.sha256, min(w.file_name), max(x.at_us) FROM attestation_end x"
         " JOIN attestation w ON w.id = x.id WHERE w.environment = $1 AND NOT EXISTS (SELECT 1 FROM"
         " attestation a WHERE a.sha256 = w.sha256 AND a.environment = w.environment AND" STANDS
         ") GROUP BY w.sha256 ORDER BY w.sha256",
         "t"},
#include "db/store/statements_images.inc"
#include "db/store/statements_people.inc"
#include "db/store/statements_pushed.inc"
#include "db/store/statements_admitted.inc"

    [CH_SQL_ADD_INTAKE] =
        {"add intake",
         "INSERT INTO intake (repository, upstream, project, file_name, state, sha256, attempts,"
         " ahead, created_at_us, not_before_us, error)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
         " ON CONFLICT (upstream, project, file_name) DO UPDATE SET"
         " ahead = intake.ahead & excluded.ahead RETURNING id",
         "ttttiziiiwt", true},
    [CH_SQL_MOVE_INTAKE] = {"move intake",
                            "UPDATE intake SET state = $1, sha256 = coalesce($2, sha256),"
                            " attempts = attempts + $3, error = $4, not_before_us = $5"
                            " WHERE id = $6",
                            "izitwi"},
    [CH_SQL_END_INTAKE] = {"end intake", "DELETE FROM intake WHERE id = $1", "i"},
    [CH_SQL_INTAKES] = {"list intake",
                        "SELECT id, repository, upstream, project, file_name, state, sha256,"
                        " attempts, ahead, created_at_us, not_before_us, error FROM intake"
                        " ORDER BY id",
                        ""},

    [CH_SQL_ADD_SERVED] =
        {"add served",
         "INSERT INTO served (repository, project, file_name, sha256, address, user_agent,"
         " principal, first_at_us, last_at_us, times)"
         " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
         " ON CONFLICT (sha256, repository, project, file_name, address, user_agent, principal)"
         " DO UPDATE SET"
         " times = served.times + excluded.times, last_at_us = CASE"
         " WHEN excluded.last_at_us > served.last_at_us THEN excluded.last_at_us"
         " ELSE served.last_at_us END RETURNING times, id",
         "tttdtttiii", true},
    [CH_SQL_SERVED_TO] = {"count rows of bytes served to a client",
                          "SELECT count(*) FROM served WHERE sha256 = $1 AND address = $2"
                          " AND principal = $3",
                          "dtt"},
    [CH_SQL_SERVED_ALL] = {"list served",
                           "SELECT repository, project, file_name, sha256, address, user_agent, principal,"
                           " first_at_us, last_at_us, times FROM served ORDER BY id",
                           ""},
    [CH_SQL_SERVED_BYTES] = {"list served of bytes",
                             "SELECT repository, project, file_name, sha256, address, user_agent, principal,"
                             " first_at_us, last_at_us, times FROM served WHERE sha256 = $1"
                             " ORDER BY repository, project, file_name, address, user_agent, principal",
                             "d"},
    [CH_SQL_SERVED_PROJECT] = {"list served of project",
                               "SELECT repository, project, file_name, sha256, address, user_agent, principal,"
                               " first_at_us, last_at_us, times FROM served WHERE project = $1"
                               " ORDER BY file_name, id",
                               "t"},
    [CH_SQL_PUT_REFUSAL] = {"put refusal",
                            "INSERT INTO refusal (id, repository, project, file_name, at_us)"
                            " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING",
                            "tttti", true},
    [CH_SQL_TRIM_REFUSALS] = {"drop old refusals",
                              "DELETE FROM refusal WHERE id IN (SELECT id FROM refusal"
                              " WHERE at_us < $1 ORDER BY at_us LIMIT $2)",
                              "ii"},
    /* Numbers only grow: those that are as far behind the newest as rows are kept go. */
    [CH_SQL_TRIM_FETCHES] = {"drop old fetches",
                             "DELETE FROM fetch WHERE id <= (SELECT max(id) FROM fetch) - $1"
                             " AND id < (SELECT min(id) FROM fetch) + $2",
                             "ii"},
    [CH_SQL_SERVED_TO_KEEP] =
        {"find oldest served that stays",
         "SELECT coalesce(min((SELECT max(id) FROM served) - $1 + 1,"
         " (SELECT min(id) FROM served) + $2), 0)",
         "ii"},
    [CH_SQL_TRIM_SERVED] = {"drop old served", "DELETE FROM served WHERE id < $1", "i"},
    [CH_SQL_GET_REFUSAL] = {"get refusal",
                            "SELECT id, repository, project, file_name, at_us FROM refusal"
                            " WHERE id = $1",
                            "t"},

#include "db/store/statements_log.inc"
    [CH_SQL_COUNT_REFUSAL] = {"count refusal",
                              "UPDATE log_refusal SET times = times + 1 WHERE minute = $1"
                              " AND repository = $2 AND project = $3 AND file_name = $4"
                              " AND address = $5 AND principal = $6 AND rule = $7",
                              "itttttt"},
    [CH_SQL_ADD_REFUSAL] =
        {"add refusal",
         "INSERT INTO log_refusal (minute, repository, project, file_name, address, principal, rule,"
         " times) SELECT $1, $2, $3, $4, $5, $6, $7, 1"
         " WHERE (SELECT count(*) FROM log_refusal WHERE minute = $1) < $8"
         " AND (SELECT count(*) FROM log_refusal WHERE minute = $1 AND address = $5"
         " AND principal = $6) < $9",
         "ittttttii", true},
    [CH_SQL_REFUSALS_BEFORE] =
        {"list refusals",
         "SELECT minute, repository, project, file_name, address, principal, rule, times"
         " FROM log_refusal WHERE minute < $1"
         " ORDER BY minute, repository, project, file_name, address, principal, rule",
         "i"},
    [CH_SQL_DROP_REFUSALS_BEFORE] = {"drop refusals", "DELETE FROM log_refusal WHERE minute < $1",
                                     "i"},

    [CH_SQL_ADD_NOTICE] = {"add notice",
                           "INSERT INTO notice (kind, destination, message, event, body, at_us,"
                           " due_at_us) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                           "ittttii"},
    [CH_SQL_NOTICES_DUE] = {"list due notices",
                            NOTICE_COLUMNS " WHERE kind = $1 AND destination = $2"
                                           " AND due_at_us <= $3 ORDER BY due_at_us, id LIMIT $4",
                            "itii"},
    [CH_SQL_NOTICES_OLDEST] = {"list oldest notices",
                               NOTICE_COLUMNS " WHERE kind = $1 AND destination = $2"
                                              " ORDER BY at_us, id LIMIT $3",
                               "iti"},
    [CH_SQL_NOTICES_BEFORE] = {"list old notices",
                               NOTICE_COLUMNS " WHERE at_us < $1 ORDER BY at_us LIMIT $2", "ii"},
    [CH_SQL_NOTICE_FAILED] = {"put notice off",
                              "UPDATE notice SET due_at_us = $1, tries = tries + 1 WHERE id = $2", "ii"},
    [CH_SQL_DROP_NOTICE] = {"drop notice", "DELETE FROM notice WHERE id = $1", "i"},
    [CH_SQL_NOTICE_BACKLOG] = {"count notices",
                               "SELECT count(*), min(at_us), min(due_at_us) FROM notice"
                               " WHERE kind = $1 AND destination = $2",
                               "it"},
    [CH_SQL_TELL_END] = {"tell end of exception",
                         "INSERT INTO notice_of_end (exception, expires_at_us) VALUES ($1, $2)"
                         " ON CONFLICT (exception, expires_at_us) DO NOTHING",
                         "ii"},
    [CH_SQL_FORWARDED] = {"get forwarded", "SELECT next FROM forwarded WHERE destination = $1", "t"},
    [CH_SQL_SET_FORWARDED] = {"set forwarded",
                              "INSERT INTO forwarded (destination, next, at_us) VALUES ($1, $2, $3)"
                              " ON CONFLICT (destination) DO UPDATE SET next = excluded.next,"
                              " at_us = excluded.at_us",
                              "tii"},

    [CH_SQL_SET_NOT_FOUND] = {"note what is not found",
                              "INSERT INTO not_found (upstream, project, file_name, at_us)"
                              " VALUES ($1, $2, $3, $4)"
                              " ON CONFLICT (upstream, project, file_name) DO NOTHING",
                              "ttti"},
    [CH_SQL_DROP_NOT_FOUND] = {"note that it is found",
                               "DELETE FROM not_found WHERE upstream = $1 AND project = $2"
                               " AND file_name = $3",
                               "ttt"},
    [CH_SQL_PUT_BLOB] = {"put blob",
                         "INSERT INTO blob (sha256, size_bytes, place, used_at_us)"
                         " VALUES ($1, $2, $3, $4) ON CONFLICT (sha256) DO UPDATE SET"
                         " size_bytes = excluded.size_bytes, place = excluded.place,"
                         " used_at_us = excluded.used_at_us",
                         "diii"},
    [CH_SQL_GET_BLOB] = {"get blob", "SELECT place FROM blob WHERE sha256 = $1", "d"},
    [CH_SQL_BLOB_BYTES] = {"count blobs",
                           "SELECT coalesce(sum(size_bytes), 0), count(*) FROM blob"
                           " WHERE place = $1",
                           "i"},
    [CH_SQL_OLDEST_BLOBS] = {"list oldest blobs",
                             "SELECT b.sha256, b.size_bytes FROM blob b WHERE b.place = $1"
                             " AND NOT EXISTS (SELECT 1 FROM pushed_blob h WHERE h.sha256 = b.sha256)"
                             " AND NOT" IS_LAST_COPY " ORDER BY b.used_at_us LIMIT $2",
                             "ii"},
    [CH_SQL_LAST_COPIES] = {"count last copies",
                            "SELECT coalesce(sum(b.size_bytes), 0), count(*) FROM blob b"
                            " WHERE" MAY_BE_LAST_COPY " AND" IS_LAST_COPY,
                            "i"},
    [CH_SQL_OLDEST_LAST_COPIES] = {"list oldest last copies",
                                   "SELECT b.sha256, b.size_bytes FROM blob b"
                                   " WHERE" MAY_BE_LAST_COPY " AND" IS_LAST_COPY
                                   " AND NOT EXISTS (SELECT 1 FROM pushed_blob h"
                                   " WHERE h.sha256 = b.sha256) ORDER BY b.used_at_us LIMIT $2",
                                   "ii"},
};
