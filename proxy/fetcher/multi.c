/* libcurl's multi interface on struct ch_loop: sockets become watches, its time-out a timer.
 *
 * libcurl 7.88 closes a socket that is still connecting without saying so (lib/cf-socket.c), and
 * the next attempt of the same transfer may get the same number, again without a word. So what is
 * watched is a duplicate of our own, and each socket that is opened takes the place of a watch that
 * is left over from one of the same number. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "customhouse/limits.h"
#include "proxy/fetcher/fetch_int.h"

struct ch_fetch_multi {
    struct ch_loop *loop;
    CURLM *curl;
    CURLSH *share; /* TLS sessions, also between transfers that have ended */
    struct ch_timer timer;
    ch_fetch_multi_done_fn *done;
    struct socket_watch *sockets;
    bool busy; /* inside act: freeing waits for its end */
    bool dead;
};

struct socket_watch {
    struct socket_watch *next;
    struct ch_watch watch; /* of the duplicate, -1 when there is none */
    curl_socket_t fd;      /* libcurl's */
    uint32_t events;
    struct ch_fetch_multi *multi;
};

static void report(struct ch_fetch_multi *m)
{
    CURLMsg *msg;
    int left;
    while ((msg = curl_multi_info_read(m->curl, &left)) != NULL) {
        if (msg->msg != CURLMSG_DONE) {
            continue;
        }
        CURL *easy = msg->easy_handle;
        CURLcode result = msg->data.result; /* msg dies with the removal */
        void *private = NULL;
        CH_ASSERT(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private) == CURLE_OK);
        CH_ASSERT(curl_multi_remove_handle(m->curl, easy) == CURLM_OK);
        m->done(private, result);
    }
}

static void act(struct ch_fetch_multi *m, curl_socket_t fd, int flags)
{
    int running;
    m->busy = true;
    CH_ASSERT(curl_multi_socket_action(m->curl, fd, flags, &running) == CURLM_OK);
    report(m);
    m->busy = false;
    if (m->dead) {
        ch_fetch_multi_free(m);
    }
}

