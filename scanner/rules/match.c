/* Matching the members of one artifact, each by itself. libyara runs over few of them: the gate
 * (gate.h) says of which the shipped rules may be. The site's rules see every one, and more of it.
 */
#include "rules_int.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "customhouse/limits.h"
#include "gate.h"
#include "scanner/content/native.h"

struct ch_rules_scan {
    struct ch_scan_writer *out;
    struct ch_str platform;         /* borrowed: a wheel's tag; absent when none */
    YR_SCANNER *scanner[SET_COUNT]; /* NULL: an empty set */
    bool *noted[SET_COUNT];         /* by rule: a note was written, which is enough for an artifact */
    /* the member at hand */
    struct ch_buf path;
    struct ch_buf bytes; /* as much of it as is looked at */
    uint64_t size_bytes; /* of all of it, so far */
    bool begun;
    bool code;
    bool applies[SET_COUNT];
    struct gate_look *look;
    /* the scan at hand */
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

static int on_scan(YR_SCAN_CONTEXT *context, int message, void *data, void *user)
{
    struct ch_rules_scan *s = user;
    switch (message) {
    case CALLBACK_MSG_RULE_MATCHING:
        write_match(s, context, data);
        if (s->written >= ch_limits.rules_matches) {
            ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, s->at_path,
                                  CH_STR("more rules match than are listed"));
            return CALLBACK_ABORT;
        }
        return CALLBACK_CONTINUE;
    case CALLBACK_MSG_TOO_MANY_MATCHES: /* the string counts no more: what needs it may not match */
        ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, s->at_path,
                              CH_STR("a string of a rule matches too often"));
        return CALLBACK_CONTINUE;
    case CALLBACK_MSG_IMPORT_MODULE: /* none compiles; one more lock */
        return CALLBACK_ERROR;
    default:
        return CALLBACK_CONTINUE;
    }
}

/* --- one scan --- */

static uint64_t cpu_ms(void)
{
    struct timespec ts;
    CH_ASSERT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts) == 0);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* libyara gives up by the clock on the wall. Where it had less CPU time than that the host was
 * busy, which is no finding: it begins again with twice the time, until whoever waits for the jail
 * ends it. */
static int scan_in_time(YR_SCANNER *scanner, struct ch_str bytes)
{
    uint64_t enough_ms = ch_limits.rules_scan_s * 900; /* nine tenths: the host takes some, too */
    uint64_t longest_s = ch_limits.scan_wall_ms / 1000;
    uint64_t s = ch_limits.rules_scan_s;
    for (;;) {
        uint64_t from_ms = cpu_ms();
        yr_scanner_set_timeout(scanner, (int)s);
        int rc = yr_scanner_scan_mem(
            scanner, bytes.len > 0 ? (const uint8_t *)bytes.ptr : (const uint8_t *)"", bytes.len);
        if (rc != ERROR_SCAN_TIMEOUT || cpu_ms() - from_ms >= enough_ms) {
            return rc;
        }
        s = 2 * s < longest_s ? 2 * s : longest_s;
    }
}

static void scan_one(struct ch_rules_scan *s, enum rule_set_kind kind, struct ch_str path,
                     struct ch_str bytes, bool code)
{
    s->at_path = path;
    s->at_bytes = bytes;
    s->at_code = code;
    s->written = 0;
    int rc = scan_in_time(s->scanner[kind], bytes);
    if (rc == ERROR_SCAN_TIMEOUT) {
        ch_scan_write_finding(s->out, CH_F_RULE_TIMEOUT, path, CH_STR("rules"));
    } else if (rc != ERROR_SUCCESS) { /* memory, a regular expression out of bounds, ... */
        char evidence[64];
        int n = snprintf(evidence, sizeof(evidence), "libyara gave up (error %d)", rc);
        ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, path,
                              (struct ch_str){evidence, (size_t)n});
    }
}

