/* The jails of the house: what they answer is written in the bytes that they read. And fetches that
 * it holds back until the test lets them go. */
#include "house_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAY_US (86400 * 1000000LL)

static struct ch_str word_of(struct ch_str *line)
{
    struct ch_str w;
    *line = ch_str_trim(*line);
    return ch_str_split(line, ' ', &w) ? w : (struct ch_str){NULL, 0};
}

/* What a channel's record says of NAME-VERSION-BUILD.conda: `text` has it. `more`: the line's
 * "depends:NAME" and "license:NAME". */
static void own_record(struct ch_index_file *f, struct ch_str more, struct ch_buf *text)
{
    size_t word;
    struct ch_str depends = {NULL, 0}, license = {NULL, 0};
    if (ch_str_find(more, CH_STR("depends:"), &word)) {
        struct ch_str rest = ch_str_sub(more, word + 8, more.len);
        depends = word_of(&rest);
    }
    if (ch_str_find(more, CH_STR("license:"), &word)) {
        struct ch_str rest = ch_str_sub(more, word + 8, more.len);
        license = word_of(&rest);
    }
    struct ch_str *parts[] = {&f->build, &f->version, &f->project};
    struct ch_str stem = ch_str_sub(f->file_name, 0, f->file_name.len - 6);
    for (size_t i = 0; i < CH_ARRAY_LEN(parts); i++) {
        size_t at = stem.len;
        while (i < 2 && at > 0 && stem.ptr[at - 1] != '-') {
            at--;
        }
        *parts[i] = i < 2 ? ch_str_sub(stem, at, stem.len) : stem;
        stem = ch_str_sub(stem, 0, at - 1);
    }
    ch_buf_printf(text, "{\"build\":\"%.*s\",\"depends\":[", CH_STR_ARG(f->build));
    if (depends.len > 0) {
        ch_buf_printf(text, "\"%.*s\"", CH_STR_ARG(depends));
    }
    ch_buf_puts(text, CH_STR("],"));
    if (license.len > 0) {
        ch_buf_printf(text, "\"license\":\"%.*s\",", CH_STR_ARG(license));
    }
    ch_buf_printf(text, "\"name\":\"%.*s\",\"version\":\"%.*s\"}", CH_STR_ARG(f->project),
                  CH_STR_ARG(f->version));
    f->record = ch_buf_str(text);
}

static void scan_page_line(struct ch_scan_writer *w, struct ch_str line)
{
    char url[256];
    uint64_t days = 0, size = 0;
    struct ch_str name = word_of(&line), hash = word_of(&line), bytes = word_of(&line);
    struct ch_str age = word_of(&line);
    snprintf(url, sizeof(url), "https://up.example.org/files/%.*s", CH_STR_ARG(name));
    struct ch_index_file f = {.file_name = name, .url = ch_str_of(url)};
    CH_IGNORE(!ch_sha256_from_hex(hash, &f.sha256));
    f.size_bytes = ch_str_u64(bytes, &size) ? size : CH_SIZE_UNKNOWN;
    f.uploaded_at_us =
        ch_str_u64(age, &days) ? ch_now_unix_us() - (int64_t)days * DAY_US : CH_TIME_UNKNOWN;
    f.yanked = ch_str_find(line, CH_STR("yanked"), NULL);
    size_t at;
    if (ch_str_find(line, CH_STR("md5:"), &at)) {
        CH_ASSERT(ch_alias_from_hex(CH_HASH_MD5, ch_str_sub(line, at + 4, at + 36), &f.alias));
    }
    if (ch_str_find(line, CH_STR("sha512:"), &at)) {
        CH_ASSERT(ch_alias_from_hex(CH_HASH_SHA512, ch_str_sub(line, at + 7, at + 135), &f.alias));
    }
    if (ch_str_find(line, CH_STR("of:"), &at)) {
        struct ch_str rest = ch_str_sub(line, at + 3, line.len);
        f.version = word_of(&rest);
        CH_ASSERT(ch_str_split(&f.version, '=', &f.project));
    }
    if (ch_str_find(line, CH_STR("python:"), &at)) {
        struct ch_str rest = ch_str_sub(line, at + 7, line.len);
        f.requires_python = word_of(&rest);
    }
    f.sidecar = ch_str_find(line, CH_STR("sidecar"), NULL) ? CH_SIDECAR_YES : CH_SIDECAR_NONE;
    if (ch_str_find(line, CH_STR("sidecar:"), &at)) {
        struct ch_str hex = ch_str_sub(line, at + 8, at + 8 + CH_SHA256_HEX);
        CH_ASSERT(ch_sha256_from_hex(hex, &f.sidecar_sha256));
        f.sidecar = CH_SIDECAR_HASHED;
    }
    struct ch_buf record;
    ch_buf_init(&record, 4096);
    if (ch_str_ends(name, CH_STR(".conda"))) {
        own_record(&f, line, &record);
    }
    ch_scan_write_index_file(w, &f);
    ch_buf_done(&record);
}

