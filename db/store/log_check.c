/* The audit log's entries beside what they are about, for whoever compares the two. */
#include "db/store/store_int.h"

#define FIELD(key, kind)                                                                           \
    {                                                                                              \
        .name = (key), .type = (kind)                                                              \
    }
#define TEXT(key)    FIELD(key, CH_LOGGED_TEXT)
#define SHA256(key)  FIELD(key, CH_LOGGED_SHA256)
#define DIGEST(key)  FIELD(key, CH_LOGGED_DIGEST)
#define NUMBER(key)  FIELD(key, CH_LOGGED_NUMBER)
#define FLAG(key)    FIELD(key, CH_LOGGED_FLAG)
#define TIME(key)    FIELD(key, CH_LOGGED_TIME)
#define FIELDS(list) (list), CH_ARRAY_LEN(list)

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
    SHA256("policy"),
    TEXT("by"),
    TEXT("reason"),
    NUMBER("at_us"),
};

static const struct ch_logged_field exception_fields[] = {
    TEXT("step"),        NUMBER("exception"), TEXT("by"),        FLAG("alone"),   TEXT("reason"),
    SHA256("bytes"),     SHA256("evidence"),  SHA256("policy"),  NUMBER("at_us"), TIME("expires_us"),
    TEXT("repository"),  TEXT("environment"), TEXT("ecosystem"), TEXT("project"), TEXT("versions"),
    TEXT("file"),        TEXT("rulings"),
};
static const struct ch_logged_field person_fields[] = {
    TEXT("by"), TEXT("person"), FLAG("service"), TEXT("full_name"), NUMBER("at_us"),
};
static const struct ch_logged_field uid_fields[] = {
    TEXT("by"), TEXT("person"), TEXT("uid"), NUMBER("at_us"),
};
static const struct ch_logged_field member_fields[] = {
    TEXT("by"), TEXT("group"), TEXT("person"), NUMBER("at_us"),
};
static const struct ch_logged_field grant_fields[] = {
    TEXT("by"), TEXT("group"), TEXT("role"), TEXT("repository"), TEXT("environment"), NUMBER("at_us"),
};
static const struct ch_logged_field token_fields[] = {
    TEXT("by"), TEXT("person"), TEXT("audience"), TEXT("label"), DIGEST("token"), NUMBER("expires_us"), NUMBER("at_us"),
};
static const struct ch_logged_field people_end_fields[] = {
    TEXT("by"), TEXT("reason"), NUMBER("at_us"),
};

/* Columns of the statement are the fields, in their order. */
static const struct source {
    const char *kind;
    const char *table;
    enum ch_sql sql;
    const struct ch_logged_field *fields;
    size_t field_count;
} sources[] = {
    {"decision", "decision", CH_SQL_LOGGED_DECISION, FIELDS(decision_fields)},
    {"ruling", "ruling", CH_SQL_LOGGED_RULING, FIELDS(ruling_fields)},
    {"policy", "policy_taken", CH_SQL_LOGGED_POLICY, FIELDS(policy_fields)},
    {"exception", "exception_step", CH_SQL_LOGGED_EXCEPTION, FIELDS(exception_fields)},
    {"owner", "owner_change", CH_SQL_LOGGED_OWNER, FIELDS(owner_fields)},
    {"ruling-end", "ruling_end", CH_SQL_LOGGED_RULING_END, FIELDS(ruling_end_fields)},
    {"ruling-expired", "ruling", CH_SQL_LOGGED_EXPIRY, FIELDS(expiry_fields)},
    {"served", "served", CH_SQL_LOGGED_SERVED, FIELDS(served_fields)},
    {"person", "person", CH_SQL_LOGGED_PERSON, FIELDS(person_fields)},
    {"uid", "person_uid", CH_SQL_LOGGED_UID, FIELDS(uid_fields)},
    {"member", "group_member", CH_SQL_LOGGED_MEMBER, FIELDS(member_fields)},
    {"grant", "group_grant", CH_SQL_LOGGED_GRANT, FIELDS(grant_fields)},
    {"token", "token", CH_SQL_LOGGED_TOKEN, FIELDS(token_fields)},
    {"people-end", "people_end", CH_SQL_LOGGED_PEOPLE_END, FIELDS(people_end_fields)},
};

