/* Matching the members of one artifact. Shipped text rules look at sources joined together first, and
 * at each of them only when something matched: their conditions hold in the whole when they hold in a
 * part (tests/scanner/rules proves it of each rule). The site's rules see every file by itself. */
#include "rules_int.h"

#include <stdlib.h>
#include <string.h>

#include "customhouse/limits.h"

struct joined { /* a source within the batch */
    char *path; /* NUL-terminated */
    size_t at;
    size_t len;
};

struct ch_rules_scan {
    struct ch_scan_writer *out;
    YR_SCANNER *scanner[SET_COUNT]; /* NULL: an empty set */
    bool *noted[SET_COUNT];         /* by rule: a note was written, which is enough for an artifact */
    /* the member at hand */
    struct ch_buf path;
    struct ch_buf bytes; /* as much of it as is looked at */
    uint64_t size_bytes; /* of all of it, so far */
    bool begun;
    bool code;
    bool applies[SET_COUNT];
    /* sources that wait for the text rules */
    struct ch_buf batch;
    struct joined *joined;
    size_t joined_count;
    struct globs hit_paths; /* of the rules that match the batch */
    /* the scan at hand; path absent: it is the batch, and only whether something matched counts */
    struct ch_str at_path;
    struct ch_str at_bytes;
    bool at_code;
    uint64_t written;
};

/* --- what libyara says while it scans --- */

static enum rule_set_kind set_of(const YR_SCAN_CONTEXT *context)
{
    enum rule_set_kind kind = SET_TEXT;
    while (rules_loaded->set[kind].rules != context->rules) {
        kind++;
        CH_ASSERT(kind < SET_COUNT);
    }
    return kind;
}

/* Where the first of a rule's strings is; -1: its condition needs none. */
static int64_t first_match(YR_SCAN_CONTEXT *context, const YR_RULE *rule)
{
    int64_t first = -1;
    YR_STRING *string;
    yr_rule_strings_foreach(rule, string)
    {
        const void *head = context->matches[string->idx].head;
        YR_MATCH match; /* libyara packs them without regard to alignment */
        if (head == NULL) {
            continue;
        }
        memcpy(&match, head, sizeof(match));
        if (first < 0 || match.base + match.offset < first) {
            first = match.base + match.offset;
        }
    }
    return first;
}

static void put_place(struct ch_buf *b, const struct ch_rules_scan *s, int64_t offset)
{
    if (offset < 0) {
        return;
    }
    if (!s->at_code) {
        ch_buf_printf(b, " (offset %lld)", (long long)offset);
        return;
    }
    size_t line = 1;
    for (size_t i = 0; i < s->at_bytes.len && (int64_t)i < offset; i++) {
        line += s->at_bytes.ptr[i] == '\n' ? 1 : 0;
    }
    ch_buf_printf(b, " (line %zu)", line);
}

static void write_match(struct ch_rules_scan *s, YR_SCAN_CONTEXT *context, const YR_RULE *rule)
{
    enum rule_set_kind kind = set_of(context);
    size_t index = (size_t)(rule - context->rules->rules_table);
    const struct rule_meta *meta = &rules_loaded->set[kind].meta[index];
    if (!globs_take(&meta->paths, s->at_path)) {
        return;
    }
    if (meta->code == CH_F_RULE_NOTE) {
        if (s->noted[kind][index]) {
            return;
        }
        s->noted[kind][index] = true;
    }
    struct ch_buf b;
    ch_buf_init(&b, (size_t)2 * CH_EVIDENCE_MAX);
    struct ch_str message = ch_str_sub(ch_str_of(meta->message), 0, CH_EVIDENCE_MAX);
    ch_buf_printf(&b, "%.120s%s%.*s", rule->identifier, message.len > 0 ? ": " : "",
                  CH_STR_ARG(message));
    put_place(&b, s, first_match(context, rule));
    ch_scan_write_finding(s->out, meta->code, s->at_path, ch_buf_str(&b));
    ch_buf_done(&b);
    s->written++;
}

/* Something in the batch matches, or only things of several files together: those files that the
 * rule is for are looked at one by one. */
