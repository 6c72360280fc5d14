/* Reads archives given as paths, by either opinion, and says what was found and what it took:
 *   inspect_archives both|first|second sdist|tar|zip FILE...
 * For measuring and for trying real archives; exit status 1 when one has findings other than notes
 * or the two opinions differ. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "scan_run.h"
#include "scanner/unpack/kind.h"
#include "scanner/unpack/tar.h"

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool clean(const struct scan_run *r)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->records[i].type == CH_REC_FINDING &&
            ch_finding_row((uint32_t)r->records[i].u.finding.code)->cls != CH_CLASS_NOTE) {
            return false;
        }
    }
    return true;
}

static enum ch_code first_opinion(const struct ch_scan_job *job, const struct ch_input *in,
                                  struct ch_scan_writer *out, struct ch_err *err)
{
    bool complete = false;
    struct ch_archive_kind kind = ch_archive_kind_of(job, in);
    if (!ch_str_eq(job->profile, CH_STR("sdist")) || kind.format != CH_ARCHIVE_TAR) {
        return ch_archive_inspect(job, in, out, err);
    }
    return ch_tar_walk(in, kind.packing, &ch_tar_profile_sdist, out, NULL, NULL, &complete, err);
}

static bool inspect(const char *mode, const char *profile, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(path);
        exit(2);
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    struct ch_scan_job job = {.ecosystem = CH_STR("archive"), .profile = ch_str_of(profile)};
    struct ch_str bytes = {p, (size_t)st.st_size};
    struct scan_run first = {0};
    struct scan_run second = {0};
    if (strcmp(mode, "second") != 0) {
        scan_run(&first, first_opinion, &job, bytes);
    }
    if (strcmp(mode, "first") != 0) {
        scan_run(&second, ch_second_opinion, &job, bytes);
    }
    bool ok = clean(&first) && clean(&second);
    if (first.count > 0 && second.count > 0 && !scan_run_same_members(&first, &second)) {
        printf("the opinions differ\n");
        ok = false;
    }
    if (!ok) {
        printf("%s\n", path);
        fflush(stdout);
    }
    scan_run_print(&first);
    scan_run_print(&second);
    scan_run_done(&first);
    scan_run_done(&second);
    munmap(p, (size_t)st.st_size);
    close(fd);
    return ok;
}

int main(int argc, char **argv)
{
    struct rusage usage;
    int bad = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: inspect_archives both|first|second sdist|tar|zip FILE...\n");
        return 2;
    }
    double wall = seconds(CLOCK_MONOTONIC);
    for (int i = 3; i < argc; i++) {
        bad += !inspect(argv[1], argv[2], argv[i]);
    }
    wall = seconds(CLOCK_MONOTONIC) - wall;
    getrusage(RUSAGE_SELF, &usage);
    printf("%d archives, %d with findings, %.3f s, %.3f s CPU, at most %ld MiB\n", argc - 3, bad,
           wall, seconds(CLOCK_PROCESS_CPUTIME_ID), usage.ru_maxrss / 1024);
    return bad > 0;
}
