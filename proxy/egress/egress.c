/* Destinations, a thread for each, and what waits for them. */
#include <errno.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/config/place.h"
#include "base/config/yaml.h"
#include "customhouse/limits.h"
#include "proxy/egress/egress_int.h"
#include "proxy/fetcher/fetch_int.h"

struct destination {
    struct destination *next;
    struct ch_egress *egress;
    struct egress_place place;
    bool started;
    pthread_t thread;
    pthread_cond_t more;
    /* under egress->lock */
    struct egress_job *jobs; /* that wait */
    size_t job_count;
    bool ended; /* its thread has nothing more to do, and is waited for */
};

struct ch_egress {
    struct ch_loop *loop;
    struct ch_egress_events events;
    struct ch_watch wake;
    X509_STORE *system; /* the system's authorities */
    char *system_fault; /* why there are none; matters only to who needs them */
    struct destination *destinations;
    struct destination *prepared; /* not in force, and so without threads */
    struct destination *former;   /* of an earlier configuration, whose threads have not ended */
    pthread_mutex_t lock;
    /* under lock */
    struct egress_result *results; /* newest first */
    /* the loop's thread's alone */
    uint64_t generation; /* of who asks: what came of a former one's jobs is nobody's */
};

/* ------------------------------------------------------------------ a destination's thread */

static void job_free(struct egress_job *j)
{
    ch_buf_done(&j->payload);
    free(j);
}

static void result_free(struct egress_result *r)
{
    ch_buf_done(&r->body);
    free(r);
}

/* With the lock. */
static void put_result(struct ch_egress *e, struct egress_result *r)
{
    uint64_t one = 1;
    r->next = e->results;
    e->results = r;
    CH_ASSERT(write(e->wake.fd, &one, sizeof(one)) ==
              sizeof(one)); /* adds of one do not reach 2^64 */
}

static struct egress_result *carry_out(struct destination *d, const struct egress_job *j)
{
    struct egress_result *r = ch_calloc(1, sizeof(*r));
    struct ch_err err = {.code = CH_OK};
    uint64_t start = ch_now_boot_ms();
    r->job = j->send.job;
    r->generation = j->generation;
    ch_buf_init(&r->body, (size_t)ch_limits.egress_answer_bytes);
    switch (d->place.kind) {
    case CH_DESTINATION_MAIL:
        r->code = egress_mail(&d->place, &j->send, r, &err);
        break;
    case CH_DESTINATION_SYSLOG:
        r->code = egress_syslog(&d->place, &j->send, r, &err);
        break;
    case CH_DESTINATION_WEBHOOK:
    case CH_DESTINATION_WITNESS:
    case CH_DESTINATION_KIND_COUNT:
        r->code = egress_post(&d->place, &j->send, r, &err);
        break;
    }
    r->err = err;
    r->elapsed_ms = (uint32_t)(ch_now_boot_ms() - start);
    return r;
}

static struct egress_result *refused(uint64_t job, uint64_t generation, enum ch_code code,
                                     const char *text)
{
    struct egress_result *r = ch_calloc(1, sizeof(*r));
    r->job = job;
    r->generation = generation;
    r->code = ch_fail(&r->err, code, "%s", text);
    return r;
}

static void *thread_main(void *arg)
{
    struct destination *d = arg;
    struct ch_egress *e = d->egress;
    pthread_mutex_lock(&e->lock);
    for (;;) {
        while (d->jobs == NULL && !atomic_load(&d->place.stop)) {
            pthread_cond_wait(&d->more, &e->lock);
        }
        struct egress_job *j = d->jobs;
        if (j == NULL) {
            break;
        }
        d->jobs = j->next;
        d->job_count--;
        pthread_mutex_unlock(&e->lock);
        struct egress_result *r = atomic_load(&d->place.stop)
                                      ? refused(j->send.job, j->generation, CH_E_CLOSED,
                                                "the destination is another one now")
                                      : carry_out(d, j);
        job_free(j);
        pthread_mutex_lock(&e->lock);
        put_result(e, r);
    }
    d->ended = true;
    pthread_mutex_unlock(&e->lock);
    return NULL;
}

/* ------------------------------------------------------------------ the loop's side */

static void tell(struct ch_egress *e, const struct egress_result *r)
{
    struct ch_buf text;
    ch_buf_init(&text, 4 * sizeof(r->err.msg) + 1);
    ch_buf_put_printable(&text, ch_str_of(r->code == CH_OK ? "" : r->err.msg));
    const struct ch_sent sent = {.job = r->job,
                                 .code = r->code,
                                 .status = r->status,
                                 .content_type = ch_str_of(r->content_type),
                                 .body = r->code == CH_OK ? ch_buf_str(&r->body)
                                                          : (struct ch_str){NULL, 0},
                                 .text = ch_buf_str(&text),
                                 .elapsed_ms = r->elapsed_ms};
    e->events.on_sent(e->events.owner, &sent);
    ch_buf_done(&text);
}