static void scan_page(struct ch_scan_writer *w, struct ch_str text)
{
    struct ch_index_head head = {.states_times = true};
    struct ch_str line, rest = text;
    if (ch_str_find(text, CH_STR("status quarantined"), NULL)) {
        head.status = CH_STATUS_QUARANTINED;
        head.states_status = true;
    }
    if (ch_str_starts(text, CH_STR("serial ")) && ch_str_split(&rest, '\n', &line)) {
        CH_ASSERT(ch_str_u64(ch_str_sub(line, 7, line.len), &head.serial));
    }
    ch_scan_write_index_head(w, &head);
    while (ch_str_split(&text, '\n', &line)) {
        if (line.len > 0 && !ch_str_starts(line, CH_STR("status")) &&
            !ch_str_starts(line, CH_STR("serial"))) {
            scan_page_line(w, line);
        }
    }
}

/* "fact:NAME=VALUE;", where "|" in a value stands for ";" */
static void scan_facts(struct ch_scan_writer *w, struct ch_str text)
{
    size_t at, end, equals;
    struct ch_buf value;
    ch_buf_init(&value, 1u << 20);
    while (ch_str_find(text, CH_STR("fact:"), &at)) {
        text = ch_str_sub(text, at + 5, text.len);
        CH_ASSERT(ch_str_find_char(text, ';', &end));
        struct ch_str fact = ch_str_sub(text, 0, end);
        CH_ASSERT(ch_str_find_char(fact, '=', &equals));
        ch_buf_clear(&value);
        for (size_t i = equals + 1; i < fact.len; i++) {
            ch_buf_putc(&value, fact.ptr[i] == '|' ? ';' : fact.ptr[i]);
        }
        ch_scan_write_fact(w, ch_str_sub(fact, 0, equals), ch_buf_str(&value));
    }
    ch_buf_done(&value);
}

/* "irregular-under:RULES" and "attack-under:RULES": what only those rules find. */
static bool found_under(const struct house *h, const char *what, struct ch_str text)
{
    char word[128];
    snprintf(word, sizeof(word), "%s-under:%s;", what, h->rules != NULL ? h->rules : "none");
    return ch_str_find(text, ch_str_of(word), NULL);
}

