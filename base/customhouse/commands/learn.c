/* Learning, as the supervisor and the keeper of a fetcher and a scanner that live for this only. */
#include "learn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config/place.h"
#include "customhouse/ecosystem.h"
#include "customhouse/limits.h"
#include "customhouse/loop.h"
#include "customhouse/message.h"
#include "base/customhouse/site/site.h"
#include "base/customhouse/supervisor/worker.h"

#define FETCH_WAIT_MS 20000
#define WHOLE_WAIT_MS 60000

/* Projects that any index of size has; which ones matters little, that they are several does. */
static const char *const well_known[] = {"pip", "requests", "numpy", "packaging", "flask"};

struct learner {
    const struct learn_options *options;
    struct ch_config *config;
    const struct ch_ecosystem *eco;
    struct worker fetcher;
    struct worker scanner;
    uint64_t deadline_ms;
    uint64_t next_job;
    struct learning facts;
    /* the last answer of the fetcher; its slices borrow from `payload` */
    struct ch_buf payload;
    struct ch_fetched fetched;
};

static enum ch_code start(struct learner *l, struct worker *w, enum ch_role role, uint32_t uid,
                          struct ch_err *err)
{
    struct ch_setup setup = {
        .state_dir = ch_str_of(l->options->folder),
        .config_name = CH_STR(SITE_CONFIG),
        .config_text = l->options->config,
        .policy_name = CH_STR(SITE_POLICY),
    };
    if (role == CH_ROLE_FETCHER) {
        setup.credentials_text = l->options->credentials;
        setup.upstream_files = l->options->upstream_files;
    }
    return worker_start(w, role, uid, &setup, -1, err);
}

/* Fetches a document into fd. The fetcher's own word for what went wrong is the error. */
static enum ch_code fetch(struct learner *l, struct ch_str url, const char *accept, int fd,
                          struct ch_err *err)
{
    struct ch_fetch m = {
        .job = ++l->next_job,
        .kind = CH_FETCH_DOCUMENT,
        .upstream = CH_STR("pypi"),
        .url = url,
        .accept = ch_str_of(accept),
        .range_to_bytes = UINT64_MAX,
        .max_bytes = ch_limits.page_bytes,
        .expected_bytes = CH_SIZE_UNKNOWN,
        .timeout_ms = FETCH_WAIT_MS,
    };
    ch_buf_clear(&l->payload);
    ch_fetch_put(&l->payload, &m);
    enum ch_code rc = worker_ask(&l->fetcher, CH_MSG_FETCH, &l->payload, &fd, 1, CH_MSG_FETCHED,
                                 l->deadline_ms, err);
    rc = rc == CH_OK ? ch_fetched_get(ch_buf_str(&l->payload), &l->fetched, err) : rc;
    if (rc == CH_OK && l->fetched.code != CH_OK) {
        rc = ch_fail(err, l->fetched.code, "%.*s", CH_STR_ARG(l->fetched.text));
    }
    if (rc == CH_OK && l->fetched.http_status != 200) {
        rc = ch_fail(err, CH_E_UPSTREAM, "%.*s: answers %u", CH_STR_ARG(url),
                     l->fetched.http_status);
    }
    return rc;
}

static enum ch_code scan(struct learner *l, struct ch_scan_job *job, int input, int output,
                         struct ch_err *err)
{
    int fds[2] = {input, output};
    struct ch_buf b;
    struct ch_scanned scanned;
    job->id = ++l->next_job;
    job->ecosystem = ch_str_of(l->eco->name);
    job->base_url = l->fetched.effective_url;
    job->size_bytes = l->fetched.bytes;
    job->output_max_bytes = ch_limits.scan_output_bytes;
    job->cpu_seconds = (uint32_t)ch_limits.scan_cpu_seconds;
    job->wall_ms = FETCH_WAIT_MS;
    job->memory_max_bytes = ch_limits.scan_memory_bytes;
    ch_buf_init(&b, ch_message_row(CH_MSG_SCAN)->max_bytes);
    ch_scan_job_put(&b, job);
    enum ch_code rc =
        worker_ask(&l->scanner, CH_MSG_SCAN, &b, fds, 2, CH_MSG_SCANNED, l->deadline_ms, err);
    rc = rc == CH_OK ? ch_scanned_get(ch_buf_str(&b), &scanned, err) : rc;
    if (rc == CH_OK && scanned.outcome != CH_SCAN_DONE) {
        rc = ch_fail(err, CH_E_FORMAT, "the upstream's page could not be read: %.*s",
                     CH_STR_ARG(scanned.text));
    }
    ch_buf_done(&b);
    return rc;
}

/* What a jail wrote, mapped; `facts` NULL: only that it wrote something whole. */
static enum ch_code take_answer(struct learning *facts, int fd, struct ch_err *err)
{
    struct stat st;
    enum ch_code rc = worker_seal(fd, err);
    if (rc != CH_OK || fstat(fd, &st) != 0 || st.st_size == 0) {
        return rc != CH_OK ? rc : ch_fail(err, CH_E_FORMAT, "a scan without an answer");
    }
    void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (p == MAP_FAILED) {
        return ch_fail_errno(err, errno, "mmap");
    }
    struct learning unused = {.files = 0};
    rc = learn_from_page(facts != NULL ? facts : &unused, (struct ch_str){p, (size_t)st.st_size},
                         err);
    learning_done(&unused);
    munmap(p, (size_t)st.st_size);
    return rc;
}