static void free_secret(char *s)
{
    if (s != NULL) {
        explicit_bzero(s, strlen(s));
    }
    free(s);
}

static void destination_free(struct destination *d)
{
    struct egress_place *p = &d->place;
    char *texts[] = {p->name,        p->proxy, p->host, p->address,
                     p->server_name, p->user,  p->from, p->ca_pem};
    while (d->jobs != NULL) {
        struct egress_job *j = d->jobs;
        d->jobs = j->next;
        job_free(j);
    }
    for (size_t i = 0; i < CH_ARRAY_LEN(texts); i++) {
        free(texts[i]);
    }
    for (size_t i = 0; i < p->to_count; i++) {
        free(p->to[i]);
    }
    free(p->to);
    free_secret(p->secret);
    free_secret(p->url);
    X509_STORE_free(p->store);
    pthread_cond_destroy(&d->more);
    free(d);
}

/* Those whose threads have ended. */
static void collect_former(struct ch_egress *e)
{
    for (struct destination **at = &e->former; *at != NULL;) {
        struct destination *d = *at;
        pthread_mutex_lock(&e->lock);
        bool ended = d->ended;
        pthread_mutex_unlock(&e->lock);
        if (ended) {
            *at = d->next;
            pthread_join(d->thread, NULL);
            destination_free(d);
        } else {
            at = &d->next;
        }
    }
}

static void on_wake(struct ch_watch *w, uint32_t events)
{
    struct ch_egress *e = CH_CONTAINER_OF(w, struct ch_egress, wake);
    struct egress_result *oldest = NULL;
    uint64_t count;
    (void)events;
    CH_IGNORE(read(w->fd, &count, sizeof(count)) < 0); /* EAGAIN: read already */
    pthread_mutex_lock(&e->lock);
    while (e->results != NULL) {
        struct egress_result *r = e->results;
        e->results = r->next;
        r->next = oldest;
        oldest = r;
    }
    pthread_mutex_unlock(&e->lock);
    while (oldest != NULL) {
        struct egress_result *r = oldest;
        oldest = r->next;
        if (r->generation == e->generation) {
            tell(e, r);
        }
        result_free(r);
    }
    collect_former(e);
}

enum ch_code ch_egress_new(struct ch_loop *loop, const struct ch_egress_events *events,
                           struct ch_egress **ret, struct ch_err *err)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return ch_fail_errno(err, errno, "eventfd");
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) { /* before any thread is */
        close(fd);
        return ch_fail(err, CH_E_SYSTEM, "libcurl cannot be set up");
    }
    struct ch_egress *e = ch_calloc(1, sizeof(*e));
    e->loop = loop;
    e->events = *events;
    e->wake = (struct ch_watch){.fd = fd, .fn = on_wake};
    CH_ASSERT(pthread_mutex_init(&e->lock, NULL) == 0);
    enum ch_code rc = ch_loop_watch(loop, &e->wake, EPOLLIN, err);
    if (rc != CH_OK) {
        ch_egress_free(e);
        return rc;
    }
    *ret = e;
    return CH_OK;
}

static void stop(struct destination *d)
{
    pthread_mutex_lock(&d->egress->lock);
    atomic_store(&d->place.stop, true);
    pthread_cond_signal(&d->more);
    pthread_mutex_unlock(&d->egress->lock);
}

static void stop_all(struct ch_egress *e, struct destination *list)
{
    while (list != NULL) {
        struct destination *d = list;
        list = d->next;
        if (d->started) {
            stop(d);
            d->next = e->former;
            e->former = d;
        } else {
            destination_free(d);
        }
    }
}

