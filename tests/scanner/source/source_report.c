/* What the source checks say about files: for measuring their precision. Names come on standard input,
 * one a line, as "PLACE PATH" (PLACE: none, import, install, start, test) or as a path alone (import).
 * With --whole, no source is passed over. Prints "NAME CLASS SEVERITY PATH EVIDENCE" a finding, the capabilities, and the rate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/source/source.h"

static bool whole; /* all sources go through the model */

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static enum ch_code_place place_of(char **path)
{
    static const char *const names[] = {"none ", "import ", "install ", "start ", "test "};
    for (size_t i = 0; i < CH_ARRAY_LEN(names); i++) {
        if (strncmp(*path, names[i], strlen(names[i])) == 0) {
            *path += strlen(names[i]);
            return (enum ch_code_place)i;
        }
    }
    return CH_PLACE_IMPORT;
}

static void print_findings(int fd)
{
    size_t size = (size_t)lseek(fd, 0, SEEK_END);
    char *stream = ch_alloc(size + 1);
    CH_ASSERT(pread(fd, stream, size, 0) == (ssize_t)size);
    struct ch_scan_reader r;
    struct ch_scan_record rec;
    struct ch_err err;
    ch_scan_reader_init(&r, (struct ch_str){stream, size});
    while (ch_scan_read(&r, &rec, &err) == CH_OK) {
        if (rec.type == CH_REC_FINDING) {
            const struct ch_finding_row *row = ch_finding_row((uint32_t)rec.u.finding.code);
            printf("%s %s %s %.*s %.*s\n", row->name, ch_finding_class_name(row->cls),
                   ch_severity_name(row->severity), CH_STR_ARG(rec.u.finding.member),
                   CH_STR_ARG(rec.u.finding.evidence));
        } else if (rec.type == CH_REC_FACT) {
            printf("fact %.*s %.*s\n", CH_STR_ARG(rec.u.fact.name), CH_STR_ARG(rec.u.fact.value));
        }
    }
    free(stream);
}

/* One file as an artifact of its own, so that no count of another hides its findings. */
static double see(char *path, enum ch_code_place place)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    CH_ASSERT(fseek(f, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(f);
    rewind(f);
    char *bytes = ch_alloc(size + 1);
    CH_ASSERT(fread(bytes, 1, size, f) == size);
    fclose(f);
    int fd = memfd_create("answer", MFD_CLOEXEC);
    CH_ASSERT(fd >= 0);
    struct ch_scan_writer *w = ch_scan_writer_new(fd, ch_limits.scan_output_bytes);
    double begun_s = now_s();
    struct ch_source *s = ch_source_new(w);
    if (whole) {
        ch_source_whole(s);
    }
    ch_source_see(s, ch_str_of(path), place, (struct ch_str){bytes, size});
    ch_source_end(s);
    ch_source_free(s);
    double spent_s = now_s() - begun_s;
    CH_ASSERT(ch_scan_write_end(w, &sha256, size, &err) == CH_OK);
    ch_scan_writer_free(w);
    print_findings(fd);
    close(fd);
    free(bytes);
    return spent_s;
}

int main(int argc, char **argv)
{
    whole = argc > 1 && strcmp(argv[1], "--whole") == 0;
    char line[4096];
    double spent_s = 0;
    double bytes = 0;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        char *path = line;
        path[strcspn(path, "\n")] = '\0';
        enum ch_code_place place = place_of(&path);
        spent_s += see(path, place);
        FILE *f = fopen(path, "rb");
        if (f != NULL && fseek(f, 0, SEEK_END) == 0) {
            bytes += (double)ftell(f);
        }
        if (f != NULL) {
            fclose(f);
        }
    }
    fprintf(stderr, "%.1f MB, %.3f s of CPU: %.1f MB/s\n", bytes / 1e6, spent_s,
            bytes / 1e6 / spent_s);
    return 0;
}
