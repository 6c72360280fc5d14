/* First byte: which decoder; 255 stands for lines of a lock file, so that DECODERS can grow. What a
 * decoder takes, it must give back the same when encoded again. */
#include <stdlib.h>
#include <string.h>

#include "customhouse/message.h"

#define DECODERS(X)                                                                                \
    X(setup)                                                                                       \
    X(ready)                                                                                       \
    X(peer)                                                                                        \
    X(reloaded)                                                                                    \
    X(control)                                                                                     \
    X(ask_page)                                                                                    \
    X(page_reply)                                                                                  \
    X(ask_file)                                                                                    \
    X(file_reply)                                                                                  \
    X(ask_refusal)                                                                                 \
    X(refusal_reply)                                                                               \
    X(metrics_reply)                                                                               \
    X(served)                                                                                      \
    X(fetch)                                                                                       \
    X(fetch_progress)                                                                              \
    X(fetched)                                                                                     \
    X(scanned)                                                                                     \
    X(command)                                                                                     \
    X(command_done)                                                                                \
    X(rules_loaded)                                                                                \
    X(ask_document)                                                                                \
    X(document_reply)                                                                              \
    X(admin_command)                                                                               \
    X(admin_done)                                                                                  \
    X(ask_token)                                                                                   \
    X(token_reply)                                                                                 \
    X(ask_exception)                                                                               \
    X(exception_reply)                                                                             \
    X(send)                                                                                        \
    X(sent)                                                                                        \
    X(reload_end)                                                                                  \
    X(ask_images)                                                                                  \
    X(images)                                                                                      \
    X(ask_push)                                                                                    \
    X(push_reply)                                                                                  \
    X(ask_scoped)                                                                                  \
    X(scoped_reply)                                                                                \
    X(token_key)                                                                                   \
    X(ask_external)                                                                                \
    X(external_reply)

#define DECODER(name)                                                                              \
    static void try_##name(struct ch_str payload)                                                  \
    {                                                                                              \
        struct ch_##name m;                                                                        \
        struct ch_err err;                                                                         \
        if (ch_##name##_get(payload, &m, &err) != CH_OK) {                                         \
            return;                                                                                \
        }                                                                                          \
        struct ch_buf b;                                                                           \
        ch_buf_init(&b, payload.len);                                                              \
        ch_##name##_put(&b, &m);                                                                   \
        if (b.failed || !ch_str_eq(ch_buf_str(&b), payload)) {                                     \
            abort();                                                                               \
        }                                                                                          \
        ch_buf_done(&b);                                                                           \
    }
DECODERS(DECODER)

/* Several after each other, as COMMAND_INPUT has them. */
static void try_policy_want(struct ch_str payload)
{
    struct ch_rd r = ch_rd_of(payload.ptr, payload.len);
    struct ch_buf b;
    ch_buf_init(&b, payload.len + 1);
    while (ch_rd_left(&r) > 0) {
        size_t at = payload.len - ch_rd_left(&r);
        struct ch_policy_want w = ch_policy_want_get(&r);
        if (r.failed) {
            break;
        }
        ch_buf_clear(&b);
        ch_policy_want_put(&b, &w);
        struct ch_str taken = ch_str_sub(payload, at, payload.len - ch_rd_left(&r) - at);
        if (b.failed || !ch_str_eq(ch_buf_str(&b), taken)) {
            abort();
        }
    }
    ch_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#define DECODER_ROW(name) try_##name,
    static void (*const decoders[])(struct ch_str) = {DECODERS(DECODER_ROW)};
    if (size > 0) {
        struct ch_str payload = {(const char *)data + 1, size - 1};
        if (data[0] == UINT8_MAX) {
            try_policy_want(payload);
        } else {
            decoders[data[0] % CH_ARRAY_LEN(decoders)](payload);
        }
    }
    return 0;
}