void ch_egress_free(struct ch_egress *e)
{
    if (e == NULL) {
        return;
    }
    stop_all(e, e->destinations);
    stop_all(e, e->prepared);
    while (e->former != NULL) {
        struct destination *d = e->former;
        e->former = d->next;
        pthread_join(d->thread, NULL);
        destination_free(d);
    }
    while (e->results != NULL) {
        struct egress_result *r = e->results;
        e->results = r->next;
        result_free(r);
    }
    ch_loop_unwatch(e->loop, &e->wake);
    close(e->wake.fd);
    X509_STORE_free(e->system);
    free(e->system_fault);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

void ch_egress_forget(struct ch_egress *e)
{
    e->generation++; /* only this thread reads or writes it */
}

static struct destination *find(struct destination *list, enum ch_destination_kind kind,
                                struct ch_str name)
{
    while (list != NULL &&
           (list->place.kind != kind || !ch_str_eq(ch_str_of(list->place.name), name))) {
        list = list->next;
    }
    return list;
}

/* With the first job, never before: what confines a process confines the thread that does it, and
 * those that this one starts later. */
static enum ch_code start(struct destination *d, struct ch_err *err)
{
    sigset_t all, before;
    if (d->started) {
        return CH_OK;
    }
    sigfillset(&all); /* signals are the loop's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&d->thread, NULL, thread_main, d);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    d->started = failed == 0;
    return failed == 0 ? CH_OK : ch_fail_errno(err, failed, "a thread for %s", d->place.name);
}

void ch_egress_send(struct ch_egress *e, const struct ch_send *job)
{
    struct destination *d = find(e->destinations, job->kind, job->destination);
    struct ch_err err = {.code = CH_OK};
    enum ch_code rc = d != NULL ? start(d, &err) : CH_E_NOT_FOUND;
    pthread_mutex_lock(&e->lock);
    if (d == NULL) {
        put_result(e, refused(job->job, e->generation, CH_E_NOT_FOUND,
                              "the configuration has no such destination"));
    } else if (rc != CH_OK) {
        put_result(e, refused(job->job, e->generation, rc, err.msg));
    } else if (d->job_count >= ch_limits.egress_queue) {
        put_result(
            e, refused(job->job, e->generation, CH_E_BUSY, "too much waits for this destination"));
    } else {
        struct egress_job *j = ch_calloc(1, sizeof(*j));
        struct egress_job **at = &d->jobs;
        j->generation = e->generation;
        ch_buf_init(&j->payload, ch_message_row(CH_MSG_SEND)->max_bytes);
        ch_send_put(&j->payload, job);
        CH_ASSERT(ch_send_get(ch_buf_str(&j->payload), &j->send, NULL) ==
                  CH_OK); /* it was decoded once */
        while (*at != NULL) {
            at = &(*at)->next;
        }
        *at = j;
        d->job_count++;
        pthread_cond_signal(&d->more);
    }
    pthread_mutex_unlock(&e->lock);
}

/* ------------------------------------------------------------------ configuration */

static char *dup_or_null(const char *s)
{
    return s != NULL ? ch_str_dup(ch_str_of(s)) : NULL;
}

static void fill_address(struct egress_place *p, const struct ch_destination *c)
{
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    if (p->url != NULL) {
        struct ch_buf origin;
        ch_buf_init(&origin, (size_t)ch_limits.url_bytes + 8);
        ch_place_put_origin(&origin, ch_str_of(p->url));
        p->address = ch_str_dup(ch_buf_str(&origin));
        ch_buf_done(&origin);
    } else {
        p->address = dup_or_null(c->address);
        CH_ASSERT(ch_place_split(ch_str_of(c->address), &host,
                                 &port)); /* the configuration was checked */
        p->host = ch_str_dup(host);
        p->server_name = c->server_name != NULL ? dup_or_null(c->server_name) : ch_str_dup(host);
    }
}

static enum ch_code fill_store(struct ch_egress *e, struct egress_place *p,
                               const struct ch_destination_files *files, struct ch_err *err)
{
    if (files->ca_pem.len > 0) {
        p->ca_pem = ch_str_dup(files->ca_pem);
        p->store = ch_trust_new(files->ca_pem);
        return p->store != NULL
                   ? CH_OK
                   : ch_fail(err, CH_E_USAGE,
                             "ca_file of %s: no certificate in it, PEM was expected", p->name);
    }
    if (e->system == NULL) {
        return ch_fail(err, CH_E_USAGE, "ca_file of %s: none is given, and %s", p->name,
                       e->system_fault);
    }
    CH_ASSERT(X509_STORE_up_ref(e->system) == 1);
    p->store = e->system;
    return CH_OK;
}

static enum ch_code make(struct ch_egress *e, const struct ch_destination *c,
                         enum ch_destination_kind kind, const struct ch_destination_files *files,
                         struct destination **ret, struct ch_err *err)
{
    struct destination *d = ch_calloc(1, sizeof(*d));
    struct egress_place *p = &d->place;
    d->egress = e;
    CH_ASSERT(pthread_cond_init(&d->more, NULL) == 0);
    p->kind = kind;
    p->name = dup_or_null(c->name);
    p->url = files->url.len > 0 ? ch_str_dup(files->url) : dup_or_null(c->url);
    p->proxy = dup_or_null(c->proxy);
    p->mail_tls = c->mail_tls;
    p->user = dup_or_null(c->user);
    p->from = dup_or_null(c->from);
    p->to = ch_calloc(c->to_count + 1, sizeof(*p->to));
    for (; p->to_count < c->to_count; p->to_count++) {
        p->to[p->to_count] = dup_or_null(c->to[p->to_count]);
    }
    p->secret = files->secret.len > 0 ? ch_str_dup(files->secret) : NULL;
    enum ch_code rc = CH_OK;
    if (c->url_file != NULL && p->url == NULL) {
        rc = ch_fail(err, CH_E_FORMAT, "%s: its URL did not come", p->name);
    } else {
        fill_address(p, c);
        rc = fill_store(e, p, files, err);
    }
    if (rc == CH_OK && c->secret_file != NULL && p->secret == NULL) {
        rc = ch_fail(err, CH_E_FORMAT, "%s: its secret did not come", p->name);
    }
    if (rc != CH_OK) {
        destination_free(d);
        return rc;
    }
    *ret = d;
    return CH_OK;
}

