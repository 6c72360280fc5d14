/* What a refusal is called, and what it says. */
#include "keeper_int.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

void refusal_subject(const struct page *p, size_t file, struct ch_buf *out)
{
    ch_buf_put_escaped(out, page_name(p));
    if (p->files[file].release.version[0] != '\0') {
        ch_buf_putc(out, ' ');
        ch_buf_put_escaped(out, ch_str_of(p->files[file].release.version));
    }
}

void refusal_id(const struct keeper *k, const struct page *p, size_t file, char ret[17])
{
    struct ch_buf text;
    unsigned char mac[EVP_MAX_MD_SIZE];
    unsigned int len = 0;
    ch_buf_init(&text, 2048);
    ch_put_str(&text, ch_str_of(p->repository));
    ch_put_str(&text, page_name(p));
    ch_put_str(&text, p->facts.files[file].index.file_name);
    CH_ASSERT(HMAC(EVP_sha256(), k->refusal_secret.byte, CH_SHA256_BYTES,
                   (const unsigned char *)text.ptr, text.len, mac, &len) != NULL);
    /* 80 bits as 16 characters that need no escaping and no care about case. */
    static const char digits[] = "abcdefghijkmnpqrstuvwxyz23456789";
    for (size_t i = 0; i < 16; i++) {
        size_t bit = i * 5;
        unsigned v = (unsigned)(mac[bit / 8] << 8 | mac[bit / 8 + 1]);
        ret[i] = digits[v >> (11 - bit % 8) & 31];
    }
    ret[16] = '\0';
    ch_buf_done(&text);
}

void refusal_of(struct keeper *k, struct page *p, size_t file, const struct ch_decision *d,
                struct ch_buf *strings, struct ch_refusal *ret)
{
    char id[17];
    refusal_id(k, p, file, id);
    CH_ASSERT(ch_buf_reserve(strings, 2048) != NULL); /* slices must not move */
    size_t at = strings->len;
    ch_buf_puts(strings, ch_str_of(id));
    *ret = (struct ch_refusal){
        .verdict = d->verdict, .since_us = CH_TIME_UNKNOWN, .until_us = d->until_us};
    ret->id = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    refusal_subject(p, file, strings);
    ret->subject = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    ch_buf_puts(strings, ch_str_of(d->rule));
    ret->rule = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    ch_buf_puts(strings, ch_str_of(d->reason));
    ret->reason = (struct ch_str){strings->ptr + at, strings->len - at};
    at = strings->len;
    if (d->policy_line > 0) {
        /* whoever has the link reads it: where the site keeps the file is nobody's business */
        const char *path = ch_policy_file_name(k->policy), *slash = strrchr(path, '/');
        ch_buf_printf(strings, "%s:%u", slash != NULL ? slash + 1 : path, d->policy_line);
    }
    ret->policy_at = (struct ch_str){strings->ptr + at, strings->len - at};
    ret->since_us = p->facts.files[file].first_seen_at_us;
}
