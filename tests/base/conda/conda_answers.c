/* Answers questions about conda's versions, one a line of standard input, its fields between tabs:
 *   order A B                  <, = or >
 *   match SPEC VERSION BUILD   yes or no
 * "?" for what is no version or spec, with the reason. */
#include <stdio.h>

#include "base/conda/match_spec.h"
#include "base/conda/version.h"

static void answer_order(struct ch_str a, struct ch_str b)
{
    struct ch_conda_version va;
    struct ch_conda_version vb;
    struct ch_err err = {0};
    if (ch_conda_version_parse(a, &va, &err) != CH_OK ||
        ch_conda_version_parse(b, &vb, &err) != CH_OK) {
        printf("? %s\n", err.msg);
        return;
    }
    int c = ch_conda_version_order(&va, &vb);
    printf("%c\n", c < 0 ? '<' : c > 0 ? '>' : '=');
}

static void answer_match(struct ch_str spec, struct ch_str version, struct ch_str build)
{
    struct ch_match_record r = {.name = CH_STR("x"), .version = version, .build = build};
    struct ch_match_spec s;
    struct ch_err err = {0};
    bool match = false;
    if (ch_match_spec_parse(spec, &s, &err) != CH_OK ||
        ch_match_spec_match(&s, &r, &match, &err) != CH_OK) {
        printf("? %s\n", err.msg);
        return;
    }
    printf("%s\n", match ? "yes" : "no");
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct ch_str rest = ch_str_of(line);
        struct ch_str field[4] = {{NULL, 0}};
        if (ch_str_ends(rest, CH_STR("\n"))) {
            rest.len--;
        }
        for (size_t i = 0; i < CH_ARRAY_LEN(field); i++) {
            (void)ch_str_split(&rest, '\t', &field[i]);
        }
        if (ch_str_eq(field[0], CH_STR("order"))) {
            answer_order(field[1], field[2]);
        } else {
            answer_match(field[1], field[2], field[3]);
        }
    }
    return 0;
}
