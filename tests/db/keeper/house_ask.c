/* What the gateway asks and tells. */
#include "house_int.h"

static struct ch_str asked_repository(const struct house *h)
{
    return ch_str_of(h->asked != NULL ? h->asked : "pypi");
}

void house_send_page_ask(struct house *h, const char *project, uint64_t have)
{
    struct ch_ask_page ask = {.ask = ++h->asks, .repository = asked_repository(h),
                              .project = ch_str_of(project), .have_generation = have,
                              .form = h->form,
                              .client = {.user_agent = ch_str_of(h->user_agent),
                                         .address = ch_str_of(h->address),
                                         .principal = ch_str_of(h->principal),
                                         .via = ch_str_of(h->via)}};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_ask_page_put(&b, &ask);
    h->page_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_PAGE, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_ask_page(struct house *h, const char *project)
{
    house_send_page_ask(h, project, 0);
    house_until(h, &h->page_here);
    assert_int_equal(h->page_reply.ask, h->asks);
}

const struct ch_page_file *house_listed(const struct house *h, const char *file)
{
    for (size_t i = 0; i < h->page.file_count; i++) {
        if (ch_str_eq(h->page.files[i].file_name, ch_str_of(file))) {
            return &h->page.files[i];
        }
    }
    return NULL;
}

void house_send_file_ask(struct house *h, const char *project, const char *file, enum ch_part part,
                         uint32_t patience_ms, bool head)
{
    struct ch_ask_file ask = {.ask = ++h->asks, .repository = asked_repository(h),
                              .project = ch_str_of(project), .file_name = ch_str_of(file),
                              .any_page = h->any_page, .part = part, .head = head, .patience_ms = patience_ms,
                              .client = {.address = ch_str_of(h->address),
                                         .user_agent = ch_str_of(h->user_agent),
                                         .principal = ch_str_of(h->principal),
                                         .via = ch_str_of(h->via)}};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_ask_file_put(&b, &ask);
    h->file_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_FILE, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
}

void house_ask_part(struct house *h, const char *project, const char *file, enum ch_part part,
                    uint32_t patience_ms)
{
    house_send_file_ask(h, project, file, part, patience_ms, false);
    house_until(h, &h->file_here);
    assert_int_equal(h->file.ask, h->asks);
}

void house_ask_file(struct house *h, const char *project, const char *file)
{
    house_ask_part(h, project, file, CH_PART_FILE, 8000);
}

void house_ask_document(struct house *h, const struct ch_ask_document *ask)
{
    struct ch_ask_document numbered = *ask;
    struct ch_buf b;
    numbered.ask = ++h->asks;
    if (numbered.pull.count == 0) { /* whoever asks may see all there is */
        numbered.pull = (struct ch_repositories){.count = 1, .name = {CH_STR("pypi")}};
    }
    ch_buf_init(&b, 64u << 10);
    ch_ask_document_put(&b, &numbered);
    h->document_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_DOCUMENT, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->document_here);
    assert_int_equal(h->document.ask, h->asks);
}

void house_ask_exception(struct house *h, const char *id, const char *reason, const char *expires,
                         const char *address)
{
    struct ch_ask_exception ask = {.ask = ++h->asks,
                                   .id = ch_str_of(id),
                                   .reason = ch_str_of(reason),
                                   .expires = ch_str_of(expires),
                                   .client = {.address = ch_str_of(address),
                                              .principal = ch_str_of(h->principal)}};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_ask_exception_put(&b, &ask);
    h->exception_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_EXCEPTION, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->exception_here);
    assert_int_equal(h->exception.ask, h->asks);
}

void house_ask_refusal(struct house *h, const char *id)
{
    struct ch_ask_refusal ask = {++h->asks, ch_str_of(id)};
    struct ch_buf b;
    ch_buf_init(&b, 1u << 10);
    ch_ask_refusal_put(&b, &ask);
    h->refusal_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_REFUSAL, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->refusal_here);
    assert_int_equal(h->refusal.ask, h->asks);
}

void house_ask_token(struct house *h, const struct ch_sha256 *digest)
{
    struct ch_ask_token ask = {.ask = ++h->asks, .digest = *digest};
    struct ch_buf b;
    ch_buf_init(&b, 2u << 10);
    ch_ask_token_put(&b, &ask);
    h->token_here = false;
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_ASK_TOKEN, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_until(h, &h->token_here);
    assert_int_equal(h->token.ask, h->asks);
}

void house_tell_served(struct house *h, const char *project, const char *file, const char *bytes,
                       const char *address)
{
    house_tell_served_again(h, ++h->served_number, project, file, bytes, address);
}

void house_tell_served_again(struct house *h, uint64_t number, const char *project, const char *file,
                             const char *bytes, const char *address)
{
    struct ch_served served = {.number = number,
                               .repository = CH_STR("pypi"),
                               .project = ch_str_of(project),
                               .file_name = ch_str_of(file),
                               .sha256 = ch_sha256_of(bytes, strlen(bytes)),
                               .bytes = strlen(bytes),
                               .at_us = ch_now_unix_us(),
                               .client = {.address = ch_str_of(address),
                                          .user_agent = CH_STR("pip"),
                                          .principal = ch_str_of(h->principal)}};
    struct ch_buf b;
    ch_buf_init(&b, 16u << 10);
    ch_served_put(&b, &served);
    CH_ASSERT(ch_channel_send(h->gateway, CH_MSG_SERVED, ch_buf_str(&b), NULL, 0));
    ch_buf_done(&b);
    house_settle(h);
}

void until_told(struct house *h, uint64_t ask)
{
    for (uint64_t end = ch_now_boot_ms() + 20000; house_told(h, ask) < 0;) {
        if (ch_now_boot_ms() > end) {
            fail_msg("ask %llu has no answer", (unsigned long long)ask);
        }
        house_turn(h, 20);
    }
}
