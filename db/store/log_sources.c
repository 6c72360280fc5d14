#include "db/store/log_sources.h"

#include <string.h>

/* ------------------------------------------------------------------ the columns */

#define FIELD(key, kind)                                                                           \
    {                                                                                              \
        .name = (key), .type = (kind)                                                              \
    }
#define FIELD_OF(key, col, kind)                                                                   \
    {                                                                                              \
        .name = (key), .column = (col), .type = (kind)                                             \
    }
#define FIELD_SINCE(key, col, kind, v)                                                             \
    {                                                                                              \
        .name = (key), .column = (col), .type = (kind), .since = (v)                               \
    }
#define TEXT(key)           FIELD(key, CH_LOGGED_TEXT)
#define TEXT_OF(key, col)   FIELD_OF(key, col, CH_LOGGED_TEXT)
#define SHA256(key)         FIELD(key, CH_LOGGED_SHA256)
#define DIGEST_OF(key, col) FIELD_OF(key, col, CH_LOGGED_DIGEST)
#define NUMBER(key)         FIELD(key, CH_LOGGED_NUMBER)
#define FLAG(key)           FIELD(key, CH_LOGGED_FLAG)
#define TIME(key)           FIELD(key, CH_LOGGED_TIME)
#define FIELDS(list)        .fields = (list), .field_count = CH_ARRAY_LEN(list)

static const struct ch_logged_field decision_fields[] = {
    TEXT("repository"), TEXT("upstream"), TEXT("project"), TEXT("file"),
    SHA256("sha256"),   TEXT("verdict"),  TEXT("rule"),    TEXT("reason"),
    SHA256("policy"),   NUMBER("at_us"),  FLAG("audited"),
};
static const struct ch_logged_field ruling_fields[] = {
    FLAG("deny"),   TEXT("repository"), TEXT("ecosystem"),  TEXT("project"),    TEXT("versions"),
    TEXT("file"),   SHA256("sha256"),   SHA256("evidence"), SHA256("policy"),   NUMBER("lifts"),
    TEXT("reason"), TEXT("by"),         NUMBER("at_us"),    TIME("expires_us"),
};
static const struct ch_logged_field owner_fields[] = {
    TEXT("repository"), TEXT("project"), TEXT("change"), TEXT("upstream"),
    TEXT("former"),     TEXT("reason"),  TEXT("by"),     NUMBER("at_us"),
};
static const struct ch_logged_field pushed_fields[] = {
    TEXT("repository"), TEXT("project"), TEXT("tag"), TEXT("change"),  SHA256("sha256"),
    TEXT("media_type"), NUMBER("bytes"), TEXT("by"),  NUMBER("at_us"),
};
static const struct ch_logged_field external_fields[] = {
    TEXT("repository"), TEXT("project"), SHA256("sha256"), TEXT("state"),
    TEXT("details"),    TEXT("text"),    TEXT("by"),       NUMBER("at_us"),
};
static const struct ch_logged_field admitted_fields[] = {
    TEXT("repository"),  TEXT("project"),   SHA256("sha256"), SHA256("runs"),
    TEXT("environment"), TEXT("namespace"), NUMBER("at_us"),
};
static const struct ch_logged_field ruling_end_fields[] = {
    TEXT("by"),
    TEXT("why"),
    NUMBER("at_us"),
};
static const struct ch_logged_field expiry_fields[] = {
    FLAG("deny"), TEXT("repository"), TEXT("project"), TEXT("file"), TIME("expires_us"),
};
static const struct ch_logged_field served_fields[] = {
    TEXT("repository"), TEXT("project"),   TEXT("file"),    SHA256("sha256"),
    TEXT("address"),    TEXT("principal"), NUMBER("at_us"),
};
static const struct ch_logged_field policy_fields[] = {
    SHA256("policy"), DIGEST_OF("policy", "policy_text.bundle"), TEXT("by"), TEXT("reason"),
    NUMBER("at_us"),
};

