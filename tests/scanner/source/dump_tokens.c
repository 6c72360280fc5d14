/* Prints the tokens of the files named on standard input, one a line, for test_tokens.py. With
 * --time it prints nothing but the rate: bytes tokenised per second. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scanner/source/token.h"

static const char *const type_names[] = {"END",  "NEWLINE", "INDENT", "DEDENT", "NAME", "NUMBER",
                                         "STRING", "START", "MIDDLE", "STOP",   "OP",   "ERROR"};

/* free(*ret_own). */
static struct ch_str read_file(const char *path, char **ret_own)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        exit(1);
    }
    CH_ASSERT(fseek(f, 0, SEEK_END) == 0);
    size_t size = (size_t)ftell(f);
    rewind(f);
    char *p = ch_alloc(size + 1);
    CH_ASSERT(fread(p, 1, size, f) == size);
    fclose(f);
    *ret_own = p;
    return (struct ch_str){p, size};
}

static void dump(const char *path, struct ch_str text)
{
    struct ch_tokenizer t;
    struct ch_token tok;
    ch_tokenizer_init(&t, text);
    printf("FILE %s\n", path);
    do {
        ch_token_next(&t, &tok);
        printf("%s %u %u %u\n", type_names[tok.type], tok.line, tok.at, tok.len);
    } while (tok.type != CH_TOKEN_END);
    printf("ERRORS %u\n", t.errors);
}

static double now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    char path[4096];
    bool timing = argc > 1 && strcmp(argv[1], "--time") == 0;
    double spent_s = 0;
    double bytes = 0;
    unsigned long tokens = 0;
    while (fgets(path, sizeof(path), stdin) != NULL) {
        path[strcspn(path, "\n")] = '\0';
        char *own;
        struct ch_str in = read_file(path, &own);
        double begun_s = now_s();
        struct ch_source_text src;
        ch_source_text_init(&src, in);
        if (timing) {
            struct ch_tokenizer t;
            struct ch_token tok;
            ch_tokenizer_init(&t, src.text);
            while (ch_token_next(&t, &tok), tok.type != CH_TOKEN_END) {
                tokens++;
            }
        } else {
            dump(path, src.text);
        }
        spent_s += now_s() - begun_s;
        bytes += (double)in.len;
        ch_source_text_done(&src);
        free(own);
    }
    if (timing) {
        printf("%.1f MB, %lu tokens, %.3f s of CPU: %.0f MB/s\n", bytes / 1e6, tokens, spent_s,
               bytes / 1e6 / spent_s);
    }
    return 0;
}