static void on_socket_event(struct ch_watch *w, uint32_t events)
{
    struct socket_watch *sw = CH_CONTAINER_OF(w, struct socket_watch, watch);
    struct ch_fetch_multi *m = sw->multi;
    int flags = 0;
    flags |= (events & (EPOLLIN | EPOLLHUP | EPOLLRDHUP)) != 0 ? CURL_CSELECT_IN : 0;
    flags |= (events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0;
    flags |= (events & EPOLLERR) != 0 ? CURL_CSELECT_ERR : 0;
    act(m, sw->fd, flags); /* may free sw */
}

static void close_watch(struct socket_watch *sw)
{
    if (sw->watch.fd >= 0) {
        ch_loop_unwatch(sw->multi->loop, &sw->watch);
        close(sw->watch.fd);
        sw->watch.fd = -1;
    }
}

/* Fails only when the kernel has no descriptors or memory left; the transfer then times out. */
static void open_watch(struct socket_watch *sw)
{
    struct ch_err err;
    sw->watch.fd = fcntl(sw->fd, F_DUPFD_CLOEXEC, 0);
    if (sw->watch.fd >= 0 && sw->events != 0) {
        CH_IGNORE(ch_loop_watch(sw->multi->loop, &sw->watch, sw->events, &err) != CH_OK);
    }
}

static struct socket_watch *add_watch(struct ch_fetch_multi *m, curl_socket_t fd)
{
    struct socket_watch *sw = ch_calloc(1, sizeof(*sw));
    sw->multi = m;
    sw->fd = fd;
    sw->watch.fd = -1;
    sw->watch.fn = on_socket_event;
    sw->next = m->sockets;
    m->sockets = sw;
    return sw;
}

static void remove_watch(struct socket_watch *sw)
{
    struct socket_watch **at = &sw->multi->sockets;
    while (*at != sw) {
        at = &(*at)->next;
    }
    *at = sw->next;
    close_watch(sw);
    free(sw);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *owner, void *socket_owner)
{
    (void)easy;
    struct ch_fetch_multi *m = owner;
    struct socket_watch *sw = socket_owner;
    if (what == CURL_POLL_REMOVE) {
        if (sw != NULL) {
            CH_ASSERT(curl_multi_assign(m->curl, fd, NULL) == CURLM_OK);
            remove_watch(sw);
        }
        return 0;
    }
    if (sw == NULL) {
        sw = add_watch(m, fd);
        CH_ASSERT(curl_multi_assign(m->curl, fd, sw) == CURLM_OK);
    }
    sw->events = 0;
    sw->events |= (what & CURL_POLL_IN) != 0 ? (uint32_t)EPOLLIN : 0;
    sw->events |= (what & CURL_POLL_OUT) != 0 ? (uint32_t)EPOLLOUT : 0;
    close_watch(sw);
    open_watch(sw);
    return 0;
}

void ch_fetch_multi_opened(struct ch_fetch_multi *m, curl_socket_t fd)
{
    for (struct socket_watch *sw = m->sockets; sw != NULL; sw = sw->next) {
        if (sw->fd == fd) {
            close_watch(sw);
            open_watch(sw);
        }
    }
}

static void on_time(struct ch_timer *t)
{
    act(CH_CONTAINER_OF(t, struct ch_fetch_multi, timer), CURL_SOCKET_TIMEOUT, 0);
}

/* libcurl must not be called from here, not even for 0 ms. */
static int on_timeout(CURLM *curl, long timeout_ms, void *owner)
{
    (void)curl;
    struct ch_fetch_multi *m = owner;
    if (timeout_ms < 0) {
        ch_loop_cancel_timer(m->loop, &m->timer);
    } else {
        ch_loop_set_timer(m->loop, &m->timer, ch_now_boot_ms() + (uint64_t)timeout_ms);
    }
    return 0;
}

struct ch_fetch_multi *ch_fetch_multi_new(struct ch_loop *loop)
{
    struct ch_fetch_multi *m = ch_calloc(1, sizeof(*m));
    m->loop = loop;
    m->timer.fn = on_time;
    m->curl = curl_multi_init();
    m->share = curl_share_init();
    CH_ASSERT(m->curl != NULL && m->share != NULL);
    CH_ASSERT(curl_share_setopt(m->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) ==
              CURLSHE_OK);
    CURLMcode ok = CURLM_OK;
    ok |= curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
    ok |= curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
    ok |= curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timeout);
    ok |= curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
    ok |= curl_multi_setopt(m->curl, CURLMOPT_MAX_HOST_CONNECTIONS,
                            (long)ch_limits.fetch_host_connections);
    ok |= curl_multi_setopt(m->curl, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                            (long)ch_limits.fetch_connections);
    CH_ASSERT(ok == CURLM_OK);
    return m;
}

void ch_fetch_multi_free(struct ch_fetch_multi *m)
{
    if (m != NULL && m->busy) {
        m->dead = true;
    } else if (m != NULL) {
        /* The multi handle first: closing its connections still calls on_socket. */
        CH_ASSERT(curl_multi_cleanup(m->curl) == CURLM_OK);
        CH_ASSERT(curl_share_cleanup(m->share) == CURLSHE_OK);
        while (m->sockets != NULL) {
            remove_watch(m->sockets);
        }
        ch_loop_cancel_timer(m->loop, &m->timer);
        free(m);
    }
}

enum ch_code ch_fetch_multi_add(struct ch_fetch_multi *m, CURL *easy, ch_fetch_multi_done_fn *done,
                                struct ch_err *err)
{
    m->done = done;
    if (curl_easy_setopt(easy, CURLOPT_SHARE, m->share) != CURLE_OK ||
        curl_multi_add_handle(m->curl, easy) != CURLM_OK) {
        return ch_fail(err, CH_E_SYSTEM, "libcurl takes no more transfers");
    }
    return CH_OK;
}

void ch_fetch_multi_remove(struct ch_fetch_multi *m, CURL *easy)
{
    CH_ASSERT(curl_multi_remove_handle(m->curl, easy) == CURLM_OK);
}