/* Whether it takes libyara to know that no rule of a set matches. */
static bool may_match(struct ch_rules_scan *s, enum rule_set_kind kind, struct ch_str path)
{
    const struct rule_set *set = &rules_loaded->set[kind];
    bool may = kind == SET_SITE;
    for (size_t i = 0; i < set->count && !may; i++) {
        may = gate_may_match_at_first(s->look, kind, i) &&
              globs_take(&set->meta[i].paths, path) && gate_may_match(s->look, kind, i);
    }
    return may;
}

/* --- interface --- */

struct ch_rules_scan *ch_rules_scan_new(struct ch_scan_writer *out, struct ch_str platform)
{
    struct ch_rules_scan *s = ch_calloc(1, sizeof(*s));
    s->out = out;
    s->platform = platform;
    ch_buf_init(&s->path, (size_t)ch_limits.member_path_bytes + 1);
    ch_buf_init(&s->bytes, (size_t)(ch_limits.rules_text_bytes > ch_limits.rules_site_bytes
                                        ? ch_limits.rules_text_bytes
                                        : ch_limits.rules_site_bytes));
    s->look = rules_loaded == NULL ? NULL : gate_look_new(rules_loaded->gate);
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
    for (size_t i = 0; i < SET_COUNT; i++) {
        if (s->scanner[i] != NULL) {
            yr_scanner_destroy(s->scanner[i]);
        }
        free(s->noted[i]);
    }
    gate_look_free(s->look);
    ch_buf_done(&s->path);
    ch_buf_done(&s->bytes);
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
    s->size_bytes += bytes.len;
    while (s->bytes.len < 2 && bytes.len > 0) { /* they may come one by one */
        ch_buf_putc(&s->bytes, bytes.ptr[0]);
        bytes = ch_str_sub(bytes, 1, SIZE_MAX);
    }
    s->code = s->code || ch_str_starts(ch_buf_str(&s->bytes), CH_STR("#!"));
    uint64_t max = s->code                ? ch_limits.rules_text_bytes
                   : s->applies[SET_SITE] ? ch_limits.rules_site_bytes
                                          : ch_limits.rules_small_bytes;
    if (s->bytes.len < max) {
        ch_buf_puts(&s->bytes, ch_str_sub(bytes, 0, (size_t)(max - s->bytes.len)));
    }
}

static void write_partial(struct ch_rules_scan *s, struct ch_str path)
{
    char evidence[80];
    int n = snprintf(evidence, sizeof(evidence), "the first %zu of %llu bytes", s->bytes.len,
                     (unsigned long long)s->size_bytes);
    ch_scan_write_finding(s->out, CH_F_RULE_PARTIAL, path, (struct ch_str){evidence, (size_t)n});
}

/* A program of a compiler's, which the kernel runs as such. Text that only begins like one, or one of
 * another machine, may still be run by a shell: so its headers count, what the wheel is for, and that no
 * suffix gives it to an interpreter. */
static bool is_program(const struct ch_rules_scan *s)
{
    return globs_is_script(ch_buf_str(&s->path)) &&
           native_is_sound_for(ch_buf_str(&s->bytes), s->size_bytes, s->platform);
}

void ch_rules_scan_member_end(struct ch_rules_scan *s)
{
    if (!s->begun) {
        return;
    }
    s->begun = false;
    struct ch_str path = ch_buf_str(&s->path);
    struct ch_str bytes = ch_buf_str(&s->bytes);
    struct ch_str shipped = bytes;
    bool cut = s->size_bytes > bytes.len;
    bool overflow = s->code && cut && !is_program(s);
    if (overflow) {
        ch_scan_write_finding(s->out, CH_F_RULE_OVERFLOW, path,
                              CH_STR("more source than is looked at"));
    }
    if (!s->code && s->size_bytes > ch_limits.rules_small_bytes) {
        shipped = ch_str_sub(bytes, 0, (size_t)ch_limits.rules_head_bytes);
    }
    if (cut && !overflow && s->applies[SET_SITE]) {
        write_partial(s, path);
    }
    gate_look(s->look, shipped);
    for (enum rule_set_kind i = SET_TEXT; i < SET_COUNT; i++) {
        if (s->applies[i] && may_match(s, i, path)) {
            scan_one(s, i, path, i == SET_SITE ? bytes : shipped, s->code);
        }
    }
}