static void note_hit(struct ch_rules_scan *s, const YR_SCAN_CONTEXT *context, const YR_RULE *rule)
{
    const struct rule_set *set = &rules_loaded->set[SET_TEXT];
    const struct globs *paths = &set->meta[rule - context->rules->rules_table].paths;
    s->hit_paths.all = s->hit_paths.all || paths->all;
    for (size_t i = 0; i < paths->count; i++) {
        CH_ASSERT(globs_add(&s->hit_paths, paths->items[i]));
    }
}

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    struct ch_rules_scan *s = user;
    switch (message) {
    case CALLBACK_MSG_RULE_MATCHING:
        if (s->at_path.ptr == NULL) {
            note_hit(s, context, data);
            return CALLBACK_CONTINUE;
        }
        write_match(s, context, data);
        if (s->written >= ch_limits.rules_matches) {
            ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, s->at_path,
                                  CH_STR("more rules match than are listed"));
            return CALLBACK_ABORT;
        }
        return CALLBACK_CONTINUE;
    case CALLBACK_MSG_TOO_MANY_MATCHES: /* the string counts no more: what needs it may not match */
        s->hit_paths.all = true;
        if (s->at_path.ptr != NULL) {
            ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, s->at_path,
                                  CH_STR("a string of a rule matches too often"));
        }
        return CALLBACK_CONTINUE;
    case CALLBACK_MSG_IMPORT_MODULE: /* none compiles; one more lock */
        return CALLBACK_ERROR;
    default:
        return CALLBACK_CONTINUE;
    }
}

/* --- one scan --- */

static int run(struct ch_rules_scan *s, enum rule_set_kind kind, struct ch_str path,
               struct ch_str bytes, bool code)
{
    s->at_path = path;
    s->at_bytes = bytes;
    s->at_code = code;
    s->written = 0;
    yr_scanner_set_timeout(s->scanner[kind], (int)ch_limits.rules_scan_s);
    return yr_scanner_scan_mem(s->scanner[kind],
                               bytes.len > 0 ? (const uint8_t *)bytes.ptr : (const uint8_t *)"",
                               bytes.len);
}

static void scan_one(struct ch_rules_scan *s, enum rule_set_kind kind, struct ch_str path,
                     struct ch_str bytes, bool code)
{
    int rc = run(s, kind, path, bytes, code);
    if (rc == ERROR_SCAN_TIMEOUT) {
        ch_scan_write_finding(s->out, CH_F_RULE_TIMEOUT, path, CH_STR("rules"));
    } else if (rc != ERROR_SUCCESS) { /* memory, a regular expression out of bounds, ... */
        char evidence[64];
        int n = snprintf(evidence, sizeof(evidence), "libyara gave up (error %d)", rc);
        ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, path,
                              (struct ch_str){evidence, (size_t)n});
    }
}

/* --- the batch --- */

static void drop_batch(struct ch_rules_scan *s)
{
    for (size_t i = 0; i < s->joined_count; i++) {
        free(s->joined[i].path);
    }
    s->joined_count = 0;
    ch_buf_clear(&s->batch);
}

static void look_at_batch(struct ch_rules_scan *s)
{
    if (s->joined_count == 0) {
        return;
    }
    struct ch_str all = ch_buf_str(&s->batch);
    int rc = run(s, SET_TEXT, (struct ch_str){NULL, 0}, all, true);
    if (rc != ERROR_SUCCESS) { /* it came to no end: each file may, or says that it does not */
        s->hit_paths.all = true;
    }
    for (size_t i = 0; i < s->joined_count; i++) {
        const struct joined *j = &s->joined[i];
        if (globs_take(&s->hit_paths, ch_str_of(j->path))) {
            scan_one(s, SET_TEXT, ch_str_of(j->path), ch_str_sub(all, j->at, j->len), true);
        }
    }
    globs_done(&s->hit_paths);
    drop_batch(s);
}

/* False when it is too large to be joined with others. */
static bool join(struct ch_rules_scan *s)
{
    struct ch_str bytes = ch_buf_str(&s->bytes);
    if (bytes.len + 1 > ch_limits.rules_batch_bytes) {
        return false;
    }
    if (s->batch.len + bytes.len + 1 > ch_limits.rules_batch_bytes) {
        look_at_batch(s);
    }
    s->joined = ch_realloc_array(s->joined, s->joined_count + 1, sizeof(*s->joined));
    s->joined[s->joined_count++] = (struct joined){
        .path = ch_str_dup(ch_buf_str(&s->path)), .at = s->batch.len, .len = bytes.len};
    ch_buf_puts(&s->batch, bytes);
    ch_buf_putc(&s->batch, '\n'); /* no word goes on in the next file */
    CH_ASSERT(!s->batch.failed);
    return true;
}

