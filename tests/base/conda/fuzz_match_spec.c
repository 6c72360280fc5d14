/* A match spec, and after its first line feed a version and a build: what was parsed can be
 * matched, and means the same when its parts are put together again (ch_match_spec_*). */
#include <stdint.h>

#include "base/conda/match_spec.h"
#include "base/conda/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* name[key="value",...]: false when a value has both quotes. */
static bool put_again(struct ch_buf *b, const struct ch_match_spec *s)
{
    const struct {
        const char *key;
        struct ch_str value;
    } fields[] = {
        {"version", s->version}, {"build", s->build},   {"build_number", s->build_number},
        {"channel", s->channel}, {"subdir", s->subdir}, {"fn", s->file_name},
        {"url", s->url},         {"md5", s->md5},       {"sha256", s->sha256},
    };
    char before = '[';
    ch_buf_puts(b, s->name);
    for (size_t i = 0; i < CH_ARRAY_LEN(fields); i++) {
        if (fields[i].value.ptr == NULL) {
            continue;
        }
        bool quoted = ch_str_find_char(fields[i].value, '"', NULL);
        if ((quoted && ch_str_find_char(fields[i].value, '\'', NULL)) ||
            ch_str_find_char(fields[i].value, '\\', NULL)) {
            return false;
        }
        ch_buf_printf(b, "%c%s=%c", before, fields[i].key, quoted ? '\'' : '"');
        ch_buf_puts(b, fields[i].value);
        ch_buf_putc(b, quoted ? '\'' : '"');
        before = ',';
    }
    if (before == ',') {
        ch_buf_putc(b, ']');
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ch_str rest = {(const char *)data, size};
    struct ch_str text = {NULL, 0};
    struct ch_match_record r = {.name = CH_STR("x"), .has_build_number = true, .build_number = 1};
    struct ch_match_spec s;
    struct ch_match_spec again;
    struct ch_err err = {0};
    if (size == 0 || size > 4096) {
        return 0;
    }
    ch_str_split(&rest, '\n', &text);
    ch_str_split(&rest, '\n', &r.version);
    ch_str_split(&rest, '\n', &r.build);
    if (ch_match_spec_parse(text, &s, &err) != CH_OK) {
        CH_ASSERT(ch_str_starts(ch_str_of(err.msg), CH_STR("column ")));
        return 0;
    }
    CH_ASSERT(s.name.len > 0);
    bool match = false;
    bool same = false;
    enum ch_code rc = ch_match_spec_match(&s, &r, &match, NULL);
    struct ch_conda_version v;
    CH_ASSERT(rc == CH_OK ||
              (rc == CH_E_MISMATCH && ch_conda_version_parse(r.version, &v, NULL) != CH_OK));
    struct ch_buf b;
    ch_buf_init(&b, 2 * size + 256);
    if (put_again(&b, &s)) {
        CH_ASSERT(!b.failed && ch_match_spec_parse(ch_buf_str(&b), &again, &err) == CH_OK);
        CH_ASSERT(ch_match_spec_match(&again, &r, &same, NULL) == rc && same == match);
    }
    ch_buf_done(&b);
    return 0;
}
