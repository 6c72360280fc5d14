/* The tokens of a whole Python file, for who looks ahead. */
#include "scanner/eco/pypi/sdist/sdist_int.h"

#include <stdlib.h>

void sdist_tokens_init(struct sdist_tokens *t, struct ch_str bytes)
{
    struct ch_tokenizer tokenizer;
    size_t cap = 0;
    *t = (struct sdist_tokens){0};
    ch_source_text_init(&t->source, bytes);
    ch_tokenizer_init(&tokenizer, t->source.text);
    do {
        if (t->count == cap) {
            cap = cap == 0 ? 256 : 2 * cap;
            t->list = ch_realloc_array(t->list, cap, sizeof(t->list[0]));
        }
        ch_token_next(&tokenizer, &t->list[t->count]);
    } while (t->list[t->count++].type != CH_TOKEN_END);
    t->errors = tokenizer.errors;
}

void sdist_tokens_done(struct sdist_tokens *t)
{
    free(t->list);
    ch_source_text_done(&t->source);
}

const struct ch_token *sdist_token_at(const struct sdist_tokens *t, size_t i)
{
    size_t last = t->count - 1;
    return &t->list[i < last ? i : last];
}

struct ch_str sdist_token_text(const struct sdist_tokens *t, size_t i)
{
    return ch_token_str(t->source.text, sdist_token_at(t, i));
}

bool sdist_token_is(const struct sdist_tokens *t, size_t i, uint8_t type, const char *text)
{
    return sdist_token_at(t, i)->type == type && ch_str_eq(sdist_token_text(t, i), ch_str_of(text));
}