/* Fetches a document and has it parsed. */
static enum ch_code read_document(struct learner *l, struct ch_str url, const char *accept,
                                  struct ch_scan_job *job, struct learning *facts,
                                  struct ch_err *err)
{
    int input = -1;
    int output = -1;
    char path[64];
    enum ch_code rc = worker_memory("document", &input, err);
    rc = rc == CH_OK ? worker_memory("answer", &output, err) : rc;
    rc = rc == CH_OK ? fetch(l, url, accept, input, err) : rc;
    rc = rc == CH_OK ? worker_seal(input, err) : rc;
    if (rc == CH_OK && job->kind == CH_SCAN_INDEX) {
        const char *profile = l->eco->page_profile(l->fetched.content_type);
        job->profile = ch_str_of(profile);
        rc = profile != NULL
                 ? CH_OK
                 : ch_fail(err, CH_E_UPSTREAM, "%.*s: is no index page", CH_STR_ARG(url));
    }
    if (rc == CH_OK) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
        int read_only = open(path, O_RDONLY | O_CLOEXEC);
        rc = read_only >= 0 ? scan(l, job, read_only, output, err)
                            : ch_fail_errno(err, errno, "%s", path);
        if (read_only >= 0) {
            close(read_only);
        }
    }
    rc = rc == CH_OK ? take_answer(facts, output, err) : rc;
    if (input >= 0) {
        close(input);
    }
    if (output >= 0) {
        close(output);
    }
    return rc;
}

static enum ch_code read_page(struct learner *l, const char *project, struct ch_err *err)
{
    struct ch_buf url;
    struct ch_scan_job job = {.kind = CH_SCAN_INDEX, .project = ch_str_of(project)};
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    enum ch_code rc = l->eco->page_url(l->options->url, ch_str_of(project), 0, &url);
    rc = rc == CH_OK ? read_document(l, ch_buf_str(&url), l->eco->page_accept, &job, &l->facts, err)
                     : ch_fail(err, rc, "no URL for %s", project);
    ch_buf_done(&url);
    return rc;
}

static bool ask_api(struct learner *l, struct ch_err *err)
{
    struct ch_buf url;
    struct ch_scan_job job = {
        .kind = CH_SCAN_DETAILS, .profile = CH_STR("details"), .project = ch_str_of(well_known[0])};
    if (l->options->api_url.len == 0 || l->eco->details_url == NULL) {
        return false;
    }
    ch_buf_init(&url, (size_t)ch_limits.url_bytes);
    bool answers = l->eco->details_url(l->options->api_url, job.project, &url) == CH_OK &&
                   read_document(l, ch_buf_str(&url), "application/json", &job, NULL, err) == CH_OK;
    ch_buf_done(&url);
    return answers;
}

static void ask_all(struct learner *l, struct learned *ret)
{
    struct ch_err err = {.msg = ""};
    /* one failure may be that project's; an upstream that is not there need not be asked five times
     */
    for (size_t i = 0; i < CH_ARRAY_LEN(well_known) && (i < 2 || ret->pages > 0); i++) {
        if (read_page(l, well_known[i], &err) == CH_OK) {
            ret->pages++;
        } else {
            snprintf(ret->problem, sizeof(ret->problem), "%s", err.msg);
        }
    }
    ret->api_answers = ret->pages > 0 && ask_api(l, &err);
    ret->times = learn_times(&l->facts, ret->api_answers);
    const char *hosts[LEARN_HOSTS_MAX];
    ret->host_count = learn_hosts(&l->facts, hosts);
    for (size_t i = 0; i < ret->host_count; i++) {
        ret->hosts[i] = ch_str_dup(ch_str_of(hosts[i]));
    }
}

void learned_done(struct learned *l)
{
    for (size_t i = 0; i < l->host_count; i++) {
        free(l->hosts[i]);
    }
    *l = (struct learned){.host_count = 0};
}

enum ch_code learn(const struct learn_options *options, struct learned *ret, struct ch_err *err)
{
    struct learner l = {
        .options = options,
        .eco = ch_ecosystem_find(CH_STR("pypi")),
        .fetcher = WORKER_NONE,
        .scanner = WORKER_NONE,
        .deadline_ms = ch_now_boot_ms() + WHOLE_WAIT_MS,
    };
    struct ch_buf own;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    *ret = (struct learned){.host_count = 0};
    ch_buf_init(&own, (size_t)ch_limits.url_bytes);
    ch_buf_init(&l.payload, ch_message_row(CH_MSG_FETCH)->max_bytes);
    ch_place_put_origin(&own, options->url);
    size_t at = 0;
    if (ch_str_find(ch_buf_str(&own), CH_STR("://"), &at) &&
        ch_place_split(ch_str_sub(ch_buf_str(&own), at + 3, own.len), &host, &port)) {
        l.facts.own_host = host;
    }
    enum ch_code rc =
        ch_config_parse(options->config, "configuration to be written", &l.config, err);
    if (rc == CH_OK) {
        struct site_ids ids = site_ids(l.config);
        signal(SIGPIPE, SIG_IGN);
        rc = start(&l, &l.fetcher, CH_ROLE_FETCHER, ids.fetcher, err);
        rc = rc == CH_OK ? start(&l, &l.scanner, CH_ROLE_SCANNER_STRICT, ids.scanner_strict, err)
                         : rc;
        ch_config_free(l.config);
    }
    if (rc == CH_OK) {
        ask_all(&l, ret);
    }
    worker_stop(&l.fetcher);
    worker_stop(&l.scanner);
    learning_done(&l.facts);
    ch_buf_done(&l.payload);
    ch_buf_done(&own);
    return rc;
}