static bool same_text(const char *a, const char *b)
{
    return ch_str_eq(ch_str_of(a), ch_str_of(b));
}

static bool same(const struct egress_place *a, const struct egress_place *b)
{
    bool same = a->mail_tls == b->mail_tls && a->to_count == b->to_count &&
                same_text(a->url, b->url) && same_text(a->proxy, b->proxy) &&
                same_text(a->address, b->address) && same_text(a->server_name, b->server_name) &&
                same_text(a->user, b->user) && same_text(a->from, b->from) &&
                same_text(a->secret, b->secret) && same_text(a->ca_pem, b->ca_pem);
    for (size_t i = 0; same && i < a->to_count; i++) {
        same = same_text(a->to[i], b->to[i]);
    }
    return same;
}

static struct ch_destination_files files_of(struct ch_str all, enum ch_destination_kind kind,
                                            struct ch_str name)
{
    struct ch_rd r = ch_rd_of(all.ptr, all.len);
    while (ch_rd_left(&r) > 0 && !r.failed) {
        struct ch_destination_files f = ch_destination_files_get(&r);
        if (!r.failed && f.kind == kind && ch_str_eq(f.name, name)) {
            return f;
        }
    }
    return (struct ch_destination_files){.kind = kind};
}

static void free_unstarted(struct destination *list)
{
    while (list != NULL) {
        struct destination *d = list;
        list = d->next;
        destination_free(d);
    }
}

static void read_system(struct ch_egress *e)
{
    struct ch_err err;
    if (e->system == NULL && e->system_fault == NULL && ch_trust_load(&e->system, &err) != CH_OK) {
        e->system_fault = ch_str_dup(ch_str_of(err.msg));
    }
}

/* Each of the new ones that is the same as before gives way to that, with what waits for it. */
static void put_in_force(struct ch_egress *e, struct destination *made)
{
    struct destination *kept = NULL;
    while (made != NULL) {
        struct destination *d = made;
        made = d->next;
        struct destination **old = &e->destinations;
        while (*old != NULL && ((*old)->place.kind != d->place.kind ||
                                !same_text((*old)->place.name, d->place.name) ||
                                !same(&(*old)->place, &d->place))) {
            old = &(*old)->next;
        }
        if (*old != NULL) {
            destination_free(d);
            d = *old;
            *old = d->next;
        }
        d->next = kept;
        kept = d;
    }
    stop_all(e, e->destinations);
    e->destinations = kept;
}

enum ch_code ch_egress_prepare(struct ch_egress *e, const struct ch_egress_settings *settings,
                               struct ch_err *err)
{
    struct destination *made = NULL;
    enum ch_code rc = CH_OK;
    read_system(e);
    for (unsigned kind = 0; rc == CH_OK && kind < CH_DESTINATION_KIND_COUNT; kind++) {
        size_t count = 0;
        const struct ch_destination *list = ch_config_destinations(settings->config, kind, &count);
        for (size_t i = 0; rc == CH_OK && i < count; i++) {
            struct destination *d = NULL;
            struct ch_destination_files of =
                files_of(settings->files, kind, ch_str_of(list[i].name));
            rc = make(e, &list[i], kind, &of, &d, err);
            if (rc == CH_OK) {
                d->next = made;
                made = d;
            } else if (settings->config_name != NULL) {
                rc = ch_yaml_fail_in(settings->config_text, settings->config_name,
                                     ch_destination_kind_name(kind), i, err, err->msg);
            }
        }
    }
    if (rc != CH_OK) {
        free_unstarted(made);
        return rc;
    }
    ch_egress_abort(e);
    e->prepared = made;
    return CH_OK;
}

void ch_egress_commit(struct ch_egress *e)
{
    struct destination *made = e->prepared;
    e->prepared = NULL;
    put_in_force(e, made);
}

void ch_egress_abort(struct ch_egress *e)
{
    free_unstarted(e->prepared);
    e->prepared = NULL;
}

enum ch_code ch_egress_configure(struct ch_egress *e, const struct ch_egress_settings *settings,
                                 struct ch_err *err)
{
    enum ch_code rc = ch_egress_prepare(e, settings, err);
    if (rc == CH_OK) {
        ch_egress_commit(e);
    }
    return rc;
}
