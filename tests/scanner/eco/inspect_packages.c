/* Inspects wheels, sdists, conda packages and layers of images given as paths, by either opinion, and says what
 * was found and what it took: inspect_packages both|first|second|rules|facts FILE... "rules" is the second opinion
 * with our own rules, "facts" the first one with the facts that policy may speak of, and all of a layer. For measuring and for trying real packages; exit status 1 when one
 * has findings other than notes or the two opinions differ. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/ch_test.h"
#include "scan_run.h"
#include "scanner/eco/conda/package/package.h"
#include "scanner/eco/oci/layer/layer.h"
#include "scanner/eco/pypi/sdist/sdist.h"
#include "scanner/eco/pypi/wheel/wheel.h"
#include "scanner/rules/rules.h"

static const struct kind { /* by the end of the name; the last one: what is left */
    const char *ending, *ecosystem, *profile;
    scan_run_fn *first, *second;
} kinds[] = {
    {".whl", "pypi", "wheel", ch_wheel_inspect, ch_second_opinion},
    {".conda", "conda", "conda", ch_conda_package_inspect, ch_conda_package_second},
    {".layer.tar", "oci", "oci-layer", ch_oci_layer_inspect, ch_oci_layer_second},
    {".layer.tar.gz", "oci", "oci-layer", ch_oci_layer_inspect, ch_oci_layer_second},
    {".layer.tar.zst", "oci", "oci-layer", ch_oci_layer_inspect, ch_oci_layer_second},
    {".tar.bz2", "conda", "conda-tar", ch_conda_package_inspect, ch_conda_package_second},
    {"", "pypi", "sdist", ch_sdist_inspect, ch_second_opinion},
};

static const struct kind *kind_of(const char *path)
{
    const struct kind *k = kinds;
    while (!ch_str_ends(ch_str_of(path), ch_str_of(k->ending))) {
        k++;
    }
    return k;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
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

static void print_facts(const struct scan_run *r, bool all)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct ch_scan_record *rec = &r->records[i];
        if (rec->type == CH_REC_FACT && (all || ch_fact_by_name(rec->u.fact.name) != NULL)) {
            printf("  %.*s: %.*s\n", CH_STR_ARG(rec->u.fact.name), CH_STR_ARG(rec->u.fact.value));
        }
    }
}

static bool inspect(const char *mode, const char *path, double *spent)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        perror(path);
        exit(2);
    }
    char *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    const char *slash = strrchr(path, '/');
    const struct kind *k = kind_of(path);
    struct ch_scan_job job = {.ecosystem = ch_str_of(k->ecosystem),
                              .profile = ch_str_of(k->profile),
                              .file_name = ch_str_of(slash != NULL ? slash + 1 : path)};
    struct ch_str bytes = {p, (size_t)st.st_size};
    struct scan_run first = {0};
    struct scan_run second = {0};
    double before = cpu_seconds();
    bool rules = strcmp(mode, "rules") == 0;
    if (strcmp(mode, "second") != 0 && !rules) {
        scan_run(&first, k->first, &job, bytes);
    }
    if (strcmp(mode, "both") == 0 || strcmp(mode, "second") == 0 || rules) {
        scan_run(&second, k->second, &job, bytes);
    }
    *spent += cpu_seconds() - before;
    bool ok = clean(&first) && clean(&second);
    if (first.count > 0 && second.count > 0 && !scan_run_same_members(&first, &second)) {
        printf("the opinions differ\n");
        ok = false;
    }
    if (!ok) {
        printf("%s\n", path);
        fflush(stdout);
    }
    if (strcmp(mode, "facts") == 0) {
        printf("%s\n", job.file_name.ptr);
        print_facts(&first, ch_str_eq(job.ecosystem, CH_STR("oci")));
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
    double spent = 0;
    int bad = 0;
    struct ch_err err;
    if (argc < 3) {
        fprintf(stderr, "usage: inspect_packages both|first|second|rules|facts FILE...\n");
        return 2;
    }
    if (strcmp(argv[1], "rules") == 0 && ch_rules_load(NULL, 0, &err) != CH_OK) {
        fprintf(stderr, "%s\n", err.msg);
        return 2;
    }
    for (int i = 2; i < argc; i++) {
        bad += !inspect(argv[1], argv[i], &spent);
    }
    printf("%d files, %d with findings, %.3f s CPU\n", argc - 2, bad, spent);
    return bad > 0;
}
