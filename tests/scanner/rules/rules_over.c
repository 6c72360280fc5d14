/* Runs the rules over the files of folders, as members of one artifact each, and lists what matches:
 * for whoever writes a rule, and to measure.
 *     rules_over [-w] [-r RULES.yar]... FOLDER...
 * One line per finding; how many bytes in which time at the end. Status 1: a finding above a note.
 * -w: also which of the shipped rules had libyara run over how many files; and whether it finds something
 * in a file that it would not have run over, which is a mistake of the gate (status 3). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "gate_check.h"

static uint64_t files;
static uint64_t bytes_seen;
static double seconds;
static bool above_note;
static bool why; /* -w */
static bool lost;
static uint64_t opened[SET_COUNT][1024]; /* by rule */
static uint64_t files_opened;
static uint64_t files_second;

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool read_whole(const char *path, struct ch_buf *ret)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return false;
    }
    static char piece[1 << 16];
    size_t n;
    while ((n = fread(piece, 1, sizeof(piece), f)) > 0) {
        ch_buf_put(ret, piece, n);
    }
    fclose(f);
    return !ret->failed;
}

static void see_why(const char *path, struct ch_str bytes)
{
    bool any = false;
    bool second = false;
    struct gate_look *look = gate_look_new(rules_loaded->gate);
    gate_look(look, bytes);
    for (enum rule_set_kind kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &rules_loaded->set[kind];
        for (size_t i = 0; i < set->count && i < 1024; i++) {
            if (gate_may_match_at_first(look, kind, i) &&
                globs_take(&set->meta[i].paths, ch_str_of(path))) {
                bool may = gate_may_match(look, kind, i);
                second = true;
                opened[kind][i] += may ? 1 : 0;
                any = any || may;
            }
        }
    }
    files_opened += any ? 1 : 0;
    files_second += second ? 1 : 0;
    gate_look_free(look);
    const char *rule = gate_check(bytes);
    if (rule != NULL) {
        printf("LOST %s: %s\n", path, rule);
        lost = true;
    }
}

static void print_why(void)
{
    for (enum rule_set_kind kind = SET_TEXT; kind <= SET_BINARY; kind++) {
        const struct rule_set *set = &rules_loaded->set[kind];
        for (size_t i = 0; i < set->count && i < 1024; i++) {
            const char *name = set->rules->rules_table[i].identifier;
            if (opened[kind][i] > 0 || gate_always(rules_loaded->gate, kind, i)) {
                fprintf(stderr, "%8llu files for %s%s\n", (unsigned long long)opened[kind][i], name,
                        gate_always(rules_loaded->gate, kind, i) ? " (asks nothing)" : "");
            }
        }
    }
    fprintf(stderr, "%8llu files of %llu for any; over %llu goes the gate's second search\n",
            (unsigned long long)files_opened, (unsigned long long)files,
            (unsigned long long)files_second);
}

static void see(struct ch_rules_scan *s, const char *path)
{
    struct ch_buf b;
    ch_buf_init(&b, (size_t)1 << 31);
    if (read_whole(path, &b)) {
        double before = cpu_s();
        ch_rules_scan_member(s, ch_str_of(path));
        ch_rules_scan_add(s, ch_buf_str(&b));
        ch_rules_scan_member_end(s);
        seconds += cpu_s() - before;
        files++;
        if (why) {
            see_why(path, ch_buf_str(&b));
        }
        bytes_seen += b.len;
    }
    ch_buf_done(&b);
}

static void walk(struct ch_rules_scan *s, const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return;
    }
    if (S_ISREG(st.st_mode)) {
        see(s, path);
        return;
    }
    DIR *d = S_ISDIR(st.st_mode) ? opendir(path) : NULL;
    struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        char inner[4096];
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            snprintf(inner, sizeof(inner), "%s/%s", path, e->d_name) < (int)sizeof(inner)) {
            walk(s, inner);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
}

static void print_findings(int fd)
{
    off_t len = lseek(fd, 0, SEEK_END);
    void *map = len > 0 ? mmap(NULL, (size_t)len, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (map == MAP_FAILED) {
        return;
    }
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    ch_scan_reader_init(&r, (struct ch_str){map, (size_t)len});
    while (ch_scan_read(&r, &rec, NULL) == CH_OK) {
        if (rec.type == CH_REC_FINDING) {
            const struct ch_finding_row *row = ch_finding_row((uint32_t)rec.u.finding.code);
            above_note = above_note || row->cls != CH_CLASS_NOTE;
            printf("%s %.*s: %.*s\n", row->name, CH_STR_ARG(rec.u.finding.member),
                   CH_STR_ARG(rec.u.finding.evidence));
        }
    }
    munmap(map, (size_t)len);
}

static bool over(const char *folder)
{
    struct ch_err err;
    int fd = memfd_create("answer", MFD_CLOEXEC);
    struct ch_scan_writer *out = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    struct ch_rules_scan *s = ch_rules_scan_new(out, (struct ch_str){NULL, 0});
    walk(s, folder);
    ch_rules_scan_free(s);
    struct ch_sha256 none = {{0}};
    enum ch_code rc = ch_scan_write_end(out, &none, 0, &err);
    ch_scan_writer_free(out);
    if (rc == CH_OK) {
        print_findings(fd);
    } else {
        fprintf(stderr, "%s: %s\n", folder, err.msg);
    }
    close(fd);
    return rc == CH_OK;
}

int main(int argc, char **argv)
{
    struct ch_rule_text texts[16];
    struct ch_buf bufs[16];
    size_t count = 0;
    struct ch_err err;
    int at = 1;
    if (at < argc && strcmp(argv[at], "-w") == 0) {
        why = true;
        at++;
    }
    for (; at + 1 < argc && strcmp(argv[at], "-r") == 0 && count < 16; at += 2) {
        ch_buf_init(&bufs[count], (size_t)ch_limits.rules_file_bytes);
        if (!read_whole(argv[at + 1], &bufs[count])) {
            fprintf(stderr, "%s: cannot be read\n", argv[at + 1]);
            return 2;
        }
        texts[count] = (struct ch_rule_text){ch_str_of(argv[at + 1]), ch_buf_str(&bufs[count])};
        count++;
    }
    double before = cpu_s();
    if (ch_rules_load(texts, count, &err) != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    fprintf(stderr, "%zu rules compiled in %.0f ms\n", ch_rules_count(), 1e3 * (cpu_s() - before));
    ch_limits.findings = 100000;
    bool ok = true;
    for (; at < argc; at++) {
        ok = over(argv[at]) && ok;
    }
    fprintf(stderr, "%llu files, %.1f MB in %.2f s of CPU: %.0f MB/s\n", (unsigned long long)files,
            (double)bytes_seen / 1e6, seconds, (double)bytes_seen / 1e6 / (seconds > 0 ? seconds : 1e-9));
    if (why) {
        print_why();
    }
    ch_rules_unload();
    for (size_t i = 0; i < count; i++) {
        ch_buf_done(&bufs[i]);
    }
    return !ok ? 2 : lost ? 3 : above_note ? 1 : 0;
}
