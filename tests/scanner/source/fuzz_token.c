/* Any bytes as Python source. Beyond not crashing: tokens come in order, lie in the text, do not
 * overlap, cover all but blanks, comments and joined lines, and INDENT and DEDENT are even. */
#include "scanner/source/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool may_be_skipped(struct ch_str text, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char c = text.ptr[i];
        if (c == '#') {
            while (i < to && text.ptr[i] != '\n' && text.ptr[i] != '\r') {
                i++;
            }
        } else if (c != ' ' && c != '\t' && c != '\f' && c != '\n' && c != '\r' && c != '\\') {
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_source_text src;
    struct ch_tokenizer t;
    struct ch_token tok;
    struct ch_buf out;
    ch_source_text_init(&src, (struct ch_str){(const char *)data, size});
    ch_tokenizer_init(&t, src.text);
    ch_buf_init(&out, 8 * size + 64);
    size_t at = 0;
    uint32_t line = 1;
    long depth = 0;
    size_t count = 0;
    do {
        ch_token_next(&t, &tok);
        CH_ASSERT(tok.at >= at && tok.at + tok.len <= src.text.len && tok.line >= line);
        CH_ASSERT(may_be_skipped(src.text, at, tok.at));
        at = tok.at + tok.len;
        line = tok.line;
        depth += tok.type == CH_TOKEN_INDENT ? 1 : tok.type == CH_TOKEN_DEDENT ? -1 : 0;
        CH_ASSERT(depth >= 0 && ++count <= 4 * src.text.len + 8);
        ch_buf_clear(&out);
        if (tok.type == CH_TOKEN_STRING || tok.type == CH_TOKEN_FSTRING_MIDDLE) {
            ch_token_value(src.text, &tok, &out);
        } else if (tok.type == CH_TOKEN_NAME) {
            ch_token_name(ch_token_str(src.text, &tok), &out);
        }
        CH_ASSERT(!out.failed);
    } while (tok.type != CH_TOKEN_END);
    CH_ASSERT(depth == 0);
    CH_ASSERT(may_be_skipped(src.text, at, src.text.len));
    ch_buf_done(&out);
    ch_source_text_done(&src);
    return 0;
}
