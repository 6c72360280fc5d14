/* What the destinations of egress must fit. */
#include "base/config/config_int.h"

#include "base/config/place.h"
#include "base/config/schema.h"
#include "customhouse/limits.h"

const char *ch_destination_kind_name(enum ch_destination_kind kind)
{
    static const char *const names[] = {[CH_DESTINATION_WEBHOOK] = "webhooks",
                                        [CH_DESTINATION_MAIL] = "mail",
                                        [CH_DESTINATION_SYSLOG] = "syslog",
                                        [CH_DESTINATION_WITNESS] = "witnesses"};
    _Static_assert(CH_ARRAY_LEN(names) == CH_DESTINATION_KIND_COUNT, "one name per kind");
    return names[kind];
}

const struct ch_destination *
ch_config_destinations(const struct ch_config *c, enum ch_destination_kind kind, size_t *ret_count)
{
    const struct ch_destination *list = NULL;
    size_t count = 0;
    switch (kind) {
    case CH_DESTINATION_WEBHOOK:
        list = c->webhooks;
        count = c->webhook_count;
        break;
    case CH_DESTINATION_MAIL:
        list = c->mail;
        count = c->mail_count;
        break;
    case CH_DESTINATION_SYSLOG:
        list = c->syslog;
        count = c->syslog_count;
        break;
    case CH_DESTINATION_WITNESS:
        list = c->witnesses;
        count = c->witness_count;
        break;
    case CH_DESTINATION_KIND_COUNT:
        break;
    }
    *ret_count = count;
    return list;
}

const struct ch_destination *
ch_config_destination(const struct ch_config *c, enum ch_destination_kind kind, struct ch_str name)
{
    size_t count = 0;
    const struct ch_destination *list = ch_config_destinations(c, kind, &count);
    for (size_t i = 0; i < count; i++) {
        if (ch_str_eq(ch_str_of(list[i].name), name)) {
            return &list[i];
        }
    }
    return NULL;
}

size_t ch_config_witness_quorum(const struct ch_config *c)
{
    return c->witness_count == 0   ? 0
           : c->witness_quorum > 0 ? c->witness_quorum
                                   : c->witness_count / 2 + 1;
}

bool ch_destination_wants(const struct ch_destination *d, enum ch_notice_event event)
{
    bool images = event == CH_NOTICE_IMAGES;
    bool wants = d->event_count == 0 && images == (d->format == CH_WEBHOOK_ACR);
    for (size_t i = 0; i < d->event_count; i++) {
        wants = wants || ch_str_eq(ch_str_of(d->events[i]), ch_str_of(ch_notice_events[event]));
    }
    return wants;
}

static enum ch_code check_events(const struct ch_destination *d, const struct ch_yaml_node *at,
                                 const struct ch_yaml *yaml, struct ch_err *err)
{
    const struct ch_yaml_node *list = ch_yaml_find(at, "events");
    for (size_t i = 0; i < d->event_count; i++) {
        size_t which = 0;
        enum ch_code rc =
            ch_yaml_choice(yaml, ch_yaml_item(list, i), ch_notice_events, &which, err);
        if (rc == CH_OK && d->format == CH_WEBHOOK_ACR && which != CH_NOTICE_IMAGES) {
            rc = ch_yaml_fail_value(yaml, ch_yaml_item(list, i), err,
                                    "is not told in the format acr, which has images alone");
        }
        if (rc != CH_OK) {
            return rc;
        }
    }
    return CH_OK;
}

static bool is_loopback_url(struct ch_str url)
{
    struct ch_buf origin;
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    ch_buf_init(&origin, 2 * (size_t)ch_limits.url_bytes);
    ch_place_put_origin(&origin, url); /* http://HOST:PORT */
    bool loopback =
        ch_str_starts(ch_buf_str(&origin), CH_STR("http://")) &&
        ch_place_split(ch_str_sub(ch_buf_str(&origin), sizeof("http://") - 1, origin.len), &host,
                       &port) &&
        ch_place_is_loopback(host);
    ch_buf_done(&origin);
    return loopback;
}