/* Of the exception itself what its first step says; each later step repeats what it is about. */
static const struct ch_logged_field exception_fields[] = {
    TEXT("step"),
    NUMBER("exception"),
    TEXT("by"),
    FLAG("alone"),
    TEXT("reason"),
    SHA256("bytes"),
    SHA256("evidence"),
    SHA256("policy"),
    NUMBER("at_us"),
    TIME("expires_us"),
    TEXT("repository"),
    TEXT("environment"),
    TEXT("ecosystem"),
    TEXT("project"),
    TEXT("versions"),
    TEXT("file"),
    TEXT("rulings"),
    TEXT_OF("by", "exception.requester"),
    TEXT_OF("reason", "exception.reason"),
    FIELD_OF("at_us", "exception.at_us", CH_LOGGED_NUMBER),
    FIELD_OF("expires_us", "exception.expires_at_us", CH_LOGGED_TIME),
    {.name = "address", .column = "exception.address", .type = CH_LOGGED_TEXT, .unknown = true},
    FIELD_SINCE("sha256", "exception.sha256", CH_LOGGED_SHA256, 2),
    FIELD_SINCE("overrides", "exception.overrides", CH_LOGGED_TEXT, 2),
    FIELD_SINCE("refusal", "exception.refusal", CH_LOGGED_TEXT, 2),
    FIELD_SINCE("renews", "exception.renews", CH_LOGGED_TIME, 2),
};
static const struct ch_logged_field attestation_fields[] = {
    TEXT("repository"),
    TEXT("upstream"),
    TEXT("project"),
    TEXT("file"),
    SHA256("sha256"),
    TEXT("environment"),
    FLAG("passed"),
    SHA256("key"),
    DIGEST_OF("statement", "statement"),
    DIGEST_OF("statement_sig", "statement_sig"),
    DIGEST_OF("file_sig", "file_sig"),
    NUMBER("at_us"),
    SHA256("evidence"),
    DIGEST_OF("evidence", "evidence.text"),
};
static const struct ch_logged_field image_signature_fields[] = {
    NUMBER("attestation"),
    TEXT("form"),
    SHA256("key"),
    SHA256("manifest"),
    DIGEST_OF("manifest", "manifest"),
    SHA256("layer"),
    DIGEST_OF("layer", "layer"),
    SHA256("config"),
    DIGEST_OF("config", "config"),
    FIELD_OF("at_us", "attestation.at_us", CH_LOGGED_NUMBER),
};
static const struct ch_logged_field attestation_end_fields[] = {
    TEXT("repository"), TEXT("project"),     TEXT("file"),
    SHA256("sha256"),   TEXT("environment"), NUMBER("at_us"),
};

#define FACT TEXT("by"), NUMBER("at_us"), TEXT_OF("kind", "people_fact.kind")
static const struct ch_logged_field person_fields[] = {
    FACT,
    TEXT("person"),
    FLAG("service"),
    TEXT("full_name"),
};
static const struct ch_logged_field uid_fields[] = {
    FACT,
    TEXT("person"),
    TEXT("uid"),
};
static const struct ch_logged_field member_fields[] = {
    FACT,
    TEXT("group"),
    TEXT("person"),
};
static const struct ch_logged_field grant_fields[] = {
    FACT, TEXT("group"), TEXT("role"), TEXT("repository"), TEXT("environment"),
};
static const struct ch_logged_field token_fields[] = {
    FACT,
    TEXT("person"),
    TEXT("audience"),
    TEXT("label"),
    DIGEST_OF("token", "sha256"),
    NUMBER("expires_us"),
};
static const struct ch_logged_field people_end_fields[] = {
    TEXT("by"),
    TEXT("reason"),
    NUMBER("at_us"),
};

static const struct ch_logged_field proposal_fields[] = {
    SHA256("what"),
    TEXT("change"),
    TEXT("by"),
    NUMBER("at_us"),
};
static const struct ch_logged_field proposal_end_fields[] = {
    TEXT("how"),
    TEXT("by"),
    NUMBER("at_us"),
};

static const struct ch_logged_field policy_proposal_fields[] = {
    SHA256("policy"), DIGEST_OF("policy", "policy_text.bundle"),
    SHA256("base"),   TEXT("by"),
    TEXT("reason"),   NUMBER("at_us"),
};