/* --- interface --- */

struct ch_rules_scan *ch_rules_scan_new(struct ch_scan_writer *out)
{
    struct ch_rules_scan *s = ch_calloc(1, sizeof(*s));
    s->out = out;
    ch_buf_init(&s->path, (size_t)ch_limits.member_path_bytes + 1);
    ch_buf_init(&s->bytes, (size_t)ch_limits.rules_text_bytes);
    ch_buf_init(&s->batch, (size_t)ch_limits.rules_batch_bytes);
    for (size_t i = 0; rules_loaded != NULL && i < SET_COUNT; i++) {
        const struct rule_set *set = &rules_loaded->set[i];
        if (set->rules == NULL) {
            continue;
        }
        /* memory is all that it takes */
        CH_ASSERT(yr_scanner_create(set->rules, &s->scanner[i]) == ERROR_SUCCESS);
        yr_scanner_set_callback(s->scanner[i], on_scan, s);
        /* a crash of libyara's is to be seen as one: it is the jail that catches it */
        yr_scanner_set_flags(s->scanner[i], SCAN_FLAGS_FAST_MODE | SCAN_FLAGS_NO_TRYCATCH |
                                                SCAN_FLAGS_REPORT_RULES_MATCHING);
        s->noted[i] = ch_calloc(set->count + 1, sizeof(*s->noted[i]));
    }
    return s;
}

void ch_rules_scan_free(struct ch_rules_scan *s)
{
    if (s == NULL) {
        return;
    }
    drop_batch(s);
    for (size_t i = 0; i < SET_COUNT; i++) {
        if (s->scanner[i] != NULL) {
            yr_scanner_destroy(s->scanner[i]);
        }
        free(s->noted[i]);
    }
    free(s->joined);
    globs_done(&s->hit_paths);
    ch_buf_done(&s->path);
    ch_buf_done(&s->bytes);
    ch_buf_done(&s->batch);
    free(s);
}

void ch_rules_scan_member(struct ch_rules_scan *s, struct ch_str path)
{
    ch_buf_clear(&s->path);
    ch_buf_clear(&s->bytes);
    ch_buf_puts(&s->path, path);
    s->size_bytes = 0;
    s->code = globs_is_code(path);
    s->begun = false;
    for (size_t i = 0; i < SET_COUNT; i++) {
        s->applies[i] =
            s->scanner[i] != NULL && globs_take(&rules_loaded->set[i].paths, path);
        s->begun = s->begun || s->applies[i];
    }
}

void ch_rules_scan_add(struct ch_rules_scan *s, struct ch_str bytes)
{
    if (!s->begun) {
        return;
    }
    if (s->size_bytes == 0 && ch_str_starts(bytes, CH_STR("#!"))) {
        s->code = true;
    }
    s->size_bytes += bytes.len;
    uint64_t max = s->code ? ch_limits.rules_text_bytes : ch_limits.rules_small_bytes;
    if (s->bytes.len < max) {
        ch_buf_puts(&s->bytes, ch_str_sub(bytes, 0, (size_t)(max - s->bytes.len)));
    }
}

void ch_rules_scan_member_end(struct ch_rules_scan *s)
{
    if (!s->begun) {
        return;
    }
    s->begun = false;
    struct ch_str path = ch_buf_str(&s->path);
    struct ch_str bytes = ch_buf_str(&s->bytes);
    if (s->code && s->size_bytes > bytes.len) {
        ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, path,
                              CH_STR("more source than is looked at"));
    } else if (!s->code && s->size_bytes > bytes.len) {
        bytes = ch_str_sub(bytes, 0, (size_t)ch_limits.rules_head_bytes);
    }
    for (size_t i = 0; i < SET_COUNT; i++) {
        if (s->applies[i] && !(i == SET_TEXT && s->code && join(s))) {
            scan_one(s, (enum rule_set_kind)i, path, bytes, s->code);
        }
    }
}

void ch_rules_scan_end(struct ch_rules_scan *s)
{
    look_at_batch(s);
    s->begun = false;
}