static const struct source *source_of(struct ch_str kind)
{
    for (size_t i = 0; i < CH_ARRAY_LEN(sources); i++) {
        if (ch_str_eq(kind, ch_str_of(sources[i].kind))) {
            return &sources[i];
        }
    }
    return NULL;
}

static void read_fields(const struct ch_cursor *c, const struct source *s, struct ch_logged *l)
{
    for (size_t i = 0; i < s->field_count; i++) {
        struct ch_logged_field *f = &l->fields[i];
        int column = (int)i;
        *f = s->fields[i];
        switch (f->type) {
        case CH_LOGGED_TEXT:
            f->text = ch_col_str(c, column);
            break;
        case CH_LOGGED_SHA256:
            f->sha256 = ch_col_sha(c, column);
            break;
        case CH_LOGGED_DIGEST: {
            struct ch_str bytes = ch_col_str(c, column);
            f->sha256 = ch_sha256_of(bytes.ptr != NULL ? bytes.ptr : "", bytes.len);
            f->type = CH_LOGGED_SHA256;
            break;
        }
        case CH_LOGGED_TIME:
            f->number = ch_col_time(c, column);
            break;
        case CH_LOGGED_NUMBER:
        case CH_LOGGED_FLAG:
            f->number = ch_col_int(c, column);
            break;
        }
    }
    l->field_count = s->field_count;
}

/* A ruling's findings stand in a table of their own; the entry has one digest of them all. */
static enum ch_code add_findings(struct ch_store *s, struct ch_logged *l, struct ch_err *err)
{
    struct ch_cursor c;
    struct ch_buf prints;
    ch_buf_init(&prints, 16u << 20);
    enum ch_code rc =
        ch_cursor_open(s, CH_SQL_FINGERPRINTS, CH_ARGS(ch_arg_u64(l->row.source)), &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        struct ch_sha256 one = ch_col_sha(&c, 0);
        ch_buf_put(&prints, one.byte, sizeof(one.byte));
    }
    ch_cursor_close(&c);
    rc = rc == CH_E_NOT_FOUND ? ch_buf_ok(&prints, err) : rc;
    if (rc == CH_OK) {
        struct ch_logged_field *f = &l->fields[l->field_count++];
        *f = (struct ch_logged_field)SHA256("findings");
        if (prints.len > 0) {
            f->sha256 = ch_sha256_of(prints.ptr, prints.len);
        }
    }
    ch_buf_done(&prints);
    return rc;
}

/* Of who got what only so many rows are kept: the newest. */
static enum ch_code look_dropped(struct ch_store *s, struct ch_logged *l, struct ch_err *err)
{
    int64_t oldest = 0;
    enum ch_code rc = ch_sql_number(s, CH_SQL_OLDEST_SERVED, NULL, 0, &oldest, err);
    l->source_dropped = rc == CH_OK && l->row.source < (uint64_t)oldest;
    return rc;
}

struct clears { /* all clear texts in the order of their entries, one ahead */
    struct ch_cursor c;
    enum ch_code rc; /* CH_OK: a row stands */
};

/* As much as there is room for: more than all that was ever logged of an entry is none of it. */
static struct ch_str keep(struct ch_buf *texts, struct ch_str s)
{
    size_t at = texts->len;
    struct ch_str kept = ch_str_sub(s, 0, texts->max - at);
    ch_buf_puts(texts, kept);
    return (struct ch_str){texts->ptr + at, kept.len};
}