static const struct ch_logged_field snapshot_fields[] = {
    TEXT("upstream"),
    TEXT("project"),
    FIELD_OF("first_loaded_us", "first_loaded_at_us", CH_LOGGED_NUMBER),
    FIELD_OF("fetched_us", "fetched_at_us", CH_LOGGED_NUMBER),
    FIELD_OF("snapshot", "body_sha256", CH_LOGGED_SHA256),
    FIELD_OF("bytes", "snapshot_content.content_bytes", CH_LOGGED_NUMBER),
    DIGEST_OF("content", "snapshot_content.content"),
    DIGEST_OF("validators", "etag or last_modified"),
};

const struct ch_log_source ch_log_sources[] = {
    {"decision", "decision", CH_SQL_LOGGED_DECISION, FIELDS(decision_fields)},
    {"attestation", "attestation", CH_SQL_LOGGED_ATTESTATION, FIELDS(attestation_fields)},
    {"image-signature", "image_signature", CH_SQL_LOGGED_IMAGE_SIGNATURE,
     FIELDS(image_signature_fields)},
    {"attestation-end", "attestation_end", CH_SQL_LOGGED_ATTESTATION_END,
     FIELDS(attestation_end_fields)},
    {"served", "served", CH_SQL_LOGGED_SERVED, FIELDS(served_fields), .trimmed = true},
    {"ruling", "ruling", CH_SQL_LOGGED_RULING, FIELDS(ruling_fields), .findings = true},
    {"ruling-end", "ruling_end", CH_SQL_LOGGED_RULING_END, FIELDS(ruling_end_fields)},
    {"ruling-expired", "ruling", CH_SQL_LOGGED_EXPIRY, FIELDS(expiry_fields)},
    {"policy", "policy_taken", CH_SQL_LOGGED_POLICY, FIELDS(policy_fields)},
    {"exception", "exception_step", CH_SQL_LOGGED_EXCEPTION, FIELDS(exception_fields)},
    {"owner", "owner_change", CH_SQL_LOGGED_OWNER, FIELDS(owner_fields)},
    {"pushed", "pushed", CH_SQL_LOGGED_PUSHED, FIELDS(pushed_fields)},
    {"external-verdict", "external_verdict", CH_SQL_LOGGED_EXTERNAL, FIELDS(external_fields)},
    {"admitted", "admitted", CH_SQL_LOGGED_ADMITTED, FIELDS(admitted_fields)},
    {"person", "person", CH_SQL_LOGGED_PERSON, FIELDS(person_fields)},
    {"uid", "person_uid", CH_SQL_LOGGED_UID, FIELDS(uid_fields)},
    {"member", "group_member", CH_SQL_LOGGED_MEMBER, FIELDS(member_fields)},
    {"grant", "group_grant", CH_SQL_LOGGED_GRANT, FIELDS(grant_fields)},
    {"token", "token", CH_SQL_LOGGED_TOKEN, FIELDS(token_fields)},
    {"people-end", "people_end", CH_SQL_LOGGED_PEOPLE_END, FIELDS(people_end_fields)},
    {"proposal", "people_proposal", CH_SQL_LOGGED_PROPOSAL, FIELDS(proposal_fields)},
    {"proposal-end", "people_proposal_end", CH_SQL_LOGGED_PROPOSAL_END,
     FIELDS(proposal_end_fields)},
    {"policy-proposal", "policy_proposal", CH_SQL_LOGGED_POLICY_PROPOSAL,
     FIELDS(policy_proposal_fields)},
    {"policy-proposal-end", "policy_proposal_end", CH_SQL_LOGGED_POLICY_PROPOSAL_END,
     FIELDS(proposal_end_fields)},
    {"snapshot", "snapshot", CH_SQL_LOGGED_SNAPSHOT, FIELDS(snapshot_fields), .replaced = true},
};
const size_t ch_log_source_count = CH_ARRAY_LEN(ch_log_sources);
_Static_assert(CH_ARRAY_LEN(ch_log_sources) <= CH_LOGGED_SOURCES, "ch_logged_seen has one of each");

