/* What the source checks say about files: for measuring their precision. Names come on standard
 * input, one a line, as "PLACE PATH" (PLACE: none, import, install, start, test) or as a path alone
 * (import). Each is an artifact of its own; with --together only an empty line ends one. With
 * --names, what they name of other files is printed as well. Prints "NAME CLASS SEVERITY PATH
 * EVIDENCE" a finding, the capabilities, and the rate. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "scanner/source/source.h"

static bool tell_names;

static void on_named(void *arg, struct ch_str path, struct ch_str name, enum ch_named_as as)
{
    static const char *const ways[] = {"module", "program", "code", "folder", "call"};
    (void)arg;
    printf("names %s %.*s: %.*s\n", ways[as], CH_STR_ARG(path), CH_STR_ARG(name));
}

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

struct artifact {
    int fd;
    struct ch_scan_writer *writer;
    struct ch_source *source;
};

static void artifact_begin(struct artifact *a)
{
    a->fd = memfd_create("answer", MFD_CLOEXEC);
    CH_ASSERT(a->fd >= 0);
    a->writer = ch_scan_writer_new(a->fd, ch_limits.scan_output_bytes);
    a->source = ch_source_new(a->writer);
    if (tell_names) {
        ch_source_on_named(a->source, on_named, NULL);
    }
}

static void artifact_end(struct artifact *a)
{
    static const struct ch_sha256 sha256 = {{1}};
    struct ch_err err;
    ch_source_end(a->source);
    ch_source_free(a->source);
    CH_ASSERT(ch_scan_write_end(a->writer, &sha256, 0, &err) == CH_OK);
    ch_scan_writer_free(a->writer);
    print_findings(a->fd);
    close(a->fd);
}

/* The CPU time that it took, in seconds; adds to *bytes. */
static double see(struct artifact *a, char *path, double *bytes)
{
    enum ch_code_place place = place_of(&path);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    CH_ASSERT(fseek(f, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(f);
    rewind(f);
    char *text = ch_alloc(size + 1);
    CH_ASSERT(fread(text, 1, size, f) == size);
    fclose(f);
    double begun_s = now_s();
    ch_source_see(a->source, ch_str_of(path), place, (struct ch_str){text, size});
    double spent_s = now_s() - begun_s;
    free(text);
    *bytes += (double)size;
    return spent_s;
}

int main(int argc, char **argv)
{
    char line[4096];
    double spent_s = 0;
    double bytes = 0;
    bool together = false;
    for (int i = 1; i < argc; i++) {
        tell_names = tell_names || strcmp(argv[i], "--names") == 0;
        together = together || strcmp(argv[i], "--together") == 0;
    }
    struct artifact a;
    artifact_begin(&a);
    while (fgets(line, sizeof(line), stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] != '\0') {
            spent_s += see(&a, line, &bytes);
        }
        if (line[0] == '\0' || !together) { /* so that no count of another hides findings */
            artifact_end(&a);
            artifact_begin(&a);
        }
    }
    double begun_s = now_s();
    artifact_end(&a);
    spent_s += now_s() - begun_s;
    fprintf(stderr, "%.1f MB, %.3f s of CPU: %.1f MB/s\n", bytes / 1e6, spent_s,
            bytes / 1e6 / spent_s);
    return 0;
}