static void take_clears(struct clears *all, struct ch_logged *l, struct ch_buf *texts,
                        struct ch_err *err)
{
    ch_buf_clear(texts);
    l->clear_count = 0;
    while (all->rc == CH_OK && ch_col_u64(&all->c, 0) <= l->row.index) {
        struct ch_str salt = ch_col_str(&all->c, 2), field = ch_col_str(&all->c, 1),
                      text = ch_col_str(&all->c, 3);
        if (ch_col_u64(&all->c, 0) == l->row.index && l->clear_count < CH_LOGGED_CLEAR &&
            salt.len == CH_LOG_SALT_BYTES) {
            struct ch_log_clear *one = &l->clear[l->clear_count++];
            struct ch_rd r = ch_rd_of(salt.ptr, salt.len);
            for (size_t i = 0; i < sizeof(one->salt); i++) {
                one->salt[i] = ch_get_u8(&r);
            }
            one->field = keep(texts, field);
            one->text = keep(texts, text);
        }
        all->rc = ch_cursor_next(&all->c, err);
    }
}

static enum ch_code one_entry(struct ch_store *s, struct ch_logged *l, ch_store_logged_fn *each,
                              void *ctx, struct ch_err *err)
{
    const struct source *source = source_of(l->row.kind);
    struct ch_cursor c;
    l->table = NULL;
    l->source_there = l->source_dropped = false;
    l->field_count = 0;
    if (source == NULL) {
        return each(ctx, l, err);
    }
    l->table = source->table;
    enum ch_code rc = ch_cursor_open(s, source->sql, CH_ARGS(ch_arg_u64(l->row.source)), &c, err);
    if (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        l->source_there = true;
        read_fields(&c, source, l);
        rc = source->fields == ruling_fields ? add_findings(s, l, err) : CH_OK;
    } else if (rc == CH_E_NOT_FOUND) {
        rc = source->fields == served_fields ? look_dropped(s, l, err) : CH_OK;
    }
    rc = rc == CH_OK ? each(ctx, l, err) : rc;
    ch_cursor_close(&c);
    return rc;
}

enum ch_code ch_store_logged(struct ch_store *s, ch_store_logged_fn *each, void *ctx,
                             struct ch_err *err)
{
    struct ch_cursor rows;
    struct clears clears;
    struct ch_logged l;
    struct ch_buf texts;
    ch_buf_init(&texts, 1u << 20);
    CH_ASSERT(ch_buf_reserve(&texts, 1u << 20) != NULL); /* slices do not move */
    enum ch_code rc = ch_cursor_open(s, CH_SQL_LOG_ROWS, CH_ARGS(ch_arg_int(0)), &rows, err);
    clears.rc = ch_cursor_open(s, CH_SQL_LOG_CLEARS, NULL, 0, &clears.c, err);
    clears.rc = clears.rc == CH_OK ? ch_cursor_next(&clears.c, err) : clears.rc;
    while (rc == CH_OK && (rc = ch_cursor_next(&rows, err)) == CH_OK) {
        ch_log_row_read(&rows, &l.row);
        take_clears(&clears, &l, &texts, err);
        rc = one_entry(s, &l, each, ctx, err);
    }
    if (rc == CH_E_NOT_FOUND && clears.rc != CH_OK && clears.rc != CH_E_NOT_FOUND) {
        rc = clears.rc;
    }
    ch_cursor_close(&rows);
    ch_cursor_close(&clears.c);
    ch_buf_done(&texts);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}

enum ch_code ch_store_unlogged(struct ch_store *s, ch_store_unlogged_fn *each, void *ctx,
                               struct ch_err *err)
{
    struct ch_cursor c;
    enum ch_code rc = ch_cursor_open(s, CH_SQL_UNLOGGED, NULL, 0, &c, err);
    while (rc == CH_OK && (rc = ch_cursor_next(&c, err)) == CH_OK) {
        each(ctx, ch_col_str(&c, 0), ch_col_u64(&c, 1), ch_col_int(&c, 2), ch_col_int(&c, 3) != 0);
    }
    ch_cursor_close(&c);
    return rc == CH_E_NOT_FOUND ? CH_OK : rc;
}