const struct ch_log_source *ch_log_source_of(struct ch_str kind)
{
    for (size_t i = 0; i < ch_log_source_count; i++) {
        if (ch_str_eq(kind, ch_str_of(ch_log_sources[i].kind))) {
            return &ch_log_sources[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ rows without an entry */

#define LIST(name, sql)                                                                            \
    {                                                                                              \
        .table = (name), .list = (sql), .since = 1                                                 \
    }
const struct ch_log_unlogged ch_log_unlogged[] = {
    {"decision", CH_SQL_UNLOGGED_DECISIONS, true, "decision", CH_SQL_COUNT_DECISIONS, 1},
    {"attestation", CH_SQL_UNLOGGED_ATTESTATIONS, true, "attestation", CH_SQL_COUNT_ATTESTATIONS,
     1},
    {.table = "image_signature", .list = CH_SQL_UNLOGGED_IMAGE_SIGNATURES, .since = 5},
    LIST("attestation_end", CH_SQL_UNLOGGED_ATTESTATION_ENDS),
    LIST("ruling", CH_SQL_UNLOGGED_RULINGS),
    LIST("ruling_fingerprint", CH_SQL_UNLOGGED_FINGERPRINTS),
    LIST("ruling_end", CH_SQL_UNLOGGED_RULING_ENDS),
    LIST("policy_taken", CH_SQL_UNLOGGED_POLICIES),
    LIST("owner_change", CH_SQL_UNLOGGED_OWNER_CHANGES),
    LIST("exception", CH_SQL_UNLOGGED_EXCEPTIONS),
    LIST("exception_step", CH_SQL_UNLOGGED_EXCEPTION_STEPS),
    LIST("exception_ruling", CH_SQL_UNLOGGED_EXCEPTION_RULINGS),
    LIST("signing_key_end", CH_SQL_UNLOGGED_KEY_ENDS),
    LIST("served", CH_SQL_UNLOGGED_SERVED),
    LIST("people_fact", CH_SQL_UNLOGGED_PEOPLE),
    LIST("person", CH_SQL_UNLOGGED_PERSONS),
    LIST("person_uid", CH_SQL_UNLOGGED_UIDS),
    LIST("group_member", CH_SQL_UNLOGGED_MEMBERS),
    LIST("group_grant", CH_SQL_UNLOGGED_GRANTS),
    LIST("token", CH_SQL_UNLOGGED_TOKENS),
    LIST("people_end", CH_SQL_UNLOGGED_PEOPLE_ENDS),
    LIST("people_proposal", CH_SQL_UNLOGGED_PROPOSALS),
    LIST("people_proposal_end", CH_SQL_UNLOGGED_PROPOSAL_ENDS),
    LIST("policy_proposal", CH_SQL_UNLOGGED_POLICY_PROPOSALS),
    LIST("policy_proposal_end", CH_SQL_UNLOGGED_POLICY_PROPOSAL_ENDS),
    {.table = "snapshot", .list = CH_SQL_UNLOGGED_SNAPSHOTS, .since = 2},
    {.table = "pushed", .list = CH_SQL_UNLOGGED_PUSHED, .since = 5},
    {.table = "admitted", .list = CH_SQL_UNLOGGED_ADMITTED, .since = 6},
    {.table = "external_verdict", .list = CH_SQL_UNLOGGED_EXTERNAL, .since = 8},
    LIST("log_clear", CH_SQL_UNLOGGED_CLEARS),
    LIST("log_erased", CH_SQL_UNLOGGED_ERASED),
    LIST("log_entry", CH_SQL_UNLOGGED_ENTRIES),
};
const size_t ch_log_unlogged_count = CH_ARRAY_LEN(ch_log_unlogged);
_Static_assert(CH_ARRAY_LEN(ch_log_unlogged) <= CH_LOGGED_TABLES,
               "an entry that counts the rows of before has room for each table");

uint64_t ch_store_logged_since(const char *table)
{
    for (size_t i = 0; i < ch_log_unlogged_count; i++) {
        if (strcmp(ch_log_unlogged[i].table, table) == 0) {
            return ch_log_unlogged[i].since;
        }
    }
    return 0;
}

/* ------------------------------------------------------------------ from row to row */

#define WALK_STEPS 64 /* rows that no entry is about are passed by; a longer way is a search */

static enum ch_code next_row(struct ch_log_walk *w, struct ch_err *err)
{
    w->skipped = w->rc == CH_OK ? w->id + 1 : w->skipped;
    w->rc = ch_cursor_next(&w->cursor, err);
    w->id = w->rc == CH_OK ? ch_col_u64(&w->cursor, 0) : UINT64_MAX;
    return w->rc == CH_E_NOT_FOUND ? CH_OK : w->rc;
}

enum ch_code ch_log_walk_to(struct ch_store *s, const struct ch_log_source *source,
                            struct ch_log_walk *w, uint64_t id, struct ch_err *err)
{
    enum ch_code rc = CH_OK;
    for (size_t i = 0; rc == CH_OK && w->open && i < WALK_STEPS && w->id < id; i++) {
        rc = next_row(w, err);
    }
    if (rc == CH_OK && !(w->open && w->skipped <= id && id <= w->id)) {
        ch_log_walk_end(w);
        rc = ch_cursor_open(s, source->sql, CH_ARGS(ch_arg_u64(id)), &w->cursor, err);
        w->open = true;
        w->rc = CH_E_NOT_FOUND;
        w->skipped = id;
        rc = rc == CH_OK ? next_row(w, err) : rc;
    }
    return rc != CH_OK ? rc : w->id == id ? CH_OK : CH_E_NOT_FOUND;
}

void ch_log_walk_end(struct ch_log_walk *w)
{
    if (w->open) {
        ch_cursor_close(&w->cursor);
    }
    *w = (struct ch_log_walk){.open = false};
}

/* ------------------------------------------------------------------ a row */

/* A ruling's findings stand in a table of their own; the entry has one digest of them all. */
static enum ch_code add_findings(struct ch_store *s, uint64_t ruling, struct ch_logged *l,
                                 struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_buf prints;
    ch_buf_init(&prints, 16u << 20);
    enum ch_code rc = ch_cursor_open(s, CH_SQL_FINGERPRINTS, CH_ARGS(ch_arg_u64(ruling)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 one = ch_col_sha(&c, 0);
        ch_buf_put(&prints, one.byte, sizeof(one.byte));
    }
    ch_cursor_close(&c);
    rc = rc == CH_E_NOT_FOUND ? ch_buf_ok(&prints, err) : rc;
    if (rc == CH_OK) {
        struct ch_logged_field *f = &l->fields[l->field_count++];
        *f = (struct ch_logged_field)FIELD("findings", CH_LOGGED_SHA256);
        if (prints.len > 0) {
            f->sha256 = ch_sha256_of(prints.ptr, prints.len);
        }
    }
    ch_buf_done(&prints);
    return rc;
}

/* Of NULL no digest, and so none that is stated. */
static struct ch_sha256 digest_of(struct ch_str bytes)
{
    return bytes.ptr != NULL ? ch_sha256_of(bytes.ptr, bytes.len) : (struct ch_sha256){{0}};
}

enum ch_code ch_log_walk_read(struct ch_store *s, const struct ch_log_source *source,
                              const struct ch_log_walk *w, struct ch_logged *ret,
                              struct ch_err *err)
{
    for (size_t i = 0; i < source->field_count; i++) {
        struct ch_logged_field *f = &ret->fields[i];
        int column = (int)i + 1;
        *f = source->fields[i];
        switch (f->type) {
        case CH_LOGGED_TEXT:
            f->text = ch_col_str(&w->cursor, column);
            f->unknown = f->unknown && f->text.ptr == NULL;
            break;
        case CH_LOGGED_SHA256:
            f->sha256 = ch_col_sha(&w->cursor, column);
            break;
        case CH_LOGGED_DIGEST:
            f->sha256 = digest_of(ch_col_str(&w->cursor, column));
            f->type = CH_LOGGED_SHA256;
            break;
        case CH_LOGGED_TIME:
            f->number = ch_col_time(&w->cursor, column);
            break;
        case CH_LOGGED_NUMBER:
        case CH_LOGGED_FLAG:
            f->number = ch_col_int(&w->cursor, column);
            break;
        }
    }
    ret->field_count = source->field_count;
    return source->findings ? add_findings(s, w->id, ret, err) : CH_OK;
}