static void scan_artifact(struct house *h, struct ch_scan_writer *w, struct ch_str text,
                          bool second)
{
    size_t at;
    struct ch_member m = {.path = CH_STR("a.py"),
                          .type = CH_MEMBER_FILE,
                          .size_bytes = text.len,
                          .sha256 = ch_sha256_of(text.ptr, text.len)};
    if (second && ch_str_find(text, CH_STR("differs"), NULL)) {
        m.path = CH_STR("b.py");
    }
    ch_scan_write_member(w, &m);
    if (second && found_under(h, "attack", text)) {
        ch_scan_write_finding(w, CH_F_DIRECT_REFERENCE, CH_STR("a.py"), CH_STR("by a rule"));
    }
    if (second && found_under(h, "irregular", text)) {
        ch_scan_write_finding(w, CH_F_ZIP_CRC, CH_STR("a.py"), CH_STR("by a rule"));
    }
    if (!second) {
        scan_facts(w, text);
    }
    if (ch_str_find(text, CH_STR("-under:"), NULL)) {
        return; /* the other words are part of those */
    }
    if (!second && ch_str_find(text, CH_STR("attack"), NULL)) {
        ch_scan_write_finding(w, CH_F_DIRECT_REFERENCE, CH_STR("a.py"), CH_STR("bad"));
    }
    if (!second && ch_str_find(text, CH_STR("irregular"), NULL)) {
        ch_scan_write_finding(w, CH_F_ZIP_CRC, CH_STR("a.py"), CH_STR("odd"));
    }
    if (!second && ch_str_find(text, CH_STR("meta:"), &at)) {
        ch_scan_write_metadata(w, ch_str_sub(text, at + 5, text.len));
    }
}

static void scan_metadata(struct ch_scan_writer *w, struct ch_str text)
{
    scan_facts(w, text);
    if (ch_str_find(text, CH_STR("direct"), NULL)) {
        ch_scan_write_finding(w, CH_F_DIRECT_REFERENCE, CH_STR("METADATA"), CH_STR("x @ y"));
    }
    ch_scan_write_metadata(w, text);
}

/* The tail: "metadata-at N" in the page language of this house: what follows "TAIL:" is metadata.
 */
static void scan_tail(struct ch_scan_writer *w, struct ch_str text)
{
    size_t at;
    if (ch_str_find(text, CH_STR("TAIL:"), &at)) {
        scan_metadata(w, ch_str_sub(text, at + 5, text.len));
    }
}