static enum ch_code check_server(const struct ch_destination *d, const struct ch_yaml_node *at,
                                 const struct ch_yaml *yaml, struct ch_err *err)
{
    const struct ch_yaml_node *address = ch_yaml_find(at, "address");
    struct ch_str host = {NULL, 0};
    uint16_t port = 0;
    CH_ASSERT(ch_place_split(ch_str_of(d->address), &host, &port)); /* check_text has seen to it */
    if (port == 0) {
        return ch_yaml_fail_value(yaml, address, err, "has no port that something could listen on");
    }
    if (d->mail_tls == CH_MAIL_PLAIN && !ch_place_is_loopback(host)) {
        return ch_yaml_fail_value(yaml, ch_yaml_find(at, "tls"), err,
                                  "is for loopback alone, and the server is %s", d->address);
    }
    return CH_OK;
}

static bool is_query(struct ch_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] <= ' ' || s.ptr[i] > '~' || s.ptr[i] == '\\' || s.ptr[i] == '#') {
            return false;
        }
    }
    return true;
}

const char *ch_webhook_url_fault(struct ch_str url, bool proxy, bool secret)
{
    size_t end = url.len;
    bool query = secret && ch_str_find_char(url, '?', &end);
    if (query && !is_query(ch_str_sub(url, end, url.len))) {
        return "has a fragment, or other characters than printable ASCII";
    }
    const char *fault = ch_place_url_fault(query ? ch_str_sub(url, 0, end) : url);
    if (fault != NULL || !ch_str_starts(url, CH_STR("http://"))) {
        return fault;
    }
    if (!is_loopback_url(url)) {
        return "is not https, and not on loopback";
    }
    /* whose loopback it would be, and in the clear on its way there */
    return proxy ? "is not https, which a proxy is for alone" : NULL;
}

static enum ch_code check_url(const struct ch_destination *d, const struct ch_yaml_node *at,
                              const struct ch_yaml *yaml, struct ch_err *err)
{
    if ((d->url == NULL) == (d->url_file == NULL)) {
        return ch_yaml_fail(yaml, at, err, "expected one of the keys \"url\" and \"url_file\"");
    }
    const char *fault =
        d->url != NULL ? ch_webhook_url_fault(ch_str_of(d->url), d->proxy != NULL, false) : NULL;
    return fault == NULL ? CH_OK
                         : ch_yaml_fail_value(yaml, ch_yaml_find(at, "url"), err, "%s", fault);
}

static enum ch_code check_one(enum ch_destination_kind kind, const struct ch_destination *d,
                              const struct ch_yaml_node *at, const struct ch_yaml *yaml,
                              struct ch_err *err)
{
    if (kind == CH_DESTINATION_MAIL && (d->user == NULL) != (d->secret_file == NULL)) {
        return ch_yaml_fail(yaml, at, err,
                            "user and secret_file go together; only one of them is given");
    }
    bool by_url = kind == CH_DESTINATION_WEBHOOK || kind == CH_DESTINATION_WITNESS;
    enum ch_code rc = by_url ? check_url(d, at, yaml, err) : check_server(d, at, yaml, err);
    return rc == CH_OK ? check_events(d, at, yaml, err) : rc;
}

enum ch_code ch_config_check_egress(const struct ch_config *config, const struct ch_yaml *yaml,
                                    struct ch_err *err)
{
    size_t all = 0;
    for (unsigned kind = 0; kind < CH_DESTINATION_KIND_COUNT; kind++) {
        size_t count = 0;
        const struct ch_destination *list = ch_config_destinations(config, kind, &count);
        const struct ch_yaml_node *node =
            ch_yaml_find(ch_yaml_root(yaml), ch_destination_kind_name(kind));
        for (size_t i = 0; i < count; i++) {
            const struct ch_yaml_node *at = ch_yaml_item(node, i);
            if (ch_config_destination(config, kind, ch_str_of(list[i].name)) != &list[i]) {
                return ch_yaml_fail_value(yaml, ch_yaml_find(at, "name"), err,
                                          "is the name of another entry already");
            }
            enum ch_code rc = check_one(kind, &list[i], at, yaml, err);
            if (rc != CH_OK) {
                return rc;
            }
        }
        all += count;
        if (all > ch_limits.egress_destinations) {
            return ch_yaml_fail(yaml, node, err,
                                "more than %llu destinations in webhooks, mail, syslog and "
                                "witnesses",
                                (unsigned long long)ch_limits.egress_destinations);
        }
    }
    if (config->witness_quorum > config->witness_count) {
        return ch_yaml_fail_value(yaml, ch_yaml_find(ch_yaml_root(yaml), "witness_quorum"), err,
                                  "is more than the %zu there are in witnesses",
                                  config->witness_count);
    }
    return CH_OK;
}
