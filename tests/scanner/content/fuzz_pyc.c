/* Compiled Python and a source, over any bytes: the first byte says how many of the rest are
 * source. */
#include "customhouse/limits.h"
#include "scanner/content/marshal.h"
#include "scanner/content/source_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see_name(void *arg, struct ch_str name)
{
    CH_IGNORE(source_text_has_name(arg, name));
}

static void see_text(void *arg, struct ch_str text, bool is_bytes)
{
    CH_IGNORE(source_text_has_string(arg, text, is_bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pyc_header h;
    struct source_text text;
    if (size < 1) {
        return 0;
    }
    ch_limits.pyc_search_bytes = 1 << 24;
    struct ch_str all = {(const char *)data + 1, size - 1};
    struct ch_str source = ch_str_sub(all, 0, data[0]);
    struct ch_str pyc = ch_str_sub(all, data[0], all.len);
    if (!pyc_header_read(pyc, &h)) {
        return 0;
    }
    unsigned minor = h.minor != 0 ? h.minor : 6u + data[0] % 9u;
    source_text_init(&text, source, minor);
    struct marshal_sink sink = {.name = see_name, .text = see_text, .arg = &text};
    CH_IGNORE(marshal_read_code(ch_str_sub(pyc, h.bytes, pyc.len), minor, &sink) == NULL);
    CH_IGNORE(pyc_source_hash(source, h.magic, minor) == h.hash);
    source_text_done(&text);
    return 0;
}