void house_answer_scan(struct house *h, int which, const struct ch_scan_job *job, int in, int out)
{
    struct ch_err err;
    struct ch_buf text;
    struct ch_scanned answer = {.job = job->id,
                                .outcome = CH_SCAN_DONE,
                                .cpu_us = which == 0 ? 1000 : 2000,
                                .wall_us = 1,
                                .max_rss_bytes = which == 0 ? 1 << 20 : 2 << 20};
    if (which == 1) {
        answer.ruleset = h->answered_rules;
    }
    ch_buf_init(&text, 64u << 20);
    CH_ASSERT(jobs_read_all(in, &text, &err) == CH_OK);
    struct ch_str s = ch_buf_str(&text);
    struct ch_scan_writer *w = ch_scan_writer_new(out, job->output_max_bytes);
    struct ch_sha256 digest = ch_sha256_of(s.len > 0 ? s.ptr : "", s.len);
    if (job->kind == CH_SCAN_INDEX || job->kind == CH_SCAN_DETAILS) {
        scan_page(w, s);
    } else if (job->kind == CH_SCAN_ARTIFACT) {
        scan_artifact(h, w, s, which == 1);
    } else if (job->kind == CH_SCAN_METADATA) {
        scan_metadata(w, s);
    } else if (job->kind == CH_SCAN_TAIL) {
        scan_tail(w, s);
    }
    CH_ASSERT(ch_scan_write_end(w, &digest, s.len, &err) == CH_OK);
    ch_scan_writer_free(w);
    if (which == 0 && job->kind == CH_SCAN_ARTIFACT && ch_str_find(s, CH_STR("crash"), NULL)) {
        answer.outcome = CH_SCAN_KILLED;
        answer.signal = 11;
    }
    if (which == 0 && h->kill_scans > 0) {
        h->kill_scans--;
        answer.outcome = CH_SCAN_INTERRUPTED;
        answer.signal = 9;
    } else if (which == 0 && h->starve_scans > 0) {
        h->starve_scans--;
        answer.outcome = CH_SCAN_STARVED;
        answer.signal = 9;
        answer.cpu_us = 12300000;
        answer.wall_us = 900400000;
    }
    ch_buf_done(&text);
    close(in);
    close(out);
    struct ch_buf b;
    ch_buf_init(&b, 8u << 10);
    ch_scanned_put(&b, &answer);
    CH_ASSERT(ch_channel_send(h->scanner[which], CH_MSG_SCANNED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_tell_rules(struct house *h)
{
    struct ch_rules_loaded m = {.rule_count = 1, .ruleset = h->answered_rules};
    struct ch_buf b;
    if (h->rules == NULL) {
        return;
    }
    ch_buf_init(&b, 64);
    ch_rules_loaded_put(&b, &m);
    CH_ASSERT(ch_channel_send(h->scanner[1], CH_MSG_RULES, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_rules(struct house *h, const char *name)
{
    h->rules = name;
    h->answered_rules = ch_sha256_of(name, strlen(name));
    house_tell_rules(h);
}

/* ------------------------------------------------------------------ what the fetcher holds back */

bool house_keep_fetch(struct house *h, const struct ch_fetch *f, struct ch_frame *frame)
{
    if (h->hold == HOLD_NONE || (h->hold == HOLD_FILES &&
                                 !ch_str_starts(f->url, CH_STR("https://up.example.org/files/")))) {
        return false;
    }
    CH_ASSERT(h->held_count < HOUSE_HELD_MAX);
    struct held *held = &h->held[h->held_count++];
    ch_buf_init(&held->payload, 64u << 10);
    ch_buf_puts(&held->payload, frame->payload);
    held->fd = ch_frame_take_fd(frame, 0);
    return true;
}

static struct ch_fetch fetch_of(const struct held *held)
{
    struct ch_fetch f;
    struct ch_err err;
    CH_ASSERT(ch_fetch_get(ch_buf_str(&held->payload), &f, &err) == CH_OK);
    return f;
}

void house_cancel_held(struct house *h, struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    uint64_t job = ch_get_u64(&r);
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0 && fetch_of(&h->held[i]).job == job) {
            close(h->held[i].fd);
            h->held[i].fd = -1;
            h->held[i].cancelled = true;
        }
    }
}

void house_drop_held(struct house *h)
{
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0) {
            close(h->held[i].fd);
        }
        ch_buf_done(&h->held[i].payload);
    }
}

int house_held(const struct house *h, const char *in_url)
{
    for (size_t i = 0; i < h->held_count; i++) {
        if (h->held[i].fd >= 0 && ch_str_find(fetch_of(&h->held[i]).url, ch_str_of(in_url), NULL)) {
            return (int)i;
        }
    }
    return -1;
}

size_t house_holds(const struct house *h)
{
    size_t n = 0;
    for (size_t i = 0; i < h->held_count; i++) {
        n += h->held[i].fd >= 0;
    }
    return n;
}

void house_let_go(struct house *h, int held)
{
    CH_ASSERT(held >= 0 && h->held[held].fd >= 0); /* -1: the keeper gave it up */
    struct ch_fetch f = fetch_of(&h->held[held]);
    int fd = h->held[held].fd;
    h->held[held].fd = -1;
    house_answer_fetch(h, &f, fd);
}

void house_progress(struct house *h, int held, uint64_t bytes)
{
    house_progress_of(h, held, bytes, CH_SIZE_UNKNOWN);
}

void house_progress_of(struct house *h, int held, uint64_t bytes, uint64_t total_bytes)
{
    struct ch_fetch_progress p = {fetch_of(&h->held[held]).job, bytes, total_bytes};
    struct ch_buf b;
    ch_buf_init(&b, 1024);
    ch_fetch_progress_put(&b, &p);
    CH_ASSERT(ch_channel_send(h->fetcher, CH_MSG_FETCH_PROGRESS, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_tell(struct house *h, uint64_t ask, int what)
{
    if (ask < HOUSE_TOLD_MAX) {
        h->told[ask] = (uint16_t)(what + 1);
    }
}

int house_told(const struct house *h, uint64_t ask)
{
    return ask < HOUSE_TOLD_MAX ? (int)h->told[ask] - 1 : -1;
}
