/* Every SQL statement of the store, as one table: no SQL is built anywhere. `$1..$n` appear in
 * order of first use, so SQLite and PostgreSQL number them alike (a test asserts it). */
#ifndef CUSTOMHOUSE_STORE_STATEMENTS_H
#define CUSTOMHOUSE_STORE_STATEMENTS_H

#include <stdbool.h>

enum ch_sql {
    CH_SQL_BEGIN,
    CH_SQL_COMMIT,
    CH_SQL_ROLLBACK,
    CH_SQL_STEP_BEGIN,
    CH_SQL_STEP_KEEP,
    CH_SQL_STEP_UNDO,
    CH_SQL_SCHEMA_NUMBER,
    CH_SQL_APPLICATION,
    CH_SQL_TABLE_COUNT,
    CH_SQL_QUICK_CHECK,
    CH_SQL_GET_VALUE,
    CH_SQL_SET_VALUE,
    CH_SQL_NEWEST_TIME,
    CH_SQL_GET_OWNER,
    CH_SQL_ADD_OWNER,
    CH_SQL_PROJECTS,
    CH_SQL_GET_SNAPSHOT,
    CH_SQL_PUT_SNAPSHOT,
    CH_SQL_PUT_SNAPSHOT_CONTENT,
    CH_SQL_CONFIRM_SNAPSHOT,
    CH_SQL_ADD_SIGHTING,
    CH_SQL_ADD_ARTIFACT,
    CH_SQL_GET_ARTIFACT,
    CH_SQL_ADD_ALIAS,
    CH_SQL_ADD_RELEASE,
    CH_SQL_FIND_RELEASE,
    CH_SQL_RELEASES_OF,
    CH_SQL_RELEASES_OF_PROJECT,
    CH_SQL_ADD_FETCH,
    CH_SQL_ADD_INSPECTION,
    CH_SQL_ADD_FINDING,
    CH_SQL_ADD_FACT,
    CH_SQL_GET_INSPECTION,
    CH_SQL_NEWEST_INSPECTION,
    CH_SQL_GET_FINDINGS,
    CH_SQL_GET_FACTS,
    CH_SQL_PUT_SIDECAR,
    CH_SQL_GET_SIDECAR,
    CH_SQL_ADD_RULING,
    CH_SQL_ADD_FINGERPRINT,
    CH_SQL_END_RULING,
    CH_SQL_RULINGS,
    CH_SQL_FINGERPRINTS,
    CH_SQL_ADD_DECISION,
    CH_SQL_DECISIONS_OF,
    CH_SQL_DECISIONS_BY_VERDICT,
    CH_SQL_DECISIONS_AUDITED,
    CH_SQL_ALLOWS,
    CH_SQL_NEWEST_DECISION,
    CH_SQL_DECIDED_PAGES,
    CH_SQL_RESCANS,
    CH_SQL_PUT_POLICY_TEXT,
    CH_SQL_ADD_POLICY,
    CH_SQL_POLICIES,
    CH_SQL_GET_POLICY_TEXT,
    CH_SQL_ADD_INTAKE,
    CH_SQL_MOVE_INTAKE,
    CH_SQL_END_INTAKE,
    CH_SQL_INTAKES,
    CH_SQL_ADD_SERVED,
    CH_SQL_SERVED_ALL,
    CH_SQL_SERVED_BYTES,
    CH_SQL_SERVED_PROJECT,
    CH_SQL_PUT_REFUSAL,
    CH_SQL_TRIM_REFUSALS,
    CH_SQL_TRIM_FETCHES,
    CH_SQL_TRIM_SERVED,
    CH_SQL_GET_REFUSAL,
    CH_SQL_PUT_BLOB,
    CH_SQL_GET_BLOB,
    CH_SQL_BLOB_BYTES,
    CH_SQL_OLDEST_BLOBS,
    CH_SQL_COUNT
};

struct ch_sql_row {
    const char *name; /* for messages: "add decision" */
    const char *sql;
    const char *types; /* of $1, $2, ...: letters of store_int.h */
    bool grows;        /* refused when the disk is so full that its rest is kept (T4) */
};
extern const struct ch_sql_row ch_sql_rows[CH_SQL_COUNT];

#endif
