/* A webhook's body in each of its formats. */
#include "notices_int.h"

#include <stdlib.h>

#include "customhouse/limits.h"
#include "customhouse/timefmt.h"
#include "db/keeper/audit/audit.h"
#include "db/keeper/commands/json.h"

#define CLOUDEVENTS "{\"specversion\":\"1.0\","

static void put_time(const struct notice *n, const char *name, struct ch_buf *body)
{
    ch_buf_printf(body, ",\"%s\":\"", name);
    ch_time_put(body, n->at_us, true);
    ch_buf_putc(body, '"');
}

static void put_data(const struct notice *n, struct ch_buf *body)
{
    json_open(body, "data", '{');
    ch_buf_puts(body, ch_buf_str(&n->data));
    json_field(body, "text", ch_buf_str(&n->text));
    ch_buf_putc(body, '}');
}

static void put_own(const struct notice *n, struct ch_buf *body)
{
    ch_buf_putc(body, '{');
    json_field(body, "type", ch_str_of(n->type));
    put_time(n, "timestamp", body);
    put_data(n, body);
    ch_buf_putc(body, '}');
}

/* Spec: CloudEvents 1.0.2, "Required Attributes", and its JSON format, "Structured content mode".
 * An origin of the log is a host and a path, and so a URI reference. */
static void put_cloudevents(const struct notice *n, struct ch_str message, struct ch_buf *body)
{
    ch_buf_puts(body, CH_STR(CLOUDEVENTS "\"type\":\"customhouse."));
    ch_buf_puts(body, ch_str_of(n->type));
    ch_buf_putc(body, '"');
    json_field(body, "id", message);
    json_field(body, "source", audit_origin(n->k));
    put_time(n, "time", body);
    json_field(body, "datacontenttype", CH_STR("application/json"));
    put_data(n, body);
    ch_buf_putc(body, '}');
}

/* "msg_HEX" as a number that receivers of this format read (RFC 9562, version 4): the same again
 * when it is sent again. */
static void put_uuid(struct ch_str message, struct ch_buf *body)
{
    struct ch_str hex = ch_str_sub(message, sizeof("msg_") - 1, message.len);
    for (size_t i = 0; i < hex.len && i < KEEPER_ID_LEN; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20) {
            ch_buf_putc(body, '-');
        }
        ch_buf_putc(body, i == 12 ? '4' : i == 16 ? "89ab"[hex.ptr[i] & 3] : hex.ptr[i]);
    }
}

static void put_host(const struct notice *n, struct ch_buf *body)
{
    const struct ch_setup *setup = &n->k->child.setup;
    char *origin = ch_config_origin(n->k->config, setup->listener, setup->listener_count);
    struct ch_str host = ch_str_of(origin);
    size_t at;
    if (ch_str_find(host, CH_STR("://"), &at)) {
        host = ch_str_sub(host, at + 3, host.len);
    }
    json_field(body, "host", host);
    free(origin);
}

/* Source: Azure/acr, docs/preview/quarantine: webhooks "quarantine" and "push". */
static void put_acr(const struct notice *n, struct ch_str message, struct ch_buf *body)
{
    const struct notice_image *im = n->image;
    struct ch_buf name, digest;
    ch_buf_init(&name, 2 * ch_limits.project_name_bytes + 1);
    ch_buf_init(&digest, 128);
    ch_buf_puts(&name, im->repository);
    ch_buf_putc(&name, '/');
    ch_buf_puts(&name, im->project);
    ch_buf_puts(&digest, CH_STR("sha256:"));
    ch_buf_put_hex(&digest, im->sha256.byte, sizeof(im->sha256.byte));
    ch_buf_puts(body, CH_STR("{\"id\":\""));
    put_uuid(message, body);
    ch_buf_putc(body, '"');
    put_time(n, "timestamp", body);
    json_field(body, "action", ch_str_of(im->action));
    json_open(body, "target", '{');
    json_field(body, "mediaType", im->media_type);
    json_number(body, "size", im->size_bytes);
    json_field(body, "digest", ch_buf_str(&digest));
    json_number(body, "length", im->size_bytes);
    json_field(body, "repository", ch_buf_str(&name));
    if (im->tag.len > 0) {
        json_field(body, "tag", im->tag);
    }
    ch_buf_puts(body, CH_STR("},\"request\":{\"id\":\""));
    put_uuid(message, body);
    ch_buf_putc(body, '"');
    put_host(n, body);
    json_field(body, "method", CH_STR("PUT"));
    ch_buf_puts(body, CH_STR("}}"));
    body->failed = body->failed || name.failed || digest.failed;
    ch_buf_done(&name);
    ch_buf_done(&digest);
}

void notice_put_body(const struct notice *n, enum ch_webhook_format format, struct ch_str message,
                     struct ch_buf *body)
{
    switch (format) {
    case CH_WEBHOOK_CLOUDEVENTS:
        put_cloudevents(n, message, body);
        return;
    case CH_WEBHOOK_ACR:
        if (n->image != NULL) {
            put_acr(n, message, body);
        }
        return;
    case CH_WEBHOOK_OWN:
        break;
    }
    put_own(n, body);
}

struct ch_str notice_body_type(struct ch_str body)
{
    return ch_str_starts(body, CH_STR(CLOUDEVENTS)) ? CH_STR("application/cloudevents+json")
                                                    : CH_STR("application/json");
}
